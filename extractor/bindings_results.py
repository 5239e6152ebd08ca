"""What native functions give back: binding nodes and the facts of what they run in, the exposed class of a call's result out.

`make_world(n).body(0).energy` of a native module is `Body.energy`, when the functions behind the first two names return those classes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from extractor.facts import FileFacts
from extractor.resolve import definition_ids
from extractor.schema import Node, module_id

_DEEP: Final = 8


class Results:
    """The declared results of the functions that bindings run."""

    def __init__(self, bindings: Iterable[Node], native: Iterable[FileFacts]) -> None:
        targets = {str(node.meta["target"]) for node in bindings if node.meta.get("target")}
        modules = {target.partition("#")[0] for target in targets}
        self._returns = {
            node_id: d.returns
            for facts in native
            if module_id(facts.prefix, facts.path) in modules
            for node_id, d in zip(definition_ids(facts), facts.defs, strict=True)
            if node_id in targets and d.returns
        }

    def within(self, path: str, exposed: Mapping[str, list[Node]]) -> str:
        """The exposed name that a path inside a native module leads to, calls on the way replaced by the class they give."""
        here = ""
        for part in path.split("."):
            name = part.replace("()", "")
            here = self._inherited(here, name, exposed, 0) if here else name
            if part.endswith("()") and here in exposed and not any(e.startswith(f"{here}.") for e in exposed):
                here = self._class_of(exposed[here], here.rpartition(".")[0], exposed) or here
        return here

    def _inherited(self, owner: str, name: str, exposed: Mapping[str, list[Node]], depth: int) -> str:
        """`Class.name`, under the name of the base that has it where the class itself has none."""
        own = f"{owner}.{name}"
        if own in exposed or depth > _DEEP:
            return own
        bases = {base for node in exposed.get(owner, ()) for base in node.meta.get("bases", ())}
        for base in sorted(bases):
            for other in sorted(exposed):
                if other != owner and any(base == node.meta.get("holds") for node in exposed[other]):
                    found = self._inherited(other, name, exposed, depth + 1)
                    if found in exposed:
                        return found
        return own

    def _class_of(self, nodes: list[Node], owner: str, exposed: Mapping[str, list[Node]]) -> str:
        words = [w for n in nodes for w in re.findall(r"\w+", self._returns.get(str(n.meta.get("target", "")), ""))]
        if "Self" in words:
            return owner
        for name in sorted(exposed):
            if any(e.startswith(f"{name}.") for e in exposed):
                made = [str(n.meta.get("target", "")).partition("#")[2].partition("@")[0] for n in exposed[name]]
                if any(set(target.split(".")[-2:]) & set(words) for target in made if target):
                    return name
        return ""
