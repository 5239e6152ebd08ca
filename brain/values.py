"""How summaries of variables read: what a constant, a field, a member of an enumeration or another name of a type is, what it is
set to, and who reads it. Facts in, sentences out, as in `brain/render.py`, which knows the other nodes of the code.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from brain.clauses import Sentence, enumeration, join_clauses
from brain.derive import FactTable
from brain.knowledge import purpose_of
from brain.text import VERBATIM, one_line, tokens
from extractor.schema import Node

if TYPE_CHECKING:
    from brain.render import Renderer

_CHOICES: Final = frozenset({"variant", "enum_constant"})
_SHORT: Final = 16  # tokens of a value
_SIBLINGS: Final = 3  # other members of an enumeration named beside one that nothing else is known of


def variable(r: Renderer, node: Node, table: FactTable) -> Iterator[Sentence]:
    """What it is for; what it is, of which type and set to what; who reads, calls and imports it."""
    purpose = purpose_of(table, node)
    if purpose:
        yield purpose
    is_said = _is(r, node, table)
    users = [
        join_clauses(
            *_users(r, node, table),
            r.clause("called by", r.best(table.about(node.id, "called_by"))),
            r.clause("imported by", r.best(table.about(node.id, "imported_by"))),
        ),
        join_clauses(*(r.clause(r.replaces(f), [f]) for f in table.about(node.id, "overrides"))),
        join_clauses(r.clause("exercised by", r.best(table.about(node.id, "tested_by")), 2)),
    ]
    told = is_said.text != f"{_lead(r, node, table).text}."
    if not (purpose or told or any(u.text for u in users)):
        return  # that there is such a name says nothing
    yield is_said
    yield from users


def _users(r: Renderer, node: Node, table: FactTable) -> Iterator[Sentence | None]:
    """Who sets it, who sets and reads it, who reads it: each named once. The constructors of its own class go without a name."""
    setters, readers = table.about(node.id, "set_by"), table.about(node.id, "used_by")
    home = table.about(node.id, "container")
    made = {f.object for f in (*setters, *readers) if home and r.makes(f.object, home[0].object)}
    sets = {"" if f.object in made else f.object for f in setters}
    reads = {"" if f.object in made else f.object for f in readers}
    for lead, who, facts in (
        ("set by", sets - reads, setters),
        ("set and read by", sets & reads, setters),
        ("read by", reads - sets, readers),
    ):
        rest = r.best(f for f in facts if f.object in who)
        own = [f for f in facts if f.object in made] if "" in who else []
        if not own:
            yield r.clause(lead, rest)
            continue
        text, ids, refs = r.names(rest)
        owner = "its constructor" + ("s" if len(own) > 1 else "")
        named = f"{owner}{',' if ' and ' in text else ' and'} {text}" if text else owner
        yield Sentence(f"{lead} {named}", (*(f.id for f in own), *ids), (*(f.object for f in own), *refs))


def _lead(r: Renderer, node: Node, table: FactTable) -> Sentence:
    """`A constant of shop.cart`, with the facts behind it."""
    flags = set(node.meta.get("flags", ()))
    owner = table.about(node.id, "container")
    holder = r.node(owner[0].object) if owner else None
    inside = holder is not None and holder.type in ("class", "interface")
    if "alias" in flags:
        word = "type alias"
    elif "variant" in flags:
        word = "variant"
    elif "macro" in flags:
        word = "macro"
    elif table.about(node.id, "set_by") or not ("const" in flags or (node.name.isupper() and "field" not in flags)):
        word = "property" if "property" in flags else "field" if inside else "variable"
    else:
        word = "constant"
    of = " of the enum" if holder is not None and "enum" in holder.meta.get("flags", ()) and word == "constant" else ""
    home = r.home(node, owner)
    home = f"{of}{home.removeprefix(' of')}" if of else home
    return Sentence(f"A {word}{home}", tuple(f.id for f in owner[:1]), tuple(f.object for f in owner[:1]))


def _is(r: Renderer, node: Node, table: FactTable) -> Sentence:
    lead = _lead(r, node, table)
    text, facts, refs = lead.text, list(lead.facts), list(lead.refs)
    flags = set(node.meta.get("flags", ()))
    annotation = one_line(str(node.meta.get("returns") or node.meta.get("annotation") or ""))
    short = len(tokens(annotation)) < VERBATIM and annotation
    if flags & _CHOICES:
        written = one_line(str(node.meta.get("signature", "")))
        held = written.partition("=")[0].strip()
        if held != node.name and node.name in held and len(tokens(held)) <= _SHORT:
            text += f", written {held}"
    elif short:
        text += f" for {annotation}" if "alias" in flags else f" of type {annotation}"
    given = one_line(str(node.meta.get("signature", ""))).partition(" => ")[2] if "property" in flags else ""
    if given and len(tokens(given)) < VERBATIM:
        text += f", which gives {given}"
    stated = _value(table, node)
    if stated.text:
        text += f", {stated.text}"
        facts += stated.facts
    elif flags & _CHOICES and text == lead.text and not table.about(node.id, "purpose"):
        beside = r.siblings(node)
        if beside:
            names = [n.name for n in beside]
            shown = names[:_SIBLINGS] if len(names) > _SIBLINGS + 1 else names
            text += f", beside {enumeration(shown, len(names) - len(shown))}"
            refs += [n.id for n in beside[: len(shown)]]
    return Sentence(text + ".", tuple(facts), tuple(refs))


def _value(table: FactTable, node: Node) -> Sentence:
    """`set to 100`, `initialised as compile(…)`, `a list of 11 entries`."""
    for relation, said in (("value", "set to"), ("initial", "initialised as")):
        for fact in table.about(node.id, relation):
            if len(tokens(fact.object)) <= (_SHORT if relation == "value" else VERBATIM - 1):
                return Sentence(f"{said} {fact.object}", (fact.id,), ())
    for fact in table.about(node.id, "table"):
        count, first = fact.qualifier("entries"), fact.qualifier("first")
        begins = f" that begins with {first}" if first and len(tokens(first)) < VERBATIM else ""
        return Sentence(
            f"set to a {fact.object} of {count} {'entry' if count == '1' else 'entries'}{begins}", (fact.id,), ()
        )
    return Sentence("", (), ())
