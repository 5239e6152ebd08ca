"""What each function may raise: what it raises itself, then what its callees raise, minus what its handlers catch.

Facts and links in, `throws` edges out. Language-neutral: a raise site, a protected range of lines and the class hierarchy are
all it needs. An edge that leads through calls names the next function on the surest way down to the raise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Any, Final, NamedTuple

from extractor.error_classes import Hierarchy
from extractor.facts import MODULE, FileFacts, Handler, Raise
from extractor.resolve import Links, definition_ids
from extractor.resolve.common import CONFIDENCE, candidates
from extractor.sayings import Sayings
from extractor.schema import SURE, Edge, Unresolved, external_id, module_id
from extractor.switches import Switches

_TOO_VAGUE: Final = frozenset({"Exception", "BaseException", "Throwable", "Error"})
# These steer loops and abstract methods; outside the function they mean nothing to a caller.
_STAYS: Final = frozenset(
    external_id("builtins", n) for n in ("NotImplementedError", "StopIteration", "StopAsyncIteration")
)
# What unwinds the stack in languages whose errors are otherwise values.
_UNWINDING: Final = frozenset((external_id("builtin", "panic"), external_id("std", "panic")))
MAX_ERRORS: Final = 32
MAX_MEANINGS: Final = 16  # a variable that may hold more classes than this says nothing about any of them
MAX_DEPTH: Final = 8  # calls between a raise and where it is still told
# What a call leaves of the confidence in an error that comes through it; a call less sure than value flow leaves its own confidence.
LEFT: Final = 0.93
# Of an error class of the repository, where the call is certain: it is part of what leads to it.
LEFT_OF_OWN: Final = 0.97


_Names = Mapping[tuple[str, int, str], tuple[str, ...]]  # path, scope and a name as written -> what it means


class _Guarded(NamedTuple):
    """A try statement of one function: the lines it protects and its handlers in order."""

    start: int
    end: int
    handlers: tuple[tuple[tuple[str, ...] | None, str, int], ...]  # (error ids, None: everything; action; line)


# An error on its way up, in the order ways are settled: minus the confidence, depth, node, error, line, callee.
_Way = tuple[float, int, str, str, int, str]
_NO_WAY: Final[_Way] = (0.0, 0, "", "", 0, "")


@dataclass(frozen=True, slots=True)
class Throws:
    """`catches`: node id -> its handlers as [{"errors", "action", "line"}], in order: the diagnostics of a function."""

    edges: list[Edge]
    unresolved: list[Unresolved]
    catches: dict[str, list[dict[str, Any]]]


def throws(files: Iterable[FileFacts], links: Links) -> Throws:
    """Direct and propagated `throws` edges of all functions, and what their handlers catch."""
    parents = Hierarchy(links.edges)
    guards: dict[str, list[_Guarded]] = {}
    files = list(files)
    # A function that inherits is a class of the old kind.
    values = _no_classes(files) - {edge.src for edge in links.edges if edge.kind == "extends"}
    sayings = Sayings(files, links.edges, values)
    result = Throws([], [], {})
    told = _raising_callers(files, links.edges)
    for facts in files:
        ids = definition_ids(facts)
        for scope, own in _by_scope(facts.handlers).items():
            node_id = module_id(facts.prefix, facts.path) if scope == MODULE else ids[scope]
            again = _raising_again(scope, own, facts.raises)
            again.update(h.line for h in own if any(h.line <= line <= h.end for line in told.get(node_id, ())))
            guards[node_id] = _guarded(facts.path, own, links.names, again)
    _add_managers(files, links.edges, guards)
    direct: dict[str, dict[str, Edge]] = {}
    passed_on: list[tuple[Edge, Handler]] = []
    for facts in files:
        ids = definition_ids(facts)
        module = module_id(facts.prefix, facts.path)
        handlers = _by_scope(facts.handlers)
        for scope, own in handlers.items():
            node_id = module if scope == MODULE else ids[scope]
            result.catches[node_id] = [
                {
                    "errors": list(_resolve_all(facts.path, h, links.names)),
                    "names": list(h.names),
                    "action": h.action,
                    "line": h.line,
                }
                for h in own
            ]
        for fact in facts.raises:
            node_id = module if fact.scope == MODULE else ids[fact.scope]
            errors = _raised(facts.path, fact, handlers.get(fact.scope, ()), links.names)
            if errors and not values.isdisjoint(errors):
                errors = tuple(error for error in errors if error not in values) or None
            if errors is None or len(errors) > MAX_MEANINGS:
                reason = "ambiguous" if errors else "dynamic"
                result.unresolved.append(
                    Unresolved(node_id, "throws", fact.name, fact.line, reason, candidates(list(errors or ())))
                )
                continue
            for error in errors:
                if not fact.declared and _caught(error, fact.line, guards.get(node_id, ()), parents):
                    continue
                edge = _direct_edge(node_id, error, fact, sayings.of(node_id, error, fact))
                handler = _caught_by(handlers.get(fact.scope, ()), fact, parents.above(error), links.names, facts.path)
                if handler is not None:
                    passed_on.append((edge, handler))
                    continue
                result.edges.append(edge)
                direct.setdefault(node_id, {}).setdefault(error, edge)
    handed_on = _handed_on(files)
    switches = Switches(files, direct, links.edges)
    callers = _callers(links.edges)
    ways = _propagate(direct, callers, guards, parents, handed_on, switches)
    unknown = _from_outside(passed_on, [*result.edges, *ways], parents)
    for edge in unknown:
        direct.setdefault(edge.src, {}).setdefault(edge.dst, edge)
    if unknown:  # errors travel apart: only what these add to is looked for anew
        anew = {edge.dst for edge in unknown}
        some = {node: {e: way for e, way in known.items() if e in anew} for node, known in direct.items()}
        ways = [w for w in ways if w.dst not in anew] + _propagate(some, callers, guards, parents, handed_on, switches)
    result.edges.extend([*unknown, *ways])
    return result


def _from_outside(again: Sequence[tuple[Edge, Handler]], edges: Iterable[Edge], parents: Hierarchy) -> list[Edge]:
    """Of what handlers raise again: the caught class itself only where no error of it is known that comes from the try."""
    arising: dict[str, list[Edge]] = {edge.src: [] for edge, _ in again}
    for edge in edges:
        if edge.src in arising:
            arising[edge.src].append(edge)
    return [
        edge
        for edge, handler in again
        if not any(
            handler.try_start <= known.line <= handler.try_end and edge.dst in parents.above(known.dst)
            for known in arising[edge.src]
        )
    ]


def _raising_again(scope: int, own: Sequence[Handler], raises: Sequence[Raise]) -> set[int]:
    """The lines of the handlers of one scope that raise again what they caught, be it only at times, or later.

    `if known is None: raise` before `raise known()` is for what is not known, which is not told.
    """
    found: set[int] = set()
    inside: dict[int, list[Raise]] = {}
    for fact in raises:
        if fact.scope == scope:
            found.update(h.line for h in own if h.kept and h.kept == fact.name)
            handler = _handler_of(own, fact)
            if handler is not None:
                inside.setdefault(handler.line, []).append(fact)
    for line, facts in inside.items():
        instead = {fact.name for fact in facts if fact.name}
        if any(not fact.name and instead.isdisjoint(fact.guard.split()) for fact in facts):
            found.add(line)
    return found


def _raising_callers(files: Iterable[FileFacts], edges: Iterable[Edge]) -> dict[str, set[int]]:
    """Function -> its lines that call what raises again the error that its callers are handling: a bare `raise` in no handler."""
    raising: set[str] = set()
    for facts in files:
        bare = [fact for fact in facts.raises if not fact.name and fact.scope != MODULE]
        handlers = _by_scope(facts.handlers) if bare else {}
        ids = definition_ids(facts) if bare else []
        raising.update(ids[f.scope] for f in bare if _handler_of(handlers.get(f.scope, ()), f) is None)
    found: dict[str, set[int]] = {}
    for edge in edges if raising else ():
        if edge.dst in raising and edge.kind == "calls" and edge.confidence >= SURE:
            found.setdefault(edge.src, set()).add(edge.line)
    return found


def _add_managers(files: Sequence[FileFacts], edges: Iterable[Edge], guards: dict[str, list[_Guarded]]) -> None:
    """The body of a `with` is protected by the handlers around the `yield` of the generator that is its context manager."""
    around: dict[str, list[_Guarded]] = {}
    bodies: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for facts in files:
        extra = facts.extra if isinstance(facts.extra, dict) else {}
        ids = definition_ids(facts) if extra.get("yields") or extra.get("withs") else []
        for scope, line in extra.get("yields", ()):
            inside = [guard for guard in guards.get(ids[scope], ()) if guard.start <= line <= guard.end]
            if inside:
                around.setdefault(ids[scope], inside)
        for scope, line, start, end in extra.get("withs", ()):
            node_id = module_id(facts.prefix, facts.path) if scope == MODULE else ids[scope]
            bodies.setdefault((node_id, line), []).append((start, end))
    if not around:
        return
    for edge in edges:
        if edge.kind == "calls" and edge.dst in around and edge.confidence >= SURE:
            for start, end in bodies.get((edge.src, edge.line), ()):
                added = [_Guarded(start, end, guard.handlers) for guard in around[edge.dst]]
                guards[edge.src] = sorted([*guards.get(edge.src, ()), *added], key=lambda g: (-g.start, g.end))


def _handed_on(files: Iterable[FileFacts]) -> dict[str, set[int]]:
    """Where errors are values: function -> the lines of the calls whose error it hands on. A panic needs no such line."""
    found: dict[str, set[int]] = {}
    for facts in files:
        lines = (facts.extra or {}).get("carried")
        if lines is None:
            continue
        ids = definition_ids(facts)
        found.update((node_id, set()) for node_id in (module_id(facts.prefix, facts.path), *ids))
        for scope, line in lines:
            found[ids[scope]].add(line)
    return found


def _no_classes(files: Iterable[FileFacts]) -> set[str]:
    """Modules, functions and variables that hold no error: what can be named after `raise` and is none."""
    found: set[str] = set()
    for facts in files:
        found.add(module_id(facts.prefix, facts.path))
        pairs = zip(facts.defs, definition_ids(facts), strict=True)
        found.update(
            node_id for d, node_id in pairs if d.kind not in ("class", "interface") and "error_value" not in d.flags
        )
    return found


def _direct_edge(node_id: str, error: str, fact: Raise, message: str) -> Edge:
    meta = {"how": "declared" if fact.declared else "direct", "depth": 0}
    given = {"message": message, "guard": fact.guard, "cause": fact.cause}
    return Edge(node_id, error, "throws", fact.line, 0.95, "raise", meta | {k: v for k, v in given.items() if v})


def _callers(edges: Iterable[Edge]) -> dict[str, list[tuple[str, int, float]]]:
    """Function -> (caller, line, confidence) of each call of it that is sure enough to carry an error."""
    callers: dict[str, list[tuple[str, int, float]]] = defaultdict(list)
    for edge in edges:
        if edge.kind == "calls" and edge.confidence >= SURE and edge.src != edge.dst:
            callers[edge.dst].append((edge.src, edge.line, edge.confidence))
    return callers


def _propagate(
    direct: Mapping[str, Mapping[str, Edge]],
    callers: Mapping[str, Sequence[tuple[str, int, float]]],
    guards: Mapping[str, Sequence[_Guarded]],
    parents: Hierarchy,
    handed_on: Mapping[str, set[int]],
    switches: Switches,
) -> list[Edge]:
    """Best first: what is surest, then shortest, is settled first, and a settled pair is never looked at again.

    The confidence of a way is the product of what its calls leave: a raise that is written down surely goes up through calls that
    surely happen. A way less than SURE carries nothing.
    """
    queue: list[_Way] = [
        (-1.0, 0, node, error, edge.line, "") for node, errors in direct.items() for error, edge in errors.items()
    ]
    heapify(queue)
    best: dict[tuple[str, str], _Way] = {}  # of the ways to a node and error, the one that settles them
    settled: dict[str, set[str]] = defaultdict(set)
    found: list[Edge] = []
    flow = CONFIDENCE["flow"]
    while queue:
        unsure, depth, node, error, line, callee = heappop(queue)
        errors = settled[node]
        if error in errors or (depth and len(errors) >= MAX_ERRORS):
            continue
        errors.add(error)
        if depth:
            meta = {"how": "via", "callee": callee, "depth": depth}
            found.append(Edge(node, error, "throws", line, round(-unsure, 4), "propagated", meta))
        if error in _STAYS or depth >= MAX_DEPTH:
            continue
        own, unwinding = not error.startswith("ext:"), error in _UNWINDING
        for caller, at, confidence in callers.get(node, ()):
            known = settled[caller]
            sure = unsure * (LEFT_OF_OWN if own and confidence >= 0.9 else LEFT if confidence >= flow else confidence)
            if error in known or len(known) >= MAX_ERRORS or -sure < SURE:
                continue
            if not unwinding and caller in handed_on and at not in handed_on[caller]:
                continue
            way = (sure, depth + 1, caller, error, at, node)
            if way >= best.get((caller, error), _NO_WAY) or _caught(error, at, guards.get(caller, ()), parents):
                continue
            if not depth and switches.off(node, error, caller, at):
                continue
            best[caller, error] = way
            heappush(queue, way)
    return found


def _handler_of(handlers: Sequence[Handler], fact: Raise) -> Handler | None:
    """The handler that a re-raise stands in."""
    around = (h for h in handlers if h.line <= fact.line <= (h.end or fact.line))
    return max(around, key=lambda h: h.line, default=None)


def _caught_by(handlers: Sequence[Handler], fact: Raise, above: set[str], known: _Names, path: str) -> Handler | None:
    """The handler whose error a raise raises again: the one it stands in, or one that kept it. `above` are the error's classes."""
    if not fact.name:
        return _handler_of(handlers, fact)
    kept = (h for h in handlers if h.kept == fact.name)
    return next((h for h in kept if not above.isdisjoint(_resolve_all(path, h, known))), None)


def _raised(path: str, fact: Raise, handlers: Sequence[Handler], names: _Names) -> tuple[str, ...] | None:
    """Ids of what a raise site may raise, None when its name is unknown. A bare re-raise raises what its handler caught."""
    if fact.name:
        here = names.get((path, fact.scope, f"{fact.name}:{fact.line}"))
        return here or None if here is not None else names.get((path, fact.scope, fact.name))
    handler = _handler_of(handlers, fact)
    if handler is None:
        return ()
    caught = _resolve_all(path, handler, names)
    # `except Exception: …; raise` says nothing about which error it was; propagation through the handler does.
    return tuple(error for error in caught if error.rpartition("#")[2] not in _TOO_VAGUE)


def _caught(error: str, line: int, guards: Sequence[_Guarded], parents: Hierarchy) -> bool:
    """Whether an error that arises on this line is stopped by a handler of the same function. Innermost try first."""
    inside = [guard for guard in guards if guard.start <= line <= guard.end]
    if not inside:
        return False
    ancestors = parents.above(error)
    for guard in inside:
        for errors, action, _ in guard.handlers:
            if errors is None or not ancestors.isdisjoint(errors):
                if action != "reraise":
                    return True
                break
    return False


def _guarded(
    path: str,
    handlers: Sequence[Handler],
    names: _Names,
    again: set[int],
) -> list[_Guarded]:
    tries: dict[tuple[int, int], list[Handler]] = {}
    for handler in handlers:
        tries.setdefault((handler.try_start, handler.try_end), []).append(handler)
    guards = [
        _Guarded(
            start,
            end,
            tuple(
                (
                    _resolve_all(path, h, names) if h.names else None,
                    "reraise" if h.line in again else h.action,
                    h.line,
                )
                for h in sorted(group, key=lambda h: h.line)
            ),
        )
        for (start, end), group in tries.items()
    ]
    return sorted(guards, key=lambda g: (-g.start, g.end))


def _resolve_all(path: str, handler: Handler, names: _Names) -> tuple[str, ...]:
    return tuple(error for name in handler.names for error in names.get((path, handler.scope, name), ()))


def _by_scope(handlers: Iterable[Handler]) -> dict[int, list[Handler]]:
    grouped: dict[int, list[Handler]] = {}
    for handler in sorted(handlers, key=lambda h: (h.line, h.try_start)):
        grouped.setdefault(handler.scope, []).append(handler)
    return grouped
