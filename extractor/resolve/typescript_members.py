"""Members of TypeScript and JavaScript values: a value and a name in, what `value.name` or `value[name]` may be out; prototypes, copies,
keys that only a run tells and what subclasses add among it.
"""

from __future__ import annotations

from extractor.parse.typescript_chains import BEGINS, CONSTANT, member_name
from extractor.resolve import typescript_library as library
from extractor.resolve.model import MAX_OVERRIDES, NOTHING, Context, Symbol, Value, Values, join
from extractor.resolve.typescript_results import ScriptResults


class ScriptMembers(ScriptResults):
    """Finds members."""

    def member(self, value: Value, name: str, context: Context) -> Values:
        if name[:1] == CONSTANT:
            found = self.member(value, member_name(name), context)
            return found or (self.indexed(value) if name[1:].isupper() else NOTHING)  # a symbol names one member alone
        if name.isdigit() and value.kind != "tuple":
            return self.indexed(value)
        if name.endswith(BEGINS):
            return self._beginning(value, name.removesuffix(BEGINS), context)
        if value.kind == "func":
            for symbol in value.symbol:
                if name in ("call", "apply"):
                    return (value,)
                if name == "bind":  # gives the function, runs nothing
                    return (Value("extfunc", name="js#Function.bind", owner=value),)
                if name == "prototype":
                    return (Value("inst", symbol),)
                for ancestor, _ in self.lineage(symbol):
                    if name in ancestor.members:
                        return self.definitions(ancestor.members[name], "type")
                    put = self.field_values(ancestor, name)
                    if put:
                        return put
                if copied := self.copied(symbol, name, context):
                    return copied
                if beside := self._beside(symbol, name) or self.computed(symbol, value.kind, name):
                    return beside
            return (
                (Value("extfunc", name=f"js#Function.{name}"),) if name in ("toString", "length", "name") else NOTHING
            )
        if value.kind == "lambda" and name in ("call", "apply", "bind"):
            return (value,) if name != "bind" else (Value("extfunc", name="js#Function.bind", owner=value),)
        if value.kind == "class" and name == "prototype":
            return (self.as_instance(value),)
        if value.kind == "inst" and name == "constructor":
            return (value._replace(kind="class"),)
        found = super().member(value, name, context)
        if value.kind == "inst" and found and found[0].kind == "func" and "static" in found[0].symbol[0].d.flags:
            # Objects do not have what their class has: a field of that name is meant.
            fields = join(self.field_values(ancestor, name) or NOTHING for ancestor, _ in self.lineage(value.symbol))
            found = fields or found
        known = value.kind in ("inst", "class") and isinstance(value.symbol, Symbol)
        if known and all(v.kind in ("beyond", "extfunc") for v in found):  # a base elsewhere has it at most
            found = self.copied(value.symbol, name, context) or self.computed(value.symbol, value.kind, name) or found
        if found or value.kind != "class" or not isinstance(value.symbol, Symbol):
            return found
        file, index = value.symbol.file, value.symbol.index
        spread = [self.binding_values(b, file) for b in file.binds.get((index, "..."), ())]
        held = join(self.member(v, name, context) for v in join(spread) if v != value)
        return held or self._beside(value.symbol, name)

    def indexed(self, value: Value) -> Values:
        """What `value[key]` holds."""
        if value.kind in ("inst", "class") and isinstance(value.symbol, Symbol) and not value.symbol.is_object:
            return join([self.element(value), self.computed(value.symbol, value.kind)])
        return self.element(value)

    def computed(self, symbol: Symbol, kind: str, wanted: str = "") -> Values:
        """Functions assigned to keys that only a run tells, as in `for (const verb of verbs) Router.prototype[verb] = function…`."""
        if wanted in library.BUILT_IN:
            return NOTHING
        found = tuple(
            Value("func", (s,), via="flow")
            for ancestor, _ in self.lineage(symbol)
            for s in ancestor.file.found["computed"].get(ancestor.index, ())
            if ancestor.d.kind == "variable" or ("static" in s.d.flags) == (kind != "inst")
        )
        return found if len(found) <= self.max_overloads else NOTHING

    def _beginning(self, value: Value, begins: str, context: Context) -> Values:
        """The members whose names begin like this."""
        if value.kind == "list":
            return self.element(value)
        names: dict[str, None] = {}
        if value.kind == "module":
            names = dict.fromkeys(value.symbol.found["exports"])
        elif isinstance(value.symbol, Symbol):
            names = {name: None for ancestor, _ in self.lineage(value.symbol) for name in ancestor.members}
        return join(self.member(value, name, context) for name in names if name.startswith(begins) and name != begins)

    def _beside(self, symbol: object, name: str) -> Values:
        """`module.exports = Foo; module.exports.bar = …`: what is exported beside the class or function is found on it."""
        exports = symbol.file.found["exports"] if isinstance(symbol, Symbol) else {}
        if isinstance(symbol, Symbol) and name in exports and exports.get("=") == symbol.d.name:
            return self.export(symbol.file, name)
        return NOTHING

    def called_member(self, value: Value, name: str, receiver: str, context: Context) -> Values:
        if name in ("[]", "()"):
            return self.indexed(value) if name == "[]" else (value,)
        found = super().called_member(value, name, receiver, context)
        if receiver == "this" and all(v.kind in ("beyond", "extfunc") for v in found):
            return self.below(value, name) or found
        return found

    def below(self, value: Value, name: str) -> Values:
        """A member that `this` has in subclasses alone."""
        if value.kind != "inst" or not isinstance(value.symbol, Symbol):
            return NOTHING
        found, stack, seen = [], list(value.symbol.subclasses), {value.symbol.id}
        while stack:
            symbol = stack.pop()
            if symbol.id not in seen:
                seen.add(symbol.id)
                members = [s for s in symbol.members.get(name, ()) if s.is_function]
                found += [Value("func", (s,), via="override", owner=value._replace(symbol=symbol)) for s in members]
                stack += symbol.subclasses
        return tuple(found) if len(found) <= MAX_OVERRIDES else NOTHING
