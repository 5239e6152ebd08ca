"""Exports of a real adapter, and the commands that list, show and compare packs."""

from __future__ import annotations

import copy
import json
import struct
from pathlib import Path
from typing import Any

import pytest
from trainings import QUIET, invented_rows, small_base, small_settings, write_rows

from config.errors import IncompatibleInput, MissingInput, NothingFound
from trainer.adapters import diff_adapters, list_adapters, show_adapter
from trainer.export import go_template, run_export
from trainer.gguf import effective_alpha, write_adapter
from trainer.models import PLAIN_TEMPLATE
from trainer.pack import Pack
from trainer.train import run


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """models/ with a base and two versions of an adapter."""
    folder = tmp_path_factory.mktemp("exports")
    root = folder / "models"
    small_base(root / "tiny-base")
    for rows in (6, 8):
        write_rows(folder, invented_rows(rows))
        settings = small_settings(root / "tiny-base", folder / "train.jsonl", root / "shop-nanodex-lora", max_steps=3)
        run(settings, QUIET, "lora")
    return root


@pytest.fixture(scope="module")
def pack(models: Path) -> Pack:
    return show_adapter("shop-nanodex-lora", models).pack


def read_gguf(path: Path) -> tuple[dict[str, Any], dict[str, tuple[tuple[int, ...], bytes]]]:
    """Metadata and tensors of a GGUF file, read by the letter of the specification."""
    data = path.read_bytes()
    place = 0

    def take(form: str) -> Any:
        nonlocal place
        values = struct.unpack_from("<" + form, data, place)
        place += struct.calcsize("<" + form)
        return values[0]

    def text() -> str:
        nonlocal place
        length = take("Q")
        place += length
        return data[place - length : place].decode()

    assert data[:4] == b"GGUF"
    place = 4
    assert take("I") == 3
    tensors, pairs = take("Q"), take("Q")
    metadata: dict[str, Any] = {}
    for _ in range(pairs):
        key, kind = text(), take("I")
        metadata[key] = text() if kind == 8 else take({4: "I", 6: "f"}[kind])
    infos = []
    for _ in range(tensors):
        name, count = text(), take("I")
        shape = tuple(take("Q") for _ in range(count))
        assert take("I") == 1
        infos.append((name, shape, take("Q")))
    start = -(-place // 32) * 32
    found = {}
    for name, shape, offset in infos:
        assert offset % 32 == 0
        found[name] = (shape, data[start + offset : start + offset + 2 * shape[0] * shape[1]])
    return metadata, found


def test_a_merged_model_answers_as_base_and_adapter_do(models: Path, pack: Pack, tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    report = run_export(pack.path, "merged", QUIET, tmp_path / "merged")
    assert 0 <= report.drift < 1e-3
    merged = AutoModelForCausalLM.from_pretrained(report.path, dtype=torch.float32).eval()
    for probe in pack.probes[:3]:
        with torch.no_grad():
            logits = merged(input_ids=torch.tensor([probe.token_ids])).logits[0, -1]
        token, value = probe.adapter[0]
        # Stored in bf16: three digits are what it keeps.
        assert torch.log_softmax(logits, -1)[token].item() == pytest.approx(value, abs=0.05)
    assert (report.path / "chat_template.jinja").read_text() == pack.template.read_text()


def test_a_gguf_adapter_holds_every_tensor_and_the_alpha(models: Path, pack: Pack, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    report = run_export(pack.path, "gguf", QUIET, tmp_path / "adapter.gguf")
    metadata, tensors = read_gguf(report.path)
    assert metadata["general.architecture"] == "qwen2"
    assert (metadata["general.type"], metadata["adapter.type"]) == ("adapter", "lora")
    assert metadata["adapter.lora.alpha"] == 16.0
    source = load_file(pack.path / "adapter_model.safetensors")
    assert len(tensors) == len(source) == report.tensors
    shape, data = tensors["blk.0.ffn_down.weight.lora_b"]
    original = source["base_model.model.model.layers.0.mlp.down_proj.lora_B.weight"]
    assert shape == tuple(reversed(original.shape))
    assert torch.equal(torch.frombuffer(bytearray(data), dtype=torch.float16).reshape(original.shape), original.half())


def test_the_alpha_gives_the_scale_of_training() -> None:
    assert effective_alpha({"lora_alpha": 32, "r": 16}) == 32
    assert effective_alpha({"lora_alpha": 32, "r": 16, "use_rslora": True}) == 128
    with pytest.raises(IncompatibleInput, match="alpha"):
        effective_alpha({"lora_alpha": 32, "r": 16, "alpha_pattern": {"q_proj": 8}})


def test_llama_queries_are_laid_out_for_neighbouring_pairs(tmp_path: Path) -> None:
    import torch

    base = {"architectures": ["LlamaForCausalLM"], "num_attention_heads": 2, "num_key_value_heads": 1}
    values = torch.arange(8.0).reshape(8, 1)
    key = "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight"
    write_adapter(tmp_path / "a.gguf", {key: values}, {"lora_alpha": 1, "r": 1}, base)
    _, tensors = read_gguf(tmp_path / "a.gguf")
    order = torch.frombuffer(bytearray(tensors["blk.0.attn_q.weight.lora_b"][1]), dtype=torch.float16)
    assert order.tolist() == [0, 2, 1, 3, 4, 6, 5, 7]
    with pytest.raises(IncompatibleInput, match="Falcon"):
        write_adapter(tmp_path / "b.gguf", {}, {"lora_alpha": 1, "r": 1}, {"architectures": ["FalconForCausalLM"]})


def test_ollama_asks_with_the_template_of_training(models: Path, pack: Pack, tmp_path: Path) -> None:
    report = run_export(pack.path, "ollama", QUIET, tmp_path / "ollama")
    text = (report.path / "Modelfile").read_text()
    assert "ADAPTER ./adapter.gguf" in text
    assert 'PARAMETER stop "<|im_end|>"' in text
    assert "<|im_start|>user\n{{ .Prompt }}<|im_end|>\n<|im_start|>assistant\n{{ .Response }}" in text
    assert "{{ if .System }}<|im_start|>system\n{{ .System }}<|im_end|>" in text
    assert (report.path / "adapter.gguf").is_file()


def test_a_plain_template_becomes_a_plain_modelfile(pack: Pack) -> None:
    from transformers import AutoTokenizer

    tokenizer = copy.deepcopy(AutoTokenizer.from_pretrained(pack.path))
    tokenizer.chat_template = PLAIN_TEMPLATE
    expected = "{{ if .System }}{{ .System }}\n\n{{ end }}Question: {{ .Prompt }}\nAnswer:{{ .Response }}"
    assert go_template(tokenizer) == expected


def test_another_base_is_refused(models: Path, pack: Pack, tmp_path: Path) -> None:
    from dataclasses import replace

    from trainings import SMALL

    from trainer.tiny import make

    other = make(tmp_path / "other", QUIET, replace(SMALL, seed=5))
    with pytest.raises(IncompatibleInput, match="not the base"):
        run_export(pack.path, "gguf", QUIET, base=str(other))
    with pytest.raises(MissingInput, match="no adapter"):
        run_export(models / "nothing", "gguf", QUIET)


def test_packs_are_listed_shown_and_compared(models: Path) -> None:
    listed = list_adapters(models)
    assert [p.version for p in listed.packs] == [1, 2]
    marks = [line[0] for line in listed.lines()[:2]]
    assert marks == [" ", "*"]
    assert [entry["in_use"] for entry in listed.as_json()["adapters"]] == [False, True]
    shown = show_adapter(root=models)
    assert shown.pack.version == 2
    assert any("facts about" in line for line in shown.lines())
    difference = diff_adapters("shop-nanodex-lora.v1", root=models)
    assert (difference.old.version, difference.new.version) == (1, 2)
    assert difference.learnt
    assert not difference.lost
    assert "dataset_sha256" in {key for key, _, _ in difference.changes}
    json.dumps([listed.as_json(), shown.as_json(), difference.as_json()])


def test_an_unknown_adapter_is_answered_with_the_known(models: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingInput) as caught:
        show_adapter("nobody", models)
    assert "shop-nanodex-lora.v1, shop-nanodex-lora.v2" in caught.value.hint
    with pytest.raises(NothingFound):
        list_adapters(tmp_path)
