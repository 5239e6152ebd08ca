"""The dataset's stage: graph and notes in; train.jsonl, valid.jsonl, test.jsonl and report.json out, the manifest last.

Rows go to a spool beside the output while the gates remember one number per prompt; the spool is then written in order of
row id without what turned out to contradict another row or to leak into the test set. Same graph, notes, settings and seed,
same bytes.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from config.console import Console
from config.errors import MissingInput, StaleInput
from config.manifest import (
    Manifest,
    code_version,
    digest,
    manifest_path,
    read_manifest,
    write_atomically,
    write_manifest,
)
from config.settings import DatasetSettings
from dataset.choose import COVERED, FLOOR, TOP, Chooser, Wanted, asking, goals
from dataset.context import with_context
from dataset.corrections import Corrections
from dataset.curate import GATES, Gates, Leaks
from dataset.example import KINDS, Example, Meta, load_example, write_examples, write_lines
from dataset.faithful import LIMIT, Guard
from dataset.gold import fact_id
from dataset.heldout import HeldOut, held_scope
from dataset.knowledge import Knowledge
from dataset.questions import Draft
from dataset.refusals import ASPECTS, kind_of, refuse, scope_refusals
from dataset.report import Census, DatasetReport
from dataset.splits import TESTS, Splits
from dataset.spool import Spool, new, spool_for
from dataset.teacher import FORMS, TASK, Taught, teach
from dataset.topics import Topic
from extractor.graph import Graph

SAMPLES = 20
PER_ROW = 3  # nodes that are looked at for each row wanted: of a hundred thousand, most can have none


def run(settings: DatasetSettings, console: Console) -> DatasetReport:
    """Make the rows. Raises MissingInput without graph or notes, StaleInput when the notes are of another graph,
    StorageError on a full disk; what was there before stays until the new rows are complete."""
    started = time.monotonic()
    with Graph(settings.graph) as graph:
        manifest = _manifest(settings, graph)
        old = read_manifest(settings.out_jsonl)
        unasked = old is not None and old.counts.get("unasked")  # the teacher was stopped: the rest is asked for now
        if manifest.same_work(old) and not unasked and all(p.is_file() for p in outputs(settings.out_jsonl)):
            return DatasetReport(skipped=True, path=settings.out_jsonl.as_posix(), seconds=time.monotonic() - started)
        with console.progress("reading graph and notes"):
            most = PER_ROW * sum(settings.counts.model_dump().values())
            knowledge = Knowledge(graph, settings.nodes_dir, most)
        return _Maker(settings, console, knowledge, manifest, started).make()


def outputs(train: Path) -> tuple[Path, Path, Path, Path]:
    """train, valid, test and report beside each other."""
    return train, train.with_name("valid.jsonl"), train.with_name("test.jsonl"), train.with_name("report.json")


def _manifest(settings: DatasetSettings, graph: Graph) -> Manifest:
    source = graph.manifest
    notes = read_manifest(settings.nodes_dir)
    if notes is None or not settings.nodes_dir.is_dir():
        raise MissingInput(f"there are no finished notes in {settings.nodes_dir}", "make brain")
    if graph.count("nodes", "origin").get("brain", 0) != notes.counts.get("ontology", 0):
        raise StaleInput(f"the notes in {settings.nodes_dir} are of another graph than {settings.graph}", "make brain")
    if notes.versions.get("brain") != code_version("brain"):
        raise StaleInput(f"the notes in {settings.nodes_dir} were made by another version of nanodex", "make brain")
    wanted = settings.model_dump(mode="json")
    return Manifest(
        stage="dataset",
        inputs=digest((source.inputs, notes.inputs, json.dumps(notes.settings, sort_keys=True))),
        root=source.root,
        commit=source.commit,
        project=source.project,
        settings=wanted,
        versions={**notes.versions, "dataset": code_version("dataset")},
    )


class _Maker:
    """One run: the pieces that the passes share."""

    def __init__(
        self, settings: DatasetSettings, console: Console, knowledge: Knowledge, manifest: Manifest, started: float
    ) -> None:
        self.settings, self.console, self.knowledge, self.started = settings, console, knowledge, started
        self.manifest = manifest
        self.splits = Splits(settings.seed)
        self.wanted: Wanted = goals(settings, sum(map(knowledge.raises, knowledge.subjects_by_rank)))
        total = sum(settings.counts.model_dump().values())
        self.gates = Gates(knowledge.names, knowledge.paths, knowledge.parameters(), per_node=max(60, total // 50))
        self.census = Census()
        self.parts = knowledge.parts()
        self.taught = Taught()
        self.replaced: set[str] = set()  # ids of rows that now stand in the teacher's words
        self.spool: Spool
        self.chooser = Chooser(
            knowledge.subjects_by_rank,
            knowledge.public,
            self._topics,
            self._context,
            self.splits,
            self.wanted,
            self._admit,
        )

    def make(self) -> DatasetReport:
        train, valid, test, report_path = outputs(self.settings.out_jsonl)
        with spool_for(train, outputs(train)) as spool:
            self.spool = spool
            with self.console.progress("asking questions"):
                self.chooser.run()
                self._corrections()
                self._refusals()
                self._refill()
            with self.console.progress("holding out"):
                held = HeldOut(self.knowledge, self.splits, self.chooser, self.gates, self.parts, self.settings)
                tests = [self._example(d, split) for split, d in held.tests()]
                valids = [self._example(d, "valid") for d in held.valids()]
            if self.settings.teacher.endpoint:
                self._teach([*tests, *valids])
            with self.console.progress("writing rows"):
                seen: list[Example] = []
                leaks = Leaks(tests)
                rows = write_lines(new(train), self._rows(leaks, seen))
                tests = leaks.clean()
                self.gates.dropped["leak into test"] += leaks.found
                write_examples(new(valid), valids)
                write_examples(new(test), [*seen, *tests])
            report = self._report(rows, len(valids), [*seen, *tests])
            text = json.dumps(report.as_json(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
            write_atomically(new(report_path), text)
            # All is written: from here to the manifest nothing can fail but a rename.
            manifest_path(train).unlink(missing_ok=True)
            for path in (train, valid, test, report_path):
                new(path).replace(path)
            counts: dict[str, object] = {
                "train": rows,
                "valid": len(valids),
                "test": len(seen) + len(tests),
                "facts": report.facts,
            }
            counts |= {"unasked": self.taught.stopped} if self.taught.stopped else {}
            write_manifest(train, replace(self.manifest, counts=counts))
        return replace(report, seconds=time.monotonic() - self.started)

    def _admit(self, draft: Draft) -> str:
        """The gate that stopped the draft; empty when it became a row."""
        reason = self.gates.admit(draft)
        if not reason:
            self.spool.add(self._example(draft, "train"), self.gates.prompt_key(draft.prompt))
        return reason

    def _topics(self, node_id: str) -> Iterator[Topic]:
        return map(self.splits.told, self.knowledge.topics(node_id))

    def _context(self, draft: Draft) -> Draft | None:
        if self.splits.answered_back(draft.subject.id):
            return None
        near = (i for i in self.knowledge.neighbours(draft.subject.id, 8) if not self.splits.answered_back(i))
        return with_context(draft, self.knowledge.note, list(islice(near, 4)), self.knowledge.names)

    def _example(self, draft: Draft, split: str) -> Example:
        negatives = self.knowledge.neighbours(draft.twin or draft.subject.id, self.settings.negatives_per_example)
        if draft.twin:
            negatives = (draft.twin, *negatives)[: max(1, self.settings.negatives_per_example)]
        cites = tuple(dict.fromkeys(filter(None, map(self.knowledge.span, draft.refs))))
        meta = Meta(
            kind=draft.kind,
            form=draft.form,
            template=draft.template,
            facts=tuple(dict.fromkeys(map(fact_id, draft.facts))),
            negatives=tuple(n for n in negatives if n not in draft.refs),
            answerable=draft.answerable,
            cites=cites,
            split=split,
        )
        name = digest((split, draft.prompt, draft.response))[:16]
        return Example(name, draft.prompt, draft.response, draft.refs, meta)

    def _refill(self) -> None:
        """Fill the places of rows that turned out to contradict another, and of refusals that were not needed."""
        for kind, number in self.spool.kinds_at(self.gates.conflicting).items():
            self.wanted.goal[kind, "forward"] += number
        self.chooser.top_up()

    # -- rows that are not answers ----------------------------------------------------------------------------------

    def _corrections(self) -> None:
        makers = Corrections(self.knowledge.graph, self.knowledge)
        for turn in range(4):
            for node_id in self.knowledge.subjects_by_rank:
                if all(self.wanted.room(kind, "correction") <= 0 for kind in KINDS):
                    return
                if self.knowledge.names.types.get(node_id) == "external":
                    continue
                for topic in map(self.splits.told, makers.topics(self.knowledge.ask(node_id))):
                    asked = asking(topic, turn) if not self.splits.held(topic) else None
                    if self.wanted.room(topic.kind, "correction") > 0 and asked is not None and not self._admit(asked):
                        self.wanted.made[topic.kind, "correction"] += 1

    def _refusals(self) -> None:
        """As many refusals as the share allows of the rows that were made, spread over what was asked."""
        share = self.settings.refusal_share
        answered = sum(n for (_, form), n in self.wanted.made.items() if form != "refusal")
        allowed = round(answered * share / (1 - share)) if share else 0
        planned = {k: self.wanted.goal.get((k, "refusal"), 0) for k in KINDS}
        total = sum(planned.values())
        room = Counter({k: min(n, round(allowed * n / total) if total else 0) for k, n in planned.items()})
        scope = held_scope(self.splits, self.knowledge.text(), test=False)
        limit = room["discovery"] // 12
        for draft in scope_refusals(scope, "train"):
            if limit > 0 and not self._admit(draft):
                room["discovery"] -= 1
                limit -= 1
                self.wanted.made["discovery", "refusal"] += 1
        for turn in range(9):
            for draft, topic in self._twins(turn):
                kind = kind_of(topic.aspect)
                if room[kind] <= 0:
                    continue
                refused = refuse(draft, topic, self.parts, self.settings.seed)
                if refused is not None and not self._admit(refused):
                    room[kind] -= 1
                    self.wanted.made[kind, "refusal"] += 1
            if all(n <= 0 for n in room.values()):
                break

    def _twins(self, turn: int) -> Iterator[tuple[Draft, Topic]]:
        """Questions that train holds, one per topic and turn."""
        asked_of = {
            node_id for (node_id, _, _), used in self.chooser.used.items() if any(n > turn for n in used.values())
        }
        for node_id in self.knowledge.subjects_by_rank:
            for topic in self.knowledge.topics(node_id) if node_id in asked_of else ():
                if topic.aspect in ASPECTS and self.chooser.asked(topic) > turn:
                    asked = asking(topic, turn)
                    if asked is not None:
                        yield asked, topic

    def _teach(self, held: list[Example]) -> None:
        """Put a share of the rows in other words; what the teacher may not say leaves the row as it was."""
        chosen = self.settings.teacher
        from brain.writer import Endpoint

        guard = Guard(held, self.gates)
        number = sum(1 for _ in self._lesson())
        writer = Endpoint(chosen, LIMIT, TASK)
        try:
            self.console.note(f"teacher: {number:,} rows to {writer.host}, unless cached")
            if chosen.dry_run:
                self.taught.stopped = "dry run"
                return
            cache = self.settings.out_jsonl.with_name("teacher.cache.sqlite")
            pairs = teach(self._lesson(), number, writer, chosen, cache, guard.admit, self.console, self.taught)
            for row, made in pairs:
                self.replaced.add(row.id)
                self.spool.add(made, self.gates.prompt_key(made.prompt))
        finally:
            writer.close()

    def _lesson(self) -> Iterator[Example]:
        """The rows of train that the teacher is shown."""
        share = self.settings.teacher.share
        for line, key in self.spool.read():
            example = load_example(line)
            if (
                example.meta.form in FORMS
                and key not in self.gates.conflicting
                and self.splits.sampled("t" + example.id, share)
            ):
                yield example

    # -- output -----------------------------------------------------------------------------------------------------

    def _rows(self, leaks: Leaks, seen: list[Example]) -> Iterator[bytes]:
        """The lines of train, in one pass over the spool: each is counted, shown to `leaks`, and perhaps taken as a T0 row."""
        conflicting = self.gates.conflicting
        lost = self.spool.kinds_at(conflicting).total()
        left = max(1, len(self.spool) - lost - len(self.replaced))
        wanted = max(60, min(1000, left // 20))
        share = min(1.0, 1.5 * wanted / left)
        for line, key in self.spool.read():
            example = load_example(line)
            if example.id in self.replaced or key in conflicting:
                continue
            self._count(example)
            leaks.look(example.prompt)
            if len(seen) < wanted and example.meta.form != "context" and self.splits.sampled("t0" + example.id, share):
                seen.append(replace(example, meta=replace(example.meta, split="T0")))
            yield line
        self.gates.dropped["conflict"] += lost

    def _count(self, example: Example) -> None:
        census, meta = self.census, example.meta
        census.rows += 1
        census.kind_form[meta.kind, meta.form] += 1
        census.intent[meta.template.partition(".")[0]] += 1
        census.language[self.knowledge.language(example.refs[0]) if example.refs else ""] += 1
        census.refused += not meta.answerable
        census.forms_of_fact.update(meta.facts)
        census.nodes.update(example.refs[:1])

    def _report(self, rows: int, valids: int, tests: list[Example]) -> DatasetReport:
        census, knowledge = self.census, self.knowledge
        told, written = self.chooser.told, census.forms_of_fact
        covered = sum(sum(fact in written for fact in told.get(i, ())) >= COVERED for i in knowledge.public)
        top = [i for i in knowledge.subjects_by_rank[:TOP] if not self.splits.node_form(i)]
        forms = [written[fact] for i in top for fact in told.get(i, ()) if fact in written]
        splits = Counter(e.meta.split for e in tests)
        dropped = {gate: self.gates.dropped[gate] for gate in GATES if self.gates.dropped[gate]}
        if self.chooser.near_duplicates:
            dropped["near duplicate"] = self.chooser.near_duplicates
        return DatasetReport(
            skipped=False,
            path=self.settings.out_jsonl.as_posix(),
            rows=rows,
            valid=valids,
            test=len(tests),
            by_kind=census.by_kind(),
            by_form=census.by_form(),
            by_kind_form=census.nested(),
            by_intent=dict(sorted(census.intent.items())),
            by_language={k or "none": n for k, n in sorted(census.language.items())},
            by_split={"train": rows, "valid": valids, **{t: splits[t] for t in TESTS}},
            facts=len(census.forms_of_fact),
            nodes=len(census.nodes),
            public=len(knowledge.public),
            public_covered=covered,
            top_nodes=len(top),
            top_facts_floor=sum(n >= FLOOR for n in forms) / len(forms) if forms else 1.0,
            refusals=census.refused / rows if rows else 0.0,
            dropped=dropped,
            shortages=self._shortages(census.by_kind()),
            teacher=self.taught.as_json() if self.settings.teacher.endpoint else {},
            teacher_lines=tuple(self.taught.lines()) if self.settings.teacher.endpoint else (),
            samples=[{"prompt": e.prompt, "response": e.response} for e in tests if e.meta.split == "T0"][:SAMPLES],
        )

    def _shortages(self, made: dict[str, int]) -> dict[str, str]:
        """For each kind with fewer rows than wanted, how many and why."""
        found = {}
        for kind, wanted in self.settings.counts.model_dump().items():
            have = made.get(kind, 0)
            if have < wanted:
                forms = [
                    f"{form} {self.wanted.made[kind, form]}" for (k, form) in sorted(self.wanted.goal) if k == kind
                ]
                found[kind] = (
                    f"{have:,} of {wanted:,}: the repository has no more to ask at {FORMS_NOTE} ({', '.join(forms)})"
                )
        return found


FORMS_NOTE = "up to 14 wordings of each fact"
