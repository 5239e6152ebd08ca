"""Functions that are kept in fields, collections, events and constants: what was put there in, what a call through that place may
run, out. A front end lists under `puts` in `extra` what may be a function and where it is kept: [scope, line, holder, field, chain].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from extractor.facts import MODULE, Call, FileFacts
from extractor.resolve.model import NOTHING, Context, File, Symbol, Value, Values, join
from extractor.resolve.oo import Engine

MAX_KEPT: Final = 16  # of more functions than these in one place none is said to be called
_DEEP: Final = 5

Place = tuple[str, str]  # the id of a type and its field, or of a constant and nothing
Through = dict[str, list[tuple[Symbol, int, Place]]]  # name of a function -> itself, its parameter, where it puts that


class Kept(Engine):
    """Remembers which functions were put where."""

    puts: Mapping[str, int] = {}  # which argument a method puts into the collection it is called on
    implied_holder = ""  # whose member a bare name may be

    def __init__(self, files: Sequence[FileFacts], configs: Mapping[str, str]) -> None:
        self._kept: dict[Place, list[Value]] = {}
        super().__init__(files, configs)

    def collect_flows(self) -> None:
        """Fill what is kept: first what is put there by name, then what is put there by way of a parameter."""
        through: Through = {}
        for file in self.files:
            for scope, line, holder, field, chain in (file.facts.extra or {}).get("puts", ()):
                self._put(holder, field, chain, Context(file, scope, line), through)
            for index, call in enumerate(file.facts.calls):
                at = self.puts.get(call.name)
                args = file.args[index] if at is not None and index < len(file.args) else []
                holder, _, field = call.receiver.rpartition(".")
                if at is not None and at < len(args) and args and field.isidentifier():
                    context = Context(file, call.scope, call.line)
                    self._put(holder or self.implied_holder, field, args[at], context, through)
        for file in self.files if through else ():
            for index, call in enumerate(file.facts.calls):
                for symbol, position, place in through.get(call.name, ()):
                    args = file.args[index] if index < len(file.args) else []
                    self._handed_on(file, call, args, symbol, position, place)
        self._memo.clear()
        self._returns.clear()

    def _put(self, holder: str, field: str, chain: str, context: Context, through: Through) -> None:
        if chain[:1] in ("", "?", "<", "="):
            return
        functions = self._functions(chain, context)
        parameter = self._parameter(chain, context) if not functions else None
        if not functions and parameter is None:
            return
        for place in self._places(holder, field, context):
            self._keep(place, functions)
            if parameter is not None:
                function, position = parameter
                through.setdefault(function.d.name, []).append((function, position, place))

    def _places(self, holder: str, field: str, context: Context) -> list[Place]:
        if not holder:
            file, scope, _ = context
            found = [s for s in file.symbols if s.d.name == field and s.d.kind == "variable" and s.d.scope == scope]
            return [(s.id, "") for s in found]
        values = self.bounded(self.evaluate(holder, context))
        return [(v.symbol.id, field) for v in values if v.kind in ("inst", "class") and isinstance(v.symbol, Symbol)]

    def _functions(self, chain: str, context: Context) -> list[Value]:
        return [v._replace(via="flow") for v in self.evaluate(chain, context) if v.kind == "func"]

    def _keep(self, place: Place, functions: list[Value]) -> None:
        known = self._kept.setdefault(place, [])
        known.extend(f for f in functions if f.symbol not in [k.symbol for k in known])

    def _parameter(self, chain: str, context: Context) -> tuple[Symbol, int] | None:
        """The parameter of a function's type that a chain is, plainly or in a box."""
        if context.scope == MODULE:
            return None
        symbol = context.file.symbols[context.scope]
        names = [p.name for p in symbol.d.params]
        if chain not in names and chain.endswith("::new()"):
            given = self.arguments(chain.removesuffix("()"), context)
            chain = given[0] if given else chain
        held = self.bounded(self.parameter_values(symbol, chain)) if chain in names else NOTHING
        return (symbol, names.index(chain)) if any(v.kind == "callable" for v in held) else None

    def _handed_on(self, file: File, call: Call, args: list[str], symbol: Symbol, position: int, place: Place) -> None:
        context = Context(file, call.scope, call.line)
        if call.kind == "scoped":
            called = self.evaluate(f"{call.receiver}::{call.name}", context)
            position += "self" in symbol.d.flags
        elif call.receiver:
            receivers = self.bounded(self.evaluate(call.receiver, context))
            called = join(self.called_member(v, call.name, call.receiver, context) for v in receivers)
        else:
            called = self.callee(call.name, context)
        telling = position < len(args) and args[position][:1] not in ("", "?", "<", "=")
        if telling and any(v.kind == "func" and symbol in v.symbol for v in called):
            self._keep(place, self._functions(args[position], context))

    def with_kept(self, values: Values, owner: Symbol, field: str) -> Values:
        """What a field or constant holds, the functions put there among it."""
        kept = self._kept.get((owner.id, field))
        return self._among(values, tuple(kept), 0) if kept and len(kept) <= MAX_KEPT else values

    def _among(self, values: Values, functions: Values, depth: int) -> Values:
        out: list[Value] = []
        for value in values:
            out.append(value)
            if value.kind == "callable":
                out.extend(functions)
            elif value.args and depth < _DEEP:
                out[-1] = value._replace(args=tuple(self._among(tuple(a), functions, depth + 1) for a in value.args))
        return tuple(out)
