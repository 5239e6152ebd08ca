"""C#: facts of all .cs files in, their Links out. Namespaces, usings and nesting decide what a type name means; methods are found
along the hierarchy and chosen by the number and then the types of the arguments; extension methods by what they extend.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from extractor.facts import Call, FileFacts
from extractor.parse.collect import bare
from extractor.resolve import Links
from extractor.resolve import csharp_library as library
from extractor.resolve.csharp_properties import emit_accesses
from extractor.resolve.csharp_types import CSharpTypes, cs_type
from extractor.resolve.emit import Emitter, Outcome
from extractor.resolve.model import NOTHING, Context, Symbol, Value, Values, accepts, join

_OPEN: Final = frozenset(("virtual", "override", "abstract"))


def link(files: Sequence[FileFacts], configs: Mapping[str, str]) -> Links:
    """All edges between C# symbols, and what could not be linked."""
    engine = CSharpEngine(files, configs)
    emitter = Emitter(engine)
    emitter.resolve_bases()
    engine.join_bases()
    emitter.emit_bases()
    for file in engine.files:
        engine.emit_imports(file, emitter)
    engine.collect_flows()
    emitter.emit_calls()
    emit_accesses(engine, emitter)
    emitter.emit_names()
    return emitter.finish()


class CSharpEngine(CSharpTypes):
    """What C# expressions mean, and where their calls lead."""

    runners = library.RUNNERS
    puts = library.PUTS
    implied_holder = "this"
    root = (Value("ext", name="System#Object"),)
    _overloaded: set[str] | None = None  # the names of all operators declared here

    # ------------------------------------------------------------------ names
    def outer_name(self, name: str, context: Context) -> Values:
        found = self.type_name(name, context.file, context.scope)
        if found is not None and found.kind != "alias":
            return (found,)
        for used in context.file.found["statics"]:
            owner = self.qualified(used, context.file.facts.namespace)
            if owner is not None and owner.kind == "class":
                held = self.own_member(owner, name, context)
                if held:
                    return tuple(v._replace(via="import") for v in held)
        if name == "System" or any(s == name or s.startswith(name + ".") for s in self.spaces):
            return (Value("ns", name=name),)
        return NOTHING

    def head_values(self, head: str, context: Context) -> Values:
        special = self.special_name(head, context)
        if special is not None:
            return special
        if "." in head or "<" in head:
            found = self.type_name(self.parse_type(head).name, context.file, context.scope)
            return (found,) if found is not None else NOTHING
        held = self.name_values(head, context)
        # `Color Color { get; }`: a name that is a member and a type may mean either.
        return held if held and held != (Value("unknown"),) else self.outer_name(head, context)

    def callee(self, name: str, context: Context) -> Values:
        if name.endswith(">"):
            return self._with_arguments(self.callee(bare(name), context), name, context)
        found = self.name_values(name, context)
        if found and found[0].kind not in ("class", "extclass", "alias"):
            return found
        owner = context.file.enclosing_class(context.scope)
        if found:
            return NOTHING  # a type is not called without `new`
        if name in library.OBJECT_METHODS and owner is not None:
            return (Value("extfunc", name=f"System#Object.{name}"),)
        while owner is not None:
            beyond = self.is_open(owner)
            if beyond is not None:
                sure = beyond.name and beyond.via == "extends"
                return (Value("extfunc", name=f"{beyond.name}.{name}", via="mro"),) if sure else (Value("beyond"),)
            owner = context.file.enclosing_class(owner.d.scope)
        statics = [u for u in context.file.found["statics"] if self.qualified(u, "") is None or u.startswith("System")]
        if len(statics) == 1:
            package, _, last = statics[0].rpartition(".")
            return (Value("extfunc", name=f"{package}#{last}.{name}"),)
        return (Value("beyond"),) if statics else NOTHING

    def constructed(self, call: Call, context: Context) -> Values:
        found = super().constructed(call, context)
        return tuple(v for v in found if v.kind != "var")

    # ------------------------------------------------------------------ members
    def _with_arguments(self, values: Values, written: str, context: Context) -> Values:
        """Methods with the type arguments that their call states: `Get<Mover>()`."""
        args = tuple(self.instances(a, context.file, context.scope) for a in cs_type(written).args)
        return tuple(v._replace(args=args) if v.kind == "func" else v for v in values)

    def arguments(self, callee: str, context: Context) -> list[str] | None:
        if callee.endswith(">"):
            before, dot, last = callee.rpartition(".") if "." in bare(callee) else ("", "", callee)
            callee = f"{before}{dot}{bare(last)}"
        return super().arguments(callee, context)

    def called_member(self, value: Value, name: str, receiver: str, context: Context) -> Values:
        if name.endswith(">"):
            found = self.called_member(value, bare(name), receiver, context)
            return self._with_arguments(found, name, context)
        if name == "Invoke" and value.kind in ("callable", "func"):
            return (value,)
        if value.kind in ("inst", "class") and isinstance(value.symbol, Symbol):
            found = self.own_member(value, name, context)
            if found:
                via = "super" if receiver == "super" else "self" if receiver == "this" else "type"
                return tuple(v._replace(via=via) if v.kind == "func" else v for v in found)
        extended = self._extension(value, name, context)
        if extended:  # a type elsewhere may have a method of that name which takes other arguments
            return extended if value.kind == "inst" else (*extended, *self.member(value, name, context))
        if value.kind == "inst" and name in library.OBJECT_METHODS:
            return (Value("extfunc", name=f"System#Object.{name}"),)
        return self.member(value, name, context)

    def _extension(self, value: Value, name: str, context: Context) -> Values:
        """Extension methods of that name whose first parameter takes the value."""
        if name not in self.extensions or value.kind in ("class", "extclass", "ns", "unknown"):
            return NOTHING
        fitting = []
        for symbol, written in self.extensions[name]:
            wanted = self.type_values(written, symbol.file, symbol.index)
            if wanted and all(self._takes(w, value) for w in wanted):
                fitting.append(symbol)
        return (Value("func", tuple(fitting), via="type", name="extension", owner=value),) if fitting else NOTHING

    def _learned(self, symbol: Symbol, callee: Value) -> dict[str, Values]:
        """The type parameters of an extension method, as far as what it is called on tells them."""
        env: dict[str, Values] = {}
        names = symbol.file.typevars.get(symbol.index, {})
        if symbol.d.params and callee.owner is not None:
            wanted = self.type_values(symbol.d.params[0].annotation, symbol.file, symbol.index)
            self.unify(wanted, (callee.owner,), names, env)
        return env

    def field_values(self, symbol: Symbol, name: str) -> Values | None:
        found = super().field_values(symbol, name)
        return self.with_kept(found, symbol, name) if found else found

    def own_member(self, value: Value, name: str, context: Context) -> Values:
        """What implements an interface by name is reached through the interface alone."""
        out = []
        for found in super().own_member(value, name, context):
            kept = tuple(s for s in found.symbol if "explicit" not in s.d.flags) if found.kind == "func" else ()
            if kept or found.kind != "func":
                out.append(found._replace(symbol=kept) if kept else found)
        return tuple(out)

    def passed(self, callee: Value, position: int, number: int, context: Context) -> Values:
        if callee.kind == "callable":  # a place that holds a function: `changed += (sender, e) => …`
            return self.functional_parameter(callee, number, context)
        if callee.kind != "func" or callee.name != "extension":
            return self._passed_by_member(callee, position, number, context)
        symbol: Symbol = callee.symbol[0]
        param = symbol.d.params[position + 1] if position + 1 < len(symbol.d.params) else None
        for value in self.type_values(param.annotation, symbol.file, symbol.index) if param is not None else ():
            found = self.functional_parameter(value, number, context)
            if found:
                return self.substitute(found, self._learned(symbol, callee))
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
        if value.name != "extension":
            return super().function_result(symbol, value, args, context)
        return self.substitute(self.returns(symbol), self._learned(symbol, value))

    def _takes(self, wanted: Value, given: Value) -> bool:
        if wanted.kind == "var":
            bounds = self.bounded((wanted,))
            return all(b.kind != "inst" or self._takes(b, given) for b in bounds)
        if wanted.kind == "inst" and given.kind == "inst":
            return any(a is wanted.symbol for a, _ in self.lineage(given.symbol))
        if wanted.kind == "list" and given.kind == "list":
            left, right = wanted.args[0], given.args[0]
            return not left or not right or left[0].kind == "var" or self._takes(left[0], right[0])
        if wanted.kind == "list" and given.kind == "inst":
            held = self.iterated(given)
            return bool(held) and any(self._takes(w, held[0]) for w in wanted.args[0])
        if wanted.kind == "ext" and given.kind == "ext":
            return wanted.name == given.name or wanted.name in ("#object", "System#Object")
        return wanted.kind == "ext" and wanted.name in ("#object", "System#Object")

    def select(self, symbols: Sequence[Symbol], args: list[str] | None, context: Context) -> list[Symbol]:
        """An extension method called on a value has it as its first argument."""
        if args is not None and symbols and any(s is symbols[0] for s, _ in self.extensions.get(symbols[0].d.name, ())):
            longer = ["?", *args]
            if not any(accepts(s, len(args)) for s in symbols) or any(accepts(s, len(longer)) for s in symbols):
                args = longer
            fitting = [s for s in symbols if accepts(s, len(args))]
            return super().select(fitting, args, context) if fitting else []
        return super().select(symbols, args, context)

    def foreign_member(self, value: Value, name: str, context: Context) -> Values:
        if value.kind == "ns":
            dotted = f"{value.name}.{name}"
            found = self.qualified(dotted, "")
            if found is not None and (found.kind == "class" or not any(s == dotted for s in self.spaces)):
                return (found,)
            return (Value("ns", name=dotted),)
        if value.kind == "tuple":
            position = {"Key": 0, "Value": 1}.get(
                name, int(name[4:]) - 1 if name[:4] == "Item" and name[4:].isdigit() else -1
            )
            return tuple(value.args[position]) if 0 <= position < len(value.args) else NOTHING
        if value.kind == "list":
            if value.name == "map" and name in ("Values", "Keys"):
                return (Value("list", args=(value.args[0] if name == "Values" else value.args[1],)),)
            return (Value("extfunc", name=f"System.Collections.Generic#{name}", owner=value),)
        if value.kind == "ext" and value.args and name in ("Result", "Value"):
            return tuple(value.args[0])
        if value.kind in ("ext", "extclass") and value.name:
            owner = "System#String" if value.name == "#string" else value.name
            return (
                Value(
                    "extfunc",
                    name=f"{owner}.{name}" if not owner.startswith("#") else f"System#{owner[1:]}.{name}",
                    owner=value,
                ),
            )
        return (Value("beyond"),) if value.kind in ("extfunc", "beyond") else NOTHING

    def foreign_result(self, value: Value, args: list[str], context: Context) -> Values:
        if value.kind == "extclass":
            return (self.as_instance(value),)
        owner: Value | None = value.owner
        method = value.name.rpartition("#")[2].rpartition(".")[2]
        if owner is None or owner.kind not in ("list", "ext"):
            return (Value("beyond"),)
        if owner.kind == "list":
            element = (
                self.element(owner._replace(name=""))
                if owner.name != "map" or method not in library.SAME
                else self.first_of(owner)
            )
            if method in library.SAME:
                return (owner,) if owner.name != "map" else (Value("list", args=(element,)),)
            if method in library.ELEMENT:
                held: Values = element
                return (
                    (Value("ext", None, (held,), "System.Threading.Tasks#Task"),) if method.endswith("Async") else held
                )
            if method == "GroupBy":
                return (Value("list", args=((Value("list", args=(element,)),),)),)
            if method == "ToDictionary":
                return (Value("list", args=(element, NOTHING), name="map"),)
            if method in ("Select", "ConvertAll", "SelectMany"):
                inner = self.evaluate(args[0], context) if args and args[0] not in ("", "?") else NOTHING
                given = join(self.result(v, None, context) for v in inner)
                if method == "SelectMany":
                    given = join(self.element(v) for v in given)
                return (Value("list", args=(given,)),)
            return (Value("beyond"),)
        return (owner,) if owner.args and method in ("ConfigureAwait", "AsTask") else (Value("beyond"),)

    def awaited(self, value: Value) -> Values:
        return tuple(value.args[0]) if value.kind == "ext" and value.args else (value,)

    def element(self, value: Value) -> Values:
        if value.kind == "list":
            return tuple(value.args[0])
        if value.kind == "beyond":
            return (value,)
        if value.kind == "inst":
            for ancestor, _ in self.lineage(value.symbol):
                held = [s for s in ancestor.members.get("this[]", ()) if s.d.returns]
                if held:
                    indexed = join(self.type_values(s.d.returns, s.file, s.index) for s in held)
                    return self.substitute(indexed, self.environment(value))
            return self.iterated(value)
        return NOTHING

    def iterated(self, value: Value) -> Values:
        """What a class that is a sequence gives one after another."""
        for ancestor, _ in self.lineage(value.symbol):
            for base in ancestor.bases:
                if base.kind == "extclass" and base.args and base.name.rpartition("#")[2] in library.LISTS:
                    return self.substitute(tuple(base.args[0]), self.environment(value))
        return NOTHING

    def first_of(self, value: Value) -> Values:
        """What iterating over a dictionary gives: pairs."""
        return (Value("tuple", args=(tuple(value.args[1]), tuple(value.args[0]))),)

    def _step(self, values: Values, step: Any, prefix: str, called: bool, context: Context) -> Values:
        if step.op == "*":
            pairs = [
                self.first_of(v)
                if v.kind == "list" and v.name == "map"
                else (v.kind == "inst" and self.iterated(v)) or self.element(v)
                for v in self.bounded(values)
            ]
            return join(pairs)
        return super()._step(values, step, prefix, called, context)

    def callback_parameter(self, callee: Value, position: int, number: int, context: Context) -> Values:
        owner: Value | None = callee.owner
        if owner is None or owner.kind != "list":
            return (Value("beyond"),) if callee.kind == "extfunc" else NOTHING
        return self.first_of(owner) if owner.name == "map" else tuple(owner.args[0])

    # ------------------------------------------------------------------ calls
    def special_call(self, call: Call, context: Context, args: list[str], emitter: Any) -> Outcome | None:
        if call.name == "()":
            values = self.evaluate(call.receiver, context)
            outcome: Outcome = emitter.targets(values, call, args, context) if values else Outcome(reason="dynamic")
            return outcome
        if call.kind == "operator":
            return self._operator(call, args, context)
        if call.kind == "iteration":  # of a sequence elsewhere nothing here is run, whatever extends it
            held = [
                v for v in self.evaluate(call.receiver, context) if v.kind == "inst" and isinstance(v.symbol, Symbol)
            ]
            values = join(self.own_member(v, call.name, context) for v in held)
            return emitter.targets(values, call, args, context) if values else Outcome()
        if call.receiver or call.name not in ("this", "base"):
            return None
        owner = context.file.enclosing_class(context.scope)
        if owner is None:
            return None
        if call.name == "this":
            return emitter.constructor(Value("class", owner), args, context)  # type: ignore[no-any-return]
        for base in owner.bases:
            if base.kind == "class" and base.symbol.d.kind == "class":
                return emitter.constructor(base, args, context)  # type: ignore[no-any-return]
            if base.kind == "extclass" and base.name and base.via == "extends":
                return Outcome(external=base.name)
        return Outcome(external="System#Object")

    def _operator(self, call: Call, args: list[str], context: Context) -> Outcome:
        """The overload that a class of either side declares; an operator of the language leaves no trace."""
        if self._overloaded is None:
            symbols = (s for file in self.files for s in file.symbols)
            self._overloaded = {s.d.name for s in symbols if s.d.name.startswith("operator")}
        if call.name not in self._overloaded:
            return Outcome()
        sides = [call.receiver, *args]
        for text in sides:
            for value in self.evaluate(text, context) if text not in ("", "?") else ():
                held = self.own_member(value, call.name, context) if value.kind == "inst" else NOTHING
                found = [s for v in held if v.kind == "func" for s in v.symbol if len(s.d.params) == len(sides)]
                chosen = self.select(found, sides, context) if found else []
                if len(chosen) == 1:
                    return Outcome(((chosen[0].id, "type"),))
        return Outcome()

    def is_virtual(self, symbol: Symbol) -> bool:
        return "sealed" not in symbol.d.flags and not _OPEN.isdisjoint(symbol.d.flags)

    def unknown_name_reason(self, name: str, context: Context) -> str:
        return "external" if any(u not in self.spaces for u in context.file.found["usings"]) else "missing_module"

    def unknown_receiver_reason(self, receiver: str, context: Context) -> str:
        first = receiver.partition(".")[0].partition("(")[0]
        foreign = [u for u in context.file.found["usings"] if u not in self.spaces]
        bound = self.name_values(first, context) if first.isidentifier() else NOTHING
        return "external" if first[:1].isupper() and not bound and foreign else "unknown_receiver"
