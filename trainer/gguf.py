"""An adapter as GGUF, for llama.cpp and Ollama: the PEFT tensors renamed and laid out, and the alpha that gives the same scale.

Written after the format's specification (version 3): a header of typed key-values, tensor descriptions, aligned data. llama.cpp
scales by alpha / rank and knows no rank-stabilised scaling, so its alpha is the training's times the root of the rank there.
"""

from __future__ import annotations

import math
import re
import struct
from pathlib import Path
from typing import Any, Final

from config.errors import IncompatibleInput, cannot_write

ALIGNMENT: Final = 32
_UINT32, _FLOAT32, _STRING = 4, 6, 8
_F16: Final = 1
# The name llama.cpp gives an architecture, and whether its attention wants rotary halves interleaved in q and k.
ARCHITECTURES: Final = {
    "Qwen2ForCausalLM": ("qwen2", False),
    "Qwen3ForCausalLM": ("qwen3", False),
    "LlamaForCausalLM": ("llama", True),
    "MistralForCausalLM": ("llama", True),
}
_NAMES: Final = {
    "q_proj": "attn_q",
    "k_proj": "attn_k",
    "v_proj": "attn_v",
    "o_proj": "attn_output",
    "gate_proj": "ffn_gate",
    "up_proj": "ffn_up",
    "down_proj": "ffn_down",
}
_KEY: Final = re.compile(r"base_model\.model\.model\.layers\.(\d+)\.(?:self_attn|mlp)\.(\w+)\.lora_([AB])\.weight")


def effective_alpha(config: dict[str, Any]) -> float:
    """The alpha that makes alpha / rank the scale peft uses. Raises IncompatibleInput for one that differs between layers."""
    if config.get("alpha_pattern"):
        raise IncompatibleInput(
            "this adapter has another alpha in some layers, which GGUF cannot say",
            "nanodex export merged, and convert that",
        )
    alpha, rank = float(config["lora_alpha"]), int(config["r"])
    return alpha * math.sqrt(rank) if config.get("use_rslora") else alpha


def write_adapter(path: Path, tensors: dict[str, Any], config: dict[str, Any], base_config: dict[str, Any]) -> int:
    """Write the adapter's tensors (torch, by their PEFT names) to `path`. Returns how many. Raises IncompatibleInput for others."""
    architecture = str((base_config.get("architectures") or [""])[0])
    if architecture not in ARCHITECTURES:
        raise IncompatibleInput(
            f"GGUF adapters of {architecture or 'this architecture'} are not written here",
            "use llama.cpp's convert_lora_to_gguf.py --base <base> <adapter>, or nanodex export merged",
        )
    name, interleaved = ARCHITECTURES[architecture]
    heads = int(base_config["num_attention_heads"])
    kv_heads = int(base_config.get("num_key_value_heads") or heads)
    rows: list[tuple[str, tuple[int, ...], bytes]] = []
    for key, tensor in sorted(tensors.items()):
        found = _KEY.fullmatch(key)
        if found is None or found[2] not in _NAMES:
            raise IncompatibleInput(f"GGUF has no name for {key}", "nanodex export merged, and convert that")
        layer, module, side = found.groups()
        values = tensor.float()
        if interleaved and side == "B" and module in ("q_proj", "k_proj"):
            values = _interleave(values, heads if module == "q_proj" else kv_heads)
        data = values.half().contiguous().numpy().tobytes()
        rows.append((f"blk.{layer}.{_NAMES[module]}.weight.lora_{side.lower()}", tuple(values.shape), data))
    metadata = [
        _pair("general.architecture", _STRING, name),
        _pair("general.type", _STRING, "adapter"),
        _pair("adapter.type", _STRING, "lora"),
        _pair("adapter.lora.alpha", _FLOAT32, effective_alpha(config)),
        _pair("general.file_type", _UINT32, 1),
        _pair("general.alignment", _UINT32, ALIGNMENT),
    ]
    infos, position = b"", 0
    for title, shape, data in rows:
        # Dimensions are listed fastest first.
        dimensions = b"".join(struct.pack("<Q", size) for size in reversed(shape))
        infos += _text(title) + struct.pack("<I", len(shape)) + dimensions + struct.pack("<IQ", _F16, position)
        position += _padded(len(data))
    head = b"GGUF" + struct.pack("<IQQ", 3, len(rows), len(metadata)) + b"".join(metadata) + infos
    try:
        with path.open("wb") as out:
            out.write(head.ljust(_padded(len(head)), b"\0"))
            for _, _, data in rows:
                out.write(data.ljust(_padded(len(data)), b"\0"))
    except OSError as error:
        raise cannot_write(path, error) from error
    return len(rows)


def _interleave(values: Any, heads: int) -> Any:
    # llama.cpp rotates neighbouring pairs where transformers rotates halves.
    rows, rank = values.shape
    return values.reshape(heads, 2, rows // heads // 2, rank).swapaxes(1, 2).reshape(rows, rank)


def _pair(key: str, kind: int, value: str | int | float) -> bytes:
    if kind == _STRING:
        return _text(key) + struct.pack("<I", kind) + _text(str(value))
    return _text(key) + struct.pack("<I", kind) + struct.pack("<f" if kind == _FLOAT32 else "<I", value)


def _text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def _padded(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
