"""What a question says before anything is looked up: its words, its shape, the names written as code in it, and how far
two names lie apart. Text in, plain values out.
"""

from __future__ import annotations

import re
from typing import Final

from brain.index import expand
from brain.text import one_line
from extractor.languages import SOURCE_SUFFIXES

_STOP_TEXT: Final = """
    a about all am an and any are as at be been being but by can could did do does doing for from had has have having he her
    here him his how i if in into is it its itself me might more most must my no nor not of off on or other our out over own
    she should so some such t than that the their them then there these they this those through to too under until up very
    was we were what when where which while who whom whose why will with within without would you your defined implemented
    use used uses using
"""
STOP_WORDS: Final = frozenset(_STOP_TEXT.split())
_CODE = re.compile(
    r"`[^`]+`|[A-Za-z_][\w]*(?:(?:\.|::|->|#)[A-Za-z_]\w*)+|[A-Za-z_]\w*\(\)|\w+_\w+|[a-z]+[A-Z]\w*|[A-Z][a-z0-9]+(?:[A-Z]\w*)+|_\w+"
)
_USAGE: Final = re.compile(
    r"\bhow\s+(?:(?:do|can|could|should|would|may)\s+(?:i|we|you|one)|to)\b|^\W*can\s+(?:i|we|you|one)\b", re.I
)
_TESTS: Final = re.compile(
    r"\btests\b|\b(?:which|what|under)\s+test\b|\b(?:unit|integration|regression)\s+test|\btest\s+(?:suite|case|file)s?\b|\btested\b|\bfixtures?\b",
    re.I,
)
# How the subject of a commit or the title of an issue begins: an area before a colon or in brackets, or what was done.
_AREA: Final = re.compile(r"\s*(?:\[[^\]\n]+\]|[\w./+*,{}() -]{1,40}:)\s+\S")
_DONE: Final = re.compile(
    r"\W*(?:fix(?:e[sd])?|avoid(?:s|ed)?|simplif(?:y|ie[sd])|improve[sd]?|ensure[sd]?|refactor(?:s|ed)?|don't|do\s+not|make\s+sure"
    r"|add(?:s|ed)|remove[sd]|move[sd]|rename[sd]|update[sd]|change[sd]|allow(?:s|ed)|made|bug|tweak(?:s|ed)?|clean(?:s|ed)?\s?up)\b",
    re.I,
)
# What such a line says of the change rather than of the code: these words stand in every file.
_EDIT_TEXT: Final = """
    add added adding adds again allow allowed allows also always avoid avoided avoids bug change changed changes changing clean
    cleaned cleanup correct corrected correctly don ensure ensured ensures fix fixed fixes fixing implement implemented
    improve improved improves instead issue just longer made make makes making minor missing move moved moves moving
    new now only prevent prevented prevents properly refactor refactored remove removed removes removing rename renamed
    replace replaced simplify simplified some support supported sure tweak update updated updates
"""
EDIT_WORDS: Final = frozenset(_EDIT_TEXT.split())
SOURCE: Final = "|".join(sorted(re.escape(suffix[1:]) for suffix in SOURCE_SUFFIXES))
_PATH = re.compile(rf"^[\w.\-/]*/[\w.\-]+$|^[\w\-]+\.(?:{SOURCE}|md|rst|toml)$")


def bare(name: str) -> str:
    """A name as it may have been typed, without quotes, call brackets or characters nobody sees."""
    return one_line(name).strip("`'\"").removesuffix("()")


def query_terms(question: str) -> list[str]:
    """The words to search for, identifiers also split, stop words left out unless nothing would be left. Each once."""
    words = [w for w in expand(one_line(question)).split() if w.strip("_")]
    kept = [w for w in words if w.lower() not in STOP_WORDS]
    return list(dict.fromkeys(w.lower() for w in (kept or words)))[:64]


def query_shape(question: str) -> str:
    """symbol (one identifier), path, error (a traceback or an error text), change (the subject of a commit, the title of an
    issue), else prose."""
    text = question.strip()
    if re.fullmatch(r"`?[A-Za-z_$][\w$]*(?:(?:\.|::|#|->)[A-Za-z_$][\w$]*)*(?:\(\))?`?", text):
        return "path" if _PATH.match(text) else "symbol"
    if _PATH.match(text):
        return "path"
    if re.search(r"Traceback \(most recent|^\s+at \S+\(|^\w*(?:Error|Exception)\b:", text, re.M):
        return "error"
    if not text.endswith("?") and (_AREA.match(text) or _DONE.match(text)):
        return "change"
    return "prose"


def asks_usage(question: str) -> bool:
    """Whether somebody wants to do something with the code: documents answer that too, and tests of the code do not."""
    return bool(_USAGE.search(question))


def asks_tests(question: str) -> bool:
    """Whether the question is about the repository's own tests."""
    return bool(_TESTS.search(question))


def code_words(question: str) -> list[str]:
    """Words written as code: backticked, dotted, called, snake_case, CamelCase."""
    return list(
        dict.fromkeys(m.group().strip("`").replace("->", ".").replace("#", ".") for m in _CODE.finditer(question))
    )


def distance(a: str, b: str) -> int:
    """Edit distance of the first 64 letters ignoring case, a swap of neighbours counting one."""
    a, b = a.lower()[:64], b.lower()[:64]
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, last, row = row, before, [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]
