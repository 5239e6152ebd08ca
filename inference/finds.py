"""What search found, weighed against the whole question. In: a question and the index. Out: finds, best first, each with the share of
the question it is about and the telling words that it says itself; tests last, unless asked about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Final

from brain.lookup import Hit
from brain.text import one_line, stem
from brain.view import hidden, inside_tests, is_aside, is_public, is_test
from extractor.schema import Node
from inference.bearing import Bearing, is_past
from inference.compose import Composer
from inference.howto import Guide
from inference.passages import says
from inference.retrieve import SETTING, Evidence, Retriever, content_words, stems
from inference.verbs import (
    LIGHT,
    TAKING,
    called,
    deed,
    fitted,
    is_it,
    names_all,
    otherwise,
    said_words,
    spoken,
    tells,
    titled,
)
from inference.wording import anchor_of, name_of, parameters, purpose, title_of

SHOWN: Final = 5
_ABOUT_TESTS = re.compile(r"\b(?:which|what|any|the|unit|integration)\s+tests?\b|\btested\b|\btests\b", re.IGNORECASE)
# Code stands somewhere; a document only speaks of it.
_WHERE = re.compile(
    r"\W*(?:where\b|(?:in\s+)?(?:which|what)\s+(?:file|module|function|method|class|line|place)s?\b)", re.IGNORECASE
)
_WORKS = re.compile(r"\W*(?:and\s+)?how\s+(?:do|does|did|is|are|was|were)\b", re.IGNORECASE)
_INNER: Final = 0.75
_PRIVATE: Final = 0.4
_WHOLE_NAME: Final = 1.2
_POOL: Final = 32  # finds that are weighed against the whole question
_FOUND: Final = 0.35  # how much the order of search weighs beside that share
_SPOKEN: Final = (
    0.95  # of a function whose name of several words stands in the question: `add_job` in "how do I add a job"
)
_PAIRS: Final = 4  # neighbouring words of a question that are looked for as a name
_NAMED: Final = 1.7  # of a function whose name says the whole of a question
_GIVEN: Final = 1.05  # more for what says that it gives, where something is to be had
_DONE: Final = 1.15  # more for what is called by the verb of the question
_TOLD: Final = 0.7  # how much the share of the question that a find says itself weighs in its place
_SIGNED: Final = 0.05  # how much the signature weighs: among overloads it decides
_DOC: Final = 400  # characters of a documentation in which it says that it is no longer of use
_GIVEN_UP = re.compile(
    r"\bdeprecat|\bobsolete\b|\bno longer (?:supported|used|needed)\b|\bhas (?:\w+ )?been (?:disabled|removed|replaced)\b",
    re.IGNORECASE,
)
_MENTIONED: Final = 0.8  # of a section whose title says nothing of what is asked
_OPENING: Final = 200  # characters of a section, by which it is known again elsewhere
_TELLING: Final = {"variable": 0.55, "module": 0.75, "package": 0.7, "recipe": 0.7, "error": 0.85, "section": 0.9}


@dataclass(frozen=True, slots=True)
class Find:
    """`fit` is the share of the question that it is about, `held` the telling words that it says itself; `node` is the symbol it
    stands for, None for a document."""

    fit: float
    held: frozenset[str]
    hit: Hit
    node: Node | None


class Finds:
    """Searches one index and ranks what it finds by the whole of a question."""

    def __init__(
        self, composer: Composer, retriever: Retriever, guide: Guide, path_glob: str = "", lang: str = ""
    ) -> None:
        self.composer = composer
        self.graph = composer.graph
        self.retriever = retriever
        self.guide = guide
        self.path_glob = path_glob
        self.lang = lang

    def ranked(self, text: str, evidence: Evidence, bearing: Bearing, howto: bool) -> list[Find]:
        """Each thing once. Search brings in what any word matches; what leads an answer has to match most of them, and to say
        something: a field or a constant that shares a word with the question seldom does."""
        works = not howto and _WORKS.match(text) is not None
        hits = self._pool(text, evidence, bearing.deed if howto else "", howto, works)
        tests, best = bool(_ABOUT_TESTS.search(text)), max((hit.score for hit in hits), default=0.0) or 1.0
        several = min(2, len(content_words(text)))
        rows = []
        for place, (hit, (fit, held)) in enumerate(zip(hits, self.retriever.fit(hits, text), strict=True)):
            node = self.graph.node(hit.node_id) if hit.node_id else None
            subject = self.anchor(node) if node is not None else None
            fit *= (1.0 if held >= several else 0.7) * (0.5 if is_past(hit.path) else 1.0)
            fit = self._weighed(fit, hit, node, text, bearing.deed, howto, works)
            # A section that is called otherwise only mentions what is asked.
            fit *= _MENTIONED if hit.kind == "section" and hit.name and not bearing.in_text(hit.name) else 1.0
            said = bearing.held(hit, subject or node)
            in_tests = not tests and (is_test(hit.path) or inside_tests(hit.name))
            signed = _SIGNED * bearing.share(bearing.signed(subject)) if subject is not None else 0.0
            order = signed + (fit + _FOUND * hit.score / best) * (1.0 - _TOLD + _TOLD * bearing.share(said))
            rows.append((in_tests, -round(order, 3), place, Find(fit, said, hit, subject or node)))
        return self._once([find for *_, find in sorted(rows, key=lambda r: r[:3])])

    def _pool(self, text: str, evidence: Evidence, verb: str, howto: bool, works: bool) -> list[Hit]:
        about = " ".join(content_words(text))
        doers = ("function", "method")
        pool = [*evidence.hits, *self._search(text, _POOL)]
        pool += self._search(about, _POOL) if about else []
        if works:
            classes = self._search(about or text, SHOWN, ("class", "interface"))
            pool += [h for h in classes if stems(h.name.rpartition(".")[2]) & stems(text)]
        if howto and SETTING & set(about.split()):
            pool += self._search(" ".join("set" if w in SETTING else w for w in about.split()), _POOL)
        if howto:
            pool += self._search(f"{about} {' '.join(otherwise(verb))}", _POOL, doers) if verb else []
            for pair in islice(pairwise(said_words(text)), _PAIRS):
                pool += self._search("_".join(pair), SHOWN, doers)
        # Documents stand low in the order of code; what they say about a thing is an answer all the same.
        documents = self._search(about or text, 4 * SHOWN, ("section",))
        pool += [h for h in documents if h.path.endswith((".md", ".rst", ".adoc"))]
        pool += self.titled(text)
        return _distinct(list({(h.node_id, h.path, h.start): h for h in reversed(pool)}.values())[::-1])

    def _weighed(
        self, fit: float, hit: Hit, node: Node | None, text: str, verb: str, howto: bool, works: bool
    ) -> float:
        """The share of the question, by what kind of thing is asked for and what kind this is."""
        kind = node.type if node else hit.kind
        if howto and node is not None:
            share, subject = self._open(node), self.anchor(node)
            fit *= share * (1.1 if self.guide.example(node) else 1.0)
            if share > _PRIVATE and subject is not None:
                fit = max(fit, _SPOKEN) if spoken(subject, text) else fit
                fit = max(fit, _SPOKEN) * _DONE if called(subject, text) else fit
                fit = max(fit, _NAMED) if names_all(subject, text) else fit
                fit *= _GIVEN if verb in TAKING and tells(subject) else 1.0
                fit = fitted(fit, subject, verb, text)
        if howto and node is not None and is_given_up(node) and not _GIVEN_UP.search(text):
            fit *= _MENTIONED
        if howto and is_whole_option(node, text):
            fit = max(fit, _NAMED)
        # What a documented field of a class is for, one sets it to; other variables only share a word.
        fit *= 1.0 if howto and is_option(node, text) else _TELLING.get(kind, 1.0)
        if kind == "section":
            # What a document does not say in words is no answer: a shared word of its code is not.
            told = says(self.retriever.lookup.text(hit.path, hit.start, hit.end), text, hit.name)
            fit = titled(fit * (0.6 if _WHERE.match(text) or not told else 1.0), hit.name, verb, text)
        elif works and node is not None:
            # How a thing works is told by the thing itself, before one of its inner steps.
            inner = any(hidden(part) for part in node.qualname.split("."))
            fit *= _INNER if inner else _WHOLE_NAME if is_it(node, text) else 1.0
        fit *= 0.85 if is_aside(hit.path) and kind != "section" else 1.0
        return fit * (1.0 if node is None or said_of(node) else 0.75 if node.origin == "extractor" else 0.6)

    def doing(self, text: str, k: int) -> tuple[float, Node | None]:
        """The function that does what a how-to question asks for, with the share of the question that it is about."""
        bearing = Bearing(self.retriever, text, True)
        for find in self.ranked(text, self.retriever.find(text, k, self.path_glob, (), self.lang), bearing, True)[
            :SHOWN
        ]:
            if find.node is not None and find.node.type in ("function", "method"):
                return find.fit, find.node
        return 0.0, None

    def anchor(self, node: Node) -> Node | None:
        """What a capability stands on, anything else itself."""
        return anchor_of(self.graph, node) if node.type == "capability" else node

    def titled(self, text: str) -> list[Hit]:
        """Sections of documents whose titles hold words of the question."""
        return [] if self.path_glob or self.lang else self.retriever.titled(text, 2 * SHOWN)

    def _search(self, text: str, k: int, kinds: Sequence[str] = ()) -> list[Hit]:
        return self.retriever.search(text, k, self.path_glob, kinds, self.lang)

    def _open(self, node: Node) -> float:
        """How much people can do with a node: little with what only its own class or module may name; an exception is never how."""
        owner = self.composer.relations.node(node.id.rpartition(".")[0]) if "#" in node.id else None
        if not is_public(node) or (owner is not None and self._open(owner) <= _PRIVATE):
            return _PRIVATE
        if owner is not None and owner.type in ("function", "method") and not purpose(node):
            return _PRIVATE  # a step of what runs around it
        if node.meta.get("visibility") in ("protected", "package", "internal"):
            return 0.8
        failing = node.type == "error" or any(n is not None and self.composer.errors.is_error(n) for n in (node, owner))
        return 0.7 if failing else 1.0

    def _once(self, finds: list[Find]) -> list[Find]:
        """Each thing once: overloads read alike, and an ontology node says what its own symbol says."""
        told: dict[tuple[str, str], Find] = {}
        for find in finds:
            node = self.graph.node(find.hit.node_id) if find.hit.node_id else None
            title = title_of(self.graph, node) if node is not None and node.origin == "brain" else ""
            name = title or (name_of(node) if node is not None else find.hit.name)
            place = find.hit.path
            if find.hit.kind == "section":  # documents are built into copies of themselves
                place = one_line(self.retriever.lookup.text(place, find.hit.start, find.hit.end))[:_OPENING]
            told.setdefault((name, place), find)
        return list(told.values())


def is_option(node: Node | None, text: str) -> bool:
    """Whether a variable is a documented field of a class, called by a word of the question."""
    field = node is not None and node.type == "variable" and "." in node.qualname and bool(purpose(node))
    return field and node is not None and bool(stems(node.name) & {stem(word) for word in content_words(text)})


def is_whole_option(node: Node | None, text: str) -> bool:
    """Whether a field is called exactly what a question asks to set: `Command.version` of "how do I set a version for a command"."""
    if node is None or deed(text) not in LIGHT or not is_option(node, text):
        return False
    *_, owner, called = ["", *node.qualname.split(".")]
    about = {stem(word) for word in content_words(text) if word not in LIGHT}
    return stems(called) <= about <= stems(called) | stems(owner)


def is_given_up(node: Node) -> bool:
    """Whether the documentation of a symbol says that it is no longer the way."""
    return _GIVEN_UP.search(str(node.meta.get("doc", ""))[:_DOC]) is not None


def does_it_all(node: Node | None, text: str) -> bool:
    """Whether a function's name, with those of its parameters, holds every word of the question, of several."""
    if node is None or node.type not in ("function", "method"):
        return False
    words, name = {stem(word) for word in content_words(text)}, stems(node.name)
    taken = stems(" ".join(str(p["name"]) for p in parameters(node)))
    return len(words) > 1 and bool(words & name) and words <= name | taken


def said_of(node: Node) -> str:
    """What a node is said to be for."""
    return one_line(str(node.meta.get("purpose", ""))) if node.origin == "brain" else purpose(node)


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
