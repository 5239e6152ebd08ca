"""The graph as the brain walks it: nodes by id, edges from and to a node, what is a test, what is public.

`View` holds a whole graph in memory for the stages; `Near` asks the database for the neighbours of one node at a time.
Both speak `Relations`, so a fact is derived and checked by the same code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from operator import attrgetter
from sys import intern
from typing import Final, Protocol

from extractor.graph import Graph
from extractor.languages import BY_NAME
from extractor.schema import Edge, Node

# Ways to find a call that stands in no source as one: the end of a scope, an operator, a loop, a truth test.
IMPLIED: Final = frozenset({"with", "destructor", "operator", "iteration", "item", "protocol"})
BRAIN_TYPES: Final = ("capability", "concept", "error", "recipe")
CODE_TYPES: Final = ("package", "module", "class", "interface", "function", "method", "variable")

_ends = attrgetter("src", "dst", "kind", "line")  # the key of an edge
_TEST_DIRS = frozenset({"test", "tests", "__tests__", "spec", "specs", "testdata", "unittests", "androidtest"})
# `test_lib`, `Some.Library.Tests`: a whole word at either end of a name of several.
_TEST_DIR = re.compile(r"^tests?[._\-]|[._\-]tests?$", re.I)
_TEST_FILE = re.compile(
    r"^(?:test_.*|.*_test|.*_tests|conftest|tests?|.*[.\-](?:test|spec)|.*Tests?|.*TestCase|.*Spec)\.\w+$"
)
_HISTORY = re.compile(
    r"(?:^|[/_.-])(?:change|history|news|release|licen[sc]e|upgrad|migrat|whats?[-_]?new)", re.IGNORECASE
)
_PLAIN = re.compile(r"[-_.]")
_ASIDE_DIRS = frozenset(
    {"examples", "example", "samples", "demo", "demos", "benchmarks", "benchmark", "bench", "docs", "doc"}
)
_COPY = re.compile(r"(?:^|/)(?:dist|_build)/|\.d\.[cm]?ts$|\.pyi$")


class Relations(Protocol):
    """What fact derivation needs from a graph. Edges come sorted by (other end, kind, line), sure ones only."""

    def node(self, node_id: str) -> Node | None: ...
    def out(self, node_id: str, kind: str) -> list[Edge]: ...
    def into(self, node_id: str, kind: str) -> list[Edge]: ...
    def catchers(self, error_id: str) -> list[tuple[str, str]]: ...


class View:
    """A whole graph in memory."""

    def __init__(self, nodes: Iterable[Node], edges: Iterable[Edge]) -> None:
        self.nodes = {node.id: node for node in sorted(nodes, key=lambda n: n.id)}
        self._out: dict[str, dict[str, list[Edge]]] = {}
        self._into: dict[str, dict[str, list[Edge]]] = {}
        self._catchers: dict[str, list[tuple[str, str]]] | None = None
        self.add(edges)

    @classmethod
    def load(cls, graph: Graph, origin: str = "") -> View:
        """All of `graph`, or only the rows of one origin."""
        return cls(map(_shared, graph.nodes(origin=origin)), graph.edges(origin=origin))

    def add(self, edges: Iterable[Edge], nodes: Iterable[Node] = ()) -> None:
        """Join more nodes and edges to the view."""
        fresh = list(nodes)
        if fresh:
            self.nodes.update((node.id, node) for node in fresh)
            self.nodes = dict(sorted(self.nodes.items()))
        ordered = sorted(edges, key=_ends)
        for edge in ordered:
            self._out.setdefault(edge.src, {}).setdefault(edge.kind, []).append(edge)
            self._into.setdefault(edge.dst, {}).setdefault(edge.kind, []).append(edge)

    def node(self, node_id: str) -> Node | None:
        return self.nodes.get(node_id)

    def out(self, node_id: str, kind: str) -> list[Edge]:
        return self._out.get(node_id, {}).get(kind, [])

    def into(self, node_id: str, kind: str) -> list[Edge]:
        return self._into.get(node_id, {}).get(kind, [])

    def catchers(self, error_id: str) -> list[tuple[str, str]]:
        """(function, what it does) for each handler outside tests that names this error class, in order of id."""
        if self._catchers is None:
            self._catchers = {}
            for node in self.nodes.values():
                if not is_test(node):
                    for error, action in handled(node):
                        self._catchers.setdefault(error, []).append((node.id, action))
        return self._catchers.get(error_id, [])

    def of_type(self, *types: str) -> Iterator[Node]:
        """Nodes of these types in order of id."""
        return (node for node in self.nodes.values() if node.type in types)


class Near:
    """The neighbours of one node at a time, read from the database and kept while the object lives."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._edges: dict[tuple[str, str, bool], list[Edge]] = {}

    def node(self, node_id: str) -> Node | None:
        return self._graph.node(node_id)

    def out(self, node_id: str, kind: str) -> list[Edge]:
        return self._read(node_id, kind, True)

    def into(self, node_id: str, kind: str) -> list[Edge]:
        return self._read(node_id, kind, False)

    def catchers(self, error_id: str) -> list[tuple[str, str]]:
        """None: handlers are kept with their function, and whoever checks one asks that function."""
        return []

    def _read(self, node_id: str, kind: str, outgoing: bool) -> list[Edge]:
        key = (node_id, kind, outgoing)
        if key not in self._edges:
            src, dst = (node_id, "") if outgoing else ("", node_id)
            self._edges[key] = list(self._graph.edges((kind,), src=src, dst=dst))
        return self._edges[key]


def is_test(place: Node | str) -> bool:
    """Whether a node belongs to the tests: by its file, or by a container called `tests` beside the product in that file. Of a
    path alone, whether it is a file of tests."""
    if isinstance(place, str):
        return _tests(place)
    return _tests(place.path) or inside_tests(place.qualname)


def is_test_id(node_id: str) -> bool:
    """The same of a node id."""
    path, _, qualname = node_id.partition(":")[2].partition("#")
    return _tests(path) or inside_tests(qualname)


def inside_tests(qualname: str) -> bool:
    """Whether something stands in what is called `test` or `tests`."""
    return "est" in qualname and not {"test", "tests"}.isdisjoint(qualname.split(".")[:-1])


@lru_cache(maxsize=50_000)
def _tests(path: str) -> bool:
    """By whole directory names and file name forms, never by a substring."""
    *directories, name = path.split("/")
    named = any(d.lower() in _TEST_DIRS or _TEST_DIR.search(d) for d in directories)
    return named or bool(_TEST_FILE.match(name))


@lru_cache(maxsize=50_000)
def is_aside(path: str) -> bool:
    """Whether a file stands beside the product: examples, demos, documentation, benchmarks, in whatever `docs_src` they are, and
    folders of tools (`.ci/`)."""
    return any(part.startswith(".") or _PLAIN.split(part.lower())[0] in _ASIDE_DIRS for part in path.split("/")[:-1])


def is_history(path: str) -> bool:
    """Whether a document tells what was and what has changed, so that code in it need not be how things are done now."""
    return bool(_HISTORY.search(path))


@lru_cache(maxsize=50_000)
def is_copy(path: str) -> bool:
    """Whether a file says again what stands elsewhere: build output, declarations beside the code they declare."""
    return bool(_COPY.search(path))


def is_public(node: Node) -> bool:
    """Public by its own name and by every name that encloses it, outside tests."""
    if node.meta.get("visibility", "public") not in ("public", "", "package", "protected", "internal"):
        return False
    names = node.qualname.split(".") if "#" in node.id else [node.name.rpartition(".")[2]]
    if node.type == "variable" and names[-1].startswith("__"):
        return False  # `__slots__`, `__all__`: said to the interpreter, not to people
    return not any(hidden(name) for name in names) and not is_test(node)


def is_lifetime(node: Node) -> bool:
    """Whether a method makes or ends objects of its class: nothing that can be done with them."""
    flags = node.meta.get("flags", ())
    return node.name in ("__init__", "constructor") or "constructor" in flags or "destructor" in flags


def hidden(name: str) -> bool:
    """A leading underscore hides a name, unless it is a protocol's `__name__`."""
    return name.startswith("_") and not (name.startswith("__") and name.endswith("__"))


def _shared(node: Node) -> Node:
    """`node` with the keys of its meta, equal in most nodes, kept once."""
    params = [{intern(k): v for k, v in p.items()} for p in node.meta.get("params", ())]
    meta = {intern(key): value for key, value in node.meta.items()}
    if params:
        meta["params"] = params
    return Node(node.id, intern(node.type), node.name, intern(node.path), intern(node.lang), meta, intern(node.origin))


def around(relations: Relations, node_id: str) -> list[Node]:
    """What a node is defined in, the nearest first: a method written outside its class stands in the class and in a file."""
    found = [relations.node(edge.dst) for edge in relations.out(node_id, "defined_in")]
    return sorted((n for n in found if n is not None), key=lambda n: n.type in ("module", "package"))


def container(relations: Relations, node_id: str) -> Node | None:
    """The class, function, module or package that a node is defined in."""
    return next(iter(around(relations, node_id)), None)


def members(relations: Relations, node_id: str) -> list[Node]:
    """What is defined right in a node, in order of id; what the brain knows about it is no part of it."""
    found = (relations.node(edge.src) for edge in relations.into(node_id, "defined_in"))
    return [node for node in found if node is not None and node.origin != "brain"]


def module_of(relations: Relations, node: Node) -> Node | None:
    """The file that a symbol stands in."""
    current: Node | None = node
    while current is not None and current.type != "module":
        homes = around(relations, current.id)
        current = next((n for n in homes if n.type == "module"), homes[0] if homes else None)
    return current


def handled(node: Node) -> list[tuple[str, str]]:
    """(error class, what is done) for each error that a function's handlers name, in source order, each class once."""
    found: dict[str, str] = {}
    for handler in node.meta.get("catches", ()):
        for error in handler.get("errors", ()):
            found.setdefault(error, str(handler.get("action", "")))
    return list(found.items())


def is_direct(edge: Edge) -> bool:
    """Whether a `throws` edge stands for a raise in the function's own body, not for one that comes through a call."""
    return bool(edge.meta.get("how", "direct") == "direct")


def readable(node: Node) -> bool:
    """Whether snippets in a node's language can be parsed here, statement by statement."""
    spec = BY_NAME.get(node.lang)
    return spec is not None and bool(spec.fences)


def noun(node: Node) -> str:
    """What programmers of the node's language call its type."""
    spec = BY_NAME.get(node.lang)
    return dict(spec.nouns).get(node.type, node.type) if spec is not None else node.type


def unsaid(node: Node, callee: str) -> bool:
    """Whether nobody tells of a call in the node's language: of what it knows without import, or of what only wraps a value."""
    spec = BY_NAME.get(node.lang)
    package, _, name = callee.removeprefix("ext:").partition("#")
    return callee.startswith("ext:") and (
        package == (spec.builtin if spec else "") or package == "builtins" or (spec is not None and name in spec.wraps)
    )


def dotted(node: Node) -> str:
    """How a module is named in prose: `click.core` where the language calls it by its path, the file's own name elsewhere."""
    spec = BY_NAME.get(node.lang)
    if node.type not in ("module", "package") or spec is None or not spec.packaged or not node.path:
        return node.name
    parts = [p for p in node.path.removesuffix("/").split("/") if p not in ("", ".")]
    root = next((i for i, p in enumerate(parts[:-1]) if p == spec.entry and (not i or "src" in parts[:i])), -1)
    if root < 0 and len(parts) > 1 and parts[0] in ("src", "lib"):
        root = 0
    parts = parts[root + 1 :]
    if node.type == "module":
        parts[-1] = parts[-1].partition(".")[0]
        parts = parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts
    return ".".join(parts)
