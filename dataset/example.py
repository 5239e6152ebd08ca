"""Example: one training row, and the JSONL files that hold them.

A line is `{"id","prompt","response","refs":[node ids],"meta":{kind,form,template,facts,negatives,answerable,cites,split}}`,
keys sorted, one per line, readable by `datasets.load_dataset("json")`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from config.errors import IncompatibleInput, MissingInput, cannot_write

KINDS = ("discovery", "explain", "howto", "diag")
FORMS = ("forward", "statement", "reverse", "two_hop", "refusal", "correction", "context")


@dataclass(frozen=True, slots=True)
class Meta:
    """`facts` are the gold fact ids, `cites` "path:start-end" spans (lines live here, never in prose), `template` is
    "<family>/<number>", `split` ∈ train, valid, T0 … T5."""

    kind: str
    form: str
    template: str
    facts: tuple[str, ...] = ()
    negatives: tuple[str, ...] = ()
    answerable: bool = True
    cites: tuple[str, ...] = ()
    split: str = "train"


@dataclass(frozen=True, slots=True)
class Example:
    id: str
    prompt: str
    response: str
    refs: tuple[str, ...]
    meta: Meta


# Written out by hand: dataclasses.asdict copies every value and takes as long as the JSON itself.
_META = tuple(field.name for field in fields(Meta))


def dump_example(example: Example) -> str:
    """One line of JSON, keys sorted, without the line's end."""
    meta = {name: getattr(example.meta, name) for name in _META}
    row = {"id": example.id, "meta": meta, "prompt": example.prompt, "refs": example.refs, "response": example.response}
    return json.dumps(row, ensure_ascii=False, sort_keys=True)


def load_example(line: str | bytes) -> Example:
    """The inverse of dump_example. Raises ValueError that says what is wrong with anything else."""
    row = json.loads(line)
    _check(row, _ROW_FIELDS, "", _ROW_FIELDS)
    _check(row["meta"], _META_FIELDS, "meta.", _META_NEEDED)
    meta: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row["meta"].items()}
    return Example(row["id"], row["prompt"], row["response"], tuple(row["refs"]), Meta(**meta))


_ROW_FIELDS = {"id": str, "prompt": str, "response": str, "refs": list, "meta": dict}
_META_FIELDS = {
    "kind": str, "form": str, "template": str, "facts": list, "negatives": list, "answerable": bool, "cites": list, "split": str,
}  # fmt: skip
_META_NEEDED = ("kind", "form", "template")
_SAID = {str: "a text", list: "a list of texts", dict: "an object", bool: "true or false"}


def _check(found: object, fields: Mapping[str, type], where: str, needed: Iterable[str]) -> None:
    if not isinstance(found, dict):
        raise ValueError("it is no JSON object")
    for name in needed:
        if name not in found:
            raise ValueError(f"the field {where}{name} is missing")
    for name, value in found.items():
        wanted = fields.get(name)
        if wanted is None:
            if where:
                raise ValueError(f"there is no field {where}{name}")
        elif not isinstance(value, wanted) or (isinstance(value, list) and not all(isinstance(v, str) for v in value)):
            raise ValueError(f"the field {where}{name} is not {_SAID[wanted]}")


def write_examples(path: Path, examples: Iterable[Example]) -> int:
    """Stream examples to `path`, replaced only when all are written. Returns the count. Raises StorageError on a full disk."""
    return write_lines(path, (dump_example(example).encode() + b"\n" for example in examples))


def write_lines(path: Path, lines: Iterable[bytes]) -> int:
    """As `write_examples`, of rows that are lines already."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    count = 0
    try:
        with temporary.open("wb") as out:
            for line in lines:
                out.write(line)
                count += 1
        temporary.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)
    return count


def read_examples(path: Path) -> Iterator[Example]:
    """Examples in file order. Raises MissingInput without the file, IncompatibleInput naming the first line that is not a row."""
    if not path.is_file():
        raise MissingInput(f"there is no dataset at {path}", "make dataset")
    with path.open("rb") as lines:  # as bytes, so that a line which is no UTF-8 is named like any other broken one
        for number, line in enumerate(lines, 1):
            try:
                yield load_example(line)
            except (ValueError, RecursionError) as error:
                raise IncompatibleInput(f"{path}:{number} is not a dataset row: {error}", "make dataset") from error
