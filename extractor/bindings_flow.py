"""One Python file as bindings read it: its calls, decorators, assignments, what its functions return, and what it runs unnamed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from extractor.facts import MODULE, FileFacts, Import
from extractor.resolve import definition_ids
from extractor.schema import module_id

_ASKED: Final = {
    "len": "__len__", "repr": "__repr__", "str": "__str__", "iter": "__iter__", "next": "__next__", "abs": "__abs__", "bool": "__bool__",
    "hash": "__hash__", "int": "__int__", "float": "__float__", "round": "__round__", "reversed": "__reversed__", "list": "__iter__",
    "tuple": "__iter__", "sorted": "__iter__", "set": "__iter__",
}  # fmt: skip
Flow = Any  # an expression of the flow language, see parse/python_unit.py


class Site(NamedTuple):
    """One call, and the scope it stands in."""

    scope: int
    flow: Flow

    @property
    def function(self) -> Flow:
        return self.flow[2]

    @property
    def args(self) -> Sequence[Flow]:
        args: Sequence[Flow] = self.flow[3]
        return args

    @property
    def line(self) -> int:
        return int(self.flow[5])


class Use(NamedTuple):
    """What Python runs without naming it: an attribute read or written (`get`, `set`), or a special method (`call`). `sides` are
    the objects that may have it, each with its name there, the first that has one answering."""

    scope: int
    how: str
    sides: tuple[tuple[Flow, str], ...]
    line: int


class PythonFile:
    """One file's flow, indexed: its calls, decorators, assignments and what its functions return."""

    def __init__(self, facts: FileFacts) -> None:
        self.facts = facts
        self.ids = definition_ids(facts)
        self.sites: list[Site] = []
        self.decorators: dict[int, list[tuple[Flow, int]]] = {}
        self.assigned: dict[tuple[int, str], list[tuple[int, Flow]]] = {}
        self.returns: dict[int, list[Flow]] = {}
        self.uses: list[Use] = []
        self.typed: dict[tuple[int, str], Flow] = {}  # what parameters are declared to be
        self.result: dict[int, Flow] = {}
        self.bound: dict[int, frozenset[str]] = {}
        self.imports: dict[tuple[int, str], list[Import]] = {}
        self.defined: dict[tuple[int, str], list[int]] = {}
        for row in facts.imports:
            self.imports.setdefault((row.scope, row.alias), []).append(row)
        for index, d in enumerate(facts.defs):
            if d.kind != "variable":
                self.defined.setdefault((d.scope, d.name), []).append(index)
        for position, scope in enumerate((facts.extra or {}).get("scopes", ())):
            if scope is not None:
                self.bound[position - 1] = frozenset(scope[1])
                params = facts.defs[position - 1].params if position else ()
                self.typed |= {(position - 1, params[at].name): kind for at, kind in scope[5] or () if at < len(params)}
                self.result[position - 1] = scope[6]
                self._walk(position - 1, scope[0])

    def _walk(self, scope: int, flow: Flow) -> None:
        stack: list[tuple[Flow, bool]] = [(flow, False)]
        while stack:
            row, statement = stack.pop()
            if not isinstance(row, (list, tuple)):
                continue
            kind = row[0] if row and isinstance(row[0], str) else ""
            parts: Sequence[Flow] = row
            if kind == "C" and len(row) == 7 and isinstance(row[1], int):
                self.sites.append(Site(scope, row))
                own = row[2][1] if kind_of(row[2]) == "A" else row[2]
                parts = [own, *row[3], *(k[1] for k in row[4])]
                if isinstance(row[2], str) and row[2] in _ASKED and len(row[3]) == 1:
                    self._use(scope, "call", row[3][0], _ASKED[row[2]], row[5])
            elif kind == "A" and len(row) == 4:
                self._use(scope, "get", row[1], row[2], row[3])
            elif kind == "I" and len(row) == 4:
                self._use(scope, "call", row[1], "__getitem__", row[3])
            elif kind == "O" and len(row) == 5:
                other = row[2] if row[1][0].startswith("__i") and row[1][1] == f"__{row[1][0][3:]}" else row[3]
                sides = ((row[2], row[1][0]), (other, row[1][1]))
                self.uses.append(Use(scope, "call", tuple(s for s in sides if s[1] and s[0] is not None), int(row[4])))
            elif kind == "D" and len(row) == 3 and isinstance(row[1], int):
                parts = [part for pair in row[2] for part in pair]
            elif kind == "J" and len(row) == 5 and all(isinstance(test, (list, tuple)) for test in row[1] or [""]):
                parts = row[2:]
            elif statement and kind in ("=", ":"):
                target, value = dotted(row[1]), row[2] if kind == "=" else ["U", [row[3], ["typed", row[2]]]]
                if kind_of(row[1]) in ("A", "I"):
                    how, name = ("set", row[1][2]) if row[1][0] == "A" else ("call", "__setitem__")
                    self._use(scope, how, row[1][1], name, row[1][3])
                    parts = [row[1][1], row[2] if kind == "=" else row[3]]
                else:
                    parts = row[2:]
                if target.startswith("self.") and (owner := self.class_of(scope)) != MODULE:
                    self.assigned.setdefault((owner, target), []).append((scope, value))
                elif target:
                    self.assigned.setdefault((scope, target), []).append((scope, value))
            elif statement and kind in ("f", "h") and len(row) in (5, 7):
                target, held, line = (row[1], row[2], row[-2]) if kind == "f" else (row[2], row[1], row[3])
                for name in ("__iter__",) if kind == "f" else ("__enter__", "__exit__"):
                    self._use(scope, "call", held, name, line)
                if isinstance(target, str):
                    self.assigned.setdefault((scope, target), []).append(
                        (scope, ["each", held] if kind == "f" else held)
                    )
            elif statement and kind == "r" and scope != MODULE:
                self.returns.setdefault(scope, []).append(row[1])
            elif statement and kind == "d":
                self.decorators[row[1]] = [(d[0], d[2]) for d in row[2]]
                parts = [*(d[0] for d in row[2]), *(default[1] for default in row[3])]
            # Tests, handlers and keywords are rows that begin with a name, and a name may be `d`.
            elif statement and kind == "c":
                parts = [*row[2], *(keyword[1] for keyword in row[3]), *(d[0] for d in row[4])]
            elif statement and kind == "?":
                parts = [row[2], row[3]]
            elif statement and kind == "i" and len(row) == 3:  # of a comprehension
                parts = [row[1]]
            elif statement and kind == "t":
                parts = [row[1], *(part for handler in row[2] for part in handler), row[3], row[4]]
            # Statements stand in lists of statements; an argument list may begin with a name that looks like one.
            inside = not kind and parts is row
            stack.extend((part, inside) for part in reversed(parts))

    def _use(self, scope: int, how: str, held: Flow, name: str, line: int) -> None:
        if held is not None:
            self.uses.append(Use(scope, how, ((held, name),), int(line)))

    def class_of(self, scope: int) -> int:
        """The class that a method, or a function inside it, belongs to."""
        while scope != MODULE and self.facts.defs[scope].kind != "class":
            scope = self.facts.defs[scope].scope
        return scope

    def owner(self, scope: int) -> str:
        """The node that code in a scope belongs to: the function, else the module."""
        while scope != MODULE and self.facts.defs[scope].kind not in ("function", "method"):
            scope = self.facts.defs[scope].scope
        return self.ids[scope] if scope != MODULE else module_id(self.facts.prefix, self.facts.path)


def kind_of(flow: Flow) -> str:
    """The first word of an expression, empty for a name."""
    return flow[0] if isinstance(flow, (list, tuple)) and flow and isinstance(flow[0], str) else ""


def dotted(flow: Flow) -> str:
    """`a.b.c` of a name or of attributes of one, else empty."""
    names: list[str] = []
    while isinstance(flow, (list, tuple)) and len(flow) > 2 and flow[0] == "A":
        names.append(str(flow[2]))
        flow = flow[1]
    return ".".join([flow, *reversed(names)]) if isinstance(flow, str) else ""
