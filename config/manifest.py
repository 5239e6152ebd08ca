"""manifest.json beside each artefact: what it was made from, by which settings and tools, and what it holds.

It is written last, so an artefact without its manifest is an unfinished one. The repository's root stays in the
manifest and out of every compared dump: it is the only value that differs between two machines.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from config.errors import IncompatibleInput

SCHEMA_VERSION = 1
FLOORS: Final = ("config", "extractor", "brain", "dataset")  # each runs its own code and that of those before it
HOME: Final = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Manifest:
    """`inputs` is a digest of everything the stage read; equal inputs and settings mean there is nothing to do."""

    stage: str
    inputs: str
    root: str = ""
    commit: str = ""
    project: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    counts: dict[str, Any] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION

    def same_work(self, other: Manifest | None) -> bool:
        """Whether `other` records the same inputs, settings and tool versions, so that the stage may be skipped."""
        return other is not None and (self.stage, self.inputs, self.settings, self.versions) == (
            other.stage,
            other.inputs,
            other.settings,
            other.versions,
        )


def manifest_path(artefact: Path) -> Path:
    """`brain/graph.sqlite` -> `brain/graph.sqlite.manifest.json`; `brain/nodes` -> `brain/nodes.manifest.json`."""
    return artefact.with_name(artefact.name + ".manifest.json")


def read_manifest(artefact: Path) -> Manifest | None:
    """The manifest beside `artefact`, None when there is none. Raises IncompatibleInput when it cannot be read."""
    path = manifest_path(artefact)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return Manifest(**data)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise IncompatibleInput(
            f"{path} is not a manifest of this version: {error}", f"delete {path} and run the stage again"
        ) from error


def write_manifest(artefact: Path, manifest: Manifest) -> None:
    """Write the manifest atomically; call it last, when the artefact is complete."""
    write_atomically(
        manifest_path(artefact), json.dumps(asdict(manifest), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    )


def write_atomically(path: Path, text: str) -> None:
    """Write `text` to a temporary sibling and rename it over `path`: readers see the old file or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def code_version(part: str) -> str:
    """12 hex digits over nanodex's own code, so that other code is other work: of a floor and of those below it, or of one file.

    What lies in folders of a floor is left out: the parsers and linkers there make the graph, which has versions of its own."""
    floors = FLOORS[: FLOORS.index(part) + 1] if part in FLOORS else ()
    found = {file for floor in floors for ending in ("py", "txt") for file in (HOME / floor).glob(f"*.{ending}")}
    files = sorted(found) or [HOME / part]
    return digest(piece for file in files for piece in (f"{file.parent.name}/{file.name}", file.read_bytes()))[:12]


def digest(parts: Iterable[str | bytes]) -> str:
    """One sha256 over length-prefixed parts, so that ("ab", "c") and ("a", "bc") differ."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        total.update(len(data).to_bytes(8, "little"))
        total.update(data)
    return total.hexdigest()
