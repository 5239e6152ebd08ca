"""Where includes lead: directories that builds name, distances between folders, and what a file sees by way of others."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Mapping, Sequence

from extractor.resolve import cpp_library as library


def include_dirs(configs: Mapping[str, str]) -> list[str]:
    """Include directories of the repository: those compile_commands.json names, then the usual ones."""
    found: list[str] = []
    for path, text in sorted(configs.items()):
        if posixpath.basename(path) != "compile_commands.json":
            continue
        try:
            entries = json.loads(text)
        except ValueError:
            continue
        for entry in entries if isinstance(entries, list) else []:
            arguments = entry.get("arguments") or str(entry.get("command", "")).split()
            directory = str(entry.get("directory", ""))
            for argument in arguments:
                if isinstance(argument, str) and argument.startswith("-I"):
                    found.append(below(argument[2:], directory))
    return list(dict.fromkeys([*(f for f in found if f is not None), "", "include", "src", "lib"]))


def below(path: str, directory: str) -> str:
    """An include directory relative to the repository, as far as its end can tell."""
    if not path.startswith("/"):
        return posixpath.normpath(path)
    shared = posixpath.commonpath([path, directory]) if directory.startswith("/") else ""
    return posixpath.relpath(path, shared) if shared and shared != "/" else posixpath.basename(path)


def closure(start: int, direct: Sequence[Iterable[int]]) -> frozenset[int]:
    """Every number reached from `start` in one step or more; `direct` lists the next ones by number."""
    seen: set[int] = set()
    stack = list(direct[start])
    while stack:
        number = stack.pop()
        if number not in seen:
            seen.add(number)
            stack.extend(direct[number])
    return frozenset(seen)


def distance(here: str, folder: str) -> tuple[bool, int]:
    """(whether a folder is another platform's, the steps up and down that lead there)."""
    start, end = (place.split("/") if place else [] for place in (here, folder))
    common = shared(here, folder) if here and folder else 0
    return not library.PLATFORMS.isdisjoint({p.lower() for p in end} - set(start)), len(start) + len(end) - 2 * common


def shared(path: str, other: str) -> int:
    """How many leading directories two paths share."""
    count = 0
    for left, right in zip(path.split("/"), other.split("/"), strict=False):
        if left != right:
            break
        count += 1
    return count
