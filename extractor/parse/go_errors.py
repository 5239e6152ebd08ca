"""Errors as Go has them: values that functions hand back, and panics. The statements of one file in; raise facts, and the
lines of those calls whose error the function hands on, out.

An error that is handed on as it came, or wrapped, passes through; one that is only looked at ends there. What follows an
assignment to `err` up to the test of it, and the `return` that names it, is all that has to be known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from extractor.facts import MODULE, Base, Handler, Param, Raise
from extractor.parse.collect import Step, clip
from extractor.parse.go_names import GoNames
from extractor.parse.tree import end_line, start_line

if TYPE_CHECKING:
    from tree_sitter import Node

    from extractor.parse import Source

_FUNCTIONS: Final = frozenset(("function_declaration", "method_declaration", "func_literal"))
_MAKERS: Final = frozenset(("New", "Errorf", "Error"))
_ERROR_PACKAGES: Final = frozenset(("errors", "fmt", "xerrors", "pkgerrors"))
_MESSAGE: Final = re.compile(r"msg|message|err|reason|text|detail|desc", re.IGNORECASE)
_NAMES_ERROR: Final = re.compile(r"err", re.IGNORECASE)


@dataclass(slots=True)
class _Held:
    """What a variable may hold: lines of the calls it was assigned, and errors made on the spot; `tested` once looked at."""

    lines: list[int] = field(default_factory=list)
    made: list[Node] = field(default_factory=list)
    tested: bool = False


class GoErrors(GoNames):
    """Follows errors through one function at a time."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self._last_const: tuple[int, str] = (0, "")
        self._function = MODULE
        self._hands_back = 0  # number of results when the last one is an error
        self._named_error = ""
        self._literal_end = 0
        self._held: dict[str, _Held] = {}
        self._lines: list[list[int]] = []

    def carried(self) -> list[list[int]]:
        """[function, line] of the calls whose error the function hands on."""
        return sorted(map(list, {tuple(row) for row in self._lines}))

    def base(self, scope: int, name: str, position: int, line: int) -> Base:
        return Base(scope, name, position, line, "extends")

    def begin_function(self, index: int, returns: str, named: tuple[Param, ...]) -> None:
        self._function = index
        self._held = {}
        inner = returns.strip("()").split(",")
        error = inner[-1].strip() == "error"
        self._hands_back = len(inner) if error else 0
        self._named_error = named[-1].name if named and error else ""

    def enter_literal(self, node: Node) -> None:
        self._literal_end = max(self._literal_end, node.end_byte)

    def sentinel(self, value: Node | None) -> str | None:
        """The message of `errors.New("…")` or `fmt.Errorf("…")`; None when a value is not made so."""
        if value is None or value.type != "call_expression" or not self._makes(value):
            return None
        return self.message(value.child_by_field_name("arguments"))

    def _makes(self, call: Node) -> bool:
        function = call.child_by_field_name("function")
        if function is None or function.type != "selector_expression":
            return False
        package, _, name = self.text(function).partition(".")
        return package in _ERROR_PACKAGES and name in _MAKERS

    # ------------------------------------------------------------------ following a value
    def note_assignment(self, names: list[str], values: list[Node], node: Node) -> None:
        if not self._hands_back or node.start_byte < self._literal_end:
            return
        for position, name in enumerate(names):
            value = values[position] if len(values) == len(names) else values[0] if len(values) == 1 else None
            if (
                value is None
                or not name.isidentifier()
                or name == "_"
                or (len(values) == 1 and position < len(names) - 1)
            ):
                continue
            held = self._held.get(name)
            if held is None or held.tested:
                held = self._held[name] = _Held()
            if value.type == "call_expression" and not self._makes(value):
                held.lines.append(self._call_line(value))
            else:
                held.made.append(value)

    def on_test(self, step: Step) -> None:
        """`err != nil`: what is assigned after this is another error."""
        left = step[0].child_by_field_name("left")
        if left is not None and left.type == "identifier" and (held := self._held.get(self.text(left))) is not None:
            right = step[0].child_by_field_name("right")
            held.tested = held.tested or (right is not None and right.type == "nil")
        self.push(step)

    def note_call(self, node: Node, function: Node, scope: int) -> None:
        if function.type != "identifier":
            return
        name = self.text(function)
        if name == "panic":
            arguments = node.child_by_field_name("arguments")
            given = arguments.named_children[0] if arguments is not None and arguments.named_children else None
            message = self.message(arguments)
            if given is not None and given.type == "call_expression":
                message = message or self.message(given.child_by_field_name("arguments"))
            cause = self.text(given) if given is not None and given.type == "identifier" else ""
            guard = self.guard(node, _FUNCTIONS)
            self.raises.append(Raise(scope, "panic", start_line(node), message, guard, cause))
        elif name == "recover" and node.start_byte < self._literal_end and scope != MODULE:
            around = node.parent
            while around is not None and around.type not in ("function_declaration", "method_declaration"):
                around = around.parent
            if around is not None:
                line = start_line(node)
                self.catches.append(Handler(scope, ("panic",), start_line(around), end_line(around), line, "handle"))

    # ------------------------------------------------------------------ handing back
    def on_return(self, step: Step) -> None:
        node = step[0]
        if self._hands_back and node.start_byte >= self._literal_end:
            listed = node.named_children[0].named_children if node.named_children else []
            given = [c for c in listed if c.type != "comment"]
            if given and (len(given) == self._hands_back or len(given) == 1):
                self._returned(given[-1], node)
            elif not given and self._named_error:
                self._handed(self._named_error, node)
        self.push(step)

    def _returned(self, value: Node, node: Node) -> None:
        while value.type in ("parenthesized_expression", "unary_expression") and value.named_children:
            value = value.named_children[-1]
        if value.type == "identifier":
            name = self.text(value)
            if not self._handed(name, node) and not self._is_local(name):
                self._raise(name, node)
        elif value.type == "selector_expression":
            owner = value.child_by_field_name("operand")
            name = self.text(value.child_by_field_name("field"))
            if (
                owner is not None
                and owner.type == "identifier"
                and not self._is_local(self.text(owner))
                and name[:1].isupper()
            ):
                self._raise(self.text(value), node)
        elif value.type == "composite_literal":
            arguments = value.child_by_field_name("body")
            self._raise(self.type_text(value.child_by_field_name("type")), node, self._literal_message(arguments))
        elif value.type == "call_expression":
            self._returned_call(value, node)

    def _returned_call(self, call: Node, node: Node) -> None:
        arguments = call.child_by_field_name("arguments")
        given = [c for c in arguments.named_children if c.type != "comment"] if arguments is not None else []
        function = call.child_by_field_name("function")
        text = self.text(function)
        package = text.partition(".")[0]
        wrapped = [self.text(c) for c in given if c.type == "identifier"]
        if self._makes(call):
            # `%v` prints an error into a new one; `%w` lets it through.
            through = [c for c in given[1:] if c.type in ("identifier", "selector_expression", "call_expression")]
            through = through if given and "%w" in self.text(given[0]) else []
            cause = self.text(through[-1]) if through else ""
            self._raise("error", node, self.message(arguments), cause)
            for value in through:
                if _NAMES_ERROR.search(self.text(value)):
                    self._returned(value, node)
            return
        if package in _ERROR_PACKAGES:  # errors.Join, errors.Wrap
            for value in given:
                if value.type in ("identifier", "selector_expression", "call_expression"):
                    self._returned(value, node)
            return
        self._lines.append([self._function, self._call_line(call)])
        for name in wrapped:
            if name in self._held:
                self._handed(name, node)
        if function is not None and function.type in ("identifier", "selector_expression"):
            last = text.rpartition(".")[2]
            if _NAMES_ERROR.search(last):  # a constructor, or a conversion to an error type
                self._raise(clip(self.chain(call)), node, self.message(arguments))

    def _handed(self, name: str, node: Node) -> bool:
        held = self._held.get(name)
        if held is None:
            return False
        held.tested = True
        self._lines += [[self._function, line] for line in held.lines]
        made, held.made = held.made, []
        for value in made:
            if value.type != "identifier" or self.text(value) != name:
                self._returned(value, value)
        return True

    def _raise(self, name: str, node: Node, message: str = "", cause: str = "") -> None:
        if name and name not in ("nil", "?"):
            guard = self.guard(node, _FUNCTIONS)
            self.raises.append(Raise(self._function, name, start_line(node), message, guard, cause))

    def _literal_message(self, body: Node | None) -> str:
        """The string of `&ParseError{Line: 3, Msg: "…"}` that is a message by its field's name, or by having none."""
        stack = list(reversed(body.named_children)) if body is not None else []
        while stack:
            node = stack.pop()
            if node.type in ("interpreted_string_literal", "raw_string_literal"):
                return self.text(node)[1:-1]
            if node.type == "keyed_element" and not _MESSAGE.search(self.text(node.named_children[0])):
                continue
            if node.type in ("keyed_element", "literal_element"):
                stack.extend(reversed(node.named_children))
        return ""

    def _is_local(self, name: str) -> bool:
        if any(p.name == name for p in self.defs[self._function].params):
            return True
        for binding in reversed(self.bindings):
            if binding.scope != self._function:
                return False
            if binding.name == name:
                return True
        return False

    def _call_line(self, call: Node) -> int:
        """The line that the call's own fact bears: that of the name called."""
        function = call.child_by_field_name("function")
        if function is not None and function.type == "selector_expression":
            function = function.child_by_field_name("field")
        return start_line(function or call)
