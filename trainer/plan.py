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
from config.errors import IncompatibleInput
from config.settings import TrainSettings
from trainer.hardware import Choice, Hardware, attention
from trainer.memory import (
    Memory,
    checkpointing,
    estimate_memory,
    readable_size,
    resolve_targets,
    trainable_parameters,
)
from trainer.models import Base
from trainer.refusals import Refusal, find_refusals, unserveable_reasons
from trainer.rows import RowStats

# Healthy training needs this many updates; below it a small corpus is better served by a smaller batch.
FEW_STEPS: Final = 500


@dataclass(frozen=True, slots=True)
class Sample:
    """One row as the model sees it: token ids, their text, and how many of them are the question (no labels there)."""

    ids: tuple[int, ...]
    tokens: tuple[str, ...]
    prompt: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a training will do and why. `epochs` are passes over `rows`, `exposures` how often each fact is seen, `seconds` the estimate
    (0: unknown), `steps` optimizer steps of `micro_batch` × `accumulation` rows; a plan with `refusals` cannot be run."""

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

    def check(self) -> None:
        """Raises IncompatibleInput for a plan that cannot work, naming the first knob to turn."""
        if self.refusals:
            reasons = "; ".join(refusal.reason for refusal in self.refusals)
            raise IncompatibleInput(reasons, "; ".join(dict.fromkeys(refusal.knob for refusal in self.refusals)))

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
        parts = ", ".join(f"{name} {readable_size(size)}" for name, size in self.memory.parts)
        out.append(
            f"  memory         {readable_size(self.memory.total)} of {readable_size(self.memory.free)} free: {parts}"
        )
        if self.seconds:
            out.append(f"  time           about {_duration(self.seconds)}")
        out.append("  serveable      " + ("yes" if self.serveable else "no: " + "; ".join(self.unserveable)))
        weights = self.fingerprint.get("weights", "")[:12]
        out.append("  base           " + (f"weights {weights}" if weights else "not made yet"))
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
        attention(hardware, _length(settings, stats)),
        Choice("optimiser", *_optimiser(hardware, settings)),
        Choice("micro-batch", str(micro), fitting),
        Choice("checkpointing", *checkpointing(settings, hardware, base)),
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
        refusals=tuple(find_refusals(settings, base, hardware, stats, targets, unknown, unserveable, micro)),
        sample=sample,
        selection=selection,
    )


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
                "its share of the batch at once"
                if size == share and hardware.processes > 1
                else "the whole batch at once"
                if size == share
                else f"the most that divides {share} and fits in memory",
            )
    return 1, "the least there is"


def _length(settings: TrainSettings, stats: RowStats) -> int:
    return min(settings.max_seq_len, stats.longest or settings.max_seq_len)


def _optimiser(hardware: Hardware, settings: TrainSettings) -> tuple[str, str]:
    if hardware.device == "cuda" and settings.bits == 4 and not hardware.sharding:
        return "paged_adamw_8bit", "QLoRA's own: its state moves out of GPU memory under pressure"
    return "adamw_torch", "an adapter's optimiser state is small"


def guessed_speed(base: Base, hardware: Hardware) -> float:
    """Tokens per second of training as the machine's matrix products suggest, 0 when they were not timed."""
    # Forward and backward through frozen weights: 4 operations per parameter and token; half the matmul rate is realistic.
    return hardware.flops * 0.5 / (4 * max(1, base.parameters)) if hardware.flops else 0.0


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
