"""The engine the brace languages share: FileFacts in; which definitions a name, a chain or a call means, out.

It knows scopes, classes with type parameters, members along the hierarchy and what expressions evaluate to. A family
subclasses it to say how names cross files, what its standard library returns, and how overloads are chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from extractor.facts import MODULE, Base, Binding, Call, Definition, FileFacts
from extractor.resolve.chains import Chain, Step, TypeText, parse_chain
from extractor.schema import symbol_id

MAX_VALUES: Final = 8  # more alternatives than this are nothing known
MAX_OVERRIDES: Final = 12
MAX_DEPTH: Final = 24
CLASSES: Final = frozenset(("class", "interface"))
FUNCTIONS: Final = frozenset(("function", "method"))


class Symbol:
    """One definition. `members` are the definitions directly inside it, by name."""

    __slots__ = ("ancestors", "bases", "d", "file", "id", "index", "members", "subclasses")

    def __init__(self, file: File, index: int, d: Definition) -> None:
        self.file = file
        self.index = index
        self.d = d
        self.id = symbol_id(file.facts.prefix, file.facts.path, d.qualname, d.ordinal)
        self.members: dict[str, list[Symbol]] = {}
        self.bases: list[Value] = []
        self.subclasses: list[Symbol] = []
        self.ancestors: list[tuple[Symbol, dict[str, Values]]] | None = None

    @property
    def is_class(self) -> bool:
        return self.d.kind in CLASSES

    @property
    def is_function(self) -> bool:
        return self.d.kind in FUNCTIONS

    @property
    def is_object(self) -> bool:
        """A variable that holds an object with members of its own."""
        return self.d.kind == "variable" and (bool(self.members) or self.index in self.file.objects)

    @property
    def is_constructor(self) -> bool:
        """A JavaScript function with a prototype: what makes it a class is that it has methods."""
        return self.d.kind == "function" and any(m.d.kind == "method" for group in self.members.values() for m in group)

    @property
    def parent(self) -> Symbol | None:
        return self.file.symbols[self.d.scope] if self.d.scope != MODULE else None

    def __repr__(self) -> str:
        return self.id


class Value(NamedTuple):
    """What an expression may be. `kind`: inst and class (of a class here, `symbol`), ext and extclass (of one elsewhere,
    `name`), func (`symbol` a tuple of overloads), extfunc, module, ns, var (a type parameter), lambda (`name` its chain,
    `symbol` its context), list (an array of `args`). `args` are type arguments; `owner` the receiver of a func."""

    kind: str
    symbol: Any = None
    args: tuple[Any, ...] = ()
    name: str = ""
    via: str = "type"
    owner: Any = None


Values = tuple[Value, ...]
NOTHING: Final[Values] = ()


class File:
    """One file's facts, indexed for look-up."""

    __slots__ = (
        "args", "binds", "calls_by_text", "facts", "fields", "found", "number", "objects", "outside", "symbols", "top",
        "typevars",
    )  # fmt: skip

    def __init__(self, number: int, facts: FileFacts) -> None:
        self.number = number
        self.facts = facts
        self.symbols = [Symbol(self, index, d) for index, d in enumerate(facts.defs)]
        self.top: dict[str, list[Symbol]] = {}
        for symbol in self.symbols:
            parent = symbol.parent
            (self.top if parent is None else parent.members).setdefault(symbol.d.name, []).append(symbol)
        extra = facts.extra or {}
        self.args: list[list[str]] = extra.get("args", [])
        self.typevars: dict[int, dict[str, str]] = {}
        for scope, name, bound in extra.get("typevars", ()):
            self.typevars.setdefault(scope, {})[name] = bound
        self.outside: dict[int, Symbol] = {}  # functions defined outside their class, and the class
        self.objects = {b.scope for b in facts.bindings}
        self.binds: dict[tuple[int, str], list[Binding]] = {}
        self.fields: dict[tuple[int, str], list[Binding]] = {}
        for binding in facts.bindings:
            if binding.name.startswith("self."):
                owner = self.enclosing_class(binding.scope)
                if owner is not None:
                    self.fields.setdefault((owner.index, binding.name[5:]), []).append(binding)
            else:
                self.binds.setdefault((binding.scope, binding.name), []).append(binding)
        self.calls_by_text: dict[tuple[int, str, str], list[int]] = {}
        for index, call in enumerate(facts.calls):
            self.calls_by_text.setdefault((call.scope, call.receiver, call.name), []).append(index)
        self.found: dict[str, Any] = {}  # what a family learns about the file: its imports, its includes

    @property
    def id(self) -> str:
        return f"{self.facts.prefix}:{self.facts.path}"

    def enclosing_class(self, scope: int) -> Symbol | None:
        lexical = False  # an arrow function has the `this` of the scope around it, not of the object that holds it
        while scope != MODULE:
            if scope in self.outside:
                return self.outside[scope]
            symbol = self.symbols[scope]
            if symbol.is_class or symbol.is_constructor or (symbol.is_object and not lexical):
                return symbol
            if symbol.is_function:
                lexical = "arrow" in symbol.d.flags
            scope = symbol.d.scope
        return None

    def owner_id(self, scope: int) -> str:
        """The node that code in `scope` belongs to: the innermost function or class, else the module."""
        while scope != MODULE and self.symbols[scope].d.kind == "variable":
            scope = self.symbols[scope].d.scope
        return self.symbols[scope].id if scope != MODULE else self.id


class Context(NamedTuple):
    """Where an expression stands."""

    file: File
    scope: int
    line: int


class Engine:
    """Evaluates chains. A family overrides the methods of the middle section."""

    parse_type: Callable[[str], TypeText]
    root: Values = ()  # what a type parameter without a bound is at least
    split_names = False  # fields and methods of one name live side by side
    implicit_members = True  # a bare name inside a class may be a member

    def __init__(self, files: Sequence[FileFacts], configs: Mapping[str, str]) -> None:
        self.configs = configs
        self.files = [File(number, facts) for number, facts in enumerate(files)]
        self._memo: dict[tuple[int, int, int, str], Values] = {}
        self._active: set[tuple[Any, ...]] = set()
        self._returns: dict[str, Values] = {}

    # ------------------------------------------------------------------ what a family says
    def type_name(self, name: str, file: File, scope: int) -> Value | None:
        """What a (dotted) name means where a type is expected: a class, extclass or var."""
        raise NotImplementedError

    def outer_name(self, name: str, context: Context) -> Values:
        """What a bare name means that no scope of its own file defines."""
        raise NotImplementedError

    def foreign_member(self, value: Value, name: str, context: Context) -> Values:
        """A member of something that is not a class here: ext, extclass, module, ns, list."""
        raise NotImplementedError

    def foreign_result(self, value: Value, args: list[str], context: Context) -> Values:
        """What calling an extfunc or extclass gives."""
        raise NotImplementedError

    def element(self, value: Value) -> Values:
        """What iterating over a value, or indexing it, gives."""
        raise NotImplementedError

    def awaited(self, value: Value) -> Values:
        return (value,)

    def dereferenced(self, value: Value) -> Values:
        return (value,)

    def callback_parameter(self, callee: Value, position: int, number: int, context: Context) -> Values:
        """What a callee from elsewhere passes as parameter `number` of the function that is its argument `position`."""
        return NOTHING

    def literal(self, text: str, context: Context) -> Values:
        return self.type_values(text, context.file, context.scope)

    def called_member(self, value: Value, name: str, receiver: str, context: Context) -> Values:
        """A member where it is called."""
        found = self.member(value, name, context)
        if receiver in ("this", "self", "super"):
            via = "super" if receiver == "super" else "self"
            return tuple(v._replace(via=via) if v.kind == "func" else v for v in found)
        return found

    def special_call(self, call: Call, context: Context, args: list[str], emitter: Any) -> Any:
        """An Outcome for calls that name nothing, as `super(…)`; None for all others."""
        return None

    def constructed(self, call: Call, context: Context) -> Values:
        """The class that a `new` names."""
        found = self.type_name(self.parse_type(call.name).name, context.file, context.scope)
        return (found,) if found is not None else NOTHING

    def constructors(self, symbol: Symbol) -> list[Symbol]:
        return [s for group in symbol.members.values() for s in group if "constructor" in s.d.flags]

    def base_value(self, file: File, base: Base) -> Value | None:
        """The class or extclass that a base names, with its type arguments."""
        parsed = self.parse_type(base.name)
        scope = file.symbols[base.scope].d.scope
        found = self.type_name(parsed.name, file, scope)
        if found is None or found.kind not in ("class", "extclass") or found.symbol is file.symbols[base.scope]:
            return None
        args = tuple(self.instances(a, file, base.scope) for a in self.base_args(file, base))
        return found._replace(args=args, via=base.kind)

    def base_args(self, file: File, base: Base) -> tuple[TypeText, ...]:
        texts = (file.facts.extra or {}).get("baseargs", {})
        text = texts.get(f"{base.scope}.{base.position}", "")
        return self.parse_type(text).args if text else ()

    implements_interfaces = False  # a base written like a superclass may be an interface

    def error_values(self, name: str, context: Context) -> Values:
        """What a raised or caught name, or a raised expression, means."""
        parsed = self.parse_type(name)
        found = self.type_name(parsed.name, context.file, context.scope) if "(" not in name else None
        return (found,) if found is not None else self.evaluate(name, context)

    def definition_of(self, symbol: Symbol) -> Symbol:
        """The definition behind a mere declaration."""
        return symbol

    def is_abstract(self, symbol: Symbol) -> bool:
        return "abstract" in symbol.d.flags

    def call_operator(self, value: Value, args: list[str], context: Context) -> list[tuple[Symbol, str]]:
        """What calling an instance runs."""
        return []

    def called_variable(self, call: Call, context: Context) -> Symbol | None:
        """The constant that a call names when what the constant holds is not known by name."""
        return None

    runners: frozenset[str] = frozenset()  # functions elsewhere that run the functions they are given

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
                    for symbol in self.select(value.symbol, args, context):
                        line = self.invokes(symbol, position)
                        if line:
                            found.extend((symbol.id, f, line, "flow") for f in functions)
                elif value.kind in ("extfunc", "extclass"):
                    known = value.name.rpartition("#")[2].rpartition(".")[2] in self.runners
                    here = context.file.owner_id(context.scope)
                    found.extend((here, f, call.line, "flow" if known else "callback") for f in functions)
        return found

    def invokes(self, symbol: Symbol, position: int) -> int:
        """The line where a function calls the parameter at this position, 0 when it does not."""
        params = symbol.d.params
        rows = (
            symbol.file.calls_by_text.get((symbol.index, "", params[position].name)) if position < len(params) else None
        )
        return symbol.file.facts.calls[rows[0]].line if rows else 0

    def unknown_type_reason(self, name: str, file: File) -> str:
        return "missing_module"

    def unknown_name_reason(self, name: str, context: Context) -> str:
        return "missing_module"

    def unknown_receiver_reason(self, receiver: str, context: Context) -> str:
        return "unknown_receiver"

    # ------------------------------------------------------------------ types
    def type_values(self, text: str, file: File, scope: int) -> Values:
        """Instances of a declared type."""
        return self.instances(self.parse_type(text), file, scope) if text else NOTHING

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
        found = self.type_name(parsed.name, file, scope)
        if found is None:
            return NOTHING
        if found.kind == "alias":
            return self.alias_values(found, depth)
        args = tuple(self.instances(a, file, scope, depth + 1) for a in parsed.args)
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
        try:
            return self.instances(self.parse_type(symbol.d.returns), symbol.file, symbol.d.scope, depth + 1)
        finally:
            self._active.discard(key)

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
        return join([tuple(out)])

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

    def is_open(self, symbol: Symbol) -> Value | None:
        """The first ancestor outside the repository, superclasses before interfaces: beyond it nothing can be said to be missing."""
        outside = [b for ancestor, _ in self.lineage(symbol) for b in ancestor.bases if b.kind != "class"]
        return min(outside, key=lambda b: b.via != "extends") if outside else None

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
            if symbol is not None and symbol.index in file.outside:
                found = self.own_member(Value("inst", file.outside[symbol.index]), name, context)
                if found:
                    return seen_from_inside(found)
            elif symbol is not None and symbol.is_class and self.implicit_members:
                found = self.own_member(Value("inst", symbol, self.own_args(symbol)), name, context)
                if found:
                    return seen_from_inside(found)
            if scope == MODULE:
                return self.outer_name(name, context)
            scope = file.symbols[scope].d.scope

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
            if binding.kind != "again":
                break
        return join(out) or (Value("unknown"),)

    def binding_values(self, binding: Binding, file: File) -> Values:
        if binding.kind in ("declared", "caught"):
            return self.type_values(binding.text, file, binding.scope)
        # The name on the left is not yet bound to itself: `x = x.next()` reads what stood before.
        return self.evaluate(binding.text, Context(file, binding.scope, binding.line))

    # ------------------------------------------------------------------ members
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
        if key in self._active or len(self._active) > 200:
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
        elif chain.kind == "new":
            values = self.type_values(chain.head, context.file, context.scope)
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

    def as_instance(self, value: Value, via: str = "type") -> Value:
        kind = {"class": "inst", "extclass": "ext"}.get(value.kind, value.kind)
        return value._replace(kind=kind, via=via)

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
            return join(self.passed(v, int(position), int(number), context) for v in values)
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
        rows = context.file.calls_by_text.get((context.scope, receiver, name))
        if not rows:
            return None
        calls = context.file.facts.calls
        # A chain over several lines begins above the line its last call is on.
        best = min(rows, key=lambda i: (abs(calls[i].line - context.line), i))
        given = context.file.args[best] if best < len(context.file.args) else []
        return given or ["?"] * calls[best].arity

    def result(self, value: Value, args: list[str] | None, context: Context) -> Values:
        """What calling a value gives."""
        if value.kind == "func":
            chosen = self.select(value.symbol, args, context)
            return join(self.function_result(s, value, args, context) for s in chosen[:4])
        if value.kind == "class":
            return (self.as_instance(value),)
        if value.kind in ("extfunc", "extclass"):
            return self.foreign_result(value, args or [], context)
        if value.kind == "lambda":
            return self.evaluate_lambda(value)
        if value.kind == "callable" and value.args:
            return tuple(value.args[0])
        return (value,) if value.kind == "beyond" else NOTHING

    def evaluate_lambda(self, value: Value) -> Values:
        return self.evaluate(value.name, value.symbol)

    def function_result(self, symbol: Symbol, value: Value, args: list[str] | None, context: Context) -> Values:
        returned = self.returns(self.definition_of(symbol)) or self.returns(symbol)
        if not any(v.kind == "var" or v.args for v in returned):
            return returned
        env: dict[str, Values] = {}
        owner, receiver = symbol.parent, value.owner
        if receiver is not None and owner is not None and isinstance(receiver.symbol, Symbol):
            base = self.environment(receiver)
            for ancestor, inner in self.lineage(receiver.symbol):
                if ancestor.id == owner.id:
                    env.update({k: self.substitute(v, base, 1) for k, v in inner.items()} if inner else base)
        own = symbol.file.typevars.get(symbol.index, {})
        env.update(zip(own, value.args, strict=False))
        if own and args:
            for param, arg in zip(symbol.d.params, args, strict=False):
                wanted = self.type_values(param.annotation, symbol.file, symbol.index)
                if arg not in ("", "?"):
                    self.unify(wanted, self.evaluate(arg, context), own, env)
        return self.substitute(returned, env)

    def unify(
        self, wanted: Values, given: Values, names: Mapping[str, str], env: dict[str, Values], depth: int = 0
    ) -> None:
        """Learn type parameters from one argument: `List<T>` against a `List<Foo>` says T is Foo."""
        if depth > 4:
            return
        for want in wanted:
            if want.kind == "var" and want.name in names:
                concrete = tuple(v for v in given if v.kind not in ("lambda", "unknown", "var"))
                if concrete:
                    env.setdefault(want.name, concrete)
            elif want.args:
                for give in given:
                    if give.kind == "lambda":
                        self.unify(
                            tuple(self.lambda_result_slot(want)), self.evaluate_lambda(give), names, env, depth + 1
                        )
                    elif give.kind == want.kind and (give.symbol is want.symbol):
                        for left, right in zip(want.args, give.args, strict=False):
                            self.unify(left, right, names, env, depth + 1)
                    elif give.kind == "class" and want.kind == "ext":
                        self.unify(want.args[0], (self.as_instance(give),), names, env, depth + 1)

    def lambda_result_slot(self, wanted: Value) -> Values:
        """Where a function type holds its result."""
        return tuple(wanted.args[0] if wanted.kind == "callable" else wanted.args[-1])

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

    def passed(self, callee: Value, position: int, number: int, context: Context) -> Values:
        """What a callee passes as parameter `number` of the function it is given as argument `position`."""
        if callee.kind == "beyond":
            return (callee,)
        if callee.kind != "func":
            return self.callback_parameter(callee, position, number, context)
        for symbol in callee.symbol:
            if position < len(symbol.d.params):
                param = symbol.d.params[position]
                for value in self.type_values(param.annotation, symbol.file, symbol.index):
                    found = self.functional_parameter(value, number, context)
                    if found:
                        env = self.environment(callee.owner) if callee.owner is not None else {}
                        return self.substitute(found, env)
        return NOTHING

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

    # ------------------------------------------------------------------ overloads and overrides
    def select(self, symbols: Sequence[Symbol], args: list[str] | None, context: Context) -> list[Symbol]:
        """The overloads a call may mean: those that take so many arguments, of the nearest class that has any, and among
        them those whose parameter types fit what is known of the arguments."""
        if args is None or len(symbols) == 1:
            return [s for s in symbols if s.parent is symbols[0].parent]
        fitting = [s for s in symbols if accepts(s, len(args))] or list(symbols)
        exact = [s for s in fitting if not any(p.kind in ("*", "**") for p in s.d.params)]
        fitting = exact or fitting
        if len(fitting) > 1:
            scored = [(self.fit(s, args, context), s) for s in fitting]
            best = max(score for score, _ in scored)
            fitting = [s for score, s in scored if score == best]
        nearest = fitting[0].parent
        return [s for s in fitting if s.parent is nearest]

    def fit(self, symbol: Symbol, args: Sequence[str], context: Context) -> int:
        """How well arguments fit parameters: +2 for each exact type, +1 for a subtype, -4 for each that cannot be."""
        score = 0
        for param, arg in zip(symbol.d.params, args, strict=False):
            if arg in ("", "?") or not param.annotation:
                continue
            given = self.evaluate(arg, context)
            wanted = self.type_values(param.annotation, symbol.file, symbol.index)
            if given and wanted:
                spread = param.kind == "*" and given[0].kind == "list" and wanted[0].kind != "list" and given[0].args
                first = given[0].args[0][:1] if spread else given[:1]
                score += self.compatible(first[0], wanted[0]) if first else 0
        return score

    def compatible(self, given: Value, wanted: Value) -> int:
        if wanted.kind in ("var", "unknown") or given.kind in ("var", "unknown"):
            return 0
        if given.kind == "lambda":
            return 1 if wanted.kind in ("callable", "ext", "inst") else -4
        if given.kind == "inst" and wanted.kind == "inst":
            if given.symbol is wanted.symbol:
                return 2
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
        """Implementations of an abstract method in the subclasses of the receiver's class, or of its own."""
        start = receiver if receiver is not None else method.parent
        found: list[Symbol] = []
        stack, seen = [start] if start is not None else [], set()
        while stack:
            cls = stack.pop()
            if cls.id in seen:
                continue
            seen.add(cls.id)
            for candidate in cls.members.get(method.d.name, ()):
                same = len(candidate.d.params) == len(method.d.params)
                if candidate.is_function and candidate is not method and "abstract" not in candidate.d.flags and same:
                    found.append(candidate)
            stack.extend(cls.subclasses)
        # A call that may go to very many classes says which interface it uses, not where it ends.
        return sorted(found, key=lambda s: s.id) if len(found) <= MAX_OVERRIDES else []


def seen_from_inside(values: Values) -> Values:
    """Members named without a receiver are found on the object itself."""
    return tuple(v._replace(via="self") if v.kind == "func" else v for v in values)


def accepts(symbol: Symbol, count: int) -> bool:
    """Whether a function can be called with so many arguments."""
    params = symbol.d.params
    if any(p.kind in ("*", "**") for p in params):
        return count >= sum(1 for p in params if not p.default and p.kind not in ("*", "**", "?"))
    return sum(1 for p in params if not p.default and p.kind != "?") <= count <= len(params)


def join(groups: Iterable[Values]) -> Values:
    """All values of several groups, each once, in order; too many are nothing known."""
    out: list[Value] = []
    seen: set[Any] = set()
    for group in groups:
        for value in group:
            key = (value.kind, value_key(value.symbol), value.name, len(value.args))
            if key not in seen or (value.args and value not in out):
                seen.add(key)
                out.append(value)
    return tuple(out) if len(out) <= MAX_VALUES else NOTHING


def value_key(symbol: Any) -> Any:
    if isinstance(symbol, Symbol):
        return symbol.id
    if isinstance(symbol, tuple):
        return tuple(value_key(s) for s in symbol)
    return symbol.number if isinstance(symbol, File) else symbol
