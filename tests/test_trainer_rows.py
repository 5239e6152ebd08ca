"""Rows as a model sees them, the order it sees them in, and which of them a budget can afford."""

from __future__ import annotations

import copy
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from trainings import SMALL, invented_rows

from config.errors import IncompatibleInput
from dataset.example import Example
from dataset.negatives import parts_from
from dataset.score import is_refusal
from trainer.card import licence_warnings, source_licence
from trainer.models import PLAIN_TEMPLATE
from trainer.picture import loss_picture
from trainer.preferences import preferences, reward
from trainer.rows import Encoder, measure, slip, usable
from trainer.selection import about, sample, select
from trainer.stream import Stream, mixed_order
from trainer.tiny import fit_tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return fit_tokenizer(SMALL)


@pytest.fixture
def encoder(tokenizer: Any) -> Encoder:
    return Encoder(tokenizer, (tokenizer.eos_token_id,))


ROWS = invented_rows()


def test_labels_cover_the_answer_and_its_stop_token_alone(encoder: Encoder) -> None:
    row = encoder.encode("Where is `Cart`?", "In `shop/cart.py`.")
    decode = encoder.tokenizer.decode
    assert decode(row.ids[: row.prompt]) == "<|im_start|>user\nWhere is `Cart`?<|im_end|>\n<|im_start|>assistant\n"
    assert decode(row.ids[row.prompt :]) == "In `shop/cart.py`.<|im_end|>"
    assert row.labels == [-100] * row.prompt + list(row.ids[row.prompt :])
    assert list(row.ids[: row.prompt]) == encoder.prompt_ids("Where is `Cart`?")
    assert encoder.stops(row)


def test_a_plain_template_ends_in_its_own_end_of_text(tokenizer: Any) -> None:
    plain = copy.deepcopy(tokenizer)
    plain.eos_token, plain.chat_template = "<|endoftext|>", PLAIN_TEMPLATE
    row = Encoder(plain, (plain.eos_token_id,), "About shop.").encode("Where?", "There.")
    assert plain.decode(row.ids) == "About shop.\n\nQuestion: Where?\nAnswer: There.<|endoftext|>"


def test_an_answer_without_a_stop_token_is_counted(tokenizer: Any) -> None:
    endless = copy.deepcopy(tokenizer)
    endless.chat_template = "{% for m in messages %}{{ m['content'] }} {% endfor %}"
    encoder = Encoder(endless, (endless.eos_token_id,))
    assert measure(ROWS["train"][:5], encoder, 512).endless == 5


def test_a_template_that_rewrites_the_question_is_refused(tokenizer: Any) -> None:
    thinking = copy.deepcopy(tokenizer)
    opening = "{% if add_generation_prompt %}<think>{% else %}"
    thinking.chat_template = "{{ messages[0]['content'] }}" + opening + "{{ messages[1]['content'] }}{% endif %}"
    with pytest.raises(IncompatibleInput, match="template"):
        Encoder(thinking, (2,)).encode("Where?", "There.")


def test_what_would_be_lost_is_counted(encoder: Encoder) -> None:
    rows = [*ROWS["train"][:4], ROWS["train"][0], replace(ROWS["train"][0], response=" ")]
    stats = measure(rows, encoder, 512)
    assert (stats.rows, stats.duplicates, stats.empty, stats.truncated) == (5, 1, 1, 0)
    assert sum(count for _, count in stats.histogram) == 5
    short = measure(rows, encoder, stats.longest - 1)
    assert short.truncated + short.dropped > 0
    assert len(usable(rows, encoder, stats.longest - 1)) == 5 - short.truncated - short.dropped


def test_slips_leave_names_alone() -> None:
    rng = random.Random(0)
    prompt = "Where is the method `Cart.add_item` in shop/cart.py defined?"
    seen = {slip(prompt, rng) for _ in range(200)}
    assert len(seen) > 10
    assert all("`Cart.add_item`" in text and "shop/cart.py" in text for text in seen)


def test_each_pass_shows_every_row_and_batches_hold_rows_of_like_length() -> None:
    lengths = [random.Random(i).randint(10, 300) for i in range(100)]
    order = mixed_order(lengths, 250, 8, 0)
    assert len(order) == 250
    assert set(Counter(order).values()) == {2, 3}
    assert order == mixed_order(lengths, 250, 8, 0) != mixed_order(lengths, 250, 8, 1)
    spread = [
        max(lengths[i] for i in order[s : s + 8]) - min(lengths[i] for i in order[s : s + 8]) for s in range(0, 240, 8)
    ]
    assert sum(spread) / len(spread) < 60


def test_a_position_is_the_same_row_on_every_run(encoder: Encoder) -> None:
    parts = parts_from(["Cart.add", "Cart.drop", "find_item"])

    def stream() -> Stream:
        return Stream(ROWS["train"], encoder, positions=200, batch=4, max_length=512, seed=3, slips=True, parts=parts)

    one, two = stream(), stream()
    assert [one.row(p) for p in (0, 7, 199)] == [two.row(p) for p in (0, 7, 199)]


def test_refusals_are_about_new_names_every_time(encoder: Encoder) -> None:
    refusal = [row for row in ROWS["train"] if not row.meta.answerable]
    names = ["Cart.add_item", "Cart.drop_item", "find_item", "Order.pay_later", "Order.ship_item", "find_order"]
    stream = Stream(refusal, encoder, positions=20, batch=1, max_length=512, seed=0, parts=parts_from(names))
    answers = {encoder.tokenizer.decode([t for t in stream.row(p)["labels"] if t >= 0]) for p in range(20)}
    assert len(answers) > 10
    assert all(is_refusal(answer) for answer in answers)


def test_selection_takes_important_nodes_first_and_counts_answers() -> None:
    rows = ROWS["train"]
    nodes = sorted({row.refs[0] for row in rows if row.refs})
    importance = {node: float(i) for i, node in enumerate(nodes)}
    chosen = select(rows, max_nodes=2, importance=importance)
    assert set(chosen.nodes) == set(nodes[-2:])
    assert all(row.refs[0] in chosen.nodes for row in chosen.rows if row.refs)
    limited = select(rows, max_answers=5, importance=importance)
    assert 0 < limited.answers <= 5
    bare = [replace(row, refs=(), meta=replace(row.meta, facts=())) for row in rows]
    assert len(select(bare).rows) == len(rows)
    everything = select(rows)
    assert (len(everything.rows), everything.share) == (len(rows), 1.0)
    assert limited.share < 1
    assert select(()).rows == ()


def test_only_rows_about_trained_facts_are_measured() -> None:
    facts = frozenset(ROWS["train"][0].meta.facts)
    assert all(facts.issuperset(row.meta.facts) for row in about(ROWS["T1"], facts))
    assert about(ROWS["T1"], facts)
    assert sample(list(range(10)), 3) == [0, 3, 6]  # type: ignore[arg-type,comparison-overlap]


def test_preferences_set_the_true_answer_against_a_neighbours() -> None:
    pairs = preferences(ROWS["train"], 0)
    assert pairs
    truth = {row.prompt: row.response for row in ROWS["train"]}
    assert all(truth[p.prompt] == p.chosen != p.rejected for p in pairs)


def test_the_reward_is_for_facts_and_against_inventions() -> None:
    row: Example = next(r for r in ROWS["train"] if r.meta.answerable)
    refusal = next(r for r in ROWS["train"] if not r.meta.answerable)
    assert reward(row.response, row) == 1.0
    assert reward("It is in `nowhere/at_all.py`.", row) == 0.0
    assert reward(row.response + " See `Nonsense.made_up`.", row) < 1.0
    assert (reward(refusal.response, refusal), reward("It is in `a/b.py`.", refusal)) == (1.0, 0.0)


def test_licences_are_named_and_unknown_ones_warned_about(tmp_path: Path) -> None:
    assert licence_warnings("apache-2.0", "x") == []
    assert "other" in licence_warnings("other", "x")[0]
    assert "states no licence" in licence_warnings("", "x")[0]
    assert source_licence(tmp_path) == ""
    (tmp_path / "LICENSE").write_text("MIT License\n\nCopyright")
    assert source_licence(tmp_path) == "mit"


def test_the_picture_holds_both_curves() -> None:
    picture = loss_picture([(1, 3.0), (2, 1.0)], [(2, 1.5)], "a & b")
    assert picture.startswith("<svg")
    assert (picture.count("<circle"), picture.count("<polyline")) == (1, 1)
    assert "a &amp; b" in picture
