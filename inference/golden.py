"""One question end to end, just after a server has started: retrieved here, answered there, its citation checked again.

The question is about the first symbol that the adapter was trained on and that the local index knows. Without such an index
there is nothing to ask; a poor answer is worth knowing and no reason to stop the server.
"""

from __future__ import annotations

from config.console import Console
from config.errors import InputError, extract_again
from config.settings import QuerySettings, load_settings
from extractor.graph import Graph
from inference.checks import Check, ok, warn
from inference.freshness import other_commit
from trainer.pack import Pack


def ask_golden(url: str, model: str, pack: Pack | None, console: Console) -> list[Check]:
    """No check when this machine holds no index of the pack's project. Raises BackendError when the server fails."""
    settings = load_settings(QuerySettings, "query")
    if pack is None or not settings.graph.is_file():
        return []
    question = _question(settings, pack)
    if not question:
        return []
    from inference.answer import ask

    apart = _apart(settings, pack)
    asked = settings.model_copy(update={"mode": "both", "endpoint": url, "model": model})
    answer = ask(question, asked, console)
    cited = [str(citation) for citation in answer.citations if citation.verified]
    if answer.answered and cited:
        return [*apart, ok("golden question", f"{question} {', '.join(cited[:2])}")]
    return [*apart, warn("golden question", f"{question} was not answered with a checked citation", "nanodex doctor")]


def _apart(settings: QuerySettings, pack: Pack) -> list[Check]:
    """A warning when the pack and the index beside it are of different states of the repository."""
    with Graph(settings.graph) as graph:
        source = graph.manifest
    told = other_commit(pack.commit, source.commit)
    again = extract_again(source.root, "brain")
    return [warn("commit", told, f"nanodex train lora --refresh, or {again} for the index")] if told else []


def _question(settings: QuerySettings, pack: Pack) -> str:
    try:
        with Graph(settings.graph) as graph:
            if graph.manifest.project != pack.project:
                return ""
            known = next((node for node in map(graph.node, pack.nodes) if node is not None and "#" in node.id), None)
    except InputError:
        return ""  # an unreadable index is the doctor's business; the server does not need it
    return f"Where is {known.id.partition('#')[2].partition('@')[0]} defined?" if known else ""
