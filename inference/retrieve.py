"""Question -> evidence: the passages that bear on it, how well they do, and the context block a model gets to read.

Search runs on the index alone. How far its hits can be trusted is a number from features: the share of the question's words,
weighted by rarity, that the best passages hold, whether a name was hit, and the margin. A rare word that occurs nowhere in the
repository says more against an answer than any ranking says for one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from brain.alike import alike
from brain.asking import STOP_WORDS
from brain.index import index_path
from brain.lookup import Hit, Lookup
from brain.text import clean, split_identifier, stem, tokens
from brain.view import is_test
from dataset.wording import base_form, third_person
from extractor.schema import Node
from inference.citations import Span
from inference.fronts import plain_paragraphs, whole
from inference.grammar import HOWTO
from inference.narrowing import languages_called
from inference.spelling import nearest
from inference.wording import purpose

# Words that say what kind of answer is wanted, not what it is about.
_ASKING_TEXT: Final = """
    function functions method methods class classes module modules file files part parts way ways thing things support supports
    supported handle handles handled feature features add create write need needed want able possible example examples best deal
    deals dealing take takes care responsible related concern concerns concerning involved involve use uses used using whether
    down new kept keep work works working decide decides decided determine determines determined choose chooses chosen happen
    happens make makes live lives sit sits compute computes computed calculate calculates calculated list show tell exist exists
    anything something someone properly correctly find finds found pick picks picked certain particular specific specified given
    several various different whole just even still always actually simply easily exactly every each between custom one another two three
    four five six seven eight nine ten hundred currently instead together rather really quickly normally usually typically
"""
ASKING: Final = frozenset(_ASKING_TEXT.split())
_BRITISH: Final = (("our", "or"), ("is", "iz"), ("ys", "yz"), ("tre", "ter"), ("ll", "l"), ("ogue", "og"))
_SPELLINGS: Final = (*_BRITISH, *((there, here) for here, there in _BRITISH))
_VERSIONED = re.compile(r"(?<![\w/.])[A-Za-z]+/\d[\w.]*\w|(?<![\w/.])[A-Za-z]+/\d(?![\w/])")
_WORD = re.compile(r"[^\W_][\w]*")
# Three letters are too few to tell a word by, but for those that everyone writes.
_SHORT_TEXT: Final = "env arg err dir doc var val req res msg ctx cfg lib cmd max min num str int"
_SHORT: Final = frozenset(_SHORT_TEXT.split())
SETTING: Final = frozenset({"change", "adjust", "alter", "configure", "specify", "define", "choose"})
_DOCUMENTS: Final = (".md", ".rst", ".adoc")


@dataclass(frozen=True, slots=True)
class Evidence:
    """`hits` best first; `unseen` the question's words found nowhere; `features` what `confidence` was made of;
    `apart` the telling words that no find says together."""

    hits: tuple[Hit, ...]
    confidence: float
    unseen: tuple[str, ...] = ()
    features: tuple[tuple[str, float], ...] = ()
    apart: tuple[str, ...] = ()


class Retriever:
    """Searches one index; None of its methods needs the repository."""

    def __init__(self, lookup: Lookup) -> None:
        self.lookup = lookup
        self._slips: dict[str, str] = {}

    def search(
        self, question: str, k: int, path_glob: str = "", kinds: Sequence[str] = (), lang: str = ""
    ) -> list[Hit]:
        """The best `k` passages, of files in one language when `lang` names it (as the graph does, or by its setting's name)."""
        if not lang:
            return self.lookup.search(question, k, path_glob, kinds)
        family = languages_called(lang)
        hits = self.lookup.search(question, k * 8, path_glob, kinds)
        rows = {h.path: self.lookup.graph.file(h.path) for h in hits}
        return [h for h in hits if (row := rows[h.path]) is not None and row.lang in family][:k]

    @classmethod
    def beside(cls, graph_path: Path) -> Retriever | None:
        """The retriever of the index beside a graph, None when `brain` has not made one yet."""
        return cls(Lookup.open(graph_path)) if index_path(graph_path).is_file() else None

    def find(
        self, question: str, k: int = 8, path_glob: str = "", kinds: Sequence[str] = (), lang: str = ""
    ) -> Evidence:
        """The best `k` passages for `question` and how much they can carry."""
        question = self.as_spelt_here(question)
        hits = tuple(self.search(question, k, path_glob, kinds, lang))
        words = content_words(question)
        if not hits or not words:
            return Evidence(hits, 0.3 if hits else 0.0, tuple(w for w in words if not self.frequency(w)))
        frequency = {word: self.frequency(word) for word in words}
        total = max(2, self._rows)
        weight = {w: math.log(total / (frequency[w] + 0.5)) if frequency[w] else math.log(2 * total) for w in words}
        held = [self._held(hit, words) for hit in hits]
        everything = sum(weight.values()) or 1.0
        shares = tuple(round(sum(weight[w] for w in words if w in group) / everything, 3) for group in held)
        best = max(shares[:5], default=0.0)
        together = set().union(*held[:5])
        joint = sum(weight[w] for w in words if w in together) / everything
        names = tuple(round(self._named(hit, words, weight) / everything, 3) for hit in hits)
        named = max(names[:5], default=0.0)
        coverage = 0.7 * best + 0.3 * joint
        unseen = tuple(w for w in words if not frequency[w])
        confidence = min(1.0, 0.72 * coverage + 0.28 * min(1.0, 2 * named))
        # A word the repository never uses is evidence that it does not do the thing.
        confidence *= 1.0 - 0.5 * sum(weight[w] for w in unseen) / everything
        # `HTTP/2` is one thing: a repository that never writes it says nothing about it.
        lacking = tuple(w for w in _VERSIONED.findall(question) if not self.holds(w))
        if lacking:
            confidence, unseen = 0.4 * confidence, (*lacking, *unseen)
        features = (("coverage", round(coverage, 3)), ("named", round(named, 3)), ("unseen", float(len(unseen))))
        return Evidence(hits, round(confidence, 3), unseen, features)

    def as_spelt_here(self, question: str) -> str:
        """`colour` becomes `color` where the repository writes only that, and the other way round; a word it never writes
        becomes the one it is a slip of."""
        for word in content_words(question):
            if self.frequency(word):
                continue
            spelt = [word.replace(ours, theirs, 1) for ours, theirs in _SPELLINGS]
            if word in SETTING:
                spelt.append("set")
            other = next((s for s in spelt if s != word and self.frequency(s)), "")
            # A word of the language is no slip of another: who asks to compare asks nothing of `compat`.
            if not other and not (alike(word) or third_person(word) or base_form(word)):
                other = self._slip_of(word)
            if other:
                question = re.sub(rf"\b{re.escape(word)}\b", other, question, flags=re.IGNORECASE)
        return question

    def _slip_of(self, word: str) -> str:
        """The indexed word that `word` is one slip away from, as it stands or without its ending; "" when there is none, or
        when it is written as a name is."""
        if not word.isalpha() or word in self._slips:
            return self._slips.get(word, "")
        terms = self.lookup.db.execute(
            "SELECT term, doc FROM temp.vocabulary WHERE term >= ? AND term < ? AND length(term) BETWEEN ? AND ?",
            (word[0], word[0] + "\uffff", len(word) - 4, len(word) + 1),
        ).fetchall()
        bare = f"{word[:-3]}y" if word.endswith("ies") else stem(word)
        near = nearest((word, bare, re.sub("y$", "i", word)), terms)
        # The index keeps stems: `mandatori` is mandatory.
        self._slips[word] = bare if bare != word and self.frequency(bare) else re.sub("i$", "y", near)
        return self._slips[word]

    def frequency(self, word: str) -> int:
        """In how many rows of the index `word` occurs, endings ignored."""
        quoted = '"' + word.replace('"', '""') + '"'
        row = self.lookup.db.execute("SELECT count(*) FROM words WHERE words MATCH ?", (quoted,)).fetchone()
        return int(row[0])

    def holds(self, word: str) -> bool:
        """Whether `word` occurs whole in the indexed text, letter by letter."""
        whole = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")
        rows = self.lookup.db.execute("SELECT text FROM texts WHERE instr(text, ?)", (word,))
        return any(whole.search(text) for (text,) in rows)

    def texts_with(self, written: str) -> list[tuple[str, str]]:
        """(path, text) of the indexed files that hold `written`."""
        query = "SELECT path, text FROM texts WHERE instr(text, ?) ORDER BY path"
        return self.lookup.db.execute(query, (written,)).fetchall()

    def lines_with(self, words: str, limit: int, *, documents: bool = False) -> list[tuple[str, int]]:
        """(path, line) of indexed text that holds `words` as written, tests left out; documents come after code."""
        found = []
        whole = re.compile(rf"(?<![\w]){re.escape(words)}(?![\w])")
        for path, text in self.texts_with(words):
            row = self.lookup.graph.file(path)
            code = row is not None and row.status in ("ok", "partial")
            match = whole.search(text)
            if match and not is_test(path) and (code or documents):
                found.append((not code, path, text[: match.start()].count("\n") + 1))
        return [(path, line) for _, path, line in sorted(found)[:limit]]

    def opening(self, project: str) -> tuple[str, str, int]:
        """(what the README says the project is, its path, its line): the first paragraph that says so of it by name, else the
        first at all. Without a README the first page of the documentation; empty without either."""
        names = [r.path for r in self.lookup.graph.files()]
        fronts = sorted(p for p in names if re.fullmatch(r"readme(\.\w+)?", p, re.IGNORECASE))
        fronts += sorted(
            p for p in names if re.fullmatch(r"docs?/(?:source/|src/)?(?:index|readme)\.(?:rst|md)", p, re.IGNORECASE)
        )
        named = re.compile(
            rf"(?:^|\W){re.escape(project)}\W+(?:\w+\W+)?(?:is|are|provides?|lets|allows|gives|helps|offers)\b",
            re.IGNORECASE,
        )
        for path in fronts:
            said = plain_paragraphs(self.lookup.text(path, 1, 80))
            if said:
                text, line = next((s for s in said if project and named.search(s[0])), said[0])
                return whole(text), path, line
        return "", "", 0

    @property
    def _rows(self) -> int:
        return int(self.lookup.db.execute("SELECT count(*) FROM rows").fetchone()[0])

    def _held(self, hit: Hit, words: Sequence[str]) -> set[str]:
        node = self.lookup.graph.node(hit.node_id) if hit.node_id else None
        doc = str(node.meta.get("doc", "")) + " " + str(node.meta.get("purpose", "")) if node else ""
        text = f"{hit.path} {hit.name} {doc} {self.lookup.text(hit.path, hit.start, hit.end)}"
        there = stems(text)
        return {word for word in words if stem(word) in there}

    def fit(self, hits: Sequence[Hit], question: str) -> list[tuple[float, int]]:
        """For each hit the weighted share of the question that it is about: a word in its name or in what it is said to be for
        counts whole; one that only its body holds counts less, and the less the longer the body is. Beside it, how many distinct words."""
        words = content_words(self.as_spelt_here(question))
        weight = self.weights(words)
        everything = sum(weight.values()) or 1.0
        parts = [self._parts(hit, words) for hit in hits]
        return [
            (sum(weight[w] * p for w, p in part.items()) / everything, sum(p > 0 for p in part.values()))
            for part in parts
        ]

    def _parts(self, hit: Hit, words: Sequence[str]) -> dict[str, float]:
        node = self.lookup.graph.node(hit.node_id) if hit.node_id else None
        name = stems(hit.name.rpartition(".")[2] if hit.node_id else hit.name)
        place = stems(f"{hit.name} {hit.path.rpartition('/')[2]}")
        said = stems(str(node.meta.get("purpose", "")) or purpose(node)) if node else set()
        doc = str(node.meta.get("doc", "")) if node else ""
        text = self.lookup.text(hit.path, hit.start, hit.end)
        body = stems(doc) | stems(text)
        inside = 0.65 / (1.0 + max(0, hit.end - hit.start + doc.count("\n") - 20) / 40)
        if node is None and len(words) > 2 and {stem(w) for w in words} <= body:
            # One paragraph of a document that holds the whole of a question speaks of it.
            wanted = {stem(w) for w in words}
            inside = max(inside, 0.9 if any(wanted <= stems(b) for b in re.split(r"\n\s*\n", text)) else 0.0)
        worth = ((name, 1.3), (said, 1.0), (place, 0.8), (body, inside))
        parts = {w: next((part for held, part in worth if _holds(stem(w), held, held is not body)), 0.0) for w in words}
        if "set" in name:
            # One changes a level with set_level.
            parts.update({w: 1.0 for w in words if w in SETTING})
        return parts

    def weights(self, words: Sequence[str]) -> dict[str, float]:
        """How telling each word is: the rarer outside the tests, the more."""
        total = max(2, self._rows)
        return {w: math.log(2 * total / (self._frequency_in_product(w) + 0.5)) for w in words}

    def _frequency_in_product(self, word: str) -> int:
        """Rows that hold `word`, those of tests left out: `test` stands in every one of these."""
        quoted = '"' + word.replace('"', '""') + '"'
        counted = "SELECT r.path, count(*) FROM words w JOIN rows r ON r.id = w.rowid WHERE words MATCH ? GROUP BY 1"
        return sum(n for path, n in self.lookup.db.execute(counted, (quoted,)) if not is_test(path))

    def in_a_row(self, run: Sequence[str]) -> list[tuple[str, int, int]]:
        """(path, start, end) of the rows of the index that hold these words one after the other."""
        quoted = '"' + " ".join(run).replace('"', '""') + '"'
        query = "SELECT r.path, r.start, r.end FROM words w JOIN rows r ON r.id = w.rowid WHERE words MATCH ? LIMIT 200"
        return sorted(self.lookup.db.execute(query, (quoted,)))

    def titled(self, question: str, limit: int) -> list[Hit]:
        """Sections of documents whose title or file is named by the question's words, the most telling words first."""
        words = content_words(question)
        weight = self.weights(words)
        found = []
        for path, start, end, name in self.lookup.db.execute(
            "SELECT path, start, end, name FROM rows WHERE kind = 'section' ORDER BY path, start"
        ):
            if not path.endswith(_DOCUMENTS) or is_test(path):
                continue
            held = stems(f"{name} {path.rpartition('/')[2].partition('.')[0]}")
            told = sum(weight[w] for w in words if _holds(stem(w), held, True))
            if told:
                found.append(
                    (-round(told, 3), path, start, Hit("", path, start, end, 0.0, {}, "", "", "section", name))
                )
        return [hit for *_, hit in sorted(found, key=lambda f: f[:3])[:limit]]

    def _named(self, hit: Hit, words: Sequence[str], weight: dict[str, float]) -> float:
        parts = stems(f"{hit.name} {hit.path.rpartition('/')[2].partition('.')[0]}")
        return sum(weight[w] for w in words if stem(w) in parts)

    def context(self, nodes: Iterable[Node], hits: Sequence[Hit], budget: int) -> tuple[str, list[Span]]:
        """(text, spans by evidence number): whole symbols first, then what stands one hop away, within `budget` tokens.

        Blocks are dropped from the end, never cut in the middle of a line; a symbol too long for the rest of the budget keeps
        its head and says which lines were left out. Equal inputs give equal bytes.
        """
        blocks: list[str] = []
        spans: list[Span] = []
        left = budget
        for span, via in self._ordered(nodes, hits):
            if any(s.path == span.path and s.start <= span.start and span.end <= s.end for s in spans):
                continue
            body = self.lookup.text(span.path, span.start, span.end)
            if not body:
                continue
            head = f"[{len(spans) + 1}] {span.path}:{span.start}-{span.end} {span.node_id} via={via}"
            block = f"{head}\n{clean(body)}"
            if len(tokens(block)) > left:
                block = _trimmed(head, clean(body), span, left)
            if not block:
                break
            left -= len(tokens(block))
            blocks.append(block)
            spans.append(span)
        return "\n\n".join(blocks), spans

    def _ordered(self, nodes: Iterable[Node], hits: Sequence[Hit]) -> list[tuple[Span, str]]:
        ordered: list[tuple[Span, str]] = []
        anchors = list(nodes)
        for node in anchors:
            start, end = node.lines
            if start:
                ordered.append((Span(node.path, start, end, node.id), "definition"))
        for hit in hits:
            if hit.start:
                ordered.append((Span(hit.path, hit.start, hit.end, hit.node_id, "search", hit.score), "search"))
        near = [n.id for n in anchors] or [h.node_id for h in hits[:3] if h.node_id]
        for hit in self.lookup.neighbours(near):
            if hit.start:
                ordered.append((Span(hit.path, hit.start, hit.end, hit.node_id, hit.via), hit.via))
        return ordered


def content_words(question: str) -> list[str]:
    """What the question is about: its words without question words and words for code in general, each once."""
    words = [w.lower() for w in _WORD.findall(question)]
    # Who does something with files means files; elsewhere the word asks where something stands.
    asking = ASKING - {"file", "files"} if HOWTO.search(question) else ASKING
    telling = [w for w in words if w not in STOP_WORDS]
    return list(dict.fromkeys([w for w in telling if w not in asking and len(w) > 1] or telling))


def _holds(word: str, held: set[str], shortened: bool) -> bool:
    return word in held or (shortened and any(akin(word, other) for other in held))


def akin(a: str, b: str) -> bool:
    """Whether two stems are one word, or one the start of the other as `auth` is of `authentication`."""
    if a == b:
        return True
    short, long = sorted((a, b), key=len)
    return (len(short) >= 4 and long.startswith(short)) or (short in _SHORT and long.startswith(short))


@lru_cache(maxsize=1 << 16)
def _stems_of(word: str) -> tuple[str, ...]:
    return (stem(word), *(stem(part) for part in split_identifier(word)))


def stems(text: str) -> set[str]:
    """The stems of every word and of every part of an identifier in `text`."""
    found: set[str] = set()
    for word in set(_WORD.findall(text)):
        found.update(_stems_of(word))
    return found


def _trimmed(head: str, body: str, span: Span, left: int) -> str:
    lines = body.split("\n")
    keep = len(lines)
    while keep > 3:
        keep = keep * 3 // 4
        cut = f"… lines {span.start + keep}-{span.end} left out"
        block = "\n".join([head, *lines[:keep], cut])
        if len(tokens(block)) <= left:
            return block
    return ""
