"""The program under analysis: every block of every file, names to values, classes to their members.

Nothing here decides what a call does; `python_calls` does, and `python_flow` runs the blocks.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Any, Final

from extractor.facts import FileFacts
from extractor.resolve import definition_ids
from extractor.resolve.python_modules import Module, Modules
from extractor.resolve.python_values import (
    BOUND,
    BOX,
    CLASS,
    CONSTANT,
    EXTERNAL,
    FUNCTION,
    INSTANCE,
    METHOD,
    MODULE,
    NONE,
    PARTIAL,
    PROPERTY,
    RESULT,
    RETURNED,
    SUPER,
    TOKEN,
    UNKNOWN,
    Block,
    Box,
    Cell,
    Class,
    Context,
    Partial,
    Store,
    Value,
    Values,
)  # fmt: skip
from extractor.schema import module_id

BUILTINS: Final = frozenset(name for name in dir(builtins) if not name.startswith("_")) | {"__import__", "reveal_type"}
TRANSPARENT: Final = frozenset(
    {"builtins.object", "typing.Generic", "typing.Protocol", "abc.ABC", "typing_extensions.Protocol"}
)
REGISTERED: Final = "<registered>"
# Methods of external classes that call a method of the subclass: a name, or a prefix that ends in *.
TEMPLATES: Final = {
    "threading.Thread.start": "run",
    "threading.Timer.start": "run",
    "multiprocessing.Process.start": "run",
    "multiprocessing.context.Process.start": "run",
    "ast.NodeVisitor.visit": "visit_*",
    "ast.NodeVisitor.generic_visit": "visit_*",
    "ast.NodeTransformer.visit": "visit_*",
    "ast.NodeTransformer.generic_visit": "visit_*",
    "html.parser.HTMLParser.feed": "handle_*",
    "cmd.Cmd.cmdloop": "do_*",
    "cmd.Cmd.onecmd": "do_*",
    "json.JSONEncoder.encode": "default",
    "logging.Handler.handle": "emit",
}
Getter = tuple[Value, Value]


class Program(Store):
    """`blocks_of[path][i + 1]` belongs to definition i, `[0]` to the module."""

    def __init__(self, files: Sequence[FileFacts], configs: Mapping[str, str]) -> None:
        super().__init__()
        self.modules = Modules(files, configs)
        self.blocks_of: dict[str, list[Block | None]] = {}
        self.boxes: dict[tuple[Any, ...], Value] = {}
        self.partials: dict[tuple[Block, int], Value] = {}
        self.contexts: dict[tuple[Any, ...], Context] = {}
        self.spaces: dict[str, Block] = {}
        for facts in files:
            self._load(facts)
        self._globals()

    def _load(self, facts: FileFacts) -> None:
        module = self.modules.by_path[facts.path]
        rows = (facts.extra or {}).get("scopes") or [[[], [], [], [], [], [], None]]
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
        starred = self._starred(top, name, {top})
        if starred is not None:
            return starred
        if name in BUILTINS:
            return self.one(EXTERNAL, f"builtins.{name}")
        return self._outside_star(top.module, name)

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
        inner = self.modules.submodule(module, name)
        if inner is not None:
            return self.one(MODULE, inner)
        if block is not None and name in block.final:
            return self.read(block.final[name], reader)
        return self._outside_star(module, name)

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
            if value.kind == TOKEN or value.kind == RETURNED:
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
            or (method.definition is not None and method.definition.name in (*_ON_CLASS, "__new__"))
            else INSTANCE
        )
        return self.one(kind, method.class_)

    # Classes

    def ancestry(self, cls: Class, reader: Block) -> tuple[list[Class], list[str]]:
        """(classes of the repository in method resolution order, external ancestors by dotted path)."""
        cls.readers[reader] = None
        if cls.mro is None:
            cls.mro = self._linearize(cls, {cls})
        return cls.mro

    def rebase(self, cls: Class) -> None:
        """A base of the class became known: forget its order and that of its descendants, and evaluate who asked for them."""
        pending = [cls]
        seen = {cls}
        while pending:
            current = pending.pop()
            current.mro = None
            for reader in current.readers:
                self.enqueue(reader)
            for below in current.subclasses:
                if below not in seen:
                    seen.add(below)
                    pending.append(below)

    def _linearize(self, cls: Class, seen: set[Class]) -> tuple[list[Class], list[str]]:
        """C3; where C3 refuses, depth first with the first mention kept."""
        sequences: list[list[Class]] = []
        externals: list[str] = []
        direct: list[Class] = []
        for base in cls.bases:
            for value in sorted(base.values):
                if value.kind == CLASS and value.a not in seen:
                    value.a.subclasses[cls] = None
                    direct.append(value.a)
                    order, outside = self._linearize(value.a, seen | {value.a})
                    sequences.append(list(order))
                    externals += outside
                elif value.kind in (EXTERNAL, RESULT) and value.a not in TRANSPARENT:
                    externals.append(value.a)
                elif value.kind == UNKNOWN:
                    externals.append("")
        direct = list(dict.fromkeys(direct))
        merged = _merge([*(list(s) for s in sequences), list(direct)])
        if merged is None:
            merged = list(dict.fromkeys(c for sequence in sequences for c in sequence))
        return [cls, *(c for c in merged if c is not cls)], list(dict.fromkeys(externals))

    def on_class(self, cls: Class, name: str, reader: Block, after: Class | None = None) -> tuple[Values, Class | None]:
        """The class attribute `name` found on the method resolution order, after class `after` when given (super)."""
        mro = self.ancestry(cls, reader)
        if after is not None:
            order = mro[0][mro[0].index(after) + 1 :] if after in mro[0] else self.ancestry(after, reader)[0][1:]
            cells = [(_cell(ancestor.own, name), ancestor) for ancestor in order]
        else:
            entry = cls.members.get(name)
            if entry is None or entry[0] is not mro:
                cells = [(_cell(ancestor.own, name), ancestor) for ancestor in mro[0]]
                somewhere = cells[0][0]
                if len(cells) > 1:
                    somewhere = Cell()
                    for cell, _ in cells:
                        self.connect(cell, somewhere)
                entry = cls.members[name] = (mro, somewhere, cells)
            if not entry[1].values:
                self.read(entry[1], reader)
                return NONE, None
            cells = entry[2]
        for cell, ancestor in cells:
            values = self.read(cell, reader)
            if values:
                return values, ancestor
        return NONE, None

    def on_instance(self, cls: Class, name: str, reader: Block) -> Values:
        """Everything stored under `name` on instances of the class, by methods of its ancestors too."""
        mro = self.ancestry(cls, reader)
        entry = cls.slots.get(name)
        if entry is None or entry[0] is not mro:
            slot = _cell(cls.instance, name)
            if len(mro[0]) > 1:
                own, slot = slot, Cell()
                self.connect(own, slot)
                for ancestor in mro[0][1:]:
                    self.connect(_cell(ancestor.instance, name), slot)
            entry = cls.slots[name] = (mro, slot)
        return self.read(entry[1], reader)

    def setters(self, cls: Class, name: str, reader: Block) -> list[Value]:
        """What assigning to `name` of an instance calls."""
        found: list[Value] = []
        for value in sorted(self.on_class(cls, name, reader)[0]):
            if value.kind == PROPERTY:
                found += value.b
            elif value.kind == INSTANCE:
                found += [self.value(BOUND, s, value) for s in sorted(self.on_class(value.a, "__set__", reader)[0])]
        return found

    def instance_cell(self, cls: Class, name: str) -> Cell:
        return _cell(cls.instance, name)

    def own_cell(self, cls: Class, name: str) -> Cell:
        return _cell(cls.own, name)

    def attribute(self, value: Value, name: str, reader: Block) -> tuple[Values, list[Getter], str]:
        """(values, property getters to call with their receiver, why there is nothing) of `value.name`; value is concrete."""
        kind = value.kind
        if kind == INSTANCE:
            return self._on_instance(value, value.a, name, reader)
        if kind == MODULE:
            values = self.member_of_module(value.a, name, reader)
            return values, [], "" if values else "missing_module"
        if kind == CLASS:
            return self._of_class(value, name, reader)
        if kind in (EXTERNAL, RESULT):
            return self.one(EXTERNAL, f"{value.a}.{name}"), [], ""
        if kind == SUPER:
            return self._of_super(value, name, reader)
        if kind == BOX:
            field = value.a.slots.get(name) if value.a.kind == "tuple" else None
            return (self.read(field, reader) if field is not None else self.one(METHOD, value, name)), [], ""
        if kind == PROPERTY:
            return self.one(METHOD, value, name), [], ""
        if kind == CONSTANT and value.a is not None:
            return self.one(EXTERNAL, f"builtins.{type(value.a).__name__}.{name}"), [], ""
        if kind == FUNCTION:
            if name == "__call__":
                return frozenset((value,)), [], ""
            if name == "register" and REGISTERED in value.a.attributes:
                return self.one(METHOD, value, name), [], ""
            cell = value.a.attributes.get(name)
            if cell is None:
                cell = value.a.attributes[name] = Cell()
            return self.read(cell, reader), [], "unknown_receiver"
        if kind == BOUND and name == "__func__":
            return frozenset((value.a,)), [], ""
        if kind == BOUND and name == "__self__":
            return frozenset((value.b,)), [], ""
        if kind == BOUND:
            return self.attribute(value.a, name, reader)
        if kind == UNKNOWN:
            return frozenset((value,)) if value.a == "external" else NONE, [], value.a
        return NONE, [], "unknown_receiver"

    def _on_instance(self, value: Value, cls: Class, name: str, reader: Block) -> tuple[Values, list[Getter], str]:
        if name == "__class__":
            return self.one(CLASS, cls), [], ""
        outside = self.ancestry(cls, reader)[1]
        member, _ = self.on_class(cls, name, reader)
        values: set[Value] = set()
        getters: list[Getter] = []
        described = False
        for found in member:
            if found.kind == PROPERTY:
                described = True
                getters += [(getter, value) for getter in found.a]
            elif found.kind == INSTANCE and (reader_of := self.on_class(found.a, "__get__", reader)[0]):
                described = True
                getters += [(self.value(BOUND, getter, found), value) for getter in reader_of]
            else:
                values |= self.bind(found, value, cls)
        if not described:
            values |= self.on_instance(cls, name, reader)
        if values or getters:
            return frozenset(values), getters, ""
        if outside:
            path = f"{outside[0]}.{name}"
            if path in TEMPLATES:
                return self.one(EXTERNAL, path, value), [], ""
            return (self.one(EXTERNAL, path), [], "") if outside[0] else (NONE, [], "external")
        dynamic = self.on_class(cls, "__getattr__", reader)[0] or self.on_class(cls, "__getattribute__", reader)[0]
        return NONE, [], "dynamic" if dynamic else "unknown_receiver"

    def _of_class(self, value: Value, name: str, reader: Block) -> tuple[Values, list[Getter], str]:
        cls: Class = value.a
        member, _ = self.on_class(cls, name, reader)
        values: set[Value] = set()
        for found in member:
            if found.kind == FUNCTION and found.a.has_flag("classmethod"):
                values.add(self.value(BOUND, found, value))
            else:
                values.add(found)
        if values:
            return frozenset(values), [], ""
        outside = self.ancestry(cls, reader)[1]
        for meta in cls.keywords.get("metaclass", NONE):
            if meta.kind == CLASS:
                found_on, _ = self.on_class(meta.a, name, reader)
                if found_on:
                    return frozenset(v for f in found_on for v in self.bind(f, value, meta.a)), [], ""
        if outside:
            return (self.one(EXTERNAL, f"{outside[0]}.{name}"), [], "") if outside[0] else (NONE, [], "external")
        return NONE, [], "unknown_receiver"

    def _of_super(self, value: Value, name: str, reader: Block) -> tuple[Values, list[Getter], str]:
        after, receiver = value.a, value.b
        cls = receiver.a if receiver is not None and receiver.kind in (INSTANCE, CLASS) else after
        member, _ = self.on_class(cls, name, reader, after)
        values: set[Value] = set()
        getters: list[Getter] = []
        for found in member:
            if found.kind == PROPERTY:
                getters += [(getter, receiver) for getter in found.a]
            elif receiver is None:
                values.add(found)
            else:
                values |= self.bind(found, receiver, cls)
        if values or getters:
            return frozenset(values), getters, ""
        outside = self.ancestry(cls, reader)[1] or self.ancestry(after, reader)[1]
        path = outside[0] if outside else "builtins.object"
        return (self.one(EXTERNAL, f"{path}.{name}"), [], "") if path else (NONE, [], "external")

    def bind(self, found: Value, receiver: Value, cls: Class) -> Values:
        """A class attribute read through `receiver`: functions become bound methods."""
        if found.kind != FUNCTION:
            return frozenset((found,))
        function: Block = found.a
        if function.has_flag("static"):
            return frozenset((found,))
        if function.has_flag("classmethod") or (
            function.definition is not None and function.definition.name in _ON_CLASS
        ):
            return self.one(BOUND, found, receiver if receiver.kind == CLASS else self.value(CLASS, cls))
        if receiver.kind == CLASS and cls is receiver.a:
            return frozenset((found,))
        return self.one(BOUND, found, receiver)


_ON_CLASS: Final = ("__init_subclass__", "__class_getitem__")


def _cell(cells: dict[str, Cell], name: str) -> Cell:
    found = cells.get(name)
    if found is None:
        found = cells[name] = Cell()
    return found


def _merge(sequences: list[list[Class]]) -> list[Class] | None:
    result: list[Class] = []
    while True:
        sequences = [s for s in sequences if s]
        if not sequences:
            return result
        for sequence in sequences:
            head = sequence[0]
            if not any(head in other[1:] for other in sequences):
                break
        else:
            return None
        result.append(head)
        sequences = [[c for c in s if c is not head] if s[0] is head else s for s in sequences]
