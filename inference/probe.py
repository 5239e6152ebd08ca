"""Is the server really serving this adapter? An HTTP endpoint and a pack go in, Checks come out.

Healthy is not ready: only an answered request counts. And an answered request proves nothing about the adapter, since vLLM
ignores weights that it cannot place: so base and adapter are asked for the same first token and held against what the
trainer recorded.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from config.errors import BackendError
from inference.checks import Check, fail, ok, warn
from trainer.pack import Pack, Probe

# fp32 agreed to 1e-6 between trainer and server; below NO_EFFECT a difference is rounding, and an adapter that causes none
# does nothing. Products rounded to bf16 on either side moved a log-probability by 0.06: more than EXACT is said, FAR is refused.
NO_EFFECT: Final = 1e-4
EXACT: Final = 0.01
LOOSE: Final = 0.1
FAR: Final = 0.25
REQUEST_TIMEOUT_S: Final = 60.0
Picked = TypeVar("Picked")
_LOG: Final = "look at the server's log, and run nanodex serve --check on the pack"


class Endpoint:
    """The few calls to an OpenAI-compatible vLLM server that supervision needs. Use it as a context manager."""

    def __init__(self, url: str, api_key: str = "", timeout_s: float = REQUEST_TIMEOUT_S) -> None:
        import httpx

        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self.url = url
        # trust_env off: a proxy variable must not carry loopback traffic away.
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout_s, trust_env=False)

    def __enter__(self) -> Endpoint:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def healthy(self) -> bool:
        """Whether /health answers 200; False while nobody listens."""
        import httpx

        try:
            return self._http.get("/health", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def models(self) -> dict[str, dict[str, Any]]:
        """Model id -> its entry in /v1/models, in the server's order."""
        return self._picked("GET", "/v1/models", None, lambda said: {entry["id"]: entry for entry in said["data"]})

    def chat(self, model: str, text: str = "Hello", max_tokens: int = 1) -> str:
        """One greedy answer; the real request that readiness asks for."""
        body = {
            "model": model,
            "messages": [{"role": "user", "content": text}],
            "max_tokens": max_tokens,
            "temperature": 0,
        }
        path = "/v1/chat/completions"
        return self._picked("POST", path, body, lambda said: str(said["choices"][0]["message"]["content"]))

    def first_token(self, model: str, token_ids: tuple[int, ...]) -> dict[int, float]:
        """The five likeliest first tokens after the prompt `token_ids`: id -> log-probability."""
        body = {
            "model": model,
            "prompt": list(token_ids),
            "max_tokens": 1,
            "temperature": 0,
            "logprobs": 5,
            "return_tokens_as_token_ids": True,
        }
        return self._picked(
            "POST",
            "/v1/completions",
            body,
            lambda said: {
                int(name.removeprefix("token_id:")): float(value)
                for name, value in said["choices"][0]["logprobs"]["top_logprobs"][0].items()
            },
        )

    def tokenize(self, model: str, prompt: str) -> tuple[int, ...]:
        body = {"model": model, "prompt": prompt, "add_special_tokens": False}
        return self._picked("POST", "/tokenize", body, lambda said: tuple(said["tokens"]))

    def tokenize_chat(self, model: str, messages: list[dict[str, str]]) -> tuple[int, ...]:
        """Token ids of a chat under the server's template, up to where the answer begins."""
        body = {"model": model, "messages": messages}
        return self._picked("POST", "/tokenize", body, lambda said: tuple(said["tokens"]))

    def load(self, name: str, path: str) -> None:
        """Add an adapter under a new name."""
        self._text("POST", "/v1/load_lora_adapter", {"lora_name": name, "lora_path": path})

    def unload(self, name: str) -> None:
        self._text("POST", "/v1/unload_lora_adapter", {"lora_name": name})

    def busy(self) -> set[str]:
        """Adapters that requests are running or waiting for, from vLLM's metrics (the newest sample counts)."""
        newest: tuple[float, set[str]] = (-1.0, set())
        for line in self._text("GET", "/metrics").splitlines():
            if not line.startswith("vllm:lora_requests_info{"):
                continue
            try:
                labels = dict(part.split("=", 1) for part in line[line.index("{") + 1 : line.index("}")].split('",'))
                taken = float(line.rpartition(" ")[2])
            except ValueError as error:
                raise BackendError(f"{self.url}/metrics does not answer as vLLM does: {line[:80]!r}", _LOG) from error
            keys = ("running_lora_adapters", "waiting_lora_adapters")
            names = {name for key in keys for name in labels.get(key, "").strip('"').split(",") if name}
            newest = max(newest, (taken, names), key=lambda sample: sample[0])
        return newest[1]

    def _picked(self, method: str, path: str, body: Mapping[str, Any] | None, pick: Callable[[Any], Picked]) -> Picked:
        """What `pick` finds in the reply. Raises BackendError for a reply that is no JSON, or JSON of another form."""
        text = self._text(method, path, body)
        try:
            return pick(json.loads(text))
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
            raise BackendError(
                f"{self.url}{path} does not answer as vLLM does: {text[:80]!r}", "is this a vLLM server?"
            ) from error

    def _text(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> str:
        import httpx

        try:
            answer = self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise BackendError(f"{self.url}{path}: {error or type(error).__name__}", _LOG) from error
        if answer.status_code != 200:
            raise BackendError(f"{self.url}{path} answered {answer.status_code}: {answer.text[:300]}", _LOG)
        return answer.text


def wait_until_ready(
    endpoint: Endpoint,
    names: tuple[str, ...],
    timeout_s: float,
    ended: Callable[[], str],
    describe: Callable[[str], None] = lambda text: None,
    pause: Callable[[float], bool] | None = None,
) -> float:
    """Wait until every model in `names` has answered a request; return the seconds it took.

    `ended()` is the reason why the server is gone, "" while it lives; `pause` sleeps so
    many seconds, less when told to give up, which it says.
    Raises BackendError when the server ends or the time is over, KeyboardInterrupt when told to give up.
    """
    start = time.monotonic()
    waiting_for = "the model to load"
    while True:
        waited = time.monotonic() - start
        if reason := ended():
            raise BackendError(f"the server stopped before it was ready: {reason}", _LOG)
        if waited > timeout_s:
            hint = "raise ready_timeout_s, or look at the server's log"
            raise BackendError(f"not ready after {waited:.0f} s, still waiting for {waiting_for}", hint)
        if endpoint.healthy():
            break
        describe(f"waiting for {waiting_for} ({waited:.0f} s)")
        if pause is None:
            time.sleep(0.5)
        elif pause(0.5):
            raise KeyboardInterrupt
    try:
        missing = set(names) - set(endpoint.models())
        if missing:
            raise BackendError(f"the server does not list {', '.join(sorted(missing))}", _LOG)
        for name in names:
            describe(f"first request to {name} ({time.monotonic() - start:.0f} s)")
            endpoint.chat(name)
    except BackendError as error:
        # A server that dies of its first request breaks the connection a moment before it is gone.
        time.sleep(0.5)
        raise BackendError(f"{error.message}; {ended()}" if ended() else error.message, error.hint) from error
    return time.monotonic() - start


@dataclass(frozen=True, slots=True)
class Measured:
    """One probe asked of base and adapter: the largest differences of log-probability, in nats, over shared top tokens."""

    effect: float
    base_drift: float
    adapter_drift: float
    same_top: bool


def probe_delta(endpoint: Endpoint, base: str, adapter: str, pack: Pack | None, dtype: str) -> list[Check]:
    """The adapter changes the base's answers, and both answer as they did in training."""
    probes = pack.probes if pack else ()
    if not probes:
        ids = endpoint.tokenize(base, "Where is the entry point of this project defined?")
        effect = _distance(endpoint.first_token(base, ids), endpoint.first_token(adapter, ids))
        return [_effect(effect), warn("recorded answers", "the pack recorded none to compare with")]
    for probe in probes:
        if endpoint.tokenize(base, probe.prompt) != probe.token_ids:
            shown = f"{probe.prompt[-60:]!r} becomes other token ids on the server than in training"
            return [fail("server tokens", shown, "serve the base the adapter was trained on")]
    if pack is not None and (template := _template(endpoint, base, pack)).status != "ok":
        return [template]
    measured = [_measure(endpoint, base, adapter, probe) for probe in probes]
    return [
        ok("server tokens", f"{len(probes)} prompts and their chats become the recorded ids"),
        _effect(max(item.effect for item in measured)),
        _agreement(measured, exact=dtype == "float32" and pack is not None and pack.dtype == "float32"),
    ]


def _template(endpoint: Endpoint, base: str, pack: Pack) -> Check:
    """The server puts around a question what training put around it, token by token: what two chats have in common."""
    system = [{"role": "system", "content": pack.system}] if pack.system else []
    one, two = (endpoint.tokenize_chat(base, [*system, {"role": "user", "content": word}]) for word in ("Hello", "is"))
    before, after = _shared(one, two), _shared(one[::-1], two[::-1])[::-1]
    for probe in pack.probes:
        ids = probe.token_ids
        if ids[: len(before)] != before or ids[len(ids) - len(after) :] != after:
            reason = f"the server puts the tokens {_few(before)} and {_few(after)} around a question, training did not"
            return fail("server template", reason, "start the server with the pack's chat_template.jinja")
    return ok("server template", "the one of the training")


def _shared(one: tuple[int, ...], two: tuple[int, ...]) -> tuple[int, ...]:
    """The longest beginning that both have."""
    length = next((at for at, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    return one[:length]


def _few(tokens: Sequence[int]) -> str:
    return f"[{', '.join(map(str, tokens[:8]))}{', …' if len(tokens) > 8 else ''}]"


def _measure(endpoint: Endpoint, base: str, adapter: str, probe: Probe) -> Measured:
    plain, tuned = endpoint.first_token(base, probe.token_ids), endpoint.first_token(adapter, probe.token_ids)
    return Measured(
        effect=_distance(plain, tuned),
        base_drift=_distance(plain, dict(probe.base)),
        adapter_drift=_distance(tuned, dict(probe.adapter)),
        same_top=_top(tuned) == _top(dict(probe.adapter)),
    )


def _distance(one: Mapping[int, float], other: Mapping[int, float]) -> float:
    """Largest difference over the tokens both list; infinite when they share none."""
    return max((abs(one[token] - other[token]) for token in one.keys() & other.keys()), default=math.inf)


def _top(tokens: Mapping[int, float]) -> int:
    return max(tokens, key=lambda token: (tokens[token], -token), default=-1)


def _effect(largest: float) -> Check:
    if largest <= NO_EFFECT:
        reason = f"the adapter changes nothing: its first-token log-probabilities are the base's within {largest:.1e}"
        return fail("effect", reason, "run nanodex serve --check: the server ignored the adapter's weights")
    shown = "other top tokens" if math.isinf(largest) else f"{largest:.3f} nats"
    return ok("effect", f"the adapter moves the first token by up to {shown}")


def _agreement(measured: list[Measured], exact: bool) -> Check:
    base, adapter = max(m.base_drift for m in measured), max(m.adapter_drift for m in measured)
    agreeing = sum(m.same_top for m in measured)
    shown = (
        f"base within {base:.1e}, adapter within {adapter:.1e} of the recorded log-probabilities, "
        f"top token the same in {agreeing} of {len(measured)}"
    )
    fix = "serve the base and the precision of the training, and run nanodex eval against this server"
    largest = max(base, adapter)
    # No tolerance is known for bf16 or a quantised base: other top tokens in most probes is what a wrong base looks like.
    strange = 2 * agreeing < len(measured) and adapter > LOOSE
    if strange or (exact and largest > FAR):
        return fail("recorded answers", shown, fix)
    return (
        ok("recorded answers", shown)
        if largest <= (EXACT if exact else LOOSE)
        else warn("recorded answers", shown, fix)
    )
