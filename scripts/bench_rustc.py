"""How well the graph's calls of Rust agree with what rustc resolves, call site by call site.

    python scripts/bench_rustc.py SOURCES ANALYSIS...

ANALYSIS is what rustc up to 1.69 (Debian 12 has 1.63) says of the crates below SOURCES, files or folders of them, made by
`RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsave-analysis cargo check` in `target/debug/deps/save-analysis`, or by `rustc -Zsave-analysis`.

A call site is a name that rustc resolves and that parentheses follow, type arguments between them or not. Recall counts those that it
resolves to a function written below SOURCES, precision the graph's sure calls at lines where it resolves a call of that name.
Of a method of a trait rustc says which trait, not whose implementation runs: the trait's own method and each that is
written for it are what the site names; of a trait from elsewhere precision alone is told. Left out: operators and whatever
else no name calls, constructors of tuples and variants, calls and functions that the rules of a macro write, and code
that was not compiled, as tests and other platforms'. `--missing` lists the disagreements.
"""

from __future__ import annotations

import argparse
import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench_oracle import Declared, Site, compare, linked, report

from extractor.resolve import definition_ids

_CALLED: Final = re.compile(r"\s*\(")
_TYPED: Final = re.compile(r"\s*::\s*<")
_FN: Final = re.compile(r"\bfn\s+\Z")
_FUNCTIONS: Final = frozenset(("Function", "Method"))

Crate = tuple[str, tuple[int, ...]]
Id = tuple[Crate, int]


class Analysis(NamedTuple):
    """What rustc says of one crate. Its ids bear numbers of crates that mean something in this file alone."""

    said: dict[str, Any]
    directory: Path
    crates: dict[int, Crate]

    def id_of(self, row: dict[str, int]) -> Id:
        return self.crates[row["krate"]], row["index"]

    def path_of(self, span: dict[str, Any], sources: Path) -> str:
        """The path below the sources, empty for what stands elsewhere."""
        path = Path(span["file_name"])
        path = Path(os.path.normpath(self.directory / path))  # `gen/../helper.rs` of a #[path]
        return path.relative_to(sources).as_posix() if path.is_relative_to(sources) else ""


def analyses(given: list[Path]) -> Iterator[Analysis]:
    files = [f for p in given for f in (sorted(p.glob("*.json")) if p.is_dir() else [p])]
    for file in files:
        said = json.loads(file.read_bytes())
        prelude = said["prelude"]
        crates = {row["num"]: _crate(row["id"]) for row in prelude["external_crates"]}
        yield Analysis(said, Path(said["compilation"]["directory"]), {0: _crate(prelude["crate_id"]), **crates})


def _crate(row: dict[str, Any]) -> Crate:
    return str(row["name"]), tuple(row["disambiguator"])


class Source:
    """The text of a file, with the places that rustc speaks of: lines and characters."""

    def __init__(self, path: Path) -> None:
        self.text = path.read_text()
        self.lines = [0, *accumulate(len(line) for line in self.text.splitlines(keepends=True))]

    def place(self, line: int, column: int) -> int:
        return self.lines[line - 1] + column - 1

    def text_of(self, span: dict[str, Any]) -> str:
        first, last = (
            self.place(span["line_start"], span["column_start"]),
            self.place(span["line_end"], span["column_end"]),
        )
        return self.text[first:last]

    def written(self, span: dict[str, Any]) -> bool:
        """Whether a function's name stands behind `fn`: where it does not, it was given to a macro."""
        return _FN.search(self.text[: self.place(span["line_start"], span["column_start"])][-80:]) is not None

    def called(self, span: dict[str, Any]) -> str:
        """The name at a place where parentheses follow it: `f(`, `f::<A, B<C>>(`; empty elsewhere."""
        place = self.place(span["line_end"], span["column_end"])
        if (typed := _TYPED.match(self.text, place)) is not None:
            depth, place = 1, typed.end()
            while depth and place < len(self.text):
                depth += (self.text[place] == "<") - (self.text[place] == ">" and self.text[place - 1] != "-")
                place += 1
        return self.text_of(span) if _CALLED.match(self.text, place) else ""


def sites(sources: Path, given: list[Path]) -> tuple[list[Site], set[Declared]]:
    """What rustc says of every call below a folder, and the functions it compiled there."""
    declared: dict[Id, Declared] = {}
    written: dict[Id, set[Declared]] = defaultdict(set)  # a trait's method -> the implementations here
    at: dict[tuple[str, int, int, str], set[Id]] = defaultdict(set)
    texts: dict[str, Source] = {}
    for one in analyses(given):
        for row in one.said["defs"]:
            span = row["span"]
            if row["kind"] in _FUNCTIONS and (path := one.path_of(span, sources)):
                source = texts.get(path) or texts.setdefault(path, Source(sources / path))
                if not source.written(span):
                    continue
                place = Declared(path, span["line_start"], span["line_end"], source.text_of(span))
                declared[one.id_of(row["id"])] = place
                if row["decl_id"]:
                    written[one.id_of(row["decl_id"])].add(place)
        for row in one.said["refs"]:
            span = row["span"]
            if row["kind"] == "Mod" or not (path := one.path_of(span, sources)):
                continue
            source = texts.get(path) or texts.setdefault(path, Source(sources / path))
            if name := source.called(span):
                at[path, span["line_start"], span["column_start"], name].add(one.id_of(row["ref_id"]))
    found = []
    for (path, line, _, name), ids in sorted(at.items()):
        sure = {declared[i] for i in ids if i in declared}
        perhaps = tuple(sorted({place for i in ids for place in written[i]}))
        found.append(Site(path, line, name, (*sorted(sure), *perhaps) if sure else (), True, perhaps))
    return found, set(declared.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("sources", type=Path)
    parser.add_argument("analysis", type=Path, nargs="+")
    parser.add_argument("--missing", action="store_true", help="list where compiler and graph disagree")
    given = parser.parse_args()
    sources = given.sources.resolve()
    found, compiled = sites(sources, given.analysis)
    files, links = linked(sources, (".rs",))
    lines: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place in compiled:
        lines[place.path, place.name].append(place.first)
    seen = {
        node
        for file in files
        for node, d in zip(definition_ids(file), file.defs, strict=True)
        if any(d.start_line <= line <= d.end_line for line in lines[file.path, d.name])
    }
    links.edges[:] = [edge for edge in links.edges if edge.dst in seen]
    report(sources.name, compare(found, files, links), given.missing)


if __name__ == "__main__":
    main()
