"""Errors that a function raises only as one of its parameters says, and the calls that say no: `current(silent=True)`.

The files' facts and the calls in; out comes whether a call keeps an error from happening. Only a raise whose nearest condition is
a parameter or its negation counts, and only an argument that is written as a literal, or left out so that a literal default stands.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from extractor.facts import MODULE, Definition, FileFacts
from extractor.parse.collect import bare
from extractor.resolve import definition_ids
from extractor.schema import Edge, module_id

_TRUTH: Final = {"True": True, "False": False, "None": False}
_SWITCH: Final = re.compile(r"(not )?([A-Za-z_]\w*)")


class Switches:
    """Errors that a function raises only as one of its parameters says, and the calls that say no: `current(silent=True)`."""

    def __init__(
        self, files: Sequence[FileFacts], direct: Mapping[str, Mapping[str, Edge]], edges: Iterable[Edge]
    ) -> None:
        self._told: dict[tuple[str, int], dict[tuple[str, str], set[bool]]] = {}
        self._when: dict[tuple[str, int], tuple[str, bool]] = {}  # function, line of a raise -> parameter, what raises
        self._lines: dict[str, list[int]] = defaultdict(list)  # every line on which a function raises something
        self._defaults: dict[tuple[str, str], bool] = {}  # function, parameter -> what it is when it is left out
        self._required: dict[str, int] = {}  # how many arguments a call passes at least
        self._arities: dict[tuple[str, int, str], set[int]] = {}
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
                    self._note_defaults(ids[fact.scope], facts.defs[fact.scope])
        switched = {node_id for node_id, _ in self._when}
        names = {_bare(node_id) for node_id, _ in self._defaults}
        for facts in files if names else ():
            calls = [call for call in facts.calls if bare(call.name) in names]
            ids = definition_ids(facts) if calls else []
            for call in calls:
                node_id = module_id(facts.prefix, facts.path) if call.scope == MODULE else ids[call.scope]
                self._arities.setdefault((node_id, call.line, bare(call.name)), set()).add(call.arity)
        # What a callee raises as well comes without any switch.
        self._besides = {
            (e.src, error) for e in edges if e.kind == "calls" and e.src in switched for error in direct.get(e.dst, ())
        }

    def off(self, node: str, error: str, caller: str, line: int) -> bool:
        """Whether the call of `node` on this line of `caller` keeps every raise of `node` itself from happening."""
        if not self._lines.get(node) or (node, error) in self._besides:
            return False
        for at in self._lines[node]:
            parameter, raises = self._when.get((node, at), ("", True))
            if self._given(node, parameter, caller, line) != {not raises}:
                return False
        return True

    def _given(self, node: str, parameter: str, caller: str, line: int) -> set[bool]:
        """What the calls of `node` on this line say of a parameter: the literals written, or its default if all leave it out."""
        name = _bare(node)
        told = self._told.get((caller, line), {}).get((name, parameter))
        default = self._defaults.get((node, parameter))
        if told or default is None or self._arities.get((caller, line, name)) != {self._required[node]}:
            return told or set()
        return {default}

    def _note_defaults(self, node: str, definition: Definition) -> None:
        plain = [p for p in definition.params if p.kind not in ("*", "**")]
        bound = definition.kind == "method" and "static" not in definition.flags
        self._required[node] = sum(not p.default for p in plain) - bound
        self._defaults.update(((node, p.name), _TRUTH[p.default]) for p in plain if p.default in _TRUTH)


def _bare(node: str) -> str:
    return node.rpartition("#")[2].partition("@")[0].rpartition(".")[2]
