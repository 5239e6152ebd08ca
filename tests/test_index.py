"""The index file by file: what an update leaves is what a clean build writes."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from brain import index
from brain.corpus import sections, spans
from brain.index import Row, Text, dump_index, open_index, write_index
from brain.view import View
from extractor.schema import Edge, Node


def words_of(path: Path) -> tuple[list[object], list[object], list[str]]:
    """Every word of every row with its place, every trigram of every file, every name."""
    with sqlite3.connect(path) as db:
        db.execute("CREATE VIRTUAL TABLE temp.w USING fts5vocab(main, words, instance)")
        db.execute("CREATE VIRTUAL TABLE temp.g USING fts5vocab(main, grams, instance)")
        words = db.execute("SELECT * FROM temp.w ORDER BY 1, 2, 3, 4").fetchall()
        grams = db.execute("SELECT term, doc FROM temp.g ORDER BY 1, 2").fetchall()
        return words, grams, sorted(row[0] for row in db.execute("SELECT name FROM near"))


@pytest.mark.parametrize("seed", range(12))
def test_an_updated_index_is_a_clean_one(tmp_path: Path, seed: int) -> None:
    """Edits, renames and deletions in any order: only what differs is written, and nothing of the old state is left."""
    rng = random.Random(seed)
    texts = {f"{n}.py": Text("0", f"def f{n}(): pass\nx = {n}\n") for n in range(24)}

    def rows() -> list[Row]:
        return [
            Row(f"py:{path}#f{i}", "function", path, i, i, f"f{i}", f"f{i}", f"f{i}()", f"Line {i} of {len(text)}.")
            for path, (_, text) in texts.items()
            for i, _ in enumerate(text.rstrip().split("\n"), 1)
        ]

    write_index(tmp_path / "index.sqlite", rows(), texts)
    for step in range(6):
        for path in rng.sample(sorted(texts), 2):
            _, text = texts.pop(path)
            if rng.random() < 0.7:
                name = path if rng.random() < 0.6 else f"renamed{step}_{path}"
                texts[name] = Text("1", text + f"added_{rng.randrange(99)} = 'Ünïcode \U0001f600'\n" * rng.randrange(3))
        count = write_index(tmp_path / "index.sqlite", rows(), texts)
        clean_place = tmp_path / f"clean{step}.sqlite"
        assert count == write_index(clean_place, rows(), texts)
        assert words_of(tmp_path / "index.sqlite") == words_of(clean_place)
        updated, written = open_index(tmp_path / "index.sqlite"), open_index(clean_place)
        assert list(dump_index(updated)) == list(dump_index(written))
        match = "SELECT rowid, bm25(words) FROM words WHERE words MATCH 'line OR added' ORDER BY 2, 1"
        assert updated.execute(match).fetchall() == written.execute(match).fetchall()


def test_an_update_writes_only_the_files_that_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "index.sqlite"
    texts = {f"{n}.py": Text("0", f"x{n} = {n}\n") for n in range(20)}
    rows = [Row(f"py:{p}", "module", p, 1, 1, p, p) for p in texts]
    write_index(place, rows, texts)
    added: list[str] = []
    real = index._add

    def noted(db: sqlite3.Connection, path: str, *rest: Any) -> None:
        added.append(path)
        real(db, path, *rest)

    monkeypatch.setattr(index, "_add", noted)
    texts["7.py"] = Text("1", "y = 7\n")
    write_index(place, rows, texts)
    assert added == ["7.py"]
    before = place.stat().st_mtime_ns
    assert write_index(place, rows, texts) == 20
    assert place.stat().st_mtime_ns == before


def test_sections_are_cut_at_headings_and_their_titles_are_plain() -> None:
    text = (
        "# *shop* for `carts`\n\nText.\n\n```python\nadd(\n)\n```\n\n````\n```\n# no\n````\n\n:::{note}\nok\n:::\n\n"
        "Under\n~~~~~\n\n  b\n...\n\n~~~\n# no\n~~~\n\n# ![logo](l.png)\n\n=====\n Box\n=====\n\nEnd\n"
    )
    titles = [title for title, _, _ in sections(text)]
    assert titles == ["shop for carts", "Under", "Box"]


def test_a_module_is_found_by_its_lines_above_the_first_function_wherever_a_recipe_stands() -> None:
    module = Node("py:shop.py", "module", "shop", "shop.py", "python", {"start_line": 1, "end_line": 40})
    function = Node("py:shop.py#buy", "function", "buy", "shop.py", "python", {"start_line": 20, "end_line": 40})
    recipe = Node("recipe:buy", "recipe", "buy", "README.md", "", {"start_line": 3, "end_line": 5}, "brain")
    view = View([module, function], [Edge(function.id, module.id, "defined_in", 0, 1.0, "syntax")])
    view.add([Edge(recipe.id, module.id, "defined_in", 0, 1.0, "recipe", {}, "brain")], [recipe])
    assert spans(view, module) == [(1, 19)]
