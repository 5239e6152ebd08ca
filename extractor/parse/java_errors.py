"""Errors of a Java file: what is thrown, supplied to be thrown, and caught."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from extractor.facts import Handler, Raise
from extractor.parse.collect import Step, clip
from extractor.parse.java_names import JavaNames
from extractor.parse.tree import end_line, start_line

if TYPE_CHECKING:
    from tree_sitter import Node

FUNCTIONS: Final = frozenset(
    (
        "method_declaration",
        "constructor_declaration",
        "compact_constructor_declaration",
        "lambda_expression",
        "class_body",
    )
)


class JavaErrors(JavaNames):
    """Throw and try statements."""

    def on_throw(self, step: Step) -> None:
        node, scope = step[0], step[1]
        value = node.named_children[0] if node.named_children else None
        self.push(step)
        if value is None:
            return
        name, message, cause = self.chain(value), "", ""
        if value.type == "object_creation_expression":
            name = self._type(value.child_by_field_name("type"))
            arguments = value.child_by_field_name("arguments")
            for argument in arguments.named_children if arguments else ():
                message = message or self.template(argument)
                cause = self.text(argument) if argument.type == "identifier" else cause
        elif value.type == "identifier":
            held = next((b for b in reversed(self.bindings) if b.scope == scope and b.name == name), None)
            if held is not None:
                name = "" if held.kind == "caught" else held.text.removeprefix("new ").removesuffix("()")
        if not self._given_away(node):
            self.raises.append(Raise(scope, clip(name), start_line(node), message, self.guard(node, FUNCTIONS), cause))

    def _given_away(self, node: Node) -> bool:
        """Whether the code stands in a lambda that is only returned: it throws when somebody else calls it."""
        parent = node.parent
        while parent is not None and parent.type not in FUNCTIONS:
            parent = parent.parent
        outer = parent.parent if parent is not None and parent.type == "lambda_expression" else None
        return outer is not None and outer.type in ("return_statement", "lambda_expression")

    def on_try(self, step: Step) -> None:
        node, scope = step[0], step[1]
        body = node.child_by_field_name("body")
        start = start_line(node) if node.type == "try_with_resources_statement" else start_line(body) if body else 0
        for clause in node.named_children:
            if clause.type != "catch_clause" or body is None:
                continue
            parameter = next((c for c in clause.named_children if c.type == "catch_formal_parameter"), None)
            block = clause.child_by_field_name("body")
            if parameter is None or block is None:
                continue
            kinds = next((c for c in parameter.named_children if c.type == "catch_type"), None)
            names = tuple(self._type(c) for c in kinds.named_children) if kinds is not None else ()
            caught = self.text(parameter.child_by_field_name("name"))
            self.bind(scope, caught, names[0] if len(names) == 1 else "Throwable", clause, "caught", clause)
            action = self.action(block, caught)
            self.catches.append(Handler(scope, names, start, end_line(body), start_line(clause), action))
        self.push(step)

    def _supplied(self, supplier: Node, scope: int) -> None:
        """`found.orElseThrow(() -> new Missing(id))` and `orElseThrow(Missing::new)` throw what the supplier makes."""
        made = supplier.child_by_field_name("body") if supplier.type == "lambda_expression" else None
        name, message = "", ""
        if made is not None and made.type == "object_creation_expression":
            name = self._type(made.child_by_field_name("type"))
            arguments = made.child_by_field_name("arguments")
            given = arguments.named_children if arguments is not None else []
            message = next((m for m in map(self.template, given) if m), "")
        elif supplier.type == "method_reference" and self.text(supplier).endswith("::new"):
            name = self.text(supplier).removesuffix("::new").strip()
        if name:
            self.raises.append(Raise(scope, clip(name), start_line(supplier), message))
