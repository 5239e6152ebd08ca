"""Errors that a function raises only as one of its parameters says, and the calls that say no: `current(silent=True)`.

The files' facts and the calls in; out comes whether a call keeps an error from happening. Only a raise whose nearest condition is
a parameter or its negation counts, and only an argument that is written as a literal.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from extractor.facts import MODULE, FileFacts
from extractor.resolve import definition_ids
from extractor.schema import Edge, module_id

_SWITCH: Final = re.compile(r"(not )?([A-Za-z_]\w*)")


class Switches:
    """Errors that a function raises only as one of its parameters says, and the calls that say no: `current(silent=True)`."""

    def __init__(
        self, files: Sequence[FileFacts], direct: Mapping[str, Mapping[str, Edge]], edges: Iterable[Edge]
    ) -> None:
        self._told: dict[tuple[str, int], dict[tuple[str, str], set[bool]]] = {}
        self._when: dict[tuple[str, int], tuple[str, bool]] = {}  # function, line of a raise -> parameter, what raises
        self._lines: dict[str, list[int]] = defaultdict(list)  # every line on which a function raises something
        for facts in files:
            told = (facts.extra or {}).get("told", ())
            ids = definition_ids(facts) if told or any(_SWITCH.fullmatch(r.guard) for r in facts.raises) else []
            for scope, line, callee, name, true in told:
                node_id = module_id(facts.prefix, facts.path) if scope == MODULE else ids[scope]
                self._told.setdefault((node_id, line), {}).setdefault((callee, name), set()).add(true)
            for fact in facts.raises if ids else ():
                if fact.scope == MODULE or fact.declared:
                    continue
                self._lines[ids[fact.scope]].append(fact.line)
                switch = _SWITCH.fullmatch(fact.guard)
                if switch and any(p.name == switch.group(2) for p in facts.defs[fact.scope].params):
                    self._when[ids[fact.scope], fact.line] = switch.group(2), not switch.group(1)
        switched = {node_id for node_id, _ in self._when}
        # What a callee raises as well comes without any switch.
        self._besides = {
            (e.src, error) for e in edges if e.kind == "calls" and e.src in switched for error in direct.get(e.dst, ())
        }

    def off(self, node: str, error: str, caller: str, line: int) -> bool:
        """Whether the call of `node` on this line of `caller` keeps every raise of `node` itself from happening."""
        told = self._told.get((caller, line))
        if not told or not self._lines.get(node) or (node, error) in self._besides:
            return False
        name = node.rpartition("#")[2].partition("@")[0].rpartition(".")[2]
        for at in self._lines[node]:
            parameter, raises = self._when.get((node, at), ("", True))
            if told.get((name, parameter)) != {not raises}:
                return False
        return True
