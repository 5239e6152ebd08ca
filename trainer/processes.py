"""Several processes training one adapter, as `accelerate launch` starts them: who speaks and writes, what all must agree on.

Alone, every function here is the identity. Started by a launcher, rank 0 reports and writes, the others only compute; what a
clock, a signal or free memory decides is decided once, or the copies of the adapter would drift apart. The launcher's config
may share the base out (FSDP2, DeepSpeed ZeRO): what differs then is here, and what a pack proves is proved on whole tensors.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from config.console import Console
from config.errors import BackendError, IncompatibleInput, NanodexError

Value = TypeVar("Value")
PATIENCE: Final = timedelta(seconds=5)
_TOLD: Final = "nanodex/told"
Sharding = Literal["", "FSDP2", "ZeRO-1", "ZeRO-2", "ZeRO-3"]
# Ways of the launcher in which a process is no longer one share of the batch.
_OTHERS: Final = {
    "ACCELERATE_USE_MEGATRON_LM": "Megatron-LM",
    "ACCELERATE_USE_PARALLELISM_CONFIG": "tensor or context parallelism",
}


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


def sharding() -> Sharding:
    """How the launcher's config shares the training out; "" when each process holds all of it.

    Raises IncompatibleInput for ways that are not handled.
    """
    other = next((name for variable, name in _OTHERS.items() if _asked(variable)), "")
    if _asked("ACCELERATE_USE_FSDP") and os.environ.get("FSDP_VERSION") != "2":
        other = "FSDP1"
    stage = _zero_stage() if _asked("ACCELERATE_USE_DEEPSPEED") else ""
    if stage == "0":
        other = "DeepSpeed without ZeRO"
    if other:
        raise IncompatibleInput(
            f"the launcher's config asks for {other}, which training an adapter does not know",
            "a config with distributed_type MULTI_GPU, DEEPSPEED, or FSDP with fsdp_version: 2",
        )
    if _asked("ACCELERATE_USE_FSDP"):
        return "FSDP2"
    known: dict[str, Sharding] = {"": "", "1": "ZeRO-1", "2": "ZeRO-2", "3": "ZeRO-3"}
    return known[stage]


def join(console: Console) -> Console:
    """Meet the other processes, if a launcher started any, and return the console this one may speak through."""
    shared = sharding()
    if count() == 1 and not shared:
        # One process on a machine of several GPUs takes the first: the libraries would copy the model to all of them.
        os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")
        return console
    import torch
    from accelerate import PartialState
    from accelerate.utils import DistributedType

    on_gpu = torch.cuda.is_available()
    if not on_gpu:
        os.environ.setdefault("DS_ACCELERATOR", "cpu")
    # DeepSpeed talks on stdout, where reports go.
    with redirect_stdout(sys.stderr):
        state = PartialState(backend="gloo") if shared and not on_gpu else PartialState(cpu=not on_gpu)
    if shared == "FSDP2" and not on_gpu:
        # accelerate shares out what is distributed over GPUs, and takes gloo on a CPU for nothing distributed.
        state._shared_state["distributed_type"] = DistributedType.MULTI_GPU
    if first():
        return console
    # The front door prints a report in every process: only one may be read.
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - stays open until the process ends
    return Mute()


@contextmanager
def one_voice() -> Iterator[None]:
    """Errors of this block, told once: by rank 0 when all meet them, else by the process that met them, with its number.

    Raises BackendError in those that were left alone by another, SystemExit in those that have nothing to add to rank 0.
    """
    try:
        yield
    except (NanodexError, KeyboardInterrupt) as error:
        if count() == 1 or "MASTER_PORT" not in os.environ:
            raise
        if first():
            _store().set(_TOLD, "")
            raise
        if _told():
            raise SystemExit(getattr(error, "exit_code", 130)) from error
        if isinstance(error, NanodexError):
            error.message = f"process {os.environ['RANK']} of {count()}: {error.message}"
        raise
    except RuntimeError as error:
        from torch.distributed import DistError

        if count() == 1 or (not isinstance(error, DistError) and "gloo" not in str(error)):
            raise
        if not first() and _told():
            raise SystemExit(BackendError.exit_code) from error
        raise BackendError(
            "another process of this training has stopped",
            "read what it said; the same command goes on from the last checkpoint. If it said nothing, the system may have ended it "
            "for want of memory: give a smaller batch_size",
        ) from error


def settle(precision: str, checkpointing: bool, accumulation: int) -> dict[str, Any]:
    """Arguments of a trainer in these processes; what the plan decided takes the place of what the launcher's config says.

    `precision` is bf16, fp16 or no.
    """
    os.environ["ACCELERATE_MIXED_PRECISION"] = precision
    shared = sharding()
    # FSDP recomputes within what it gathers; the model's own way would gather it twice.
    os.environ["FSDP_ACTIVATION_CHECKPOINTING"] = str(shared == "FSDP2" and checkpointing).lower()
    if "ACCELERATE_GRADIENT_ACCUMULATION_STEPS" in os.environ:
        os.environ["ACCELERATE_GRADIENT_ACCUMULATION_STEPS"] = str(accumulation)
    arguments: dict[str, Any] = {
        "activation_checkpointing": shared != "FSDP2" and checkpointing,
        "gradient_accumulation_steps": accumulation,
    }
    if shared:
        # The state that `join` made.
        arguments["accelerator_config"] = {"use_configured_state": True}
    return arguments


def parameters(model: Any) -> list[tuple[str, Any]]:
    """The named parameters of a model, by the names they had before anything was wrapped around a layer."""
    return [(name.replace("_checkpoint_wrapped_module.", ""), value) for name, value in model.named_parameters()]


def whole(parameter: Any) -> Any:
    """All of a parameter that may be shared out, off the GPU if it was. Every process asks for the same ones in the same order."""
    if hasattr(parameter, "ds_id"):
        import deepspeed

        with deepspeed.zero.GatheredParameters([parameter]):
            return parameter.detach().cpu().clone()
    return parameter.detach().full_tensor().cpu() if hasattr(parameter, "full_tensor") else parameter.detach()


def part() -> None:
    """What all had to do is done: each process goes on alone, or ends, and models are loaded whole again."""
    if count() > 1:
        import torch.distributed as group

        group.destroy_process_group()
    if _asked("ACCELERATE_USE_DEEPSPEED"):
        from transformers.integrations.deepspeed import unset_hf_deepspeed_config

        unset_hf_deepspeed_config()
    for name in ("ACCELERATE_USE_FSDP", "ACCELERATE_USE_DEEPSPEED"):
        os.environ.pop(name, None)


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


def _store() -> Any:
    """What the launcher keeps for all its processes."""
    from torch.distributed import TCPStore

    return TCPStore(os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]), is_master=False, timeout=PATIENCE)


def _told() -> bool:
    """Whether rank 0 has told an error, or does so before long."""
    from torch.distributed import DistError

    try:
        _store().wait([_TOLD], PATIENCE)
    except DistError:
        return False
    return True


def _zero_stage() -> str:
    file = os.environ.get("ACCELERATE_DEEPSPEED_CONFIG_FILE", "None")
    if file == "None":
        return os.environ.get("ACCELERATE_DEEPSPEED_ZERO_STAGE", "2")
    return str(json.loads(Path(file).read_text(encoding="utf-8")).get("zero_optimization", {}).get("stage", 0))


def _asked(variable: str) -> bool:
    return os.environ.get(variable, "").lower() in ("1", "true")
