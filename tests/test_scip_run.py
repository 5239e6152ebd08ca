"""Running the SCIP indexers: the real ones from npm where they are on PATH, and stand-ins on PATH for what can go wrong."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from config.console import Console
from config.manifest import read_manifest
from config.settings import ExtractSettings
from extractor.extract import run
from extractor.graph import Graph
from extractor.report import ExtractReport

FIXTURES = Path(__file__).parent / "fixtures"


def extracted(repo: Path, out: Path, **settings: object) -> ExtractReport:
    chosen = ExtractSettings.model_validate(
        {"out_graph": out / "graph.sqlite", "use_scip": True, "workers": 1, **settings}
    )
    return run(chosen, Console(quiet=True), repo)


def calls(out: Path) -> set[tuple[str, str, int, str]]:
    with Graph(out / "graph.sqlite") as graph:
        return {(e.src, e.dst, e.line, e.via) for e in graph.edges(("calls",))}


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    place = tmp_path / "repo"
    place.mkdir()
    (place / "a.py").write_text("def f():\n    return g()\n\n\ndef g():\n    return 1\n")
    return place


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A scip-python that does what a shell script says; it answers `--version` as a real one does."""
    folder.mkdir()
    tool = folder / "scip-python"
    tool.write_text(f'#!/bin/sh\nif [ "$1" = --version ]; then echo 9.9; exit 0; fi\n{script}\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")


def test_without_an_indexer_one_line_says_so_and_extraction_goes_on(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    report = extracted(repo, tmp_path / "out")
    assert [note for note in report.notes if "SCIP" in note] == ["SCIP: scip-python gave no index: it is not on PATH"]
    manifest = read_manifest(tmp_path / "out/graph.sqlite")
    assert manifest is not None
    assert manifest.versions["scip-python"] == ""
    assert manifest.counts["scip"] == {"scip-python": "it is not on PATH"}
    assert ("py:a.py#f", "py:a.py#g", 2, "scope") in calls(tmp_path / "out")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'TypeError: broken pipe dream' >&2; exit 3", "it ended with status 3: TypeError: broken pipe dream"),
        ("exit 0", "it wrote none"),
        ('while [ "$1" != --output ]; do shift; done; echo junk > "$2"', "this is not a whole SCIP index"),
        ("sleep 60 & sleep 60", "it was stopped after 1 s"),
    ],
    ids=["fails", "writes nothing", "writes junk", "hangs"],
)
def test_an_indexer_that_fails_costs_its_edges_and_nothing_else(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, reason: str
) -> None:
    stand_in(tmp_path / "bin", monkeypatch, script)
    started = time.monotonic()
    report = extracted(repo, tmp_path / "out", scip_seconds=1)
    assert time.monotonic() - started < 20
    assert [n for n in report.notes if n.startswith(f"SCIP: scip-python 9.9 gave no index: {reason}")]
    assert ("py:a.py#f", "py:a.py#g", 2, "scope") in calls(tmp_path / "out")
    assert "scip-python" in report.phases


def test_an_indexer_works_on_a_copy_and_never_in_the_repository(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen"
    (repo / "left_out.py").write_text("x = 1\n")
    stand_in(tmp_path / "bin", monkeypatch, f"pwd > {seen}; ls >> {seen}; touch rubbish; rm a.py")
    extracted(repo, tmp_path / "out", exclude=["left_out.py"])
    where, *files = seen.read_text().split()
    assert Path(where) != repo
    assert "a.py" in files
    assert "left_out.py" not in files
    assert sorted(p.name for p in repo.iterdir()) == ["a.py", "left_out.py"]
    assert not Path(where).exists()


@pytest.mark.parametrize(
    ("tool", "fixture", "least"), [("scip-python", "shop", 10), ("scip-typescript", "ts_desk", 30)]
)
def test_the_real_indexers_make_edges_exact_and_lose_none(tool: str, fixture: str, least: int, tmp_path: Path) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not on PATH: npm install -g @sourcegraph/{tool}")
    extracted(FIXTURES / fixture, tmp_path / "without", use_scip=False)
    report = extracted(FIXTURES / fixture, tmp_path / "with")
    before, after = calls(tmp_path / "without"), calls(tmp_path / "with")
    assert {row[:3] for row in before} <= {row[:3] for row in after}
    assert sum(via == "scip" for *_, via in after) >= least
    manifest = read_manifest(tmp_path / "with/graph.sqlite")
    assert manifest is not None
    assert manifest.versions[tool]
    assert report.phases[tool] > 0
    assert extracted(FIXTURES / fixture, tmp_path / "with").up_to_date
