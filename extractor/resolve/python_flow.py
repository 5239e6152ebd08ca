"""Runs the flow of a block: statements in order over a Frame, noting calls, until nothing new flows anywhere.

Straight-line code replaces what a name held; branches are run apart and joined; loops are run until they add nothing, at most
twice more. Class bodies run inside the block that contains them, and their calls leave from it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from extractor.resolve.common import CONFIDENCE
from extractor.resolve.python_calls import Calls
from extractor.resolve.python_library import write_attribute
from extractor.resolve.python_program import BUILTINS, Program
from extractor.resolve.python_state import Arguments, Frame, Hits
from extractor.resolve.python_types import declared_type, named, types_of
from extractor.resolve.python_values import (
    BOUND,
    BOX,
    CLASS,
    CONSTANT,
    EXTERNAL,
    FUNCTION,
    INSTANCE,
    METHOD,
    MODULE,
    NONE,
    PROPERTY,
    RECORD,
    RESULT,
    RETURNED,
    SUPER,
    TOKEN,
    UNKNOWN,
    Block,
    Cell,
    Class,
    Site,
    Value,
    Values,
    constant_keys,
)  # fmt: skip

MAX_RUNS: Final = 40
CONTEXT_MANAGERS: Final = ("contextlib.contextmanager", "contextlib.asynccontextmanager")
MARKS: Final = ("builtins.staticmethod", "builtins.classmethod", "abc.abstractmethod", "typing.overload")
PROPERTIES: Final = ("property",)
Changes = dict[Any, Values | None]


class Flow:
    """The interpreter. `frame` is the state of the block that is being run."""

    def __init__(self, program: Program) -> None:
        self.p = program
        self.calls = Calls(program)
        self.frame: Frame
        self.at: Block
        self.lenient = False
        self.supposed: dict[int, bool] = {}  # parameters known to be None, or not, in the branch being run
        self.line = 0  # of the last call or attribute, for what has no line of its own
        self.undecided: dict[Block, None] = {}

    # Whole program

    def settle(self) -> None:
        """Evaluate queued blocks until no value moves."""
        while (block := self.p.next_block()) is not None:
            if block.runs < MAX_RUNS:
                self.run(block)

    def run(self, block: Block) -> None:
        block.runs += 1
        block.edges, block.missed = {}, {}
        if block.found:
            block.found = {}
        self.frame = self.calls.frame = Frame(block)
        self.at = block
        self.supposed = {}
        if block.kind == "function":
            self._enter(block)
        self.body(block.flow)
        if block.kind == "module":
            for name, values in self.frame.env.items():
                if isinstance(name, str):
                    self.p.flow_into(self.p.final_of(block, name), values)

    def _enter(self, block: Block) -> None:
        """Bind the parameters to tokens, so that results can say which parameter they come from."""
        p = self.p
        for index, param in enumerate(block.params):
            if param.kind == "*":
                values = frozenset((p.box("tuple", block, -2 - index),))
                self._typed_rest(block, index, values)
            elif param.kind == "**":
                values = frozenset((p.box("dict", block, -2 - index),))
                self._typed_rest(block, index, values)
            else:
                values = p.one(TOKEN, block, index)
            self.frame.env[param.name] = values
            if param.name in block.captured:
                p.add(p.cell_of(block, param.name), values)

    def _typed_rest(self, block: Block, index: int, values: Values) -> None:
        if index not in block.declared:
            for box in values:
                self.p.add(box.a.any, declared_type(self.p, block, index))

    # Statements

    def body(self, flow: list[Any]) -> bool:
        """Run statements; True when the end cannot be reached."""
        return any(_STATEMENTS[statement[0]](self, statement) for statement in flow)

    def branch(self, flow: list[Any], tests: list[Any] = (), holds: bool = True) -> Changes | None:  # type: ignore[assignment]
        """What running `flow` would change, the frame left as it was; None when its end cannot be reached."""
        frame = self.frame
        outer, frame.log = frame.log, {}
        supposed = self.supposed
        for test in tests:
            self._narrow(test, holds)
        ended = self.body(flow)
        self.supposed = supposed
        log = frame.log
        changes: Changes = {key: frame.env.get(key) for key in log}
        frame.log = None
        for key, values in log.items():
            frame.set(key, values)
        frame.log = outer
        return None if ended else changes

    def join(self, branches: list[Changes | None]) -> bool:
        """Take over what the branches that end here changed; True when none does."""
        open_ = [changes for changes in branches if changes is not None]
        if not open_:
            return True
        env = self.frame.env
        if len(open_) == 1:
            for key, values in open_[0].items():
                self.frame.set(key, values)
            return False
        for key in dict.fromkeys(key for changes in open_ for key in changes):
            merged: Values = NONE
            for changes in open_:
                values = changes[key] if key in changes else env.get(key)
                if values:
                    merged = merged | values if merged else values
            self.frame.set(key, merged)
        return False

    def _narrow(self, test: list[Any], positive: bool) -> None:
        """Apply an isinstance test to a name."""
        name, types, holds, only_body = test
        if "." in name or (not positive and only_body):
            return
        if not types:
            self._suppose(name, holds == positive)
            return
        values = self.frame.env.get(name)
        if values is None:
            return
        classes: set[Class] = set()
        for written in types:
            for value in named(self.p, written, self.at, self.at):
                if value.kind != CLASS:
                    return
                classes.add(value.a)
        if not classes:
            return
        keep = holds == positive
        concrete = self.p.concrete(values, self.at)
        kept: set[Value] = set()
        for value in concrete:
            if value.kind == INSTANCE:
                order = self.p.ancestry(value.a, self.at)[0]
                if any(c in order for c in classes) == keep:
                    kept.add(value)
            elif not keep:
                kept.add(value)
        if keep and not kept:
            kept = {self.p.value(INSTANCE, c) for c in sorted(classes, key=lambda c: c.id)}
        if kept or keep:
            self.frame.set(name, frozenset(kept))

    def _suppose(self, name: str, is_none: bool) -> None:
        """From here to the end of the branch this parameter is known to be None, or not to be."""
        for value in self.frame.env.get(name, NONE):
            if value.kind == TOKEN and value.a is self.at:
                self.supposed = {**self.supposed, value.b: is_none}

    def _if(self, s: list[Any]) -> bool:
        body, orelse = self.branch(s[2], s[1], True), self.branch(s[3], s[1], False)
        if body is None and len(s[1]) == 1 and not s[1][0][1] and not s[1][0][3]:
            # The body never ends, so what follows knows the opposite of the test.
            self._suppose(s[1][0][0], not s[1][0][2])
        return self.join([body, orelse])

    def _loop(self, flow: list[Any], before: Callable[[], None] | None = None) -> None:
        """Run a loop's body until a round adds nothing to what was known before it."""
        for _ in range(3):
            known = self.frame.env
            if before is not None:
                before()
            changes = self.branch(flow)
            if changes is None:
                return
            grown = any(values and not values <= known.get(key, NONE) for key, values in changes.items())
            self.join([changes, {}])
            if not grown:
                return

    def _for(self, s: list[Any]) -> bool:
        _, target, iterable, body, orelse, line, asynchronous = s
        values = self.value(iterable)
        hits = Hits()
        elements = self.calls.iterate(self.concrete(values), self.at, line, hits, asynchronous)
        self.note(hits, "__iter__", line, 0)
        self._loop(body, lambda: self.assign(target, elements))
        return self.body(orelse)

    def _while(self, s: list[Any]) -> bool:
        self._loop(s[1])
        return self.body(s[2])

    def _try(self, s: list[Any]) -> bool:
        _, protected, handlers, orelse, final = s
        done = self.branch(protected)
        # A handler may start before, within or after the body: everything the body changed may or may not hold.
        partial: Changes = done if done is not None else {}
        ends: list[Changes | None] = []
        if done is not None:
            outer, self.frame.log = self.frame.log, {}
            self.join([done])
            ended = self.body(orelse)
            log = self.frame.log
            after: Changes = {key: self.frame.env.get(key) for key in log}
            self.frame.log = None
            for key, values in log.items():
                self.frame.set(key, values)
            self.frame.log = outer
            ends.append(None if ended else after)
        for types, alias, body in handlers:
            outer, self.frame.log = self.frame.log, {}
            self.join([partial, {}])
            if alias is not None:
                caught = frozenset().union(*(self.value(t) for t in types)) if types else NONE
                self.assign(alias, self._instances(self.concrete(caught)))
            ended = self.body(body)
            log = self.frame.log
            after = {key: self.frame.env.get(key) for key in log}
            self.frame.log = None
            for key, values in log.items():
                self.frame.set(key, values)
            self.frame.log = outer
            ends.append(None if ended else after)
        stopped = self.join(ends)
        if self.body(final):
            return True
        return stopped

    def _instances(self, values: Values) -> Values:
        found: set[Value] = set()
        for value in values:
            if value.kind == CLASS:
                found.add(self.p.value(INSTANCE, value.a))
            elif value.kind == EXTERNAL:
                found.add(self.p.value(RESULT, value.a))
            elif value.kind == BOX:
                found |= self._instances(self.calls.elements(frozenset((value,)), self.at))
        return frozenset(found)

    def _with(self, s: list[Any]) -> bool:
        _, flow, target, line, asynchronous = s
        entered: Values = NONE
        enter, leave = ("__aenter__", "__aexit__") if asynchronous else ("__enter__", "__exit__")
        hits = Hits()
        values = self.concrete(self.value(flow))
        for value in sorted(values):
            if value.kind == INSTANCE:
                entered |= self.calls.protocol(value, enter, Arguments(), self.at, line, hits, via="with")
                self.calls.protocol(value, leave, Arguments([NONE, NONE, NONE]), self.at, line, hits, via="with")
            elif value.kind == BOX:
                entered |= self.calls.elements(frozenset((value,)), self.at)
            elif value.kind in (RESULT, EXTERNAL, UNKNOWN):
                entered |= frozenset((value,))
        self.note(hits, enter, line, 0, False)
        if target is not None:
            self.assign(target, entered)
        return False

    def _assign(self, s: list[Any]) -> bool:
        self.assign(s[1], self.value(s[2]))
        return False

    def _annotated(self, s: list[Any]) -> bool:
        _, target, annotation, flow, given = s
        values = self.value(flow)
        frame = self.frame
        if frame.outer is not None and isinstance(target, str) and frame.block.class_ is not None:
            fields = frame.block.class_.fields
            if target not in fields and not (isinstance(annotation, list) and annotation[1] == "ClassVar"):
                fields.append(target)
        scope = frame.block
        if all(v.kind in (UNKNOWN, RESULT) for v in self.concrete(values)):
            values |= types_of(self.p, annotation, scope, self.at, _site(s))
        if frame.outer is not None and isinstance(target, str) and frame.block.class_ is not None:
            typed = types_of(self.p, annotation, scope, self.at, _site(s))
            if typed:
                self.p.flow_into(self.p.instance_cell(frame.block.class_, target), typed)
            if not given:
                return False
        if given or values:
            self.assign(target, values)
        return False

    def _evaluate(self, s: list[Any]) -> bool:
        self.value(s[1])
        return False

    def _return(self, s: list[Any]) -> bool:
        values = self.value(s[1])
        if values:
            cell = self.at.returned
            for key in self.supposed.items():
                cell = self.at.conditional.setdefault(key, Cell())
            self.give(cell, values)
        return True

    def give(self, cell: Cell, values: Values) -> None:
        """Into a result: tokens of this function and those around it stay, others are replaced by what flows to them."""
        kept: set[Value] = set()
        rest: set[Value] = set()
        for value in values:
            owner = value.a if value.kind == TOKEN else value.a.block if value.kind == RETURNED else None
            (rest if owner is not None and not self.at.within(owner) else kept).add(value)
        self.p.add(cell, kept)
        if rest:
            self.p.flow_into(cell, frozenset(rest))

    def _raise(self, s: list[Any]) -> bool:
        if s[1] is not None:
            values = self.value(s[1])
            hits = Hits()
            if not (isinstance(s[1], list) and s[1][0] == "C"):
                for value in sorted(self.concrete(values)):
                    if value.kind == CLASS:
                        self.calls.call(value, Arguments(), self.at, s[2], hits, "raise")
            self.note(hits, "raise", s[2], 0, False)
        return True

    def _jump(self, s: list[Any]) -> bool:
        return False

    def _delete(self, s: list[Any]) -> bool:
        for name in s[1]:
            self.frame.set(name, None)
        return False

    def _import(self, s: list[Any]) -> bool:
        p = self.p
        row = self.at.facts.imports[s[1]]
        if row.alias == "*":
            other = p.modules.imported(row, self.at.module.path)
            block = p.block_of(other) if other is not None else None
            if block is not None and other is not None:
                allowed = p.modules.public(other)
                for name in sorted(block.bound) if allowed is None else allowed:
                    if allowed is not None or not name.startswith("_"):
                        self._store(name, p.member_of_module(other, name, self.at))
            return False
        self._store(row.alias, self.imported(row))
        return False

    def imported(self, row: Any) -> Values:
        """What an import binds."""
        p, origin = self.p, self.at.module.path
        if not row.name:
            dotted = row.module if row.alias != row.module.partition(".")[0] else row.alias
            module = p.modules.absolute(dotted, origin)
            return p.one(MODULE, module) if module is not None else p.one(EXTERNAL, dotted)
        module = p.modules.imported(row, origin)
        if module is None:
            return p.one(EXTERNAL, f"{'.' * row.level}{row.module}.{row.name}") if not row.level else NONE
        return p.member_of_module(module, row.name, self.at)

    def _define(self, s: list[Any]) -> bool:
        """`def`: defaults flow into parameters, decorators are called inner before outer, the name is bound."""
        p = self.p
        _, index, decorators, defaults = s
        block = p.blocks_of[self.at.facts.path][index + 1]
        if block is None or block.definition is None:
            return False
        for position, flow in defaults:
            p.flow_into(block.inflow[position], self.value(flow))
        plain = p.one(FUNCTION, block)
        values = plain
        for flow, site, line, column in reversed(decorators):
            values = self._decorate(flow, site, line, column, values, block)
        self._store(block.definition.name, values)
        return False

    def _decorate(self, flow: Any, site: int, line: int, column: int, values: Values, block: Block) -> Values:
        name = block.definition.name if block.definition is not None else ""
        found: Values = NONE
        hits = Hits()
        decorators = sorted(self.concrete(self.value(flow)))
        for decorator in decorators:
            if decorator.kind == EXTERNAL and decorator.a in MARKS:
                found |= values
                hits.targets[f"ext {decorator.a}"] = "external"
                continue
            if decorator.kind == EXTERNAL and decorator.a in CONTEXT_MANAGERS:
                block.context_manager = True
            if decorator.kind == METHOD and decorator.a.kind == PROPERTY:
                found |= self.calls.call(decorator, Arguments([values]), self.at, site, hits, "decorator")
                continue
            returned = self.calls.call(decorator, Arguments([values]), self.at, site, hits, "decorator")
            hits.callbacks.clear()
            outside = decorator.kind in (EXTERNAL, RESULT, UNKNOWN) or (
                decorator.kind == BOUND and decorator.a.kind != FUNCTION
            )
            useful = frozenset(v for v in returned if v.kind != UNKNOWN)
            # A decorator outside the repository leaves the name with what it had.
            found |= values if outside and not any(v.kind == PROPERTY for v in useful) else useful
        if not decorators:
            hits.reasons.append("external")
        self.note(hits, _text(flow) or name, line, column, True, flow)
        if found:
            return found
        # So does one of which nothing is known, but that shows only when values have come to rest.
        self.undecided[self.at] = None
        return values if self.lenient else NONE

    def _class(self, s: list[Any]) -> bool:
        """`class`: bases first, then the body in a frame of its own, then decorators."""
        p = self.p
        _, index, bases, keywords, decorators = s
        block = p.blocks_of[self.at.facts.path][index + 1]
        if block is None or block.class_ is None or block.definition is None:
            return False
        cls = block.class_
        while len(cls.bases) < len(bases):
            cls.bases.append(Cell())
        for cell, flow in zip(cls.bases, bases, strict=True):
            values = self.concrete(self.value(flow))
            known = cell.values
            bases_here = {v for v in values if v.kind in (CLASS, EXTERNAL, RESULT)}
            for value in values:
                if value.kind == RECORD:
                    cls.fields += [name for name in value.a if name not in cls.fields]
                    bases_here.add(p.value(EXTERNAL, "builtins.tuple"))
            p.add(cell, bases_here or p.one(UNKNOWN, "external"))
            if cell.values is not known:
                p.rebase(cls)
        for name, flow in keywords:
            cls.keywords[name] = self.concrete(self.value(flow))
        for ancestor in p.ancestry(cls, self.at)[0][1:]:
            for name, values in ancestor.keywords.items():
                cls.keywords.setdefault(name, values)
        outer = self.frame
        self.frame = self.calls.frame = Frame(block, outer)
        self.body(block.flow)
        env = self.frame.env
        self.frame = self.calls.frame = outer
        for name, values in env.items():
            if isinstance(name, str):
                cell = p.own_cell(cls, name)
                if block.has_flag("enum") and not any(v.kind in (FUNCTION, CLASS, PROPERTY) for v in values):
                    values |= p.one(INSTANCE, cls)
                p.flow_into(cell, values)
        if block.has_flag("enum"):
            for definition in block.facts.defs:
                if definition.kind == "variable" and definition.scope == index:
                    p.add(p.own_cell(cls, definition.name), p.one(INSTANCE, cls))
        values = p.one(CLASS, cls)
        for ancestor in p.ancestry(cls, self.at)[0][1:]:
            hook = ancestor.own.get("__init_subclass__")
            for value in sorted(hook.values) if hook is not None else ():
                hits = Hits()
                if value.kind == FUNCTION:
                    self.calls.call(value, Arguments([values]), self.at, index, hits, "subclass")
                self.note(hits, "__init_subclass__", block.definition.start_line, 0, False)
        for flow, site, line, column in reversed(decorators):
            values = self._decorate(flow, site, line, column, values, block)
        self._store(block.definition.name, values)
        return False

    # Names

    def assign(self, target: Any, values: Values) -> None:
        """Bind a target of an assignment, a loop or a with statement."""
        if target is None:
            return
        if isinstance(target, str):
            self._store(target, values)
            return
        kind = target[0]
        if kind == "T":
            self._unpack(target[2], values)
        elif kind == "A":
            owners = self.concrete(self.value(target[1]))
            hits = Hits()
            write_attribute(self.calls, owners, target[2], values, self.at, target[3], hits)
            self.note(hits, target[2], target[3], 0, False)
        elif kind == "I":
            self._store_item(target, values)
        elif kind == "S":
            self.assign(target[1], values)

    def _store(self, name: str, values: Values) -> None:
        p, block = self.p, self.frame.block
        if name in block.outer:
            top = p.blocks_of[block.facts.path][0]
            if top is not None:
                for cell in (p.cell_of(top, name), p.final_of(top, name), top.foreign[name]):
                    p.flow_into(cell, values)
            return
        if name in block.nonlocals:
            cell = p.free(block, name)
            if isinstance(cell, Cell):
                p.flow_into(cell, values)
            return
        self.frame.set(name, values)
        if block.kind == "module":
            p.flow_into(p.cell_of(block, name), values)
        elif name in block.captured:
            p.add(p.cell_of(block, name), values)
        if name in block.wanted:
            block.found.setdefault(name, set()).update(values)

    def _unpack(self, targets: list[Any], values: Values) -> None:
        """`a, *b, c = values`: by position where the container's slots are known."""
        p = self.p
        star = next((i for i, t in enumerate(targets) if isinstance(t, list) and t[0] == "S"), len(targets))
        parts: list[Values] = [NONE] * len(targets)
        for value in sorted(self.concrete(values)):
            if value.kind != BOX or value.a.kind == "dict":
                hits = Hits()
                each = self.calls.iterate(frozenset((value,)), self.at, 0, hits)
                self.note(hits, "__iter__", self.line, 0, False)
                parts = [part | each for part in parts]
                continue
            known = [key for key in value.a.slots if isinstance(key, int) and key >= 0]
            size = max(known) + 1 if known else 0
            for index, target in enumerate(targets):
                if index < star:
                    parts[index] |= self.calls.read_slot(value, index, self.at)
                elif index == star:
                    after = len(targets) - star - 1
                    box = p.box("list", self.at, -1000 - _site([target, index]), "rest")
                    for offset, key in enumerate(range(star, max(star, size - after))):
                        self.calls.store_slot(box, offset, self.calls.read_slot(value, key, self.at), self.at)
                    p.connect(value.a.any, box.a.any)
                    parts[index] |= frozenset((box,))
                else:
                    key = size - (len(targets) - index)
                    parts[index] |= self.calls.read_slot(value, key, self.at) if key >= 0 else NONE
        for target, part in zip(targets, parts, strict=True):
            self.assign(target, part)

    def _store_item(self, target: list[Any], values: Values) -> None:
        owners = self.concrete(self.value(target[1]))
        keys = self.concrete(self.value(target[2]))
        hits = Hits()
        constants = constant_keys(keys)
        strong = len(owners) == 1 and len(constants) == 1 and len(keys) == 1
        for owner in sorted(owners):
            if owner.kind == BOX:
                for key in constants:
                    self.calls.store_slot(owner, key, values, self.at, strong)
                if not constants:
                    self.p.flow_into(owner.a.any, values)
            elif owner.kind == INSTANCE:
                self.calls.protocol(
                    owner, "__setitem__", Arguments([keys, values]), self.at, target[3], hits, via="item"
                )
        self.note(hits, "__setitem__", target[3], 0, False)

    def concrete(self, values: Values) -> Values:
        return self.p.concrete(values, self.at)

    # Expressions

    def value(self, flow: Any) -> Values:
        if flow is None:
            return NONE
        if flow.__class__ is str:
            return self.name(flow)
        return _EXPRESSIONS[flow[0]](self, flow)

    def name(self, name: str) -> Values:
        frame: Frame | None = self.frame
        while frame is not None:
            values = frame.env.get(name)
            if values is not None:
                foreign = frame.block.foreign.get(name)
                if foreign is not None:
                    return values | self.p.read(foreign, self.at)
                return values
            if frame.outer is None:
                break
            frame = frame.outer
        assert frame is not None
        block = frame.block
        if name in block.bound and name not in block.nonlocals:
            if block.kind == "function":
                cell = block.names.get(name) if name in block.captured else None
                return self.p.read(cell, self.at) if cell is not None else NONE
            foreign = block.foreign.get(name)
            values = self.p.read(foreign, self.at) if foreign is not None else NONE
            # `list = list` at the top of a module reads the builtin.
            return values or (self.p.one(EXTERNAL, f"builtins.{name}") if name in BUILTINS else NONE)
        found = self.p.free(block, name)
        return self.p.read(found, self.at) if found.__class__ is Cell else found

    def _constant(self, f: list[Any]) -> Values:
        return self.p.one(CONSTANT, f[1])

    def _attribute(self, f: list[Any]) -> Values:
        owners = self.value(f[1])
        if not owners:
            return NONE
        name, self.line = f[2], f[3]
        found: Values = NONE
        for owner in self.concrete(owners):
            values, getters, _ = self.p.attribute(owner, name, self.at)
            found = found | values if found else values
            if getters:
                hits = Hits()
                for getter, receiver in getters:
                    found |= self.calls.call(
                        getter, Arguments([frozenset((receiver,))]), self.at, f[3], hits, "property"
                    )
                self.note(hits, name, f[3], 0, False)
        return found

    def _arguments(self, positional: list[Any], keywords: list[Any]) -> Arguments:
        given = Arguments()
        for flow in positional:
            if flow is not None and flow.__class__ is list and flow[0] == "S":
                self._spread(given, self.value(flow[1]))
            else:
                given.positional.append(self.value(flow))
        for name, flow in keywords:
            values = self.value(flow)
            if name:
                given.keywords[name] = values
                continue
            for box in self.concrete(values):
                if box.kind == BOX:
                    for key in list(box.a.slots):
                        if isinstance(key, str):
                            given.keywords[key] = given.keywords.get(key, NONE) | self.calls.read_slot(
                                box, key, self.at
                            )
                    given.double |= self.p.read(box.a.any, self.at)
        return given

    def _spread(self, given: Arguments, values: Values) -> None:
        """`*values`: by position while the container's slots are known, to every later position otherwise."""
        for box in sorted(self.concrete(values)):
            if box.kind == BOX and box.a.kind in ("tuple", "list"):
                known = sorted(key for key in box.a.slots if isinstance(key, int) and key >= 0)
                for key in known[: 32 if len(values) == 1 else 0]:
                    given.positional.append(self.calls.read_slot(box, key, self.at))
                given.star |= self.p.read(box.a.any, self.at) | self.p.read(box.a.more, self.at)
            else:
                given.star |= self.calls.elements(frozenset((box,)), self.at)

    def _call(self, f: list[Any]) -> Values:
        _, site, flow, positional, keywords, line, column = f
        self.line = line
        hits = Hits()
        reason = "dynamic"
        if flow.__class__ is list and flow[0] == "A":
            callees, reason = self._method(flow, hits)
        else:
            callees = self.value(flow)
            if not callees and flow.__class__ is str and flow not in self.frame.block.bound:
                reason = "missing_module"
        given = self._arguments(positional, keywords)
        result: set[Value] = set()
        parameters = frozenset(v for v in callees if v.kind == TOKEN) if callees else NONE
        direct = self.concrete(callees - parameters)
        for callee in sorted(direct) if len(direct) > 1 else direct:
            result |= self.calls.call(callee, given, self.at, site, hits)
            if callee.kind == METHOD and callee.b == "update" and callee.a.kind == BOX:
                self._updated(callee.a, given, len(direct) == 1 and not parameters)
        if parameters:
            # What comes back from a parameter is kept apart: a caller knows better what that parameter was.
            inner = self.at.sites.get(site)
            if inner is None:
                inner = self.at.sites[site] = Site(self.at)
            inner.callees, inner.positional, inner.keywords = parameters, given.positional, given.keywords
            for callee in sorted(self.concrete(parameters) - direct):
                self.p.flow_into(inner.result, self.calls.call(callee, given, self.at, site, hits))
            result.add(self.p.value(RETURNED, inner))
            reason = "unknown_receiver"
        if not hits.targets and not hits.reasons:
            hits.reasons.append(reason)
        self.note(hits, _text(flow), line, column, True, flow)
        return frozenset(result)

    def _updated(self, box: Value, given: Arguments, strong: bool) -> None:
        """`d.update(...)` on a container of this block: what it sets is certain from here on."""
        added: dict[Any, Values] = dict(given.keywords)
        for values in given.positional[:1]:
            for value in self.concrete(values):
                if value.kind == BOX:
                    added.update({key: self.calls.read_slot(value, key, self.at) for key in list(value.a.slots)})
        for key, values in added.items():
            self.calls.store_slot(box, key, values, self.at, strong and len(given.positional) <= 1)

    def _method(self, flow: list[Any], hits: Hits) -> tuple[Values, str]:
        """The callee `owner.name`, and why there is none."""
        owners = self.value(flow[1])
        if not owners:
            return NONE, "unknown_receiver"
        found: Values = NONE
        reason = ""
        for owner in sorted(self.concrete(owners)):
            values, getters, missing = self.p.attribute(owner, flow[2], self.at)
            found |= values
            reason = reason or missing
            if getters:
                read = Hits()
                for getter, receiver in getters:
                    found |= self.calls.call(
                        getter, Arguments([frozenset((receiver,))]), self.at, flow[3], read, "property"
                    )
                self.note(read, flow[2], flow[3], 0, False)
        return found, reason or "unknown_receiver"

    def _item(self, f: list[Any]) -> Values:
        owners = self.concrete(self.value(f[1]))
        keys = self.concrete(self.value(f[2]))
        found: Values = NONE
        hits = Hits()
        constants = constant_keys(keys)
        for owner in sorted(owners):
            if owner.kind == BOX:
                if not constants:
                    found |= self.calls.elements(frozenset((owner,)), self.at)
                for key in constants:
                    found |= self.calls.read_slot(owner, key, self.at)
            elif owner.kind == INSTANCE:
                found |= self.calls.protocol(owner, "__getitem__", Arguments([keys]), self.at, f[3], hits, via="item")
            elif owner.kind == CLASS:
                if owner.a.block.has_flag("enum"):
                    found |= self.p.one(INSTANCE, owner.a)
                else:
                    found |= frozenset((owner,))
            elif owner.kind in (EXTERNAL, UNKNOWN, RESULT):
                found |= self.p.one(UNKNOWN, "external") if owner.kind != EXTERNAL else frozenset((owner,))
        self.note(hits, "__getitem__", f[3], 0, False)
        return found

    def _slice(self, f: list[Any]) -> Values:
        owners = self.concrete(self.value(f[1]))
        low, high = f[2], f[3]
        if low == "?":
            self.value(high)
            return owners
        found: set[Value] = set()
        for owner in sorted(owners):
            start = low or 0
            if owner.kind != BOX or start < 0 or (high is not None and high < 0) or owner.a.kind == "dict":
                found.add(owner)
                continue
            box = self.p.box(owner.a.kind, self.at, int(owner) * 1000 + start, f"slice {high}")
            for key in [k for k in owner.a.slots if isinstance(k, int) and k >= start and (high is None or k < high)]:
                self.calls.store_slot(box, key - start, self.calls.read_slot(owner, key, self.at), self.at)
            self.p.connect(owner.a.any, box.a.any)
            self.p.connect(owner.a.more, box.a.more)
            found.add(box)
        return frozenset(found)

    def _sequence(self, f: list[Any]) -> Values:
        tag, site, items = f
        box = self.p.box({"T": "tuple", "B": "list", "E": "set"}[tag], self.at, site)
        place = 0
        exact = True
        for flow in items:
            if flow is not None and flow.__class__ is list and flow[0] == "S":
                given = Arguments()
                self._spread(given, self.value(flow[1]))
                for values in given.positional:
                    self.calls.store_slot(box, place, values, self.at, exact)
                    place += 1
                self.p.flow_into(box.a.any, given.star)
                continue
            values = self.value(flow)
            if tag == "E":
                self.p.flow_into(box.a.any, values)
            elif values or place < 8:
                self.calls.store_slot(box, place, values, self.at, exact)
            place += 1
        return frozenset((box,))

    def _dictionary(self, f: list[Any]) -> Values:
        box = self.p.box("dict", self.at, f[1])
        for key, flow in f[2]:
            values = self.value(flow)
            if key is None:
                for other in self.concrete(values):
                    if other.kind == BOX:
                        for inner in list(other.a.slots):
                            self.calls.store_slot(box, inner, self.calls.read_slot(other, inner, self.at), self.at)
                        self.p.connect(other.a.any, box.a.any)
                continue
            keys = self.concrete(self.value(key))
            constants = constant_keys(keys)
            for constant in constants:
                self.calls.store_slot(box, constant, values, self.at, len(keys) == 1)
            if not constants:
                self.p.flow_into(box.a.any, values)
                self.p.flow_into(box.a.keys, keys)
        return frozenset((box,))

    def _lambda(self, f: list[Any]) -> Values:
        block = self.p.blocks_of[self.at.facts.path][f[1] + 1]
        if block is None:
            return NONE
        for position, flow in f[2]:
            self.p.flow_into(block.inflow[position], self.value(flow))
        return self.p.one(FUNCTION, block)

    def _either(self, f: list[Any]) -> Values:
        found: Values = NONE
        if len(f) > 2:
            self.value(f[2])
        for flow in f[1]:
            values = self.value(flow)
            found = found | values if found else values
        return found

    def _evaluated(self, f: list[Any]) -> Values:
        for flow in f[1]:
            self.value(flow)
        return NONE

    def _comprehension(self, f: list[Any]) -> Values:
        _, site, kind, items, clauses = f
        frame = self.frame
        outer, frame.log = frame.log, {}
        for clause in clauses:
            if clause[0] == "i":
                self.value(clause[1])
                continue
            _, target, iterable, line, asynchronous = clause
            hits = Hits()
            values = self.calls.iterate(self.concrete(self.value(iterable)), self.at, line, hits, asynchronous)
            self.note(hits, "__iter__", line, 0, False)
            self._bind_inner(target, values)
        results = [self.value(flow) for flow in items]
        log, frame.log = frame.log, None
        for key, old in log.items():
            if isinstance(key, str) and key not in frame.block.bound:
                frame.set(key, old)
        frame.log = outer
        if outer is not None:
            for key, old in log.items():
                outer.setdefault(key, old)
        box = self.p.box({"l": "list", "s": "set", "d": "dict", "g": "generator"}[kind], self.at, site, "comprehension")
        if kind == "d" and len(results) == 2:
            self.p.flow_into(box.a.any, results[1])
            self.p.flow_into(box.a.keys, results[0])
        else:
            self.p.flow_into(box.a.any, results[0])
        return frozenset((box,))

    def _bind_inner(self, target: Any, values: Values) -> None:
        """A comprehension's own names hide outer ones and reach nobody but lambdas inside it."""
        if isinstance(target, str):
            self.frame.set(target, values)
            if target in self.frame.block.captured:
                self.p.add(self.p.cell_of(self.frame.block, target), values)
        elif target is not None:
            self.assign(target, values)

    def _yield(self, f: list[Any]) -> Values:
        values = self.value(f[1])
        if values:
            self.p.flow_into(self.at.yielded, values)
        return NONE

    def _yield_from(self, f: list[Any]) -> Values:
        hits = Hits()
        values = self.calls.iterate(self.concrete(self.value(f[1])), self.at, 0, hits)
        self.note(hits, "__iter__", self.line, 0, False)
        self.p.flow_into(self.at.yielded, values)
        return NONE

    def _await(self, f: list[Any]) -> Values:
        values = self.value(f[1])
        found: Values = NONE
        for value in values:
            if value.kind == INSTANCE and self.p.on_class(value.a, "__await__", self.at)[0]:
                hits = Hits()
                found |= self.calls.elements(
                    self.calls.protocol(value, "__await__", Arguments(), self.at, 0, hits), self.at
                )
                self.note(hits, "__await__", self.line, 0, False)
            else:
                found |= frozenset((value,))
        return found

    def _operator(self, f: list[Any]) -> Values:
        _, methods, left, right, line = f
        first, second = self.value(left), self.value(right)
        found: set[Value] = set()
        hits = Hits()
        for operand, other, name in ((first, second, methods[0]), (second, first, methods[1])):
            if not name:
                continue
            for value in sorted(self.concrete(operand)):
                if value.kind == INSTANCE and self.p.on_class(value.a, name, self.at)[0]:
                    found |= self.calls.protocol(value, name, Arguments([other]), self.at, line, hits, via="operator")
                elif (
                    value.kind == BOX
                    and operand is first
                    and methods[0] in ("__add__", "__iadd__", "__or__", "__ior__", "__mul__")
                ):
                    found.add(value)
                    for added in self.concrete(second):
                        if added.kind == BOX and added is not value:
                            for cell in (*added.a.slots.values(), added.a.more, added.a.any):
                                self.p.connect(cell, value.a.more)
            if found and methods[0][:3] != "__i":
                break
            if methods[0].startswith("__i") and not hits.targets and name == methods[0]:
                # x += y falls back on __add__ of x, never on a reflected method of y.
                for value in sorted(self.concrete(first)):
                    if value.kind == INSTANCE and self.p.on_class(value.a, methods[1], self.at)[0]:
                        found |= self.calls.protocol(
                            value, methods[1], Arguments([second]), self.at, line, hits, via="operator"
                        )
                break
        self.note(hits, methods[0], line, 0, False)
        return frozenset(found)

    def _walrus(self, f: list[Any]) -> Values:
        values = self.value(f[2])
        self.assign(f[1], values)
        return values

    def _starred(self, f: list[Any]) -> Values:
        return self.value(f[1])

    def _alias(self, f: list[Any]) -> Values:
        return self.p.one("type", types_of(self.p, f[1], self.frame.block, self.at, 0))

    # Edges

    def note(self, hits: Hits, name: str, line: int, column: int, report: bool = True, flow: Any = None) -> None:
        """Write down what one site reaches, or that it reaches nothing."""
        if not hits.targets and not hits.callbacks:
            if report and hits.reasons:
                self.at.missed[(name, line)] = (hits.reasons[0], "")
            return
        count = sum(not target.startswith("ext ") for target in hits.targets)
        for target, via in hits.targets.items():
            rule = via or self._rule(target, flow)
            confidence = CONFIDENCE.get(rule, 0.9)
            if rule == "flow" and count > 1:
                confidence = CONFIDENCE["flow:many"]
            self._edge(target, line, confidence, rule, column, count, hits.instantiates.get(target, ""))
        for target in hits.callbacks:
            if target not in hits.targets:
                self._edge(target, line, CONFIDENCE["callback"], "callback", column, 1, "")

    def _edge(self, target: str, line: int, confidence: float, rule: str, column: int, count: int, made: str) -> None:
        known = self.at.edges.get((target, line))
        if known is None or known[0] < confidence:
            self.at.edges[(target, line)] = (confidence, rule, column, count, made)

    def _rule(self, target: str, flow: Any) -> str:
        """How a name or attribute led to its target."""
        if isinstance(flow, str):
            named_so = target.rpartition("#")[2].partition("@")[0].split(".")
            if flow in named_so[-2:]:
                return "scope" if target.partition("#")[0] == self.at.id.partition("#")[0] else "import"
            return "import" if any(row.alias == flow for row in self.at.module.imports.get(flow, ())) else "flow"
        if isinstance(flow, list) and flow[0] == "A":
            owner = flow[1]
            if owner in ("self", "cls"):
                return "self"
            if isinstance(owner, list) and owner[0] == "C" and owner[2] == "super":
                return "super"
            if isinstance(owner, str) and owner in self.at.module.imports:
                return "import"
            return "type" if flow[2] in target.rpartition("#")[2].split(".")[-1:] else "flow"
        return "flow"


def _text(flow: Any) -> str:
    """A callee as a dotted name, as far as it is one."""
    if isinstance(flow, str):
        return flow
    if isinstance(flow, list) and flow:
        if flow[0] == "A":
            return f"{_text(flow[1]) or '()'}.{flow[2]}"
        if flow[0] == "C":
            return f"{_text(flow[2])}()"
        if flow[0] == "I":
            return f"{_text(flow[1])}[]"
    return ""


def _site(flow: list[Any]) -> int:
    """A number for a place that has none of its own, the same in every run."""
    text = repr(flow)
    number = 0
    for character in text[:80]:
        number = (number * 31 + ord(character)) % 1_000_003
    return 1000 + number


_STATEMENTS: Final[dict[str, Callable[[Flow, list[Any]], bool]]] = {
    "=": Flow._assign,
    ":": Flow._annotated,
    "e": Flow._evaluate,
    "r": Flow._return,
    "!": Flow._raise,
    "j": Flow._jump,
    "?": Flow._if,
    "f": Flow._for,
    "w": Flow._while,
    "t": Flow._try,
    "h": Flow._with,
    "i": Flow._import,
    "x": Flow._delete,
    "d": Flow._define,
    "c": Flow._class,
}
_EXPRESSIONS: Final[dict[str, Callable[[Flow, list[Any]], Values]]] = {
    "K": Flow._constant,
    "A": Flow._attribute,
    "C": Flow._call,
    "I": Flow._item,
    "L": Flow._slice,
    "T": Flow._sequence,
    "B": Flow._sequence,
    "E": Flow._sequence,
    "D": Flow._dictionary,
    "F": Flow._lambda,
    "U": Flow._either,
    "G": Flow._comprehension,
    "X": Flow._evaluated,
    "Y": Flow._yield,
    "Z": Flow._yield_from,
    "W": Flow._await,
    "O": Flow._operator,
    "N": Flow._walrus,
    "S": Flow._starred,
    "Q": Flow._alias,
}
__all__ = ["SUPER", "Flow"]
