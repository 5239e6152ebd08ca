"""Which questions are about the repository as a whole, however it is called."""

from __future__ import annotations

import pytest

from inference.kinds import read
from inference.wholes import asks_of_whole

OVERVIEW = """
    What does this crate do?
    What is flour-mill?
    What's this project all about?
    What is the purpose of this library?
    Give me a quick short overview of the code base
    Can you give me a high-level overview of this project, please?
    Summarise this repository
    Introduce me to this codebase
    What problem does this framework solve?
    What's in this repo?
    What features does the mill offer?
    What can I do with this library?
    What are the main capabilities of this tool?
    Tell me about this gem in a nutshell
    Explain this code base to me
    Who is this package for?
    Why would I use this library?
    What does it do?
"""
LAYOUT = """
    What is the architecture of this crate?
    Describe the high-level design
    What's the big picture?
    How is flour-mill organised?
    How is this system structured internally?
    Walk me through the architecture
    Give me a tour of the code
    How does this library work under the hood?
    How does it all fit together?
    How do the main components of this framework work together?
    What are the layers of this application?
    Which components does this project have?
    What are the main building blocks?
    Where should I start reading this code?
"""
FAILURES = """
    What exceptions are there?
    What are the error types of this library?
    Which errors can the mill raise?
    List all custom exceptions
    What kinds of errors does this crate define?
    What can go wrong?
    What could fail when using this tool?
"""
OTHER = """
    Which network errors are there?
    What can go wrong when a sack is opened?
    What errors can the grinder raise?
    What does the request package do?
    What is the purpose of the parser in this library?
    What is the design of the cache?
    How does the retry logic of this library work?
    What are the layers of the network?
    How is a sack organised?
    What can I do with a sack?
    What does the tool runner do?
    Describe the structure of a stone
    Explain the library-wide settings
    Which features does the grinder have?
    How do sacks and stones work together?
"""


def each(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        (q, kind)
        for kind, text in (("overview", OVERVIEW), ("layout", LAYOUT), ("failures", FAILURES), ("", OTHER))
        for q in each(text)
    ],
)
def test_what_is_asked_of_the_whole(question: str, kind: str) -> None:
    assert asks_of_whole(question, "flour-mill", alone=True) == kind


def test_it_is_the_whole_only_where_nothing_else_was_named() -> None:
    assert not asks_of_whole("What does it do?", "mill", alone=False)
    assert read("What does `Stone` do? What does it do?", "mill").intents[0].kind != "overview"


def test_a_greeting_asks_for_nothing_and_a_verb_is_no_class() -> None:
    (one,) = read("I'm new to this project, where do I start?", "mill").intents
    assert one.kind == "layout"
    (one,) = read("Walk me through the code base", "mill", names=frozenset({"Walk"})).intents
    assert one.kind == "layout"
    (one,) = read("Walk calls whom?", "mill", names=frozenset({"Walk"})).intents
    assert one.x is not None
