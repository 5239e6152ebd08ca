"""Everything that must hold before a server starts: settings and two folders go in, a launch and a Verdict come out.

vLLM reports most mistakes only after loading the whole model, and some never; each of these checks takes milliseconds. What
needs a running server is asked by probe.py.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from config.errors import InputError, MissingInput, UsageError
from config.settings import ServeSettings
from inference.adapter import Adapter, Base, load_adapter, load_base
from inference.checks import Check, Verdict, fail, ok, verdict
from inference.compatibility import (
    check_architecture,
    check_features,
    check_fingerprint,
    check_probe_tokens,
    check_rank,
    check_stop_ids,
    check_template,
    check_tensors,
    check_tokenizer,
    check_values,
)
from inference.launch import BASE_NAME, Launch, check_lengths, check_memory, plan_launch
from inference.runtime import (
    Runtime,
    ask_runtime,
    check_open_files,
    check_port,
    check_runtime,
    interpreter,
)


@dataclass(frozen=True, slots=True)
class Preflight:
    """What was read and decided. `adapter`, `base` or `launch` is None when a failed check left nothing to go on with."""

    verdict: Verdict
    adapter: Adapter | None = None
    base: Base | None = None
    launch: Launch | None = None


def preflight(
    settings: ServeSettings,
    adapter_path: Path,
    base: str,
    run_folder: Path,
    root: Path,
    environ: Mapping[str, str] = os.environ,
) -> Preflight:
    """Check everything that needs no running server. `base` is a folder, a hub id or "", `root` holds `.venv-vllm`."""
    adapter, of_files = load_adapter(adapter_path)
    if adapter is None:
        return Preflight(verdict(of_files))
    try:
        base_folder = find_base(base or settings.base, adapter, environ)
    except MissingInput as error:
        return Preflight(verdict(of_files, [fail("base", error.message, error.hint)]), adapter)
    found, of_base = load_base(base_folder)
    if found is None:
        return Preflight(verdict(of_files, of_base), adapter)
    try:
        python, _ = interpreter(settings.python, environ, root)
        runtime = ask_runtime(python, found.architecture)
        of_runtime = check_runtime(runtime)
    except InputError as error:
        runtime = Runtime(Path("python"), "", "")
        of_runtime = [fail("vllm", error.message, error.hint)]
    launch = plan_launch(settings, found, adapter, runtime, run_folder, environ.get("NANODEX_API_KEY", ""))
    checks = verdict(
        of_files,
        of_base,
        check_architecture(found, runtime.lora),
        check_fit(adapter, found),
        check_lengths(launch, found, adapter, runtime),
        check_memory(settings, launch, found, adapter, runtime),
        of_runtime,
        [check_names(launch), check_port(settings.host, settings.port), check_open_files()],
    )
    return Preflight(checks, adapter, found, launch)


def check_fit(adapter: Adapter, base: Base) -> list[Check]:
    """The adapter on its own and against its base; also asked before an adapter is swapped in."""
    features = check_features(adapter)
    # Keys and shapes of an adapter that is no plain LoRA would only repeat the same fault in other words.
    plain = all(check.status == "ok" for check in features)
    return [
        *features,
        *check_rank(adapter),
        *check_values(adapter),
        *(check_tensors(adapter, base) if plain else []),
        *check_fingerprint(adapter, base),
        *check_tokenizer(adapter, base),
        *check_template(adapter),
        *check_stop_ids(adapter, base),
        *check_probe_tokens(adapter, base),
    ]


def check_names(launch: Launch) -> Check:
    if launch.adapter_name == BASE_NAME:
        return fail("names", f"adapter and base would both be served as {BASE_NAME}", "rename the pack's folder")
    return ok("names", f"base {BASE_NAME}, adapter {launch.adapter_name}")


def find_adapter(chosen: str, models: Path = Path("models")) -> Path:
    """The pack to serve: `chosen`, or the only current one below `models`. A link is returned as it is, to be followed.

    Raises MissingInput when there is none and UsageError when there are several.
    """
    if chosen:
        return Path(chosen)
    links = sorted(path for path in models.glob("*-nanodex-lora") if (path / "adapter_config.json").is_file())
    if not links:
        raise MissingInput(f"there is no adapter below {models}/", "make train-tiny, or nanodex serve --adapter FOLDER")
    if len(links) > 1:
        names = ", ".join(path.name for path in links)
        raise UsageError(f"{models}/ holds several adapters: {names}", f"nanodex serve --adapter {links[0]}")
    return links[0]


def find_base(chosen: str, adapter: Adapter, environ: Mapping[str, str] = os.environ) -> Path:
    """The base's folder: `chosen`, else the one the pack knows, else its hub id in the local cache. Raises MissingInput."""
    named = chosen or (adapter.pack.base.id if adapter.pack else adapter.config.base_model_name_or_path or "")
    local = adapter.pack.base_path() if adapter.pack and not chosen else None
    candidates = [local, Path(named) if named else None, hub_snapshot(named, environ)]
    for candidate in candidates:
        if candidate is not None and candidate.is_dir():
            return candidate
    if "/" in named and not Path(named).is_absolute():
        hint = f".venv-vllm/bin/hf download {named}, or nanodex serve --base FOLDER"
        raise MissingInput(f"the base {named} is neither a folder nor in the local model cache", hint)
    raise MissingInput(
        f"the base model {named or 'of this adapter'} is not on this machine", "nanodex serve --base FOLDER"
    )


def hub_snapshot(name: str, environ: Mapping[str, str] = os.environ) -> Path | None:
    """The newest cached snapshot of a hub id, None when there is none."""
    home = Path(environ.get("HF_HOME") or Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "huggingface")
    hub = Path(environ.get("HF_HUB_CACHE") or home / "hub")
    repository = hub / f"models--{name.replace('/', '--')}"
    main = repository / "refs" / "main"
    if not name or not main.is_file():
        return None
    snapshot = repository / "snapshots" / main.read_text().strip()
    return snapshot if (snapshot / "config.json").is_file() else None
