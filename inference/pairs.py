"""Questions about two names: does A call B, the path from A to B. How A differs from B stands in `differences.py`.

A check answers yes, no, or unknown, and a false premise ("why does X import Y") is corrected with what is true instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from config.console import plural
from extractor.schema import STORED, Edge, Node
from inference.citations import Span
from inference.compose import Composer
from inference.link import Missing, Target
from inference.relations import Row, handlers_of
from inference.wording import Claim, Section, at, caught_at, here, join, name_of, opening, row_names, sites_of

_LISTED: Final = 6
_SAID: Final = {
    "calls": ("calls", "does not call", "callees"),
    "throws": ("raises", "does not raise", "raises"),
    "extends": ("extends", "does not extend", "bases"),
    "imports": ("imports", "does not import", "imports"),
    "catches": ("catches", "does not catch", "catches"),
    "defines": ("defines", "does not define", "members"),
    "returns": ("returns", "does not declare that it returns", "returns"),
}


def akin(x: Target, y: Target) -> tuple[Target, Target]:
    """Of names that several languages define, those of one language, where there are two."""
    if x.node.lang == y.node.lang:
        return x, y
    for one, other in ((x, y), (y, x)):
        same = [n for n in other.others if n.lang == one.node.lang]
        if same:
            rest = tuple(n for n in (other.node, *other.others) if n.id != same[0].id)
            chosen = replace(other, node=same[0], group=(same[0],), others=rest)
            return (one, chosen) if one is x else (chosen, one)
    return x, y


def check(composer: Composer, relation: str, x: Target, y: Target | Missing) -> Section:
    """Whether the relation holds from x to y; when it does not, what x does instead."""
    yes, no, instead = _SAID[relation]
    name, other = name_of(x.node), name_of(y.node) if isinstance(y, Target) else y.mention.name
    found = _found(composer, relation, x, y)
    if found is not None:
        return found
    relations = composer.relations
    kind = {"defines": "defined_in", "catches": "throws", "returns": "calls"}.get(relation, relation)
    absence = relations.absence(x.group, kind, inward=False)
    spans = opening(x.node)
    if not absence.certain and (relation in ("calls", "throws") or x.node.type == "external"):
        lead = Claim(f"No sign that {name} {yes} {other}, but it cannot be ruled out: {absence.reason}.", spans)
        value, score = "unknown", 0.6
    else:
        lead, value, score = Claim(f"No: {name} {no} {other}.", spans), "no", 0.9
    rest = composer.answer(instead, x)
    claims = (lead, *(_short(rest.claims) if rest and rest.value == "yes" else ()))
    return Section("check", claims, value, score, targets=(x.node.id,))


def _short(claims: Sequence[Claim]) -> tuple[Claim, ...]:
    """What holds instead, without a list that would bury the answer."""
    items = [c for c in claims if c.item]
    if len(items) <= _LISTED:
        return tuple(claims)
    return tuple(c for c in claims if not c.item and not c.text.endswith(":") and len(c.text) < 300)


def _found(composer: Composer, relation: str, x: Target, y: Target | Missing) -> Section | None:
    """That the relation holds, directly or through others; None where no sign of it was found."""
    wanted, label = _ids(composer, y)
    if relation in ("returns", "defines", "catches"):
        claim, score = _told(composer, relation, x, wanted, label), 1.0
    else:
        rows = [r for r in _edges(composer, relation, x) if r.node.id in wanted or _matches(r.node, y)]
        if rows:
            claim, score = _of_edges(composer, relation, x, label, rows)
        else:
            claim, score = (_indirectly(composer, relation, x, y, label) if isinstance(y, Target) else None), 1.0
    return Section("check", (claim,), score=score, targets=(x.node.id,)) if claim is not None else None


def _told(composer: Composer, relation: str, x: Target, wanted: frozenset[str], label: str) -> Claim | None:
    """What the definition itself tells: what it returns, defines, catches."""
    name = name_of(x.node)
    if relation == "returns":
        declared, last = str(x.node.meta.get("returns", "")), re.split(r"::|\.", label)[-1]
        told = last and last in declared
        return Claim(f"Yes: {name} is declared to return {declared}.", here(x.node)) if told else None
    if relation == "defines":
        inner = [m for m in composer.relations.members(x.node) if m.id in wanted or m.name == label]
        return Claim(f"Yes: {name} defines {name_of(inner[0])}.", here(inner[0])) if inner else None
    caught = [h for n in x.group for h in handlers_of(n) if wanted & set(h.errors) or label in h.names]
    return Claim(f"Yes: {name} catches {label}.", caught_at(caught[0])) if caught else None


def _edges(composer: Composer, relation: str, x: Target) -> list[Row]:
    """The edges from x that could be the relation; those of a class's members count where it raises."""
    kinds = {"extends": ("extends", "implements"), "imports": ("imports", "depends_on")}.get(relation, (relation,))
    group = composer.structure.modules(x.node) if relation == "imports" else x.group
    if relation == "throws" and x.node.type in ("class", "interface"):
        group = (*group, *composer.relations.members(x.node))
    return composer.relations.forward(group, *kinds, confidence=STORED)


def _of_edges(composer: Composer, relation: str, x: Target, label: str, rows: Sequence[Row]) -> tuple[Claim, float]:
    """(what the edges say, how sure it is)."""
    row, name = rows[0], name_of(x.node)
    if relation == "throws" and (within := composer.relations.node(row.site_node)) is not None:
        name = name_of(within)
    if relation == "throws" and not row.is_direct:
        return Claim(f"It may: {name} lets {label} through, through what it calls.", at(row)), 0.85
    sure = "Yes" if row.confidence >= 0.7 else "Probably"
    places = f" in {plural(len(rows), 'place')}" if len(rows) > 1 else ""
    return Claim(f"{sure}: {name} {_SAID[relation][0]} {label}{places}.", sites_of(rows[:5])), row.confidence


def _indirectly(composer: Composer, relation: str, x: Target, y: Target, label: str) -> Claim | None:
    """What leads from x to y through others: bases of bases, a chain of calls."""
    relations, name = composer.relations, name_of(x.node)
    if relation == "extends" and y.node.id in {n.id for n in relations.ancestors(x.node)}:
        steps = join(row_names(relations.bases(x.node)))
        text = f"Yes, indirectly: {name} inherits from {label} through {steps}."
        return Claim(text, (*here(x.node), *here(y.node)))
    chain = relations.path(x.group, y.group) if relation == "calls" else None
    if chain and 1 < len(chain) <= 4:
        between = [n for n in map(relations.node, (e.dst for e in chain[:-1])) if n is not None]
        text = f"Not directly: {name} reaches {label} through {join([name_of(n) for n in between])}."
        return Claim(text, tuple(_hop(composer, e) for e in chain))
    return None


def _ids(composer: Composer, y: Target | Missing) -> tuple[frozenset[str], str]:
    if isinstance(y, Missing):
        return frozenset(), y.mention.name
    group = {n.id for n in y.group}
    if y.node.type == "class":
        group |= {m.id for m in composer.relations.members(y.node) if m.name in ("__init__", "constructor")}
    return frozenset(group), name_of(y.node)


def _matches(node: Node, y: Target | Missing) -> bool:
    """An external node has no target of its own: compare by name."""
    if node.type != "external":
        return False
    wanted = y.mention.name.replace("::", ".")
    package, _, symbol = node.id.removeprefix("ext:").replace("::", ".").partition("#")
    return wanted in (package, symbol, f"{package}.{symbol}") and bool(wanted)


def _hop(composer: Composer, edge: Edge) -> Span:
    node = composer.relations.node(edge.src)
    line = edge.line
    path = node.path if node else ""
    return Span(path, line, line, node.id if node else "", "calls")


def path(composer: Composer, x: Target, y: Target) -> Section:
    """The shortest chain of calls from x to y, each hop with the line it stands on."""
    relations = composer.relations
    name, other = name_of(x.node), name_of(y.node)
    chain = relations.path(x.group, y.group)
    if chain is None:
        back = relations.path(y.group, x.group)
        loose = sum(1 for n in x.group for _ in composer.graph.unresolved(n.id, "calls"))
        tail = "; calls through values and callbacks may still lead there" if loose else ""
        claims = [Claim(f"No chain of known calls leads from {name} to {other}{tail}.", (*here(x.node), *here(y.node)))]
        if back:
            claims.append(Claim(f"There is one the other way round, from {other} to {name}:"))
            claims += _hops(composer, back)
        return Section("path", tuple(claims), "unknown" if loose else "no", 0.7, targets=(x.node.id, y.node.id))
    lead = f"{name} reaches {other} in {plural(len(chain), 'call')}:"
    return Section("path", (Claim(lead), *_hops(composer, chain)), targets=(x.node.id, y.node.id))


def _hops(composer: Composer, chain: list[Edge]) -> list[Claim]:
    claims = []
    for edge in chain:
        source, dest = composer.relations.node(edge.src), composer.relations.node(edge.dst)
        if source and dest:
            claims.append(Claim(f"{name_of(source)} calls {name_of(dest)}", (_hop(composer, edge),), item=True))
    return claims
