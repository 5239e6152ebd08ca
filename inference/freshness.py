"""How far the index lags behind the code: one line for every answer, "" when it does not. Cited files are named first."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

from config.manifest import manifest_path
from extractor.graph import Graph
from inference.citations import Citation, Verifier

_ALL: Final = 400  # so many files are hashed outright; beyond, only those written after the index


def lag(graph: Graph, verifier: Verifier, citations: Sequence[Citation]) -> str:
    """`index at abc1234, 3 commits and 2 files behind`, with the cited files among them; "" when fresh or not comparable."""
    if verifier.root is None:
        return ""
    changed = _changed(graph, verifier)
    commits = 0
    if verifier.git is not None and verifier.git.commit() != verifier.commit:
        ahead = verifier.git.commits_since(verifier.commit)
        commits = ahead if ahead is not None else -1
    if not changed and not commits:
        return ""
    parts = []
    if commits > 0:
        parts.append(f"{commits} commit{'s' if commits > 1 else ''}")
    if changed:
        parts.append(f"{len(changed)} file{'s' if len(changed) > 1 else ''}")
    where = verifier.commit[:7] if verifier.commit else "its last run"
    text = f"index at {where}, " + (
        " and ".join(parts) + " behind" if parts else "not an ancestor of the code's commit"
    )
    cited = sorted({c.path for c in citations} & set(changed))
    return text + (f"; changed since: {', '.join(cited[:5])}" if cited else "")


def other_commit(trained: str, indexed: str) -> str:
    """What to know of a model that was trained on another state of the repository than the index is of; "" when on the same."""
    if not trained or not indexed or trained == indexed:
        return ""
    return f"the adapter was trained at {trained[:7]}, the index is of {indexed[:7]}: train it again with --refresh"


def _changed(graph: Graph, verifier: Verifier) -> list[str]:
    """Indexed files whose content is no longer what was indexed."""
    if verifier.root is None:
        return []
    rows = [row for row in graph.files() if row.status in ("ok", "partial") and row.sha256]
    made = manifest_path(graph.path)
    since = made.stat().st_mtime_ns if made.is_file() else 0
    found = []
    root = str(verifier.root)
    for row in rows:
        try:
            # A plain string: building thousands of Path objects costs more than asking for the times.
            suspect = len(rows) <= _ALL or os.stat(f"{root}/{row.path}").st_mtime_ns >= since  # noqa: PTH116
        except OSError:
            suspect = True
        if suspect and verifier.is_stale(row.path):
            found.append(row.path)
    return found
