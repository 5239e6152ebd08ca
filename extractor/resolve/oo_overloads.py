"""Overloads and overrides: several definitions and the arguments of one call in, those that the call may run out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from extractor.facts import Call
from extractor.resolve.model import MAX_OVERRIDES, NOTHING, Context, Symbol, Value, Values, accepts, join
from extractor.resolve.oo_types import Types

_QUALIFIER = re.compile(r"\b(?:const|final)\b|\w+(?:::|\.(?!\.))|\s")


def _parameters(symbol: Symbol) -> list[str]:
    """The types of parameters without what qualifies them."""
    return [_QUALIFIER.sub("", p.annotation) for p in symbol.d.params]


class Overloads(Types):
    """Choosing among definitions of one name."""

    vague = frozenset(("lambda", "unknown", "var"))  # values that say nothing of a type parameter
    overloaded = True  # methods of one name differ in their parameters
    runners: frozenset[str] = frozenset()  # functions elsewhere that run the functions they are given

    def select(self, symbols: Sequence[Symbol], args: list[str] | None, context: Context) -> list[Symbol]:
        """The overloads a call may mean: those that take so many arguments, of the nearest class that has any, and among
        them those whose parameter types fit what is known of the arguments."""
        if args is None or len(symbols) == 1:
            return [s for s in symbols if s.parent is symbols[0].parent]
        fitting = [s for s in symbols if accepts(s, len(args))] or list(symbols)
        exact = [s for s in fitting if not any(p.kind in ("*", "**") for p in s.d.params)]
        if exact and (len(exact) == len(fitting) or any(self.fit(s, args, context) >= 0 for s in exact)):
            fitting = exact  # a rest parameter is the last resort
        if len(fitting) > 1:
            scored = [(self.fit(s, args, context), s) for s in fitting]
            best = max(score for score, _ in scored)
            fitting = self.most_specific([s for score, s in scored if score == best], args, context)
        nearest = fitting[0].parent
        return [s for s in fitting if s.parent is nearest]

    def chosen(self, callee: Value, args: list[str] | None, context: Context) -> list[Symbol]:
        """The overloads of a function value that a call may mean."""
        return self.select(callee.symbol, args, context)

    def taking(self, symbols: list[Symbol], args: Sequence[str], context: Context) -> list[Symbol]:
        """Of several functions named, not called, those whose parameters surely fit what they are going to be given."""
        scored = [(self.fit(s, args, context), s) for s in symbols if len(s.d.params) == len(args)]
        best = max((score for score, _ in scored), default=0)
        return [s for score, s in scored if score == best] if best > 0 else symbols

    def most_specific(self, symbols: list[Symbol], args: Sequence[str], context: Context) -> list[Symbol]:
        """Of overloads that fit equally well, the one that a language prefers."""
        return symbols

    def fit(self, symbol: Symbol, args: Sequence[str], context: Context) -> int:
        """How well arguments fit parameters: +2 for each exact type, +1 for a subtype, -4 for each that cannot be."""
        score = 0
        for param, arg in zip(symbol.d.params, args, strict=False):
            if arg in ("", "?") or not param.annotation:
                continue
            given = self.given_type(self.evaluate(arg, context))
            wanted = self.type_values(param.annotation, symbol.file, symbol.index)
            if given and wanted:
                spread = param.kind == "*" and given[0].kind == "list" and wanted[0].kind != "list" and given[0].args
                first = given[0].args[0][:1] if spread else given[:1]
                score += self.compatible(first[0], wanted[0]) if first else 0
        return score

    def given_type(self, values: Values) -> Values:
        """The one type of an argument that may be several."""
        return values[:1]

    def compatible(self, given: Value, wanted: Value) -> int:
        if wanted.kind in ("var", "unknown") or given.kind in ("var", "unknown"):
            return 0
        if given.kind == "lambda":
            return 1 if wanted.kind in ("callable", "ext", "inst") else -4
        if given.kind == "inst" and wanted.kind == "inst":
            if given.symbol is wanted.symbol:
                return -4 if self._other_arguments(given, wanted) else 2
            return 1 if any(a is wanted.symbol for a, _ in self.lineage(given.symbol)) else -4
        if given.kind == "ext" and wanted.kind == "ext":
            return 2 if given.name == wanted.name else self.foreign_compatible(given.name, wanted.name)
        if given.kind == "list" and wanted.kind == "list":
            return self.compatible_arrays(given, wanted)
        if given.kind == "list" or wanted.kind == "list":
            return self.foreign_compatible("[]", wanted.name)
        if given.kind == "inst" and wanted.kind == "ext":
            return 0 if self.is_open(given.symbol) else self.foreign_compatible("", wanted.name)
        return -4

    def _other_arguments(self, given: Value, wanted: Value) -> bool:
        """Whether two types of one class are surely of different classes in their arguments."""
        pairs = zip(given.args, wanted.args, strict=False)
        sure = [(a[0], b[0]) for a, b in pairs if len(a) == len(b) == 1 and a[0].kind == b[0].kind == "inst"]
        return any(self.compatible(left, right) < 0 for left, right in sure)

    def compatible_arrays(self, given: Value, wanted: Value) -> int:
        """Arrays fit when their elements do; elements that convert to one another do not make arrays that do."""
        left, right = (given.args[0] if given.args else NOTHING), (wanted.args[0] if wanted.args else NOTHING)
        if not left or not right:
            return 0
        score = self.compatible(left[0], right[0])
        plain = left[0].name.startswith("#") or right[0].name.startswith("#")
        return -4 if plain and score < 2 else score

    def foreign_compatible(self, given: str, wanted: str) -> int:
        return -1

    def overrides(self, method: Symbol, receiver: Symbol | None, arity: int) -> list[Symbol]:
        """Definitions of a method anew in the receiver's class or, where none is known, its own, and in the classes below."""
        start = receiver if receiver is not None else method.parent
        found: list[Symbol] = []
        stack, seen = [start] if start is not None else [], set()
        while stack:
            cls = stack.pop()
            if cls.id in seen:
                continue
            seen.add(cls.id)
            same = [s for s in cls.members.get(method.d.name, ()) if s.is_function and "abstract" not in s.d.flags]
            if self.overloaded:
                same = [s for s in same if cls is not method.parent and len(s.d.params) == len(method.d.params)]
            same = [s for s in same if s is not method]
            if len(same) > 1:  # of overloads, the one with the same types
                same = [s for s in same if _parameters(s) == _parameters(method)] or same
            elif same and self.overloaded and not self._same_types(same[0], method):
                same = []
            found.extend(same)
            stack.extend(cls.subclasses)
        # A call that may go to very many classes says which interface it uses, not where it ends.
        return sorted(found, key=lambda s: s.id) if len(found) <= MAX_OVERRIDES else []

    def defined_below(self, cls: Symbol, name: str, arity: int) -> list[Symbol]:
        """Methods of a name that classes below one define, nearest first."""
        found: list[Symbol] = []
        stack, seen = list(cls.subclasses), {cls.id}
        while stack:
            below = stack.pop()
            if below.id not in seen:
                seen.add(below.id)
                held = [s for s in below.members.get(name, ()) if s.is_function and accepts(s, arity)]
                found.extend(s for s in held if cls.d.kind == "interface" or self.is_virtual(s))
                stack.extend(below.subclasses)
        return found

    def _same_types(self, symbol: Symbol, method: Symbol) -> bool:
        """Whether no parameter of one is surely of another type than the other's: that would be an overload, not an override."""
        for left, right in zip(symbol.d.params, method.d.params, strict=True):
            if left.annotation != right.annotation and left.annotation and right.annotation:
                given = self.type_values(left.annotation, symbol.file, symbol.index)[:1]
                wanted = self.type_values(right.annotation, method.file, method.index)[:1]
                plain = [v for v in (*given, *wanted) if v.kind == "ext" and not v.args]
                if len(plain) == 2 and plain[0].name != plain[1].name:
                    return False
        return True

    def with_overrides(self, chosen: list[Symbol], callee: Value, arity: int) -> list[Symbol]:
        """Of what an interface only promises, its implementations too."""
        receiver = callee.owner.symbol if callee.owner is not None and isinstance(callee.owner.symbol, Symbol) else None
        further = [o for s in chosen if self.dispatched(s, callee) for o in self.overrides(s, receiver, arity)]
        return [*chosen, *(s for s in further if s not in chosen)]

    def run_arguments(
        self, values: Values, call: Call, args: list[str], context: Context
    ) -> list[tuple[str, Symbol, int, str]]:
        """Functions given as arguments that the callee runs: (id of the caller, function, line, via). A known runner
        elsewhere runs them from here; a function here that calls its parameter calls what it is given."""
        found: list[tuple[str, Symbol, int, str]] = []
        for position, arg in enumerate(args):
            if arg in ("", "?") or arg[0] in "<=" or arg.endswith(")") or arg.startswith("new "):
                continue
            given = [v for v in self.evaluate(arg, context) if v.kind == "func"]
            functions = [s for v in given for s in v.symbol if s.is_function and not s.is_constructor]
            for value in values if functions else ():
                if value.kind == "func":
                    for chosen in self.with_overrides(self.chosen(value, args, context), value, len(args)):
                        symbol = self.definition_of(chosen)
                        line = self.invokes(symbol, position)
                        if line:
                            found.extend((symbol.id, f, line, "flow") for f in functions)
                elif value.kind in ("extfunc", "extclass"):
                    functions = self.fitting_what_is_passed(functions, call, position, context)
                    known = value.name.rpartition("#")[2].rpartition(".")[2] in self.runners
                    here = context.file.owner_id(context.scope)
                    found.extend((here, f, call.line, "flow" if known else "callback") for f in functions)
        return found

    def fitting_what_is_passed(
        self, functions: list[Symbol], call: Call, position: int, context: Context
    ) -> list[Symbol]:
        """Of several functions of the name given as an argument, those that take what the callee passes on."""
        if len(functions) < 2:
            return functions
        callee = f"{call.receiver}.{call.name}" if call.receiver else call.name
        return self.select(functions, [f"{callee}#{position}.0"], context)

    def invokes(self, symbol: Symbol, position: int) -> int:
        """The line where a function calls the parameter at this position, 0 when it does not."""
        params = symbol.d.params
        rows = (
            symbol.file.calls_by_text.get((symbol.index, "", params[position].name)) if position < len(params) else None
        )
        return symbol.file.facts.calls[rows[0]].line if rows else 0

    def handed(self, callee: Value, position: int, number: int, args: list[str] | None, context: Context) -> Values:
        """`passed`, where the arguments of the call are known."""
        return self.passed(callee, position, number, context)

    def passed(self, callee: Value, position: int, number: int, context: Context) -> Values:
        """What a callee passes as parameter `number` of the function it is given as argument `position`."""
        if callee.kind == "beyond":
            return (callee,)
        if callee.kind != "func":
            return self.callback_parameter(callee, position, number, context)
        for symbol in callee.symbol:
            if position < len(symbol.d.params):
                param = symbol.d.params[position]
                for value in self.bounded(self.type_values(param.annotation, symbol.file, symbol.index)):
                    found = self.functional_parameter(value, number, context)
                    if found:
                        env = self.environment(callee.owner) if callee.owner is not None else {}
                        return self.substitute(found, env)
        return NOTHING

    def passed_here(
        self, callee: Value, position: int, number: int, args: list[str] | None, context: Context
    ) -> Values:
        """`passed` for a function here: its type parameters are learnt from its other arguments."""
        if callee.kind == "class":
            made = self.constructors(callee.symbol)[:1]
            return join(self._passed_by(s, callee, position, number, args, context) for s in made)
        for symbol in self.select(callee.symbol, args, context):
            found = self._passed_by(symbol, callee, position, number, args, context)
            if found:
                return found
        return NOTHING

    def _passed_by(
        self, symbol: Symbol, callee: Value, position: int, number: int, args: list[str] | None, context: Context
    ) -> Values:
        if position >= len(symbol.d.params):
            return NOTHING
        param = symbol.d.params[position]
        for value in self.bounded(self.type_values(param.annotation, symbol.file, symbol.index)):
            found = self.functional_parameter(value, number, context)
            if found:
                env = self.passing_environment(symbol, callee.owner if callee.kind == "func" else callee)
                own = symbol.file.typevars.get(symbol.index, {})
                for place, (other, arg) in enumerate(zip(symbol.d.params, args or (), strict=False)) if own else ():
                    if place != position and arg not in ("", "?"):
                        wanted = self.type_values(other.annotation, symbol.file, symbol.index)
                        self.unify(wanted, self.evaluate(arg, context), own, env)
                return self.substitute(found, env)
        return self.passed_by_body(symbol, param.name, number)

    def passing_environment(self, symbol: Symbol, receiver: Value | None) -> dict[str, Values]:
        """Type parameters of the receiver, where one of its methods passes something on."""
        return dict(self.environment(receiver)) if receiver is not None else {}

    def passed_by_body(self, symbol: Symbol, param: str, number: int) -> Values:
        """What a function's own calls of its parameter pass on."""
        return NOTHING

    def as_instance(self, value: Value, via: str = "type") -> Value:
        kind = {"class": "inst", "extclass": "ext"}.get(value.kind, value.kind)
        return value._replace(kind=kind, via=via)

    def evaluate_lambda(self, value: Value) -> Values:
        return self.evaluate(value.name, value.symbol)

    def unify(
        self, wanted: Values, given: Values, names: Mapping[str, str], env: dict[str, Values], depth: int = 0
    ) -> None:
        """Learn type parameters from one argument: `List<T>` against a `List<Foo>` says T is Foo."""
        if depth > 4:
            return
        for want in wanted:
            if want.kind == "var" and want.name in names:
                concrete = tuple(v for v in given if v.kind not in self.vague)
                if concrete:
                    env.setdefault(want.name, concrete)
            elif want.args:
                for give in given:
                    if give.kind == "lambda":
                        self.unify(
                            tuple(self.lambda_result_slot(want)), self.evaluate_lambda(give), names, env, depth + 1
                        )
                    elif give.kind == want.kind and (give.symbol is want.symbol or give.kind == "list"):
                        for left, right in zip(want.args, give.args, strict=False):
                            self.unify(left, right, names, env, depth + 1)
                    elif give.kind == "class" and want.kind == "ext":
                        self.unify(want.args[0], (self.as_instance(give),), names, env, depth + 1)

    def lambda_result_slot(self, wanted: Value) -> Values:
        """Where a function type holds its result."""
        return tuple(wanted.args[0] if wanted.kind == "callable" else wanted.args[-1])

    def functional_parameter(self, value: Value, number: int, context: Context) -> Values:
        """Parameter `number` of a function type."""
        if value.kind == "callable" and number + 1 < len(value.args):
            return tuple(value.args[number + 1])
        if value.kind == "inst":
            for ancestor, _ in self.lineage(value.symbol):
                for group in ancestor.members.values():
                    for method in group:
                        if method.is_function and "abstract" in method.d.flags and number < len(method.d.params):
                            held = self.type_values(method.d.params[number].annotation, method.file, method.index)
                            return self.substitute(held, self.environment(value))
        return NOTHING
