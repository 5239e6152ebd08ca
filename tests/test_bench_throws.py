"""The measure of the graph against errors that were raised: what left functions, what was stopped, what was said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CODE = """
class Mine(Exception): pass
class Odd(Exception): pass

def low(key):
    raise Mine(f"no {key} here")

def through(key):
    return [low(one) for one in key]

def hidden(name, key):
    return globals()[name](key)

def stops():
    try:
        low("x")
    except Mine:
        return None

def again():
    try:
        low("y")
    except Mine as error:
        if error.args == ("no z here",):
            raise

def nested():
    try:
        low("y")
    except Mine:
        try:
            int("x")
        except ValueError:
            pass
        raise

def numbers():
    yield 1

def back(call):
    call()

def computed(flag):
    raise {True: Mine, False: Odd}[flag]("some words")
"""
TESTS = """
from code_under_test import Mine, Odd, again, back, computed, hidden, low, nested, numbers, stops, through
import pytest

def fails():
    low("back")

def test_all():
    with pytest.raises(Mine): through("ab")
    with pytest.raises(Mine): hidden("lo" + "w", "k")
    with pytest.raises(Mine): nested()
    with pytest.raises(Odd): computed(False)
    with pytest.raises(Mine): back(fails)
    stops()
    again()
    list(numbers())
"""


def test_what_was_raised_is_compared_with_what_the_graph_holds(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/code_under_test.py").write_text(CODE)
    (tmp_path / "test_code.py").write_text(TESTS)
    command = [sys.executable, str(ROOT / "scripts/bench_throws.py"), str(tmp_path), "--source", "src/", "--missing"]
    ran = subprocess.run([*command, "--tests", "test_code.py"], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    name, module = tmp_path.name, "py:src/code_under_test.py"
    assert ran.stdout.splitlines()[1:] == [
        f"{name}: 2 of 2 errors that left the function that raises them are in the graph, 1.000",
        f"{name}: 2 of 3 errors that left a function further up are in the graph, 0.667",
        f"{name}: 4 of 6 edges whose raise or callee gave an error were right, 0.667",
        f"{name}: 2 of 2 messages with words were what the error said, 1.000",
        f"{module}#hidden throws Mine: src/code_under_test.py:12 calls {module}#low",
        f"{module}#again:22 throws {module}#Mine: seen [(('src/code_under_test.py', 'Mine'), False)]",
        f"{module}#computed:44 throws {module}#Mine: seen [(('src/code_under_test.py', 'Odd'), True)]",
    ]
