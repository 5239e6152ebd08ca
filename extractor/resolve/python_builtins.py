"""Calls of names outside the repository: who calls its argument, what gives it back, what stands for a special method.

What needs more than a row of a table is in `python_containers` and `python_library`. An external callee without a rule gives an
unknown result, and functions passed to it are edges of low confidence.
"""

from __future__ import annotations

from sys import intern
from typing import TYPE_CHECKING, Final

from extractor.resolve.python_containers import container_method, copied, keyed, text_method
from extractor.resolve.python_families import unfolded
from extractor.resolve.python_frameworks import task_method
from extractor.resolve.python_inheritance import above, ancestry
from extractor.resolve.python_later import FUTURE, future_method, replaced
from extractor.resolve.python_library import Use, hand_over, methods_of_template, register
from extractor.resolve.python_lookup import on_class, own_cell
from extractor.resolve.python_members import MADE, TASK_METHODS, TEMPLATES
from extractor.resolve.python_outside import lacks
from extractor.resolve.python_protocols import ASKED, ask_of_all, parts
from extractor.resolve.python_state import Arguments, Hits
from extractor.resolve.python_stdlib import GIVES, ITERATING, OPERATIONS, RULES, TEXT, ordered
from extractor.resolve.python_types import instances_of
from extractor.resolve.python_values import (
    BOUND,
    BOX,
    CLASS,
    CONSTANT,
    EXTERNAL,
    FAMILY,
    FUNCTION,
    IDENTITY,
    INSTANCE,
    METHOD,
    NONE,
    PARTIAL,
    PREFIX,
    PROPERTY,
    RECORD,
    RESULT,
    SHAPE,
    UNKNOWN,
    Block,
    Value,
    Values,
)  # fmt: skip

if TYPE_CHECKING:
    from extractor.resolve.python_calls import Calls
    from extractor.resolve.python_program import Program

CALLABLE: Final = (FUNCTION, BOUND, PARTIAL, FAMILY)
# Callables passed to these are called, by position or keyword; with nothing known of their arguments.
CALLERS: Final[dict[str, tuple[int | str, ...]]] = {
    "threading.Thread": (1, "target"),
    "threading.Timer": (1, "function"),
    "multiprocessing.Process": (1, "target"),
    "atexit.register": (0,),
    "signal.signal": (1,),
    "asyncio.run_coroutine_threadsafe": (0,),
    "contextlib.ExitStack.callback": (0,),
    "contextlib.AsyncExitStack.callback": (0,),
    "contextlib.AsyncExitStack.push_async_callback": (0,),
    "concurrent.futures.Executor.submit": (0,),
    "concurrent.futures.Executor.map": (0,),
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
    "builtins.iter": (0,),  # with a sentinel
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
    "sqlite3.Connection.create_function": (2,),
    "sqlite3.register_adapter": (1,),
    "sqlite3.register_converter": (1,),
    "re.sub": (1, "repl"),
    "re.subn": (1, "repl"),
    "re.Pattern.sub": (0, "repl"),
    "re.Pattern.subn": (0, "repl"),
    "asyncio.to_thread": (0,),
    "asyncio.AbstractEventLoop.call_soon": (0,),
    "asyncio.AbstractEventLoop.call_soon_threadsafe": (0,),
    "asyncio.AbstractEventLoop.call_later": (1,),
    "asyncio.AbstractEventLoop.call_at": (1,),
    "asyncio.AbstractEventLoop.run_in_executor": (1,),
    "asyncio.AbstractEventLoop.add_signal_handler": (1,),
    "concurrent.futures.Future.add_done_callback": (0,),
    "heapq.nlargest": ("key",),
    "heapq.nsmallest": ("key",),
    "heapq.merge": ("key",),
}
# These give their first argument back, or something that behaves like it.
IDENTITIES: Final = frozenset(
    (
        "functools.lru_cache", "functools.cache", "functools.total_ordering", "typing.cast", "typing.final", "typing.no_type_check",
        "typing.runtime_checkable",
        "typing_extensions.final", "abc.abstractmethod", "dataclasses.dataclass", "attr.s", "attrs.define",
        "enum.unique", "weakref.proxy", "types.coroutine", "atexit.register",
    )
)  # fmt: skip
_PROTOCOLS: Final[dict[str, str | tuple[str, ...]]] = {
    "builtins.len": "__len__", "builtins.str": ASKED["str"], "builtins.repr": "__repr__", "builtins.bool": ASKED["bool"],
    "builtins.hash": "__hash__", "builtins.int": ("__int__", "__index__"), "builtins.float": "__float__", "builtins.abs": "__abs__",
    "builtins.round": "__round__", "builtins.format": ASKED["format"], "builtins.bytes": "__bytes__", "builtins.reversed": "__reversed__",
    "builtins.divmod": "__divmod__", "operator.index": "__index__", "math.floor": "__floor__", "math.ceil": "__ceil__",
    "builtins.dir": "__dir__", "builtins.complex": "__complex__", "math.trunc": "__trunc__", "os.fspath": "__fspath__",
}  # fmt: skip
# These give a value of one builtin type, or of one that extends it where the language lets it through.
TYPE_OF: Final = {
    "builtins.len": "", "builtins.str": "builtins.str", "builtins.repr": "builtins.str", "builtins.format": "builtins.str",
    "builtins.bool": "", "builtins.hash": "", "builtins.int": "", "builtins.float": "", "builtins.complex": "",
    "builtins.bytes": "builtins.bytes", "operator.index": "",
}  # fmt: skip
PROTOCOLS: Final = {path: (names,) if isinstance(names, str) else names for path, names in _PROTOCOLS.items()}
# What functions outside ask of their arguments, when they are handed on as `map(str, values)` does.
SPECIAL_OF: Final = PROTOCOLS | OPERATIONS
COPIES: Final = {
    "builtins.list": "list", "builtins.tuple": "tuple", "builtins.set": "set", "builtins.frozenset": "set", "builtins.sorted": "list",
    "builtins.reversed": "list", "builtins.iter": "list", "collections.deque": "list", "itertools.chain": "list",
    "itertools.islice": "list", "itertools.cycle": "list", "builtins.filter": "list", "collections.OrderedDict": "dict",
    "collections.Counter": "dict", "types.MappingProxyType": "dict", "queue.Queue": "list", "queue.LifoQueue": "list",
    "queue.PriorityQueue": "list", "queue.SimpleQueue": "list", "asyncio.Queue": "list", "asyncio.LifoQueue": "list",
    "asyncio.PriorityQueue": "list", "multiprocessing.Queue": "list",
}  # fmt: skip
ELEMENTWISE: Final = frozenset(
    (
        "map",
        "filter",
        "sorted",
        "min",
        "max",
        "groupby",
        "takewhile",
        "dropwhile",
        "filterfalse",
        "sort",
        "nlargest",
        "nsmallest",
    )
)
ORDERED: Final = frozenset(("builtins.sorted", "builtins.min", "builtins.max"))
SETS: Final = frozenset(("builtins.set", "builtins.frozenset", "builtins.dict.fromkeys", "collections.Counter"))
# These ask what they iterate how much there will be.
SIZED: Final = frozenset(
    ("builtins.list", "builtins.tuple", "builtins.sorted", "builtins.str.join", "builtins.bytes.join")
)
METACLASSES: Final = frozenset(("type", "ABCMeta", "EnumMeta", "EnumType"))
HANDED_ON: Final = frozenset(("json.JSONEncoder.encode", "logging.Handler.handle"))  # of TEMPLATES, with what they got
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
        handed_on = use.arguments if path in HANDED_ON else None
        calls.call(method, Arguments(handed_on), at, site, hits, "template", depth + 1)
    special = RULES.get(path)
    places = CALLERS.get(path)
    if places and (path != "builtins.iter" or len(use.arguments) == 2):
        result = _call_arguments(use, places)
        last = path.rpartition(".")[2]
        if last in ("map", "starmap", "iter", "accumulate"):
            return use.holding("generator", "map", result)
        if last in ("submit", "apply_async", "run_in_executor", "run_coroutine_threadsafe"):
            return use.holding(FUTURE, "later", result)
        if last in ("reduce", "to_thread"):
            return result
        if path in ORDERED:
            ordered(use, result)
    elif special is None and path not in IDENTITIES and path not in COPIES:
        _callbacks(use)
    if special is not None:
        return special(use)
    return _by_table(use, path)


def _by_table(use: Use, path: str) -> Values:
    p, first = use.p, use.first
    method = PROTOCOLS.get(path)
    if method is not None:
        asked = parts(use.calls, first, use.at) if path == "builtins.hash" else first
        found = ask_of_all(use.calls, asked, method, Arguments(), use.at, use.site, use.hits, use.depth)
        if path in TYPE_OF:  # whatever the method gives, the result is of this type
            return frozenset(v for v in p.concrete(found, use.at) if _is_plain(use, v, path))
        if path not in COPIES:
            return found
    if path in SIZED:
        ask_of_all(use.calls, first, ("__len__", "__length_hint__"), Arguments(), use.at, use.site, use.hits, use.depth)
    if path in SETS:
        ask_of_all(use.calls, use.each(first), ASKED["hash"], Arguments(), use.at, use.site, use.hits, use.depth)
    if path.endswith(".__new__"):
        return frozenset().union(*(_made(p, v, use.at) for v in first if v.kind == CLASS))
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
    if path in GIVES:
        return p.one(RESULT, GIVES[path])
    if path in ITERATING:
        held = use.each(first)
        if path in ("builtins.any", "builtins.all"):
            ask_of_all(use.calls, held, ASKED["bool"], Arguments(), use.at, use.site, use.hits, use.depth)
    elif path in TEXT:
        for values in (*use.arguments, *(p.concrete(v, use.at) for v in use.given.keywords.values())):
            ask_of_all(use.calls, values, ASKED[TEXT[path]], Arguments(), use.at, use.site, use.hits)
    name = path.rpartition(".")[2]
    # An external name in capitals is a class by custom, and its call an instance of it.
    if name[:1].isupper() or name == "open":
        return p.one(RESULT, path)
    return p.one(UNKNOWN, "external")


def _made(p: Program, cls: Value, at: Block) -> Values:
    """What the `__new__` of a base class outside makes: an instance; of a metaclass the classes that are made by it."""
    if any(path.rpartition(".")[2] in METACLASSES for path in ancestry(p, cls.a, at)[1]):
        return p.read(own_cell(cls.a, MADE), at)
    return p.one(INSTANCE, cls.a)


def _is_plain(use: Use, value: Value, path: str) -> bool:
    """Whether a value may be what `str(x)`, `len(x)` give: text of a class of its own is text, too."""
    if value.kind == INSTANCE:
        return TYPE_OF[path] in ancestry(use.p, value.a, use.at)[1]
    return value.kind in (CONSTANT, PREFIX, SHAPE)


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
    for index, values in enumerate((*use.arguments, *(p.concrete(v, use.at) for v in use.given.keywords.values()))):
        following = use.arguments[index + 1 :]
        for value in unfolded(p, values, use.at):
            if value.kind == INSTANCE and following and "__call__" in p.special:
                for method in sorted(on_class(p, value.a, "__call__", use.at)[0]):
                    if method.kind == FUNCTION and len(method.a.inflow) == len(following) + 1:
                        use.calls.invoke(
                            method, Arguments([frozenset((value,)), *following]), use.at, use.site, use.depth
                        )
            hand_over(p, value, following, use.hits)


def _call_arguments(use: Use, places: tuple[int | str, ...]) -> Values:
    """Call what stands at these places, with the elements of the other arguments where the callee maps over them."""
    p, at = use.p, use.at
    functions: set[Value] = set()
    for place in places:
        values = use.argument(place) if isinstance(place, int) else use.keyword(place)
        functions |= {
            v for v in values
            if v.kind in (*CALLABLE, CLASS, EXTERNAL) or (v.kind == INSTANCE and on_class(p, v.a, "__call__", at)[0])
        }  # fmt: skip
    functions = {v for v in functions if v.kind != EXTERNAL or not p.special.isdisjoint(SPECIAL_OF.get(v.a, ()))}
    others = [values for values in use.arguments if not (values & functions)]
    rest = others[0] if others else NONE
    name = use.path.rpartition(".")[2]
    if name in ELEMENTWISE:
        inner = Arguments([use.each(values) for values in others])
    elif name in ("reduce", "accumulate"):
        elements = use.each(rest)
        inner = Arguments([others[1] if len(others) > 1 else elements, elements])
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
    elif name == "iter":
        inner = Arguments()
    elif name == "starmap":
        inner = Arguments(star=use.calls.elements(use.each(rest), at))
    else:
        inner = Arguments(others, dict(use.given.keywords))
    result: Values = NONE
    for function in sorted(functions):
        returned = use.calls.call(function, inner, at, use.site, use.hits, "flow", use.depth + 1)
        if (
            name in ("reduce", "accumulate") and not returned <= elements
        ):  # the result so far is the next first argument
            again = Arguments([returned, elements])
            returned |= use.calls.call(function, again, at, use.site, use.hits, "flow", use.depth + 1)
        result |= returned
    return p.concrete(result, at)


def _method(use: Use, owner: Value, name: str) -> Values:
    """A method of a property, of a function that dispatches on a type, or of a container."""
    if owner.kind == PROPERTY:
        added = tuple(sorted(use.first))
        if name == "getter":
            return use.p.one(PROPERTY, added, owner.b)
        stored, deleted = owner.b
        return use.p.one(
            PROPERTY, owner.a, (added if name == "setter" else stored, added if name == "deleter" else deleted)
        )
    if owner.kind == FUNCTION and name == "__get__":
        return frozenset(use.p.value(BOUND, owner, value) for value in use.first)
    if owner.kind == FUNCTION and name in TASK_METHODS:
        return task_method(use, owner, name)
    if owner.kind == FUNCTION:
        return register(use, owner, name)
    if owner.kind == INSTANCE:  # a named tuple, with other values in some fields
        return replaced(use, frozenset((owner,)))
    if owner.kind == CLASS and name == "mro":
        return use.holding("list", name, above(use.p, owner, use.at))
    if owner.kind == CLASS and name == "__subclasses__":
        owner.a.followers[use.at.place] = None
        return use.holding("list", name, frozenset(use.p.value(CLASS, below) for below in owner.a.subclasses))
    if owner.kind == CLASS:
        return use.calls.construct(owner, use.given, use.at, use.site, use.hits, "super", use.depth)
    if owner.kind in (CONSTANT, PREFIX, SHAPE):
        return text_method(use, owner, name)
    if owner.a.kind == FUTURE:
        use.hits.targets.setdefault(f"ext asyncio.Future.{name}", "external")
        return future_method(use, owner, name)
    if lacks(f"builtins.{owner.a.kind}", name):
        use.hits.reasons.append("external")
    else:
        use.hits.targets.setdefault(f"ext builtins.{owner.a.kind}.{name}", "external")
    if name == "sort":
        use.path = "builtins.list.sort"
        use.arguments = [frozenset((owner,))]
        ordered(use, _call_arguments(use, ("key",)))
        return NONE
    return container_method(use, owner, name)
