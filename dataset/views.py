"""Rows as other trainers want them, and rows for a person to read. Examples in, JSON lines or text out.

messages   {"messages": [{"role": "user", …}, {"role": "assistant", …}]}          trl, OpenAI-style fine-tuning
sharegpt   {"conversations": [{"from": "human", …}, {"from": "gpt", …}]}            Axolotl, LLaMA-Factory
alpaca     {"instruction": …, "input": …, "output": …}                              the notes of a context row are the input
text       {"text": "### Question\n…\n\n### Answer\n…"}                             plain language modelling
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from config.errors import UsageError
from dataset.example import Example, dump_example, read_examples, write_lines


def _messages(example: Example) -> dict[str, object]:
    said = (("user", example.prompt), ("assistant", example.response))
    return {"messages": [{"role": role, "content": text} for role, text in said]}


def _sharegpt(example: Example) -> dict[str, object]:
    said = (("human", example.prompt), ("gpt", example.response))
    return {"conversations": [{"from": role, "value": text} for role, text in said]}


def _alpaca(example: Example) -> dict[str, object]:
    notes, marker, question = example.prompt.rpartition("\n\nQuestion: ")
    if example.meta.form != "context" or not marker:
        notes, question = "", example.prompt
    return {"instruction": question, "input": notes, "output": example.response}


def _text(example: Example) -> dict[str, object]:
    return {"text": f"### Question\n{example.prompt}\n\n### Answer\n{example.response}"}


FORMATS: dict[str, Callable[[Example], dict[str, object]]] = {
    "messages": _messages,
    "sharegpt": _sharegpt,
    "alpaca": _alpaca,
    "text": _text,
}


def check_format(form: str) -> None:
    """Raises UsageError for a format nobody knows."""
    if form not in FORMATS:
        raise UsageError(f"there is no format {form}", f"formats: {', '.join(FORMATS)}")


def view(examples: Iterable[Example], form: str) -> Iterator[str]:
    """One JSON line per example in the format named `form`. Raises UsageError for a format nobody knows."""
    check_format(form)
    for example in examples:
        yield json.dumps(FORMATS[form](example), ensure_ascii=False, sort_keys=True)


def export(train: Path, form: str) -> list[Path]:
    """Write `<name>.<form>.jsonl` beside train, valid and test rows, those that exist; returns the files written."""
    written = []
    for source in (train, train.with_name("valid.jsonl"), train.with_name("test.jsonl")):
        if source != train and not source.is_file():
            continue
        target = source.with_name(f"{source.stem}.{form}.jsonl")
        write_lines(target, (line.encode() + b"\n" for line in view(read_examples(source), form)))
        written.append(target)
    return written


@dataclass(frozen=True, slots=True)
class Preview:
    """Rows to read: what they are, prompt, response, refs."""

    examples: tuple[Example, ...]

    def lines(self) -> list[str]:
        lines: list[str] = []
        for example in self.examples:
            meta = example.meta
            lines += [
                f"── {example.id}  {meta.kind} · {meta.form} · {meta.template}",
                f"Q  {example.prompt}",
                f"A  {example.response}",
            ]
            if example.refs:
                lines.append(f"   {', '.join(example.refs[:4])}" + (" …" if len(example.refs) > 4 else ""))
            lines.append("")
        return lines or ["there are no rows"]

    def as_json(self) -> dict[str, Any]:
        return {"rows": [json.loads(dump_example(example)) for example in self.examples]}


def preview(train: Path, number: int, seed: int = 0) -> Preview:
    """`number` rows drawn evenly from the file."""
    total = sum(1 for _ in read_examples(train))
    step = max(1, total // max(1, number))
    return Preview(tuple(islice(read_examples(train), seed % step, None, step))[:number])
