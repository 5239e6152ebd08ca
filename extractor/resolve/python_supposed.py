"""What is known of a function's parameters where it returns something, or defines a function: whether that may be so in one call.

`Flow.supposed` notes it while a branch is run: by position whether the parameter is None, by position and types whether it is of
those. What is returned there lies in a cell of its own (`Block.conditional`), and a function defined there remembers it (`Block.under`).
"""

from __future__ import annotations

from typing import Any

from extractor.resolve.python_instances import is_instance
from extractor.resolve.python_program import Program
from extractor.resolve.python_state import Arguments
from extractor.resolve.python_types import named
from extractor.resolve.python_values import (
    CLASS,
    CONSTANT,
    EXTERNAL,
    FUNCTION,
    NONE,
    TOKEN,
    UNKNOWN,
    Block,
    Code,
    Value,
    Values,
)

Passed = list[Values | None]


def may_return(p: Program, function: Block, values: Values, given: Arguments, passed: Passed, at: Block) -> Values:
    """What a call gives back: `values`, which every call may, and what these arguments do not rule out."""
    for (what, holds), cell in function.conditional.items():
        if _may_hold(p, function, what, holds, given, passed, at):
            values |= p.read(cell, at)
    if not function.choosing:
        return values
    return frozenset(value for value in values if _may_stand(p, function, value, given, passed, at))


def _may_stand(p: Program, function: Block, value: Value, given: Arguments, passed: Passed, at: Block) -> bool:
    """Whether a function defined inside this one may be the one that is defined in this call."""
    if value.kind != FUNCTION or value.a.parent is not function:
        return True
    return all(_may_hold(p, function, what, holds, given, passed, at) for what, holds in value.a.under.items())


def _may_hold(p: Program, function: Block, what: Any, holds: bool, given: Arguments, passed: Passed, at: Block) -> bool:
    """Whether what was supposed of a parameter may be so in this call."""
    if isinstance(what, int):
        return holds if _omitted(function, what, given) else not (holds and _is_known(p, passed[what], at))
    index, types = what
    values = passed[index]
    if values is None and index in function.defaults and not (given.star or given.double):
        values = p.read(function.defaults[index], at)
    return _may_be(p, p.concrete(values or NONE, at), types, holds, function, at)


def _is_known(p: Program, passed: Values | None, at: Block) -> bool:
    """Whether it is known what is passed: a parameter of the caller, say, may still be None."""
    if not passed or any(value.kind == TOKEN and value.a.params[value.b].default == "None" for value in passed):
        return False
    return any(
        value.kind != UNKNOWN and not (value.kind == CONSTANT and value.a is None) for value in p.concrete(passed, at)
    )


def _omitted(function: Block, index: int, given: Arguments) -> bool:
    """Whether this call surely leaves the parameter to its default None."""
    param = function.params[index]
    if param.default != "None" or given.star or given.double or param.name in given.keywords:
        return False
    return param.kind == "kwonly" or index >= len(given.positional)


def _may_be(p: Program, values: Values, types: Code, holds: bool, function: Block, reader: Block) -> bool:
    """Whether one of these values may be of one of these types, as `function` writes them, or may be of none."""
    if not values:
        return True
    tested = p.once(
        (function, types), reader, lambda: [v for written in types for v in named(p, written, function, reader)]
    )
    if not tested or any(value.kind not in (CLASS, EXTERNAL) for value in tested):
        return True
    judged = [[is_instance(p, value, cls, reader) for cls in tested] for value in values]
    return any(any(one is not False for one in known) if holds else True not in known for known in judged)
