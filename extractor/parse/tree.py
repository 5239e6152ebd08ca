"""Small helpers over tree-sitter nodes that every language front end needs."""

from __future__ import annotations

from collections.abc import Iterator
from sys import intern
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node


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
