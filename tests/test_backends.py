"""Endpoints that behave, and endpoints that do everything else: each ends in an answer or in a named error."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from config.errors import BackendError, UsageError
from config.settings import QuerySettings
from inference.backends import Endpoint, TooLong, base_url, choose

MODELS = [
    {"id": "nanodex-base", "root": "/x"},
    {"id": "shop@v2", "root": "/p.v2", "parent": "nanodex-base"},
    {"id": "shop@v10", "root": "/p.v10", "parent": "nanodex-base"},
]


class Server(ThreadingHTTPServer):
    mode = "stream"
    models: Any
    asked: dict[str, Any]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: object) -> None: ...

    def _send(self, body: str, kind: str = "application/json", status: int = 200) -> None:
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        if self.server.mode == "html":
            self._send("<html>hello</html>", "text/html")
        else:
            self._send(json.dumps(self.server.models))

    def do_POST(self) -> None:
        self.server.asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        mode = self.server.mode
        if mode == "long":
            self._send(json.dumps({"error": {"message": "maximum context length is 512 tokens"}}), status=400)
        elif mode == "broken":
            self._send("boom", "text/plain", 500)
        elif mode == "html":
            self._send("<html>hello</html>", "text/html")
        elif mode == "whole":
            self._send(json.dumps({"choices": [{"message": {"content": "all at once"}}]}))
        elif mode == "slow":
            time.sleep(1.5)
        else:
            self._stream(mode)

    def _stream(self, mode: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.end_headers()
        texts = {"stream": ["Hello ", "there"], "empty": [""], "endless": ["again "] * 4000}[mode]
        for text in texts:
            self.wfile.write(f"data: {json.dumps({'choices': [{'delta': {'content': text}}]})}\n\n".encode())
        self.wfile.write(b'data: {"choices": [], "usage": {}}\n\ndata: [DONE]\n\n')


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server(("127.0.0.1", 0), Handler)
    running.models = {"data": MODELS}
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield running
    running.shutdown()
    running.server_close()


def settings(server: Server, **more: Any) -> QuerySettings:
    return QuerySettings(endpoint=f"http://127.0.0.1:{server.server_address[1]}/v1/", **{"timeout_s": 1.0, **more})


def say(server: Server, **more: Any) -> str:
    return "".join(Endpoint.connect(settings(server, **more)).stream([{"role": "user", "content": "hi"}], 64))


def test_the_newest_adapter_answers(server: Server) -> None:
    assert say(server) == "Hello there"
    assert server.asked["model"] == "shop@v10"
    assert server.asked["temperature"] == 0
    assert server.asked["max_tokens"] == 64
    say(server, model="nanodex-base")
    assert server.asked["model"] == "nanodex-base"


def test_a_server_that_does_not_stream_is_understood(server: Server) -> None:
    server.mode = "whole"
    assert say(server) == "all at once"


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("html", "not a list of models"),
        ("broken", "answers 500"),
        ("empty", "no text"),
        ("endless", "beyond max_tokens"),
        ("slow", "does not answer in time"),
    ],
)
def test_a_misbehaving_server_is_a_named_error(server: Server, mode: str, words: str) -> None:
    server.mode = mode
    with pytest.raises(BackendError, match=words):
        say(server)


def test_html_instead_of_an_answer_is_a_named_error(server: Server) -> None:
    endpoint = Endpoint.connect(settings(server))
    server.mode = "html"
    with pytest.raises(BackendError, match="text/html"):
        list(endpoint.stream([], 8))


def test_an_over_long_prompt_says_so(server: Server) -> None:
    server.mode = "long"
    with pytest.raises(TooLong):
        say(server)


def test_models_are_chosen_only_when_it_is_clear_which(server: Server) -> None:
    server.models = {"data": [{"id": "a"}, {"id": "b"}]}
    with pytest.raises(BackendError, match="no adapter"):
        say(server)
    server.models = {"data": [{"id": "only"}]}
    say(server)
    assert server.asked["model"] == "only"
    with pytest.raises(BackendError, match="serves no model other"):
        say(server, model="other")
    server.models = ["nonsense"]
    with pytest.raises(BackendError, match="not a list of models"):
        say(server)


def test_nobody_there_is_exit_five() -> None:
    with pytest.raises(BackendError, match="cannot be reached") as error:
        choose(QuerySettings(endpoint="http://127.0.0.1:9"))
    assert error.value.exit_code == 5


def test_addresses_are_taken_as_people_write_them() -> None:
    assert base_url("localhost:8000") == base_url("http://localhost:8000/v1") == "http://localhost:8000"
    with pytest.raises(UsageError):
        base_url("file:///etc/passwd")
    with pytest.raises(UsageError):
        choose(QuerySettings())
