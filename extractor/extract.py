"""The stage: a repository in, `graph.sqlite` out. Changed files are parsed, all facts linked, the graph replaced when it is whole.

Facts are kept in a cache beside the graph, so a second run parses what changed. The manifest is written last: a killed run leaves
the old graph in place, and the next one picks up the facts that were already stored.
"""

from __future__ import annotations

import gc
import hashlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, get_args

from config.console import Console
from config.errors import IncompatibleInput, MissingInput
from config.manifest import Manifest, digest, read_manifest, write_manifest
from config.settings import ExtractSettings, Language
from extractor.assemble import assemble
from extractor.cache import CachedFile, FactsCache, facts_version
from extractor.facts import FileFacts, load_facts, unpack_facts
from extractor.graph import Graph, write_files, write_graph
from extractor.history import Git, dirty_files, open_git, same_as_blob
from extractor.languages import BY_NAME, SPECS
from extractor.layout import moved_lines, moved_rows, rows_of, same_facts
from extractor.linked import LinkedBefore
from extractor.parse import count_lines
from extractor.pool import Job, Parsed, free_cores, parse_batch, parse_many
from extractor.report import ExtractReport, counted
from extractor.resolve import link
from extractor.schema import FileRow
from extractor.scip import Index, overlay, read_index
from extractor.scip_run import INDEXERS, Ran, run_indexer
from extractor.scip_run import versions as scip_versions
from extractor.walk import Walk, check_repository, classify, is_config, sources_of, walk

MOST_MOVED: Final = 50  # changed files that are looked at one by one before everything is linked anew


@dataclass(slots=True)
class _Scan:
    """What one pass over the work tree found; facts from before wait in the cache."""

    rows: dict[str, FileRow] = field(default_factory=dict)
    configs: dict[str, str] = field(default_factory=dict)
    clean: dict[str, bool] = field(default_factory=dict)
    stale: dict[str, int] = field(default_factory=dict)  # path -> bytes, to parse
    facts: dict[str, FileFacts] = field(default_factory=dict)  # of what was parsed now

    def inputs(self) -> str:
        """A digest of everything the graph depends on besides settings and code."""
        rows = (self.rows[path] for path in sorted(self.rows))
        return digest(part for row in rows for part in (row.path, row.sha256, row.status, row.reason))

    def source(self) -> str:
        """A digest of what nodes and edges depend on: parsed files and build files."""
        paths = [p for p in sorted(self.rows) if p in self.configs or self.rows[p].facts_version]
        return digest(part for p in paths for part in (p, self.rows[p].sha256, self.rows[p].status))


def run(
    settings: ExtractSettings, console: Console, repo: Path, scip: Path | None = None, cluster: str = ""
) -> ExtractReport:
    """Bring the graph of `repo` up to date. Raises InputError for a repository that cannot be used, StorageError for a full disk."""
    started = time.perf_counter()
    root = check_repository(repo)
    notes: list[str] = []
    index = _read_scip(scip) if scip else None
    git, without = open_git(root)
    if git is None:
        notes.append(f"no commit to cite ({without}): citations carry content hashes")
    cache = FactsCache(settings.out_graph.with_name("facts.cache.sqlite"))
    gc_was_on = gc.isenabled()
    # Facts are millions of small tuples without cycles; looking for cycles among them doubles the time of a run.
    gc.disable()
    try:
        listing = walk(root, settings.exclude, git.tracked() if git else ())
        blobs = git.blobs() if git else {}
        scan = _scan(root, listing, settings, cache, blobs)
        dirty = dirty_files(blobs, scan.clean, scan.rows) if git else []
        manifest = _manifest(root, git, settings, scan, dirty)
        if scip:
            manifest.settings["scip"] = hashlib.sha256(scip.read_bytes()).hexdigest()
        if settings.use_scip:
            manifest.versions.update(scip_versions(_prefixes(scan)))
        report = ExtractReport(settings.out_graph, commit=manifest.commit, dirty=len(dirty), notes=tuple(notes))
        if _nothing_to_do(settings.out_graph, manifest, scan.rows.values()):
            sources = sum(row.status in ("ok", "partial") for row in scan.rows.values())
            return replace(report, up_to_date=True, files=sources, seconds=time.perf_counter() - started)
        if index is None and not settings.use_scip and _only_moved(root, settings, cache, scan, manifest):
            moved = tuple(sorted(scan.stale))
            return replace(report, moved=moved, parsed=len(moved), seconds=time.perf_counter() - started)
        phases = {"scan": time.perf_counter() - started}
        return _build(root, settings, console, cache, scan, manifest, report, phases, cluster, started, index)
    finally:
        cache.close()
        if gc_was_on:
            gc.enable()


def _build(
    root: Path, settings: ExtractSettings, console: Console, cache: FactsCache, scan: _Scan, manifest: Manifest,
    report: ExtractReport, phases: dict[str, float], cluster: str, started: float, index: Index | None,
) -> ExtractReport:  # fmt: skip
    clock = time.perf_counter
    mark = clock()
    parsed = _parse_all(root, settings, console, cache, scan, cluster)
    cache.forget(sorted(cache.known().keys() - {p for p, row in scan.rows.items() if row.facts_version}))
    phases["parse"], mark = clock() - mark, clock()
    with console.progress("linking"):
        facts = list(_load(cache, scan))
        if not facts:
            raise MissingInput(
                f"no source file to read in {root}: " + (_census(scan.rows.values()) or "it is empty"),
                f"read more languages with --set languages='[{', '.join(get_args(Language))}]'"
                if len(settings.languages) < len(get_args(Language))
                else "name a folder with source in one of the languages that are read",
            )
        phases["load"], mark = clock() - mark, clock()
        links = link(facts, scan.configs, LinkedBefore(cache, scan.rows.values(), scan.configs, _linker_version()))
        for problem in links.problems:
            console.warn(problem)
        phases["link"], mark = clock() - mark, clock()
        ran = _indexes(root, settings, console, facts, scan, manifest)
        for one in ran:
            phases[one.tool] = one.seconds
        report = replace(report, notes=(*report.notes, *(one.line() for one in ran)))
        mark = clock()
        for made in (*(one.index for one in ran), index):
            if made is not None:
                exact = overlay(facts, links, made)
                links, report = exact.links, replace(report, notes=(*report.notes, *exact.lines(made)))
        phases["scip"], mark = clock() - mark, clock()
        # What statements do is linked by now; it is half of all facts, and what follows would come on top of it.
        facts = [f._replace(extra={k: v for k, v in f.extra.items() if k != "scopes"}) if f.extra else f for f in facts]
        nodes, edges, unresolved = assemble(facts, links, scan.configs)
        phases["throws"], mark = clock() - mark, clock()
        # Files that changed while they were being read have another hash now than the scan saw.
        manifest = replace(manifest, inputs=scan.inputs(), counts=manifest.counts | {"source": scan.source()})
        write_graph(settings.out_graph, nodes, edges, scan.rows.values(), unresolved)
        phases["write"] = clock() - mark
    counts: dict[str, Any] = {
        "nodes": len(nodes),
        "edges": len(edges),
        "files": len(facts),
        "loc": sum(f.loc for f in facts),
    }
    if settings.use_scip:
        counts["scip"] = {one.tool: one.reason or len(one.index.documents if one.index else ()) for one in ran}
    write_manifest(settings.out_graph, replace(manifest, counts=manifest.counts | counts))
    rows = scan.rows.values()
    with Graph(settings.out_graph) as graph:
        rates = graph.resolution()
    return replace(
        report,
        files=len(facts),
        parsed=len(parsed),
        loc=counts["loc"],
        seconds=clock() - started,
        notes=(*report.notes, *links.problems),
        nodes=counted(node.type for node in nodes),
        edges=counted(edge.kind for edge in edges),
        resolution=rates,
        unresolved=counted(row.reason for row in unresolved if row.reason != "external"),
        skipped=counted(row.reason for row in rows if row.status == "skipped"),
        partial=sum(row.status == "partial" for row in rows),
        failed=sum(row.status == "failed" for row in rows),
        via=counted(edge.via for edge in edges if edge.kind == "calls"),
        slowest=tuple(sorted(((p.path, round(p.seconds, 3)) for p in parsed), key=lambda s: (-s[1], s[0]))[:3]),
        phases={name: round(seconds, 3) for name, seconds in phases.items()},
    )


def _scan(root: Path, listing: Walk, settings: ExtractSettings, cache: FactsCache, blobs: Mapping[str, str]) -> _Scan:
    """Read and hash every file once; nothing but hashes and build files stays in memory."""
    scan = _Scan({row.path: row for row in listing.rows})
    known, listed = cache.known(), frozenset(listing.paths)
    for path in listing.paths:
        row, data = read_file(root, path, settings.max_file_bytes)
        if data is not None:
            if path in blobs:
                scan.clean[path] = same_as_blob(data, blobs[path])
            elif blobs:
                scan.clean[path] = False
            spec, lang, reason = classify(path, data, settings.languages)
            if spec is not None and not listed.isdisjoint(sources_of(root, path, data)):
                spec, reason = None, "made by a build"
            sha256 = hashlib.sha256(data).hexdigest()
            row = FileRow(path, lang, sha256, "", "skipped", reason, count_lines(data) if reason == "document" else 0)
            if is_config(path):
                scan.configs[path] = data.decode("utf-8", "replace")
            if spec is not None:
                row = FileRow(path, lang, sha256, facts_version(spec), "ok", "", count_lines(data))
                before = known.get(path)
                if before is None or (before.sha256, before.version) != (sha256, row.facts_version):
                    scan.stale[path] = len(data)
                else:
                    row = replace(row, status=before.status, reason=before.reason)
        scan.rows[path] = row
    return scan


def _parse_all(
    root: Path, settings: ExtractSettings, console: Console, cache: FactsCache, scan: _Scan, cluster: str
) -> list[Parsed]:
    """Parse what the cache does not hold and store it there as it arrives."""
    done: list[Parsed] = []

    def jobs() -> Iterator[Job]:
        for path in sorted(scan.stale):
            row, data = read_file(root, path, settings.max_file_bytes)
            if data is None:
                scan.rows[path] = row
            else:
                yield Job(path, data, scan.rows[path].lang)

    workers = settings.workers or free_cores()
    batches = parse_many(jobs(), sum(scan.stale.values()), workers, cluster)
    with console.progress("parsing", total=len(scan.stale), unit="files") as task:
        for batch in batches:
            stored = []
            for parsed in batch:
                version = scan.rows[parsed.path].facts_version
                described = CachedFile(parsed.sha256, version, parsed.status, parsed.reason)
                row = scan.rows[parsed.path]
                scan.rows[parsed.path] = replace(row, sha256=parsed.sha256, status=parsed.status, reason=parsed.reason)
                stored.append((parsed.path, described, parsed.facts, parsed.text))
                if parsed.made is not None and parsed.status in ("ok", "partial"):
                    # Other processes parse while this one reads what they made.
                    made = parsed.made
                    scan.facts[parsed.path] = unpack_facts(made) if isinstance(made, bytes) else made
                done.append(parsed._replace(facts="", text=b"", made=None))
            cache.store(stored)
            task.advance(len(batch))
    return done


def _load(cache: FactsCache, scan: _Scan) -> Iterator[FileFacts]:
    """Facts of every file that could be read, in order of path."""
    for path in sorted(scan.rows):
        row = scan.rows[path]
        if row.facts_version and row.status in ("ok", "partial"):
            yield scan.facts.pop(path) if path in scan.facts else load_facts(cache.read(path))


def read_file(root: Path, path: str, limit: int) -> tuple[FileRow, bytes | None]:
    """(row, bytes) of a file; the bytes are None and the row says why when it is too large, gone or forbidden."""
    try:
        # The file may have become a link since it was listed; a link may lead anywhere.
        with open(os.open(root / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123
            data = file.read(limit + 1)
    except FileNotFoundError:
        return FileRow(path, "", "", "", "failed", "vanished while it was being read"), None
    except OSError as error:
        return FileRow(path, "", "", "", "failed", f"cannot be read: {error.strerror}"), None
    if len(data) > limit:
        return FileRow(path, "", "", "", "skipped", f"larger than {limit:,} bytes"), None
    return FileRow(path, "", "", "", "ok"), data


def _manifest(root: Path, git: Git | None, settings: ExtractSettings, scan: _Scan, dirty: list[str]) -> Manifest:
    # Where the graph goes and how many processes work on it change nothing in it.
    chosen = settings.model_dump(mode="json", exclude={"out_graph", "workers"})
    return Manifest(
        stage="extract",
        inputs=scan.inputs(),
        root=str(root),
        commit=git.commit() if git else "",
        project=root.name,
        settings=chosen,
        versions={"facts": digest(facts_version(spec) for spec in SPECS)[:12], "link": _linker_version()},
        counts={"dirty": dirty, "source": scan.source()},
    )


def _nothing_to_do(graph: Path, manifest: Manifest, files: Iterable[FileRow]) -> bool:
    """Whether the nodes and edges on disk were made from the same source, settings and code.

    Then a new commit of it, and files that hold no source (a changed README), are written down without touching them.
    """
    old = _previous(graph, manifest)
    if old is None or manifest.counts["source"] != old.counts.get("source"):
        return False
    if manifest.inputs != old.inputs:
        write_files(graph, files)
    new = replace(manifest, counts=old.counts | manifest.counts)
    if new != old:
        write_manifest(graph, new)
    return True


def _previous(graph: Path, manifest: Manifest) -> Manifest | None:
    """What is written beside the graph on disk, None when it was made with other settings or by other code."""
    try:
        old = read_manifest(graph)
        Graph(graph).close()
    except (IncompatibleInput, MissingInput):
        return None
    return old if old is not None and replace(manifest, inputs=old.inputs).same_work(old) else None


def _only_moved(root: Path, settings: ExtractSettings, cache: FactsCache, scan: _Scan, manifest: Manifest) -> bool:
    """Whether lines moved in a few files and nothing else happened; then their rows are moved, and nothing is linked anew."""
    old = _previous(settings.out_graph, manifest) if len(scan.stale) <= MOST_MOVED else None
    if old is None or not scan.stale or scan.stale.keys() & scan.configs.keys():
        return False
    known, rows, stored = cache.known(), [], []
    with Graph(settings.out_graph) as graph:
        before = {row.path: row for row in graph.files() if row.facts_version or is_config(row.path)}
        now = {p: row for p, row in scan.rows.items() if row.facts_version or is_config(p)}
        if before.keys() != now.keys() or any(before[p] != now[p] for p in now.keys() - scan.stale.keys()):
            return False
        for path in sorted(scan.stale):
            row, data = read_file(root, path, settings.max_file_bytes)
            held = known.get(path)
            if data is None or held is None or held.sha256 != before[path].sha256 or row.status != before[path].status:
                return False
            parsed = parse_batch([Job(path, data, scan.rows[path].lang)])[0]
            lines = moved_lines(cache.text(path), parsed.text, BY_NAME[scan.rows[path].lang])
            was, facts = load_facts(cache.read(path)), load_facts(parsed.facts)
            if parsed.sha256 != scan.rows[path].sha256 or lines is None or not same_facts(was, facts, lines):
                return False
            moved = moved_rows(rows_of(graph, path), was, facts, lines)
            if moved is None:
                return False
            rows.append(moved)
            described = CachedFile(parsed.sha256, scan.rows[path].facts_version, parsed.status, parsed.reason)
            stored.append((path, described, parsed.facts, parsed.text))
    write_files(settings.out_graph, scan.rows.values(), rows)
    cache.store(stored)
    loc = old.counts["loc"] + sum(scan.rows[p].loc - before[p].loc for p in scan.stale)
    write_manifest(settings.out_graph, replace(manifest, counts=old.counts | manifest.counts | {"loc": loc}))
    return True


# Besides what resolves names and bindings.
_LINKING: Final = (
    "layout", "linked", "nodes", "raises", "sayings", "switches", "error_classes", "extract", "assemble", "entries", "graph", "schema",
    "scip", "scip_run", "uses",
)  # fmt: skip


def _linker_version() -> str:
    """12 hex digits over the code that turns facts into a graph."""
    package = Path(__file__).resolve().parent
    named = (package / f"{name}.py" for name in _LINKING)
    files = sorted({*package.glob("resolve/*.py"), *package.glob("bindings*.py"), *named})
    return digest(part for file in files if file.is_file() for part in (file.name, file.read_bytes()))[:12]


def _prefixes(scan: _Scan) -> frozenset[str]:
    """The prefixes of node ids that the repository's source has."""
    return frozenset(BY_NAME[row.lang].prefix for row in scan.rows.values() if row.facts_version)


def _indexes(
    root: Path, settings: ExtractSettings, console: Console, facts: Sequence[FileFacts], scan: _Scan, manifest: Manifest
) -> list[Ran]:
    """Run the indexers that are on PATH over the files that were read, and over the build files."""
    ran = []
    for indexer in INDEXERS if settings.use_scip else ():
        paths = [f.path for f in facts if f.prefix in indexer.prefixes]
        if paths:
            with console.progress(indexer.tool):
                version = manifest.versions.get(indexer.tool, "")
                given = sorted({*paths, *scan.configs})
                ran.append(run_indexer(root, indexer.tool, version, given, settings.scip_seconds))
    return ran


def _read_scip(path: Path) -> Index:
    if not path.is_file():
        raise MissingInput(f"there is no SCIP index at {path}", "scip-typescript index, or scip-python index .")
    return read_index(path.read_bytes())


def _census(rows: Iterable[FileRow]) -> str:
    reasons = counted(row.reason for row in rows if row.status in ("skipped", "failed"))
    return ", ".join(f"{reason} {n:,}" for reason, n in list(reasons.items())[:6])
