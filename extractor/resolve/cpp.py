"""C, C++ and CUDA: facts of all their files in, their Links out. What a file can see is its own text and what it includes,
directly or not; a declaration stands for its definition, which is where calls lead; members are found along the bases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from extractor.error_classes import STANDARD
from extractor.facts import MODULE, Base, Call, FileFacts
from extractor.parse.collect import bare
from extractor.parse.cpp_text import split_qualified
from extractor.resolve import Links
from extractor.resolve import cpp_library as library
from extractor.resolve.chains import TypeText, cpp_type
from extractor.resolve.cpp_files import CppFiles
from extractor.resolve.cpp_operators import Operators
from extractor.resolve.cpp_used import Used
from extractor.resolve.cpp_written import is_pointer, receiver_is_const, written
from extractor.resolve.emit import Emitter, Outcome
from extractor.resolve.model import NOTHING, Context, File, Symbol, Value, Values, accepts, join
from extractor.schema import external_id

MAX_VARIANTS: Final = 4
MAX_OPEN: Final = 60  # questions that wait for one another's answers


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
    emitter.emit_names()
    emit_bindings(engine, emitter, configs)
    for declaration, definition in sorted(engine.definitions_by_declaration.items()):
        emitter.links.merged[declaration] = definition.id
    return emitter.finish()


class CppEngine(CppFiles):
    """What C++ expressions mean, and where their calls lead."""

    parse_type = staticmethod(cpp_type)
    runners = library.RUNNERS
    _operators: Operators | None = None

    def __init__(self, files: Sequence[FileFacts], configs: Mapping[str, str]) -> None:
        self.used = Used()
        self._types: dict[tuple[str, int, int], Values] = {}
        self._aliases = 0  # type aliases being taken apart
        super().__init__(files, configs)

    def enter(self, key: tuple[Any, ...]) -> bool:
        """Note that a question is being answered; False when it already is, or the way here is too long."""
        if key in self._active or len(self._active) > MAX_OPEN:
            return False
        self._active.add(key)
        return True

    def leave(self, key: tuple[Any, ...]) -> None:
        self._active.discard(key)

    def find_slots(self) -> None:
        """Functions stored in the fields of structs: the targets of calls through those fields."""
        for file in self.files:
            for scope, holder, field, text, line in (file.facts.extra or {}).get("slots", ()):
                context = Context(file, scope, line)
                if not holder:
                    self._stored(field, text, context)
                    continue
                functions = [v for v in self.evaluate(text, context) if v.kind == "func"]
                if not functions:
                    continue
                for value in self.evaluate(holder, context):
                    if value.kind != "inst" or not isinstance(value.symbol, Symbol):
                        continue
                    name = field
                    if field.startswith("#"):
                        fields = self.fields(value.symbol)
                        position = int(field[1:])
                        name = fields[position].d.name if position < len(fields) else ""
                    if name in value.symbol.members:
                        known = self.slots.setdefault((value.symbol.id, name), [])
                        known.extend(v._replace(via="flow") for v in functions if v not in known)
        self._memo.clear()
        self._returns.clear()
        self.declared_types.clear()
        self._types.clear()

    def _stored(self, name: str, text: str, context: Context) -> None:
        """A function stored in a variable of the file or of a class."""
        if any(
            b.kind == "declared" for b in context.file.binds.get((context.scope, name), ()) if context.scope != MODULE
        ):
            return
        variables = [s for s in self.lookup(name.replace("::", "."), context) if s.d.kind == "variable"]
        functions = [v for v in self.evaluate(text, context) if v.kind == "func"] if variables else []
        for variable in variables if functions else ():
            known = self.slots.setdefault((variable.id, ""), [])
            known.extend(v._replace(via="flow") for v in functions if v not in known)

    def variable_values(self, symbol: Symbol) -> Values:
        held = super().variable_values(symbol)
        stored = self.slots.get((symbol.id, "")) if self.slots else None
        return join([held, tuple(stored)]) if stored else held

    def field_values(self, symbol: Symbol, name: str) -> Values | None:
        held = super().field_values(symbol, name)
        if not held and self.slots:
            stored = [v for s in symbol.members.get(name, ()) for v in self.slots.get((s.id, ""), ())]
            return tuple(stored) or held
        return held

    # ------------------------------------------------------------------ expressions
    def head_values(self, head: str, context: Context) -> Values:
        special = self.special_name(head, context)
        if special is not None:
            return special
        plain = bare(head) if "<" in head and "operator" not in head else head
        args: tuple[Values, ...] = ()
        if plain != head:
            args = tuple(self.instances(a, context.file, context.scope) for a in cpp_type(head).args)
        if "::" in plain or plain.startswith("::"):
            values = self.qualified(plain.strip(":").split("::"), context)
        else:
            values = self.name_values(plain, context)
        if not values and args == () and plain == head and not plain.isidentifier():
            return NOTHING
        if not values:
            found = self.type_name(plain.replace("::", "."), context.file, context.scope)
            values = (found,) if found is not None else NOTHING
        values = join(self._unalias(v, context) for v in values)
        return tuple(
            v._replace(args=args) if args and v.kind in ("func", "class", "extfunc", "extclass") else v for v in values
        )

    def _unalias(self, value: Value, context: Context) -> Values:
        """An alias where a name is expected is the class it stands for."""
        if value.kind != "alias":
            return (value,)
        return tuple(
            v._replace(kind={"inst": "class", "ext": "extclass"}.get(v.kind, v.kind))
            for v in self.alias_values(value, 0)
        )

    def qualified(self, parts: Sequence[str], context: Context) -> Values:
        """`a::B::c`, the longest known beginning first."""
        found = self.lookup(".".join(parts), context)
        if found:
            return self.definitions(found, self._via(found, context))
        if parts[0] == "std":
            return (
                (Value("extfunc", name=f"std#{'.'.join(parts[1:])}"),) if len(parts) > 1 else (Value("ns", name="std"),)
            )
        outer = self.type_name(".".join(parts[:-1]), context.file, context.scope) if len(parts) > 1 else None
        if outer is not None and outer.kind == "alias":
            resolved = self._unalias(outer, context)
            outer = resolved[0] if resolved else None
        if outer is not None and outer.kind in ("class", "extclass"):
            return self.member(outer, parts[-1], context)
        if len(parts) > 1 and outer is None:
            elsewhere = self._elsewhere(parts, context.file)
            return (Value("extfunc", name=elsewhere),) if elsewhere else NOTHING
        return NOTHING

    def literal(self, text: str, context: Context) -> Values:
        if text.endswith("_MODULE") or text.startswith("TORCH_LIBRARY"):
            return (Value("beyond"),)  # the module object that a registration macro hands over
        return super().literal(text, context)

    def arguments(self, callee: str, context: Context) -> list[str] | None:
        if "::" in callee and "." not in callee and "->" not in callee:
            receiver, name = split_qualified(callee)
            callee = f"{receiver}.{bare(name)}" if receiver else bare(name)
        return super().arguments(callee, context)

    def special_name(self, head: str, context: Context) -> Values | None:
        if head == "super":
            return None
        return super().special_name(head, context)

    def _evaluate(self, text: str, chain: Any, context: Context) -> Values:
        if chain.kind == "name" and chain.steps and chain.steps[0].op == "[]":
            table = context.file.binds.get((context.scope, f"{chain.head}[]")) or context.file.binds.get(
                (MODULE, f"{chain.head}[]")
            )
            if table:
                rest = text[chain.steps[0].end :]
                values = join(self.binding_values(b, context.file) for b in table)
                return values if not rest else NOTHING
        return super()._evaluate(text, chain, context)

    def _step(self, values: Values, step: Any, prefix: str, called: bool, context: Context) -> Values:
        if step.op == "[]":
            if any(v.kind == "inst" for v in values) and is_pointer(written(self, prefix, context)):
                return values
            return join(self.indexed(v, context) for v in values)
        if step.op == "&":
            return values
        if step.op == "|":
            return self.operated(values, step.name, prefix, context)
        if step.op == "#" and any(v.kind in ("extfunc", "ext") for v in values):
            given = self.arguments(prefix, context) or [""]
            return join(self.dereferenced(v) for v in self.evaluate(given[0], context)) if given[0] else NOTHING
        return super()._step(values, step, prefix, called, context)

    def operators(self) -> Operators:
        self._operators = self._operators or Operators(self)
        return self._operators

    def operated(self, values: Values, sign: str, prefix: str, context: Context) -> Values:
        """The result of an operator: what its overload here returns, else a value like its left side."""
        name = f"operator{sign}"
        args = self.arguments_of(prefix, name, context)
        if args is not None and (name in self.operators().members or name in self.operators().free):
            found = self.operators().functions(name, prefix, args, context)
            if found:
                return join(self.function_result(s, Value("func", (s,)), args, context) for s in found)
        wide = [v for v in self.evaluate(args[0], context) if v.name == "#double"] if args else []
        return tuple(wide) if wide and all(v.name.startswith("#") for v in values) else values

    def indexed(self, value: Value, context: Context) -> Values:
        if value.kind == "inst":
            found = self.member(value, "operator[]", context)
            return join(self.result(v, None, context) for v in found) or (value,)  # a pointer to an array of them
        if value.kind == "ext" and value.name.rpartition("#")[2] in library.MAPS and len(value.args) > 1:
            return tuple(value.args[1])
        return self.element(value)

    def element(self, value: Value) -> Values:
        if value.kind == "list":
            return tuple(value.args[0]) if value.args else NOTHING
        simple = value.name.rpartition("#")[2]
        if value.kind == "ext" and value.args:
            if simple in library.MAPS and len(value.args) > 1:
                return (Value("ext", name="std#pair", args=value.args[:2]),)
            return tuple(value.args[0])
        if value.kind == "inst":
            found = self.member(value, "begin", Context(value.symbol.file, value.symbol.index, 0))
            given = join(self.result(v, None, Context(value.symbol.file, value.symbol.index, 0)) for v in found)
            return join(self.dereferenced(v) for v in given)
        return NOTHING

    def dereferenced(self, value: Value) -> Values:
        simple = value.name.rpartition("#")[2]
        if value.kind == "ext" and value.args and (simple in library.POINTERS or simple == "iterator"):
            return tuple(value.args[0])
        if value.kind == "inst" and isinstance(value.symbol, Symbol):
            context = Context(value.symbol.file, value.symbol.index, 0)
            for operator in ("operator->", "operator*"):
                found = self.own_member(value, operator, context)
                given = join(
                    self.result(v, None, context) for v in found if v.kind == "func" and not v.symbol[0].d.params
                )
                if given:
                    return given
        return (value,)

    def own_member(self, value: Value, name: str, context: Context) -> Values:
        found = super().own_member(value, name, context)
        if isinstance(value.symbol, Symbol) and self.slots and not any(v.kind == "func" for v in found):
            for ancestor, _ in self.lineage(value.symbol):
                stored = self.slots.get((ancestor.id, name))
                if stored:
                    return tuple(stored)
        return found

    def member(self, value: Value, name: str, context: Context) -> Values:
        if "<" in name and "operator" not in name:  # `a.make<B>()`
            args = tuple(self.instances(a, context.file, context.scope) for a in cpp_type(name).args)
            return tuple(
                v._replace(args=args) if v.kind == "func" else v for v in self.member(value, bare(name), context)
            )
        if name.isdigit():
            return self.part(value, int(name))
        return super().member(value, name, context)

    def part(self, value: Value, position: int) -> Values:
        """What a structured binding takes: of a pair or tuple its arguments, of a struct here its fields."""
        if value.kind == "inst" and isinstance(value.symbol, Symbol):
            fields = self.fields(value.symbol)
            held = self.field_values(value.symbol, fields[position].d.name) if position < len(fields) else None
            return self.substitute(held, self.environment(value)) if held else NOTHING
        if value.kind == "ext" and value.name in ("std#pair", "std#tuple") and position < len(value.args):
            return tuple(value.args[position])
        return NOTHING

    def fields(self, symbol: Symbol) -> list[Symbol]:
        found = [m for group in symbol.members.values() for m in group if m.d.kind == "variable"]
        return sorted((m for m in found if "static" not in m.d.flags), key=lambda s: s.index)

    def declared_returns(self, symbol: Symbol) -> Values:
        if cpp_type(symbol.d.returns).name == "auto":  # auto&, const auto*
            rows = symbol.file.binds.get((symbol.index, "return"), ())
            return join(self.binding_values(b, symbol.file) for b in rows)
        found = super().declared_returns(symbol)
        if found or cpp_type(symbol.d.returns).name in library.PRIMITIVES:
            return found
        rows = symbol.file.binds.get((symbol.index, "return"), ())  # the type of a function, maybe
        held = join(self.binding_values(b, symbol.file) for b in rows)
        return tuple(v for v in held if v.kind == "func")

    def bounded(self, values: Values) -> Values:
        """A type parameter is one of the types that a class which derives from its template gives for it."""
        if any(v.kind == "var" for v in values):
            values = join(self._derived(v) if v.kind == "var" else (v,) for v in values)
            values = join(self.used.of(v) if v.kind == "var" else (v,) for v in values)
        return super().bounded(values)

    def type_values(self, text: str, file: File, scope: int) -> Values:
        key = (text, file.number, scope)
        found = self._types.get(key)
        if found is None:
            found = super().type_values(text, file, scope)
            if not self._aliases:  # inside one, its own name means nothing
                self._types[key] = found
        return found

    def alias_values(self, alias: Value, depth: int) -> Values:
        self._aliases += 1
        try:
            return super().alias_values(alias, depth)
        finally:
            self._aliases -= 1

    def instances(self, parsed: TypeText, file: File, scope: int, depth: int = 0) -> Values:
        found = super().instances(parsed, file, scope, depth)
        for value in found if parsed.args else ():
            if value.kind == "inst" and value.args:
                self.used.learn(value.symbol, value.args)
        return found

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
                            self.unify(wanted, self.evaluate(arg, context), own, env)
                    self.used.learn(symbol, tuple(env.get(name, NOTHING) for name in own))
        return super().run_arguments(values, call, args, context)

    def _derived(self, value: Value) -> Values:
        file, scope, _ = value.symbol
        template = file.symbols[scope] if scope != MODULE else None
        names = list(file.typevars.get(scope, ()))
        given: list[Values] = []
        for cls in template.subclasses if template is not None and value.name in names else ():
            for base in cls.bases:
                if base.symbol is template and names.index(value.name) < len(base.args):
                    given.append(tuple(v for v in base.args[names.index(value.name)] if v.kind == "inst"))
        return join(given) or (value,)

    def environment(self, value: Value) -> dict[str, Values]:
        own = super().environment(value)
        if value.kind == "inst" and value.owner is not None and not own:  # a class inside a template's
            return self.environment(value.owner)
        return own

    def function_result(self, symbol: Symbol, value: Value, args: list[str] | None, context: Context) -> Values:
        found = super().function_result(symbol, value, args, context)
        owner = value.owner
        if owner is None or not isinstance(owner.symbol, Symbol) or not (owner.args or owner.owner):
            return found
        return tuple(
            v._replace(owner=owner)
            if v.kind == "inst" and not v.args and isinstance(v.symbol, Symbol) and v.symbol.parent is owner.symbol
            else v
            for v in found
        )

    def foreign_member(self, value: Value, name: str, context: Context) -> Values:
        if value.kind == "ns":
            if value.name == "std" or value.name.startswith("std."):
                inner = value.name[4:]
                return (Value("extfunc", name=f"std#{inner + '.' if inner else ''}{name}"),)
            return self.qualified([*value.name.split("."), name], context)
        if value.kind == "ext" and value.name == "std#pair" and len(value.args) > 1 and name in ("first", "second"):
            return tuple(value.args[0 if name == "first" else 1])
        if value.kind in ("ext", "extclass", "extfunc") and value.name and not value.name.startswith("#"):
            return (Value("extfunc", name=f"{value.name}.{name}", owner=value),)
        return NOTHING

    def foreign_result(self, value: Value, args: list[str], context: Context) -> Values:
        owner: Value | None = value.owner
        method = value.name.rpartition("#")[2].rpartition(".")[2]
        if value.kind == "extclass":
            return (self.as_instance(value),)
        if owner is None:
            if method in ("make_unique", "make_shared") and value.args:
                name = "unique_ptr" if method == "make_unique" else "shared_ptr"
                return (Value("ext", name=f"std#{name}", args=value.args),)
            if method in ("move", "forward", "ref", "cref", "exchange", "as_const", "max", "min") and args:
                return self.evaluate(args[0], context)
            if method in ("static_pointer_cast", "dynamic_pointer_cast") and value.args:
                return (Value("ext", name="std#shared_ptr", args=value.args),)
            if method[:1].islower() and value.name.startswith("std#") and value.args:
                return (Value("ext", name=value.name, args=value.args),)  # std::vector<int>(3)
            if method in ("string", "to_string"):
                return (Value("ext", name="std#string"),)
            return NOTHING
        simple = owner.name.rpartition("#")[2]
        if not owner.args:
            return (
                (Value("ext", name="std#string"),)
                if simple == "string" and method in ("substr", "c_str", "append")
                else NOTHING
            )
        if method in ("lock",):
            return (Value("ext", name="std#shared_ptr", args=owner.args),)
        if simple in library.POINTERS and method in ("get", "value", "release"):
            return tuple(owner.args[0])
        if method in library.ITERATORS:
            held = self.element(owner)
            return (Value("ext", name="std#iterator", args=(held,)),)
        if method in library.ELEMENTS:
            return tuple(owner.args[1]) if simple in library.MAPS and len(owner.args) > 1 else tuple(owner.args[0])
        return NOTHING

    # ------------------------------------------------------------------ calls
    def emit_templates(self, emitter: Emitter) -> None:
        """Calls inside templates once more: now it is known what the templates are used with."""
        again = [
            (file, index, call)
            for file in self.files
            for index, call in enumerate(file.facts.calls)
            if self.used.anything_in(file, call.scope)
        ]
        self._memo.clear()
        self.declared_types.clear()
        places = {(file.owner_id(call.scope), call.line) for file, _, call in again}
        rows = emitter.links.unresolved
        rows[:] = [u for u in rows if u.kind != "calls" or (u.src, u.line) not in places]
        for file, index, call in again:
            emitter.emit_call(file, index, call)

    def callee(self, name: str, context: Context) -> Values:
        return self.head_values(name, context)

    def beside_arguments(self, call: Call, args: list[str], context: Context) -> Values:
        """A function of the namespace that an argument's class is in, which needs no qualification."""
        found: dict[str, Symbol] = {}
        for arg in args:
            for value in self.evaluate(arg, context) if arg not in ("", "?") else ():
                if value.kind == "inst" and isinstance(value.symbol, Symbol):
                    outer = value.symbol.d.qualname.rpartition(".")[0]
                    for symbol in self._at(f"{outer}.{call.name}", context.file) if outer else ():
                        if symbol.d.kind == "function":
                            found[symbol.id] = symbol
        return (Value("func", tuple(found.values()), via="import"),) if found else NOTHING

    def called_member(self, value: Value, name: str, receiver: str, context: Context) -> Values:
        if name == "()":
            return (value,)
        found = self.member(value, name, context)
        if receiver in ("this", "this^"):
            return tuple(v._replace(via="self") if v.kind == "func" else v for v in found)
        return found

    def special_call(self, call: Call, context: Context, args: list[str], emitter: Any) -> Outcome | None:
        if call.kind in ("init", "member_init"):
            return self._initialised(call, context, args, emitter)
        if call.kind == "operator":
            return self.operators().outcome(call, context, args)
        if call.kind == "call" and not call.receiver:
            values = self.callee(call.name, context) or self.beside_arguments(call, args, context)
            if any(v.kind == "var" for v in values):
                values = self.bounded(values) or values
            return emitter.targets(values, call, args, context) if values else None
        if call.kind == "launch":
            values = self._callee_values(call, context)
            outcome: Outcome = (
                emitter.targets(values, call, args, context) if values else Outcome(reason="missing_module")
            )
            return outcome._replace(targets=tuple((t, "launch") for t, _ in outcome.targets))
        if call.kind == "scoped":
            values = self._callee_values(call, context)
            if values:
                made = [v for group in values[0].args for v in group] if values[0].kind == "extfunc" else []
                if call.name.startswith("make_") and made and made[0].kind == "inst":
                    built: Outcome = emitter.constructor(made[0]._replace(kind="class"), args, context)
                    return built._replace(external=values[0].name)
                return emitter.targets(values, call, args, context)  # type: ignore[no-any-return]
            return Outcome(reason=self.unknown_name_reason(call.name, context))
        if call.kind == "arrow":
            receivers = join(self.dereferenced(v) for v in self.evaluate(call.receiver, context))
            if not receivers:
                return Outcome(reason=self.unknown_receiver_reason(call.receiver, context))
            values = join(self.called_member(v, call.name, call.receiver, context) for v in receivers)
            return emitter.targets(values, call, args, context) if values else emitter.missing_member(receivers, call)  # type: ignore[no-any-return]
        return None

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
            held = self.field_values(owner, name) or NOTHING
            values = tuple(bases) or tuple(
                v._replace(kind="class") for v in held if v.kind == "inst" and not self._is_pointer(owner, name)
            )
        else:
            found = self.type_name(name, context.file, context.scope)
            values = self._unalias(found, context) if found is not None else NOTHING
        for value in values:
            if value.kind == "class" and any(accepts(s, len(args)) for s in self.constructors(value.symbol)):
                return emitter.constructor(value, args, context)  # type: ignore[no-any-return]
        return Outcome()

    def _is_pointer(self, owner: Symbol, name: str) -> bool:
        return any(
            s.d.returns.rstrip().endswith(("*", "&")) for s in owner.members.get(name, ()) if s.d.kind == "variable"
        )

    def constructors(self, symbol: Symbol) -> list[Symbol]:
        return [
            s
            for s in symbol.members.get(symbol.d.name, ())
            if "constructor" in s.d.flags and "deleted" not in s.d.flags
        ]

    def call_operator(self, value: Value, args: list[str], context: Context) -> list[tuple[Symbol, str]]:
        found = self.own_member(value, "operator()", context)
        return [
            (self.definition_of(s), "type")
            for v in found
            if v.kind == "func"
            for s in self.select(v.symbol, args, context)
        ]

    def base_value(self, file: File, base: Base) -> Value | None:
        found = super().base_value(file, base)
        if found is not None:
            return found
        parsed = cpp_type(base.name)
        known = self.type_name(parsed.name, file, file.symbols[base.scope].d.scope)
        for value in self._unalias(known, Context(file, base.scope, base.line)) if known is not None else ():
            if value.kind in ("class", "extclass") and value.symbol is not file.symbols[base.scope]:
                return value._replace(via=base.kind)
        return None

    def overrides(self, method: Symbol, receiver: Symbol | None, arity: int) -> list[Symbol]:
        found = super().overrides(method, receiver, arity)
        return sorted({self.definition_of(s).id: s for s in found}.values(), key=lambda s: s.id)

    def select(self, symbols: Sequence[Symbol], args: list[str] | None, context: Context) -> list[Symbol]:
        """Overloads, a declaration and its definition counted once. Variants under `#if` stay together."""
        if len(symbols) == 1:
            return list(symbols)
        unique = list({self.definition_of(s).id: s for s in symbols}.values())
        if args is None:
            return unique[:MAX_VARIANTS]
        chosen = super().select(unique, args, context)
        return chosen[:MAX_VARIANTS]

    def narrowed(self, chosen: list[Symbol], call: Call, args: list[str], context: Context) -> list[Symbol]:
        """`const` tells overloads apart, and so does what may be moved from."""
        arrow = call.kind == "arrow" or call.name in ("operator->", "operator*")
        const = [s for s in chosen if "const" in s.d.flags]
        if const and len(const) < len(chosen):
            constant = receiver_is_const(self, call.receiver, arrow and call.kind == "arrow", context)
            chosen = const if constant else [s for s in chosen if s not in const]
        moving = [s for s in chosen if any(p.annotation.endswith("&&") for p in s.d.params)]
        if moving and len(moving) < len(chosen) and args:
            passing = args[0].startswith("<") or (
                args[0].endswith("()") and not written(self, args[0], context).endswith("&")
            )
            chosen = moving if passing else [s for s in chosen if s not in moving]
        return chosen

    def fit(self, symbol: Symbol, args: Sequence[str], context: Context) -> int:
        """As types fit, and pointers to pointers only."""
        score = super().fit(symbol, args, context)
        for param, arg in zip(symbol.d.params, args, strict=False):
            given = written(self, arg, context) if arg not in ("", "?", "<null>") and param.annotation else ""
            if not given or param.annotation == "?":
                continue
            wanted = cpp_type(param.annotation).name
            if is_pointer(param.annotation) != is_pointer(given):
                plain = wanted.partition(" ")[0] in library.PRIMITIVES - {"auto"}
                held = self.type_values(param.annotation, symbol.file, symbol.index)
                if plain or is_pointer(param.annotation) or any(v.kind == "inst" for v in held):
                    score -= 4
            elif is_pointer(given) and wanted == cpp_type(given).name:
                score += 1
        return score

    def compatible(self, given: Value, wanted: Value) -> int:
        return 1 if wanted.kind == "var" and given.kind not in ("var", "unknown") else super().compatible(given, wanted)

    def foreign_compatible(self, given: str, wanted: str) -> int:
        left, right = given.partition("#")[2], wanted.partition("#")[2]
        numeric = library.PRIMITIVES - {"char", "void", "auto"}
        if left.partition(" ")[0] in numeric and right.partition(" ")[0] in numeric:
            return -1 if "bool" in (left, right) else 0  # a template's parameter fits better than a conversion
        if left == "char" and right in ("string", "string_view", "Slice"):
            return 1
        return -2

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
