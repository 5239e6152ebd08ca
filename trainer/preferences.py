"""After sft: preference pairs (dpo) and rewards (grpo), made from the dataset's own rows, no judge and no second model.

A pair prefers the true answer to the true answer about a node easily taken for it (`meta.negatives`). A reward is the score of
dataset/score.py: key facts named, times the share of named things that exist. Both continue the current adapter through trl.
"""

from __future__ import annotations

import os
import random
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from config.console import plural
from config.errors import GateError, MissingInput
from dataset.example import Example
from dataset.score import score
from trainer.finish import MEASURED, Trained, write_result
from trainer.hardware import peak_rss
from trainer.inputs import Stage
from trainer.job import Job
from trainer.pack import Pack, work_folder
from trainer.report import TrainReport
from trainer.selection import select

# Preference and reward stages correct what sft taught: a tenth of its learning rate keeps them from undoing it.
GENTLE: Final = 0.1
GENERATIONS: Final = 4
BETA: Final = 0.1


@dataclass(frozen=True, slots=True)
class Preference:
    prompt: str
    chosen: str
    rejected: str


def preferences(rows: Sequence[Example], seed: int) -> list[Preference]:
    """One pair per row that has a near neighbour answering the same kind of question, or that refuses what another answers."""
    by_node: dict[tuple[str, str], list[Example]] = defaultdict(list)
    by_aspect: dict[str, list[Example]] = defaultdict(list)
    for row in rows:
        if row.meta.answerable and row.refs:
            by_node[row.refs[0], aspect_of(row)].append(row)
            by_aspect[aspect_of(row)].append(row)
    rng = random.Random(f"preferences {seed}")
    made = []
    for row in rows:
        near = [other for node in row.meta.negatives for other in by_node.get((node, aspect_of(row)), ())]
        pool = near or ([] if row.meta.answerable else by_aspect.get(aspect_of(row), []))
        wrong = [other.response for other in pool if other.response != row.response]
        if wrong:
            made.append(Preference(row.prompt, row.response, rng.choice(wrong)))
    return made


def aspect_of(row: Example) -> str:
    """`returns` of the template `returns.c/0`: what the question is after."""
    return row.meta.template.partition(".")[0]


def reward(answer: str, row: Example) -> float:
    """From 0 to 1: key facts named times the share of named things that exist; for a refusal, whether it refuses."""
    judged = score(answer, row)
    if judged.correct_refusal is not None:
        return float(judged.correct_refusal)
    return (judged.recall or 0.0) * judged.precision


def reward_function(rows: Sequence[Example]) -> Callable[..., list[float]]:
    """The reward in the shape trl calls: completions as message lists, and the column `row` saying which row each answers."""

    def rewards(completions: Sequence[list[dict[str, str]]], row: Sequence[int], **_: Any) -> list[float]:
        return [reward(c[0]["content"], rows[number]) for c, number in zip(completions, row, strict=True)]

    return rewards


def run_stage(job: Job, previous: Pack, rows: Sequence[Example], stage: Stage, dry_run: bool) -> TrainReport:
    """Continue `previous` by dpo or grpo on the rows it was trained on."""
    from trainer.sft import check_moved, frozen_digest, trainable_copy

    inputs = job.inputs
    facts = frozenset(previous.facts)
    known = [row for row in rows if not row.meta.answerable or facts.issuperset(row.meta.facts)]
    pairs = preferences(known, inputs.settings.seed) if stage == "dpo" else []
    if not known or (stage == "dpo" and not pairs):
        raise MissingInput(
            f"the dataset holds nothing for {stage}: no row about what {previous.name} knows has a near neighbour",
            "make dataset with negatives_per_example above 0",
        )
    selection = select(known)
    plan = job.plan(selection, f"{stage} from {previous.name}")
    if dry_run:
        return TrainReport(plan, None)
    plan.check()
    work = work_folder(inputs.target)
    model = job.load_adapter(previous)
    before, frozen = trainable_copy(model), frozen_digest(model)
    job.console.note(f"{stage} on {plural(len(pairs) or len(known), 'row')}, {plural(plan.steps, 'step')}")
    os.environ["TENSORBOARD_LOGGING_DIR"] = str(work / "tensorboard")
    clock = time.monotonic()
    trainer = _trainer(stage, model, job, known, pairs, plan.steps)
    trainer.train()
    trainer.accelerator.unwrap_model(trainer.model, keep_fp32_wrapper=False)
    seconds = time.monotonic() - clock
    if stage == "dpo" and trainer.state.global_step >= 3:
        check_moved(before, trainable_copy(model))
    if frozen_digest(model) != frozen:
        raise GateError(
            "training changed the base model, which must stay frozen", "report this with the command you ran"
        )
    losses = [(int(r["step"]), float(r["loss"])) for r in trainer.state.log_history if "loss" in r]
    trained = Trained(model, plan, selection, losses, parent=previous.name, taught=facts, stage=stage)
    pack, recall = write_result(job, trained, job.measured(facts, MEASURED))
    return TrainReport(
        plan,
        pack,
        steps=trainer.state.global_step,
        seconds=seconds,
        total_seconds=time.monotonic() - job.started,
        peak_bytes=peak_rss(),
        stopped="all planned steps done",
        recall=recall,
        selection=selection.line(),
    )


def _trainer(
    stage: Stage, model: Any, job: Job, rows: Sequence[Example], pairs: Sequence[Preference], steps: int
) -> Any:
    from datasets import Dataset
    from transformers import PrinterCallback
    from trl import DPOConfig, DPOTrainer, GRPOConfig, GRPOTrainer

    inputs, settings, encoder = job.inputs, job.inputs.settings, job.encoder
    on_gpu = inputs.hardware.device == "cuda"
    common: dict[str, Any] = {
        "output_dir": str(work_folder(inputs.target) / "checkpoints"),
        "max_steps": steps,
        "learning_rate": settings.learning_rate * GENTLE,
        "bf16": inputs.hardware.autocast_bf16,
        "use_cpu": not on_gpu,
        "activation_checkpointing": False,
        "disable_tqdm": True,
        "logging_steps": max(1, steps // 50),
        "report_to": ["tensorboard"],
        "save_strategy": "no",
        "seed": settings.seed,
        "dataloader_pin_memory": on_gpu,
    }
    turn = encoder.messages
    data: list[dict[str, Any]]
    if stage == "dpo":
        data = [
            {
                "prompt": turn(pair.prompt),
                "chosen": [{"role": "assistant", "content": pair.chosen}],
                "rejected": [{"role": "assistant", "content": pair.rejected}],
            }
            for pair in pairs
        ]
        batch = min(settings.batch_size, 8)
        options = DPOConfig(**common, beta=BETA, max_length=settings.max_seq_len, per_device_train_batch_size=batch)
        trainer = DPOTrainer(
            model=model, args=options, train_dataset=Dataset.from_list(data), processing_class=encoder.tokenizer
        )
    else:
        data = [{"prompt": turn(row.prompt), "row": number} for number, row in enumerate(rows)]
        options = GRPOConfig(
            **common,
            # Several answers to each question are compared with one another.
            per_device_train_batch_size=GENERATIONS * max(1, min(settings.batch_size, 16) // GENERATIONS),
            num_generations=GENERATIONS,
            max_completion_length=128,
            use_vllm=False,
            beta=0.0,
        )
        trainer = GRPOTrainer(
            model=model,
            reward_funcs=[reward_function(rows)],
            args=options,
            train_dataset=Dataset.from_list(data),
            processing_class=encoder.tokenizer,
        )
    trainer.remove_callback(PrinterCallback)
    return trainer
