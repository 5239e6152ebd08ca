"""Several processes training one adapter, as `accelerate launch` starts them: who speaks and writes, what all must agree on.

Alone, every function here is the identity. Started by a launcher, rank 0 reports and writes, the others only compute; what a
clock, a signal or free memory decides is decided once, or the copies of the adapter would drift apart.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from config.console import Console
from config.errors import IncompatibleInput

Value = TypeVar("Value")
# What `accelerate launch` tells its processes of FSDP and DeepSpeed.
_SPLITTING: Final = ("ACCELERATE_USE_FSDP", "ACCELERATE_USE_DEEPSPEED")


class Mute(Console):
    """The console of the processes that only compute."""

    def __init__(self) -> None:
        super().__init__(quiet=True)

    def warn(self, text: str) -> None:
        """Rank 0 says it."""


def count() -> int:
    return int(os.environ.get("WORLD_SIZE", "1"))


def first() -> bool:
    """Whether this process reports and writes."""
    return os.environ.get("RANK", "0") == "0"


def join(console: Console) -> Console:
    """Meet the other processes, if a launcher started any, and return the console this one may speak through.

    Raises IncompatibleInput when the launcher would split the model: what a pack proves (the base did not move, every part of the
    adapter did) is proved on whole tensors.
    """
    split = next((name for name in _SPLITTING if os.environ.get(name, "").lower() in ("1", "true")), "")
    if split:
        raise IncompatibleInput(
            f"{split.rpartition('_')[2]} splits the base over the processes, and an adapter is trained on a whole one",
            "accelerate launch --num_processes N without it; train qlora where the base does not fit one GPU",
        )
    if count() == 1:
        # One process on a machine of several GPUs takes the first: the libraries would copy the model to all of them.
        os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")
        return console
    import torch
    from accelerate import PartialState

    PartialState(cpu=not torch.cuda.is_available())
    if first():
        return console
    # The front door prints a report in every process: only one may be read.
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - stays open until the process ends
    return Mute()


def agree(value: Value) -> Value:
    """Rank 0's value, in every process. It is pickled on the way."""
    if count() == 1:
        return value
    import torch.distributed as group

    box = [value]
    group.broadcast_object_list(box, src=0)
    return box[0]


def largest(values: list[float]) -> list[float]:
    """The largest of each number over the processes."""
    if count() == 1:
        return values
    import torch
    import torch.distributed as group

    device = "cuda" if group.get_backend() == "nccl" else "cpu"
    shared = torch.tensor(values, dtype=torch.float64, device=device)
    group.all_reduce(shared, op=group.ReduceOp.MAX)
    return [float(v) for v in shared]


def wait() -> None:
    """Until every process has come this far."""
    if count() > 1:
        import torch.distributed as group

        group.barrier()


@contextmanager
def one_first() -> Iterator[None]:
    """Rank 0 does the work of this block, then the others, who find it done."""
    if not first():
        wait()
    yield
    if first():
        wait()
