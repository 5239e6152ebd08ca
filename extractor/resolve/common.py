"""What the linkers of all families share: how sure each way of linking is, and how names outside the repository look."""

from __future__ import annotations

import re
from typing import Final

from extractor.schema import Node, external_id

# Confidence by the rule that found the edge (`via`). Below schema.STORED nothing is kept.
CONFIDENCE: Final[dict[str, float]] = {
    "scip": 1.0,
    "scope": 0.95,  # lexical scope, same file
    "import": 0.95,  # an exact import chain
    "syntax": 0.95,  # stated by the syntax itself, as a base class or an include
    "type": 0.9,  # a receiver whose type is declared or certain
    "self": 0.9,
    "super": 0.9,
    "mro": 0.9,
    "flow": 0.85,  # value flow that leaves one target
    "flow:many": 0.8,
    "variant": 0.8,  # several definitions of one name, as in try/except ImportError
    "launch": 0.95,  # a CUDA kernel started
    "getter": 0.9,  # a property read that runs code
    "override": 0.7,  # a method of a subclass or an implementation of an interface
    "decorated": 0.55,  # what a wrapper stands for: the source names it, the wrapper runs first and calls it
    "from aside": 0.6,  # the product calls what only its tests or examples hand in
    "callback": 0.5,
    "ambiguous": 0.5,
}
MAX_CANDIDATES: Final = 8


_ASIDE_FOLDERS: Final = frozenset({
    "test", "tests", "__tests__", "testdata", "spec", "specs", "unittests", "androidtest", "examples", "example", "samples", "demo",
    "demos", "benchmark", "benchmarks", "doc", "docs",
})  # fmt: skip
_TEST_NAME: Final = re.compile(r"test_|conftest\.|.*(_test|_tests|\.test|\.spec|Tests?)\.\w+$")


def is_aside(path: str) -> bool:
    """Whether a file belongs to the tests, examples or documentation of a repository rather than to its product."""
    *folders, name = path.split("/")
    return any(folder.lower() in _ASIDE_FOLDERS for folder in folders) or bool(_TEST_NAME.match(name))


def external_node(package: str, name: str = "", lang: str = "") -> Node:
    """The node of a package outside the repository, or of a name in it (`requests`, `Session.get`)."""
    shown = name.rpartition(".")[2] or package
    return Node(external_id(package, name), "external", shown, "", lang, {"package": package})


def candidates(ids: list[str]) -> tuple[str, ...]:
    """At most MAX_CANDIDATES node ids, sorted: what `Unresolved.candidates` holds."""
    return tuple(sorted(set(ids))[:MAX_CANDIDATES])
