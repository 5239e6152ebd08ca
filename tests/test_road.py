"""The road as a user walks it: commands typed in a folder, a repository in, cited answers out, exit codes and all."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHOP = ROOT / "tests" / "fixtures" / "shop"


def nanodex(folder: Path, *arguments: str, code: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in `folder` and hold it to its exit code."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "nanodex.py"), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which extract, brain and dataset have run over a copy of the shop."""
    folder = tmp_path_factory.mktemp("road")
    shutil.copytree(SHOP, folder / "shop")
    for command in (["extract", "shop"], ["brain"], ["dataset"]):
        nanodex(folder, *command)
    return folder


def test_the_graph_has_the_tables_people_are_promised(road: Path) -> None:
    db = sqlite3.connect(road / "brain" / "graph.sqlite")
    columns = {
        table: [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        for table in ("nodes", "edges", "files", "unresolved")
    }
    assert columns["nodes"] == ["id", "type", "name", "path", "lang", "meta_json", "origin"]
    assert columns["edges"] == ["src_id", "dst_id", "kind", "line", "confidence", "via", "meta_json", "origin"]
    assert columns["files"] == ["path", "lang", "sha256", "facts_version", "status", "reason", "loc"]
    assert columns["unresolved"] == ["src_id", "kind", "name", "line", "reason", "candidates"]
    kinds = {kind for (kind,) in db.execute("SELECT DISTINCT kind FROM edges")}
    assert {"calls", "imports", "extends", "throws", "defined_in"} <= kinds


def test_rows_keep_the_contract(road: Path) -> None:
    rows = [json.loads(line) for line in (road / "dataset" / "train.jsonl").read_text().splitlines()]
    nodes = {row[0] for row in sqlite3.connect(road / "brain" / "graph.sqlite").execute("SELECT id FROM nodes")}
    assert len(rows) > 200
    for row in rows:
        assert set(row) == {"id", "prompt", "response", "refs", "meta"}
        assert set(row["meta"]) == {"kind", "form", "template", "facts", "negatives", "answerable", "cites", "split"}
        assert set(row["refs"]) <= nodes


def test_the_same_repository_gives_the_same_bytes(road: Path, tmp_path: Path) -> None:
    shutil.copytree(SHOP, tmp_path / "shop")
    for command in (["extract", "shop"], ["brain"], ["dataset"]):
        nanodex(tmp_path, *command)
    for artefact in ("train.jsonl", "valid.jsonl", "test.jsonl"):
        assert (tmp_path / "dataset" / artefact).read_bytes() == (road / "dataset" / artefact).read_bytes()
    dumps = [list(sqlite3.connect(folder / "brain" / "graph.sqlite").iterdump()) for folder in (road, tmp_path)]
    assert dumps[0] == dumps[1]
    notes = [{p.name: p.read_bytes() for p in (folder / "brain" / "nodes").iterdir()} for folder in (road, tmp_path)]
    assert notes[0] == notes[1]


def test_every_stage_says_when_there_is_nothing_to_do(road: Path) -> None:
    for command in (["extract", "shop"], ["brain"], ["dataset"]):
        said = nanodex(road, *command).stdout
        assert "nothing to do" in said or "up to date" in said


def test_an_answer_carries_checked_citations(road: Path) -> None:
    answer = json.loads(nanodex(road, "query", "Where is Cart.add defined and what does it call?", "--json").stdout)
    cited = {(c["path"], c["verified"]) for c in answer["citations"]}
    assert ("src/shop/cart.py", "blob") in cited
    assert "Cart.add" in answer["text"]


def test_a_name_that_does_not_exist_is_refused_with_the_nearest(road: Path) -> None:
    done = nanodex(road, "query", "What does Cart.teleport do?", code=1)
    assert "teleport" in done.stdout
    assert "Cart" in done.stdout


def test_query_answers_when_the_repository_has_gone(road: Path, tmp_path: Path) -> None:
    shutil.copytree(road / "brain", tmp_path / "brain")
    manifest = tmp_path / "brain" / "graph.sqlite.manifest.json"
    manifest.write_text(manifest.read_text().replace(str(road / "shop"), str(tmp_path / "gone")))
    answer = json.loads(nanodex(tmp_path, "query", "Where is Cart.add defined?", "--json").stdout)
    assert {c["verified"] for c in answer["citations"]} == {"index"}


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["extract", "absent"], 3, "absent"),
        (["extract", "file.txt"], 3, "file.txt"),
        (["extract", "empty"], 3, "empty"),
        (["brain"], 3, "nanodex extract"),
        (["dataset"], 3, "nanodex extract"),
        (["train", "tiny"], 3, "nanodex dataset"),
        (["query", "What is this?"], 3, "nanodex extract"),
        (["inspect"], 3, "nanodex extract"),
        (["extract", ".", "--set", "langauges=[python]"], 2, "did you mean languages?"),
        (["extract", ".", "--config", "absent.yaml"], 2, "absent.yaml"),
        (["exctract", "."], 2, "exctract"),
        (["extract"], 2, "repo"),
    ],
)
def test_a_wrong_call_says_what_to_do(tmp_path: Path, arguments: list[str], code: int, says: str) -> None:
    (tmp_path / "file.txt").write_text("text")
    (tmp_path / "empty").mkdir()
    assert says in nanodex(tmp_path, *arguments, code=code).stderr


def test_errors_are_objects_under_json(tmp_path: Path) -> None:
    error = json.loads(nanodex(tmp_path, "extract", "absent", "--json", code=3).stdout)["error"]
    assert error["code"] == 3
    assert "absent" in error["message"]


def test_a_killed_extract_leaves_the_last_graph_and_the_next_run_completes(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    repo.mkdir()
    for number in range(60):
        (repo / f"m{number}.py").write_text("\n".join(f"def f{n}(x):\n    return f{n - 1}(x)\n" for n in range(1, 120)))
    nanodex(tmp_path, "extract", "repo")
    before = list(sqlite3.connect(tmp_path / "brain" / "graph.sqlite").iterdump())
    for number in range(60):
        (repo / f"m{number}.py").write_text((repo / f"m{number}.py").read_text() + "\nX = 1\n")
    for delay in (0.1, 0.3, 0.6):
        running = subprocess.Popen(
            [sys.executable, str(ROOT / "nanodex.py"), "extract", "repo", "-q"], cwd=tmp_path, start_new_session=True
        )
        time.sleep(delay)
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        dump = list(sqlite3.connect(tmp_path / "brain" / "graph.sqlite").iterdump())
        assert dump == before or sum("X" in line for line in dump) >= 60
    nanodex(tmp_path, "extract", "repo")
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    shutil.copytree(repo, fresh / "repo")
    nanodex(fresh, "extract", "repo")
    dumps = [list(sqlite3.connect(folder / "brain" / "graph.sqlite").iterdump()) for folder in (tmp_path, fresh)]
    assert dumps[0] == dumps[1]


def test_a_closed_pipe_ends_quietly(road: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} {ROOT / 'nanodex.py'} inspect | true; echo ${{PIPESTATUS[0]}}"],
        cwd=road,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() in ("0", "141")
    assert "Traceback" not in done.stderr


def test_this_repository_is_read_without_a_fault(tmp_path: Path) -> None:
    """Programs in every language with idioms that no fixture has thought of: nothing stops, nothing is left unlinked."""
    done = nanodex(tmp_path, "extract", str(ROOT), "--json")
    report = json.loads(done.stdout)
    assert [note for note in report["notes"] if "report it" in note] == []
    assert report["failed"] == 0
