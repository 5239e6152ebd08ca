"""The plan: settings, hardware and data in; what will be done, why, what it costs, and what cannot work, out. Pure.

`train --dry-run` prints it and every training writes it to plan.json. A plan with refusals is not run: each names the knob to
turn. Memory is estimated by part, so that the message about too little of it can say which part to shrink.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import Any, Final

from config.console import plural
from config.settings import TrainSettings
from trainer.hardware import Choice, Hardware
from trainer.models import Base
from trainer.rows import RowStats

GIB: Final = 1024**3
MARGIN: Final = 1.15
CUDA_CONTEXT: Final = int(1.4 * GIB)
# What importing torch, transformers and trl takes before a model is there (measured).
CPU_CONTEXT: Final = int(0.55 * GIB)
MAX_SERVED_RANK: Final = 512
SERVED_HEADS: Final = frozenset({32, 64, 80, 96, 112, 128, 160, 192, 224, 256, 512})
HEADS_OF_OUTPUT: Final = frozenset({"lm_head", "embed_tokens", "wte", "embed_out"})
# Healthy training needs this many updates; below it a small corpus is better served by a smaller batch.
FEW_STEPS: Final = 500


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a run cannot work, and the knob to turn."""

    reason: str
    knob: str


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes by part, in order of size; `total` holds the margin."""

    parts: tuple[tuple[str, int], ...]
    total: int
    free: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One row as the model sees it: token ids, their text, and how many of them are the question (no labels there)."""

    ids: tuple[int, ...]
    tokens: tuple[str, ...]
    prompt: int


@dataclass(frozen=True, slots=True)
class Plan:
    method: str
    action: str
    settings: dict[str, Any]
    choices: tuple[Choice, ...]
    rows: RowStats
    valid_rows: int
    steps: int
    epochs: float
    exposures: float
    micro_batch: int
    accumulation: int
    trainable: int
    total_parameters: int
    memory: Memory
    seconds: float
    fingerprint: dict[str, str]
    serveable: bool
    unserveable: tuple[str, ...]
    warnings: tuple[str, ...]
    refusals: tuple[Refusal, ...]
    sample: Sample | None = None
    selection: str = ""

    def as_json(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        data["choices"] = [c._asdict() for c in self.choices]
        return data

    def lines(self) -> list[str]:
        """The plan as people read it."""
        rows = self.rows
        out = [f"plan: {self.method}, {self.action}"]
        out += [f"  {c.name:<14} {c.value}  ({c.reason})" for c in self.choices]
        out.append(
            f"  rows           {plural(rows.rows, 'row')}, {plural(rows.facts, 'fact')}, "
            f"{rows.mean:.0f} tokens each, longest {rows.longest}; {plural(self.valid_rows, 'row')} for early stopping"
        )
        if self.selection:
            out.append(f"  selection      {self.selection}")
        out.append("  tokens         " + "  ".join(f"≤{high}: {count}" for high, count in rows.histogram))
        lost = [
            f"{count} {name}"
            for name, count in (
                ("truncated", rows.truncated),
                ("dropped", rows.dropped),
                ("without a stop token", rows.endless),
                ("duplicate", rows.duplicates),
                ("empty", rows.empty),
            )
            if count
        ]
        out.append("  lost           " + (", ".join(lost) or "nothing"))
        out.append(
            f"  steps          {self.steps:,} of {self.micro_batch} × {self.accumulation} rows: "
            f"{self.epochs:.1f} passes, each fact seen {self.exposures:.0f} times"
        )
        share = self.trainable / max(1, self.total_parameters)
        out.append(f"  trainable      {self.trainable:,} of {self.total_parameters:,} parameters ({share:.2%})")
        parts = ", ".join(f"{name} {_size(size)}" for name, size in self.memory.parts)
        out.append(f"  memory         {_size(self.memory.total)} of {_size(self.memory.free)} free: {parts}")
        if self.seconds:
            out.append(f"  time           about {_duration(self.seconds)}")
        out.append("  serveable      " + ("yes" if self.serveable else "no: " + "; ".join(self.unserveable)))
        out.append(f"  base           weights {self.fingerprint.get('weights', '')[:12]}")
        if self.sample:
            text = "".join(self.sample.tokens[: self.sample.prompt])
            answer = "".join(self.sample.tokens[self.sample.prompt :])
            out += [
                "  one row, learnt part between ⟦ ⟧:",
                *("    " + line for line in f"{text}⟦{answer}⟧".splitlines()),
                f"    ids {' '.join(map(str, self.sample.ids[: self.sample.prompt]))} "
                f"⟦{' '.join(map(str, self.sample.ids[self.sample.prompt :]))}⟧",
            ]
        out += [f"  warning: {text}" for text in self.warnings]
        out += [f"  refused: {refusal.reason}; {refusal.knob}" for refusal in self.refusals]
        return out


def make_plan(
    settings: TrainSettings,
    base: Base,
    hardware: Hardware,
    stats: RowStats,
    *,
    method: str,
    valid_rows: int = 0,
    answers: int = 0,
    action: str = "a new adapter",
    template: Choice | None = None,
    fingerprint: dict[str, str] | None = None,
    sample: Sample | None = None,
    selection: str = "",
    tokens_per_second: float = 0.0,
) -> Plan:
    """Decide everything there is to decide before the first step.

    `answers` is the number of distinct things to learn (facts asked for together count once), `tokens_per_second` a measured
    training speed; without it the speed is estimated from the machine's matrix products.
    """
    targets, unknown = resolve_targets(settings.target_modules, base)
    trainable = trainable_parameters(base, targets, settings.lora_rank)
    micro, fitting = _micro_batch(settings, base, hardware, stats, trainable)
    steps, steps_reason, step_warnings = _steps(settings, stats, tokens_per_second)
    per_step = settings.batch_size * stats.mean
    speed = tokens_per_second or guessed_speed(base, hardware)
    unserveable = unserveable_reasons(settings, base, targets)
    choices = [
        *hardware.reasons,
        Choice("optimiser", *_optimiser(hardware, settings)),
        Choice("micro-batch", str(micro), fitting),
        Choice("checkpointing", *_checkpointing(hardware, base)),
        Choice("steps", f"{steps:,}", steps_reason),
        Choice(
            "targets",
            " ".join(targets),
            "as set" if targets == tuple(settings.target_modules) else "every linear layer",
        ),
    ]
    if template:
        choices.append(template)
    if settings.bits != 4:
        choices.append(
            Choice("compute dtype", "not used", f"bnb_4bit_compute_dtype counts at 4 bits, bits is {settings.bits}")
        )
    return Plan(
        method=method,
        action=action,
        settings=settings.model_dump(mode="json"),
        choices=tuple(choices),
        rows=stats,
        valid_rows=valid_rows,
        steps=steps,
        epochs=steps * settings.batch_size / max(1, stats.rows),
        exposures=steps * settings.batch_size / max(1, answers or stats.facts or stats.rows),
        micro_batch=micro,
        accumulation=max(1, settings.batch_size // (micro * hardware.processes)),
        trainable=trainable,
        total_parameters=base.parameters,
        memory=estimate_memory(settings, base, hardware, micro, _length(settings, stats), trainable),
        seconds=steps * per_step / speed if speed else 0.0,
        fingerprint=fingerprint or {},
        serveable=not unserveable,
        unserveable=unserveable,
        warnings=tuple(step_warnings + _warnings(settings, valid_rows, template)),
        refusals=tuple(_refusals(settings, base, hardware, stats, targets, unknown, unserveable, method, micro)),
        sample=sample,
        selection=selection,
    )


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
    adapter_bytes = 4 if settings.bits == 16 else 2
    # AdamW keeps two moments; the gradient lives beside them during the update.
    state = trainable * (adapter_bytes + 4 + 8)
    live = micro * length
    # Per token and layer: the layer's own bf16 values, the residual stream in float32, and for each adapted layer its input
    # as the adapter reads it, with the dropped-out copy and its mask.
    inputs = sum(shapes[0][0] for name, shapes in base.linears.items() if name in targets)
    per_token = 2.5 * (base.hidden + 2 * base.kv_dim + 2 * base.intermediate) + 24 * base.hidden
    per_layer = live * (per_token + inputs * (7 if settings.lora_dropout else 2))
    recomputed = per_layer + base.layers * live * base.hidden * 2
    activations = recomputed if _checkpointing(hardware, base)[0] == "on" else per_layer * base.layers
    # Autocast on a CPU keeps a bf16 copy of every float32 weight until its gradient has passed.
    copies = 2 * base.parameters if hardware.device == "cpu" and hardware.autocast_bf16 and settings.bits == 16 else 0
    vocabulary = int(base.config.get("vocab_size", 32_000))
    # The loss is computed in chunks of 256 positions: logits and their gradient of one chunk, in float32.
    head = min(live, 256) * vocabulary * 4 * 2
    context = CUDA_CONTEXT if hardware.device == "cuda" else CPU_CONTEXT
    parts = {
        "weights": int(weights),
        "adapter": int(state),
        "activations": int(activations),
        "bf16 copies": copies,
        "logits": int(head),
        "runtime": context,
    }
    parts = {name: size for name, size in parts.items() if size}
    ordered = tuple(sorted(parts.items(), key=lambda item: (-item[1], item[0])))
    return Memory(ordered, int(sum(parts.values()) * MARGIN), hardware.free_bytes)


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


def out_of_memory_knobs(settings: TrainSettings, micro: int, checkpointing: bool) -> list[str]:
    """What to turn when memory ran out, in the order that costs the least."""
    knobs = []
    if micro > 1:
        knobs.append(f"a smaller batch_size (the micro-batch was {micro})")
    knobs.append(f"max_seq_len={max(64, settings.max_seq_len // 2)}")
    if not checkpointing:
        knobs.append("a GPU, where activations are recomputed instead of kept")
    if settings.bits != 4:
        knobs.append("bits=4 (nanodex train qlora)")
    if settings.lora_rank > 8:
        knobs.append(f"lora_rank={settings.lora_rank // 2}")
    return knobs


def _steps(settings: TrainSettings, stats: RowStats, speed: float) -> tuple[int, str, list[str]]:
    recommended = max(1, math.ceil(stats.rows * settings.epochs / settings.batch_size))
    steps, reason = min(settings.max_steps, recommended), f"max_steps {settings.max_steps:,}"
    if recommended < settings.max_steps:
        reason = f"{settings.epochs:g} passes over {stats.rows:,} rows; max_steps {settings.max_steps:,} would be more"
    warnings = []
    asked = settings.max_steps * settings.batch_size / max(1, stats.rows)
    if settings.time_budget_s and speed:
        affordable = max(1, int(settings.time_budget_s * speed / max(1.0, settings.batch_size * stats.mean)))
        if affordable < steps:
            steps = affordable
            reason = f"what {settings.time_budget_s:.0f} s allow at {speed:,.0f} tokens/s"
    elif asked > 2 * settings.epochs:
        warnings.append(
            f"max_steps {settings.max_steps:,} would be {asked:.0f} passes over these rows, over twice the "
            f"recommended {settings.epochs:g}: stopping after {steps:,} steps"
        )
    if steps < FEW_STEPS and not settings.time_budget_s:
        warnings.append(f"{steps:,} steps are few: under {FEW_STEPS} a smaller batch_size learns more from so few rows")
    return steps, reason, warnings


def _warnings(settings: TrainSettings, valid_rows: int, template: Choice | None) -> list[str]:
    found = []
    if not valid_rows:
        found.append("there are no valid rows: training cannot stop early and keeps its last state")
    if template and template.value == "plain":
        found.append("this base is a plain one; an -Instruct base answers and stops better")
    if settings.lora_rank >= 64 and not settings.use_rslora:
        found.append(f"rank {settings.lora_rank} scales better with use_rslora: true")
    return found


def _refusals(
    settings: TrainSettings,
    base: Base,
    hardware: Hardware,
    stats: RowStats,
    targets: tuple[str, ...],
    unknown: tuple[str, ...],
    unserveable: tuple[str, ...],
    method: str,
    micro: int,
) -> list[Refusal]:
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
    if settings.batch_size % hardware.processes:
        found.append(
            Refusal(
                f"batch_size {settings.batch_size} does not divide among {hardware.processes} processes",
                f"set batch_size to a multiple of {hardware.processes}",
            )
        )
    needed = estimate_memory(
        settings, base, hardware, 1, _length(settings, stats), trainable_parameters(base, targets, settings.lora_rank)
    )
    if micro == 1 and needed.total > needed.free > 0:
        knobs = ", then ".join(out_of_memory_knobs(settings, 1, _checkpointing(hardware, base)[0] == "on"))
        found.append(
            Refusal(
                f"this needs about {_size(needed.total)}, and {_size(needed.free)} are free", f"in this order: {knobs}"
            )
        )
    return found


def _odd_widths(base: Base) -> str:
    return next((name for name, shapes in base.linears.items() if any(a % 64 for a, _ in shapes)), "")


def _micro_batch(
    settings: TrainSettings, base: Base, hardware: Hardware, stats: RowStats, trainable: int
) -> tuple[int, str]:
    """The largest share of the effective batch that fits; halves until it does."""
    share = max(1, settings.batch_size // hardware.processes)
    length = _length(settings, stats)
    sizes = [n for n in range(share, 0, -1) if share % n == 0]
    # On a CPU a larger micro-batch than this gains nothing and costs memory.
    limit = 64 if hardware.device == "cuda" else 32
    for size in sizes:
        if (
            size <= limit
            and estimate_memory(settings, base, hardware, size, length, trainable).total <= hardware.free_bytes
        ):
            return (
                size,
                "the whole batch at once" if size == share else f"the most that divides {share} and fits in memory",
            )
    return 1, "the least there is"


def _length(settings: TrainSettings, stats: RowStats) -> int:
    return min(settings.max_seq_len, stats.longest or settings.max_seq_len)


def _optimiser(hardware: Hardware, settings: TrainSettings) -> tuple[str, str]:
    if hardware.device == "cuda" and settings.bits == 4:
        return "paged_adamw_8bit", "QLoRA's own: its state moves out of GPU memory under pressure"
    return "adamw_torch", "an adapter's optimiser state is small"


def _checkpointing(hardware: Hardware, base: Base) -> tuple[str, str]:
    if hardware.device == "cpu":
        return "off", "memory is not what limits a CPU"
    if base.parameters < 1_000_000_000:
        return "off", "activations of a base this small fit"
    return "on", "activations are recomputed, a third slower and far smaller"


def guessed_speed(base: Base, hardware: Hardware) -> float:
    """Tokens per second of training as the machine's matrix products suggest, 0 when they were not timed."""
    # Forward and backward through frozen weights: 4 operations per parameter and token; half the matmul rate is realistic.
    return hardware.flops * 0.5 / (4 * max(1, base.parameters)) if hardware.flops else 0.0


def _size(size: float) -> str:
    return f"{size / GIB:.1f} GiB" if size >= GIB / 10 else f"{size / 1024**2:.1f} MiB"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
