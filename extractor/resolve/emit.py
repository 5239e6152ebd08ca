"""The linking pass the brace languages share: an Engine in, Links out: bases, calls, throws' names and externals.

Every call ends in exactly one of three ways: edges to definitions here, an edge to an `ext:` node, or an unresolved row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from extractor.facts import Call
from extractor.parse.collect import bare
from extractor.resolve import Links
from extractor.resolve.common import CONFIDENCE, MAX_CANDIDATES, candidates, external_node
from extractor.resolve.model import MAX_OVERRIDES, Context, File, Symbol, Value, Values, accepts, join
from extractor.resolve.oo import Engine
from extractor.schema import Edge, Node, Unresolved, external_id

# Calls that no name states, as their edges say. One that means nothing here is a call of the language's and leaves no trace.
IMPLIED: Final = frozenset(("operator", "with", "iteration", "destructor"))


class Outcome(NamedTuple):
    """What one call means. `targets` are (node id, via); `external` is package#name; `reason` why there is nothing."""

    targets: tuple[tuple[str, str], ...] = ()
    external: str = ""
    reason: str = ""
    candidates: tuple[str, ...] = ()
    instantiates: str = ""


class Emitter:
    """Runs an engine over every file and collects the rows."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.links = Links()
        self.externals: dict[str, Node] = {}
        self._edges: dict[tuple[str, str, str, int], Edge] = {}

    # ------------------------------------------------------------------ rows
    def edge(self, src: str, dst: str, kind: str, line: int, via: str, **meta: Any) -> None:
        """Add an edge once; of two that say the same the surer one stays."""
        confidence = CONFIDENCE.get(via, 0.9)
        key = (src, dst, kind, line)
        known = self._edges.get(key)
        if known is None or known.confidence < confidence:
            self._edges[key] = Edge(src, dst, kind, line, confidence, via, {k: v for k, v in meta.items() if v})

    def external(self, name: str, lang: str) -> str:
        """The id of `package#name`, its node made when first asked for."""
        package, _, member = name.partition("#")
        node_id = external_id(package, member)
        if node_id not in self.externals:
            self.externals[node_id] = external_node(package, member, lang)
        return node_id

    def unresolved(self, src: str, kind: str, name: str, line: int, reason: str, ids: Sequence[str] = ()) -> None:
        self.links.unresolved.append(Unresolved(src, kind, name, line, reason, candidates(list(ids))))

    def calls_from(self, src: str) -> list[tuple[str, int]]:
        """(target here, line) of the calls found so far from one node."""
        found = [(e.dst, e.line) for e in self._edges.values() if e.src == src and e.kind == "calls"]
        return sorted(f for f in found if not f[0].startswith("ext:"))

    def finish(self) -> Links:
        links = self.links
        links.edges.extend(self._edges[key] for key in sorted(self._edges))
        links.nodes.extend(self.externals[key] for key in sorted(self.externals))
        rows = {(u.src, u.kind, u.name, u.line): u for u in reversed(links.unresolved)}
        links.unresolved[:] = [rows[key] for key in sorted(rows)]
        return links

    # ------------------------------------------------------------------ classes
    def resolve_bases(self) -> None:
        """Give every class its bases. Twice, since a base may be a type that an enclosing class inherits."""
        for _ in range(2):
            for file in self.engine.files:
                for symbol in file.symbols:
                    symbol.bases = []
                for base in file.facts.bases:
                    value = self.engine.base_value(file, base)
                    file.symbols[base.scope].bases.append(value or Value("beyond", via=base.kind))
            for file in self.engine.files:
                for symbol in file.symbols:
                    symbol.ancestors = None
                    symbol.subclasses = []
        for file in self.engine.files:
            for symbol in file.symbols:
                for value in symbol.bases:
                    if value.kind == "class" and symbol not in value.symbol.subclasses:
                        value.symbol.subclasses.append(symbol)

    def emit_bases(self) -> None:
        for file in self.engine.files:
            for base in file.facts.bases:
                symbol = file.symbols[base.scope]
                value = self.engine.base_value(file, base)
                kind = "extends" if base.kind == "mixin" else base.kind
                if base.kind == "mixin" and (
                    value is None or (value.kind == "class" and value.symbol.d.kind == "variable")
                ):
                    continue
                if value is None:
                    self.unresolved(
                        symbol.id, kind, base.name, base.line, self.engine.unknown_type_reason(base.name, file)
                    )
                    continue
                if value.kind == "class":
                    target = value.symbol.id
                    via = "scope" if value.symbol.file is file else "import"
                    if kind == "extends" and self.engine.implements_interfaces:
                        both = symbol.d.kind == "interface" or value.symbol.d.kind != "interface"
                        kind = "extends" if both else "implements"
                else:
                    target, via = self.external(value.name, file.facts.lang), "import"
                self.edge(symbol.id, target, kind, base.line, via, position=base.position)

    # ------------------------------------------------------------------ calls
    def emit_owners(self) -> None:
        """`defined_in` from each method written in another file than its type to that type."""
        for file in self.engine.files:
            for index, owner in sorted(file.outside.items()):
                method = file.symbols[index]
                if owner.file is not file:
                    line = method.d.start_line
                    self.links.edges.append(Edge(method.id, owner.id, "defined_in", line, 1.0, "syntax"))

    def emit_calls(self) -> None:
        self.engine.settle()
        for file in self.engine.files:
            for index, call in enumerate(file.facts.calls):
                self.emit_call(file, index, call)

    def emit_call(self, file: File, index: int, call: Call) -> None:
        src = file.owner_id(call.scope)
        outcome = self.outcome(file, index, call)
        if call.kind in IMPLIED:
            outcome = Outcome(tuple((t, via if via == "override" else call.kind) for t, via in outcome.targets))
        n = len(outcome.targets)
        for target, via in outcome.targets:
            self.edge(src, target, "calls", call.line, via, col=call.col, n_candidates=n if n > 1 else 0,
                      instantiates=outcome.instantiates)  # fmt: skip
        if outcome.external:
            self.edge(src, self.external(outcome.external, file.facts.lang), "calls", call.line, "import", col=call.col)
        elif not outcome.targets and outcome.reason:
            joint = {"arrow": "->", "scoped": "::"}.get(call.kind, ".")
            shown = f"{call.receiver.removesuffix('::')}{joint}{call.name}" if call.receiver else call.name
            self.unresolved(src, "calls", shown, call.line, outcome.reason, outcome.candidates)

    def outcome(self, file: File, index: int, call: Call) -> Outcome:
        engine = self.engine
        context = Context(file, call.scope, call.line)
        args = file.args[index] if index < len(file.args) and file.args[index] else ["?"] * call.arity
        if call.kind == "new":
            return self.instantiation(call, context, args)
        special: Outcome | None = engine.special_call(call, context, args, self)
        if special is not None:
            return special
        if not call.receiver:
            receivers: Values = ()
            values = engine.callee(call.name, context)
            if not values:
                variable = engine.called_variable(call, context)
                if variable is not None:
                    return Outcome(((variable.id, "flow"),))
                return Outcome(reason=engine.unknown_name_reason(call.name, context))
        else:
            receivers = engine.bounded(engine.evaluate(call.receiver, context))
            if not receivers:
                return Outcome(reason=engine.unknown_receiver_reason(call.receiver, context))
            values = join(engine.called_member(v, call.name, call.receiver, context) for v in receivers)
            if not values:
                variable = engine.called_variable(call, context)
                return (
                    Outcome(((variable.id, "flow"),)) if variable is not None else self.missing_member(receivers, call)
                )
        outcome = self.targets(values, call, args, context)
        if outcome.external or outcome.reason == "external":
            below = self._below(receivers, call, args)
            outcome = outcome._replace(targets=tuple((i, "override") for i in sorted({s.id for s in below})))
        return outcome

    def missing_member(self, receivers: Values, call: Call) -> Outcome:
        if any(v.kind in ("ext", "extclass", "extfunc", "beyond") for v in receivers):
            return Outcome(reason="external")
        if any(v.kind in ("unknown", "var", "lambda", "callable") for v in receivers):
            return Outcome(reason="dynamic" if receivers[0].kind in ("lambda", "callable") else "unknown_receiver")
        return Outcome(reason="unknown_receiver")

    def targets(self, values: Values, call: Call, args: list[str], context: Context) -> Outcome:
        """The definitions behind what is called."""
        engine = self.engine
        for src, function, line, via in engine.run_arguments(values, call, args, context) if args else ():
            self.edge(src, engine.definition_of(function).id, "calls", line, via)
        found: dict[str, str] = {}
        external, reason, made = "", "", ""
        several: tuple[str, ...] = ()
        for value in values:
            if value.kind == "func":
                usable = args if call.kind != "ref" else None
                chosen = engine.chosen(value, usable, context)
                if usable is None and len(chosen) > 1 and args:
                    chosen = engine.taking(chosen, args, context)
                if len(chosen) > 1:
                    chosen = engine.narrowed(chosen, call, args, context)
                if len(chosen) > MAX_CANDIDATES:  # so many say only what the name is
                    reason = reason or "ambiguous"
                    several = tuple(engine.definition_of(s).id for s in chosen)
                    continue
                if engine.undecided(chosen):  # nothing tells them apart: what is left is a list of candidates
                    value = value._replace(via="ambiguous")
                for symbol in chosen:
                    found.setdefault(engine.definition_of(symbol).id, value.via)
                    if engine.dispatches(symbol, value, call, context):
                        found.update(
                            (o, "override") for o in self._overrides(symbol, value, len(args)) if o not in found
                        )
            elif value.kind == "class" and value.symbol.d.kind == "variable":
                reason = reason or "dynamic"  # an object is no function
            elif value.kind == "class":
                outcome = self.constructor(value, args, context)
                found.update(dict(outcome.targets))
                made = outcome.instantiates or made
            elif value.kind in ("extfunc", "extclass"):
                external = external or value.name
            elif value.kind == "inst":
                run = engine.call_operator(value, args, context)
                on = call._replace(receiver=call.receiver or call.name)
                kept = engine.narrowed([s for s, _ in run], on, args, context) if len(run) > 1 else []
                for symbol, via in run:
                    if not kept or symbol in kept:
                        found.setdefault(symbol.id, via)
            elif value.kind in ("beyond", "ext"):
                reason = reason or "external"
            else:
                reason = reason or ("unknown_receiver" if value.kind in ("unknown", "var") else "dynamic")
        if found:
            concrete = {k: v for k, v in found.items() if v != "override"}
            if len(concrete) > 1:
                found = {
                    k: ("flow:many" if v not in ("override", "variant", "ambiguous") else v) for k, v in found.items()
                }
            return Outcome(tuple(sorted(found.items())), "", "", (), made)
        if not external:
            variable = engine.called_variable(call, context)
            if variable is not None:
                return Outcome(((variable.id, "flow"),))
        return Outcome((), external, "" if external else reason or "dynamic", several)

    def _below(self, receivers: Values, call: Call, args: list[str]) -> list[Symbol]:
        """Methods that an ancestor elsewhere declares, where classes here below the receiver's define them."""
        found = [
            self.engine.definition_of(s)
            for v in receivers
            if v.kind == "inst" and v.via != "new" and isinstance(v.symbol, Symbol) and self.engine.is_open(v.symbol)
            for s in self.engine.defined_below(v.symbol, call.name, len(args))
        ]
        return found if len(found) <= MAX_OVERRIDES else []

    def _overrides(self, symbol: Symbol, value: Value, arity: int) -> list[str]:
        owner = value.owner.symbol if value.owner is not None and isinstance(value.owner.symbol, Symbol) else None
        return [self.engine.definition_of(o).id for o in self.engine.overrides(symbol, owner, arity)]

    def instantiation(self, call: Call, context: Context, args: list[str]) -> Outcome:
        values = self.engine.constructed(call, context)
        several = [v for v in values if v.kind == "class" and v.symbol.d.kind != "variable"]
        if len(several) > 1:
            return self.targets(tuple(several), call, args, context)
        for value in values:
            if value.kind == "class":
                return self.constructor(value, args, context)
            if value.kind in ("extclass", "extfunc"):
                return Outcome(external=value.name)
        if values:
            return self.targets(values, call, args, context)
        return Outcome(reason=self.engine.unknown_type_reason(bare(call.name), context.file))

    def constructor(self, value: Value, args: list[str], context: Context) -> Outcome:
        """The constructor that runs, or the class itself when none is written."""
        symbol: Symbol = value.symbol
        via = "scope" if symbol.file is context.file else "import"
        found = self.engine.constructors(symbol)
        if found:
            chosen = self.engine.chosen(value._replace(symbol=tuple(found), owner=value), args, context)
            fitting = [s for s in chosen if accepts(s, len(args))] or chosen
            unfit = not fitting or not accepts(fitting[0], len(args)) or self.engine.fit(fitting[0], args, context) < 0
            if not fitting or ("record" in symbol.d.flags and unfit):  # the one that nobody writes
                return Outcome(((symbol.id, via),), instantiates=symbol.id)
            if len(fitting) > 1:
                made = Call(context.scope, "", symbol.d.name, context.line, 0, len(args), "new")
                fitting = self.engine.narrowed(fitting, made, args, context)
            if len({self.engine.definition_of(s).id for s in fitting}) > 1:
                via = "flow:many" if len(fitting) <= self.engine.max_overloads else "ambiguous"
            return Outcome(tuple((self.engine.definition_of(s).id, via) for s in fitting), instantiates=symbol.id)
        if symbol.d.kind == "interface":  # what is made is the anonymous class that implements it
            return Outcome()
        return Outcome(((symbol.id, via),), instantiates=symbol.id)

    # ------------------------------------------------------------------ names of errors
    def emit_names(self) -> None:
        for file in self.engine.files:
            for row in file.facts.raises:
                self._name(file, row.scope, row.name, row.line)
            for handler in file.facts.handlers:
                for name in handler.names:
                    self._name(file, handler.scope, name, handler.line)

    def _name(self, file: File, scope: int, name: str, line: int) -> None:
        key = (file.facts.path, scope, name)
        if not name or key in self.links.names:
            return
        ids = []
        for value in self.engine.error_values(name, Context(file, scope, line)):
            if value.kind in ("class", "inst") and isinstance(value.symbol, Symbol):
                ids.append(value.symbol.id)
            elif value.kind in ("ext", "extclass") and value.name:
                ids.append(self.external(value.name, file.facts.lang))
        if ids:
            self.links.names[key] = tuple(ids)


def depends(emitter: Emitter, file: File, package: str, line: int) -> None:
    """`depends_on` from a module to a package outside."""
    emitter.edge(file.id, emitter.external(package, file.facts.lang), "depends_on", line, "import")
