"""Bytes of one file in, FileFacts out. Pure: no disk, no other file, no clock.

The bytes are brought to UTF-8 and their secrets masked before anything is parsed, so what is stored never held them. Line
numbers survive both. A family module (`extractor.parse.python` …) turns the tree into facts; it may offer `prepare(data)`,
which returns a text of equal length to parse instead (C and C++ blank their attribute macros so).
"""

from __future__ import annotations

import codecs
import hashlib
import importlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from extractor.facts import FileFacts
from extractor.languages import LanguageSpec, grammar
from extractor.parse.recover import recover
from extractor.scrub import scrub_bytes

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_BOMS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
MAX_ERROR_RANGES = 8


@dataclass(frozen=True, slots=True)
class Source:
    """One file ready to be read. `data` is valid UTF-8 that the tree's byte offsets refer to; `raw` the bytes on disk."""

    path: str
    data: bytes
    spec: LanguageSpec
    tree: Tree
    raw: bytes = b""
    _lines: list[bytes] = field(default_factory=list, repr=False)

    def text(self, node: Node) -> str:
        """The source text of `node`, before any `prepare`."""
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def content_hash(self, start_line: int, end_line: int) -> str:
        """`schema.span_hash` of these lines (1-based, inclusive) of the file as it lies on disk."""
        if not self._lines:
            self._lines.extend(self.raw.split(b"\n"))
        return hashlib.sha256(b"\n".join(self._lines[start_line - 1 : end_line])).hexdigest()


def parse_file(path: str, data: bytes, spec: LanguageSpec) -> FileFacts:
    """The facts of one file. Status `partial` names the lines that did not parse, `failed` why nothing could be read."""
    return parse_text(path, data, *masked(data, spec), spec)


def masked(data: bytes, spec: LanguageSpec) -> tuple[bytes, str]:
    """(the text that is read: UTF-8, its secrets masked, "") or (b"", why it cannot be read)."""
    text, trouble = to_utf8(data, spec)
    return scrub_bytes(text) if text else text, trouble


def parse_text(path: str, data: bytes, text: bytes, trouble: str, spec: LanguageSpec) -> FileFacts:
    """The same of bytes whose `masked` text is at hand."""
    from tree_sitter import Parser

    sha256 = hashlib.sha256(data).hexdigest()
    empty = FileFacts(path, spec.name, spec.prefix, sha256, count_lines(data))
    if trouble:
        return empty._replace(status="failed", reason=trouble)
    family = importlib.import_module(f"extractor.parse.{spec.family}")
    # What is written like another language, as Cython like Python, has a preparation of its own.
    prepare = getattr(family, f"prepare_{spec.name}", None) or getattr(family, "prepare", None)
    parser, prepared = Parser(grammar(spec)), prepare(text) if prepare else text
    whole = parser.parse(prepared)
    tree, blanked = recover(parser, prepared, whole) if whole.root_node.has_error else (whole, [])
    try:
        facts: FileFacts = family.parse(Source(path, text, spec, tree, data))
    except RecursionError:
        return empty._replace(status="failed", reason="nested too deeply to be read")
    facts = facts._replace(path=path, lang=spec.name, prefix=spec.prefix, sha256=sha256, loc=empty.loc)
    broken = error_ranges(tree, blanked) if facts.status == "ok" and whole.root_node.has_error else ""
    return facts._replace(status="partial", reason=broken) if broken else facts


def to_utf8(data: bytes, spec: LanguageSpec) -> tuple[bytes, str]:
    """(the same text as UTF-8 without a byte order mark, "") or (b"", why it cannot be read)."""
    if data.startswith(_BOMS):
        return b"", "encoded as UTF-16 or UTF-32, which compilers of this language do not read"
    if data.startswith(codecs.BOM_UTF8):
        data = data[3:]
    if spec.entry == "python":
        cookie = next((found for line in data.split(b"\n", 2)[:2] if (found := _COOKIE.match(line))), None)
        if cookie:
            name = cookie[1].decode("ascii", "replace")
            try:
                if codecs.lookup(name).name != "utf-8":
                    return data.decode(name).encode(), ""
            except LookupError:
                return b"", f"declares an encoding nobody knows: {name}"
            except UnicodeError:
                return b"", f"is not in the encoding it declares: {name}"
    try:
        data.decode()
    except UnicodeDecodeError:
        # Every byte is a Latin-1 character, so this cannot fail; it is right for most source of that age.
        return data.decode("latin-1").encode(), ""
    return data, ""


def error_ranges(tree: Tree, blanked: Sequence[tuple[int, int]] = ()) -> str:
    """`syntax errors at lines 3-4, 9`: where the tree is broken or blocks were left out, at most MAX_ERROR_RANGES places; "" where
    nothing is lost, though the parser stumbled (over blanks behind an `#include`)."""
    found = set(blanked)
    stack = [tree.root_node]
    while stack and len(found) <= MAX_ERROR_RANGES:
        node = stack.pop()
        if node.is_error or node.is_missing:
            found.add((node.start_point[0] + 1, node.end_point[0] + 1))
        elif node.has_error:
            stack.extend(reversed(node.children))
    shown = [str(start) if start == end else f"{start}-{end}" for start, end in sorted(found)[:MAX_ERROR_RANGES]]
    return "syntax errors at lines " + ", ".join(shown + ["…"] * (len(found) > MAX_ERROR_RANGES)) if shown else ""


def count_lines(data: bytes) -> int:
    """Lines of text, the last one counted whether or not it ends in a line break."""
    return data.count(b"\n") + (bool(data) and not data.endswith(b"\n"))
