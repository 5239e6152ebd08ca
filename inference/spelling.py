"""Questions as people type them: `whats thrown`, `how 2`, `turn of colors`, `who clals it`. In: the text of a question and what the
index knows. Out: the text as it was meant. A word that the index knows, or that could be a name in code, is never touched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from brain.asking import STOP_WORDS, distance
from inference.grammar import BACKWARD, CHECKS, FORWARD, GENERIC, HOWTO, NOUN, PASSIVE

_SHORTEST: Final = 5  # letters; shorter words have too many neighbours
# Where a letter is a name: "what is n in f", "the parameter n".
_NAMED: Final = "".join(
    rf"(?<!\b{word} )"
    for word in ("is", "of", "the", "a", "does", "with", "set", "by", "to", "parameter", "argument", "variable")
)
# Spoken and chat forms, and what they stand for.
_CHAT: Final = tuple(
    (re.compile(rf"(?<![\w.`/-])(?:{form})(?![\w`(])", re.IGNORECASE), meant)
    for form, meant in (
        (r"what['’]?s", "what is"),
        (r"where['’]?s", "where is"),
        (r"who['’]?s", "who is"),
        (r"how['’]?s", "how is"),
        (r"hw(?=\s+(?:do|can|to|is|are)\b)", "how"),
        (r"(?<=how )2|(?<=want )2|(?<=need )2|(?<=\w )2(?=\s+(?:the|my|it|this|that)\b)", "to"),
        (r"how\s+do\s+u", "how do you"),
        (r"can\s+u", "can you"),
        (r"wanna", "want to"),
        (r"gonna", "going to"),
        (r"pl[sz]", "please"),
        (r"w/o", "without"),
        (r"w/(?=\s)|w(?=\s+(?:a|an|the|my)\b)", "with"),
        (r"b/c|cuz", "because"),
        (rf"(?<=\w ){_NAMED}n(?=\s+\w)(?!\s+(?:in|of|for|is|do|does|mean|means|has|to|be|at)\b)", "and"),
        (r"diff(?=\s+(?:between|of|from)\b)", "difference"),
        (r"dont", "do not"),
        (r"doesnt", "does not"),
        (r"cant", "cannot"),
        (r"isnt", "is not"),
        (r"(turn|switch|shut)\s+of(?=\s)", r"\1 off"),
    )
)
# What somebody says of where a claim is from, before making it.
_HEARSAY: Final = re.compile(
    r"^\W*(?:(?:i|we)\s+(?:(?:was|were|am|have\s+been|had)\s+)?)?(?:told|heard|read|informed)\s+(?:that\s+)?"
    r"(?=(?:it|this|that|the|you)\s)",
    re.IGNORECASE,
)
# What one does in two words, and how code calls it in one.
_PHRASES: Final = tuple(
    (re.compile(rf"\b{first}(?P<form>s|ed|ing)?\s+(?P<what>(?:(?:the|all|any|its|my)\s+)?(?:[\w-]+\s+)??){particle}\b", re.IGNORECASE), one)
    for first, particle, one in (
        ("(?:turn|switch|shut)", "off", "disable"), ("(?:turn|switch)", "on", "enable"), ("get", r"rid\s+of", "remove"),
        ("throw", "away", "discard"), ("find", "out", "determine"), ("look", "up", "lookup"), ("(?:tear|torn)", "down", "teardown"),
    )
)  # fmt: skip
_ASKING: Final = """
    what which where when does raise raises return returns call calls called defined function method class error exception
    difference between compare parameters arguments happens
"""
_GRAMMAR: Final = frozenset(
    word + ending
    for word in (*_ASKING.split(), *FORWARD, *BACKWARD, *CHECKS, *NOUN, *PASSIVE)
    if len(word) >= 4 and word.isalpha()
    for ending in ("", "s", "es", "ing", "ed", "d")
)
_WORD: Final = re.compile(r"(?<![\w.`/:#$@-])[a-z]{4,}(?![\w`(/:#$@]|\.\w|-\w)")


def as_meant(text: str, known: Callable[[str], bool]) -> str:
    """`text` in plain English: chat forms spelled out, slips in the words that ask mended. `known` tells what the index holds."""
    text = _HEARSAY.sub("", text)
    for pattern, meant in _CHAT:
        text = pattern.sub(meant, text)
    # "How do I resize it": what is to be done is no slip of a word that asks.
    done = {match.end() for match in re.finditer(rf"(?:{HOWTO.pattern})\s+", text, re.IGNORECASE)}
    return _WORD.sub(lambda m: m.group() if m.start() in done else _asking(m.group(), known), text)


def in_one_word(text: str) -> str:
    """`turn the colours off` is `disable the colours`: what search finds, since that is how code is named."""
    for pattern, one in _PHRASES:
        text = pattern.sub(rf"{one} \g<what>", text)
    return re.sub(r" +(?=[ ?!.,])", "", text)


def nearest(forms: Iterable[str], terms: Iterable[tuple[str, int]]) -> str:
    """Of (term, frequency) the commonest that one of `forms` is a slip of: one letter missing, too many, wrong or swapped."""
    wanted = [form for form in forms if len(form) >= _SHORTEST]
    # A fragment is no word that anybody means.
    whole = [(term, number) for term, number in terms if len(term) >= _SHORTEST]
    close = [(-number, term) for term, number in whole if any(_slip(form, term) for form in wanted)]
    return min(close)[1] if close else ""


def _slip(word: str, term: str) -> bool:
    return term[:1] == word[:1] and abs(len(term) - len(word)) <= 1 and distance(word, term) == 1


def _asking(word: str, known: Callable[[str], bool]) -> str:
    if word in _GRAMMAR or word in STOP_WORDS or word in GENERIC:
        return word
    # A short word has too many neighbours: there only swapped letters count.
    close = [w for w in _GRAMMAR if _slip(word, w) and (len(word) > _SHORTEST or sorted(w) == sorted(word))]
    return min(close) if close and not known(word) else word
