"""The Writer seam: facts and a source excerpt in, a draft out. Notes and rows need none, and by default none is asked.

What a draft may say is its reader's business: each is held against that, repaired once, else refused. Drafts are cached one by
one, so an interrupted run resumes and a second one sends nothing; a budget is kept, and an endpoint that is down is left alone.
"""

from __future__ import annotations

import json
import os
import random
import re
import secrets
import sqlite3
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, Protocol, TypeVar
from urllib.parse import urlsplit

from brain.text import clean, one_line, tokens
from config.console import plural
from config.errors import UsageError, cannot_write
from config.settings import WriterSettings

if TYPE_CHECKING:
    import httpx

ATTEMPTS: Final = 5
GIVE_UP: Final = 3  # drafts in a row whose every attempt failed: the server is down
_TABLE: Final = """
    CREATE TABLE IF NOT EXISTS drafts (key TEXT PRIMARY KEY, draft TEXT NOT NULL, objection TEXT NOT NULL) WITHOUT ROWID
"""
_RETRIED: Final = frozenset({408, 409, 429})
_MODES: Final = ("json_schema", "json_object", "text")


@dataclass(frozen=True, slots=True)
class Task:
    """What an endpoint is asked for: its instructions, the keys of the JSON object it answers with, and where it is set.

    `system` may use {fence} and {limit}.
    """

    system: str
    keys: tuple[str, ...]
    where: str


class Writer(Protocol):
    """One method: what is known, as JSON, and source beside it -> a draft, one line per key of the task. Raises WriterError."""

    name: str

    def draft(self, facts: str, excerpt: str, objection: str = "") -> str: ...


class WriterError(Exception):
    """A draft could not be had. `final` means that asking again, for anything, is pointless."""

    def __init__(self, message: str, final: bool = False) -> None:
        super().__init__(message)
        self.final = final


Of = TypeVar("Of")


class Reply(NamedTuple):
    """A draft and what speaks against it. `requests` were sent for it: none where an earlier run did."""

    draft: str
    objection: str
    requests: int = 0


@dataclass(frozen=True, slots=True)
class Request(Generic[Of]):
    """A draft to be had `of` something, kept under `key`. `against` says why a draft cannot be taken, nothing when it can;
    `size` is in tokens, of the prompt and of the longest answer."""

    of: Of
    facts: str
    excerpt: str
    key: str
    size: int
    against: Callable[[str], str]

    def send(self, writer: Writer) -> Reply:
        """One repair is asked for, naming what was wrong. Raises WriterError."""
        draft = writer.draft(self.facts, self.excerpt)
        objection = self.against(draft)
        if not objection:
            return Reply(draft, "", 1)
        draft = writer.draft(self.facts, self.excerpt, objection)
        return Reply(draft, self.against(draft), 2)


@dataclass(slots=True)
class Spent:
    """What drafts have cost so far. `reasons` counts why they were not taken; `stopped` says why the rest was not asked for."""

    requests: int = 0
    tokens: int = 0  # of prompts and of the longest answers asked for, by our own count
    cached: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    stopped: str = ""

    def refuse(self, objection: str) -> None:
        self.reasons[f"draft {objection.partition(':')[0]}"] += 1


def prompt_size(facts: str, excerpt: str) -> int:
    """Tokens of one prompt, roughly: our own words and marks, and what every prompt says."""
    return len(tokens(facts)) + len(tokens(excerpt)) + 200


def replies(
    requests: Iterable[Request[Of]], writer: Writer, settings: WriterSettings, cache: Path, spent: Spent
) -> Iterator[tuple[Of, Reply | None]]:
    """What each request is about and its reply, None when it failed; in order, a few at a time, as far as the budget goes.

    `spent` is filled on the way. Raises StorageError when the cache cannot be used.
    """
    try:
        with closing(sqlite3.connect(cache)) as db, ThreadPoolExecutor(settings.concurrency) as pool:
            db.execute(_TABLE)
            yield from _replies(iter(requests), writer, settings, db, pool, spent)
    except sqlite3.Error as error:
        raise cannot_write(cache, error, f"run the same command again, or delete {cache} first") from error


def _replies(
    queue: Iterator[Request[Of]],
    writer: Writer,
    settings: WriterSettings,
    db: sqlite3.Connection,
    pool: ThreadPoolExecutor,
    spent: Spent,
) -> Iterator[tuple[Of, Reply | None]]:
    pending: deque[tuple[Request[Of], Reply | Future[Reply]]] = deque()
    failures = 0
    while True:
        while len(pending) < settings.concurrency * 2 and not spent.stopped and (request := next(queue, None)):
            row = db.execute("SELECT draft, objection FROM drafts WHERE key = ?", (request.key,)).fetchone()
            sent = [other for other, found in pending if isinstance(found, Future)]
            if row is not None:
                pending.append((request, Reply(*row)))
            elif not (stopped := _over(request, sent, spent, settings)):
                pending.append((request, pool.submit(request.send, writer)))
            else:
                spent.stopped = stopped
        if not pending:
            return
        request, found = pending.popleft()
        if isinstance(found, Reply):
            yield request.of, found
            continue
        try:
            reply = found.result()
        except WriterError as error:
            why = one_line(str(error))
            failures += 1
            spent.requests += 1
            spent.tokens += request.size
            spent.reasons[why[:120]] += 1
            if error.final or failures >= GIVE_UP:
                spent.stopped = spent.stopped or why
            yield request.of, None
            continue
        failures = 0
        spent.requests += reply.requests
        spent.tokens += reply.requests * request.size
        with db:
            db.execute("INSERT OR REPLACE INTO drafts VALUES (?,?,?)", (request.key, reply.draft, reply.objection))
        yield request.of, reply


def _over(request: Request[Of], sent: Sequence[Request[Of]], spent: Spent, settings: WriterSettings) -> str:
    """Which budget another request would pass, with those on their way; each of them may need its one repair."""
    if settings.max_requests and spent.requests + len(sent) >= settings.max_requests:
        return f"the budget of {plural(settings.max_requests, 'request')} is spent"
    held = 2 * sum(each.size for each in (request, *sent))
    if settings.max_tokens and spent.tokens + held > settings.max_tokens:
        return f"the budget of {settings.max_tokens:,} tokens is spent"
    return ""


class Endpoint:
    """Any OpenAI-compatible `/v1/chat/completions`. The key is read from a named environment variable and shown nowhere."""

    def __init__(self, settings: WriterSettings, limit: int, task: Task) -> None:
        """Raises UsageError for an address that is none, or a named variable that is not set."""
        import httpx

        if urlsplit(settings.endpoint).scheme not in ("http", "https") or not urlsplit(settings.endpoint).hostname:
            raise UsageError(
                f"{task.where}.endpoint: {settings.endpoint!r} is no http address",
                "for example http://localhost:8000/v1",
            )
        self._key = os.environ.get(settings.api_key_env, "") if settings.api_key_env else ""
        if settings.api_key_env and not self._key:
            raise UsageError(f"{task.where}.api_key_env: {settings.api_key_env} is not set in the environment")
        base = settings.endpoint.rstrip("/").removesuffix("/chat/completions")
        self._url = (base if base.endswith("/v1") else f"{base}/v1") + "/chat/completions"
        self._settings, self._limit, self._task = settings, limit, task
        self._mode = 0
        self._random = random.Random(0)
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        self._client: httpx.Client = httpx.Client(headers=headers, timeout=httpx.Timeout(120.0, connect=5.0))
        self.name = f"endpoint:{settings.model}"
        self.host = urlsplit(settings.endpoint).netloc.rpartition("@")[2]

    def close(self) -> None:
        self._client.close()

    def draft(self, facts: str, excerpt: str, objection: str = "") -> str:
        """One request, retried while that may help. Raises WriterError."""
        fence = f"DATA {secrets.token_hex(8)}"
        said = f"{fence}\nFacts:\n{facts}\n\nSource:\n{excerpt}\n{fence}"
        if objection:
            said += f"\nYour last draft was refused ({objection}). Write it again without that."
        system = self._task.system.format(fence=fence, limit=self._limit)
        messages = [{"role": "system", "content": system}, {"role": "user", "content": said}]
        last = "no answer"
        for attempt in range(ATTEMPTS):
            status, headers, text = self._post(messages)
            if status == 200:
                return answer_of(text, self._task.keys)
            last = f"{self.host} answered {status}: {text[:200]}" if status else f"{self.host}: {text[:200]}"
            if status == 400 and self._mode < len(_MODES) - 1 and "response_format" in text:
                self._mode += 1
                continue
            if status and status not in _RETRIED and status < 500:
                raise WriterError(last, final=True)
            if attempt + 1 < ATTEMPTS:
                time.sleep(delay(attempt, headers.get("retry-after", ""), self._random))
        raise WriterError(last)

    def _post(self, messages: Sequence[Mapping[str, str]]) -> tuple[int, Mapping[str, str], str]:
        """(status, headers, text without the key); status 0 when the server could not be reached."""
        import httpx

        body: dict[str, Any] = {
            "model": self._settings.model,
            "messages": list(messages),
            "temperature": 0,
            "seed": 0,
            "max_tokens": 400,
        }
        if _MODES[self._mode] == "json_schema":
            shape = {
                "type": "object",
                "properties": {key: {"type": "string"} for key in self._task.keys},
                "required": list(self._task.keys),
                "additionalProperties": False,
            }
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "draft", "strict": True, "schema": shape},
            }
        elif _MODES[self._mode] == "json_object":
            body["response_format"] = {"type": "json_object"}
        try:
            reply = self._client.post(self._url, json=body)
        except httpx.HTTPError as error:
            return 0, {}, self._safe(str(error) or type(error).__name__)
        return reply.status_code, {k.lower(): v for k, v in reply.headers.items()}, self._safe(reply.text)

    def _safe(self, text: str) -> str:
        return clean(text.replace(self._key, "<key>") if self._key else text)


def answer_of(reply: str, keys: Sequence[str]) -> str:
    """The texts under `keys` in a chat completion's reply, a line each: of its JSON object, or the first one in its text.

    Raises WriterError.
    """
    try:
        content = json.loads(reply)["choices"][0]["message"]["content"] or ""
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise WriterError("the server's answer is no chat completion") from error
    for start in (m.start() for m in re.finditer(r"\{", content)):
        try:
            found, _ = json.JSONDecoder().raw_decode(content[start:])
        except ValueError:
            continue
        if isinstance(found, dict) and all(isinstance(found.get(key), str) for key in keys):
            texts = [clean(found[key]) for key in keys]
            return texts[0] if len(texts) == 1 else "\n".join(map(one_line, texts))
    raise WriterError(f"the answer holds no JSON object with {' and '.join(('a ' + key) for key in keys)}")


def delay(attempt: int, retry_after: str, rng: random.Random) -> float:
    """Seconds to wait: what the server asks for (at most a minute), else exponential backoff with full jitter."""
    if retry_after.strip().isdigit():
        return float(min(int(retry_after), 60))
    return rng.uniform(0, min(30.0, 2.0**attempt))
