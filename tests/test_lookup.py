"""Index and lookup over the shop: what is found, in which order, and why."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import brains
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brain.asking import asks_tests, asks_usage, code_words, distance, query_shape, query_terms
from brain.index import Row, expand, index_path, open_index, write_index
from brain.lookup import Lookup
from config.console import Console
from config.errors import IncompatibleInput, MissingInput
from config.settings import ExtractSettings
from extractor.extract import run as extract

S = brains.S


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lookup")
    path = brains.shop(folder)
    brains.build(path)
    shutil.rmtree(folder / "shop")  # lookup never needs the repository
    return path


@pytest.fixture(scope="module")
def lookup(graph: Path) -> Lookup:
    return Lookup.open(graph)


@pytest.mark.parametrize(
    ("question", "node"),
    [
        ("Cart.add", f"{S}/cart.py#Cart.add"),
        ("open_gateway()", f"{S}/gateway.py#open_gateway"),
        ("where are discounts applied to the price", f"{S}/pricing.py#apply"),
        ("how is the card company asked for money", f"{S}/gateway.py#CardGateway.charge"),
        ("reading a catalog from json", f"{S}/catalog.py#Catalog.load"),
        ("what does `try_checkout` return when payment is declined?", f"{S}/checkout.py#try_checkout"),
    ],
)
def test_the_right_node_comes_first(lookup: Lookup, question: str, node: str) -> None:
    hits = lookup.search(question)
    assert hits[0].node_id == node, [(h.node_id, h.score, h.features) for h in hits[:4]]
    assert hits[0].snippet
    assert hits[0].start > 0
    assert not hits[0].via


def test_a_document_section_is_found_with_its_lines(lookup: Lookup) -> None:
    hit = next(
        h for h in lookup.search("more was asked for than the catalog holds: lower the quantity") if h.kind == "section"
    )
    text = (brains.SHOP / hit.path).read_text().splitlines()[hit.start - 1 : hit.end]
    assert any("lower the quantity" in line for line in text)


def test_scores_descend_and_every_score_is_explained(lookup: Lookup) -> None:
    hits = lookup.search("how is a cart paid for", k=20)
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)
    assert all("match" in h.features for h in hits)
    assert len({h.node_id or (h.path, h.start) for h in hits}) == len(hits)


def test_a_page_shows_each_span_once_and_names_what_else_stands_there(lookup: Lookup) -> None:
    asked = ("how is a cart paid for", "card gateway", "where are discounts applied to the price", "Cart")
    hits = [h for question in asked for h in lookup.search(question, k=30)]
    for question in asked:
        spans = [(h.path, h.start, h.end) for h in lookup.search(question, k=30) if h.start]
        assert len(set(spans)) == len(spans), question
    shared = [h for h in hits if "also capability" in h.features]
    assert shared
    assert all(0 < h.features["also capability"] <= h.score for h in shared)


def test_tests_come_last_unless_the_question_is_about_tests(lookup: Lookup) -> None:
    plain = lookup.search("quantity below one is refused", k=20)
    asked = lookup.search("which test checks that a quantity below one is refused", k=20)
    name = f"{brains.T}#test_quantity_below_one_is_refused"
    rank = [h.node_id for h in plain].index(name)
    assert "test" in plain[rank].features
    assert asked[0].node_id == name
    assert "test" not in asked[0].features


def test_filters_keep_only_what_they_name(lookup: Lookup) -> None:
    assert {h.path for h in lookup.search("cart", path_glob="src/shop/ca*.py")} == {
        "src/shop/cart.py",
        "src/shop/catalog.py",
    }
    assert {h.kind for h in lookup.search("cart", kinds=("capability", "recipe"))} == {"capability", "recipe"}


def test_existence_and_near_names(lookup: Lookup) -> None:
    assert [n.id for n in lookup.exists("Catalog.find")] == [f"{S}/catalog.py#Catalog.find"]
    assert lookup.exists("Catalog.teleport") == []
    assert lookup.near("Catalog.resock")[0] == "Catalog.restock"
    assert lookup.near("open_gatway")[0] == "open_gateway"
    assert all(name.startswith("Cart.") for name in lookup.near("Cart.adding")[:1])


def test_neighbours_are_context_and_say_how_they_were_reached(lookup: Lookup) -> None:
    hits = {h.node_id: h.via for h in lookup.neighbours([f"{S}/gateway.py#CardGateway.charge"])}
    assert hits[f"{S}/checkout.py#checkout"] == "calls (from)"
    assert hits[f"{S}/errors.py#PaymentDeclined"] == "throws"
    assert hits[f"{S}/gateway.py#CardGateway"] == "defined_in"


@pytest.mark.parametrize(
    "question",
    ["", "   ", "???", '"', "*", "foo(", 'a-b "x', "NEAR(a b)", "x:y", "-", "the of and", "' OR 1=1 --", "日本語"],
)
def test_no_question_breaks_the_search(lookup: Lookup, question: str) -> None:
    lookup.search(question)
    lookup.near(question)
    lookup.exists(question)


@settings(deadline=None, max_examples=40)
@given(st.text(max_size=60))
def test_any_text_can_be_asked(graph: Path, text: str) -> None:
    with Lookup.open(graph) as lookup:
        for hit in lookup.search(text, 3):
            assert hit.score > 0
        lookup.near(text)


def test_words_are_searched_whole_and_in_parts() -> None:
    assert expand("HTTPServer.parse_header(x)") == "HTTPServer http server parse_header parse header x"
    assert query_terms("Where is the parse_header defined?") == ["parse_header", "parse", "header"]
    assert query_terms("what is it") == ["what", "is", "it"]


@pytest.mark.parametrize(
    ("question", "shape"),
    [
        ("Cart", "symbol"),
        ("shop::Cart", "symbol"),
        ("Cart.add()", "symbol"),
        ("src/shop/cart.py", "path"),
        ("cart.py", "path"),
        ("ValueError: quantity must be at least 1", "error"),
        ("how is a cart paid for", "prose"),
        ("gateway: retry a declined payment", "change"),
        ("[pricing] Round half up", "change"),
        ("Fixed the rounding of totals", "change"),
        ("don't charge twice", "change"),
        ("add an item to a cart", "prose"),
        ("fix: why is a cart charged twice?", "prose"),
    ],
)
def test_the_shape_of_a_question(question: str, shape: str) -> None:
    assert query_shape(question) == shape


def test_the_subject_of_a_commit_leads_to_the_file_it_changed(lookup: Lookup) -> None:
    hits = lookup.search("gateway: fixed the charge of a declined card")
    assert hits[0].path == "src/shop/gateway.py"
    assert "file" in hits[0].features
    # Whoever names a kind looks for one symbol.
    assert "file" not in lookup.search("gateway: fixed the charge of a declined card", kinds=("method",))[0].features


def test_code_words_are_those_written_as_code() -> None:
    assert code_words("does `x` call Cart.add, open_gateway() or MyClass? no") == [
        "x",
        "Cart.add",
        "open_gateway()",
        "MyClass",
    ]


def test_edit_distance_counts_swaps_once_and_ignores_case() -> None:
    assert distance("Restock", "retsock") == 1
    assert distance("abc", "abd") == 1
    assert distance("", "abc") == 3
    assert distance("same", "SAME") == 0


@given(st.text(max_size=8), st.text(max_size=8))
def test_edit_distance_is_a_distance(a: str, b: str) -> None:
    assert distance(a, b) == distance(b, a) <= max(len(a.lower()), len(b.lower()))


def test_missing_and_foreign_indexes_are_named(tmp_path: Path) -> None:
    with pytest.raises(MissingInput, match="no index") as caught:
        open_index(tmp_path / "index.sqlite")
    assert caught.value.hint == "make brain"
    (tmp_path / "index.sqlite").write_text("not a database, but long enough to look like a file with some content")
    with pytest.raises(IncompatibleInput, match="not an index"):
        open_index(tmp_path / "index.sqlite")
    sqlite3.connect(tmp_path / "other.sqlite").execute("CREATE TABLE x (y)").connection.close()
    with pytest.raises(IncompatibleInput, match="schema 0"):
        open_index(tmp_path / "other.sqlite")


def test_a_failed_build_leaves_the_old_index(graph: Path, tmp_path: Path) -> None:
    place = tmp_path / "index.sqlite"
    shutil.copy(index_path(graph), place)
    before = place.read_bytes()

    def broken() -> Iterator[Row]:
        yield Row("py:a.py#f", "function", "a.py", 1, 1, "f", "f")
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        write_index(place, broken(), {})
    assert place.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["index.sqlite"]


def test_words_that_mean_the_same_are_found_and_weigh_less(tmp_path: Path) -> None:
    repo = tmp_path / "r"
    repo.mkdir()
    (repo / "one.py").write_text("def read_config():\n    return 1\n\n\ndef paint():\n    return 2\n")
    brains.build(brains.graph_of(repo, tmp_path / "graph.sqlite", []))
    with Lookup.open(tmp_path / "graph.sqlite") as lookup:
        hit = lookup.search("where do the settings come from")[0]
        assert hit.node_id == "py:one.py#read_config"
        assert hit.features["alike"] == hit.features["match"] < 0.5
    with Lookup.open(tmp_path / "graph.sqlite", without=("alike",)) as lookup:
        assert not lookup.search("where do the settings come from")


def test_a_question_about_use_is_not_one_about_tests() -> None:
    assert asks_usage("how do I test a command")
    assert asks_usage("How to run it under test?")
    assert not asks_usage("how do nested commands share state")
    assert asks_tests("which tests cover the parser")
    assert not asks_tests("the latest attestation")


@pytest.fixture(scope="module")
def kettles(tmp_path_factory: pytest.TempPathFactory) -> Lookup:
    """Documentation above what it documents, and one name borne by a class and by a method of another."""
    folder = tmp_path_factory.mktemp("kettles")
    source = (
        "package acme\n\n// Kettle heats water.\n//\n// It whistles once the thermostat trips.\ntype Kettle struct{}\n\n"
        "type Shelf struct{}\n\nfunc (s Shelf) Kettle() Kettle { return Kettle{} }\n"
    )
    (folder / "r").mkdir()
    (folder / "r" / "kettle.go").write_text(source)
    (folder / "r" / "go.mod").write_text("module acme\n")
    extract(ExtractSettings(out_graph=folder / "graph.sqlite", workers=1), Console(quiet=True), folder / "r")
    brains.build(folder / "graph.sqlite")
    return Lookup.open(folder / "graph.sqlite")


def test_documentation_above_a_definition_is_found(kettles: Lookup) -> None:
    assert kettles.search("what whistles when the thermostat trips")[0].name == "Kettle"


def test_a_bare_name_means_what_stands_on_its_own_first(kettles: Lookup) -> None:
    names = [(h.kind, h.name) for h in kettles.search("Kettle") if h.kind in ("class", "method")]
    assert names[:2] == [("class", "Kettle"), ("method", "Shelf.Kettle")]
    assert kettles.search("Shelf.Kettle")[0].name == "Shelf.Kettle"


def test_a_file_that_bears_the_name_of_a_symbol_speaks_for_it(tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "create_logger.py").write_text('def default():\n    """Make one."""\n')
    (tmp_path / "repo" / "other.py").write_text('def other():\n    """Wants createLogger."""\n')
    graph = brains.graph_of(tmp_path / "repo", tmp_path / "graph.sqlite", [])
    brains.build(graph)
    with Lookup.open(graph) as lookup:
        found = {hit.path: hit.features.get("path", 0.0) for hit in lookup.search("createLogger")}
    assert found["create_logger.py"] > found["other.py"] == 0.0
