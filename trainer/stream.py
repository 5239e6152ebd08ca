"""The rows of a training in the order a model sees them: an index in, token ids and labels out, the same on every run.

Each pass is shuffled anew; rows of like length share a batch, which saves a third of the work on a CPU. A tiny base sees slips
of typing and new invented names in refusals every time; which ones depends on the index alone, so a resumed run repeats nothing.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from dataset.example import Example
from dataset.negatives import Parts, fresh_fakes, resample
from trainer.rows import Encoder, slip

# Batches are formed within windows of this many, so that a pass stays well mixed; transformers groups by length over as many.
WINDOW = 50


class Stream:
    """`order[i]` is the row at position i of the training; `tokens` counts what was handed out."""

    def __init__(
        self,
        examples: Sequence[Example],
        encoder: Encoder,
        *,
        positions: int,
        batch: int,
        max_length: int,
        seed: int,
        slips: bool = False,
        parts: Parts | None = None,
    ) -> None:
        self.examples = examples
        self.encoder = encoder
        self.max_length = max_length
        self.seed = seed
        self.slips = slips
        self.parts = parts
        self.tokens = 0
        # In tokens: names cost a small vocabulary many more than words of their length, and what is padded is computed.
        lengths = [len(encoder.encode(e.prompt, e.response).ids) for e in examples]
        self.order = mixed_order(lengths, positions, batch, seed)

    def row(self, position: int) -> dict[str, list[int]]:
        """`input_ids` and `labels` of one position."""
        example = self.examples[self.order[position]]
        rng = random.Random(f"{self.seed} {position}")
        if self.parts is not None and not example.meta.answerable:
            example = resample(example, fresh_fakes(rng, self.parts))
        prompt = slip(example.prompt, rng) if self.slips else example.prompt
        encoded = self.encoder.encode(prompt, example.response)
        self.tokens += len(encoded.ids)
        # A slip or a longer invented name may pass the limit by a token: the stop token must not be what is cut.
        ids, labels = list(encoded.ids), encoded.labels
        if len(ids) > self.max_length:
            ids, labels = ids[-self.max_length :], labels[-self.max_length :]
        return {"input_ids": ids, "labels": labels}

    def rows(self, batch: dict[str, list[int]]) -> dict[str, list[Any]]:
        """A batch of positions, as a transform of `datasets`."""
        made = [self.row(position) for position in batch["position"]]
        return {"input_ids": [m["input_ids"] for m in made], "labels": [m["labels"] for m in made]}

    def dataset(self) -> Any:
        """The stream as a `datasets.Dataset` whose rows are made when they are asked for."""
        from datasets import Dataset

        return Dataset.from_dict({"position": list(range(len(self.order)))}).with_transform(self.rows)


def mixed_order(lengths: Sequence[int], positions: int, batch: int, seed: int) -> list[int]:
    """Row numbers for `positions` places: passes over all rows, shuffled, with rows of like length beside each other."""
    order: list[int] = []
    rng = random.Random(seed)
    while len(order) < positions:
        one_pass = list(range(len(lengths)))
        rng.shuffle(one_pass)
        order += one_pass
    del order[positions:]
    mixed: list[int] = []
    for start in range(0, len(order), batch * WINDOW):
        window = sorted(order[start : start + batch * WINDOW], key=lambda row: (lengths[row], row))
        batches = [window[i : i + batch] for i in range(0, len(window), batch)]
        # A short last batch must stay last, or every later one would straddle two lengths.
        tail = [batches.pop()] if len(batches[-1]) < batch else []
        rng.shuffle(batches)
        mixed += [row for group in (*batches, *tail) for row in group]
    return mixed
