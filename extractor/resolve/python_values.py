"""What flows through a Python program: Values, the Cells they gather in, and the program's parts they refer to.

A Value is an interned integer with a kind, so sets of values are quick and iterate the same way in every run. A Cell is a
growing set: its successors receive what it receives, its readers are evaluated again. Nothing is ever taken out of a cell.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

from extractor.facts import Definition, FileFacts, Param
from extractor.resolve.python_modules import Module

FUNCTION: Final = "function"
CLASS: Final = "class"
INSTANCE: Final = "instance"
BOUND: Final = "bound"
MODULE: Final = "module"
EXTERNAL: Final = "external"
RESULT: Final = "result"
CONSTANT: Final = "constant"
BOX: Final = "box"
TOKEN: Final = "token"
RETURNED: Final = "returned"
PROPERTY: Final = "property"
SUPER: Final = "super"
PARTIAL: Final = "partial"
METHOD: Final = "method"
UNKNOWN: Final = "unknown"
IDENTITY: Final = "identity"
TYPE: Final = "type"
RECORD: Final = "record"
PREFIX: Final = "prefix"
SHAPE: Final = "shape"
FAMILY: Final = "family"
Code = tuple[Any, ...]  # a statement or an expression of the flow language, or a row of them
MAX_KEYS: Final = 64  # of one container that are told apart
STAND_INS: Final = frozenset((TOKEN, RETURNED))  # values that stand for others


class Value(float):
    """Made by `Store.value` only: a number, so that sets of values have one order, and no int, for those cannot have slots.

    `kind` says what `a` and `b` are:

    function (Block, Context), class (Class), instance (Class), bound (function, receiver), module (Module), external and
    result (dotted path), constant (str or int), box (Box), token (Block, position), returned (Site), property (getters,
    (setters, deleters)), super (Class, receiver), partial (Partial), method (receiver, name), type (Values), record (field names),
    prefix (how a text begins, how it ends), shape (the same, of a name that is known whole), family (owner, names of its functions),
    unknown (reason).
    """

    __slots__ = ("a", "b", "kind", "single", "views")

    kind: str
    a: Any
    b: Any
    single: Values | None  # the set of this one value
    views: dict[str, View] | None  # of an instance: its attributes that were read


Values = frozenset[Value]
NONE: Final[Values] = frozenset()


Item = TypeVar("Item")
Many = tuple[Item, ...] | dict[Item, None]


def joined(items: Many[Item], item: Item) -> Many[Item]:
    """The items with one more, in order; few stay a tuple."""
    if isinstance(items, dict):
        items[item] = None
        return items
    return (*items, item) if len(items) < 16 else dict.fromkeys((*items, item))


class Cell:
    """A cell that met too many targets is `full`: it keeps an unknown, which makes calls through it an overflow, and its instances
    while they are few. It is `top` when they are not. `kin`: those
    of its values that stand for many, see `python_kin`."""

    __slots__ = ("full", "kin", "next", "readers", "top", "values")
    guard: Any = None  # of a `python_guards.Guarded`

    def __init__(self) -> None:
        self.values: Values = NONE
        # Most cells have one reader or none, and there are very many cells: a tuple until it grows.
        self.next: Many[Cell] = ()
        self.readers: Many[Reader] = ()
        self.full = self.top = False
        self.kin: tuple[Value, ...] = ()


class Place:
    """A statement of a block as a reader of cells. `stale`: something it read grew, its traces no longer hold. `apart`: it belongs
    to the body of a class, which reads the frames around it."""

    __slots__ = ("apart", "block", "code", "handler", "stale", "traces")

    def __init__(self, block: Block, handler: Any = None, code: Code = (), apart: bool = False) -> None:
        self.block = block
        self.handler, self.code, self.apart = handler, code, apart
        self.stale = False
        self.traces: tuple[Any, ...] = ()


class View:
    """What reading an attribute of a value gave, kept for all who read it. It reads the cells on behalf of its own readers."""

    __slots__ = ("readers", "result", "stale")

    def __init__(self) -> None:
        self.readers: Many[Reader] = ()
        self.stale = True
        self.result: Any = None


Reader = Place | View
# Of an edge: target, via, line, column, number of candidates, class made or wrapper gone through, the expression called.
Row = tuple[str, str, int, int, int, str, Any]
NO_NAMES: Final[frozenset[str]] = frozenset()  # an empty set made anew is an object of its own
NO_CELLS: Final[dict[str, Cell]] = {}  # shared, never written


class Block:
    """A module, class or function: its code, and what is known of it so far. Its statements are noted in the log of `owner`."""

    __slots__ = (
        "annotations", "asked", "attributes", "bound", "by_position", "captured", "choosing", "class_", "conditional", "declared",
        "decorated", "defaults", "definition", "facts", "final", "flow", "foreign", "generator", "id", "index", "inflow", "kind", "log",
        "lookups", "module", "names", "nonlocals", "outer", "owner", "params", "parent", "place", "presumed", "queued", "reached",
        "returned", "returns", "runs", "sites", "under", "wanted", "whole", "yielded",
    )  # fmt: skip

    def __init__(
        self, facts: FileFacts, module: Module, index: int, row: Code, parent: Block | None, node_id: str
    ) -> None:
        self.facts, self.module, self.index, self.parent, self.id = facts, module, index, parent, node_id
        self.definition: Definition | None = facts.defs[index] if index >= 0 else None
        self.kind = "module" if self.definition is None else "class" if self.definition.kind == "class" else "function"
        self.flow, self.annotations, self.returns = row[0], row[5], row[6]
        self.bound = set(row[1])
        self.captured, self.outer, self.nonlocals = (frozenset(names) if names else NO_NAMES for names in row[2:5])
        self.params: tuple[Param, ...] = self.definition.params if self.definition else ()
        self.by_position = all(param.kind in ("", "posonly") for param in self.params)
        self.owner: Block = parent.owner if self.kind == "class" and parent is not None else self
        self.class_: Class | None = None  # the class itself, or the class whose method this is
        self.names: dict[str, Cell] = {}  # every value a name ever holds, for scopes that look in from elsewhere
        self.final: dict[str, Cell] = (
            {} if self.kind == "module" else NO_CELLS
        )  # of a module: what its names hold in the end, for importers
        self.foreign: dict[str, Cell] = {} if self.kind == "module" else NO_CELLS  # stored through `global` elsewhere
        self.attributes: dict[str, Cell] = {}  # of a function object
        self.inflow: list[Cell] = [Cell() for _ in self.params]
        self.returned, self.yielded = Cell(), Cell()
        self.defaults: dict[int, Cell] = {}  # what a parameter holds when it is left out
        self.conditional: dict[
            tuple[Any, bool], Cell
        ] = {}  # returned when this parameter is None, or is not; see `Flow.supposed`
        self.under: dict[Any, bool] = {}  # of a function defined inside another: what holds there where it is defined
        self.choosing = False  # whether functions are defined inside this one where something holds
        self.decorated: Many[Value] = ()  # the functions it was given as a decorator
        self.lookups: dict[str, Any] = {}
        self.declared: dict[int, Values] = {}  # by parameter; -1: of the result
        self.sites: dict[int, Site] = {}
        self.log: list[Any] = []  # the traces of what was run when it was last run, in order
        self.wanted = NO_NAMES  # local names that raises and handlers mention
        self.generator = self.has_flag("generator")
        self.whole = Place(self)  # reads for what is evaluated in every run
        self.place: Reader = self.whole  # what reads for this block: the statement being run, or a view on its behalf
        self.queued = self.reached = False
        self.presumed = Cell()  # what its parameters hold that no call passed: nobody but the block itself hands it on
        self.runs = 0
        # What values are asked for by the language itself, as `if x` asks for truth: (values, what, line) by expression.
        self.asked: dict[tuple[int, int], tuple[Values, str, int]] = {}

    def has_flag(self, flag: str) -> bool:
        return self.definition is not None and flag in self.definition.flags

    def within(self, other: Block) -> bool:
        """Whether this block is `other` or lies inside it."""
        block: Block | None = self
        while block is not None:
            if block is other:
                return True
            block = block.parent
        return False


class Class:
    """`bases` hold the values of each base in order, `own` what the body binds, `instance` what is stored on instances.

    `mro` is (ancestors here, external ancestors), None until asked for; `members` and `slots` remember look-ups along it.
    """

    __slots__ = (
        "bases", "block", "enum", "factories", "fields", "followers", "id", "instance", "keywords", "members", "mro", "own", "readers",
        "slots", "stored", "subclasses",
    )  # fmt: skip

    def __init__(self, block: Block) -> None:
        self.block = block
        self.id = block.id
        self.enum = block.has_flag("enum")  # or one above it is
        self.bases: list[Cell] = []
        self.own: dict[str, Cell] = {}
        self.instance: dict[str, Cell] = {}
        self.fields: list[str] = []
        self.factories: dict[str, Values] = {}  # what makes the value of a field that is left out
        self.keywords: dict[str, Values] = {}
        self.mro: tuple[list[Class], list[str]] | None = None
        self.readers: dict[Reader, None] = {}
        self.followers: dict[Reader, None] = {}  # who asked for the subclasses
        self.members: dict[str, View] = {}
        self.slots: dict[str, tuple[Any, Cell]] = {}
        self.subclasses: dict[Class, None] = {}
        self.stored: set[str] | None = None  # see `python_members.stored`


class Kin(Class):
    """Any of the `heirs`, which descend from `top`; see `python_kin`. `meant`: where names are looked up, the heirs unless they are
    too many. `watchers` read which heirs there are, the kins in `joined` get them as well."""

    __slots__ = ("heirs", "joined", "meant", "top", "watchers")

    def __init__(self, top: Class) -> None:
        self.top = top
        self.heirs: dict[Class, None] = {}
        self.meant = self.heirs
        self.joined: dict[Kin, None] = {}
        self.watchers: dict[Reader, None] = {}
        self.members: dict[str, View] = {}
        self.slots: dict[str, tuple[Any, Cell]] = {}

    def __getattr__(self, name: str) -> Any:  # of all else it has what its top has
        return getattr(self.top, name)


def constant_keys(values: Values) -> list[Any]:
    """The keys among these values, none when some key is not known."""
    keys = [value.a for value in values if value.kind == CONSTANT]
    return [] if None in keys else keys


class Box:
    """A container by allocation site: a cell per constant key, `more` for appended items, `any` for unknown keys, `keys`.

    `kind`: list, tuple, set, dict, generator. `foreign` holds what blocks other than `own` stored, by key; `default` what makes the
    missing items of a defaultdict.
    """

    __slots__ = ("any", "changed", "default", "foreign", "keys", "kind", "more", "own", "readers", "slots")

    def __init__(self, kind: str, own: Block) -> None:
        self.kind = kind
        self.own = own
        self.slots: dict[Any, Cell] = {}  # by text or number
        self.readers: Many[Reader] = ()  # of which keys there are
        self.foreign: dict[str | int, Cell] = {}
        self.more, self.any, self.keys = Cell(), Cell(), Cell()
        self.default: Cell | None = None
        self.changed = False  # of what holds the arguments of a block: the block itself stores something there


class Partial:
    """functools.partial by allocation site."""

    __slots__ = ("function", "keywords", "positional")

    def __init__(self) -> None:
        self.function = Cell()
        self.positional: list[Cell] = []
        self.keywords: dict[str, Cell] = {}


class Context:
    """What the parameters that a closure captured held where the closure was made."""

    __slots__ = ("depth", "environment")

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.environment: dict[Value, Cell] = {}


class Site:
    """A call whose callee is a parameter: what it was given, and what came back whatever the context. `rest` and `more`: the `*args`
    and `**kwargs` of the block itself are handed on behind it. `handed`: who calls the block binds what stands for its parameters."""

    __slots__ = ("block", "callees", "handed", "keywords", "more", "positional", "rest", "result")

    def __init__(self, block: Block) -> None:
        self.block = block
        self.callees: Values = NONE
        self.positional: list[Values] = []
        self.keywords: dict[str, Values] = {}
        self.rest = self.more = self.handed = False
        self.result = Cell()
