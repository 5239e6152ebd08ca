"""What a call does: arguments flow into parameters, results come back with the callee's parameters put in, edges are noted.

A function's result may hold tokens (its own parameters), results of calling them, and closures over them. `python_summaries` replaces
these by what this call passes, so an identity decorator on twenty functions keeps them apart.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from extractor.resolve.python_families import call_families
from extractor.resolve.python_inheritance import ancestry
from extractor.resolve.python_instances import registered_for
from extractor.resolve.python_kin import below, heirs_of, is_kin
from extractor.resolve.python_lookup import instance_cell, on_class
from extractor.resolve.python_members import bind, contained
from extractor.resolve.python_passing import bind_arguments, hand_on, handed_out
from extractor.resolve.python_program import Program
from extractor.resolve.python_state import Arguments, Frame, Hits
from extractor.resolve.python_summaries import Invocation, is_plain, note_wrapped
from extractor.resolve.python_supposed import may_return
from extractor.resolve.python_values import (
    BOUND,
    BOX,
    CLASS,
    CONSTANT,
    EXTERNAL,
    FAMILY,
    FUNCTION,
    IDENTITY,
    INSTANCE,
    MAX_KEYS,
    METHOD,
    NONE,
    PARTIAL,
    PROPERTY,
    RECORD,
    RESULT,
    UNKNOWN,
    Block,
    Box,
    Cell,
    Class,
    Value,
    Values,
)  # fmt: skip

MAX_CALL_DEPTH: Final = 6
MAX_SLOTS: Final = 8  # of a container that all who ask go through


class Calls:
    """Calls of one program. `at` is the block being evaluated, `site` the place in it, `frame` its state."""

    def __init__(self, program: Program, outside: Callable[..., Values]) -> None:
        self.p = program
        self.outside = outside  # `python_builtins.call_builtin`, which calls this module
        self.frame: Frame
        self.handing: set[Block] = set()  # functions whose parameters are being called, from the outermost on
        self.handed: set[tuple[Any, ...]] = set()  # what was done since the outermost one began
        self.factory: Values = NONE  # of the field whose default was evaluated last

    def call(
        self, callee: Value, given: Arguments, at: Block, site: int, hits: Hits, via: str = "", depth: int = 0
    ) -> Values:
        """The result of calling one concrete value."""
        p, kind = self.p, callee.kind
        if depth > MAX_CALL_DEPTH:
            hits.reasons.append("overflow")
            return NONE
        if kind == BOUND and callee.a.kind == FUNCTION:
            given, callee, kind = given.after(frozenset((callee.b,))), callee.a, FUNCTION
        if kind == FUNCTION:
            hits.targets.setdefault(callee.a.id, via)
            if callee.b is not None:
                note_wrapped(p, callee, at, hits.wrapped)
            found: Values = NONE
            for other in registered_for(p, callee.a, given, at) if callee.a.attributes else ():
                hits.targets.setdefault(other.a.id, "flow")
                found |= self.invoke(other, given, at, site, depth)
            return found | self.invoke(callee, given, at, site, depth)
        if kind == BOUND:
            return self.call(callee.a, given.after(frozenset((callee.b,))), at, site, hits, via, depth + 1)
        if kind == CLASS:
            return self.instantiate(callee, given, at, site, hits, via, depth)
        if kind == INSTANCE:
            return self.protocol(callee, "__call__", given, at, site, hits, depth)
        if kind in (EXTERNAL, METHOD, IDENTITY, RECORD):
            return self.outside(self, callee, given, at, site, hits, depth)
        if kind == PARTIAL:
            partial = callee.a
            positional = [*(p.read(cell, at) for cell in partial.positional), *given.positional]
            keywords = {name: p.read(cell, at) for name, cell in partial.keywords.items()}
            full = Arguments(positional, {**keywords, **given.keywords}, given.star, given.double)
            found = NONE
            for inner in sorted(p.concrete(p.read(partial.function, at), at)):
                found |= self.call(inner, full, at, site, hits, "flow", depth + 1)
            return found
        if kind == FAMILY:
            return call_families(self, [callee], given, at, site, hits, depth)
        if kind == PROPERTY:
            return NONE
        hits.reasons.append("external" if kind == RESULT else callee.a if kind == UNKNOWN else "dynamic")
        if kind not in (RESULT, UNKNOWN):
            return NONE
        if kind == RESULT or callee.a == "external":
            handed_out(given, hits)
        return p.one(UNKNOWN, "external")

    def call_each(self, callees: Values, given: Arguments, at: Block, site: int, hits: Hits) -> Values:
        """The results of calling these values. One method of many objects is called once, with all of them."""
        if len(callees) == 1:
            (callee,) = callees
            return self.call(callee, given, at, site, hits)
        found: set[Value] = set()
        objects: dict[Value, list[Value]] = {}
        families: list[Value] = []
        for callee in sorted(callees):
            if callee.kind == BOUND and callee.a.kind == FUNCTION:
                objects.setdefault(callee.a, []).append(callee.b)
            elif callee.kind == FAMILY:
                families.append(callee)
            else:
                found |= self.call(callee, given, at, site, hits)
        for method, receivers in objects.items():
            found |= self.call(method, given.after(self.p.same(frozenset(receivers))), at, site, hits)
        return call_families(self, families, given, at, site, hits, 0).union(found) if families else frozenset(found)

    def protocol(
        self,
        receiver: Value,
        name: str,
        given: Arguments,
        at: Block,
        site: int,
        hits: Hits,
        depth: int = 0,
        via: str = "",
    ) -> Values:
        """Call the special method `name` of an instance, looked up on its class."""
        member, _ = on_class(self.p, receiver.a, name, at)
        found: Values = NONE
        for value in sorted(member):
            for bound in sorted(bind(self.p, value, receiver, receiver.a)):
                found |= self.call(bound, given, at, site, hits, via, depth + 1)
        if not member:
            hits.reasons.append("external" if ancestry(self.p, receiver.a, at)[1] else "unknown_receiver")
        return found

    def entered(self, value: Value, name: str, at: Block, site: int, hits: Hits) -> Values:
        """What `with value as x` binds: what its `__enter__` (or `name`) gives, the object itself where a base outside has it."""
        found = self.protocol(value, name, Arguments(), at, site, hits, via="with")
        if not found and ancestry(self.p, value.a, at)[1] and not on_class(self.p, value.a, name, at)[0]:
            return frozenset((value,))
        return found

    def instantiate(
        self, callee: Value, given: Arguments, at: Block, site: int, hits: Hits, via: str, depth: int
    ) -> Values:
        """Calling a class goes to the `__init__` or `__new__` on its order, to the class itself only when there is none."""
        p, cls = self.p, callee.a
        if cls.enum:  # a look-up of a member: these were made with the class
            hits.targets[cls.id] = via
            for value in sorted(on_class(p, cls, "_missing_", at)[0]):
                for bound in sorted(bind(p, value, callee, cls)):
                    self.call(bound, given, at, site, hits, "protocol", depth + 1)
            return p.one(INSTANCE, cls)
        for meta in sorted(cls.keywords.get("metaclass", NONE)):
            if meta.kind == CLASS and "__call__" in p.special:
                functions = [v for v in sorted(on_class(p, meta.a, "__call__", at)[0]) if v.kind == FUNCTION]
                if functions:
                    made = NONE
                    for function in functions:
                        hits.targets[function.a.id] = via
                        hits.instantiates[function.a.id] = cls.id
                        made |= self.invoke(function, given.after(frozenset((callee,))), at, site, depth)
                    return made | p.one(INSTANCE, cls)
        return self.construct(callee, given, at, site, hits, via, depth)

    def construct(
        self, callee: Value, given: Arguments, at: Block, site: int, hits: Hits, via: str, depth: int
    ) -> Values:
        """What `type.__call__` does, whatever the metaclass says."""
        p, cls = self.p, callee.a
        made = self._class_made(callee, given, at, site, depth) or p.one(INSTANCE, cls)
        reached: dict[str, str] = {}  # what is called, and the class that it makes an object of
        result = made
        for name in ("__new__", "__cinit__", "__init__"):  # Cython's runs before the other, whatever it is
            for value in sorted(on_class(p, cls, name, at)[0]):
                if value.kind == FUNCTION:
                    if name != "__new__" or not reached:
                        defined = value.a.class_ if is_kin(callee) else None  # each heir has its own
                        reached[value.a.id] = cls.id if defined is None else defined.id
                    receiver = frozenset(below(p, v, value.a) for v in ((callee,) if name == "__new__" else made))
                    returned = self.invoke(value, given.after(receiver), at, site, depth)
                    if name == "__new__" and any(v.kind == INSTANCE for v in made):
                        result |= frozenset(v for v in returned if v.kind == INSTANCE)
        if not reached:
            reached.update((heir.id, heir.id) for heir in heirs_of(cls, at))
            container = contained(p, cls, at)
            if container is not None:
                self.call(p.value(METHOD, container, "__init__"), given, at, site, Hits(), "", depth + 1)
            if cls.fields or len(ancestry(p, cls, at)[0]) > 1:
                self._fill_fields(cls, given, at)
                self._complete(cls, made, given, at, site, hits, depth)
        hits.instantiates.update(reached)
        hits.targets.update(dict.fromkeys(reached, via))
        return result

    def _class_made(self, callee: Value, given: Arguments, at: Block, site: int, depth: int) -> Values:
        """What a metaclass called with a name, bases and attributes makes is a class, not an instance like another."""
        p = self.p
        if len(given.positional) != 3 or "builtins.type" not in ancestry(p, callee.a, at)[1]:
            return NONE
        if any(value.kind == BOX and value.a.own is not at for value in p.concrete(given.positional[1], at)):
            return NONE  # bases that come from elsewhere may be those of many classes
        made = self.outside(self, p.value(EXTERNAL, "builtins.type"), given, at, site, Hits(), depth)
        classes = frozenset(value for value in made if value.kind == CLASS)
        for value in classes:
            value.a.keywords.setdefault("metaclass", frozenset((callee,)))
        return classes

    def _fill_fields(self, cls: Class, given: Arguments, at: Block) -> None:
        """A generated constructor stores its arguments on the instance."""
        names: list[str] = []
        for ancestor in reversed(ancestry(self.p, cls, at)[0]):
            names += [name for name in ancestor.fields if name not in names]
        for name, values in [*zip(names, given.positional, strict=False), *given.keywords.items()]:
            if name in names and values:
                self.p.flow_into(instance_cell(cls, name), values)

    def _complete(
        self, cls: Class, made: Values, given: Arguments, at: Block, site: int, hits: Hits, depth: int
    ) -> None:
        """A generated constructor calls the factories of what is left out, and `__post_init__` at its end."""
        p = self.p
        order = ancestry(p, cls, at)[0]
        if not any(ancestor.block.has_flag("dataclass") for ancestor in order):
            return
        for ancestor in order:
            for name, factories in ancestor.factories.items():
                if name not in given.keywords and name not in ancestor.fields[: len(given.positional)]:
                    for factory in sorted(factories):
                        self.call(factory, Arguments(), at, site, hits, "flow", depth + 1)
        for value in sorted(on_class(p, cls, "__post_init__", at)[0] if "__post_init__" in p.special else NONE):
            if value.kind == FUNCTION:
                hits.targets.setdefault(value.a.id, "protocol")
                self.invoke(value, Arguments([made]), at, site, depth)

    def invoke(self, callee: Value, given: Arguments, at: Block, site: int, depth: int = 0) -> Values:
        """Bind the arguments and give back the result. The body itself is evaluated once for all callers."""
        p = self.p
        function: Block = callee.a
        if not function.reached:
            function.reached = True
            p.enqueue(function)
        if not function.sites or self.handing or not given.is_known():
            return self._invoke(callee, given, at, site, depth)
        # What calls its parameters is gone through once for all who pass the same.
        return p.once(  # type: ignore[no-any-return]
            (callee, *given.key()), at, lambda: self._invoke(callee, given, at, site, depth)
        )

    def _invoke(self, callee: Value, given: Arguments, at: Block, site: int, depth: int) -> Values:
        p = self.p
        function: Block = callee.a
        passed = bind_arguments(p, function, given)
        values = p.read(function.returned, at)
        if function.sites:
            hand_on(self, Invocation(p, callee, given, passed, at, site), depth)
        if function.generator:
            box = p.box("generator", function, 0)
            p.connect(function.yielded, box.a.any)
            return frozenset((box,))
        if self.handing:  # nobody takes the result
            return NONE
        values = may_return(p, function, values, given, passed, at)
        return values if is_plain(values) else Invocation(p, callee, given, passed, at, site).result(values)

    def store_slot(self, box: Value, key: Any, values: Values, at: Block, strong: bool = False) -> None:
        """Put values under a constant key, or anywhere past MAX_KEYS. `strong`: from here on nothing else stands there."""
        made: Box = box.a
        made.changed = True
        if strong and at is made.own:
            self.frame.set((box, key), values)
        elif (known := self._certain(box, key)) is not None:
            self.frame.set((box, key), known | values)
        for cell in self._slot(made, key, at):
            self.p.flow_into(cell, values)

    def share_slot(self, source: Value, target: Value, key: Any, at: Block) -> None:
        """What stands under a key of one container stands there in the other too, now and later."""
        if self._certain(source, key) is not None or self._certain(target, key) is not None:
            self.store_slot(target, key, self.read_slot(source, key, at), at)
            return
        for cell in self._slot(target.a, key, at):
            self.p.connect(source.a.slots[key], cell)

    def _certain(self, box: Value, key: Any) -> Values | None:
        """What certainly stands under a key now."""
        return self.frame.get((box, key)) if self.frame.block.owner is box.a.own else None

    def _slot(self, made: Box, key: Any, at: Block) -> tuple[Cell, ...]:
        """Where to store under a key."""
        cell = made.slots.get(key)
        if cell is None:
            if len(made.slots) >= MAX_KEYS:
                return (made.any,)
            cell = made.slots[key] = Cell()
            self.p.upset(made.readers)
        return (cell,) if at is made.own else (cell, made.foreign.setdefault(key, Cell()))

    def read_slot(self, box: Value, key: Any, at: Block) -> Values:
        made: Box = box.a
        if isinstance(key, int) and key < 0:
            return self.elements(frozenset((box,)), at)
        values = self.p.read(made.any, at)
        here = self._certain(box, key)
        if here is not None:
            foreign = made.foreign.get(key)
            if foreign is None:
                foreign = made.foreign[key] = Cell()
            return values | here | self.p.read(foreign, at)
        cell = made.slots.get(key)
        if cell is None and len(made.slots) < MAX_KEYS:
            cell = made.slots[key] = Cell()
            self.p.upset(made.readers)  # what will be put there is for them as well
        if cell is None or not cell.values:  # nothing was ever put there by its number
            values |= self.p.read(made.more, at)
        return values | self.p.read(cell, at) if cell is not None else values

    def elements(self, values: Values, at: Block) -> Values:
        """Everything the containers among `values` hold."""
        p = self.p
        found: set[Value] = set()
        for value in values:
            if value.kind == BOX:
                few = len(value.a.slots) <= MAX_SLOTS
                found |= self._held(value.a, at) if few else p.once((value,), at, partial(self._held, value.a, at))
            elif value.kind in (EXTERNAL, RESULT):
                found.add(p.value(UNKNOWN, "external"))
        return frozenset(found)

    def _held(self, made: Box, at: Block) -> Values:
        p = self.p
        cells = (*p.slots(made, at).values(), made.more, made.any)
        return NONE.union(*[p.read(cell, at) for cell in cells])

    def keys(self, box: Value, at: Block) -> Values:
        p = self.p
        slots = p.slots(box.a, at)
        known = {p.value(CONSTANT, key) for key in slots} if len(slots) <= 12 else set()
        return frozenset(known) | p.read(box.a.keys, at)
