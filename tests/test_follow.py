"""Conversations: what "it" means, what a few words after a question ask, and what is not guessed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from asking import expert, index, write

from inference.answer import Answer, Expert
from inference.follow import asked_of_it, in_full
from inference.reading import Ask
from inference.sessions import Sessions

FILES = {
    "docs/kiln.md": "# Kiln\n\n## Firing pots\n\nA pot is fired with `fire_pot`, which heats the kiln first.\n\n"
    "```python\nfire_pot(pot, heat=900)\n```\n\n## Cleaning day\n\nOn Mondays somebody sweeps the yard.\n",
    "kiln/pots.py": '''"""Pots."""


class Crack(Exception):
    """A pot broke."""


class Glaze:
    """What a pot is covered with.

    Glazes were made thin so that small pots dry before the kiln is hot.
    """

    def mix(self, parts):
        """The colour of these parts."""
        raise NotImplementedError


class Blue(Glaze):
    """Blue."""

    def mix(self, parts):
        return "blue"


def fire_pot(pot, heat=800, slowly=False):
    """Fire a pot in the kiln.

    :param heat: how hot the kiln gets while a pot is fired
    :param slowly: whether the kiln takes a night to get hot
    """
    if pot is None:
        raise Crack("no pot")
    return pot


def paint_pot(pot, brush):
    """Paint a pot with a brush."""
    return pot


def paint_tile(tile):
    """Paint a tile."""
    return tile
''',
    "kiln/shop.py": '''"""The shop."""

from kiln.pots import fire_pot, paint_pot


def sell(pot):
    return paint_pot(fire_pot(pot, slowly=True), "broad")


def give(pot):
    return fire_pot(pot)
''',
}


@pytest.fixture(scope="module")
def kiln(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Expert]:
    folder = tmp_path_factory.mktemp("kiln")
    with expert(index(write(FILES, folder / "kiln"), folder / "brain")) as opened:
        yield opened


def talk(kiln: Expert, folder: Path, *questions: str) -> Answer:
    """The answer to the last of `questions`, asked one after the other."""
    memory = Sessions.open(folder / "sessions.sqlite")
    for number, question in enumerate(questions):
        answer = kiln.ask(question, memory.carry(kiln.key, Ask()) if number else Ask())
        memory.remember(kiln.key, answer, goes_on=number > 0)
    return answer


@pytest.mark.parametrize(
    ("questions", "begins"),
    [
        (("What does fire_pot do?", "show me an example"), "(About fire_pot.) A call of it, in kiln/shop.py"),
        (
            ("What does fire_pot do?", "and what can go wrong?"),
            "(About fire_pot.) fire_pot raises Crack when pot is None",
        ),
        (("What is Glaze?", "why?"), "(About Glaze.) The index holds what Glaze does, not why. Its documentation says"),
        (("What is Glaze?", "how do I write my own?"), "(Read as: how do I write my own Glaze.) Extend Glaze"),
        (("Who calls fire_pot?", "and paint_pot?"), "paint_pot is called by 1 caller: sell"),
        (("How do I paint a tile?", "and a pot?"), "(Read as: How do I paint a pot.) paint_pot, a function"),
        (
            ("How do I paint a tile?", "what parameters does it take?"),
            "(About paint_tile.) paint_tile takes 1 parameter: tile",
        ),
        (
            ("How do I set the heat of the kiln?", "and who calls it?"),
            "(About fire_pot.) fire_pot is called by 2 callers",
        ),
        (
            ("How do I fire pots?", "where is that defined?"),
            "(About fire_pot.) fire_pot is a function, defined in kiln/pots.py",
        ),
    ],
)
def test_a_question_goes_on_from_the_one_before(
    kiln: Expert, tmp_path: Path, questions: tuple[str, ...], begins: str
) -> None:
    answer = talk(kiln, tmp_path, *questions)
    assert answer.text.startswith(begins), answer.text
    assert answer.exit_code == 0


def test_what_is_shown_has_to_do_with_what_was_asked(kiln: Expert, tmp_path: Path) -> None:
    assert "slowly=True" in talk(kiln, tmp_path, "How do I set whether the kiln gets hot slowly?", "example?").text


def test_it_is_the_repository_only_where_nothing_was_asked_before(kiln: Expert, tmp_path: Path) -> None:
    assert talk(kiln, tmp_path, "how does it work?").why["intents"][0]["kind"] == "layout"
    assert (
        "(Read as: how does cleaning day work.)"
        in talk(kiln, tmp_path, "What is the cleaning day?", "how does it work?").text
    )


def test_a_relation_of_what_is_no_symbol_is_not_guessed(kiln: Expert, tmp_path: Path) -> None:
    first = talk(kiln, tmp_path, "What happens on the cleaning day?")
    assert first.text.startswith("docs/kiln.md, “Cleaning day”")
    assert (
        talk(kiln, tmp_path, "Who calls fire_pot?", "What happens on the cleaning day?", "who calls it?").exit_code == 1
    )


def test_an_unclear_turn_leaves_what_was_before(kiln: Expert, tmp_path: Path) -> None:
    answer = talk(kiln, tmp_path, "How do I paint a pot?", "hm?", "who calls it?")
    assert answer.text.startswith("(About paint_pot.)")


def test_a_question_of_its_own_leans_on_nothing(kiln: Expert, tmp_path: Path) -> None:
    answer = talk(kiln, tmp_path, "How do I paint a tile?", "Where is Glaze defined?")
    assert answer.text.startswith("Glaze is a class")
    assert "Read as" not in talk(kiln, tmp_path, "Where is Glaze defined?", "How do I fire a pot in the kiln?").text


@pytest.mark.parametrize(
    ("text", "before", "read"),
    [
        ("and hidden?", "How do I make an option required?", "How do I make an option hidden"),
        ("and with a password?", "How do I use a proxy?", "How do I use a proxy with a password"),
        ("and from a file?", "How do I parse HTML from a string?", "How do I parse HTML from a file"),
        ("what about a cookie?", "How do I set a header on a request?", "How do I set a cookie on a request"),
        ("can I change its width?", "How do I show a progress bar?", "can I change progress bar width"),
        ("how many at most?", "How are redirects followed?", "how many at most redirects followed"),
        ("what is the default?", "How do I set a timeout?", "what is the default timeout"),
        ("what is the glaze?", "How do I set a timeout?", ""),
        ("what is a blueprint?", "How do I set a timeout?", ""),
        ("How do I write tests for the parser of options?", "How do I set a timeout?", ""),
    ],
)
def test_what_follows_takes_the_place_of_its_like(text: str, before: str, read: str) -> None:
    assert in_full(text, before, "", True, lambda word: word == "glaze") == read


def test_what_is_asked_of_it_is_told_apart() -> None:
    assert [
        asked_of_it(t)
        for t in ("show me an example", "how do I use it?", "why?", "and what can fail?", "who calls it?")
    ] == [
        "example",
        "example",
        "reason",
        "raises",
        "",
    ]
