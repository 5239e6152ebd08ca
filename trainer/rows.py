"""Rows as a model sees them: rendered by the chat template, tokenised, labels on the answer alone, ending in a stop token.

Prompt and answer are tokenised apart and joined, so the prompt's tokens are exactly those a server will send. While training a
tiny base the prompts get the slips people make (case, punctuation, typing errors); what is written on disk has none.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from config.errors import IncompatibleInput
from dataset.example import Example

IGNORED: Final = -100
# The plan reads every row twice and each pass once more; rendering and tokenising them is a few hundredths of a tiny base's step.
KEPT: Final = 20_000
_BUCKETS: Final = (32, 64, 128, 256, 512, 1024, 2048, 4096)


@dataclass(frozen=True, slots=True)
class Encoded:
    """`ids` are the whole row's, the first `prompt` of them the question's."""

    ids: tuple[int, ...]
    prompt: int

    @property
    def labels(self) -> list[int]:
        return [IGNORED] * self.prompt + list(self.ids[self.prompt :])


@dataclass(frozen=True, slots=True)
class RowStats:
    """What training would see. `histogram` maps an upper bound of tokens to rows; `rows` counts those that can be learnt from."""

    rows: int
    facts: int
    tokens: int
    longest: int
    histogram: tuple[tuple[int, int], ...]
    truncated: int
    dropped: int
    endless: int
    duplicates: int
    empty: int

    @property
    def mean(self) -> float:
        return self.tokens / self.rows if self.rows else 0.0


class Encoder:
    """Renders and tokenises. `system` "" sends no system message; a base's template may then add its own, here and in the server."""

    def __init__(self, tokenizer: Any, stop_ids: Sequence[int], system: str = "") -> None:
        self.tokenizer = tokenizer
        self.stop_ids = frozenset(stop_ids)
        self.system = system
        self._kept: dict[tuple[str, str], Encoded] = {}

    def messages(self, prompt: str) -> list[dict[str, str]]:
        head = [{"role": "system", "content": self.system}] if self.system else []
        return [*head, {"role": "user", "content": prompt}]

    def render(self, prompt: str) -> str:
        """The prompt as text, up to where the answer begins."""
        return str(
            self.tokenizer.apply_chat_template(self.messages(prompt), tokenize=False, add_generation_prompt=True)
        )

    def prompt_ids(self, prompt: str) -> list[int]:
        return self._ids(self.render(prompt))

    def encode(self, prompt: str, response: str) -> Encoded:
        """Raises IncompatibleInput when the template renders a finished turn differently from the prompt that opens it."""
        kept = self._kept.get((prompt, response))
        if kept is None:
            kept = self._encode(prompt, response)
            if len(self._kept) < KEPT:
                self._kept[prompt, response] = kept
        return kept

    def _encode(self, prompt: str, response: str) -> Encoded:
        opening = self.render(prompt)
        turns = [*self.messages(prompt), {"role": "assistant", "content": response}]
        whole = str(self.tokenizer.apply_chat_template(turns, tokenize=False))
        if not whole.startswith(opening):
            raise IncompatibleInput(
                "the base's chat template renders an answered question differently from the question alone, so what is "
                "trained is not what will be asked",
                "choose another base, or give the base a template without hidden thinking",
            )
        answer = self._ids(whole[len(opening) :])
        # Some templates put a line feed behind the end of turn: nothing after the stop token is ever generated.
        last = max((i for i, token in enumerate(answer) if token in self.stop_ids), default=len(answer) - 1)
        question = self._ids(opening)
        return Encoded((*question, *answer[: last + 1]), len(question))

    def stops(self, row: Encoded) -> bool:
        """Whether the answer ends in a token a server stops at."""
        return len(row.ids) > row.prompt and row.ids[-1] in self.stop_ids

    def _ids(self, text: str) -> list[int]:
        return [int(i) for i in self.tokenizer(text, add_special_tokens=False)["input_ids"]]


def measure(examples: Sequence[Example], encoder: Encoder, max_length: int) -> RowStats:
    """Count what would be truncated, dropped or unlearnable; reads every row once."""
    seen: set[tuple[str, str]] = set()
    facts: set[str] = set()
    lengths: list[int] = []
    counts: Counter[str] = Counter()
    for example in examples:
        if not example.prompt.strip() or not example.response.strip():
            counts["empty"] += 1
            continue
        if (example.prompt, example.response) in seen:
            counts["duplicates"] += 1
        seen.add((example.prompt, example.response))
        row = encoder.encode(example.prompt, example.response)
        counts["dropped" if row.prompt >= max_length else "truncated"] += len(row.ids) > max_length
        counts["endless"] += not encoder.stops(row)
        lengths.append(len(row.ids))
        facts.update(example.meta.facts)
    bounds = [b for b in _BUCKETS if b < max(lengths, default=0)] + [max(lengths, default=0)]
    histogram = tuple(
        (high, sum(low < n <= high for n in lengths)) for low, high in zip([0, *bounds], bounds, strict=False)
    )
    return RowStats(
        rows=len(lengths),
        facts=len(facts),
        tokens=sum(lengths),
        longest=max(lengths, default=0),
        histogram=histogram,
        truncated=counts["truncated"],
        dropped=counts["dropped"],
        endless=counts["endless"],
        duplicates=counts["duplicates"],
        empty=counts["empty"],
    )


def usable(examples: Iterable[Example], encoder: Encoder, max_length: int) -> list[Example]:
    """The rows training keeps: non-empty, no longer than `max_length`."""
    return [
        e
        for e in examples
        if e.prompt.strip() and e.response.strip() and len(encoder.encode(e.prompt, e.response).ids) <= max_length
    ]


def slip(prompt: str, rng: random.Random) -> str:
    """The prompt as a hurried person types it: unchanged half the time, else a lost mark, a small letter, a typing error.

    Only words in small letters get typing errors: names and paths keep theirs.
    """
    chance = rng.random()
    if chance < 0.5:
        return prompt
    if chance < 0.65:
        return prompt.rstrip("?.! ")
    if chance < 0.85:
        return prompt[0].lower() + prompt[1:].rstrip("?.! ") if prompt[1:2].islower() else prompt.rstrip("?.! ")
    words = prompt.split(" ")
    plain = [i for i, word in enumerate(words) if len(word) > 3 and word.isalpha() and word.islower()]
    if not plain:
        return prompt
    chosen = rng.choice(plain)
    at = rng.randrange(len(words[chosen]) - 1)
    word = words[chosen]
    words[chosen] = (
        word[:at] + word[at + 1] + word[at] + word[at + 2 :] if rng.random() < 0.5 else word[:at] + word[at + 1 :]
    )
    return " ".join(words)
