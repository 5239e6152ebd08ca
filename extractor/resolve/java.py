"""Java: facts of all .java files in, their Links out. Packages, imports and nesting decide what a type name means; methods are
found along the hierarchy, superclass first, then interfaces, and chosen by the number and then the types of the arguments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from extractor.facts import MODULE, Call, FileFacts
from extractor.resolve import Links
from extractor.resolve import java_library as library
from extractor.resolve.chains import TypeText, java_type
from extractor.resolve.emit import Emitter, Outcome
from extractor.resolve.java_types import JavaTypes
from extractor.resolve.model import NOTHING, Context, Symbol, Value, Values, join


def link(files: Sequence[FileFacts], configs: Mapping[str, str]) -> Links:
    """All edges between Java symbols, and what could not be linked."""
    engine = JavaEngine(files, configs)
    emitter = Emitter(engine)
    emitter.resolve_bases()
    emitter.emit_bases()
    for file in engine.files:
        for row in file.facts.imports:
            engine.emit_import(file, row, emitter)
    emitter.emit_calls()
    emitter.emit_names()
    return emitter.finish()


class JavaEngine(JavaTypes):
    """What Java expressions mean, and where their calls lead."""

    parse_type = staticmethod(java_type)
    root = (Value("ext", name="java.lang#Object"),)
    split_names = True
    implements_interfaces = True

    # ------------------------------------------------------------------ names
    def outer_name(self, name: str, context: Context) -> Values:
        file = context.file
        for owner in file.found["static"].get(name, ()):
            found = self._static_member(owner, name, context)
            if found:
                return found
        found_type = self.type_name(name, file, MODULE)
        if found_type is not None:
            return (found_type._replace(via="import"),)
        for owner in file.found["static_stars"]:
            found = self._static_member(owner, name, context)
            if found:
                return found
        if name in self.packages or any(p.startswith(name + ".") for p in self.packages) or name in ("java", "javax"):
            return (Value("ns", name=name),)
        return NOTHING

    def _static_member(self, owner: str, name: str, context: Context, *, called: bool = False) -> Values:
        outer = self.qualified(owner)
        if outer is not None and outer.kind == "class":
            if not called:
                return tuple(v._replace(via="import") for v in self.member(outer, name, context))
            functions = self._functions(outer.symbol, name)
            return (Value("func", functions, via="import", owner=outer),) if functions else NOTHING
        # A star import of a foreign class could hold anything; only a named import says that it does.
        if name not in context.file.found["static"]:
            return NOTHING
        package, _, cls = owner.rpartition(".")
        return (Value("extfunc", name=f"{package}#{cls}.{name}", via="import"),)

    def head_values(self, head: str, context: Context) -> Values:
        special = self.special_name(head, context)
        if special is not None:
            return special
        if head[:1].isupper() and head.isidentifier():
            local = self.type_name(head, context.file, context.scope)
            if local is not None and local.kind == "class":
                return (local,)
        found_values = self.name_values(head, context)
        if found_values:
            return found_values
        found = self.type_name(head, context.file, context.scope)
        return (found,) if found is not None and found.kind != "var" else NOTHING

    def special_name(self, head: str, context: Context) -> Values | None:
        if head == "super":
            owner = context.file.enclosing_class(context.scope)
            if owner is None:
                return NOTHING
            bases = tuple(self.as_instance(b, "super") for b in owner.bases)
            return bases or (Value("ext", name="java.lang#Object", via="super"),)
        return super().special_name(head, context)

    def callee(self, name: str, context: Context) -> Values:
        """Methods have a name space of their own: a local variable never hides one."""
        file, scope, _ = context
        while scope != MODULE:
            symbol = file.symbols[scope]
            if symbol.is_class:
                found = tuple(v for v in self._methods(symbol, name, context))
                if found:
                    return found
            scope = symbol.d.scope
        for owner in [*file.found["static"].get(name, ()), *file.found["static_stars"]]:
            found = self._static_member(owner, name, context, called=True)
            if found:
                return found
        innermost = file.enclosing_class(context.scope)
        while innermost is not None:
            beyond = self.is_open(innermost)
            if beyond is not None:
                sure = beyond.name and beyond.via == "extends"
                return (
                    (Value("extfunc", name=f"{beyond.name}.{name}", owner=beyond, via="mro"),)
                    if sure
                    else (Value("beyond"),)
                )
            innermost = file.enclosing_class(innermost.d.scope)
        stars = [o for o in file.found["static_stars"] if self.qualified(o) is None]
        return (Value("beyond"),) if stars else NOTHING

    def _component(self, symbol: Symbol, name: str) -> tuple[Symbol, ...]:
        """The component of a record that its method, which nobody writes, reads."""
        held = symbol.members.get(name, ()) if "record" in symbol.d.flags else ()
        if any(s.is_function for s in held):
            return ()
        return tuple(s for s in held if s.d.kind == "variable" and "static" not in s.d.flags)

    def overrides(self, method: Symbol, receiver: Symbol | None, arity: int) -> list[Symbol]:
        found = super().overrides(method, receiver, arity)
        start = receiver if receiver is not None else method.parent
        if start is None or method.d.params:
            return found
        records = [c for sub in start.subclasses for c in self._component(sub, method.d.name)]
        return sorted([*found, *records], key=lambda s: s.id) if records else found

    def _functions(self, symbol: Symbol, name: str) -> tuple[Symbol, ...]:
        """Methods of a class by name, inherited ones behind its own."""
        lineage = self.lineage(symbol)
        return tuple(
            s for a, _ in lineage for s in a.members.get(name, ()) if s.is_function and "constructor" not in s.d.flags
        )

    def _methods(self, symbol: Symbol, name: str, context: Context) -> Values:
        functions = self._component(symbol, name) or self._functions(symbol, name)
        if functions:
            owner = Value("inst", symbol, self.own_args(symbol))
            return (Value("func", functions, via="self", owner=owner),)
        if "enum" in symbol.d.flags and name in library.ENUM_METHODS:
            return (Value("extfunc", name=f"java.lang#Enum.{name}", owner=Value("class", symbol)),)
        beyond = self.is_open(symbol)
        if name in library.OBJECT_METHODS and (beyond is None or beyond.via != "extends"):
            return (Value("extfunc", name=f"java.lang#Object.{name}", owner=Value("inst", symbol)),)
        return NOTHING

    def member(self, value: Value, name: str, context: Context) -> Values:
        if name == "super" and value.kind in ("inst", "class"):
            return (self.as_instance(value, "super"),)
        if name == "this" and value.kind in ("class", "extclass"):
            return (self.as_instance(value),)
        if value.kind in ("inst", "class") and isinstance(value.symbol, Symbol) and name in library.OBJECT_METHODS:
            own = self.own_member(value, name, context) or self._methods(value.symbol, name, context)
            if own:
                return own
        found = super().member(value, name, context)
        if found or value.kind not in ("inst", "class") or not isinstance(value.symbol, Symbol):
            return found
        return tuple(v for v in self._methods(value.symbol, name, context) if v.kind == "extfunc")

    def called_member(self, value: Value, name: str, receiver: str, context: Context) -> Values:
        if name == "new":
            return (self.as_class(value),)
        if value.kind in ("inst", "class") and isinstance(value.symbol, Symbol):
            via = "super" if receiver.endswith("super") else "self" if receiver == "this" else "type"
            functions = self._component(value.symbol, name) or self._functions(value.symbol, name)
            if functions:
                return (Value("func", functions, via=via, owner=value),)
        return super().called_member(value, name, receiver, context)

    def as_class(self, value: Value) -> Value:
        return value._replace(kind={"inst": "class", "ext": "extclass"}.get(value.kind, value.kind))

    def special_call(self, call: Call, context: Context, args: list[str], emitter: Any) -> Outcome | None:
        """`this(…)` and `super(…)` run a constructor."""
        if call.receiver or call.name not in ("this", "super"):
            return None
        owner = context.file.enclosing_class(context.scope)
        if owner is None:
            return None
        if call.name == "this":
            return emitter.constructor(Value("class", owner), args, context)  # type: ignore[no-any-return]
        for base in owner.bases:
            if base.kind == "class" and base.symbol.d.kind == "class":
                return emitter.constructor(base, args, context)  # type: ignore[no-any-return]
            if base.kind == "extclass" and base.name:
                return Outcome(external=base.name)
        return Outcome(external="java.lang#Enum" if "enum" in owner.d.flags else "java.lang#Object")

    def constructed(self, call: Call, context: Context) -> Values:
        if call.receiver:
            for outer in self.evaluate(call.receiver, context):
                nested = self._nested(self.as_class(outer), java_type(call.name).name)
                if nested is not None:
                    return (nested,)
        return super().constructed(call, context)

    # ------------------------------------------------------------------ the world outside
    def foreign_member(self, value: Value, name: str, context: Context) -> Values:
        if value.kind == "ns":
            dotted = f"{value.name}.{name}"
            found = self.qualified(dotted)
            if found is not None:
                return (found,)
            inside = any(p == dotted or p.startswith(dotted + ".") for p in self.packages)
            return (Value("ns", name=dotted),) if inside or dotted.startswith(("java.", "javax.")) else NOTHING
        if value.kind in ("ext", "extclass") and value.name and not value.name.startswith("#"):
            return (Value("extfunc", name=f"{value.name}.{name}", owner=value),)
        if value.kind == "extfunc":
            return (Value("extfunc", name=f"{value.name}.{name}", owner=None),)
        if value.kind == "list":
            return (Value("extfunc", name=f"java.lang#Object.{name}", owner=value),)
        return NOTHING

    def foreign_result(self, value: Value, args: list[str], context: Context) -> Values:
        if value.kind == "extclass":
            return (self.as_instance(value),)
        owner: Value | None = value.owner
        method = value.name.rpartition(".")[2]
        if owner is None:
            return NOTHING
        if owner.kind == "class" and method in ("values", "valueOf"):
            instance = (self.as_instance(owner),)
            return (Value("list", args=(instance,)),) if method == "values" else instance
        simple = owner.name.partition("#")[2]
        table = library.RESULT_OF
        if owner.kind == "list" and method == "clone":
            return (owner,)
        if method == "collect" and owner.args and args and args[0].startswith("Collectors."):
            return self._collected(args[0], owner, context)
        keys = [f"{simple}..{method}"] if owner.kind == "extclass" else []
        result = next(
            (table[k] for k in (*keys, *(f"{a}.{method}" for a in library.ancestors(simple))) if k in table), ""
        )
        if not result:
            return NOTHING
        return self._fill(java_type(result), owner, args, context)

    def _collected(self, collector: str, owner: Value, context: Context) -> Values:
        """What a stream of elements is collected into."""
        name = collector.removeprefix("Collectors.").removesuffix("()")
        element = tuple(owner.args[0])
        given = self.arguments(f"Collectors.{name}", context) or []
        results = [
            join(self.result(v, None, context) for v in self.evaluate(a, context)) for a in given[:2] if a[0] == "="
        ]
        if name in ("joining", "reducing"):
            return (Value("ext", name="java.lang#String"),) if name == "joining" else element
        if name in ("groupingBy", "partitioningBy", "groupingByConcurrent"):
            held: Values = (Value("ext", None, (element,), "java.util#List"),)
            return (Value("ext", None, (results[0] if results else NOTHING, held), "java.util#Map"),)
        if name == "toMap":
            held = results[1] if len(results) == 2 else NOTHING
            return (Value("ext", None, (results[0] if results else NOTHING, held or element), "java.util#Map"),)
        if name in ("mapping", "flatMapping"):
            element = results[0] if results else NOTHING
        return (Value("ext", None, (element,), f"java.util#{'Set' if 'Set' in name else 'List'}"),)

    def _fill(self, result: TypeText, owner: Value, args: list[str], context: Context) -> Values:
        """A result of the library's table with its letters replaced."""
        name = result.name
        if name in ("T0", "T1", "T2"):
            position = int(name[1])
            return tuple(owner.args[position]) if position < len(owner.args) else NOTHING
        if name in ("A", "R", "E"):
            values = [self.evaluate(a, context) for a in args if a not in ("", "?")]
            if name == "R":
                lambdas = [v for group in values for v in group if v.kind == "lambda"]
                return self._reference_result(lambdas[0], owner) if lambdas else NOTHING
            first = values[0] if values else NOTHING
            return first if name == "A" else join(self.element(v) for v in first)
        if name == "[]":
            return (Value("list", args=(self._fill(result.args[0], owner, args, context),)),)
        filled = tuple(self._fill(a, owner, args, context) for a in result.args)
        package = library.PACKAGE_OF.get(name.partition(".")[0])
        return (Value("ext", name=f"{package}#{name}" if package else f"#{name}", args=filled),)

    def _reference_result(self, function: Value, owner: Value) -> Values:
        """What `Foo::bar`, or the body of a lambda, gives."""
        chain, context = function.name, function.symbol
        if "::" not in chain:
            return self.evaluate(chain, context)
        receiver, _, name = chain.rpartition("::")
        holders = self.evaluate(receiver, context) or (owner.args[0] if owner.args else NOTHING)
        if name == "new":
            return tuple(self.as_instance(v) for v in holders)
        return join(
            self.result(m, None, context) for v in holders for m in self.called_member(v, name, receiver, context)
        )

    def evaluate_lambda(self, value: Value) -> Values:
        return self._reference_result(value, Value("unknown")) if "::" in value.name else super().evaluate_lambda(value)

    def element(self, value: Value) -> Values:
        if value.kind == "list" or (value.kind == "ext" and len(value.args) == 1):
            return tuple(value.args[0])
        if value.kind == "inst":
            for ancestor, env in self.lineage(value.symbol):
                for base in ancestor.bases:
                    if (
                        base.kind == "extclass"
                        and base.args
                        and "Iterable" in library.ancestors(base.name.partition("#")[2])
                    ):
                        return self.substitute(base.args[0], env or self.environment(value))
        return NOTHING

    def handed(self, callee: Value, position: int, number: int, args: list[str] | None, context: Context) -> Values:
        if callee.kind == "func" or (callee.kind == "class" and isinstance(callee.symbol, Symbol)):
            return self.passed_here(callee, position, number, args, context)
        return super().handed(callee, position, number, args, context)

    def callback_parameter(self, callee: Value, position: int, number: int, context: Context) -> Values:
        owner: Value | None = callee.owner
        if owner is None or not owner.args:
            return NOTHING
        method = callee.name.rpartition(".")[2]
        if method in library.STORES:  # the function is kept: it gets what its own type says
            return join(self.functional_parameter(v, number, context) for v in owner.args[-1])
        if len(owner.args) >= 2:
            index = 1 if method in ("merge",) else number
            return tuple(owner.args[index]) if index < len(owner.args) else NOTHING
        return tuple(owner.args[0])

    def lambda_result_slot(self, wanted: Value) -> Values:
        return tuple(wanted.args[-1]) if wanted.args else NOTHING

    def functional_parameter(self, value: Value, number: int, context: Context) -> Values:
        if value.kind == "ext" and value.args:
            simple = value.name.partition("#")[2]
            index = 0 if simple in ("UnaryOperator", "BinaryOperator") else number
            takes = len(value.args) - 1 if "Function" in simple else len(value.args)
            return tuple(value.args[index]) if index < takes else NOTHING
        return super().functional_parameter(value, number, context)

    # ------------------------------------------------------------------ overloads and reasons

    def unknown_name_reason(self, name: str, context: Context) -> str:
        return "external" if context.file.found["static_stars"] else "missing_module"
