"""TypeScript and JavaScript before the tree: bytes in, bytes of the same length out, with what the grammar does not know of line
ends, variance and names of exports."""

from __future__ import annotations

import re
from typing import Final

from extractor.parse.tree import blank

# A line of an interface that has no name: `<T>(x: T): T`, `(x: number): string`
_LINE = re.compile(rb"^[ \t]+([<(])", re.MULTILINE)
_VARIANCE = re.compile(
    rb"[<,](?:\s|//[^\n]*\n|/\*(?:[^*]|\*(?!/))*\*/)*((?:in\s+out|in|out)\s+)(?!(?:as|in|instanceof|satisfies)\b)"
    rb"(?=[A-Za-z_$][\w$]*\s*(?:extends\b|[,>=]))"
)
# `export { _null as null }`, `import { null as nothing }`: a reserved word may name what is exported.
_CLAUSE = re.compile(rb"\b(?:export|import)\s*(?:type\s*)?\{[^{}]*\bas\b[^{}]*\}")
_RESERVED = re.compile(
    rb"(?:(?<=\bas\s)|(?<=[{,\s]))(?:null|void|catch|function|instanceof|enum|delete|new|in|do|if|for|with|try|throw|return|switch|this|true"
    rb"|false|typeof|var|while|case|break|class|const|continue|debugger|else|extends|finally|super)(?=\s*[,}]|\s+as\b)"
)
_COMMENT = re.compile(rb"(?:/\*(?:[^*]|\*(?!/))*\*/|//[^\n]*)\s*\Z")
_GOES_ON = re.compile(rb"(?:=>|\b(?:return|else|do|typeof|new|await|yield|throw|case|in|of|extends|keyof|is|as))\Z")
_FAR: Final = 4000  # bytes: what is further away belongs to something else


def prepare_javascript(data: bytes) -> bytes:
    """The same text, with reserved words that are names of exports written in capitals."""
    out = bytearray(data)
    for clause in _CLAUSE.finditer(data):
        for word in _RESERVED.finditer(data, *clause.span()):
            out[word.start() : word.end()] = word[0].upper()
    return bytes(out)


def prepare_typescript(data: bytes) -> bytes:
    """The same, with a semicolon in the indentation of each call signature that only the end of a line parts from the member before
    it, and without the words that say how a type parameter varies."""
    out = bytearray(prepare_javascript(data))
    for found in _VARIANCE.finditer(data):
        blank(out, *found.span(1))
    for found in _LINE.finditer(data):
        if _ended(data[max(found.start() - _FAR, 0) : found.start()], found[1]) and _signature(data, found.start(1)):
            out[found.start() : found.start() + 1] = b";"
    return bytes(out)


prepare_tsx = prepare_typescript


def _ended(before: bytes, opening: bytes) -> bool:
    """Whether a type may end here."""
    text = before.rstrip()
    while comment := _COMMENT.search(text):
        text = text[: comment.start()].rstrip()
    last = text[-1:]
    closes = last in b">]" or (last in b")}" and opening == b"<") or last in b"'\"`"
    return bool(last) and (closes or last.isalnum() or last in b"_$") and not _GOES_ON.search(text[-12:])


def _signature(data: bytes, position: int) -> bool:
    """Whether parameters with the type of a result behind them stand here."""
    if data[position : position + 1] == b"<":
        position = _behind(data, position)
    if data[position : position + 1] != b"(":
        return False
    end = _behind(data, position)
    return end > 0 and data[end : end + 80].lstrip().startswith(b":")


def _behind(data: bytes, position: int) -> int:
    """The first place that is no blank behind the bracket that closes the one at `position`, -1 when it is far away or missing."""
    depth = 0
    for here in range(position, min(len(data), position + _FAR)):
        sign = data[here : here + 1]
        if sign in (b"(", b"[", b"{", b"<"):
            depth += 1
        elif sign in (b")", b"]", b"}") or (sign == b">" and data[here - 1 : here] != b"="):
            depth -= 1
            if depth == 0:
                rest = data[here + 1 : here + 80]
                return here + 1 + len(rest) - len(rest.lstrip())
    return -1
