"""What is answered from says itself what is asked, the deed included; what only shares a word is listed nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import pytest
from asking import expert, index, write

from inference.answer import Expert
from inference.bearing import Bearing
from inference.verbs import otherwise

FILES = {
    "README.md": (
        "# Pigeon\n\nPigeon sends letters by bird.\n\n> With Owlery, a service of ours, you can receive and keep letters.\n\n"
        "## Table of Contents\n\n- [Search](#search)\n- [Contents](#contents)\n- [Letters](#letters)\n\n"
        "## Seals\n\nA seal shows who wrote a letter.\n"
    ),
    "CHANGELOG.md": "# Changes\n\n## 0.2\n\nAdded asynchronous flights for letters. Removed in 0.3.\n",
    "pigeon/album.py": '''"""Albums."""


class Album:
    """Where papers are glued in."""

    def insert_paper(self, paper):
        """Glue in a stamp or a letter."""
        return paper
''',
    "pigeon/post.py": '''"""Post."""


class Loft:
    """Where pigeons wait."""

    def send_letter(self, letter):
        """Send a letter with the next pigeon.

        The wind is measured first. A letter that is too heavy for the wind goes by two birds.
        """
        return _measure(letter)

    def remove_double_seals(self, wax):
        """Take seals off a wax that has more than one."""
        return wax


class Permit:
    """Receives a stamp from the town hall."""

    def __init__(self, stamp, expires=3):
        self.stamp = stamp

    def owner(self):
        """Return the name in the permit."""
        return self.stamp.name


def _measure(letter):
    """Weigh a letter on the kitchen scale."""
    return letter


def gather(grain):
    """Gather grain.

    :param grain: what is gathered
    """
    return grain


def gather_grain_slowly_for_winter(grain):
    """Gather grain at half the speed."""
    return gather(grain)
''',
}


@pytest.fixture(scope="module")
def pigeon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Expert]:
    folder = tmp_path_factory.mktemp("pigeon")
    with expert(index(write(FILES, folder / "pigeon"), folder / "brain")) as opened:
        yield opened


def test_the_deed_that_is_there_is_answered(pigeon: Expert) -> None:
    answer = pigeon.ask("How do I send a letter?")
    assert answer.text.startswith("Loft.send_letter, a method of Loft")
    assert answer.exit_code == 0


@pytest.mark.parametrize(
    "question",
    [
        "How do I receive a letter?",  # one class receives, another sends letters
        "Can it receive letters?",  # a README recommends somebody else's product in an aside
        "How do I delete letters?",  # `remove_double_seals` removes something else
        "Can I search the contents of letters?",  # a table of contents names what stands elsewhere
        "Does it support asynchronous flights?",  # a changelog tells what was
        "Can it weigh a letter?",  # what the product keeps to itself
    ],
)
def test_a_deed_that_nothing_says_together_with_its_thing_is_refused(pigeon: Expert, question: str) -> None:
    answer = pigeon.ask(question)
    assert answer.text.startswith("There is no good evidence in the index for:"), answer.text
    assert answer.exit_code == 1


def test_a_refusal_says_which_words_nothing_says_together(pigeon: Expert) -> None:
    said = "No name and no documentation was found that speaks of receive and letter together."
    assert said in pigeon.ask("How do I receive a letter?").text


def test_what_hands_a_thing_out_is_how_it_is_read(pigeon: Expert) -> None:
    assert pigeon.ask("How do I read the owner of a permit?").text.startswith("Permit.owner, a method of Permit")


def test_what_answers_further_down_its_documentation_is_shown(pigeon: Expert) -> None:
    text = pigeon.ask("What happens to a letter that is too heavy for the wind?").text
    assert text.startswith("Loft.send_letter")
    assert "Its documentation says: The wind is measured first. A letter that is too heavy" in text


def test_a_thing_is_told_of_before_what_is_called_like_it_and_more(pigeon: Expert) -> None:
    assert pigeon.ask("how does gathering work").text.startswith("gather, a function")


def test_what_bears_on_nothing_asked_is_not_listed(pigeon: Expert) -> None:
    text = pigeon.ask("How do I send a letter?").text
    assert "Permit" not in text
    assert "CHANGELOG" not in text


def test_a_verb_is_exchanged_in_any_form() -> None:
    assert "put" in otherwise("adding")
    assert "add" in otherwise("putting")
    assert otherwise("receive") == []


def test_a_question_is_refused_in_the_words_it_was_asked_in(pigeon: Expert) -> None:
    assert "How do I resize a letter" in pigeon.ask("How do I resize a letter?").text


def test_what_is_called_by_the_deed_leads_though_the_thing_is_called_otherwise(pigeon: Expert) -> None:
    assert pigeon.ask("How do I gather corn?").exit_code == 1  # corn is a word that stands nowhere here
    assert pigeon.ask("How do I gather letters?").text.startswith("gather, a function in pigeon/post.py: Gather grain")


def test_what_is_named_for_the_whole_question_leads(pigeon: Expert) -> None:
    assert pigeon.ask("How do I get the owner of a permit?").text.startswith("Permit.owner, a method of Permit")


def test_one_telling_word_is_enough_for_what_is_named_for_the_deed(pigeon: Expert) -> None:
    assert pigeon.ask("How do I add a stamp?").text.startswith(
        "Album.insert_paper, a method of Album in pigeon/album.py"
    )


def test_an_article_before_what_was_done_is_no_pronoun(pigeon: Expert) -> None:
    assert pigeon.ask("Where are the letters measured?").why["intents"][0]["kind"] == "search"


def test_the_share_of_a_question_is_the_same_in_whatever_order_its_words_come(pigeon: Expert) -> None:
    # Words are held in sets, whose order changes from one process to the next.
    assert pigeon.retriever is not None
    bearing = Bearing(pigeon.retriever, "Where does a pigeon carry a heavy letter in strong wind?", False)
    assert len(bearing.words) >= 5
    assert len({bearing.share(order) for order in permutations(bearing.words)}) == 1
