"""The definitions of a C, C++ or CUDA file: namespaces, classes, functions, aliases and enumerations, a declaration joined with its
definition where both stand in the file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from extractor.facts import MODULE, Definition, Param
from extractor.parse.collect import Step
from extractor.parse.cpp_scopes import CppScopes
from extractor.parse.cpp_text import Declarator, compact, dotted, plain_type, type_of, unwrap
from extractor.parse.tree import end_line, start_line

if TYPE_CHECKING:
    from tree_sitter import Node


_CUDA: Final = ("__global__", "__device__", "__host__", "__forceinline__")
_CLASS_KINDS: Final = {"class_specifier": "class", "struct_specifier": "struct", "union_specifier": "union"}


class CppDefs(CppScopes):
    """Defines what declares a name of its own; variables are left to CppVariables."""

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
        inside = in_class and owner == scope  # a body in the class's own defines what nothing declared before
        known = self._declared_before(qualname, params, "const" in flags) if not inside and body is not None else None
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

    def _declared_before(self, qualname: str, params: tuple[Param, ...], const: bool) -> int | None:
        """The declaration, above in this file, that a definition belongs to: by its parameter types, else by their number."""
        found = [
            i for i, d in enumerate(self.defs)
            if d.qualname == qualname and "declaration" in d.flags and len(d.params) == len(params) and ("const" in d.flags) == const
        ] if qualname in self._seen else []  # fmt: skip
        types = [plain_type(p.annotation) for p in params]
        exact = [i for i in found if [plain_type(p.annotation) for p in self.defs[i].params] == types]
        single = len(found) == 1 and (self.source.spec.name == "c" or self.defs[found[0]].kind == "method")
        return exact[0] if exact else found[0] if single else None

    def _adopt(self, index: int, node: Node, body: Node | None, params: tuple[Param, ...], flags: list[str]) -> int:
        known: Definition = self.defs[index]
        first, last = start_line(node), end_line(node)
        self.spans[index] = (node.start_byte, node.end_byte)
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
        fixed = [self.text(c) for c in node.named_children if c.type == "type_qualifier" and self.text(c) == "const"]
        return " ".join([*fixed, written + declared.shape]) if written else ""

    def _member_initializer(self, node: Node, scope: int, prefix: str) -> None:
        target = node.named_children[0] if node.named_children else None
        values = next((c for c in node.named_children if c.type in ("argument_list", "initializer_list")), None)
        if target is None:
            return
        name = type_of(self.source, target)
        self.call(scope, "", name, target, self._args(values), "member_init")
        self.push_nodes(values.named_children if values is not None else (), scope, prefix)
