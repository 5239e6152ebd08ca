"""Rust modules and types: files joined into crates by their `mod` items, paths and `use` trees led to definitions, type text taken
apart.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from extractor.facts import MODULE, FileFacts, Import
from extractor.nodes import parent_of
from extractor.resolve import rust_library as library
from extractor.resolve.chains import TypeText
from extractor.resolve.model import NOTHING, File, Symbol, Value, Values, join
from extractor.resolve.oo_kept import Kept
from extractor.resolve.rust_types import rust_type


class Mod:
    """One module: what it declares, the modules in it, and what it names by `use`."""

    __slots__ = ("children", "file", "globs", "inner", "items", "parent", "uses")

    def __init__(self, file: File, inner: str) -> None:
        self.file = file
        self.inner = inner
        self.items: dict[str, list[Symbol]] = {}
        self.children: dict[str, Mod] = {}
        self.uses: dict[str, list[Import]] = {}
        self.globs: list[Import] = []
        self.parent: Mod | None = None

    @property
    def root(self) -> Mod:
        here, steps = self, 0
        while here.parent is not None and steps < 64:
            here, steps = here.parent, steps + 1
        return here


class RustModules(Kept):
    """Crates, modules, paths and types."""

    parse_type = staticmethod(rust_type)
    implicit_members = False

    def __init__(self, files: Sequence[FileFacts], configs: Mapping[str, str]) -> None:
        super().__init__(files, configs)
        self._paths: dict[tuple[int, str], Values] = {}
        by_path = {f.facts.path: f for f in self.files}
        for file in self.files:
            self._own_modules(file)
        for file in self.files:
            for inner, attribute, line, _ in (file.facts.extra or {}).get("files", ()):
                target = next((by_path[p] for p in _places(file.facts.path, inner, attribute) if p in by_path), None)
                if target is None:
                    continue
                before, _, name = inner.rpartition(".")
                parent = file.found["mods"].get(before, file.found["mods"][""])
                child = target.found["mods"][""]
                parent.children.setdefault(name, child)
                if child.parent is None and child is not parent.root:
                    child.parent = parent
                file.found["declares"].append((target, line))
        self.crates: dict[str, Mod] = {}
        for path, text in sorted(configs.items()):
            if path.rpartition("/")[2] == "Cargo.toml":
                self._crate(parent_of(path), text, by_path)
        for file in self.files:
            self._attach(file)

    def _own_modules(self, file: File) -> None:
        """The modules that a file holds, and what stands in each."""
        extra = file.facts.extra or {}
        mods = {"": Mod(file, "")}
        for inner, _, _ in extra.get("mods", ()):
            mods.setdefault(inner, Mod(file, inner))
        for inner, mod in mods.items():
            before, _, name = inner.rpartition(".")
            if inner and before in mods:
                mod.parent = mods[before]
                mods[before].children.setdefault(name, mod)
        receivers = extra.get("receivers", {})
        for symbol in file.symbols:
            if symbol.d.scope == MODULE and str(symbol.index) not in receivers:
                before = symbol.d.qualname.rpartition(".")[0]
                mods.get(before, mods[""]).items.setdefault(symbol.d.name, []).append(symbol)
        wheres: dict[int, dict[str, str]] = {}
        for scope, name, bound in extra.get("wheres", ()):
            known = wheres.setdefault(scope, {})
            known[name] = f"{known[name]} + {bound}" if known.get(name) and bound else bound or known.get(name, "")
        file.found = {"mods": mods, "declares": [], "ranges": extra.get("mods", ()), "wheres": wheres}
        for row in file.facts.imports:
            mod = mods[self.inner_at(file, row.line)]
            if row.name == "*":
                mod.globs.append(row)
            else:
                mod.uses.setdefault(row.alias, []).append(row)
        file.top = {}  # names at the top are looked up in modules

    def inner_at(self, file: File, line: int) -> str:
        around = [r for r in file.found["ranges"] if r[1] <= line <= r[2]]
        return str(max(around, key=lambda r: r[1])[0]) if around else ""

    def module_at(self, file: File, scope: int, line: int = 0) -> Mod:
        mods: dict[str, Mod] = file.found["mods"]
        if scope == MODULE:
            return mods[self.inner_at(file, line)]
        inner = file.symbols[scope].d.qualname if len(mods) > 1 else ""
        while inner and inner not in mods:
            inner = inner.rpartition(".")[0]
        return mods[inner]

    def _crate(self, directory: str, text: str, by_path: Mapping[str, File]) -> None:
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            return  # the file stays listed; cargo says what is wrong with it
        package, lib = data.get("package"), data.get("lib")
        name = str(package.get("name", "")) if isinstance(package, dict) else ""
        path = "src/lib.rs"
        if isinstance(lib, dict):
            name, path = str(lib.get("name", name)), str(lib.get("path", path))
        file = by_path.get(f"{directory}/{path}".lstrip("/"))
        if name and file is not None:
            self.crates.setdefault(name.replace("-", "_"), file.found["mods"][""])

    def _attach(self, file: File) -> None:
        """Methods of impl blocks join their type, wherever it stands."""
        for key, written in (file.facts.extra or {}).get("receivers", {}).items():
            method = file.symbols[int(key)]
            name = rust_type(written).name
            found = self.type_variable(name, file, method.index)
            found = found or self.type_name(name, file, method.d.scope, method.d.start_line)
            if found is not None and found.kind == "var":  # `impl<T: Shape> Show for T` gives every Shape the method
                owners = [v.symbol for v in self.bounded((found,)) if v.kind == "inst"]
            else:
                owners = [found.symbol] if found is not None and found.kind == "class" else []
            for owner in owners:
                file.outside.setdefault(method.index, owner)
                group = owner.members.setdefault(method.d.name, [])
                if method not in group:
                    group.append(method)

    # ------------------------------------------------------------------ paths
    def resolve_path(self, mod: Mod, path: str, seen: frozenset[Any] = frozenset()) -> Values:
        """What a path means in a module: a module, definitions, or something outside."""
        key = (id(mod), path)
        if key in self._paths:
            return self._paths[key]
        if key in seen:
            return NOTHING
        seen = seen | {key}
        parts = [p for p in path.split("::") if p]
        here: Values = NOTHING
        for position, part in enumerate(parts):
            if position == 0 or part == "super":
                here = self._first(mod if position == 0 else _module_of(here) or mod, part, len(parts) > 1, seen)
            else:
                here = join(self._inside(v, part, seen) for v in here)
            if not here:
                break
        if len(seen) == 1:
            self._paths[key] = here
        return here

    def _first(self, mod: Mod, name: str, longer: bool, seen: frozenset[Any]) -> Values:
        if name in ("crate", "$crate"):
            return (Value("module", mod.root, name=_label(mod.root)),)
        if name == "self":
            return (Value("module", mod, name=_label(mod)),)
        if name == "super":
            above = mod.parent
            return (Value("module", above, name=_label(above)),) if above is not None else NOTHING
        found = self.lookup(mod, name, seen)
        if found:
            return found
        if name in self.crates:
            return (Value("module", self.crates[name], name=name),)
        if name in library.PRELUDE:
            return (Value("extclass", name=f"std#{name}"),)
        return (Value("ns", name=name),) if longer and name[:1].islower() else NOTHING

    def lookup(self, mod: Mod, name: str, seen: frozenset[Any] = frozenset()) -> Values:
        """A name in a module: declared there, a module in it, named by `use`, or among what a glob brings. A module and a function
        may share a name: `mod job; pub use self::job::job;`"""
        inner = (Value("module", mod.children[name], name=name),) if name in mod.children else NOTHING
        declared = self.symbol_values(mod.items.get(name, ()))
        if declared and not all(v.kind == "func" and all("macro" in s.d.flags for s in v.symbol) for v in declared):
            return (*declared, *inner)
        inner = (*declared, *inner)  # a macro hides no function of its name
        key = ("lookup", id(mod), name)
        if key in seen:
            return inner
        seen = seen | {key}
        for row in mod.uses.get(name, ()):
            full = f"{row.module}::{row.name}" if row.module else row.name
            own = row.name == name and not row.module.partition("::")[0]  # `use serde;`
            found = (Value("ns", name=name),) if own and name not in self.crates else self.resolve_path(mod, full, seen)
            beside = tuple(v._replace(via="import") for v in found if not (inner and v.kind in ("module", "ns")))
            if beside:
                return (*beside, *inner)
        for row in mod.globs if not inner else ():
            for value in self.resolve_path(mod, row.module, seen):
                if value.kind == "module":
                    found = self.lookup(value.symbol, name, seen)
                elif value.kind == "class":
                    found = self.symbol_values(s for s in value.symbol.members.get(name, ()) if "variant" in s.d.flags)
                else:
                    continue
                if found:
                    return found
        return inner

    def symbol_values(self, symbols: Any) -> Values:
        symbols = list(symbols)
        functions = tuple(s for s in symbols if s.is_function)
        out = [Value("func", functions, via="scope")] if functions else []
        for symbol in symbols:
            if symbol.is_class:
                out.append(Value("class", symbol, via="scope"))
            elif symbol.d.kind == "variable":
                kind = "alias" if "alias" in symbol.d.flags else "variant" if "variant" in symbol.d.flags else "const"
                out.append(Value(kind, symbol, via="scope"))
        return tuple(out)

    def _inside(self, value: Value, name: str, seen: frozenset[Any]) -> Values:
        if value.kind == "module":
            return self.lookup(value.symbol, name, seen)
        if value.kind == "class":
            return self.symbol_values(
                s for s in value.symbol.members.get(name, ()) if "variant" in s.d.flags or s.is_class
            )
        if value.kind == "ns":
            upper = name[:1].isupper()
            return (
                Value("extclass" if upper else "ns", name=f"{value.name}#{name}" if upper else f"{value.name}::{name}"),
            )
        if value.kind == "extclass":
            kind = "extclass" if name[:1].isupper() else "extfunc"
            return (Value(kind, name=f"{value.name}.{name}", owner=value),)
        return NOTHING

    # ------------------------------------------------------------------ types
    def type_name(self, name: str, file: File, scope: int, line: int = 0) -> Value | None:
        if name in ("Self", "self"):
            owner = file.enclosing_class(scope)
            return Value("class", owner, self.own_args(owner)) if owner is not None else None
        if name.startswith("Self::"):
            owner = file.enclosing_class(scope)
            held = self._associated(owner, name[6:]) if owner is not None else None
            variants = (
                [s for s in owner.members.get(name[6:], ()) if "variant" in s.d.flags] if owner is not None else []
            )
            return Value("alias", held) if held is not None else Value("variant", variants[0]) if variants else None
        if "::" not in name:
            variable = self.type_variable(name, file, scope)
            if variable is not None:
                return variable
            here = scope
            while here != MODULE:
                for symbol in file.symbols[here].members.get(name, ()):
                    if file.symbols[here].is_function and symbol.is_class:
                        return Value("class", symbol)
                here = file.symbols[here].d.scope
        wanted = ("class", "extclass", "alias", "variant")
        for value in self.resolve_path(self.module_at(file, scope, line), name):
            if value.kind in wanted:
                return value
        return (
            Value("extclass", name=f"std#{name}") if name in library.PRELUDE else None
        )  # a function may be called `char`

    def _associated(self, owner: Symbol, name: str, trait: str = "") -> Symbol | None:
        """The type that an implementation, of that trait where one is told, gives a name."""
        for ancestor, _ in self.lineage(owner):
            for symbol in ancestor.members.get(name, ()):
                if "alias" in symbol.d.flags and trait in ("", symbol.d.trait):
                    return symbol
        return None

    def instances(self, parsed: TypeText, file: File, scope: int, depth: int = 0) -> Values:
        if parsed.name == "()":
            return (Value("tuple", args=tuple(self.instances(a, file, scope, depth + 1) for a in parsed.args)),)
        last = parsed.name.rpartition("::")[2]
        if last in library.PRELUDE and (parsed.args or last in library.LISTS) and depth < 20:
            found = self.type_name(parsed.name, file, scope)
            if found is None or found.kind == "extclass":
                inner = tuple(self.instances(a, file, scope, depth + 1) for a in parsed.args)
                if last in library.TRANSPARENT and inner:
                    return inner[-1]
                if last in library.ADAPTED and inner:
                    return tuple(v._replace(name="iter") if v.kind == "list" else v for v in inner[0])
                if last == "Enumerate" and inner:
                    elements = join(self.element(v) for v in self.bounded(inner[0]))
                    return (Value("list", args=((Value("tuple", args=(NOTHING, elements)),),), name="iter"),)
                if last in library.LISTS:
                    pair = len(inner) > 1 and last.startswith(("Iter", "IntoIter"))  # of a map
                    element = (Value("tuple", args=inner[:2]),) if pair else inner[0] if inner else NOTHING
                    return (Value("list", args=(element,), name="iter" if last in library.ITERATORS else ""),)
                if last in library.MAPS:
                    return (Value("list", args=(inner[-1], inner[0]), name="map"),)
                return (Value("ext", None, inner, f"std#{last}"),)
        if parsed.args and depth < 20:
            alias = self.type_name(parsed.name, file, scope)
            if alias is not None and alias.kind == "alias":
                given = [self.instances(a, file, scope, depth + 1) for a in parsed.args]
                names = alias.symbol.file.typevars.get(alias.symbol.index, {})
                return self.substitute(self.alias_values(alias, depth), dict(zip(names, given, strict=False)), 1)
        return super().instances(parsed, file, scope, depth)

    def alias_values(self, alias: Value, depth: int) -> Values:
        symbol: Symbol = alias.symbol
        key = ("alias", symbol.id)
        if key in self._active:
            return NOTHING
        self._active.add(key)
        try:
            return self.instances(rust_type(symbol.d.returns), symbol.file, symbol.index, depth + 1)
        finally:
            self._active.discard(key)


def _module_of(values: Values) -> Mod | None:
    return next((v.symbol for v in values if v.kind == "module"), None)


def _label(mod: Mod | None) -> str:
    return f"{mod.file.facts.path}:{mod.inner}" if mod is not None else ""


def _places(path: str, inner: str, attribute: str) -> list[str]:
    """Where the module that a file declares may stand."""
    directory, stem = parent_of(path), path.rpartition("/")[2].removesuffix(".rs")
    own = stem in ("mod", "lib", "main")
    if attribute:  # inside `mod a { … }` it starts from the folder that a's own modules stand in
        around = inner.rpartition(".")[0].replace(".", "/")
        base = f"{directory}/{'' if own else stem}/{around}" if around else directory
        parts: list[str] = []
        for part in f"{base}/{attribute}".split("/"):
            if part == ".." and parts:
                parts.pop()
            elif part not in ("", ".", ".."):
                parts.append(part)
        return ["/".join(parts)]
    tail = inner.replace(".", "/")
    bases = [directory] if own else [f"{directory}/{stem}", directory]
    return [f"{base}/{tail}{end}".lstrip("/") for base in bases for end in (".rs", "/mod.rs")]
