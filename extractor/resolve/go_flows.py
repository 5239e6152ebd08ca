"""Functions that Go keeps in variables, fields, maps and slices: where each was put in; what a call through that place may run, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from extractor.facts import MODULE, FileFacts
from extractor.resolve.go_methods import GoMethods
from extractor.resolve.model import MAX_OVERRIDES, NOTHING, Context, Symbol, Value, Values, join


class GoFlows(GoMethods):
    """Remembers which functions were put where."""

    def __init__(self, files: Sequence[FileFacts], configs: Mapping[str, str]) -> None:
        super().__init__(files, configs)
        self.stored: dict[tuple[Any, ...], list[tuple[str, Context]]] = {}  # place -> functions kept there

    def collect_flows(self) -> None:
        for file in self.files:
            for scope, line, owner, field, chain in (file.facts.extra or {}).get("flows", ()):
                context = Context(file, scope, line)
                if not any(v.kind == "func" for v in self.evaluate(chain, context)):
                    continue
                for place in self.places(owner, field, context):
                    rows = self.stored.setdefault(place, [])
                    if (chain, context) not in rows:
                        rows.append((chain, context))
        self._memo.clear()
        self._returns.clear()

    def places(self, owner: str, field: str, context: Context) -> list[tuple[Any, ...]]:
        """Where something is kept: a field of a type, or a variable of a function or package."""
        if field == "return":
            return [("return", context.file.symbols[context.scope].id, "", "")]
        if field and field != "=":
            out: list[tuple[Any, ...]] = []
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
            places: list[tuple[Any, ...]] = [
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

    def kept(self, place: tuple[Any, ...]) -> Values:
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
