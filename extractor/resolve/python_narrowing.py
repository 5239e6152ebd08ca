"""What a test says of the names in the branch that it leads to: their classes, how their text begins, whether they are None."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from extractor.resolve.python_instances import is_instance
from extractor.resolve.python_kin import is_kin, parts
from extractor.resolve.python_types import named
from extractor.resolve.python_values import (
    CLASS,
    CONSTANT,
    EXTERNAL,
    INSTANCE,
    NONE,
    PREFIX,
    RESULT,
    TOKEN,
    UNKNOWN,
    Code,
    Value,
)  # fmt: skip

if TYPE_CHECKING:
    from extractor.resolve.python_flow import Flow


def narrow(run: Flow, test: Code, positive: bool) -> None:
    """Apply an isinstance test to a name."""
    name, types, holds, only_body = test
    if "." in name or (not positive and only_body):
        return
    if types and types[0] == "^":
        if holds == positive:
            _begins(run, name, types[1])
        return
    suppose(run, name, types, holds == positive)
    if not types:
        return
    values = run.frame.env.get(name)
    if values is None:
        return
    tested = {value for written in types for value in named(run.p, written, run.at, run.at)}
    if not tested or any(value.kind not in (CLASS, EXTERNAL) for value in tested):
        return
    keep = holds == positive
    concrete = run.p.concrete(values, run.at)
    kept = {
        part for value in concrete if _passes(run, value, tested, keep) for part in _parts(run, value, tested, keep)
    }
    if keep:
        unknown = {value for value in kept if value.kind in (UNKNOWN, RESULT)}
        classes = {run.p.value(INSTANCE, value.a) for value in tested if value.kind == CLASS}
        if classes and (unknown or not kept):
            kept = kept - unknown | classes
    if kept or keep:
        run.frame.set(name, frozenset(kept))


def _begins(run: Flow, name: str, start: str) -> None:
    """A text that begins so: one of those known, else any."""
    values = run.frame.env.get(name)
    if values is not None:
        known = frozenset(v for v in values if v.kind == CONSTANT and str(v.a).startswith(start))
        run.frame.set(name, known or run.p.one(PREFIX, start, ""))


def _passes(run: Flow, value: Value, tested: set[Value], keep: bool) -> bool:
    """Whether a value may come through an isinstance test against these classes, or through its opposite."""
    known = [is_instance(run.p, value, cls, run.at) for cls in tested]
    return any(one is not False for one in known) if keep else not any(known)


def _parts(run: Flow, value: Value, tested: set[Value], keep: bool) -> Iterable[Value]:
    """Of a kin those of the classes that the test allows."""
    if not keep or not is_kin(value) or any(is_instance(run.p, value, cls, run.at) for cls in tested):
        return (value,)
    return parts(run.p, value, [cls.a for cls in tested if cls.kind == CLASS], run.at) or (value,)


def suppose(run: Flow, name: str, types: Code, holds: bool) -> None:
    """From here to the end of the branch this parameter is known to be of these types, or to be None, or not to be."""
    if types and types[0] == "^":
        return
    for value in run.frame.env.get(name, NONE):
        if value.kind == TOKEN and value.a is run.at:
            run.supposed = {**run.supposed, (value.b, types) if types else value.b: holds}
