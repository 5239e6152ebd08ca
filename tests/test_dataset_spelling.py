"""Names in rows are spelled as their language spells them, invented ones too, and an answer counts in either spelling."""

from __future__ import annotations

import re
import shutil
from itertools import islice
from pathlib import Path
from random import Random

import pytest
from asking import QUIET, index

from config.settings import DatasetSettings
from dataset.example import Example, Meta, read_examples, write_examples
from dataset.generate import outputs, run
from dataset.names import Names, apart
from dataset.negatives import fake_like, fresh_fakes, load_parts, parts_from
from dataset.score import code_tokens, holds, score
from extractor.graph import Graph
from extractor.spelling import joint_of

FIXTURES = Path(__file__).parent / "fixtures"
PUT = "cpp:src/store.cc#depot.Store.put"
SPELLED = Names({PUT: "method", "py:cart.py#Cart.add": "method"}, joints={PUT: "::"})


@pytest.fixture(scope="module", params=["cpp_store", "rust_depot"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Example]]:
    folder = tmp_path_factory.mktemp(request.param)
    repo = folder / "repo"
    shutil.copytree(FIXTURES / request.param, repo)
    for file in (f for f in repo.rglob("*") if f.is_file()):
        file.write_text(re.sub(r"[ \t]*//.*", "", file.read_text()))  # comments that say where calls lead
    graph = index(repo, folder)
    counts = dict.fromkeys(("discovery", "explain", "howto", "diag"), 200)
    settings = DatasetSettings.model_validate(
        {
            "graph": graph,
            "nodes_dir": folder / "nodes",
            "out_jsonl": folder / "dataset" / "train.jsonl",
            "counts": counts,
        }
    )
    run(settings, QUIET)
    return graph, [row for path in outputs(settings.out_jsonl)[:3] for row in read_examples(path)]


def test_no_row_joins_a_name_with_dots_where_its_language_does_not(made: tuple[Path, list[Example]]) -> None:
    graph, rows = made
    with Graph(graph) as opened:
        dotted = {n.qualname for n in opened.nodes() if joint_of(n) != "." and "." in n.qualname}
    said = {token for row in rows for token in code_tokens(f"{row.prompt} {row.response}")}
    assert sorted(said & dotted) == []
    assert {d.replace(".", "::") for d in dotted} & said
    refused = [row for row in rows if row.meta.form == "refusal"]
    assert any("::" in row.response for row in refused)
    assert not any(re.search(r"`\w+\.\w+`", row.response) for row in refused)


def test_a_row_still_stands_on_nodes_of_the_graph(made: tuple[Path, list[Example]]) -> None:
    graph, rows = made
    with Graph(graph) as opened:
        ids = {node.id for node in opened.nodes()}
        assert all(ref in ids for row in rows for ref in row.refs)


def test_a_subject_knows_its_spelling() -> None:
    subject = SPELLED.subject(PUT)
    assert (subject.label, subject.qualname, subject.name, subject.owner) == (
        "depot::Store::put",
        "depot.Store.put",
        "put",
        "depot.Store",
    )
    assert SPELLED.subject("py:cart.py#Cart.add").label == "Cart.add"
    assert all(SPELLED.exists(name) for name in ("depot::Store::put", "depot.Store.put", "Store::put", "Cart.add"))
    assert apart("depot::Store::put") == ("depot::Store::", "put")
    assert apart("Cart.add") == ("Cart.", "add")


def test_an_invented_name_is_spelled_like_the_real_ones(tmp_path: Path) -> None:
    names = [
        "Store::put",
        "Store::take",
        "Store::weigh",
        "Box::open",
        "Box::close_lid",
        "depot::Shelf::find_slot",
        "count_boxes",
        "weigh_all",
    ]
    parts = parts_from(names)
    assert fake_like(Random(1), "Store::put", parts).startswith("Store::")
    members = [fake for fake in islice(fresh_fakes(Random(1), parts), 60) if re.search(r"\.|::", fake)]
    assert members
    assert all("::" in fake and "." not in fake for fake in members)
    meta = Meta("explain", "forward", "calls.a/0")
    row = Example("0" * 16, "What does `depot::Store::put` call?", "It calls `weigh`.", (PUT,), meta)
    write_examples(tmp_path / "train.jsonl", [row])
    assert load_parts(tmp_path / "train.jsonl").owners == ("depot::Store::",)


def test_an_answer_counts_in_either_spelling() -> None:
    meta = Meta("explain", "forward", "calls.a/0")
    row = Example("0" * 16, "What does `depot::run` call?", "`depot::run` calls `depot::Store::put`.", (), meta)
    for said in ("It calls depot::Store::put", "It calls depot.Store.put", "It calls `depot.Store.put`"):
        assert (score(said, row).recall, score(said, row).precision) == (1.0, 1.0)
    assert not holds("depot::Store::put_all", "depot.Store.put")
