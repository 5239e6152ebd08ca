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

from config.console import Console, plural
from config.settings import QuerySettings
from extractor.graph import Graph
from inference import traces
from inference.backends import Backend, choose
from inference.citations import Citation, Verifier
from inference.compose import Composer
from inference.freshness import lag
from inference.inquiry import Inquiry
from inference.kinds import Intent
from inference.link import Linker, Target
from inference.marks import render
from inference.reading import Ask, Reader
from inference.retrieve import Retriever
from inference.spelling import as_meant
from inference.wording import Claim, Section
from inference.words import as_text

SCHEMA_VERSION: Final = 1
_PLAINLY: Final = Ask()
_READ: Final = 2_000  # characters of a question that are parsed; a log is read further, by traces.py
_LOG: Final = 200_000
_NOTHING: Final = Claim("The question names nothing this index knows, and no word of it can be searched.")


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

    def use(self, backend: Backend) -> None:
        """Answer with this backend."""
        self._backend = (backend, "given")

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
            inquiry = Inquiry(self, asked, how, scope)
            sections, linked = inquiry.sections(), inquiry.linked
            if read_as and sections:
                shown = Claim(f"(Read as: {read_as}.)")
                sections = [replace(sections[0], claims=(shown, *sections[0].claims)), *sections[1:]]
        answer = self._compose(text, intents, sections, verifier, read_as)
        if self.settings.mode != "extractive" and failed is None:
            from inference.verify import with_model

            answer = with_model(self, answer, linked, verifier, how, stream)
        return answer

    def _is_error(self, name: str) -> bool:
        return any(n.type == "class" and self.composer.errors.is_error(n) for n in self.graph.find(name))

    def _compose(
        self,
        question: str,
        intents: Sequence[Intent],
        sections: Sequence[Section],
        verifier: Verifier,
        read_as: str,
    ) -> Answer:
        sections = sections or [Section("gate", (_NOTHING,), "missing", 0.0)]
        text, citations, cited = render(sections, verifier)
        missing = [s for s in sections if s.value in ("missing", "unknown")]
        answered = not missing and all(cited)
        confidence = round(min((s.score for s in sections), default=0.0), 3)
        stale = lag(self.graph, verifier, citations)
        if verifier.dropped:
            left_out = plural(len(verifier.dropped), "citation")
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
