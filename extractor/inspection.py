"""Questions to a finished graph: what is in it, who calls whom, what may be raised, by which way one symbol reaches another.

Pure functions over a Graph; each answer has `lines()` for people and `as_json()` for programs.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any, Final

from config.console import plural
from config.errors import NothingFound
from extractor.graph import Graph
from extractor.report import counted, listed
from extractor.schema import Edge, Node
from extractor.spelling import plain_id, spelled_id

_CONSTRUCTORS: Final = frozenset({"__init__", "__new__", "constructor", "<init>"})


@dataclass(frozen=True, slots=True)
class Overview:
    """`resolution`: kind -> language -> (resolved, unresolved first-party, external)."""

    graph: str
    commit: str
    dirty: int
    nodes: dict[str, int]
    edges: dict[str, int]
    languages: dict[str, dict[str, int]]
    resolution: dict[str, dict[str, tuple[int, int, int]]]
    unresolved: dict[str, int]
    via: dict[str, int]
    files: dict[str, int]
    skipped: dict[str, int]
    broken: tuple[tuple[str, str, str], ...]  # (path, status, reason)

    def lines(self) -> list[str]:
        at = f" at {self.commit[:7]}" if self.commit else " without a commit"
        lines = [f"{self.graph}{at}" + (f", {plural(self.dirty, 'file')} changed since" if self.dirty else "")]
        lines.append("nodes: " + listed(self.nodes))
        lines.append("edges: " + listed(self.edges))
        lines += [f"{lang}: {listed(types)}" for lang, types in self.languages.items()]
        for kind, languages in self.resolution.items():
            for lang, (resolved, missed, external) in languages.items():
                share = (
                    f"{resolved / (resolved + missed):.1%} of {resolved + missed:,}" if resolved + missed else "none"
                )
                lines.append(f"resolved {kind} in {lang}: {share} first-party, {external:,} external")
        lines.append("unresolved: " + (listed(self.unresolved) or "nothing"))
        lines.append("calls found by: " + (listed(self.via) or "no rule"))
        lines.append("files: " + listed(self.files))
        lines.append("skipped: " + (listed(self.skipped) or "nothing"))
        return lines + [f"{status}: {path}: {reason}" for path, status, reason in self.broken]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Row:
    """One neighbour of a symbol: the node, where the relation stands, how sure it is and which rule found it; `name` is its id with
    the symbol as its language writes it."""

    node: str
    path: str
    line: int
    confidence: float
    via: str
    detail: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """`question` is callers, callees, raises or path; `symbol` the node asked about; no rows is an answer too."""

    question: str
    symbol: str
    path: str
    start_line: int
    rows: tuple[Row, ...]
    name: str = ""

    def lines(self) -> list[str]:
        lines = [f"{self.question} of {self.name or self.symbol} ({self.path}:{self.start_line})"]
        for row in self.rows:
            where = f"{row.path}:{row.line}" if row.path else "outside"
            detail = f"  {row.detail}" if row.detail else ""
            lines.append(f"  {row.name or row.node}  {where}  {row.confidence:.2f} {row.via}{detail}")
        return lines if self.rows else [*lines, "  none known"]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def overview(graph: Graph) -> Overview:
    """Counts, resolution rate and what was skipped, of a whole graph."""
    manifest = graph.manifest
    languages: dict[str, Counter[str]] = {}
    for (lang, kind), count in graph.counts("nodes", "lang", "type").items():
        if lang and kind not in ("external", "package"):
            languages.setdefault(lang, Counter())[kind] += count
    files = list(graph.files())
    return Overview(
        graph=str(graph.path),
        commit=manifest.commit,
        dirty=len(manifest.counts.get("dirty", ())),
        nodes=graph.count("nodes", "type"),
        edges=graph.count("edges", "kind"),
        languages={lang: dict(sorted(languages[lang].items())) for lang in sorted(languages)},
        resolution=graph.resolution(),
        unresolved=counted({k: v for k, v in graph.count("unresolved", "reason").items() if k != "external"}),
        via=counted({via: n for (kind, via), n in graph.counts("edges", "kind", "via").items() if kind == "calls"}),
        files=graph.count("files", "status"),
        skipped=counted(row.reason for row in files if row.status == "skipped"),
        broken=tuple((row.path, row.status, row.reason) for row in files if row.status in ("partial", "failed")),
    )


def callers(graph: Graph, symbol: str) -> list[Answer]:
    """Who calls each symbol that `symbol` may mean. To call a class is to call its constructor."""
    return [_answer(graph, "callers", node, _into(graph, node), incoming=True) for node in resolve(graph, symbol)]


def callees(graph: Graph, symbol: str) -> list[Answer]:
    """What each symbol that `symbol` may mean calls; of a class, what its methods call."""
    answers = []
    for node in resolve(graph, symbol):
        sources = [node.id, *(_members(graph, node) if node.type in ("class", "interface") else ())]
        edges = [e for source in sources for e in graph.edges(("calls",), src=source)]
        answers.append(_answer(graph, "callees", node, edges, incoming=False))
    return answers


def raises(graph: Graph, symbol: str) -> list[Answer]:
    """What a function may raise; of an error class, who may raise it."""
    answers = []
    for node in resolve(graph, symbol):
        out = list(graph.edges(("throws",), src=node.id))
        back = [] if out else list(graph.edges(("throws",), dst=node.id))
        answers.append(_answer(graph, "raises", node, out or back, incoming=not out))
    return answers


def path(graph: Graph, start: str, end: str) -> Answer:
    """The shortest chain of calls from one symbol to another. Raises NothingFound when there is none."""
    targets = {node.id for node in resolve(graph, end)}
    for node in resolve(graph, start):
        came: dict[str, Edge | None] = {node.id: None}
        queue = deque([node.id])
        while queue:
            here = queue.popleft()
            if here in targets and came[here]:
                steps: list[Edge] = []
                step = came[here]
                while step:
                    steps.append(step)
                    step = came[step.src]
                return _answer(graph, "path", node, reversed(steps), incoming=False, ordered=True)
            for edge in graph.edges(("calls",), src=here):
                if edge.dst not in came:
                    came[edge.dst] = edge
                    queue.append(edge.dst)
    raise NothingFound(f"no chain of calls leads from {start} to {end}", "nanodex inspect callees " + start)


def resolve(graph: Graph, symbol: str) -> list[Node]:
    """The nodes a name may mean, best first. Raises NothingFound naming similar ones."""
    found = graph.find(symbol) or _inherited(graph, symbol)
    if found:
        best = min(map(_rank, found))
        return [node for node in found if _rank(node) == best]
    near = graph.similar(symbol)
    raise NothingFound(
        f"the graph knows no {symbol!r}",
        f"did you mean {', '.join(near)}?" if near else "nanodex inspect shows what there is",
    )


def _inherited(graph: Graph, symbol: str) -> list[Node]:
    """`Command.main` where only a base of Command defines `main`."""
    owner, _, member = plain_id(symbol).rpartition(".")
    for node in graph.find(owner) if owner else ():
        queue, seen = deque([node.id]), {node.id}
        while queue:
            here = queue.popleft()
            found = graph.node(f"{here}.{member}") if "#" in here else None
            if found:
                return [found]
            for edge in graph.edges(("extends", "implements"), src=here):
                if edge.dst not in seen:
                    seen.add(edge.dst)
                    queue.append(edge.dst)
    return []


def _rank(node: Node) -> int:
    # `checkout` is a module and the function in it: who asks for callers means the function.
    return {"module": 1, "variable": 2, "package": 3}.get(node.type, 0)


def _into(graph: Graph, node: Node) -> list[Edge]:
    targets = [node.id]
    if node.type == "class":
        targets += [m for m in _members(graph, node) if m.rpartition(".")[2].partition("@")[0] in _CONSTRUCTORS]
    return [edge for target in targets for edge in graph.edges(("calls",), dst=target)]


def _members(graph: Graph, node: Node) -> list[str]:
    return [edge.src for edge in graph.edges(("defined_in",), dst=node.id)]


def _answer(graph: Graph, question: str, node: Node, edges: Any, *, incoming: bool, ordered: bool = False) -> Answer:
    rows = []
    for edge in edges:
        other = edge.src if incoming else edge.dst
        source, there = graph.node(edge.src), graph.node(other)
        name = spelled_id(there) if there is not None else other
        rows.append(
            Row(other, source.path if source else "", edge.line, edge.confidence, edge.via, _detail(graph, edge), name)
        )
    # One line per neighbour and place, however many rules found it.
    kept = rows if ordered else sorted(set(rows), key=lambda r: (r.path, r.line, r.node))
    return Answer(question, node.id, node.path, node.lines[0], tuple(kept), spelled_id(node))


def _detail(graph: Graph, edge: Edge) -> str:
    meta = edge.meta
    between = meta.get("through") or (meta["callee"] if meta.get("how") == "via" else "")
    if between:
        node = graph.node(str(between))
        return f"through {spelled_id(node) if node is not None else between}"
    words = [str(meta[key]) for key in ("message", "guard") if meta.get(key)]
    return " when ".join(words) if edge.kind == "throws" else ""
