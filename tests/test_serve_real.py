"""The whole road to a real server: extract, brain, dataset, train, serve with vLLM, query, a swap, requests in flight at the end.

The base has random weights and the training is short: what is tested is that every part is really connected.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import experts
import httpx
import pytest
from test_serve import eventually, free_port, listening

from inference.probe import Endpoint

ROOT = Path(__file__).resolve().parents[1]
PYTHON = Path(os.environ.get("NANODEX_VLLM_PYTHON") or ROOT / ".venv-vllm/bin/python")

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("vllm")]


@pytest.fixture(scope="module", autouse=True)
def interpreter() -> Path:
    """The Python that holds vLLM. Without it these tests are skipped, or fail where NANODEX_REQUIRE_SERVER says they must run."""
    if not PYTHON.exists():
        reason = f"no vLLM environment at {PYTHON}: make setup-serve"
        if os.environ.get("NANODEX_REQUIRE_SERVER"):
            pytest.fail(reason)
        pytest.skip(reason)
    return PYTHON


def nanodex(shop: Path, *arguments: str) -> subprocess.Popen[str]:
    env = {**os.environ, "XDG_STATE_HOME": str(shop / "state"), "NANODEX_VLLM_PYTHON": str(PYTHON)}
    command = [sys.executable, str(ROOT / "nanodex.py"), *arguments]
    return subprocess.Popen(command, env=env, cwd=shop, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which every stage up to training has run: brain/, dataset/, base/ and models/shop-nanodex-lora -> .v1."""
    folder = tmp_path_factory.mktemp("road")
    shutil.copytree(ROOT / "tests/fixtures/shop", folder / "shop")
    experts.make_base(folder / "base")
    short = [
        word for setting in ("max_steps=20", "time_budget_s=40", "learning_rate=2e-3") for word in ("--set", setting)
    ]
    for stage in (["extract", "shop"], ["brain"], ["dataset"], ["train", "lora", "--base", "base", *short]):
        ended = nanodex(folder, *stage)
        out, err = ended.communicate(timeout=300)
        assert ended.returncode == 0, (stage, out, err)
    return folder


@pytest.fixture(scope="module")
def server(shop: Path) -> Iterator[tuple[subprocess.Popen[str], Endpoint]]:
    port = free_port()
    process = nanodex(
        shop, "serve", "--base", str(shop / "base"), "--set", f"port={port}", "--set", "shutdown_timeout_s=30"
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert "shop@v1 is ready" in line, process.communicate(timeout=60)[1]
        with Endpoint(f"http://127.0.0.1:{port}") as endpoint:
            yield process, endpoint
    finally:
        process.terminate()
        process.communicate(timeout=90)
    assert not listening(port)


def test_base_and_adapter_answer_and_differ(server: tuple[subprocess.Popen[str], Endpoint]) -> None:
    _, endpoint = server
    assert list(endpoint.models()) == ["nanodex-base", "shop@v1"]
    ids = endpoint.tokenize("nanodex-base", experts.SENTENCES[0])
    assert endpoint.first_token("nanodex-base", ids) != endpoint.first_token("shop@v1", ids)


def test_check_probes_the_server_that_runs(shop: Path, server: tuple[subprocess.Popen[str], Endpoint]) -> None:
    _, endpoint = server
    port = endpoint.url.rpartition(":")[2]
    check = nanodex(shop, "serve", "--check", "--set", f"port={port}")
    out, err = check.communicate(timeout=60)
    assert (check.returncode, "answers as shop@v1" in out) == (0, True), out + err
    assert "effect: the adapter moves the first token" in out


def test_base_and_adapter_answer_alike_alone_and_in_one_batch(
    server: tuple[subprocess.Popen[str], Endpoint],
) -> None:
    _, endpoint = server
    names = list(endpoint.models())
    ids = endpoint.tokenize(names[0], experts.SENTENCES[1])
    alone = {name: endpoint.first_token(name, ids) for name in names}
    with ThreadPoolExecutor(4) as pool:
        load = [pool.submit(endpoint.chat, names[-1], f"Where is item {number}?", 200) for number in range(12)]
        mixed = [(name, endpoint.first_token(name, ids)) for _ in range(5) for name in names]
        assert all(answer.result() for answer in load)
    for name, found in mixed:
        shared = found.keys() & alone[name].keys()
        assert shared
        assert max(abs(found[token] - alone[name][token]) for token in shared) < 1e-3, name


def test_query_asks_the_served_expert_and_checks_what_it_says(
    shop: Path, server: tuple[subprocess.Popen[str], Endpoint]
) -> None:
    _, endpoint = server
    asked = nanodex(shop, "query", "Where is Cart.add defined?", "--endpoint", endpoint.url, "--mode", "both", "--json")
    out, err = asked.communicate(timeout=120)
    assert asked.returncode == 0, out + err
    answer = json.loads(out)
    assert next((c["path"], c["verified"]) for c in answer["citations"]) == ("src/shop/cart.py", "blob")


def test_a_new_version_replaces_the_old_while_it_is_used(
    shop: Path, server: tuple[subprocess.Popen[str], Endpoint]
) -> None:
    _, endpoint = server
    with ThreadPoolExecutor(1) as pool:
        used = pool.submit(endpoint.chat, "shop@v1", "Where is the cart?", 300)
        experts.make_pack(shop / "models/shop-nanodex-lora", shop / "base", seed=2, rank=16)
        assert eventually(lambda: "shop@v2" in endpoint.models(), 30)
        assert used.result()
    assert eventually(lambda: "shop@v1" not in endpoint.models(), 60)
    assert endpoint.chat("shop@v2", max_tokens=4)


def test_the_end_waits_for_requests_in_flight(server: tuple[subprocess.Popen[str], Endpoint]) -> None:
    process, endpoint = server
    name = list(endpoint.models())[-1]
    body = {"model": name, "prompt": "Where is the cart?", "max_tokens": 800, "ignore_eos": True}
    with httpx.Client(base_url=endpoint.url, timeout=120, trust_env=False) as client, ThreadPoolExecutor(24) as pool:
        answers = [pool.submit(client.post, "/v1/completions", json=body) for _ in range(8)]
        assert eventually(lambda: name in endpoint.busy() or any(answer.done() for answer in answers), 60)
        # Those that have only just arrived are not with the engine yet.
        answers += [pool.submit(client.post, "/v1/completions", json={**body, "max_tokens": 8}) for _ in range(16)]
        time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        written = [answer.result().json()["usage"]["completion_tokens"] for answer in answers]
    assert written == [800] * 8 + [8] * 16
    _, err = process.communicate(timeout=90)
    assert process.returncode == 0
    assert "ok:   golden question: Where is" in err
    assert "recorded answers: base within" in err
