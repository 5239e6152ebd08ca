"""How much memory a step takes, by part: weights, adapter, activations, logits, runtime. Pure; no model is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from config.settings import TrainSettings
from trainer.hardware import Hardware, attention
from trainer.models import Base

GIB: Final = 1024**3
MARGIN: Final = 1.15
CUDA_CONTEXT: Final = int(1.4 * GIB)
# What importing torch, transformers and trl takes before a model is there (measured).
CPU_CONTEXT: Final = int(0.55 * GIB)
# Strategies that keep a piece of every weight in each process and gather a layer when it is computed.
IN_PIECES: Final = ("FSDP2", "ZeRO-3")
# DeepSpeed's own default: as many parameters may stay gathered.
ZERO3_LIVE: Final = 1_000_000_000
HEADS_OF_OUTPUT: Final = frozenset({"lm_head", "embed_tokens", "wte", "embed_out"})


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes by part, in order of size; `total` holds the margin."""

    parts: tuple[tuple[str, int], ...]
    total: int
    free: int


def resolve_targets(names: list[str], base: Base) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(targets, unknown): `all-linear` becomes the suffixes of the base's linear layers; unknown are those it has not."""
    if names == ["all-linear"]:
        return tuple(sorted(base.linears)), ()
    return tuple(names), tuple(n for n in names if n not in base.linears and n not in HEADS_OF_OUTPUT)


def trainable_parameters(base: Base, targets: tuple[str, ...], rank: int) -> int:
    """Σ rank · (in + out) over the adapted layers."""
    return sum(rank * (a + b) for name in targets for a, b in base.linears.get(name, ()))


def estimate_memory(
    settings: TrainSettings, base: Base, hardware: Hardware, micro: int, length: int, trainable: int
) -> Memory:
    """Bytes at the peak of a step, by part. Sources: trainer notes; checked against measured peaks by scripts/bench_train.py."""
    targets, _ = resolve_targets(settings.target_modules, base)
    linear = sum(a * b for shapes in base.linears.values() for a, b in shapes)
    rest = max(0, base.parameters - linear)
    full = 4 if hardware.device == "cpu" else 2
    weights = {4: linear * 0.556 + rest * 2, 8: linear * 1.02 + rest * 2}.get(settings.bits, base.parameters * full)
    gathered = 0.0
    if hardware.sharding in IN_PIECES:
        # Beside its own piece a process holds embeddings and head, the layer at work and the next one.
        at_once = ZERO3_LIVE if hardware.sharding == "ZeRO-3" else rest + 2 * linear / max(1, base.layers)
        gathered = full * min(at_once, base.parameters)
        weights /= hardware.processes
    # AdamW keeps two moments; the gradient lives beside them during the update.
    state = _adapter_state(trainable, 4 if settings.bits == 16 else 2, hardware)
    live = micro * length
    # Per token and layer: the layer's own bf16 values, the residual stream in float32, and for each adapted layer its input
    # as the adapter reads it, with the dropped-out copy and its mask.
    inputs = sum(shapes[0][0] for name, shapes in base.linears.items() if name in targets)
    # Without bf16 products the layer's values are float32 as well, and so is the input that bf16 would halve.
    wide = hardware.device == "cpu" and not hardware.autocast_bf16
    per_token = (5 if wide else 2.5) * (base.hidden + 2 * base.kv_dim + 2 * base.intermediate) + 24 * base.hidden
    per_layer = live * (per_token + inputs * ((9 if wide else 7) if settings.lora_dropout else 4 if wide else 2))
    if attention(hardware, length).value == "eager":
        # Scores, their softmax in float32, and the gradients of both.
        per_layer += 24 * live * length * base.heads
    recomputed = per_layer + base.layers * live * base.hidden * 2
    recomputing = checkpointing(settings, hardware, base)[0] == "on"
    activations = recomputed if recomputing else per_layer * base.layers
    # The C library's heap keeps holes where each layer's passing values were, whether or not they are recomputed. (Measured; giving
    # them back at once saves a third of the memory and costs 40 % more time.)
    holes = per_layer * base.layers * (0.65 if wide else 0.25) if hardware.device == "cpu" else 0.0
    # Autocast on a CPU keeps a bf16 copy of every float32 weight until its gradient has passed: when activations are
    # recomputed, of one layer at a time and of the output head.
    copied = rest + linear / max(1, base.layers) if recomputing else base.parameters
    copies = int(2 * copied) if hardware.device == "cpu" and hardware.autocast_bf16 and settings.bits == 16 else 0
    vocabulary = int(base.config.get("vocab_size", 32_000))
    # The loss is computed in chunks of 256 positions: logits and their gradient of one chunk, in float32.
    head = min(live, 256) * vocabulary * 4 * 2
    context = CUDA_CONTEXT if hardware.device == "cuda" else CPU_CONTEXT
    parts = {
        "weights": int(weights),
        "gathered weights": int(gathered),
        "adapter": state,
        "activations": int(activations),
        "bf16 copies": copies,
        "holes in the heap": int(holes),
        "logits": int(head),
        "runtime": context,
    }
    parts = {name: size for name, size in parts.items() if size}
    ordered = tuple(sorted(parts.items(), key=lambda item: (-item[1], item[0])))
    return Memory(ordered, int(sum(parts.values()) * MARGIN), hardware.free_bytes)


def _adapter_state(trainable: int, width: int, hardware: Hardware) -> int:
    """Bytes of the adapter, its gradient and AdamW's moments in one process."""
    share = 1 / hardware.processes
    held = {"FSDP2": (share, share), "ZeRO-3": (share, share), "ZeRO-2": (1, share)}.get(hardware.sharding, (1, 1))
    moments = share if hardware.sharding else 1
    return int(trainable * (width * held[0] + 4 * held[1] + 8 * moments))


def out_of_memory_knobs(settings: TrainSettings, micro: int, recomputing: bool, hardware: Hardware) -> list[str]:
    """What to turn when memory ran out, in the order that costs the least."""
    knobs = []
    if micro > 1:
        knobs.append(f"a smaller batch_size (the micro-batch was {micro})")
    knobs.append(f"max_seq_len={max(64, settings.max_seq_len // 2)}")
    if not recomputing:
        knobs.append("checkpointing=on")
    in_pieces = hardware.sharding in IN_PIECES
    if settings.bits != 4 and not in_pieces:
        knobs.append("bits=4 (nanodex train qlora)")
    if in_pieces:
        knobs.append(f"more than {hardware.processes} processes")
    elif settings.bits == 16 and hardware.processes > 1:
        knobs.append("a launcher's config that shares the base out (trl's fsdp2.yaml or zero3.yaml)")
    if settings.lora_rank > 8:
        knobs.append(f"lora_rank={settings.lora_rank // 2}")
    return knobs


def checkpointing(settings: TrainSettings, hardware: Hardware, base: Base) -> tuple[str, str]:
    """("on" or "off", reason)."""
    if settings.checkpointing != "auto":
        return settings.checkpointing, "as set"
    if hardware.device == "cpu":
        return "off", "memory is not what limits a CPU"
    if base.parameters < 1_000_000_000:
        return "off", "activations of a base this small fit"
    return "on", "activations are recomputed, a third slower and far smaller"


def readable_size(size: float) -> str:
    """`6.1 GiB`, `33.6 MiB`."""
    return f"{size / GIB:.1f} GiB" if size >= GIB / 10 else f"{size / 1024**2:.1f} MiB"
