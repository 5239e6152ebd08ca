"""Aspects that list the other ends of a relation: callers, bases, importers, tests. Facts in, topics out."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from brain.facts import Fact
from dataset.names import count, listing, plural_verb, unique
from dataset.topics import CALLABLE, RUNS, SYMBOLS, TYPES, Ask, Topic, by_file, constructs, last, parted, perhaps

_MAYBE = {"calls": ("calls", "may call"), "called_by": ("is called by", "may be called by")}


def relation_aspect(
    aspect: str,
    relation: str,
    kind: str,
    intent: str,
    types: Sequence[str],
    one: str,
    two: str,
    form: str = "forward",
    limit: int = 6,
    verbs: tuple[str, str] = ("is", "are"),
    others: Sequence[str] = (),
) -> Callable[[Ask], Topic | None]:
    """An aspect that lists the other ends of one relation, those of the types `others` where given.

    `{s}` is the subject, `{o}` the list, `{v}` its verb.
    """

    def aspect_of(ask: Ask) -> Topic | None:
        found = [f for f in ask.all(relation) if ask.subject.type in types]
        found = [f for f in found if not others or ask.facts.names.subject(f.object).type in others]
        if not found:
            return None
        if relation in _MAYBE and any(map(perhaps, found)):
            return _hedged(ask, aspect, found, kind, intent, form, limit)
        shown = listing(unique(ask.said(f.object) for f in found), limit=limit)
        values = {"s": ask.subject.said(), "o": shown, "v": plural_verb(len(found), *verbs)}
        answers = (one.format(**values) + ask.place, two.format(**values) + ask.home)
        return ask.topic(aspect, kind, intent, answers, [*found[:limit], ask.one("path")], form)

    return aspect_of


def _hedged(
    ask: Ask, aspect: str, found: Sequence[Fact], kind: str, intent: str, form: str, limit: int
) -> Topic | None:
    """A list of calls some of which only may happen, those behind the others and with that word."""
    parts, used = [], []
    for facts, words in zip(parted(found), _MAYBE[aspect], strict=True):
        if facts:
            parts.append(f"{words} {listing(unique(ask.said(f.object) for f in facts), limit=limit)}")
            used += facts[:limit]
    return ask.topic(
        aspect,
        kind,
        intent,
        (f"{ask.subject.said()} {', and '.join(parts)}.{ask.place}",),
        [*used, ask.one("path")],
        form,
    )


calls = relation_aspect(
    "calls", "calls", "explain", "control flow", RUNS, "{s} calls {o}.", "{o} {v} called by {s}."
)  # fmt: skip
_callers = relation_aspect(
    "called_by", "called_by", "explain", "dependency", CALLABLE,
    "{s} is called by {o}.", "{o} {v} {s}.", "reverse", verbs=("calls", "call"),
)  # fmt: skip
_makers = relation_aspect(
    "called_by", "called_by", "explain", "dependency", TYPES,
    "{s} is constructed by {o}.", "{o} {v} {s}.", "reverse", verbs=("constructs", "construct"),
)  # fmt: skip


def called_by(ask: Ask) -> Topic | None:
    """Who calls a function, who makes objects of a class."""
    return _callers(ask) or _makers(ask)


extends = relation_aspect(
    "extends", "extends", "explain", "architecture", TYPES, "{s} extends {o}.", "{o} {v} extended by {s}."
)  # fmt: skip
_below_class = relation_aspect(
    "subclasses", "subclass", "explain", "architecture", ("class",), "{s} is extended by {o}.", "{o} {v} {s}.",
    "reverse", verbs=("extends", "extend"),
)  # fmt: skip
_below_interface = relation_aspect(
    "subclasses", "subclass", "explain", "architecture", ("interface",), "{s} is extended by {o}.", "{o} {v} {s}.",
    "reverse", verbs=("extends", "extend"), others=("interface",),
)  # fmt: skip
implementers = relation_aspect(
    "implementers", "subclass", "explain", "architecture", ("interface",), "{s} is implemented by {o}.", "{o} {v} {s}.",
    "reverse", verbs=("implements", "implement"), others=("class", "variable"),
)  # fmt: skip


def subclasses(ask: Ask) -> Topic | None:
    """What extends a class, or an interface by another interface."""
    return _below_class(ask) or _below_interface(ask)


implements = relation_aspect(
    "implements", "implements", "explain", "architecture", TYPES, "{s} implements {o}.", "{o} {v} implemented by {s}."
)  # fmt: skip
_overrides = relation_aspect(
    "overrides", "overrides", "explain", "architecture", ("method", "property", "variable"),
    "{s} overrides {o}.", "{o} is overridden by {s}.",
)  # fmt: skip


def overrides(ask: Ask) -> Topic | None:
    """The method of a base that the subject stands in for; one of an interface is implemented rather."""
    topic = _overrides(ask)
    base = ask.one("overrides")
    owner = ask.facts.first(base.object, "container") if base is not None else None
    if topic is None or owner is None or ask.facts.names.subject(owner.object).type != "interface":
        return topic
    told = (
        a.replace(" overrides ", " implements ").replace(" overridden by ", " implemented by ") for a in topic.answers
    )
    return replace(topic, answers=tuple(told))


imports = relation_aspect(
    "imports", "imports", "explain", "dependency", ("module",), "{s} imports {o}.", "{o} {v} imported by {s}.", limit=8
)  # fmt: skip
imported_by = relation_aspect(
    "imported_by", "imported_by", "explain", "dependency", ("module", "package", "class", "interface", "function", "variable"),
    "{s} is imported by {o}.", "{o} {v} {s}.", "reverse", 8, ("imports", "import"),
)  # fmt: skip
depends = relation_aspect(
    "depends", "depends_on", "explain", "dependency", ("module", "package"),
    "{s} depends on {o} from outside the project.", "From outside the project, {s} depends on {o}.", limit=8,
)  # fmt: skip


_TEST = re.compile(r"^(?:test|bench|example)|tests?$", re.I)


def tests(ask: Ask) -> Topic | None:
    """The tests that use the subject, and their files; tests proper before their helpers and what is nested in them."""
    s, users = ask.subject, ask.all("tested_by")
    found = sorted(users, key=lambda f: (perhaps(f), not _TEST.search(last(f.object))))[:4]
    if s.type not in SYMBOLS or not found:
        return None
    places = [ask.facts.first(f.object, "path") for f in found]
    shown = by_file(ask.facts.names, found, places)
    rest = len(users) - len(found)
    verb = "may be exercised by" if any(map(perhaps, found)) else "is exercised by"
    answers = [f"{s.said()} {verb} {shown}{'' if not rest else ', and in ' + count(rest, 'more place')}."]
    if verb.startswith("is"):
        answers += [f"See {shown}: {s.said()} is used there."]
    return ask.topic("tests", "howto", "usage", tuple(answers), [*found, *places])


def extend(ask: Ask) -> Topic | None:
    """Subclasses to learn from, and the methods they replace."""
    s, subclassed = ask.subject, list(ask.all("subclass"))
    if s.type not in TYPES or not subclassed:
        return None
    real = [f for f in subclassed if ask.facts.names.subject(f.object).type != "interface"]
    subclassed = real or subclassed
    shown = listing([ask.said(f.object) for f in subclassed], limit=4)
    replaced: list[Fact] = []
    for sub in subclassed[:4]:
        for member in ask.facts.about(sub.object, "member"):
            replaced += [
                f
                for f in ask.facts.about(member.object, "overrides")
                if f.object.startswith(f"{s.id}.") and not constructs(f.object)
            ]
    methods = unique(f"`{last(f.object)}`" for f in replaced)[:4]
    verb = "Subclass" if s.type == "class" else "Implement" if real else "Extend"
    fills = "implement" if s.type == "interface" else "override"
    over = f" They {fills} {listing(methods)}." if methods and len(subclassed) > 1 else ""
    over = f" It {fills}s {listing(methods)}." if methods and len(subclassed) == 1 else over
    answers: tuple[str, ...] = (
        f"{verb} {s.said()}, as {shown} {plural_verb(len(subclassed), 'does', 'do')}.{over}",
        f"{shown} {plural_verb(len(subclassed), 'shows', 'show')} how: {verb.lower()} {s.said()}.{over}",
    )
    if len(subclassed) > 1 and methods:
        answers = tuple(a.replace(f" They {fills} ", f" Among them they {fills} ") for a in answers)
    kept = [f for f in replaced if f"`{last(f.object)}`" in methods]
    return ask.topic("extend", "howto", "extension point", answers, [*subclassed[:4], *kept[:4]])
