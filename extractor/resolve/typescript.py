"""TypeScript and JavaScript: facts of all their files in, their Links out. Imports are followed through barrels and re-exports to
the definition, ES modules and CommonJS alike; receivers are typed by annotation, JSDoc, constructor or what functions return.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from extractor.facts import MODULE, Call, FileFacts
from extractor.resolve import Links
from extractor.resolve import typescript_library as library
from extractor.resolve.chains import Chain, TypeText, parse_chain, ts_type
from extractor.resolve.emit import Emitter, Outcome
from extractor.resolve.model import MAX_VALUES, NOTHING, Context, File, Symbol, Value, Values, join
from extractor.resolve.typescript_members import ScriptMembers


def link(files: Sequence[FileFacts], configs: Mapping[str, str]) -> Links:
    """All edges between TypeScript and JavaScript symbols, and what could not be linked."""
    engine = ScriptEngine(files, configs)
    emitter = Emitter(engine)
    emitter.resolve_bases()
    engine.flow()
    if any(base.kind == "mixin" for file in engine.files for base in file.facts.bases):
        emitter.resolve_bases()  # a mixin's base is what the mixin is given
        engine.flow()
    emitter.emit_bases()
    for file in engine.files:
        for row in file.facts.imports:
            engine.emit_import(file, row, emitter)
    emitter.emit_calls()
    engine.emit_reads(emitter)
    emitter.emit_names()
    return emitter.finish()


def _is_parameter(name: str, context: Context) -> bool:
    """Whether a function around this place has a parameter of that name, which hides a class outside it."""
    scope = context.scope
    while scope != MODULE:
        definition = context.file.symbols[scope].d
        if any(param.name == name for param in definition.params):
            return True
        scope = definition.scope
    return False


class ScriptEngine(ScriptMembers):
    """What expressions mean, and where their calls lead."""

    parse_type = staticmethod(ts_type)
    implicit_members = False
    overloaded = False
    runners = library.RUNNERS

    def instances(self, parsed: TypeText, file: File, scope: int, depth: int = 0) -> Values:
        if parsed.name == "this":
            owner = file.enclosing_class(scope)
            return (Value("inst", owner, self.own_args(owner), via="self"),) if owner is not None else NOTHING
        if parsed.name == "{}":
            held = tuple((f.name, self.instances(f.args[0], file, scope, depth + 1)) for f in parsed.args if depth < 8)
            return (Value("record", args=tuple(v for _, v in held), name=",".join(n for n, _ in held)),)
        if parsed.name == "()":
            return (
                Value("tuple", args=tuple(self.instances(a, file, scope, depth + 1) for a in parsed.args if depth < 8)),
            )
        if parsed.name.endswith(("']", '"]')):  # `Container["bind"]`
            whole, _, key = parsed.name[:-2].rpartition("[")
            values = self.type_values(whole, file, scope)
            return join(self.member(v, key[1:], Context(file, scope, 0)) for v in values)
        if parsed.name == "typeof":
            return self.evaluate(parsed.args[0].name, Context(file, scope, file.facts.loc + 1))
        if parsed.name in ("Array", "ReadonlyArray", "Iterable", "IterableIterator", "ArrayLike") and depth < 20:
            inner = self.instances(parsed.args[0], file, scope, depth + 1) if parsed.args else NOTHING
            return (Value("list", args=(inner,)),)
        if parsed.name in library.WHOLE and parsed.args and self.type_name(parsed.name, file, scope) is None:
            return self.instances(parsed.args[0], file, scope, depth + 1)
        if parsed.name in ("InstanceType", "Awaited", "ReturnType") and parsed.args:
            inner = self.instances(parsed.args[0], file, scope, depth + 1)
            if parsed.name == "Awaited":
                return join(self.awaited(v) for v in inner)
            if parsed.name == "ReturnType":
                return join(self.result(v, None, Context(file, scope, 0)) for v in inner)
            return tuple(self.as_instance(v) for v in inner)
        return super().instances(parsed, file, scope, depth)

    def alias_values(self, alias: Value, depth: int) -> Values:
        symbol: Symbol = alias.symbol
        found = super().alias_values(alias, depth)
        return (*found, Value("inst", symbol)) if symbol.members else found

    def wraps_rest(self, annotation: str) -> bool:
        return False  # `...xs: T[]` already says that it is an array

    def literal(self, text: str, context: Context) -> Values:
        if text in ("null", "any"):
            return NOTHING
        if text == "Array":
            return (Value("list", args=(NOTHING,)),)
        return self.type_values(text, context.file, context.scope)

    def _evaluate(self, text: str, chain: Chain, context: Context) -> Values:
        if (
            chain.kind == "new"
            and not chain.steps
            and (held := chain.head.partition("<")[0]) in ("Map", "Set", "WeakMap", "WeakSet")
        ):
            values = super()._evaluate(text, chain, context)
            args = self.arguments(held, context)
            given = join(self.element(v) for v in self.evaluate(args[0], context)) if args else NOTHING
            if not given or any(v.kind != "ext" for v in values):
                return values
            pairs = held.endswith("Map")
            inner = tuple(join(self.foreign_member(v, n, context) for v in given) for n in "01") if pairs else (given,)
            return tuple(
                v._replace(args=tuple(join(both) for both in zip(inner, v.args, strict=True)) if v.args else inner)
                for v in values
            )
        found = super()._evaluate(text, chain, context)
        if "@" in text and chain.kind != "lambda" and self.is_open_type(found):
            for step in chain.steps:  # a parameter of a function without a name: what its callers give
                if step.op == "#":
                    told, _, place = step.name.partition("@")
                    given = self.evaluate(f"@{place}:{told.partition('.')[2]}{text[step.end :]}", context)
                    return join([found, given])
        return found

    def made(self, name: str, context: Context) -> Values:
        """A proxy is what it stands for; what no type has the name of is a variable that holds a class."""
        args = self.arguments(name, context) if name == "Proxy" else None
        if args:
            return self.evaluate(args[0], context)
        plain = name.partition("<")[0]
        found = NOTHING if _is_parameter(plain, context) else super().made(name, context)
        if not found and (plain or "?") != "?":
            held = self.evaluate(plain, context)
            for value in held:
                if value.kind in ("class", "func"):
                    found = join([found, self.result(value, None, context) or (Value("inst", value.symbol[0]),)])
        return found

    # ------------------------------------------------------------------ results
    def evaluate_property(self, value: Value, context: Context) -> Values:
        """What reading a getter gives, and the method itself for everything else."""
        if value.kind == "func" and all("property" in s.d.flags or "setter" in s.d.flags for s in value.symbol):
            return join(self.function_result(s, value, None, context) for s in value.symbol if "property" in s.d.flags)
        return (value,)

    def _step(self, values: Values, step: Any, prefix: str, called: bool, context: Context) -> Values:
        if step.op == "[]":
            return join(self.indexed(v) for v in self.bounded(values))
        if step.op == "." and called and len(values) > 1:  # one method of several classes is one for each of them
            each = [v for w in self.bounded(values) for v in self.called_member(w, step.name, prefix, context)]
            if len(unique := tuple(dict.fromkeys(each))) <= MAX_VALUES and unique:
                return unique
        found = super()._step(values, step._replace(name=step.name.partition("@")[0]), prefix, called, context)
        if step.op == "." and called and not found and step.name in library.FIRST_PARAMETER:
            # What gives its elements to a function is read as an array, whatever it is.
            some = any(v.kind == "unknown" for v in values)
            return self.foreign_member(Value("list", args=(NOTHING,)), step.name, context) if some else NOTHING
        if step.op == "." and any(v.kind == "func" for v in found):
            return join(self.evaluate_property(v, context) for v in found)
        return found

    def declared_returns(self, symbol: Symbol) -> Values:
        inner = [s for s in symbol.members.get("return", ()) if s.d.kind == "variable"]
        found = super().declared_returns(symbol)
        if symbol.d.returns and found and self.is_open_type(found):
            rows = symbol.file.binds.get((symbol.index, "return"), ())
            found = join([found, *(self.binding_values(b, symbol.file) for b in rows)])
        if inner:
            found = join([tuple(Value("class", s) for s in inner), found])
        if "async" in symbol.d.flags and not symbol.d.returns and found:
            return (Value("ext", name="js#Promise", args=(found,)),)
        return found

    def function_result(self, symbol: Symbol, value: Value, args: list[str] | None, context: Context) -> Values:
        """`this` is what the method was called on, be it of a subclass."""
        made_at = self._site_for(symbol, args, context)
        before, site = self._site, made_at or self._site_marked(value)
        if site is not None:
            self._enter(site)
        found = super().function_result(symbol, value, args, context)
        if site is not None:
            self._enter(before)
        found = self._made(found, made_at) if made_at is not None else found
        receiver: Value | None = value.owner
        if receiver is None or not isinstance(receiver.symbol, Symbol) or all(v.via != "self" for v in found):
            return found
        lineage = [ancestor for ancestor, _ in self.lineage(receiver.symbol)]
        return tuple(
            v._replace(symbol=receiver.symbol, args=receiver.args)
            if v.via == "self" and v.kind == "inst" and any(a is v.symbol for a in lineage)
            else v
            for v in found
        )

    def result(self, value: Value, args: list[str] | None, context: Context) -> Values:
        if value.kind == "func":
            made = [s for s in value.symbol if s.is_constructor]
            if made and not self.returns(made[0]):
                return (Value("inst", made[0]),)
        return super().result(value, args, context)

    def evaluate_lambda(self, value: Value) -> Values:
        _, line, result = value.name.split("@", 2)
        before, site = self._site, self._site_marked(value)
        if site is not None:
            self._enter(site)
        found = self.evaluate(result, value.symbol._replace(line=int(line)))
        if site is not None:
            self._enter(before)
        return found

    def handed(self, callee: Value, position: int, number: int, args: list[str] | None, context: Context) -> Values:
        if callee.kind == "func" or (callee.kind == "class" and isinstance(callee.symbol, Symbol)):
            return self.passed_here(callee, position, number, args, context)
        if (
            callee.name in ("js#Array.reduce", "js#Array.reduceRight")
            and position == number == 0
            and args
            and len(args) > 1
        ):
            return self.evaluate(args[1], context)
        return super().handed(callee, position, number, args, context)

    def passed_by_body(self, symbol: Symbol, param: str, number: int) -> Values:
        file, held = symbol.file, []
        for index in file.calls_by_text.get((symbol.index, "", param), ()):
            given = file.args[index] if index < len(file.args) else []
            if number < len(given) and not given[number].startswith("..."):
                held.append(self.evaluate(given[number], Context(file, symbol.index, file.facts.calls[index].line)))
        return join(held)

    # ------------------------------------------------------------------ calls
    def run_arguments(
        self, values: Values, call: Call, args: list[str], context: Context
    ) -> list[tuple[str, Symbol, int, str]]:
        """A function here that calls what it is given is seen to do so where it calls its parameter."""
        given = args[:1] if call.name in library.FOLDS else args
        return super().run_arguments(tuple(v for v in values if v.kind != "func"), call, given, context)

    def special_call(self, call: Call, context: Context, args: list[str], emitter: Any) -> Outcome | None:
        """`super(…)` runs the constructor of the base."""
        if call.receiver and call.name in library.RUNNERS and call.kind == "call":
            self.run_whatever(call, args[:1] if call.name in library.FOLDS else args, context, emitter)
        for listener in self.listeners(call, context):
            for symbol in listener.symbol:
                emitter.edge(context.file.owner_id(context.scope), symbol.id, "calls", call.line, "flow")
        if call.receiver or call.name != "super":
            return None
        owner = context.file.enclosing_class(context.scope)
        for base in owner.bases if owner is not None else ():
            if base.kind == "class":
                return emitter.constructor(base, args, context)  # type: ignore[no-any-return]
            if base.kind == "extclass" and base.name:
                return Outcome(external=base.name)
        return Outcome(reason="external")

    def constructed(self, call: Call, context: Context) -> Values:
        name = parse_chain(call.name.partition("<")[0].strip())
        if name.kind == "unknown":
            return (Value("unknown"),)
        values = self.evaluate(call.name.partition("<")[0].strip(), context)
        return tuple(
            Value("class", v.symbol[0], via=v.via) if v.kind == "func" and v.symbol[0].is_constructor else v
            for v in values
        )

    def constructors(self, symbol: Symbol) -> list[Symbol]:
        for ancestor, _ in self.lineage(symbol):
            found = [s for s in ancestor.members.get("constructor", ()) if "constructor" in s.d.flags]
            if found:
                return found
            if ancestor.is_function:
                return [ancestor]
        return []

    def base_value(self, file: File, base: Any) -> Value | None:
        found = super().base_value(file, base)
        if found is not None:
            return found
        symbol = file.symbols[base.scope]
        for value in self.evaluate(base.name, Context(file, symbol.d.scope, base.line)):
            if value.kind == "func" and value.symbol[0] is not symbol:
                return Value("class", value.symbol[0], via=base.kind)
            if value.kind in ("class", "extclass") and value.symbol is not symbol:
                return value._replace(via=base.kind)
            if value.kind == "extfunc":
                return value._replace(kind="extclass", via=base.kind)
        return None

    def error_values(self, name: str, context: Context) -> Values:
        """A function with a capital is a class of the old kind; `Refused.from` throws what it gives back."""
        found: list[Value] = []
        for value in self.evaluate(name, context):
            if value.kind == "extfunc" and name[:1].isupper():
                found.append(value._replace(kind="extclass"))
            elif value.kind == "func" and name.rpartition(".")[2][:1].isupper():
                found += [Value("class", symbol) for symbol in value.symbol[:1]]
            elif value.kind == "func" and name[:1].isupper():
                found += [v for v in self.result(value, None, context) if v.kind in ("inst", "ext")]
            else:
                found.append(value)
        # Of a type and a constant of one name it is the type that is thrown, not what the constant is declared to be.
        last = name.rpartition(".")[2]
        named = [v for v in found if v.kind == "class" and isinstance(v.symbol, Symbol) and v.symbol.d.name == last]
        return tuple(named or found)

    def unknown_type_reason(self, name: str, file: File) -> str:
        return "external"

    def unknown_name_reason(self, name: str, context: Context) -> str:
        rows = context.file.found["aliases"].get(name)
        return "missing_module" if rows else "external"

    def unknown_receiver_reason(self, receiver: str, context: Context) -> str:
        return "unknown_receiver"

    def emit_reads(self, emitter: Emitter) -> None:
        """Reading a getter calls it; looping over an object calls what it is iterated by."""
        iterated = {f"[{n}]" for n in ("iterator", "asyncIterator")}
        getters = {
            s.d.name for file in self.files for s in file.symbols if "property" in s.d.flags or s.d.name in iterated
        }
        for file in self.files:
            for scope, receiver, name, line in (file.facts.extra or {}).get("reads", ()) if getters else ():
                if name not in getters:
                    continue
                context = Context(file, scope, line)
                for value in self.evaluate(receiver, context):
                    below = self.below(value, name) if receiver == "this" else NOTHING
                    for member in self.member(value, name, context) or below:
                        for symbol in member.symbol if member.kind == "func" else ():
                            if "property" in symbol.d.flags or name in iterated:
                                emitter.edge(file.owner_id(scope), symbol.id, "calls", line, "getter")
        self._emit_writes(emitter)

    def _emit_writes(self, emitter: Emitter) -> None:
        """Assigning to a property that has a setter calls it."""
        setters = {s.d.name for file in self.files for s in file.symbols if "setter" in s.d.flags}
        for file in self.files:
            for scope, receiver, name, line in (file.facts.extra or {}).get("writes", ()) if setters else ():
                if name not in setters:
                    continue
                for value in self.evaluate(receiver, Context(file, scope, line)):
                    if value.kind not in ("inst", "class") or not isinstance(value.symbol, Symbol):
                        continue
                    for ancestor, _ in self.lineage(value.symbol):
                        found = [s for s in ancestor.members.get(name, ()) if "setter" in s.d.flags]
                        if found:
                            emitter.edge(file.owner_id(scope), found[0].id, "calls", line, "getter")
                            break
