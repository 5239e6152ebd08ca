"""Bases told apart by their files, described without loading them, and given a template they can stop by."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from trainings import small_base

from config.errors import IncompatibleInput, MissingInput
from trainer.fingerprint import fingerprint
from trainer.memory import trainable_parameters
from trainer.models import describe_base, load_tokenizer, resolve_base

SEVEN = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_base(tmp_path_factory.mktemp("models") / "tiny-base")


def changed(base: Path, to: Path, file: str, **values: Any) -> Path:
    """A copy of `base` with top-level values of one of its JSON files replaced."""
    shutil.copytree(base, to)
    data = json.loads((to / file).read_text())
    data.update(values)
    (to / file).write_text(json.dumps(data))
    return to


def test_a_resave_in_another_precision_keeps_shape_and_tokenizer(base: Path, tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32).save_pretrained(tmp_path / "same")
    AutoTokenizer.from_pretrained(base).save_pretrained(tmp_path / "same")
    AutoModelForCausalLM.from_pretrained(base, dtype=torch.bfloat16).save_pretrained(tmp_path / "half")
    AutoTokenizer.from_pretrained(base).save_pretrained(tmp_path / "half")
    original, same, half = (fingerprint(p) for p in (base, tmp_path / "same", tmp_path / "half"))
    assert same == original
    assert (half["shape"], half["tokenizer"]) == (original["shape"], original["tokenizer"])
    assert half["weights"] != original["weights"]


def test_a_model_of_the_same_shape_is_another_base(base: Path, tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(base)
    with torch.no_grad():
        model.model.norm.weight.add_(0.01)
    shutil.copytree(base, tmp_path / "tuned")
    model.save_pretrained(tmp_path / "tuned")
    assert fingerprint(tmp_path / "tuned")["weights"] != fingerprint(base)["weights"]


def test_the_embedded_base_is_the_same_every_time(base: Path, tmp_path: Path) -> None:
    again = small_base(tmp_path / "again")
    assert (again / "model.safetensors").read_bytes() == (base / "model.safetensors").read_bytes()
    assert fingerprint(again) == fingerprint(base)
    before = (again / "model.safetensors").stat().st_mtime_ns
    assert small_base(tmp_path / "again") == again
    assert (again / "model.safetensors").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("layers", "hidden", "kv", "inner", "expected"),
    [(24, 896, 128, 4864, 8_798_208), (28, 3584, 512, 18944, 40_370_176), (2, 128, 64, 256, 65_536)],
)
def test_trainable_parameters_of_known_shapes(layers: int, hidden: int, kv: int, inner: int, expected: int) -> None:
    shapes = {
        "q_proj": (hidden, hidden), "k_proj": (hidden, kv), "v_proj": (hidden, kv), "o_proj": (hidden, hidden),
        "gate_proj": (hidden, inner), "up_proj": (hidden, inner), "down_proj": (inner, hidden),
    }  # fmt: skip
    from trainer.models import Base

    linears = {name: (shape,) * layers for name, shape in shapes.items()}
    described = Base(Path(), "x", "", "Qwen2ForCausalLM", {}, 0, linears, (2,))
    assert trainable_parameters(described, SEVEN, 16) == expected


def test_a_base_is_described_from_its_files(base: Path) -> None:
    described = describe_base(base)
    assert (described.layers, described.hidden, described.head_dim, described.kv_dim) == (2, 64, 32, 64)
    assert set(described.linears) == set(SEVEN)
    assert described.licence == "apache-2.0"
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(base)
    assert described.parameters == sum(p.numel() for p in model.parameters())


def test_an_instruct_base_keeps_its_template(base: Path) -> None:
    tokenizer, template = load_tokenizer(describe_base(base))
    assert template.instruct
    assert template.stop_ids == (tokenizer.convert_tokens_to_ids("<|im_end|>"),)


def test_a_plain_base_answers_in_plain_text(base: Path, tmp_path: Path) -> None:
    """Its template closes a turn with a token that generation never stops at: ChatML on a pretrained-only Qwen."""
    end = json.loads((base / "config.json").read_text())["pad_token_id"]
    plain = changed(base, tmp_path / "plain", "generation_config.json", eos_token_id=end)
    changed_tokenizer = json.loads((plain / "tokenizer_config.json").read_text())
    changed_tokenizer["eos_token"] = "<|endoftext|>"
    (plain / "tokenizer_config.json").write_text(json.dumps(changed_tokenizer))
    tokenizer, template = load_tokenizer(describe_base(plain))
    assert not template.instruct
    assert "never trained to stop" in template.reason
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    assert tokenizer.apply_chat_template(turns, tokenize=False) == "Question: a\nAnswer: b<|endoftext|>"
    assert template.stop_ids == (tokenizer.eos_token_id,)


def test_a_base_without_template_or_pad_token(base: Path, tmp_path: Path) -> None:
    bare = changed(base, tmp_path / "bare", "tokenizer_config.json", pad_token=None)
    (bare / "chat_template.jinja").unlink()
    tokenizer, template = load_tokenizer(describe_base(bare))
    assert (template.instruct, tokenizer.pad_token) == (False, tokenizer.eos_token)
    assert "no chat template" in template.reason


def test_a_base_without_end_of_text_is_refused(base: Path, tmp_path: Path) -> None:
    endless = changed(base, tmp_path / "endless", "tokenizer_config.json", eos_token=None)
    with pytest.raises(IncompatibleInput, match="never stop"):
        load_tokenizer(describe_base(endless))


def test_what_is_no_base_is_named(base: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingInput, match="no base model was named"):
        resolve_base("")
    with pytest.raises(MissingInput, match=r"no base model at \./nowhere"):
        resolve_base("./nowhere")
    with pytest.raises(MissingInput, match=r"no config\.json"):
        resolve_base(str(tmp_path))
    weightless = tmp_path / "weightless"
    shutil.copytree(base, weightless)
    (weightless / "model.safetensors").unlink()
    with pytest.raises(MissingInput, match="no safetensors"):
        describe_base(weightless)
    broken = tmp_path / "broken"
    shutil.copytree(base, broken)
    (broken / "model.safetensors").write_bytes(b"not a header")
    with pytest.raises(IncompatibleInput, match="not a safetensors file"):
        describe_base(broken)
