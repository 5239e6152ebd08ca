"""Manifests: written last and atomically, read back whole, refused when foreign."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.errors import IncompatibleInput
from config.manifest import Manifest, digest, manifest_path, read_manifest, write_atomically, write_manifest


def test_a_manifest_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    manifest = Manifest(
        "extract", "abc", root="/somewhere", commit="1234567", settings={"seed": 1}, counts={"nodes": 2}
    )
    write_manifest(tmp_path / "graph.sqlite", manifest)
    assert manifest_path(tmp_path / "graph.sqlite").name == "graph.sqlite.manifest.json"
    assert read_manifest(tmp_path / "graph.sqlite") == manifest
    assert read_manifest(tmp_path / "other") is None


def test_same_work_means_same_inputs_settings_and_tools_wherever_the_repository_lies() -> None:
    manifest = Manifest("extract", "abc", root="/a", settings={"seed": 1}, versions={"python": "3.11"})
    assert manifest.same_work(Manifest("extract", "abc", root="/b", settings={"seed": 1}, versions={"python": "3.11"}))
    assert not manifest.same_work(Manifest("extract", "abd", settings={"seed": 1}, versions={"python": "3.11"}))
    assert not manifest.same_work(None)


@pytest.mark.parametrize("text", ["", "[]", '{"stage": "x"}', '{"stage": "x", "inputs": "y", "surplus": 1}'])
def test_a_foreign_manifest_is_refused_with_the_way_out(tmp_path: Path, text: str) -> None:
    manifest_path(tmp_path / "graph").write_text(text)
    with pytest.raises(IncompatibleInput) as caught:
        read_manifest(tmp_path / "graph")
    assert "delete" in caught.value.hint


def test_an_interrupted_write_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "note.json"
    write_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "\ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_digest_keeps_parts_apart() -> None:
    assert digest(["ab", "c"]) != digest(["a", "bc"])
    assert digest([b"ab"]) == digest(["ab"])
