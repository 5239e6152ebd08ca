"""What is known of a value by its type: what isinstance says of it, the fields of a named tuple, the functions registered for it,
the parts that a pattern of its class matches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from extractor.resolve.python_inheritance import ancestry
from extractor.resolve.python_kin import has_heir, is_kin
from extractor.resolve.python_library import read_attribute
from extractor.resolve.python_lookup import on_class
from extractor.resolve.python_members import REGISTERED
from extractor.resolve.python_program import Program
from extractor.resolve.python_state import Arguments, Hits
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
    Code,
    Kin,
    Value,
    Values,
)  # fmt: skip

if TYPE_CHECKING:
    from extractor.resolve.python_flow import Flow

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
            if tested.a.__class__ is Kin:
                return None if tested.a.top in order else False
            if tested.a in order:
                return True
            return None if "" in outside or (is_kin(value) and has_heir(value.a, tested.a, reader)) else False
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


def matched(run: Flow, f: Code) -> Values:
    """A part of what a class pattern matches: an attribute by name, or by its place in the order that the class gives."""
    _, subject, written, key, line = f
    owners = run.concrete(run.value(subject))
    found: Values = NONE
    for cls in sorted(named(run.p, written, run.at, run.at)):
        if cls.kind != CLASS:
            found |= owners if key == 0 else NONE  # `str(x)` is the text itself
            continue
        one = frozenset(v for v in owners if v.kind == INSTANCE and is_instance(run.p, v, cls, run.at) is not False)
        name = key if key.__class__ is str else _place(run, cls, key)
        if name:
            hits = Hits()
            one = one or run.p.one(INSTANCE, cls.a)
            found |= read_attribute(run.calls, one, name, run.at, line, hits)
            run.note(hits, name, line, 0, False)
    return found


def _place(run: Flow, cls: Value, place: int) -> str:
    """The attribute that stands at this place in a pattern of the class."""
    for box in on_class(run.p, cls.a, "__match_args__", run.at)[0]:
        names = run.calls.read_slot(box, place, run.at) if box.kind == BOX else NONE
        return next((name.a for name in names if name.kind == CONSTANT and name.a.__class__ is str), "")
    fields = list(dict.fromkeys(n for above in reversed(ancestry(run.p, cls.a, run.at)[0]) for n in above.fields))
    return fields[place] if place < len(fields) else ""
