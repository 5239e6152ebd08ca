"""An adapter pack in the forms other servers read: one merged model, a GGUF adapter, an Ollama Modelfile.

Merging goes through the base in full precision, never through a quantised one, and the drift it causes is measured on the
pack's own probes before anything is written.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from config.console import Console
from config.errors import GateError, IncompatibleInput, MissingInput, cannot_write
from trainer.fingerprint import fingerprint, read_config
from trainer.gguf import write_adapter
from trainer.pack import Pack, read_pack

Form = Literal["merged", "gguf", "ollama"]
# The largest change of a logit that merging in float32 may cause.
MAX_DRIFT: Final = 1e-3


@dataclass(frozen=True, slots=True)
class ExportReport:
    """`drift` is the largest change of a logit by merging, 0 for other forms; `next_command` uses what was written."""

    form: str
    path: Path
    tensors: int
    bytes: int
    drift: float
    next_command: str

    def lines(self) -> list[str]:
        out = [f"export {self.form}: {self.path} ({self.bytes / 1024**2:,.1f} MiB)"]
        if self.form == "merged":
            out.append(f"  largest logit drift over the probes {self.drift:.1e} (bound {MAX_DRIFT:.0e}, float32)")
        return [*out, f"  next     {self.next_command}"]

    def as_json(self) -> dict[str, Any]:
        return {
            "form": self.form,
            "path": str(self.path),
            "tensors": self.tensors,
            "bytes": self.bytes,
            "drift": self.drift,
            "next": self.next_command,
        }


def run_export(adapter: Path, form: Form, console: Console, out: Path | None = None, base: str = "") -> ExportReport:
    """Export the pack at `adapter`. `out` is a folder (merged, ollama) or a file (gguf), beside the pack when absent."""
    pack = read_pack(adapter)
    folder = base_folder(pack, base)
    if form == "merged":
        return _merged(pack, folder, out or pack.path.with_name(f"{pack.name}-merged"), console)
    if form == "gguf":
        path = out or pack.path.with_name(f"{pack.name}.gguf")
        path.parent.mkdir(parents=True, exist_ok=True)
        count = _gguf(pack, folder, path)
        size = path.stat().st_size
        return ExportReport("gguf", path, count, size, 0.0, f"llama-server -m <base>.gguf --lora {path}")
    return _ollama(pack, folder, out or pack.path.with_name(f"{pack.name}-ollama"))


def base_folder(pack: Pack, base: str = "") -> Path:
    """The base the pack was trained on. Raises IncompatibleInput when it is another one."""
    from trainer.models import resolve_base

    found = pack.base_path() if not base else None
    if found is None:
        if not base and "/" not in pack.base.id:
            raise MissingInput(
                f"the base of {pack.name}, {pack.base.id}, is not where it was", "give --base its folder"
            )
        found, _ = resolve_base(base or pack.base.id)
    actual = fingerprint(found)
    if any(actual[part] != pack.base.fingerprint.get(part) for part in ("shape", "tokenizer", "weights")):
        raise IncompatibleInput(f"{found} is not the base {pack.name} was trained on", f"give --base {pack.base.id}")
    return found


def modelfile(pack: Pack, tokenizer: Any, base: Path) -> str:
    """The Modelfile that asks as training did: same base, same template, same stops."""
    quote = '"""'
    stops = [tokenizer.decode([token]) for token in pack.stop_ids]
    lines = [f"FROM {base}", "ADAPTER ./adapter.gguf", f"TEMPLATE {quote}{go_template(tokenizer)}{quote}"]
    if pack.system:
        lines.append(f"SYSTEM {quote}{pack.system}{quote}")
    lines += [f"PARAMETER stop {json.dumps(stop)}" for stop in stops]
    return "\n".join([*lines, "PARAMETER temperature 0", ""])


def go_template(tokenizer: Any) -> str:
    """The chat template as Ollama writes them, found by rendering it with marks in place of the messages."""
    system, prompt = "@@SYSTEM@@", "@@PROMPT@@"
    turns = [{"role": "user", "content": prompt}]
    plain = str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
    led = str(
        tokenizer.apply_chat_template(
            [{"role": "system", "content": system}, *turns], tokenize=False, add_generation_prompt=True
        )
    )
    # Ollama puts the beginning-of-text token in front itself.
    start = tokenizer.bos_token or ""
    plain, led = plain.removeprefix(start), led.removeprefix(start)
    text = plain
    if led.endswith(plain):
        text = "{{ if .System }}" + led.removesuffix(plain) + "{{ end }}" + plain
    elif system in led:
        # The template has a system message of its own for turns without one.
        text = "{{ if .System }}" + led + "{{ else }}" + plain + "{{ end }}"
    return text.replace(system, "{{ .System }}").replace(prompt, "{{ .Prompt }}") + "{{ .Response }}"


def _merged(pack: Pack, base: Path, target: Path, console: Console) -> ExportReport:
    from trainer.quiet import quiet_libraries

    quiet_libraries()
    import torch
    from peft import PeftModel
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, AutoTokenizer

    console.note(f"merging {pack.name} into {pack.base.id} in float32 …")
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, use_safetensors=True)
    model = PeftModel.from_pretrained(model, pack.path).eval()
    before = _logits(model, pack)
    model = model.merge_and_unload(safe_merge=True)
    drift = max((float((a - b).abs().max()) for a, b in zip(before, _logits(model, pack), strict=True)), default=0.0)
    if drift > MAX_DRIFT:
        raise GateError(
            f"merging changed a logit by {drift:.2e}, more than {MAX_DRIFT:.0e}",
            "serve the adapter beside its base instead",
        )
    building = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    shutil.rmtree(building, ignore_errors=True)
    try:
        building.mkdir(parents=True)
        model.to(torch.bfloat16).save_pretrained(building)
        AutoTokenizer.from_pretrained(pack.path).save_pretrained(building)
        shutil.copy(pack.template, building / "chat_template.jinja")
        for path in building.iterdir():
            path.chmod(0o644)
        shutil.rmtree(target, ignore_errors=True)
        building.rename(target)
    except (OSError, SafetensorError) as error:
        raise cannot_write(target, error) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    files = list(target.iterdir())
    size = sum(p.stat().st_size for p in files)
    return ExportReport("merged", target, len(files), size, drift, f"vllm serve {target}")


def _logits(model: Any, pack: Pack) -> list[Any]:
    import torch

    with torch.no_grad():
        return [model(input_ids=torch.tensor([probe.token_ids])).logits[0, -1].float() for probe in pack.probes]


def _gguf(pack: Pack, base: Path, path: Path) -> int:
    from safetensors.torch import load_file

    config = json.loads((pack.path / "adapter_config.json").read_text(encoding="utf-8"))
    if config.get("use_dora"):
        raise IncompatibleInput("GGUF adapters know no DoRA", "nanodex export merged, and convert that")
    return write_adapter(path, load_file(pack.path / "adapter_model.safetensors"), config, read_config(base))


def _ollama(pack: Pack, base: Path, target: Path) -> ExportReport:
    from transformers import AutoTokenizer

    target.mkdir(parents=True, exist_ok=True)
    count = _gguf(pack, base, target / "adapter.gguf")
    text = modelfile(pack, AutoTokenizer.from_pretrained(pack.path), base)
    (target / "Modelfile").write_text(text, encoding="utf-8")
    size = sum(p.stat().st_size for p in target.iterdir())
    return ExportReport(
        "ollama", target, count, size, 0.0, f"cd {target} && ollama create {pack.project}-expert -f Modelfile"
    )
