"""A question in, a checked Answer out. `ask` links names, decides what is asked, lets the gate refuse what does not exist,
composes from the graph or from search, verifies every citation, and says how sure it is and how far the index lags behind.

Existence and relations come from the index alone. With mode `model` or `both` a backend writes prose from the same evidence;
its names are checked against the graph before any of it is shown (`verify.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from config.console import Console
from config.settings import QuerySettings
from extractor.graph import Graph
from inference import differences, discover, lines, outright, overview, pairs, traces
from inference.attributes import attribute
from inference.backends import Backend, choose
from inference.citations import Citation, Verifier
from inference.compose import Composer
from inference.freshness import lag
from inference.gate import abstain, in_text, refuse
from inference.grammar import GRAPH_KINDS
from inference.kinds import Intent, Question, is_bare, prose_kind
from inference.link import STRICT, Linker, Missing, Target
from inference.marks import render
from inference.reading import Ask, Reader
from inference.retrieve import ASKING, Retriever, content_words
from inference.scope import Scope, answer_in
from inference.spelling import as_meant
from inference.wording import Claim, Section, count
from inference.words import as_text, could_be_a_name, means_it, of_kind

SCHEMA_VERSION: Final = 1
_PLAINLY: Final = Ask()
_READ: Final = 2_000  # characters of a question that are parsed; a log is read further, by traces.py
_LOG: Final = 200_000
_WHAT: Final = Claim("It is not clear what this is about: name a function, class, module or file.")
_UNCLEAR: Final = Section("unclear", (_WHAT,), "unknown", 0.0)


@dataclass(frozen=True, slots=True)
class Answer:
    """`text` carries marks `[1]` into `citations`; `answered` is whether every part was answered with a checked citation.
    `why` is plain JSON: intents, gates, evidence with its features, what was dropped. `stale` is "" for a fresh index."""

    question: str
    text: str
    citations: tuple[Citation, ...]
    mode: str
    confidence: float
    why: dict[str, Any] = field(default_factory=dict)
    stale: str = ""
    answered: bool = True

    @property
    def exit_code(self) -> int:
        return 5 if self.why.get("backend_error") else 0 if self.answered else 1

    def as_json(self) -> dict[str, Any]:
        data = asdict(self)
        for row, citation in zip(data["citations"], self.citations, strict=True):
            row["text"] = str(citation)
        return {"schema_version": SCHEMA_VERSION, **data}


class Expert:
    """One opened index, asked as often as wanted."""

    def __init__(self, settings: QuerySettings, console: Console, repo: Path | None = None) -> None:
        """Raises MissingInput without a graph, IncompatibleInput when it is of another version."""
        self.settings = settings
        self.console = console
        self.graph = Graph(settings.graph)
        self.manifest = self.graph.manifest
        # `click-8.1.8`, the folder of a source archive, is the project click.
        self.project = re.sub(r"[-_]v?\d[\w.]*$", "", self.manifest.project)
        self.repo = repo
        self.retriever = Retriever.beside(settings.graph)
        near = self.retriever.lookup.near if self.retriever else None
        self.linker = Linker(self.graph, self.project, near)
        self.reader = Reader(self.graph, self.linker, self.project)
        self.composer = Composer(self.graph)
        self._backend: tuple[Backend, str] | None = None

    @property
    def key(self) -> str:
        """What conversations about this index are kept under."""
        return f"{self.project}:{self.settings.graph.resolve()}"

    def backend(self) -> tuple[Backend, str]:
        """The model to ask and why, connected on first use. Raises BackendError, UsageError."""
        if self._backend is None:
            self._backend = choose(self.settings)
        return self._backend

    def use(self, backend: Backend, reason: str = "given") -> None:
        """Answer with this backend."""
        self._backend = (backend, reason)

    def with_settings(self, settings: QuerySettings) -> Expert:
        """Another expert on the same repository, with these settings."""
        return Expert(settings, self.console, self.repo)

    def _holds(self, word: str) -> bool:
        return bool(self.graph.find(word) or (self.retriever and self.retriever.frequency(word)))

    def has_text(self, word: str) -> bool:
        """Whether `word` occurs as written in the indexed text."""
        return self.retriever is not None and self.retriever.holds(word)

    def close(self) -> None:
        if self.retriever:
            self.retriever.lookup.close()
        self.graph.close()

    def __enter__(self) -> Expert:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, question: str, how: Ask = _PLAINLY, stream: Callable[[str], None] | None = None) -> Answer:
        """The answer to `question`. With a model, `stream` receives checked sentences as they come."""
        text = as_text(question)
        verifier = Verifier(self.graph, self.repo)
        # A long log is told by how it begins and, more, by how it ends.
        log = text if len(text) <= _LOG else f"{text[: _LOG // 4]}\n{text[-_LOG * 3 // 4 :]}"
        failed = traces.failed(self.composer, self.linker, self.retriever, log, self._is_error)
        intents: tuple[Intent, ...] = (Intent("diagnostics", ""),)
        linked: list[Target] = []
        read_as = ""
        if failed is not None:
            sections = [failed]
        else:
            asked, scope = self.reader.scoped(as_meant(text[:_READ], self._holds), how)
            intents, read_as = asked.intents, asked.read_as
            sections, linked = self._sections(asked, how, scope)
            if read_as and sections:
                shown = Claim(f"(Read as: {read_as}.)")
                sections = [replace(sections[0], claims=(shown, *sections[0].claims)), *sections[1:]]
        answer = self._compose(text, intents, sections, verifier, read_as)
        if self.settings.mode != "extractive" and failed is None:
            from inference.verify import with_model

            answer = with_model(self, answer, linked, verifier, how, stream)
        return answer

    # Reading.

    def _is_error(self, name: str) -> bool:
        return any(n.type == "class" and self.composer.errors.is_error(n) for n in self.graph.find(name))

    # Answering.

    def _sections(self, question: Question, how: Ask, scope: Scope | None = None) -> tuple[list[Section], list[Target]]:
        hints = tuple(m.name for m in question.mentions)
        place = lines.at_line(self.composer, self.retriever, question.text)
        if place is not None:
            return [place], []
        sections: list[Section] = []
        linked: list[Target] = []
        refused: set[str] = set()
        asked = {i.x.name for i in question.intents if i.x and i.kind not in ("search", "explain")}
        for intent in question.intents:
            # "X during a scan: who raises it?" names X only to ask about it afterwards.
            bare = intent.kind == "explain" and is_bare(intent) and len(question.intents) > 1
            if (intent.kind == "search" or bare) and intent.x and intent.x.name in asked:
                continue
            section = self._section(intent, hints, linked, refused, how, scope)
            if section is not None and intent.carried and how.carry and not sections:
                section = replace(section, claims=(Claim(f"(About {how.carry}.)"), *section.claims))
            if section is not None:
                sections.append(section)
        return _once(sections), linked

    def _section(
        self,
        intent: Intent,
        hints: tuple[str, ...],
        linked: list[Target],
        refused: set[str],
        how: Ask,
        scope: Scope | None = None,
    ) -> Section | None:
        if intent.kind == "unclear":
            return _UNCLEAR
        whole = overview.whole(self.composer, self.project, self.retriever, intent)
        if whole is not None:
            return whole
        if not (how.kind or how.path_glob or how.lang):
            told = outright.described(self.composer, self.retriever, intent, self.project)
            if told is not None:
                return told
        named = intent.x.name.lower() if intent.x and intent.x.shape in ("plain", "capital") else ""
        if intent.kind == "members" and named == self.project.lower():
            return self._search(intent, None, how)
        x = self.linker.link(intent.x, hints) if intent.x else None
        if isinstance(x, Missing):
            if self._is_parameter(intent, linked):
                return None
            if not could_be_a_name(x.mention):
                return self._search(intent, None, how)
            if intent.x and (intent.x.shape in STRICT or (intent.kind in GRAPH_KINDS and not self._in_prose(intent))):
                if x.mention.name in refused:
                    return None
                refused.add(x.mention.name)
                owner = x.container
                if owner is not None and owner.type in ("class", "interface"):
                    held = attribute(self.graph, x, self.linker.ancestors(owner.id), self.retriever)
                    if held is not None:
                        return held
                told = in_text(x, self.retriever)
                return (self._beside(intent, x, told, how) or told) if told is not None else refuse(x)
            x = None
        if isinstance(x, Target) and not means_it(intent, x):
            x = None
        if isinstance(x, Target):
            x = of_kind(x, intent.text)
            linked.append(x)
            if intent.kind in ("example", "reason") and self.retriever is not None:
                return (
                    self._finder(how).shown(x, intent.text)
                    if intent.kind == "example"
                    else self.composer.describe.reason(x)
                )
            section = answer_in(self.composer, intent.kind, x, scope, lambda t: self._about(intent, t, hints, refused))
            if section is not None:
                return section
        return self._search(intent, x if isinstance(x, Target) else None, how)

    def _beside(self, intent: Intent, x: Missing, told: Section, how: Ask) -> Section | None:
        """What search finds for a question that holds a word of the texts which is no name; None when it says no more than `told`."""
        howto, name = prose_kind(intent.text) == "howto", x.mention.name
        # A proper name as prose writes it ("MusicBrainz", "CalDAV") is one word of the question among others.
        proper = name[0].isupper() and x.mention.shape == "camel"
        rest = discover.without_project(intent.text.replace(name, " "), self.project)
        others = [word for word in content_words(rest) if word not in ASKING]
        if not howto and not (proper and others and intent.kind in ("search", "locate", "discovery", "explain")):
            return None
        found = self._search(intent, None, how)
        if found is None or not howto:
            return found if found is not None and found.score >= told.score else None
        # In a how-to question it may be what something is done with.
        return found if name.lower() in " ".join(c.text for c in found.claims[:2]).lower() else None

    def _about(self, intent: Intent, x: Target, hints: tuple[str, ...], refused: set[str]) -> Section | None:
        if intent.kind == "default" and intent.y:
            return self.composer.describe.default(x, intent.y.name)
        if intent.kind in ("check", "path", "compare") and intent.y:
            y = self.linker.link(intent.y, hints)
            if intent.kind == "check":
                # "Does X handle redirects?" names no symbol: that is a question for search, not for an edge.
                if (
                    isinstance(y, Missing)
                    and not y.external
                    and intent.y.shape not in STRICT
                    and intent.verb not in ("parameter", "imports", "extends")
                ):
                    return None
                if (
                    isinstance(y, Missing)
                    and not y.external
                    and intent.verb not in ("defines", "returns")
                    and intent.y.shape in STRICT
                ):
                    return refuse(y)
                if intent.verb == "parameter":
                    return self.composer.describe.default(x, intent.y.name)
                return pairs.check(self.composer, intent.verb, x, y)
            if isinstance(y, Missing):
                everyday = intent.y.shape == "plain" and not y.external
                if everyday and (intent.kind == "path" or x.mention.shape == "plain"):
                    return None  # "from Info to the output": an everyday word, which no index need hold
                refused.add(y.mention.name)
                return refuse(y)
            x, y = pairs.akin(x, y)
            if intent.kind == "path":
                return pairs.path(self.composer, x, y)
            told = differences.compare(self.composer, self.retriever, x, y)
            notes = [note for target in (x, y) for note in self.composer.assumptions(target, intent.kind)]
            return replace(told, claims=(*told.claims, *notes))
        if intent.kind == "diagnose":
            return traces.advise(self.composer, x)
        return self.composer.answer(intent.kind, x)

    def _is_parameter(self, intent: Intent, linked: Sequence[Target]) -> bool:
        name = intent.x.name if intent.x else ""
        return any(p.get("name") == name for t in linked for p in t.node.meta.get("params", ()))

    def _in_prose(self, intent: Intent) -> bool:
        """Whether a plain word is one of the repository's own words though no symbol, or asked how it works: prose."""
        if (
            intent.x
            and intent.x.shape == "plain"
            and intent.text.lower().startswith("how ")
            and intent.kind == "explain"
        ):
            return True
        return bool(intent.x and self.retriever and self.retriever.frequency(intent.x.name.lower()))

    def _search(self, intent: Intent, x: Target | None, how: Ask) -> Section | None:
        if self.retriever is None:
            return Section(
                intent.kind, (Claim("This question needs the search index: run make brain."),), "unknown", 0.0
            )
        finder = self._finder(how)
        section, evidence = finder.answer(prose_kind(intent.text), discover.without_project(intent.text, self.project))
        if x is not None:
            about = self.composer.answer("explain", x)
            if about is not None:
                return finder.beyond(x.node, intent, about, section)
        if section.score < self.settings.min_confidence or not section.claims:
            return abstain(intent, evidence)
        return section

    def _finder(self, how: Ask) -> discover.Discoverer:
        assert self.retriever is not None
        return discover.Discoverer(self.composer, self.retriever, self.settings.k, how.path_glob, how.lang)

    # Assembling.

    def _compose(
        self,
        question: str,
        intents: Sequence[Intent],
        sections: Sequence[Section],
        verifier: Verifier,
        read_as: str,
    ) -> Answer:
        if not sections:
            sections = [
                Section(
                    "gate",
                    (Claim("The question names nothing this index knows, and no word of it can be searched."),),
                    "missing",
                    0.0,
                )
            ]
        text, citations, cited = render(sections, verifier)
        missing = [s for s in sections if s.value in ("missing", "unknown")]
        answered = not missing and all(cited)
        confidence = round(min((s.score for s in sections), default=0.0), 3)
        stale = lag(self.graph, verifier, citations)
        if verifier.dropped:
            left_out = count(len(verifier.dropped), "citation")
            text += f"\n\n({left_out} left out: the code there is no longer what was indexed.)"
        why = {
            "intents": [_intent_row(i) for i in intents],
            "sections": [
                {
                    "kind": s.kind,
                    "value": s.value,
                    "score": s.score,
                    "features": dict(s.features),
                    "targets": list(s.targets),
                    "about": s.about,
                }
                for s in sections
            ],
            "dropped": [{"path": s.path, "start": s.start, "end": s.end, "reason": r} for s, r in verifier.dropped],
            "read_as": read_as,
            "commit": self.manifest.commit,
            "repository": "read" if verifier.root else "absent: citations checked against the index only",
        }
        return Answer(question, text, citations, "extractive", confidence, why, stale, answered)


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


def _intent_row(intent: Intent) -> dict[str, Any]:
    return {
        "kind": intent.kind,
        "about": intent.x.name if intent.x else "",
        "other": intent.y.name if intent.y else "",
        "assumed": intent.carried,
    }


def ask(
    question: str, settings: QuerySettings, console: Console, *, repo: Path | None = None, how: Ask | None = None
) -> Answer:
    """One question to one index; opens and closes it."""
    with Expert(settings, console, repo) as expert:
        return expert.ask(question, how or Ask())
