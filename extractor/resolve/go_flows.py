"""Functions that Go keeps in variables, fields, maps and slices: where each was put in; what a call through that place may run, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from extractor.facts import MODULE, Call, FileFacts
from extractor.resolve.go_methods import GoMethods
from extractor.resolve.model import MAX_OVERRIDES, NOTHING, Context, Symbol, Value, Values, join

Place = tuple[Any, ...]
Through = dict[str, list[tuple[Symbol, int, Place]]]  # name of a function -> itself, its parameter, where it puts that


class GoFlows(GoMethods):
    """Remembers which functions were put where."""

    def __init__(self, files: Sequence[FileFacts], configs: Mapping[str, str]) -> None:
        super().__init__(files, configs)
        self.stored: dict[Place, list[tuple[str, Context]]] = {}  # place -> functions kept there

    def collect_flows(self) -> None:
        """What is put somewhere by name, then what is put there by way of a parameter."""
        through: Through = {}
        for file in self.files:
            for scope, line, owner, field, chain in (file.facts.extra or {}).get("flows", ()):
                context = Context(file, scope, line)
                if any(v.kind == "func" for v in self.evaluate(chain, context)):
                    self._keep(self.places(owner, field, context), chain, context)
                elif (position := self._given(chain, context)) >= 0:
                    function = file.symbols[scope]
                    rows = through.setdefault(function.d.name, [])
                    rows += [(function, position, place) for place in self.places(owner, field, context)]
        types = {s.d.name for file in self.files for s in file.symbols if s.is_class and self._runs(Value("inst", s))}
        for file in self.files if through or types else ():
            for index, call in enumerate(file.facts.calls):
                if (call.name in through or call.name in types) and index < len(file.args):
                    context = Context(file, call.scope, call.line)
                    self._pass(call, file.args[index], context, through.get(call.name, ()))
        self._memo.clear()
        self._returns.clear()

    def _keep(self, places: Sequence[Place], chain: str, context: Context) -> None:
        for place in places:
            rows = self.stored.setdefault(place, [])
            if (chain, context) not in rows:
                rows.append((chain, context))

    def _given(self, chain: str, context: Context) -> int:
        """Which parameter a chain is, where that holds a function; -1 for everything else."""
        params = context.file.symbols[context.scope].d.params if context.scope != MODULE else ()
        at = next((i for i, p in enumerate(params) if p.name == chain and not p.kind), -1)
        held = self.evaluate(chain, context) if at >= 0 else NOTHING
        return at if any(v.kind == "callable" or self._runs(v) for v in held) else -1

    def _pass(
        self, call: Call, args: list[str], context: Context, through: Sequence[tuple[Symbol, int, Place]]
    ) -> None:
        """Functions that a call hands to one which puts them somewhere, or that it converts to a named function type."""
        named = [i for i, arg in enumerate(args) if arg[:1] not in ("", "?", "(") and arg[-1] not in ")]>"]
        named = [i for i in named if any(v.kind == "func" for v in self.evaluate(args[i], context))]
        if not named:
            return
        if call.receiver:
            receivers = self.bounded(self.evaluate(call.receiver, context))
            called = join(self.member(v, call.name, context) for v in receivers)
        else:
            called = self.callee(call.name, context)
        for value in called:
            if value.kind == "func":
                held = [(i, place) for function, i, place in through if i in named and function in value.symbol]
            else:
                held = [(0, ("converted", value.symbol.id, "", ""))] if value.kind == "class" and named == [0] else []
            for position, place in held:
                self._keep([place], args[position], context)

    def call_operator(self, value: Value, args: list[str], context: Context) -> list[tuple[Symbol, str]]:
        """What is of a named function type may be any function that was converted to it."""
        found = self.kept(("converted", value.symbol.id, "", "")) if isinstance(value.symbol, Symbol) else NOTHING
        return [(symbol, "flow") for held in found for symbol in held.symbol]

    def places(self, owner: str, field: str, context: Context) -> list[Place]:
        """Where something is kept: a field of a type, or a variable of a function or package."""
        if field == "return":
            return [("return", context.file.symbols[context.scope].id, "", "")]
        if field and field != "=":
            out: list[Place] = []
            for value in self.evaluate(owner, context):
                if value.kind == "inst" and isinstance(value.symbol, Symbol):
                    out.append(("field", value.symbol.id, self._field(value.symbol, field), ""))
                elif value.kind == "fields":
                    names = value.name.split(",")
                    at = int(field[1:]) if field.startswith("#") else -1
                    out.append(
                        ("anonymous", context.file.number, value.name, names[at] if 0 <= at < len(names) else field)
                    )
            return out
        owner = owner[: owner.rindex("<")] if owner.endswith(">") and not owner.startswith("<") else owner
        before, dot, last = owner.rpartition(".")
        if dot:
            held = self.evaluate(before, context)
            places: list[Place] = [
                ("field", v.symbol.id, last, field or "[]")
                for v in held
                if v.kind == "inst" and isinstance(v.symbol, Symbol)
            ]
            places += [("var", v.symbol.directory, last, field or "[]") for v in held if v.kind == "module"]
            return places
        file, scope, _ = context
        while scope != MODULE:
            if (scope, owner) in file.binds:
                return [("local", file.number, scope, owner, field or "[]")]
            scope = file.symbols[scope].d.scope
        return [("var", file.found["package"].directory, owner, field or "[]")]

    @staticmethod
    def _field(symbol: Symbol, field: str) -> str:
        """The name of the field that #2 stands for."""
        if not field.startswith("#"):
            return field
        fields = [s for group in symbol.members.values() for s in group if "field" in s.d.flags]
        names = [s.d.name for s in sorted(fields, key=lambda s: s.index)]
        return names[int(field[1:])] if int(field[1:]) < len(names) else field

    def kept(self, place: Place) -> Values:
        rows = self.stored.get(place, ())
        if not rows or len(rows) > MAX_OVERRIDES or ("kept", place) in self._active:
            return NOTHING
        self._active.add(("kept", place))
        try:
            held = join(self.evaluate(chain, context) for chain, context in rows)
            return tuple(v._replace(via="flow") for v in held if v.kind == "func")
        finally:
            self._active.discard(("kept", place))

    def field_values(self, symbol: Symbol, name: str) -> Values | None:
        found = super().field_values(symbol, name)
        if found and self.stored and any(v.kind == "callable" or self._runs(v) for v in found):
            return self.kept(("field", symbol.id, name, "")) or found
        return found

    def _runs(self, value: Value) -> bool:
        """Whether a value is of a named function type."""
        return any(v.kind == "callable" for v in self.underlying(value, Context(self.files[0], MODULE, 0)))
