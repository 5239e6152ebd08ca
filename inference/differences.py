"""How two things differ: what each is for, how they stand to each other, what they share, what only one of them has. In: two linked
targets. Out: a Section.

All of it is read from the graph and the documentation: bases, parameters, returns, errors, calls and members, each with its place.
Which one to use is only said in the words of the documentation, where it names both.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from brain.markup import prose
from brain.signatures import NOTHING
from brain.text import clean, one_line, paragraph, sentences
from brain.view import IMPLIED, is_aside, is_lifetime, is_public, is_test
from extractor.schema import Node
from extractor.spelling import owner_of
from inference.bearing import is_past
from inference.citations import Span
from inference.compose import Composer
from inference.link import Target
from inference.passages import passage
from inference.relations import Row
from inference.retrieve import Retriever
from inference.wording import (
    Claim,
    Section,
    at,
    brief,
    few,
    header,
    here,
    kind_of,
    name_of,
    names_of,
    parameters,
    places_of,
    purpose,
    quote,
    signature,
    unique,
)

_SAID: Final = 2  # sentences of a documentation that name the other one
_NAMED: Final = 6  # of what only one of them has
_PLAIN: Final = 0.7  # how sure a call is that is told as one
_READ: Final = 12  # sections of documents that are looked at
_CLASSES: Final = ("class", "interface")
_MODULES: Final = ("module", "package")
_Places = dict[str, tuple[Span, ...]]  # each name with where it stands
_Rows = Callable[[Target], _Places]


def compare(composer: Composer, retriever: Retriever | None, x: Target, y: Target) -> Section:
    """What each is, what they share, what only one has."""
    return _Pair(composer, retriever, *_beside(composer, x, y)).told()


def _beside(composer: Composer, x: Target, y: Target) -> tuple[Target, Target]:
    """The two, and of a name that means several things the one that stands beside the other: `get` of `Model.get_or_none`."""
    homes = [[_home(composer, n) if n is t.node or not is_test(n) else "" for n in (t.node, *t.others)] for t in (x, y)]
    shared = next((h for h in homes[0] if h and h in homes[1]), "")
    return (_at(x, homes[0], shared), _at(y, homes[1], shared)) if shared else (x, y)


def _home(composer: Composer, node: Node) -> str:
    owner = composer.relations.owner(node)
    return owner.id if owner is not None else ""


def _at(target: Target, homes: Sequence[str], home: str) -> Target:
    nodes = (target.node, *target.others)
    node = nodes[homes.index(home)]
    if node.id == target.node.id:
        return target
    return replace(target, node=node, group=(node,), others=tuple(n for n in nodes if n.id != node.id))


class _Pair:
    def __init__(self, composer: Composer, retriever: Retriever | None, x: Target, y: Target) -> None:
        self.composer, self.relations, self.retriever = composer, composer.relations, retriever
        self.pair = (x, y)
        both = [x.node, y.node]
        self.names = names_of(both) if len(names_of(both)) == 2 else [f"{name_of(n)} in {n.path}" for n in both]

    def told(self) -> Section:
        x, y = (t.node for t in self.pair)
        ids = (x.id, y.id)
        if x.id == y.id:
            same = Claim(f"Both names mean {name_of(x)}, {kind_of(x)} in {x.path}.", _place(x))
            return Section("compare", (same,), targets=ids[:1])
        claims = [c for target, name in zip(self.pair, self.names, strict=True) for c in self._what(target, name)]
        claims += [*self._of_each_other(), *self._in_documents(), *self._between()]
        shared, own = list(self._shared()), list(self._own())
        claims += [Claim("What they share:"), *shared] if shared else []
        claims += [Claim("What differs:"), *own] if own else []
        return Section("compare", tuple(claims), targets=ids)

    # What each is.

    def _what(self, target: Target, name: str) -> list[Claim]:
        node = target.node
        if node.type == "external":
            return list(self.composer.describe.outside(target).claims[:1])
        place = "" if node.type in _MODULES else f" in {node.path}"
        return [Claim(f"{name} is {kind_of(node)}{place}. {purpose(node, 40)}".rstrip(), _place(node))]

    def _of_each_other(self) -> Iterator[Claim]:
        """What the documentation of one says about the other, beyond what each is for."""
        for target, name, other in zip(self.pair, self.names, reversed(self.pair), strict=True):
            named = _word(other.node)
            doc = prose(inspect.cleandoc(clean(str(target.node.meta.get("doc", "")))))
            said = [s for part in re.split(r"\n\s*\n", doc) for s in sentences(paragraph(part)) if named.search(s)]
            told = purpose(target.node, 40)
            new = [s for s in said if s.strip() not in told and len(s.split()) > 3 and s.rstrip()[-1:] in ".!"][:_SAID]
            if new:
                yield Claim(f"The documentation of {name} says: “{quote(' '.join(new))}”", here(target.node))

    def _in_documents(self) -> Iterator[Claim]:
        """The paragraph of a document that names both."""
        x, y = (t.node for t in self.pair)
        if self.retriever is None or x.name == y.name:
            return
        for hit in self.retriever.search(f"{x.name} {y.name}", _READ, kinds=("section",)):
            if is_past(hit.path) or not hit.start:
                continue
            said = passage(self.retriever.lookup.text(hit.path, hit.start, hit.end), f"{x.name} {y.name}", hit.name)
            told = quote(" ".join(s for s in sentences(said) if any(_word(n).search(s) for n in (x, y))))
            if all(_word(n).search(told) for n in (x, y)) and told[-1] in ".!":
                yield Claim(f"In {hit.path}: “{told}”", (Span(hit.path, hit.start, hit.end, hit.node_id, "document"),))
                return

    def _between(self) -> Iterator[Claim]:
        """Whether one is built on, defined in, or calls the other."""
        for number, (target, name) in enumerate(zip(self.pair, self.names, strict=True)):
            other, theirs = self.pair[1 - number], self.names[1 - number]
            if self._is_below(number):
                yield Claim(f"{name} inherits from {theirs}.", (*here(target.node), *here(other.node)))
                continue
            if _home(self.composer, target.node) == other.node.id:
                yield Claim(f"{name} is defined in {theirs}.", here(target.node))
            # A constructor that is inherited makes those of the base as well.
            made = self.composer.describe.called(other.node)
            ids = {n.id for n in other.group} | ({made.id} if _home(self.composer, made) == other.node.id else set())
            rows = [r for r in self.relations.callees(target.group) if r.node.id in ids and r.confidence >= _PLAIN]
            if rows:
                yield Claim(f"{name} calls {theirs}.", at(rows[0]))

    def _is_below(self, number: int) -> bool:
        """Whether one of the pair inherits from the other."""
        above = self.pair[1 - number].node.id
        return above in {n.id for n in self.relations.ancestors(self.pair[number].node)}

    # What both have.

    def _shared(self) -> Iterator[Claim]:
        x, y = (t.node for t in self.pair)
        if not self._is_below(0) and not self._is_below(1):
            above = {n.id for n in self.relations.ancestors(y)}
            bases = [n for n in self.relations.ancestors(x) if n.id in above and n.type != "external"]
            if bases:
                yield _item(f"both inherit from {name_of(bases[0])}", here(bases[0]))
        owner = self.relations.owner(x)
        if owner is not None and _home(self.composer, y) == owner.id and x.type not in _MODULES:
            yield _item(f"both are defined in {name_of(owner)}", (*here(x), *here(y)))
        mine, theirs = map(self._taken, self.pair)
        taken = [name for name, written in mine.items() if theirs.get(name) == written]
        if taken:
            yield _item(f"both take {few([mine[n] for n in taken], _NAMED)}", self._signatures())
        given = _returned(x)
        if given and given == _returned(y):
            yield _item(f"both return {given}", self._signatures())
        for verb, rows in (
            ("raise", self._raised),
            ("may raise", self._may_raise),
            ("call", self._called),
            ("define", self._defined),
        ):
            found = [rows(target) for target in self.pair]
            both = [name for name in found[0] if name in found[1]]
            if both:
                spans = [span for name in both[:3] for of in found for span in of[name]]
                yield _item(f"both {verb} {few(both, _NAMED)}", tuple(spans))
        callers = [self._callers(target) for target in self.pair]
        both = [name for name in callers[0] if name in callers[1]]
        if both:
            spans = [span for name in both[:3] for span in (*callers[0][name], *callers[1][name])]
            yield _item(f"both are called by {few(both)}", tuple(spans))

    # What only one has.

    def _own(self) -> Iterator[Claim]:
        taken = [self._taken(target) for target in self.pair]
        for number, (target, name) in enumerate(zip(self.pair, self.names, strict=True)):
            mine, theirs = taken[number], taken[1 - number]
            only = [written for n, written in mine.items() if n not in theirs]
            # What a class hands on to its base with `**attrs`, it takes as well.
            handed_on = target.node.type in _CLASSES and any(written.startswith("**") for written in theirs.values())
            if only and not handed_on:
                yield _item(f"only {name} takes {few(only, _NAMED)}", here(self.composer.describe.called(target.node)))
        for n in [n for n, written in taken[0].items() if taken[1].get(n, written) != written][:4]:
            said = [f"{_default(of[n])} in {name}" for of, name in zip(taken, self.names, strict=True)]
            yield _item(f"{n} {' and '.join(said)}", self._signatures())
        for verb, read in (("returns", _returned), ("is set to", _value)):
            given = [read(target.node) for target in self.pair]
            if all(given) and given[0] != given[1]:
                told = [f"{name} {verb} {quote(value)}" for name, value in zip(self.names, given, strict=True)]
                yield _item("; ".join(told), self._signatures())
        yield from self._only("raises", self._raised, self._may_raise)
        yield from self._only("may raise", self._may_raise, self._raised)
        yield from self._only("calls", self._called)
        yield from self._only("defines", self._defined)

    def _only(self, verb: str, rows: _Rows, others: _Rows | None = None) -> Iterator[Claim]:
        found = [rows(target) for target in self.pair]
        if rows == self._defined and not all(found):
            return  # a class beside a function: that it has members is no difference
        for number, name in enumerate(self.names):
            if self._is_below(1 - number):
                continue  # what a base has, those below it have as well
            theirs = {**found[1 - number], **(others(self.pair[1 - number]) if others else {})}
            only = [n for n in found[number] if n not in theirs]
            if only:
                spans = tuple(span for n in only[:5] for span in found[number][n])
                yield _item(f"only {name} {verb} {few(only, _NAMED)}", spans)

    # Readings of one of them.

    def _taken(self, target: Target) -> dict[str, str]:
        """What it takes, in any of its definitions: the name of each parameter, and how it is declared."""
        taken: dict[str, str] = {}
        for node in target.group:
            for parameter in parameters(self.composer.describe.called(node)):
                taken.setdefault(str(parameter["name"]).lstrip("*&"), brief(parameter))
        return taken

    def _raised(self, target: Target) -> _Places:
        return _by_name(self.relations.raises(target.group)[0])

    def _may_raise(self, target: Target) -> _Places:
        return _by_name(self.relations.raises(target.group)[1])

    def _called(self, target: Target) -> _Places:
        if target.node.type in (*_CLASSES, *_MODULES):
            return {}
        rows = [r for r in self.relations.callees(target.group) if r.confidence >= _PLAIN and r.via not in IMPLIED]
        rows = [r for r in rows if r.node.type != "external" and not self._is_one(r.node)]
        return _by_name([r for r in rows if is_lifetime(r.node) or not r.node.name.startswith("__")])

    def _callers(self, target: Target) -> _Places:
        rows = [r for r in self.relations.callers(target.group) if not is_test(r.node) and not is_aside(r.node.path)]
        return _by_name([r for r in rows if not self._is_one(r.node)])

    def _is_one(self, node: Node) -> bool:
        return any(node.id == n.id for target in self.pair for n in target.group)

    def _defined(self, target: Target) -> _Places:
        if target.node.type not in (*_CLASSES, *_MODULES):
            return {}
        # What makes, destroys and copies it is the language's; one letter is a type variable.
        inner = [m for m in self.relations.members(target.node) if m.name != target.node.name and len(m.name) > 1]
        return {m.name: _place(m) for m in inner if is_public(m) and m.name[0] not in "_~" and m.name.isidentifier()}

    def _signatures(self) -> tuple[Span, ...]:
        return places_of(self.composer.describe.called(t.node) for t in self.pair)


def _place(node: Node) -> tuple[Span, ...]:
    return header(node) if node.type in _MODULES else here(node)


def _item(text: str, spans: tuple[Span, ...]) -> Claim:
    return Claim(text, spans, item=True)


def _word(node: Node) -> re.Pattern[str]:
    """A name as a word of its own, spelled as it is."""
    return re.compile(rf"(?<![\w-]){re.escape(node.name)}(?![\w-])")


def _returned(node: Node) -> str:
    given = one_line(str(node.meta.get("returns", ""))) if node.type in ("function", "method") else ""
    return "" if given in NOTHING else given


def _value(node: Node) -> str:
    """What a variable is set to."""
    written = str(node.meta.get("value") or "") or signature(node).partition("=")[2]
    return one_line(written) if node.type == "variable" else ""


def _default(written: str) -> str:
    """What a parameter is when it is not passed: `timeout=3` is 3 by default."""
    default = written.partition("=")[2]
    return f"is {default} by default" if default else "has no default"


def _by_name(rows: Sequence[Row]) -> _Places:
    return {owner_of(n) if is_lifetime(n := row.node) and owner_of(n) else name_of(n): at(row) for row in unique(rows)}
