"""The embedded base's text: invented, seeded, without the held-out wordings; and the whole of `train tiny` on a small recipe."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from trainings import QUIET, SMALL, invented_rows, write_rows

from brain.derive import check_fact, derive_facts
from config.settings import TrainSettings, load_settings
from dataset.phrases import PHRASES, families
from extractor.graph import Graph, write_graph
from extractor.schema import EDGE_KINDS, NODE_TYPES
from trainer.corpus import askings, known_topics, pairs
from trainer.invent import invent
from trainer.tiny import schedule
from trainer.train import run


def grams(text: str, size: int) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z]+|\{\w\}", text.lower())
    return {tuple(words[i : i + size]) for i in range(len(words) - size + 1)}


def test_the_same_seed_invents_the_same_repository() -> None:
    assert invent(3) == invent(3)
    assert invent(3) != invent(4)


def test_an_invented_repository_is_a_graph_like_any_other(tmp_path: Path) -> None:
    made = invent(1)
    write_graph(tmp_path / "graph.sqlite", made.nodes, made.edges, made.files, [])
    with Graph(tmp_path / "graph.sqlite") as graph:
        nodes = {node.id: node for node in graph.nodes()}
        assert {node.type for node in nodes.values()} <= set(NODE_TYPES)
        edges = list(graph.edges())
        assert {edge.kind for edge in edges} <= set(EDGE_KINDS)
        assert all(edge.src in nodes and edge.dst in nodes for edge in edges)
        facts = derive_facts(graph)
        assert len(facts) > 300
        assert all(check_fact(graph, fact) for fact in facts[::40])


def test_every_topic_can_be_asked_in_many_ways() -> None:
    topics = {topic.aspect for topic in known_topics(1)}
    assert len(topics) > 15
    wordings = {aspect: askings(aspect) for aspect in topics if aspect in PHRASES}
    plenty = [aspect for aspect, family in wordings.items() if family and len(family.variants) > 100]
    assert {"location", "purpose", "parameters", "calls", "called_by", "raises", "returns"} <= set(plenty)


def test_the_bases_own_wordings_hold_no_held_out_one() -> None:
    held = {
        gram
        for aspect in PHRASES
        for which in ("valid", "T1")
        for family in families(aspect, which)
        for variant in family.variants
        for gram in grams(variant, 5)
    }
    for aspect in PHRASES:
        own = askings(aspect)
        for variant in own.variants if own else ():
            assert not grams(variant, 5) & held, variant


def test_the_corpus_repeats_and_mixes_known_and_new() -> None:
    first = list(itertools.islice(pairs(0, 1, 0.5), 200))
    assert first == list(itertools.islice(pairs(0, 1, 0.5), 200))
    assert len({pair.response for pair in first}) > 150
    assert all(pair.prompt.strip() and pair.response.strip() for pair in first)


def test_the_learning_rate_rises_and_falls() -> None:
    rates = [schedule(step, 1000) for step in range(1000)]
    assert rates[0] < rates[25] < rates[49] == pytest.approx(1.0)
    assert rates[-1] == pytest.approx(0.05, abs=0.01)


def test_a_dry_run_plans_with_a_base_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.tiny.Recipe", lambda: SMALL)
    write_rows(tmp_path / "dataset", invented_rows(20))
    changes = {"dataset": tmp_path / "dataset" / "train.jsonl", "save_dir": tmp_path / "models" / "x-lora"}
    settings = load_settings(TrainSettings, "train_tiny", None, [f"{k}={v}" for k, v in changes.items()], {})
    report = run(settings, QUIET, "tiny", dry_run=True)
    assert not (tmp_path / "models").exists()
    assert report.plan is not None
    assert (
        report.plan.action
        == f"a new adapter, after the tiny base at {tmp_path / 'models' / 'tiny-base'} (minutes, once)"
    )
    assert report.plan.total_parameters > 100_000
    assert any("not made yet" in line for line in report.lines())
    assert report.plan.rows.endless == 0


def test_train_tiny_makes_its_base_and_keeps_within_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.tiny.Recipe", lambda: SMALL)
    write_rows(tmp_path, invented_rows(20))
    changes = {"dataset": tmp_path / "train.jsonl", "save_dir": tmp_path / "models" / "{project}-nanodex-lora"}
    overrides = [f"{k}={v}" for k, v in {**changes, "time_budget_s": 2, "eval_interval": 50, "max_nodes": 3}.items()]
    settings = load_settings(TrainSettings, "train_tiny", None, overrides, {})
    report = run(settings, QUIET, "tiny")
    assert report.pack is not None
    assert report.pack.name == "shop-nanodex-lora.v1"
    assert (tmp_path / "models" / "tiny-base" / "model.safetensors").is_file()
    assert report.pack.base.location == "tiny-base"
    assert report.seconds < 10
    assert 0 < len(report.pack.nodes) <= 3
    assert report.pack.metrics["learnt"]["share"] < 1
    assert report.pack.dtype == "float32"
    assert "of" in report.selection
    assert run(settings, QUIET, "tiny").steps == 0
