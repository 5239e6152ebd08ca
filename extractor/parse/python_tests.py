"""Conditions of Python: what they say of names, and which values are asked whether they are true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from extractor.parse.python_annotation import annotation
from extractor.parse.python_text import is_name_part, string_value
from extractor.parse.python_unit import Flow, Unit, evaluated, expression, plain
from extractor.parse.tree import collapse, start_line

if TYPE_CHECKING:
    from tree_sitter import Node

_ASKED: Final = frozenset(("identifier", "attribute", "call", "subscript", "await", "named_expression"))
_TRUE_OR_FALSE: Final = frozenset(("isinstance", "issubclass", "hasattr", "callable", "any", "all", "len", "bool"))


def tests(unit: Unit, node: Node) -> tuple[Flow, ...]:
    """What an `if` condition says about names: ((name, (types), holds, only the body knows), …) for isinstance and `is None`."""
    kind = node.type
    if kind == "parenthesized_expression" and node.named_children:
        return tests(unit, node.named_children[0])
    if kind == "boolean_operator" and node.children[1].type == "and":
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        # Only what both parts say holds in the body; nothing can be said of the else branch.
        parts = (tests(unit, left) if left else ()) + (tests(unit, right) if right else ())
        return tuple([(name, types, holds, True) for name, types, holds, _ in parts])
    if kind == "not_operator":
        argument = node.child_by_field_name("argument")
        said = tests(unit, argument) if argument is not None else ()
        return tuple([(name, types, not holds, one) for name, types, holds, one in said]) if len(said) == 1 else ()
    if kind == "identifier":
        return ((unit.name(node), (), False, False),)
    if kind == "comparison_operator" and node.named_child_count == 2 and node.named_children[1].type == "none":
        # An empty list of types stands for None.
        operator = "".join(child.type for child in node.children if not child.is_named).replace(" ", "")
        if node.named_children[0].type == "identifier" and operator in ("is", "isnot"):
            return ((unit.name(node.named_children[0]), (), operator == "is", False),)
    if kind == "call":
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if function is None or arguments is None:
            return ()
        given = [child for child in arguments.named_children if child.type != "comment"]
        if function.type == "attribute" and function.named_children[0].type == "identifier" and len(given) == 1:
            begun = string_value(unit, given[0]) if given[0].type == "string" else None
            if begun and is_name_part(begun) and unit.name(function.named_children[-1]) == "startswith":
                return ((unit.name(function.named_children[0]), ("^", begun), True, False),)
        if unit.of(function) != "isinstance":
            return ()
        if len(given) == 2 and given[0].type in ("identifier", "attribute"):
            types = given[1].named_children if given[1].type == "tuple" else [given[1]]
            return ((collapse(unit.of(given[0])), tuple([annotation(unit.of(t)) for t in types]), True, False),)
    return ()


def truth(unit: Unit, node: Node) -> Flow:
    """A condition as flow: a value that is no plain truth value is asked for its own, as by `__bool__`."""
    while node.type == "parenthesized_expression" and node.named_children:
        node = next((child for child in node.named_children if child.type != "comment"), node.named_children[0])
    if node.type == "not_operator":
        argument = node.child_by_field_name("argument")
        return truth(unit, argument) if argument is not None else None
    if node.type == "boolean_operator":
        operands = _operands(unit, node)
        return evaluated([_known(said, truth(unit, operand)) for operand, said in operands])
    flow = expression(unit, node)
    if node.type not in _ASKED or plain(flow):
        return flow
    if node.type == "call" and flow.__class__ is tuple and flow[0] == "C" and str(flow[2]) in _TRUE_OR_FALSE:
        return flow
    return "V", flow, "bool", start_line(node)


def negation(unit: Unit, node: Node) -> Flow:
    return evaluated([truth(unit, node)])


def either(unit: Unit, node: Node) -> Flow:
    """`a or b and c`: any of the operands; all but the last are asked whether they are true."""
    flows: list[Flow] = []
    asked = 0
    operands = _operands(unit, node)
    for index, (operand, said) in enumerate(operands):
        flow = _known(said, expression(unit, operand))
        if flow is not None:
            flows.append(flow)
            asked += index < len(operands) - 1
    return ("U", tuple(flows), None, start_line(node), asked) if flows else None


def conditional(unit: Unit, node: Node) -> Flow:
    """`a if test else b`: either, each with what the test says of its names."""
    children = [child for child in node.named_children if child.type != "comment"]
    if len(children) != 3:
        return evaluated([expression(unit, child) for child in children])
    condition = truth(unit, children[1])
    before = condition if condition.__class__ is tuple and not plain(condition) else None
    first, second = expression(unit, children[0]), expression(unit, children[2])
    said = tuple([test for test in tests(unit, children[1]) if test[1]])
    if said and not (plain(first) and plain(second)):
        return "J", said, first, second, before
    flows = tuple([flow for flow in (first, second) if flow is not None])
    if before is not None:
        return "U", flows, before
    return ("U", flows) if len(flows) > 1 else flows[0] if flows else None


def _known(said: tuple[Flow, ...], flow: Flow) -> Flow:
    return ("J", said, flow, None, None) if said and not plain(flow) and flow.__class__ is tuple else flow


def _operands(unit: Unit, node: Node) -> list[tuple[Node, tuple[Flow, ...]]]:
    """The operands of `and` and `or` from the left, the spine walked without recursion, and what is known where each is read."""
    found: list[tuple[Node, str]] = []
    current: Node | None = node
    while current is not None and current.type == "boolean_operator":
        right = current.child_by_field_name("right")
        if right is not None:
            found.append((right, current.children[1].type))
        current = current.child_by_field_name("left")
    if current is not None:
        found.append((current, ""))
    found.reverse()
    said: tuple[Flow, ...] = ()
    operands: list[tuple[Node, tuple[Flow, ...]]] = []
    for index, (operand, operator) in enumerate(found):
        if index > 1 and operator != found[1][1]:
            said = ()  # past a mixture of both nothing is certain
        operands.append((operand, said))
        following = found[index + 1][1] if index + 1 < len(found) else ""
        if following and (index == 0 or operator == following):
            tested = [test for test in tests(unit, operand) if test[1]]
            if following == "or":
                tested = [(name, types, not holds, one) for name, types, holds, one in tested if not one]
            said = (*said, *tested)
    return operands
