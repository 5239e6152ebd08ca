"""A question that goes on from the one before: "and hidden?", "can I change its width?", "how many at most?". In: its words, and what
was asked and answered before. Out: the question in full, "" where it stands by itself.

Nothing is guessed from meaning: what follows takes the place of its like in the question before, a pronoun the place of what that
was about. How it was read is shown with the answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from inference.grammar import ASK, HOWTO, WITHOUT
from inference.retrieve import content_words
from inference.verbs import LIGHT, deed

_AND: Final = re.compile(r"^\W*(?:(?:and|or|but|so|now|then|ok|what\s+about|how\s+about)\b[\s,]*)+", re.IGNORECASE)
_ASKS: Final = re.compile(
    rf"\W*(?:{ASK}|can|could|should|would|will|did|was|were|has|have|please|in\s+which)\b", re.IGNORECASE
)
_SINGLE: Final = r"with|without|from|for|to|into|in|on|as|by|using|of|at|over|through|via|between|against"
_BEHIND: Final = re.compile(rf"\s+(?P<how>{_SINGLE})\s+", re.IGNORECASE)
_FIRST: Final = re.compile(rf"(?P<how>{_SINGLE})\b", re.IGNORECASE)
_ARTICLE: Final = r"(?:an?|the|my|our|its|some|several|all|every|each|another)"
_THING: Final = re.compile(rf"\b{_ARTICLE}\s+(?:(?!(?:{_SINGLE})\b)[\w'’-]+\s*)+", re.IGNORECASE)
_IT: Final = re.compile(
    r"\b(?:it|them|they|that|this|those|these)\b(?!\s+(?:way|case|one|is\s+there|there)\b)", re.IGNORECASE
)
_ITS: Final = re.compile(r"\b(?:its|their)\b(?=\s+\w)", re.IGNORECASE)
_OWN: Final = re.compile(
    r"\b(?P<whose>my|our|your|one's)\s+own(?=\W*$)|\b(?:another|a\s+new|a\s+custom)\s+one(?=\W*$)", re.IGNORECASE
)
_EXAMPLE: Final = re.compile(
    r"\W*(?:(?:and|so|please|can\s+you|could\s+you|show|give|see|me|us|is\s+there|do\s+you\s+have|got|have|any|an?|the|some|what\s+is|with"
    r"|in|of|for|it|this|that|code|usage|use)\s+)*(?:examples?|usage|snippet)(?:\s+(?:of|for|with|please|code|usage|use|it|this|that|them))*\W*",
    re.IGNORECASE,
)
_USED: Final = re.compile(
    r"\W*(?:and\s+|so\s+)*how\s+(?:do|can|would|should)\s+(?:i|we|you|one)\s+(?:use|call|write)\s+(?:it|this|that|them)\W*",
    re.IGNORECASE,
)
_WHY: Final = re.compile(r"\W*(?:and\s+|but\s+)?why(?:\s+(?:is|does|do)?\s*(?:it|that|this|so|not))*\W*", re.IGNORECASE)
_WRONG: Final = re.compile(
    r"\W*(?:(?:and|so|but)\s+)?what\s+(?:can|could|may|might|will)\s+(?:go\s+wrong|fail|break)\W*", re.IGNORECASE
)
_LACKING: Final = re.compile(
    r"\W*(?:and\s+)?(?:how\s+(?:many|much|long|often|far|big|large|fast|deep)(?:\s+(?:at\s+(?:most|least)|in\s+all|exactly|can|may|is|are|allowed))*"
    r"|(?:what|which)\s+(?:is|are)\s+the\s+(?P<what>\w+)(?:\s+value)?)",
    re.IGNORECASE,
)


def asked_of_it(text: str) -> str:
    """What a question that names nothing asks of what the one before was about: an `example`, the `reason`, what it `raises`."""
    if _EXAMPLE.fullmatch(text) or _USED.fullmatch(text):
        return "example"
    return "reason" if _WHY.fullmatch(text) else "raises" if _WRONG.fullmatch(text) else ""


def is_part(text: str) -> bool:
    """Whether a text is no question by itself: "and from a file"."""
    return not _ASKS.match(_AND.sub("", text))


def points(text: str) -> bool:
    """Whether a pronoun stands in the text."""
    return bool(_IT.search(text) or _ITS.search(text))


def topic(question: str) -> str:
    """What a question without a name in it is about: `timeout` of "how do I set a timeout"."""
    words = [w for w in content_words(WITHOUT.sub(" ", question)) if w not in LIGHT]
    verb = deed(question)
    return " ".join([w for w in words if w != verb] or words)


def in_full(text: str, before: str, symbol: str, prose: bool, known: Callable[[str], bool]) -> str:
    """`text` as a question of its own. `before` is the one it follows, itself in full; `symbol` is what that was about; `prose`
    is whether that named nothing, so that "it" is the thing it asked about; `known` tells what the repository has by name."""
    asked = asked_of_it(text)
    if asked:
        return before if asked == "example" and prose and HOWTO.search(before) else ""
    text, before = text.rstrip(" ?!."), before.rstrip(" ?!.")
    if prose and before and is_part(text):
        return _replaced(_AND.sub("", text), before)
    thing = topic(before) if prose else symbol
    said = _OWN.sub(lambda m: f"{m['whose'] or 'my'} own {symbol or thing}", text)
    if said != text:
        return said if symbol or thing else ""
    if thing:
        said = _IT.sub(thing, _ITS.sub(thing, text))
        if said != text:
            return said
        # "How many at most?", "what is the default?": of the thing asked about before.
        lacking = _LACKING.fullmatch(text) if prose else None
        if lacking and not (lacking["what"] and known(lacking["what"])):
            return f"{text} {thing}"
    return ""


def _replaced(rest: str, before: str) -> str:
    """`before` with `rest` in the place of its like: "from a file" for "from a string", "a cookie" for "a header", a word for the
    last one."""
    if not rest:
        return ""
    first = _FIRST.match(rest)
    if first:
        same = [m for m in _BEHIND.finditer(before) if m["how"].lower() == first["how"].lower()]
        return f"{before[: same[-1].start()] if same else before} {rest}"
    thing = _THING.search(before) if re.match(rf"{_ARTICLE}\b", rest, re.IGNORECASE) else None
    if thing:
        return f"{before[: thing.start()]}{rest} {before[thing.end() :]}".strip()
    return f"{before.rpartition(' ')[0]} {rest}"
