"""An adapter's folder and a base model's folder as read from disk: configurations and safetensors headers, no torch.

`load_adapter` and `load_base` give the value, or None, and the verdict on the files. What they accept is well-formed, so that
everything further, in compatibility.py, compares and never parses.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from config.errors import IncompatibleInput, InputError
from inference.checks import Check, fail, ok, warn
from trainer.fingerprint import read_config, read_header, weight_files
from trainer.pack import DESCRIPTION, Pack, read_pack

RETRAIN: Final = "train it again with plain LoRA on the 7 linear projections (the default target_modules)"
LORA_KEY: Final = re.compile(r"(?:base_model\.model\.)?(.+)\.lora_([AB])(?:\.default)?\.weight")
_FETCH: Final = "fetch the base model again; a git checkout of it needs git lfs pull"


class _Read(BaseModel):
    """A JSON file of somebody else's: the fields used here are typed, the others are let through."""

    model_config = ConfigDict(extra="ignore", frozen=True)


def _is_pattern(text: str) -> str:
    re.compile(text)
    return text


class LoraConfig(_Read):
    """adapter_config.json of peft."""

    peft_type: str
    r: int = Field(0, ge=0)
    rank_pattern: dict[Annotated[str, AfterValidator(_is_pattern)], int] | None = None
    fan_in_fan_out: bool | None = None
    init_lora_weights: bool | str | None = True
    bias: str | None = "none"
    use_rslora: bool | None = None
    base_model_name_or_path: str | None = None


class ModelConfig(_Read):
    """config.json of a decoder, under its newer or its older names. 0 stands for what is not said."""

    architectures: list[str] | None = None
    hidden_size: int = Field(0, validation_alias=AliasChoices("hidden_size", "n_embd", "d_model"))
    num_attention_heads: int = Field(0, validation_alias=AliasChoices("num_attention_heads", "n_head", "n_heads"))
    num_key_value_heads: int | None = None
    head_dim: int | None = None
    num_hidden_layers: int = Field(0, validation_alias=AliasChoices("num_hidden_layers", "n_layer", "n_layers"))
    max_position_embeddings: int = Field(
        0, validation_alias=AliasChoices("max_position_embeddings", "n_positions", "max_seq_len")
    )
    quantization_config: dict[str, Any] | None = None
    eos_token_id: int | list[int] | None = None


class GenerationConfig(_Read):
    eos_token_id: int | list[int] | None = None


class _Index(_Read):
    weight_map: dict[str, str] = Field(default_factory=dict)


class _Entry(_Read):
    dtype: str
    shape: tuple[Annotated[int, Field(ge=0)], ...]
    data_offsets: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]]


class _Token(_Read):
    id: int
    content: str


class _Words(_Read):
    vocab: dict[str, int] | list[tuple[str, float]] = Field(default_factory=dict)


class _Tokenizer(_Read):
    model: _Words
    added_tokens: list[_Token] = Field(default_factory=list)


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
    """A PEFT adapter's folder. `raw` is the whole adapter_config.json, `pack` is None when nanodex did not write it."""

    path: Path
    config: LoraConfig
    raw: dict[str, Any]
    tensors: dict[str, Tensor]
    vocabulary: dict[str, int] | None = None
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
        for pattern, rank in (self.config.rank_pattern or {}).items():
            if re.match(rf"(.*\.)?({pattern})$", module):
                return rank
        return self.config.r

    @property
    def max_rank(self) -> int:
        return max([self.config.r, *(self.config.rank_pattern or {}).values()])


@dataclass(frozen=True, slots=True)
class Base:
    """A base model's folder; `config` is the text part of a multimodal one. `vocabulary` is None without a tokenizer.json."""

    path: Path
    config: ModelConfig
    tensors: dict[str, Tensor]
    generation: GenerationConfig
    vocabulary: dict[str, int] | None
    multimodal: bool = False

    @property
    def architecture(self) -> str:
        return (self.config.architectures or ["unknown"])[0]

    @property
    def head_dim(self) -> int:
        """0 when the configuration does not say."""
        return self.config.head_dim or self.config.hidden_size // max(1, self.config.num_attention_heads)

    @property
    def kv_heads(self) -> int:
        return self.config.num_key_value_heads or self.config.num_attention_heads

    @property
    def quantization(self) -> str:
        return str((self.config.quantization_config or {}).get("quant_method", ""))

    @property
    def stop_ids(self) -> set[int]:
        """What makes vLLM stop: eos_token_id of generation_config.json and config.json."""
        values = [self.generation.eos_token_id, self.config.eos_token_id]
        return {one for value in values if value is not None for one in (value if isinstance(value, list) else [value])}


def tensors_of(files: list[Path]) -> dict[str, Tensor]:
    """The tensors in some safetensors files, from their headers. Raises InputError when one cannot be read."""
    found = {}
    for path in files:
        try:
            header = read_header(path)
            start = header.pop("")["start"]
            entries = {name: _Entry.model_validate(entry) for name, entry in header.items()}
        except (ValidationError, AttributeError, TypeError) as error:
            raise IncompatibleInput(f"{path} is not a safetensors file: its header is malformed", _FETCH) from error
        for name, entry in entries.items():
            begin, end = (start + offset for offset in entry.data_offsets)
            found[name] = Tensor(entry.dtype, entry.shape, path, begin, end)
    return found


def read_vocabulary(folder: Path) -> dict[str, int] | None:
    """Token -> id of a fast tokenizer, added tokens included; None without a tokenizer.json. Raises ValueError."""
    path = folder / "tokenizer.json"
    if not path.is_file():
        return None
    tokenizer = _Tokenizer.model_validate_json(path.read_bytes())
    words = tokenizer.model.vocab
    found = words if isinstance(words, dict) else {piece: index for index, (piece, _) in enumerate(words)}
    return {**found, **{token.content: token.id for token in tokenizer.added_tokens}}


def load_adapter(path: Path) -> tuple[Adapter | None, list[Check]]:
    """The adapter and the verdict on its files; None when there is nothing to check further."""
    folder = path.resolve()
    name, again = "files", "train an adapter: make train-tiny, or nanodex adapters list for the ones there are"
    if not folder.is_dir() or not any(folder.iterdir()):
        state = "empty" if folder.is_dir() else "not a folder" if folder.exists() else "not there"
        return None, [fail(name, f"{path} is {state}", again)]
    config_file, weights = folder / "adapter_config.json", folder / "adapter_model.safetensors"
    for file in (config_file, weights):
        if not file.is_file():
            legacy = file.with_suffix(".bin").is_file()
            fix = "save it as safetensors: model.save_pretrained(folder, safe_serialization=True)" if legacy else again
            return None, [fail(name, f"{path} has no {file.name}", fix)]
    present = [
        config_file,
        weights,
        *(folder / part for part in (DESCRIPTION, "chat_template.jinja", "tokenizer.json")),
    ]
    if unreadable := [file.name for file in present if file.is_file() and not os.access(file, os.R_OK)]:
        return None, [fail(name, f"this user may not read {', '.join(unreadable)}", f"chmod a+r {folder}/*")]
    try:
        raw = _read_object(config_file)
        if raw.get("peft_type") != "LORA":
            return None, [fail(name, f"peft_type is {raw.get('peft_type')}, vLLM serves LORA only", RETRAIN)]
        adapter = Adapter(
            folder,
            LoraConfig.model_validate(raw),
            raw,
            tensors_of([weights]),
            read_vocabulary(folder),
            _checked_pack(folder) if (folder / DESCRIPTION).is_file() else None,
        )
    except InputError as error:
        return None, [fail(name, error.message, error.hint)]
    except (ValueError, re.error) as error:
        return None, [fail(name, f"{path} holds a file that cannot be read: {_first_line(error)}", again)]
    checks = [ok(name, f"{len(adapter.tensors)} tensors in {folder.name}")]
    if adapter.pack is None:
        reason = (
            f"{folder.name} has no {DESCRIPTION}: its base, template and answers cannot be compared with its training"
        )
        checks.append(warn("pack", reason, "train it again with nanodex train"))
    return adapter, checks


def load_base(path: Path) -> tuple[Base | None, list[Check]]:
    """The base and the verdict on its files: all shards there, each as long as its header says."""
    try:
        config = read_config(path)
        files = weight_files(path)
        base = Base(
            path.resolve(),
            ModelConfig.model_validate(config),
            tensors_of(files),
            GenerationConfig.model_validate(_read_object(path / "generation_config.json")),
            read_vocabulary(path),
            multimodal="vision_config" in config,
        )
        index = _Index.model_validate(_read_object(path / "model.safetensors.index.json"))
    except InputError as error:
        return None, [fail("base", error.message, error.hint)]
    except OSError as error:
        return None, [fail("base", f"{path} cannot be read: {error.strerror or error}", f"chmod -R a+rX {path}")]
    except ValueError as error:
        return None, [fail("base", f"a description in {path} cannot be read: {_first_line(error)}", _FETCH)]
    if not base.tensors:
        return None, [fail("base", f"{path} holds no safetensors weights", "save the base as safetensors")]
    if missing := sorted(set(index.weight_map.values()) - {file.name for file in files}):
        return None, [fail("base", f"{len(missing)} of its weight files are missing: {missing[0]}", _FETCH)]
    sizes = {file: file.stat().st_size for file in files}
    if cut := sorted({tensor.file.name for tensor in base.tensors.values() if tensor.end > sizes[tensor.file]}):
        return None, [fail("base", f"{cut[0]} ends before its tensors do", _FETCH)]
    return base, [ok("base", f"{base.architecture}, {len(base.tensors)} tensors in {path.name}")]


def _checked_pack(folder: Path) -> Pack:
    """read_pack, with every field of the type it is declared to have. Raises InputError or ValueError."""
    return TypeAdapter(Pack).validate_python(asdict(read_pack(folder)))


def _read_object(path: Path) -> dict[str, Any]:
    """A JSON object, empty when there is no such file. Raises ValueError when it is something else."""
    if not path.is_file():
        return {}
    loaded = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(loaded, dict):
        raise ValueError(f"{path.name} holds no object")
    return loaded


def _first_line(error: Exception) -> str:
    """`LoraConfig.r: Input should be a valid integer` of a validation error, else the message."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join([error.title, *map(str, first['loc'])])}: {first['msg']}"
    return str(error)
