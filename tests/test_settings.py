"""Settings: where a value comes from, and what a wrong one says."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from config.errors import UsageError
from config.settings import (
    STAGES,
    TEMPLATES,
    BrainSettings,
    DatasetSettings,
    ExtractSettings,
    TrainSettings,
    load_settings,
)

MISSION_QLORA = """
bits: 4
bnb_4bit_compute_dtype: bf16
lora_rank: 16
lora_alpha: 32
target_modules: [q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj]
learning_rate: 2e-4
batch_size: 64
max_steps: 3000
max_seq_len: 4096
eval_interval: 200
save_dir: models/mine
"""


def test_every_yaml_file_is_the_template_of_a_stage_and_loads() -> None:
    assert sorted(path.stem for path in TEMPLATES.glob("*.yaml")) == sorted(STAGES)
    for stage, model in STAGES.items():
        assert isinstance(load_settings(model, stage, environ={}), model)


@pytest.mark.parametrize("stage", ["extract", "brain", "dataset", "serve", "query"])
def test_the_template_states_the_defaults(stage: str) -> None:
    assert load_settings(STAGES[stage], stage, environ={}) == STAGES[stage]()


def test_every_key_of_a_template_is_documented_in_the_model() -> None:
    for stage, model in STAGES.items():
        keys = yaml.safe_load((TEMPLATES / f"{stage}.yaml").read_text())
        assert set(keys) <= set(model.model_fields)


def test_a_learning_rate_as_people_write_it_is_a_number(tmp_path: Path) -> None:
    path = tmp_path / "qlora.yaml"
    path.write_text(MISSION_QLORA)
    settings = load_settings(TrainSettings, "train_qlora", path, environ={})
    assert settings.learning_rate == pytest.approx(0.0002)
    assert settings.bnb_4bit_compute_dtype == "bfloat16"


def test_set_overrides_the_environment_which_overrides_the_file(tmp_path: Path) -> None:
    path = tmp_path / "brain.yaml"
    path.write_text("summary: {max_tokens: 50, style: brief}\nout_dir: notes\n")
    environ = {
        "NANODEX_BRAIN__SUMMARY__MAX_TOKENS": "60",
        "NANODEX_BRAIN__OUT_DIR": "other",
        "NANODEX_DATASET__SEED": "9",
    }
    settings = load_settings(BrainSettings, "brain", path, ["summary.max_tokens=70"], environ)
    assert (settings.summary.max_tokens, settings.summary.style, settings.out_dir) == (70, "brief", Path("other"))


@pytest.mark.parametrize(
    ("model", "stage", "text", "says"),
    [
        (ExtractSettings, "extract", "langauges: [python]", "did you mean languages?"),
        (BrainSettings, "brain", "summary: {max_token: 3}", "did you mean summary.max_tokens?"),
        (DatasetSettings, "dataset", "counts: {diagnostics: 3}", "did you mean counts.diag?"),
        (ExtractSettings, "extract", "languages: [cobol]", "languages.0"),
        (DatasetSettings, "dataset", "refusal_share: 0.5", "refusal_share"),
        (TrainSettings, "train_lora", "learning_rate: fast", "learning_rate"),
        (ExtractSettings, "extract", "- python", "must hold"),
        (ExtractSettings, "extract", "a: [", "cannot read"),
    ],
)
def test_a_wrong_file_is_an_error_that_names_the_key(
    model: type[ExtractSettings], stage: str, text: str, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=says.replace("?", r"\?")):
        load_settings(model, stage, path, environ={})


def test_the_settings_of_another_stage_list_the_known_keys_once() -> None:
    with pytest.raises(UsageError, match="unknown key nodes_dir") as caught:
        load_settings(TrainSettings, "train_tiny", TEMPLATES / "dataset.yaml", environ={})
    assert caught.value.message.count("known keys:") == 1


def test_a_wrong_value_is_told_with_where_it_was_given(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("sead: 1\n")
    environ = {"NANODEX_DATASET__COUNTS__DIAG": "few"}
    with pytest.raises(UsageError) as caught:
        load_settings(DatasetSettings, "dataset", path, ["counts.explain=x"], environ)
    said = caught.value.message.split("; ")
    assert said[0].startswith("--set: counts.explain: ")
    assert said[1].startswith("NANODEX_DATASET__COUNTS__DIAG: counts.diag: ")
    assert said[2:] == ["mine.yaml: unknown key sead", "did you mean seed?"]
    with pytest.raises(UsageError, match=r"--set: counts has keys below it: counts\.discovery, ") as caught:
        load_settings(DatasetSettings, "dataset", None, ["counts=3"], {})
    assert caught.value.hint == "docs/settings.md lists every key"


def test_a_missing_file_and_a_wrong_override_are_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no settings file"):
        load_settings(ExtractSettings, "extract", tmp_path / "absent.yaml")
    with pytest.raises(UsageError, match="key=value"):
        load_settings(ExtractSettings, "extract", None, ["use_scip"])
    with pytest.raises(UsageError, match="single value"):
        load_settings(ExtractSettings, "extract", None, ["use_scip.deep=1"])
