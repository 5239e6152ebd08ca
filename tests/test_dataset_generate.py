"""The stage over a small shop: every row true, every promise of the report kept, the same bytes each time."""

from __future__ import annotations

import json
import re
import resource
import signal
from collections import Counter
from pathlib import Path

import pytest
from brains import build, shop

from brain.derive import derive_facts
from config.console import Console
from config.errors import MissingInput, StaleInput, StorageError
from config.manifest import digest, read_manifest
from config.settings import DatasetSettings
from dataset.curate import masked_grams
from dataset.example import KINDS, Example, read_examples
from dataset.generate import outputs, run
from dataset.knowledge import Knowledge
from dataset.report import DatasetReport
from dataset.score import code_tokens, normalise, score
from dataset.splits import TESTS
from dataset.spool import spool_for
from dataset.views import FORMATS, export, preview, view
from extractor.graph import Graph

COUNTS = {"discovery": 300, "explain": 300, "howto": 250, "diag": 200}


def settings_for(folder: Path, **changes: object) -> DatasetSettings:
    brain = folder / "brain"
    fixed = {"graph": brain / "graph.sqlite", "nodes_dir": brain / "nodes", "counts": COUNTS}
    return DatasetSettings.model_validate({**fixed, "out_jsonl": folder / "dataset" / "train.jsonl", **changes})


def make(folder: Path, **changes: object) -> DatasetReport:
    return run(settings_for(folder, **changes), Console(quiet=True))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which brain and dataset have run over the shop."""
    place = tmp_path_factory.mktemp("shop")
    build(shop(place))
    make(place)
    return place


@pytest.fixture(scope="module")
def rows(folder: Path) -> dict[str, list[Example]]:
    train, valid, test, _ = outputs(folder / "dataset" / "train.jsonl")
    return {"train": list(read_examples(train)), "valid": list(read_examples(valid)), "test": list(read_examples(test))}


def every(rows: dict[str, list[Example]]) -> list[Example]:
    return [e for part in rows.values() for e in part]


def test_every_reference_and_fact_is_in_the_graph(folder: Path, rows: dict[str, list[Example]]) -> None:
    with Graph(folder / "brain" / "graph.sqlite") as graph:
        ids = {node.id for node in graph.nodes()}
        facts = {fact.id for fact in derive_facts(graph)}
    for example in every(rows):
        assert set(example.refs) <= ids, example
        assert set(example.meta.negatives) <= ids, example
        assert set(example.meta.facts) <= facts, example
        assert not set(example.meta.negatives) & set(example.refs), example


def test_every_name_in_an_answer_resolves(folder: Path, rows: dict[str, list[Example]]) -> None:
    with Graph(folder / "brain" / "graph.sqlite") as graph:
        paths = {f.path for f in graph.files()}
        source = "\n".join((folder / "shop" / p).read_text() for p in sorted(paths))
        for example in every(rows):
            if not example.meta.answerable or example.meta.form == "correction":
                continue
            for token in code_tokens(example.response):
                known = (
                    token in paths
                    or graph.find(token)
                    or token.lstrip("@*") in source
                    or token in ("Exception", "abc.ABC")
                )
                assert known, (token, example)


def test_other_trainers_load_the_rows(folder: Path, rows: dict[str, list[Example]], tmp_path: Path) -> None:
    from datasets import load_dataset

    train, valid, test, _ = outputs(folder / "dataset" / "train.jsonl")
    files = {"train": str(train), "validation": str(valid), "test": str(test)}
    loaded = load_dataset("json", data_files=files, cache_dir=str(tmp_path))
    assert [len(loaded[split]) for split in files] == [len(rows[name]) for name in ("train", "valid", "test")]
    assert loaded["train"][0]["response"] == rows["train"][0].response


def test_no_prose_names_a_line(rows: dict[str, list[Example]]) -> None:
    assert [e for e in every(rows) if re.search(r"\blines? \d|\.py:\d", e.response)] == []
    assert any(re.fullmatch(r"[\w/]+\.py:\d+-\d+", cite) for e in rows["train"] for cite in e.meta.cites)


def test_no_prompt_is_asked_twice(rows: dict[str, list[Example]]) -> None:
    prompts = Counter(normalise(e.prompt) for part in ("train", "valid") for e in rows[part])
    assert [p for p, n in prompts.items() if n > 1] == []
    held = Counter(normalise(e.prompt) for e in rows["test"] if e.meta.split != "T0")
    assert not held.keys() & prompts.keys()


def test_splits_hold_out_what_they_say(rows: dict[str, list[Example]]) -> None:
    families = {part: {e.meta.template.partition("/")[0] for e in rows[part]} for part in ("train", "valid")}
    by_split = {t: [e for e in rows["test"] if e.meta.split == t] for t in TESTS}
    t1 = {e.meta.template.partition("/")[0] for e in by_split["T1"]}
    assert t1
    assert not families["train"] & families["valid"]
    assert not (families["train"] | families["valid"]) & t1
    train = {(e.prompt, e.response) for e in rows["train"]}
    assert {(e.prompt, e.response) for e in by_split["T0"]} <= train
    statements_only = {e.refs[0] for e in by_split["T2"]}
    assert statements_only
    shown = [e for e in rows["train"] if e.refs and e.refs[0] in statements_only and e.meta.answerable]
    assert {e.meta.form for e in shown} == {"statement"}


def test_a_held_out_path_has_trained_edges(rows: dict[str, list[Example]]) -> None:
    taught = {fact for e in rows["train"] for fact in e.meta.facts}
    held = [e for e in rows["test"] if e.meta.split in ("T3", "T4")]
    assert held
    for example in held:
        assert example.meta.split == "T3" or set(example.meta.facts) & taught
        assert normalise(example.prompt) not in {normalise(e.prompt) for e in rows["train"]}


def test_a_refusal_stands_beside_its_twin(rows: dict[str, list[Example]]) -> None:
    t5 = [e for e in rows["test"] if e.meta.split == "T5"]
    fakes = [e for e in t5 if not e.meta.answerable and e.meta.negatives]
    twins = {(e.refs[0], e.meta.template) for e in t5 if e.meta.answerable}
    assert len(fakes) >= 10
    for fake in fakes:
        assert (fake.meta.negatives[0], fake.meta.template) in twins
    trained = {word for e in rows["train"] for word in re.findall(r"[a-z]+", f"{e.prompt} {e.response}".lower())}
    for fake in fakes:
        name = code_tokens(fake.response)[0]
        assert set(re.findall(r"[a-z]+", re.sub(r"([A-Z])", r" \1", name).lower())) - trained, name


def test_refusals_are_few_and_never_a_real_question(folder: Path, rows: dict[str, list[Example]]) -> None:
    refusals = [e for e in rows["train"] if not e.meta.answerable]
    assert 0.08 <= len(refusals) / len(rows["train"]) <= 0.15
    with Graph(folder / "brain" / "graph.sqlite") as graph:
        for refusal in refusals:
            ticked = re.findall(r"`([^`]+)`", refusal.response)
            assert all(not graph.find(name) for name in ticked), refusal
    assert {e.meta.kind for e in refusals} <= {"discovery", "diag"}


def test_no_eight_words_of_the_test_stand_in_train(rows: dict[str, list[Example]]) -> None:
    taught = {gram for e in rows["train"] for gram in masked_grams(e.prompt)}
    for example in rows["test"]:
        if example.meta.split in ("T1", "T5"):
            assert not masked_grams(example.prompt) & taught, example.prompt


def test_an_answer_scores_full_against_itself(rows: dict[str, list[Example]]) -> None:
    for example in every(rows):
        said = score(example.response, example)
        assert said.exact
        assert said.recall in (None, 1.0), example
        assert said.correct_refusal in (None, True), example
        assert said.refused == (not example.meta.answerable) or example.meta.form == "correction", example


def test_context_rows_hide_the_answer_now_and_then(rows: dict[str, list[Example]]) -> None:
    context = [e for e in rows["train"] if e.meta.form == "context"]
    golden = [e for e in context if e.refs[0].rpartition("#")[2] + " (" in e.prompt.partition("Question:")[0]]
    assert 0.4 < len(golden) / len(context) < 0.9


def test_the_report_counts_what_was_written(folder: Path, rows: dict[str, list[Example]]) -> None:
    report = json.loads((folder / "dataset" / "report.json").read_text())
    assert report["rows"] == len(rows["train"])
    assert report["by_kind"] == dict(sorted(Counter(e.meta.kind for e in rows["train"]).items()))
    assert report["by_form"] == dict(sorted(Counter(e.meta.form for e in rows["train"]).items()))
    for kind in KINDS:
        assert report["by_kind"][kind] == COUNTS[kind] or kind in report["shortages"]
    assert len(report["samples"]) > 5
    assert report["public_covered"] >= 0.9 * report["public"]


def test_the_same_input_gives_the_same_bytes(folder: Path) -> None:
    first = digest(p.read_bytes() for p in outputs(folder / "dataset" / "train.jsonl")[:3])
    make(folder, out_jsonl=folder / "again" / "train.jsonl")
    assert digest(p.read_bytes() for p in outputs(folder / "again" / "train.jsonl")[:3]) == first
    make(folder, out_jsonl=folder / "other" / "train.jsonl", seed=1)
    assert digest(p.read_bytes() for p in outputs(folder / "other" / "train.jsonl")[:3]) != first


def test_a_rerun_with_nothing_to_do_says_so(folder: Path) -> None:
    assert make(folder).skipped
    assert "nothing to do" in make(folder).lines()[0]
    (folder / "dataset" / "valid.jsonl").unlink()
    assert not make(folder).skipped


def test_no_counts_no_rows(folder: Path) -> None:
    nothing = make(folder, counts=dict.fromkeys(KINDS, 0), out_jsonl=folder / "none" / "train.jsonl")
    assert (nothing.rows, nothing.shortages) == (0, {})


def test_more_rows_than_a_small_repository_has_are_not_made_up(folder: Path) -> None:
    many = make(folder, counts=dict.fromkeys(KINDS, 5000), out_jsonl=folder / "many" / "train.jsonl")
    assert set(many.shortages) == set(KINDS)
    assert "of 5,000" in many.shortages["diag"]
    assert 0.08 <= many.refusals <= 0.15


def test_of_a_large_repository_the_important_nodes_are_asked_about(folder: Path) -> None:
    with Graph(folder / "brain" / "graph.sqlite") as graph:
        all_, few = (Knowledge(graph, folder / "brain" / "nodes", most) for most in (10_000, 3))
    assert few.subjects_by_rank[:3] == all_.subjects_by_rank[:3]
    assert all(few.names.types[i] == "external" for i in few.subjects_by_rank[3:])
    assert few.public == all_.public  # what the report counts


def test_without_notes_the_next_command_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingInput) as none:
        make(tmp_path)
    assert "make extract" in none.value.hint
    shop(tmp_path)
    with pytest.raises(MissingInput) as missing:
        make(tmp_path)
    assert missing.value.hint == "make brain"


def test_notes_of_another_graph_are_refused(tmp_path: Path) -> None:
    build(shop(tmp_path))
    shop(tmp_path)  # an extract drops what the brain had added
    with pytest.raises(StaleInput) as stale:
        make(tmp_path)
    assert stale.value.hint == "make brain"


@pytest.mark.parametrize("room", [20_000, 300_000])
def test_a_full_disk_leaves_the_old_rows(folder: Path, room: int) -> None:
    """Files may not grow past `room` bytes, as on a disk that fills up: first the spool fails, then train.jsonl."""
    train = folder / "dataset" / "train.jsonl"
    make(folder)
    before = [p.read_bytes() for p in outputs(train)]
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, old[1]))
    try:
        with pytest.raises(StorageError) as full:
            make(folder, seed=7)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)
    assert "disk space" in full.value.hint
    assert [p.read_bytes() for p in outputs(train)] == before
    assert read_manifest(train) is not None
    assert [p.name for p in train.parent.iterdir() if p.name.startswith(".")] == []


def test_a_reader_that_went_away_is_no_full_disk(tmp_path: Path) -> None:
    """The error of a closed pipe comes out as it is; what was begun is gone all the same."""
    train = tmp_path / "train.jsonl"
    with pytest.raises(BrokenPipeError), spool_for(train, outputs(train)):
        raise BrokenPipeError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_other_trainers_read_the_rows(folder: Path, form: str) -> None:
    written = export(folder / "dataset" / "train.jsonl", form)
    assert [p.name for p in written] == [f"{n}.{form}.jsonl" for n in ("train", "valid", "test")]
    first = json.loads(written[0].read_text().splitlines()[0])
    example = next(iter(read_examples(folder / "dataset" / "train.jsonl")))
    assert example.response in json.dumps(first, ensure_ascii=False).replace('\\"', '"')
    for path in written:
        path.unlink()


def test_a_format_nobody_knows_names_those_there_are() -> None:
    with pytest.raises(Exception, match="there is no format chatml"):
        next(view([], "chatml"))


def test_preview_shows_rows_to_read(folder: Path) -> None:
    train = folder / "dataset" / "train.jsonl"
    drawn = preview(train, 5)
    assert sum(line.startswith("Q  ") for line in drawn.lines()) == 5
    rows = train.read_text().splitlines()
    assert [row for row in map(json.loads, rows) if row in drawn.as_json()["rows"]] == drawn.as_json()["rows"]
