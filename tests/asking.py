"""The shop, extracted and learnt for real, and an expert to ask about it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brain.build import run as learn
from config.console import Console
from config.settings import BrainSettings, ExtractSettings, QuerySettings
from extractor.extract import run as extract
from inference.answer import Expert

SHOP = Path(__file__).parent / "fixtures" / "shop"
QUIET = Console(quiet=True)


def index(repo: Path, out: Path) -> Path:
    """Extract `repo` and derive its brain below `out`; the graph's path."""
    graph = out / "graph.sqlite"
    extract(ExtractSettings(out_graph=graph, workers=1), QUIET, repo)
    learn(BrainSettings(graph=graph, out_dir=out / "nodes"), QUIET)
    return graph


def write(files: Mapping[str, str], folder: Path) -> Path:
    """A repository in `folder`, made of these texts."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def index_shop(folder: Path) -> Path:
    """A copy of the shop in `folder`, indexed."""
    shutil.copytree(SHOP, folder / "shop")
    return index(folder / "shop", folder / "brain")


def expert(graph: Path, repo: Path | None = None, **settings: Any) -> Expert:
    return Expert(QuerySettings(graph=graph, **settings), QUIET, repo)
