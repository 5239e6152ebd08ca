"""All files' facts in, Links out: the edges between symbols, what could not be linked, and the nodes that linking adds.

Each language family links its own files. A family's `link(files, configs)` gets its files in order of path and the texts of
the build files (pyproject.toml, setup.cfg, tsconfig.json, package.json, compile_commands.json …) by path.
"""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from config.console import plural
from extractor.facts import FileFacts
from extractor.languages import BY_NAME
from extractor.schema import Edge, Node, Unresolved


@dataclass(frozen=True, slots=True)
class Links:
    """`nodes` are the externals and bindings that only linking knows. `names` says what a raised or caught class name means:
    (path, scope, name as written in a Raise or Handler) -> node ids, best first; a name that is missing is unknown.
    `merged` leads from a mere declaration to the definition that stands for both (a C++ header's to its source's).
    `problems` are faults of a linker, told to the user."""

    edges: list[Edge] = field(default_factory=list)
    unresolved: list[Unresolved] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    names: dict[tuple[str, int, str], tuple[str, ...]] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


class Known(Protocol):
    """What linking a family gave before; see `extractor.linked`."""

    def get(self, family: str) -> Links | None: ...

    def put(self, family: str, links: Links) -> None: ...


def link(files: Iterable[FileFacts], configs: Mapping[str, str], known: Known | None = None) -> Links:
    """Link every family that is not known, and join what they found. Order of `files` does not matter."""
    from extractor.bindings import join_languages  # it reads Links

    families: dict[str, list[FileFacts]] = {}
    ordered = sorted(files, key=lambda f: f.path)
    for facts in ordered:
        families.setdefault(BY_NAME[facts.lang].family, []).append(facts)
    links = merge(_link_family(family, families[family], configs, known) for family in sorted(families))
    try:
        return join_languages(ordered, links, configs)
    except Exception as error:  # noqa: BLE001  the edges inside each language are worth keeping, and it is said
        links.problems.append(f"edges between languages are missing, please report it: {_fault(error)}")
        return links


def _link_family(family: str, files: Sequence[FileFacts], configs: Mapping[str, str], known: Known | None) -> Links:
    before = known.get(family) if known is not None else None
    if before is not None:
        return before
    try:
        links: Links = importlib.import_module(f"extractor.resolve.{family}").link(files, configs)
    except Exception as error:  # noqa: BLE001  the other languages and every definition are worth keeping, and it is said
        return Links(problems=[f"{plural(len(files), family + ' file')} not linked, please report it: {_fault(error)}"])
    if known is not None:
        known.put(family, links)
    return links


def _fault(error: Exception) -> str:
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({place.name}, line {place.lineno})"


def merge(parts: Iterable[Links]) -> Links:
    """One Links of several, external nodes that two families share kept once."""
    total = Links()
    nodes: dict[str, Node] = {}
    for part in parts:
        total.edges.extend(part.edges)
        total.unresolved.extend(part.unresolved)
        total.names.update(part.names)
        total.merged.update(part.merged)
        total.problems.extend(part.problems)
        for node in part.nodes:
            nodes.setdefault(node.id, node)
    total.nodes.extend(nodes[key] for key in sorted(nodes))
    return total


def definition_ids(facts: FileFacts) -> Sequence[str]:
    """Node ids of `facts.defs`, in order."""
    from extractor.schema import symbol_id

    return [symbol_id(facts.prefix, facts.path, d.qualname, d.ordinal) for d in facts.defs]
