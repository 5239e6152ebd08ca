"""Evidence for free prose, and the context a model reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from asking import expert, index, index_shop, write

from brain.text import stem, tokens
from inference.answer import Expert
from inference.fronts import plain_paragraphs, whole
from inference.retrieve import Retriever, content_words


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Expert]:
    with expert(index_shop(tmp_path_factory.mktemp("retrieve"))) as opened:
        yield opened


def retriever(shop: Expert) -> Retriever:
    assert shop.retriever is not None
    return shop.retriever


def test_confidence_tells_what_is_there_from_what_is_not(shop: Expert) -> None:
    there = retriever(shop).find("which part charges a card?")
    loosely = retriever(shop).find("which part charges a credit card?")
    absent = retriever(shop).find("how are kubernetes clusters autoscaled?")
    assert there.confidence > loosely.confidence > 0.35 > absent.confidence
    assert "kubernetes" in absent.unseen


def test_context_keeps_its_budget_and_its_line_numbers(shop: Expert) -> None:
    node = shop.graph.find("price_of")[0]
    for budget in (120, 200, 800):
        text, spans = retriever(shop).context([node], [], budget)
        assert len(tokens(text)) <= budget + 20
        assert spans[0].node_id == node.id
        assert f"[1] src/shop/pricing.py:{node.lines[0]}-{node.lines[1]}" in text
        again, _ = retriever(shop).context([node], [], budget)
        assert text == again


def test_no_block_stands_twice(shop: Expert) -> None:
    node = shop.graph.find("Cart")[0]
    hits = retriever(shop).lookup.search("cart", 8)
    _, spans = retriever(shop).context([node], hits, 4000)
    assert len({(s.path, s.start, s.end) for s in spans}) == len(spans)


def test_words_that_ask_are_not_words_to_look_for() -> None:
    assert content_words("Which functions handle the discount?") == ["discount"]
    assert stem("parses") == stem("parsing") == stem("parser")


def test_a_page_opens_with_a_sentence_not_with_code_a_comment_or_a_lead_in() -> None:
    page = (
        "<!-- of which\n\nnobody shall read a single word here -->\n\n::\n\n    from datetime import date and some more words\n\n"
        "```\nx = 1\n\nprint all of these words for me now\n```\n\n*Shop* is the small library that sells. It can:\n\n- sell\n"
    )
    said, line = plain_paragraphs(page)[0]
    assert (said, page.split("\n")[line - 1][:6]) == ("Shop is the small library that sells. It can:", "*Shop*")
    assert whole(said) == "Shop is the small library that sells."
    assert whole("Shop sells these things:") == "Shop sells these things."
    assert whole("Shop is a small server, that:") == "Shop is a small server."


def test_a_page_opens_with_a_name_set_as_code_and_not_with_a_licence() -> None:
    page = "# shop\n\nShop is free software; you can redistribute it and so on.\n\n`shop` is a tool that sells things fast.\n"
    assert plain_paragraphs(page) == [("shop is a tool that sells things fast.", 5)]


def test_a_readme_says_what_the_project_is_not_what_it_is_built_with(tmp_path: Path) -> None:
    front = "# Lathe\n\nPlease see the pages about Lathe in the wiki.\n\nThe Lathe build system is based on other things.\n\n"
    write({"README.md": front, "lathe.py": "x = 1\n"}, tmp_path / "lathe")
    with expert(index(tmp_path / "lathe", tmp_path / "brain")) as opened:
        assert opened.ask("what is this project?").text.startswith("Please see the pages about Lathe")
    write({"README.md": f"{front}Lathe is a library that turns wood.\n"}, tmp_path / "lathe")
    with expert(index(tmp_path / "lathe", tmp_path / "again")) as opened:
        assert opened.ask("what is this project?").text.startswith("Lathe is a library that turns wood [1]")
