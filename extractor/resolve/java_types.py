"""What a type name means in a Java file: enclosing classes, imports, the package, star imports, java.lang."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Final

from extractor.facts import MODULE, FileFacts, Import
from extractor.resolve import java_library as library
from extractor.resolve.emit import Emitter, depends
from extractor.resolve.model import Context, File, Symbol, Value, Values
from extractor.resolve.oo import Engine

_UNBOXED: Final = {boxed: plain for plain, boxed in library.BOXED.items()}
_PRIMITIVES: Final = frozenset((*library.BOXED, "void", "null"))


class JavaTypes(Engine):
    """Packages, types and imports."""

    def __init__(self, files: Sequence[FileFacts], configs: Mapping[str, str]) -> None:
        super().__init__(files, configs)
        self.packages: dict[str, dict[str, Symbol]] = {}
        for file in self.files:
            types = self.packages.setdefault(file.facts.namespace, {})
            for name, symbols in file.top.items():
                for symbol in symbols:
                    if symbol.is_class:
                        types.setdefault(name, symbol)
        self.roots = _roots(self.packages)
        for file in self.files:
            file.found = {"single": {}, "static": {}, "stars": [], "static_stars": []}
            for row in file.facts.imports:
                if row.kind == "static":
                    if row.name == "*":
                        file.found["static_stars"].append(row.module)
                    else:
                        file.found["static"].setdefault(row.name, []).append(row.module)
                elif row.name == "*":
                    file.found["stars"].append(row.module)
                else:
                    file.found["single"][row.name] = row.module
        self._types: dict[tuple[int, int, str], Value | None] = {}

    def type_name(self, name: str, file: File, scope: int) -> Value | None:
        first, _, rest = name.partition(".")
        if first in _PRIMITIVES:
            return Value("extclass", name=f"#{first}")
        if not rest:
            variable = self.type_variable(first, file, scope)
            if variable is not None:
                return variable
        found = self._simple_type(first, file, scope)
        if found is None:
            return self.qualified(name) if rest else None
        for part in rest.split(".") if rest else ():
            found = self._nested(found, part)
            if found is None:
                return self.qualified(name)
        return found

    def _nested(self, outer: Value, name: str) -> Value | None:
        if outer.kind == "extclass":
            return Value("extclass", name=f"{outer.name}.{name}")
        for ancestor, _ in self.lineage(outer.symbol):
            for symbol in ancestor.members.get(name, ()):
                if symbol.is_class:
                    return Value("class", symbol)
        return None

    def _simple_type(self, name: str, file: File, scope: int) -> Value | None:
        """A simple type name: enclosing scopes, this file, single imports, the package, star imports, java.lang."""
        here = scope
        while here != MODULE:
            symbol = file.symbols[here]
            if symbol.is_class:
                if symbol.d.name == name:
                    return Value("class", symbol)
                found = self._nested(Value("class", symbol), name)
                if found is not None:
                    return found
            else:
                for inner in symbol.members.get(name, ()):
                    if inner.is_class:
                        return Value("class", inner)
            here = symbol.d.scope
        for symbol in file.top.get(name, ()):
            if symbol.is_class:
                return Value("class", symbol)
        module = file.found["single"].get(name)
        if module is not None:
            return self.qualified(f"{module}.{name}") or Value("extclass", name=f"{module}#{name}")
        for owner in file.found["static"].get(name, ()):
            outer = self.qualified(owner)
            nested = self._nested(outer, name) if outer is not None and outer.kind == "class" else None
            if nested is not None:
                return nested
        known = self.packages.get(file.facts.namespace, {}).get(name)
        if known is not None:
            return Value("class", known)
        for module in (*file.found["stars"], *file.found["static_stars"]):
            local = self.qualified(f"{module}.{name}")
            if local is not None and local.kind == "class":
                return local
        if name in library.JAVA_LANG:
            return Value("extclass", name=f"java.lang#{name}")
        elsewhere = [m for m in file.found["stars"] if m not in self.packages]
        if library.PACKAGE_OF.get(name) in elsewhere:
            return Value("extclass", name=f"{library.PACKAGE_OF[name]}#{name}")
        # One foreign star import that is not a package we know by heart can only be where the name comes from.
        unknown = [m for m in elsewhere if m not in library.PACKAGE_OF.values()]
        if len(unknown) == 1 and name[:1].isupper():
            return Value("extclass", name=f"{unknown[0]}#{name}")
        return None

    def qualified(self, name: str) -> Value | None:
        """`a.b.C.D` by its full name, here or in the standard library."""
        parts = name.split(".")
        for cut in range(len(parts) - 1, -1, -1):
            symbol = self.packages.get(".".join(parts[:cut]), {}).get(parts[cut]) if cut or len(parts) == 1 else None
            if symbol is None:
                continue
            found: Value | None = Value("class", symbol)
            for part in parts[cut + 1 :]:
                found = self._nested(found, part) if found is not None else None
            return found
        if parts[0] in ("java", "javax") and len(parts) > 2:
            lower = next((i for i, p in enumerate(parts) if p[:1].isupper()), len(parts) - 1)
            return Value("extclass", name=f"{'.'.join(parts[:lower])}#{'.'.join(parts[lower:])}")
        return None

    def most_specific(self, symbols: list[Symbol], args: Sequence[str], context: Context) -> list[Symbol]:
        """`f(long)` rather than `f(double)`, `f(String)` rather than `f(Object)`: where all arguments are known."""
        if len(symbols) < 2 or not all(a != "?" and self.evaluate(a, context) for a in args):
            return symbols
        best = [s for s in symbols if all(s is t or self._within(s, t) for t in symbols)]
        return best if len(best) == 1 else symbols

    def _within(self, symbol: Symbol, other: Symbol) -> bool:
        """Whether what one overload takes, the other could take too."""
        for left, right in zip(symbol.d.params, other.d.params, strict=False):
            given = self.type_values(left.annotation, symbol.file, symbol.index)
            wanted = self.type_values(right.annotation, other.file, other.index)
            if left.annotation == right.annotation:
                continue
            if not given or not wanted or self.compatible(given[0], wanted[0]) < (wanted[0].name != "java.lang#Object"):
                return False
        return True

    def given_type(self, values: Values) -> Values:
        """Of the operands of a sum: text as soon as one is text, else the widest number."""
        if len(values) < 2:
            return values[:1]
        names = [v.name.partition("#")[2] for v in values if v.kind == "ext"]
        names = [_UNBOXED.get(n, n) for n in names]
        if len(names) == len(values) and "String" in names:
            return (Value("ext", name="java.lang#String"),)
        if len(names) == len(values) and all(n in (*library.WIDENING, "char") for n in names):
            widest = max(library.WIDENING.index(n) if n in library.WIDENING else 0 for n in names)
            return (Value("ext", name=f"#{library.WIDENING[max(widest, library.WIDENING.index('int'))]}"),)
        return values[:1]

    def foreign_compatible(self, given: str, wanted: str) -> int:
        left, right = given.partition("#")[2], wanted.partition("#")[2]
        if right == "Object":
            return 0
        if left in library.WIDENING and right in library.WIDENING:
            return 1 if library.WIDENING.index(left) < library.WIDENING.index(right) else -4
        if left == "char" and right in ("int", "long"):
            return 1
        if library.BOXED.get(left) == right or library.BOXED.get(right) == left:
            return 1
        if left in _UNBOXED and right in library.WIDENING:
            return self.foreign_compatible(f"#{_UNBOXED[left]}", wanted)
        if left in library.BOXED and right in library.ancestors(library.BOXED[left]):
            return 0
        if left == "null":
            return -4 if right in library.BOXED else 0
        if left in library.BOXED or right in library.BOXED:
            return -4
        if right in library.ancestors(left):
            return 1
        return -4 if left in ("String", "", "[]") or right == "String" else -1

    def unknown_type_reason(self, name: str, file: File) -> str:
        foreign = [m for m in file.found["stars"] if m not in self.packages]
        return "external" if foreign else "missing_module"

    def emit_import(self, file: File, row: Import, emitter: Emitter) -> None:
        src = file.id
        full = row.module if row.name == "*" else f"{row.module}.{row.name}"
        target = self.qualified(row.module if row.kind == "static" else full)
        if row.name == "*" and row.kind != "static":
            members = self.packages.get(row.module)
            if members:
                for symbol in members.values():
                    if symbol.file is not file:
                        emitter.edge(src, symbol.file.id, "imports", row.line, "import")
                return
        if target is not None and target.kind == "class":
            symbol = target.symbol
            if symbol.file is not file:
                emitter.edge(src, symbol.file.id, "imports", row.line, "import")
            emitter.edge(src, symbol.id, "imports", row.line, "import")
            if row.kind == "static" and row.name != "*":
                for member in symbol.members.get(row.name, ()):
                    emitter.edge(src, member.id, "imports", row.line, "import")
            return
        package = row.module
        if row.kind == "static":
            package = ".".join(p for p in row.module.split(".") if not p[:1].isupper())
        if any(f"{package}.".startswith(f"{root}.") for root in self.roots):
            emitter.unresolved(src, "imports", full, row.line, "missing_module")
            return
        if row.name != "*":
            dotted = full[len(package) + 1 :]
            emitter.edge(src, emitter.external(f"{package}#{dotted}", "java"), "imports", row.line, "import")
        depends(emitter, file, package, row.line)


def _roots(packages: Iterable[str]) -> tuple[str, ...]:
    """What the packages here have in common, for each of the organisations they name: `org.apache.commons.csv`."""
    named: dict[tuple[str, ...], list[list[str]]] = {}
    for package in packages:
        if package:
            named.setdefault(tuple(package.split(".")[:2]), []).append(package.split("."))
    common = [takewhile(lambda parts: len(set(parts)) == 1, zip(*group, strict=False)) for group in named.values()]
    return tuple(".".join(parts[0] for parts in shared) for shared in common)
