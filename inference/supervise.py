"""One child process that must not outlive us: started in a session of its own, watched while it loads, stopped gently, then not.

argv, environment and a log file go in; whether it lives, why it died and its end come out. It knows nothing of vLLM.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

# After the child's own grace period, how much longer before the whole group is killed.
PATIENCE_S: Final = 5.0
_TOLD: Final = 8  # lines of the log
_TELLING: Final = re.compile(r"error|exception|fatal|killed|out of memory|refus|denied|not found|no such", re.I)
_NOISE: Final = re.compile(r"^\S*(\s*\([\w =:.]+\))?\s*(INFO|DEBUG)\b|^\s*File \"|^\s*[~^]+\s*$|^\s*$")


class Child:
    """A supervised process: `with Child(...) as child` guarantees that it and its own children are gone afterwards."""

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        log: Path,
        grace_s: float,
        hurry: Callable[[], bool] = lambda: False,
        gate: Path | None = None,
    ) -> None:
        """`grace_s` is how long work in flight may finish once the child is told to stop; `hurry()` turning true ends that wait.

        `gate` is the file a child writes its process id to when it understands SIGUSR1, see `inference/draining.py`.
        """
        self.argv = list(argv)
        self.env = dict(env)
        self.log = log
        self.grace_s = grace_s
        self.hurry = hurry
        self.gate = gate
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Child:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.gate is not None:
            self.gate.unlink(missing_ok=True)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                self.argv,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent(),
            )
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll() if self._process else None

    def why_ended(self) -> str:
        """`exit code 1` or `signal SIGKILL`, and the last telling lines of its log."""
        code = self.exit_code
        if code is None:
            return ""
        what = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return "\n  ".join([f"it ended with {what}", *self.last_lines(), f"log: {self.log}"])

    def last_lines(self) -> list[str]:
        """The last lines of the log that tell of an error, else the last ones of any kind."""
        with self.log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 200_000))
            lines = [line.rstrip() for line in file.read().decode(errors="replace").splitlines()]
        telling = [line for line in lines if _TELLING.search(line) and not _NOISE.search(line)]
        return [line[-300:] for line in (telling or [line for line in lines if line.strip()])[-_TOLD:]]

    def stop(self) -> None:
        """Tell it to stop, wait for what is in flight, then SIGKILL to the group."""
        process = self._process
        if process is None:
            return
        if self.grace_s and self._gated():
            process.send_signal(signal.SIGUSR1)
            self._wait(self.grace_s)
        if process.poll() is None:
            process.terminate()
        self._wait(PATIENCE_S if self._gated() else self.grace_s + PATIENCE_S)
        # The leader may be gone while a worker it started lingers: the group outlives it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def _gated(self) -> bool:
        """Whether a gate of this very process listens."""
        return self.gate is not None and self.gate.is_file() and self.gate.read_text("ascii") == str(self.pid)

    def _wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self.exit_code is None and time.monotonic() < deadline and not self.hurry():
            time.sleep(0.05)


def _die_with_parent() -> Callable[[], object] | None:
    """On Linux, have the kernel send SIGTERM to the child when we are killed without a chance to say so."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl
    set_parent_death_signal = 1
    return lambda: prctl(set_parent_death_signal, signal.SIGTERM)
