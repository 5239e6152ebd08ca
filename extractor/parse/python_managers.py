"""Context managers written as classes: which errors of the `with` body their `__exit__` swallows by giving back something true."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from extractor.facts import Handler
from extractor.parse.python_unit import Unit
from extractor.parse.tree import collapse

if TYPE_CHECKING:
    from tree_sitter import Node

EXITS: Final = ("__exit__", "__aexit__")
_FALSE: Final = ("false", "none")
_CHECKS: Final = ("issubclass", "isinstance")


def swallowed(unit: Unit, body: Node, index: int, line: int) -> None:
    """Note, for the method of this index, what its returns swallow: as a handler around a `with` body that runs on `line`."""
    returns = list(_returns(body))
    true = [(node, value) for node, value in returns if value is not None and value.type not in _FALSE]
    for node, value in true:
        tested = list(_tested(unit, value))
        if value.type == "true":
            conditions = list(_conditions(node, body))
            tested = [name for condition in conditions for name in _tested(unit, condition)]
            if not tested and (conditions or len(returns) > 1):
                continue  # it says when, but not of which errors
        elif not tested:
            continue
        unit.handlers.append(Handler(index, tuple(tested), line, line, line, "return"))
        unit.yields.append([index, line])


def _returns(node: Node) -> Iterator[tuple[Node, Node | None]]:
    """The return statements of a function's body, with what they give."""
    pending = [node]
    while pending:
        current = pending.pop()
        if current.type == "return_statement":
            yield current, next((c for c in current.named_children if c.type != "comment"), None)
        elif current.type not in ("function_definition", "class_definition", "lambda"):
            pending += reversed(current.named_children)


def _conditions(node: Node, body: Node) -> Iterator[Node]:
    """The conditions of the branches that a statement stands in; an `else` gives its `if`'s, of which nothing follows."""
    above = node.parent
    while above is not None and above != body:
        if above.type in ("if_statement", "elif_clause"):
            condition = above.child_by_field_name("condition")
            if condition is not None:
                yield condition
        above = above.parent


def _tested(unit: Unit, node: Node) -> Iterator[str]:
    """The classes that an expression holds an error against: `issubclass(kind, E)`, `isinstance(error, (E, F))`, `kind is E`."""
    if node.type == "call":
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        given = arguments.named_children if arguments is not None else []
        if function is not None and unit.of(function) in _CHECKS and len(given) == 2:
            yield from _classes(unit, given[1])
    elif node.type == "comparison_operator" and node.named_child_count == 2:
        operator = "".join(child.type for child in node.children if not child.is_named)
        if operator in ("is", "==", "in"):
            yield from _classes(unit, node.named_children[1])
    elif node.type in ("boolean_operator", "parenthesized_expression"):
        for child in node.named_children:
            yield from _tested(unit, child)


def _classes(unit: Unit, node: Node) -> Iterator[str]:
    if node.type in ("identifier", "attribute"):
        yield collapse(unit.of(node))
    elif node.type == "tuple":
        for child in node.named_children:
            yield from _classes(unit, child)
