"""Runs a whole Python program until no value moves: what is evaluated, in which order, and what is presumed where nobody calls.

Modules are evaluated first, in order of their imports, and what they reach; then, in waves, what nobody here calls: a method with
an instance of its own class, a parameter with what it declares, or with what the overridden method is passed. Each step runs until
no value moves, so the order of files does not matter. See `python_flow` for what evaluating means.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from extractor.facts import FileFacts
from extractor.resolve.common import is_aside
from extractor.resolve.python_fixtures import requested_fixtures
from extractor.resolve.python_flow import Flow
from extractor.resolve.python_guards import admitted, install
from extractor.resolve.python_inheritance import order_of
from extractor.resolve.python_modules import Module, Modules
from extractor.resolve.python_program import Program
from extractor.resolve.python_protocols import ASKED, asked_of
from extractor.resolve.python_types import declared_type
from extractor.resolve.python_values import (
    BOX,
    EXTERNAL,
    FUNCTION,
    INSTANCE,
    NONE,
    RESULT,
    UNKNOWN,
    Block,
    Box,
    Class,
    Value,
)

OUTSIDE: Final = (EXTERNAL, RESULT)  # what a parameter gets from there is what it declares
MAX_NESTED: Final = 2  # containers in containers that are looked into
MAX_ANSWERS: Final = 4  # rounds of asking until no answer moves a value


def analyse(program: Program, files: Sequence[FileFacts]) -> None:
    """Let values flow through the whole program until they stand still."""
    install(program)
    flow = Flow(program)
    for block in _import_order(program):
        block.reached = True
        program.enqueue(block)
    flow.settle()
    flow.lenient = True
    program.upset(flow.undecided)
    flow.settle()
    blocks = [b for blocks in program.blocks_of.values() for b in blocks if b is not None and b.kind == "function"]
    program.requested = requested_fixtures(program)
    for block in program.requested:  # their decorator, being outside, may have started them
        program.upset((block.whole,))
    called = {call.name for facts in files for call in facts.calls}
    for wave in range(4):
        for block in blocks:
            if not block.reached and _wave(block, called) == wave:
                _start(program, block)
        flow.settle()
    for block in blocks:
        _presume_receiver(program, block)
        _declare(program, block)
    for block in blocks:
        _inherit(program, block)
    for made in sorted(program.promised):
        for promised in sorted(program.promised[made]):
            if promised.kind == BOX and promised is not made:
                _fill(program, made.a, promised.a)
    flow.settle()
    asking = [b for blocks in program.blocks_of.values() for b in blocks if b is not None and b.asked]
    for _ in range(MAX_ANSWERS):
        _answer(flow, asking)
        if not any(program.waiting):
            break
        flow.settle()
    else:
        _answer(flow, asking)
    flow.forget()


def _answer(flow: Flow, blocks: list[Block]) -> None:
    """Let what values are asked for by the language itself reach their special methods."""
    special = flow.p.special
    known = {kind for kind, names in ASKED.items() if not special.isdisjoint(names)}
    for block in blocks:
        flow.at, flow.trace = block, None
        block.place = block.whole
        for values, kind, line in block.asked.values() if known else ():
            if kind in known:
                hits = asked_of(flow.calls, block, values, kind, line)
                if hits.targets:
                    flow.note(hits, ASKED[kind][0], line, 0, False)


def _wave(block: Block, called: set[str]) -> int:
    """When to start a function that nothing has reached: surely called from outside first, as tests and entry points are,
    so that what they pass is known before anything is presumed of the others."""
    definition = block.definition
    if definition is None or "nested" in definition.flags or definition.visibility != "public":
        return 3
    if definition.name not in called and not definition.name.startswith("__"):
        return 0
    return 1 if block.class_ is None else 2


def _start(program: Program, block: Block) -> None:
    """Evaluate a function nobody calls: its first parameter is what it is defined on, the others what they declare."""
    block.reached = True
    _presume_receiver(program, block)
    _declare(program, block)
    program.enqueue(block)


def _presume_receiver(program: Program, block: Block) -> None:
    """A method works on an instance of its own class, unless callers that are no tests or examples say of which class."""
    if block.inflow and block.class_ is not None:
        known = block.inflow[0].values
        if not is_aside(block.facts.path):
            known = frozenset(v for v in known if v.kind != INSTANCE or not is_aside(v.a.block.facts.path))
        if not any(v.kind != UNKNOWN for v in known):
            program.presume(block, 0, program.receiver(block))


def _declare(program: Program, block: Block) -> None:
    for index, _ in block.annotations:
        kind = block.params[index].kind
        if kind in ("*", "**"):
            rest = program.box("tuple" if kind == "*" else "dict", block, -2 - index).a
            if not _is_known(_held(rest)):
                program.add(rest.any, declared_type(program, block, index))
        elif kind == "" and not _is_known(v for v in block.inflow[index].values if v.kind not in OUTSIDE):
            cell = block.inflow[index]
            # What is not known may be what is declared: only where nothing else came is the declaration wrong.
            refused = NONE if cell.values else admitted(cell)
            program.presume(block, index, refused or declared_type(program, block, index))
    returned = block.returned.values.union(*(cell.values for cell in block.conditional.values()))
    if block.returns is not None and not _is_known(v for v in returned if v.kind != RESULT):
        values = declared_type(program, block, -1)
        if block.generator:
            if not block.yielded.values:
                for box in values:
                    if box.kind == "box":
                        program.connect(box.a.any, block.yielded)
        elif values:
            program.add(block.returned, values)


def _inherit(program: Program, block: Block) -> None:
    """A method that nobody is seen to call is passed what the method is that it overrides."""
    if block.class_ is None or block.definition is None or len(block.params) < 2:
        return
    overridden = _overridden(block.class_, block.definition.name)
    if overridden is None:
        return
    places = {param.name: index for index, param in enumerate(overridden.params)}
    for index, param in enumerate(block.params[1:], 1):
        at = places.get(param.name, index)
        if param.kind in ("*", "**") or at >= len(overridden.params) or overridden.params[at].kind in ("*", "**"):
            continue
        if not _is_known(block.inflow[index].values):
            program.connect(overridden.inflow[at], block.inflow[index])
            program.connect(overridden.inflow[at], block.presumed)


def _overridden(cls: Class, name: str) -> Block | None:
    for above in order_of(cls)[1:]:
        cell = above.own.get(name)
        for value in sorted(cell.values) if cell is not None else ():
            if value.kind == FUNCTION:
                return value.a  # type: ignore[no-any-return]
    return None


def _is_known(values: Iterable[Value], depth: int = 0) -> bool:
    """Whether anything is known of what these are; of a container, of what it holds."""
    return any(
        v.kind != UNKNOWN and (v.kind != BOX or depth == MAX_NESTED or _is_known(_held(v.a), depth + 1)) for v in values
    )


def _held(box: Box) -> Iterator[Value]:
    return (v for cell in (*box.slots.values(), box.more, box.any) for v in cell.values)


def _fill(program: Program, made: Box, promised: Box) -> None:
    """A container of which nobody knows what is put in holds what is declared."""
    if not _is_known(_held(made)):
        for cell in (*promised.slots.values(), promised.any):
            program.connect(cell, made.any)
    if not made.slots and not _is_known(made.keys.values):
        program.connect(promised.keys, made.keys)


def _import_order(program: Program) -> list[Block]:
    """Modules, imported ones before their importers as far as cycles allow."""
    order: list[Block] = []
    seen: set[str] = set()
    for path in sorted(program.blocks_of):
        stack: list[tuple[str, Any]] = [(path, None)]
        while stack:
            current, pending = stack.pop()
            if pending is None:
                if current in seen:
                    continue
                seen.add(current)
                pending = iter(_imported_paths(program.modules, program.modules.by_path[current]))
            following = next((p for p in pending if p not in seen), None)
            if following is not None:
                stack.append((current, pending))
                stack.append((following, None))
                continue
            block = program.blocks_of[current][0]
            if block is not None:
                order.append(block)
    return order


def _imported_paths(modules: Modules, module: Module) -> list[str]:
    found: list[str] = []
    for row in module.facts.imports if module.facts is not None else ():
        if row.scope >= 0:
            continue
        other = modules.imported(row, module.path)
        if other is not None and row.name and row.name != "*":
            inner = modules.submodule(other, row.name)
            if inner is not None and inner.facts is not None:
                found.append(inner.path)
        if other is not None and other.facts is not None:
            found.append(other.path)
    return list(dict.fromkeys(found))
