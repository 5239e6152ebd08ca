"""Topics: the content of one question without its wording, and the view on facts that an aspect has.

A topic holds the subject, what else the question names, the answer in a few equal sentences, and the facts it states.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from brain.facts import Fact
from brain.view import is_aside, is_test
from dataset.names import Names, Subject, parts_of, token_count, unique
from dataset.score import code_tokens

SYMBOLS = ("class", "interface", "function", "method", "property", "variable")
CALLABLE = ("function", "method")
RUNS = (*CALLABLE, "property")
TYPES = ("class", "interface")
VERBATIM = 25  # the longest run of source tokens that an answer may repeat
ERRORS = frozenset({"raises", "may_raise", "catches"})  # a function that makes the error is no error
LISTED = frozenset({"calls", "called_by", "raised_by", "caught_by", "imported_by", "subclass"})


@dataclass(frozen=True, slots=True)
class Topic:
    """`answers` say the same thing in other words; each leads with the answer. `form` is that of its questions."""

    aspect: str
    kind: str
    intent: str
    form: str
    subject: Subject
    answers: tuple[str, ...]
    facts: tuple[Fact, ...]
    refs: tuple[str, ...]
    fills: dict[str, str] = field(default_factory=dict)


class Facts:
    """Facts by subject, and the names of nodes: all an aspect may look at."""

    def __init__(self, facts: Sequence[Fact], names: Names) -> None:
        self.names = names
        self._about: dict[str, dict[str, list[Fact]]] = {}
        for fact in facts:
            self._about.setdefault(fact.subject, {}).setdefault(fact.relation, []).append(fact)

    def about(self, node_id: str, relation: str) -> Sequence[Fact]:
        """Facts of one relation about a node, in the order they were derived."""
        return self._about.get(node_id, {}).get(relation, ())

    def first(self, node_id: str, relation: str) -> Fact | None:
        found = self.about(node_id, relation)
        return found[0] if found else None

    def listed(self, node_id: str, relation: str) -> Sequence[Fact]:
        """`about` without what nobody asks for: tests and examples as users, lambdas, library functions that a body calls."""
        found = self.about(node_id, relation)
        if relation in ERRORS:
            return [f for f in found if self.names.subject(f.object).type in (*TYPES, "external")]
        if relation in ("imports", "depends_on"):
            return [f for f in found if not f.object.startswith("ext:__future__")]
        if relation not in LISTED:
            return found
        beside = _beside(parts_of(node_id)[0])
        return [
            f
            for f in found
            if "<" not in f.object
            and (beside or not _beside(parts_of(f.object)[0]))
            and not (relation == "calls" and f.object.startswith("ext:"))
        ]

    def speaking(self, node_id: str, role: str) -> Sequence[str]:
        """Ids of ontology nodes to which this node is `role` (about, raiser, step …); none where there is no ontology."""
        return ()


def _beside(path: str) -> bool:
    """Whether a file stands beside the product: tests, examples, documentation."""
    return is_test(path) or is_aside(path)


@dataclass(frozen=True, slots=True)
class Ask:
    """One subject under consideration."""

    subject: Subject
    facts: Facts

    def all(self, relation: str) -> Sequence[Fact]:
        """Facts of one relation about the subject that are worth a question."""
        return self.facts.listed(self.subject.id, relation)

    def one(self, relation: str) -> Fact | None:
        return self.facts.first(self.subject.id, relation)

    def said(self, node_id: str) -> str:
        return self.facts.names.said(node_id)

    @property
    def place(self) -> str:
        """A closing sentence with the path, unless the label already shows it."""
        said = self.subject.in_path or self.subject.path in ("", self.subject.label)
        return "" if said else f" It is in `{self.subject.path}`."

    @property
    def home(self) -> str:
        """As `place`, with the subject named: behind a sentence that ends on something else."""
        return "" if not self.place else f" {self.subject.said()} is in `{self.subject.path}`."

    def topic(
        self,
        aspect: str,
        kind: str,
        intent: str,
        answers: Sequence[str],
        facts: Sequence[Fact | None],
        form: str = "forward",
        **fills: str,
    ) -> Topic:
        used = tuple(unique(f for f in facts if f is not None))
        nodes = [f.object for f in used if f.object_is_node]
        refs = tuple(
            r for r in unique([self.subject.id, *(f.subject for f in used), *nodes]) if self.facts.names.holds(r)
        )
        return Topic(aspect, kind, intent, form, self.subject, tuple(answers), used, refs, fills)


def resolves(text: str, facts: Sequence[Fact], ask: Ask) -> bool:
    """Whether every code-shaped token of a doc sentence is known, so that one doubtful word costs no whole overview."""
    paths = {f.object for f in facts if f.relation == "path"}
    return all(t in paths or ask.facts.names.exists(t.replace("::", ".")) for t in code_tokens(text))


def parameter(fact: Fact) -> str:
    """A parameter as an answer names it, with its default when that is short."""
    default = fact.qualifier("default")
    kind = fact.qualifier("kind")
    many = kind if kind in ("*", "**") else ""
    if many == "*" and not fact.subject.startswith("py:"):
        many = "..."  # a rest or variadic parameter
    name = fact.object if fact.object.startswith("*") else many + fact.object
    short = default and "`" not in default and token_count(default) <= 6
    return f"`{name}` (default `{default}`)" if short else f"`{name}`"


def short_code(text: str, limit: int) -> bool:
    """Whether a piece of code is short enough, and free of what would break a sentence, to stand in backticks."""
    return bool(text) and "`" not in text and "\n" not in text and token_count(text) <= limit


def last(node_id: str) -> str:
    """The plain name of a node."""
    name = node_id.rpartition("#")[2].partition("@")[0].rpartition(".")[2]
    return name or node_id


def hidden(node_id: str) -> bool:
    return last(node_id).startswith("_")
