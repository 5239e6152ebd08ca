"""README and docs say what is true: generated blocks are current, commands and files exist, links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from pydantic import BaseModel

from config.settings import STAGES

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_generated_blocks_are_current() -> None:
    done = subprocess.run([sys.executable, "scripts/readme.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_make_target_it_names_exists() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*)(?:[ a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    targets |= set(re.findall(r"^(train-lora) (train-qlora):", (ROOT / "Makefile").read_text(), re.MULTILINE)[0])
    named = {word for line in re.findall(r"^make ([a-z -]+)", README, re.MULTILINE) for word in line.split()}
    assert named
    assert named <= targets


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# Written by the stages or by the reader: named on the pages, and rightly absent from a checkout.
MADE = re.compile(r"(brain|dataset|models|reports)/|.*[…<*]")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_local_file_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (page.parent / name).exists(), name
    for name in re.findall(r"`([\w./-]+/[\w.-]+\.(?:py|md|yaml|txt|toml))", text):
        beside = [ROOT / name, *(ROOT / floor / name for floor in ("extractor", "brain", "dataset", "inference"))]
        assert MADE.match(name) or any(place.exists() for place in beside), name


def test_every_command_the_pages_name_exists() -> None:
    listed = re.findall(r"^  (\w+) {2,}\S", README[README.index("Commands:\n") :], re.MULTILINE)
    for page in PAGES:
        for name in re.findall(r"(?:`|^\$ |bin/)nanodex ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE):
            assert name in listed, f"{page.name}: nanodex {name}"


def test_the_readme_can_be_read_in_one_sitting_and_says_how_good_the_graph_is() -> None:
    assert README.count("\n") < 250
    assert "## How good is the graph" in README


def test_the_pictures_are_whole_and_load_nothing_from_elsewhere() -> None:
    pictures = sorted((ROOT / "docs").glob("*.svg"))
    assert [path.name for path in pictures] == ["evaluation.svg", "session.svg"]
    for path in pictures:
        assert ElementTree.parse(path).getroot().tag.endswith("svg")
        assert "url(http" not in path.read_text(encoding="utf-8").replace('"', "")


def test_every_setting_says_what_it_is() -> None:
    def unsaid(model: type[BaseModel], prefix: str) -> Iterator[str]:
        for name, field in model.model_fields.items():
            if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
                yield from unsaid(field.annotation, f"{prefix}{name}.")
            elif not field.description:
                yield prefix + name

    assert [key for stage, model in STAGES.items() for key in unsaid(model, f"{stage}.")] == []
