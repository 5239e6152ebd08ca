"""Java: one file's tree in, its FileFacts out. Classes, records, enums and annotation types become classes, interfaces
interfaces; an anonymous class is a class named `anonymous` inside the method that makes it. Lambdas belong to the method
that contains them. The package stands in `namespace`; type parameters with their bounds in `extra["typevars"]`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from extractor.facts import MODULE, Definition, FileFacts, Import, Raise
from extractor.parse.collect import Step, clip
from extractor.parse.java_errors import JavaErrors
from extractor.parse.tree import collapse, start_line

if TYPE_CHECKING:
    from tree_sitter import Node

    from extractor.parse import Source

TYPES: Final = {
    "class_declaration": "class",
    "interface_declaration": "interface",
    "enum_declaration": "class",
    "record_declaration": "class",
    "annotation_type_declaration": "interface",
}


def parse(source: Source) -> FileFacts:
    """The facts of one Java file."""
    collector = JavaCollector(source)
    collector.walk()
    collector.drop_silent_constants()
    facts = collector.facts(namespace=collector.package, extra={"typevars": collector.typevars})
    return facts._replace(defs=_methods_first(facts.defs))


def _methods_first(defs: Sequence[Definition]) -> tuple[Definition, ...]:
    """A field and a method may share a name: the method has the plain one, since that is what others call."""
    callables = {d.qualname for d in defs if d.kind != "variable"}
    shared = {d.qualname for d in defs if d.kind == "variable"} & callables
    if not shared:
        return tuple(defs)
    counts: dict[str, int] = {}
    found = list(defs)
    for index in sorted(range(len(defs)), key=lambda i: (defs[i].kind == "variable", i)):
        name = defs[index].qualname
        if name in shared:
            counts[name] = counts.get(name, 0) + 1
            found[index] = defs[index]._replace(ordinal=counts[name])
    return tuple(found)


class JavaCollector(JavaErrors):
    """Visits declarations, statements and expressions."""

    # ------------------------------------------------------------------ declarations
    def on_package(self, step: Step) -> None:
        self.package = collapse(self.text(step[0].named_children[-1]))
        self.doc = self.doc or self.docs.get(step[0].id, "")

    def on_import(self, step: Step) -> None:
        node = step[0]
        words = [c.type for c in node.children]
        path = next((c for c in node.named_children if c.type in ("scoped_identifier", "identifier")), None)
        if path is None:
            return
        full = collapse(self.text(path)).replace(" ", "")
        kind = "static" if "static" in words else ""
        if "asterisk" in words:
            self.imports.append(Import(step[1], full, "*", "*", 0, start_line(node), kind))
        else:
            module, _, name = full.rpartition(".")
            self.imports.append(Import(step[1], module, name, name, 0, start_line(node), kind))

    def on_type(self, step: Step) -> None:
        node, scope = step[0], step[1]
        name = self.text(node.child_by_field_name("name"))
        body = node.child_by_field_name("body")
        annotations, flags, visibility = self._modifiers(node)
        flags += {"enum_declaration": ["enum"], "record_declaration": ["record", "final"]}.get(node.type, [])
        flags += ["annotation"] if node.type == "annotation_type_declaration" else []
        flags += ["nested"] if scope != MODULE else []
        if visibility == "package" and scope != MODULE and self.defs[scope].kind == "interface":
            visibility = "public"
        components = node.child_by_field_name("parameters")
        params = self._params(components) if components is not None else ()
        index = self.define(
            TYPES[node.type], name, node, step, signature=self.head(node, body, self._annotations(node)), params=params,
            decorators=annotations, visibility=visibility, flags=flags,
        )  # fmt: skip
        self._type_parameters(node, index)
        self._bases(node, index)
        prefix = self.defs[index].qualname
        if components is not None:
            for child in components.named_children:
                if child.type in ("formal_parameter", "spread_parameter"):
                    self._component(child, (child, index, prefix, False))
        if body is not None:
            self.push((body, index, prefix, False))

    def _component(self, node: Node, step: Step) -> None:
        param = self._param(node)
        self.define(
            "variable", param.name, node, step, signature=collapse(self.text(node)), returns=param.annotation,
            visibility="private", flags=("field", "final"),
        )  # fmt: skip
        self.bind(step[1], param.name, param.annotation, node, "declared")

    def _bases(self, node: Node, index: int) -> None:
        position = 0
        for child in node.children:
            if child.type == "superclass":
                found, kind = child.named_children, "extends"
            elif child.type == "super_interfaces":
                found, kind = child.named_children[0].named_children, "implements"
            elif child.type == "extends_interfaces":
                found, kind = child.named_children[0].named_children, "extends"
            else:
                continue
            for base in found:
                self.add_base(index, self._type(base), position, start_line(base), kind)
                position += 1

    def on_enum_constant(self, step: Step) -> None:
        node, scope, prefix, _ = step
        name = self.text(node.child_by_field_name("name"))
        owner = self.defs[scope].name if scope != MODULE else ""
        body = node.child_by_field_name("body")
        index = self.define(
            "variable", name, node, step, signature=self.head(node, body), returns=owner,
            flags=("const", "enum_constant", "static"),
        )  # fmt: skip
        self.bind(scope, name, owner, node, "declared")
        arguments = node.child_by_field_name("arguments")
        self._constants.append((len(self.calls), scope))
        self.call(scope, "", owner, node, self.args(arguments), "new")
        self._lambda_parameters(arguments, scope, f"new {owner}")
        self.push_nodes(arguments.named_children if arguments else (), scope, prefix)
        if body is not None:
            self._anonymous(body, owner, (body, index, f"{prefix}.{name}", False))

    def drop_silent_constants(self) -> None:
        """A constant of an enumeration without a constructor calls nothing."""
        written = {d.scope for d in self.defs if "constructor" in d.flags}
        for index, scope in reversed(self._constants):
            if scope not in written:
                del self.calls[index], self.arguments[index]

    def _anonymous(self, body: Node, base: str, step: Step) -> None:
        index = self.define(
            "class",
            "anonymous",
            body,
            step,
            signature=f"new {base}()",
            visibility="private",
            flags=("anonymous", "nested"),
            doc="",
        )
        self.add_base(index, base, 0, start_line(body), "extends")
        self.push((body, index, self.defs[index].qualname, False))

    def on_method(self, step: Step) -> None:
        node, scope = step[0], step[1]
        name_node = node.child_by_field_name("name")
        body = node.child_by_field_name("body")
        annotations, flags, visibility = self._modifiers(node)
        in_interface = scope != MODULE and self.defs[scope].kind == "interface"
        if in_interface:
            visibility = "public" if visibility == "package" else visibility
            flags += ["abstract"] if body is None else []
        constructor = node.type in ("constructor_declaration", "compact_constructor_declaration")
        if constructor:
            flags.append("constructor")
        parameters = node.child_by_field_name("parameters")
        params = self._params(parameters)
        if node.type == "compact_constructor_declaration" and scope != MODULE:
            params = self.defs[scope].params
        returns = collapse(self.text(node.child_by_field_name("type"))) + self.text(
            node.child_by_field_name("dimensions")
        )
        index = self.define(
            "method", self.text(name_node), node, step, signature=self.head(node, body, self._annotations(node)),
            params=params, returns=returns, decorators=annotations, visibility=visibility, flags=flags,
        )  # fmt: skip
        self._type_parameters(node, index)
        for child in node.named_children:
            if child.type == "throws":
                for thrown in child.named_children:
                    self.raises.append(Raise(index, self._type(thrown), start_line(thrown), declared=True))
        if body is not None:
            self.push((body, index, self.defs[index].qualname, False))

    def on_field(self, step: Step) -> None:
        node, scope, prefix, _ = step
        annotations, flags, visibility = self._modifiers(node)
        if scope != MODULE and self.defs[scope].kind == "interface":
            flags, visibility = [*flags, "static", "final"], "public"
        if "static" in flags and "final" in flags:
            flags.append("const")
        declared = collapse(self.text(node.child_by_field_name("type")))
        head = " ".join([*(f for f in ("static", "final") if f in flags), declared])
        for declarator in node.children_by_field_name("declarator"):
            name = self.text(declarator.child_by_field_name("name"))
            kind = declared + self.text(declarator.child_by_field_name("dimensions"))
            value = declarator.child_by_field_name("value")
            self._fill_diamond(self._type(node.child_by_field_name("type")), value)
            self._wanted(value, self._type(node.child_by_field_name("type")), scope)
            self.define(
                "variable", name, node, step, signature=f"{head} {name}", returns=kind, decorators=annotations,
                visibility=visibility, flags=[*flags, "field"], value=value,
            )  # fmt: skip
            self.bind(scope, name, kind, node, "declared")
            self.push_nodes([value], scope, prefix)

    def _fill_diamond(self, declared: str, value: Node | None) -> None:
        """`Box<Item> b = new Crate<>(…)`: the arguments of the type declared are those of the type made."""
        cut = declared.find("<")
        if value is not None and value.type == "object_creation_expression" and cut > 0 and declared.endswith(">"):
            self._diamonds[value.id] = declared[cut:]

    def _wanted(self, value: Node | None, declared: str, scope: int) -> None:
        """`Handler h = (a, b) -> …`: the parameters hold what the declared type passes."""
        if value is not None and value.type == "lambda_expression" and declared not in ("", "var"):
            self._name_parameters(value, scope, lambda number: f"<{declared}>#0.{number}")

    def on_return(self, step: Step) -> None:
        value = step[0].named_children[0] if step[0].named_children else None
        if value is not None and step[1] != MODULE and self.defs[step[1]].kind == "method":
            self._wanted(value, self.defs[step[1]].returns.replace(" ", ""), step[1])
        self.push(step)

    # ------------------------------------------------------------------ statements
    def on_local(self, step: Step) -> None:
        node, scope = step[0], step[1]
        declared = self._type(node.child_by_field_name("type"))
        for declarator in node.children_by_field_name("declarator"):
            name = self.text(declarator.child_by_field_name("name"))
            value = declarator.child_by_field_name("value")
            self._fill_diamond(declared, value)
            self._wanted(value, declared, scope)
            self._bind_typed(
                scope, name, declared + self.text(declarator.child_by_field_name("dimensions")), value, node
            )
        self.push(step)

    def on_for_each(self, step: Step) -> None:
        node, scope = step[0], step[1]
        name = self.text(node.child_by_field_name("name"))
        declared = self._type(node.child_by_field_name("type"))
        if declared != "var":
            self.bind(scope, name, declared, node, "declared", node)
        else:
            self.bind(scope, name, clip(self.chain(node.child_by_field_name("value")) + "*"), node, "assigned", node)
        self.call(scope, clip(self.chain(node.child_by_field_name("value"))), "iterator", node, [], "iteration")
        self.push(step)

    def on_resource(self, step: Step) -> None:
        node = step[0]
        name, declared = node.child_by_field_name("name"), node.child_by_field_name("type")
        if name is not None and declared is not None:
            self._bind_typed(step[1], self.text(name), self._type(declared), node.child_by_field_name("value"), node)
        held = self.text(name) if declared is not None else clip(self.chain(node.named_children[-1]))
        self.call(step[1], held, "close", node, [], "with")
        self.push(step)

    def on_pattern(self, step: Step) -> None:
        node = step[0]
        if node.type == "instanceof_expression":
            name, declared = node.child_by_field_name("name"), node.child_by_field_name("right")
        else:
            children = node.named_children
            name, declared = (children[-1], children[0]) if len(children) >= 2 else (None, None)
        if name is not None and declared is not None:
            self.bind(step[1], self.text(name), self._type(declared), node, "declared")
        self.push(step)

    # ------------------------------------------------------------------ expressions
    def on_invocation(self, step: Step) -> None:
        node, scope = step[0], step[1]
        receiver = node.child_by_field_name("object")
        name_node = node.child_by_field_name("name")
        name = self.text(name_node)
        chain = clip(self.chain(receiver)) if receiver is not None else ""
        if node.children and any(c.type == "super" for c in node.named_children[:2]) and chain and chain != "super":
            chain = f"{chain}.super"  # Interface.super.method()
        arguments = node.child_by_field_name("arguments")
        self.call(scope, chain, name, name_node or node, self.args(arguments))
        if name == "orElseThrow" and arguments is not None and arguments.named_children:
            self._supplied(arguments.named_children[0], scope)
        self._lambda_parameters(arguments, scope, f"{chain}.{name}" if chain else name)
        self.push(step)

    def on_new(self, step: Step) -> None:
        node, scope, prefix, _ = step
        declared = node.child_by_field_name("type")
        name = self._type(declared)
        if name.endswith("<>"):
            name = name.removesuffix("<>") + self._diamonds.get(node.id, "")
        arguments = node.child_by_field_name("arguments")
        outer = node.named_children[0] if node.named_children and node.named_children[0] != declared else None
        receiver = clip(self.chain(outer)) if outer is not None and "annotation" not in outer.type else ""
        self.call(scope, receiver, name, declared or node, self.args(arguments), "new")
        self._lambda_parameters(arguments, scope, f"new {name}")
        body = next((c for c in node.named_children if c.type == "class_body"), None)
        self.push_nodes([outer if receiver else None, *(arguments.named_children if arguments else ())], scope, prefix)
        if body is not None:
            self._anonymous(body, name, step)

    def on_constructor_call(self, step: Step) -> None:
        node = step[0]
        name = self.text(node.child_by_field_name("constructor"))
        self.call(step[1], "", name, node, self.args(node.child_by_field_name("arguments")))
        self.push(step)

    def on_reference(self, step: Step) -> None:
        node = step[0]
        parts = node.named_children
        if not parts:
            return
        name = "new" if len(parts) == 1 or node.children[-1].type == "new" else self.text(parts[-1])
        given = [self.handed[node.id]] if node.id in self.handed else []
        self.call(step[1], clip(self.chain(parts[0])), name, node, given, "ref")
        self.push_nodes(parts[:1], step[1], step[2])

    def on_lambda(self, step: Step) -> None:
        node, scope = step[0], step[1]
        parameters = node.child_by_field_name("parameters")
        for child in parameters.named_children if parameters is not None else ():
            if child.type in ("formal_parameter", "spread_parameter"):
                param = self._param(child)
                self.bind(scope, param.name, param.annotation, child, "declared", node)
        self.push_nodes([node.child_by_field_name("body")], scope, step[2])

    def on_assignment(self, step: Step) -> None:
        node, scope = step[0], step[1]
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is not None and left.type == "field_access" and self.text(left.child_by_field_name("object")) == "this":
            self.bind(scope, "self." + self.text(left.child_by_field_name("field")), clip(self.chain(right)), node)
        self.push(step)

    handlers: ClassVar[Mapping[str, Callable[[Any, Step], None]]] = {
        "package_declaration": on_package,
        "import_declaration": on_import,
        **dict.fromkeys(TYPES, on_type),
        "enum_constant": on_enum_constant,
        "method_declaration": on_method,
        "constructor_declaration": on_method,
        "compact_constructor_declaration": on_method,
        "annotation_type_element_declaration": on_method,
        "field_declaration": on_field,
        "constant_declaration": on_field,
        "local_variable_declaration": on_local,
        "enhanced_for_statement": on_for_each,
        "resource": on_resource,
        "instanceof_expression": on_pattern,
        "type_pattern": on_pattern,
        "record_pattern_component": on_pattern,
        "return_statement": on_return,
        "throw_statement": JavaErrors.on_throw,
        "try_statement": JavaErrors.on_try,
        "try_with_resources_statement": JavaErrors.on_try,
        "method_invocation": on_invocation,
        "object_creation_expression": on_new,
        "explicit_constructor_invocation": on_constructor_call,
        "method_reference": on_reference,
        "lambda_expression": on_lambda,
        "assignment_expression": on_assignment,
    }
