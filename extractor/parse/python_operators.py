"""Operators of Python into the flow language: only what may call a method of a known class, or hand on a value, is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from extractor.parse.python_text import is_module_part, is_name_part, string_value
from extractor.parse.python_unit import Flow, Unit, evaluated, expression, plain
from extractor.parse.tree import start_line

if TYPE_CHECKING:
    from tree_sitter import Node

_STEMS: Final = {
    "+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod", "**": "pow", "@": "matmul",
    "<<": "lshift", ">>": "rshift", "&": "and", "|": "or", "^": "xor",
}  # fmt: skip
BINARY: Final = {sign: (f"__{stem}__", f"__r{stem}__") for sign, stem in _STEMS.items()}
IN_PLACE: Final = {f"{sign}=": (f"__i{stem}__", f"__{stem}__") for sign, stem in _STEMS.items()}
UNARY: Final = {"-": "__neg__", "+": "__pos__", "~": "__invert__"}  # fmt: skip
COMPARE: Final = {
    "==": ("__eq__", "__eq__"), "!=": ("__ne__", "__ne__"), "<": ("__lt__", "__gt__"), ">": ("__gt__", "__lt__"),
    "<=": ("__le__", "__ge__"), ">=": ("__ge__", "__le__"),
}  # fmt: skip  # fmt: skip
MAX_HOLES: Final = 3
LONG_CHAIN = 24


def binary(unit: Unit, node: Node) -> Flow:
    """Operators, the left spine walked without recursion; a long chain is only evaluated."""
    chain: list[tuple[str, Node, int]] = []
    current = node
    while current.type == "binary_operator":
        left, right = current.child_by_field_name("left"), current.child_by_field_name("right")
        operator = current.child_by_field_name("operator")
        if left is None or right is None or operator is None:
            break
        chain.append((operator.type, right, start_line(operator)))
        current = left
    flow = expression(unit, current) if current is not node else None
    if len(chain) > LONG_CHAIN:
        return evaluated([flow, *(expression(unit, right) for _, right, _ in reversed(chain))])
    for sign, right, line in reversed(chain):
        other = expression(unit, right)
        if sign == "%" and len(chain) == 1 and current.type == "string":
            return formatted(unit, current, other, line)
        if flow is None and other is None:
            continue
        if plain(flow) and plain(other):
            flow = None
            continue
        flow = ("O", BINARY.get(sign, BINARY["+"]), flow, other, line)
    return flow


def unary(unit: Unit, node: Node) -> Flow:
    operand = node.child_by_field_name("argument")
    flow = expression(unit, operand) if operand is not None else None
    operator = node.children[0].type if node.children else ""
    if flow is None:
        return None
    if plain(flow):
        return ("K", -flow[1]) if operator == "-" and isinstance(flow[1], int) else None
    return "O", (UNARY.get(operator, "__neg__"), ""), flow, None, start_line(node)


def comparison(unit: Unit, node: Node) -> Flow:
    operands = [child for child in node.named_children if child.type != "comment"]
    flows = [expression(unit, operand) for operand in operands]
    operators = [child.type for child in node.children if not child.is_named]
    if len(flows) == 2 and operators:
        left, right = flows
        if operators[0] in COMPARE and left.__class__ is str and plain(right):
            return "V", left, COMPARE[operators[0]][0], start_line(node)
        if operators[0] in COMPARE and not (plain(left) and plain(right)):
            return "O", COMPARE[operators[0]], left, right, start_line(node)
        if operators[-1] == "in" and "is" not in operators and not plain(right):
            return "X", (("O", ("__contains__", ""), right, left, start_line(node)),)
    if len(flows) == len(operators) + 1 > 2 and all(sign in COMPARE for sign in operators):
        # `a < b < c` asks each pair.
        pairs = zip(operators, flows, flows[1:], strict=False)
        return "X", tuple([("O", COMPARE[sign], a, b, start_line(node)) for sign, a, b in pairs])
    return evaluated(flows)


def formatted(unit: Unit, template: Node, values: Flow, line: int) -> Flow:
    """`"…%s…" % values`: they are made text; a name built around one of them is kept as far as it is written."""
    text = string_value(unit, template) or ""
    asked = ("V", values, "str", line) if values.__class__ in (tuple, str) and not plain(values) else None
    texts = text.split("%s")
    if len(texts) > 2 and values.__class__ is tuple and values[0] == "T" and len(values[2]) == len(texts) - 1:
        return built(texts, [("V", item, "str", line) for item in values[2]])
    return built(texts, [asked]) if len(texts) == 2 else evaluated([asked])


def built(texts: list[str], holes: list[Flow]) -> Flow:
    """A text with values between its parts: a name put together where all that is written may be a part of one."""
    written = "".join(texts)
    is_name = len(holes) == 1 and (written == "_" or is_name_part(written))
    if not (is_name or is_module_part(written)) or len(holes) > MAX_HOLES:
        return evaluated(holes)
    between = [part for hole, text in zip(holes, texts[1:], strict=True) for part in (hole, ("K", text))]
    return "M", (("K", texts[0]), *between)
