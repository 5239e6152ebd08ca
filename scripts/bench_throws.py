"""How much of what is really raised the graph holds: a repository's own tests are traced, and each error seen is looked up.

    python scripts/bench_throws.py REPO --source src/ --python VENV/bin/python

runs REPO's tests with VENV's pytest (REPO's code runs) and notes every error whose `raise` statement stands under --source: which
functions it leaves, which stop it. Then it extracts REPO's graph and prints the share of pairs (function, error class that left
it) that the graph's `throws` edges hold, direct and through calls; the share of the edges at lines where an error was seen that
were right (the raise made that class; no handler stopped it); and the share of messages that their templates fit. Three kinds
of error that end where they are raised for all the graph says (NotImplementedError, StopIteration) count there only.
"""

from __future__ import annotations

import argparse
import re
import shlex
import sqlite3
import subprocess
import sys
import tempfile
from collections import defaultdict
from json import loads
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench_calls import ROOT, Places, tested
from trace_errors import Seen

STAYS: Final = ("NotImplementedError", "StopIteration", "StopAsyncIteration")  # not said of callers, see raises.py
HOLE: Final = re.compile(r"\{[^{}]*\}")

Row = tuple[Seen, list[str]]  # and what it said where it was raised
Error = tuple[str, str]  # path of its class, "" outside; qualified name
Pair = tuple[str, Error]  # function, error


def _row(function: Any, line: int, callee: Any, outside: bool, error: Any, raised: Any, texts: list[str]) -> Row:
    around = tuple(callee) if callee else None
    return Seen(tuple(function), line, around, outside, tuple(error), tuple(raised)), texts


class Graph:
    """What the graph says of errors, by function."""

    def __init__(self, path: Path) -> None:
        self.throws: dict[str, list[tuple[str, int, dict[str, Any]]]] = defaultdict(list)
        with sqlite3.connect(path) as db:
            self.node = Places(db).node
            for src, dst, line, meta in db.execute(
                "SELECT src_id, dst_id, line, meta_json FROM edges WHERE kind = 'throws'"
            ):
                self.throws[src].append((dst, line, loads(meta)))
            calls = "SELECT src_id, dst_id FROM edges WHERE kind = 'calls' AND confidence >= 0.7"
            self.calls: set[tuple[str, str]] = set(db.execute(calls))

    def cause(self, seen: Seen, ways: dict[tuple[str, Error, tuple[str, int]], Seen]) -> str:
        """Where the way of an error from its raise to a function breaks off in the graph. `ways` are those from each function."""
        passed: list[Seen] = []
        while True:
            function = self.node(seen.function) or ""
            place = f"{seen.function[0]}:{seen.line}"
            if seen.callee is None:
                others = sorted(dst for dst, line, m in self.throws[function] if line == seen.line and not m["depth"])
                return f"{place} raises {', '.join(others) or 'what is not known'}"
            callee = self.node(seen.callee)
            if callee is None:
                return f"{place} comes from {seen.callee[2]}, which is no node"
            below = ways.get((callee, seen.error, seen.raised), seen)
            passed.append(seen)
            if self.holds(callee, seen.error) or below in passed:
                break
            seen = below
        if (function, callee) not in self.calls:
            return f"{place} calls {callee}{' through other code' if seen.outside else ''}"
        return f"{place} does not carry it on from {callee}"

    def holds(self, function: str, error: Error) -> bool:
        return any(same(dst, error) for dst, _, _ in self.throws.get(function, ()))


def same(node_id: str, error: Error) -> bool:
    """Whether a node is this class, told by its name: packages give their classes other modules than those they stand in."""
    name = node_id.partition("#")[2].partition("@")[0]
    if node_id.startswith("ext:"):
        return not error[0] and name.rpartition(".")[2] == error[1].rpartition(".")[2]
    return bool(error[0]) and name == error[1].replace("<locals>.", "")


class Report(NamedTuple):
    """Of each figure (how many there are, how many are held or right), and what is not."""

    direct: tuple[int, int]
    through: tuple[int, int]
    edges: tuple[int, int]
    messages: tuple[int, int]
    missing: list[str]
    wrong: list[str]


def compare(left: list[Row], stopped: list[Row], graph: Graph) -> Report:
    """What left functions against what the graph says leaves them; `stopped` are the errors that some handler kept."""
    ways: dict[Pair, list[Seen]] = defaultdict(list)
    arrived: dict[tuple[str, object], set[tuple[Error, bool]]] = defaultdict(set)
    said: dict[tuple[str, int], list[tuple[Error, list[str]]]] = defaultdict(list)
    for rows, leaves in ((left, True), (stopped, False)):
        for seen, texts in rows:
            function = graph.node(seen.function)
            if function is None:
                continue
            arrived[function, graph.node(seen.callee) if seen.callee else seen.line].add((seen.error, leaves))
            if seen.callee is None:
                said[function, seen.line].append((seen.error, texts))
            if leaves and (seen.callee is None or seen.error[1] not in STAYS):
                ways[function, seen.error].append(seen)
    each = {(function, error, seen.raised): seen for (function, error), found in ways.items() for seen in found}
    missing: list[str] = []
    pairs: dict[bool, list[bool]] = {True: [], False: []}
    for (function, error), found in sorted(ways.items()):
        held = graph.holds(function, error)
        pairs[any(seen.callee is None for seen in found)].append(held)
        if not held:
            missing.append(f"{function} throws {error[1]}: {min(graph.cause(seen, each) for seen in found)}")
    right: list[bool] = []
    fitting: list[bool] = []
    wrong: list[str] = []
    for function, edges in sorted(graph.throws.items()):
        for dst, line, meta in sorted(edges, key=repr):
            known = arrived.get((function, line if meta["how"] == "direct" else meta.get("callee")), set())
            fired = known if meta["how"] == "direct" else {one for one in known if same(dst, one[0])}
            if not fired:
                continue
            right.append(any(leaves and same(dst, error) for error, leaves in fired))
            if not right[-1]:
                wrong.append(f"{function}:{line} throws {dst}: seen {sorted(fired)}")
            template = meta.get("message", "")
            texts = [text for error, some in said[function, line] if same(dst, error) for text in some]
            if meta["how"] == "direct" and right[-1] and re.search(r"\w\w", HOLE.sub("", template)) and texts:
                fitting.append(fits(template, texts))
                if not fitting[-1]:
                    wrong.append(f"{function}:{line} says {template!r}: seen {texts}")
    counts = [(len(rows), sum(rows)) for rows in (pairs[True], pairs[False], right, fitting)]
    return Report(counts[0], counts[1], counts[2], counts[3], missing, wrong)


def fits(template: str, texts: list[str]) -> bool:
    pattern = ".*".join(re.escape(part) for part in HOLE.split(template.removesuffix("…")))
    return any(re.search(pattern, text, re.DOTALL) for text in texts)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("repo", type=Path)
    parser.add_argument("--source", default="", help="folder of the code itself, as src/")
    parser.add_argument("--python", default=sys.executable, help="interpreter with pytest and what the tests need")
    parser.add_argument(
        "--missing", action="store_true", help="list what the graph does not hold, and what it has wrong"
    )
    parser.add_argument("--tests", default="tests", metavar="ARGUMENTS", help="what pytest is given")
    given = parser.parse_args()
    repo = given.repo.resolve()
    rows = tested(repo, given.python, given.source, shlex.split(given.tests), "trace_errors")
    left, stopped = ([_row(*row) for row in part] for part in rows)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.sqlite"
        command = [sys.executable, str(ROOT / "nanodex.py"), "extract", str(repo), "--out", str(path), "-q"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        report = compare(left, stopped, Graph(path))
    for what, (seen, held) in (
        ("errors that left the function that raises them are in the graph", report.direct),
        ("errors that left a function further up are in the graph", report.through),
        ("edges whose raise or callee gave an error were right", report.edges),
        ("messages with words were what the error said", report.messages),
    ):
        print(f"{repo.name}: {held} of {seen} {what}, {held / max(seen, 1):.3f}")
    if given.missing:
        print("\n".join([*report.missing, *report.wrong]))


if __name__ == "__main__":
    main()
