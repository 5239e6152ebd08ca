"""Where `held[key] = value`, `thing.field = value` and `held.push(value)` write to, in TypeScript and JavaScript."""

from __future__ import annotations

from typing import NamedTuple

from extractor.facts import MODULE
from extractor.parse.typescript_chains import member_name
from extractor.resolve.chains import split_top
from extractor.resolve.model import NOTHING, Context, File, Symbol, Value, Values, join
from extractor.resolve.typescript_asked import Key, exported
from extractor.resolve.typescript_held import ScriptHeld, variable_place


class Place(NamedTuple):
    """A container that values go into, `wraps` containers deep."""

    key: Key
    file: File
    wraps: int = 0


class ScriptPlaces(ScriptHeld):
    """Containers and objects by the expression that names them."""

    def _places(self, held: str, name: str, context: Context, depth: int) -> list[Place]:
        """What `held[…] = value` or `held.name = value` writes to."""
        if depth > 3:
            return []
        if name != "[]":
            return [
                Place((name, v.symbol.id, 0), v.symbol.file)
                for v in (self._function_object(w) for w in self.evaluate(held, context))
                if v.kind in ("inst", "class") and isinstance(v.symbol, Symbol)
            ]
        if held.startswith("("):
            parts = split_top(held[1:-1], "|")
            return [
                p for part in parts if not part.startswith("<") for p in self._places(part, "[]", context, depth + 1)
            ]
        for suffix in ("[]", ".get()"):
            if held.endswith(suffix):
                inner = self._places(held.removesuffix(suffix), "[]", context, depth + 1)
                return [p._replace(wraps=p.wraps + 1) for p in inner]
        base, dot, field = held.rpartition(".")
        if not dot and held.isidentifier():
            return self._named_place(held, context, depth)
        if dot and field.replace("#", "").isidentifier():
            values = self.evaluate(base, context)
            field = member_name(field)
            shared = [Place(exported(v.symbol, field), v.symbol) for v in values if v.kind == "module"]
            return [*shared, *(self._field_place(v.symbol, field) for v in values
                               if v.kind in ("inst", "class") and isinstance(v.symbol, Symbol))]  # fmt: skip
        return self._returned_places(held[:-2], context, depth) if held.endswith("()") else []

    def _function_object(self, value: Value) -> Value:
        return Value("class", value.symbol[0]) if value.kind == "func" else value

    def _field_place(self, symbol: Symbol, name: str) -> Place:
        owner = next((a for a, _ in self.lineage(symbol) if self._has_field(a, name)), symbol)
        return Place(("[]", f"{owner.id}.{name}", 0), owner.file)

    def _returned_places(self, callee: str, context: Context, depth: int) -> list[Place]:
        """`this.listeners().push(f)`: the container that a function gives."""
        receiver, dot, method = callee.rpartition(".")
        called: Values = NOTHING
        if dot:
            called = join(self.called_member(v, method, receiver, context) for v in self.evaluate(receiver, context))
        elif callee.isidentifier():
            called = self.callee(callee, context)
        return [
            place
            for v in called
            if v.kind == "func"
            for s in v.symbol[:4]
            for b in s.file.binds.get((s.index, "return"), ())
            for place in self._places(b.text, "[]", Context(s.file, s.index, b.line), depth + 1)
        ]

    def _has_field(self, symbol: Symbol, name: str) -> bool:
        key = (symbol.index, name)
        return key in symbol.file.binds or key in symbol.file.fields or name in symbol.members

    def _named_place(self, name: str, context: Context, depth: int) -> list[Place]:
        file, scope, line = context
        while True:
            rows = [b for b in file.binds.get((scope, name), ()) if not b.end_line or b.line <= line <= b.end_line]
            if not rows and scope != MODULE and any(p.name == name for p in file.symbols[scope].d.params):
                return []
            if rows:
                alias = rows[-1].text
                if rows[-1].kind != "declared" and "." in alias and alias[0] not in "<[{=" and alias != "?":
                    found = self._places(alias, "[]", Context(file, scope, rows[-1].line), depth + 1)
                    if found:
                        return found
            if rows:
                return [Place(variable_place(rows[-1], file), file)]
            if scope == MODULE and name in file.top:
                return [Place(("[]", f"{file.id}:{name}", scope), file)]
            if scope == MODULE:
                return []
            scope = file.around(scope)
