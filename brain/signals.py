"""What the name and the place of a row say for or against it: the words of the question that stand in the symbol's name and in
the file's, and whether it is a test, a document or a copy. Rows in, their scores out.

Set on `scripts/bench_search.py`, whose ablation shows what each signal earns.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from brain.alike import alike
from brain.text import split_identifier, stem
from brain.view import inside_tests, is_aside, is_copy, is_test

SYMBOL_BOOST: Final = 3.0  # a row that defines the queried symbol
MENTION_BOOST: Final = 0.5  # one that defines a name written as code in a question in prose
MEMBER_SHARE: Final = 0.8  # of these, for a member of that name where no owner was named
ALIKE_SHARE: Final = 0.4  # how much words of the same meaning weigh against the question's own
NAME_BOOST: Final = 0.6  # all words of the question stand in the symbol's qualified name
PATH_BOOST: Final = 0.6  # all words of the question stand in the file's name
COHERENCE: Final = 0.35  # the file with most matches lifts its best row by this
DECAY: Final = 0.5  # per earlier hit from the same file
FILE_BOOST: Final = 0.8  # its words stand in this file more than in any other
FACTORS: Final = {"test": 0.2, "aside": 0.3, "copy": 0.4, "section": 0.5}
CHANGE_DOUBT: Final = 0.5  # the power of those where a change is told: tests and examples change too
_WORD = re.compile(r"[^\W_]\w*")
_PREFIX: Final = 3  # letters that a word and a part of a path must share
USAGE_SECTION: Final = 0.8  # instead, where the question asks how to use what is there


@lru_cache(maxsize=50_000)
def doubts(kind: str, path: str, qualname: str = "") -> tuple[str, ...]:
    """The names of FACTORS that count against a row: what is asked about seldom stands there."""
    found = ["test"] if is_test(path) or inside_tests(qualname) else []
    if kind == "section":
        found.append("section")
    elif is_aside(path):
        found.append("aside")
    if is_copy(path):
        found.append("copy")
    return tuple(found)


def weights(frequency: Mapping[str, int], rows: int) -> dict[str, float]:
    """What part of a question each of its words is, rare words more; `frequency` says in how many of `rows` they occur."""
    rarity = {word: math.log((rows + 1) / (n + 0.5)) for word, n in frequency.items() if n}
    everything = sum(rarity.values())
    return {word: value / everything for word, value in rarity.items()} if everything else {}


def name_share(qualname: str, stems: Mapping[str, float]) -> float:
    """Share of the question that stands in a qualified name, less where the name says more; `stems` are those of its words."""
    whole, parts = _stems(qualname)
    shared = stems.keys() & parts
    return (
        math.fsum(map(stems.__getitem__, stems.keys() & whole)) * math.sqrt(len(shared) / len(parts)) if shared else 0.0
    )


def path_share(path: str, words: Mapping[str, float]) -> float:
    """Share of the question that stands in the file's stem or its directory, prefixes of three letters or more counting."""
    parts = _parts(path)
    share = 0.0
    for word, weight in words.items():
        if any(word.startswith(part) or part.startswith(word) for part in parts.get(word[:_PREFIX], ())):
            share += weight
    return share


@lru_cache(maxsize=50_000)
def _stems(qualname: str) -> tuple[frozenset[str], frozenset[str]]:
    """Of a qualified name: the stems of its words and their parts, and those of the parts alone."""
    words = _WORD.findall(qualname)
    parts = frozenset(stem(part) for word in words for part in split_identifier(word))
    return parts | {stem(word) for word in words}, parts


@lru_cache(maxsize=50_000)
def _parts(path: str) -> dict[str, list[str]]:
    """What a file and its folder are called, in parts, by their first letters."""
    *parents, name = path.split("/")
    found: dict[str, list[str]] = {}
    for piece in (name.partition(".")[0], *parents[-1:]):
        for part in dict.fromkeys((piece.lower(), *split_identifier(piece))):
            if len(part) >= _PREFIX:
                found.setdefault(part[:_PREFIX], []).append(part)
    return found


@dataclass(slots=True)
class Candidate:
    """A row that may answer: `base` is how well its words match, `features` what else speaks for and against it."""

    row: int
    node_id: str
    kind: str
    path: str
    start: int
    end: int
    name: str
    qualname: str
    offset: int
    length: int
    base: float = 0.0
    features: dict[str, float] = field(default_factory=dict)
    score: float = 0.0


def order(c: Candidate) -> tuple[float, str, int, str]:
    """Best first, then by place."""
    return -round(c.score, 9), c.path, c.start, c.node_id


def rate(
    pool: Iterable[Candidate],
    words: Mapping[str, float],
    usage: bool,
    about_tests: bool,
    without: Collection[str] = (),
    doubt: float = 1.0,
) -> None:
    """Give each row its score. `words` are those of the question with their weights, `usage` and `about_tests` say what it
    asks for, `without` names features to leave out, `doubt` is the power of FACTORS."""
    stems = {stem(word): weight for word, weight in words.items()}
    if "alike" not in without:
        for word, weight in words.items():
            for other in alike(word):
                stems.setdefault(stem(other), ALIKE_SHARE * weight)
    shares: dict[str, float] = {}
    for c in pool:
        c.features["match"] = c.base
        if c.kind not in ("module", "package") and "name" not in without:  # theirs is the path
            c.features["name"] = NAME_BOOST * name_share(c.qualname, stems)
        if c.path and "path" not in without:
            if c.path not in shares:
                shares[c.path] = path_share(c.path, words)
            c.features["path"] = PATH_BOOST * shares[c.path]
        c.score = sum(c.features.get(name, 0.0) for name in ("match", "definition", "name", "path"))
        for name in doubts(c.kind, c.path, c.qualname):
            if name in without or (name == "test" and about_tests):
                continue
            c.features[name] = (USAGE_SECTION if name == "section" and usage else FACTORS[name]) ** doubt
            c.score *= c.features[name]


def tell(pool: Iterable[Candidate], files: Mapping[str, float]) -> None:
    """Lift what a change may have touched: the best row of each file by `files`, the share of its words there, 1 for the file that
    has most of them."""
    best: dict[str, Candidate] = {}
    for c in sorted(pool, key=order):
        if c.path and best.setdefault(c.path, c) is c:
            c.features["file"] = (
                FILE_BOOST * math.prod(c.features.get(n, 1.0) for n in FACTORS) * files.get(c.path, 0.0)
            )
            c.score += c.features["file"]


def once(pool: Iterable[Candidate]) -> list[Candidate]:
    """Each span once, best first, by its better row; a row left out is named among the features of that one, with its score.

    An ontology node shares the lines of what it stands on: whoever reads a page gains nothing from reading them twice.
    """
    kept: dict[tuple[str, int, int] | int, Candidate] = {}
    for c in sorted(pool, key=order):
        best = kept.setdefault((c.path, c.start, c.end) if c.start else c.row, c)
        if best is not c:
            best.features.setdefault(f"also {c.kind}", c.score)
    return list(kept.values())


def spread(pool: Iterable[Candidate], without: Collection[str] = ()) -> None:
    """Make a page of files: several good hits in one file lift its best, and each further one counts less."""
    ranked = sorted(pool, key=order)
    if "coherence" not in without:
        _cohere(ranked)
        ranked.sort(key=order)
    if "decay" not in without:
        seen: Counter[str] = Counter()
        for c in ranked:
            if seen[c.path] and c.path:
                c.features["decay"] = DECAY ** seen[c.path]
                c.score *= c.features["decay"]
            seen[c.path] += 1


def _cohere(ranked: Iterable[Candidate]) -> None:
    sums: dict[str, float] = {}
    best: dict[str, Candidate] = {}
    for c in ranked:
        if c.path:
            sums[c.path] = sums.get(c.path, 0.0) + c.score**2
            best.setdefault(c.path, c)
    highest = max(sums.values(), default=0.0)
    for path, c in best.items():
        c.features["coherence"] = COHERENCE * sums[path] / highest if highest else 0.0
        c.score += c.features["coherence"]
