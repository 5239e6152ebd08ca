"""A new adapter version without a restart: follow the pack's link, load what it points at beside the old, then retire the old.

Packs are immutable and each version is served under its own name, since vLLM's caches are keyed by name and path. A version
that fails its checks or its probe is not served, and the old one stays.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from config.console import Console
from config.errors import NanodexError
from inference.adapter import Adapter, Base, load_adapter
from inference.checks import Check, Verdict, fail, ok, verdict
from inference.launch import BASE_NAME, Launch, pack_name
from inference.preflight import check_fit
from inference.probe import Endpoint, probe_delta

# Clients that asked /v1/models a moment ago may still name the old version.
RETIRE_AFTER_S: Final = 10.0
# Between two requests an adapter looks idle: it must look so several times in a row before it goes.
IDLE_TICKS: Final = 3


class Follower:
    """Call `tick()` now and then; `serving` is the adapter that new requests should name."""

    def __init__(
        self,
        link: Path,
        adapter: Adapter,
        base: Base,
        launch: Launch,
        endpoint: Endpoint,
        console: Console,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.serving = adapter
        self._link = link
        self._seen = adapter.path
        self._base = base
        self._launch = launch
        self._template = _template(adapter)
        self._endpoint = endpoint
        self._console = console
        self._clock = clock
        self._retiring: dict[str, float] = {}
        self._idle: dict[str, int] = {}

    @property
    def names(self) -> list[str]:
        """Every adapter now loaded, the newest last."""
        return [*self._retiring, pack_name(self.serving.path)]

    def tick(self) -> None:
        """Swap when the link has moved; unload what nobody uses any more. A failure is reported and changes nothing."""
        target = self._link.resolve()
        # Two slots: a third version waits until the one before the last is gone.
        free = not self._retiring or pack_name(target) in self._retiring
        if target != self._seen and target.is_dir() and free:
            self._seen = target
            try:
                self._swap(target)
            except NanodexError as error:
                self._console.warn(f"{target.name} was not taken into service: {error.message}; {error.hint}")
        self._retire()

    def check(self, target: Path) -> tuple[Adapter | None, Verdict]:
        """Whether the pack at `target` can be served by the server as it was started."""
        adapter, checks = load_adapter(target)
        if adapter is None:
            return None, verdict(checks)
        return adapter, verdict(checks, check_fit(adapter, self._base), [self._check_running(adapter)])

    def _check_running(self, adapter: Adapter) -> Check:
        restart = "stop nanodex serve and start it again"
        longest = adapter.pack.longest_example if adapter.pack else 0
        if adapter.max_rank > self._launch.max_rank:
            reason = f"rank {adapter.max_rank} is above the running server's {self._launch.max_rank}"
        elif _template(adapter) != self._template:
            reason = "its chat template is not the one the server was started with"
        elif longest > self._launch.max_model_len:
            reason = f"its longest example has {longest} tokens, the running server reads {self._launch.max_model_len}"
        else:
            return ok("swap", "fits the running server")
        return fail("swap", reason, restart)

    def _swap(self, target: Path) -> None:
        adapter, checks = self.check(target)
        if adapter is None or checks.failed:
            first = checks.failed[0]
            raise NanodexError(f"{first.name}: {first.reason}", first.fix)
        old, new = pack_name(self.serving.path), pack_name(adapter.path)
        if new in self._retiring:
            del self._retiring[new]  # the link went back to a version that is still loaded
        else:
            self._endpoint.load(new, str(adapter.path))
        try:
            self._endpoint.chat(new)
            bad = [
                c
                for c in probe_delta(self._endpoint, BASE_NAME, new, adapter.pack, self._launch.dtype)
                if c.status == "fail"
            ]
            if bad:
                raise NanodexError(f"{bad[0].name}: {bad[0].reason}", bad[0].fix)
        except NanodexError:
            self._endpoint.unload(new)
            raise
        self._retiring[old] = self._clock() + RETIRE_AFTER_S
        self.serving = adapter
        self._console.note(f"now serving {new}; {old} is unloaded once nobody uses it")

    def _retire(self) -> None:
        due = [name for name, when in self._retiring.items() if self._clock() >= when]
        if not due:
            return
        try:
            busy = self._endpoint.busy()
            for name in due:
                self._idle[name] = 0 if name in busy else self._idle.get(name, 0) + 1
                if self._idle[name] >= IDLE_TICKS:
                    self._endpoint.unload(name)
                    del self._retiring[name], self._idle[name]
                    self._console.note(f"unloaded {name}")
        except NanodexError as error:
            self._console.warn(f"could not unload {', '.join(due)}: {error.message}")
            for name in due:
                self._retiring[name] = self._clock() + RETIRE_AFTER_S


def _template(adapter: Adapter) -> bytes:
    path = adapter.path / "chat_template.jinja"
    return path.read_bytes() if path.is_file() else b""
