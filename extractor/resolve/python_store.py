"""All values of a program, the cells they gather in, and the queue of blocks to evaluate again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final

from extractor.resolve.python_kin import ALIKE, MAX_APART, absorbed, widened
from extractor.resolve.python_values import (
    CONSTANT,
    FUNCTION,
    INSTANCE,
    NONE,
    RETURNED,
    STAND_INS,
    TOKEN,
    UNKNOWN,
    Block,
    Box,
    Cell,
    Class,
    Kin,
    Place,
    Reader,
    Value,
    Values,
    View,
    joined,
)

MAX_FUNCTIONS: Final = 32  # in one cell, as from a table of handlers
MAX_TARGETS: Final = 16  # of all other kinds
MAX_CONSTANTS: Final = 8


class Store:
    """All values, and the two queues: cells that grew, blocks to evaluate."""

    def __init__(self) -> None:
        self._values: dict[tuple[Any, ...], Value] = {}
        self._sets: dict[Values, Values] = {}
        self._views: dict[tuple[Any, ...], View] = {}
        self.kins: dict[Class, Kin] = {}  # by what all heirs descend from
        self.kept: dict[tuple[Any, ...], tuple[Any, ...]] = {}  # one object for all alike, of what traces hold
        self.waiting: list[deque[Block]] = [deque()]

    def value(self, kind: str, a: Any = None, b: Any = None) -> Value:
        # 1 and "1" are different keys, and so are 1 and True, hence the class.
        key = (kind, a, b, a.__class__)
        found = self._values.get(key)
        if found is None:
            found = Value(len(self._values))
            found.kind, found.a, found.b, found.single, found.views = kind, a, b, None, None
            self._values[key] = found
        return found

    def one(self, kind: str, a: Any = None, b: Any = None) -> Values:
        """The set of this one value."""
        value = self._values.get((kind, a, b, a.__class__)) or self.value(kind, a, b)
        if value.single is None:
            value.single = self.same(frozenset((value,)))
        return value.single

    def same(self, values: Values) -> Values:
        """The one object that stands for all sets of these values: there are few different ones, and very many alike."""
        return self._sets.setdefault(values, values)

    def enqueue(self, block: Block) -> None:
        if not block.queued and block.reached:
            block.queued = True
            while len(self.waiting) <= block.runs:
                self.waiting.append(deque())
            self.waiting[block.runs].append(block)

    def upset(self, readers: Iterable[Reader]) -> None:
        """What these read is no longer so."""
        for reader in readers:
            if isinstance(reader, Place):
                reader.stale = True
                self.enqueue(reader.block)
            elif not reader.stale:
                reader.stale = True
                self.upset(reader.readers)

    def next_block(self) -> Block | None:
        """Of the blocks to evaluate the one that has had the fewest turns: what moves often waits until the rest stands."""
        for queue in self.waiting:
            if queue:
                block = queue.popleft()
                block.queued = False
                return block
        return None

    def read(self, cell: Cell, reader: Block) -> Values:
        """What is in the cell; `reader` is evaluated again when that changes."""
        place = reader.place
        if place not in cell.readers:
            cell.readers = joined(cell.readers, place)
        return cell.values

    def outdated(self, view: View, reader: Block) -> bool:
        """Whether to look anew for what the view holds; `reader` is evaluated again when that is no longer so."""
        place = reader.place
        if place not in view.readers:
            view.readers = joined(view.readers, place)
        if not view.stale:
            return False
        view.stale = False  # at once, since what is found while looking may change what was found before
        return True

    def once(self, key: tuple[Any, ...], reader: Block, find: Callable[[], Any]) -> Any:
        """What `find` gives, the same for all who ask under this key; found anew only when something changed that it read."""
        view = self._views.get(key)
        if view is None:
            view = self._views[key] = View()
        if self.outdated(view, reader):
            place, reader.place = reader.place, view
            view.result = find()
            reader.place = place
        return view.result

    def slots(self, box: Box, reader: Block) -> dict[str | int, Cell]:
        """The slots of a container; `reader` is evaluated again when there are more."""
        place = reader.place
        if place not in box.readers:
            box.readers = joined(box.readers, place)
        return box.slots

    def add(self, cell: Cell, values: Values | set[Value]) -> None:
        """Put values in as they are, tokens included, and pass them on. What stands for too many goes on past all bounds."""
        if values <= cell.values:
            return
        pending: list[tuple[Cell, Values | set[Value]]] = [(cell, values)]
        overflowing: list[Cell] = []
        while pending:
            cell, values = pending.pop()
            new = values - cell.values if cell.values else values
            if cell.guard is not None:
                new = cell.guard(self, new)
            if cell.full or cell.kin or len(cell.values) + len(new) > MAX_CONSTANTS:
                new = self._bounded(cell, new)
            if not new:
                continue
            cell.values = self.same(cell.values | new if cell.values else frozenset(new))
            if cell.full:
                self._keep_instances(cell)
                overflowing.append(cell)
            if cell.readers:
                self.upset(cell.readers)
            for following in cell.next:
                pending.append((following, new))
        while overflowing:
            cell = overflowing.pop()
            declared = cell.values if cell.top else NONE
            for following in cell.next:
                if following.top and not declared <= following.values:
                    following.values = self.same(following.values | declared)
                    self.upset(following.readers)
                    overflowing.append(following)

    def _bounded(self, cell: Cell, new: Values | set[Value]) -> Values | set[Value]:
        """Past their bounds, objects and classes become a kin, constants the one unknown constant, and other targets make the cell full."""
        if cell.kin:
            new = absorbed(self, cell, new)
            if not new:
                return new
        if not cell.full and sum([value.kind in ALIKE for value in (*cell.values, *new)]) > MAX_APART:
            new = widened(self, cell, new)
        if cell.full:
            return NONE if cell.top else {value for value in new if value.kind == INSTANCE}
        if len(new) + len(cell.values) <= MAX_TARGETS and all(value.kind != CONSTANT for value in new):
            return new
        constants = {value for value in new if value.kind == CONSTANT}
        held = sum([value.kind == CONSTANT for value in cell.values])
        if constants and held + len(constants) > MAX_CONSTANTS:
            new = (new - constants) | self.one(CONSTANT, None) - cell.values
        functions = sum([value.kind == FUNCTION for value in (*cell.values, *new)])
        others = sum([value.kind != CONSTANT for value in new]) + len(cell.values) - held - functions
        cell.full = functions > MAX_FUNCTIONS or others > MAX_TARGETS
        return new

    def _keep_instances(self, cell: Cell) -> None:
        kept = frozenset(value for value in cell.values if value.kind == INSTANCE)
        cell.top = len(kept) > MAX_APART
        if cell.top:  # whichever they are, they are what is declared
            kept = cell.guard.declared(self) if cell.guard is not None else NONE
        cell.values = self.same(kept | self.one(UNKNOWN, "overflow"))

    def presume(self, block: Block, index: int, values: Values | set[Value]) -> None:
        """Put into a parameter what no call of the block passes."""
        self.flow_into(block.inflow[index], values)
        self.flow_into(block.presumed, values)

    def connect(self, source: Cell, target: Cell) -> None:
        """From now on `target` receives what `source` receives."""
        if source is target or target in source.next:
            return
        source.next = joined(source.next, target)
        if source.values:
            self.add(target, source.values)

    def flow_into(self, cell: Cell, values: Values | set[Value]) -> None:
        """Put values in with every token replaced by what flows to it, now and later."""
        for value in values:
            if value.kind in STAND_INS:
                break
        else:
            if not values <= cell.values:
                self.add(cell, values)
            return
        plain = set()
        for value in values:
            if value.kind == TOKEN:
                self.connect(value.a.inflow[value.b], cell)
            elif value.kind == RETURNED:
                self.connect(value.a.result, cell)
            else:
                plain.add(value)
        self.add(cell, plain)
