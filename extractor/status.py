"""How far a graph lags behind its repository: which files changed since, and how many commits went by. Reads, never writes."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from config.console import plural
from extractor.extract import read_file
from extractor.graph import Graph
from extractor.history import open_git
from extractor.languages import spec_for
from extractor.walk import check_repository, walk

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Status:
    """`behind` is how many commits HEAD is ahead of the graph's, None when that cannot be told."""

    graph: str
    root: str
    commit: str
    head: str
    behind: int | None
    changed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()

    @property
    def fresh(self) -> bool:
        """Whether every file is as the graph saw it."""
        return not (self.changed or self.added or self.deleted)

    def lines(self) -> list[str]:
        at = f"commit {self.commit[:7]}" if self.commit else "no commit"
        lines = [f"{self.graph}: {at} of {self.root}"]
        if self.behind:
            lines.append(f"  {plural(self.behind, 'commit')} behind {self.head[:7]}")
        elif self.head != self.commit:
            lines.append(f"  the repository is at {self.head[:7] or 'no commit'}")
        for word, paths in (("changed", self.changed), ("added", self.added), ("deleted", self.deleted)):
            if paths:
                more = ", …" if len(paths) > _SHOWN else ""
                lines.append(f"  {word} {len(paths):,}: {', '.join(paths[:_SHOWN])}{more}")
        return lines

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "fresh": self.fresh}


def status_of(graph: Path, repo: Path | None = None) -> Status:
    """Compare a graph with the work tree it was made from, or with `repo`. Raises MissingInput when either is gone."""
    with Graph(graph) as opened:
        manifest = opened.manifest
        recorded = {row.path: row for row in opened.files()}
    root = check_repository(repo or Path(manifest.root))
    git, _ = open_git(root)
    listing = walk(root, manifest.settings["exclude"], git.tracked() if git else ())
    changed, added = [], []
    for path in listing.paths:
        row, data = read_file(root, path, manifest.settings["max_file_bytes"])
        sha256 = hashlib.sha256(data).hexdigest() if data is not None else ""
        before = recorded.get(path)
        if before is None:
            # A new file that would not be parsed leaves the graph as it is.
            if data is None or spec_for(path, data):
                added.append(path)
        elif before.sha256 != sha256 or (data is None and before.reason != row.reason):
            changed.append(path)
    seen = {*listing.paths, *(row.path for row in listing.rows)}
    return Status(
        graph=str(graph),
        root=str(root),
        commit=manifest.commit,
        head=git.commit() if git else "",
        behind=git.commits_since(manifest.commit) if git else None,
        changed=tuple(changed),
        added=tuple(added),
        deleted=tuple(sorted(recorded.keys() - seen)),
    )
