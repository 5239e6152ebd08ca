"""Variables, fields and macros of a C, C++ or CUDA file, with what they are known to hold: types, functions in tables and slots."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from extractor.facts import MODULE, Call, Param
from extractor.parse.collect import Step, clip, split_commas
from extractor.parse.cpp_defs import CppDefs
from extractor.parse.cpp_macros import made
from extractor.parse.cpp_text import (
    Declarator,
    binding_target,
    chain,
    compact,
    dotted,
    named_function,
    split_qualified,
    type_of,
    unwrap,
)
from extractor.parse.tree import collapse, start_line

if TYPE_CHECKING:
    from tree_sitter import Node

PRIMITIVES: Final = frozenset(("primitive_type", "sized_type_specifier"))
_MACRO_CALL = re.compile(
    r"(?:([A-Za-z_][\w:]*(?:\(\))?)\s*(?:\.|->)\s*)?([A-Za-z_][\w:]*)\s*(?:<[\w:, ]*>\s*(?=<<<))?(\(|<<<)"
)
_FIXED = re.compile(r"\*\s*const\b")
_SILENT = re.compile(r'"(?:\\.|[^"\\])*"|/\*.*?\*/', re.DOTALL)
# What is said to the compiler, with what it is given: no call of the macro's.
_TOLD = re.compile(
    r"\b(?:__attribute__|__declspec|__pragma|_Pragma)\s*\((?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*\)"
)
_NOT_CALLS: Final = frozenset((
    "if", "for", "while", "switch", "return", "sizeof", "defined", "do", "else", "catch", "alignof", "decltype", "typeof", "case",
))  # fmt: skip


class CppVariables(CppDefs):
    """Defines variables and records what is stored in them."""

    def on_declaration(self, step: Step) -> None:
        node, scope, prefix, _ = step
        kind = node.child_by_field_name("type")
        if kind is not None and kind.child_by_field_name("body") is not None:
            self.docs.setdefault(kind.id, self.docs.get(node.id, ""))
            self.push_nodes([kind], scope, prefix)
        inside = scope != MODULE and self.defs[scope].kind in ("function", "method")
        declarators = node.children_by_field_name("declarator")
        written = type_of(self.source, kind)
        qualifiers = self.qualifiers(node)
        for declarator in declarators:
            # `if (auto x = f())` keeps its value beside the declarator
            holder = declarator if declarator.type == "init_declarator" else node
            value = holder.child_by_field_name("value")
            declared = unwrap(declarator)
            if declared.name is None:
                continue
            named_lambda = value is not None and value.type == "lambda_expression" and node.type == "declaration"
            if declared.name.type == "structured_binding_declarator":
                for position, name in enumerate(declared.name.named_children):
                    self.bind(scope, self.text(name), clip(f"{chain(self.source, value)}.{position}"), node)
            elif declared.name.type == "operator_cast":
                self._odd_function(node, declared, step, None)
            elif declared.function is not None and not declared.pointer and not inside:
                self._function(node, declared, step, None)
            elif named_lambda:
                pass  # a function of that name
            elif inside:
                self._local(declared, written, qualifiers, kind, value, node, scope)
            else:
                self._variable(declared, f"{qualifiers} {written}".strip(), kind, value, node, step)
            if named_lambda and value is not None:
                self._named_lambda(self.text(declared.name), value, node, step)
            elif value is not None:
                self.push_nodes([value], scope, prefix)
        if node.type == "field_declaration":
            default = node.child_by_field_name("default_value")
            self.push_nodes([default], scope, prefix)
        self._template = None

    def qualifiers(self, node: Node) -> str:
        """`const` and its like in front of a declared type."""
        return " ".join(self.text(c) for c in node.named_children if c.type == "type_qualifier")

    def _local(
        self,
        declared: Declarator,
        written: str,
        qualifiers: str,
        kind: Node | None,
        value: Node | None,
        node: Node,
        scope: int,
    ) -> None:
        name = self.text(declared.name)
        if written == "auto" or (kind is not None and kind.type == "placeholder_type_specifier"):
            self.bind(scope, name, clip(chain(self.source, value)) if value is not None else "?", node)
            return
        if declared.function is not None and declared.pointer:
            self._pointer_values(scope, name, declared, value, node)
            return
        if value is not None and value.type == "initializer_list":
            self._method_table(value, scope, name, written)
            self._fill_slots(value, scope, written, node, rows="[]" in declared.shape)
        if not self._pointer_values(scope, name, declared, value, node):
            self.bind(scope, name, f"{qualifiers} {written}{declared.shape}".strip(), node, "declared")
            typed = kind is not None and kind.type not in PRIMITIVES and not declared.shape
            if typed and value is not None and value.type in ("identifier", "pointer_expression", "call_expression"):
                # Should the type be a function's, this is the function.
                self.bind(scope, name, clip(chain(self.source, value)), node, "again")
        if kind is None or kind.type in PRIMITIVES or declared.shape or (node.type != "declaration"):
            return
        anchor = declared.name or node
        lasting = any(self.text(c) == "static" for c in node.named_children if c.type == "storage_class_specifier")
        how = "static_init" if lasting else "init"
        if declared.function is not None:  # `Foo q(a);` reads like a function's declaration
            parameters = declared.function.child_by_field_name("parameters")
            given = self._vexed(parameters, scope)
            self.call(scope, "", written, anchor, given, how)
        elif value is None or value.type in ("argument_list", "initializer_list"):
            self.call(scope, "", written, anchor, self._args(value), how)
            if "class_<" in written:
                self._bound_class(written, value, scope)

    def _vexed(self, parameters: Node | None, scope: int) -> list[str]:
        """The arguments of `Foo q(make(a), b)`, which the grammar takes for types of parameters."""
        given: list[str] = []
        for child in parameters.named_children if parameters is not None else ():
            kind, declarator = child.child_by_field_name("type"), child.child_by_field_name("declarator")
            named = (kind is not None and kind.type in ("type_identifier", "qualified_identifier") and kind) or None
            name = compact(self.text(named))
            if named is not None and declarator is not None and declarator.type == "abstract_function_declarator":
                outer, last = split_qualified(name)
                inner = self._vexed(declarator.child_by_field_name("parameters"), scope)
                self.call(scope, outer, last, named, inner, "scoped" if outer else "call")
                given.append(f"{name}()")
            else:
                given.append(name if named is not None and declarator is None else "?")
        return given

    def _bound_class(self, written: str, arguments: Node | None, scope: int) -> None:
        """`py::class_<A>(m, "A")` and Boost's `class_<A>("A")`: [what it holds, its name, the module it is put in]."""
        given = arguments.named_children if arguments is not None else []
        texts = [self.text(c)[1:-1] if c.type == "string_literal" else "" for c in given[:2]]
        name = next((t for t in texts if t), "")
        if name and arguments is not None:
            holder = "" if texts[0] else self.text(given[0])
            row = [written.partition("<")[2].rpartition(">")[0], name, holder]
            self.registrations.append([scope, "class_", row, start_line(arguments)])

    def _pointer_values(self, scope: int, name: str, declared: Declarator, value: Node | None, node: Node) -> bool:
        """Functions that a pointer or a table of pointers is initialised with."""
        if value is None or declared.name is None:
            if declared.function is not None and declared.pointer:
                self.bind(scope, name, "?", node)
                return True
            return False
        if value.type == "initializer_list":
            found = False
            if "[]" in declared.shape:
                for item in value.named_children:
                    text = named_function(self.source, item.child_by_field_name("value") or item)
                    if text:
                        self.bind(scope, f"{name}[]", text, node)
                        found = True
            return found and declared.function is not None
        if declared.function is not None and declared.pointer:
            self.bind(scope, name, clip(chain(self.source, value)), node)
            return True
        return False

    def _variable(
        self, declared: Declarator, written: str, kind: Node | None, value: Node | None, node: Node, step: Step
    ) -> None:
        """A global, a namespace's variable or a field."""
        scope = step[1]
        name = dotted(self.text(declared.name))
        words = [self.text(c) for c in node.named_children if c.type in ("storage_class_specifier", "type_qualifier")]
        flags: list[str] = [w for w in ("static", "const", "constexpr", "extern", "mutable") if w in words]
        flags += ["field"] if scope != MODULE else []
        flags += ["declaration"] if "extern" in words and value is None else []
        if value is None and node.type == "field_declaration":
            value = node.child_by_field_name("default_value")
        head = self.head(node, value).rstrip("=").rstrip()
        if "*" in declared.shape:  # what it points to may be constant, or where it points
            flags = [w for w in flags if w != "const"] + ["const"] * bool(_FIXED.search(head))
        called = declared.function is not None and declared.pointer
        returns = re.sub(rf"\b{re.escape(name)}\b", "", head, count=1) if called else written + declared.shape
        self.define(
            "variable", name.rpartition(".")[2], node, step, signature=head, returns=returns,
            visibility=self._visibility(scope), flags=flags, value=value,
            qualname=f"{step[2]}.{name}" if step[2] else name,
        )  # fmt: skip
        plain = name.rpartition(".")[2]
        if called:
            if not self._pointer_values(scope, plain, declared, value, node):
                self.bind(scope, plain, "?", node)
        else:
            self._pointer_values(scope, plain, declared, value, node)
            if value is not None and value.type in ("identifier", "pointer_expression"):
                held = named_function(self.source, value)
                if held:
                    self.slots.append([scope, "", compact(self.text(declared.name)), held, start_line(node)])
            if kind is not None and kind.type == "placeholder_type_specifier":
                self.bind(scope, plain, clip(chain(self.source, value)) if value is not None else "?", node)
            else:
                self.bind(scope, plain, written + "[]" * declared.shape.count("[]"), node, "declared")
        if value is not None and value.type == "initializer_list":
            self._fill_slots(value, scope, written, node, rows="[]" in declared.shape)
            self._native_type(value, scope, plain, written)
            if node.type != "field_declaration":
                self._method_table(value, scope, plain, written)

    def _fill_slots(self, value: Node, scope: int, holder: str, node: Node, *, rows: bool = False) -> None:
        """`{.open = my_open, my_close}`: functions stored in the fields of a struct, by name or by position; `rows` of such."""
        for position, item in enumerate(value.named_children):
            row = item.child_by_field_name("value") or item
            if rows and row.type == "initializer_list":
                self._fill_slots(row, scope, holder, node)
                continue
            field, held = f"#{position}", item
            if item.type == "initializer_pair":
                designator = item.child_by_field_name("designator")
                field = self.text(designator).strip(". ")
                held = item.child_by_field_name("value") or item
            text = named_function(self.source, held)
            if text and text not in ("NULL", "nullptr", "true", "false"):
                self.slots.append([scope, f"<{holder}>", field, text, start_line(node)])

    def _method_table(self, value: Node, scope: int, name: str, written: str) -> None:
        """Rows such as `{"add", add, METH_VARARGS, "…"}` of a table of native methods, or the one row that a value is."""
        whole = (
            value.named_children
            and value.named_children[0].type == "string_literal"
            and written.endswith("_descriptor")
        )
        for item in [value] if whole else value.named_children:
            if (
                item.type == "initializer_list"
                and item.named_children
                and item.named_children[0].type == "string_literal"
            ):
                targets = [binding_target(self.source, c) for c in item.named_children[1:]]
                row = [self.text(item.named_children[0]).strip('"'), *targets]
                self.registrations.append([scope, f"{written} {name}", row, start_line(item)])

    def _native_type(self, value: Node, scope: int, name: str, written: str) -> None:
        """`PyTypeObject T = {.tp_name = "m.T", .tp_methods = rows}`, and a PyType_Spec with its slots: [its name, slot=target…]."""
        kind = written.rpartition(" ")[2].rpartition("::")[2]
        if kind not in ("PyTypeObject", "PyType_Spec", "PyType_Slot"):
            return
        exposed, rows = "", []
        for item in value.named_children:
            held = item.child_by_field_name("value")
            if item.type == "initializer_pair" and held is not None:
                slot = self.text(item.child_by_field_name("designator")).strip(". ")
                if held.type == "string_literal" and slot in ("tp_name", "name"):
                    exposed = self.text(held).strip('"')
                else:
                    rows.append(f"{slot.removeprefix('tp_')}={binding_target(self.source, held)}")
            elif item.type == "initializer_list" and len(item.named_children) == 2:
                slot = self.text(item.named_children[0])
                rows.append(f"{slot.removeprefix('Py_tp_')}={binding_target(self.source, item.named_children[1])}")
            elif item.type == "string_literal":
                exposed = exposed or self.text(item).strip('"')
            elif kind == "PyType_Spec":
                rows.append(f"slots={binding_target(self.source, item)}")
        self.registrations.append([scope, f"{kind} {name}", [exposed, *rows], start_line(value)])

    def made_lines(self) -> None:
        """Macros whose use is a whole line, which `prepare` has blanked."""
        data = self.source.data
        for start, end in made(data):
            name, _, rest = data[start:end].decode("utf-8", "replace").partition("(")
            given = split_commas(rest.rstrip().removesuffix(")"))
            row = data.count(b"\n", 0, start) + 1
            self.calls.append(Call(MODULE, "", name.strip(), row, 0, len(given)))
            self.arguments.append([a if a.isidentifier() else "?" for a in given])

    def on_macro(self, step: Step) -> None:
        node, scope = step[0], step[1]
        name, value = self.text(node.child_by_field_name("name")), node.child_by_field_name("value")
        if node.type == "preproc_def":
            if value is not None and scope == MODULE:
                self.define(
                    "variable",
                    name,
                    node,
                    (node, scope, "", True),
                    signature=collapse(self.text(node)),
                    value=self.short(value),
                    flags=("const", "macro"),
                )
            return
        parameters = node.child_by_field_name("parameters")
        names = [self.text(c) for c in parameters.named_children] if parameters is not None else []
        index = self.define("function", name, node, (node, MODULE, "", True), signature=f"#define {name}({', '.join(names)})",
                            params=tuple(Param(n) for n in names), flags=("macro",))  # fmt: skip
        text = self.text(value)
        for found in _MACRO_CALL.finditer(_TOLD.sub("", _SILENT.sub('""', text))):
            receiver, called, opening = found.groups()
            if called not in _NOT_CALLS and (receiver or "") not in names:
                row = node.start_point[0] + 1
                if receiver and receiver.endswith("()") and receiver[:-2] not in names:
                    self.calls.append(_call(index, "", receiver[:-2], row, "call"))
                    self.arguments.append([])
                self.calls.append(_call(index, receiver or "", called, row, "launch" if opening == "<<<" else "call"))
                self.arguments.append([])

    def _bind_lambda(self, node: Node, scope: int, given: str) -> None:
        """A lambda's parameters: their declared types, else what `given`, an argument's place (`callee#0`), is called with."""
        declarator = node.child_by_field_name("declarator")
        parameters = declarator.child_by_field_name("parameters") if declarator is not None else None
        for number, param in enumerate(self._params(parameters)):
            if "auto" in param.annotation:
                text = clip(f"{given}.{number}") if given else "?"
                self.bind(scope, param.name, text, node, "assigned", node)
            else:
                self.bind(scope, param.name, param.annotation, node, "declared", node)

    def _named_lambda(self, name: str, value: Node, node: Node, step: Step) -> None:
        """`auto f = [&](int x) {…};` is a function f inside the function."""
        scope = step[1]
        declarator, body = value.child_by_field_name("declarator"), value.child_by_field_name("body")
        parameters = declarator.child_by_field_name("parameters") if declarator is not None else None
        prefix = self.defs[scope].qualname if scope != MODULE else step[2]
        index = self.define(
            "function", name, node, (node, scope, prefix, False), signature=self.head(node, body), params=self._params(parameters),
            returns="auto", flags=("nested",),
        )  # fmt: skip
        if body is not None:
            self.push((body, index, self.defs[index].qualname, False))


def _call(scope: int, receiver: str, name: str, line: int, kind: str) -> Call:
    outer, _, last = name.rpartition("::")
    return Call(
        scope, receiver or outer, last, line, 0, 0, "scoped" if outer and not receiver and kind == "call" else kind
    )
