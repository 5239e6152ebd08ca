"""From a plan to a pack: train by it, prove what was learnt, write the result as the next version."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from config.console import plural
from config.errors import MissingInput
from config.manifest import write_atomically
from dataset.example import Example
from dataset.negatives import load_parts
from trainer import processes
from trainer.card import card, licence_warnings, source_licence
from trainer.inputs import Stage, library_versions, portable
from trainer.job import Job
from trainer.pack import BaseModel, Pack, work_folder, write_pack
from trainer.picture import loss_picture
from trainer.plan import Plan
from trainer.progress import prepare_work
from trainer.report import TrainReport
from trainer.selection import Selection

# Rows asked for the recall after training.
MEASURED: Final = 200
MEASURED_SLOWLY: Final = 24
# A base this small keeps its adapter in float32: the size does not matter, and probes agree to the last digit.
SMALL: Final = 50_000_000


@dataclass(frozen=True, slots=True)
class Trained:
    """A model that has learnt: by which plan, from which rows, how its loss went (step and value), after which pack (`parent`)
    and the facts that this one held already (`taught`)."""

    model: Any
    plan: Plan
    selection: Selection
    losses: Sequence[tuple[int, float]]
    evaluations: Sequence[tuple[int, float]] = ()
    parent: str = ""
    taught: frozenset[str] = frozenset()
    stage: Stage = "sft"


def finish(
    job: Job,
    model: Any,
    selection: Selection,
    plan: Plan,
    *,
    checkpoint: Path | None = None,
    speed: float = 0.0,
    parent: str = "",
    taught: frozenset[str] = frozenset(),
) -> TrainReport:
    """Train `model` by `plan`, measure it and write the pack. `taught` are facts an earlier adapter already holds."""
    from trainer.sft import fit, rebuild
    from trainer.stream import Stream

    inputs, settings, console, work = job.inputs, job.inputs.settings, job.console, work_folder(job.inputs.target)
    if processes.first():
        prepare_work(work, inputs, plan, keep=checkpoint is not None, speed=speed)
    processes.wait()
    if not (work / "run.json").is_file():
        raise MissingInput(
            f"{work} does not hold what rank 0 wrote there: the machines of one training share its folders",
            "put save_dir where every machine sees it",
        )
    for line in plan.lines():
        console.debug(line)
    for text in (*plan.warnings, *licence_warnings(inputs.base.licence, inputs.base.id)):
        console.warn(text)
    console.note(
        f"training on {selection.line()}; {plan.steps:,} steps, about {plan.seconds:.0f} s"
        if plan.seconds
        else "training"
    )
    stream = Stream(
        selection.rows,
        job.encoder,
        positions=plan.steps * settings.batch_size,
        batch=settings.batch_size,
        max_length=settings.max_seq_len,
        seed=settings.seed,
        slips=settings.fresh_fakes,
        parts=load_parts(settings.dataset) if settings.fresh_fakes else None,
    )
    valid = job.watched(selection)
    outcome = fit(model, job.encoder, stream, valid, settings, plan, inputs.hardware, work, console, checkpoint)
    processes.part()
    if not processes.first():
        return TrainReport(plan, None, steps=outcome.steps, seconds=outcome.seconds, stopped=outcome.stopped)
    if inputs.hardware.sharding:
        model = rebuild(model, outcome.trained, inputs.base.path, settings, inputs.hardware)
    # Generating is the slow part: a larger base on a CPU is asked a few questions only.
    quick = inputs.hardware.device == "cuda" or inputs.base.parameters < SMALL
    rows = job.measured(selection.facts | taught, MEASURED if quick else MEASURED_SLOWLY)
    trained = Trained(model, plan, selection, outcome.losses, outcome.evaluations, parent, taught)
    pack, recall = write_result(job, trained, rows)
    write_atomically(
        work / "loss.svg", loss_picture(outcome.losses, outcome.evaluations, f"{pack.name} on {pack.base.id}")
    )
    shutil.rmtree(work / "checkpoints", ignore_errors=True)
    (work / "run.json").unlink(missing_ok=True)
    notes = [] if rows else ["no T1 rows are about the trained facts: recall was not measured"]
    report = TrainReport(
        plan,
        pack,
        steps=outcome.steps,
        seconds=outcome.seconds,
        total_seconds=time.monotonic() - job.started,
        tokens_per_second=outcome.tokens_per_second,
        peak_bytes=outcome.peak_bytes,
        stopped=outcome.stopped,
        recall=recall,
        selection=selection.line(),
        notes=tuple(notes),
    )
    write_atomically(work / "report.json", json.dumps(report.as_json(), indent=1, sort_keys=True) + "\n")
    return report


def write_result(job: Job, trained: Trained, rows: Sequence[Example]) -> tuple[Pack, dict[str, Any] | None]:
    """Measure the trained model on `rows`, and write its pack as the next version; the recall is None without rows."""
    import torch

    from trainer.measure import measure_recall, probe

    inputs, base, model, selection = job.inputs, job.inputs.base, trained.model, trained.selection
    dtype = torch.float32 if base.parameters < SMALL else torch.bfloat16
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.to(dtype)
    recall: dict[str, Any] | None = None
    if rows:
        job.console.note(f"measuring recall on {plural(len(rows), 'unseen wording')} with the adapter and without …")
        recall = asdict(measure_recall(model, job.encoder, rows))
    probes = probe(model, job.encoder, [*rows, *selection.rows])
    metrics: dict[str, Any] = {
        "loss": round(trained.losses[-1][1], 5) if trained.losses else None,
        "eval_loss": round(min(v for _, v in trained.evaluations), 5) if trained.evaluations else None,
        "t1": recall,
        "processes": {"count": inputs.hardware.processes, "sharding": inputs.hardware.sharding or "none"},
        "learnt": {"facts": len(selection.facts), "share": round(selection.share, 4), "answers": selection.answers},
    }
    root = Path(inputs.manifest.root) if inputs.manifest and inputs.manifest.root else Path("/nonexistent")
    pack = Pack(
        project=inputs.project,
        base=BaseModel(
            id=base.id,
            revision=base.revision,
            architecture=base.architecture,
            fingerprint=inputs.fingerprint,
            location=location_of(base.path, inputs.target.parent),
            licence=base.licence,
            instruct=job.template.instruct,
        ),
        adapter_sha256="",
        dataset_sha256=inputs.dataset_sha256,
        rank=inputs.settings.lora_rank,
        stop_ids=tuple(sorted(job.encoder.stop_ids)),
        template_sha256="",
        dtype=str(dtype).removeprefix("torch."),
        device=inputs.hardware.device,
        system=job.encoder.system,
        longest_example=trained.plan.rows.longest,
        commit=inputs.manifest.commit if inputs.manifest else "",
        method=inputs.method,
        stage=trained.stage,
        parent=trained.parent,
        serveable=trained.plan.serveable,
        unserveable_reasons=trained.plan.unserveable,
        probes=probes,
        settings=portable(inputs.settings),
        versions=library_versions(inputs.hardware),
        metrics=metrics,
        nodes=tuple(sorted(selection.nodes)),
        facts=tuple(sorted(selection.facts | trained.taught)),
    )

    def fill(folder: Path) -> None:
        model.save_pretrained(folder, save_embedding_layers=False)
        job.encoder.tokenizer.save_pretrained(folder)

    text = card(pack, source_licence(root), inputs.fingerprint["weights"])
    return write_pack(inputs.target, pack, fill, text), recall


def location_of(base: Path, parent: Path) -> str:
    """The way from the packs' folder to a base below or beside it, "" when it lies elsewhere."""
    try:
        return base.resolve().relative_to(parent.resolve()).as_posix()
    except ValueError:
        return ""
