"""The front door: one command per stage. It wires stages, prints their reports and maps errors to exit codes; nothing else."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

import typer

from config.cli import (
    ConfigOption,
    JsonOption,
    QuietOption,
    RepoOption,
    SetOption,
    VerboseOption,
    VersionOption,
    run_app,
)
from config.console import Console, plural
from inference.query import query

app = typer.Typer(
    name="nanodex",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
GRAPH, MODELS = Path("brain/graph.sqlite"), Path("models")
GraphOption = Annotated[Path, typer.Option(metavar="DB", help="The graph; the index lies beside it.")]
ModelsOption = Annotated[Path, typer.Option(metavar="DIR", help="Where the adapter packs lie.")]


@app.callback()
def common(version: VersionOption = False) -> None:
    """Compile any codebase into a portable domain expert: extract, brain, dataset, train, then query or serve."""


class Report(Protocol):
    """What every stage returns: lines for people, a dictionary for --json."""

    def lines(self) -> list[str]: ...

    def as_json(self) -> dict[str, Any]: ...


def show(report: Report, as_json: bool) -> None:
    """Print a report on stdout."""
    if as_json:
        print(json.dumps(report.as_json(), indent=2, sort_keys=True, ensure_ascii=False))
    else:
        print("\n".join(report.lines()))


@app.command()
def extract(
    repo: Annotated[Path, typer.Argument(help="The repository's root.")],
    out: Annotated[Path | None, typer.Option(metavar="DB", help="The graph database.")] = None,
    scip: Annotated[Path | None, typer.Option(metavar="FILE", help="A SCIP index to overlay.")] = None,
    cluster: Annotated[str, typer.Option(metavar="ADDRESS", help="Parse on a Dask cluster, as tcp://host:8786.")] = "",
    config: ConfigOption = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Source code to a code graph in SQLite."""
    from config.settings import ExtractSettings, load_settings
    from extractor.extract import run

    settings = load_settings(ExtractSettings, "extract", config, set_ or ())
    if out:
        settings = settings.model_copy(update={"out_graph": out})
    show(run(settings, Console(quiet=quiet, verbose=verbose), repo, scip, cluster), as_json)


@app.command()
def inspect(
    question: Annotated[
        Literal["overview", "callers", "callees", "raises", "path"],
        typer.Argument(help="overview: what the graph holds."),
    ] = "overview",
    symbols: Annotated[list[str] | None, typer.Argument(metavar="SYMBOL…", help="One symbol; two for path.")] = None,
    graph: GraphOption = GRAPH,
    as_json: JsonOption = False,
) -> None:
    """What the graph holds, and exact answers from its edges."""
    from config.errors import UsageError
    from extractor import inspection
    from extractor.graph import Graph

    names = symbols or []
    wanted = {"overview": 0, "path": 2}.get(question, 1)
    if len(names) != wanted:
        takes = plural(wanted, "symbol")
        raise UsageError(f"inspect {question} takes {takes}, not {len(names)}", "nanodex inspect --help")
    with Graph(graph) as opened:
        if question == "overview":
            show(inspection.overview(opened), as_json)
        elif question == "path":
            show(inspection.path(opened, names[0], names[1]), as_json)
        else:
            asked = {"callers": inspection.callers, "callees": inspection.callees, "raises": inspection.raises}
            answers = asked[question](opened, names[0])
            if as_json:
                found = [answer.as_json() for answer in answers]
                print(json.dumps(found, indent=2, sort_keys=True, ensure_ascii=False))
            else:
                print("\n".join(line for answer in answers for line in answer.lines()))


@app.command()
def status(
    repo: RepoOption = None,
    graph: GraphOption = GRAPH,
    models: ModelsOption = MODELS,
    as_json: JsonOption = False,
) -> None:
    """What exists, what is stale, and the one command to run next."""
    from inference.standing import standing

    show(standing(graph, repo, models), as_json)


@app.command()
def brain(
    repo: RepoOption = None,
    config: ConfigOption = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Graph to typed knowledge: ontology, notes and the search index."""
    from brain.build import run
    from config.settings import BrainSettings, load_settings

    settings = load_settings(BrainSettings, "brain", config, set_ or ())
    show(run(settings, Console(quiet=quiet, verbose=verbose), repo), as_json)


@app.command()
def embed(
    config: ConfigOption = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Vectors for search: MiniLM from its wheel, or any embeddings server."""
    from brain.embed import run
    from config.settings import BrainSettings, load_settings

    show(run(load_settings(BrainSettings, "brain", config, set_ or ()), Console(quiet=quiet, verbose=verbose)), as_json)


@app.command()
def search(
    question: Annotated[str, typer.Argument(help="What to look for.")] = "",
    k: Annotated[int, typer.Option("-k", min=1, help="Results.")] = 10,
    path: Annotated[str, typer.Option(metavar="GLOB", help="Only files that match.")] = "",
    kind: Annotated[list[str] | None, typer.Option(metavar="TYPE", help="Only nodes of this type; repeatable.")] = None,
    related: Annotated[str, typer.Option(metavar="FILE:LINE", help="What belongs to the code on this line.")] = "",
    literal: Annotated[bool, typer.Option("--literal", help="Lines that hold the text as it is.")] = False,
    vectors: Annotated[bool, typer.Option("--vectors", help="By meaning too, with what embed made.")] = False,
    why: Annotated[bool, typer.Option("--why", help="Also print what placed each result.")] = False,
    graph: GraphOption = GRAPH,
    as_json: JsonOption = False,
) -> None:
    """Ranked passages of the repository, without weights."""
    from brain import search as finder
    from config.errors import UsageError

    if bool(question) == bool(related):
        raise UsageError(
            "search takes a question or --related FILE:LINE", 'nanodex search "where are retries configured"'
        )
    if related:
        found = finder.related(graph, related, k)
    elif literal:
        found = finder.literal(graph, question, k, path)
    else:
        found = finder.search(graph, question, k, path, kind or (), finder.embedder_of(graph) if vectors else None)
    if as_json:
        show(found, True)
    else:
        colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        print("\n".join(found.lines(why, colour)))


@app.command()
def dataset(
    preview: Annotated[int, typer.Option(metavar="N", min=0, help="Print N rows to read instead of making them.")] = 0,
    form: Annotated[
        str, typer.Option("--format", metavar="NAME", help="Also write the rows as messages, sharegpt, alpaca or text.")
    ] = "",
    config: ConfigOption = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Knowledge to questions and answers, with held-out splits."""
    from config.settings import DatasetSettings, load_settings
    from dataset import generate, views

    settings = load_settings(DatasetSettings, "dataset", config, set_ or ())
    if preview:
        show(views.preview(settings.out_jsonl, preview, settings.seed), as_json)
        return
    if form:
        views.check_format(form)
    console = Console(quiet=quiet, verbose=verbose)
    report = generate.run(settings, console)
    for path in views.export(settings.out_jsonl, form) if form else ():
        console.note(f"wrote {path}")
    show(report, as_json)


@app.command()
def train(
    method: Annotated[Literal["lora", "qlora", "tiny"], typer.Argument(help="tiny: the embedded base, on a CPU.")],
    base: Annotated[str, typer.Option(help="A local folder or a hub id.")] = "",
    dataset: Annotated[str, typer.Option(metavar="JSONL", help="Training rows.")] = "",
    out: Annotated[str, typer.Option(metavar="DIR", help="The adapter pack.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")] = False,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Go on from the current adapter with what changed.")
    ] = False,
    stage: Annotated[
        Literal["sft", "dpo", "grpo"], typer.Option(help="dpo and grpo go on from the current adapter.")
    ] = "sft",
    allow_unserveable: Annotated[
        bool, typer.Option("--allow-unserveable", help="Train what vLLM cannot serve.")
    ] = False,
    config: ConfigOption = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Examples to a LoRA adapter pack."""
    from config.settings import TrainSettings, load_settings
    from trainer.train import run

    settings = load_settings(TrainSettings, f"train_{method}", config, set_ or ())
    console = Console(quiet=quiet, verbose=verbose)
    report = run(
        settings,
        console,
        method,
        base,
        dataset,
        out,
        dry_run=dry_run,
        refresh=refresh,
        stage=stage,
        allow_unserveable=allow_unserveable,
    )
    show(report, as_json)


@app.command()
def adapters(
    action: Annotated[
        Literal["list", "show", "diff"], typer.Argument(help="diff compares two, the second current when absent.")
    ],
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]…", help="A pack's name, family or folder.")
    ] = None,
    models: ModelsOption = MODELS,
    as_json: JsonOption = False,
) -> None:
    """The adapter packs below models/."""
    from config.errors import UsageError
    from trainer.adapters import diff_adapters, list_adapters, show_adapter

    given = names or []
    if not {"list": 0, "show": 0, "diff": 1}[action] <= len(given) <= {"list": 0, "show": 1, "diff": 2}[action]:
        raise UsageError(f"adapters {action} does not take {plural(len(given), 'name')}", "nanodex adapters --help")
    if action == "list":
        show(list_adapters(models), as_json)
    elif action == "show":
        show(show_adapter(given[0] if given else "", models), as_json)
    else:
        show(diff_adapters(given[0], given[1] if len(given) > 1 else "", models), as_json)


@app.command()
def export(
    form: Annotated[Literal["merged", "gguf", "ollama"], typer.Argument(help="What another server reads.")],
    adapter: Annotated[str, typer.Option(help="The adapter pack; the current one when absent.")] = "",
    base: Annotated[str, typer.Option(help="The base model; the pack's own when absent.")] = "",
    out: Annotated[Path | None, typer.Option(help="Where to; beside the pack when absent.")] = None,
    models: ModelsOption = MODELS,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """An adapter merged, as GGUF, or with an Ollama Modelfile."""
    from trainer.adapters import find_pack
    from trainer.export import run_export

    show(run_export(find_pack(adapter, models).path, form, Console(quiet=quiet), out, base), as_json)


@app.command()
def serve(
    base: Annotated[str, typer.Option(help="The base model; the pack's own when absent.")] = "",
    adapter: Annotated[str, typer.Option(help="The adapter pack; the only one below models/ when absent.")] = "",
    check: Annotated[bool, typer.Option("--check", help="Run the preflight and stop.")] = False,
    print_for: Annotated[
        str, typer.Option("--print", metavar="vllm|tgi", help="Print the server's command and stop.")
    ] = "",
    config: ConfigOption = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """The adapter behind an OpenAI-compatible vLLM server."""
    from config.settings import ServeSettings, load_settings
    from inference.serve import run

    settings = load_settings(ServeSettings, "serve", config, set_ or ())
    raise typer.Exit(run(settings, Console(quiet=quiet, verbose=verbose), base, adapter, check, print_for, as_json))


@app.command("eval")
def evaluate(
    adapter: Annotated[str, typer.Option(help="An adapter pack to score beside retrieval.")] = "",
    wrong: Annotated[str, typer.Option(help="The adapter of another repository, as a control.")] = "",
    endpoint: Annotated[str, typer.Option(metavar="URL", help="Score the expert served here.")] = "",
    sample: Annotated[int, typer.Option(min=1, help="Rows per split.")] = 200,
    git: Annotated[
        bool, typer.Option("--from-git", help="Ask for the repository's own commit subjects instead.")
    ] = False,
    interview: Annotated[int, typer.Option(metavar="N", min=0, help="Examine over N turns instead.")] = 0,
    repo: RepoOption = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the report and its picture go.")] = Path("reports"),
    config: ConfigOption = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Score the expert on the held-out splits.

    Exit 6 when a figure fell by more than two points since the last report of as many rows.
    """
    from config.settings import QuerySettings, load_settings
    from inference import examine
    from inference.evaluate import refuse_fallen, run

    named = [f"{key}={value}" for key, value in (("adapter", adapter), ("endpoint", endpoint)) if value]
    settings = load_settings(QuerySettings, "query", config, [*(set_ or ()), *named])
    console = Console(quiet=quiet, verbose=verbose)
    if git:
        show(examine.from_git(settings, console, repo=repo), as_json)
    elif interview:
        show(examine.interview(settings, console, turns=interview), as_json)
    else:
        report = run(settings, console, out=out, wrong=wrong, sample=sample)
        if not (as_json and report.fell):
            show(report, as_json)
        refuse_fallen(report)


@app.command()
def doctor(
    repo: RepoOption = None,
    models: ModelsOption = MODELS,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Check every stage, with the command that mends what fails."""
    from inference.doctor import run

    verdict = run(Console(quiet=quiet), models, repo)
    show(verdict, as_json)
    raise typer.Exit(verdict.exit_code)


app.command("query")(query)


def main() -> None:
    sys.exit(run_app(app))


if __name__ == "__main__":
    main()
