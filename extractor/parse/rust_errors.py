"""Errors as Rust has them: what `Err(…)` and panics make, and the lines of those calls whose error a function hands on by `?` or
as its own result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from extractor.facts import MODULE, Raise
from extractor.parse.collect import Step, clip
from extractor.parse.rust_kept import RustKept
from extractor.parse.tree import collapse, start_line

if TYPE_CHECKING:
    from tree_sitter import Node

    from extractor.parse import Source

_FUNCTIONS: Final = frozenset(("function_item", "closure_expression"))
_KEEPERS: Final = _FUNCTIONS | {
    "block",
    "match_block",
}  # what an expression inside does not end up as an operand outside of
_VALUES: Final = frozenset(("dbg", "try"))  # macros that are what they are given
_PANICS: Final = frozenset(("panic", "unreachable", "todo", "unimplemented"))
_MAKERS: Final = frozenset(("anyhow", "eyre", "format_err"))  # macros that make the error which `bail!` returns
_DEFAULTS: Final = {"todo": "not yet implemented", "unimplemented": "not implemented"}


class RustErrors(RustKept):
    """Follows errors to where a function ends."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.lines: list[list[int]] = []  # [function, line]

    def known_macro(self, name: str, node: Node, arguments: Node | None, scope: int) -> None:
        self.call(scope, "", f"{name}!", node, [])
        if name in _PANICS and scope != MODULE:
            message = self.message(arguments) or _DEFAULTS.get(name, "")
            self.raises.append(Raise(scope, "panic", start_line(node), message, self.guard(node, _FUNCTIONS)))
        elif name in ("bail", "ensure") and scope != MODULE:
            self.raises.append(
                Raise(scope, "anyhow", start_line(node), self.message(arguments), self.guard(node, _FUNCTIONS))
            )

    def on_try(self, step: Step) -> None:
        """`f()?` hands on what f returns, and every call of the chain that leads to it."""
        node, scope = step[0], step[1]
        if scope != MODULE:
            self._carry(node.named_children[0] if node.named_children else None, scope)
        self.push(step)

    def on_return(self, step: Step) -> None:
        if step[1] != MODULE and step[0].named_children:
            self._carry(step[0].named_children[0], step[1])
        self.push(step)

    def tail(self, body: Node, index: int, returns: str) -> None:
        """The last expression of a body is what it returns."""
        if "Result" not in returns:
            return
        stack = [body]
        while stack:
            node = stack.pop()
            last = node.named_children[-1] if node.named_children else None
            ends = node.type == "expression_statement" and not self.text(node).endswith(";")
            if last is not None and (node.type in ("block", "else_clause") or ends):
                stack.append(last)
            elif node.type == "if_expression":
                found = (node.child_by_field_name("consequence"), node.child_by_field_name("alternative"))
                stack.extend(n for n in found if n is not None)
            elif node.type == "match_expression":
                arms = node.child_by_field_name("body")
                values = [a.child_by_field_name("value") for a in (arms.named_children if arms is not None else ())]
                stack.extend(v for v in values if v is not None)
            else:
                self._carry(node, index)

    def _carry(self, node: Node | None, scope: int) -> None:
        while node is not None:
            function = node.child_by_field_name("function") if node.type == "call_expression" else None
            if function is not None:
                if function.type == "generic_function":
                    function = function.child_by_field_name("function") or function
                name = function.child_by_field_name("field") or function.child_by_field_name("name") or function
                if self.text(name) in ("Ok", "Err", "Some"):
                    return
                self.lines.append([scope, start_line(name)])
                node = function.child_by_field_name("value") if function.type == "field_expression" else None
            elif (
                node.type in ("try_expression", "await_expression", "parenthesized_expression") and node.named_children
            ):
                node = node.named_children[0]
            else:
                return

    def error(self, value: Node, node: Node, scope: int) -> None:
        """`Err(E::V)`: the error is what E::V is. One that is only compared or shown goes nowhere."""
        if self._only_seen(node):
            return
        message, function = "", value.child_by_field_name("function")
        if value.type == "call_expression":
            message = self.message(value.child_by_field_name("arguments"))
        made = function is not None and self.is_macro(function) and self.text(function) in _MAKERS
        name = "anyhow" if made else clip(self.chain(value))
        if name not in ("", "?") and name[0] not in "=" and not name.startswith(("<str", "<String", "<i32")):
            local = value.type == "identifier" and name[:1].islower()
            if not local:
                self.raises.append(Raise(scope, name, start_line(node), message, self.guard(node, _FUNCTIONS)))

    def _only_seen(self, node: Node) -> bool:
        """Whether an expression is an operand of a comparison or what a macro such as `assert_eq!` or `println!` looks at."""
        around = node.parent
        while around is not None and around.type not in _KEEPERS:
            if around.type == "binary_expression" or (around.type == "call_expression" and self._looks(around)):
                return True
            around = around.parent
        return False

    def _looks(self, call: Node) -> bool:
        function = call.child_by_field_name("function")
        named = function is not None and function.type == "identifier" and self.is_macro(function)
        return named and self.text(function) not in _VALUES

    def guard(self, node: Node, functions: frozenset[str]) -> str:
        """The condition of the nearest `if` around a node."""
        child, parent = node, node.parent
        while parent is not None and parent.type not in functions:
            if parent.type == "if_expression":
                condition = collapse(self.text(parent.child_by_field_name("condition")))
                then = parent.child_by_field_name("consequence")
                if then is not None and len(condition) <= 160:
                    return (
                        condition if then == child else f"!({condition})" if child.start_byte >= then.end_byte else ""
                    )
            child, parent = parent, parent.parent
        return ""
