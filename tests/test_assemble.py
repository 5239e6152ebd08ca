"""How rows of the graph come together: the surest edge stands, declarations join definitions, tests are no part of the product."""

from __future__ import annotations

import pytest

from extractor.assemble import assemble
from extractor.facts import Definition, FileFacts
from extractor.resolve import Links
from extractor.resolve.common import is_aside
from extractor.schema import Edge, Node, Unresolved


def file(path: str, *names: str, prefix: str = "py", lang: str = "python") -> FileFacts:
    definitions = tuple(Definition("function", n, n, 1, -1, i + 1, i + 1, doc=f"{n}.") for i, n in enumerate(names))
    return FileFacts(path, lang, prefix, "", 9, defs=definitions)


def call(src: str, dst: str, line: int = 1, confidence: float = 0.9, via: str = "flow") -> Edge:
    return Edge(f"py:{src}", f"py:{dst}" if not dst.startswith("ext:") else dst, "calls", line, confidence, via)


def test_the_surest_edge_stands_whatever_the_order() -> None:
    files = [file("a.py", "f", "g")]
    weak, sure = call("a.py#f", "a.py#g", 1, 0.8, "flow"), call("a.py#f", "a.py#g", 1, 0.95, "scope")
    for edges in ([weak, sure], [sure, weak]):
        _, found, _ = assemble(files, Links(edges=edges))
        assert [e for e in found if e.kind == "calls"] == [sure]


def test_what_only_tests_hand_in_is_less_sure() -> None:
    files = [file("src/run.py", "run"), file("tests/test_run.py", "callback", "helper")]
    inward = call("src/run.py#run", "tests/test_run.py#callback")
    outward = call("tests/test_run.py#callback", "src/run.py#run")
    within = call("tests/test_run.py#callback", "tests/test_run.py#helper")
    wrapped = call("src/run.py#run", "tests/test_run.py#helper", 2, 0.55, "decorated")
    _, found, _ = assemble(files, Links(edges=[inward, outward, within, wrapped]))
    sure = {(e.src, e.dst): e.confidence for e in found if e.kind == "calls"}
    assert sure[inward.src, inward.dst] == 0.6
    assert (wrapped.src, wrapped.dst) not in sure
    assert sure[outward.src, outward.dst] == sure[within.src, within.dst] == 0.9


@pytest.mark.parametrize(
    ("path", "aside"),
    [
        ("tests/a.py", True),
        ("src/test_a.py", True),
        ("conftest.py", True),
        ("web/a.test.ts", True),
        ("src/main/A.java", False),
        ("ShopTest.java", True),
        ("contest/latest.py", False),
        ("src/testing.py", False),
        ("examples/a.py", True),
    ],
)
def test_what_stands_aside_of_the_product(path: str, aside: bool) -> None:
    assert is_aside(path) is aside


def test_an_edge_into_nothing_becomes_an_unresolved_name() -> None:
    nodes, found, unresolved = assemble([file("a.py", "f")], Links(edges=[call("a.py#f", "gone.py#g", 3)]))
    assert [e for e in found if e.kind == "calls"] == []
    assert unresolved == [Unresolved("py:a.py#f", "calls", "py:gone.py#g", 3, "unparsed")]
    assert all("gone" not in node.id for node in nodes)


def test_every_external_has_a_node_and_its_package_too() -> None:
    nodes, _, _ = assemble([file("a.py", "f")], Links(edges=[call("a.py#f", "ext:requests#Session.get")]))
    externals = {n.id: n.name for n in nodes if n.type == "external"}
    assert externals == {"ext:requests": "requests", "ext:requests#Session.get": "get"}


def test_a_declaration_and_its_definition_are_one_symbol() -> None:
    header, source = file("a.h", "f", prefix="cpp", lang="cpp"), file("a.cc", "f", "g", prefix="cpp", lang="cpp")
    merged = {"cpp:a.h#f": "cpp:a.cc#f"}
    call_it = Edge("cpp:a.cc#g", "cpp:a.h#f", "calls", 2, 0.9, "include")
    nodes, edges, _ = assemble([header, source], Links(edges=[call_it], merged=merged))
    by_id = {n.id: n for n in nodes}
    assert "cpp:a.h#f" not in by_id
    assert by_id["cpp:a.cc#f"].meta["declared"] == [{"path": "a.h", "line": 1}]
    assert [e.dst for e in edges if e.kind == "calls"] == ["cpp:a.cc#f"]


def test_nodes_of_links_do_not_replace_those_of_the_source() -> None:
    intruder = Node("py:a.py#f", "external", "f", "", "python")
    nodes, _, _ = assemble([file("a.py", "f")], Links(nodes=[intruder]))
    assert {n.type for n in nodes if n.id == "py:a.py#f"} == {"function"}
