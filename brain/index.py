"""index.sqlite: what lookup searches. Rows and file texts in, full-text tables out, one file beside the graph.

A row is one symbol, one part of a long one, or one section of a document: its words go to `words` (FTS5, Porter stems,
identifiers also split), its lines stay in `texts`, which holds each file once. `grams` finds substrings by file, `near`
finds names by their letters, `parts` says what was indexed of each file. Only files that differ are indexed again.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, groupby
from pathlib import Path
from typing import Final, NamedTuple

from brain.text import split_identifier
from brain.view import BRAIN_TYPES
from config.errors import IncompatibleInput, MissingInput, cannot_write
from config.manifest import digest

SCHEMA: Final = 3
ROW_BITS: Final = 20  # a row's number is that of its file, then its place in the file in so many bits
_COLUMNS: Final = "path, qualname, signature, summary, body"
_TABLES: Final = """
    CREATE TABLE rows (id INTEGER PRIMARY KEY, node_id TEXT NOT NULL, kind TEXT NOT NULL, path TEXT NOT NULL,
                       start INTEGER NOT NULL, end INTEGER NOT NULL, name TEXT NOT NULL, qualname TEXT NOT NULL,
                       signature TEXT NOT NULL, summary TEXT NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL);
    CREATE TABLE texts (path TEXT PRIMARY KEY, sha256 TEXT NOT NULL, text TEXT NOT NULL) WITHOUT ROWID;
    CREATE VIRTUAL TABLE words USING fts5(path, qualname, signature, summary, body, content='',
                                          tokenize="porter unicode61 tokenchars '_'");
    CREATE VIRTUAL TABLE grams USING fts5(text, content='', tokenize='trigram', detail=none);
    CREATE TABLE parts (id INTEGER PRIMARY KEY, path TEXT NOT NULL, digest TEXT NOT NULL, rows INTEGER NOT NULL);
    CREATE VIRTUAL TABLE near USING fts5(name, tokenize='trigram', detail=none);
"""
_INDEXES: Final = """
    CREATE INDEX rows_by_node ON rows (node_id);
    CREATE INDEX rows_by_path ON rows (path);
    CREATE INDEX rows_by_name ON rows (name COLLATE NOCASE);
    CREATE UNIQUE INDEX parts_by_path ON parts (path);
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


class Text(NamedTuple):
    """A file as it is indexed: its text, secrets masked, and the hash of its bytes."""

    sha256: str
    text: str

    def lines(self) -> list[str]:
        return self.text.split("\n")


Files = Mapping[str, Text]  # by path


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


def write_index(path: Path, rows: Iterable[Row], texts: Files) -> int:
    """Bring the index to these rows and texts; returns the number of rows.

    Where less than a quarter of the files differ from the index that is there, a copy of it is updated file by file; else
    all is written anew. Either way a sibling is renamed over `path`, and what is found afterwards is the same.
    """
    ordered = sorted(rows, key=lambda r: (r.path, r.start, r.end, r.node_id, r.name))
    files = {file_path: list(group) for file_path, group in groupby(ordered, key=lambda r: r.path)}
    wanted = {p: _digest(files.get(p, ()), texts.get(p)) for p in sorted({*files, *texts})}
    present = _present(path)
    changed = [p for p in wanted if present is None or present.get(p) != wanted[p]]
    gone = [p for p in present or () if p not in wanted]
    fresh = present is None or len(changed) + len(gone) > len(wanted) // 4
    if not fresh and not changed and not gone:
        return len(ordered)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    try:
        if not fresh:
            shutil.copyfile(path, temporary)
        with closing(sqlite3.connect(temporary)) as db:
            db.execute("PRAGMA journal_mode=OFF")
            db.execute("PRAGMA synchronous=OFF")
            if fresh:
                db.executescript(_TABLES)
            with db:
                for file_path in () if fresh else (*gone, *changed):
                    _remove(db, file_path)
                for file_path in wanted if fresh else changed:
                    _add(db, file_path, files.get(file_path, []), texts.get(file_path), wanted[file_path])
                _name(db, {row.name for row in ordered if row.node_id})
                if fresh:
                    db.execute("INSERT INTO words (words) VALUES ('optimize')")
            if fresh:
                db.executescript(_INDEXES)
                db.execute(f"PRAGMA user_version={SCHEMA}")
            db.commit()
        temporary.replace(path)
    except (sqlite3.OperationalError, OSError) as error:
        raise cannot_write(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)
    return len(ordered)


def open_index(path: Path) -> sqlite3.Connection:
    """A read-only connection. Raises MissingInput without the file, IncompatibleInput for another schema."""
    if not path.is_file():
        raise MissingInput(f"there is no index at {path}", "make brain")
    db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False)
    try:
        version = db.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.DatabaseError as error:
        db.close()
        raise IncompatibleInput(f"{path} is not an index: {error}", "make brain") from error
    if version != SCHEMA:
        db.close()
        raise IncompatibleInput(f"{path} has schema {version}, this nanodex reads {SCHEMA}", "make brain")
    # The terms of the text and how often each stands in it; kept with the connection, the file stays as it is.
    db.execute("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, words, row)")
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


def _digest(rows: Sequence[Row], text: Text | None) -> str:
    """Of all that the index holds about one file."""
    return digest((*text, repr(rows)) if text else (repr(rows),))


def _present(path: Path) -> dict[str, str] | None:
    """Path to digest of every file in the index at `path`; None when there is none of this schema."""
    if not path.is_file():
        return None
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
        try:
            if db.execute("PRAGMA user_version").fetchone()[0] != SCHEMA:
                return None
            return dict(db.execute("SELECT path, digest FROM parts ORDER BY path"))
        except sqlite3.DatabaseError:
            return None  # whatever it is, it is written anew


def _name(db: sqlite3.Connection, names: set[str]) -> None:
    """Bring `near` to these names."""
    known: dict[str, int] = dict(db.execute("SELECT name, rowid FROM near"))
    db.executemany("DELETE FROM near WHERE rowid = ?", [(known[name],) for name in sorted(known.keys() - names)])
    db.executemany("INSERT INTO near (name) VALUES (?)", [(name,) for name in sorted(names - known.keys())])


def _add(db: sqlite3.Connection, path: str, rows: Sequence[Row], text: Text | None, content: str) -> None:
    """Add one file. Its number comes from its path, so that it does not depend on what was indexed before."""
    number = int(digest((path,))[:10], 16)
    while db.execute("SELECT 1 FROM parts WHERE id = ?", (number,)).fetchone():
        number += 1
    db.execute("INSERT INTO parts VALUES (?,?,?,?)", (number, path, content, len(rows)))
    lines = text.lines() if text else []
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    for row_id, row in enumerate(rows, number << ROW_BITS):
        body = "\n".join(lines[row.start - 1 : row.end]) if row.start else ""
        offset = starts[min(row.start - 1, len(lines))] if row.start else 0
        values = (row.node_id, row.kind, row.path, row.start, row.end, row.name, row.qualname, row.signature)
        db.execute(
            "INSERT INTO rows VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", (row_id, *values, row.summary, offset, len(body))
        )
        columns = _columns(row.kind, row.path, row.qualname, row.signature, row.summary, body)
        db.execute(f"INSERT INTO words (rowid, {_COLUMNS}) VALUES (?,?,?,?,?,?)", (row_id, *columns))
    if text:
        db.execute("INSERT INTO texts VALUES (?,?,?)", (path, *text))
        db.execute("INSERT INTO grams (rowid, text) VALUES (?,?)", (number, text.text))


def _remove(db: sqlite3.Connection, path: str) -> None:
    """Take one file out. Tables without content are told what stood in them: it is cut from the stored text again."""
    found = db.execute("SELECT id FROM parts WHERE path = ?", (path,)).fetchone()
    if found is None:
        return
    stored = db.execute("SELECT text FROM texts WHERE path = ?", (path,)).fetchone()
    text = stored[0] if stored else ""
    query = "SELECT id, kind, path, qualname, signature, summary, offset, length FROM rows WHERE path = ?"
    for row_id, kind, place, qualname, signature, summary, offset, length in db.execute(query, (path,)).fetchall():
        columns = _columns(kind, place, qualname, signature, summary, text[offset : offset + length])
        db.execute(f"INSERT INTO words (words, rowid, {_COLUMNS}) VALUES ('delete',?,?,?,?,?,?)", (row_id, *columns))
    if stored:
        db.execute("INSERT INTO grams (grams, rowid, text) VALUES ('delete',?,?)", (found[0], text))
    for table in ("rows", "texts", "parts"):
        db.execute(f"DELETE FROM {table} WHERE path = ?", (path,))


def _columns(kind: str, path: str, qualname: str, signature: str, summary: str, body: str) -> Iterator[str]:
    """The words of one row, as they are indexed."""
    return map(expand, (path, qualname, signature, summary, "" if kind in BRAIN_TYPES else body))
