"""How well the graph's calls of C and C++ agree with what g++ compiles, call site by call site.

    python scripts/bench_gcc.py SOURCES [FLAG...]        g++ and c++filt on PATH; flags as -std=c++17 -Iinclude

Every source below SOURCES that compiles with the flags says, through -fcallgraph-info, which function each of its calls runs; templates
say it for what they are used with. Recall counts the named calls of functions defined here, precision the graph's sure calls at lines where
g++ knows a call of that name. What nobody names (constructors, destructors, operators, lambdas) and overrides are left out; a call that a
macro makes is looked for behind the macro. `--missing` lists the disagreements.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from extractor.facts import Definition
from extractor.languages import spec_for
from extractor.parse import parse_file
from extractor.resolve import definition_ids, link
from extractor.schema import SURE

SUFFIXES: Final = (".cc", ".cpp", ".cxx", ".c", ".h", ".hpp", ".hh", ".inc")
NEAR: Final = 3  # lines: a call over several lines has one of them for g++ and another for a parser
_NODE: Final = re.compile(r'node: \{ title: "(.*?)" label: ".*\\n(.*?):(\d+):\d+')
_EDGE: Final = re.compile(r'edge: \{ sourcename: "(.*?)" targetname: "(.*?)" label: "(.*?):(\d+):\d+"')


class Function(NamedTuple):
    name: str
    path: str
    line: int


def compiled(sources: Path, flags: list[str]) -> tuple[dict[tuple[str, int], set[Function]], int, int]:
    """(what runs at each path and line, sources that compile, sources that do not)."""
    sites: dict[tuple[str, int], set[tuple[str, str, int]]] = defaultdict(set)
    done = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for source in sorted(p for p in sources.rglob("*") if p.suffix in (".cc", ".cpp", ".cxx")):
            made = Path(folder) / "unit.o"
            command = [
                "g++",
                "-O0",
                "-w",
                *flags,
                "-c",
                str(source.relative_to(sources)),
                "-fcallgraph-info",
                "-o",
                str(made),
            ]
            if subprocess.run(command, cwd=sources, capture_output=True, check=False).returncode:
                failed += 1
                continue
            done += 1
            nodes: dict[str, tuple[str, str, int]] = {}
            for row in made.with_suffix(".ci").read_text(errors="replace").splitlines():
                if (node := _NODE.match(row)) is not None:
                    nodes[node[1]] = (node[1].rpartition(":")[2], _below(node[2], sources), int(node[3]))
                elif (edge := _EDGE.match(row)) is not None and edge[2] in nodes:
                    sites[_below(edge[3], sources), int(edge[4])].add(nodes[edge[2]])
    names = _names({symbol for targets in sites.values() for symbol, _, _ in targets})
    found = {
        site: {Function(names[symbol], path, line) for symbol, path, line in targets if names[symbol]}
        for site, targets in sites.items()
    }
    return found, done, failed


def _below(path: str, sources: Path) -> str:
    return os.path.relpath(sources / path, sources)


def _names(symbols: set[str]) -> dict[str, str]:
    """The plain name behind each symbol, empty for what no call names."""
    ordered = sorted(symbols)
    shown = subprocess.run(
        ["c++filt", "-p"], input="\n".join(ordered), check=True, capture_output=True, text=True
    ).stdout.split("\n")
    return {symbol: _plain(text) for symbol, text in zip(ordered, shown, strict=False)}


def _plain(text: str) -> str:
    """`push_back` of `fmt::buffer<char>::push_back`; nothing of a constructor, a destructor, an operator or a lambda."""
    text = text.replace("(anonymous namespace)", "anonymous")
    if "operator" in text or "{" in text or "~" in text or text.startswith("__"):
        return ""
    depth, kept = 0, []
    for char in text:
        depth += (char in "<(") - (char in ">)")
        if not depth and char not in ">)":
            kept.append(char)
    parts = re.sub(r"\[abi:\w+\]|\s.*", "", "".join(kept)).split("::")
    return "" if len(parts) > 1 and parts[-1] == parts[-2] else parts[-1]


def main() -> None:
    arguments = sys.argv[1:]
    listed = "--missing" in arguments
    given = [a for a in arguments if a != "--missing"]
    if not given or given[0].startswith("-"):
        sys.exit((__doc__ or "").split("\n\n")[1].strip())
    sources = Path(given[0]).resolve()
    paths = [p for p in sorted(sources.rglob("*")) if p.is_file() and p.suffix in SUFFIXES]
    held = {p.relative_to(sources).as_posix(): p.read_bytes() for p in paths}
    files = [parse_file(p, data, spec) for p, data in held.items() if (spec := spec_for(p, data)) is not None]
    links = link(files, {})
    places: dict[str, list[tuple[str, Definition]]] = defaultdict(list)  # definition -> itself and its declarations
    for f in files:
        for i, d in zip(definition_ids(f), f.defs, strict=True):
            places[links.merged.get(i, i)].append((f.path, d))
    calls: dict[tuple[str, int], set[tuple[str, str]]] = defaultdict(set)
    behind: dict[str, set[str]] = defaultdict(set)  # macro -> what it calls
    for e in links.edges:
        target = links.merged.get(e.dst, e.dst)
        if e.kind == "calls" and e.confidence >= SURE and target in places:
            calls[e.src.partition(":")[2].partition("#")[0], e.line].add((target, e.via))
            behind[e.src].add(target)

    def is_it(target: str, function: Function) -> bool:
        return any(
            d.name == function.name and p == function.path and d.start_line - NEAR <= function.line <= d.end_line
            for p, d in places[target]
        )

    found, done, failed = compiled(sources, given[1:])
    here = {f.path for f in files}
    total = right = edges = true = 0
    rows = []
    for (path, line), functions in sorted(found.items()):
        near = {t for k in range(-NEAR, NEAR + 1) for t, _ in calls.get((path, line + k), ())}
        near |= {t for macro in near if any("macro" in d.flags for _, d in places[macro]) for t in behind[macro]}
        for function in sorted(f for f in functions if f.path in here) if path in here else ():
            total += 1
            if any(is_it(target, function) for target in near):
                right += 1
            else:
                rows.append(f"missing {path}:{line} {function.name} -> {function.path}:{function.line}")
    used = {f.path for functions in found.values() for f in functions}
    for (path, line), targets in sorted(calls.items()):
        known = [f for k in range(-NEAR, NEAR + 1) for f in found.get((path, line + k), ())]
        for target, via in sorted(targets):
            where, d = places[target][0]
            named = [f for f in known if f.name == d.name]
            if via == "override" or d.kind not in ("function", "method") or where not in used or not named:
                continue
            edges += 1
            if any(is_it(target, f) for f in named):
                true += 1
            else:
                rows.append(f"extra {path}:{line} {target} ({via})")
    print(f"{sources.name}: {done} sources compiled, {failed} did not")
    print(f"{sources.name}: {right} of {total} calls that g++ compiles are in the graph, {right / max(total, 1):.3f}")
    print(f"{sources.name}: {true} of {edges} calls of the graph are g++'s, {true / max(edges, 1):.3f}")
    if listed:
        print("\n".join(sorted(rows)))


if __name__ == "__main__":
    main()
