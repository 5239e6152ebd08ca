"""What calling, indexing and ranging over Go values give, in this repository and outside it: values in, values out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from extractor.facts import MODULE
from extractor.resolve import go_library as library
from extractor.resolve.go_flows import GoFlows
from extractor.resolve.model import NOTHING, Context, Symbol, Value, Values, join

_PARAMETERS: Final = {"$0": "", "$1": "", "$2": ""}  # the type parameters of the library's functions, without bounds


class GoResults(GoFlows):
    """Results and elements."""

    def foreign_result(self, value: Value, args: list[str], context: Context) -> Values:
        if value.kind == "extclass":
            return (self.as_instance(value),)
        package, _, name = value.name.partition("#")
        if package == "builtin":
            result = library.BUILTIN_FUNCTIONS.get(name, "") or ("string" if name == "error.Error" else "")
            return self.type_values(result, context.file, MODULE)
        params, result = library.RESULTS.get(value.name, ((), ""))
        returned = self.type_values(result, context.file, MODULE)
        if "$" in result:
            held = value.args or (value.owner.args if value.owner is not None else ())
            env: dict[str, Values] = {f"${number}": known for number, known in enumerate(held)}
            for param, arg in zip(params, args, strict=False):
                wanted = self.type_values(param, context.file, MODULE)
                self.unify(wanted, self.evaluate(arg, context), _PARAMETERS, env)
            return self.substitute(returned, env)
        return returned or (Value("beyond"),)

    def unify(
        self, wanted: Values, given: Values, names: Mapping[str, str], env: dict[str, Values], depth: int = 0
    ) -> None:
        """A named type stands for what it is made of, a function for its type; `S ~[]E` says what E is."""
        context = Context(self.files[0], MODULE, 0)
        if any(w.kind in ("list", "callable") for w in wanted):
            given = join(self.underlying(v, context) or (self._as_callable(v),) for v in given)
        super().unify(wanted, given, names, env, depth)
        for want in wanted if depth < 4 else ():
            if want.kind == "var" and names.get(want.name, "").startswith("~"):
                file, scope, bound = want.symbol
                self.unify(self.type_values(bound, file, scope), given, names, env, depth + 1)

    def _as_callable(self, value: Value) -> Value:
        if value.kind != "func" or len(value.symbol) != 1:
            return value
        (function,) = value.symbol
        given = [self.type_values(p.annotation, function.file, function.index) for p in function.d.params]
        return Value("callable", args=(self.returns(function), *given))

    def result(self, value: Value, args: list[str] | None, context: Context) -> Values:
        if value.kind == "inst":
            held = self.underlying(value, context)
            return join(self.result(v, args, context) for v in held if v.kind == "callable")
        if value.kind == "func" and len(value.symbol) > 1:
            value = value._replace(symbol=tuple(self.plain(value.symbol, context.file)))
        return super().result(value, args, context)

    def function_result(self, symbol: Symbol, value: Value, args: list[str] | None, context: Context) -> Values:
        returned = self.returns(symbol)
        if self.stored and returned:
            returned = self._given_back(returned, symbol)
        if args and len(args) == 1 and args[0].endswith("()"):  # `Must(Open())`: all results are handed on
            many = len(symbol.d.params)
            args = [f"{args[0]}.{number}" for number in range(many)] if many > 1 else args
        if value.owner is None or not value.owner.args:
            generic = bool(symbol.file.typevars.get(symbol.index))
            return super().function_result(symbol, value, args, context) if generic else returned
        env: dict[str, Values] = {}
        owner = symbol.file.outside.get(symbol.index, symbol.parent)
        own_names = owner.file.typevars.get(owner.index, {}) if owner is not None else {}
        names = (symbol.file.facts.extra or {}).get("receivers", {}).get(str(symbol.index), ("", own_names))[1]
        base = self.environment(value.owner)
        for ancestor, inner in self.lineage(value.owner.symbol):
            if owner is not None and ancestor.id == owner.id:
                held = {k: self.substitute(v, base, 1) for k, v in inner.items()} if inner else base
                env.update(zip(names, [held.get(n, NOTHING) for n in own_names], strict=False))
        return self.substitute(returned, env)

    def _given_back(self, returned: Values, symbol: Symbol) -> Values:
        """A function type replaced by the functions that are returned by name."""
        if returned[0].kind == "tuple":
            inner = tuple(self._given_back(a, symbol) if a else a for a in returned[0].args)
            return (returned[0]._replace(args=inner),)
        if any(v.kind == "callable" or self._runs(v) for v in returned):
            return self.kept(("return", symbol.id, "", "")) or returned
        return returned

    def element(self, value: Value) -> Values:
        """What an index, a receive or the second variable of a range gives; a generic function stays what it is."""
        if value.kind in ("func", "beyond"):
            return (value,)
        if value.kind == "list":
            return tuple(value.args[0]) if value.args else NOTHING
        if value.kind == "callable" and len(value.args) > 1:  # an iterator: func(yield func(K, V) bool)
            inner = [v for v in value.args[1] if v.kind == "callable"]
            return tuple(inner[0].args[-1]) if inner and len(inner[0].args) > 1 else NOTHING
        if value.kind == "ext" and value.name.startswith("iter#Seq") and value.args:
            return tuple(value.args[-1])
        held = self.underlying(value, Context(self.files[0], MODULE, 0))
        return join(self.element(v) for v in held)

    def first_of(self, value: Value) -> Values:
        """The first variable of a range: a key, an index, or what a channel or iterator gives."""
        if value.kind == "beyond":
            return (value,)
        if value.kind == "list":
            if value.name in ("map", "chan"):
                return tuple(value.args[1])
            return (Value("ext", name="builtin#int"),)
        if value.kind == "callable" and len(value.args) > 1:
            inner = [v for v in value.args[1] if v.kind == "callable"]
            return tuple(inner[0].args[1]) if inner and len(inner[0].args) > 1 else NOTHING
        if value.kind == "ext" and value.name.startswith("iter#Seq") and value.args:
            return tuple(value.args[0])
        held = self.underlying(value, Context(self.files[0], MODULE, 0))
        if any(
            v.kind == "ext" and v.name.startswith("builtin#") and v.name != "builtin#string" for v in held or (value,)
        ):
            return (value,)  # `range n` counts in the type of n
        return join(self.first_of(v) for v in held)
