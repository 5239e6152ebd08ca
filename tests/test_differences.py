"""How two things differ: both cited, what they share, what only one has, and no comparison with what is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from asking import expert, index, write

from inference.answer import Answer, Expert
from inference.reading import Ask

FILES = {
    "README.md": (
        "# Post\n\nSending letters and parcels.\n\n## Which one\n\nUse Letter for paper, and Parcel only where something"
        " has a weight.\n\n## Changes\n\nNothing yet.\n"
    ),
    "post.py": '''
"""Letters and parcels."""


class Refused(Exception):
    """Nothing that can be sent."""


class Item:
    """Anything that can be sent."""

    def __init__(self, to: str) -> None:
        self.to = to

    def stamp(self) -> str:
        """The stamp it needs."""
        return "plain"


class Letter(Item):
    """Paper in an envelope."""

    def __init__(self, to: str, urgent: bool = False) -> None:
        super().__init__(to)
        self.urgent = urgent

    def fold(self) -> None:
        """Fold the paper."""


class Parcel(Item):
    """A box. Unlike a Letter, it is weighed first."""

    def __init__(self, to: str, urgent: bool = True, weight: int = 0) -> None:
        super().__init__(to)
        self.weight = weight

    def weigh(self) -> int:
        """The weight of the box."""
        return self.weight


class Card(Item):
    """Paper without an envelope."""

    def __init__(self, picture: str = "", **rest: str) -> None:
        super().__init__(**rest)
        self.picture = picture


class Slip(Item):
    """A note that somebody was not in."""


class Lid:
    """What closes a box."""

    def open(self) -> None:
        """Lift it."""


class Drawer:
    """Where post is kept."""

    def open_all(self) -> None:
        """Open every drawer."""
        self.open()

    def open(self) -> None:
        """Pull it."""


def check(item: Item) -> None:
    """Check an address."""
    if not item.to:
        raise Refused("no address")


def send(item: Item, copies: int = 1) -> str:
    """Send an item now."""
    check(item)
    return item.stamp()


def queue(item: Item, copies: int = 2, *, day: str = "") -> int:
    """Send an item later."""
    if not day:
        raise ValueError("no day")
    check(item)
    return 0


def everything(items: list[Item]) -> None:
    """Send what can be sent, queue the rest."""
    for item in items:
        send(item)
        queue(item, day="monday")
''',
}


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Expert]:
    folder = tmp_path_factory.mktemp("post")
    with expert(index(write(FILES, folder / "post"), folder / "brain")) as opened:
        yield opened


def plain(answer: Answer) -> str:
    return re.sub(r" ?\[\d+\]", "", answer.text)


@pytest.mark.parametrize(
    "question",
    [
        "What is the difference between Letter and Parcel?",
        "Letter or Parcel?",
        "Letter vs Parcel",
        "When should I use Letter instead of Parcel?",
        "should I use a Letter or a Parcel",
        "how does Letter differ from Parcel?",
        "How do Letter and Parcel differ?",
        "Are Letter and Parcel the same?",
        "is Letter better than Parcel?",
        "what distinguishes Letter from Parcel",
        "Which one should I take, Letter or Parcel?",
        "why would I pick Letter over Parcel",
        "how do I choose between Letter and Parcel?",
    ],
)
def test_however_it_is_asked_both_are_told(post: Expert, question: str) -> None:
    answer = post.ask(question)
    assert [i["kind"] for i in answer.why["intents"]] == ["compare"]
    assert answer.answered
    assert "Letter is a class in post.py. Paper in an envelope." in plain(answer)
    assert "Parcel is a class in post.py. A box." in plain(answer)


def test_what_classes_share_and_what_only_one_has(post: Expert) -> None:
    answer = post.ask("Letter vs Parcel")
    lines = plain(answer).split("\n")
    assert "- both inherit from Item" in lines
    assert "- both take to" in lines
    assert "- only Parcel takes weight=0" in lines
    assert "- urgent is False by default in Letter and is True by default in Parcel" in lines
    assert "- only Letter defines fold" in lines
    assert "- only Parcel defines weigh" in lines
    assert "In README.md: “Use Letter for paper, and Parcel only where something has a weight.”" in plain(answer)
    assert {c.node_id.rpartition("#")[2] for c in answer.citations} >= {"Letter", "Parcel", "Item", "Letter.fold"}
    for line in answer.text.split("\n"):
        assert not line.startswith("- ") or "[" in line, f"without a place: {line}"
    assert all(c.verified == "blob" for c in answer.citations)


def test_what_functions_share_and_what_only_one_does(post: Expert) -> None:
    lines = plain(post.ask("send or queue?")).split("\n")
    assert "- both take item" in lines
    assert "- both may raise Refused" in lines
    assert "- both call check" in lines
    assert "- both are called by everything" in lines
    assert "- copies is 1 by default in send and is 2 by default in queue" in lines
    assert '- only queue takes day=""' in lines
    assert "- send returns str; queue returns int" in lines
    assert "- only queue raises ValueError" in lines
    assert "- only send calls Item.stamp" in lines


def test_one_that_is_built_on_the_other_has_what_that_has(post: Expert) -> None:
    said = plain(post.ask("What is the difference between Item and Letter?"))
    assert "Letter inherits from Item." in said
    assert "only Item" not in said
    assert "- only Letter defines fold" in said


def test_what_is_handed_on_or_inherited_is_no_difference(post: Expert) -> None:
    said = plain(post.ask("Card or Slip?"))
    assert "- both inherit from Item" in said
    assert "only Slip takes" not in said, "Card hands on what it is given"
    assert "calls Slip" not in said, "the constructor is that of Item"


def test_of_a_name_that_means_several_things_the_one_beside_is_meant(post: Expert) -> None:
    said = plain(post.ask("What is the difference between open_all and open?"))
    assert "Drawer.open is a method of Drawer in post.py. Pull it." in said
    assert "Drawer.open_all calls Drawer.open." in said


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("What is the difference between Letter and Postcard?", "Postcard"),
        ("Postcard or Letter?", "Postcard"),
        ("should I use Letter or postcard_of", "postcard_of"),
    ],
)
def test_what_is_not_there_is_not_compared(post: Expert, question: str, missing: str) -> None:
    answer = post.ask(question)
    assert answer.exit_code == 1
    assert f"There is no {missing} in this index." in answer.text
    assert "What differs" not in answer.text


def test_words_of_prose_are_no_names_to_compare(post: Expert) -> None:
    for question in ("should I use threads or processes?", "how do I send a letter or a box"):
        assert "compare" not in [i["kind"] for i in post.ask(question).why["intents"]]


def test_a_name_alone_is_compared_with_the_one_before(post: Expert) -> None:
    answer = post.ask("and Item?", Ask(carry="Letter", carry_kind="compare", before="Letter vs Parcel"))
    assert "Letter inherits from Item." in plain(answer)


def test_two_names_of_one_thing_do_not_differ(post: Expert) -> None:
    assert plain(post.ask("Letter vs post.Letter")).startswith("Both names mean Letter, a class in post.py.")
