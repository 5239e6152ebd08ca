"""Spans of source -> citations that were checked. A span is read again where it should be: in the blob at the commit the graph
was made from, in the working tree, or, where the repository is absent, in what extract stored. What does not hold is dropped.

`verified` is "blob" (the lines were read again and are what was indexed), "index" (no repository here: file, span and stored
lines agree) or "" (false, never printed). A file that differs from its commit carries `+dirty`; lines that moved since the
index was made are found again by their content and marked.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

from brain.text import clean, decode
from extractor.graph import Graph
from extractor.history import Git, blob_hash, open_git, same_as_blob
from extractor.schema import FileRow, Node

_CAP: Final = 8_000_000  # bytes of a file worth reading again for one citation


@dataclass(frozen=True, slots=True)
class Span:
    """Lines `start`..`end` of `path`, shown because of `via`; `node_id` is the symbol they define or stand in."""

    path: str
    start: int
    end: int
    node_id: str = ""
    via: str = "definition"
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class Citation:
    """Lines `start_line` to `end_line` (1-based, inclusive) of `path`. `commit` is the file's content hash where there is no commit,
    `verified` is blob, index or "" (see above); `moved` says that these lines stood elsewhere when the index was made."""

    path: str
    start_line: int
    end_line: int
    commit: str
    node_id: str
    verified: str
    blob_sha: str = ""
    quote_sha256: str = ""
    score: float = 1.0
    via: str = ""
    dirty: bool = False
    moved: bool = False

    def __str__(self) -> str:
        mark = ("+dirty" if self.dirty else "") + (" (moved)" if self.moved else "")
        return f"{clean(self.path)}:{self.start_line}-{self.end_line}@{self.commit[:10]}{mark}"


@dataclass(frozen=True, slots=True)
class _Version:
    """One readable state of a file: its lines, the same in UTF-8, and what to call that state."""

    lines: tuple[bytes, ...]
    shown: tuple[bytes, ...]
    sha256: str
    blob_sha: str
    commit: str
    dirty: bool = False


class Verifier:
    """Checks spans against one graph and, when it can be found, its repository."""

    def __init__(self, graph: Graph, repo: Path | None = None) -> None:
        self._graph = graph
        manifest = graph.manifest
        root = repo or (Path(manifest.root) if manifest.root else None)
        self.root = root.resolve() if root is not None and root.is_dir() else None
        self.commit = manifest.commit
        self._files: dict[str, tuple[FileRow | None, _Version | None, bool]] = {}
        self.dropped: list[tuple[Span, str]] = []

    @cached_property
    def git(self) -> Git | None:
        """The repository's history, None where there is none or the graph was made without."""
        return open_git(self.root)[0] if self.root is not None and self.commit else None

    @cached_property
    def _blobs(self) -> dict[str, str]:
        return self.git.blobs(self.commit) if self.git is not None else {}

    def check(self, span: Span) -> Citation | None:
        """The citation for `span`, None (and a line in `dropped`) when it does not hold."""
        citation, reason = self._check(span)
        if citation is None:
            self.dropped.append((span, reason))
        return citation

    def _check(self, span: Span) -> tuple[Citation | None, str]:
        row, version, absent = self._file(span.path)
        if row is None:
            return None, "the file is not in the index"
        if not 1 <= span.start <= span.end:
            return None, "no such lines"
        node = self._graph.node(span.node_id) if span.node_id else None
        if absent:
            return self._by_index(span, row, node)
        if version is None:
            return None, "the file is gone"
        base = Citation(
            span.path,
            span.start,
            span.end,
            version.commit,
            span.node_id,
            "blob",
            version.blob_sha,
            "",
            span.score,
            span.via,
            version.dirty,
        )
        if version.sha256 != row.sha256:
            moved = _find_again(span, node, version)
            if moved is None:
                return None, "the lines changed since the index was made"
            base = replace(base, start_line=moved, end_line=moved + span.end - span.start, moved=moved != span.start)
        if base.start_line > len(version.lines) or (base.end_line > len(version.lines) and span.via != "search"):
            return None, "past the end of the file"
        base = replace(base, end_line=min(base.end_line, len(version.lines)))
        quote = b"\n".join(version.lines[base.start_line - 1 : base.end_line])
        if not _names(span, node, b"\n".join(version.shown[base.start_line - 1 : base.end_line])):
            return None, f"the lines do not hold {node.name if node else span.node_id}"
        return replace(base, quote_sha256=hashlib.sha256(quote).hexdigest()), ""

    def _by_index(self, span: Span, row: FileRow, node: Node | None) -> tuple[Citation | None, str]:
        if node is not None and "#" in node.id:
            start, end = node.lines
            if node.path != span.path or not (start <= span.start and span.end <= end):
                return None, "outside the lines stored for the symbol"
        elif row.loc and span.end > max(row.loc, 1) and row.status in ("ok", "partial"):
            return None, "past the end of the file"
        quote = str(node.meta.get("content_hash", "")) if node and node.lines == (span.start, span.end) else ""
        commit = self.commit or row.sha256
        return Citation(
            span.path, span.start, span.end, commit, span.node_id, "index", "", quote, span.score, span.via
        ), ""

    def _file(self, path: str) -> tuple[FileRow | None, _Version | None, bool]:
        """(row of the index, the state to cite, whether the repository is absent)."""
        if path not in self._files:
            row = self._graph.file(path)
            version = self._read(row) if row is not None else None
            self._files[path] = (row, version, self.root is None)
        return self._files[path]

    def _read(self, row: FileRow) -> _Version | None:
        if self.root is None:
            return None
        disk = _read_inside(self.root, row.path)
        disk_sha = hashlib.sha256(disk).hexdigest() if disk is not None else ""
        committed = self._blobs.get(row.path, "")
        if disk is not None and disk_sha == row.sha256 and committed and same_as_blob(disk, committed):
            return _version(disk, row.lang, self.commit, dirty=False)
        blob = self.git.read_blob(self.commit, row.path) if self.git is not None and committed else None
        if blob is not None and hashlib.sha256(blob).hexdigest() == row.sha256:
            return _version(blob, row.lang, self.commit, dirty=disk_sha != row.sha256)
        if disk is None:
            return None
        # Never committed as indexed, or no git at all: the file's own hash says which state this is.
        return _version(disk, row.lang, self.commit or disk_sha, dirty=bool(self.commit))

    def is_stale(self, path: str) -> bool:
        """Whether the file on disk is no longer what was indexed."""
        if self.root is None:
            return False
        row = self._graph.file(path)
        data = _read_inside(self.root, path)
        return row is not None and (data is None or hashlib.sha256(data).hexdigest() != row.sha256)

    def text(self, span: Span) -> str:
        """The cited lines, cleaned; "" when they cannot be read."""
        row, version, _ = self._file(span.path)
        if row is None or version is None or version.sha256 != row.sha256:
            return ""
        return clean(b"\n".join(version.shown[span.start - 1 : span.end]).decode("utf-8", "replace"))


def _read_inside(root: Path, path: str) -> bytes | None:
    """The bytes of `path` below `root`; None when it is not there, leaves the root, or is too large to be source."""
    try:
        full = (root / path).resolve()
        if not full.is_relative_to(root) or not full.is_file() or full.stat().st_size > _CAP:
            return None
        return full.read_bytes()
    except (OSError, ValueError):
        return None


def _version(data: bytes, lang: str, commit: str, *, dirty: bool) -> _Version:
    shown = decode(data, lang).encode()
    sha256 = hashlib.sha256(data).hexdigest()
    return _Version(_lines(data), _lines(shown), sha256, blob_hash(data), commit, dirty)


def _lines(data: bytes) -> tuple[bytes, ...]:
    lines = data.split(b"\n")
    return tuple(lines[:-1] if lines[-1] == b"" else lines)


def _names(span: Span, node: Node | None, quote: bytes) -> bool:
    """Whether the lines that define a symbol hold its name; other lines are judged by their file alone."""
    if node is None or "#" not in node.id or span.via != "definition" or not node.name.isidentifier():
        return bool(quote.strip()) or span.start == 1
    return node.name.encode() in quote


def _find_again(span: Span, node: Node | None, version: _Version) -> int | None:
    """Where the symbol's lines stand now: a window of as many lines with the stored hash. None when they changed."""
    if node is None or node.lines[0] == 0 or not node.meta.get("content_hash"):
        return None
    first, last = node.lines
    size, wanted = last - first + 1, str(node.meta["content_hash"])
    # The nearest place wins; hashing every window of a long file would be slow, its first line is a cheap filter.
    starts = sorted(range(max(0, len(version.lines) - size + 1)), key=lambda start: (abs(start + 1 - first), start))
    name = node.name.encode()
    for start in starts:
        if name in b"".join(version.shown[start : start + min(size, 12)]):
            quote = b"\n".join(version.lines[start : start + size])
            if hashlib.sha256(quote).hexdigest() == wanted:
                return start + 1 + span.start - first
    return None
