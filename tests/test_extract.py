"""The stage from a work tree to a graph: what is in it, what a rerun does, and every kind of bad input."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from config.console import Console
from config.errors import InputError, MissingInput, StorageError
from config.manifest import manifest_path, read_manifest
from config.settings import ExtractSettings
from extractor import extract, schema
from extractor.cache import FactsCache
from extractor.extract import run
from extractor.facts import FileFacts
from extractor.graph import Graph, write_brain
from extractor.languages import SPECS
from extractor.parse import Source
from extractor.report import ExtractReport
from extractor.schema import Node
from extractor.status import status_of
from extractor.walk import Walk, walk

SHOP = Path(__file__).parent / "fixtures" / "shop"
QUIET = Console(quiet=True)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A copy of the shop outside any git repository."""
    return Path(shutil.copytree(SHOP, tmp_path / "shop"))


def settings(root: Path, **values: object) -> ExtractSettings:
    return ExtractSettings.model_validate({"out_graph": root.parent / "out" / "graph.sqlite", "workers": 1, **values})


def extracted(root: Path, **values: object) -> tuple[Graph, ExtractReport]:
    chosen = settings(root, **values)
    report = run(chosen, QUIET, root)
    return Graph(chosen.out_graph), report


def commit_all(root: Path) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


def test_the_shop_becomes_a_graph(shop: Path) -> None:
    graph, report = extracted(shop)
    add = graph.node("py:src/shop/cart.py#Cart.add")
    assert add is not None
    assert add.type == "method"
    assert add.meta["signature"].startswith("def add(self, product: Product, quantity: int = 1)")
    assert [p["name"] for p in add.meta["params"]] == ["self", "product", "quantity"]
    assert add.meta["doc"].startswith("Put a product into the cart.")
    assert add.lines == (30, 36)
    container = {e.dst for e in graph.edges(("defined_in",), src=add.id)}
    assert container == {"py:src/shop/cart.py#Cart"}
    assert {e.dst for e in graph.edges(("defined_in",), src="py:src/shop/cart.py")} == {"py:src/shop/"}
    assert graph.file("README.md") is not None
    assert report.nodes == graph.count("nodes", "type")
    assert any("citations carry content hashes" in note for note in report.notes)
    assert json.loads(json.dumps(report.as_json()))["files"] == report.files


@pytest.mark.parametrize("name", ["py_cases", "cpp_json", "ts_dynamic"])
def test_a_graph_speaks_in_the_words_of_the_schema(name: str, tmp_path: Path) -> None:
    shutil.copytree(SHOP.parent / name, tmp_path / "r")
    graph, _ = extracted(tmp_path / "r")
    assert graph.count("nodes", "type").keys() <= set(schema.NODE_TYPES)
    assert graph.count("edges", "kind").keys() <= set(schema.EDGE_KINDS)
    assert graph.count("unresolved", "reason").keys() <= set(schema.UNRESOLVED_REASONS)
    assert graph.count("files", "status").keys() <= set(schema.FILE_STATUSES)


def test_the_shop_s_calls_and_errors(shop: Path) -> None:
    graph, _ = extracted(shop, languages=["python"])
    calls = {(e.src.partition("#")[2], e.dst) for e in graph.edges(("calls",), src="py:src/shop/checkout.py#checkout")}
    assert ("checkout", "py:src/shop/pricing.py#apply") in calls
    assert ("checkout", "py:src/shop/gateway.py#open_gateway") in calls
    assert ("checkout", "py:src/shop/cart.py#Cart.total") in calls
    thrown = {e.dst: e.meta for e in graph.edges(("throws",), src="py:src/shop/catalog.py#Catalog.take")}
    assert thrown["py:src/shop/errors.py#OutOfStock"]["how"] == "direct"
    assert thrown["py:src/shop/errors.py#UnknownProduct"]["callee"] == "py:src/shop/catalog.py#Catalog.find"
    retry = [e.dst for e in graph.edges(("throws",), src="py:src/shop/checkout.py#try_checkout")]
    assert "py:src/shop/errors.py#PaymentDeclined" not in retry, "its handler catches it"


def test_content_hashes_are_those_of_the_file(shop: Path) -> None:
    from extractor.schema import span_hash

    graph, _ = extracted(shop)
    symbols = [n for n in graph.nodes() if "content_hash" in n.meta]
    assert len(symbols) > 30
    for node in symbols:
        assert node.meta["content_hash"] == span_hash((shop / node.path).read_bytes(), *node.lines), node.id


def test_a_rerun_has_nothing_to_do_and_says_so(shop: Path) -> None:
    graph, _ = extracted(shop)
    before = graph.path.stat().st_mtime_ns
    _, again = extracted(shop)
    assert again.up_to_date
    assert "is up to date" in again.lines()[0]
    assert graph.path.stat().st_mtime_ns == before


def test_a_changed_document_leaves_nodes_and_the_brain_alone(shop: Path) -> None:
    graph, _ = extracted(shop)
    write_brain(graph.path, [Node("concept:tea", "concept", "tea", "", "", {}, "brain")], [])
    (shop / "README.md").write_text("changed\n")
    (shop / "notes.txt").write_text("new\n")
    after, report = extracted(shop)
    assert report.up_to_date
    assert after.node("concept:tea") is not None
    assert after.file("README.md").sha256 == hashlib.sha256(b"changed\n").hexdigest()  # type: ignore[union-attr]
    clean = ExtractSettings(out_graph=shop.parent / "clean" / "graph.sqlite", workers=1)
    run(clean, QUIET, shop)
    assert list(after.dump()) == list(Graph(clean.out_graph).dump())
    kept, made = read_manifest(after.path), read_manifest(clean.out_graph)
    assert kept == made


def test_a_graph_inside_its_own_repository_is_no_part_of_it(shop: Path) -> None:
    inside = {"out_graph": shop / "brain" / "graph.sqlite"}
    graph, _ = extracted(shop, **inside)
    (shop / "brain" / "nodes").mkdir()
    (shop / "brain" / "nodes" / "a.json").write_text("{}")
    (shop / "brain" / "nodes.manifest.json").write_text("{}")
    (shop / "brain" / "index.sqlite").write_text("")
    (shop / "models" / "shop-nanodex-lora.v1").mkdir(parents=True)
    (shop / "models" / "shop-nanodex-lora.v1" / "README.md").write_text("")
    (shop / "models" / "shop-nanodex-lora").symlink_to("shop-nanodex-lora.v1")
    before = graph.path.read_bytes()
    assert extracted(shop, **inside)[1].up_to_date
    assert graph.path.read_bytes() == before
    assert [row.path for row in graph.files() if row.path.startswith(("brain", "models"))] == []


def test_only_what_changed_is_parsed_again(shop: Path) -> None:
    extracted(shop)
    (shop / "src/shop/pricing.py").write_text("def price_of(product, quantity):\n    return 1\n")
    graph, report = extracted(shop)
    assert report.parsed == 1
    assert graph.node("py:src/shop/pricing.py#bulk_discount") is None


def test_other_settings_make_another_graph(shop: Path) -> None:
    extracted(shop)
    graph, report = extracted(shop, exclude=["tests/"])
    assert not report.up_to_date
    assert graph.node("py:tests/test_cart.py") is None


def test_a_graph_is_made_anew_when_any_code_that_assembles_it_has_changed() -> None:
    """What `assemble` imports, and what that imports, is in the version of the linker; facts have a version of their own."""
    package, found, pending = Path(extract.__file__).parent, {"facts"}, ["assemble"]
    while pending:
        name = pending.pop()
        imports = re.findall(r"^from extractor\.(\w+) import", (package / f"{name}.py").read_text(), re.MULTILINE)
        pending += [module for module in imports if module not in found and (package / f"{module}.py").is_file()]
        found.update(pending)
    assert {"raises", "sayings", "switches"} < found - {"facts"} <= {*extract._LINKING}


def test_deleted_caches_and_graphs_come_back(shop: Path) -> None:
    graph, _ = extracted(shop)
    before = list(graph.dump())
    graph.path.unlink()
    graph.path.with_name("facts.cache.sqlite").write_bytes(b"no database")
    assert list(extracted(shop)[0].dump()) == before


def test_a_cache_damaged_in_the_middle_is_deleted_and_the_next_run_completes(shop: Path) -> None:
    for number in range(60):
        (shop / f"more_{number}.py").write_text("def f():\n    return g(1)\n" * 40)
    graph, _ = extracted(shop)
    before = list(graph.dump())
    cache = graph.path.with_name("facts.cache.sqlite")
    data = bytearray(cache.read_bytes())
    data[8192 : len(data) - 4096] = b"\xff" * (len(data) - 12288)
    cache.write_bytes(data)
    graph.path.unlink()
    with pytest.raises(StorageError, match="was damaged and is deleted"):
        extracted(shop)
    assert list(extracted(shop)[0].dump()) == before


def test_a_cache_in_use_is_left_alone(shop: Path) -> None:
    graph, _ = extracted(shop)
    cache = graph.path.with_name("facts.cache.sqlite")
    data = cache.read_bytes()
    other = sqlite3.connect(cache, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StorageError, match="locked"):
        FactsCache(cache, wait_s=0.1)
    other.close()
    assert cache.read_bytes() == data


def test_commit_and_dirty_files_are_recorded(shop: Path) -> None:
    commit_all(shop)
    chosen = settings(shop)
    run(chosen, QUIET, shop)
    first = read_manifest(chosen.out_graph)
    assert first is not None
    assert (len(first.commit), first.counts["dirty"]) == (40, [])
    (shop / "src/shop/new.py").write_text("x = 1\n")
    (shop / "README.md").write_text("changed\n")
    (shop / "docs/errors.rst").unlink()
    assert status_of(chosen.out_graph).lines()[1:] == [
        "  changed 1: README.md",
        "  added 1: src/shop/new.py",
        "  deleted 1: docs/errors.rst",
    ]
    run(chosen, QUIET, shop)
    second = read_manifest(chosen.out_graph)
    assert second is not None
    assert second.counts["dirty"] == ["README.md", "docs/errors.rst", "src/shop/new.py"]
    assert status_of(chosen.out_graph).fresh
    commit_all(shop)
    third = run(chosen, QUIET, shop)
    assert third.up_to_date, "a commit changes no file"
    assert read_manifest(chosen.out_graph).commit == third.commit != first.commit  # type: ignore[union-attr]


def test_no_repository_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(MissingInput, match="there is no"):
        run(settings(tmp_path / "nowhere"), QUIET, tmp_path / "nowhere")
    (tmp_path / "a.py").write_text("")
    with pytest.raises(InputError, match="is a file"):
        run(settings(tmp_path / "a.py"), QUIET, tmp_path / "a.py")


def test_a_repository_without_source_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingInput, match="it is empty"):
        run(settings(tmp_path / "empty"), QUIET, tmp_path / "empty")
    assert not list((tmp_path / "empty").iterdir())
    (tmp_path / "empty" / "main.zig").write_text("const std = 1;\n")
    with pytest.raises(MissingInput, match=r"no parser for \.zig 1"):
        run(settings(tmp_path / "empty"), QUIET, tmp_path / "empty")


def test_a_line_of_the_report_names_the_most_and_counts_the_rest(shop: Path) -> None:
    for number in range(30):
        (shop / f"odd.x{number:02}").write_text("x")
    _, report = extracted(shop)
    line = next(line for line in report.lines() if "skipped:" in line)
    assert line.count("no parser for .x") < 12
    assert line.endswith(f"more of {len(report.skipped) - 12} kinds")
    named = sum(list(report.skipped.values())[:12])
    assert f"and {sum(report.skipped.values()) - named} more" in line


def test_bad_files_are_rows_with_a_reason(shop: Path) -> None:
    bad = shop / "bad"
    bad.mkdir()
    (bad / "syntax.py").write_text(
        "def good():\n    return 1\n\n\ndef broken():\n    x = = 2\n\n\ndef also_good():\n    pass\n"
    )
    (bad / "blanks.cpp").write_text('#include "a.h"  \nint one() { return 1; }\n')
    (bad / "latin.py").write_bytes(b'"""caf\xe9"""\nNAME = 1\n')
    (bad / "cookie.py").write_bytes(b'# -*- coding: cp1251 -*-\n"""\xcf\xf0\xe8\xe2\xe5\xf2"""\n')
    (bad / "wrong.py").write_bytes(b"# coding: no-such-codec\n")
    (bad / "bom.py").write_bytes(b"\xef\xbb\xbf'''with a mark'''\n")
    (bad / "wide.py").write_bytes("x = 1\n".encode("utf-16"))
    (bad / "empty.py").write_bytes(b"")
    (bad / "nul.py").write_bytes(b"x = 1\0\n")
    (bad / "big.py").write_bytes(b"x = 1\n" * 20_000)
    (bad / "deep.py").write_text("x = " + "(\n" * 3000 + "1" + ")\n" * 3000)
    (bad / "long.py").write_text("x = 1 " + "+ 1 " * 30_000 + "\n")
    (bad / "crlf.py").write_bytes(b"def f():\r\n    return 1\r\n")
    graph, _ = extracted(shop, max_file_bytes=100_000)
    rows = {row.path.removeprefix("bad/"): row for row in graph.files() if row.path.startswith("bad/")}
    assert rows["syntax.py"].status == "partial"
    assert "syntax errors at lines" in rows["syntax.py"].reason
    assert graph.node("py:bad/syntax.py#good") is not None
    assert (rows["blanks.cpp"].status, rows["blanks.cpp"].reason) == ("ok", "")
    assert (rows["latin.py"].status, rows["cookie.py"].status, rows["bom.py"].status) == ("ok", "ok", "ok")
    assert graph.node("py:bad/latin.py").meta["doc"] == "café"  # type: ignore[union-attr]
    assert graph.node("py:bad/cookie.py").meta["doc"] == "Привет"  # type: ignore[union-attr]
    assert graph.node("py:bad/bom.py").meta["doc"] == "with a mark"  # type: ignore[union-attr]
    assert rows["wrong.py"].reason == "declares an encoding nobody knows: no-such-codec"
    assert rows["wide.py"].reason.startswith("encoded as UTF-16")
    assert rows["empty.py"].status == "ok"
    assert rows["nul.py"].reason == "binary"
    assert rows["big.py"].reason == "larger than 100,000 bytes"
    assert rows["deep.py"].status in ("ok", "partial", "failed")
    assert rows["long.py"].reason == "larger than 100,000 bytes"
    assert graph.node("py:bad/crlf.py#f").lines == (1, 2)  # type: ignore[union-attr]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_a_row(shop: Path) -> None:
    (shop / "locked.py").write_text("x = 1\n")
    (shop / "locked.py").chmod(0)
    graph, _ = extracted(shop)
    assert graph.file("locked.py").reason == "cannot be read: Permission denied"  # type: ignore[union-attr]


def test_a_file_that_vanishes_is_a_row(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def walk_then_delete(root: Path, exclude: Sequence[str], tracked: Iterable[str]) -> Walk:
        listing = walk(root, exclude, tracked)
        (shop / "src/shop/pricing.py").unlink()
        return listing

    monkeypatch.setattr("extractor.extract.walk", walk_then_delete)
    graph, _ = extracted(shop)
    row = graph.file("src/shop/pricing.py")
    assert row is not None
    assert (row.status, row.reason) == ("failed", "vanished while it was being read")


def test_a_killed_run_leaves_the_old_graph_and_the_next_completes(shop: Path) -> None:
    graph, _ = extracted(shop)
    before = list(graph.dump())
    (shop / "src/shop/pricing.py").write_text("x = 1\n")
    script = (
        "import os, sys; from pathlib import Path; import extractor.extract as e\n"
        "from config.console import Console; from config.settings import ExtractSettings\n"
        "e.write_graph = lambda *a: os.kill(os.getpid(), 9)\n"
        "e.run(ExtractSettings(out_graph=Path(sys.argv[2]), workers=1), Console(quiet=True), Path(sys.argv[1]))\n"
    )
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", script, str(shop), str(graph.path)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        check=False,
    )
    assert done.returncode == -9
    assert list(Graph(graph.path).dump()) == before
    after, report = extracted(shop)
    assert report.parsed == 0, "the killed run had stored its facts"
    assert after.node("py:src/shop/pricing.py#price_of") is None


def test_a_graph_without_its_manifest_is_made_again(shop: Path) -> None:
    graph, _ = extracted(shop)
    manifest_path(graph.path).unlink()
    assert not extracted(shop)[1].up_to_date


def test_secrets_reach_no_artefact(shop: Path) -> None:
    canary = "AKIA" + "QX7CANARY0TEST12"
    (shop / "src/shop/keys.py").write_text(
        f'"""Deploy with {canary}."""\n\nKEY = "{canary}"\n\n\ndef use(key="{canary}"):\n    raise ValueError("bad {canary}")\n'
    )
    graph, _ = extracted(shop)
    for artefact in graph.path.parent.iterdir():
        assert canary.encode() not in artefact.read_bytes(), artefact.name
    assert "<SECRET:aws:" in graph.node("py:src/shop/keys.py").meta["doc"]  # type: ignore[union-attr]


def test_a_front_end_s_fault_is_a_row(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from extractor.parse import python

    real = python.parse

    def fail_on_cart(source: Source) -> FileFacts:
        if source.path.endswith("cart.py"):
            raise IndexError("off by one")
        return real(source)

    monkeypatch.setattr(python, "parse", fail_on_cart)
    graph, report = extracted(shop)
    row = graph.file("src/shop/cart.py")
    assert row is not None
    assert (row.status, row.reason) == ("failed", "its parser failed: IndexError: off by one")
    assert report.failed >= 1


def test_a_linker_s_fault_costs_one_language_and_is_said(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from extractor.resolve import typescript

    monkeypatch.setattr(typescript, "link", lambda files, configs: [][0])
    graph, report = extracted(shop)
    assert any("2 typescript files not linked, please report it: IndexError" in note for note in report.notes)
    assert graph.node("ts:web/basket.ts#total") is not None
    assert list(graph.edges(("calls",), src="py:src/shop/checkout.py#checkout")) != []


def test_every_language_of_the_settings_has_a_grammar_spec() -> None:
    from typing import get_args

    from config.settings import Language

    assert {spec.entry for spec in SPECS} == set(get_args(Language))


def test_a_thousand_files_of_one_name_are_quick(tmp_path: Path) -> None:
    root = tmp_path / "many"
    for i in range(1000):
        (root / f"d{i}").mkdir(parents=True)
        (root / f"d{i}" / "util.py").write_text(f"def f{i}():\n    return helper()\n")
    started = time.perf_counter()
    graph, report = extracted(root)
    assert report.files == 1000
    assert time.perf_counter() - started < 30
    assert list(graph.edges(("calls",), confidence=0)) == [], "a name that nothing defines is linked to nothing"
