"""C, C++ and CUDA: one file's tree in, its FileFacts out. A namespace is a part of qualified names, not a definition. A declaration
and its definition in one file are one definition, which stands where the body is; a mere declaration has the flag
`declaration`. Function-like macros are functions that call what their text calls.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from extractor.facts import MODULE, Definition, FileFacts, Handler, Import, Param, Raise
from extractor.parse.collect import Collector, Step, clip, handler_action
from extractor.parse.cpp_text import (
    CASTS,
    Declarator,
    chain,
    compact,
    dotted,
    hidden_namespaces,
    prepare,
    type_of,
    unwrap,
)
from extractor.parse.tree import collapse, end_line, start_line

if TYPE_CHECKING:
    from tree_sitter import Node

    from extractor.parse import Source

__all__ = ["parse", "prepare"]

FUNCTION_SCOPES: Final = frozenset(("function_definition", "lambda_expression"))
_CUDA: Final = ("__global__", "__device__", "__host__", "__forceinline__")
_CLASS_KINDS: Final = {"class_specifier": "class", "struct_specifier": "struct", "union_specifier": "union"}
_PRIMITIVES: Final = frozenset(("primitive_type", "sized_type_specifier"))
_CHECKS: Final = re.compile(r"^(?:TORCH_CHECK\w*|AT_ASSERT\w*|AT_ERROR|C10_THROW_ERROR)$")
REGISTERS: Final = frozenset(
    (
        "def",
        "impl",
        "def_static",
        "def_readwrite",
        "def_readonly",
        "def_property",
        "def_property_readonly",
        "def_submodule",
    )
)
_MACRO_CALL = re.compile(r"(?:([A-Za-z_][\w:]*)\s*(?:\.|->)\s*)?([A-Za-z_][\w:]*)\s*(\(|<<<)")
_NOT_CALLS: Final = frozenset(
    (
        "if",
        "for",
        "while",
        "switch",
        "return",
        "sizeof",
        "defined",
        "do",
        "else",
        "catch",
        "alignof",
        "decltype",
        "typeof",
        "case",
    )
)


def parse(source: Source) -> FileFacts:
    """The facts of one C, C++ or CUDA file."""
    collector = CppCollector(source)
    collector.walk()
    extra = {
        "typevars": collector.typevars,
        "usings": collector.usings,
        "slots": collector.slots,
        "registrations": collector.registrations,
        "hidden": hidden_namespaces(source.data),
    }
    return collector.facts(namespace=collector.namespace, extra=extra)


class CppCollector(Collector):
    comments = frozenset(("comment",))

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.typevars: list[list[object]] = []
        self.usings: list[list[object]] = []  # [prefix, alias ("" for a namespace, name for one name), target]
        self.slots: list[list[object]] = []  # [scope, holder, field, chain, line]: a function stored in a field
        self.registrations: list[list[object]] = []  # [scope, macro, arguments, line]: what bindings.py reads
        self.namespace = ""
        self._namespaces: set[str] = set()
        self._access: dict[int, str] = {}
        self._template: list[tuple[str, str]] | None = None
        self._extern_c = 0

    # ------------------------------------------------------------------ files and names
    def on_include(self, step: Step) -> None:
        node = step[0]
        path = self.text(node.child_by_field_name("path")).strip()
        if path.startswith('"'):
            self.imports.append(Import(step[1], path.strip('"'), "", "", 0, start_line(node), "include"))
        elif path.startswith("<"):
            self.imports.append(Import(step[1], path.strip("<>"), "", "", 1, start_line(node), "include"))

    def on_namespace(self, step: Step) -> None:
        node, scope, prefix, _ = step
        name = dotted(self.text(node.child_by_field_name("name")))
        inline = any(c.type == "inline" for c in node.children)
        inner = ".".join(p for p in (prefix, "" if inline else name) if p)
        if inner:
            self._namespaces.add(inner)
            self.namespace = self.namespace or inner
        body = node.child_by_field_name("body")
        if body is not None:
            self.push((body, scope, inner, True))

    def on_using(self, step: Step) -> None:
        node, _, prefix, _ = step
        names = [
            c for c in node.named_children if c.type in ("identifier", "qualified_identifier", "namespace_identifier")
        ]
        if names:
            target = dotted(self.text(names[-1]))
            whole = any(c.type == "namespace" for c in node.children)
            self.usings.append([prefix, "" if whole else target.rpartition(".")[2], target])

    def on_namespace_alias(self, step: Step) -> None:
        node, _, prefix, _ = step
        self.usings.append(
            [prefix, self.text(node.child_by_field_name("name")), dotted(self.text(node.named_children[-1]))]
        )

    def on_linkage(self, step: Step) -> None:
        node, scope, prefix, _ = step
        body = node.child_by_field_name("body")
        if body is None:
            return
        if body.type == "declaration_list":
            self.push((body, scope, prefix, True))
        else:
            self.push_nodes([body], scope, prefix)
            if node.id in self.docs:
                self.docs.setdefault(body.id, self.docs[node.id])

    def on_template(self, step: Step) -> None:
        node, scope, prefix, _ = step
        found: list[tuple[str, str]] = []
        parameters = node.child_by_field_name("parameters")
        for parameter in parameters.named_children if parameters is not None else ():
            names = [c for c in parameter.named_children if c.type in ("type_identifier", "identifier")]
            if names and parameter.type in (
                "type_parameter_declaration",
                "optional_type_parameter_declaration",
                "variadic_type_parameter_declaration",
            ):
                default = parameter.child_by_field_name("default_type")
                found.append((self.text(names[0]), type_of(self.source, default)))
        inner = node.named_children[-1] if node.named_children else None
        if inner is not None:
            self._template = found
            if node.id in self.docs:
                self.docs.setdefault(inner.id, self.docs[node.id])
            handler = self.handlers.get(inner.type)
            if handler is not None:
                handler(self, (inner, scope, prefix, step[3]))
            else:
                self.push_nodes([inner], scope, prefix)
            self._template = None

    def _take_template(self, index: int) -> None:
        for name, default in self._template or ():
            self.typevars.append([index, name, default])
        self._template = None

    # ------------------------------------------------------------------ classes
    def on_class(self, step: Step) -> None:
        self._class(step[0], step, "")

    def _class(self, node: Node, step: Step, given: str) -> int | None:
        """Define a class from its body; `given` names one that a typedef or variable names."""
        scope, prefix = step[1], step[2]
        body = node.child_by_field_name("body")
        name = dotted(type_of(self.source, node.child_by_field_name("name"))) or given
        template = self._template
        self._template = None
        if body is None:
            return None
        kind = _CLASS_KINDS[node.type]
        if not name:
            self.push((body, scope, prefix, False))  # members of an anonymous struct are the outer one's
            return None
        flags = [kind] if kind != "class" else []
        flags += ["nested"] if scope != MODULE else []
        flags += ["template"] if template is not None else []
        owner, qualname = self._qualify(name, scope, prefix)
        index = self.define(
            "class", name.rpartition(".")[2], node, (step[0], owner, prefix, step[3]), signature=self.head(node, body), flags=flags,
            visibility=self._visibility(scope), qualname=qualname,
        )  # fmt: skip
        self._template = template
        self._take_template(index)
        self._access[index] = "private" if kind == "class" else "public"
        clause = next((c for c in node.named_children if c.type == "base_class_clause"), None)
        position = 0
        for base in clause.named_children if clause is not None else ():
            if base.type in ("type_identifier", "qualified_identifier", "template_type"):
                self.add_base(index, type_of(self.source, base), position, start_line(base), "extends")
                position += 1
        self.push((body, index, self.defs[index].qualname, False))
        return index

    def _qualify(self, name: str, scope: int, prefix: str) -> tuple[int, str]:
        """(scope, qualified name) of a name that may itself be qualified: `A.B` inside `ns` belongs to ns.A when A is here."""
        qualname = f"{prefix}.{name}" if prefix else name
        outer = qualname.rpartition(".")[0]
        if "." in name and outer:
            for index in range(len(self.defs) - 1, -1, -1):
                if self.defs[index].qualname == outer and self.defs[index].kind == "class":
                    return index, qualname
        return scope, qualname

    def on_access(self, step: Step) -> None:
        if step[1] != MODULE:
            self._access[step[1]] = self.text(step[0]).strip(": ")

    def _visibility(self, scope: int) -> str:
        return self._access.get(scope, "public") if scope != MODULE else "public"

    def on_enum(self, step: Step) -> None:
        self._enum(step[0], step, self.text(step[0].child_by_field_name("name")))

    def _enum(self, node: Node, step: Step, name: str) -> None:
        scope, prefix = step[1], step[2]
        body = node.child_by_field_name("body")
        if body is None:
            return
        index = scope
        if name:
            index = self.define(
                "class",
                name,
                node,
                step,
                signature=self.head(node, body),
                flags=("enum",),
                visibility=self._visibility(scope),
            )
            prefix = self.defs[index].qualname
        for child in body.named_children:
            if child.type == "enumerator":
                value = self.short(child.child_by_field_name("value"))
                member = self.text(child.child_by_field_name("name"))
                self.define("variable", member, child, (child, index, prefix, False), signature=self.short(child), returns=name,
                            flags=("const", "enum_constant", "static"), value=value)  # fmt: skip
                self.bind(index, member, name, child, "declared")

    def on_friend(self, step: Step) -> None:
        for child in step[0].named_children:
            if child.type == "function_definition":
                self.push_nodes([child], MODULE, step[2].rpartition(".")[0])

    def on_alias(self, step: Step) -> None:
        node, scope = step[0], step[1]
        name = self.text(node.child_by_field_name("name"))
        target = type_of(self.source, node.child_by_field_name("type"))
        index = self.define("variable", name, node, step, signature=self.head(node, None), returns=target, flags=("alias",),
                            visibility=self._visibility(scope))  # fmt: skip
        self._take_template(index)

    def on_typedef(self, step: Step) -> None:
        node, scope = step[0], step[1]
        kind = node.child_by_field_name("type")
        names = [unwrap(d) for d in node.children_by_field_name("declarator")]
        given = self.text(names[0].name) if names and names[0].name is not None and not names[0].shape else ""
        known = ""
        if kind is not None and kind.child_by_field_name("body") is not None:
            known = self.text(kind.child_by_field_name("name"))
            if kind.type in _CLASS_KINDS:
                self.docs.setdefault(kind.id, self.docs.get(node.id, ""))
                self._class(kind, (kind, scope, step[2], False), given)
            elif kind.type == "enum_specifier":
                self._enum(kind, (kind, scope, step[2], False), known or given)
            known = known or given
        for declared in names:
            name = self.text(declared.name)
            if name and name != known and declared.name is not None:
                target = known or type_of(self.source, kind)
                if declared.function is not None:
                    target = "?"
                if target != name and not (kind is not None and target == f"struct {name}"):
                    self.define(
                        "variable", name, node, step, signature=self.head(node, None), returns=target, flags=("alias",)
                    )

    # ------------------------------------------------------------------ functions
    def on_function(self, step: Step) -> None:
        node = step[0]
        declared = unwrap(node.child_by_field_name("declarator"))
        body = node.child_by_field_name("body") or next(
            (c for c in node.named_children if c.type == "try_statement"), None
        )
        kind = node.child_by_field_name("type")
        if declared.name is None or declared.function is None:
            self._odd_function(node, declared, step, body)
            return
        name = self.text(declared.name)
        if (
            kind is None
            and body is not None
            and name.isupper()
            and declared.name.type == "identifier"
            and len(name) > 2
        ):
            self._macro_function(name, node, declared.function, step, body)
            return
        index = self._function(node, declared, step, body)
        initializers = next((c for c in node.named_children if c.type == "field_initializer_list"), None)
        prefix = self.defs[index].qualname
        for child in initializers.named_children if initializers is not None else ():
            self._member_initializer(child, index, prefix)
        if body is not None:
            self.push((body, index, prefix, False))

    def _odd_function(self, node: Node, declared: Declarator, step: Step, body: Node | None) -> None:
        """`operator bool() {…}`, or a body whose head the grammar could not read: visited, so that its calls are not lost."""
        if declared.name is not None and declared.name.type == "operator_cast":
            name = compact(self.text(declared.name)).partition("(")[0]
            returns = type_of(self.source, declared.name.child_by_field_name("type"))
            index = self.define("method", name, node, step, signature=self.head(node, body), returns=returns, flags=("operator",),
                                visibility=self._visibility(step[1]))  # fmt: skip
            if body is not None:
                self.push((body, index, self.defs[index].qualname, False))
            return
        self.push(step)

    def _macro_function(self, macro: str, node: Node, function: Node, step: Step, body: Node) -> None:
        """`TEST(Suite, Case) {…}`, `PYBIND11_MODULE(name, m) {…}`: a function that a macro names after its arguments."""
        parameters = function.child_by_field_name("parameters")
        given = [compact(self.text(c)) for c in parameters.named_children] if parameters is not None else []
        parts = [g for g in given if re.fullmatch(r"\w+", g)]
        if "MODULE" in macro or "LIBRARY" in macro:
            parts = parts[:1]
        name = "_".join(parts) or macro
        index = self.define(
            "function", name, node, step, signature=self.head(node, body), decorators=(macro,), flags=("macro_defined",)
        )
        self.registrations.append([index, macro, given, start_line(node)])
        if len(given) >= 2 and ("MODULE" in macro or "LIBRARY" in macro):
            self.bind(index, given[-1], f"<{macro}>", node)
        self.push((body, index, self.defs[index].qualname, False))

    def _function(self, node: Node, declared: Declarator, step: Step, body: Node | None) -> int:
        scope, prefix = step[1], step[2]
        function = declared.function
        assert function is not None
        assert declared.name is not None
        template = self._template
        self._template = None
        written = (
            dotted(compact(self.text(declared.name)))
            if "operator" not in self.text(declared.name)
            else dotted(self.text(declared.name))
        )
        owner, qualname = self._qualify(written, scope, prefix)
        name = written.rpartition(".")[2] if not written.startswith("operator") else written
        outer = qualname[: -len(name) - 1] if qualname.endswith(f".{name}") else ""
        in_class = owner != MODULE and self.defs[owner].kind == "class"
        is_method = in_class or ("." in written and outer not in self._namespaces)
        flags = self._function_flags(node, function)
        if is_method and name in (outer.rpartition(".")[2], f"~{outer.rpartition('.')[2]}"):
            flags.append("destructor" if name.startswith("~") else "constructor")
        default = next(
            (c for c in node.named_children if c.type in ("default_method_clause", "delete_method_clause")), None
        )
        if default is not None:
            flags.append("deleted" if default.type == "delete_method_clause" else "defaulted")
        if body is None and default is None and "abstract" not in flags:
            flags.append("declaration")
        if template is not None:
            flags.append("template")
        params = self._params(function.child_by_field_name("parameters"))
        returns = self._returns(node, function, declared)
        known = self._declared_before(qualname, params) if body is not None else None
        if known is not None:
            index = self._adopt(known, node, body, params, flags)
        else:
            index = self.define(
                "method" if is_method else "function", name, node, (step[0], owner, prefix, step[3]),
                signature=self.head(node, body or default), params=params, returns=returns,
                visibility=self._visibility(scope) if in_class else "public", flags=flags, qualname=qualname,
            )  # fmt: skip
        self._template = template
        self._take_template(index)
        return index

    def _declared_before(self, qualname: str, params: tuple[Param, ...]) -> int | None:
        """The declaration, above in this file, that a definition belongs to: by its parameter types, else by their number."""
        found = [
            i for i, d in enumerate(self.defs)
            if d.qualname == qualname and "declaration" in d.flags and len(d.params) == len(params)
        ] if qualname in self._seen else []  # fmt: skip
        types = [plain_type(p.annotation) for p in params]
        exact = [i for i in found if [plain_type(p.annotation) for p in self.defs[i].params] == types]
        return exact[0] if exact else found[0] if len(found) == 1 else None

    def _adopt(self, index: int, node: Node, body: Node | None, params: tuple[Param, ...], flags: list[str]) -> int:
        known: Definition = self.defs[index]
        first, last = start_line(node), end_line(node)
        merged = sorted({*known.flags, *flags} - {"declaration"})
        both = tuple(p._replace(default=p.default or k.default) for p, k in zip(params, known.params, strict=True))
        self.defs[index] = known._replace(
            start_line=first, end_line=last, signature=self.head(node, body), params=both, flags=tuple(merged),
            content_hash=self.source.content_hash(first, last), doc=known.doc or self.docs.get(node.id, ""),
        )  # fmt: skip
        return index

    def _function_flags(self, node: Node, function: Node) -> list[str]:
        words = [
            self.text(c)
            for c in node.children
            if c.type
            in ("storage_class_specifier", "virtual", "type_qualifier", "explicit_function_specifier", "inline")
            or c.type in _CUDA
        ]
        words += [c.type for c in node.children if c.type == "virtual" or c.type in _CUDA]
        flags: list[str] = [w for w in ("static", "inline", "virtual", "constexpr", "extern", "explicit") if w in words]
        names = {"__global__": "kernel", "__device__": "device", "__host__": "host"}
        flags += [names[w] for w in words if w in names]
        inside = [self.text(c) for c in function.named_children]
        flags += [w for w in ("const", "override", "final", "noexcept") if w in inside]
        if "override" in inside or "final" in inside:
            flags.append("virtual")
        value = node.child_by_field_name("default_value")
        if (value is not None and self.text(value) == "0") or any(
            c.type == "pure_virtual_clause" for c in node.named_children
        ):
            flags.append("abstract")
        return flags

    def _returns(self, node: Node, function: Node, declared: Declarator) -> str:
        trailing = next((c for c in function.named_children if c.type == "trailing_return_type"), None)
        if trailing is not None and trailing.named_children:
            return type_of(self.source, trailing.named_children[0])
        written = type_of(self.source, node.child_by_field_name("type"))
        return written + declared.shape if written else ""

    def _params(self, parameters: Node | None) -> tuple[Param, ...]:
        params: list[Param] = []
        for child in parameters.named_children if parameters is not None else ():
            if child.type in (
                "parameter_declaration",
                "optional_parameter_declaration",
                "variadic_parameter_declaration",
            ):
                declared = unwrap(child.child_by_field_name("declarator"))
                qualifiers = [self.text(c) for c in child.named_children if c.type == "type_qualifier"]
                written = " ".join([*qualifiers, type_of(self.source, child.child_by_field_name("type"))])
                if written == "void" and declared.name is None and not declared.shape:
                    continue
                annotation = "?" if declared.function is not None else written + declared.shape
                kind = "*" if child.type.startswith("variadic") else ""
                params.append(
                    Param(
                        self.text(declared.name),
                        annotation,
                        self.short(child.child_by_field_name("default_value")),
                        kind,
                    )
                )
        if parameters is not None and any(c.type in ("...", "variadic_parameter") for c in parameters.children):
            params.append(Param("...", "", "", "*"))
        return tuple(params)

    def _member_initializer(self, node: Node, scope: int, prefix: str) -> None:
        target = node.named_children[0] if node.named_children else None
        values = next((c for c in node.named_children if c.type in ("argument_list", "initializer_list")), None)
        if target is None:
            return
        name = type_of(self.source, target)
        self.call(scope, "", name, target, self._args(values), "member_init")
        self.push_nodes(values.named_children if values is not None else (), scope, prefix)

    # ------------------------------------------------------------------ declarations
    def on_declaration(self, step: Step) -> None:
        node, scope, prefix, _ = step
        kind = node.child_by_field_name("type")
        if kind is not None and kind.child_by_field_name("body") is not None:
            self.push_nodes([kind], scope, prefix)
        inside = scope != MODULE and self.defs[scope].kind in ("function", "method")
        declarators = node.children_by_field_name("declarator")
        written = type_of(self.source, kind)
        qualifiers = " ".join(self.text(c) for c in node.named_children if c.type == "type_qualifier")
        for declarator in declarators:
            value = declarator.child_by_field_name("value") if declarator.type == "init_declarator" else None
            declared = unwrap(declarator)
            if declared.name is None:
                continue
            if declared.name.type == "structured_binding_declarator":
                for name in declared.name.named_children:
                    self.bind(scope, self.text(name), "?", node)
            elif declared.name.type == "operator_cast":
                self._odd_function(node, declared, step, None)
            elif declared.function is not None and not declared.pointer and not inside:
                self._function(node, declared, step, None)
            elif inside:
                self._local(declared, written, kind, value, node, scope)
            else:
                self._variable(declared, f"{qualifiers} {written}".strip(), kind, value, node, step)
            if inside and value is not None and value.type == "lambda_expression":
                self._named_lambda(self.text(declared.name), value, node, step)
            elif value is not None:
                self.push_nodes([value], scope, prefix)
        if node.type == "field_declaration":
            default = node.child_by_field_name("default_value")
            self.push_nodes([default], scope, prefix)
        self._template = None

    def _local(
        self, declared: Declarator, written: str, kind: Node | None, value: Node | None, node: Node, scope: int
    ) -> None:
        name = self.text(declared.name)
        if value is not None and value.type == "lambda_expression":
            return
        if written == "auto" or (kind is not None and kind.type == "placeholder_type_specifier"):
            self.bind(scope, name, clip(chain(self.source, value)) if value is not None else "?", node)
            return
        if declared.function is not None and declared.pointer:
            self._pointer_values(scope, name, declared, value, node)
            return
        arrays = "[]" * declared.shape.count("[]")
        if not self._pointer_values(scope, name, declared, value, node):
            self.bind(scope, name, written + arrays, node, "declared")
        if kind is None or kind.type in _PRIMITIVES or declared.shape or (node.type != "declaration"):
            return
        anchor = declared.name or node
        if declared.function is not None:  # `Foo q(a);` reads like a function's declaration
            parameters = declared.function.child_by_field_name("parameters")
            given = ["?"] * (len(parameters.named_children) if parameters is not None else 0)
            self.call(scope, "", written, anchor, given, "init")
        elif value is None or value.type in ("argument_list", "initializer_list"):
            self.call(scope, "", written, anchor, self._args(value), "init")

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
                    text = chain(self.source, item)
                    if re.fullmatch(r"[A-Za-z_][\w:]*", text):
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
        constant = "const" in flags or "constexpr" in flags
        self.define(
            "variable", name.rpartition(".")[2], node, step, signature=self.head(node, value).rstrip("="), returns=written + declared.shape,
            visibility=self._visibility(scope), flags=flags, value=self.short(value) if value is not None and constant else "",
            qualname=f"{step[2]}.{name}" if step[2] else name,
        )  # fmt: skip
        plain = name.rpartition(".")[2]
        if declared.function is not None and declared.pointer:
            if not self._pointer_values(scope, plain, declared, value, node):
                self.bind(scope, plain, "?", node)
        else:
            self._pointer_values(scope, plain, declared, value, node)
            if kind is not None and kind.type == "placeholder_type_specifier":
                self.bind(scope, plain, clip(chain(self.source, value)) if value is not None else "?", node)
            else:
                self.bind(scope, plain, written + "[]" * declared.shape.count("[]"), node, "declared")
        if value is not None and value.type == "initializer_list":
            self._fill_slots(value, scope, written, node)
            if node.type != "field_declaration":
                self._method_table(value, scope, plain, written)

    def _fill_slots(self, value: Node, scope: int, holder: str, node: Node) -> None:
        """`{.open = my_open, my_close}`: functions stored in the fields of a struct, by name or by position."""
        for position, item in enumerate(value.named_children):
            field, held = f"#{position}", item
            if item.type == "initializer_pair":
                designator = item.child_by_field_name("designator")
                field = self.text(designator).strip(". ")
                held = item.child_by_field_name("value") or item
            text = chain(self.source, held)
            if re.fullmatch(r"[A-Za-z_][\w:]*", text) and text not in ("NULL", "nullptr", "true", "false"):
                self.slots.append([scope, f"<{holder}>", field, text, start_line(node)])

    def _method_table(self, value: Node, scope: int, name: str, written: str) -> None:
        """Rows such as `{"add", add, METH_VARARGS, "…"}` of a table of native methods."""
        for item in value.named_children:
            if (
                item.type == "initializer_list"
                and item.named_children
                and item.named_children[0].type == "string_literal"
            ):
                targets = [binding_target(self.source, c) for c in item.named_children[1:]]
                row = [self.text(item.named_children[0]).strip('"'), *targets]
                self.registrations.append([scope, f"{written} {name}", row, start_line(item)])

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
        for found in _MACRO_CALL.finditer(re.sub(r'"(?:\\.|[^"\\])*"', '""', text)):
            receiver, called, opening = found.groups()
            if called not in _NOT_CALLS and called not in names and (receiver or "") not in names:
                row = node.start_point[0] + 1
                self.calls.append(_call(index, receiver or "", called, row, "launch" if opening == "<<<" else "call"))
                self.arguments.append([])

    # ------------------------------------------------------------------ statements
    def on_for_range(self, step: Step) -> None:
        node, scope = step[0], step[1]
        kind, right = node.child_by_field_name("type"), node.child_by_field_name("right")
        declared = unwrap(node.child_by_field_name("declarator"))
        if declared.name is not None and declared.name.type == "structured_binding_declarator":
            for name in declared.name.named_children:
                self.bind(scope, self.text(name), "?", node, "assigned", node)
        elif declared.name is not None:
            name_text = self.text(declared.name)
            if kind is not None and kind.type == "placeholder_type_specifier":
                self.bind(scope, name_text, clip(chain(self.source, right) + "*"), node, "assigned", node)
            else:
                self.bind(scope, name_text, type_of(self.source, kind), node, "declared", node)
        self.push_nodes(
            [node.child_by_field_name("initializer"), right, node.child_by_field_name("body")], scope, step[2]
        )

    def on_return(self, step: Step) -> None:
        node, scope = step[0], step[1]
        if node.named_children and scope != MODULE and "auto" in self.defs[scope].returns:
            self.bind(scope, "return", clip(chain(self.source, node.named_children[0])), node)
        self.push(step)

    def on_assignment(self, step: Step) -> None:
        node, scope = step[0], step[1]
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is not None and right is not None:
            text = chain(self.source, right)
            if left.type == "field_expression" and re.fullmatch(r"[A-Za-z_][\w:]*", text):
                holder = chain(self.source, left.child_by_field_name("argument"))
                self.slots.append([scope, holder, self.text(left.child_by_field_name("field")), text, start_line(node)])
            elif left.type == "identifier" and text != "?":
                self.bind(scope, self.text(left), clip(text), node, "again")
        self.push(step)

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
                name = "" if held.kind == "caught" else held.text
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
            action = self._action(block, caught) if block is not None else "pass"
            self.catches.append(Handler(scope, names, start_line(body), end_line(body), start_line(clause), action))
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
                throws.append((thrown, thrown in ("", caught)))
            elif node.type == "call_expression":
                called.append(re.split(r"\.|->|::", self.text(node.child_by_field_name("function")))[-1])
            elif node.type == "return_statement":
                returns = True
            if node.type != "lambda_expression":
                stack.extend(node.named_children)
        return handler_action(throws, called, returns, empty)

    # ------------------------------------------------------------------ expressions
    def _args(self, arguments: Node | None) -> list[str]:
        if arguments is None:
            return []
        return [clip(chain(self.source, c)) for c in arguments.named_children if c.type != "comment"]

    def on_call(self, step: Step) -> None:
        node, scope = step[0], step[1]
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        launch = any(c.type == "kernel_call_syntax" for c in node.named_children)
        receiver, name, arrow = self._callee(function)
        args = self._args(arguments)
        if name in CASTS:
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
        self._registration(node, receiver, name, arguments, scope)
        self._lambda_parameters(arguments, scope)
        self.push(step)

    def _registration(self, node: Node, receiver: str, name: str, arguments: Node | None, scope: int) -> None:
        """`m.def("name", &f)`, `py::class_<A>(m, "A")` and their kin, for cpp_bindings.py: what is registered, and as what."""
        given = arguments.named_children if arguments is not None else []
        texts = [self.text(c)[1:-1] if c.type in ("string_literal", "raw_string_literal") else "" for c in given]
        if name in REGISTERS and given and given[0].type in ("string_literal", "raw_string_literal"):
            exposed = texts[0] if given[0].type == "string_literal" else texts[0].partition("(")[2].rpartition(")")[0]
            targets = [binding_target(self.source, c) for c in given[1:]]
            self.registrations.append([scope, f".{name}", [receiver, exposed, *targets], start_line(arguments or node)])
        elif name in ("class_", "enum_") and len(given) > 1 and texts[1]:
            whole = compact(self.text(node.child_by_field_name("function")))
            self.registrations.append(
                [
                    scope,
                    name,
                    [whole.partition("<")[2].rpartition(">")[0], texts[1], self.text(given[0])],
                    start_line(arguments or node),
                ]
            )
        elif name == "def" and receiver and given and "init<" in self.text(given[0]):
            self.registrations.append([scope, ".def", [receiver, "__init__"], start_line(arguments or node)])

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
                compact(self.text(field)).partition("<")[0]
                if field is not None and "operator" not in self.text(field)
                else self.text(field)
            )
            return clip(chain(self.source, function.child_by_field_name("argument"))), name, arrow
        if function.type in ("identifier", "template_function", "type_identifier", "primitive_type"):
            return "", compact(self.text(function)).partition("<")[0], False
        if function.type in ("qualified_identifier", "dependent_name"):
            text = compact(self.text(function))
            outer, name = split_qualified(text)
            return outer or "::", name.partition("<")[0] if "operator" not in name else name, False
        if function.type == "pointer_expression":
            return "", self.text(function.child_by_field_name("argument")), False
        return clip(chain(self.source, function)), "()", False

    def _lambda_parameters(self, arguments: Node | None, scope: int) -> None:
        for argument in arguments.named_children if arguments is not None else ():
            if argument.type == "lambda_expression":
                self._bind_lambda(argument, scope)

    def _bind_lambda(self, node: Node, scope: int) -> None:
        declarator = node.child_by_field_name("declarator")
        parameters = declarator.child_by_field_name("parameters") if declarator is not None else None
        for param in self._params(parameters):
            if "auto" in param.annotation:
                self.bind(scope, param.name, "?", node, "assigned", node)
            else:
                self.bind(scope, param.name, param.annotation, node, "declared", node)

    def on_lambda(self, step: Step) -> None:
        self._bind_lambda(step[0], step[1])
        self.push_nodes([step[0].child_by_field_name("body")], step[1], step[2])

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
        if kind is not None and kind.type not in _PRIMITIVES:
            self.call(step[1], "", type_of(self.source, kind), kind, self._args(value), "init")
        self.push(step)

    handlers: ClassVar[Mapping[str, Callable[[Any, Step], None]]] = {
        "preproc_include": on_include,
        "preproc_def": on_macro,
        "preproc_function_def": on_macro,
        "namespace_definition": on_namespace,
        "using_declaration": on_using,
        "namespace_alias_definition": on_namespace_alias,
        "linkage_specification": on_linkage,
        "template_declaration": on_template,
        "class_specifier": on_class,
        "struct_specifier": on_class,
        "union_specifier": on_class,
        "enum_specifier": on_enum,
        "access_specifier": on_access,
        "friend_declaration": on_friend,
        "alias_declaration": on_alias,
        "type_definition": on_typedef,
        "function_definition": on_function,
        "declaration": on_declaration,
        "field_declaration": on_declaration,
        "for_range_loop": on_for_range,
        "return_statement": on_return,
        "assignment_expression": on_assignment,
        "throw_statement": on_throw,
        "try_statement": on_try,
        "call_expression": on_call,
        "lambda_expression": on_lambda,
        "new_expression": on_new,
        "compound_literal_expression": on_literal,
    }


def _call(scope: int, receiver: str, name: str, line: int, kind: str) -> Any:
    from extractor.facts import Call

    outer, _, last = name.rpartition("::")
    return Call(scope, receiver or outer, last, line, 0, 0, kind)


def plain_type(annotation: str) -> str:
    """A parameter's type for comparing a declaration with its definition: qualifiers of names and blanks left out."""
    return re.sub(r"\b(?:const|struct|class|enum|typename)\b|\w+::|\s", "", annotation)


def split_qualified(text: str) -> tuple[str, str]:
    """`a::B<c::D>::e` into `a::B<c::D>` and `e`."""
    depth = 0
    for position in range(len(text) - 1, 0, -1):
        char = text[position]
        if char == ">":
            depth += 1
        elif char == "<":
            depth -= 1
        elif depth == 0 and text[position - 1 : position + 1] == "::":
            return text[: position - 1], text[position + 1 :]
    return "", text


def binding_target(source: Source, node: Node) -> str:
    """What a registration registers: a function's chain, `=>first-last` for the lines of a lambda, "" for what is neither."""
    if node.type == "lambda_expression":
        return f"=>{start_line(node)}-{end_line(node)}"
    if node.type == "call_expression":
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        name = source.text(function) if function is not None else ""
        wraps = ("overload_cast", "TORCH_FN", "static_cast", "reinterpret_cast", "OverloadCast", "vectorize", "wrap")
        if arguments is not None and arguments.named_children and any(w in name for w in wraps):
            return binding_target(source, arguments.named_children[0])
        return ""
    if node.type == "cast_expression":
        value = node.child_by_field_name("value")
        return binding_target(source, value) if value is not None else ""
    if node.type.endswith(("_literal", "concatenated_string")):
        return ""
    text = chain(source, node)
    return text if text != "?" else ""
