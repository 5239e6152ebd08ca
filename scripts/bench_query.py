"""Measure answering on an indexed repository: citations, refusals, relations against `ast`, seconds. Exit 6 below a bar.

    python scripts/bench_query.py brain/graph.sqlite [more graphs …] [--json] [--sample N]

Each graph's repository must still be where it was extracted. Fakes are real names at edit distance 1 and 2 and plausible joins
of real parts; foreign deeds are how-to questions about what few programs do (one that does some of it answers those). The oracle
for "who calls" is Python's own `ast`, restricted to direct calls of names imported or defined in the file.
"""

from __future__ import annotations

import argparse
import ast
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from brain.view import is_aside, is_public, is_test
from config.console import Console
from config.settings import QuerySettings
from extractor.schema import Node
from inference.answer import Answer, Expert

ROOT = Path(__file__).resolve().parents[1]
FORMS = (
    "What does {} do?",
    "Where is {} defined?",
    "who calls {}",
    "which errors does {} raise?",
    "What does {} call and return?",
)
# What few programs do: a repository that does none of it has no answer, whatever word of it stands somewhere.
FOREIGN = """
    How do I send an SMS?
    How do I resize an image?
    Can it play a sound?
    How do I train a neural network?
    Does it support barcode scanning?
    How do I compress a video?
    How do I translate a text into French?
    Can it control a robot?
    How do I mine a block?
    How do I open a serial port?
    How do I render a 3D model?
    Does it support Kubernetes deployments?
    How do I sign a PDF?
    How do I plot a histogram?
    Can it recognise faces?
    How do I calculate a route on a map?
    How do I stream audio?
    How do I write to a Kafka topic?
    Does it support GraphQL subscriptions?
    How do I print a receipt?
    Can I lock a file across processes?
    How do I encrypt a message?
    How do I detect the language of a text?
    How do I parse a date in natural language?
    Can it merge two branches?
    How do I deploy to a server?
    How do I generate a random password?
    Does it have a graphical editor?
    How do I undo the last change?
    How do I run a task in a background thread?
    Can it import contacts?
    How do I filter spam?
    How do I rotate the log files?
    How do I convert a value to Roman numerals?
    Does it check spelling?
    How do I connect to a printer?
    How do I monitor memory use?
    Can it solve equations?
    How do I rank search results?
    How do I archive old messages?
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value and the bar it must keep: `at_least`, or `at_most` when that is set."""

    name: str
    value: float
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def kept(self) -> bool:
        low = self.at_least is None or self.value >= self.at_least
        return low and (self.at_most is None or self.value <= self.at_most)

    def line(self) -> str:
        bar = (
            f"≥ {self.at_least:g}"
            if self.at_least is not None
            else f"≤ {self.at_most:g}"
            if self.at_most is not None
            else ""
        )
        return f"{'ok  ' if self.kept else 'FAIL'} {self.name:<34} {self.value:>9.4f}  {bar:<9} {self.note}"


def symbols(expert: Expert) -> list[Node]:
    nodes = expert.graph.nodes(["class", "function", "method"])
    return [
        n
        for n in nodes
        if is_public(n) and not is_test(n.path) and not is_aside(n.path) and not n.name.startswith("__")
    ]


def fakes(real: list[Node], rng: random.Random, count: int) -> list[str]:
    """Names that do not exist but look as if they might."""
    names = {n.name for n in real} | {n.qualname for n in real}
    parts = sorted({part for n in real for part in n.name.split("_") if len(part) > 2})
    made: list[str] = []
    while len(made) < count:
        node = rng.choice(real)
        name, turn = node.name, len(made) % 3
        if turn == 0:
            at = rng.randrange(1, len(name) + 1)
            fake = name[:at] + rng.choice("aeiourstln") + name[at:]
        elif turn == 1:
            at = rng.randrange(len(name))
            fake = name[:at] + rng.choice("xqzkw") + rng.choice("aeiou") + name[at + 1 :]
        else:
            fake = f"{rng.choice(parts)}_{rng.choice(parts)}"
        owner = node.qualname.rpartition(".")[0]
        full = f"{owner}.{fake}" if owner and turn != 2 else fake
        if (
            fake.isidentifier()
            and fake not in names
            and full not in names
            and fake.lower() not in {n.lower() for n in names}
        ):
            made.append(full if "." in full or "_" in full or turn == 2 else f"`{full}`")
    return made


def citations_of(answer: Answer, root: Path) -> Iterator[bool]:
    """Whether each printed citation holds, checked independently of the code under test."""
    for citation in answer.citations:
        lines = (root / citation.path).read_bytes().split(b"\n")
        yield 1 <= citation.start_line <= citation.end_line <= len(lines) and bool(
            b"".join(lines[citation.start_line - 1 : citation.end_line]).strip()
        )


def oracle(root: Path, expert: Expert) -> dict[str, set[tuple[str, int]]]:
    """node id -> (path, line) of direct calls that `ast` alone can attribute: imported or same-file module-level functions."""
    tops = {
        (n.path, n.name): n.id
        for n in expert.graph.nodes(["function"])
        if "." not in n.qualname and n.id.count("@") == 0
    }
    by_module = {
        row.path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): row.path
        for row in expert.graph.files()
    }
    found: dict[str, set[tuple[str, int]]] = {}
    for row in expert.graph.files():
        if not row.path.endswith(".py") or row.status != "ok":
            continue
        try:
            tree = ast.parse((root / row.path).read_bytes())
        except (SyntaxError, ValueError):
            continue  # another Python's syntax: the oracle has nothing to say about it
        names = {
            node.name: tops.get((row.path, node.name), "") for node in tree.body if isinstance(node, ast.FunctionDef)
        }
        package = row.path.rpartition("/")[0].split("/")
        for statement in tree.body:
            if isinstance(statement, ast.ImportFrom) and statement.level:
                base = package[: len(package) - statement.level + 1]
                module = ".".join([*base, *(statement.module or "").split(".")]).strip(".")
                for alias in statement.names:
                    target = tops.get((by_module.get(module, ""), alias.name), "")
                    if target:
                        names[alias.asname or alias.name] = target
        stored = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        stored |= {
            a.arg
            for n in ast.walk(tree)
            if isinstance(n, ast.arguments)
            for a in (*n.args, *n.kwonlyargs, *n.posonlyargs)
        }
        stored |= {
            n.name for top in tree.body for n in ast.walk(top) if isinstance(n, ast.FunctionDef) and n is not top
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id not in stored:
                target = names.get(node.func.id, "")
                if target:
                    found.setdefault(target, set()).add((row.path, node.lineno))
    return found


def measure(graph: Path, sample: int) -> list[Figure]:
    rng = random.Random(0)
    label = graph.parent.name
    with Expert(QuerySettings(graph=graph), Console(quiet=True)) as expert:
        root = Path(expert.manifest.root)
        real = symbols(expert)
        asked = rng.sample(real, min(sample, len(real)))
        seconds: list[float] = []
        valid: list[bool] = []
        false_refusals = 0
        for number, node in enumerate(asked):
            begun = time.perf_counter()
            answer = expert.ask(
                FORMS[number % len(FORMS)].format(node.qualname if "." in node.qualname else f"`{node.name}`")
            )
            seconds.append(time.perf_counter() - begun)
            valid += citations_of(answer, root)
            false_refusals += any(s["value"] == "missing" for s in answer.why["sections"])
        invented = fakes(real, rng, sample)
        refused = [expert.ask(FORMS[n % len(FORMS)].format(name)) for n, name in enumerate(invented)]
        caught = sum(a.exit_code == 1 and not any(s["value"] == "yes" for s in a.why["sections"]) for a in refused)
        foreign = FOREIGN.strip().split("\n")
        begun = time.perf_counter()
        declined = sum(expert.ask(question.strip()).exit_code == 1 for question in foreign)
        prose = (time.perf_counter() - begun) / len(foreign)
        hits = total = 0
        for target, sites in sorted(oracle(root, expert).items()):
            product = {s for s in sites if not is_test(s[0])}
            if not product:
                continue
            answer = expert.ask(f"who calls {target}")
            said = {(c.path, c.start_line) for c in answer.citations}
            total += len(product)
            hits += len(product & said)
    return [
        Figure(f"{label}: citations valid", sum(valid) / len(valid), at_least=1.0, note=f"{len(valid)} printed"),
        Figure(f"{label}: refusal of fakes", caught / len(invented), at_least=0.95, note=f"{len(invented)} fakes"),
        Figure(f"{label}: false refusal", false_refusals / len(asked), at_most=0.02, note=f"{len(asked)} real names"),
        Figure(
            f"{label}: refusal of foreign deeds",
            declined / len(foreign),
            at_least=0.9,
            note=f"{len(foreign)} questions",
        ),
        Figure(
            f"{label}: who-calls recall vs ast",
            hits / total if total else 1.0,
            at_least=0.95,
            note=f"{total} direct calls",
        ),
        Figure(f"{label}: foreign, mean s", prose, at_most=0.3),
        Figure(f"{label}: extractive p50 s", statistics.median(seconds)),
        Figure(f"{label}: extractive p95 s", sorted(seconds)[int(len(seconds) * 0.95)], at_most=0.3),
    ]


def cold(graph: Path) -> list[Figure]:
    """Whole processes, best of three: what a user waits for."""
    figures = []
    for name, arguments, bar in (("cold CLI s", ["Where is main defined?"], 1.2), ("--help s", ["--help"], 0.5)):
        command = [sys.executable, str(ROOT / "inference" / "query.py"), "--set", f"graph={graph}", *arguments]
        taken = []
        for _ in range(3):
            begun = time.perf_counter()
            subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
            )
            taken.append(time.perf_counter() - begun)
        figures.append(Figure(name, min(taken), at_most=bar, note="best of 3"))
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("graphs", nargs="+", type=Path)
    parser.add_argument("--sample", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = [figure for graph in options.graphs for figure in measure(graph, options.sample)] + cold(
        options.graphs[0]
    )
    if options.json:
        print(json.dumps([{"name": f.name, "value": f.value, "kept": f.kept} for f in figures]))
    else:
        print("\n".join(figure.line() for figure in figures))
    return 0 if all(figure.kept for figure in figures) else 6


if __name__ == "__main__":
    sys.exit(main())
