"""Messages of Python errors: the arguments of a raise in, the template of what it says out, `{expr}` for its holes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from extractor.parse.python_text import shorten, string_value, unescaped
from extractor.parse.python_unit import Unit
from extractor.parse.tree import collapse, walk

if TYPE_CHECKING:
    from tree_sitter import Node

_HOLE = re.compile(r"%(?:\((?P<name>\w+)\))?[#0\- +]*(?:\d+|\*)?(?:\.(?:\d+|\*))?[hlL]?[diouxXeEfFgGcrsa]")
_FIELD = re.compile(r"\{(?P<name>[^{}:!]*)[^{}]*\}")

_LETTERS = re.compile(r"[^\W\d_]{2}")
_WORDS = re.compile(r"[^\W\d_]{2}.*\s.*[^\W\d_]{2}", re.DOTALL)
_GIVEN = re.compile(r"\{[^{}]*\}")
_BINDING: Final = ("for_statement", "with_statement", "except_clause", "case_clause", "for_in_clause")


def message(unit: Unit, arguments: Node | None) -> str:
    """What an error made with these arguments says: the first of them, or one after it that has words where it has none."""
    given = [a for a in arguments.named_children if a.type != "comment"] if arguments is not None else []
    values = [a.child_by_field_name("value") if a.type == "keyword_argument" else a for a in given]
    found = [template(unit, value) for value in values]
    first = found[0] if found else ""
    if not _LETTERS.search(_GIVEN.sub("", first)):
        return next((text for text in found[1:] if _WORDS.search(_GIVEN.sub("", text))), first)
    return first


def note_saying(unit: Unit, function: Node, arguments: Node | None) -> None:
    """What a class gives its base to say, in `__init__`: `super().__init__(f"no key {key}")`."""
    within = unit.defs[unit.scope.index] if unit.scope.index >= 0 else None
    if within is None or within.name != "__init__" or within.kind != "method":
        return
    said = message(unit, arguments) if unit.of(function).endswith(".__init__") else ""
    if _WORDS.search(_GIVEN.sub("", said)):
        unit.says.append([within.scope, said])


def speaks(text: str) -> bool:
    """Whether a template says anything besides what its holes are filled with."""
    return bool(_LETTERS.search(_GIVEN.sub("", text)))


def template(unit: Unit, node: Node | None) -> str:
    """A message with its holes: `no such {name}` from an f-string, a %-format, .format, concatenation or a plain literal."""
    if node is None:
        return ""
    kind = node.type
    if kind == "identifier":
        said = template(unit, _assigned(unit, node))
        return said if speaks(said) else "{" + _name(unit, node) + "}"
    if kind == "string":
        return shorten("".join(_pieces(unit, node)), 300)
    if kind == "concatenated_string":
        return shorten("".join(template(unit, child) for child in node.named_children if child.type == "string"), 300)
    if kind == "parenthesized_expression" and node.named_children:
        return template(unit, node.named_children[0])
    if kind == "binary_operator":
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        operator = node.child_by_field_name("operator")
        text = _literal(unit, left)
        if operator is not None and operator.type == "%" and text is not None:
            holes = iter(_values(unit, right))
            return _HOLE.sub(lambda m: "{" + (m["name"] or next(holes, "")) + "}", text.replace("%%", "%"))
        if operator is not None and operator.type == "+":
            return shorten(template(unit, left) + template(unit, right), 300)
    if kind == "call":
        function = node.child_by_field_name("function")
        if function is not None and function.type == "attribute":
            base, name = function.child_by_field_name("object"), function.child_by_field_name("attribute")
            text = _literal(unit, base)
            if name is not None and unit.of(name) == "format" and text is not None:
                arguments = node.child_by_field_name("arguments")
                values = iter(_values(unit, arguments))
                return _FIELD.sub(
                    lambda m: "{" + (m["name"] if m["name"] and not m["name"].isdigit() else next(values, "")) + "}",
                    text,
                )
        return _literal(unit, node) or "{" + _name(unit, node) + "}"
    if kind in ("boolean_operator", "conditional_expression"):
        sides = [child for child in node.named_children if child.type != "comment"]
        texts = [template(unit, side) for side in (sides[::2] if kind == "conditional_expression" else sides[::-1])]
        return next((text for text in texts if speaks(text)), "{" + _name(unit, node) + "}")
    if kind in ("integer", "float", "none", "true", "false"):
        return ""
    return "{" + _name(unit, node) + "}"


def _literal(unit: Unit, node: Node | None) -> str | None:
    """The text of a literal, be it kept in a variable or handed to a function that translates it: `_("no such name")`."""
    if node is None:
        return None
    if node.type == "parenthesized_expression" and node.named_children:
        return _literal(unit, node.named_children[0])
    if node.type == "identifier":
        return _literal(unit, _assigned(unit, node))
    if node.type == "call":
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        plain = function is not None and function.type == "identifier" and arguments is not None
        first = arguments.named_children[0] if plain and arguments is not None and arguments.named_children else None
        text = _literal(unit, first) if first is not None and first.type != "identifier" else None
        return text if text and speaks(text) else None
    return template(unit, node) if node.type in ("string", "concatenated_string") else None


def _assigned(unit: Unit, name: Node) -> Node | None:
    """What a variable was given in the statements that lead to this place, None where that is not plain to see."""
    written, node = unit.of(name), name
    while (parent := node.parent) is not None:
        if parent.type in ("block", "module"):
            sibling = node.prev_named_sibling
            while sibling is not None:
                given = _given(unit, sibling, written)
                if given is not None:
                    plain = _plain(given, sibling) or _is_default(unit, sibling, written)
                    return given.child_by_field_name("right") if plain else None
                sibling = sibling.prev_named_sibling
        elif parent.type in _BINDING and any(
            child.type == "identifier" and unit.of(child) == written
            for part in parent.named_children
            if part != node
            for child in walk(part)
        ):
            return None
        elif parent.type in ("function_definition", "lambda"):
            taken = parent.child_by_field_name("parameters")
            if taken is not None and any(unit.of(child) == written for child in walk(taken)):
                return None
        node = parent
    return None


def _plain(assignment: Node, statement: Node) -> bool:
    """Whether a statement is this assignment of one thing to one name, and nothing else."""
    left = assignment.child_by_field_name("left")
    return (
        assignment.type == "assignment"
        and assignment.parent == statement
        and left is not None
        and left.type == "identifier"
    )


def _is_default(unit: Unit, statement: Node, name: str) -> bool:
    """Whether a statement gives a variable a value only where it has none: `if text is None: text = "…"`."""
    condition = statement.child_by_field_name("condition") if statement.type == "if_statement" else None
    return condition is not None and unit.of(condition) in (f"{name} is None", f"not {name}")


def _given(unit: Unit, statement: Node, name: str) -> Node | None:
    """The first assignment to a name inside a statement; functions and classes in it have names of their own."""
    stack = [statement]
    while stack:
        node = stack.pop()
        if node.type in ("assignment", "augmented_assignment"):
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            if right is not None and any(unit.of(child) == name for child in walk(left or right) if not child.children):
                return node
        elif node.type not in ("function_definition", "class_definition", "lambda"):
            stack.extend(reversed(node.named_children))
    return None


def _pieces(unit: Unit, node: Node) -> Iterator[str]:
    """The parts of one string literal, holes as {expression}."""
    value = string_value(unit, node)
    if value is not None:
        yield value
        return
    for child in node.children:
        if child.type == "interpolation":
            expression = child.child_by_field_name("expression")
            yield "{" + (_name(unit, expression) if expression is not None else "") + "}"
        elif child.type == "string_content":
            text = unit.of(child)
            for escaped in (unit.of(part) for part in child.named_children if part.type == "escape_sequence"):
                text = text.replace(escaped, unescaped(f"'{escaped}'") or escaped, 1)
            yield text.replace("{{", "{").replace("}}", "}")


def _values(unit: Unit, node: Node | None) -> list[str]:
    if node is None:
        return []
    items = node.named_children if node.type in ("tuple", "argument_list") else [node]
    return [_name(unit, item) for item in items if item.type not in ("comment", "keyword_argument")]


def _name(unit: Unit, node: Node) -> str:
    """A hole's name: the expression when it is short and plain, else nothing."""
    text = collapse(unit.of(node))
    return text if len(text) <= 60 and "{" not in text and '"' not in text else ""
