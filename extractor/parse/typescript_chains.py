"""TypeScript and JavaScript expressions and types as text: nodes in, chains (see collect.py) and collapsed types out. Here a function
without a name is `=>place@line@result`, its parameters `@place:0` or `callee#0.0@place`, and a key may be known in part (BEGINS) or by
the constant that names it (CONSTANT).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from extractor.parse.collect import MAX_CHAIN, MAX_STEPS
from extractor.parse.tree import collapse, start_line

if TYPE_CHECKING:
    from tree_sitter import Node

    from extractor.parse import Source

_LITERALS: Final = {
    "string": "<string>",
    "template_string": "<string>",
    "number": "<number>",
    "true": "<boolean>",
    "false": "<boolean>",
    "regex": "<RegExp>",
    "array": "<Array>",
    "null": "<null>",
    "undefined": "<null>",
}
_PLAIN: Final = frozenset((*_LITERALS.values(), "?"))
CONSTANT: Final = (
    "\ua78f"  # before a key that is a constant's value, as in `this[kRoutes]`; a letter, so that it ends no name
)
_CONSTANT = re.compile(r"k[A-Z]\w*|[A-Z][A-Z0-9_]+|\$\$?[a-z]\w*")
BEGINS: Final = "…"  # behind a name of which only the beginning is told
MAX_NESTED: Final = 8
MAX_ELEMENTS: Final = 24  # of an array or object written out; what follows is more of the same
_KEYS: Final = frozenset(("property_identifier", "private_property_identifier", "number", "identifier"))
_FUNCTIONS: Final = frozenset(("arrow_function", "function_expression", "generator_function"))
_BLOCKS: Final = frozenset(
    ("statement_block", "if_statement", "else_clause", "for_statement", "for_in_statement", "while_statement", "do_statement",
     "try_statement", "catch_clause", "finally_clause", "switch_statement", "switch_body", "switch_case", "switch_default")
)  # fmt: skip
_TRANSPARENT: Final = frozenset(
    ("parenthesized_expression", "non_null_expression", "satisfies_expression", "spread_element")
)


def chain(source: Source, node: Node | None, depth: int = 0) -> str:
    """An expression in the notation of collect.py; ? for what has none, or is nested deeper than says anything."""
    if depth > MAX_NESTED:
        return "?"
    steps: list[str] = []
    head = "?"
    while node is not None and len(steps) <= MAX_STEPS:
        kind = node.type
        if kind in ("identifier", "this", "super"):
            head = source.text(node)
            break
        if kind == "member_expression":
            steps.append("." + source.text(node.child_by_field_name("property")))  # type: ignore[arg-type]
            node = node.child_by_field_name("object")
        elif kind == "call_expression":
            function = node.child_by_field_name("function")
            required = _required(source, node, function)
            if required:
                lazy = function is not None and function.type == "import"
                head = f"import:{required}" if lazy else f"require:{required}"
                break
            called = immediate(function)
            if called is not None:
                head = _result(source, called, depth + 1)
                break
            steps.append("()")
            node = function
        elif kind == "subscript_expression":
            index = node.child_by_field_name("index")
            steps.append(_key_step(source, index))
            node = node.child_by_field_name("object")
        elif kind in _TRANSPARENT:
            node = inside(node)
        elif kind == "await_expression":
            steps.append("!")
            node = node.named_children[0] if node.named_children else None
        elif kind in ("as_expression", "type_assertion"):
            parts = node.named_children
            if len(parts) == 1:  # `as const`
                node = parts[0]
                continue
            wanted = parts[-1] if kind == "as_expression" else parts[0]
            written = collapse(source.text(wanted)).removeprefix("<").removesuffix(">") if parts else ""
            if written in ("const", "any", "unknown"):
                node = parts[0] if kind == "as_expression" else parts[-1]
                continue
            held = chain(source, parts[0], depth + 1) if "=>" in written and kind == "as_expression" else "?"
            head = f"({held}|<{written}>)" if held != "?" else f"<{written}>"
            break
        elif kind == "new_expression":
            made = node.child_by_field_name("constructor")
            if (
                made is not None and made.type == "subscript_expression"
            ):  # `new kinds[name]()`: what is held there is called
                steps.append("()")
                node = made
                continue
            arguments = node.child_by_field_name("type_arguments")
            head = (
                f"new {collapse(source.text(made))}{collapse(source.text(arguments)) if arguments else ''}()"
                if made
                else "?"
            )
            break
        elif kind == "array" and node.named_children:
            head = _array(source, node, depth + 1)
            break
        elif kind == "object":
            head = _object(source, node, depth + 1)
            break
        elif kind == "class":  # named as its definition is
            named = node.child_by_field_name("name")
            head = source.text(named) if named is not None else "anonymous"
            break
        elif kind in _LITERALS:
            head = _LITERALS[kind]
            break
        elif kind in ("binary_expression", "ternary_expression"):
            operator = source.text(node.child_by_field_name("operator")) if kind == "binary_expression" else ""  # type: ignore[arg-type]
            if kind == "ternary_expression":
                head = _either(source, _branches(node), depth + 1)
            elif operator in ("||", "??"):
                head = _either(source, _operands(source, node), depth + 1)
            elif operator == "&&":
                node = node.child_by_field_name("right")
                continue
            break
        elif kind == "assignment_expression":  # `a.set = a.header = function…`: what the last of them names
            given, place = node.child_by_field_name("right"), node.child_by_field_name("left")
            defined = given is not None and given.type in _FUNCTIONS and place is not None
            node = place if defined and place is not None and place.type == "member_expression" else given
        elif kind == "augmented_assignment_expression":
            head = _either(source, _operands(source, node), depth + 1)
            break
        elif kind in _FUNCTIONS:
            named = node.child_by_field_name("name")
            head = source.text(named) if named is not None else _lambda(source, node, depth + 1)
            break
        else:
            break
    return head + "".join(reversed(steps)) if len(steps) <= MAX_STEPS else "?"


def _key_step(source: Source, index: Node | None) -> str:
    name = key_name(source, index)
    return f".{name}" if name else "[]"


def key_name(source: Source, index: Node | None) -> str:
    """The key that a subscript tells: all of it, or how it begins, as in `this[`visit${kind}`]`; empty for neither."""
    if index is None:
        return ""
    if index.type == "string":
        return string_value(source, index)
    text = source.text(index)
    if index.type == "number":
        return text if text.isdigit() else ""
    if index.type == "identifier":
        return CONSTANT + text if _CONSTANT.fullmatch(text) else ""
    begins = ""
    if index.type == "template_string":
        begins = text[1:].partition("${")[0]
        if begins == text[1:]:
            return begins[:-1]
    elif index.type == "binary_expression" and text[:1] in "\"'":
        begins = text[1:].partition(text[0])[0]
    return f"{begins}{BEGINS}" if len(begins) > 1 and begins.isidentifier() else ""


def member_name(name: str) -> str:
    """A key of a chain as the member of that name is called: `[kRoutes]`."""
    return f"[{name[1:]}]" if name[:1] == CONSTANT else name


def _branches(node: Node) -> list[Node | None]:
    """What `a ? b : c ? d : e` may give. Conditions can follow one another by the thousand: in a loop."""
    found: list[Node | None] = []
    current: Node | None = node
    while current is not None and current.type == "ternary_expression" and len(found) < MAX_ELEMENTS:
        found.append(current.child_by_field_name("consequence"))
        current = current.child_by_field_name("alternative")
    return [*found, current]


def _operands(source: Source, node: Node) -> list[Node | None]:
    """What `a || b ?? c` may give."""
    found: list[Node | None] = [node.child_by_field_name("right")]
    left = node.child_by_field_name("left")
    while left is not None and len(found) < MAX_ELEMENTS:
        operator = left.child_by_field_name("operator") if left.type == "binary_expression" else None
        if operator is None or source.text(operator) not in ("||", "??"):
            break
        found.append(left.child_by_field_name("right"))
        left = left.child_by_field_name("left")
    return [left, *reversed(found)]


def _either(source: Source, nodes: list[Node | None], depth: int) -> str:
    """What may be any of several values, without those that say nothing."""
    found: list[str] = []
    for node in nodes:
        text = chain(source, node, depth)
        if text not in ("?", "<null>", *found):
            found.append(text)
    return f"({'|'.join(found)})" if len(found) > 1 else found[0] if found else "?"


def _array(source: Source, node: Node, depth: int) -> str:
    """`[a, ...b]`, each element as a chain; literals of one type say only that type."""
    parts = []
    for child in node.named_children[:MAX_ELEMENTS]:
        if child.type != "comment":
            inner = chain(source, child, depth)
            parts.append(f"...{inner}" if child.type == "spread_element" else inner)
    parts = _fitting(parts)
    if all(p in _PLAIN for p in parts):
        return "<Array>" if len(set(parts)) != 1 or parts[0] == "?" else f"<{parts[0][1:-1]}[]>"
    return f"[{','.join(parts)}]"


def _object(source: Source, node: Node, depth: int) -> str:
    """`{a: x, b, ...c}`, each value as a chain."""
    parts = []
    for child in node.named_children[:MAX_ELEMENTS]:
        if child.type == "shorthand_property_identifier":
            parts.append(f"{source.text(child)}:{source.text(child)}")
        elif child.type == "pair":
            key = property_name(source, child.child_by_field_name("key"))
            parts.append(
                f"{key if key.isidentifier() else ''}:{chain(source, child.child_by_field_name('value'), depth)}"
            )
        elif child.type == "spread_element":
            parts.append(f"...:{chain(source, child, depth)}")
        elif child.type == "method_definition" and not any(c.type in ("get", "set") for c in child.children):
            key = property_name(source, child.child_by_field_name("name"))
            if key.isidentifier():  # a definition of the scope around, told from its namesakes by its line
                parts.append(f"{key}:~{start_line(child)}~{key}")
    return f"{{{','.join(_fitting(parts))}}}"


def attributes(source: Source, element: Node) -> str:
    """What a JSX element is given, as the object that its component gets."""
    parts = []
    for child in element.named_children:
        if child.type == "jsx_attribute" and len(child.named_children) == 2:
            name, value = child.named_children
            held = value.named_children[0] if value.type == "jsx_expression" and value.named_children else value
            if source.text(name).isidentifier():
                parts.append(f"{source.text(name)}:{chain(source, held)}")
    return f"{{{','.join(_fitting(parts))}}}" if parts else "?"


def _fitting(parts: list[str]) -> list[str]:
    """As many of them as a chain has room for."""
    room = MAX_CHAIN - 2
    for count, part in enumerate(parts):
        room -= len(part) + 1
        if room < 0:
            return parts[:count]
    return parts


def inside(node: Node) -> Node | None:
    """What stands between parentheses, comments apart."""
    return next((c for c in node.named_children if c.type != "comment"), None)


def bare(node: Node | None) -> Node | None:
    """A value without the parentheses around it."""
    while node is not None and node.type == "parenthesized_expression":
        node = inside(node)
    return node


def immediate(function: Node | None) -> Node | None:
    """The function expression that is called where it stands: `(function () { … })()`."""
    function = bare(function)
    return function if function is not None and function.type in _FUNCTIONS else None


def returned(function: Node) -> list[Node]:
    """What a function expression returns: its body, or the values of its return statements, the last first."""
    body = function.child_by_field_name("body")
    if body is None or body.type != "statement_block":
        return [body] if body is not None else []
    found: list[Node] = []
    stack = [body]
    while stack and len(found) < MAX_NESTED:
        node = stack.pop()
        if node.type == "return_statement":
            found.extend(node.named_children[:1])
        elif node.type in _BLOCKS:
            stack.extend(node.named_children)
    return found


def _lambda(source: Source, function: Node, depth: int) -> str:
    """`=>place@line@result`: a function without a name by where it begins, the line of its result, and that result."""
    values = returned(function)
    line = start_line(values[0]) if values else start_line(function)
    return f"=>{function.start_byte}@{line}@{_either(source, list(values), depth)}"


def _result(source: Source, function: Node, depth: int) -> str:
    return _either(source, list(returned(function)), depth)


def _required(source: Source, node: Node, function: Node | None) -> str:
    arguments = node.child_by_field_name("arguments")
    if function is None or arguments is None or source.text(function) not in ("require", "import"):
        return ""
    text = module_name(source, arguments.named_children[0]) if arguments.named_children else ""
    # A module's name has dots and slashes of its own; the linker looks it up by this key.
    return text.replace(".", "\x01").replace("#", "\x02").replace("-", "\x03").replace("*", "\x04")


def module_name(source: Source, node: Node) -> str:
    """The module that `require("…")` names; `./folder/*` where only its folder is told, by `./folder/${name}` or
    `path.join(__dirname, "folder", name)`."""
    if node.type == "string":
        return string_value(source, node)
    if node.type == "template_string":
        text = source.text(node)[1:-1]
        begins, hole, _ = text.partition("${")
        return _folder(begins) if hole else text
    if node.type == "binary_expression":
        left = node.child_by_field_name("left")
        while left is not None and left.type == "binary_expression":
            left = left.child_by_field_name("left")
        return _folder(string_value(source, left)) if left is not None and left.type == "string" else ""
    function, given = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    if function is None or given is None or source.text(function).rpartition(".")[2] not in ("join", "resolve"):
        return ""
    parts = given.named_children
    if not parts or source.text(parts[0]) != "__dirname":
        return ""
    fixed = [string_value(source, p) for p in parts[1:] if p.type == "string"]
    return f"./{'/'.join(fixed)}/*" if 1 < len(parts) == len(fixed) + 2 and parts[-1].type != "string" else ""


def _folder(fixed: str) -> str:
    """What stands before a hole, as the folder it names."""
    return f"{fixed.rpartition('/')[0]}/*" if fixed.startswith(".") and "/" in fixed else ""


def member_path(source: Source, node: Node) -> list[str]:
    """`a.b.c` as names; empty when something else is in between."""
    names: list[str] = []
    current: Node | None = node
    while current is not None and current.type == "member_expression":
        names.append(source.text(current.child_by_field_name("property")))  # type: ignore[arg-type]
        current = current.child_by_field_name("object")
    if current is None or current.type not in ("identifier", "this"):
        return []
    return [source.text(current), *reversed(names)]


def property_name(source: Source, node: Node | None) -> str:
    """The name of a key; `[iterator]` for `[Symbol.iterator]`, empty for what only a run can tell."""
    if node is None:
        return ""
    if node.type == "computed_property_name" and node.named_children:
        node = node.named_children[0]
        if node.type in ("member_expression", "identifier"):
            return f"[{source.text(node).rpartition('.')[2]}]"
    if node.type == "string":
        return string_value(source, node)
    return source.text(node) if node.type in _KEYS else ""


def string_value(source: Source, node: Node | None) -> str:
    """What stands between the quotes."""
    return source.text(node)[1:-1] if node is not None else ""


def type_text(source: Source, node: Node | None) -> str:
    """`: Promise<Foo>` as `Promise<Foo>`."""
    return collapse(source.text(node)).removeprefix(":").strip() if node is not None else ""
