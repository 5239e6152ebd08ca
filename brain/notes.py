"""Note: what is known about one node as a small JSON document, and the folder that holds one file per node.

Facts and node in, `Note` out through `brain/render.py`; this file only stores. A file is rewritten when its JSON differs and
removed when its node is gone, so a rerun touches nothing that did not change.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from config.errors import IncompatibleInput, MissingInput, cannot_write
from config.manifest import digest

_UNSAFE = re.compile(r"[^A-Za-z0-9_.\-]")
_LONGEST: Final = 120
# Names that one common file system or another refuses whatever their extension.
_RESERVED = re.compile(r"^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.I)


@dataclass(frozen=True, slots=True)
class Note:
    """`facts` maps a relation to its objects (at most 24; `counts` holds the true number of a longer list) and `doc` to
    "docstring" or "none". `sentences` gives, for each sentence of the summary, the ids of the facts behind it; `refs` are
    the nodes it names. `lines` is (0, 0) for what has no place in a file."""

    id: str
    type: str
    name: str
    path: str
    lang: str
    lines: tuple[int, int]
    summary: str
    facts: dict[str, Any]
    refs: tuple[str, ...]
    content_hash: str
    writer: str = "extractive"
    sentences: tuple[tuple[str, ...], ...] = ()


_KEYS: Final = tuple(sorted(field.name for field in fields(Note)))
_encode: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode


@dataclass(frozen=True, slots=True)
class NoteCounts:
    written: int
    unchanged: int
    removed: int


def safe_name(node_id: str) -> str:
    """A file name for a note: readable, the same on every system, and never the same for two ids.

    A short hash is added whenever something was escaped, folded or cut, so ids that differ in case or in one odd
    character do not meet.
    """
    plain = _UNSAFE.sub("_", node_id.replace("/", "."))
    if len(plain) > _LONGEST:
        plain = plain[:40] + "__" + plain[-(_LONGEST - 42) :]
    if _RESERVED.match(plain) or plain.startswith("."):
        plain = "_" + plain
    return f"{plain}.{digest((node_id,))[:8]}.json"


def render_note(note: Note) -> str:
    """The JSON text of a note: a line per key, keys sorted. The encoder written in C knows no indentation."""
    body = ",\n".join(f' "{name}": {_encode(getattr(note, name))}' for name in _KEYS)
    return f"{{\n{body}\n}}\n"


def write_notes(directory: Path, notes: Iterable[Note]) -> NoteCounts:
    """Bring `directory` to exactly these notes. Only `*.json` files written here before are ever removed."""
    written = unchanged = 0
    wanted: set[str] = set()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        present = {path.name for path in directory.glob("*.json")}
        for note in notes:
            name, data = safe_name(note.id), render_note(note).encode()
            wanted.add(name)
            if name in present and _holds(directory / name, data):
                unchanged += 1
                continue
            _write(directory, name, data)
            written += 1
        stale = sorted(name for name in present - wanted if _is_note_name(name))
        for name in stale:
            (directory / name).unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(f"notes to {directory}", error) from error
    return NoteCounts(written, unchanged, len(stale))


def _holds(place: Path, data: bytes) -> bool:
    """Whether a file consists of exactly these bytes."""
    with place.open("rb", buffering=0) as file:
        return file.read(len(data) + 1) == data


def _write(folder: Path, name: str, data: bytes) -> None:
    """As `write_atomically`, for a folder that is there: a hundred thousand notes are written one after another."""
    temporary = folder / f".{os.getpid()}.tmp"
    try:
        with temporary.open("wb", buffering=0) as file:
            file.write(data)
        temporary.replace(folder / name)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def read_notes(directory: Path) -> dict[str, Note]:
    """Notes by node id, in order of id. Raises MissingInput without the folder, IncompatibleInput naming a broken file."""
    if not directory.is_dir():
        raise MissingInput(f"there are no notes in {directory}", "make brain")
    notes = {}
    for path in sorted(directory.glob("*.json")):
        try:
            row = json.loads(path.read_text(encoding="utf-8"))
            row["lines"] = (row["lines"][0], row["lines"][1])
            row["refs"] = tuple(row["refs"])
            row["sentences"] = tuple(tuple(ids) for ids in row["sentences"])
            note = Note(**row)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise IncompatibleInput(f"{path} is not a note: {error}", f"delete {path}, then make brain") from error
        notes[note.id] = note
    return dict(sorted(notes.items()))


def count_notes(directory: Path) -> int:
    """How many notes lie in a folder."""
    return sum(_is_note_name(path.name) for path in directory.glob("*.json"))


def _is_note_name(name: str) -> bool:
    return bool(re.search(r"\.[0-9a-f]{8}\.json$", name))
