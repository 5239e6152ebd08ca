"""The lower half of the C++ front end: includes, namespaces, `using`, templates, access and parameters, nothing defined yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractor.facts import MODULE, Import, Param
from extractor.parse.collect import Collector, Step, clip
from extractor.parse.cpp_text import chain, dotted, type_of, unwrap
from extractor.parse.tree import start_line

if TYPE_CHECKING:
    from tree_sitter import Node

    from extractor.parse import Source


class CppScopes(Collector):
    """Where a declaration stands, and what is visible there."""

    comments = frozenset(("comment",))
    elsewhere = frozenset(("lambda_expression",))

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.typevars: list[list[object]] = []
        self.usings: list[list[object]] = []  # [prefix, alias ("" for a namespace, name for one name), target]
        self.slots: list[list[object]] = []  # [scope, holder, field, chain, line]: a function stored in a field
        self.registrations: list[list[object]] = []  # [scope, macro, arguments, line]: what bindings.py reads
        self.namespace = ""
        self._namespaces: set[str] = set()
        self.inlines: set[str] = set()  # namespaces that stand in no qualified name
        self._access: dict[int, str] = {}
        self._template: list[tuple[str, str]] | None = None

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
        if inline and name:
            self.inlines.add(name)
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
            if parameter.type == "template_template_parameter_declaration":
                parameter = parameter.named_children[-1]
            names = [c for c in parameter.named_children if c.type in ("type_identifier", "identifier")]
            if names and parameter.type in (
                "type_parameter_declaration",
                "optional_type_parameter_declaration",
                "variadic_type_parameter_declaration",
            ):
                default = parameter.child_by_field_name("default_type")
                found.append((self.text(names[0]), type_of(self.source, default)))
            elif (
                names and parameter.type == "parameter_declaration"
            ):  # `template <Shape T>`: a type that a concept bounds
                kind = parameter.child_by_field_name("type")
                if kind is not None and kind.type in ("type_identifier", "qualified_identifier", "template_type"):
                    found.append((self.text(names[-1]), ""))
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

    def on_access(self, step: Step) -> None:
        if step[1] != MODULE:
            self._access[step[1]] = self.text(step[0]).strip(": ")

    def _visibility(self, scope: int) -> str:
        return self._access.get(scope, "public") if scope != MODULE else "public"

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

    def _args(self, arguments: Node | None) -> list[str]:
        if arguments is None:
            return []
        return [clip(chain(self.source, c)) for c in arguments.named_children if c.type != "comment"]
