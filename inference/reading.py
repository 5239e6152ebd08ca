"""A question as it is to be answered. In: its text, what narrows it, what was asked before. Out: intents, the place it keeps to, and
how it was read where it is no question by itself."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, replace
from typing import Final

from extractor.graph import Graph
from inference import follow
from inference.grammar import GRAPH_KINDS
from inference.kinds import Intent, Question, is_bare, read
from inference.link import STRICT, Linker, Mention
from inference.narrowing import languages_called
from inference.scope import Scope, names_symbol, scope_of
from inference.words import everyday_names, is_symbol, known_words

PROSE: Final = frozenset({"search", "howto", "discovery", "unclear"})
_WHOLE: Final = frozenset(
    {"overview", "layout", "failures"}
)  # where "it" is the repository, unless something was asked before
_OF_SYMBOLS: Final = (GRAPH_KINDS | {"locate", "default"}) - {"explain"}


@dataclass(frozen=True, slots=True)
class Ask:
    """What narrows one question: `carry` is the name "it" means, `kind` overrules what the words seem to ask. `before` is the
    question this one follows, and `carry_kind` what that asked."""

    path_glob: str = ""
    lang: str = ""
    kind: str = ""
    carry: str = ""
    carry_kind: str = ""
    before: str = ""


class Reader:
    """Reads questions about one repository."""

    def __init__(self, graph: Graph, linker: Linker, project: str) -> None:
        self.graph = graph
        self.linker = linker
        self.project = project

    def scoped(self, text: str, how: Ask) -> tuple[Question, Scope | None]:
        """The question, and the folder, file or language it keeps to: by its own words when it asks about a name there, else by
        what narrows it."""
        scope = scope_of(text, [row.path for row in self.graph.files()], self._is_code)
        if scope is not None:
            asked = self._read(scope.rest, how)
            named = [
                i.x for i in asked.intents if i.x and not i.carried and i.kind in (*GRAPH_KINDS, "locate", "explain")
            ]
            if any(names_symbol(self.linker.link(x)) for x in named):
                return replace(asked, text=text), scope
        return self._read(text, how), self._narrowed(text, how)

    def _narrowed(self, text: str, how: Ask) -> Scope | None:
        if not (how.path_glob or how.lang):
            return None
        languages = languages_called(how.lang)
        paths = frozenset(
            row.path
            for row in self.graph.files()
            if (not how.lang or row.lang in languages)
            and (not how.path_glob or fnmatch.fnmatchcase(row.path, how.path_glob))
        )
        return Scope(" of ".join(filter(None, (how.lang, how.path_glob))), paths, text)

    def _read(self, text: str, how: Ask) -> Question:
        question = self._parsed(text, how.carry)
        only = question.intents[0] if len(question.intents) == 1 else None
        of_it = follow.asked_of_it(text)
        if of_it and how.carry:
            asked = how.before if how.carry_kind in PROSE else text
            return replace(question, intents=(Intent(of_it, asked, Mention(how.carry, 0, 0, "tick"), carried=True),))
        if (
            how.before
            and not how.carry
            and any(i.carried and i.kind in _OF_SYMBOLS for i in self._parsed(text, "it").intents)
        ):
            # A relation is asked of "it", and what was found before is no symbol.
            return replace(question, intents=(Intent("unclear", text),))
        # "And from a file?" leans on the question before, whatever relation the word "file" asks for by itself.
        part = only is not None and only.carried and how.carry_kind in PROSE and follow.is_part(text)
        if how.before and (only is None or part or self._is_open(only)):
            full = follow.in_full(
                text, how.before, how.carry, how.carry_kind in PROSE, lambda word: bool(self.graph.find(word))
            )
            if full:
                question = replace(self._parsed(full, ""), read_as=full)
        elif how.carry_kind in GRAPH_KINDS and only is not None and only.kind == "explain" and is_bare(only):
            # "and Cart.add?" after "who calls price_of?" asks the same of another name.
            other = Mention(how.carry, 0, 0, "tick") if how.carry_kind == "compare" and how.carry else None
            question = replace(question, intents=(replace(only, kind=how.carry_kind, y=other),))
        if how.kind:
            first = next((i for i in question.intents if i.x), question.intents[0] if question.intents else None)
            if first is not None:
                question = replace(question, intents=(replace(first, kind=how.kind),))
        return question

    def _parsed(self, text: str, carry: str) -> Question:
        last = Mention(carry, 0, 0, "tick") if carry else None
        names, words = known_words(self.graph, text), everyday_names(self.graph, text)
        return read(text, self.project, last, names, words, lambda name: is_symbol(self.graph, name))

    def _is_open(self, intent: Intent) -> bool:
        """Whether a question names nothing of this repository, so that it may lean on the one before."""
        if intent.x is None:
            return intent.kind in PROSE or (intent.kind in _WHOLE and follow.points(intent.text))
        if intent.carried and intent.kind == "explain":
            return not follow.points(intent.text)  # "what is the default?" explains no symbol
        return not intent.carried and intent.x.shape not in STRICT and not is_symbol(self.graph, intent.x.name)

    def _is_code(self, name: str) -> bool:
        return any(n.name == name and n.type in ("class", "interface", "function") for n in self.graph.find(name))
