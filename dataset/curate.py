"""The gates every row passes: what a row says must be in the graph, answer its question, and be said once. Drafts in, reasons out.

A draft that fails is dropped and counted by gate, never repaired.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b

from brain.facts import Fact
from dataset.example import Example
from dataset.gold import fact_id, new_objects
from dataset.names import Names, token_count
from dataset.questions import Draft
from dataset.score import code_tokens, normalise
from dataset.topics import VERBATIM, marked
from extractor.scrub import scrub

GATES = (
    "schema", "unresolved name", "line number", "nothing new", "duplicate prompt", "near duplicate", "conflict",
    "node cap", "verbatim code", "secret", "leak into test",
)  # fmt: skip
# What these find in one draft they would find in every wording of its topic.
OF_CONTENT = frozenset({"schema", "unresolved name", "line number", "node cap", "verbatim code", "secret"})
NEAR = 0.9
_LINES = re.compile(r"\blines? \d+|\.\w{1,4}:\d+\b|\bL\d+\b", re.I)
_PLAIN = frozenset(
    {*keyword.kwlist, *dir(builtins), "self", "cls", "this", "null", "undefined", "true", "false", "nullptr"}
)


@dataclass(slots=True)
class Gates:
    """State of the gates over one dataset. `words` are names that exist besides those in `names`: files and parameters."""

    names: Names
    paths: Collection[str]
    words: Collection[str] = ()
    per_node: int = 120
    dropped: Counter[str] = field(default_factory=Counter)
    conflicting: set[int] = field(default_factory=set)
    _prompts: dict[int, int] = field(default_factory=dict)
    _rows: Counter[str] = field(default_factory=Counter)

    def admit(self, draft: Draft, *, held_out: bool = False) -> str:
        """The gate that stops the draft, empty when it may become a row. Drops are counted, those of held-out rows apart."""
        reason = self._reason(draft, held_out)
        if reason:
            self.dropped[reason] += not held_out
        else:
            self._rows[draft.subject.id] += draft.answerable and not held_out
        return reason

    def prompt_key(self, prompt: str) -> int:
        return int.from_bytes(blake2b(normalise(prompt).encode(), digest_size=8).digest(), "little")

    def _reason(self, draft: Draft, held_out: bool) -> str:
        if not draft.prompt.strip() or not draft.response.strip() or (draft.answerable and not draft.facts):
            return "schema"
        if draft.answerable and not held_out and self._rows[draft.subject.id] >= self.per_node:
            return "node cap"
        if not line_free(draft.response):
            return "line number"
        literals = _literals(draft.facts)
        if any(token_count(text) > VERBATIM and text in draft.response for text in literals):
            return "verbatim code"
        if any(not secret_free(text) for text in literals):
            return "secret"
        if draft.answerable and self.unresolved(draft):
            return "unresolved name"
        if (
            draft.answerable
            and draft.form not in ("correction", "context")
            and new_objects(draft.prompt, draft.response, draft.facts, draft.aspect) < _least(draft)
        ):
            return "nothing new"
        key, facts = self.prompt_key(draft.prompt), hash_of(draft)
        known = self._prompts.setdefault(key, -1)
        if known == -1:
            self._prompts[key] = facts
            return ""
        if known == facts:
            return "duplicate prompt"
        self.conflicting.add(key)
        return "conflict"

    def claim(self, prompt: str, own: str) -> str:
        """Take a prompt that puts `own` in other words; says why not where the prompt stands already."""
        key = self.prompt_key(prompt)
        if key == self.prompt_key(own):
            return ""
        if key in self._prompts:
            return "duplicate prompt"
        self._prompts[key] = self._prompts.get(self.prompt_key(own), 0)
        return ""

    def unresolved(self, draft: Draft) -> list[str]:
        """Code-shaped tokens of the response that neither the graph nor the row's own facts know."""
        literals = {piece for text in _literals(draft.facts) for piece in (text, text.strip("\"'"))}
        literals |= {marked(f) for f in draft.facts if f.relation == "decorator"}
        if draft.form == "correction":  # a false premise is named to be denied
            literals |= set(code_tokens(draft.prompt))
        literals |= {mark + f.object for f in draft.facts if f.relation == "parameter" for mark in ("*", "**", "...")}
        return [t for t in code_tokens(draft.response) if t not in literals and not self.exists(t) and t != draft.fake]

    def exists(self, token: str) -> bool:
        bare = token.strip("()").removeprefix("*").removeprefix("*")
        if bare in self.paths or bare.rstrip("/") in self.paths or bare in self.words or bare in _PLAIN:
            return True
        return self.names.exists(bare)


def _least(draft: Draft) -> int:
    """How many gold objects the answer must add to what the prompt says."""
    return 2 if draft.kind in ("explain", "howto") else 1


def _literals(facts: Collection[Fact]) -> list[str]:
    """Source text that a response may repeat."""
    texts = [f.object for f in facts if not f.object_is_node and f.relation != "path"]
    for fact in facts:
        texts += [
            text for name, text in fact.qualifiers if name in ("default", "annotation", "guard", "message", "first")
        ]
    return [t for t in texts if t]


def line_free(text: str) -> bool:
    """Whether prose names no line: lines live in `meta.cites`."""
    return not _LINES.search(text)


@lru_cache(maxsize=200_000)
def secret_free(text: str) -> bool:
    """Whether the scrubber finds nothing to mask."""
    return scrub(text) == text and "<SECRET:" not in text


def hash_of(draft: Draft) -> int:
    """What a row says, for the conflict gate: its facts and whether it answers at all."""
    said = "\0".join(sorted(map(fact_id, draft.facts))) if draft.answerable else "no " + draft.fake
    return int.from_bytes(blake2b(f"{said}\0{draft.answerable}".encode(), digest_size=8).digest(), "little")


def shingles(text: str) -> frozenset[str]:
    """Character 5-grams of the normalised text."""
    plain = normalise(text)
    return frozenset(plain[i : i + 5] for i in range(max(1, len(plain) - 4)))


def distinct(drafts: Iterable[Draft], repeats: Counter[str]) -> Iterator[Draft]:
    """Drafts of the same facts without those whose prompt repeats another's: equal after normalising, or Jaccard ≥ .9.

    What is left out is counted in `repeats`.
    """
    seen: list[frozenset[str]] = []
    for draft in drafts:
        grams = shingles(draft.prompt)
        if any(grams == other or len(grams & other) >= NEAR * len(grams | other) for other in seen):
            repeats["near duplicate"] += 1
            continue
        seen.append(grams)
        yield draft


class Leaks:
    """Test rows of T1 and T5 that share eight words in a row, names aside, with a train prompt that `look` was shown."""

    def __init__(self, tests: Sequence[Example]) -> None:
        self._tests = tests
        self._guarded: dict[tuple[str, ...], list[int]] = {}
        self._leaked: set[int] = set()
        for number, example in enumerate(tests):
            if example.meta.split in ("T1", "T5"):
                for gram in masked_grams(example.prompt):
                    self._guarded.setdefault(gram, []).append(number)

    @property
    def found(self) -> int:
        return len(self._leaked)

    def look(self, prompt: str) -> None:
        if self._guarded:
            for gram in masked_grams(prompt) & self._guarded.keys():
                self._leaked.update(self._guarded[gram])

    def clean(self) -> list[Example]:
        """The test rows that no prompt gave away."""
        return [e for number, e in enumerate(self._tests) if number not in self._leaked]


def masked_grams(prompt: str) -> set[tuple[str, ...]]:
    """Word 8-grams of a prompt with every code-shaped name replaced by one mark."""
    words = masked(prompt)
    return {words[i : i + 8] for i in range(len(words) - 7)}


def masked(prompt: str, names: Iterable[str] = ()) -> tuple[str, ...]:
    """The words of a prompt with every code-shaped name, and each of `names`, replaced by one mark."""
    text = prompt
    for token in sorted({*code_tokens(prompt), *filter(None, names)}, key=lambda t: (-len(t), t)):
        text = text.replace(token, "¤")
    return tuple(re.findall(r"¤|\w+", text.lower()))
