"""The whole road on one repository: extract, brain, dataset, train tiny, then three questions that the code itself suggests.

Usage: demo.py [REPO]. Every step is the command a user would type, printed before it runs; the first that fails stops the demo
with its exit code. `make demo` runs it.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)

from brain.importance import rank
from brain.view import is_test
from config.settings import QuerySettings
from extractor.graph import Graph
from trainer.pack import read_pack

ADAPTERS = Path("models")
FEW = 8  # more callees than this make a dull first answer


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


def questions(graph: Graph, trained: frozenset[str]) -> Iterator[tuple[str, ...]]:
    """Three questions about the most important symbols, as query's arguments: what it calls, which errors, and the expert's own word."""
    importance = rank(graph)
    symbols = sorted(
        (
            n
            for n in graph.nodes(("class", "function", "method"))
            if n.meta.get("visibility") == "public" and not is_test(n.path)
        ),
        key=lambda n: (-importance[n.id].total if n.id in importance else 0, n.id),
    )
    calls = Counter(e.src for e in graph.edges(("calls",)) if not e.dst.startswith("ext:"))
    raises = Counter(e.src for e in graph.edges(("throws",)) if e.meta.get("how", "direct") == "direct")
    caller = next((n for n in symbols if 2 <= calls[n.id] <= FEW), None)
    raiser = next((n for n in symbols if raises[n.id]), None)
    learnt = next((n for n in symbols if n.id in trained), None)
    if caller:
        yield (f"Where is `{caller.qualname}` defined and what does it call?",)
    if raiser:
        yield (f"Which errors can `{raiser.qualname}` raise?",)
    if learnt:
        yield (
            f"Where is `{learnt.qualname}` defined?",
            "--mode",
            "both",
            "--adapter",
            str(ADAPTERS / adapter_of(graph)),
        )


def adapter_of(graph: Graph) -> str:
    """The folder name that `train tiny` gives to the adapter of this graph's repository."""
    return f"{graph.manifest.project}-nanodex-lora"


def main() -> None:
    repo = sys.argv[1] if len(sys.argv) > 1 else "."
    start = time.monotonic()
    step("extract", repo)
    step("brain")
    step("dataset")
    step("train", "tiny")
    with Graph(QuerySettings().graph) as graph:
        pack = read_pack(ADAPTERS / adapter_of(graph))
        asked = list(questions(graph, frozenset(pack.nodes)))
    for arguments in asked:
        step("query", *arguments)
    minutes, seconds = divmod(round(time.monotonic() - start), 60)
    print(
        f'\nThat was the whole road, in {minutes} min {seconds} s. Ask your own: python inference/query.py --question "…"'
    )


if __name__ == "__main__":
    main()
