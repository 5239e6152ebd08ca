"""Which of several callables a call can mean, by the number and the names of what it passes: the others would refuse it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from extractor.resolve.python_lookup import on_class
from extractor.resolve.python_members import attribute
from extractor.resolve.python_program import Program
from extractor.resolve.python_state import Arguments
from extractor.resolve.python_values import BOUND, CLASS, FAMILY, FUNCTION, INSTANCE, Block, Value, Values

# Decorators that leave the parameters of a function as they are written.
PLAIN: Final = frozenset(
    ("staticmethod", "classmethod", "abstractmethod", "override", "final", "wraps", "lru_cache", "cache")
)


def taking(p: Program, callees: Values, given: Arguments, at: Block) -> Values:
    """The callables without those that cannot take what this call passes, if there is one that surely can."""
    for callee in callees:
        if callee.kind == FAMILY:
            callees = callees - {callee} | {_members_taking(p, callee, given, at)}
    if len(callees) < 2:
        return callees
    verdicts = {callee: _takes(p, callee, given, at) for callee in callees}
    if True not in verdicts.values() or False not in verdicts.values():
        return callees
    return frozenset(callee for callee, takes in verdicts.items() if takes is not False)


def _members_taking(p: Program, family: Value, given: Arguments, at: Block) -> Value:
    able = [n for n in family.b if any(_takes(p, v, given, at) is not False for v in attribute(p, family.a, n, at)[0])]
    return p.value(FAMILY, family.a, tuple(able)) if able else family


def _takes(p: Program, callee: Value, given: Arguments, at: Block) -> bool | None:
    """Whether a callable takes these arguments, None when that cannot be told."""
    if callee.kind == FUNCTION:
        return _fits(p, callee.a, 0, given)
    if callee.kind == BOUND and callee.a.kind == FUNCTION:
        return _fits(p, callee.a.a, 1, given)
    if callee.kind == INSTANCE or (callee.kind == CLASS and not callee.a.keywords):
        made = "__call__" if callee.kind == INSTANCE else "__init__"
        methods = on_class(p, callee.a, made, at)[0]
        if len(methods) == 1:
            (method,) = methods
            return _fits(p, method.a, 1, given) if method.kind == FUNCTION else None
    return None


def _fits(p: Program, function: Block, before: int, given: Arguments) -> bool | None:
    passed = before + len(given.positional)
    key = (function, passed, *given.keywords)
    if key not in p.verdicts:
        p.verdicts[key] = _verdict(function, passed, given.keywords)
    return p.verdicts[key]


def _verdict(function: Block, passed: int, keywords: Collection[str]) -> bool | None:
    definition = function.definition
    if definition is None or any(
        written.partition("(")[0].rpartition(".")[2] not in PLAIN for written in definition.decorators
    ):
        return None
    params = function.params
    placed = [param for param in params if param.kind in ("", "posonly")]
    if passed > len(placed) and all(param.kind != "*" for param in params):
        return False
    missing = [param for param in placed[passed:] if not param.default]
    missing += [param for param in params if param.kind == "kwonly" and not param.default]
    if any(param.kind == "posonly" or param.name not in keywords for param in missing):
        return False
    names = {param.name for param in params if param.kind in ("", "kwonly")}
    return any(param.kind == "**" for param in params) or names.issuperset(keywords)
