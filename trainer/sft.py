"""Supervised fine-tuning: a base, rows and a plan in, a trained LoRA adapter in memory and its history out. trl does the loop.

One path serves tiny bases on a CPU and nf4 bases on a GPU. A checkpoint is kept at every evaluation, so a killed run goes on
where it was; ctrl-C and SIGTERM save one more and stop. What must hold is asserted: every adapter parameter moved, no base parameter did.
"""

from __future__ import annotations

import hashlib
import os
import signal
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Final

from config.console import Console
from config.errors import GateError, IncompatibleInput, StorageError, cannot_write
from config.settings import TrainSettings
from dataset.example import Example
from trainer import processes
from trainer.callbacks import Clock, history, make_callbacks
from trainer.hardware import Hardware, attention
from trainer.memory import out_of_memory_knobs
from trainer.models import load_base
from trainer.pack import RESUME
from trainer.plan import Plan
from trainer.rows import Encoder
from trainer.stream import Stream

# Above this many parameters the frozen base is checked by its norm tensors only: hashing gigabytes would take minutes.
HASHED: Final = 50_000_000
PATIENCE: Final = 3
# Batches that tell a machine's speed.
BATCHES: Final = 15


@dataclass(frozen=True, slots=True)
class Outcome:
    """`losses` and `evaluations` are (step, value) pairs; `stopped` says what ended the run, `trained` holds the adapter, whole."""

    steps: int
    seconds: float
    tokens: int
    losses: tuple[tuple[int, float], ...]
    evaluations: tuple[tuple[int, float], ...]
    stopped: str
    peak_bytes: int
    trained: dict[str, Any] = field(default_factory=dict)

    @property
    def tokens_per_second(self) -> float:
        return self.tokens / self.seconds if self.seconds else 0.0


def wrap(model: Any, settings: TrainSettings, targets: Sequence[str]) -> Any:
    """A new adapter on `model`, all its parameters trainable, the base frozen."""
    from peft import LoraConfig

    initial: bool | str = {"true": True, "false": False}.get(settings.init_lora_weights, settings.init_lora_weights)
    lora = LoraConfig(
        task_type="CAUSAL_LM",
        r=settings.lora_rank,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        target_modules=list(targets),
        use_rslora=settings.use_rslora,
        use_dora=settings.use_dora,
        init_lora_weights=initial,
        modules_to_save=settings.modules_to_save or None,
    )
    return _adapted(model, lora, settings.bits)


def rebuild(model: Any, trained: dict[str, Any], path: Path, settings: TrainSettings, hardware: Hardware) -> Any:
    """The model that was trained in pieces, made anew in this process: the base at `path` with the adapter `trained` on it."""
    base = load_base(path, settings.bits, settings.bnb_4bit_compute_dtype, hardware.device, spread=True)
    fresh = _adapted(base, model.peft_config["default"], settings.bits)
    for name, parameter in fresh.named_parameters():
        if name in trained:
            parameter.data.copy_(trained[name])
    return fresh


def _adapted(model: Any, lora: Any, bits: int) -> Any:
    from peft import get_peft_model, prepare_model_for_kbit_training

    return get_peft_model(
        prepare_model_for_kbit_training(model, use_gradient_checkpointing=False) if bits != 16 else model, lora
    )


def fit(
    model: Any,
    encoder: Encoder,
    train: Stream,
    valid: Sequence[Example],
    settings: TrainSettings,
    plan: Plan,
    hardware: Hardware,
    work: Path,
    console: Console,
    checkpoint: Path | None,
) -> Outcome:
    """Train the adapter of `model` in place. `checkpoint` is where to go on, None to begin.

    Raises StorageError on a full disk, IncompatibleInput with the next knobs when memory runs out, KeyboardInterrupt after
    ctrl-C or SIGTERM, GateError when a parameter that must move did not or one that must not did.
    """
    from transformers import PrinterCallback
    from trl import SFTConfig

    os.environ["TENSORBOARD_LOGGING_DIR"] = str(work / "tensorboard")
    clock = Clock(work / "log.jsonl", settings.time_budget_s, plan.steps, fresh=checkpoint is None)
    on_gpu = hardware.device == "cuda"
    checkpointing = any(c.name == "checkpointing" and c.value == "on" for c in plan.choices)
    interval = min(settings.eval_interval, plan.steps)
    set_attention(model, next(c.value for c in plan.choices if c.name == "attention"))
    arguments = SFTConfig(
        output_dir=str(work / "checkpoints"),
        max_steps=plan.steps,
        per_device_train_batch_size=plan.micro_batch,
        per_device_eval_batch_size=plan.micro_batch,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=0.03,
        max_grad_norm=1.0,
        optim=next(c.value for c in plan.choices if c.name == "optimiser"),
        bf16=hardware.autocast_bf16,
        fp16=on_gpu and not hardware.autocast_bf16,
        use_cpu=not on_gpu,
        **processes.settle(
            "bf16" if hardware.autocast_bf16 else "fp16" if on_gpu else "no", checkpointing, plan.accumulation
        ),
        max_length=None,
        completion_only_loss=False,
        packing=False,
        dataset_kwargs={"skip_prepare_dataset": True},
        remove_unused_columns=False,
        train_sampling_strategy="sequential",
        logging_steps=max(1, min(20, plan.steps // 50)),
        disable_tqdm=True,
        seed=settings.seed,
        data_seed=settings.seed,
        report_to=["tensorboard"],
        eval_strategy="steps" if valid else "no",
        eval_steps=interval,
        save_strategy="steps",
        save_steps=interval,
        save_total_limit=2,
        load_best_model_at_end=bool(valid),
        metric_for_best_model="eval_loss" if valid else None,
        greater_is_better=False if valid else None,
        dataloader_pin_memory=on_gpu,
    )
    interrupted = Interrupt()
    with console.progress("training", plan.steps, "step") as task:
        trainer = _trainer_class(clock)(
            model=model,
            args=arguments,
            train_dataset=train.dataset(),
            eval_dataset=_held(valid, encoder, settings.max_seq_len) if valid else None,
            processing_class=encoder.tokenizer,
            callbacks=make_callbacks(clock, task, train, plan, interrupted, PATIENCE if valid else 0),
        )
        # Logs go to the console and log.jsonl; this one would print dictionaries on stdout, where reports go.
        trainer.remove_callback(PrinterCallback)
        before = trainable_copy(model)
        frozen = frozen_digest(model)
        with _failures(settings, plan, hardware, work), interrupted.listening():
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if interrupted.asked:
        raise KeyboardInterrupt
    after, still = trainable_copy(model), frozen_digest(model)
    if processes.first():
        if trainer.state.global_step >= 3:
            check_moved(before, after)
        if still != frozen:
            raise GateError(
                "training changed the base model, which must stay frozen", "report this with the command you ran"
            )
    if not hardware.sharding:
        # The trainer left its bf16 autocast in the model's forward: what is measured next must be what a server computes.
        trainer.accelerator.unwrap_model(trainer.model, keep_fp32_wrapper=False)
        set_attention(model, "sdpa")
    losses, evaluations = history(work / "log.jsonl")
    return Outcome(
        steps=trainer.state.global_step,
        seconds=clock.elapsed,
        tokens=train.tokens * processes.count(),
        losses=losses,
        evaluations=evaluations,
        stopped=clock.stopped or "all planned steps done",
        peak_bytes=_peak(hardware),
        trained=after,
    )


def set_attention(model: Any, name: str) -> None:
    """Switch a loaded model to another attention; its weights stay."""
    getattr(model, "get_base_model", lambda: model)().set_attn_implementation(name)


def measure_speed(model: Any, train: Stream, micro_batch: int, hardware: Hardware, seconds: float = 3.0) -> float:
    """Tokens per second of forward and backward on the first rows, the median of the batches. Nothing is updated.

    A machine that is busy for a moment must not shrink a whole training: slow batches are watched four times as long.
    """
    import torch

    shown = [len(train.row(p)["input_ids"]) for p in range(min(len(train.order), 512))]
    set_attention(model, attention(hardware, max(shown, default=0)).value)
    device = next(model.parameters()).device
    rates: list[float] = []
    began, position = 0.0, 0
    model.train()
    while position < len(train.order):
        start = time.perf_counter()
        rows = [train.row(p) for p in range(position, min(position + micro_batch, len(train.order)))]
        position += micro_batch
        longest = max(len(r["input_ids"]) for r in rows)
        ids = torch.tensor([r["input_ids"] + [0] * (longest - len(r["input_ids"])) for r in rows], device=device)
        labels = torch.tensor([r["labels"] + [-100] * (longest - len(r["labels"])) for r in rows], device=device)
        with torch.autocast(device.type, torch.bfloat16, enabled=hardware.autocast_bf16):
            loss = model(input_ids=ids, labels=labels).loss
        loss.backward()
        model.zero_grad(set_to_none=True)
        if began:
            now = time.perf_counter()
            rates.append(sum(len(r["input_ids"]) for r in rows) / (now - start))
            if now - began > seconds and (len(rates) >= BATCHES or now - began > 4 * seconds):
                break
        else:
            # The first batch pays for warming up and is not counted.
            began = time.perf_counter()
    train.tokens = 0
    return statistics.median(rates) if rates else 0.0


def trainable_copy(model: Any) -> dict[str, Any]:
    """The parameters that training may change, whole, by name."""
    return {n: processes.whole(p).clone() for n, p in processes.parameters(model) if p.requires_grad}


def check_moved(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Raises GateError unless every trainable tensor differs from what it was `before` and is finite."""
    import torch

    stuck = [n for n, p in after.items() if torch.equal(p, before[n].to(p))]
    if stuck:
        raise GateError(
            f"{len(stuck)} of {len(before)} adapter tensors did not change, first {stuck[0]}",
            "train for more steps, or raise learning_rate",
        )
    broken = [n for n, p in after.items() if not bool(torch.isfinite(p).all())]
    if broken:
        raise GateError(f"training diverged: {broken[0]} holds infinite values", "lower learning_rate and train again")


def frozen_digest(model: Any) -> str:
    """A digest of the parameters that must not change: all in a small model, the norms of a large or quantised one.

    Frozen copies of an adapter, as dpo keeps one, are no part of the base.
    """
    import torch

    frozen = [(n, p) for n, p in sorted(processes.parameters(model)) if not p.requires_grad and "lora_" not in n]
    # A quantised layer is repacked and its bias cast by its library at the first evaluation; no gradient reaches either.
    exact = all(p.is_floating_point() for _, p in frozen)
    small = exact and sum(getattr(p, "ds_numel", p.numel()) for _, p in frozen) <= HASHED
    total = hashlib.sha256()
    for name, parameter in frozen:
        if small or "norm" in name:
            value = processes.whole(parameter).cpu().contiguous()
            total.update(name.encode())
            # In one precision: a strategy may hold the same values in another.
            total.update((value.float() if value.is_floating_point() else value).view(torch.uint8).numpy().tobytes())
    return total.hexdigest()


class Interrupt:
    """The first ctrl-C, or a cluster's SIGTERM, asks for a checkpoint and a stop; a second ctrl-C stops at once."""

    def __init__(self) -> None:
        self.asked = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        try:
            previous = [(number, signal.signal(number, self._handle)) for number in (signal.SIGINT, signal.SIGTERM)]
        except ValueError:
            # Signals reach the main thread only; elsewhere they stay what they were.
            yield
            return
        try:
            yield
        finally:
            for number, handler in previous:
                signal.signal(number, handler)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        # A launcher passes a ctrl-C on as SIGTERM: that is no second one.
        if self.asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.asked = True


def _trainer_class(clock: Clock) -> Callable[..., Any]:
    from torch.optim.lr_scheduler import LambdaLR
    from trl import SFTTrainer

    class Timed(SFTTrainer):  # type: ignore[misc]
        """Under a time budget the learning rate falls with the clock as well, so that a slow machine still finishes it."""

        def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
            if clock.budget:
                self.lr_scheduler = LambdaLR(optimizer or self.optimizer, clock.rate)
                self._created_lr_scheduler = True
                return self.lr_scheduler
            return super().create_scheduler(num_training_steps, optimizer)

    return Timed


def _held(examples: Sequence[Example], encoder: Encoder, max_length: int) -> Any:
    from datasets import Dataset

    encoded = [encoder.encode(e.prompt, e.response) for e in examples]
    kept = [row for row in encoded if len(row.ids) <= max_length]
    return Dataset.from_dict({"input_ids": [list(r.ids) for r in kept], "labels": [r.labels for r in kept]})


@contextmanager
def _failures(settings: TrainSettings, plan: Plan, hardware: Hardware, work: Path) -> Iterator[None]:
    import torch
    from safetensors import SafetensorError

    try:
        yield
    except torch.OutOfMemoryError as error:
        raise _no_memory(settings, plan, hardware) from error
    except MemoryError as error:
        raise _no_memory(settings, plan, hardware) from error
    except RuntimeError as error:
        if "allocate memory" in str(error) or "out of memory" in str(error):
            raise _no_memory(settings, plan, hardware) from error
        if "No space left" in str(error) or "PytorchStreamWriter" in str(error) or "iostream" in str(error):
            raise StorageError(
                f"cannot write a checkpoint to {work}: {error}", f"free some disk space, then {RESUME}"
            ) from error
        raise
    except ValueError as error:
        if "DeepSpeed config" not in str(error):
            raise
        wrong = "; ".join(line.strip(" -") for line in str(error).splitlines() if line.startswith("- "))
        raise IncompatibleInput(
            f"the DeepSpeed config contradicts the plan: {wrong}", 'write "auto" for these values in it'
        ) from error
    except (OSError, SafetensorError) as error:
        raise cannot_write(f"a checkpoint to {work}", error, RESUME) from error


def _no_memory(settings: TrainSettings, plan: Plan, hardware: Hardware) -> IncompatibleInput:
    on = any(c.name == "checkpointing" and c.value == "on" for c in plan.choices)
    knobs = ", then ".join(out_of_memory_knobs(settings, plan.micro_batch, on, hardware))
    return IncompatibleInput("this machine ran out of memory while training", f"turn, in this order: {knobs}")


def _peak(hardware: Hardware) -> int:
    import torch

    from trainer.hardware import peak_rss

    return int(torch.cuda.max_memory_allocated()) if hardware.device == "cuda" else peak_rss()
