"""FileFacts: everything linking needs to know about one file, so that no file is opened twice.

Facts are a function of the file's bytes and of the parser's version alone. They name other files only by the text written
in the source. They are NamedTuples, so the cache stores them as plain JSON arrays. `scope` is always the index in
`FileFacts.defs` of the innermost enclosing definition, MODULE (-1) at top level. Lines are 1-based, columns 0-based bytes.
"""

from __future__ import annotations

import json
import marshal
from sys import intern
from typing import Any, Final, NamedTuple

import msgspec

MODULE: Final = -1


class Param(NamedTuple):
    name: str
    annotation: str = ""
    default: str = ""
    kind: str = ""  # "", "posonly", "kwonly", "*", "**"


class Definition(NamedTuple):
    """`flags` ⊂ abstract static classmethod property setter async generator enum struct dataclass const exported overload
    constructor nested declaration …; `value` is the text of a variable's initialiser when short and constant;
    `readers` are the definitions of the same file, as indexes, that read a variable of its module or name it in an annotation;
    `table` is what a variable is initialised with where that is a collection: its kind, the number of its entries, the first of them;
    `trait` is the interface that a method is written for, where its place says so."""

    kind: str  # one of schema.SYMBOL_TYPES
    name: str
    qualname: str
    ordinal: int
    scope: int
    start_line: int
    end_line: int
    signature: str = ""
    params: tuple[Param, ...] = ()
    returns: str = ""
    doc: str = ""
    decorators: tuple[str, ...] = ()
    visibility: str = "public"
    content_hash: str = ""
    flags: tuple[str, ...] = ()
    value: str = ""
    readers: tuple[int, ...] = ()
    table: tuple[str, ...] = ()
    trait: str = ""


class Import(NamedTuple):
    """`from ..a import b as c` is Import(scope, "a", "b", "c", 2, line); `import a.b` is Import(scope, "a.b", "", "a", 0, line)
    unless aliased; a star import has name "*". `kind`: "", "static", "type", "include", "reexport", "optional"."""

    scope: int
    module: str
    name: str
    alias: str
    level: int
    line: int
    kind: str = ""


class Call(NamedTuple):
    """`a.b().c(1, x=2)` is Call(scope, "a.b()", "c", line, col, 1, "call"); a bare `f()` has an empty receiver.
    `arity` is -1 where it is not known. `kind`: call, new (instantiation with its own syntax), decorator."""

    scope: int
    receiver: str
    name: str
    line: int
    col: int
    arity: int = 0
    kind: str = "call"


class Base(NamedTuple):
    scope: int  # the class
    name: str  # as written, type arguments removed
    position: int
    line: int
    kind: str = "extends"  # or implements


class Raise(NamedTuple):
    """`name` is the class as written ("" for a bare re-raise), `message` its template with {} for holes that name nothing and
    {expr} for those that do, `guard` the nearest enclosing condition. `declared` marks a `throws` clause or a `Raises:` doc."""

    scope: int
    name: str
    line: int
    message: str = ""
    guard: str = ""
    cause: str = ""
    declared: bool = False


class Handler(NamedTuple):
    """One catch clause. It protects `try_start`..`try_end`; `names` is empty when it catches everything.
    `action` ∈ reraise, convert, return, log, pass, handle; `end` is its own last line, 0 where that is not told, and
    `kept` the variable that it puts its error into."""

    scope: int
    names: tuple[str, ...]
    try_start: int
    try_end: int
    line: int
    action: str = "handle"
    end: int = 0
    kept: str = ""


class Binding(NamedTuple):
    """What a name in `scope` is known to hold: a declared type or the expression assigned, as written.
    `kind`: declared, assigned; `name` may be `self.x` (this.x in other languages is written self.x too).
    `end_line` is the last line where it holds (a loop variable, a lambda's parameter); 0: to the end of its scope."""

    scope: int
    name: str
    text: str
    line: int
    kind: str = "assigned"
    end_line: int = 0


class FileFacts(NamedTuple):
    """`prefix` is the id prefix (py, java, ts, js, cpp). `extra` holds what only one language family's resolver reads."""

    path: str
    lang: str
    prefix: str
    sha256: str
    loc: int
    doc: str = ""
    namespace: str = ""  # Java package, C++ outer namespace; empty where the path decides
    status: str = "ok"
    reason: str = ""
    defs: tuple[Definition, ...] = ()
    imports: tuple[Import, ...] = ()
    exports: tuple[str, ...] | None = None  # __all__ or export list; None: not stated
    calls: tuple[Call, ...] = ()
    bases: tuple[Base, ...] = ()
    raises: tuple[Raise, ...] = ()
    handlers: tuple[Handler, ...] = ()
    bindings: tuple[Binding, ...] = ()
    extra: Any = None


_ROWS: Final[dict[str, Any]] = {"imports": Import, "calls": Call, "bases": Base, "raises": Raise, "bindings": Binding}
_encode: Final = msgspec.json.Encoder().encode


def dump_facts(facts: FileFacts) -> str:
    """Compact JSON, the fields in order."""
    return _encode(facts).decode()


def load_facts(text: str) -> FileFacts:
    """The inverse of dump_facts, tuples restored. Statements (`scopes`) come as tuples, and a string that occurs twice is kept once:
    they are most of what a program's facts take in memory."""
    # json shares strings of one character, and statements are full of them: facts are a sixth smaller than msgspec would make them.
    fields: dict[str, Any] = dict(zip(FileFacts._fields, json.loads(text), strict=True))
    fields["defs"] = tuple(_definition(shared(row)) for row in fields["defs"])
    for name, kind in _ROWS.items():
        fields[name] = tuple(kind(*shared(row)) for row in fields[name])
    fields["handlers"] = tuple(Handler(*shared(row)) for row in fields["handlers"])
    if fields["exports"] is not None:
        fields["exports"] = shared(fields["exports"])
    if fields["extra"] and "scopes" in fields["extra"]:
        fields["extra"]["scopes"] = shared(fields["extra"]["scopes"])
    return FileFacts(**fields)


def pack_facts(facts: FileFacts) -> bytes:
    """Facts for another process of this run: six times quicker to read than their text, and strings that were interned stay so."""
    fields = facts._asdict()
    fields["defs"] = tuple((*d[:8], tuple(map(tuple, d.params)), *d[9:]) for d in facts.defs)
    for name in (*_ROWS, "handlers"):
        fields[name] = tuple(map(tuple, fields[name]))
    return marshal.dumps(fields, 4)  # which every Python here reads: a worker of a cluster may run another one


def unpack_facts(data: bytes) -> FileFacts:
    """The inverse of pack_facts."""
    fields = marshal.loads(data)
    fields["defs"] = tuple(map(_definition, fields["defs"]))
    for name, kind in _ROWS.items():
        fields[name] = tuple([kind(*row) for row in fields[name]])
    fields["handlers"] = tuple([Handler(*row) for row in fields["handlers"]])
    return FileFacts(**fields)


def _definition(row: tuple[Any, ...]) -> Definition:
    return Definition._make((*row[:8], tuple([Param(*param) for param in row[8]]), *row[9:]))


def shared(value: Any) -> Any:
    """The same with its lists as tuples and one object for all equal strings."""
    kind = value.__class__
    if kind is str:
        return intern(value)
    return tuple([shared(part) for part in value]) if kind is list else value
