"""What a statement did when it was last run, so that it is run again only when something it read has changed.

The state of the program only grows: what a statement put into cells is there still. What has to be done again is what it did to the
frame, and the rows it gave its block. A cell that grows makes the statements stale that read it (see `Store.add`); what a statement
read from the frame is compared when it is its turn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from extractor.resolve.python_state import Frame
from extractor.resolve.python_values import Block, Code, Place, Row, Values

if TYPE_CHECKING:
    from extractor.resolve.python_flow import Flow

# Of one statement: a loop's body is run with what is known before it, then with what it adds.
MAX_TRACES: Final = 4
_PLAIN: Final = (str, type(None))


class Trace:
    """What one evaluation of a statement read from its frame, and all it did there and in its block."""

    __slots__ = (
        "edges",
        "found",
        "line",
        "missed",
        "raised",
        "read",
        "reads",
        "result",
        "supposed",
        "writes",
        "written",
    )

    def __init__(self) -> None:
        self.reads: tuple[Any, ...] = ()
        self.read: tuple[Values | None, ...] = ()
        self.supposed: dict[int, bool] | None = None  # of a return
        self.writes: tuple[Any, ...] = ()
        self.written: tuple[Values | None, ...] = ()
        self.edges: tuple[Row, ...] = ()
        self.missed: tuple[tuple[tuple[str, int], tuple[str, str]], ...] = ()
        self.found: tuple[tuple[Block, str, Values], ...] = ()
        self.raised: tuple[tuple[int, Values], ...] = ()
        self.line = 0
        self.result: Any = None


def holds(frame: Frame, trace: Trace) -> bool:
    """Whether the statement would find in this frame what it found then."""
    env = frame.env
    if frame.outer is None:
        for key, values in zip(trace.reads, trace.read, strict=True):
            now = env.get(key)
            if now is not values and now != values:
                return False
        return True
    for key, values in zip(trace.reads, trace.read, strict=True):
        at: Frame | None = frame
        if key.__class__ is Above:
            for _ in range(key.level):
                at = at.outer if at is not None else None
            key = key.name
        now = at.env.get(key) if at is not None else None
        if now is not values and now != values:
            return False
    return True


class Above(NamedTuple):
    """A name that the body of a class found `level` frames further out."""

    level: int
    name: str


def worth(statement: Code) -> bool:
    """Whether remembering what a statement did costs less than running it. Statements that hold others never are."""
    kind = statement[0]
    if kind == "=":
        value = statement[2]
        return statement[1].__class__ not in _PLAIN or not (value.__class__ in _PLAIN or value[0] == "K")
    if kind == "r":
        return statement[1].__class__ not in _PLAIN
    if kind == "d":
        return bool(statement[2] or statement[3])
    if kind == "e" and statement[1][0] == "V" and statement[1][1].__class__ is str:
        return False
    return kind in "e!hi:"


def remembered(run: Flow, place: Place, handler: Callable[[Flow, Code], Any], statement: Code) -> Any:
    """Run a statement, or do again what it did when all it read is as it was."""
    frame, at = run.frame, run.at
    if place.stale:
        place.stale, place.traces = False, ()
    for known in place.traces:
        if (known.supposed is None or known.supposed == run.supposed) and holds(frame, known):
            return _again(run, known)
    frame.reads, frame.writes = {}, {}
    trace = run.trace = Trace()
    if statement[0] == "r":
        trace.supposed = run.supposed
    at.place = place
    trace.result = handler(run, statement)
    at.place, run.trace = at.whole, None
    trace.reads, trace.read = tuple(frame.reads), tuple(frame.reads.values())
    if frame.writes:
        same, env = run.p.same, frame.env
        for key in frame.writes:
            if key in env:
                env[key] = same(env[key])
        trace.writes, trace.written = tuple(frame.writes), tuple(map(env.get, frame.writes))
    trace.line = run.line
    place.traces = (*place.traces, trace) if len(place.traces) < MAX_TRACES else (trace,)
    return trace.result


def _again(run: Flow, trace: Trace) -> Any:
    frame, at = run.frame, run.at
    for key, values in zip(trace.writes, trace.written, strict=True):
        frame.set(key, values)
    for row in trace.edges:
        known = at.edges.get(row[5])
        if known is None or known[0] < row[0]:
            at.edges[row[5]] = row
    for missed, reason in trace.missed:
        at.missed[missed] = reason
    for block, name, values in trace.found:
        block.found.setdefault(name, set()).update(values)
    for line, values in trace.raised:
        at.raised.setdefault(line, set()).update(values)
    run.line = trace.line
    return trace.result
