"""`nanodex doctor`: is every stage able to run here, and is what it left behind whole and up to date? Reads, never writes.

One Check per question, named after its stage. What is broken fails; what has simply not been made yet, or lags behind, is a
warning with the command that makes it.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from config.console import Console, plural
from config.errors import EXTRACT, InputError, NanodexError, UsageError, extract_again
from config.manifest import Manifest, code_version, digest, read_manifest
from config.settings import (
    STAGES,
    BrainSettings,
    DatasetSettings,
    ExtractSettings,
    QuerySettings,
    ServeSettings,
    load_settings,
)
from inference.checks import Check, Verdict, absent, fail, ok, verdict, warn
from inference.installed import ROOT, check_packages, installed, torch_cuda
from inference.runtime import ask_runtime, check_open_files, check_port, check_runtime, find_gpus, gib, interpreter
from inference.sessions import state_folder
from trainer.hardware import free_ram
from trainer.pack import Pack, adapters, current, file_digest

SETUP: Final = "make setup"
OTHER_CODE: Final = "they were made by another version of nanodex"
OLDEST_PYTHON: Final = (3, 11)
# Trigram tables, which the search index needs, came with this version.
OLDEST_SQLITE: Final = (3, 34, 0)
ENOUGH_DISK, ENOUGH_MEMORY = 4 * 2**30, 4 * 2**30


def run(console: Console, models: Path = Path("models"), repo: Path | None = None) -> Verdict:
    """Every check, in the order of the stages. `repo` overrides where the graph's manifest says the repository lies."""
    unreadable = list(check_settings())
    if any(check.status == "fail" for check in unreadable):
        return verdict([*check_environment(), *unreadable])  # where the artefacts lie cannot be told
    graph = load_settings(ExtractSettings, "extract").out_graph
    groups: list[tuple[str, Callable[[], Iterable[Check]]]] = [
        ("the environment", lambda: [*check_environment(), *unreadable]),
        ("extract", lambda: check_graph(graph, repo)),
        ("brain", lambda: [*check_brain(graph, load_settings(BrainSettings, "brain").out_dir), *check_vectors(graph)]),
        ("dataset", lambda: check_dataset(graph, load_settings(DatasetSettings, "dataset").out_jsonl)),
        ("train", lambda: [*check_trainer(), *check_packs(models, graph)]),
        ("serve", lambda: check_server(load_settings(ServeSettings, "serve"))),
        ("query", lambda: [check_writable("query: state folder", state_folder()), *check_endpoint()]),
    ]
    found: list[Check] = []
    with console.progress("looking at every stage", len(groups), "stages") as task:
        for name, ask in groups:
            task.describe(f"looking at {name}")
            found += ask()
            task.advance()
    return verdict(found)


def check_environment() -> Iterator[Check]:
    """Python, pinned packages, grammars, SQLite, git, disk and memory."""
    version = sys.version_info[:3]
    shown = ".".join(map(str, version))
    if version < OLDEST_PYTHON:
        yield fail("python", f"{shown}; nanodex needs 3.11 or newer", "PYTHON=python3.11 make setup")
    else:
        yield ok("python", f"{shown} at {sys.prefix}")
    yield check_packages("packages", "", SETUP)
    yield from check_grammars()
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        yield fail("sqlite", f"{sqlite3.sqlite_version} has no trigram index", "use a Python with SQLite 3.34 or newer")
    else:
        yield ok("sqlite", sqlite3.sqlite_version)
    if shutil.which("git"):
        yield ok("git", "found")
    else:
        yield warn("git", "not found: citations will carry content hashes instead of commits", "install git")
    yield check_writable("disk", Path())
    free, memory = shutil.disk_usage(Path()).free, free_ram()
    if free < ENOUGH_DISK:
        yield warn("disk space", f"{gib(free)} free here", "environments and models need about 4 GiB")
    else:
        yield ok("disk space", f"{gib(free)} free here")
    if memory < ENOUGH_MEMORY:
        yield warn(
            "memory", f"{gib(memory)} free", "make train-tiny needs about 4 GiB: close something, or lower batch_size"
        )
    else:
        yield ok("memory", f"{gib(memory)} free, {plural(os.cpu_count() or 1, 'core')}")


def check_settings(environ: Mapping[str, str] = os.environ) -> Iterator[Check]:
    """Every stage's template with the environment's overrides, and variables that look like settings and reach no stage."""
    prefixes = tuple({f"NANODEX_{stage.partition('_')[0].upper()}__" for stage in STAGES})
    stray = [name for name in sorted(environ) if name.startswith("NANODEX_") and "__" in name]
    stray = [name for name in stray if not name.startswith(prefixes)]
    if stray:
        known = ", ".join(sorted(prefixes))
        yield warn("settings", f"{' and '.join(stray)} reaches no stage", f"stages are {known}")
    wrong = 0
    for stage, model in STAGES.items():
        try:
            load_settings(model, stage, environ=environ)
        except UsageError as error:
            wrong += 1
            yield fail(f"settings: {stage}", error.message, error.hint, exit_code=UsageError.exit_code)
    if not wrong and not stray:
        yield ok("settings", f"{len(STAGES)} templates and the environment's overrides load")


def check_grammars() -> Iterator[Check]:
    from extractor.languages import check_grammars as load_all

    results = load_all()
    for name, good, detail in results:
        if not good:
            yield fail("extract: grammar", f"{name}: {detail}", SETUP)
    if all(good for _, good, _ in results):
        yield ok("extract: grammars", f"{len(results)} load")


def check_graph(graph: Path, repo: Path | None = None) -> Iterator[Check]:
    """The graph can be read, and says what the repository says."""
    from extractor.graph import Graph
    from extractor.status import status_of

    if not graph.is_file():
        yield absent("extract: graph", f"{graph} has not been made yet", EXTRACT)
        return
    try:
        with Graph(graph) as opened:
            source = opened.manifest
    except InputError as error:
        yield fail("extract: graph", error.message, error.hint)
        return
    again = extract_again(repo or source.root)
    try:
        state = status_of(graph, repo)
    except NanodexError as error:
        yield warn("extract: graph", f"its repository cannot be compared: {error.message}", EXTRACT)
        return
    changed = len(state.changed) + len(state.added) + len(state.deleted)
    if changed:
        yield warn("extract: graph", f"{plural(changed, 'file')} changed since it was made", again)
    else:
        yield ok("extract: graph", f"{source.project} at {source.commit[:7] or 'no commit'}, up to date")


def check_brain(graph: Path, notes: Path) -> Iterator[Check]:
    """Notes and index are whole and of this graph."""
    from brain.index import index_path, open_index
    from extractor.graph import Graph

    source = _readable(graph)
    if source is None:
        return
    try:
        made = read_manifest(notes)
        if made is None or not notes.is_dir():
            yield absent("brain: notes", f"there are no finished notes in {notes}", "make brain")
            return
        with Graph(graph) as opened:
            derived = opened.count("nodes", "origin").get("brain", 0)
        if derived != made.counts.get("ontology", 0) or made.commit != source.commit:
            yield warn("brain: notes", "they are of an earlier graph", "make brain")
        elif made.versions.get("brain") != code_version("brain"):
            yield warn("brain: notes", OTHER_CODE, "make brain")
        else:
            yield ok("brain: notes", f"{made.counts.get('nodes', 0):,} in {notes}")
        open_index(index_path(graph)).close()
        yield ok("brain: index", f"{made.counts.get('rows', 0):,} rows")
    except InputError as error:
        yield fail("brain: index", error.message, error.hint or "make brain")


def check_vectors(graph: Path) -> Iterator[Check]:
    """Vectors are optional; those that are there are of the index's rows."""
    from brain.embed import row_texts, vectors_path
    from brain.index import index_path

    path = vectors_path(graph)
    if not path.is_file():
        yield ok("brain: vectors", "none: search goes by words (make brain-embed adds them)")
        return
    if not index_path(graph).is_file():
        return  # check_brain says so
    try:
        made, texts = read_manifest(path), row_texts(graph)
    except InputError as error:
        yield fail("brain: vectors", error.message, "make brain-embed")
        return
    if made is None or made.inputs != digest(part for row in texts for part in row):
        yield warn("brain: vectors", "they are of an earlier index", "make brain-embed")
    elif made.versions.get("brain") != code_version("brain"):
        yield warn("brain: vectors", OTHER_CODE, "make brain-embed")
    else:
        yield ok("brain: vectors", f"{len(texts):,} rows")


def check_dataset(graph: Path, train: Path) -> Iterator[Check]:
    """The rows are whole and of this graph's commit."""
    source = _readable(graph)
    try:
        made = read_manifest(train)
    except InputError as error:
        yield fail("dataset: rows", error.message, error.hint)
        return
    if made is None or not train.is_file():
        yield absent("dataset: rows", f"{train} has not been made yet", "make dataset")
        return
    missing = [name for name in ("valid.jsonl", "test.jsonl") if not train.with_name(name).is_file()]
    if missing:
        yield fail(
            "dataset: rows",
            f"{' and '.join(missing)} beside {train} {'is' if len(missing) == 1 else 'are'} missing",
            "make dataset",
        )
    elif source is not None and _rows_are_old(made, source):
        yield warn("dataset: rows", "they are of an earlier graph or of earlier notes", "make dataset")
    elif made.versions.get("dataset") != code_version("dataset"):
        yield warn("dataset: rows", OTHER_CODE, "make dataset")
    else:
        yield ok("dataset: rows", f"{train} of {made.project or 'an unnamed project'}")


def _rows_are_old(made: Manifest, source: Manifest) -> bool:
    """Whether graph or notes changed since: the manifest's own digest, taken again (see dataset/generate.py)."""
    notes = read_manifest(Path(str(made.settings.get("nodes_dir") or "brain/nodes")))
    if notes is None:
        return made.commit != source.commit
    return made.inputs != digest((source.inputs, notes.inputs, json.dumps(notes.settings, sort_keys=True)))


def check_trainer() -> Iterator[Check]:
    """The training packages, and which build of torch they brought."""
    version = installed("torch")
    if not version:
        yield warn("train: packages", "torch is not installed: no training here, answering works without", SETUP)
        return
    yield check_packages("train: packages", "train", SETUP)
    cuda, gpus = torch_cuda(), find_gpus()
    build = f"torch {version}, {f'a CUDA {cuda} build' if cuda else 'a CPU-only build'}"
    if gpus and not cuda:
        fix = "rm -r .venv && make setup TORCH_INDEX=<an index with CUDA builds>"
        yield warn("train: torch", f"{build}, though {gpus[0].name} is there", fix)
    else:
        yield ok("train: torch", build + (f" on {gpus[0].name}" if gpus else ""))


def check_packs(models: Path, graph: Path) -> Iterator[Check]:
    """Each current adapter: its base is there, a server can load it, it knows the graph's commit."""
    try:
        packs, every = current(models), adapters(models)
    except InputError as error:
        yield fail("train: adapter", error.message, error.hint)
        return
    if not packs:
        yield absent("train: adapter", f"there is none below {models}/", "make train-tiny")
    source = _readable(graph)
    for pack in packs:
        yield _check_pack(pack, source, _rows_of(pack))
    if len(every) > 3 * max(1, len(packs)):
        yield warn(
            "train: versions", f"{len(every)} adapter versions below {models}/", "remove the ones you do not serve"
        )


def _rows_of(pack: Pack) -> str:
    """The digest of the rows now where the pack's training found its own, "" when they are gone or of another project."""
    train = Path(str(pack.settings.get("dataset") or "dataset"))
    try:
        made = read_manifest(train)
    except InputError:
        return ""  # check_dataset says so
    return file_digest(train) if made is not None and made.project == pack.project and train.is_file() else ""


def _check_pack(pack: Pack, source: Manifest | None, rows: str) -> Check:
    from inference.adapter import load_adapter
    from inference.preflight import find_base

    name = "train: adapter"
    adapter, checks = load_adapter(pack.path)
    if adapter is None:
        return fail(name, f"{pack.name}: {checks[-1].reason}", checks[-1].fix)
    if not pack.serveable:
        return warn(
            name, f"{pack.name} cannot be served: {'; '.join(pack.unserveable_reasons)}", "nanodex export merged"
        )
    try:
        find_base("", adapter)
    except InputError as error:
        return warn(name, f"{pack.name}: {error.message}", error.hint)
    again = f"nanodex train {pack.method} --refresh"
    if source is not None and pack.project == source.project and pack.commit and pack.commit != source.commit:
        return warn(name, f"{pack.name} was trained at {pack.commit[:7]}, the graph is at {source.commit[:7]}", again)
    if rows and rows != pack.dataset_sha256:
        return warn(name, f"{pack.name} was trained on earlier rows than {pack.settings['dataset']} holds", again)
    return ok(name, f"{pack.name} on {pack.base.id}")


def check_server(settings: ServeSettings) -> Iterator[Check]:
    """The interpreter that holds vLLM, the machine and the port."""
    try:
        python, reason = interpreter(settings.python, os.environ, ROOT)
        runtime = ask_runtime(python)
    except InputError as error:
        yield warn("serve: vllm", f"{error.message}; answering works without", error.hint)
        return
    yield ok("serve: interpreter", f"{python} ({reason})")
    for check in check_runtime(runtime):
        yield replace(check, name=f"serve: {check.name}")
    port = check_port(settings.host, settings.port)
    # An occupied port is no fault of the installation: it may be our own server.
    yield warn("serve: port", port.reason, port.fix) if port.status == "fail" else replace(port, name="serve: port")
    yield replace(check_open_files(), name="serve: open files")


def check_endpoint() -> Iterator[Check]:
    """The server that questions are sent to, when the settings name one."""
    from inference.backends import Endpoint

    settings = load_settings(QuerySettings, "query")
    if not settings.endpoint:
        yield ok("query: endpoint", "none is named: answers come from the graph")
        return
    try:
        Endpoint.connect(settings.model_copy(update={"timeout_s": min(settings.timeout_s, 5.0)}))
        yield ok("query: endpoint", f"{settings.endpoint} answers")
    except NanodexError as error:
        yield fail("query: endpoint", error.message, error.hint or "make serve", exit_code=error.exit_code)


def check_writable(name: str, folder: Path) -> Check:
    """Whether a file can be made in `folder`, or in the nearest folder above it that exists."""
    place = folder.absolute()
    while not place.is_dir():
        place = place.parent
    try:
        with tempfile.TemporaryFile(dir=place):
            return ok(name, f"{folder.absolute()} can be written")
    except OSError as error:
        return fail(
            name, f"{place} cannot be written: {error.strerror or error}", f"chmod u+w {place}, or free some space"
        )


def _readable(graph: Path) -> Manifest | None:
    """The graph's manifest, None when it is missing or unreadable: check_graph says so, once."""
    from extractor.graph import Graph

    if not graph.is_file():
        return None
    try:
        with Graph(graph) as opened:
            return opened.manifest
    except InputError:
        return None
