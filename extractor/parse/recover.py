"""A tree that an error has swallowed in, a tree in which only the broken block is missing out.

tree-sitter recovers from most errors on the spot. Some make one ERROR of everything around them, and every definition of the
file would be lost. Then the block that the error stands in is blanked with spaces, so that offsets hold, and parsed again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Tree

_LARGE: Final = 6  # lines; an ERROR of fewer is local, and what is around it was read
_TRIES: Final = 6
_BYTES: Final = 600_000  # parsed again at most: broken text is the slowest to parse


def recover(parser: Parser, text: bytes, tree: Tree) -> tuple[Tree, list[tuple[int, int]]]:
    """The tree with the fewest lines inside ERROR nodes, of `tree` and of those with one more broken block blanked each,
    and the (first, last) lines, 1-based, that were blanked for it."""
    best, lost = tree, _lost_lines(tree.root_node)
    spans: list[tuple[int, int]] = []
    for _ in range(min(_TRIES, _BYTES // max(len(text), 1))):
        if lost < _LARGE:
            break
        line = _first_error(best.root_node)
        blanked, end = _blank_block(text, line)
        if blanked == text:
            break
        text = blanked
        attempt = parser.parse(text)
        now = _lost_lines(attempt.root_node)
        if now >= lost:
            break
        best, lost = attempt, now
        spans.append((line + 1, end))
    return best, spans


def _lost_lines(root: Node) -> int:
    """Lines inside the outermost ERROR nodes."""
    total, stack = 0, [root]
    while stack:
        node = stack.pop()
        if node.is_error:
            total += node.end_point[0] - node.start_point[0] + 1
        elif node.has_error:
            stack.extend(node.children)
    return total


def _first_error(root: Node) -> int:
    """The line (0-based) of the innermost error of the largest ERROR node, the first of several."""
    errors, stack = [root] if root.is_error else [], [root]
    while stack:
        node = stack.pop()
        for child in node.children:
            if child.has_error or child.is_error or child.is_missing:
                stack.append(child)
                if child.is_error:
                    errors.append(child)
    if not errors:
        return root.start_point[0]
    node = max(errors, key=lambda n: (n.end_byte - n.start_byte, -n.start_byte))
    # Inside the swallowing node the parser marks the token it stumbled over: that is where the break is.
    while inner := [c for c in node.children if c.is_error or c.is_missing or c.has_error]:
        node = inner[0]
    return node.start_point[0]


def _blank_block(text: bytes, line: int) -> tuple[bytes, int]:
    """`text` with this line, the deeper indented lines after it and a closing bracket of theirs turned into spaces, and the
    line (0-based) after them."""
    lines = text.split(b"\n")
    if line >= len(lines):
        return text, line
    depth = _indent(lines[line])
    end = line + 1
    while end < len(lines) and (not lines[end].strip() or _indent(lines[end]) > depth):
        end += 1
    while end > line + 1 and not lines[end - 1].strip():
        end -= 1
    if end < len(lines) and end > line + 1 and lines[end].strip()[:1] in (b"}", b")", b"]"):
        end += 1
    lines[line:end] = [b" " * len(content) for content in lines[line:end]]
    return b"\n".join(lines), end


def _indent(line: bytes) -> int:
    return len(line) - len(line.lstrip())
