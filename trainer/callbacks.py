"""What happens between two steps: the log, the progress line, the time budget, early stopping and signals to stop."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.console import Task
from trainer import processes

if TYPE_CHECKING:
    from trainer.plan import Plan
    from trainer.sft import Interrupt
    from trainer.stream import Stream

WARM_UP = 0.03


class Clock:
    """Wall clock of a training across resumes, read from its own log; the learning rate under a time budget.

    `now` is the clock at the last step, the same in every process: learning rates that differ would part the copies.
    """

    def __init__(self, log: Path, budget: float, steps: int, *, fresh: bool) -> None:
        self.log = log
        self.budget = budget
        self.steps = steps
        self.stopped = ""
        self.now = 0.0
        self._before = 0.0
        log.parent.mkdir(parents=True, exist_ok=True)
        if fresh:
            if processes.first():
                log.unlink(missing_ok=True)
        elif log.is_file():
            self._before = max((row["seconds"] for row in _rows(log)), default=0.0)
        self._start = time.monotonic()

    @property
    def elapsed(self) -> float:
        return self._before + time.monotonic() - self._start

    def restart(self) -> None:
        """Count from now: what came before the first step is not training."""
        self._start = time.monotonic()

    def rate(self, step: int) -> float:
        """Share of the learning rate: up for the first steps, then down with the steps or the time, whichever is further."""
        warm = max(1, int(WARM_UP * self.steps))
        if step < warm:
            return (step + 1) / (warm + 1)
        progress = max(step / max(1, self.steps), self.now / self.budget if self.budget else 0.0)
        return max(0.0, 1.0 - progress)

    def write(self, row: dict[str, Any]) -> None:
        with self.log.open("a", encoding="utf-8") as out:
            out.write(json.dumps({**row, "seconds": round(self.elapsed, 3)}, sort_keys=True) + "\n")


def make_callbacks(
    clock: Clock, task: Task, stream: Stream, plan: Plan, interrupt: Interrupt, patience: int
) -> list[Any]:
    """The callbacks of one run; `patience` 0 never stops early."""
    from transformers import EarlyStoppingCallback, TrainerCallback

    class Watch(TrainerCallback):  # type: ignore[misc]
        loss = 0.0

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            clock.restart()
            task.advance(state.global_step)

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            task.advance()
            clock.now, asked = processes.largest([clock.elapsed, float(interrupt.asked)])
            if asked:
                interrupt.asked = True
                clock.stopped = "a signal to stop"
                control.should_save = control.should_training_stop = True
            elif clock.budget and clock.now >= clock.budget:
                clock.stopped = f"the time budget of {clock.budget:.0f} s"
                control.should_evaluate = control.should_save = control.should_training_stop = True

        def on_evaluate(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
            if processes.count() > 1 and plan.settings["bits"] == 4:
                # On a CPU bitsandbytes repacks what it evaluates, and unpacks it where a checkpoint is written: in rank 0.
                model.state_dict()

        def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
            if not state.is_world_process_zero or not logs:
                return
            speed = stream.tokens * processes.count() / clock.elapsed if clock.elapsed else 0.0
            self.loss = logs.get("loss", self.loss)
            left = clock.elapsed / max(1, state.global_step) * (plan.steps - state.global_step)
            if clock.budget:
                left = min(left, max(0.0, clock.budget - clock.elapsed))
            task.describe(f"training, loss {self.loss:.3f}, {speed:,.0f} tokens/s, {left:.0f} s left")
            kept = ("loss", "eval_loss", "grad_norm", "learning_rate")
            values = {k: float(logs[k]) for k in kept if k in logs}
            if values:
                clock.write({"step": state.global_step, "tokens_per_second": round(speed, 1), **values})

    class Patient(EarlyStoppingCallback):  # type: ignore[misc]
        def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any, **rest: Any) -> None:
            super().on_evaluate(args, state, control, metrics, **rest)
            if self.early_stopping_patience_counter >= self.early_stopping_patience and not clock.stopped:
                clock.stopped = f"the loss on unseen wordings has not fallen in {patience} evaluations"

    return [Watch()] + ([Patient(early_stopping_patience=patience)] if patience else [])


def history(log: Path) -> tuple[tuple[tuple[int, float], ...], tuple[tuple[int, float], ...]]:
    """(training losses, evaluation losses) as (step, value), the last entry of a step counting."""
    losses: dict[int, float] = {}
    evaluations: dict[int, float] = {}
    for row in _rows(log) if log.is_file() else []:
        if "loss" in row:
            losses[row["step"]] = row["loss"]
        if "eval_loss" in row:
            evaluations[row["step"]] = row["eval_loss"]
    return tuple(sorted(losses.items())), tuple(sorted(evaluations.items()))


def _rows(log: Path) -> list[dict[str, Any]]:
    rows = []
    for line in log.read_text(encoding="utf-8").splitlines():
        # A run killed while writing leaves half a line at the end.
        if line.endswith("}"):
            rows.append(json.loads(line))
    return rows
