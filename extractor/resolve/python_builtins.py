"""Calls of the standard library that matter to value flow: containers, iteration, getattr, partial, and who calls its argument.

An external callee without a rule gives an unknown result, and functions passed to it are edges of low confidence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from extractor.resolve.python_values import (
    BOUND,
    BOX,
    CLASS,
    CONSTANT,
    EXTERNAL,
    FUNCTION,
    IDENTITY,
    INSTANCE,
    METHOD,
    NONE,
    PARTIAL,
    PROPERTY,
    RESULT,
    SUPER,
    TYPE,
    Block,
    Cell,
    Value,
    Values,
    constant_keys,
)  # fmt: skip

if TYPE_CHECKING:
    from extractor.resolve.python_calls import Arguments, Calls, Hits

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
    "asyncio.to_thread": (0,),
}
# These give their first argument back, or something that behaves like it.
IDENTITIES: Final = frozenset(
    (
        "functools.lru_cache", "functools.cache", "functools.singledispatch", "functools.total_ordering", "copy.copy",
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
    "collections.Counter": "dict", "collections.defaultdict": "dict", "builtins.dict": "dict", "types.MappingProxyType": "dict",
}  # fmt: skip
ELEMENTS: Final = frozenset(("builtins.next", "builtins.min", "builtins.max", "builtins.anext", "random.choice"))


def call_builtin(calls: Calls, callee: Value, given: Arguments, at: Block, site: int, hits: Hits, depth: int) -> Values:
    """The result of calling an external name, a method of a container or of a property, or an identity decorator."""
    p = calls.p
    if callee.kind == IDENTITY:
        return given.positional[0] if given.positional else NONE
    if callee.kind == METHOD:
        return _method(calls, callee, given, at, site, hits, depth)
    path: str = callee.a
    hits.targets.setdefault(f"ext {path}", "external")
    arguments = [p.concrete(values, at) for values in given.positional]
    special = _SPECIAL.get(path)
    called = CALLERS.get(path, ())
    first = arguments[0] if arguments else NONE
    if called:
        result = _call_arguments(calls, path, called, arguments, given, at, site, hits, depth)
        if path in ("builtins.map", "itertools.starmap"):
            box = p.box("generator", at, site, "map")
            p.flow_into(box.a.any, result)
            return frozenset((box,))
        if path == "functools.reduce":
            return result
    elif path not in _SPECIAL and path not in IDENTITIES and path not in COPIES:
        _callbacks(calls, arguments, given, at, hits)
    if special is not None:
        return special(calls, arguments, given, at, site, hits, depth)
    method = PROTOCOLS.get(path)
    if method is not None:
        found: Values = NONE
        for value in sorted(first):
            if value.kind == INSTANCE and p.on_class(value.a, method, at)[0]:
                found |= calls.protocol(value, method, given_none(), at, site, hits, depth, "protocol")
        if path not in COPIES:
            return found
    if path in IDENTITIES:
        subject = arguments[1] if path == "typing.cast" and len(arguments) > 1 else first
        if path == "typing.cast":
            from extractor.resolve.python_types import instances_of

            return instances_of(p, first, at) or subject
        return subject or p.one(IDENTITY)
    kind = COPIES.get(path)
    if kind is not None:
        return _copy(calls, kind, arguments, given, at, site, hits)
    if path in ELEMENTS:
        if path == "builtins.next":
            return _next(calls, first, at, site, hits) | (arguments[1] if len(arguments) > 1 else NONE)
        return (
            calls.iterate(first, at, site, hits)
            if len(arguments) == 1
            else frozenset().union(*arguments)
            if arguments
            else NONE
        )
    name = path.rpartition(".")[2]
    # An external name in capitals is a class by custom, and its call an instance of it.
    if name[:1].isupper() or name == "open":
        return p.one(RESULT, path)
    return p.one("unknown", "external")


def given_none() -> Arguments:
    from extractor.resolve.python_calls import Arguments

    return Arguments()


def _callbacks(calls: Calls, arguments: list[Values], given: Arguments, at: Block, hits: Hits) -> None:
    """Functions handed to code nobody here can see may be called by it."""
    for values in (*arguments, *(calls.p.concrete(v, at) for v in given.keywords.values())):
        for value in values:
            block = _function(value)
            if block is not None:
                hits.callbacks[block.id] = "callback"
                if not block.reached:
                    block.reached = True
                    calls.p.enqueue(block)
                if value.kind == BOUND:
                    calls.p.flow_into(block.inflow[0], frozenset((value.b,))) if block.inflow else None


def _function(value: Value) -> Block | None:
    if value.kind == FUNCTION:
        return value.a  # type: ignore[no-any-return]
    if value.kind == BOUND and value.a.kind == FUNCTION:
        return value.a.a  # type: ignore[no-any-return]
    return None


def _call_arguments(
    calls: Calls, path: str, places: tuple[int | str, ...], arguments: list[Values], given: Arguments, at: Block, site: int,
    hits: Hits, depth: int,
) -> Values:  # fmt: skip
    """Call what stands at these places, with the elements of the other arguments where the callee maps over them."""
    from extractor.resolve.python_calls import Arguments

    p = calls.p
    functions: set[Value] = set()
    for place in places:
        values = p.concrete(given.keywords.get(place, NONE), at) if isinstance(place, str) else NONE
        if isinstance(place, int) and place < len(arguments):
            values = arguments[place]
        functions |= {
            v
            for v in values
            if v.kind in (*CALLABLE, CLASS) or (v.kind == INSTANCE and p.on_class(v.a, "__call__", at)[0])
        }
    others = [v for v in arguments if not (v & functions)]
    name = path.rpartition(".")[2]
    if name in ("map", "filter", "sorted", "min", "max", "groupby", "takewhile", "dropwhile", "filterfalse", "sort"):
        inner = Arguments([calls.iterate(v, at, site, hits) for v in others])
    elif name in ("reduce", "accumulate"):
        elements = calls.iterate(others[0], at, site, hits) if others else NONE
        inner = Arguments([elements | (others[1] if len(others) > 1 else NONE), elements])
    elif name in ("Thread", "Process", "Timer"):
        inner = Arguments()
        for box in p.concrete(given.keywords.get("args", NONE), at) | (
            others[-1] if name == "Timer" and others else NONE
        ):
            if box.kind == BOX:
                inner.positional = [
                    p.concrete(p.read(cell, at), at)
                    for key, cell in sorted(box.a.slots.items(), key=str)
                    if isinstance(key, int)
                ]
        for box in p.concrete(given.keywords.get("kwargs", NONE), at):
            if box.kind == BOX:
                inner.keywords = {key: p.read(cell, at) for key, cell in box.a.slots.items() if isinstance(key, str)}
    elif name in ("starmap",):
        inner = Arguments(star=calls.elements(calls.iterate(others[0], at, site, hits), at) if others else NONE)
    else:
        inner = Arguments(others, dict(given.keywords))
    result: Values = NONE
    for function in sorted(functions):
        result |= calls.call(function, inner, at, site, hits, "flow", depth + 1)
    return p.concrete(result, at)


def _copy(
    calls: Calls, kind: str, arguments: list[Values], given: Arguments, at: Block, site: int, hits: Hits
) -> Values:
    """list(x), dict(a=f), chain(x, y): a new container that holds what the arguments hold."""
    p = calls.p
    box = p.box(kind, at, site, "copy")
    for values in arguments[:1] if kind == "dict" else arguments:
        for value in sorted(values):
            # A dict copies a dict and a list a list slot by slot; list(d) is only the keys.
            if value.kind == BOX and value.a.kind in (("dict",) if kind == "dict" else ("list", "tuple")):
                for key, cell in list(value.a.slots.items()):
                    calls.store_slot(box, key, p.read(cell, at), at)
                p.connect(value.a.more, box.a.more)
                p.connect(value.a.any, box.a.any)
                continue
            if kind == "dict" and value.kind == BOX:
                for pair in calls.elements(frozenset((value,)), at):
                    if pair.kind == BOX:
                        _store(
                            calls, box, p.concrete(calls.read_slot(pair, 0, at), at), calls.read_slot(pair, 1, at), at
                        )
                continue
            p.flow_into(box.a.any, calls.iterate(frozenset((value,)), at, site, hits))
    if kind == "dict":
        for name, values in given.keywords.items():
            calls.store_slot(box, name, values, at)
    return frozenset((box,))


def _store(calls: Calls, box: Value, keys: Values, values: Values, at: Block) -> None:
    known = constant_keys(keys)
    for key in known:
        calls.store_slot(box, key, values, at)
    if not known:
        calls.p.flow_into(box.a.any, values)


def _next(calls: Calls, values: Values, at: Block, site: int, hits: Hits) -> Values:
    found: Values = NONE
    for value in sorted(values):
        if value.kind == INSTANCE:
            found |= calls.protocol(value, "__next__", given_none(), at, site, hits, via="protocol")
        else:
            found |= calls.elements(frozenset((value,)), at)
    return found


def _iter(
    calls: Calls, arguments: list[Values], given: Arguments, at: Block, site: int, hits: Hits, depth: int
) -> Values:
    found: Values = NONE
    for value in sorted(arguments[0] if arguments else NONE):
        if value.kind == INSTANCE:
            found |= calls.protocol(value, "__iter__", given_none(), at, site, hits, via="protocol")
        else:
            found |= frozenset((value,))
    return calls.p.concrete(found, at)


def _getattr(
    calls: Calls, arguments: list[Values], given: Arguments, at: Block, site: int, hits: Hits, depth: int
) -> Values:
    found: Values = arguments[2] if len(arguments) > 2 else NONE
    for name in sorted(arguments[1] if len(arguments) > 1 else NONE):
        if name.kind == CONSTANT and isinstance(name.a, str):
            found |= read_attribute(calls, arguments[0], name.a, at, site, hits)
    return found


def read_attribute(calls: Calls, owners: Values, name: str, at: Block, site: int, hits: Hits) -> Values:
    """`owner.name` for each owner, property getters called."""
    found: Values = NONE
    for owner in sorted(owners):
        values, getters, _ = calls.p.attribute(owner, name, at)
        found |= values
        for getter, receiver in getters:
            from extractor.resolve.python_calls import Arguments

            found |= calls.call(getter, Arguments([frozenset((receiver,))]), at, site, hits, "property")
    return found


def _setattr(
    calls: Calls, arguments: list[Values], given: Arguments, at: Block, site: int, hits: Hits, depth: int
) -> Values:
    if len(arguments) > 2:
        for name in sorted(arguments[1]):
            if name.kind == CONSTANT and isinstance(name.a, str):
                write_attribute(calls, arguments[0], name.a, arguments[2], at, site, hits)
    return NONE


def write_attribute(calls: Calls, owners: Values, name: str, values: Values, at: Block, site: int, hits: Hits) -> None:
    """`owner.name = values` for each owner; a property's setter is called."""
    p = calls.p
    for owner in sorted(owners):
        if owner.kind == INSTANCE:
            setters = [s for found in p.on_class(owner.a, name, at)[0] if found.kind == PROPERTY for s in found.b]
            for setter in setters:
                from extractor.resolve.python_calls import Arguments

                calls.call(setter, Arguments([frozenset((owner,)), values]), at, site, hits, "property")
            if not setters:
                p.flow_into(owner.a.instance.setdefault(name, Cell()), values)
        elif owner.kind == CLASS:
            p.flow_into(owner.a.own.setdefault(name, Cell()), values)
        elif owner.kind == FUNCTION:
            p.flow_into(owner.a.attributes.setdefault(name, Cell()), values)
        elif owner.kind == "module":
            block = p.block_of(owner.a)
            if block is not None:
                p.flow_into(p.cell_of(block, name), values)
                p.flow_into(p.final_of(block, name), values)


def _partial(
    calls: Calls, arguments: list[Values], given: Arguments, at: Block, site: int, hits: Hits, depth: int
) -> Values:
    p = calls.p
    made = p.partial(at, site)
    if given.positional:
        p.flow_into(made.a.function, given.positional[0])
    for index, values in enumerate(given.positional[1:]):
        if index == len(made.a.positional):
            made.a.positional.append(Cell())
        p.flow_into(made.a.positional[index], values)
    for name, values in given.keywords.items():
        p.flow_into(made.a.keywords.setdefault(name, Cell()), values)
    return frozenset((made,))


def _type(
    calls: Calls, arguments: list[Values], given: Arguments, at: Block, site: int, hits: Hits, depth: int
) -> Values:
    if len(arguments) != 1:
        return calls.p.one("unknown", "dynamic")
    return frozenset(calls.p.value(CLASS, v.a) for v in arguments[0] if v.kind == INSTANCE)


def _super(
    calls: Calls, arguments: list[Values], given: Arguments, at: Block, site: int, hits: Hits, depth: int
) -> Values:
    """`super()` for each instance that flows to the method's first parameter; `super(A, self)` as written."""
    p = calls.p
    method: Block | None = at
    while method is not None and (method.class_ is None or method.kind != "function"):
        method = method.parent
    if arguments:
        receivers = arguments[1] if len(arguments) > 1 else NONE
        return frozenset(
            p.value(SUPER, c.a, r)
            for c in arguments[0]
            if c.kind == CLASS
            for r in receivers
            if r.kind in (INSTANCE, CLASS)
        )
    if method is None or method.class_ is None:
        return NONE
    receivers = p.read(method.inflow[0], at) if method.inflow else NONE
    if method.inflow and method.inflow[0].full:
        receivers = p.receiver(method)
    return frozenset(p.value(SUPER, method.class_, r) for r in receivers if r.kind in (INSTANCE, CLASS))


def _zip(
    calls: Calls, arguments: list[Values], given: Arguments, at: Block, site: int, hits: Hits, depth: int
) -> Values:
    p = calls.p
    pair, outer = p.box("tuple", at, site, "pair"), p.box("list", at, site, "zip")
    for index, values in enumerate(arguments):
        calls.store_slot(pair, index, calls.iterate(values, at, site, hits), at)
    p.add(outer.a.any, frozenset((pair,)))
    return frozenset((outer,))


def _enumerate(
    calls: Calls, arguments: list[Values], given: Arguments, at: Block, site: int, hits: Hits, depth: int
) -> Values:
    return _zip(calls, [NONE, arguments[0] if arguments else NONE], given, at, site, hits, depth)


def _property(
    calls: Calls, arguments: list[Values], given: Arguments, at: Block, site: int, hits: Hits, depth: int
) -> Values:
    p = calls.p
    keywords = {name: p.concrete(values, at) for name, values in given.keywords.items()}
    getters = arguments[0] if arguments else keywords.get("fget", NONE)
    setters = arguments[1] if len(arguments) > 1 else keywords.get("fset", NONE)
    return p.one(PROPERTY, tuple(sorted(getters)), tuple(sorted(setters)))


def _wraps(
    calls: Calls, arguments: list[Values], given: Arguments, at: Block, site: int, hits: Hits, depth: int
) -> Values:
    return calls.p.one(IDENTITY)


def _context_manager(
    calls: Calls, arguments: list[Values], given: Arguments, at: Block, site: int, hits: Hits, depth: int
) -> Values:
    return arguments[0] if arguments else NONE


def _import_module(
    calls: Calls, arguments: list[Values], given: Arguments, at: Block, site: int, hits: Hits, depth: int
) -> Values:
    p = calls.p
    found: set[Value] = set()
    for name in sorted(arguments[0] if arguments else NONE):
        if name.kind == CONSTANT and isinstance(name.a, str):
            stripped = name.a.lstrip(".")
            if stripped != name.a:
                from extractor.facts import Import

                module = p.modules.imported(
                    Import(-1, stripped, "", "", len(name.a) - len(stripped), 0), at.module.path
                )
            else:
                module = p.modules.absolute(name.a, at.module.path)
            found.add(p.value("module", module) if module is not None else p.value(EXTERNAL, name.a))
    return frozenset(found)


def _vars(
    calls: Calls, arguments: list[Values], given: Arguments, at: Block, site: int, hits: Hits, depth: int
) -> Values:
    return NONE


def _type_variable(
    calls: Calls, arguments: list[Values], given: Arguments, at: Block, site: int, hits: Hits, depth: int
) -> Values:
    """A type variable stands for its bound, or for its constraints."""
    from extractor.resolve.python_types import instances_of

    p = calls.p
    allowed = [*arguments[1:], p.concrete(given.keywords.get("bound", NONE), at)]
    return p.one(TYPE, frozenset().union(*(instances_of(p, values, at) for values in allowed)))


_SPECIAL: Final[dict[str, Callable[..., Values]]] = {
    "builtins.getattr": _getattr,
    "builtins.setattr": _setattr,
    "builtins.super": _super,
    "builtins.type": _type,
    "builtins.iter": _iter,
    "builtins.aiter": _iter,
    "builtins.zip": _zip,
    "builtins.enumerate": _enumerate,
    "builtins.property": _property,
    "functools.cached_property": _property,
    "functools.partial": _partial,
    "functools.partialmethod": _partial,
    "functools.wraps": _wraps,
    "functools.update_wrapper": _context_manager,
    "contextlib.contextmanager": _context_manager,
    "contextlib.asynccontextmanager": _context_manager,
    "importlib.import_module": _import_module,
    "builtins.__import__": _import_module,
    "builtins.staticmethod": _context_manager,
    "builtins.classmethod": _context_manager,
    "typing.TypeVar": _type_variable,
    "builtins.isinstance": _vars,
    "builtins.issubclass": _vars,
    "builtins.hasattr": _vars,
    "builtins.callable": _vars,
    "builtins.print": _vars,
    "builtins.id": _vars,
}


def _method(calls: Calls, callee: Value, given: Arguments, at: Block, site: int, hits: Hits, depth: int) -> Values:
    """Methods of containers, generators and properties."""
    p = calls.p
    owner, name = callee.a, callee.b
    if owner.kind == PROPERTY:
        added = tuple(sorted(given.positional[0])) if given.positional else ()
        if name == "getter":
            return p.one(PROPERTY, added, owner.b)
        return p.one(PROPERTY, owner.a, added if name == "setter" else owner.b)
    box = owner.a
    hits.targets.setdefault(f"ext builtins.{'generator' if box.kind == 'generator' else box.kind}.{name}", "external")
    arguments = [p.concrete(values, at) for values in given.positional]
    first = arguments[0] if arguments else NONE
    last = arguments[-1] if arguments else NONE
    if name in ("get", "pop", "setdefault"):
        found: Values = last if len(arguments) > 1 else NONE
        known = constant_keys(first)
        if name == "setdefault" and len(arguments) > 1:
            _store(calls, owner, first, last, at)
        for key in known:
            found |= calls.read_slot(owner, key, at)
        return found if known else found | calls.elements(frozenset((owner,)), at)
    if name in ("append", "add", "appendleft"):
        p.flow_into(box.more, last)
        return NONE
    if name == "insert":
        p.flow_into(box.any, last)
        return NONE
    if name == "sort":
        _call_arguments(calls, "builtins.list.sort", ("key",), [frozenset((owner,))], given, at, site, hits, depth)
        return NONE
    if name in ("extend", "extendleft"):
        p.flow_into(box.more, calls.iterate(first, at, site, hits))
        return NONE
    if name == "update":
        for value in sorted(first):
            if value.kind == BOX:
                for key, cell in list(value.a.slots.items()):
                    calls.store_slot(owner, key, p.read(cell, at), at)
                p.connect(value.a.any, box.any)
                p.connect(value.a.more, box.more)
        for key, values in given.keywords.items():
            calls.store_slot(owner, key, values, at)
        return NONE
    if name == "items":
        pair, outer = p.box("tuple", at, site, "pair"), p.box("list", at, site, "items")
        calls.store_slot(pair, 0, calls.keys(owner, at), at)
        calls.store_slot(pair, 1, calls.elements(frozenset((owner,)), at), at)
        p.add(outer.a.any, frozenset((pair,)))
        return frozenset((outer,))
    if name == "keys":
        outer = p.box("list", at, site, "keys")
        p.flow_into(outer.a.any, calls.keys(owner, at))
        return frozenset((outer,))
    if name == "values":
        outer = p.box("list", at, site, "values")
        p.flow_into(outer.a.any, calls.elements(frozenset((owner,)), at))
        return frozenset((outer,))
    if name in ("copy", "union", "intersection", "difference", "__iter__"):
        return frozenset((owner,))
    if name in ("popleft", "popitem", "__next__", "send"):
        return calls.elements(frozenset((owner,)), at)
    return NONE
