"""The doctor: what is broken fails, what is missing or behind is a warning, and both name the command that mends it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import packs
import pytest

from brain import build, embed
from config.console import Console
from config.settings import BrainSettings, ExtractSettings, ServeSettings
from extractor import extract
from inference import doctor, installed
from inference.checks import Check

SHOP = Path(__file__).resolve().parent / "fixtures/shop"
QUIET = Console(quiet=True)


def named(checks: list[Check], name: str) -> Check:
    return next(check for check in checks if check.name == name)


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shop, and a working folder in which nothing has been made."""
    copy = tmp_path / "shop"
    shutil.copytree(SHOP, copy)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return copy


def test_a_fresh_folder_has_nothing_broken_and_names_the_first_commands(repo: Path) -> None:
    told = doctor.run(QUIET)
    assert told.exit_code == 0
    assert named(list(told.checks), "extract: graph").fix == "make extract REPO=<your repository>"
    assert named(list(told.checks), "train: adapter").fix == "make train-tiny"
    assert named(list(told.checks), "packages").status == "ok"
    assert not any(Path().iterdir())
    assert json.loads(json.dumps(told.as_json()))["failed"] == 0


def test_the_stages_are_followed_as_they_are_made_and_fall_behind(repo: Path) -> None:
    graph, notes = Path("brain/graph.sqlite"), Path("brain/nodes")
    extract.run(ExtractSettings(workers=1), QUIET, repo)
    assert [check.status for check in doctor.check_graph(graph)] == ["ok"]
    assert [check.fix for check in doctor.check_brain(graph, notes)] == ["make brain"]
    build.run(BrainSettings(), QUIET)
    assert [(check.name, check.status) for check in doctor.check_brain(graph, notes)] == [
        ("brain: notes", "ok"),
        ("brain: index", "ok"),
    ]
    (repo / "later.py").write_text("def later() -> None: ...\n")
    behind = next(iter(doctor.check_graph(graph)))
    assert (behind.status, behind.fix) == ("warn", f"make extract REPO={repo}")
    extract.run(ExtractSettings(workers=1), QUIET, repo)
    assert [check.status for check in doctor.check_graph(graph)] == ["ok"]
    assert next(iter(doctor.check_brain(graph, notes))).reason == "they are of an earlier graph"
    shutil.rmtree(repo)
    assert next(iter(doctor.check_graph(graph))).status == "warn"


def test_a_spoilt_graph_fails(repo: Path) -> None:
    Path("brain").mkdir()
    Path("brain/graph.sqlite").write_bytes(b"SQLite format 3\0" + bytes(50))
    told = doctor.run(QUIET)
    assert [check.name for check in told.failed] == ["extract: graph"]  # said once, not by every stage
    assert told.exit_code == 3


def test_a_pack_without_its_base_is_named(repo: Path) -> None:
    base = packs.write_base(repo.parent / "tiny-base")
    packs.write_pack(Path("models/shop-nanodex-lora.v1"), base)
    Path("models/shop-nanodex-lora").symlink_to("shop-nanodex-lora.v1")
    checks = list(doctor.check_packs(Path("models"), Path("brain/graph.sqlite")))
    assert [(check.status, check.fix) for check in checks] == [("warn", "nanodex serve --base FOLDER")]


def test_a_machine_without_vllm_can_still_answer(repo: Path) -> None:
    told = list(doctor.check_server(ServeSettings(python="/nowhere/python")))
    assert [(check.status, check.fix) for check in told] == [("warn", "make setup-serve")]


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_fails(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    assert doctor.check_writable("disk", tmp_path / "state/nanodex").status == "fail"


@pytest.mark.parametrize(
    ("version", "pin", "good"),
    [
        ("2.13.0+cpu", "==2.13.0", True),
        ("5.23.1", "==5.23.*", True),
        ("5.3", "==5.23.*", False),
        ("1.0", "==1.0.0", True),
        ("0.28", ">=0.28", True),
        ("1.0.0", "<1", False),
        ("0.100.0", "<1", True),
        ("4.1", ">4", True),
        ("0.23.3", "==0.23.2", False),
    ],
)
def test_pins(version: str, pin: str, good: bool) -> None:
    assert installed.satisfies(version, pin) == good


def test_requirements_are_read_from_the_checkout_and_a_missing_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = ["pytest>=8", "no-such-package==1"]\n[project.optional-dependencies]\nserve = ["vllm[audio]==0.33.0"]\n'
    )
    assert installed.requirements("serve", tmp_path) == ["vllm[audio]==0.33.0"]
    wanted = installed.requirements("", tmp_path)
    monkeypatch.setattr(installed, "requirements", lambda extra: wanted)
    told = installed.check_packages("packages", "", "make setup")
    assert (told.status, told.reason) == ("fail", "1 of 2 packages are not as pinned: no-such-package is missing")


def test_a_setting_that_reaches_nobody_or_cannot_be_read_is_named(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [check.status for check in doctor.check_settings({})] == ["ok"]
    told = list(doctor.check_settings({"NANODEX_EXTRAC__WORKERS": "2", "NANODEX_DATASET__SED": "1"}))
    assert [(check.name, check.status) for check in told] == [("settings", "warn"), ("settings: dataset", "fail")]
    assert "did you mean seed?" in told[1].reason
    monkeypatch.setenv("NANODEX_DATASET__SED", "1")
    assert doctor.run(QUIET).exit_code == 2


def test_an_endpoint_that_is_named_must_answer(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [check.status for check in doctor.check_endpoint()] == ["ok"]
    monkeypatch.setenv("NANODEX_QUERY__ENDPOINT", "http://127.0.0.1:9")
    (check,) = doctor.check_endpoint()
    assert (check.status, check.exit_code, bool(check.fix)) == ("fail", 5, True)


class OneNumber:
    """The smallest embedder: a text is its length."""

    space = "one number"

    def embed(self, texts: list[str]) -> Any:
        import numpy as np

        return np.array([[1.0, float(len(text))] for text in texts], dtype=np.float32)


def test_vectors_are_optional_and_must_be_of_the_index(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = Path("brain/graph.sqlite")
    extract.run(ExtractSettings(workers=1), QUIET, repo)
    build.run(BrainSettings(), QUIET)
    assert [check.status for check in doctor.check_vectors(graph)] == ["ok"]
    monkeypatch.setattr(embed, "open_embedder", lambda settings: OneNumber())
    embed.run(BrainSettings(), QUIET)
    assert [check.status for check in doctor.check_vectors(graph)] == ["ok"]
    (repo / "later.py").write_text('def later() -> None:\n    """Do it later."""\n')
    extract.run(ExtractSettings(workers=1), QUIET, repo)
    build.run(BrainSettings(), QUIET)
    assert [(check.status, check.fix) for check in doctor.check_vectors(graph)] == [("warn", "make brain-embed")]
