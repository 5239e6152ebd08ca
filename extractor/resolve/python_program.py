"""The program under analysis: every block of every file, names to values, classes to their members.

Nothing here decides what a call does; `python_calls` does, and `python_flow` runs the blocks.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Any, Final

from extractor.entries import plugins
from extractor.facts import FileFacts
from extractor.resolve import definition_ids
from extractor.resolve.python_modules import Module, Modules
from extractor.resolve.python_store import Store
from extractor.resolve.python_values import (
    BOX,
    CLASS,
    CONSTANT,
    EXTERNAL,
    INSTANCE,
    MODULE,
    NONE,
    PARTIAL,
    RETURNED,
    STAND_INS,
    TOKEN,
    Block,
    Box,
    Cell,
    Class,
    Context,
    Kin,
    Partial,
    Value,
    Values,
)  # fmt: skip
from extractor.schema import module_id

ON_CLASS: Final = ("__init_subclass__", "__class_getitem__")
BUILTINS: Final = frozenset(name for name in dir(builtins) if not name.startswith("_")) | {"__import__", "reveal_type"}


class Program(Store):
    """`blocks_of[path][i + 1]` belongs to definition i, `[0]` to the module."""

    def __init__(self, files: Sequence[FileFacts], configs: Mapping[str, str]) -> None:
        super().__init__()
        self.modules = Modules(files, configs)
        self.plugins = plugins(configs)
        self.blocks_of: dict[str, list[Block | None]] = {}
        self.boxes: dict[tuple[Any, ...], Value] = {}
        self.partials: dict[tuple[Block, int], Value] = {}
        self.contexts: dict[tuple[Any, ...], Context] = {}
        self.spaces: dict[str, Block] = {}
        self.requested: dict[Block, list[tuple[int, Block]]] = {}  # see python_fixtures
        self.promised: dict[Value, Values] = {}  # by container: what it is declared to be where it is made
        self.special: set[str] = set()  # names like `__add__` that are defined anywhere here
        self.made: dict[tuple[Block, int], Class] = {}  # by calls of `type`
        self.verdicts: dict[tuple[Any, ...], bool | None] = {}  # see python_arity
        self.registered: dict[Block, Values] = {}  # of functions registered for types: the types
        self.shared: dict[str, Cell] = {}  # attributes of objects outside that the program fills itself, by dotted path
        for facts in files:
            self._load(facts)
        self._globals()

    def _load(self, facts: FileFacts) -> None:
        module = self.modules.by_path[facts.path]
        rows = (facts.extra or {}).get("scopes") or (((), (), (), (), (), (), None),)
        ids = definition_ids(facts)
        blocks: list[Block | None] = [Block(facts, module, -1, rows[0], None, module_id(facts.prefix, facts.path))]
        for index, row in enumerate(rows[1:]):
            if row is None:
                blocks.append(None)
                continue
            parent = blocks[facts.defs[index].scope + 1]
            block = Block(facts, module, index, row, parent, ids[index])
            if block.kind == "class":
                block.class_ = Class(block)
            elif parent is not None and parent.kind == "class":
                block.class_ = parent.class_
            blocks.append(block)
        self.blocks_of[facts.path] = blocks
        self.special.update(d.name for d in facts.defs if d.name.startswith("__"))
        written = [(fact.scope, fact.name) for fact in facts.raises]
        written += [(handler.scope, name) for handler in facts.handlers for name in handler.names]
        for scope, name in written:
            at = blocks[scope + 1]
            if at is not None:
                at.wanted |= {name.partition(".")[0].partition("(")[0]}

    def _globals(self) -> None:
        """Names that functions declare global belong to the module, wherever they are first assigned."""
        for blocks in self.blocks_of.values():
            top = blocks[0]
            for block in blocks:
                if block is not None and top is not None:
                    for name in sorted(block.outer):
                        top.bound.add(name)
                        top.foreign.setdefault(name, Cell())

    def block_of(self, module: Module) -> Block | None:
        blocks = self.blocks_of.get(module.path)
        return blocks[0] if blocks else None

    # Names

    def cell_of(self, block: Block, name: str) -> Cell:
        """Everything `name` of this scope ever holds."""
        cell = block.names.get(name)
        if cell is None:
            cell = block.names[name] = Cell()
        return cell

    def free(self, block: Block, name: str) -> Any:
        """What a name that is not bound here means: a Cell to read, or Values."""
        found = block.lookups.get(name)
        if found is None:
            found = block.lookups[name] = self._free(block, name)
        return found

    def _free(self, block: Block, name: str) -> Any:
        above = block.parent
        while above is not None and above.kind != "module":
            if above.kind == "function" and (name in above.captured or name in above.bound) and name not in above.outer:
                return self.cell_of(above, name)
            above = above.parent
        top = block if above is None else above
        if name in top.bound:
            return self.cell_of(top, name)
        if name == "__class__" and block.class_ is not None:
            return self.one(CLASS, block.class_)
        if name in ("__name__", "__package__"):
            return self._own_name(top.module, name)
        starred = self._starred(top, name, {top})
        if starred is not None:
            return starred
        if name in BUILTINS:
            return self.one(EXTERNAL, f"builtins.{name}")
        # Code here or elsewhere may store the name in the module.
        return self._outside_star(top.module, name) or self.cell_of(top, name)

    def _own_name(self, module: Module, name: str) -> Values:
        dotted = self.modules.dotted(module)
        return self.one(CONSTANT, dotted if name == "__name__" or module.directory else dotted.rpartition(".")[0])

    def _starred(self, block: Block, name: str, seen: set[Block]) -> Any:
        """A name that comes through `from x import *`: the last star that offers it wins."""
        for row in reversed(block.module.imports.get("*", [])):
            other = self.modules.imported(row, block.module.path)
            target = self.block_of(other) if other is not None else None
            if target is None or target in seen or other is None:
                continue
            allowed = self.modules.public(other)
            if name.startswith("_") if allowed is None else name not in allowed:
                continue
            if name in target.bound:
                return self.final_of(target, name)
            found = self._starred(target, name, seen | {target})
            if found is not None:
                return found
            if allowed is not None:
                inner = self.modules.submodule(other, name)
                if inner is not None:
                    return self.one(MODULE, inner)
        return None

    def _outside_star(self, module: Module, name: str) -> Values:
        """A name nothing here binds, in a module that star-imports one outside the repository: it comes from there."""
        for row in reversed(module.imports.get("*", [])):
            if not row.level and self.modules.imported(row, module.path) is None and not name.startswith("__"):
                return self.one(EXTERNAL, f"{row.module}.{name}")
        return NONE

    def final_of(self, block: Block, name: str) -> Cell:
        cell = block.final.get(name)
        if cell is None:
            cell = block.final[name] = Cell()
        return cell

    def member_of_module(self, module: Module, name: str, reader: Block) -> Values:
        """Attribute `name` of a module: what it binds in the end, else a star import's, else a submodule."""
        block = self.block_of(module)
        if block is not None:
            if name in block.bound:
                values = self.read(self.final_of(block, name), reader)
                if values:
                    return values
            else:
                starred = block.lookups.get("*" + name)
                if starred is None:
                    starred = self._starred(block, name, {block})
                    block.lookups["*" + name] = NONE if starred is None else starred
                if isinstance(starred, Cell):
                    return self.read(starred, reader)
                if starred:
                    return starred  # type: ignore[no-any-return]
        if name in ("__name__", "__package__"):
            return self._own_name(module, name)
        inner = self.modules.submodule(module, name)
        if inner is not None:
            return self.one(MODULE, inner)
        # Code elsewhere may store the name in the module: its cell is read even while it is empty.
        stored = self.read(self.final_of(block, name), reader) if block is not None else NONE
        return stored or self._outside_star(module, name)

    # Containers and closures

    def box(self, kind: str, block: Block, site: int, tag: str = "") -> Value:
        """The container made at this place; always the same value for the same place."""
        key = (block, site, tag, kind)
        found = self.boxes.get(key)
        if found is None:
            found = self.boxes[key] = self.value(BOX, Box(kind, block), tag)
        return found

    def partial(self, block: Block, site: int) -> Value:
        found = self.partials.get((block, site))
        if found is None:
            found = self.partials[(block, site)] = self.value(PARTIAL, Partial())
        return found

    # Concrete values

    def concrete(self, values: Values, reader: Block) -> Values:
        """The values with every parameter replaced by what flows to it."""
        for value in values:
            if value.kind in STAND_INS:
                break
        else:
            return values
        known: set[Value] = set()
        for value in values:
            if value.kind == TOKEN:
                found = self.read(value.a.inflow[value.b], reader)
                if value.a.inflow[value.b].full and value.b == 0 and value.a.class_ is not None:
                    found = self.receiver(value.a)
                known |= found
            elif value.kind == RETURNED:
                known |= self.read(value.a.result, reader)
            else:
                known.add(value)
        return frozenset(known)

    def receiver(self, method: Block) -> Values:
        """What `self` (or `cls`) is when nobody here calls the method: an instance of the class itself."""
        if method.class_ is None or method.has_flag("static"):
            return NONE
        kind = (
            CLASS
            if method.has_flag("classmethod")
            or (method.definition is not None and method.definition.name in (*ON_CLASS, "__new__"))
            else INSTANCE
        )
        return self.one(kind, method.class_)

    def dismantle(self) -> None:
        """Take the program apart: its parts refer to each other, and a run that looks for no cycles would keep them to its end."""
        blocks = [block for blocks in self.blocks_of.values() for block in blocks if block is not None]
        classes = [block.class_ for block in blocks if block.kind == "class" and block.class_ is not None]
        classes += self.made.values()
        kins = [(kin, (*Kin.__slots__, "members", "slots")) for kin in self.kins.values()]
        for part, names in (*((c, Class.__slots__) for c in classes), *((b, Block.__slots__) for b in blocks), *kins):
            for name in names:
                delattr(part, name)
        for value in self._values.values():
            value.a = value.single = value.views = None
        self.__dict__.clear()
