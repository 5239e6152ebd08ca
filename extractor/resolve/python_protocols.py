"""Special methods that the language calls by itself: for truth, text, comparison, deletion; and those a whole class answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from extractor.resolve.python_families import unfolded
from extractor.resolve.python_inheritance import ancestry
from extractor.resolve.python_kin import heirs_of, is_kin
from extractor.resolve.python_lookup import on_class, own_cell
from extractor.resolve.python_members import MADE, Getter, bind
from extractor.resolve.python_state import Arguments, Hits
from extractor.resolve.python_values import (
    BOUND,
    BOX,
    CLASS,
    CONSTANT,
    FUNCTION,
    INSTANCE,
    NONE,
    PREFIX,
    PROPERTY,
    SHAPE,
    Block,
    Class,
    Value,
    Values,
)  # fmt: skip

if TYPE_CHECKING:
    from extractor.resolve.python_calls import Calls
    from extractor.resolve.python_program import Program

# What is asked of a value, and the methods that may answer, the first found being the one.
COMPARISONS: Final[dict[str, tuple[str, ...]]] = {
    "__eq__": ("__eq__",),
    "__ne__": ("__ne__", "__eq__"),
    "__lt__": ("__lt__",),
    "__gt__": ("__gt__",),
    "__le__": ("__le__",),
    "__ge__": ("__ge__",),
    "__contains__": ("__contains__", "__iter__", "__getitem__"),
}
ORDER: Final = ("__lt__", "__gt__", "__le__", "__ge__")  # functools.total_ordering makes the others out of any one
ASKED: Final[dict[str, tuple[str, ...]]] = COMPARISONS | {
    "bool": ("__bool__", "__len__"),
    "str": ("__str__", "__repr__"),
    "repr": ("__repr__",),
    "format": ("__format__", "__str__", "__repr__"),
    "order": ORDER,
    "hash": ("__hash__",),
}
TEXTS: Final = ("str", "repr", "format")
MAX_NAMES: Final = 16
MAX_ASKED: Final = 3  # where more methods may answer, too little is known of the value to name any of them


def ask(
    calls: Calls,
    values: Values,
    names: tuple[str, ...],
    given: Arguments,
    at: Block,
    line: int,
    hits: Hits,
    depth: int = 0,
) -> Values:
    """Call the first of these methods that the class of each instance has."""
    p = calls.p
    found: Values = NONE
    if p.special.isdisjoint(names):
        return found
    for value in sorted(values):
        if value.kind == CLASS and value.a.keywords:
            for method in next(filter(None, (of_metaclass(p, value, name, at) for name in names)), ()):
                found |= calls.call(method, given.after(frozenset((value,))), at, line, hits, "protocol", depth + 1)
        if value.kind != INSTANCE:
            continue
        if is_kin(value) and names[-1] == "__repr__" and _texts(p, value.a, names, at) > 1:
            continue  # too little is known
        for name in names:
            if name == "__repr__" and len(names) > 1 and ancestry(p, value.a, at)[1]:
                break  # the base class outside has a text of its own
            members = on_class(p, value.a, name, at)[0] if name in p.special else NONE
            for member in sorted(members) if len(members) > 1 else members:
                for bound in bind(p, member, value, value.a):
                    found |= calls.call(bound, given, at, line, hits, "protocol", depth + 1)
            if members:
                break
    return found


def _texts(p: Program, kin: Class, names: tuple[str, ...], at: Block) -> int:
    return len(
        {next(filter(None, (on_class(p, heir, name, at)[0] for name in names)), NONE) for heir in heirs_of(kin, at)}
    )


def ask_of_all(
    calls: Calls,
    values: Values,
    names: tuple[str, ...],
    given: Arguments,
    at: Block,
    line: int,
    hits: Hits,
    depth: int = 0,
) -> Values:
    """`ask`, where the values may be of any kind, as those that builtins take are."""
    answers = Hits()
    found = ask(calls, values, names, given, at, line, answers, depth)
    doubt(answers)
    for target, via in answers.targets.items():
        hits.targets.setdefault(target, via)
    return found


def hashed(p: Program, at: Block, place: tuple[int, int], keys: Values, line: int) -> None:
    """Keys of dicts and elements of sets are asked for their hash, once all values stand."""
    if keys and "__hash__" in p.special:
        at.asked[place] = (keys, "hash", line)


def asked_of(calls: Calls, block: Block, values: Values, kind: str, line: int) -> Hits:
    """What an expression of this block asks of these values once they stand."""
    hits = Hits()
    concrete = calls.p.concrete(values, block)
    given = Arguments([NONE]) if kind in COMPARISONS else Arguments()
    ask(
        calls,
        parts(calls, concrete, block) if kind in ("str", "hash") else concrete,
        ASKED[kind],
        given,
        block,
        line,
        hits,
    )
    doubt(hits)
    if kind in TEXTS:
        ask_inside(calls, inside(calls, concrete, block), "__repr__", given, block, line, hits)
    return hits


def inside(calls: Calls, values: Values, at: Block) -> Values:
    """What stands in the containers among these values, whose text and comparison are made of theirs."""
    return calls.elements(frozenset(v for v in values if v.kind == BOX and v.a.kind != "generator"), at)


def ask_inside(calls: Calls, values: Values, name: str, given: Arguments, at: Block, line: int, hits: Hits) -> bool:
    """Ask what stands in containers. Where many classes answer, too little is known of what is in there to say anything."""
    answers = Hits()
    ask(calls, values, (name,), given, at, line, answers)
    if len(answers.targets) <= MAX_ASKED:
        hits.targets.update(answers.targets)
    return bool(answers.targets)


def doubt(hits: Hits) -> None:
    """Unrelated classes that all might answer are a sign that their values were mixed up on the way."""
    if len(hits.targets) > MAX_ASKED:
        hits.targets.update(dict.fromkeys(hits.targets, "ambiguous"))


def parts(calls: Calls, values: Values, at: Block) -> Values:
    """The values themselves, and what stands in the tuples among them."""
    found = values
    for value in values:
        if value.kind == BOX and value.a.kind == "tuple":
            found |= calls.elements(frozenset((value,)), at)
    return found


def read_through(calls: Calls, getters: list[Getter], at: Block, site: int, hits: Hits, name: str) -> Values:
    """What the getters of properties and descriptors give, and what `__getattr__` gives for this name."""
    found: Values = NONE
    for getter, given in getters:
        values = calls.call(getter, Arguments(list(given)), at, site, hits, "property")
        if _is_fallback(getter):
            # One `__getattr__` serves all names: of the functions it hands on, the one of this name is meant, and what it made.
            concrete = unfolded(calls.p, calls.p.concrete(values, at), at, name)
            named = frozenset(v for v in concrete if _is_named(v, name))
            values = named | frozenset(v for v in concrete if _is_closure(v)) if named else concrete
        found |= values
    return found


def _is_fallback(getter: Value) -> bool:
    function = getter.a if getter.kind == BOUND else getter
    definition = function.a.definition if function.kind == FUNCTION else None
    return definition is not None and definition.name == "__getattr__"


def _is_named(value: Value, name: str) -> bool:
    held = value.a if value.kind == BOUND else value
    definition = held.a.definition if held.kind == FUNCTION else held.a.block.definition if held.kind == CLASS else None
    return definition is not None and definition.name == name


def _is_closure(value: Value) -> bool:
    return value.kind == FUNCTION and value.a.has_flag("nested")


def _deleters(p: Program, cls: Class, name: str, reader: Block) -> list[Value]:
    """What deleting `name` of an instance calls."""
    found: list[Value] = []
    for value in sorted(on_class(p, cls, name, reader)[0]):
        if value.kind == PROPERTY:
            found += value.b[1]
        elif value.kind == INSTANCE:
            found += [p.value(BOUND, d, value) for d in sorted(on_class(p, value.a, "__delete__", reader)[0])]
    return found


def delete_attribute(calls: Calls, owners: Values, name: str, at: Block, line: int, hits: Hits) -> None:
    """`del owner.name`."""
    for owner in sorted(owners):
        if owner.kind == INSTANCE:
            for deleter in _deleters(calls.p, owner.a, name, at):
                calls.call(deleter, Arguments([frozenset((owner,))]), at, line, hits, "property")
    given = Arguments([calls.p.one(CONSTANT, name)])
    ask(calls, owners, ("__delattr__",), given, at, line, hits)


def class_item(calls: Calls, owner: Value, keys: Values, at: Block, line: int, hits: Hits) -> Values:
    """`C[key]` for a class: a member of an enum, what `__class_getitem__` or the metaclass gives, else the class itself."""
    p = calls.p
    cls: Class = owner.a
    if cls.enum:
        return p.one(INSTANCE, cls)
    found: Values = NONE
    if "__class_getitem__" in p.special:
        for value in sorted(on_class(p, cls, "__class_getitem__", at)[0]):
            for bound in sorted(bind(p, value, owner, cls)):
                found |= calls.call(bound, Arguments([keys]), at, line, hits, "item")
    for method in of_metaclass(p, owner, "__getitem__", at):
        found |= calls.call(method, Arguments([frozenset((owner,)), keys]), at, line, hits, "item")
    return found or frozenset((owner,))


def of_metaclass(p: Program, owner: Value, name: str, at: Block) -> list[Value]:
    """The functions of this name that the metaclass of a class has."""
    found: list[Value] = []
    if name in p.special:
        for meta in sorted(owner.a.keywords.get("metaclass", NONE)):
            if meta.kind == CLASS:
                found += [v for v in sorted(on_class(p, meta.a, name, at)[0]) if v.kind == FUNCTION]
    return found


def class_made(calls: Calls, owner: Value, own: dict[str, Values], at: Block, site: int, hits: Hits) -> None:
    """What the end of a class statement calls: the metaclass's `__new__` and `__init__`, `__set_name__` of the attributes."""
    p, made = calls.p, frozenset((owner,))
    body = p.box("dict", at, site, "class")
    body.a.slots = owner.a.own
    for meta in sorted(owner.a.keywords.get("metaclass", NONE)):
        if meta.kind != CLASS:
            continue
        p.add(own_cell(meta.a, MADE), made)
        held = frozenset((body,))
        for name in ("__prepare__", "__new__", "__init__"):
            for function in of_metaclass(p, owner, name, at):
                receiver = made if name == "__init__" else frozenset((meta,))
                given = Arguments([receiver, NONE, NONE, held] if name != "__prepare__" else [receiver, NONE, NONE])
                returned = calls.call(function, given, at, site, hits, "metaclass")
                held |= returned if name == "__prepare__" else NONE
    for name, values in own.items() if owner.a.enum else ():
        member = not any(v.kind in (FUNCTION, CLASS, PROPERTY) for v in values) and not name.startswith("_")
        for value in sorted(on_class(p, owner.a, "__init__", at)[0]) if member else ():
            if value.kind == FUNCTION:
                given = _spread(calls, p.concrete(values, at), at).after(p.one(INSTANCE, owner.a))
                calls.call(value, given, at, site, hits, "protocol")
    if "__set_name__" in p.special:
        for name, values in own.items():
            given = Arguments([made, p.one(CONSTANT, name)])
            ask(calls, p.concrete(values, at), ("__set_name__",), given, at, site, hits)


def _spread(calls: Calls, values: Values, at: Block) -> Arguments:
    """What the members of an enum are made with: the parts of a tuple, or the value itself."""
    for box in values:
        if box.kind == BOX and box.a.kind == "tuple":
            places = sorted(key for key in calls.p.slots(box.a, at) if isinstance(key, int))
            return Arguments([calls.read_slot(box, key, at) for key in places])
    return Arguments([values])


def joined_text(p: Program, before: Values, after: Values) -> Values:
    """The name that two strings put together make; of one that is not known, the part of it that is. Other text is of no use."""
    heads = [v.a for v in sorted(before) if v.kind == CONSTANT and v.a.__class__ is str and _is_part(v.a)]
    tails = [v.a for v in sorted(after) if v.kind == CONSTANT and v.a.__class__ is str and _is_part(v.a)]
    whole = len(tails) == len(after) or not any(map(_tells, heads))
    if heads and tails and len(heads) * len(tails) <= MAX_NAMES and whole:
        return frozenset(p.value(CONSTANT, head + tail) for head in heads for tail in tails)
    return frozenset(
        [p.value(PREFIX, head, "") for head in heads if _tells(head)]
        + [p.value(PREFIX, "", tail) for tail in tails if not heads and _tells(tail)]
    )


def assembled(p: Program, before: str, inner: Values, after: str) -> Values:
    """A name made of a text with other texts before and after it, or as much of it as is known."""
    text = joined_text(p, p.one(CONSTANT, before), inner) if before else inner
    if after:
        last = p.one(CONSTANT, after)
        if not before or all(value.kind == CONSTANT for value in text):
            text = joined_text(p, text, last)
        else:
            text = frozenset(p.value(PREFIX, value.a, after) for value in text if value.kind == PREFIX)
    if text and _tells(before + after) and all(value.kind == CONSTANT for value in text):
        text |= p.one(SHAPE, before, after)
    return text


def continued(p: Program, texts: Values, inner: Values, after: str) -> Values:
    """Texts with others behind them, and behind those one that is written."""
    heads = [v.a for v in sorted(texts) if v.kind == CONSTANT and v.a.__class__ is str]
    if len(heads) <= MAX_NAMES and not any(v.kind == PREFIX for v in texts):
        return NONE.union(*[assembled(p, head, inner, after) for head in heads])
    return frozenset(p.value(PREFIX, v.a, after) for v in texts if v.kind == PREFIX and v.a)


def _is_part(text: str) -> bool:
    """Whether this may stand in a name, or in the path of a module."""
    return all(f"_{word}".isidentifier() for word in text.split("."))


def _tells(text: str) -> bool:
    if "." in text:
        return True
    return len(text) > 2 and ("_" in text or (len(text) > 3 and text.isalpha() and text[1:].islower()))
