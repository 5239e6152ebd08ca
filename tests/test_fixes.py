"""Fixes that tests show: a call which must raise, and beside it one that goes through."""

from __future__ import annotations

from pathlib import Path

import brains

from config.console import Console
from config.settings import ExtractSettings
from extractor.extract import run as extract
from extractor.graph import Graph

SOURCES = {
    "pots.py": "def pour(pot, cups):\n    if cups < 1:\n        raise ValueError('the pot pours whole cups only')\n"
    "    if cups > 9:\n        raise ValueError('a pot holds nine cups')\n    return pot\n\n\n"
    "def brew(leaves):\n    if not leaves:\n        raise LookupError('no tea without leaves')\n    return leaves\n",
    "tests/test_pots.py": "import pytest\nfrom pots import brew, pour\n\n\ndef test_whole_cups():\n"
    "    with pytest.raises(ValueError, match='whole cups'):\n        pour('blue', 0)\n    assert pour('blue', 2) == 'blue'\n\n\n"
    "def test_some_error():\n    with pytest.raises(ValueError):\n        pour('red', 10)\n    pour('red', 9)\n\n\n"
    "def test_leaves():\n    with pytest.raises(LookupError):\n        brew([])\n    brew(['green'])\n",
    "src/main/java/acme/Kettle.java": "package acme;\npublic class Kettle {\n  public int heat(int degrees) {\n"
    "    if (degrees > 100) throw new IllegalArgumentException(\"water boils at one hundred\");\n    return degrees;\n  }\n}\n",
    "src/test/java/acme/KettleTest.java": "package acme;\npublic class KettleTest {\n  @Test public void boils() {\n"
    "    Kettle kettle = new Kettle();\n"
    "    assertThrows(IllegalArgumentException.class, () -> kettle.heat(101));\n    assertEquals(90, kettle.heat(90));\n  }\n}\n",
}  # fmt: skip


def test_a_passing_call_beside_an_expected_error_is_a_fix(tmp_path: Path) -> None:
    for path, text in SOURCES.items():
        (tmp_path / "r" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "r" / path).write_text(text)
    place = tmp_path / "graph.sqlite"
    extract(ExtractSettings(out_graph=place, workers=1), Console(quiet=True), tmp_path / "r")
    brains.build(place)
    with Graph(place) as graph:
        fixes = {n.meta["message"]: n.meta["fixes"] for n in graph.nodes(("error",)) if n.meta.get("message")}
    shown = {m: [f for f in found if "instead" in f["text"]] for m, found in fixes.items()}
    assert shown == {
        "the pot pours whole cups only": [
            {"text": "Call pour('blue', 2) instead, as test_whole_cups does.", "evidence": "tests/test_pots.py:8-8"}
        ],
        "a pot holds nine cups": [],  # a test that wants any error of two says nothing about this one
        "no tea without leaves": [
            {"text": "Call brew(['green']) instead, as test_leaves does.", "evidence": "tests/test_pots.py:20-20"}
        ],
        "water boils at one hundred": [
            {
                "text": "Call kettle.heat(90) instead, as boils does.",
                "evidence": "src/test/java/acme/KettleTest.java:6-6",
            }
        ],
    }
