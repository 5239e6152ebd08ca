"""What a question asks: the kind, the names it is about, in the order asked."""

from __future__ import annotations

import pytest

from inference.kinds import read


def intents(text: str, **more: object) -> list[tuple[str, str, str]]:
    return [(i.kind, i.x.name if i.x else "", i.y.name if i.y else "") for i in read(text, **more).intents]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("Where is Cart.add defined?", "locate", "Cart.add"),
        ("Where is the OutOfStock lock taken and released?", "search", "OutOfStock"),  # done, not defined
        ("Where is the OutOfStock read defined?", "locate", "OutOfStock"),
        ("which file contains `price_of`", "locate", "price_of"),
        ("What does Cart.add do?", "explain", "Cart.add"),
        ("how does Cart.add work", "explain", "Cart.add"),
        ("Cart.add", "explain", "Cart.add"),
        ("tell me about price_of", "explain", "price_of"),
        ("Who calls price_of?", "callers", "price_of"),
        ("where is price_of used", "callers", "price_of"),
        ("price_of callers", "callers", "price_of"),
        ("what functions call price_of()?", "callers", "price_of"),
        ("What does Cart.add call?", "callees", "Cart.add"),
        ("which errors does Cart.add raise?", "raises", "Cart.add"),
        ("What exceptions can Cart.add throw?", "raises", "Cart.add"),
        ("who raises OutOfStock", "raisers", "OutOfStock"),
        ("when is OutOfStock raised?", "raisers", "OutOfStock"),
        ("Where is OutOfStock caught?", "handlers", "OutOfStock"),
        ("what extends ShopError", "subclasses", "ShopError"),
        ("subclasses of ShopError", "subclasses", "ShopError"),
        ("What does ShopError extend?", "bases", "ShopError"),
        ("what imports src/shop/cart.py?", "importers", "src/shop/cart.py"),
        ("What does src/shop/cart.py import?", "imports", "src/shop/cart.py"),
        ("what methods does `Cart` have?", "members", "Cart"),
        ("what parameters does price_of take?", "parameters", "price_of"),
        ("What does price_of return?", "returns", "price_of"),
        ("which tests cover Cart.add?", "tests", "Cart.add"),
        ("what overrides Gateway.charge", "overriders", "Gateway.charge"),
        ("why do I get OutOfStock?", "diagnose", "OutOfStock"),
        ("How do I pay for a cart?", "howto", ""),
        ("How do I add a new import format?", "howto", ""),  # nothing called `new` imports anything
        ("What can it do about discounts?", "discovery", ""),
        ("How does Session.send handle redirects?", "search", "Session.send"),
        ("what happens when the card is refused?", "search", ""),
        ("What does this project do?", "overview", ""),
    ],
)
def test_a_question_asks_for_one_thing(text: str, kind: str, name: str) -> None:
    assert intents(text) == [(kind, name, "")]


@pytest.mark.parametrize(
    ("text", "kind", "x", "y"),
    [
        ("Does Cart.add call price_of?", "check", "Cart.add", "price_of"),
        ("Is CardGateway a subclass of `Gateway`?", "check", "CardGateway", "Gateway"),
        ("why does cart.py import requests?", "check", "cart.py", "requests"),
        ("path from main to price_of", "path", "main", "price_of"),
        ("How does checkout reach price_of?", "path", "checkout", "price_of"),
        ("what is the difference between CardGateway and InvoiceGateway?", "compare", "CardGateway", "InvoiceGateway"),
        ("what is the default of `err` in `echo`?", "default", "echo", "err"),
    ],
)
def test_some_questions_relate_two_names(text: str, kind: str, x: str, y: str) -> None:
    assert intents(text) == [(kind, x, y)]


def test_every_part_of_a_question_is_read() -> None:
    assert intents("Where is Context.invoke defined and what does it call?") == [
        ("locate", "Context.invoke", ""),
        ("callees", "Context.invoke", ""),
    ]
    assert intents("What does Cart.add call and raise?") == [("callees", "Cart.add", ""), ("raises", "Cart.add", "")]
    assert intents("OutOfStock during checkout: which modules throw this and what should I check?") == [
        ("search", "OutOfStock", ""),
        ("raisers", "OutOfStock", ""),
        ("diagnose", "OutOfStock", ""),
    ]


def test_a_pronoun_needs_something_to_stand_for() -> None:
    from inference.link import Mention

    assert intents("who calls it?") == [("unclear", "", "")]
    assert intents("who calls it?", carry=Mention("Cart.add", 0, 0, "tick")) == [("callers", "Cart.add", "")]


def test_what_it_has_is_a_question_about_the_repository() -> None:
    assert intents("does it have a web interface?")[0][0] == "search"
    assert intents("what does it return?") == [("unclear", "", "")]
