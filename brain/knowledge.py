"""How summaries of the brain's own nodes read: what a capability offers, what a concept is, when an error comes and what helps
against it, which calls a recipe makes. Facts in, sentences out, as in `brain/render.py`, which knows the code's own nodes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from brain.clauses import Sentence, enumeration, join_clauses
from brain.derive import FactTable
from brain.facts import Fact
from brain.text import opened, tokens, when
from extractor.schema import Node

if TYPE_CHECKING:
    from brain.render import Renderer


def purpose_of(table: FactTable, node: Node) -> Sentence | None:
    facts = table.about(node.id, "purpose")
    return Sentence(facts[0].object, (facts[0].id,), ()) if facts else None


def leaf_clause(lead: str, facts: Sequence[Fact], limit: int = 6) -> Sentence | None:
    """As `clause`, members by their own name: their class has just been named."""
    if not facts:
        return None
    shown = list(facts)[:limit] if len(facts) > limit + 1 else list(facts)
    names = [f.object.rpartition("#")[2].partition("@")[0].rpartition(".")[2] for f in shown]
    text = enumeration(list(dict.fromkeys(names)), len(facts) - len(shown))
    return Sentence(f"{lead} {text}", tuple(f.id for f in shown), tuple(f.object for f in shown))


def heirs(r: Renderer, facts: Sequence[Fact]) -> Sentence:
    """Who extends a type, and who implements it."""
    implementers = [f for f in facts if f.qualifier("kind") == "implements"]
    others = [f for f in facts if f.qualifier("kind") != "implements"]
    return join_clauses(r.clause("extended by", r.best(others)), r.clause("implemented by", r.best(implementers)))


def capability(r: Renderer, node: Node, table: FactTable) -> Iterator[Sentence]:
    """A class offers its methods; of several functions the first gives the purpose and the others are related."""
    purpose = purpose_of(table, node)
    serves = table.about(node.id, "serves")
    if not purpose:
        # Of one alone, or of what goes by one name, its own note says more.
        if len({r.name(f.object) for f in serves}) > 1:
            text, ids, refs = r.names(serves, 6)
            yield Sentence(f"Offers {text} to the code around it.", ids, refs)
        return
    yield purpose
    alone = node.meta.get("rule") != "public functions that share a noun"
    yield join_clauses(
        r.clause("offered by", serves if alone else serves[:1], 6), r.clause("related:", () if alone else serves[1:], 6)
    )


def concept(r: Renderer, node: Node, table: FactTable) -> Iterator[Sentence]:
    about = table.about(node.id, "about")
    rule = str(node.meta.get("rule", ""))
    kind = "type" if rule == "named in public signatures" else rule
    lead = f"{'an' if kind[:1] in 'aeiou' else 'a'} {kind} of the repository:"
    yield purpose_of(table, node) or join_clauses(r.clause(lead, about))
    yield heirs(r, table.about(node.id, "subclass"))
    yield join_clauses(
        r.clause("produced by", r.best(table.about(node.id, "produced_by"))),
        r.clause("taken by", r.best(table.about(node.id, "consumed_by"))),
    )
    yield join_clauses(leaf_clause("members:", table.about(node.id, "member")))


def error(r: Renderer, node: Node, table: FactTable) -> Iterator[Sentence]:
    purpose, message = purpose_of(table, node), table.about(node.id, "message")
    if purpose:
        yield purpose
    raisers = r.best(table.about(node.id, "raised_by"))
    if not (purpose or raisers or message):
        yield join_clauses(r.clause("an error of the repository:", table.about(node.id, "about")))
    what = r.names(table.about(node.id, "about"))[0] or node.name
    guard = message[0].qualifier("guard") if message else ""
    if raisers:
        text, ids, refs = r.names(raisers)
        kind = f"A{'n' * (what[0] in 'aeiou')} {what}" if what.isalpha() and what.islower() else what
        yield Sentence(f"{kind} is raised by {text}{when(guard)}.", ids, refs)
    if message and len(tokens(message[0].object)) <= 25:
        yield Sentence(f'Its message reads "{message[0].object}".', (message[0].id,), ())
    yield join_clauses(r.clause("reached through", r.best(table.about(node.id, "reached_from"))))
    yield join_clauses(r.clause("caught by", r.best(table.about(node.id, "caught_by"))))
    for fact in table.about(node.id, "fix")[:2]:
        if not message or fact.object != message[0].object:  # which has just been read
            said = f"Fix: {fact.object}"
            yield Sentence(said + ("" if said.endswith(".") else "."), (fact.id,), ())


def recipe(r: Renderer, node: Node, table: FactTable) -> Iterator[Sentence]:
    title = table.about(node.id, "title")
    steps = table.about(node.id, "step")
    names = [
        r.name(f.object) + (f" with {f.qualifier('arguments')}" if f.qualifier("arguments") else "") for f in steps
    ]
    text = "; then ".join(names)
    lead = f"{opened(title[0].object)}: call" if title else "Call"
    yield Sentence(f"{lead} {text}.", tuple(f.id for f in (*title[:1], *steps)), tuple(f.object for f in steps))
