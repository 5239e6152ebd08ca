"""Questions about an invented box: what is asked, that it is true, and that the wordings keep their sets apart."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rendering import render

from brain.facts import Fact
from dataset.choose import askings
from dataset.curate import masked_grams
from dataset.names import Names, listing, parts_of
from dataset.phrases import PHRASES, SETS, families
from dataset.questions import Draft, topics
from dataset.score import normalise
from dataset.topics import Facts, beside, by_file, classlike
from dataset.wording import clause, own_sentence, restates, verb_phrase
from extractor.languages import SPECS

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


@pytest.mark.parametrize("aspect", sorted(PHRASES))
def test_families_of_the_three_sets_are_disjoint(aspect: str) -> None:
    names = [f.name for which in SETS for f in families(aspect, which)]
    assert len(names) == len(set(names))
    wordings = [
        normalise(v) for which in SETS for f in families(aspect, which) for v in set(map(normalise, f.variants))
    ]
    assert len(wordings) == len(set(wordings))


@pytest.mark.parametrize("aspect", sorted(set(PHRASES) - {"statement"}))
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
    for aspect in PHRASES:
        for which in SETS:
            for family in families(aspect, which):
                for variant in family.variants:
                    owners.setdefault(normalise(variant.replace("{o}", "{s}")), set()).add(aspect)
    assert [o for o in owners.values() if len(o) > 1 and not any(o <= group for group in apart)] == []


def test_no_eight_words_of_a_test_question_are_taught() -> None:
    def grams(which: str) -> set[tuple[str, ...]]:
        fill = {"s": "`some_name`", "o": "`other_name`", "k": "function", "c": "Box", "p": "a/b.py", "a": "errors"}
        prompts = (v.format(**fill) for a in PHRASES for f in families(a, which) for v in f.variants)
        return {gram for prompt in prompts for gram in masked_grams(prompt)}

    assert grams("T1") & grams("train") == set()


@pytest.mark.parametrize(
    ("doc", "noun", "said"),
    [
        ("Return the current user.", "function", "returns the current user"),
        ("Returns the current user.", "method", "returns the current user"),
        ("Open the file and read its header.", "function", "opens the file and reads its header"),
        ("Grant read and write access.", "function", ""),
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
    assert "`a/core.py` and `a/parser.py`" in next(askings(topic)).response


@pytest.mark.parametrize(
    ("doc", "said"),
    [
        ("A Compaction encapsulates information about itself.", ""),
        ("A HTML element consists of a tag name and attributes.", ""),
        ("A parameter to a command comes in two versions.", ""),
        ("A settings object for tests.", "is a settings object for tests"),
        ("A list of Elements, with methods that act on each.", "is a list of Elements, with methods that act on each"),
        ("An object to dispatch messages to handlers.", "is an object to dispatch messages to handlers"),
        ("A file for reading the contents of a file.", "is a file for reading the contents of a file"),
        ("A wrapper around a status flag.", "is a wrapper around a status flag"),
    ],
)
def test_a_sentence_of_its_own_is_no_noun_phrase(doc: str, said: str) -> None:
    assert clause(doc, "class") == said


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
        ("Requests encountered an error when trying to rewind a body.", ""),
        ("Resolve any strings and forward annotations.", ""),  # forward: verb or not
        ("Serialize it as JSON, and return the response.", "serializes it as JSON, and returns the response"),
    ],
)
def test_a_noun_that_looks_like_a_verb_makes_no_clause(doc: str, said: str) -> None:
    assert clause(doc, "function") == said


def test_a_yes_or_no_question_gets_one() -> None:
    """Every family with a lead opens its answers with it, in all its wordings."""
    led = [family for aspect in PHRASES for which in SETS for family in families(aspect, which) if family.lead]
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


@pytest.mark.parametrize(
    ("doc", "name", "told"),
    [
        ("Load loads a tree from a reader.", "Load", "Loads a tree from a reader."),
        ("mix -- mix three values reversibly.", "mix", "Mix three values reversibly."),
        ("Load balancing for three servers.", "Load", "Load balancing for three servers."),
        ("Creates a new [Options] with a width.", "make", "Creates a new Options with a width."),
        ("https://example.org/spec#alpha.", "alpha", ""),
        ("gettimeofday() and getpid().", "seed", ""),
        ("Change ',' to '.", "fix", ""),
        ("Fix line ends on Windows (.", "fix", ""),
        ("Comments must be //.", "comment", ""),
        ("The user's name, never the users' names.", "user", "The user's name, never the users' names."),
        ("Misst die Größe eines Bildes.", "größe", "Misst die Größe eines Bildes."),
    ],
)
def test_a_doc_sentence_is_told_without_the_name_that_leads_it_or_not_at_all(doc: str, name: str, told: str) -> None:
    assert own_sentence(doc, name) == told


def test_a_sentence_that_only_repeats_the_name_is_not_told() -> None:
    assert restates("Initializes a new instance of the JArray class.", "JArray.JArray")
    assert not restates("Initializes a new instance of the JArray class from a list.", "JArray.JArray")


@pytest.mark.parametrize(
    ("doc", "said"),
    [
        ("A class with slots has a field without a type.", ""),
        ("The red, green, and blue components of a color.", ""),
        ("The class to use for it.", "is the class to use for it"),
        ("A helper for things that are small.", "is a helper for things that are small"),
    ],
)
def test_a_noun_phrase_agrees_with_one_thing_and_has_no_verb(doc: str, said: str) -> None:
    assert clause(doc, "class") == said


@pytest.mark.parametrize("doc", ["Of any space when none is named.", "Create a filter that only allows what."])
def test_a_sentence_that_lacks_an_end_tells_nothing(doc: str) -> None:
    assert own_sentence(doc, "f") == ""


LIMIT, BOX = "py:pkg/core.py#LIMIT", "py:pkg/core.py#Box"
VARIABLES = [
    Fact(LIMIT, "path", "pkg/core.py"),
    Fact(LIMIT, "value", "3"),
    Fact(LIMIT, "purpose", "Items that fit into a box."),
    Fact(LIMIT, "used_by", PUT),
    Fact(LIMIT, "imported_by", "py:pkg/util.py"),
    Fact("py:pkg/core.py", "member", LIMIT, (("type", "variable"),)),
    Fact("py:pkg/core.py", "path", "pkg/core.py"),
]


def test_a_constant_is_told_with_its_users_and_with_its_neighbours() -> None:
    names = Names({LIMIT: "variable", PUT: "method", "py:pkg/core.py": "module", "py:pkg/util.py": "module"})
    users = next(d for d in render(names.subject(LIMIT), VARIABLES, names=names) if d.aspect == "used_by")
    assert "`Box.put`" in users.response
    assert "and `pkg/util.py` imports it" in users.response
    told = [d for d in render(names.subject("py:pkg/core.py"), VARIABLES, names=names) if d.aspect == "register"]
    assert {d.form for d in told} == {"statement"}
    assert told[0].prompt.endswith(": variable `LIMIT`")
    assert told[0].response == (
        "In `pkg/core.py`: `LIMIT` is set to `3` and is documented as “Items that fit into a box”."
    )


def test_a_default_that_is_left_open_is_no_default() -> None:
    facts = [*FACTS[:4], Fact(PUT, "parameter", "slot", (("default", "..."),))]
    found = list(render(Names().subject(PUT), facts))
    assert [d for d in found if d.aspect == "default"] == []
    assert any("`slot` (optional)" in d.response for d in found)


def test_an_error_that_is_only_declared_is_not_said_to_come_out_of_calls() -> None:
    facts = [*FACTS[:1], Fact(PUT, "may_raise", "ext:builtins#KeyError", (("how", "declared"),))]
    names = Names({PUT: "method", "ext:builtins#KeyError": "external"})
    said = {d.aspect: d.response for d in render(names.subject(PUT), facts, names=names)}
    assert "may_raise" not in said
    assert said["raises"].startswith(
        "`Box.put` is declared, in its signature or its documentation, to raise `KeyError`."
    )


def test_the_class_of_an_error_that_is_raised_is_not_called() -> None:
    gone = "py:pkg/core.py#Gone"
    facts = [*FACTS[:1], Fact(PUT, "calls", gone), Fact(PUT, "calls", SLOT), Fact(gone, "raised_by", PUT)]
    names = Names({PUT: "method", gone: "class", SLOT: "function"})
    said = {d.aspect: d.response for d in render(names.subject(PUT), facts, names=names)}
    assert "`free_slot`" in said["calls"]
    assert "Gone" not in said["calls"]


@pytest.mark.parametrize(
    ("node_id", "may"),
    [("ext:builtins#ValueError", True), ("ext:@fastify/error", False), ("ext:std#io.Error.new", False)],
)
def test_a_package_or_a_function_of_a_type_is_no_error(node_id: str, may: bool) -> None:
    assert classlike(node_id) == may


def test_a_file_is_not_said_to_stand_in_itself() -> None:
    names = Names({"js:a/x.js": "module", "js:a/x.js#f": "function", "js:b/y.js#g": "function"})
    ends = [Fact("js:c.js#h", "tested_by", end) for end in ("js:a/x.js", "js:b/y.js#g")]
    places = [Fact(f.object, "path", f.object.partition(":")[2].partition("#")[0]) for f in ends]
    assert by_file(names, ends, places) == "`a/x.js`; and `g` in `b/y.js`"
    both = [Fact("js:c.js#h", "tested_by", end) for end in ("js:a/x.js", "js:a/x.js#f")]
    assert by_file(names, both, [places[0]] * 2) == "`f` in `a/x.js` and its top level"


def test_the_file_that_a_name_stands_in_does_not_import_it() -> None:
    lid, tests, user = "rs:a.rs#Lid", "rs:a.rs#tests", "rs:b.rs"
    facts = Facts([Fact(lid, "imported_by", tests), Fact(lid, "imported_by", user)], Names())
    assert [f.object for f in facts.listed(lid, "imported_by")] == [user]


def test_a_base_that_may_be_one_of_several_is_not_told() -> None:
    ends = [Fact(BOX, "extends", base, (("either", "yes"),)) for base in ("ext:typing#Protocol", "ext:builtins#object")]
    facts = [Fact(BOX, "path", "pkg/core.py"), *ends]
    names = Names({BOX: "class", "ext:typing#Protocol": "external", "ext:builtins#object": "external"})
    assert [d for d in render(names.subject(BOX), facts, names=names) if d.aspect == "extends"] == []


def test_a_stripped_subject_leaves_a_clause() -> None:
    assert clause("Is to make work with dual options easier.", "class") == "is to make work with dual options easier"
    assert clause("Method can be used with a context.", "method") == "can be used with a context"


SLIP = "py:a.py#SlipError"


def response(facts: list[Fact], node: str, aspect: str, types: dict[str, str]) -> str:
    """The first answer of one aspect, empty where nothing is asked."""
    known = Facts(facts, Names(types))
    found = [t for t in topics(known.names.subject(node), known) if t.aspect == aspect]
    return found[0].answers[0] if found else ""


class Told(Facts):
    """Facts with one error node that speaks about the class."""

    def speaking(self, node_id: str, role: str) -> list[str]:
        return ["error:slip"] if (node_id, role) == (SLIP, "about") else []


@pytest.mark.parametrize(
    ("text", "evidence", "said"),
    [
        ("Pass a positive width.", "a.py:7-7", "The message of `walk` says “Pass a positive width”."),
        ("Catch SlipError, as walk does.", "py:a.py#walk", ""),
        ("Width was not positive.", "a.py:7-7", ""),
        (
            "A SlipError means that you should pass less.",
            "docs/x.md:3-4",
            "`docs/x.md` says “A SlipError means that you should pass less”.",
        ),
    ],
)
def test_advice_is_what_somebody_advises_and_no_handler(text: str, evidence: str, said: str) -> None:
    facts = [
        Fact(SLIP, "path", "a.py"),
        Fact("error:slip", "title", "SlipError: no"),
        Fact("error:slip", "message", f"no. {text}" if evidence == "a.py:7-7" else "no way"),
        Fact("error:slip", "raised_by", "py:a.py#walk"),
        Fact("error:slip", "fix", text, (("evidence", evidence),)),
    ]
    known = Told(facts, Names({SLIP: "class", "py:a.py#walk": "function"}))
    found = [t.answers for t in topics(known.names.subject(SLIP), known) if t.aspect == "fix"]
    assert found == ([(said,)] if said else [])


def test_a_type_shows_what_outside_code_may_use() -> None:
    box = "java:a/Box.java#Box"
    facts = [
        Fact(box, "path", "a/Box.java"),
        *(Fact(box, "member", f"{box}.{n}") for n in ("Box", "put", "seal", "put@2")),
    ]
    facts += [Fact(f"{box}.{n}", "visibility", v) for n, v in (("put", "public"), ("seal", "private"))]
    types = {box: "class", **{f"{box}.{n}": "method" for n in ("Box", "put", "seal")}}
    assert response(facts, box, "members", types) == "`Box` defines one public member: `put`. It is in `a/Box.java`."


@pytest.mark.parametrize(
    ("action", "raises", "said"),
    [
        ("handle", (), "`walk` catches `SlipError`. It is in `a.py`."),
        ("reraise", (), "`walk` catches `SlipError` and raises it again. `walk` is in `a.py`."),
        ("convert", ("ext:builtins#ValueError",), "`walk` catches `SlipError` and turns it into another error. `walk` is in `a.py`."),
        ("convert", (SLIP,), "`walk` catches `SlipError` and passes it on. `walk` is in `a.py`."),
    ],
)  # fmt: skip
def test_a_handler_is_said_to_do_what_it_does(action: str, raises: tuple[str, ...], said: str) -> None:
    walk = "py:a.py#walk"
    facts = [Fact(walk, "path", "a.py"), Fact(walk, "catches", SLIP, (("action", action),))]
    facts += [Fact(walk, "raises", error) for error in raises]
    types = {walk: "function", SLIP: "class", "ext:builtins#ValueError": "external"}
    assert response(facts, walk, "catches", types) == said
    if raises == (SLIP,):
        assert response(facts, walk, "raises", types) == ""  # passed on, not raised


def test_a_handler_does_not_explain_itself_by_a_call_it_does_not_cover() -> None:
    """What comes out of the catcher all the same was raised where its handler does not reach."""
    walk, step = "py:a.py#walk", "py:a.py#step"
    facts = [Fact(walk, "catches", SLIP), Fact(walk, "calls", step), Fact(step, "raises", SLIP)]
    types = {walk: "function", step: "function", SLIP: "class"}
    assert "`step`" in response(facts, walk, "why_caught", types)
    assert response([*facts, Fact(walk, "may_raise", SLIP)], walk, "why_caught", types) == ""


def test_languages_are_told_in_their_own_words() -> None:
    load, tree = "go:toml.go#Load", "go:toml.go#Tree"
    facts = [Fact(load, "path", "toml.go"), Fact(load, "raises", "ext:builtin#error"), Fact(tree, "path", "toml.go")]
    facts += [Fact(tree, "extends", "go:toml.go#raises")]
    types = {load: "function", tree: "class", "go:toml.go#raises": "class", "ext:builtin#error": "external"}
    assert response(facts, load, "raises", types) == "`Load` fails with `error`. It is in `toml.go`."
    assert response(facts, tree, "extends", types) == "`Tree` embeds `raises`. It is in `toml.go`."
    url = "rs:src/lib.rs#Url"
    facts = [Fact(url, "path", "src/lib.rs"), Fact(url, "decorator", "derive(Debug)")]
    assert response(facts, url, "decorator", {url: "class"}).startswith("`Url` carries `#[derive(Debug)]`.")


def test_an_interface_is_implemented_by_classes() -> None:
    shape, types = "java:S.java#Shape", {"java:S.java#Shape": "interface", "java:S.java#Box": "class"}
    facts = [Fact(shape, "path", "S.java"), Fact(shape, "subclass", "java:S.java#Box")]
    assert response(facts, shape, "implementers", types) == "`Shape` is implemented by `Box`. It is in `S.java`."
    assert response(facts, shape, "subclasses", types) == ""


def test_tests_stand_beside_the_product_wherever_they_are() -> None:
    for node_id in (
        "rs:src/lib.rs#tests.wraps",
        "py:a.py#GlobTest.test_all",
        "cs:Src/Lib.Tests/A.cs#A",
        "cpp:src/test_lib/a.cpp#f",
    ):
        assert beside(node_id), node_id
    for node_id in ("py:src/click/testing.py#CliRunner", "py:a.py#latest.run", "py:contest/a.py#f", "py:a.py#test"):
        assert not beside(node_id), node_id


@pytest.mark.parametrize("path", sorted((Path(__file__).parents[1] / "dataset").glob("*.py")), ids=lambda p: p.name)
def test_no_language_is_named(path: Path) -> None:
    """What is said of a language stands with the languages, so that a new one needs no word here."""
    names = {spec.name for spec in SPECS} - {"c", "go"}
    prefixes = {f"{spec.prefix}:" for spec in SPECS}
    text = path.read_text(encoding="utf-8")
    assert [n for n in sorted(names) if re.search(rf"\b{n}\b", text, re.I)] == []
    assert [p for p in sorted(prefixes) if re.search(rf"[\"\']{p}", text)] == []
    assert not re.search(r"lang(?:uage)?\b[^\n]*(?:==|!=| in )\s*\(?[\"\']", text)


def test_what_is_implemented_is_not_called_extended() -> None:
    shelf, box, lid = "java:p/Shelf.java#Shelf", "java:q/Box.java#Box", "java:q/Lid.java#Lid"
    facts = [
        Fact(shelf, "path", "p/Shelf.java"),
        Fact(shelf, "subclass", box, (("kind", "implements"),)),
        Fact(shelf, "subclass", lid),
        Fact(box, "path", "q/Box.java"),
        Fact(lid, "path", "q/Lid.java"),
        Fact(box, "member", f"{box}.open"),
        Fact(box, "member", f"{box}.close"),
        Fact(f"{box}.open", "overrides", f"{shelf}.open"),
        Fact(f"{box}.close", "overrides", f"{lid}.close"),
        Fact(f"{shelf}.open", "container", shelf),
        Fact(f"{lid}.close", "container", lid),
    ]
    methods = [f"{shelf}.open", f"{lid}.close", f"{box}.open", f"{box}.close"]
    types = {shelf: "interface", box: "class", lid: "class"} | dict.fromkeys(methods, "method")
    names = Names(types)
    said = {
        d.aspect: d.response
        for i in (shelf, box)
        for d in render(names.subject(i), facts, names=names)
        if d.form == "two_hop"
    }
    assert said["subclass_files"] == (
        "`Shelf` is extended by `Lid` in `q/Lid.java`, and is implemented by `Box` in `q/Box.java`."
    )
    assert said["replaced"] == "`Box` overrides `Lid.close`, and implements `Shelf.open`."


def test_who_sets_a_variable_is_told_with_who_uses_it() -> None:
    size, add, read = "java:A.java#A.size", "java:A.java#A.add", "java:A.java#A.get"
    facts = [Fact(size, "path", "A.java"), Fact(size, "set_by", add)]
    names = Names({size: "variable", add: "method", read: "method"})
    for told, answer in (
        (facts, "`A.size` is set by `A.add`. It is in `A.java`."),
        (
            [*facts, Fact(size, "used_by", read)],
            "`A.size` is used by `A.get`, and `A.add` sets it. `A.size` is in `A.java`.",
        ),
    ):
        said = [d.response for d in render(names.subject(size), told, names=names) if d.aspect == "used_by"]
        assert answer in said


def test_a_call_of_what_a_method_overrides_only_may_reach_it() -> None:
    put, store, cellar, check = (
        "cpp:a.cc#Cellar.put",
        "cpp:b.cc#store",
        "cpp:b.cc#fill",
        "cpp:a_test.cc#StoreTest_Fills",
    )
    maybe = (("via", "override"),)
    facts = [
        Fact(put, "path", "a.cc"),
        Fact(put, "called_by", store, maybe),
        Fact(put, "called_by", cellar),
        Fact(put, "tested_by", check, maybe),
        Fact(check, "path", "a_test.cc"),
        Fact(cellar, "path", "b.cc"),
        Fact(store, "path", "b.cc"),
    ]
    names = Names(dict.fromkeys((put, store, cellar, check), "function") | {put: "method"})
    said = {d.aspect: d.response for d in render(names.subject(put), facts, names=names)}
    assert said["called_by"] == "`Cellar.put` is called by `fill`, and may be called by `store`. It is in `a.cc`."
    assert said["tests"] == "`Cellar.put` may be exercised by `StoreTest_Fills` in `a_test.cc`."
    assert said["caller_files"] == "`Cellar.put` is called by `fill` in `b.cc`."


@pytest.mark.parametrize(("above", "told"), [(5, True), (7, False)])
def test_a_path_is_told_whole_or_not_at_all(above: int, told: bool) -> None:
    base = "py:pkg/core.py#Base"
    further = [f"py:pkg/core.py#Mixin{number}" for number in range(above)]
    facts = [Fact(BOX, "extends", base), *(Fact(base, "extends", other) for other in further)]
    names = Names(dict.fromkeys((BOX, base, *further), "class"))
    said = [d.response for d in render(names.subject(BOX), facts, names=names) if d.aspect == "grandparent"]
    assert bool(said) == told
    assert all(f"`Mixin{number}`" in answer for answer in said for number in range(above))
