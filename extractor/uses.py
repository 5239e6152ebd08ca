"""Which functions read and which write each field, and each variable of a module: facts and nodes in, `used_by` and `set_by` of the
nodes' meta out.

A row of `extra["uses"]` says what a name is read of as it is written; what that is, is known here: the class that the function
belongs to with those around it, a class of the same file, folder or imports, or the declared type of a field. A name that could be
of two classes, or of none that is known, says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from extractor.facts import MODULE, FileFacts
from extractor.nodes import parent_of
from extractor.parse.uses import OWN, WRITES, class_of
from extractor.resolve import definition_ids
from extractor.schema import SURE, Edge, Node, module_id, package_id

_TYPES: Final = ("class", "interface")
_ALONE: Final = frozenset(
    ("java", "cpp", "cs")
)  # prefixes of languages whose methods name members without their object
_FOLDERS: Final = frozenset(("go",))  # prefixes of languages in which a folder shares its variables


def mark_uses(
    nodes: dict[str, Node], edges: Iterable[Edge], files: Sequence[FileFacts], merged: dict[str, str]
) -> None:
    """Give each variable the functions that use it. `merged` leads from a declaration to its definition, which uses in its stead."""
    told = [f for f in files if f.extra and f.extra.get("uses")]
    if not told:
        return
    places = _Places(nodes, edges, files, merged)
    found: dict[str, dict[str, set[str]]] = {}
    for facts in told:
        ids = definition_ids(facts)
        for scope, owner, name, mode in facts.extra["uses"]:
            user = merged.get(ids[scope], ids[scope])
            target = places.target(facts, user, owner, name)
            if (
                target is not None
                and target != user
                and target in nodes
                and user in nodes
                and nodes[target].type == "variable"
            ):
                found.setdefault(target, {}).setdefault("set_by" if mode == WRITES else "used_by", set()).add(user)
    for target, users in found.items():
        meta: dict[str, Any] = {key: sorted(ids) for key, ids in sorted(users.items())}
        nodes[target] = replace(nodes[target], meta=nodes[target].meta | meta)


class _Places:
    """What names mean, by where they stand."""

    def __init__(
        self, nodes: dict[str, Node], edges: Iterable[Edge], files: Sequence[FileFacts], merged: dict[str, str]
    ) -> None:
        self._nodes = nodes
        self._homes: dict[str, str] = {}  # symbol -> the symbol around it, its class first
        self._bases: dict[str, list[str]] = {}
        self._imports: dict[str, set[str]] = {}  # module -> what it imports
        self._taken: dict[str, dict[str, list[str]]] = {}  # module -> name -> what it imports of that name
        self._members: dict[str, dict[str, str]] = {}  # class -> name -> variable
        self._classes: dict[tuple[str, str], list[str]] = {}  # (prefix, name) -> classes
        self._variables: dict[str, dict[str, list[str]]] = {}  # module or folder -> name -> variables
        self._fields: dict[str, str] = {}  # field -> the class it is declared to hold
        for edge in edges:
            if edge.kind == "defined_in" and "#" in edge.dst:
                home = self._homes.get(edge.src)
                if home is None or nodes[home].type not in _TYPES:
                    self._homes[edge.src] = edge.dst
            elif edge.kind in ("extends", "implements") and edge.confidence >= SURE:
                self._bases.setdefault(edge.src, []).append(edge.dst)
            elif edge.kind == "imports":
                self._imports.setdefault(edge.src, set()).add(edge.dst)
                name = edge.dst.rpartition("#")[2].rpartition(".")[2]
                if edge.dst in nodes:
                    self._taken.setdefault(edge.src, {}).setdefault(name, []).append(edge.dst)
        for facts in files:
            self._add(facts, [merged.get(i, i) for i in definition_ids(facts)])

    def _add(self, facts: FileFacts, ids: Sequence[str]) -> None:
        shared = [module_id(facts.prefix, facts.path)]
        shared += [package_id(facts.prefix, parent_of(facts.path))] if facts.prefix in _FOLDERS else []
        for node_id, d in zip(ids, facts.defs, strict=True):
            if d.kind in _TYPES:
                self._classes.setdefault((facts.prefix, d.name), []).append(node_id)
            elif d.kind == "variable" and d.scope == MODULE:
                for place in shared:
                    self._variables.setdefault(place, {}).setdefault(d.name, []).append(node_id)
            elif d.kind == "variable" and facts.defs[d.scope].kind in _TYPES and "alias" not in d.flags:
                self._members.setdefault(ids[d.scope], {}).setdefault(d.name, node_id)
                self._fields[node_id] = class_of(d.returns)

    def target(self, facts: FileFacts, user: str, owner: str, name: str) -> str | None:
        """The variable that `user` means by a name read of `owner`."""
        module = module_id(facts.prefix, facts.path)
        if not owner:
            inside = (self._member(c, name) for c in self._around(user)) if facts.prefix in _ALONE else iter(())
            return next((m for m in inside if m is not None), None) or self._global(facts, module, name)
        holder = self._holder(facts, module, user, owner)
        return self._member(holder, name) if holder is not None else None

    def _holder(self, facts: FileFacts, module: str, user: str, owner: str) -> str | None:
        """The class that a name is read of."""
        first, dot, held = owner.partition(".")
        if first == OWN:
            found = next(self._around(user), None)
        else:
            found = self._class(facts, module, user, first)
            if found is None and not dot:  # a field of the object, named alone
                member = self.target(facts, user, "", first)
                return self._class(facts, module, user, self._fields.get(member or "", ""))
        if not dot or found is None:
            return found
        return self._class(facts, module, user, self._fields.get(self._member(found, held) or "", ""))

    def _around(self, user: str) -> Iterator[str]:
        """The classes that a function stands in, the innermost first."""
        home = self._homes.get(user)
        while home is not None:
            if home in self._nodes and self._nodes[home].type in _TYPES:
                yield home
            home = self._homes.get(home)

    def _member(self, class_id: str, name: str) -> str | None:
        level, seen = [class_id], {class_id}
        while level:
            for one in level:
                if (found := self._members.get(one, {}).get(name)) is not None:
                    return found
            level = list(dict.fromkeys(b for one in level for b in self._bases.get(one, ()) if b not in seen))
            seen.update(level)
        return None

    def _class(self, facts: FileFacts, module: str, user: str, name: str) -> str | None:
        """The one class of that name that is nearest: of the file, of the folder, of what the file imports."""
        every = self._classes.get((facts.prefix, name), ())
        if not every:
            return None
        imported = self._imports.get(module, set())
        folder = parent_of(facts.path)
        here = [c for c in every if c.startswith(f"{module}#")]
        near = [c for c in every if parent_of(self._nodes[c].path) == folder] if not here else []
        far = [c for c in every if c in imported or c.partition("#")[0] in imported] if not here and not near else []
        for found in (here, near, far):
            inner = [c for c in found if self._homes.get(c) in (user, *self._around(user))] if len(found) > 1 else []
            if len(found) == 1 or len(inner) == 1:
                return (inner or found)[0]
            if found:
                return None
        return None

    def _global(self, facts: FileFacts, module: str, name: str) -> str | None:
        """A variable of the file or its folder, or one that the file imports by name."""
        for place in (module, package_id(facts.prefix, parent_of(facts.path))):
            found = self._variables.get(place, {}).get(name, ())
            if found:
                return found[0] if len(found) == 1 else None
        taken = set(self._taken.get(module, {}).get(name, ()))
        return taken.pop() if len(taken) == 1 else None
