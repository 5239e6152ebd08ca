"""What members of JavaScript's own library and of containers give, and what they pass to the functions they are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from extractor.resolve import typescript_library as library
from extractor.resolve.model import NOTHING, Context, Symbol, Value, Values, join
from extractor.resolve.typescript_events import ScriptEvents


class ScriptResults(ScriptEvents):
    """Arrays, maps, promises and what else lies outside the repository."""

    def foreign_member(self, value: Value, name: str, context: Context) -> Values:
        if value.kind == "module":
            return self.export(value.symbol, name)
        if value.kind == "tuple":
            if name.isdigit():
                return tuple(value.args[int(name)]) if int(name) < len(value.args) else NOTHING
            value = Value("list", args=(join(value.args),))
        if value.kind == "list" and value.name[:1] == "{" and name not in library.BUILT_IN:
            # An object that was given members under keys of any name, besides those that it has.
            return NOTHING if name in value.name[1:].split(",") else self.element(value)
        if value.kind == "record":
            names = value.name.split(",") if value.args else []
            return tuple(value.args[names.index(name)]) if name in names else NOTHING
        if value.kind == "ns":
            dotted = f"{value.name}.{name}"
            symbols = [s for s in value.symbol.symbols if s.d.qualname == dotted]
            if symbols:
                return self.definitions(symbols, "type")
            deeper = any(s.d.qualname.startswith(dotted + ".") for s in value.symbol.symbols)
            return (Value("ns", value.symbol, name=dotted),) if deeper else NOTHING
        if value.kind in ("ext", "extclass", "extfunc") and value.name:
            if value.name.endswith("#default"):  # `stream.Transform` reads the same however stream was imported
                value = value._replace(name=value.name.removesuffix("default"))
            joint = "" if value.name.endswith("#") else "."
            return (Value("extfunc", name=f"{value.name}{joint}{name}", owner=value),)
        if value.kind == "list":
            return (Value("extfunc", name=f"js#Array.{name}", owner=value),)
        if value.kind == "callable" and name in ("call", "apply", "bind"):
            return (value,)
        if value.kind == "alias":
            return NOTHING
        return NOTHING

    def open_member(self, value: Value, beyond: Value, name: str, context: Context) -> Values:
        found = super().open_member(value, beyond, name, context)
        fluent = value.kind == "inst" and name in library.FLUENT
        return tuple(v._replace(owner=value) if v.kind == "extfunc" else v for v in found) if fluent else found

    def foreign_result(self, value: Value, args: list[str], context: Context) -> Values:
        owner: Value | None = value.owner
        method = value.name.rpartition(".")[2].rpartition("#")[2]
        if value.kind == "extclass":
            return (self.as_instance(value),)
        if value.name == "js#fetch":
            return (Value("ext", name="js#Promise", args=((Value("ext", name="js#Response"),),)),)
        if owner is None:
            return NOTHING
        if owner.kind == "inst" and method in library.FLUENT:
            return (owner,)
        if value.name == "js#Function.bind":
            return (owner,)
        if method in ("call", "apply") and owner.kind == "extfunc" and args and args[0] != "?":
            name = owner.name.rpartition(".")[2]  # `Array.prototype.slice.call(arguments, 1)`
            on = [v for v in self.evaluate(args[0], context) if v.kind == "list"]
            return join(
                self.foreign_result(Value("extfunc", name=f"js#Array.{name}", owner=v), args[1:], context) for v in on
            )
        if owner.kind == "list":
            if method in ("filter", "find") and (told := self.told_by_guard(args[:1], context)):
                return (Value("list", args=(told,)),) if method == "filter" else told
            if method == "concat":
                given = join(self.evaluate(a.removeprefix("..."), context) for a in args)
                inner = join([*owner.args, *(self.element(v) if v.kind in ("list", "tuple") else (v,) for v in given)])
                return (Value("list", args=(inner,)),)
            if method in library.FOLDS:
                begun = join(self.evaluate(a, context) for a in args[1:])
                return join(self.lambda_results(args[:1], context)) or begun
            if method in library.SAME_ELEMENTS:
                return (owner,)
            if method in library.ONE_ELEMENT:
                return tuple(owner.args[0]) if owner.args else NOTHING
            if method in ("map", "flatMap", "from"):
                inner = join(self.lambda_results(args, context))
                return (Value("list", args=(join(self.element(v) for v in inner) if method == "flatMap" else inner,)),)
            if method in ("values", "entries", "keys"):
                return (owner,)
        if method == "split":
            return (Value("list", args=((Value("ext", name="js#string"),),)),)
        if (owner.name in ("js#string", "js#String") and method in library.STRING_RESULTS) or method in (
            "join",
            "toString",
        ):
            return (Value("ext", name="js#string"),)
        if owner.name.endswith("#Promise"):
            if owner.kind == "extclass":
                if method in ("all", "allSettled"):
                    items = join(self.evaluate(a, context) for a in args[:1])
                    inner = join(self.awaited(v) for i in items for v in self.element(i))
                    return (Value("ext", name="js#Promise", args=((Value("list", args=(inner,)),),)),)
                if method in ("resolve", "race", "any"):
                    return (Value("ext", name="js#Promise", args=(join(self.evaluate(a, context) for a in args[:1]),)),)
            if method == "then":
                inner = join(self.awaited(v) for v in join(self.lambda_results(args[:1], context)))
                return (Value("ext", name="js#Promise", args=(inner,)),)
            if method in ("catch", "finally"):
                return (owner,)
        if owner.name.endswith(("#Map", "#WeakMap")) and len(owner.args) > 1:
            if method == "get":
                return tuple(owner.args[1])
            if method in ("values", "keys"):
                return (Value("list", args=(owner.args[1 if method == "values" else 0],)),)
        if owner.name.endswith("#Set") and owner.args and method in ("values", "keys"):
            return (Value("list", args=(owner.args[0],)),)
        if owner.name == "js#Object" and method == "entries" and args:
            inner = join(self.element(v) for v in self.evaluate(args[0], context))
            pair = Value("tuple", args=((Value("ext", name="js#string"),), inner))
            return (Value("list", args=((pair,),)),)
        if owner.name == "js#Object" and method == "fromEntries" and args:
            pairs = join(self.element(v) for v in self.evaluate(args[0], context))
            return (Value("list", args=(join(self.foreign_member(v, "1", context) for v in pairs),), name="{"),)
        if owner.name.endswith("#Map") and method == "entries" and len(owner.args) > 1:
            return (Value("list", args=((Value("tuple", args=owner.args[:2]),),)),)
        if owner.name == "js#Object" and method in ("values", "freeze", "assign", "seal", "create") and args:
            held = self.evaluate(args[0], context)
            return (Value("list", args=(join(self.element(v) for v in held),)),) if method == "values" else held
        if owner.name == "js#Array" and method in ("from", "of") and args:
            inner = join(self.element(v) for v in self.evaluate(args[0], context))
            return (Value("list", args=(inner,)),)
        return NOTHING

    def lambda_results(self, args: Sequence[str], context: Context) -> list[Values]:
        found = []
        for arg in args:
            for value in self.evaluate(arg, context) if arg not in ("", "?") else ():
                found.append(self.result(value, None, context))
        return found

    def element(self, value: Value) -> Values:
        if value.kind == "list":
            return tuple(value.args[0]) if value.args else NOTHING
        if value.kind in ("tuple", "record"):
            return join(value.args)
        if value.kind == "class" and isinstance(value.symbol, Symbol) and value.symbol.is_object:
            return self._entries(value.symbol)
        if value.kind == "module":
            return join(self.export(value.symbol, name) for name in value.symbol.found["exports"] if name != "=")
        if value.kind == "inst":
            return self._iterated(value)
        if value.kind == "ext" and value.name.endswith("#Map") and len(value.args) > 1:
            return (Value("tuple", args=value.args[:2]),)
        if value.kind == "ext" and value.args:
            return tuple(value.args[1] if value.name.endswith("#Record") and len(value.args) > 1 else value.args[0])
        return NOTHING

    def _iterated(self, value: Value) -> Values:
        """What an object gives one by one: what its `[Symbol.iterator]` yields."""
        given: list[Values] = []
        for found in self.own_member(value, "[iterator]", Context(value.symbol.file, value.symbol.index, 0)):
            for symbol in found.symbol if found.kind == "func" else ():
                held = self.function_result(symbol, found, None, Context(symbol.file, symbol.index, 0))
                given.extend(self.element(v) for v in held if v.kind != "inst")
        return join(given)

    def _entries(self, symbol: Symbol) -> Values:
        """Everything that an object written out holds."""
        file = symbol.file
        held = [self.definitions(group, "type") for group in symbol.members.values()]
        by_scope: dict[int, dict[str, None]] | None = file.found.get("names")
        if by_scope is None:
            by_scope = file.found["names"] = {}
            for scope, name in file.binds:
                by_scope.setdefault(scope, {})[name] = None
        names = [n for n in by_scope.get(symbol.index, ()) if n not in symbol.members and n != "..."]
        held.extend(
            self.element(v) for b in file.binds.get((symbol.index, "..."), ()) for v in self.binding_values(b, file)
        )
        held.extend(self.field_values(symbol, name) or NOTHING for name in names)
        return join(held)

    def unify(
        self, wanted: Values, given: Values, names: Mapping[str, str], env: dict[str, Values], depth: int = 0
    ) -> None:
        if any(w.kind == "list" for w in wanted):  # an array written out
            given = tuple(Value("list", args=(join(v.args),)) if v.kind == "tuple" else v for v in given)
        for want in wanted:  # a class where `new () => T` is wanted
            if want.kind == "callable" and want.args and depth < 4:
                made = tuple(self.as_instance(v) for v in given if v.kind == "class")
                self.unify(tuple(want.args[0]), made, names, env, depth + 1)
        super().unify(wanted, given, names, env, depth)

    def awaited(self, value: Value) -> Values:
        if value.kind == "ext" and value.name.endswith(("#Promise", "#PromiseLike")):
            return join(self.awaited(v) for v in value.args[0]) if value.args else NOTHING
        return (value,)

    def callback_parameter(self, callee: Value, position: int, number: int, context: Context) -> Values:
        owner: Value | None = callee.owner
        method = callee.name.rpartition(".")[2]
        if owner is None:
            return (Value("beyond"),) if callee.kind in ("ext", "extclass", "extfunc") else NOTHING
        if owner.kind == "list" and owner.args:
            if method in library.FIRST_PARAMETER:
                return tuple(owner.args[0]) if number == 0 else NOTHING
            if method == "sort" or (method in library.FOLDS and number < 2):
                return tuple(owner.args[0])
            return NOTHING
        if owner.name.endswith("#Promise") and owner.args and method == "then" and position == 0:
            return join(self.awaited(v) for v in owner.args[0])
        if owner.name.endswith(("#Map", "#Set")) and owner.args and method == "forEach":
            return tuple(owner.args[1 if number == 0 and len(owner.args) > 1 else 0])
        return (
            (Value("beyond"),)
            if owner.kind in ("ext", "extclass", "extfunc") and not owner.name.startswith("js#")
            else NOTHING
        )
