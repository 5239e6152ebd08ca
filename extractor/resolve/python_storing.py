"""Attributes that are set: by assignment, by setattr, and past what the class does then; what `__setattr__` itself stores."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from extractor.resolve.python_inheritance import ancestry
from extractor.resolve.python_library import Use, hand_over
from extractor.resolve.python_lookup import instance_cell, own_cell
from extractor.resolve.python_members import SHARED, setters
from extractor.resolve.python_program import Program
from extractor.resolve.python_protocols import ask
from extractor.resolve.python_rows import ALL
from extractor.resolve.python_state import Arguments, Hits
from extractor.resolve.python_values import (
    BOUND,
    BOX,
    CLASS,
    CONSTANT,
    EXTERNAL,
    FUNCTION,
    INSTANCE,
    MODULE,
    NONE,
    PROPERTY,
    RESULT,
    TOKEN,
    UNKNOWN,
    Block,
    Cell,
    Class,
    Value,
    Values,
)  # fmt: skip

if TYPE_CHECKING:
    from extractor.resolve.python_calls import Calls


def write_attribute(calls: Calls, owners: Values, name: str, values: Values, at: Block, site: int, hits: Hits) -> None:
    """`owner.name = values` for each owner; the setter of a property or descriptor is called."""
    p = calls.p
    for owner in sorted(owners):
        if owner.kind == INSTANCE:
            called = setters(p, owner.a, name, at)
            if "__setattr__" in p.special:
                given = Arguments([p.one(CONSTANT, name), values])
                ask(calls, frozenset((owner,)), ("__setattr__",), given, at, site, hits)
            for setter in called:
                calls.call(setter, Arguments([frozenset((owner,)), values]), at, site, hits, "property")
            if not called and values:
                p.flow_into(instance_cell(owner.a, name), values)
        elif owner.kind == CLASS and values:
            p.flow_into(own_cell(owner.a, name), values)
        elif owner.kind == BOX and owner.a.kind == "tuple" and values:
            calls.store_slot(owner, name, values, at)
        elif owner.kind == FUNCTION and values:
            p.flow_into(owner.a.attributes.setdefault(name, Cell()), values)
        elif owner.kind == RESULT and owner.a in SHARED:
            p.flow_into(p.shared.setdefault(f"{owner.a}.{name}", Cell()), values)
        elif owner.kind in (EXTERNAL, RESULT, UNKNOWN):
            for value in p.concrete(values, at):
                hand_over(p, value, [], hits)
        elif owner.kind == MODULE and values:
            block = p.block_of(owner.a)
            if block is not None:
                p.flow_into(p.cell_of(block, name), values)
                p.flow_into(p.final_of(block, name), values)


def stored_anyway(p: Program, at: Block, name: Values, values: Values) -> Values:
    """What `__setattr__` stores under the name that it is given, without what it is given for it: who assigns has stored that
    already, under the one name that is meant."""
    if at.definition is None or at.definition.name != "__setattr__" or len(at.params) < 3:
        return values
    return values - p.one(TOKEN, at, 2) if name == p.one(TOKEN, at, 1) else values


def _stored(use: Use) -> Values:
    given = use.given.positional
    if use.calls.frame.by_rows == ALL:
        return NONE
    return use.p.concrete(stored_anyway(use.p, use.at, given[1], given[2]), use.at) if len(given) > 2 else NONE


def set_by_name(use: Use) -> Values:
    p, known, values = use.p, False, _stored(use)
    for name in sorted(use.argument(1)):
        if name.kind == CONSTANT and isinstance(name.a, str):
            known = True
            write_attribute(use.calls, use.first, name.a, values, use.at, use.site, use.hits)
    for owner in sorted(use.first) if not known else ():
        if owner.kind == INSTANCE:
            called = p.once((_setters, owner.a), use.at, partial(_setters, p, owner.a, use.at))
            functions = {(setter.a if setter.kind == BOUND else setter).a for setter in called}
            # Whatever the name is, no other can be called; and a setter that stores does not call itself.
            if len(functions) == 1 and use.at not in functions:
                for setter in called:
                    given = Arguments([frozenset((owner,)), values])
                    use.calls.call(setter, given, use.at, use.site, use.hits, "property")
    return NONE


def set_plainly(use: Use) -> Values:
    """`object.__setattr__(self, name, value)`: past what the class does when its attributes are set."""
    p, values = use.p, _stored(use)
    for owner in use.first:
        for name in use.argument(1):
            if owner.kind == INSTANCE and name.kind == CONSTANT and isinstance(name.a, str) and values:
                p.flow_into(instance_cell(owner.a, name.a), values)
    return NONE


def _setters(p: Program, cls: Class, reader: Block) -> list[Value]:
    """What may be called when an attribute is set whose name is not known."""
    return [setter for name in _described(p, cls, reader) for setter in setters(p, cls, name, reader)]


def _described(p: Program, cls: Class, reader: Block) -> list[str]:
    """The attributes that a class or one above it holds a property or an instance under: it may be a descriptor."""
    order = ancestry(p, cls, reader)[0]
    return sorted(
        {
            name
            for ancestor in order
            for name, cell in ancestor.own.items()
            if any(v.kind in (INSTANCE, PROPERTY) for v in p.read(cell, reader))
        }
    )
