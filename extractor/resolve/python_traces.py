"""What a statement did when it was last run, so that it is run again only when something it read has changed.

The state of the program only grows: what a statement put into cells is there still. What has to be done again is what it did to the
frame. A cell that grows makes the statements stale that read it (see `Store.add`); what a statement read from the frame is compared
when it is its turn. A block whose stale statements leave the frame as they did is not run again: they alone are (see `patched`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from extractor.resolve.common import CONFIDENCE
from extractor.resolve.python_inheritance import has
from extractor.resolve.python_state import Frame
from extractor.resolve.python_values import Block, Code, Place, Row, Value, Values

if TYPE_CHECKING:
    from extractor.resolve.python_flow import Flow

# Of one statement: a loop's body is run with what is known before it, then with what it adds.
MAX_TRACES: Final = 4
_PLAIN: Final = (str, type(None))


class Trace:
    """What one evaluation of a statement read from its frame, and all it did there and in its block.

    Without a `place` it is what was noted between two such statements, in the head of a loop say.
    """

    __slots__ = (
        "before", "found", "line", "missed", "place", "raised", "read", "reads", "result", "rows", "supposed", "writes", "written",
    )  # fmt: skip

    def __init__(self, place: Place | None = None, before: int = 0) -> None:
        self.place = place
        self.reads: tuple[Any, ...] = ()
        self.read: tuple[Values | None, ...] = ()
        self.supposed: dict[int, bool] | None = None  # of a return
        self.writes: tuple[Any, ...] = ()
        self.written: tuple[Values | None, ...] = ()
        self.rows: tuple[Row, ...] = ()
        self.missed: tuple[tuple[tuple[str, int], str], ...] = ()
        self.found: tuple[tuple[str, Values], ...] = ()
        self.raised: tuple[tuple[int, Values], ...] = ()
        self.before = before  # `Flow.line` when it began, and when it had ended
        self.line = 0
        self.result: Any = None

    def left_as(self, other: Trace) -> bool:
        """Whether what follows finds everything as it did after the other."""
        return (
            self.writes == other.writes
            and self.written == other.written
            and self.result == other.result
            and self.line == other.line
        )


class Unread(Exception):
    """A statement asks its frame for something that it did not ask for before."""


class Held(dict[Any, Values]):
    """Of the names of a frame those that a statement read when it was last run."""

    def __init__(self, trace: Trace, block: Block) -> None:
        super().__init__((k, v) for k, v in zip(trace.reads, trace.read, strict=True) if v is not None)
        self.reads = trace.reads
        # What a function does not bind is not there, as the names of a comprehension; a module may get any name from a star import.
        self.bound = block.bound if block.kind == "function" else None

    def get(self, key: Any, default: Any = None) -> Any:
        found = super().get(key, default)
        bound = self.bound
        if found is None and key not in self.reads and (bound is None or key.__class__ is not str or key in bound):
            raise Unread
        return found


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


def remembered(run: Flow, place: Place) -> Any:
    """Run the statement of a place, or do again what it did when all it read is as it was."""
    frame, at = run.frame, run.at
    if place.stale:
        place.stale, place.traces = False, ()
    for known in place.traces:
        if (known.supposed is None or known.supposed == run.supposed) and holds(frame, known):
            at.log.append(known)
            run.trace, run.line = None, known.line
            for key, values in zip(known.writes, known.written, strict=True):
                frame.set(key, values)
            return known.result
    trace = _evaluated(run, place)
    at.log.append(trace)
    place.traces = (*place.traces, trace) if len(place.traces) < MAX_TRACES else (trace,)
    return trace.result


def _evaluated(run: Flow, place: Place) -> Trace:
    """Run the statement of this place in the frame that stands."""
    frame, at = run.frame, run.at
    frame.reads, frame.writes = {}, {}
    trace = run.trace = Trace(place, run.line)
    if place.code[0] == "r":
        trace.supposed = run.supposed
    at.place = place
    trace.result = place.handler(run, place.code)
    at.place, run.trace = at.whole, None
    kept = run.p.kept  # most statements read what others read as well
    reads, read = tuple(frame.reads), tuple(frame.reads.values())
    trace.reads, trace.read = kept.setdefault(reads, reads), kept.setdefault(read, read)
    if frame.writes:
        same, env = run.p.same, frame.env
        for key in frame.writes:
            if key in env:
                env[key] = same(env[key])
        trace.writes, trace.written = tuple(frame.writes), tuple([dict.get(env, key) for key in frame.writes])
    trace.line = run.line
    return trace


def patched(run: Flow, block: Block) -> bool:
    """Run the stale statements of a block alone. False when that changed its frame, so that the rest has to be run as well."""
    if block.whole.stale or not block.log:
        return False
    again: dict[Place, dict[Trace, list[int]]] = {}
    for index, trace in enumerate(block.log):
        place = trace.place
        if place is not None and place.stale:
            if place.apart:
                return False
            again.setdefault(place, {}).setdefault(trace, []).append(index)
    run.at = block
    for place, traces in again.items():
        place.stale, place.traces = False, ()
        for trace, indexes in traces.items():
            frame = run.frame = run.calls.frame = Frame(block)
            frame.env = Held(trace, block)
            run.supposed, run.line = trace.supposed or {}, trace.before
            try:
                now = _evaluated(run, place)
            except Unread:
                block.place = block.whole
                return False
            place.traces = (*place.traces, now)
            for index in indexes:
                block.log[index] = now
            if not now.left_as(trace):
                return False
    return True


class Call(NamedTuple):
    """`candidates` are those of its place, `made` is the class it makes an instance of."""

    confidence: float
    rule: str
    column: int
    candidates: int
    made: str


class Noted(NamedTuple):
    """What a block does: its calls, the calls that lead nowhere, what the names hold that it raises or catches, what it raises."""

    edges: dict[tuple[str, int], Call]
    missed: dict[tuple[str, int], str]
    found: dict[str, set[Value]]
    raised: dict[int, set[Value]]


def gather(block: Block) -> Noted:
    """All that the statements of a block noted when they were last run. It is forgotten there."""
    noted = Noted({}, {}, {}, {})
    for trace in block.log:
        for target, via, line, column, count, made, flow in trace.rows:
            rule = via or _rule(block, target, flow)
            confidence = CONFIDENCE.get("flow:many" if rule == "flow" and count > 1 else rule, 0.9)
            known = noted.edges.get((target, line))
            if known is None or known.confidence < confidence:
                noted.edges[(target, line)] = Call(confidence, rule, column, count, made)
        noted.missed.update(trace.missed)
        for name, values in trace.found:
            noted.found.setdefault(name, set()).update(values)
        for line, values in trace.raised:
            noted.raised.setdefault(line, set()).update(values)
    block.log = []
    return noted


def _rule(block: Block, target: str, flow: Any) -> str:
    """How a name or attribute led to its target."""
    if flow.__class__ is str:
        named_so = target.rpartition("#")[2].partition("@")[0].split(".")
        if flow in named_so[-2:]:
            return "scope" if target.partition("#")[0] == block.id.partition("#")[0] else "import"
        return "import" if any(row.alias == flow for row in block.module.imports.get(flow, ())) else "flow"
    if flow.__class__ is tuple and flow[0] == "A":
        owner = flow[1]
        if owner in ("self", "cls"):
            if flow[2] != target.rpartition(".")[2].partition("@")[0]:
                return "flow"
            return "self" if block.class_ is None or has(block.class_, flow[2]) else "override"
        if isinstance(owner, tuple) and owner[0] == "C" and owner[2] == "super":
            return "super"
        if isinstance(owner, str) and owner in block.module.imports:
            return "import"
        return "type" if flow[2] in target.rpartition("#")[2].split(".")[-1:] else "flow"
    return "flow"
