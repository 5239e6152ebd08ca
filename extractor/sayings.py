"""What errors say: the words of a raise, those that the error's class gives its base, none where the raise only tells who makes it.

The files' facts, the edges and the functions in; out comes the message of each raise, as a template.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from extractor.facts import MODULE, FileFacts, Raise
from extractor.resolve import definition_ids
from extractor.schema import Edge, module_id

_HOLE: Final = re.compile(r"\{[^{}]*\}")
_WORD: Final = re.compile(r"[^\W\d_]{2}")
_WORDS: Final = re.compile(r"[^\W\d_]{2}.*\s.*[^\W\d_]{2}", re.DOTALL)


class Sayings:
    """`functions` are what may be called in a raise and is no class."""

    def __init__(self, files: Sequence[FileFacts], edges: Sequence[Edge], functions: set[str]) -> None:
        self._classes: dict[str, str] = {}
        self._made_so: set[str] = set()  # classes with a constructor of their own
        for facts in files:
            says = (facts.extra or {}).get("says")
            if says is None:
                continue
            ids = definition_ids(facts) if says or facts.bases else []
            self._made_so.update(ids[d.scope] for d in facts.defs if ids and d.name == "__init__" and d.scope >= 0)
            for scope, said in says:
                self._classes.setdefault(ids[scope], said)
        self._base: dict[str, str] = {}
        for edge in edges if self._classes else ():
            if edge.kind == "extends":
                self._base.setdefault(edge.src, edge.dst)
        self._makers = _makers(files, edges, functions)

    def of(self, node_id: str, error: str, fact: Raise) -> str:
        """The message of a raise. What is handed to a function that makes the error need not be what the error says."""
        said = "" if (node_id, fact.line, _called(fact.name)) in self._makers else fact.message
        return said if _WORD.search(_HOLE.sub("", said)) else self._of_class(error) or said

    def _of_class(self, error: str) -> str:
        seen: set[str] = set()
        while error not in seen:
            if error in self._classes or error in self._made_so:
                return self._classes.get(error, "")
            seen.add(error)
            error = self._base.get(error, error)
        return ""


def _makers(files: Iterable[FileFacts], edges: Iterable[Edge], functions: set[str]) -> set[tuple[str, int, str]]:
    """(function, line, name) of the raises that call a function for their error and hand it no words."""
    asked: set[tuple[str, int, str]] = set()
    for facts in files:
        terse = [
            f for f in facts.raises if f.message and not f.declared and not _WORDS.search(_HOLE.sub("", f.message))
        ]
        ids = definition_ids(facts) if terse else []
        module = module_id(facts.prefix, facts.path)
        asked.update((module if f.scope == MODULE else ids[f.scope], f.line, _called(f.name)) for f in terse)
    places = {(node_id, line) for node_id, line, _ in asked}
    return {
        made
        for edge in edges
        if edge.kind == "calls" and (edge.src, edge.line) in places and edge.dst in functions
        if (made := (edge.src, edge.line, edge.dst.rpartition("#")[2].partition("@")[0].rpartition(".")[2])) in asked
    }


def _called(name: str) -> str:
    return name.partition("(")[0].rpartition(".")[2]
