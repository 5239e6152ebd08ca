"""What the place of a row says for or against it: its file's name, and whether it is a test, a document, an inner function.

Set on `scripts/bench_search.py`, whose ablation shows what each signal earns.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from brain.text import split_identifier
from brain.view import is_aside, is_test

FACTORS: Final = {"test": 0.3, "init": 0.5, "aside": 0.3, "section": 0.5, "nested": 0.7, "value": 0.4}
USAGE_SECTION: Final = 0.8  # instead, where the question asks how to use what is there


@lru_cache(maxsize=50_000)
def doubts(kind: str, path: str, qualname: str) -> tuple[str, ...]:
    """The names of FACTORS that count against a row: what is asked about seldom stands there."""
    found = ["test"] if is_test(path) else []
    if path.rpartition("/")[2] in ("__init__.py", "index.ts", "index.js"):
        found.append("init")
    if kind == "section":
        found.append("section")
    elif is_aside(path):
        found.append("aside")
    if kind == "variable":
        found.append("value")
    if kind == "function" and "." in qualname:
        found.append("nested")
    return tuple(found)


@lru_cache(maxsize=4096)
def path_share(path: str, words: tuple[str, ...]) -> float:
    """Share of the query's words found in the file's stem or its directory, prefixes of three letters or more counting."""
    *parents, name = path.split("/")
    parts = {p for piece in (name.partition(".")[0], *parents[-1:]) for p in (piece.lower(), *split_identifier(piece))}
    hits = sum(any(_alike(word, part) for part in parts) for word in words)
    return hits / len(words)


def _alike(word: str, part: str) -> bool:
    return word == part or (min(len(word), len(part)) >= 3 and (word.startswith(part) or part.startswith(word)))
