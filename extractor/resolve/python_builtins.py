"""Calls of names outside the repository: who calls its argument, what gives it back, what stands for a special method.

What needs more than a row of a table is in `python_containers` and `python_library`. An external callee without a rule gives an
unknown result, and functions passed to it are edges of low confidence.
"""

from __future__ import annotations

from sys import intern
from typing import TYPE_CHECKING, Final

from extractor.resolve.python_containers import container_method, copied, keyed
from extractor.resolve.python_library import SPECIAL, Use, methods_of_template, register
from extractor.resolve.python_members import TEMPLATES, on_class
from extractor.resolve.python_outside import lacks
from extractor.resolve.python_state import Arguments, Hits
from extractor.resolve.python_types import instances_of
from extractor.resolve.python_values import (
    BOUND,
    BOX,
    CLASS,
    FUNCTION,
    IDENTITY,
    INSTANCE,
    METHOD,
    NONE,
    PARTIAL,
    PROPERTY,
    RECORD,
    RESULT,
    UNKNOWN,
    Block,
    Value,
    Values,
)  # fmt: skip

if TYPE_CHECKING:
    from extractor.resolve.python_calls import Calls

CALLABLE: Final = (FUNCTION, BOUND, PARTIAL)
# Callables passed to these are called, by position or keyword; with nothing known of their arguments.
CALLERS: Final[dict[str, tuple[int | str, ...]]] = {
    "threading.Thread": (1, "target"),
    "threading.Timer": (1, "function"),
    "multiprocessing.Process": (1, "target"),
    "atexit.register": (0,),
    "signal.signal": (1,),
    "asyncio.run_coroutine_threadsafe": (0,),
    "contextlib.ExitStack.callback": (0,),
    "concurrent.futures.ThreadPoolExecutor.submit": (0,),
    "concurrent.futures.ThreadPoolExecutor.map": (0,),
    "concurrent.futures.ProcessPoolExecutor.submit": (0,),
    "concurrent.futures.ProcessPoolExecutor.map": (0,),
    "multiprocessing.Pool.map": (0,),
    "multiprocessing.Pool.apply_async": (0,),
    "weakref.finalize": (1,),
    "timeit.timeit": (0, "stmt"),
    "functools.cmp_to_key": (0,),
    "functools.reduce": (0, "function"),
    "builtins.map": (0, 1),
    "builtins.filter": (0, 1),
    "builtins.sorted": ("key",),
    "builtins.min": ("key",),
    "builtins.max": ("key",),
    "builtins.list.sort": ("key",),
    "itertools.groupby": (1, "key"),
    "itertools.starmap": (0,),
    "itertools.takewhile": (0,),
    "itertools.dropwhile": (0,),
    "itertools.filterfalse": (0,),
    "itertools.accumulate": (1, "func"),
    "re.sub": (1, "repl"),
    "re.subn": (1, "repl"),
    "re.Pattern.sub": (0, "repl"),
    "re.Pattern.subn": (0, "repl"),
    "asyncio.to_thread": (0,),
}
# These give their first argument back, or something that behaves like it.
IDENTITIES: Final = frozenset(
    (
        "functools.lru_cache", "functools.cache", "functools.total_ordering", "copy.copy",
        "copy.deepcopy", "typing.cast", "typing.final", "typing.no_type_check", "typing.runtime_checkable",
        "typing_extensions.final", "abc.abstractmethod", "dataclasses.dataclass", "dataclasses.replace", "attr.s", "attrs.define",
        "asyncio.create_task", "asyncio.ensure_future", "asyncio.shield", "asyncio.wait_for", "asyncio.run", "enum.unique",
        "weakref.proxy", "types.coroutine", "atexit.register", "contextlib.closing",
    )
)  # fmt: skip
PROTOCOLS: Final = {
    "builtins.len": "__len__", "builtins.str": "__str__", "builtins.repr": "__repr__", "builtins.bool": "__bool__",
    "builtins.hash": "__hash__", "builtins.int": "__int__", "builtins.float": "__float__", "builtins.abs": "__abs__",
    "builtins.round": "__round__", "builtins.format": "__format__", "builtins.bytes": "__bytes__", "builtins.reversed": "__reversed__",
    "builtins.divmod": "__divmod__", "operator.index": "__index__", "math.floor": "__floor__", "math.ceil": "__ceil__",
    "builtins.dir": "__dir__", "builtins.complex": "__complex__",
}  # fmt: skip
COPIES: Final = {
    "builtins.list": "list", "builtins.tuple": "tuple", "builtins.set": "set", "builtins.frozenset": "set", "builtins.sorted": "list",
    "builtins.reversed": "list", "builtins.iter": "list", "collections.deque": "list", "itertools.chain": "list",
    "itertools.islice": "list", "itertools.cycle": "list", "builtins.filter": "list", "collections.OrderedDict": "dict",
    "collections.Counter": "dict", "builtins.dict": "dict", "types.MappingProxyType": "dict",
}  # fmt: skip
ELEMENTWISE: Final = frozenset(
    ("map", "filter", "sorted", "min", "max", "groupby", "takewhile", "dropwhile", "filterfalse", "sort")
)
ELEMENTS: Final = frozenset(("builtins.next", "builtins.min", "builtins.max", "builtins.anext", "random.choice"))


def call_builtin(calls: Calls, callee: Value, given: Arguments, at: Block, site: int, hits: Hits, depth: int) -> Values:
    """The result of calling an external name, a method of a container or property, a named tuple, an identity decorator."""
    if callee.kind == IDENTITY:
        return given.positional[0] if given.positional else NONE
    p = calls.p
    use = Use(calls, [p.concrete(values, at) for values in given.positional], given, at, site, hits, depth)
    if callee.kind == METHOD:
        return _method(use, callee.a, callee.b)
    if callee.kind == RECORD:
        return keyed(use, callee.a)
    path: str = callee.a
    use.path = path
    hits.targets.setdefault(intern(f"ext {path}"), "external")
    for method in methods_of_template(use, callee) if path in TEMPLATES else ():
        calls.call(method, Arguments(), at, site, hits, "template", depth + 1)
    special = SPECIAL.get(path)
    places = CALLERS.get(path)
    if places:
        result = _call_arguments(use, places)
        if path in ("builtins.map", "itertools.starmap"):
            return use.holding("generator", "map", result)
        if path == "functools.reduce":
            return result
    elif special is None and path not in IDENTITIES and path not in COPIES:
        _callbacks(use)
    if special is not None:
        return special(use)
    return _by_table(use, path)


def _by_table(use: Use, path: str) -> Values:
    p, first = use.p, use.first
    method = PROTOCOLS.get(path)
    if method is not None:
        found: Values = NONE
        for value in sorted(first):
            if value.kind == INSTANCE and on_class(p, value.a, method, use.at)[0]:
                found |= use.calls.protocol(
                    value, method, Arguments(), use.at, use.site, use.hits, use.depth, "protocol"
                )
        if path not in COPIES:
            return found
    if path == "typing.cast":
        return instances_of(p, first, use.at) or use.argument(1)
    if path in IDENTITIES:
        return first or p.one(IDENTITY)
    if path in COPIES:
        return copied(use, COPIES[path])
    if path == "builtins.next":
        return _next(use) | use.argument(1)
    if path in ELEMENTS:
        return use.each(first) if len(use.arguments) == 1 else frozenset().union(*use.arguments)
    if path == "re.compile":
        return p.one(RESULT, "re.Pattern")
    name = path.rpartition(".")[2]
    # An external name in capitals is a class by custom, and its call an instance of it.
    if name[:1].isupper() or name == "open":
        return p.one(RESULT, path)
    return p.one(UNKNOWN, "external")


def _next(use: Use) -> Values:
    found: Values = NONE
    for value in sorted(use.first):
        if value.kind == INSTANCE:
            found |= use.calls.protocol(value, "__next__", Arguments(), use.at, use.site, use.hits, via="protocol")
        else:
            found |= use.calls.elements(frozenset((value,)), use.at)
    return found


def _callbacks(use: Use) -> None:
    """Functions handed to code nobody here can see may be called by it."""
    p = use.p
    for values in (*use.arguments, *(p.concrete(v, use.at) for v in use.given.keywords.values())):
        for value in values:
            block = _function(value)
            if block is None:
                continue
            use.hits.callbacks[block.id] = "callback"
            if not block.reached:
                block.reached = True
                p.enqueue(block)
            if value.kind == BOUND and block.inflow:
                p.flow_into(block.inflow[0], frozenset((value.b,)))


def _function(value: Value) -> Block | None:
    if value.kind == FUNCTION:
        return value.a  # type: ignore[no-any-return]
    if value.kind == BOUND and value.a.kind == FUNCTION:
        return value.a.a  # type: ignore[no-any-return]
    return None


def _call_arguments(use: Use, places: tuple[int | str, ...]) -> Values:
    """Call what stands at these places, with the elements of the other arguments where the callee maps over them."""
    p, at = use.p, use.at
    functions: set[Value] = set()
    for place in places:
        values = use.argument(place) if isinstance(place, int) else use.keyword(place)
        functions |= {
            v for v in values
            if v.kind in (*CALLABLE, CLASS) or (v.kind == INSTANCE and on_class(p, v.a, "__call__", at)[0])
        }  # fmt: skip
    others = [values for values in use.arguments if not (values & functions)]
    rest = others[0] if others else NONE
    name = use.path.rpartition(".")[2]
    if name in ELEMENTWISE:
        inner = Arguments([use.each(values) for values in others])
    elif name in ("reduce", "accumulate"):
        elements = use.each(rest)
        inner = Arguments([elements | (others[1] if len(others) > 1 else NONE), elements])
    elif name in ("Thread", "Process", "Timer"):
        inner = Arguments()
        for box in use.keyword("args") | (others[-1] if name == "Timer" and others else NONE):
            if box.kind == BOX:
                places_known = sorted(key for key in p.slots(box.a, at) if isinstance(key, int))
                inner.positional = [p.concrete(use.calls.read_slot(box, key, at), at) for key in places_known]
        for box in use.keyword("kwargs"):
            if box.kind == BOX:
                inner.keywords = {
                    key: p.read(cell, at) for key, cell in p.slots(box.a, at).items() if isinstance(key, str)
                }
    elif name == "starmap":
        inner = Arguments(star=use.calls.elements(use.each(rest), at))
    else:
        inner = Arguments(others, dict(use.given.keywords))
    result: Values = NONE
    for function in sorted(functions):
        result |= use.calls.call(function, inner, at, use.site, use.hits, "flow", use.depth + 1)
    return p.concrete(result, at)


def _method(use: Use, owner: Value, name: str) -> Values:
    """A method of a property, of a function that dispatches on a type, or of a container."""
    if owner.kind == PROPERTY:
        added = tuple(sorted(use.first))
        if name == "getter":
            return use.p.one(PROPERTY, added, owner.b)
        return use.p.one(PROPERTY, owner.a, added if name == "setter" else owner.b)
    if owner.kind == FUNCTION:
        return register(use, owner)
    if lacks(f"builtins.{owner.a.kind}", name):
        use.hits.reasons.append("external")
    else:
        use.hits.targets.setdefault(f"ext builtins.{owner.a.kind}.{name}", "external")
    if name == "sort":
        use.path = "builtins.list.sort"
        use.arguments = [frozenset((owner,))]
        _call_arguments(use, ("key",))
        return NONE
    return container_method(use, owner, name)
