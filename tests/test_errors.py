"""What an error says to do: the hint fits the cause, and can be typed as it stands."""

from __future__ import annotations

import errno
import os
import shlex
import sqlite3
from pathlib import Path

import pytest

from config.errors import MissingInput, cannot_write, extract_again
from trainer.adapters import find_pack


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
