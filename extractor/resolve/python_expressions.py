"""Expressions of the flow language: (interpreter, expression) -> the values it may have. Calls note where they lead."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from extractor.resolve.python_arity import taking
from extractor.resolve.python_defining import give_default
from extractor.resolve.python_displays import arguments, comprehension, dictionary, is_counted, sequence, sliced
from extractor.resolve.python_instances import matched
from extractor.resolve.python_iteration import iterate
from extractor.resolve.python_later import FUTURE
from extractor.resolve.python_lookup import on_class
from extractor.resolve.python_members import attribute, contained
from extractor.resolve.python_narrowing import narrow
from extractor.resolve.python_operators import operation
from extractor.resolve.python_passing import HANDED
from extractor.resolve.python_protocols import ask, class_item, continued, hashed, read_through
from extractor.resolve.python_state import Arguments, Hits
from extractor.resolve.python_text import CASES, DIVIDING, NAMING, READ
from extractor.resolve.python_types import sent_type, types_of
from extractor.resolve.python_values import (
    BOUND,
    BOX,
    CLASS,
    CONSTANT,
    EXTERNAL,
    FAMILY,
    FUNCTION,
    INSTANCE,
    METHOD,
    MODULE,
    NONE,
    PARTIAL,
    PREFIX,
    RESULT,
    RETURNED,
    SHAPE,
    TOKEN,
    UNKNOWN,
    Code,
    Site,
    Value,
    Values,
    constant_keys,
)  # fmt: skip

if TYPE_CHECKING:
    from extractor.resolve.python_flow import Flow
    from extractor.resolve.python_program import Program

MAX_DECORATED: Final = 128
CALLED: Final = (FUNCTION, BOUND, CLASS, PARTIAL)


def _constant(run: Flow, f: Code) -> Values:
    return run.p.one(CONSTANT, f[1])


def _attribute(run: Flow, f: Code) -> Values:
    owners = run.value(f[1])
    if not owners:
        return NONE
    name, run.line = f[2], f[3]
    found: Values = NONE
    for owner in run.p.concrete(owners, run.at):
        values, getters, _ = attribute(run.p, owner, name, run.at)
        found = found | values if found else values
        if getters:
            hits = Hits()
            found |= read_through(run.calls, getters, run.at, f[3], hits, name)
            run.note(hits, name, f[3], 0, False)
    return found


def _call(run: Flow, f: Code) -> Values:
    _, site, flow, positional, keywords, line, column = f
    run.line = line
    hits = Hits()
    reason = "dynamic"
    if flow.__class__ is tuple and flow[0] == "A":
        callees, reason = _method(run, flow, hits)
    else:
        callees = run.value(flow)
        if not callees and flow.__class__ is str and flow not in run.frame.block.bound:
            reason = "missing_module"
    parameters = NONE
    for callee in callees:
        if callee.kind == TOKEN:
            parameters = frozenset([v for v in callees if v.kind == TOKEN])
            break
    direct = run.concrete(callees - parameters if parameters else callees)
    given = arguments(
        run, positional, keywords, bool(parameters) and not direct and not run.p.read(run.at.presumed, run.at)
    )
    through = run.concrete(parameters) - direct if parameters else NONE
    if (through or len(direct) > 1 or any(v.kind == FAMILY for v in direct)) and is_counted(positional, keywords):
        able = taking(run.p, direct | through, given, run.at)
        direct, through = able - through, able & through
    result = set(run.calls.call_each(direct, given, run.at, site, hits)) if direct else set()
    if len(direct) == 1 and not parameters and len(given.positional) <= 1:
        (callee,) = direct
        if callee.kind == METHOD and callee.b == "update" and callee.a.kind == BOX and callee.a.a.own is run.at:
            _updated(run, callee.a, given)
    if parameters:
        # What comes back from a parameter is kept apart: a caller knows better what that parameter was.
        inner = run.at.sites.get(site)
        if inner is None:
            inner = run.at.sites[site] = Site(run.at)
        _expected(run, inner, parameters, given)
        for token in sorted(parameters):
            # Too many to follow, but those that it decorates were named one by one.
            if token.b == 0 and token.a.inflow[0].full and len(token.a.decorated) <= MAX_DECORATED:
                hits.targets.update((function.a.id, "flow") for function in token.a.decorated)
        if given.rest or given.more:
            others = frozenset(v for v in through if v.kind not in HANDED)
            if others:
                whole = arguments(run, positional, keywords)
                run.p.flow_into(inner.result, run.calls.call_each(others, whole, run.at, site, hits))
            through -= others
        if through:
            run.p.flow_into(inner.result, run.calls.call_each(through, given, run.at, site, hits))
        result.add(run.p.value(RETURNED, inner))
        reason = "unknown_receiver"
    if not hits.targets and not hits.reasons:
        hits.reasons.append(reason)
    run.note(hits, flow, line, column, True, flow)
    return frozenset(result)


def _expected(run: Flow, inner: Site, parameters: Values, given: Arguments) -> None:
    """Keep what a parameter is called with, for who passes the parameter."""
    handed = given.handed is not None and (
        given.rest or given.more
        or any(v.kind == TOKEN for values in (*given.positional, *given.keywords.values()) for v in values)
    )  # fmt: skip
    now = (parameters, given.positional, given.keywords, given.rest, given.more, handed)
    if now != (inner.callees, inner.positional, inner.keywords, inner.rest, inner.more, inner.handed):
        inner.callees, inner.positional, inner.keywords, inner.rest, inner.more, inner.handed = now
        if handed:
            run.p.upset(run.at.returned.readers)  # who called before does not know


def _updated(run: Flow, box: Value, given: Arguments) -> None:
    """`d.update(...)` on a container of this block: what it sets is certain from here on."""
    added: dict[Any, Values] = dict(given.keywords)
    for values in given.positional:
        for value in run.concrete(values):
            if value.kind == BOX:
                added.update(
                    {key: run.calls.read_slot(value, key, run.at) for key in list(run.p.slots(value.a, run.at))}
                )
    for key, values in added.items():
        run.calls.store_slot(box, key, values, run.at, True)


def _method(run: Flow, flow: Code, hits: Hits) -> tuple[Values, str]:
    """The callee `owner.name`, and why there is none."""
    owners = run.value(flow[1])
    if not owners:
        return NONE, "unknown_receiver"
    found: Values = _text_methods(run.p, owners, flow[2]) if flow[2] in READ else NONE
    reason = ""
    for owner in sorted(run.concrete(owners)):
        values, getters, missing = attribute(run.p, owner, flow[2], run.at)
        found |= values
        reason = reason or missing
        if getters:
            read = Hits()
            found |= read_through(run.calls, getters, run.at, flow[3], read, flow[2])
            run.note(read, flow[2], flow[3], 0, False)
    return found, reason or "unknown_receiver"


def _text_methods(p: Program, owners: Values, name: str) -> Values:
    """Methods of names and of what they are put together from; those that divide texts only of what is in a table, not of what
    callers pass, which each of them would get back."""
    if name not in DIVIDING:
        kinds = (CONSTANT, PREFIX, SHAPE) if name in CASES else (CONSTANT,)
        return frozenset(p.value(METHOD, v, name) for v in owners if v.kind in kinds and v.a.__class__ is str)
    if any(v.kind != CONSTANT or v.a.__class__ is not str or not NAMING.fullmatch(v.a) for v in owners):
        return NONE
    return frozenset(p.value(METHOD, text, name) for text in owners)


def _item(run: Flow, f: Code) -> Values:
    owners = run.concrete(run.value(f[1]))
    keys = run.concrete(run.value(f[2]))
    found: Values = NONE
    hits = Hits()
    constants = constant_keys(keys)
    for owner in sorted(owners):
        container = contained(run.p, owner.a, run.at, "__getitem__") if owner.kind == INSTANCE else None
        extending, owner = owner, container or owner
        if owner.kind == BOX:
            if owner.a.kind == "dict":
                hashed(run.p, run.at, (id(f), 0), keys, f[3])
            if owner.a.default is not None:
                for factory in sorted(run.p.read(owner.a.default, run.at)):
                    run.calls.call(factory, Arguments(), run.at, id(f), hits, "flow")
            each = [run.calls.read_slot(owner, key, run.at) for key in constants]
            held: Values = NONE.union(*each)
            found |= held
            if not all(each) or not each:
                given = Arguments([keys])
                found |= ask(run.calls, frozenset((extending,)), ("__missing__",), given, run.at, f[3], hits)
            if not held:
                others = run.calls.elements(frozenset((owner,)), run.at)
                # A key that a table of functions lacks is not the one that is meant: others come here too, unknown.
                found |= frozenset(v for v in others if v.kind in CALLED) if constants else others
        elif owner.kind == INSTANCE:
            reached = run.calls.protocol(owner, "__getitem__", Arguments([keys]), run.at, f[3], hits, via="item")
            if not hits.targets:
                reached = ask(run.calls, frozenset((owner,)), ("__missing__",), Arguments([keys]), run.at, f[3], hits)
            found |= reached
        elif owner.kind == CLASS:
            found |= class_item(run.calls, owner, keys, run.at, f[3], hits)
        elif owner.kind == MODULE:
            for key in constants:
                found |= attribute(run.p, owner, str(key), run.at)[0]
        elif owner.kind == EXTERNAL and owner.a == "sys.modules":
            modules = [run.p.modules.absolute(str(key), run.at.module.path) for key in constants]
            found |= frozenset(run.p.value(MODULE, module) for module in modules if module is not None)
        elif owner.kind in (EXTERNAL, UNKNOWN, RESULT):
            found |= run.p.one(UNKNOWN, "external") if owner.kind != EXTERNAL else frozenset((owner,))
    run.note(hits, "__getitem__", f[3], 0, False)
    return found


def _lambda(run: Flow, f: Code) -> Values:
    block = run.p.blocks_of[run.at.facts.path][f[1] + 1]
    if block is None:
        return NONE
    for position, flow in f[2]:
        give_default(run, block, position, run.value(flow))
    return run.p.one(FUNCTION, block)


def _either(run: Flow, f: Code) -> Values:
    found: Values = NONE
    if len(f) > 2:
        run.value(f[2])
    asked = f[4] if len(f) > 4 else 0
    for index, flow in enumerate(f[1]):
        values = run.value(flow)
        if index < asked and values:
            run.at.asked[(id(f), index)] = (values, "bool", f[3])
        found = found | values if found else values
    return found


def _asked(run: Flow, f: Code) -> Values:
    """Noted only: what is asked changes nothing, so that it can wait until all values stand (see `python_analysis`)."""
    _, inner, kind, line = f
    # Of the names only the block's own.
    values = run.frame.get(inner) if inner.__class__ is str else run.value(inner)
    if values:
        run.at.asked[(id(f), 0)] = (values, kind, line)
    return NONE


def _name_of_parts(run: Flow, f: Code) -> Values:
    """`"visit_" + name`, `f"do_{name}"`: the text, or as much of it as is known."""
    parts = f[1]
    texts = run.p.one(CONSTANT, parts[0][1])
    for asked, following in zip(parts[1::2], parts[2::2], strict=True):
        inner: Values = NONE
        if asked is not None:
            inner = run.concrete(run.value(asked[1]))
            run.at.asked[(id(asked), 0)] = (inner, asked[2], asked[3])
        texts = continued(run.p, texts, inner, following[1])
    return texts


def _tested(run: Flow, f: Code) -> Values:
    """Either of two, each evaluated with what the tests say of its names."""
    _, tests, yes, no, before = f
    if before is not None:
        run.value(before)
    found = _supposing(run, tests, True, yes)
    return found | _supposing(run, tests, False, no) if no is not None else found


def _supposing(run: Flow, tests: Code, holds: bool, flow: Any) -> Values:
    """The value of an expression where these tests hold, or do not; the frame is left as it was."""
    frame = run.frame
    outer, frame.log = frame.log, {}
    written, supposed = frozenset(frame.writes), run.supposed
    for test in tests:
        frame.get(test[0])
        narrow(run, test, holds)
    narrowed = list(frame.log)
    values = run.value(flow)
    run.supposed = supposed
    log, frame.log = frame.log, None
    for key in narrowed:
        frame.set(key, log.pop(key))
        if key not in written:
            del frame.writes[key]
    frame.hand_back(outer, log)
    return values


def _evaluated(run: Flow, f: Code) -> Values:
    for flow in f[1]:
        run.value(flow)
    return NONE


def _yield(run: Flow, f: Code) -> Values:
    values = run.value(f[1])
    if values:
        run.p.flow_into(run.at.yielded, values)
    return sent_type(run.p, run.at)


def _yield_from(run: Flow, f: Code) -> Values:
    hits = Hits()
    iterated = run.concrete(run.value(f[1]))
    values = iterate(run.calls, iterated, run.at, 0, hits)
    run.note(hits, "__iter__", run.line, 0, False)
    run.p.flow_into(run.at.yielded, values)
    return _returned(run, iterated)


def _returned(run: Flow, iterated: Values) -> Values:
    """What the generators among these values give back at their end."""
    found: Values = NONE
    for value in iterated:
        if (
            value.kind == BOX and value.a.kind == "generator" and not value.b
        ):  # of a generator function, not an expression
            found |= run.concrete(run.p.read(value.a.own.returned, run.at))
    return found


def _await(run: Flow, f: Code) -> Values:
    values = run.value(f[1])
    found = values
    for value in run.concrete(values):
        if value.kind == BOX and value.a.kind == FUTURE:
            found = found - {value} | run.concrete(run.calls.elements(frozenset((value,)), run.at))
        elif value.kind == INSTANCE and value in values and on_class(run.p, value.a, "__await__", run.at)[0]:
            hits = Hits()
            iterated = run.calls.protocol(value, "__await__", Arguments(), run.at, 0, hits)
            found = found - {value} | _returned(run, iterated)
            run.note(hits, "__await__", run.line, 0, False)
    return found


def _walrus(run: Flow, f: Code) -> Values:
    values = run.value(f[2])
    run.assign(f[1], values)
    return values


def _starred(run: Flow, f: Code) -> Values:
    return run.value(f[1])


def _alias(run: Flow, f: Code) -> Values:
    return run.p.one("type", types_of(run.p, f[1], run.frame.block, run.at, 0))


EXPRESSIONS: Final[dict[str, Callable[[Flow, Code], Values]]] = {
    "K": _constant,
    "A": _attribute,
    "C": _call,
    "I": _item,
    "L": sliced,
    "T": sequence,
    "B": sequence,
    "E": sequence,
    "D": dictionary,
    "F": _lambda,
    "H": matched,
    "U": _either,
    "V": _asked,
    "M": _name_of_parts,
    "J": _tested,
    "G": comprehension,
    "X": _evaluated,
    "Y": _yield,
    "Z": _yield_from,
    "W": _await,
    "O": operation,
    "N": _walrus,
    "S": _starred,
    "Q": _alias,
}
