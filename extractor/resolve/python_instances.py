"""What is known of a value by its type: what isinstance says of it, the fields of a named tuple."""

from __future__ import annotations

from typing import Final

from extractor.resolve.python_members import ancestry
from extractor.resolve.python_program import Program
from extractor.resolve.python_values import (
    BOX,
    CLASS,
    CONSTANT,
    EXTERNAL,
    INSTANCE,
    RESULT,
    UNKNOWN,
    Block,
    Value,
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
