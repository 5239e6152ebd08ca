"""How fast and how large: extract measured on a corpus, each figure beside a reference taken in the same run.

    python scripts/bench_extract.py                      the interpreter's own standard library
    python scripts/bench_extract.py --corpus DIR         any Python repository

Every measurement runs in a process of its own, on a copy of the corpus, so that memory peaks and start-up are its own. The
reference is tree-sitter parsing the same bytes and doing nothing else: what no extractor can be faster than.
"""

from __future__ import annotations

import argparse
import json
import operator
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_SKIPPED = {"site-packages", "__pycache__", "test"}


def main() -> int:
    """Print the table, or with --measure one measurement as JSON; 6 when a bar was missed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument(
        "--corpus", type=Path, help="a folder of Python source; default: the standard library without its tests"
    )
    options.add_argument("--json", action="store_true", help="print the figures as JSON")
    options.add_argument("--measure", choices=[*MEASUREMENTS], help=argparse.SUPPRESS)
    options.add_argument("--arguments", nargs="*", default=[], help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.measure:
        print(json.dumps(MEASUREMENTS[given.measure](*given.arguments)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        figures = bench(given.corpus or Path(sysconfig.get_paths()["stdlib"]), Path(folder))
    print(json.dumps(figures, indent=1) if given.json else table(figures))
    short = missed(figures)
    if short:
        print(f"missed: {', '.join(short)}", file=sys.stderr)
    return 6 if short else 0


# What each figure must keep: a comparison and its bound.
BARS: dict[str, tuple[str, float]] = {
    "lines_per_s": (">=", 20_000),
    "times_bare_parse": ("<=", 12),
    "two_workers_parse_gain": (">=", 1.7),
    "two_workers_gain": (">=", 1.25),
    "no_op_s": ("<", 1),
    "one_file_s": ("<", 0.3),
    "comment_s": ("<", 0.3),
    "incremental_equals_clean": (">=", 1),
    "peak_mb": ("<", 600),
    "graph_to_source": ("<=", 4),
    "large_to_small_speed": (">=", 0.75),
}
KEPT: dict[str, Callable[[float, float], bool]] = {"<": operator.lt, "<=": operator.le, ">=": operator.ge}


def missed(figures: dict[str, Any]) -> list[str]:
    """The figures that their bars do not allow."""
    return [name for name, (sign, bound) in BARS.items() if not KEPT[sign](figures[name], bound)]


def _bar(name: str) -> str:
    sign, bound = BARS[name]
    return f"{sign} {bound:,}"


def bench(corpus: Path, work: Path) -> dict[str, Any]:
    """Every figure, by name."""
    large, small = work / "large", work / "small"
    _copy(corpus, large, lines_wanted=None)
    _copy(corpus, small, lines_wanted=40_000)
    bare = _measured("parse", large)
    one = _measured("extract", large, work / "one" / "graph.sqlite", 1)
    figures: dict[str, Any] = {
        "files": bare["files"],
        "lines": bare["lines"],
        "source_bytes": bare["bytes"],
        "bare_parse_s": bare["seconds"],
        "one_worker_s": one["seconds"],
        "lines_per_s": bare["lines"] / one["seconds"],
        "times_bare_parse": one["seconds"] / bare["seconds"],
        "one_worker_cpu_s": one["cpu"],
        "cpu_times_bare_parse": one["cpu"] / bare["cpu"],
        "phases_s": one["phases"],
        "peak_mb": one["peak_mb"],
        "nodes": one["nodes"],
        "edges": one["edges"],
        "graph_bytes": one["graph_bytes"],
        "graph_to_source": one["graph_bytes"] / bare["bytes"],
    }
    two = _measured("extract", large, work / "two" / "graph.sqlite", 2)
    figures["two_workers_s"] = two["seconds"]
    figures["two_workers_parse_gain"] = one["phases"]["parse"] / two["phases"]["parse"]
    figures["two_workers_gain"] = one["seconds"] / two["seconds"]
    figures["no_op_s"] = _measured("extract", large, work / "one" / "graph.sqlite", 1)["seconds"]
    for figure, addition in (("one_file_s", _FUNCTION), ("comment_s", "# Said by the benchmark.\n\n")):
        _edit(large, addition)
        figures[figure] = _measured("extract", large, work / "one" / "graph.sqlite", 1)["seconds"]
    clean = _measured("extract", large, work / "clean" / "graph.sqlite", 1)
    figures["incremental_equals_clean"] = _dump(work / "one" / "graph.sqlite") == _dump(work / "clean" / "graph.sqlite")
    # A run of a second and a half is easily disturbed: the median of three, each from nothing.
    little = [_measured("extract", small, work / f"small{n}" / "graph.sqlite", 1) for n in range(3)]
    figures["small_lines"] = little[0]["loc"]
    figures["small_lines_per_s"] = little[0]["loc"] / median(run["seconds"] for run in little)
    figures["large_to_small_speed"] = (clean["loc"] / clean["seconds"]) / figures["small_lines_per_s"]
    return figures


def table(figures: dict[str, Any]) -> str:
    """The figures with their bars, for people."""
    f = figures
    rows = [
        ("corpus", f"{f['files']:,} files, {f['lines']:,} lines, {f['source_bytes'] / 1e6:.1f} MB", ""),
        ("bare tree-sitter parse (reference)", f"{f['bare_parse_s']:.2f} s", ""),
        ("extract, one worker", f"{f['one_worker_s']:.2f} s = {f['lines_per_s']:,.0f} lines/s", _bar("lines_per_s")),
        ("in bare parses", f"{f['times_bare_parse']:.1f}", _bar("times_bare_parse")),
        (
            "the same in CPU time",
            f"{f['one_worker_cpu_s']:.2f} s = {f['cpu_times_bare_parse']:.1f} bare parses",
            "what a busy machine does not disturb",
        ),
        (
            "two workers, parse phase",
            f"{f['two_workers_parse_gain']:.2f} times as fast",
            _bar("two_workers_parse_gain") + " on two free cores",
        ),
        (
            "two workers, whole run",
            f"{f['two_workers_gain']:.2f} times as fast",
            _bar("two_workers_gain") + " on two free cores",
        ),
        ("nothing changed", f"{f['no_op_s']:.2f} s", _bar("no_op_s")),
        ("one file changed: a function added", f"{f['one_file_s']:.2f} s", _bar("one_file_s")),
        ("one file changed: a comment added", f"{f['comment_s']:.2f} s", _bar("comment_s")),
        ("incremental equals clean", "yes" if f["incremental_equals_clean"] else "NO", "yes"),
        ("peak memory", f"{f['peak_mb']:.0f} MB", _bar("peak_mb")),
        (
            "graph to source",
            f"{f['graph_to_source']:.2f} ({f['nodes']:,} nodes, {f['edges']:,} edges)",
            _bar("graph_to_source"),
        ),
        (
            f"speed at {f['lines']:,} against {f['small_lines']:,} lines",
            f"{f['large_to_small_speed']:.2f}",
            _bar("large_to_small_speed"),
        ),
        ("phases", ", ".join(f"{name} {seconds:.2f}" for name, seconds in f["phases_s"].items()), ""),
    ]
    width = max(len(row[0]) for row in rows)
    return "\n".join(f"{name:<{width}}  {value}" + (f"   (bar: {bar})" if bar else "") for name, value, bar in rows)


def measure_parse(corpus: str) -> dict[str, Any]:
    """Parse every file with the bare grammar, one tree alive at a time; reading and start-up are not counted."""
    from tree_sitter import Parser

    from extractor.languages import BY_NAME, grammar

    parser = Parser(grammar(BY_NAME["python"]))
    texts = [path.read_bytes() for path in sorted(Path(corpus).rglob("*.py"))]
    started, cpu = time.perf_counter(), time.process_time()
    for text in texts:
        parser.parse(text)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    lines = sum(text.count(b"\n") for text in texts)
    return {"seconds": seconds, "cpu": cpu, "files": len(texts), "lines": lines, "bytes": sum(map(len, texts))}


def measure_extract(corpus: str, graph: str, workers: str) -> dict[str, Any]:
    """One run of the stage. Seconds are those of the whole stage; the interpreter's start and our imports are not in them."""
    import resource

    from config.console import Console
    from config.settings import ExtractSettings
    from extractor.extract import run

    chosen = ExtractSettings(out_graph=Path(graph), workers=int(workers), languages=["python"])
    started, cpu = time.perf_counter(), time.process_time()
    report = run(chosen, Console(quiet=True), Path(corpus))
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    return {
        "seconds": seconds,
        "cpu": cpu,
        "phases": report.phases,
        "loc": report.loc,
        "nodes": sum(report.nodes.values()),
        "edges": sum(report.edges.values()),
        "graph_bytes": Path(graph).stat().st_size,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


MEASUREMENTS: dict[str, Callable[..., dict[str, Any]]] = {"parse": measure_parse, "extract": measure_extract}


def _measured(what: str, *arguments: object) -> dict[str, Any]:
    command = [sys.executable, str(Path(__file__).resolve()), "--measure", what, "--arguments", *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def _copy(corpus: Path, target: Path, lines_wanted: int | None) -> None:
    """Whole top-level modules and packages in order of name, until there are enough lines."""
    lines = 0
    for path in sorted(corpus.rglob("*.py")):
        inside = path.relative_to(corpus)
        if _SKIPPED.isdisjoint(inside.parts) and (lines_wanted is None or lines < lines_wanted):
            copy = target / inside
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
            lines += copy.read_bytes().count(b"\n")


_FUNCTION = "def added_by_the_benchmark():\n    return added_by_the_benchmark()\n\n"


def _edit(corpus: Path, addition: str) -> None:
    """Put something at the head of the file in the middle."""
    paths = sorted(corpus.rglob("*.py"))
    path = paths[len(paths) // 2]
    path.write_bytes(addition.encode() + path.read_bytes())


def _dump(graph: Path) -> list[str]:
    from extractor.graph import Graph

    with Graph(graph) as opened:
        return list(opened.dump())


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    raise SystemExit(main())
