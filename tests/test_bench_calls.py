"""The measure of the graph against calls that ran: what is seen and held, seen and missing, held and not seen."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CODE = """
class Tool:
    def __init__(self):
        self.used = False

    def go(self):
        return step()


def step():
    return 1


def other():
    return 2


def choose(first):
    return (step if first else other)()


def computed(name):
    return globals()[name]()


def numbers():
    yield step()
"""
TESTS = """
from code_under_test import Tool, choose, computed, numbers


def test_all():
    assert Tool().go() == choose(True) == computed("st" + "ep") == next(numbers())
"""


def test_what_ran_is_compared_with_what_the_graph_holds(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/code_under_test.py").write_text(CODE)
    (tmp_path / "test_code.py").write_text(TESTS)
    command = [sys.executable, str(ROOT / "scripts/bench_calls.py"), str(tmp_path), "--source", "src/", "--missing"]
    name = tmp_path.name
    expected = [
        f"{name}: 3 of 4 calls seen are in the graph, 0.750",
        f"{name}: 3 of 4 calls of the graph at lines that ran were seen, 0.750",
        "py:src/code_under_test.py#computed -> py:src/code_under_test.py#step",
    ]
    command += ["--tests", "test_code.py", "--seen", str(tmp_path / "seen.json")]
    for before in (["1 passed in"], []):  # the tests run once
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        lines = ran.stdout.splitlines()
        assert lines[len(before) :] == expected
        assert all(line.startswith(start) for line, start in zip(lines, before, strict=False))


def test_tests_that_do_not_run_are_an_error(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "scripts/bench_calls.py"), str(tmp_path), "--tests=--no-such-flag"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "the tests did not run" in ran.stderr
