"""Small real trainings for tests: an embedded base of a few seconds, and rows about one invented repository."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from config.console import Console
from config.manifest import Manifest, digest, write_manifest
from config.settings import TrainSettings, load_settings
from dataset.example import Example, Meta, write_examples
from dataset.phrases import PHRASES, families
from dataset.questions import draft
from trainer.corpus import known_topics
from trainer.tiny import Recipe, make

QUIET = Console(quiet=True)
# A few seconds to make; too small to learn from, large enough that every path of the real one runs.
SMALL = Recipe(width=64, layers=2, inner=128, vocabulary=600, steps=2, batch=4, pool=1)


def small_base(path: Path) -> Path:
    return make(path, QUIET, SMALL)


def invented_rows(most: int = 24, *, seed: int = 7) -> dict[str, list[Example]]:
    """train, valid and T1 rows that ask for the same facts in different wordings."""
    rows: dict[str, list[Example]] = {"train": [], "valid": [], "T1": []}
    topics = [t for t in known_topics(seed, 3) if t.aspect in PHRASES and t.form == "forward"]
    for topic in topics[:most]:
        for split, found in rows.items():
            for family in families(topic.aspect, split)[: 3 if split == "train" else 1]:
                made = draft(topic, family, 0)
                neighbour = next(t.subject.id for t in topics if t.subject.id != topic.subject.id)
                meta = Meta(
                    kind=topic.kind,
                    form=topic.form,
                    template=made.template,
                    facts=tuple(f.id for f in topic.facts),
                    negatives=(neighbour,),
                    split=split,
                )
                identity = digest([made.prompt, made.response])[:16]
                found.append(Example(identity, made.prompt, made.response, topic.refs, meta))
    name = "`Ledger.teleport`"
    refusal = Meta("discovery", "refusal", "location.a/0", answerable=False, negatives=(topics[0].subject.id,))
    rows["train"].append(
        Example("f" * 16, f"Where is {name} defined?", f"There is no {name} in this code base.", (), refusal)
    )
    return rows


def write_rows(
    folder: Path, rows: dict[str, Sequence[Example]] | dict[str, list[Example]], project: str = "shop"
) -> Path:
    """train.jsonl, valid.jsonl, test.jsonl and the manifest, as the dataset stage leaves them."""
    train = folder / "train.jsonl"
    write_examples(train, rows["train"])
    write_examples(folder / "valid.jsonl", rows["valid"])
    write_examples(folder / "test.jsonl", [replace(r, meta=replace(r.meta, split="T1")) for r in rows["T1"]])
    write_manifest(train, Manifest("dataset", digest([str(len(rows["train"]))]), commit="0" * 40, project=project))
    return train


def small_settings(model: Path, rows: Path, target: Path, **changes: object) -> TrainSettings:
    """Settings of train tiny that end after a few steps."""
    values: dict[str, object] = {
        "base": model,
        "dataset": rows,
        "save_dir": target,
        "batch_size": 4,
        "max_steps": 6,
        "eval_interval": 3,
        "epochs": 1000,
        "time_budget_s": 0,
        "max_nodes": 0,
        "lora_rank": 8,
        "lora_alpha": 16,
        "fresh_fakes": "false",
        **changes,
    }
    return load_settings(TrainSettings, "train_lora", None, [f"{k}={v}" for k, v in values.items()], {})
