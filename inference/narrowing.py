"""What narrows a question, held against the index before it is asked: a language, a glob or a kind that can match nothing is a slip."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

from brain.search import refuse_glob
from config.errors import UsageError
from extractor.graph import Graph
from extractor.languages import SPECS
from inference.grammar import GRAPH_KINDS

if TYPE_CHECKING:
    from inference.reading import Ask

KINDS: Final = tuple(
    sorted(
        {*GRAPH_KINDS, "diagnose", "discovery", "howto", "layout", "overview", "search"} - {"check", "path", "compare"}
    )
)


def refuse_empty(graph: Graph, how: Ask) -> None:
    """Raises UsageError for a kind that there is none of, a language that no file is written in, a glob that no file matches."""
    if how.kind and how.kind not in KINDS:
        near = difflib.get_close_matches(how.kind, KINDS, 1, 0.5)
        raise UsageError(
            f"no question is of the kind {how.kind}", f"--kind {near[0]}" if near else f"kinds are {', '.join(KINDS)}"
        )
    files = [row for row in graph.files() if row.status in ("ok", "partial")]
    if how.lang:
        present = sorted({row.lang for row in files})
        if not languages_called(how.lang) & set(present):
            raise UsageError(
                f"no indexed file is written in {how.lang}", f"the index holds {', '.join(present) or 'no source'}"
            )
    refuse_glob(graph, how.path_glob)


def languages_called(word: str) -> frozenset[str]:
    """The graph's names for what a person calls a language: by its setting's name, its own, its ids' prefix or a suffix of its files."""
    low = word.lower().replace("#", "sharp")
    return frozenset(s.name for s in SPECS if low in (s.family, s.name, s.prefix) or f".{low}" in s.suffixes)
