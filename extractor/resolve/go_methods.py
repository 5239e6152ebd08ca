"""Method sets of Go types: files and their types in; which types satisfy which interfaces, by their methods alone, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from extractor.facts import FileFacts
from extractor.resolve import go_library as library
from extractor.resolve.chains import TypeText
from extractor.resolve.emit import Emitter
from extractor.resolve.go_library import Signature
from extractor.resolve.go_types import GoTypes, Package, go_type
from extractor.resolve.model import MAX_OVERRIDES, NOTHING, File, Symbol, Value, Values, value_key


class GoMethods(GoTypes):
    """Knows what each type can do, and what each interface asks for."""

    def __init__(self, files: Sequence[FileFacts], configs: Mapping[str, str]) -> None:
        super().__init__(files, configs)
        self.implementations: dict[str, list[Symbol]] = {}  # interface -> types that satisfy it
        self._by_method: dict[str, list[tuple[Symbol, dict[str, Symbol | Signature]]]] = {}  # types that have it

    # ------------------------------------------------------------------ interfaces
    def find_implementations(self, emitter: Emitter) -> None:
        """Structural typing: who has the methods, implements."""
        types = [s for file in self.files for s in file.symbols if s.d.kind == "class"]
        sets = [(s, methods) for s in types if (methods := self.offered(s))]
        by_method = self._by_method
        for symbol, methods in sets:
            for name in methods:
                by_method.setdefault(name, []).append((symbol, methods))
        for file in self.files:
            for interface in file.symbols:
                wanted = self.required(interface) if interface.d.kind == "interface" else None
                if not wanted:
                    continue
                rarest = min((by_method.get(name, []) for name in sorted(wanted)), key=len)
                for symbol, methods in rarest:
                    if self.satisfies(methods, wanted, file.found["package"]):
                        self.implementations.setdefault(interface.id, []).append(symbol)
                        emitter.edge(symbol.id, interface.id, "implements", symbol.d.start_line, "type")
        for name in library.PROMINENT:
            some = next(iter(self.files[0].symbols), None) if self.files else None
            if some is None:
                continue
            wanted = {m: self._stated(signature, some) for m, signature in library.INTERFACES[name].items()}
            for symbol, methods in by_method.get(sorted(wanted)[0], []):
                if self.satisfies(methods, wanted, symbol.file.found["package"]):
                    emitter.edge(symbol.id, emitter.external(name, "go"), "implements", symbol.d.start_line, "type")
        for file in self.files:
            for symbol in file.symbols:
                if "error_value" in symbol.d.flags:
                    error = emitter.external("builtin#error", "go")
                    emitter.edge(symbol.id, error, "implements", symbol.d.start_line, "type")

    def overrides(self, method: Symbol, receiver: Symbol | None, arity: int) -> list[Symbol]:
        owner = receiver if receiver is not None and receiver.d.kind == "interface" else method.parent
        found: dict[str, Symbol] = {}
        for symbol in self.implementations.get(owner.id, ()) if owner is not None else ():
            target = self.method_set(symbol).get(method.d.name)
            if target is not None and "abstract" not in target.d.flags:
                found[target.id] = target
        return [found[key] for key in sorted(found)] if len(found) <= MAX_OVERRIDES else []

    # ------------------------------------------------------------------ method sets
    def behind(self, interface: Value, name: str, file: File) -> Values:
        """The methods that a call through an interface without a name may run: of the types that have all of its methods."""
        asked = dict(zip(interface.name.split(","), interface.args, strict=False))
        rarest = min((self._by_method.get(n, []) for n in sorted(asked)), key=len)
        found: dict[str, Symbol] = {}
        for _, methods in rarest:
            held = {n: methods.get(n) for n in asked}
            if all(isinstance(m, Symbol) and self._fits(m, asked[n], file) for n, m in held.items()):
                target = held[name]
                if isinstance(target, Symbol) and not self.is_abstract(target):
                    found[target.id] = target
        several = [Value("func", (found[key],), via="override") for key in sorted(found)]
        return tuple(several) if len(several) <= MAX_OVERRIDES else NOTHING

    def _fits(self, method: Symbol, asked: Values, file: File) -> bool:
        """Whether a method takes and gives what a function type says, as far as both are known."""
        if not method.d.name[:1].isupper() and method.file.found["package"] is not file.found["package"]:
            return False
        given = [self.type_values(p.annotation, method.file, method.index) for p in method.d.params]
        have = [self.returns(method), *given]
        return bool(asked) and len(have) == len(asked[0].args) and all(map(_same, have, asked[0].args))

    def signature(self, method: Symbol) -> Signature:
        """Parameters and results in words that mean the same in every file."""
        params = tuple(
            self.canonical(TypeText("[]", (go_type(p.annotation),)) if p.kind == "*" else go_type(p.annotation), method)
            for p in method.d.params
        )
        returned = go_type(method.d.returns) if method.d.returns else TypeText("()")
        results = returned.args if returned.name == "()" else (returned,)
        return params, tuple(self.canonical(r, method) for r in results)

    def canonical(self, parsed: TypeText, method: Symbol, depth: int = 0) -> str:
        if depth > 6:
            return "*"
        inner = [self.canonical(a, method, depth + 1) for a in parsed.args]
        if parsed.name in ("[]", "map", "chan", "=>", "()"):
            return f"{parsed.name}<{','.join(inner)}>"
        if parsed.name in ("?", "{}", "{m}"):
            return "*"
        found = self.type_name(parsed.name, method.file, method.index)
        if found is None or found.kind == "var":
            return "*"
        if found.kind == "alias":
            return self.canonical(go_type(found.symbol.d.returns), found.symbol, depth + 1)
        name = found.symbol.id if found.kind == "class" else found.name
        return library.SAME.get(name, name)

    def method_set(self, symbol: Symbol) -> dict[str, Symbol]:
        """Methods of a type, promoted ones included, by name."""
        found: dict[str, Symbol] = {}
        for ancestor, _ in self.lineage(symbol):
            for name, group in ancestor.members.items():
                for member in group:
                    if member.d.kind == "method":
                        found.setdefault(name, member)
        return found

    def required(self, interface: Symbol) -> dict[str, Signature] | None:
        """What an interface asks for: name -> signature; None when part of it stands elsewhere, or it asks for nothing."""
        wanted: dict[str, Signature] = {}
        for ancestor, _ in self.lineage(interface):
            for base in ancestor.bases:
                if base.kind == "class":
                    continue
                known = self.lent(base, ancestor)
                if not known:
                    return None
                wanted.update(known)
            for name, group in ancestor.members.items():
                wanted.setdefault(name, self.signature(group[0]))
        return wanted or None

    def lent(self, base: Value, to: Symbol) -> dict[str, Signature]:
        """The methods that an embedded interface of the library gives."""
        known = library.INTERFACES.get(library.SAME.get(base.name, base.name), {})
        return {name: self._stated(signature, to) for name, signature in known.items()}

    def _stated(self, signature: Signature, near: Symbol) -> Signature:
        params, results = (tuple(self.canonical(go_type(t), near) for t in types) for types in signature)
        return params, results

    def offered(self, symbol: Symbol) -> dict[str, Symbol | Signature]:
        """The methods of a type, those included that only the library declares."""
        found: dict[str, Symbol | Signature] = {}
        for ancestor, _ in self.lineage(symbol):
            for base in ancestor.bases:
                found.update(self.lent(base, ancestor) if base.kind == "extclass" else {})
        return {**found, **self.method_set(symbol)}

    def satisfies(
        self, methods: Mapping[str, Symbol | Signature], wanted: Mapping[str, Signature], package: Package
    ) -> bool:
        for name, (params, results) in wanted.items():
            method = methods.get(name)
            if method is None:
                return False
            if isinstance(method, Symbol):
                if not name[:1].isupper() and method.file.found["package"] is not package:
                    return False
                method = self.signature(method)
            if not _alike(method[0], params) or not _alike(method[1], results):
                return False
        return True


def _alike(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    return len(left) == len(right) and all(a == b or "*" in a or "*" in b for a, b in zip(left, right, strict=True))


def _same(left: Values, right: Values) -> bool:
    shown = [[(v.kind, value_key(v.symbol), v.name, len(v.args)) for v in values] for values in (left, right)]
    return not left or not right or shown[0] == shown[1]
