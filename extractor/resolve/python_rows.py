"""Loops that store under the names they go through: the body runs for each item.

`for name in NAMES: setattr(self, name, getattr(other, name))` is one. Run once for all names, each would get what belongs to the
others. So the body is run for each item of the list, tuple or dict that is written out; then once for all of them, as any other
loop, with what it stores by name left out, for that is stored already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from extractor.resolve.python_values import BOX, CONSTANT, Code, Values

if TYPE_CHECKING:
    from extractor.resolve.python_flow import Flow

ROW: Final = 1  # the body runs for one item
ALL: Final = 2  # it runs for all that it has run for already
MAX_ROWS: Final = 32


def rows_of(run: Flow, s: Code) -> list[Values]:
    """The items of a loop that stores by name, one by one; nothing where they are not all known."""
    by_name = run.by_name.get(id(s))
    if by_name is None:
        by_name = run.by_name[id(s)] = _stores_by_name(s[3], frozenset(_names(s[1])))
    if not by_name:
        return []
    p, at = run.p, run.at
    rows: list[Values] = []
    for box in sorted(run.concrete(run.value(s[2]))):
        if box.kind != BOX or box.a.kind not in ("list", "tuple", "dict"):
            return []
        if any(p.read(cell, at) for cell in (box.a.any, box.a.more, box.a.keys)):
            return []
        for key in list(p.slots(box.a, at)):
            rows.append(p.one(CONSTANT, key) if box.a.kind == "dict" else run.calls.read_slot(box, key, at))
    return rows if 1 < len(rows) <= MAX_ROWS else []


def _names(target: Any) -> list[str]:
    """The names that a target binds."""
    if target.__class__ is str:
        return [target]
    return [name for inner in target[2] for name in _names(inner)] if target and target[0] == "T" else []


def _stores_by_name(flow: Code, names: frozenset[str]) -> bool:
    """Whether the body stores an item or an attribute under something that is made of these names."""
    pending: list[Any] = [flow]
    while pending:
        part = pending.pop()
        if part.__class__ is not tuple or not part:
            continue
        target = part[1] if part[0] == "=" and len(part) == 3 else None
        if target.__class__ is tuple and target and target[0] == "I" and _mentions(target[2], names):
            return True
        if part[0] == "C" and len(part) == 7 and part[2] == "setattr" and _mentions(part[3][1:2], names):
            return True
        pending.extend(part)
    return False


def _mentions(flow: Any, names: frozenset[str]) -> bool:
    pending = [flow]
    for part in pending:
        if part.__class__ is str and part in names:
            return True
        if part.__class__ is tuple:
            pending.extend(part)
    return False
