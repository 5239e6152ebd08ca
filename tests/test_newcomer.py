"""What newcomers ask, naming nothing: which things there are, how something is done, what goes wrong and why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from asking import expert, index, write

from extractor.schema import Node
from inference.answer import Expert
from inference.wording import documented_parameter, kind_of

FILES = {
    "kiln/errors.py": '''
class KilnError(Exception):
    """Base of what can go wrong."""


class TooHot(KilnError):
    """The kiln is hotter than its clay can bear."""


class DoorOpen(KilnError):
    """The door was not closed."""
''',
    "kiln/glaze.py": '''
"""Glazes."""


class Glaze:
    """What covers a pot."""


class SaltGlaze(Glaze):
    """Made with salt."""


class AshGlaze(Glaze):
    """Made with ash."""
''',
    "kiln/firing.py": '''
"""Firing pots."""

from kiln.errors import DoorOpen, TooHot

_COLD = "The oven has gone cold."
LIMIT = 1300


def fire(pot, heat=900, silent=False):
    """Fire one pot.

    :param pot: what to fire
    :param heat: degrees the oven is brought to
    :param silent: if True, no bell is rung
    """
    if heat > LIMIT:
        raise TooHot(f"heat {heat} is more than the clay can bear")
    return pot


def shut(door):
    if door.open:
        raise DoorOpen(_COLD)
    return door
''',
    "kiln/__init__.py": "from kiln.firing import fire, shut\n",
    "docs/decorating.md": (
        "# Decorating pots\n\nA pot is painted before it is glazed.\n\n```python\nfrom kiln.glaze import SaltGlaze\n\n"
        "cover = SaltGlaze()\ncover.paint('blue')\n```\n"
    ),
    "tests/test_firing.py": (
        "from kiln.firing import fire, shut\n\n\ndef test_fire_shut_oven():\n    shut('door')\n    assert fire('cup', heat=400) == 'cup'\n"
    ),
}


@pytest.fixture(scope="module")
def kiln(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Expert]:
    folder = tmp_path_factory.mktemp("kiln")
    with expert(index(write(FILES, folder / "kiln"), folder / "brain")) as opened:
        yield opened


@pytest.mark.parametrize(
    ("question", "lead", "listed", "not_listed"),
    [
        (
            "which exceptions does kiln define?",
            "There are 3 exceptions here, all the others built on KilnError",
            "TooHot",
            "Glaze",
        ),
        ("what glazes are there?", "There are 3 glazes here, all the others built on Glaze", "SaltGlaze", "TooHot"),
        ("which kinds of glaze are supported?", "There are 3 kinds of glaze here", "AshGlaze", "DoorOpen"),
    ],
)
def test_things_of_a_kind_are_counted_and_listed(
    kiln: Expert, question: str, lead: str, listed: str, not_listed: str
) -> None:
    answer = kiln.ask(question)
    assert answer.text.startswith(lead)
    assert f"- {listed} in " in answer.text
    assert not_listed not in answer.text
    assert answer.answered


def test_one_thing_is_no_family(kiln: Expert) -> None:
    assert "There are" not in kiln.ask("which ovens are there?").text


def test_a_failure_in_plain_words_is_led_by_its_error(kiln: Expert) -> None:
    answer = kiln.ask("what happens when the heat is more than the clay can bear?")
    assert answer.text.startswith("TooHot is raised by fire when heat > LIMIT")
    assert [c.path for c in answer.citations][:1] == ["kiln/firing.py"]


def test_the_words_of_a_message_are_found_where_the_program_has_them(kiln: Expert) -> None:
    answer = kiln.ask("why do I get the oven has gone cold?")
    assert answer.text.startswith("That is what _COLD, in kiln/firing.py, says: “")
    assert answer.citations[0].start_line == 6


def test_what_a_docstring_says_is_no_message(kiln: Expert) -> None:
    assert not kiln.ask("why do I get degrees the oven is brought to?").text.startswith("That is what")


def test_a_setting_is_a_documented_parameter(kiln: Expert) -> None:
    answer = kiln.ask("how do I set the heat?")
    assert answer.text.startswith("Pass heat to fire, in kiln/firing.py: degrees the oven is brought to")


def test_a_document_shows_its_code_as_it_is_written(kiln: Expert) -> None:
    answer = kiln.ask("how do I go about decorating pots?")
    assert "```\nfrom kiln.glaze import SaltGlaze\n\ncover = SaltGlaze()\ncover.paint('blue')\n```" in answer.text


def test_a_public_function_is_shown_in_use(kiln: Expert) -> None:
    answer = kiln.ask("how do I fire one pot?")
    assert "```\nassert fire('cup', heat=400) == 'cup'\n```" in answer.text
    assert {c.verified for c in answer.citations} == {"blob"}


@pytest.mark.parametrize(
    "doc",
    [
        "Fire.\n\n:param heat: How hot it gets,\n    in degrees.\n:param door: Open or not.",
        "Fire.\n\nArgs:\n    heat (int): How hot it gets,\n        in degrees.\n    door: Open or not.",
        "Fire.\n\nheat : int\n    How hot it gets,\n    in degrees.",
        "Fire.\n\n**Parameters:**\n\n* **door** - Or not.\n* **heat** - *(optional)* How hot it gets,\nin degrees.\n* **wood** - Which.",
        "Fire.\n\n- `heat` (int): How hot it gets,\n  in degrees.\n- `door`: Open or not.",
        "Fire.\n\n@param {Object} options What to do\n@param {Number} [options.heat=900] How hot it gets,\nin degrees\n"
        "@param {Boolean} [options.door] Or not",
    ],
)
def test_a_parameter_is_documented_in_six_forms(doc: str) -> None:
    node = Node("py:kiln.py#fire", "function", "fire", "kiln.py", "python", {"doc": doc})
    assert documented_parameter(node, "heat") == "How hot it gets, in degrees"


@pytest.mark.parametrize(
    "question", ["What are the error types?", "What can go wrong?", "List the exceptions of this project"]
)
def test_all_errors_are_told_with_those_of_others_making(kiln: Expert, question: str) -> None:
    text = kiln.ask(question).text
    assert "TooHot" in text
    assert "DoorOpen" in text
    assert "built on KilnError" in text


@pytest.mark.parametrize(
    ("node_id", "flags", "said"),
    [
        ("cpp:a.cc#kiln.fire", [], "a function of kiln"),
        ("py:a.py#Kiln.fire.later", ["nested"], "a function nested in Kiln.fire"),
        ("js:a.js#fire", ["async"], "an async function"),
    ],
)
def test_what_a_function_stands_in(node_id: str, flags: list[str], said: str) -> None:
    assert kind_of(Node(node_id, "function", "fire", "a", "", {"flags": flags})) == said


def test_an_error_made_by_a_function_is_an_error(tmp_path: Path) -> None:
    files = {
        "errors.js": "// Says that the door stays shut.\nfunction Refused(text) { this.text = text; }\n"
        "Refused.prototype = Object.create(Error.prototype);\nmodule.exports = Refused;\n",
        "door.js": "const Refused = require('./errors');\nfunction open(key) {\n  if (!key) throw new Refused('no key');\n}\n"
        "module.exports = open;\n",
    }
    with expert(index(write(files, tmp_path / "door"), tmp_path / "brain")) as opened:
        assert "Refused is raised by open when !key" in opened.ask("When is `Refused` raised?").text
        assert "Refused" in opened.ask("Which errors can it raise?").text


def test_what_is_called_by_the_verb_of_the_question_leads(tmp_path: Path) -> None:
    files = {
        "web/api.py": 'def stream(method, url):\n    """Fetches a page while the body of the response still arrives."""\n'
        "    return _open(method, url)\n\n\n"
        "def _open(method, url):\n    return method + url\n",
        "web/detached.py": "class DetachedStream:\n"
        '    """A response that was pickled: how to stream it again is not known, and any stream of a response says so."""\n\n'
        "    def read(self):\n        return b''\n",
    }
    with expert(index(write(files, tmp_path / "web"), tmp_path / "brain")) as opened:
        assert opened.ask("How do I stream a response?").text.startswith("stream, a function in web/api.py")


def test_overloads_that_take_a_parameter_too_are_told_once(tmp_path: Path) -> None:
    method = (
        "    /** Reads a letter.\n     * @param charset the charset the letter is written in\n     */\n"
        "    public static int read({} letter, String charset) {{ return 1; }}\n"
    )
    body = "".join(method.format(kind) for kind in ("String", "int", "byte[]"))
    files = {
        "post/Letters.java": f"package post;\npublic class Letters {{\n{body}}}\n",
        "post/Parcels.java": "package post;\npublic class Parcels {\n"
        + method.replace("Reads a letter", "Opens").format("String").replace("int read", "int open")
        + "}\n",
    }
    with expert(index(write(files, tmp_path / "post"), tmp_path / "brain")) as opened:
        text = opened.ask("How do I set the charset?").text
        assert text.startswith("Pass charset to Letters.read")
        assert "Parcels.open takes it too" in text
        assert text.partition("\n")[0].count("Letters.read") == 1
