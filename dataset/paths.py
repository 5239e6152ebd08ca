"""Topics of two edges: what lies one step behind what a node relates to. Facts in, topics out.

Each topic states every fact of its path, and is left out where the answer would have to drop some: a list that is cut short
cannot be told from a wrong one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from brain.facts import Fact
from dataset.names import listing, plural_verb, unique
from dataset.topics import RUNS, TYPES, Ask, Topic

MOST = 3  # middle nodes an answer walks through


def callee_files(ask: Ask) -> Topic | None:
    s = ask.subject
    called = [f for f in ask.all("calls") if ask.facts.first(f.object, "path")]
    paths = [ask.facts.first(f.object, "path") for f in called]
    elsewhere = {p.object for p in paths if p is not None} - {s.path}
    if s.type not in RUNS or not called or len(called) > 5 or len(called) != len(ask.all("calls")) or not elsewhere:
        return None
    pairs = [
        f"`{ask.facts.names.subject(f.object).label}` in `{p.object}`" for f, p in zip(called, paths, strict=True) if p
    ]
    answers = (f"{s.said()} calls {listing(pairs)}.",)
    return ask.topic("callee_files", "explain", "control flow", answers, [*called, *paths], "two_hop")


def callee_callees(ask: Ask) -> Topic | None:
    return _two_calls(ask, "calls", "callee_callees", "explain", "control flow", "calls", "calls")


def callee_errors(ask: Ask) -> Topic | None:
    return _two_calls(ask, "raises", "callee_errors", "diag", "error cause", "calls", "raises")


def _two_calls(ask: Ask, second: str, aspect: str, kind: str, intent: str, verb: str, then: str) -> Topic | None:
    s = ask.subject
    hops: list[tuple[Fact, Sequence[Fact]]] = []
    for fact in ask.all("calls"):
        further = [f for f in ask.facts.listed(fact.object, second) if f.object != s.id]
        if further:
            hops.append((fact, further))
    if s.type not in RUNS or not 0 < len(hops) <= MOST or any(len(further) > 5 for _, further in hops):
        return None
    pieces = [f"{ask.said(f.object)}, which {then} {listing([ask.said(g.object) for g in gs])}" for f, gs in hops]
    used = [fact for f, gs in hops for fact in (f, *gs)]
    joined = "; and ".join(pieces)
    answers = (f"{s.said()} {verb} {joined}.",)
    return ask.topic(aspect, kind, intent, answers, used, "two_hop")


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


def grandparent(ask: Ask) -> Topic | None:
    s = ask.subject
    hops = [(f, ask.facts.listed(f.object, "extends")) for f in ask.all("extends")]
    hops = [(f, gs) for f, gs in hops if gs]
    if s.type not in TYPES or not 0 < len(hops) <= MOST:
        return None
    pieces = [f"{ask.said(f.object)}, which extends {listing([ask.said(g.object) for g in gs])}" for f, gs in hops]
    joined = "; and ".join(pieces)
    answers = (f"{s.said()} extends {joined}.",)
    return ask.topic(
        "grandparent", "explain", "architecture", answers, [x for f, gs in hops for x in (f, *gs)], "two_hop"
    )


def error_base(ask: Ask) -> Topic | None:
    s = ask.subject
    hops = [(f, ask.facts.listed(f.object, "extends")) for f in ask.all("raises")]
    hops = [(f, gs) for f, gs in hops if gs]
    if s.type not in RUNS or not 0 < len(hops) <= MOST:
        return None
    pieces = [f"{ask.said(f.object)}, which extends {listing([ask.said(g.object) for g in gs])}" for f, gs in hops]
    joined = "; and ".join(pieces)
    answers = (f"{s.said()} raises {joined}.",)
    return ask.topic("error_base", "diag", "error cause", answers, [x for f, gs in hops for x in (f, *gs)], "two_hop")


def error_reach(ask: Ask) -> Topic | None:
    s = ask.subject
    hops = [(f, ask.facts.listed(f.object, "called_by")) for f in ask.all("raised_by")]
    hops = [(f, gs) for f, gs in hops if gs]
    if s.type not in (*TYPES, "external") or not 0 < len(hops) <= MOST or any(len(gs) > 5 for _, gs in hops):
        return None
    pieces = [f"{ask.said(f.object)}, which is called by {listing([ask.said(g.object) for g in gs])}" for f, gs in hops]
    joined = "; and by ".join(pieces)
    answers = (f"{s.said()} is raised by {joined}.",)
    return ask.topic("error_reach", "diag", "error cause", answers, [x for f, gs in hops for x in (f, *gs)], "two_hop")


def path_of(topic: Topic) -> tuple[str, ...]:
    """The ids of the facts a two-edge topic composes, for the split that holds the path out while its edges are trained."""
    return tuple(unique(f.id for f in topic.facts))


TWO_HOP: tuple[Callable[[Ask], Topic | None], ...] = (
    callee_files, callee_callees, callee_errors, owner_base, grandparent, error_base, error_reach,
)  # fmt: skip
