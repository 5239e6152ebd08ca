"""Operators and comparisons: which special method of which operand they call, and what that gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from extractor.resolve.python_lookup import on_class
from extractor.resolve.python_protocols import (
    COMPARISONS,
    ORDER,
    ask,
    ask_inside,
    doubt,
    hashed,
    inside,
    joined_text,
    of_metaclass,
)
from extractor.resolve.python_state import Arguments, Hits
from extractor.resolve.python_values import BOX, CLASS, EXTERNAL, INSTANCE, NONE, STAND_INS, Code, Value, Values

if TYPE_CHECKING:
    from extractor.resolve.python_flow import Flow

REFUSED: Final = "builtins.NotImplemented"  # a method's answer to the language, which no expression has as its value
MAX_ALONE: Final = 4  # operands that are asked at every place anew
JOINING: Final = ("__or__", "__and__", "__xor__", "__ior__", "__iand__", "__ixor__")


def operation(run: Flow, f: Code) -> Values:
    """An operator or a comparison: the special method of an operand."""
    _, methods, left, right, line = f
    wanted = COMPARISONS.get(methods[0], ())
    answering = ORDER if methods[0] in ORDER else wanted
    if wanted and run.p.special.isdisjoint(answering) and not (methods[1] == "" and "__hash__" in run.p.special):
        for flow in (left, right):
            if flow.__class__ is tuple:
                run.value(flow)
        return NONE
    first, second = run.value(left), run.value(right)
    if methods[0] == "__contains__" and any(
        value.kind == BOX and value.a.kind in ("dict", "set") for value in run.concrete(first)
    ):
        hashed(run.p, run.at, (line, -2), second, line)
    found, hits = _answered(run, methods, first, second, line)
    run.note(hits, methods[0], line, 0, False)
    if methods[0] == "__add__":
        found |= joined_text(run.p, run.concrete(first), run.concrete(second))
    return found - run.p.one(EXTERNAL, REFUSED)


def _answered(run: Flow, methods: tuple[str, str], first: Values, second: Values, line: int) -> tuple[Values, Hits]:
    """What operands answer, and who of them. Many operands answer the same wherever they meet, and are asked once."""
    answer = _compared if methods[0] in COMPARISONS else _combined
    if len(first) + len(second) <= MAX_ALONE or any(value.kind in STAND_INS for value in (*first, *second)):
        return answer(run, methods, first, second, line)
    return run.p.once(  # type: ignore[no-any-return]
        (methods, first, second), run.at, lambda: answer(run, methods, first, second, line)
    )


def _combined(run: Flow, methods: tuple[str, str], first: Values, second: Values, line: int) -> tuple[Values, Hits]:
    """An operator other than a comparison: the left operand's method, else the right one's reflected."""
    found: set[Value] = set()
    hits = Hits()
    refused = run.p.one(EXTERNAL, REFUSED)
    asked: set[Value] = set()
    for operand, other, name in ((first, second, methods[0]), (second, first, methods[1])):
        if not name:
            continue
        for value in sorted(run.concrete(operand) - asked):
            if value.kind == INSTANCE and on_class(run.p, value.a, name, run.at)[0]:
                found |= run.calls.protocol(value, name, Arguments([other]), run.at, line, hits, via="operator")
                asked.add(value)
            elif value.kind == CLASS:
                for method in of_metaclass(run.p, value, name, run.at):
                    given = Arguments([frozenset((value,)), other])
                    found |= run.calls.call(method, given, run.at, line, hits, "operator")
            elif (
                value.kind == BOX
                and operand is first
                and methods[0] in ("__add__", "__iadd__", "__or__", "__ior__", "__mul__")
            ):
                found.add(value)
                for added in run.concrete(second):
                    if added.kind == BOX and added is not value:
                        for cell in (*run.p.slots(added.a, run.at).values(), added.a.more, added.a.any):
                            run.p.connect(cell, value.a.more)
            elif value.kind == INSTANCE and methods[0] in JOINING and value.a.enum:
                found.add(value)  # flags put together are one of their class
        # A left operand that may refuse, or that is a container, leaves it to a right one of another class.
        if found and methods[0][:3] != "__i" and refused.isdisjoint(found) and any(v.kind != BOX for v in found):
            break
        if methods[0].startswith("__i"):
            # x += y falls back on __add__ of x, never on a reflected method of y.
            for value in sorted(run.concrete(first)) if not hits.targets else ():
                if value.kind == INSTANCE and on_class(run.p, value.a, methods[1], run.at)[0]:
                    found |= run.calls.protocol(
                        value, methods[1], Arguments([second]), run.at, line, hits, via="operator"
                    )
            break
    return frozenset(found), hits


def _compared(run: Flow, methods: tuple[str, str], first: Values, second: Values, line: int) -> tuple[Values, Hits]:
    """A comparison, `in` or `not in`: the left operand's method, the right one's mirrored where the left has none."""
    hits = Hits()
    names = COMPARISONS[methods[0]]
    concrete = run.concrete(first)
    found = ask(run.calls, concrete, names, Arguments([second]), run.at, line, hits)
    if not hits.targets and methods[1]:
        mirrored = COMPARISONS[methods[1]]
        found = ask(run.calls, run.concrete(second), mirrored, Arguments([first]), run.at, line, hits)
    if not hits.targets and methods[0] in ORDER:
        found = ask(run.calls, concrete, ORDER, Arguments([second]), run.at, line, hits)
    doubt(hits)
    if not hits.targets:
        _compared_inside(run, methods[0], concrete, run.concrete(second), line, hits)
    return found, hits


def _compared_inside(run: Flow, method: str, first: Values, second: Values, line: int, hits: Hits) -> None:
    """Containers are compared by what stands in them; `in` compares what stands in a list or a tuple with what is looked for."""
    kinds = ("list", "tuple") if method == "__contains__" or method in ORDER else ("list", "tuple", "dict", "set")
    held = inside(run.calls, frozenset(v for v in first if v.kind == BOX and v.a.kind in kinds), run.at)
    if not held:
        return
    others = second if method == "__contains__" else inside(run.calls, second, run.at)
    for name in ("__eq__", method) if method in ORDER else ("__eq__",):
        if not ask_inside(run.calls, held, name, Arguments([others]), run.at, line, hits):
            ask_inside(run.calls, others, name, Arguments([held]), run.at, line, hits)
