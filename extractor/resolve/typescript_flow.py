"""What flows into parameters, containers and fields of TypeScript and JavaScript: the calls and assignments of all files in, and
what a name without a telling type may hold because of them out.

A few rounds: each evaluates the arguments of every call by what the round before found, so that a function handed on twice
arrives. Rounds begin from nothing and visit files in order: the result depends on the files alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from extractor.facts import MODULE, Binding, Call, FileFacts
from extractor.resolve.chains import Chain, split_top
from extractor.resolve.common import is_aside
from extractor.resolve.model import NOTHING, Context, File, Symbol, Value, Values, join
from extractor.resolve.typescript_exports import ScriptExports

Key = tuple[str, str, int]  # ("", function id, position), ("[]", what holds a container, scope) or (field, class id, 0)

ROUNDS: Final = 3
MAX_FLOW: Final = 16  # of more values than these none is said to arrive
# Which argument a method puts into the container it is called on.
PUTS: Final[Mapping[str, int]] = {"push": 0, "unshift": 0, "add": 0, "set": 1, "append": 0, "enqueue": 0, "splice": 2}
_CONTAINERS: Final = frozenset(("list", "tuple", "record"))
_HOLDERS: Final = ("#Map", "#Set", "#WeakMap", "#WeakSet", "#Array", "#Record")
_SILENT: Final = frozenset(("unknown", "beyond", "var", "alias", "ns"))


class ScriptFlow(ScriptExports):
    """Parameters, elements and fields by what they are given."""

    def __init__(self, files: Sequence[FileFacts], configs: Mapping[str, str]) -> None:
        super().__init__(files, configs)
        self.flows: dict[Key, Values] = {}

    # ------------------------------------------------------------------ rounds
    def flow(self) -> None:
        """Fill `flows`."""
        calls = [
            (file, index, call)
            for file in self.files
            for index, call in enumerate(file.facts.calls)
            if index < len(file.args) and any(telling(a) for a in file.args[index])
        ]
        for _ in range(ROUNDS):
            found: dict[Key, list[Value] | None] = {}
            for file, index, call in calls:
                self._flow_call(file, file.args[index], call, found)
            for file in self.files:
                for scope, held, name, value, line in (file.facts.extra or {}).get("puts", ()):
                    context = Context(file, scope, line)
                    for key, owner in self._places(held, name, context, 0):
                        self._arrive(found, key, self.evaluate(value, context), file, owner)
            flows = {key: tuple(values) for key, values in found.items() if values}
            if flows == self.flows:
                return
            self.flows = flows
            self._memo.clear()
            self._returns.clear()

    def _flow_call(self, file: File, args: list[str], call: Call, found: dict[Key, list[Value] | None]) -> None:
        context = Context(file, call.scope, call.line)
        place = PUTS.get(call.name)
        if place is not None and call.receiver and len(args) > place:
            for position in range(place, len(args)) if place != 1 else (1,):
                if telling(args[position]):
                    for key, owner in self._places(call.receiver, "[]", context, 0):
                        self._arrive(found, key, self.evaluate(args[position], context), file, owner)
        for symbol in self._called(call, args, context):
            params = symbol.d.params
            rest = len(params) - 1 if params and params[-1].kind == "*" else len(params)
            for position, arg in enumerate(args):
                if not telling(arg) or (position >= len(params) and rest == len(params)):
                    continue
                spread = arg.startswith("...")
                values = self._spread(arg[3:], context) if spread else self.evaluate(arg, context)
                for place in range(min(position, rest), len(params) if spread else min(position, rest) + 1):
                    if self._needs(symbol, place):
                        self._arrive(found, ("", symbol.id, place), values, file, symbol.file)

    def _called(self, call: Call, args: list[str], context: Context) -> list[Symbol]:
        """The functions here that a call runs."""
        if call.kind == "new" or call.name == "super":
            values = self.constructed(call, context) if call.kind == "new" else self._base_classes(context)
        elif not call.receiver:
            values = self.callee(call.name, context)
        else:
            receivers = self.bounded(self.evaluate(call.receiver, context))
            values = join(self.called_member(v, call.name, call.receiver, context) for v in receivers)
        found: list[Symbol] = []
        for value in values:
            if value.kind == "func":
                found.extend(self.select(value.symbol, args, context))
            elif value.kind == "class" and isinstance(value.symbol, Symbol):
                found.extend(self.constructors(value.symbol) or ([value.symbol] if value.symbol.is_function else []))
        return found

    def _base_classes(self, context: Context) -> Values:
        owner = context.file.enclosing_class(context.scope)
        return tuple(b for b in owner.bases if b.kind == "class") if owner is not None else NOTHING

    def _arrive(
        self, found: dict[Key, list[Value] | None], key: Key, values: Values, source: File, target: File
    ) -> None:
        """What only tests hand to the product does not arrive there."""
        if is_aside(source.facts.path) and not is_aside(target.facts.path):
            return
        held = found.setdefault(key, [])
        for value in values:
            if held is None or value.kind in _SILENT or (value.kind == "ext" and value.name in PLAIN):
                continue
            if value.kind == "func":
                value = value._replace(via="flow")
            if value not in held:
                held.append(value)
                if len(held) > MAX_FLOW:
                    held = found[key] = None

    def _needs(self, symbol: Symbol, position: int) -> bool:
        """Whether a parameter's own type leaves open what it holds."""
        param = symbol.d.params[position]
        if not param.annotation:
            return True
        return self.is_open_type(self.type_values(param.annotation, symbol.file, symbol.index))

    def is_open_type(self, values: Values, depth: int = 0) -> bool:
        """A type that says that something can be called, or nothing at all, but not what runs."""
        return depth < 4 and all(
            v.kind in ("callable", "unknown")
            or (v.kind == "ext" and v.name == "js#Function")
            or (v.kind == "inst" and v.symbol.d.kind == "interface" and not v.symbol.members and not v.symbol.bases)
            or (v.kind in ("list", "tuple") and all(self.is_open_type(a, depth + 1) for a in v.args))
            or (v.kind == "ext" and v.name.endswith(_HOLDERS) and (not v.args or self.is_open_type(v.args[-1], depth + 1)))
            for v in values
        )

    # ------------------------------------------------------------------ places
    def _places(self, held: str, name: str, context: Context, depth: int) -> list[tuple[Key, File]]:
        """What `held[…] = value` or `held.name = value` writes to."""
        if depth > 2:
            return []
        if name != "[]":
            values = self.evaluate(held, context)
            return [
                ((name, v.symbol.id, 0), v.symbol.file)
                for v in values
                if v.kind in ("inst", "class") and isinstance(v.symbol, Symbol) and v.symbol.d.kind != "interface"
            ]
        base, dot, field = held.rpartition(".")
        if not dot and held.isidentifier():
            return self._named_place(held, context)
        if dot and field.replace("#", "").isidentifier():
            found: list[tuple[Key, File]] = []
            for value in self.evaluate(base, context):
                if value.kind in ("inst", "class") and isinstance(value.symbol, Symbol):
                    owner = next(
                        (a for a, _ in self.lineage(value.symbol) if self._has_field(a, field)), value.symbol
                    )
                    found.append((("[]", f"{owner.id}.{field}", 0), owner.file))
            return found
        if held.endswith("()"):
            callee, called = held[:-2], NOTHING
            receiver, dot, method = callee.rpartition(".")
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
        return []

    def _has_field(self, symbol: Symbol, name: str) -> bool:
        key = (symbol.index, name)
        return key in symbol.file.binds or key in symbol.file.fields or name in symbol.members

    def _named_place(self, name: str, context: Context) -> list[tuple[Key, File]]:
        file, scope, _ = context
        while True:
            rows = file.binds.get((scope, name))
            if not rows and scope != MODULE and any(p.name == name for p in file.symbols[scope].d.params):
                return []
            if rows:
                alias = rows[0].text
                if alias.rpartition(".")[0] and alias.replace(".", "").replace("#", "").isidentifier():
                    return self._places(alias, "[]", Context(file, scope, rows[0].line), 1)
            if rows or (scope == MODULE and name in file.top):
                return [(("[]", f"{file.id}:{name}", scope), file)]
            if scope == MODULE:
                return []
            scope = file.symbols[scope].d.scope

    # ------------------------------------------------------------------ what is held
    def stored(self, values: Values, key: Key) -> Values:
        """Values of a variable or field that holds a container, with what was put into it."""
        given = self.flows.get(key)
        if not given:
            return values
        out: list[Value] = []
        inside = False
        for value in values:
            if value.kind in _CONTAINERS:
                inside = True
                value = Value("list", args=(join([*value.args, given]),))
            elif value.kind == "ext" and value.name.endswith(_HOLDERS):
                inside = True
                last = join([value.args[-1], given]) if value.args else given
                value = value._replace(args=(*(value.args[:-1] or ((NOTHING,) if "Map" in value.name else ())), last))
            elif value.kind == "class" and value.symbol.is_object:
                inside = True
                out.append(Value("list", args=(given,)))
            out.append(value)
        return tuple(out) if inside else (*values, Value("list", args=(given,)))

    def parameter_values(self, function: Symbol, name: str) -> Values:
        position = next((i for i, p in enumerate(function.d.params) if p.name == name), -1)
        return self.parameter_at(function, position)

    def parameter_at(self, function: Symbol, position: int) -> Values:
        """What a parameter holds: by its type, by its default, and by what callers give."""
        param = function.d.params[position]
        declared = super().parameter_values(function, param.name) if param.annotation else NOTHING
        if param.annotation and not self.is_open_type(declared):
            return declared
        out = [declared]
        given = self.flows.get(("", function.id, position), NOTHING)
        if param.kind == "*":
            out.append((Value("list", args=(given,)),))
        else:
            out.append(given)
            if param.default.replace(".", "").isidentifier() or param.default.startswith("new "):
                text = param.default if not param.default.startswith("new ") else f"{param.default.partition('(')[0]}()"
                if text != param.name:
                    out.append(self.evaluate(text, Context(function.file, function.index, function.d.start_line)))
        return join(out) or (Value("unknown"),)

    def variable_values(self, symbol: Symbol) -> Values:
        found = super().variable_values(symbol)
        file, scope, name = symbol.file, symbol.d.scope, symbol.d.name
        if symbol.d.returns and self.is_open_type(found):
            found = join([found, *self._assigned(file, scope, name)])
        return self.stored(found, ("[]", f"{file.id}:{name}", scope))

    def _assigned(self, file: File, scope: int, name: str) -> list[Values]:
        key = ("assigned", file.number, scope, name)
        if key in self._active:
            return []
        self._active.add(key)
        try:
            rows = file.binds.get((scope, name), ())
            return [self._plainly(b, file) for b in rows if b.kind in ("assigned", "again")]
        finally:
            self._active.discard(key)

    def _plainly(self, binding: Binding, file: File) -> Values:
        return super().binding_values(binding, file)

    def binding_values(self, binding: Binding, file: File) -> Values:
        if binding.kind == "narrowed":
            return self.type_values(binding.text, file, binding.scope)
        found = super().binding_values(binding, file)
        if binding.kind == "declared" and self.is_open_type(found):
            found = join([found, *self._assigned(file, binding.scope, binding.name)])
        if binding.end_line or binding.name.startswith("self."):
            return found
        return self.stored(found, ("[]", f"{file.id}:{binding.name}", binding.scope))

    def field_values(self, symbol: Symbol, name: str) -> Values | None:
        found = super().field_values(symbol, name)
        given = self.flows.get((name, symbol.id, 0), NOTHING)
        if found is None and not given:
            return None
        values = found or NOTHING
        declared = any(b.kind == "declared" for b in symbol.file.binds.get((symbol.index, name), ()))
        if declared and self.is_open_type(values):
            values = join([values, *self._assigned(symbol.file, symbol.index, name), *self._set_in_methods(symbol, name)])
            declared = False
        if not declared and given:
            values = join([values, given])
        return self.stored(values, ("[]", f"{symbol.id}.{name}", 0))

    def _set_in_methods(self, symbol: Symbol, name: str) -> list[Values]:
        key = ("field", symbol.id, name)
        if key in self._active:
            return []
        self._active.add(key)
        try:
            return [self.binding_values(b, symbol.file) for b in symbol.file.fields.get((symbol.index, name), ())]
        finally:
            self._active.discard(key)

    # ------------------------------------------------------------------ arrays and objects written out
    def collection(self, chain: Chain, context: Context) -> Values:
        parts = [p for p in split_top(chain.head, ",") if p]
        if chain.kind == "[":
            if any(p.startswith("...") for p in parts):
                held = [self._spread(p[3:], context) if p.startswith("...") else self.evaluate(p, context) for p in parts]
                return (Value("list", args=(join(held),)),)
            return (Value("tuple", args=tuple(self.evaluate(p, context) for p in parts)),)
        names: list[str] = []
        values: list[Values] = []
        rest: list[Value] = []
        for part in parts:
            name, _, text = part.partition(":")
            found = self.evaluate(text, context)
            if name == "...":
                rest.extend(v for v in found if v.kind in ("record", "inst", "class", "ext"))
            else:
                names.append(name)
                values.append(found)
        made = Value("record", args=tuple(values), name=",".join(names))
        return (made, *rest)

    def _spread(self, text: str, context: Context) -> Values:
        return join(self.element(v) for v in self.evaluate(text, context))


def telling(arg: str) -> bool:
    """Whether a chain may be more than a plain literal."""
    return bool(arg) and arg[0] not in "?<" or arg.startswith("<") and arg.rstrip(">")[1:] not in PLAIN_NAMES


PLAIN_NAMES: Final = frozenset(("string", "number", "boolean", "RegExp", "Array", "null"))
PLAIN: Final = frozenset(f"js#{name}" for name in PLAIN_NAMES)
