"""What C++ runs where objects begin and end: constructors and destructors of bases that nobody names, `delete`, the end of a block."""

from __future__ import annotations

import re

from extractor.facts import Call
from extractor.resolve.cpp_values import CppValues
from extractor.resolve.cpp_written import written
from extractor.resolve.emit import Emitter, Outcome
from extractor.resolve.model import Context, Symbol, accepts

_UNWRITTEN = frozenset(("declaration", "defaulted", "deleted"))


class CppLifetimes(CppValues):
    """Beginnings and ends of objects."""

    def destructor(self, symbol: Symbol) -> Symbol | None:
        """The destructor written for a class, or for the nearest base that has one."""
        for ancestor, _ in self.lineage(symbol):
            for end in ancestor.members.get(f"~{ancestor.d.name}", ()):
                if "defaulted" not in self.definition_of(end).d.flags:
                    return self.definition_of(end)
        return None

    def handed_back(self, line: int, context: Context) -> bool:
        """Whether the object declared on a line is what its function returns."""
        binds, scope = context.file.binds, context.scope
        names = [b.text for b in binds.get((scope, "return"), ())]
        return any(b.line == line for name in names for b in binds.get((scope, name), ()))

    def deleted(self, call: Call, context: Context) -> Outcome:
        """`delete p`: the destructor of its class, and where that is virtual those of the classes below; of an array of pointers,
        the end of nothing that they point to."""
        found: dict[str, str] = {}
        if re.search(r"\*[\s&]*(?:\*|\[\])[\s&]*$", written(self, call.receiver, context)):
            return Outcome()
        for value in self.pointed(self.evaluate(call.receiver, context), call.receiver, context):
            end = self.destructor(value.symbol) if value.kind == "inst" else None
            if end is not None:
                found[end.id] = "destructor"
            stack = list(value.symbol.subclasses) if end is not None and value.via != "new" else []
            while stack:
                below = stack.pop()
                over = self.destructor(below)
                if over is not None and over.id not in found:
                    found[over.id] = "override"
                    stack.extend(below.subclasses)
        return Outcome(tuple(sorted(found.items())))

    def emit_chains(self, emitter: Emitter) -> None:
        """A constructor runs those of the bases that it does not initialise, a destructor those of all its bases."""
        for file in self.files:
            named: dict[int, set[str]] = {}
            for call in file.facts.calls:
                if call.kind == "member_init":
                    named.setdefault(call.scope, set()).add(call.name.partition("<")[0].rpartition("::")[2])
            for symbol in file.symbols:
                owner = file.outside.get(symbol.index) or symbol.parent
                if owner is None or not owner.bases or not _UNWRITTEN.isdisjoint(symbol.d.flags):
                    continue
                given = named.get(symbol.index, set())
                if "destructor" in symbol.d.flags:
                    ends = (self.destructor(b.symbol) for b in owner.bases if b.kind == "class")
                    for end in ends:
                        if end is not None:
                            emitter.edge(symbol.id, end.id, "calls", symbol.d.start_line, "destructor")
                elif "constructor" in symbol.d.flags and owner.d.name not in given:
                    for made in (
                        self._plainly(b.symbol)
                        for b in owner.bases
                        if b.kind == "class" and b.symbol.d.name not in given
                    ):
                        if made is not None and all(
                            owner.members.get(name) for name in given
                        ):  # the rest names its own fields
                            emitter.edge(symbol.id, made.id, "calls", symbol.d.start_line, "constructor")

    def _plainly(self, base: Symbol) -> Symbol | None:
        """The constructor that a base is made with when nothing is said."""
        found = [self.definition_of(s) for s in self.constructors(base) if s.parent is base and accepts(s, 0)]
        return found[0] if len(found) == 1 and "defaulted" not in found[0].d.flags else None
