"""An error costs its own block: the definitions around it are kept, on the lines where they stand."""

from __future__ import annotations

import pytest

from extractor.languages import BY_NAME
from extractor.parse import parse_file
from extractor.schema import span_hash

PYTHON = b"""def good():
    return 1


def broken(:
    x = = 2


def also_good():
    pass
"""


@pytest.mark.parametrize(
    ("lang", "text", "names"),
    [
        ("python", PYTHON, ["good", "also_good"]),
        ("python", b"def a():\n    x = '''open\n    pass\ndef c():\n    pass\n\ndef d():\n    pass\n", ["a", "c", "d"]),
        (
            "javascript",
            b"function a(){ return 1 }\nfunction b({ return 2 }\nfunction c(){ return 3 }\nclass D { m(){} }\n",
            ["a", "c", "D"],
        ),
        (
            "java",
            b"class A {\n int f() { return 1; }\n int g( { return 2; }\n int h() { return 3; }\n}\n",
            ["A", "A.f", "A.h"],
        ),
    ],
)
def test_what_stands_around_an_error_is_kept(lang: str, text: bytes, names: list[str]) -> None:
    facts = parse_file("a", text, BY_NAME[lang])
    assert facts.status == "partial"
    assert set(names) <= {d.qualname for d in facts.defs}


def test_lines_hashes_and_the_reason_are_those_of_the_file() -> None:
    facts = parse_file("a.py", PYTHON, BY_NAME["python"])
    assert facts.reason == "syntax errors at lines 5-6"
    last = facts.defs[-1]
    assert (last.start_line, last.end_line) == (9, 10)
    assert last.content_hash == span_hash(PYTHON, 9, 10)


def test_a_file_without_errors_is_whole() -> None:
    facts = parse_file("a.py", PYTHON.replace(b"(:", b"():").replace(b"= =", b"="), BY_NAME["python"])
    assert (facts.status, facts.reason) == ("ok", "")
    assert [d.qualname for d in facts.defs] == ["good", "broken", "also_good"]


def test_nothing_but_errors_ends() -> None:
    assert parse_file("a.py", b"((((\n" * 500, BY_NAME["python"]).status == "partial"
