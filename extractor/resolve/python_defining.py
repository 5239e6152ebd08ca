"""`def` and `class` statements of the flow language: defaults, decorators, bases, bodies, and the names they bind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from extractor.resolve.python_inheritance import ancestry, rebase
from extractor.resolve.python_lookup import instance_cell, on_class, own_cell
from extractor.resolve.python_protocols import class_made
from extractor.resolve.python_state import Arguments, Frame, Hits
from extractor.resolve.python_text import dotted
from extractor.resolve.python_values import (
    BOUND,
    CLASS,
    CONSTANT,
    EXTERNAL,
    FUNCTION,
    INSTANCE,
    METHOD,
    NONE,
    PROPERTY,
    RECORD,
    RESULT,
    UNKNOWN,
    Block,
    Cell,
    Class,
    Code,
    Value,
    Values,
    joined,
)  # fmt: skip

if TYPE_CHECKING:
    from extractor.resolve.python_flow import Flow

MARKS: Final = ("builtins.staticmethod", "builtins.classmethod", "abc.abstractmethod", "typing.overload")


FIELD_MAKERS: Final = frozenset(("ib", "attrib", "field"))


def give_default(run: Flow, block: Block, position: int, values: Values) -> None:
    """A default flows to its parameter, and is what the parameter holds when a call leaves it out."""
    run.p.flow_into(block.inflow[position], values)
    run.p.flow_into(block.defaults.setdefault(position, Cell()), values)


def define_function(run: Flow, s: Code) -> bool:
    """`def`: defaults flow into parameters, decorators are called inner before outer, the name is bound."""
    p = run.p
    _, index, decorators, defaults = s
    block = p.blocks_of[run.at.facts.path][index + 1]
    if block is None or block.definition is None:
        return False
    if run.supposed and block.parent is run.at:
        block.under, run.at.choosing = run.supposed, True
    for position, flow in defaults:
        give_default(run, block, position, run.value(flow))
    plain = p.one(FUNCTION, block)
    values = plain
    for flow, site, line, column in reversed(decorators):
        values = _decorate(run, flow, site, line, column, values, block)
    run.store(block.definition.name, values)
    return False


def _decorate(run: Flow, flow: Any, site: int, line: int, column: int, values: Values, block: Block) -> Values:
    name = block.definition.name if block.definition is not None else ""
    found: Values = NONE
    hits = Hits()
    decorators = sorted(run.concrete(run.value(flow)))
    for decorator in decorators:
        if decorator.kind == EXTERNAL and decorator.a in MARKS:
            found |= values
            hits.targets[f"ext {decorator.a}"] = "external"
            continue
        if decorator.kind == METHOD and decorator.a.kind == PROPERTY:
            found |= run.calls.call(decorator, Arguments([values]), run.at, site, hits, "decorator")
            continue
        if decorator.kind == FUNCTION:
            _note_decorated(run, decorator.a, values)
        returned = run.calls.call(decorator, Arguments([values]), run.at, site, hits, "decorator")
        hits.callbacks.clear()
        outside = decorator.kind in (EXTERNAL, RESULT, UNKNOWN) or (
            decorator.kind == BOUND and decorator.a.kind != FUNCTION
        )
        useful = frozenset(v for v in returned if v.kind != UNKNOWN)
        # A decorator outside the repository leaves the name with what it had.
        found |= values if outside and not any(v.kind == PROPERTY for v in useful) else useful
    if not decorators:
        hits.reasons.append("external")
    run.note(hits, dotted(flow) or name, line, column, True, flow)
    if found:
        return found
    # So does one of which nothing is known, but that shows only when values have come to rest.
    run.undecided[run.at.place] = None
    return values if run.lenient else NONE


def _note_decorated(run: Flow, decorator: Block, values: Values) -> None:
    for value in sorted(values):
        if value.kind == FUNCTION and value not in decorator.decorated and decorator.inflow:
            decorator.decorated = joined(decorator.decorated, value)
            if decorator.inflow[0].full:
                run.p.upset(decorator.inflow[0].readers)


def _makes_field(value: Any) -> bool:
    """`name = attr.ib(…)` in the body of a class that attrs completes."""
    return value.__class__ is tuple and value[0] == "C" and dotted(value[2]).rpartition(".")[2] in FIELD_MAKERS


def _body(run: Flow, block: Block) -> dict[Any, Values]:
    """What the body of a class binds, run in a frame of its own."""
    outer = run.frame
    run.frame = run.calls.frame = Frame(block, outer)
    run.body(block.flow)
    env = run.frame.env
    run.frame = run.calls.frame = outer
    return env


def _makers(run: Flow, cls: Class, objects: set[Value]) -> list[Value]:
    """The classes of the objects that stand where bases should: where there are no others, a call of them is what makes the class."""
    p = run.p
    if not objects or any(v.kind in (CLASS, RESULT) for base in cls.bases for v in base.values):
        return []
    found = sorted({p.value(CLASS, value.a) for value in objects})
    for made in found:
        outside = ancestry(p, made.a, run.at)[1]
        # An instance of `type` is a class, and so may be one of something unknown.
        if "builtins.type" in outside or "" in outside or on_class(p, made.a, "__mro_entries__", run.at)[0]:
            return []
    return found


def _made_by(run: Flow, cls: Class, makers: list[Value]) -> Values:
    """`class C(base)` where `base` is no class: `type(base)("C", (base,), {…})`."""
    p, block = run.p, cls.block
    assert block.definition is not None
    env = _body(run, block)
    space = p.box("dict", block, 0, "namespace")
    for name, values in env.items():
        if isinstance(name, str):
            run.calls.store_slot(space, name, values, block)
            p.flow_into(own_cell(cls, name), values)
    given = Arguments(
        [p.one(CONSTANT, block.definition.name), frozenset((p.box("tuple", block, 0, "bases"),)), frozenset((space,))]
    )
    found: Values = NONE
    hits = Hits()
    for maker in makers:
        found |= run.calls.call(maker, given, run.at, block.index, hits, "metaclass")
    run.note(hits, "class", block.definition.start_line, 0, False)
    return found


def define_class(run: Flow, s: Code) -> bool:
    """`class`: bases first, then the body in a frame of its own, then decorators."""
    p = run.p
    _, index, bases, keywords, decorators = s
    block = p.blocks_of[run.at.facts.path][index + 1]
    if block is None or block.class_ is None or block.definition is None:
        return False
    cls = block.class_
    while len(cls.bases) < len(bases):
        cls.bases.append(Cell())
    objects: set[Value] = set()
    for cell, flow in zip(cls.bases, bases, strict=True):
        values = run.concrete(run.value(flow))
        objects.update(value for value in values if value.kind == INSTANCE)
        known = cell.values
        bases_here = {v for v in values if v.kind in (CLASS, EXTERNAL, RESULT)}
        for value in values:
            if value.kind == RECORD:
                cls.fields += [name for name in value.a if name not in cls.fields]
                bases_here.add(p.value(EXTERNAL, "builtins.tuple"))
        p.add(cell, bases_here or p.one(UNKNOWN, "external"))
        if cell.values is not known:
            rebase(p, cls)
            for ancestor in ancestry(p, cls, run.at)[0]:
                p.upset(ancestor.followers)
    for name, flow in keywords:
        cls.keywords[name] = run.concrete(run.value(flow))
    makers = _makers(run, cls, objects)
    if makers:
        values = _made_by(run, cls, makers)
        for flow, site, line, column in reversed(decorators):
            values = _decorate(run, flow, site, line, column, values, block)
        run.store(block.definition.name, values)
        return False
    for ancestor in ancestry(p, cls, run.at)[0][1:]:
        for name, values in ancestor.keywords.items():
            cls.keywords.setdefault(name, values)
    env = _body(run, block)
    cls.enum = any(ancestor.block.has_flag("enum") for ancestor in ancestry(p, cls, run.at)[0])
    for name, values in env.items():
        if isinstance(name, str):
            cell = own_cell(cls, name)
            if cls.enum and not any(v.kind in (FUNCTION, CLASS, PROPERTY) for v in values) and name[:1] != "_":
                p.flow_into(instance_cell(cls, "value"), values)
                p.add(instance_cell(cls, "name"), p.one(CONSTANT, name))
                values = p.one(INSTANCE, cls)
            elif name in cls.fields and block.has_flag("dataclass"):
                # A function that a field holds is stored on the instance, and so no method.
                plain = frozenset(v for v in values if v.kind == FUNCTION)
                p.flow_into(instance_cell(cls, name), plain)
                values -= plain
            p.flow_into(cell, values)
    if block.has_flag("dataclass"):
        fields = [s[1] for s in block.flow if s[0] == "=" and s[1].__class__ is str and _makes_field(s[2])]
        cls.fields += [name for name in fields if name not in cls.fields]
    if cls.enum:
        for definition in block.facts.defs:
            if definition.kind == "variable" and definition.scope == index:
                p.add(own_cell(cls, definition.name), p.one(INSTANCE, cls))
    values = p.one(CLASS, cls)
    made = Hits()
    own = {name: held for name, held in env.items() if isinstance(name, str)}
    class_made(run.calls, p.value(CLASS, cls), own, run.at, index, made)
    run.note(made, "class", block.definition.start_line, 0, False)
    for ancestor in ancestry(p, cls, run.at)[0][1:]:
        hook = ancestor.own.get("__init_subclass__")
        for value in sorted(hook.values) if hook is not None else ():
            hits = Hits()
            if value.kind == FUNCTION:
                run.calls.call(value, Arguments([values]), run.at, index, hits, "subclass")
            run.note(hits, "__init_subclass__", block.definition.start_line, 0, False)
    for flow, site, line, column in reversed(decorators):
        values = _decorate(run, flow, site, line, column, values, block)
    run.store(block.definition.name, values)
    return False
