"""Questions without a name in them: how do I, what can it do about, which part handles, what is this. In: search evidence.
Out: sections that lead with the best find, then the others, each with what its documentation says; never a guess beyond them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from brain.lookup import Hit
from brain.text import one_line, stem
from brain.view import is_test
from dataset.names import firsts
from extractor.schema import Node
from inference.bearing import Bearing
from inference.citations import Span
from inference.compose import Composer
from inference.extend import one_of_ones_own
from inference.finds import SHOWN, Find, Finds, does_it_all, is_option, said_of
from inference.flags import flags
from inference.howto import Guide
from inference.kinds import Intent
from inference.link import Target
from inference.passages import passage
from inference.retrieve import Evidence, Retriever, content_words, stems
from inference.spelling import in_one_word
from inference.verbs import deed, does, names, names_all, otherwise, spoken
from inference.wording import (
    Claim,
    Section,
    advice,
    anchor_of,
    brief,
    few,
    here,
    join,
    kind_of,
    name_of,
    parameters,
    places_of,
    purpose,
    quote,
    row_names,
    sites_of,
    title_of,
    unique,
)

_WHOLE: Final = 0.5  # the share of a question that what leads its answer must be about
_OPTION: Final = 0.4  # the share that the documentation of one parameter must hold
_NAMED: Final = 0.7  # below it, the one telling word stands neither in the name nor in what the thing is for
_NEXT: Final = 3  # finds that are as good as the first but for what they say
_TRIED: Final = 12  # finds that may lead
_THIN: Final = 0.45
_WHOLLY: Final = 0.6  # how sure an answer is at least that says all of what was asked
_SYMBOLS: Final = ("class", "interface", "function", "method")
_PLACES: Final = (*_SYMBOLS, "variable", "module", "section")
_OWN: Final = 0.75
_CEILING: Final = 0.9  # search never is as sure as an edge of the graph
_FAILS: Final = re.compile(r"\b(?:errors?|exceptions?|fail\w*|fix|avoid|prevent|wrong|crash\w*)\b", re.IGNORECASE)
# "Is there", "can it": nothing is taken for granted.
_YES_OR_NO: Final = re.compile(
    r"\W*(?:(?:and|so|but)\s+)?(?:is|are|was|does|do|did|can|could|will|has|have|should)\b", re.IGNORECASE
)


class Discoverer:
    """Composes answers from search."""

    def __init__(self, composer: Composer, retriever: Retriever, k: int, path_glob: str = "", lang: str = "") -> None:
        self.composer = composer
        self.graph = composer.graph
        self.retriever = retriever
        self.k = k
        self.path_glob = path_glob
        self.lang = lang
        self.guide = Guide(composer, retriever, path_glob, lang)
        self.finds = Finds(composer, retriever, self.guide, path_glob, lang)

    def answer(self, kind: str, text: str) -> tuple[Section, Evidence]:
        """The section for a howto, discovery or plain search question, and the evidence it rests on; without claims where no find
        says what is asked."""
        howto, text = kind == "howto", self.retriever.as_spelt_here(in_one_word(text))
        bearing = Bearing(self.retriever, text, howto or _YES_OR_NO.match(text) is not None)
        text = self._in_words_of_code(text)
        evidence = self.retriever.find(text, self.k, self.path_glob, (), self.lang)
        finds = self.finds.ranked(text, evidence, bearing, howto)
        lead = self._leading(finds, bearing, text, howto)
        claims, sure = self._shown(finds, lead, bearing, text) if howto else ([], 0.0)
        steps = bool(claims)
        if not claims and lead is not None:
            claims = self._lead(lead.hit, text, howto, bearing)
        about = self._subject(claims, None if steps else lead, finds, bearing)
        listed = [f for f in finds if f is not lead and bearing.bears(f.held, f.hit, f.node)]
        listed = [f for f in listed if f.hit.kind != "recipe" or not howto][: SHOWN - bool(claims)]
        thin = not claims
        if listed:
            claims.append(
                Claim("No one place answers the whole of this. Closest are:" if thin else "What else bears on it:")
            )
            claims += firsts((self._item(f.hit) for f in listed), lambda claim: claim.text)
        near = tuple(f.hit for f in finds if f.held and f.hit.kind in _PLACES) or evidence.hits
        # What says all of it, and still is no answer, tells of the past or is nobody's to use.
        apart = len(bearing.words) > 1 and not any(f.held >= {*bearing.words} for f in finds)
        evidence = replace(evidence, hits=near, apart=bearing.words if apart else ())
        targets = tuple(f.hit.node_id for f in finds[: self.k] if f.hit.node_id)
        score = _THIN if thin else _most(lead, steps, text)
        score = max(min(evidence.confidence, score), sure)
        # What says all that was asked needs no more words around it.
        whole = lead is not None and not thin and bearing.share(lead.held) > 0.99 and len(content_words(text)) > 1
        score = max(score, _WHOLLY) if whole else score
        value = "yes" if claims else "unknown"
        return Section(kind, tuple(claims), value, score, evidence.features, targets, about), evidence

    def _in_words_of_code(self, text: str) -> str:
        """`text` with a deed that the repository has no word for under the name that it has: `parse` is `load`."""
        verb = deed(text)
        if not verb or self.retriever.frequency(verb):
            return text
        known = max([verb, *otherwise(verb)], key=self.retriever.frequency)
        return re.sub(rf"\b{verb}\b", known, text, count=1, flags=re.IGNORECASE)

    def _subject(self, claims: Sequence[Claim], lead: Find | None, finds: Sequence[Find], bearing: Bearing) -> str:
        """The symbol that an answer is about, for the question that follows: the one it leads with, of several steps one that is
        called by a word of the question, of a document one that it names and that says what was asked."""
        if lead is not None and lead.node is not None and lead.node.type in _SYMBOLS:
            return name_of(lead.node)
        shown = [self.graph.node(s.node_id) for c in claims for s in c.spans if s.node_id and s.via != "calls"]
        nodes = [n for n in shown if n is not None and n.type in _SYMBOLS]
        if lead is not None and lead.node is None and not nodes:
            text = self.retriever.lookup.text(lead.hit.path, lead.hit.start, lead.hit.end)
            nodes = [
                f.node
                for f in finds
                if f.node is not None
                and f.node.type in _SYMBOLS
                and bearing.answers(f.held)
                and re.search(rf"\b{re.escape(f.node.name)}\b", text)
            ]
        called = next((n for n in nodes if bearing.in_text(n.name)), None)
        return name_of(called or nodes[0]) if nodes else ""

    def _leading(self, finds: Sequence[Find], bearing: Bearing, text: str, howto: bool) -> Find | None:
        """The best find that says most of what is asked; None where none does."""
        if howto and not _FAILS.search(text):
            finds = [f for f in finds if f.hit.kind != "error"]  # what goes wrong is no way to do it
        # One telling word finds where a thing is, not how something is done with it.
        single = len(content_words(text)) < 2
        for find in finds[:_TRIED] if howto else ():
            # `add_option` of "how do I add an option with a default value".
            told = find.node is not None and spoken(find.node, text) and names(find.node.name, bearing.deed)
            if told and find.node is not None and bearing.is_open_to(find.node):
                return self._told(find, finds, bearing, spoken=True)
        for find in finds[:_TRIED]:
            field = find.hit.kind == "variable" and not (howto and (find.fit >= 1.0 or is_option(find.node, text)))
            if field or not bearing.does(find.held, find.hit, find.node):
                continue
            if single and howto:
                if find.node is not None and (names_all(find.node, text) or does(find.node, bearing.deed)):
                    return find
            elif howto and len(bearing.words) < 2 and not self._is_it(find, bearing):
                continue
            elif bearing.able or find.fit >= (_NAMED if single else _WHOLE):
                return self._told(find, finds, bearing) if howto else find
        return None

    def _is_it(self, find: Find, bearing: Bearing) -> bool:
        """Whether a find is called by the one thing that is asked about, or by the deed; others only mention it."""
        return bearing.is_called_so(find.hit, find.node) or (find.node is not None and does(find.node, bearing.deed))

    def _told(self, lead: Find, finds: Sequence[Find], bearing: Bearing, spoken: bool = False) -> Find:
        """`lead`, or what tells more: where it leaves out the most telling word, what says it and as much besides; where nobody has
        documented it, the section of a document that says as much and is called so, most nearly."""
        if lead.node is None:
            return lead
        share, able = bearing.share(lead.held), [f for f in finds[:_TRIED] if bearing.does(f.held, f.hit, f.node)]
        if not spoken:
            more = [f for f in able if bearing.telling in f.held and bearing.share(f.held) >= share]
            more = more if bearing.telling not in lead.held else []
            # What says all of it is no worse for standing next to what does not.
            more += [f for f in able[:_NEXT] if bearing.lacks(lead.held) and f.held >= {*bearing.words}]
            lead = next((f for f in more if f.hit.kind != "variable"), lead)
        if lead.node is None or said_of(lead.node):
            return lead
        taught = [f for f in able if f.hit.kind == "section" and bearing.share(f.held) >= share]
        taught = [f for f in taught if bearing.tells_of(f.hit.name, lead.node.name)]
        return max(taught, key=lambda f: bearing.called(f.hit.name), default=lead)

    def _shown(
        self, finds: Sequence[Find], lead: Find | None, bearing: Bearing, text: str
    ) -> tuple[list[Claim], float]:
        """How it is done, where the index has it whole: one's own class, the steps of a recipe, a parameter or a flag to pass;
        with how sure that is by itself."""
        own = one_of_ones_own(self.composer, self.retriever, text)
        if own:
            return own, _OWN
        best = max((f.fit for f in finds if f.hit.kind != "recipe"), default=0.0)
        told = max((f.fit for f in finds if f.hit.kind == "section"), default=0.0)
        # What is named for the whole of it comes before steps that somebody took on the way to something else.
        named = lead is not None and lead.node is not None and names_all(lead.node, text)
        steps = self.guide.steps(text, best, told, self.finds.titled(text)[:SHOWN], named)
        if steps and _says(bearing, steps):
            return steps, 0.0
        taken, option, settled = self.guide.parameter(text)
        # `pause_job` is how one pauses a job, whatever takes a parameter `paused`.
        whole = named or (lead is not None and does_it_all(lead.node, text))
        if option and not whole and _says(bearing, option):
            # A parameter that bears the very name settles it, whatever the words around it.
            if taken > max(_OPTION, min(best, 0.9)):
                return option, 0.7 if settled else 0.0
            if settled and taken >= _OPTION and lead is not None:
                return [*self._lead(lead.hit, text, True, bearing), *option], 0.0
        if (lead is None or lead.node is None or lead.fit < _WHOLE) and not (self.path_glob or self.lang):
            given = flags(self.retriever, text)
            return given, 0.75 if given else 0.0
        return [], 0.0

    def shown(self, target: Target, text: str) -> Section:
        """How a symbol is written in code: its documentation's example, else a real call of it, one that has to do with `text`."""
        node = target.node
        claims = self.guide.call(node, text)
        if not claims:
            said = f"No example of {name_of(node)} was found in the documentation, and no call of it in code or tests."
            return Section("example", (Claim(said, here(node)),), "no", 0.6, targets=(node.id,))
        return Section("example", tuple(claims), score=0.9, targets=(node.id,))

    def _lead(self, hit: Hit, text: str, show: bool, bearing: Bearing) -> list[Claim]:
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
            anchor = anchor_of(self.graph, node)
            node = anchor if anchor is not None and anchor.type == "function" else node
        if node.origin == "brain":
            return self._knowledge(node, span)
        said = purpose(node)
        place = "" if node.type in ("module", "package") else f" in {node.path}"
        lead = f"{name_of(node)}, {kind_of(node)}{place}"
        claims = [Claim(f"{lead}: {said}" if said else f"{lead}, is the closest match.", span)]
        more = passage(bearing.paragraph(node), text)
        if bearing.in_text(more) - bearing.in_text(f"{node.qualname} {said}"):
            claims.append(Claim(f"Its documentation says: {quote(more)}", span))
        if node.type in ("function", "method") and parameters(node):
            claims.append(Claim(f"It takes {join([brief(p) for p in parameters(node)])}.", span))
        callers = self.composer.relations.callers((node,)) if node.type != "module" else []
        rows = unique([r for r in callers if not is_test(r.node)])
        if rows:
            claims.append(Claim(f"It is called by {few(row_names(rows))}.", sites_of(rows[:5])))
        return [*claims, *(self.guide.call(node) if show else ())]

    def _knowledge(self, node: Node, span: tuple[Span, ...]) -> list[Claim]:
        """A capability, concept, error or recipe: its title and purpose, then the code it stands on."""
        title, said = title_of(self.graph, node), said_of(node)
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
            claims.append(Claim(f"{verb} {few([name_of(n) for n in linked])}.", places_of(linked[:5])))
        fixes = [one_line(str(f["text"])) for f in node.meta.get("fixes", ())][:2]
        claims += [Claim(advice(text)) for text in fixes]
        return claims

    def beyond(self, node: Node, intent: Intent, about: Section, found: Section) -> Section:
        """What a symbol is, for a question that asks something else of it: with the lines of it that speak of that; a yes or no
        that nothing there speaks of is not given."""
        if found.kind == "howto" and one_of_ones_own(self.composer, self.retriever, intent.text):
            return found
        inside = self.within(node, intent.text)
        claims = (*about.claims[:2], *inside) if inside else about.claims
        value = about.value
        asked = [w for w in content_words(intent.text) if stem(w) not in stems(f"{node.qualname} {node.path}")]
        if intent.kind == "howto" and not asked:
            # How one uses a thing is shown.
            claims = (*about.claims[:2], *self.guide.call(node), *about.claims[2:])
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
        best = sorted(number for score, number in sorted(scored, key=lambda s: (-s[0], s[1]))[:SHOWN] if score)
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
            said, title = said_of(node), title_of(self.graph, node)
            return Claim(f"{title} ({node.type})" + (f" — {said}" if said else ""), _span(hit), item=True)
        said = purpose(node, 25)
        text = f"{name_of(node)} in {node.path}" if node.type not in ("module", "package") else name_of(node)
        return Claim(f"{text} — {said}" if said else text, _span(hit), item=True)


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


def _most(lead: Find | None, steps: bool, text: str) -> float:
    """How sure an answer may be at most: of steps, or of what is wholly about several words, nearly as sure as of the graph."""
    return _CEILING if steps or (lead is not None and lead.fit >= 1.0 and len(content_words(text)) > 1) else 0.75


def _says(bearing: Bearing, claims: Sequence[Claim]) -> bool:
    """Whether what is about to be shown says what is asked."""
    return bearing.answers(bearing.in_text(" ".join(c.text for c in claims)))


def _span(hit: Hit) -> tuple[Span, ...]:
    return (Span(hit.path, hit.start, hit.end, hit.node_id, "search", hit.score),) if hit.start and hit.path else ()
