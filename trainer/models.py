"""The base model: found on disk or on the hub, described without torch, loaded in the precision asked for.

A tokenizer comes with the chat template that training, probes and server share: the base's own when its end of turn is
trained, else a plain one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from config.errors import IncompatibleInput, MissingInput
from trainer.fingerprint import read_config, read_header, weight_files

# For a base without a trained end of turn: its own end of text closes the answer, so every server knows where to stop.
PLAIN_TEMPLATE: Final = (
    "{%- for m in messages %}"
    "{%- if m['role'] == 'assistant' %}{{- 'Answer: ' + m['content'] + eos_token }}"
    "{%- elif m['role'] == 'user' %}{{- 'Question: ' + m['content'] + '\\n' }}"
    "{%- else %}{{- m['content'] + '\\n\\n' }}{%- endif %}"
    "{%- endfor %}{%- if add_generation_prompt %}{{- 'Answer:' }}{%- endif %}"
)


@dataclass(frozen=True, slots=True)
class Base:
    """A base on disk. `linears` maps a module suffix (`q_proj`) to (in, out) of each layer's; `parameters` counts all tensors."""

    path: Path
    id: str
    revision: str
    architecture: str
    config: dict[str, Any]
    parameters: int
    linears: dict[str, tuple[tuple[int, int], ...]]
    stop_ids: tuple[int, ...]
    licence: str = ""

    @property
    def layers(self) -> int:
        return int(self.config["num_hidden_layers"])

    @property
    def hidden(self) -> int:
        return int(self.config["hidden_size"])

    @property
    def heads(self) -> int:
        return int(self.config["num_attention_heads"])

    @property
    def head_dim(self) -> int:
        return int(self.config.get("head_dim") or self.hidden // self.heads)

    @property
    def kv_dim(self) -> int:
        return self.head_dim * int(self.config.get("num_key_value_heads") or self.heads)

    @property
    def intermediate(self) -> int:
        return int(self.config.get("intermediate_size") or 4 * self.hidden)

    @property
    def context(self) -> int:
        return int(self.config.get("max_position_embeddings") or 2048)


def resolve_base(base: str) -> tuple[Path, str]:
    """(folder, revision) of a local folder or a hub id. Raises MissingInput when neither leads to a model."""
    if not base:
        raise MissingInput(
            "no base model was named", "give --base a model's folder or a hub id, or run nanodex train tiny"
        )
    local = Path(base).expanduser()
    if local.exists():
        read_config(local)
        return local, ""
    if base.startswith((".", "/", "~")) or base.count("/") != 1:
        raise MissingInput(
            f"there is no base model at {base}", "give --base a model's folder, or a hub id as owner/name"
        )
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    wanted = ["*.safetensors", "*.json", "*.model", "*.txt", "*.jinja", "README.md", "LICENSE*"]
    try:
        folder = Path(huggingface_hub.snapshot_download(base, allow_patterns=wanted))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise MissingInput(
            f"cannot fetch {base} from the hub, and it is not in the local cache",
            "check the name and the network, or give --base a folder that holds the model",
        ) from error
    return folder, folder.name


def describe_base(path: Path, base_id: str = "", revision: str = "") -> Base:
    """What planning needs to know about a base, from its files alone: no weights are loaded."""
    config = read_config(path)
    files = weight_files(path)
    if not files:
        raise MissingInput(f"{path} holds no safetensors weights", "save the base with save_pretrained()")
    parameters = 0
    linears: dict[str, list[tuple[int, int]]] = {}
    for file in files:
        header = read_header(file)
        del header[""]
        for name, tensor in sorted(header.items()):
            count = 1
            for size in tensor["shape"]:
                count *= size
            parameters += count
            outer = "embed_tokens" in name or "lm_head" in name or name.endswith("wte.weight")
            if not outer and len(tensor["shape"]) == 2 and name.endswith(".weight"):
                rows, columns = tensor["shape"]
                linears.setdefault(name.split(".")[-2], []).append((columns, rows))
    needed = ("num_hidden_layers", "hidden_size", "num_attention_heads")
    missing = [key for key in needed if key not in config]
    if missing:
        raise IncompatibleInput(
            f"{path}/config.json lacks {', '.join(missing)}", "give a decoder-only language model as --base"
        )
    return Base(
        path=path,
        id=base_id or path.resolve().name,
        revision=revision,
        architecture=(config.get("architectures") or [config["model_type"]])[0],
        config=config,
        parameters=parameters,
        linears={name: tuple(shapes) for name, shapes in sorted(linears.items())},
        stop_ids=_stop_ids(path, config),
        licence=_licence(path),
    )


@dataclass(frozen=True, slots=True)
class Template:
    """Which template a tokenizer was given, and why; `instruct` when it is the base's own."""

    instruct: bool
    reason: str
    stop_ids: tuple[int, ...]


def load_tokenizer(base: Base) -> tuple[Any, Template]:
    """The base's tokenizer with a chat template whose stop token the base, and so every server, knows.

    A base is instruct when its template closes an assistant turn with an id of generation_config.eos_token_id; else it is
    plain, and gets a text template that ends in its own end of text.
    """
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(base.path)
    except (OSError, ValueError) as error:
        raise IncompatibleInput(
            f"{base.path} has no readable tokenizer: {error}", "fetch the base model again"
        ) from error
    if tokenizer.eos_token_id is None:
        raise IncompatibleInput(
            f"the tokenizer of {base.id} has no end-of-text token: answers would never stop",
            "set eos_token in the base's tokenizer_config.json, or choose another base",
        )
    if tokenizer.pad_token_id is None:
        # Labels are masked by position, so padding with the end of text cannot be learnt.
        tokenizer.pad_token = tokenizer.eos_token
    stops = base.stop_ids or (tokenizer.eos_token_id,)
    if tokenizer.chat_template:
        ids = _turn_end(tokenizer)
        trained = [i for i in ids if i in stops]
        if trained:
            return tokenizer, Template(
                True, "its template ends a turn with a token it was trained to stop at", tuple(stops)
            )
        reason = "its template ends a turn with a token it was never trained to stop at"
    else:
        reason = "it has no chat template"
    tokenizer.chat_template = PLAIN_TEMPLATE
    return tokenizer, Template(
        False, f"plain base ({reason}): answers end in {tokenizer.eos_token}", (tokenizer.eos_token_id,)
    )


def load_base(
    path: Path, bits: int = 16, compute_dtype: str = "bfloat16", device: str = "cpu", *, spread: bool = False
) -> Any:
    """The model in eval-ready form: fp32 on a CPU, bf16 on a GPU, nf4 with double quantisation at 4 bits, int8 at 8.

    With `spread` it is laid over all GPUs of this machine, for a base that one alone may not hold.
    """
    import torch
    from transformers import AutoModelForCausalLM

    # Weights in another form are pickles, which run what they hold.
    options: dict[str, Any] = {"dtype": torch.float32 if device == "cpu" else torch.bfloat16, "use_safetensors": True}
    if spread and device != "cpu":
        options["device_map"] = "auto"
    if bits != 16:
        from transformers import BitsAndBytesConfig

        options.setdefault("device_map", {"": device if device == "cpu" else torch.cuda.current_device()})
        options["quantization_config"] = (
            BitsAndBytesConfig(load_in_8bit=True)
            if bits == 8
            else BitsAndBytesConfig(
                load_in_4bit=True,
                bnb_4bit_quant_type="nf4",
                bnb_4bit_use_double_quant=True,
                bnb_4bit_compute_dtype=getattr(torch, compute_dtype),
            )
        )
    try:
        return AutoModelForCausalLM.from_pretrained(path, **options)
    except (OSError, ValueError) as error:
        raise IncompatibleInput(
            f"{path} cannot be loaded as a language model: {error}", "give --base another model"
        ) from error


def _turn_end(tokenizer: Any) -> list[int]:
    """Ids that follow the content of an assistant turn."""
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    text = tokenizer.apply_chat_template(turns, tokenize=False)
    return [int(i) for i in tokenizer(text[text.rindex("b") + 1 :], add_special_tokens=False)["input_ids"]]


def _stop_ids(path: Path, config: dict[str, Any]) -> tuple[int, ...]:
    values: Any = config.get("eos_token_id")
    generation = path / "generation_config.json"
    if generation.is_file():
        values = json.loads(generation.read_text(encoding="utf-8")).get("eos_token_id", values)
    return tuple(sorted(values)) if isinstance(values, list) else () if values is None else (int(values),)


def _licence(path: Path) -> str:
    """The licence a model card states in its front matter, "" when it states none."""
    card = path / "README.md"
    if not card.is_file():
        return ""
    head = card.read_text(encoding="utf-8", errors="replace").split("---")
    lines = head[1].splitlines() if len(head) > 2 else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("license:")), "")
