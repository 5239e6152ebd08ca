"""C# expressions and types written down: a node in, its chain in the notation of collect.py or its type's text out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from extractor.parse.collect import MAX_STEPS, Collector, clip
from extractor.parse.tree import collapse

if TYPE_CHECKING:
    from tree_sitter import Node

_LITERALS: Final = {
    "string_literal": "<string>",
    "verbatim_string_literal": "<string>",
    "raw_string_literal": "<string>",
    "interpolated_string_expression": "<string>",
    "character_literal": "<char>",
    "integer_literal": "<int>",
    "real_literal": "<double>",
    "boolean_literal": "<bool>",
    "null_literal": "<null>",
}
_SUFFIXED: Final = {"l": "<long>", "u": "<uint>", "ul": "<ulong>", "lu": "<ulong>", "m": "<decimal>"}
_DIGITS: Final = "0123456789._xabcdef"
_COMPARISONS: Final = frozenset(("==", "!=", "<", ">", "<=", ">=", "&&", "||", "is"))


class CSharpChains(Collector):
    """What needs no scope."""

    def type_text(self, node: Node | None) -> str:
        """A type without spaces, the names in a tuple's type, `global::`."""
        if node is None:
            return ""
        text = self.text(node)
        if "(" in text:
            text = self._without_names(node)
        return collapse(text).replace(" ", "").replace("global::", "").replace("::", ".")

    def _without_names(self, node: Node) -> str:
        if node.type in ("tuple_element", "declaration_expression"):
            return self._without_names(node.named_children[0])
        if not node.children:
            return self.text(node)
        return "".join(self._without_names(c) for c in node.children)

    def misread_new(self, node: Node) -> tuple[str, str, Node] | None:
        """`(I)new X<T>(a)`, which the grammar reads as two comparisons: its chain, the type that is made, the arguments."""
        inner, given = node.child_by_field_name("left"), node.child_by_field_name("right")
        if (
            inner is None
            or given is None
            or inner.type != "binary_expression"
            or self.text(node.child_by_field_name("operator")) != ">"
        ):
            return None
        made, arg = inner.child_by_field_name("left"), inner.child_by_field_name("right")
        cast = made if made is not None and made.type == "cast_expression" else None
        made = cast.child_by_field_name("value") if cast is not None else made
        if (
            made is None
            or made.type != "object_creation_expression"
            or made.child_by_field_name("arguments") is not None
        ):
            return None
        if given.type not in ("tuple_expression", "parenthesized_expression"):
            return None
        written = f"{self.type_text(made.child_by_field_name('type'))}<{self.type_text(arg)}>"
        head = f"new {written}()" if cast is None else f"<{self.type_text(cast.child_by_field_name('type'))}>"
        return head, written, given

    def chain(self, node: Node | None) -> str:
        """An expression in the notation of collect.py."""
        steps: list[str] = []
        head = "?"
        while node is not None and len(steps) <= MAX_STEPS:
            kind = node.type
            if kind == "identifier":
                head = self.text(node)
                break
            if kind in ("generic_name", "qualified_name", "predefined_type", "alias_qualified_name"):
                head = self.type_text(node)
                break
            if kind in ("this", "this_expression", "base", "base_expression"):
                head = "this" if kind.startswith("this") else "super"
                break
            if kind == "member_access_expression":
                steps.append("." + self.type_text(node.child_by_field_name("name")))
                word = next((c.type for c in node.children if c.type in ("this", "base")), "")
                if word:
                    head = "this" if word == "this" else "super"
                    break
                node = node.child_by_field_name("expression")
            elif kind == "conditional_access_expression":
                bound = [c for c in node.named_children if c.type == "member_binding_expression"]
                steps += ["." + self.type_text(c.child_by_field_name("name")) for c in bound[:1]] or ["[]"]
                node = node.child_by_field_name("condition")
            elif kind == "invocation_expression":
                steps.append("()")
                node = node.child_by_field_name("function")
            elif kind == "element_access_expression":
                steps.append("[]")
                node = node.child_by_field_name("expression")
            elif kind == "await_expression":
                steps.append("!")
                node = node.named_children[0] if node.named_children else None
            elif kind in ("parenthesized_expression", "postfix_unary_expression", "checked_expression", "argument"):
                node = node.named_children[-1] if node.named_children else None
            elif kind == "object_creation_expression":
                head = f"new {self.type_text(node.child_by_field_name('type'))}()"
                break
            elif kind in ("cast_expression", "array_creation_expression"):
                head = f"<{self.type_text(node.child_by_field_name('type'))}>"
                break
            elif kind == "binary_expression" and (made := self.misread_new(node)):
                head = made[0]
                break
            elif kind in ("as_expression", "binary_expression"):
                operator = self.text(node.child_by_field_name("operator")) or "as"
                left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
                if operator == "as":
                    head = f"<{self.type_text(right)}>"
                    break
                if operator in _COMPARISONS:
                    head = "<bool>"
                    break
                node = left
            elif kind == "prefix_unary_expression" and self.text(node)[:1] in "-+~":
                node = node.named_children[-1]
            elif kind in ("is_expression", "is_pattern_expression", "prefix_unary_expression"):
                head = "<bool>" if kind != "prefix_unary_expression" or self.text(node)[:1] == "!" else "?"
                break
            elif kind in ("implicit_array_creation_expression", "collection_expression"):
                inside = node.named_children[-1] if node.named_children else None
                inside = (
                    inside.named_children[0]
                    if inside is not None and inside.type == "initializer_expression"
                    else inside
                )
                head = f"[{self.chain(inside)}]"
                break
            elif kind in ("declaration_expression", "default_expression"):
                written = self.type_text(node.child_by_field_name("type"))
                head = f"<{written}>" if written not in ("", "var") else "?"
                break
            elif kind == "typeof_expression":
                head = "<Type>"
                break
            elif kind in _LITERALS:
                head = _SUFFIXED.get(self.text(node).lower().lstrip(_DIGITS), _LITERALS[kind])
                break
            elif kind == "conditional_expression":
                node = node.child_by_field_name("consequence")
            elif kind == "switch_expression":
                arm = next((c for c in node.named_children if c.type == "switch_expression_arm"), None)
                node = arm.named_children[-1] if arm is not None and arm.named_children else None
            elif kind == "assignment_expression":
                node = node.child_by_field_name("right")
            elif kind == "lambda_expression":
                body = node.child_by_field_name("body")
                if body is not None and body.type == "block":
                    results = [c for c in body.named_children if c.type == "return_statement" and c.named_children]
                    body = results[0].named_children[0] if results else None
                head = "=>" + (clip(self.chain(body)) if body is not None else "?")
                break
            else:
                break
        return head + "".join(reversed(steps)) if len(steps) <= MAX_STEPS else "?"
