"""C, C++ and CUDA: one file's tree in, its FileFacts out. A namespace is a part of qualified names, not a definition. A declaration
and its definition in one file are one definition, which stands where the body is; a mere declaration has the flag
`declaration`. Function-like macros are functions that call what their text calls.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from extractor.facts import MODULE, FileFacts, Handler, Raise
from extractor.parse.collect import Step, clip
from extractor.parse.cpp_macros import hidden_namespaces, prepare
from extractor.parse.cpp_node import node_argument, node_row
from extractor.parse.cpp_objects import CppObjects
from extractor.parse.cpp_text import (
    CASTS,
    LITERALS,
    binding_target,
    bound_operator,
    chain,
    compact,
    member_name,
    named_function,
    split_qualified,
    type_of,
    unwrap,
)
from extractor.parse.cpp_variables import CppVariables
from extractor.parse.tree import collapse, end_line, start_line

if TYPE_CHECKING:
    from tree_sitter import Node

    from extractor.parse import Source

__all__ = ["parse", "prepare"]

FUNCTION_SCOPES: Final = frozenset(("function_definition", "lambda_expression"))
_CHECKS: Final = re.compile(r"^(?:TORCH_CHECK\w*|AT_ASSERT\w*|AT_ERROR|C10_THROW_ERROR)$")
# Functions that launch the kernel they are given, by the place of that argument.
LAUNCHERS: Final = {
    "cudaLaunchKernel": 0, "cudaLaunchCooperativeKernel": 0, "cudaLaunchKernelExC": 1, "cudaLaunchKernelEx": 1,
    "hipLaunchKernel": 0, "hipLaunchKernelGGL": 0, "hipLaunchCooperativeKernel": 0, "hipExtLaunchKernelGGL": 0,
}  # fmt: skip
REGISTERS: Final = frozenset((
    "def", "impl", "def_static", "def_readwrite", "def_readonly", "def_property", "def_property_static",
    "def_property_readonly", "def_property_readonly_static", "def_prop_ro", "def_prop_rw", "def_prop_ro_static",
    "def_prop_rw_static", "def_ro", "def_rw", "def_buffer", "add_property", "def_submodule",
))  # fmt: skip


def parse(source: Source) -> FileFacts:
    """The facts of one C, C++ or CUDA file."""
    collector = CppCollector(source)
    collector.walk()
    collector.made_lines()
    extra = {
        "typevars": collector.typevars,
        "usings": collector.usings,
        "slots": collector.slots,
        "registrations": collector.registrations,
        "hidden": hidden_namespaces(source.data),
        "inline": sorted(collector.inlines),
    }
    return collector.facts(namespace=collector.namespace, extra=extra)


class CppCollector(CppObjects):
    """Visits statements and expressions."""

    # ------------------------------------------------------------------ statements
    def on_for_range(self, step: Step) -> None:
        node, scope = step[0], step[1]
        kind, right = node.child_by_field_name("type"), node.child_by_field_name("right")
        declared = unwrap(node.child_by_field_name("declarator"))
        if declared.name is not None and declared.name.type == "structured_binding_declarator":
            for position, name in enumerate(declared.name.named_children):
                part = clip(f"{chain(self.source, right)}*.{position}")
                self.bind(scope, self.text(name), part, node, "assigned", node)
        elif declared.name is not None:
            name_text = self.text(declared.name)
            if kind is not None and kind.type == "placeholder_type_specifier":
                self.bind(scope, name_text, clip(chain(self.source, right) + "*"), node, "assigned", node)
            else:
                written = f"{self.qualifiers(node)} {type_of(self.source, kind)}{declared.shape}".strip()
                self.bind(scope, name_text, written, node, "declared", node)
        for place in ("begin", "end"):
            self.call(scope, clip(chain(self.source, right)), place, node, [], "iteration")
        self.push_nodes(
            [node.child_by_field_name("initializer"), right, node.child_by_field_name("body")], scope, step[2]
        )

    def on_return(self, step: Step) -> None:
        node, scope = step[0], step[1]
        if node.named_children and scope != MODULE:
            value = node.named_children[0]
            parts = [value]
            if value.type == "conditional_expression":
                branches = (value.child_by_field_name("consequence"), value.child_by_field_name("alternative"))
                parts = [b for b in branches if b is not None]
            if "auto" in self.defs[scope].returns or all(p.type == "identifier" for p in parts):  # a function, maybe
                for part in parts:
                    self.bind(scope, "return", clip(chain(self.source, part)), node)
        self.push(step)

    def on_assignment(self, step: Step) -> None:
        node, scope = step[0], step[1]
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is not None and right is not None:
            text, function = chain(self.source, right), named_function(self.source, right)
            if left.type == "field_expression" and function:
                holder = chain(self.source, left.child_by_field_name("argument"))
                field = self.text(left.child_by_field_name("field"))
                self.slots.append([scope, holder, field, function, start_line(node)])
            elif left.type == "qualified_identifier" and function:
                self.slots.append([scope, "", compact(self.text(left)), function, start_line(node)])
            elif left.type == "identifier" and text != "?":
                self.bind(scope, self.text(left), clip(text), node, "again")
                if function:
                    self.slots.append([scope, "", self.text(left), function, start_line(node)])
            elif left.type == "subscript_expression" and right.type == "call_expression":
                index = left.child_by_field_name("indices")
                row = node_row(self.source, "Set", None, index)  # exports["name"] = Function::New(env, F)
                if row is not None:
                    both = [*row, node_argument(self.source, right)]
                    self.registrations.append([scope, "node:Set", both, start_line(node)])
        self.on_operator(step)

    def on_throw(self, step: Step) -> None:
        node, scope = step[0], step[1]
        self.push(step)
        value = node.named_children[0] if node.named_children else None
        if value is None:
            self.raises.append(Raise(scope, "", start_line(node), "", self.guard(node, FUNCTION_SCOPES)))
            return
        name, message = chain(self.source, value), ""
        if value.type in ("call_expression", "compound_literal_expression", "new_expression"):
            named = value.child_by_field_name("function") or value.child_by_field_name("type")
            name = compact(self.text(named))
            arguments = value.child_by_field_name("arguments") or value.child_by_field_name("value")
            for argument in arguments.named_children if arguments is not None else ():
                message = message or self.template(argument)
        elif value.type == "identifier":
            held = next((b for b in reversed(self.bindings) if b.scope == scope and b.name == name), None)
            if held is not None:
                name = "" if held.kind == "caught" else re.sub(r"\bconst\b|[*&]|\[\]", "", held.text).strip()
        else:
            message = self.template(value)
        self.raises.append(Raise(scope, clip(name), start_line(node), message, self.guard(node, FUNCTION_SCOPES)))

    def template(self, node: Node) -> str:
        """The text of a message with {} where a value goes, empty when the node is no message."""
        if node.type == "string_literal":
            return self.text(node).strip('"')
        if node.type == "concatenated_string":
            return "".join(self.text(c).strip('"') for c in node.named_children)
        if node.type == "binary_expression" and self.text(node.child_by_field_name("operator")) in ("+", "<<"):
            sides = [node.child_by_field_name("left"), node.child_by_field_name("right")]
            texts = [self.template(s) if s is not None else "" for s in sides]
            if any(texts):
                return "".join(
                    t or "{" + (self.text(s) if self.text(s).isidentifier() else "") + "}"
                    for t, s in zip(texts, sides, strict=True)
                )
        if node.type == "call_expression":
            arguments = node.child_by_field_name("arguments")
            first = arguments.named_children[0] if arguments is not None and arguments.named_children else None
            return self.template(first) if first is not None else ""
        return ""

    def on_try(self, step: Step) -> None:
        node, scope = step[0], step[1]
        body = node.child_by_field_name("body")
        for clause in node.named_children:
            if clause.type != "catch_clause" or body is None:
                continue
            parameters, block = clause.child_by_field_name("parameters"), clause.child_by_field_name("body")
            parameter = (
                next((c for c in parameters.named_children if c.type == "parameter_declaration"), None)
                if parameters is not None
                else None
            )
            names: tuple[str, ...] = ()
            caught = ""
            if parameter is not None:
                names = (type_of(self.source, parameter.child_by_field_name("type")),)
                caught = self.text(unwrap(parameter.child_by_field_name("declarator")).name)
                self.bind(scope, caught, names[0], clause, "caught", clause)
            action = self.action(block, caught) if block is not None else "pass"
            self.catches.append(Handler(scope, names, start_line(body), end_line(body), start_line(clause), action))
        self.push(step)

    def called_by(self, node: Node) -> str | None:
        is_call = node.type == "call_expression"
        return re.split(r"\.|->|::", self.text(node.child_by_field_name("function")))[-1] if is_call else None

    # ------------------------------------------------------------------ expressions

    def on_call(self, step: Step) -> None:
        node, scope = step[0], step[1]
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        launch = any(c.type == "kernel_call_syntax" for c in node.named_children)
        receiver, name, arrow = self._callee(function)
        args = self._args(arguments)
        if name in CASTS:
            self._converted(node, function, arguments, scope)
            self.push(step)
            return
        if _CHECKS.match(name) and not receiver and arguments is not None and arguments.named_children:
            given = arguments.named_children
            message = next((m for a in given[1:] if (m := self.template(a))), "")
            guard = f"!({collapse(self.text(given[0]))})" if "CHECK" in name else ""
            self.raises.append(Raise(scope, "c10::Error", start_line(node), message, guard))
        scoped = function is not None and function.type in ("qualified_identifier", "dependent_name")
        kind = "launch" if launch else "arrow" if arrow else "scoped" if scoped else "call"
        anchor = (
            function.child_by_field_name("field")
            if function is not None and function.type == "field_expression"
            else function
        )
        self.call(scope, receiver, name, anchor or node, args, kind)
        self._handed_kernel(name, arguments, scope)
        self._registration(node, receiver, name, arguments, scope)
        row = node_row(self.source, name, function, arguments)
        if row is not None:
            self.registrations.append([scope, f"node:{name}", row, start_line(node)])
        self._lambda_parameters(node, arguments, scope)
        self.push(step)

    def _handed_kernel(self, name: str, arguments: Node | None, scope: int) -> None:
        """`cudaLaunchKernel((void*)k, …)` launches k, as `k<<<…>>>(…)` does."""
        position = LAUNCHERS.get(name)
        given = [c for c in arguments.named_children if c.type != "comment"] if arguments is not None else []
        if position is None or position >= len(given):
            return
        kernel: Node | None = given[position]
        while kernel is not None and kernel.type not in ("identifier", "qualified_identifier", "template_function"):
            inner = kernel.child_by_field_name("arguments") or kernel
            kernel = (
                kernel.child_by_field_name("value")
                or kernel.child_by_field_name("argument")
                or next((c for c in inner.named_children if c.type != "type_descriptor"), None)
            )
        if kernel is not None:
            receiver, named, _ = self._callee(kernel)
            self.call(scope, receiver, named, kernel, [], "launch")

    def _registration(self, node: Node, receiver: str, name: str, arguments: Node | None, scope: int) -> None:
        """`m.def("name", &f)`, `py::class_<A>(m, "A")` and their kin, for cpp_bindings.py: what is registered, and as what."""
        given = arguments.named_children if arguments is not None else []
        texts = [self.text(c)[1:-1] if c.type in ("string_literal", "raw_string_literal") else "" for c in given]
        if name in REGISTERS and given and given[0].type in ("string_literal", "raw_string_literal"):
            exposed = texts[0] if given[0].type == "string_literal" else texts[0].partition("(")[2].rpartition(")")[0]
            targets = [binding_target(self.source, c) for c in given[1:]]
            self.registrations.append([scope, f".{name}", [receiver, exposed, *targets], start_line(arguments or node)])
        elif name in ("class_", "enum_") and any(texts[:2]):
            self._bound_class(compact(self.text(node.child_by_field_name("function"))), arguments, scope)
        elif name == "def" and receiver and given and "init<" in self.text(given[0]):
            kinds = compact(self.text(given[0])).partition("init<")[2].rpartition(">(")[0]
            row = [receiver, "__init__", f"@({kinds})"]
            self.registrations.append([scope, ".def", row, start_line(arguments or node)])
        elif name == "def" and receiver and given and (bound := bound_operator(self.source, given[0])) is not None:
            self.registrations.append([scope, ".def", [receiver, *bound], start_line(arguments or node)])

    def _callee(self, function: Node | None) -> tuple[str, str, bool]:
        """(receiver, name, whether it is reached through an arrow)."""
        while function is not None and function.type == "parenthesized_expression" and function.named_children:
            function = function.named_children[0]
        if function is None:
            return "?", "", False
        if function.type == "field_expression":
            field = function.child_by_field_name("field")
            arrow = any(c.type == "->" for c in function.children)
            name = (
                member_name(self.source, field).partition("<")[0]
                if field is not None and "operator" not in self.text(field)
                else self.text(field)
            )
            return clip(chain(self.source, function.child_by_field_name("argument"))), name, arrow
        if function.type in ("identifier", "template_function", "type_identifier", "primitive_type"):
            return "", compact(self.text(function)).partition("<")[0], False
        if function.type in ("qualified_identifier", "dependent_name"):
            text = compact(self.text(function))
            outer, name = split_qualified(text)
            # What these make is their template argument.
            whole = "operator" in name or name.startswith(("make_unique<", "make_shared<"))
            return outer or "::", name if whole else name.partition("<")[0], False
        if function.type == "pointer_expression":
            return "", self.text(function.child_by_field_name("argument")), False
        return clip(chain(self.source, function)), "()", False

    def _lambda_parameters(self, node: Node, arguments: Node | None, scope: int) -> None:
        given = [c for c in arguments.named_children if c.type != "comment"] if arguments is not None else []
        if any(c.type == "lambda_expression" for c in given):
            callee = chain(self.source, node).removesuffix("()")
            for position, argument in enumerate(given):
                if argument.type == "lambda_expression":
                    self._bind_lambda(argument, scope, f"{callee}#{position}")

    def on_operator(self, step: Step) -> None:
        """`a + b`, `a += b`, `!a`, `a[i]`: a call where a class overloads it, which only linking knows."""
        node, scope = step[0], step[1]
        left = node.child_by_field_name("left") or node.child_by_field_name("argument")
        sign = "[]" if node.type == "subscript_expression" else self.text(node.child_by_field_name("operator"))
        address = sign == "&" and node.type == "pointer_expression"
        if self.source.spec.name != "c" and sign not in ("&&", "||") and not address:
            held = clip(chain(self.source, left))
            index = node.child_by_field_name("indices")
            right = node.child_by_field_name("right") or (
                index.named_children[0] if index and index.named_children else None
            )
            given = [clip(chain(self.source, right))] if right is not None else []
            plain = held in LITERALS and (not given or given[0] in LITERALS)
            if held[:1] != "?" and not plain and (held not in LITERALS or (given and given[0][:1] != "?")):
                self.call(scope, held, f"operator{sign}", node, given, "operator")
        self.push(step)

    def on_lambda(self, step: Step) -> None:
        if step[0].parent is None or step[0].parent.type != "argument_list":  # bound where the call is read
            self._bind_lambda(step[0], step[1], "")
        self.push_nodes([step[0].child_by_field_name("body")], step[1], step[2])

    handlers: ClassVar[Mapping[str, Callable[[Any, Step], None]]] = {
        "preproc_include": CppVariables.on_include,
        "preproc_def": CppVariables.on_macro,
        "preproc_function_def": CppVariables.on_macro,
        "namespace_definition": CppVariables.on_namespace,
        "using_declaration": CppVariables.on_using,
        "namespace_alias_definition": CppVariables.on_namespace_alias,
        "linkage_specification": CppVariables.on_linkage,
        "template_declaration": CppVariables.on_template,
        "class_specifier": CppVariables.on_class,
        "struct_specifier": CppVariables.on_class,
        "union_specifier": CppVariables.on_class,
        "enum_specifier": CppVariables.on_enum,
        "access_specifier": CppVariables.on_access,
        "friend_declaration": CppVariables.on_friend,
        "alias_declaration": CppVariables.on_alias,
        "type_definition": CppVariables.on_typedef,
        "function_definition": CppVariables.on_function,
        "declaration": CppVariables.on_declaration,
        "field_declaration": CppVariables.on_declaration,
        "for_range_loop": on_for_range,
        "return_statement": on_return,
        "assignment_expression": on_assignment,
        "throw_statement": on_throw,
        "try_statement": on_try,
        "call_expression": on_call,
        "binary_expression": on_operator,
        "unary_expression": on_operator,
        "update_expression": on_operator,
        "subscript_expression": on_operator,
        "pointer_expression": on_operator,
        "user_defined_literal": CppObjects.on_suffix,
        "lambda_expression": on_lambda,
        "new_expression": CppObjects.on_new,
        "delete_expression": CppObjects.on_delete,
        "compound_literal_expression": CppObjects.on_literal,
    }
