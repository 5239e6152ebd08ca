"""Capabilities, concepts, errors and recipes: pure rules over the graph, each node with the rule and the evidence it came from.

`derive` runs the rules and returns nodes and edges for `write_brain`, and a census of what each rule made and refused. Slugs
come from the anchor symbol's qualified name, so a reworded docstring renames nothing. The ontology's modules are the
extractor's own module and package nodes. Edges are `depends_on` with a role (see `brain.derive.ROLES`) and `defined_in`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from brain.drafts import Draft, error_classes, slug
from brain.importance import Importance, public_evidence
from brain.index import Files
from brain.mistakes import errors
from brain.recipes import recipes
from brain.text import first_sentence, identifiers, split_identifier
from brain.view import View, container, dotted, hidden, is_aside, is_lifetime, is_public, is_test, members, module_of
from config.manifest import digest
from extractor.schema import Edge, Node

MOST: Final = 12  # callables of a capability, members and users of a concept
_STRONG: Final = frozenset({"re-exported", "exported", "entry point", "command or route"})
_VERB_TEXT: Final = """
    get set is has to from make create build do run add remove delete new init load read write open close on by of for with
    and or all check parse find call update
"""
_VERBS: Final = frozenset(_VERB_TEXT.split())
_RECORDS: Final = frozenset(
    {"dataclass", "enum", "struct", "record", "namedtuple", "typeddict", "protocol", "abstract"}
)
_RECORD_BASES: Final = {
    "ABC": "abstract base",
    "Protocol": "protocol",
    "NamedTuple": "record",
    "TypedDict": "record",
    "BaseModel": "record",
    "Enum": "enum",
    "IntEnum": "enum",
    "StrEnum": "enum",
    "Flag": "enum",
    "IntFlag": "enum",
}


@dataclass(slots=True)
class Ontology:
    """`census` counts nodes per rule and, under "refused: …", candidates that did not become one, with the reason."""

    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    census: Counter[str] = field(default_factory=Counter)


def derive(view: View, ranks: Mapping[str, Importance], texts: Files, types: Collection[str]) -> Ontology:
    """All ontology nodes of the wanted `types`. `texts` may be empty: recipes then come from nothing."""
    ontology = Ontology()
    drafts: list[Draft] = []
    if "capability" in types:
        drafts += capabilities(view, ranks, ontology.census)
    if "concept" in types:
        drafts += concepts(view, ranks, ontology.census)
    if "error" in types:
        drafts += errors(view, texts, ontology.census)
    if "recipe" in types:
        drafts += recipes(view, texts, ontology.census)
    for draft, node_id in _named(drafts):
        ontology.nodes.append(_node(draft, node_id))
        ontology.edges += _edges(view, draft, node_id)
        ontology.census[f"{draft.type}: {draft.rule}"] += 1
    return ontology


def capabilities(view: View, ranks: Mapping[str, Importance], census: Counter[str]) -> Iterator[Draft]:
    """One per public class with its methods, and one per public function or group of functions that share a noun."""
    evidence = public_evidence(view)
    strong = {node_id for node_id, kinds in evidence.items() if _STRONG & set(kinds)}
    told = {view.nodes[node_id].path for node_id in strong}  # files that say themselves what is public in them
    errors = error_classes(view)
    groups: dict[tuple[str, str], list[Node]] = defaultdict(list)
    for node_id in evidence:
        node = view.nodes[node_id]
        if is_aside(node.path) or node_id in errors or not (node_id in strong or node.path not in told):
            continue
        home = module_of(view, node)
        if node_id not in strong and home is not None and any(hidden(part) for part in dotted(home).split(".")):
            continue
        if node.type in ("class", "interface"):
            methods = _best(ranks, (m for m in members(view, node.id) if m.type == "method" and is_public(m)))
            public = [
                m for m in methods if not m.name.startswith(("__", "~")) and "deleted" not in m.meta.get("flags", ())
            ]
            if not public:
                census["refused: class without public methods is no capability"] += 1
                continue
            yield _capability(node, "public class with its methods", public, evidence[node_id])
        elif node.type == "function" and home is not None and container(view, node_id) == home:
            groups[home.id, ranks[node_id].community if node_id in ranks else node_id].append(node)
    for key in sorted(groups):
        for part in _alike(_best(ranks, groups[key], len(groups[key]))):
            if len(part) == 1 and part[0].id not in strong and not first_sentence(str(part[0].meta.get("doc", ""))):
                census["refused: undocumented function nothing exports is no capability"] += 1
                continue
            rule = "public function" if len(part) == 1 else "public functions that share a noun"
            yield _capability(part[0], rule, part, evidence[part[0].id])


def _alike(functions: Sequence[Node]) -> Iterator[list[Node]]:
    """Functions split into groups whose names share a word with the most important one, verbs and little words apart."""
    left = list(functions)
    while left:
        anchor = left.pop(0)
        nouns = set(split_identifier(anchor.name)[-2:]) - _VERBS
        group = [anchor, *(f for f in left if nouns & set(split_identifier(f.name)))][:MOST]
        left = [f for f in left if f not in group]
        yield group


def _capability(anchor: Node, rule: str, callables: Sequence[Node], evidence: Sequence[str]) -> Draft:
    purpose = first_sentence(str(anchor.meta.get("doc", "")))
    return Draft(
        "capability",
        slug(anchor.qualname),
        anchor,
        rule,
        title=purpose.rstrip(".") or " ".join(split_identifier(anchor.name)),
        purpose=purpose,
        evidence=(anchor.id,),
        links=tuple(("serves", node.id, (("order", order),)) for order, node in enumerate(callables, 1)),
        more=(("public", list(evidence)),),
    )


def concepts(view: View, ranks: Mapping[str, Importance], census: Counter[str]) -> Iterator[Draft]:
    """Types that others build on or pass around: bases, records, and types named in three public signatures or more."""
    makers, takers = signatures_naming(view)
    errors = error_classes(view)
    for node in view.of_type("class", "interface"):
        if is_test(node) or is_aside(node.path) or not is_public(node) or node.id in errors:
            continue
        heirs = [e.src for kind in ("extends", "implements") for e in view.into(node.id, kind)]
        heirs = [h for h in dict.fromkeys(heirs) if not is_test(view.nodes[h])] if heirs else []
        uses = dict.fromkeys([n.id for n in (*makers[node.id], *takers[node.id])])
        rule = _concept_rule(view, node, heirs, len(uses))
        if not rule:
            census["refused: class nothing builds on or passes around is no concept"] += 1
            continue
        inside = _best(
            ranks,
            (m for m in members(view, node.id) if is_public(m) and not (is_lifetime(m) or m.name.startswith("__"))),
        )
        built = {e.src for e in view.into(node.id, "extends")}
        links = [("about", node.id, "")]
        links += [
            ("implementer", n.id, "" if n.id in built else "implements")
            for n in _best(ranks, (view.nodes[h] for h in heirs))
        ]
        links += [("producer", n.id, "") for n in _best(ranks, makers[node.id])]
        links += [("consumer", n.id, "") for n in _best(ranks, takers[node.id])]
        links += [("member", n.id, "") for n in sorted(inside, key=lambda n: (n.lines, n.id))]
        purpose = first_sentence(str(node.meta.get("doc", "")))
        yield Draft(
            "concept",
            slug(node.qualname),
            node,
            rule,
            title=" ".join(split_identifier(node.name)),
            purpose=purpose,
            evidence=tuple(sorted({node.id, *heirs[:MOST], *list(uses)[:MOST]})),
            links=tuple(
                (role, other, (("order", n), *((("kind", kind),) if kind else ())))
                for n, (role, other, kind) in enumerate(links, 1)
            ),
        )


def _concept_rule(view: View, node: Node, heirs: Sequence[str], uses: int) -> str:
    if node.type == "interface":
        return "interface"
    if heirs:
        return "base class"
    flags = {str(f).lower() for f in node.meta.get("flags", ())} & _RECORDS
    if flags:
        return min(flags)
    for edge in view.out(node.id, "extends"):
        name = edge.dst.rpartition("#")[2].rpartition(".")[2]
        if name in _RECORD_BASES:
            return _RECORD_BASES[name]
    return "named in public signatures" if uses >= 3 else ""


def signatures_naming(view: View) -> tuple[dict[str, list[Node]], dict[str, list[Node]]]:
    """For each class, the public callables whose return type names it, and those with a parameter that does.

    A name counts when one class of the repository bears it, or one in the same file.
    """
    named: dict[str, list[str]] = defaultdict(list)
    for node in view.of_type("class", "interface"):
        if not is_test(node):
            named[node.name].append(node.id)
    makers: dict[str, list[Node]] = defaultdict(list)
    takers: dict[str, list[Node]] = defaultdict(list)

    def meant(text: str, path: str) -> list[str]:
        found = []
        for name in dict.fromkeys(identifiers(text)):
            ids = named.get(name, [])
            local = [i for i in ids if view.nodes[i].path == path]
            found += local if len(local) == 1 else ids if len(ids) == 1 else []
        return found

    for node in view.of_type("function", "method"):
        if not is_public(node) or is_aside(node.path):
            continue
        for class_id in meant(str(node.meta.get("returns", "")), node.path):
            makers[class_id].append(node)
        annotations = " ".join(str(p.get("annotation", "")) for p in node.meta.get("params", ()))
        for class_id in meant(annotations, node.path):
            takers[class_id].append(node)
    return makers, takers


def _best(ranks: Mapping[str, Importance], nodes: Iterable[Node], most: int = MOST) -> list[Node]:
    """The most important of `nodes`, at most `most`, each once."""
    unique = {node.id: node for node in nodes}
    return sorted(unique.values(), key=lambda n: (-(ranks[n.id].total if n.id in ranks else 0.0), n.id))[:most]


def _named(drafts: Iterable[Draft]) -> Iterator[tuple[Draft, str]]:
    """Give each draft its id, `@k` in order of anchor where slugs meet."""
    met: Counter[str] = Counter()

    def order(draft: Draft) -> tuple[str, str, str, tuple[int, int]]:
        return draft.type, draft.slug, draft.anchor.id if draft.anchor else draft.path, draft.lines

    for draft in sorted(drafts, key=order):
        base = f"{draft.type}:{draft.slug}"
        met[base] += 1
        yield draft, base if met[base] == 1 else f"{base}@{met[base]}"


def _node(draft: Draft, node_id: str) -> Node:
    anchor = draft.anchor
    start, end = draft.lines if draft.lines != (0, 0) or anchor is None else anchor.lines
    meta: dict[str, Any] = {
        "rule": draft.rule,
        "evidence": list(draft.evidence),
        "support": len(draft.evidence),
        "title": draft.title,
        "purpose": draft.purpose,
        "start_line": start,
        "end_line": end,
        **dict(draft.more),
    }
    meta["content_hash"] = digest((draft.title, draft.purpose, repr(draft.links), repr(draft.more)))
    path = draft.path or (anchor.path if anchor else "")
    name = node_id.partition(":")[2]
    return Node(node_id, draft.type, name, path, anchor.lang if anchor else "", meta, "brain")


def _edges(view: View, draft: Draft, node_id: str) -> list[Edge]:
    """One edge per role and target; roles that name the same target twice are told apart by their order."""
    edges: dict[tuple[str, int], Edge] = {}
    for role, target, meta in draft.links:
        if target == node_id or view.node(target) is None:
            continue
        line = 0
        while (target, line) in edges:
            line += 1
        details = {"role": role, **dict(meta)}
        edges[target, line] = Edge(node_id, target, "depends_on", line, 1.0, draft.rule, details, "brain")
    home = module_of(view, draft.anchor) if draft.anchor is not None else None
    if home is not None:
        edges[home.id, -1] = Edge(node_id, home.id, "defined_in", 0, 1.0, draft.rule, {}, "brain")
    return list(edges.values())
