"""What goes into the index: file texts read safely from the repository, and the rows cut from them.

Texts come from the working tree, only for files the graph lists and whose bytes are still the extracted ones; secrets are
masked and unseen characters removed before anything is kept, line for line. Documents are cut at their headings.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from brain.index import Files, Row, Text
from brain.markup import plain
from brain.notes import Note
from brain.text import clean, decode
from brain.view import CODE_TYPES, View, is_public, members
from extractor.schema import FileRow, Node

DOCUMENTS: Final = (".md", ".rst", ".txt", ".adoc", ".mdx", ".markdown")
LONGEST: Final = 200  # lines of one row; a longer symbol is split
_MD_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*\s*$")
_RULE = re.compile(r"^([=\-~^\"'`#*+.:_])\1{2,}\s*$")
_FENCE = re.compile(r"^\s*(`{3,}(?=[^`]*$)|~{3,})\s*(\S?)")
_BOXED = re.compile(r"^\s*:{3,}\s*\{?\w", re.MULTILINE)  # `:::{note}`: a row of colons ends it, and is no underline
_NAMED = re.compile(r"[^\W_]")
_MAX_BYTES: Final = 1_500_000


@dataclass(frozen=True, slots=True)
class Texts:
    """`changed` are files whose bytes are not the extracted ones, `unread` those
    that could not be read, each with its reason."""

    files: dict[str, Text]
    changed: tuple[str, ...]
    unread: tuple[str, ...]


def read_texts(root: Path, files: Iterable[FileRow]) -> Texts:
    """The text of every parsed file and document under `root`."""
    from extractor.scrub import scrub

    texts: dict[str, Text] = {}
    changed, unread = [], []
    base = root.resolve()
    for row in files:
        # A link has no digest of its own: its text is indexed where the file itself stands.
        if (row.status not in ("ok", "partial") and not is_document(row.path)) or not row.sha256:
            continue
        place = base / row.path
        try:
            if not place.resolve().is_relative_to(base):
                unread.append(f"{row.path}: leads outside the repository")
                continue
            data = place.read_bytes()
        except OSError as error:
            unread.append(f"{row.path}: {error.strerror}")
            continue
        if len(data) > _MAX_BYTES or b"\0" in data[:4096]:
            continue
        found = hashlib.sha256(data).hexdigest()
        if row.sha256 and found != row.sha256:
            changed.append(row.path)
            continue
        texts[row.path] = Text(found, shown_text(scrub(decode(data, row.lang))))
    return Texts(texts, tuple(changed), tuple(unread))


def shown_text(text: str) -> str:
    """`text` cleaned line by line: no character is removed that would move a line."""
    return "\n".join(clean(line) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))


def is_document(path: str) -> bool:
    return path.lower().endswith(DOCUMENTS)


def symbol_rows(view: View, found: Mapping[str, str], texts: Files) -> Iterator[Row]:
    """A row per symbol, module and ontology node, long symbols in parts; `found` is what `found_by` gave for each note."""
    for path, group in groupby(sorted(view.nodes.values(), key=lambda n: (n.path, n.id)), key=lambda n: n.path):
        lines = texts[path].lines() if path in texts else []
        for node in group:
            if node.type == "external" or node.name.startswith("<lambda"):
                continue
            signature = str(node.meta.get("signature", ""))
            if node.type in ("class", "interface", "module", "package"):
                names = (member.name for member in members(view, node.id) if is_public(member))
                signature = " ".join((signature, *names)).strip()
            for number, (start, end) in enumerate(spans(view, node)):
                doc = "" if number else _doc_outside(node, lines[start - 1 : end] if start else ())
                summary = f"{found.get(node.id, '')} {doc}".strip()
                yield Row(node.id, node.type, path, start, end, node.name, node.qualname, clean(signature), summary)


def _doc_outside(node: Node, lines: Sequence[str]) -> str:
    """The documentation of a symbol where it stands above the symbol's own lines, which are its body."""
    if node.type not in CODE_TYPES:
        return ""
    doc = clean(str(node.meta.get("doc", "")))
    opening = next((line.strip() for line in doc.split("\n") if line.strip()), "")
    return "" if any(opening in line for line in lines) else doc


def found_by(note: Note) -> str:
    """The words a node is found by besides its own: what it is for. Of its neighbours' names only an ontology node and a
    module make their own; a function that borrowed the names of its callers would be found instead of them."""
    if note.type in ("function", "method", "class", "interface", "variable"):
        return " ".join(note.facts.get("purpose", ()))
    return note.summary


def spans(view: View, node: Node) -> list[tuple[int, int]]:
    """The lines a node's row covers: its own, without those of members that have rows themselves, in parts if long."""
    start, end = node.lines
    if node.type == "module":
        return [(1, max(1, min(_first_member(view, node, 1 << 30) - 1, LONGEST)))]
    if node.type not in CODE_TYPES or not start:
        return [(start, end)]
    if node.type in ("class", "interface"):
        return [(start, max(start, min(end, _first_member(view, node, end + 1) - 1)))]
    if end - start < LONGEST:
        return [(start, end)]
    parts = -(-(end - start + 1) // LONGEST)
    size = -(-(end - start + 1) // parts)
    return [(first, min(first + size - 1, end)) for first in range(start, end + 1, size)]


def _first_member(view: View, node: Node, default: int) -> int:
    """The line where the first function or class inside a container begins."""
    inside = (member for member in members(view, node.id) if member.type != "variable")
    return min((member.lines[0] for member in inside if member.lines[0]), default=default)


def section_rows(texts: Files) -> Iterator[Row]:
    """A row per section of each document, named by its heading."""
    for path, (_, text) in sorted(texts.items()):
        if is_document(path):
            for title, start, end in sections(text):
                yield Row("", "section", path, start, end, title, title)


def sections(text: str) -> list[tuple[str, int, int]]:
    """(heading, first line, last line) of each part of a Markdown or reStructuredText document, long parts split."""
    lines = text.split("\n")
    starts: list[tuple[int, str]] = [(1, "")]
    fence, boxed = "", _BOXED.search(text) is not None
    for number, line in enumerate(lines, 1):
        before = lines[number - 2] if number > 1 else ""
        mark = _FENCE.match(line)
        if fence and mark and mark.group(1).startswith(fence) and not mark.group(2):
            fence = ""
            continue
        # A row of tildes right under a line of text is its underline.
        if not fence and mark and (mark.group(1)[0] == "`" or not before.strip()):
            fence = mark.group(1)
        if fence:
            continue
        heading = _MD_HEADING.match(line)
        if heading:
            starts.append((number, plain(heading.group(2))))
        elif _RULE.match(line) and not (boxed and line[0] == ":") and _underlined(lines, number - 1):
            starts.append((number - 1, plain(before)))
    starts = [(number, title) for number, title in starts if number == 1 or _NAMED.search(title)]
    found = []
    for (start, title), (following, _) in zip(starts, [*starts[1:], (len(lines) + 1, "")], strict=True):
        while start < following:
            end = min(following - 1, start + LONGEST - 1)
            if any(line.strip() for line in lines[start - 1 : end]):
                found.append((title, start, end))
            start = end + 1
    return found


def _underlined(lines: Sequence[str], rule: int) -> bool:
    """Whether the rule on this line, counted from 0, stands under a title: text as long as it, set in only between two rules."""
    title = lines[rule - 1] if rule else ""
    boxed = rule > 1 and _RULE.match(lines[rule - 2]) is not None
    return 0 < len(title.strip()) <= len(lines[rule].rstrip()) + 2 and (boxed or not title[0].isspace())
