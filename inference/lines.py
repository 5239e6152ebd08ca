"""A place in a file as people give it: `cart.py:12`, "line 12 of cart.py". In: the question and the index. Out: a section that tells
which symbol stands there, shows the lines around it, and says what the symbol is.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import Final

from brain.text import clean
from extractor.graph import Graph
from extractor.schema import Node
from inference.citations import Span
from inference.compose import Composer
from inference.link import Mention, Target
from inference.retrieve import Retriever
from inference.wording import Claim, Section, name_of

_AROUND: Final = 3  # lines shown before and after the one that was asked about
_PLACE = re.compile(
    r"(?<![\w/])(?P<path>[\w./@+-]*[\w-]\.\w+):(?P<line>\d+)\b|\blines?\s+(?P<number>\d+)\s+(?:of|in)\s+(?:the\s+)?(?:file\s+)?`?(?P<file>[\w./@+-]*[\w-]\.\w+)",
    re.IGNORECASE,
)


def at_line(composer: Composer, retriever: Retriever | None, text: str) -> Section | None:
    """What stands at the line that `text` names; None when it names none, or in no file of the index."""
    found = _PLACE.search(text)
    if found is None or retriever is None:
        return None
    wanted, line = (found["path"] or found["file"]).removeprefix("./"), int(found["line"] or found["number"])
    paths = sorted(row.path for row in composer.graph.files() if f"/{row.path}".endswith(f"/{wanted}"))
    if not paths:
        return None
    path = paths[0]
    first = max(1, line - _AROUND)
    written = retriever.lookup.text(path, first, line + _AROUND)
    if not retriever.lookup.text(path, line, line) and not written.strip():
        return Section("line", (Claim(f"{path} has no line {line}."),), "no", 0.9)
    node = innermost(composer.graph, path, line, ["function", "method", "class", "interface"])
    where = f"stands in {name_of(node)}" if node is not None else "stands in no function or class"
    claims = [Claim(f"Line {line} of {path} {where}.", (Span(path, line, line, node.id if node else "", "line"),))]
    shown = textwrap.dedent("\n".join(clean(row) for row in written.split("\n"))).strip("\n")
    if shown and "```" not in shown:
        span = (Span(path, first, min(line + _AROUND, first + written.count("\n")), "", "line"),)
        claims += [Claim("There it says:", span), Claim(shown, code=True)]
    if node is not None:
        about = composer.answer("explain", Target(Mention(node.name, 0, 0, "tick"), node, (node,)))
        claims += about.claims if about is not None else ()
    if len(paths) > 1:
        claims.append(Claim(f"{wanted} is also the end of {', '.join(paths[1:4])}."))
    return Section("line", tuple(claims), targets=(node.id,) if node else ())


def innermost(graph: Graph, path: str, line: int, types: Sequence[str]) -> Node | None:
    """The innermost node of these types around a line (1-based) of a file."""
    nodes = graph.nodes(types, path=path, origin="extractor")
    inside = [n for n in nodes if n.lines[0] <= line <= n.lines[1]]
    return max(inside, key=lambda n: (n.lines[0], -n.lines[1], n.id), default=None)
