"""What names mean across TypeScript and JavaScript modules: imports and exports followed through barrels, CommonJS included."""

from __future__ import annotations

import posixpath
from abc import abstractmethod
from collections.abc import Mapping, Sequence

from extractor.facts import MODULE, Call, FileFacts, Import
from extractor.resolve import typescript_library as library
from extractor.resolve.emit import Emitter, depends
from extractor.resolve.model import MAX_VALUES, NOTHING, Context, File, Symbol, Value, Values, join
from extractor.resolve.oo import Engine
from extractor.resolve.typescript_modules import Modules


class ScriptExports(Engine):
    """Modules, exports and names."""

    def __init__(self, files: Sequence[FileFacts], configs: Mapping[str, str]) -> None:
        super().__init__(files, configs)
        self.by_path = {file.facts.path: file for file in self.files}
        self.modules = Modules(self.by_path, configs)
        self._cycles = 0  # how often exports were found to go in a circle
        self._targets: dict[tuple[int, str], File | str | None] = {}
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
            namespaces: dict[str, None] = {}
            for symbol in file.symbols:
                outer = symbol.d.qualname.rpartition(".")[0] if symbol.d.scope == MODULE else ""
                while outer and outer not in namespaces:
                    namespaces[outer] = None
                    outer = outer.rpartition(".")[0]
            computed: dict[int, list[Symbol]] = {}
            for index in (file.facts.extra or {}).get("computed", ()):
                computed.setdefault(file.symbols[index].d.scope, []).append(file.symbols[index])
            file.found = {
                "aliases": aliases,
                "reexports": reexports,
                "stars": stars,
                "exports": exports,
                "namespaces": namespaces,
                "events": {(line, col): name for line, col, name in (file.facts.extra or {}).get("events", ())},
                "computed": computed,
                "stubs": frozenset((file.facts.extra or {}).get("stubs", ())),
            }

    def target(self, file: File, specifier: str) -> File | str | None:
        """The file a specifier means, the name of a package elsewhere, or None."""
        key = (file.number, specifier)
        if key not in self._targets:
            path, package = self.modules.resolve(file.facts.path, specifier)
            self._targets[key] = self.by_path[path] if path else package or None
        return self._targets[key]

    def imported(self, file: File, row: Import) -> Values:
        """What the name an import binds holds."""
        if row.module.endswith("/*"):
            found = [row._replace(module=f"./{path}") for path in self._in_folder(file, row.module)]
            return join(self.imported(file, one) for one in found) if len(found) <= MAX_VALUES else NOTHING
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

    def _in_folder(self, file: File, pattern: str) -> list[str]:
        """The modules of a folder, as seen from a file."""
        here = file.facts.path.rpartition("/")[0]
        folder = posixpath.normpath(posixpath.join(here, pattern.removesuffix("/*")))
        inside = [p for p in self.by_path if posixpath.dirname(p) == folder.removeprefix(".").lstrip("/")]
        return [posixpath.relpath(p, here or ".") for p in inside if p != file.facts.path]

    def export(self, file: File, name: str) -> Values:
        """What a module exports under a name, followed to its definition."""
        key = ("export", file.number, name)
        if key in self._active:
            self._cycles += 1
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

    def outer_name(self, name: str, context: Context) -> Values:
        file = context.file
        rows = file.found["aliases"].get(name)
        if rows:
            return join(self.imported(file, row) for row in rows)
        if name in library.TYPES:
            return (Value("extclass", name=f"js#{name}", via="import"),)
        if name in library.FUNCTIONS:
            return (Value("extfunc", name=f"js#{name}", via="import"),)
        for prefix in self._namespaces(context) if file.found["namespaces"] else ():
            if prefix + name in file.found["namespaces"]:
                return (Value("ns", file, name=prefix + name),)
        if name in ("module", "exports"):
            return (Value("module", file),)
        return NOTHING

    def _namespaces(self, context: Context) -> list[str]:
        """The namespaces around a place as prefixes, innermost first, the module last."""
        scope = context.scope
        while scope != MODULE and context.file.symbols[scope].d.scope != MODULE:
            scope = context.file.symbols[scope].d.scope
        prefix = context.file.symbols[scope].d.qualname.rpartition(".")[0] if scope != MODULE else ""
        found = []
        while prefix:
            found.append(f"{prefix}.")
            prefix = prefix.rpartition(".")[0]
        return [*found, ""]

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
            module = head[8:].replace("\x01", ".").replace("\x02", "#").replace("\x03", "-").replace("\x04", "*")
            return self.imported(context.file, Import(MODULE, module, "", "", 0, 0, "require"))
        if head.startswith("~"):
            line, _, name = head[1:].partition("~")
            standing = context.file.found.get("standing")
            if standing is None:
                standing = {(s.d.start_line, s.d.name): s for s in reversed(context.file.symbols) if s.is_function}
                context.file.found["standing"] = standing
            found = standing.get((int(line), name))
            return (Value("func", (found,), via="scope"),) if found is not None else NOTHING
        if head.startswith("outer:"):
            # A shorthand property `{f}`: the name as it is outside the object.
            scope = context.file.symbols[context.scope].d.scope if context.scope != MODULE else MODULE
            return self.name_values(head[6:], Context(context.file, scope, context.line))
        if head.startswith("%") and context.scope != MODULE:
            return self.parameter_at(context.file.symbols[context.scope], int(head[1:]))
        if head == "this" and self._in_static(context):
            owner = context.file.enclosing_class(context.scope)
            return (Value("class", owner, self.own_args(owner), via="self"),) if owner is not None else NOTHING
        if head == "this" and context.scope != MODULE:
            owner = context.file.enclosing_class(context.scope)
            if owner is not None and owner.is_constructor:
                return (Value("inst", owner, via="self"),)
            if owner is not None and owner.is_object and any(s.is_class or s.is_constructor for s in owner.subclasses):
                return tuple(Value("inst", s, via="self") for s in owner.subclasses[:4])  # copied into their prototypes
        return super().special_name(head, context)

    def _in_static(self, context: Context) -> bool:
        """Whether `this` is the class itself."""
        scope = context.scope
        while scope != MODULE:
            d = context.file.symbols[scope].d
            if d.kind == "class":
                return False
            if "arrow" not in d.flags and d.kind in ("method", "function"):
                return "static" in d.flags
            scope = d.scope
        return False

    @abstractmethod
    def parameter_at(self, function: Symbol, position: int) -> Values:
        """What a parameter holds."""

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

    def called_variable(self, call: Call, context: Context) -> Symbol | None:
        """The constant that is called, when what it holds has no name of its own, as in `const isText = kindOf("text")`."""
        if not call.receiver:
            file, scope, _ = context
            while scope != MODULE:
                if (scope, call.name) in file.binds or any(p.name == call.name for p in file.symbols[scope].d.params):
                    return None
                scope = file.around(scope)
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

    def emit_import(self, file: File, row: Import, emitter: Emitter) -> None:
        if row.module.endswith("/*"):
            for path in self._in_folder(file, row.module):
                self.emit_import(file, row._replace(module=f"./{path}", name=""), emitter)
            return
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
