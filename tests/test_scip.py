"""The SCIP overlay: a real index of scip-typescript 0.4.0 over its project, stale and broken ones refused."""

from __future__ import annotations

import pytest
from labelled import FIXTURES, calls_by_line, labels, read

from config.errors import IncompatibleInput
from extractor.languages import spec_for
from extractor.parse import parse_file
from extractor.resolve import link
from extractor.scip import Document, Index, descriptor, overlay, read_index

INDEX = FIXTURES / "ts_desk.scip"


def test_a_real_index_agrees_with_our_edges_and_makes_them_exact() -> None:
    sources, configs = read("ts_desk")
    files = [parse_file(p, d, spec) for p, d in sources.items() if (spec := spec_for(p, d))]
    index = read_index(INDEX.read_bytes())
    assert index.tool == "scip-typescript 0.4.0"
    found = overlay(files, link(files, configs), index)
    assert found.edges > 30
    assert found.refused == ()
    assert calls_by_line(found.links) == labels(sources)
    assert {e.confidence for e in found.links.edges if e.via == "scip"} == {1.0}


def test_an_index_replaces_a_guess_and_names_a_missing_one() -> None:
    text = "export class A { m() {} }\nexport class B { m() {} }\nexport function run(x: any) {\n  x.m();\n}\n"
    spec = spec_for("a.ts", text.encode())
    assert spec is not None
    facts = parse_file("a.ts", text.encode(), spec)
    symbols = [(1, "s npm p 1 `a.ts`/A#m().", 1), (3, "s npm p 1 `a.ts`/run().", 1), (4, "s npm p 1 `a.ts`/A#m().", 0)]
    found = overlay([facts], link([facts], {}), Index("t", (Document("a.ts", tuple(symbols)),)))
    assert [(e.src, e.dst) for e in found.links.edges if e.via == "scip"] == [("ts:a.ts#run", "ts:a.ts#A.m")]
    assert found.links.unresolved == []


def test_an_older_index_is_refused_by_document() -> None:
    text = "export function kept() {}\n"
    spec = spec_for("a.ts", text.encode())
    assert spec is not None
    facts = parse_file("a.ts", text.encode(), spec)
    stale = Document("a.ts", ((1, "s npm p 1 `a.ts`/gone().", 1), (9, "s npm p 1 `a.ts`/also_gone().", 1)))
    assert overlay([facts], link([facts], {}), Index("t", (stale,))).refused == ("a.ts",)


@pytest.mark.parametrize(
    "data", [b"", b"PNG\r\n\x1a\n", INDEX.read_bytes()[:20000], b"\xff" * 40], ids=["empty", "foreign", "cut", "noise"]
)
def test_what_is_no_index_is_refused(data: bytes) -> None:
    with pytest.raises(IncompatibleInput):
        read_index(data)


def test_descriptors() -> None:
    assert descriptor("scip-python python p 1 `pkg.mod`/Cart#add().") == "add"
    assert descriptor("scip-typescript npm p 1 src/`a.ts`/Sq#`<constructor>`().") == "constructor"
    assert descriptor("scip-typescript npm p 1 src/`a.ts`/Sq#`<get>g`().") == "g"
    assert descriptor("local 3") == ""
