"""After edits the graph is that of a clean extraction, in every language, and only the language that was edited is linked again."""

from __future__ import annotations

import importlib
import random
import shutil
from pathlib import Path
from typing import Any

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


def test_a_change_in_one_language_links_that_one_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = tmp_path / "repo"
    linked: list[str] = []
    changes = {
        "python": ("bound_shelf/added.py", "def added():\n    added()\n"),
        "go": ("go_depot/added.go", "package depot\n\nfunc added() { added() }\n"),
        "java": ("java_depot/Added.java", "class Added { void run() { run(); } }\n"),
        "cpp": ("cpp_engine/added.cpp", "int added() { return added(); }\n"),
    }
    for name in ("bound_shelf", "go_depot", "java_depot", "cpp_engine"):
        shutil.copytree(FIXTURES / name, repo / name)
    for family in ("python", "go", "java", "cpp", "typescript", "rust", "csharp"):
        module = importlib.import_module(f"extractor.resolve.{family}")

        def noted(*given: Any, family: str = family, link: Any = module.link) -> Any:
            linked.append(family)
            return link(*given)

        monkeypatch.setattr(module, "link", noted)
    dump(repo, tmp_path / "kept")
    for family, (path, text) in changes.items():
        file = repo / path
        file.parent.mkdir(exist_ok=True)
        with file.open("a") as end:
            end.write(text)
        linked.clear()
        now = dump(repo, tmp_path / "kept")
        assert linked == [family]
        assert now == dump(repo, tmp_path / f"clean-{family}")
    (repo / "pyproject.toml").write_text("[project]\nname = 'depot'\n")
    linked.clear()
    dump(repo, tmp_path / "kept")
    assert len(set(linked)) >= len(changes), "build files say where modules are"
