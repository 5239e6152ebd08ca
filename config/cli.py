"""What both front doors (`nanodex`, `inference/query.py`) share: the options every command takes, and errors as exit codes."""

from __future__ import annotations

import io
import json
import os
import re
import sys
import traceback
from pathlib import Path
from typing import Annotated, Final

import typer
from typer.exceptions import TyperException

from config.errors import NanodexError, StorageError, remedy

ROOT: Final = Path(__file__).resolve().parents[1]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="YAML", help="Settings file; the shipped template when absent.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override one setting; repeatable, dots reach inner keys."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
RepoOption = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", exists=True, file_okay=False, help="The repository, when it is not where extract found it."
    ),
]
QuietOption = Annotated[bool, typer.Option("-q", "--quiet", help="No progress, no notes.")]


def _version(wanted: bool) -> None:
    """A checkout's own word comes before what was once installed from it."""
    if wanted:
        import tomllib
        from importlib.metadata import version

        source = ROOT / "pyproject.toml"
        own = tomllib.loads(source.read_text(encoding="utf-8"))["project"] if source.is_file() else {}
        print(f"nanodex {own.get('version') or version('nanodex')}")
        raise typer.Exit


VersionOption = Annotated[
    bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
]
VerboseOption = Annotated[bool, typer.Option("-v", "--verbose", help="More detail on stderr; tracebacks of bugs.")]

# What each make target of the checkout runs, for those who stand elsewhere.
_TARGETS: Final = {
    "extract": "extract",
    "graph-inspect": "inspect",
    "brain-embed": "embed",
    "brain": "brain",
    "dataset": "dataset",
    "train-lora": "train lora",
    "train-qlora": "train qlora",
    "train-tiny": "train tiny",
    "serve": "serve",
    "query": "query",
    "eval": "eval",
}
_TARGET: Final = rf"(?:{'|'.join(_TARGETS)})(?![\w-])"
_STAGES: Final = re.compile(rf"\bmake ({_TARGET}(?: {_TARGET})*)((?: [A-Z]+=(?:<[^>]*>|'[^']*'|[^\s,;]+))*)")
_SETUP: Final = re.compile(r"((?>(?:[A-Z]+=\S+ )?\bmake setup(?:-serve)?(?: [A-Z_]+=(?:<[^>]*>|\S+))?))(?! in )")


def typed_here(hint: str, *, checkout: bool | None = None) -> str:
    """A hint as it can be typed: where the checkout's Makefile is not, `make extract REPO=x` is `nanodex extract x`."""
    if checkout is None:
        checkout = Path.cwd() == ROOT and (ROOT / "Makefile").is_file()
    if checkout:
        return hint

    def command(found: re.Match[str]) -> str:
        values = re.findall(r"([A-Z]+)=(<[^>]*>|'[^']*'|\S+)", found[2])
        commands = []
        for target in found[1].split():
            options = [
                v if k == "REPO" else f"--{k.lower()} {v}" for k, v in values if k != "REPO" or target == "extract"
            ]
            commands.append(" ".join(["nanodex", _TARGETS[target], *options]))
        return " && ".join(commands)

    return _SETUP.sub(r"\1 in a checkout of nanodex", _STAGES.sub(command, hint))


def run_app(app: typer.Typer, arguments: list[str] | None = None) -> int:
    """Run `app` and return the exit code of house rules: 0 done, 130 interrupted, 141 closed pipe, else the error's own.

    The message goes to stderr; with --json among the arguments `{"error": {code, message, hint}}` goes to stdout as well.
    """
    for name in ("DO_NOT_TRACK", "HF_HUB_DISABLE_TELEMETRY"):  # nothing beneath us reports home either
        os.environ.setdefault(name, "1")
    _open_streams()
    arguments = sys.argv[1:] if arguments is None else arguments
    as_json = "--json" in arguments
    try:
        # Completion is asked for under the program's name, and no shell can export a name with a dot in it.
        result = app(
            args=arguments, standalone_mode=False, prog_name=Path(sys.argv[0]).name.replace("nanodex.py", "nanodex")
        )
        sys.stdout.flush()
    except NanodexError as error:
        return _fail(error.exit_code, error.message, error.hint, as_json)
    except TyperException as error:
        if not arguments:  # a bare command: the help is the answer, not an error's text
            print(error.format_message(), file=sys.stderr)
            return 2
        where = getattr(getattr(error, "ctx", None), "command_path", "") or Path(sys.argv[0]).name
        return _fail(2, error.format_message().replace("Value error, ", ""), f"{where} --help", as_json)
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
        _trace(arguments)
        return _fail(StorageError.exit_code, str(error), remedy(error), as_json)
    except Exception as error:  # noqa: BLE001 - the last resort: a bug is reported in one line, never hidden
        _trace(arguments)
        return _fail(
            70, f"internal error: {type(error).__name__}: {error}", "run again with -v for the traceback", as_json
        )
    if result == 130:  # Typer turns Ctrl-C into this code without a word
        return _fail(130, "interrupted", "run the same command again to go on", as_json)
    return result if isinstance(result, int) else 0


def _open_streams() -> None:
    """A stream that was closed before we began takes what is written nowhere; one of another encoding shows `?` for what it lacks."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: PTH123, SIM115 - stays open until the process ends
        elif isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="replace")


def _closed_pipe() -> int:
    """The reader has gone. Give the interpreter a stdout that its own last flush cannot fail on."""
    sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - stays open until the process ends
    return 141


def _trace(arguments: list[str]) -> None:
    if "-v" in arguments or "--verbose" in arguments:
        traceback.print_exc()


def _fail(code: int, message: str, hint: str, as_json: bool) -> int:
    hint = typed_here(hint)
    if as_json:
        try:
            print(json.dumps({"error": {"code": code, "hint": hint, "message": message}}, sort_keys=True), flush=True)
        except OSError:  # stdout is what cannot be written: stderr alone says so
            _closed_pipe()
    print(f"error: {message}", file=sys.stderr)
    if hint:
        print(f"  try: {hint}", file=sys.stderr)
    return code
