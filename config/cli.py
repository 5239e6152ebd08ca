"""What both front doors (`nanodex`, `inference/query.py`) share: the options every command takes, and errors as exit codes."""

from __future__ import annotations

import errno
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from config.errors import NanodexError, StorageError

ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="YAML", help="Settings file; the shipped template when absent.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override one setting; repeatable, dots reach inner keys."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
QuietOption = Annotated[bool, typer.Option("-q", "--quiet", help="No progress, no notes.")]
VerboseOption = Annotated[bool, typer.Option("-v", "--verbose", help="More detail on stderr; tracebacks of bugs.")]


def run_app(app: typer.Typer, arguments: list[str] | None = None) -> int:
    """Run `app` and return the exit code of house rules: 0 done, 130 interrupted, 141 closed pipe, else the error's own.

    The message goes to stderr; with --json among the arguments `{"error": {code, message, hint}}` goes to stdout as well.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    as_json = "--json" in arguments
    try:
        result = app(args=arguments, standalone_mode=False)
        sys.stdout.flush()
    except NanodexError as error:
        return _fail(error.exit_code, error.message, error.hint, as_json)
    except TyperException as error:
        return _fail(2, error.format_message(), f"{Path(sys.argv[0]).name} --help", as_json)
    except (KeyboardInterrupt, typer.Abort):
        result = 130
    except BrokenPipeError:
        return _closed_pipe()
    except SystemExit as error:
        # Typer turns a closed pipe into this, with what happened as its context.
        if isinstance(error.__context__, BrokenPipeError):
            return _closed_pipe()
        raise
    except OSError as error:
        storage = StorageError(
            str(error), "free some disk space" if error.errno == errno.ENOSPC else "check the path and its permissions"
        )
        _trace(arguments)
        return _fail(storage.exit_code, storage.message, storage.hint, as_json)
    except Exception as error:  # noqa: BLE001 - the last resort: a bug is reported in one line, never hidden
        _trace(arguments)
        return _fail(
            70, f"internal error: {type(error).__name__}: {error}", "run again with -v for the traceback", as_json
        )
    if result == 130:  # Typer turns Ctrl-C into this code without a word
        return _fail(130, "interrupted", "run the same command again to go on", as_json)
    return result if isinstance(result, int) else 0


def _closed_pipe() -> int:
    """The reader has gone. Give the interpreter a stdout that its own last flush cannot fail on."""
    sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - stays open until the process ends
    return 141


def _trace(arguments: list[str]) -> None:
    if "-v" in arguments or "--verbose" in arguments:
        traceback.print_exc()


def _fail(code: int, message: str, hint: str, as_json: bool) -> int:
    if as_json:
        print(json.dumps({"error": {"code": code, "hint": hint, "message": message}}, sort_keys=True))
    print(f"error: {message}", file=sys.stderr)
    if hint:
        print(f"  try: {hint}", file=sys.stderr)
    return code
