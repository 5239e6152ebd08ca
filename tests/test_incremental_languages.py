"""In every brace language the graph after edits is the graph of a clean extraction."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from test_determinism import dump

from extractor.languages import spec_for

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.mark.parametrize("name", ["go_depot", "rust_depot", "csharp_depot", "java_depot", "ts_desk", "cpp_engine"])
def test_an_incremental_graph_is_the_clean_one(name: str, tmp_path: Path) -> None:
    repo = Path(shutil.copytree(FIXTURES / name, tmp_path / "repo"))
    paths = sorted(p for p in repo.rglob("*") if p.is_file() and spec_for(p.name, p.read_bytes()) is not None)
    chance = random.Random(name)
    dump(repo, tmp_path / "kept")
    for step, kind in enumerate(("drop lines", "delete", "swap", "restore")):
        path = chance.choice([p for p in paths if p.exists()])
        lines = path.read_text().split("\n")
        if kind == "drop lines":
            path.write_text("\n".join(line for line in lines if chance.random() > 0.05))
        elif kind == "delete":
            path.unlink()
        elif kind == "swap":
            path.write_text("\n".join(lines).replace("Item", "Thing").replace("find", "seek").replace("Find", "Seek"))
        else:
            shutil.copytree(FIXTURES / name, repo, dirs_exist_ok=True)
        assert dump(repo, tmp_path / "kept") == dump(repo, tmp_path / f"clean{step}"), (kind, path.name)
