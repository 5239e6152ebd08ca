"""Facts to a summary: whole sentences in a fixed order per type, the best first, none cut, each tied to the facts behind it.

A sentence is (text, fact ids, node ids it names). `summarise` keeps as many as fit; a node with fewer than two attributes
beyond its name gets none. What its documentation does not say is composed from the signature and the edges, never guessed
from a name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from brain import knowledge
from brain.clauses import Sentence, enumeration, join_clauses
from brain.derive import FactTable
from brain.facts import Fact
from brain.importance import Importance
from brain.knowledge import heirs, leaf_clause, purpose_of
from brain.notes import Note
from brain.signatures import NOTHING, marked, shape_of, signature
from brain.text import banned, tokens, when
from brain.trials import inside, is_trial, trial
from brain.values import variable
from brain.view import (
    IMPLIED,
    View,
    container,
    dotted,
    hidden,
    is_lifetime,
    is_public,
    is_test,
    members,
    module_of,
    noun,
)
from extractor.schema import Node
from extractor.spelling import in_package, owner_of, spelled

LISTED: Final = 24  # objects kept per relation in a note
NAMED: Final = 4  # names spelled out in one clause of a summary
_MADE: Final = frozenset(("deleted", "defaulted"))  # by the compiler, or not at all
# What a signature alone does not make worth a note.
_BARE: Final = frozenset(("path", "signature", "visibility", "flag"))


class Renderer:
    """Turns the facts of one node into its note. Holds what all notes share: the view, the importance, the limits."""

    def __init__(self, view: View, ranks: dict[str, Importance], max_tokens: int, style: str = "factual") -> None:
        self._view = view
        self._ranks = ranks
        self._max = max_tokens
        self._style = style
        self._subject: Node | None = None  # what is being summarised

    def note(self, node: Node, facts: Sequence[Fact]) -> Note:
        table = FactTable(facts)
        chosen = self.summarise(node, table)
        refs = dict.fromkeys(ref for sentence in chosen for ref in sentence.refs)
        return Note(
            id=node.id,
            type=node.type,
            name=spelled(node) if "#" in node.id else dotted(node),
            path=node.path,
            lang=node.lang,
            lines=node.lines,
            summary=" ".join(sentence.text for sentence in chosen),
            facts=self._listing(facts),
            refs=tuple(sorted(refs)),
            content_hash=str(node.meta.get("content_hash", "")),
            sentences=tuple(sentence.facts for sentence in chosen),
        )

    def summarise(self, node: Node, table: FactTable) -> list[Sentence]:
        """The sentences of a summary, dropped from the end until they fit; filler is dropped wherever it stands."""
        kinds = {fact.relation for fact in table.about(node.id) if fact.object not in NOTHING} - _BARE
        kinds |= _MADE & set(node.meta.get("flags", ())) | ({"signature"} if shape_of(node) else set())
        if node.name.startswith("<lambda") or (len(kinds) < 2 and len(table.about(node.id, "parameter")) < 2):
            return []
        self._subject = node
        write = _FRAMES.get(node.type, _symbol)
        kept: list[Sentence] = []
        used = 0
        for sentence in write(self, node, table):
            if not sentence.text or banned(sentence.text):
                continue
            size = len(tokens(sentence.text))
            if used + size > self._max:
                continue
            kept.append(sentence)
            used += size
            if self._style == "brief":
                break
        return kept

    def name(self, node_id: str) -> str:
        """A node as prose names it: `Session.send`, `requests.api`, `ValueError`. Of two that read alike the other than the
        subject comes with where it stands."""
        node, subject = self._view.node(node_id), self._subject
        if node is None:
            return node_id.rpartition("#")[2] or node_id
        text = self._called(node)
        if subject is None or subject.origin == "brain" or "#" not in node_id:
            return text
        alike = spelled(node) == spelled(subject) and node.path != subject.path
        return f"{text} of {self._place(node)}" if alike else text

    def _place(self, node: Node) -> str:
        if node.type == "external":
            return node.id.removeprefix("ext:").partition("#")[0]
        home = module_of(self._view, node)
        return dotted(home) if home is not None else node.path

    def _called(self, node: Node) -> str:
        node_id = node.id
        if node.type == "external":
            return in_package(node) if "#" in node_id else node_id.removeprefix("ext:")
        if node.name == "__init__" or "constructor" in node.meta.get("flags", ()):
            return owner_of(node) or spelled(node)
        if node.name == "/":
            return "the root package"
        return spelled(node) if "#" in node_id else str(node.meta.get("title") or dotted(node))

    def node(self, node_id: str) -> Node | None:
        return self._view.node(node_id)

    def replaces(self, fact: Fact) -> str:
        """What a method does to that of a base: one of an interface is implemented."""
        home = container(self._view, fact.object)
        return "implements" if home is not None and home.type == "interface" else "overrides"

    def makes(self, node_id: str, class_id: str) -> bool:
        """Whether a function is a constructor of this class."""
        node, home = self._view.node(node_id), container(self._view, node_id)
        made = node is not None and (node.name == "__init__" or "constructor" in node.meta.get("flags", ()))
        return made and home is not None and home.id == class_id

    def siblings(self, node: Node) -> list[Node]:
        """What its container defines beside it and of its sort, in source order."""
        home, flags = container(self._view, node.id), node.meta.get("flags", ())
        found = members(self._view, home.id) if home is not None else ()
        alike = [n for n in found if n.id != node.id and n.meta.get("flags", ()) == flags]
        return sorted(alike, key=lambda n: (n.lines, n.id))

    def best(self, facts: Iterable[Fact]) -> list[Fact]:
        """Facts about other nodes, the most important end first; repository before outside, what is written before what only
        happens and what may stand in for it, public before private."""

        def key(fact: Fact) -> tuple[bool, bool, bool, bool, bool, float, str]:
            node = self._view.node(fact.object)
            outside = node is None or node.type == "external"
            known = self._ranks.get(fact.object)
            inner = node is not None and node.type == "function" and "." in node.qualname
            private = node is None or hidden(node.name)
            via = fact.qualifier("via")
            unwritten = via in IMPLIED or (node is not None and "destructor" in node.meta.get("flags", ()))
            return outside, unwritten, via == "override", inner, private, -(known.total if known else 0.0), fact.object

        named = [fact for fact in facts if "<lambda" not in fact.object]
        return sorted(named, key=key)

    def names(self, facts: Sequence[Fact], limit: int = NAMED) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        """("a, b and 3 more", fact ids, node ids). Equal names are said once."""
        unique: dict[str, list[Fact]] = {}
        for fact in facts:
            unique.setdefault(self.name(fact.object), []).append(fact)
        shown = list(unique)[:limit] if len(unique) > limit + 1 else list(unique)
        text = enumeration(shown, len(unique) - len(shown))
        used = [fact for name in shown for fact in unique[name]]
        return text, tuple(f.id for f in used), tuple(f.object for f in used)

    def clause(self, lead: str, facts: Sequence[Fact], limit: int = NAMED) -> Sentence | None:
        if not facts:
            return None
        text, ids, refs = self.names(facts, limit)
        return Sentence(f"{lead} {text}", ids, refs)

    def is_product(self, node_id: str) -> bool:
        node = self._view.node(node_id)
        return node is not None and node.type != "external" and not is_test(node)

    def home(self, node: Node, owner: Sequence[Fact]) -> str:
        """` of shop.cart`, ` of the module cart`: where a thing is defined, nothing for what stands right in a package. Of a method
        whose class stands in another file or outside, that class."""
        kind = self.type_of(owner[0].object) if owner else "package"
        name = self.name(owner[0].object) if kind != "package" else ""
        if kind == "module" and node.type == "method" and "." in node.qualname:
            return f" of {owner_of(node)}"
        return f" of {'the module ' if kind == 'module' and '.' not in name else ''}{name}" if name else ""

    def type_of(self, node_id: str) -> str:
        node = self._view.node(node_id)
        return node.type if node else ""

    def is_field(self, node_id: str) -> bool:
        """Whether a class's member holds a value, as an associated type does not."""
        node = self._view.node(node_id)
        return node is not None and node.type == "variable" and "alias" not in node.meta.get("flags", ())

    def is_public(self, node_id: str) -> bool:
        node = self._view.node(node_id)
        return node is not None and is_public(node)

    def is_open(self, node_id: str) -> bool:
        """As `is_public`, for a member whose class has just been named: a test's own methods are its members too."""
        node = self._view.node(node_id)
        if node is None or hidden(node.name) or is_lifetime(node):
            return False
        return bool(node.meta.get("visibility", "public") != "private")

    def _listing(self, facts: Sequence[Fact]) -> dict[str, Any]:
        lists: dict[str, list[str]] = {}
        for fact in facts:
            lists.setdefault(fact.relation, []).append(fact.object)
        shown: dict[str, Any] = {relation: objects[:LISTED] for relation, objects in sorted(lists.items())}
        cut = {relation: len(objects) for relation, objects in sorted(lists.items()) if len(objects) > LISTED}
        if cut:
            shown["counts"] = cut
        shown["doc"] = "docstring" if "purpose" in lists else "none"
        return shown


def _symbol(r: Renderer, node: Node, table: FactTable) -> Iterator[Sentence]:
    """Functions and methods: what it is; takes and returns; raises; callers and callees; the rest. Of a test: what it tries."""
    purpose = purpose_of(table, node)
    if is_trial(r, node, table):
        yield from trial(r, node, table, purpose)
        return
    takes = signature(node, table)
    calls = r.best(inside(r, node, table.about(node.id, "calls")))
    raising = [sentence for sentence in _raising(r, node, table) if sentence.text]
    callers = table.about(node.id, "called_by")
    yield purpose or _composed(r, node, table, takes)
    if purpose:
        yield join_clauses(takes)
    yield from raising
    if not (purpose or takes or raising or calls or callers):  # then the little there is
        yield join_clauses(marked(node, table))
        calls = r.best(table.about(node.id, "calls"))
    yield join_clauses(*_calling(r, node, table, "called", callers), r.clause("calls", _written(calls)))
    yield join_clauses(*(r.clause(r.replaces(f), [f]) for f in table.about(node.id, "overrides")))
    yield join_clauses(r.clause("catches", table.about(node.id, "catches"), 3))
    yield join_clauses(*_calling(r, node, table, "exercised", table.about(node.id, "tested_by"), 2))
    promised = r.clause("declared to raise", table.about(node.id, "promises"))
    if promised:
        yield join_clauses(replace(promised, text=f"{promised.text}, which the code is not seen to do"))


def _calling(
    r: Renderer, node: Node, table: FactTable, verb: str, facts: Sequence[Fact], limit: int = NAMED
) -> Iterator[Sentence | None]:
    """Who calls it by name, and who calls what it overrides or implements, and so reaches it perhaps."""
    named = [f for f in facts if f.qualifier("via") != "override"]
    through = [f for f in facts if f.qualifier("via") == "override"]
    yield r.clause(f"{verb} by", r.best(named), limit)
    base = table.about(node.id, "overrides")
    if through:
        lead = f"{'' if named else f'{verb} '}through {r.name(base[0].object) if base else 'its base'} by"
        found = r.clause(lead, r.best(through), limit)
        yield replace(found, facts=(*(f.id for f in base[:1]), *found.facts)) if found is not None else None


def _written(calls: Sequence[Fact]) -> list[Fact]:
    """Calls without what only may stand in for a callee that is named beside it."""
    named = [f for f in calls if f.qualifier("via") != "override"]
    return named or list(calls)


def _composed(r: Renderer, node: Node, table: FactTable, takes: Sentence | None) -> Sentence:
    """The first sentence of an undocumented callable: its kind, its home, what goes in and out."""
    flags = set(node.meta.get("flags", ()))
    words = [
        word for word in ("abstract", *sorted(_MADE), "async", "static") if word in flags or f"{word}method" in flags
    ]
    if node.name == "__init__":
        flags.add("constructor")
    kind = (
        "constructor"
        if "constructor" in flags
        else "destructor"
        if "destructor" in flags
        else "property"
        if "property" in flags
        else "class method"
        if "classmethod" in flags
        else node.type
    )
    if kind == "function" and not flags.isdisjoint(("generator", "macro")):
        kind = "generator function" if "generator" in flags else "macro"
    lead = " ".join([*words, kind])
    owner = table.about(node.id, "container")
    text = f"{'An' if lead[0] in 'aeiou' else 'A'} {lead}{r.home(node, owner)}"
    if takes:
        text += f" that {takes.text}"
    ids = tuple(f.id for f in owner[:1]) + (takes.facts if takes else ())
    return Sentence(text + ".", ids, tuple(f.object for f in owner[:1]))


def _raising(r: Renderer, node: Node, table: FactTable) -> Iterator[Sentence]:
    direct = table.about(node.id, "raises")
    for fact in direct[:3]:
        said = f"raises {r.name(fact.object)}{when(fact.qualifier('guard'))}"
        yield join_clauses(Sentence(said, (fact.id,), (fact.object,)))
    if len(direct) > 3:
        yield join_clauses(r.clause("also raises", direct[3:]))
    yield join_clauses(r.clause("may raise", table.about(node.id, "may_raise"), 3))  # the likeliest come first


def _bases(r: Renderer, node: Node, table: FactTable) -> tuple[Sentence | None, Sentence | None]:
    extended, implemented = table.about(node.id, "extends"), table.about(node.id, "implements")
    return r.clause("extends", extended), r.clause("implements", implemented)


def _class(r: Renderer, node: Node, table: FactTable) -> Iterator[Sentence]:
    about = table.about
    purpose = purpose_of(table, node)
    kinds = set(node.meta.get("flags", ()))
    defined = about(node.id, "member")
    methods = [f for f in defined if r.type_of(f.object) == "method" and r.is_open(f.object)]
    held = [f for f in defined if r.is_field(f.object)]
    fields = [f for f in held if r.is_open(f.object)] or (held if not methods else [])
    if not purpose:
        word = next((k for k in ("dataclass", "enum", "struct", "record", "protocol") if k in kinds), noun(node))
        owner = about(node.id, "container")
        start = "An" if ("abstract" in kinds or word[0] in "aeiou") else "A"
        text = f"{start} {'abstract ' if 'abstract' in kinds else ''}{word}{r.home(node, owner)}"
        bases = join_clauses(*_bases(r, node, table), glue=" and ")
        shape = "" if bases.text or methods or fields else shape_of(node)
        text += f" that {bases.text[0].lower()}{bases.text[1:]}" if bases.text else f"{shape}."
        ids, refs = tuple(f.id for f in owner[:1]), tuple(f.object for f in owner[:1])
        yield Sentence(text, ids + bases.facts, refs + bases.refs)
    else:
        yield purpose
        yield join_clauses(*_bases(r, node, table))
    yield heirs(r, about(node.id, "subclass"))
    yield join_clauses(
        r.clause("raised by", r.best(about(node.id, "raised_by"))),
        r.clause("caught by", r.best(about(node.id, "caught_by"))),
    )
    yield join_clauses(leaf_clause("methods:", r.best(methods)), leaf_clause(_held_as(r, fields), fields))
    yield join_clauses(r.clause("used by", r.best(about(node.id, "called_by"))))
    yield join_clauses(r.clause("exercised by", r.best(about(node.id, "tested_by")), 2))


def _held_as(r: Renderer, fields: Sequence[Fact]) -> str:
    """What the values that a type defines are called: those of an enumeration are no fields."""
    flags = [set(node.meta.get("flags", ())) for f in fields if (node := r.node(f.object)) is not None]
    for flag, said in (("variant", "variants:"), ("enum_constant", "constants:")):
        if flags and all(flag in each for each in flags):
            return said
    return "fields:"


def _module(r: Renderer, node: Node, table: FactTable) -> Iterator[Sentence]:
    defined = table.about(node.id, "member")
    purpose = purpose_of(table, node)
    if purpose:
        yield purpose
    groups = []
    words = (("class", "classes"), ("interface", "interfaces"), ("function", "functions"), ("module", "modules"))
    for kind, many in (*words, ("package", "packages")):
        facts = [f for f in defined if r.type_of(f.object) == kind and r.is_public(f.object)]
        said = next((noun(n) for f in facts[:1] if (n := r.node(f.object)) is not None), kind)
        many = many if said == kind else f"{said}s"
        groups.append(r.clause(said if len(facts) == 1 else many, r.best(facts), 5))
    present = [g for g in groups if g]
    if present:
        label = "Package" if node.type == "package" else "Module"
        lead = Sentence(
            f"{'holds' if node.type == 'package' else 'defines'} {present[0].text}", present[0].facts, present[0].refs
        )
        body = join_clauses(lead, *present[1:])
        yield (
            body if purpose else Sentence(f"{label} that {body.text[0].lower()}{body.text[1:]}", body.facts, body.refs)
        )
    yield join_clauses(
        r.clause("imported by", r.best(_modules(r, table.about(node.id, "imported_by")))),
        r.clause("imports", r.best(_modules(r, table.about(node.id, "imports")))),
    )
    yield join_clauses(r.clause("depends on", table.about(node.id, "depends_on")))


def _modules(r: Renderer, facts: Sequence[Fact]) -> list[Fact]:
    return [f for f in facts if r.type_of(f.object) in ("module", "package")]


_FRAMES: Final[dict[str, Callable[[Renderer, Node, FactTable], Iterator[Sentence]]]] = {
    "class": _class,
    "interface": _class,
    "variable": variable,
    "module": _module,
    "package": _module,
    "capability": knowledge.capability,
    "concept": knowledge.concept,
    "error": knowledge.error,
    "recipe": knowledge.recipe,
}
