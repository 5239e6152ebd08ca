"""Statements of the flow language: (interpreter, statement) -> whether the end cannot be reached."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from extractor.resolve.python_defining import define_class, define_function
from extractor.resolve.python_guards import alike
from extractor.resolve.python_inheritance import descendants
from extractor.resolve.python_iteration import iterate
from extractor.resolve.python_lookup import instance_cell, own_cell
from extractor.resolve.python_members import descriptors, module_getters
from extractor.resolve.python_narrowing import suppose
from extractor.resolve.python_protocols import ask, delete_attribute, read_through
from extractor.resolve.python_rows import ALL, ROW, rows_of
from extractor.resolve.python_state import Arguments, Hits
from extractor.resolve.python_text import dotted, place_number
from extractor.resolve.python_traces import remembered
from extractor.resolve.python_types import types_of
from extractor.resolve.python_values import (
    BOX,
    CLASS,
    EXTERNAL,
    INSTANCE,
    MODULE,
    NONE,
    RESULT,
    RETURNED,
    TOKEN,
    UNKNOWN,
    Block,
    Cell,
    Code,
    Place,
    Value,
    Values,
)  # fmt: skip

if TYPE_CHECKING:
    from extractor.resolve.python_flow import Flow

Changes = dict[Any, "Values | None"]


def _if(run: Flow, s: Code) -> bool:
    body, orelse = run.branch(s[2], s[1], True), run.branch(s[3], s[1], False)
    if len(s[1]) == 1:
        name, types, holds, only_body = s[1][0]
        if body is None and not only_body:
            # The body never ends, so what follows knows the opposite of the test.
            suppose(run, name, types, not holds)
        elif orelse is None:
            suppose(run, name, types, holds)
    tested = [test[0] for test in s[1] if test[1]]
    if not tested or body is None or orelse is None or _jumps(s[2]) == _jumps(s[3]):
        return run.join([body, orelse])
    # One branch leaves for the loop around: what follows knows what the other says of the names that were tested.
    before = {name: run.frame.env.get(name) for name in tested}
    run.join([body, orelse])
    kept = orelse if _jumps(s[2]) else body
    for name in tested:
        run.frame.set(name, kept.get(name, before[name]))
    return False


def _jumps(flow: Code) -> bool:
    return bool(flow) and flow[-1][0] == "j"


def _otherwise(run: Flow, orelse: Code) -> bool:
    """The `else` of a loop, which a `break` leaves out."""
    return bool(orelse) and run.join([run.branch(orelse), {}])


def _loop(run: Flow, flow: Code, before: Callable[[], None] | None = None) -> None:
    """Run a loop's body until a round adds nothing to what was known before it."""
    for _ in range(3):
        known = run.frame.env
        if before is not None:
            before()
        changes = run.branch(flow)
        if changes is None:
            return
        grown = any(values and not values <= known.get(key, NONE) for key, values in changes.items())
        run.join([changes, {}])
        if not grown:
            return


def _for(run: Flow, s: Code) -> bool:
    _, target, _, body, orelse, _, _ = s
    place = run.iterated.get(id(s))
    if place is None:
        place = run.iterated[id(s)] = Place(run.at, _elements, s, run.frame.outer is not None)
    elements = remembered(run, place)
    frame = run.frame
    before, rows = frame.by_rows, rows_of(run, s)
    for row in rows:
        frame.by_rows = ROW
        run.assign(target, row)
        run.join([run.branch(body), {}])
    if rows:
        frame.by_rows = ALL
    _loop(run, body, lambda: run.assign(target, elements))
    frame.by_rows = before
    return _otherwise(run, orelse)


def _elements(run: Flow, s: Code) -> Values:
    _, _, iterable, _, _, line, asynchronous = s
    hits = Hits()
    found = iterate(run.calls, run.concrete(run.value(iterable)), run.at, line, hits, asynchronous)
    run.note(hits, "__iter__", line, 0)
    return found


def _while(run: Flow, s: Code) -> bool:
    _loop(run, s[1])
    return _otherwise(run, s[2])


def _try(run: Flow, s: Code) -> bool:
    _, protected, handlers, orelse, final = s
    outer, run.frame.log = run.frame.log, {}
    supposed = run.supposed
    ended = run.body(protected)
    run.supposed = supposed
    # A handler may start before, within or after the body: everything the body changed may or may not hold.
    partial: Changes = run.frame.undo(outer)
    left: list[Changes | None] = [partial, {}]  # with what the end may begin
    ends: list[Changes | None] = []
    if not ended:
        outer, run.frame.log = run.frame.log, {}
        run.join([partial])
        ended = run.body(orelse)
        left.append(run.frame.undo(outer))
        ends.append(None if ended else left[-1])
    for types, alias, body in handlers:
        _note_caught(run, types)
        outer, run.frame.log = run.frame.log, {}
        run.join([partial, {}])
        if alias is not None:
            caught = frozenset().union(*(run.value(t) for t in types)) if types else NONE
            run.assign(alias, _instances(run, run.concrete(caught)))
        ended = run.body(body)
        left.append(run.frame.undo(outer))
        ends.append(None if ended else left[-1])
    stopped = run.join(ends)
    if stopped and final:
        run.join(left)
    return run.body(final) or stopped


def _note_caught(run: Flow, types: Code) -> None:
    """`except errors:`, `except self.errors:`: the classes that a variable holds."""
    for written in types:
        name = dotted(written)
        if name and _is_variable(run.at, name.partition(".")[0]):
            classes = run.concrete(run.value(written))
            boxes = frozenset(value for value in classes if value.kind == BOX)
            classes = classes - boxes | run.concrete(run.calls.elements(boxes, run.at))
            trace = run.noted()
            trace.found = (*trace.found, (name, classes))


def _is_variable(block: Block | None, name: str) -> bool:
    """Whether a function binds the name, this one or one around it."""
    while block is not None and block.kind != "module":
        if block.kind == "function" and name in block.bound:
            return True
        block = block.parent
    return False


def _instances(run: Flow, values: Values) -> Values:
    found: set[Value] = set()
    for value in values:
        if value.kind == CLASS:  # what is caught may be of any class below
            found.update(run.p.value(INSTANCE, cls) for cls in descendants(run.p, value.a, run.at))
        elif value.kind == EXTERNAL:
            found.add(run.p.value(RESULT, value.a))
        elif value.kind == BOX:
            found |= _instances(run, run.calls.elements(frozenset((value,)), run.at))
    return frozenset(found)


def _with(run: Flow, s: Code) -> bool:
    _, flow, target, line, asynchronous = s
    entered: Values = NONE
    enter, leave = ("__aenter__", "__aexit__") if asynchronous else ("__enter__", "__exit__")
    hits = Hits()
    values = run.concrete(run.value(flow))
    for value in sorted(values):
        if value.kind == INSTANCE:
            entered |= run.calls.entered(value, enter, run.at, line, hits)
            run.calls.protocol(value, leave, Arguments([NONE, NONE, NONE]), run.at, line, hits, via="with")
        elif value.kind == BOX:
            entered |= run.calls.elements(frozenset((value,)), run.at)
        elif value.kind in (RESULT, EXTERNAL, UNKNOWN):
            entered |= frozenset((value,))
    run.note(hits, enter, line, 0, False)
    if target is not None:
        run.assign(target, entered)
    return False


def _assign(run: Flow, s: Code) -> bool:
    run.assign(s[1], run.value(s[2]))
    return False


def _annotated(run: Flow, s: Code) -> bool:
    _, target, annotation, flow, given = s
    run.calls.factory = NONE
    values = run.value(flow)
    frame = run.frame
    if frame.outer is not None and isinstance(target, str) and frame.block.class_ is not None:
        fields = frame.block.class_.fields
        if target not in fields and not (isinstance(annotation, tuple) and annotation[1] == "ClassVar"):
            fields.append(target)
        if run.calls.factory:
            frame.block.class_.factories[target] = run.calls.factory
    scope = frame.block
    if all(v.kind in (UNKNOWN, RESULT) or (v.kind == BOX and v.a.kind == "future") for v in run.concrete(values)):
        values |= types_of(run.p, annotation, scope, run.at, place_number(s))
    for value in values:
        if value.kind == BOX and value.a.own is run.at:
            run.p.promised[value] = types_of(run.p, annotation, scope, run.at, place_number(s))
    if frame.outer is not None and isinstance(target, str) and frame.block.class_ is not None:
        typed = types_of(run.p, annotation, scope, run.at, place_number(s))
        if isinstance(annotation, tuple) and annotation[0] == "P" and descriptors(run.p, typed, run.at):
            # `engine: Late[Engine] = Late()`: what a descriptor gives is what it is parametrized with.
            given_by_it = types_of(run.p, ("U", annotation[2]), scope, run.at, place_number(s))
            run.p.flow_into(own_cell(frame.block.class_, target), given_by_it)
        if typed:
            run.p.flow_into(instance_cell(frame.block.class_, target), typed)
        if not given:
            return False
    if given or values:
        run.assign(target, values)
    return False


def _evaluate(run: Flow, s: Code) -> bool:
    run.value(s[1])
    return False


def _return(run: Flow, s: Code) -> bool:
    values = run.value(s[1])
    if values:
        cell = run.at.returned
        for key in run.supposed.items():
            if key[0].__class__ is tuple:
                continue  # results by type would be split into very many parts
            if key not in run.at.conditional:
                run.at.conditional[key] = alike(cell)
                # Who called before knows the plain result only.
                run.p.upset(run.at.returned.readers)
            cell = run.at.conditional[key]
        give(run, cell, values)
    return True


def give(run: Flow, cell: Cell, values: Values) -> None:
    """Into a result: tokens of this function and those around it stay, others are replaced by what flows to them."""
    kept: set[Value] = set()
    rest: set[Value] = set()
    for value in values:
        owner = value.a if value.kind == TOKEN else value.a.block if value.kind == RETURNED else None
        (rest if owner is not None and not run.at.within(owner) else kept).add(value)
    run.p.add(cell, kept)
    if rest:
        run.p.flow_into(cell, frozenset(rest))


def _raise(run: Flow, s: Code) -> bool:
    if s[1] is not None:
        values = run.value(s[1])
        hits = Hits()
        if not (isinstance(s[1], tuple) and s[1][0] == "C"):
            for value in sorted(run.concrete(values)):
                if value.kind == CLASS:
                    run.calls.call(value, Arguments(), run.at, s[2], hits, "raise")
        run.note(hits, "raise", s[2], 0, False)
        if values:
            run.raised(s[2], _of_classes(run, s[1], values))
    return True


def _of_classes(run: Flow, raised: Code, values: Values) -> Values:
    """Of the errors that a function makes for its callers, those of the classes it is handed: `raise self.failure(NotFound, key)`."""
    if len(values) < 2 or not isinstance(raised, tuple) or raised[0] != "C":
        return values
    given = [*raised[3], *(flow for _, flow in raised[4])]
    handed = run.concrete(
        frozenset().union(*(run.value(flow) for flow in given if flow and (isinstance(flow, str) or flow[0] == "A")))
    )
    classes = {value.a for value in handed if value.kind == CLASS}
    return frozenset(v for v in values if v.kind == INSTANCE and v.a in classes) or values


def _jump(run: Flow, s: Code) -> bool:
    return False


def _delete(run: Flow, s: Code) -> bool:
    for target in s[2]:
        if target is None:
            continue
        hits = Hits()
        owners = run.concrete(run.value(target[1]))
        if target[0] == "A":
            delete_attribute(run.calls, owners, target[2], run.at, target[3], hits)
        else:
            key = run.value(target[2]) if target[0] == "I" else NONE
            ask(run.calls, owners, ("__delitem__",), Arguments([key]), run.at, target[-1], hits)
        run.note(hits, "del", target[-1], 0, False)
    for name in s[1]:
        run.frame.set(name, None)
    return False


def _import(run: Flow, s: Code) -> bool:
    p = run.p
    row = run.at.facts.imports[s[1]]
    if row.alias == "*":
        other = p.modules.imported(row, run.at.module.path)
        block = p.block_of(other) if other is not None else None
        if block is not None and other is not None:
            allowed = p.modules.public(other)
            for name in sorted(block.bound) if allowed is None else allowed:
                if allowed is not None or not name.startswith("_"):
                    run.store(
                        name, p.member_of_module(other, name, run.at) or _lazily(run, row._replace(name=name), other)
                    )
        return False
    run.store(row.alias, imported(run, row))
    return False


def _lazily(run: Flow, row: Any, module: Any) -> Values:
    """`from module import name` of a name that the module's `__getattr__` makes."""
    getters = module_getters(run.p, module, row.name, run.at)
    hits = Hits()
    found = read_through(run.calls, getters, run.at, row.line, hits, row.name) if getters else NONE
    run.note(hits, row.name, row.line, 0, False)
    return found


def imported(run: Flow, row: Any) -> Values:
    """What an import binds."""
    p, origin = run.p, run.at.module.path
    if not row.name:
        dotted = row.module if row.alias != row.module.partition(".")[0] else row.alias
        module = p.modules.absolute(dotted, origin)
        return p.one(MODULE, module) if module is not None else p.one(EXTERNAL, dotted)
    module = p.modules.imported(row, origin)
    if module is None:
        return p.one(EXTERNAL, f"{'.' * row.level}{row.module}.{row.name}") if not row.level else NONE
    return p.member_of_module(module, row.name, run.at) or _lazily(run, row, module)


STATEMENTS: Final[dict[str, Callable[[Flow, Code], bool]]] = {
    "=": _assign,
    ":": _annotated,
    "e": _evaluate,
    "r": _return,
    "!": _raise,
    "j": _jump,
    "?": _if,
    "f": _for,
    "w": _while,
    "t": _try,
    "h": _with,
    "i": _import,
    "x": _delete,
    "d": define_function,
    "c": define_class,
}
