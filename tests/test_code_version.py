"""Nothing to do means: nothing to do with this code. Other code of nanodex is other work, for the stages that run it and no others."""

from __future__ import annotations

import shutil
from pathlib import Path

import brains
import numpy as np
import pytest
from test_dataset_generate import make

from brain import embed
from brain.embedders import MiniLM
from config import manifest
from config.console import Console
from config.errors import StaleInput
from config.manifest import code_version
from config.settings import EmbedSettings
from inference import doctor


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the floors' code that may be edited."""
    for floor in manifest.FLOORS:
        (tmp_path / "code" / floor).mkdir(parents=True)
        for ending in ("py", "txt"):
            for file in (manifest.HOME / floor).glob(f"*.{ending}"):
                shutil.copy(file, tmp_path / "code" / floor)
    monkeypatch.setattr(manifest, "HOME", tmp_path / "code")
    return tmp_path / "code"


class Bag:
    """A text is its length."""

    space = "lengths"

    def embed(self, texts: list[str]) -> object:
        return np.array([[1.0, float(len(text))] for text in texts], dtype=np.float32)


def edit(file: Path) -> None:
    assert file.is_file()
    file.write_text(file.read_text() + "\n# another line\n")


def test_each_stage_runs_again_when_code_that_it_runs_has_changed(
    code: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embed, "open_embedder", lambda settings: Bag())
    graph = brains.shop(tmp_path)
    train = tmp_path / "dataset" / "train.jsonl"

    def vectors() -> embed.EmbedReport:
        return embed.run(brains.settings_for(graph), Console(quiet=True))

    def said() -> list[str]:
        checks = [*doctor.check_brain(graph, graph.parent / "nodes"), *doctor.check_vectors(graph)]
        return [check.reason for check in (*checks, *doctor.check_dataset(graph, train)) if check.status != "ok"]

    def all_of_it() -> tuple[bool, bool, bool]:
        return brains.build(graph).skipped, vectors().skipped, make(tmp_path).skipped

    assert all_of_it() == (False, False, False)
    assert (all_of_it(), said()) == ((True, True, True), [])

    edit(code / "brain" / "render.py")
    assert said() == [doctor.OTHER_CODE] * 3
    with pytest.raises(StaleInput, match="another version of nanodex"):
        make(tmp_path)  # the notes come first
    assert not brains.build(graph).skipped
    again = vectors()
    assert (again.skipped, again.embedded) == (False, 0), "texts that stay the same keep their vectors"
    assert not make(tmp_path).skipped
    assert (all_of_it(), said()) == ((True, True, True), [])

    edit(code / "dataset" / "questions.txt")
    assert said() == [doctor.OTHER_CODE]
    assert all_of_it() == (True, True, False)
    edit(code / "extractor" / "spelling.py")  # names in notes and rows are spelled by it
    assert all_of_it() == (False, False, False)


def test_vectors_that_other_code_made_are_of_another_space(code: Path, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    settings = EmbedSettings(model=str(tmp_path / "model"))
    before = MiniLM(settings).space
    edit(code / "brain" / "build.py")
    assert MiniLM(settings).space == before
    edit(code / "brain" / "embedders.py")
    assert MiniLM(settings).space != before


def test_what_a_stage_leaves_behind_is_no_code(code: Path) -> None:
    before = [code_version(floor) for floor in manifest.FLOORS]
    (code / "brain" / "nodes").mkdir()
    (code / "brain" / "nodes" / "note.py").write_text("{}")
    (code / "brain" / "graph.sqlite").write_text("")
    (code / "dataset" / "train.jsonl").write_text("{}")
    assert [code_version(floor) for floor in manifest.FLOORS] == before
    assert len(set(before)) == len(before)


def test_another_embedder_embeds_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = brains.shop(tmp_path)
    brains.build(graph)
    bag = Bag()
    monkeypatch.setattr(embed, "open_embedder", lambda settings: bag)
    first = embed.run(brains.settings_for(graph), Console(quiet=True))
    monkeypatch.setattr(bag, "space", "other lengths", raising=False)
    second = embed.run(brains.settings_for(graph), Console(quiet=True))
    assert (second.rows, second.embedded) == (first.rows, first.rows)
    assert embed.read_vectors(embed.vectors_path(graph)).space == "other lengths"
