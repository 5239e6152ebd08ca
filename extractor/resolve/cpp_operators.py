"""Which operators of C++ an expression runs: `a + b`, `a += b`, `a == b`, `a[i]`, `!a` where a class here overloads them.

An operator of a builtin type is no call, so one that means nothing here leaves no trace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractor.resolve.emit import Outcome
from extractor.resolve.model import Context, Symbol, Value, Values

if TYPE_CHECKING:
    from extractor.facts import Call
    from extractor.resolve.cpp import CppEngine


class Operators:
    """The overloaded operators of a repository, by name."""

    def __init__(self, engine: CppEngine) -> None:
        self.engine = engine
        self.members: set[str] = set()
        self.free: dict[str, list[Symbol]] = {}
        for file in engine.files:
            for symbol in file.symbols:
                if symbol.d.name.startswith("operator") and symbol.is_function:
                    if symbol.d.kind == "method":
                        self.members.add(symbol.d.name)
                    else:
                        self.free.setdefault(symbol.d.name, []).append(symbol)

    def outcome(self, call: Call, context: Context, args: list[str]) -> Outcome:
        """The definitions that run, members of the left side's class before free functions."""
        if call.name not in self.members and call.name not in self.free:
            return Outcome()
        left = self._instances(call.receiver, context)
        found: dict[str, str] = {}
        for value in left if call.name in self.members else ():
            for member in self.engine.own_member(value, call.name, context):
                if member.kind == "func":
                    for symbol in self.engine.select(member.symbol, args, context):
                        if len(symbol.d.params) == len(args):
                            found.setdefault(self.engine.definition_of(symbol).id, "type")
        if not found and call.name in self.free:
            sides = [left, *(self._instances(arg, context) for arg in args)]
            for symbol in self.free[call.name]:
                if len(symbol.d.params) == len(sides) and self._takes(symbol, sides):
                    found.setdefault(self.engine.definition_of(symbol).id, "type")
        return Outcome(tuple(sorted(found.items()))) if len(found) == 1 else Outcome()

    def _instances(self, text: str, context: Context) -> Values:
        values = self.engine.evaluate(text, context) if text not in ("", "?") else ()
        return tuple(v for v in values if v.kind == "inst" and isinstance(v.symbol, Symbol))

    def _takes(self, symbol: Symbol, sides: list[Values]) -> bool:
        """Whether a parameter is a class of its side, and none is another class than its side is."""
        fits = False
        for param, side in zip(symbol.d.params, sides, strict=True):
            wanted = {self._class(v) for v in self.engine.type_values(param.annotation, symbol.file, symbol.index)} - {
                ""
            }
            given = {self._class(v) for v in side} - {""}
            if wanted and given and not wanted & given:
                return False
            fits = fits or bool(wanted & given)
        return fits

    def _class(self, value: Value) -> str:
        return value.symbol.id if value.kind == "inst" and isinstance(value.symbol, Symbol) else ""
