"""How a response is scored against the row it should answer: no judge, no model, only names.

Gold is what the row's own response names and its prompt does not: symbols, paths, values in backticks, and for answers that
name nothing new the content words. Recall counts the gold found as whole identifiers; precision counts how many of the
response's code-shaped names the row or the graph knows. Measured against human judgement elsewhere, key-fact recall follows
completeness far better than token overlap does, and correctness only weakly: read it as completeness.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from dataset.example import Example

MAX_WORDS = 250  # recall is read off the first words of a response, so that length cannot buy it
_TICKED = re.compile(r"`([^`\n]+)`")
_CODE = re.compile(
    r"(?<![\w./-])(?:[\w.-]+/[\w./-]*\.[A-Za-z]\w{0,5}|[\w.-]+/(?:[\w.-]+/)+[\w.-]*\w|[A-Za-z_]\w*(?:(?:\.|::)[A-Za-z_]\w*)+|[A-Za-z]\w*_\w+|_\w+|[a-z]+[A-Z]\w*"
    r"|(?:[A-Z][a-z0-9]+){2,}\w*|[A-Z]{2,}[a-z]{2,}\w*|[A-Za-z_][\w.]*(?=\(\)))(?![\w/])"
)
_WORDS = re.compile(r"[^\W_]{4,}")
_COMMON_WORDS = """that this with from into when what which where have does will would could should about there their them they
then than also only such other others some because class function method module file defined documented"""
_COMMON = frozenset(_COMMON_WORDS.split())
# The opening of a refusal, as the rows write it and as models say it.
_REFUSAL = re.compile(
    r"\b(?:there is no|there are no|there isn't|does not exist|doesn't exist|do not exist|no such|not (?:part of|in|defined in|"
    r"found in|available in) (?:this|the) (?:code|codebase|repository|project)|nothing (?:here|in this)|(?:cannot|can't|could not|"
    r"couldn't) find|not found|i do not know|i don't know|no evidence)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class KeyFact:
    """One thing an answer must name. `kind` ∈ symbol, path, literal, word."""

    text: str
    kind: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Score:
    """`recall` and `precision` are in [0, 1]; recall is None for rows that have no gold (refusals). `correct_refusal` is
    None where the row is answerable."""

    recall: float | None
    precision: float
    exact: bool
    refused: bool
    correct_refusal: bool | None
    fabricated: tuple[str, ...] = ()


def key_facts(example: Example) -> tuple[KeyFact, ...]:
    """The gold of a row, without what its prompt already says."""
    if not example.meta.answerable:
        return ()
    texts = dict.fromkeys(_TICKED.findall(example.response))
    gold = [KeyFact(t, _kind(t)) for t in texts if not holds(example.prompt, t)]
    if any(g.kind != "path" for g in gold):
        return tuple(gold)
    # Prose answers ("stores an item and returns its slot") are scored by their content words, which share one weight.
    plain = _TICKED.sub(" ", example.response).lower()
    asked = set(_WORDS.findall(example.prompt.lower()))
    words = [w for w in dict.fromkeys(_WORDS.findall(plain)) if w not in _COMMON and w not in asked]
    return (*gold, *(KeyFact(w, "word", 1.0 / len(words)) for w in words))


def score(response: str, example: Example, *, known: Collection[str] = ()) -> Score:
    """Compare a response with its row. `known` are names that exist besides the row's own (the graph's), for precision."""
    said = " ".join(response.split()[:MAX_WORDS])
    refused = is_refusal(response)
    gold = key_facts(example)
    # A refusal that happens to repeat a name has not answered.
    found = tuple(g for g in gold if holds(said, g.text) and not (refused and example.meta.form != "correction"))
    total = sum(g.weight for g in gold)
    named = code_tokens(said)
    own = set(code_tokens(example.response)) | set(code_tokens(example.prompt)) | {g.text for g in gold}
    fabricated = tuple(t for t in named if t not in own and t not in known and not _part_of(t, own))
    return Score(
        recall=sum(g.weight for g in found) / total if total else None,
        precision=1 - len(fabricated) / len(named) if named else 1.0,
        exact=normalise(response) == normalise(example.response),
        refused=refused,
        correct_refusal=None if example.meta.answerable else refused,
        fabricated=fabricated,
    )


@dataclass(frozen=True, slots=True)
class Summary:
    """Means over many rows. `false_refusal` is the share of answerable rows refused, `refusal_recall` that of others."""

    recall: float
    precision: float
    exact: float
    false_refusal: float
    refusal_recall: float


def summarise(pairs: Iterable[tuple[Example, Score]]) -> Summary:
    """The means of scores."""
    rows = list(pairs)
    recalls = [s.recall for _, s in rows if s.recall is not None]
    return Summary(
        recall=_mean(recalls),
        precision=_mean([s.precision for _, s in rows]),
        exact=_mean([float(s.exact) for _, s in rows]),
        false_refusal=_mean([float(s.refused) for e, s in rows if e.meta.answerable and e.meta.form != "correction"]),
        refusal_recall=_mean([float(s.refused) for e, s in rows if not e.meta.answerable]),
    )


def is_refusal(response: str) -> bool:
    """Whether a response says that the thing asked for is not there: judged by its first sentence."""
    first = re.split(r"(?<=[.!?])\s", response.strip(), maxsplit=1)[0]
    return bool(_REFUSAL.search(first))


def code_tokens(text: str) -> tuple[str, ...]:
    """Code-shaped tokens in order, once each: what stands in backticks, dotted, snake_case and CamelCase names, paths."""
    ticked = _TICKED.findall(text)
    return tuple(dict.fromkeys([*ticked, *_CODE.findall(_TICKED.sub(" ", text))]))


def normalise(text: str) -> str:
    """Case, backticks, quotes, closing marks and spacing removed: two texts that differ in these only are the same."""
    return " ".join(re.sub(r"[`\"'“”‘’?!.,;:]+(?=\s|$)|(?<!\S)[`\"'“”‘’]+|`", " ", text.lower()).split())


def _kind(text: str) -> str:
    if "/" in text and " " not in text:
        return "path"
    return "symbol" if re.fullmatch(r"[\w.:@~$-]+", text) else "literal"


def folded(text: str) -> str:
    """A text whose names are all spelled with dots."""
    return text.replace("::", ".") if "::" in text else text


def holds(text: str, wanted: str) -> bool:
    """Whether `wanted` stands in `text` as a whole identifier: `put` is not in `put_all`, nor `core.py` in `score.py`. Either
    may spell names with `::` or with dots."""
    if not wanted:
        return False
    text, wanted = folded(text), folded(wanted)
    if wanted.islower() and wanted.isalpha():
        text = text.lower()
    first, last = _joins(wanted[0]) and wanted[0] not in "/-", _joins(wanted[-1]) and wanted[-1] not in "/-"
    at = text.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        inside = (first and at > 0 and _joins(text[at - 1])) or (last and end < len(text) and _joins(text[end]))
        if not inside:
            return True
        at = text.find(wanted, at + 1)
    return False


def _joins(mark: str) -> bool:
    """Whether a character continues an identifier or a path."""
    return mark.isalnum() or mark in "_/-"


def _part_of(token: str, own: Collection[str]) -> bool:
    return any(holds(text, token) for text in own)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
