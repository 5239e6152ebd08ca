"""Results of functions as their callers see them: parameters, calls of parameters and closures replaced by what was passed.

This is what keeps an identity decorator on twenty functions from mixing them: its result is "my first parameter", and each
caller puts its own argument there.
"""

from __future__ import annotations

from typing import Any, Final

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

MAX_CONTEXT: Final = 3
MAX_FOLLOWED: Final = 3


def is_plain(values: Values) -> bool:
    """Whether a result is the same for every caller."""
    for value in values:
        kind = value.kind
        if kind in (TOKEN, RETURNED) or (
            kind == FUNCTION and value.a.parent is not None and value.a.kind == "function"
        ):
            return False
    return True


def note_wrapped(p: Program, closure: Value, at: Block, wrapped: dict[str, str]) -> None:
    """Add the functions that a closure holds, and those that they hold, with the holder: a wrapper stands for what it decorates."""
    holder: str = closure.a.id
    for cell in closure.b.environment.values():
        for value in sorted(p.read(cell, at)):
            inner = value.a if value.kind == BOUND else value
            if inner.kind == FUNCTION and inner.a.id != holder and inner.a.id not in wrapped:
                wrapped[inner.a.id] = holder
                if inner.b is not None:
                    note_wrapped(p, inner, at, wrapped)


class Invocation:
    """One call of `function`, a closure over `context`, by `at`: what was `given`, and what each parameter got of it (`passed`).

    `depth` counts the calls of parameters that are followed from here on, `followed` holds those that were.
    """

    __slots__ = ("at", "context", "depth", "followed", "function", "given", "p", "passed", "site")

    def __init__(
        self, p: Program, callee: Value, given: Arguments, passed: list[Values | None], at: Block, site: int
    ) -> None:
        self.p, self.given, self.passed, self.at, self.site = p, given, passed, at, site
        self.function: Block = callee.a
        self.context: Context | None = callee.b
        self.depth = 0
        self.followed: set[tuple[Any, ...]] = set()

    def result(self, values: Values) -> Values:
        """`values`, which the function returns, as the caller sees them."""
        if is_plain(values):
            return values
        seen: set[Value] = set()
        for value in sorted(values):
            if value.kind == TOKEN:
                seen |= self.meant_by(value)
            elif value.kind == RETURNED:
                seen |= self._returned(value.a)
            elif value.kind == FUNCTION and value.a is not self.function and self._is_own(value):
                seen.add(self._close(value))
            else:
                seen.add(value)
        return frozenset(seen)

    def meant_by(self, token: Value) -> Values:
        """What stands in this call for a parameter of the function, or for one that it captured."""
        p, at = self.p, self.at
        if token.a is self.function:
            known: Values | None = self.passed[token.b]
            if known is not None:
                return known
            default: Cell | None = self.function.defaults.get(token.b)
            return p.read(default, at) if default is not None else NONE
        if self.context is not None and token in self.context.environment:
            return p.read(self.context.environment[token], at)
        if at.within(token.a):
            return frozenset((token,))
        return p.read(token.a.inflow[token.b], at)

    def arguments_of(self, inner: Site) -> Arguments:
        """What a parameter is called with at this place of the function."""
        arguments = Arguments(
            [self._replaced(values) for values in inner.positional],
            {name: self._replaced(values) for name, values in inner.keywords.items()},
        )
        given, params = self.given, self.function.params
        if inner.rest:
            named = sum(param.kind in ("", "posonly") for param in params)
            arguments.positional += given.positional[named:]
            arguments.star = given.star
        if inner.more:
            names = {param.name for param in params if param.kind in ("", "kwonly")}
            arguments.keywords.update({name: v for name, v in given.keywords.items() if name not in names})
            arguments.double = given.double
        return arguments

    def _returned(self, inner: Site) -> Values:
        """What calling a parameter gave, for the callables passed here."""
        p, at = self.p, self.at
        if inner.block is not self.function or self.depth >= MAX_FOLLOWED:
            return p.read(inner.result, at) if not at.within(inner.block) else p.one(RETURNED, inner)
        found: set[Value] = set()
        arguments = self.arguments_of(inner)
        for token in sorted(inner.callees):
            for callee in sorted(self.meant_by(token)):
                given = arguments
                if callee.kind == BOUND and callee.a.kind == FUNCTION:
                    given, callee = arguments.after(frozenset((callee.b,))), callee.a
                if callee.kind == FUNCTION and callee.a.generator:
                    found.add(p.box("generator", callee.a, 0))
                elif callee.kind == FUNCTION:
                    found |= self._follow(callee, given)
                elif callee.kind == CLASS:
                    found |= p.one(INSTANCE, callee.a)
                elif callee.kind in (TOKEN, RETURNED):
                    found |= p.read(inner.result, at)
                elif callee.kind == EXTERNAL:
                    found.add(p.value(UNKNOWN, "external"))
        return frozenset(found)

    def _follow(self, callee: Value, given: Arguments) -> Values:
        """What a function gives back that is called through a parameter; nothing new the second time."""
        this = (callee, *given.key())
        if this in self.followed:
            return NONE
        self.followed.add(this)
        p, at = self.p, self.at
        inner = Invocation(p, callee, given, _positions(callee.a, given), at, self.site)
        inner.depth, inner.followed = self.depth + 1, self.followed
        values = p.read(callee.a.returned, at).union(*(p.read(c, at) for c in callee.a.conditional.values()))
        return inner.result(values)

    def _replaced(self, values: Values) -> Values:
        tokens = [value for value in values if value.kind == TOKEN]
        return values.difference(tokens).union(*map(self.meant_by, tokens)) if tokens else values

    def _is_own(self, value: Value) -> bool:
        """Whether a function is made inside this one, or closes over a parameter of it."""
        context: Context | None = value.b
        return value.a.within(self.function) or (
            context is not None
            and any(
                v.kind == TOKEN and v.a is self.function
                for cell in context.environment.values()
                for v in self.p.read(cell, self.at)
            )
        )

    def _close(self, value: Value) -> Value:
        """A function made inside this one, as a closure over what this call passed."""
        p, function, context, at = self.p, self.function, self.context, self.at
        inner: Context | None = value.b
        if inner is None and not function.captured and context is None:
            return value
        depth = (inner.depth if inner is not None else 0) + 1
        if depth > MAX_CONTEXT:
            return value
        key = (at, self.site, value.a, inner)
        made = p.contexts.get(key)
        if made is None:
            made = p.contexts[key] = Context(depth)
        environment = made.environment
        if inner is not None:
            for token, cell in inner.environment.items():
                _remember(p, environment, token, self._replaced(p.read(cell, at)))
        for index, values in enumerate(self.passed):
            if function.params[index].name in function.captured and values:
                _remember(p, environment, p.value(TOKEN, function, index), values)
        if context is not None:
            for token, cell in context.environment.items():
                _remember(p, environment, token, p.read(cell, at))
        return p.value(FUNCTION, value.a, made)


def _positions(function: Block, given: Arguments) -> list[Values | None]:
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


def _remember(p: Program, environment: dict[Value, Cell], token: Value, values: Values) -> None:
    cell = environment.get(token)
    if cell is None:
        cell = environment[token] = Cell()
    p.add(cell, values)
