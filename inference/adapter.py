"""An adapter's folder and a base model's folder as read from disk: configurations and safetensors headers, no torch.

`load_adapter` and `load_base` give the value, or None, and the verdict on the files; everything further is judged in
compatibility.py.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from config.errors import InputError
from inference.checks import Check, fail, ok, warn
from trainer.fingerprint import read_config, read_header, weight_files
from trainer.pack import DESCRIPTION, Pack, read_pack

RETRAIN: Final = "train it again with plain LoRA on the 7 linear projections (the default target_modules)"
LORA_KEY: Final = re.compile(r"(?:base_model\.model\.)?(.+)\.lora_([AB])(?:\.default)?\.weight")


@dataclass(frozen=True, slots=True)
class Tensor:
    """Where one tensor lies: byte range `begin`–`end` of `file`."""

    dtype: str
    shape: tuple[int, ...]
    file: Path
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Adapter:
    """A PEFT adapter's folder as read. `pack` is None when it was not written by nanodex."""

    path: Path
    config: dict[str, Any]
    tensors: dict[str, Tensor]
    pack: Pack | None = None

    def modules(self) -> dict[str, dict[str, Tensor]]:
        """Module name -> {"A": tensor, "B": tensor}, of the keys that are LoRA weights."""
        found: dict[str, dict[str, Tensor]] = {}
        for key, tensor in sorted(self.tensors.items()):
            if match := LORA_KEY.fullmatch(key):
                found.setdefault(match[1], {})[match[2]] = tensor
        return found

    def rank_of(self, module: str) -> int:
        """The rank peft gives `module`: the first matching `rank_pattern`, else r."""
        for pattern, rank in (self.config.get("rank_pattern") or {}).items():
            if re.match(rf"(.*\.)?({pattern})$", module):
                return int(rank)
        return int(self.config.get("r", 0))

    @property
    def max_rank(self) -> int:
        return max([int(self.config.get("r", 0)), *map(int, (self.config.get("rank_pattern") or {}).values())])


@dataclass(frozen=True, slots=True)
class Base:
    """A base model's folder as read; `config` is the text part of a multimodal one."""

    path: Path
    config: dict[str, Any]
    tensors: dict[str, Tensor]
    generation: dict[str, Any] = field(default_factory=dict)

    @property
    def architecture(self) -> str:
        return str((self.config.get("architectures") or ["unknown"])[0])

    @property
    def heads(self) -> int:
        return int(self.config.get("num_attention_heads") or 1)

    @property
    def head_dim(self) -> int:
        return int(self.config.get("head_dim") or int(self.config.get("hidden_size") or 0) // self.heads)

    @property
    def kv_heads(self) -> int:
        return int(self.config.get("num_key_value_heads") or self.heads)

    @property
    def layers(self) -> int:
        return int(self.config.get("num_hidden_layers") or 0)

    @property
    def positions(self) -> int:
        return int(self.config.get("max_position_embeddings") or 0)

    @property
    def quantization(self) -> str:
        return str((self.config.get("quantization_config") or {}).get("quant_method", ""))

    @property
    def stop_ids(self) -> set[int]:
        """What makes vLLM stop: eos_token_id of generation_config.json and config.json."""
        found: set[int] = set()
        for source in (self.generation, self.config):
            value = source.get("eos_token_id")
            found |= set(value) if isinstance(value, list) else set() if value is None else {int(value)}
        return found


def tensors_of(files: list[Path]) -> dict[str, Tensor]:
    """The tensors in some safetensors files, from their headers. Raises InputError when one cannot be read."""
    found = {}
    for path in files:
        header = read_header(path)
        start = header.pop("")["start"]
        for name, entry in header.items():
            begin, end = entry["data_offsets"]
            found[name] = Tensor(str(entry["dtype"]), tuple(entry["shape"]), path, start + begin, start + end)
    return found


def load_adapter(path: Path) -> tuple[Adapter | None, list[Check]]:
    """The adapter and the verdict on its files; None when there is nothing to check further."""
    folder = path.resolve()
    name, again = "files", "train an adapter: make train-tiny, or nanodex adapters list for the ones there are"
    if not folder.is_dir() or not any(folder.iterdir()):
        return None, [fail(name, f"{path} is {'empty' if folder.is_dir() else 'not there'}", again)]
    needed = [folder / "adapter_config.json", folder / "adapter_model.safetensors"]
    for file in needed:
        if not file.is_file():
            legacy = file.with_suffix(".bin").is_file()
            fix = "save it as safetensors: model.save_pretrained(folder, safe_serialization=True)" if legacy else again
            return None, [fail(name, f"{path} has no {file.name}", fix)]
    present = [*needed, folder / DESCRIPTION, folder / "chat_template.jinja", folder / "tokenizer.json"]
    if unreadable := [file.name for file in present if file.is_file() and not os.access(file, os.R_OK)]:
        return None, [fail(name, f"this user may not read {', '.join(unreadable)}", f"chmod a+r {folder}/*")]
    try:
        config = _read_object(needed[0])
        tensors = tensors_of([needed[1]])
        pack = read_pack(folder) if (folder / DESCRIPTION).is_file() else None
    except InputError as error:
        return None, [fail(name, error.message, error.hint)]
    except ValueError as error:
        return None, [fail(name, f"adapter_config.json cannot be read: {error}", again)]
    if config.get("peft_type") != "LORA":
        return None, [fail(name, f"peft_type is {config.get('peft_type')}, vLLM serves LORA only", RETRAIN)]
    adapter = Adapter(folder, config, tensors, pack)
    checks = [ok(name, f"{len(tensors)} tensors in {folder.name}")]
    if pack is None:
        checks.append(
            warn(
                "pack",
                f"{folder.name} has no {DESCRIPTION}: its base, template and answers cannot be compared with its training",
                "train with nanodex to get a described pack",
            )
        )
    return adapter, checks


def load_base(path: Path) -> tuple[Base | None, list[Check]]:
    """The base and the verdict on its files: all shards there, each as long as its header says."""
    again = "fetch the base model again; a git checkout of it needs git lfs pull"
    try:
        config = read_config(path)
        files = weight_files(path)
        tensors = tensors_of(files)
        generation = _read_object(path / "generation_config.json")
        index = _read_object(path / "model.safetensors.index.json")
    except InputError as error:
        return None, [fail("base", error.message, error.hint)]
    except OSError as error:
        return None, [fail("base", f"{path} cannot be read: {error.strerror or error}", f"chmod -R a+rX {path}")]
    except ValueError as error:
        return None, [fail("base", f"a description in {path} cannot be read: {error}", again)]
    if not tensors:
        return None, [fail("base", f"{path} holds no safetensors weights", "save the base as safetensors")]
    missing = sorted(set(index.get("weight_map", {}).values()) - {file.name for file in files})
    if missing:
        return None, [fail("base", f"{len(missing)} of its weight files are missing: {missing[0]}", again)]
    sizes = {file: file.stat().st_size for file in files}
    if cut := sorted({tensor.file.name for tensor in tensors.values() if tensor.end > sizes[tensor.file]}):
        return None, [fail("base", f"{cut[0]} ends before its tensors do", again)]
    base = Base(path.resolve(), config, tensors, generation)
    return base, [ok("base", f"{base.architecture}, {len(tensors)} tensors in {path.name}")]


def _read_object(path: Path) -> dict[str, Any]:
    """A JSON object, empty when there is no such file. Raises ValueError when it is something else."""
    if not path.is_file():
        return {}
    loaded = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(loaded, dict):
        raise ValueError(f"{path.name} holds no object")
    return loaded
