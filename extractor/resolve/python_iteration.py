"""What iterating over a value calls, and what it gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractor.resolve.python_inheritance import ancestry
from extractor.resolve.python_lookup import on_class
from extractor.resolve.python_members import contained
from extractor.resolve.python_outside import lacks
from extractor.resolve.python_state import Arguments, Hits
from extractor.resolve.python_values import BOX, CLASS, FUNCTION, INSTANCE, NONE, Block, Value, Values

if TYPE_CHECKING:
    from extractor.resolve.python_calls import Calls


def iterate(calls: Calls, values: Values, at: Block, site: int, hits: Hits, asynchronous: bool = False) -> Values:
    """What `for x in values` binds; the iteration methods of known classes are called."""
    p = calls.p
    found: Values = NONE
    start, step = ("__aiter__", "__anext__") if asynchronous else ("__iter__", "__next__")
    for value in sorted(values):
        if value.kind == INSTANCE and not asynchronous:
            value = contained(p, value.a, at, "__iter__") or value
        if value.kind == BOX and value.a.kind == "dict":
            found |= calls.keys(value, at)
        elif value.kind == INSTANCE:
            given = on_class(p, value.a, start, at)[0] or any(
                not lacks(path, start) for path in ancestry(p, value.a, at)[1]
            )
            sequence = all(on_class(p, value.a, name, at)[0] for name in ("__getitem__", "__len__"))
            if not given and sequence:
                found |= calls.protocol(value, "__getitem__", Arguments([NONE]), at, site, hits, via="iteration")
                continue
            for iterator in sorted(
                p.concrete(calls.protocol(value, start, Arguments(), at, site, hits, via="iteration"), at)
            ):
                if iterator.kind == INSTANCE:
                    found |= calls.protocol(iterator, step, Arguments(), at, site, hits, via="iteration")
                else:
                    found |= calls.elements(frozenset((iterator,)), at)
        elif value.kind == CLASS:
            found |= _of_class(calls, value, at, site, hits)
        else:
            found |= calls.elements(frozenset((value,)), at)
    return found


def _of_class(calls: Calls, value: Value, at: Block, site: int, hits: Hits) -> Values:
    """Iterating an enum gives its members; otherwise the metaclass decides."""
    p = calls.p
    if value.a.enum:
        return p.one(INSTANCE, value.a)
    found: Values = NONE
    for meta in sorted(value.a.keywords.get("metaclass", NONE)):
        if meta.kind == CLASS:
            for method in sorted(on_class(p, meta.a, "__iter__", at)[0]):
                if method.kind == FUNCTION:
                    hits.targets.setdefault(method.a.id, "iteration")
                    result = calls.invoke(method, Arguments([frozenset((value,))]), at, site)
                    found |= calls.elements(result, at)
    return found
