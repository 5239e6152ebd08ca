"""The graph's storage: written whole or not at all, read sorted, found by the names people type."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from asking import index

from config.errors import IncompatibleInput, MissingInput, NothingFound, StorageError
from config.manifest import Manifest, write_manifest
from extractor.graph import Graph, write_brain, write_graph
from extractor.inspection import callees, callers, overview, path, raises
from extractor.schema import Edge, FileRow, Node, Unresolved, span_hash

CART, ADD, TOTAL, PRICE = (
    "py:shop/cart.py#Cart",
    "py:shop/cart.py#Cart.add",
    "py:shop/cart.py#Cart.total",
    "py:shop/p.py#price",
)


def symbol(node_id: str, kind: str, line: int = 1) -> Node:
    file = node_id.partition(":")[2].partition("#")[0]
    return Node(
        node_id,
        kind,
        node_id.rpartition("#")[2].rpartition(".")[2],
        file,
        "python",
        {"start_line": line, "end_line": line},
    )


NODES = [
    symbol(PRICE, "function", 3),
    symbol(CART, "class", 1),
    symbol(ADD, "method", 2),
    symbol(TOTAL, "method", 5),
    Node("py:shop/cart.py", "module", "cart", "shop/cart.py", "python", {"start_line": 1, "end_line": 9}),
    Node("py:shop/__init__.py", "module", "shop", "shop/__init__.py", "python"),
    Node("py:shop/", "package", "shop", "shop", "python"),
    Node("ext:builtins#ValueError", "external", "ValueError", "", "python"),
]
EDGES = [
    Edge(ADD, TOTAL, "calls", 3, 0.9, "self"),
    Edge(TOTAL, PRICE, "calls", 6, 0.95, "import"),
    Edge(PRICE, ADD, "calls", 7, 0.5, "callback"),
    Edge(ADD, CART, "defined_in", 2),
    Edge(ADD, "ext:builtins#ValueError", "throws", 4, 0.95, "raise", {"how": "direct", "message": "below {minimum}"}),
]
FILES = [FileRow("shop/cart.py", "python", "aa", "v1", "ok", "", 9), FileRow("b.bin", "", "", "", "skipped", "binary")]
UNRESOLVED = [
    Unresolved(ADD, "calls", "x.y", 8, "unknown_receiver", (PRICE,)),
    Unresolved(ADD, "calls", "os", 9, "external"),
]


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    file = tmp_path / "brain" / "graph.sqlite"
    write_graph(file, NODES, EDGES, FILES, UNRESOLVED)
    write_manifest(file, Manifest("extract", "x", commit="abcdef0123", counts={"dirty": ["a.py"]}))
    return Graph(file)


def test_rows_come_back_sorted_and_whole(graph: Graph) -> None:
    assert [n.id for n in graph.nodes()] == sorted(n.id for n in NODES)
    assert list(graph.edges(confidence=0)) == sorted(EDGES)
    assert list(graph.unresolved()) == sorted(UNRESOLVED)
    assert graph.node(ADD) == NODES[2]
    assert graph.file("b.bin") == FILES[1]


def test_unsure_edges_are_left_out_unless_asked_for(graph: Graph) -> None:
    assert [e.src for e in graph.edges(("calls",))] == [ADD, TOTAL]
    assert len(list(graph.edges(("calls",), confidence=0.5))) == 3


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        (ADD, [ADD]),
        ("Cart.add", [ADD]),
        ("shop.cart.Cart.add", [ADD]),
        ("cart.add", [ADD]),
        ("Cart::add", [ADD]),
        ("price", [PRICE]),
        ("shop/cart.py", ["py:shop/cart.py"]),
        ("shop.cart", ["py:shop/cart.py"]),
        ("shop", ["py:shop/", "py:shop/__init__.py"]),
        ("Basket.add", []),
        ("ValueError", []),
    ],
)
def test_find_takes_what_people_type(graph: Graph, name: str, ids: list[str]) -> None:
    assert [node.id for node in graph.find(name)] == ids


def test_similar_names_are_offered(graph: Graph) -> None:
    assert graph.similar("Cart.totl") == ["Cart.total"]


def test_callers_callees_raises_and_path(graph: Graph) -> None:
    assert [row.node for row in callers(graph, "Cart.total")[0].rows] == [ADD]
    assert [(row.node, row.path, row.line) for row in callees(graph, "Cart.add")[0].rows] == [
        (TOTAL, "shop/cart.py", 3)
    ]
    assert raises(graph, "Cart.add")[0].lines()[1].endswith("shop/cart.py:4  0.95 raise  below {minimum}")
    assert [row.node for row in path(graph, "Cart.add", "price").rows] == [TOTAL, PRICE]
    assert callers(graph, "Cart.add")[0].lines()[-1] == "  none known"
    with pytest.raises(NothingFound, match="no chain of calls"):
        path(graph, "price", "Cart.add")
    with pytest.raises(NothingFound) as caught:
        callers(graph, "Cart.totl")
    assert caught.value.hint == "did you mean Cart.total?"


def test_who_calls_a_decorated_function_goes_through_its_wrapper(tmp_path: Path) -> None:
    caller, wrapper, inner = (symbol(f"py:m.py#{name}", "function") for name in ("main", "memo.wrapper", "inner"))
    edges = [
        Edge(caller.id, wrapper.id, "calls", 9, 0.85, "flow"),
        Edge(caller.id, inner.id, "calls", 9, 0.6, "decorated", {"through": wrapper.id}),
        Edge(wrapper.id, inner.id, "calls", 3, 0.8, "flow"),
    ]
    write_graph(tmp_path / "g.sqlite", [caller, wrapper, inner], edges, [], [])
    graph = Graph(tmp_path / "g.sqlite")
    assert [(row.node, row.detail) for row in callers(graph, "inner")[0].rows] == [
        (wrapper.id, ""),
        (caller.id, f"through {wrapper.id}"),
    ]
    assert graph.resolution()["calls"] == {"python": (2, 0, 0)}


def test_an_inherited_member_is_found_where_it_is_defined(tmp_path: Path) -> None:
    base, child = symbol("py:b.py#Base", "class"), symbol("py:c.py#Child", "class")
    nodes = [base, child, symbol("py:b.py#Base.run", "method")]
    write_graph(tmp_path / "g.sqlite", nodes, [Edge(child.id, base.id, "extends", 1)], [], [])
    assert callers(Graph(tmp_path / "g.sqlite"), "Child.run")[0].symbol == "py:b.py#Base.run"


def test_the_overview_counts_what_is_there(graph: Graph) -> None:
    seen = overview(graph)
    assert seen.resolution["calls"] == {"python": (3, 1, 1)}
    assert seen.skipped == {"binary": 1}
    assert seen.dirty == 1
    assert "resolved calls in python: 75.0% of 4 first-party, 1 external" in seen.lines()


def test_a_failed_write_leaves_the_old_graph(graph: Graph) -> None:
    before = list(graph.dump())
    broken = [*NODES, symbol(CART, "class")]
    with pytest.raises(sqlite3.IntegrityError):
        write_graph(graph.path, broken, EDGES, FILES, UNRESOLVED)
    assert list(Graph(graph.path).dump()) == before
    assert [p.name for p in graph.path.parent.iterdir() if "tmp" in p.name] == []


def test_a_path_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        write_graph(tmp_path / "file" / "graph.sqlite", [], [], [], [])


def test_the_brain_replaces_only_its_own_rows(graph: Graph) -> None:
    before = list(graph.dump())
    for slug in ("pricing", "paying"):
        node = Node(f"capability:{slug}", "capability", slug, "", "", {}, "brain")
        write_brain(graph.path, [node], [Edge(PRICE, node.id, "defined_in", 0, 1.0, "rule", {}, "brain")])
    after = Graph(graph.path)
    assert [n.id for n in after.nodes(origin="brain")] == ["capability:paying"]
    assert list(after.dump()) == before
    assert len(list(after.dump("brain"))) == 2
    assert [e.src for e in after.edges(dst="capability:paying")] == [PRICE]
    sqlite3.connect(graph.path).execute("VACUUM").connection.close()
    assert [e.src for e in Graph(graph.path).edges(dst="capability:paying")] == [PRICE]
    assert [e.src for e in Graph(graph.path).edges(("calls",), dst=TOTAL)] == [ADD]


def test_a_missing_or_foreign_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingInput) as caught:
        Graph(tmp_path / "graph.sqlite")
    assert "make extract" in caught.value.hint
    (tmp_path / "text.sqlite").write_text("hello, this is no database at all, " * 40)
    with pytest.raises(IncompatibleInput):
        Graph(tmp_path / "text.sqlite")


def test_span_hash_is_of_the_lines_alone() -> None:
    assert span_hash(b"a\nb\nc\n", 2, 2) == span_hash(b"x\ny\nb\nz", 3, 3)
    assert span_hash(b"a\nb", 1, 2) == span_hash(b"a\nb\n", 1, 2)


def test_names_are_spelled_as_their_language_does_and_found_so(tmp_path: Path) -> None:
    with Graph(index(Path(__file__).parent / "fixtures" / "cpp_store", tmp_path / "brain")) as store:
        skip = "cpp:src/iterator.cc#kv.Iterator.Skip"
        (answer,) = callees(store, skip)
        assert answer.symbol == skip
        assert answer.lines()[0].startswith("callees of cpp:src/iterator.cc#kv::Iterator::Skip (src/iterator.cc:16)")
        assert [(r.node, r.name) for r in answer.rows][:1] == [
            ("cpp:include/kv/iterator.h#kv.Iterator.Valid", "cpp:include/kv/iterator.h#kv::Iterator::Valid")
        ]
        assert [a.symbol for a in callees(store, "cpp:src/iterator.cc#kv::Iterator::Skip")] == [skip]
        assert store.similar("kv.Iterator.Skipp")[0] == "kv::Iterator::Skip"
