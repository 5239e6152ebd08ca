"""Draft: an ontology node as a rule proposes it, before it has an id; and what the rules share to make one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from brain.view import View
from extractor.schema import Node

Link = tuple[str, str, tuple[tuple[str, Any], ...]]  # (role, node id, meta)


@dataclass(frozen=True, slots=True)
class Draft:
    """An ontology node before it has an id. `links` are (role, node id, meta) in order; `evidence` is node ids or path:start-end."""

    type: str
    slug: str
    anchor: Node | None
    rule: str
    title: str
    purpose: str
    evidence: tuple[str, ...]
    links: tuple[Link, ...]
    more: tuple[tuple[str, Any], ...] = ()
    path: str = ""
    lines: tuple[int, int] = (0, 0)


def slug(name: str) -> str:
    """`Context.invoke` -> `context.invoke`; what is neither letter, digit, dot nor dash becomes a dash."""
    return re.sub(r"[^\w.]+", "-", name.lower()).strip("-.") or "x"


def error_classes(view: View) -> set[str]:
    """Classes of the repository whose chain of bases ends in an error outside it, or that are raised."""
    known: dict[str, bool] = {}

    def is_error(class_id: str, trail: frozenset[str]) -> bool:
        if class_id in known:
            return known[class_id]
        if class_id in trail:
            return False
        node = view.node(class_id)
        if node is None or node.type == "external":
            return error_name(class_id.rpartition("#")[2].rpartition(".")[2])
        known[class_id] = any(is_error(e.dst, trail | {class_id}) for e in view.out(class_id, "extends"))
        return known[class_id]

    found = {node.id for node in view.of_type("class") if is_error(node.id, frozenset())}
    thrown = {e.dst for node in view.nodes.values() for e in view.out(node.id, "throws")}
    return found | {i for i in thrown if (node := view.node(i)) is not None and node.type == "class"}


def error_name(name: str) -> bool:
    """Whether a class outside the repository is an error, by the way errors are named everywhere."""
    return name.endswith(("Error", "Exception", "Warning", "Throwable", "Exit", "Interrupt", "exception", "_error"))
