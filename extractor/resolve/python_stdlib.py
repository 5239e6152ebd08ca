"""More of the standard library: heaps, grouping, the operator module, argparse, what sorts, adds up or iterates its argument."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from extractor.resolve.python_containers import copied, pairs
from extractor.resolve.python_families import PUT_TOGETHER, families
from extractor.resolve.python_frameworks import FRAMEWORKS
from extractor.resolve.python_inheritance import ancestry, rebase
from extractor.resolve.python_later import LATER
from extractor.resolve.python_library import SPECIAL, Use, read_attribute
from extractor.resolve.python_lookup import own_cell
from extractor.resolve.python_protocols import ASKED, ORDER, ask, ask_of_all, class_made, of_metaclass
from extractor.resolve.python_state import Arguments
from extractor.resolve.python_storing import set_by_name, set_plainly
from extractor.resolve.python_values import (
    BOX,
    CLASS,
    CONSTANT,
    EXTERNAL,
    INSTANCE,
    MODULE,
    NONE,
    PREFIX,
    RESULT,
    STAND_INS,
    UNKNOWN,
    Cell,
    Class,
    Value,
    Values,
    constant_keys,
)  # fmt: skip

# What a call of the first gives an instance of, where the name does not say it.
GIVES: Final[dict[str, str]] = {
    "argparse.ArgumentParser.add_subparsers": "argparse._SubParsersAction",
    "argparse._SubParsersAction.add_parser": "argparse.ArgumentParser",
    "argparse.ArgumentParser.parse_args": "argparse.Namespace",
    "asyncio.get_event_loop": "asyncio.AbstractEventLoop",
    "asyncio.get_running_loop": "asyncio.AbstractEventLoop",
    "asyncio.new_event_loop": "asyncio.AbstractEventLoop",
    "re.compile": "re.Pattern",
    "argparse.ArgumentParser.add_argument_group": "argparse.ArgumentParser",
    "argparse.ArgumentParser.add_mutually_exclusive_group": "argparse.ArgumentParser",
    "sqlite3.connect": "sqlite3.Connection",
    "threading.local": "threading.local",
}
# These iterate their first argument.
ITERATING: Final = frozenset(
    (
        "builtins.any",
        "builtins.all",
        "builtins.sum",
        "builtins.str.join",
        "builtins.bytes.join",
        "builtins.dict.fromkeys",
    )
)
MAX_OUTSIDE: Final = 64  # attributes of things outside that one `getattr` follows
# These make text of all they are given.
TEXT: Final = {"builtins.print": "str", "builtins.str.format": "format"}


def _getattr(use: Use) -> Values:
    found: Values = NONE
    lacking = not use.first
    names = use.argument(1)
    known: set[tuple[Value, str]] = set()
    if len(names) > 1 or any(name.kind in PUT_TOGETHER for name in names):
        found, known = families(use.p, use.first, names, use.at)
        lacking = lacking or any(name.kind == PREFIX for name in names)
    texts = [name for name in sorted(names) if name.kind == CONSTANT and isinstance(name.a, str)]
    owners = use.first
    outside = frozenset(owner for owner in owners if owner.kind in (EXTERNAL, RESULT))
    if len(outside) * len(texts) > MAX_OUTSIDE:  # a loop that goes down a path would multiply them in every round
        owners, found = owners - outside, found | use.p.one(UNKNOWN, "external")
    for name in texts:
        for owner in sorted(owners):
            if (owner, name.a) in known:
                continue
            read = read_attribute(use.calls, frozenset((owner,)), name.a, use.at, use.site, use.hits)
            lacking = lacking or not read
            found |= read
    # The default is for those owners that have no such attribute.
    return found | use.argument(2) if lacking or not found else found


def _type(use: Use) -> Values:
    """The class of an object; or the class that `type(name, bases, attributes)` makes."""
    if len(use.arguments) == 3:
        return _made_class(use)
    if len(use.arguments) != 1:
        return use.p.one(UNKNOWN, "dynamic")
    return frozenset(use.p.value(CLASS, v.a) for v in use.first if v.kind == INSTANCE)


def _made_class(use: Use) -> Values:
    """A class of its own below its bases, which is shown as the first of them: it has no place where it is defined. Not of bases
    that callers pass: it would be the same class for all of them."""
    p, at = use.p, use.at
    written = [use.calls.read_slot(box, 0, at) for box in use.argument(1) if box.kind == BOX]
    bases = frozenset(v for v in use.calls.elements(use.argument(1), at) if v.kind == CLASS)
    if not bases or any(value.kind in STAND_INS for values in written for value in values):
        return p.one(UNKNOWN, "dynamic")
    made = p.made.get((at, use.site))
    if made is None:
        made = p.made[(at, use.site)] = Class(min(bases).a.block)
        made.bases.append(Cell())
    if not bases <= made.bases[0].values:
        p.add(made.bases[0], bases)
        rebase(p, made)
        for ancestor in ancestry(p, made, at)[0][1:]:
            p.upset(ancestor.followers)
            for name, values in ancestor.keywords.items():
                made.keywords.setdefault(name, values)
    made.enum = any(base.a.enum for base in bases)
    for box in use.argument(2):
        for key, cell in p.slots(box.a, at).items() if box.kind == BOX else ():
            p.connect(cell, own_cell(made, str(key)))
    class_made(use.calls, p.value(CLASS, made), {}, at, use.site, use.hits)
    return p.one(CLASS, made)


def _entry_points(use: Use) -> Values:
    """Installed plugins: the project's own are among them."""
    return use.holding("list", "entry points", use.p.one(RESULT, "importlib.metadata.EntryPoint"))


def _load_plugin(use: Use) -> Values:
    """What the project offers as plugins, whichever of them is meant."""
    p, origin = use.p, use.at.module.path
    found: Values = p.one(UNKNOWN, "external")
    for target in p.plugins:
        path, _, name = target.partition(":")
        module = p.modules.absolute(path, origin)
        if module is not None:
            found |= p.member_of_module(module, name, use.at) if name else p.one(MODULE, module)
    return found


def _less(use: Use, elements: Values) -> None:
    """Elements are compared with each other."""
    given = Arguments([elements])
    ask_of_all(use.calls, elements, ASKED["order"], given, use.at, use.site, use.hits, use.depth)


def ordered(use: Use, keys: Values) -> None:
    """sorted, min, max and list.sort compare what the key function gave, the elements where there is none."""
    if use.p.special.isdisjoint(ORDER):
        return
    if use.keyword("key"):
        _less(use, keys)
    else:
        _less(use, use.each(use.first) if len(use.arguments) == 1 else frozenset().union(*use.arguments))


def _push(use: Use) -> Values:
    for heap in use.first:
        if heap.kind == BOX:
            use.p.flow_into(heap.a.more, use.argument(1))
    _less(use, use.argument(1))
    return _heap_element(use)


def _heap_element(use: Use) -> Values:
    return use.calls.elements(frozenset(v for v in use.first if v.kind == BOX), use.at)


def _heapify(use: Use) -> Values:
    _less(use, _heap_element(use))
    return NONE


def _some(use: Use) -> Values:
    """heapq.nlargest and nsmallest: (count, elements)."""
    return use.holding("list", "some", use.each(use.argument(1)))


def _merged(use: Use) -> Values:
    return use.holding("list", "merged", frozenset().union(*(use.each(values) for values in use.arguments)))


def _group(use: Use) -> Values:
    return pairs(use, "groupby", NONE, use.holding("list", "group", use.each(use.first)))


def _sum(use: Use) -> Values:
    """0 + first + second …: the first addition is the reflected one unless there is a start."""
    elements = use.each(use.first)
    start = use.argument(1) or use.keyword("start")
    total = start or ask(use.calls, elements, ("__radd__",), Arguments([NONE]), use.at, use.site, use.hits)
    given = Arguments([elements])
    return total | ask(use.calls, total, ("__add__",), given, use.at, use.site, use.hits)


def _operation(methods: tuple[str, ...]) -> Callable[[Use], Values]:
    def rule(use: Use) -> Values:
        given = Arguments([use.argument(1), use.argument(2)][: max(0, len(use.arguments) - 1)])
        return ask(use.calls, use.first, methods, given, use.at, use.site, use.hits)

    return rule


def _later(path: str) -> Callable[[Use], Values]:
    """operator.attrgetter("a") and its like: a callable that keeps what it was given."""

    def rule(use: Use) -> Values:
        made = use.p.partial(use.at, use.site)
        use.p.add(made.a.function, use.p.one(EXTERNAL, path))
        for index, values in enumerate(use.arguments):
            if index == len(made.a.positional):
                made.a.positional.append(Cell())
            use.p.flow_into(made.a.positional[index], values)
        return frozenset((made,))

    return rule


def _texts(values: Values) -> list[str]:
    return [value.a for value in sorted(values) if value.kind == CONSTANT and value.a.__class__ is str]


def _get_attributes(use: Use) -> Values:
    """`attrgetter("a", "b.c")(x)`: the object comes last."""
    found: Values = NONE
    for values in use.arguments[:-1]:
        for path in _texts(values):
            owners = use.arguments[-1]
            for name in path.split("."):
                owners = use.p.concrete(read_attribute(use.calls, owners, name, use.at, use.site, use.hits), use.at)
            found |= owners
    return found


def _get_items(use: Use) -> Values:
    found: Values = NONE
    for owner in use.arguments[-1] if use.arguments else ():
        for keys in use.arguments[:-1]:
            if owner.kind == BOX:
                for key in constant_keys(keys):
                    found |= use.calls.read_slot(owner, key, use.at)
            else:
                given = Arguments([keys])
                found |= ask(use.calls, frozenset((owner,)), ("__getitem__",), given, use.at, use.site, use.hits)
    return found


def _call_method(use: Use) -> Values:
    """`methodcaller("name", *given)(x)`."""
    found: Values = NONE
    for name in _texts(use.first) if len(use.arguments) > 1 else ():
        methods = read_attribute(use.calls, use.arguments[-1], name, use.at, use.site, use.hits)
        found |= use.call(use.p.concrete(methods, use.at), *use.arguments[1:-1])
    return found


def _set_defaults(use: Use) -> Values:
    """`parser.set_defaults(func=f)`: an attribute of what parse_args gives."""
    for name, values in use.given.keywords.items():
        use.p.flow_into(use.p.shared.setdefault(f"argparse.Namespace.{name}", Cell()), values)
    return NONE


def _parse_known(use: Use) -> Values:
    box = use.box("tuple", "known")
    use.calls.store_slot(box, 0, use.p.one(RESULT, "argparse.Namespace"), use.at)
    return frozenset((box,))


def _checked(method: str) -> Callable[[Use], Values]:
    """isinstance and issubclass ask the metaclass of the class."""

    def rule(use: Use) -> Values:
        if method in use.p.special:
            for tested in sorted(use.argument(1)):
                for function in of_metaclass(use.p, tested, method, use.at) if tested.kind == CLASS else ():
                    given = Arguments([frozenset((tested,)), use.first])
                    use.calls.call(function, given, use.at, use.site, use.hits, "protocol", use.depth + 1)
        return NONE

    return rule


def _closing(use: Use) -> Values:
    """`with closing(x) as x`: what is closed at the end."""
    use.call(use.p.concrete(read_attribute(use.calls, use.first, "close", use.at, use.site, use.hits), use.at))
    return use.holding("generator", "closing", use.first)


def _make(use: Use) -> Values:
    """`type.__call__(cls, …)`: what calling a class does whose metaclass does nothing else."""
    made: Values = NONE
    given = use.given
    rest = Arguments(given.positional[1:], given.keywords, given.star, given.double)
    for value in sorted(use.first):
        if value.kind == CLASS:
            made |= use.calls.construct(value, rest, use.at, use.site, use.hits, "flow", use.depth + 1)
    return made


def _globals(use: Use) -> Values:
    return use.p.one(MODULE, use.at.module)


def _mapping(use: Use) -> Values:
    """dict(x) of a mapping that is no dict asks for its keys, then for each item."""
    for value in sorted(use.first):
        if value.kind == INSTANCE:
            one = frozenset((value,))
            if use.p.special.isdisjoint(("__getitem__",)):
                continue
            ask(use.calls, one, ("__getitem__",), Arguments([NONE]), use.at, use.site, use.hits)
            use.call(read_attribute(use.calls, one, "keys", use.at, use.site, use.hits))
    return copied(use, "dict")


_BINARY: Final = (
    "add sub mul truediv floordiv mod pow matmul lshift rshift xor lt le eq ne ge gt contains getitem setitem delitem"
)
OPERATIONS: Final[dict[str, tuple[str, ...]]] = {
    **{f"operator.{name}": (f"__{name}__",) for name in f"{_BINARY} neg pos abs index invert".split()},
    "operator.and_": ("__and__",),
    "operator.or_": ("__or__",),
    "operator.truth": ASKED["bool"],
}
RULES: Final[dict[str, Callable[[Use], Values]]] = (
    SPECIAL
    | LATER
    | FRAMEWORKS
    | {
        "builtins.type": _type,
        "importlib.metadata.entry_points": _entry_points,
        "importlib_metadata.entry_points": _entry_points,
        "pkg_resources.iter_entry_points": _entry_points,
        "importlib.metadata.EntryPoint.load": _load_plugin,
        "builtins.getattr": _getattr,
        "builtins.setattr": set_by_name,
        "builtins.object.__setattr__": set_plainly,
        **{path: _operation(methods) for path, methods in OPERATIONS.items()},
        "operator.attrgetter": _later("operator.attrgetter.__call__"),
        "operator.itemgetter": _later("operator.itemgetter.__call__"),
        "operator.methodcaller": _later("operator.methodcaller.__call__"),
        "operator.attrgetter.__call__": _get_attributes,
        "operator.itemgetter.__call__": _get_items,
        "operator.methodcaller.__call__": _call_method,
        "builtins.sum": _sum,
        "builtins.dict": _mapping,
        "builtins.type.__call__": _make,
        "builtins.globals": _globals,
        "builtins.isinstance": _checked("__instancecheck__"),
        "builtins.issubclass": _checked("__subclasscheck__"),
        "contextlib.closing": _closing,
        "heapq.heappush": _push,
        "heapq.heappushpop": _push,
        "heapq.heapreplace": _push,
        "heapq.heappop": _heap_element,
        "heapq.heapify": _heapify,
        "heapq.nlargest": _some,
        "heapq.nsmallest": _some,
        "heapq.merge": _merged,
        "itertools.groupby": _group,
        "argparse.ArgumentParser.set_defaults": _set_defaults,
        "argparse.ArgumentParser.parse_known_args": _parse_known,
    }
)
