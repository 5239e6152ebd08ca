"""Two examinations that need no dataset: old commits as questions, and a many-turned interview.

`from_git` asks the search where a commit's subject was implemented and looks whether a file it changed is among the answers.
`interview` lets an examiner walk the expert from entry points along what its answers name, and counts the facts that come out
per turn and per thousand tokens.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from brain.derive import facts_about
from brain.text import tokens
from brain.view import Near, is_aside, is_public, is_test
from config.console import Console
from config.errors import MissingInput, NothingFound
from config.settings import QuerySettings
from dataset.names import firsts
from extractor.history import open_git
from extractor.schema import Node
from inference.answer import Answer, Expert
from inference.wording import name_of

# Subjects that name no piece of code: no search could place them.
_IDLE: Final = re.compile(
    r"^(?:merge|revert|bump|release|version|typo|format|lint|docs?|changelog|update (?:changelog|deps|dependencies)"
    r"|fix (?:typo|lint))\b|#\d+\s*$",
    re.IGNORECASE,
)
_COMMITS: Final = 200
_ASKED: Final = ("What does {} do?", "What does {} call?", "Who calls {}?", "Which errors does {} raise?")


@dataclass(frozen=True, slots=True)
class GitReport:
    """Share of commits one of whose files stands among the first 1, 5, 10 files found; the index is today's, so read it as a bound."""

    commits: int
    hit1: float
    hit5: float
    hit10: float
    missed: tuple[str, ...]

    def lines(self) -> list[str]:
        return [
            f"commit subject → changed file: hit@1 {self.hit1:.3f}, @5 {self.hit5:.3f}, @10 {self.hit10:.3f} ({self.commits} commits)",
            *(f"  missed: {subject}" for subject in self.missed[:5]),
        ]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class InterviewReport:
    """`turns` are (question, new facts, tokens of the answer)."""

    turns: tuple[tuple[str, int, int], ...]
    facts: int
    per_turn: float
    per_thousand_tokens: float
    unanswered: int

    def lines(self) -> list[str]:
        return [
            *(f"{facts:>4} new facts  {question}" for question, facts, _ in self.turns),
            f"{self.facts} facts in {len(self.turns)} turns: {self.per_turn:.1f} per turn, {self.per_thousand_tokens:.1f} per 1,000"
            f" tokens; {self.unanswered} turns unanswered",
        ]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def from_git(settings: QuerySettings, console: Console, *, repo: Path | None = None) -> GitReport:
    """Ask for the subjects of the last commits that changed one or two indexed files. Raises MissingInput without history."""
    with Expert(settings, console, repo) as expert:
        root = repo or Path(expert.manifest.root)
        git, reason = open_git(root) if root.is_dir() else (None, "the repository is absent")
        if git is None or expert.retriever is None:
            raise MissingInput(
                f"no history to ask: {reason or 'there is no search index'}", "nanodex eval --from-git --repo <clone>"
            )
        indexed = {row.path for row in expert.graph.files() if row.status in ("ok", "partial")}
        ranks: list[int] = []
        missed = []
        for subject, paths in git.subjects(_COMMITS * 6):
            changed = [p for p in paths if p in indexed]
            if not 1 <= len(changed) <= 2 or len(subject.split()) < 4 or _IDLE.search(subject):
                continue
            hits = expert.retriever.lookup.search(subject, 60)
            files = list(dict.fromkeys(h.path for h in hits))
            rank = next((place for place, path in enumerate(files, 1) if path in changed), 0)
            ranks.append(rank)
            if not 0 < rank <= 10:
                missed.append(subject)
            if len(ranks) >= _COMMITS:
                break
        if not ranks:
            raise NothingFound(
                "no commit of this history changes one or two indexed files under a telling subject",
                "nanodex eval scores the held-out rows instead",
            )
        hit1, hit5, hit10 = (round(sum(0 < r <= k for r in ranks) / len(ranks), 3) for k in (1, 5, 10))
        return GitReport(len(ranks), hit1, hit5, hit10, tuple(missed))


def interview(settings: QuerySettings, console: Console, *, turns: int = 20) -> InterviewReport:
    """Ask `turns` questions, each about a name an earlier answer gave; count the facts each answer states for the first time."""
    with Expert(settings, console) as expert:
        queue = _openers(expert)
        seen = {n.id for n in queue}
        stated: set[str] = set()
        rows: list[tuple[str, int, int]] = []
        unanswered = 0
        while queue and len(rows) < turns:
            node = queue.pop(0)
            form = _ASKED[len(rows) % len(_ASKED)]
            question = form.format(node.id)
            answer = expert.ask(question)
            new = _stated(expert, node, answer) - stated
            stated |= new
            rows.append((form.format(name_of(node)), len(new), len(tokens(answer.text))))
            unanswered += not answer.answered
            for citation in answer.citations:
                other = expert.graph.node(citation.node_id)
                if other is not None and other.id not in seen and "#" in other.id and not is_test(other):
                    seen.add(other.id)
                    queue.append(other)
        spent = sum(cost for _, _, cost in rows)
        found = len(stated)
        per_turn = round(found / max(1, len(rows)), 2)
        return InterviewReport(tuple(rows), found, per_turn, round(1000 * found / max(1, spent), 2), unanswered)


def _openers(expert: Expert) -> list[Node]:
    """Where an examiner begins: the most called public functions and classes of the product, one per file first."""
    nodes = [n for n in expert.graph.nodes(["class", "function"]) if is_public(n) and not is_aside(n.path)]
    weight = {n.id: sum(1 for _ in expert.graph.edges(["calls", "extends"], dst=n.id)) for n in nodes}
    best = sorted(nodes, key=lambda n: (-weight[n.id], n.id))
    apart = firsts(best, lambda n: n.path)[:8]
    return [*apart, *[n for n in best[:24] if n not in apart]]


def _stated(expert: Expert, node: Node, answer: Answer) -> set[str]:
    """Ids of the facts about `node` that the answer's text names."""
    found = set()
    for fact in facts_about(Near(expert.graph), node):
        other = expert.graph.node(fact.object) if fact.object_is_node else None
        text = name_of(other) if other is not None else fact.object
        if text and text in answer.text:
            found.add(fact.id)
    return found
