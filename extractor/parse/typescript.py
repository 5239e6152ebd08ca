"""TypeScript, TSX and JavaScript: one file's tree in, its FileFacts out. A function, arrow or class bound to a name is a
definition of that name; functions in an object literal are members of the variable that holds it; other anonymous functions
belong to the scope that contains them. `extra["exports"]` maps exported names to local chains (`default`, and `=` for
`module.exports = …`), overload signatures are folded into their implementation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from extractor.facts import MODULE, Binding, FileFacts, Handler, Import, Raise
from extractor.parse.collect import Step, clip, handler_action
from extractor.parse.tree import collapse, end_line, start_line
from extractor.parse.typescript_chains import attributes, chain
from extractor.parse.typescript_defs import ScriptDefs
from extractor.parse.typescript_names import FUNCTION_VALUES
from extractor.parse.typescript_values import ScriptValues

if TYPE_CHECKING:
    from tree_sitter import Node

    from extractor.parse import Source
FUNCTION_SCOPES: Final = FUNCTION_VALUES | {
    "function_declaration",
    "generator_function_declaration",
    "method_definition",
}


def parse(source: Source) -> FileFacts:
    """The facts of one TypeScript or JavaScript file."""
    collector = ScriptCollector(source)
    collector.walk()
    exports = {k: v for k, v in collector.exports.items() if k not in collector.unnamed}
    names = tuple(sorted(k for k in exports if k != "=")) if exports or collector.is_module else None
    extra = {
        "typevars": collector.typevars,
        "exports": exports,
        "reads": collector.reads,
        "puts": collector.puts,
        "writes": collector.writes,
    }
    return collector.facts(exports=names, extra=extra)


def _mentions(condition: Node | None, text: str) -> bool:
    """Whether a name of a condition stands in a text."""
    stack = [condition] if condition is not None else []
    while stack:
        node = stack.pop()
        if node.type == "identifier" and re.search(rf"(?<![\w.]){node.text.decode() if node.text else ''}\b", text):
            return True
        stack.extend(node.named_children)
    return False


class ScriptCollector(ScriptValues):
    """Visits statements and expressions."""

    # ------------------------------------------------------------------ statements
    def on_for_in(self, step: Step) -> None:
        node, scope = step[0], step[1]
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        of = self.text(node.child_by_field_name("operator")) == "of"
        if left is not None and right is not None:
            awaited = "!" if any(c.type == "await" for c in node.children) else ""
            value = f"{clip(chain(self.source, right))}*{awaited}" if of else "<string>"
            self._destructure(left, value if not value.startswith("?") else "?", scope, node)
        self.push_nodes([right, node.child_by_field_name("body")], scope, step[2])

    def on_return(self, step: Step) -> None:
        node, scope = step[0], step[1]
        inner = node.start_byte < self._anonymous_until.get(scope, 0)
        if node.named_children and scope != MODULE and not inner:
            value = node.named_children[0]
            if self.defs[scope].kind in ("function", "method") and self._returned_object(value, scope):
                return
            if value.type not in FUNCTION_VALUES:
                self.bind(scope, "return", clip(chain(self.source, value)), node)
            elif value.child_by_field_name("name") is not None:
                name = self.text(value.child_by_field_name("name"))
                self._define_value(name, value, value, (value, scope, step[2], False), flags=["nested"])
                self.bind(scope, "return", name, node)
                return
        self.push(step)

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
            held = next((b for b in reversed(self.bindings) if b.scope == scope and b.name == self.text(value)), None)
            if held is not None:
                name = "" if held.kind == "caught" else held.text.removeprefix("new ").removesuffix("()")
        self.raises.append(
            Raise(scope, clip(name), start_line(node), message, self.guard(node, FUNCTION_SCOPES), cause)
        )

    def on_try(self, step: Step) -> None:
        node, scope = step[0], step[1]
        body, handler = node.child_by_field_name("body"), node.child_by_field_name("handler")
        if body is not None and handler is not None:
            parameter = handler.child_by_field_name("parameter")
            caught = self.text(parameter)
            if caught.isidentifier():
                self.bind(scope, caught, "Error", handler, "caught", handler)
            block = handler.child_by_field_name("body")
            action = self._action(block, caught) if block is not None else "pass"
            self.catches.append(Handler(scope, (), start_line(body), end_line(body), start_line(handler), action))
        self.push(step)

    def _action(self, block: Node, caught: str) -> str:
        throws: list[tuple[str, bool]] = []
        called: list[str] = []
        returns = False
        stack = list(block.named_children)
        empty = not [c for c in stack if c.type != "comment"]
        while stack:
            node = stack.pop()
            if node.type == "throw_statement":
                thrown = self.text(node.named_children[0]) if node.named_children else ""
                throws.append((thrown, thrown == caught))
            elif node.type == "call_expression":
                called.append(self.text(node.child_by_field_name("function")).rpartition(".")[2])
            elif node.type == "return_statement":
                returns = True
            elif node.type in ("assignment_expression", "lexical_declaration"):
                called.append("")
            if node.type not in FUNCTION_SCOPES:
                stack.extend(node.named_children)
        return handler_action(throws, called, returns, empty)

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
        if other is not None and until is not None and start_line(other) <= end_line(until):
            until = None if _mentions(condition, self.text(other)) else until
        stack = [condition]
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

    # ------------------------------------------------------------------ expressions

    def on_call(self, step: Step) -> None:
        node, scope = step[0], step[1]
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        module = self._required(node)
        if module:
            self.imports.append(Import(scope, module, "", f"require:{module}", 0, start_line(node), "require"))
            self.push(step)
            return
        if (
            function is not None
            and function.type in FUNCTION_VALUES | {"parenthesized_expression"}
            and self._iife(function)
        ):
            self.push(step)
            return
        receiver, name = self._callee(function)
        if (
            name in ("inherits", "assign", "setPrototypeOf")
            and arguments is not None
            and len(arguments.named_children) > 1
        ):
            self._prototypes(name, arguments.named_children, node)
        anchor = (
            function.child_by_field_name("property")
            if function is not None and function.type == "member_expression"
            else function
        )
        self.call(scope, receiver, name, anchor or node, self._args(arguments))
        self._lambda_parameters(arguments, scope, f"{receiver}.{name}" if receiver else name)
        if function is not None and function.type == "member_expression":
            self.push_nodes([function.child_by_field_name("object"), arguments], scope, step[2])
        else:
            self.push(step)

    def _prototypes(self, name: str, given: list[Node], node: Node) -> None:
        """`inherits(A, B)`, `Object.setPrototypeOf(A.prototype, B.prototype)`, `Object.assign(A.prototype, mixin)`: what A inherits."""
        first = self.text(given[0])
        owner = self._owner(first.removesuffix(".prototype"))
        if owner is None or (name != "inherits" and not first.endswith(".prototype")):
            return
        for position, other in enumerate(given[1:], len(self.bases)):
            written = self.text(other).removesuffix(".prototype")
            if other.type == "object":
                self._prototype(other, owner)
            elif written.replace(".", "").isidentifier():
                self.add_base(owner, written, position, start_line(node), "mixin" if name == "assign" else "extends")

    def on_member(self, step: Step) -> None:
        """A property that is read: a call, where it turns out to be a getter."""
        node, scope = step[0], step[1]
        name = self.text(node.child_by_field_name("property"))
        receiver = clip(chain(self.source, node.child_by_field_name("object")))
        if receiver != "?":
            self.reads.append([scope, receiver, name, start_line(node)])
        self.push_nodes([node.child_by_field_name("object")], scope, step[2])

    def _iife(self, function: Node) -> bool:
        inner = function
        while inner.type == "parenthesized_expression" and inner.named_children:
            inner = inner.named_children[0]
        return inner.type in FUNCTION_VALUES

    def on_new(self, step: Step) -> None:
        node, scope = step[0], step[1]
        made, arguments = node.child_by_field_name("constructor"), node.child_by_field_name("arguments")
        self.call(
            scope,
            "",
            collapse(self.text(made)) if made is not None else "?",
            made or node,
            self._args(arguments),
            "new",
        )
        self._lambda_parameters(arguments, scope, f"new {self.text(made)}")
        self.push(step)

    def _lambda_parameters(self, arguments: Node | None, scope: int, callee: str) -> None:
        for position, argument in enumerate(arguments.named_children if arguments is not None else ()):
            if argument.type in FUNCTION_VALUES and argument.child_by_field_name("name") is None:
                self._bind_parameters(argument, scope, f"{callee}#{position}")

    def on_anonymous(self, step: Step) -> None:
        """A function without a name: its parameters hide outer names, its code belongs to the scope around it."""
        node, scope, prefix, _ = step
        own = self.text(node.child_by_field_name("name"))
        if own:
            self._define_value(own, node, node, step, flags=["nested"])
            return
        if node.id not in self._seen_functions:
            self._bind_parameters(node, scope, "")
        body = node.child_by_field_name("body")
        parameters = node.child_by_field_name("parameters")
        self.push_nodes(self._defaults(parameters), scope, prefix)
        # What an inner function returns is not what the scope around it returns.
        self._anonymous_until[scope] = max(node.end_byte, self._anonymous_until.get(scope, 0))
        if body is not None and body.type == "statement_block":
            self.push((body, scope, prefix, False))
        else:
            self.push_nodes([body], scope, prefix)

    def on_jsx(self, step: Step) -> None:
        node, scope = step[0], step[1]
        name = node.child_by_field_name("name")
        text = self.text(name)
        if text and (text[0].isupper() or "." in text):
            receiver, _, last = text.rpartition(".")
            self.call(scope, receiver, last, name or node, [attributes(self.source, node)], "jsx")
        self.push(step)

    def on_decorator(self, step: Step) -> None:
        node, scope, prefix, _ = step
        value = node.named_children[0] if node.named_children else None
        if value is None:
            return
        function = value.child_by_field_name("function") if value.type == "call_expression" else value
        receiver, name = self._callee(function)
        arguments = value.child_by_field_name("arguments")
        outer = scope
        while outer != MODULE and self.defs[outer].kind == "class":
            outer = self.defs[outer].scope
        self.call(outer, receiver, name, function or value, self._args(arguments), "decorator")
        self.push_nodes(arguments.named_children if arguments is not None else (), scope, prefix)

    handlers: ClassVar[Mapping[str, Callable[[Any, Step], None]]] = {
        "import_statement": ScriptDefs.on_import,
        "export_statement": ScriptValues.on_export,
        "class_declaration": ScriptDefs.on_class,
        "abstract_class_declaration": ScriptDefs.on_class,
        "class": ScriptDefs.on_class_value,
        "interface_declaration": ScriptDefs.on_interface,
        "type_alias_declaration": ScriptDefs.on_alias,
        "enum_declaration": ScriptDefs.on_enum,
        "internal_module": ScriptDefs.on_namespace,
        "module": ScriptDefs.on_namespace,
        "function_declaration": ScriptDefs.on_function,
        "generator_function_declaration": ScriptDefs.on_function,
        "function_signature": ScriptDefs.on_function,
        "method_definition": ScriptDefs.on_method,
        "method_signature": ScriptDefs.on_method,
        "abstract_method_signature": ScriptDefs.on_method,
        "public_field_definition": ScriptValues.on_field,
        "field_definition": ScriptValues.on_field,
        "property_signature": ScriptValues.on_field,
        "lexical_declaration": ScriptValues.on_declaration,
        "variable_declaration": ScriptValues.on_declaration,
        "assignment_expression": ScriptValues.on_assignment,
        "augmented_assignment_expression": ScriptValues.on_augmented,
        "if_statement": on_if,
        "ternary_expression": on_ternary,
        "binary_expression": on_binary,
        "for_in_statement": on_for_in,
        "return_statement": on_return,
        "throw_statement": on_throw,
        "try_statement": on_try,
        "call_expression": on_call,
        "member_expression": on_member,
        "new_expression": on_new,
        "arrow_function": on_anonymous,
        "function_expression": on_anonymous,
        "generator_function": on_anonymous,
        "jsx_opening_element": on_jsx,
        "jsx_self_closing_element": on_jsx,
        "decorator": on_decorator,
    }
