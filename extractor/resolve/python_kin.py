"""Many objects of related classes as one value: where a cell meets objects of more classes than it tells apart, those of classes
that descend from one become a single object of its `Kin`, which finds under a name what any of its heirs finds.

So a cell that every node of a syntax tree comes through holds one value and not a hundred, and a method called on it still leads
to each override. Heirs are the classes whose objects were seen, not all that derive from the class; past `MAX_HEIRS` only what
that class says itself is known. A method is bound to those alone that descend from where it is defined. Classes are joined as
their objects are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from extractor.resolve.python_inheritance import full_order, order_of
from extractor.resolve.python_lookup import instance_slot, on_class
from extractor.resolve.python_values import CLASS, INSTANCE, Block, Cell, Class, Kin, Value, Values, View

if TYPE_CHECKING:
    from extractor.resolve.python_store import Store

ALIKE: Final = (INSTANCE, CLASS)
MAX_APART: Final = 12  # objects that are told apart in one cell, and classes
MIN_ALIKE: Final = 4  # fewer are not joined
MAX_HEIRS: Final = 48


def is_kin(value: Value) -> bool:
    """Whether the value stands for objects of related classes, or for the classes."""
    return value.a.__class__ is Kin and value.kind in ALIKE


def absorbed(p: Store, cell: Cell, values: Iterable[Value]) -> set[Value]:
    """The values without those of kins that the cell holds; their classes are heirs from now on."""
    left: set[Value] = set()
    for value in values:
        for kin in cell.kin if value.kind in ALIKE else ():
            if kin.kind == value.kind and (value.a in kin.a.heirs or kin.a.top in order_of(value.a)):
                if value is not kin and value.a not in kin.a.heirs:
                    _join(p, kin.a, value.a)
                break
        else:
            left.add(value)
    return left


def widened(p: Store, cell: Cell, new: Values | set[Value]) -> set[Value]:
    """`new` after objects, or classes, of which the cell holds too many were joined to kins, as many at once as can be."""
    gone: set[Value] = set()
    made: set[Value] = set()
    for kind in ALIKE:
        apart = {value for value in (*cell.values, *new) if value.kind == kind}
        while len(apart) > MAX_APART:
            counts = Counter(above for value in apart for above in order_of(value.a))
            most = max(counts.values())
            if most < MIN_ALIKE:
                break
            top = max((cls for cls in counts if counts[cls] == most), key=lambda cls: (len(order_of(cls)), cls.id))
            kin = _kin(p, top, kind)
            members = {value for value in apart if top in order_of(value.a)}
            for member in sorted(members):
                _join(p, kin.a, member.a)
            apart -= members
            gone |= members
            made = made - members | {kin}
    gone -= made
    cell.values -= gone
    cell.kin = tuple(sorted({value for value in cell.kin if value not in gone} | made))
    return (set(new) - gone | made) - cell.values


def _kin(p: Store, top: Class, kind: str) -> Value:
    kin = p.kins.get(top)
    if kin is None:
        kin = p.kins[top] = Kin(top)
    return p.value(kind, kin)


def below(p: Store, receiver: Value, function: Block) -> Value:
    """Of a kin those that find this method on their class; any other receiver is what it is."""
    if not is_kin(receiver) or function.class_ is None or function.class_ in order_of(receiver.a):
        return receiver
    return _narrowed(p, receiver, function.class_)


def parts(p: Store, kin: Value, classes: Iterable[Class], reader: Block) -> set[Value]:
    """Of a kin those that descend from one of the classes."""
    found = [cls for cls in classes if has_heir(kin.a, cls, reader)]
    # Values are numbered as they are made.
    return {_narrowed(p, kin, cls) for cls in sorted(found, key=lambda cls: cls.id)}


def _narrowed(p: Store, kin: Value, cls: Class) -> Value:
    if not cls.subclasses:
        return p.value(kin.kind, cls)
    part = _kin(p, cls, kin.kind)
    _join(p, part.a, kin.a)
    return part


def heirs_of(cls: Class, reader: Block) -> list[Class]:
    """The class itself; of a kin, the classes in which names are looked up."""
    if cls.__class__ is not Kin:
        return [cls]
    cls.watchers[reader.place] = None
    return list(cls.meant)


def has_heir(kin: Kin, cls: Class, reader: Block) -> bool:
    """Whether some of the heirs descend from the class."""
    kin.watchers[reader.place] = None
    return any(cls in order_of(heir) for heir in kin.heirs)


def _join(p: Store, kin: Kin, member: Class) -> None:
    """A class becomes an heir; or the heirs of another kin do, now and later, as far as they descend from where this one does."""
    if member.__class__ is not Kin:
        _inherit(p, kin, member)
    elif member is not kin and kin not in member.joined:
        member.joined[kin] = None
        for heir in list(member.heirs):
            _inherit(p, kin, heir)


def _inherit(p: Store, kin: Kin, heir: Class) -> None:
    pending = [kin]
    while pending:
        kin = pending.pop()
        if heir in kin.heirs or kin.top not in order_of(heir):
            continue
        kin.heirs[heir] = None
        pending += kin.joined
        if kin.meant is not kin.heirs:
            continue
        p.upset(kin.watchers)
        if len(kin.heirs) > MAX_HEIRS:
            kin.meant = {kin.top: None}
            p.upset(kin.members.values())
            continue
        for name, view in list(kin.members.items()):
            if not view.stale and not _found(p, heir, name, view) <= view.result[0]:
                p.upset((view,))
        for name, (_, slot) in list(kin.slots.items()):
            p.connect(instance_slot(p, heir, name, full_order(heir)), slot)


def _found(p: Store, heir: Class, name: str, view: View) -> Values:
    """What the heir finds under the name, which the view reads as well from now on."""
    reader = heir.block
    place, reader.place = reader.place, view
    found = on_class(p, heir, name, reader)[0]
    reader.place = place
    return found
