"""What an error says to do: the hint fits the cause, and can be typed as it stands."""

from __future__ import annotations

import ast
import errno
import os
import re
import shlex
import sqlite3
from pathlib import Path

import pytest

from config import errors
from config.errors import MissingInput, cannot_write, extract_again
from nanodex import app
from trainer.adapters import find_pack

ROOT = Path(__file__).resolve().parents[1]
FLOORS = ("config", "extractor", "brain", "dataset", "trainer", "inference")


@pytest.mark.parametrize(
    ("error", "first"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "free some disk space"),
        (OSError(errno.EFBIG, os.strerror(errno.EFBIG)), "free some disk space"),
        (sqlite3.OperationalError("database or disk is full"), "free some disk space"),
        (sqlite3.OperationalError("database is locked"), "wait for the run that holds it"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "check the path and its permissions"),
        (PermissionError(errno.EACCES, os.strerror(errno.EACCES)), "check the path and its permissions"),
    ],
)
def test_the_hint_mends_what_kept_a_file_from_being_written(error: Exception, first: str) -> None:
    told = cannot_write("brain/graph.sqlite", error)
    assert (told.exit_code, told.hint) == (74, f"{first}, then run the same command again")
    assert str(error) in told.message


def test_a_path_in_a_hint_is_one_word_of_the_shell() -> None:
    assert shlex.split(extract_again("/a b/ü", "brain")) == ["make", "extract", "brain", "REPO=/a b/ü"]


def test_no_adapter_at_all_is_not_called_several(tmp_path: Path) -> None:
    with pytest.raises(MissingInput, match="there are no adapters") as caught:
        find_pack("", tmp_path)
    assert caught.value.hint == "make train-tiny"


def _hints() -> list[str]:
    """The texts of every hint in the product: what stands behind the message of an error, and behind the reason of a check."""
    places = {
        "warn": 2,
        "fail": 2,
        **{name: 1 for name in vars(errors) if name.endswith(("Input", "Error", "Found", "Index"))},
    }
    found = []
    for path in (p for floor in FLOORS for p in sorted((ROOT / floor).rglob("*.py"))):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in places:
                hint = call.args[places[call.func.id] :][:1]
                found += [
                    "".join(
                        n.value
                        for h in hint
                        for n in ast.walk(h)
                        if isinstance(n, ast.Constant) and isinstance(n.value, str)
                    )
                ]
    return found


def test_every_command_a_hint_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    hints = [hint for hint in _hints() if hint]
    assert len(hints) > 100
    assert {word for hint in hints for word in re.findall(r"\bmake ([a-z-]+)", hint)} <= targets
    assert {word for hint in hints for word in re.findall(r"\bnanodex (?!may)([a-z]+)", hint)} <= commands
