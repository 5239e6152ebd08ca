"""Extension methods of C#: which may be called on a value, what their type parameters become, what they hand to a function."""

from __future__ import annotations

from typing import Final

from extractor.resolve.csharp_overloads import NEVER, CSharpOverloads
from extractor.resolve.csharp_types import spaces_meant
from extractor.resolve.model import NOTHING, Context, Symbol, Value, Values, join

_NO_RECEIVERS: Final = frozenset(("class", "extclass", "ns", "unknown"))


class CSharpExtensions(CSharpOverloads):
    """Methods that stand outside the type they are called on."""

    def extended(self, value: Value, name: str, context: Context) -> Values:
        """Extension methods of that name whose first parameter takes the value."""
        if name not in self.extensions or value.kind in _NO_RECEIVERS or (value.kind == "beyond" and not value.name):
            return NOTHING
        fitting = [s for s in self.extensions[name] if self._seen_from(s, context) and self._takes(s, value)]
        return (Value("func", tuple(fitting), via="type", owner=value),) if fitting else NOTHING

    def _seen_from(self, symbol: Symbol, context: Context) -> bool:
        """Whether the namespace of an extension method is around or used."""
        space = self.space_of(symbol.file, symbol.index)
        here = self.space_of(context.file, context.scope)
        around = not space or here == space or here.startswith(space + ".")
        return around or any(space in spaces_meant(u, here) for u in context.file.found["usings"])

    def _takes(self, symbol: Symbol, value: Value) -> bool:
        wanted = self.type_values(symbol.d.params[0].annotation, symbol.file, symbol.index)
        return bool(wanted) and self.rank(value, wanted[0]) != NEVER

    def _is_extending(self, symbol: Symbol, callee: Value) -> bool:
        """Whether an extension method is called on a value, not as the static method that it is."""
        return self.extends(symbol) and callee.owner is not None and callee.owner.kind != "class"

    def _learned(self, symbol: Symbol, callee: Value, args: list[str] | None, context: Context) -> dict[str, Values]:
        """The type parameters of an extension method, as far as what it is called on and its arguments tell them."""
        names = symbol.file.typevars.get(symbol.index, {})
        env: dict[str, Values] = dict(zip(names, callee.args, strict=False))
        given = [(callee.owner,), *(self.evaluate(a, context) if a not in ("", "?") else () for a in args or ())]
        for param, held in zip(symbol.d.params, given, strict=False):
            wanted = self.type_values(param.annotation, symbol.file, symbol.index)
            for value in held if wanted and wanted[0].kind == "list" else ():
                inner = self.iterated(value) if value.kind == "inst" else NOTHING
                held = (Value("list", args=(inner,)),) if inner else held  # a class that is a sequence
            self.unify(wanted, held, names, env)
        return env

    def passed(self, callee: Value, position: int, number: int, context: Context) -> Values:
        if callee.kind == "callable":  # a place that holds a function: `changed += (sender, e) => …`
            return self.functional_parameter(callee, number, context)
        if callee.kind != "func" or not self._is_extending(callee.symbol[0], callee):
            return self._passed_by_member(callee, position, number, context)
        symbol: Symbol = callee.symbol[0]
        param = symbol.d.params[position + 1] if position + 1 < len(symbol.d.params) else None
        for value in self.type_values(param.annotation, symbol.file, symbol.index) if param is not None else ():
            found = self.functional_parameter(value, number, context)
            if found:
                return self.substitute(found, self._learned(symbol, callee, None, context))
        return NOTHING

    def _passed_by_member(self, callee: Value, position: int, number: int, context: Context) -> Values:
        """As ever, with the type arguments that the receiver's class gives the class that declares the method."""
        found = super().passed(callee._replace(owner=None), position, number, context)
        owner = callee.owner
        if callee.kind != "func" or owner is None or not isinstance(owner.symbol, Symbol):
            return super().passed(callee, position, number, context)
        param = callee.symbol[0].d.params[position : position + 1]
        base = self.environment(owner)
        for ancestor, inner in self.lineage(owner.symbol) if param else ():
            if ancestor is callee.symbol[0].parent:
                env = {k: self.substitute(v, base, 1) for k, v in inner.items()} if inner else base
                wanted = self.type_values(param[0].annotation, callee.symbol[0].file, callee.symbol[0].index)
                held = join(self.functional_parameter(v, number, context) for v in wanted)
                return self.substitute(held, env) or found
        return found

    def function_result(self, symbol: Symbol, value: Value, args: list[str] | None, context: Context) -> Values:
        if not self._is_extending(symbol, value):
            return super().function_result(symbol, value, args, context)
        return self.substitute(self.returns(symbol), self._learned(symbol, value, args, context))
