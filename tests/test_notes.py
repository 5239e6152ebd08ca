"""Notes of the shop: whole sentences, no filler, files touched only when they change."""

from __future__ import annotations

import json
from pathlib import Path

import brains
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brain.derive import FactTable
from brain.facts import Fact
from brain.notes import Note, read_notes, safe_name, write_notes
from brain.signatures import signature
from brain.text import VERBATIM, banned, clean, longest_run, sentences, tokens
from config.console import Console
from config.errors import IncompatibleInput, MissingInput
from config.settings import ExtractSettings
from extractor.extract import run as extract
from extractor.schema import Edge, Node

S = brains.S


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Note]:
    graph = brains.shop(tmp_path_factory.mktemp("notes"))
    brains.build(graph)
    return read_notes(graph.parent / "nodes")


@pytest.mark.parametrize(
    ("node", "summary"),
    [
        (
            f"{S}/cart.py#Cart.add",
            "Put a product into the cart. Takes product and quantity (default 1) and returns Line. Raises ValueError when"
            " quantity < 1. Calls Line. Exercised by test_add_returns_the_line.",
        ),
        (
            f"{S}/catalog.py#Catalog.take",
            "Remove quantity pieces from the stock. Takes name and quantity and returns Product. Raises OutOfStock. May raise"
            " UnknownProduct. Calls Catalog.find. Exercised by test_cannot_take_more_than_there_is.",
        ),
        (
            f"{S}/pricing.py#bulk_discount",
            "A function of shop.pricing that takes price and returns int. Called by price_of and apply.",
        ),
        (
            f"{S}/errors.py#PaymentDeclined",
            "The gateway refused the payment. Extends ShopError. Raised by CardGateway.charge; caught by try_checkout.",
        ),
        (f"{S}/cart.py#MAX_LINES", "A constant of shop.cart, set to 100."),
        (
            f"{S}/checkout.py",
            "From a cart to a receipt. Defines class Receipt; functions checkout and try_checkout. Imports shop.cart.",
        ),
        (
            "error:paymentdeclined-cardgateway.charge",
            "PaymentDeclined is raised by CardGateway.charge when amount > LIMIT. Its message reads"
            ' "{amount} is above the limit of {LIMIT}". Reached through checkout. Caught by try_checkout. Fix: Ensure that'
            " amount <= LIMIT.",
        ),
        (
            "recipe:catalog.load-cart-catalog.find",
            "Use: call Catalog.load; then Cart; then Catalog.find; then Cart.add with quantity; then checkout.",
        ),
        (
            "py:tests/test_cart.py#test_cannot_take_more_than_there_is",
            'A test of Catalog.take: "cannot take more than there is".',
        ),
        ("py:tests/test_cart.py#catalog", "A function of tests.test_cart that returns Catalog."),
        (f"{S}/catalog.py#Catalog.__init__", "A constructor of Catalog that takes products."),
        ("capability:bulk_discount", "Offers bulk_discount and no_discount to the code around it."),
    ],
)
def test_a_note_reads_as_a_maintainer_would_write_it(notes: dict[str, Note], node: str, summary: str) -> None:
    assert notes[node].summary == summary


def test_a_node_with_nothing_beyond_its_name_has_no_summary(notes: dict[str, Note]) -> None:
    assert notes[f"{S}/cart.py#Cart.__len__"].summary == "A method of Cart that returns int."
    assert notes[f"{S}/cart.py#Cart.__init__"].summary == ""
    assert notes[f"{S}/cart.py#Cart.__init__"].facts["doc"] == "none"


def test_a_default_that_a_declaration_leaves_open_is_told_as_optional() -> None:
    node = Node("py:a.pyi#f", "function", "f", "a.pyi", "python")
    facts = [Fact(node.id, "parameter", "level", (("default", "..."),)), Fact(node.id, "returns", "int")]
    said = signature(node, FactTable(facts))
    assert said is not None
    assert said.text == "takes level (optional) and returns int"


def test_an_associated_type_is_no_field(tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "lib.rs").write_text(
        "/// Counts down.\npub struct Count { pub left: u32 }\n"
        "impl Iterator for Count { type Item = u32; fn next(&mut self) -> Option<u32> { None } }\n"
    )
    graph = brains.graph_of(tmp_path / "repo", tmp_path / "graph.sqlite", [])
    brains.build(graph)
    found = read_notes(graph.parent / "nodes")
    assert found["rs:lib.rs#Count"].summary == "Counts down. Methods: next; fields: left."
    assert found["rs:lib.rs#Count.Item"].summary == "A type alias of Count for u32."


def test_what_makes_and_ends_objects_is_no_method_to_name(tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "box.ts").write_text("export class Box {\n  constructor() {}\n  put(): void {}\n}\n")
    (tmp_path / "repo" / "lid.h").write_text("class Lid {\n public:\n  Lid();\n  ~Lid();\n  void close();\n};\n")
    graph = tmp_path / "graph.sqlite"
    extract(ExtractSettings(out_graph=graph, workers=1), Console(quiet=True), tmp_path / "repo")
    brains.build(graph)
    found = read_notes(graph.parent / "nodes")
    assert found["ts:box.ts#Box"].summary == "A class of the module box. Methods: put."
    assert found["cpp:lid.h#Lid"].summary == "A class of the module lid. Methods: close."


def test_tests_are_told_by_what_they_try_whatever_marks_them(tmp_path: Path) -> None:
    (tmp_path / "repo" / "tests").mkdir(parents=True)
    (tmp_path / "repo" / "src").mkdir()
    (tmp_path / "repo" / "src" / "lib.rs").write_text("/// Adds.\npub fn add(a: u32) -> u32 { a }\n")
    (tmp_path / "repo" / "tests" / "sums.rs").write_text(
        "use shop::add;\nfn helper(a: u32) -> u32 { add(a) }\n#[test]\nfn adds_one() { add(helper(1)); }\n"
    )
    test, helper, product = "rs:tests/sums.rs#adds_one", "rs:tests/sums.rs#helper", "rs:src/lib.rs#add"
    calls = [Edge(test, helper, "calls", 4), Edge(test, product, "calls", 4), Edge(helper, product, "calls", 2)]
    graph = brains.graph_of(tmp_path / "repo", tmp_path / "graph.sqlite", calls)
    brains.build(graph)
    found = read_notes(graph.parent / "nodes")
    assert found[test].summary == 'A test of add: "adds one".'
    assert found[helper].summary.startswith("A function of the module sums that takes a")


def test_every_summary_keeps_the_rules(notes: dict[str, Note]) -> None:
    for note in notes.values():
        if not note.summary:
            continue
        assert not banned(note.summary), note
        assert len(tokens(note.summary)) <= 160
        assert note.summary[-1] in ".!?"
        assert note.summary == clean(note.summary)
        assert not any(ref.startswith("ext:") and ref in note.summary for ref in note.refs)
        source = brains.SHOP / note.path
        if source.is_file():
            assert longest_run(note.summary, source.read_text()) <= VERBATIM


def test_every_sentence_stands_on_facts_and_every_ref_is_a_node(notes: dict[str, Note]) -> None:
    for note in notes.values():
        assert len(note.sentences) <= max(1, len(sentences(note.summary)))
        assert all(note.sentences)
        for ref in note.refs:
            assert ref in notes or ref.startswith("ext:"), (note.id, ref)


def test_fewer_tokens_drop_whole_sentences_from_the_end(tmp_path: Path) -> None:
    graph = brains.shop(tmp_path)
    brains.build(graph, summary={"max_tokens": 16})
    note = read_notes(graph.parent / "nodes")[f"{S}/cart.py#Cart.add"]
    assert note.summary == "Put a product into the cart. Raises ValueError when quantity < 1."
    brains.build(graph, summary={"style": "brief"})
    assert read_notes(graph.parent / "nodes")[f"{S}/cart.py#Cart.add"].summary == "Put a product into the cart."


def test_only_what_changed_is_written_again(tmp_path: Path) -> None:
    graph = brains.shop(tmp_path)
    first = brains.build(graph)
    assert first.notes.written == first.nodes
    assert brains.build(graph).skipped
    folder = graph.parent / "nodes"
    before = {p: p.stat().st_mtime_ns for p in folder.glob("*.json")}
    source = tmp_path / "shop" / "src" / "shop" / "pricing.py"
    source.write_text(source.read_text().replace("The price after a discount.", "What is left after a discount."))
    brains.graph_of(tmp_path / "shop", graph, brains.EDGES)
    second = brains.build(graph)
    # The function itself and the capability that takes its purpose from it: nothing else speaks of that sentence.
    assert second.notes.written == 2
    touched = [p.name for p in folder.glob("*.json") if p.stat().st_mtime_ns != before.get(p)]
    assert len(touched) == 2
    assert all("apply" in name for name in touched)


def test_a_note_of_a_vanished_node_goes_and_foreign_files_stay(tmp_path: Path) -> None:
    note = Note("py:a.py#f", "function", "f", "a.py", "python", (1, 2), "", {}, (), "")
    assert write_notes(tmp_path, [note]).written == 1
    (tmp_path / "mine.json").write_text("{}")
    counts = write_notes(tmp_path, [])
    assert counts.removed == 1
    assert [p.name for p in tmp_path.iterdir()] == ["mine.json"]


def test_notes_come_back_as_they_were_written(tmp_path: Path) -> None:
    note = Note(
        "py:a.py#f",
        "function",
        "f",
        "a.py",
        "python",
        (1, 2),
        "S.",
        {"doc": "none"},
        ("py:a.py",),
        "x",
        sentences=(("1",),),
    )
    write_notes(tmp_path, [note])
    assert read_notes(tmp_path) == {note.id: note}


def test_file_names_are_safe_and_differ_for_ids_that_look_alike() -> None:
    ids = [
        "py:a.py#F",
        "py:a.py#f",
        "py:a/b.py#f",
        "py:a.b.py#f",
        "cpp:x.h#operator<",
        "cpp:x.h#operator>",
        "con",
        "py:" + "x" * 400,
    ]
    names = [safe_name(i) for i in ids]
    assert len({name.lower() for name in names}) == len(ids)
    assert all(len(name) < 150 and "/" not in name and not name.lower().startswith("con.") for name in names)


@settings(deadline=None)
@given(st.text(min_size=1), st.text(min_size=1))
def test_no_two_ids_share_a_file(one: str, other: str) -> None:
    assert (safe_name(one) == safe_name(other)) == (one == other)
    assert not set(safe_name(one)) & set('/\\:*?"<>|\0\n')


def test_missing_and_broken_notes_are_named(tmp_path: Path) -> None:
    with pytest.raises(MissingInput, match="no notes"):
        read_notes(tmp_path / "absent")
    (tmp_path / "x.json").write_text(json.dumps({"id": 1}))
    with pytest.raises(IncompatibleInput, match=r"x\.json"):
        read_notes(tmp_path)
