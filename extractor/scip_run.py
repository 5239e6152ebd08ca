"""Runs the SCIP indexers found on PATH: a repository and its source files in, an index or the reason for its absence out.

An indexer works on a copy of the files in a temporary folder: nothing is ever written into the repository, and what extraction
leaves out is left out here too. It has a time limit; when it fails, its last words are kept and extraction goes on without it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from config.errors import IncompatibleInput
from extractor.scip import Index, read_index


class Indexer(NamedTuple):
    """A tool, the prefixes of node ids it knows, and its arguments for the files copied."""

    tool: str
    prefixes: tuple[str, ...]
    arguments: Callable[[Sequence[str]], list[str]]


def _python(paths: Sequence[str]) -> list[str]:
    # The environment file keeps it from asking pip, which may be missing and says nothing about this repository.
    return [
        "index",
        ".",
        "--project-name=repository",
        "--project-version=0",
        "--environment=environment.json",
        "--quiet",
    ]


def _typescript(paths: Sequence[str]) -> list[str]:
    projects = [p.rpartition("/")[0] for p in paths if p.rpartition("/")[2] == "tsconfig.json"]
    if "" in projects or not projects:
        return ["index", "--infer-tsconfig", "--no-progress-bar"]
    return ["index", "--no-progress-bar", *projects]


INDEXERS: Final = (
    Indexer("scip-python", ("py",), _python),
    Indexer("scip-typescript", ("ts", "js"), _typescript),
)


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of one indexer. `version` is empty when it is not on PATH; `reason` says why there is no index."""

    tool: str
    version: str
    index: Index | None = None
    seconds: float = 0.0
    reason: str = ""

    def line(self) -> str:
        """What to tell the user."""
        if self.index is None:
            return f"SCIP: {self.tool} {self.version}".rstrip() + f" gave no index: {self.reason}"
        return f"SCIP: {self.tool} {self.version} indexed {len(self.index.documents)} files in {self.seconds:.1f} s"


def versions(prefixes: frozenset[str]) -> dict[str, str]:
    """The version of every indexer for these languages, empty for one that is not on PATH or does not answer."""
    return {i.tool: _version(i.tool) for i in INDEXERS if prefixes & set(i.prefixes)}


def run_indexer(root: Path, tool: str, version: str, paths: Sequence[str], seconds: float) -> Ran:
    """Index these files of a repository, build files among them."""
    started = time.perf_counter()
    if not version:
        return Ran(tool, "", reason="it is not on PATH")
    indexer = next(i for i in INDEXERS if i.tool == tool)
    with tempfile.TemporaryDirectory(prefix="nanodex-scip-") as folder:
        place, output = Path(folder) / "repository", Path(folder) / "index.scip"
        _copy(root, place, paths)
        command = [tool, *indexer.arguments(paths), "--output", str(output)]
        reason = _run(command, place, Path(folder) / "log", seconds)
        spent = time.perf_counter() - started
        if not output.is_file():
            return Ran(tool, version, None, spent, reason or "it wrote none")
        try:
            return (
                Ran(tool, version, read_index(output.read_bytes()), spent)
                if not reason
                else Ran(tool, version, None, spent, reason)
            )
        except IncompatibleInput as error:
            return Ran(tool, version, None, spent, str(error))


def _copy(root: Path, place: Path, paths: Sequence[str]) -> None:
    for path in paths:
        target = place / path
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(root / path, target, follow_symlinks=False)
        except FileNotFoundError:
            continue  # it vanished since it was read; its document will be missing too
    place.mkdir(exist_ok=True)
    (place / "environment.json").write_text("[]")
    if (root / "node_modules").is_dir():
        (place / "node_modules").symlink_to(root / "node_modules")


def _run(command: list[str], place: Path, log: Path, seconds: float) -> str:
    """Why a command failed, empty when it did not. Its children end with it."""
    with log.open("wb") as out:
        try:
            process = subprocess.Popen(
                command,
                cwd=place,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            return f"it cannot be started: {error.strerror}"
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            return f"it was stopped after {seconds:g} s"
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    if status == 0:
        return ""
    said = [line.strip() for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
    errors = [line for line in said if "rror" in line]
    return f"it ended with status {status}: " + ((errors or said or ["it said nothing"])[-1])[:200]


def _version(tool: str) -> str:
    found = shutil.which(tool)
    if found is None:
        return ""
    try:
        asked = subprocess.run(
            [found, "--version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=True, text=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return (asked.stdout.split() or [""])[-1]
