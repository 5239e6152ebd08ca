"""The same map over a Dask cluster: same bytes out. Needs the extra `cluster`."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.console import Console
from config.errors import BackendError, UsageError
from config.settings import ExtractSettings
from extractor.extract import run
from extractor.graph import Graph

SHOP = Path(__file__).parent / "fixtures" / "shop"


def dump(out: Path, cluster: str = "") -> list[str]:
    chosen = ExtractSettings(out_graph=out / "graph.sqlite", workers=1)
    run(chosen, Console(quiet=True), SHOP, None, cluster)
    with Graph(chosen.out_graph) as graph:
        return list(graph.dump())


def test_a_cluster_makes_the_same_graph(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="pip install 'nanodex[cluster]' to run this")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        assert dump(tmp_path / "far", cluster.scheduler_address) == dump(tmp_path / "near")


def test_without_the_extra_or_a_scheduler_the_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises((UsageError, BackendError)) as caught:
        dump(tmp_path, "tcp://127.0.0.1:9")
    assert caught.value.hint in ("pip install 'nanodex[cluster]'", "start one: dask scheduler")
