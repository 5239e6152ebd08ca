"""The brain's stage: graph in; ontology rows, one note per node and the search index out, the manifest last.

Everything is derived from the graph, and from the repository's text where it is still there. A rerun with the same graph,
settings and texts reads the manifest and stops.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from brain.corpus import Texts, found_by, read_texts, section_rows, symbol_rows
from brain.derive import facts_about
from brain.importance import Importance, rank_view
from brain.index import index_path, open_index, write_index
from brain.notes import Note, NoteCounts, count_notes, write_notes
from brain.ontology import derive
from brain.render import Renderer
from brain.view import CODE_TYPES, View
from config.console import Console, plural
from config.errors import InputError
from config.manifest import Manifest, code_version, digest, read_manifest, write_manifest
from config.settings import BrainSettings
from extractor.graph import Graph, write_brain

if TYPE_CHECKING:
    from brain.phrasing import Phrased


@dataclass(frozen=True, slots=True)
class BrainReport:
    """What a run made. `skipped` when there was nothing to do; `ontology` counts nodes per rule and refusals per reason."""

    skipped: bool
    nodes: int = 0
    summaries: int = 0
    notes: NoteCounts = field(default_factory=lambda: NoteCounts(0, 0, 0))
    ontology: dict[str, int] = field(default_factory=dict)
    rows: int = 0
    changed: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    without_repository: bool = False
    writer: tuple[str, ...] = ()
    seconds: float = 0.0

    def lines(self) -> list[str]:
        if self.skipped:
            return ["brain: nothing to do, graph and settings are unchanged"]
        made = {key: n for key, n in self.ontology.items() if not key.startswith("refused: ")}
        types = Counter[str]()
        for key, count in made.items():
            types[key.partition(":")[0]] += count
        text = ", ".join(plural(count, name, _PLURALS[name]) for name, count in sorted(types.items()))
        notes = self.notes
        result = [
            f"ontology   {text or 'nothing'}",
            f"notes      {notes.written:,} written, {notes.unchanged:,} unchanged, {notes.removed:,} removed;"
            f" {self.summaries:,} of {self.nodes:,} have a summary",
            f"index      {plural(self.rows, 'row')}",
            *self.writer,
        ]
        refused = {k.removeprefix("refused: "): n for k, n in self.ontology.items() if k.startswith("refused: ")}
        for reason, count in sorted(refused.items(), key=lambda item: (-item[1], item[0]))[:5]:
            result.append(f"refused    {count:,} × {reason}")
        if self.without_repository:
            result.append("the repository is not there: no source text in the index, no recipes from documents")
        if self.changed:
            result.append(
                f"changed since extract, left out of the index until the next one: {', '.join(self.changed[:5])}"
            )
        result += [f"unread     {reason}" for reason in self.unread[:5]]
        return [*result, f"brain done in {self.seconds:.1f} s"]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


_PLURALS: Final = {"capability": "capabilities", "concept": "concepts", "error": "errors", "recipe": "recipes"}


def run(settings: BrainSettings, console: Console, repo: Path | None = None) -> BrainReport:
    """Derive everything from `settings.graph`. `repo` overrides where the graph's manifest says the repository lies.

    Raises MissingInput without a finished graph, StorageError when the disk is full.
    """
    started = time.monotonic()
    with Graph(settings.graph) as graph:
        source = graph.manifest
        root = repo or (Path(source.root) if source.root else None)
        with console.progress("reading the repository"):
            texts = read_texts(root, graph.files()) if root is not None and root.is_dir() else Texts({}, (), ())
        manifest = Manifest(
            stage="brain",
            inputs=digest((source.inputs, *sorted(f"{path}\0{file.sha256}" for path, file in texts.files.items()))),
            root=source.root,
            commit=source.commit,
            project=source.project,
            settings=settings.model_dump(mode="json"),
            versions={**source.versions, "brain": code_version("brain")},
        )
        if manifest.same_work(read_manifest(settings.out_dir)) and _complete(settings, graph):
            return BrainReport(skipped=True, seconds=time.monotonic() - started)
        with console.progress("reading the graph"):
            view = View.load(graph, "extractor")
    ranks = rank_view(view)
    with console.progress("deriving the ontology"):
        ontology = derive(view, ranks, texts.files, settings.node_types)
        write_brain(settings.graph, ontology.nodes, ontology.edges)
        view.add(ontology.edges, ontology.nodes)
    notes = _notes(settings, console, view, ranks)
    written = None
    if settings.summary.writer.endpoint:
        drafts = {note.id: note for note in notes}
        written = _phrased(settings, console, drafts, texts)
        notes = iter((written.notes if written else drafts).values())
    found: dict[str, str] = {}
    tally = Counter[bool]()
    counts = write_notes(settings.out_dir, _passing(notes, found, tally))
    with console.progress("indexing"):
        rows = [*symbol_rows(view, found, texts.files), *section_rows(texts.files)]
        indexed = write_index(index_path(settings.graph), rows, texts.files)
    report = BrainReport(
        skipped=False,
        nodes=tally.total(),
        summaries=tally[True],
        notes=counts,
        ontology=dict(sorted(ontology.census.items())),
        rows=indexed,
        changed=texts.changed,
        unread=texts.unread,
        without_repository=root is None or not root.is_dir(),
        writer=tuple(written.lines()) if written else (),
        seconds=time.monotonic() - started,
    )
    made = {"nodes": report.nodes, "rows": report.rows, "ontology": len(ontology.nodes)}
    write_manifest(settings.out_dir, replace(manifest, counts=made))
    return report


def _complete(settings: BrainSettings, graph: Graph) -> bool:
    """Whether what the manifest speaks of is still there: an extract drops the ontology, a user may delete notes and index."""
    manifest = read_manifest(settings.out_dir)
    if manifest is None or count_notes(settings.out_dir) != manifest.counts.get("nodes", 0):
        return False
    try:
        open_index(index_path(settings.graph)).close()
    except InputError:
        return False
    return bool(graph.count("nodes", "origin").get("brain", 0) == manifest.counts.get("ontology", 0))


def _passing(notes: Iterator[Note], found: dict[str, str], tally: Counter[bool]) -> Iterator[Note]:
    """The same notes; on the way the index learns by which words each is found. No more than one is held in memory."""
    for note in notes:
        found[note.id] = found_by(note)
        tally[bool(note.summary)] += 1
        yield note


def _notes(settings: BrainSettings, console: Console, view: View, ranks: dict[str, Importance]) -> Iterator[Note]:
    renderer = Renderer(view, ranks, settings.summary.max_tokens, settings.summary.style)
    hidden = () if "module" in settings.node_types else ("module", "package")
    chosen = [n for n in view.nodes.values() if (n.type in CODE_TYPES or n.origin == "brain") and n.type not in hidden]
    with console.progress("writing notes", len(chosen), "notes") as task:
        for node in chosen:
            yield renderer.note(node, facts_about(view, node))
            task.advance()


def _phrased(settings: BrainSettings, console: Console, notes: dict[str, Note], texts: Texts) -> Phrased | None:
    """Notes phrased by the endpoint the settings name, None when this is only a rehearsal."""
    chosen = settings.summary.writer
    from brain.phrasing import EXCERPT_LINES, NOTE, announce, rephrase
    from brain.writer import Endpoint

    def excerpt(note: Note) -> str:
        start, end = note.lines
        lines = texts.files[note.path].lines() if start and note.path in texts.files else []
        return "\n".join(lines[start - 1 : min(end, start + EXCERPT_LINES - 1)])

    writer = Endpoint(chosen, settings.summary.max_tokens, NOTE)
    try:
        console.note(announce(notes.values(), writer.host, excerpt))
        if chosen.dry_run:
            return None
        cache = settings.graph.with_name("writer.cache.sqlite")
        return rephrase(notes, excerpt, writer, chosen, settings.summary.max_tokens, cache, console)
    finally:
        writer.close()
