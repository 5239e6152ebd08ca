"""The adapter pack: what training leaves behind and a server loads. Reading needs no torch.

A pack is an immutable folder `<name>.v<N>`; `<name>` itself is a symlink to the current one, switched atomically. It is
built in a hidden sibling and renamed when complete, so a killed run leaves the previous expert in place. `nanodex.json`
says what it was made from and carries probes: rendered prompts with the log-probabilities base and adapter gave them.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from config.errors import IncompatibleInput, MissingInput, StorageError, cannot_write
from config.manifest import write_atomically

PACK_VERSION: Final = 1
DESCRIPTION: Final = "nanodex.json"
RESUME: Final = "run the same command again: it resumes from the last checkpoint"


@dataclass(frozen=True, slots=True)
class BaseModel:
    """`id` is a hub id or the folder's name; `location` leads from the pack's parent to a local base ("" when it lies elsewhere)."""

    id: str
    revision: str = ""
    architecture: str = ""
    fingerprint: dict[str, str] = field(default_factory=dict)
    location: str = ""
    licence: str = ""
    instruct: bool = True


@dataclass(frozen=True, slots=True)
class Probe:
    """One prompt, rendered and tokenised, and the five likeliest first tokens as (id, log-probability), best first."""

    prompt: str
    token_ids: tuple[int, ...]
    base: tuple[tuple[int, float], ...]
    adapter: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Pack:
    """nanodex.json as read. `system` is the system message of training ("" means none was sent)."""

    project: str
    base: BaseModel
    adapter_sha256: str
    dataset_sha256: str
    rank: int
    stop_ids: tuple[int, ...]
    template_sha256: str
    dtype: str
    device: str
    system: str = ""
    longest_example: int = 0
    commit: str = ""
    method: str = "lora"
    stage: str = "sft"
    parent: str = ""
    serveable: bool = True
    unserveable_reasons: tuple[str, ...] = ()
    probes: tuple[Probe, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    nodes: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    schema_version: int = PACK_VERSION
    path: Path = Path()

    @property
    def name(self) -> str:
        """`click-nanodex-lora.v3`."""
        return self.path.name

    @property
    def version(self) -> int:
        """3 of `click-nanodex-lora.v3`, 0 of a folder named otherwise."""
        found = re.fullmatch(r".+\.v(\d+)", self.path.name)
        return int(found[1]) if found else 0

    @property
    def family(self) -> str:
        """`click-nanodex-lora`, the name that stays when versions change."""
        return re.sub(r"\.v\d+$", "", self.path.name)

    def base_path(self) -> Path | None:
        """The local base this pack was trained on, None when it is a hub id or was moved away."""
        candidate = self.path.parent / self.base.location
        if self.base.location and (candidate / "config.json").is_file():
            return candidate
        note = work_folder(self.path.parent / self.family) / "base.json"
        if note.is_file():
            local = Path(json.loads(note.read_text(encoding="utf-8"))["path"])
            if (local / "config.json").is_file():
                return local
        return None

    @property
    def template(self) -> Path:
        return self.path / "chat_template.jinja"


def read_pack(path: Path) -> Pack:
    """The pack at `path` (a version, or the current one's link). Raises MissingInput or IncompatibleInput with the next command."""
    folder = path.resolve()
    description = folder / DESCRIPTION
    if not folder.is_dir():
        raise MissingInput(f"there is no adapter at {path}", "make train-tiny, or nanodex adapters list")
    try:
        data = json.loads(description.read_text(encoding="utf-8"))
        if data["schema_version"] != PACK_VERSION:
            raise ValueError(f"schema {data['schema_version']}, this nanodex reads {PACK_VERSION}")
        probes = tuple(
            Probe(p["prompt"], tuple(p["token_ids"]), _pairs(p["base"]), _pairs(p["adapter"])) for p in data["probes"]
        )
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
        values.update(base=BaseModel(**data["base"]), probes=probes, path=folder)
        return Pack(**values)
    except FileNotFoundError as error:
        raise MissingInput(
            f"{path} is no adapter pack: it has no {DESCRIPTION}", "train it again with nanodex train"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise IncompatibleInput(
            f"{description} cannot be read: {error}", "train it again with nanodex train"
        ) from error


def describe(pack: Pack) -> dict[str, Any]:
    """The JSON of nanodex.json: everything but the folder it lies in."""
    data = asdict(pack)
    del data["path"]
    return data


def write_pack(target: Path, pack: Pack, fill: Callable[[Path], None], card: str) -> Pack:
    """Make the next version of `target` and point `target` at it.

    `fill(folder)` writes the adapter, tokenizer and template; this adds their hashes, the description and the card, makes
    everything readable, renames the folder and switches the link. Raises StorageError when the disk will not take it.
    """
    from safetensors import SafetensorError

    target.parent.mkdir(parents=True, exist_ok=True)
    building = target.parent / f".{target.name}.{os.getpid()}.tmp"
    shutil.rmtree(building, ignore_errors=True)
    try:
        building.mkdir()
        fill(building)
        for stray in ("training_args.bin", "trainer_state.json"):
            (building / stray).unlink(missing_ok=True)
        _normalise_adapter_config(building, pack.base.id)
        pack = replace(
            pack,
            adapter_sha256=file_digest(building / "adapter_model.safetensors"),
            template_sha256=file_digest(building / "chat_template.jinja"),
        )
        text = json.dumps(describe(pack), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        (building / DESCRIPTION).write_text(text, encoding="utf-8")
        (building / "README.md").write_text(card, encoding="utf-8")
        # safetensors writes 0600 whatever the umask, which a server under another uid cannot read.
        for path in building.iterdir():
            path.chmod(0o644)
        building.chmod(0o755)
        version = max([int(p.name.rpartition(".v")[2]) for p in _version_folders(target)], default=0) + 1
        final = target.parent / f"{target.name}.v{version}"
        building.rename(final)
        point_at(target, final)
    except (OSError, SafetensorError) as error:
        raise cannot_write(f"the adapter to {target.parent}", error, RESUME) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return read_pack(final)


def point_at(link: Path, version: Path) -> None:
    """Switch the link `link` to its sibling `version` in one step."""
    if link.is_dir() and not link.is_symlink():
        raise StorageError(
            f"{link} is a folder, where the link to the current adapter version should be",
            f"move {link} away, or choose another save_dir",
        )
    temporary = link.with_name(f".{link.name}.{os.getpid()}.link")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(version.name)
    temporary.replace(link)


def _version_folders(target: Path) -> list[Path]:
    pattern = re.compile(re.escape(target.name) + r"\.v\d+")
    if not target.parent.is_dir():
        return []
    return [p for p in target.parent.iterdir() if pattern.fullmatch(p.name) and not p.is_symlink()]


def adapters(root: Path) -> list[Pack]:
    """Every pack below the folder `root` (usually models/), by family and version; the links are not followed twice."""
    if not root.is_dir():
        return []
    folders = [
        p for p in root.iterdir() if not p.is_symlink() and not p.name.startswith(".") and (p / DESCRIPTION).is_file()
    ]
    return sorted((read_pack(p) for p in folders), key=lambda pack: (pack.family, pack.version))


def current(root: Path) -> list[Pack]:
    """The packs that the links below `root` point at."""
    if not root.is_dir():
        return []
    links = sorted(p for p in root.iterdir() if p.is_symlink() and (p / DESCRIPTION).is_file())
    return [read_pack(p) for p in links]


def current_pack(target: Path) -> Pack | None:
    """The pack that the link `target` points at, None before the first training."""
    return read_pack(target) if (target / DESCRIPTION).is_file() else None


def work_folder(target: Path) -> Path:
    """Checkpoints, logs and the plan of `target`: a sibling that never ships."""
    return target.with_name(target.name + ".work")


def file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _normalise_adapter_config(folder: Path, base_id: str) -> None:
    # peft writes an absolute path and a set in hash order: two equal trainings would differ.
    path = folder / "adapter_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = base_id
    if isinstance(config.get("target_modules"), list):
        config["target_modules"] = sorted(config["target_modules"])
    write_atomically(path, json.dumps(config, indent=1, sort_keys=True) + "\n")


def _pairs(rows: list[list[float]]) -> tuple[tuple[int, float], ...]:
    return tuple((int(token), float(value)) for token, value in rows)
