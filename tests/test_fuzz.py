"""Foreign input of every sort, spoilt at random: it is read, or refused with a named error. Any other exception fails.

Everything is derandomised: the same inputs on every run, so that a failure can be run again.
"""

from __future__ import annotations

import json
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import packs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from labelled import FIXTURES, read

from brain.notes import read_notes
from config.errors import NanodexError
from config.manifest import manifest_path, read_manifest
from config.settings import STAGES, QuerySettings, load_settings
from dataset.example import read_examples
from extractor.graph import Graph
from extractor.languages import SPECS
from extractor.parse import parse_file
from extractor.resolve import link
from extractor.scip import overlay, read_index
from inference.adapter import load_adapter, load_base
from inference.backends import Endpoint
from inference.logs import parse as parse_trace
from inference.probe import Endpoint as Probed
from trainer.pack import adapters, read_pack

few = settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
# Bytes that mean something to one parser or another, among them what no source should hold.
SIGNS = '( ) { } [ ] < > \' ` ; : , . :: = => -> := ... @ # // /* * & ? | ! $ % " """'
WORDS = """class def fn func impl trait struct enum interface namespace template< import from use package export default return raise
throw try except catch finally lambda async await yield new operator const type extends if for while match with as in self null"""
PIECES = [
    *(b"\n", b"\n    ", b"\t", b"\\", b"0x", b"1e9", b"a", b"B", b"#define ", b"#include "),
    *(b"\x00", b"\xff\xfe", b"\xc3\x28", "é".encode(), "\u202e".encode()),
    *(sign.encode() for sign in SIGNS.split()),
    *(f"{word} ".encode() for word in WORDS.split()),
]
littered = st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join)


def spoilt(original: bytes) -> st.SearchStrategy[bytes]:
    """The original with a piece cut out and something else put in its place, up to four times."""

    def apply(changes: list[tuple[float, int, bytes]]) -> bytes:
        data = original
        for place, cut, piece in changes:
            at = int(place * len(data))
            data = data[:at] + piece + data[at + cut :]
        return data

    change = st.tuples(st.floats(0, 1), st.integers(0, 40), st.sampled_from(PIECES) | st.binary(max_size=8))
    return st.lists(change, max_size=4).map(apply)


def survives(read_it: Callable[[], object]) -> None:
    """Any result is fine, and so is any error that nanodex raises on purpose."""
    with suppress(NanodexError):
        read_it()


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_source_files(spec: Any) -> None:
    path = "pkg/a" + spec.suffixes[0]
    samples = sorted(p for p in FIXTURES.rglob("*" + spec.suffixes[0]) if p.is_file() and p.stat().st_size < 6000)
    shapes = [littered, *(spoilt(p.read_bytes()) for p in samples[:4])]

    @settings(few, max_examples=30)
    @given(st.one_of(shapes))
    def check(data: bytes) -> None:
        facts = parse_file(path, data, spec)
        links = link([facts], {})
        assert links.problems == []

    check()


@few
@given(st.one_of(littered, st.text(max_size=80).map(str.encode)), st.sampled_from(["pyproject.toml", "setup.cfg", "setup.py",
       "tsconfig.json", "package.json", "go.mod", "Cargo.toml", "CMakeLists.txt", "compile_commands.json"]))  # fmt: skip
def test_build_files(data: bytes, name: str) -> None:
    files = [parse_file("a.py", b"import b\nb.c()\n", SPECS[0])]
    link(files, {name: data.decode("utf-8", "replace")})


INDEX = (FIXTURES / "ts_desk.scip").read_bytes()
DESK = [
    parse_file(path, data, spec)
    for path, data in read("ts_desk")[0].items()
    for spec in SPECS
    if path.endswith(spec.suffixes)
]


@few
@given(st.one_of(st.binary(max_size=200), spoilt(INDEX)))
def test_scip_indexes(data: bytes) -> None:
    survives(lambda: overlay(DESK, link(DESK, {}), read_index(data)))


@few
@given(
    st.sampled_from(sorted(STAGES)), st.one_of(littered, st.binary(max_size=60), st.text(max_size=60).map(str.encode))
)
def test_settings_files(stage: str, data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "settings.yaml"
        path.write_bytes(data)
        survives(lambda: load_settings(STAGES[stage], stage, path, environ={}))


@few
@given(st.sampled_from(sorted(STAGES)), st.text(max_size=30), st.text(max_size=30))
def test_settings_overrides(stage: str, key: str, value: str) -> None:
    survives(lambda: load_settings(STAGES[stage], stage, None, [f"{key}={value}"], {}))
    first = sorted(STAGES[stage].model_fields)[0]
    survives(lambda: load_settings(STAGES[stage], stage, None, [f"{first}={value}", f"{first}.{key}={value}"], {}))


ROW = b'{"id":"a","kind":"x","prompt":"p","response":"r","refs":["py:a.py#f"],"meta":{"kind":"explain","split":"train","facts":[]}}'
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
documents = values.map(lambda value: json.dumps(value).encode())


@few
@given(st.one_of(st.binary(max_size=60), documents, spoilt(ROW), spoilt(ROW + b"\n" + ROW)))
def test_dataset_rows(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.jsonl"
        path.write_bytes(data)
        survives(lambda: list(read_examples(path)))


@few
@given(st.one_of(st.binary(max_size=60), documents))
def test_manifests_notes_and_graphs(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        manifest_path(place / "graph.sqlite").write_bytes(data)
        survives(lambda: read_manifest(place / "graph.sqlite"))
        (place / "nodes").mkdir()
        (place / "nodes/py_a.json").write_bytes(data)
        survives(lambda: read_notes(place / "nodes"))
        (place / "other.sqlite").write_bytes(data)
        survives(lambda: Graph(place / "other.sqlite").__enter__().close())


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("packs")
    base = packs.write_base(folder / "tiny-base")
    return packs.write_pack(folder / "shop-nanodex-lora.v1", base), base


@pytest.mark.parametrize(
    "name",
    ["nanodex.json", "adapter_config.json", "adapter_model.safetensors", "tokenizer.json", "tokenizer_config.json"],
)
def test_adapter_packs(pack: tuple[Path, Path], name: str) -> None:
    source, _ = pack
    path = source / name
    whole = path.read_bytes() if path.is_file() else b"{}"
    shapes = [st.binary(max_size=60), documents, spoilt(whole[:4000])]
    if name.endswith(".safetensors"):
        shapes.append(documents.map(lambda header: struct.pack("<Q", len(header)) + header))
        shapes.append(st.integers(0, 2**64 - 1).map(lambda size: struct.pack("<Q", size) + b"{}"))

    @settings(few, max_examples=30)
    @given(st.one_of(shapes))
    def check(data: bytes) -> None:
        path.write_bytes(data)
        survives(lambda: load_adapter(source))
        survives(lambda: read_pack(source))
        survives(lambda: adapters(source.parent))

    try:
        check()
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_base_models(pack: tuple[Path, Path], name: str) -> None:
    _, base = pack
    path = base / name
    whole = path.read_bytes()

    @settings(few, max_examples=30)
    @given(st.one_of(st.binary(max_size=60), documents, spoilt(whole[:4000])))
    def check(data: bytes) -> None:
        path.write_bytes(data)
        survives(lambda: load_base(base))

    try:
        check()
    finally:
        path.write_bytes(whole)


TRACE = b'Traceback (most recent call last):\n  File "a.py", line 3, in f\n    g()\nValueError: no\n'
as_text = spoilt(TRACE).map(lambda data: data.decode("utf-8", "replace"))


@few
@given(st.one_of(st.text(max_size=200), as_text))
def test_tracebacks(text: str) -> None:
    parse_trace(text)


class Replier(BaseHTTPRequestHandler):
    """Answers everything with what the test has chosen."""

    body = b""
    kind = "application/json"

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", self.kind)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    running = ThreadingHTTPServer(("127.0.0.1", 0), Replier)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_address[1]}"
    running.shutdown()
    running.server_close()


REPLY = (
    b'{"choices":[{"message":{"content":"hi"},"logprobs":{"top_logprobs":[{"token_id:1":-1}]}}],'
    b'"data":[{"id":"a"}],"tokens":[1]}'
)
METRICS = b'vllm:lora_requests_info{running_lora_adapters="a",waiting_lora_adapters=""} 1.5\n'
EVENT = b'data: {"choices":[{"delta":{"content":"hi"}}]}\n\ndata: [DONE]\n\n'


@settings(few, max_examples=15)
@given(st.one_of(st.binary(max_size=60), documents, spoilt(REPLY), spoilt(METRICS)), st.sampled_from(["json", "event"]))
def test_replies_of_a_server(address: str, data: bytes, shape: str) -> None:
    Replier.kind = "application/json" if shape == "json" else "text/event-stream"
    Replier.body = data if shape == "json" else b"data: " + data + b"\n\n" + EVENT
    asked = QuerySettings(endpoint=address, model="m", timeout_s=2)
    survives(lambda: list(Endpoint.connect(asked).stream([{"role": "user", "content": "hi"}], 8)))
    survives(lambda: Endpoint.connect(asked.model_copy(update={"model": ""})))
    probe = Probed(address)
    survives(lambda: probe.models())
    survives(lambda: probe.chat("m"))
    survives(lambda: probe.first_token("m", (1, 2)))
    survives(lambda: probe.tokenize("m", "hi"))
    survives(lambda: probe.busy())
