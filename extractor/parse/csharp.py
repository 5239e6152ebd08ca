"""C#: one file's tree in, its FileFacts out. Classes, structs, records and enums become classes, interfaces interfaces;
properties are fields with a type whose accessors' code belongs to the class. Lambdas belong to the method that contains them.

The namespace stands in `namespace`; `extra` holds `typevars`, `spaces` (namespace of every top-level type), `extends` (extension
methods and the type they extend) and `usings` written as Import facts of kind "", "static" or "global".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from extractor.facts import MODULE, FileFacts, Handler, Import, Raise
from extractor.parse.collect import Step, clip
from extractor.parse.csharp_accesses import CSharpAccesses
from extractor.parse.csharp_branches import prepare
from extractor.parse.csharp_names import CSharpNames
from extractor.parse.tree import collapse, end_line, start_line

if TYPE_CHECKING:
    from tree_sitter import Node

    from extractor.parse import Source

__all__ = ["parse", "prepare"]
_TYPES: Final = {
    "class_declaration": "class",
    "struct_declaration": "class",
    "record_declaration": "class",
    "record_struct_declaration": "class",
    "enum_declaration": "class",
    "interface_declaration": "interface",
}
_INTERFACE: Final = re.compile(r"I[A-Z]")  # .NET's custom, which tells interfaces elsewhere from base classes
_FUNCTIONS: Final = frozenset(("method_declaration", "constructor_declaration", "lambda_expression", "local_function_statement",
                               "accessor_declaration"))  # fmt: skip


def parse(source: Source) -> FileFacts:
    """The facts of one C# file."""
    collector = CSharpCollector(source)
    collector.walk()
    spaces = sorted(collector.spaces.items())
    extra = {
        "typevars": collector.typevars,
        "spaces": [[int(index), name] for index, name in spaces],
        "extends": collector.extended,
        "puts": collector.puts,
        "accesses": collector.accesses,
    }
    return collector.facts(namespace=collector.first_space, extra=extra)


class CSharpCollector(CSharpAccesses):
    """Visits declarations, statements and expressions."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.space = ""
        self.first_space = ""
        self.spaces: dict[int, str] = {}  # top-level type -> its namespace
        self.extended: list[list[Any]] = []  # [definition, type of the this parameter]

    # ------------------------------------------------------------------ declarations
    def on_using(self, step: Step) -> None:
        node = step[0]
        words = [c.type for c in node.children]
        alias = self.text(node.child_by_field_name("name"))
        named = [c for c in node.named_children if c != node.child_by_field_name("name")]
        full = self.type_text(named[-1]) if named else ""
        kind = "static" if "static" in words else "global" if "global" in words else ""
        if not full:
            return
        if alias:
            self.imports.append(Import(MODULE, full, "", alias, 0, start_line(node), kind))
        else:
            self.imports.append(Import(MODULE, full, "*", "*", 0, start_line(node), kind))

    def on_namespace(self, step: Step) -> None:
        node, scope, prefix, _ = step
        name = self.type_text(node.child_by_field_name("name"))
        before = self.space
        self.space = f"{before}.{name}" if before else name
        self.first_space = self.first_space or self.space
        body = node.child_by_field_name("body")
        if body is None:  # `namespace A.B;` holds to the end of the file
            self.push(step)
            return
        self.stack.append((node, scope, before, False))  # visited again when its content is done
        self._left.add(node.id)
        self.push((body, scope, prefix, True))

    def on_any_namespace(self, step: Step) -> None:
        if step[0].id in self._left:
            self._left.discard(step[0].id)
            self.space = step[2]
        else:
            self.on_namespace(step)

    def on_type(self, step: Step) -> None:
        node, scope = step[0], step[1]
        name = self.text(node.child_by_field_name("name"))
        body = node.child_by_field_name("body")
        attributes, flags, visibility = self.modifiers(node, "internal" if scope == MODULE else "private")
        if scope != MODULE and self.defs[scope].kind == "interface":
            visibility = "public"
        flags += [w for w in ("struct", "record", "enum") if node.type.startswith(w)]
        components = next((c for c in node.named_children if c.type == "parameter_list"), None)
        params = self.params(components)
        index = self.define(
            _TYPES[node.type], name, node, step, signature=self.head(node, body, self.attribute_nodes(node)), params=params,
            decorators=attributes, visibility=visibility, flags=[*flags, *(["nested"] if scope != MODULE else [])],
            doc=self.doc_of(node),
        )  # fmt: skip
        qualname = self.defs[index].qualname
        if scope == MODULE:
            self.spaces[index] = self.space
        self.type_parameters(node, index)
        bases = next((c for c in node.named_children if c.type == "base_list"), None)
        given = [c for c in bases.named_children if c.type != "argument_list"] if bases is not None else []
        for position, base in enumerate(given if node.type != "enum_declaration" else []):
            inner = base.named_children[0] if base.type == "primary_constructor_base_type" else base
            written = self.type_text(inner)
            interface = _TYPES[node.type] == "class" and bool(_INTERFACE.match(written.rpartition(".")[2]))
            self.add_base(index, written, position, start_line(base), "implements" if interface else "extends")
        for param in params:  # a record's, or a primary constructor's
            if "record" in flags:
                self.define("variable", param.name, node, (node, index, qualname, False), returns=param.annotation,
                            signature=f"{param.annotation} {param.name}", flags=("field",), doc="")  # fmt: skip
            self.bind(index, param.name, param.annotation, node, "declared")
        if node.type == "enum_declaration":
            for child in body.named_children if body is not None else ():
                if child.type == "enum_member_declaration":
                    self.define("variable", self.text(child.child_by_field_name("name")), child, (child, index, qualname, False),
                                returns=name, signature=collapse(self.text(child)), doc=self.doc_of(child),
                                flags=("const", "enum_constant", "static"))  # fmt: skip
        elif body is not None:
            self.push((body, index, qualname, False))

    def on_delegate(self, step: Step) -> None:
        node, scope = step[0], step[1]
        attributes, flags, visibility = self.modifiers(node, "internal")
        name, result = self.text(node.child_by_field_name("name")), self.type_text(node.child_by_field_name("type"))
        kinds = [p.annotation for p in self.params(node.child_by_field_name("parameters"))]
        written = f"Func<{','.join([*kinds, result])}>" if result != "void" else f"Action<{','.join(kinds)}>"
        index = self.define("variable", name, node, step, signature=collapse(self.text(node)).rstrip(";"), visibility=visibility,
                            returns=written, decorators=attributes, flags=[*flags, "alias"], doc=self.doc_of(node))  # fmt: skip
        self.type_parameters(node, index)
        if scope == MODULE:
            self.spaces[index] = self.space

    def on_method(self, step: Step) -> None:
        node, scope = step[0], step[1]
        in_interface = scope != MODULE and self.defs[scope].kind == "interface"
        attributes, flags, visibility = self.modifiers(node, "public" if in_interface else "private")
        body = node.child_by_field_name("body")
        constructor = node.type == "constructor_declaration"
        name = self.text(node.child_by_field_name("name"))
        if node.type == "destructor_declaration":
            name = f"~{name}"
        elif node.type == "operator_declaration":
            name = "operator" + next(
                (self.text(c) for c in node.children if not c.is_named and self.text(c) not in ("operator", "(")), ""
            )
        elif node.type == "conversion_operator_declaration":
            name = "operator " + self.type_text(node.child_by_field_name("type"))
        flags += ["explicit"] if any(c.type == "explicit_interface_specifier" for c in node.named_children) else []
        flags += ["constructor"] if constructor and "static" not in flags else []
        flags += ["abstract"] if in_interface and body is None and "abstract" not in flags else []
        parameters = node.child_by_field_name("parameters")
        params = self.params(parameters)
        returns = self.type_text(node.child_by_field_name("returns") or node.child_by_field_name("type"))
        inside = scope != MODULE and self.defs[scope].kind in ("method", "function")
        index = self.define(
            "function" if inside or scope == MODULE else "method", name, node, step, params=params, returns=returns,
            signature=self.head(node, body, self.attribute_nodes(node)), decorators=attributes, visibility=visibility,
            flags=flags, doc=self.doc_of(node),
        )  # fmt: skip
        self.type_parameters(node, index)
        self.raises += [Raise(index, name, start_line(node), declared=True) for name in self.exceptions_of(node)]
        if params and self.is_extension(parameters):
            self.extended.append([index, params[0].annotation])
        qualname = self.defs[index].qualname
        if constructor:
            started = next((c for c in node.named_children if c.type == "constructor_initializer"), None)
            if started is not None:
                arguments = next((c for c in started.named_children if c.type == "argument_list"), None)
                word = next((c for c in started.children if c.type in ("base", "this")), started)
                self.call(index, "", word.type, word, self.args(arguments))
                self.push_nodes([arguments], index, qualname)
        if body is not None:
            self.push((body, index, qualname, False))

    def on_field(self, step: Step) -> None:
        node, scope, prefix, _ = step
        attributes, flags, visibility = self.modifiers(node, "private")
        declared = next((c for c in node.named_children if c.type == "variable_declaration"), None)
        if declared is None:
            return
        kind = self.type_text(declared.child_by_field_name("type"))
        flags += ["event"] if node.type == "event_field_declaration" else []
        fixed = ["const"] if {"static", "readonly"} <= set(flags) else []
        for child in declared.named_children:
            if child.type == "variable_declarator":
                name = self.text(child.child_by_field_name("name"))
                value = child.named_children[-1] if len(child.named_children) > 1 else None
                self.define(
                    "variable", name, node, step, signature=" ".join([*flags, kind, name]), returns=kind,
                    decorators=attributes, visibility=visibility, flags=[*flags, *fixed, "field"], doc=self.doc_of(node),
                    value=value,
                )  # fmt: skip
                self.bind(scope, name, kind, node, "declared")
                self.delegate_parameters(value, kind, scope)
                self.kept_in(name, value, scope)
                self.push_nodes([self.typed_new(value, kind, scope)], scope, prefix)

    def on_property(self, step: Step) -> None:
        node, scope = step[0], step[1]
        in_interface = scope != MODULE and self.defs[scope].kind == "interface"
        attributes, flags, visibility = self.modifiers(node, "public" if in_interface else "private")
        name = self.text(node.child_by_field_name("name")) or "this[]"
        kind = self.type_text(node.child_by_field_name("type"))
        accessors, value = node.child_by_field_name("accessors"), node.child_by_field_name("value")
        runs = self.accessors(accessors, value)
        flags += ["abstract"] if in_interface and not runs and "abstract" not in flags else []
        index = self.define("variable", name, node, step, signature=self.head_of_property(kind, name, accessors, value, runs),
                            params=self.params(node.child_by_field_name("parameters")), visibility=visibility,
                            returns=kind, decorators=attributes, value=value if value is not None and not runs else "",
                            flags=[*flags, *runs, "field", "property"], doc=self.doc_of(node))  # fmt: skip
        self.bind(scope, name, kind, node, "declared")
        self.push_nodes([accessors, self.typed_new(value, kind, index)], index, self.defs[index].qualname)

    # ------------------------------------------------------------------ statements
    def on_variables(self, step: Step) -> None:
        """`var x = f()`, `Foo x = new()`, in a statement, a `using` or a `for`."""
        node, scope, prefix, _ = step
        kind = node.child_by_field_name("type")
        written = self.type_text(kind)
        until = self.block(node)
        if node.parent is not None and node.parent.type in ("using_statement", "for_statement", "fixed_statement"):
            until = node.parent
        for child in node.named_children:
            if child.type != "variable_declarator":
                continue
            name = self.text(child.child_by_field_name("name"))
            value = child.named_children[-1] if len(child.named_children) > 1 else None
            self.used(node.parent, name, scope)
            if (
                value is not None
                and value.type == "object_creation_expression"
                and self.chain(value) == f"new {written}()"
            ):
                self.bind(scope, name, f"new {written}()", node, "assigned", until)  # of that very class
            elif written != "var":
                self.bind(scope, name, written, node, "declared", until)
                self.delegate_parameters(value, written, scope)
                value = self.typed_new(value, written, scope)
            elif value is not None and child.named_children[0].type == "tuple_pattern":
                self.deconstruct(child.named_children[0], self.chain(value), scope, until)
            elif value is not None:
                self.bind(scope, name, clip(self.chain(value)), node, "assigned", until)
            self.push_nodes([value], scope, prefix)

    def on_foreach(self, step: Step) -> None:
        node, scope, prefix, _ = step
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        written = self.type_text(node.child_by_field_name("type"))
        if left is not None and left.type == "identifier":
            if written and written != "var":
                self.bind(scope, self.text(left), written, node, "declared", node)
            else:
                self.bind(scope, self.text(left), clip(self.chain(right) + "*"), node, "assigned", node)
        elif left is not None and left.type == "tuple_pattern":
            self.deconstruct(left, self.chain(right) + "*", scope, node)
        self.call(scope, clip(self.chain(right)), "GetEnumerator", node, [], "iteration")
        self.push_nodes([right, node.child_by_field_name("body")], scope, prefix)

    def on_block(self, step: Step) -> None:
        self.open.append(step[0])
        self.push(step)

    def on_throw(self, step: Step) -> None:
        node, scope = step[0], step[1]
        value = node.named_children[0] if node.named_children else None
        self.push(step)
        name, message, cause = "", "", ""
        if value is not None:
            name = clip(self.chain(value))
            if value.type == "object_creation_expression":
                name = self.type_text(value.child_by_field_name("type"))
                arguments = value.child_by_field_name("arguments")
                for argument in arguments.named_children if arguments is not None else ():
                    inner = argument.named_children[-1] if argument.named_children else argument
                    message = message or self.template(inner)
                    cause = self.text(inner) if inner.type == "identifier" else cause
            elif value.type == "identifier":
                held = next(
                    (b for b in reversed(self.bindings) if b.scope == scope and b.name == self.text(value)), None
                )
                name = "" if held is not None and held.kind == "caught" else name
        self.raises.append(Raise(scope, name, start_line(node), message, self.guard(node, _FUNCTIONS), cause))

    def on_try(self, step: Step) -> None:
        node, scope = step[0], step[1]
        body = node.child_by_field_name("body")
        for clause in node.named_children:
            block = clause.child_by_field_name("body")
            if clause.type != "catch_clause" or body is None or block is None:
                continue
            declared = next((c for c in clause.named_children if c.type == "catch_declaration"), None)
            written = self.type_text(declared.child_by_field_name("type")) if declared is not None else ""
            caught = self.text(declared.child_by_field_name("name")) if declared is not None else ""
            self.bind(scope, caught, written, clause, "caught", clause)
            filtered = any(c.type == "catch_filter_clause" for c in clause.named_children)
            action = "reraise" if filtered else self.action(block, caught)  # what the filter refuses goes on
            names = (written,) if written and written != "Exception" else ("Exception",) if written else ()
            self.catches.append(Handler(scope, names, start_line(body), end_line(body), start_line(clause), action))
        self.push(step)

    # ------------------------------------------------------------------ expressions
    def on_invocation(self, step: Step) -> None:
        node, scope, prefix, _ = step
        function, holder = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        arguments = self.args(holder)
        receiver, name_node = self.called(function)
        name = self.type_text(name_node)
        inner: list[Node | None] = []
        if name_node is None:
            self.call(scope, clip(self.chain(function)), "()", node, arguments)
            inner = [function]
        elif receiver is None:
            if name != "nameof":
                self.call(scope, "", name, name_node, arguments)
        else:
            chain = receiver if isinstance(receiver, str) else clip(self.chain(receiver))
            self.call(scope, chain, name, name_node, arguments)
            inner = [receiver] if not isinstance(receiver, str) else []
            inner = [function] if function is not None and function.type == "conditional_access_expression" else inner
            self.lambda_parameters(holder, scope, f"{chain}.{name}" if chain else name)
            if name == "TryGetValue":
                self.out_value(holder, scope, chain)
        if receiver is None:
            self.lambda_parameters(holder, scope, name)
        self.push_nodes([*inner, *(holder.named_children if holder is not None else ())], scope, prefix)

    def on_new(self, step: Step) -> None:
        node, scope = step[0], step[1]
        declared = node.child_by_field_name("type")
        arguments = node.child_by_field_name("arguments")
        made = self.type_text(declared)
        self.call(scope, "", made, declared or node, self.args(arguments), "new")
        self.lambda_parameters(arguments, scope, f"new {made}")
        self.filled(node.child_by_field_name("initializer"), f"<{made}>", scope)
        self.push(step)

    handlers: ClassVar[Mapping[str, Callable[[Any, Step], None]]] = {
        "using_directive": on_using,
        "namespace_declaration": on_any_namespace,
        "file_scoped_namespace_declaration": on_any_namespace,
        **dict.fromkeys(_TYPES, on_type),
        "delegate_declaration": on_delegate,
        "method_declaration": on_method,
        "constructor_declaration": on_method,
        "destructor_declaration": on_method,
        "operator_declaration": on_method,
        "conversion_operator_declaration": on_method,
        "local_function_statement": on_method,
        "field_declaration": on_field,
        "event_field_declaration": on_field,
        "property_declaration": on_property,
        "indexer_declaration": on_property,
        "variable_declaration": on_variables,
        "foreach_statement": on_foreach,
        "using_statement": CSharpAccesses.on_using_block,
        "identifier": CSharpAccesses.on_name,
        "member_access_expression": CSharpAccesses.on_member,
        "member_binding_expression": CSharpAccesses.on_member,
        "element_access_expression": CSharpAccesses.on_element,
        "declaration_pattern": CSharpNames.on_pattern,
        "recursive_pattern": CSharpNames.on_pattern,
        "declaration_expression": CSharpNames.on_pattern,
        "lambda_expression": CSharpNames.on_function,
        "anonymous_method_expression": CSharpNames.on_function,
        "block": on_block,
        "throw_statement": on_throw,
        "throw_expression": on_throw,
        "try_statement": on_try,
        "invocation_expression": on_invocation,
        "binary_expression": CSharpAccesses.on_operator,
        "prefix_unary_expression": CSharpAccesses.on_operator,
        "assignment_expression": CSharpAccesses.on_operator,
        "object_creation_expression": on_new,
        "implicit_object_creation_expression": CSharpAccesses.on_implicit_new,
    }
