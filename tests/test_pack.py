"""The pack: versions that never change, one link that moves, and nothing lost when a write fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from config.errors import IncompatibleInput, MissingInput, StorageError
from trainer.pack import BaseModel, Pack, Probe, adapters, current, current_pack, read_pack, write_pack


def described(**changes: object) -> Pack:
    values: dict[str, object] = {
        "project": "shop",
        "base": BaseModel("tiny-base", location="tiny-base", fingerprint={"weights": "ab"}),
        "adapter_sha256": "",
        "dataset_sha256": "d" * 64,
        "rank": 8,
        "stop_ids": (2,),
        "template_sha256": "",
        "dtype": "float32",
        "device": "cpu",
        "probes": (Probe("Where?", (1, 2), ((5, -0.5),), ((6, -0.1),)),),
        **changes,
    }
    return Pack(**values)  # type: ignore[arg-type]


def fill(folder: Path) -> None:
    (folder / "adapter_model.safetensors").write_bytes(b"weights")
    (folder / "adapter_model.safetensors").chmod(0o600)
    config = {"base_model_name_or_path": "/home/someone/base", "target_modules": ["v_proj", "q_proj"], "r": 8}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    (folder / "training_args.bin").write_bytes(b"pickle")


def test_each_write_is_a_new_version_and_the_link_follows(tmp_path: Path) -> None:
    target = tmp_path / "shop-nanodex-lora"
    first = write_pack(target, described(), fill, "card")
    second = write_pack(target, described(parent=first.name), fill, "card")
    assert [p.name for p in adapters(tmp_path)] == ["shop-nanodex-lora.v1", "shop-nanodex-lora.v2"]
    assert target.is_symlink()
    assert read_pack(target).name == "shop-nanodex-lora.v2" == second.name
    assert (second.version, second.family, second.parent) == (2, "shop-nanodex-lora", first.name)
    assert read_pack(first.path) == first
    assert [p.version for p in adapters(tmp_path)] == [1, 2]
    assert [p.version for p in current(tmp_path)] == [2]


def test_what_ships_is_readable_by_all_and_names_no_machine(tmp_path: Path) -> None:
    pack = write_pack(tmp_path / "shop-nanodex-lora", described(), fill, "card")
    assert {path.stat().st_mode & 0o777 for path in pack.path.iterdir()} == {0o644}
    assert not (pack.path / "training_args.bin").exists()
    config = json.loads((pack.path / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "tiny-base"
    assert config["target_modules"] == ["q_proj", "v_proj"]
    assert len(pack.adapter_sha256) == len(pack.template_sha256) == 64
    assert pack.probes == described().probes


def test_a_write_that_fails_leaves_the_current_adapter(tmp_path: Path) -> None:
    target = tmp_path / "shop-nanodex-lora"
    write_pack(target, described(), fill, "card")

    def full(folder: Path) -> None:
        fill(folder)
        raise OSError(28, "No space left on device")

    with pytest.raises(StorageError, match="No space left") as caught:
        write_pack(target, described(), full, "card")
    assert "resumes" in caught.value.hint
    assert read_pack(target).version == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["shop-nanodex-lora", "shop-nanodex-lora.v1"]


def test_a_folder_in_the_links_place_is_not_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "shop-nanodex-lora"
    target.mkdir()
    with pytest.raises(StorageError, match="is a folder"):
        write_pack(target, described(), fill, "card")


def test_what_is_no_pack_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingInput, match="no adapter at"):
        read_pack(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingInput, match="no adapter pack"):
        read_pack(tmp_path / "empty")
    pack = write_pack(tmp_path / "shop-nanodex-lora", described(), fill, "card")
    data = json.loads((pack.path / "nanodex.json").read_text())
    (pack.path / "nanodex.json").write_text(json.dumps({**data, "schema_version": 99}))
    with pytest.raises(IncompatibleInput, match="schema 99"):
        read_pack(pack.path)
    assert current_pack(tmp_path / "nowhere") is None


def test_a_base_beside_the_packs_is_found_again(tmp_path: Path) -> None:
    pack = write_pack(tmp_path / "shop-nanodex-lora", described(), fill, "card")
    assert pack.base_path() is None
    (tmp_path / "tiny-base").mkdir()
    (tmp_path / "tiny-base" / "config.json").write_text("{}")
    found = pack.base_path()
    assert found is not None
    assert found.resolve() == (tmp_path / "tiny-base").resolve()
