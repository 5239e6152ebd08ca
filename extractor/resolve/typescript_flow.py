"""What flows into parameters, containers and fields of TypeScript and JavaScript: the calls and assignments of all files in, and
what a name without a telling type may hold because of them out.

Rounds: each evaluates the arguments of every call by what the round before found, so that a function handed on twice
arrives. Rounds begin from nothing and visit files in order: the result depends on the files alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from extractor.facts import MODULE, Binding, Call, FileFacts
from extractor.resolve.common import is_aside
from extractor.resolve.model import MAX_OVERRIDES, NOTHING, Context, File, Symbol, Value, Values, join
from extractor.resolve.typescript_asked import Key, at_site, site_of
from extractor.resolve.typescript_held import MAX_REST, OVERFLOW, lambda_place
from extractor.resolve.typescript_places import ScriptPlaces

Source = tuple[File, Call, list[str]]
Row = tuple[Key, Values]

ROUNDS: Final = 14
SPARE: Final = 1000  # besides half of a program's calls, so many may be looked at again: what never settles says little
MAX_FLOW: Final = 16  # of more values than these none is said to arrive
# Which argument a method puts into the container it is called on.
PUTS: Final[Mapping[str, int]] = {"push": 0, "unshift": 0, "add": 0, "set": 1, "append": 0, "enqueue": 0, "splice": 2}
_SILENT: Final = frozenset(("unknown", "beyond", "var", "alias", "ns"))


class ScriptFlow(ScriptPlaces):
    """Parameters, elements and fields by what they are given."""

    def __init__(self, files: Sequence[FileFacts], configs: Mapping[str, str]) -> None:
        super().__init__(files, configs)
        # (interface, member) -> functions of objects written out
        self._written: dict[tuple[str, str], list[Symbol]] = {}
        self._open: dict[tuple[str, int], bool] = {}
        self._putters: dict[
            str, list[tuple[int, str, str, int, bool]]
        ] = {}  # function -> (container, what of it, field, value): places of parameters; whether what the value has is put

    # ------------------------------------------------------------------ rounds
    def flow(self) -> None:
        """Fill `flows`. A round looks again only at what depends on what the round before changed."""
        self._forget()
        self._implementations()
        self._find_putters()
        self._find_makers()
        sources = self._sources()
        rows: list[list[Row]] = [[] for _ in sources]
        asked: list[frozenset[Key]] = [frozenset() for _ in sources]
        changed: set[Key] = set()
        past: list[set[Key]] = []
        full: set[Key] = set()
        spare = SPARE + len(sources) // 2
        for number in range(ROUNDS):
            for place, source in enumerate(sources):
                if number == 0 or not changed.isdisjoint(asked[place]):
                    self._asked.clear()
                    rows[place] = self._given(source)
                    asked[place] = frozenset(self._asked)
                    spare -= number > 0
            flows = _joined(rows, full)
            changed = {k for k in (*flows, *self.flows) if flows.get(k) != self.flows.get(k)}
            self.flows = flows
            self._drop(changed)
            if not changed or changed in past[-2:] or spare < 0:  # what changes again and again only grows or swings
                break
            past.append(changed)

    def _sources(self) -> list[Source]:
        """Calls with arguments worth following, and assignments into containers and objects, each as [held, name, value]."""
        found: list[Source] = []
        for file in self.files:
            for index, call in enumerate(file.facts.calls):
                if index < len(file.args) and any(telling(a) for a in file.args[index]):
                    found.append((file, call, file.args[index]))
            for scope, held, name, value, line in (file.facts.extra or {}).get("puts", ()):
                found.append((file, Call(scope, held, name, line, 0, 1, "put"), [value]))
        return found

    def _find_putters(self) -> None:
        """Functions that put one of their parameters, or all that it has, into another, or into what that holds:
        `function rule(table, key, f) { table[key] = f; }`, `function add(hooks, name, f) { hooks[name].push(f); }`."""
        self._putters.clear()
        for file in self.files:
            for scope, held, name, value, _ in (file.facts.extra or {}).get("puts", ()):
                self._putter(file, scope, held, name, value)
            for index, call in enumerate(file.facts.calls):
                place = PUTS.get(call.name)
                if (
                    place is not None
                    and call.scope != MODULE
                    and index < len(file.args)
                    and place < len(file.args[index])
                ):
                    self._putter(file, call.scope, call.receiver, "[]", file.args[index][place])

    def _putter(self, file: File, scope: int, held: str, name: str, value: str) -> None:
        params = [p.name for p in file.symbols[scope].d.params] if scope != MODULE else []
        base = held[: _head_end(held)]
        if base in params and value.removesuffix("[]") in params and (held == base or name == "[]"):
            what = params.index(value.removesuffix("[]"))
            row = (params.index(base), held[len(base) :], name, what, value.endswith("[]"))
            self._putters.setdefault(file.symbols[scope].id, []).append(row)

    def _given(self, source: Source) -> list[Row]:
        file, call, _ = source
        rows: list[Row] = []
        maker = self._maker_around(file, call.scope)
        for site in self._sites(maker) if maker is not None else ():
            self._enter(site)
            self._give(source, rows)
        if self._site is None:
            self._give(source, rows)
        self._enter(None)
        return rows

    def _give(self, source: Source, rows: list[Row]) -> None:
        file, call, args = source
        context = Context(file, call.scope, call.line)
        if call.kind == "put":
            self._put(call.receiver, call.name, args[0], context, rows)
        else:
            self._flow_call(call, args, context, rows)

    def _implementations(self) -> None:
        """An object written out where an interface is promised implements it."""
        self._written.clear()
        for file in self.files:
            for symbol in file.symbols:
                if symbol.d.kind == "variable" and symbol.members:
                    parent = symbol.parent
                    returned = symbol.d.name == "return" and parent is not None and parent.is_function
                    for interface in self._promised(parent if returned and parent is not None else symbol):
                        interface.subclasses.append(symbol)
            for binding in file.facts.bindings:
                if binding.text.startswith(("{", "[")):
                    for interface in self._promised_to(binding, file):
                        for made in self.binding_values(binding, file):
                            for one in self.element(made) if binding.text[0] == "[" else (made,):
                                self._implement(interface, one)

    def _promised_to(self, binding: Binding, file: File) -> list[Symbol]:
        if binding.name == "return":
            return self._promised(file.symbols[binding.scope]) if binding.scope != MODULE else []
        declared = [b for b in file.binds.get((binding.scope, binding.name), ()) if b.kind == "declared"]
        values = self.binding_values(declared[0], file) if declared else NOTHING
        if binding.text[0] == "[":
            values = join(self.element(v) for v in values)
        return [v.symbol for v in values if v.kind == "inst" and v.symbol.d.kind == "interface"]

    def _promised(self, symbol: Symbol) -> list[Symbol]:
        """The interfaces that a function's result, or a variable, is declared to have."""
        if not symbol.d.returns:
            return []
        promised = self.type_values(symbol.d.returns, symbol.file, symbol.index)
        held = [w for v in promised for w in self.awaited(v)]
        return [v.symbol for v in held if v.kind == "inst" and v.symbol.d.kind == "interface"]

    def _implement(self, interface: Symbol, made: Value) -> None:
        for name, values in self._parts(made):
            for value in values:
                if value.kind == "func":
                    self._written.setdefault((interface.id, name), []).extend(value.symbol)

    def dispatched(self, symbol: Symbol, callee: Value) -> bool:
        """On `this` a subclass may have its own, and a method that does nothing, or only throws, is there to be overridden."""
        if super().dispatched(symbol, callee):
            return True
        parent = symbol.parent
        if parent is None or not (parent.is_class or parent.is_constructor) or not parent.subclasses:
            return False
        return callee.via == "self" or symbol.index in symbol.file.found["stubs"]

    def overrides(self, method: Symbol, receiver: Symbol | None, arity: int) -> list[Symbol]:
        owner = receiver if receiver is not None else method.parent
        found = super().overrides(method, receiver, arity)
        if owner is None:
            return found
        given = self._arriving((method.d.name, owner.id, 0))
        written = [
            *self._written.get((owner.id, method.d.name), ()),
            *(s for v in given if v.kind == "func" for s in v.symbol),
        ]
        unique = {s.id: s for s in (*found, *written) if s is not method}
        return [unique[key] for key in sorted(unique)] if len(unique) <= MAX_OVERRIDES else []

    def _flow_call(self, call: Call, args: list[str], context: Context, rows: list[Row]) -> None:
        callees = self._callees(call, context)
        if call.name in ("call", "apply") and args and any(v.kind in ("func", "lambda") for v in callees):
            for symbol, _ in self._called(callees, args[1:], context):  # `f.call(x, …)`: x is what f says `this` of
                self._arrive(rows, ("this", symbol.id, 0), self.evaluate(args[0], context), context.file, symbol.file)
            args = args[1:] if call.name == "call" else [f"...{a}" for a in args[1:2]]
        place = PUTS.get(call.name)
        if place is not None and call.receiver and len(args) > place and all(v.kind != "func" for v in callees):
            for position in range(place, len(args)) if place != 1 else (1,):
                if telling(args[position]):
                    self._put(call.receiver, "[]", args[position], context, rows)
        if call.name == "assign" and call.receiver == "Object":
            for source in args[1:]:
                self._copy(args[0], source.removeprefix("..."), context, rows)
        self._flow_callbacks(callees, args, context, rows)
        for value in callees:
            if value.kind == "lambda":
                self._flow_lambda(value, args, context, rows)
        called = self._called(callees, args, context)
        for symbol, _ in called if self._putters else ():
            for into, inside, name, what, whole in self._putters.get(symbol.id, ()):
                if max(into, what) < len(args) and telling(args[what]):
                    self._put(args[into] + inside, name, args[what] + ("[]" if whole else ""), context, rows)
        for symbol, site in called:
            self._flow_into(symbol, site, args, context, rows)

    def _flow_function(self, value: Value, args: list[str], context: Context, rows: list[Row]) -> None:
        for symbol, site in self._called((value,), args, context):
            self._flow_into(symbol, site, args, context, rows)

    def _flow_into(self, symbol: Symbol, site: str, args: list[str], context: Context, rows: list[Row]) -> None:
        """The arguments of one call into the parameters of what it runs."""
        if symbol.id in self._makers and site.startswith(f"{symbol.id}|"):
            rows.append((("site", symbol.id, 0), (Value("ext", name=site),)))
        params = symbol.d.params
        rest = len(params) - 1 if params and params[-1].kind == "*" else len(params)
        for position, arg in enumerate(args):
            if not telling(arg):
                continue
            spread = arg.startswith("...")
            values = self._spread(arg[3:], context) if spread else self.evaluate(arg, context)
            if rest == len(params) and (spread or position >= rest):
                self._arrive(rows, ("", symbol.id, OVERFLOW), values, context.file, symbol.file, site)
            for place in range(min(position, rest), len(params) if spread else min(position + 1, len(params))):
                if self._needs(symbol, place):
                    self._arrive(rows, ("", symbol.id, place), values, context.file, symbol.file, site)
                else:
                    self._fulfil(symbol, place, values, context, rows)

    def _flow_lambda(self, value: Value, args: list[str], context: Context, rows: list[Row]) -> None:
        place, site = lambda_place(value), self._site_marked(value)
        if site is None and self._site is not None and self._inside(value, self._site.maker):
            site = self._site
        for position, arg in enumerate(args):
            if telling(arg):
                spread = arg.startswith("...")
                given = self._spread(arg[3:], context) if spread else self.evaluate(arg, context)
                for number in range(position, position + (MAX_REST if spread else 1)):
                    self._arrive(
                        rows, ("=>", place, number), given, context.file, value.symbol.file, site.key if site else ""
                    )

    def _put(self, held: str, name: str, value: str, context: Context, rows: list[Row]) -> None:
        if name == "[]" and value.endswith("[]"):  # `for (const key in from) to[key] = from[key]`
            self._copy(held, value.removesuffix("[]"), context, rows)
        places = self._places(held, name, context, 0)
        values = self.evaluate(value[3:] if value.startswith("...") else value, context) if places else NOTHING
        if value.startswith("..."):
            values = join(self.element(v) for v in values)
        for place in places:
            wrapped = values
            for _ in range(place.wraps if values else 0):
                wrapped = (Value("list", args=(wrapped,)),)
            self._arrive(rows, place.key, wrapped, context.file, place.file)

    def _fulfil(self, symbol: Symbol, place: int, values: Values, context: Context, rows: list[Row]) -> None:
        """An object given where an interface is wanted implements it."""
        if not any(v.kind == "record" or (v.kind == "class" and v.symbol.is_object) for v in values):
            return
        for wanted in self.type_values(symbol.d.params[place].annotation, symbol.file, symbol.index):
            if wanted.kind == "inst" and wanted.symbol.d.kind == "interface":
                for value in values:
                    for name, held in self._parts(value):
                        self._arrive(rows, (name, wanted.symbol.id, 0), held, context.file, wanted.symbol.file)

    def _parts(self, value: Value) -> list[tuple[str, Values]]:
        """The fields of an object written out."""
        if value.kind == "record":
            return list(zip(value.name.split(","), value.args, strict=False))
        if value.kind == "class" and value.symbol.is_object:
            return [(name, self.definitions(group, "flow")) for name, group in sorted(value.symbol.members.items())]
        return []

    def _copy(self, target: str, source: str, context: Context, rows: list[Row]) -> None:
        """What one object has, another has too."""
        values = tuple(
            v for v in self.evaluate(source, context) if v.kind in ("class", "inst", "record", "module", "func")
        )
        for value in self.evaluate(target, context) if values else ():
            symbol = value.symbol[0] if value.kind == "func" else value.symbol
            if value.kind in ("class", "inst", "func") and isinstance(symbol, Symbol):
                self._arrive(rows, ("...", symbol.id, 0), values, context.file, symbol.file)

    def _flow_callbacks(self, callees: Values, args: list[str], context: Context, rows: list[Row]) -> None:
        """`items.map(show)`: what a callee from elsewhere passes to the function it is given."""
        outside = [v for v in callees if v.kind == "extfunc"]
        for position, arg in enumerate(args) if outside else ():
            if not telling(arg) or arg[0] in "=[{<" or arg.startswith("new "):
                continue
            for value in self.evaluate(arg, context):
                for symbol in value.symbol if value.kind == "func" else ():
                    for number in range(min(len(symbol.d.params), 3)):
                        if self._needs(symbol, number):
                            given = join(self.handed(v, position, number, args, context) for v in outside)
                            self._arrive(rows, ("", symbol.id, number), given, context.file, symbol.file)

    def _callees(self, call: Call, context: Context) -> Values:
        if call.kind == "new":
            return self.constructed(call, context)
        if not call.receiver:
            return self._base_classes(context) if call.name == "super" else self.callee(call.name, context)
        receivers = self.bounded(self.evaluate(call.receiver, context))
        return join(self.called_member(v, call.name, call.receiver, context) for v in receivers)

    def _called(self, values: Values, args: list[str], context: Context) -> list[tuple[Symbol, str]]:
        """The functions here that a call runs, and the call of a maker that each belongs to."""
        found: list[tuple[Symbol, str]] = []
        for value in values:
            symbols: list[Symbol] = []
            if value.kind == "func":
                for symbol in self.select(value.symbol, args, context):
                    symbols.append(symbol)
                    if self.dispatched(symbol, value):
                        holder = value.owner.symbol if value.owner is not None else None
                        symbols += self.overrides(symbol, holder if isinstance(holder, Symbol) else None, len(args))
            elif value.kind == "class" and isinstance(value.symbol, Symbol):
                symbols = self.constructors(value.symbol) or ([value.symbol] if value.symbol.is_function else [])
            found += [(symbol, self._site_called(symbol, value, args, context)) for symbol in symbols]
        return found

    def _site_called(self, symbol: Symbol, value: Value, args: list[str], context: Context) -> str:
        marked = self._site_marked(value)
        if marked is not None:
            return marked.key
        if symbol.id in self._makers:
            return site_of(symbol, args, context)
        return self._site.key if self._site is not None and symbol.id in self._site.maker.ids else ""

    def _base_classes(self, context: Context) -> Values:
        owner = context.file.enclosing_class(context.scope)
        return tuple(b for b in owner.bases if b.kind == "class") if owner is not None else NOTHING

    def _arrive(self, rows: list[Row], key: Key, values: Values, source: File, target: File, site: str = "") -> None:
        """What only tests hand to the product does not arrive there."""
        kept = tuple(v._replace(via="flow") if v.kind == "func" else v for v in values if says(v))
        if kept and (source is target or not is_aside(source.facts.path) or is_aside(target.facts.path)):
            rows.append((key, kept))
            if site:
                rows.append((at_site(key, site), kept))

    def _needs(self, symbol: Symbol, position: int) -> bool:
        """Whether a parameter's own type leaves open what it holds."""
        param = symbol.d.params[position]
        if not param.annotation and (symbol.index, "%type") not in symbol.file.binds:
            return True
        key = (symbol.id, position)
        if key not in self._open:
            self._open[key] = self.is_open_type(self._declared_at(symbol, position))
        return self._open[key]


def _joined(rows: list[list[Row]], full: set[Key]) -> dict[Key, Values]:
    """All that arrives at each place; too much is nothing, and stays nothing: `full` learns of it."""
    found: dict[Key, list[Value]] = {}
    for group in rows:
        for key, values in group:
            if key not in full:
                held = found.setdefault(key, [])
                held.extend(v for v in values if v not in held)
                if len(held) > MAX_FLOW:
                    full.add(key)
                    del found[key]
    return {key: tuple(values) for key, values in found.items()}


def says(value: Value, depth: int = 0) -> bool:
    """Whether a value is more than data: a function, an object with members, or something that may hold one."""
    if value.kind in _SILENT or depth > 4:
        return False
    if value.kind in ("record", "tuple") and value.args:
        return any(says(v, depth + 1) for held in value.args for v in held)
    return not (value.kind == "ext" and value.name in PLAIN)


def _head_end(text: str) -> int:
    """Where the first name of a chain ends."""
    return next((i for i, char in enumerate(text) if char in ".[("), len(text))


def telling(arg: str) -> bool:
    """Whether a chain may be more than a plain literal."""
    return (bool(arg) and arg[0] not in "?<") or (arg.startswith("<") and arg.rstrip(">")[1:] not in PLAIN_NAMES)


PLAIN_NAMES: Final = frozenset(("string", "number", "boolean", "RegExp", "Array", "null"))
PLAIN: Final = frozenset(f"js#{name}" for name in PLAIN_NAMES)
