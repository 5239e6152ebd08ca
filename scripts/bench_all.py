"""Every benchmark that needs no server, one after the other, and one table of what they found. Exit 6 when any of them missed a bar.

    python scripts/bench_all.py REPO…             quick: extract and search on the repositories themselves, few questions, minutes
    python scripts/bench_all.py --full REPO…      the standard library, all questions, training speed and memory as well

REPO are Python repositories (the README's figures are of click, flask and requests). The table goes to stdout and, with what
every benchmark printed beneath it, to reports/benchmarks.md. Each runs in a process of its own: run nothing else beside it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from config.manifest import write_atomically

MISSED = 6  # the exit code by which a benchmark says that a bar was not kept


@dataclass(frozen=True, slots=True)
class Ran:
    """One benchmark: its command as a reader would type it, its exit code, how long it took and what it printed."""

    name: str
    command: str
    code: int
    seconds: float
    output: str

    @property
    def verdict(self) -> str:
        return {0: "done", MISSED: "missed a bar"}.get(self.code, f"failed, exit code {self.code}")


def plan(repositories: list[Path], work: Path, full: bool) -> Iterator[tuple[str, list[str]]]:
    """Every benchmark's name and arguments, in the order of the stages."""
    graphs = [str(work / repo.name / "graph.sqlite") for repo in repositories]
    repos = [str(repo) for repo in repositories]
    yield "extract", ["bench_extract.py"] if full else ["bench_extract.py", "--corpus", repos[0]]
    yield "search: docstring → function", ["bench_search.py", "docstrings", *repos, "--work", str(work / "search")]
    if full:
        yield "search: question → files", ["bench_search.py", "questions", *repos, "--work", str(work / "questions")]
    yield "search: speed", ["bench_search.py", "speed", graphs[0]]
    yield "dataset", ["bench_dataset.py", *repos]
    yield "query", ["bench_query.py", *graphs, "--sample", "300" if full else "60"]
    if full:
        yield "train: speed", ["bench_train.py", "speed"]
        yield "train: memory", ["bench_train.py", "memory"]
    yield "train: start", ["bench_train.py", "startup"]


def index(repo: Path, place: Path) -> None:
    """Graph and brain of `repo` in `place`, made by the commands a user types."""
    for arguments in (
        ["extract", str(repo), "--out", str(place / "graph.sqlite")],
        ["brain", "--set", f"graph={place / 'graph.sqlite'}", "--set", f"out_dir={place / 'nodes'}"],
    ):
        subprocess.run(
            [sys.executable, str(ROOT / "nanodex.py"), *arguments, "-q"], check=True, stdout=subprocess.DEVNULL
        )


def run(name: str, arguments: list[str], work: Path) -> Ran:
    print(f"{name} …", file=sys.stderr, flush=True)
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / arguments[0]), *arguments[1:]],
        capture_output=True,
        text=True,
        check=False,
    )
    shown = " ".join(["python", f"scripts/{arguments[0]}", *(a.replace(f"{work}/", "…/") for a in arguments[1:])])
    # A benchmark's table and the bars it missed; of one that broke, the end of what it said.
    said = done.stdout.rstrip() + ("\n" + done.stderr.rstrip()[-2000:] if done.returncode else "")
    return Ran(name, shown, done.returncode, time.monotonic() - begun, said.strip())


def table(ran: list[Ran]) -> str:
    rows = [f"| {one.name} | {one.verdict} | {one.seconds:.0f} s | `{one.command}` |" for one in ran]
    return "\n".join(["| benchmark | result | took | command |", "|---|---|---|---|", *rows])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="+", type=Path, metavar="REPO")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("reports/benchmarks.md"))
    options = parser.parse_args()
    repositories = [repo.resolve() for repo in options.repositories]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for repo in repositories:
            index(repo, work / repo.name)
        ran = [run(name, arguments, work) for name, arguments in plan(repositories, work, options.full)]
    details = "\n\n".join(f"## {one.name}\n\n```\n{one.output}\n```" for one in ran)
    write_atomically(options.out, f"# Benchmarks\n\n{table(ran)}\n\n{details}\n")
    print(table(ran))
    print(f"\n{options.out}")
    return MISSED if any(one.code for one in ran) else 0


if __name__ == "__main__":
    sys.exit(main())
