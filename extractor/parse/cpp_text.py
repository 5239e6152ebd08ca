"""C and C++ before and beside the tree: macros that break the grammar blanked, expressions and declarators as text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from extractor.parse.collect import MAX_STEPS
from extractor.parse.tree import collapse, end_line, start_line

if TYPE_CHECKING:
    from tree_sitter import Node

    from extractor.parse import Source

# Words that only decorate a declaration. The grammar takes them for types or calls; blanks of equal length keep every offset.
_WORDS = re.compile(
    rb"\b(?:[A-Z][A-Z0-9_]*_(?:API|EXPORT|EXPORTS|INLINE|NODISCARD|NOINLINE|HIDDEN|VISIBLE|DEPRECATED|DEVICE_FUNC|HOST_DEVICE|NORETURN"
    rb"|CONSTEXPR\d*|NOEXCEPT|UNUSED)|JNIEXPORT|JNICALL|C10_[A-Z_]+|EMSCRIPTEN_KEEPALIVE|__forceinline|__inline__|__inline|__extension__"
    rb"|__restrict__|__restrict|_Noreturn|WINAPI|APIENTRY|STDMETHODCALLTYPE|Q_OBJECT|Q_GADGET|NO_THREAD_SAFETY_ANALYSIS|SCOPED_LOCKABLE"
    rb"|LOCKABLE|PyObject_HEAD|PyObject_VAR_HEAD)\b(?!\s*\()"
)
_CALLS = re.compile(
    rb"\b(?:__attribute__\s*\(|__declspec|__asm__|Py(?:Var)?Object_HEAD_INIT|[A-Z_]*(?:GUARDED_BY|LOCKS_REQUIRED|LOCKS_EXCLUDED|ACQUIRED_AFTER|ACQUIRED_BEFORE"
    rb"|LOCK_FUNCTION|TRYLOCK_FUNCTION|ASSERT_EXCLUSIVE_LOCK|ASSERT_SHARED_LOCK|RETURN_CAPABILITY|LOCK_RETURNED|REQUIRES_SHARED"
    rb"|DISALLOW_COPY_AND_ASSIGN|PRINTF_FORMAT|ATTRIBUTE_PRINTF)"
    rb"|[A-Z0-9_]*(?:DEPRECATED(?:_\w+)?|ATTRS?|ATTRIBUTES?|NODISCARD(?:_\w+)?|NONNULL(?:_\w+)?|NOEXCEPT_IF|ALLOC_SIZE))\s*\("
)
_CLASS_WORD = re.compile(rb"\b(?:class|struct)\s+([A-Z][A-Z0-9_]{2,})(?=\s+[A-Za-z_][\w:]*\s*(?:final\s*)?[:{])")
# A word in capitals in front of a whole declaration: FOO_BAR int name(
_LEADING = re.compile(
    rb"^[ \t]*(?:(?:static|inline|extern|virtual|constexpr)[ \t]+)*([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"
    rb"(?=[ \t]+(?:const[ \t]+|static[ \t]+|inline[ \t]+)?[A-Za-z_][\w:]*(?:<[^;{}()\n]*>)?[ \t*&]+[A-Za-z_~][\w:]*[ \t]*\()",
    re.MULTILINE,
)
# Any word at the margin in front of a whole declaration: my_inline int name(
_MARGIN = re.compile(
    rb"^(?:(?:static|inline|extern)[ \t]+)*(?!__|(?:typedef|struct|class|enum|union|const|volatile|unsigned|signed|long|short|static|inline"
    rb"|extern|virtual|constexpr|template|typename|using|namespace|return|else|case|goto|new|delete|throw|friend|explicit|register|auto"
    rb"|do|operator|mutable|consteval|constinit|thread_local|co_return|co_yield|co_await)\b)([A-Za-z_]\w*)"
    rb"(?=[ \t]+(?!(?:operator|const|volatile)\b)[A-Za-z_]\w*(?:[ \t]+\**|[ \t]*\*+[ \t]*)[A-Za-z_]\w*[ \t]*\()",
    re.MULTILINE,
)
# A word in capitals in front of a conversion, which has no type of its own: FOO_EXPLICIT operator bool()
_CONVERSION = re.compile(rb"\b([A-Z][A-Z0-9_]{2,})(?=\s+operator\s+[a-z])")
# Words in capitals behind a function's parameters: int f(int) FOO_ATTRS((pure)) BAR;
_TRAILING = re.compile(
    rb"\)\s*(?:(?:const|noexcept|override|final)\s+)*([A-Z][A-Z0-9_]{2,})\b(?=\s*[({;]|\s+[A-Z][A-Z0-9_]{2,}\b|\s*=\s*0\s*;)"
)
_DECLARES = re.compile(rb"[\w>*&\]][\s*&]+(?:[\w:~]+|operator\s*\S{1,3})\s*$")
_STATEMENT = re.compile(rb"^\s*(?:if|else|for|while|switch|do|return|case|goto|throw|new|delete)\b")
# A line that is a macro's use, and whose declarations the macro makes: DEFINE_THING(name, 3)
_MADE = re.compile(rb"^((?!\w*MODULE)[A-Z][A-Z0-9_]{2,}[ \t]*\([^;{}\n]*\))[ \t]*\r?\n(?=\s*[A-Za-z_#/])", re.MULTILINE)

# A line that is a macro opening or closing a namespace: FMT_BEGIN_NAMESPACE, PYBIND11_NAMESPACE_BEGIN(detail)
_BRACKETS = re.compile(
    rb"^[ \t]*((?=\w*(?:WARNING|PRAGMA|DIAGNOSTIC)|(?=\w*(?:BEGIN|END|OPEN|CLOSE))\w*(?:NAMESPACE|DECLS|EXTERN_C|MODULE_EXPORT))"
    rb"_*[A-Z][A-Z0-9_]*"
    rb"(?:[ \t]*\([^()\n]*\))?)[ \t]*;?[ \t]*\r?$",
    re.MULTILINE,
)
_OPENED = re.compile(
    rb"^[ \t]*\w*NAMESPACE\w*BEGIN\w*[ \t]*\(\s*(\w+)\s*\)|\bnamespace[ \t]+(\w+)[^\n]*\\?$", re.MULTILINE
)


def hidden_namespaces(data: bytes) -> list[str]:
    """Namespaces that a macro opens, so that no qualified name in the tree shows them."""
    found = set()
    for match in _OPENED.finditer(data):
        if match[1] or _directive(data, match.start()):
            found.add((match[1] or match[2]).decode())
    return sorted(found)


def prepare(data: bytes) -> bytes:
    """The same text with attribute macros blanked, offset for offset. Preprocessor lines stay as they are."""
    out = bytearray(data)
    for pattern in (_WORDS, _CLASS_WORD, _LEADING, _MARGIN, _CONVERSION, _BRACKETS):
        for found in pattern.finditer(data):
            start, end = found.span(1) if pattern.groups else found.span()
            if pattern is _WORDS and not _decorates(data, start, end):
                continue
            if not _directive(data, start):
                out[start:end] = b" " * (end - start)
    for found in _CALLS.finditer(data):
        end = _closing(data, found.end() - 1)
        if found[0].rstrip(b" \t\n(").endswith(b"__attribute__"):
            end = _closing(data, data.index(b"(", found.start()))
        if end and not _directive(data, found.start()):
            _blank(out, found.start(), end)
    for start, end in (*_trailing(data), *made(data)):
        if not _directive(data, start):
            _blank(out, start, end)
    return bytes(out)


def _decorates(data: bytes, start: int, end: int) -> bool:
    """Whether a word stands in front of a declaration's or behind a declarator's words, not where a value does."""
    after = data[end : end + 80].lstrip()[:1]
    if after.isalpha() or after in (b"_", b"~", b"[", b":", b"*"):
        before = data[max(start - 80, 0) : start].rstrip()
        return not before.endswith((b"=", b",", b"case", b"return"))
    before = data[max(start - 80, 0) : start].rstrip()
    return before[-1:] in (b")", b"]") or (before[-1:].isalnum() and not before.endswith((b"case", b"return", b"else")))


def _blank(out: bytearray, start: int, end: int) -> None:
    out[start:end] = bytes(c if c in b"\r\n" else 32 for c in out[start:end])


def _trailing(data: bytes) -> list[tuple[int, int]]:
    """Where attribute macros stand behind the parameters of what the text before them declares."""
    found: list[tuple[int, int]] = []
    for match in _TRAILING.finditer(data):
        opening = _opening(data, match.start())
        if not opening:
            continue
        begin = max(data.rfind(sign, 0, opening) for sign in (b";", b"{", b"}")) + 1
        head = data[begin:opening]
        if not _DECLARES.search(head) or _STATEMENT.match(head):
            continue
        end = match.end()
        while True:
            after = re.compile(rb"\s*\(").match(data, end)
            end = (_closing(data, after.end() - 1) if after else end) or end
            word = re.compile(rb"\s*[A-Z][A-Z0-9_]{2,}\b").match(data, end)
            if word is None:
                break
            end = word.end()
        if data[end : end + 40].lstrip()[:1] in (b";", b"{", b"="):
            found.append((match.start(1), end))
    return found


def made(data: bytes) -> list[tuple[int, int]]:
    """Where a line of a macro's use stands at the margin without a semicolon: the grammar would join it with what follows."""
    return [
        match.span(1)
        for match in _MADE.finditer(data)
        if data[match.start(1) : match.end(1)].count(b"(") == data[match.start(1) : match.end(1)].count(b")")
        and not _directive(data, match.start())
        and not _BRACKETS.match(data, match.start())
    ]


def _opening(data: bytes, position: int) -> int:
    """The parenthesis that the one at `position` closes, 0 when it is far away or missing."""
    depth = 0
    for here in range(position, max(position - 2000, 0), -1):
        depth += {41: 1, 40: -1}.get(data[here], 0)
        if depth == 0:
            return here
    return 0


def _directive(data: bytes, position: int) -> bool:
    """Whether a position stands on a preprocessor line, continued ones included."""
    start = data.rfind(b"\n", 0, position) + 1
    while start > 1 and data[start - 2 : start - 1] == b"\\":
        start = data.rfind(b"\n", 0, start - 1) + 1
    return data[start:position].lstrip().startswith(b"#")


def _closing(data: bytes, position: int) -> int:
    """Just behind the parenthesis that closes the one at `position`, 0 when it is far away or missing."""
    depth = 0
    for here in range(position, min(len(data), position + 2000)):
        depth += {40: 1, 41: -1}.get(data[here], 0)
        if depth == 0:
            return here + 1
    return 0


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
            steps.append(operator + (compact(source.text(field)) if field is not None else ""))
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


def split_args(text: str) -> list[str]:
    """The arguments of a call written in one line, as far as commas outside parentheses tell."""
    parts, depth, start = [], 0, 0
    for position, char in enumerate(text):
        depth += {"(": 1, ")": -1}.get(char, 0)
        if char == "," and depth == 0:
            parts.append(text[start:position].strip())
            start = position + 1
    return [*parts, text[start:].strip()]


def binding_target(source: Source, node: Node) -> str:
    """What a registration registers: a function's chain, `=>first-last` for the lines of a lambda, "" for what is neither."""
    if node.type == "lambda_expression":
        return f"=>{start_line(node)}-{end_line(node)}"
    if node.type == "call_expression":
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        name = source.text(function) if function is not None else ""
        wraps = ("overload_cast", "TORCH_FN", "static_cast", "reinterpret_cast", "OverloadCast", "vectorize", "wrap")
        if arguments is not None and arguments.named_children and any(w in name for w in wraps):
            return binding_target(source, arguments.named_children[0])
        return ""
    if node.type == "cast_expression":
        value = node.child_by_field_name("value")
        return binding_target(source, value) if value is not None else ""
    if node.type.endswith(("_literal", "concatenated_string")):
        return ""
    text = chain(source, node).removesuffix("&")
    return text if text != "?" else ""
