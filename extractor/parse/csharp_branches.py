"""C# before the tree: bytes in, bytes of the same length out, with `#if` made harmless where it cuts a construct in two, and
pointers read as what they point to.

The grammar reads `#if` around whole members and statements. Where a branch holds a piece of one (a header, a modifier, half a
block), the directives are blanked: all branches stay when each is an item of a list, else the first that may be compiled.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from extractor.parse.tree import blank

# What brackets and signs do not count in: strings, characters, comments, directives.
_OPAQUE: Final = re.compile(
    rb'//[^\n]*|/\*.*?\*/|\$?@\$?"(?:[^"]|"")*"|"""+.*?"""+|\$?"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)+\'|^[ \t]*#[^\n]*',
    re.MULTILINE | re.DOTALL,
)
_CONDITION: Final = re.compile(rb"[ \t]*#[ \t]*(if|elif|else|endif)\b")
_NEVER: Final = re.compile(rb"[ \t]*#[ \t]*if[ \t]+false\b")
_SIGN: Final = re.compile(rb"[{}()\[\]]")
_PAIRS: Final = {b"}": b"{", b")": b"(", b"]": b"["}
# What the grammar does not know: `*(ushort*)(p + 1)`, as a value and as what is assigned to, and `*p++ = 1`
_POINTED: Final = re.compile(
    rb"(?:[=(,?:;{}&|!+\-/<>]|\breturn)\s*(?P<star>\*)\s*(?P<cast>\(\s*[\w.]+\s*(?P<stars>\*+)\s*\)\s*)?(?=\()"
)
_ASSIGNED: Final = re.compile(rb"\s*(?:[-+*/%&|^]|<<|>>)?=(?!=)")
_STEPPED: Final = re.compile(rb"[;{}]\s*\*\s*\w+(\+\+|--)(?=\s*=)")
_NEAR: Final = 2000  # bytes before an #if in which what it follows is looked for
_CONTINUES: Final = re.compile(rb"[,.=:{?&|+]|(?:else|catch|finally|where|base|this)\b(?!\s*\.)")
_LISTED: Final = re.compile(rb"(?:case|default|get|set|init|add|remove)\b")


def prepare(data: bytes) -> bytes:
    """The same text, offset for offset, without the conditions that no tree could hold."""
    groups: list[
        list[tuple[int, int]]
    ] = []  # where each #if, its #elif and #else, and its #endif stand, inner groups first
    open_ones: list[list[tuple[int, int]]] = []
    plain = bytearray(data)
    for match in _OPAQUE.finditer(data):
        start, end = match.span()
        blank(plain, start, end)
        condition = _CONDITION.match(data, start, end)
        if condition is None:
            continue
        if condition[1] == b"if":
            open_ones.append([])
        if open_ones:
            open_ones[-1].append((start, end))
            if condition[1] == b"endif":
                groups.append(open_ones.pop())
    out = bytearray(data)
    for places in groups:
        for start, end in _harmful(data, plain, places):
            blank(out, start, end)
            blank(plain, start, end)
    _follow_pointers(bytes(plain), out)
    return bytes(out)


def _follow_pointers(plain: bytes, out: bytearray) -> None:
    """Reading through a pointer reads what stands in the brackets; writing through one writes an element."""
    for found in _POINTED.finditer(plain) if b"unsafe" in plain else ():
        end = _closing(plain, found.end())
        blank(out, *found.span("star"))
        if end and _ASSIGNED.match(plain, end):
            out[found.start("star") : found.end("star")] = b"_"
            out[found.end() : found.end() + 1], out[end - 1 : end] = b"[", b"]"
            blank(out, *found.span("cast"))
        elif found["stars"]:
            blank(out, *found.span("stars"))
    for found in _STEPPED.finditer(plain):
        blank(out, *found.span(1))


def _closing(plain: bytes, position: int) -> int:
    """Just behind the bracket that closes the one at `position`, 0 when it is far away or missing."""
    depth = 0
    for here in range(position, min(len(plain), position + _NEAR)):
        depth += {40: 1, 41: -1}.get(plain[here], 0)
        if depth == 0:
            return here + 1
    return 0


def _harmful(data: bytes, plain: bytearray, places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """What of a group must go: nothing, its directives, or also all branches but one."""
    begin = places[0][0]
    branches = [(left[1], right[0]) for left, right in pairwise(places)]
    texts = [bytes(plain[start:end]).strip() for start, end in branches]
    items = [text for text in texts if text]
    balanced = all(_balanced(text) for text in texts)
    if balanced and items and all(_LISTED.match(text) or text.endswith(b",") for text in items):
        return places
    before = bytes(plain[max(begin - _NEAR, 0) : begin]).rstrip()[-1:]
    if balanced and before in (b"", b"{", b"}", b";", b":", b"]") and all(_whole(text) for text in texts):
        return []
    kept = 1 if _NEVER.match(data, begin) else 0
    return places + [branch for number, branch in enumerate(branches) if number != kept]


def _whole(text: bytes) -> bool:
    """Whether a branch with as many brackets opened as closed holds whole members, statements or attributes."""
    return text[-1:] in (b"", b"}", b";", b"]") and not _CONTINUES.match(text)


def _balanced(text: bytes) -> bool:
    stack: list[bytes] = []
    for sign in _SIGN.findall(text):
        if sign not in _PAIRS:
            stack.append(sign)
        elif not stack or stack.pop() != _PAIRS[sign]:
            return False
    return not stack
