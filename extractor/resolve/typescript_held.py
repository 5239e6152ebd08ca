"""What a parameter, variable, field or container of TypeScript and JavaScript holds: its type where that says enough, else what
was found to flow into it (see typescript_flow.py). What is worked out notes which flows it asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from extractor.facts import MODULE, Binding
from extractor.resolve.chains import Chain, split_top
from extractor.resolve.model import NOTHING, Context, File, Symbol, Value, Values, join
from extractor.resolve.typescript_asked import Key, ScriptAsked

_CONTAINERS: Final = frozenset(("list", "tuple", "record"))
_HOLDERS: Final = ("#Map", "#Set", "#WeakMap", "#WeakSet", "#Array", "#Record")
MAX_REST: Final = 6  # of what a function without a name takes as its rest
OVERFLOW: Final = -1  # in the place of a position: what a function is given beyond its parameters


def variable_place(binding: Binding, file: File) -> Key:
    """The container that a variable holds; a parameter of a function without a name is known by its line as well."""
    line = f":{binding.line}" if binding.end_line else ""
    return ("[]", f"{file.id}:{binding.name}{line}", binding.scope)


def lambda_place(value: Value) -> str:
    """Where a function without a name stands."""
    return f"{value.symbol.file.number}:{value.name.partition('@')[0]}"


class ScriptHeld(ScriptAsked):
    """Values by type and by flow."""

    def special_name(self, head: str, context: Context) -> Values | None:
        """`this` of a function of an object, or of none, is also what `call` and `apply` give it."""
        if head.startswith("@"):
            return self._given_at(head, context)
        if head == "arguments" and context.scope != MODULE:
            return self._all_arguments(context)
        found = super().special_name(head, context)
        if head != "this" or any(v.kind == "inst" for v in found or ()):
            return found
        scope = context.scope
        while scope != MODULE and "arrow" in context.file.symbols[scope].d.flags:
            scope = context.file.symbols[scope].d.scope
        given = self._arriving(("this", context.file.symbols[scope].id, 0)) if scope != MODULE else NOTHING
        return join([found or NOTHING, given]) if given else found

    def _all_arguments(self, context: Context) -> Values:
        """`arguments`: what the function around is given, be it more than it names."""
        scope = context.scope
        while scope != MODULE and "arrow" in context.file.symbols[scope].d.flags:
            scope = context.file.symbols[scope].d.scope
        if scope == MODULE:
            return NOTHING
        function = context.file.symbols[scope]
        given = [self._arriving(("", function.id, n)) for n in range(OVERFLOW, len(function.d.params))]
        return (Value("list", args=(join(given),)),)

    def _given_at(self, head: str, context: Context) -> Values:
        """`@place:number`: a parameter of a function without a name, `*` behind it where the rest is meant."""
        place, _, number = head[1:].partition(":")
        first = int(number.removesuffix("*"))
        key = f"{context.file.number}:{place}"
        if not number.endswith("*"):
            return self._arriving(("=>", key, first))
        return (Value("list", args=(join(self._arriving(("=>", key, n)) for n in range(first, first + MAX_REST)),)),)

    def is_open_type(self, values: Values, depth: int = 0) -> bool:
        """A type that says, of all it holds or of a part of a container, that it can be called, or nothing at all, but not what runs."""
        return depth < 4 and (
            all(self._is_open(v, depth) for v in values)
            or any(v.kind in _CONTAINERS and any(self._leaves_open(a, depth) for a in v.args) for v in values)
        )

    def _is_open(self, value: Value, depth: int) -> bool:
        return (
            value.kind in ("callable", "unknown")
            or (value.kind == "ext" and value.name == "js#Function")
            or (
                value.kind == "inst"
                and value.symbol.d.kind == "interface"
                and not (value.symbol.members or value.symbol.bases)
            )
            or (value.kind in _CONTAINERS and all(self.is_open_type(a, depth + 1) for a in value.args))
            or (
                value.kind == "ext"
                and value.name.endswith(_HOLDERS)
                and (not value.args or self.is_open_type(value.args[-1], depth + 1))
            )
        )

    def _leaves_open(self, values: Values, depth: int) -> bool:
        return bool(values) and (any(v.kind == "callable" for v in values) or self.is_open_type(values, depth + 1))

    def stored(self, values: Values, key: Key) -> Values:
        """Values of a variable or field that holds a container, with what was put into it."""
        given = self._arriving(key)
        if not given:
            return values
        out: list[Value] = []
        inside = False
        for value in values:
            if value.kind == "record":
                inside = True
                out.append(Value("list", args=(join([*value.args, given]),), name=f"{{{value.name}"))
            elif value.kind in _CONTAINERS:
                inside = True
                value = Value(
                    "list", args=(join([*value.args, given]),), name=value.name if value.kind == "list" else ""
                )
            elif value.kind == "ext" and value.name.endswith(_HOLDERS):
                inside = True
                last = join([value.args[-1], given]) if value.args else given
                value = value._replace(args=(*(value.args[:-1] or ((NOTHING,) if "Map" in value.name else ())), last))
            elif value.kind == "class" and value.symbol.is_object:
                inside = True
                out.append(Value("list", args=(given,), name=f"{{{','.join(value.symbol.members)}"))
            out.append(value)
        return tuple(out) if inside else (*values, Value("list", args=(given,), name="{"))

    def parameter_values(self, function: Symbol, name: str) -> Values:
        position = next((i for i, p in enumerate(function.d.params) if p.name == name), -1)
        return self.parameter_at(function, position)

    def _declared_at(self, function: Symbol, position: int) -> Values:
        """What the type of a parameter says, or the type of the variable that holds the function."""
        param = function.d.params[position]
        if param.annotation:
            return super().parameter_values(function, param.name)
        for row in function.file.binds.get((function.index, "%type"), ()):
            for value in self.type_values(row.text, function.file, function.d.scope):
                found = self.functional_parameter(value, position, Context(function.file, function.index, row.line))
                if found:
                    return found
        return NOTHING

    def parameter_at(self, function: Symbol, position: int) -> Values:
        """What a parameter holds: by its type, by its default, and by what callers give."""
        param = function.d.params[position]
        declared = self._declared_at(function, position)
        if declared and not self.is_open_type(declared):
            return declared
        out = [declared]
        given = self._arriving(("", function.id, position))
        if param.kind == "*":
            out.append((Value("list", args=(given,)),))
        else:
            out.append(given)
            if param.default.replace(".", "").isidentifier() or param.default.startswith("new "):
                text = param.default if not param.default.startswith("new ") else f"{param.default.partition('(')[0]}()"
                if text != param.name:
                    out.append(self.evaluate(text, Context(function.file, function.index, function.d.start_line)))
        return join(out) or (Value("unknown"),)

    def variable_values(self, symbol: Symbol) -> Values:
        found = super().variable_values(symbol)
        file, scope, name = symbol.file, symbol.d.scope, symbol.d.name
        if symbol.d.returns and self.is_open_type(found):
            found = join([found, *self._assigned(file, scope, name)])
        return self.stored(found, ("[]", f"{file.id}:{name}", scope))

    def _guard(self, binding: Binding, file: File) -> Values:
        """What a function that returns `x is T` says of x."""
        return self.told_by_guard([binding.text], Context(file, binding.scope, binding.line))

    def told_by_guard(self, guards: Sequence[str], context: Context) -> Values:
        """The type that functions returning `x is T` tell of what they are given."""
        for guard in guards:
            for value in self.evaluate(guard, context) if guard not in ("", "?") else ():
                for symbol in value.symbol if value.kind == "func" else ():
                    tested, joint, wanted = symbol.d.returns.partition(" is ")
                    if joint and tested.strip().isidentifier():
                        return self.type_values(wanted, symbol.file, symbol.index)
        return NOTHING

    def _assigned(self, file: File, scope: int, name: str) -> list[Values]:
        key = ("assigned", file.number, scope, name)
        if key in self._active:
            return []
        self._active.add(key)
        try:
            rows = file.binds.get((scope, name), ())
            held = file.symbols[scope].members if scope != MODULE else file.top
            written = [(Value("class", s, via="scope"),) for s in held.get(name, ()) if s.is_object]
            return [*written, *(self._plainly(b, file) for b in rows if b.kind in ("assigned", "again"))]
        finally:
            self._active.discard(key)

    def _plainly(self, binding: Binding, file: File) -> Values:
        return super().binding_values(binding, file)

    def binding_values(self, binding: Binding, file: File) -> Values:
        if binding.kind == "narrowed":
            return self.type_values(binding.text, file, binding.scope)
        if binding.kind == "guarded":
            return self._guard(binding, file)
        scope = binding.scope
        while scope != MODULE and file.symbols[scope].d.kind == "variable":  # values of an object see what is around it
            scope = file.symbols[scope].d.scope
        if scope != binding.scope and binding.kind != "declared":
            return self.evaluate(binding.text.removeprefix("outer:"), Context(file, scope, binding.line))
        found = super().binding_values(binding, file)
        if binding.kind == "declared" and self.is_open_type(found):
            found = join([found, *self._assigned(file, binding.scope, binding.name)])
        return found if binding.name.startswith("self.") else self.stored(found, variable_place(binding, file))

    def field_values(self, symbol: Symbol, name: str) -> Values | None:
        found = super().field_values(symbol, name)
        given = self._arriving((name, symbol.id, 0))
        if found is None and not given:
            put = self.stored(NOTHING, ("[]", f"{symbol.id}.{name}", 0))
            return put or None
        values = found or NOTHING
        declared = any(b.kind == "declared" for b in symbol.file.binds.get((symbol.index, name), ()))
        if declared and self.is_open_type(values):
            values = join(
                [values, *self._assigned(symbol.file, symbol.index, name), *self._set_in_methods(symbol, name)]
            )
            declared = False
        if not declared and given:
            values = join([values, given])
        return self.stored(values, ("[]", f"{symbol.id}.{name}", 0))

    def _set_in_methods(self, symbol: Symbol, name: str) -> list[Values]:
        key = ("field", symbol.id, name)
        if key in self._active:
            return []
        self._active.add(key)
        try:
            return [self.binding_values(b, symbol.file) for b in symbol.file.fields.get((symbol.index, name), ())]
        finally:
            self._active.discard(key)

    def copied(self, symbol: Symbol, name: str, context: Context) -> Values:
        """A member that was copied into an object, or into objects of a class."""
        key = ("...", symbol.id, name)
        if key in self._active:
            return NOTHING
        self._active.add(key)
        try:
            held = self._arriving(("...", symbol.id, 0))
            return join(self.member(v, name, context) for v in held if v.symbol is not symbol)
        finally:
            self._active.discard(key)

    def collection(self, chain: Chain, context: Context) -> Values:
        parts = [p for p in split_top(chain.head, ",") if p]
        if chain.kind == "[":
            if any(p.startswith("...") for p in parts):
                held = [
                    self._spread(p[3:], context) if p.startswith("...") else self.evaluate(p, context) for p in parts
                ]
                return (Value("list", args=(join(held),)),)
            return (Value("tuple", args=tuple(self.evaluate(p, context) for p in parts)),)
        names: list[str] = []
        values: list[Values] = []
        rest: list[Value] = []
        for part in parts:
            name, _, text = part.partition(":")
            found = self.evaluate(text, context)
            if name == "...":
                rest.extend(v for v in found if v.kind in ("record", "inst", "class", "ext", "module"))
            else:
                names.append(name)
                values.append(found)
        made = Value("record", args=tuple(values), name=",".join(names))
        return (made, *rest)

    def _spread(self, text: str, context: Context) -> Values:
        return join(self.element(v) for v in self.evaluate(text, context))
