"""Attributes that a class gives its objects without declaring them: no symbols of the graph, and names of the code all the same.
In: a member that a class was not found to have. Out: a section with the places that set and read it, None where the class sets none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from brain.text import one_line
from extractor.graph import Graph
from extractor.schema import Node
from inference.citations import Span
from inference.lines import innermost
from inference.link import Missing
from inference.retrieve import Retriever
from inference.wording import SELF, Claim, Section, few, name_of

_RUNS = ("function", "method")


def attribute(graph: Graph, missing: Missing, classes: Sequence[Node], retriever: Retriever | None) -> Section | None:
    """What is known of an attribute of the first of `classes` (a class, then its ancestors) that sets it on itself."""
    member = re.split(r"\.|::|#", missing.mention.name)[-1]
    if retriever is None or not member.isidentifier():
        return None
    of_itself = rf"\b(?:{'|'.join(sorted(SELF))})(?:\.|->){member}\b"
    sets = re.compile(rf"{of_itself}\s*(?::[^=\n]+)?=(?!=)")
    for node in classes:
        first, last = node.lines
        written = retriever.lookup.text(node.path, first, last).split("\n")
        rows = [(first + n, line) for n, line in enumerate(written) if re.search(of_itself, line)]
        setting = [row for row in rows if sets.search(row[1])]
        if setting:
            return _told(graph, node, member, setting, [row for row in rows if row not in setting])
    return None


def _told(
    graph: Graph, node: Node, member: str, setting: list[tuple[int, str]], rest: list[tuple[int, str]]
) -> Section:
    line, text = setting[0]
    owners: dict[str, tuple[str, Span]] = {}
    for number, _ in rest:
        user = innermost(graph, node.path, number, _RUNS)
        if user is not None:
            owners.setdefault(user.id, (name_of(user), Span(node.path, number, number, user.id, "attribute")))
    by = [n for n in (innermost(graph, node.path, number, _RUNS) for number, _ in setting) if n is not None]
    names = list(dict.fromkeys(name_of(n) for n in by)) or [name_of(node)]
    spans = tuple(Span(node.path, number, number, node.id, "attribute") for number, _ in setting[:5])
    claims = [
        Claim(f"{member} is an attribute that {name_of(node)} does not declare: it is set in {few(names)}.", spans),
        Claim(f"There it says: “{one_line(text)}”.", (Span(node.path, line, line, node.id, "attribute"),)),
    ]
    if owners:
        told = list(owners.values())
        claims.append(Claim(f"{name_of(node)} reads it in {few([n for n, _ in told])}.", tuple(s for _, s in told[:5])))
    return Section("attribute", tuple(claims), "yes", 0.75, targets=(node.id,))
