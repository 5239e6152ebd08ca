"""What is known of a class by looking at it, above and below it: the attributes its code sets, the classes that derive from it,
and how the orders of its bases make one."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from extractor.resolve.python_values import CLASS, EXTERNAL, RESULT, UNKNOWN, Block, Class, Kin, Value, Values

if TYPE_CHECKING:
    from extractor.resolve.python_program import Program
    from extractor.resolve.python_store import Store

MAX_DESCENDANTS: Final = 16
Order = tuple[list[Class], list[str]]
TRANSPARENT: Final = frozenset(
    {"builtins.object", "typing.Generic", "typing.Protocol", "abc.ABC", "typing_extensions.Protocol"}
)


def descendants(p: Store, cls: Class, reader: Block) -> list[Class]:
    """The class and those below it, as far as they are known and not too many; `reader` is evaluated again when there are more."""
    cls.followers[reader.place] = None
    found = [cls]
    for current in found:
        found += [below for below in current.subclasses if below not in found]
    return found if len(found) <= MAX_DESCENDANTS else [cls]


def is_protocol(cls: Class) -> bool:
    """Whether the class says what others have to have, by extending `typing.Protocol` itself."""
    return any(v.kind == EXTERNAL and v.a.endswith(".Protocol") for base in cls.bases for v in base.values)


def stored(p: Program, cls: Class) -> set[str]:
    """The attributes that a class sets in its body, or its methods on their first parameter, whatever they hold."""
    if cls.stored is None:
        made = cls.block.has_flag("dataclass")  # of what it only declares, too
        cls.stored = {
            s[1] for s in cls.block.flow if s[1].__class__ is str and (s[0] == "=" or (s[0] == ":" and (s[4] or made)))
        }
        for block in p.blocks_of[cls.block.facts.path]:
            if block is not None and block.kind == "function" and block.class_ is cls and block.params:
                _note_stored(block.flow, block.params[0].name, cls.stored)
    return cls.stored


def _note_stored(flow: Any, receiver: str, names: set[str]) -> None:
    pending: list[Any] = [flow]
    while pending:
        part = pending.pop()
        if part.__class__ is not tuple or not part:
            continue
        if part[0] == "=" or part[0] == ":":
            target = part[1]
            if target.__class__ is tuple and target[0] == "A" and target[1] == receiver:
                names.add(target[2])
            elif (
                target.__class__ is tuple and target[0] == "I" and target[2].__class__ is tuple and target[2][0] == "K"
            ):
                names.add(str(target[2][1]))  # as in self.__dict__["name"] = …
        elif part[0] == "C" and len(part) == 7 and part[2].__class__ is tuple and part[2][2:3] == ("__setattr__",):
            names.update(str(given[1]) for given in part[3] if given.__class__ is tuple and given[0] == "K")
        pending.extend(part)


def ancestry(p: Store, cls: Class, reader: Block) -> Order:
    """(classes of the repository in method resolution order, external ancestors by dotted path)."""
    cls.readers[reader.place] = None
    return cls.mro or _order(cls)


def full_order(cls: Class) -> Order:
    """What `ancestry` gives, for whom nobody has to tell when it is no longer so."""
    return cls.mro or _order(cls)


def order_of(cls: Class) -> list[Class]:
    """The classes of the repository alone."""
    return full_order(cls)[0]


def has(cls: Class, name: str) -> bool:
    """Whether something is known of the attribute, without the classes below."""
    cells = [cells.get(name) for c in full_order(cls)[0] for cells in (c.own, c.instance)]
    return any(cell is not None and cell.values for cell in cells)


def above(p: Store, cls: Value, reader: Block) -> Values:
    """The class itself and the classes of the repository that it descends from."""
    return frozenset(p.value(CLASS, ancestor) for ancestor in ancestry(p, cls.a, reader)[0])


def rebase(p: Store, cls: Class) -> None:
    """A base of the class became known: forget its order and that of its descendants, and evaluate who asked for them."""
    pending = [cls]
    seen = {cls}
    while pending:
        current = pending.pop()
        current.mro = None
        p.upset(current.readers)
        for below in current.subclasses:
            if below not in seen:
                seen.add(below)
                pending.append(below)


def _order(cls: Class) -> Order:
    """C3 over the orders of the bases. Where C3 refuses them, or they lead back here, depth first with the first mention kept."""
    if cls.__class__ is Kin:
        return cls.top.mro or _order(cls.top)
    above, direct, externals = _above(cls)
    if cls in above:
        cls.mro = [cls, *(c for c in above if c is not cls)], externals
        return cls.mro
    orders = []
    for base in direct:
        orders.append(base.mro or _order(base))
    merged = merge_orders([*(order for order, _ in orders), direct])
    if merged is None:
        merged = list(dict.fromkeys(c for order, _ in orders for c in order))
    cls.mro = [cls, *merged], externals
    return cls.mro


def _above(cls: Class) -> tuple[list[Class], list[Class], list[str]]:
    """(every class reached through the bases, depth first; the bases themselves; what they reach outside)."""
    found: dict[Class, None] = {}
    direct: list[Class] = []
    externals: dict[str, None] = {}
    pending = [(cls, value) for cell in reversed(cls.bases) for value in sorted(cell.values, reverse=True)]
    while pending:
        below, value = pending.pop()
        if value.kind == CLASS:
            base: Class = value.a if value.a.__class__ is not Kin else value.a.top
            base.subclasses[below] = None
            if below is cls and base not in direct:
                direct.append(base)
            if base not in found:
                found[base] = None
                pending += [(base, v) for cell in reversed(base.bases) for v in sorted(cell.values, reverse=True)]
        elif value.kind in (EXTERNAL, RESULT) and value.a not in TRANSPARENT:
            externals[value.a] = None
        elif value.kind == UNKNOWN:
            externals[""] = None
    return list(found), direct, list(externals)


def merge_orders(sequences: list[list[Class]]) -> list[Class] | None:
    """C3: the orders of the bases, and the bases themselves, as one order; None where they contradict each other."""
    later = Counter(c for sequence in sequences for c in sequence[1:])  # how often a class stands behind the head
    heads = [0] * len(sequences)
    result: list[Class] = []
    while True:
        open_ = [(s, at) for s, at in zip(sequences, heads, strict=True) if at < len(s)]
        if not open_:
            return result
        head = next((s[at] for s, at in open_ if not later[s[at]]), None)
        if head is None:
            return None
        result.append(head)
        for index, sequence in enumerate(sequences):
            at = heads[index]
            if at < len(sequence) and sequence[at] is head:
                heads[index] = at + 1
                if at + 1 < len(sequence):
                    later[sequence[at + 1]] -= 1
