"""Questions without a name in them: how do I, what can it do about, which part handles, what is this. In: search evidence.
Out: sections that lead with the best find, then the others, each with what its documentation says; never a guess beyond them.
"""

from __future__ import annotations

from collections.abc import Sequence

from brain.lookup import Hit
from brain.text import one_line
from brain.view import is_aside, is_test
from extractor.graph import Graph
from extractor.schema import Node
from inference.citations import Span
from inference.compose import Composer
from inference.retrieve import Evidence, Retriever
from inference.wording import (
    Claim,
    Section,
    count,
    header,
    here,
    join,
    kind_of,
    name_of,
    parameter,
    parameters,
    purpose,
)

_SHOWN = 5


class Discoverer:
    """Composes answers from search."""

    def __init__(self, composer: Composer, retriever: Retriever, k: int, path_glob: str = "") -> None:
        self.composer = composer
        self.retriever = retriever
        self.k = k
        self.path_glob = path_glob

    def answer(self, kind: str, text: str) -> tuple[Section, Evidence]:
        """The section for a howto, discovery or plain search question, and the evidence it rests on."""
        evidence = self.retriever.find(text, self.k, self.path_glob)
        frame = self._howto if kind == "howto" else self._found
        return frame(kind, text, evidence), evidence

    def _found(self, kind: str, text: str, evidence: Evidence) -> Section:
        claims: list[Claim] = []
        hits = _distinct(evidence.hits)
        if not hits:
            return Section(kind, (), "unknown", 0.0, evidence.features)
        best, rest = hits[0], hits[1:_SHOWN]
        claims += self._lead(best)
        if rest:
            claims.append(Claim("Also relevant:"))
            claims += [self._item(hit) for hit in rest]
        return Section(
            kind,
            tuple(claims),
            "yes",
            evidence.confidence,
            evidence.features,
            tuple(h.node_id for h in hits if h.node_id),
        )

    def _lead(self, hit: Hit) -> list[Claim]:
        node = self.composer.graph.node(hit.node_id) if hit.node_id else None
        span = _span(hit)
        if node is None:
            return [Claim(f"{hit.path} says, under “{one_line(hit.name)}”: {_quote(hit.snippet)}", span)]
        said = purpose(node) or one_line(str(node.meta.get("purpose", "")))
        if node.origin == "brain":
            return self._knowledge(node, span)
        lead = f"{name_of(node)}, {kind_of(node)} in {node.path}"
        claims = [Claim(f"{lead}: {said}" if said else f"{lead}, is the closest match.", span)]
        if node.type in ("function", "method") and parameters(node):
            claims.append(Claim(f"It takes {join([parameter(p) for p in parameters(node)])}.", span))
        callers = (
            [r for r in self.composer.relations.callers((node,)) if not is_test(r.node.path)]
            if node.type != "module"
            else []
        )
        names = list(dict.fromkeys(name_of(r.node) for r in callers))
        if names:
            claims.append(
                Claim(
                    f"It is called by {join(names[:4]) if len(names) <= 4 else ', '.join(names[:4]) + f' and {len(names) - 4} more'}."
                )
            )
        return claims

    def _knowledge(self, node: Node, span: tuple[Span, ...]) -> list[Claim]:
        """A capability, concept, error or recipe: its title and purpose, then the code it stands on."""
        title = _title(self.composer.graph, node)
        said = one_line(str(node.meta.get("purpose", "")))
        claims = []
        linked = self._linked(node)
        if node.type == "recipe":
            return self._recipe(node, one_line(str(node.meta.get("title", "") or node.name)), span)
        lead = {"capability": "Capability", "concept": "Concept", "error": "Error"}.get(
            node.type, node.type.capitalize()
        )
        claims.append(Claim(f"{lead} {title}: {said}" if said else f"{lead}: {title}.", span))
        if linked:
            claims.append(
                Claim(
                    f"It rests on {join([name_of(n) for n in linked[:5]])}.",
                    tuple(s for n in linked[:5] for s in here(n)),
                )
            )
        return claims

    def _linked(self, node: Node, role: str = "") -> list[Node]:
        edges = [
            e for e in self.composer.graph.edges(["depends_on"], src=node.id) if not role or e.meta.get("role") == role
        ]
        edges.sort(key=lambda e: (int(e.meta.get("order", 0)), e.dst))
        found = [self.composer.graph.node(e.dst) for e in edges]
        return [n for n in found if n is not None and n.type != "external"]

    def _recipe(self, node: Node, title: str, span: tuple[Span, ...]) -> list[Claim]:
        edges = [e for e in self.composer.graph.edges(["depends_on"], src=node.id) if e.meta.get("role") == "step"]
        edges.sort(key=lambda e: (int(e.meta.get("order", 0)), e.dst))
        claims = [Claim(f"To {title[:1].lower() + title[1:]}:" if title else "Steps:", span)]
        for number, edge in enumerate(edges, 1):
            step = self.composer.graph.node(edge.dst)
            if step is None:
                continue
            arguments = edge.meta.get("arguments", "")
            shown = join(arguments) if isinstance(arguments, list) else one_line(str(arguments))
            text = f"{number}. {name_of(step)}" + (f" with {shown}" if shown else "")
            said = purpose(step, 20)
            claims.append(Claim(f"{text} — {said}" if said else text, here(step), item=True))
        return claims

    def _item(self, hit: Hit) -> Claim:
        node = self.composer.graph.node(hit.node_id) if hit.node_id else None
        if node is None:
            return Claim(f"{one_line(hit.name)} in {hit.path}", _span(hit), item=True)
        if node.origin == "brain":
            said = one_line(str(node.meta.get("purpose", "")))
            return Claim(
                f"{_title(self.composer.graph, node)} ({node.type})" + (f" — {said}" if said else ""),
                _span(hit),
                item=True,
            )
        said = purpose(node, 25)
        text = f"{name_of(node)} in {node.path}" if node.type not in ("module", "package") else name_of(node)
        return Claim(f"{text} — {said}" if said else text, _span(hit), item=True)

    def _howto(self, kind: str, text: str, evidence: Evidence) -> Section:
        """Steps from the best recipe that matches, then the symbols that do the work, then where it is shown in use."""
        recipes = self.retriever.find(text, 3, self.path_glob, ("recipe",))
        claims: list[Claim] = []
        score = evidence.confidence
        if recipes.hits and recipes.confidence >= max(0.5, 0.8 * evidence.confidence):
            node = self.composer.graph.node(recipes.hits[0].node_id)
            if node is not None:
                claims += self._recipe(
                    node, one_line(str(node.meta.get("title", "") or node.name)), _span(recipes.hits[0])
                )
                score = max(score, recipes.confidence)
        hits = _distinct([h for h in evidence.hits if h.kind != "recipe"])
        if not claims and hits:
            claims += self._lead(hits[0])
            hits = hits[1:]
        if hits:
            claims.append(Claim("The code and documentation that bear on it:"))
            claims += [self._item(hit) for hit in hits[: _SHOWN - 1]]
        return Section(
            kind,
            tuple(claims),
            "yes" if claims else "unknown",
            score,
            evidence.features,
            tuple(h.node_id for h in hits if h.node_id),
        )


def overview(graph: Graph, project: str) -> Section:
    """What the repository is, from its front package, its counts and its capabilities."""
    types, languages = graph.count("nodes", "type"), graph.count("nodes", "lang")
    fronts = [
        n
        for n in graph.nodes(["package", "module"])
        if n.meta.get("doc") and not is_test(n.path) and not is_aside(n.path)
    ]
    fronts.sort(key=lambda n: (n.name != project, n.path.count("/"), n.type != "package", n.id))
    claims: list[Claim] = []
    spans: tuple[Span, ...] = ()
    if fronts:
        said = purpose(fronts[0])
        front = fronts[0]
        if front.type == "package":
            inner = [
                n for n in graph.nodes(["module"]) if n.path.rpartition("/")[0] == front.path and n.name == front.name
            ]
            front = inner[0] if inner else front
        spans = header(front)
        if said:
            claims.append(Claim(said, spans))
    counted = [
        count(types[t], t, "classes" if t == "class" else "")
        for t in ("module", "class", "interface", "function", "method")
        if types.get(t)
    ]
    used = [
        lang
        for lang in sorted(languages, key=lambda name: -languages[name])
        if lang and lang not in ("text", "markdown")
    ]
    claims.append(
        Claim(
            f"{project or 'The repository'} holds {join(counted)}, in {join(used) or 'no language known here'}.", spans
        )
    )
    able = sorted(graph.nodes(["capability"]), key=lambda n: (-float(n.meta.get("support", 0) or 0), n.id))
    shown = [n for n in able if n.meta.get("purpose") and not is_test(n.path)][:8]
    if shown:
        claims.append(Claim("Among its capabilities:"))
        for node in shown:
            claims.append(
                Claim(f"{_title(graph, node)} — {one_line(str(node.meta['purpose']))}", here(node), item=True)
            )
    return Section("overview", tuple(claims), "yes" if claims else "unknown")


def _title(graph: Graph, node: Node) -> str:
    """What an ontology node is called: the symbol it stands on, an error by its message, else its own title."""
    evidence = [str(e) for e in node.meta.get("evidence", ())]
    anchor = graph.node(evidence[0]) if evidence and node.type in ("capability", "concept") else None
    return name_of(anchor) if anchor else one_line(str(node.meta.get("title", "") or node.name))


def _distinct(hits: Sequence[Hit]) -> list[Hit]:
    """One hit per span: an ontology node and its anchor share their lines."""
    seen: set[tuple[str, int, int]] = set()
    kept = []
    for hit in hits:
        place = (hit.path, hit.start, hit.end)
        if place in seen and hit.start:
            continue
        seen.add(place)
        kept.append(hit)
    return kept


def _span(hit: Hit) -> tuple[Span, ...]:
    return (Span(hit.path, hit.start, hit.end, hit.node_id, "search", hit.score),) if hit.start and hit.path else ()


def _quote(text: str) -> str:
    quoted = one_line(text)
    return quoted if len(quoted) <= 300 else quoted[:297].rpartition(" ")[0] + " …"
