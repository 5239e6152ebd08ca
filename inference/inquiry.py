"""One question on its way to an answer: its intents in, the sections that answer them out.

Each intent is answered from the graph where it names something of the index, refused where it names what is not there, and
searched for where it names nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from inference import differences, lines, outright, overview, pairs, traces
from inference.attributes import attribute
from inference.discover import Discoverer, without_project
from inference.gate import abstain, in_text, refuse
from inference.grammar import GRAPH_KINDS
from inference.kinds import Intent, Question, is_bare, prose_kind
from inference.link import STRICT, Missing, Target
from inference.reading import Ask
from inference.retrieve import ASKING, Retriever, content_words
from inference.scope import Scope, answer_in
from inference.wording import Claim, Section
from inference.words import could_be_a_name, means_it, of_kind

if TYPE_CHECKING:
    from inference.answer import Expert

_WHAT: Final = Claim("It is not clear what this is about: name a function, class, module or file.")
_UNCLEAR: Final = Section("unclear", (_WHAT,), "unknown", 0.0)
_NO_INDEX: Final = Claim("This question needs the search index: run make brain.")


class Inquiry:
    """Remembers what the question has named so far: `linked`, and the names that were refused."""

    def __init__(self, expert: Expert, question: Question, how: Ask, scope: Scope | None) -> None:
        self.linked: list[Target] = []
        self._refused: set[str] = set()
        self._question = question
        self._hints = tuple(m.name for m in question.mentions)
        self._how = how
        self._scope = scope
        self._composer = expert.composer
        self._linker = expert.linker
        self._retriever = expert.retriever
        self._project = expert.project
        self._settings = expert.settings

    def sections(self) -> list[Section]:
        """What answers the question, intent by intent, nothing said twice."""
        place = lines.at_line(self._composer, self._retriever, self._question.text)
        if place is not None:
            return [place]
        found: list[Section] = []
        intents, carry = self._question.intents, self._how.carry
        asked = {i.x.name for i in intents if i.x and i.kind not in ("search", "explain")}
        for intent in intents:
            # "X during a scan: who raises it?" names X only to ask about it afterwards.
            bare = intent.kind == "explain" and is_bare(intent) and len(intents) > 1
            if (intent.kind == "search" or bare) and intent.x and intent.x.name in asked:
                continue
            section = self._section(intent)
            if section is not None and intent.carried and carry and not found:
                section = replace(section, claims=(Claim(f"(About {carry}.)"), *section.claims))
            if section is not None:
                found.append(section)
        return _once(found)

    def _section(self, intent: Intent) -> Section | None:
        told = self._of_the_whole(intent)
        if told is not None:
            return told
        x = self._linker.link(intent.x, self._hints) if intent.x else None
        if isinstance(x, Target) and means_it(intent, x):
            return self._named(intent, of_kind(x, intent.text))
        if isinstance(x, Missing):
            if self._is_parameter(intent):
                return None
            if could_be_a_name(x.mention) and self._means_a_name(intent):
                return self._missing(intent, x)
        return self._search(intent)

    def _of_the_whole(self, intent: Intent) -> Section | None:
        """What is answered before any name is looked up: of the repository as a whole, or outright."""
        if intent.kind == "unclear":
            return _UNCLEAR
        whole = overview.whole(self._composer, self._project, self._retriever, intent)
        if whole is not None:
            return whole
        if not (self._how.kind or self._how.path_glob or self._how.lang):
            told = outright.described(self._composer, self._retriever, intent, self._project)
            if told is not None:
                return told
        named = intent.x.name.lower() if intent.x and intent.x.shape in ("plain", "capital") else ""
        return self._search(intent) if intent.kind == "members" and named == self._project.lower() else None

    def _named(self, intent: Intent, x: Target) -> Section | None:
        """What the question asks of something that the index holds."""
        self.linked.append(x)
        if intent.kind == "example" and self._retriever is not None:
            return self._finder(self._retriever).shown(x, intent.text)
        if intent.kind == "reason" and self._retriever is not None:
            return self._composer.describe.reason(x)
        section = answer_in(self._composer, intent.kind, x, self._scope, lambda t: self._about(intent, t))
        return section if section is not None else self._search(intent, x)

    def _missing(self, intent: Intent, x: Missing) -> Section | None:
        """What is said, once, of a name that the index does not hold."""
        if x.mention.name in self._refused:
            return None
        self._refused.add(x.mention.name)
        owner = x.container
        if owner is not None and owner.type in ("class", "interface"):
            classes = [owner, *self._composer.relations.ancestors(owner)]
            held = attribute(self._composer.graph, x, classes, self._retriever)
            if held is not None:
                return held
        told = in_text(x, self._retriever)
        return (self._beside(intent, x, told) or told) if told is not None else refuse(x)

    def _beside(self, intent: Intent, x: Missing, told: Section) -> Section | None:
        """What search finds for a question that holds a word of the texts which is no name; None when it says no more than `told`."""
        howto, name = prose_kind(intent.text) == "howto", x.mention.name
        # A proper name as prose writes it ("MusicBrainz", "CalDAV") is one word of the question among others.
        proper = name[0].isupper() and x.mention.shape == "camel"
        rest = without_project(intent.text.replace(name, " "), self._project)
        others = [word for word in content_words(rest) if word not in ASKING]
        if not howto and not (proper and others and intent.kind in ("search", "locate", "discovery", "explain")):
            return None
        found = self._search(intent)
        if found is None or not howto:
            return found if found is not None and found.score >= told.score else None
        # In a how-to question it may be what something is done with.
        return found if name.lower() in " ".join(c.text for c in found.claims[:2]).lower() else None

    def _about(self, intent: Intent, x: Target) -> Section | None:
        if intent.y and intent.kind == "default":
            return self._composer.describe.default(x, intent.y.name)
        if intent.y and intent.kind in ("check", "path", "compare"):
            y = self._linker.link(intent.y, self._hints)
            return self._checked(intent, x, y) if intent.kind == "check" else self._joined(intent, x, y)
        if intent.kind == "diagnose":
            return traces.advise(self._composer, x)
        return self._composer.answer(intent.kind, x)

    def _checked(self, intent: Intent, x: Target, y: Target | Missing) -> Section | None:
        """Whether one thing has a relation to another."""
        assert intent.y is not None
        if isinstance(y, Missing) and not y.external:
            # "Does X handle redirects?" names no symbol: that is a question for search, not for an edge.
            if intent.y.shape not in STRICT and intent.verb not in ("parameter", "imports", "extends"):
                return None
            if intent.y.shape in STRICT and intent.verb not in ("defines", "returns"):
                return refuse(y)
        if intent.verb == "parameter":
            return self._composer.describe.default(x, intent.y.name)
        return pairs.check(self._composer, intent.verb, x, y)

    def _joined(self, intent: Intent, x: Target, y: Target | Missing) -> Section | None:
        """The way from one thing to another, or what tells the two apart."""
        if isinstance(y, Missing):
            everyday = y.mention.shape == "plain" and not y.external
            if everyday and (intent.kind == "path" or x.mention.shape == "plain"):
                return None  # "from Info to the output": an everyday word, which no index need hold
            self._refused.add(y.mention.name)
            return refuse(y)
        x, y = pairs.akin(x, y)
        if intent.kind == "path":
            return pairs.path(self._composer, x, y)
        told = differences.compare(self._composer, self._retriever, x, y)
        notes = [note for target in (x, y) for note in self._composer.assumptions(target, intent.kind)]
        return replace(told, claims=(*told.claims, *notes))

    def _is_parameter(self, intent: Intent) -> bool:
        name = intent.x.name if intent.x else ""
        return any(p.get("name") == name for t in self.linked for p in t.node.meta.get("params", ()))

    def _means_a_name(self, intent: Intent) -> bool:
        """Whether what is asked about is meant as a name of the code, by its shape or by what is asked of it."""
        if intent.x is None:
            return False
        return intent.x.shape in STRICT or (intent.kind in GRAPH_KINDS and not self._in_prose(intent))

    def _in_prose(self, intent: Intent) -> bool:
        """Whether a plain word is one of the repository's own words though no symbol, or asked how it works: prose."""
        if intent.x is None:
            return False
        if intent.x.shape == "plain" and intent.text.lower().startswith("how ") and intent.kind == "explain":
            return True
        return bool(self._retriever and self._retriever.frequency(intent.x.name.lower()))

    def _search(self, intent: Intent, x: Target | None = None) -> Section:
        """What search finds, about `x` where that was linked; that nothing was found where it does not bear on the question."""
        if self._retriever is None:
            return Section(intent.kind, (_NO_INDEX,), "unknown", 0.0)
        finder = self._finder(self._retriever)
        section, evidence = finder.answer(prose_kind(intent.text), without_project(intent.text, self._project))
        about = self._composer.answer("explain", x) if x is not None else None
        if x is not None and about is not None:
            return finder.beyond(x.node, intent, about, section)
        if section.score < self._settings.min_confidence or not section.claims:
            return abstain(intent, evidence)
        return section

    def _finder(self, retriever: Retriever) -> Discoverer:
        return Discoverer(self._composer, retriever, self._settings.k, self._how.path_glob, self._how.lang)


def _once(sections: Sequence[Section]) -> list[Section]:
    """The sections without what an earlier one has said already; what is left empty goes."""
    said: set[str] = set()
    kept = []
    for section in sections:
        fresh = tuple(c for c in section.claims if c.text not in said)
        said.update(c.text for c in section.claims)
        if fresh:
            kept.append(replace(section, claims=fresh))
    return kept
