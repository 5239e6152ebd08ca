"""What a C, C++ or CUDA file can see: facts and build files in; includes, namespaces, and declarations joined with definitions, out."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence

from extractor.facts import MODULE, FileFacts, Import
from extractor.parse.cpp_text import plain_type
from extractor.resolve import cpp_library as library
from extractor.resolve.cpp_includes import closure, distance, include_dirs, shared
from extractor.resolve.emit import Emitter, depends
from extractor.resolve.model import NOTHING, Context, File, Symbol, Value, Values
from extractor.resolve.oo import Engine


class CppFiles(Engine):
    """Files and names."""

    def __init__(self, files: Sequence[FileFacts], configs: Mapping[str, str]) -> None:
        super().__init__(files, configs)
        self.by_path = {file.facts.path: file for file in self.files}
        self.by_name: dict[str, list[str]] = {}
        for path in self.by_path:
            self.by_name.setdefault(posixpath.basename(path), []).append(path)
        self.include_dirs = include_dirs(configs)
        self.missing: set[int] = set()
        direct = [self._includes(file) for file in self.files]
        self.closures = [closure(number, direct) for number in range(len(self.files))]
        self.names: dict[str, list[Symbol]] = {}
        self.namespaces: set[str] = set()
        self.spaced: set[str] = set()  # names of the functions inside namespaces
        # Namespaces that macros open: they stand in no qualified name there, and in many that are written.
        self.inlines = {n for file in self.files for n in (file.facts.extra or {}).get("inline", ())}
        self.opened = {n for file in self.files for n in (file.facts.extra or {}).get("hidden", ())}
        for file in self.files:
            file.top = {}  # names outside classes are looked up by namespace, not by file
            classes = {s.d.qualname for s in file.symbols if s.is_class}
            for symbol in file.symbols:
                qualname = symbol.d.qualname
                self.names.setdefault(self.shown(qualname), []).append(symbol)
                if symbol.d.kind == "function" and "." in qualname:
                    self.spaced.add(symbol.d.name)
                outer = qualname.rpartition(".")[0] if symbol.d.scope == MODULE and "operator" not in qualname else ""
                if outer and symbol.d.kind != "method" and outer not in classes:
                    while outer and outer not in self.namespaces:
                        self.namespaces.add(outer)
                        outer = outer.rpartition(".")[0]
        self.definitions_by_declaration: dict[str, Symbol] = {}
        self.slots: dict[tuple[str, str], list[Value]] = {}
        self.declared_types: dict[tuple[int, int, int, str], str] = {}
        self._lookups: dict[tuple[int, str, str], list[Symbol]] = {}

    def shown(self, qualname: str) -> str:
        """A qualified name without the outer namespaces that are, somewhere here, opened by a macro."""
        first, _, rest = qualname.partition(".")
        while rest and first in self.opened:
            qualname = rest
            first, _, rest = qualname.partition(".")
        return qualname

    def _includes(self, file: File) -> list[int]:
        found: list[int] = []
        for row in file.facts.imports:
            targets, _ = self.included(file, row)
            found.extend(target.number for target in targets)
            if not targets and row.level == 0:
                self.missing.add(file.number)
        return found

    def included(self, file: File, row: Import) -> tuple[list[File], bool]:
        """(the files an include may mean, whether it is sure): beside the includer, below an include directory, or, of those
        whose paths end so, the nearest. One that another platform's folder holds is never sure: a build may make its own."""
        written = posixpath.normpath(row.module)
        here = posixpath.dirname(file.facts.path)
        for directory in ([here] if row.level == 0 else []) + self.include_dirs:
            path = posixpath.normpath(posixpath.join(directory, row.module))
            if path in self.by_path:
                return [self.by_path[path]], True
        while written.startswith("../"):
            written = written[3:]
        if row.level == 1 and "/" not in written and written.rpartition(".")[2] not in ("h", "hpp", "cuh", "hh"):
            return [], False
        if row.level == 1 and written in library.C_HEADERS:
            return [], False
        nearest: dict[tuple[bool, int], list[File]] = {}
        for path in sorted(self.by_name.get(posixpath.basename(written), ())):
            if path == written or path.endswith("/" + written):
                nearest.setdefault(distance(here, path[: -len(written)].rstrip("/")), []).append(self.by_path[path])
        if not nearest:
            return [], False
        least = min(nearest)
        return nearest[least], len(nearest[least]) == 1 and not least[0]

    def visible(self, symbol: Symbol, file: File) -> bool:
        return symbol.file is file or symbol.file.number in self.closures[file.number]

    def adopt(self) -> None:
        """Give methods defined outside their class the class, and every declaration its definition."""
        for file in self.files:
            for symbol in file.symbols:
                if symbol.d.kind == "method" and symbol.d.scope == MODULE:
                    owner = self._class_of(symbol)
                    if owner is not None:
                        file.outside[symbol.index] = owner
                elif "macro_defined" in symbol.d.flags and symbol.d.decorators[:1] and "_F" in symbol.d.decorators[0]:
                    fixture = [
                        s
                        for s in self.lookup(symbol.d.name.partition("_")[0], Context(file, symbol.index, 0))
                        if s.is_class
                    ]
                    if fixture:
                        file.outside[symbol.index] = fixture[0]
        defined: dict[str, list[Symbol]] = {}
        for file in self.files:
            for symbol in file.symbols:
                if symbol.is_function and not {"declaration", "abstract"} & set(symbol.d.flags):
                    defined.setdefault(self.shown(self.full_name(symbol)), []).append(symbol)
        for file in self.files:
            for symbol in file.symbols:
                if symbol.is_function and "declaration" in symbol.d.flags:
                    found = self._definition(symbol, defined.get(self.shown(self.full_name(symbol)), ()))
                    if found is not None:
                        self.definitions_by_declaration[symbol.id] = found

    def full_name(self, symbol: Symbol) -> str:
        """The qualified name, also where `using namespace` left a part of it unwritten."""
        owner = symbol.file.outside.get(symbol.index)
        return f"{owner.d.qualname}.{symbol.d.name}" if owner is not None else symbol.d.qualname

    def _class_of(self, method: Symbol) -> Symbol | None:
        outer = method.d.qualname[: -len(method.d.name) - 1]
        context = Context(method.file, MODULE, 0)
        found = [s for s in self.lookup(outer, context) if s.is_class]
        return found[0] if found else None

    def _definition(self, declaration: Symbol, found: Sequence[Symbol]) -> Symbol | None:
        """The definition of a declaration: same parameters, and a file that sees the declaration, where there is a choice."""
        usable = [
            s for s in found
            if (s.file is declaration.file or not ("static" in s.d.flags and s.d.kind == "function"))
            and len(s.d.params) == len(declaration.d.params)
        ]  # fmt: skip
        types = [plain_type(p.annotation) for p in declaration.d.params]
        exact = [s for s in usable if [plain_type(p.annotation) for p in s.d.params] == types]
        if exact or self._overloaded(declaration, types):  # what defines another overload does not define this one
            usable = exact
        if len(usable) > 1:
            usable = [s for s in usable if self.visible(declaration, s.file)] or usable
        const = "const" in declaration.d.flags
        if len(usable) > 1:
            usable = [s for s in usable if ("const" in s.d.flags) == const] or usable
        return (
            min(usable, key=lambda s: (-shared(s.file.facts.path, declaration.file.facts.path), s.id))
            if usable
            else None
        )

    def _overloaded(self, declaration: Symbol, types: list[str]) -> bool:
        """Whether the file declares the name with as many parameters of other types, too."""
        others = (s for s in self.names.get(self.shown(declaration.d.qualname), ()) if s.file is declaration.file)
        return any(
            len(s.d.params) == len(types) and [plain_type(p.annotation) for p in s.d.params] != types for s in others
        )

    def definition_of(self, symbol: Symbol) -> Symbol:
        return self.definitions_by_declaration.get(symbol.id, symbol)

    def prefixes(self, context: Context) -> list[str]:
        """The namespaces and classes around a place, innermost first, "" last."""
        file, scope, _ = context
        base = file.facts.namespace if scope == MODULE else self.full_name(file.symbols[scope])
        # What stands in a test bears the test's own name, whatever class it is a method of.
        found = [base] if scope == MODULE else list(dict.fromkeys((file.symbols[scope].d.qualname, base)))
        while base:
            base = base.rpartition(".")[0] if "operator" not in base else base[: base.index("operator")].rstrip(".")
            found.append(base)
        return found if found[-1] == "" else [*found, ""]

    def lookup(self, name: str, context: Context, *, types: bool = False) -> list[Symbol]:
        """Definitions that a possibly qualified name may mean here: by enclosing namespaces, then `using`. Where a type is
        expected, variables and functions of the name do not hide it."""
        prefixes = self.prefixes(context)
        key = (context.file.number, prefixes[0], f"{name} type" if types else name)
        if key not in self._lookups:
            self._lookups[key] = self._lookup(name, prefixes, context.file, types)
        return self._lookups[key]

    def _lookup(self, name: str, prefixes: Sequence[str], file: File, types: bool) -> list[Symbol]:
        for prefix in prefixes:
            found = self._at(f"{prefix}.{name}" if prefix else name, file, types)
            if found:
                return found
        first, _, rest = name.partition(".")
        for source in [file, *(self.files[n] for n in sorted(self.closures[file.number]))]:
            for prefix, alias, target in (source.facts.extra or {}).get("usings", ()):
                if source is not file and prefix not in prefixes:
                    continue
                if alias == "":
                    outer, _, last = target.rpartition(".")
                    full = f"{outer if last in self.inlines else target}.{name}".lstrip(".")
                elif alias == first and target != name:
                    full = f"{target}.{rest}" if rest else target
                else:
                    continue
                # `using namespace a; using b::c;` names a::b::c.
                opened = [t for _, a, t in (source.facts.extra or {}).get("usings", ()) if a == ""] if alias else []
                for outer in dict.fromkeys((prefix, "", *opened)):
                    found = self._at(f"{outer}.{full}" if outer else full, file, types)
                    if found:
                        return found
        return []

    def _at(self, qualname: str, file: File, types: bool = False) -> list[Symbol]:
        """What a full name means to a file: what it sees; else, of what cannot be hidden, the only one there is."""
        every = self.names.get(self.shown(qualname))
        if every and types:
            every = [s for s in every if s.is_class or "alias" in s.d.flags]
        if not every:
            return []
        seen = [s for s in every if self.visible(s, file)]
        if seen:
            own = [s for s in seen if s.file is file]
            return own if own and all(s.is_class or s.d.kind == "variable" for s in own) else seen
        open_ones = [s for s in every if not ("static" in s.d.flags and s.d.kind == "function")]
        if all(s.is_class or "alias" in s.d.flags for s in open_ones):
            return open_ones[:1]
        real = {self.definition_of(s).id for s in open_ones}
        # A header that is not here may declare it; a name without any other owner in the repository is then the one meant.
        return (
            open_ones[:1]
            if len(real) == 1 and (file.number in self.missing or "kernel" in open_ones[0].d.flags)
            else []
        )

    def _uses_std(self, file: File) -> bool:
        sources = [file, *(self.files[n] for n in self.closures[file.number])]
        return any(row[2].startswith("std") for f in sources for row in (f.facts.extra or {}).get("usings", ()))

    def emit_include(self, file: File, row: Import, emitter: Emitter) -> None:
        targets, sure = self.included(file, row)
        if targets:
            if not sure:
                emitter.unresolved(file.id, "imports", row.module, row.line, "ambiguous", [t.id for t in targets])
            elif targets[0] is not file:
                emitter.edge(file.id, targets[0].id, "imports", row.line, "import")
            return
        if row.level == 0 and "/" not in row.module and row.module not in library.C_HEADERS:
            emitter.unresolved(file.id, "imports", row.module, row.line, "missing_module")
            return
        name = row.module
        if name in library.C_HEADERS:
            package = "libc"
        elif "." not in name and "/" not in name:
            package = "std"
        else:
            package = name.partition("/")[0].removesuffix(".h").removesuffix(".hpp")
        emitter.edge(file.id, emitter.external(f"{package}#{name}", "cpp"), "imports", row.line, "import")
        depends(emitter, file, package, row.line)

    def outer_name(self, name: str, context: Context) -> Values:
        dotted_name = name.replace("::", ".")
        found = self.lookup(dotted_name, context)
        if found:
            return self.definitions(found, self._via(found, context))
        if any(p in self.namespaces for p in (f"{x}.{name}" if x else name for x in self.prefixes(context))):
            return (Value("ns", name=name),)
        for prefix, alias, target in (context.file.facts.extra or {}).get("usings", ()):
            del prefix
            if alias == name:
                return (Value("ns", name=target),)
        if name == "std":
            return (Value("ns", name="std"),)
        if name in library.LIBC:
            return (Value("extfunc", name=f"libc#{name}", via="import"),)
        if name in library.CUDA:
            return (Value("extfunc", name=f"cuda#{name}", via="import"),)
        return NOTHING

    def _via(self, found: Sequence[Symbol], context: Context) -> str:
        return "scope" if any(self.definition_of(s).file is context.file for s in found) else "import"

    def definitions(self, symbols: Sequence[Symbol], via: str) -> Values:
        aliases = [s for s in symbols if "alias" in s.d.flags]
        if aliases:
            return (Value("alias", aliases[0], via=via),)
        functions = [s for s in symbols if s.is_function]  # which hide a class or enumeration of their name
        return super().definitions(functions or symbols, via)

    def type_name(self, name: str, file: File, scope: int) -> Value | None:
        if name in library.PRIMITIVES or name.partition(" ")[0] in library.PRIMITIVES:
            return Value("extclass", name=f"#{name}")
        variable = self.type_variable(name, file, scope) if "." not in name else None
        if variable is not None:
            return variable
        first = name.partition(".")[0]
        if first == "std":
            return Value("extclass", name=f"std#{name[4:]}")
        owner = file.enclosing_class(scope)
        while owner is not None:
            if owner.d.name == name:
                return Value("class", owner)
            for ancestor, _ in self.lineage(owner):
                for symbol in ancestor.members.get(first, ()):
                    if symbol.is_class or "alias" in symbol.d.flags:
                        return self._inside(symbol, name[len(first) + 1 :])
            owner = owner.file.enclosing_class(owner.d.scope)
        for symbol in self.lookup(name, Context(file, scope, 0), types=True):
            if symbol.is_class:
                return Value("class", symbol)
            if "alias" in symbol.d.flags:
                return Value("alias", symbol)
        if "." in name:
            outer = self.type_name(name.rpartition(".")[0], file, scope)
            if outer is not None and outer.kind == "alias":  # `typedef Map<A, B> Table; Table::Iterator`
                outer = next((v._replace(kind="class") for v in self.alias_values(outer, 0) if v.kind == "inst"), None)
            if outer is not None and outer.kind == "class":
                for ancestor, _ in self.lineage(outer.symbol):
                    for symbol in ancestor.members.get(name.rpartition(".")[2], ()):
                        if symbol.is_class or "alias" in symbol.d.flags:
                            return self._inside(symbol, "")
            elsewhere = self._elsewhere(name.split("."), file) if outer is None or outer.kind == "extclass" else ""
            if elsewhere:
                return Value("extclass", name=elsewhere)
        known = (*library.POINTERS, *library.SEQUENCES, *library.MAPS, "string", "pair", "function")
        return Value("extclass", name=f"std#{name}") if name in known and self._uses_std(file) else None

    def _inside(self, symbol: Symbol, rest: str) -> Value | None:
        for part in rest.split(".") if rest else ():
            inner = [s for s in symbol.members.get(part, ()) if s.is_class or "alias" in s.d.flags]
            if not inner:
                return None
            symbol = inner[0]
        return Value("class" if symbol.is_class else "alias", symbol)

    def _elsewhere(self, parts: Sequence[str], file: File) -> str:
        """`package#name` of a qualified name whose first part nothing here opens: it is another library's."""
        target = next((t for _, a, t in (file.facts.extra or {}).get("usings", ()) if a == parts[0]), "")
        full = [*target.split("."), *parts[1:]] if target else list(parts)
        known = full[0] in self.namespaces | self.opened or any(
            s.is_class or "alias" in s.d.flags for s in self.names.get(full[0], ())
        )
        return "" if known or not full[0].isidentifier() else f"{full[0]}#{'.'.join(full[1:])}"
