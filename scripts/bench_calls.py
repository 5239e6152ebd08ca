"""How much of what really runs the graph holds: a repository's own tests are traced, and each call seen is looked up.

    python scripts/bench_calls.py REPO --source src/ --python VENV/bin/python

runs REPO's tests with VENV's pytest (REPO's code runs; nothing else of nanodex does that), extracts its graph, and prints for
calls between functions under --source the share that the graph holds (recall), and the share of the graph's calls at the lines
that ran which were seen too (a lower bound of precision: what the tests do not exercise counts against it). A generator's body
is entered by whoever iterates it, not by who calls it, and is left out. `--seen FILE` keeps the calls, and takes them from there
the next time, so that graphs can be compared without running the tests again. Loaded by pytest, this file is the tracer.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections import defaultdict
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[1]
REPO, SOURCE, OUT = "NANODEX_TRACE_REPO", "NANODEX_TRACE_SOURCE", "NANODEX_TRACE_OUT"
GENERATOR: Final = 0x20 | 0x200  # inspect.CO_GENERATOR and CO_ASYNC_GENERATOR
DECORATORS: Final = (
    40  # a decorated function's code starts at its first decorator, its node at `def`, at most so much later
)


class Call(NamedTuple):
    """One call seen: (path, first line, qualified name) of caller and callee, and the line in the caller."""

    caller: tuple[str, int, str]
    callee: tuple[str, int, str]
    line: int


# The tracer, in the interpreter that runs the tests

_seen: dict[tuple[CodeType, CodeType, int], None] = {}
_inside: dict[CodeType, bool] = {}


def pytest_configure(config: object) -> None:
    root = os.environ[REPO] + os.sep

    def inside(code: CodeType) -> bool:
        known = _inside.get(code)
        if known is None:
            known = _inside[code] = code.co_filename.startswith(root)
        return known

    def trace(frame: FrameType, event: str, argument: object) -> None:
        back = frame.f_back
        if event == "call" and back is not None and inside(frame.f_code) and inside(back.f_code):
            _seen[(back.f_code, frame.f_code, back.f_lineno)] = None

    sys.setprofile(trace)
    threading.setprofile(trace)


def pytest_unconfigure(config: object) -> None:
    sys.setprofile(None)
    root = os.environ[REPO]

    def place(code: CodeType) -> tuple[str, int, str]:
        return os.path.relpath(code.co_filename, root), code.co_firstlineno, code.co_qualname

    calls = [(place(a), place(b), line) for a, b, line in _seen if not b.co_flags & GENERATOR]
    with open(os.environ[OUT], "w", encoding="utf-8") as file:  # noqa: PTH123 - os.environ gives text
        json.dump(sorted(calls), file)


# The comparison


def tested(repo: Path, python: str, source: str, arguments: list[str], tracer: str) -> Any:
    """What a tracer, a module of this folder, wrote while the repository's tests ran under it."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "seen.json"
        # A package folder on the path would shadow the standard library with its modules.
        roots = [repo] if (repo / source / "__init__.py").exists() else [repo / source, repo]
        env = os.environ | {
            REPO: str(repo),
            SOURCE: source,
            OUT: str(out),
            "PYTHONPATH": os.pathsep.join(map(str, (Path(__file__).parent, *roots))),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        plugins = ["-p", tracer, "-p", "no:cacheprovider", "-o", "addopts="]
        command = [python, "-m", "pytest", "-q", *plugins, *arguments]
        ran = subprocess.run(command, cwd=repo, env=env, capture_output=True, text=True, check=False)
        print("\n".join(ran.stdout.splitlines()[-1:]))
        if not out.exists():
            raise SystemExit(f"error: the tests did not run\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}")
        return json.loads(out.read_text(encoding="utf-8"))


def remembered(seen: Path | None, repo: Path, python: str, source: str, arguments: list[str]) -> list[Call]:
    """What `traced` gives, from a file if it is there, and kept in it if it is not."""
    if seen is None or not seen.exists():
        calls = traced(repo, python, source, arguments)
        if seen is not None:
            seen.write_text(json.dumps(calls), encoding="utf-8")
        return calls
    return _calls(json.loads(seen.read_text(encoding="utf-8")))


def traced(repo: Path, python: str, source: str, arguments: list[str]) -> list[Call]:
    """The calls between the files of `source` that the repository's tests made."""
    rows = tested(repo, python, source, arguments, "bench_calls")
    return [c for c in _calls(rows) if c.caller[0].startswith(source) and c.callee[0].startswith(source)]


def _calls(rows: Any) -> list[Call]:
    return [Call((a[0], a[1], a[2]), (b[0], b[1], b[2]), line) for a, b, line in rows]


class Places:
    """The nodes of functions and modules, by where their code stands."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._functions: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
        self._modules: dict[str, str] = {}
        rows = db.execute("SELECT id, type, name, path, meta_json FROM nodes WHERE lang = 'python' AND path != ''")
        for node_id, kind, name, path, meta in rows:
            if kind == "module":
                self._modules[path] = node_id
            elif kind in ("function", "method"):
                bare = name.rpartition(".")[2].partition("@")[0]
                self._functions[(path, bare)].append((json.loads(meta)["start_line"], node_id))

    def node(self, place: tuple[str, int, str]) -> str | None:
        path, line, qualified = place
        if qualified == "<module>":
            return self._modules.get(path)
        found = [
            (start - line, i)
            for start, i in self._functions[(path, qualified.rpartition(".")[2])]
            if 0 <= start - line <= DECORATORS
        ]
        return min(found)[1] if found else None


def compare(calls: list[Call], graph: Path, source: str) -> tuple[int, int, int, int, list[str]]:
    """(pairs seen, pairs held, edges at lines that ran, edges of these seen, what is missing)."""
    with sqlite3.connect(graph) as db:
        node = Places(db).node
        held: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
        for src, dst, line in db.execute(
            "SELECT src_id, dst_id, line FROM edges WHERE kind = 'calls' AND confidence >= 0.6"
        ):
            held[src][dst].add(line)

    seen: dict[tuple[str, int], set[str]] = defaultdict(set)
    for call in calls:
        caller, callee = node(call.caller), node(call.callee)
        if caller and callee:
            seen[(caller, call.line)].add(callee)
    pairs = {(caller, callee) for (caller, _), callees in seen.items() for callee in callees}

    def holds(caller: str, callee: str) -> bool:
        owner = callee.rpartition(".")[0] if callee.endswith((".__init__", ".__new__")) else callee
        return callee in held[caller] or owner in held[caller]

    missing = sorted(f"{caller} -> {callee}" for caller, callee in pairs if not holds(caller, callee))
    edges = right = 0
    for (caller, line), callees in seen.items():
        for dst, lines in held[caller].items():
            if line in lines and dst.partition(":")[2].startswith(source):
                edges += 1
                right += dst in callees or any(callee.startswith(f"{dst}.") for callee in callees)
    return len(pairs), len(pairs) - len(missing), edges, right, missing


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("repo", type=Path)
    parser.add_argument("--source", default="", help="folder of the code itself, as src/")
    parser.add_argument("--python", default=sys.executable, help="interpreter with pytest and what the tests need")
    parser.add_argument(
        "--seen", type=Path, metavar="FILE", help="where the calls seen are kept; not traced again if it is there"
    )
    parser.add_argument("--missing", action="store_true", help="list the calls that the graph does not hold")
    parser.add_argument("--tests", default="tests", metavar="ARGUMENTS", help="what pytest is given")
    given = parser.parse_args()
    repo = given.repo.resolve()
    calls = remembered(given.seen, repo, given.python, given.source, shlex.split(given.tests))
    with tempfile.TemporaryDirectory() as folder:
        graph = Path(folder) / "graph.sqlite"
        command = [sys.executable, str(ROOT / "nanodex.py"), "extract", str(repo), "--out", str(graph), "-q"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        pairs, found, edges, right, missing = compare(calls, graph, given.source)
    print(f"{repo.name}: {found} of {pairs} calls seen are in the graph, {found / max(pairs, 1):.3f}")
    print(
        f"{repo.name}: {right} of {edges} calls of the graph at lines that ran were seen, {right / max(edges, 1):.3f}"
    )
    if given.missing:
        print("\n".join(missing))


if __name__ == "__main__":
    main()
