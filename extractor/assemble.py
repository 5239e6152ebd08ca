"""All facts and links in, the rows of the graph out: every node and edge once, no edge that leads nowhere, nothing lost unsaid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from extractor.entries import mark_entries
from extractor.facts import FileFacts
from extractor.nodes import containment, nodes_of, packages
from extractor.raises import throws
from extractor.resolve import Links
from extractor.resolve.common import CONFIDENCE, is_aside
from extractor.schema import Edge, Node, Unresolved, module_id
from extractor.uses import mark_uses


def assemble(
    facts: Sequence[FileFacts], links: Links, configs: Mapping[str, str] = MappingProxyType({})
) -> tuple[list[Node], list[Edge], list[Unresolved]]:
    """Nodes, edges and unresolved names of a whole repository, in no particular order."""
    calls = _doubt_aside(facts, links.edges)
    raised = throws(facts, replace(links, edges=calls))
    found_packages, package_edges = packages(facts)
    nodes: dict[str, Node] = {}
    for node in (*found_packages, *(n for f in facts for n in nodes_of(f)), *links.nodes):
        nodes.setdefault(node.id, node)
    _join_declarations(nodes, links.merged)
    for node_id, handlers in raised.catches.items():
        kept = nodes[links.merged.get(node_id, node_id)]
        nodes[kept.id] = replace(kept, meta=kept.meta | {"catches": handlers})
    contained = (edge for f in facts for edge in containment(f))
    edges = _surest((*package_edges, *contained, *calls, *raised.edges), links.merged)
    unknown = _add_externals(nodes, edges)
    # The target lies in a file that could not be read: its name is kept, the edge would lead nowhere.
    lost = [edge for edge in edges if edge.dst in unknown] if unknown else []
    missing = [Unresolved(edge.src, edge.kind, edge.dst, edge.line, "unparsed") for edge in lost]
    mark_entries(nodes, configs)
    mark_uses(nodes, edges, facts, links.merged)
    unresolved: dict[tuple[str, str, str, int], Unresolved] = {}
    for row in sorted([*links.unresolved, *raised.unresolved, *missing], key=_rank):
        row = replace(row, src=links.merged[row.src]) if row.src in links.merged else row
        unresolved.setdefault((row.src, row.kind, row.name, row.line), row)
    return (
        list(nodes.values()),
        [edge for edge in edges if edge.dst not in unknown] if lost else edges,
        list(unresolved.values()),
    )


def _doubt_aside(facts: Iterable[FileFacts], edges: Iterable[Edge]) -> list[Edge]:
    """Calls from the product into its tests and examples, made less sure than queries ask for.

    Values do flow there, since a test hands its callbacks in; but what a function calls in use does not depend on its tests.
    That a wrapper stands for what a test decorated is not said at all: readers of the graph take such edges whatever their confidence.
    """
    modules = {module_id(f.prefix, f.path): is_aside(f.path) for f in facts}
    doubtful = CONFIDENCE["from aside"]

    def aside(node_id: str) -> bool | None:
        return modules.get(node_id.partition("#")[0])

    kept = []
    for edge in edges:
        doubted = edge.kind == "calls" and aside(edge.dst) and aside(edge.src) is False
        if not doubted:
            kept.append(edge)
        elif edge.via != "decorated":
            kept.append(replace(edge, confidence=min(edge.confidence, doubtful)))
    return kept


def _join_declarations(nodes: dict[str, Node], merged: Mapping[str, str]) -> None:
    """One symbol of a declaration and its definition: the definition's node stays and says where it is declared."""
    for declaration, definition in sorted(merged.items()):
        declared, known = nodes.pop(declaration), nodes[definition]
        place = {"path": declared.path, "line": declared.meta.get("start_line", 0)}
        # Who may use it and what for is said where it is declared.
        said = {key: declared.meta.get(key) for key in ("doc", "visibility") if declared.meta.get(key)}
        meta = known.meta | {"declared": [*known.meta.get("declared", []), place]} | said
        nodes[definition] = replace(known, meta=meta)


def _surest(found: Iterable[Edge], merged: Mapping[str, str]) -> list[Edge]:
    """Each (source, target, kind, line) once: the surer edge stands; among equals the rule's name decides, not who came first."""
    edges: dict[tuple[str, str, str, int], Edge] = {}
    for edge in found:
        if merged and (edge.src in merged or edge.dst in merged):
            edge = replace(edge, src=merged.get(edge.src, edge.src), dst=merged.get(edge.dst, edge.dst))
        key = (edge.src, edge.dst, edge.kind, edge.line)
        known = edges.get(key)
        if known is None or (edge.confidence, edge.via) > (known.confidence, known.via):
            edges[key] = edge
    return list(edges.values())


def _add_externals(nodes: dict[str, Node], edges: Sequence[Edge]) -> set[str]:
    """A node for everything outside that an edge names, and for the package it belongs to; returns what no node is known for."""
    unknown = {edge.dst for edge in edges}.union(edge.src for edge in edges).difference(nodes)
    outside = {end for end in unknown if end.startswith("ext:")}
    for end in sorted(outside):
        package, _, name = end[4:].partition("#")
        nodes[end] = Node(end, "external", name.rpartition(".")[2] or package, "", "", {"package": package})
    for node in list(nodes.values()):
        package, hash_sign, _ = node.id.partition("#")
        if node.type == "external" and hash_sign and package not in nodes:
            nodes[package] = Node(package, "external", package[4:], "", node.lang, {"package": package[4:]})
    return unknown - outside


def _rank(row: Unresolved) -> tuple[str, str, str, int, str, tuple[str, ...]]:
    return row.src, row.kind, row.name, row.line, row.reason, row.candidates
