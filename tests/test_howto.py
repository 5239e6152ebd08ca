"""How something is done and how something works: the function named for the deed leads, an option is what may be left out, and one's
own class is written like those that are there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from asking import expert, index, write

from inference.answer import Expert
from inference.verbs import deed, titled

FILES = {
    "press/sheets.py": '''"""Sheets."""


class Sheet:
    """What is printed on."""

    def __init__(self):
        self.marks = []

    def set_mark(self, mark):
        """Put a mark on this sheet."""
        if mark in self.marks:
            raise ValueError("the mark is there already")
        self.marks.append(mark)

    def mark(self, number):
        """The mark with this number on a sheet.

        :param number: which of the marks of the sheet
        """
        return self.marks[number]


def load_sheet(file):
    """The sheet that a plate file holds, read line by line.

    :param file: the plate file that is read
    """
    return Sheet(file)


def get_plate_filter(file):
    """The filter for reading any plate file."""
    return file


def dump_sheet(sheet, file):
    """A sheet as lines of a file."""
    return sheet
''',
    "press/inks.py": '''"""Inks."""


class BaseInk:
    """What a press prints with."""

    def mix(self, parts):
        """The colour of these parts."""
        raise NotImplementedError

    def dry(self):
        return True


class Black(BaseInk):
    """Plain black."""

    def mix(self, parts):
        return "black"


class Gold(BaseInk):
    """Gold, which takes a base of yellow below it and two runs through the press."""

    def mix(self, parts):
        if not parts:
            return ""
        return "gold"


class Roller:
    """Turns, and carries ink to the plate.

    * **pressure** - how hard the roller is pushed down
    * **speed** - turns in a minute
    * **idle_time** - minutes without a turn until it stops
    * **pause_time** - minutes without a turn after a sheet
    * **idle_time** - minutes without a turn until it stops
    * **pause_time** - minutes without a turn after a sheet
    """

    def __init__(self, options):
        self.options = options

    def _clean_roller_turn(self, roller):
        """Cleans the roller in its turns."""
        return roller
''',
    "press/main.py": '''"""The press."""

from press.inks import BaseInk, Roller
from press.sheets import Sheet, load_sheet


def roll(file, ink=None):
    """Run once.

    :param ink: which value it prints with; a default of black when none is given
    """
    Roller({})._clean_roller_turn(file)
    return load_sheet(file)
''',
    "press/ribbon.py": '''"""Ribbons."""


class Typewriter:
    def wind_ribbon(self):
        return self

    def rest(self):
        return self


class SheetHolder:
    def fold_into_box(self, sheet):
        """Fold a sheet into a box."""
        return sheet


def polish_bell(bell):
    """Polish a bell."""
    if bell is None:
        raise ValueError("no bell")
    return bell


def ring(bell):
    """TODO: this is slow and could be made faster."""
    return bell
''',
    "tests/test_ribbon.py": (
        "from press.ribbon import Typewriter\n\n\ndef test_dry_spell():\n    typewriter = Typewriter()\n"
        "    typewriter.wind_ribbon()\n    assert typewriter.rest() is typewriter\n"
    ),
    "docs/folding.md": "# Folding to and from other forms\n\n"
    "Say how your form is made of a sheet.\n\n```python\nforms.append(sheet)\n```\n",
    "press/motor.js": """class Motor {
  /**
   * Create a motor.
   *
   * @param {Object} options
   * @param {Number} [options.surge=10] How many volts it takes at most
   */
  constructor(options) {
    this.options = options;
  }
}

module.exports = Motor;
""",
    "docs/upgrading.md": "# Upgrading\n\n## Margin renamed\n\nThe margin of a page was renamed to gutter in version 2.\n",
    "docs/pages.md": (
        "# Pages\n\n## Foils\n\nOf course, any sort will do.\n\n```python\nPress('vellum').print('parchment')\n```\n\n"
        "## Paper\n\nIt prints on vellum, parchment and rag paper.\n\n"
        + "Sheets lie flat until they are taken.\n\n" * 20
        + "## Gutter\n\nThe margin of a page is its gutter.\n"
    ),
}


@pytest.fixture(scope="module")
def press(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Expert]:
    folder = tmp_path_factory.mktemp("press")
    files = {name: text.replace("\\\n", "\n") for name, text in FILES.items()}
    with expert(index(write(files, folder / "press"), folder / "brain")) as opened:
        yield opened


@pytest.mark.parametrize(
    ("question", "lead"),
    [
        ("How do I add a mark to a sheet?", "Sheet.set_mark"),
        ("How do I parse a plate file?", "load_sheet"),
        ("how can i save a sheet to a file", "dump_sheet"),
    ],
)
def test_the_function_that_does_it_leads_whatever_code_calls_the_deed(press: Expert, question: str, lead: str) -> None:
    assert press.ask(question).text.startswith(f"{lead}, ")


def test_what_is_done_to_a_word_is_no_question_about_that_word(press: Expert) -> None:
    assert press.ask("how do I add an attribute to a sheet").why["intents"][0]["kind"] == "howto"
    assert press.ask("how do I find the callers of load_sheet").why["intents"][0]["kind"] == "callers"


def test_what_a_function_works_on_is_no_option_of_it(press: Expert) -> None:
    assert not press.ask("How do I read a plate file?").text.startswith("Pass file")
    assert not press.ask("How do I find a mark by its number on the sheet?").text.startswith("Pass number")


def test_options_listed_in_a_class_are_options(press: Expert) -> None:
    text = press.ask("How do I set the pressure of the roller?").text
    assert text.startswith("Pass pressure to Roller, in press/inks.py: how hard the roller is pushed down")


def test_options_that_fit_alike_are_all_told(press: Expert) -> None:
    text = press.ask("How do I set the minutes without a turn?").text
    assert "Pass idle_time to Roller" in text
    assert "Its pause_time may be meant as well: minutes without a turn after a sheet" in text


def test_options_of_an_object_that_is_passed_are_options(press: Expert) -> None:
    text = press.ask("How do I set the volts a motor takes at most?").text
    assert text.startswith("Pass surge to Motor.constructor, in press/motor.js: How many volts it takes at most")


@pytest.mark.parametrize(
    "question", ["How do I write a custom ink?", "how can I use my own ink", "how to implement an ink"]
)
def test_ones_own_class_is_written_like_those_that_are_there(press: Expert, question: str) -> None:
    answer = press.ask(question)
    assert answer.text.startswith("Extend BaseInk, a class in press/inks.py: What a press prints with")
    assert "2 classes here extend it: Black and Gold" in answer.text
    assert "What they write anew: mix" in answer.text
    assert "class Black(BaseInk):" in answer.text
    assert {c.verified for c in answer.citations} == {"blob"}


@pytest.mark.parametrize(
    "question",
    ["How do I write a custom roller?", "How do I mix an ink in my own colour?", "use a custom plate with an ink"],
)
def test_nothing_is_extended_that_nobody_extends_or_asks_to(press: Expert, question: str) -> None:
    assert "Extend" not in press.ask(question).text


def test_a_section_named_for_the_deed_counts_more() -> None:
    assert titled(0.5, "Folding to and from other forms", "fold", "how do I fold a map") > 0.5
    assert titled(0.5, "Other forms", "fold", "how do I fold a map") == titled(0.5, "Folding", "", "maps") == 0.5


def test_a_section_named_for_the_thing_counts_more_where_the_deed_is_done_to_anything() -> None:
    asked = "how do I set the priority of a task"
    assert titled(0.5, "Task priority", "set", asked) > 0.5
    assert titled(0.5, "Setting things up", "set", asked) == 0.5
    assert titled(0.5, ".getPriority()", "set", asked) < 0.5


def test_a_test_that_only_passes_by_is_no_recipe(press: Expert) -> None:
    assert "dries_slowly" not in press.ask("how do I start the ribbon of a typewriter").text
    assert "test “dry" not in press.ask("how do I wind the ribbon of the typewriter").text.split("\n")[0]


def test_how_a_thing_works_is_told_by_the_thing_not_by_an_inner_step(press: Expert) -> None:
    assert press.ask("How do rollers work?").text.startswith("Roller, a class")
    assert not press.ask("How does the roller turn?").text.startswith("Roller._clean")


def test_what_is_left_to_do_is_not_what_a_thing_is_for(press: Expert) -> None:
    assert "could be made faster" not in press.ask("what does ring do?").text


def test_a_document_leads_by_what_it_says_not_by_its_code(press: Expert) -> None:
    assert "“Paper”: It prints on vellum" in press.ask("Can it print on vellum and parchment?").text.split("\n")[0]


def test_what_was_renamed_long_ago_is_no_way_to_do_it(press: Expert) -> None:
    assert not press.ask("What is the way to set the margin of a page?").text.startswith("docs/upgrading.md")


@pytest.mark.parametrize(
    "question",
    [
        "what can go wrong when adding a mark to a sheet?",
        "which errors can happen when I add a mark to a sheet",
        "what exceptions may be raised while putting a mark on the sheet",
    ],
)
def test_what_may_go_wrong_in_doing_something_is_what_that_function_raises(press: Expert, question: str) -> None:
    text = press.ask(question).text
    assert text.startswith("Sheet.set_mark, a method of Sheet in press/sheets.py, does that")
    assert "Sheet.set_mark raises builtin.ValueError" in text or "raises ValueError" in text


def test_any_deed_may_go_wrong(press: Expert) -> None:
    assert press.ask("what can go wrong while polishing a bell").text.startswith(
        "polish_bell, a function in press/ribbon.py, does that"
    )


def test_any_verb_is_a_deed() -> None:
    assert deed("hey, how do I actually write a sheet") == "write"
    assert deed("what is the best way to receive it") == "receive"
    assert deed("can it emboss a sheet?") == "emboss"
    assert deed("how does it write") == ""
