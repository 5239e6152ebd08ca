"""The standard library's functions that matter to value flow, one rule each: (Use) -> what the call gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from extractor.facts import Import
from extractor.resolve.python_inheritance import ancestry
from extractor.resolve.python_iteration import iterate
from extractor.resolve.python_lookup import on_class
from extractor.resolve.python_members import REGISTERED, TEMPLATES, attribute, bind
from extractor.resolve.python_program import Program
from extractor.resolve.python_protocols import read_through
from extractor.resolve.python_state import Arguments, Hits
from extractor.resolve.python_types import instances_of
from extractor.resolve.python_values import (
    BOUND,
    CLASS,
    CONSTANT,
    EXTERNAL,
    FUNCTION,
    IDENTITY,
    INSTANCE,
    METHOD,
    MODULE,
    NONE,
    PARTIAL,
    PREFIX,
    PROPERTY,
    RECORD,
    SHAPE,
    SUPER,
    TYPE,
    Block,
    Cell,
    Value,
    Values,
)  # fmt: skip

if TYPE_CHECKING:
    from extractor.resolve.python_calls import Calls


@dataclass(slots=True)
class Use:
    """One call of something external: its arguments with parameters replaced, and as they were given."""

    calls: Calls
    arguments: list[Values]
    given: Arguments
    at: Block
    site: int
    hits: Hits
    depth: int
    path: str = ""

    @property
    def p(self) -> Program:
        return self.calls.p

    @property
    def first(self) -> Values:
        return self.arguments[0] if self.arguments else NONE

    def argument(self, index: int) -> Values:
        return self.arguments[index] if index < len(self.arguments) else NONE

    def keyword(self, name: str) -> Values:
        values = self.given.keywords.get(name, NONE)
        return self.p.concrete(values, self.at) if values else NONE

    def box(self, kind: str, tag: str) -> Value:
        """The container that this call makes."""
        return self.p.box(kind, self.at, self.site, tag)

    def holding(self, kind: str, tag: str, values: Values) -> Values:
        """A new container with these values somewhere in it."""
        box = self.box(kind, tag)
        self.p.flow_into(box.a.any, values)
        return frozenset((box,))

    def each(self, values: Values) -> Values:
        return iterate(self.calls, values, self.at, self.site, self.hits) if values else NONE

    def call(self, values: Values, *positional: Values, via: str = "flow") -> Values:
        """Call each of these values."""
        found: Values = NONE
        for value in sorted(values):
            found |= self.calls.call(
                value, Arguments(list(positional)), self.at, self.site, self.hits, via, self.depth + 1
            )
        return found


def read_attribute(calls: Calls, owners: Values, name: str, at: Block, site: int, hits: Hits) -> Values:
    """`owner.name` for each owner, getters of properties and descriptors called."""
    found: Values = NONE
    for owner in sorted(owners):
        values, getters, _ = attribute(calls.p, owner, name, at)
        found |= values
        if getters:
            found |= read_through(calls, getters, at, site, hits, name)
    return found


def hand_over(p: Program, value: Value, following: list[Values], hits: Hits) -> None:
    """A function handed to code nobody here can see may be called by it, with what `following` says where the numbers agree."""
    method = value.kind == BOUND and value.a.kind == FUNCTION
    if not method and value.kind != FUNCTION:
        return
    block: Block = value.a.a if method else value.a
    hits.callbacks[block.id] = "callback"
    if not block.reached:
        block.reached = True
        p.enqueue(block)
    if method and block.inflow:
        p.presume(block, 0, frozenset((value.b,)))
    if following and block.by_position and len(block.inflow) == len(following) + method:
        for place, passed in enumerate(following, method):
            p.presume(block, place, passed)


def methods_of_template(use: Use, callee: Value) -> list[Value]:
    """The methods of the receiver's class that an external method calls, bound."""
    if callee.b is None:
        return []
    p, cls, wanted = use.p, callee.b.a, TEMPLATES[callee.a]
    names = [wanted]
    if wanted.endswith("*"):
        order = ancestry(p, cls, use.at)[0]
        names = sorted({name for ancestor in order for name in ancestor.own if name.startswith(wanted[:-1])})
    return [
        bound
        for name in names
        for found in sorted(on_class(p, cls, name, use.at)[0])
        for bound in sorted(bind(p, found, callee.b, cls))
    ]


def register(use: Use, owner: Value, known: object) -> Values:
    """`@f.register(int)` and `@f.register` of functools.singledispatch: calls of `f` may reach what is registered."""
    functions = frozenset(v for values in use.arguments for v in values if v.kind == FUNCTION)
    types = frozenset(v for values in use.arguments for v in values if v.kind in (CLASS, EXTERNAL))
    if not functions:
        return use.p.one(METHOD, owner, types)
    for function in functions:
        use.p.registered[function.a] = types or (known if isinstance(known, frozenset) else NONE)
    use.p.add(owner.a.attributes[REGISTERED], functions)
    return functions


def _dispatch(use: Use) -> Values:
    for value in use.first:
        if value.kind == FUNCTION:
            value.a.attributes.setdefault(REGISTERED, Cell())
    return use.first


def _iter(use: Use) -> Values:
    found: Values = NONE
    for value in sorted(use.first):
        if value.kind == INSTANCE:
            found |= use.calls.protocol(value, "__iter__", Arguments(), use.at, use.site, use.hits, via="protocol")
        else:
            found |= frozenset((value,))
    return use.p.concrete(found, use.at)


def _partial(use: Use) -> Values:
    p = use.p
    made = p.partial(use.at, use.site)
    given = use.given
    if given.positional:
        p.flow_into(made.a.function, given.positional[0])
    for index, values in enumerate(given.positional[1:]):
        if index == len(made.a.positional):
            made.a.positional.append(Cell())
        p.flow_into(made.a.positional[index], values)
    for name, values in given.keywords.items():
        p.flow_into(made.a.keywords.setdefault(name, Cell()), values)
    return frozenset((made,))


def _namespace(use: Use) -> Values:
    """An object that holds what it is given by name."""
    box = use.box("tuple", "namespace")
    for name, values in use.given.keywords.items():
        use.calls.store_slot(box, name, values, use.at)
    return frozenset((box,))


def _super(use: Use) -> Values:
    """`super()` for each instance that flows to the method's first parameter; `super(A, self)` as written."""
    p = use.p
    method: Block | None = use.at
    while method is not None and (method.class_ is None or method.kind != "function"):
        method = method.parent
    if use.arguments:
        classes = [value.a for value in use.first if value.kind == CLASS]
        receivers = use.argument(1)
    elif method is not None and method.class_ is not None and method.inflow:
        classes = [method.class_]
        receivers = p.receiver(method) if method.inflow[0].full else p.read(method.inflow[0], use.at)
    else:
        return NONE
    return frozenset(p.value(SUPER, c, r) for c in classes for r in receivers if r.kind in (INSTANCE, CLASS))


def _zip(use: Use) -> Values:
    from extractor.resolve.python_containers import pairs

    return pairs(use, "zip", *(use.each(values) for values in use.arguments))


def _enumerate(use: Use) -> Values:
    from extractor.resolve.python_containers import pairs

    return pairs(use, "enumerate", NONE, use.each(use.first))


def _property(use: Use) -> Values:
    getters = use.first or use.keyword("fget")
    setters = use.argument(1) or use.keyword("fset")
    deleters = use.argument(2) or use.keyword("fdel")
    return use.p.one(PROPERTY, tuple(sorted(getters)), (tuple(sorted(setters)), tuple(sorted(deleters))))


def _identity(use: Use) -> Values:
    return use.p.one(IDENTITY)


def _bound(use: Use) -> Values:
    """`MethodType(f, x)`: the function with its first argument."""
    return frozenset(use.p.value(BOUND, f, x) for f in use.first if f.kind == FUNCTION for x in use.argument(1))


def _variables(use: Use) -> Values:
    return read_attribute(use.calls, use.first, "__dict__", use.at, use.site, use.hits)


def _same(use: Use) -> Values:
    return use.first


def _nothing(use: Use) -> Values:
    return NONE


def _import_module(use: Use) -> Values:
    p, origin = use.p, use.at.module.path
    found: set[Value] = set()
    for name in sorted(use.first):
        for written in _from_package(use, name.a) if isinstance(name.a, str) else ():
            if name.kind in (PREFIX, SHAPE):
                found.update(p.value(MODULE, module) for module in p.modules.between(written, name.b, origin))
            if name.kind != CONSTANT:
                continue
            stripped = written.lstrip(".")
            level = len(written) - len(stripped)
            module = p.modules.imported(Import(-1, stripped, "", "", level, 0), origin)
            found.add(p.value(MODULE, module) if module is not None else p.value(EXTERNAL, written))
    return frozenset(found)


def _from_package(use: Use, name: str) -> list[str]:
    """A relative name seen from each package that the call names, or as it is."""
    level = len(name) - len(name.lstrip("."))
    given = [v.a for v in sorted(use.argument(1) | use.keyword("package")) if v.kind == CONSTANT]
    packages = [package for package in given if isinstance(package, str) and package]
    if not level or not packages:
        return [name]
    above = [package.split(".") for package in packages]
    return [".".join([*parts[: len(parts) + 1 - level], name[level:]]) for parts in above]


def _modules_below(use: Use) -> Values:
    """`pkgutil.iter_modules(path, prefix)`: (finder, name, whether it is a package) for each module, as far as its name is known."""
    info = use.box("tuple", "module")
    for prefix in sorted(use.argument(1) | use.keyword("prefix")):
        if prefix.kind == CONSTANT and isinstance(prefix.a, str):
            name = use.p.one(PREFIX, prefix.a, "")
            for key in (1, "name"):
                use.calls.store_slot(info, key, name, use.at)
    return use.holding("list", "modules", frozenset((info,)))


def _type_variable(use: Use) -> Values:
    """A type variable stands for its bound, or for its constraints."""
    allowed = [*use.arguments[1:], use.keyword("bound")]
    return use.p.one(TYPE, frozenset().union(*(instances_of(use.p, values, use.at) for values in allowed)))


def _named_tuple(use: Use) -> Values:
    names: list[str] = []
    for value in sorted(use.argument(1)):
        if value.kind == CONSTANT and isinstance(value.a, str):
            names = value.a.replace(",", " ").split()
        else:
            for key in sorted(
                k for k in (use.p.slots(value.a, use.at) if value.kind == "box" else ()) if isinstance(k, int)
            ):
                names += [
                    v.a for v in use.calls.read_slot(value, key, use.at) if v.kind == CONSTANT and isinstance(v.a, str)
                ]
    return use.p.one(RECORD, tuple(names))


def _field(use: Use) -> Values:
    """dataclasses.field and its like: the default, or what its factory makes."""
    factory = use.keyword("default_factory") or use.keyword("factory")
    factory = frozenset(v for v in factory if v.kind != EXTERNAL) or factory
    made = NONE
    for value in sorted(factory):  # it is called when an instance is made: see `Calls.construct`
        made |= use.calls.call(value, Arguments(), use.at, use.site, Hits(), "flow", use.depth + 1)
    use.calls.factory = factory
    return made | use.keyword("default")


def _default_dict(use: Use) -> Values:
    box = use.box("dict", "default")
    for value in sorted(use.first):  # what is made stands there from the start, who reads an item makes it
        use.p.flow_into(box.a.any, use.calls.call(value, Arguments(), use.at, use.site, Hits(), "flow", use.depth + 1))
    box.a.default = box.a.default or Cell()  # at once: who reads an item before a factory is known asks again
    use.p.flow_into(box.a.default, frozenset(v for v in use.first if v.kind in (FUNCTION, CLASS, BOUND, PARTIAL)))
    for value in use.argument(1):
        if value.kind == "box":
            for key, cell in list(use.p.slots(value.a, use.at).items()):
                use.calls.store_slot(box, key, use.p.read(cell, use.at), use.at)
    return frozenset((box,))


SPECIAL: Final[dict[str, Callable[[Use], Values]]] = {
    "builtins.super": _super,
    "types.SimpleNamespace": _namespace,
    "types.MethodType": _bound,
    "argparse.Namespace": _namespace,
    "builtins.iter": _iter,
    "builtins.aiter": _iter,
    "builtins.zip": _zip,
    "itertools.zip_longest": _zip,
    "itertools.product": _zip,
    "builtins.enumerate": _enumerate,
    "builtins.property": _property,
    "functools.cached_property": _property,
    "functools.partial": _partial,
    "functools.partialmethod": _partial,
    "functools.wraps": _identity,
    "functools.update_wrapper": _same,
    "functools.singledispatch": _dispatch,
    "functools.singledispatchmethod": _dispatch,
    "contextlib.contextmanager": _same,
    "contextlib.asynccontextmanager": _same,
    "importlib.import_module": _import_module,
    "builtins.__import__": _import_module,
    "pkgutil.iter_modules": _modules_below,
    "pkgutil.walk_packages": _modules_below,
    "builtins.staticmethod": _same,
    "builtins.classmethod": _same,
    "typing.TypeVar": _type_variable,
    "collections.namedtuple": _named_tuple,
    "collections.defaultdict": _default_dict,
    "dataclasses.field": _field,
    "attr.ib": _field,
    "attr.field": _field,
    "attrs.field": _field,
    "pydantic.Field": _field,
    "builtins.hasattr": _nothing,
    "builtins.vars": _variables,
    "builtins.callable": _nothing,
    "builtins.id": _nothing,
}
