"""C and C++ beside the tree: expressions, types and declarators as text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from extractor.parse.collect import MAX_STEPS
from extractor.parse.tree import collapse, end_line, start_line

if TYPE_CHECKING:
    from tree_sitter import Node

    from extractor.parse import Source


class Declarator(NamedTuple):
    """What a declarator declares. `name` is the node of the name, `function` the function_declarator if it is a function's,
    `shape` the pointers, references and arrays around it; `pointer` tells a function pointer from a function."""

    name: Node | None
    function: Node | None
    shape: str
    pointer: bool


_NAMES: Final = frozenset(
    ("identifier", "field_identifier", "qualified_identifier", "destructor_name", "operator_name", "type_identifier",
     "template_function", "operator_cast", "template_method", "structured_binding_declarator")
)  # fmt: skip


def unwrap(node: Node | None) -> Declarator:
    """Take a declarator apart, from the outside in."""
    function: Node | None = None
    shape, pointer = "", False
    while node is not None:
        kind = node.type
        if kind in _NAMES:
            return Declarator(node, function, shape, pointer)
        if kind in ("pointer_declarator", "abstract_pointer_declarator"):
            if function is not None:
                pointer = True
            shape += "*"
        elif kind in ("reference_declarator", "abstract_reference_declarator"):
            shape += "&&" if any(c.type == "&&" for c in node.children) else "&"
        elif kind == "array_declarator":
            shape += "[]"
        elif kind == "function_declarator" and function is None:
            function = node
        following = node.child_by_field_name("declarator")
        if following is None:
            following = next(
                (c for c in node.named_children if c.type in _NAMES or c.type.endswith("declarator")), None
            )
        node = following
    return Declarator(None, function, shape, pointer)


_LITERALS: Final = {
    "string_literal": "<char*>",
    "raw_string_literal": "<char*>",
    "concatenated_string": "<char*>",
    "number_literal": "<int>",
    "char_literal": "<char>",
    "true": "<bool>",
    "false": "<bool>",
    "null": "<null>",
    "nullptr": "<null>",
}
_TRUTH: Final = frozenset(("==", "!=", "<", ">", "<=", ">=", "&&", "||", "!", "and", "or", "not", "<=>"))
LITERALS: Final = frozenset((*_LITERALS.values(), "<double>"))
CASTS: Final = frozenset(
    ("static_cast", "dynamic_cast", "reinterpret_cast", "const_cast", "static_pointer_cast", "dynamic_pointer_cast")
)


def chain(source: Source, node: Node | None) -> str:
    """An expression in the notation of collect.py; ? for what has none."""
    steps: list[str] = []
    head = "?"
    while node is not None and len(steps) <= MAX_STEPS:
        kind = node.type
        if kind in ("identifier", "this", "field_identifier", "namespace_identifier", "type_identifier"):
            head = source.text(node)
            break
        if kind in ("qualified_identifier", "template_function", "template_type"):
            head = compact(source.text(node))
            break
        if kind == "field_expression":
            operator = "->" if any(c.type == "->" for c in node.children) else "."
            field = node.child_by_field_name("field")
            steps.append(operator + (member_name(source, field) if field is not None else ""))
            node = node.child_by_field_name("argument")
        elif kind == "call_expression":
            function = node.child_by_field_name("function")
            if function is not None and function.type == "template_function":
                name = function.child_by_field_name("name")
                arguments = function.child_by_field_name("arguments")
                if name is not None and arguments is not None and source.text(name).rpartition("::")[2] in CASTS:
                    head = f"<{compact(source.text(arguments))[1:-1]}>"
                    break
            steps.append("()")
            node = function
        elif kind == "subscript_expression":
            steps.append("[]")
            node = node.child_by_field_name("argument")
        elif kind == "pointer_expression":
            steps.append("^" if source.data[node.start_byte : node.start_byte + 1] == b"*" else "&")
            node = node.child_by_field_name("argument")
        elif kind == "parenthesized_expression":
            node = node.named_children[0] if node.named_children else None
        elif kind == "cast_expression":
            head = f"<{type_of(source, node.child_by_field_name('type'))}>"
            break
        elif kind == "new_expression":
            head = f"new {type_of(source, node.child_by_field_name('type'))}()"
            break
        elif kind == "compound_literal_expression":
            head = f"<{type_of(source, node.child_by_field_name('type'))}>"
            break
        elif kind in ("binary_expression", "unary_expression"):
            written = node.child_by_field_name("operator")
            sign = source.text(written) if written is not None else "?"
            if sign in _TRUTH:
                head = "<bool>"
                break
            steps.append(f"|{sign};")
            node = node.child_by_field_name("left") or node.child_by_field_name("argument")
        elif kind == "conditional_expression":
            node = node.child_by_field_name("consequence")
        elif kind == "assignment_expression":
            node = node.child_by_field_name("right")
        elif kind in _LITERALS:
            text = source.text(node)
            head = (
                "<double>"
                if kind == "number_literal" and "." in text and not text.startswith("0x")
                else _LITERALS[kind]
            )
            break
        elif kind == "lambda_expression":
            head = "=>" + _result(source, node)
            break
        elif kind == "co_await_expression" and node.named_children:
            node = node.named_children[0]
        else:
            break
    return head + "".join(reversed(steps)) if len(steps) <= MAX_STEPS else "?"


def member_name(source: Source, field: Node) -> str:
    """`get<T>` of `a.template get<T>()`."""
    return compact(source.text(field)).removeprefix("template ")


def _result(source: Source, function: Node) -> str:
    body = function.child_by_field_name("body")
    for child in reversed(body.named_children) if body is not None else ():
        if child.type == "return_statement" and child.named_children:
            return chain(source, child.named_children[0])
    return "?"


def type_of(source: Source, node: Node | None) -> str:
    return compact(source.text(node)) if node is not None else ""


def compact(text: str) -> str:
    """Types and qualified names without needless blanks: `std :: map< int, Foo >` is `std::map<int,Foo>`."""
    return re.sub(r"\s*(::|[<>,*&()])\s*", r"\1", collapse(text)) if not text.isidentifier() else text


def dotted(text: str) -> str:
    """`a::B<C>::d` as a qualified name: `a.B.d`."""
    plain, depth = [], 0
    for char in (
        text.replace("operator<<", "operator\x01")
        .replace("operator<", "operator\x02")
        .replace("operator->", "operator\x03")
    ):
        if char == "<":
            depth += 1
        elif char == ">" and depth:
            depth -= 1
        elif depth == 0:
            plain.append(char)
    joined = "".join(plain).replace("\x01", "<<").replace("\x02", "<").replace("\x03", "->")
    return (
        re.sub(r"\s+", "", joined).replace("::", ".").strip(".")
        if "operator" not in joined
        else joined.replace("::", ".").strip(".")
    )


def plain_type(annotation: str) -> str:
    """A parameter's type for comparing a declaration with its definition: qualifiers of names and blanks left out."""
    return re.sub(r"\b(?:const|struct|class|enum|typename)\b|\w+::|\s", "", annotation)


def split_qualified(text: str) -> tuple[str, str]:
    """`a::B<c::D>::e` into `a::B<c::D>` and `e`."""
    depth = 0
    for position in range(len(text) - 1, 0, -1):
        char = text[position]
        if char == ">":
            depth += 1
        elif char == "<":
            depth -= 1
        elif depth == 0 and text[position - 1 : position + 1] == "::":
            return text[: position - 1], text[position + 1 :]
    return "", text


def named_function(source: Source, node: Node | None) -> str:
    """The name that `f` or `&f` gives, "" for any other expression."""
    text = chain(source, node).removesuffix("&")
    return text if re.fullmatch(r"[A-Za-z_][\w:]*", text) else ""


def _chosen(target: str, kind: str) -> str:
    """A function with the parameters that a cast picks among its overloads: `f@(double,int)const`."""
    inside = re.search(r"\(([^()]*)\)\s*(const)?\s*(?:noexcept)?\s*$", kind)
    plain = target and not target.startswith("=>") and "@" not in target
    return f"{target}@({compact(inside[1])}){inside[2] or ''}" if inside is not None and plain else target


def binding_target(source: Source, node: Node) -> str:
    """What a registration registers: a function's chain, `=>first-last` for the lines of a lambda, "" for what is neither."""
    if node.type == "lambda_expression":
        return f"=>{start_line(node)}-{end_line(node)}"
    if node.type == "call_expression":
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        name = source.text(function) if function is not None else ""
        if name.partition("<")[0].endswith("::dispatch"):  # torch::dispatch(key, f)
            return binding_target(source, arguments.named_children[-1]) if arguments is not None else ""
        wraps = ("overload_cast", "TORCH_FN", "static_cast", "reinterpret_cast", "OverloadCast", "vectorize", "wrap")
        if arguments is not None and arguments.named_children and any(w in name for w in wraps):
            target = binding_target(source, arguments.named_children[0])
            given = name.partition("<")[2].rpartition(">")[0]
            if "overload_cast" in name.partition("<")[0] or "OverloadCast" in name.partition("<")[0]:
                constant = any("const_" in source.text(c) for c in arguments.named_children[1:])
                return _chosen(target, f"({given}){' const' * constant}")
            return _chosen(target, given) if "_cast" in name.partition("<")[0] else target
        return ""
    if node.type == "cast_expression":
        value = node.child_by_field_name("value")
        return (
            _chosen(binding_target(source, value), type_of(source, node.child_by_field_name("type"))) if value else ""
        )
    if node.type.endswith(("_literal", "concatenated_string")):
        return ""
    text = chain(source, node).removesuffix("&")
    return text if text != "?" else ""


_METHODS: Final = {
    "+": "add", "-": "sub", "*": "mul", "/": "truediv", "%": "mod", "<<": "lshift", ">>": "rshift", "&": "and", "|": "or", "^": "xor",
}  # fmt: skip
_COMPARED: Final = {"==": "eq", "!=": "ne", "<": "lt", ">": "gt", "<=": "le", ">=": "ge"}
_MIRRORED: Final = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_ALONE: Final = {"-": "neg", "+": "pos", "~": "invert", "!": "invert"}


def bound_operator(source: Source, node: Node) -> tuple[str, str] | None:
    """`py::self + py::self` of pybind11 and `self + self` of Boost: (the method it is in Python, what runs); None for what is none."""
    operator = node.child_by_field_name("operator")
    sign = source.text(operator) if operator is not None else ""
    sides = [node.child_by_field_name(f) for f in ("left", "right", "argument")]
    texts = [_side(source, side) for side in sides if side is not None]
    if "self" not in texts or not sign:
        return None
    if len(texts) == 1:
        method, right = _ALONE.get(sign, ""), ""
        left = texts[0]
    else:
        left, right = texts
        plain = sign.removesuffix("=") if node.type == "assignment_expression" else sign
        mirrored = left != "self"
        if plain in _METHODS:
            method = ("i" if plain != sign else "r" if mirrored else "") + _METHODS[plain]
        else:
            method = _COMPARED.get(_MIRRORED.get(sign, sign) if mirrored else sign, "")
    return (f"__{method}__", f"%{sign} {left} {right}") if method else None


def _side(source: Source, node: Node) -> str:
    """One side of a bound operator: `self`, else a value of the type written (`float()`, `other<A>()`)."""
    text = compact(source.text(node))
    if text.rpartition("::")[2] == "self":
        return "self"
    made = text.removesuffix("()")
    return f"<{made.partition('<')[2].removesuffix('>') if made.endswith('>') and 'other<' in made else made}>"
