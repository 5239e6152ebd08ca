"""What a training reads before any weights: rows, base, machine; and the keys that tell two trainings apart."""

from __future__ import annotations

import importlib.metadata
import json
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from config.console import Console
from config.errors import MissingInput
from config.manifest import Manifest, digest, read_manifest
from config.settings import TrainSettings
from dataset.example import Example, read_examples
from trainer import processes
from trainer.fingerprint import fingerprint
from trainer.hardware import Hardware, inspect_hardware
from trainer.models import Base, describe_base, resolve_base
from trainer.pack import Pack, file_digest
from trainer.tiny import make, sketch, stands

Method = Literal["lora", "qlora", "tiny"]
Stage = Literal["sft", "dpo", "grpo"]
LIBRARIES: Final = (
    "torch",
    "transformers",
    "trl",
    "peft",
    "bitsandbytes",
    "datasets",
    "accelerate",
    "tokenizers",
    "safetensors",
)


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything read before a model is loaded."""

    settings: TrainSettings
    method: Method
    target: Path
    project: str
    manifest: Manifest | None
    dataset_sha256: str
    train: tuple[Example, ...]
    valid: tuple[Example, ...]
    test: tuple[Example, ...]
    base: Base
    fingerprint: dict[str, str]
    hardware: Hardware
    unmade: str = ""


def read_inputs(settings: TrainSettings, method: Method, console: Console, scratch: Path | None = None) -> Inputs:
    """Rows, base and machine. Raises MissingInput for what is not there.

    With `scratch`, a folder that will be removed, nothing else is written: a tiny base that is missing is only sketched there,
    and `unmade` says where it would be made.
    """
    train = tuple(read_examples(settings.dataset))
    if not train:
        raise MissingInput(f"{settings.dataset} holds no rows: there is nothing to learn", "make dataset")
    manifest = read_manifest(settings.dataset)
    project = (manifest.project if manifest else "") or Path.cwd().name
    target = Path(settings.save_dir.replace("{project}", project))
    unmade = ""
    hardware = processes.agree(inspect_hardware())
    if method == "tiny":
        folder = Path(settings.base) if settings.base else target.parent / "tiny-base"
        if scratch is not None and not stands(folder):
            unmade, folder = str(folder), sketch(scratch / folder.name)
        elif scratch is None:
            with processes.one_first():
                folder = make(folder, console)
        base = describe_base(folder)
    else:
        if hardware.device == "cpu" and settings.bits != 16 and not Path(settings.base).expanduser().exists():
            raise MissingInput(
                f"{settings.bits}-bit training of {settings.base or 'a hub base'} needs a CUDA GPU, and this torch sees none",
                "nanodex train tiny, or --base a small model's local folder (nf4 runs on a CPU, slowly)",
            )
        folder, revision = resolve_base(settings.base)
        base = describe_base(folder, settings.base if revision else "", revision)
    siblings = {name: settings.dataset.with_name(f"{name}.jsonl") for name in ("valid", "test")}
    valid, test = (tuple(read_examples(p)) if p.is_file() else () for p in (siblings["valid"], siblings["test"]))
    return Inputs(
        settings=settings,
        method=method,
        target=target,
        project=project,
        manifest=manifest,
        dataset_sha256=file_digest(settings.dataset),
        train=train,
        valid=valid,
        test=test,
        base=base,
        fingerprint={} if unmade else fingerprint(folder),
        hardware=hardware,
        unmade=unmade,
    )


def same_training(pack: Pack, inputs: Inputs) -> bool:
    """Whether `pack` is what this run would make."""
    return (
        pack.stage == "sft"
        and not pack.parent
        and pack.dataset_sha256 == inputs.dataset_sha256
        and pack.settings == portable(inputs.settings)
        and pack.base.fingerprint == inputs.fingerprint
        and pack.method == inputs.method
    )


def portable(settings: TrainSettings) -> dict[str, Any]:
    """Settings as a pack records them: absolute paths reduced to their last part."""
    values = settings.model_dump(mode="json")
    for key in ("base", "dataset", "save_dir"):
        if Path(str(values[key])).is_absolute():
            values[key] = Path(str(values[key])).name
    return values


def library_versions(hardware: Hardware) -> dict[str, str]:
    """Versions of everything that decides the result."""
    found = {"python": platform.python_version()}
    for name in (*LIBRARIES, *(["deepspeed"] if hardware.sharding.startswith("ZeRO") else [])):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "absent"
    return found


def run_key(inputs: Inputs) -> str:
    """Equal keys mean the same curve: settings, data, base, libraries and how processes share the work."""
    return digest(
        json.dumps(part, sort_keys=True)
        for part in (
            inputs.settings.model_dump(mode="json"),
            inputs.dataset_sha256,
            inputs.fingerprint,
            library_versions(inputs.hardware),
            [inputs.hardware.processes, inputs.hardware.sharding],
        )
    )
