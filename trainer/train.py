"""The stage: rows and a base in, an adapter pack out. Plan first, then train, then prove what was learnt.

A run that was killed goes on from its last checkpoint when nothing it depends on has changed. A run whose result already
stands says so and stops. The expert in use is replaced only when the new one is complete.
"""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

from config.console import Console
from config.errors import IncompatibleInput, UsageError
from config.settings import TrainSettings
from trainer import processes
from trainer.finish import finish
from trainer.inputs import Method, Stage, read_inputs, run_key, same_training
from trainer.job import Job
from trainer.memory import resolve_targets
from trainer.models import load_base, load_tokenizer
from trainer.onward import go_on
from trainer.pack import current_pack, work_folder
from trainer.plan import guessed_speed
from trainer.progress import Progress
from trainer.report import TrainReport
from trainer.rows import Encoder, usable
from trainer.selection import sample


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
            return go_on(inputs, console, stage, dry_run, started)
        previous = current_pack(inputs.target)
        if not dry_run and previous is not None and same_training(previous, inputs):
            return TrainReport(None, previous)
        tokenizer, template = load_tokenizer(inputs.base)
        job = Job(inputs, Encoder(tokenizer, template.stop_ids), template, console, started)
        if dry_run:
            speed = guessed_speed(inputs.base, inputs.hardware)
            action = (
                f"a new adapter, after the tiny base at {inputs.unmade} (minutes, once)"
                if inputs.unmade
                else "a new adapter"
            )
            return TrainReport(job.plan(job.choose(speed), action, speed), None)
        return _train(job)


def _train(job: Job) -> TrainReport:
    from trainer.sft import measure_speed, wrap
    from trainer.stream import Stream

    inputs, settings, work = job.inputs, job.inputs.settings, work_folder(job.inputs.target)
    # Read by one: it clears away what was half written.
    resumed = processes.agree(Progress.read(work, run_key(inputs)) if processes.first() else None)
    import torch

    torch.manual_seed(settings.seed)
    targets, _ = resolve_targets(settings.target_modules, inputs.base)
    speed = resumed.speed if resumed else 0.0
    if not settings.time_budget_s or inputs.hardware.sharding:
        # Nothing to time: what cannot work is refused before the weights are read.
        job.plan(job.choose(0.0), "a new adapter").check()
    model = load_base(inputs.base.path, settings.bits, settings.bnb_4bit_compute_dtype, inputs.hardware.device)
    model = wrap(model.to(inputs.hardware.home) if settings.bits == 16 else model, settings, targets)
    if settings.time_budget_s and not speed:
        rows = sample(usable(inputs.train, job.encoder, settings.max_seq_len), 1024)
        if rows:
            probe = Stream(
                rows, job.encoder, positions=4096, batch=settings.batch_size, max_length=settings.max_seq_len, seed=0
            )
            micro = min(settings.batch_size, 32)
            speed = processes.agree(measure_speed(model, probe, micro, inputs.hardware)) * processes.count()
    selection = job.choose(speed)
    checkpoint = resumed.checkpoint if resumed else None
    action = f"going on from {checkpoint.name}" if checkpoint else "a new adapter"
    plan = job.plan(selection, action, speed)
    plan.check()
    return finish(job, model, selection, plan, checkpoint=checkpoint, speed=speed)
