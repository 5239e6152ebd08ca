"""The lower half of the TypeScript front end: imports, parameters, patterns and callees written down, nothing defined yet."""

from __future__ import annotations

from abc import ABC
from typing import TYPE_CHECKING, Final

from extractor.facts import MODULE, Import, Param
from extractor.parse.collect import Collector, Step, clip
from extractor.parse.tree import collapse, start_line
from extractor.parse.typescript_chains import (
    chain,
    inside,
    key_name,
    module_name,
    property_name,
    string_value,
    type_text,
)

if TYPE_CHECKING:
    from tree_sitter import Node

    from extractor.parse import Source

FUNCTION_VALUES: Final = frozenset(("arrow_function", "function_expression", "generator_function", "function"))
CLASS_VALUES: Final = frozenset(("class", "class_declaration"))
# Calls that give back the function they are given: `const f = debounce(() => …)` defines f.
WRAPPERS: Final = frozenset([
    "memo", "forwardRef", "useCallback", "debounce", "throttle", "once", "memoize", "promisify", "asyncHandler", "observer",
    "catchAsync", "wrapAsync", "asyncWrapper", "createAsyncThunk", "curry", "cache", "action",
])  # fmt: skip
_HOLE: Final = "template_substitution"
# Calls of emitters whose first argument names an event.
LISTENS: Final = frozenset(("on", "once", "addListener", "prependListener", "prependOnceListener", "emit"))


class ScriptNames(Collector, ABC):
    """What needs no definition: modules named, names bound, expressions written as chains."""

    comments = frozenset(("comment",))

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.typevars: list[list[object]] = []
        self.exports: dict[str, str] = {}
        self.reads: list[list[object]] = []  # [scope, receiver, property, line]
        self.writes: list[list[object]] = []  # [scope, receiver, property, line]
        self.puts: list[list[object]] = []  # [scope, container or object, field or [], value, line]
        self.lexical: list[list[int]] = []  # [member, the function that it is written in]
        self.computed: list[int] = []  # functions assigned to a key that only a run tells
        self.events: list[list[object]] = []  # [line, column, name] of calls that listen to an event or emit one
        self.stubs: list[int] = []  # methods that do nothing, or only throw
        self._prototype_of: dict[str, str] = {}  # `const P = Option.prototype`
        self.is_module = False
        self._exported = False  # the declaration visited next stands in an export statement
        self.unnamed: set[str] = set()  # exported as default only
        self._export_decorators: tuple[str, ...] = ()  # of a class that is exported: they stand before `export`
        self._signatures: dict[tuple[int, str], int] = {}
        self._seen_functions: set[int] = set()  # anonymous functions whose parameters are bound
        self._anonymous_until: dict[int, int] = {}  # scope -> where the last anonymous function in it ends

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

    def _required(self, node: Node | None) -> str:
        """The module of `require("…")` or `import("…")`, awaited or not."""
        while node is not None and node.type in ("await_expression", "parenthesized_expression"):
            node = inside(node)
        if node is None or node.type != "call_expression":
            return ""
        function = node.child_by_field_name("function")
        arguments = node.child_by_field_name("arguments")
        if self.text(function) not in ("require", "import") or arguments is None or not arguments.named_children:
            return ""
        return module_name(self.source, arguments.named_children[0])

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
                patterns.append((pattern, f"<{annotation}>" if annotation else f"%{len(params) - 1}"))
        return tuple(params), patterns

    def _bind_patterns(self, patterns: list[tuple[Node, str]], scope: int) -> None:
        for pattern, value in patterns:
            self._destructure(pattern, value, scope)

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
                            step = "[]" if key[:1] == "[" else f".{key}"
                            stack.append((inner, text + step if known and key else "?"))
                    elif child.type == "object_assignment_pattern" and child.named_children:
                        left = child.named_children[0]
                        given, otherwise = f"{text}.{self.text(left)}", chain(self.source, child.named_children[-1])
                        told = otherwise[:1] not in ("?", "<", "=")
                        held = f"({given}|{otherwise})" if known and told else given if known else otherwise
                        stack.append((left, held if known or told else "?"))
                    elif child.type == "rest_pattern" and child.named_children:
                        stack.append((child.named_children[0], text))
            elif node.type == "array_pattern":
                place = 0
                for child in node.children:
                    place += child.type == ","
                    if child.type not in ("[", "]", ",") and not child.is_extra:
                        rest = child.type == "rest_pattern"
                        stack.append((child, "?" if not known else f"{text}.slice()" if rest else f"{text}.{place}"))
            elif node.type in ("assignment_pattern", "rest_pattern") and node.named_children:
                stack.append((node.named_children[0], text))

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
        types, returned, _ = jsdoc_types(known.doc)
        params = tuple(
            p if p.annotation or p.name not in types else p._replace(annotation=types[p.name]) for p in known.params
        )
        self.defs[index] = known._replace(params=params, returns=known.returns or returned)

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
        first = arguments.named_children[0] if arguments.named_children else None
        return first if first is not None and first.type in FUNCTION_VALUES else None

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
                elif child.type == "rest_pattern" and child.named_children:
                    name, alias = "", self.text(child.named_children[0])
                else:
                    continue
                self.imports.append(Import(scope, module, name, alias, 0, line, "require"))

    def _without_comments(self, value: Node) -> list[Node]:
        children = value.named_children
        return self._take_comments(value, children) if any(c.type == "comment" for c in children) else children

    def _owner(self, name: str, scope: int = MODULE) -> int | None:
        """The definition of this name that is nearest to a scope, of several in one scope the last."""
        while True:
            for index in range(len(self.defs) - 1, -1, -1):
                if self.defs[index].name == name and self.defs[index].scope == scope:
                    return index
            if scope == MODULE:
                return None
            scope = self.defs[scope].scope

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

    def _callee(self, function: Node | None) -> tuple[str, str]:
        """(receiver, name) of what is called."""
        while function is not None and function.type in ("parenthesized_expression", "non_null_expression"):
            function = inside(function)
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
            return held or "?", key_name(self.source, index) or "[]"
        return clip(chain(self.source, function)) or "?", "()"

    def _args(self, arguments: Node | None) -> list[str]:
        if arguments is not None and arguments.type == "template_string":  # a tag is given the texts, then the values
            holes = [c.named_children[0] for c in arguments.named_children if c.type == _HOLE and c.named_children]
            return ["<string[]>", *(clip(chain(self.source, c)) for c in holes)]
        if arguments is None or arguments.type != "arguments":
            return []
        return [
            ("..." if c.type == "spread_element" else "") + clip(chain(self.source, c))
            for c in arguments.named_children
            if c.type != "comment"
        ]

    def _bind_parameters(self, function: Node, scope: int, source: str) -> None:
        """Names of a function without one: what its callee passes on, where that is known, and whatever calls it gives."""
        self._seen_functions.add(function.id)
        place = f"@{function.start_byte}"
        single = function.child_by_field_name("parameter")
        if single is not None:
            text = clip(f"{source}.0{place}") if source else f"{place}:0"
            self.bind(scope, self.text(single), text, function, "assigned", function)
            return
        parameters = function.child_by_field_name("parameters")
        number = 0
        for child in parameters.named_children if parameters is not None else ():
            if child.type == "comment":
                continue
            pattern = child.child_by_field_name("pattern") or child.child_by_field_name("left") or child
            annotation = type_text(self.source, child.child_by_field_name("type"))
            given = child.child_by_field_name("value") or child.child_by_field_name("right")
            if annotation and pattern.type == "identifier":
                self.bind(scope, self.text(pattern), annotation, function, "declared", function)
            else:
                rest = "*" if pattern.type == "rest_pattern" else ""
                held = f"{place}:{number}{rest}" if rest or not source else clip(f"{source}.{number}{place}")
                text = f"<{annotation}>" if annotation else held
                if given is not None and (otherwise := clip(chain(self.source, given))) != "?":
                    text = f"({text}|{otherwise})"
                self._destructure(pattern, text, scope, function)
            number += 1


def jsdoc_types(doc: str) -> tuple[dict[str, str], str, str]:
    """Types from `@param {T} name`, `@returns {T}` and `@type {T}` of a cleaned comment."""
    params: dict[str, str] = {}
    returned = own = ""
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
        elif tag == "type":
            own = kind
        elif tag in ("param", "arg", "argument"):
            name = words[end + 1 :].strip().lstrip("[").split(" ")[0].split("=")[0].rstrip("]-")
            params.setdefault(name, kind)
    return params, returned, own
