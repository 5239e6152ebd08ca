"""Types of C++ and what variables hold: declared types in, values out, with type parameters as the program uses them, and functions
that are stored in fields and variables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from extractor.facts import MODULE, Base, FileFacts
from extractor.resolve import cpp_library as library
from extractor.resolve.chains import TypeText, cpp_type
from extractor.resolve.cpp_files import CppFiles
from extractor.resolve.cpp_used import Used
from extractor.resolve.model import Context, File, Symbol, Value, Values, join

MAX_OPEN: Final = 60  # questions that wait for one another's answers


class CppTypes(CppFiles):
    """What types, fields and variables mean."""

    parse_type = staticmethod(cpp_type)

    def __init__(self, files: Sequence[FileFacts], configs: Mapping[str, str]) -> None:
        self.used = Used()
        super().__init__(files, configs)
        self.settle()

    def enter(self, key: tuple[Any, ...]) -> bool:
        """Note that a question is being answered; False when it already is, or the way here is too long."""
        if key in self._active or len(self._active) > MAX_OPEN:
            return False
        self._active.add(key)
        return True

    def leave(self, key: tuple[Any, ...]) -> None:
        self._active.discard(key)

    def find_slots(self) -> None:
        """Functions stored in the fields of structs: the targets of calls through those fields."""
        for file in self.files:
            for scope, holder, field, text, line in (file.facts.extra or {}).get("slots", ()):
                context = Context(file, scope, line)
                if not holder:
                    self._stored(field, text, context)
                    continue
                functions = [v for v in self.evaluate(text, context) if v.kind == "func"]
                if not functions:
                    continue
                for value in self.evaluate(holder, context):
                    if value.kind != "inst" or not isinstance(value.symbol, Symbol):
                        continue
                    name = field
                    if field.startswith("#"):
                        if self.constructors(value.symbol):  # which is what the values in braces are given to
                            continue
                        fields = self.fields(value.symbol)
                        position = int(field[1:])
                        name = fields[position].d.name if position < len(fields) else ""
                    if name in value.symbol.members:
                        known = self.slots.setdefault((value.symbol.id, name), [])
                        known.extend(v._replace(via="flow") for v in functions if v not in known)
        self._given_to_constructors()
        self._memo.clear()
        self._returns.clear()
        self.declared_types.clear()
        self.settle()

    def _given_to_constructors(self) -> None:
        """Functions that a constructor is given, or takes when it is given none, and keeps: `Timer(Callback f) : f_(f)`."""
        kept: dict[str, list[tuple[Symbol, int, Symbol, str]]] = {}
        for file in self.files:
            for index, call in enumerate(file.facts.calls):
                args = file.args[index] if call.kind == "member_init" and index < len(file.args) else []
                owner = file.enclosing_class(call.scope) if len(args) == 1 and args[0].isidentifier() else None
                made = file.symbols[call.scope] if owner is not None else None
                names = [p.name for p in made.d.params] if made is not None else []
                if owner is not None and made is not None and args[0] in names and call.name in owner.members:
                    row = (made, names.index(args[0]), owner, call.name)
                    kept.setdefault(owner.d.name, []).append(row)
                    default = made.d.params[row[1]].default.removeprefix("&")
                    self._keep(owner, call.name, default, Context(file, made.index, call.line))
        for file in self.files if kept else ():
            for index, call in enumerate(file.facts.calls):
                name = call.name.partition("make_unique<")[2] or call.name.partition("make_shared<")[2] or call.name
                rows = kept.get(re.split(r"[<>]", name)[0].rpartition("::")[2]) if call.kind != "member_init" else None
                args = file.args[index] if rows and index < len(file.args) else []
                for made, position, owner, field in rows if rows and args and not call.receiver.endswith("?") else ():
                    if position < len(args) <= len(made.d.params):
                        self._keep(owner, field, args[position].removesuffix("&"), Context(file, call.scope, call.line))

    def _keep(self, owner: Symbol, field: str, text: str, context: Context) -> None:
        if text and text[0] not in "?<=(" and not text.endswith(")"):
            known = self.slots.setdefault((owner.id, field), [])
            known.extend(
                v._replace(via="flow") for v in self.evaluate(text, context) if v.kind == "func" and v not in known
            )

    def _stored(self, name: str, text: str, context: Context) -> None:
        """A function stored in a variable of the file or of a class."""
        if any(
            b.kind == "declared" for b in context.file.binds.get((context.scope, name), ()) if context.scope != MODULE
        ):
            return
        variables = [s for s in self.lookup(name.replace("::", "."), context) if s.d.kind == "variable"]
        functions = [v for v in self.evaluate(text, context) if v.kind == "func"] if variables else []
        for variable in variables if functions else ():
            known = self.slots.setdefault((variable.id, ""), [])
            known.extend(v._replace(via="flow") for v in functions if v not in known)

    def local(self, file: File, scope: int, name: str, line: int, here: bool) -> Values | None:
        found = super().local(file, scope, name, line, here)
        if found and scope != MODULE and all(b.kind == "again" for b in file.binds[scope, name]):
            # What is only assigned here is declared elsewhere: its type is known there, unless it is a function's.
            return found if any(v.kind == "func" for v in found) else None
        return None if scope == MODULE and not found else found  # the variable itself may hold what is stored in it

    def variable_values(self, symbol: Symbol) -> Values:
        held = super().variable_values(symbol)
        stored = self.slots.get((symbol.id, "")) if self.slots else None
        return join([held, tuple(stored)]) if stored else held

    def field_values(self, symbol: Symbol, name: str) -> Values | None:
        held = super().field_values(symbol, name)
        if not held and self.slots:
            stored = [v for s in symbol.members.get(name, ()) for v in self.slots.get((s.id, ""), ())]
            return tuple(stored) or held
        return held

    def fields(self, symbol: Symbol) -> list[Symbol]:
        found = [m for group in symbol.members.values() for m in group if m.d.kind == "variable"]
        return sorted((m for m in found if "static" not in m.d.flags), key=lambda s: s.index)

    def _unalias(self, value: Value, context: Context) -> Values:
        """An alias where a name is expected is the class it stands for."""
        if value.kind != "alias":
            return (value,)
        return tuple(
            v._replace(kind={"inst": "class", "ext": "extclass"}.get(v.kind, v.kind))
            for v in self.alias_values(value, 0)
        )

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

    def instances(self, parsed: TypeText, file: File, scope: int, depth: int = 0) -> Values:
        found = super().instances(parsed, file, scope, depth)
        for value in found if parsed.args else ():
            if value.kind == "inst" and value.args:
                self.used.learn(value.symbol, value.args)
        return found

    def bounded(self, values: Values) -> Values:
        """A type parameter is one of the types that a class which derives from its template gives for it."""
        if any(v.kind == "var" for v in values):
            values = join(self._derived(v) if v.kind == "var" else (v,) for v in values)
            values = join(self.used.of(v) if v.kind == "var" else (v,) for v in values)
        return super().bounded(values)

    def _derived(self, value: Value) -> Values:
        file, scope, _ = value.symbol
        template = file.symbols[scope] if scope != MODULE else None
        names = list(file.typevars.get(scope, ()))
        given: list[Values] = []
        for cls in template.subclasses if template is not None and value.name in names else ():
            for base in cls.bases:
                if base.symbol is template and names.index(value.name) < len(base.args):
                    given.append(tuple(v for v in base.args[names.index(value.name)] if v.kind == "inst"))
        return join(given) or (value,)

    def environment(self, value: Value) -> dict[str, Values]:
        if not value.args and value.owner is None:
            return {}
        own = super().environment(value)
        if value.kind == "inst" and value.owner is not None and not own:  # a class inside a template's
            return self.environment(value.owner)
        return own

    def declared_returns(self, symbol: Symbol) -> Values:
        if cpp_type(symbol.d.returns).name == "auto":  # auto&, const auto*
            rows = symbol.file.binds.get((symbol.index, "return"), ())
            return join(self.binding_values(b, symbol.file) for b in rows)
        found = super().declared_returns(symbol)
        if found or cpp_type(symbol.d.returns).name in library.PRIMITIVES:
            return found
        rows = symbol.file.binds.get((symbol.index, "return"), ())  # the type of a function, maybe
        held = join(self.binding_values(b, symbol.file) for b in rows)
        return tuple(v for v in held if v.kind == "func")

    def function_result(self, symbol: Symbol, value: Value, args: list[str] | None, context: Context) -> Values:
        found = super().function_result(symbol, value, args, context)
        if value.args:  # `a.make<B>()`
            self.used.learn(self.definition_of(symbol), value.args)
        owner = value.owner
        if owner is None or not isinstance(owner.symbol, Symbol) or not (owner.args or owner.owner):
            return found
        return tuple(
            v._replace(owner=owner)
            if v.kind == "inst" and not v.args and isinstance(v.symbol, Symbol) and v.symbol.parent is owner.symbol
            else v
            for v in found
        )
