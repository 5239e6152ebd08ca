"""The expert's score on the shop: every split, its controls, regressions, old commits and an interview."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from asking import QUIET, expert, index, index_shop

from config.errors import GateError, MissingInput
from config.settings import CountSettings, DatasetSettings, QuerySettings
from dataset.generate import run as write_dataset
from inference.evaluate import refuse_fallen, run
from inference.examine import from_git, interview


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("eval")
    graph = index_shop(folder)
    counts = CountSettings(discovery=80, explain=80, howto=40, diag=60)
    settings = DatasetSettings(
        graph=graph, nodes_dir=graph.with_name("nodes"), counts=counts, out_jsonl=folder / "dataset" / "train.jsonl"
    )
    write_dataset(settings, QUIET)
    return graph


def test_retrieval_beats_the_majority_answer_and_refuses_fakes(graph: Path, tmp_path: Path) -> None:
    rows = graph.parents[1] / "dataset" / "test.jsonl"
    report = run(QuerySettings(graph=graph), QUIET, dataset=rows, out=tmp_path, sample=40)
    figures = {(r.arm, r.split): r for r in report.rows}
    assert figures["extractive", "T1"].recall > 0.6 > 0.2 > figures["majority", "T1"].recall
    assert (figures["extractive", "T5"].refusal_recall or 0.0) >= 0.95
    checked, valid = report.citations
    assert checked == valid > 0
    assert json.loads((tmp_path / "eval.json").read_text())["rows"]
    assert (tmp_path / "eval.svg").read_text().startswith("<svg")


def test_a_fall_since_the_last_report_fails(graph: Path, tmp_path: Path) -> None:
    rows = graph.parents[1] / "dataset" / "test.jsonl"
    run(QuerySettings(graph=graph), QUIET, dataset=rows, out=tmp_path, sample=10)
    last = json.loads((tmp_path / "eval.json").read_text())
    for row in last["rows"]:
        row["recall"] = 1.5
    (tmp_path / "eval.json").write_text(json.dumps(last))
    fallen = run(QuerySettings(graph=graph), QUIET, dataset=rows, out=tmp_path, sample=10)
    assert any(line.startswith("fell: extractive T1 recall") for line in fallen.lines())
    with pytest.raises(GateError, match="extractive T1 recall"):
        refuse_fallen(fallen)
    (tmp_path / "eval.json").write_text(json.dumps(last))
    assert run(QuerySettings(graph=graph), QUIET, dataset=rows, out=tmp_path, sample=2).fell == ()


def test_commits_become_questions(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    repo.mkdir()
    git = ["git", "-C", str(repo), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    subprocess.run([*git, "init", "-q"], check=True)
    for name, subject in (
        ("harbour", "Count the boats in the harbour"),
        ("weather", "Forecast tomorrow's weather for sailors"),
    ):
        (repo / f"{name}.py").write_text(f'def {name}():\n    """{subject}."""\n    return 1\n')
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "-qm", subject], check=True)
    report = from_git(QuerySettings(graph=index(repo, tmp_path / "brain")), QUIET)
    assert (report.commits, report.hit1) == (2, 1.0)


def test_without_history_there_is_nothing_to_ask(graph: Path) -> None:
    with pytest.raises(MissingInput, match="no history"):
        from_git(QuerySettings(graph=graph), QUIET)


def test_an_interview_discovers_facts(graph: Path) -> None:
    report = interview(QuerySettings(graph=graph), QUIET, turns=8)
    assert len(report.turns) == 8
    assert report.facts > 16
    assert report.per_turn == round(report.facts / 8, 2)


def test_the_expert_closes_what_it_opens(graph: Path) -> None:
    with expert(graph) as opened:
        assert opened.ask("Who calls price_of?").answered
