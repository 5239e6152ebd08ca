"""Several processes train one adapter, started as users start them, with the configs that trl ships: one speaks and writes, and the
adapter is the one of a single process, whether each holds the whole base (MULTI_GPU) or a piece of it (FSDP2, DeepSpeed ZeRO)."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from trainings import QUIET, SMALL, invented_rows, small_settings, write_rows

from config.errors import IncompatibleInput
from trainer import processes
from trainer.pack import Pack, read_pack, work_folder
from trainer.tiny import make
from trainer.train import run

ROOT = Path(__file__).resolve().parents[1]
slow = pytest.mark.slow
deepspeed = [
    slow,
    pytest.mark.skipif(
        importlib.util.find_spec("deepspeed") is None,
        reason="deepspeed is not installed: pip install -e '.[deepspeed]'",
    ),
]
# ZeRO-3 shares out no tensor of fewer than 100,000 values.
WIDE = replace(SMALL, width=192, inner=640)
# No dropout: its draws differ from process to process. Gradients of 72 rows are gathered over several micro-batches everywhere.
CURVE = {"lora_dropout": 0.0, "learning_rate": 0.01, "batch_size": 72, "max_steps": 4, "eval_interval": 2}
# A stand-in for nanodex.py in which something is another way, or goes wrong in the second process.
DRIVER = """
import os, sys
sys.path.insert(0, {root!r})
import nanodex
from trainer import sft, stream
second = os.environ["RANK"] == "1"
{change}
sys.argv[0] = "nanodex"
sys.exit(nanodex.main())
"""
PLAIN = """
import torch
torch.cpu._is_avx512_bf16_supported = lambda: False
"""
OUT_OF_MEMORY = """
served = stream.Stream.row
def row(self, position):
    if second and position > 6:
        raise MemoryError
    return served(self, position)
stream.Stream.row = row
"""
MOVED_BASE = """
digest, asked = sft.frozen_digest, []
def frozen_digest(model):
    asked.append(model)
    if second and len(asked) == 2:
        weight = model.base_model.model.model.embed_tokens.weight
        (weight.ds_tensor if hasattr(weight, "ds_tensor") else weight.data.to_local()).add_(1e-3)
    return digest(model)
sft.frozen_digest = frozen_digest
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    rows = invented_rows()
    write_rows(folder, {**rows, "T1": rows["T1"][:6]})
    return folder


def base_for(shop: Path, config: str) -> Path:
    """Made when it is first asked for."""
    name, recipe = ("wide-base", WIDE) if config == "zero3" else ("tiny-base", SMALL)
    return make(shop / "models" / name, QUIET, recipe)


def command(
    shop: Path, target: Path, config: str = "", script: Path | None = None, /, *options: str, **changes: object
) -> list[str]:
    """The command line of a training, in two processes with one of trl's `config`s if one is named."""
    values = small_settings(base_for(shop, config), shop / "train.jsonl", target, **changes)
    keys = (
        "base", "dataset", "save_dir", "batch_size", "max_steps", "eval_interval", "epochs", "lora_rank", "lora_alpha", "lora_dropout",
        "learning_rate", "checkpointing", "bits",
    )  # fmt: skip
    sets = [part for key in keys for part in ("--set", f"{key}={getattr(values, key)}")]
    launcher: list[str] = []
    if config:
        package = importlib.util.find_spec("trl")
        assert package is not None
        assert package.submodule_search_locations is not None
        named = Path(package.submodule_search_locations[0]) / "accelerate_configs" / f"{config}.yaml"
        # Port 0: another test may hold the usual one.
        launcher = ["-m", "accelerate.commands.launch", "--config_file", str(named), "--num_processes", "2"]
        launcher += ["--main_process_port", "0"]
    return [sys.executable, *launcher, str(script or ROOT / "nanodex.py"), "train", "lora", *sets, *options]


def finished(*arguments: Any, **changes: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments, **changes), capture_output=True, text=True, check=False, env=environment(), timeout=300
    )


def driver(folder: Path, change: str) -> Path:
    path = folder / "driver.py"
    path.write_text(DRIVER.format(root=str(ROOT), change=change))
    return path


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1"}


def curve(target: Path) -> dict[int, float]:
    """Loss by step."""
    rows = [json.loads(line) for line in (work_folder(target) / "log.jsonl").read_text().splitlines()]
    return {row["step"]: row["loss"] for row in rows if "loss" in row}


def alone(shop: Path, target: Path, config: str, **changes: object) -> Pack:
    """What one process makes of the same."""
    pack = run(small_settings(base_for(shop, config), shop / "train.jsonl", target, **changes), QUIET, "lora").pack
    assert pack is not None
    return pack


def apart(one: Path, other: Path) -> float:
    """The largest difference between two adapters."""
    from safetensors.torch import load_file

    mine, theirs = (load_file(read_pack(p).path / "adapter_model.safetensors") for p in (one, other))
    assert mine.keys() == theirs.keys()
    return max(float((mine[key] - theirs[key]).abs().max()) for key in mine)


@pytest.mark.parametrize(
    ("config", "shared"),
    [
        ("fsdp2", "FSDP2, 2 processes"),
        pytest.param("multi_gpu", "none, 2 processes", marks=slow),
        pytest.param("zero1", "ZeRO-1, 2 processes", marks=deepspeed),
        pytest.param("zero2", "ZeRO-2, 2 processes", marks=deepspeed),
        pytest.param("zero3", "ZeRO-3, 2 processes", marks=deepspeed),
    ],
)
def test_two_processes_make_the_adapter_of_one(
    config: str, shared: str, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    two, one = tmp_path / "two" / "shop-nanodex-lora", tmp_path / "one" / "shop-nanodex-lora"
    # What is shared out on a CPU is computed in fp32; so is here what is not.
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    done = finished(shop, two, config, driver(tmp_path, PLAIN) if config == "multi_gpu" else None, "--json", **CURVE)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("training on ") == 1
    report = json.loads(done.stdout[done.stdout.index("{\n") :])
    assert report["steps"] == 4
    assert [p.name for p in sorted(two.parent.iterdir())] == [
        "shop-nanodex-lora", "shop-nanodex-lora.v1", "shop-nanodex-lora.work"
    ]  # fmt: skip
    assert len(list((work_folder(two) / "tensorboard").glob("events.*"))) == 1
    plan = report["plan"]
    assert (plan["micro_batch"], plan["accumulation"]) == (18, 2)
    assert [c["value"] for c in plan["choices"] if c["name"] == "sharding"] == [shared]

    whole = alone(shop, one, config, **CURVE)
    assert list(curve(two)) == [1, 2, 3, 4]
    # The rows of a step are the same; only the order of their sums differs.
    assert curve(two) == pytest.approx(curve(one), abs=1e-4)
    assert apart(two, one) < 1e-4
    pack = read_pack(two)
    assert pack.base.fingerprint == whole.base.fingerprint
    assert pack.metrics["processes"] == {"count": 2, "sharding": shared.partition(",")[0]}
    assert ("deepspeed" in pack.versions) == config.startswith("zero")
    assert [p.token_ids for p in pack.probes] == [p.token_ids for p in whole.probes]
    for mine, theirs in zip(pack.probes, whole.probes, strict=True):
        assert dict(mine.base) == pytest.approx(dict(theirs.base), abs=1e-4)
        assert dict(mine.adapter) == pytest.approx(dict(theirs.adapter), abs=1e-3)
        assert mine.adapter != mine.base


@slow
@pytest.mark.parametrize("config", ["fsdp2", pytest.param("zero3", marks=deepspeed)])
def test_processes_that_were_killed_go_on_where_they_were(config: str, shop: Path, tmp_path: Path) -> None:
    import psutil

    straight, killed = tmp_path / "straight" / "shop-nanodex-lora", tmp_path / "killed" / "shop-nanodex-lora"
    changes: dict[str, object] = {"max_steps": 8, "eval_interval": 2, "learning_rate": 0.005}
    assert finished(shop, straight, config, **changes).returncode == 0
    started = subprocess.Popen(
        command(shop, killed, config, **changes), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    complete = work_folder(killed) / "checkpoints" / "checkpoint-4" / "trainer_state.json"
    until = time.monotonic() + 120
    while not complete.is_file() and time.monotonic() < until and started.poll() is None:
        time.sleep(0.02)
    launcher = psutil.Process(started.pid)
    family = [*launcher.children(recursive=True), launcher]
    for member in family:
        member.kill()
    psutil.wait_procs(family, timeout=60)
    started.communicate()
    assert not killed.exists()
    again = finished(shop, killed, config, None, "-v", **changes)
    assert again.returncode == 0, again.stderr
    assert "plan: lora, going on from checkpoint-" in again.stderr
    assert curve(killed) == pytest.approx(curve(straight), abs=1e-5)
    assert apart(straight, killed) < 1e-5


@slow
@pytest.mark.parametrize("config", ["fsdp2", pytest.param("zero3", marks=deepspeed)])
def test_a_piece_of_the_base_that_moved_is_noticed(config: str, shop: Path, tmp_path: Path) -> None:
    target = tmp_path / "shop-nanodex-lora"
    # Recomputed layers have other names inside FSDP.
    done = finished(shop, target, config, driver(tmp_path, MOVED_BASE), checkpointing="on")
    assert done.returncode != 0
    assert "error: training changed the base model" in done.stderr
    assert not target.exists()


@slow
def test_the_process_that_runs_out_of_memory_says_so(shop: Path, tmp_path: Path) -> None:
    done = finished(shop, tmp_path / "shop-nanodex-lora", "fsdp2", driver(tmp_path, OUT_OF_MEMORY))
    assert done.returncode != 0
    assert "error: process 1 of 2: this machine ran out of memory while training" in done.stderr
    assert "then more than 2 processes" in done.stderr
    assert "error: another process of this training has stopped" in done.stderr
    assert "internal error" not in done.stderr


@slow
def test_a_refusal_is_told_once(shop: Path, tmp_path: Path) -> None:
    done = finished(shop, tmp_path / "shop-nanodex-lora", "fsdp2", bits=4)
    assert done.returncode != 0
    assert done.stderr.count("error: ") == done.stderr.count("error: 4-bit layers do not survive FSDP2") == 1


@slow
@pytest.mark.parametrize("config", ["", "fsdp2"])
def test_a_clusters_preemption_keeps_a_checkpoint(config: str, shop: Path, tmp_path: Path) -> None:
    target = tmp_path / "shop-nanodex-lora"
    started = subprocess.Popen(
        command(shop, target, config, max_steps=100_000, eval_interval=100_000),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
    )  # fmt: skip
    log = work_folder(target) / "log.jsonl"
    until = time.monotonic() + 120
    while not log.is_file() and time.monotonic() < until and started.poll() is None:
        time.sleep(0.2)
    started.send_signal(signal.SIGTERM)
    _, told = started.communicate(timeout=120)
    assert started.returncode == (1 if config else 130)
    assert told.count("run the same command again to go on") == 1
    assert list((work_folder(target) / "checkpoints").glob("checkpoint-*/trainer_state.json"))
    assert not target.exists()


def test_the_launchers_config_says_what_is_shared_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("FSDP_ACTIVATION_CHECKPOINTING", "ACCELERATE_MIXED_PRECISION"):
        monkeypatch.setenv(name, "unset")
    assert processes.sharding() == ""
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    monkeypatch.setenv("FSDP_VERSION", "2")
    assert processes.sharding() == "FSDP2"
    assert processes.settle("bf16", True, 2)["activation_checkpointing"] is False
    assert (os.environ["FSDP_ACTIVATION_CHECKPOINTING"], os.environ["ACCELERATE_MIXED_PRECISION"]) == ("true", "bf16")
    monkeypatch.setenv("FSDP_VERSION", "1")
    with pytest.raises(IncompatibleInput, match="FSDP1"):
        processes.sharding()
    monkeypatch.delenv("ACCELERATE_USE_FSDP")
    monkeypatch.setenv("ACCELERATE_USE_DEEPSPEED", "true")
    monkeypatch.setenv("ACCELERATE_DEEPSPEED_ZERO_STAGE", "3")
    assert processes.sharding() == "ZeRO-3"
    own = tmp_path / "ds.json"
    own.write_text(json.dumps({"zero_optimization": {"stage": 1}}))
    monkeypatch.setenv("ACCELERATE_DEEPSPEED_CONFIG_FILE", str(own))
    assert processes.sharding() == "ZeRO-1"
    own.write_text("{}")
    with pytest.raises(IncompatibleInput, match="DeepSpeed without ZeRO"):
        processes.sharding()


@pytest.mark.parametrize("variable", ["ACCELERATE_USE_MEGATRON_LM", "ACCELERATE_USE_PARALLELISM_CONFIG"])
def test_ways_of_the_launcher_that_are_not_known_are_refused(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "true")
    with pytest.raises(IncompatibleInput, match="the launcher's config asks for"):
        processes.join(QUIET)
