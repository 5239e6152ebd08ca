"""How good the expert is, without a judge: every split of test.jsonl asked of every arm, scored against the rows' own facts.

Arms: extractive (retrieval alone, no weights), majority (the commonest trained answer), and, where a model is named, base and
adapter closed-book, an adapter of another repository, and adapter with retrieval. Out: a table, `reports/eval.json`, a picture,
and which figures fell by more than two points since the last report.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from config.console import Console
from config.errors import GateError, MissingInput
from config.manifest import digest, write_atomically
from config.settings import QuerySettings
from dataset.example import Example, read_examples
from dataset.score import Score, score, summarise
from dataset.splits import TESTS
from inference.answer import Expert
from inference.marks import without_marks
from inference.respond import Arm, adapter_arms, backend_arm, closed_book
from inference.wording import name_of

_ABOUT: Final = {
    "T0": "trained facts, in the wordings they were trained in",
    "T1": "trained facts, in other wordings",
    "T2": "things that training only stated, without a question about them",
    "T3": "edges that were trained from their other end only",
    "T4": "two edges in one question, both trained, never together",
    "T5": "real names among invented ones: those are to be refused, these not",
}
DROP: Final = 0.02
_ROUNDS: Final = 400  # of the bootstrap


@dataclass(frozen=True, slots=True)
class Row:
    """One arm on one split. `low` and `high` bound recall by a bootstrap over rows, 95 %. The refusal figures are None where
    the split has no row of that sort."""

    arm: str
    split: str
    rows: int
    recall: float
    low: float
    high: float
    precision: float
    exact: float
    false_refusal: float | None
    refusal_recall: float | None


@dataclass(frozen=True, slots=True)
class EvalReport:
    """`citations` are (checked, valid) of the extractive arm; `fell` the figures that dropped since the last report."""

    rows: tuple[Row, ...]
    citations: tuple[int, int]
    seconds: float
    path: str
    fell: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        head = "arm                  split  rows  recall  95 %          precision  exact  refused: real  fake"
        body = [
            f"{r.arm:<20} {r.split:<5} {r.rows:>5}  {r.recall:>6.3f}  {r.low:.3f}–{r.high:.3f}   {r.precision:>9.3f}"
            f"  {r.exact:>5.3f}  {_shown(r.false_refusal):>13} {_shown(r.refusal_recall):>5}"
            for r in self.rows
        ]
        told = [f"  {split}  {_ABOUT[split]}" for split in TESTS if any(r.split == split for r in self.rows)]
        checked, valid = self.citations
        tail = [f"citations {valid} of {checked} valid" if checked else "no citations"]
        return [
            head,
            *body,
            *told,
            *tail,
            *self.notes,
            *(f"fell: {text}" for text in self.fell),
            f"{self.seconds:.1f} s; {self.path}",
        ]

    def as_json(self) -> dict[str, Any]:
        return {"schema_version": 1, **asdict(self)}


def run(
    settings: QuerySettings,
    console: Console,
    *,
    dataset: Path = Path("dataset/test.jsonl"),
    out: Path = Path("reports"),
    wrong: str = "",
    sample: int = 200,
    seed: int = 0,
) -> EvalReport:
    """Score every arm that can be had. `settings.adapter` or `settings.endpoint` adds the model's arms, `wrong` names the
    adapter of another repository. At most `sample` rows per split. A figure that fell is for the caller to refuse: `refuse_fallen`."""
    begun = time.monotonic()
    rows = _sample(list(read_examples(dataset)), sample, seed)
    if not rows:
        raise MissingInput(f"{dataset} holds no rows", "make dataset")
    notes: list[str] = []
    with Expert(settings.model_copy(update={"mode": "extractive"}), console) as expert:
        known = _known(expert)
        checked: list[bool] = []
        arms: dict[str, Arm] = {
            "extractive": lambda asked: _extractive(expert, asked, checked),
            "majority": _majority(dataset),
        }
        if settings.adapter:
            arms |= adapter_arms(settings, expert, wrong)
        elif settings.endpoint:
            backend, reason = expert.with_settings(settings).backend()
            notes.append(reason)
            arms["adapter"] = closed_book(backend, settings.max_tokens)
            arms["adapter + retrieval"] = backend_arm(expert, backend)
        if (settings.adapter or settings.endpoint) and not wrong:
            notes.append("no adapter of another repository was named (--wrong): that control is missing")
        table = []
        for name, arm in arms.items():
            with console.progress(f"asking {name}", len(rows), "questions") as task:
                answers = arm(rows)
                task.advance(len(rows))
            table += _table(name, rows, answers, known, seed)
    report = EvalReport(tuple(table), (len(checked), sum(checked)), 0.0, str(out / "eval.json"), (), tuple(notes))
    report = replace(report, fell=_fallen(out / "eval.json", report), seconds=round(time.monotonic() - begun, 1))
    write_atomically(out / "eval.json", json.dumps(report.as_json(), indent=1, sort_keys=True) + "\n")
    write_atomically(out / "eval.svg", picture(report.rows))
    return report


def _sample(rows: list[Example], most: int, seed: int) -> list[Example]:
    """At most `most` rows of each split, chosen by a hash of their ids: the same rows every time."""
    chosen: list[Example] = []
    for split in TESTS:
        own = sorted((r for r in rows if r.meta.split == split), key=lambda r: digest((str(seed), r.id)))
        chosen += own[:most]
    return chosen


def _extractive(expert: Expert, rows: Sequence[Example], checked: list[bool]) -> list[str]:
    texts = []
    for row in rows:
        answer = expert.ask(row.prompt)
        checked += [bool(c.verified) for c in answer.citations]
        texts.append(without_marks(answer.text))
    return texts


def _majority(dataset: Path) -> Arm:
    """The answer most often given in training, whatever is asked."""
    train = dataset.with_name("train.jsonl")
    counted = Counter(row.response for row in read_examples(train)) if train.is_file() else Counter[str]()
    common = min(counted, key=lambda text: (-counted[text], text)) if counted else ""
    return lambda rows: [common] * len(rows)


def _known(expert: Expert) -> frozenset[str]:
    names: set[str] = set()
    for node in expert.graph.nodes():
        names |= {node.name, node.qualname, node.path, name_of(node)}
        names |= {str(p.get("name", "")) for p in node.meta.get("params", ())}
    return frozenset(names - {""})


def _table(arm: str, rows: Sequence[Example], answers: Sequence[str], known: frozenset[str], seed: int) -> list[Row]:
    scored = [(row, score(text, row, known=known)) for row, text in zip(rows, answers, strict=True)]
    table = []
    for split in TESTS:
        own = [(row, got) for row, got in scored if row.meta.split == split]
        if own:
            total = summarise(own)
            low, high = _interval(own, seed)
            recall, precision, exact = round(total.recall, 4), round(total.precision, 4), round(total.exact, 4)
            real = round(total.false_refusal, 4) if any(row.meta.answerable for row, _ in own) else None
            fake = round(total.refusal_recall, 4) if any(not row.meta.answerable for row, _ in own) else None
            table.append(Row(arm, split, len(own), recall, round(low, 4), round(high, 4), precision, exact, real, fake))
    return table


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _interval(scored: Sequence[tuple[Example, Score]], seed: int) -> tuple[float, float]:
    """A bootstrap interval of mean recall."""
    values = [s.recall for _, s in scored if s.recall is not None]
    if not values:
        return 0.0, 0.0
    rng = random.Random(seed)
    means = sorted(sum(rng.choices(values, k=len(values))) / len(values) for _ in range(_ROUNDS))
    return means[int(_ROUNDS * 0.025)], means[int(_ROUNDS * 0.975)]


def refuse_fallen(report: EvalReport) -> None:
    """Raises GateError when a figure fell since the last report."""
    if report.fell:
        raise GateError("; ".join(report.fell), f"see {report.path}; run eval again to accept the new level")


def _fallen(path: Path, report: EvalReport) -> tuple[str, ...]:
    """Figures more than two points below the last report's, same arm and split; more or fewer rows are other questions."""
    try:
        before: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        old = {(r["arm"], r["split"]): r for r in before["rows"]}
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return ()
    fell = []
    for row in report.rows:
        last = old.get((row.arm, row.split))
        if last is None or row.arm == "majority" or last.get("rows") != row.rows:
            continue
        for name, worse in (("recall", -1), ("refusal_recall", -1), ("false_refusal", 1)):
            now, then = getattr(row, name), last.get(name)
            if now is not None and then is not None and worse * (now - then) > DROP:
                fell.append(f"{row.arm} {row.split} {name} {then:.3f} → {now:.3f}")
    return tuple(fell)


def picture(rows: Sequence[Row]) -> str:
    """Recall per split, one bar per arm, as SVG: the same bytes for the same figures."""
    arms = list(dict.fromkeys(r.arm for r in rows))
    splits = [s for s in TESTS if any(r.split == s for r in rows)]
    colors = ("#0f766e", "#a8a29e", "#78716c", "#c2410c", "#b91c1c", "#1d4ed8")
    width, bar, gap = 90 + len(splits) * (len(arms) * 16 + 26), 14, 26
    parts = []
    for number, split in enumerate(splits):
        left = 60 + number * (len(arms) * 16 + gap)
        parts.append(f'<text x="{left}" y="235">{split}</text>')
        for place, arm in enumerate(arms):
            value = next((r.recall for r in rows if r.arm == arm and r.split == split), 0.0)
            tall = round(180 * value, 1)
            color = colors[place % len(colors)]
            parts.append(
                f'<rect x="{left + place * 16}" y="{220 - tall}" width="{bar}" height="{tall}" fill="{color}"/>'
            )
    for place, arm in enumerate(arms):
        color = colors[place % len(colors)]
        parts.append(f'<text x="60" y="{260 + place * 15}" fill="{color}">■ {arm}</text>')
    for level in range(5):
        y = 220 - 45 * level
        parts.append(f'<text x="50" y="{y + 4}" text-anchor="end">{level / 4:.2f}</text>')
    height = 265 + 15 * len(arms)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">'
        f'<rect width="{width}" height="{height}" fill="#fff"/><text x="60" y="20">Key-fact recall by split and arm</text>'
        f"{''.join(parts)}</svg>\n"
    )
