"""Types of the brace languages: declared types in, the values they stand for out; and the questions that each family answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from extractor.facts import MODULE, Base, Binding, Call, FileFacts
from extractor.resolve.chains import Chain, TypeText
from extractor.resolve.model import MAX_DEPTH, NOTHING, Context, File, Symbol, Value, Values, compact, join

_FIXED: Final = frozenset(("static", "final", "sealed", "constructor"))


class Types(ABC):
    """What types mean, and what a family of languages has to say. A family overrides the first section."""

    parse_type: Callable[[str], TypeText]
    root: Values = ()  # what a type parameter without a bound is at least
    split_names = False  # fields and methods of one name live side by side
    implicit_members = True  # a bare name inside a class may be a member
    max_overloads = 2  # of more than these, when nothing tells them apart, none is said to be called

    def __init__(self, files: Sequence[FileFacts], configs: Mapping[str, str]) -> None:
        self.configs = configs
        self.files = [File(number, facts) for number, facts in enumerate(files)]
        self._memo: dict[tuple[int, int, int, str], Values] = {}
        self._active: set[tuple[Any, ...]] = set()
        self._hidden: list[Binding] = []  # parameters of functions whose own argument is being read
        self._returns: dict[str, Values] = {}
        self._typed: dict[tuple[int, int, str], Values] | None = (
            None  # instances of declared types, once they are settled
        )
        self._aliases = 0  # aliases being worked out

    # ------------------------------------------------------------------ what a family says
    @abstractmethod
    def type_name(self, name: str, file: File, scope: int) -> Value | None:
        """What a (dotted) name means where a type is expected: a class, extclass or var."""

    @abstractmethod
    def outer_name(self, name: str, context: Context) -> Values:
        """What a bare name means that no scope of its own file defines."""

    @abstractmethod
    def foreign_member(self, value: Value, name: str, context: Context) -> Values:
        """A member of something that is not a class here: ext, extclass, module, ns, list."""

    @abstractmethod
    def foreign_result(self, value: Value, args: list[str], context: Context) -> Values:
        """What calling an extfunc or extclass gives."""

    @abstractmethod
    def element(self, value: Value) -> Values:
        """What iterating over a value, or indexing it, gives."""

    def awaited(self, value: Value) -> Values:
        return (value,)

    def dereferenced(self, value: Value) -> Values:
        return (value,)

    def callback_parameter(self, callee: Value, position: int, number: int, context: Context) -> Values:
        """What a callee from elsewhere passes as parameter `number` of the function that is its argument `position`."""
        return NOTHING

    def literal(self, text: str, context: Context) -> Values:
        return self.type_values(text, context.file, context.scope)

    def collection(self, chain: Chain, context: Context) -> Values:
        """An array or object written out."""
        return NOTHING

    def special_call(self, call: Call, context: Context, args: list[str], emitter: Any) -> Any:
        """An Outcome for calls that name nothing, as `super(…)`; None for all others."""
        return None

    def named_type(self, parsed: TypeText, file: File, scope: int) -> Value | None:
        """What a type's name means, where types of one name may differ in their parameters."""
        return self.type_name(parsed.name, file, scope)

    def constructed(self, call: Call, context: Context) -> Values:
        """The class that a `new` names."""
        found = self.named_type(self.parse_type(call.name), context.file, context.scope)
        return (found,) if found is not None else NOTHING

    def constructors(self, symbol: Symbol) -> list[Symbol]:
        return [s for group in symbol.members.values() for s in group if "constructor" in s.d.flags]

    def base_value(self, file: File, base: Base) -> Value | None:
        """The class or extclass that a base names, with its type arguments."""
        parsed = self.parse_type(base.name)._replace(args=self.base_args(file, base))
        scope = file.symbols[base.scope].d.scope
        found = self.named_type(parsed, file, scope)
        if found is None or found.kind not in ("class", "extclass") or found.symbol is file.symbols[base.scope]:
            return None
        args = tuple(self.instances(a, file, base.scope) for a in parsed.args)
        return found._replace(args=args, via=base.kind)

    def base_args(self, file: File, base: Base) -> tuple[TypeText, ...]:
        texts = (file.facts.extra or {}).get("baseargs", {})
        text = texts.get(f"{base.scope}.{base.position}", "")
        return self.parse_type(text).args if text else ()

    implements_interfaces = False  # a base written like a superclass may be an interface

    def definition_of(self, symbol: Symbol) -> Symbol:
        """The definition behind a mere declaration."""
        return symbol

    def is_abstract(self, symbol: Symbol) -> bool:
        return "abstract" in symbol.d.flags

    def is_virtual(self, symbol: Symbol) -> bool:
        """Whether a subclass may define the method anew."""
        held = symbol.parent is not None and symbol.parent.is_class and symbol.d.visibility != "private"
        return held and symbol.d.kind == "method" and _FIXED.isdisjoint(symbol.d.flags)

    def dispatches(self, symbol: Symbol, callee: Value, call: Call, context: Context) -> bool:
        """Whether what runs is decided by the object: not for `super`, nor on what is surely of the class itself."""
        if callee.via == "super":
            return False
        made = callee.owner is not None and callee.owner.via == "new"
        return self.dispatched(symbol, callee) or (not made and self.is_virtual(symbol))

    def dispatched(self, symbol: Symbol, callee: Value) -> bool:
        """Whether what is named is there to be defined below, whatever the call looks like."""
        return self.is_abstract(symbol)

    def undecided(self, chosen: Sequence[Symbol]) -> bool:
        """Whether so many definitions are left that none can be said to be called."""
        return len(chosen) > self.max_overloads

    def narrowed(self, chosen: list[Symbol], call: Call, args: list[str], context: Context) -> list[Symbol]:
        """Of overloads that the arguments do not tell apart, those that the place of the call does."""
        return chosen

    def call_operator(self, value: Value, args: list[str], context: Context) -> list[tuple[Symbol, str]]:
        """What calling an instance runs."""
        return []

    def called_variable(self, call: Call, context: Context) -> Symbol | None:
        """The constant that a call names when what the constant holds is not known by name."""
        return None

    def unknown_type_reason(self, name: str, file: File) -> str:
        return "missing_module"

    def unknown_name_reason(self, name: str, context: Context) -> str:
        return "missing_module"

    def unknown_receiver_reason(self, receiver: str, context: Context) -> str:
        return "unknown_receiver"

    @abstractmethod
    def evaluate(self, text: str, context: Context) -> Values:
        """What a chain may be; empty when nothing is known."""

    # ------------------------------------------------------------------ types
    def type_values(self, text: str, file: File, scope: int) -> Values:
        """Instances of a declared type."""
        if not text:
            return NOTHING
        key = (file.number, scope, text)
        known = self._typed.get(key) if self._typed is not None else None
        if known is None:
            known = self.instances(self.parse_type(text), file, scope)
            if self._typed is not None and not self._aliases:
                self._typed[key] = known
        return known

    def settle(self) -> None:
        """From now on a type means what it means: hierarchies and imports are known."""
        self._typed = {}

    def instances(self, parsed: TypeText, file: File, scope: int, depth: int = 0) -> Values:
        if depth > MAX_DEPTH or parsed.name == "?":
            return NOTHING
        if parsed.name == "|":
            return join(self.instances(a, file, scope, depth + 1) for a in parsed.args)
        if parsed.name == "[]":
            return (Value("list", args=(self.instances(parsed.args[0], file, scope, depth + 1),)),)
        if parsed.name == "=>":
            args = tuple(self.instances(a, file, scope, depth + 1) for a in parsed.args)
            return (Value("callable", args=args),)
        found = self.named_type(parsed, file, scope)
        if found is None:
            return NOTHING
        args = tuple(self.instances(a, file, scope, depth + 1) for a in parsed.args)
        if found.kind == "alias":
            values = self.alias_values(found, depth)
            names = found.symbol.file.typevars.get(found.symbol.index, {}) if args else {}
            return self.substitute(values, dict(zip(names, args, strict=False)), 1) if names else values
        if found.kind == "var":
            return (found,)
        if found.kind == "enumconst":
            return NOTHING
        kind = "inst" if found.kind == "class" else "ext" if found.kind == "extclass" else found.kind
        return (Value(kind, found.symbol, args or found.args, found.name),)

    def alias_values(self, alias: Value, depth: int) -> Values:
        """Instances of what a type alias (a variable with flag `alias`) stands for."""
        symbol: Symbol = alias.symbol
        key = ("alias", symbol.id)
        if key in self._active:
            return NOTHING
        self._active.add(key)
        self._aliases += 1
        try:
            generic = symbol.index in symbol.file.typevars  # its own parameters are known inside it alone
            scope = symbol.index if generic else symbol.d.scope
            return self.instances(self.parse_type(symbol.d.returns), symbol.file, scope, depth + 1)
        finally:
            self._active.discard(key)
            self._aliases -= 1

    def type_variable(self, name: str, file: File, scope: int) -> Value | None:
        while True:
            names = file.typevars.get(scope)
            if names is not None and name in names:
                return Value("var", (file, scope, names[name]), (), name)
            if scope == MODULE:
                return None
            scope = file.symbols[scope].d.scope

    def substitute(self, values: Values, env: Mapping[str, Values], depth: int = 0) -> Values:
        """Type parameters replaced by what they stand for; an unknown one falls back to its bound."""
        if depth > 6 or not any(v.kind == "var" or v.args for v in values):
            return values
        out: list[Value] = []
        for value in values:
            if value.kind == "var":
                known = env.get(value.name)
                if known:
                    out.extend(known)
                elif depth == 0 or known is not None:
                    file, scope, bound = value.symbol
                    out.extend(self.type_values(bound, file, scope) if bound and bound != value.name else ())
                else:
                    out.append(value)
            elif value.args:
                args = tuple(self.substitute(a, env, depth + 1) for a in value.args)
                out.append(value._replace(args=args))
            else:
                out.append(value)
        return compact(join([tuple(out)]))

    def bounded(self, values: Values) -> Values:
        """A value of a type parameter is at least what the parameter's bound says."""
        if not any(v.kind == "var" for v in values):
            return values
        out: list[Value] = []
        for value in values:
            if value.kind == "var":
                file, scope, bound = value.symbol
                held = self.type_values(bound, file, scope) if bound else self.root
                out.extend(v for v in held if v.kind != "var" or v.name != value.name)
            else:
                out.append(value)
        return tuple(out)

    def lineage(self, symbol: Symbol) -> list[tuple[Symbol, dict[str, Values]]]:
        """The class and all its ancestors here, nearest first, each with its type parameters in terms of the class's."""
        if symbol.ancestors is None:
            symbol.ancestors = [(symbol, {})]  # a cycle ends here
            found: list[tuple[Symbol, dict[str, Values]]] = [(symbol, {})]
            seen = {symbol.id}
            for base in symbol.bases:
                if base.kind != "class":
                    continue
                env = self.environment(base)
                for ancestor, inner in self.lineage(base.symbol):
                    if ancestor.id not in seen:
                        seen.add(ancestor.id)
                        found.append(
                            (ancestor, {k: self.substitute(v, env, 1) for k, v in inner.items()} if inner else env)
                        )
            symbol.ancestors = found
        return symbol.ancestors

    def environment(self, value: Value) -> dict[str, Values]:
        """Type parameters of an instance's class, by name."""
        if not value.args or not isinstance(value.symbol, Symbol):
            return {}
        names = value.symbol.file.typevars.get(value.symbol.index, {})
        return dict(zip(names, value.args, strict=False))

    def given_types(self, own: Mapping[str, str], callee: Value) -> dict[str, Values]:
        """A function's type parameters where the call states them."""
        return dict(zip(own, callee.args, strict=False))

    def receiver_environment(self, method: Symbol, receiver: Value | None) -> dict[str, Values]:
        """Type parameters of the class that defines a method, as the receiver's type says."""
        env: dict[str, Values] = {}
        owner = method.parent
        if receiver is not None and owner is not None and isinstance(receiver.symbol, Symbol):
            base = self.environment(receiver)
            for ancestor, inner in self.lineage(receiver.symbol):
                if ancestor.id == owner.id:
                    env.update({k: self.substitute(v, base, 1) for k, v in inner.items()} if inner else base)
        return env

    def is_open(self, symbol: Symbol) -> Value | None:
        """The first ancestor outside the repository, superclasses before interfaces: beyond it nothing can be said to be missing."""
        outside = [b for ancestor, _ in self.lineage(symbol) for b in ancestor.bases if b.kind != "class"]
        return min(outside, key=lambda b: b.via != "extends") if outside else None
