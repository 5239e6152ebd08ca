"""What the stage knows while it makes rows: the graph's facts on demand, names, importance, notes. Opened once, read by all.

Facts are derived when a node is looked at and forgotten when many others were, so memory follows the graph, not the rows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from brain.derive import facts_about
from brain.facts import Fact
from brain.importance import Importance, ordered, rank_view
from brain.notes import safe_name
from brain.view import View, is_aside, is_direct, is_public
from dataset.names import Names, Subject, parts_of, spec_of
from dataset.negatives import Parts, near_neighbours, parts_from
from dataset.questions import topics
from dataset.topics import Ask, Facts, Topic, beside, classlike
from extractor.graph import Graph
from extractor.languages import BY_NAME, TO_TOOLS
from extractor.schema import Node
from extractor.spelling import joint_of

# Build scripts: they run, but nobody asks about them.
_SCRIPTS = frozenset({"setup", "conftest", "noxfile", "tasks", "fabfile"})
_ASIDES = ("(", "[", "{")
_CALLED = {
    "property": "property",
    "macro": "macro", "constructor": "constructor", "destructor": "destructor", "struct": "struct", "union": "union",
    "enum": "enum", "alias": "type alias", "enum_constant": "enum constant", "variant": "variant", "field": "field",
}  # fmt: skip
KEPT_TOPICS = 8_000  # nodes whose topics are held
KEPT = 20_000  # nodes whose facts are held at once
_ASKED = ("package", "module", "class", "interface", "function", "method", "variable")


class Knowledge(Facts):
    """Facts of a whole graph, derived lazily. Of the code, the `most` important nodes are asked about."""

    def __init__(self, graph: Graph, notes: Path, most: int) -> None:
        self.view = View.load(graph)
        super().__init__((), _names(self.view))
        self.graph = graph
        self.ranks: dict[str, Importance] = rank_view(self.view)
        self._notes = notes
        self._summaries: dict[str, str] = {}
        self._told: dict[tuple[str, str], set[tuple[str, str]]] = {}  # who opens its documentation like this
        self._topics: dict[str, tuple[Topic, ...]] = {}
        self._neighbours: dict[tuple[str, int], tuple[str, ...]] = {}
        self.paths = frozenset(f.path for f in graph.files()) | {n.path for n in self.view.nodes.values() if n.path}
        code = [i for i in ordered(self.ranks) if self._askable(i)]
        every = [i for node_id in code for i in (node_id, *self._told_with(node_id))]
        outside = (n.id for n in self.view.of_type("external") if self.view.into(n.id, "throws"))
        failures = [i for i in outside if classlike(i) and not self._any_failure(i)]
        self.subjects_by_rank = every[:most] + failures
        self.public = frozenset(
            i for i in every if "#" in i and is_public(self.view.nodes[i]) and not is_aside(self.view.nodes[i].path)
        )
        self._by_name: dict[str, list[str]] = {}
        self._by_home: dict[str, list[str]] = {}
        for node_id in every + failures:
            if node_id not in self.names.types:
                continue  # of the ontology: a note about the same code, not another thing
            path, qualname = parts_of(node_id)
            owner, _, last = qualname.rpartition(".")
            self._by_name.setdefault(last, []).append(node_id)
            self._by_home.setdefault(f"{path}#{owner}", []).append(node_id)

    def about(self, node_id: str, relation: str) -> Sequence[Fact]:
        known = self._about.get(node_id)
        if known is None:
            if len(self._about) >= KEPT:
                self._about.clear()
            known = self._about[node_id] = {}
            node = self.view.node(node_id)
            for fact in facts_about(self.view, node) if node is not None else ():
                if fact.relation == "purpose" and node is not None and not _own_words(node):
                    continue
                known.setdefault(fact.relation, []).append(fact)
        return known.get(relation, ())

    def ask(self, node_id: str) -> Ask:
        return Ask(self.subject(node_id), self)

    def topics(self, node_id: str) -> Iterator[Topic]:
        """Everything that can be asked about a node of the graph."""
        known = self._topics.get(node_id)
        if known is None:
            known = tuple(topics(self.subject(node_id), self))
            if len(self._topics) < KEPT_TOPICS:  # the first to be asked for are the most important: they stay
                self._topics[node_id] = known
        return iter(known)

    def subject(self, node_id: str) -> Subject:
        """The node as questions name it; one of the ontology goes by its title and stands in the file it was found in."""
        found = self.names.subject(node_id)
        node = self.view.node(node_id)
        if node is None or node.origin != "brain":
            return found
        return replace(found, path=node.path, label=str(node.meta.get("title", "")) or found.label)

    def told_of_others(self, subject: Subject) -> bool:
        if not self._told:
            for other in self.view.nodes.values():
                if other.origin != "brain" and other.meta.get("doc"):
                    self._told.setdefault(_opening(other), set()).add(parts_of(other.id))
        node = self.view.node(subject.id)
        return node is not None and len(self._told.get(_opening(node), ())) > 1

    def sites(self, node_id: str, error: str) -> int:
        return sum(e.dst == error and is_direct(e) for e in self.view.out(node_id, "throws"))

    def speaking(self, node_id: str, role: str) -> Sequence[str]:
        edges = self.view.into(node_id, "depends_on")
        return [e.src for e in edges if e.origin == "brain" and e.meta.get("role") == role]

    def note(self, node_id: str) -> str:
        """The node's summary, empty when it has none."""
        if node_id not in self._summaries:
            if len(self._summaries) >= KEPT:
                self._summaries.clear()
            path = self._notes / safe_name(node_id)
            text = str(json.loads(path.read_text(encoding="utf-8")).get("summary", "")) if path.is_file() else ""
            self._summaries[node_id] = text
        return self._summaries[node_id]

    def neighbours(self, node_id: str, wanted: int) -> tuple[str, ...]:
        """Hard negatives of a node: the same name elsewhere, then siblings, nearest names first."""
        if not node_id:
            return ()
        key = (node_id, wanted)
        if key not in self._neighbours:
            if len(self._neighbours) >= KEPT:
                self._neighbours.clear()
            self._neighbours[key] = self._near(node_id, wanted)
        return self._neighbours[key]

    def _near(self, node_id: str, wanted: int) -> tuple[str, ...]:
        path, qualname = parts_of(node_id)
        home = self._by_home.get(f"{path}#{qualname.rpartition('.')[0]}", [])
        found = near_neighbours(node_id, self._by_name, home[:200], wanted)
        if len(found) < wanted:
            found += tuple(i for i in self._by_home.get(f"{path}#", [])[:50] if i != node_id and i not in found)
        return found[:wanted]

    def span(self, node_id: str) -> str:
        """`path:start-end` of a node, empty when it has no lines."""
        node = self.view.node(node_id)
        return f"{node.path}:{node.lines[0]}-{node.lines[1]}" if node is not None and node.lines[0] else ""

    def raises(self, node_id: str) -> bool:
        """Whether the node raises anything, by itself or through calls."""
        return bool(self.view.out(node_id, "throws"))

    def language(self, node_id: str) -> str:
        node = self.view.node(node_id)
        return node.lang if node is not None else ""

    def parameters(self) -> frozenset[str]:
        """Every parameter name of the graph."""
        return frozenset(
            str(p.get("name", "")).lstrip("*&") for n in self.view.nodes.values() for p in n.meta.get("params", ())
        )

    def parts(self) -> Parts:
        """What invented names are made of."""
        return parts_from(
            self.names.spelled(n.id) or n.name
            for n in self.view.nodes.values()
            if n.origin != "brain" and (n.name or n.id)
        )

    def text(self) -> str:
        """All names and documentation in lower case: what out-of-scope capabilities must not touch."""
        pieces = (f"{n.id} {n.meta.get('doc', '')}" for n in self.view.nodes.values())
        return "\n".join(pieces).lower()

    def _told_with(self, node_id: str) -> Iterator[str]:
        """Capabilities and recipes to ask about beside this node: those it comes first in."""
        for edge in self.view.into(node_id, "depends_on"):
            first = edge.meta.get("order") == 1 and edge.meta.get("role") in ("serves", "step")
            if edge.origin == "brain" and first and self.view.nodes[edge.src].meta.get("trust") != "test":
                yield edge.src

    def _askable(self, node_id: str) -> bool:
        """Whether questions may be asked about the node: code outside tests, one definition of its name."""
        node = self.view.nodes[node_id]
        if node.type not in _ASKED or beside(node_id) or not node.path:
            return False
        flags = node.meta.get("flags", ())
        if node.path.partition(".")[0] in _SCRIPTS or "deleted" in flags or {"declaration", "extern"} <= set(flags):
            return False
        if "@" in node_id.rpartition("#")[2] and self.names.same_place(node_id) > 1:
            return False  # a setter, an overload, an alternative: the first definition speaks for the name
        return "." not in node.qualname or self._in_class(node_id)

    def _any_failure(self, node_id: str) -> bool:
        """Whether an outside name stands for failing as such (`error`, `panic`): of no error in particular nobody asks."""
        specs = [spec_of(e.src) for e in self.view.into(node_id, "throws")]
        return self.subject(node_id).name.islower() and all(spec is not None and not spec.throws for spec in specs)

    def _in_class(self, node_id: str) -> bool:
        """Whether a dotted name is a member of classes only; what is local to a function is nobody's question."""
        for edge in self.view.out(node_id, "defined_in"):
            owner = self.view.node(edge.dst)
            if owner is not None and owner.type in ("function", "method"):
                return False
            if owner is not None and "." in owner.qualname and "#" in owner.id:
                return self._in_class(owner.id)
        return True


def _own_words(node: Node) -> bool:
    """Whether a node's documentation opens with a sentence about it: not with an aside, another name, or a note to a tool."""
    doc = str(node.meta.get("doc", "")).lstrip()
    ticked = re.match(r"`+([^`]+)`+", doc)
    other = ticked is not None and re.split(r"\W+", ticked.group(1).strip("~!@"))[0] not in (node.name, "")
    return doc[:1] not in _ASIDES and not other and not TO_TOOLS.match(doc)


def _opening(node: Node) -> tuple[str, str]:
    """A node's type and the beginning of its documentation."""
    return node.type, " ".join(str(node.meta.get("doc", "")).partition("\n\n")[0].split())[:80].lower()


def _names(view: View) -> Names:
    nodes = [n for n in view.nodes.values() if n.origin != "brain"]
    return Names(
        {n.id: _type(n) for n in nodes},
        {n.id: called for n in nodes if (called := _called(n))},
        {n.id: joint for n in nodes if (joint := joint_of(n)) != "."},
    )


def _called(node: Node) -> str:
    """What the node's language calls it, empty where the type says as much."""
    if node.type in ("module", "package", "external"):
        return ""
    flags, spec = node.meta.get("flags", ()), BY_NAME.get(node.lang)
    own = dict(spec.nouns).get(node.type, "") if spec is not None else ""
    return own or next((noun for flag, noun in _CALLED.items() if flag in flags), "")


def _type(node: Node) -> str:
    """A node's type, with properties told from methods: nobody calls them."""
    flags = node.meta.get("flags", ())
    return "property" if node.type == "method" and ("property" in flags or "setter" in flags) else node.type
