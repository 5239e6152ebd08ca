"""Which rows a training can afford to learn: facts of the most important nodes first, no more of them than the time allows.

A small model remembers what it has seen often enough. So under a time budget the number of different answers is limited by the
steps that fit, and what is left out is left to retrieval. Without a budget every row is kept.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dataset.example import Example

# How often the tiny base must see an answer, in whatever wording, to give it back (measured).
EXPOSURES: Final = 90
ASKED: Final = frozenset({"forward", "reverse", "two_hop"})
# Under a budget, different answers about one node: a few things about many nodes are worth more than all about a few.
PER_NODE: Final = 4
# Refusals are kept beside what is learnt: without them every name would be known.
REFUSALS: Final = 0.12


@dataclass(frozen=True, slots=True)
class Selection:
    """`rows` to train on; `nodes` and `facts` they teach, `all_facts` those of the whole dataset, `answers` different answers."""

    rows: tuple[Example, ...]
    nodes: tuple[str, ...]
    facts: frozenset[str]
    all_facts: int
    answers: int
    all_nodes: int

    @property
    def share(self) -> float:
        return len(self.facts) / self.all_facts if self.all_facts else 0.0

    def line(self) -> str:
        return (
            f"{len(self.facts):,} of {self.all_facts:,} facts ({self.share:.0%}) about {len(self.nodes):,} of "
            f"{self.all_nodes:,} nodes, {self.answers:,} different answers"
        )


def select(
    rows: Sequence[Example], *, max_nodes: int = 0, max_answers: int = 0, importance: Mapping[str, float] | None = None
) -> Selection:
    """Rows of the most important nodes, at most so many nodes and different answers (0: no limit).

    A row belongs to the first node it refers to. Without `importance` a node counts by its rows. Statements combine what
    questions ask for one by one, so they are no answers of their own.
    """
    if not max_answers and not max_nodes:
        facts = frozenset(fact for row in rows for fact in row.meta.facts)
        found = {row.refs[0] for row in rows if row.refs and row.meta.answerable}
        different = {frozenset(row.meta.facts) for row in rows if row.meta.form in ASKED}
        return Selection(tuple(rows), tuple(sorted(found)), facts, len(facts), len(different), len(found))
    by_node: dict[str, list[Example]] = defaultdict(list)
    if max_answers:
        # Reading a passage in the prompt is beyond a model this small, and such rows cost three others each.
        rows = [row for row in rows if row.meta.form != "context"]
    refusals = [row for row in rows if not row.meta.answerable]
    for row in rows:
        if row.meta.answerable and row.refs:
            by_node[row.refs[0]].append(row)
    weights = importance or Counter({node: len(found) for node, found in by_node.items()})
    ranked = sorted(by_node, key=lambda node: (-weights.get(node, 0.0), node))
    nodes = ranked[: max_nodes or None]
    kept: list[Example] = []
    answers: set[frozenset[str]] = set()
    used: list[str] = []
    for node in nodes:
        asked = _answers(by_node[node])
        chosen = set(asked[:PER_NODE] if max_answers else asked) - answers
        if max_answers and len(answers) + len(chosen) > max_answers:
            break
        answers |= chosen
        used.append(node)
        known = frozenset().union(*chosen)
        # A statement, or a correction, belongs to what its questions ask for; one that tells more would teach more.
        kept += [
            row
            for row in by_node[node]
            if frozenset(row.meta.facts) in chosen
            or (row.meta.form not in ASKED and (not max_answers or known.issuperset(row.meta.facts)))
        ]
    wanted_refusals = len(refusals) if not max_answers else min(len(refusals), int(len(kept) * REFUSALS))
    return Selection(
        rows=(*kept, *refusals[:wanted_refusals]),
        nodes=tuple(used),
        facts=frozenset(fact for row in kept for fact in row.meta.facts),
        all_facts=len({fact for row in rows for fact in row.meta.facts}),
        answers=len(answers),
        all_nodes=len(by_node),
    )


def _answers(rows: Sequence[Example]) -> list[frozenset[str]]:
    """The different answers questions of one node have, the shortest first: they cost least to learn."""
    lengths: dict[frozenset[str], int] = {}
    for row in rows:
        if row.meta.form in ASKED and row.meta.facts:
            facts = frozenset(row.meta.facts)
            lengths[facts] = min(len(row.response), lengths.get(facts, len(row.response)))
    return sorted(lengths, key=lambda facts: (lengths[facts], sorted(facts)))


def about(rows: Sequence[Example], facts: frozenset[str]) -> list[Example]:
    """Answerable rows all of whose facts are among `facts`."""
    return [row for row in rows if row.meta.answerable and row.meta.facts and facts.issuperset(row.meta.facts)]


def sample(rows: Sequence[Example], most: int) -> list[Example]:
    """At most `most` rows, evenly spread over the file: the same rows every time."""
    if len(rows) <= most:
        return list(rows)
    return [rows[i * len(rows) // most] for i in range(most)]
