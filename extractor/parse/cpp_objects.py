"""Objects that C++ expressions make, convert and destroy: `new A(…)`, `A{…}`, `static_cast<A>(x)`, `delete p`, `1_km`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractor.parse.collect import Step, clip
from extractor.parse.cpp_text import chain, compact, type_of
from extractor.parse.cpp_variables import PRIMITIVES, CppVariables

if TYPE_CHECKING:
    from tree_sitter import Node


class CppObjects(CppVariables):
    """Calls of constructors, conversions and destructors."""

    def _converted(self, node: Node, function: Node | None, arguments: Node | None, scope: int) -> None:
        """`static_cast<T>(x)` runs the `operator T` of a class."""
        name = compact(self.text(function))
        given = arguments.named_children if arguments is not None else []
        if name.startswith("static_cast<") and given:
            wanted = name.partition("<")[2].removesuffix(">")
            self.call(scope, clip(chain(self.source, given[0])), f"operator {wanted}", node, [], "operator")

    def on_delete(self, step: Step) -> None:
        """`delete p` runs the destructor of what p points to."""
        node, scope = step[0], step[1]
        if node.named_children:
            self.call(scope, clip(chain(self.source, node.named_children[-1])), "~", node, [], "destructor")
        self.push(step)

    def on_suffix(self, step: Step) -> None:
        """`100_usd` is a call of `operator""_usd`."""
        node = step[0]
        suffix = self.text(node.named_children[-1]) if node.named_children else ""
        if suffix.startswith("_"):
            self.call(step[1], "", f'operator""{suffix}', node, ["?"])

    def on_new(self, step: Step) -> None:
        node = step[0]
        kind = node.child_by_field_name("type")
        self.call(
            step[1],
            "",
            type_of(self.source, kind),
            kind or node,
            self._args(node.child_by_field_name("arguments")),
            "new",
        )
        self.push_nodes([node.child_by_field_name("arguments")], step[1], step[2])

    def on_literal(self, step: Step) -> None:
        node = step[0]
        kind = node.child_by_field_name("type")
        value = node.child_by_field_name("value")
        if kind is not None and kind.type not in PRIMITIVES:
            self.call(step[1], "", type_of(self.source, kind), kind, self._args(value), "init")
        self.push(step)
