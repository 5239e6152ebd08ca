"""Where Rust keeps what may be a function: fields of structs, assigned or written out, and the elements of arrays and tuples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from extractor.parse.collect import Step, clip
from extractor.parse.rust_names import PATHS
from extractor.parse.rust_patterns import RustPatterns
from extractor.parse.tree import start_line

if TYPE_CHECKING:
    from tree_sitter import Node

    from extractor.parse import Source

_WRITTEN_OUT: Final = frozenset(
    ("array_expression", "tuple_expression", "reference_expression", "parenthesized_expression")
)


class RustKept(RustPatterns):
    """Notes names that stand where a value is kept; whether they are functions, linking knows."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.puts: list[list[object]] = []  # [scope, line, holder, field, chain]

    def on_struct(self, step: Step) -> None:
        """`Filter { op, rhs: f }`: fields that hold what may be a function."""
        node, scope = step[0], step[1]
        body, holder = node.child_by_field_name("body"), f"<{self.type_text(node.child_by_field_name('name'))}>"
        for child in body.named_children if body is not None else ():
            if child.type == "shorthand_field_initializer":
                self._keep(scope, child, holder, self.text(child), self.variable(child))
            elif child.type == "field_initializer":
                field, value = child.child_by_field_name("field"), child.child_by_field_name("value")
                self._keep(scope, child, holder, self.text(field), clip(self.chain(value)))
                self.kept_in(value, self.text(field), scope, holder)
        self.push(step)

    def on_assignment(self, step: Step) -> None:
        """`self.hook = f`."""
        left, right = step[0].child_by_field_name("left"), step[0].child_by_field_name("right")
        if left is not None and left.type == "field_expression":
            holder = clip(self.chain(left.child_by_field_name("value")))
            self._keep(step[1], step[0], holder, self.text(left.child_by_field_name("field")), clip(self.chain(right)))
        self.push(step)

    def kept_in(self, value: Node | None, name: str, scope: int, holder: str = "") -> None:
        """Names that stand in an array or tuple written out."""
        stack = [value] if value is not None and value.type in _WRITTEN_OUT else []
        while stack:
            node = stack.pop()
            for child in node.named_children:
                if child.type in _WRITTEN_OUT:
                    stack.append(child)
                elif child.type in PATHS:
                    self._keep(scope, child, holder, name, self.chain(child))

    def _keep(self, scope: int, node: Node, holder: str, field: str, chain: str) -> None:
        if chain[:1] not in ("", "?", "<", "=") and field and not holder.startswith("?"):
            self.puts.append([scope, start_line(node), holder, field, chain])
