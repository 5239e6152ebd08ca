"""What is written between brackets: tuples, lists, sets, dicts, comprehensions, slices, and the arguments of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from extractor.resolve.python_iteration import iterate
from extractor.resolve.python_lookup import on_class
from extractor.resolve.python_narrowing import narrow
from extractor.resolve.python_protocols import hashed
from extractor.resolve.python_state import Arguments, Hits
from extractor.resolve.python_values import (
    BOX,
    INSTANCE,
    NONE,
    Code,
    Value,
    Values,
    constant_keys,
)  # fmt: skip

if TYPE_CHECKING:
    from extractor.resolve.python_flow import Flow


def spread(run: Flow, given: Arguments, values: Values) -> None:
    """`*values`: by position while the container's slots are known, to every later position otherwise."""
    for box in sorted(run.concrete(values)):
        if box.kind == BOX and box.a.kind in ("tuple", "list"):
            known = sorted(key for key in run.p.slots(box.a, run.at) if isinstance(key, int) and key >= 0)
            for key in known[: 32 if len(values) == 1 else 0]:
                given.positional.append(run.calls.read_slot(box, key, run.at))
            given.star |= run.p.read(box.a.any, run.at) | run.p.read(box.a.more, run.at)
        else:
            given.star |= run.calls.elements(frozenset((box,)), run.at)


def arguments(run: Flow, positional: Code, keywords: Code, handed: bool = False) -> Arguments:
    """`handed`: without the block's own `*args` and `**kwargs`, which who calls it puts in their place."""
    given = Arguments(handed=run.at if handed else None)
    for flow in positional:
        if flow is not None and flow.__class__ is tuple and flow[0] == "S":
            if handed and flow is positional[-1] and _own(run, flow[1], "*"):
                given.rest = True
            else:
                spread(run, given, run.value(flow[1]))
        else:
            given.positional.append(run.value(flow))
    for name, flow in keywords:
        if handed and not name and _own(run, flow, "**"):
            given.more = True
            continue
        values = run.value(flow)
        if name:
            given.keywords[name] = values
            continue
        for box in run.concrete(values):
            if box.kind == BOX:
                for key in list(run.p.slots(box.a, run.at)):
                    if isinstance(key, str):
                        given.keywords[key] = given.keywords.get(key, NONE) | run.calls.read_slot(box, key, run.at)
                given.double |= run.p.read(box.a.any, run.at)
    return given


def _own(run: Flow, flow: Any, kind: str) -> bool:
    """Whether this is the block's own `*args` or `**kwargs`, with nothing in it but what was passed."""
    for index, param in enumerate(run.at.params):
        if param.kind == kind and flow == param.name:
            box = run.p.box("tuple" if kind == "*" else "dict", run.at, -2 - index)
            return run.name(flow) == frozenset((box,)) and not box.a.changed
    return False


def is_counted(positional: Code, keywords: Code) -> bool:
    """Whether a call passes what is written and no more: no `*values`, no `**values`."""
    return all(f.__class__ is not tuple or f[0] != "S" for f in positional) and all(name for name, _ in keywords)


def sliced(run: Flow, f: Code) -> Values:
    owners = run.concrete(run.value(f[1]))
    low, high = f[2], f[3]
    if low == "?":
        run.value(high)
    found: set[Value] = set()
    hits = Hits()
    # Text is what is sliced most: where something else than an instance may stand, an instance is likely a mistake.
    sure = all(owner.kind == INSTANCE for owner in owners)
    for owner in sorted(owners):
        if sure and on_class(run.p, owner.a, "__getitem__", run.at)[0]:
            found |= run.calls.protocol(owner, "__getitem__", Arguments([NONE]), run.at, f[4], hits, via="item")
            continue
        if low == "?":
            found.add(owner)
            continue
        start = low or 0
        if owner.kind != BOX or start < 0 or (high is not None and high < 0) or owner.a.kind == "dict":
            found.add(owner)
            continue
        box = run.p.box(owner.a.kind, run.at, int(owner) * 1000 + start, f"slice {high}")
        for key in [
            k for k in run.p.slots(owner.a, run.at) if isinstance(k, int) and k >= start and (high is None or k < high)
        ]:
            run.calls.store_slot(box, key - start, run.calls.read_slot(owner, key, run.at), run.at)
        run.p.connect(owner.a.any, box.a.any)
        run.p.connect(owner.a.more, box.a.more)
        found.add(box)
    run.note(hits, "__getitem__", f[4], 0, False)
    return frozenset(found)


def sequence(run: Flow, f: Code) -> Values:
    tag, site, items = f
    box = run.p.box({"T": "tuple", "B": "list", "E": "set"}[tag], run.at, site)
    place = 0
    exact = True
    for flow in items:
        if flow is not None and flow.__class__ is tuple and flow[0] == "S":
            given = Arguments()
            spread(run, given, run.value(flow[1]))
            for values in given.positional:
                run.calls.store_slot(box, place, values, run.at, exact)
                place += 1
            run.p.flow_into(box.a.any, given.star)
            continue
        values = run.value(flow)
        if tag == "E":
            hashed(run.p, run.at, (site, place), values, run.line)
            run.p.flow_into(box.a.any, values)
        elif values or place < 8:
            run.calls.store_slot(box, place, values, run.at, exact)
        place += 1
    return frozenset((box,))


def dictionary(run: Flow, f: Code) -> Values:
    box = run.p.box("dict", run.at, f[1])
    for index, (key, flow) in enumerate(f[2]):
        values = run.value(flow)
        if key is None:
            for other in run.concrete(values):
                if other.kind == BOX:
                    for inner in list(run.p.slots(other.a, run.at)):
                        run.calls.store_slot(box, inner, run.calls.read_slot(other, inner, run.at), run.at)
                    run.p.connect(other.a.any, box.a.any)
            continue
        keys = run.concrete(run.value(key))
        constants = constant_keys(keys)
        if len(constants) < len(keys):
            hashed(run.p, run.at, (f[1], -1 - index), keys, run.line)
        for constant in constants:
            run.calls.store_slot(box, constant, values, run.at, len(keys) == 1)
        if not constants:
            run.p.flow_into(box.a.any, values)
            run.p.flow_into(box.a.keys, keys)
    return frozenset((box,))


def comprehension(run: Flow, f: Code) -> Values:
    _, site, kind, items, clauses = f
    frame = run.frame
    outer, frame.log = frame.log, {}
    written = frozenset(frame.writes)
    own: set[str] = set()
    for clause in clauses:
        if clause[0] == "i":
            run.value(clause[1])
            for test in clause[2]:
                if test[0] in own and test[1]:
                    narrow(run, test, True)
            continue
        _, target, iterable, line, asynchronous = clause
        own |= _bound_by(target)
        hits = Hits()
        values = iterate(run.calls, run.concrete(run.value(iterable)), run.at, line, hits, asynchronous)
        run.note(hits, "__iter__", line, 0, False)
        _bind_inner(run, target, values)
    results = [run.value(flow) for flow in items]
    log, frame.log = frame.log, None
    for key, old in log.items():
        if isinstance(key, str) and (key in own or key not in frame.block.bound):
            frame.set(key, old)
            if key not in written:
                del frame.writes[key]
    frame.hand_back(outer, log)
    box = run.p.box({"l": "list", "s": "set", "d": "dict", "g": "generator"}[kind], run.at, site, "comprehension")
    if kind in "sd":
        hashed(run.p, run.at, (site, 0), run.concrete(results[0]), run.line)
    if kind == "d" and len(results) == 2:
        run.p.flow_into(box.a.any, results[1])
        run.p.flow_into(box.a.keys, results[0])
    else:
        run.p.flow_into(box.a.any, results[0])
    return frozenset((box,))


def _bound_by(target: Any) -> set[str]:
    """The names that a target binds."""
    if isinstance(target, str):
        return {target}
    inner = target[2] if target and target[0] == "T" else target[1:2] if target and target[0] == "S" else ()
    return set().union(*map(_bound_by, inner))


def _bind_inner(run: Flow, target: Any, values: Values) -> None:
    """A comprehension's own names hide outer ones and reach nobody but lambdas inside it."""
    if isinstance(target, str):
        run.frame.set(target, values)
        if target in run.frame.block.captured:
            run.p.add(run.p.cell_of(run.frame.block, target), values)
    elif target is not None:
        run.assign(target, values)
