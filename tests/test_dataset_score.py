"""Scores of answers to rows: what counts as said, what is taken as given by the question, what is a refusal."""

from __future__ import annotations

import pytest

from dataset.example import Example, Meta
from dataset.score import code_tokens, is_refusal, key_facts, normalise, score, summarise


def row(
    prompt: str, response: str, form: str = "forward", answerable: bool = True, facts: tuple[str, ...] = ()
) -> Example:
    meta = Meta("explain", form, "calls.a/0", facts=facts, answerable=answerable)
    return Example("0" * 16, prompt, response, (), meta)


CALLS = row("What does `Box.put` call?", "`Box.put` calls `free_slot` and `Log.add`. It is in `pkg/core.py`.")


def test_gold_is_what_the_answer_adds_to_the_question() -> None:
    assert {(k.text, k.kind) for k in key_facts(CALLS)} == {
        ("free_slot", "symbol"),
        ("Log.add", "symbol"),
        ("pkg/core.py", "path"),
    }


def test_recall_counts_whole_identifiers_only() -> None:
    assert score("It calls `free_slot`, `Log.add`; see pkg/core.py", CALLS).recall == 1.0
    assert score("It calls free_slots and Log.adder in xpkg/core.py", CALLS).recall == 0.0
    assert score("free_slot, nothing else", CALLS).recall == pytest.approx(1 / 3)


def test_names_of_the_question_earn_nothing() -> None:
    assert score("`Box.put` is `Box.put`.", CALLS).recall == 0.0


def test_invented_names_cost_precision() -> None:
    said = score("It calls `free_slot` and `teleport_box`.", CALLS)
    assert said.fabricated == ("teleport_box",)
    assert said.precision == 0.5
    assert score("It calls `free_slot` and `teleport_box`.", CALLS, known={"teleport_box"}).precision == 1.0


def test_prose_answers_are_scored_by_their_words() -> None:
    purpose = row("What is `Box` for?", "`Box` keeps items until somebody fetches them. It is in `pkg/core.py`.")
    words = [k for k in key_facts(purpose) if k.kind == "word"]
    assert {k.text for k in words} == {"keeps", "items", "until", "somebody", "fetches"}
    assert sum(k.weight for k in words) == pytest.approx(1.0)
    half = score("A box keeps items.", purpose).recall
    assert half is not None
    assert 0 < half < 0.5


@pytest.mark.parametrize(
    "text",
    [
        "There is no `Box.teleport` in this code base.",
        "`Box.teleport` does not exist in this code base.",
        "No such thing: `Box.teleport` is not defined in this code base.",
        "Nothing in this code base serves to brew coffee.",
        "I could not find that function.",
    ],
)
def test_refusals_are_seen(text: str) -> None:
    assert is_refusal(text)


@pytest.mark.parametrize(
    "text", ["`Box.put` raises `KeyError` when there is a gap. There is no other error.", "It returns `None`."]
)
def test_answers_are_not_taken_for_refusals(text: str) -> None:
    assert not is_refusal(text)


def test_a_refused_answer_has_no_recall_but_a_correction_has() -> None:
    assert score("There is no `free_slot` in pkg/core.py.", CALLS).recall == 0.0
    wrong = row(
        "Where is `Box.pop`?", "There is no `Box.pop`; `pop` is a method of `Bag`, in `pkg/bag.py`.", "correction"
    )
    assert score(wrong.response, wrong).recall == 1.0


def test_an_unanswerable_row_asks_only_for_a_refusal() -> None:
    fake = row("Where is `Box.fly`?", "There is no `Box.fly` in this code base.", "refusal", answerable=False)
    refused, invented = score("`Box.fly` does not exist here.", fake), score("It is in `pkg/fly.py`.", fake)
    assert (refused.recall, refused.correct_refusal) == (None, True)
    assert invented.correct_refusal is False


def test_the_means_keep_refusals_and_answers_apart() -> None:
    fake = row("Where is `Box.fly`?", "There is no `Box.fly`.", "refusal", answerable=False)
    said = summarise(
        [
            (CALLS, score(CALLS.response, CALLS)),
            (CALLS, score("Not found.", CALLS)),
            (fake, score("In `a/b.py`.", fake)),
        ]
    )
    assert (said.recall, said.false_refusal, said.refusal_recall) == (0.5, 0.5, 0.0)
    assert said.exact == pytest.approx(1 / 3)


def test_code_shapes() -> None:
    assert code_tokens("Use `x`, read_all, Box.put, src/a.py and HTTPServer, and/or plain words.") == (
        "x",
        "read_all",
        "Box.put",
        "src/a.py",
        "HTTPServer",
    )


def test_normal_form_ignores_dress() -> None:
    assert normalise("What does `Box.put` do?") == normalise("what does Box.put do")
    assert normalise("Box.put") != normalise("Box put")
