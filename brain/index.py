"""index.sqlite: what lookup searches. Rows and file texts in, full-text tables out, one file beside the graph.

A row is one symbol, one part of a long one, or one section of a document: its words go to `words` (FTS5, Porter stems,
identifiers also split), its lines stay in `texts`, which holds each file once. `grams` finds substrings by file, `near`
finds names by their letters. Written whole to a sibling and renamed, or file by file in one transaction.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Final

from brain.text import split_identifier
from brain.view import BRAIN_TYPES
from config.errors import IncompatibleInput, MissingInput, StorageError

SCHEMA: Final = 2
_TABLES: Final = """
    CREATE TABLE rows (id INTEGER PRIMARY KEY, node_id TEXT NOT NULL, kind TEXT NOT NULL, path TEXT NOT NULL,
                       start INTEGER NOT NULL, end INTEGER NOT NULL, name TEXT NOT NULL, qualname TEXT NOT NULL,
                       signature TEXT NOT NULL, summary TEXT NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL);
    CREATE TABLE texts (path TEXT PRIMARY KEY, sha256 TEXT NOT NULL, text TEXT NOT NULL) WITHOUT ROWID;
    CREATE VIRTUAL TABLE words USING fts5(path, qualname, signature, summary, body, content='',
                                          tokenize="porter unicode61 tokenchars '_'");
    CREATE VIRTUAL TABLE grams USING fts5(text, content='', tokenize='trigram', detail=none);
    CREATE TABLE gram_files (id INTEGER PRIMARY KEY, path TEXT NOT NULL);
    CREATE VIRTUAL TABLE near USING fts5(name, tokenize='trigram', detail=none);
"""
_INDEXES: Final = """
    CREATE INDEX rows_by_node ON rows (node_id);
    CREATE INDEX rows_by_path ON rows (path);
    CREATE INDEX rows_by_name ON rows (name COLLATE NOCASE);
"""
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Row:
    """`kind` is the node's type, or "section" for a piece of a document (then `node_id` is empty and `name` its heading).
    `start` and `end` are 1-based lines of `path`, both 0 for a row without text. An ontology node points at its anchor's
    lines and is found by its summary alone: the words of those lines belong to the anchor's own row."""

    node_id: str
    kind: str
    path: str
    start: int
    end: int
    name: str
    qualname: str
    signature: str = ""
    summary: str = ""


def index_path(graph_path: Path) -> Path:
    """The index beside a graph."""
    return graph_path.with_name("index.sqlite")


@lru_cache(maxsize=500_000)
def _forms(word: str) -> str:
    parts = split_identifier(word)
    return word if len(parts) < 2 else " ".join((word, *parts))


def expand(text: str) -> str:
    """The words of `text`, each identifier followed by its parts: `parse_header` -> `parse_header parse header`."""
    return " ".join(map(_forms, _WORD.findall(text)))


def write_index(path: Path, rows: Iterable[Row], texts: Mapping[str, tuple[str, str]]) -> int:
    """Write the whole index and rename it over `path`; returns the number of rows. `texts` maps a path to (sha256, text)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    count = 0
    try:
        with closing(sqlite3.connect(temporary)) as db:
            db.execute("PRAGMA journal_mode=OFF")
            db.execute("PRAGMA synchronous=OFF")
            db.executescript(_TABLES)
            with db:
                lines = _Lines(texts)
                ordered = sorted(rows, key=lambda r: (r.path, r.start, r.end, r.node_id, r.name))
                for count, row in enumerate(ordered, 1):
                    offset, body = lines.slice(row.path, row.start, row.end)
                    _insert(db, count, row, offset, body)
                for number, (file_path, (sha256, text)) in enumerate(sorted(texts.items()), 1):
                    db.execute("INSERT INTO texts VALUES (?,?,?)", (file_path, sha256, text))
                    db.execute("INSERT INTO gram_files VALUES (?,?)", (number, file_path))
                    db.execute("INSERT INTO grams (rowid, text) VALUES (?,?)", (number, text))
                names = sorted({row.name for row in ordered if row.node_id})
                db.executemany("INSERT INTO near (name) VALUES (?)", ((name,) for name in names))
            db.executescript(_INDEXES)
            db.execute("INSERT INTO words (words) VALUES ('optimize')")
            db.execute(f"PRAGMA user_version={SCHEMA}")
            db.commit()
        temporary.replace(path)
    except (sqlite3.OperationalError, OSError) as error:
        raise StorageError(f"cannot write {path}: {error}", "free some disk space, then make brain") from error
    finally:
        temporary.unlink(missing_ok=True)
    return count


def open_index(path: Path) -> sqlite3.Connection:
    """A read-only connection. Raises MissingInput without the file, IncompatibleInput for another schema."""
    if not path.is_file():
        raise MissingInput(f"there is no index at {path}", "make brain")
    db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False)
    try:
        version = db.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.DatabaseError as error:
        db.close()
        raise IncompatibleInput(f"{path} is not an index: {error}", f"delete {path}, then make brain") from error
    if version != SCHEMA:
        db.close()
        raise IncompatibleInput(f"{path} has schema {version}, this nanodex reads {SCHEMA}", "make brain")
    db.execute("PRAGMA query_only=1")
    db.execute("PRAGMA trusted_schema=OFF")
    return db


def dump_index(db: sqlite3.Connection) -> Iterator[str]:
    """Every row and text as a line, in an order that does not depend on how the index was built."""
    query = "SELECT node_id, kind, path, start, end, name, qualname, signature, summary FROM rows"
    for row in sorted(db.execute(query)):
        yield repr(row)
    for row in db.execute("SELECT path, sha256 FROM texts ORDER BY path"):
        yield repr(row)


class _Lines:
    """Lines of each text, split once per file; rows come ordered by path, so one file is held at a time."""

    def __init__(self, texts: Mapping[str, tuple[str, str]]) -> None:
        self._texts = texts
        self._path = ""
        self._lines: list[str] = []
        self._starts: list[int] = []

    def slice(self, path: str, start: int, end: int) -> tuple[int, str]:
        """Where in its file's text a passage begins, counted in characters, and the passage."""
        if not start or path not in self._texts:
            return 0, ""
        if path != self._path:
            self._path, self._lines = path, self._texts[path][1].split("\n")
            self._starts = [0, *accumulate(len(line) + 1 for line in self._lines)]
        return self._starts[min(start - 1, len(self._lines))], "\n".join(self._lines[start - 1 : end])


def _insert(db: sqlite3.Connection, number: int, row: Row, offset: int, body: str) -> None:
    db.execute(
        "INSERT INTO rows VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            number,
            row.node_id,
            row.kind,
            row.path,
            row.start,
            row.end,
            row.name,
            row.qualname,
            row.signature,
            row.summary,
            offset,
            len(body),
        ),
    )
    columns = (row.path, row.qualname, row.signature, row.summary, "" if row.kind in BRAIN_TYPES else body)
    db.execute(
        "INSERT INTO words (rowid, path, qualname, signature, summary, body) VALUES (?,?,?,?,?,?)",
        (number, *map(expand, columns)),
    )
