"""Invented names: absent from the code, shaped like it, and different for training and testing."""

from __future__ import annotations

from itertools import islice
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from dataset.example import Example, Meta
from dataset.negatives import (
    OUT_OF_SCOPE,
    fake_like,
    fresh_fakes,
    near_neighbours,
    out_of_scope,
    parts_from,
    resample,
    split_words,
    unseen_words,
)

NAMES = "Cart.add Cart.remove Cart.total Line.total price_of bulk_discount open_gateway CardGateway.charge OutOfStock MAX_LINES"
PARTS = parts_from(NAMES.split())


@settings(deadline=None)
@given(st.integers())
def test_a_fresh_fake_exists_nowhere(seed: int) -> None:
    for fake in islice(fresh_fakes(Random(seed), PARTS), 20):
        assert fake not in PARTS.known
        assert fake.rpartition(".")[2] not in PARTS.known
        assert set(split_words(fake)) <= {w for n in NAMES.split() for w in split_words(n)}


@settings(deadline=None)
@given(st.integers(), st.sampled_from(NAMES.split()))
def test_a_fake_looks_like_its_twin(seed: int, twin: str) -> None:
    fake = fake_like(Random(seed), twin, PARTS)
    assert fake not in PARTS.known
    assert fake.rpartition(".")[0] == twin.rpartition(".")[0]
    last = fake.rpartition(".")[2]
    assert last[:1].isupper() == twin.rpartition(".")[2][:1].isupper()


def test_test_fakes_hold_a_word_that_training_has_not() -> None:
    words = unseen_words({"anchor"})
    assert "anchor" not in words
    fakes = list(islice(fresh_fakes(Random(0), PARTS, words), 50))
    assert all(set(split_words(fake)) & set(words) for fake in fakes)


def test_no_unseen_word_stands_twice() -> None:
    words = unseen_words(())
    assert len(words) == len(set(words)) > 100


def test_the_same_seed_gives_the_same_fakes() -> None:
    assert list(islice(fresh_fakes(Random(3), PARTS), 30)) == list(islice(fresh_fakes(Random(3), PARTS), 30))


def test_a_refusal_can_be_asked_of_another_fake() -> None:
    meta = Meta("discovery", "refusal", "location.a/0", answerable=False)
    old = Example("1", "where is Cart.fly", "There is no `Cart.fly` in this code base.", (), meta)
    new = resample(old, iter(["bulk_price"]))
    assert (new.prompt, new.response) == ("where is bulk_price", "There is no `bulk_price` in this code base.")
    answered = Example("2", "where is Cart.add", "In `cart.py`.", (), Meta("discovery", "forward", "location.a/0"))
    assert resample(answered, iter(["bulk_price"])) is answered


def test_a_repository_that_does_it_is_not_asked_to_refuse() -> None:
    assert "play chess" in out_of_scope("a shopping cart")
    assert "play chess" not in out_of_scope("an engine for chess")
    assert len(out_of_scope("")) == len(OUT_OF_SCOPE)


def test_the_same_name_elsewhere_is_the_hardest_negative() -> None:
    ids = {"total": ["py:a.py#Cart.total", "py:a.py#Line.total"]}
    siblings = ["py:a.py#Cart.add", "py:a.py#Cart.total_weight", "py:a.py#Cart.total"]
    assert near_neighbours("py:a.py#Cart.total", ids, siblings, 2) == (
        "py:a.py#Line.total",
        "py:a.py#Cart.total_weight",
    )
