"""What the linker of the brace languages works on: files and their definitions indexed for look-up, and values: what an
expression may be.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from extractor.facts import MODULE, Binding, Definition, FileFacts
from extractor.schema import module_id, symbol_id

MAX_VALUES: Final = 16  # more alternatives than this are nothing known
MAX_NESTED: Final = 64  # values in the arguments of a type, and in theirs: more are left out, the innermost first
MAX_OVERRIDES: Final = 12
MAX_DEPTH: Final = 24
MAX_ACTIVE: Final = 80  # names, fields and results being worked out for one another: some nine frames each
CLASSES: Final = frozenset(("class", "interface"))
FUNCTIONS: Final = frozenset(("function", "method"))


class Symbol:
    """One definition. `members` are the definitions directly inside it, by name."""

    __slots__ = ("_constructs", "ancestors", "bases", "d", "file", "id", "index", "members", "subclasses")

    def __init__(self, file: File, index: int, d: Definition) -> None:
        self.file = file
        self.index = index
        self.d = d
        self.id = symbol_id(file.facts.prefix, file.facts.path, d.qualname, d.ordinal)
        self.members: dict[str, list[Symbol]] = {}
        self._constructs: bool | None = None
        self.bases: list[Value] = []
        self.subclasses: list[Symbol] = []
        self.ancestors: list[tuple[Symbol, dict[str, Values]]] | None = None

    @property
    def is_class(self) -> bool:
        return self.d.kind in CLASSES

    @property
    def is_function(self) -> bool:
        return self.d.kind in FUNCTIONS

    @property
    def is_object(self) -> bool:
        """A variable that holds an object with members of its own."""
        return self.d.kind == "variable" and (bool(self.members) or self.index in self.file.objects)

    @property
    def is_constructor(self) -> bool:
        """A JavaScript function with a prototype: what makes it a class is that it has methods."""
        if self._constructs is None:
            methods = (m for group in self.members.values() for m in group if m.d.kind == "method")
            self._constructs = self.d.kind == "function" and next(methods, None) is not None
        return self._constructs

    @property
    def parent(self) -> Symbol | None:
        return self.file.symbols[self.d.scope] if self.d.scope != MODULE else None

    def __repr__(self) -> str:
        return self.id


class Value(NamedTuple):
    """What an expression may be. `kind`: inst and class (of a class here, `symbol`), ext and extclass (of one elsewhere,
    `name`), func (`symbol` a tuple of overloads), extfunc, module, ns, var (a type parameter), lambda (`name` its chain,
    `symbol` its context), list (an array of `args`), tuple and record (an array or object written out). `args` are type
    arguments; `owner` the receiver of a func. `via` says how it was found; "new" is an object made here, of that very class."""

    kind: str
    symbol: Any = None
    args: tuple[Any, ...] = ()
    name: str = ""
    via: str = "type"
    owner: Any = None


Values = tuple[Value, ...]
NOTHING: Final[Values] = ()


class File:
    """One file's facts, indexed for look-up."""

    __slots__ = (
        "args", "binds", "calls_at", "calls_by_text", "facts", "fields", "found", "lexical", "number", "objects", "outside", "symbols",
        "top", "typevars",
    )  # fmt: skip

    def __init__(self, number: int, facts: FileFacts) -> None:
        self.number = number
        self.facts = facts
        self.symbols = [Symbol(self, index, d) for index, d in enumerate(facts.defs)]
        self.top: dict[str, list[Symbol]] = {}
        for symbol in self.symbols:
            if "keyed" in symbol.d.flags:  # a method of an object without a name: found by where it stands alone
                continue
            parent = symbol.parent
            (self.top if parent is None else parent.members).setdefault(symbol.d.name, []).append(symbol)
        extra = facts.extra or {}
        self.args: list[list[str]] = extra.get("args", [])
        self.typevars: dict[int, dict[str, str]] = {}
        for scope, name, bound in extra.get("typevars", ()):
            self.typevars.setdefault(scope, {})[name] = bound
        self.lexical: dict[int, int] = dict(
            extra.get("lexical", ())
        )  # members written inside a function, and that function
        self.outside: dict[int, Symbol] = {}  # functions defined outside their class, and the class
        self.objects = {b.scope for b in facts.bindings}
        self.binds: dict[tuple[int, str], list[Binding]] = {}
        self.fields: dict[tuple[int, str], list[Binding]] = {}
        for binding in facts.bindings:
            if binding.name.startswith("self."):
                owner = self.enclosing_class(binding.scope)
                if owner is not None:
                    self.fields.setdefault((owner.index, binding.name[5:]), []).append(binding)
            else:
                self.binds.setdefault((binding.scope, binding.name), []).append(binding)
        self.calls_by_text: dict[tuple[int, str, str], list[int]] = {}
        self.calls_at: dict[tuple[int, str, str, int], int] = {}  # with the line: the first
        for index, call in enumerate(facts.calls):
            self.calls_by_text.setdefault((call.scope, call.receiver, call.name), []).append(index)
            self.calls_at.setdefault((call.scope, call.receiver, call.name, call.line), index)
        self.found: dict[str, Any] = {}  # what a family learns about the file: its imports, its includes

    @property
    def id(self) -> str:
        return module_id(self.facts.prefix, self.facts.path)

    def around(self, scope: int) -> int:
        """The scope whose names are known inside one."""
        return self.lexical.get(scope, self.symbols[scope].d.scope)

    def enclosing_class(self, scope: int) -> Symbol | None:
        lexical = False  # an arrow function has the `this` of the scope around it, not of the object that holds it
        while scope != MODULE:
            if scope in self.outside:
                return self.outside[scope]
            symbol = self.symbols[scope]
            if symbol.is_class or symbol.is_constructor or (symbol.is_object and not lexical):
                return symbol
            if symbol.is_function:
                lexical = "arrow" in symbol.d.flags
            scope = symbol.d.scope
        return None

    def owner_id(self, scope: int) -> str:
        """The node that code in `scope` belongs to: the innermost function, property or class, else the module."""
        while (
            scope != MODULE
            and self.symbols[scope].d.kind == "variable"
            and "property" not in self.symbols[scope].d.flags
        ):
            scope = self.symbols[scope].d.scope
        return self.symbols[scope].id if scope != MODULE else self.id


class Context(NamedTuple):
    """Where an expression stands."""

    file: File
    scope: int
    line: int


def seen_from_inside(values: Values) -> Values:
    """Members named without a receiver are found on the object itself."""
    return tuple(v._replace(via="self") if v.kind == "func" else v for v in values)


def accepts(symbol: Symbol, count: int) -> bool:
    """Whether a function can be called with so many arguments."""
    params = symbol.d.params
    if any(p.kind in ("*", "**") for p in params):
        return count >= sum(1 for p in params if not p.default and p.kind not in ("*", "**", "?"))
    return sum(1 for p in params if not p.default and p.kind != "?") <= count <= len(params)


def join(groups: Iterable[Values]) -> Values:
    """All values of several groups, each once, in order; too many are nothing known."""
    values = [value for group in groups for value in group]
    if len(values) < 2:
        return tuple(values)
    out: list[Value] = []
    seen: set[Any] = set()
    for value in values:
        key = (value.kind, value_key(value.symbol), value.name, len(value.args))
        if key not in seen or ((value.args or value.kind == "extfunc") and value not in out):
            seen.add(key)
            out.append(value)
        elif value.via != "new" and value.kind == "inst":  # of that class, or of one below it
            out[:] = [v._replace(via=value.via) if v.via == "new" and v.symbol is value.symbol else v for v in out]
    return tuple(out) if len(out) <= MAX_VALUES else NOTHING


def compact(values: Values) -> Values:
    """The same values, their arguments no deeper than there is room for: a recursion may nest a type anew at each turn."""
    level, count, depth = values, 0, 0
    while level := tuple(v for value in level for group in value.args for v in group):
        count += len(level)
        if count > MAX_NESTED:
            return _cut(values, depth)
        depth += 1
    return values


def _cut(values: Values, depth: int) -> Values:
    return join(
        [
            tuple(
                v._replace(args=tuple(_cut(a, depth - 1) for a in v.args) if depth else ()) if v.args else v
                for v in values
            )
        ]
    )


def value_key(symbol: Any) -> Any:
    if isinstance(symbol, Symbol):
        return symbol.id
    if isinstance(symbol, tuple):
        return tuple(value_key(s) for s in symbol)
    return symbol.number if isinstance(symbol, File) else symbol
