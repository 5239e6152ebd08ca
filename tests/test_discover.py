"""Questions in plain words: what leads an answer is about the whole of the question, and thin evidence is said to be thin."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from asking import expert, index

from brain.text import stem
from inference.answer import Expert
from inference.passages import passage

FILES = {
    "stamps.py": '''
"""Stamps and how they are kept."""

from dataclasses import dataclass


@dataclass
class Stamp:
    country: str
    verified: bool = False
    language: str = ""


class Inspector:
    """Verifies stamps against the catalogue."""

    def inspect(self, stamp):
        """The stamp when the catalogue holds it, else None."""
        return stamp if stamp.country else None


def skip(stamp, reason=""):
    return None if reason else stamp
''',
    "albums.py": '''
"""Albums of stamps."""

RETRIES = 3


def open_album(path):
    """Open an album for reading, and wait while another program holds its lock."""
    return path


def lock_of(path):
    return path + ".lock"
''',
    "CHANGELOG.md": "# Changes\n\n## 1.0\n\nAlbums wait while another program holds the lock. Stamps are verified.\n",
}


@pytest.fixture(scope="module")
def stamps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Expert]:
    folder = tmp_path_factory.mktemp("stamps")
    (folder / "stamps").mkdir()
    for name, text in FILES.items():
        (folder / "stamps" / name).write_text(text)
    with expert(index(folder / "stamps", folder / "brain")) as opened:
        yield opened


def test_a_field_that_shares_a_word_does_not_lead(stamps: Expert) -> None:
    answer = stamps.ask("How are stamps verified?")
    assert answer.text.startswith("Inspector")


def test_what_the_whole_question_matches_leads(stamps: Expert) -> None:
    answer = stamps.ask("what happens while another program holds the lock of an album?")
    assert answer.text.startswith("open_album")


def test_one_telling_word_is_thin_evidence_for_how_to(stamps: Expert) -> None:
    answer = stamps.ask("How do I add a new language?")
    assert answer.confidence < 0.5
    assert not answer.text.startswith("Stamp")


def test_forms_of_a_word_are_one_word() -> None:
    for words in (("verified", "verifier", "verify"), ("completion", "complete"), ("fresh", "freshness")):
        assert len({stem(word) for word in words}) == 1


def test_what_happens_asks_for_no_parameters(stamps: Expert) -> None:
    answer = stamps.ask("what happens when a lock is held while opening?")
    assert "takes" not in answer.text.split(".")[0]
    assert answer.why["intents"][0]["kind"] == "search"


def test_a_version_nobody_writes_of_is_no_evidence(stamps: Expert) -> None:
    answer = stamps.ask("is there support for stamps with HTTP/2?")
    assert "HTTP/2" in answer.text
    assert not answer.answered


def test_a_complaint_about_nothing_is_unclear(stamps: Expert) -> None:
    assert stamps.ask("fix the bug").why["intents"][0]["kind"] == "unclear"


def test_names_written_beside_each_other_are_compared(stamps: Expert) -> None:
    for question in ("Inspector vs Stamp", "open_album vs lock_of", "Inspector.inspect vs open_album"):
        assert stamps.ask(question).why["intents"][0]["kind"] == "compare"


def test_a_class_handles_what_its_methods_handle(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "reader.py").write_text(
        "class Reader:\n"
        "    def read(self, path):\n"
        "        try:\n"
        "            return open(path)\n"
        "        except OSError:\n"
        "            return None\n"
        "\n"
        "    def handle(self, colours):\n"
        '        """Paint with colours."""\n'
        "        return colours\n"
    )
    with expert(index(tmp_path / "one", tmp_path / "brain")) as reader:
        assert "Reader.read catches OSError" in reader.ask("does Reader handle errors?").text
        assert "no handler" not in reader.ask("does Reader handle colours?").text


def test_a_mechanism_nobody_has_is_searched_for_not_looked_up_as_a_name(stamps: Expert) -> None:
    answer = stamps.ask("how does flux capacitor charging work?")
    assert not answer.answered
    assert "no good evidence" in answer.text


def test_a_list_that_answers_is_read_as_its_items() -> None:
    text = "Fields\n------\n\n- ``RAISE``: raise for unknown\n  fields\n- ``EXCLUDE``: drop unknown fields\n\n1. Load it.\n2. Dump it.\n"
    assert (
        passage(text, "what happens to unknown fields")
        == "RAISE: raise for unknown fields; EXCLUDE: drop unknown fields."
    )
    assert passage("- Load it first.\n- Dump it then.", "load and dump") == "Load it first. Dump it then."
    assert passage("Takes 2\n- or 3 - of them all.", "takes them") == "Takes 2 - or 3 - of them all."
