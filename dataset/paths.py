"""Topics of two edges: what lies one step behind what a node relates to. Facts in, topics out.

Each topic states every fact of its path, and is left out where the answer would have to drop some: a list that is cut short
cannot be told from a wrong one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from brain.facts import Fact
from dataset.names import clauses, firsts, listing, plural_verb, unique
from dataset.topics import CALLABLE, RUNS, TYPES, Ask, Topic, by_file, constructs, hidden, last, parted

MOST: Final = 3  # middle nodes an answer walks through
FAN: Final = 5  # nodes that an answer names behind one of them
MEMBERS: Final = 8  # members that an answer lists; the rest is counted


class Hop(NamedTuple):
    """An edge of the subject, and the edges that go on from its far end."""

    first: Fact
    further: Sequence[Fact]


def _hops(ask: Ask, edges: Iterable[Fact], relation: str, sure: bool = False) -> list[Hop]:
    """The edges that go on by `relation`, other than back to the subject where only what is `sure` counts."""
    found = []
    for edge in edges:
        further = ask.facts.listed(edge.object, relation)
        if sure:
            further = [f for f in parted(further)[0] if f.object != ask.subject.id]
        if further:
            found.append(Hop(edge, further))
    return found


def _chain(
    ask: Ask, types: Sequence[str], hops: Sequence[Hop], aspect: str, kind: str, intent: str, verb: str, then: str
) -> Topic | None:
    """`S verb A, which then B and C; and D, which then E`: every path of two edges that starts alike."""
    s = ask.subject
    if s.type not in types or not 0 < len(hops) <= MOST or any(len(hop.further) > FAN for hop in hops):
        return None
    beyond: dict[str, list[str]] = {}  # alternatives of one name go by it together
    for hop in hops:
        beyond.setdefault(ask.said(hop.first.object), []).extend(ask.said(f.object) for f in hop.further)
    pieces = [f"{middle}, which {then} {listing(unique(ends))}" for middle, ends in beyond.items()]
    answer = f"{s.said()} {verb} {clauses(pieces, 'by ' if verb.endswith(' by') else '')}."
    return ask.topic(aspect, kind, intent, (answer,), _facts(hops), "two_hop")


def _facts(hops: Iterable[Hop]) -> list[Fact]:
    return [fact for hop in hops for fact in (hop.first, *hop.further)]


def callee_files(ask: Ask) -> Topic | None:
    s = ask.subject
    called = [f for f in ask.sure("calls") if ask.facts.first(f.object, "path")]
    paths = [ask.facts.first(f.object, "path") for f in called]
    elsewhere = {p.object for p in paths if p is not None} - {s.path}
    if s.type not in RUNS or not called or len(called) > 5 or len(called) != len(ask.sure("calls")) or not elsewhere:
        return None
    answers = (f"{s.said()} calls {by_file(ask.facts.names, called, paths)}.",)
    return ask.topic("callee_files", "explain", "control flow", answers, [*called, *paths], "two_hop")


def callee_callees(ask: Ask) -> Topic | None:
    hops = _hops(ask, ask.sure("calls"), "calls", sure=True)
    return _chain(ask, RUNS, hops, "callee_callees", "explain", "control flow", "calls", "calls")


def callee_errors(ask: Ask) -> Topic | None:
    hops = _hops(ask, ask.sure("calls"), "raises", sure=True)
    return _chain(ask, RUNS, hops, "callee_errors", "diag", "error cause", "calls", "raises")


def caller_callers(ask: Ask) -> Topic | None:
    hops = _hops(ask, ask.sure("called_by"), "called_by", sure=True)
    verb = "is called by"
    return _chain(ask, CALLABLE, hops, "caller_callers", "explain", "dependency", verb, verb)


def grandparent(ask: Ask) -> Topic | None:
    hops = _hops(ask, ask.all("extends"), "extends")
    return _chain(ask, TYPES, hops, "grandparent", "explain", "architecture", "extends", "extends")


def error_base(ask: Ask) -> Topic | None:
    hops = _hops(ask, ask.all("raises"), "extends")
    return _chain(ask, RUNS, hops, "error_base", "diag", "error cause", "raises", "extends")


def error_reach(ask: Ask) -> Topic | None:
    hops = _hops(ask, ask.all("raised_by"), "called_by")
    types = (*TYPES, "external")
    return _chain(ask, types, hops, "error_reach", "diag", "error cause", "is raised by", "is called by")


def import_chain(ask: Ask) -> Topic | None:
    """What the modules that a module imports import in turn, inside the repository."""
    hops = []
    for edge in filter(_whole, ask.all("imports")):
        further = [f for f in ask.facts.about(edge.object, "imports") if _whole(f) and f.object != ask.subject.id]
        hops += [Hop(edge, further)] if further else []
    return _chain(ask, ("module",), hops, "import_chain", "explain", "dependency", "imports", "imports")


def _whole(imported: Fact) -> bool:
    """Whether an import reaches a whole module of the repository."""
    return "#" not in imported.object and not imported.object.startswith("ext:")


def owner_base(ask: Ask) -> Topic | None:
    s, container = ask.subject, ask.one("container")
    if s.type not in ("method", "property") or container is None:
        return None
    bases = ask.facts.listed(container.object, "extends")
    if not bases or len(bases) > MOST:
        return None
    shown, owner = listing([ask.said(f.object) for f in bases]), ask.said(container.object)
    answers = (
        f"{owner}, the class of {s.said()}, extends {shown}.",
        f"{shown}: the class of {s.said()} is {owner}, which extends {plural_verb(len(bases), 'it', 'them')}.",
    )
    return ask.topic("owner_base", "explain", "architecture", answers, [container, *bases], "two_hop")


def inherited(ask: Ask) -> Topic | None:
    """What a class has from a base and does not define itself."""
    s = ask.subject
    own = {last(f.object) for f in ask.all("member")}
    hops = []
    for base in ask.all("extends"):
        got = [f for f in ask.facts.about(base.object, "member") if ask.facts.names.subject(f.object).type in RUNS]
        got = [f for f in got if not hidden(f.object) and last(f.object) not in own and not constructs(f.object)]
        # a property's setter is no member of its own
        got = firsts(got, lambda f: last(f.object))
        if got:
            hops.append(Hop(base, got))
    if s.type not in TYPES or not 0 < len(hops) <= MOST:
        return None
    pieces = [f"{_names(hop.further)} from {ask.said(hop.first.object)}" for hop in hops]
    used = _facts(Hop(hop.first, hop.further[:MEMBERS]) for hop in hops)
    answer = f"{s.said()} inherits {', and '.join(pieces)}."
    return ask.topic("inherited", "explain", "architecture", (answer,), used, "two_hop")


def replaced(ask: Ask) -> Topic | None:
    """Which methods of its bases a class replaces."""
    s = ask.subject
    pairs = [(f, o) for f in ask.all("member") for o in ask.facts.about(f.object, "overrides") if not hidden(f.object)]
    if s.type not in TYPES or not 0 < len(pairs) <= MEMBERS:
        return None
    of = [ask.facts.first(o.object, "container") for _, o in pairs]
    stated = [owner is not None and ask.facts.names.subject(owner.object).type == "interface" for owner in of]
    said: dict[str, list[str]] = {}  # what an interface declares is implemented rather
    for verb in ("overrides", "implements"):
        told = [o for (_, o), open_ in zip(pairs, stated, strict=True) if open_ == (verb == "implements")]
        if told:
            said[verb] = unique(ask.said(o.object) for o in told)
    answers = [f"{s.said()} {', and '.join(f'{v} {listing(o, limit=MEMBERS)}' for v, o in said.items())}."]
    if len(said) == 1:
        past = "overridden" if "overrides" in said else "implemented"
        (shown,) = said.values()
        answers += [f"{listing(shown, limit=MEMBERS)} {plural_verb(len(shown), 'is', 'are')} {past} by {s.said()}."]
    return ask.topic(
        "replaced", "explain", "architecture", tuple(answers), [x for pair in pairs for x in pair], "two_hop"
    )


def member_errors(ask: Ask) -> Topic | None:
    """What the functions of a class or module raise."""
    s = ask.subject
    hops = _hops(ask, (f for f in ask.all("member") if not hidden(f.object)), "raises")
    if s.type not in (*TYPES, "module") or not 0 < len(hops) <= 5 or any(len(hop.further) > 4 for hop in hops):
        return None
    pieces = [
        f"{ask.said(hop.first.object)} raises {listing(unique(ask.said(f.object) for f in hop.further))}"
        for hop in hops
    ]
    answers = (f"Among the public functions of {s.said()}, {'; '.join(unique(pieces))}.",)
    return ask.topic("member_errors", "diag", "error cause", answers, _facts(hops), "two_hop")


def caller_files(ask: Ask) -> Topic | None:
    called = (("is called by", ask.sure("called_by")),)
    return _files(ask, called, CALLABLE, "caller_files", "explain", "dependency")


def subclass_files(ask: Ask) -> Topic | None:
    extended = [f for f in ask.all("subclass") if f.qualifier("kind") != "implements"]
    implemented = [f for f in ask.all("subclass") if f.qualifier("kind") == "implements"]
    below = (("is extended by", extended), ("is implemented by", implemented))
    return _files(ask, below, TYPES, "subclass_files", "explain", "architecture")


def raiser_files(ask: Ask) -> Topic | None:
    raised = (("is raised by", ask.all("raised_by")),)
    return _files(ask, raised, (*TYPES, "external"), "raiser_files", "diag", "error cause")


def _files(
    ask: Ask, groups: Sequence[tuple[str, Sequence[Fact]]], types: Sequence[str], aspect: str, kind: str, intent: str
) -> Topic | None:
    """The other ends of relations with the files they stand in, each relation with the words that lead to it."""
    s, found = ask.subject, [f for _, facts in groups for f in facts]
    places = {f.object: ask.facts.first(f.object, "path") for f in found}
    paths = [p for p in places.values() if p is not None and p.object != s.path]
    if s.type not in types or not paths or len(found) > 5 or None in places.values():
        return None
    said = [
        f"{words} {by_file(ask.facts.names, facts, [places[f.object] for f in facts])}"
        for words, facts in groups
        if facts
    ]
    answers = (f"{s.said()} {', and '.join(said)}.",)
    return ask.topic(aspect, kind, intent, answers, [*found, *places.values()], "two_hop")


def why_caught(ask: Ask) -> Topic | None:
    """From a handler to the calls that the caught error comes out of."""
    return _met(
        ask,
        "catches",
        "calls",
        "raises",
        "why_caught",
        "{s} catches {e}, which {c}, called by it, {v}.",
        ("raises", "raise"),
    )


def handled_above(ask: Ask) -> Topic | None:
    """From an error that a function raises to the callers that catch it."""
    return _met(
        ask, "raises", "called_by", "catches", "handled_above", "{s} raises {e}; {c}, which {w} it, {v} that.",
        ("catches", "catch"),
    )  # fmt: skip


def _met(ask: Ask, here: str, way: str, there: str, aspect: str, sentence: str, verbs: tuple[str, str]) -> Topic | None:
    """An error that stands at both ends of a call: raised at the one, caught at the other."""
    s = ask.subject
    for error in ask.all(here):
        met = [
            (step, fact)
            for step in ask.all(way)
            for fact in ask.facts.about(step.object, there)
            if fact.object == error.object
            and step.object != s.id
            # Were the call outside the handler's reach, or the error raised again, it would come out of the catcher.
            and not _comes_out(ask, s.id if here == "catches" else step.object, error.object)
        ]
        if s.type in RUNS and 0 < len(met) <= 4:
            shown, one = listing(unique(ask.said(step.object) for step, _ in met)), plural_verb(len(met), *verbs)
            calls = plural_verb(len(met), "calls", "call")
            answers = (sentence.format(s=s.said(), e=ask.said(error.object), c=shown, v=one, w=calls),)
            return ask.topic(
                aspect, "diag", "error handling", answers, [error, *(x for pair in met for x in pair)], "two_hop"
            )
    return None


def _comes_out(ask: Ask, node_id: str, error: str) -> bool:
    return any(f.object == error for relation in ("raises", "may_raise") for f in ask.facts.about(node_id, relation))


def _names(members: Sequence[Fact]) -> str:
    return listing([f"`{last(f.object)}`" for f in members], limit=MEMBERS)


TWO_HOP: tuple[Callable[[Ask], Topic | None], ...] = (
    callee_files, callee_callees, callee_errors, owner_base, grandparent, error_base, error_reach,
    inherited, replaced, member_errors, caller_files, subclass_files, raiser_files, caller_callers, import_chain,
    why_caught, handled_above,
)  # fmt: skip
