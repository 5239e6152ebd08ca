"""Vectors for lookup, optional: the text of each index row in, `vectors.npz` beside the index out.

A vector set names the space it lives in (`embedders.py`); a question from another space is refused, never padded or mixed.
Vectors are kept by the hash of their text, so an unchanged row is never embedded again and an interrupted run resumes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from brain.embedders import Embedder, open_embedder
from brain.index import index_path, open_index
from brain.text import one_line, split_identifier
from config.console import Console, plural
from config.errors import IncompatibleInput, MissingInput, cannot_write
from config.manifest import Manifest, code_version, digest, manifest_path, read_manifest, write_manifest
from config.settings import BrainSettings, EmbedSettings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

BODY: Final = 600  # characters of a row's source that are read
KINDS: Final = (
    "function",
    "method",
    "class",
    "interface",
    "module",
    "section",
    "capability",
    "concept",
    "error",
    "recipe",
)
SAVE_EVERY: Final = 60.0  # seconds between two savings of an unfinished run


@dataclass(frozen=True, slots=True)
class EmbedReport:
    skipped: bool
    rows: int = 0
    embedded: int = 0
    dimension: int = 0
    seconds: float = 0.0

    def lines(self) -> list[str]:
        if self.skipped:
            return ["embed: nothing to do, the index and the embedder are unchanged"]
        kept = self.rows - self.embedded
        size = f"{plural(self.rows, 'row')} of {self.dimension} numbers"
        return [f"vectors    {size}, {self.embedded:,} embedded, {kept:,} kept; {self.seconds:.1f} s"]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Vectors:
    """`keys` are `node_id` or `path:start` of the rows, `matrix` one unit vector per key."""

    space: str
    keys: list[str]
    hashes: list[str]
    matrix: Matrix

    def nearest(self, vector: Matrix, count: int) -> list[tuple[str, float]]:
        """The `count` nearest keys with their cosine, best first, ties by key."""
        if not self.keys:
            return []
        scores = self.matrix @ vector
        order = scores.argsort(kind="stable")[::-1][:count]
        return [(self.keys[i], float(scores[i])) for i in order]


def run(settings: BrainSettings, console: Console) -> EmbedReport:
    """Embed every row of the index that is not embedded yet. Raises MissingInput without an index or without the extra."""
    started = time.monotonic()
    path = vectors_path(settings.graph)
    rows = row_texts(settings.graph)
    embedder = open_embedder(settings.embed)
    manifest = Manifest(
        "embed",
        digest(part for key, text in rows for part in (key, text)),
        settings={"space": embedder.space},
        versions={"brain": code_version("brain")},
    )
    if path.is_file() and manifest.same_work(read_manifest(path)):
        return EmbedReport(skipped=True, seconds=time.monotonic() - started)
    import numpy as np

    old = read_vectors(path) if path.is_file() else None
    kept = dict(zip(old.hashes, old.matrix, strict=True)) if old is not None and old.space == embedder.space else {}
    hashes = [digest((text,)) for _, text in rows]
    missing = {
        h: text
        for h, (_, text) in sorted(zip(hashes, rows, strict=True), key=lambda pair: len(pair[1][1]))
        if h not in kept
    }
    manifest_path(path).unlink(missing_ok=True)
    saved = time.monotonic()
    with console.progress("embedding", len(missing), "rows") as task:
        pending = list(missing.items())
        for first in range(0, len(pending), 32):
            batch = pending[first : first + 32]
            for (h, _), vector in zip(batch, embedder.embed([text for _, text in batch]), strict=True):
                kept[h] = vector
            task.advance(len(batch))
            if time.monotonic() - saved > SAVE_EVERY:
                done = [(key, h) for (key, _), h in zip(rows, hashes, strict=True) if h in kept]
                _write(path, embedder.space, done, kept)
                saved = time.monotonic()
    _write(path, embedder.space, [(key, h) for (key, _), h in zip(rows, hashes, strict=True)], kept)
    write_manifest(path, manifest)
    dimension = len(next(iter(kept.values()), np.zeros(0)))
    return EmbedReport(False, len(rows), len(missing), dimension, time.monotonic() - started)


def vectors_path(graph: Path) -> Path:
    """The vectors beside a graph."""
    return graph.with_name("vectors.npz")


def embedder_beside(graph: Path, settings: EmbedSettings) -> Embedder:
    """The embedder that made the vectors beside a graph, so that a question may join them. Raises MissingInput where there are no
    vectors or no embedder, IncompatibleInput where another made them."""
    path = vectors_path(graph)
    made = read_manifest(path) if path.is_file() else None
    if made is None:
        raise MissingInput("there are no vectors", "make brain-embed")
    embedder = open_embedder(settings)
    if embedder.space != made.settings.get("space"):
        raise IncompatibleInput("the vectors were made by another embedder", "make brain-embed")
    return embedder


def read_vectors(path: Path, space: str = "") -> Vectors:
    """Of any space when none is named. Raises MissingInput without the file, IncompatibleInput when it is broken or from
    another space."""
    import numpy as np

    if not path.is_file():
        raise MissingInput(f"there are no vectors at {path}", "make brain-embed")
    try:
        with np.load(path, allow_pickle=False) as data:
            found = Vectors(
                str(data["space"]), data["keys"].tolist(), data["hashes"].tolist(), data["matrix"].astype(np.float32)
            )
    except (OSError, ValueError, KeyError) as error:
        raise IncompatibleInput(f"{path} holds no vectors: {error}", f"delete {path}, then make brain-embed") from error
    if space and found.space != space:
        raise IncompatibleInput(f"{path} was made by another embedder", f"delete {path}, then make brain-embed")
    return found


def row_texts(graph: Path) -> list[tuple[str, str]]:
    """(key, text to embed) of every row worth a vector, in order of the index."""
    db = open_index(index_path(graph))
    try:
        query = (
            "SELECT r.node_id, r.kind, r.path, r.start, r.name, r.qualname, r.signature, r.summary,"
            f" coalesce(substr(t.text, r.offset + 1, min(r.length, {BODY})), '') FROM rows r"
            f" LEFT JOIN texts t ON t.path = r.path WHERE r.kind IN ({','.join('?' * len(KINDS))}) ORDER BY r.id"
        )
        found: dict[str, str] = {}
        for node_id, kind, path, start, name, qualname, signature, summary, body in db.execute(query, KINDS):
            words = " ".join(split_identifier(qualname or name))
            source = "" if kind in ("capability", "concept", "error", "recipe") else body
            found.setdefault(node_id or f"{path}:{start}", one_line(f"{words}. {summary} {signature} {source}"))
        return list(found.items())
    finally:
        db.close()


def _write(path: Path, space: str, rows: Sequence[tuple[str, str]], vectors: dict[str, Any]) -> None:
    import numpy as np

    matrix = np.asarray([vectors[h] for _, h in rows], dtype=np.float32).reshape(len(rows), -1)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp.npz")
    keys, hashes = [key for key, _ in rows], [h for _, h in rows]
    try:
        np.savez(
            temporary,
            space=np.array(space),
            keys=np.array(keys, dtype=str),
            hashes=np.array(hashes, dtype=str),
            matrix=matrix,
        )
        temporary.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)
