"""Runs the flow of a block: statements in order over a Frame, noting calls, until nothing new flows anywhere.

Straight-line code replaces what a name held; branches are run apart and joined; loops are run until they add nothing, at most
twice more. Class bodies run inside the block that contains them, and their calls leave from it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from extractor.resolve.python_builtins import call_builtin
from extractor.resolve.python_calls import Calls
from extractor.resolve.python_expressions import EXPRESSIONS
from extractor.resolve.python_instances import tuple_fields
from extractor.resolve.python_iteration import iterate
from extractor.resolve.python_lookup import on_instance
from extractor.resolve.python_members import contained
from extractor.resolve.python_narrowing import narrow
from extractor.resolve.python_program import BUILTINS, Program
from extractor.resolve.python_protocols import ask, hashed
from extractor.resolve.python_rows import ALL
from extractor.resolve.python_state import Arguments, Frame, Hits
from extractor.resolve.python_statements import STATEMENTS
from extractor.resolve.python_storing import stored_anyway, write_attribute
from extractor.resolve.python_text import dotted, place_number
from extractor.resolve.python_traces import Above, Trace, patched, remembered, worth
from extractor.resolve.python_values import (
    BOX,
    EXTERNAL,
    FUNCTION,
    INSTANCE,
    MODULE,
    NONE,
    TOKEN,
    Block,
    Cell,
    Code,
    Place,
    Reader,
    Values,
    constant_keys,
)  # fmt: skip

MAX_RUNS: Final = 40
Step = tuple[Callable[["Flow", Code], Any], Code, Place | None]
Changes = dict[Any, Values | None]


class Flow:
    """The interpreter. `frame` is the state of the block that is being run."""

    def __init__(self, program: Program) -> None:
        self.p = program
        self.calls = Calls(program, call_builtin)
        self.frame: Frame
        self.at: Block
        self.lenient = False
        # What is known of parameters in the branch being run: by position whether it is None, by position and classes whether of those.
        self.supposed: dict[Any, bool] = {}
        self.line = 0  # of the last call or attribute, for what has no line of its own
        self.undecided: dict[Reader, None] = {}
        self.steps: dict[int, list[Step]] = {}  # by the identity of a flow
        self.iterated: dict[int, Place] = {}  # what a loop runs over, by the identity of its statement
        self.by_name: dict[int, bool] = {}  # whether a loop stores by name
        self.trace: Trace | None = None

    def settle(self) -> None:
        """Evaluate queued blocks until no value moves."""
        while (block := self.p.next_block()) is not None:
            if block.runs < MAX_RUNS:
                self.run(block)

    def forget(self) -> None:
        """Nothing is run again: let go of what statements did, but for what the logs hold."""
        for place in (
            *self.iterated.values(),
            *(p for steps in self.steps.values() for _, _, p in steps if p is not None),
        ):
            place.traces = ()

    def run(self, block: Block) -> None:
        block.runs += 1
        if block.runs > 1 and patched(self, block):
            return
        block.whole.stale = False
        block.log = []
        self.frame = self.calls.frame = Frame(block)
        self.at, self.trace = block, None
        self.supposed = {}
        self.line = block.definition.start_line if block.definition is not None else 1
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
        if block in p.requested:
            self._request(block)
        for index, param in enumerate(block.params):
            if param.kind == "*":
                values = frozenset((p.box("tuple", block, -2 - index),))
            elif param.kind == "**":
                values = frozenset((p.box("dict", block, -2 - index),))
            else:
                values = p.one(TOKEN, block, index)
            self.frame.env[param.name] = values
            if param.name in block.captured:
                p.add(p.cell_of(block, param.name), values)

    def _request(self, block: Block) -> None:
        """pytest passes what a fixture returns or yields to the parameter of its name."""
        for index, maker in self.p.requested.get(block, ()):
            made = self.calls.invoke(self.p.value(FUNCTION, maker), Arguments(), block, -1000 - index)
            if maker.generator:
                made = self.calls.elements(made, block)
            self.p.presume(block, index, made)

    def body(self, flow: Code) -> bool:
        """Run statements; True when the end cannot be reached."""
        steps = self.steps.get(id(flow))
        if steps is None:
            steps = self.steps[id(flow)] = [self._step(statement) for statement in flow]
        rows = self.frame.by_rows
        for handler, statement, place in steps:  # noqa: SIM110  a generator costs more than most of what is run here
            if handler(self, statement) if place is None or rows else remembered(self, place):
                return True
        return False

    def _step(self, statement: Code) -> Step:
        handler = STATEMENTS[statement[0]]
        apart = self.frame.outer is not None
        return handler, statement, Place(self.at, handler, statement, apart) if worth(statement) else None

    def noted(self) -> Trace:
        """Where to write down what is done now."""
        if self.trace is None:
            self.trace = Trace()
            self.at.log.append(self.trace)
        return self.trace

    def raised(self, line: int, values: Values) -> None:
        trace = self.noted()
        trace.raised = (*trace.raised, (line, values))

    def branch(self, flow: Code, tests: Code = (), holds: bool = True) -> Changes | None:
        """What running `flow` would change, the frame left as it was; None when its end cannot be reached."""
        if not flow and not (any(test[1] for test in tests)):
            return {}
        frame = self.frame
        outer, frame.log = frame.log, {}
        supposed = self.supposed
        for test in tests:
            narrow(self, test, holds)
        ended = self.body(flow)
        self.supposed = supposed
        changes = frame.undo(outer)
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

    def assign(self, target: Any, values: Values) -> None:
        """Bind a target of an assignment, a loop or a with statement."""
        if target is None:
            return
        if isinstance(target, str):
            self.store(target, values)
            return
        kind = target[0]
        if kind == "T":
            self._unpack(target[2], values, target[1] or self.line)
        elif kind == "A":
            owners = self.concrete(self.value(target[1]))
            hits = Hits()
            write_attribute(self.calls, owners, target[2], values, self.at, target[3], hits)
            self.note(hits, target[2], target[3], 0, False)
        elif kind == "I":
            self._store_item(target, values)
        elif kind == "L":
            hits = Hits()
            given = Arguments([NONE, values])
            ask(self.calls, self.concrete(self.value(target[1])), ("__setitem__",), given, self.at, target[4], hits)
            self.note(hits, "__setitem__", target[4], 0, False)
        elif kind == "S":
            self.assign(target[1], values)

    def store(self, name: str, values: Values) -> None:
        """Bind a name of the current scope, or of the scope that `global` or `nonlocal` says."""
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
        if name in block.wanted and block is self.at:
            trace = self.noted()
            trace.found = (*trace.found, (name, values))

    def _unpack(self, targets: Code, values: Values, line: int) -> None:
        """`a, *b, c = values`: by position where the container's slots are known."""
        p = self.p
        star = next((i for i, t in enumerate(targets) if isinstance(t, tuple) and t[0] == "S"), len(targets))
        parts: list[Values] = [NONE] * len(targets)
        for value in sorted(self.concrete(values)):
            fields = tuple_fields(p, value, self.at)
            if fields and star == len(targets):
                # Values that flow here by mistake may have fewer fields than there are targets.
                for index, name in enumerate(fields[: len(parts)]):
                    parts[index] = parts[index] | on_instance(p, value.a, name, self.at)
                continue
            if value.kind != BOX or value.a.kind == "dict":
                hits = Hits()
                each = iterate(self.calls, frozenset((value,)), self.at, 0, hits)
                self.note(hits, "__iter__", line, 0, False)
                parts = [part | each for part in parts]
                continue
            known = [key for key in p.slots(value.a, self.at) if isinstance(key, int) and key >= 0]
            size = max(known) + 1 if known else 0
            for index, target in enumerate(targets):
                if index < star:
                    parts[index] |= self.calls.read_slot(value, index, self.at)
                elif index == star:
                    after = len(targets) - star - 1
                    box = p.box("list", self.at, -1000 - place_number((target, index)), "rest")
                    for offset, key in enumerate(range(star, max(star, size - after))):
                        self.calls.store_slot(box, offset, self.calls.read_slot(value, key, self.at), self.at)
                    p.connect(value.a.any, box.a.any)
                    parts[index] |= frozenset((box,))
                else:
                    key = size - (len(targets) - index)
                    parts[index] |= self.calls.read_slot(value, key, self.at) if key >= 0 else NONE
        for target, part in zip(targets, parts, strict=True):
            self.assign(target, part)

    def _store_item(self, target: Code, values: Values) -> None:
        owners = self.concrete(self.value(target[1]))
        written = self.value(target[2])
        keys = self.concrete(written)
        values = stored_anyway(self.p, self.at, written, values) if self.frame.by_rows != ALL else NONE
        hits = Hits()
        constants = constant_keys(keys)
        strong = len(owners) == 1 and len(constants) == 1 and len(keys) == 1
        for owner in sorted(owners):
            if owner.kind == INSTANCE:
                owner = contained(self.p, owner.a, self.at, "__setitem__") or owner
            if owner.kind == BOX:
                if owner.a.kind == "dict":
                    hashed(self.p, self.at, (id(target), 0), keys, target[3])
                for key in constants:
                    self.calls.store_slot(owner, key, values, self.at, strong)
                if not constants:
                    owner.a.changed = True
                    self.p.flow_into(owner.a.any, values)
            elif owner.kind == MODULE:  # globals()
                for key in constants:
                    write_attribute(self.calls, frozenset((owner,)), str(key), values, self.at, target[3], hits)
            elif owner.kind == INSTANCE:
                self.calls.protocol(
                    owner, "__setitem__", Arguments([keys, values]), self.at, target[3], hits, via="item"
                )
        self.note(hits, "__setitem__", target[3], 0, False)

    def concrete(self, values: Values) -> Values:
        return self.p.concrete(values, self.at)

    def value(self, flow: Any) -> Values:
        if flow is None:
            return NONE
        if flow.__class__ is str:
            return self.name(flow)
        return EXPRESSIONS[flow[0]](self, flow)

    def name(self, name: str) -> Values:
        frame: Frame | None = self.frame
        level = 0
        while frame is not None:
            values = frame.env.get(name)
            if level:
                self.frame.reads.setdefault(Above(level, name), values)
            elif name not in frame.writes and name not in frame.reads:
                frame.reads[name] = values
            if values is not None:
                foreign = frame.block.foreign.get(name)
                if foreign is not None:
                    return values | self.p.read(foreign, self.at)
                return values
            if frame.outer is None:
                break
            frame = frame.outer
            level += 1
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

    def note(self, hits: Hits, named: Any, line: int, column: int, report: bool = True, flow: Any = None) -> None:
        """Write down what one site reaches, or that it reaches nothing."""
        if not hits.targets and not hits.callbacks:
            if report and hits.reasons:
                name = dotted(named)
                trace = self.noted()
                trace.missed = (*trace.missed, ((name, line), hits.reasons[0]))
            return
        trace = self.noted()
        count = len(hits.targets)
        if count > 1:
            count = sum([not target.startswith("ext ") for target in hits.targets])
        made = hits.instantiates
        rows = [(target, via, line, column, count, made.get(target, ""), flow) for target, via in hits.targets.items()]
        if hits.callbacks:
            others = [target for target in hits.callbacks if target not in hits.targets]
            rows += [(target, "callback", line, column, 1, "", None) for target in others]
        for inner, wrapper in hits.wrapped.items():
            if inner not in hits.targets:
                rows.append((inner, "decorated", line, column, 1, wrapper, None))
        trace.rows += tuple(rows)
