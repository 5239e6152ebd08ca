"""`nanodex query` and `python inference/query.py --question "…"`: one question, or a batch on stdin, to one answer on stdout.

Only the answer goes to stdout; progress, notes and warnings go to stderr. Exit codes: 0 answered with a checked citation,
1 no evidence, 2 usage, 3 no index, 4 stale index under --strict-fresh, 5 endpoint unreachable.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

# As a script, Python puts this folder first on the path; the packages lie one above.
if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    try:
        import pydantic  # noqa: F401
        import typer
    except ModuleNotFoundError:
        # Right after `make` the tools lie in the checkout's own environment: `python inference/query.py` uses that.
        _venv = Path(__file__).resolve().parents[1] / ".venv" / "bin" / "python"
        if not _venv.is_file() or Path(sys.prefix).resolve() == _venv.parents[1].resolve():
            raise
        os.execv(str(_venv), [str(_venv), __file__, *sys.argv[1:]])

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from config.cli import ConfigOption, JsonOption, QuietOption, RepoOption, SetOption, VerboseOption, run_app, typed_here
from config.console import Console
from config.errors import NanodexError, StaleIndex, StorageError, UsageError, extract_again

if TYPE_CHECKING:
    from inference.answer import Answer, Expert
    from inference.reading import Ask


def query(
    text: Annotated[
        str,
        typer.Argument(
            metavar="[QUESTION]",
            help="The question, asked of what is piped in where there is some; '-' or nothing reads it from stdin.",
        ),
    ] = "",
    question: Annotated[str, typer.Option("--question", metavar="TEXT", help="The question, as an option.")] = "",
    mode: Annotated[
        Literal["extractive", "model", "both"] | None,
        typer.Option(help="extractive needs no model; both prints the two."),
    ] = None,
    endpoint: Annotated[
        str, typer.Option(metavar="URL", help="Ask the expert served here, and check what it says.")
    ] = "",
    model: Annotated[
        str, typer.Option(metavar="ID", help="Model at the endpoint; its newest adapter when absent.")
    ] = "",
    adapter: Annotated[
        str, typer.Option(metavar="DIR", help="Run this adapter pack in process with transformers.")
    ] = "",
    repo: RepoOption = None,
    k: Annotated[
        int, typer.Option("-k", min=0, max=100, help="Passages to consider; 0 takes the settings' value.")
    ] = 0,
    path: Annotated[str, typer.Option(metavar="GLOB", help="Search only files that match.")] = "",
    lang: Annotated[str, typer.Option(metavar="NAME", help="Search only files of this language.")] = "",
    kind: Annotated[
        str, typer.Option(metavar="KIND", help="Overrule what is asked: locate, explain, callers, callees, raises, …")
    ] = "",
    max_tokens: Annotated[
        int, typer.Option(metavar="N", min=0, help="Longest model answer; 0 takes the settings' value.")
    ] = 0,
    timeout: Annotated[
        float, typer.Option(metavar="S", min=0, help="Seconds to wait for a model; 0: the settings' value.")
    ] = 0,
    why: Annotated[bool, typer.Option("--why", help="Also print what the answer rests on.")] = False,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="One question per line of stdin, one JSON answer per line.")
    ] = False,
    strict_fresh: Annotated[
        bool, typer.Option("--strict-fresh", help="Exit 4 when the index lags behind the code.")
    ] = False,
    no_stream: Annotated[
        bool, typer.Option("--no-stream", help="Print a model's answer only when it is whole.")
    ] = False,
    follow: Annotated[
        bool, typer.Option("-c", "--continue", help="Go on from the last question: 'it' means what that was about.")
    ] = False,
    color: Annotated[Literal["auto", "always", "never"], typer.Option(help="Colour on stdout.")] = "auto",
    hyperlinks: Annotated[
        Literal["auto", "always", "never", "vscode", "github"], typer.Option(help="Clickable citations.")
    ] = "auto",
    config: ConfigOption = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Answer a question about the indexed repository, with citations that were checked."""
    from config.settings import QuerySettings, load_settings
    from inference import show
    from inference.answer import Expert
    from inference.narrowing import refuse_empty
    from inference.reading import Ask
    from inference.sessions import Sessions

    overrides = list(set_ or ())
    given = {"mode": mode or "", "endpoint": endpoint, "model": model, "adapter": adapter,
             "k": k or "", "max_tokens": max_tokens or "", "timeout_s": timeout or ""}  # fmt: skip
    if (endpoint or adapter) and mode is None and not any(o.startswith("mode=") for o in overrides):
        given["mode"] = "model"
    overrides += [f"{key}={value}" for key, value in given.items() if value != ""]
    settings = load_settings(QuerySettings, "query", config, overrides)
    console = Console(quiet=quiet, verbose=verbose)
    how = Ask(path_glob=path, lang=lang, kind=kind)
    if jsonl:
        with Expert(settings, console, repo) as expert:
            refuse_empty(expert.graph, how)
            code = _batch(expert, how, strict_fresh)
        raise typer.Exit(code)
    if question and text:
        raise UsageError("the question is given twice", "either as an argument or as --question")
    asked = show.read_question(question or text)
    if not asked:
        raise UsageError("there is no question", 'nanodex query "Where is main defined?"')
    with Expert(settings, console, repo) as expert:
        refuse_empty(expert.graph, how)
        if follow:
            how = Sessions.open().carry(expert.key, how)
        live = show.Live(sys.stdout) if not (no_stream or as_json) and settings.mode != "extractive" else None
        try:
            answer = expert.ask(asked, how, live)
        finally:
            if live is not None:
                live.end()
        try:
            Sessions.open().remember(expert.key, answer, goes_on=follow)
        except StorageError as error:  # the answer stands without
            console.warn(f"{error.message}; {error.hint}")
        stale = answer.stale if strict_fresh else ""
        if stale and as_json:  # one object: the error
            raise _refused(expert, stale)
        style = show.style(color, hyperlinks, expert)
        print(
            show.as_json(answer) if as_json else show.render(answer, style, why=why, streamed=bool(live and live.shown))
        )
        if stale:
            raise _refused(expert, stale)
    raise typer.Exit(answer.exit_code)


def _refused(expert: Expert, stale: str) -> StaleIndex:
    return StaleIndex(stale, extract_again(expert.repo or expert.graph.manifest.root, "brain"))


def _batch(expert: Expert, how: Ask, strict_fresh: bool) -> int:
    """One question per line of stdin, answers in the same order, an error as a row of its own."""
    import json

    from inference import show

    worst = 0
    for raw in sys.stdin.buffer:
        line = raw.decode("utf-8", "replace").strip()
        if not line:
            continue
        try:
            answer: Answer = expert.ask(show.batch_question(line), how)
            if strict_fresh and answer.stale:
                raise _refused(expert, answer.stale)
            print(show.as_json(answer), flush=True)
            worst = max(worst, answer.exit_code)
        except NanodexError as error:
            row = {
                "error": {"code": error.exit_code, "hint": typed_here(error.hint), "message": error.message},
                "question": line,
            }
            print(json.dumps(row, ensure_ascii=False, sort_keys=True), flush=True)
            worst = max(worst, error.exit_code if isinstance(error, StaleIndex) else 1)
    return worst


app = typer.Typer(add_completion=False, no_args_is_help=False, pretty_exceptions_enable=False)
app.command("query")(query)


if __name__ == "__main__":
    sys.exit(run_app(app))
