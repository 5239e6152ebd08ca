"""What a relation looks like in words: a small program, and the sentence that each question about it must get."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from asking import expert, index, write

from inference.answer import Expert

TOOLS = '''"""Tools."""
import json


class Base:
    def run(self) -> int:
        return self.size()

    def size(self) -> int:
        return 0


class Middle(Base):
    def run(self) -> int:
        return 1


class Low(Middle):
    pass


def make() -> Base:
    return Low()


def dump(thing):
    return json.dumps(thing)


def outer(items):
    def inner(item):
        return dump(item)

    return [inner(item) for item in items]


def fire(event):
    for step in STEPS:
        step(event)


def twice(thing):
    dump(thing)
    make()
    return dump(thing)


def one(event): ...
def two(event): ...
def three(event): ...
def four(event): ...
def five(event): ...


STEPS = [one, two, three, four, five]
'''
USERS = "".join(f"def user_{number}(thing):\n    dump(thing)\n    return dump(thing)\n\n\n" for number in range(60))
FILES = {
    "tools.py": TOOLS,
    "users.py": f"from tools import dump\n\n\n{USERS}",
    "spare.py": "def spare():\n    return 1\n",
    "tests/test_spare.py": "from spare import spare\n\n\ndef test_spare():\n    assert spare() == 1\n",
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Expert]:
    folder = tmp_path_factory.mktemp("frames")
    with expert(index(write(FILES, folder / "repo"), folder / "brain")) as opened:
        yield opened


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("Who calls dump?", "dump is called by 62 callers (123 call sites):"),
        ("Who calls dump?", "- twice in tools.py [2][3]"),
        ("Who calls dump?", "22 more are not shown."),
        ("Who calls spare?", "spare is called only by 1 test: test_spare"),
        ("What does dump call?", "dump calls nothing else of the repository; outside it calls json.dumps"),
        ("What does twice call?", "twice calls dump and make"),  # in the order in which it calls them first
        ("What does outer call?", "Its inner function inner calls dump"),
        (
            "What does fire call?",
            "fire also calls a value it is handed, at line 39, which may be any of 5 known functions",
        ),
        ("What are the subclasses of Base?", "Base is extended by Middle"),
        ("What are the subclasses of Base?", "Further below stand Low"),
        ("What does Low extend?", "Above that stand Base"),
        ("What does Middle.run override?", "Middle.run overrides Base.run"),
        ("What overrides Base.run?", "Base.run is overridden by Middle.run"),
        ("What breaks if I change Base.run?", "None found: Base.run is not called"),
        ("What would break if I change Base.run?", "Base.run is overridden by Middle.run"),
        ("What breaks if we rename Low?", "Low is instantiated or called by 1 caller: make"),
        ("What depends on Base?", "Base is extended by Middle"),
        ("Which functions return Base?", "Base is the declared return type of 1 function:"),
        ("What imports spare.py?", "is imported only by 1 test file: "),
        ("What does tools.py import?", "From outside it imports json"),
        ("What does json import?", "json is a package outside this repository. It is used here by tools"),
        ("What does json.dumps call?", "json.dumps belongs to json, outside this repository. It is used here by dump"),
        ("What does json.dumps return?", "json.dumps belongs to json, outside this repository."),
        ("Does json import tools.py?", "No sign that json imports tools"),
        ("Does json.dumps call dump?", "No sign that json.dumps calls dump"),
        ("Which tests exercise spare?", "spare is exercised by test_spare"),
    ],
)
def test_what_stands_in_an_answer(asked: Expert, question: str, sentence: str) -> None:
    assert sentence in asked.ask(question).text
