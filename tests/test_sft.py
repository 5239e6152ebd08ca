"""Training for real on a base of a few thousand parameters: what moves, what stays, what is written, what is refused."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from trainings import QUIET, invented_rows, small_base, small_settings, write_rows

from config.errors import IncompatibleInput, MissingInput, StorageError, UsageError
from config.settings import TrainSettings
from dataset.example import write_examples
from trainer.fingerprint import fingerprint
from trainer.pack import adapters, read_pack, work_folder
from trainer.report import TrainReport
from trainer.train import run


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a base and a dataset; every test trains into a folder of its own."""
    folder = tmp_path_factory.mktemp("shop")
    small_base(folder / "models" / "tiny-base")
    write_rows(folder, invented_rows())
    return folder


def settings_for(shop: Path, target: Path, **changes: object) -> TrainSettings:
    return small_settings(shop / "models" / "tiny-base", shop / "train.jsonl", target, **changes)


def train(shop: Path, target: Path, **changes: object) -> TrainReport:
    return run(settings_for(shop, target, **changes), QUIET, "lora")


@pytest.fixture(scope="module")
def trained(shop: Path) -> TrainReport:
    return train(shop, shop / "models" / "shop-nanodex-lora", fresh_fakes="true")


def test_a_training_leaves_a_complete_pack(shop: Path, trained: TrainReport) -> None:
    pack = trained.pack
    assert pack is not None
    assert (pack.name, pack.project, pack.commit, pack.rank) == ("shop-nanodex-lora.v1", "shop", "0" * 40, 8)
    assert {p.name for p in pack.path.iterdir()} >= {
        "adapter_model.safetensors", "adapter_config.json", "tokenizer.json", "chat_template.jinja", "README.md"
    }  # fmt: skip
    assert pack.base.fingerprint == fingerprint(shop / "models" / "tiny-base")
    base = pack.base_path()
    assert base is not None
    assert base.resolve() == (shop / "models" / "tiny-base").resolve()
    assert len(pack.probes) == 8
    assert all(probe.base != probe.adapter for probe in pack.probes)
    text = "".join(p.read_text() for p in pack.path.iterdir() if p.suffix in (".json", ".md", ".jinja"))
    assert str(shop) not in text


def test_it_measures_recall_with_the_adapter_and_without(trained: TrainReport) -> None:
    recall = trained.recall
    assert recall is not None
    assert 0 < recall["rows"] <= 24
    assert 0 <= recall["base"] <= 1
    assert any("without" in line for line in trained.lines())


def test_it_logs_to_tensorboard_json_and_a_picture(shop: Path, trained: TrainReport) -> None:
    assert trained.pack is not None
    work = work_folder(shop / "models" / "shop-nanodex-lora")
    rows = [json.loads(line) for line in (work / "log.jsonl").read_text().splitlines()]
    assert {"step", "seconds", "tokens_per_second"} <= rows[0].keys()
    assert [row["step"] for row in rows if "eval_loss" in row] == [3, 6]
    assert (work / "loss.svg").read_text().startswith("<svg")
    assert list((work / "tensorboard").glob("events.*"))
    plan = json.loads((work / "plan.json").read_text())
    assert (plan["steps"], plan["rows"]["endless"]) == (6, 0)
    assert not (work / "checkpoints").exists()


def test_the_base_on_disk_did_not_change(shop: Path, trained: TrainReport) -> None:
    assert trained.pack is not None
    assert trained.pack.base.fingerprint == fingerprint(shop / "models" / "tiny-base")


def test_a_second_run_has_nothing_to_do(shop: Path, trained: TrainReport) -> None:
    again = train(shop, shop / "models" / "shop-nanodex-lora", fresh_fakes="true")
    assert again.pack == trained.pack
    assert again.steps == 0
    assert again.lines()[0].startswith("train: nothing to do")


def test_the_adapter_written_is_the_adapter_probed(trained: TrainReport) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    assert trained.pack is not None
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(trained.pack.base_path()), trained.pack.path)
    for probe in trained.pack.probes[:2]:
        with torch.no_grad():
            logits = model.eval()(input_ids=torch.tensor([probe.token_ids])).logits[0, -1]
        token, expected = probe.adapter[0]
        assert torch.log_softmax(logits, -1)[token].item() == pytest.approx(expected, abs=1e-4)


def test_two_runs_are_the_same_to_the_byte(shop: Path, tmp_path: Path) -> None:
    packs = [train(shop, tmp_path / name / "shop-nanodex-lora", max_steps=3).pack for name in ("one", "two")]
    assert len({p.adapter_sha256 for p in packs if p is not None}) == 1
    assert len({(p.path / "nanodex.json").read_text() for p in packs if p is not None}) == 1


def test_ctrl_c_keeps_a_checkpoint_and_the_next_run_goes_on(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import signal

    from trainer import stream

    target = tmp_path / "shop-nanodex-lora"
    asked = stream.Stream.row
    served = []

    def row(self: stream.Stream, position: int) -> dict[str, list[int]]:
        served.append(position)
        if len(served) == 14:
            os.kill(os.getpid(), signal.SIGINT)
        return asked(self, position)

    monkeypatch.setattr(stream.Stream, "row", row)
    with pytest.raises(KeyboardInterrupt):
        train(shop, target)
    assert not target.exists()
    saved = sorted(p.name for p in (work_folder(target) / "checkpoints").iterdir())
    assert saved
    monkeypatch.setattr(stream.Stream, "row", asked)
    report = train(shop, target)
    assert report.plan is not None
    assert report.plan.action.startswith("going on from checkpoint-")
    straight = train(shop, tmp_path / "other" / "shop-nanodex-lora")
    assert report.pack is not None
    assert straight.pack is not None
    assert report.pack.adapter_sha256 == straight.pack.adapter_sha256


def test_changed_settings_start_anew(shop: Path, tmp_path: Path) -> None:
    target = tmp_path / "shop-nanodex-lora"
    first = train(shop, target, max_steps=3)
    second = train(shop, target, max_steps=4)
    assert first.pack is not None
    assert second.pack is not None
    assert [p.version for p in adapters(tmp_path)] == [1, 2]
    assert second.pack.adapter_sha256 != first.pack.adapter_sha256


def test_qlora_says_what_it_does_not_do(shop: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="bits is 16"):
        run(settings_for(shop, tmp_path / "shop-nanodex-lora", bits=16), QUIET, "qlora")


def test_qlora_trains_on_nf4_on_a_cpu(shop: Path, tmp_path: Path) -> None:
    report = run(settings_for(shop, tmp_path / "shop-nanodex-lora", max_steps=3, bits=4), QUIET, "qlora")
    assert report.pack is not None
    assert (report.pack.method, report.pack.settings["bits"]) == ("qlora", 4)
    assert report.steps == 3


def test_a_dry_run_writes_nothing(shop: Path, tmp_path: Path) -> None:
    report = run(settings_for(shop, tmp_path / "shop-nanodex-lora"), QUIET, "lora", dry_run=True)
    text = "\n".join(report.lines())
    assert not list(tmp_path.iterdir())
    for expected in ("plan: lora", "device", "micro-batch", "trainable", "memory", "steps", "⟦", "<|im_end|>⟧"):
        assert expected in text
    assert report.as_json()["plan"]["refusals"] == []


def test_refresh_learns_what_is_new_and_names_its_parent(shop: Path, tmp_path: Path) -> None:
    rows = invented_rows(30)
    half = {name: found[: len(found) // 2] for name, found in rows.items()}
    write_rows(tmp_path, half)
    shutil.copytree(shop / "models", tmp_path / "models")
    target = tmp_path / "models" / "x-nanodex-lora"
    settings = small_settings(tmp_path / "models" / "tiny-base", tmp_path / "train.jsonl", target)
    first = run(settings, QUIET, "lora").pack
    assert first is not None
    assert run(settings, QUIET, "lora", refresh=True).steps == 0
    write_rows(tmp_path, rows)
    second = run(settings, QUIET, "lora", refresh=True).pack
    assert second is not None
    assert (second.parent, second.version) == (first.name, 2)
    assert set(first.facts) < set(second.facts)
    assert read_pack(target) == second


@pytest.mark.parametrize("stage", ["dpo", "grpo"])
def test_preferences_and_rewards_go_on_from_the_adapter(
    shop: Path, trained: TrainReport, tmp_path: Path, stage: str
) -> None:
    shutil.copytree(shop / "models", tmp_path / "models", symlinks=True)
    settings = settings_for(shop, tmp_path / "models" / "shop-nanodex-lora", max_steps=3)
    report = run(settings, QUIET, "lora", stage=stage)  # type: ignore[arg-type]
    assert trained.pack is not None
    assert report.pack is not None
    assert (report.pack.stage, report.pack.parent, report.steps) == (stage, trained.pack.name, 3)


def test_what_is_missing_is_named_with_the_next_command(shop: Path, tmp_path: Path) -> None:
    target = tmp_path / "shop-nanodex-lora"
    with pytest.raises(MissingInput, match="no dataset") as caught:
        run(settings_for(shop, target, dataset=tmp_path / "none.jsonl"), QUIET, "lora")
    assert caught.value.hint == "make dataset"
    write_examples(tmp_path / "train.jsonl", [])
    with pytest.raises(MissingInput, match="no rows"):
        run(settings_for(shop, target, dataset=tmp_path / "train.jsonl"), QUIET, "lora")
    (tmp_path / "train.jsonl").write_text('{"id": "1", "prompt": "Where?"}\n')
    with pytest.raises(IncompatibleInput, match=r"train\.jsonl:1"):
        run(settings_for(shop, target, dataset=tmp_path / "train.jsonl"), QUIET, "lora")
    with pytest.raises(MissingInput, match="no adapter"):
        run(settings_for(shop, target), QUIET, "lora", refresh=True)
    with pytest.raises(MissingInput, match="needs a CUDA GPU"):
        run(settings_for(shop, target, base="owner/large-model", bits=4), QUIET, "qlora")
    assert not target.exists()


def test_what_cannot_work_is_refused_before_the_first_step(shop: Path, tmp_path: Path) -> None:
    target = tmp_path / "shop-nanodex-lora"
    with pytest.raises(IncompatibleInput, match="would be cut") as caught:
        train(shop, target, max_seq_len=64)
    assert "max_seq_len" in caught.value.hint
    with pytest.raises(IncompatibleInput, match="no query_key_value"):
        train(shop, target, target_modules="[query_key_value]")
    with pytest.raises(IncompatibleInput, match="no DoRA") as caught:
        train(shop, target, use_dora="true")
    assert "allow_unserveable" in caught.value.hint
    assert not target.exists()


def test_unserveable_adapters_are_marked(shop: Path, tmp_path: Path) -> None:
    report = run(
        settings_for(shop, tmp_path / "x-lora", use_dora="true", max_steps=3), QUIET, "lora", allow_unserveable=True
    )
    assert report.pack is not None
    assert not report.pack.serveable
    assert "DoRA" in report.pack.unserveable_reasons[0]


@pytest.mark.parametrize("of", ["the system", "safetensors"])
def test_a_full_disk_at_save_keeps_the_previous_adapter(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, of: str
) -> None:
    import safetensors.torch
    from safetensors import SafetensorError
    from transformers import PreTrainedTokenizerFast

    target = tmp_path / "shop-nanodex-lora"
    first = train(shop, target, max_steps=3).pack

    def full(*_: object, **__: object) -> None:
        # safetensors reports a full disk as an error of its own, which is no OSError.
        raise (
            OSError(28, "No space left on device") if of == "the system" else SafetensorError("No space left on device")
        )

    saved = PreTrainedTokenizerFast.save_pretrained

    def fill(self: Any, folder: str | Path, **named: Any) -> Any:
        # Checkpoints fit, the pack does not.
        return full() if str(folder).endswith(".tmp") else saved(self, folder, **named)

    if of == "the system":
        monkeypatch.setattr(safetensors.torch, "save_file", full)
        monkeypatch.setattr("peft.peft_model.safe_save_file", full)
    else:
        monkeypatch.setattr(PreTrainedTokenizerFast, "save_pretrained", fill)
    with pytest.raises(StorageError, match="No space left"):
        train(shop, target, max_steps=4)
    assert read_pack(target) == first
