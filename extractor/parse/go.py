"""Go: one file's tree in, its FileFacts out. Types become classes, interface types interfaces; a method bears the name of its
receiver's type, whichever file that type stands in. Function literals belong to the function that contains them.

The package's name stands in `namespace`. `extra` holds for the linker: `receivers` (definition -> its receiver's type),
`flows` (functions stored in fields, maps and slices), `used` (names taken from packages), and for errors as values `carried`:
the lines of calls whose error the function hands on; `build` is the constraint that decides which builds take the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from extractor.facts import MODULE, FileFacts, Import
from extractor.parse.collect import Step, clip
from extractor.parse.go_errors import GoErrors
from extractor.parse.go_statements import BLOCKS, GoStatements
from extractor.parse.tree import collapse, start_line

if TYPE_CHECKING:
    from tree_sitter import Node

    from extractor.parse import Source


_BUILD: Final = re.compile(r"^//go:build[ \t]+(.+)$", re.MULTILINE)
_OLD_BUILD: Final = re.compile(r"^//[ \t]*\+build[ \t]+(.+)$", re.MULTILINE)
# `new` of a value, which the grammar does not know: what is not a type stands in its parentheses.
_NEW_VALUE: Final = re.compile(
    rb"\bnew(?=\(\s*(?:[\"'`\d&!^+-]|(?:true|false)\b|(?:\[\w*\]|map\[\w+\])?(?!(?:func|struct|interface|chan|map)\b)"
    rb"[A-Za-z_][\w.]*(?:\[[\w.,* \[\]]*\])?\s*[^\w\s.\[\]),]))"
)


def prepare(text: bytes) -> bytes:
    """The text in words that the grammar knows, of the same length."""
    return _NEW_VALUE.sub(b"neW", text) if b"new(" in text else text


def parse(source: Source) -> FileFacts:
    """The facts of one Go file."""
    collector = GoCollector(source)
    collector.walk()
    extra = {
        "typevars": collector.typevars,
        "receivers": collector.receivers,
        "flows": collector.flows,
        "used": sorted(collector.used),
        "carried": collector.carried(),
        "build": collector.build,
    }
    return collector.facts(namespace=collector.package, extra=extra)


class GoCollector(GoStatements):
    """Visits declarations and expressions."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.receivers: dict[str, list[Any]] = {}  # definition -> [type, its type parameters there]
        self.used: set[str] = set()
        self.build = ""
        self.types: dict[str, int] = {}
        self._packages: set[str] = set()

    # ------------------------------------------------------------------ declarations
    def begin(self, root: Node) -> None:
        """Types before what is declared on them, so that a method finds its type's definition."""
        super().begin(root)
        rank = {"package_clause": 0, "import_declaration": 0, "type_declaration": 1}
        self.stack.sort(key=lambda s: (-rank.get(s[0].type, 2), -s[0].start_byte))

    def on_package(self, step: Step) -> None:
        node = step[0]
        self.package = self.text(node.named_children[0]) if node.named_children else ""
        # The comment above the clause is the package's; one further up is a licence or a build constraint.
        self.doc = self.doc_of(node)
        above = self.source.data[: node.start_byte].decode("utf-8", "replace")
        if stated := _BUILD.search(above):
            self.build = stated[1].partition("//")[0].strip()
        else:
            lines = [line.split() for line in _OLD_BUILD.findall(above)]
            self.build = " && ".join(f"({' || '.join(w.replace(',', ' && ') for w in words)})" for words in lines)

    def on_import(self, step: Step) -> None:
        node = step[0]
        path = self.text(node.child_by_field_name("path"))[1:-1]
        name = node.child_by_field_name("name")
        alias = self.text(name)
        line = start_line(node)
        if alias == ".":
            self.imports.append(Import(MODULE, path, "*", "*", 0, line))
        else:
            self.imports.append(Import(MODULE, path, "", alias, 0, line))
            self._packages.add(alias or path.rpartition("/")[2])

    def on_type(self, step: Step) -> None:
        node, scope = step[0], step[1]
        name = self.text(node.child_by_field_name("name"))
        written = node.child_by_field_name("type")
        parameters = node.child_by_field_name("type_parameters")
        kind = written.type if written is not None else ""
        body = written.named_children[0] if kind == "struct_type" and written and written.named_children else written
        flags = ["exported"] if name[:1].isupper() else []
        doc = self.spec_doc(node)
        outer = {"visibility": "public" if flags else "package", "doc": doc}
        if node.type == "type_alias":
            alias = collapse(self.text(written))
            self.define("variable", name, node, step, signature=f"type {name} = {alias}", returns=alias,
                        flags=[*flags, "alias"], **outer)  # type: ignore[arg-type]  # fmt: skip
            return
        shape = {"struct_type": ["struct"], "interface_type": []}.get(kind, ["named"])
        head = "type " + self.head(node, body if kind in ("struct_type", "interface_type") else None)
        head += " interface" if kind == "interface_type" else ""
        index = self.define("interface" if kind == "interface_type" else "class", name, node, step, signature=head,
                            flags=[*flags, *shape], **outer)  # type: ignore[arg-type]  # fmt: skip
        if scope == MODULE:
            self.types[name] = index
        self.type_parameters(parameters, index)
        if kind == "struct_type" and body is not None:
            self._fields(body, (body, index, self.defs[index].qualname, False))
        elif kind == "interface_type" and written is not None:
            self._interface(written, (written, index, self.defs[index].qualname, False))
        elif written is not None:
            self.bind(index, "underlying", self.type_text(written), node, "declared")
            self.push_nodes([written], index, self.defs[index].qualname)
        self._block_end(node)

    def _fields(self, body: Node, step: Step) -> None:
        position = 0
        index = step[1]
        self._take_comments(body, body.named_children)
        for child in body.named_children:
            if child.type != "field_declaration":
                continue
            kind = child.child_by_field_name("type")
            written, bound = collapse(self.text(kind)), self.type_text(kind)
            names = [self.text(n) for n in child.children_by_field_name("name")]
            if not names:  # an embedded type is a field of that name, and lends its own members
                base = bound.lstrip("*").partition("[")[0]
                self.bases.append(self.base(index, base, position, start_line(child)))
                self.base_args[f"{index}.{position}"] = bound.lstrip("*")
                position += 1
                names = [base.rpartition(".")[2]]
            for name in names:
                self.define(
                    "variable", name, child, step, signature=f"{name} {written}", returns=written, flags=("field",),
                    visibility="public" if name[:1].isupper() else "package", doc=self.doc_of(child),
                )  # fmt: skip
                self.bind(index, name, bound, child, "declared")
            self.push_nodes([kind], index, step[2])

    def _interface(self, written: Node, step: Step) -> None:
        position = 0
        index = step[1]
        self._take_comments(written, written.named_children)
        for child in written.named_children:
            if child.type == "method_elem":
                name = self.text(child.child_by_field_name("name"))
                returns, _ = self.results(child.child_by_field_name("result"))
                self.define(
                    "method", name, child, step, signature=collapse(self.text(child)),
                    params=self.params(child.child_by_field_name("parameters")), returns=returns, flags=("abstract",),
                    visibility="public" if name[:1].isupper() else "package", doc=self.doc_of(child),
                )  # fmt: skip
            elif child.type == "type_elem" and len(child.named_children) == 1:
                base = self.type_text(child.named_children[0])
                if base[:1].isalpha() and "{" not in base:
                    self.bases.append(self.base(index, base.partition("[")[0], position, start_line(child)))
                    self.base_args[f"{index}.{position}"] = base
                    position += 1

    def on_function(self, step: Step) -> None:
        node, scope, _, _ = step
        name = self.text(node.child_by_field_name("name"))
        body = node.child_by_field_name("body")
        returns, named = self.results(node.child_by_field_name("result"))
        exported = name[:1].isupper()
        flags = ["exported"] if exported else []
        receiver, written, owner = "", "", ""
        variables: list[str] = []
        if node.type == "method_declaration":
            receiver, written, owner, variables = self.receiver(node.child_by_field_name("receiver"))
            scope = self.types.get(owner, MODULE)
            flags += ["pointer"] if written.startswith("*") else []
        index = self.define(
            "method" if owner else "function", name, node, (node, scope, owner, False), signature=self.head(node, body),
            params=self.params(node.child_by_field_name("parameters")), returns=returns, flags=flags,
            visibility="public" if exported else "package", doc=self.doc_of(node),
        )  # fmt: skip
        if owner:
            self.receivers[str(index)] = [owner, variables]
            self.typevars += [[index, v, ""] for v in variables]
            self.bind(index, receiver, self.plain(written), node, "declared")
        self.type_parameters(node.child_by_field_name("type_parameters"), index)
        for result in named:
            self.bind(index, result.name, self.plain(result.annotation), node, "declared")
        self.begin_function(index, returns, named)
        if body is not None:
            self.push((body, index, self.defs[index].qualname, False))

    def on_literal(self, step: Step) -> None:
        """A function literal: its parameters hold from its first statement to its end."""
        node, scope, prefix, _ = step
        body = node.child_by_field_name("body")
        first = _first(body)
        given = self.params(node.child_by_field_name("parameters"))
        for param in (*given, *self.results(node.child_by_field_name("result"))[1]) if first is not None else ():
            rest = "..." if param.kind else ""
            self.bind(scope, param.name, rest + self.plain(param.annotation), first or node, "declared", node)
        self.enter_literal(node)
        self.push_nodes([body], scope, prefix)

    def on_values(self, step: Step) -> None:
        """`var a, b T = x, y` and `const A, B = x, y`, at package level or inside a function."""
        node, scope, prefix, _ = step
        names = node.children_by_field_name("name")
        kind = node.child_by_field_name("type")
        given = node.child_by_field_name("value")
        values = [c for c in given.named_children if c.type != "comment"] if given is not None else []
        if scope != MODULE:
            self.declaring([self.text(n) for n in names], values)
        constant = node.type == "const_spec"
        written, bound = self.written(kind), self.type_text(kind)
        if constant and kind is None and not values and self._last_const[0] == (node.parent.id if node.parent else 0):
            written = bound = self._last_const[1]  # `A Color = iota; B` repeats the type
        elif constant:
            self._last_const = (node.parent.id if node.parent else 0, written)
        for position, node_name in enumerate(names):
            name = self.text(node_name)
            value = values[position] if len(values) == len(names) else None
            if scope == MODULE and name != "_" and self._block(node) is None:
                self._package_value(name, written, value, constant, node, step)
            if written:
                self.bind(scope, name, bound, node, "declared", self._block(node))
                if value is not None and name != "_":
                    self._stored(node_name, value, scope)
            else:
                self._assign(scope, name, position, len(names), values, node)
        self.push_nodes([kind, *values], scope, prefix)

    def _package_value(
        self, name: str, written: str, value: Node | None, constant: bool, node: Node, step: Step
    ) -> None:
        flags = (["exported"] if name[:1].isupper() else []) + (["const"] if constant else [])
        doc = self.spec_doc(node)
        visibility = "public" if name[:1].isupper() else "package"
        word = "const" if constant else "var"
        if value is not None and value.type == "func_literal" and not written:
            returns, _ = self.results(value.child_by_field_name("result"))
            parameters = value.child_by_field_name("parameters")
            self.define("function", name, node, step, signature=f"{word} {self.head(node, value.child_by_field_name('body'))}",
                        params=self.params(parameters), returns=returns, flags=flags, visibility=visibility, doc=doc)  # fmt: skip
            return
        message = self.sentinel(value)
        if message is not None:
            flags.append("error_value")
        shown = f"{word} {name}" + (f" {written}" if written else "")
        self.define("variable", name, node, step, signature=shown, returns=written, flags=flags, visibility=visibility,
                    doc=doc, value=value)  # fmt: skip

    # ------------------------------------------------------------------ expressions
    def on_call(self, step: Step) -> None:
        node, scope, prefix, _ = step
        if node.type == "type_conversion_expression":
            function = node.child_by_field_name("type")
            operand = node.child_by_field_name("operand")
            given = [operand] if operand is not None else []
            if function is None or function.type != "generic_type":
                self.push_nodes(given, scope, prefix)
                return
            function = function.child_by_field_name("type")
            arguments = [clip(self.chain(operand))] if operand is not None else []
        else:
            function = node.child_by_field_name("function")
            holder = node.child_by_field_name("arguments")
            given = [c for c in holder.named_children if c.type != "comment"] if holder is not None else []
            arguments = self.args(holder)
        while function is not None and function.type == "parenthesized_expression" and function.named_children:
            function = function.named_children[-1]
        if function is None:
            return
        for literal in (g for g in given if g.type == "func_literal"):
            self._outside(function, literal)
        inner: list[Node] = []
        if function.type in ("identifier", "type_identifier"):
            kind = "earlier" if self.is_earlier(function) else "call"
            self.call(scope, "", self.text(function), function, arguments, kind)
        elif function.type == "qualified_type":
            package, name = function.child_by_field_name("package"), function.child_by_field_name("name")
            self.call(scope, self.text(package), self.text(name), name or function, arguments)
            self.used.add(f"{self.text(package)}.{self.text(name)}")
        elif function.type == "selector_expression":
            field, operand = function.child_by_field_name("field"), function.child_by_field_name("operand")
            self.call(scope, clip(self.chain(operand)), self.text(field), field or function, arguments)
            inner = [function]
        elif function.type != "func_literal" and not function.type.endswith("_type"):
            if function.type != "unary_expression":  # `(*T)(x)` converts
                self.call(scope, clip(self.chain(function)), "()", function, arguments)
            inner = [function]
        else:
            inner = [function]
        self.note_call(node, function, scope)
        self.push_nodes([*inner, *given], scope, prefix)

    def _outside(self, function: Node, literal: Node) -> None:
        """In `r.Get(func(r *Request) { r.Done() })` the first r is not the parameter, though it stands on the same line."""
        first = _first(literal.child_by_field_name("body"))
        if first is not None and first.start_point[0] == function.end_point[0]:
            self.declaring([p.name for p in self.params(literal.child_by_field_name("parameters"))], [function])

    def on_selector(self, step: Step) -> None:
        node = step[0]
        operand = node.child_by_field_name("operand")
        if operand is not None and operand.type == "identifier":
            if (name := self.text(operand)) in self._packages or name not in self.types:
                self.used.add(f"{name}.{self.text(node.child_by_field_name('field'))}")
            return
        self.push_nodes([operand], step[1], step[2])

    def on_qualified(self, step: Step) -> None:
        self.used.add(self.text(step[0]).replace(" ", ""))

    def on_composite(self, step: Step) -> None:
        """`T{run: f}` stores f in the field run of T; `owner` is then `<T>`."""
        node, scope = step[0], step[1]
        for kind, field, chain in self.functions_in(node):
            if field and not kind.startswith(("map[", "[")):
                self.flows.append([scope, start_line(node), f"<{kind}>", field, chain])
        self.push(step)

    handlers: ClassVar[Mapping[str, Callable[[Any, Step], None]]] = {
        "package_clause": on_package,
        "import_spec": on_import,
        "type_spec": on_type,
        "type_alias": on_type,
        "function_declaration": on_function,
        "method_declaration": on_function,
        "func_literal": on_literal,
        "var_spec": on_values,
        "const_spec": on_values,
        "short_var_declaration": GoStatements.on_short,
        "receive_statement": GoStatements.on_short,
        "assignment_statement": GoStatements.on_assignment,
        "range_clause": GoStatements.on_range,
        "type_switch_statement": GoStatements.on_type_switch,
        "call_expression": on_call,
        "type_conversion_expression": on_call,
        "selector_expression": on_selector,
        "qualified_type": on_qualified,
        "composite_literal": on_composite,
        "return_statement": GoStatements.on_result,
        "binary_expression": GoErrors.on_test,
        **dict.fromkeys((b for b in BLOCKS if b != "type_switch_statement"), GoStatements.on_block),
    }


def _first(body: Node | None) -> Node | None:
    """The first statement of a body; None when there is none."""
    return next((c for c in body.named_children if c.type != "comment"), None) if body is not None else None
