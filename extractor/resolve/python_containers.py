"""Containers made and changed by calls: copies, named tuples, and the methods of lists, dicts, sets and generators."""

from __future__ import annotations

from typing import Final

from extractor.resolve.python_library import Use
from extractor.resolve.python_protocols import ASKED, ask_of_all, assembled
from extractor.resolve.python_state import Arguments
from extractor.resolve.python_text import CASES, around_hole, halves
from extractor.resolve.python_values import BOX, CONSTANT, NONE, Value, Values, constant_keys

MAX_APART: Final = 4  # containers that one call puts into another are taken one by one


def copied(use: Use, kind: str, source: Values = NONE, tag: str = "copy") -> Values:
    """list(x), dict(a=f), chain(x, y): a new container that holds what the arguments hold, or what `source` holds."""
    box = use.box(kind, tag)
    for values in (source,) if source else use.arguments[:1] if kind == "dict" else use.arguments:
        for value in sorted(values):
            # A dict copies a dict and a list a list slot by slot; list(d) is only the keys.
            if value.kind == BOX and value.a.kind in (("dict",) if kind == "dict" else ("list", "tuple")):
                _merge(use, box, value)
            elif kind == "dict":
                for pair in use.calls.elements(frozenset((value,)), use.at):
                    if pair.kind == BOX:
                        keys = use.p.concrete(use.calls.read_slot(pair, 0, use.at), use.at)
                        _store(use, box, keys, use.calls.read_slot(pair, 1, use.at))
            else:
                use.p.flow_into(box.a.any, use.each(frozenset((value,))))
    if kind == "dict":
        for name, values in use.given.keywords.items():
            use.calls.store_slot(box, name, values, use.at)
    return frozenset((box,))


def keyed(use: Use, names: tuple[str, ...]) -> Values:
    """An instance of a named tuple: its fields by position and by name."""
    box = use.box("tuple", "record")
    for index, name in enumerate(names):
        values = (
            use.given.positional[index] if index < len(use.given.positional) else use.given.keywords.get(name, NONE)
        )
        use.calls.store_slot(box, index, values, use.at)
        use.calls.store_slot(box, name, values, use.at)
    return frozenset((box,))


def _merge(use: Use, target: Value, source: Value) -> None:
    """Everything in one container is in the other too, now and later."""
    target.a.changed = True
    for key in list(use.p.slots(source.a, use.at)):
        use.calls.share_slot(source, target, key, use.at)
    use.p.connect(source.a.more, target.a.more)
    use.p.connect(source.a.any, target.a.any)
    use.p.connect(source.a.keys, target.a.keys)


def _sources(use: Use, values: Values) -> list[Value]:
    """The containers among these values; many are poured into one first, so that as many targets do not take from each of them."""
    boxes = [value for value in sorted(values) if value.kind == BOX]
    if len(boxes) <= MAX_APART:
        return boxes
    if use.given.pool is None:
        use.given.pool = use.box("dict", "poured")
        for source in boxes:
            _merge(use, use.given.pool, source)
    return [use.given.pool]


def _store(use: Use, box: Value, keys: Values, values: Values) -> None:
    known = constant_keys(keys)
    for key in known:
        use.calls.store_slot(box, key, values, use.at)
    box.a.changed = True
    if not known:
        use.p.flow_into(box.a.any, values)


def text_method(use: Use, owner: Value, name: str) -> Values:
    """The parts of a text that names something, as in `module, name = path.rsplit(".", 1)`; or the text, made into a name."""
    if name in CASES:
        return use.p.one(owner.kind, *(getattr(part, name)() if part else part for part in (owner.a, owner.b)))
    if name == "format":
        around = around_hole(owner.a)
        inner = [*use.arguments, *use.given.keywords.values()]
        if not around or len(inner) != 1:
            return NONE
        return assembled(use.p, around[0], use.p.concrete(inner[0], use.at), around[1])
    given = [value.a for values in use.arguments for value in values if value.kind == CONSTANT and len(values) == 1]
    known = len(given) == len(use.arguments) and not use.given.keywords
    parts = halves(owner.a, name, given) if known else ()
    if not parts:
        return NONE
    box = use.box("list", f"{name} {owner.a}")
    for index, part in enumerate(parts):
        use.calls.store_slot(box, index, use.p.one(CONSTANT, part), use.at)
    return frozenset((box,))


def container_method(use: Use, owner: Value, name: str) -> Values:
    """The result of a container's method, and what it puts in."""
    p, at, first, last = use.p, use.at, use.first, use.arguments[-1] if use.arguments else NONE
    box = owner.a
    everything = frozenset((owner,))
    if first and (box.kind == "set" or (box.kind == "dict" and name in ("get", "pop", "setdefault"))):
        ask_of_all(use.calls, first, ASKED["hash"], Arguments(), at, use.site, use.hits, use.depth)
    if name in ("get", "pop", "setdefault") and not (name == "get" and box.kind == "list"):
        found: Values = use.argument(1)
        known = constant_keys(first)
        if name == "setdefault":
            _store(use, owner, first, use.argument(1))
        for key in known:
            found |= use.calls.read_slot(owner, key, at)
        return found if known else found | use.calls.elements(everything, at)
    if name in ("append", "add", "appendleft", "put", "put_nowait"):
        p.flow_into(box.more, last)
    elif name == "insert":
        p.flow_into(box.any, last)
    elif name in ("extend", "extendleft"):
        p.flow_into(box.more, use.each(first))
    elif name == "update":
        for source in _sources(use, first):
            _merge(use, owner, source)
        for key, values in use.given.keywords.items():
            use.calls.store_slot(owner, key, values, at)
    elif name == "__init__":
        for source in copied(use, box.kind) if use.arguments or use.given.keywords else ():
            _merge(use, owner, source)
    elif name == "__setitem__":
        _store(use, owner, first, use.argument(1))
    elif name == "__getitem__":
        known = constant_keys(first)
        found = frozenset().union(*(use.calls.read_slot(owner, key, at) for key in known))
        return found or use.calls.elements(everything, at)
    elif name == "items":
        return pairs(use, "items", use.calls.keys(owner, at), use.calls.elements(everything, at))
    elif name == "popitem":
        items = pairs(use, name, use.calls.keys(owner, at), use.calls.elements(everything, at))
        return use.calls.elements(items, at)
    elif name == "keys":
        return use.holding("list", "keys", use.calls.keys(owner, at))
    elif name == "values":
        return use.holding("list", "values", use.calls.elements(everything, at))
    elif name in ("copy", "__copy__", "union", "symmetric_difference", "intersection", "difference"):
        made = copied(use, box.kind, everything, name)
        for other in made:
            other.a.default = box.default
        for values in use.arguments if name in ("union", "symmetric_difference") else ():
            for other in made:
                p.flow_into(other.a.any, use.calls.elements(values, at))
        return made
    elif name == "__iter__":
        return everything
    elif name in ("popleft", "__next__", "send", "get", "get_nowait"):
        return use.calls.elements(everything, at)
    return NONE


def pairs(use: Use, tag: str, *parts: Values) -> Values:
    """A list of tuples with these parts."""
    pair = use.box("tuple", f"{tag} pair")
    for index, values in enumerate(parts):
        use.calls.store_slot(pair, index, values, use.at)
    return use.holding("list", tag, frozenset((pair,)))
