"""The engine the brace languages share: FileFacts in; which definitions a name, a chain or a call means, out.

It knows scopes, members along the hierarchy and what expressions evaluate to. A family subclasses it to say how names cross
files, what its standard library returns, and how overloads are chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from extractor.facts import MODULE, Binding, Call
from extractor.resolve.chains import Chain, Step, parse_chain, split_top
from extractor.resolve.model import MAX_ACTIVE, NOTHING, Context, File, Symbol, Value, Values, join, seen_from_inside
from extractor.resolve.oo_overloads import Overloads


class Engine(Overloads):
    """Evaluates chains. A family overrides what it knows better."""

    # ------------------------------------------------------------------ names
    def name_values(self, name: str, context: Context) -> Values:
        """What a bare name holds at this place."""
        file, scope, line = context
        while True:
            found = self.local(file, scope, name, line, scope == context.scope)
            if found is not None:
                return found
            symbol = file.symbols[scope] if scope != MODULE else None
            if symbol is not None and symbol.is_function:
                for param in symbol.d.params:
                    if param.name == name:
                        return self.parameter_values(symbol, param.name)
            inside = file.top if symbol is None else symbol.members
            if (symbol is None or symbol.is_function) and name in inside:
                return self.definitions(inside[name], "scope")
            if symbol is not None and symbol.index in file.outside and self.implicit_members:
                found = self.own_member(Value("inst", file.outside[symbol.index]), name, context)
                if found:
                    return seen_from_inside(found)
            elif symbol is not None and symbol.is_class and self.implicit_members:
                found = self.own_member(Value("inst", symbol, self.own_args(symbol)), name, context)
                if found:
                    return seen_from_inside(found)
            if scope == MODULE:
                return self.outer_name(name, context)
            scope = file.around(scope)

    def parameter_values(self, function: Symbol, name: str) -> Values:
        for param in function.d.params:
            if param.name == name and param.annotation:
                values = self.type_values(param.annotation, function.file, function.index)
                return (
                    (Value("list", args=(values,)),)
                    if param.kind == "*" and self.wraps_rest(param.annotation)
                    else values
                )
        return (Value("unknown"),)

    def wraps_rest(self, annotation: str) -> bool:
        return True

    def definitions(self, symbols: Sequence[Symbol], via: str) -> Values:
        """The values of definitions that share a name in one scope."""
        functions = tuple(s for s in symbols if s.is_function)
        out: list[Value] = [Value("func", functions, via=via)] if functions else []
        for symbol in symbols:
            if symbol.is_class:
                out.append(Value("class", symbol, via=via))
            elif symbol.d.kind == "variable" and not functions:
                out.extend(self.variable_values(symbol))
        return tuple(out)

    def variable_values(self, symbol: Symbol) -> Values:
        """What a module's or class's variable holds."""
        key = ("variable", symbol.id)
        if key in self._active:
            return NOTHING
        self._active.add(key)
        try:
            out: list[Values] = [(Value("class", symbol, via="scope"),)] if symbol.is_object else []
            file = symbol.file
            if symbol.d.returns:
                return join([*out, self.type_values(symbol.d.returns, file, symbol.d.scope)])
            for binding in file.binds.get((symbol.d.scope, symbol.d.name), ()):
                out.append(self.binding_values(binding, file))
            return join(out)
        finally:
            self._active.discard(key)

    def local(self, file: File, scope: int, name: str, line: int, here: bool) -> Values | None:
        """What the bindings of a scope say about a name; None when the scope does not bind it."""
        rows = file.binds.get((scope, name))
        if not rows or (scope != MODULE and file.symbols[scope].is_class):
            return None
        visible = [b for b in rows if (b.line <= line or not here) and (not b.end_line or b.line <= line <= b.end_line)]
        if self._hidden:
            visible = [b for b in visible if not any(b is h for h in self._hidden)]
        if not visible:
            return None
        if scope == MODULE and not visible[-1].end_line and (symbols := file.top.get(name)):
            return self.definitions(symbols, "scope")
        out: list[Values] = []
        for binding in reversed(visible):
            if binding.kind in ("declared", "caught"):
                declared = self.binding_values(binding, file)
                return declared if declared or not out else join(out)
            out.append(self.binding_values(binding, file))
            if binding.kind != "again" and (binding.kind != "guarded" or out[-1]):
                break
        else:
            symbol = file.symbols[scope] if scope != MODULE else None
            if symbol is not None and any(p.name == name for p in symbol.d.params):  # assigned over what was given
                out.append(self.parameter_values(symbol, name))
            elif visible[0].kind == "guarded" and not any(out):
                return None  # a test that says nothing of what the name holds
        return join(out) or (Value("unknown"),)

    def binding_values(self, binding: Binding, file: File) -> Values:
        if binding.kind in ("declared", "caught"):
            return self.type_values(binding.text, file, binding.scope)
        if binding.end_line and "#" in binding.text:  # `c.each(c => …)` is called on the outer c
            self._hidden.append(binding)
            try:
                return self.evaluate(binding.text, Context(file, binding.scope, binding.line))
            finally:
                self._hidden.pop()
        # The name on the left is not yet bound to itself: `x = x.next()` reads what stood before.
        return self.evaluate(binding.text, Context(file, binding.scope, binding.line))

    # ------------------------------------------------------------------ members
    def called_member(self, value: Value, name: str, receiver: str, context: Context) -> Values:
        """A member where it is called."""
        found = self.member(value, name, context)
        if receiver in ("this", "self", "super"):
            via = "super" if receiver == "super" else "self"
            return tuple(v._replace(via=via) if v.kind == "func" else v for v in found)
        return found

    def run_whatever(self, call: Call, args: list[str], context: Context, emitter: Any) -> None:
        """`x.map(f)` runs f here, whatever x is, unless that has a method of its own by this name."""
        receivers = self.bounded(self.evaluate(call.receiver, context))
        if any(v.kind == "func" for r in receivers for v in self.called_member(r, call.name, call.receiver, context)):
            return
        for position, arg in enumerate(args):
            if arg in ("", "?") or arg[0] in "<=" or arg.endswith(")"):
                continue
            for value in self.evaluate(arg, context):
                functions = list(value.symbol) if value.kind == "func" else []
                for symbol in self.fitting_what_is_passed(functions, call, position, context):
                    target = self.definition_of(symbol)
                    emitter.edge(context.file.owner_id(context.scope), target.id, "calls", call.line, "flow")

    def error_values(self, name: str, context: Context) -> Values:
        """What a raised or caught name, or a raised expression, means."""
        parsed = self.parse_type(name)
        found = self.named_type(parsed, context.file, context.scope) if "(" not in name else None
        return (found,) if found is not None else self.evaluate(name, context)

    def member(self, value: Value, name: str, context: Context) -> Values:
        """What `value.name` means. Overloads of all ancestors come together, nearest class first."""
        if value.kind not in ("inst", "class") or not isinstance(value.symbol, Symbol):
            if value.kind == "beyond":
                return (value,)
            return self.foreign_member(value, name, context) if value.kind not in ("unknown", "var") else NOTHING
        found = self.own_member(value, name, context)
        if found:
            return found
        beyond = self.is_open(value.symbol)
        return self.open_member(value, beyond, name, context) if beyond is not None else NOTHING

    def own_member(self, value: Value, name: str, context: Context) -> Values:
        """A member that the class or one of its ancestors here defines."""
        functions: list[Symbol] = []
        env = self.environment(value)
        for ancestor, inner in self.lineage(value.symbol):
            members = ancestor.members.get(name, ())
            if not self.split_names:
                functions.extend(s for s in members if s.is_function and "constructor" not in s.d.flags)
                if functions:
                    continue
            mapping = {k: self.substitute(v, env, 1) for k, v in inner.items()} if inner else env
            held = self.field_values(ancestor, name)
            if held is not None:
                return self.substitute(held, mapping) if mapping or held else held or (Value("unknown"),)
            classes = tuple(Value("class", s, via="type") for s in members if s.is_class)
            if classes:
                return classes
        if functions:
            return (Value("func", tuple(functions), via="type", owner=value),)
        return NOTHING

    def open_member(self, value: Value, beyond: Value, name: str, context: Context) -> Values:
        """A member that only an ancestor elsewhere can have."""
        if beyond.kind == "extclass" and beyond.name and beyond.via == "extends":
            kind = "ext" if value.kind == "inst" else "extclass"
            return self.foreign_member(Value(kind, None, beyond.args, beyond.name), name, context)
        return (Value("beyond"),)

    def field_values(self, symbol: Symbol, name: str) -> Values | None:
        """What a field holds, by its declaration or by what its methods assign; None when there is no such field."""
        file = symbol.file
        key = ("field", symbol.id, name)
        rows = file.binds.get((symbol.index, name), [])
        assigned = file.fields.get((symbol.index, name), [])
        variables = [s for s in symbol.members.get(name, ()) if s.d.kind == "variable"]
        if not rows and not assigned and not variables:
            return None
        if key in self._active:
            return NOTHING
        self._active.add(key)
        try:
            declared = [b for b in rows if b.kind == "declared"]
            if declared:
                return self.type_values(declared[-1].text, file, symbol.index)
            out = [self.variable_values(s) for s in variables if s.is_object]
            return join([*out, *(self.binding_values(b, file) for b in (*rows, *assigned))])
        finally:
            self._active.discard(key)

    # ------------------------------------------------------------------ expressions
    def evaluate(self, text: str, context: Context) -> Values:
        """What a chain may be; empty when nothing is known."""
        key = (context.file.number, context.scope, context.line, text)
        known = self._memo.get(key)
        if known is not None:
            return known
        if key in self._active or len(self._active) > MAX_ACTIVE:
            return NOTHING
        self._active.add(key)
        try:
            values = self._evaluate(text, parse_chain(text), context)
        finally:
            self._active.discard(key)
        self._memo[key] = values
        return values

    def _evaluate(self, text: str, chain: Chain, context: Context) -> Values:
        if chain.kind == "unknown":
            return NOTHING
        if chain.kind == "lambda":
            return (Value("lambda", context, (), chain.head),)
        if chain.kind == "value":
            values = self.literal(chain.head, context)
        elif chain.kind == "(":
            values = join(self.evaluate(part, context) for part in split_top(chain.head, "|"))
        elif chain.kind in "[{":
            values = self.collection(chain, context)
        elif chain.kind == "new":
            values = tuple(v._replace(via="self" if v.via == "self" else "new") for v in self.made(chain.head, context))
            if chain.steps and chain.steps[0].op == "#":  # what its constructor passes on
                values = tuple(
                    v._replace(kind={"inst": "class", "ext": "extclass"}.get(v.kind, v.kind)) for v in values
                )
        elif chain.steps and chain.steps[0].op in ("()", "#"):
            values = self.callee(chain.head, context)
        else:
            values = self.head_values(chain.head, context)
        start = chain.end
        for number, step in enumerate(chain.steps):
            if not values:
                return NOTHING
            following = chain.steps[number + 1].op if number + 1 < len(chain.steps) else ""
            values = self._step(values, step, text[:start], following in ("()", "#"), context)
            start = step.end
        return values

    def made(self, name: str, context: Context) -> Values:
        """What `new` of a name gives."""
        return self.type_values(name, context.file, context.scope)

    def head_values(self, head: str, context: Context) -> Values:
        special = self.special_name(head, context)
        return special if special is not None else self.name_values(head, context)

    def callee(self, name: str, context: Context) -> Values:
        """What a bare name means where it is called."""
        return self.head_values(name, context)

    def special_name(self, head: str, context: Context) -> Values | None:
        """`this` and `super`; None for every other name."""
        if head == "this":
            owner = context.file.enclosing_class(context.scope)
            if owner is None:
                return NOTHING
            kind = "inst" if owner.is_class else "class"
            return (Value(kind, owner, self.own_args(owner), via="self"),)
        if head == "super":
            owner = context.file.enclosing_class(context.scope)
            return tuple(self.as_instance(b, "super") for b in owner.bases) if owner else NOTHING
        return None

    def own_args(self, symbol: Symbol) -> tuple[Values, ...]:
        """The class's own type parameters, standing for themselves."""
        names = symbol.file.typevars.get(symbol.index, {})
        return tuple((Value("var", (symbol.file, symbol.index, bound), (), name),) for name, bound in names.items())

    def _step(self, values: Values, step: Step, prefix: str, called: bool, context: Context) -> Values:
        op = step.op
        values = self.bounded(values)
        if op in (".", "->"):
            if op == "->":
                values = join(self.dereferenced(v) for v in values)
            if called:
                return join(self.called_member(v, step.name, prefix, context) for v in values)
            return join(self.member(v, step.name, context) for v in values)
        if op == "()":
            return join(self.result(v, self.arguments(prefix, context), context) for v in values)
        if op in ("[]", "*"):
            return join(self.element(v) for v in values)
        if op == "!":
            return join(self.awaited(v) for v in values)
        if op == "^":
            return join(self.dereferenced(v) for v in values)
        if op == "#":
            position, _, number = step.name.partition(".")
            if prefix.startswith("<") and prefix.endswith(">"):  # a function where this type is wanted
                return join(self.functional_parameter(v, int(number), context) for v in values)
            args = self.arguments(prefix, context)
            return join(self.handed(v, int(position), int(number), args, context) for v in values)
        return NOTHING

    def arguments(self, callee: str, context: Context) -> list[str] | None:
        """The arguments of the call whose text up to its parenthesis is `callee`: of the last one not below this line."""
        cut = max(callee.rfind("."), callee.rfind("->"))
        depth_safe = callee.rfind(">")
        receiver, name = (
            ("", callee)
            if cut < 0 or (cut < depth_safe - 1 and callee.endswith(">"))
            else (callee[:cut], callee[cut:].lstrip(".->"))
        )
        return self.arguments_of(receiver, name, context)

    def arguments_of(self, receiver: str, name: str, context: Context) -> list[str] | None:
        calls = context.file.facts.calls
        best = context.file.calls_at.get((context.scope, receiver, name, context.line), -1)
        if best < 0:  # a chain over several lines begins above the line its last call is on
            rows = context.file.calls_by_text.get((context.scope, receiver, name))
            if not rows:
                return None
            best = min(rows, key=lambda i: (abs(calls[i].line - context.line), i))
        given = context.file.args[best] if best < len(context.file.args) else []
        return given or ["?"] * calls[best].arity

    def result(self, value: Value, args: list[str] | None, context: Context) -> Values:
        """What calling a value gives."""
        if value.kind == "func":
            chosen = self.chosen(value, args, context)
            return join(self.function_result(s, value, args, context) for s in chosen[:4])
        if value.kind == "class":
            return (self.as_instance(value, "new"),)
        if value.kind in ("extfunc", "extclass"):
            return self.foreign_result(value, args or [], context)
        if value.kind == "lambda":
            return self.evaluate_lambda(value)
        if value.kind == "callable" and value.args:
            return tuple(value.args[0])
        return (value,) if value.kind == "beyond" else NOTHING

    def function_result(self, symbol: Symbol, value: Value, args: list[str] | None, context: Context) -> Values:
        returned = self.returns(self.definition_of(symbol)) or self.returns(symbol)
        if not any(v.kind == "var" or v.args for v in returned):
            return returned
        env = self.receiver_environment(symbol, value.owner)
        own = symbol.file.typevars.get(symbol.index, {})
        env.update(self.given_types(own, value))
        if own and args:
            for param, arg in zip(symbol.d.params, args, strict=False):
                wanted = self.type_values(param.annotation, symbol.file, symbol.index)
                if arg not in ("", "?"):
                    self.unify(wanted, self.evaluate(arg, context), own, env)
        return self.substitute(returned, env)

    def returns(self, symbol: Symbol) -> Values:
        """What a function returns: as declared, else what its return statements hold."""
        known = self._returns.get(symbol.id)
        if known is not None:
            return known
        key = ("returns", symbol.id)
        if key in self._active:
            return NOTHING
        self._active.add(key)
        try:
            values = self.declared_returns(symbol)
        finally:
            self._active.discard(key)
        self._returns[symbol.id] = values
        return values

    def declared_returns(self, symbol: Symbol) -> Values:
        if symbol.d.returns and symbol.d.returns != "auto":
            return self.type_values(symbol.d.returns, symbol.file, symbol.index)
        rows = symbol.file.binds.get((symbol.index, "return"), ())
        return join(self.binding_values(b, symbol.file) for b in rows)
