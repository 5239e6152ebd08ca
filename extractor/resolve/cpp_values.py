"""Expressions of C++: chains in, the values they may have out, and of several overloads the one that a call means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from extractor.facts import MODULE, Call
from extractor.parse.collect import bare
from extractor.parse.cpp_text import split_qualified
from extractor.resolve import cpp_library as library
from extractor.resolve.chains import cpp_type
from extractor.resolve.cpp_operators import Operators
from extractor.resolve.cpp_types import CppTypes
from extractor.resolve.cpp_written import is_pointer, receiver_is_const, written
from extractor.resolve.model import NOTHING, Context, Symbol, Value, Values, join

MAX_VARIANTS: Final = 4


class CppValues(CppTypes):
    """What expressions mean."""

    _operators: Operators | None = None

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
            if any(v.kind == "inst" for v in values) and is_pointer(written(self, prefix, context)):
                return values
            return join(self.indexed(v, context) for v in values)
        if step.op == "&":
            return values
        if step.op == "^":
            return self.pointed(self.bounded(values), prefix, context)
        if step.op == "->":
            step, values = step._replace(op="."), self.pointed(self.bounded(values), prefix, context)
        if step.op == "|":
            return self.operated(values, step.name, prefix, context)
        if step.op == "#" and any(v.kind in ("extfunc", "ext") for v in values):
            given = self.arguments(prefix, context) or [""]
            return join(self.dereferenced(v) for v in self.evaluate(given[0], context)) if given[0] else NOTHING
        return super()._step(values, step, prefix, called, context)

    def operators(self) -> Operators:
        self._operators = self._operators or Operators(self)
        return self._operators

    def operated(self, values: Values, sign: str, prefix: str, context: Context) -> Values:
        """The result of an operator: what its overload here returns, else a value like its left side."""
        name = f"operator{sign}"
        args = self.arguments_of(prefix, name, context)
        if args is not None and (name in self.operators().members or name in self.operators().free):
            found = self.operators().functions(name, prefix, args, context)
            if found:
                return join(self.function_result(s, Value("func", (s,)), args, context) for s in found)
        wide = [v for v in self.evaluate(args[0], context) if v.name == "#double"] if args else []
        return tuple(wide) if wide and all(v.name.startswith("#") for v in values) else values

    def pointed(self, values: Values, text: str, context: Context) -> Values:
        """What a pointer or a class like one points to; a mere pointer to such a class is not dereferenced twice."""
        found = join(self.dereferenced(v) for v in values)
        return values if found != values and is_pointer(written(self, text, context)) else found

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

    def member(self, value: Value, name: str, context: Context) -> Values:
        if "<" in name and "operator" not in name:  # `a.make<B>()`
            args = tuple(self.instances(a, context.file, context.scope) for a in cpp_type(name).args)
            return tuple(
                v._replace(args=args) if v.kind == "func" else v for v in self.member(value, bare(name), context)
            )
        if name.isdigit():
            return self.part(value, int(name))
        return super().member(value, name, context)

    def part(self, value: Value, position: int) -> Values:
        """What a structured binding takes: of a pair or tuple its arguments, of a struct here its fields."""
        if value.kind == "inst" and isinstance(value.symbol, Symbol):
            fields = self.fields(value.symbol)
            held = self.field_values(value.symbol, fields[position].d.name) if position < len(fields) else None
            return self.substitute(held, self.environment(value)) if held else NOTHING
        if value.kind == "ext" and value.name in ("std#pair", "std#tuple") and position < len(value.args):
            return tuple(value.args[position])
        return NOTHING

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
                held = tuple(tuple(v._replace(via="new") for v in a) for a in value.args)
                return (Value("ext", name=f"std#{name}", args=held),)
            if method in ("move", "forward", "ref", "cref", "exchange", "as_const", "max", "min") and args:
                return self.evaluate(args[0], context)
            if method in library.SEARCHES and args:
                return self.evaluate(args[0], context)  # an iterator like the first
            if method in ("static_pointer_cast", "dynamic_pointer_cast") and value.args:
                return (Value("ext", name="std#shared_ptr", args=value.args),)
            if method[:1].islower() and value.name.startswith("std#") and value.args:
                return (Value("ext", name=value.name, args=value.args),)  # std::vector<int>(3)
            if method in ("string", "to_string"):
                return (Value("ext", name="std#string"),)
            return NOTHING
        simple = owner.name.rpartition("#")[2]
        if method in ("size", "length", "count") and owner.name.startswith("std#"):
            return (Value("ext", name="#size_t"),)
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

    def callee(self, name: str, context: Context) -> Values:
        return self.head_values(name, context)

    def called_member(self, value: Value, name: str, receiver: str, context: Context) -> Values:
        if name == "()":
            return (value,)
        found = self.member(value, name, context)
        if receiver in ("this", "this^"):
            return tuple(v._replace(via="self") if v.kind == "func" else v for v in found)
        return found

    def passed(self, callee: Value, position: int, number: int, context: Context) -> Values:
        """What a function type says, else what the body of the callee calls its parameter with."""
        found = super().passed(callee, position, number, context)
        if found or callee.kind != "func":
            return found
        for chosen in callee.symbol:
            symbol = self.definition_of(chosen)
            name = symbol.d.params[position].name if position < len(symbol.d.params) else ""
            for row in symbol.file.calls_by_text.get((symbol.index, "", name), ())[:1]:
                given = symbol.file.args[row] if row < len(symbol.file.args) else []
                if name and number < len(given):
                    line = symbol.file.facts.calls[row].line
                    held = self.evaluate(given[number], Context(symbol.file, symbol.index, line))
                    env = self.environment(callee.owner) if callee.owner is not None else {}
                    own = symbol.file.typevars.get(symbol.index, {})
                    return self.substitute(held, env | dict(zip(own, callee.args, strict=False)))
        return NOTHING

    def constructors(self, symbol: Symbol) -> list[Symbol]:
        """Its own, and those of a base that `using Base::Base` takes over."""
        own = [
            s
            for s in symbol.members.get(symbol.d.name, ())
            if "constructor" in s.d.flags and "deleted" not in s.d.flags
        ]
        rows = (symbol.file.facts.extra or {}).get("usings", ()) if symbol.bases else ()
        taken = {
            alias
            for prefix, alias, target in rows
            if prefix == symbol.d.qualname and target.endswith(f"{alias}.{alias}")
        }
        bases = [b.symbol for b in symbol.bases if b.kind == "class" and b.symbol.d.name in taken]
        return [*own, *(s for base in bases for s in self.constructors(base))]

    def select(self, symbols: Sequence[Symbol], args: list[str] | None, context: Context) -> list[Symbol]:
        """Overloads, a declaration and its definition counted once. Variants under `#if` stay together."""
        if len(symbols) == 1:
            return list(symbols)
        unique = list({self.definition_of(s).id: s for s in symbols}.values())
        if args is None:
            return unique[:MAX_VARIANTS]
        chosen = super().select(unique, args, context)
        return chosen[:MAX_VARIANTS]

    def narrowed(self, chosen: list[Symbol], call: Call, args: list[str], context: Context) -> list[Symbol]:
        """`const` tells overloads apart, and so does what may be moved from."""
        arrow = call.kind == "arrow" or call.name in ("operator->", "operator*")
        const = [s for s in chosen if "const" in s.d.flags]
        if const and len(const) < len(chosen):
            constant = receiver_is_const(self, call.receiver, arrow and call.kind == "arrow", context)
            chosen = const if constant else [s for s in chosen if s not in const]
        moving = [s for s in chosen if any(p.annotation.endswith("&&") for p in s.d.params)]
        if moving and len(moving) < len(chosen) and args and args[0] != "?":
            held = self.evaluate(args[0], context)  # of another type: what it is converted to is not kept
            passing = bool(held and not any(v.kind == "inst" for v in held)) or (
                args[0].endswith("()") and not written(self, args[0], context).endswith("&")
            )
            chosen = moving if passing else [s for s in chosen if s not in moving]
        return chosen

    def fit(self, symbol: Symbol, args: Sequence[str], context: Context) -> int:
        """As types fit, and pointers to pointers only."""
        score = super().fit(symbol, args, context)
        for param, arg in zip(symbol.d.params, args, strict=False):
            given = written(self, arg, context) if arg not in ("", "?", "<null>") and param.annotation else ""
            if not given or param.annotation == "?":
                continue
            wanted = cpp_type(param.annotation).name
            if is_pointer(param.annotation) != is_pointer(given):
                plain = wanted.partition(" ")[0] in library.PRIMITIVES - {"auto"}
                held = self.type_values(param.annotation, symbol.file, symbol.index)
                if plain or is_pointer(param.annotation) or any(v.kind == "inst" for v in held):
                    score -= 4
            elif is_pointer(given) and wanted == cpp_type(given).name:
                score += 1
        return score

    def compatible(self, given: Value, wanted: Value) -> int:
        if wanted.kind == "list" and given.kind == "ext" and wanted.args and wanted.args[0]:
            return 2 if wanted.args[0][0].name == given.name else super().compatible(given, wanted)
        return 1 if wanted.kind == "var" and given.kind not in ("var", "unknown") else super().compatible(given, wanted)

    def foreign_compatible(self, given: str, wanted: str) -> int:
        left, right = given.partition("#")[2], wanted.partition("#")[2]
        numeric = library.PRIMITIVES - {"void", "auto"}
        if left.partition(" ")[0] in numeric and right.partition(" ")[0] in numeric:
            return -1 if "bool" in (left, right) else 0  # a template's parameter fits better than a conversion
        if left == "char" and right in ("string", "string_view", "Slice"):
            return 1
        return -2
