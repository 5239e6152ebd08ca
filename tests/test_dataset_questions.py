"""Questions about an invented box: what is asked, that it is true, and that the wordings keep their sets apart."""

from __future__ import annotations

import pytest

from brain.facts import Fact
from dataset.aspects import Facts
from dataset.choose import askings
from dataset.curate import masked_grams
from dataset.names import Names, listing, parts_of
from dataset.phrases import SETS, families, phrases
from dataset.questions import Draft, render, topics
from dataset.score import normalise
from dataset.wording import clause, verb_phrase

PUT = "py:pkg/core.py#Box.put"
SLOT = "py:pkg/util.py#free_slot"
FACTS = [
    Fact(PUT, "path", "pkg/core.py"),
    Fact(PUT, "container", "py:pkg/core.py#Box"),
    Fact(PUT, "purpose", "Stores an item and returns its slot."),
    Fact(PUT, "signature", "def put(self, item, slot=None)"),
    Fact(PUT, "parameter", "item"),
    Fact(PUT, "parameter", "slot", (("default", "None"),)),
    Fact(PUT, "returns", "int"),
    Fact(PUT, "calls", SLOT),
    Fact(PUT, "raises", "ext:builtins#ValueError", (("guard", "slot < 0"), ("message", "slot {slot} is negative"))),
    Fact(SLOT, "path", "pkg/util.py"),
]


def asked(which: str = "train", **choice: str) -> list[Draft]:
    found = list(render(Names().subject(PUT), FACTS, which=which))
    return [d for d in found if all(getattr(d, key) == value for key, value in choice.items())]


def test_an_answer_leads_with_what_was_asked() -> None:
    said = {d.aspect: d.response for d in asked(form="forward")}
    assert said["location"].startswith(("`Box.put` is a method of `Box`", "In `pkg/core.py`"))
    assert "takes `item` and `slot` (default `None`)" in said["parameters"] or said["parameters"].startswith(
        "Pass `item`"
    )
    assert "stores an item and returns its slot" in said["purpose"]
    assert "in the branch where `slot < 0` holds" in said["raises"]


def test_the_way_back_is_asked_too() -> None:
    """From what a function does to its name, and from a message to the code that raises it."""
    backwards = {d.aspect: (d.prompt, d.response) for d in asked(form="reverse")}
    assert "stores an item and returns its slot" in backwards["find"][0]
    assert "Box.put" not in backwards["find"][0]
    assert "`Box.put`" in backwards["find"][1]
    assert "slot … is negative" in backwards["message"][0]
    assert "`ValueError`" in backwards["message"][1]


def test_two_edges_are_asked_in_one_question() -> None:
    hop = asked(form="two_hop", aspect="callee_files")[0]
    assert "util" not in hop.prompt
    assert hop.response == "`Box.put` calls `free_slot` in `pkg/util.py`."
    assert {f.relation for f in hop.facts} == {"calls", "path"}


def test_a_statement_says_whom_and_what_it_is_about() -> None:
    statement = asked(form="statement", aspect="calls")[0]
    assert "Box.put" in statement.prompt
    assert "calls it makes" in statement.prompt
    assert "free_slot" not in statement.prompt
    assert "`free_slot`" in statement.response


def test_every_gold_name_stands_in_the_answer() -> None:
    for draft in asked():
        for fact in draft.facts:
            if fact.object_is_node and fact.relation != "container":
                assert parts_of(fact.object)[1] in draft.response, draft


def test_rendering_is_the_same_every_time() -> None:
    assert asked() == asked()


@pytest.mark.parametrize("aspect", sorted(phrases()))
def test_families_of_the_three_sets_are_disjoint(aspect: str) -> None:
    names = [f.name for which in SETS for f in families(aspect, which)]
    assert len(names) == len(set(names))
    wordings = [
        normalise(v) for which in SETS for f in families(aspect, which) for v in set(map(normalise, f.variants))
    ]
    assert len(wordings) == len(set(wordings))


@pytest.mark.parametrize("aspect", sorted(set(phrases()) - {"statement"}))
def test_every_aspect_can_be_trained_stopped_and_tested(aspect: str) -> None:
    assert len(families(aspect, "train")) >= 4
    assert families(aspect, "valid")
    assert families(aspect, "T1")


def test_no_wording_means_two_things() -> None:
    """One wording under two aspects of the same kind of node would ask one question and want two answers."""
    owners: dict[str, set[str]] = {}
    apart = [{"imports", "calls"}, {"wrong_owner", "homonyms"}, {"location", "homonyms"}, {"location", "wrong_owner"}]
    apart += [
        {"location", "homonyms", "wrong_owner"},
        {"false_call", "false_import"},
        {"members", "contents"},
        {"purpose", "role"},
        {"message", "raised_by"},
    ]
    for aspect in phrases():
        for which in SETS:
            for family in families(aspect, which):
                for variant in family.variants:
                    owners.setdefault(normalise(variant.replace("{o}", "{s}")), set()).add(aspect)
    assert [o for o in owners.values() if len(o) > 1 and not any(o <= group for group in apart)] == []


def test_no_eight_words_of_a_test_question_are_taught() -> None:
    def grams(which: str) -> set[tuple[str, ...]]:
        fill = {"s": "`some_name`", "o": "`other_name`", "k": "function", "c": "Box", "p": "a/b.py", "a": "errors"}
        prompts = (v.format(**fill) for a in phrases() for f in families(a, which) for v in f.variants)
        return {gram for prompt in prompts for gram in masked_grams(prompt)}

    assert grams("T1") & grams("train") == set()


@pytest.mark.parametrize(
    ("doc", "noun", "said"),
    [
        ("Return the current user.", "function", "returns the current user"),
        ("Returns the current user.", "method", "returns the current user"),
        ("Open the file and read its header.", "function", ""),  # "read" may be a noun: better quoted than wrong
        ("Open the file and parse its header.", "function", ""),
        ("Open the file and close it.", "function", "opens the file and closes it"),
        ("A queue of jobs.", "class", "is a queue of jobs"),
        ("The gateway refused the payment.", "class", ""),
        ("The user of this session.", "property", "is the user of this session"),
        ("The price after a discount.", "function", ""),
        ("List of all routes.", "function", ""),
        ("List all routes.", "function", "lists all routes"),
        ("Options that apply to every command.", "class", ""),
        ("Works like `map` but lazily.", "function", ""),
    ],
)
def test_a_doc_sentence_is_turned_only_where_its_grammar_is_sure(doc: str, noun: str, said: str) -> None:
    assert clause(doc, noun) in ({said, "opens the file and parses its header"} if "parse" in doc else {said})


def test_an_infinitive_for_tasks() -> None:
    assert verb_phrase("Returns the current user.") == "return the current user"
    assert verb_phrase("The current user.") == ""


def test_homonyms_are_told_apart_by_their_module() -> None:
    names = Names({"py:a/core.py#Option": "class", "py:a/parser.py#Option": "class", "py:a/core.py#Group": "class"})
    assert names.subject("py:a/core.py#Option").label == "core.Option"
    assert names.subject("py:a/core.py#Group").label == "Group"
    assert names.exists("parser.Option")
    assert not names.exists("types.Option")


def test_homonyms_where_modules_have_no_dotted_name_carry_the_path() -> None:
    names = Names({"ts:web/a.ts#run": "function", "ts:web/b.ts#run": "function"})
    assert names.said("ts:web/a.ts#run") == "`run` in `web/a.ts`"


def test_a_shared_name_is_answered_with_all_its_files() -> None:
    names = Names({"py:a/core.py#Option": "class", "py:a/parser.py#Option": "class"})
    facts = Facts([Fact(i, "path", parts_of(i)[0]) for i in names.types], names)
    topic = next(t for t in topics(names.subject("py:a/core.py#Option"), facts) if t.aspect == "homonyms")
    assert "`a/core.py` and `a/parser.py`" in askings(topic)[0].response


def test_lists_stay_true_when_they_are_long() -> None:
    assert listing(["a"]) == "a"
    assert listing(["a", "b", "c"]) == "a, b and c"
    assert listing([str(n) for n in range(9)], limit=6) == "0, 1, 2, 3, 4, 5 and 3 others"


@pytest.mark.parametrize(
    ("doc", "said"),
    [
        ("Request contexts disappear when the response is started.", ""),
        ("Group options belong to a parser.", ""),
        ("Load environment variables from a file.", "loads environment variables from a file"),
        ("Request the page again.", "requests the page again"),
    ],
)
def test_a_noun_that_looks_like_a_verb_makes_no_clause(doc: str, said: str) -> None:
    assert clause(doc, "function") == said


def test_a_yes_or_no_question_gets_one() -> None:
    """Every family with a lead opens its answers with it, in all its wordings."""
    led = [family for aspect in phrases() for which in SETS for family in families(aspect, which) if family.lead]
    assert {family.lead for family in led} == {"Yes", "No"}
    facts = [
        Fact("py:a.py#f", "path", "a.py"),
        Fact("py:a.py#f", "signature", "def f(x=1)"),
        Fact("py:a.py#f", "parameter", "x", (("default", "1"),)),
    ]
    subject = Names({"py:a.py#f": "function"}).subject("py:a.py#f")
    said = {
        d.prompt: d.response for d in render(subject, facts, names=Names({"py:a.py#f": "function"}), forms=("forward",))
    }
    asked = [answer for prompt, answer in said.items() if "do i have to pass x" in prompt.lower()]
    assert asked
    assert all(answer.startswith("No: `") for answer in asked)


def test_a_symbol_goes_by_what_its_language_calls_it() -> None:
    names = Names({"cpp:a.h#S": "class", "cpp:a.h#S.x": "variable"}, {"cpp:a.h#S": "struct"})
    assert names.subject("cpp:a.h#S").a_noun == "a struct"
    assert names.subject("cpp:a.h#S.x").a_noun == "an attribute"


def test_what_a_test_defines_takes_no_plain_name_from_the_product() -> None:
    names = Names({"py:src/app.py#App": "class", "py:tests/test_app.py#App": "class"})
    assert names.subject("py:src/app.py#App").said() == "`App`"
    assert names.subject("py:tests/test_app.py#App").said() != "`App`"
    assert names.homonyms("App") == ["src/app.py"]
