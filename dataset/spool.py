"""Rows on disk while they are made: appended as they come, read back in order of id, gone when the run ends."""

from __future__ import annotations

import os
from array import array
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from config.errors import cannot_write
from dataset.example import KINDS, Example, dump_example


class Spool:
    """Rows on disk in the order they were made, with what the gates must know of each in memory: its id, its prompt's key, its kind.

    `read` gives them back in order of id.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb")
        self._size = 0
        self._ids, self._offsets, self._keys, self._kinds = array("Q"), array("Q"), array("Q"), array("B")

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, example: Example, key: int) -> None:
        """`key` is that of the row's prompt."""
        line = dump_example(example).encode() + b"\n"
        self._file.write(line)
        self._ids.append(int(example.id, 16))
        self._offsets.append(self._size)
        self._keys.append(key)
        self._kinds.append(KINDS.index(example.meta.kind))
        self._size += len(line)

    def kinds_at(self, keys: Collection[int]) -> Counter[str]:
        """How many rows of each kind ask one of these prompts."""
        return Counter(KINDS[kind] for key, kind in zip(self._keys, self._kinds, strict=True) if key in keys)

    def read(self) -> Iterator[tuple[bytes, int]]:
        """Each row's line, its end included, with its prompt's key: those that were there when reading began."""
        self._file.flush()
        order = array("L", sorted(range(len(self._ids)), key=self._ids.__getitem__))
        with self._path.open("rb") as rows:
            for index in order:
                rows.seek(self._offsets[index])
                yield rows.readline(), self._keys[index]

    def close(self) -> None:
        self._file.close()


@contextmanager
def spool_for(train: Path, results: Sequence[Path]) -> Iterator[Spool]:
    """A spool beside `train`; afterwards it and every unfinished one of `results` are gone. An OSError of files becomes StorageError."""
    path = train.with_name(f".{train.name}.{os.getpid()}.spool")
    try:
        train.parent.mkdir(parents=True, exist_ok=True)
        _sweep(train.parent)
        spool = Spool(path)
        try:
            yield spool
        finally:
            spool.close()
    except (ConnectionError, TimeoutError):
        raise  # whoever reads what we say went away, or a server did: no fault of the disk's
    except OSError as error:
        raise cannot_write(train, error) from error
    finally:
        for left in (path, *map(new, results)):
            left.unlink(missing_ok=True)


def new(path: Path) -> Path:
    """Where an output is written before all of them are put in place together."""
    return path.with_name(f".{path.name}.{os.getpid()}.new")


def _sweep(folder: Path) -> None:
    """Remove what runs that were killed have left; those still running keep theirs."""
    for left in [*folder.glob(".*.spool"), *folder.glob(".*.new")]:
        owner = left.name.split(".")[-2]
        if not owner.isdigit():
            continue
        try:
            os.kill(int(owner), 0)
        except ProcessLookupError:
            left.unlink(missing_ok=True)
        except PermissionError:
            pass  # alive, and somebody else's
