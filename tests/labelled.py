"""Labelled programs: fixtures whose comments say where each line's calls lead, and how well the linker agrees.

`// -> Store.find, Item.Item` names the definitions that the calls of that line reach, by qualified name; `~` marks an
implementation that the call may reach through an interface. A line without a label reaches nothing in the repository.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from extractor.languages import spec_for
from extractor.parse import parse_file
from extractor.resolve import Links, link
from extractor.schema import SURE

FIXTURES = Path(__file__).parent / "fixtures"
_LABEL = re.compile(r"(?://|#|/\*) -> ((?:[^*\n]|\*(?!/))+)")


class Score(NamedTuple):
    expected: int
    missing: list[str]
    extra: list[str]


def read(name: str) -> tuple[dict[str, bytes], dict[str, str]]:
    """Every file of a fixture, and the texts of its build files."""
    root = FIXTURES / name
    paths = sorted(p for p in root.rglob("*") if p.is_file())
    sources = {p.relative_to(root).as_posix(): p.read_bytes() for p in paths}
    named = ("go.mod", "Cargo.toml", "setup.py", "pyproject.toml", "binding.gyp")
    return sources, {p: d.decode() for p, d in sources.items() if p.endswith((".json", ".csproj", *named))}


def link_fixture(name: str) -> tuple[dict[str, bytes], Links]:
    sources, configs = read(name)
    files = [parse_file(p, d, spec) for p, d in sources.items() if (spec := spec_for(p, d)) is not None]
    return sources, link(files, configs)


def calls_by_line(links: Links) -> set[str]:
    """`path:line name` for every call edge that ends in the repository; `~` before what an override reached."""
    found = set()
    for edge in links.edges:
        if edge.kind == "calls" and edge.confidence >= SURE and not edge.dst.startswith("ext:"):
            target = links.merged.get(edge.dst, edge.dst)
            path = edge.src.partition(":")[2].partition("#")[0]
            mark = "~" if edge.via == "override" else ""
            found.add(f"{path}:{edge.line} {mark}{target.partition('#')[2] or target}")
    return found


def labels(sources: dict[str, bytes]) -> set[str]:
    wanted = set()
    for path, data in sources.items():
        for number, line in enumerate(data.decode().splitlines(), 1):
            label = _LABEL.search(line)
            for name in label[1].split(",") if label else ():
                wanted.add(f"{path}:{number} {name.strip()}")
    return wanted


def score(name: str) -> Score:
    sources, links = link_fixture(name)
    wanted, found = labels(sources), calls_by_line(links)
    return Score(len(wanted), sorted(wanted - found), sorted(found - wanted))
