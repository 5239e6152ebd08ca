"""What an annotation promises, as values: instances of classes, containers of them, classes for `type[X]`."""

from __future__ import annotations

from typing import Any, Final

from extractor.parse.python_annotation import annotation
from extractor.resolve.python_members import attribute
from extractor.resolve.python_program import Program
from extractor.resolve.python_values import (
    CLASS,
    CONSTANT,
    EXTERNAL,
    INSTANCE,
    MODULE,
    NONE,
    RESULT,
    TYPE,
    Block,
    Cell,
    Value,
    Values,
)  # fmt: skip

CONTAINERS: Final = {
    **dict.fromkeys(
        ("list", "List", "Sequence", "MutableSequence", "deque", "Deque", "Iterable", "Iterator", "Collection"), "list"
    ),
    **dict.fromkeys(
        ("set", "Set", "frozenset", "FrozenSet", "AbstractSet", "MutableSet", "AsyncIterator", "AsyncIterable"), "list"
    ),
    **dict.fromkeys(("Generator", "AsyncGenerator", "Reversible", "KeysView", "ValuesView"), "list"),
    **dict.fromkeys(("dict", "Dict", "Mapping", "MutableMapping", "OrderedDict", "DefaultDict", "defaultdict"), "dict"),
    **dict.fromkeys(("tuple", "Tuple"), "tuple"),
    **dict.fromkeys(("ContextVar", "Future", "Task"), "future"),
    # Nothing is known of their methods but that `get` gives what they are declared to hold, as a dict's does.
    **dict.fromkeys(("Queue", "LifoQueue", "PriorityQueue", "SimpleQueue"), "dict"),
}
INNER: Final = frozenset(
    ("Optional", "Union", "Annotated", "ClassVar", "Final", "Required", "NotRequired", "ReadOnly", "Awaitable", "InitVar", "TypeGuard",
     "ContextManager", "AbstractContextManager", "AsyncContextManager", "AbstractAsyncContextManager", "Unpack")
)  # fmt: skip
MAX_DEPTH: Final = 4


def declared_type(p: Program, function: Block, index: int) -> Values:
    """The values that the annotation of a parameter allows (index -1: of the result); remembered."""
    found = function.declared.get(index)
    if found is None:
        function.declared[index] = NONE
        flow = function.returns if index == -1 else dict(function.annotations).get(index)
        found = types_of(p, flow, function.parent or function, function, index) if flow is not None else NONE
        function.declared[index] = found
    return found


def sent_type(p: Program, function: Block) -> Values:
    """What `yield` gives in a function declared to return Generator[yielded, sent, …] or AsyncGenerator[yielded, sent]."""
    written = function.returns
    if not isinstance(written, tuple) or written[0] != "P" or len(written[2]) < 2:
        return NONE
    name = written[1] if isinstance(written[1], str) else written[1][2]
    if name not in ("Generator", "AsyncGenerator"):
        return NONE
    return types_of(p, written[2][1], function.parent or function, function, -2)


def types_of(p: Program, flow: Any, scope: Block, reader: Block, site: int, depth: int = 0) -> Values:
    """The values that type `flow`, written in `scope`, stands for. `site` makes its containers distinct."""
    if flow is None or depth > MAX_DEPTH:
        return NONE
    if not isinstance(flow, str):
        if flow[0] == "U":
            return frozenset().union(*(types_of(p, part, scope, reader, site, depth + 1) for part in flow[1]))
        if flow[0] == "P":
            return _parametrized(p, flow, scope, reader, site, depth)
    elif flow == "Self" or flow.endswith(".Self"):
        method: Block | None = reader
        while method is not None and method.class_ is None:
            method = method.parent
        return p.one(INSTANCE, method.class_) if method is not None else NONE
    found: set[Value] = set()
    for value in named(p, flow, scope, reader):
        if value.kind == CLASS:
            found.add(p.value(INSTANCE, value.a))
        elif value.kind == TYPE:
            found |= value.a
        elif value.kind == EXTERNAL and value.a.rpartition(".")[2][:1].isupper() and not value.a.startswith("typing."):
            found.add(p.value(RESULT, value.a))
        elif value.kind == EXTERNAL and value.a in _PLAIN:
            found.add(p.box(_PLAIN[value.a], reader, -100 - site, "type"))
    return frozenset(found)


def instances_of(p: Program, values: Values, reader: Block) -> Values:
    """Types given as values, as in `cast(C, x)` and `bound=C`: their instances; text is read as an annotation."""
    found: Values = NONE
    for value in values:
        if value.kind == CLASS:
            found |= p.one(INSTANCE, value.a)
        elif value.kind == CONSTANT and isinstance(value.a, str):
            found |= types_of(p, annotation(value.a), reader, reader, 0)
        elif value.kind == TYPE:
            found |= value.a
    return found


_PLAIN: Final = {"builtins.list": "list", "builtins.dict": "dict", "builtins.set": "set", "builtins.tuple": "tuple"}


def named(p: Program, flow: Any, scope: Block, reader: Block) -> Values:
    """What a dotted name means when looked at from `scope`, whatever the moment."""
    if isinstance(flow, str):
        block: Block | None = scope
        if scope.kind != "function" and flow in scope.bound:
            if scope.kind == "class" and scope.class_ is not None:
                return p.read(scope.class_.own.setdefault(flow, Cell()), reader)
            return p.read(p.cell_of(scope, flow), reader)
        if scope.kind == "class" and scope.class_ is not None and flow in scope.class_.own:
            values = p.read(scope.class_.own[flow], reader)
            if values:
                return values
        if block is not None and flow in block.bound:
            return p.read(p.cell_of(block, flow), reader)
        found = p.free(scope, flow)
        return p.read(found, reader) if isinstance(found, Cell) else found
    if isinstance(flow, tuple) and flow[0] == "A":
        members: Values = NONE
        for owner in named(p, flow[1], scope, reader):
            if owner.kind in (MODULE, CLASS, EXTERNAL):
                members |= attribute(p, owner, flow[2], reader)[0]
        return members
    return NONE


def _parametrized(p: Program, flow: Any, scope: Block, reader: Block, site: int, depth: int) -> Values:
    written = flow[1]
    name = (
        written if isinstance(written, str) else written[2] if isinstance(written, tuple) and written[0] == "A" else ""
    )
    inner = flow[2]
    if name in INNER or (name in ("Coroutine",) and inner):
        parts = inner[-1:] if name == "Coroutine" else inner[:1] if name == "Annotated" else inner
        return frozenset().union(*(types_of(p, part, scope, reader, site, depth + 1) for part in parts))
    if name in ("type", "Type"):
        instances = frozenset().union(*(types_of(p, part, scope, reader, site, depth + 1) for part in inner))
        return frozenset(p.value(CLASS, v.a) for v in instances if v.kind == INSTANCE)
    kind = CONTAINERS.get(name)
    if kind is None:
        return types_of(p, written, scope, reader, site, depth + 1)
    box = p.box(kind, reader, -100 - site * 8 - depth, "type")
    if kind == "dict" and len(inner) == 2:
        p.add(box.a.any, types_of(p, inner[1], scope, reader, site * 8 + 1, depth + 1))
        p.add(box.a.keys, types_of(p, inner[0], scope, reader, site * 8 + 2, depth + 1))
    elif kind == "tuple":
        for index, part in enumerate(inner):
            values = types_of(p, part, scope, reader, site * 8 + index, depth + 1)
            p.add(
                box.a.any
                if len(inner) != index + 1 and inner[-1] is None and len(inner) == 2
                else box.a.slots.setdefault(index, Cell()),
                values,
            )
    elif inner:
        p.add(box.a.any, types_of(p, inner[0], scope, reader, site * 8 + 3, depth + 1))
    return frozenset((box,))
