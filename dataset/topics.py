"""Topics: the content of one question without its wording, and the view on facts that an aspect has.

A topic holds the subject, what else the question names, the answer in a few equal sentences, and the facts it states.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from brain.facts import Fact
from brain.signatures import LEFT_OPEN as LEFT_OPEN
from brain.view import is_aside, is_test
from dataset.names import Names, Subject, clauses, listing, parts_of, spec_of, token_count, unique
from dataset.score import code_tokens

SYMBOLS = ("class", "interface", "function", "method", "property", "variable")
CALLABLE = ("function", "method")
RUNS = (*CALLABLE, "property")
TYPES = ("class", "interface")
VERBATIM = 25  # the longest run of source tokens that an answer may repeat
ERRORS = frozenset({"raises", "may_raise", "catches"})  # a function that makes the error is no error
LISTED = frozenset(
    {"member", "calls", "called_by", "raised_by", "caught_by", "imported_by", "subclass", "used_by", "set_by"}
)


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
            return [f for f in found if self.thrown(f)]
        if relation in ("extends", "implements"):
            return [f for f in found if not f.qualifier("either")]
        if relation == "depends_on":
            return [f for f in found if not f.object.startswith("ext:__future__")]
        if relation == "imports":
            whole = {f.object for f in found if "#" not in f.object}  # their names go without saying
            kept = [f for f in found if "#" not in f.object or f.object.partition("#")[0] not in whole]
            return [f for f in kept if not f.object.startswith("ext:__future__")]
        if relation not in LISTED:
            return found
        aside, own = beside(node_id), parts_of(node_id)
        bare = relation == "raised_by" and self._bare(node_id, self.names.subject(node_id).type)
        return [
            f
            for f in found
            if "<" not in f.object
            and (aside or not beside(f.object))
            and parts_of(f.object) != own  # an overload of the same name
            and not (relation == "imported_by" and parts_of(f.object)[0] == own[0])  # tests inside the file itself
            and not (relation == "calls" and self._unsaid(f))
            and not (relation == "called_by" and _implied(f, node_id))
            and not (relation == "raised_by" and (self._passed_on(f.object, node_id) or bare))
        ]

    def _unsaid(self, call: Fact) -> bool:
        """Whether a call is none that its code spells out for us: outside the project, implied, or the making of an error."""
        return call.object.startswith("ext:") or _implied(call, call.object) or self._makes_error(call.object)

    def _makes_error(self, node_id: str) -> bool:
        """Whether a callee is an error's class or its constructor: that call is the raise, which is told as such."""
        made = constructs(node_id)
        if not made and self.names.types.get(node_id) not in TYPES:
            return False
        owner = next((f.object for f in self.about(node_id, "container")), "") if made else node_id
        return bool(owner) and any(
            self.about(i, "raised_by") for i in (owner, *(f.object for f in self.about(owner, "subclass")))
        )

    def thrown(self, fact: Fact) -> bool:
        """Whether a fact of ERRORS names an error that starts somewhere: a class, not a function that makes one, and not
        only passed on by handlers that raise it again."""
        error = fact.object
        kind = self.names.subject(error).type
        if kind not in (*TYPES, "external") or (kind == "external" and not classlike(error)) or self._bare(error, kind):
            return False
        if fact.relation == "raises":
            return not self._passed_on(fact.subject, error)
        raisers = self.about(error, "raised_by") if fact.relation == "may_raise" else ()
        return not raisers or any(not self._passed_on(f.object, error) for f in raisers)

    def _bare(self, node_id: str, kind: str) -> bool:
        """Whether an interface extends nothing: it types what makes an error, it is none."""
        return kind == "interface" and not self.about(node_id, "extends")

    def _passed_on(self, node_id: str, error: str) -> bool:
        """Whether a function only raises again what its own handler caught."""
        caught = any(f.object == error for f in self.about(node_id, "catches"))
        said = (f for f in self.about(node_id, "raises") if f.object == error)
        return caught and not any(f.qualifier("message") for f in said)

    def sites(self, node_id: str, error: str) -> int:
        """At how many places a function raises an error itself; one where there is no graph to count them in."""
        return 1

    def told_of_others(self, subject: Subject) -> bool:
        """Whether the documentation of some other node of the subject's kind says the same."""
        return False

    def speaking(self, node_id: str, role: str) -> Sequence[str]:
        """Ids of ontology nodes to which this node is `role` (about, raiser, step …); none where there is no ontology."""
        return ()


_TESTS = re.compile(r"^tests?$|Tests?$|TestCase$")


def perhaps(fact: Fact) -> bool:
    """Whether a call only may happen: of what stands in for the method that is called."""
    return fact.qualifier("via") == "override"


def parted(facts: Sequence[Fact]) -> tuple[list[Fact], list[Fact]]:
    """Calls that happen, and those that may."""
    return [f for f in facts if not perhaps(f)], [f for f in facts if perhaps(f)]


def _implied(call: Fact, callee: str) -> bool:
    """Whether no source spells a call out: a truth test, a loop, an item end in a method of a protocol that may be another's."""
    return call.qualifier("via") in ("protocol", "property", "iteration", "item") and hidden(callee)


@lru_cache(maxsize=100_000)
def beside(node_id: str) -> bool:
    """Whether a node stands beside the product: in a file of tests, examples or documentation, or in a namespace or class of tests."""
    path, qualname = parts_of(node_id)
    return is_test(path) or is_aside(path) or any(map(_TESTS.search, qualname.split(".")[:-1]))


def classlike(node_id: str) -> bool:
    """Whether an id outside the project may name an error: neither a whole package nor a function of a type (`io.Error.new`)."""
    *_, owner, name = ["", *re.split(r"[.:]+", parts_of(node_id)[1])]
    return "#" in node_id and not (name[:1].islower() and owner[:1].isupper())


@dataclass(frozen=True, slots=True)
class Ask:
    """One subject under consideration."""

    subject: Subject
    facts: Facts

    def all(self, relation: str) -> Sequence[Fact]:
        """Facts of one relation about the subject that are worth a question."""
        return self.facts.listed(self.subject.id, relation)

    def sure(self, relation: str) -> Sequence[Fact]:
        """The same without calls that only may happen."""
        return parted(self.all(relation))[0]

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
        named = unique([self.subject.id, *(f.subject for f in used), *nodes])
        refs = tuple(r for r in named if self.facts.names.holds(r))
        told = tuple(in_dialect(answer, kind, named) for answer in answers)
        return Topic(aspect, kind, intent, form, self.subject, told, used, refs, fills)


# How prose says "raises" of a language whose errors are values that come back, and "extends" of one whose types hold others.
_RETURNED = (
    (r"raises (`[^`]+`) with this message", r"fails with \1 and this message"),
    ("may raise", "may fail with"),
    ("is raised by", "comes from"),
    ("are raised by", "come from"),
    ("raised by", "which comes from"),
    ("raises it", "reports it"),
    ("raises", "fails with"),
    ("raise", "fail with"),
    ("catches", "recovers from"),
    ("catch", "recover from"),
    ("caught in", "recovered in"),
)
_EMBEDDED = (
    ("is extended by", "is embedded in"),
    ("are extended by", "are embedded in"),
    ("extends", "embeds"),
    ("extend", "embed"),
)
_DIALECT = {
    name: tuple((re.compile(rf"\b{said}\b"), told) for said, told in table)
    for name, table in (("returned", _RETURNED), ("embedded", _EMBEDDED))
}


def in_dialect(answer: str, kind: str, named: Sequence[str]) -> str:
    """An answer that names these nodes in the words of their languages; names in backticks stay as they are."""
    specs = [spec for spec in map(spec_of, named) if spec is not None]
    tables = [_DIALECT["returned"]] if kind == "diag" and not all(spec.throws for spec in specs) else []
    tables += [_DIALECT["embedded"]] if any(spec.embeds for spec in specs) else []
    for said, told in (pair for table in tables for pair in table):
        answer = said.sub(told, answer)
    return answer


def by_file(names: Names, facts: Sequence[Fact], places: Sequence[Fact | None]) -> str:
    """The objects of facts with the files they stand in, one mention of each file: `a` and `b` in `x.py`; and `c` in `y.py`."""
    homes: dict[str, list[str]] = {}
    for fact, place in zip(facts, places, strict=True):
        if place is not None:
            homes.setdefault(place.object, []).append(f"`{names.subject(fact.object).label}`")
    return clauses([_in_file(path, unique(said)) for path, said in homes.items()])


def _in_file(path: str, said: Sequence[str]) -> str:
    """What stands in a file, with the file; what runs there outside of any function is the file itself."""
    inner = [name for name in said if name != f"`{path}`"]
    itself = " and its top level" if len(inner) < len(said) else ""
    return f"{listing(inner)} in `{path}`{itself}" if inner else f"`{path}`"


def resolves(text: str, facts: Sequence[Fact], ask: Ask) -> bool:
    """Whether every code-shaped token of a doc sentence is known, so that one doubtful word costs no whole overview."""
    paths = {f.object for f in facts if f.relation == "path"}
    return all(t in paths or ask.facts.names.exists(t) for t in code_tokens(text))


def parameter(fact: Fact) -> str:
    """A parameter as an answer names it, with its default when that is short."""
    default = fact.qualifier("default")
    kind = fact.qualifier("kind")
    many = kind if kind in ("*", "**") else ""
    spec = spec_of(fact.subject)
    if many == "*" and spec is not None:
        many = spec.rest
    name = fact.object if fact.object.startswith("*") else many + fact.object
    if default == LEFT_OPEN:
        return f"`{name}` (optional)"
    short = default and "`" not in default and token_count(default) <= 6
    return f"`{name}` (default `{default}`)" if short else f"`{name}`"


def marked(decorator: Fact) -> str:
    """A decorator as its language writes it above a definition."""
    spec = spec_of(decorator.subject)
    return decorator.object if decorator.object[:1] in "@#[" or spec is None else spec.mark.format(decorator.object)


def short_code(text: str, limit: int) -> bool:
    """Whether a piece of code is short enough, and free of what would break a sentence, to stand in backticks."""
    return bool(text) and "`" not in text and "\n" not in text and token_count(text) <= limit


def last(node_id: str) -> str:
    """The plain name of a node."""
    name = node_id.rpartition("#")[2].partition("@")[0].rpartition(".")[2]
    return name or node_id


def constructs(node_id: str) -> bool:
    """Whether a method makes or ends objects of its class, or is a protocol's."""
    owner, _, name = parts_of(node_id)[1].rpartition(".")
    return name.startswith(("__", "~")) or name in ("constructor", owner.rpartition(".")[2])


def public(ask: Ask, member: Fact) -> bool:
    """Whether code outside may use a member, as far as the language says."""
    seen_by = ask.facts.first(member.object, "visibility")
    return seen_by is None or seen_by.object in ("public", "")


def hidden(node_id: str) -> bool:
    return last(node_id).startswith("_")
