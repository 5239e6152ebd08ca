"""What is known of a class by looking at it, above and below it: the attributes its code sets, the classes that derive from it,
and how the orders of its bases make one."""

from __future__ import annotations

from typing import Any, Final

from extractor.resolve.python_program import Program
from extractor.resolve.python_values import EXTERNAL, Block, Class

MAX_DESCENDANTS: Final = 16


def descendants(p: Program, cls: Class, reader: Block) -> list[Class]:
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


def merge_orders(sequences: list[list[Class]]) -> list[Class] | None:
    """C3: the orders of the bases, and the bases themselves, as one order; None where they contradict each other."""
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
