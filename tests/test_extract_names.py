"""What files are called: names that nobody can show, signs that ids use themselves, scripts that a build made of others."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from test_extract import QUIET, SHOP, commit_all, extracted, settings

from config.errors import InputError
from dataset.names import parts_of
from extractor.extract import run


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHOP, tmp_path / "shop"))


def test_names_of_files_that_git_knows_and_nobody_can_show_are_no_changes(shop: Path) -> None:
    odd = os.fsdecode(b"bad\xff")
    (shop / odd).mkdir()
    (shop / odd / "lost.py").write_text("x = 1\n")
    (shop / "two\nlines.py").write_text("x = 1\n")
    commit_all(shop)
    graph, report = extracted(shop)
    assert report.dirty == 0
    assert graph.manifest.counts["dirty"] == []
    root = shop.parent / odd
    shop.rename(root)
    with pytest.raises(InputError, match=r"bad\\udcff cannot be shown"):
        run(settings(root), QUIET, root)


def test_signs_of_ids_in_the_names_of_files(shop: Path) -> None:
    folder = shop / "C#" / "100%"
    folder.mkdir(parents=True)
    (folder / "Cart.cs").write_text("class Cart { void Add() { Sum(); } void Sum() { } }\n")
    (folder / "cart.py").write_text("def add():\n    return total()\n\n\ndef total():\n    return 1\n")
    graph, _ = extracted(shop)
    for name, owner, called in (("Cart.cs", "Cart.Add", "Cart.Sum"), ("cart.py", "add", "total")):
        path = f"C#/100%/{name}"
        here = {node.qualname: node for node in graph.nodes(path=path) if "#" in node.id}
        assert {node.path for node in here.values()} == {path}
        assert [edge.dst for edge in graph.edges(("calls",), src=here[owner].id)] == [here[called].id]
        assert here[owner].id.endswith(f":C%23/100%25/{name}#{owner}")
        assert parts_of(here[owner].id) == (path, owner)


def test_what_a_build_made_of_files_that_are_here_is_not_read_twice(shop: Path) -> None:
    built = {
        "built/one.js": '{"version": 3, "sources": ["../front/one.ts"]}',
        "built/two.js": '{"version": 3, "sourceRoot": "../front", "sources": ["one.ts"]}',
        "built/gone.js": '{"version": 3, "sources": ["../lib/gone.ts"]}',
        "built/odd.js": '["../front/one.ts"]',
        "built/bad.js": "{",
    }
    (shop / "front").mkdir()
    (shop / "built").mkdir()
    (shop / "front/one.ts").write_text("export function one() { return 1 }\n")
    for path, text in built.items():
        (shop / path).write_text(f"function one() {{ return 1 }}\n//# sourceMappingURL={Path(path).name}.map\n")
        (shop / f"{path}.map").write_text(text)
    (shop / "built/alone.js").write_text("function one() { return 1 }\n//# sourceMappingURL=alone.js.map\n")
    graph, _ = extracted(shop)
    rows = {row.path: (row.status, row.reason) for row in graph.files()}
    made = ("skipped", "made by a build")
    assert [rows[path] for path in built] == [made, made, ("ok", ""), ("ok", ""), ("ok", "")]
    assert (rows["built/alone.js"], rows["front/one.ts"]) == (("ok", ""), ("ok", ""))
