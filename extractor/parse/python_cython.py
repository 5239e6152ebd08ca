"""Cython before the tree: its text in, Python of equal length out, offset for offset, so that one grammar reads both.

C types, casts and modifiers become blanks, `cdef int f(int a) nogil:` becomes `def     f(    a)      :`, declarations without a
value vanish, and blocks that only declare (`cdef extern`, structs, enums) are left out. `externs` lists the C functions that those
blocks declare. There is no wheel of a Cython grammar; what this reader does not know stays as it is and is reported as a syntax error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from extractor.parse.tree import blank

_NOISE: Final = re.compile(
    rb'"""(?:\\.|[^\\])*?"""|\'\'\'(?:\\.|[^\\])*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|#[^\n]*', re.DOTALL
)
_BLOCK: Final = re.compile(
    rb"(?:cp?def\s+extern\b|(?:cp?def|ctypedef)\s+(?:public\s+|api\s+|packed\s+)*(?:struct|union|enum|fused|cppclass)\b).*:\s*$",
    re.DOTALL,
)
_CLASS: Final = re.compile(rb"cdef\s+(?:(?:public|api)\s+)*class\s+(?=\w)")
_FUNCTION: Final = re.compile(rb"(?:cp?def\b(?!\s+class\b)[^()=:]*?|(?:async\s+)?def\s+)\b(\w+)\s*\(")
_MEMORYVIEW: Final = re.compile(rb"(?:cp?def\b[^()=]*?)\b(\w+)\s*\(")
_CAST: Final = re.compile(
    rb"(?:(?<=[=(,\[:+\-*/%&|{])|(?<=\breturn)|(?<=\bin)|(?<=\band)|(?<=\bor)|(?<=\bnot))(\s*)(<[ \t]*[A-Za-z_][\w. \t]*(?:\[[^\]<>\n]*\])?"
    rb"[ \t*&?]*>)(?=[ \t]*[\w(&\"'<])"
)
_ADDRESS: Final = re.compile(rb"(?<=[=(,\[])(\s*)(&)(?=\s*\w)")
_EXTERN: Final = re.compile(rb'\b(\w+)[ \t]*(?:"([^"\n]*)")?[ \t]*\(')


def prepare_cython(data: bytes) -> bytes:
    """The same text as Python, as far as Python can say it."""
    code, out = _plain(data), bytearray(data)
    for pattern in (_CAST, _ADDRESS):
        for found in pattern.finditer(code):
            blank(out, *found.span(2))
    skipped = 0
    for start, end, indent in _statements(code):
        text = code[start:end]
        if end <= skipped:
            continue
        if _BLOCK.match(text):
            skipped = _block_end(code, end, indent)
            _fill(out, start, skipped, b"0")
        elif text.startswith(b"cimport"):
            out[start : start + 7] = b"import "
        elif text.startswith(b"from") and (taken := re.search(rb"\bcimport\b", text)):
            out[start + taken.start() : start + taken.end()] = b"import "
        elif re.match(rb"(?:ctypedef|DEF|include)\b", text):
            _fill(out, start, end, b"0")
        elif re.match(rb"(?:IF|ELIF|ELSE)\b", text):
            out[start : start + 4] = text[:4].lower()
        elif re.match(rb"cdef\s*:\s*$", text):
            _fill(out, start, end, b"if 1:")
            for inner, stop, _ in list(_statements(code[: _block_end(code, end, indent)], end + 1)):
                _variables(out, code, inner, inner, stop)
        elif made := _CLASS.match(text):
            _fill(out, start, start + made.end(), b"class")
        elif text.rstrip().endswith(b":") and (head := _FUNCTION.match(text) or _MEMORYVIEW.match(text)):
            _signature(out, code, start, start + head.start(1), start + head.end(), end, text.startswith(b"c"))
        elif word := re.match(rb"cp?def\s+", text):
            _variables(out, code, start, start + word.end(), end)
    return bytes(out)


def externs(data: bytes) -> list[list[str]]:
    """[name, name in C, header] of every function that `cdef extern` declares."""
    code, found = _plain(data), []
    skipped = 0
    for start, end, indent in _statements(code):
        if end <= skipped or not re.match(rb"cp?def\s+extern\b", code[start:end]):
            continue
        head = data[start:end]
        header = re.search(rb'from\s+[<"\']+([^>"\']*)', head)
        name = header[1].decode("utf-8", "replace") if header else ""
        block = (
            (start, end) if not _BLOCK.match(code[start:end]) else (end + 1, skipped := _block_end(code, end, indent))
        )
        inner = [block] if block[0] == start else [(a, b) for a, b, _ in _statements(code[: block[1]], block[0])]
        depth = 0  # members of a struct or C++ class are no functions
        for first, last in inner:
            here = first - (code.rfind(b"\n", 0, first) + 1)
            if depth and here > depth:
                continue
            depth = here if code[first:last].rstrip().endswith(b":") else 0
            declared = _EXTERN.search(data, first, last) if not depth else None
            if declared is not None and b"(*" not in data[first : declared.end() + 1].replace(b" ", b""):
                own = declared[1].decode("utf-8", "replace")
                found.append([own, declared[2].decode("utf-8", "replace") if declared[2] else own, name])
    return found


def _plain(data: bytes) -> bytes:
    """The text with strings and comments blanked."""
    return _NOISE.sub(lambda m: re.sub(rb"[^\n]", b" ", m[0]), data)


def _statements(code: bytes, first: int = 0) -> Iterator[tuple[int, int, int]]:
    """(start, end, indentation) of every logical line that is not empty."""
    position = first
    while position < len(code):
        end, depth = position, 0
        while end < len(code) and (depth > 0 or code[end] != 10 or code[end - 1 : end] == b"\\"):
            depth += {40: 1, 91: 1, 123: 1, 41: -1, 93: -1, 125: -1}.get(code[end], 0)
            end += 1
        start = position + len(code[position:end]) - len(code[position:end].lstrip())
        if start < end:
            yield start, end, start - position
        position = end + 1


def _block_end(code: bytes, end: int, indent: int) -> int:
    """Where the lines below a statement that are indented more than it end."""
    last = end
    for start, stop, depth in _statements(code, end + 1):
        if depth <= indent:
            break
        last = max(last, stop, start)
    return last


def _signature(out: bytearray, code: bytes, start: int, name: int, opened: int, end: int, typed: bool) -> None:
    """`cpdef int f(int a, Foo b=None) except -1:` as `def f(a, b=None):`; `opened` is just behind the parenthesis."""
    if typed:
        _fill(out, start, name, b"def")
    closed, depth, first = opened, 1, opened
    while closed < end and depth:
        char = code[closed]
        depth += {40: 1, 91: 1, 123: 1, 41: -1, 93: -1, 125: -1}.get(char, 0)
        if (char == 44 and depth == 1) or depth == 0:
            _parameter(out, code, first, closed)
            first = closed + 1
        closed += 1
    colon = code.rfind(b":", closed, end)
    tail = code[closed:colon]
    if colon > closed and (typed or b"->" not in tail):
        blank(out, closed, colon)


def _parameter(out: bytearray, code: bytes, start: int, end: int) -> None:
    """A parameter without its C type; one with a Python annotation is left alone."""
    text = code[start:end]
    before = re.split(rb"(?<![<>!=])=(?!=)", text, maxsplit=1)[0]
    if before.lstrip()[:2].startswith(b"*") or re.match(rb"\s*\w+\s*(:|$)", before) or before.strip() in (b"/", b""):
        return
    plain = re.sub(rb"\b(?:not|or)\s+None\s*$", lambda m: b" " * len(m[0]), before.rstrip())
    names = list(re.finditer(rb"\w+", re.sub(rb"\[[^\]]*\]", lambda m: b" " * len(m[0]), plain)))
    if names:
        blank(out, start, start + names[-1].start())
        blank(out, start + names[-1].end(), start + len(before))


def _variables(out: bytearray, code: bytes, start: int, first: int, end: int) -> None:
    """`cdef int a = f(), b` as `0; a = f()`: only what is given a value stays."""
    parts, depth, begin = [], 0, first
    for position in range(first, end + 1):
        char = code[position] if position < end else 44
        depth += {40: 1, 91: 1, 123: 1, 41: -1, 93: -1, 125: -1}.get(char, 0)
        if char == 44 and depth <= 0:
            parts.append((begin, position))
            begin = position + 1
    kept = []
    for a, b in parts:
        equals = re.search(rb"(?<![<>!=])=(?!=)", code[a:b])
        names = list(re.finditer(rb"\w+", code[a : a + equals.start()])) if equals else []
        if names:
            kept.append((a + names[-1].start(), b))
    values = [bytes(out[a:b]) for a, b in kept]
    _fill(out, start, end, b"0")
    for (a, b), value in zip(kept, values, strict=True):
        out[a:b] = value
        mark = a - 1
        while mark > start and out[mark - 1] not in (32, 48):
            mark -= 1
        if mark > start:
            out[mark : mark + 1] = b";"


def _fill(out: bytearray, start: int, end: int, word: bytes) -> None:
    """Blank a stretch and begin it with a word."""
    blank(out, start, end)
    out[start : start + len(word)] = word
