"""What the graph is made of: node and edge types, the closed lists of their kinds, and the grammar of node ids.

    <prefix>:<path>#<qualified.name>[@k]    a symbol; k counts the 2nd, 3rd … of that name in one file, in source order
    <prefix>:<path>                         a module (one file)
    <prefix>:<dir>/                         a package (one directory)
    ext:<package>#<name>                    something outside the repository (`ext:builtins#ValueError`); `ext:<package>` the package
    capability:|concept:|error:|recipe:     the brain's own nodes, followed by a slug

Paths are relative to the repository's root, with forward slashes; an id writes `#` in them as `%23` and `%` as `%25`. Ids hold no line
numbers, so they survive edits above.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

NODE_TYPES: Final = (
    "package",
    "module",
    "class",
    "interface",
    "function",
    "method",
    "variable",
    "binding",
    "external",
    "capability",
    "concept",
    "error",
    "recipe",
)
SYMBOL_TYPES: Final = ("class", "interface", "function", "method", "variable")
EDGE_KINDS: Final = ("calls", "imports", "extends", "implements", "throws", "defined_in", "depends_on")
UNRESOLVED_REASONS: Final = (
    "external",
    "dynamic",
    "ambiguous",
    "unknown_receiver",
    "overflow",
    "unparsed",
    "missing_module",
)
FILE_STATUSES: Final = ("ok", "partial", "skipped", "failed")

# How sure an edge is, by the way it was found. Queries default to SURE; below STORED nothing is kept.
SURE: Final = 0.7
STORED: Final = 0.5


@dataclass(frozen=True, slots=True)
class Node:
    """`meta` of a symbol: start_line, end_line (1-based, inclusive), signature, params [{name, annotation, default, kind}],
    returns, doc, decorators, visibility, flags, content_hash (`span_hash` of its lines)."""

    id: str
    type: str
    name: str
    path: str
    lang: str
    meta: dict[str, Any] = field(default_factory=dict)
    origin: str = "extractor"

    @property
    def qualname(self) -> str:
        """`Context.invoke` of `py:click/core.py#Context.invoke`; the dotted path of a module, the name of anything else."""
        _, hash_sign, symbol = self.id.partition("#")
        return symbol.partition("@")[0] if hash_sign else self.name

    @property
    def lines(self) -> tuple[int, int]:
        """(start, end), 1-based and inclusive; (0, 0) for nodes that have no place in a file."""
        return int(self.meta.get("start_line", 0)), int(self.meta.get("end_line", 0))


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """`line` is where the relation stands in the source's file (0: nowhere). `via` names the rule that found it."""

    src: str
    dst: str
    kind: str
    line: int = 0
    confidence: float = 1.0
    via: str = ""
    meta: dict[str, Any] = field(default_factory=dict, compare=False)
    origin: str = "extractor"


@dataclass(frozen=True, slots=True, order=True)
class Unresolved:
    """A name that could not be linked: kept and counted, never invented. `candidates` are node ids, at most 8."""

    src: str
    kind: str
    name: str
    line: int
    reason: str
    candidates: tuple[str, ...] = ()


class Rows(NamedTuple):
    """What a graph holds of one file: its nodes, the edges that leave them, and what they name that could not be linked."""

    nodes: list[Node]
    edges: list[Edge]
    unresolved: list[Unresolved]


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file of the repository, parsed or not; `reason` says why it was skipped, failed or only partly parsed."""

    path: str
    lang: str
    sha256: str
    facts_version: str
    status: str
    reason: str = ""
    loc: int = 0


def _written(path: str) -> str:
    return path.replace("%", "%25").replace("#", "%23")


def read_path(written: str) -> str:
    """The path that an id spells."""
    return written.replace("%23", "#").replace("%25", "%")


def module_id(prefix: str, path: str) -> str:
    return f"{prefix}:{_written(path)}"


def package_id(prefix: str, directory: str) -> str:
    """`py:click/`; the root package is `py:/`."""
    return f"{prefix}:{_written(directory)}/"


def symbol_id(prefix: str, path: str, qualname: str, ordinal: int = 1) -> str:
    return f"{prefix}:{_written(path)}#{qualname}" + (f"@{ordinal}" if ordinal > 1 else "")


def external_id(package: str, name: str = "") -> str:
    return f"ext:{package}#{name}" if name else f"ext:{package}"


def span_hash(data: bytes, start_line: int, end_line: int) -> str:
    """sha256 of these lines (1-based, inclusive) of a file's bytes, without the last line's \\n: what `content_hash` holds."""
    return hashlib.sha256(b"\n".join(data.split(b"\n")[start_line - 1 : end_line])).hexdigest()
