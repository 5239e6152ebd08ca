"""Messages that are pasted or quoted: found where the program says them, however short, and whatever was filled in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from asking import expert, index, write

from inference.answer import Expert
from inference.symptoms import _quotes

FILES = {
    "lock/door.py": '''"""Doors."""


class DoorError(Exception):
    """A door that does not do as told."""


class KeyLost(DoorError):
    """The key of a door is gone."""


def open_door(door, key, rooms):
    """Open a door."""
    if door.warped:
        raise DoorError("the wood is wet, wait for summer")
    if key is None:
        raise KeyLost("no key for a door of these rooms")
    if door.barred:
        raise DoorError("a bar lies across the inside of it")
    return rooms


class HingeBroken(DoorError):
    """The hinge of a door is broken."""


class DoorStuck(DoorError):
    """The panel swells: {}"""


class PanelSwells(DoorError):
    """Swollen."""


def push(door):
    log("door.hinge(this)")
    if door.wide:
        raise PanelSwells(door)
    raise DoorStuck(door)


HINGE = "the hinge is broken"


def swing(door):
    if not door.hinge:
        raise HingeBroken(HINGE)
    return door


TEXTS = {"shut": "Stays shut for good."}
''',
    "lock/bell.js": """// Bells.
function ring(bell, done) {
  // Wrong bell, somebody says.
  if (!bell.clapper) {
    return done(fail('Wrong bell'));
  }
  return done(fail('Wrong bell rope at the tower'));
}

function fail(text) { return { text: text }; }

module.exports = ring;
""",
    "lock/gate.go": """package lock

import "fmt"

// GateError says that a gate is not to be found.
type GateError struct{ name string }

func (e GateError) Error() string {
	return fmt.Sprintf("Gate %q Not There in %q", e.name, e.name)
}

// Find gives the gate of a name.
func Find(name string) (string, error) {
	if name == "" {
		return "", GateError{name}
	}
	return name, nil
}
""",
    "lock/latch.cc": """#include <string>

bool Close(const std::string& name, std::string* err) {
  if (name.empty()) {
    *err = "several latches hold " + name;
    return false;
  }
  return true;
}

bool CloseAll(std::string* err) {
  *err = "several latches hold " + std::string("it");
  return false;
}
""",
}


@pytest.fixture(scope="module")
def lock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Expert]:
    folder = tmp_path_factory.mktemp("lock")
    with expert(index(write(FILES, folder / "lock"), folder / "brain")) as opened:
        yield opened


@pytest.mark.parametrize("text", ["a bar lies across the inside of it", "A bar lies across the inside of it!"])
def test_a_message_alone_is_a_question_why(lock: Expert, text: str) -> None:
    assert lock.ask(text).text.startswith("DoorError is raised by open_door when door.barred")


@pytest.mark.parametrize(
    "text", ["no key for a door of these rooms", "why do I get 'no key for a door of these rooms'?"]
)
def test_a_message_with_words_that_ask_for_something_is_no_question_about_them(lock: Expert, text: str) -> None:
    assert lock.ask(text).text.startswith("KeyLost is raised by open_door when key is None")


def test_a_short_message_in_quotes_is_found_whole_before_a_longer_one(lock: Expert) -> None:
    answer = lock.ask('why do i get "Wrong bell"')
    assert answer.text.startswith("That is what ring, in lock/bell.js, says: “return done(fail('Wrong bell'))” [1]")
    assert "if (!bell.clapper) {" in answer.text
    assert answer.citations[0].start_line == 5


def test_what_is_put_before_every_message_is_no_part_of_it(lock: Expert) -> None:
    text = lock.ask('why do I see "lock trouble: a bar lies across"?').text
    assert text.startswith("DoorError is raised by open_door when door.barred")


@pytest.mark.parametrize(
    "text",
    ['Why do I get "Gate \\"east\\" Not There in \\"[a b]\\""?', "where does `Gate %q Not There in %q` come from?"],
)
def test_what_was_filled_in_is_no_part_of_a_message(lock: Expert, text: str) -> None:
    answer = lock.ask(text)
    assert answer.text.startswith("That is what GateError.Error, in lock/gate.go, says:")
    assert 'GateError is raised by Find when name == ""' in answer.text


def test_a_quoted_message_is_found_in_one_way_whatever_is_quoted_in_it(lock: Expert) -> None:
    said = "KeyLost is raised by open_door when key is None"
    assert lock.ask("why \"no key for a door of these 'attic' rooms\"?").text.startswith(said)
    barred = "DoorError is raised by open_door when door.barred"
    assert lock.ask('where is "a bar lies across the inside of cell nine" raised').text.startswith(barred)


def test_an_error_that_is_returned_is_told_by_who_returns_it(lock: Expert) -> None:
    assert 'Find when name == ""' in lock.ask("When is GateError returned?").text


def test_the_place_whose_words_fit_is_told_first(lock: Expert) -> None:
    text = lock.ask("what happens when a door is barred from the inside?").text
    assert text.startswith("DoorError is raised by open_door when door.barred")


def test_an_error_line_is_told_by_its_message_before_all_that_raise_the_class(lock: Expert) -> None:
    text = lock.ask("lock.door.DoorError: {'door': ['Stays shut for good.']}").text
    assert text.startswith("The words of the message stand in TEXTS, line ")
    assert "DoorError is raised in" not in text


def test_a_message_kept_as_a_constant_is_given_with_the_error_that_has_its_words(lock: Expert) -> None:
    text = lock.ask('why do I get "the hinge is broken"?').text
    assert text.startswith("That is what HINGE, in lock/door.py, says:")
    assert (
        "HingeBroken is raised by swing when not door.hinge" in text
        or "HingeBroken is raised by swing when door.hinge" in text
    )


def test_what_only_a_comment_says_the_program_does_not(lock: Expert) -> None:
    assert "says: “" not in lock.ask('why do I see "somebody says"').text


def test_a_word_that_is_no_symbol_leads_to_what_is_called_like_it(tmp_path: Path) -> None:
    files = {"vault.py": 'class SlowQuickToken:\n    """Tokens."""\n\n    kind = "fresh QuickToken"\n'}
    with expert(index(write(files, tmp_path / "vault"), tmp_path / "brain")) as opened:
        text = opened.ask("Does it support QuickToken?").text
    assert "the word stands in:" in text
    assert "Called like it: SlowQuickToken." in text


def test_a_quote_inside_a_quoted_message_is_something_filled_in() -> None:
    assert _quotes('why do I get "no \\"oak\\" door here"?') == [[["no"], ["door", "here"]]]


@pytest.mark.parametrize("text", ["several latches hold", "several latches hold the south door"])
def test_a_message_is_found_by_how_it_begins_in_every_place_that_says_it(lock: Expert, text: str) -> None:
    answer = lock.ask(f'Why do I get "{text}"?')
    assert answer.text.startswith("That is what Close, in lock/latch.cc, says: “*err = ")
    assert "The same is said in CloseAll" in answer.text
    assert answer.citations[0].start_line == 5


def test_a_message_that_no_code_says_is_not_explained_by_an_error_that_shares_a_word_with_it(lock: Expert) -> None:
    answer = lock.ask('Why does it fail with "the hinge could not be measured"?')
    assert answer.text.startswith("No code of this index says “the hinge could not be measured”")
    assert "HingeBroken is raised by" not in answer.text
    assert answer.exit_code == 1


def test_a_message_that_is_the_documentation_of_its_class_is_that_error(lock: Expert) -> None:
    assert lock.ask('Why do I get "The panel swells"?').text.startswith("DoorStuck is raised by push")


def test_a_name_before_the_colon_of_a_message_is_not_looked_for_as_words(lock: Expert) -> None:
    assert "PanelSwells" not in lock.ask('Why do I get "door.hinge: too many of them"?').text
