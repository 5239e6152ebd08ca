"""Names looked up on classes and on their instances, along the method resolution order; of a kin, on all its heirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from extractor.resolve.python_inheritance import Order, ancestry, full_order
from extractor.resolve.python_values import NONE, Block, Cell, Class, Kin, Values, View

if TYPE_CHECKING:
    from extractor.resolve.python_store import Store

Found = tuple[
    Values, Class | None
]  # the values, and the class that has them; of a kin, what all its heirs descend from


def on_class(p: Store, cls: Class, name: str, reader: Block, after: Class | None = None) -> Found:
    """The class attribute `name` found on the method resolution order, after class `after` when given (super)."""
    if after is not None:
        return _after(p, cls, name, reader, after)
    view = cls.members.get(name)
    if view is None:
        view = cls.members[name] = View()
    if p.outdated(view, reader):
        place, reader.place = reader.place, view
        if cls.__class__ is Kin:
            view.result = NONE.union(*[on_class(p, heir, name, reader)[0] for heir in cls.meant]), cls.top
        else:
            view.result = _first(p, ancestry(p, cls, reader)[0], name, reader)
        reader.place = place
    return view.result  # type: ignore[no-any-return]


def _after(p: Store, cls: Class, name: str, reader: Block, after: Class) -> Found:
    if cls.__class__ is Kin:
        cls.watchers[reader.place] = None
        return NONE.union(*[_after(p, heir, name, reader, after)[0] for heir in cls.meant]), cls.top
    order = ancestry(p, cls, reader)[0]
    return _first(
        p, order[order.index(after) + 1 :] if after in order else ancestry(p, after, reader)[0][1:], name, reader
    )


def _first(p: Store, order: Sequence[Class], name: str, reader: Block) -> Found:
    for cls in order:
        values = p.read(own_cell(cls, name), reader)
        if values:
            return values, cls
    return NONE, None


def on_instance(p: Store, cls: Class, name: str, reader: Block) -> Values:
    """Everything stored under `name` on instances of the class, by methods of its ancestors too."""
    return p.read(instance_slot(p, cls, name, ancestry(p, cls, reader)), reader)


def instance_slot(p: Store, cls: Class, name: str, order: Order) -> Cell:
    """Where all is gathered that is stored under `name` on instances of a class of this order."""
    entry = cls.slots.get(name)
    if entry is None or entry[0] is not order:
        slot = instance_cell(cls, name)
        heirs = list(cls.meant) if cls.__class__ is Kin else []
        if len(order[0]) > 1 or heirs:
            own, slot = slot, Cell()
            p.connect(own, slot)
            for ancestor in order[0][1:]:
                p.connect(instance_cell(ancestor, name), slot)
        entry = cls.slots[name] = (order, slot)
        for heir in heirs:
            p.connect(instance_slot(p, heir, name, full_order(heir)), slot)
    return entry[1]


def instance_cell(cls: Class, name: str) -> Cell:
    """What is stored under `name` on instances of the class by code that says so of this very class."""
    return _cell(cls.instance, name)


def own_cell(cls: Class, name: str) -> Cell:
    """What the body of the class binds `name` to."""
    return _cell(cls.own, name)


def _cell(cells: dict[str, Cell], name: str) -> Cell:
    found = cells.get(name)
    if found is None:
        found = cells[name] = Cell()
    return found
