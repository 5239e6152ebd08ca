"""Members of Rust values: fields, methods of impl blocks and traits, what stands behind `Deref`, what a pattern takes apart."""

from __future__ import annotations

from extractor.resolve import rust_library as library
from extractor.resolve.model import NOTHING, Context, Symbol, Value, Values, join
from extractor.resolve.rust_extensions import RustExtensions
from extractor.resolve.rust_results import derived
from extractor.resolve.rust_types import rust_type, untyped


class RustMembers(RustExtensions):
    """What `value.name` means."""

    def _plain(self, values: Values) -> Values:
        """Aliases followed, constants replaced by what they hold."""
        out: list[Values] = []
        for value in values:
            if value.kind == "alias":
                held = self.alias_values(value, 0)
                out.append(
                    tuple(v._replace(kind={"inst": "class", "ext": "extclass"}.get(v.kind, v.kind)) for v in held)
                )
            elif value.kind == "const":
                out.append(self.with_kept(self.variable_values(value.symbol), value.symbol, ""))
            else:
                out.append((value,))
        return join(out)

    def own_member(self, value: Value, name: str, context: Context, called: bool = False) -> Values:
        """Methods and fields have name spaces of their own: which is meant, the parentheses say."""
        env = self.environment(value)
        for ancestor, inner in self.lineage(value.symbol):
            members = ancestor.members.get(name, ())
            functions = tuple(s for s in members if s.is_function)
            # A type's own method hides the one of that name that a trait gives it.
            functions = tuple(s for s in functions if "implements" not in s.d.flags) or functions
            if functions and (called or (ancestor.index, name) not in ancestor.file.binds):
                via = value.via if value.via in ("self", "flow") else "type"
                return (Value("func", functions, via=via, owner=value),)
            variants = self.symbol_values(s for s in members if "variant" in s.d.flags or "const" in s.d.flags)
            if variants:
                return self._plain(variants)
            rows = ancestor.file.binds.get((ancestor.index, name))
            if rows:
                held = self.type_values(rows[0].text, ancestor.file, ancestor.index)
                held = self.with_kept(held, ancestor, name)
                mapping = {k: self.substitute(v, env, 1) for k, v in inner.items()} if inner else env
                return (self.substitute(held, mapping) if mapping else held) or (Value("unknown"),)
        return NOTHING

    def called_member(self, value: Value, name: str, receiver: str, context: Context) -> Values:
        name, given = untyped(name)
        if given:
            return self.typed(self.called_member(value, name, receiver, context), given, context)
        if value.kind in ("inst", "class") and isinstance(value.symbol, Symbol):
            found = self.own_member(value, name, context, called=True)
            found = found or join(self.called_member(v, name, receiver, context) for v in self.deref_target(value))
            if any(v.kind == "func" for v in found):
                return found
        return self.member(value, name, context)

    def typed(self, values: Values, given: str, context: Context) -> Values:
        """Functions that are called with the type arguments given."""
        args = tuple(self.instances(a, context.file, context.scope) for a in rust_type(f"T{given}").args)
        return tuple(v._replace(args=args) if v.kind in ("func", "extfunc") else v for v in values)

    def deref_target(self, value: Value) -> Values:
        """What a value of a type here derefs to."""
        if value.kind == "ext" and value.name.rpartition("#")[2] in (
            "Deref",
            "DerefMut",
        ):  # `I: Deref, I::Target: Shape`
            return self.bounded(self.of_variable(value, "Target"))
        held = self.associated(value, "Target") if value.kind == "inst" else NOTHING
        return tuple(v for v in self.bounded(held) if v.symbol is not value.symbol)

    def member(self, value: Value, name: str, context: Context) -> Values:
        if name.startswith("="):
            return self.seen_as(value, name[1:], context)
        if name == "@list":  # an array written out: of what its first element is
            return (Value("list", args=((value,),)),)
        if value.kind not in ("inst", "class") or not isinstance(value.symbol, Symbol):
            behind = join(self.member(v, name, context) for v in self.deref_target(value))
            return behind or self.extension(value, name) or super().member(value, name, context)
        found = self.own_member(value, name, context)
        found = found or join(self.member(v, name, context) for v in self.deref_target(value))
        found = found or self.extension(value, name)
        if found:
            return found
        if name in library.ADAPTORS and self.iterates(value):
            held = Value("list", args=(self.element(value),), name="iter", owner=value.owner)
            return (Value("extfunc", name=f"std#Iterator.{name}", owner=held),)
        if name in library.SAME or (value.kind == "class" and name in ("default", "from", "new")):
            return (Value("extfunc", name=f"std#{name}", owner=value),)
        # Of a trait elsewhere. What a derive macro gives a type mostly makes one of it: `Options::parse()`
        return (Value("beyond", owner=value if value.kind == "class" and derived(value.symbol) else None),)

    def seen_as(self, value: Value, path: str, context: Context) -> Values:
        """A value that a pattern of a variant or a type has been matched against."""
        if value.kind != "inst":
            return NOTHING
        variants = [s for s in value.symbol.members.get(path.rpartition("::")[2], ()) if "variant" in s.d.flags]
        found = (
            self.type_name(path, context.file, context.scope, context.line) if "::" in path or not variants else None
        )
        if variants and (found is None or found.symbol in variants):  # one that stands alone is known by a glob
            return (Value("variant", variants[0], value.args),)
        return (value,) if found is not None and found.kind == "class" and found.symbol is value.symbol else NOTHING

    def foreign_member(self, value: Value, name: str, context: Context) -> Values:
        if value.kind == "module":
            return self._plain(self.lookup(value.symbol, name))
        if value.kind == "variant":
            rows = value.symbol.file.binds.get((value.symbol.index, name), ())
            if rows:
                held = self.type_values(rows[0].text, value.symbol.file, value.symbol.d.scope)
                env = (
                    self.environment(value._replace(symbol=value.symbol.parent))
                    if value.symbol.parent is not None
                    else {}
                )
                return self.substitute(held, env, 1) if env else held
            return self.member(Value("inst", value.symbol.parent), name, context)  # `Code::Done.exit()`
        if value.kind == "tuple":
            return tuple(value.args[int(name)]) if name.isdigit() and int(name) < len(value.args) else NOTHING
        if value.kind == "ns":
            return (Value("extfunc", name=f"{value.name}#{name}"),)
        if value.kind == "list":
            return (Value("extfunc", name=f"std#Vec.{name}", owner=value),)
        if value.kind in ("ext", "extclass"):
            return (Value("extfunc", name=f"{value.name}.{name}", owner=value),)
        return (value,) if value.kind == "beyond" else NOTHING
