"""Which packages are installed, and whether they are the ones nanodex pins. Nothing is imported to find out."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from pathlib import Path
from typing import Final

from config.console import plural
from inference.checks import Check, fail, ok

ROOT: Final = Path(__file__).resolve().parents[1]


def check_packages(name: str, extra: str, fix: str) -> Check:
    """The installed packages against nanodex's pins; `extra` "" means the core's."""
    rows = [_requirement(text) for text in requirements(extra)]
    wrong = [
        f"{package} {installed(package) or 'is missing'}" for package, pins in rows if not _satisfied(package, pins)
    ]
    if not wrong:
        return ok(name, f"{plural(len(rows), 'package')} as pinned")
    return fail(name, f"{len(wrong)} of {len(rows)} packages are not as pinned: {', '.join(sorted(wrong)[:4])}", fix)


def requirements(extra: str, root: Path = ROOT) -> list[str]:
    """`name==pin` of the core ("") or an extra: from the checkout's pyproject.toml, else from the installed metadata."""
    source = root / "pyproject.toml"
    if source.is_file():
        project = tomllib.loads(source.read_text(encoding="utf-8"))["project"]
        return list(project["optional-dependencies"][extra] if extra else project["dependencies"])
    found = [text.partition(";") for text in importlib.metadata.requires("nanodex") or []]
    marked = [(text, re.search(r"extra\s*==\s*['\"]([\w-]+)", marker)) for text, _, marker in found]
    return [text.strip() for text, match in marked if (match[1] if match else "") == extra]


def _requirement(text: str) -> tuple[str, str]:
    """`uvicorn[standard]>=0.30,<1` -> (uvicorn, ">=0.30,<1")."""
    found = re.match(r"\s*([\w.-]+?)\s*(?:\[[^\]]*\])?\s*((?:[=<>~!].*)?)$", text)
    return (found[1], found[2]) if found else (text, "")


def installed(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _satisfied(package: str, pins: str) -> bool:
    version = installed(package)
    return bool(version) and all(satisfies(version, pin.strip()) for pin in pins.split(",") if pin.strip())


def satisfies(version: str, pin: str) -> bool:
    """Whether a version meets one pin of the kinds pyproject.toml uses: ==1.2, ==1.2.*, >=1.2, <2. Local parts (+cpu) are left out."""
    operator, wanted = pin[:2].rstrip("0123456789"), pin.lstrip("=<>~! ")
    have = _numbers(version.partition("+")[0])
    if wanted.endswith(".*"):
        stem = _numbers(wanted[:-2])
        return have[: len(stem)] == stem
    limit = _numbers(wanted)
    width = max(len(have), len(limit))
    left, right = (part + (0,) * (width - len(part)) for part in (have, limit))
    meets = {"==": left == right, ">=": left >= right, "<=": left <= right, "<": left < right, ">": left > right}
    return meets[operator]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def torch_cuda() -> str:
    """The CUDA version torch was built for, "" for a CPU build; read from its source, since importing it takes seconds."""
    for file in importlib.metadata.files("torch") or []:
        if str(file) == "torch/version.py":
            found = re.search(r"^cuda\b[^=]*=\s*'([\d.]+)'", file.read_text(), re.M)
            return found[1] if found else ""
    return ""
