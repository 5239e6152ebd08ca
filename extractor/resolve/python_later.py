"""What the standard library keeps for later and hands back: futures and tasks, context variables, weak references, what is left at
the end, and functions that it is told to call. (Use) -> what the call gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from extractor.resolve.python_library import Use, read_attribute
from extractor.resolve.python_lookup import on_class
from extractor.resolve.python_protocols import ask
from extractor.resolve.python_state import Arguments
from extractor.resolve.python_storing import write_attribute
from extractor.resolve.python_values import (
    BOUND,
    BOX,
    CLASS,
    EXTERNAL,
    INSTANCE,
    NONE,
    RESULT,
    UNKNOWN,
    Cell,
    Value,
    Values,
)

FUTURE: Final = "future"  # a container of what it gives once it is done


def future_method(use: Use, owner: Value, name: str) -> Values:
    """The methods of futures and tasks, and of context variables, which keep a value in the same way."""
    if name == "add_done_callback":
        use.call(use.first, frozenset((owner,)))
    elif name in ("set_result", "set"):
        use.p.flow_into(owner.a.any, use.first)
    elif name in ("result", "get"):
        return use.calls.elements(frozenset((owner,)), use.at) | use.first
    return NONE


def awaited(use: Use, values: Values) -> Values:
    """What waiting for these gives: of a future what it holds. A coroutine stands for its result."""
    futures = frozenset(v for v in values if v.kind == BOX and v.a.kind == FUTURE)
    return values - futures | use.calls.elements(futures, use.at) if futures else values


def _task(use: Use) -> Values:
    return use.holding(FUTURE, "task", awaited(use, use.first))


def _wait(use: Use) -> Values:
    return awaited(use, use.first)


def _gather(use: Use) -> Values:
    box = use.box("list", "gather")
    for index, values in enumerate(use.arguments):
        use.calls.store_slot(box, index, awaited(use, values), use.at)
    use.p.flow_into(box.a.any, awaited(use, use.p.concrete(use.given.star, use.at)))
    return frozenset((box,))


def _completed(use: Use) -> Values:
    return use.holding("list", "completed", use.each(use.first))


def _done_and_pending(use: Use) -> Values:
    box = use.box("tuple", "waited")
    for place in (0, 1):
        use.calls.store_slot(box, place, use.holding("set", "some", use.each(use.first)), use.at)
    return frozenset((box,))


def _variable(use: Use) -> Values:
    return use.holding(FUTURE, "variable", use.keyword("default"))


def _reference(use: Use) -> Values:
    """`weakref.ref(x, callback)`: calling it gives x back."""
    made = use.p.partial(use.at, use.site)
    use.p.add(made.a.function, use.p.one(EXTERNAL, "weakref.ref.__call__"))
    if not made.a.positional:
        made.a.positional.append(Cell())
    use.p.flow_into(made.a.positional[0], use.first)
    use.call(use.argument(1), frozenset((made,)))
    return frozenset((made,))


def _referred(use: Use) -> Values:
    return use.first


def _enter_context(use: Use) -> Values:
    """ExitStack.enter_context(cm) is `with cm` for the rest of the stack's life."""
    asynchronous = use.path.endswith("enter_async_context")
    enter, leave = ("__aenter__", "__aexit__") if asynchronous else ("__enter__", "__exit__")
    found: Values = NONE
    for value in sorted(use.first):
        if value.kind == INSTANCE:
            found |= use.calls.entered(value, enter, use.at, use.site, use.hits)
            use.calls.protocol(value, leave, Arguments([NONE] * 3), use.at, use.site, use.hits, via="with")
        elif value.kind == "box":
            found |= use.calls.elements(frozenset((value,)), use.at)
        elif value.kind in (EXTERNAL, RESULT):
            found |= frozenset((value,))
    return found


def _leave(use: Use) -> Values:
    """`stack.push(cm)`: left at the end, as `with` does."""
    given = Arguments([NONE] * 3)
    ask(use.calls, use.first, ("__exit__", "__aexit__"), given, use.at, use.site, use.hits)
    return use.first


def _add_argument(use: Use) -> Values:
    """argparse makes values by `type`, and instances of the `action` do what else is to be done."""
    use.call(frozenset(v for v in use.keyword("type") if v.kind != EXTERNAL))
    for action in sorted(use.keyword("action")):
        if action.kind == CLASS and on_class(use.p, action.a, "__call__", use.at)[0]:
            made = use.call(frozenset((action,)))
            ask(use.calls, made, ("__call__",), Arguments([NONE] * 4), use.at, use.site, use.hits)
    return use.p.one(UNKNOWN, "external")


def _dumps(use: Use) -> Values:
    """json.dumps asks `default`, or the encoder's method of that name, for what it cannot write."""
    held = use.calls.elements(frozenset(v for v in use.first if v.kind == BOX), use.at)
    use.call(use.keyword("default"), frozenset(v for v in use.first | held if v.kind == INSTANCE))
    for encoder in use.keyword("cls"):
        if encoder.kind == CLASS:
            one = use.p.one(INSTANCE, encoder.a)
            methods = read_attribute(use.calls, one, "default", use.at, use.site, use.hits)
            use.call(frozenset(v for v in methods if v.kind == BOUND), NONE)
    return NONE


def _loads(use: Use) -> Values:
    """json.loads makes objects by `object_hook`."""
    made: Values = use.p.one(UNKNOWN, "external")
    for name in ("object_hook", "object_pairs_hook"):
        made |= use.call(use.keyword(name), NONE)
    return made


def _copied(*names: str) -> Callable[[Use], Values]:
    def rule(use: Use) -> Values:
        made = ask(use.calls, use.first, names, Arguments([NONE]), use.at, use.site, use.hits)
        return use.first | made

    return rule


def replaced(use: Use, owners: Values) -> Values:
    """A copy of a named tuple or a dataclass with other values in some fields."""
    for name, values in use.given.keywords.items():
        write_attribute(use.calls, owners, name, values, use.at, use.site, use.hits)
    return owners


def _replaced(use: Use) -> Values:
    return replaced(use, use.first)


LATER: Final[dict[str, Callable[[Use], Values]]] = {
    "asyncio.create_task": _task,
    "asyncio.ensure_future": _task,
    "asyncio.TaskGroup.create_task": _task,
    "asyncio.AbstractEventLoop.create_task": _task,
    "asyncio.AbstractEventLoop.create_future": _task,
    "asyncio.AbstractEventLoop.run_until_complete": _wait,
    "asyncio.run": _wait,
    "asyncio.wait_for": _wait,
    "asyncio.shield": _wait,
    "asyncio.gather": _gather,
    "asyncio.as_completed": _completed,
    "concurrent.futures.as_completed": _completed,
    "asyncio.wait": _done_and_pending,
    "concurrent.futures.wait": _done_and_pending,
    "contextvars.ContextVar": _variable,
    "weakref.ref": _reference,
    "weakref.WeakMethod": _reference,
    "weakref.ref.__call__": _referred,
    "contextlib.ExitStack.enter_context": _enter_context,
    "contextlib.AsyncExitStack.enter_context": _enter_context,
    "contextlib.AsyncExitStack.enter_async_context": _enter_context,
    "contextlib.ExitStack.push": _leave,
    "contextlib.AsyncExitStack.push": _leave,
    "contextlib.AsyncExitStack.push_async_exit": _leave,
    "argparse.ArgumentParser.add_argument": _add_argument,
    "json.dumps": _dumps,
    "json.dump": _dumps,
    "json.loads": _loads,
    "json.load": _loads,
    "copy.copy": _copied("__copy__", "__reduce__", "__getstate__"),
    "copy.deepcopy": _copied("__deepcopy__", "__reduce__", "__getstate__"),
    "dataclasses.replace": _replaced,
}
