"""Measure the dataset stage: rows, coverage, CPU seconds and memory, per repository or on a large invented one.

    python scripts/bench_dataset.py REPO...          extract, brain and dataset with the default counts; every bar is checked
    python scripts/bench_dataset.py --rows 1000000   a large invented repository: time and peak memory of so many rows

Each dataset run has a process of its own, so that its CPU time and peak memory are its own. Exit code 6 when a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if not __package__:
    sys.path[0] = str(ROOT)

from brain import build
from config.console import Console
from config.manifest import Manifest, write_manifest
from config.settings import BrainSettings, DatasetSettings, ExtractSettings
from dataset import generate
from dataset.example import KINDS, read_examples
from dataset.score import normalise
from extractor import extract
from extractor.graph import Graph, write_graph
from extractor.schema import Edge, FileRow, Node, module_id, symbol_id

CPU_SECONDS, ROWS_CPU = 20.0, 8000  # of one core, for the default counts
MEMORY_GB = 1.0
QUIET = Console(quiet=True)
VERBS = "open close read write parse render fetch store merge split check build start stop send receive".split()  # noqa: SIM905
THINGS = "file record page token packet frame user order ticket image sample batch layer queue lock route".split()  # noqa: SIM905


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="*", type=Path)
    parser.add_argument("--rows", type=int, default=0, help="rows to make from an invented repository")
    parser.add_argument("--run", type=Path, help=argparse.SUPPRESS)  # the process that is measured
    parser.add_argument("--count", type=int, default=2000, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        return _measured(options.run, options.count)
    failed: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for repository in options.repositories:
            place = Path(folder) / repository.resolve().name
            _prepare(repository, place)
            failed += _report(place, repository.name, _spawn(place, 2000))
        if options.rows:
            place = Path(folder) / "invented"
            invent(place, options.rows)
            figures = _spawn(place, options.rows // len(KINDS))
            print(f"invented: {figures['rows']:,} rows, {figures['cpu']:.0f} s CPU, peak {figures['gb']:.2f} GB")
            failed += [f"invented: {figures['gb']:.2f} GB"] if figures["gb"] > MEMORY_GB else []
    for line in failed:
        print(f"MISSED {line}", file=sys.stderr)
    return 6 if failed else 0


def _prepare(repository: Path, place: Path) -> None:
    graph = place / "graph.sqlite"
    extract.run(ExtractSettings.model_validate({"out_graph": graph, "workers": 1}), QUIET, repository)
    build.run(BrainSettings.model_validate({"graph": graph, "out_dir": place / "nodes"}), QUIET, repository)


def _spawn(place: Path, count: int) -> dict[str, float]:
    command = [sys.executable, str(Path(__file__)), "--run", str(place), "--count", str(count)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _measured(place: Path, count: int) -> int:
    settings = DatasetSettings.model_validate(
        {
            "graph": place / "graph.sqlite",
            "nodes_dir": place / "nodes",
            "counts": dict.fromkeys(KINDS, count),
            "out_jsonl": place / "dataset" / "train.jsonl",
        }
    )
    started = time.process_time()
    report = generate.run(settings, QUIET)
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(json.dumps({"rows": report.rows, "cpu": time.process_time() - started, "gb": used}))
    return 0


def _report(place: Path, name: str, figures: dict[str, float]) -> list[str]:
    """Print one repository's figures and return the bars it misses."""
    train, *others, report_path = generate.outputs(place / "dataset" / "train.jsonl")
    report = json.loads(report_path.read_text(encoding="utf-8"))
    with Graph(place / "graph.sqlite") as graph:
        ids = {node.id for node in graph.nodes()}
    rows = list(read_examples(train))
    held = [e for path in others for e in read_examples(path) if e.meta.split != "T0"]
    prompts = Counter(normalise(e.prompt) for e in [*rows, *held])
    families = {e.meta.template.partition("/")[0] for e in rows}
    bars = {
        "refs resolve": all(set(e.refs) <= ids for e in [*rows, *held]),
        "no prompt twice": max(prompts.values(), default=0) <= 1,
        "refusals 8 to 15 %": 0.08 <= report["refusals"] <= 0.15 or not rows,
        "counts met or explained": all(report["by_kind"].get(k, 0) >= 2000 or k in report["shortages"] for k in KINDS),
        "90 % of public symbols have 3 facts": report["public_covered"] >= 0.9 * report["public"],
        "5 forms per fact of the top 50": report["top_facts_floor"] == 1.0,
        "families apart": not families
        & {e.meta.template.partition("/")[0] for e in held if e.meta.split in ("T1", "valid")},
        f"{CPU_SECONDS:.0f} s CPU": figures["cpu"] * ROWS_CPU / max(figures["rows"], ROWS_CPU) < CPU_SECONDS,
    }
    print(
        f"{name}: {report['rows']:,} rows, {report['facts']:,} facts, public {report['public_covered']}/{report['public']},"
        f" top floor {report['top_facts_floor']:.1%}, refusals {report['refusals']:.1%}, {figures['cpu']:.1f} s CPU,"
        f" {figures['gb']:.2f} GB; {', '.join(f'{k} {n}' for k, n in report['by_split'].items())}"
    )
    return [f"{name}: {bar}" for bar, kept in bars.items() if not kept]


def invent(place: Path, rows: int) -> None:
    """A graph large enough for `rows`: modules of functions that call and raise, each documented, with notes to match."""
    modules = max(4, rows // 800)
    nodes, edges, files = [Node("ext:builtins#ValueError", "external", "ValueError", "", "python")], [], []
    for number in range(modules):
        path = f"big/part{number // 50}/unit{number}.py"
        module = module_id("py", path)
        files.append(FileRow(path, "python", f"{number:064x}", "1", "ok", loc=200))
        nodes.append(
            Node(module, "module", f"unit{number}", path, "python", {"doc": "", "start_line": 1, "end_line": 200})
        )
        names = list(_names(number))
        for line, (name, meta) in enumerate(names, 1):
            node_id = symbol_id("py", path, name)
            nodes.append(
                Node(node_id, "function", name, path, "python", {**meta, "start_line": line, "end_line": line})
            )
            edges.append(Edge(node_id, module, "defined_in"))
            edges.append(Edge(node_id, symbol_id("py", path, names[line % len(names)][0]), "calls", line))
            if line % 2:
                details = {
                    "how": "direct",
                    "message": f"{name} got {{value}} instead of a number",
                    "guard": f"value < {line}",
                }
                edges.append(Edge(node_id, "ext:builtins#ValueError", "throws", line, 0.95, "raise", details))
    write_graph(place / "graph.sqlite", nodes, edges, files, [])
    write_manifest(place / "graph.sqlite", Manifest("extract", str(rows), project="big"))
    (place / "nodes").mkdir()
    write_manifest(place / "nodes", Manifest("brain", str(rows), counts={"ontology": 0}))


def _names(module: int) -> Iterator[tuple[str, dict[str, object]]]:
    for number in range(20):
        verb, thing = VERBS[number % len(VERBS)], THINGS[(module + number) % len(THINGS)]
        name = f"{verb}_{thing}_{module}_{number}"
        params = [{"name": "value", "annotation": "int", "default": ""}, {"name": "limit", "default": str(number)}]
        doc = f"{verb.capitalize()} the {thing} number {module} of shelf {number}."
        signature = f"def {name}(value: int, limit={number}) -> int"
        yield name, {"doc": doc, "params": params, "returns": "int", "signature": signature, "visibility": "public"}


if __name__ == "__main__":
    sys.exit(main())
