"""C, C++ and CUDA: facts of all their files in, their Links out. What a file can see is its own text and what it includes,
directly or not; a declaration stands for its definition, which is where calls lead; members are found along the bases.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from extractor.facts import MODULE, Base, Call, FileFacts, Import
from extractor.parse.collect import bare
from extractor.parse.cpp import plain_type, split_qualified
from extractor.resolve import Links
from extractor.resolve import cpp_library as library
from extractor.resolve.chains import cpp_type
from extractor.resolve.emit import Emitter, Outcome, depends
from extractor.resolve.oo import NOTHING, Context, Engine, File, Symbol, Value, Values, accepts, join

MAX_VARIANTS: Final = 4


def link(files: Sequence[FileFacts], configs: Mapping[str, str]) -> Links:
    """All edges between C, C++ and CUDA symbols, and what could not be linked."""
    from extractor.resolve.cpp_bindings import emit_bindings  # it reads this module's engine

    engine = CppEngine(files, configs)
    emitter = Emitter(engine)
    engine.adopt()
    emitter.resolve_bases()
    engine.find_slots()
    emitter.emit_bases()
    for file in engine.files:
        for row in file.facts.imports:
            engine.emit_include(file, row, emitter)
    emitter.emit_calls()
    emitter.emit_names()
    emit_bindings(engine, emitter)
    for declaration, definition in sorted(engine.definitions_by_declaration.items()):
        emitter.links.merged[declaration] = definition.id
    return emitter.finish()


class CppEngine(Engine):
    parse_type = staticmethod(cpp_type)
    runners = library.RUNNERS

    def __init__(self, files: Sequence[FileFacts], configs: Mapping[str, str]) -> None:
        super().__init__(files, configs)
        self.by_path = {file.facts.path: file for file in self.files}
        self.by_name: dict[str, list[str]] = {}
        for path in self.by_path:
            self.by_name.setdefault(posixpath.basename(path), []).append(path)
        self.include_dirs = _include_dirs(configs)
        self.missing: set[int] = set()
        direct = [self._includes(file) for file in self.files]
        self.closures = [_closure(number, direct) for number in range(len(self.files))]
        self.names: dict[str, list[Symbol]] = {}
        self.namespaces: set[str] = set()
        for file in self.files:
            file.top = {}  # names outside classes are looked up by namespace, not by file
            classes = {s.d.qualname for s in file.symbols if s.is_class}
            for symbol in file.symbols:
                qualname = symbol.d.qualname
                self.names.setdefault(qualname, []).append(symbol)
                outer = qualname.rpartition(".")[0] if symbol.d.scope == MODULE and "operator" not in qualname else ""
                if outer and symbol.d.kind != "method" and outer not in classes:
                    while outer and outer not in self.namespaces:
                        self.namespaces.add(outer)
                        outer = outer.rpartition(".")[0]
        # Namespaces that only macros open: they stand in no qualified name here, and in many that are written.
        self.hidden = {n for file in self.files for n in (file.facts.extra or {}).get("hidden", ())} - self.namespaces
        self.definitions_by_declaration: dict[str, Symbol] = {}
        self.slots: dict[tuple[str, str], list[Value]] = {}
        self._lookups: dict[tuple[int, str, str], list[Symbol]] = {}

    # ------------------------------------------------------------------ files
    def _includes(self, file: File) -> list[int]:
        found = []
        for row in file.facts.imports:
            target = self.included(file, row)
            if target is not None:
                found.append(target.number)
            elif row.level == 0:
                self.missing.add(file.number)
        return found

    def included(self, file: File, row: Import) -> File | None:
        """The file an include means: beside the includer, below an include directory, or by the end of its path."""
        written = posixpath.normpath(row.module)
        here = posixpath.dirname(file.facts.path)
        for directory in ([here] if row.level == 0 else []) + self.include_dirs:
            path = posixpath.normpath(posixpath.join(directory, row.module))
            if path in self.by_path:
                return self.by_path[path]
        while written.startswith("../"):
            written = written[3:]
        ends = [
            p for p in self.by_name.get(posixpath.basename(written), ()) if p == written or p.endswith("/" + written)
        ]
        if row.level == 1 and "/" not in written and written.rpartition(".")[2] not in ("h", "hpp", "cuh", "hh"):
            return None
        if row.level == 1 and written in library.C_HEADERS:
            return None
        return self.by_path[min(ends, key=lambda p: (-_shared(p, here), p.count("/"), p))] if ends else None

    def visible(self, symbol: Symbol, file: File) -> bool:
        return symbol.file is file or symbol.file.number in self.closures[file.number]

    # ------------------------------------------------------------------ declarations and definitions
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
                    defined.setdefault(self.full_name(symbol), []).append(symbol)
        for file in self.files:
            for symbol in file.symbols:
                if symbol.is_function and "declaration" in symbol.d.flags:
                    found = self._definition(symbol, defined.get(self.full_name(symbol), ()))
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
        if len(usable) > 1:
            types = [plain_type(p.annotation) for p in declaration.d.params]
            usable = [s for s in usable if [plain_type(p.annotation) for p in s.d.params] == types] or usable
        if len(usable) > 1:
            usable = [s for s in usable if self.visible(declaration, s.file)] or usable
        const = "const" in declaration.d.flags
        if len(usable) > 1:
            usable = [s for s in usable if ("const" in s.d.flags) == const] or usable
        return (
            min(usable, key=lambda s: (-_shared(s.file.facts.path, declaration.file.facts.path), s.id))
            if usable
            else None
        )

    def definition_of(self, symbol: Symbol) -> Symbol:
        return self.definitions_by_declaration.get(symbol.id, symbol)

    def find_slots(self) -> None:
        """Functions stored in the fields of structs: the targets of calls through those fields."""
        for file in self.files:
            for scope, holder, field, text, line in (file.facts.extra or {}).get("slots", ()):
                context = Context(file, scope, line)
                functions = [v for v in self.evaluate(text, context) if v.kind == "func"]
                if not functions:
                    continue
                for value in self.evaluate(holder, context):
                    if value.kind != "inst" or not isinstance(value.symbol, Symbol):
                        continue
                    name = field
                    if field.startswith("#"):
                        fields = [m for group in value.symbol.members.values() for m in group if m.d.kind == "variable"]
                        fields.sort(key=lambda s: s.index)
                        position = int(field[1:])
                        name = fields[position].d.name if position < len(fields) else ""
                    if name in value.symbol.members:
                        known = self.slots.setdefault((value.symbol.id, name), [])
                        known.extend(v._replace(via="flow") for v in functions if v not in known)
        self._memo.clear()
        self._returns.clear()

    # ------------------------------------------------------------------ names
    def prefixes(self, context: Context) -> list[str]:
        """The namespaces and classes around a place, innermost first, "" last."""
        file, scope, _ = context
        if scope == MODULE:
            base = file.facts.namespace
        else:
            symbol = file.symbols[scope]
            base = self.full_name(symbol)
        found = [base]
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
        if rest and first in self.hidden:
            return self._lookup(rest, prefixes, file, types)
        for source in [file, *(self.files[n] for n in sorted(self.closures[file.number]))]:
            for prefix, alias, target in (source.facts.extra or {}).get("usings", ()):
                if source is not file and prefix not in prefixes:
                    continue
                if alias == "":
                    full = f"{target}.{name}"
                elif alias == first and target != name:
                    full = f"{target}.{rest}" if rest else target
                else:
                    continue
                for outer in dict.fromkeys((prefix, "")):
                    found = self._at(f"{outer}.{full}" if outer else full, file, types)
                    if found:
                        return found
        return []

    def _at(self, qualname: str, file: File, types: bool = False) -> list[Symbol]:
        """What a full name means to a file: what it sees; else, of what cannot be hidden, the only one there is."""
        every = self.names.get(qualname)
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
        return super().definitions(symbols, via)

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

    def _uses_std(self, file: File) -> bool:
        sources = [file, *(self.files[n] for n in self.closures[file.number])]
        return any(row[2].startswith("std") for f in sources for row in (f.facts.extra or {}).get("usings", ()))

    # ------------------------------------------------------------------ expressions
    def head_values(self, head: str, context: Context) -> Values:
        special = self.special_name(head, context)
        if special is not None:
            return special
        plain = bare(head) if "<" in head and "operator" not in head else head
        args: tuple[Values, ...] = ()
        if plain != head:
            args = tuple(self.instances(a, context.file, context.scope) for a in cpp_type(head).args)
        if "::" in plain or plain.startswith("::"):
            values = self.qualified(plain.strip(":").split("::"), context)
        else:
            values = self.name_values(plain, context)
        if not values and args == () and plain == head and not plain.isidentifier():
            return NOTHING
        if not values:
            found = self.type_name(plain.replace("::", "."), context.file, context.scope)
            values = (found,) if found is not None else NOTHING
        values = join(self._unalias(v, context) for v in values)
        return tuple(
            v._replace(args=args) if args and v.kind in ("func", "class", "extfunc", "extclass") else v for v in values
        )

    def _unalias(self, value: Value, context: Context) -> Values:
        """An alias where a name is expected is the class it stands for."""
        if value.kind != "alias":
            return (value,)
        return tuple(
            v._replace(kind={"inst": "class", "ext": "extclass"}.get(v.kind, v.kind))
            for v in self.alias_values(value, 0)
        )

    def qualified(self, parts: Sequence[str], context: Context) -> Values:
        """`a::B::c`, the longest known beginning first."""
        found = self.lookup(".".join(parts), context)
        if found:
            return self.definitions(found, self._via(found, context))
        if parts[0] == "std":
            return (
                (Value("extfunc", name=f"std#{'.'.join(parts[1:])}"),) if len(parts) > 1 else (Value("ns", name="std"),)
            )
        outer = self.type_name(".".join(parts[:-1]), context.file, context.scope) if len(parts) > 1 else None
        if outer is not None and outer.kind == "alias":
            resolved = self._unalias(outer, context)
            outer = resolved[0] if resolved else None
        if outer is not None and outer.kind in ("class", "extclass"):
            return self.member(outer, parts[-1], context)
        if len(parts) > 1 and outer is None:
            elsewhere = self._elsewhere(parts, context.file)
            return (Value("extfunc", name=elsewhere),) if elsewhere else NOTHING
        return NOTHING

    def _elsewhere(self, parts: Sequence[str], file: File) -> str:
        """`package#name` of a qualified name whose first part nothing here opens: it is another library's."""
        target = next((t for _, a, t in (file.facts.extra or {}).get("usings", ()) if a == parts[0]), "")
        full = [*target.split("."), *parts[1:]] if target else list(parts)
        known = full[0] in self.namespaces | self.hidden or any(
            s.is_class or "alias" in s.d.flags for s in self.names.get(full[0], ())
        )
        return "" if known or not full[0].isidentifier() else f"{full[0]}#{'.'.join(full[1:])}"

    def literal(self, text: str, context: Context) -> Values:
        if text.endswith("_MODULE") or text.startswith("TORCH_LIBRARY"):
            return (Value("beyond"),)  # the module object that a registration macro hands over
        return super().literal(text, context)

    def arguments(self, callee: str, context: Context) -> list[str] | None:
        if "::" in callee and "." not in callee and "->" not in callee:
            receiver, name = split_qualified(callee)
            callee = f"{receiver}.{bare(name)}" if receiver else bare(name)
        return super().arguments(callee, context)

    def special_name(self, head: str, context: Context) -> Values | None:
        if head == "super":
            return None
        return super().special_name(head, context)

    def _evaluate(self, text: str, chain: Any, context: Context) -> Values:
        if chain.kind == "name" and chain.steps and chain.steps[0].op == "[]":
            table = context.file.binds.get((context.scope, f"{chain.head}[]")) or context.file.binds.get(
                (MODULE, f"{chain.head}[]")
            )
            if table:
                rest = text[chain.steps[0].end :]
                values = join(self.binding_values(b, context.file) for b in table)
                return values if not rest else NOTHING
        return super()._evaluate(text, chain, context)

    def _step(self, values: Values, step: Any, prefix: str, called: bool, context: Context) -> Values:
        if step.op == "[]":
            return join(self.indexed(v, context) for v in values)
        return super()._step(values, step, prefix, called, context)

    def indexed(self, value: Value, context: Context) -> Values:
        if value.kind == "inst":
            found = self.member(value, "operator[]", context)
            return join(self.result(v, None, context) for v in found) or (value,)  # a pointer to an array of them
        if value.kind == "ext" and value.name.rpartition("#")[2] in library.MAPS and len(value.args) > 1:
            return tuple(value.args[1])
        return self.element(value)

    def element(self, value: Value) -> Values:
        if value.kind == "list":
            return tuple(value.args[0]) if value.args else NOTHING
        simple = value.name.rpartition("#")[2]
        if value.kind == "ext" and value.args:
            if simple in library.MAPS and len(value.args) > 1:
                return (Value("ext", name="std#pair", args=value.args[:2]),)
            return tuple(value.args[0])
        if value.kind == "inst":
            found = self.member(value, "begin", Context(value.symbol.file, value.symbol.index, 0))
            given = join(self.result(v, None, Context(value.symbol.file, value.symbol.index, 0)) for v in found)
            return join(self.dereferenced(v) for v in given)
        return NOTHING

    def dereferenced(self, value: Value) -> Values:
        simple = value.name.rpartition("#")[2]
        if value.kind == "ext" and value.args and (simple in library.POINTERS or simple == "iterator"):
            return tuple(value.args[0])
        if value.kind == "inst" and isinstance(value.symbol, Symbol):
            context = Context(value.symbol.file, value.symbol.index, 0)
            for operator in ("operator->", "operator*"):
                found = self.own_member(value, operator, context)
                given = join(
                    self.result(v, None, context) for v in found if v.kind == "func" and not v.symbol[0].d.params
                )
                if given:
                    return given
        return (value,)

    def own_member(self, value: Value, name: str, context: Context) -> Values:
        found = super().own_member(value, name, context)
        if isinstance(value.symbol, Symbol) and self.slots and not any(v.kind == "func" for v in found):
            for ancestor, _ in self.lineage(value.symbol):
                stored = self.slots.get((ancestor.id, name))
                if stored:
                    return tuple(stored)
        return found

    def foreign_member(self, value: Value, name: str, context: Context) -> Values:
        if value.kind == "ns":
            if value.name == "std" or value.name.startswith("std."):
                inner = value.name[4:]
                return (Value("extfunc", name=f"std#{inner + '.' if inner else ''}{name}"),)
            return self.qualified([*value.name.split("."), name], context)
        if value.kind == "ext" and value.name == "std#pair" and len(value.args) > 1 and name in ("first", "second"):
            return tuple(value.args[0 if name == "first" else 1])
        if value.kind in ("ext", "extclass", "extfunc") and value.name and not value.name.startswith("#"):
            return (Value("extfunc", name=f"{value.name}.{name}", owner=value),)
        return NOTHING

    def foreign_result(self, value: Value, args: list[str], context: Context) -> Values:
        owner: Value | None = value.owner
        method = value.name.rpartition("#")[2].rpartition(".")[2]
        if value.kind == "extclass":
            return (self.as_instance(value),)
        if owner is None:
            if method in ("make_unique", "make_shared") and value.args:
                name = "unique_ptr" if method == "make_unique" else "shared_ptr"
                return (Value("ext", name=f"std#{name}", args=value.args),)
            if method in ("move", "forward", "ref", "cref", "exchange", "as_const", "max", "min") and args:
                return self.evaluate(args[0], context)
            if method in ("static_pointer_cast", "dynamic_pointer_cast") and value.args:
                return (Value("ext", name="std#shared_ptr", args=value.args),)
            if method[:1].islower() and value.name.startswith("std#") and value.args:
                return (Value("ext", name=value.name, args=value.args),)  # std::vector<int>(3)
            if method in ("string", "to_string"):
                return (Value("ext", name="std#string"),)
            return NOTHING
        simple = owner.name.rpartition("#")[2]
        if not owner.args:
            return (
                (Value("ext", name="std#string"),)
                if simple == "string" and method in ("substr", "c_str", "append")
                else NOTHING
            )
        if method in ("lock",):
            return (Value("ext", name="std#shared_ptr", args=owner.args),)
        if simple in library.POINTERS and method in ("get", "value", "release"):
            return tuple(owner.args[0])
        if method in library.ITERATORS:
            held = self.element(owner)
            return (Value("ext", name="std#iterator", args=(held,)),)
        if method in library.ELEMENTS:
            return tuple(owner.args[1]) if simple in library.MAPS and len(owner.args) > 1 else tuple(owner.args[0])
        return NOTHING

    # ------------------------------------------------------------------ calls
    def callee(self, name: str, context: Context) -> Values:
        return self.head_values(name, context)

    def called_member(self, value: Value, name: str, receiver: str, context: Context) -> Values:
        if name == "()":
            return (value,)
        found = self.member(value, name, context)
        if receiver in ("this", "this^"):
            return tuple(v._replace(via="self") if v.kind == "func" else v for v in found)
        return found

    def special_call(self, call: Call, context: Context, args: list[str], emitter: Any) -> Outcome | None:
        if call.kind in ("init", "member_init"):
            return self._initialised(call, context, args, emitter)
        if call.kind == "launch":
            values = self._callee_values(call, context)
            outcome: Outcome = (
                emitter.targets(values, call, args, context) if values else Outcome(reason="missing_module")
            )
            return outcome._replace(targets=tuple((t, "launch") for t, _ in outcome.targets))
        if call.kind == "scoped":
            values = self._callee_values(call, context)
            if values:
                return emitter.targets(values, call, args, context)  # type: ignore[no-any-return]
            return Outcome(reason=self.unknown_name_reason(call.name, context))
        if call.kind == "arrow":
            receivers = join(self.dereferenced(v) for v in self.evaluate(call.receiver, context))
            if not receivers:
                return Outcome(reason=self.unknown_receiver_reason(call.receiver, context))
            values = join(self.called_member(v, call.name, call.receiver, context) for v in receivers)
            return emitter.targets(values, call, args, context) if values else emitter.missing_member(receivers, call)  # type: ignore[no-any-return]
        return None

    def _callee_values(self, call: Call, context: Context) -> Values:
        if not call.receiver:
            return self.callee(call.name, context)
        name = f"{bare(call.receiver)}::{call.name}" if call.receiver != "::" else call.name
        if call.receiver == "::":
            found = self._at(call.name, context.file)
            return self.definitions(found, self._via(found, context)) if found else NOTHING
        values = self.head_values(name, context)
        owner = context.file.enclosing_class(context.scope)
        bases = [a for a, _ in self.lineage(owner)] if owner is not None else []
        # `Base::method()` inside a derived class is a call of the base's, not a virtual one.
        return tuple(v._replace(via="super") if v.kind == "func" and v.symbol[0].parent in bases else v for v in values)

    def _initialised(self, call: Call, context: Context, args: list[str], emitter: Any) -> Outcome:
        """An object that a declaration or a member initialiser makes: its constructor, when one is written."""
        name = cpp_type(call.name).name
        values: Values = NOTHING
        if call.kind == "member_init":
            owner = context.file.enclosing_class(context.scope)
            if owner is None:
                return Outcome()
            if owner.d.name == name:
                return emitter.constructor(Value("class", owner), args, context)  # type: ignore[no-any-return]
            bases = [b for b in owner.bases if b.kind == "class" and b.symbol.d.name == name.rpartition(".")[2]]
            held = self.field_values(owner, name) or NOTHING
            values = tuple(bases) or tuple(
                v._replace(kind="class") for v in held if v.kind == "inst" and not self._is_pointer(owner, name)
            )
        else:
            found = self.type_name(name, context.file, context.scope)
            values = self._unalias(found, context) if found is not None else NOTHING
        for value in values:
            if value.kind == "class" and any(accepts(s, len(args)) for s in self.constructors(value.symbol)):
                return emitter.constructor(value, args, context)  # type: ignore[no-any-return]
        return Outcome()

    def _is_pointer(self, owner: Symbol, name: str) -> bool:
        return any(
            s.d.returns.rstrip().endswith(("*", "&")) for s in owner.members.get(name, ()) if s.d.kind == "variable"
        )

    def constructors(self, symbol: Symbol) -> list[Symbol]:
        return [
            s
            for s in symbol.members.get(symbol.d.name, ())
            if "constructor" in s.d.flags and "deleted" not in s.d.flags
        ]

    def call_operator(self, value: Value, args: list[str], context: Context) -> list[tuple[Symbol, str]]:
        found = self.own_member(value, "operator()", context)
        return [
            (self.definition_of(s), "type")
            for v in found
            if v.kind == "func"
            for s in self.select(v.symbol, args, context)
        ]

    def base_value(self, file: File, base: Base) -> Value | None:
        found = super().base_value(file, base)
        if found is not None:
            return found
        parsed = cpp_type(base.name)
        known = self.type_name(parsed.name, file, file.symbols[base.scope].d.scope)
        for value in self._unalias(known, Context(file, base.scope, base.line)) if known is not None else ():
            if value.kind in ("class", "extclass") and value.symbol is not file.symbols[base.scope]:
                return value._replace(via=base.kind)
        return None

    def overrides(self, method: Symbol, receiver: Symbol | None, arity: int) -> list[Symbol]:
        found = super().overrides(method, receiver, arity)
        return sorted({self.definition_of(s).id: s for s in found}.values(), key=lambda s: s.id)

    def select(self, symbols: Sequence[Symbol], args: list[str] | None, context: Context) -> list[Symbol]:
        """Overloads, a declaration and its definition counted once. Variants under `#if` stay together."""
        unique = list({self.definition_of(s).id: s for s in symbols}.values())
        if args is None:
            return unique[:MAX_VARIANTS]
        chosen = super().select(unique, args, context)
        return chosen[:MAX_VARIANTS]

    def foreign_compatible(self, given: str, wanted: str) -> int:
        left, right = given.partition("#")[2], wanted.partition("#")[2]
        numeric = library.PRIMITIVES - {"char", "void", "auto"}
        if left in numeric and right in numeric:
            return 1
        if left == "char" and right in ("string", "string_view", "Slice"):
            return 1
        return -2

    def error_values(self, name: str, context: Context) -> Values:
        found = super().error_values(name, context)
        if not found and "::" in name and "(" not in name:
            package, _, rest = name.strip(":").partition("::")
            return (Value("extclass", name=f"{package}#{rest.replace('::', '.')}"),)
        return found

    def unknown_type_reason(self, name: str, file: File) -> str:
        return "external" if "." in name or "::" in name else "missing_module"

    def unknown_name_reason(self, name: str, context: Context) -> str:
        system = any(row.level == 1 for row in context.file.facts.imports) or context.file.number in self.missing
        return "external" if system or name.isupper() else "missing_module"

    # ------------------------------------------------------------------ includes
    def emit_include(self, file: File, row: Import, emitter: Emitter) -> None:
        target = self.included(file, row)
        if target is not None:
            if target is not file:
                emitter.edge(file.id, target.id, "imports", row.line, "import")
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


def _include_dirs(configs: Mapping[str, str]) -> list[str]:
    """Include directories of the repository: those compile_commands.json names, then the usual ones."""
    found: list[str] = []
    for path, text in sorted(configs.items()):
        if posixpath.basename(path) != "compile_commands.json":
            continue
        try:
            entries = json.loads(text)
        except ValueError:
            continue
        for entry in entries if isinstance(entries, list) else []:
            arguments = entry.get("arguments") or str(entry.get("command", "")).split()
            directory = str(entry.get("directory", ""))
            for argument in arguments:
                if isinstance(argument, str) and argument.startswith("-I"):
                    found.append(_below(argument[2:], directory))
    return list(dict.fromkeys([*(f for f in found if f is not None), "", "include", "src", "lib"]))


def _below(path: str, directory: str) -> str:
    """An include directory relative to the repository, as far as its end can tell."""
    if not path.startswith("/"):
        return posixpath.normpath(path)
    shared = posixpath.commonpath([path, directory]) if directory.startswith("/") else ""
    return posixpath.relpath(path, shared) if shared and shared != "/" else posixpath.basename(path)


def _closure(start: int, direct: Sequence[Iterable[int]]) -> frozenset[int]:
    seen: set[int] = set()
    stack = list(direct[start])
    while stack:
        number = stack.pop()
        if number not in seen:
            seen.add(number)
            stack.extend(direct[number])
    return frozenset(seen)


def _shared(path: str, other: str) -> int:
    """How many leading directories two paths share."""
    count = 0
    for left, right in zip(path.split("/"), other.split("/"), strict=False):
        if left != right:
            break
        count += 1
    return count
