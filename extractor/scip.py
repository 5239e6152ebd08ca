"""A SCIP index over our links: the bytes of `index.scip`, all facts and the links in; links whose edges an indexer made sure of, out.

SCIP has no role for calls: a call is a reference that stands where our facts have one. Where an index names exactly one definition
for such a site, its edge replaces what was guessed there (`via="scip"`, confidence 1.0); every other site keeps ours. A document that
does not fit its file any more is refused and named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from config.errors import IncompatibleInput
from extractor.facts import MODULE, FileFacts
from extractor.parse.collect import bare
from extractor.resolve import Links, definition_ids
from extractor.schema import Edge, module_id

_DEFINITION: Final = 1
_NAME = re.compile(r"(?:`((?:[^`]|``)+)`|([\w+$-]+))(?:\((?:[\w+$-]*)\)\.|[/#.:!])$")
_HINT: Final = "run the indexer again, or leave --scip away"


@dataclass(frozen=True, slots=True)
class Document:
    """One file of an index: (line, symbol, roles) of every occurrence, lines 1-based."""

    path: str
    occurrences: tuple[tuple[int, str, int], ...]


@dataclass(frozen=True, slots=True)
class Index:
    tool: str
    documents: tuple[Document, ...]


@dataclass(frozen=True, slots=True)
class Overlay:
    """The links, how many edges the index gave, and the documents that were refused."""

    links: Links
    edges: int
    refused: tuple[str, ...] = field(default=())

    def lines(self, index: Index) -> list[str]:
        """What to tell the user."""
        said = [f"SCIP index of {index.tool or 'an unnamed indexer'}: {self.edges} calls made exact"]
        if self.refused:
            said.append(
                f"SCIP: {len(self.refused)} documents do not fit their files and were refused: {', '.join(self.refused[:3])}"
            )
        return said


def read_index(data: bytes) -> Index:
    """Take an index apart. Raises IncompatibleInput for what is cut short or something else."""
    tool, documents = "", []
    try:
        for number, value in _fields(data):
            if number == 1 and isinstance(value, bytes):
                tool = _tool(value)
            elif number == 2 and isinstance(value, bytes):
                documents.append(_document(value))
    except (IndexError, UnicodeDecodeError, ValueError) as error:
        raise IncompatibleInput(f"this is not a whole SCIP index: {error}", _HINT) from error
    if not tool and not documents:
        raise IncompatibleInput("this is not a SCIP index: it holds no documents", _HINT)
    return Index(tool, tuple(documents))


def overlay(files: Sequence[FileFacts], links: Links, index: Index) -> Overlay:
    """Put the exact edges of an index in the place of guessed ones."""
    by_path = {facts.path: facts for facts in files}
    ids = {facts.path: definition_ids(facts) for facts in files}
    defined: dict[str, str] = {}
    refused, used = [], []
    for document in index.documents:
        facts = by_path.get(document.path)
        if facts is None:
            continue
        own = {s: _definition_at(facts, line, s) for line, s, roles in document.occurrences if roles & _DEFINITION}
        named = {s: index for s, index in own.items() if not s.startswith("local ") and descriptor(s)}
        found = {s: index for s, index in named.items() if index is not None}
        callables = [s for s in named if s.endswith(").")]
        if callables and sum(s in found for s in callables) * 2 < len(callables):
            refused.append(document.path)
            continue
        used.append((facts, document))
        for symbol, number in found.items():
            defined.setdefault(symbol, ids[facts.path][number])
    exact = [edge for facts, document in used for edge in _exact(facts, document, defined, ids[facts.path])]
    kinds = {node_id: d.kind for facts in files for node_id, d in zip(ids[facts.path], facts.defs, strict=True)}
    exact = [e for e in exact if kinds.get(e.dst) in ("function", "method")]
    sites: dict[tuple[str, int, str], list[str]] = {}
    for e in exact:
        sites.setdefault((e.src, e.line, _last(e.dst)), []).append(e.dst)
    parents = _parents(links.edges)
    # An index says what is called by name; which implementations that may reach is still ours to say.
    guessed = [
        e
        for e in links.edges
        if e.kind == "calls" and e.via != "override" and (exactly := sites.get((e.src, e.line, _last(e.dst))))
        and not any(_implements(e.dst, target, parents) for target in exactly)
    ]  # fmt: skip
    dropped = {(e.src, e.dst, e.line) for e in guessed}
    kept = [e for e in links.edges if e.kind != "calls" or (e.src, e.dst, e.line) not in dropped]
    missing = [u for u in links.unresolved if not (u.kind == "calls" and (u.src, u.line, _last(u.name)) in sites)]
    return Overlay(replace(links, edges=[*kept, *exact], unresolved=missing), len(exact), tuple(sorted(refused)))


def _parents(edges: Sequence[Edge]) -> dict[str, list[str]]:
    """The bases of every class."""
    parents: dict[str, list[str]] = {}
    for e in edges:
        if e.kind in ("extends", "implements"):
            parents.setdefault(e.src, []).append(e.dst)
    return parents


def _implements(method: str, declared: str, parents: Mapping[str, Sequence[str]]) -> bool:
    """Whether a method's class descends from the class of the declared method."""
    above = declared.rpartition(".")[0]
    seen, pending = set[str](), [method.rpartition(".")[0]]
    while pending:
        here = pending.pop()
        for parent in parents.get(here, ()):
            if parent == above:
                return True
            if parent not in seen:
                seen.add(parent)
                pending.append(parent)
    return False


def _exact(facts: FileFacts, document: Document, defined: Mapping[str, str], ids: Sequence[str]) -> list[Edge]:
    references: dict[tuple[int, str], set[str]] = {}
    for line, symbol, roles in document.occurrences:
        if not roles & _DEFINITION and symbol in defined:
            references.setdefault((line, descriptor(symbol)), set()).add(defined[symbol])
    found: dict[tuple[str, str, int], Edge] = {}
    # Who calls from the body of a Python class is what the class stands in.
    no_callers = ("variable", "class") if facts.prefix == "py" else ("variable",)
    for call in facts.calls:
        targets = references.get((call.line, bare(call.name)), set())
        if len(targets) == 1:
            scope = call.scope
            while scope != MODULE and facts.defs[scope].kind in no_callers:
                scope = facts.defs[scope].scope
            src = ids[scope] if scope != MODULE else module_id(facts.prefix, facts.path)
            (target,) = targets
            found[src, target, call.line] = Edge(src, target, "calls", call.line, 1.0, "scip", {"col": call.col})
    return [found[key] for key in sorted(found)]


def _definition_at(facts: FileFacts, line: int, symbol: str) -> int | None:
    """Our definition of this name that begins at or just above the line (decorators stand above a name)."""
    name = descriptor(symbol)
    near = [i for i, d in enumerate(facts.defs) if d.name == name and d.start_line <= line <= d.end_line]
    return max(near, key=lambda i: facts.defs[i].start_line) if near else None


def descriptor(symbol: str) -> str:
    """The last name of a symbol: `add` of `… pkg/mod/Cart#add().`; a constructor is called as its kind of file calls it."""
    found = _NAME.search(symbol)
    name = (found[1] or found[2]).replace("``", "`") if found else ""
    return {"<constructor>": "constructor"}.get(name, name.removeprefix("<get>").removeprefix("<set>"))


def _last(name: str) -> str:
    return re.split(r"[.#>:]", name.partition("@")[0])[-1]


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(field number, value) of one protobuf message; the 64 and 32 bit kinds are stepped over."""
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        kind = key & 7
        if kind == 0:
            value, position = _varint(data, position)
            yield key >> 3, value
        elif kind == 2:
            length, position = _varint(data, position)
            if position + length > len(data):
                raise ValueError("a field runs past the end")
            yield key >> 3, data[position : position + length]
            position += length
        elif kind in (1, 5):
            position += 8 if kind == 1 else 4
        else:
            raise ValueError(f"unknown wire type {kind}")


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 127) << shift
        position += 1
        if byte < 128:
            return value, position
        shift += 7
        if shift > 63:
            raise ValueError("a number is too long")


def _tool(metadata: bytes) -> str:
    for number, value in _fields(metadata):
        if number == 2 and isinstance(value, bytes):
            parts = dict(_fields(value))
            words = [parts.get(1, b""), parts.get(2, b"")]
            return " ".join(w.decode() for w in words if isinstance(w, bytes)).strip()
    return ""


def _document(data: bytes) -> Document:
    path, occurrences = "", []
    for number, value in _fields(data):
        if number == 1 and isinstance(value, bytes):
            path = value.decode().replace("\\", "/")
        elif number == 2 and isinstance(value, bytes):
            occurrences.append(_occurrence(value))
    return Document(path, tuple(occurrences))


def _occurrence(data: bytes) -> tuple[int, str, int]:
    line, symbol, roles = 0, "", 0
    for number, value in _fields(data):
        if number == 1:
            line = _varint(value, 0)[0] + 1 if isinstance(value, bytes) and value else 1
        elif number == 2 and isinstance(value, bytes):
            symbol = value.decode()
        elif number == 3 and isinstance(value, int):
            roles = value
    return line, symbol, roles
