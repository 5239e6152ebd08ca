"""The stage: rows and a base in, an adapter pack out. Plan first, then train, then prove what was learnt.

A run that was killed goes on from its last checkpoint when nothing it depends on has changed. A run whose result already
stands says so and stops. The expert in use is replaced only when the new one is complete.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, redirect_stdout
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from config.console import Console, plural
from config.errors import IncompatibleInput, MissingInput, UsageError
from config.manifest import Manifest, write_atomically
from config.settings import TrainSettings
from dataset.example import Example
from trainer import processes
from trainer.card import card, licence_warnings, source_licence
from trainer.hardware import Choice
from trainer.inputs import Inputs, Method, Stage, library_versions, portable, read_inputs, run_key, same_training
from trainer.memory import resolve_targets
from trainer.models import Template, load_base, load_tokenizer
from trainer.pack import BaseModel, Pack, current_pack, work_folder, write_pack
from trainer.picture import loss_picture
from trainer.plan import Plan, Sample, guessed_speed, make_plan
from trainer.progress import Progress, prepare_work
from trainer.report import TrainReport
from trainer.rows import Encoder, measure, usable
from trainer.selection import EXPOSURES, Selection, about, sample, select

# Rows asked for the recall after training, and rows of the loss on unseen wordings during it.
MEASURED: Final = 200
MEASURED_SLOWLY: Final = 24
WATCHED: Final = 200
# A base this small keeps its adapter in float32: the size does not matter, and probes agree to the last digit.
SMALL: Final = 50_000_000
SAMPLE_SPEED: Final = 64


def run(
    settings: TrainSettings,
    console: Console,
    method: Method,
    base: str = "",
    dataset: str = "",
    out: str = "",
    *,
    dry_run: bool = False,
    refresh: bool = False,
    stage: Stage = "sft",
    allow_unserveable: bool = False,
) -> TrainReport:
    """Train an adapter, or with `dry_run` say what training would do. `base`, `dataset`, `out` override the settings.

    `refresh` goes on from the current adapter with what is new in the dataset and a replay of what is not. `stage` dpo and grpo
    go on from the current adapter as well. Raises the errors of config/errors.py, each with the next command.
    """
    started = time.monotonic()
    given = {
        "base": base,
        "dataset": Path(dataset) if dataset else None,
        "save_dir": out,
        "allow_unserveable": allow_unserveable,
    }
    settings = settings.model_copy(update={k: v for k, v in given.items() if v})
    if method == "qlora" and settings.bits == 16:
        raise UsageError("qlora loads the base in 4 or 8 bits, bits is 16", "nanodex train lora, or --set bits=4")
    from trainer.quiet import quiet_libraries

    quiet_libraries()
    with ExitStack() as stack:
        stack.enter_context(processes.one_voice())
        console = processes.join(console)
        if stage != "sft" and processes.count() > 1:
            raise IncompatibleInput(
                f"{stage} trains in one process", f"nanodex train {method} --stage {stage}, without a launcher"
            )
        # What libraries print is no report.
        stack.enter_context(redirect_stdout(sys.stderr))
        scratch = Path(stack.enter_context(TemporaryDirectory(prefix="nanodex-plan-"))) if dry_run else None
        inputs = read_inputs(settings, method, console, scratch)
        if refresh or stage != "sft":
            from trainer.onward import go_on

            return go_on(inputs, console, stage, dry_run, started)
        previous = current_pack(inputs.target)
        if not dry_run and previous is not None and same_training(previous, inputs):
            return TrainReport(None, previous)
        tokenizer, template = load_tokenizer(inputs.base)
        encoder = Encoder(tokenizer, template.stop_ids)
        if dry_run:
            speed = guessed_speed(inputs.base, inputs.hardware)
            selection = choose(inputs, encoder, speed)
            action = (
                f"a new adapter, after the tiny base at {inputs.unmade} (minutes, once)"
                if inputs.unmade
                else "a new adapter"
            )
            return TrainReport(plan_of(inputs, selection, encoder, template, speed, action), None)
        return _train(inputs, encoder, template, console, started)


def choose(inputs: Inputs, encoder: Encoder, speed: float) -> Selection:
    """The rows to train on: all that a base for real use is given, what the time budget can teach to the tiny one."""
    settings = inputs.settings
    if not settings.time_budget_s and not settings.max_nodes:
        return select(inputs.train)
    kept = usable(inputs.train, encoder, settings.max_seq_len)
    most = 0
    if settings.time_budget_s and speed:
        lengths = [len(encoder.encode(row.prompt, row.response).ids) for row in sample(kept, SAMPLE_SPEED)]
        affordable = settings.time_budget_s * speed / max(1.0, sum(lengths) / max(1, len(lengths)))
        most = max(16, int(affordable / EXPOSURES))
    return select(kept, max_nodes=settings.max_nodes, max_answers=most, importance=node_importance(inputs.manifest))


def node_importance(manifest: Manifest | None) -> dict[str, float] | None:
    """Importance by node id, from the graph the dataset was made of; None when that graph is gone."""
    graph = Path(str(manifest.settings.get("graph", ""))) if manifest else Path()
    if not graph.is_file():
        return None
    from brain.importance import rank
    from extractor.graph import Graph

    with Graph(graph) as opened:
        return {node: value.total for node, value in rank(opened).items()}


def plan_of(
    inputs: Inputs, selection: Selection, encoder: Encoder, template: Template, speed: float, action: str
) -> Plan:
    """The plan for a selection of rows."""
    stats = measure(selection.rows, encoder, inputs.settings.max_seq_len)
    example = next((row for row in selection.rows if row.prompt.strip() and row.response.strip()), None)
    shown = None
    if example is not None:
        row = encoder.encode(example.prompt, example.response)
        shown = Sample(row.ids, tuple(encoder.tokenizer.decode([token]) for token in row.ids), row.prompt)
    return make_plan(
        inputs.settings,
        inputs.base,
        inputs.hardware,
        stats,
        method=inputs.method,
        valid_rows=len(watched(inputs, selection)),
        answers=selection.answers,
        action=action,
        template=Choice("template", "chat" if template.instruct else "plain", template.reason),
        fingerprint=inputs.fingerprint,
        sample=shown,
        selection=selection.line(),
        tokens_per_second=speed,
    )


def watched(inputs: Inputs, selection: Selection) -> list[Example]:
    """Valid rows about what is being learnt: the others would measure what was never shown."""
    return sample(about(inputs.valid, selection.facts), WATCHED)


def check_plan(plan: Plan) -> None:
    """Raises IncompatibleInput for a plan that cannot work, naming the first knob to turn."""
    if plan.refusals:
        reasons = "; ".join(refusal.reason for refusal in plan.refusals)
        raise IncompatibleInput(reasons, "; ".join(dict.fromkeys(refusal.knob for refusal in plan.refusals)))


def _train(inputs: Inputs, encoder: Encoder, template: Template, console: Console, started: float) -> TrainReport:
    from trainer.sft import measure_speed, wrap
    from trainer.stream import Stream

    settings, work = inputs.settings, work_folder(inputs.target)
    # Read by one: it clears away what was half written.
    resumed = processes.agree(Progress.read(work, run_key(inputs)) if processes.first() else None)
    import torch

    torch.manual_seed(settings.seed)
    targets, _ = resolve_targets(settings.target_modules, inputs.base)
    speed = resumed.speed if resumed else 0.0
    if not settings.time_budget_s or inputs.hardware.sharding:
        # Nothing to time: what cannot work is refused before the weights are read.
        check_plan(plan_of(inputs, choose(inputs, encoder, 0.0), encoder, template, 0.0, "a new adapter"))
    model = load_base(inputs.base.path, settings.bits, settings.bnb_4bit_compute_dtype, inputs.hardware.device)
    model = wrap(model.to(inputs.hardware.home) if settings.bits == 16 else model, settings, targets)
    if settings.time_budget_s and not speed:
        rows = sample(usable(inputs.train, encoder, settings.max_seq_len), 1024)
        if rows:
            probe = Stream(
                rows, encoder, positions=4096, batch=settings.batch_size, max_length=settings.max_seq_len, seed=0
            )
            micro = min(settings.batch_size, 32)
            speed = processes.agree(measure_speed(model, probe, micro, inputs.hardware)) * processes.count()
    selection = choose(inputs, encoder, speed)
    checkpoint = resumed.checkpoint if resumed else None
    action = f"going on from {checkpoint.name}" if checkpoint else "a new adapter"
    plan = plan_of(inputs, selection, encoder, template, speed, action)
    check_plan(plan)
    return finish(
        inputs, model, encoder, template, selection, plan, console, started, checkpoint=checkpoint, speed=speed
    )


def finish(
    inputs: Inputs,
    model: Any,
    encoder: Encoder,
    template: Template,
    selection: Selection,
    plan: Plan,
    console: Console,
    started: float,
    *,
    checkpoint: Path | None = None,
    speed: float = 0.0,
    parent: str = "",
    taught: frozenset[str] = frozenset(),
) -> TrainReport:
    """Train `model` by `plan`, measure it and write the pack. `taught` are facts an earlier adapter already holds."""
    from dataset.negatives import load_parts
    from trainer.sft import fit, rebuild
    from trainer.stream import Stream

    settings, work = inputs.settings, work_folder(inputs.target)
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
        encoder,
        positions=plan.steps * settings.batch_size,
        batch=settings.batch_size,
        max_length=settings.max_seq_len,
        seed=settings.seed,
        slips=settings.fresh_fakes,
        parts=load_parts(settings.dataset) if settings.fresh_fakes else None,
    )
    valid = watched(inputs, selection)
    outcome = fit(model, encoder, stream, valid, settings, plan, inputs.hardware, work, console, checkpoint)
    processes.part()
    if not processes.first():
        return TrainReport(plan, None, steps=outcome.steps, seconds=outcome.seconds, stopped=outcome.stopped)
    if inputs.hardware.sharding:
        model = rebuild(model, outcome.trained, inputs.base.path, settings, inputs.hardware)
    held = [row for row in inputs.test if row.meta.split == "T1"]
    # Generating is the slow part: a larger base on a CPU is asked a few questions only.
    quick = inputs.hardware.device == "cuda" or inputs.base.parameters < SMALL
    rows = sample(about(held, selection.facts | taught), MEASURED if quick else MEASURED_SLOWLY)
    pack, recall = write_result(
        inputs,
        model,
        encoder,
        template,
        plan,
        console,
        rows,
        selection,
        outcome.evaluations,
        outcome.losses,
        parent,
        taught,
    )
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
        total_seconds=time.monotonic() - started,
        tokens_per_second=outcome.tokens_per_second,
        peak_bytes=outcome.peak_bytes,
        stopped=outcome.stopped,
        recall=recall,
        selection=selection.line(),
        notes=tuple(notes),
    )
    write_atomically(work / "report.json", json.dumps(report.as_json(), indent=1, sort_keys=True) + "\n")
    return report


def write_result(
    inputs: Inputs,
    model: Any,
    encoder: Encoder,
    template: Template,
    plan: Plan,
    console: Console,
    rows: Sequence[Example],
    selection: Selection,
    evaluations: Sequence[tuple[int, float]],
    losses: Sequence[tuple[int, float]],
    parent: str = "",
    taught: frozenset[str] = frozenset(),
    stage: str = "sft",
) -> tuple[Pack, dict[str, Any] | None]:
    """Measure the trained model, and write its pack as the next version."""
    import torch

    from trainer.measure import measure_recall, probe

    settings, base = inputs.settings, inputs.base
    dtype = torch.float32 if base.parameters < SMALL else torch.bfloat16
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.to(dtype)
    recall: dict[str, Any] | None = None
    if rows:
        console.note(f"measuring recall on {plural(len(rows), 'unseen wording')} with the adapter and without …")
        recall = asdict(measure_recall(model, encoder, rows))
    probes = probe(model, encoder, [*rows, *selection.rows])
    metrics: dict[str, Any] = {
        "loss": round(losses[-1][1], 5) if losses else None,
        "eval_loss": round(min(v for _, v in evaluations), 5) if evaluations else None,
        "t1": recall,
        "processes": {"count": inputs.hardware.processes, "sharding": inputs.hardware.sharding or "none"},
        "learnt": {"facts": len(selection.facts), "share": round(selection.share, 4), "answers": selection.answers},
    }
    root = Path(inputs.manifest.root) if inputs.manifest and inputs.manifest.root else Path("/nonexistent")
    local = inputs.target.parent
    pack = Pack(
        project=inputs.project,
        base=BaseModel(
            id=base.id,
            revision=base.revision,
            architecture=base.architecture,
            fingerprint=inputs.fingerprint,
            location=location_of(base.path, local),
            licence=base.licence,
            instruct=template.instruct,
        ),
        adapter_sha256="",
        dataset_sha256=inputs.dataset_sha256,
        rank=settings.lora_rank,
        stop_ids=tuple(sorted(encoder.stop_ids)),
        template_sha256="",
        dtype=str(dtype).removeprefix("torch."),
        device=inputs.hardware.device,
        system=encoder.system,
        longest_example=plan.rows.longest,
        commit=inputs.manifest.commit if inputs.manifest else "",
        method=inputs.method,
        stage=stage,
        parent=parent,
        serveable=plan.serveable,
        unserveable_reasons=plan.unserveable,
        probes=probes,
        settings=portable(settings),
        versions=library_versions(inputs.hardware),
        metrics=metrics,
        nodes=tuple(sorted(selection.nodes)),
        facts=tuple(sorted(selection.facts | taught)),
    )

    def fill(folder: Path) -> None:
        model.save_pretrained(folder, save_embedding_layers=False)
        encoder.tokenizer.save_pretrained(folder)

    text = card(pack, source_licence(root), inputs.fingerprint["weights"])
    return write_pack(inputs.target, pack, fill, text), recall


def location_of(base: Path, parent: Path) -> str:
    """The way from the packs' folder to a base below or beside it, "" when it lies elsewhere."""
    try:
        return base.resolve().relative_to(parent.resolve()).as_posix()
    except ValueError:
        return ""
