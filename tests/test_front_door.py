"""The front door: status says what to run next, hints can be typed where one is, a bare command helps, the shell completes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import packs
import pytest

from brain import build, embed
from config.cli import run_app, typed_here
from config.console import Console
from config.settings import BrainSettings, DatasetSettings, ExtractSettings
from dataset import generate
from extractor import extract
from inference.doctor import check_dataset, check_packs
from inference.standing import standing
from nanodex import app
from trainer.pack import file_digest

ROOT = Path(__file__).resolve().parents[1]
SHOP = ROOT / "tests/fixtures/shop"
GRAPH, TRAIN = Path("brain/graph.sqlite"), Path("dataset/train.jsonl")
QUIET = Console(quiet=True)


def nanodex(*arguments: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "nanodex.py"), *arguments]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, env={**os.environ, **environment}, timeout=60
    )


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shop, and a working folder in which nothing has been made."""
    copy = tmp_path / "shop"
    shutil.copytree(SHOP, copy)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return copy


def test_status_names_the_next_command_of_the_road_at_every_step(repo: Path) -> None:
    assert standing(GRAPH).next == "nanodex extract <your repository>"
    extract.run(ExtractSettings(workers=1), QUIET, repo)
    assert standing(GRAPH).next == "nanodex brain"
    build.run(BrainSettings(), QUIET)
    assert standing(GRAPH).next == "nanodex dataset"
    generate.run(DatasetSettings(), QUIET)
    told = standing(GRAPH)
    assert [one.state for one in told.artefacts] == ["up to date", "up to date", "up to date", "missing"]
    assert told.next == "nanodex train tiny"


def test_a_change_makes_each_stage_stale_in_its_turn(repo: Path) -> None:
    extract.run(ExtractSettings(workers=1), QUIET, repo)
    build.run(BrainSettings(), QUIET)
    generate.run(DatasetSettings(), QUIET)
    described = {"project": "shop", "dataset_sha256": file_digest(TRAIN), "settings": {"dataset": str(TRAIN)}}
    base = packs.write_base(Path("models/tiny-base").absolute())
    packs.write_pack(Path("models/shop-nanodex-lora.v1"), base, described=described)
    Path("models/shop-nanodex-lora").symlink_to("shop-nanodex-lora.v1")
    Path("models/shop-nanodex-lora.work").mkdir()
    Path("models/shop-nanodex-lora.work/base.json").write_text(json.dumps({"path": str(base)}))
    assert [check.reason for check in check_packs(Path("models"), GRAPH)] == ["shop-nanodex-lora.v1 on tiny-base"]

    (repo / "later.py").write_text('def later() -> int:\n    """How much later."""\n    return 1\n')
    told = standing(GRAPH)
    assert told.code is not None
    assert told.code.added == ("later.py",)
    assert told.next == f"nanodex extract {repo}"
    assert told.lines()[-1] == f"next: nanodex extract {repo}"
    extract.run(ExtractSettings(workers=1), QUIET, repo)
    assert (standing(GRAPH).artefacts[1].state, standing(GRAPH).next) == ("stale", "nanodex brain")
    build.run(BrainSettings(), QUIET)
    # The shop is no git repository: only the digest of graph and notes can tell that the rows are old.
    assert [check.fix for check in check_dataset(GRAPH, TRAIN)] == ["make dataset"]
    generate.run(DatasetSettings(), QUIET)
    assert standing(GRAPH).next == "nanodex train lora --refresh"


def test_status_is_one_json_object_even_where_nothing_exists(tmp_path: Path) -> None:
    done = nanodex("status", "--json", cwd=tmp_path)
    told = json.loads(done.stdout)
    assert done.returncode == 0
    assert told["fresh"] is False
    assert [stage["state"] for stage in told["stages"]] == ["missing"] * 4
    assert told["next"] == told["stages"][0]["command"]


@pytest.mark.parametrize(
    ("hint", "typed"),
    [
        ("make extract REPO=<a repository>", "nanodex extract <a repository>"),
        ("make extract brain dataset REPO=x", "nanodex extract x && nanodex brain && nanodex dataset"),
        ("make extract REPO='/a b', now", "nanodex extract '/a b', now"),
        ("make brain-embed", "nanodex embed"),
        ("make train-tiny, or --adapter FOLDER", "nanodex train tiny, or --adapter FOLDER"),
        ("make train-qlora BASE=org/model", "nanodex train qlora --base org/model"),
        ("make setup-serve", "make setup-serve in a checkout of nanodex"),
        ("make setup TORCH_INDEX=<an index>", "make setup TORCH_INDEX=<an index> in a checkout of nanodex"),
        ("make sure that it is there", "make sure that it is there"),
    ],
)
def test_without_a_checkout_hints_name_commands_that_exist(hint: str, typed: str) -> None:
    assert typed_here(hint, checkout=False) == typed
    assert typed_here(typed, checkout=False) == typed
    assert typed_here(hint, checkout=True) == hint


def test_a_bare_command_is_answered_with_its_help_and_not_with_an_error() -> None:
    done = nanodex()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: nanodex")
    assert "error:" not in done.stderr


@pytest.mark.parametrize("command", [("brain",), ("status",), ("doctor",), ("eval",), ("query", "x")])
def test_a_repository_that_is_named_has_to_be_there(command: tuple[str, ...], tmp_path: Path) -> None:
    done = nanodex(*command, "--repo", str(tmp_path / "absent"))
    assert done.returncode == 2
    assert "absent' does not exist" in done.stderr


def test_a_choice_that_is_none_is_told_without_the_validators_own_words() -> None:
    assert nanodex("inspect", "frob").stderr.startswith("error: Invalid value for 'question': 'frob' is not one of")


def test_a_wrong_command_line_names_the_help_of_its_own_command() -> None:
    done = nanodex("extract")
    assert done.returncode == 2
    assert done.stderr.endswith("extract --help\n")
    assert nanodex("train", "lora", "--dry").stderr.endswith("train --help\n")


def test_the_version_is_the_checkouts() -> None:
    assert nanodex("--version").stdout == "nanodex 0.1.0\n"


def test_bash_completes_commands_options_and_choices() -> None:
    """The protocol that `nanodex --install-completion` writes into the shell's start-up file."""

    def complete(line: str) -> list[str]:
        words = line.split(" ")
        cursor = str(len(words) - 1)
        return nanodex(_NANODEX_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=cursor).stdout.split()

    assert complete("nanodex ex") == ["extract", "export"]
    assert complete("nanodex train ") == ["lora", "qlora", "tiny"]
    assert {"--scip", "--set"} <= set(complete("nanodex extract . --s"))


def test_search_goes_by_meaning_too_with_the_vectors_that_embed_made(
    repo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    extract.run(ExtractSettings(workers=1), QUIET, repo)
    build.run(BrainSettings(), QUIET)
    assert run_app(app, ["search", "price", "--vectors"]) == 3
    assert "try: nanodex embed" in capsys.readouterr().err

    class Probe:
        """Counts what it is asked to embed."""

        space, asked = "probe", 0

        def embed(self, texts: list[str]) -> Any:
            import numpy as np

            Probe.asked += len(texts)
            return np.array([[1.0, float(len(text))] for text in texts], dtype=np.float32)

    monkeypatch.setattr(embed, "open_embedder", lambda settings: Probe())
    monkeypatch.setenv("NANODEX_BRAIN__EMBED__MODEL", "probe")
    assert run_app(app, ["embed", "-q"]) == 0
    before = Probe.asked
    assert run_app(app, ["search", "price", "--vectors"]) == 0
    assert Probe.asked == before + 1
