"""The same files give the same graph, byte for byte: whatever the order, the number of processes, or the history of edits."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.console import Console
from config.settings import ExtractSettings
from extractor.assemble import assemble
from extractor.extract import run
from extractor.graph import Graph
from extractor.languages import spec_for
from extractor.parse import parse_file
from extractor.resolve import link

SHOP = Path(__file__).parent / "fixtures" / "shop"
QUIET = Console(quiet=True)


def dump(repo: Path, out: Path, workers: int = 1) -> list[str]:
    chosen = ExtractSettings(out_graph=out / "graph.sqlite", workers=workers)
    run(chosen, QUIET, repo)
    with Graph(chosen.out_graph) as graph:
        return list(graph.dump())


def test_the_order_of_files_does_not_matter() -> None:
    files = []
    for path in sorted(SHOP.rglob("*.py")):
        data = path.read_bytes()
        spec = spec_for(path.name, data)
        assert spec is not None
        files.append(parse_file(path.relative_to(SHOP).as_posix(), data, spec))
    forward = assemble(files, link(files, {}))
    backward = assemble(files[::-1], link(files[::-1], {}))
    assert sorted(n.id for n in forward[0]) == sorted(n.id for n in backward[0])
    assert sorted(map(repr, forward[1])) == sorted(map(repr, backward[1]))
    assert sorted(forward[2]) == sorted(backward[2])
    assert len(forward[0]) > 50


def test_linking_leaves_nothing_behind_that_holds_itself() -> None:
    """A run looks for no cycles: what is left of a program would stay to its end, and be looked through then."""
    root = Path(__file__).parents[1]
    files = []
    for path in sorted((root / "extractor" / "resolve").glob("python_*.py")):
        data = path.read_bytes()
        spec = spec_for(path.name, data)
        assert spec is not None
        files.append(parse_file(path.relative_to(root).as_posix(), data, spec))
    gc.collect()
    gc.disable()
    try:
        links = link(files, {})
        left = gc.collect()
    finally:
        gc.enable()
    assert left < len(links.edges)


def test_processes_and_hash_seeds_do_not_matter(tmp_path: Path) -> None:
    root = Path(__file__).parents[1]
    script = (
        "import sys; from pathlib import Path; import extractor.pool as pool\n"
        "pool.WORTH_A_POOL = 0; pool.BATCH_BYTES = 1000\n"
        "sys.path.insert(0, 'tests'); from test_determinism import dump\n"
        "sys.stdout.reconfigure(encoding='utf-8')\n"
        "print('\\n'.join(dump(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))))\n"
    )
    outputs = []
    for seed, workers in (("0", "1"), ("1", "2"), ("2", "2")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)}
        done = subprocess.run(
            [sys.executable, "-c", script, str(SHOP), str(tmp_path / seed), workers],
            cwd=root, env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        outputs.append(done.stdout)
    assert len(outputs[0].splitlines()) > 100
    assert outputs[0] == outputs[1] == outputs[2]


FILES = ["src/shop/cart.py", "src/shop/pricing.py", "src/shop/errors.py", "src/shop/gateway.py", "src/shop/__init__.py"]
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["append", "delete", "restore", "rename", "rebase", "shadow", "drop line"]),
        st.sampled_from(FILES),
        st.integers(0, 40),
    ),
    min_size=1,
    max_size=4,
)


def edit(repo: Path, kind: str, name: str, number: int) -> None:
    path = repo / name
    if kind == "restore":
        shutil.copy(SHOP / name, path)
    elif kind == "rename" and path.exists():
        path.rename(path.with_name(f"moved_{number}.py"))
    elif kind == "delete":
        path.unlink(missing_ok=True)
    elif path.exists():
        text = path.read_text()
        if kind == "append":
            text += f"\n\ndef added_{number}(cart):\n    return Cart().total() + price_of(cart, {number})\n"
        elif kind == "rebase":
            text = text.replace("(ShopError)", "(ValueError)").replace("(Gateway)", "(object)")
        elif kind == "shadow":
            text = text.replace("def price_of", "price_of = len\n\n\ndef price_off").replace("requests", "shop")
        else:
            lines = text.split("\n")
            del lines[number % len(lines)]
            text = "\n".join(lines)
        path.write_text(text)


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(EDITS)
def test_an_incremental_graph_is_the_clean_one(edits: list[tuple[str, str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repo = Path(shutil.copytree(SHOP, Path(folder) / "repo"))
        dump(repo, Path(folder) / "kept")
        for step, change in enumerate(edits):
            edit(repo, *change)
            assert dump(repo, Path(folder) / "kept") == dump(repo, Path(folder) / f"clean{step}"), change
