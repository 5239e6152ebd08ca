"""Importance: the same every time, public before private, code before tests, and a budget in parts."""

from __future__ import annotations

import brains
import pytest

from brain.importance import Importance, communities, ordered, public_evidence, rank
from brain.view import View, is_test_id
from extractor.graph import Graph
from extractor.schema import Edge, Node

S = brains.S


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return Graph(brains.shop(tmp_path_factory.mktemp("importance")))


def test_public_used_names_come_before_private_tests_and_unused(graph: Graph) -> None:
    ranks = rank(graph)
    place = {node_id: i for i, node_id in enumerate(ordered(ranks))}
    assert place[f"{S}/cart.py#Cart"] < place[f"{S}/gateway.py#LIMIT"]
    assert place[f"{S}/checkout.py#checkout"] < place[f"{S}/pricing.py#no_discount"]
    assert place[f"{S}/cart.py#Cart.add"] < place[f"{brains.T}#test_add_returns_the_line"]


def test_the_parts_are_kept_beside_the_total(graph: Graph) -> None:
    checkout = rank(graph)[f"{S}/checkout.py#checkout"]
    assert isinstance(checkout, Importance)
    assert checkout.callers == 2
    assert checkout.tests == 0
    assert checkout.public >= 2
    assert checkout.rank > 1
    assert rank(graph)[f"{S}/cart.py#Cart.add"].tests == 1


def test_public_evidence_names_its_kinds(graph: Graph) -> None:
    evidence = public_evidence(View.load(graph))
    assert set(evidence[f"{S}/cart.py#Cart"]) >= {"re-exported", "documented", "public name"}
    assert f"{brains.T}#test_add_returns_the_line" not in evidence


def test_ranks_do_not_depend_on_the_order_of_rows() -> None:
    nodes = [Node(f"py:a.py#{c}", "function", c, "a.py", "python") for c in "abcd"]
    edges = [Edge("py:a.py#a", "py:a.py#b", "calls", 1), Edge("py:a.py#c", "py:a.py#b", "calls", 2)]
    from brain.importance import rank_view

    one, two = rank_view(View(nodes, edges)), rank_view(View(nodes[::-1], edges[::-1]))
    assert one == two
    assert list(one) == sorted(one)
    assert ordered(one)[0] == "py:a.py#b"


def test_communities_follow_the_edges() -> None:
    weights = {"a": {"b": 1.0}, "b": {"c": 1.0}, "x": {"y": 1.0}}
    found = communities(["a", "b", "c", "x", "y", "z"], weights)
    assert found["a"] == found["b"] == found["c"] != found["x"] == found["y"]
    assert found["z"] == "z"


def test_an_empty_graph_has_no_ranks() -> None:
    from brain.importance import rank_view

    assert rank_view(View([], [])) == {}


@pytest.mark.parametrize(
    ("node_id", "tests"),
    [
        ("py:tests/cart.py#Cart", True),
        ("rs:src/cart.rs#tests.adds", True),
        ("rs:src/cart.rs#tests", False),
        ("py:src/contest.py#latest.attest", False),
    ],
)
def test_an_id_belongs_to_the_tests_by_its_file_or_its_container(node_id: str, tests: bool) -> None:
    assert is_test_id(node_id) is tests
