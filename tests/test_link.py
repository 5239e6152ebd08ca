"""Names in questions, and what they mean in a graph."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from config.manifest import Manifest, write_manifest
from extractor.graph import Graph, write_brain, write_graph
from extractor.schema import Edge, FileRow, Node
from inference.link import Linker, Mention, Missing, Target, mentions

A, B, T = "pkg/app.py", "pkg/base.py", "tests/test_app.py"


def node(path: str, name: str, kind: str = "function", line: int = 1, **meta: object) -> Node:
    last = name.rpartition(".")[2]
    return Node(f"py:{path}#{name}", kind, last, path, "python", {"start_line": line, "end_line": line + 3, **meta})


@pytest.fixture
def linker(tmp_path: Path) -> Linker:
    nodes = [
        Node("py:pkg/", "package", "pkg", "pkg", "python"),
        *(
            Node(f"py:{p}", "module", p.rpartition("/")[2][:-3], p, "python", {"start_line": 1, "end_line": 9})
            for p in (A, B, T)
        ),
        node(A, "App", "class"),
        node(A, "App.run", "method", 2),
        node(B, "Base", "class"),
        node(B, "Base.stop", "method", 2),
        node(B, "run"),
        node(T, "run"),
        node(T, "App", "class"),
        Node("ext:json#dumps", "external", "dumps", "", ""),
    ]
    edges = [
        Edge(f"py:{A}#App.run", f"py:{A}#App", "defined_in", 2),
        Edge(f"py:{B}#Base.stop", f"py:{B}#Base", "defined_in", 2),
        Edge(f"py:{A}#App", f"py:{B}#Base", "extends", 1),
    ]
    files = [FileRow(p, "python", "0" * 64, "1", "ok", loc=9) for p in (A, B, T)]
    write_graph(tmp_path / "g.sqlite", nodes, edges, files, [])
    write_manifest(tmp_path / "g.sqlite", Manifest("extract", "x", project="pkg"))
    return Linker(Graph(tmp_path / "g.sqlite"), "pkg")


def named(linker: Linker, name: str, shape: str = "tick") -> str:
    found = linker.link(Mention(name, 0, 0, shape))
    return found.node.id if isinstance(found, Target) else ""


def test_what_the_brain_knows_of_a_module_is_no_member_of_it(linker: Linker) -> None:
    recipe = replace(node(A, "run-the-app", "recipe"), id="recipe:run-the-app", origin="brain")
    edges = [Edge(recipe.id, f"py:{A}", "defined_in", 3), Edge(f"py:{A}#App", f"py:{A}", "defined_in", 1)]
    write_brain(linker.graph.path, [recipe], edges)
    module = linker.graph.node(f"py:{A}")
    assert module is not None
    assert linker.member_names(module) == ("App",)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Where is `App.run` defined?", ["App.run"]),
        ("does run() call Base::stop", ["run", "Base::stop"]),
        ("what is in pkg/app.py:12-14, e.g. snake_case", ["pkg/app.py", "snake_case"]),
        ("what does --verbose do", ["--verbose"]),
        ("py:pkg/app.py#App.run", ["py:pkg/app.py#App.run"]),
        ("CamelCase and HTTPServer but not JSON", ["CamelCase", "HTTPServer"]),
    ],
)
def test_code_is_told_from_prose(text: str, names: list[str]) -> None:
    assert [m.name for m in mentions(text) if m.shape not in ("plain", "capital")] == names


def test_a_name_finds_its_node_and_tests_come_last(linker: Linker) -> None:
    assert named(linker, "App.run") == f"py:{A}#App.run"
    assert named(linker, "App") == f"py:{A}#App"
    assert named(linker, "pkg/base.py", "path") == f"py:{B}"
    assert named(linker, f"py:{B}#run") == f"py:{B}#run"


def test_inherited_and_project_names_are_found(linker: Linker) -> None:
    found = linker.link(Mention("App.stop", 0, 0, "dotted"))
    assert isinstance(found, Target)
    assert found.node.id == f"py:{B}#Base.stop"
    assert found.note == "App inherits stop from Base"
    assert named(linker, "pkg.run", "dotted") == f"py:{B}#run"


def test_a_hint_settles_homonyms(linker: Linker) -> None:
    found = linker.link(Mention("run", 0, 0, "plain"), ("App",))
    assert isinstance(found, Target)
    assert found.node.id == f"py:{A}#App.run"
    assert [n.id for n in found.others] == [f"py:{B}#run", f"py:{T}#run"]


def test_what_lies_outside_is_known_to_lie_outside(linker: Linker) -> None:
    assert named(linker, "json.dumps", "dotted") == "ext:json#dumps"
    missing = linker.link(Mention("os.path.join", 0, 0, "dotted"))
    assert isinstance(missing, Missing)
    assert missing.external == "os"


@pytest.mark.parametrize("fake", ["App.runn", "Ap", "pkg.teleport", "App.stop.twice", "pkg/ap.py", "json_dumps"])
def test_what_does_not_exist_is_missing(linker: Linker, fake: str) -> None:
    shape = "path" if "/" in fake else "tick"
    assert isinstance(linker.link(Mention(fake, 0, 0, shape)), Missing)


def test_near_misses_come_from_the_container_first(linker: Linker) -> None:
    missing = linker.link(Mention("App.runn", 0, 0, "dotted"))
    assert isinstance(missing, Missing)
    assert missing.near[0] == "App.run"
