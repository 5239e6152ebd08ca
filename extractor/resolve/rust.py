"""Rust: facts of all .rs files in, their Links out. Paths lead through the module tree; a method is found by its receiver's type,
among the impl blocks for it and the traits it implements; a call through a trait may reach every implementation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from extractor.facts import MODULE, Call, FileFacts, Import
from extractor.parse.rust_locals import MARK, shown
from extractor.parse.rust_names import OPERATORS
from extractor.resolve import Links
from extractor.resolve import rust_library as library
from extractor.resolve.chains import Step
from extractor.resolve.emit import Emitter, Outcome, depends
from extractor.resolve.model import NOTHING, Context, File, Symbol, Value, Values, join, value_key
from extractor.resolve.rust_extensions import give
from extractor.resolve.rust_members import RustMembers
from extractor.resolve.rust_modules import Mod
from extractor.resolve.rust_results import function_elsewhere
from extractor.resolve.rust_types import rust_type, untyped


def link(files: Sequence[FileFacts], configs: Mapping[str, str]) -> Links:
    """All edges between Rust symbols, and what could not be linked."""
    engine = RustEngine(files, configs)
    emitter = RustEmitter(engine)
    emitter.resolve_bases()
    emitter.emit_bases()
    emitter.emit_owners()
    for file in engine.files:
        engine.emit_impls(file, emitter)
    for file in engine.files:
        engine.emit_imports(file, emitter)
    engine.collect_flows()
    emitter.emit_calls()
    emitter.emit_names()
    return emitter.finish()


class RustEmitter(Emitter):
    """A tuple struct or a variant called like a function is a value and runs nothing."""

    def unresolved(self, src: str, kind: str, name: str, line: int, reason: str, ids: Sequence[str] = ()) -> None:
        super().unresolved(src, kind, shown(name), line, reason, ids)

    def targets(self, values: Values, call: Call, args: list[str], context: Context) -> Outcome:
        if values and all(v.kind in ("class", "variant") for v in values):
            return Outcome()
        return super().targets([v for v in values if v.kind not in ("class", "variant")], call, args, context)  # type: ignore[arg-type]

    def emit_names(self) -> None:
        super().emit_names()
        names = self.links.names
        for file in self.engine.files:
            for row in file.facts.raises:
                key = (file.facts.path, row.scope, row.name)
                if row.name == "panic":
                    names[key] = (self.external("std#panic", file.facts.lang),)
                elif row.name == "anyhow":
                    names[key] = (self.external("anyhow#Error", file.facts.lang),)
                else:
                    names.setdefault(key, ())  # an error handed on, or made elsewhere: its maker says which


class RustEngine(RustMembers):
    """What Rust expressions mean, and where their calls lead."""

    runners = library.RUNNERS
    puts = library.PUTS
    _operator_methods: set[str] | None = None  # those of std::ops that anything here implements

    def handed(self, callee: Value, position: int, number: int, args: list[str] | None, context: Context) -> Values:
        if callee.kind == "func":
            return self.passed_here(callee, position, number, args, context)
        if (
            callee.kind == "extfunc"
            and callee.name.endswith(".fold")
            and number == 0
            and args
            and args[0] not in ("", "?")
        ):
            return self.evaluate(args[0], context)  # what is folded into
        return super().handed(callee, position, number, args, context)

    # ------------------------------------------------------------------ traits
    def emit_impls(self, file: File, emitter: Emitter) -> None:
        """`impl Trait for Type`."""
        for target, trait, line, bound in (file.facts.extra or {}).get("impls", ()):
            owner = self.type_name(rust_type(target).name, file, MODULE, line) if not bound else None
            wanted = rust_type(trait)
            found = self.type_name(wanted.name, file, MODULE, line)
            if owner is None or owner.kind != "class":
                if found is not None and found.kind == "class":
                    self.extend(found, bound or target, file)
                continue
            if found is None:
                emitter.unresolved(owner.symbol.id, "implements", wanted.name, line, "missing_module")
            elif found.kind == "class":
                args = tuple(self.instances(a, file, owner.symbol.d.scope) for a in wanted.args)
                give(owner.symbol, found._replace(args=args, via="implements"))
                if owner.symbol.file is file:
                    emitter.edge(owner.symbol.id, found.symbol.id, "implements", line, "syntax")
                else:
                    emitter.edge(owner.symbol.id, found.symbol.id, "implements", owner.symbol.d.start_line, "syntax")
            elif found.kind == "extclass":
                self.foreign.setdefault(owner.symbol.id, set()).add(found.name.rpartition("#")[2])
                at = line if owner.symbol.file is file else owner.symbol.d.start_line
                emitter.edge(owner.symbol.id, emitter.external(found.name, "rust"), "implements", at, "syntax")

    def select(self, symbols: Sequence[Symbol], args: list[str] | None, context: Context) -> list[Symbol]:
        """`S::f(&s, 1)` gives self as its first argument."""
        if args and all("self" in s.d.flags and len(args) == len(s.d.params) + 1 for s in symbols):
            args = args[1:]
        if len(symbols) > 1 and any(s.d.kind == "function" for s in symbols):
            return list(symbols)  # variants under #[cfg]
        return super().select(symbols, args, context)

    def _step(self, values: Values, step: Step, prefix: str, called: bool, context: Context) -> Values:
        """Of several traits that bind one type, those that know a member say what it is."""
        found = super()._step(values, step, prefix, called, context)
        telling = tuple(v for v in found if v.kind != "beyond" or v.owner is not None)
        return telling or found

    def undecided(self, chosen: Sequence[Symbol]) -> bool:
        """One for unix, one for windows, one for what is neither: whichever is built is called."""
        built = all(any(d.startswith("cfg(") for d in s.d.decorators) for s in chosen)
        return super().undecided(chosen) and not built

    # ------------------------------------------------------------------ names
    def head_values(self, head: str, context: Context) -> Values:
        head, given = untyped(head)
        if given:
            return self.typed(self.head_values(head, context), given, context)
        if head in ("self", "Self"):
            held = self.self_values(context.file, context.scope)
            kinds = {"inst": "class", "ext": "extclass"} if head == "Self" else {}
            return tuple(v._replace(kind=kinds.get(v.kind, v.kind), via="self") for v in held)
        if "::" in head:
            return self.path_values(head, context)
        return self.name_values(head, context)

    def local(self, file: File, scope: int, name: str, line: int, here: bool) -> Values | None:
        """A variable of a function bears a name of its own wherever it is in sight."""
        if MARK not in name:
            return super().local(file, scope, name, line, here)
        rows = file.binds.get((scope, name))
        return (join(self.binding_values(b, file) for b in rows) or (Value("unknown"),)) if rows else None

    def outer_name(self, name: str, context: Context) -> Values:
        name = name.replace("~", "!")  # a macro, in the notation of chains
        if name in library.CONSTRUCTORS:
            return (Value("extfunc", name=f"std#{name}"),)
        variable = self.type_variable(name, context.file, context.scope)
        if variable is not None:
            return (variable,)
        mod = self.module_at(context.file, context.scope, context.line)
        bare = name.removesuffix("!")
        found = self._plain(self.resolve_path(mod, bare))
        if name.endswith("!"):
            macros = [v for v in found if v.kind == "func" and all("macro" in s.d.flags for s in v.symbol)]
            return tuple(macros) or self._macro(bare, context)
        functions = tuple(v for v in found if not (v.kind == "func" and all("macro" in s.d.flags for s in v.symbol)))
        return tuple(function_elsewhere(v.name) if v.kind == "ns" and "::" in v.name else v for v in functions)

    def _macro(self, name: str, context: Context) -> Values:
        """A macro of this crate is in scope below its definition in every module; others are the library's."""
        for file in self.files:
            for symbol in file.symbols:
                if symbol.d.name == name and "macro" in symbol.d.flags:
                    near = (
                        self.module_at(file, symbol.index).root
                        is self.module_at(context.file, context.scope, context.line).root
                    )
                    if near or symbol.d.visibility == "public":
                        return (Value("func", (symbol,), via="import"),)
        return (Value("extfunc", name=f"std#{name}!"),)

    def path_values(self, path: str, context: Context) -> Values:
        """`Self::new`, `Shape::area`, `crate::store::open`, `T::default`."""
        mod = self.module_at(context.file, context.scope, context.line)
        hidden = self.type_variable(path.partition("::")[0], context.file, context.scope) is not None
        whole = self._plain(self.resolve_path(mod, path)) if not hidden else NOTHING
        if whole and not any(v.kind in ("ns",) for v in whole):
            return whole
        before, _, name = path.rpartition("::")
        if not before:
            return whole
        if whole:
            return (function_elsewhere(whole[0].name),)
        held = self.instances(rust_type(before), context.file, context.scope) if "::" in before else NOTHING
        held = tuple(v._replace(kind={"inst": "class", "ext": "extclass"}.get(v.kind, v.kind)) for v in held)
        if not held:
            held = self.path_values(before, context) if "::" in before else self.head_values(before, context)
        return join(self.called_member(v, name, "", context) for v in self.bounded(held))

    def is_abstract(self, symbol: Symbol) -> bool:
        """What a trait gives by default, a type may give anew."""
        return symbol.parent is not None and symbol.parent.d.kind == "interface"

    def arguments(self, callee: str, context: Context) -> list[str] | None:
        callee = untyped(callee)[0].replace("~", "!")
        if callee.endswith("()"):  # what a call gives is called
            return self.arguments_of(callee, "()", context)
        before, colons, name = callee.rpartition("::")
        if not colons or "." in name:
            return super().arguments(callee, context)
        rows = context.file.calls_by_text.get((context.scope, before, name))
        calls = context.file.facts.calls
        best = min(rows, key=lambda i: (abs(calls[i].line - context.line), i)) if rows else -1
        return (context.file.args[best] or ["?"] * calls[best].arity) if rows else None

    # ------------------------------------------------------------------ calls
    def special_call(self, call: Call, context: Context, args: list[str], emitter: Any) -> Outcome | None:
        if call.kind in ("operator", "iteration"):
            return self._operator(call, args, context)
        if call.name == "()":
            values = self.evaluate(call.receiver, context)
            return emitter.targets(values, call, args, context) if values else Outcome(reason="dynamic")
        if not call.receiver and self._is_closure(call.name, context):
            return Outcome()  # its body belongs to the function that holds it
        if (
            call.kind == "call"
            and not call.receiver
            and self._in_macro(context)
            and not self.callee(call.name, context)
        ):
            values = self._only(call.name)
            return emitter.targets(values, call, args, context) if values else Outcome(reason="dynamic")
        if call.kind != "scoped":
            if call.receiver and call.name in self.runners:
                self.run_whatever(call, args, context, emitter)
            return None
        values = self.path_values(f"{call.receiver}::{call.name.removesuffix('!')}", context)
        if call.name.endswith("!") and not any(
            v.kind == "func" for v in values
        ):  # an exported macro is at the root of its crate
            values = tuple(v for v in self._macro(call.name.removesuffix("!"), context) if v.kind == "func") or values
        if not values:
            first = call.receiver.partition("::")[0]
            inside = first in ("crate", "self", "super", "Self") or first in self.crates
            return Outcome(
                reason="missing_module" if inside else "external" if first[:1].islower() else "unknown_receiver"
            )
        outcome: Outcome = emitter.targets(values, call, args, context)
        return outcome

    def _in_macro(self, context: Context) -> bool:
        return context.scope != MODULE and "macro" in context.file.symbols[context.scope].d.flags

    def _only(self, name: str) -> Values:
        """A macro's names mean what they mean where it is used: the only function of the name, if there is one."""
        found = [
            s
            for file in self.files
            for s in file.top.get(name, ())
            if s.d.kind == "function" and "macro" not in s.d.flags
        ]
        return (Value("func", tuple(found), via="import"),) if len(found) == 1 else NOTHING

    def _operator(self, call: Call, args: list[str], context: Context) -> Outcome:
        """The method that the left side's type here has for the sign; numbers have none."""
        found: dict[str, str] = {}
        known = call.kind == "iteration" or call.name in self.operator_methods()
        for value in self.evaluate(call.receiver, context) if known else ():
            for member in self.own_member(value, call.name, context) if value.kind == "inst" else ():
                chosen = self.select(member.symbol, args, context) if member.kind == "func" else []
                found |= {self.definition_of(s).id: "type" for s in chosen}
        return Outcome(tuple(found.items())) if len(found) == 1 else Outcome()

    def operator_methods(self) -> set[str]:
        if self._operator_methods is None:
            names = {*OPERATORS.values(), "neg", "not", "index", "index_mut"}
            self._operator_methods = {s.d.name for f in self.files for s in f.symbols if s.d.name in names}
        return self._operator_methods

    def _is_closure(self, name: str, context: Context) -> bool:
        file, scope, _ = context
        rows = file.binds.get((scope, name), ()) if scope != MODULE else ()
        return bool(rows) and all(b.text.startswith("=>") for b in rows)

    def error_values(self, name: str, context: Context) -> Values:
        """The enum of a variant, the type of a value."""
        out: list[Value] = []
        for value in self.evaluate(name, context):
            if value.kind == "variant":
                out.append(Value("class", value.symbol.parent))
            elif value.kind in ("class", "inst", "extclass") or (
                value.kind == "ext" and not value.name.startswith("std#")
            ):
                out.append(value)
        return tuple(out)

    # ------------------------------------------------------------------ imports
    def emit_imports(self, file: File, emitter: Emitter) -> None:
        for target, line in file.found["declares"]:
            emitter.edge(file.id, target.id, "imports", line, "syntax")
        for row in file.facts.imports:
            self._emit_import(file, row, emitter)

    def _emit_import(self, file: File, row: Import, emitter: Emitter) -> None:
        mod: Mod = file.found["mods"][self.inner_at(file, row.line)]
        full = row.module if row.name == "*" else f"{row.module}::{row.name}" if row.module else row.name
        found = self.resolve_path(mod, full)
        here = [v for v in found if v.kind not in ("ns", "extclass")]
        for value in sorted(here, key=lambda v: str(value_key(v.symbol)) if v.kind != "module" else v.name):
            symbols = value.symbol if value.kind == "func" else (value.symbol,)
            for symbol in symbols:
                if symbol.file is not file:
                    emitter.edge(file.id, symbol.file.id, "imports", row.line, "import")
                if isinstance(symbol, Symbol):
                    emitter.edge(file.id, symbol.id, "imports", row.line, "import")
        if here:
            return
        first = full.partition("::")[0]
        if first in ("crate", "self", "super") or first in self.crates:
            emitter.unresolved(file.id, "imports", full, row.line, "missing_module")
            return
        if row.name != "*" and row.module:
            emitter.edge(file.id, emitter.external(f"{row.module}#{row.name}", "rust"), "imports", row.line, "import")
        depends(emitter, file, first, row.line)
