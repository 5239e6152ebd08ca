"""Go statements: assignments, loops and switches of one function in; what each name holds, and until where, out. A function that
is put into a variable, a field, a map or a slice is kept in `flows`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from extractor.facts import MODULE
from extractor.parse.collect import Step, clip
from extractor.parse.go_errors import GoErrors
from extractor.parse.tree import start_line

if TYPE_CHECKING:
    from tree_sitter import Node

    from extractor.parse import Source

BLOCKS: Final = (
    "block", "if_statement", "for_statement", "expression_switch_statement", "type_switch_statement", "expression_case",
    "type_case", "default_case", "communication_case",
)  # fmt: skip
_NAMES: Final = ("identifier", "selector_expression")  # what may name a function


class GoStatements(GoErrors):
    """Follows names through their blocks."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self._open: list[Node] = []
        self.flows: list[list[Any]] = []  # [scope, line, owner, field, chain]: see `_stored` and `on_composite`

    def on_short(self, step: Step) -> None:
        node, scope, prefix, _ = step
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        names = [self.text(c) for c in left.named_children] if left is not None else []
        values = [c for c in right.named_children if c.type != "comment"] if right is not None else []
        if node.type == "receive_statement":
            values = [right] if right is not None else []
        self.declaring(names, values)
        for position, name in enumerate(names):
            if name.isidentifier() and name != "_":
                self._assign(scope, name, position, len(names), values, node)
        self.note_assignment(names, values, node)
        self.push_nodes(values, scope, prefix)

    def on_assignment(self, step: Step) -> None:
        node, scope, prefix, _ = step
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        targets = left.named_children if left is not None else []
        values = [c for c in right.named_children if c.type != "comment"] if right is not None else []
        if len(targets) == len(values):
            for target, value in zip(targets, values, strict=True):
                self._stored(target, value, scope)
        self.note_assignment([self.text(t) for t in targets], values, node)
        self.push_nodes([*(t for t in targets if t.type != "identifier"), *values], scope, prefix)

    def _stored(self, target: Node, value: Node, scope: int) -> None:
        """A function put into a field, a map, a slice or a variable."""
        if value.type == "call_expression" and self.text(value.child_by_field_name("function")) == "append":
            arguments = value.child_by_field_name("arguments")
            for added in arguments.named_children[1:] if arguments is not None else ():
                if added.type in _NAMES:
                    self.flows.append(
                        [scope, start_line(target), clip(self.chain(target)), "", clip(self.chain(added))]
                    )
        if value.type not in _NAMES:
            return
        chain, where = clip(self.chain(value)), clip(self.chain(target))
        line = start_line(target)
        if target.type == "selector_expression":
            owner, _, field = where.rpartition(".")
            self.flows.append([scope, line, owner, field, chain])
        elif target.type == "index_expression":
            self.flows.append([scope, line, where.removesuffix("[]"), "", chain])
        elif target.type == "identifier":
            self.flows.append([scope, line, where, "=", chain])

    def _assign(self, scope: int, name: str, position: int, count: int, values: list[Node], node: Node) -> None:
        if len(values) == count:
            chain = clip(self.chain(values[position]))
            if values[position].type == "composite_literal":
                self._elements(values[position], scope, name)
        elif len(values) == 1:
            value = values[0]
            while value.type == "parenthesized_expression" and value.named_children:
                value = value.named_children[0]
            call = value.type == "call_expression" or (
                value.type == "type_conversion_expression"
                and getattr(value.child_by_field_name("type"), "type", "") == "generic_type"
            )
            chain = clip(self.chain(value))
            if call:
                chain = f"{chain}.{position}"
            elif position:
                chain = "<bool>"
        else:
            return
        self.bind(scope, name, chain, node, "assigned", self._block(node))

    def _elements(self, literal: Node, scope: int, name: str) -> None:
        for _, field, chain in self.functions_in(literal):
            if not field:
                self.flows.append([scope, start_line(literal), name, "", chain])

    def on_result(self, step: Step) -> None:
        """A function given back by name, and errors handed back."""
        node, scope = step[0], step[1]
        listed = node.named_children[0].named_children if node.named_children else []
        for value in listed if scope != MODULE else ():
            if value.type in _NAMES and self.text(value) not in (
                "nil",
                "true",
                "false",
                "err",
            ):
                self.flows.append([scope, start_line(node), "", "return", clip(self.chain(value))])
        self.on_return(step)

    def on_range(self, step: Step) -> None:
        node, scope, prefix, _ = step
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        self.declaring([self.text(c) for c in left.named_children] if left is not None else (), [right])
        chain = self.chain(right)
        loop = node.parent
        for position, name in enumerate(left.named_children if left is not None else ()):
            if name.type == "identifier":
                self.bind(scope, self.text(name), clip(chain + ("[]" if position else "*")), node, "assigned", loop)
        self.push_nodes([right], scope, prefix)

    def on_type_switch(self, step: Step) -> None:
        node, scope, prefix, _ = step
        self.on_block(step, visit=False)
        alias = node.child_by_field_name("alias")
        value = node.child_by_field_name("value")
        name = self.text(alias)
        self.declaring([name], [value])
        for child in node.named_children:
            if name and child.type in ("type_case", "default_case"):
                kinds = child.children_by_field_name("type")
                if len(kinds) == 1 and self.text(kinds[0]) != "nil":
                    self.bind(scope, name, self.type_text(kinds[0]), child, "declared", child)
                elif self.text(value) != name:  # `switch x := x.(type)` leaves x what it was
                    self.bind(scope, name, clip(self.chain(value)), child, "assigned", child)
        self.push_nodes([c for c in node.named_children if c != alias], scope, prefix)

    def on_block(self, step: Step, *, visit: bool = True) -> None:
        """Names declared from here on end where this node does."""
        self._block_end(step[0])
        self._open.append(step[0])
        if visit:
            self.push(step)

    def _block_end(self, node: Node) -> None:
        while self._open and self._open[-1].end_byte <= node.start_byte:
            self._open.pop()

    def _block(self, node: Node) -> Node | None:
        """The innermost block around a node inside its function, or in a function literal of the package's."""
        self._block_end(node)
        return self._open[-1] if self._open else None
