"""Functions whose name is put together while the program runs, as in `getattr(self, "visit_" + type(node).__name__)(node)`.

What `getattr` gives for such a name is one value for each owner, a family: its members are looked up when it is called. So a class
with a method for each of a hundred kinds of node does not fill a cell, and each method is passed the kind it is named after.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from extractor.resolve.python_inheritance import ancestry
from extractor.resolve.python_kin import heirs_of, is_kin
from extractor.resolve.python_lookup import on_class
from extractor.resolve.python_members import attribute
from extractor.resolve.python_state import Arguments, Hits
from extractor.resolve.python_values import (
    BOUND,
    CONSTANT,
    FAMILY,
    FUNCTION,
    INSTANCE,
    MODULE,
    NONE,
    PREFIX,
    SHAPE,
    Block,
    Value,
    Values,
)  # fmt: skip

if TYPE_CHECKING:
    from extractor.resolve.python_calls import Calls
    from extractor.resolve.python_program import Program

MAX_MEMBERS: Final = 512
PUT_TOGETHER: Final = (PREFIX, SHAPE)


def families(p: Program, owners: Values, names: Values, at: Block) -> tuple[Values, set[tuple[Value, str]]]:
    """A family for each owner that has functions of several of these names; and of which owners which names are thereby dealt with."""
    found: set[Value] = set()
    known: set[tuple[Value, str]] = set()
    for owner in owners:
        members = [name for name in _possible(p, owner, names, at) if _is_function(p, owner, name, at)]
        if len(members) > 1 or (members and any(name.kind in PUT_TOGETHER for name in names)):
            known.update((owner, name) for name in members)
            found.add(p.value(FAMILY, owner, tuple(members[:MAX_MEMBERS])))
    return frozenset(found), known


def _possible(p: Program, owner: Value, names: Values, at: Block) -> list[str]:
    """The names that are meant, of those known only in part the ones that the owner has. Where it has none of those known whole,
    it is asked for others of their shape: what they are put together from holds more than is seen here."""
    found = {name.a for name in names if name.kind == CONSTANT and name.a.__class__ is str}
    partial = [name for name in names if name.kind == PREFIX]
    shapes = [name for name in names if name.kind == SHAPE]
    if shapes and not any(_is_function(p, owner, name, at) for name in found):
        partial += shapes
    own: set[str] = set()
    if partial and owner.kind == INSTANCE:
        own.update(n for heir in heirs_of(owner.a, at) for cls in ancestry(p, heir, at)[0] for n in cls.own)
    elif partial and owner.kind == MODULE:
        own.update(owner.a.symbols)
    found.update(name for name in own for part in partial if _fits(name, part.a, part.b))
    return sorted(found)


def _fits(name: str, before: str, after: str) -> bool:
    """Whether a name begins and ends so, each as a word of its own: `visitName` begins with `visit`, `visitors` does not."""
    if not name.startswith(before) or not name.endswith(after):
        return False
    follows = name[len(before) : len(before) + 1]
    begins = not before or "_" in before or follows.isupper()
    return begins and (not after or "_" in after or after[0].isupper())


def _is_function(p: Program, owner: Value, name: str, at: Block) -> bool:
    values, getters, _ = attribute(p, owner, name, at)
    return bool(values) and not getters and all(_function(value).kind == FUNCTION for value in values)


def _function(value: Value) -> Value:
    return value.a if value.kind == BOUND else value


def unfolded(p: Program, values: Values, at: Block, name: str = "") -> Values:
    """The values, each family replaced by its members: by the one of this name, if one is given and there is one."""
    for value in values:
        if value.kind == FAMILY:
            break
    else:
        return values
    found: set[Value] = set()
    for value in values:
        if value.kind == FAMILY and (not name or name in value.b):
            found.update(v for member in ((name,) if name else value.b) for v in attribute(p, value.a, member, at)[0])
        else:
            found.add(value)
    return frozenset(found)


def call_families(
    calls: Calls, called: list[Value], given: Arguments, at: Block, site: int, hits: Hits, depth: int
) -> Values:
    """Call every member of these families. What a class inherits is left to the owner that it is inherited from, if there is one."""
    p = calls.p
    classes = {family.a.a for family in called if family.a.kind == INSTANCE}
    receivers: dict[Value, list[Value]] = {}
    names: dict[Value, str] = {}
    for family in called:
        owner = family.a
        above = [c for c in ancestry(p, owner.a, at)[0][1:] if c in classes] if owner.kind == INSTANCE else []
        for name in family.b:
            for value in attribute(p, owner, name, at)[0]:
                function = _function(value)
                # Stored under the name of one of its members, a family would be called for ever.
                if function.kind == FUNCTION and not any(function in on_class(p, cls, name, at)[0] for cls in above):
                    names[function] = name
                    receivers.setdefault(function, []).extend((value.b,) if value.kind == BOUND else ())
    passed = [_apart(p, p.concrete(values, at), at) for values in given.positional]
    found: Values = NONE
    for function, objects in sorted(receivers.items()):
        positional = [_named_after(values, names[function]) for values in passed]
        chosen = Arguments(positional, given.keywords, given.star, given.double)
        if objects:
            chosen = chosen.after(p.same(frozenset(objects)))
        found |= calls.call(function, chosen, at, site, hits, "", depth + 1)
    return found


def _apart(p: Program, values: Values, at: Block) -> Values:
    """The values, each kin replaced by an object of each of its classes."""
    found: set[Value] = set()
    for value in values:
        found.update(p.value(value.kind, cls) for cls in heirs_of(value.a, at)) if is_kin(value) else found.add(value)
    return frozenset(found)


def _named_after(values: Values, name: str) -> Values:
    """Of the objects passed to a method those of the class that it is named after, all where there is none."""
    meant: dict[str, set[Value]] = {}
    for value in values:
        definition = value.a.block.definition if value.kind == INSTANCE else None
        if definition is not None and name.endswith(definition.name):
            meant.setdefault(definition.name, set()).add(value)
    return frozenset(meant[max(meant, key=len)]) if meant else values
