"""Bars of the trainer, measured: speed beside a bare trl script, memory estimate beside the peak, time to the first step.

    python scripts/bench_train.py speed [--pairs 5] [--steps 40]
    python scripts/bench_train.py memory [--seq 300] [--batch 2] [--only bf16-off]
    python scripts/bench_train.py startup

Nothing outside a temporary folder is written; rows are about invented repositories. Speed is compared by the wall and by the CPU:
on a machine shared with others only the second means anything. Memory is the peak of a process that trains two real steps on a
randomly initialised Qwen2.5-0.5B shape, in bf16 and fp32, with activations kept and recomputed. Exit 6 when a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainer.report import TrainReport
    from trainer.sft import Outcome

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

SPEED_BAR, MEMORY_BAR, STARTUP_BAR = 0.97, 0.25, 20.0
BATCH = 16


def rows(count: int) -> list[Any]:
    """Rows of an invented repository, one wording each."""
    import random

    from dataset.example import Example, Meta
    from dataset.phrases import PHRASES
    from trainer.corpus import ask, known_topics

    rng = random.Random(0)
    topics = [t for t in known_topics(1) if t.aspect in PHRASES]
    made = []
    for number in range(count):
        topic = topics[number % len(topics)]
        pair = ask(topic, rng)
        meta = Meta(topic.kind, topic.form, f"{topic.aspect}.x/0", tuple(f.id for f in topic.facts))
        made.append(Example(f"{number:016x}", pair.prompt, pair.response, topic.refs, meta))
    return made


def prepare(work: Path, count: int) -> None:
    from config.console import Console
    from config.manifest import Manifest, write_manifest
    from dataset.example import write_examples
    from trainer.tiny import Recipe, make

    write_examples(work / "train.jsonl", rows(count))
    write_manifest(work / "train.jsonl", Manifest("dataset", "bench", project="bench"))
    make(work / "models" / "tiny-base", Console(quiet=True), Recipe(steps=1))


def long_rows(work: Path, tokens: int) -> None:
    """Rows of about so many tokens each, so that every step is as large as the largest."""
    from config.manifest import Manifest, write_manifest
    from dataset.example import Example, Meta, write_examples

    made = []
    for number in range(8):
        meta = Meta("discovery", "forward", "location.a/0", (f"fact{number}",))
        made.append(Example(f"{number:016x}", f"Where is thing {number}?", "It is here. " * (tokens // 4), (), meta))
    write_examples(work / "long.jsonl", made)
    write_manifest(work / "long.jsonl", Manifest("dataset", "long", project="bench"))


def ours(work: Path, steps: int, name: str = "b") -> TrainReport:
    """The product's own training of a new adapter."""
    from config.console import Console
    from config.settings import TrainSettings, load_settings
    from trainer.train import run

    changes = {
        "base": work / "models" / "tiny-base", "dataset": work / "train.jsonl", "save_dir": work / "models" / f"{name}-lora",
        "batch_size": BATCH, "max_steps": steps, "epochs": 1000, "eval_interval": 10 * steps, "max_seq_len": 512,
        "lora_dropout": 0.0,
    }  # fmt: skip
    settings = load_settings(TrainSettings, "train_lora", None, [f"{k}={v}" for k, v in changes.items()], {})
    return run(settings, Console(quiet=True), "lora")


def bare(work: Path, steps: int, tuned: bool) -> None:
    """The same model, rows, batch and steps through trl as its documentation shows it; `tuned` with our attention, rows of like
    length together, our log and our one checkpoint at the end, so that only what we add is left to differ."""
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    from dataset.example import read_examples
    from trainer.hardware import SHORT_ROWS, attention, inspect_hardware

    hardware = inspect_hardware()
    base = work / "models" / "tiny-base"
    data = [
        {
            "prompt": [{"role": "user", "content": row.prompt}],
            "completion": [{"role": "assistant", "content": row.response}],
        }
        for row in read_examples(work / "train.jsonl")
    ]
    arguments = SFTConfig(
        output_dir=str(work / "bare"), max_steps=steps, per_device_train_batch_size=BATCH, learning_rate=5e-4,
        bf16=hardware.autocast_bf16, use_cpu=hardware.device == "cpu", activation_checkpointing=False, max_length=512,
        completion_only_loss=True, disable_tqdm=True,
        logging_steps=1 if tuned else 20, report_to="tensorboard" if tuned else "none",
        save_strategy="steps" if tuned else "no", save_steps=10 * steps,
        train_sampling_strategy="group_by_length" if tuned else "random",
        model_init_kwargs={"attn_implementation": attention(hardware, SHORT_ROWS).value} if tuned else None,
    )  # fmt: skip
    linears = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    SFTTrainer(
        model=str(base),
        args=arguments,
        train_dataset=Dataset.from_list(data),
        processing_class=AutoTokenizer.from_pretrained(base),
        peft_config=LoraConfig(task_type="CAUSAL_LM", r=16, lora_alpha=32, target_modules=linears),
    ).train()


def speed(work: Path, pairs: int, steps: int) -> dict[str, Any]:
    """Tokens per second by the wall and by the CPU of ours, bare and bare as tuned, turn by turn in this process."""
    from trl import SFTTrainer

    from trainer.quiet import quiet_libraries

    quiet_libraries()
    timed: dict[str, float] = {}
    original = SFTTrainer.train

    def train(self: Any, *arguments: Any, **named: Any) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        result = original(self, *arguments, **named)
        # Tokens without padding, as trl counts them.
        tokens = self._total_train_tokens
        timed.update(wall=tokens / (time.perf_counter() - wall), cpu=tokens / (time.process_time() - cpu))
        return result

    SFTTrainer.train = train
    found: dict[str, list[dict[str, float]]] = {"ours": [], "bare": [], "tuned": []}
    for pair in range(pairs + 1):
        ours(work, steps, f"pair{pair}")
        found["ours"].append(dict(timed))
        for name in ("bare", "tuned"):
            bare(work, steps, name == "tuned")
            found[name].append(dict(timed))
    # The first turn pays for what every later one finds warm.
    return {name: values[1:] for name, values in found.items()}


def startup(work: Path, steps: int) -> dict[str, float]:
    """When the first step was done, in seconds since the epoch."""
    from trainer.callbacks import Clock

    written: list[float] = []
    original = Clock.write

    def write(self: Clock, row: dict[str, Any]) -> None:
        written.append(time.time())
        original(self, row)

    Clock.write = write  # type: ignore[method-assign]
    ours(work, steps)
    return {"first": written[0]}


class Trained(Exception):
    """Carries a training's outcome and plan out of the stage."""


def memory(work: Path, sequence: int, batch: int, checkpointing: str, precision: str) -> dict[str, float]:
    """The peak of two real steps on a randomly initialised Qwen2.5-0.5B shape, beside the plan's estimate."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    from trainer import sft
    from trainer.hardware import peak_rss
    from trainer.plan import Plan

    folder = work / "half"
    if not folder.exists():
        small = Qwen2Config.from_pretrained(work / "models" / "tiny-base")
        shape = Qwen2Config(
            vocab_size=151_936, hidden_size=896, intermediate_size=4864, num_hidden_layers=24, num_attention_heads=14,
            num_key_value_heads=2, tie_word_embeddings=True, eos_token_id=small.eos_token_id, pad_token_id=small.pad_token_id,
        )  # fmt: skip
        Qwen2ForCausalLM(shape).to(torch.bfloat16).save_pretrained(folder)
        for file in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
            (folder / file).write_bytes((work / "models" / "tiny-base" / file).read_bytes())
        return {}
    # What importing takes is the estimate's part "runtime", which is not compared.
    import peft  # noqa: F401
    import trl  # noqa: F401

    from config.console import Console
    from config.settings import TrainSettings, load_settings
    from trainer.quiet import quiet_libraries
    from trainer.train import run

    quiet_libraries()
    if precision == "fp32":
        torch.cpu._is_avx512_bf16_supported = lambda: False
    changes = {
        "base": folder, "dataset": work / "long.jsonl", "save_dir": work / "models" / f"{checkpointing}-{precision}-lora",
        "batch_size": batch, "max_steps": 2, "epochs": 1000, "eval_interval": 10, "max_seq_len": 2 * sequence,
        "checkpointing": checkpointing, "lora_dropout": 0.05,
    }  # fmt: skip
    settings = load_settings(TrainSettings, "train_lora", None, [f"{k}={v}" for k, v in changes.items()], {})
    before = peak_rss()
    original = sft.fit

    def fit(*arguments: Any) -> Outcome:
        # What comes after the training is no part of its peak.
        raise Trained(original(*arguments), next(a for a in arguments if isinstance(a, Plan)))

    sft.fit = fit  # type: ignore[assignment]
    try:
        run(settings, Console(quiet=True), "lora")
        raise AssertionError("nothing was trained")
    except Trained as done:
        outcome, plan = done.args
    on_gpu = torch.cuda.is_available()
    parts = dict(plan.memory.parts)
    return {
        "measured": outcome.peak_bytes - (0 if on_gpu else before),
        "estimated": sum(size for name, size in parts.items() if name != "runtime"),
        "micro-batch": plan.micro_batch, "longest": plan.rows.longest,
        **{f"part {n}": float(s) for n, s in parts.items()},
    }  # fmt: skip


def child(name: str, work: Path, *arguments: object) -> dict[str, Any]:
    """Run one measurement in a fresh process and read its result."""
    command = [sys.executable, str(Path(__file__).resolve()), "child", name, str(work), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def check_memory(work: Path, sequence: int, batch: int, wanted: str) -> int:
    long_rows(work, sequence)
    child("memory", work, sequence, batch, "off", "bf16")
    worst = 0.0
    for precision in ("bf16", "fp32"):
        for checkpointing in ("off", "on"):
            if wanted != "all" and f"{precision}-{checkpointing}" not in wanted.split(","):
                continue
            found = child("memory", work, sequence, batch, checkpointing, precision)
            off = found["estimated"] / found["measured"] - 1
            worst = max(worst, abs(off))
            parts = ", ".join(f"{k[5:]} {v / 1024**2:,.0f}" for k, v in found.items() if k.startswith("part "))
            print(
                f"{precision} products, checkpointing {checkpointing}, {found['micro-batch']:.0f} × {found['longest']:.0f} tokens: "
                f"measured {found['measured'] / 1024**2:,.0f} MiB, estimated {found['estimated'] / 1024**2:,.0f} ({off:+.1%}): {parts}",
                flush=True,
            )
    print(f"furthest off {worst:.1%} (bar {MEMORY_BAR:.0%})")
    return 6 if worst > MEMORY_BAR else 0


def check_speed(work: Path, pairs: int, steps: int) -> int:
    found = child("speed", work, pairs, steps)
    for number, (mine, plain, tuned) in enumerate(zip(found["ours"], found["bare"], found["tuned"], strict=True)):
        print(
            f"pair {number + 1}: " + ";  ".join(
                f"{name} {one['wall']:,.0f} tokens/s, {one['cpu']:,.0f} per second of CPU"
                for name, one in (("ours", mine), ("bare trl", plain), ("bare, tuned as ours", tuned))
            )
        )  # fmt: skip
    middles = {}
    for other in ("bare", "tuned"):
        for clock in ("wall", "cpu"):
            middles[other, clock] = statistics.median(
                mine[clock] / theirs[clock] for mine, theirs in zip(found["ours"], found[other], strict=True)
            )
        print(
            f"ours / {other}: median {middles[other, 'wall']:.3f} by the wall, {middles[other, 'cpu']:.3f} by the CPU"
        )
    print(f"bar {SPEED_BAR}, by the CPU: a shared machine cannot tell by the wall")
    return 6 if min(middles["bare", "cpu"], middles["tuned", "cpu"]) < SPEED_BAR else 0


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("speed", "memory", "startup"))
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--seq", type=int, default=300)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--only", default="all", help="memory: some configurations, as bf16-off,fp32-on")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-train-") as folder:
        work = Path(folder)
        prepare(work, 600)
        if options.what == "memory":
            return check_memory(work, options.seq, options.batch, options.only)
        if options.what == "speed":
            return check_speed(work, options.pairs, options.steps)
        started = time.time()
        seconds = child("startup", work, 3)["first"] - started
        print(f"first step done {seconds:.1f} s after the start (bar {STARTUP_BAR:.0f} s)")
        return 6 if seconds > STARTUP_BAR else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        measurements: dict[str, Callable[..., dict[str, Any]]] = {"speed": speed, "startup": startup, "memory": memory}
        given = [int(a) if a.isdigit() else a for a in sys.argv[4:]]
        print(json.dumps(measurements[sys.argv[2]](Path(sys.argv[3]), *given)))
    else:
        raise SystemExit(main(sys.argv[1:]))
