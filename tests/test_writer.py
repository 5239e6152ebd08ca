"""The Writer seam against a real HTTP server that answers well, badly, late or not at all."""

from __future__ import annotations

import json
import random
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import brains
import pytest

from brain.build import BrainReport
from brain.notes import read_notes
from brain.phrasing import NOTE, objection_to
from brain.writer import Endpoint, WriterError, answer_of, delay
from config.errors import StorageError, UsageError
from config.settings import WriterSettings

KEY = "sk-very-secret-0123456789"
ADD = f"{brains.S}/cart.py#Cart.add"
Answer = tuple[int, dict[str, str], str]


def says(summary: str) -> Answer:
    return 200, {}, json.dumps({"choices": [{"message": {"content": json.dumps({"summary": summary})}}]})


class Server:
    """A scripted endpoint: `answer` sees each request's body and number; every request is kept."""

    def __init__(self) -> None:
        self.answer: Callable[[dict[str, Any], int], Answer] = lambda body, n: says("Does what it says.")
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.bodies.append(body)
                outer.keys.append(self.headers.get("Authorization", ""))
                status, headers, text = outer.answer(body, len(outer.bodies))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None: ...

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("WRITER_KEY", KEY)
    monkeypatch.setattr("brain.writer.delay", lambda *_: 0.0)
    found = Server()
    yield found
    found.http.shutdown()
    found.http.server_close()


def build(graph: Path, server: Server, **changes: Any) -> BrainReport:
    writer = {"endpoint": server.url, "model": "m", "api_key_env": "WRITER_KEY", **changes}
    return brains.build(graph, summary={"writer": writer})


def notes_of(graph: Path) -> dict[str, Any]:
    return dict(read_notes(graph.parent / "nodes"))


def test_a_grounded_draft_is_taken_and_a_second_run_asks_nothing(tmp_path: Path, server: Server) -> None:
    graph = brains.shop(tmp_path)
    server.answer = lambda body, n: says(
        "Puts it in." if "Cart.add" in body["messages"][1]["content"] else "Is what it is."
    )
    report = build(graph, server)
    note = notes_of(graph)[ADD]
    assert (note.summary, note.writer) == ("Puts it in.", "endpoint:m")
    assert note.facts["parameter"] == ["product", "quantity"]  # facts are never the model's
    assert f"({0:,} from cache" in report.writer[0]
    asked = len(server.bodies)
    (graph.parent / "index.sqlite").unlink()
    build(graph, server)
    assert len(server.bodies) == asked
    assert notes_of(graph)[ADD].summary == "Puts it in."


def test_a_draft_that_names_what_the_graph_does_not_hold_is_repaired_or_dropped(tmp_path: Path, server: Server) -> None:
    graph = brains.shop(tmp_path)

    def answer(body: dict[str, Any], _: int) -> Answer:
        said = body["messages"][1]["content"]
        if '"name": "Cart.add"' in said:
            return says("Calls frobnicate_all to add a line.")
        if '"name": "Cart.total"' in said:
            return says("Sums all 99 lines." if "refused" not in said else "Sums all lines.")
        return says("Is what it is.")

    server.answer = answer
    report = build(graph, server)
    notes = notes_of(graph)
    assert notes[ADD].writer == "extractive (endpoint draft ungrounded: frobnicate_all)"
    assert notes[ADD].summary.startswith("Put a product into the cart.")
    assert notes[f"{brains.S}/cart.py#Cart.total"].summary == "Sums all lines."
    assert any("1 × draft ungrounded" in line for line in report.writer)
    repairs = [b for b in server.bodies if "refused (ungrounded: 99)" in b["messages"][1]["content"]]
    assert len(repairs) == 1


def test_the_source_is_fenced_with_a_new_mark_each_time_and_nothing_else_is_offered(
    tmp_path: Path, server: Server
) -> None:
    graph = brains.shop(tmp_path)
    build(graph, server)
    fences = [body["messages"][1]["content"].split("\n")[0] for body in server.bodies]
    assert len(set(fences)) == len(fences)
    for body, fence in zip(server.bodies, fences, strict=True):
        assert body["messages"][1]["content"].count(fence) == 2
        assert fence in body["messages"][0]["content"]
        assert body["temperature"] == 0
        assert "tools" not in body


def test_the_key_is_sent_and_shown_nowhere(tmp_path: Path, server: Server) -> None:
    graph = brains.shop(tmp_path)
    server.answer = lambda body, n: (401, {}, f"bad key {KEY}")
    report = build(graph, server)
    assert set(server.keys) == {f"Bearer {KEY}"}
    assert any("401: bad key <key>" in line for line in report.writer)
    for place in graph.parent.rglob("*"):
        if place.is_file():
            assert KEY.encode() not in place.read_bytes(), place


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_stops_at_once_and_the_notes_stand(tmp_path: Path, server: Server, status: int) -> None:
    graph = brains.shop(tmp_path)
    server.answer = lambda body, n: (status, {}, "no such model")
    report = build(graph, server, concurrency=1)
    assert len(server.bodies) <= 3
    assert f"{status}: no such model" in report.writer[-1]
    assert notes_of(graph)[ADD].summary.startswith("Put a product into the cart.")
    assert notes_of(graph)[ADD].writer == "extractive"


def test_a_busy_server_is_asked_again(tmp_path: Path, server: Server) -> None:
    graph = brains.shop(tmp_path)
    server.answer = lambda body, n: (429, {"Retry-After": "0"}, "slow down") if n % 3 else says("Is what it is.")
    build(graph, server, concurrency=1)
    assert notes_of(graph)[ADD].writer == "endpoint:m"


@pytest.mark.parametrize("text", ["", "<html>", "{}", json.dumps({"choices": [{"message": {"content": "no object"}}]})])
def test_nonsense_is_counted_and_the_run_goes_on(tmp_path: Path, server: Server, text: str) -> None:
    graph = brains.shop(tmp_path)
    server.answer = lambda body, n: (200, {}, text)
    report = build(graph, server)
    assert "stopped" in report.writer[-1]
    assert notes_of(graph)[ADD].writer == "extractive"


def test_a_server_that_is_not_there_costs_nothing_but_the_phrasing(tmp_path: Path, server: Server) -> None:
    graph = brains.shop(tmp_path)
    server.http.shutdown()
    server.http.server_close()
    report = build(graph, server)
    assert "stopped" in report.writer[-1]
    assert report.summaries > 50


def test_an_older_server_gets_a_simpler_answer_format(tmp_path: Path, server: Server) -> None:
    graph = brains.shop(tmp_path)

    def answer(body: dict[str, Any], _: int) -> Answer:
        if "response_format" in body:
            return 400, {}, "unknown field response_format"
        return 200, {}, json.dumps({"choices": [{"message": {"content": 'Here: {"summary": "Is what it is."} done'}}]})

    server.answer = answer
    build(graph, server, concurrency=1)
    assert notes_of(graph)[ADD].summary == "Is what it is."


def test_a_budget_is_kept_and_said_and_a_dry_run_sends_nothing(tmp_path: Path, server: Server) -> None:
    graph = brains.shop(tmp_path)
    build(graph, server, dry_run=True)
    assert server.bodies == []
    report = build(graph, server, max_requests=5)
    assert len(server.bodies) == 5
    assert "the budget of 5 requests is spent" in report.writer[-1]


def test_a_budget_of_tokens_is_never_passed(tmp_path: Path, server: Server) -> None:
    graph = brains.shop(tmp_path)
    report = build(graph, server, max_tokens=3000, concurrency=2)
    assert "the budget of 3,000 tokens is spent" in report.writer[-1]
    said = re.search(r"of about ([\d,]+) tokens", report.writer[0])
    spent = int(said[1].replace(",", "")) if said else 0
    assert 1000 < spent <= 3000
    assert 1 <= len(server.bodies) <= 10


def test_a_broken_cache_is_named(tmp_path: Path, server: Server) -> None:
    graph = brains.shop(tmp_path)
    (graph.parent / "writer.cache.sqlite").write_bytes(b"no database at all, but long enough to be read as one" * 40)
    with pytest.raises(StorageError, match=r"writer\.cache\.sqlite"):
        build(graph, server)


def test_settings_that_cannot_work_are_named() -> None:
    with pytest.raises(UsageError, match="no http address"):
        Endpoint(WriterSettings(endpoint="localhost:8000"), 160, NOTE)
    with pytest.raises(UsageError, match="NO_SUCH_KEY is not set"):
        Endpoint(WriterSettings(endpoint="http://localhost:8000", api_key_env="NO_SUCH_KEY"), 160, NOTE)


@pytest.mark.parametrize(
    ("draft", "objection"),
    [
        ("Takes product and returns Line.", ""),
        ("Raises ValueError when quantity < 1.", ""),
        ("Calls `Cart.add` on a Line.", ""),
        ("Calls Cart.remove.", "ungrounded: Cart.remove"),
        ("Reads src/other.py first.", "ungrounded: src/other.py"),
        ("Takes --fast as well.", "ungrounded: --fast"),
        ("Waits 30 seconds.", "ungrounded: 30"),
        ("It is used to add various things.", "filler: is used to"),
        ("", "empty"),
        ("word " * 200, "too long"),
    ],
)
def test_what_objects_to_a_draft(draft: str, objection: str) -> None:
    facts = '{"name": "Cart.add", "parameter": ["product", "quantity"], "returns": "Line", "raises": "ValueError"}'
    assert objection_to(draft, facts, "if quantity < 1: raise", 160) == objection


def test_the_wait_follows_the_server_else_grows_with_jitter() -> None:
    assert delay(0, "7", random.Random(0)) == 7.0
    assert delay(0, "9999", random.Random(0)) == 60.0
    assert all(0 <= delay(n, "", random.Random(n)) <= 2**n for n in range(5))


def test_an_answer_without_a_summary_is_an_error() -> None:
    with pytest.raises(WriterError, match="no chat completion"):
        answer_of("{}", NOTE.keys)
    with pytest.raises(WriterError, match="no JSON object"):
        answer_of(json.dumps({"choices": [{"message": {"content": '{"other": 1}'}}]}), NOTE.keys)
