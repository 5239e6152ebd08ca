"""What a dataset run reports: counts by kind, form, intent, language and split, facts covered, drops, shortages, samples."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from config.console import plural


@dataclass(frozen=True, slots=True)
class DatasetReport:
    """`skipped` when there was nothing to do. `shortages` maps a kind to why it has fewer rows than wanted."""

    skipped: bool
    path: str = ""
    rows: int = 0
    valid: int = 0
    test: int = 0
    by_kind: dict[str, int] = field(default_factory=dict)
    by_form: dict[str, int] = field(default_factory=dict)
    by_kind_form: dict[str, dict[str, int]] = field(default_factory=dict)
    by_intent: dict[str, int] = field(default_factory=dict)
    by_language: dict[str, int] = field(default_factory=dict)
    by_split: dict[str, int] = field(default_factory=dict)
    facts: int = 0
    nodes: int = 0
    public: int = 0
    public_covered: int = 0
    top_nodes: int = 0
    top_facts_floor: float = 0.0
    refusals: float = 0.0
    dropped: dict[str, int] = field(default_factory=dict)
    shortages: dict[str, str] = field(default_factory=dict)
    teacher: dict[str, object] = field(default_factory=dict)
    teacher_lines: tuple[str, ...] = ()
    samples: list[dict[str, str]] = field(default_factory=list)
    seconds: float = 0.0

    def lines(self) -> list[str]:
        """The short report for a person."""
        if self.skipped:
            return [f"dataset: nothing to do, {self.path} is up to date with graph, notes and settings"]
        result = [
            f"{self.path}: {plural(self.rows, 'row')}, valid {self.valid:,}, test {self.test:,}"
            f" ({', '.join(f'{k} {n}' for k, n in self.by_split.items() if k.startswith('T'))})",
            "kinds      " + ", ".join(f"{k} {n:,}" for k, n in self.by_kind.items()),
            "forms      " + ", ".join(f"{k} {n:,}" for k, n in self.by_form.items()),
            f"knowledge  {plural(self.facts, 'fact')} about {plural(self.nodes, 'node')}; {self.public_covered:,} of"
            f" {self.public:,} public symbols have at least 3 facts; {self.refusals:.1%} refusals",
            f"depth      {self.top_facts_floor:.0%} of the facts about the {self.top_nodes} most important nodes have at least 5 forms",
        ]
        if self.dropped:
            result.append("dropped    " + ", ".join(f"{k} {n:,}" for k, n in self.dropped.items()))
        result += self.teacher_lines
        result += [f"shortage   {kind}: {why}" for kind, why in self.shortages.items()]
        for sample in self.samples[:3]:
            result.append(f"sample     {_short(sample['prompt'])} -> {_short(sample['response'])}")
        return [*result, f"dataset done in {self.seconds:.1f} s"]

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "teacher_lines"}


@dataclass(slots=True)
class Census:
    """Counts of the rows written to train.jsonl."""

    kind_form: Counter[tuple[str, str]] = field(default_factory=Counter)
    intent: Counter[str] = field(default_factory=Counter)
    language: Counter[str] = field(default_factory=Counter)
    forms_of_fact: Counter[str] = field(default_factory=Counter)
    nodes: set[str] = field(default_factory=set)
    refused: int = 0
    rows: int = 0

    def by_kind(self) -> dict[str, int]:
        return _sum(self.kind_form, 0)

    def by_form(self) -> dict[str, int]:
        return _sum(self.kind_form, 1)

    def nested(self) -> dict[str, dict[str, int]]:
        result: dict[str, dict[str, int]] = {}
        for (kind, form), number in sorted(self.kind_form.items()):
            result.setdefault(kind, {})[form] = number
        return result


def _sum(counts: Counter[tuple[str, str]], index: int) -> dict[str, int]:
    total: Counter[str] = Counter()
    for key, number in counts.items():
        total[key[index]] += number
    return dict(sorted(total.items()))


def _short(text: str, most: int = 110) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
