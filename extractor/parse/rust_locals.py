"""Local variables of Rust told apart: one tree in, which of several variables of a name each place means, out.

`let x = x.next()` makes a second x: all that a function binds is numbered, so that what is read of the first is not taken for the
second (`x'1`, `x'2`; the quote can stand in no name); a parameter and what stands outside keep their names. A name means the
variable that was bound last where it is in sight: from behind its `let`, in the arm of its pattern, in the body of its loop or
closure.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from functools import cache
from typing import TYPE_CHECKING, Final

from extractor.languages import LanguageSpec, grammar

if TYPE_CHECKING:
    from tree_sitter import Node, Query

    from extractor.parse import Source

_BINDERS: Final = """
    (let_declaration pattern: (_) @bound) (let_condition pattern: (_) @bound) (match_arm pattern: (_) @bound)
    (for_expression pattern: (_) @bound) (closure_parameters) @bound (parameters (parameter pattern: (_) @bound)) (function_item) @function
"""
_NAMES: Final = frozenset(("identifier", "shorthand_field_identifier"))
_UNBOUND: Final = ("type", "condition")  # fields of a pattern whose names are read, not bound
MARK: Final = "'"


def shown(text: str) -> str:
    """What stands in the source, without the numbers of variables."""
    name, mark, rest = text.partition(MARK)
    while mark:
        after, mark, later = rest.lstrip("0123456789").partition(MARK)
        name, rest = name + after, later
    return name


@cache
def _query(spec: LanguageSpec) -> Query:
    from tree_sitter import Query

    return Query(grammar(spec), _BINDERS)


class Locals:
    """Where each variable is in sight."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._functions: list[
            tuple[int, int, dict[str, int]]
        ] = []  # bytes of the outermost, and how often each name is bound
        self._elsewhere: tuple[int, int, dict[str, int]] = (0, len(source.data), {})
        self._seen: dict[
            str, list[tuple[int, int, int, str]]
        ] = {}  # first and last byte in sight, function's last, numbered
        self._bound: dict[int, str] = {}  # the byte where a name is bound -> numbered name

    def read(self, root: Node) -> None:
        """Note what one tree binds: the file's, then those of stretches of it."""
        from tree_sitter import QueryCursor

        captured = QueryCursor(_query(self._source.spec)).captures(root)
        for node in sorted(captured.get("function", ()), key=lambda n: n.start_byte):
            if not self._functions or node.start_byte >= self._functions[-1][1]:
                self._functions.append((node.start_byte, node.end_byte, {}))
        for node in sorted(captured.get("bound", ()), key=lambda n: n.start_byte):
            first, last, given = _sight(node)
            _, end, counts = self._around(node.start_byte)
            own: dict[str, str] = {}  # `A(x) | B(x)` binds one x
            for leaf in _leaves(node):
                name = self._source.data[leaf.start_byte : leaf.end_byte].decode("utf-8", "replace")
                if name[:1].isupper() or leaf.start_byte in self._bound:
                    continue  # a constant or a variant
                if name not in own:
                    number = counts[name] = counts.get(name, 0) + 1
                    own[name] = name if given else f"{name}{MARK}{number}"
                    insort(self._seen.setdefault(name, []), (first, last, end, own[name]))
                self._bound[leaf.start_byte] = own[name]

    def _around(self, place: int) -> tuple[int, int, dict[str, int]]:
        at = bisect_right(self._functions, place, key=lambda f: f[0]) - 1
        return self._functions[at] if at >= 0 and place < self._functions[at][1] else self._elsewhere

    def at(self, place: int, name: str) -> str:
        """The variable that a name means at a place."""
        bound = self._bound.get(place)
        rows = self._seen.get(name)
        if bound is not None or rows is None:
            return bound or name
        for number in range(bisect_right(rows, place, key=lambda r: r[0]) - 1, -1, -1):
            _, last, end, numbered = rows[number]
            if place < last:
                return numbered
            if end <= place:  # of a function before this one
                break
        return name


def _sight(pattern: Node) -> tuple[int, int, bool]:
    """The bytes between which a pattern's variables are in sight, and whether they are parameters of a function."""
    around = pattern.parent
    assert around is not None
    if around.type == "parameter":
        function = around.parent.parent if around.parent is not None else None
        function = function or around
        return function.start_byte, function.end_byte, True
    if around.type == "let_declaration":
        block = around.parent
        return around.end_byte, block.end_byte if block is not None else around.end_byte, False
    if around.type == "let_condition":
        first, outer = around.end_byte, around.parent
        while outer is not None and outer.type not in ("if_expression", "while_expression", "match_arm", "block"):
            outer = outer.parent
        body = outer.child_by_field_name("consequence") or outer.child_by_field_name("body") if outer else None
        last = body or outer or around
        return first, last.end_byte, False
    body = around.child_by_field_name("body") if around.type == "for_expression" else None
    return (body or around).start_byte, (body or around).end_byte, False


def _leaves(pattern: Node) -> list[Node]:
    """The names that a pattern binds. `pattern` may be a closure's parameters, types and all."""
    out: list[Node] = []
    stack = [pattern]
    while stack:
        node = stack.pop()
        if node.type in _NAMES:
            out.append(node)
        elif node.type == "parameter":
            named = node.child_by_field_name("pattern")
            stack.extend([named] if named is not None else [])
        elif not node.type.startswith("scoped"):
            read = [node.child_by_field_name(field) for field in _UNBOUND]
            stack.extend(
                c
                for c in node.named_children
                if c not in read and c.type not in ("field_identifier", "macro_invocation")
            )
    return sorted(out, key=lambda n: n.start_byte)
