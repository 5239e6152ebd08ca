"""Type parameters of Rust: what their bounds and where clauses say, what `T::Item` and `Self::Item` stand for, and of which type
`self` is in an impl block.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from extractor.facts import MODULE
from extractor.resolve import rust_library as library
from extractor.resolve.chains import TypeText, split_top
from extractor.resolve.model import NOTHING, File, Symbol, Value, Values, join
from extractor.resolve.rust_modules import RustModules
from extractor.resolve.rust_types import closing, rust_type

_DEEP = 6  # projections of projections


class RustBounds(RustModules):
    """Knows more of type variables than their names."""

    vague = frozenset(("lambda", "unknown"))

    def type_variable(self, name: str, file: File, scope: int) -> Value | None:
        """A type parameter, with what every where clause around says of it."""
        found = super().type_variable(name, file, scope)
        if found is None:
            return None
        stated, wheres = found.symbol[2], file.found["wheres"]
        here = scope
        while here != MODULE:
            more = wheres.get(here, {}).get(name)
            stated = f"{stated} + {more}" if stated and more else more or stated
            here = file.symbols[here].d.scope
        return found if stated == found.symbol[2] else found._replace(symbol=(file, scope, stated))

    def bounded(self, values: Values) -> Values:
        """What a bound says, remembering whose bound it is."""
        if not any(v.kind == "var" for v in values):
            return values
        out: list[Values] = []
        for value in values:
            held = super().bounded((value,))
            if value.kind == "var":
                telling = tuple(v for v in held if v.kind != "ext" or v.name.rpartition("#")[2] not in library.MARKERS)
                held = tuple(v._replace(owner=value) for v in telling or held)
            out.append(held)
        return join(out)

    # ------------------------------------------------------------------ self
    def self_values(self, file: File, scope: int) -> Values:
        """What `Self` is: the type of the impl block around, its arguments as written there; in a trait the trait."""
        receivers = (file.facts.extra or {}).get("receivers", {})
        here = scope
        while here != MODULE:
            written = receivers.get(str(here))
            if written is not None:
                return self.type_values(written, file, here)
            here = file.symbols[here].d.scope
        owner = file.enclosing_class(scope)
        return (Value("inst", owner, self.own_args(owner)),) if owner is not None else NOTHING

    # ------------------------------------------------------------------ projections
    def instances(self, parsed: TypeText, file: File, scope: int, depth: int = 0) -> Values:
        if parsed.name == "Self" and self._in_trait(file, scope):
            return (Value("var", (file, scope, "self"), (), "Self"),)
        head, colons, rest = parsed.name.partition("::")
        if colons and depth < _DEEP and (found := self.projected(head, rest, file, scope)):
            return found
        return super().instances(parsed, file, scope, depth)

    def _in_trait(self, file: File, scope: int) -> bool:
        owner = file.enclosing_class(scope)
        return owner is not None and owner.d.kind == "interface" and scope not in file.outside

    def projected(self, head: str, rest: str, file: File, scope: int) -> Values:
        """`G::Map`: what where clauses say of it, and what the traits say that G is bound by."""
        variable = None if head == "Self" else self.type_variable(head, file, scope)
        if variable is None and (head != "Self" or scope == MODULE):
            return NOTHING
        name, _, deeper = rest.partition("::")
        whole = f"{head}::{name}"
        stated = self._stated(whole, file, scope)
        held = self.bounded((variable,)) if variable is not None else self.self_values(file, scope)
        found = join([stated, *(self._item_of(v, name) for v in held)])
        for step in deeper.split("::") if deeper else ():
            whole = f"{whole}::{step}"
            found = join([self._stated(whole, file, scope), *(self.associated(v, step) for v in self.bounded(found))])
        return found

    def _stated(self, name: str, file: File, scope: int) -> Values:
        here = scope
        while here != MODULE:
            bound = file.found["wheres"].get(here, {}).get(name)
            if bound:
                return (Value("var", (file, scope, bound), (), name),)
            here = file.symbols[here].d.scope
        return NOTHING

    def of_variable(self, value: Value, name: str) -> Values:
        """What where clauses say of `T::Item`, of a value known to be of a type T."""
        if value.owner is None or value.owner.kind != "var":
            return NOTHING
        file, scope, bound = value.owner.symbol
        found = self._stated(f"{value.owner.name}::{name}", file, scope)
        if not found and name in bound and (given := re.search(rf"\b{name}\s*=\s*", bound)) is not None:
            rest = bound[given.end() :]  # `IntoIterator<Item = Shape>`
            found = self.instances(rust_type(split_top(rest[: closing(rest)], ",")[0]), file, scope)
        return found

    def impl_environment(self, member: Symbol, value: Value) -> dict[str, Values]:
        """Type parameters of the impl block that a method or type stands in, as a value's type says."""
        file = member.file
        written = (file.facts.extra or {}).get("receivers", {}).get(str(member.index))
        own = file.typevars.get(member.index, {})
        if not written or not own or not value.args:
            return {}
        names = [a.name for a in rust_type(written).args]
        return {name: tuple(given) for name, given in zip(names, value.args, strict=False) if name in own}

    def associated(self, value: Value, name: str) -> Values:
        """The type that a type gives a name: as its implementation says, else as the trait bounds it."""
        if value.kind == "list" and name in ("Item", "IntoIter"):
            return self.element(value) if name == "Item" else (value,)
        if value.kind not in ("inst", "class") or not isinstance(value.symbol, Symbol):
            return NOTHING
        declared = value.symbol.file.found["wheres"].get(value.symbol.index, {})
        alias = self._associated(value.symbol, name) if f"Self::{name}" not in declared else None
        if alias is not None:
            env = {**self.environment(value), **self.impl_environment(alias, value)}
            return self.substitute(self.alias_values(Value("alias", alias), 0), env, 1)
        for ancestor, _ in self.lineage(value.symbol):
            bound = ancestor.file.found["wheres"].get(ancestor.index, {}).get(f"Self::{name}")
            if bound is not None:
                return (Value("var", (ancestor.file, ancestor.index, bound), (), f"Self::{name}"),)
        return NOTHING

    def receiver_environment(self, method: Symbol, receiver: Value | None) -> dict[str, Values]:
        """What `Self` and `Self::Item` of a trait's method are on a receiver."""
        env = super().receiver_environment(method, receiver)
        if receiver is not None:
            env |= self.impl_environment(method, receiver)
            if receiver.owner is not None and receiver.owner.kind != "var":  # a type from elsewhere
                env |= self.impl_environment(method, receiver.owner)
        owner = method.parent
        if receiver is None or owner is None or owner.d.kind != "interface":
            return env
        behind: Value | None = receiver.owner  # a type parameter, or a type from elsewhere
        env["Self"] = (behind if behind is not None else self.as_instance(receiver),)
        for name in self._items(owner):
            env[f"Self::{name}"] = self._item_of(receiver, name)
        return env

    def _items(self, trait: Symbol) -> list[str]:
        """The names that a trait and those above it give to types."""
        rows = (w for ancestor, _ in self.lineage(trait) for w in ancestor.file.found["wheres"].get(ancestor.index, ()))
        return [w[6:] for w in rows if w.startswith("Self::") and "::" not in w[6:]]

    def _item_of(self, receiver: Value, name: str) -> Values:
        """`Self::Item` of a receiver: what where clauses say of it, its implementation, or the trait."""
        behind: Value | None = receiver.owner
        if behind is None or behind.kind != "var":
            return (self.associated(behind, name) if behind is not None else NOTHING) or self.associated(receiver, name)
        bound = self.bounded(self.associated(receiver, name))
        if any(v.args for v in bound) and isinstance(receiver.symbol, Symbol):
            env = {f"Self::{n}": self.of_variable(receiver, n) for n in self._items(receiver.symbol)}
            bound = self.substitute(bound, env, 1)
        return join([self.of_variable(receiver, name), bound])

    def given_types(self, own: Mapping[str, str], callee: Value) -> dict[str, Values]:
        """Those of the impl block around come first, and no call states them."""
        return dict(zip(list(own)[-len(callee.args) :], callee.args, strict=False)) if callee.args else {}

    def passing_environment(self, symbol: Symbol, receiver: Value | None) -> dict[str, Values]:
        return self.receiver_environment(symbol, receiver)
