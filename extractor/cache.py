"""facts.cache.sqlite: the facts of every file parsed before, by path, content and parser version, and the text they were read
from, its secrets masked; and what linking each language gave. It may be deleted at any time.

Only the last content of each path is kept, so the cache is as large as one generation of the repository.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache as memo
from pathlib import Path
from typing import Final, NamedTuple

from config.errors import StorageError, cannot_write
from config.manifest import digest
from extractor.languages import SPECS, LanguageSpec, grammar_version

_SCHEMA: Final = 2
_CREATE: Final = f"""
    CREATE TABLE IF NOT EXISTS facts (path TEXT PRIMARY KEY, sha256 TEXT NOT NULL, version TEXT NOT NULL, status TEXT NOT NULL,
                                      reason TEXT NOT NULL, facts TEXT NOT NULL, text BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS linked (family TEXT PRIMARY KEY, key TEXT NOT NULL, links BLOB NOT NULL);
    PRAGMA user_version={_SCHEMA};
"""


class CachedFile(NamedTuple):
    sha256: str
    version: str
    status: str
    reason: str


class FactsCache:
    """Open it, ask and store, close it. A file that is no cache of this version is deleted and made anew.

    `wait_s` is how long to wait for another run that holds it.
    """

    def __init__(self, path: Path, wait_s: float = 5.0) -> None:
        self.path = path
        self.wait_s = wait_s
        self._new_file, self._new_folder = not path.exists(), not path.parent.exists()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._db = self._open()
            except sqlite3.OperationalError:
                # Locked by another run, or a folder that cannot be written: the file itself is sound.
                raise
            except sqlite3.DatabaseError:
                self._delete()
                self._db = self._open()
        except (sqlite3.Error, OSError) as error:
            raise cannot_write(path, error) from error

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=self.wait_s)
        if db.execute("PRAGMA user_version").fetchone()[0] not in (0, _SCHEMA):
            db.close()
            raise sqlite3.DatabaseError("another version")
        # A cache lost to a power failure costs one parse; waiting for the disk costs every run.
        db.execute("PRAGMA synchronous=OFF")
        db.executescript(_CREATE)
        return db

    def _delete(self) -> None:
        # Damaged or foreign: everything in it can be made again.
        for suffix in ("", "-journal", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    @contextmanager
    def _guard(self) -> Iterator[None]:
        try:
            with self._db:
                yield
        except sqlite3.OperationalError as error:
            raise cannot_write(self.path, error) from error
        except sqlite3.DatabaseError as error:
            self._db.close()
            self._delete()
            raise StorageError(
                f"{self.path} was damaged and is deleted: {error}", "run the same command again"
            ) from error

    def known(self) -> dict[str, CachedFile]:
        """What is stored of each path."""
        with self._guard():
            rows = self._db.execute("SELECT path, sha256, version, status, reason FROM facts")
            return {path: CachedFile(*row) for path, *row in rows}

    def read(self, path: str) -> str:
        """The facts of a path as `dump_facts` wrote them."""
        with self._guard():
            return str(self._db.execute("SELECT facts FROM facts WHERE path = ?", (path,)).fetchone()[0])

    def text(self, path: str) -> bytes:
        """The text of a path that its facts were read from."""
        with self._guard():
            return bytes(self._db.execute("SELECT text FROM facts WHERE path = ?", (path,)).fetchone()[0])

    def store(self, rows: Iterable[tuple[str, CachedFile, str, bytes]]) -> None:
        """Keep (path, description, facts, text) rows, in one transaction."""
        values = [(path, *described, facts, text) for path, described, facts, text in rows]
        with self._guard():
            self._db.executemany("INSERT OR REPLACE INTO facts VALUES (?,?,?,?,?,?,?)", values)

    def forget(self, paths: Iterable[str]) -> None:
        """Drop files that are gone."""
        with self._guard():
            self._db.executemany("DELETE FROM facts WHERE path = ?", [(path,) for path in paths])

    def linked(self, family: str, key: str) -> bytes | None:
        """What was stored of this family under this key; see `linked`."""
        with self._guard():
            found = self._db.execute("SELECT links FROM linked WHERE family = ? AND key = ?", (family, key)).fetchone()
        return bytes(found[0]) if found else None

    def store_linked(self, family: str, key: str, links: bytes) -> None:
        """Keep this instead of what was stored of the family before."""
        with self._guard():
            self._db.execute("INSERT OR REPLACE INTO linked VALUES (?,?,?)", (family, key, links))

    def close(self) -> None:
        """Close it; one that was made now and holds nothing goes, with the folder made for it."""
        unused = False
        with suppress(sqlite3.Error):
            unused = self._new_file and self._db.execute("SELECT 1 FROM facts LIMIT 1").fetchone() is None
            self._db.close()
        if unused:
            self._delete()
            with suppress(OSError):
                if self._new_folder:
                    self.path.parent.rmdir()


@memo
def facts_version(spec: LanguageSpec) -> str:
    """12 hex digits over everything besides a file's bytes that its facts depend on: grammar, queries and parser code."""
    package = Path(__file__).resolve().parent
    others = tuple({other.family for other in SPECS} - {spec.family})
    parsers = [*package.glob("parse/*.py"), *package.glob("queries/*.scm")]
    own = [file for file in parsers if file.name.startswith(spec.family) or not file.name.startswith(others)]
    files = sorted([*own, *(package / name for name in ("facts.py", "languages.py", "scrub.py", "schema.py"))])
    parts = [part for file in files for part in (file.name, file.read_bytes())]
    return digest([spec.name, grammar_version(spec.distribution), grammar_version("tree-sitter"), *parts])[:12]
