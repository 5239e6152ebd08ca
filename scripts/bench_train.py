"""Bars of the trainer, measured: speed beside a bare trl script, memory estimate beside the peak, time to the first step.

    python scripts/bench_train.py speed [--pairs 5] [--steps 40]
    python scripts/bench_train.py memory [--seq 256] [--batch 2]
    python scripts/bench_train.py startup

Each measurement runs in a process of its own, on rows about invented repositories; nothing outside the work folder is written.
Exit 6 when a bar is missed.
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
from typing import Any

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


def ours(work: Path, steps: int) -> dict[str, float]:
    """Tokens per second of the product's own training loop, and seconds from the process's start to the first step."""
    started = time.perf_counter()
    from config.console import Console
    from config.settings import TrainSettings, load_settings
    from trainer.train import run

    changes = {
        "base": work / "models" / "tiny-base", "dataset": work / "train.jsonl", "save_dir": work / "models" / "b-lora",
        "batch_size": BATCH, "max_steps": steps, "epochs": 1000, "eval_interval": 10 * steps, "max_seq_len": 512,
        "lora_dropout": 0.0,
    }  # fmt: skip
    settings = load_settings(TrainSettings, "train_lora", None, [f"{k}={v}" for k, v in changes.items()], {})
    report = run(settings, Console(quiet=True), "lora")
    first = json.loads((work / "models" / "b-lora.work" / "log.jsonl").read_text().splitlines()[0])
    return {
        "tokens_per_second": report.tokens_per_second,
        "startup": time.perf_counter() - started - report.seconds + first["seconds"] / max(1, first["step"]),
    }


def bare(work: Path, steps: int) -> dict[str, float]:
    """The same model, rows, batch and steps through trl as its documentation shows it."""
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    from dataset.example import read_examples
    from trainer.hardware import inspect_hardware
    from trainer.quiet import quiet_libraries

    quiet_libraries()
    hardware = inspect_hardware()
    base = work / "models" / "tiny-base"
    tokenizer = AutoTokenizer.from_pretrained(base)
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
        completion_only_loss=True, logging_steps=20, report_to="none", save_strategy="no", disable_tqdm=True,
    )  # fmt: skip
    linears = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    lora = LoraConfig(task_type="CAUSAL_LM", r=16, lora_alpha=32, target_modules=linears)
    trainer = SFTTrainer(
        model=str(base),
        args=arguments,
        train_dataset=Dataset.from_list(data),
        processing_class=tokenizer,
        peft_config=lora,
    )
    started = time.perf_counter()
    trainer.train()
    seconds = time.perf_counter() - started
    tokens = max(float(row.get("num_tokens", 0.0)) for row in trainer.state.log_history)
    return {"tokens_per_second": tokens / seconds}


def memory(work: Path, sequence: int, batch: int) -> dict[str, float]:
    """Peak memory of two steps on a randomly initialised Qwen2.5-0.5B shape, beside the plan's estimate."""
    import gc

    import torch
    from torch.utils.checkpoint import checkpoint
    from transformers import Qwen2Config, Qwen2ForCausalLM

    from config.settings import TrainSettings, load_settings
    from trainer.hardware import inspect_hardware, peak_rss
    from trainer.memory import estimate_memory, trainable_parameters
    from trainer.models import describe_base, load_base
    from trainer.sft import wrap

    folder = work / "half"
    if not folder.exists():
        shape = Qwen2Config(
            vocab_size=151_936, hidden_size=896, intermediate_size=4864, num_hidden_layers=24, num_attention_heads=14,
            num_key_value_heads=2, tie_word_embeddings=True,
        )  # fmt: skip
        Qwen2ForCausalLM(shape).to(torch.bfloat16).save_pretrained(folder)
        return {}
    settings = load_settings(TrainSettings, "train_lora", None, [f"batch_size={batch}", f"max_seq_len={sequence}"], {})
    hardware = inspect_hardware()
    base = describe_base(folder)
    gc.collect()
    on_gpu = hardware.device == "cuda"
    before = 0 if on_gpu else peak_rss()
    model = wrap(load_base(folder, device=hardware.device).to(hardware.device), settings, settings.target_modules)
    trainable = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trainable, lr=1e-4)
    for _ in range(2):
        ids = torch.randint(0, 150_000, (batch, sequence), device=hardware.device)
        with torch.autocast(hardware.device, torch.bfloat16, enabled=hardware.autocast_bf16):
            hidden = model.base_model.model.model(input_ids=ids).last_hidden_state
        # The loss in chunks, as trl computes it: the logits of the whole batch never exist at once.
        loss = torch.zeros((), device=hardware.device)
        for part, wanted in zip(hidden.flatten(0, 1).split(256), ids.flatten().split(256), strict=True):
            logits: Any = checkpoint(model.get_output_embeddings(), part, use_reentrant=False)
            loss = loss + torch.nn.functional.cross_entropy(logits.float(), wanted)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    peak = torch.cuda.max_memory_allocated() if on_gpu else peak_rss() - before
    count = trainable_parameters(base, tuple(settings.target_modules), settings.lora_rank)
    estimate = estimate_memory(settings, base, hardware, batch, sequence, count)
    expected = sum(size for name, size in estimate.parts if name != "runtime")
    return {"measured": peak, "estimated": expected, **{f"part {n}": float(s) for n, s in estimate.parts}}


def child(name: str, work: Path, *arguments: object) -> dict[str, float]:
    """Run one measurement in a fresh process and read its result."""
    command = [sys.executable, str(Path(__file__).resolve()), "child", name, str(work), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("speed", "memory", "startup"))
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--seq", type=int, default=256)
    parser.add_argument("--batch", type=int, default=2)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-train-") as folder:
        work = Path(folder)
        if options.what == "memory":
            child("memory", work, options.seq, options.batch)
            found = child("memory", work, options.seq, options.batch)
            off = found["estimated"] / found["measured"] - 1
            for name, size in found.items():
                print(f"{name:<18} {size / 1024**2:10,.0f} MiB")
            print(f"estimate off by    {off:+.1%} (bar {MEMORY_BAR:.0%})")
            return 6 if abs(off) > MEMORY_BAR else 0
        prepare(work, 600)
        if options.what == "startup":
            seconds = child("ours", work, 3)["startup"]
            print(f"first step after {seconds:.1f} s (bar {STARTUP_BAR:.0f} s)")
            return 6 if seconds > STARTUP_BAR else 0
        ratios = []
        for pair in range(options.pairs):
            steps = options.steps + pair  # another number of steps each time, or a repeat would find nothing to do
            mine, theirs = child("ours", work, steps), child("bare", work, steps)
            ratios.append(mine["tokens_per_second"] / theirs["tokens_per_second"])
            print(
                f"ours {mine['tokens_per_second']:8,.0f}  bare trl {theirs['tokens_per_second']:8,.0f} tokens/s  {ratios[-1]:.3f}"
            )
        middle = statistics.median(ratios)
        print(f"median ratio {middle:.3f} (bar {SPEED_BAR})")
        return 6 if middle < SPEED_BAR else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        measurements: dict[str, Callable[..., dict[str, float]]] = {"ours": ours, "bare": bare, "memory": memory}
        numbers = [int(a) for a in sys.argv[4:]]
        print(json.dumps(measurements[sys.argv[2]](Path(sys.argv[3]), *numbers)))
    else:
        raise SystemExit(main(sys.argv[1:]))
