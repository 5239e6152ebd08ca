"""The teacher against a real HTTP server: rows in other words that say the same, and rows that stand when it does not."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from brains import build, shop
from test_writer import KEY, Answer, Server

from config.console import Console
from config.errors import StorageError, UsageError
from config.manifest import read_manifest
from config.settings import DatasetSettings
from dataset.example import Example, Meta, read_examples
from dataset.faithful import objection_to
from dataset.generate import outputs, run
from dataset.report import DatasetReport

COUNTS = {"discovery": 120, "explain": 120, "howto": 100, "diag": 80}


def says(question: str, answer: str) -> Answer:
    content = json.dumps({"question": question, "answer": answer})
    return 200, {}, json.dumps({"choices": [{"message": {"content": content}}]})


def shown(body: dict[str, Any]) -> tuple[str, str]:
    """The row that a request is about."""
    found = re.search(r"^Facts:\n(\{.*\})$", body["messages"][1]["content"], re.M)
    assert found
    row = json.loads(found.group(1))
    return row["question"], row["answer"]


def polite(body: dict[str, Any], _: int) -> Answer:
    question, answer = shown(body)
    return says(f"Colleague, {question}", f"Well: {answer}")


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = shop(tmp_path_factory.mktemp("taught"))
    build(found)
    return found


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("WRITER_KEY", KEY)
    monkeypatch.setattr("brain.writer.delay", lambda *_: 0.0)
    found = Server()
    found.answer = polite
    yield found
    found.http.shutdown()
    found.http.server_close()


def make(graph: Path, out: Path, server: Server | None = None, **teacher: Any) -> DatasetReport:
    asked = (
        {"endpoint": server.url, "model": "m", "api_key_env": "WRITER_KEY", "share": 0.3, **teacher} if server else {}
    )
    settings = DatasetSettings.model_validate(
        {
            "graph": graph,
            "nodes_dir": graph.parent / "nodes",
            "counts": COUNTS,
            "out_jsonl": out / "train.jsonl",
            "teacher": asked,
        }
    )
    return run(settings, Console(quiet=True))


def rows(out: Path) -> list[Example]:
    return list(read_examples(out / "train.jsonl"))


def taught(out: Path) -> list[Example]:
    return [e for e in rows(out) if ".teacher/" in e.meta.template]


def test_rows_in_other_words_take_the_place_of_their_rows(tmp_path: Path, graph: Path, server: Server) -> None:
    plain = make(graph, tmp_path / "plain")
    report = make(graph, tmp_path / "out", server)
    made = taught(tmp_path / "out")
    assert len(made) == report.teacher["taken"]
    assert len(made) > 40
    assert (report.rows, report.by_kind, report.facts) == (plain.rows, plain.by_kind, plain.facts)
    before = {(e.prompt, e.response): e for e in rows(tmp_path / "plain")}
    for example in made:
        old = before[example.prompt.removeprefix("Colleague, "), example.response.removeprefix("Well: ")]
        assert (example.refs, example.meta.facts, example.meta.cites) == (old.refs, old.meta.facts, old.meta.cites)
    assert (tmp_path / "plain" / "valid.jsonl").read_bytes() == (tmp_path / "out" / "valid.jsonl").read_bytes()
    assert any("in other words" in line for line in report.lines())


def test_a_second_run_sends_nothing_and_gives_the_same_bytes(tmp_path: Path, graph: Path, server: Server) -> None:
    make(graph, tmp_path, server)
    first, asked = (tmp_path / "train.jsonl").read_bytes(), len(server.bodies)
    assert make(graph, tmp_path, server).skipped
    (tmp_path / "valid.jsonl").unlink()
    again = make(graph, tmp_path, server, concurrency=1)
    assert (again.teacher["requests"], len(server.bodies)) == (0, asked)
    assert (tmp_path / "train.jsonl").read_bytes() == first


def test_a_budget_is_kept_and_the_next_run_goes_on(tmp_path: Path, graph: Path, server: Server) -> None:
    report = make(graph, tmp_path, server, max_requests=10, concurrency=2)
    assert (len(server.bodies), report.teacher["taken"]) == (10, 10)
    assert "the budget of 10 requests is spent" in report.lines()[-1] + "".join(report.lines())
    again = make(graph, tmp_path, server, max_requests=10, concurrency=2)
    assert not again.skipped
    assert (again.teacher["cached"], again.teacher["taken"]) == (10, 20)
    third = make(graph, tmp_path, server, max_requests=3, concurrency=2)  # what is cached takes nothing from the budget
    assert (third.teacher["cached"], third.teacher["taken"]) == (20, 23)


def test_a_budget_of_tokens_is_kept_here_too(tmp_path: Path, graph: Path, server: Server) -> None:
    report = make(graph, tmp_path, server, max_tokens=3000, concurrency=2)
    assert 1 <= len(server.bodies) <= 6
    assert "the budget of 3,000 tokens is spent" in str(report.teacher["stopped"])


def test_a_dead_endpoint_costs_the_other_words_and_nothing_else(tmp_path: Path, graph: Path, server: Server) -> None:
    make(graph, tmp_path / "plain")
    server.answer = lambda body, n: (503, {}, "overloaded")
    report = make(graph, tmp_path / "out", server, concurrency=1)
    assert "503" in str(report.teacher["stopped"])
    for left, right in zip(
        outputs(tmp_path / "plain" / "train.jsonl")[:3], outputs(tmp_path / "out" / "train.jsonl")[:3], strict=True
    ):
        assert left.read_bytes() == right.read_bytes()
    server.answer = polite
    assert make(graph, tmp_path / "out", server).teacher["taken"]  # it is asked again when it is back
    assert not read_manifest(tmp_path / "out" / "train.jsonl").counts.get("unasked")  # type: ignore[union-attr]


def test_a_draft_that_says_more_is_repaired_or_dropped(tmp_path: Path, graph: Path, server: Server) -> None:
    def liar(body: dict[str, Any], n: int) -> Answer:
        question, answer = shown(body)
        if "refused" in body["messages"][1]["content"] and "Cart.add" in question:
            return says(f"Colleague, {question}", answer)
        return says(question, f"{answer} See `frobnicate_all` too.")

    server.answer = liar
    report = make(graph, tmp_path, server)
    assert "frobnicate_all" not in (tmp_path / "train.jsonl").read_text()
    assert report.teacher["reasons"]["draft ungrounded"] > 10  # type: ignore[index]
    assert all("Cart.add" in e.prompt for e in taught(tmp_path))


def test_a_draft_may_not_ask_what_the_tests_ask(tmp_path: Path, graph: Path, server: Server) -> None:
    """Here the teacher has read the T1 wording of `location` and puts it to use."""

    def cheat(body: dict[str, Any], n: int) -> Answer:
        _, answer = shown(body)
        name = next(iter(re.findall(r"`([^`]+)`", answer)), "it")
        return says(f"{name}: in what file was it written?", answer)

    server.answer = cheat
    report = make(graph, tmp_path, server)
    assert report.teacher["reasons"]["draft leak into test"] >= 1  # type: ignore[index]
    assert not [e for e in rows(tmp_path) if "in what file was it written" in e.prompt]


def test_the_key_is_sent_and_written_nowhere(tmp_path: Path, graph: Path, server: Server) -> None:
    server.answer = lambda body, n: (401, {}, f"bad key {KEY}")
    make(graph, tmp_path, server)
    assert set(server.keys) == {f"Bearer {KEY}"}
    assert not [p for p in tmp_path.iterdir() if KEY.encode() in p.read_bytes()]


def test_settings_that_cannot_work_are_named(tmp_path: Path, graph: Path, server: Server) -> None:
    with pytest.raises(UsageError, match=r"teacher\.api_key_env"):
        make(graph, tmp_path, server, api_key_env="NO_SUCH_KEY")
    with pytest.raises(UsageError, match=r"teacher\.endpoint"):
        make(graph, tmp_path, server, endpoint="localhost")


def test_a_broken_cache_is_named_and_the_old_rows_stand(tmp_path: Path, graph: Path, server: Server) -> None:
    make(graph, tmp_path)
    before = (tmp_path / "train.jsonl").read_bytes()
    (tmp_path / "teacher.cache.sqlite").write_bytes(b"no database at all, but long enough to be read as one" * 40)
    with pytest.raises(StorageError, match=r"teacher\.cache\.sqlite"):
        make(graph, tmp_path, server)
    assert (tmp_path / "train.jsonl").read_bytes() == before


def test_a_cache_that_is_used_holds_no_row_twice(tmp_path: Path, graph: Path, server: Server) -> None:
    make(graph, tmp_path, server)
    with sqlite3.connect(tmp_path / "teacher.cache.sqlite") as db:
        assert db.execute("SELECT count(*) FROM drafts").fetchone()[0] == len(server.bodies)


def test_a_dry_run_sends_nothing(tmp_path: Path, graph: Path, server: Server) -> None:
    report = make(graph, tmp_path, server, dry_run=True)
    assert (server.bodies, report.teacher["stopped"]) == ([], "dry run")


@pytest.mark.parametrize(
    ("question", "answer", "objection"),
    [
        ("What does `Cart.add` call?", "`Cart.check` is called by `Cart.add`.", ""),
        ("What does `Cart.add` call?", "`Cart.check` calls `Cart.add`.", "turns a relation round"),
        ("What does `Cart.add` call?", "`Cart.add` never calls `Cart.check`.", "turns a statement into its opposite"),
        ("What does `Cart.add` call?", "`Cart.add` calls `Cart.check` 3 times.", "ungrounded: 3"),
        ("What does `Cart.add` call?", "`Cart.add` calls `Cart.check`, of Flask.", "ungrounded: Flask"),
        ("What does `Cart.add` call?", "`Cart.add` calls `check`.", "answer loses a name: Cart.check"),
        ("What does it call?", "`Cart.add` calls `Cart.check`.", "question loses a name: Cart.add"),
        ("Does `Cart.add` call `Cart.check`?", "`Cart.add` calls `Cart.check`.", "question gives the answer away"),
        ("What does `Cart.add` call?", "`Cart.add` calls `Cart.check` on line 7.", "ungrounded: 7"),
        ("Whom does `Cart.add` call?", "", "empty"),
    ],
)
def test_what_other_words_may_not_do(question: str, answer: str, objection: str) -> None:
    refs = ("py:shop/cart.py#Cart.add", "py:shop/cart.py#Cart.check")
    row = Example(
        "1",
        "Which calls does `Cart.add` make?",
        "`Cart.add` calls `Cart.check`.",
        refs,
        Meta("explain", "forward", "calls.a/0"),
    )
    made = Example("2", question, answer, refs, row.meta)
    assert objection_to(row, made).startswith(objection)
    assert bool(objection_to(row, made)) == bool(objection)
