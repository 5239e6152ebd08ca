"""TypeScript, TSX and JavaScript: one file's tree in, its FileFacts out. A function, arrow or class bound to a name is a
definition of that name; functions in an object literal are members of the variable that holds it; other anonymous functions
belong to the scope that contains them. `extra["exports"]` maps exported names to local chains (`default`, and `=` for
`module.exports = …`), overload signatures are folded into their implementation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from extractor.facts import MODULE, FileFacts, Handler, Import, Param, Raise
from extractor.parse.collect import Collector, Step, clip, handler_action
from extractor.parse.tree import collapse, end_line, start_line
from extractor.parse.typescript_chains import chain, member_path, property_name, string_value, type_text

if TYPE_CHECKING:
    from tree_sitter import Node

    from extractor.parse import Source

FUNCTION_VALUES: Final = frozenset(("arrow_function", "function_expression", "generator_function", "function"))
CLASS_VALUES: Final = frozenset(("class", "class_declaration"))
FUNCTION_SCOPES: Final = FUNCTION_VALUES | {
    "function_declaration",
    "generator_function_declaration",
    "method_definition",
}
# Calls that give back the function they are given: `const f = debounce(() => …)` defines f.
WRAPPERS: Final = frozenset([
    "memo", "forwardRef", "useCallback", "debounce", "throttle", "once", "memoize", "promisify", "asyncHandler", "observer",
    "catchAsync", "wrapAsync", "asyncWrapper", "createAsyncThunk", "curry", "cache", "action",
])  # fmt: skip
_TYPE_ONLY: Final = frozenset(("function_signature", "abstract_method_signature", "method_signature"))


def parse(source: Source) -> FileFacts:
    """The facts of one TypeScript or JavaScript file."""
    collector = ScriptCollector(source)
    collector.walk()
    exports = {k: v for k, v in collector.exports.items() if k not in collector.unnamed}
    names = tuple(sorted(k for k in exports if k != "=")) if exports or collector.is_module else None
    extra = {"typevars": collector.typevars, "exports": exports, "reads": collector.reads}
    return collector.facts(exports=names, extra=extra)


class ScriptCollector(Collector):
    comments = frozenset(("comment",))

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.typevars: list[list[object]] = []
        self.exports: dict[str, str] = {}
        self.reads: list[list[object]] = []  # [scope, receiver, property, line]
        self.is_module = False
        self._exported = False  # the declaration visited next stands in an export statement
        self.unnamed: set[str] = set()  # exported as default only
        self._export_decorators: tuple[str, ...] = ()  # of a class that is exported: they stand before `export`
        self._signatures: dict[tuple[int, str], int] = {}
        self._seen_functions: set[int] = set()  # anonymous functions whose parameters are bound
        self._anonymous_until: dict[int, int] = {}  # scope -> where the last anonymous function in it ends

    # ------------------------------------------------------------------ modules
    def on_import(self, step: Step) -> None:
        node, scope = step[0], step[1]
        self.is_module = True
        source = string_value(self.source, node.child_by_field_name("source"))
        line = start_line(node)
        clause = None
        for child in node.named_children:
            if child.type == "import_clause":
                clause = child
            elif child.type == "import_require_clause":
                name = self.text(child.named_children[0])
                module = string_value(self.source, child.child_by_field_name("source"))
                self.imports.append(Import(scope, module, "", name, 0, line, "require"))
                return
        kind = "type" if any(c.type == "type" for c in node.children) else ""
        if clause is None:
            self.imports.append(Import(scope, source, "", "", 0, line, kind))
            return
        for child in clause.named_children:
            if child.type == "identifier":
                self.imports.append(Import(scope, source, "default", self.text(child), 0, line, kind))
            elif child.type == "namespace_import":
                self.imports.append(Import(scope, source, "", self.text(child.named_children[0]), 0, line, kind))
            elif child.type == "named_imports":
                for item in child.named_children:
                    if item.type == "import_specifier":
                        name = self._plain(item.child_by_field_name("name"))
                        alias = self.text(item.child_by_field_name("alias")) or name
                        self.imports.append(Import(scope, source, name, alias, 0, line, kind))

    def _plain(self, node: Node | None) -> str:
        return string_value(self.source, node) if node is not None and node.type == "string" else self.text(node)

    def on_export(self, step: Step) -> None:
        node, scope, prefix, top = step
        self.is_module = True
        line = start_line(node)
        source_node = node.child_by_field_name("source")
        words = [c.type for c in node.children]
        if source_node is not None:
            self._reexport(node, string_value(self.source, source_node), scope, line)
            return
        doc = self.docs.get(node.id, "")
        declaration = node.child_by_field_name("declaration") or node.child_by_field_name("value")
        if declaration is None:
            declaration = next((c for c in node.named_children if c.type not in ("export_clause", "decorator")), None)
        for child in node.named_children:
            if child.type == "export_clause":
                for item in child.named_children:
                    if item.type == "export_specifier":
                        name = self._plain(item.child_by_field_name("name"))
                        self.exports[self._plain(item.child_by_field_name("alias")) or name] = name
        if declaration is None:
            return
        if doc:
            self.docs.setdefault(declaration.id, doc)
        if "default" in words:
            self._export_value("default", declaration, (declaration, scope, prefix, top))
        elif "=" in words:
            self._export_value("=", declaration, (declaration, scope, prefix, top))
        else:
            self._exported = True
            decorators = [c for c in node.named_children if c.type == "decorator"]
            self._export_decorators = tuple(collapse(self.text(c)) for c in decorators)
            self.push_nodes([*decorators, declaration], scope, prefix, top=True)

    def _reexport(self, node: Node, source: str, scope: int, line: int) -> None:
        clauses = [c for c in node.named_children if c.type in ("export_clause", "namespace_export")]
        if not clauses:
            self.imports.append(Import(scope, source, "*", "", 0, line, "reexport"))
        for clause in clauses:
            if clause.type == "namespace_export":
                alias = self._plain(clause.named_children[0])
                self.imports.append(Import(scope, source, "", alias, 0, line, "reexport"))
            for item in clause.named_children if clause.type == "export_clause" else ():
                if item.type == "export_specifier":
                    name = self._plain(item.child_by_field_name("name"))
                    alias = self._plain(item.child_by_field_name("alias")) or name
                    self.imports.append(Import(scope, source, name, alias, 0, line, "reexport"))

    def _export_value(self, name: str, value: Node, step: Step) -> None:
        """`export default …`, `module.exports = …`: what stands there, defined under its own name or as `default`."""
        scope, prefix = step[1], step[2]
        while value.type == "assignment_expression" and value.child_by_field_name("right") is not None:
            inner = value.child_by_field_name("left")
            if inner is not None and inner.type == "identifier":
                break
            value = value.child_by_field_name("right") or value
        own = self.text(value.child_by_field_name("name"))
        if value.type in ("function_declaration", "generator_function_declaration", "class_declaration",
                          "abstract_class_declaration", "interface_declaration"):  # fmt: skip
            self.exports[name] = own or "default"
            self._exported = True
            self.unnamed.add(own)
            self.push_nodes([value], scope, prefix, top=True)
        elif value.type in FUNCTION_VALUES or value.type in CLASS_VALUES:
            label = own or "default"
            self.exports[name] = label
            self._define_value(label, value, value, step, flags=["exported"])
        elif value.type == "object":
            self._export_object(name, value, step)
        else:
            self.exports[name] = clip(chain(self.source, value))
            self.push_nodes([value], scope, prefix)

    def _export_object(self, name: str, value: Node, step: Step) -> None:
        """`{f, g: h, i() {}}`: each key is an export when the object is the module, a member of `default` otherwise."""
        scope, prefix, top = step[1], step[2], step[3]
        if name == "default":
            self.exports[name] = "default"
            self._define_value("default", value, value, step, flags=["exported"])
            return
        for item in value.named_children:
            if item.type == "shorthand_property_identifier":
                self.exports[self.text(item)] = self.text(item)
            elif item.type == "pair":
                key, held = (
                    property_name(self.source, item.child_by_field_name("key")),
                    item.child_by_field_name("value"),
                )
                if held is None or not key:
                    continue
                if held.type in FUNCTION_VALUES or held.type in CLASS_VALUES or held.type == "object":
                    self.exports[key] = key
                    self._define_value(key, held, item, (item, scope, prefix, top), flags=["exported"])
                else:
                    self.exports[key] = clip(chain(self.source, held))
                    self.push_nodes([held], scope, prefix)
            elif item.type == "method_definition":
                key = property_name(self.source, item.child_by_field_name("name"))
                self.exports[key] = key
                self._define_value(key, item, item, (item, scope, prefix, top), flags=["exported"])
            elif item.type == "spread_element" and item.named_children:
                held = item.named_children[0]
                module = self._required(held)
                if module:
                    self.imports.append(Import(scope, module, "*", "", 0, start_line(item), "reexport"))
                else:
                    self.exports.setdefault("...", "")
                    self.push_nodes([held], scope, prefix)

    def _required(self, node: Node | None) -> str:
        """The module of `require("…")` or `import("…")`, awaited or not."""
        while (
            node is not None and node.type in ("await_expression", "parenthesized_expression") and node.named_children
        ):
            node = node.named_children[0]
        if node is None or node.type != "call_expression":
            return ""
        function = node.child_by_field_name("function")
        arguments = node.child_by_field_name("arguments")
        if self.text(function) not in ("require", "import") or arguments is None or not arguments.named_children:
            return ""
        first = arguments.named_children[0]
        return string_value(self.source, first) if first.type in ("string", "template_string") else ""

    # ------------------------------------------------------------------ classes
    def on_class(self, step: Step) -> None:
        node = step[0]
        name = self.text(node.child_by_field_name("name")) or "default"
        self._class(name, node, node, step, self._take_exported())

    def _take_exported(self) -> list[str]:
        exported, self._exported = self._exported, False
        return ["exported"] if exported else []

    def _class(self, name: str, node: Node, outer: Node, step: Step, flags: list[str]) -> int:
        body = node.child_by_field_name("body")
        decorators = self._export_decorators + self._decorators(node)
        self._export_decorators = ()
        if node.type == "abstract_class_declaration":
            flags = [*flags, "abstract"]
        skipped = [c for c in node.named_children if c.type == "decorator"]
        index = self.define(
            "class", name, outer, step, signature=self.head(node, body, skipped), decorators=decorators, flags=flags
        )
        if "exported" in flags and step[3] and step[1] == MODULE:
            self.exports.setdefault(name, name)
        self._type_parameters(node, index)
        heritage = next((c for c in node.named_children if c.type == "class_heritage"), None)
        if heritage is not None:
            self._heritage(heritage, index)
            self.push_nodes([c for c in heritage.named_children if c.type == "call_expression"], step[1], step[2])
        self.push_nodes(skipped, step[1], step[2])
        if body is not None:
            self.push((body, index, self.defs[index].qualname, False))
        return index

    def _heritage(self, heritage: Node, index: int) -> None:
        position = 0
        clauses = [c for c in heritage.named_children if c.type in ("extends_clause", "implements_clause")]
        for clause in clauses or [heritage]:
            if clause.type == "implements_clause":
                for base in clause.named_children:
                    self.add_base(index, collapse(self.text(base)), position, start_line(base), "implements")
                    position += 1
                continue
            values = clause.children_by_field_name("value") or clause.named_children[:1]
            arguments = clause.child_by_field_name("type_arguments")
            for value in values:
                written = self._base_text(value) + (self.text(arguments) if arguments is not None else "")
                self.add_base(index, collapse(written), position, start_line(value), "extends")
                position += 1

    def _base_text(self, value: Node) -> str:
        if value.type == "call_expression":  # a mixin: what it is given is a base as well
            arguments = value.child_by_field_name("arguments")
            first = arguments.named_children[0] if arguments is not None and arguments.named_children else None
            return self._base_text(first) if first is not None else self.text(value.child_by_field_name("function"))
        return self.text(value)

    def on_interface(self, step: Step) -> None:
        node = step[0]
        flags = self._take_exported()
        body = node.child_by_field_name("body")
        name = self.text(node.child_by_field_name("name"))
        index = self.define("interface", name, node, step, signature=self.head(node, body), flags=flags)
        if flags and step[1] == MODULE and not step[2]:
            self.exports.setdefault(name, name)
        self._type_parameters(node, index)
        for child in node.named_children:
            if child.type in ("extends_type_clause", "extends_clause"):
                for position, base in enumerate(child.named_children):
                    self.add_base(index, collapse(self.text(base)), position, start_line(base), "extends")
        if body is not None:
            self.push((body, index, self.defs[index].qualname, False))

    def on_alias(self, step: Step) -> None:
        node = step[0]
        flags = self._take_exported()
        name = self.text(node.child_by_field_name("name"))
        value = node.child_by_field_name("value")
        if value is not None and value.type == "object_type":
            index = self.define(
                "interface", name, node, step, signature=self.head(node, value), flags=[*flags, "alias"]
            )
            self._type_parameters(node, index)
            self.push((value, index, self.defs[index].qualname, False))
        else:
            returns = collapse(self.text(value)) if value is not None else ""
            index = self.define(
                "variable", name, node, step, signature=self.head(node, None), returns=returns, flags=[*flags, "alias"]
            )
            self._type_parameters(node, index)
            if value is not None and value.type == "intersection_type":
                for part in value.named_children:
                    if part.type == "object_type":
                        self.push((part, index, self.defs[index].qualname, False))
        if flags and step[1] == MODULE and not step[2]:
            self.exports.setdefault(name, name)

    def on_enum(self, step: Step) -> None:
        node = step[0]
        flags = self._take_exported()
        name = self.text(node.child_by_field_name("name"))
        body = node.child_by_field_name("body")
        index = self.define("class", name, node, step, signature=self.head(node, body), flags=[*flags, "enum"])
        if flags and step[1] == MODULE and not step[2]:
            self.exports.setdefault(name, name)
        prefix = self.defs[index].qualname
        for child in body.named_children if body is not None else ():
            key = child.child_by_field_name("name") if child.type == "enum_assignment" else child
            if key is not None and key.type in ("property_identifier", "string"):
                value = self.short(child.child_by_field_name("value")) if child.type == "enum_assignment" else ""
                member = property_name(self.source, key)
                self.define("variable", member, child, (child, index, prefix, False), signature=self.short(child), returns=name,
                            flags=("const", "enum_constant", "static"), value=value)  # fmt: skip
                self.bind(index, member, name, child, "declared")

    def on_namespace(self, step: Step) -> None:
        node, scope, prefix, _ = step
        exported = self._take_exported()
        name_node = node.child_by_field_name("name")
        body = node.child_by_field_name("body")
        if body is None:
            return
        # `declare module "x"` describes another package: its names stand on their own.
        name = "" if name_node is not None and name_node.type == "string" else self.text(name_node)
        inner = ".".join(p for p in (prefix, name) if p)
        if exported and step[1] == MODULE and not prefix and name:
            self.exports.setdefault(name.partition(".")[0], name.partition(".")[0])
        self.push((body, scope, inner, True), top=True)

    # ------------------------------------------------------------------ functions
    def on_function(self, step: Step) -> None:
        node = step[0]
        name = self.text(node.child_by_field_name("name")) or "default"
        flags = self._take_exported()
        if node.type == "function_signature":
            self._signature(name, node, step, flags, "function")
        else:
            self._function("function", name, node, node, step, flags)
        if flags and step[1] == MODULE and not step[2]:
            self.exports.setdefault(name, name)

    def _signature(self, name: str, node: Node, step: Step, flags: list[str], kind: str) -> None:
        """An overload signature: kept aside until the implementation comes, a declaration of its own when none does."""
        key = (step[1], f"{step[2]}.{name}")
        if key in self._signatures:
            return
        self._signatures[key] = len(self.defs)
        index = self._function(kind, name, node, node, step, [*flags, "declaration"])
        self._signatures[key] = index

    def _function(self, kind: str, name: str, node: Node, outer: Node, step: Step, flags: list[str]) -> int:
        """Define the function `node`, whose declaration is `outer`, and visit its body."""
        body = node.child_by_field_name("body")
        words = [c.type for c in node.children]
        flags = [*flags, *(w for w in ("async", "static", "abstract", "override") if w in words)]
        flags += ["arrow"] if node.type == "arrow_function" else []
        flags += ["generator"] if "*" in words or "generator" in node.type else []
        parameters = node.child_by_field_name("parameters")
        single = node.child_by_field_name("parameter")
        params, patterns = self._params(parameters, single)
        returns = type_text(self.source, node.child_by_field_name("return_type"))
        key = (step[1], f"{step[2]}.{name}")
        before = self._signatures.pop(key, None)
        if before is not None and body is not None:
            self._fold(before, outer, node, body, params)
            index = before
        else:
            head = self.head(outer, body) if outer.start_byte <= node.start_byte else self.head(node, body)
            index = self.define(
                kind, name, outer, step, signature=head.removesuffix("=>").strip(), params=params, returns=returns, flags=flags,
                visibility=self._visibility(node, name), decorators=self._decorators(node),
            )  # fmt: skip
        self._jsdoc(index)
        self._type_parameters(node, index)
        self._bind_patterns(patterns, index)
        prefix = self.defs[index].qualname
        if body is not None:
            if body.type == "statement_block":
                self.push((body, index, prefix, False))
            else:
                self.bind(index, "return", clip(chain(self.source, body)), body)
                self.push_nodes([body], index, prefix)
            self.push_nodes(self._defaults(parameters), index, prefix)
        return index

    def _fold(self, index: int, outer: Node, node: Node, body: Node, params: tuple[Param, ...]) -> None:
        """Overload signatures and their implementation are one definition, found where the implementation stands."""
        known = self.defs[index]
        first, last = start_line(outer), end_line(outer)
        flags = tuple(sorted({*known.flags, "overload"} - {"declaration"}))
        self.defs[index] = known._replace(
            start_line=first, end_line=last, signature=self.head(node, body), params=params, flags=flags,
            content_hash=self.source.content_hash(first, last), doc=known.doc or self.docs.get(outer.id, ""),
        )  # fmt: skip

    def _decorators(self, node: Node) -> tuple[str, ...]:
        return tuple(collapse(self.text(c)) for c in node.named_children if c.type == "decorator")

    def _visibility(self, node: Node, name: str) -> str:
        modifier = next((c for c in node.named_children if c.type == "accessibility_modifier"), None)
        return self.text(modifier) if modifier is not None else "private" if name.startswith("#") else "public"

    def _defaults(self, parameters: Node | None) -> list[Node | None]:
        found: list[Node | None] = []
        for child in parameters.named_children if parameters is not None else ():
            value = child.child_by_field_name("value") or child.child_by_field_name("right")
            if value is not None and value.type not in ("string", "number", "true", "false", "null", "undefined"):
                found.append(value)
            pattern = child.child_by_field_name("pattern") or child.child_by_field_name("left") or child
            if pattern.type in ("object_pattern", "array_pattern"):
                found.append(pattern)
        return found

    def _params(self, parameters: Node | None, single: Node | None) -> tuple[tuple[Param, ...], list[tuple[Node, str]]]:
        if single is not None:
            return (Param(self.text(single)),), []
        params: list[Param] = []
        patterns: list[tuple[Node, str]] = []
        for child in parameters.named_children if parameters is not None else ():
            if child.type in self.comments:
                continue
            pattern, annotation, value = child, "", child.child_by_field_name("value")
            if child.type in ("required_parameter", "optional_parameter"):
                pattern = child.child_by_field_name("pattern") or child
                annotation = type_text(self.source, child.child_by_field_name("type"))
            elif child.type == "assignment_pattern":
                pattern, value = child.child_by_field_name("left") or child, child.child_by_field_name("right")
            if pattern.type == "this":
                continue
            kind = "?" if child.type == "optional_parameter" else ""
            if pattern.type == "rest_pattern":
                kind, pattern = "*", pattern.named_children[0] if pattern.named_children else pattern
            name = collapse(self.text(pattern))
            params.append(
                Param(
                    name if len(name) <= 60 else "{…}", annotation, self.short(value) if value is not None else "", kind
                )
            )
            if pattern.type in ("object_pattern", "array_pattern"):
                patterns.append((pattern, f"<{annotation}>" if annotation else "?"))
        return tuple(params), patterns

    def _bind_patterns(self, patterns: list[tuple[Node, str]], scope: int, until: Node | None = None) -> None:
        for pattern, value in patterns:
            self._destructure(pattern, value, scope, until)

    def _destructure(
        self, pattern: Node, value: str, scope: int, until: Node | None = None, kind: str = "assigned"
    ) -> None:
        """Bind every name of `{a, b: c, ...d}` or `[e]` to its part of the value. An unknown part still hides outer names."""
        stack = [(pattern, value)]
        while stack:
            node, text = stack.pop()
            known = text != "?"
            if node.type in ("identifier", "shorthand_property_identifier_pattern"):
                self.bind(scope, self.text(node), clip(text), node, kind, until)
            elif node.type == "object_pattern":
                for child in node.named_children:
                    if child.type == "shorthand_property_identifier_pattern":
                        stack.append((child, f"{text}.{self.text(child)}" if known else "?"))
                    elif child.type == "pair_pattern":
                        key = property_name(self.source, child.child_by_field_name("key"))
                        inner = child.child_by_field_name("value")
                        if inner is not None:
                            stack.append((inner, f"{text}.{key}" if known and key else "?"))
                    elif child.type == "object_assignment_pattern" and child.named_children:
                        left = child.named_children[0]
                        stack.append((left, f"{text}.{self.text(left)}" if known else "?"))
                    elif child.type == "rest_pattern" and child.named_children:
                        stack.append((child.named_children[0], "?"))
            elif node.type == "array_pattern":
                places = enumerate(c for c in node.children if c.type not in ("[", "]", ","))
                stack.extend((child, f"{text}.{place}" if known else "?") for place, child in places)
            elif node.type in ("assignment_pattern", "rest_pattern") and node.named_children:
                stack.append((node.named_children[0], text if node.type == "assignment_pattern" else "?"))

    def _type_parameters(self, node: Node, index: int) -> None:
        found = node.child_by_field_name("type_parameters")
        for parameter in found.named_children if found is not None else ():
            bound = parameter.child_by_field_name("constraint")
            first = collapse(self.text(bound.named_children[0])) if bound is not None and bound.named_children else ""
            self.typevars.append([index, self.text(parameter.child_by_field_name("name")), first])

    def _jsdoc(self, index: int) -> None:
        """Types that a JSDoc comment gives where the syntax does not."""
        known = self.defs[index]
        if "@" not in known.doc or (known.returns and all(p.annotation for p in known.params)):
            return
        types, returned = jsdoc_types(known.doc)
        params = tuple(
            p if p.annotation or p.name not in types else p._replace(annotation=types[p.name]) for p in known.params
        )
        self.defs[index] = known._replace(params=params, returns=known.returns or returned)

    # ------------------------------------------------------------------ members
    def on_method(self, step: Step) -> None:
        node, scope = step[0], step[1]
        name = property_name(self.source, node.child_by_field_name("name"))
        if not name:
            self.push(step)
            return
        words = [c.type for c in node.children]
        flags = ["property"] if "get" in words else ["setter"] if "set" in words else []
        flags += ["constructor"] if name == "constructor" else []
        if node.type == "method_signature" and scope != MODULE:
            flags.append("abstract")
        if node.type == "abstract_method_signature":
            flags.append("abstract")
        in_class = scope != MODULE and self.defs[scope].kind in ("class", "interface")
        if node.type == "method_signature" and in_class and self.defs[scope].kind == "class":
            self._signature(name, node, step, flags, "method")  # an overload inside a class
            return
        self._function("method" if in_class else "function", name, node, node, step, flags)
        parameters = node.child_by_field_name("parameters")
        if name == "constructor" and parameters is not None and in_class:
            self._parameter_properties(parameters, scope, step[2])
        self.push_nodes([c for c in node.named_children if c.type == "decorator"], scope, step[2])

    def _parameter_properties(self, parameters: Node, scope: int, prefix: str) -> None:
        for child in parameters.named_children:
            modifier = next((c for c in child.named_children if c.type == "accessibility_modifier"), None)
            readonly = any(c.type == "readonly" for c in child.children)
            if modifier is None and not readonly:
                continue
            name = self.text(child.child_by_field_name("pattern"))
            annotation = type_text(self.source, child.child_by_field_name("type"))
            self.define("variable", name, child, (child, scope, prefix, False), signature=self.short(child), returns=annotation,
                        visibility=self.text(modifier) or "public", flags=("field",))  # fmt: skip
            self.bind(scope, name, annotation, child, "declared")

    def on_field(self, step: Step) -> None:
        node, scope, prefix, _ = step
        name = property_name(self.source, node.child_by_field_name("name") or node.child_by_field_name("property"))
        if not name or scope == MODULE:
            self.push(step)
            return
        value = node.child_by_field_name("value")
        if value is not None and (value.type in FUNCTION_VALUES or value.type in CLASS_VALUES):
            self._define_value(
                name, value, node, step, flags=["static"] if any(c.type == "static" for c in node.children) else []
            )
            return
        annotation = type_text(self.source, node.child_by_field_name("type"))
        words = [c.type for c in node.children]
        flags = ["field", *(w for w in ("static", "readonly", "abstract") if w in words)]
        self.define(
            "variable", name, node, step, signature=self.head(node, value), returns=annotation, flags=flags,
            visibility=self._visibility(node, name), decorators=self._decorators(node),
            value=self.short(value) if value is not None else "",
        )  # fmt: skip
        if annotation:
            self.bind(scope, name, annotation, node, "declared")
        elif value is not None:
            self.bind(scope, name, clip(chain(self.source, value)), node)
        self.push_nodes([*(c for c in node.named_children if c.type == "decorator"), value], scope, prefix)

    # ------------------------------------------------------------------ variables and values
    def on_declaration(self, step: Step) -> None:
        node, scope, prefix, top = step
        exported = self._take_exported()
        const = self.text(node.children[0]) == "const" if node.children else False
        for declarator in node.named_children:
            if declarator.type == "variable_declarator":
                if node.id in self.docs:
                    self.docs.setdefault(declarator.id, self.docs[node.id])
                self._declarator(declarator, node, (declarator, scope, prefix, top), exported, const)

    def _declarator(self, node: Node, outer: Node, step: Step, exported: list[str], const: bool) -> None:
        scope, prefix, top = step[1], step[2], step[3]
        target, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if target is None:
            return
        required = self._required(value) if value is not None else ""
        if required:
            self._require(target, required, scope, node)
            return
        annotation = type_text(self.source, node.child_by_field_name("type"))
        while value is not None and value.type == "assignment_expression" and target.type == "identifier":
            # `const app = module.exports = {…}`: the variable is what the module exports.
            path = member_path(self.source, value.child_by_field_name("left") or value)
            if path[:2] == ["module", "exports"] or path[:1] == ["exports"]:
                rest = path[2:] if path[0] == "module" else path[1:]
                self.exports["=" if not rest else rest[0]] = self.text(target)
            value = value.child_by_field_name("right")
        if target.type != "identifier":
            text = f"<{annotation}>" if annotation else clip(chain(self.source, value)) if value is not None else "?"
            self._destructure(target, text, scope)
            self.push_nodes([value], scope, prefix)
            return
        name = self.text(target)
        if exported and scope == MODULE and not prefix:
            self.exports.setdefault(name, name)
        wrapped = self._wrapped(value) if top else None
        alone = len([c for c in outer.named_children if c.type == "variable_declarator"]) == 1
        if wrapped is not None or (value is not None and (value.type in FUNCTION_VALUES or value.type in CLASS_VALUES)):
            held = wrapped if wrapped is not None else value
            assert held is not None
            self._define_value(
                name, held, outer if alone else node, step, flags=[*exported, *(["const"] if const else [])]
            )
            if wrapped is not None and value is not None:
                function = value.child_by_field_name("function")
                self.call(scope, *self._callee(function), function or value, ["?"])
            return
        members = value is not None and value.type == "object" and self._has_functions(value)
        if top or members:
            self._define_value(
                name,
                value,
                outer if alone else node,
                step,
                flags=[*exported, *(["const"] if const else [])],
                returns=annotation,
            )
        else:
            self.push_nodes([value], scope, prefix)
        if annotation:
            self.bind(scope, name, annotation, node, "declared")
        elif not members:
            self.bind(scope, name, clip(chain(self.source, value)) if value is not None else "?", node)

    def _wrapped(self, value: Node | None) -> Node | None:
        if value is None or value.type != "call_expression":
            return None
        function, arguments = value.child_by_field_name("function"), value.child_by_field_name("arguments")
        if (
            function is None
            or arguments is None
            or self.text(function).rpartition(".")[2].partition("<")[0] not in WRAPPERS
        ):
            return None
        return next((c for c in arguments.named_children if c.type in FUNCTION_VALUES), None)

    def _has_functions(self, value: Node) -> bool:
        for item in value.named_children:
            if item.type == "method_definition":
                return True
            held = item.child_by_field_name("value") if item.type == "pair" else None
            if held is not None and (
                held.type in FUNCTION_VALUES or (held.type == "object" and self._has_functions(held))
            ):
                return True
        return False

    def _require(self, target: Node, module: str, scope: int, node: Node) -> None:
        line = start_line(node)
        if target.type == "identifier":
            self.imports.append(Import(scope, module, "", self.text(target), 0, line, "require"))
        elif target.type == "object_pattern":
            for child in target.named_children:
                if child.type == "shorthand_property_identifier_pattern":
                    name = alias = self.text(child)
                elif child.type == "pair_pattern":
                    name = property_name(self.source, child.child_by_field_name("key"))
                    alias = self.text(child.child_by_field_name("value"))
                elif child.type == "object_assignment_pattern" and child.named_children:
                    name = alias = self.text(child.named_children[0])
                else:
                    continue
                self.imports.append(Import(scope, module, name, alias, 0, line, "require"))

    def _define_value(
        self, name: str, value: Node | None, outer: Node, step: Step, *, flags: list[str], returns: str = ""
    ) -> None:
        """Define `name` as what `value` is: a function, a class, an object with functions, or a plain variable."""
        scope, prefix = step[1], step[2]
        self.docs.setdefault(outer.id, self.docs.get(step[0].id, ""))
        if value is not None and (value.type in FUNCTION_VALUES or value.type == "method_definition"):
            in_class = scope != MODULE and self.defs[scope].kind == "class"
            self._function("method" if in_class else "function", name, value, outer, step, flags)
        elif value is not None and value.type in CLASS_VALUES:
            self._class(name, value, outer, step, flags)
        elif value is not None and value.type == "object":
            index = self.define(
                "variable", name, outer, step, signature=self.head(outer, value), returns=returns, flags=flags
            )
            self._members(value, index)
        else:
            constant = value is not None and value.type in (
                "string",
                "number",
                "true",
                "false",
                "template_string",
                "regex",
                "array",
                "unary_expression",
            )
            self.define(
                "variable", name, outer, step, signature=self.head(outer, value), returns=returns, flags=flags,
                value=self.short(value) if constant else "",
            )  # fmt: skip
            self.push_nodes([value], scope, prefix)

    def _members(self, value: Node, index: int) -> None:
        """The functions of an object literal are definitions inside its variable; other values are bound to its keys."""
        inner = self.defs[index].qualname
        for item in self._without_comments(value):
            step = (item, index, inner, False)
            if item.type == "method_definition":
                self.on_method(step)
            elif item.type == "pair":
                key, held = (
                    property_name(self.source, item.child_by_field_name("key")),
                    item.child_by_field_name("value"),
                )
                if held is None:
                    continue
                if (key and (held.type in FUNCTION_VALUES or held.type in CLASS_VALUES)) or (
                    key and held.type == "object" and self._has_functions(held)
                ):
                    self._define_value(key, held, item, step, flags=[])
                else:
                    self.bind(index, key, clip(chain(self.source, held)), item)
                    self.push_nodes([held], index, inner)
            elif item.type == "shorthand_property_identifier":
                name = self.text(item)
                self.bind(index, name, f"outer:{name}", item)
            elif item.type == "spread_element":
                self.push_nodes(item.named_children, index, inner)

    def _without_comments(self, value: Node) -> list[Node]:
        children = value.named_children
        return self._take_comments(value, children) if any(c.type == "comment" for c in children) else children

    def on_assignment(self, step: Step) -> None:
        node, scope, prefix, top = step
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            self.push(step)
            return
        path = member_path(self.source, left) if left.type == "member_expression" else []
        if path[:2] == ["module", "exports"] or path[:1] == ["exports"]:
            rest = path[2:] if path[0] == "module" else path[1:]
            self.is_module = True
            if not rest:
                self._export_value("=", right, (right, scope, prefix, True))
                return
            if len(rest) == 1:
                self._export_named(rest[0], right, node, (node, scope, prefix, True))
                return
        is_function = right.type in FUNCTION_VALUES or right.type in CLASS_VALUES
        if len(path) == 2 and path[0] == "this":
            if is_function and scope != MODULE:
                self._assign_function(path, right, node, step)
            else:
                self.bind(scope, f"self.{path[1]}", clip(chain(self.source, right)), node)
                self.push(step)
            return
        if is_function and len(path) >= 2 and path[0] not in ("this", "window", "global", "globalThis", "self"):
            self._assign_function(path, right, node, step)
            return
        if right.type in ("call_expression", "new_expression") and len(path) == 2 and path[1] == "prototype":
            self._inherit(path[0], right)
        if right.type == "object" and len(path) == 2 and path[1] == "prototype":
            owner = self._owner(path[0])
            if owner is not None:
                self._members(right, owner)
                return
        if left.type == "identifier":
            if is_function and top is False and scope == MODULE:
                self.push(step)
                return
            self.bind(scope, self.text(left), clip(chain(self.source, right)), node, "again")
        elif left.type in ("object_pattern", "array_pattern"):
            self._destructure(left, clip(chain(self.source, right)), scope, None, "again")
        self.push_nodes([left if left.type not in ("identifier", "object_pattern") else None, right], scope, prefix)

    def _inherit(self, name: str, value: Node) -> None:
        """`B.prototype = Object.create(A.prototype)` and `B.prototype = new A()`: B extends A."""
        owner = self._owner(name)
        if value.type == "new_expression":
            base = self.text(value.child_by_field_name("constructor"))
        else:
            arguments = value.child_by_field_name("arguments")
            first = arguments.named_children[0] if arguments is not None and arguments.named_children else None
            base = self.text(first).removesuffix(".prototype") if self.text(first).endswith(".prototype") else ""
        if owner is not None and base:
            self.add_base(owner, base, 0, start_line(value), "extends")

    def _export_named(self, name: str, right: Node, node: Node, step: Step) -> None:
        if (
            right.type in FUNCTION_VALUES
            or right.type in CLASS_VALUES
            or (right.type == "object" and self._has_functions(right))
        ):
            self.exports[name] = name
            self._define_value(name, right, node, step, flags=["exported"])
            return
        self.exports[name] = clip(chain(self.source, right))
        if right.type == "assignment_expression" or self.exports[name] == "?":
            self.exports[name] = clip(chain(self.source, right.child_by_field_name("right") or right))
        module = self._required(right)
        if module:
            self.imports.append(Import(step[1], module, "", f"require:{name}", 0, start_line(node), "require"))
            self.exports[name] = f"require:{name}"
            return
        self.push_nodes([right], step[1], step[2])

    def _assign_function(self, path: list[str], right: Node, node: Node, step: Step) -> None:
        """`A.prototype.m = function…`, `A.m = …`, `this.m = …`: a member of A."""
        scope, prefix = step[1], step[2]
        names = [p for p in path[1:] if p != "prototype"]
        if path[0] == "this":
            holder = scope
            while holder != MODULE and self.defs[holder].kind == "method":
                holder = self.defs[holder].scope
            index: int | None = holder if holder != MODULE else None
        else:
            index = self._owner(path[0])
        if index is None or len(names) != 1:
            self.push_nodes([right], scope, prefix)
            return
        member = (step[0], index, self.defs[index].qualname, False)
        flags = [] if "prototype" in path or path[0] == "this" else ["static"]
        if right.type in CLASS_VALUES:
            self._class(names[0], right, node, member, flags)
        else:
            self._function("method", names[0], right, node, member, flags)

    def _owner(self, name: str) -> int | None:
        """The definition of this name at the top of the file, the last one before here."""
        return next(
            (
                i
                for i in range(len(self.defs) - 1, -1, -1)
                if self.defs[i].name == name and self.defs[i].scope == MODULE
            ),
            None,
        )

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
            if (
                value.type == "object"
                and self._has_functions(value)
                and self.defs[scope].kind in ("function", "method")
            ):
                # A factory: what it returns has members of its own, inside the factory.
                index = self.define("variable", "return", value, step, signature="return", doc="", flags=("nested",))
                self._members(value, index)
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

    def template(self, node: Node) -> str:
        """The text of a message with {} where a value goes, empty when the node is no message."""
        if node.type == "string":
            return string_value(self.source, node)
        if node.type == "template_string":
            parts = []
            for child in node.named_children:
                inner = self.text(child)
                if child.type == "template_substitution":
                    held = inner[2:-1].strip()
                    parts.append("{" + held + "}" if held.replace(".", "").replace("_", "").isalnum() else "{}")
                else:
                    parts.append(inner)
            return collapse("".join(parts))
        if node.type == "binary_expression" and self.text(node.child_by_field_name("operator")) == "+":
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            sides = [self.template(side) if side is not None else "" for side in (left, right)]
            if any(sides):
                texts = [self.text(left), self.text(right)]
                return "".join(
                    t or ("{" + x + "}" if x.replace(".", "").isalnum() else "{}")
                    for t, x in zip(sides, texts, strict=True)
                )
        return ""

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

    # ------------------------------------------------------------------ expressions
    def _callee(self, function: Node | None) -> tuple[str, str]:
        """(receiver, name) of what is called."""
        while function is not None and function.type in ("parenthesized_expression", "non_null_expression"):
            function = function.named_children[0] if function.named_children else None
        if function is None:
            return "?", ""
        if function.type == "member_expression":
            name = self.text(function.child_by_field_name("property"))
            return clip(chain(self.source, function.child_by_field_name("object"))) or "?", name
        if function.type in ("identifier", "super", "import"):
            return "", self.text(function)
        if function.type == "subscript_expression":
            index = function.child_by_field_name("index")
            held = clip(chain(self.source, function.child_by_field_name("object")))
            return held or "?", string_value(
                self.source, index
            ) if index is not None and index.type == "string" else "[]"
        return clip(chain(self.source, function)) or "?", "()"

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
        if name == "inherits" and arguments is not None and len(arguments.named_children) == 2:
            owner = self._owner(self.text(arguments.named_children[0]))
            if owner is not None:
                self.add_base(owner, self.text(arguments.named_children[1]), 0, start_line(node), "extends")
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

    def _args(self, arguments: Node | None) -> list[str]:
        if arguments is None or arguments.type != "arguments":
            return []
        return [clip(chain(self.source, c)) for c in arguments.named_children if c.type != "comment"]

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

    def _bind_parameters(self, function: Node, scope: int, source: str) -> None:
        self._seen_functions.add(function.id)
        single = function.child_by_field_name("parameter")
        if single is not None:
            self.bind(scope, self.text(single), clip(f"{source}.0") if source else "?", function, "assigned", function)
            return
        parameters = function.child_by_field_name("parameters")
        number = 0
        for child in parameters.named_children if parameters is not None else ():
            if child.type == "comment":
                continue
            pattern = child.child_by_field_name("pattern") or child.child_by_field_name("left") or child
            annotation = type_text(self.source, child.child_by_field_name("type"))
            if annotation and pattern.type == "identifier":
                self.bind(scope, self.text(pattern), annotation, function, "declared", function)
            else:
                text = f"<{annotation}>" if annotation else clip(f"{source}.{number}") if source else "?"
                self._destructure(pattern, text, scope, function)
            number += 1

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
            self.call(scope, receiver, last, name or node, [], "jsx")
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

    def on_class_value(self, step: Step) -> None:
        node, scope, prefix, _ = step
        name = self.text(node.child_by_field_name("name"))
        if node.child_by_field_name("body") is None:
            return
        self._class(name or "anonymous", node, node, (node, scope, prefix, False), ["nested"])

    handlers: ClassVar[Mapping[str, Callable[[Any, Step], None]]] = {
        "import_statement": on_import,
        "export_statement": on_export,
        "class_declaration": on_class,
        "abstract_class_declaration": on_class,
        "class": on_class_value,
        "interface_declaration": on_interface,
        "type_alias_declaration": on_alias,
        "enum_declaration": on_enum,
        "internal_module": on_namespace,
        "module": on_namespace,
        "function_declaration": on_function,
        "generator_function_declaration": on_function,
        "function_signature": on_function,
        "method_definition": on_method,
        "method_signature": on_method,
        "abstract_method_signature": on_method,
        "public_field_definition": on_field,
        "field_definition": on_field,
        "property_signature": on_field,
        "lexical_declaration": on_declaration,
        "variable_declaration": on_declaration,
        "assignment_expression": on_assignment,
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


def jsdoc_types(doc: str) -> tuple[dict[str, str], str]:
    """Types from `@param {T} name` and `@returns {T}` of a cleaned comment."""
    params: dict[str, str] = {}
    returned = ""
    for line in doc.splitlines():
        words = line.strip()
        if not words.startswith("@") or "{" not in words:
            continue
        tag = words[1 : words.index("{")].strip()
        depth, start = 0, words.index("{")
        end = -1
        for position in range(start, len(words)):
            depth += {"{": 1, "}": -1}.get(words[position], 0)
            if depth == 0:
                end = position
                break
        if end < 0:
            continue
        kind = words[start + 1 : end].strip().lstrip("?!").rstrip("=")
        if tag in ("returns", "return"):
            returned = kind
        elif tag in ("param", "arg", "argument"):
            name = words[end + 1 :].strip().lstrip("[").split(" ")[0].split("=")[0].rstrip("]-")
            params.setdefault(name, kind)
    return params, returned
