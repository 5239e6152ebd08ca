"""`python inference/query.py` as it is typed: what goes to stdout, what to stderr, and the exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from asking import index_shop

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return index_shop(tmp_path_factory.mktemp("cli"))


def ask(graph: Path, *arguments: str, stdin: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "inference" / "query.py"), "--set", f"graph={graph}", *arguments],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        env={**os.environ, "XDG_STATE_HOME": str(graph.parent / "state"), **environment},
        timeout=60,
    )


def test_an_answer_with_its_citations_on_stdout(graph: Path) -> None:
    done = ask(graph, "--question", "Where is price_of defined?")
    assert done.returncode == 0
    assert done.stderr == ""
    assert "defined in src/shop/pricing.py [1]." in done.stdout
    assert "[1] src/shop/pricing.py:12-15@" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_refusal_is_exit_one(graph: Path) -> None:
    done = ask(graph, "What does Cart.teleport do?")
    assert done.returncode == 1
    assert "no member teleport" in done.stdout


def test_json_is_one_object_and_why_explains(graph: Path) -> None:
    done = ask(graph, "Who calls price_of?", "--json")
    answer = json.loads(done.stdout)
    assert answer["schema_version"] == 1
    citation = answer["citations"][0]
    assert {"path", "start_line", "end_line", "commit", "node_id", "verified", "blob_sha", "quote_sha256"} <= set(
        citation
    )
    assert citation["verified"] == "blob"
    assert "exact_symbol" in ask(graph, "Who calls price_of?", "--why").stdout


def test_errors_have_their_own_exit_codes(graph: Path, tmp_path: Path) -> None:
    assert ask(tmp_path / "none.sqlite", "Who calls main?").returncode == 3
    assert ask(graph, "x", "--mode", "sideways").returncode == 2
    assert ask(graph).returncode == 2
    assert "given twice" in ask(graph, "Who calls price_of?", "--question", "Where is it?").stderr
    assert ask(graph, "Who calls price_of?", "--endpoint", "http://127.0.0.1:9").returncode == 5
    failed = ask(tmp_path / "none.sqlite", "Who calls main?", "--json")
    assert json.loads(failed.stdout)["error"]["code"] == 3


@pytest.mark.parametrize(
    ("option", "value", "said", "hint"),
    [
        ("--lang", "klingon", "no indexed file is written in klingon", "the index holds python"),
        ("--path", "nowhere/*", "no indexed file matches nowhere/*", "globs are matched from the repository's root"),
        ("--kind", "caller", "no question is of the kind caller", "--kind callers"),
    ],
)
def test_what_can_narrow_to_nothing_only_is_a_slip(graph: Path, option: str, value: str, said: str, hint: str) -> None:
    done = ask(graph, "Who calls price_of?", option, value)
    assert done.returncode == 2
    assert said in done.stderr
    assert hint in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("lang", ["python", "py", "PYTHON"])
def test_a_language_goes_by_any_of_its_names(graph: Path, lang: str) -> None:
    assert ask(graph, "where are lines put into the cart?", "--lang", lang).returncode == 0


def test_a_stale_index_is_exit_four_when_asked_to_be(graph: Path, tmp_path: Path) -> None:
    stale = index_shop(tmp_path)
    (tmp_path / "shop" / "src" / "shop" / "errors.py").write_text("# changed\n")
    once = ask(stale, "Who calls price_of?")
    assert once.returncode == 0
    assert "1 file behind" in once.stdout
    assert once.stderr == ""
    done = ask(stale, "Who calls price_of?", "--strict-fresh")
    assert done.returncode == 4
    assert "1 file behind" in done.stderr
    assert f"make extract brain REPO={tmp_path / 'shop'}" in done.stderr
    told = ask(stale, "Who calls price_of?", "--strict-fresh", "--json")
    assert (told.returncode, json.loads(told.stdout)["error"]["code"]) == (4, 4)
    batch = ask(stale, "--jsonl", "--strict-fresh", stdin="Who calls price_of?\n")
    assert (batch.returncode, json.loads(batch.stdout)["error"]["code"]) == (4, 4)


def test_a_batch_keeps_its_order_and_its_errors(graph: Path) -> None:
    lines = ["Where is price_of defined?", '{"question": "Who calls frobnicate_it?"}', "{broken", "who calls price_of"]
    done = ask(graph, "--jsonl", stdin="\n".join(lines))
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row.get("answered") for row in rows] == [True, False, None, True]
    assert rows[2]["error"]["code"] == 2
    assert done.returncode == 1


def test_a_traceback_may_be_piped_in(graph: Path) -> None:
    log = 'Traceback (most recent call last):\n  File "shop/catalog.py", line 48, in find\nUnknownProduct: no product called 1\n'
    done = ask(graph, stdin=log)
    assert done.returncode == 0
    assert "comes out of Catalog.find" in done.stdout


def test_a_silent_pipe_does_not_hang(graph: Path) -> None:
    reader, writer = os.pipe()
    try:
        begun = time.monotonic()
        command = [
            sys.executable,
            str(ROOT / "inference" / "query.py"),
            "--set",
            f"graph={graph}",
            "Who calls price_of?",
        ]
        done = subprocess.run(command, stdin=reader, capture_output=True, text=True, timeout=30)
    finally:
        os.close(reader)
        os.close(writer)
    assert done.returncode == 0
    assert time.monotonic() - begun < 20


def test_a_closed_pipe_ends_quietly(graph: Path) -> None:
    command = (
        f"{sys.executable} {ROOT / 'inference' / 'query.py'} --set graph={graph} 'What does checkout do?' < /dev/null"
    )
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command} | true"], capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 141)


@pytest.mark.parametrize(
    ("streams", "arguments", "code", "said"),
    [
        (">&-", "'Where is price_of defined?'", 0, ""),  # nobody wants to read it
        (">&- 2>&-", "'Where is price_fo defined?'", 1, ""),
        ("> /dev/full", "--json 'Where is price_of defined?'", 74, "error: [Errno 28] No space left on device"),
    ],
)
def test_a_stream_that_takes_nothing_is_no_bug(graph: Path, streams: str, arguments: str, code: int, said: str) -> None:
    command = (
        f"{sys.executable} {ROOT / 'inference' / 'query.py'} --set graph={graph} {arguments} < /dev/null {streams}"
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert (done.returncode, done.stderr.split("\n")[0]) == (code, said)


def test_a_terminal_of_another_encoding_shows_what_it_can(graph: Path) -> None:
    done = ask(graph, "How does “checkout” work?", PYTHONIOENCODING="latin-1")
    assert done.returncode == 0
    assert "checkout" in done.stdout


def test_a_conversation_goes_on(graph: Path) -> None:
    assert ask(graph, "Where is price_of defined?").returncode == 0
    follow = ask(graph, "-c", "who calls it?")
    assert "price_of is called by" in follow.stdout
    assert ask(graph, "who calls it?").returncode == 1
    assert ask(graph, "-c", "what does it return?").returncode == 1  # what was asked before that is forgotten


def test_an_answer_stands_where_no_conversation_can_be_kept(graph: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    state = {"XDG_STATE_HOME": str(tmp_path / "file")}
    alone = ask(graph, "Where is price_of defined?", **state)
    assert (alone.returncode, "defined in src/shop/pricing.py" in alone.stdout) == (0, True)
    assert "cannot keep the conversation" in alone.stderr
    assert ask(graph, "-c", "who calls it?", **state).returncode == 74


def test_links_and_colours_only_when_asked(graph: Path) -> None:
    shown = ask(graph, "Where is price_of defined?", "--hyperlinks", "always", "--color", "always").stdout
    assert "\x1b]8;;file://" in shown
    assert "\x1b[36m" in shown
    assert "\x1b" not in ask(graph, "Where is price_of defined?", FORCE_COLOR="1", NO_COLOR="1").stdout


def test_the_next_name_inherits_the_question(graph: Path) -> None:
    assert ask(graph, "Who calls price_of?").returncode == 0
    follow = ask(graph, "-c", "and bulk_discount?")
    assert "bulk_discount is called by" in follow.stdout
    again = ask(graph, "-c", "what does it return?")
    assert again.stdout.startswith("(About bulk_discount.)")


def test_search_keeps_to_a_language_and_a_path(graph: Path) -> None:
    found = json.loads(ask(graph, "how is a basket summed up", "--lang", "typescript", "--json").stdout)
    assert found["citations"]
    assert {Path(c["path"]).suffix for c in found["citations"]} == {".ts"}
    kept = json.loads(ask(graph, "how is the price computed", "--path", "src/shop/cart*", "--json").stdout)
    assert {c["path"] for c in kept["citations"] if c["via"] == "search"} == {"src/shop/cart.py"}


def test_permalinks_point_at_what_others_can_see(tmp_path: Path) -> None:
    from asking import index

    repo, bare = tmp_path / "repo", tmp_path / "forge.git"
    repo.mkdir()
    (repo / "one.py").write_text("def first():\n    return 1\n")
    git = ["git", "-C", str(repo), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    subprocess.run(["git", "init", "-q", "--bare", str(bare)], check=True)
    subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "one"], check=True)
    subprocess.run([*git, "remote", "add", "origin", "https://github.com/me/thing.git"], check=True)
    graph = index(repo, tmp_path / "brain")
    assert "github.com" not in ask(graph, "Where is first defined?", "--hyperlinks", "github").stdout
    subprocess.run([*git, "push", "-q", str(bare), "main:main"], check=True)
    subprocess.run([*git, "fetch", "-q", str(bare), "main:refs/remotes/origin/main"], check=True)
    shown = ask(graph, "Where is first defined?", "--hyperlinks", "github").stdout
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    assert f"https://github.com/me/thing/blob/{commit}/one.py#L1-L2" in shown
