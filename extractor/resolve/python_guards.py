"""What a declaration rules out: values that flow to a parameter, a result or a field whose type they cannot have.

They come from callers that mean another function, from containers that hold things of many kinds, from the one result that all
calls of a function share; let in, they would go on to wherever the parameter goes. Ruled out is only what surely does not fit: a
class of the repository where text, a number or another class is declared, a function where no callable is. A protocol, a type
variable or anything that is not understood lets all in, and so does a test: what it passes may stand in for the real thing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from extractor.resolve.common import is_aside
from extractor.resolve.python_inheritance import ancestry, is_protocol
from extractor.resolve.python_kin import is_kin, parts
from extractor.resolve.python_program import Program
from extractor.resolve.python_types import named
from extractor.resolve.python_values import (
    BOUND,
    BOX,
    CLASS,
    EXTERNAL,
    FAMILY,
    FUNCTION,
    INSTANCE,
    METHOD,
    PARTIAL,
    Block,
    Cell,
    Class,
    Value,
)  # fmt: skip

CALLED: Final = frozenset((FUNCTION, BOUND, PARTIAL, METHOD, FAMILY, CLASS))
JUDGED: Final = CALLED | {INSTANCE, BOX}
TRANSPARENT: Final = frozenset(
    ("Optional", "Union", "Annotated", "ClassVar", "Final", "Required", "NotRequired", "ReadOnly")
)
MODULES: Final = frozenset(("builtins", "typing", "typing_extensions", "collections", "collections.abc"))
SCALARS: Final = frozenset(("str", "bytes", "bytearray", "int", "float", "complex", "bool", "None", "Literal"))
CONTAINERS: Final = frozenset(
    ("list", "List", "dict", "Dict", "set", "Set", "frozenset", "FrozenSet", "tuple", "Tuple", "deque", "Deque", "defaultdict",
     "DefaultDict", "OrderedDict", "Counter")
)  # fmt: skip
ITERATED: Final = frozenset(
    ("Iterable", "Iterator", "Sequence", "MutableSequence", "Collection", "Mapping", "MutableMapping", "Generator", "Reversible",
     "AbstractSet", "MutableSet", "KeysView", "ValuesView", "ItemsView")
)  # fmt: skip
Shape = frozenset[str]  # the methods that make an instance fit, whatever its class
ITERATING: Final[frozenset[Shape]] = frozenset(frozenset((name,)) for name in ("__iter__", "__next__", "__getitem__"))
CALLING: Final[frozenset[Shape]] = frozenset((frozenset(("__call__",)),))
UNSETTLED: Final = "unsettled"


class Allowed(NamedTuple):
    """The classes whose instances fit; the kinds of other values that do; shapes any of which makes an instance fit."""

    classes: frozenset[Class] = frozenset()
    kinds: frozenset[str] = frozenset()
    shapes: frozenset[Shape] = frozenset()


NOTHING: Final = Allowed()


class Guard:
    """Lets through what the type `flow`, written in `scope`, allows."""

    __slots__ = ("allowed", "flow", "known", "reader", "refused", "scope", "settled")

    def __init__(self, flow: Any, scope: Block, reader: Block) -> None:
        self.flow, self.scope, self.reader = flow, scope, reader
        self.allowed: Allowed | None = None
        self.settled = False
        self.known: dict[Class, bool] = {}
        self.refused: set[Value] = set()  # objects where objects of another class are declared

    def __call__(self, p: Any, values: Iterable[Value]) -> Iterable[Value]:
        for value in values:
            if value.kind in JUDGED:
                break
        else:
            return values
        if not self.settled:
            allowed = _allowed(p, self.flow, self.scope, self.reader, 0)
            self.settled = allowed != UNSETTLED
            self.allowed = allowed if isinstance(allowed, Allowed) else None
        if self.allowed is None:
            return values
        kept = {value for value in values if value.kind not in JUDGED or self._fits(p, value, self.allowed)}
        for value in values:
            if is_kin(value) and value not in kept:
                kept |= parts(p, value, self.allowed.classes, self.reader)
        if self.allowed.classes:
            self.refused.update(value for value in values if value.kind == INSTANCE and value not in kept)
        return kept

    def declared(self, p: Any) -> frozenset[Value]:
        """An object of each class of the repository that is declared."""
        classes = sorted(self.allowed.classes, key=lambda cls: cls.id) if self.allowed is not None else ()
        return frozenset(p.value(INSTANCE, cls) for cls in classes)  # values are numbered as they are made

    def _fits(self, p: Program, value: Value, allowed: Allowed) -> bool:
        if value.kind != INSTANCE:
            return value.kind in allowed.kinds
        fits = self.known.get(value.a)
        if fits is None:
            fits = self.known[value.a] = _is_one(p, value.a, allowed, self.reader)
        return fits


def _is_one(p: Program, cls: Class, allowed: Allowed, reader: Block) -> bool:
    order, outside = ancestry(p, cls, reader)
    if not allowed.classes.isdisjoint(order) or "" in outside:
        return True
    if outside and not allowed.classes:
        return True  # a class that extends `str` may be meant where text is declared
    has = {name for above in order for name, cell in above.own.items() if cell.values}
    if any(shape <= has for shape in allowed.shapes) or (allowed.shapes and "__getattr__" in has):
        return True
    return bool(allowed.classes) and all(is_aside(above.block.facts.path) for above in order)


def _allowed(p: Program, flow: Any, scope: Block, reader: Block, depth: int) -> Allowed | str | None:
    """What a written type allows; None for anything, UNSETTLED where its names mean nothing yet."""
    if depth > 4:
        return None
    if flow is None:
        return NOTHING
    if not isinstance(flow, str):
        if flow[0] == "U":
            return _either(p, flow[1], scope, reader, depth)
        if flow[0] == "P":
            written, inner = flow[1], flow[2]
            name = written if isinstance(written, str) else written[2] if written is not None else ""
            if name in TRANSPARENT:
                return _either(p, inner[:1] if name == "Annotated" else inner, scope, reader, depth)
            if name in ("type", "Type"):
                return Allowed(kinds=CALLED)
            return _allowed(p, written, scope, reader, depth + 1) if written is not None else None
    values = named(p, flow, scope, reader)
    if not values:
        return UNSETTLED
    return _joined([_meant(p, value) for value in values])


def _either(p: Program, parts: Iterable[Any], scope: Block, reader: Block, depth: int) -> Allowed | str | None:
    return _joined([_allowed(p, part, scope, reader, depth + 1) for part in parts])


def _joined(found: list[Allowed | str | None]) -> Allowed | str | None:
    if None in found:
        return None
    if UNSETTLED in found:
        return UNSETTLED
    every = [one for one in found if isinstance(one, Allowed)]
    return Allowed(
        frozenset().union(*(one.classes for one in every)),
        frozenset().union(*(one.kinds for one in every)),
        frozenset().union(*(one.shapes for one in every)),
    )


def _meant(p: Program, value: Value) -> Allowed | None:
    if value.kind == CLASS:
        return _class_meant(p, value.a)
    if value.kind != EXTERNAL:
        return None
    package, _, name = value.a.rpartition(".")
    if package not in MODULES:
        return None
    if name in SCALARS:
        return NOTHING
    if name in CONTAINERS:
        return Allowed(kinds=frozenset((BOX,)))
    if name in ITERATED:
        return Allowed(kinds=frozenset((BOX,)), shapes=ITERATING)
    return Allowed(kinds=CALLED, shapes=CALLING) if name == "Callable" else None


def _class_meant(p: Program, cls: Class) -> Allowed | None:
    """A class, and what has the methods that an abstract one leaves to others; all that a protocol lists."""
    protocol = is_protocol(cls)
    asked = frozenset(
        block.definition.name
        for block in p.blocks_of[cls.block.facts.path]
        if block is not None
        and block.definition is not None
        and block.parent is cls.block
        and block.kind == "function"
        and (protocol or block.has_flag("abstract"))
    )
    if protocol and not asked:
        return None
    shapes = frozenset((asked,)) if asked else frozenset()
    kinds = CALLED if protocol else frozenset()
    if any(path.endswith(".TypedDict") for path in ancestry(p, cls, cls.block)[1]):
        kinds |= {BOX}
    return Allowed(frozenset((cls,)), kinds, shapes)


class Guarded(Cell):
    """A cell for what a declaration allows."""

    __slots__ = ("guard",)

    def __init__(self, guard: Guard) -> None:
        super().__init__()
        self.guard = guard


def admitted(cell: Cell) -> set[Value]:
    """The objects a cell refused, let in from now on: where nothing else comes, the declaration is what is wrong."""
    guard = cell.guard
    if guard is None or not guard.refused:
        return set()
    guard.allowed, guard.settled = None, True
    return guard.refused  # type: ignore[no-any-return]


def alike(cell: Cell) -> Cell:
    """An empty cell that lets in what this one does."""
    return Guarded(cell.guard) if cell.guard is not None else Cell()


def install(program: Program) -> None:
    """Guard every parameter and result that is declared, before anything flows."""
    for blocks in program.blocks_of.values():
        for block in blocks:
            if block is None or block.kind != "function":
                continue
            scope = block.parent or block
            for index, flow in block.annotations:
                if block.params[index].kind not in ("*", "**"):
                    block.inflow[index] = Guarded(Guard(flow, scope, block))
            if block.returns is not None and not block.generator:
                block.returned = Guarded(Guard(block.returns, scope, block))
