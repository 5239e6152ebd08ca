"""Files changed in nothing but comments, documentation and blank lines: their old and new text in, the rows of the graph with
their lines moved out, nothing linked again.

Linking reads no comment. When the lines of code of a file are the same text in the same order, whatever its facts say differs in
line numbers alone, and so do the rows that linking made of them. What is proved is compared: the facts, field by field, and each
row's lines; whatever does not fit is linked anew with everything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Final

from extractor.facts import FileFacts
from extractor.graph import Graph
from extractor.languages import LanguageSpec, grammar
from extractor.nodes import nodes_of, packages
from extractor.parse.tree import blank
from extractor.schema import Rows

# What linking adds to a node of its own file's facts, if no other file declares it; `catches` alone speaks of lines.
_LINKED: Final = frozenset(("catches", "entry_point", "set_by", "used_by"))


def moved_lines(old: bytes, new: bytes, spec: LanguageSpec) -> dict[int, int] | None:
    """Where each line of code went, None when code differs."""
    before, after = _code(old, spec), _code(new, spec)
    if before is None or after is None or list(before.values()) != list(after.values()):
        return None
    return dict(zip(before, after, strict=True))


def same_facts(old: FileFacts, new: FileFacts, lines: Mapping[int, int]) -> bool:
    """Whether linking would make the same of both, lines apart."""
    if old.status != "ok" or packages((old,)) != packages((new,)):
        return False
    return _same(_linkable(old), _linkable(new), lines)


def rows_of(graph: Graph, path: str) -> Rows:
    """Everything the extractor knows of one file."""
    nodes = list(graph.nodes(path=path, origin="extractor"))
    edges = [edge for node in nodes for edge in graph.edges(src=node.id, origin="extractor", confidence=0.0)]
    return Rows(nodes, edges, [row for node in nodes for row in graph.unresolved(node.id)])


def moved_rows(rows: Rows, old: FileFacts, new: FileFacts, lines: Mapping[int, int]) -> Rows | None:
    """The rows of `old` as linking `new` would make them, None when they say something whose place is not known."""
    made, known = {n.id: n for n in nodes_of(new)}, {n.id: n for n in nodes_of(old)}
    if made.keys() != known.keys() or {n.id for n in rows.nodes} != made.keys():
        return None
    places = {0: 0, **lines}  # a row that stands nowhere stays there
    nodes = []
    for node in rows.nodes:
        syntax, added = known[node.id].meta, node.meta.keys() - known[node.id].meta.keys()
        if not added <= _LINKED or any(node.meta.get(key) != value for key, value in syntax.items()):
            return None
        meta = made[node.id].meta | {key: node.meta[key] for key in added}
        if "catches" in added:
            if any(one["line"] not in places for one in meta["catches"]):
                return None
            meta["catches"] = [one | {"line": places[one["line"]]} for one in meta["catches"]]
        nodes.append(replace(node, meta=meta))
    if not places.keys() >= {edge.line for edge in rows.edges} | {row.line for row in rows.unresolved}:
        return None
    edges = [replace(edge, line=places[edge.line]) for edge in rows.edges]
    return Rows(nodes, edges, [replace(row, line=places[row.line]) for row in rows.unresolved])


def _linkable(facts: FileFacts) -> FileFacts:
    """Facts without what nodes alone are made of, which needs no linking."""
    defs = [d._replace(doc="", content_hash="", start_line=0, end_line=0) for d in facts.defs]
    return facts._replace(sha256="", loc=0, doc="", defs=tuple(defs))


def _same(old: Any, new: Any, lines: Mapping[int, int]) -> bool:
    """Whether two values differ in nothing but numbers of lines."""
    if old == new:
        return True
    if old.__class__ is not new.__class__:
        return False
    if isinstance(old, dict):
        return list(old) == list(new) and all(_same(old[key], new[key], lines) for key in old)
    if isinstance(old, (tuple, list)):
        return len(old) == len(new) and all(map(_same, old, new, [lines] * len(old)))
    return isinstance(old, int) and lines.get(old) == new


def _code(text: bytes, spec: LanguageSpec) -> dict[int, bytes] | None:
    """The lines of code of a file by their number, what is said beside them cut off; None when it does not parse."""
    from tree_sitter import Parser, QueryCursor

    root = Parser(grammar(spec)).parse(text).root_node
    if root.has_error:
        return None
    found = QueryCursor(_said(spec)).captures(root)
    rest = bytearray(text)
    # Comments first: what stands before one on a line may be documentation that ends there.
    for name in ("comment", "document"):
        for node in found.get(name, ()):
            start, end = node.start_byte, node.start_byte + len(text[node.start_byte : node.end_byte].rstrip())
            first, last = rest.rfind(b"\n", 0, start) + 1, rest.find(b"\n", end)
            alone = not rest[first:start].strip()
            # Code behind it, or the end of a statement before it, would stand elsewhere without it.
            if not rest[end : last if last >= 0 else None].strip() and (alone or b"\n" not in text[start:end]):
                blank(rest, start, end)
    lines = enumerate(bytes(rest).split(b"\n"), 1)
    return {number: line for number, full in lines if (line := full.rstrip())}


@cache
def _said(spec: LanguageSpec) -> Any:
    """The query for what a grammar calls a comment and for what the language calls documentation."""
    from tree_sitter import Query

    language = grammar(spec)
    kinds = (language.node_kind_for_id(i) for i in range(language.node_kind_count) if language.node_kind_is_named(i))
    comments = sorted({kind for kind in kinds if kind and kind.endswith("comment")})
    return Query(language, "".join(f"({kind}) @comment\n" for kind in comments) + spec.documentation)
