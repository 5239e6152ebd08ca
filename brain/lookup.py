"""Question in, ranked nodes and passages out, each with the value of every feature that placed it.

Reads `index.sqlite` and `graph.sqlite` and nothing else, so it works where the repository is absent. Full-text candidates
become reciprocal ranks; a handful of code-aware features move them. Graph neighbours are context: they are listed apart,
marked by the edge that led to them, and never change the order of what was found.
"""

from __future__ import annotations

import fnmatch
import math
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Final

from brain.alike import alike
from brain.asking import EDIT_WORDS, asks_tests, asks_usage, bare, code_words, distance, query_shape, query_terms
from brain.index import ROW_BITS, index_path, open_index
from brain.signals import (
    ALIKE_SHARE,
    CHANGE_DOUBT,
    FACTORS,
    MEMBER_SHARE,
    MENTION_BOOST,
    SYMBOL_BOOST,
    Candidate,
    once,
    rate,
    spread,
    tell,
    weights,
)
from brain.view import BRAIN_TYPES
from extractor.graph import Graph
from extractor.schema import Node
from extractor.spelling import spelled

if TYPE_CHECKING:
    from brain.embed import Vectors
    from brain.embedders import Embedder

# These and the constants of brain.signals were set on `scripts/bench_search.py`, whose ablation shows what each feature earns.
POOL: Final = 200  # full-text candidates that are ranked
SMALL: Final = 1500  # rows that the words which choose candidates may have together
COMMON: Final = 5000  # rows; a word that stands in more says little and costs much
WEIGHTS: Final = (2.0, 4.0, 2.0, 1.0, 1.0)  # path, qualname, signature, summary, body
FEATURES: Final = ("notes", "definition", "name", "path", "alike", *FACTORS, "file", "coherence", "decay")

DENSE: Final = 0.35  # how much nearness in meaning weighs against words, where vectors are used; less for a symbol
DENSE_SYMBOL: Final = 0.3
_ROW: Final = "id, node_id, kind, path, start, end, name, qualname, offset, length"


@dataclass(frozen=True, slots=True)
class Hit:
    """`score` is the sum that ordered it; `features` the parts by name; `via` is empty for a direct hit, else the edge kind
    that led here. A piece of a document has an empty `node_id`."""

    node_id: str
    path: str
    start: int
    end: int
    score: float
    features: dict[str, float]
    via: str
    snippet: str
    kind: str = ""
    name: str = ""
    snippet_line: int = 0  # where in the file the snippet begins, 0 without one


class Lookup:
    """Open once, ask often. Not for several threads at a time."""

    def __init__(
        self, graph: Graph, db: sqlite3.Connection, without: Iterable[str] = (), embedder: Embedder | None = None
    ) -> None:
        self.graph = graph
        self.db = db
        self._without = frozenset(without)
        self._embedder = embedder
        self._vectors = _vectors(graph.path, embedder.space) if embedder else None
        self._size: int = db.execute("SELECT coalesce(sum(rows), 0) FROM parts").fetchone()[0]

    @classmethod
    def open(cls, graph_path: Path, without: Iterable[str] = (), embedder: Embedder | None = None) -> Lookup:
        """`without` names features to leave out, for measuring what each earns; `embedder` joins the vectors made by it.
        Raises MissingInput, IncompatibleInput."""
        graph = Graph(graph_path)
        try:
            return cls(graph, open_index(index_path(graph_path)), without, embedder)
        except BaseException:
            graph.close()
            raise

    def close(self) -> None:
        self.db.close()
        self.graph.close()

    def __enter__(self) -> Lookup:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def search(self, question: str, k: int = 10, path_glob: str = "", kinds: Sequence[str] = ()) -> list[Hit]:
        """The `k` best nodes and passages for `question`, best first, each node and each span once; empty when no word matches."""
        terms = query_terms(question)
        shape = query_shape(question)
        if shape == "change" and kinds:  # who names a kind looks for one symbol, not for the files to read
            shape = "prose"
        if shape == "change":
            terms = [t for t in terms if t not in EDIT_WORDS] or terms
        frequency = self._frequency(terms, max(SMALL + 1, self._size // 10))
        found = {c.row: c for c in self._matching(terms, frequency)}
        if shape in ("prose", "change") and "alike" not in self._without:
            self._add_alike(found, terms, frequency)
        self._add_dense(found, question, shape)
        if "definition" not in self._without:
            named = [question] if shape == "symbol" else code_words(question)
            self._add_definitions(found, named, SYMBOL_BOOST if shape == "symbol" else MENTION_BOOST)
        pool = [c for c in found.values() if _wanted(c, path_glob, kinds)]
        words, without = weights(frequency, self._size), self._without
        if shape == "symbol":  # each part of its name weighs the same, and means itself
            words = dict.fromkeys(terms[1:] or terms, 1 / max(1, len(terms) - 1))
            without |= {"alike"}
        doubt = CHANGE_DOUBT if shape == "change" else 1.0
        rate(pool, words, asks_usage(question), asks_tests(question), without, doubt)
        if shape == "change" and "file" not in without:
            tell(pool, self._files_of(frequency))
        if not kinds:
            spread(pool, self._without)
        return [self._hit(c, terms) for c in once(pool)[:k]]

    def kinds(self) -> list[str]:
        """The types of what is indexed."""
        return [row[0] for row in self.db.execute("SELECT DISTINCT kind FROM rows ORDER BY kind") if row[0]]

    def exists(self, name: str) -> list[Node]:
        """Nodes that `name` may mean, best first; empty when the graph has none."""
        return self.graph.find(bare(name))

    def near(self, name: str, n: int = 3) -> list[str]:
        """The nearest real names: members of the named container first, then any symbol, by shared letters and distance."""
        asked = bare(name).replace("::", ".")
        head, _, last = asked.rpartition(".")
        choices: list[tuple[float, str]] = []
        for owner in self.graph.find(head)[:3] if head else ():
            for edge in self.graph.edges(("defined_in",), dst=owner.id):
                member = self.graph.node(edge.src)
                if member is not None and member.type != "external":
                    choices.append((distance(last, member.name) / 2, spelled(member)))
        for real in self._similar_names(last):
            owners = {spelled(n) for n in self.graph.find(real) if n.type not in ("module", "package")}
            choices += [(distance(last, real) + 0.5, name) for name in sorted(owners)[:3]]
        unique: dict[str, float] = {}
        for cost, real in sorted(choices):
            if real.replace("::", ".") != asked:
                unique.setdefault(real, cost)
        return list(unique)[:n]

    def neighbours(self, node_ids: Sequence[str], limit: int = 12, fan_out: int = 4) -> list[Hit]:
        """One hop from these nodes along calls, extends, throws and defined_in, `via` naming the edge; at most `fan_out` per
        node, direction and kind, those nodes themselves left out."""
        seen = set(node_ids)
        hits: list[Hit] = []
        for node_id in node_ids:
            for kind in ("calls", "extends", "implements", "throws", "defined_in"):
                ahead = sorted(self.graph.edges((kind,), src=node_id), key=lambda e: (e.line, e.dst))
                out = [e.dst for e in ahead]
                back = [e.src for e in self.graph.edges((kind,), dst=node_id)] if kind != "defined_in" else []
                for ids, via in ((out, kind), (back, f"{kind} (from)")):
                    for other in [i for i in dict.fromkeys(ids) if i not in seen][:fan_out]:
                        node = self.graph.node(other)
                        if node is None or node.type == "external":
                            continue
                        seen.add(other)
                        start, end = node.lines
                        text = self.text(node.path, start, end)
                        name = node.qualname
                        hits.append(Hit(other, node.path, start, end, 0.0, {}, via, text, node.type, name, start))
        return hits[:limit]

    def literal(self, text: str, k: int = 50, path_glob: str = "") -> list[tuple[str, int, str]]:
        """(path, line number, line) of the first `k` lines that hold `text` exactly, in order of path and line."""
        if not text.strip():
            return []
        folded = text.lower()
        grams = sorted({folded[i : i + 3] for i in range(len(folded) - 2)})
        match = " AND ".join('"' + gram.replace('"', '""') + '"' for gram in grams if "\0" not in gram)
        chosen = "f.id IN (SELECT rowid FROM grams WHERE grams MATCH ?) AND" if match else "? = '' AND"
        query = f"SELECT t.path, t.text FROM parts f JOIN texts t ON t.path = f.path WHERE {chosen} 1 ORDER BY t.path"
        found: list[tuple[str, int, str]] = []
        for path, whole in self.db.execute(query, (match,)):
            if text not in whole or (path_glob and not fnmatch.fnmatchcase(path, path_glob)):
                continue
            found += [(path, number, line) for number, line in enumerate(whole.split("\n"), 1) if text in line]
            if len(found) >= k:
                break
        return found[:k]

    def text(self, path: str, start: int, end: int) -> str:
        """Lines of a file as they were indexed; empty when the file is not in the index."""
        if not start:
            return ""
        row = self.db.execute("SELECT text FROM texts WHERE path = ?", (path,)).fetchone()
        return "\n".join(row[0].split("\n")[start - 1 : end]) if row else ""

    def at(self, key: str) -> Hit | None:
        """The row of a node id, or of `path:start` for a piece of a document; None when the index has none."""
        found = self._row_at(key)
        return self._hit(found, ()) if found is not None else None

    def _frequency(self, terms: Sequence[str], limit: int) -> dict[str, int]:
        """In how many rows each term occurs, counted as far as `limit`."""
        query = "SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ?)"
        return {t: self.db.execute(query, (f'"{t}"', limit)).fetchone()[0] for t in terms}

    def _files_of(self, frequency: Mapping[str, int]) -> dict[str, float]:
        """How much of these words each file holds: BM25 over files, a row that has the word counting once, 1 for the best."""
        sizes = {number: (path, rows) for number, path, rows in self.db.execute("SELECT id, path, rows FROM parts")}
        mean = self._size / max(1, len(sizes))
        scores: dict[int, float] = {}
        query = f"SELECT rowid >> {ROW_BITS}, count(*) FROM words WHERE words MATCH ? GROUP BY 1 ORDER BY 1"
        for term in [t for t, n in frequency.items() if n and n <= COMMON]:
            counts = self.db.execute(query, (f'"{term}"',)).fetchall()
            rarity = math.log(1 + (len(sizes) - len(counts) + 0.5) / (len(counts) + 0.5))
            for number, n in counts:
                length = sizes[number][1] / mean
                scores[number] = scores.get(number, 0.0) + rarity * n * 2.2 / (n + 1.2 * (0.25 + 0.75 * length))
        best = max(scores.values(), default=1.0)
        return {sizes[number][0]: score / best for number, score in scores.items()}

    def _matching(self, terms: Sequence[str], frequency: Mapping[str, int]) -> list[Candidate]:
        if not terms:
            return []
        match = self._expression(terms, frequency)
        told = "notes" not in self._without
        columns = WEIGHTS if told else (*WEIGHTS[:3], 0.0, *WEIGHTS[4:])
        query = (
            "SELECT r.id, r.node_id, r.kind, r.path, r.start, r.end, r.name, r.qualname, r.offset, r.length,"
            " m.score FROM"
            f" (SELECT rowid AS id, bm25(words, {', '.join(map(str, columns))}) AS score FROM words WHERE words MATCH ?"
            " ORDER BY score, rowid LIMIT ?) m JOIN rows r ON r.id = m.id ORDER BY m.score, m.id"
        )
        found: dict[str, Candidate] = {}
        best = 0.0
        for *row, score in self.db.execute(query, (match, POOL)):
            candidate = Candidate(*row)
            if candidate.kind in BRAIN_TYPES and not told:
                continue
            best = best or score
            # One row per node: its best part stands for it.
            if found.setdefault(candidate.node_id or f"{candidate.path}:{candidate.start}", candidate) is candidate:
                candidate.base = score / best
        return list(found.values())

    def _add_alike(self, found: dict[int, Candidate], terms: Sequence[str], frequency: Mapping[str, int]) -> None:
        """Blend in what matches when words that mean the same count too: a question says `settings`, the code `config`."""
        more = list(dict.fromkeys(word for term in terms for word in alike(term) if word not in terms))
        if not more:
            return
        for c in self._matching([*terms, *more], {**frequency, **self._frequency(more, SMALL + 1)}):
            mine = found.setdefault(c.row, c)
            mine.features["alike"] = ALIKE_SHARE * c.base
            mine.base = mine.features["alike"] + ((1 - ALIKE_SHARE) * mine.base if mine is not c else 0.0)

    def _add_dense(self, found: dict[int, Candidate], question: str, shape: str) -> None:
        """With an embedder: blend each row's nearness in meaning into its match, bringing in rows no word led to."""
        if self._embedder is None or self._vectors is None:
            return
        nearest = self._vectors.nearest(self._embedder.embed([question])[0], POOL)
        if not nearest:
            return
        weight = DENSE_SYMBOL if shape == "symbol" else DENSE
        by_key = {c.node_id or f"{c.path}:{c.start}": c for c in found.values()}
        best, worst = nearest[0][1], nearest[-1][1]
        near = {key: (score - worst) / (best - worst) if best > worst else 1.0 for key, score in nearest}
        for key in near:
            candidate = by_key.get(key) or self._row_at(key)
            if candidate is not None:
                by_key[key] = found[candidate.row] = candidate
        for key, c in by_key.items():
            c.features["words"], c.features["meaning"] = c.base, near.get(key, 0.0)
            c.base = (1 - weight) * c.base + weight * near.get(key, 0.0)

    def _row_at(self, key: str) -> Candidate | None:
        """The row a vector belongs to: by node id, or `path:start` for a piece of a document."""
        path, _, start = key.rpartition(":")
        if start.isdigit() and "#" not in key:
            row = self.db.execute(
                f"SELECT {_ROW} FROM rows WHERE path = ? AND start = ? AND node_id = ''", (path, int(start))
            ).fetchone()
            return Candidate(*row) if row else None
        return self._row_of(key)

    def _expression(self, terms: Sequence[str], found: Mapping[str, int]) -> str:
        """The FTS5 expression for `terms`: any of them. Over many rows a passage must hold one of the rarer ones.

        Words that stand in many rows cost most of the time and choose nothing by themselves: the rarest choose, as long as
        all their rows are not too many. They then occur twice in the expression, so the others do too: the order of
        BM25 stays.
        """
        known = sorted((t for t in terms if found[t]), key=lambda t: found[t])
        total = list(accumulate(found[t] for t in known))
        rare = [t for t, sum_ in zip(known, total, strict=True) if sum_ <= SMALL] or known[:1]
        common = [t for t in known[len(rare) :] if found[t] <= COMMON]
        return f"({_any(rare)}) AND ({_any([*rare, *common, *common])})" if common else _any(rare or terms)

    def _add_definitions(self, found: dict[int, Candidate], names: Sequence[str], boost: float) -> None:
        """Boost rows that define a queried name, bringing in those full-text search missed."""
        by_node = {c.node_id: c for c in found.values() if c.node_id}
        for name in names:
            for node in self.graph.find(bare(name))[:12]:
                candidate = by_node.get(node.id) or self._row_of(node.id)
                if candidate is None:
                    continue
                by_node[node.id] = found[candidate.row] = candidate
                # A bare name means what stands on its own before it means somebody's member.
                candidate.features["definition"] = boost * (
                    1.0 if node.qualname == bare(name).replace("::", ".") else MEMBER_SHARE
                )

    def _row_of(self, node_id: str) -> Candidate | None:
        row = self.db.execute(
            f"SELECT {_ROW} FROM rows WHERE node_id = ? ORDER BY start LIMIT 1",
            (node_id,),
        ).fetchone()
        return Candidate(*row) if row else None

    def _hit(self, c: Candidate, terms: Sequence[str]) -> Hit:
        features = {name: round(value, 6) for name, value in sorted(c.features.items())}
        line, snippet = self._snippet(c, terms)
        return Hit(
            c.node_id, c.path, c.start, c.end, round(c.score, 6), features, "", snippet, c.kind, c.qualname, line
        )

    def _snippet(self, c: Candidate, terms: Sequence[str]) -> tuple[int, str]:
        """The three lines of the passage with most query words, its first lines when none has any, and where they stand."""
        query = "SELECT substr(text, ?, ?) FROM texts WHERE path = ?"
        row = self.db.execute(query, (c.offset + 1, c.length, c.path)).fetchone() if c.length else None
        lines = (row[0] if row else "").split("\n")
        wanted = {t.lower()[:5] for t in terms}
        counts = [sum(word in low for word in wanted) for low in map(str.lower, lines)]
        best = max(range(len(lines)), key=lambda i: (sum(counts[i : i + 3]), -i))
        return (c.start + best if c.length else 0), "\n".join(lines[best : best + 3])

    def _similar_names(self, name: str) -> list[str]:
        """Real names that share letters with `name`, nearest first."""
        folded = name.lower()
        grams = sorted({folded[i : i + 3] for i in range(len(folded) - 2)})
        if not grams:
            rows = self.db.execute(
                "SELECT DISTINCT name FROM rows WHERE name LIKE ? ORDER BY name LIMIT 50", (f"{name}%",)
            )
        else:
            match = " OR ".join('"' + gram.replace('"', '""') + '"' for gram in grams)
            rows = self.db.execute("SELECT name FROM near WHERE near MATCH ? ORDER BY rank, name LIMIT 60", (match,))
        found = [row[0] for row in rows]
        limit = max(2, len(name) // 2)
        return sorted((f for f in found if distance(name, f) <= limit), key=lambda f: (distance(name, f), f))[:12]


def _vectors(graph: Path, space: str) -> Vectors:
    # Imported late: a question without vectors needs none of it.
    from brain.embed import read_vectors, vectors_path

    return read_vectors(vectors_path(graph), space)


def _any(terms: Sequence[str]) -> str:
    return " OR ".join(f'"{term}"' for term in terms)


def _wanted(c: Candidate, path_glob: str, kinds: Sequence[str]) -> bool:
    return (not path_glob or fnmatch.fnmatchcase(c.path, path_glob)) and (not kinds or c.kind in kinds)
