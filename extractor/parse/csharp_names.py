"""The lower half of the C# front end: types, modifiers, parameters, messages and expressions written down, nothing defined yet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from extractor.facts import Param
from extractor.parse.collect import Step, clip, split_commas
from extractor.parse.csharp_chains import CSharpChains
from extractor.parse.tree import collapse

if TYPE_CHECKING:
    from tree_sitter import Node

    from extractor.parse import Source

_DELEGATES: Final = frozenset(("Func", "Action", "Predicate", "Comparison", "Converter"))
_VISIBLE: Final = ("public", "protected", "internal", "private", "file")
_BLOCK: Final = re.compile(r"</?(?:summary|remarks|para|value|example|list)(?:\s[^<>]*)?/?>")
_TAG: Final = re.compile(r"</?(?:c|code|item|description|term|inheritdoc)(?:\s[^<>]*)?/?>")
_REFERENCE: Final = re.compile(r"<(?:see|seealso|paramref|typeparamref)\s+\w+=\"([^\"]*)\"\s*/?>")
_NAMED: Final = re.compile(r"<(param|returns|exception|typeparam)(?:\s+\w+=\"([^\"]*)\")?\s*>", re.IGNORECASE)
_EXCEPTION: Final = re.compile(r"<exception\s+cref=\"(?:T:)?([\w.]+)\"")


class CSharpNames(CSharpChains):
    """What needs no definition."""

    comments = frozenset(("comment",))
    throwing = frozenset(("throw_statement", "throw_expression"))
    besides = elsewhere = frozenset(("lambda_expression",))

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.typevars: list[list[object]] = []  # [scope, name, bound]
        self.open: list[Node] = []
        self.puts: list[list[object]] = []  # [scope, line, holder, field, chain]
        self._left: set[int] = set()

    def block(self, node: Node) -> Node | None:
        """The innermost block around a node."""
        while self.open and self.open[-1].end_byte <= node.start_byte:
            self.open.pop()
        return self.open[-1] if self.open else None

    # ------------------------------------------------------------------ words
    def doc_of(self, node: Node) -> str:
        """The XML comment of a declaration as words."""
        text = self.docs.get(node.id, "")
        if "<" not in text:
            return text
        text = _REFERENCE.sub(lambda m: m[1].rpartition(".")[2], text)
        text = _NAMED.sub(lambda m: f"\n\n{m[1].capitalize()} {m[2] or ''}".rstrip() + ": ", text)
        text = re.sub(r"</\w+>", "", _TAG.sub("", _BLOCK.sub("\n\n", text)))
        return re.sub(r"\n{3,}", "\n\n", "\n".join(line.strip() for line in text.splitlines())).strip()

    def exceptions_of(self, node: Node) -> list[str]:
        """The classes of `<exception cref="…">`."""
        return _EXCEPTION.findall(self.docs.get(node.id, ""))

    def modifiers(self, node: Node, default: str) -> tuple[tuple[str, ...], list[str], str]:
        """(attributes, other modifiers, visibility)."""
        attributes: list[str] = []
        words: list[str] = []
        for child in node.named_children:
            if child.type == "attribute_list":
                attributes += [collapse(self.text(c)) for c in child.named_children if c.type == "attribute"]
            elif child.type == "modifier":
                words.append(self.text(child))
        visible = [w for w in words if w in _VISIBLE]
        visibility = visible[0] if visible else default
        return (
            tuple(attributes),
            [w for w in words if w not in _VISIBLE],
            "private" if visibility == "file" else visibility,
        )

    def attribute_nodes(self, node: Node) -> list[Node]:
        return [c for c in node.named_children if c.type == "attribute_list"]

    def type_parameters(self, node: Node, index: int) -> None:
        bounds: dict[str, str] = {}
        for child in node.named_children:
            if child.type == "type_parameter_constraints_clause" and child.named_children:
                kinds = [c.child_by_field_name("type") for c in child.named_children[1:]]
                found = [self.type_text(k) for k in kinds if k is not None]
                bounds[self.text(child.named_children[0])] = found[0] if found else ""
        for child in node.named_children:
            if child.type == "type_parameter_list":
                for parameter in child.named_children:
                    name = self.text(parameter.child_by_field_name("name"))
                    if name:
                        self.typevars.append([index, name, bounds.get(name, "")])

    def params(self, parameters: Node | None) -> tuple[Param, ...]:
        out: list[Param] = []
        children = parameters.children if parameters is not None else []
        for child in children:
            if child.type == "parameter":
                kind, name = child.child_by_field_name("type"), self.text(child.child_by_field_name("name"))
                tail = (
                    self.source.data[child.start_byte : child.end_byte]
                    .decode("utf-8", "replace")
                    .partition("=")[2]
                    .strip()
                )
                words = {self.text(c) for c in child.named_children if c.type == "modifier"}
                rest = "*" if "params" in words else "&" if words & {"ref", "out"} else ""
                out.append(Param(name, self.type_text(kind), tail, rest))
        # `params T[] rest` stands bare at the end of the list.
        if parameters is not None and (name_node := parameters.child_by_field_name("name")) is not None:
            kind_text = self.type_text(parameters.child_by_field_name("type")).removesuffix("[]")
            out.append(Param(self.text(name_node), kind_text, "", "*"))
        return tuple(out)

    def is_extension(self, parameters: Node | None) -> bool:
        first = parameters.named_children[0] if parameters is not None and parameters.named_children else None
        return first is not None and any(self.text(c) == "this" for c in first.named_children if c.type == "modifier")

    def template(self, node: Node) -> str:
        """The text of a message with {} where a value goes, empty when the node is no message."""
        if node.type in ("string_literal", "verbatim_string_literal", "raw_string_literal"):
            return self.text(node).lstrip("@").strip('"')
        if node.type == "interpolated_string_expression":
            return "".join(
                self.text(c) if c.type in ("string_content", "escape_sequence") else self._hole(c)
                for c in node.named_children
                if c.type in ("string_content", "interpolation", "escape_sequence")
            )
        if node.type == "binary_expression" and self.text(node.child_by_field_name("operator")) == "+":
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            sides = [self.template(side) if side is not None else "" for side in (left, right)]
            if any(sides):
                return "".join(t or self._hole(n) for t, n in zip(sides, (left, right), strict=True))
        return ""

    def _hole(self, node: Node | None) -> str:
        text = self.text(node).strip("{}").partition(":")[0]
        return "{" + text + "}" if text.replace(".", "").replace("_", "").isalnum() else "{}"

    def called_by(self, node: Node) -> str | None:
        if node.type != "invocation_expression":
            return None
        name = self.called(node.child_by_field_name("function"))[1]
        return self.text(name).lower().removeprefix("log") or "log"

    # ------------------------------------------------------------------ expressions
    def called(self, function: Node | None) -> tuple[Node | str | None, Node | None]:
        """(receiver, name) of what is called; no name when it is neither a name nor a member."""
        if function is None:
            return None, None
        if function.type in ("identifier", "generic_name"):
            return None, function
        if function.type == "member_access_expression":
            expression = function.child_by_field_name("expression")
            word = next((c.type for c in function.children if c.type in ("this", "base")), "")
            return ("super" if word == "base" else word or expression), function.child_by_field_name("name")
        if function.type == "conditional_access_expression":
            bound = next((c for c in function.named_children if c.type == "member_binding_expression"), None)
            if bound is not None:
                return function.child_by_field_name("condition"), bound.child_by_field_name("name")
        return None, None

    def args(self, arguments: Node | None) -> list[str]:
        given = [c for c in arguments.named_children if c.type == "argument"] if arguments is not None else []
        return [self._argument(c) for c in given]

    def _argument(self, node: Node) -> str:
        if any(c.type == "this" for c in node.children):
            return "this"
        inner = node.named_children[-1] if node.named_children else None
        name = node.child_by_field_name("name")
        before = f"{self.text(name)}:" if name is not None else ""
        return before + clip(self.chain(inner)) + ("&" if any(c.type in ("ref", "out") for c in node.children) else "")

    def typed_new(self, value: Node | None, written: str, scope: int) -> Node | None:
        """`Foo x = new(…)` makes a Foo."""
        if value is None or value.type != "implicit_object_creation_expression":
            return value
        arguments = next((c for c in value.named_children if c.type == "argument_list"), None)
        self.call(scope, "", written, value, self.args(arguments), "new")
        return arguments

    def lambda_parameters(self, arguments: Node | None, scope: int, callee: str) -> None:
        """Parameters without a type hold what the callee passes: `xs.Select#0.0`."""
        given = [c for c in arguments.named_children if c.type == "argument"] if arguments is not None else []
        for position, argument in enumerate(given):
            function = argument.named_children[-1] if argument.named_children else None
            for number, name in enumerate(self.bare_parameters(function, scope)):
                if function is not None and name:
                    self.bind(scope, name, clip(f"{callee}#{position}.{number}"), function, "assigned", function)

    def bare_parameters(self, function: Node | None, scope: int) -> list[str]:
        """The names of a lambda's parameters, "" for those whose own type binds them."""
        parameters = function.child_by_field_name("parameters") if function is not None else None
        if function is None or function.type != "lambda_expression" or parameters is None:
            return []
        single = parameters.type in ("implicit_parameter", "identifier")
        found: list[str] = []
        for parameter in [parameters] if single else parameters.named_children:
            written = self.type_text(parameter.child_by_field_name("type"))
            name = self.text(parameter.child_by_field_name("name")) or self.text(parameter)
            found.append(name if name.isidentifier() and not written else "")
        return found

    def on_function(self, step: Step) -> None:
        """A function without a name: what its parameters are declared to hold."""
        node = step[0]
        for param in self.params(node.child_by_field_name("parameters")):
            self.bind(step[1], param.name, param.annotation, node, "declared", node)
        self.push(step)

    def delegate_parameters(self, value: Node | None, written: str, scope: int) -> None:
        """`Func<Cart, int> f = c => c.Count;`: the declared type says what the lambda's parameters are."""
        name, _, inside = written.partition("<")
        if value is None or name not in _DELEGATES or not inside:
            return
        kinds = split_commas(inside.removesuffix(">"), "<[(", ">])")
        for bare, kind in zip(self.bare_parameters(value, scope), kinds, strict=False):
            if bare:
                self.bind(scope, bare, kind, value, "declared", value)

    def on_pattern(self, step: Step) -> None:
        """`x is Foo f`, `case Foo f`, `out Foo f`."""
        node, scope = step[0], step[1]
        name, written = self.text(node.child_by_field_name("name")), self.type_text(node.child_by_field_name("type"))
        if name and written and written != "var":
            around = node.parent
            while around is not None and around.type not in (
                "switch_section",
                "switch_expression_arm",
                "block",
                "declaration_list",
            ):
                around = around.parent
            self.bind(scope, name, written, node, "declared", around)
        self.push(step)

    def deconstruct(self, pattern: Node, chain: str, scope: int, until: Node | None) -> None:
        """`var (a, b) = pair`."""
        for position, name in enumerate(pattern.children_by_field_name("name"), 1):
            self.bind(scope, self.text(name), clip(f"{chain}.Item{position}"), pattern, "assigned", until)

    def out_value(self, arguments: Node | None, scope: int, chain: str) -> None:
        """`map.TryGetValue(key, out var item)` puts an element into item."""
        last = arguments.named_children[-1] if arguments is not None and arguments.named_children else None
        held = last.named_children[-1] if last is not None and last.named_children else None
        written = held is not None and held.type == "declaration_expression" and held.child_by_field_name("type")
        if held is not None and written and self.type_text(written) == "var":
            name = self.text(held.child_by_field_name("name"))
            self.bind(scope, name, clip(f"{chain}[]"), held, "assigned", self.block(held))
