"""The dataset's stage: graph and notes in; train.jsonl, valid.jsonl, test.jsonl and report.json out, the manifest last.

Rows go to a spool beside the output while the gates remember one number per prompt; the spool is then written in order of
row id without what turned out to contradict another row or to leak into the test set. Same graph, notes, settings and seed,
same bytes.
"""

from __future__ import annotations

import json
import os
import time
from array import array
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from config.console import Console
from config.errors import MissingInput, StaleInput, StorageError
from config.manifest import Manifest, digest, manifest_path, read_manifest, write_atomically, write_manifest
from config.settings import DatasetSettings
from dataset.aspects import Topic
from dataset.choose import Chooser, Wanted, askings, goals
from dataset.context import with_context
from dataset.corrections import Corrections
from dataset.curate import GATES, Gates, masked_grams
from dataset.example import KINDS, Example, Meta, dump_example, load_example, write_examples
from dataset.knowledge import Knowledge
from dataset.negatives import out_of_scope, split_words, unseen_words
from dataset.questions import Draft
from dataset.refusals import ASPECTS, kind_of, refuse, scope_refusals
from dataset.report import Census, DatasetReport
from dataset.splits import REVERSED, TESTS, Splits
from extractor.graph import Graph

VERSION = "2"
SAMPLES = 20


def run(settings: DatasetSettings, console: Console) -> DatasetReport:
    """Make the rows. Raises MissingInput without graph or notes, StaleInput when the notes are of another graph,
    StorageError on a full disk; what was there before stays until the new rows are complete."""
    started = time.monotonic()
    with Graph(settings.graph) as graph:
        manifest = _manifest(settings, graph)
        old = read_manifest(settings.out_jsonl)
        if manifest.same_work(old) and all(p.is_file() for p in outputs(settings.out_jsonl)):
            return DatasetReport(skipped=True, path=settings.out_jsonl.as_posix(), seconds=time.monotonic() - started)
        with console.progress("reading graph and notes"):
            knowledge = Knowledge(graph, settings.nodes_dir)
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
    wanted = settings.model_dump(mode="json")
    return Manifest(
        stage="dataset",
        inputs=digest((source.inputs, notes.inputs, json.dumps(notes.settings, sort_keys=True))),
        root=source.root,
        commit=source.commit,
        project=source.project,
        settings=wanted,
        versions={"dataset": VERSION, **notes.versions},
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
        self.spool: Spool
        self.chooser = Chooser(
            knowledge.subjects_by_rank,
            knowledge.public,
            knowledge.topics,
            self._context,
            self.splits,
            self.wanted,
            self._admit,
        )

    def make(self) -> DatasetReport:
        train, valid, test, report_path = outputs(self.settings.out_jsonl)
        with _spool(train) as spool:
            self.spool = spool
            with self.console.progress("asking questions"):
                self.chooser.run()
                self._corrections()
                self._refusals()
                self._refill()
            with self.console.progress("holding out"):
                tests = self._tests()
                valids = self._valids()
            tests = self._without_leaks(tests)
            with self.console.progress("writing rows"):
                rows = write_examples(_new(train), self._rows())
                seen = self._t0()
                write_examples(_new(valid), valids)
                write_examples(_new(test), [*seen, *tests])
            report = self._report(rows, len(valids), [*seen, *tests])
            text = json.dumps(report.as_json(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
            write_atomically(_new(report_path), text)
            # All is written: from here to the manifest nothing can fail but a rename.
            manifest_path(train).unlink(missing_ok=True)
            for path in (train, valid, test, report_path):
                _new(path).replace(path)
            counts = {"train": rows, "valid": len(valids), "test": len(seen) + len(tests), "facts": report.facts}
            write_manifest(train, Manifest(**{**asdict(self.manifest), "counts": counts}))
        return replace(report, seconds=time.monotonic() - self.started)

    def _admit(self, draft: Draft) -> bool:
        if not self.gates.admit(draft):
            return False
        self.spool.add(self._example(draft, "train"))
        return True

    def _context(self, draft: Draft) -> Draft | None:
        return with_context(draft, self.knowledge.note, self.knowledge.neighbours(draft.subject.id, 4))

    def _example(self, draft: Draft, split: str) -> Example:
        negatives = self.knowledge.neighbours(draft.twin or draft.subject.id, self.settings.negatives_per_example)
        if draft.twin:
            negatives = (draft.twin, *negatives)[: max(1, self.settings.negatives_per_example)]
        cites = tuple(dict.fromkeys(filter(None, map(self.knowledge.span, draft.refs))))
        meta = Meta(
            kind=draft.kind,
            form=draft.form,
            template=draft.template,
            facts=tuple(dict.fromkeys(f.id for f in draft.facts)),
            negatives=tuple(n for n in negatives if n not in draft.refs),
            answerable=draft.answerable,
            cites=cites,
            split=split,
        )
        name = digest((split, draft.prompt, draft.response))[:16]
        return Example(name, draft.prompt, draft.response, draft.refs, meta)

    def _refill(self) -> None:
        """Fill the places of rows that turned out to contradict another, and of refusals that were not needed."""
        lost = Counter(e.meta.kind for e in self.spool.read() if not self._kept(e))
        for kind, number in lost.items():
            self.wanted.goal[kind, "forward"] += number
        self.chooser.top_up()

    # -- rows that are not answers ----------------------------------------------------------------------------------

    def _corrections(self) -> None:
        makers = Corrections(self.knowledge.graph, self.knowledge)
        for turn in range(4):
            for node_id in self.knowledge.subjects_by_rank:
                if all(self.wanted.room(kind, "correction") <= 0 for kind in KINDS):
                    return
                if self.splits.node_form(node_id) or self.knowledge.names.types.get(node_id) == "external":
                    continue
                for topic in makers.topics(self.knowledge.ask(node_id)):
                    asked = askings(topic)
                    if (
                        self.wanted.room(topic.kind, "correction") > 0
                        and turn < len(asked)
                        and self._admit(asked[turn])
                    ):
                        self.wanted.made[topic.kind, "correction"] += 1

    def _refusals(self) -> None:
        """As many refusals as the share allows of the rows that were made, spread over what was asked."""
        share = self.settings.refusal_share
        answered = sum(n for (_, form), n in self.wanted.made.items() if form != "refusal")
        allowed = round(answered * share / (1 - share)) if share else 0
        planned = {k: self.wanted.goal.get((k, "refusal"), 0) for k in KINDS}
        total = sum(planned.values())
        room = Counter({k: min(n, round(allowed * n / total) if total else 0) for k, n in planned.items()})
        absent = out_of_scope(self.knowledge.text())
        scope = [c for c in absent if not self.splits.sampled("scope" + c, 0.3)]
        limit = room["discovery"] // 12
        for draft in scope_refusals(scope, "train"):
            if limit > 0 and self._admit(draft):
                room["discovery"] -= 1
                limit -= 1
                self.wanted.made["discovery", "refusal"] += 1
        for turn in range(9):
            for draft, topic in self._twins(turn):
                kind = kind_of(topic.aspect)
                if room[kind] <= 0:
                    continue
                refused = refuse(draft, topic, self.parts, self.settings.seed)
                if refused is not None and self._admit(refused):
                    room[kind] -= 1
                    self.wanted.made[kind, "refusal"] += 1
            if all(n <= 0 for n in room.values()):
                break

    def _twins(self, turn: int) -> Iterator[tuple[Draft, Topic]]:
        """Questions that train holds, one per topic and turn."""
        for node_id in self.knowledge.subjects_by_rank:
            for topic in self.knowledge.topics(node_id):
                if topic.aspect in ASPECTS and self.chooser.asked(topic) > turn:
                    asked = askings(topic)
                    if turn < len(asked):
                        yield asked[turn], topic

    # -- held-out rows ----------------------------------------------------------------------------------------------

    def _tests(self) -> list[Example]:
        """Rows of T1 to T5 about what train has shown, in order of importance, spread over aspects."""
        cap = max(60, min(1000, sum(self.wanted.made.values()) // 20))
        made: dict[str, list[Draft]] = {t: [] for t in TESTS}
        per: Counter[tuple[str, str]] = Counter()
        words = unseen_words(self._taken_words())
        for node_id in self.knowledge.subjects_by_rank:
            for topic in self.knowledge.topics(node_id):
                split, draft = self._test_draft(topic)
                room = 2 * cap if split == "T1" else cap
                # No aspect takes more than a quarter of a split: recall of one relation is not knowledge of the code.
                if draft is None or len(made[split]) >= room or per[split, topic.aspect] >= max(10, room // 4):
                    continue
                if split == "T1" and len(made["T1"]) >= cap and not self.splits.sampled("t1" + draft.prompt, 0.3):
                    continue
                if not self._fits(draft):
                    continue
                made[split].append(draft)
                per[split, topic.aspect] += 1
                if split == "T1" and topic.aspect in ASPECTS and words and len(made["T5"]) < cap:
                    self._pair(made["T5"], draft, topic, words)
        for capability in scope_refusals(self._held_scope(), "T1"):
            if len(made["T5"]) < cap and self._fits(capability):
                made["T5"].append(capability)
        return [self._example(d, split) for split in TESTS for d in made[split]]

    def _test_draft(self, topic: Topic) -> tuple[str, Draft | None]:
        """The split a topic is tested in, and its question there; None where it cannot be tested."""
        held = self.splits.held(topic)
        forms = self.chooser.used.get((topic.subject.id, topic.aspect, topic.fills.get("o", "")), Counter())
        if held == "":
            asked = (
                askings(topic, "T1") if topic.form in ("forward", "reverse", "two_hop") and forms[topic.form] else []
            )
            return "T1", asked[0] if asked else None
        asked = askings(topic) if topic.form != "statement" else []
        if not asked or not self._trained(topic, held, forms):
            return held, None
        return (held, asked[0]) if held in ("T2", "T3", "T4") else ("T1", None)

    def _trained(self, topic: Topic, held: str, forms: Counter[str]) -> bool:
        """Whether train has shown what the held-out question needs."""
        if held == "T2":
            return forms["statement"] > 0
        if held == "T3":
            forward = REVERSED[topic.aspect]
            return any(self._shown(f.object, forward) for f in topic.facts if f.object_is_node)
        return all(self._shown(f.subject, f.relation) for f in topic.facts if f.relation != "path")

    def _shown(self, node_id: str, aspect: str) -> bool:
        keys = {"container": "location", "subclass": "subclasses"}
        forms = self.chooser.used.get((node_id, keys.get(aspect, aspect), ""), Counter())
        return forms["forward"] + forms["reverse"] + forms["statement"] > 0

    def _pair(self, into: list[Draft], draft: Draft, topic: Topic, words: list[str]) -> None:
        """An invented name with an unseen part, asked as T1 asks, and its real twin in another wording of T1."""
        others = askings(topic, "T1")[1:]
        fake = refuse(others[0] if others else draft, topic, self.parts, self.settings.seed, words)
        if fake is not None and others and self._fits(fake) and self._fits(others[0]):
            into += [fake, others[0]]

    def _held_scope(self) -> list[str]:
        return [c for c in out_of_scope(self.knowledge.text()) if self.splits.sampled("scope" + c, 0.3)]

    def _taken_words(self) -> set[str]:
        return {w for node in self.knowledge.view.nodes for w in split_words(node)} | set(self.parts.words)

    def _fits(self, draft: Draft) -> bool:
        """The gates of train hold for held-out rows too; what they drop is not counted against train."""
        before = self.gates.dropped.copy()
        fits = self.gates.admit(draft, held_out=True)
        self.gates.dropped = before
        return fits

    def _valids(self) -> list[Example]:
        """Trained facts in the valid families, and refusals at the share of train."""
        cap = max(40, min(1000, sum(self.wanted.made.values()) // 20))
        rows: list[Draft] = []
        refusals = round(cap * self.settings.refusal_share)
        for node_id in self.knowledge.subjects_by_rank:
            for topic in self.knowledge.topics(node_id):
                if (
                    len(rows) >= cap
                    or self.splits.held(topic)
                    or not self.chooser.asked(topic)
                    or topic.form == "statement"
                ):
                    continue
                if not self.splits.sampled(f"valid\0{node_id}\0{topic.aspect}", 0.25):
                    continue
                asked = askings(topic, "valid")
                if asked and self._fits(asked[0]):
                    rows.append(asked[0])
                if refusals > 0 and topic.aspect in ASPECTS and len(asked) > 1:
                    fake = refuse(asked[1], topic, self.parts, self.settings.seed + 1)
                    if fake is not None and self._fits(fake):
                        rows.append(fake)
                        refusals -= 1
        return [self._example(d, "valid") for d in rows]

    def _without_leaks(self, tests: list[Example]) -> list[Example]:
        """Test rows of T1 and T5 that share no eight words in a row with a train prompt, names aside."""
        guarded: dict[tuple[str, ...], list[int]] = {}
        for number, example in enumerate(tests):
            if example.meta.split in ("T1", "T5"):
                for gram in masked_grams(example.prompt):
                    guarded.setdefault(gram, []).append(number)
        leaked: set[int] = set()
        if guarded:
            for example in self.spool.read():
                for gram in masked_grams(example.prompt) & guarded.keys():
                    leaked.update(guarded[gram])
        if leaked:
            self.gates.dropped["leak into test"] += len(leaked)
        return [e for number, e in enumerate(tests) if number not in leaked]

    def _t0(self) -> list[Example]:
        """A sample of train itself."""
        wanted = max(60, min(1000, self.census.rows // 20))
        share = min(1.0, 1.5 * wanted / max(1, self.census.rows))
        rows: list[Example] = []
        for example in self.spool.read():
            sampled = example.meta.form != "context" and self.splits.sampled("t0" + example.id, share)
            if sampled and len(rows) < wanted and self._kept(example):
                rows.append(replace(example, meta=replace(example.meta, split="T0")))
        return rows

    # -- output -----------------------------------------------------------------------------------------------------

    def _kept(self, example: Example) -> bool:
        return self.gates.prompt_key(example.prompt) not in self.gates.conflicting

    def _rows(self) -> Iterator[Example]:
        for example in self.spool.read():
            if not self._kept(example):
                self.gates.dropped["conflict"] += 1
                continue
            self._count(example)
            yield example

    def _count(self, example: Example) -> None:
        census, meta = self.census, example.meta
        census.rows += 1
        census.kind_form[meta.kind, meta.form] += 1
        census.intent[meta.template.partition(".")[0]] += 1
        census.language[self.knowledge.language(example.refs[0]) if example.refs else ""] += 1
        census.refused += not meta.answerable
        census.forms_of_fact.update(meta.facts)
        if example.refs:
            for ref in example.refs[:1]:
                census.facts_of_node.setdefault(ref, set()).update(meta.facts)

    def _report(self, rows: int, valids: int, tests: list[Example]) -> DatasetReport:
        census, knowledge = self.census, self.knowledge
        covered = sum(len(census.facts_of_node.get(i, ())) >= 3 for i in knowledge.public)
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
            nodes=len(census.facts_of_node),
            public=len(knowledge.public),
            public_covered=covered,
            refusals=census.refused / rows if rows else 0.0,
            dropped=dropped,
            shortages=self._shortages(census.by_kind()),
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


class Spool:
    """Rows on disk in the order they were made; `read` gives them back in order of id."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w+b")
        self._ids = array("Q")
        self._offsets = array("Q")

    def add(self, example: Example) -> None:
        self._ids.append(int(example.id, 16))
        self._offsets.append(self._file.tell())
        self._file.write(dump_example(example).encode() + b"\n")

    def read(self) -> Iterator[Example]:
        self._file.flush()
        for index in sorted(range(len(self._ids)), key=self._ids.__getitem__):
            self._file.seek(self._offsets[index])
            yield load_example(self._file.readline())
        self._file.seek(0, os.SEEK_END)

    def close(self) -> None:
        self._file.close()


@contextmanager
def _spool(train: Path) -> Iterator[Spool]:
    path = train.with_name(f".{train.name}.{os.getpid()}.spool")
    try:
        train.parent.mkdir(parents=True, exist_ok=True)
        spool = Spool(path)
        try:
            yield spool
        finally:
            spool.close()
    except OSError as error:
        raise StorageError(f"cannot write {train}: {error}", "free some disk space, then make dataset") from error
    finally:
        for left in (path, *map(_new, outputs(train))):
            left.unlink(missing_ok=True)


def _new(path: Path) -> Path:
    """Where an output is written before all of them are put in place together."""
    return path.with_name(f".{path.name}.{os.getpid()}.new")
