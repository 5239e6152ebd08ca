"""A base model's identity from its files alone: config.json, the tokenizer and the safetensors headers. Needs no torch.

Names and shapes cannot tell an instruct model from its plain sibling, so the bytes of the norm tensors count too: they are
small and every fine-tuning moves them. Fields that a re-save changes (library version, dtype) are left out.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from config.errors import IncompatibleInput, MissingInput
from config.manifest import digest

SHAPE_FIELDS: Final = (
    "architectures",
    "head_dim",
    "hidden_act",
    "hidden_size",
    "intermediate_size",
    "max_position_embeddings",
    "model_type",
    "num_attention_heads",
    "num_experts",
    "num_hidden_layers",
    "num_key_value_heads",
    "rms_norm_eps",
    "sliding_window",
    "tie_word_embeddings",
    "vocab_size",
)
# A header longer than this is not a header: safetensors itself stops at 100 MB.
MAX_HEADER: Final = 100_000_000


def fingerprint(base: Path) -> dict[str, str]:
    """`{"shape", "tokenizer", "weights"}`, one sha256 each. Raises MissingInput when `base` is not a model's folder.

    A quantised or re-cast copy of one base differs in `weights` only; another model differs in the first or second too.
    """
    config = read_config(base)
    return {
        "shape": digest([json.dumps({key: config.get(key) for key in SHAPE_FIELDS}, sort_keys=True)]),
        "tokenizer": _tokenizer_digest(base),
        "weights": _weights_digest(base),
    }


def read_config(base: Path) -> dict[str, Any]:
    """config.json of a model's folder; of a multimodal model the text part, merged over the whole."""
    path = base / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise MissingInput(
            f"{base} is not a model: it has no config.json", "give --base a model's folder or hub id"
        ) from error
    except ValueError as error:
        raise IncompatibleInput(f"{path} cannot be read: {error}", "fetch the base model again") from error
    if not isinstance(config, dict) or "model_type" not in config:
        raise IncompatibleInput(f"{path} names no model_type, so {base} is not a model", "give --base another folder")
    inner = config.get("text_config")
    return {**config, **inner, "architectures": config.get("architectures")} if isinstance(inner, dict) else config


def read_header(path: Path) -> dict[str, dict[str, Any]]:
    """Tensor name -> {dtype, shape, data_offsets} of one safetensors file, and its length under "" -> {"start": bytes}."""
    try:
        with path.open("rb") as file:
            size = struct.unpack("<Q", file.read(8))[0]
            if size > MAX_HEADER:
                raise ValueError("header too long")
            header = json.loads(file.read(size))
    except FileNotFoundError as error:
        raise MissingInput(f"there is no {path}", "give the folder that holds the weights") from error
    except (ValueError, struct.error) as error:
        raise IncompatibleInput(f"{path} is not a safetensors file: {error}", "fetch or write it again") from error
    header.pop("__metadata__", None)
    return {**header, "": {"start": 8 + size}}


def weight_files(base: Path) -> list[Path]:
    """The safetensors files of a model's folder, sorted; the adapter of a pack is not one of them."""
    return sorted(path for path in base.glob("*.safetensors") if not path.name.startswith("adapter_"))


def _tokenizer_digest(base: Path) -> str:
    path = base / "tokenizer.json"
    if path.is_file():
        data = json.loads(path.read_text(encoding="utf-8"))
        model = data.get("model", {})
        special = sorted((t["id"], t["content"]) for t in data.get("added_tokens", []))
        # Old files write a merge as "a b", new ones as ["a", "b"].
        merges = [m if isinstance(m, str) else " ".join(m) for m in model.get("merges", [])]
        vocabulary = model.get("vocab", {})
        pairs = sorted(vocabulary.items()) if isinstance(vocabulary, dict) else vocabulary
        return digest([json.dumps([pairs, merges, special], ensure_ascii=False)])
    others = [p for p in ("tokenizer.model", "vocab.json", "merges.txt") if (base / p).is_file()]
    if not others:
        raise MissingInput(f"{base} has no tokenizer", "put the base's tokenizer.json beside its config.json")
    return digest([(base / p).read_bytes() for p in others])


def _weights_digest(base: Path) -> str:
    files = weight_files(base)
    if not files:
        raise MissingInput(
            f"{base} holds no safetensors weights", "save the base with save_pretrained(), which writes safetensors"
        )
    return digest(part for path in files for part in _weight_parts(path))


def _weight_parts(path: Path) -> Iterator[str | bytes]:
    header = read_header(path)
    start = header.pop("")["start"]
    with path.open("rb") as file:
        for name, tensor in sorted(header.items()):
            yield f"{name} {tensor['dtype']} {tensor['shape']}"
            if "norm" in name:
                begin, end = tensor["data_offsets"]
                file.seek(start + begin)
                yield file.read(end - begin)
