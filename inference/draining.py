"""What lets the server finish what it has begun: an ASGI middleware that vLLM loads. Standard library only, it runs in vLLM's environment.

vLLM stops its engine as soon as it gets SIGTERM: requests it has accepted but not yet scheduled fail with status 500, and so do those
that come while it takes its processes apart. On SIGUSR1 this gate lets in what was sent until then, answers 503 to what comes later,
and sends the SIGTERM itself when nothing is left in flight. Its process id in the file DRAIN_VARIABLE names says that it listens.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any, Final

DRAIN_VARIABLE: Final = "NANODEX_DRAIN"
# What a client sent may still wait to be read: the gate closes when so many looks in a row find nothing new, and then at the latest.
LOOKS, LOOK_S, LATEST_S = 3, 0.1, 2.0
_BODY: Final = b'{"error": {"message": "the server is stopping", "type": "ServiceUnavailableError", "code": 503}}'

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Drain:
    """The gate around an application."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.arrived = self.in_flight = 0
        self.closed = False
        self._closing: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self._told)
            Path(os.environ[DRAIN_VARIABLE]).write_text(str(os.getpid()), encoding="ascii")
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif self.closed:
            headers = [(b"content-type", b"application/json"), (b"connection", b"close"), (b"retry-after", b"10")]
            await send({"type": "http.response.start", "status": 503, "headers": headers})
            await send({"type": "http.response.body", "body": _BODY})
        else:
            self.arrived += 1
            self.in_flight += 1
            try:
                await self.app(scope, receive, send)
            finally:
                self.in_flight -= 1
                self._end()

    def _told(self) -> None:
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._close())

    async def _close(self) -> None:
        quiet, latest = 0, time.monotonic() + LATEST_S
        while quiet < LOOKS and time.monotonic() < latest:
            before = self.arrived
            await asyncio.sleep(LOOK_S)
            quiet = quiet + 1 if self.arrived == before else 0
        self.closed = True
        self._end()

    def _end(self) -> None:
        if self.closed and not self.in_flight:
            os.kill(os.getpid(), signal.SIGTERM)
