"""TypeScript and JavaScript: facts of all their files in, their Links out. Imports are followed through barrels and re-exports to
the definition, ES modules and CommonJS alike; receivers are typed by annotation, JSDoc, constructor or what functions return.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from extractor.facts import MODULE, Call, FileFacts, Import
from extractor.resolve import Links
from extractor.resolve import typescript_library as library
from extractor.resolve.chains import TypeText, parse_chain, ts_type
from extractor.resolve.emit import Emitter, Outcome, depends
from extractor.resolve.oo import NOTHING, Context, Engine, File, Symbol, Value, Values, join
from extractor.resolve.typescript_modules import Modules


def link(files: Sequence[FileFacts], configs: Mapping[str, str]) -> Links:
    """All edges between TypeScript and JavaScript symbols, and what could not be linked."""
    engine = ScriptEngine(files, configs)
    emitter = Emitter(engine)
    emitter.resolve_bases()
    emitter.emit_bases()
    for file in engine.files:
        for row in file.facts.imports:
            engine.emit_import(file, row, emitter)
    emitter.emit_calls()
    engine.emit_reads(emitter)
    emitter.emit_names()
    return emitter.finish()


class ScriptEngine(Engine):
    parse_type = staticmethod(ts_type)
    implicit_members = False
    runners = library.RUNNERS

    def __init__(self, files: Sequence[FileFacts], configs: Mapping[str, str]) -> None:
        super().__init__(files, configs)
        self.by_path = {file.facts.path: file for file in self.files}
        self.modules = Modules(self.by_path, configs)
        for file in self.files:
            aliases: dict[str, list[Import]] = {}
            reexports: dict[str, list[Import]] = {}
            stars: list[Import] = []
            for row in file.facts.imports:
                if row.kind == "reexport":
                    if row.name == "*":
                        stars.append(row)
                    else:
                        reexports.setdefault(row.alias, []).append(row)
                elif row.alias:
                    aliases.setdefault(row.alias, []).append(row)
            exports = (file.facts.extra or {}).get("exports", {})
            file.found = {"aliases": aliases, "reexports": reexports, "stars": stars, "exports": exports}

    # ------------------------------------------------------------------ modules
    def target(self, file: File, specifier: str) -> File | str | None:
        """The file a specifier means, the name of a package elsewhere, or None."""
        path, package = self.modules.resolve(file.facts.path, specifier)
        return self.by_path[path] if path else package or None

    def imported(self, file: File, row: Import) -> Values:
        """What the name an import binds holds."""
        target = self.target(file, row.module)
        if target is None:
            return (Value("beyond"),) if not row.module.startswith(".") else NOTHING
        if isinstance(target, str):
            return (Value("extclass", name=f"{target}#{row.name}" if row.name else f"{target}#", via="import"),)
        if row.name:
            return via_import(self.export(target, row.name))
        if row.kind == "require" or "=" in target.found["exports"]:
            whole = self.export(target, "=") if "=" in target.found["exports"] else NOTHING
            if whole:
                return via_import(whole)
        return (Value("module", target, via="import"),)

    def export(self, file: File, name: str) -> Values:
        """What a module exports under a name, followed to its definition."""
        key = ("export", file.number, name)
        if key in self._active:
            return NOTHING
        self._active.add(key)
        try:
            return self._export(file, name)
        finally:
            self._active.discard(key)

    def _export(self, file: File, name: str) -> Values:
        exports = file.found["exports"]
        if name in exports:
            found = self.evaluate(exports[name], Context(file, MODULE, file.facts.loc + 1))
            if found:
                return found
            return tuple(v for s in file.top.get(name, ()) for v in self.definitions([s], "import"))
        for row in file.found["reexports"].get(name, ()):
            found = self.imported(file, row)
            if found:
                return found
        for row in file.found["stars"]:
            target = self.target(file, row.module)
            if isinstance(target, File):
                found = self.export(target, name)
                if found:
                    return found
        if "=" in exports and name != "=":
            whole = self.export(file, "=")
            if name == "default":
                return whole
            return join(self.member(v, name, Context(file, MODULE, 0)) for v in whole)
        if name == "default" and exports and "default" not in exports:
            return (Value("module", file, via="import"),)
        outside = [r for r in file.found["stars"] if isinstance(self.target(file, r.module), str)]
        if len(outside) == 1:
            return (Value("extclass", name=f"{self.target(file, outside[0].module)}#{name}", via="import"),)
        # A declaration file without export statements shares all its names.
        if file.facts.path.endswith(".d.ts") and name in file.top:
            return self.definitions(file.top[name], "import")
        return NOTHING

    # ------------------------------------------------------------------ names
    def outer_name(self, name: str, context: Context) -> Values:
        file = context.file
        rows = file.found["aliases"].get(name)
        if rows:
            return join(self.imported(file, row) for row in rows)
        if name in library.TYPES:
            return (Value("extclass", name=f"js#{name}", via="import"),)
        if name in library.FUNCTIONS:
            return (Value("extfunc", name=f"js#{name}", via="import"),)
        inside = [s for s in file.symbols if s.d.qualname.startswith(name + ".") and s.d.scope == MODULE]
        if inside:
            return (Value("ns", file, name=name),)
        if name in ("module", "exports"):
            return (Value("module", file),)
        return NOTHING

    def definitions(self, symbols: Sequence[Symbol], via: str) -> Values:
        if any("alias" in s.d.flags and s.d.kind == "variable" for s in symbols):
            aliases = [Value("alias", s, via=via) for s in symbols if "alias" in s.d.flags]
            return (*super().definitions([s for s in symbols if "alias" not in s.d.flags], via), *aliases)
        found = super().definitions(symbols, via)
        kinds = {v.kind for v in found}
        if "func" in kinds and "class" in kinds:  # a function and an interface of one name
            return tuple(v for v in found if v.kind != "class" or v.symbol.d.kind != "interface")
        return found

    def special_name(self, head: str, context: Context) -> Values | None:
        if head.startswith("import:"):
            return (
                Value("ext", name="js#Promise", args=(self.special_name(f"require{head[6:]}", context) or NOTHING,)),
            )
        if head.startswith("require:"):
            module = head[8:].replace("\x01", ".").replace("\x02", "#").replace("\x03", "-")
            return self.imported(context.file, Import(MODULE, module, "", "", 0, 0, "require"))
        if head.startswith("outer:"):
            # A shorthand property `{f}`: the name as it is outside the object.
            scope = context.file.symbols[context.scope].d.scope if context.scope != MODULE else MODULE
            return self.name_values(head[6:], Context(context.file, scope, context.line))
        if head == "this" and context.scope != MODULE:
            owner = context.file.enclosing_class(context.scope)
            if owner is not None and owner.is_constructor:
                return (Value("inst", owner, via="self"),)
        return super().special_name(head, context)

    def type_name(self, name: str, file: File, scope: int) -> Value | None:
        first, _, rest = name.partition(".")
        if not rest:
            if first in library.PRIMITIVES:
                return Value("extclass", name=f"js#{first}") if first in ("string", "number", "boolean") else None
            variable = self.type_variable(first, file, scope)
            if variable is not None:
                return variable
        here = scope
        while here != MODULE:
            found = self._first_type(file.symbols[here].members.get(first, ()))
            if found is not None:
                break
            here = file.symbols[here].d.scope
        else:
            found = self._first_type(file.top.get(first, ()))
        if found is None:
            values = self.outer_name(first, Context(file, scope, 0))
            found = next((v for v in values if v.kind in ("class", "extclass", "alias", "module", "ns")), None)
            if found is None and any(
                v.kind == "func" and v.symbol[0].is_constructor for v in (values or self.top_values(first, file))
            ):
                found = Value("class", (values or self.top_values(first, file))[0].symbol[0])
        for part in rest.split(".") if rest and found is not None else ():
            members = self.member(found, part, Context(file, scope, 0)) if found is not None else NOTHING
            found = next((v._replace(kind="extclass") if v.kind == "extfunc" else v for v in members
                          if v.kind in ("class", "extclass", "alias", "module", "ns", "extfunc")), None)  # fmt: skip
        return found if found is None or found.kind in ("class", "extclass", "alias", "var") else None

    def top_values(self, name: str, file: File) -> Values:
        return self.definitions(file.top[name], "scope") if name in file.top else NOTHING

    def _first_type(self, symbols: Sequence[Symbol]) -> Value | None:
        for symbol in symbols:
            if symbol.is_class:
                return Value("class", symbol)
            if "alias" in symbol.d.flags:
                return Value("alias", symbol)
        return None

    def instances(self, parsed: TypeText, file: File, scope: int, depth: int = 0) -> Values:
        if parsed.name == "this":
            owner = file.enclosing_class(scope)
            return (Value("inst", owner, self.own_args(owner)),) if owner is not None else NOTHING
        if parsed.name == "{}":
            held = tuple((f.name, self.instances(f.args[0], file, scope, depth + 1)) for f in parsed.args if depth < 8)
            return (Value("record", args=tuple(v for _, v in held), name=",".join(n for n, _ in held)),)
        if parsed.name == "()":
            return (
                Value("tuple", args=tuple(self.instances(a, file, scope, depth + 1) for a in parsed.args if depth < 8)),
            )
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

    # ------------------------------------------------------------------ members and results
    def member(self, value: Value, name: str, context: Context) -> Values:
        if value.kind == "func":
            for symbol in value.symbol:
                if name in ("call", "apply", "bind"):
                    return (value,)
                if name == "prototype":
                    return (Value("inst", symbol),)
                if name in symbol.members:
                    return self.definitions(symbol.members[name], "type")
            return (
                (Value("extfunc", name=f"js#Function.{name}"),) if name in ("toString", "length", "name") else NOTHING
            )
        if value.kind == "lambda" and name in ("call", "apply", "bind"):
            return (value,)
        if value.kind == "class" and name == "prototype":
            return (self.as_instance(value),)
        if value.kind == "inst" and name == "constructor":
            return (value._replace(kind="class"),)
        found = super().member(value, name, context)
        return tuple(self._property(v) for v in found) if any(v.kind == "func" for v in found) else found

    def _property(self, value: Value) -> Value:
        return value

    def evaluate_property(self, value: Value, context: Context) -> Values:
        """What reading a getter gives, and the method itself for everything else."""
        if value.kind == "func" and all("property" in s.d.flags or "setter" in s.d.flags for s in value.symbol):
            return join(self.function_result(s, value, None, context) for s in value.symbol if "property" in s.d.flags)
        return (value,)

    def _step(self, values: Values, step: Any, prefix: str, called: bool, context: Context) -> Values:
        found = super()._step(values, step, prefix, called, context)
        if step.op == "." and any(v.kind == "func" for v in found):
            return join(self.evaluate_property(v, context) for v in found)
        return found

    def foreign_member(self, value: Value, name: str, context: Context) -> Values:
        if value.kind == "module":
            return self.export(value.symbol, name)
        if value.kind == "tuple":
            place = int(name) if name.isdigit() else len(value.args)
            return tuple(value.args[place]) if place < len(value.args) else NOTHING
        if value.kind == "list" and name.isdigit():
            return self.element(value)
        if value.kind == "record":
            names = value.name.split(",")
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

    def foreign_result(self, value: Value, args: list[str], context: Context) -> Values:
        owner: Value | None = value.owner
        method = value.name.rpartition(".")[2].rpartition("#")[2]
        if value.kind == "extclass":
            return (self.as_instance(value),)
        if value.name == "js#fetch":
            return (Value("ext", name="js#Promise", args=((Value("ext", name="js#Response"),),)),)
        if owner is None:
            return NOTHING
        if owner.kind == "list":
            if method in library.SAME_ELEMENTS:
                return (owner,)
            if method in library.ONE_ELEMENT:
                return tuple(owner.args[0]) if owner.args else NOTHING
            if method in ("map", "flatMap", "from"):
                inner = join(self._lambda_results(args, context))
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
                inner = join(self.awaited(v) for v in join(self._lambda_results(args[:1], context)))
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
        if owner.name.endswith("#Map") and method == "entries" and len(owner.args) > 1:
            return (Value("list", args=((Value("tuple", args=owner.args[:2]),),)),)
        if owner.name == "js#Object" and method in ("values", "freeze", "assign", "seal") and args:
            held = self.evaluate(args[0], context)
            return (Value("list", args=(join(self.element(v) for v in held),)),) if method == "values" else held
        if owner.name == "js#Array" and method in ("from", "of") and args:
            inner = join(self.element(v) for v in self.evaluate(args[0], context))
            return (Value("list", args=(inner,)),)
        return NOTHING

    def _lambda_results(self, args: Sequence[str], context: Context) -> list[Values]:
        found = []
        for arg in args:
            for value in self.evaluate(arg, context) if arg not in ("", "?") else ():
                found.append(self.result(value, None, context))
        return found

    def element(self, value: Value) -> Values:
        if value.kind == "list":
            return tuple(value.args[0]) if value.args else NOTHING
        if value.kind == "tuple":
            return join(value.args)
        if value.kind == "ext" and value.name.endswith("#Map") and len(value.args) > 1:
            return (Value("tuple", args=value.args[:2]),)
        if value.kind == "ext" and value.args:
            return tuple(value.args[1] if value.name.endswith("#Record") and len(value.args) > 1 else value.args[0])
        return NOTHING

    def awaited(self, value: Value) -> Values:
        if value.kind == "ext" and value.name.endswith(("#Promise", "#PromiseLike")):
            return join(self.awaited(v) for v in value.args[0]) if value.args else NOTHING
        return (value,)

    def declared_returns(self, symbol: Symbol) -> Values:
        inner = [s for s in symbol.members.get("return", ()) if s.d.kind == "variable"]
        found = super().declared_returns(symbol)
        if inner:
            found = join([tuple(Value("class", s) for s in inner), found])
        if "async" in symbol.d.flags and not symbol.d.returns and found:
            return (Value("ext", name="js#Promise", args=(found,)),)
        return found

    def result(self, value: Value, args: list[str] | None, context: Context) -> Values:
        if value.kind == "func":
            made = [s for s in value.symbol if s.is_constructor]
            if made and not self.returns(made[0]):
                return (Value("inst", made[0]),)
        return super().result(value, args, context)

    def callback_parameter(self, callee: Value, position: int, number: int, context: Context) -> Values:
        owner: Value | None = callee.owner
        method = callee.name.rpartition(".")[2]
        if owner is None:
            return (Value("beyond"),) if callee.kind in ("ext", "extclass", "extfunc") else NOTHING
        if owner.kind == "list" and owner.args:
            if method in library.FIRST_PARAMETER:
                return tuple(owner.args[0]) if number == 0 else NOTHING
            if method == "sort" or (method == "reduce" and number == 1):
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

    # ------------------------------------------------------------------ calls
    def special_call(self, call: Call, context: Context, args: list[str], emitter: Any) -> Outcome | None:
        """`super(…)` runs the constructor of the base."""
        if call.receiver or call.name != "super":
            return None
        owner = context.file.enclosing_class(context.scope)
        for base in owner.bases if owner is not None else ():
            if base.kind == "class":
                return emitter.constructor(base, args, context)  # type: ignore[no-any-return]
            if base.kind == "extclass" and base.name:
                return Outcome(external=base.name)
        return Outcome(reason="external")

    def called_variable(self, call: Call, context: Context) -> Symbol | None:
        """The constant that is called, when what it holds has no name of its own, as in `const isText = kindOf("text")`."""
        if not call.receiver:
            file, scope, _ = context
            while scope != MODULE:
                if (scope, call.name) in file.binds or any(p.name == call.name for p in file.symbols[scope].d.params):
                    return None
                scope = file.symbols[scope].d.scope
            symbols = list(file.top.get(call.name, ()))
            for row in file.found["aliases"].get(call.name, ()) if not symbols else ():
                target = self.target(file, row.module)
                if isinstance(target, File) and row.name:
                    symbols += self._variables(target, row.name, 0)
        else:
            symbols = []
            for value in self.evaluate(call.receiver, context):
                symbols += self._member_variables(value, call.name)
        variables = [s for s in symbols if s.d.kind == "variable" and "alias" not in s.d.flags]
        return variables[0] if len(variables) == 1 else None

    def _member_variables(self, value: Value, name: str) -> list[Symbol]:
        if value.kind == "module":
            return self._variables(value.symbol, name, 0)
        if value.kind not in ("inst", "class") or not isinstance(value.symbol, Symbol):
            return []
        file = value.symbol.file
        short = [b for b in file.binds.get((value.symbol.index, name), ()) if b.text == f"outer:{name}"]
        if short:
            return file.top.get(name, [])
        return [s for a, _ in self.lineage(value.symbol) for s in a.members.get(name, ())]

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
        values = self.evaluate(name, context)
        return tuple(v._replace(kind="extclass") if v.kind == "extfunc" and name[:1].isupper() else v for v in values)

    def unknown_type_reason(self, name: str, file: File) -> str:
        return "external"

    def unknown_name_reason(self, name: str, context: Context) -> str:
        rows = context.file.found["aliases"].get(name)
        return "missing_module" if rows else "external"

    def unknown_receiver_reason(self, receiver: str, context: Context) -> str:
        return "unknown_receiver"

    def emit_reads(self, emitter: Emitter) -> None:
        """Reading a getter calls it."""
        getters = {s.d.name for file in self.files for s in file.symbols if "property" in s.d.flags}
        for file in self.files:
            for scope, receiver, name, line in (file.facts.extra or {}).get("reads", ()) if getters else ():
                if name not in getters:
                    continue
                context = Context(file, scope, line)
                for value in self.evaluate(receiver, context):
                    for member in self.member(value, name, context):
                        for symbol in member.symbol if member.kind == "func" else ():
                            if "property" in symbol.d.flags:
                                emitter.edge(file.owner_id(scope), symbol.id, "calls", line, "getter")

    # ------------------------------------------------------------------ imports
    def emit_import(self, file: File, row: Import, emitter: Emitter) -> None:
        target = self.target(file, row.module)
        src, line = file.id, row.line
        if target is None:
            emitter.unresolved(src, "imports", row.module, line, "missing_module")
        elif isinstance(target, str):
            if row.name and row.name != "*":
                emitter.edge(src, emitter.external(f"{target}#{row.name}", file.facts.lang), "imports", line, "import")
            depends(emitter, file, target, line)
        else:
            if target is not file:
                emitter.edge(src, target.id, "imports", line, "import")
            if row.name and row.name != "*":
                values = self.export(target, row.name)
                symbols = [v.symbol for v in values if v.kind in ("class", "alias")]
                symbols += [s for v in values if v.kind == "func" for s in v.symbol]
                named = symbols or self._variables(target, row.name, 0)
                for symbol in named:
                    emitter.edge(src, symbol.id, "imports", line, "import")
                if not named and not values:
                    emitter.unresolved(src, "imports", f"{row.module}#{row.name}", line, "missing_module")

    def _variables(self, file: File, name: str, depth: int) -> list[Symbol]:
        """The variable that a module exports under a name, whatever it holds."""
        if depth > 12:
            return []
        local = file.found["exports"].get(name)
        if local in file.top:
            return list(file.top[local])
        rows = [*file.found["reexports"].get(name, ()), *file.found["stars"], *file.found["aliases"].get(local, ())]
        for row in rows:
            target = self.target(file, row.module)
            if isinstance(target, File):
                found = self._variables(target, name if row.name == "*" else row.name, depth + 1)
                if found:
                    return found
        return []


def via_import(values: Values) -> Values:
    return tuple(v._replace(via="import") if v.kind in ("func", "class") else v for v in values)
