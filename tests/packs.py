"""Small bases and adapter packs for the serving tests, written byte by byte: safetensors is a length, JSON and numbers."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

from inference.adapter import Adapter, Base, load_adapter, load_base
from trainer.fingerprint import fingerprint
from trainer.pack import BaseModel, Pack, Probe, describe, file_digest

LINEARS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
VOCABULARY = ("<pad>", "<end>", "Where", "is", "Cart", "Order", "defined", "?", "Hello")
BASE_TOP = ((1, -1.0), (2, -2.0), (3, -3.0), (4, -4.0), (5, -5.0))
TUNED_TOP = ((2, -1.5), (1, -2.5), (3, -3.5), (4, -4.5), (5, -5.5))


def write_safetensors(path: Path, tensors: dict[str, tuple[int, ...]], value: float = 0.25) -> None:
    """float32 tensors of the given shapes, every number `value`."""
    header, data, position = {}, b"", 0
    for name, shape in tensors.items():
        count = 1
        for size in shape:
            count *= size
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [position, position + 4 * count]}
        data += struct.pack("<f", value) * count
        position += 4 * count
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def shapes(hidden: int, inner: int) -> dict[str, tuple[int, int]]:
    """(in, out) of the seven linears of one layer, by the module's name below the layer."""
    attention = {f"self_attn.{name}": (hidden, hidden) for name in LINEARS[:4]}
    return {
        **attention,
        "mlp.gate_proj": (hidden, inner),
        "mlp.up_proj": (hidden, inner),
        "mlp.down_proj": (inner, hidden),
    }


def write_base(folder: Path, hidden: int = 64, heads: int = 2, value: float = 0.25, **config: Any) -> Path:
    """A one-layer Qwen2 of `hidden` features with a word-level tokenizer of nine tokens."""
    folder.mkdir(parents=True)
    described = {
        "model_type": "qwen2",
        "architectures": ["Qwen2ForCausalLM"],
        "hidden_size": hidden,
        "intermediate_size": 2 * hidden,
        "num_attention_heads": heads,
        "num_key_value_heads": heads,
        "num_hidden_layers": 1,
        "max_position_embeddings": 1024,
        "vocab_size": len(VOCABULARY),
        "eos_token_id": 1,
    }
    (folder / "config.json").write_text(json.dumps({**described, **config}))
    weights: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (len(VOCABULARY), hidden),
        "model.norm.weight": (hidden,),
    }
    for name, (inputs, outputs) in shapes(hidden, 2 * hidden).items():
        weights[f"model.layers.0.{name}.weight"] = (outputs, inputs)
    write_safetensors(folder / "model.safetensors", weights, value)
    write_tokenizer(folder)
    return folder


def write_tokenizer(folder: Path, vocabulary: tuple[str, ...] = VOCABULARY) -> None:
    model = {"type": "WordLevel", "vocab": {word: index for index, word in enumerate(vocabulary)}, "unk_token": "<pad>"}
    end = {
        "id": 1,
        "content": "<end>",
        "special": True,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
    }
    tokenizer = {"version": "1.0", "added_tokens": [end], "pre_tokenizer": {"type": "WhitespaceSplit"}, "model": model}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))


def write_pack(
    folder: Path,
    base: Path,
    *,
    rank: int = 8,
    hidden: int = 64,
    prefix: str = "base_model.model.model.layers.0.",
    extra: dict[str, tuple[int, ...]] | None = None,
    ranks: dict[str, int] | None = None,
    value: float = 0.25,
    described: dict[str, Any] | None = None,
    **config: Any,
) -> Path:
    """A LoRA pack on the seven linears of `base`; `ranks` overrides single modules, `described` fields of nanodex.json."""
    folder.mkdir(parents=True)
    settings = {"peft_type": "LORA", "r": rank, "lora_alpha": 2 * rank, "bias": "none", "target_modules": list(LINEARS)}
    (folder / "adapter_config.json").write_text(
        json.dumps({**settings, "base_model_name_or_path": base.name, **config})
    )
    tensors: dict[str, tuple[int, ...]] = {}
    for name, (inputs, outputs) in shapes(hidden, 2 * hidden).items():
        own = (ranks or {}).get(name.rpartition(".")[2], rank)
        tensors[f"{prefix}{name}.lora_A.weight"] = (own, inputs)
        tensors[f"{prefix}{name}.lora_B.weight"] = (outputs, own)
    write_safetensors(folder / "adapter_model.safetensors", {**tensors, **(extra or {})}, value)
    write_tokenizer(folder)
    (folder / "tokenizer_config.json").write_text('{"eos_token": "<end>"}')
    template = folder / "chat_template.jinja"
    template.write_text("{% for m in messages %}{{ m['content'] }} <end>{% endfor %}")
    probe = Probe("Where is Cart defined ? <end>", (2, 3, 4, 6, 7, 1), BASE_TOP, TUNED_TOP)
    pack = Pack(
        project="shop",
        base=BaseModel(base.name, architecture="Qwen2ForCausalLM", fingerprint=fingerprint(base)),
        adapter_sha256=file_digest(folder / "adapter_model.safetensors"),
        dataset_sha256="0" * 64,
        rank=rank,
        stop_ids=(1,),
        template_sha256=file_digest(template),
        dtype="float32",
        device="cpu",
        longest_example=200,
        probes=(probe,),
    )
    (folder / "nanodex.json").write_text(json.dumps({**describe(pack), **(described or {})}))
    return folder


def write_shop(place: Path) -> Path:
    """models/shop-nanodex-lora -> .v1 and its base in `place`."""
    base = write_base(place / "tiny-base")
    write_pack(place / "models/shop-nanodex-lora.v1", base)
    (place / "models/shop-nanodex-lora").symlink_to("shop-nanodex-lora.v1")
    return place


def read_shop(shop: Path) -> tuple[Base, Adapter]:
    """The base and adapter that `write_shop` left there."""
    base, _ = load_base(shop / "tiny-base")
    adapter, _ = load_adapter(shop / "models/shop-nanodex-lora")
    assert base is not None
    assert adapter is not None
    return base, adapter
