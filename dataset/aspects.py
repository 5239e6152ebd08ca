"""What can be asked about a node and what the true answer is: facts in, topics out.

A topic is one question's content without its wording: the subject, what else the question names, the answer in a few equal
sentences, and the facts it states. An aspect is one function here; it returns None where the facts do not suffice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from brain.facts import Fact
from dataset.names import Names, Subject, count, listing, plural_verb, token_count, unique
from dataset.score import code_tokens
from dataset.wording import clause

SYMBOLS = ("class", "interface", "function", "method", "property", "variable")
CALLABLE = ("function", "method")
RUNS = (*CALLABLE, "property")
TYPES = ("class", "interface")
VERBATIM = 25  # the longest run of source tokens that an answer may repeat


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

    def relations(self, node_id: str) -> Sequence[str]:
        return tuple(self._about.get(node_id, {}))

    @property
    def subjects(self) -> list[str]:
        return sorted(self._about)


@dataclass(frozen=True, slots=True)
class Ask:
    """One subject under consideration."""

    subject: Subject
    facts: Facts

    def all(self, relation: str) -> Sequence[Fact]:
        return self.facts.about(self.subject.id, relation)

    def one(self, relation: str) -> Fact | None:
        return self.facts.first(self.subject.id, relation)

    def said(self, node_id: str) -> str:
        return self.facts.names.said(node_id)

    @property
    def place(self) -> str:
        """A closing sentence with the path, unless the label already shows it."""
        return "" if self.subject.in_path or not self.subject.path else f" It is in `{self.subject.path}`."

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
        refs = tuple(unique([self.subject.id, *(f.subject for f in used), *nodes]))
        return Topic(aspect, kind, intent, form, self.subject, tuple(answers), used, refs, fills)


def location(ask: Ask) -> Topic | None:
    s, path, container = ask.subject, ask.one("path"), ask.one("container")
    if path is None or s.type not in SYMBOLS:
        return None
    if s.owner and container is not None and "#" in container.object:
        owner = ask.said(container.object)
        answers: tuple[str, ...] = (
            f"`{s.label}` is a {s.noun} of {owner}, defined in `{s.path}`.",
            f"In `{s.path}`: `{s.label}` is a {s.noun} of {owner}.",
        )
    else:
        answers = (
            f"`{s.label}` is a {s.noun} defined in `{s.path}`.",
            f"In `{s.path}`, as the {s.noun} `{s.label}`.",
        )
    return ask.topic("location", "discovery", "location", answers, [path, container])


def homonyms(ask: Ask) -> Topic | None:
    """A name that several files define, asked without saying which: the answer is all of them."""
    s = ask.subject
    paths = ask.facts.names.homonyms(s.qualname)
    if s.type not in SYMBOLS or not 2 <= len(paths) <= 6 or s.owner or s.path != min(paths):
        return None
    ids = [f"{s.id.partition(':')[0]}:{path}#{s.qualname}" for path in sorted(paths)]
    found = [f for f in (ask.facts.first(i, "path") for i in ids) if f is not None]
    if len(found) != len(paths):
        return None
    shown = listing([f"`{f.object}`" for f in found])
    answers = (
        f"`{s.qualname}` is defined in {len(found)} files: {shown}.",
        f"There are {len(found)} of that name: `{s.qualname}` stands in {shown}.",
    )
    return ask.topic("homonyms", "discovery", "location", answers, found, o=f"`{s.qualname}`")


def purpose(ask: Ask) -> Topic | None:
    s, doc, path = ask.subject, ask.one("purpose"), ask.one("path")
    if doc is None or path is None or token_count(doc.object) > VERBATIM:
        return None
    does = clause(doc.object, s.noun)
    said = s.said()
    if s.type in ("module", "package"):
        answers: tuple[str, ...] = (
            (f"{said} {does}.",) if does else (f"The documentation of {said} says: “{doc.object}”",)
        )  # fmt: skip
        return ask.topic("purpose", "explain", "purpose", answers, [doc, path])
    if does:
        answers = (f"{said} {does}.{ask.place}", f"The {s.noun} {said} {does}.{ask.place}")
    else:
        answers = (f"{said} is documented as “{doc.object}”{ask.place}",)
    container = ask.one("container")
    if container is not None and "#" not in container.object:
        container = None
    return ask.topic("purpose", "explain", "purpose", answers, [doc, path])


def find(ask: Ask) -> Topic | None:
    """The purpose's way back: from what it does to its name."""
    s, doc, path = ask.subject, ask.one("purpose"), ask.one("path")
    if doc is None or path is None or s.type not in SYMBOLS or not 4 <= token_count(doc.object) <= VERBATIM:
        return None
    if s.name.strip("_").lower() in doc.object.lower():
        return None
    does = clause(doc.object, s.noun)
    asked = does or f'is documented as "{doc.object.rstrip(".")}"'
    answers = (f"`{s.label}` in `{s.path}`.", f"That is the {s.noun} `{s.label}` in `{s.path}`.")
    return ask.topic("find", "discovery", "feature location", answers, [doc, path], "reverse", o=asked)


def members(ask: Ask) -> Topic | None:
    s = ask.subject
    found = [f for f in ask.all("member") if s.type in TYPES]
    found = [f for f in found if not _hidden(f.object)]
    if not found:
        return None
    names = [f"`{_last(f.object)}`" for f in found]
    shown = listing(names, limit=10)
    answers: tuple[str, ...] = (f"{s.said()} has {count(len(found), 'member')}: {shown}.{ask.place}",)
    if len(found) > 1:
        answers += (f"{shown} are the members of {s.said()}.{ask.home}",)
    return ask.topic("members", "discovery", "architecture", answers, [*found[:10], ask.one("path")])


def contents(ask: Ask) -> Topic | None:
    s = ask.subject
    found = [f for f in ask.all("member") if s.type == "module" and not _hidden(f.object)]
    if not found:
        return None
    names = [f"`{_last(f.object)}`" for f in found]
    shown = listing(names, limit=10)
    answers = (f"{s.said()} defines {shown}.", f"{shown} {plural_verb(len(found), 'is', 'are')} defined in {s.said()}.")
    return ask.topic("contents", "discovery", "architecture", answers, found[:10])


def returns(ask: Ask) -> Topic | None:
    s, fact = ask.subject, ask.one("returns")
    if fact is None or s.type not in RUNS or "`" in fact.object or token_count(fact.object) > VERBATIM:
        return None
    kind = fact.object.strip("\"'")
    answers: tuple[str, ...] = (
        f"{s.said()} is declared to return `{kind}`.{ask.place}",
        f"`{kind}` is what {s.said()} declares to return.{ask.home}",
    )
    return ask.topic("returns", "explain", "data flow", answers, [fact, ask.one("path")])


def declared(ask: Ask) -> Topic | None:
    """The declared type of a variable or field."""
    s, fact = ask.subject, ask.one("returns")
    if fact is None or s.type != "variable" or not _short_code(fact.object, VERBATIM):
        return None
    kind = fact.object.strip("\"'")
    answers = (
        f"{s.said()} is declared as `{kind}`.{ask.place}",
        f"`{kind}` is the declared type of {s.said()}.{ask.home}",
    )
    return ask.topic("declared", "explain", "data flow", answers, [fact, ask.one("path")])


def _relation(
    aspect: str,
    relation: str,
    kind: str,
    intent: str,
    types: Sequence[str],
    one: str,
    two: str,
    form: str = "forward",
    limit: int = 6,
) -> Callable[[Ask], Topic | None]:
    """An aspect that lists the other ends of one relation. `{s}` is the subject, `{o}` the list, `{are}` agrees with it."""

    def aspect_of(ask: Ask) -> Topic | None:
        found = [f for f in ask.all(relation) if ask.subject.type in types]
        if not found:
            return None
        shown = listing(unique(ask.said(f.object) for f in found), limit=limit)
        values = {"s": ask.subject.said(), "o": shown, "are": plural_verb(len(found), "is", "are")}
        answers = (one.format(**values) + ask.place, two.format(**values) + ask.home)
        return ask.topic(aspect, kind, intent, answers, [*found[:limit], ask.one("path")], form)

    return aspect_of


calls = _relation(
    "calls", "calls", "explain", "control flow", RUNS, "{s} calls {o}.", "{o} {are} called by {s}."
)  # fmt: skip
called_by = _relation(
    "called_by", "called_by", "explain", "dependency", (*CALLABLE, *TYPES),
    "{s} is called by {o}.", "{o} {are} what calls {s}.", "reverse",
)  # fmt: skip
extends = _relation(
    "extends", "extends", "explain", "architecture", TYPES, "{s} extends {o}.", "{o} {are} the base of {s}."
)  # fmt: skip
subclasses = _relation(
    "subclasses", "subclass", "explain", "architecture", TYPES, "{s} is extended by {o}.", "{o} {are} derived from {s}.",
    "reverse",
)  # fmt: skip
implements = _relation(
    "implements", "implements", "explain", "architecture", TYPES, "{s} implements {o}.", "{o} {are} implemented by {s}."
)  # fmt: skip
overrides = _relation(
    "overrides", "overrides", "explain", "architecture", ("method", "property"), "{s} overrides {o}.", "{o} is overridden by {s}."
)  # fmt: skip
imports = _relation(
    "imports", "imports", "explain", "dependency", ("module",), "{s} imports {o}.", "{o} {are} imported by {s}.", limit=8
)  # fmt: skip
imported_by = _relation(
    "imported_by", "imported_by", "explain", "dependency", ("module", "package", "class", "interface", "function", "variable"),
    "{s} is imported by {o}.", "{o} {are} what imports {s}.", "reverse", 8,
)  # fmt: skip
depends = _relation(
    "depends", "depends_on", "explain", "dependency", ("module", "package"),
    "{s} depends on {o} from outside the project.", "{o} {are} what {s} takes from outside the project.", limit=8,
)  # fmt: skip
caught_by = _relation(
    "caught_by", "caught_by", "diag", "error handling", (*TYPES, "external"),
    "{s} is caught in {o}.", "{o} {are} where {s} is caught.", "reverse",
)  # fmt: skip
catches = _relation(
    "catches", "catches", "diag", "error handling", RUNS, "{s} catches {o}.", "{o} {are} caught in {s}."
)  # fmt: skip


def tests(ask: Ask) -> Topic | None:
    """The tests that use the subject, and their files."""
    s, found = ask.subject, list(ask.all("tested_by"))[:4]
    if s.type not in SYMBOLS or not found:
        return None
    places = [ask.facts.first(f.object, "path") for f in found]
    files = unique(p.object for p in places if p is not None)
    shown = listing(unique(f"`{ask.facts.names.subject(f.object).label}`" for f in found))
    rest = len(ask.all("tested_by")) - len(found)
    where = f" in {listing([f'`{f}`' for f in files])}" if files else ""
    answers = (
        f"{s.said()} is exercised by {shown}{where}{'' if not rest else ', and by ' + count(rest, 'more test')}.",
        f"See {shown}{where}: {plural_verb(len(found), 'that test uses', 'those tests use')} {s.said()}.",
    )
    return ask.topic("tests", "howto", "usage", answers, [*found, *places])


def decorator(ask: Ask) -> Topic | None:
    s = ask.subject
    found = [
        f for f in ask.all("decorator") if s.type in SYMBOLS and "`" not in f.object and token_count(f.object) <= 12
    ]
    if not found or len(found) != len(ask.all("decorator")):
        return None
    shown = listing([f"`{f.object if f.object.startswith('@') else '@' + f.object}`" for f in found])
    answers: tuple[str, ...] = (
        f"{s.said()} carries {shown}.{ask.place}",
        f"{shown} {plural_verb(len(found), 'stands', 'stand')} above {s.said()}.{ask.home}",
    )
    return ask.topic("decorator", "explain", "definition", answers, [*found, ask.one("path")])


def parameters(ask: Ask) -> Topic | None:
    s, found = ask.subject, list(ask.all("parameter"))
    if s.type not in CALLABLE or ask.one("signature") is None:
        return None
    result = ask.one("returns")
    if result is not None and ("`" in result.object or token_count(result.object) > 12):
        result = None
    tail = f" It returns `{result.object.strip(chr(34) + chr(39))}`." if result is not None else ""
    if not found:
        written = ask.one("signature")
        if written is None or not _short_code(written.object, 20):
            return None
        answers: tuple[str, ...] = (
            f"{s.said()} takes no arguments: `{written.object}`.{ask.place}",
            f"Call {s.said()} without arguments; it is `{written.object}`.{ask.place}",
        )
        return ask.topic("parameters", "howto", "usage", answers, [written, ask.one("path")])
    shown = listing([_parameter(f) for f in found], limit=8)
    answers = (
        f"{s.said()} takes {shown}.{tail}{ask.place}",
        f"Pass {shown} to {s.said()}.{tail.replace(' It returns', ' The result is')}{ask.home}",
    )
    return ask.topic("parameters", "howto", "usage", answers, [*found[:8], result, ask.one("path")])


def defaults(ask: Ask) -> Iterator[Topic]:
    """One topic per parameter that has a short default."""
    s = ask.subject
    for fact in ask.all("parameter"):
        value = fact.qualifier("default")
        if s.type not in CALLABLE or not value or "`" in value or token_count(value) > 8:
            continue
        name = f"`{fact.object}`"
        noted = fact.qualifier("annotation")
        declared = f" It is declared as `{noted}`." if noted and "`" not in noted and token_count(noted) <= 12 else ""
        tail = f" {s.said()} is a {s.noun} in `{s.path}`." if not s.in_path else ""
        answers: tuple[str, ...] = (
            f"{name} defaults to `{value}` in {s.said()}.{declared}{tail}",
            f"`{value}` is the default of {name} in {s.said()}.{declared.replace(' It is', f' {name} is')}{tail}",
        )
        yield ask.topic("default", "howto", "usage", answers, [fact, ask.one("path")], o=fact.object)


def construct(ask: Ask) -> Topic | None:
    s = ask.subject
    if s.type != "class":
        return None
    for member in ask.all("member"):
        if _last(member.object) in ("__init__", "constructor", s.name) and "#" in member.object:
            found = ask.facts.about(member.object, "parameter")
            if not found:
                continue
            shown = listing([_parameter(f) for f in found], limit=8)
            answers: tuple[str, ...] = (
                f"The constructor of {s.said()} takes {shown}.{ask.home}",
                f"To make a {s.said()}, pass {shown}.{ask.home}",
            )
            return ask.topic("construct", "howto", "usage", answers, [*found[:8], ask.one("path")])
    return None


def value(ask: Ask) -> Topic | None:
    s, fact = ask.subject, ask.one("value")
    if (
        fact is None
        or s.type != "variable"
        or "`" in fact.object
        or not re.search(r"\w", fact.object)
        or token_count(fact.object) > VERBATIM
    ):
        return None
    answers: tuple[str, ...] = (
        f"{s.said()} is set to `{fact.object}`.{ask.place}",
        f"`{fact.object}` is the value of {s.said()}.{ask.home}",
    )
    return ask.topic("value", "howto", "configuration", answers, [fact, ask.one("path")])


def extend(ask: Ask) -> Topic | None:
    """Subclasses to learn from, and the methods they replace."""
    s, subclassed = ask.subject, ask.all("subclass")
    if s.type not in TYPES or not subclassed:
        return None
    shown = listing([ask.said(f.object) for f in subclassed], limit=4)
    replaced: list[Fact] = []
    for sub in subclassed[:4]:
        for member in ask.facts.about(sub.object, "member"):
            replaced += [
                f for f in ask.facts.about(member.object, "overrides") if f.object.startswith(f"{s.id}.")
            ]  # fmt: skip
    methods = unique(f"`{_last(f.object)}`" for f in replaced)[:4]
    over = f" They override {listing(methods)}." if methods and len(subclassed) > 1 else ""
    over = f" It overrides {listing(methods)}." if methods and len(subclassed) == 1 else over
    answers: tuple[str, ...] = (
        f"Subclass {s.said()}, as {shown} {plural_verb(len(subclassed), 'does', 'do')}.{over}",
        f"{shown} {plural_verb(len(subclassed), 'shows', 'show')} how: subclass {s.said()}.{over}",
    )
    if len(subclassed) > 1 and methods:
        answers = tuple(a.replace(" They override ", " Among them they override ") for a in answers)
    kept = [f for f in replaced if f"`{_last(f.object)}`" in methods]
    return ask.topic("extend", "howto", "extension point", answers, [*subclassed[:4], *kept[:4]])


def raises(ask: Ask) -> Topic | None:
    s, found = ask.subject, ask.all("raises")
    if s.type not in RUNS or not found:
        return None
    shown = listing(unique(ask.said(f.object) for f in found))
    detail = ""
    for fact in found:
        guard = fact.qualifier("guard")
        if _short_code(guard, 14):
            detail = f" {ask.said(fact.object)} comes under the condition `{guard}`."
            break
    verb = plural_verb(len(found), "is", "are")
    answers = (
        f"{s.said()} raises {shown}.{detail}{ask.home if detail else ask.place}",
        f"{shown} {verb} raised by {s.said()}.{detail}{ask.home}",
    )
    return ask.topic("raises", "diag", "error cause", answers, [*found[:6], ask.one("path")])


def may_raise(ask: Ask) -> Topic | None:
    s, found = ask.subject, ask.all("may_raise")
    if s.type not in RUNS or not found:
        return None
    shown = listing(unique(ask.said(f.object) for f in found))
    through = next((f for f in found if f.qualifier("callee")), None)
    detail = ""
    if through is not None and through.qualifier("callee") != s.id and ":" in through.qualifier("callee"):
        detail = f" {ask.said(through.object)} comes through {ask.said(through.qualifier('callee'))}."
    answers: tuple[str, ...] = (
        f"{s.said()} may raise {shown} through the code it calls.{detail}{ask.home if detail else ask.place}",
        f"{shown} may come out of {s.said()} through the code it calls.{detail}{ask.home}",
    )
    return ask.topic("may_raise", "diag", "error cause", answers, [*found[:6], ask.one("path")])


def raised_by(ask: Ask) -> Topic | None:
    s, found = ask.subject, ask.all("raised_by")
    if s.type not in (*TYPES, "external") or not found:
        return None
    shown = listing(unique(ask.said(f.object) for f in found))
    guarded = next((f for f in found[:6] if _short_code(f.qualifier("guard"), 14)), None)
    detail = f" In {ask.said(guarded.object)}, check `{guarded.qualifier('guard')}`." if guarded is not None else ""
    answers = (
        f"{s.said()} is raised by {shown}.{detail}{ask.home}",
        f"{shown} {plural_verb(len(found), 'raises', 'raise')} {s.said()}.{detail}{ask.home}",
    )
    path = ask.one("path") if s.path else None
    return ask.topic("raised_by", "diag", "error cause", answers, [*found[:6], path], "reverse")


def messages(ask: Ask) -> Iterator[Topic]:
    """One topic per error message of the subject: from the text back to the raiser."""
    s = ask.subject
    for fact in ask.all("raises"):
        text = re.sub(
            r"\{[^{}]*\}", "…", fact.qualifier("message")
        )  # what a reader of a log sees is not the expression
        if (
            s.type not in RUNS
            or '"' in text
            or len(re.findall(r"[A-Za-z]{2,}", text)) < 2
            or token_count(text) > VERBATIM
        ):
            continue
        guard = fact.qualifier("guard")
        under = f" under the condition `{guard}`" if _short_code(guard, 14) else ""
        error = ask.said(fact.object)
        answers: tuple[str, ...] = (
            f"{s.said()} raises {error} with this message{under}.{ask.home}",
            f"It is the message of {error}, raised by {s.said()}{under}.{ask.home}",
        )
        yield ask.topic("message", "diag", "error cause", answers, [fact, ask.one("path")], "reverse", o=text)


def overview(ask: Ask) -> Topic | None:
    """Everything short that is known, for a statement row."""
    s, path = ask.subject, ask.one("path")
    if path is None or s.type not in SYMBOLS:
        return None
    parts: list[str] = []
    used = [path]
    for aspect in (
        location,
        purpose,
        declared,
        value,
        extends,
        parameters,
        members,
        calls,
        raises,
        called_by,
        imported_by,
    ):
        topic = aspect(ask)
        if (
            topic is None
            or len(parts) == 5
            or (aspect is purpose and not _resolves(topic.answers[0], topic.facts, ask))
        ):
            continue
        text = topic.answers[0].removesuffix(ask.place)
        parts.append("It " + text.removeprefix(f"{s.said()} ") if parts and text.startswith(f"{s.said()} ") else text)
        used += topic.facts
    return ask.topic("overview", "explain", "definition", (" ".join(parts),), used, "statement")


def _resolves(text: str, facts: Sequence[Fact], ask: Ask) -> bool:
    """Whether every code-shaped token of a doc sentence is known, so that one doubtful word costs no whole overview."""
    paths = {f.object for f in facts if f.relation == "path"}
    return all(t in paths or ask.facts.names.exists(t.replace("::", ".")) for t in code_tokens(text))


def _parameter(fact: Fact) -> str:
    default = fact.qualifier("default")
    kind = fact.qualifier("kind")
    name = fact.object if fact.object.startswith("*") else (kind if kind in ("*", "**") else "") + fact.object
    short = default and "`" not in default and token_count(default) <= 6
    return f"`{name}` (default `{default}`)" if short else f"`{name}`"


def _short_code(text: str, limit: int) -> bool:
    return bool(text) and "`" not in text and "\n" not in text and token_count(text) <= limit


def _last(node_id: str) -> str:
    name = node_id.rpartition("#")[2].partition("@")[0].rpartition(".")[2]
    return name or node_id


def _hidden(node_id: str) -> bool:
    return _last(node_id).startswith("_")


SIMPLE: tuple[Callable[[Ask], Topic | None], ...] = (
    homonyms,
    location, purpose, find, members, contents, returns, declared, calls, called_by, extends, subclasses, implements, overrides,
    imports, imported_by, depends, decorator, parameters, construct, tests, value, extend, raises, may_raise, raised_by,
    caught_by, catches, overview,
)  # fmt: skip
MANY: tuple[Callable[[Ask], Iterator[Topic]], ...] = (defaults, messages)
