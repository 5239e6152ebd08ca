"""The state of reading one Python file: its text, the definitions and facts found so far, and one Scope per code block.

A Scope's `flow` is a small program in the flow language: what the block does with names, attributes, containers and callables,
in order, everything else left out. It is made of tuples, strings and numbers, here written as the cache keeps it. Expressions:

    "x"                              a name                      ["K", value]                  a constant (str or int)
    ["A", obj, attr, line]           attribute read              ["C", site, fn, args, kw, line, col]    call
    ["I", obj, key]                  subscript read              ["L", obj, low, high, line]   constant slice
    ["T"|"B"|"E", site, items]       tuple, list, set            ["D", site, [[key, value]…]]  dict (key null: **splat)
    ["T", line, targets]             what is taken apart
    ["F", definition]                lambda                      ["U", [expressions]]          any one of them
    ["G", site, kind, items, clauses]    comprehension           ["X", [expressions]]          evaluated, value of no interest
    ["Y", value] ["Z", value]        yield, yield from           ["W", value]                  await
    ["O", [methods], left, right, line]  operator                ["N", name, value]            walrus
    ["V", value, what, line]         asked for truth, text … ["M", [K, V, K, …]]           a name built of parts
    ["J", tests, yes, no, before]    either, as tests say after `before` was evaluated
    ["H", obj, class, place or name, line]    a part of what a class pattern matches
    ["S", value]                     *splat in args and items    null                          nothing of interest

and statements:

    ["=", target, value]  [":", target, annotation, value]  ["e", value]  ["r", value]  ["!", value, line]  ["j"] (break, continue)
    ["?", tests, body, orelse]           if; tests: [[name, [types], holds, only the body knows]…], no types: None;
                                         types "^", text: begins so
    ["f", target, iterable, body, orelse, line, async]   ["w", body, orelse]   ["t", body, handlers, orelse, finally]
    ["h", value, target, line, async]    with            ["i", import]         ["x", names, [attribute or item, …]]   delete
    ["d", definition, decorators, defaults]              ["c", definition, bases, keywords, decorators]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from extractor.facts import MODULE, Base, Binding, Call, Definition, Handler, Import, Raise
from extractor.parse import Source
from extractor.parse.tree import start_line

if TYPE_CHECKING:
    from tree_sitter import Node

Flow = Any  # an expression or a statement of the flow language
MAX_DEPTH = 120
SILENT = {"comment", "pass_statement", "line_continuation"}


@dataclass(slots=True)
class Scope:
    """One module, class, function or lambda. `bound` are its own names, `used` the names it reads, `inner` comprehension names."""

    index: int
    kind: str
    parent: Scope | None = None
    flow: list[Flow] = field(default_factory=list)
    bound: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    inner: set[str] = field(default_factory=set)
    outer: set[str] = field(default_factory=set)  # declared global
    nonlocals: set[str] = field(default_factory=set)
    captured: set[str] = field(default_factory=set)  # own names that nested scopes read
    annotations: list[Flow] = field(default_factory=list)  # [parameter position, type]
    returns: Flow = None
    typed: set[str] = field(default_factory=set)  # the texts of the annotations that stand in it or in its signature
    guards: list[str] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    caught: list[str] = field(
        default_factory=list
    )  # what the handlers around the statement being read call their error


@dataclass(slots=True)
class Unit:
    """Everything known about the file while it is read. `scopes[i + 1]` belongs to `defs[i]`, `scopes[0]` to the module."""

    source: Source
    text: str
    defs: list[Definition] = field(default_factory=list)
    scopes: list[Scope | None] = field(default_factory=list)
    variables: list[Definition] = field(default_factory=list)
    stubs: list[Definition] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    bases: list[Base] = field(default_factory=list)
    raises: list[Raise] = field(default_factory=list)
    handlers: list[Handler] = field(default_factory=list)
    bindings: list[Binding] = field(default_factory=list)
    exports: list[str] | None = None
    exports_of: list[str] = field(default_factory=list)
    ordinals: dict[str, int] = field(default_factory=dict)
    seen_variables: set[str] = field(default_factory=set)
    lambdas: dict[int, int] = field(default_factory=dict)
    expressions: Mapping[str, Callable[[Unit, Node], Flow]] = field(default_factory=dict)
    statements: Mapping[str, Callable[[Unit, Node], None]] = field(default_factory=dict)
    withs: list[list[int]] = field(
        default_factory=list
    )  # [scope, line of the manager, first and last line of the body]
    told: list[list[Any]] = field(
        default_factory=list
    )  # [scope, line, callee, parameter, whether true] of literal arguments
    says: list[list[Any]] = field(default_factory=list)  # [class, message] of what a class gives its base to say
    yields: list[list[int]] = field(default_factory=list)  # [scope, line] where a context manager runs the body
    comments: dict[int, str] = field(default_factory=dict)  # what is said of the assignment that starts on a line
    sites: int = 0
    depth: int = 0
    too_deep: int = 0
    import_kind: str = ""
    scope: Scope = field(default_factory=lambda: Scope(MODULE, "module"))

    def of(self, node: Node) -> str:
        """The source text of `node`."""
        if self.text:
            return self.text[node.start_byte : node.end_byte]
        return self.source.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def name(self, node: Node) -> str:
        """The text of an identifier, one object for all its occurrences: a repository repeats its names endlessly."""
        return sys.intern(self.text[node.start_byte : node.end_byte] if self.text else self.of(node))

    def site(self) -> int:
        """A number for an expression that makes something: its place in the file."""
        self.sites += 1
        return self.sites

    def qualname(self, name: str) -> str:
        return f"{self.defs[self.scope.index].qualname}.{name}" if self.scope.index >= 0 else name

    def ordinal(self, qualname: str) -> int:
        """1 for the first definition of this qualified name in the file, then 2, 3 …"""
        self.ordinals[qualname] = self.ordinals.get(qualname, 0) + 1
        return self.ordinals[qualname]

    def enter(self, definition: Definition, kind: str) -> Scope:
        """Append the definition and make its scope current."""
        scope = Scope(len(self.defs), kind, self.scope)
        self.defs.append(definition)
        self.scopes.append(scope)
        self.scope = scope
        return scope

    def leave(self) -> None:
        parent = self.scope.parent
        if parent is None:
            raise ValueError("the module scope cannot be left")
        self.scope = parent


def first_unit(
    source: Source,
    expressions: Mapping[str, Callable[[Unit, Node], Flow]],
    statements: Mapping[str, Callable[[Unit, Node], None]],
) -> Unit:
    """A unit standing at the top of the file."""
    decoded = source.data.decode("utf-8", "replace")
    # Byte offsets are character offsets exactly when nothing took more than one byte.
    unit = Unit(source, decoded if len(decoded) == len(source.data) else "")
    unit.expressions, unit.statements = expressions, statements
    unit.scopes.append(unit.scope)
    return unit


def expression(unit: Unit, node: Node) -> Flow:
    """The flow of one expression. Beyond MAX_DEPTH nothing is read, and `unit.too_deep` says where."""
    read = unit.expressions.get(node.type)
    if read is None:
        return other(unit, node)
    if unit.depth > MAX_DEPTH:
        unit.too_deep = unit.too_deep or start_line(node)
        return None
    unit.depth += 1
    flow = read(unit, node)
    unit.depth -= 1
    return flow


def other(unit: Unit, node: Node) -> Flow:
    """Syntax without a rule of its own, broken code included: read what is inside, without recursion."""
    flows: list[Flow] = []
    stack = list(reversed(node.named_children))
    while stack:
        child = stack.pop()
        if child.type in unit.expressions:
            flows.append(expression(unit, child))
        elif child.type not in ("comment", "block"):
            stack.extend(reversed(child.named_children))
    return evaluated(flows)


def plain(flow: Flow) -> bool:
    """Nothing of interest, or a constant."""
    return flow is None or (flow.__class__ is tuple and flow[0] == "K")


def evaluated(flows: list[Flow]) -> Flow:
    """Flows whose value is of no interest; names and constants among them do nothing."""
    kept = tuple([flow for flow in flows if flow.__class__ is tuple and flow[0] != "K"])
    return ("X", kept) if kept else None


def block(unit: Unit, node: Node) -> None:
    """Read the statements of a block into the current scope's flow, or a module's."""
    if unit.depth > MAX_DEPTH:
        unit.too_deep = unit.too_deep or start_line(node)
        return
    unit.depth += 1
    for child in node.named_children:
        kind = child.type
        read = unit.statements.get(kind)
        if read is not None:
            read(unit, child)
        elif kind not in SILENT:
            evaluate(unit, expression(unit, child))
    unit.depth -= 1


def nested(unit: Unit, node: Node | None) -> tuple[Flow, ...]:
    """A block's flow by itself, taken out of the scope's."""
    if node is None:
        return ()
    outer, unit.scope.flow = unit.scope.flow, []
    block(unit, node)
    inner, unit.scope.flow = unit.scope.flow, outer
    return tuple(inner)


def evaluate(unit: Unit, flow: Flow) -> None:
    if flow.__class__ is tuple and flow[0] != "K":
        unit.scope.flow.append(("e", flow))


def attached(unit: Unit, annotation: Node | None) -> None:
    """The calls that an annotation makes: `Annotated[Session, Depends(session)]`."""
    pending = [annotation] if annotation is not None and "(" in unit.of(annotation) else []
    while pending:
        node = pending.pop()
        if node.type == "call":
            evaluate(unit, expression(unit, node))
        else:
            pending += reversed(node.named_children)


def resolve_captures(unit: Unit) -> None:
    """Find, for each function scope, which of its names nested scopes read or rebind."""
    for scope in unit.scopes:
        if scope is None or scope.parent is None:
            continue
        for name in (scope.used - scope.bound) | scope.nonlocals:
            if name in scope.outer:
                continue
            above: Scope | None = scope.parent
            while above is not None:
                if above.kind == "function" and (name in above.bound or name in above.inner):
                    above.captured.add(name)
                    break
                above = above.parent
