"""Which nodes matter: a budget for notes, training rows and the order of names in a summary. Never a search prior.

PageRank over calls and imports, with the weight of a reference the square root of its count, a tenth for private names and
for names defined in more than five files; then evidence of being public, and of being tested. Communities come from label
propagation. Everything is deterministic: nodes in order of id, ties broken by id.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Final

from brain.view import CODE_TYPES, View, hidden, is_aside, is_public, is_test, members, module_of
from extractor.graph import Graph
from extractor.schema import Node

DAMPING: Final = 0.85
ROUNDS: Final = 30
PASSES: Final = 12  # of votes on the communities
COMMON: Final = 5  # a name defined in more files than this says little
_KINDS: Final = ("calls", "imports", "extends", "implements", "throws")


@dataclass(frozen=True, slots=True)
class Importance:
    """`total` orders nodes; `rank` is PageRank times the number of nodes (1 is average), `public` counts the kinds of
    evidence for a public API, `tests` the tests that use the node, `community` is the id of its community's first node."""

    total: float
    rank: float
    public: int
    tests: int
    callers: int
    community: str


def rank(graph: Graph) -> dict[str, Importance]:
    """Importance of every node of the extractor that lies in the repository, in order of id."""
    return rank_view(View.load(graph, "extractor"))


def rank_view(view: View) -> dict[str, Importance]:
    """As `rank`, over a view already in memory."""
    nodes = list(view.of_type(*CODE_TYPES))
    weights = _weights(view, nodes)
    ranks = _pagerank([n.id for n in nodes], weights)
    groups = communities([n.id for n in nodes], weights)
    exported = public_evidence(view)
    result = {}
    for node in nodes:
        tests, callers = _uses(view, node)
        evidence = len(exported.get(node.id, ()))
        score = ranks[node.id] * len(nodes)
        total = math.log2(1 + score) + evidence + min(tests, 3) / 3 + math.log2(1 + callers) / 4
        if is_test(node):
            total *= 0.05
        elif is_aside(node.path):
            total *= 0.2
        elif not is_public(node):
            total *= 0.4
        result[node.id] = Importance(round(total, 6), round(score, 6), evidence, tests, callers, groups[node.id])
    return result


def ordered(ranks: dict[str, Importance]) -> list[str]:
    """Node ids, most important first, ties by id."""
    return sorted(ranks, key=lambda node_id: (-ranks[node_id].total, node_id))


def public_evidence(view: View) -> dict[str, tuple[str, ...]]:
    """For each public symbol, the kinds of evidence that users are meant to use it; one entry per kind, sorted."""
    evidence: dict[str, set[str]] = defaultdict(set)
    for module in view.of_type("module", "package"):
        if is_test(module) or is_aside(module.path):
            continue
        facade = module.path.rpartition("/")[2].partition(".")[0] in ("__init__", "index", "lib", "mod")
        for edge in view.out(module.id, "imports"):
            target = view.node(edge.dst)
            if facade and target is not None and target.type != "external":
                evidence[edge.dst].add("re-exported")
        exports = set(module.meta.get("exports") or ())
        for member in members(view, module.id):
            if member.name in exports:
                evidence[member.id].add("exported")
            if module.meta.get("entry_point") and member.name in ("main", "cli", "app"):
                evidence[member.id].add("entry point")
    for node in view.of_type("class", "interface", "function", "method"):
        if "exported" in node.meta.get("flags", ()):
            evidence[node.id].add("exported")
        if any(_registers(decorator) for decorator in node.meta.get("decorators", ())):
            evidence[node.id].add("command or route")
        if is_public(node) and not is_aside(node.path):
            if node.meta.get("doc"):
                evidence[node.id].add("documented")
            owner = module_of(view, node)
            if owner is None or not any(hidden(part) for part in owner.name.split(".")):
                evidence[node.id].add("public name")
    return {
        node_id: tuple(sorted(kinds))
        for node_id, kinds in sorted(evidence.items())
        if (found := view.node(node_id)) is not None and is_public(found)
    }


def _registers(decorator: str) -> bool:
    name = decorator.lstrip("@").partition("(")[0].rpartition(".")[2].lower()
    return name in {"route", "get", "post", "put", "delete", "patch", "command", "group", "hookimpl", "hookspec"} or (
        name.endswith("mapping") and name != "mapping"
    )


def _weights(view: View, nodes: list[Node]) -> dict[str, dict[str, float]]:
    files: dict[str, set[str]] = defaultdict(set)
    for node in nodes:
        if node.type != "package":
            files[node.name].add(node.path)
    counts: dict[str, Counter[str]] = {}
    known = {node.id for node in nodes}
    for node in nodes:
        row: Counter[str] = Counter()
        for kind in _KINDS:
            row.update(edge.dst for edge in view.out(node.id, kind) if edge.dst in known and edge.dst != node.id)
        if row:
            counts[node.id] = row
    weights: dict[str, dict[str, float]] = {}
    for source, row in counts.items():
        scale = 0.1 if is_test(view.nodes[source]) else 1.0
        weights[source] = {}
        for target, count in sorted(row.items()):
            node = view.nodes[target]
            damp = (0.1 if hidden(node.name) else 1.0) * (0.1 if len(files[node.name]) > COMMON else 1.0)
            weights[source][target] = scale * damp * math.sqrt(count)
    return weights


def _pagerank(ids: list[str], weights: dict[str, dict[str, float]]) -> dict[str, float]:
    if not ids:
        return {}
    import numpy as np

    number = {node_id: i for i, node_id in enumerate(ids)}
    base = 1.0 / len(ids)
    sums = {source: sum(row.values()) for source, row in weights.items()}
    links = [(number[s], number[t], w / sums[s]) for s, row in weights.items() for t, w in row.items()]
    sources, targets = (np.array([link[i] for link in links], dtype=np.int64) for i in (0, 1))
    shares = np.array([link[2] for link in links], dtype=np.float64)
    ends = np.ones(len(ids), dtype=bool)
    ends[[number[source] for source in weights]] = False
    rank = np.full(len(ids), base)
    for _ in range(ROUNDS):
        lost = math.fsum(rank[ends].tolist())  # exact, so the same on every machine
        rank = DAMPING * np.bincount(targets, rank[sources] * shares, len(ids)) + (1 - DAMPING + DAMPING * lost) * base
    return dict(zip(ids, rank.tolist(), strict=True))


def communities(ids: list[str], weights: dict[str, dict[str, float]]) -> dict[str, str]:
    """Label propagation over the undirected graph, in order of id: each node takes its heaviest neighbour label, the
    smaller label on a tie. A community is named by the smallest id in it."""
    number = {node_id: i for i, node_id in enumerate(ids)}
    around: list[dict[int, float]] = [{} for _ in ids]
    for source, row in weights.items():
        for target, weight in row.items():
            a, b = number[source], number[target]
            around[a][b] = around[a].get(b, 0.0) + weight
            around[b][a] = around[b].get(a, 0.0) + weight
    label = list(range(len(ids)))
    waiting = {i for i, others in enumerate(around) if others}
    for _ in range(PASSES):
        moved: set[int] = set()
        for i in sorted(waiting):
            votes: dict[int, float] = {}
            for other, weight in around[i].items():
                votes[label[other]] = votes.get(label[other], 0.0) + weight
            most = max(votes.values()) - 1e-9
            best = min(name for name, vote in votes.items() if vote >= most)
            if best != label[i]:
                label[i] = best
                moved.add(i)
        if not moved:
            break
        waiting = {other for i in moved for other in around[i]}  # only their votes have changed
    first: dict[int, str] = {}
    for i, node_id in enumerate(ids):
        first.setdefault(label[i], node_id)
    return {node_id: first[label[i]] for i, node_id in enumerate(ids)}


def _uses(view: View, node: Node) -> tuple[int, int]:
    tests: set[str] = set()
    callers: set[str] = set()
    for edge in view.into(node.id, "calls"):
        caller = view.node(edge.src)
        if caller is not None and caller.id != node.id:
            (tests if is_test(caller) else callers).add(caller.id)
    return len(tests), len(callers)
