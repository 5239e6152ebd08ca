"""Questions as users of other people's programs put them: about what lies outside, and with proper names in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from asking import expert, index, write

from inference.answer import Expert

HEADER = "# This file is part of Tuner - a server for WaveBox.\n\n"
FILES = {
    "README.md": "# tuner\n\nThe tuner finds stations for a WaveBox.\n",
    "tuner/__init__.py": HEADER,
    "tuner/fetch.py": HEADER
    + 'import requests\n\n\ndef fetch(url):\n    """Get a page."""\n    return requests.get(url)\n',
    "tuner/push.py": HEADER
    + "import requests\n\nfrom tuner import fetch\n\n\ndef main():\n    return fetch.fetch(requests)\n",
    "tuner/token.py": HEADER
    + "from tuner.fetch import fetch\n\n\ndef station_token(name):\n"
    + '    """Compute the token of a station."""\n    return fetch(name)\n\n\ndef main():\n    return fetch("")\n',
    "tuner/parts.py": "class Dial:\n    pass\n\n\nclass Knob:\n    pass\n",
    "tuner/web/parts.py": "class Dial:\n    pass\n",
    "web/wheel.js": "function Wheel() {}\nWheel.prototype.spin = function (by) { return by; };\nmodule.exports = Wheel;\n",
    # A constant that bears the name of the project.
    "tuner/keys.py": "TUNER = 1\nLIMIT = 3\n\n\ndef over(n):\n    return n > LIMIT\n",
    "tuner/box.py": "class Box:\n    depth = 0\n\n    def __init__(self, other):\n        self.lid: int = 1\n"
    "        self.depth = other.width\n\n"
    "    def shut(self):\n        return self.lid + self.depth\n\n\nclass Crate(Box):\n    pass\n",
}


@pytest.fixture(scope="module")
def tuner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Expert]:
    folder = tmp_path_factory.mktemp("tuner")
    with expert(index(write(FILES, folder / "tuner"), folder / "brain")) as opened:
        yield opened


@pytest.mark.parametrize("question", ["What uses requests?", "Which modules use requests?"])
def test_a_package_from_outside_is_used_by_who_imports_it(tuner: Expert, question: str) -> None:
    answer = tuner.ask(question)
    assert answer.text.startswith("requests is imported by tuner/fetch.py and tuner/push.py [1][2].")
    assert answer.exit_code == 0


def test_a_module_is_used_by_who_imports_it(tuner: Expert) -> None:
    assert tuner.ask("What uses tuner/fetch.py?").text.startswith(
        "tuner/fetch.py is imported by tuner/push.py and tuner/token.py [1][2]."
    )


def test_a_proper_name_in_a_question_about_something_else_is_one_word_of_it(tuner: Expert) -> None:
    answer = tuner.ask("Where is the WaveBox station token computed?")
    assert answer.text.startswith("station_token, a function in tuner/token.py: Compute the token of a station [1].")
    assert tuner.ask("What is WaveBox?").text.startswith("WaveBox is no symbol of this repository, but the word stands")


@pytest.mark.parametrize("question", ["What does Tuner do?", "What does TuNer do?"])
def test_a_question_about_the_project_is_not_one_about_a_name_it_shares(tuner: Expert, question: str) -> None:
    assert tuner.ask(question).text.startswith("The tuner finds stations for a WaveBox [1].")


def test_callers_of_one_name_are_counted_not_repeated(tuner: Expert) -> None:
    said = "fetch is called by 3 callers: main (2 of that name) and station_token [1][2][3]."
    assert tuner.ask("Who calls fetch?").text.startswith(said)


def test_a_comparison_says_which_of_several_things_of_a_name_it_compares(tuner: Expert) -> None:
    text = tuner.ask("What is the difference between Dial and Knob?").text
    assert "This is about Dial in tuner/parts.py; the same name also means Dial (tuner/web/parts.py)." in text
    assert "This is about Knob" not in text


def test_a_module_calls_what_its_functions_call(tuner: Expert) -> None:
    assert tuner.ask("What does tuner/token.py call?").text.startswith("tuner/token.py calls fetch [1].")


def test_a_method_may_be_called_as_it_is_put_on_its_prototype(tuner: Expert) -> None:
    assert tuner.ask("Where is Wheel.prototype.spin defined?").text.startswith(
        "Wheel.spin is a method of Wheel, defined in web/wheel.js"
    )


def test_a_licence_above_a_file_is_not_what_the_project_is(tmp_path: Path) -> None:
    licence = "/*\n * Copyright (C) Somebody. All rights reserved.\n */\npackage a;\nclass A { void go() {} }\n"
    with expert(index(write({"a/A.java": licence}, tmp_path / "plain"), tmp_path / "brain")) as opened:
        assert opened.ask("What does plain do?").text.startswith("plain holds 1 module, 1 class and 1 method")


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Who uses LIMIT?", "LIMIT is read by over [1]."),
        (
            "What uses Box.depth?",
            "No function is known to read or set Box.depth [1].",
        ),  # never: it is not called anywhere
    ],
)
def test_a_variable_is_used_by_who_reads_and_sets_it(tuner: Expert, question: str, said: str) -> None:
    assert tuner.ask(question).text.startswith(said)


@pytest.mark.parametrize("question", ["What is Box.lid?", "Where is Crate.lid set?", "Who uses Box.lid?"])
def test_an_attribute_that_no_class_declares_is_told_by_who_sets_it(tuner: Expert, question: str) -> None:
    answer = tuner.ask(question)
    assert answer.text.startswith("lid is an attribute that Box does not declare: it is set in Box.__init__ [1].")
    assert "“self.lid: int = 1”" in answer.text
    assert "Box reads it in Box.shut" in answer.text
    assert answer.citations[0].start_line == 5


def test_what_another_object_holds_is_no_attribute_of_the_class(tuner: Expert) -> None:
    assert tuner.ask("What is Box.width?").text.startswith("There is no Box.width: Box has no member width")
