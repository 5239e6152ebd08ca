"""Complete, sorted readings of the graph for one target: who calls it, what it raises, what lies below and above it, and, when
nothing is found, whether that means "none" or "unknown". Answers about the graph come from here, never from top-k search.

A target may be several definitions of one name (overloads): the relations of all of them count.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from brain.derive import likelihood
from brain.view import is_direct, is_test
from config.console import plural
from dataset.names import firsts
from extractor.graph import Graph
from extractor.schema import STORED, SURE, Edge, Node, Unresolved
from extractor.spelling import spelled

_LOOKED_AT: Final = 200  # functions, for a call that may lead anywhere
_HANDED_IN: Final = re.compile(r"(?:self\.)?\w+")
_HOPS: Final = 14


@dataclass(frozen=True, slots=True)
class Row:
    """One related node. `site` is (path, line) where the relation stands in the source, line 0 when nowhere."""

    node: Node
    site: tuple[str, int]
    site_node: str
    confidence: float = 1.0
    via: str = ""
    edge: Edge | None = None

    @property
    def is_direct(self) -> bool:
        """Whether an error is raised here, not let through from something that is called."""
        return self.edge is None or is_direct(self.edge)


@dataclass(frozen=True, slots=True)
class Absence:
    """`certain`: the relation was searched and all files in scope were fully parsed; else `reason` says what is in the way."""

    certain: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Handler:
    """One catch clause of `node`: the classes it names (ids; as written in `names`), none when it catches everything."""

    node: Node
    errors: tuple[str, ...]
    names: tuple[str, ...]
    action: str
    line: int


def handlers_of(node: Node) -> list[Handler]:
    """The catch clauses of a function or module, in source order."""
    return [
        Handler(
            node, tuple(c.get("errors", ())), tuple(c.get("names", ())), str(c.get("action", "")), int(c.get("line", 0))
        )
        for c in node.meta.get("catches", ())
    ]


class Relations:
    """Reads of one graph for one answer; small caches, no state beyond."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._nodes: dict[str, Node | None] = {}

    def node(self, node_id: str) -> Node | None:
        if node_id not in self._nodes:
            self._nodes[node_id] = self.graph.node(node_id)
        return self._nodes[node_id]

    def forward(self, group: tuple[Node, ...], *kinds: str, confidence: float = SURE) -> list[Row]:
        """What `group` points to, in source order."""
        rows = []
        for source in group:
            for edge in self.graph.edges(kinds, src=source.id, confidence=confidence):
                node = self.node(edge.dst) or _outside(edge.dst)
                rows.append(Row(node, (source.path, edge.line), source.id, edge.confidence, edge.via, edge))
        return sorted(rows, key=lambda r: (r.site, r.node.id))

    def backward(self, group: tuple[Node, ...], *kinds: str, confidence: float = SURE) -> list[Row]:
        """What points to `group`: product before tests, then by place."""
        rows = []
        for target in group:
            for edge in self.graph.edges(kinds, dst=target.id, confidence=confidence):
                node = self.node(edge.src)
                if node is not None and node.origin == "extractor":
                    rows.append(Row(node, (node.path, edge.line), node.id, edge.confidence, edge.via, edge))
        return sorted(rows, key=lambda r: (is_test(r.node), r.site, r.node.id))

    def callers(self, group: tuple[Node, ...]) -> list[Row]:
        """Callers of a function; of a class, those who instantiate it as well."""
        return firsts(self.backward(self._with_constructor(group), "calls"), lambda row: (row.node.id, row.site))

    def _with_constructor(self, group: tuple[Node, ...]) -> tuple[Node, ...]:
        extra = []
        for node in group:
            if node.type in ("class", "interface"):
                extra += [m for m in self.members(node) if m.name in ("__init__", "__new__", "constructor", node.name)]
        return (*group, *extra)

    def methods(self, group: tuple[Node, ...]) -> list[Node]:
        """The methods of a class besides what constructs it, in source order."""
        made = {n.id for n in self._with_constructor(group)}
        return [m for n in group for m in self.members(n) if m.type in ("method", "function") and m.id not in made]

    def callees(self, group: tuple[Node, ...]) -> list[Row]:
        """What a function calls; what a class's own body and constructor call."""
        return self.forward(self._with_constructor(group), "calls")

    def members(self, owner: Node) -> list[Node]:
        """Symbols defined directly in `owner`; what the brain knows of it is no member."""
        found = [self.node(e.src) for e in self.graph.edges(["defined_in"], dst=owner.id)]
        return sorted((n for n in found if n and n.origin == "extractor"), key=lambda n: (n.path, n.lines, n.id))

    def bases(self, node: Node) -> list[Row]:
        return self.forward((node,), "extends", "implements")

    def ancestors(self, node: Node) -> list[Node]:
        """Every class above, nearest first."""
        return self._walk(node, lambda n: [r.node for r in self.bases(n)])

    def subclasses(self, group: tuple[Node, ...]) -> list[Row]:
        return self.backward(group, "extends", "implements")

    def descendants(self, node: Node) -> list[Node]:
        """Every class below, nearest first."""
        return self._walk(node, lambda n: [r.node for r in self.subclasses((n,))])

    def _walk(self, start: Node, step: Callable[[Node], list[Node]]) -> list[Node]:
        order: list[Node] = []
        queue = deque([start])
        seen = {start.id}
        while queue:
            for node in step(queue.popleft()):
                if node.id not in seen:
                    seen.add(node.id)
                    order.append(node)
                    queue.append(node)
        return order

    def raises(self, group: tuple[Node, ...]) -> tuple[list[Row], list[Row]]:
        """(raised in the body, raised by something it calls, the likeliest first); a class counts its constructor."""
        rows = self.forward(self._with_constructor(group), "throws", confidence=STORED)
        direct = [r for r in rows if r.is_direct]
        names = {r.node.id for r in direct}
        through = [r for r in rows if not r.is_direct and r.node.id not in names]
        return direct, sorted(through, key=lambda r: likelihood(r.edge) if r.edge else ())

    def raisers(self, group: tuple[Node, ...]) -> tuple[list[Row], list[Row]]:
        """(functions whose body raises the class, functions that may let it through)."""
        rows = self.backward(group, "throws", confidence=STORED)
        return [r for r in rows if r.is_direct], [r for r in rows if not r.is_direct]

    @cached_property
    def _catching(self) -> tuple[Handler, ...]:
        return tuple(h for n in self.graph.having("catches") for h in handlers_of(n))

    def handlers(self, class_ids: frozenset[str]) -> list[Handler]:
        """Handlers that name one of these classes; product before tests, then by place."""
        found = [h for h in self._catching if class_ids & set(h.errors)]
        return sorted(found, key=lambda h: (is_test(h.node), h.node.path, h.line, h.node.id))

    def overridden(self, node: Node) -> list[Node]:
        """The same-named members of the classes above, nearest first."""
        owner = self.owner(node)
        if owner is None or owner.type not in ("class", "interface"):
            return []
        return [m for above in self.ancestors(owner) for m in self.members(above) if m.name == node.name]

    def overriders(self, node: Node) -> list[Node]:
        owner = self.owner(node)
        if owner is None or owner.type not in ("class", "interface"):
            return []
        return [m for below in self.descendants(owner) for m in self.members(below) if m.name == node.name]

    def owner(self, node: Node) -> Node | None:
        """The class, function or module that `node` is defined in."""
        return next((self.node(e.dst) for e in self.graph.edges(["defined_in"], src=node.id)), None)

    def path(self, start: tuple[Node, ...], goal: tuple[Node, ...]) -> list[Edge] | None:
        """The shortest chain of calls from one to the other; going into a class means any of its methods."""
        goals = {n.id for n in self._whole(goal)}
        queue: deque[tuple[str, int]] = deque((n.id, 0) for n in self._whole(start))
        came: dict[str, Edge | None] = {node_id: None for node_id, _ in queue}
        while queue:
            current, depth = queue.popleft()
            if current in goals and depth:
                chain, step = [], came[current]
                while step is not None:
                    chain.append(step)
                    step = came[step.src]
                return chain[::-1]
            if depth < _HOPS:
                for edge in self.graph.edges(["calls"], src=current):
                    if edge.dst not in came:
                        came[edge.dst] = edge
                        queue.append((edge.dst, depth + 1))
        return None

    def _whole(self, group: tuple[Node, ...]) -> tuple[Node, ...]:
        inner = [m for n in group if n.type in ("class", "interface", "module") for m in self.members(n)]
        return (*group, *inner)

    def absence(self, group: tuple[Node, ...], kind: str, *, inward: bool) -> Absence:
        """What it means that no edge of `kind` was found: looked at everywhere (inward) or in the target's own file."""
        if not inward:
            if any(n.type == "external" for n in group):
                return Absence(False, "it stands outside the repository, and only that was read")
            loose = [u for n in group for u in self.graph.unresolved(n.id, kind) if u.reason != "external"]
            if loose:
                names = ", ".join(sorted({u.name for u in loose})[:4])
                return Absence(False, f"{plural(len(loose), 'name')} in it could not be linked ({names})")
            half = sorted({n.path for n in group if self._half(n)})
            return Absence(not half, f"{', '.join(half)} was only partly parsed" if half else "")
        called = {n.name for n in group}
        ids = {n.id for n in group}
        loose = [
            u
            for u in self._loose(kind, called)
            if ids & set(u.candidates) or (u.name.rpartition(".")[2] in called and u.reason != "external")
        ]
        if loose:
            wording = (
                f"{plural(len(loose), 'place')} mention{'s' if len(loose) == 1 else ''} {' or '.join(sorted(called))}"
            )
            return Absence(False, f"{wording} on an object whose type is not known")
        half = self._unread
        if half:
            return Absence(False, f"{plural(len(half), 'file')} could not be fully parsed ({', '.join(half[:3])})")
        return Absence(True)

    def silence(self, group: tuple[Node, ...]) -> Absence:
        """What it means that nothing comes through the calls of `group`: nothing, where one on the way could not be followed."""
        queue = deque(n.id for n in self._with_constructor(group))
        seen = set(queue)
        for _ in range(_LOOKED_AT):
            if not queue:
                break
            current = queue.popleft()
            lost = next((u for u in self.graph.unresolved(current, "calls") if _anything(u)), None)
            if lost is not None:
                caller = self.node(current)
                where = "it" if caller in group or caller is None else spelled(caller)
                return Absence(False, f"what {lost.name} is, which {where} calls, could not be followed")
            for edge in self.graph.edges(["calls"], src=current):
                if edge.dst not in seen:
                    seen.add(edge.dst)
                    queue.append(edge.dst)
        return Absence(not queue, "" if not queue else f"only {_LOOKED_AT} of the functions behind it were looked at")

    def _loose(self, kind: str, names: set[str]) -> list[Unresolved]:
        """Unlinked rows that may mean one of `names`, each once."""
        rows = [u for name in sorted(names) for u in self.graph.unresolved(kind=kind, mention=name)]
        return sorted(set(rows))

    def _half(self, node: Node) -> bool:
        """Whether a part of these lines may not have been read."""
        row = self.graph.file(node.path)
        if row is None or row.status != "partial":
            return row is None or row.status == "failed"
        start, end = node.lines
        broken = re.findall(r"(\d+)(?:-(\d+))?", row.reason)
        return "…" in row.reason or any(int(a) <= end and start <= int(b or a) for a, b in broken)

    @cached_property
    def _unread(self) -> list[str]:
        return [f.path for f in self.graph.files() if f.status in ("partial", "failed")]


def _outside(node_id: str) -> Node:
    package, _, name = node_id.removeprefix("ext:").partition("#")
    return Node(node_id, "external", name or package, "", "")


def _anything(call: Unresolved) -> bool:
    """Whether a call may lead anywhere in the program: too many targets, one looked up by name, or a function that was handed in."""
    handed_in = call.reason == "unknown_receiver" and _HANDED_IN.fullmatch(call.name) is not None
    return handed_in or call.reason in ("overflow", "dynamic")
