"""Questions about a place, a sort of thing, a property nobody wrote down: what is said, and what is not made up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from asking import expert, index, write

from inference.answer import Expert
from inference.kinds import read

FILES = {
    "dock/crane.py": '''"""Cranes."""


class Hook:
    """What the load hangs on."""


class Crane:
    """Lifts crates.

    It stands on the quay.
    """

    def __init__(self, reach, crew=2):
        self.reach = reach

    def lift(self, crate):
        if crate is None:
            raise ValueError("nothing to lift")
        return crate


class Winch:
    def __init__(self, rope):
        self.rope = rope

    def pull(self):
        return self.rope


def set_reach(crane, reach):
    """Set how far a crane gets."""
    crane.reach = reach
''',
    "dock/chain.rs": """pub fn tighten(chain: &str) -> Result<usize, String> {
    chain.parse::<usize>().map_err(|_| chain.to_string())
}
""",
    "dock/boats.py": "class Boat:\n    pass\n\n\nclass Tug(Boat):\n    pass\n\n\nclass Ferry(Boat):\n    pass\n",
    "dock/api.ts": """export interface Hook {
  onLift(load: string): void;
}

export class LoggingHook implements Hook {
  onLift(load: string): void {}
}
""",
}


@pytest.fixture(scope="module")
def dock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Expert]:
    folder = tmp_path_factory.mktemp("dock")
    with expert(index(write(FILES, folder / "repo"), folder / "brain")) as opened:
        yield opened


@pytest.mark.parametrize(
    "question",
    [
        "What happens at line 20 of dock/crane.py?",
        "dock/crane.py:20",
        "what is crane.py:20 for",
        "explain lines 20 in `crane.py`",
    ],
)
def test_a_line_is_shown_with_the_symbol_it_stands_in(dock: Expert, question: str) -> None:
    answer = dock.ask(question)
    assert answer.text.startswith("Line 20 of dock/crane.py stands in Crane.lift [1].")
    assert 'raise ValueError("nothing to lift")' in answer.text
    assert (answer.citations[0].start_line, answer.citations[0].end_line) == (20, 20)
    assert answer.exit_code == 0


def test_a_line_beyond_the_end_is_no_line(dock: Expert) -> None:
    answer = dock.ask("what is at line 900 of dock/crane.py?")
    assert answer.text == "dock/crane.py has no line 900."
    assert answer.exit_code == 1


def test_the_word_beside_a_name_settles_which_of_its_homonyms_is_meant(dock: Expert) -> None:
    assert dock.ask("what implements the Hook interface?").text.startswith("Hook is implemented by LoggingHook")
    assert dock.ask("where is the class Hook defined?").text.startswith("Hook is a class, defined in dock/crane.py")


def test_a_property_nobody_wrote_down_is_not_answered(dock: Expert) -> None:
    answer = dock.ask("Is Crane thread safe?")
    assert answer.text.startswith("Nothing in Crane speaks of thread or safe")
    assert answer.exit_code == 1


def test_two_classes_without_a_word_are_told_apart_by_what_they_take(dock: Expert) -> None:
    answer = dock.ask("what is the difference between Winch and Crane?")
    assert "Winch takes rope" in answer.text
    assert "Crane takes reach and crew=2" in answer.text


def test_one_changes_a_thing_with_what_sets_it(dock: Expert) -> None:
    assert dock.ask("how do I change the reach of a crane?").text.startswith("set_reach, a function in dock/crane.py")


def test_what_happens_then_asks_nothing_more() -> None:
    kinds = [i.kind for i in read("Where is `Hook` caught and what happens then?").intents]
    assert kinds == ["handlers"]


def test_an_error_in_a_result_is_no_none(dock: Expert) -> None:
    answer = dock.ask("What errors does tighten return?")
    assert answer.text.startswith("tighten raises nothing, but returns Result<usize, String>, which may carry an error")
    assert answer.exit_code == 1


@pytest.mark.parametrize(
    "question",
    [
        "what is the class hierarchy of the boats?",
        "which boat types are supported?",
        "what kinds of boats can be added?",
    ],
)
def test_a_hierarchy_is_the_family_below_its_root(dock: Expert, question: str) -> None:
    answer = dock.ask(question)
    assert "all the others built on Boat" in answer.text.split("\n")[0]
    assert "- Tug in dock/boats.py" in answer.text
    assert "- Ferry in dock/boats.py" in answer.text
