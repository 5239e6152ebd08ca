"""graph.sqlite: the only writer of nodes and edges, and the queries every other floor reads through.

A first extract is written to a sibling file and renamed; a later change is one transaction. So a reader sees the old graph
or the new one, and a killed run leaves the old. Rows go in sorted, so equal graphs are equal files in `.dump`.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec

from config.errors import EXTRACT, IncompatibleInput, MissingInput, cannot_write
from config.manifest import Manifest, read_manifest
from extractor.schema import SURE, Edge, FileRow, Node, Rows, Unresolved
from extractor.spelling import joined, joint_of, plain_id

# One entry per schema version, applied in order; PRAGMA user_version says how many a file has had.
# `incoming` is the way from a node to the edges that end there, by rowid: an index of `edges` by dst_id would hold every id once
# more and be half as large as the table itself. Rowids stay: the brain's nodes come after all others and go before they do.
# `origin` is added last because SQLite keeps the default of an added column once, not in every row that was there before.
MIGRATIONS = (
    """
    CREATE TABLE nodes (id TEXT PRIMARY KEY, type TEXT NOT NULL, name TEXT NOT NULL, path TEXT NOT NULL, lang TEXT NOT NULL,
                        meta_json TEXT NOT NULL);
    CREATE TABLE edges (src_id TEXT NOT NULL, dst_id TEXT NOT NULL, kind TEXT NOT NULL, line INTEGER NOT NULL,
                        confidence REAL NOT NULL, via TEXT NOT NULL, meta_json TEXT NOT NULL,
                        PRIMARY KEY (src_id, dst_id, kind, line)) WITHOUT ROWID;
    CREATE TABLE files (path TEXT PRIMARY KEY, lang TEXT NOT NULL, sha256 TEXT NOT NULL, facts_version TEXT NOT NULL,
                        status TEXT NOT NULL, reason TEXT NOT NULL, loc INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE unresolved (src_id TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, line INTEGER NOT NULL,
                             reason TEXT NOT NULL, candidates TEXT NOT NULL,
                             PRIMARY KEY (src_id, kind, name, line)) WITHOUT ROWID;
    CREATE TABLE incoming (dst INTEGER NOT NULL, src INTEGER NOT NULL, brain INTEGER NOT NULL,
                           PRIMARY KEY (dst, src, brain)) WITHOUT ROWID;
    """,
    """
    ALTER TABLE nodes ADD COLUMN origin TEXT NOT NULL DEFAULT 'extractor';
    ALTER TABLE edges ADD COLUMN origin TEXT NOT NULL DEFAULT 'extractor';
    """,
)
# Made after the bulk load: building an index once is several times faster than keeping it up to date row by row.
INDEXES = """
    CREATE INDEX IF NOT EXISTS nodes_by_path ON nodes (path);
    CREATE INDEX IF NOT EXISTS nodes_by_name ON nodes (name COLLATE NOCASE);
"""
_NODE = "id, type, name, path, lang, meta_json"
_EDGE = "src_id, dst_id, kind, line, confidence, via, meta_json"
_FILE = "path, lang, sha256, facts_version, status, reason, loc"
_UNRESOLVED = "src_id, kind, name, line, reason, candidates"
_INSERT_UNRESOLVED = f"INSERT INTO unresolved ({_UNRESOLVED}) VALUES (?,?,?,?,?,?)"
_SOURCES = (
    "src_id IN (SELECT source.id FROM incoming JOIN nodes AS source ON source.rowid = src"
    " WHERE dst = (SELECT rowid FROM nodes WHERE id = ?))"
)


class Graph:
    """Read access. Every list comes back sorted; edges below `SURE` confidence are left out unless asked for."""

    def __init__(self, path: Path) -> None:
        """Raises MissingInput when there is no graph, IncompatibleInput when the file is something else."""
        if not path.is_file():
            raise MissingInput(f"there is no graph at {path}", EXTRACT)
        self.path = path
        self._db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise IncompatibleInput(f"{path} is not a graph: {error}", f"delete {path}, then {EXTRACT}") from error
        if version != len(MIGRATIONS):
            self._db.close()
            raise IncompatibleInput(f"{path} has schema {version}, this nanodex reads {len(MIGRATIONS)}", EXTRACT)
        self._db.execute("PRAGMA query_only=1")
        self._db.execute("PRAGMA trusted_schema=OFF")

    def __enter__(self) -> Graph:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._db.close()

    @property
    def manifest(self) -> Manifest:
        """What the graph was made from: repository root, commit, settings."""
        manifest = read_manifest(self.path)
        if manifest is None:
            raise MissingInput(f"{self.path} has no manifest: its extract did not finish", EXTRACT)
        return manifest

    def node(self, node_id: str) -> Node | None:
        row = self._db.execute(f"SELECT {_NODE}, origin FROM nodes WHERE id = ?", (node_id,)).fetchone()
        return _node(row) if row else None

    def nodes(self, types: Sequence[str] = (), *, path: str | None = None, origin: str = "") -> Iterator[Node]:
        """Nodes in order of id, of these types (all when empty), in this file (none: in any), from this origin."""
        where, values = _where(type=types, path=(path,) if path is not None else (), origin=(origin,) if origin else ())
        for row in self._db.execute(f"SELECT {_NODE}, origin FROM nodes{where} ORDER BY id", values):
            yield _node(row)

    def having(self, key: str) -> Iterator[Node]:
        """Nodes whose meta holds `key`, in order of id; the rest is not even decoded."""
        query = f"SELECT {_NODE}, origin FROM nodes WHERE instr(meta_json, ?) ORDER BY id"
        for row in self._db.execute(query, (f'"{key}":',)):
            node = _node(row)
            if key in node.meta:
                yield node

    def find(self, name: str) -> list[Node]:
        """Nodes that `name` may mean, best first: exact id, else qualified suffix or plain name, else ignoring case. `A::b` is of
        a language that writes it so, where one of them has it."""
        exact = self.node(name) or self.node(plain_id(name))
        if exact:
            return [exact]
        if "/" in name or self.file(name):
            return list(self.nodes(("package", "module"), path=name.rstrip("/")))
        dotted = plain_id(name).strip(".")
        rows = self._db.execute(
            f"SELECT {_NODE}, origin FROM nodes WHERE name = ? COLLATE NOCASE AND type != 'external' ORDER BY id",
            (dotted.rpartition(".")[2],),
        )
        found = [_node(row) for row in rows]
        for fold in (str, str.lower):
            matches = [n for n in found if ("." + fold(_dotted(n))).endswith("." + fold(dotted))]
            matches = [n for n in matches if "::" in name and joint_of(n) == "::"] or matches
            if matches:
                return sorted(matches, key=lambda n: (len(_dotted(n)), n.id))
        return []

    def edges(
        self, kinds: Sequence[str] = (), *, src: str = "", dst: str = "", origin: str = "", confidence: float = SURE
    ) -> Iterator[Edge]:
        """Edges in order of (src, dst, kind, line), of these kinds, from or to these nodes, at least this sure.

        Calls of a decorated function are among them, though its wrapper stands in between: the source names what it wraps.
        """
        where, values = _where(
            kind=kinds, src_id=(src,) if src else (), dst_id=(dst,) if dst else (), origin=(origin,) if origin else ()
        )
        if dst:
            where, values = f"{where} AND {_SOURCES}", [*values, dst]
        where += (" AND" if where else " WHERE") + " (confidence >= ? OR via = 'decorated')"
        query = f"SELECT {_EDGE}, origin FROM edges{where} ORDER BY src_id, dst_id, kind, line"
        # A node's id stands in many edges: one string each is several times smaller in memory.
        same: dict[str, str] = {}
        for row in self._db.execute(query, [*values, confidence]):
            yield _edge(row, same)

    def files(self) -> Iterator[FileRow]:
        for row in self._db.execute(f"SELECT {_FILE} FROM files ORDER BY path"):
            yield FileRow(*row)

    def file(self, path: str) -> FileRow | None:
        row = self._db.execute(f"SELECT {_FILE} FROM files WHERE path = ?", (path,)).fetchone()
        return FileRow(*row) if row else None

    def unresolved(self, src: str = "", kind: str = "", mention: str = "") -> Iterator[Unresolved]:
        """What could not be linked: from this node, of this kind, with `mention` in its name or among its candidates."""
        where, values = _where(src_id=(src,) if src else (), kind=(kind,) if kind else ())
        if mention:
            where += (" AND" if where else " WHERE") + " (instr(name, ?) OR instr(candidates, ?))"
            values += [mention, mention]
        query = f"SELECT {_UNRESOLVED} FROM unresolved{where} ORDER BY src_id, kind, name, line"
        for source, of, name, line, reason, candidates in self._db.execute(query, values):
            yield Unresolved(source, of, name, line, reason, tuple(json.loads(candidates)))

    def count(self, table: str, column: str) -> dict[str, int]:
        """Rows of `table` (nodes, edges, files, unresolved) per value of `column`."""
        _check_identifier(table, column)
        rows = self._db.execute(f"SELECT {column}, count(*) FROM {table} GROUP BY {column} ORDER BY {column}")
        return {str(value): count for value, count in rows}

    def counts(self, table: str, *columns: str) -> dict[tuple[str, ...], int]:
        """Rows of `table` per combination of values of `columns`."""
        _check_identifier(table, *columns)
        listed = ", ".join(columns)
        rows = self._db.execute(f"SELECT {listed}, count(*) FROM {table} GROUP BY {listed} ORDER BY {listed}")
        return {tuple(map(str, values)): count for *values, count in rows}

    def resolution(self) -> dict[str, dict[str, tuple[int, int, int]]]:
        """kind -> language -> (edges to the repository's own symbols, first-party names not resolved, external ones)."""
        table: dict[str, dict[str, list[int]]] = {}
        queries = (
            "SELECT kind, lang, dst_id LIKE 'ext:%', count(*) FROM edges JOIN nodes ON nodes.id = src_id"
            " WHERE edges.origin = 'extractor' AND kind NOT IN ('defined_in', 'depends_on') AND via != 'decorated'"
            " GROUP BY 1, 2, 3",
            "SELECT kind, lang, reason = 'external', count(*) FROM unresolved JOIN nodes ON nodes.id = src_id GROUP BY 1, 2, 3",
        )
        for missed, query in enumerate(queries):
            for kind, lang, external, count in self._db.execute(query):
                table.setdefault(kind, {}).setdefault(lang, [0, 0, 0])[2 if external else missed] += count
        return {k: {lang: (r[0], r[1], r[2]) for lang, r in sorted(table[k].items())} for k in sorted(table)}

    def similar(self, name: str, limit: int = 5) -> list[str]:
        """Qualified names that look like `name`, closest first: what to offer when it means nothing."""
        import difflib

        wanted = plain_id(name).lower()
        rows = self._db.execute(
            "SELECT name, id, lang FROM nodes WHERE type NOT IN ('external', 'package') ORDER BY id"
        )
        qualified: dict[str, set[str]] = {}
        says: dict[str, str] = {}
        for known, node_id, lang in rows:
            qualname = node_id.partition("#")[2].partition("@")[0] or known
            qualified.setdefault(known.lower(), set()).add(qualname)
            says.setdefault(qualname, lang if "#" in node_id else "")
        close = difflib.get_close_matches(wanted.rpartition(".")[2], qualified, n=2 * limit, cutoff=0.6)
        found = {qualname for near in close for qualname in qualified[near]}
        # Of several similar members, the one of the class that was named comes first.
        ratio = {known: difflib.SequenceMatcher(None, wanted, known.lower()).ratio() for known in found}
        return [joined(k, says[k]) for k in sorted(found, key=lambda known: (-ratio[known], known))[:limit]]

    def dump(self, origin: str = "extractor") -> Iterator[str]:
        """Every row of one origin as a line of text, in order: equal graphs have equal dumps."""
        for table, columns, key in (("nodes", _NODE, "id"), ("edges", _EDGE, "src_id, dst_id, kind, line")):
            for row in self._db.execute(
                f"SELECT {columns}, origin FROM {table} WHERE origin = ? ORDER BY {key}", (origin,)
            ):
                yield json.dumps([table, *row], ensure_ascii=False)
        if origin == "extractor":
            for table, columns, key in (
                ("files", _FILE, "path"),
                ("unresolved", _UNRESOLVED, "src_id, kind, name, line"),
            ):
                for row in self._db.execute(f"SELECT {columns} FROM {table} ORDER BY {key}"):
                    yield json.dumps([table, *row], ensure_ascii=False)


def write_graph(
    path: Path, nodes: Iterable[Node], edges: Iterable[Edge], files: Iterable[FileRow], unresolved: Iterable[Unresolved]
) -> None:
    """Write a whole extractor graph and rename it over `path`. The brain's rows, derived from the old one, go with it.

    Raises StorageError when the disk will not take it; the graph that was there stays.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with _storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
    try:
        with _storage_errors(path), closing(sqlite3.connect(temporary)) as db:
            db.execute("PRAGMA journal_mode=OFF")
            db.execute("PRAGMA synchronous=OFF")
            db.execute("PRAGMA page_size=16384")  # rows are long: larger pages are filled a tenth faster, and better
            db.executescript(MIGRATIONS[0])
            with db:
                _insert(db, nodes, edges)
                _list_files(db, files)
                db.executemany(_INSERT_UNRESOLVED, map(_unresolved_row, sorted(unresolved, key=_place)))
            for script in MIGRATIONS[1:]:
                db.executescript(script)
            db.execute(f"PRAGMA user_version={len(MIGRATIONS)}")
            db.executescript(INDEXES)
            db.execute("ANALYZE")
            db.commit()
            # Pages come half empty from a bulk load; filling them takes a hundredth of a run. Nodes keep their numbers: there are no gaps.
            db.execute("VACUUM")
        with _storage_errors(path):
            # A WAL left by a killed writer belongs to the old file and must not be replayed into the new one.
            for suffix in ("-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_files(path: Path, files: Iterable[FileRow], changed: Sequence[Rows] = ()) -> None:
    """Replace the list of files in one transaction, and put the rows of `changed` in place of those the same nodes had; then
    the brain's rows, derived from the old ones, go. All other nodes and edges stay untouched."""
    with _storage_errors(path), closing(sqlite3.connect(path)) as db, db:
        db.execute("BEGIN IMMEDIATE")
        _list_files(db, files)
        if changed:
            _drop_brain(db)
        for nodes, edges, unresolved in changed:
            ids = [(node.id,) for node in nodes]
            db.executemany("UPDATE nodes SET meta_json = ? WHERE id = ?", [(_json(n.meta), n.id) for n in nodes])
            db.executemany("DELETE FROM edges WHERE src_id = ?", ids)
            db.executemany(f"INSERT INTO edges ({_EDGE}) VALUES (?,?,?,?,?,?,?)", map(_edge_row, edges))
            db.executemany("DELETE FROM unresolved WHERE src_id = ?", ids)
            db.executemany(_INSERT_UNRESOLVED, map(_unresolved_row, unresolved))


def write_brain(path: Path, nodes: Iterable[Node], edges: Iterable[Edge]) -> None:
    """Replace the brain's nodes and edges in one transaction; the extractor's rows are not touched."""
    if not path.is_file():
        raise MissingInput(f"there is no graph at {path}", EXTRACT)
    with _storage_errors(path), closing(sqlite3.connect(path)) as db, db:
        db.execute("BEGIN IMMEDIATE")
        _drop_brain(db)
        _insert(db, nodes, edges, brain=True)


def _drop_brain(db: sqlite3.Connection) -> None:
    db.execute("DELETE FROM edges WHERE origin = 'brain'")
    db.execute("DELETE FROM nodes WHERE origin = 'brain'")
    db.execute("DELETE FROM incoming WHERE brain = 1")


def _list_files(db: sqlite3.Connection, files: Iterable[FileRow]) -> None:
    db.execute("DELETE FROM files")
    db.executemany("INSERT INTO files VALUES (?,?,?,?,?,?,?)", map(_file_row, sorted(files, key=_path)))


def _insert(db: sqlite3.Connection, nodes: Iterable[Node], edges: Iterable[Edge], *, brain: bool = False) -> None:
    """Add nodes and edges in order, and the way from each edge's end to its start."""
    column, value = (", origin", ",'brain'") if brain else ("", "")
    marks = "?,?,?,?,?,?"
    ordered = sorted(edges, key=_ends)
    db.executemany(
        f"INSERT INTO nodes ({_NODE}{column}) VALUES ({marks}{value})", map(_node_row, sorted(nodes, key=_id))
    )
    db.executemany(f"INSERT INTO edges ({_EDGE}{column}) VALUES ({marks},?{value})", map(_edge_row, ordered))
    numbers: dict[str, int] = dict(db.execute("SELECT id, rowid FROM nodes"))
    # One number for each pair: a large graph has as many as edges, and numbers are sorted several times faster than pairs.
    span = max(numbers.values(), default=0) + 1
    ways = {numbers[e.dst] * span + numbers[e.src] for e in ordered if e.dst in numbers and e.src in numbers}
    db.executemany(f"INSERT INTO incoming VALUES (?,?,{int(brain)})", (divmod(way, span) for way in sorted(ways)))


@contextmanager
def _storage_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.OperationalError, OSError) as error:
        raise cannot_write(path, error) from error


def _where(**conditions: Sequence[str]) -> tuple[str, list[str]]:
    parts, values = [], []
    for column, wanted in conditions.items():
        if wanted:
            parts.append(f"{column} IN ({','.join('?' * len(wanted))})")
            values += list(wanted)
    return (" WHERE " + " AND ".join(parts) if parts else ""), values


def _check_identifier(*names: str) -> None:
    for name in names:
        if not name.isidentifier():
            raise ValueError(f"not a table or column name: {name!r}")


def _dotted(node: Node) -> str:
    """The name a person may type in full: module path and qualified name, dotted."""
    path = node.path if node.type == "package" else node.path.rpartition(".")[0]
    stem = path.removesuffix("/__init__").replace("/", ".")
    return f"{stem}.{node.qualname}" if "#" in node.id else stem or node.name


_encode = msgspec.json.Encoder(order="sorted").encode
_id, _path, _ends = attrgetter("id"), attrgetter("path"), attrgetter("src", "dst", "kind", "line")
_place = attrgetter("src", "kind", "name", "line")


def _json(value: Any) -> str:
    return _encode(value).decode() if value else "{}" if isinstance(value, dict) else "[]"


def _node(row: Sequence[Any]) -> Node:
    node_id, kind, name, path, lang, meta, origin = row
    return Node(node_id, kind, name, path, lang, json.loads(meta), origin)


def _edge(row: Sequence[Any], same: dict[str, str]) -> Edge:
    src, dst, kind, line, confidence, via, meta, origin = row
    keep = same.setdefault
    details = {} if meta == "{}" else json.loads(meta)
    ends, rule = (keep(src, src), keep(dst, dst), keep(kind, kind)), keep(via, via)
    return Edge(*ends, line, confidence, rule, details, keep(origin, origin))


def _node_row(node: Node) -> tuple[Any, ...]:
    return node.id, node.type, node.name, node.path, node.lang, _json(node.meta)


def _edge_row(edge: Edge) -> tuple[Any, ...]:
    return edge.src, edge.dst, edge.kind, edge.line, edge.confidence, edge.via, _json(edge.meta)


def _file_row(row: FileRow) -> tuple[Any, ...]:
    return row.path, row.lang, row.sha256, row.facts_version, row.status, row.reason, row.loc


def _unresolved_row(row: Unresolved) -> tuple[Any, ...]:
    return row.src, row.kind, row.name, row.line, row.reason, _json(list(row.candidates))
