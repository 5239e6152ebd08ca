"""What this machine can train with: device, precision, threads, free memory. Each choice comes with its reason."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from trainer.processes import Sharding, count, sharding

# Up to this length the fused attention of a CPU in bf16 takes two to five times as long forward and back (measured; at 512
# tokens they are even).
SHORT_ROWS: Final = 256


class Choice(NamedTuple):
    """Something decided automatically, and why."""

    name: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Hardware:
    """`free_bytes` is GPU memory on cuda, RAM on cpu; `flops` is a measured matmul rate, 0 when nothing was measured."""

    device: str
    name: str
    free_bytes: int
    autocast_bf16: bool
    flash_attention: bool
    processes: int
    flops: float
    reasons: tuple[Choice, ...] = ()
    sharding: Sharding = ""

    @property
    def home(self) -> str:
        """Where a base lies before its first step: what is shared out is moved by the strategy, piece by piece."""
        return "cpu" if self.sharding else self.device


def inspect_hardware(measure: bool = True) -> Hardware:
    """Look at this process's machine; with `measure` a fifth of a second goes into timing a matrix product."""
    import torch

    together, shared = count(), sharding()
    if torch.cuda.is_available():
        free, _ = torch.cuda.mem_get_info()
        name = torch.cuda.get_device_name()
        bf16 = torch.cuda.is_bf16_supported()
        flash = _has_flash_attention()
        reasons: tuple[Choice, ...] = (
            Choice("device", "cuda", name),
            Choice("precision", "bf16" if bf16 else "fp16", "this GPU has bf16" if bf16 else "this GPU has no bf16"),
        )
        flops = _flops("cuda") if measure else 0.0
        return Hardware(
            "cuda", name, free, bf16, flash, together, flops, (*reasons, *_strategy(together, shared)), shared
        )
    threads, why = _threads()
    torch.set_num_threads(threads)
    bf16 = bool(torch.cpu._is_avx512_bf16_supported()) and not shared
    reasons = (
        Choice("device", "cpu", "this torch sees no CUDA device"),
        Choice("threads", str(threads), why),
        Choice(
            "precision",
            "fp32 weights, bf16 products" if bf16 else "fp32",
            "this CPU multiplies bf16 in hardware"
            if bf16
            else f"{shared} would round the weights, not the products alone"
            if shared
            else "this CPU has no bf16 instructions",
        ),
    )
    # Processes of one machine share its memory.
    free = free_ram() // _beside()
    flops = _flops("cpu") if measure else 0.0
    return Hardware("cpu", "CPU", free, bf16, False, together, flops, (*reasons, *_strategy(together, shared)), shared)


def _strategy(together: int, shared: Sharding) -> tuple[Choice, ...]:
    """How several processes train one adapter, and why."""
    if together == 1 and not shared:
        return ()
    told = {
        "": "the launcher's config shares nothing out: each process holds a whole base and its rows of every batch",
        "FSDP2": f"the launcher's config says so: each process holds 1/{together} of base and adapter, and gathers a layer at a time",
        "ZeRO-1": f"the launcher's config says so: a whole base each, 1/{together} of the optimiser's state",
        "ZeRO-2": f"the launcher's config says so: a whole base each, 1/{together} of gradients and optimiser's state",
        "ZeRO-3": f"the launcher's config says so: each process holds 1/{together} of base and adapter, and gathers a layer at a time",
    }
    return (Choice("sharding", f"{shared or 'none'}, {together} processes", told[shared]),)


def attention(hardware: Hardware, longest: int) -> Choice:
    """Which attention to train with, for rows of at most `longest` tokens."""
    if hardware.device == "cuda":
        if hardware.flash_attention:
            return Choice("attention", "flash_attention_2", "flash-attn is installed")
        return Choice("attention", "sdpa", "flash-attn is not installed; sdpa needs no quadratic memory")
    if hardware.autocast_bf16 and longest <= SHORT_ROWS:
        return Choice(
            "attention", "eager", f"on a CPU the fused one goes back slower on rows up to {SHORT_ROWS} tokens"
        )
    return Choice("attention", "sdpa", "it needs no quadratic memory")


def free_ram() -> int:
    """Bytes this process may still take: MemAvailable, or what a container's limit leaves of it."""
    available = 0
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                available = int(line.split()[1]) * 1024
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
        used = int(Path("/sys/fs/cgroup/memory.current").read_text(encoding="ascii"))
        if limit.isdigit():
            available = min(available, int(limit) - used) if available else int(limit) - used
    except OSError:
        # Not Linux, or no control group: what sysconf knows is the next best.
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        return available or int(pages * 0.7)
    return available


def peak_rss() -> int:
    """The most RAM this process has held, in bytes."""
    import resource
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _threads() -> tuple[int, str]:
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdigit() and int(asked) > 0:
        return int(asked), "OMP_NUM_THREADS says so"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    # OpenMP threads spin while they wait: more of them than free cores is slower than fewer.
    busy = _busy_cores(cores)
    free = max(1, round(cores - busy) // _beside())
    return min(free, 16), f"{cores} cores, {busy:.1f} of them busy"


def _beside() -> int:
    """Processes of this training on this machine."""
    return max(1, int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


def _busy_cores(cores: int, seconds: float = 0.3) -> float:
    """Cores in use by others, watched while this process sleeps. A load average would count the stage that ran a moment ago."""
    before = _cpu_times()
    if before is None:
        return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    time.sleep(seconds)
    after = _cpu_times() or before
    idle, total = after[0] - before[0], after[1] - before[1]
    return cores * (1 - idle / total) if total else 0.0


def _cpu_times() -> tuple[int, int] | None:
    """(idle, total) of all cores in clock ticks since boot, None where the system does not say."""
    try:
        first = Path("/proc/stat").read_text().partition("\n")[0].split()
    except OSError:
        return None
    # user nice system idle iowait irq softirq steal; low-priority work gives way, so it counts as idle.
    ticks = [int(field) for field in first[1:9]]
    return ticks[1] + ticks[3] + ticks[4], sum(ticks)


def _has_flash_attention() -> bool:
    import importlib.util

    return importlib.util.find_spec("flash_attn") is not None


def _flops(device: str) -> float:
    import torch

    size = 4096 if device == "cuda" else 512
    kind = torch.bfloat16 if device == "cuda" else torch.float32
    a, b = torch.ones(size, size, dtype=kind, device=device), torch.ones(size, size, dtype=kind, device=device)
    rounds, spent = 0, 0.0
    a @ b
    while spent < 0.2:
        start = time.perf_counter()
        for _ in range(4):
            a @ b
        if device == "cuda":
            torch.cuda.synchronize()
        spent += time.perf_counter() - start
        rounds += 4
    return 2.0 * size**3 * rounds / spent
