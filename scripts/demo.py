"""The whole road on one repository: extract, brain, dataset, train tiny, then three questions the code itself suggests.

Usage: demo.py [REPO]. Every step is the command a user would type, printed before it runs; the first that fails stops the demo
with its exit code. `make demo` runs it.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)

from brain.importance import rank
from config.settings import QuerySettings
from extractor.graph import Graph
from extractor.schema import Node


def step(*arguments: str) -> None:
    """Run one nanodex command, shown as it would be typed."""
    print(
        f"\n\033[1m$ nanodex {shlex.join(arguments)}\033[0m"
        if sys.stdout.isatty()
        else f"\n$ nanodex {shlex.join(arguments)}",
        flush=True,
    )
    done = subprocess.run([sys.executable, str(ROOT / "nanodex.py"), *arguments], check=False)
    if done.returncode:
        sys.exit(done.returncode)


def questions(graph: Graph) -> Iterator[str]:
    """Three questions about the most important symbols: where and what, which errors, who uses it."""
    importance = rank(graph)
    symbols = sorted(
        graph.nodes(("class", "function", "method")),
        key=lambda n: (-importance[n.id].total if n.id in importance else 0, n.id),
    )
    calls: dict[str, int] = {}
    callers: dict[str, int] = {}
    throws: dict[str, int] = {}
    for edge in graph.edges(("calls", "throws")):
        if edge.kind == "throws":
            throws[edge.src] = throws.get(edge.src, 0) + 1
        elif not edge.dst.startswith("ext:"):
            calls[edge.src] = calls.get(edge.src, 0) + 1
            callers[edge.dst] = callers.get(edge.dst, 0) + 1

    def best(counts: dict[str, int], least: int) -> Node | None:
        public = (n for n in symbols if n.meta.get("visibility") == "public" and "test" not in n.path)
        return next((n for n in public if counts.get(n.id, 0) >= least), None)

    if caller := best(calls, 2):
        yield f"Where is `{caller.qualname}` defined and what does it call?"
    if raiser := best(throws, 1):
        yield f"Which errors can `{raiser.qualname}` raise?"
    if used := best(callers, 2):
        yield f"Who calls `{used.qualname}`?"


def main() -> None:
    repo = sys.argv[1] if len(sys.argv) > 1 else "."
    start = time.monotonic()
    step("extract", repo)
    step("brain")
    step("dataset")
    step("train", "tiny")
    with Graph(QuerySettings().graph) as graph:
        asked = list(questions(graph))
    for question in asked:
        step("query", question)
    minutes, seconds = divmod(round(time.monotonic() - start), 60)
    print(
        f'\nThat was the whole road, in {minutes} min {seconds} s. Ask your own: python inference/query.py --question "…"'
    )


if __name__ == "__main__":
    main()
