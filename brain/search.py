"""What `nanodex search` answers: ranked passages for a question, what is related to a line, the lines that hold a text.

Each function takes the graph's path and returns `Found`, which prints itself. Nothing here reads the repository.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from brain.asking import query_terms
from brain.lookup import Hit, Lookup
from brain.text import clean, split_identifier
from brain.view import BRAIN_TYPES
from config.errors import NothingFound, UsageError
from config.settings import BrainSettings, load_settings
from extractor.graph import Graph
from extractor.spelling import spelled

if TYPE_CHECKING:
    from brain.embedders import Embedder

STAMP: Final = 10  # digits of a commit or content hash that are shown
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


@dataclass(frozen=True, slots=True)
class Found:
    """`stamps` gives, for each path, the commit or, without git, the content hash of the file as it was indexed."""

    question: str
    hits: tuple[Hit, ...]
    stamps: dict[str, str]

    def lines(self, why: bool = False, colour: bool = False) -> list[str]:
        """`path:start-end@abc1234567  name  score`, the lines that matched below it, then the features if asked for."""
        words = [re.escape(t) for t in query_terms(self.question) if len(t) > 2]
        marked = re.compile(rf"(?i)({'|'.join(words)})") if colour and words else None
        result = []
        for hit in self.hits:
            via = f"  via {hit.via}" if hit.via else ""
            score = f"  {hit.score:.3f}" if hit.score else ""
            result.append(f"{self.place(hit)}  {clean(_named(hit))}{score}{via}".rstrip())
            for number, line in enumerate(hit.snippet.split("\n") if hit.snippet else (), hit.snippet_line):
                shown = clean(line)[:160]
                result.append(f"  {number:>5}  {_marked(marked, shown)}".rstrip())
            if why and hit.features:
                result.append("         " + ", ".join(f"{name} {value:.3f}" for name, value in hit.features.items()))
        return result

    def place(self, hit: Hit) -> str:
        """Where a hit stands, with the version that was indexed."""
        if not hit.path:
            return hit.node_id
        span = f":{hit.start}-{hit.end}" if hit.start else ""
        return f"{clean(hit.path)}{span}@{self.stamps.get(hit.path, '')}".rstrip("@")

    def as_json(self) -> dict[str, Any]:
        return {"question": self.question, "hits": [{**asdict(h), "at": self.place(h)} for h in self.hits]}


def embedder_of(graph: Path) -> Embedder:
    """The embedder of the vectors beside a graph. Raises MissingInput, IncompatibleInput, with the reason, where none fits."""
    from brain.embed import embedder_beside

    return embedder_beside(graph, load_settings(BrainSettings, "brain").embed)


def refuse_glob(graph: Graph, path_glob: str) -> None:
    """Raises UsageError for a glob that no file matches: a slip, and not the same as finding nothing."""
    if path_glob and not any(fnmatch.fnmatchcase(row.path, path_glob) for row in graph.files()):
        raise UsageError(
            f"no indexed file matches {path_glob}",
            "globs are matched from the repository's root: 'src/*', '*_test.py'",
        )


def search(
    graph: Path,
    question: str,
    k: int = 10,
    path_glob: str = "",
    kinds: Sequence[str] = (),
    embedder: Embedder | None = None,
) -> Found:
    """The best passages for a question, by words, or with an `embedder` by meaning too. Raises NothingFound with the
    nearest names when no word of it occurs."""
    with Lookup.open(graph, embedder=embedder) as lookup:
        refuse_glob(lookup.graph, path_glob)
        present = lookup.kinds() if kinds else []
        unknown = sorted(set(kinds) - set(present))
        if unknown:
            raise UsageError(f"nothing of the type {unknown[0]} is indexed", f"there is {', '.join(present)}")
        hits = lookup.search(question, k, path_glob, kinds)
        if not hits:
            near = lookup.near(question) if not (path_glob or kinds) else []
            within = " there" if path_glob or kinds else ""
            raise NothingFound(
                f"nothing matches {question!r}{within}", f"the nearest names: {', '.join(near)}" if near else ""
            )
        return _found(lookup, question, hits)


def related(graph: Path, place: str, k: int = 10) -> Found:
    """What belongs to `FILE:LINE`: the neighbours of the symbol there along the graph, then what reads alike.

    Raises UsageError when `place` is not of that form, NothingFound when no indexed symbol stands there.
    """
    path, _, number = place.rpartition(":")
    if not path or not number.isdigit():
        raise UsageError(f"{place!r} is not FILE:LINE", "for example nanodex search --related src/app.py:120")
    line = int(number)
    with Lookup.open(graph) as lookup:
        path = path.removeprefix("./")
        around = [
            n for n in lookup.graph.nodes(path=path) if n.lines[0] <= line <= n.lines[1] and n.origin == "extractor"
        ]
        if not around:
            known = lookup.graph.file(path)
            hint = (
                f"{path} is indexed, but no symbol stands on line {line}"
                if known
                else "paths are written from the repository's root: src/app.py:120"
            )
            raise NothingFound(f"there is no symbol at {place}", hint)
        node = min(around, key=lambda n: (n.lines[1] - n.lines[0], n.id))
        near = [
            replace(hit, snippet="\n".join(hit.snippet.split("\n")[:3]))
            for hit in lookup.neighbours([node.id], limit=k, fan_out=k)
        ]
        words = " ".join((*split_identifier(node.name), str(node.meta.get("doc", "")).partition("\n")[0]))
        seen = {node.id, *(hit.node_id for hit in near)}
        meant = _meant(lookup, node.id, k + len(seen))
        alike = meant or [replace(hit, via="similar words") for hit in lookup.search(words, k + len(seen))]
        return _found(lookup, words, [*near, *(hit for hit in alike if hit.node_id not in seen)][:k])


def _meant(lookup: Lookup, node_id: str, count: int) -> list[Hit]:
    """What lies nearest to a node among the vectors beside the graph; nothing without them. No model is asked: the node
    has its own vector, which lives in the space of all the others."""
    from brain.embed import read_vectors, vectors_path

    path = vectors_path(lookup.graph.path)
    vectors = read_vectors(path) if path.is_file() else None
    if vectors is None or node_id not in vectors.keys:
        return []
    nearest = vectors.nearest(vectors.matrix[vectors.keys.index(node_id)], count)
    hits = [(lookup.at(key), score) for key, score in nearest]
    return [replace(hit, via="similar meaning", score=round(score, 6)) for hit, score in hits if hit is not None]


def literal(graph: Path, text: str, k: int = 50, path_glob: str = "") -> Found:
    """The lines that hold `text` exactly. Raises NothingFound when none does."""
    with Lookup.open(graph) as lookup:
        refuse_glob(lookup.graph, path_glob)
        rows = lookup.literal(text, k, path_glob)
        if not rows:
            raise NothingFound(f"no indexed line holds {text!r}", "leave out --literal to search by words")
        hits = [Hit("", path, number, number, 0.0, {}, "", line, "line", "", number) for path, number, line in rows]
        return _found(lookup, text, hits)


def _named(hit: Hit) -> str:
    """What the brain derived is told by its id, so that a slug does not pass for a symbol."""
    return hit.node_id if hit.kind in BRAIN_TYPES else hit.name


def _marked(words: re.Pattern[str] | None, line: str) -> str:
    return words.sub(lambda m: f"{_BOLD}{m.group()}{_PLAIN}", line) if words else line


def _found(lookup: Lookup, question: str, hits: Sequence[Hit]) -> Found:
    shown = []
    for hit in hits:
        node = lookup.graph.node(hit.node_id) if hit.node_id else None
        shown.append(replace(hit, name=spelled(node)) if node is not None else hit)
    commit = lookup.graph.manifest.commit
    stamps = {}
    for path in sorted({hit.path for hit in hits if hit.path}):
        row = lookup.graph.file(path)
        stamps[path] = (commit or (row.sha256 if row else ""))[:STAMP]
    return Found(question, tuple(shown), stamps)
