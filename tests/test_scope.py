"""Questions about a place: "in <folder, module or file>" chooses among homonyms and never becomes what is asked about."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from asking import expert, index, write

from inference.answer import Expert
from inference.reading import Ask
from inference.scope import scope_of

FILES = {
    "train/__init__.py": "",
    "train/loop.py": '''
"""The training loop."""


class Stopped(Exception):
    """Training was stopped by hand."""


def run(steps):
    """Train for some steps."""
    if steps < 0:
        raise Stopped("steps must not be negative")
    return steps


def again(steps):
    return run(steps)
''',
    "serve/__init__.py": "",
    "serve/app.py": '''
"""The server."""

from train.loop import Stopped


def run(port):
    """Serve requests on a port."""
    if port < 1:
        raise ValueError("no such port")
    return port


def launch(port):
    return run(port)


def guarded(port):
    try:
        return launch(port)
    except Stopped:
        return None
''',
    "serve/halt.py": '''
from train.loop import Stopped


def halt(reason):
    """Stop at once."""
    if reason:
        raise Stopped(reason)
''',
}
PATHS = tuple(FILES)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Expert]:
    folder = tmp_path_factory.mktemp("two")
    with expert(index(write(FILES, folder / "two"), folder / "brain")) as opened:
        yield opened


@pytest.mark.parametrize(
    ("question", "raised", "other"),
    [
        ("Which errors can run raise in train?", "Stopped", "ValueError"),
        ("Which errors can run raise in serve?", "ValueError", "Stopped"),
        ("which errors can `run` raise in serve/app.py?", "ValueError", "Stopped"),
        ("Which errors can run raise in the module train.loop?", "Stopped", "ValueError"),
    ],
)
def test_a_place_chooses_among_homonyms(two: Expert, question: str, raised: str, other: str) -> None:
    answer = two.ask(question)
    assert answer.answered
    assert raised in answer.text
    assert other not in answer.text
    assert not answer.text.startswith("No")


def test_callers_of_the_one_that_stands_there(two: Expert) -> None:
    assert "again" in two.ask("who calls run in train?").text
    assert "launch" in two.ask("who calls run in serve/app.py?").text


def test_where_is_it_in_a_folder(two: Expert) -> None:
    answer = two.ask("where is run in serve?")
    assert "defined in serve/app.py" in answer.text
    assert "train/loop.py" not in answer.text


def test_a_place_filters_what_stands_elsewhere(two: Expert) -> None:
    answer = two.ask("which functions raise Stopped in serve?")
    assert "In serve, 1 place raises Stopped: halt" in answer.text
    assert {c.path for c in answer.citations} == {"serve/halt.py"}


def test_nothing_found_there_is_said_with_what_stands_elsewhere(two: Expert) -> None:
    answer = two.ask("who calls again in serve?")
    assert "Nothing in serve was found that calls again" in answer.text


def test_a_name_not_defined_there_is_answered_for_where_it_is(two: Expert) -> None:
    answer = two.ask("What does halt raise in train?")
    assert "No halt was found in train; this is about halt in serve/halt.py" in answer.text
    assert "Stopped" in answer.text


def test_what_is_no_place_stays_in_the_question() -> None:
    def symbol(name: str) -> bool:
        return name == "train"

    assert scope_of("how are steps counted in the end", PATHS, symbol) is None
    found = scope_of("who calls run in train?", PATHS, symbol)
    assert found is not None
    assert found.rest == "who calls run?"
    assert found.paths == {"train/__init__.py", "train/loop.py"}
    assert scope_of("who calls run in app?", PATHS, lambda name: name == "app") is None


MIXED = {
    "a/box.py": "class Box:\n    def pack(self):\n        self.seal()\n\n    def seal(self):\n        return 1\n",
    "b/box.h": "class Box { public: void pack() { seal(); } void seal() { } };\n",
    "c/Box.java": "class Box { void pack() { seal(); } void seal() { } void ship() { pack(); } }\n",
}


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Expert]:
    folder = tmp_path_factory.mktemp("mixed")
    with expert(index(write(MIXED, folder / "code"), folder / "brain")) as opened:
        yield opened


@pytest.mark.parametrize(
    ("question", "how", "path"),
    [
        ("Where is Box defined?", Ask(lang="java"), "c/Box.java"),
        ("Where is Box defined?", Ask(lang="cpp"), "b/box.h"),
        ("Where is Box defined?", Ask(path_glob="a/*"), "a/box.py"),
        ("Where is Box::pack defined?", Ask(), "b/box.h"),
        ("Who calls seal?", Ask(lang="java"), "c/Box.java"),
        ("How does ship reach seal?", Ask(), "c/Box.java"),
        ("How does Box::pack reach seal?", Ask(), "b/box.h"),
    ],
)
def test_what_narrows_a_question_chooses_among_the_languages_of_a_name(
    mixed: Expert, question: str, how: Ask, path: str
) -> None:
    answer = mixed.ask(question, how)
    assert {citation.path for citation in answer.citations} == {path}
