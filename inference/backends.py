"""Who writes prose: messages in, text chunks out. An OpenAI-compatible endpoint or an adapter pack in this process.

Extractive answers need none of these. A backend that cannot be reached, answers with something else, with nothing, or without
end raises BackendError with the address and what to do.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from config.errors import BackendError, InputError, UsageError
from config.settings import QuerySettings

Message = dict[str, str]
_CONNECT_S: Final = 5.0
_CHARS_PER_TOKEN: Final = 12  # far above any language's average: what exceeds it is not obeying max_tokens


class TooLong(BackendError):
    """The prompt does not fit the model: drop context and ask again."""


class Backend(Protocol):
    """`name` is the model's; `trained` whether it is a nanodex adapter, which knows the repository and short notes only.
    `window` is how many tokens it reads and writes together, 0 when that is not known; `commit` the state of the repository
    it was trained on, "" when that is not known."""

    name: str
    trained: bool
    system: str
    window: int
    commit: str

    def stream(self, messages: Sequence[Message], max_tokens: int) -> Iterator[str]: ...


def choose(settings: QuerySettings) -> tuple[Backend, str]:
    """(the backend, why this one). Raises UsageError when neither an endpoint nor an adapter is named."""
    if settings.endpoint:
        endpoint = Endpoint.connect(settings)
        return endpoint, f"{endpoint.name} at {settings.endpoint}"
    if settings.adapter:
        return Local(Path(settings.adapter)), f"adapter {settings.adapter} in this process"
    raise UsageError(
        "this mode needs a model: an endpoint or an adapter", "nanodex query --endpoint http://localhost:8000 …"
    )


class Endpoint:
    """An OpenAI-compatible server: vLLM, or any other that streams /v1/chat/completions."""

    def __init__(
        self,
        url: str,
        name: str,
        key: str,
        timeout: float,
        stop_ids: tuple[int, ...] = (),
        trained: bool = False,
        system: str = "",
        window: int = 0,
        commit: str = "",
    ) -> None:
        self.url = url
        self.name = name
        self.trained = trained
        self.system = system
        self.window = window
        self.commit = commit
        self._key = key
        self._timeout = timeout
        self._stop_ids = stop_ids

    @classmethod
    def connect(cls, settings: QuerySettings) -> Endpoint:
        """Ask /v1/models which model to use: the one named, else the newest adapter, else the only model there is."""
        url = base_url(settings.endpoint)
        key = os.environ.get(settings.api_key_env, "")
        rows = _models(url, key, settings.timeout_s)
        names = [str(row["id"]) for row in rows]
        if settings.model:
            row = next((r for r in rows if r["id"] == settings.model), None)
            if row is None:
                raise BackendError(
                    f"{url} serves no model {settings.model}", f"it serves: {', '.join(names) or 'none'}"
                )
        else:
            adapters = [r for r in rows if r.get("parent")]
            pool = adapters or (rows if len(rows) == 1 else [])
            if not pool:
                raise BackendError(
                    f"{url} serves {len(rows)} models and no adapter", f"name one with --model: {', '.join(names)}"
                )
            row = max(pool, key=lambda r: (_version(r), int(r.get("created") or 0), str(r["id"])))
        stop_ids, system, commit = _pack_of(str(row.get("root") or "")) if row.get("parent") else ((), "", "")
        # An adapter's own row leaves the length open: its base's row states it.
        base = next((r for r in rows if r["id"] == row.get("parent")), row)
        window = int(row.get("max_model_len") or base.get("max_model_len") or 0)
        trained = bool(row.get("parent"))
        return cls(url, str(row["id"]), key, settings.timeout_s, stop_ids, trained, system, window, commit)

    def stream(self, messages: Sequence[Message], max_tokens: int) -> Iterator[str]:
        """Chunks of the answer. Raises TooLong on a prompt beyond the model's limit, BackendError on anything else."""
        import httpx

        body: dict[str, Any] = {
            "model": self.name,
            "messages": list(messages),
            "max_tokens": max_tokens,
            "temperature": 0,
            "stream": True,
        }
        if self._stop_ids:
            body["stop_token_ids"] = list(self._stop_ids)
        deadline = time.monotonic() + self._timeout
        sent = 0
        try:
            with (
                _client(self.url, self._key, self._timeout) as client,
                client.stream("POST", "/v1/chat/completions", json=body) as response,
            ):
                self._refuse(response)
                for chunk in _chunks(response, self.url):
                    sent += len(chunk)
                    yield chunk
                    if sent > max_tokens * _CHARS_PER_TOKEN:
                        raise BackendError(
                            f"{self.url} goes on beyond max_tokens ({sent} characters)",
                            "is it an OpenAI-compatible server?",
                        )
                    if time.monotonic() > deadline:
                        raise BackendError(
                            f"{self.url} was still writing after {self._timeout:g} s",
                            "raise --timeout or lower --max-tokens",
                        )
        except httpx.HTTPError as error:
            raise _unreachable(self.url, error) from error
        if not sent:
            raise BackendError(f"{self.url} answered with no text", f"try the model directly: {self.name}")

    def _refuse(self, response: Any) -> None:
        if response.status_code == 200:
            return
        response.read()
        said = _error_text(response)
        if response.status_code == 400 and re.search(r"context length|maximum.*tokens|too long", said, re.I):
            raise TooLong(f"the prompt does not fit {self.name}: {said}", "lower --set context_tokens")
        if response.status_code in (401, 403):
            raise BackendError(f"{self.url} refuses the key: {said}", "put the key in NANODEX_API_KEY")
        raise BackendError(f"{self.url} answers {response.status_code}: {said}", "look at the server's log")


class Local:
    """A base with its adapter in this process, through transformers and peft."""

    def __init__(self, adapter: Path) -> None:
        from trainer.models import describe_base
        from trainer.pack import read_pack

        self._pack = read_pack(adapter)
        self.name = self._pack.name
        self.trained = True
        self.system = self._pack.system
        self.commit = self._pack.commit
        base = self._pack.base_path()
        self.window = describe_base(base).context if base else 0
        self._loaded: tuple[Any, Any] | None = None

    def stream(self, messages: Sequence[Message], max_tokens: int) -> Iterator[str]:
        """The whole answer as one chunk: greedy, stopped at the pack's stop ids."""
        model, tokenizer = self._load()
        import torch

        text = tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=True)
        ids = tokenizer(text, add_special_tokens=False, return_tensors="pt")["input_ids"]
        limit = int(getattr(model.config, "max_position_embeddings", 0) or 1 << 30)
        if ids.shape[1] + 16 > limit:
            raise TooLong(
                f"the prompt has {ids.shape[1]} tokens, {self.name} reads {limit}", "lower --set context_tokens"
            )
        with torch.inference_mode():
            out = model.generate(
                ids, attention_mask=torch.ones_like(ids), max_new_tokens=min(max_tokens, limit - ids.shape[1]), do_sample=False,
                eos_token_id=list(self._pack.stop_ids) or None, pad_token_id=tokenizer.pad_token_id or tokenizer.eos_token_id,
            )  # fmt: skip
        yield tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True)

    def _load(self) -> tuple[Any, Any]:
        if self._loaded is None:
            from trainer.models import load_base
            from trainer.quiet import quiet_libraries

            quiet_libraries()
            base = self._pack.base_path()
            if base is None:
                raise InputError(
                    f"the base of {self.name} ({self._pack.base.id}) is not here",
                    "make train-tiny, or serve it and use --endpoint",
                )
            from peft import PeftModel
            from transformers import AutoTokenizer

            model = PeftModel.from_pretrained(load_base(base), str(self._pack.path)).eval()
            tokenizer = AutoTokenizer.from_pretrained(str(self._pack.path))
            if self._pack.template.is_file():
                tokenizer.chat_template = self._pack.template.read_text(encoding="utf-8")
            self._loaded = (model, tokenizer)
        return self._loaded


def base_url(endpoint: str) -> str:
    """`http://host:8000` of what a user typed; /v1 and a trailing slash go. Raises UsageError on other schemes."""
    text = endpoint if "//" in endpoint else f"http://{endpoint}"
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{endpoint} is not an http address", "--endpoint http://localhost:8000")
    return re.sub(r"(/v1)?/*$", "", text)


def _client(url: str, key: str, timeout: float) -> Any:
    import httpx

    headers = {"Authorization": f"Bearer {key}"} if key else {}
    limits = httpx.Timeout(timeout, connect=min(_CONNECT_S, timeout))
    # A proxy of the environment has no business between this process and a local server.
    return httpx.Client(base_url=url, headers=headers, timeout=limits, trust_env=not _is_local(url))


def _is_local(url: str) -> bool:
    return (urlsplit(url).hostname or "") in ("localhost", "127.0.0.1", "::1")


def _models(url: str, key: str, timeout: float) -> list[dict[str, Any]]:
    import httpx

    try:
        with _client(url, key, timeout) as client:
            response = client.get("/v1/models")
    except httpx.HTTPError as error:
        raise _unreachable(url, error) from error
    if response.status_code in (401, 403):
        raise BackendError(f"{url} refuses the key", "put the key in NANODEX_API_KEY")
    try:
        rows = response.json()["data"]
        return [dict(row) for row in rows if isinstance(row.get("id"), str)]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        kind = response.headers.get("content-type", "no type").partition(";")[0]
        raise BackendError(
            f"{url}/v1/models answers {response.status_code} with {kind}, not a list of models",
            "is it an OpenAI-compatible server?",
        ) from error


def _chunks(response: Any, url: str) -> Iterator[str]:
    """The text of a streamed answer, or of a whole one from a server that does not stream."""
    kind = response.headers.get("content-type", "").partition(";")[0]
    if kind == "application/json":
        response.read()
        yield _content(response.text, url, "message")
        return
    if kind != "text/event-stream":
        raise BackendError(
            f"{url} answers with {kind or 'no content type'}, not a stream of events",
            "is it an OpenAI-compatible server?",
        )
    for line in response.iter_lines():
        if line.startswith("data:"):
            data = line[5:].strip()
            if data == "[DONE]":
                return
            text = _content(data, url, "delta")
            if text:
                yield text


def _content(data: str, url: str, part: str) -> str:
    try:
        body = json.loads(data)
        if "error" in body:
            raise BackendError(f"{url}: {body['error'].get('message', body['error'])}", "look at the server's log")
        choices = body.get("choices") or []
        return str((choices[0].get(part) or {}).get("content") or "") if choices else ""
    except (ValueError, AttributeError, TypeError, IndexError) as error:
        raise BackendError(
            f"{url} sends what is no chat completion: {data[:80]!r}", "is it an OpenAI-compatible server?"
        ) from error


def _error_text(response: Any) -> str:
    try:
        body = response.json()
        error = body.get("error", body)
        return str(error.get("message", error) if isinstance(error, dict) else error)[:300]
    except (ValueError, AttributeError):
        return str(response.headers.get("content-type", "")).partition(";")[0] or "no message"


def _unreachable(url: str, error: Exception) -> BackendError:
    name = type(error).__name__
    said = "does not answer in time" if "Timeout" in name else "cannot be reached" if "Connect" in name else "broke off"
    return BackendError(f"{url} {said} ({name})", "nanodex serve, or name another --endpoint")


def _version(row: dict[str, Any]) -> int:
    """13 of `click@v13` or of a root that ends in `.v13`."""
    for text in (str(row.get("id", "")), str(row.get("root") or "")):
        found = re.search(r"[@.\-]v(\d+)$", text.rstrip("/"))
        if found:
            return int(found[1])
    return 0


def _pack_of(root: str) -> tuple[tuple[int, ...], str, str]:
    """Stop ids, system message and commit of the adapter's pack, when it lies on this machine."""
    if not root or not (Path(root) / "nanodex.json").is_file():
        return (), "", ""
    from trainer.pack import read_pack

    pack = read_pack(Path(root))
    return tuple(pack.stop_ids), pack.system, pack.commit
