"""What the splits promise, looked for in the rows themselves: each test fails when its split leaks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from brains import build, shop

from brain.derive import derive_facts
from brain.facts import Fact
from config.console import Console
from config.settings import DatasetSettings
from dataset.example import Example, read_examples
from dataset.generate import outputs, run
from dataset.names import Names, parts_of
from dataset.phrases import PHRASES, SETS, families
from dataset.score import code_tokens
from dataset.splits import REVERSED, Splits
from extractor.graph import Graph

# The shop is small: each seed holds other nodes, edges and paths out; few rows leave edges untrained.
SEEDS = {0: 400, 3: 400, 5: 400, 6: 60, 7: 100}


class Made:
    """The rows of one seed, and the facts behind their ids."""

    def __init__(self, folder: Path, seed: int, rows: int) -> None:
        self.splits = Splits(seed)
        counts = {"discovery": rows, "explain": rows, "howto": rows // 2, "diag": rows // 2}
        settings = DatasetSettings.model_validate(
            {
                "graph": folder / "brain" / "graph.sqlite",
                "nodes_dir": folder / "brain" / "nodes",
                "counts": counts,
                "seed": seed,
                "out_jsonl": folder / str(seed) / "train.jsonl",
            }
        )
        run(settings, Console(quiet=True))
        train, valid, test, _ = outputs(settings.out_jsonl)
        self.train, self.valid = list(read_examples(train)), list(read_examples(valid))
        self.test = list(read_examples(test))
        with Graph(settings.graph) as graph:
            self.facts = {fact.id: fact for fact in derive_facts(graph)}
        self.taught = {name for row in self.train for name in row.meta.facts}

    def held(self, split: str) -> list[Example]:
        return [e for e in self.test if e.meta.split == split]

    def facts_of(self, row: Example) -> Iterator[Fact]:
        return (self.facts[name] for name in row.meta.facts)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Made]:
    folder = tmp_path_factory.mktemp("splits")
    build(shop(folder))
    return [Made(folder, seed, rows) for seed, rows in SEEDS.items()]


def test_no_wording_of_one_set_stands_in_another() -> None:
    """Across aspects too, and whatever a question names: a wording is its words."""
    sets: dict[str, set[str]] = {name: set() for name in SETS}
    for aspect in PHRASES:
        for name in SETS:
            for family in families(aspect, name):
                sets[name] |= {
                    " ".join(re.findall(r"[a-z]+", re.sub(r"\{\w\}", "X", v).lower())) for v in family.variants
                }
    assert not sets["train"] & sets["T1"]
    assert not sets["train"] & sets["valid"]
    assert not sets["valid"] & sets["T1"]


def test_t1_asks_what_is_trained_in_families_of_its_own(made: list[Made]) -> None:
    for rows in made:
        held = rows.held("T1")
        assert held
        for example in held:
            assert set(example.meta.facts) <= rows.taught, example
        family = {e.meta.template.partition("/")[0] for e in held}
        assert not family & {e.meta.template.partition("/")[0] for e in (*rows.train, *rows.valid)}


def test_no_answer_to_a_question_tells_of_a_node_of_t2(made: list[Made]) -> None:
    assert sum(len(rows.held("T2")) for rows in made) > 5
    for rows in made:
        for example in (*rows.train, *rows.valid):
            if example.meta.answerable and example.meta.form != "statement":
                told = {fact.subject for fact in rows.facts_of(example)}
                assert [i for i in sorted({example.refs[0], *told}) if rows.splits.node_form(i)] == [], example
        for example in rows.held("T2"):
            assert rows.splits.node_form(example.refs[0])
            assert set(example.meta.facts) <= rows.taught, example


def test_a_held_out_reverse_edge_is_told_from_its_own_end_only(made: list[Made]) -> None:
    held = [(rows, e) for rows in made for e in rows.held("T3")]
    assert held
    for rows, example in held:
        aspect = example.meta.template.partition(".")[0]
        edges = [f for f in rows.facts_of(example) if f.object_is_node]
        assert edges
        for edge in edges:
            assert edge.id not in rows.taught, example
            forward = Fact(edge.object, REVERSED[aspect], edge.subject)
            assert forward.id in rows.taught, example
    turned = 0
    for rows in made:
        for example in rows.train:
            facts = [f for f in rows.facts_of(example) if example.meta.answerable and rows.splits.turned(f)]
            if facts and example.refs[0] in {f.subject for f in facts}:
                name = parts_of(example.refs[0])[1] or parts_of(example.refs[0])[0]
                first = re.findall(r"`([^`]+)`", example.response)[0]
                assert name.endswith(first) or first.endswith(name), example
                turned += 1
    assert turned > 5


def test_no_note_in_a_question_answers_a_held_out_reverse_question(made: list[Made]) -> None:
    seen = 0
    for rows in made:
        names = Names({i: "" for f in rows.facts.values() for i in (f.subject,)})
        hidden = {f"] {parts_of(i)[1]} ({parts_of(i)[0]}): " for i in names.types if rows.splits.answered_back(i)}
        for example in rows.train:
            if example.meta.form == "context":
                seen += 1
                assert [h for h in hidden if h in example.prompt] == [], example
    assert seen > 20


def test_a_held_out_path_is_nowhere_composed_but_of_trained_edges(made: list[Made]) -> None:
    held = [(rows, e) for rows in made for e in rows.held("T4")]
    assert held
    for rows, example in held:
        assert set(example.meta.facts) <= rows.taught, example
        path = set(example.meta.facts)
        assert len(path) > 1
        assert [e for e in rows.train if path <= set(e.meta.facts)] == [], example


def test_a_refusal_differs_from_its_twin_in_the_name_alone(made: list[Made]) -> None:
    for rows in made:
        asked = {e.prompt for e in (*rows.train, *rows.test) if e.meta.answerable}
        refused = [e for e in (*rows.train, *rows.held("T5")) if not e.meta.answerable and e.meta.negatives]
        assert len(refused) > 5
        for example in refused:
            fake, real = code_tokens(example.response)[0], parts_of(example.meta.negatives[0])[1]
            assert example.prompt.replace(fake, real) in asked, example
