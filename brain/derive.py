"""Facts from the graph: what is stated about a node, in a fixed order, and whether a statement still holds.

`facts_about` reads one node and its neighbours; `derive_facts` does so for the whole graph; `check_fact` derives again and
looks. Edges below `SURE` state nothing. Order within a subject is the order of meaning: parameters as declared, steps as
numbered, everything else by the other end's id.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from brain.facts import Fact
from brain.text import clean, first_sentence, one_line
from brain.view import Near, Relations, View, container, handled, is_direct, is_test, members
from extractor.error_classes import STANDARD
from extractor.graph import Graph
from extractor.languages import BY_NAME
from extractor.schema import Edge, Node

_NO_OVERRIDE: Final = frozenset({"static", "constructor", "destructor"})  # these hide or chain, they replace nothing
_VIRTUAL: Final = frozenset({"virtual", "abstract", "override"})
_REACH: Final = 40  # functions looked through before nothing is said of what they raise
_SELF: Final = frozenset({"self", "cls"})
# role of an ontology edge -> the relation it states about the ontology node
ROLES: Final = {
    "serves": "serves",
    "about": "about",
    "step": "step",
    "raiser": "raised_by",
    "reaches": "reached_from",
    "handler": "caught_by",
    "producer": "produced_by",
    "consumer": "consumed_by",
    "implementer": "subclass",
    "member": "member",
    "fix": "fixed_by",
}


def _bare(error_id: str) -> str:
    return re.split(r"[#.]", error_id)[-1]


def _standard(error_id: str) -> Iterator[str]:
    """What a standard error class extends, the roots that everything extends left out."""
    for base in STANDARD.get(error_id, ()):
        if STANDARD.get(base):
            yield _bare(base)
            yield from _standard(base)


_BASES: Final = {_bare(error_id): frozenset(_standard(error_id)) for error_id in STANDARD}


class FactTable:
    """Facts grouped by subject, each findable by its id."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self._by_subject: dict[str, list[Fact]] = {}
        self._by_relation: dict[tuple[str, str], list[Fact]] = {}
        for fact in facts:
            self._by_subject.setdefault(fact.subject, []).append(fact)
            self._by_relation.setdefault((fact.subject, fact.relation), []).append(fact)

    def __len__(self) -> int:
        return sum(map(len, self._by_subject.values()))

    @property
    def subjects(self) -> list[str]:
        return sorted(self._by_subject)

    def about(self, node_id: str, relation: str = "") -> tuple[Fact, ...]:
        """Facts about a node in the order they were derived, of one relation when named."""
        return tuple(self._by_relation.get((node_id, relation), ()) if relation else self._by_subject.get(node_id, ()))


def derive_facts(graph: Graph) -> list[Fact]:
    """Every fact the graph holds, by subject id, then in order of meaning."""
    view = View.load(graph)
    return [fact for node in view.nodes.values() for fact in facts_about(view, node)]


def check_fact(graph: Graph, fact: Fact) -> bool:
    """Whether the graph still states `fact`, qualifiers included."""
    node = graph.node(fact.subject)
    if fact.relation == "caught_by" and node is not None and node.origin != "brain":
        handler = graph.node(fact.object)
        catch = (fact.subject, fact.qualifier("action"))
        return handler is not None and not is_test(handler) and catch in handled(handler)
    return node is not None and fact in facts_about(Near(graph), node)


def facts_about(relations: Relations, node: Node) -> list[Fact]:
    """All facts whose subject is `node`, each once."""
    sources: tuple[Callable[[Relations, Node], Iterator[Fact]], ...]
    if node.origin == "brain":
        sources = (_ontology,)
    elif node.type == "external":
        sources = (_used,)
    else:
        sources = (_declared, _structure, _used, _flow, _errors, _knowledge)
    unique: dict[tuple[str, str], Fact] = {}
    for source in sources:
        for fact in source(relations, node):
            if fact.object:
                unique.setdefault((fact.relation, fact.object), fact)
    return list(unique.values())


def _fact(node: Node, relation: str, obj: str, **qualifiers: str) -> Fact:
    return Fact(node.id, relation, obj, tuple(sorted((k, v) for k, v in qualifiers.items() if v)) if qualifiers else ())


def _declared(relations: Relations, node: Node) -> Iterator[Fact]:
    """What stands in the declaration itself."""
    meta = node.meta
    yield _fact(node, "path", node.path)
    yield _fact(node, "signature", one_line(str(meta.get("signature", ""))))
    parameters = [p for p in meta.get("params", ()) if p.get("name", "") != "this"]
    if parameters and node.type == "method" and parameters[0].get("name", "").lstrip("*&") in _SELF:
        del parameters[0]  # a function that has one of these takes it like any other
    for position, parameter in enumerate(parameters, 1):
        yield _fact(
            node,
            "parameter",
            clean(parameter["name"]),
            annotation=one_line(parameter.get("annotation", "")),
            default=one_line(parameter.get("default", "")),
            kind=parameter.get("kind", ""),
            position=str(position),
        )
    yield _fact(node, "returns", one_line(str(meta.get("returns", ""))))
    yield _fact(node, "purpose", first_sentence(str(meta.get("doc", "")), name=node.name))
    if "#" in node.id:
        yield _fact(node, "visibility", str(meta.get("visibility", "")))
    for decorator in meta.get("decorators", ()):
        yield _fact(node, "decorator", one_line(decorator))
    # What somebody sets anew, or may in each object, is no constant, however it began.
    flags = set(meta.get("flags", ()))
    changes = meta.get("set_by") or ("field" in flags and flags.isdisjoint(("const", "static", "constexpr")))
    stated = "initial" if changes else "value"
    yield _fact(node, stated, one_line(str(meta.get("value", ""))))
    if node.type == "variable" and not meta.get("value"):
        yield _fact(node, "initial", _initial(node))
    if table := meta.get("table"):
        yield _fact(node, "table", table["kind"], entries=table["entries"], first=one_line(table["first"]))
    for flag in meta.get("flags", ()):
        yield _fact(node, "flag", flag)


def _initial(node: Node) -> str:
    """What stands behind the `=` of a variable's declaration, where that is told whole; empty for another name of a type."""
    written = one_line(str(node.meta.get("signature", "")))
    head, equals, tail = written.partition(" = ")
    alias = "alias" in node.meta.get("flags", ())
    return tail.rstrip(";") if equals and not alias and re.search(rf"(?<!\w){re.escape(node.name)}(?!\w)", head) else ""


def _structure(relations: Relations, node: Node) -> Iterator[Fact]:
    """Containers, members, inheritance."""
    owner = container(relations, node.id)
    if owner is not None:
        yield _fact(node, "container", owner.id)
    for kind in ("extends", "implements"):
        bases = _in_source_order(relations.out(node.id, kind))
        places = Counter((e.line, e.meta["position"]) for e in bases if "position" in e.meta)
        for edge in bases:
            either = "yes" if places[edge.line, edge.meta.get("position")] > 1 else ""
            yield _fact(node, kind, edge.dst, **_how(edge), either=either)
    for kind in ("extends", "implements"):
        for edge in relations.into(node.id, kind):
            yield _fact(node, "subclass", edge.src, **_how(edge), kind="implements" if kind == "implements" else "")
    own = owner is not None and _NO_OVERRIDE.isdisjoint(node.meta.get("flags", ()))
    if owner is not None and own and owner.type in ("class", "interface") and not node.name.startswith("__"):
        base = overridden(relations, node, owner)
        if base is not None:
            yield _fact(node, "overrides", base.id)
    for member in members(relations, node.id):
        yield _fact(node, "member", member.id, type=member.type)


def overridden(relations: Relations, node: Node, owner: Node) -> Node | None:
    """The nearest method of a base class with the same name, breadth first in the order bases are written."""
    seen, level = {owner.id}, [owner.id]
    while level:
        above: list[str] = []
        for class_id in level:
            for kind in ("extends", "implements"):
                above += [e.dst for e in _in_source_order(relations.out(class_id, kind)) if e.dst not in seen]
        for class_id in dict.fromkeys(above):
            seen.add(class_id)
            for member in members(relations, class_id):
                if member.name == node.name and _replaces(relations, node, member, class_id):
                    return member
        level = list(dict.fromkeys(above))
    return None


def _replaces(relations: Relations, node: Node, member: Node, base_id: str) -> bool:
    """Whether a method stands in for one of that name that a base defines."""
    base, spec = relations.node(base_id), BY_NAME.get(node.lang)
    if base is None or member.type != node.type or node.meta.get("trait", base.name) != base.name:
        return False
    flags = node.meta.get("flags", ())
    if "field" in flags and "property" not in flags:
        return False  # it hides the other
    stated = not _VIRTUAL.isdisjoint((*flags, *member.meta.get("flags", ())))
    return spec is None or not spec.virtual or base.type == "interface" or stated


def _used(relations: Relations, node: Node) -> Iterator[Fact]:
    """Who uses the node: callers, importers, tests. Tests are listed as tests, not as callers."""
    called = relations.into(node.id, "calls")
    for edge in called:
        caller = relations.node(edge.src)
        if caller is None or caller.id == node.id:
            continue
        if is_test(caller) and not is_test(node):
            yield _fact(node, "tested_by", caller.id, **_how(edge))
            continue
        yield _fact(node, "called_by", caller.id, **_how(edge))
    callers = {edge.src for edge in called}
    for key in ("set_by", "used_by"):
        for user in node.meta.get(key, ()):
            there = relations.node(user)
            known = key == "used_by" and user in callers  # to read what runs code is to call it
            if there is not None and not known and (is_test(node) or not is_test(there)):
                yield _fact(node, key, user)
    for edge in relations.into(node.id, "imports"):
        importer = relations.node(edge.src)
        if importer is not None and not is_test(importer):
            yield _fact(node, "imported_by", importer.id)
    for edge in relations.into(node.id, "throws"):
        if is_direct(edge):
            yield _fact(node, "raised_by", edge.src, **_raise_details(edge))
    for source, action in relations.catchers(node.id):
        yield _fact(node, "caught_by", source, action=action)


def _flow(relations: Relations, node: Node) -> Iterator[Fact]:
    """What the node calls, imports and depends on."""
    for edge in _in_source_order(relations.out(node.id, "calls")):
        if edge.dst != node.id:
            yield _fact(node, "calls", edge.dst, **_how(edge))
    for edge in relations.out(node.id, "imports"):
        yield _fact(node, "imports", edge.dst)
    for edge in relations.out(node.id, "depends_on"):
        yield _fact(node, "depends_on", edge.dst)


def _errors(relations: Relations, node: Node) -> Iterator[Fact]:
    """What the node raises itself, what comes through its calls, what its handlers catch."""
    thrown = _in_source_order(relations.out(node.id, "throws"))
    for edge in thrown:
        if is_direct(edge):
            yield _fact(node, "raises", edge.dst, **_raise_details(edge))
    direct = {edge.dst for edge in thrown if is_direct(edge)}
    unkept = _unkept(relations, node, thrown)
    for edge in sorted(thrown, key=likelihood):
        if edge.dst in unkept:
            yield _fact(node, "promises", edge.dst)
        elif edge.dst not in direct:
            declared = "declared" if _declared_only(edge) else ""
            yield _fact(node, "may_raise", edge.dst, callee=str(edge.meta.get("callee", "")), how=declared)
    for error, action in handled(node):
        yield _fact(node, "catches", error, action=action)


def _unkept(relations: Relations, node: Node, thrown: list[Edge]) -> set[str]:
    """Error classes that the documentation or the signature names and that neither come out of the code nor are akin to one
    that does. Only of code that calls nothing outside the repository: what happens there is not seen."""
    real = [edge.dst for edge in thrown if not _declared_only(edge)]
    named = [edge.dst for edge in thrown if _declared_only(edge) and edge.dst not in real]
    if not named or not (real or relations.out(node.id, "calls")) or not _closed(relations, node):
        return set()
    above = {name for error in real for name in _lineage(relations, error)}
    raised = {_bare(error) for error in real}
    return {e for e in named if _bare(e) not in above and raised.isdisjoint(_lineage(relations, e))}


def _declared_only(edge: Edge) -> bool:
    return bool(edge.meta.get("how") == "declared")


def _closed(relations: Relations, node: Node) -> bool:
    """Whether all that a function calls, directly or not, stands in the repository; False too where it leads too far."""
    queue, known = [node.id], {node.id}
    while queue and len(known) <= _REACH:
        for edge in relations.out(queue.pop(), "calls"):
            target = relations.node(edge.dst)
            if target is None or target.type == "external" or "abstract" in target.meta.get("flags", ()):
                return False
            if edge.dst not in known:
                known.add(edge.dst)
                queue.append(edge.dst)
    return not queue


def _lineage(relations: Relations, error_id: str) -> Iterator[str]:
    """The bare names of an error class and of all that it extends, in the repository and beyond it."""
    level, known = [error_id], {error_id}
    while level:
        current = level.pop()
        name = _bare(current)
        yield from (name, *_BASES.get(name, ()))
        above = [edge.dst for edge in relations.out(current, "extends") if edge.dst not in known]
        known.update(above)
        level += above


def _knowledge(relations: Relations, node: Node) -> Iterator[Fact]:
    """Which of the brain's nodes speak about this one."""
    for edge in relations.into(node.id, "depends_on"):
        source = relations.node(edge.src)
        if source is not None and source.type == "capability":
            yield _fact(node, "capability", source.id)


def _ontology(relations: Relations, node: Node) -> Iterator[Fact]:
    """Facts of a capability, concept, error or recipe: its own meta, then its edges by role and order."""
    meta = node.meta
    yield _fact(node, "title", str(meta.get("title", "")))
    yield _fact(node, "purpose", str(meta.get("purpose", "")))
    yield _fact(node, "path", node.path)
    yield _fact(node, "message", str(meta.get("message", "")), guard=str(meta.get("guard", "")))
    for fix in meta.get("fixes", ()):
        yield _fact(node, "fix", str(fix["text"]), evidence=str(fix["evidence"]))
    edges = [e for e in relations.out(node.id, "depends_on") if e.meta.get("role") in ROLES]
    for edge in sorted(edges, key=lambda e: (list(ROLES).index(e.meta["role"]), int(e.meta.get("order", 0)), e.dst)):
        details = {k: str(v) for k, v in edge.meta.items() if k != "role" and v not in ("", None)}
        yield _fact(node, ROLES[edge.meta["role"]], edge.dst, **details)


def likelihood(edge: Edge) -> tuple[float, bool, float, int, str]:
    """A `throws` edge by how likely its error comes out, the likeliest first: of errors about as sure the repository's own
    before those of the library, then the surer and the nearer."""
    outside, depth = edge.dst.startswith("ext:"), int(edge.meta.get("depth", 0))
    return -round(edge.confidence, 1), outside, -edge.confidence, depth, edge.dst


def _in_source_order(edges: list[Edge]) -> list[Edge]:
    return sorted(edges, key=lambda e: (e.line, int(e.meta.get("position", 0)), e.dst))


def _how(edge: Edge) -> dict[str, str]:
    return {"confidence": f"{edge.confidence:g}" if edge.confidence < 1 else "", "via": edge.via}


def _raise_details(edge: Edge) -> dict[str, str]:
    return {name: one_line(str(edge.meta.get(name) or "")) for name in ("message", "guard", "cause")}
