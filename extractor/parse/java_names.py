"""The lower half of the Java front end: types, parameters, messages and expressions written down, nothing defined yet."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from extractor.facts import Param
from extractor.parse.collect import MAX_STEPS, Collector, clip
from extractor.parse.tree import collapse

if TYPE_CHECKING:
    from tree_sitter import Node

    from extractor.parse import Source

_CONVERSION: Final = re.compile(r"%(?:(\d+)\$)?[-#+ 0,(<]*\d*(?:\.\d+)?[tT]?([a-zA-Z%])")
LITERALS: Final = {
    "string_literal": "<String>",
    "text_block": "<String>",
    "character_literal": "<char>",
    "decimal_integer_literal": "<int>",
    "hex_integer_literal": "<int>",
    "octal_integer_literal": "<int>",
    "binary_integer_literal": "<int>",
    "decimal_floating_point_literal": "<double>",
    "true": "<boolean>",
    "false": "<boolean>",
    "instanceof_expression": "<boolean>",
    "class_literal": "<Class>",
    "null_literal": "<null>",
}
_WILDCARD: Final = re.compile(r"\?\s*(?:extends|super)\s+")  # `? extends T` holds a T
# What these make goes through the elements of the stream or list that these walk.
_MAKERS: Final = (
    "comparing",
    "thenComparing",
    "groupingBy",
    "partitioningBy",
    "toMap",
    "mapping",
    "summing",
    "averaging",
    "filtering",
)
_WALKERS: Final = frozenset(("collect", "sorted", "max", "min", "sort"))
MAX_OPERANDS: Final = 6
COMPARISONS: Final = frozenset(("==", "!=", "<", ">", "<=", ">=", "&&", "||"))


def _passed(elements: str, callee: str, position: int) -> Callable[[int], str]:
    return lambda number: elements or f"{callee}#{position}.{number}"


class JavaNames(Collector):
    """What needs no definition."""

    comments = frozenset(("block_comment", "line_comment"))
    elsewhere = frozenset(("class_body", "lambda_expression"))
    besides = elsewhere | {"local_variable_declaration"}

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.handed: dict[int, str] = {}  # method reference -> what the callee that it is given to passes to it
        self.package = ""
        self._constants: list[tuple[int, int]] = []  # (call, enumeration) of every constant
        self._diamonds: dict[int, str] = {}  # `new T<>(…)` -> the type arguments it stands for
        self.typevars: list[list[object]] = []  # [scope, name, bound]

    def _modifiers(self, node: Node) -> tuple[tuple[str, ...], list[str], str]:
        modifiers = next((c for c in node.named_children if c.type == "modifiers"), None)
        if modifiers is None:
            return (), [], "package"
        annotations = tuple(collapse(self.text(c)) for c in modifiers.named_children if c.type.endswith("annotation"))
        words = [c.type for c in modifiers.children if not c.is_named]
        visibility = next((w for w in words if w in ("public", "protected", "private")), "package")
        return annotations, [w for w in words if w not in ("public", "protected", "private")], visibility

    def _annotations(self, node: Node) -> list[Node]:
        modifiers = next((c for c in node.named_children if c.type == "modifiers"), None)
        return [c for c in modifiers.named_children if c.type.endswith("annotation")] if modifiers else []

    def _type_parameters(self, node: Node, index: int) -> None:
        for child in node.named_children:
            if child.type == "type_parameters":
                for parameter in child.named_children:
                    names = [c for c in parameter.named_children if c.type in ("type_identifier", "identifier")]
                    bound = next((c for c in parameter.named_children if c.type == "type_bound"), None)
                    first = self._type(bound.named_children[0]) if bound is not None and bound.named_children else ""
                    if names:
                        self.typevars.append([index, self.text(names[0]), first])

    def _type(self, node: Node | None) -> str:
        if node is None:
            return ""
        if node.type == "annotated_type" and node.named_children:
            return self._type(node.named_children[-1])
        return _WILDCARD.sub("", collapse(self.text(node))).replace(" ", "")

    def _params(self, parameters: Node | None) -> tuple[Param, ...]:
        if parameters is None:
            return ()
        wanted = ("formal_parameter", "spread_parameter")
        return tuple(self._param(c) for c in parameters.named_children if c.type in wanted)

    def _param(self, node: Node) -> Param:
        if node.type == "spread_parameter":
            kinds = [c for c in node.named_children if c.type not in ("modifiers", "variable_declarator")]
            names = [c for c in node.named_children if c.type == "variable_declarator"]
            name = names[0].child_by_field_name("name") if names else None
            return Param(self.text(name), self._type(kinds[0] if kinds else None), "", "*")
        dimensions = self.text(node.child_by_field_name("dimensions"))
        return Param(
            self.text(node.child_by_field_name("name")), self._type(node.child_by_field_name("type")) + dimensions
        )

    def _bind_typed(self, scope: int, name: str, declared: str, value: Node | None, node: Node) -> None:
        made = (
            value is not None and value.type == "object_creation_expression" and value.children[-1].type != "class_body"
        )
        held = clip(self.chain(value)) if made or declared == "var" else ""
        if declared == "var" or held == f"new {declared}()":  # what it holds is of that very class
            self.bind(scope, name, held, node, "assigned")
        else:
            self.bind(scope, name, declared, node, "declared")

    def template(self, node: Node) -> str:
        """The text of a message with {} where a value goes, empty when the node is no message."""
        if node.type == "string_literal":
            return self.text(node)[1:-1]
        if node.type == "text_block":
            return collapse(self.text(node).strip('"'))
        if node.type == "parenthesized_expression":
            return self.template(node.named_children[0])
        if node.type == "binary_expression" and self.text(node.child_by_field_name("operator")) == "+":
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            sides = [self.template(side) if side is not None else "" for side in (left, right)]
            if any(sides):
                return "".join(t or self._hole(n) for t, n in zip(sides, (left, right), strict=True))
        if node.type == "method_invocation":
            receiver, name = node.child_by_field_name("object"), self.text(node.child_by_field_name("name"))
            arguments = node.child_by_field_name("arguments")
            given = [c for c in arguments.named_children if "comment" not in c.type] if arguments is not None else []
            if name == "format" and self.text(receiver) == "String" and given:
                return self._filled(self.template(given[0]), given[1:])
            if name == "formatted" and receiver is not None:
                return self._filled(self.template(receiver), given)
        return ""

    def _filled(self, template: str, values: Sequence[Node]) -> str:
        """A format with its conversions named after what they print; `%n` ends the line."""
        rest = iter(values)

        def hole(found: re.Match[str]) -> str:
            number, kind = found.groups()
            if kind in "%n":
                return "\n" if kind == "n" else kind
            return self._hole(values[int(number) - 1] if number and int(number) <= len(values) else next(rest, None))

        return _CONVERSION.sub(hole, template)

    def _hole(self, node: Node | None) -> str:
        text = self.text(node)
        return "{" + text + "}" if text.replace(".", "").replace("_", "").isalnum() else "{}"

    def called_by(self, node: Node) -> str | None:
        return self.text(node.child_by_field_name("name")) if node.type == "method_invocation" else None

    def _lambda_parameters(self, arguments: Node | None, scope: int, callee: str) -> None:
        """Parameters without a type hold what the callee passes: `xs.forEach#0.0`."""
        for position, argument in enumerate(arguments.named_children if arguments is not None else ()):
            if argument.type == "method_reference":
                self.handed[argument.id] = clip(f"{callee}#{position}.0")
            if argument.type != "lambda_expression":
                continue
            compared = self._elements(arguments, callee) if arguments is not None else ""
            self._name_parameters(argument, scope, _passed(compared, callee, position))

    def _name_parameters(self, function: Node, scope: int, text: Callable[[int], str]) -> None:
        """Bind the parameters without a type of a lambda."""
        parameters = function.child_by_field_name("parameters")
        if parameters is None:
            return
        names = [parameters] if parameters.type == "identifier" else parameters.named_children
        for number, name in enumerate(names):
            if name.type == "identifier":
                self.bind(scope, self.text(name), clip(text(number)), function, "assigned", function)

    def _elements(self, arguments: Node, callee: str) -> str:
        """`items.collect(groupingBy(x -> …))`, `items.sort(comparing(x -> …))`: the elements that the outer call goes through."""
        if not callee.rpartition(".")[2].startswith(_MAKERS):
            return ""
        node = arguments.parent
        while node is not None:
            parent = node.parent
            if parent is not None and parent.type == "method_invocation":  # comparing(…).thenComparing(…)
                node = parent
                continue
            outer = parent.parent if parent is not None and parent.type == "argument_list" else None
            if parent is None or outer is None or outer.type != "method_invocation":
                return ""
            name, receiver = self.text(outer.child_by_field_name("name")), outer.child_by_field_name("object")
            if name in _WALKERS and receiver is not None:
                given = parent.named_children
                return clip(f"{self.chain(given[0] if name == 'sort' and len(given) == 2 else receiver)}*")
            node = outer
        return ""

    def args(self, arguments: Node | None) -> list[str]:
        if arguments is None:
            return []
        return [clip(self.chain(c)) for c in arguments.named_children if c.type not in self.comments]

    def chain(self, node: Node | None) -> str:
        """An expression in the notation of collect.py."""
        steps: list[str] = []
        head = "?"
        while node is not None and len(steps) <= MAX_STEPS:
            kind = node.type
            if kind in (
                "identifier",
                "this",
                "super",
                "type_identifier",
                "scoped_identifier",
                "scoped_type_identifier",
            ):
                head = self.text(node)
                break
            if kind == "method_invocation":
                name = self.text(node.child_by_field_name("name"))
                node = node.child_by_field_name("object")
                if node is None:
                    head = f"{name}()"
                    break
                steps.append(f".{name}()")
            elif kind == "field_access":
                steps.append("." + self.text(node.child_by_field_name("field")))
                node = node.child_by_field_name("object")
            elif kind == "array_access":
                steps.append("[]")
                node = node.child_by_field_name("array")
            elif kind == "parenthesized_expression":
                node = node.named_children[-1] if node.named_children else None
            elif kind == "object_creation_expression":
                head = f"new {self._type(node.child_by_field_name('type'))}()"
                break
            elif kind == "cast_expression":
                head = f"<{self._type(node.child_by_field_name('type'))}>"
                break
            elif kind == "array_creation_expression":
                head = f"<{self._type(node.child_by_field_name('type'))}[]>"
                break
            elif kind in LITERALS:
                text = self.text(node)
                head = "<long>" if kind.endswith("integer_literal") and text[-1] in "lL" else LITERALS[kind]
                if kind == "decimal_floating_point_literal" and text[-1] in "fF":
                    head = "<float>"
                break
            elif kind == "ternary_expression":
                branches: list[Node | None] = []
                while node is not None and node.type == "ternary_expression" and len(branches) < MAX_OPERANDS:
                    branches.append(node.child_by_field_name("consequence"))
                    node = node.child_by_field_name("alternative")
                head = self._either([*branches, node])
                break
            elif kind == "assignment_expression":
                node = node.child_by_field_name("right")
            elif kind == "lambda_expression":
                head = self._lambda_chain(node)
                break
            elif kind == "method_reference":
                head = self._reference_chain(node)
                break
            elif kind in ("binary_expression", "unary_expression", "update_expression"):
                head = self._operator_chain(node)
                break
            elif kind in ("generic_type", "array_type"):
                head = self._type(node)
                break
            else:
                break
        return head + "".join(reversed(steps)) if len(steps) <= MAX_STEPS else "?"

    def _lambda_chain(self, node: Node) -> str:
        body = node.child_by_field_name("body")
        if body is not None and body.type == "block":
            results = [c for c in body.named_children if c.type == "return_statement" and c.named_children]
            body = results[0].named_children[0] if results else None
        return "=>" + (clip(self.chain(body)) if body is not None else "?")

    def _reference_chain(self, node: Node) -> str:
        parts = node.named_children
        if not parts:
            return "?"
        return f"=>{self.chain(parts[0])}::{'new' if len(parts) == 1 else self.text(parts[-1])}"

    def _operator_chain(self, node: Node) -> str:
        operator = self.text(node.child_by_field_name("operator"))
        if operator in COMPARISONS or operator == "!":
            return "<boolean>"
        if node.type != "binary_expression":
            inner: Node | None = node
            while inner is not None and inner.type in ("unary_expression", "parenthesized_expression"):
                inner = inner.named_children[-1] if inner.named_children else None
            simple = inner is not None and inner.type not in ("binary_expression", "update_expression")
            chain = self.chain(inner) if simple else "?"
            return chain if chain != "<boolean>" else "?"
        # Left-nested sums can be thousands of terms deep: follow the left side in a loop.
        operands: list[Node | None] = []
        while node.type == "binary_expression":
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            if right is not None and right.type in ("string_literal", "text_block"):
                return "<String>"
            if len(operands) < MAX_OPERANDS:
                operands.append(right)
            if left is None:
                return "?"
            node = left
        if node.type in ("string_literal", "text_block"):
            return "<String>"
        return self._either([node, *operands], whole=True)

    def _either(self, nodes: list[Node | None], *, whole: bool = False) -> str:
        """What may be any of several values; with `whole`, nothing unless each is known."""
        found: list[str] = []
        for node in nodes:
            text = self.chain(node)
            if text == "?" and whole:
                return "?"
            if text not in ("?", "<null>", "<boolean>", *found) and not text.startswith("("):
                found.append(text)
        return f"({'|'.join(found)})" if len(found) > 1 else found[0] if found else "?"
