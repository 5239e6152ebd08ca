"""Questions without a name in them: how do I, what can it do about, which part handles, what is this. In: search evidence.
Out: sections that lead with the best find, then the others, each with what its documentation says; never a guess beyond them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice, pairwise
from typing import Final

from brain.lookup import Hit
from brain.text import one_line, stem
from brain.view import hidden, inside_tests, is_aside, is_public, is_test
from extractor.schema import Node
from inference.citations import Span
from inference.compose import Composer
from inference.extend import one_of_ones_own
from inference.flags import flags
from inference.howto import Guide
from inference.kinds import Intent
from inference.passages import passage, says
from inference.retrieve import SETTING, Evidence, Retriever, content_words, stems
from inference.spelling import in_one_word
from inference.verbs import called, fitted, in_code, is_it, said_words, spoken, titled, wanted
from inference.wording import (
    Claim,
    Section,
    advice,
    at,
    brief,
    few,
    here,
    join,
    kind_of,
    name_of,
    parameters,
    purpose,
    quote,
    title_of,
    unique,
)

_SHOWN: Final = 5
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
_WHOLE: Final = 0.5  # the share of a question that what leads its answer must be about
_FOUND: Final = 0.35  # how much the order of search weighs beside that share
_OPTION: Final = 0.4  # the share that the documentation of one parameter must hold
_NAMED: Final = 0.7  # below it, the one telling word stands neither in the name nor in what the thing is for
_SPOKEN: Final = (
    0.95  # of a function whose name of several words stands in the question: `add_job` in "how do I add a job"
)
_PAIRS: Final = 4  # neighbouring words of a question that are looked for as a name
_THIN: Final = 0.45
_DONE: Final = 1.15  # more for what is called by the verb of the question
_TELLING: Final = {"variable": 0.55, "module": 0.75, "package": 0.7, "recipe": 0.7, "error": 0.85, "section": 0.9}
_PAST: Final = re.compile(
    r"(?:^|/)(?:change(?:s|log)?|history|news|releases?(?:[-_]notes)?|what'?s[-_]?new|upgrad(?:e|ing)|migrat(?:e|ing|ion))(?:[-_]\w+)*(?:\.\w+)?(?:/|$)",
    re.IGNORECASE,
)
_CEILING: Final = 0.9  # search never is as sure as an edge of the graph


class Discoverer:
    """Composes answers from search."""

    def __init__(self, composer: Composer, retriever: Retriever, k: int, path_glob: str = "", lang: str = "") -> None:
        self.composer = composer
        self.graph = composer.graph
        self.retriever = retriever
        self.k = k
        self.path_glob = path_glob
        self.lang = lang
        self._sections: tuple[str, list[Hit]] = ("", [])
        self.guide = Guide(composer, retriever, path_glob, lang)

    def answer(self, kind: str, text: str) -> tuple[Section, Evidence]:
        """The section for a howto, discovery or plain search question, and the evidence it rests on."""
        text = self._in_words_of_code(self.retriever.as_spelt_here(in_one_word(text)))
        evidence = self.retriever.find(text, self.k, self.path_glob, (), self.lang)
        ranked = self._ranked(text, evidence, kind == "howto")
        best = max((fit for fit, hit in ranked if hit.kind != "recipe"), default=0.0)
        told = max((fit for fit, hit in ranked if hit.kind == "section"), default=0.0)
        steps = own = one_of_ones_own(self.composer, self.retriever, text) if kind == "howto" else []
        if kind == "howto" and not own:
            steps = self.guide.steps(text, best, told, self._titled(text)[:_SHOWN])
        taken, option, named = self.guide.parameter(text) if kind == "howto" and not steps else (0.0, [], False)
        # `pause_job` is how one pauses a job, whatever takes a parameter `paused`.
        bears = bool(ranked) and self._bears(ranked[0][1], text)
        claims = [*steps] or (option if taken > max(_OPTION, min(best, 0.9)) and not bears else [])
        # One telling word finds where a thing is, not how something is done with it.
        single = len(content_words(text)) < 2
        fit, first = ranked[0] if ranked else (0.0, None)
        vague = (
            fit < _WHOLE
            or (single and (kind == "howto" or fit < _NAMED))
            or (first is not None and first.kind == "variable" and not (kind == "howto" and fit >= 1.0))
        )
        if kind == "howto" and not claims and vague and not (self.path_glob or self.lang):
            claims = flags(self.retriever, text)
            own = [*claims]
        thin = not claims and vague
        hits = self._once([hit for _, hit in ranked])
        if not claims and hits and not thin:
            claims = self._lead(hits[0], text, kind == "howto")
            claims += option if named and taken >= _OPTION and not bears else []
            hits = hits[1:]
        rest = [h for h in hits if h.kind != "recipe" or kind != "howto"][: _SHOWN - (not thin)]
        if rest and (claims or thin):
            claims.append(
                Claim("What else bears on it:" if claims else "No one place answers the whole of this. Closest are:")
            )
            claims += list({c.text: c for c in reversed([self._item(hit) for hit in rest])}.values())[::-1]
        targets = tuple(h.node_id for h in evidence.hits if h.node_id)
        value = "yes" if claims else "unknown"
        sure = _CEILING if steps or (ranked and ranked[0][0] >= 1.0 and not single) else 0.75
        score = min(evidence.confidence, _THIN if thin else sure)
        score = max(score, 0.75) if own else score
        # A parameter that bears the very name settles it, whatever the words around it.
        score = max(score, 0.7) if option and named and claims[:1] == option[:1] else score
        return Section(kind, tuple(claims), value, score, evidence.features, targets), evidence

    def _in_words_of_code(self, text: str) -> str:
        """`text` with a deed that the repository has no word for under the name that it has: `parse` is `load`."""
        verb = wanted(text)
        if not verb or self.retriever.frequency(verb):
            return text
        known = max(in_code(verb), key=self.retriever.frequency)
        said = known if self.retriever.frequency(known) else verb
        return re.sub(rf"\b{verb}\b", said, text, count=1, flags=re.IGNORECASE)

    def doing(self, text: str) -> tuple[float, Node | None]:
        """The function that does what a how-to question asks for, with the share of the question that it is about."""
        ranked = self._ranked(text, self.retriever.find(text, self.k, self.path_glob, (), self.lang), True)
        for fit, hit in ranked[:_SHOWN]:
            node = self.graph.node(hit.node_id) if hit.node_id else None
            subject = self._anchor(node) if node is not None else None
            if subject is not None and subject.type in ("function", "method"):
                return fit, subject
        return 0.0, None

    def _bears(self, hit: Hit, text: str) -> bool:
        """Whether a function's name, with those of its parameters, holds every word of the question, of several."""
        node = self.graph.node(hit.node_id) if hit.node_id else None
        if node is None or node.type not in ("function", "method"):
            return False
        words, name = {stem(word) for word in content_words(text)}, stems(node.name)
        taken = stems(" ".join(str(p["name"]) for p in parameters(node)))
        return len(words) > 1 and bool(words & name) and words <= name | taken

    def _ranked(self, text: str, evidence: Evidence, howto: bool = False) -> list[tuple[float, Hit]]:
        """The finds by how much of the whole question each is about, with that share; tests last, unless asked about.

        Search brings in what any word matches; what leads an answer has to match most of them, and to say something: a field
        or a constant that shares a word with the question seldom does."""
        about = " ".join(content_words(text))
        pool = [*evidence.hits, *self.retriever.search(text, _POOL, self.path_glob, (), self.lang)]
        pool += self.retriever.search(about, _POOL, self.path_glob, (), self.lang) if about else []
        verb, works = wanted(text) if howto else "", not howto and _WORKS.match(text) is not None
        if works:
            classes = self.retriever.search(about or text, _SHOWN, self.path_glob, ("class", "interface"), self.lang)
            pool += [h for h in classes if stems(h.name.rpartition(".")[2]) & stems(text)]
        if howto and SETTING & set(about.split()):
            setting = " ".join("set" if w in SETTING else w for w in about.split())
            pool += self.retriever.search(setting, _POOL, self.path_glob, (), self.lang)
        if howto:
            if verb:
                pool += self.retriever.search(
                    f"{about} {' '.join(in_code(verb))}", _POOL, self.path_glob, ("function", "method"), self.lang
                )
            for pair in islice(pairwise(said_words(text)), _PAIRS):
                pool += self.retriever.search("_".join(pair), _SHOWN, self.path_glob, ("function", "method"), self.lang)
        # Documents stand low in the order of code; what they say about a thing is an answer all the same.
        documents = self.retriever.search(about or text, 4 * _SHOWN, self.path_glob, ("section",), self.lang)
        pool += [h for h in documents if h.path.endswith((".md", ".rst", ".adoc"))]
        pool += self._titled(text)
        hits = _distinct(list({(h.node_id, h.path, h.start): h for h in reversed(pool)}.values())[::-1])
        tests, where = bool(_ABOUT_TESTS.search(text)), bool(_WHERE.match(text))
        best = max((hit.score for hit in hits), default=0.0) or 1.0
        rows = []
        several = min(2, len(content_words(text)))
        for place, (hit, (fit, held)) in enumerate(zip(hits, self.retriever.fit(hits, text), strict=True)):
            fit *= (1.0 if held >= several else 0.7) * (0.5 if _PAST.search(hit.path) else 1.0)
            node = self.graph.node(hit.node_id) if hit.node_id else None
            kind = node.type if node else hit.kind
            if howto and node is not None:
                share = self._open(node)
                fit *= share
                fit *= 1.1 if self.guide.example(node) else 1.0
                subject = self._anchor(node)
                if share > _PRIVATE and subject is not None:
                    fit = max(fit, _SPOKEN) if spoken(subject, text) else fit
                    fit = max(fit, _SPOKEN) * _DONE if called(subject, text) else fit
                    fit = fitted(fit, subject, verb, text)
            # What a documented field of a class is for, one sets it to; other variables only share a word.
            set_there = howto and kind == "variable" and node is not None and "." in node.qualname and purpose(node)
            fit *= 1.0 if set_there else _TELLING.get(kind, 1.0)
            if kind == "section":
                # What a document does not say in words is no answer: a shared word of its code is not.
                spoken_of = says(self.retriever.lookup.text(hit.path, hit.start, hit.end), text, hit.name)
                fit *= 0.6 if where or not spoken_of else 1.0
                fit = titled(fit, hit.name, verb)
            elif works and node is not None:
                # How a thing works is told by the thing itself, before one of its inner steps.
                inner = any(hidden(part) for part in node.qualname.split("."))
                fit *= _INNER if inner else _WHOLE_NAME if is_it(node, text) else 1.0
            fit *= 0.85 if is_aside(hit.path) and kind != "section" else 1.0
            fit *= 1.0 if node is None or self._said(node) else 0.75 if node.origin == "extractor" else 0.6
            in_tests = not tests and (is_test(hit.path) or inside_tests(hit.name))
            rows.append((in_tests, -round(fit + _FOUND * hit.score / best, 3), place, fit, hit))
        return [(fit, hit) for *_, fit, hit in sorted(rows, key=lambda r: r[:3])]

    def _open(self, node: Node) -> float:
        """How much people can do with a node: little with what only its own class or module may name; an exception is never how."""
        owner = self.composer.relations.node(node.id.rpartition(".")[0]) if "#" in node.id else None
        if not is_public(node) or (owner is not None and self._open(owner) <= _PRIVATE):
            return _PRIVATE
        if node.meta.get("visibility") in ("protected", "package", "internal"):
            return 0.8
        failing = node.type == "error" or any(n is not None and self.composer.errors.is_error(n) for n in (node, owner))
        return 0.7 if failing else 1.0

    def _anchor(self, node: Node) -> Node | None:
        """What a capability stands on, anything else itself."""
        if node.type != "capability":
            return node
        return self.graph.node(str((node.meta.get("evidence") or [""])[0]))

    def _once(self, hits: list[Hit]) -> list[Hit]:
        """Each thing once: overloads read alike, and an ontology node says what its own symbol says."""
        told: dict[tuple[str, str], Hit] = {}
        for hit in hits:
            node = self.graph.node(hit.node_id) if hit.node_id else None
            title = title_of(self.graph, node) if node is not None and node.origin == "brain" else ""
            name = title or (name_of(node) if node is not None else hit.name)
            told.setdefault((name, hit.path), hit)
        return list(told.values())

    def _titled(self, text: str) -> list[Hit]:
        if self.path_glob or self.lang:
            return []
        if self._sections[0] != text:
            self._sections = (text, self.retriever.titled(text, 2 * _SHOWN))
        return self._sections[1]

    def _said(self, node: Node) -> str:
        return one_line(str(node.meta.get("purpose", ""))) if node.origin == "brain" else purpose(node)

    def _lead(self, hit: Hit, text: str, show: bool = False) -> list[Claim]:
        """What leads an answer; with `show`, how it is written in code as well."""
        node = self.graph.node(hit.node_id) if hit.node_id else None
        span = _span(hit)
        if node is None:
            said = passage(self.retriever.lookup.text(hit.path, hit.start, hit.end), text, hit.name)
            where = f"{hit.path}, “{one_line(hit.name)}”" if hit.name else hit.path
            told = re.sub(r"\s*:$", ".", quote(said))
            opening = Claim(f"{where}: {told}" if said else f"{where}, is the closest match.", span)
            return [opening, *(self.guide.section_code(hit, text) if show else ())]
        if node.type == "capability":
            # A function that is a capability is better told of as the function it is.
            anchor = self.graph.node(str((node.meta.get("evidence") or [""])[0]))
            node = anchor if anchor is not None and anchor.type == "function" else node
        if node.origin == "brain":
            return self._knowledge(node, span)
        said = purpose(node)
        place = "" if node.type in ("module", "package") else f" in {node.path}"
        lead = f"{name_of(node)}, {kind_of(node)}{place}"
        claims = [Claim(f"{lead}: {said}" if said else f"{lead}, is the closest match.", span)]
        if node.type in ("function", "method") and parameters(node):
            claims.append(Claim(f"It takes {join([brief(p) for p in parameters(node)])}.", span))
        callers = self.composer.relations.callers((node,)) if node.type != "module" else []
        rows = unique([r for r in callers if not is_test(r.node)])
        if rows:
            claims.append(
                Claim(
                    f"It is called by {few([name_of(r.node) for r in rows])}.",
                    tuple(s for r in rows[:5] for s in at(r)),
                )
            )
        return [*claims, *(self.guide.call(node) if show else ())]

    def _knowledge(self, node: Node, span: tuple[Span, ...]) -> list[Claim]:
        """A capability, concept, error or recipe: its title and purpose, then the code it stands on."""
        title, said = title_of(self.graph, node), self._said(node)
        if node.type == "recipe":
            return self.guide.recipe(node, span)
        linked = self.guide.linked(
            node, "raiser" if node.type == "error" else "serves" if node.type == "capability" else ""
        )
        linked = [n for n in linked if name_of(n) != title]
        claims = [Claim(f"{title}: {said}" if said else f"{title} ({node.type}).", span)]
        if linked:
            verb = (
                "It is raised by"
                if node.type == "error"
                else "It is built on"
                if node.type == "concept"
                else "It offers"
            )
            claims.append(
                Claim(f"{verb} {few([name_of(n) for n in linked])}.", tuple(s for n in linked[:5] for s in here(n)))
            )
        fixes = [one_line(str(f["text"])) for f in node.meta.get("fixes", ())][:2]
        claims += [Claim(advice(text)) for text in fixes]
        return claims

    def beyond(self, node: Node, intent: Intent, about: Section, found: Section) -> Section:
        """What a symbol is, for a question that asks something else of it: with the lines of it that speak of that; a yes or no
        that nothing there speaks of is not given."""
        inside = self.within(node, intent.text)
        claims = (*about.claims[:2], *inside) if inside else about.claims
        value = about.value
        asked = [w for w in content_words(intent.text) if stem(w) not in stems(f"{node.qualname} {node.path}")]
        if intent.kind == "search" and asked and not inside and _YES_OR_NO.match(intent.text):
            said = stems(str(node.meta.get("doc", "")))
            if not any(stem(w) in said for w in asked):
                lead = Claim(
                    f"Nothing in {name_of(node)} speaks of {join(asked[:4], 'or')}. What is known of it:", here(node)
                )
                claims, value = (lead, *claims), "unknown"
        return Section(intent.kind, claims, value, about.score, (*about.features, *found.features), about.targets)

    def within(self, node: Node, text: str) -> list[Claim]:
        """The lines of a symbol's own body that speak of what the question asks, as written."""
        start, end = node.lines
        own = stems(f"{node.qualname} {node.path}")
        words = {stem(w) for w in content_words(text)} - own
        body = self.retriever.lookup.text(node.path, start, end).split("\n") if start and words else []
        scored = [(len(words & stems(line)), number) for number, line in enumerate(body, start)]
        best = sorted(number for score, number in sorted(scored, key=lambda s: (-s[0], s[1]))[:_SHOWN] if score)
        claims = [Claim("Inside it, these lines bear on that:")] if best else []
        for number in best:
            written = one_line(body[number - start])[:140]
            claims.append(Claim(f"{written}", (Span(node.path, number, number, node.id, "line"),), item=True))
        return claims

    def _item(self, hit: Hit) -> Claim:
        node = self.graph.node(hit.node_id) if hit.node_id else None
        if node is None:
            return Claim(f"“{one_line(hit.name)}” in {hit.path}" if hit.name else hit.path, _span(hit), item=True)
        if node.origin == "brain":
            said, title = self._said(node), title_of(self.graph, node)
            return Claim(f"{title} ({node.type})" + (f" — {said}" if said else ""), _span(hit), item=True)
        said = purpose(node, 25)
        text = f"{name_of(node)} in {node.path}" if node.type not in ("module", "package") else name_of(node)
        return Claim(f"{text} — {said}" if said else text, _span(hit), item=True)


_YES_OR_NO: Final = re.compile(r"\W*(?:is|are|was|does|do|did|can|could|will|has|have|should)\b", re.IGNORECASE)
_ITSELF: Final = re.compile(
    r"\b(?:this|the|our)\s+(?:library|project|package|code(?:\s*base)?|repo(?:sitory)?|tool|program)(?=\s+(?:can|could|does|do|will|support)s?\b)",
    re.IGNORECASE,
)


def without_project(text: str, project: str) -> str:
    """`how does flask find …` asks how it finds: there the project's name is no word to search for."""
    text = _ITSELF.sub("it", text)
    named = rf"(?<=\b(?:is|in|of) )(?:the )?{re.escape(project)}\b" if project else r"(?!)"
    asked = rf"\b(does|do|can|did|will|with|using)\s+{re.escape(project)}\b" if project else r"(?!)"
    return re.sub(named, "it", re.sub(asked, r"\1 it", text, flags=re.IGNORECASE), flags=re.IGNORECASE)


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
