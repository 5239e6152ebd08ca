"""The lower half of the Go front end: types, parameters, messages and expressions written down, nothing defined yet.

Types stay Go text (`map[string]*Item`); only the arrows of channels are dropped where a type stands in a chain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from extractor.facts import Param
from extractor.parse.collect import MAX_STEPS, Collector, clip
from extractor.parse.tree import collapse

if TYPE_CHECKING:
    from tree_sitter import Node

    from extractor.parse import Source

_LITERALS: Final = {
    "interpreted_string_literal": "<string>",
    "raw_string_literal": "<string>",
    "int_literal": "<int>",
    "float_literal": "<float64>",
    "rune_literal": "<rune>",
    "imaginary_literal": "<complex128>",
    "true": "<bool>",
    "false": "<bool>",
}
_TEXTS: Final = frozenset(("interpreted_string_literal", "raw_string_literal"))
_COMPARISONS: Final = frozenset(("==", "!=", "<", ">", "<=", ">=", "&&", "||"))
_ARROW: Final = re.compile(r"<-\s*chan\b|\bchan\s*<-")
_UNSAID: Final = re.compile(r"`[^`]*`|//[^\n]*|/\*.*?\*/", re.DOTALL)  # tags and comments
_STATED: Final = re.compile(r"(?<=[\w)\]}])\s*\n\s*")
_VERB: Final = re.compile(r"%[-+# 0]*\d*(?:\.\d+)?[a-zA-Z]")
_DIRECTIVE: Final = re.compile(r"^(?:go:\w+|\+build|nolint\b|line )")


class GoNames(Collector):
    """What needs no definition."""

    comments = frozenset(("comment",))

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.package = ""
        self._before: dict[str, list[tuple[int, int]]] = {}  # name -> bytes where it is not yet what is declared there
        self.typevars: list[list[object]] = []  # [scope, name, bound]

    # ------------------------------------------------------------------ types
    def type_text(self, node: Node | None) -> str:
        """A type as it may stand in a chain: one line, channels without arrows, structs without tags."""
        text = self.text(node)
        if "\n" in text or "`" in text:  # as in Go itself, the end of a line ends a field or method
            text = _STATED.sub("; ", _UNSAID.sub("", text))
            text = collapse(text).replace("; }", "}").replace("{ ", "{")
        return self.plain(text)

    def written(self, node: Node | None) -> str:
        """A type as people read it: on one line."""
        text = self.text(node)
        return self.type_text(node) if "{" in text else collapse(text)

    @staticmethod
    def plain(text: str) -> str:
        """A written type as it may stand in a chain."""
        return _ARROW.sub("chan ", text) if "<" in text else text

    def params(self, parameters: Node | None) -> tuple[Param, ...]:
        out: list[Param] = []
        for child in parameters.named_children if parameters is not None else ():
            if child.type not in ("parameter_declaration", "variadic_parameter_declaration"):
                continue
            kind = self.written(child.child_by_field_name("type"))
            names = child.children_by_field_name("name")
            rest = "*" if child.type.startswith("variadic") else ""
            out += [Param(self.text(name), kind, "", rest) for name in names] or [Param("_", kind, "", rest)]
        return tuple(out)

    def results(self, node: Node | None) -> tuple[str, tuple[Param, ...]]:
        """A result as `(int, error)`, and its named results."""
        if node is None:
            return "", ()
        if node.type != "parameter_list":
            return self.written(node), ()
        params = self.params(node)
        kinds = [p.annotation for p in params]
        return kinds[0] if len(kinds) == 1 else f"({', '.join(kinds)})", tuple(p for p in params if p.name != "_")

    def type_parameters(self, node: Node | None, index: int) -> None:
        for child in node.named_children if node is not None else ():
            if child.type == "type_parameter_declaration":
                bound = self.type_text(child.child_by_field_name("type"))
                for name in child.children_by_field_name("name"):
                    self.typevars.append([index, self.text(name), "" if bound in ("any", "comparable") else bound])

    def receiver(self, node: Node | None) -> tuple[str, str, str, list[str]]:
        """(name, type as written, name of the type, its type parameters) of `(s *Stack[T])`."""
        param = next((c for c in node.named_children if c.type == "parameter_declaration"), None) if node else None
        if param is None:
            return "", "", "", []
        name = self.text(param.child_by_field_name("name"))
        kind = param.child_by_field_name("type")
        written = collapse(self.text(kind))
        while kind is not None and kind.type in ("pointer_type", "parenthesized_type"):
            kind = kind.named_children[0] if kind.named_children else None
        variables: list[str] = []
        if kind is not None and kind.type == "generic_type":
            arguments = kind.child_by_field_name("type_arguments")
            variables = [self.text(c) for c in arguments.named_children] if arguments is not None else []
            kind = kind.child_by_field_name("type")
        return name, written, self.text(kind), variables

    # ------------------------------------------------------------------ words
    def doc_of(self, *nodes: Node) -> str:
        """The comment of the first of these nodes that has one, without compiler directives."""
        text = next((self.docs[n.id] for n in nodes if n.id in self.docs), "")
        return "\n".join(line for line in text.splitlines() if not _DIRECTIVE.match(line)).strip()

    def spec_doc(self, node: Node) -> str:
        """The comment above one name of a declaration, else the declaration's where it declares nothing else."""
        parent = node.parent
        alone = parent is not None and sum(child.type == node.type for child in parent.named_children) == 1
        return self.doc_of(node, parent) if parent is not None and alone else self.doc_of(node)

    def message(self, arguments: Node | None) -> str:
        """The first text among the arguments, its verbs named after what they print, and what is added to it as holes."""
        given = [c for c in arguments.named_children if c.type != "comment"] if arguments is not None else []
        for position, node in enumerate(given):
            pieces = self._added(node)
            if any(piece.type in _TEXTS for piece in pieces):
                values = iter([self.text(n) for n in given[position + 1 :]])
                return "".join(self._piece(piece, values) for piece in pieces)
        return ""

    def _added(self, node: Node) -> list[Node]:
        """The operands of a concatenation, in order; a node that is none stands for itself."""
        found: list[Node] = []
        stack = [node]
        while stack:
            node = stack.pop()
            operator = node.child_by_field_name("operator") if node.type == "binary_expression" else None
            if node.type == "parenthesized_expression" or (operator is not None and operator.type == "+"):
                stack.extend(c for c in reversed(node.named_children) if c.type != "comment")
            else:
                found.append(node)
        return found

    def _piece(self, node: Node, values: Iterator[str]) -> str:
        if node.type not in _TEXTS:
            return self._hole(self.text(node))
        return _VERB.sub(lambda _: self._hole(next(values, "")), self.text(node)[1:-1])

    @staticmethod
    def _hole(text: str) -> str:
        return "{" + text + "}" if text.replace(".", "").replace("_", "").isalnum() else "{}"

    # ------------------------------------------------------------------ names
    def declaring(self, names: Iterable[str], nodes: Iterable[Node | None]) -> None:
        """In `x := x.next()` the x on the right is the one of before: as chains have it, x'."""
        spans = [(node.start_byte, node.end_byte) for node in nodes if node is not None]
        for name in names if spans else ():
            open_yet = [s for s in self._before.get(name, ()) if s[1] > spans[0][0]]
            self._before[name] = open_yet + spans

    def is_earlier(self, node: Node) -> bool:
        """Whether a name stands in what a declaration of that name begins with."""
        spans = self._before.get(self.text(node), ()) if self._before else ()
        return any(start <= node.start_byte < end for start, end in spans)

    def named(self, node: Node) -> str:
        return self.text(node) + ("'" if self.is_earlier(node) else "")

    def bind(
        self, scope: int, name: str, text: str, node: Node, kind: str = "assigned", until: Node | None = None
    ) -> None:
        if name in self._before:  # declared once more inside
            self._before[name] = [s for s in self._before[name] if not s[0] <= node.start_byte < s[1]]
        super().bind(scope, name, text, node, kind, until)

    # ------------------------------------------------------------------ expressions
    def args(self, arguments: Node | None) -> list[str]:
        if arguments is None:
            return []
        given = [c for c in arguments.named_children if c.type != "comment"]
        return [clip(self.chain(c) + "[]" * (c.type == "variadic_argument")) for c in given]

    def chain(self, node: Node | None) -> str:
        """An expression in the notation of collect.py."""
        steps: list[str] = []
        head, given = "?", ""
        while node is not None and len(steps) <= MAX_STEPS:
            kind = node.type
            if kind in ("identifier", "type_identifier", "package_identifier"):
                head = self.named(node) + given
                break
            if kind == "selector_expression":
                steps.append("." + self.text(node.child_by_field_name("field")) + given)
                given, node = "", node.child_by_field_name("operand")
            elif kind == "qualified_type":
                steps.append("." + self.text(node.child_by_field_name("name")) + given)
                given = ""
                node = node.child_by_field_name("package")
            elif kind == "call_expression":
                function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
                made = self._made(function, arguments)
                if made is not None:
                    if made[1] is None:
                        head = made[0]
                        break
                    node = made[1]
                    continue
                steps.append("()")
                given, node = self._type_arguments(node), function
            elif kind == "type_conversion_expression":
                wanted = node.child_by_field_name("type")
                if wanted is not None and wanted.type == "generic_type":
                    steps.append("()")  # `Map[int](xs)` is written like a conversion
                    given = self._type_arguments(wanted)
                    node = wanted.child_by_field_name("type")
                else:
                    head = f"<{self.type_text(wanted)}>"
                    break
            elif kind in ("index_expression", "slice_expression"):
                steps.append("[]" if kind == "index_expression" else "")
                node = node.child_by_field_name("operand")
            elif kind in ("parenthesized_expression", "expression_statement", "literal_element", "variadic_argument"):
                node = node.named_children[-1] if node.named_children else None
            elif kind == "unary_expression":
                operator = self.text(node.child_by_field_name("operator"))
                if operator == "!":
                    head = "<bool>"
                    break
                steps.append("[]" if operator == "<-" else "")
                node = node.child_by_field_name("operand")
            elif kind in ("composite_literal", "type_assertion_expression"):
                head = f"<{self.type_text(node.child_by_field_name('type'))}>"
                break
            elif kind == "func_literal":
                parameters, result = node.child_by_field_name("parameters"), node.child_by_field_name("result")
                head = f"<func{self.type_text(parameters)} {self.type_text(result)}>"
                break
            elif kind in _LITERALS:
                head = _LITERALS[kind]
                break
            elif kind == "binary_expression":
                if self.text(node.child_by_field_name("operator")) in _COMPARISONS:
                    head = "<bool>"
                    break
                left = node.child_by_field_name("left")  # `5 * time.Second` is what stands on the right
                node = node.child_by_field_name("right") if self._is_literal(left) else left
            elif kind.endswith("_type"):
                head = f"<{self.type_text(node)}>"
                break
            else:
                break
        return head + "".join(reversed(steps)) if len(steps) <= MAX_STEPS else "?"

    @staticmethod
    def _is_literal(node: Node | None) -> bool:
        """Whether an operand is a number written out, which has the type of the other one."""
        while (
            node is not None and node.type in ("unary_expression", "parenthesized_expression") and node.named_children
        ):
            node = node.named_children[-1]
        return node is not None and node.type in _LITERALS

    def _type_arguments(self, node: Node) -> str:
        """`<int,string>` of a call of `Map[int, string]`."""
        listed = node.child_by_field_name("type_arguments")
        function = node.child_by_field_name("function")
        if function is not None and function.type == "index_expression":  # `New[Item]()`, or a function from a map
            index = function.child_by_field_name("index")
            named = index is not None and index.type in ("identifier", "selector_expression", "unary_expression")
            return f"<{self.text(index)}>" if named and self.text(index)[:1] not in "-!^+&<" else ""
        return f"<{','.join(self.type_text(c) for c in listed.named_children)}>" if listed is not None else ""

    def _made(self, function: Node | None, arguments: Node | None) -> tuple[str, Node | None] | None:
        """What the builtins that take a type, or give back what they take, evaluate to."""
        given = arguments.named_children if arguments is not None else []
        if function is None or function.type != "identifier" or not given:
            return None
        name = self.text(function)
        if name == "make" or (name == "new" and given[0].type.endswith(("_type", "type_identifier"))):
            return f"<{self.type_text(given[0])}>", None
        return ("", given[0]) if name in ("append", "min", "max", "new") else None

    def functions_in(self, literal: Node) -> list[tuple[str, str, str]]:
        """(type, field, chain) of what may be a function in a composite literal and the literals in it that leave their type
        out. The field is empty for elements of a map or slice, #2 for the third value of a struct written without names."""
        found: list[tuple[str, str, str]] = []
        stack = [(literal.child_by_field_name("type"), literal.child_by_field_name("body"))]
        while stack:
            kind, body = stack.pop()
            if kind is None or body is None:
                continue
            held = kind.child_by_field_name("element") or kind.child_by_field_name("value")
            written = self.type_text(kind)
            for position, child in enumerate(c for c in body.named_children if c.type != "comment"):
                value, key = child, "" if held is not None else f"#{position}"
                if child.type == "keyed_element":
                    value = child.child_by_field_name("value") or child
                    named = child.child_by_field_name("key")
                    inner = named.named_children[0] if named is not None and named.named_children else None
                    key = self.text(inner) if held is None and inner is not None and inner.type == "identifier" else ""
                value = value.named_children[0] if value.type == "literal_element" and value.named_children else value
                if value.type == "literal_value" and held is not None:
                    pointed = held.type == "pointer_type" and held.named_children
                    stack.append((held.named_children[0] if pointed else held, value))
                elif value.type in ("identifier", "selector_expression"):
                    found.append((written, key, clip(self.chain(value))))
        return [row for row in found if row[2] not in ("nil", "true", "false", "?")]
