"""What a training run reports: lines for people, a dictionary for --json."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trainer.pack import Pack
from trainer.plan import Plan


@dataclass(frozen=True, slots=True)
class TrainReport:
    """What a run did. `plan` only: a dry run; `pack` without `steps`: there was nothing to do."""

    plan: Plan | None
    pack: Pack | None
    steps: int = 0
    seconds: float = 0.0
    total_seconds: float = 0.0
    tokens_per_second: float = 0.0
    peak_bytes: int = 0
    stopped: str = ""
    recall: dict[str, Any] | None = None
    selection: str = ""
    notes: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        out: list[str] = []
        if self.pack is None:
            out += self.plan.lines() if self.plan else []
        elif not self.steps:
            out.append(f"train: nothing to do, {self.pack.name} was made from this dataset, base and these settings")
        else:
            out.append(
                f"train: {self.pack.name}, {self.steps:,} steps in {self.seconds:.0f} s ({self.tokens_per_second:,.0f} tokens/s, "
                f"peak {self.peak_bytes / 1024**3:.1f} GiB); ended by {self.stopped}"
            )
            out.append(f"  learnt   {self.selection}")
            if self.recall:
                out.append(
                    f"  recall   {self.recall['adapter']:.3f} of the key facts with the adapter, {self.recall['base']:.3f} "
                    f"without ({self.recall['rows']} unseen wordings, {self.recall['facts']} trained facts)"
                )
                out.append(f"  stops    {self.recall['stopped']:.0%} of the answers end by themselves")
            out.append(f"  adapter  {self.pack.path.parent.name}/{self.pack.family} -> {self.pack.name}")
        return out + [f"  note: {note}" for note in self.notes]

    def as_json(self) -> dict[str, Any]:
        return {
            "plan": self.plan.as_json() if self.plan else None,
            "pack": str(self.pack.path) if self.pack else None,
            "steps": self.steps,
            "seconds": round(self.seconds, 2),
            "total_seconds": round(self.total_seconds, 2),
            "tokens_per_second": round(self.tokens_per_second, 1),
            "peak_bytes": self.peak_bytes,
            "stopped": self.stopped,
            "recall": self.recall,
            "selection": self.selection,
            "notes": list(self.notes),
        }
