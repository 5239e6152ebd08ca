"""What is known of a value by its type: what isinstance says of it, the fields of a named tuple, the functions registered for it."""

from __future__ import annotations

from typing import Final

from extractor.resolve.python_inheritance import ancestry
from extractor.resolve.python_members import REGISTERED
from extractor.resolve.python_program import Program
from extractor.resolve.python_state import Arguments
from extractor.resolve.python_types import named
from extractor.resolve.python_values import (
    BOX,
    CLASS,
    CONSTANT,
    EXTERNAL,
    FUNCTION,
    INSTANCE,
    NONE,
    RESULT,
    UNKNOWN,
    Block,
    Value,
    Values,
)  # fmt: skip

SCALARS: Final = frozenset(
    f"builtins.{name}" for name in ("str", "bytes", "bytearray", "int", "float", "complex", "bool")
)
DATA: Final = SCALARS | {f"builtins.{name}" for name in ("list", "tuple", "dict", "set", "frozenset")}


def is_instance(p: Program, value: Value, tested: Value, reader: Block) -> bool | None:
    """What isinstance(value, tested) gives, None when that cannot be told; `tested` is a class of here or an external one."""
    kind = value.kind
    if kind in (UNKNOWN, RESULT) or (kind == CONSTANT and value.a is None):
        return None
    path = tested.a if tested.kind == EXTERNAL else ""
    if kind == INSTANCE:
        order, outside = ancestry(p, value.a, reader)
        if tested.kind == CLASS:
            return tested.a in order or (None if "" in outside else False)
        return path in outside or (False if path in DATA and not outside else None)
    if tested.kind == CLASS:
        return False
    if kind == CONSTANT:
        return path == f"builtins.{type(value.a).__name__}" or (False if path in DATA else None)
    if kind == BOX:
        # A box may stand for another container of the same use: `list` is made for any Sequence.
        return False if path in SCALARS else None
    return False if path in DATA else None


def tuple_fields(p: Program, value: Value, reader: Block) -> list[str]:
    """The fields, in order, of an instance that is a named tuple; none of another value."""
    if value.kind != INSTANCE or not value.a.fields:
        return []
    outside = ancestry(p, value.a, reader)[1]
    return value.a.fields if "typing.NamedTuple" in outside or "builtins.tuple" in outside else []


def registered_for(p: Program, function: Block, given: Arguments, at: Block) -> list[Value]:
    """Of the functions registered for types with `function` those whose types what is passed may be of."""
    cell = function.attributes.get(REGISTERED)
    if cell is None:
        return []
    place = 1 if function.class_ is not None else 0
    passed = p.concrete(given.positional[place], at) if place < len(given.positional) else NONE
    judged = [value for value in passed if value.kind not in (UNKNOWN, RESULT)]
    return [
        other
        for other in sorted(p.read(cell, at))
        if other.kind == FUNCTION  # and not that there are too many
        and (
            not judged
            or not (types := _types_of(p, other.a, at))
            or any(is_instance(p, value, tested, at) is not False for value in judged for tested in types)
        )
    ]


def _types_of(p: Program, function: Block, at: Block) -> Values:
    """The types a function is registered for: those written there, else what its parameter is declared to be."""
    types = p.registered.get(function, NONE)
    place = 1 if function.class_ is not None and not function.has_flag("static") else 0
    flow = dict(function.annotations).get(place) if not types else None
    found = types or (named(p, flow, function.parent or function, at) if flow.__class__ is str else NONE)
    return found if all(value.kind in (CLASS, EXTERNAL) for value in found) else NONE
