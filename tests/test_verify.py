"""A model's prose against the shop's graph: what is real is cited, what is not is flagged, and too much of it is not shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from asking import expert, index_shop

from inference.answer import Answer
from inference.backends import Message
from inference.streaming import arriving
from inference.verify import Checker


@dataclass(slots=True)
class Fake:
    """A backend that says what it was told to say."""

    chunks: Sequence[str]
    name: str = "fake"
    trained: bool = True
    system: str = ""
    window: int = 0
    commit: str = ""
    asked: list[Sequence[Message]] = field(default_factory=list)

    def stream(self, messages: Sequence[Message], max_tokens: int) -> Iterator[str]:
        self.asked.append(messages)
        yield from self.chunks


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return index_shop(tmp_path_factory.mktemp("verify"))


@pytest.fixture(scope="module")
def checker(graph: Path) -> Iterator[Checker]:
    with expert(graph) as opened:
        yield Checker(opened.linker, opened.composer.relations, "", opened.has_text)


def said(graph: Path, question: str, *chunks: str, mode: str = "model") -> tuple[Answer, Fake]:
    fake = Fake(chunks)
    with expert(graph, mode=mode) as opened:
        opened.use(fake)
        return opened.ask(question), fake


@pytest.mark.parametrize(
    ("sentence", "verdict"),
    [
        ("`Cart.add` raises ValueError.", "ok"),
        ("price_of calls bulk_discount.", "ok"),
        ("It is defined in src/shop/pricing.py.", "ok"),
        ("`Cart.__len__` counts the lines.", "ok"),
        ("`Cart.add` takes `quantity`.", "ok"),
        ("Look into `README.md`.", "plain"),
        ("That is all there is to it.", "plain"),
        ("It calls len and os.path.join.", "plain"),
        ("Use `Cart.teleport` for that.", "flagged"),
        ("The function price_off computes it.", "flagged"),
        ("See src/shop/prices.py.", "flagged"),
        ("CartBuilderFactory makes carts.", "flagged"),
        ("CardGateway extends InvoiceGateway.", "flagged"),
        ("`price_of` is defined in src/shop/cart.py.", "flagged"),
    ],
)
def test_each_sentence_is_judged_by_its_names_and_relations(checker: Checker, sentence: str, verdict: str) -> None:
    assert checker.sentence(sentence).verdict == verdict


def test_names_given_to_the_model_are_no_inventions(graph: Path) -> None:
    with expert(graph) as opened:
        lenient = Checker(opened.linker, opened.composer.relations, "the note speaks of zzz_special", opened.has_text)
        assert lenient.sentence("zzz_special does it.").verdict == "plain"


def test_true_prose_is_shown_with_citations(graph: Path) -> None:
    answer, fake = said(
        graph, "What does price_of do?", "price_of gives the price of ", "some pieces. It calls bulk_discount."
    )
    assert answer.mode == "model"
    assert answer.text.startswith("price_of gives the price of some pieces [1].")
    assert answer.answered
    assert all(c.verified == "blob" for c in answer.citations)
    assert fake.asked[0][-1]["content"].endswith("What does price_of do?")


def test_one_invention_among_truths_is_flagged_in_place(graph: Path) -> None:
    answer, _ = said(
        graph,
        "What does price_of do?",
        "price_of gives a price. It calls bulk_discount. bulk_discount is cheap. Then tax_engine runs.",
    )
    assert "Then tax_engine runs. [unverified: tax_engine]" in answer.text
    assert answer.why["fabricated"] == ["tax_engine"]
    assert answer.confidence < 0.9
    assert not answer.answered


@pytest.mark.parametrize(("window", "shown"), [(0, True), (1024, False), (4096, True)])
def test_a_model_with_a_short_window_is_asked_without_passages(graph: Path, window: int, shown: bool) -> None:
    fake = Fake(["price_of gives the price of some pieces."], window=window)
    with expert(graph, mode="model") as opened:
        opened.use(fake)
        opened.ask("What does price_of do?")
    prompt = fake.asked[0][-1]["content"]
    assert prompt.endswith("What does price_of do?")
    assert (prompt != "What does price_of do?") is shown


def test_a_fabricated_main_claim_gives_way_to_the_index(graph: Path) -> None:
    answer, _ = said(graph, "What does price_of do?", "price_of calls tax_engine. That is all.")
    assert answer.mode == "extractive"
    assert "price_of is a function, defined in src/shop/pricing.py" in answer.text
    assert "names that do not exist (tax_engine)" in answer.text


@pytest.mark.parametrize("name", ["k_discount", "ice_of", "zq"])
def test_a_piece_of_a_name_is_no_name_however_short(graph: Path, name: str) -> None:
    answer, _ = said(graph, "Where is price_of defined?", f"`{name}` is a function defined in `src/shop/pricing.py`.")
    assert answer.mode == "extractive"
    assert answer.why["fabricated"] == [name]
    with expert(graph) as opened:
        assert [opened.has_text(word) for word in ("price_of", "ice_of", "zq")] == [True, False, False]


def test_a_model_of_another_commit_is_told(graph: Path) -> None:
    with expert(graph, mode="model") as opened:
        indexed = opened.manifest.commit or "0" * 40
        opened.manifest = replace(opened.manifest, commit=indexed)
        opened.use(Fake(["price_of gives a price."], commit="f" * 40))
        assert opened.ask("What does price_of do?").stale.endswith(
            f"the adapter was trained at fffffff, the index is of {indexed[:7]}: train it again with --refresh"
        )
        opened.use(Fake(["price_of gives a price."], commit=indexed))
        assert "trained at" not in opened.ask("What does price_of do?").stale


def test_the_gate_refuses_before_any_model_is_asked(graph: Path) -> None:
    answer, fake = said(graph, "What does Cart.teleport do?", "It teleports.")
    assert fake.asked == []
    assert answer.exit_code == 1


def test_both_prints_both_and_survives_a_dead_endpoint(graph: Path) -> None:
    answer, _ = said(graph, "Who calls price_of?", "Line.total calls price_of.", mode="both")
    assert "price_of is called by" in answer.text
    assert "fake says:\nLine.total calls price_of" in answer.text
    with expert(graph, mode="both", endpoint="http://127.0.0.1:9") as opened:
        half = opened.ask("Who calls price_of?")
    assert "price_of is called by" in half.text
    assert half.exit_code == 5


def test_terminal_codes_in_an_answer_are_removed(graph: Path) -> None:
    answer, _ = said(graph, "What does price_of do?", "price_of \x1b]8;;http://evil\x1b\\gives\x1b[0m a price.")
    assert "\x1b" not in answer.text


STORY = (
    "price_of gives the price of some pieces. It calls bulk_discount, e.g. for many.\nThen 2.5 is left (a. b). \n\nEnd"
)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 200])
def test_sentences_arrive_the_same_in_any_pieces(size: int) -> None:
    pieces = [STORY[at : at + size] for at in range(0, len(STORY), size)]
    assert list(arriving(pieces)) == [
        "price_of gives the price of some pieces.",
        "It calls bulk_discount, e.g. for many.",
        "\nThen 2.5 is left (a. b).",
        "\nEnd",
    ]


def told(graph: Path, *chunks: str, mode: str = "model") -> tuple[Answer, list[str]]:
    """The answer and what was handed on while it came."""
    shown: list[str] = []
    with expert(graph, mode=mode) as opened:
        opened.use(Fake(chunks))
        return opened.ask("What does price_of do?", stream=shown.append), shown


def test_each_sentence_is_shown_once_it_is_checked(graph: Path) -> None:
    answer, shown = told(graph, "price_of gives a price. It ", "calls bulk_discount. Good", ".")
    assert shown == ["price_of gives a price [1].", " It calls bulk_discount [2].", " Good."]
    assert "".join(shown) == answer.text


def test_nothing_is_shown_of_an_answer_whose_main_claim_fails(graph: Path) -> None:
    answer, shown = told(graph, "price_of calls tax_engine. ", "price_of gives a price.")
    assert shown == []
    assert answer.mode == "extractive"


@pytest.mark.parametrize(
    "said", ["price_of gives a price. It calls bulk_discount.", "tax_engine runs. tax_maker too.", ""]
)
def test_of_both_the_index_speaks_at_once_and_the_model_as_it_comes(graph: Path, said: str) -> None:
    answer, shown = told(graph, *said.partition(". "), mode="both")
    assert "".join(shown) == answer.text
    assert shown[0].startswith("price_of is a function, defined in src/shop/pricing.py")
    assert "fake says:" not in shown[0]
    assert len(shown) == (3 if said.startswith("price_of") else 2)


def test_a_model_that_says_nothing_is_said_to(graph: Path) -> None:
    answer, _ = said(graph, "Who calls price_of?", "", mode="both")
    assert answer.text.endswith("\n\n(fake said nothing.)")
    assert "says:" not in answer.text
    alone, _ = said(graph, "Who calls price_of?", "", mode="model")
    assert "fake answered with nothing; this is the answer from the index instead" in alone.text


def test_an_answer_that_fails_later_is_followed_by_the_index(graph: Path) -> None:
    answer, shown = told(graph, "price_of gives a price. tax_engine runs. tax_maker too. tax_sender also.")
    assert "".join(shown) == answer.text
    before, after = answer.text.split("the index says:)\n")
    assert before.startswith("price_of gives a price [1].")
    assert "[unverified: tax_engine]" in before
    assert after.startswith("price_of is a function, defined in src/shop/pricing.py [2]")
    assert answer.citations[1].path == "src/shop/pricing.py"
    assert not answer.answered


@pytest.fixture(scope="module")
def reader(graph: Path) -> Iterator[Checker]:
    with expert(graph) as opened:
        lookup = opened.retriever.lookup if opened.retriever else None
        assert lookup is not None
        yield Checker(
            opened.linker,
            opened.composer.relations,
            "",
            opened.has_text,
            lambda n: lookup.text(n.path, *n.lines) + str(n.meta.get("doc", "")),
        )


@pytest.mark.parametrize(
    ("sentence", "wrong"),
    [
        ("`bulk_discount` takes off price divided by 10.", ()),
        ("`bulk_discount` takes off a share of 25.", ("25",)),
        ("2. `bulk_discount` has 3 callers.", ()),
        ("`Cart.add` says “quantity must be at least 1”.", ()),
        ("`Cart.add` says “quantity is far too small”.", ("“quantity is far too small”",)),
        ("`MAX_LINES` is 100.", ()),
        ("`MAX_LINES` is 1000.", ("1000",)),
    ],
)
def test_numbers_and_quotes_stand_in_the_code_they_speak_of(
    reader: Checker, sentence: str, wrong: tuple[str, ...]
) -> None:
    judged = reader.sentence(sentence)
    assert judged.unsupported == wrong
    assert judged.verdict == ("flagged" if wrong else "ok")


@pytest.mark.parametrize(
    ("sentence", "wrong"),
    [
        ("In `Cart.add`, quantity defaults to `1`.", ()),
        ("In `Cart.add`, quantity defaults to None.", ("Cart.add has quantity=1",)),
        ('The `discount` parameter of `pricing.apply` has a default of "none".', ()),
        ("In `price_of`, quantity defaults to nothing.", ("quantity of price_of has no default",)),
    ],
)
def test_a_stated_default_is_the_one_of_the_signature(reader: Checker, sentence: str, wrong: tuple[str, ...]) -> None:
    assert reader.sentence(sentence).contradicted == wrong
