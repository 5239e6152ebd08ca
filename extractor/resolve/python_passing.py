"""What a call passes: arguments into the parameters of a function, and on to what the function calls of its parameters.

`def wrapper(*args): return function(*args)` calls what was decorated. Were the arguments of all its callers gathered first, each of
twenty decorated functions would get those of all twenty. So who calls the wrapper, and knows which function it wraps, lets them flow
on to that one: `python_expressions` notes as a Site what a parameter is called with, and `hand_on` does it for each call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from extractor.resolve.python_program import Program
from extractor.resolve.python_state import Arguments, Hits
from extractor.resolve.python_summaries import Invocation
from extractor.resolve.python_types import declared_type
from extractor.resolve.python_values import (
    BOUND,
    CLASS,
    FUNCTION,
    INSTANCE,
    MAX_KEYS,
    NONE,
    TOKEN,
    UNKNOWN,
    Block,
    Box,
    Cell,
    Values,
)  # fmt: skip

if TYPE_CHECKING:
    from extractor.resolve.python_calls import Calls

# Where a parameter may be more functions, nobody knows which it is: what all callers pass is gathered for all of them.
MAX_CALLEES: Final = 8
MAX_CHAIN: Final = 6  # calls that one call leads to in this way
HANDED: Final = (FUNCTION, BOUND, CLASS, INSTANCE)  # what may have parameters here


def bind_arguments(p: Program, function: Block, given: Arguments) -> list[Values | None]:
    """Let the arguments flow into the parameters; returns what each parameter got here, None where it was left out."""
    passed: list[Values | None] = []
    position = 0
    positional = given.positional
    if function.by_position and not (given.keywords or given.star or given.double):
        count = len(positional)
        for index, cell in enumerate(function.inflow):
            values = positional[index] if index < count else NONE
            if values:
                if not values <= cell.values:
                    _into(p, cell, values, given)
            elif function.annotations:
                values = _declared(p, function, index, given)
            passed.append(values if values or index < count else None)
        return passed
    used: set[str] = set()
    for index, param in enumerate(function.params):
        kind = param.kind
        values = NONE
        supplied = True
        if kind == "*":
            for offset, extra in enumerate(positional[position:]):
                _collect(p, p.box("tuple", function, -2 - index).a, offset, extra, given)
            if given.star:
                p.flow_into(p.box("tuple", function, -2 - index).a.any, given.star)
            position = len(positional)
        elif kind == "**":
            for name, extra in given.keywords.items():
                if name not in used:
                    _collect(p, p.box("dict", function, -2 - index).a, name, extra, given)
            if given.double:
                p.flow_into(p.box("dict", function, -2 - index).a.any, given.double)
        else:
            if kind != "kwonly" and position < len(positional):
                values = positional[position]
                position += 1
            elif param.name in given.keywords:
                values = given.keywords[param.name]
                used.add(param.name)
            else:
                values = given.double if kind == "kwonly" else given.star | given.double
                supplied = False
            if values:
                _into(p, function.inflow[index], values, given)
            elif function.annotations:
                values = _declared(p, function, index, given)
        passed.append(values if values or supplied else None)
    return passed


def _declared(p: Program, function: Block, index: int, given: Arguments) -> Values:
    """A caller passes something unknown: the declared type is what is left to go by."""
    if given.handed is not None:
        return NONE
    values = declared_type(p, function, index)
    p.add(function.inflow[index], values)
    return values


def _collect(p: Program, box: Box, key: Any, values: Values, given: Arguments) -> None:
    """Into the `*args` or `**kwargs` of a function."""
    cell = box.slots.get(key)
    if cell is None and len(box.slots) >= MAX_KEYS:
        cell = box.any
    elif cell is None:
        cell = box.slots[key] = Cell()
        p.upset(box.readers)
    _into(p, cell, values, given)


def _into(p: Program, cell: Cell, values: Values, given: Arguments) -> None:
    p.flow_into(cell, values if given.handed is None else _apart(values, given.handed))


def _apart(values: Values, block: Block) -> Values:
    """The values without what stands for parameters of this block and of those around it."""
    for value in values:
        if value.kind == TOKEN and block.within(value.a):
            return frozenset(v for v in values if v.kind != TOKEN or not block.within(v.a))
    return values


def hand_on(calls: Calls, call: Invocation, depth: int) -> None:
    """What a function calls of its parameters, and of those that it captured, is called with what this call passes."""
    p, function, at = calls.p, call.function, call.at
    # Wrappers that may hold each other are gone through once, not in every order.
    this = (function, call.context, *call.given.key())
    if function in calls.handing or this in calls.handed:
        return
    if len(calls.handed) >= MAX_CHAIN:
        p.add(function.presumed, p.one(UNKNOWN, "overflow"))
        return
    calls.handing.add(function)
    calls.handed.add(this)
    for number, inner in list(function.sites.items()):
        if not inner.handed:
            continue
        arguments = call.arguments_of(inner)
        callees = p.concrete(frozenset().union(*(call.meant_by(token) for token in inner.callees)), at)
        callees = frozenset(callee for callee in callees if callee.kind in HANDED)
        if len(callees) > MAX_CALLEES:
            p.flow_into(function.presumed, callees)
            continue
        for callee in sorted(callees):
            calls.call(callee, arguments, at, number, Hits(), "", depth + 1)
    calls.handing.remove(function)
    if not calls.handing:
        calls.handed.clear()


def handed_out(given: Arguments, hits: Hits) -> None:
    """Functions passed to what is known only to lie outside may be called by it. What callers pass on is not asked for."""
    for values in (*given.positional, *given.keywords.values()):
        for value in values:
            function = value.a if value.kind == BOUND else value
            if function.kind == FUNCTION:
                hits.callbacks[function.a.id] = "callback"
