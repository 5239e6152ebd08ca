"""Small helpers over tree-sitter nodes that every language front end needs."""

from __future__ import annotations

from collections.abc import Iterator
from sys import intern
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tree_sitter import Node

TABLE: Final = 4  # entries that make a collection one to be told of by their number
HEAD: Final = 40  # characters of an entry that is shown
_TABLES: Final = frozenset(
    (
        "array_expression",
        "array_initializer",
        "initializer_list",
        "initializer_expression",
        "literal_value",
        "array",
        "object",
    )
)
_AROUND: Final = frozenset(
    (
        "reference_expression",
        "array_creation_expression",
        "implicit_array_creation_expression",
        "composite_literal",
        "as_expression",
        "satisfies_expression",
        "parenthesized_expression",
        "object_creation_expression",
    )
)
_PAIRS: Final = frozenset(("pair", "keyed_element", "initializer_pair", "method_definition"))


def start_line(node: Node) -> int:
    """1-based."""
    return node.start_point[0] + 1


def end_line(node: Node) -> int:
    """1-based and inclusive; a node that ends at column 0 ends on the line before."""
    row, column = node.end_point
    return row if column == 0 and row > node.start_point[0] else row + 1


def walk(root: Node) -> Iterator[Node]:
    """Named nodes below and including `root`, parents first, in source order, without recursion."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.named_children))


def collapse(text: str) -> str:
    """One line, single spaces: how a signature or a condition is stored, one object for all that are equal."""
    return intern(" ".join(text.split()))


def table_of(value: Node | None) -> tuple[str, ...]:
    """(kind, number of entries, the first of them as written) of a collection whose entries all stand there; empty for others."""
    while value is not None and value.type in _AROUND:
        value = next((c for c in value.named_children if c.type in _TABLES or c.type in _AROUND), None)
    if value is None or value.type not in _TABLES:
        return ()
    entries = [e for e in value.named_children if not e.type.endswith("comment")]
    if len(entries) < TABLE or any("spread" in e.type for e in entries):
        return ()
    keyed = entries[0].type in _PAIRS
    heads = [e.named_children[0] if keyed and e.named_children else e for e in entries[:3]]
    shown = [collapse((head.text or b"").decode("utf-8", "replace")) for head in heads]
    first = ", ".join(shown) if all(len(text) <= HEAD for text in shown) else ""
    return "map" if keyed else "list", str(len(entries)), first


def comments(node: Node, end: int) -> list[Node]:
    """The comments inside a node that begin before byte `end`, in order."""
    found, pending = [], [node]
    while pending:
        at = pending.pop()
        if at.type.endswith("comment"):
            found.append(at)
        else:
            pending += [child for child in reversed(at.named_children) if child.start_byte < end]
    return found


def blank(out: bytearray, start: int, end: int) -> None:
    """Spaces instead of what stands here, line ends apart, so that every offset and line holds."""
    out[start:end] = bytes(c if c in b"\r\n" else 32 for c in out[start:end])
