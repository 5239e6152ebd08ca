"""Traits written here for types from elsewhere: `impl Width for str`, `impl<I: Iterator> Pairs for I`. What such a type has of its own
comes first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from extractor.facts import MODULE, FileFacts
from extractor.resolve import rust_library as library
from extractor.resolve.model import NOTHING, File, Symbol, Value, Values
from extractor.resolve.rust_results import RustResults
from extractor.resolve.rust_types import rust_type


def give(owner: Symbol, trait: Value) -> None:
    """Let a type implement a trait."""
    owner.bases.append(trait)
    owner.ancestors = None
    if owner not in trait.symbol.subclasses:
        trait.symbol.subclasses.append(owner)


class RustExtensions(RustResults):
    """Finds methods of traits here on values of types elsewhere."""

    def __init__(self, files: Sequence[FileFacts], configs: Mapping[str, str]) -> None:
        self.foreign: dict[str, set[str]] = {}  # a type here -> the traits from elsewhere that it implements
        self._extensions: dict[str, list[Value]] = {}  # a type elsewhere -> traits here; "" for every type
        super().__init__(files, configs)
        self.written: dict[tuple[str, str], list[Symbol]] = {}  # a type elsewhere and a name -> methods here
        for file in self.files:
            for key, target in (file.facts.extra or {}).get("receivers", {}).items():
                method = file.symbols[int(key)]
                if method.is_function and method.index not in file.outside and method.parent is None:
                    for value in self.instances(rust_type(target), file, method.index):
                        self.written.setdefault((_key(value), method.d.name), []).append(method)

    def extend(self, trait: Value, target: str, file: File) -> None:
        """Note that what `target` says, a type or the bound of a type parameter, has a trait's methods."""
        for value in self.instances(rust_type(target), file, MODULE) if target != "?" else (Value("unknown"),):
            if value.kind == "inst" and value.symbol is not trait.symbol:  # what has the one trait has the other
                give(value.symbol, trait._replace(via="implements"))
            elif value.kind != "inst":
                keys = (_key(value), "Iterator[]") if "IntoIterator" in target else (_key(value),)
                for held in [self._extensions.setdefault(key, []) for key in dict.fromkeys(keys)]:
                    if trait.symbol not in [t.symbol for t in held]:
                        held.append(trait)

    def extension(self, value: Value, name: str) -> Values:
        """The method that exactly one trait here gives a value whose own type stands elsewhere."""
        keys = [*sorted(self._foreign_traits(value)), ""] if value.kind in ("inst", "class") else [_key(value), ""]
        if value.kind not in _KNOWN or name in library.OWN.get(keys[0], ()):
            return NOTHING
        traits = {t.symbol.id: t for key in keys for t in self._extensions.get(key, ())}
        found = [(t, functions) for _, t in sorted(traits.items()) if (functions := self._of_trait(t.symbol, name))]
        if len(found) != 1:
            return NOTHING
        trait, functions = found[0]
        written = [s for s in self.written.get((keys[0], name), ()) if s.d.trait == trait.symbol.d.name]
        if len(written) > 1:
            alike = [self._alike(s, value) for s in written]
            written = [s for s, count in zip(written, alike, strict=True) if count == max(alike) >= 0]
        functions = tuple(written) if len(written) == 1 else functions
        return (Value("func", functions, owner=Value("inst", trait.symbol, trait.args, owner=self.as_instance(value))),)

    def _alike(self, method: Symbol, value: Value) -> int:
        """How many type arguments of a value an implementation names, -1 where one is another's: `Result<T, ()>` for what may fail."""
        target = (method.file.facts.extra or {})["receivers"][str(method.index)]
        best = -1
        for held in self.instances(rust_type(target), method.file, method.index):
            pairs = [(a[0], b[0]) for a, b in zip(held.args, value.args, strict=False) if a and b]
            known = [(a, b) for a, b in pairs if "var" not in (a.kind, b.kind)]
            if all((a.kind, a.symbol, a.name) == (b.kind, b.symbol, b.name) for a, b in known):
                best = max(best, len(known))
        return best

    def _of_trait(self, trait: Symbol, name: str) -> tuple[Symbol, ...]:
        for ancestor, _ in self.lineage(trait):
            functions = tuple(s for s in ancestor.members.get(name, ()) if s.is_function)
            if functions:
                return functions
        return ()

    def iterates(self, value: Value) -> bool:
        return "Iterator[]" in self._foreign_traits(value)

    def _foreign_traits(self, value: Value) -> set[str]:
        out: set[str] = set()
        for ancestor, _ in self.lineage(value.symbol):
            out |= self.foreign.get(ancestor.id, set())
            out |= {b.name.rpartition("#")[2] for b in ancestor.bases if b.kind == "extclass"}
        return {"Iterator[]" if name in library.LISTS else name for name in out}


_KNOWN = frozenset(("list", "ext", "extclass", "tuple", "callable", "lambda", "inst", "class"))


def _key(value: Value) -> str:
    """The name of a type elsewhere; vectors and slices are one, and all iterators."""
    if value.kind in ("ext", "extclass"):
        name: str = value.name.rpartition("#")[2]
        return "Iterator[]" if name in library.ITERATORS else "[]" if name in library.LISTS else name
    if value.kind == "list":
        return "Iterator[]" if value.name == "iter" else "[]"
    return {"tuple": "()", "callable": "=>", "lambda": "=>"}.get(value.kind, "")
