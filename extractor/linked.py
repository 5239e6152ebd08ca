"""What linking one language gave, kept beside the facts: a change in one language of a repository leaves the others as they are.

The edges inside a language depend on its own files and on the build files alone. A repository of one language keeps nothing: when it
is linked again, something in that language has changed.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from config.manifest import digest
from extractor.cache import FactsCache
from extractor.languages import BY_NAME
from extractor.resolve import Links
from extractor.schema import Edge, FileRow, Node, Unresolved


class LinkedBefore:
    """The last links of each family, under a key of all they depend on. `code` stands for the code that links."""

    def __init__(self, cache: FactsCache, rows: Iterable[FileRow], configs: Mapping[str, str], code: str) -> None:
        self._cache = cache
        parts: dict[str, list[str]] = {}
        for row in sorted(rows, key=lambda row: row.path):
            if row.facts_version and row.status in ("ok", "partial"):
                family = parts.setdefault(BY_NAME[row.lang].family, [])
                family += (row.path, row.sha256, row.facts_version)
        common = [code, *(part for path in sorted(configs) for part in (path, configs[path]))]
        self._keys = {family: digest([*common, *own]) for family, own in parts.items()}

    def get(self, family: str) -> Links | None:
        """What linking these very files gave before, None when that is not known."""
        links = self._cache.linked(family, self._keys[family])
        return _loaded(zlib.decompress(links)) if links is not None else None

    def put(self, family: str, links: Links) -> None:
        if len(self._keys) > 1 and not links.problems:
            self._cache.store_linked(family, self._keys[family], zlib.compress(_dumped(links), 1))


def _dumped(links: Links) -> bytes:
    rows = {
        "edges": [_row(edge) for edge in links.edges],
        "unresolved": [_row(row) for row in links.unresolved],
        "nodes": [_row(node) for node in links.nodes],
        "names": [(*key, *ids) for key, ids in links.names.items()],
        "merged": links.merged,
    }
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _row(row: Edge | Unresolved | Node) -> list[Any]:
    return [getattr(row, field.name) for field in fields(row)]


def _loaded(data: bytes) -> Links:
    rows = json.loads(data.decode("utf-8", "surrogatepass"))
    return Links(
        edges=[Edge(*row) for row in rows["edges"]],
        unresolved=[
            Unresolved(src, kind, name, line, reason, tuple(candidates))
            for src, kind, name, line, reason, candidates in rows["unresolved"]
        ],
        nodes=[Node(*row) for row in rows["nodes"]],
        names={(path, scope, name): tuple(ids) for path, scope, name, *ids in rows["names"]},
        merged=rows["merged"],
    )
