"""Which operators of C++ an expression runs: `a + b`, `a += b`, `a == b`, `a[i]`, `!a` where a class here overloads them.

An operator of a builtin type is no call, so one that means nothing here leaves no trace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from extractor.resolve.cpp_written import is_pointer, written
from extractor.resolve.emit import Outcome
from extractor.resolve.model import Context, Symbol, Value, Values

if TYPE_CHECKING:
    from extractor.facts import Call
    from extractor.resolve.cpp_values import CppValues

_WRITTEN_NOT: Final = frozenset(("defaulted", "deleted"))  # operators that no text here holds


class Operators:
    """The overloaded operators of a repository, by name."""

    def __init__(self, engine: CppValues) -> None:
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
        chosen = self.functions(call.name, call.receiver, args, context)
        if len(chosen) > 1:
            chosen = self.engine.narrowed(chosen, call, args, context)
        found = {self.engine.definition_of(s).id: "type" for s in chosen}
        return Outcome(tuple(found.items())) if len(found) == 1 else Outcome()

    def functions(self, name: str, receiver: str, args: list[str], context: Context) -> list[Symbol]:
        """The definitions that an operator between these may be; a pointer has only the language's own."""
        left = self._instances(receiver, context)
        if not left and name not in self.free:
            return []
        found: list[Symbol] = []
        for value in left if name in self.members else ():
            for member in self.engine.own_member(value, name, context):
                if member.kind == "func":
                    usable = [s for s in member.symbol if self._fits(s, args) and not _WRITTEN_NOT & set(s.d.flags)]
                    found.extend(self.engine.select(usable, args, context) if usable else ())
        if not found and name in self.free:
            sides = [left, *(self._instances(arg, context) for arg in args)]
            usable = [s for s in self.free[name] if len(s.d.params) == len(sides) and self._takes(s, sides)]
            unique = list({self.engine.definition_of(s).id: s for s in usable}.values())
            found = self.engine.select(unique, [receiver, *args], context) if unique else []
        if found and left:
            declared = written(self.engine, receiver, context)
            if is_pointer(declared) or not declared:
                return []
        return found

    def _fits(self, symbol: Symbol, args: list[str]) -> bool:
        postfix = symbol.d.name in ("operator++", "operator--") and not args
        return len(symbol.d.params) == len(args) or postfix

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
