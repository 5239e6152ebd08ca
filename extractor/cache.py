"""facts.cache.sqlite: the facts of every file parsed before, by path, content and parser version. It may be deleted at any time.

Only the last content of each path is kept, so the cache is as large as one generation of the repository.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from functools import cache as memo
from pathlib import Path
from typing import Final, NamedTuple

from config.errors import StorageError
from config.manifest import digest
from extractor.languages import LanguageSpec, grammar_version

_SCHEMA: Final = 1
_CREATE: Final = f"""
    CREATE TABLE IF NOT EXISTS facts (path TEXT PRIMARY KEY, sha256 TEXT NOT NULL, version TEXT NOT NULL, status TEXT NOT NULL,
                                      reason TEXT NOT NULL, facts TEXT NOT NULL) WITHOUT ROWID;
    PRAGMA user_version={_SCHEMA};
"""


class CachedFile(NamedTuple):
    sha256: str
    version: str
    status: str
    reason: str


class FactsCache:
    """Open it, ask and store, close it. A file that is no cache of this version is deleted and made anew."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._db = self._open()
            except sqlite3.OperationalError:
                # Locked by another run, or a folder that cannot be written: the file itself is sound.
                raise
            except sqlite3.DatabaseError:
                # Damaged or foreign: everything in it can be made again.
                for suffix in ("", "-journal", "-wal", "-shm"):
                    path.with_name(path.name + suffix).unlink(missing_ok=True)
                self._db = self._open()
        except (sqlite3.Error, OSError) as error:
            raise StorageError(
                f"cannot use {path}: {error}", "wait for the other extract to end, or choose another out_graph"
            ) from error

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path)
        if db.execute("PRAGMA user_version").fetchone()[0] not in (0, _SCHEMA):
            db.close()
            raise sqlite3.DatabaseError("another version")
        # A cache lost to a power failure costs one parse; waiting for the disk costs every run.
        db.execute("PRAGMA synchronous=OFF")
        db.executescript(_CREATE)
        return db

    def known(self) -> dict[str, CachedFile]:
        """What is stored of each path."""
        rows = self._db.execute("SELECT path, sha256, version, status, reason FROM facts")
        return {path: CachedFile(*row) for path, *row in rows}

    def read(self, path: str) -> str:
        """The facts of a path as `dump_facts` wrote them."""
        row = self._db.execute("SELECT facts FROM facts WHERE path = ?", (path,)).fetchone()
        return str(row[0])

    def store(self, rows: Iterable[tuple[str, CachedFile, str]]) -> None:
        """Keep (path, description, facts) rows, in one transaction."""
        values = [(path, *described, facts) for path, described, facts in rows]
        try:
            with self._db:
                self._db.executemany("INSERT OR REPLACE INTO facts VALUES (?,?,?,?,?,?)", values)
        except sqlite3.OperationalError as error:
            raise StorageError(
                f"cannot write {self.path}: {error}", "free some disk space, then run extract again"
            ) from error

    def forget(self, paths: Iterable[str]) -> None:
        """Drop files that are gone."""
        with self._db:
            self._db.executemany("DELETE FROM facts WHERE path = ?", [(path,) for path in paths])

    def close(self) -> None:
        with suppress(sqlite3.Error):
            self._db.close()


@memo
def facts_version(spec: LanguageSpec) -> str:
    """12 hex digits over everything besides a file's bytes that its facts depend on: grammar, queries and parser code."""
    package = Path(__file__).resolve().parent
    shared = ("facts.py", "languages.py", "scrub.py", "schema.py", "parse/__init__.py", "parse/tree.py")
    own = [*package.glob(f"parse/{spec.family}*.py"), *package.glob(f"queries/{spec.family}*.scm")]
    files = sorted({package / name for name in shared} | set(own))
    parts = [part for file in files for part in (file.name, file.read_bytes())]
    return digest([spec.name, grammar_version(spec.distribution), grammar_version("tree-sitter"), *parts])[:12]
