"""C#: facts of all .cs files in, their Links out. Namespaces, usings and nesting decide what a type name means; methods are found
along the hierarchy and chosen by the number and then the types of the arguments; extension methods by what they extend.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from extractor.facts import MODULE, Call, FileFacts
from extractor.parse.collect import bare
from extractor.resolve import Links
from extractor.resolve import csharp_library as library
from extractor.resolve.chains import Chain
from extractor.resolve.csharp_extensions import CSharpExtensions
from extractor.resolve.csharp_properties import emit_accesses
from extractor.resolve.csharp_types import cs_type
from extractor.resolve.emit import Emitter, Outcome
from extractor.resolve.model import NOTHING, Context, Symbol, Value, Values, join

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


class CSharpEngine(CSharpExtensions):
    """What C# expressions mean, and where their calls lead."""

    runners = library.RUNNERS
    puts = library.PUTS
    implied_holder = "this"
    root = (Value("ext", name="System#Object"),)
    _overloaded: set[str] | None = None  # the names of all operators declared here

    # ------------------------------------------------------------------ names
    def name_values(self, name: str, context: Context) -> Values:
        if name == "value" and context.scope != MODULE:  # what a setter is given
            symbol = context.file.symbols[context.scope]
            if "property" in symbol.d.flags:
                return self.type_values(symbol.d.returns, symbol.file, symbol.d.scope)
        return super().name_values(name, context)

    def outer_name(self, name: str, context: Context) -> Values:
        if space := self.space_alias(name, context.file):
            return (Value("ns", name=space),)
        found = self.type_name(name, context.file, context.scope)
        if found is not None and found.kind != "alias":
            return (found,)
        for used in context.file.found["statics"]:
            owner = self.qualified(used, context.file.facts.namespace)
            if owner is not None and owner.kind == "class":
                held = self.own_member(owner, name, context)
                if held:
                    return tuple(v._replace(via="import") for v in held)
        if name == "System" or name in self.namespaces:
            return (Value("ns", name=name),)
        return NOTHING

    def head_values(self, head: str, context: Context) -> Values:
        special = self.special_name(head, context)
        if special is not None:
            return special
        if "." in head or "<" in head:
            found = self.named_type(self.parse_type(head), context.file, context.scope)
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
            owner = owner.file.enclosing_class(owner.d.scope)
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

    def called_member(self, value: Value, name: str, receiver: str, context: Context) -> Values:
        if held := _may_be_null(value, name):
            return join(self.called_member(v, name, receiver, context) for v in held)
        if name.endswith(">"):
            found = self.called_member(value, bare(name), receiver, context)
            return self._with_arguments(found, name, context)
        if name == "Invoke" and value.kind in ("callable", "func"):
            return (value,)
        extended = self.extended(value, name, context)
        if value.kind in ("inst", "class") and isinstance(value.symbol, Symbol):
            found = self.own_member(value, name, context)
            if found:
                via = "super" if receiver == "super" else "self" if receiver == "this" else "type"
                further = extended[0].symbol if extended else ()  # meant where no method of its own takes the arguments
                return tuple(
                    v._replace(via=via, symbol=(*v.symbol, *further)) if v.kind == "func" else v for v in found
                )
        if extended:  # a type elsewhere may have a method of that name which takes other arguments
            return extended if value.kind == "inst" else (*extended, *self.member(value, name, context))
        if value.kind == "inst" and name in library.OBJECT_METHODS:
            return (Value("extfunc", name=f"System#Object.{name}"),)
        return self.member(value, name, context)

    def field_values(self, symbol: Symbol, name: str) -> Values | None:
        held = symbol.members.get(name, ())
        if held and "enum_constant" in held[0].d.flags:
            return (Value("inst", symbol),)
        part = next((s.parent for s in held if s.d.kind == "variable"), None)
        found = super().field_values(part or symbol, name)  # a part of a partial type binds its own fields
        return self.with_kept(found, symbol, name) if found else found

    def member(self, value: Value, name: str, context: Context) -> Values:
        if held := _may_be_null(value, name):
            return join(self.member(v, name, context) for v in held)
        return (Value("beyond"),) if value.kind == "beyond" else super().member(value, name, context)

    def result(self, value: Value, args: list[str] | None, context: Context) -> Values:
        return (Value("beyond"),) if value.kind == "beyond" else super().result(value, args, context)

    def own_member(self, value: Value, name: str, context: Context) -> Values:
        """What implements an interface by name is reached through the interface alone."""
        out = []
        for found in super().own_member(value, name, context):
            kept = tuple(s for s in found.symbol if "explicit" not in s.d.flags) if found.kind == "func" else ()
            if kept or found.kind != "func":
                out.append(found._replace(symbol=kept) if kept else found)
        return tuple(out)

    def foreign_member(self, value: Value, name: str, context: Context) -> Values:
        if value.kind == "ns":
            dotted = f"{value.name}.{name}"
            found = self.qualified(dotted, "")
            if found is not None and (found.kind == "class" or dotted not in self.spaces):
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

    def given_by(self, value: Value, context: Context) -> Values:
        """What a member of the library gives, as far as that is known."""
        owner, _, member = value.name.rpartition("#")[2].rpartition(".")
        given = library.gives(library.WORDS.get(owner, owner), member)
        return self.instances(cs_type(given), context.file, MODULE) if given else NOTHING

    def _of_unseen(self, value: Value, member: str, context: Context) -> Values:
        """The same for a type of which only the name is known: what every type's member of that name gives."""
        named = value.kind == "beyond" and value.name
        return self.given_by(Value("extfunc", name=f"{value.name}.{member}"), context) if named else NOTHING

    def collection(self, chain: Chain, context: Context) -> Values:
        """`new[] { a, b }`."""
        return (Value("list", args=(self.evaluate(chain.head, context),)),)

    def foreign_result(self, value: Value, args: list[str], context: Context) -> Values:
        if value.kind == "extclass":
            return (self.as_instance(value),)
        if known := self.given_by(value, context):
            return known
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
            kind = {"ToArray": "[]", "ToList": "List"}.get(method, "IEnumerable")
            if method in library.SAME:
                return (Value("list", kind, args=(owner.args[0] if owner.name != "map" else element,)),)
            if method in library.ELEMENT:
                held: Values = element
                return (
                    (Value("ext", None, (held,), "System.Threading.Tasks#Task"),) if method.endswith("Async") else held
                )
            if method == "GroupBy":
                return (Value("list", kind, args=((Value("list", kind, args=(element,)),),)),)
            if method == "ToDictionary":
                return (Value("list", args=(element, NOTHING), name="map"),)
            if method in ("Select", "ConvertAll", "SelectMany"):
                inner = self.evaluate(args[0], context) if args and args[0] not in ("", "?") else NOTHING
                given = join(self.result(v, None, context) for v in inner)
                if method == "SelectMany":
                    given = join(self.element(v) for v in given)
                return (Value("list", kind, args=(given,)),)
            return (Value("beyond"),)
        return (owner,) if owner.args and method in ("ConfigureAwait", "AsTask") else (Value("beyond"),)

    def awaited(self, value: Value) -> Values:
        return tuple(value.args[0]) if value.kind == "ext" and value.args else (value,)

    def element(self, value: Value) -> Values:
        if value.kind == "list":
            return tuple(value.args[0])
        if value.kind == "beyond":
            return (Value("beyond"),)
        if value.kind == "inst":
            for ancestor, _ in self.lineage(value.symbol):
                held = [s for s in ancestor.members.get("this[]", ()) if s.d.returns]
                if held:
                    indexed = join(self.type_values(s.d.returns, s.file, s.index) for s in held)
                    return self.substitute(indexed, self.environment(value))
            return self.iterated(value)
        return NOTHING

    def first_of(self, value: Value) -> Values:
        """What iterating over a dictionary gives: pairs."""
        return (Value("tuple", args=(tuple(value.args[1]), tuple(value.args[0]))),)

    def _step(self, values: Values, step: Any, prefix: str, called: bool, context: Context) -> Values:
        if step.op == "&":  # handed on by reference
            return values
        if step.op == ".":
            known = join(self._of_unseen(v, step.name, context) for v in values)
            if known:
                return (Value("callable", args=(known,)),) if called else known
            if not called:
                read = super()._step(values, step, prefix, called, context)
                return join(self.given_by(v, context) or (v,) if v.kind == "extfunc" else (v,) for v in read)
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

    def defined_below(self, cls: Symbol, name: str, arity: int) -> list[Symbol]:
        return super().defined_below(cls, bare(name), arity)

    def is_virtual(self, symbol: Symbol) -> bool:
        return "sealed" not in symbol.d.flags and not _OPEN.isdisjoint(symbol.d.flags)

    def unknown_name_reason(self, name: str, context: Context) -> str:
        return "external" if self.looks_outside(context.file) else "missing_module"

    def unknown_receiver_reason(self, receiver: str, context: Context) -> str:
        first = receiver.partition(".")[0].partition("(")[0]
        bound = self.name_values(first, context) if first.isidentifier() else NOTHING
        return (
            "external" if first[:1].isupper() and not bound and self.looks_outside(context.file) else "unknown_receiver"
        )


def _may_be_null(value: Value, member: str) -> Values:
    """What `a?.b` looks into when `a` is a value that may be null."""
    nullable = value.kind == "ext" and value.name.endswith("#Nullable") and member not in library.OF_NULLABLE
    return tuple(value.args[0]) if nullable and value.args else NOTHING
