"""`nanodex status`: what the stages have left here, what of it is stale, and the one command to run next. Reads, never writes.

The doctor's checks of artefacts, without those of the machine, in the order in which the stages build on each other.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from brain.embed import vectors_path
from config.cli import typed_here
from config.errors import NanodexError
from config.settings import BrainSettings, DatasetSettings, load_settings
from extractor.status import Status, status_of
from inference.checks import Check, absent
from inference.doctor import check_brain, check_dataset, check_graph, check_packs, check_vectors

State = Literal["up to date", "stale", "missing", "broken"]
ASK: Final = 'nanodex query "…", or make serve'


@dataclass(frozen=True, slots=True)
class Artefact:
    """One thing a stage makes. `command` brings it up to date, "" when it is."""

    stage: str
    state: State
    detail: str
    command: str


@dataclass(frozen=True, slots=True)
class Standing:
    """`code` compares the graph with the repository, None when either is missing."""

    artefacts: tuple[Artefact, ...]
    code: Status | None

    @property
    def next(self) -> str:
        """The first command that something waits for: later stages build on earlier ones."""
        return next((one.command for one in self.artefacts if one.state != "up to date"), typed_here(ASK))

    def lines(self) -> list[str]:
        compared = self.code.lines() if self.code else []
        rows = [f"{one.stage:<8} {one.state:<11} {one.detail}" for one in self.artefacts]
        return [*compared, *rows, f"next: {self.next}"]

    def as_json(self) -> dict[str, Any]:
        code = self.code.as_json() if self.code else {"fresh": False}
        return {**code, "stages": [asdict(one) for one in self.artefacts], "next": self.next}


def standing(graph: Path, repo: Path | None = None, models: Path = Path("models")) -> Standing:
    """How things stand in this folder. `repo` overrides where the graph's manifest says the repository lies."""
    try:
        code = status_of(graph, repo)
    except NanodexError:
        code = None  # check_graph names the reason
    notes = load_settings(BrainSettings, "brain").out_dir
    train = load_settings(DatasetSettings, "dataset").out_jsonl
    artefacts = [
        *_artefacts("extract", list(check_graph(graph, repo))),
        *_artefacts("brain", list(check_brain(graph, notes)) or [absent("", "waits for the graph", "make brain")]),
        *(_artefacts("embed", list(check_vectors(graph))) if vectors_path(graph).is_file() else []),
        *_artefacts("dataset", list(check_dataset(graph, train))),
        *_artefacts("train", list(check_packs(models, graph))),
    ]
    return Standing(tuple(artefacts), code)


def _artefacts(stage: str, checks: list[Check]) -> list[Artefact]:
    """One row per check; a stage whose parts are all well takes one."""
    if all(check.status == "ok" for check in checks):
        return [Artefact(stage, "up to date", "; ".join(check.reason for check in checks), "")]
    return [
        Artefact(stage, _state(check), check.reason, typed_here(check.fix)) for check in checks if check.status != "ok"
    ]


def _state(check: Check) -> State:
    if check.status == "fail":
        return "broken"
    return "missing" if check.absent else "stale"
