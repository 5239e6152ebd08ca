"""How well the graph's calls agree with a compiler, call site by call site: javac, TypeScript's, Go's, Roslyn, or a SCIP index.

    python scripts/bench_oracle.py SOURCES                              Java, javac on PATH
    python scripts/bench_oracle.py SOURCES --typescript NODE_MODULES    TypeScript and JavaScript, node on PATH
    python scripts/bench_oracle.py SOURCES --go                         Go, go on PATH; other packages from GOROOT and GOPATH
    python scripts/bench_oracle.py SOURCES --csharp NODE_MODULES        C#; what it needs, and what else it takes, says oracle_csharp.py
    python scripts/bench_oracle.py SOURCES --scip INDEX                 what `scip-python index . --project-name=X` made of them

The compiler says which declaration each call runs; the graph's edges at that line are compared with it. Recall counts the calls
that the compiler resolves to a declaration under SOURCES, precision the graph's sure calls at lines where the compiler resolves
a call of that name. An implementation reached through an interface, a getter, a function handed on, and the constant that holds
an unnamed function are no call sites of a compiler's and are left out. So are, in Go, conversions, builtins, calls of variables,
methods of interfaces without a name, files that are not built for this platform, and what is defined for another platform
beside the right definition. An index says what a call names, not what overrides it nor what a decorator made of it: of that,
recall alone is told. `--missing` lists the disagreements.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from extractor.facts import Definition, FileFacts
from extractor.languages import spec_for
from extractor.parse import parse_file
from extractor.resolve import Links, definition_ids, link
from extractor.schema import SURE
from extractor.scip import overlay, read_index

HERE: Final = Path(__file__).resolve().parent
SCRIPTS: Final = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts")
FLOWS: Final = frozenset(("override", "getter", "flow", "flow:many"))
NEAR: Final = 3  # lines: annotations and `export` stand before a declaration for one and not for the other


class Declared(NamedTuple):
    path: str
    first: int
    last: int
    name: str


class Site(NamedTuple):
    """One call: where, of what, and the declarations here that it may run; `known` when the compiler says so. What it may run
    `besides` is asked of nobody."""

    path: str
    line: int
    name: str
    declared: tuple[Declared, ...]
    known: bool
    besides: tuple[Declared, ...] = ()


def asked(*command: str | Path) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def javac(sources: Path) -> str:
    with tempfile.TemporaryDirectory() as classes:
        subprocess.run(["javac", "-d", classes, str(HERE / "Oracle.java")], check=True)
        return asked("java", "-cp", classes, "Oracle", sources)


def sites(text: str) -> list[Site]:
    """What a compiler says of every call: lines of path, line, name, known or unknown, then four fields per declaration."""
    found = []
    for row in text.splitlines():
        path, line, name, known, *fields = row.split("\t")
        held = [fields[i : i + 4] for i in range(0, len(fields), 4)]
        declared = tuple(Declared(p, int(a), int(b), n) for p, a, b, n in held)
        found.append(Site(path, int(line), name, declared, known == "known"))
    return found


def linked(sources: Path, suffixes: tuple[str, ...]) -> tuple[list[FileFacts], Links]:
    paths = [p for p in sorted(sources.rglob("*")) if p.is_file() and "node_modules" not in p.parts]
    held = {p.relative_to(sources).as_posix(): p.read_bytes() for p in paths if p.name.endswith(suffixes)}
    configs = {
        p.relative_to(sources).as_posix(): p.read_text() for p in paths if p.suffix in (".json", ".mod", ".toml")
    }
    files = [parse_file(p, data, spec) for p, data in held.items() if (spec := spec_for(p, data)) is not None]
    links = link(files, configs)
    if links.problems:
        raise SystemExit("\n".join(links.problems))
    return files, links


def agree(path: str, definition: Definition, declared: Declared) -> bool:
    """Whether a definition of the graph is what the compiler names."""
    if path != declared.path:
        return False
    if "field" in definition.flags:  # what nobody writes is told as its class: the accessor of a record's component
        return definition.name == declared.name and declared.first <= definition.start_line <= declared.last
    if not definition.start_line <= declared.first <= declared.last <= definition.end_line:
        return False
    near = abs(definition.start_line - declared.first) <= NEAR or definition.end_line == declared.last
    return near and (definition.name in (declared.name, "constructor", "default") or not declared.name)


def compare(found: list[Site], files: list[FileFacts], links: Links) -> tuple[int, int, int, int, list[str]]:
    """(call sites, held, edges at call sites, of these right, disagreements)."""
    nodes = {i: (f.path, d) for f in files for i, d in zip(definition_ids(f), f.defs, strict=True)}
    edges: dict[tuple[str, int], list[tuple[str, str]]] = defaultdict(list)
    for edge in links.edges:
        target = links.merged.get(edge.dst, edge.dst)
        if edge.kind == "calls" and edge.confidence >= SURE and target in nodes:
            edges[edge.src.partition(":")[2].partition("#")[0], edge.line].append((target, edge.via))
    at: dict[tuple[str, int], list[Site]] = defaultdict(list)
    held = 0
    disagree = []
    hidden = {(d.path, n) for s in found if not s.line for d in s.declared for n in range(d.first, d.last + 1)}
    found = [s for s in found if s.line]
    for site in found:
        at[site.path, site.line].append(site)
        targets = [nodes[target] for target, _ in edges.get((site.path, site.line), ())]
        constant = any(d.kind == "variable" and d.name == site.name for _, d in targets)
        if site.declared and (constant or any(agree(p, d, x) for p, d in targets for x in site.declared)):
            held += 1
        elif site.declared:
            disagree.append(f"missing {site.path}:{site.line} {site.name} -> {site.declared[0]}")
    total = right = 0
    for (path, line), targets_here in edges.items():
        here = at.get((path, line), [])
        for target, via in targets_here:
            where, definition = nodes[target]
            if (where, definition.start_line) in hidden:
                continue
            if any(agree(where, definition, x) for s in here for x in (*s.declared, *s.besides)):
                total, right = total + 1, right + 1
                continue
            named = [s for s in here if s.name == definition.name or definition.name in ("constructor", "default")]
            if (via in FLOWS and not named) or via == "override" or definition.kind == "variable":
                continue
            right_one = [t for t, _ in targets_here if any(agree(*nodes[t], x) for s in named for x in s.declared)]
            if via == "variant" and right_one:
                continue
            if named and all(s.known for s in named):
                total += 1
                disagree.append(f"extra {path}:{line} {target} ({via})")
    return sum(1 for s in found if s.declared), held, total, right, sorted(disagree)


def report(name: str, compared: tuple[int, int, int, int, list[str]], listed: bool) -> None:
    calls, held, edges, right, disagree = compared
    print(f"{name}: {held} of {calls} calls that the compiler resolves are in the graph, {held / max(calls, 1):.3f}")
    print(f"{name}: {right} of {edges} calls of the graph are the compiler's, {right / max(edges, 1):.3f}")
    if listed:
        print("\n".join(disagree))


def against_index(index: Path, files: list[FileFacts], links: Links) -> tuple[int, int, int, list[str]]:
    """(calls that the index resolves, held, those that go to another function of that name, the others)."""
    ours: dict[tuple[str, int], set[str]] = defaultdict(set)
    for edge in links.edges:
        if edge.kind == "calls" and (edge.confidence >= SURE or edge.via == "decorated"):
            ours[edge.src, edge.line].add(edge.dst)
    exact = [e for e in overlay(files, links, read_index(index.read_bytes())).links.edges if e.via == "scip"]
    held = other = 0
    missing = []
    for edge in exact:
        here = ours[edge.src, edge.line]
        if edge.dst in here:
            held += 1
        elif any(target.rpartition(".")[2] == edge.dst.rpartition(".")[2] for target in here):
            other += 1
        else:
            missing.append(f"missing {edge.src}:{edge.line} -> {edge.dst}")
    return len(exact), held, other, sorted(missing)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("sources", type=Path)
    parser.add_argument("--typescript", type=Path, metavar="NODE_MODULES", help="where npm installed typescript")
    parser.add_argument("--go", action="store_true", help="judge Go")
    parser.add_argument("--csharp", type=Path, metavar="NODE_MODULES", help="where npm installed @autorest/csharp")
    parser.add_argument("--scip", type=Path, metavar="INDEX", help="an index of SOURCES, made in that folder")
    parser.add_argument("--missing", action="store_true", help="list where compiler and graph disagree")
    given, further = parser.parse_known_args()
    if further and not given.csharp:
        parser.error(f"unrecognized arguments: {' '.join(further)}")
    sources = given.sources.resolve()
    if given.scip:
        calls, held, other, disagree = against_index(given.scip, *linked(sources, (".py", *SCRIPTS)))
        share = held / max(calls, 1)
        print(f"{sources.name}: {held} of {calls} calls that the index resolves are in the graph, {share:.3f}")
        print(f"{sources.name}: {other} more go to another function of that name, {(held + other) / max(calls, 1):.3f}")
        if given.missing:
            print("\n".join(disagree))
        return
    suffixes: tuple[str, ...]
    if given.typescript:
        suffixes, text = SCRIPTS, asked("node", HERE / "oracle.js", sources, given.typescript.resolve() / "typescript")
    elif given.csharp:
        suffixes, text = (".cs",), asked(sys.executable, HERE / "oracle_csharp.py", sources, given.csharp, *further)
    elif given.go:
        suffixes, text = (".go",), asked("go", "run", HERE / "oracle.go", sources)
    else:
        suffixes, text = (".java",), javac(sources)
    report(sources.name, compare(sites(text), *linked(sources, suffixes)), given.missing)


if __name__ == "__main__":
    main()
