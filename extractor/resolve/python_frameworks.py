"""What frameworks outside call because they were told to: the dependencies of FastAPI, the tasks of Celery, Dramatiq and their like.
(Use) -> what the call gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from extractor.resolve.python_library import Use
from extractor.resolve.python_state import Arguments
from extractor.resolve.python_values import BOX, NONE, UNKNOWN, Value, Values

IN_CONTAINERS: Final = frozenset(("apply_async", "apply", "signature", "send_with_options"))  # of TASK_METHODS


def task_method(use: Use, task: Value, name: str) -> Values:
    """`task.delay(x)` calls the task with x, some time and somewhere."""
    given = _contained(use) if name in IN_CONTAINERS else use.given
    params = task.a.params
    if params and params[0].name == "self" and task.a.class_ is None:  # `@app.task(bind=True)`: the task itself
        given = given.after(NONE)
    use.calls.call(task, given, use.at, use.site, use.hits, "flow", use.depth + 1)
    return use.p.one(UNKNOWN, "external")


def _contained(use: Use) -> Arguments:
    """Of `apply_async((x, y), {"key": z})` the arguments that the task gets."""
    positional = _by_key(use, use.first | use.keyword("args"))
    keywords = _by_key(use, use.argument(1) | use.keyword("kwargs"))
    last = max((key for key in positional if isinstance(key, int)), default=-1)
    return Arguments(
        [positional.get(index, NONE) for index in range(last + 1)],
        {key: values for key, values in keywords.items() if isinstance(key, str)},
    )


def _by_key(use: Use, boxes: Values) -> dict[str | int, Values]:
    """What these containers hold, by key."""
    held: dict[str | int, Values] = {}
    for box in sorted(boxes):
        for key in list(use.p.slots(box.a, use.at)) if box.kind == BOX else ():
            held[key] = held.get(key, NONE) | use.calls.read_slot(box, key, use.at)
    return held


def _dependency(use: Use) -> Values:
    """`Depends(f)`: what `f` gives back, or yields, is passed to the parameter that it stands at."""
    found = use.call(use.first | use.keyword("dependency"))
    made = frozenset(value for value in found if value.kind == BOX and value.a.kind == "generator")
    return found - made | use.calls.elements(made, use.at)


FRAMEWORKS: Final[dict[str, Callable[[Use], Values]]] = {
    "fastapi.Depends": _dependency,
    "fastapi.Security": _dependency,
    "fastapi.params.Depends": _dependency,
    "fastapi.param_functions.Depends": _dependency,
}
