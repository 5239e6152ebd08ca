"""Expressions of Python into the flow language (see `python_unit`), noting calls and lambdas on the way.

What cannot carry a callable, a class, an instance or a key becomes null, so most literals and arithmetic vanish here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from extractor.facts import Call, Definition
from extractor.languages import grammar
from extractor.parse import Source
from extractor.parse.python_message import note_saying
from extractor.parse.python_operators import binary, built, comparison, unary
from extractor.parse.python_tests import conditional, either, negation, tests
from extractor.parse.python_text import parameters, string_value
from extractor.parse.python_unit import Flow, Unit, evaluated, expression, other, plain
from extractor.parse.tree import collapse, end_line, start_line

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_KEY = 40
MAX_CONSTANTS = 16
MAX_RECEIVER = 120
_STAR: Final = ord("*")
_SPREADING: Final = frozenset(("list", "set", "tuple", "expression_list", "argument_list", "subscript"))
_TRUTH: Final = {"true": True, "false": False, "none": False}


def assigned(unit: Unit, node: Node, comprehension: bool = False) -> Flow:
    """An assignment's target as flow; the names it binds become the scope's own."""
    kind = node.type
    if kind == "identifier":
        name = unit.name(node)
        if comprehension:
            unit.scope.inner.add(name)
        elif name not in unit.scope.outer and name not in unit.scope.nonlocals:
            unit.scope.bound.add(name)
        return name
    if kind in ("pattern_list", "tuple_pattern", "list_pattern", "tuple", "list", "expression_list"):
        parts = tuple([assigned(unit, c, comprehension) for c in node.named_children if c.type != "comment"])
        return "T", start_line(node), parts
    if kind in ("list_splat_pattern", "list_splat") and node.named_children:
        return "S", assigned(unit, node.named_children[0], comprehension)
    if kind == "parenthesized_expression" and node.named_children:
        return assigned(unit, node.named_children[0], comprehension)
    return expression(unit, node)


def _identifier(unit: Unit, node: Node) -> Flow:
    name = unit.name(node)
    unit.scope.used.add(name)
    return name


def _attribute(unit: Unit, node: Node) -> Flow:
    children = node.named_children
    if len(children) < 2:
        return None
    owner = expression(unit, children[0])
    name = children[-1]
    return "A", owner, unit.name(name), name.start_point[0] + 1


def _call(unit: Unit, node: Node) -> Flow:
    function = node.child_by_field_name("function")
    arguments = node.child_by_field_name("arguments")
    if function is None:
        return other(unit, node)
    row, column = function.end_point
    site = unit.site()
    callee = expression(unit, function)
    positional: list[Flow] = []
    keywords: list[Flow] = []
    arity = 0
    if arguments is not None and arguments.type == "argument_list":
        for argument in arguments.named_children:
            kind = argument.type
            if kind == "comment":
                continue
            arity += 1
            if kind == "keyword_argument":
                name, value = argument.child_by_field_name("name"), argument.child_by_field_name("value")
                flow = expression(unit, value) if value is not None else None
                if value is not None and name is not None and value.type in _TRUTH:
                    callee_name = unit.of(function).rpartition(".")[2]
                    unit.told.append([unit.scope.index, row + 1, callee_name, unit.name(name), _TRUTH[value.type]])
                if flow is not None and name is not None:
                    keywords.append((unit.name(name), flow))
            elif kind == "dictionary_splat":
                keywords.append(("", expression(unit, argument.named_children[0]) if argument.named_children else None))
            else:
                positional.append(expression(unit, argument))
        if any(argument.type.endswith("_splat") for argument in arguments.named_children):
            arity = -1
    elif arguments is not None:
        arity = 1
        positional.append(expression(unit, arguments))
    note_saying(unit, function, arguments)
    note_call(unit, function, row + 1, node.start_point[1], arity)
    if function.type == "attribute" and function.named_child_count:
        column = function.named_children[-1].start_point[1]
    else:
        column = node.start_point[1]
    call = ("C", site, callee, tuple(positional), tuple(keywords), row + 1, column)
    if callee == "eval" and positional and plain(positional[0]) and positional[0] is not None:
        return "U", (_evaluated_text(unit, str(positional[0][1]), row),), call
    return call


def _evaluated_text(unit: Unit, text: str, row: int) -> Flow:
    """The flow of the expression in a constant string, as if it stood in that row."""
    from tree_sitter import Parser

    data = b"\n" * row + text.encode()
    tree = Parser(grammar(unit.source.spec)).parse(data)
    statement = tree.root_node.named_children[0] if tree.root_node.named_children else None
    if statement is None or statement.type != "expression_statement" or tree.root_node.has_error:
        return None
    outer = unit.source, unit.text
    unit.source, unit.text = Source(unit.source.path, data, unit.source.spec, tree, data), ""
    flow = _first(unit, statement)
    unit.source, unit.text = outer
    return flow


def note_call(unit: Unit, function: Node, line: int, column: int, arity: int, kind: str = "call") -> None:
    """The plain fact that a call stands here, its callee as written."""
    if function.type == "identifier":
        receiver, name = "", unit.name(function)
    elif function.type == "attribute" and function.named_child_count >= 2:
        children = function.named_children
        receiver, name = _short(unit, children[0]), unit.name(children[-1])
    else:
        receiver, name = _short(unit, function), ""
    unit.calls.append(Call(unit.scope.index, receiver, name, line, column, arity, kind))


def _short(unit: Unit, node: Node) -> str:
    text = unit.name(node)
    if len(text) > MAX_RECEIVER or "\n" in text:
        text = collapse(text)
        return text if len(text) <= MAX_RECEIVER else text[: MAX_RECEIVER - 1] + "…"
    return text


def _string(unit: Unit, node: Node) -> Flow:
    content = node.child(1)
    if content is not None and not _has_holes(node):
        value = string_value(unit, node) if content.end_byte - content.start_byte <= MAX_KEY else None
        if value is None or len(value) > MAX_KEY or "\n" in value:
            return None
        return "K", sys.intern(value)
    texts, parts = [""], []
    for child in node.children:
        if child.type == "interpolation":
            texts.append("")
            parts += _interpolation(unit, child)
        elif child.type == "string_content":
            texts[-1] += unit.of(child)
    return built(texts, parts) if len(texts) == len(parts) + 1 else evaluated(parts)


def _has_holes(node: Node) -> bool:
    """Whether a string literal has parts that are no text."""
    middle = node.child(1)
    return node.child_count > 3 or (middle is not None and middle.type == "interpolation")


def _interpolation(unit: Unit, node: Node) -> list[Flow]:
    """`{value!r:spec}`: the value is made text."""
    children = node.named_children
    kind = next((unit.of(child)[1:2] for child in children if child.type == "type_conversion"), "")
    flows = [expression(unit, child) for child in children if child.type != "type_conversion"]
    if flows and not plain(flows[0]):
        flows[0] = ("V", flows[0], {"r": "repr", "a": "repr", "s": "str"}.get(kind, "format"), start_line(node))
    return flows


def _concatenated(unit: Unit, node: Node) -> Flow:
    return evaluated(
        [expression(unit, child) for child in node.named_children if child.type == "string" and _has_holes(child)]
    )


def _integer(unit: Unit, node: Node) -> Flow:
    text = unit.of(node)
    return ("K", int(text)) if len(text) <= 4 and text.isdecimal() and (text == "0" or text[0] != "0") else None


def _nothing(unit: Unit, node: Node) -> Flow:
    return None


def _first(unit: Unit, node: Node) -> Flow:
    for child in node.named_children:
        if child.type != "comment":
            return expression(unit, child)
    return None


def _items(unit: Unit, node: Node) -> tuple[Flow, ...]:
    data = unit.source.data
    flows: list[Flow] = []
    for child in node.named_children:
        if child.type != "comment":
            flow = expression(unit, child)
            # In a display the grammar binds the star to the first name alone: `[*a.b()]` stars what comes of it all.
            spread = data[child.start_byte] == _STAR and child.type != "list_splat"
            flows.append(("S", flow) if spread else flow)
    if len(flows) > MAX_CONSTANTS and all(plain(flow) for flow in flows):
        return ()
    return tuple(flows)


def _sequence(tag: str) -> Callable[[Unit, Node], Flow]:
    def read(unit: Unit, node: Node) -> Flow:
        return tag, unit.site(), _items(unit, node)

    return read


def _dictionary(unit: Unit, node: Node) -> Flow:
    site = unit.site()
    pairs: list[Flow] = []
    for child in node.named_children:
        if child.type == "pair":
            key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
            if key is not None and value is not None:
                pairs.append((expression(unit, key) or ("X", ()), expression(unit, value)))
        elif child.type == "dictionary_splat":
            pairs.append((None, _first(unit, child)))
    constant = all(
        key is not None and key.__class__ is tuple and key[0] in "KX" and plain(value) for key, value in pairs
    )
    return "D", site, () if constant and len(pairs) > MAX_CONSTANTS else tuple(pairs)


def _splat(unit: Unit, node: Node) -> Flow:
    inner = _first(unit, node)
    whole = node.parent is None or node.parent.type in _SPREADING
    return ("S", inner) if whole else inner


def _subscript(unit: Unit, node: Node) -> Flow:
    value = node.child_by_field_name("value")
    keys = node.children_by_field_name("subscript")
    if value is None:
        return None
    owner = expression(unit, value)
    if len(keys) == 1 and keys[0].type == "slice":
        return _slice(unit, keys[0], owner, start_line(node))
    flows = [expression(unit, key) for key in keys]
    if len(flows) == 1:
        return "I", owner, flows[0], start_line(node)
    return "I", owner, ("T", unit.site(), tuple(flows)), start_line(node)


def _slice(unit: Unit, node: Node, owner: Flow, line: int) -> Flow:
    parts: list[Flow] = []
    fields: list[Flow] = [None]
    for child in node.children:
        if child.type == ":":
            fields.append(None)
        elif child.is_named and child.type != "comment":
            fields[-1] = expression(unit, child)
            parts.append(fields[-1])
    bounds = [f[1] if f is not None and plain(f) and isinstance(f[1], int) else None for f in fields[:2]]
    known = all(plain(flow) for flow in fields) and len(fields) == 2
    return ("L", owner, bounds[0], bounds[1], line) if known else ("L", owner, "?", evaluated(parts), line)


def _lambda(unit: Unit, node: Node) -> Flow:
    scope = unit.scope
    number = unit.lambdas[scope.index] = unit.lambdas.get(scope.index, 0) + 1
    name = f"<lambda{number}>"
    qualname = unit.qualname(name)
    found = parameters(unit, node.child_by_field_name("parameters"))
    body = node.child_by_field_name("body")
    defaults = tuple(
        [(i, flow) for i, (_, _, d) in enumerate(found) if d is not None and (flow := expression(unit, d))]
    )
    line, last = start_line(node), end_line(node)
    flags = ("lambda", "nested") if scope.kind == "function" else ("lambda",)
    definition = Definition(
        "function", name, qualname, unit.ordinal(qualname), scope.index, line, last,
        collapse(unit.of(node))[:160], tuple(p for p, _, _ in found), visibility="private",
        content_hash=unit.source.content_hash(line, last), flags=flags,
    )  # fmt: skip
    inner = unit.enter(definition, "function")
    inner.bound.update(p.name for p, _, _ in found)
    if body is not None:
        inner.flow.append(("r", expression(unit, body)))
    index = inner.index
    unit.leave()
    return "F", index, defaults


def _comprehension(kind: str) -> Callable[[Unit, Node], Flow]:
    def read(unit: Unit, node: Node) -> Flow:
        site = unit.site()
        clauses: list[Flow] = []
        body: Node | None = node.child_by_field_name("body")
        for child in node.named_children:
            if child.type == "for_in_clause":
                left, right = child.child_by_field_name("left"), child.child_by_field_name("right")
                if left is None or right is None:
                    continue
                iterable = expression(unit, right)
                asynchronous = any(c.type == "async" for c in child.children)
                clauses.append(("f", assigned(unit, left, True), iterable, start_line(child), asynchronous))
            elif child.type == "if_clause":
                said = tests(unit, child.named_children[0]) if child.named_children else ()
                clauses.append(("i", _first(unit, child), tuple([test for test in said if test[1]])))
        if body is None:
            return None
        if body.type == "pair":
            key, value = body.child_by_field_name("key"), body.child_by_field_name("value")
            items = [expression(unit, part) if part is not None else None for part in (key, value)]
        else:
            items = [expression(unit, body)]
        return "G", site, kind, tuple(items), tuple(clauses)

    return read


def _walrus(unit: Unit, node: Node) -> Flow:
    name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    if name is None or value is None:
        return None
    flow = expression(unit, value)
    return "N", assigned(unit, name), flow


def _yield(unit: Unit, node: Node) -> Flow:
    unit.scope.flags.add("generator")
    index = unit.scope.index
    if index >= 0 and any("contextmanager" in decorator for decorator in unit.defs[index].decorators):
        unit.yields.append([index, start_line(node)])
    delegates = any(child.type == "from" for child in node.children)
    return "Z" if delegates else "Y", _first(unit, node)


def _await(unit: Unit, node: Node) -> Flow:
    inner = _first(unit, node)
    return ("W", inner) if inner is not None else None


EXPRESSIONS: Final[dict[str, Callable[[Unit, Node], Flow]]] = {
    "identifier": _identifier,
    "attribute": _attribute,
    "call": _call,
    "string": _string,
    "concatenated_string": _concatenated,
    "integer": _integer,
    "float": _nothing,
    "true": _nothing,
    "false": _nothing,
    "none": _nothing,
    "ellipsis": _nothing,
    "comment": _nothing,
    "parenthesized_expression": _first,
    "as_pattern": _first,
    "tuple": _sequence("T"),
    "expression_list": _sequence("T"),
    "list": _sequence("B"),
    "set": _sequence("E"),
    "dictionary": _dictionary,
    "list_splat": _splat,
    "subscript": _subscript,
    "lambda": _lambda,
    "boolean_operator": either,
    "conditional_expression": conditional,
    "binary_operator": binary,
    "unary_operator": unary,
    "comparison_operator": comparison,
    "not_operator": negation,
    "list_comprehension": _comprehension("l"),
    "set_comprehension": _comprehension("s"),
    "dictionary_comprehension": _comprehension("d"),
    "generator_expression": _comprehension("g"),
    "named_expression": _walrus,
    "yield": _yield,
    "await": _await,
}
