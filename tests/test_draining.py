"""The gate that vLLM loads, in a process of its own, since it ends that process by SIGTERM."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from inference import draining

SCRIPT = """
import asyncio, json, os, signal, sys
from nanodex_drain import Drain

async def app(scope, receive, send):
    await asyncio.sleep(scope.get("seconds", 0))
    if scope.get("breaks"):
        raise RuntimeError("the application fails")
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})

async def main():
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    drain, sent = Drain(app), {}

    async def ask(name, **scope):
        async def send(message):
            sent[name] = message.get("status", sent.get(name))
        try:
            await drain({"type": "http", **scope}, None, send)
        except RuntimeError as error:
            sent[name] = str(error)

    await drain({"type": "lifespan"}, None, None)
    asked = [asyncio.create_task(ask("long", seconds=1.0)), asyncio.create_task(ask("breaks", seconds=0.1, breaks=True))]
    await asyncio.sleep(0)
    os.kill(os.getpid(), signal.SIGUSR1)
    await asyncio.sleep(0.05)
    await ask("on its way")
    await asyncio.sleep(0.7)
    await ask("late")
    early = ended.is_set()
    await asyncio.wait_for(ended.wait(), 5)
    listening = open(os.environ["NANODEX_DRAIN"]).read() == str(os.getpid())
    print(json.dumps({"sent": sent, "before the long one ended": early, "listening": listening}))

asyncio.run(main())
"""


def test_what_was_sent_is_answered_what_comes_later_refused_and_then_it_ends(tmp_path: Path) -> None:
    (tmp_path / "nanodex_drain.py").write_bytes(Path(draining.__file__).read_bytes())
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), draining.DRAIN_VARIABLE: str(tmp_path / "pid")}
    # -I would hide the folder; nothing of nanodex may be needed there.
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["sent"] == {"long": 200, "breaks": "the application fails", "on its way": 200, "late": 503}
    assert not found["before the long one ended"]
    assert found["listening"]
