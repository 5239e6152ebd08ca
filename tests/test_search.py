"""`nanodex search`: passages with the version they were indexed at, what is related to a line, exact text."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import brains
import pytest

from brain.search import literal, related, search
from config.errors import NothingFound, UsageError

S = brains.S


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = brains.shop(tmp_path_factory.mktemp("search"))
    brains.build(path)
    return path


def test_a_hit_is_a_span_a_version_a_name_and_the_lines_that_matched(graph: Path) -> None:
    lines = search(graph, "where are discounts applied", k=1).lines(why=True)
    stamp = hashlib.sha256((brains.SHOP / "src/shop/pricing.py").read_bytes()).hexdigest()[:10]
    assert lines[0].startswith(f"src/shop/pricing.py:29-31@{stamp}  apply  ")
    number, shown = lines[1].strip().split("  ", 1)
    assert (brains.SHOP / "src/shop/pricing.py").read_text().splitlines()[int(number) - 1].strip() == shown.strip()
    assert "match" in lines[-1]


def test_colour_is_only_there_when_asked_for(graph: Path) -> None:
    found = search(graph, "discount", k=3)
    assert not any("\x1b" in line for line in found.lines())
    assert any("\x1b[1mdiscount\x1b[0m" in line for line in found.lines(colour=True))
    assert found.as_json()["hits"][0]["at"].startswith("src/shop/")


def test_nothing_found_names_what_is_near(graph: Path) -> None:
    with pytest.raises(NothingFound) as caught:
        search(graph, "chekout")
    assert "checkout" in caught.value.hint


def test_what_is_related_to_a_line_comes_with_the_way_it_was_found(graph: Path) -> None:
    found = related(graph, "src/shop/checkout.py:24", k=12)
    via = {hit.node_id: hit.via for hit in found.hits}
    assert via[f"{S}/pricing.py#apply"] == "calls"
    assert via[f"{S}/checkout.py#try_checkout"] == "calls (from)"
    assert f"{S}/checkout.py#checkout" not in via


def test_what_is_related_shows_the_lines_of_the_file_under_their_numbers(graph: Path) -> None:
    shown = [hit for hit in related(graph, "src/shop/checkout.py:24", k=12).hits if hit.snippet]
    assert {"calls", "calls (from)", "similar words"} <= {hit.via for hit in shown}
    for hit in shown:
        lines = hit.snippet.split("\n")
        assert len(lines) <= 3
        assert lines == (brains.SHOP / hit.path).read_text().split("\n")[hit.snippet_line - 1 :][: len(lines)]


def test_what_can_narrow_to_nothing_only_is_a_slip(graph: Path) -> None:
    with pytest.raises(UsageError, match="nothing of the type banana is indexed") as caught:
        search(graph, "discount", kinds=["banana"])
    assert "function" in caught.value.hint
    for finder in (search, literal):
        with pytest.raises(UsageError, match="no indexed file matches"):
            finder(graph, "discount", path_glob="*.java")
    with pytest.raises(NothingFound, match="nothing matches 'chekout' there") as found:
        search(graph, "chekout", path_glob="src/*")
    assert found.value.hint == ""


def test_names_are_spelled_as_their_language_does_and_what_was_derived_by_its_id(graph: Path, tmp_path: Path) -> None:
    from asking import index

    (tmp_path / "code").mkdir()
    (tmp_path / "code/log.h").write_text("namespace db { class Log { public: void append(int entry) {} }; }\n")
    assert " db::Log::append " in search(index(tmp_path / "code", tmp_path / "brain"), "append entry", k=1).lines()[0]
    lines = search(graph, "discount", k=30, kinds=["concept", "capability"]).lines()
    assert lines
    assert all(re.search(r"  (?:concept|capability):\S+  ", line) for line in lines if "@" in line)


@pytest.mark.parametrize("place", ["checkout.py", "checkout.py:x", ":3"])
def test_a_place_must_be_file_and_line(graph: Path, place: str) -> None:
    with pytest.raises(UsageError, match="FILE:LINE"):
        related(graph, place)


def test_a_line_without_a_symbol_or_a_file_is_said(graph: Path) -> None:
    with pytest.raises(NothingFound, match="no symbol"):
        related(graph, "src/shop/nowhere.py:3")


@pytest.mark.parametrize("text", ["sum(line.total()", "of", "limit of {LIMIT}", '"card"'])
def test_exact_text_is_found_where_it_stands(graph: Path, text: str) -> None:
    hits = literal(graph, text).hits
    expected = [
        (place.relative_to(brains.SHOP).as_posix(), number)
        for place in sorted(p for p in brains.SHOP.rglob("*") if p.suffix in (".py", ".md", ".rst"))
        for number, line in enumerate(place.read_text().split("\n"), 1)
        if text in line
    ]
    assert sorted((h.path, h.start) for h in hits) == sorted(expected)[:50]


def test_exact_text_that_stands_nowhere_is_said(graph: Path) -> None:
    for text in ("no such text", "zz", "", "a\0b"):
        with pytest.raises(NothingFound):
            literal(graph, text)
