"""Go: facts of all .go files in, their Links out. A directory is a package; a name is looked up in the function, the package,
the imports and the builtins; a method by its receiver's type and the types embedded in it. Whoever has an interface's methods
implements it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from extractor.facts import MODULE, Call, FileFacts, Import
from extractor.resolve import Links
from extractor.resolve import go_library as library
from extractor.resolve.chains import Step, split_top
from extractor.resolve.common import MAX_CANDIDATES, is_aside
from extractor.resolve.emit import Emitter, Outcome, depends
from extractor.resolve.go_results import GoResults
from extractor.resolve.go_types import Package, go_type
from extractor.resolve.model import NOTHING, Context, File, Symbol, Value, Values, join
from extractor.schema import package_id

_OPAQUE: Final = frozenset(("callable", "unknown"))


def link(files: Sequence[FileFacts], configs: Mapping[str, str]) -> Links:
    """All edges between Go symbols, and what could not be linked."""
    engine = GoEngine(files, configs)
    emitter = GoEmitter(engine)
    emitter.resolve_bases()
    emitter.emit_bases()
    emitter.emit_owners()
    engine.find_implementations(emitter)
    engine.collect_flows()
    for file in engine.files:
        engine.emit_imports(file, emitter)
    emitter.emit_calls()
    emitter.emit_names()
    return emitter.finish()


class GoEmitter(Emitter):
    """A type called like a function converts a value and runs nothing."""

    def unresolved(self, src: str, kind: str, name: str, line: int, reason: str, ids: Sequence[str] = ()) -> None:
        super().unresolved(src, kind, name.replace("'", ""), line, reason, ids)

    def targets(self, values: Values, call: Call, args: list[str], context: Context) -> Outcome:
        if values and all(v.kind == "class" for v in values):
            return Outcome()
        return super().targets(values, call, args, context)

    def emit_names(self) -> None:
        super().emit_names()
        names = self.links.names
        for file in self.engine.files:
            for row in file.facts.raises:
                key = (file.facts.path, row.scope, row.name)
                if row.name in ("error", "panic"):
                    names[key] = (self.external(f"builtin#{row.name}", file.facts.lang),)
                elif row.name.endswith("()") and names.get(key, ()) in ((), ("ext:builtin#error",)):
                    names[key] = ()  # whoever makes it says which error it is
            for handler in file.facts.handlers:
                for name in handler.names:
                    if name == "panic":
                        names[file.facts.path, handler.scope, name] = (self.external("builtin#panic", file.facts.lang),)


class GoEngine(GoResults):
    """What Go expressions mean, and where their calls lead."""

    runners = library.RUNNERS
    max_overloads = 8  # variants behind build tags

    def select(self, symbols: Sequence[Symbol], args: list[str] | None, context: Context) -> list[Symbol]:
        """No overloads: several definitions are variants, of which the caller's own file comes first."""
        own = [s for s in symbols if s.file is context.file]
        if own or len(symbols) == 1:
            return own or list(symbols)
        symbols = [s for s in symbols if self.meets(s, context.file)] or symbols
        if len(symbols) > MAX_CANDIDATES:
            symbols = self.plain(symbols, context.file)
        if not is_aside(context.file.facts.path):
            product = [s for s in symbols if not is_aside(s.file.facts.path)]
            return product or list(symbols)
        return list(symbols)

    # ------------------------------------------------------------------ names
    def outer_name(self, name: str, context: Context) -> Values:
        found = self._named(context.file.found["package"], name, context.file)
        if found:
            return found
        target = context.file.found["imports"].get(name)
        if isinstance(target, Package):
            return (Value("module", target, name=target.directory),)
        if target is not None:
            return (Value("ns", name=target),)
        for dots in context.file.found["dots"]:
            found = self._named(dots, name, context.file) if isinstance(dots, Package) else NOTHING
            if found:
                return found
        if name in library.BUILTIN_FUNCTIONS:
            return (Value("extfunc", name=f"builtin#{name}"),)
        if name in library.BUILTIN_TYPES:
            return (Value("extclass", name=f"builtin#{name}"),)
        outside = self.outside_dots(name, context.file)
        return (Value("extfunc", name=outside),) if outside else NOTHING

    def _named(self, package: Package, name: str, file: File) -> Values:
        """What a package declares by a name, as a file of any package sees it."""
        symbols = package.symbols.get(name, [])
        if len(symbols) > 1:  # all variants of a function may be called, but of what else one is known
            functions = all(s.is_function for s in symbols)
            symbols = [s for s in symbols if self.meets(s, file)] or symbols if functions else self.plain(symbols, file)
        aliases = [s for s in symbols if "alias" in s.d.flags]
        if aliases:
            held = self.alias_values(Value("alias", aliases[0]), 0)
            return tuple(v._replace(kind={"inst": "class", "ext": "extclass"}.get(v.kind, v.kind)) for v in held)
        return self.definitions(symbols, "variant" if len(symbols) > 1 else "import") if symbols else NOTHING

    def head_values(self, head: str, context: Context) -> Values:
        name, _, given = head.partition("<")
        found = self.name_values(name, context)  # `this` and `super` are names like any other
        return self._instantiated(found, given, context) if given else found

    def _instantiated(self, values: Values, given: str, context: Context) -> Values:
        """Generic functions with the type arguments they are called with."""
        args = tuple(self.type_values(t, context.file, context.scope) for t in split_top(given[:-1], ","))
        return tuple(v._replace(args=args) if v.kind in ("func", "extfunc") else v for v in values)

    def name_values(self, name: str, context: Context) -> Values:
        """What a bare name holds; x' is the x that stands before the declaration of x here."""
        if not name.endswith("'"):
            return super().name_values(name, context)
        file, scope, line = context
        name = name[:-1]
        rows = file.binds.get((scope, name), ())
        here = [b for b in rows if b.line <= line and (not b.end_line or line <= b.end_line) and b not in self._hidden]
        self._hidden += here[-1:]
        try:
            return super().name_values(name, context)
        finally:
            self._hidden[len(self._hidden) - len(here[-1:]) :] = []

    def arguments(self, callee: str, context: Context) -> list[str] | None:
        """Type arguments are no part of a call's name; `f[T]` may also be an element."""
        element = callee.endswith("[]")
        plain = callee.removesuffix("[]")
        cut, depth = len(plain), 0
        while cut > 1 and (depth or plain.endswith(">")):
            cut -= 1
            depth += (plain[cut] == ">") - (plain[cut] == "<")
            if not depth:
                break
        plain = plain[:cut]
        return self.arguments_of(f"{plain}[]", "()", context) if element else super().arguments(plain, context)

    def arguments_of(self, receiver: str, name: str, context: Context) -> list[str] | None:
        return super().arguments_of(receiver, name.rstrip("'"), context)

    def variable_values(self, symbol: Symbol) -> Values:
        found = super().variable_values(symbol)
        if not found or any(v.kind in _OPAQUE or self._runs(v) for v in found):
            return self.kept(("var", symbol.file.found["package"].directory, symbol.d.name, "=")) or found
        return found

    def _step(self, values: Values, step: Step, prefix: str, called: bool, context: Context) -> Values:
        if step.op in ("[]", "*"):
            values = self.bounded(values)
            if step.op == "*":
                return join(self.first_of(v) for v in values)
            for place in self.places(prefix, "", context) if self.stored else ():
                kept = self.kept(place)
                if kept:
                    return kept
        return super()._step(values, step, prefix, called, context)

    # ------------------------------------------------------------------ members
    def own_member(self, value: Value, name: str, context: Context) -> Values:
        """Of the members of that name the least deeply embedded."""
        env = self.environment(value)
        for ancestor, inner in self.lineage(value.symbol):
            members = ancestor.members.get(name, ())
            methods = tuple(s for s in members if s.d.kind == "method")
            if methods:
                return (Value("func", methods, via="type" if len(methods) == 1 else "variant", owner=value),)
            held = self.field_values(ancestor, name) if members else None
            if held is not None:
                mapping = {k: self.substitute(v, env, 1) for k, v in inner.items()} if inner else env
                return (self.substitute(held, mapping) if mapping else held) or (Value("unknown"),)
        return NOTHING

    def called_member(self, value: Value, name: str, receiver: str, context: Context) -> Values:
        return self.member(value, name, context)

    def open_member(self, value: Value, beyond: Value, name: str, context: Context) -> Values:
        if beyond.name:
            return (Value("extfunc", name=f"{beyond.name}.{name}", owner=beyond, via="mro"),)
        return (Value("beyond"),)

    def member(self, value: Value, name: str, context: Context) -> Values:
        name, _, given = name.partition("<")
        if given:
            return self._instantiated(self.member(value, name, context), given, context)
        found = super().member(value, name, context)
        if found or value.kind != "inst" or not isinstance(value.symbol, Symbol):
            return found
        return join(
            self.member(v, name, context) for v in self.underlying(value, context) if v.kind in ("inst", "fields")
        )

    def foreign_member(self, value: Value, name: str, context: Context) -> Values:
        if value.kind == "module":
            return self._named(value.symbol, name, context.file)
        if value.kind == "ns":
            return (Value("extfunc", name=f"{value.name}#{name}"),)
        if value.kind == "tuple":
            return value.args[int(name)] if name.isdigit() and int(name) < len(value.args) else NOTHING
        if value.kind == "fields":
            names = value.name.split(",")
            kept = self.kept(("anonymous", context.file.number, value.name, name)) if self.stored else NOTHING
            held = kept or (value.args[names.index(name)] if name in names else NOTHING)
            return join([held, self.behind(value, name, context.file)]) if held and value.via == "interface" else held
        if value.kind in ("ext", "extclass", "extfunc") and value.name:
            if value.name == "builtin#error":
                return (Value("extfunc", name=f"builtin#error.{name}"),)
            builtin = value.name.startswith("builtin#")
            return NOTHING if builtin else (Value("extfunc", name=f"{value.name}.{name}", owner=value),)
        return (value,) if value.kind == "beyond" else NOTHING

    def special_call(self, call: Call, context: Context, args: list[str], emitter: Any) -> Outcome | None:
        if call.kind == "earlier":
            values = self.name_values(f"{call.name}'", context)
            return emitter.targets(values, call, args, context) if values else Outcome(reason="dynamic")
        if not call.receiver and self._is_literal(call.name, context):
            return Outcome()  # its body belongs to the function that holds it
        if call.name != "()":
            return None
        values = self.evaluate(call.receiver, context)
        return emitter.targets(values, call, args, context) if values else Outcome(reason="dynamic")

    def _is_literal(self, name: str, context: Context) -> bool:
        file, scope, _ = context
        while scope != MODULE:
            rows = file.binds.get((scope, name))
            if rows:
                return all(b.kind == "assigned" and b.text.startswith("<func") for b in rows)
            scope = file.symbols[scope].d.scope
        return False

    def error_values(self, name: str, context: Context) -> Values:
        """An error's type, a sentinel, or what a constructor of errors gives."""
        if name.endswith("()"):
            return self.evaluate(name, context)
        parsed = go_type(name)
        found = self.type_name(parsed.name, context.file, context.scope)
        if found is not None and found.kind == "class":
            return (found,)
        package, dot, last = name.rpartition(".")
        target = context.file.found["imports"].get(package) if dot else context.file.found["package"]
        if isinstance(target, Package):
            symbols = [s for s in target.symbols.get(last, ()) if s.d.kind == "variable"]
            return tuple(Value("class", s) for s in symbols[:1])
        return (Value("ext", name=f"{target}#{last}"),) if target else NOTHING

    # ------------------------------------------------------------------ imports and reasons
    def emit_imports(self, file: File, emitter: Emitter) -> None:
        used: dict[str, set[str]] = {}
        for pair in (file.facts.extra or {}).get("used", ()):
            name, _, member = pair.partition(".")
            used.setdefault(name, set()).add(member)
        for row in file.facts.imports:
            self._emit_import(file, row, used, emitter)

    def _emit_import(self, file: File, row: Import, used: Mapping[str, set[str]], emitter: Emitter) -> None:
        package = self.package_at(row.module, file)
        if package is not None:
            emitter.edge(file.id, package_id(file.facts.prefix, package.directory), "imports", row.line, "import")
            names = set(package.symbols) if row.name == "*" else used.get(row.alias or package.name, set())
            for name in sorted(names):
                for symbol in package.symbols.get(name, ()):
                    emitter.edge(file.id, symbol.file.id, "imports", row.line, "import")
                    emitter.edge(file.id, symbol.id, "imports", row.line, "import")
            return
        if any(row.module == m or row.module.startswith(m + "/") for m, _ in self.modules):
            emitter.unresolved(file.id, "imports", row.module, row.line, "missing_module")
            return
        emitter.edge(file.id, emitter.external(row.module, "go"), "imports", row.line, "import")
        depends(emitter, file, row.module, row.line)

    def unknown_name_reason(self, name: str, context: Context) -> str:
        return "external" if any(isinstance(d, str) for d in context.file.found["dots"]) else "missing_module"
