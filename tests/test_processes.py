"""Two processes train one adapter, started as users start them: one speaks and writes, and the adapter is the one of a single process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from trainings import QUIET, invented_rows, small_base, small_settings, write_rows

from config.errors import IncompatibleInput
from trainer import processes
from trainer.pack import read_pack, work_folder
from trainer.train import run

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    small_base(folder / "models" / "tiny-base")
    write_rows(folder, invented_rows())
    return folder


def command(shop: Path, target: Path, *launcher: str, **changes: object) -> list[str]:
    values = small_settings(shop / "models" / "tiny-base", shop / "train.jsonl", target, **changes)
    keys = (
        "base",
        "dataset",
        "save_dir",
        "batch_size",
        "max_steps",
        "eval_interval",
        "epochs",
        "lora_rank",
        "time_budget_s",
    )
    sets = [part for key in keys for part in ("--set", f"{key}={getattr(values, key)}")]
    return [sys.executable, *launcher, str(ROOT / "nanodex.py"), "train", "lora", *sets]


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1"}


def test_two_processes_make_the_adapter_of_one(shop: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    launcher = ("-m", "accelerate.commands.launch", "--num_processes", "2", "--cpu", "--mixed_precision", "no")
    target = tmp_path / "two" / "shop-nanodex-lora"
    done = subprocess.run(
        command(shop, target, *launcher), capture_output=True, text=True, check=False, env=environment(), timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("train: shop-nanodex-lora.v1") == 1
    assert done.stderr.count("training on ") == 1
    assert [p.name for p in sorted(target.parent.iterdir())] == [
        "shop-nanodex-lora", "shop-nanodex-lora.v1", "shop-nanodex-lora.work"
    ]  # fmt: skip
    steps = [json.loads(line) for line in (work_folder(target) / "log.jsonl").read_text().splitlines()]
    assert len([row for row in steps if "loss" in row]) == 6
    assert len(list((work_folder(target) / "tensorboard").glob("events.*"))) == 1

    settings = small_settings(
        shop / "models" / "tiny-base", shop / "train.jsonl", tmp_path / "one" / "shop-nanodex-lora"
    )
    alone = run(settings, QUIET, "lora").pack
    assert alone is not None
    mine = load_file(read_pack(target).path / "adapter_model.safetensors")
    theirs = load_file(alone.path / "adapter_model.safetensors")
    assert mine.keys() == theirs.keys()
    # The rows of a step are the same; only the order of their sums differs.
    apart = max(float((mine[key] - theirs[key]).abs().max()) for key in mine)
    assert apart < 2e-3


def test_a_clusters_preemption_keeps_a_checkpoint(shop: Path, tmp_path: Path) -> None:
    target = tmp_path / "shop-nanodex-lora"
    started = subprocess.Popen(
        command(shop, target, max_steps=100_000, eval_interval=100_000),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
    )  # fmt: skip
    log = work_folder(target) / "log.jsonl"
    until = time.monotonic() + 120
    while not log.is_file() and time.monotonic() < until and started.poll() is None:
        time.sleep(0.2)
    started.send_signal(signal.SIGTERM)
    _, told = started.communicate(timeout=120)
    assert started.returncode == 130
    assert "run the same command again to go on" in told
    assert list((work_folder(target) / "checkpoints").glob("checkpoint-*/trainer_state.json"))
    assert not target.exists()


@pytest.mark.parametrize("plugin", ["ACCELERATE_USE_FSDP", "ACCELERATE_USE_DEEPSPEED"])
def test_a_launcher_that_splits_the_base_is_refused(plugin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(plugin, "true")
    with pytest.raises(IncompatibleInput, match=f"{plugin.rpartition('_')[2]} splits the base"):
        processes.join(QUIET)
