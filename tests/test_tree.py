"""Collections whose entries all stand there, told by their kind, number and beginning, language by language."""

from __future__ import annotations

import pytest

from extractor.languages import spec_for
from extractor.parse import parse_file


@pytest.mark.parametrize(
    ("path", "text", "table"),
    [
        ("A.java", 'class A { static final String[] N = {"a", "b", "c", "d"}; }', ("list", "4", '"a", "b", "c"')),
        ("B.java", "class A { int[] n = new int[] {1, 2, /* odd */ 3, 4, 5}; }", ("list", "5", "1, 2, 3")),
        ("a.cc", "static const int kN[] = {1, 2, 3, 4};", ("list", "4", "1, 2, 3")),
        ("a.go", "package p\nvar N = []string{1, 2, 3, 4}", ("list", "4", "1, 2, 3")),
        ("b.go", 'package p\nvar N = map[string]int{"a": 1, "b": 2, "c": 3, "d": 4}', ("map", "4", '"a", "b", "c"')),
        ("a.rs", "static N: &[u8] = &[1, 2, 3, 4];", ("list", "4", "1, 2, 3")),
        ("A.cs", "class A { int[] N = new int[] { 1, 2, 3, 4 }; }", ("list", "4", "1, 2, 3")),
        ("B.cs", "class A { int[] N = { 1, 2, 3, 4 }; }", ("list", "4", "1, 2, 3")),
        ("a.ts", "export const N = [1, 2, 3, 4] as const;", ("list", "4", "1, 2, 3")),
        ("b.ts", "export const N = [1, 2, 3, 4];", ("list", "4", "1, 2, 3")),
        ("c.ts", "export const N = [1, 2, 3, ...more];", ()),
        ("C.java", "class A { int[] n = {1, 2, 3}; }", ()),
        ("D.java", "class A { int n = f(1, 2, 3, 4); }", ()),
    ],
)
def test_a_collection_is_counted(path: str, text: str, table: tuple[str, ...]) -> None:
    spec = spec_for(path, text.encode())
    assert spec is not None
    assert [d.table for d in parse_file(path, text.encode(), spec).defs if d.kind == "variable"] == [table]
