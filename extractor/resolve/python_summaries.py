"""Results of functions as their callers see them: parameters, calls of parameters and closures replaced by what was passed.

This is what keeps an identity decorator on twenty functions from mixing them: its result is "my first parameter", and each
caller puts its own argument there.
"""

from __future__ import annotations

from typing import Final

from extractor.resolve.python_program import Program
from extractor.resolve.python_state import Arguments
from extractor.resolve.python_values import (
    BOUND,
    CLASS,
    EXTERNAL,
    FUNCTION,
    INSTANCE,
    NONE,
    RETURNED,
    TOKEN,
    UNKNOWN,
    Block,
    Cell,
    Context,
    Site,
    Value,
    Values,
)  # fmt: skip

MAX_CONTEXT: Final = 2


def seen_by_caller(
    p: Program,
    values: Values,
    function: Block,
    context: Context | None,
    passed: list[Values | None],
    at: Block,
    site: int,
    depth: int,
) -> Values:
    """`values`, which `function` returns, as the caller sees them."""
    for value in values:
        kind = value.kind
        if kind in (TOKEN, RETURNED) or (
            kind == FUNCTION and value.a.parent is not None and value.a.kind == "function"
        ):
            break
    else:
        return values
    seen: set[Value] = set()
    for value in sorted(values):
        if value.kind == TOKEN:
            seen |= _token(p, value, function, context, passed, at)
        elif value.kind == RETURNED:
            seen |= _returned(p, value.a, function, context, passed, at, site, depth)
        elif value.kind == FUNCTION and value.a is not function and value.a.within(function):
            seen.add(_close(p, value, function, context, passed, at, site))
        else:
            seen.add(value)
    return frozenset(seen)


def _token(
    p: Program, token: Value, function: Block, context: Context | None, passed: list[Values | None], at: Block
) -> Values:
    if token.a is function:
        known: Values | None = passed[token.b]
        if known is not None:
            return known
        default: Cell | None = function.defaults.get(token.b)
        return p.read(default, at) if default is not None else NONE
    if context is not None and token in context.environment:
        return p.read(context.environment[token], at)
    if at.within(token.a):
        return frozenset((token,))
    return p.read(token.a.inflow[token.b], at)


def _returned(
    p: Program,
    inner: Site,
    function: Block,
    context: Context | None,
    passed: list[Values | None],
    at: Block,
    site: int,
    depth: int,
) -> Values:
    """What calling a parameter gave, for the callables passed here."""
    if inner.block is not function or depth >= 3:
        return p.read(inner.result, at) if not at.within(inner.block) else p.one(RETURNED, inner)
    found: set[Value] = set()
    given = Arguments(
        [_replace(p, v, function, context, passed, at) for v in inner.positional],
        {name: _replace(p, v, function, context, passed, at) for name, v in inner.keywords.items()},
    )
    for token in sorted(inner.callees):
        for callee in sorted(_token(p, token, function, context, passed, at)):
            receiver: tuple[Values, ...] = ()
            if callee.kind == BOUND and callee.a.kind == FUNCTION:
                receiver, callee = (frozenset((callee.b,)),), callee.a
            if callee.kind == FUNCTION and callee.a.generator:
                found.add(p.box("generator", callee.a, 0))
            elif callee.kind == FUNCTION:
                arguments = given.after(*receiver)
                passed_on = _positions(p, callee.a, arguments)
                values = p.read(callee.a.returned, at).union(*(p.read(c, at) for c in callee.a.conditional.values()))
                found |= seen_by_caller(p, values, callee.a, callee.b, passed_on, at, site, depth + 1)
            elif callee.kind == CLASS:
                found |= p.one(INSTANCE, callee.a)
            elif callee.kind in (TOKEN, RETURNED):
                found |= p.read(inner.result, at)
            elif callee.kind == EXTERNAL:
                found.add(p.value(UNKNOWN, "external"))
    return frozenset(found)


def _replace(
    p: Program, values: Values, function: Block, context: Context | None, passed: list[Values | None], at: Block
) -> Values:
    found: set[Value] = set()
    for value in values:
        if value.kind == TOKEN:
            found |= _token(p, value, function, context, passed, at)
        else:
            found.add(value)
    return frozenset(found)


def _positions(p: Program, function: Block, given: Arguments) -> list[Values | None]:
    """What each parameter would get, nothing flowing."""
    passed: list[Values | None] = []
    position = 0
    for param in function.params:
        if param.kind in ("*", "**"):
            passed.append(NONE)
        elif param.kind != "kwonly" and position < len(given.positional):
            passed.append(given.positional[position])
            position += 1
        else:
            passed.append(given.keywords.get(param.name))
    return passed


def _close(
    p: Program,
    value: Value,
    function: Block,
    context: Context | None,
    passed: list[Values | None],
    at: Block,
    site: int,
) -> Value:
    """A function made inside `function`, as a closure over what this call passed."""
    inner: Context | None = value.b
    if inner is None and not function.captured and context is None:
        return value
    depth = (inner.depth if inner is not None else 0) + 1
    if depth > MAX_CONTEXT:
        return value
    key = (at, site, value.a, inner)
    made = p.contexts.get(key)
    if made is None:
        made = p.contexts[key] = Context(depth)
    environment = made.environment
    if inner is not None:
        for token, cell in inner.environment.items():
            _remember(p, environment, token, _replace(p, p.read(cell, at), function, context, passed, at))
    for index, values in enumerate(passed):
        if function.params[index].name in function.captured and values:
            _remember(p, environment, p.value(TOKEN, function, index), values)
    if context is not None:
        for token, cell in context.environment.items():
            _remember(p, environment, token, p.read(cell, at))
    return p.value(FUNCTION, value.a, made)


def _remember(p: Program, environment: dict[Value, Cell], token: Value, values: Values) -> None:
    cell = environment.get(token)
    if cell is None:
        cell = environment[token] = Cell()
    p.add(cell, values)
