"""What the linkers of all families share: how sure each way of linking is, and how names outside the repository look."""

from __future__ import annotations

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
    "override": 0.7,  # a method of a subclass or an implementation of an interface
    "callback": 0.5,
    "ambiguous": 0.5,
}
MAX_CANDIDATES: Final = 8


def external_node(package: str, name: str = "", lang: str = "") -> Node:
    """The node of a package outside the repository, or of a name in it (`requests`, `Session.get`)."""
    shown = name.rpartition(".")[2] or package
    return Node(external_id(package, name), "external", shown, "", lang, {"package": package})


def candidates(ids: list[str]) -> tuple[str, ...]:
    """At most MAX_CANDIDATES node ids, sorted: what `Unresolved.candidates` holds."""
    return tuple(sorted(set(ids))[:MAX_CANDIDATES])
