"""What a type name means in a C# file: enclosing types, the namespaces around it, usings, the library; partial types made one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from extractor.facts import MODULE, FileFacts, Import
from extractor.resolve import csharp_library as library
from extractor.resolve.chains import UNKNOWN_TYPE, TypeText, reads_types, split_top
from extractor.resolve.emit import Emitter, depends
from extractor.resolve.model import File, Symbol, Value, Values
from extractor.resolve.oo_kept import Kept

_HOLDERS: Final = library.LISTS | library.MAPS | library.WRAPPERS
_WORD: Final = re.compile(r"[^\W\d]\w*")


@reads_types
def cs_type(text: str) -> TypeText:
    """`Dictionary<string, List<Item>>[]` into name and arguments; Func and Action as functions."""
    text = text.replace(" ", "").removeprefix("global::")
    for word in ("ref", "out", "in", "params", "this", "readonly"):
        text = text.removeprefix(word) if text.startswith(word) and text[len(word) : len(word) + 1].isupper() else text
    if not text or text == "var":
        return UNKNOWN_TYPE
    if text.endswith("?"):
        return TypeText("Nullable", (cs_type(text[:-1]),))
    if text.endswith("]"):
        return TypeText("[]", (cs_type(text[: text.rindex("[")]),))
    if text.startswith("(") and text.endswith(")"):
        return TypeText("()", tuple(cs_type(p) for p in split_top(text[1:-1], ",") if p))
    cut = text.find("<")
    if cut < 0:
        return TypeText(text)
    depth = 0
    for end in range(cut, len(text)):
        depth += {"<": 1, ">": -1}.get(text[end], 0)
        if depth == 0:
            break
    args = tuple(cs_type(a) for a in split_top(text[cut + 1 : end], ",") if a)
    name, rest = text[:cut].removeprefix("System."), text[end + 1 :]
    if rest.startswith("."):
        return cs_type(f"{name}`{len(args)}{rest}")
    if name == "Func" and args:
        return TypeText("=>", (args[-1], *args[:-1]))
    if name == "EventHandler":
        return TypeText("=>", (TypeText("()"), TypeText("object"), *args))
    return TypeText("=>", (TypeText("()"), *args)) if name in ("Action", "Predicate") else TypeText(name, args)


class CSharpTypes(Kept):
    """Namespaces, types and usings."""

    parse_type = staticmethod(cs_type)
    implements_interfaces = True

    def __init__(self, files: Sequence[FileFacts], configs: Mapping[str, str]) -> None:
        super().__init__(files, configs)
        self.spaces: dict[str, dict[str, list[Symbol]]] = {}
        self.extensions: dict[str, list[Symbol]] = {}
        shared: list[Import] = []
        for file in self.files:
            extra = file.facts.extra or {}
            file.found = {"space": dict(extra.get("spaces", ())), "aliases": {}, "usings": [], "statics": []}
            for index, space in extra.get("spaces", ()):
                symbol = file.symbols[index]
                self.spaces.setdefault(space, {}).setdefault(metadata_name(symbol), []).append(symbol)
            # An accessor with variables of its own is no object.
            file.objects = {i for i in file.objects if i == MODULE or "property" not in file.symbols[i].d.flags}
            for name in sorted(file.top):
                file.top[name] = [s for s in file.top[name] if metadata_name(s) == name]
                if not file.top[name]:  # a generic type alone is not meant by the bare name
                    del file.top[name]
            file.found["extending"] = frozenset(index for index, _ in extra.get("extends", ()))
            for index in sorted(file.found["extending"]):
                symbol = file.symbols[index]
                self.extensions.setdefault(symbol.d.name, []).append(symbol)
            shared += [i for i in file.facts.imports if i.kind == "global"]
        for file in self.files:
            for row in (*file.facts.imports, *shared):
                if row.name == "":
                    file.found["aliases"][row.alias] = row.module
                else:
                    file.found["statics" if row.kind == "static" else "usings"].append(row.module)
        self.namespaces = {
            ".".join(parts[: n + 1]) for s in self.spaces for parts in [s.split(".")] for n in range(len(parts))
        }
        self._partial: list[list[Symbol]] = []  # the parts of each type that has several
        for types in self.spaces.values():
            for name in sorted(types):
                self._join_parts(types[name])

    def _join_parts(self, group: Sequence[Symbol]) -> None:
        """The parts of a partial type have one set of members between them, and are that of the first part."""
        parts = [s for s in group if s.is_class and "partial" in s.d.flags]
        if len(parts) < 2:
            return
        self._partial.append(parts)
        whole = parts[0]
        for part in parts[1:]:
            for name, held in part.members.items():
                own = whole.members.setdefault(name, [])
                own.extend(s for s in held if s not in own)
            part.members, part.subclasses = whole.members, whole.subclasses
            part.file.outside[part.index] = whole
        for name in sorted(whole.members):
            for key in sorted({metadata_name(s) for s in whole.members[name]}):
                self._join_parts([s for s in whole.members[name] if metadata_name(s) == key])

    def join_bases(self) -> None:
        """What one part of a partial type extends, the whole extends."""
        for parts in self._partial:
            bases = [b for part in parts for b in part.bases]
            for part in parts:
                part.bases, part.ancestors = bases, None

    @staticmethod
    def home(symbol: Symbol) -> Symbol | None:
        """The type that declares a member: of a partial type the first part, which stands for all."""
        parent = symbol.parent
        return parent.file.outside.get(parent.index, parent) if parent is not None else None

    def space_of(self, file: File, scope: int) -> str:
        while scope != MODULE and file.symbols[scope].d.scope != MODULE:
            scope = file.symbols[scope].d.scope
        return str(file.found["space"].get(scope, file.facts.namespace))

    def type_name(self, name: str, file: File, scope: int) -> Value | None:
        first, _, rest = name.partition(".")
        if first in library.PRIMITIVES:
            return Value("extclass", name=f"#{first}")
        if rest and (space := self.space_alias(first, file)):
            found = self.qualified(f"{space}.{rest}", "")
            if found is not None:
                return found
        variable = self.type_variable(first, file, scope) if not rest else None
        found = variable or self._simple(first, file, scope)
        for part in rest.split(".") if rest and found is not None else ():
            found = self.nested(found, part) if found is not None else None
        if found is not None:
            return found
        return self.qualified(name, self.space_of(file, scope)) if rest else None

    def named_type(self, parsed: TypeText, file: File, scope: int) -> Value | None:
        return self.type_name(f"{parsed.name}`{len(parsed.args)}" if parsed.args else parsed.name, file, scope)

    def space_alias(self, name: str, file: File) -> str:
        """The namespace that `using name = A.B;` gives another name."""
        meant = str(file.found["aliases"].get(name, ""))
        return meant if meant in self.namespaces or meant.startswith("System.") else ""

    def nested(self, outer: Value, name: str) -> Value | None:
        if outer.kind == "extclass":
            return Value("extclass", name=f"{outer.name}.{_bare(name)}")
        for ancestor, _ in self.lineage(outer.symbol) if isinstance(outer.symbol, Symbol) else ():
            for symbol in ancestor.members.get(_bare(name), ()):
                if metadata_name(symbol) == name and (symbol.is_class or "alias" in symbol.d.flags):
                    return self._declared([symbol])
        return None

    @staticmethod
    def _declared(symbols: Sequence[Symbol]) -> Value | None:
        best = next((s for s in symbols if s.is_class), symbols[0] if symbols else None)
        return Value("class" if best.is_class else "alias", best, via="import") if best is not None else None

    def _simple(self, name: str, file: File, scope: int) -> Value | None:
        here = scope
        while here != MODULE:
            symbol = file.symbols[here]
            if symbol.is_class:
                if metadata_name(symbol) == name:
                    return Value("class", file.outside.get(here, symbol))
                found = self.nested(Value("class", symbol), name)
                if found is not None:
                    return found
            here = symbol.d.scope
        space = self.space_of(file, scope)
        while True:
            if name in self.spaces.get(space, {}):
                return self._declared(self.spaces[space][name])
            if not space:
                break
            space = space.rpartition(".")[0]
        alias = file.found["aliases"].get(name)
        if alias is not None:
            parsed = cs_type(alias)
            found = self.qualified(parsed.name, "") or Value("extclass", name=_outside(parsed.name))
            args = tuple(self.instances(a, file, MODULE) for a in parsed.args)
            return found._replace(args=args) if args else found
        for used in file.found["usings"]:
            for place in spaces_meant(used, self.space_of(file, scope)):
                if name in self.spaces.get(place, {}):
                    return self._declared(self.spaces[place][name])
        name = _bare(name)
        if name in library.PACKAGE_OF:
            return Value("extclass", name=f"{library.PACKAGE_OF[name]}#{name}")
        if name in library.LISTS or name in library.MAPS:
            return Value("extclass", name=f"System.Collections.Generic#{name}")
        return Value("extclass", name=f"System.Threading.Tasks#{name}") if name in library.WRAPPERS else None

    def qualified(self, name: str, space: str) -> Value | None:
        """`A.B.Type` by its full name, or from a namespace around."""
        parts = name.split(".")
        for place in spaces_meant("", space):
            for cut in range(len(parts) - 1, 0, -1):
                inside = ".".join(p for p in (place, *parts[:cut]) if p)
                symbols = self.spaces.get(inside, {}).get(parts[cut])
                found = self._declared(symbols) if symbols else None
                for part in parts[cut + 1 :]:
                    found = self.nested(found, part) if found is not None else None
                if found is not None:
                    return found
        return (
            Value("extclass", name=_outside(name)) if parts[0] in ("System", "Microsoft") and len(parts) > 1 else None
        )

    def instances(self, parsed: TypeText, file: File, scope: int, depth: int = 0) -> Values:
        if parsed.name == "()":
            return (Value("tuple", args=tuple(self.instances(a, file, scope, depth + 1) for a in parsed.args)),)
        alias = file.found["aliases"].get(parsed.name) if not parsed.args and depth < 20 else None
        if alias and "<" in alias:  # `using Ledger = System.Collections.Generic.List<Entry>;`
            whole = cs_type(alias)
            last = whole.name.rpartition(".")[2]
            holds = last in library.LISTS | library.MAPS | library.WRAPPERS
            return self.instances(whole._replace(name=last if holds else whole.name), file, MODULE, depth + 1)
        if parsed.args and depth < 20 and parsed.name not in ("[]", "=>"):
            found = self.named_type(parsed, file, scope)
            last = parsed.name.rpartition(".")[2]
            if last in _HOLDERS and (found is None or found.kind == "extclass"):
                return self._holder(last, tuple(self.instances(a, file, scope, depth + 1) for a in parsed.args))
        known = super().instances(parsed, file, scope, depth)
        if known or parsed.name[:1] in "[(=?|" or self.named_type(parsed, file, scope) or not self.looks_outside(file):
            return known
        args = tuple(self.instances(a, file, scope, depth + 1) for a in parsed.args)
        return (Value("beyond", None, args, parsed.name),)  # of which no more is known than its name

    @staticmethod
    def _holder(name: str, inner: tuple[Values, ...]) -> Values:
        """A type of the library that holds others."""
        if name == "Nullable" and inner[0] and not any(is_plain(v) for v in inner[0]):
            return inner[0]  # `Foo?` of a class is a Foo that may be null
        if name in library.LISTS:
            return (Value("list", name, args=(inner[-1] if name == "IGrouping" else inner[0],)),)
        if name in library.MAPS:
            return (Value("list", name, args=(inner[-1], inner[0]), name="map"),)
        return (Value("ext", None, inner, f"System.Threading.Tasks#{name}"),)

    def looks_outside(self, file: File) -> bool:
        """Whether a file uses namespaces that nothing here declares."""
        return any(used not in self.spaces for used in file.found["usings"])

    # ------------------------------------------------------------------ usings
    def emit_imports(self, file: File, emitter: Emitter) -> None:
        words = _words(file)
        for row in file.facts.imports:
            places = [p for p in spaces_meant(row.module, file.facts.namespace) if p in self.spaces]
            if places and row.name == "*" and row.kind != "static":
                for name in sorted(self.spaces[places[0]]):
                    known = _bare(name) in words or row.kind == "global"
                    for symbol in self.spaces[places[0]][name] if known else ():
                        if symbol.file is not file:
                            emitter.edge(file.id, symbol.file.id, "imports", row.line, "import")
                            emitter.edge(file.id, symbol.id, "imports", row.line, "import")
                continue
            target = self.qualified(cs_type(row.module).name, file.facts.namespace)
            if target is not None and target.kind == "class":
                emitter.edge(file.id, target.symbol.id, "imports", row.line, "import")
                if target.symbol.file is not file:
                    emitter.edge(file.id, target.symbol.file.id, "imports", row.line, "import")
            elif not places and row.module not in self.namespaces:
                depends(emitter, file, cs_type(row.module).name, row.line)

    def unknown_type_reason(self, name: str, file: File) -> str:
        return "external" if self.looks_outside(file) else "missing_module"


def spaces_meant(name: str, around: str) -> list[str]:
    """What a namespace's name may mean inside another: `B` in A.C is A.C.B, A.B or B."""
    out = []
    while around:
        out.append(f"{around}.{name}" if name else around)
        around = around.rpartition(".")[0]
    return [*out, name]


def metadata_name(symbol: Symbol) -> str:
    """A type's name as .NET's metadata has it: ``List`1`` is another type than `List`."""
    number = len(symbol.file.typevars.get(symbol.index, ())) if not symbol.is_function else 0
    return f"{symbol.d.name}`{number}" if number else symbol.d.name


def is_plain(value: Value) -> bool:
    """Whether a type is one of values, never null: a number, a struct, an enum; `Foo?` of an unknown Foo is taken for one."""
    if value.kind == "inst":
        return not {"struct", "enum"}.isdisjoint(value.symbol.d.flags)
    name = value.name.rpartition("#")[2]
    if value.kind == "ext" and name not in library.PRIMITIVES and name not in library.WORDS:
        return name in library.STRUCTS
    return value.kind in ("ext", "beyond") and name not in library.CLASSES


def _bare(name: str) -> str:
    return name.partition("`")[0]


def _outside(name: str) -> str:
    package, _, last = _bare(name).rpartition(".")
    return f"{package}#{last}"


def _words(file: File) -> set[str]:
    """Every name that a file's facts mention."""
    facts: Any = file.facts
    texts: list[str] = [t for call in facts.calls for t in (call.receiver, call.name)]
    texts += [b.text for b in facts.bindings] + [b.name for b in facts.bases] + [r.name for r in facts.raises]
    texts += [t for d in facts.defs for t in (d.returns, *(p.annotation for p in d.params), *d.decorators)]
    texts += [a for group in file.args for a in group] + [n for h in facts.handlers for n in h.names]
    return {word for text in texts for word in _WORD.findall(text)}
