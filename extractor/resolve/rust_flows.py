"""Functions that Rust keeps in fields, collections and constants: what was put there in, what a call through that place may run out."""

from __future__ import annotations

from typing import Any, Final

from extractor.facts import MODULE, Call
from extractor.resolve.model import Context, File, Symbol, Value, Values, join
from extractor.resolve.rust_results import RustResults

# Which argument a method puts into the collection it is called on.
PUTS: Final = {"push": 0, "push_back": 0, "push_front": 0, "insert": 1, "replace": 0}
MAX_KEPT: Final = 16  # of more functions than these in one place none is said to be called
_DEEP: Final = 5

Place = tuple[str, str]  # the id of a type and its field, or of a constant and nothing


class RustFlows(RustResults):
    """Remembers which functions were put where."""

    _kept: dict[Place, list[Value]]

    def collect_flows(self) -> None:
        """Fill what is kept: first what is put there by name, then what is put there by way of a parameter."""
        self._kept = {}
        through: dict[str, list[tuple[Symbol, int, Place]]] = {}
        for file in self.files:
            for scope, line, holder, field, chain in (file.facts.extra or {}).get("puts", ()):
                self._put(holder, field, chain, Context(file, scope, line), through)
            for index, call in enumerate(file.facts.calls):
                at = PUTS.get(call.name)
                holder, dot, field = call.receiver.rpartition(".")
                if at is not None and dot and field.isidentifier() and index < len(file.args):
                    given = file.args[index][min(at, len(file.args[index]) - 1)] if file.args[index] else ""
                    self._put(holder, field, given, Context(file, call.scope, call.line), through)
        for file in self.files if through else ():
            for index, call in enumerate(file.facts.calls):
                for symbol, position, place in through.get(call.name, ()):
                    self._handed_on(
                        file, call, file.args[index] if index < len(file.args) else [], symbol, position, place
                    )
        self._memo.clear()
        self._returns.clear()

    def _put(
        self, holder: str, field: str, chain: str, context: Context, through: dict[str, list[tuple[Symbol, int, Place]]]
    ) -> None:
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
            return [
                (s.id, "") for s in file.symbols if s.d.name == field and s.d.kind == "variable" and s.d.scope == scope
            ]
        values = self.bounded(self.evaluate(holder, context))
        return [(v.symbol.id, field) for v in values if v.kind == "inst" and isinstance(v.symbol, Symbol)]

    def _functions(self, chain: str, context: Context) -> list[Value]:
        return [v._replace(via="flow") for v in self.evaluate(chain, context) if v.kind == "func"]

    def _keep(self, place: Place, functions: list[Value]) -> None:
        known = self._kept.setdefault(place, [])
        known.extend(f for f in functions if f.symbol not in [k.symbol for k in known])

    def _parameter(self, chain: str, context: Context) -> tuple[Symbol, int] | None:
        """The parameter that a chain is, plainly or in a box."""
        if context.scope == MODULE:
            return None
        symbol = context.file.symbols[context.scope]
        names = [p.name for p in symbol.d.params]
        if chain not in names and chain.endswith("::new()"):
            given = self.arguments(chain.removesuffix("()"), context)
            chain = given[0] if given else chain
        return (symbol, names.index(chain)) if chain in names else None

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
        kept: Any = self.__dict__.get("_kept", {}).get((owner.id, field))
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
