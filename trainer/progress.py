"""The work folder of a training under way: what lets a killed run go on, and what must not be taken for it."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from config.errors import cannot_write
from config.manifest import write_atomically
from trainer.inputs import Inputs, run_key
from trainer.plan import Plan


@dataclass(frozen=True, slots=True)
class Progress:
    """What a run that did not end left behind."""

    checkpoint: Path | None
    speed: float

    @staticmethod
    def read(work: Path, key: str) -> Progress | None:
        """The state to go on from; None when there is none or it belongs to another training."""
        path = work / "run.json"
        if not path.is_file():
            return None
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["key"] != key:
            return None
        from transformers.trainer_utils import get_last_checkpoint

        folder = work / "checkpoints"
        last = get_last_checkpoint(str(folder)) if folder.is_dir() else None
        while last is not None and not (Path(last) / "trainer_state.json").is_file():
            # Killed while it was being written.
            shutil.rmtree(last)
            last = get_last_checkpoint(str(folder))
        return Progress(Path(last) if last else None, data["speed"])


def prepare_work(work: Path, inputs: Inputs, plan: Plan, *, keep: bool, speed: float) -> None:
    """Make the work folder, empty of another training's checkpoints, and note what this one is."""
    try:
        if not keep:
            shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True, exist_ok=True)
        write_atomically(work / "plan.json", json.dumps(plan.as_json(), indent=1, sort_keys=True) + "\n")
        write_atomically(work / "base.json", json.dumps({"path": str(inputs.base.path.resolve())}) + "\n")
        write_atomically(work / "run.json", json.dumps({"key": run_key(inputs), "speed": speed}) + "\n")
    except OSError as error:
        raise cannot_write(f"to {work}", error) from error
