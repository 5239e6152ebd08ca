"""How well search finds what is meant: docstring -> function, annotated question -> files, commit subject -> file.

    python scripts/bench_search.py docstrings PACKAGE_DIR… [--work DIR] [--ablate] [--vectors]
    python scripts/bench_search.py questions REPOSITORY… [--work DIR] [--ablate]
    python scripts/bench_search.py commits CLONE_OR_RELEASE… [--work DIR] [--ablate]
    python scripts/bench_search.py speed GRAPH

The first docstring sentence of a function is the question, the function is the answer, and every docstring is stripped from
the sources before extract and brain see them, so no note can leak it. `masked` also hides each function's own name. The
annotated questions stand in `search_questions.tsv`, by the first word of the repository's folder, with every file that
answers them and every file that adds to an answer, worth half; their first column is NDCG@10. All from marshmallow on were
written before any search ran on them; the last 30 (tornado, rich, hikaricp) were held out of every change until it was
made. Commits are those of a clone, or of the ChangeLog an unpacked release brings along. Plain FTS5 on the same questions
says how hard they are. Prints one table row per variant: the mean with a bootstrap interval, recall at 1, 5 and 10, wall
time per question and its mean CPU time.
"""

from __future__ import annotations

import argparse
import ast
import json
import math
import random
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from brain.asking import STOP_WORDS
from brain.build import run as run_brain
from brain.corpus import is_document
from brain.embed import run as run_embed
from brain.embedders import Embedder, open_embedder
from brain.index import index_path, open_index
from brain.lookup import FEATURES, Hit, Lookup
from brain.text import first_sentence, identifiers
from config.console import Console
from config.settings import BrainSettings, ExtractSettings
from extractor.languages import SOURCE_SUFFIXES

Q = TypeVar("Q")
Question = tuple[str, str, int]  # the words, the file and the line of the function they describe
Place = tuple[int, float]  # where on the page a right answer stands, and what it is worth


@dataclass(frozen=True, slots=True)
class Score:
    name: str
    questions: int
    mrr: float
    low: float
    high: float
    at: tuple[float, float, float]
    p50: float
    p95: float
    cpu: float  # milliseconds per question, of this process

    def line(self) -> str:
        recall = "  ".join(f"{value:.3f}" for value in self.at)
        interval = f"[{self.low:.3f}, {self.high:.3f}]"
        return f"{self.name:28} {self.mrr:.3f} {interval}  {recall}  {self.p50:6.1f} {self.p95:6.1f} {self.cpu:6.1f}"


HEADER = f"{'variant':28} mean  95 % interval    R@1    R@5    R@10   p50 ms p95 ms cpu ms"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=("docstrings", "questions", "commits", "speed"))
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument(
        "--work", type=Path, default=Path("reports/bench_search"), help="where stripped copies and graphs go"
    )
    parser.add_argument("--ablate", action="store_true", help="one more row per ranking feature left out")
    parser.add_argument("--vectors", action="store_true", help="words and vectors: embed the rows first, with MiniLM")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    scores: list[Score] = []
    if options.task == "docstrings":
        for masked in (False, True):
            scores += docstrings(
                options.paths, options.work / ("masked" if masked else "plain"), masked, options.ablate, options.vectors
            )
    elif options.task == "questions":
        scores = annotated(options.paths, options.work / "questions", options.ablate)
    elif options.task == "commits":
        scores = commits(options.paths, options.work / "commits", options.ablate)
    else:
        scores = [speed(options.paths[0])]
    if options.json:
        print(json.dumps([{**{f: getattr(s, f) for f in s.__slots__}} for s in scores], indent=1))
    else:
        print(HEADER, *(score.line() for score in scores), sep="\n")
    return 0


def docstrings(packages: Sequence[Path], work: Path, masked: bool, ablate: bool, vectors: bool) -> list[Score]:
    """Strip the packages into one tree, build a brain over it, and ask every question of every variant."""
    shutil.rmtree(work, ignore_errors=True)
    tree = work / "sources"
    questions: list[Question] = []
    for package in packages:
        for place in sorted(package.rglob("*.py")):
            target = tree / package.name / place.relative_to(package)
            target.parent.mkdir(parents=True, exist_ok=True)
            code, found = strip(place.read_text(encoding="utf-8"), masked)
            target.write_text(code, encoding="utf-8")
            path = target.relative_to(tree).as_posix()
            questions += [(sentence, path, line) for sentence, line in found]
    graph = build(tree, work)
    label = "masked" if masked else "docstring -> function"

    def ask(lookup: Lookup) -> Callable[[Question], list[Place]]:
        return lambda q: rank_of(lookup.search(q[0], 100, kinds=("function", "method")), q[1], q[2])

    return variants(graph, label, questions, ask, ablate, embedded(graph) if vectors else None)


def annotated(repositories: Sequence[Path], work: Path, ablate: bool) -> list[Score]:
    """NDCG@10 of the annotated questions over whole repositories, by kind of question and over all, beside plain FTS5."""
    table = Path(__file__).with_name("search_questions.tsv").read_text(encoding="utf-8").splitlines()
    rows = [tuple(line.split("\t")) for line in table if line]
    graphs = {p.name.partition("-")[0]: build(p, work / p.name) for p in repositories}
    asked = [row for row in rows if row[0] in graphs]
    plain = {name: plain_search(graph) for name, graph in graphs.items()}
    scores = [graded("plain FTS5", asked, lambda row: plain[row[0]](row[2]))]
    for without in ((), *(((f,) for f in FEATURES) if ablate else ()), *((FEATURES,) if ablate else ())):
        lookups = {name: Lookup.open(graph, without) for name, graph in graphs.items()}
        name = "annotated" if not without else f"  without {without[0] if len(without) == 1 else 'any feature'}"

        def found(row: tuple[str, ...], lookups: dict[str, Lookup] = lookups) -> list[str]:
            return [hit.path for hit in lookups[row[0]].search(row[2], 10)]

        for kind in ("all",) if without else ("all", "architecture", "semantic", "symbol", "prose"):
            scores.append(graded(f"{name}, {kind}", [r for r in asked if kind in ("all", r[1])], found))
        for lookup in lookups.values():
            lookup.close()
    return scores


def graded(name: str, rows: Sequence[tuple[str, ...]], found: Callable[[tuple[str, ...]], list[str]]) -> Score:
    """NDCG@10 of these questions, `found` giving the paths of a page: a file counts where it stands first."""

    def places(row: tuple[str, ...]) -> list[tuple[int, float]]:
        paths, gains = found(row), gains_of(row)
        return [(i, gains[p]) for i, p in enumerate(paths, 1) if p in gains and p not in paths[: i - 1]]

    return measure(name, rows, places, lambda row, found: ndcg(found, gains_of(row)))


def gains_of(row: tuple[str, ...]) -> dict[str, float]:
    """What each file is worth to a question: 1 where it is the answer, half where it adds to it."""
    answers, adding = row[3].split(), row[4].split() if len(row) > 4 else []
    return {**dict.fromkeys(adding, 0.5), **dict.fromkeys(answers, 1.0)}


def ndcg(found: Sequence[Place], gains: Mapping[str, float]) -> float:
    """The gains at these places against the best that these files could give in ten places."""
    ideal = sorted(gains.values(), reverse=True)[:10]
    return sum(g / math.log2(i + 1) for i, g in found) / sum(g / math.log2(i + 1) for i, g in enumerate(ideal, 1))


def plain_search(graph: Path, k: int = 10) -> Callable[[str], list[str]]:
    """What SQLite finds by itself: passages of about 750 characters, its own word breaker, no stems, any of the words, BM25.
    It says how hard a set of questions is."""
    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE passages USING fts5(path, text)")
    with closing(open_index(index_path(graph))) as index:
        for path, text in index.execute("SELECT path, text FROM texts ORDER BY path").fetchall():
            part = ""
            for line in text.splitlines(keepends=True):
                if len(part) + len(line) > 750 and part:
                    db.execute("INSERT INTO passages VALUES (?,?)", (path, part))
                    part = ""
                part += line
            db.execute("INSERT INTO passages VALUES (?,?)", (path, part))

    def search(question: str) -> list[str]:
        words = re.findall(r"\w+", question)
        match = " OR ".join(f'"{w}"' for w in [w for w in words if w.lower() not in STOP_WORDS] or words)
        query = "SELECT path FROM passages WHERE passages MATCH ? ORDER BY rank, rowid LIMIT ?"
        return [row[0] for row in db.execute(query, (match, k))]

    return search


def commits(places: Sequence[Path], work: Path, ablate: bool) -> list[Score]:
    """Index each history's last state; the subject of each of its newest small commits asks for a file it changed."""
    scores = []
    for place in places:
        shutil.rmtree(work / place.name, ignore_errors=True)
        tree = place
        if not (place / ".git").exists():  # what lists the commits would answer every question
            tree = work / place.name / "sources"
            shutil.copytree(place, tree, symlinks=True, ignore=shutil.ignore_patterns("[Cc]hange[Ll]og*"))
        graph = build(tree, work / place.name)
        questions = list(islice(subjects(place), 400))

        def asked(search: Callable[[str], Iterable[str]]) -> Callable[[tuple[str, tuple[str, ...]]], list[Place]]:
            return lambda q: code_at(search(q[0]), q[1])

        def ask(lookup: Lookup) -> Callable[[tuple[str, tuple[str, ...]]], list[Place]]:
            return asked(lambda text: (hit.path for hit in lookup.search(text, 50)))

        scores.append(measure(f"{place.name}, plain FTS5", questions, asked(plain_search(graph, 100))))
        scores += variants(graph, place.name, questions, ask, ablate)
    return scores


def code_at(paths: Iterable[str], files: Collection[str]) -> list[Place]:
    """Where these files stand among the paths of code, each counted once."""
    code = dict.fromkeys(path for path in paths if not is_document(path))
    return [(i, 1.0) for i, path in enumerate(code, 1) if path in files]


def speed(graph: Path) -> Score:
    """Time per question over the names and first sentences of the graph itself."""
    with Lookup.open(graph) as lookup:
        texts = [str(n.meta.get("doc", "")) for n in lookup.graph.nodes(("function", "method"))]
        questions = [s for s in map(first_sentence, texts) if s]
        random.Random(0).shuffle(questions)
        return measure(graph.as_posix(), questions[:500], lambda q: [(1, 1.0)] if lookup.search(q) else [])


def variants(
    graph: Path,
    label: str,
    questions: Sequence[Q],
    ask: Callable[[Lookup], Callable[[Q], list[Place]]],
    ablate: bool,
    embedder: Embedder | None = None,
) -> list[Score]:
    scores = []
    for without in ((), *(((f,) for f in FEATURES) if ablate else ()), *((FEATURES,) if ablate else ())):
        with Lookup.open(graph, without, embedder) as lookup:
            name = label if not without else f"  without {without[0] if len(without) == 1 else 'any feature'}"
            scores.append(measure(name, questions, ask(lookup)))
    return scores


def reciprocal(_: object, places: Sequence[Place]) -> float:
    return 1 / places[0][0] if places else 0.0


def measure(
    name: str,
    questions: Sequence[Q],
    answer: Callable[[Q], list[Place]],
    gain: Callable[[Q, Sequence[Place]], float] = reciprocal,
) -> Score:
    """`answer` gives the places of the right hits, best first."""
    places, times = [], []
    cpu = time.process_time()
    for question in questions:
        started = time.perf_counter()
        places.append(answer(question))
        times.append((time.perf_counter() - started) * 1000)
    cpu = (time.process_time() - cpu) * 1000 / max(1, len(questions))
    gains = [gain(q, p) for q, p in zip(questions, places, strict=True)]
    rng = random.Random(0)
    means = sorted(statistics.fmean(rng.choices(gains, k=len(gains))) for _ in range(300)) if gains else [0.0] * 300
    at = tuple(sum(bool(p) and p[0][0] <= k for p in places) / max(1, len(places)) for k in (1, 5, 10))
    spread = statistics.quantiles(times, n=20) if len(times) > 1 else [0.0] * 19
    mean = statistics.fmean(gains) if gains else 0.0
    return Score(name, len(gains), mean, means[7], means[292], (at[0], at[1], at[2]), spread[9], spread[18], cpu)


def rank_of(hits: Sequence[Hit], path: str, line: int) -> list[Place]:
    """Place of the function that begins on `line`, decorators allowed for."""
    return [(i, 1.0) for i, h in enumerate(hits, 1) if h.path == path and h.start <= line <= min(h.start + 8, h.end)][
        :1
    ]


def embedded(graph: Path) -> Embedder:
    """Every row of the index beside `graph` as a vector; returns what made them."""
    settings = BrainSettings(graph=graph)
    report = run_embed(settings, Console(quiet=True))
    print(f"{graph}: {'; '.join(report.lines())}", file=sys.stderr)
    return open_embedder(settings.embed)


def build(repo: Path, work: Path) -> Path:
    from extractor.extract import run as run_extract

    graph = work / "graph.sqlite"
    console = Console(quiet=True)
    run_extract(ExtractSettings(out_graph=graph, workers=1), console, repo)
    report = run_brain(BrainSettings(graph=graph, out_dir=work / "nodes"), console)
    print(f"{repo}: {report.rows:,} rows, brain {report.seconds:.1f} s", file=sys.stderr)
    return graph


def strip(code: str, masked: bool) -> tuple[str, list[tuple[str, int]]]:
    """The code without docstrings, line for line, and (first sentence, line of `def`) of each function that had one."""
    tree = ast.parse(code)
    lines = code.splitlines()
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        doc = ast.get_docstring(node)
        if doc is not None:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                sentence = first_sentence(doc, limit=60)
                if len(identifiers(sentence)) >= 5:
                    found.append((sentence, node.lineno))
            blank(lines, node.body[0])
        if masked and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno:
            for number in range(node.lineno - 1, node.end_lineno):
                lines[number] = re.sub(rf"\b{re.escape(node.name)}\b", "_fn_", lines[number])
    return "\n".join(lines) + "\n", found


def blank(lines: list[str], statement: ast.stmt) -> None:
    """Put `...` in place of a docstring and empty the lines it spread over."""
    first, last = statement.lineno - 1, (statement.end_lineno or statement.lineno) - 1
    head = lines[first].encode()[: statement.col_offset].decode()
    tail = lines[last].encode()[statement.end_col_offset :].decode()
    lines[first] = head + "..." + (tail if first == last else "")
    for number in range(first + 1, last + 1):
        lines[number] = tail if number == last and tail.strip() else ""


def subjects(place: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(subject, changed source files) of the small commits whose files still exist, newest first."""
    for subject, names in history(place):
        files = tuple(n for n in names if n.endswith(tuple(SOURCE_SUFFIXES)))
        subject = re.sub(r"\(?#\d+\)?", "", " ".join(subject.split())).strip()
        dull = re.search(r"\b(?:release|version|bump|typo|format|docs?|revert|merge|lint|changelog)\b", subject, re.I)
        if (
            files
            and len(files) <= 2
            and len(subject.split()) >= 4
            and not dull
            and any((place / f).is_file() for f in files)
        ):
            yield subject, files


def history(place: Path) -> Iterator[tuple[str, list[str]]]:
    """(subject, changed files) of each commit, newest first: of a clone, or of the ChangeLog that a release was packed with,
    written by `git log --stat`, by `git log --name-status`, or as `* files:` and what was done (GStreamer, Mercurial)."""
    if (place / ".git").exists():
        command = ["git", "-C", str(place), "log", "--no-merges", "--name-only", "-n", "3000", "--format=%x00%s"]
        for entry in subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\0")[1:]:
            subject, _, names = entry.partition("\n")
            yield subject, names.split("\n")
        return
    for log in sorted(place.glob("ChangeLog*")):
        text = log.read_text(encoding="utf-8", errors="replace")
        for entry in re.split(r"^commit [0-9a-f]{40}.*\n", text, flags=re.M)[1:]:
            said = re.search(r"^    (\S.*)", entry, re.M)
            if said and not re.search(r"^Merge:", entry, re.M):
                yield said[1], re.findall(r"^(?: (?=\S)|[MAD]\t)([^|{}>\n]*?)(?: +\| +\d+.*)?$", entry, re.M)
        for day in re.split(r"^\d{4}-\d\d-\d\d .*\n", text, flags=re.M)[1:]:
            for names, said in _STARRED.findall(day):
                yield said, re.split(r"[,\s:*]+", names)


# Lines of `* file, file:`, then what was done, indented as deep or deeper.
_STARRED = re.compile(
    r"((?:^\t\* [^\n:]*(?:\n\t[^*\s][^\n:]*)*:[ ]*\n)+)\t ?\s*(\S[^\n]*(?:\n\t[^*\[\s][^\n]*)*)", re.M
)


if __name__ == "__main__":
    sys.exit(main())
