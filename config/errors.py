"""Every error nanodex raises on purpose. Each has a message, a hint (the next command to run) and an exit code.

NanodexError                 70  a bug, unless a subclass says otherwise
├── NothingFound              1  no evidence, nothing matched
├── UsageError                2  the command line or a settings file is wrong
├── InputError                3  the input of a stage is missing, incompatible or stale
│   ├── MissingInput          3
│   ├── IncompatibleInput     3
│   └── StaleInput            3
├── StaleIndex                4  the index lags behind the code, under --strict-fresh
├── BackendError              5  a model endpoint cannot be reached or talks nonsense
├── GateError                 6  a quality gate or a regression check failed
└── StorageError             74  the disk is full, a path cannot be written
"""

from __future__ import annotations

import errno
import shlex
from typing import Final

# The command that makes a graph where there is none, or one that cannot be used.
EXTRACT: Final = "make extract REPO=<your repository>"
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class NanodexError(Exception):
    """`message` says what is wrong, `hint` what to do about it."""

    exit_code = 70

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class NothingFound(NanodexError):
    exit_code = 1


class UsageError(NanodexError):
    exit_code = 2


class InputError(NanodexError):
    exit_code = 3


class MissingInput(InputError):
    pass


class IncompatibleInput(InputError):
    pass


class StaleInput(InputError):
    pass


class StaleIndex(NanodexError):
    exit_code = 4


class BackendError(NanodexError):
    exit_code = 5


class GateError(NanodexError):
    exit_code = 6


class StorageError(NanodexError):
    exit_code = 74


def extract_again(root: object, *stages: str) -> str:
    """The command that reads the repository at `root` anew, and runs these stages after it."""
    return f"make {' '.join(['extract', *stages])} REPO={shlex.quote(str(root))}"


def cannot_write(what: object, error: Exception, again: str = "run the same command again") -> StorageError:
    """`what` (a path, in words where that says more) could not be written; the hint mends the cause, then says `again`."""
    return StorageError(f"cannot write {what}: {error}", f"{remedy(error)}, then {again}")


def remedy(error: Exception) -> str:
    """What helps against an error of the disk, of SQLite or of safetensors."""
    said = str(error)
    if getattr(error, "errno", None) in _FULL or "is full" in said or "No space left" in said:
        return "free some disk space"
    return "wait for the run that holds it" if "is locked" in said else "check the path and its permissions"
