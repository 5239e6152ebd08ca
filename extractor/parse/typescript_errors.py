"""Errors and tests of a TypeScript or JavaScript file: what is thrown, rejected and caught, and what a condition says a name holds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from extractor.facts import MODULE, Binding, Handler, Raise
from extractor.parse.collect import Step, clip
from extractor.parse.tree import end_line, start_line
from extractor.parse.typescript_assign import ScriptAssignments
from extractor.parse.typescript_chains import chain
from extractor.parse.typescript_names import FUNCTION_VALUES

if TYPE_CHECKING:
    from tree_sitter import Node
FUNCTION_SCOPES: Final = FUNCTION_VALUES | {
    "function_declaration",
    "generator_function_declaration",
    "method_definition",
}


def _mentions(condition: Node | None, text: str) -> bool:
    """Whether a name of a condition stands in a text."""
    stack = [condition] if condition is not None else []
    while stack:
        node = stack.pop()
        if node.type == "identifier" and re.search(rf"(?<![\w.]){node.text.decode() if node.text else ''}\b", text):
            return True
        stack.extend(node.named_children)
    return False


class ScriptErrors(ScriptAssignments):
    """Throw and try statements, and conditions."""

    besides = frozenset(("assignment_expression", "lexical_declaration"))
    elsewhere = FUNCTION_SCOPES

    def on_throw(self, step: Step) -> None:
        node, scope = step[0], step[1]
        self.push(step)
        value = node.named_children[0] if node.named_children else None
        if value is None:
            return
        name, message, cause = chain(self.source, value), "", ""
        if value.type == "new_expression" or (value.type == "call_expression" and name[:1].isupper()):
            name = self.text(value.child_by_field_name("constructor") or value.child_by_field_name("function"))
            arguments = value.child_by_field_name("arguments")
            for argument in arguments.named_children if arguments is not None else ():
                message = message or self.template(argument)
        elif value.type == "identifier":
            held = self._held(scope, self.text(value), start_line(node))
            if held is not None and held.kind == "caught":
                return  # what arrives here again is what the try region lets through
            if held is not None and held.kind != "guarded":
                name = held.text.removeprefix("new ").removesuffix("()")
        if not self._given_away(node, scope):
            guard = self.guard(node, FUNCTION_SCOPES)
            self.raises.append(Raise(scope, clip(name), start_line(node), message, guard, cause))

    def _held(self, scope: int, name: str, line: int) -> Binding | None:
        """The binding of a name that holds on a line, the latest first."""
        for binding in reversed(self.bindings):
            holds = not binding.end_line or binding.line <= line <= binding.end_line
            if holds and binding.scope == scope and binding.name == name:
                return binding
        return None

    def _given_away(self, node: Node, scope: int) -> bool:
        """Whether the code stands in a function without a name that is only returned: it throws when somebody else calls it."""
        parent = node.parent
        while parent is not None and parent.type not in FUNCTION_SCOPES:
            parent = parent.parent
        if parent is None or (scope != MODULE and self.spans[scope] == (parent.start_byte, parent.end_byte)):
            return False
        return parent.parent is not None and parent.parent.type in ("return_statement", "arrow_function")

    def on_reject(self, arguments: Node | None, step: Step) -> None:
        """`reject(new Error(…))` and `Promise.reject(…)` throw later."""
        given = arguments.named_children[0] if arguments is not None and arguments.named_children else None
        made = (
            given.child_by_field_name("constructor") if given is not None and given.type == "new_expression" else None
        )
        if given is None or made is None:
            return
        inner = given.child_by_field_name("arguments")
        message = next((m for m in map(self.template, inner.named_children if inner is not None else ()) if m), "")
        guard = self.guard(given, FUNCTION_SCOPES)
        self.raises.append(Raise(step[1], clip(self.text(made)), start_line(given), message, guard, ""))

    def on_try(self, step: Step) -> None:
        node, scope = step[0], step[1]
        body, handler = node.child_by_field_name("body"), node.child_by_field_name("handler")
        if body is not None and handler is not None:
            parameter = handler.child_by_field_name("parameter")
            caught = self.text(parameter)
            if caught.isidentifier():
                self.bind(scope, caught, "Error", handler, "caught", handler)
            block = handler.child_by_field_name("body")
            for names, action in self._clauses(block, caught) if block is not None else [((), "pass")]:
                region = (start_line(body), end_line(body))
                self.catches.append(Handler(scope, names, *region, start_line(handler), action))
        self.push(step)

    def _clauses(self, block: Node, caught: str) -> list[tuple[tuple[str, ...], str]]:
        """What a catch block handles, as clauses of other languages would say it: (errors, action), no errors for all of them.
        `if (e instanceof A) return; throw e` handles A alone, `if (e instanceof A) throw e` all but A."""
        whole = self.action(block, caught)
        statements = [c for c in block.named_children if c.type != "comment"]
        again = bool(statements) and self._throws_again(statements[-1], caught)
        tested: list[str] = []
        passed: list[str] = []
        for first in statements:
            statement: Node | None = first
            while statement is not None and statement.type == "if_statement":
                wanted, negated = self._tested(statement.child_by_field_name("condition"), caught)
                then, other = (statement.child_by_field_name(f) for f in ("consequence", "alternative"))
                leaves = self._throws_again(then, caught)
                if wanted and negated == leaves:
                    tested.append(wanted)
                    again = again or negated
                elif wanted and leaves:
                    passed.append(wanted)
                other = other.named_children[0] if other is not None and other.named_children else None
                again = again or (bool(wanted) and self._throws_again(other, caught))
                statement = other
        if again and tested:
            return [((name,), "handle") for name in tested]
        if passed and not again:
            return [*(((name,), "reraise") for name in passed), ((), "handle")]
        return [((), whole)]

    def _tested(self, condition: Node | None, caught: str) -> tuple[str, bool]:
        """The class that `e instanceof C` asks for, and whether it is negated."""
        negated = False
        while condition is not None and condition.type in ("parenthesized_expression", "unary_expression"):
            negated ^= condition.type == "unary_expression"
            condition = condition.named_children[0] if condition.named_children else None
        if condition is None or condition.type != "binary_expression":
            return "", negated
        left, right = (self.text(condition.child_by_field_name(f)) for f in ("left", "right"))
        found = self.text(condition.child_by_field_name("operator")) == "instanceof" and left == caught
        return (right, negated) if found else ("", negated)

    def _throws_again(self, node: Node | None, caught: str) -> bool:
        """Whether a statement, or the last of a block, throws what was caught."""
        if node is not None and node.type == "statement_block":
            node = node.named_children[-1] if node.named_children else None
        return node is not None and node.type == "throw_statement" and self.text(node.named_children[0]) == caught

    def called_by(self, node: Node) -> str | None:
        is_call = node.type == "call_expression"
        return self.text(node.child_by_field_name("function")).rpartition(".")[2] if is_call else None

    def on_if(self, step: Step) -> None:
        """`if (x instanceof T)` says what x is inside, or behind it when the branch leaves."""
        node, scope = step[0], step[1]
        condition, then = node.child_by_field_name("condition"), node.child_by_field_name("consequence")
        self._narrow(condition, scope, then, other=node.child_by_field_name("alternative"))
        inner = condition.named_children[0] if condition is not None and condition.named_children else None
        if inner is not None and inner.type == "unary_expression" and then is not None and node.parent is not None:
            last = then.named_children[-1] if then.type == "statement_block" and then.named_children else then
            if last.type in ("return_statement", "throw_statement", "continue_statement", "break_statement"):
                self._narrow(inner.child_by_field_name("argument"), scope, node.parent, after=then)
        self.push(step)

    def on_ternary(self, step: Step) -> None:
        node = step[0]
        other = node.child_by_field_name("alternative")
        self._narrow(
            node.child_by_field_name("condition"), step[1], node.child_by_field_name("consequence"), other=other
        )
        self.push(step)

    def on_binary(self, step: Step) -> None:
        node = step[0]
        if self.text(node.child_by_field_name("operator")) == "&&":
            self._narrow(node.child_by_field_name("left"), step[1], node.child_by_field_name("right"))
        self.push(step)

    def _narrow(
        self,
        condition: Node | None,
        scope: int,
        until: Node | None,
        after: Node | None = None,
        other: Node | None = None,
    ) -> None:
        """Bind what a condition tests with `instanceof` to that class, for the lines where the test holds. On a line that the
        other branch shares nothing can be said."""
        if condition is None or condition.type in ("identifier", "member_expression"):
            return
        if other is not None and until is not None and start_line(other) <= end_line(until):
            until = None if _mentions(condition, self.text(other)) else until
        stack: list[Node | None] = [condition]
        while stack:
            node = stack.pop()
            if node is None:
                continue
            if node.type == "parenthesized_expression":
                stack.extend(node.named_children[:1])
            if node.type == "call_expression":
                self._guarded(node, scope, until, after)
            if node.type != "binary_expression":
                continue
            operator = self.text(node.child_by_field_name("operator"))
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            if operator == "&&":
                stack.extend((left, right))
            elif operator == "instanceof" and left is not None and left.type == "identifier" and until is not None:
                wanted = clip(chain(self.source, right))
                if wanted.replace(".", "").isidentifier():
                    self._holds(scope, self.text(left), wanted, "narrowed", until, after)

    def _guarded(self, call: Node, scope: int, until: Node | None, after: Node | None) -> None:
        """`isFoo(x)`, whose result type may say `x is Foo`."""
        function, arguments = call.child_by_field_name("function"), call.child_by_field_name("arguments")
        given = arguments.named_children if arguments is not None else []
        if function is None or until is None or len(given) != 1 or given[0].type != "identifier":
            return
        if self.text(function).rpartition(".")[2].startswith(("is", "has")):
            self._holds(scope, self.text(given[0]), clip(chain(self.source, function)), "guarded", until, after)

    def _holds(self, scope: int, name: str, text: str, kind: str, until: Node, after: Node | None) -> None:
        line = start_line(until) if after is None else end_line(after) + 1
        if line <= end_line(until):
            self.bindings.append(Binding(scope, name, text, line, kind, end_line(until)))
