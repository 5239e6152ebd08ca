"""Whether a row in other words still says what the row said: names, numbers, negation and direction. Two rows in, an objection out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from brain.phrasing import NUMBER
from brain.text import banned, tokens
from dataset.curate import Gates, line_free, masked, masked_grams, secret_free
from dataset.example import Example
from dataset.names import parts_of
from dataset.score import code_tokens, holds, is_refusal

LIMIT: Final = 120  # words of a rephrased question or answer
_NOT = re.compile(r"\b(?:not|never|no|none|nothing|nowhere|neither|nor|cannot|without|unless|except)\b|n't\b", re.I)
_SPECIAL = re.compile(r"(?<=[a-z,;:] )[A-Z]\w+")
# Verbs between two names whose ends must not change places: stem -> its active and its passive.
_RELATIONS: Final = {
    "call": (r"calls?|invokes?", r"called by|invoked by"),
    "construct": (r"constructs?|creates?|instantiates?", r"constructed by|created by|instantiated by"),
    "raise": (r"raises?|throws?", r"raised by|raised in|thrown by|thrown in"),
    "catch": (r"catch(?:es)?|handles?", r"caught by|caught in|handled by|handled in"),
    "extend": (r"extends?|subclass(?:es)?|inherits? from", r"extended by|subclassed by|inherited by"),
    "implement": (r"implements?", r"implemented by"),
    "override": (r"overrides?|replaces?", r"overridden by|replaced by"),
    "import": (r"imports?", r"imported by|imported in"),
}
_TICKED = re.compile(r"`([^`\n]+)`")


def objection_to(row: Example, made: Example) -> str:
    """Why `made` cannot stand for `row`, empty when it can. Looks at these two rows only."""
    question, answer = made.prompt, made.response
    if not question or not answer or "\n" in question or "\n" in answer:
        return "empty" if not question or not answer else "of several lines"
    if max(len(tokens(question)), len(tokens(answer))) > max(LIMIT, 2 * len(tokens(row.response))):
        return "too long"
    if question == row.prompt and answer == row.response:
        return "unchanged"
    source = f"{row.prompt}\n{row.response}"
    for text in (question, answer):
        strange = next((t for t in _named(text) if not holds(source, t.strip("()"))), "")
        if strange:
            return f"ungrounded: {strange[:60]}"
    for before, after, what in ((row.prompt, question, "question"), (row.response, answer, "answer")):
        lost = next((t for t in (*code_tokens(before), *_spelled(row, before)) if not holds(after, t)), "")
        if lost:
            return f"{what} loses a name: {lost[:60]}"
    told = next((t for t in code_tokens(row.response) if not holds(row.prompt, t) and holds(question, t)), "")
    if told:
        return f"question gives the answer away: {told[:60]}"
    if bool(_NOT.search(_plain(answer))) != bool(_NOT.search(_plain(row.response))) or is_refusal(answer):
        return "turns a statement into its opposite"
    if turned(row.response, answer):
        return "turns a relation round"
    if banned(answer):
        return f"filler: {banned(answer)}"
    if not line_free(answer):
        return "line number"
    return "" if secret_free(question) and secret_free(answer) else "secret"


class Guard:
    """What a row in other words must not repeat: a prompt that stands already, or the wording of a held-out question."""

    def __init__(self, held: Iterable[Example], gates: Gates) -> None:
        self._gates = gates
        self._shapes: set[tuple[str, ...]] = set()
        self._grams: set[tuple[str, ...]] = set()
        for example in held:
            self._shapes.add(masked(example.prompt, _names(example)))
            if example.meta.split in ("T1", "T5"):
                self._grams |= masked_grams(example.prompt)

    def admit(self, made: Example, row: Example) -> str:
        """The gate that stops `made`, which says what `row` says; empty when it may take its place."""
        if made.prompt == row.prompt:
            return ""
        fresh = masked_grams(made.prompt) - masked_grams(row.prompt)  # what the row says itself costs the test row
        if masked(made.prompt, _names(made)) in self._shapes or fresh & self._grams:
            return "leak into test"
        return self._gates.claim(made.prompt, row.prompt)


def turned(before: str, after: str) -> bool:
    """Whether some relation between two names stands in `after` with its ends exchanged."""
    stated, now = set(_related(before)), set(_related(after))
    return any((verb, b, a) in stated and (verb, b, a) not in now for verb, a, b in now)


def _related(text: str) -> Iterable[tuple[str, str, str]]:
    """(verb, who, whom) of the names next to a verb, whichever voice it stands in."""
    for sentence in re.split(r"(?<=[.;])\s", text):
        names = [(m.start(), m.end(), m.group(1)) for m in _TICKED.finditer(sentence)]
        for verb, (active, passive) in _RELATIONS.items():
            for pattern, forward in ((active, True), (passive, False)):
                for match in re.finditer(rf"\b(?:{pattern})\b", _TICKED.sub(lambda m: "`" * len(m.group(0)), sentence)):
                    left = [n for _, end, n in names if end <= match.start()]
                    right = [n for start, _, n in names if start >= match.end()]
                    for a in left:
                        yield from ((verb, a, b) if forward else (verb, b, a) for b in right)


def _named(text: str) -> list[str]:
    """What a text names: code-shaped tokens, numbers, and words with a capital inside a sentence."""
    plain = _plain(text)
    return [*code_tokens(text), *NUMBER.findall(plain), *_SPECIAL.findall(plain)]


def _spelled(row: Example, text: str) -> list[str]:
    """Names of the row's nodes that stand in a text without looking like code."""
    last = {parts_of(ref)[1].rpartition(".")[2] for ref in row.refs}
    return sorted(name for name in last if name and holds(text, name))


def _names(example: Example) -> set[str]:
    """What a row may name: the labels of its nodes and what its answer sets in code."""
    names = {name for ref in example.refs for name in (parts_of(ref)[1], parts_of(ref)[1].rpartition(".")[2])}
    return {*names, *(name.replace(".", "::") for name in names), *code_tokens(example.response)} - {""}


def _plain(text: str) -> str:
    return _TICKED.sub(" ", text)
