"""C, C++ and CUDA: facts of all their files in, their Links out. What a file can see is its own text and what it includes,
directly or not; a declaration stands for its definition, which is where calls lead; members are found along the bases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from extractor.error_classes import STANDARD
from extractor.facts import MODULE, Call, FileFacts
from extractor.parse.collect import bare
from extractor.resolve import Links
from extractor.resolve import cpp_library as library
from extractor.resolve.chains import cpp_type
from extractor.resolve.cpp_lifetimes import CppLifetimes
from extractor.resolve.cpp_written import element_text, is_pointer, written
from extractor.resolve.emit import Emitter, Outcome
from extractor.resolve.model import NOTHING, Context, File, Symbol, Value, Values, accepts, join
from extractor.schema import external_id


def link(files: Sequence[FileFacts], configs: Mapping[str, str]) -> Links:
    """All edges between C, C++ and CUDA symbols, and what could not be linked."""
    from extractor.resolve.cpp_bindings import emit_bindings  # it reads this module's engine

    engine = CppEngine(files, configs)
    emitter = Emitter(engine)
    engine.adopt()
    emitter.resolve_bases()
    engine.find_slots()
    emitter.emit_bases()
    for file in engine.files:
        for row in file.facts.imports:
            engine.emit_include(file, row, emitter)
    emitter.emit_calls()
    engine.emit_templates(emitter)
    engine.emit_chains(emitter)
    emitter.emit_names()
    emit_bindings(engine, emitter, configs)
    for declaration, definition in sorted(engine.definitions_by_declaration.items()):
        emitter.links.merged[declaration] = definition.id
    return emitter.finish()


_ROUNDS: Final = 2  # templates that call templates that call templates


class CppEngine(CppLifetimes):
    """Where the calls of C++ lead."""

    runners = library.RUNNERS

    def run_arguments(
        self, values: Values, call: Call, args: list[str], context: Context
    ) -> list[tuple[str, Symbol, int, str]]:
        for value in values:
            if value.kind != "func" or not any(s.index in s.file.typevars for s in value.symbol):
                continue
            for chosen in self.select(value.symbol, args, context):
                symbol = self.definition_of(chosen)
                own = symbol.file.typevars.get(symbol.index, {})
                if own:
                    env: dict[str, Values] = dict(zip(own, value.args, strict=False))
                    for param, arg in zip(symbol.d.params, args, strict=False):
                        wanted = self.type_values(param.annotation, symbol.file, symbol.index)
                        if arg not in ("", "?"):
                            given = self.evaluate(arg, context)
                            given = join(self.used.of(v) if v.kind == "var" else (v,) for v in given)
                            self.unify(wanted, given, own, env)
                    self.used.learn(symbol, tuple(env.get(name, NOTHING) for name in own))
        return super().run_arguments(values, call, args, context)

    def emit_templates(self, emitter: Emitter) -> None:
        """Calls inside templates once more, now that it is known what the templates are used with; and again while templates
        that these call are met with more."""
        for _ in range(_ROUNDS):
            known = self.used.size
            self._emit_again(emitter)
            if self.used.size == known:
                break

    def _emit_again(self, emitter: Emitter) -> None:
        again = [
            (file, index, call)
            for file in self.files
            for index, call in enumerate(file.facts.calls)
            if self.used.anything_in(file, call.scope)
        ]
        self._memo.clear()
        self.settle()
        self.declared_types.clear()
        places = {(file.owner_id(call.scope), call.line) for file, _, call in again}
        rows = emitter.links.unresolved
        rows[:] = [u for u in rows if u.kind != "calls" or (u.src, u.line) not in places]
        for file, index, call in again:
            emitter.emit_call(file, index, call)

    def expanded(self, name: str, context: Context) -> Values:
        """A macro's names mean what they mean where it is used: the only function of the name, whatever the macro's file sees."""
        if context.scope == MODULE or "macro" not in context.file.symbols[context.scope].d.flags:
            return NOTHING
        found = [
            s for s in self.names.get(self.shown(name.strip(":").replace("::", ".")), ()) if s.d.kind == "function"
        ]
        found = [s for s in found if "static" not in s.d.flags]
        one = len({self.definition_of(s).id for s in found}) == 1
        return self.definitions(found[:1], "import") if one else NOTHING

    def beside_arguments(self, call: Call, args: list[str], context: Context) -> Values:
        """A function of the namespace that an argument's class is in, which needs no qualification."""
        found: dict[str, Symbol] = {}
        if call.name not in self.spaced:
            return NOTHING
        for arg in args:
            for value in self.evaluate(arg, context) if arg not in ("", "?") else ():
                if value.kind == "inst" and isinstance(value.symbol, Symbol):
                    outer = value.symbol.d.qualname.rpartition(".")[0]
                    for symbol in self._at(f"{outer}.{call.name}", context.file) if outer else ():
                        if symbol.d.kind == "function":
                            found[symbol.id] = symbol
        return (Value("func", tuple(found.values()), via="import"),) if found else NOTHING

    def special_call(self, call: Call, context: Context, args: list[str], emitter: Any) -> Outcome | None:
        if call.kind in ("init", "static_init", "member_init"):
            return self._initialised(call, context, args, emitter)
        if call.kind == "destructor":
            return self.deleted(call, context)
        if call.kind == "operator":
            return self.operators().outcome(call, context, args)
        if call.kind == "call" and not call.receiver:
            values = self.callee(call.name, context) or self.beside_arguments(call, args, context)
            values = values or self.expanded(call.name, context)
            if any(v.kind == "var" for v in values):
                values = self.bounded(values) or values
            return emitter.targets(values, call, args, context) if values else None
        if call.kind == "launch":
            values = self._callee_values(call, context)
            outcome: Outcome = (
                emitter.targets(values, call, args, context) if values else Outcome(reason="missing_module")
            )
            return outcome._replace(targets=tuple((t, "launch") for t, _ in outcome.targets))
        if call.name in ("emplace_back", "emplace_front") and call.receiver:
            declared = written(self, call.receiver, context)
            held = element_text(declared)
            if held and not is_pointer(held):
                kept = [v for v in self.evaluate(call.receiver, context) if v.kind == "ext"]
                built = tuple(v for k in kept for v in self.element(k) if v.kind == "inst")
                if built and self.constructors(built[0].symbol):
                    return self._built(built, args, context, emitter)._replace(external=f"{kept[0].name}.{call.name}")
        if call.kind == "scoped":
            values = self._callee_values(call, context) or self.expanded(f"{call.receiver}::{call.name}", context)
            if values:
                made = values[0].args[0] if values[0].kind == "extfunc" and values[0].args else NOTHING
                if call.name.startswith("make_") and (built := self.bounded(made)) and built[0].kind == "inst":
                    return self._built(built, args, context, emitter)._replace(external=values[0].name)
                return emitter.targets(values, call, args, context)  # type: ignore[no-any-return]
            return Outcome(reason=self.unknown_name_reason(call.name, context))
        if call.kind == "arrow":
            pointers = self.evaluate(call.receiver, context)
            receivers = self.pointed(pointers, call.receiver, context)
            if not receivers:
                return Outcome(reason=self.unknown_receiver_reason(call.receiver, context))
            values = join(self.called_member(v, call.name, call.receiver, context) for v in receivers)
            reached: Outcome = (
                emitter.targets(values, call, args, context) if values else emitter.missing_member(receivers, call)
            )
            run = {self.definition_of(s).id: "type" for s in self.arrows(pointers)} if receivers != pointers else {}
            return reached._replace(targets=tuple(sorted({**run, **dict(reached.targets)}.items())))
        return None

    def _buildable(self, symbol: Symbol, arity: int) -> bool:
        """Whether a constructor that is written takes so many arguments, or none is written; else a copy is made."""
        known = self.constructors(symbol)
        return not known or any(accepts(s, arity) for s in known)

    def arrows(self, values: Values) -> list[Symbol]:
        """The `operator->` of classes here."""
        found = [
            m
            for v in values
            if v.kind == "inst"
            for m in self.own_member(v, "operator->", Context(v.symbol.file, v.symbol.index, 0))
        ]
        return [m.symbol[0] for m in found if m.kind == "func"]

    def _built(self, made: Values, args: list[str], context: Context, emitter: Any) -> Outcome:
        """Objects that a function of the standard library makes of its arguments."""
        outcomes: list[Outcome] = [
            emitter.constructor(v._replace(kind="class"), args, context)
            for v in made
            if v.kind == "inst" and self._buildable(v.symbol, len(args))
        ]
        if not outcomes:
            return Outcome()
        targets = dict(t for outcome in outcomes for t in outcome.targets)
        return outcomes[0]._replace(targets=tuple(sorted(targets.items())))

    def _callee_values(self, call: Call, context: Context) -> Values:
        if not call.receiver:
            return self.callee(call.name, context)
        name = f"{bare(call.receiver)}::{call.name}" if call.receiver != "::" else call.name
        if call.receiver == "::":
            found = self._at(call.name, context.file)
            return self.definitions(found, self._via(found, context)) if found else NOTHING
        values = self.head_values(name, context)
        owner = context.file.enclosing_class(context.scope)
        bases = [a for a, _ in self.lineage(owner)] if owner is not None else []
        # `Base::method()` inside a derived class is a call of the base's, not a virtual one.
        return tuple(v._replace(via="super") if v.kind == "func" and v.symbol[0].parent in bases else v for v in values)

    def _initialised(self, call: Call, context: Context, args: list[str], emitter: Any) -> Outcome:
        """An object that a declaration or a member initialiser makes: its constructor, when one is written."""
        name = cpp_type(call.name).name
        values: Values = NOTHING
        if call.kind == "member_init":
            owner = context.file.enclosing_class(context.scope)
            if owner is None:
                return Outcome()
            if owner.d.name == name:
                return emitter.constructor(Value("class", owner), args, context)  # type: ignore[no-any-return]
            bases = [b for b in owner.bases if b.kind == "class" and b.symbol.d.name == name.rpartition(".")[2]]
            named = self.type_name(name, context.file, context.scope) if not bases else None
            if named is not None and named.kind == "alias":  # `typedef Base Inherited;`
                meant = [v.symbol for v in self._unalias(named, context)]
                bases = [b for b in owner.bases if b.kind == "class" and b.symbol in meant]
            held = self.field_values(owner, name) or NOTHING
            values = tuple(bases) or tuple(
                v._replace(kind="class") for v in held if v.kind == "inst" and not self._is_pointer(owner, name)
            )
        else:
            found = self.type_name(name, context.file, context.scope)
            values = self._unalias(found, context) if found is not None else NOTHING
        for value in values if call.kind == "init" and not self.handed_back(call.line, context) else ():
            end = self.destructor(value.symbol) if value.kind == "class" else None
            if end is not None:  # what stands in a block ends with it
                src = context.file.owner_id(context.scope)
                emitter.edge(src, end.id, "calls", call.line, "destructor", col=call.col)
        for value in values:
            if value.kind == "class" and any(accepts(s, len(args)) for s in self.constructors(value.symbol)):
                return emitter.constructor(value, args, context)  # type: ignore[no-any-return]
        return Outcome()

    def is_virtual(self, symbol: Symbol) -> bool:
        return "virtual" in symbol.d.flags and "final" not in symbol.d.flags

    def dispatches(self, symbol: Symbol, callee: Value, call: Call, context: Context) -> bool:
        """Only through a pointer, a reference or the object itself, and not while that is being made."""
        if not super().dispatches(symbol, callee, call, context) or self.is_abstract(symbol):
            return self.is_abstract(symbol) and callee.via != "super"
        if call.receiver in ("", "this", "this^"):
            around = context.file.symbols[context.scope] if context.scope != MODULE else None
            return around is None or not {"constructor", "destructor"} & set(around.d.flags)
        if call.kind == "arrow":
            return True
        return call.receiver.endswith("^") or written(self, call.receiver, context).endswith("&")

    def _is_pointer(self, owner: Symbol, name: str) -> bool:
        return any(
            s.d.returns.rstrip().endswith(("*", "&")) for s in owner.members.get(name, ()) if s.d.kind == "variable"
        )

    def call_operator(self, value: Value, args: list[str], context: Context) -> list[tuple[Symbol, str]]:
        found = self.own_member(value, "operator()", context)
        return [
            (self.definition_of(s), "type")
            for v in found
            if v.kind == "func"
            for s in self.select(v.symbol, args, context)
        ]

    def overrides(self, method: Symbol, receiver: Symbol | None, arity: int) -> list[Symbol]:
        found = super().overrides(method, receiver, arity)
        return sorted({self.definition_of(s).id: s for s in found}.values(), key=lambda s: s.id)

    def error_values(self, name: str, context: Context) -> Values:
        found = super().error_values(name, context)
        if not found and "::" in name and "(" not in name:
            package, _, rest = name.strip(":").partition("::")
            return (Value("extclass", name=f"{package}#{rest.replace('::', '.')}"),)
        used = [target for _, alias, target in (context.file.facts.extra or {}).get("usings", ()) if not alias]
        if not found and "std" in used and external_id("std", name) in STANDARD:  # `using namespace std`
            return (Value("extclass", name=f"std#{name}"),)
        return found

    def unknown_type_reason(self, name: str, file: File) -> str:
        return "external" if "." in name or "::" in name else "missing_module"

    def unknown_name_reason(self, name: str, context: Context) -> str:
        system = any(row.level == 1 for row in context.file.facts.imports) or context.file.number in self.missing
        return "external" if system or name.isupper() else "missing_module"
