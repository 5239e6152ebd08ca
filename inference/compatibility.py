"""Does this adapter fit this base, and can vLLM serve it? Adapter and Base go in, Checks come out; no torch, no server.

vLLM answers 200 to several broken adapters: misspelt keys are dropped in silence, another hidden size is applied as
garbage, another base is never compared. So every tensor's name and shape is held against the base's own headers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from config.errors import InputError
from inference.adapter import LORA_KEY, RETRAIN, Adapter, Base, Tensor
from inference.checks import Check, fail, ok, warn
from trainer.fingerprint import fingerprint
from trainer.pack import file_digest

# The sizes vLLM accepts for --max-lora-rank.
MAX_RANKS: Final = (1, 8, 16, 32, 64, 128, 256, 320, 512)
_OTHER_BASE: Final = "serve it on the base it was trained on (nanodex adapters show), or train it on this one"
_EXPONENT: Final = {
    "BF16": ("<u2", 0x7F80, 0x7FFF),
    "F16": ("<u2", 0x7C00, 0x7FFF),
    "F32": ("<u4", 0x7F800000, 0x7FFFFFFF),
}


def check_features(adapter: Adapter) -> list[Check]:
    """What peft can train and vLLM cannot serve."""
    config = adapter.raw
    init = str(adapter.config.init_lora_weights).lower()
    converted = "convert it: peft's save_pretrained(path_initial_model_for_weight_conversion=…) makes a plain LoRA of twice the rank"
    refused = [
        (bool(config.get("use_dora")), "use_dora", RETRAIN),
        (init.startswith("pissa"), f"init_lora_weights={init}", converted),
        (init.startswith(("olora", "corda", "loftq")), f"init_lora_weights={init}", converted),
        (adapter.config.bias not in ("none", None), f"bias={adapter.config.bias}", RETRAIN),
        *(
            (bool(config.get(key)), key, RETRAIN)
            for key in (
                "modules_to_save",
                "trainable_token_indices",
                "lora_bias",
                "layer_replication",
                "use_qalora",
                "use_bdlora",
                "alora_invocation_tokens",
            )
        ),
    ]
    checks = [fail("features", f"vLLM cannot serve {what}", fix) for wrong, what, fix in refused if wrong]
    modules = adapter.modules()
    embedding = sorted({module.rpartition(".")[2] for module in modules} & {"embed_tokens", "lm_head", "wte", "wpe"})
    strange = sorted(key for key in adapter.tensors if not LORA_KEY.fullmatch(key))
    if any("lora_embedding" in key for key in strange) and not embedding:
        embedding = ["embed_tokens"]
    if embedding:
        checks.append(fail("features", f"vLLM cannot serve LoRA on {' and '.join(embedding)}", RETRAIN))
    if strange:
        more = f" and {len(strange) - 1} more" if len(strange) > 1 else ""
        checks.append(fail("features", f"{strange[0]}{more} is not a LoRA weight vLLM knows", RETRAIN))
    if adapter.pack and not adapter.pack.serveable:
        reasons = "; ".join(adapter.pack.unserveable_reasons) or "its training said so"
        checks.append(fail("features", f"this pack is marked unserveable: {reasons}", RETRAIN))
    return checks or [ok("features", "plain LoRA" + (", rsLoRA scaling" if adapter.config.use_rslora else ""))]


def max_lora_rank(adapter: Adapter) -> int | None:
    """The smallest --max-lora-rank that holds the adapter, None when vLLM has none so large: buffers are allocated in full."""
    return next((size for size in MAX_RANKS if size >= adapter.max_rank), None)


def check_rank(adapter: Adapter) -> list[Check]:
    size = max_lora_rank(adapter)
    if adapter.max_rank < 1:
        return [fail("rank", "adapter_config.json names no rank", RETRAIN)]
    if size is None:
        return [fail("rank", f"rank {adapter.max_rank} is above vLLM's largest, {MAX_RANKS[-1]}", RETRAIN)]
    return [ok("rank", f"rank {adapter.max_rank}: served with --max-lora-rank {size}")]


def check_values(adapter: Adapter) -> list[Check]:
    """Every number finite, and some lora_B above zero: an adapter of zeros is the base."""
    import numpy

    moved = False
    for key, tensor in sorted(adapter.tensors.items()):
        if tensor.dtype not in _EXPONENT:
            return [fail("values", f"{key} is {tensor.dtype}; vLLM takes bf16, f16 and f32 adapters", RETRAIN)]
        kind, exponent, magnitude = _EXPONENT[tensor.dtype]
        count = (tensor.end - tensor.begin) // numpy.dtype(kind).itemsize
        bits = numpy.fromfile(tensor.file, dtype=kind, count=count, offset=tensor.begin)
        if bits.size != count:
            return [fail("values", f"{tensor.file.name} ends before {key} does", "copy the adapter again")]
        if bool(((bits & exponent) == exponent).any()):
            return [fail("values", f"{key} holds NaN or infinity", "train again with a lower learning_rate")]
        moved = moved or ("lora_B" in key and bool((bits & magnitude).any()))
    if not moved:
        return [fail("values", "every lora_B is zero: this adapter changes nothing", "train it for more steps")]
    return [ok("values", "finite, and not all zero")]


def check_tensors(adapter: Adapter, base: Base) -> list[Check]:
    """Each LoRA pair names a module of the base and has its shape and its rank."""
    modules = adapter.modules()
    if not modules:
        return [fail("modules", "the adapter holds no lora_A/lora_B weights", RETRAIN)]
    known = base_modules(base)
    missing = [module for module in modules if module not in known]
    if missing:
        return [_unknown_module(missing, known, base)]
    wrong = list(_wrong_shapes(adapter, modules, known))
    if wrong:
        return [
            ok("modules", f"{len(modules)} modules, all in the base"),
            fail("shapes", wrong[0] + (f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""), _OTHER_BASE),
        ]
    return [ok("modules", f"{len(modules)} modules, all in the base"), ok("shapes", "every pair fits its module")]


def base_modules(base: Base) -> dict[str, tuple[int, int] | None]:
    """Module name -> (in, out) features; None where a quantised base does not say."""
    found: dict[str, tuple[int, int] | None] = {}
    for name, tensor in sorted(base.tensors.items()):
        module, _, leaf = name.rpartition(".")
        plain = leaf == "weight" and len(tensor.shape) == 2 and tensor.dtype not in ("U8", "I8", "I32")
        if plain:
            found[module] = (tensor.shape[1], tensor.shape[0])
        else:
            found.setdefault(module, None)
    return found


def _unknown_module(missing: list[str], known: Mapping[str, object], base: Base) -> Check:
    tail = re.sub(r"^.*?(layers\.\d+\.|h\.\d+\.)", r"\1", missing[0])
    near = next((module for module in known if module.endswith(tail)), "")
    shown = f"the adapter names {missing[0]}, the base {near or 'has no such module'}"
    reason = f"{len(missing)} modules are not in the base: {shown}"
    if near and base.multimodal:
        # A multimodal checkpoint stores other prefixes than the loaded model has, and the server maps them.
        return warn("modules", f"{reason} (a multimodal base renames its modules)", "the probe after start decides")
    fix = (
        f"rename the adapter's keys to {near.removesuffix(tail) or 'no'} prefix, or train it again"
        if near
        else _OTHER_BASE
    )
    return fail("modules", f"{reason}; vLLM would ignore them in silence", fix)


def _wrong_shapes(
    adapter: Adapter, modules: Mapping[str, Mapping[str, Tensor]], known: Mapping[str, tuple[int, int] | None]
) -> Iterator[str]:
    for module, pair in modules.items():
        if sorted(pair) != ["A", "B"]:
            yield f"{module} has lora_{next(iter(pair))} only"
            continue
        if any(len(tensor.shape) != 2 for tensor in pair.values()):
            yield f"{module} has weights that are no matrices"
            continue
        rank, size = adapter.rank_of(module), known[module]
        ranks = pair["A"].shape[0], pair["B"].shape[1]
        if ranks != (rank, rank):
            yield f"{module} has ranks {ranks[0]} and {ranks[1]}, its configuration says {rank}"
        if size is None:
            continue
        have = (pair["A"].shape[1], pair["B"].shape[0])
        want = (size[1], size[0]) if adapter.config.fan_in_fan_out else size
        if have != want:
            yield f"{module} maps {have[0]} to {have[1]} features, the base's {want[0]} to {want[1]}"


def check_fingerprint(adapter: Adapter, base: Base) -> list[Check]:
    """The base is the one the pack was trained on. Only the weights' hash may differ, and that is said aloud."""
    recorded = adapter.pack.base.fingerprint if adapter.pack else {}
    if not recorded:
        named = Path(adapter.config.base_model_name_or_path or "").name
        if not named or named in (base.path.name, _hub_name(base.path)):
            return []
        return [
            warn("fingerprint", f"adapter_config.json names the base {named}, this is {base.path.name}", _OTHER_BASE)
        ]
    try:
        actual = fingerprint(base.path)
    except InputError as error:
        return [fail("fingerprint", error.message, error.hint)]
    trained = adapter.pack.base.id if adapter.pack else ""
    parts = [part for part in ("shape", "tokenizer") if recorded.get(part) != actual[part]]
    if parts:
        return [
            fail(
                "fingerprint",
                f"trained on {trained}, whose {' and '.join(parts)} differs from {base.path.name}'s",
                _OTHER_BASE,
            )
        ]
    if recorded.get("weights") != actual["weights"]:
        reason = f"{base.path.name} has the shape and tokenizer of {trained} but other weights"
        if base.quantization:
            return [warn("fingerprint", f"{reason} ({base.quantization})", "run nanodex eval against this server")]
        return [fail("fingerprint", reason, _OTHER_BASE)]
    return [ok("fingerprint", f"the base it was trained on, {trained}")]


def _hub_name(folder: Path) -> str:
    """`Qwen2.5-7B-Instruct` of a hub cache's `models--Qwen--Qwen2.5-7B-Instruct/snapshots/<revision>`."""
    return folder.parents[1].name.rpartition("--")[2] if folder.parent.name == "snapshots" else ""


def check_template(adapter: Adapter) -> list[Check]:
    """The chat template the server will be given is the one the adapter was trained with."""
    if adapter.pack is None:
        return []
    template = adapter.pack.template
    if not template.is_file():
        return [fail("template", "the pack has no chat_template.jinja", "train it again with nanodex train")]
    if file_digest(template) != adapter.pack.template_sha256:
        return [
            fail(
                "template",
                "chat_template.jinja is not the one of the training",
                "restore the pack; packs are immutable",
            )
        ]
    return [ok("template", "the one of the training")]


def check_tokenizer(adapter: Adapter, base: Base) -> list[Check]:
    """vLLM uses the base's tokenizer for every adapter, so the pack's must be the same, and every id needs an embedding row."""
    mine, theirs = adapter.vocabulary, base.vocabulary
    if theirs is None:
        return [
            warn(
                "tokenizer",
                f"{base.path.name} has no tokenizer.json to compare",
                "the probe after start compares token ids",
            )
        ]
    checks = []
    if mine is not None and mine != theirs:
        token = min(token for token in mine.keys() | theirs.keys() if mine.get(token) != theirs.get(token))
        shown = f"{token!r} is {mine.get(token, 'absent')} in the pack and {theirs.get(token, 'absent')} in the base"
        checks.append(fail("tokenizer", f"the pack's vocabulary is not the base's: {shown}", _OTHER_BASE))
    rows = embedding_rows(base)
    if rows and max(theirs.values(), default=0) >= rows:
        reason = f"token id {max(theirs.values())} has no embedding row, there are {rows}"
        checks.append(fail("tokenizer", reason, "fetch the base model again: its tokenizer and weights do not match"))
    return checks or [
        ok("tokenizer", f"{len(theirs)} tokens, the same in pack and base" if mine else f"{len(theirs)} tokens")
    ]


def embedding_rows(base: Base) -> int:
    """Rows of the input embedding, 0 when no tensor looks like one."""
    ends = ("embed_tokens.weight", "wte.weight", "word_embeddings.weight", "embed_in.weight")
    shapes = (tensor.shape for name, tensor in sorted(base.tensors.items()) if name.endswith(ends))
    return next((shape[0] for shape in shapes if shape), 0)


def check_stop_ids(adapter: Adapter, base: Base) -> list[Check]:
    """vLLM stops at the base's end-of-sequence ids and never reads the pack's."""
    wanted = set(adapter.pack.stop_ids) if adapter.pack else set()
    if not adapter.pack:
        return []
    if not wanted:
        return [
            fail(
                "stop", "the pack names no stop token: its answers would never end", "train it again with nanodex train"
            )
        ]
    if wanted & base.stop_ids:
        return [ok("stop", f"answers end at token {min(wanted & base.stop_ids)}")]
    reason = f"answers end at token {min(wanted)}, the base stops at {sorted(base.stop_ids) or 'nothing'}"
    fix = f"clients must send stop_token_ids {sorted(wanted)}, as nanodex query does"
    return [warn("stop", reason, fix)]


def check_probe_tokens(adapter: Adapter, base: Base) -> list[Check]:
    """The recorded prompts become the recorded ids under the base's tokenizer, where the tokenizers library is installed."""
    probes = adapter.pack.probes if adapter.pack else ()
    source = base.path / "tokenizer.json"
    try:
        from tokenizers import Tokenizer
    except ImportError:
        return []
    if not probes or not source.is_file():
        return []
    try:
        tokenizer = Tokenizer.from_file(str(source))
        found = [tuple(tokenizer.encode(probe.prompt, add_special_tokens=False).ids) for probe in probes]
    except Exception as error:  # noqa: BLE001 - the library raises nothing more precise
        return [fail("probe tokens", f"{source.name} of the base does not work: {error}", "fetch the base model again")]
    for probe, ids in zip(probes, found, strict=True):
        if ids != probe.token_ids:
            shown = f"{probe.prompt[-60:]!r} becomes other token ids than in training"
            return [fail("probe tokens", shown, _OTHER_BASE)]
    return [ok("probe tokens", f"{len(probes)} prompts become the recorded ids")]


def check_architecture(base: Base, lora: str) -> list[Check]:
    """`lora` is what the installed vLLM says of this architecture: yes, no, unknown (not in its list) or "" (not asked)."""
    checks = []
    if base.quantization in ("bitsandbytes", "gguf"):
        reason = f"the base is stored as {base.quantization}, which vLLM no longer reads"
        checks.append(fail("architecture", reason, "serve the adapter on the 16-bit base it was quantised from"))
    if lora == "no":
        checks.append(
            fail(
                "architecture",
                f"vLLM has no LoRA support for {base.architecture}",
                "nanodex export merged, and serve that",
            )
        )
    elif lora == "unknown":
        checks.append(
            warn(
                "architecture",
                f"vLLM does not list {base.architecture}",
                "choose a base that vLLM lists, or a newer vLLM",
            )
        )
    return checks or [ok("architecture", base.architecture + (" takes LoRA" if lora == "yes" else ""))]
