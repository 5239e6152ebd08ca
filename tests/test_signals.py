"""What speaks for a row besides its words: its name, its file's name, its company on the page."""

from __future__ import annotations

import pytest

from brain.asking import asks_tests
from brain.signals import Candidate, doubts, name_share, order, path_share, rate, spread, tell, weights
from brain.text import stem


def row(path: str, qualname: str, base: float, kind: str = "function") -> Candidate:
    name = qualname.rpartition(".")[2]
    return Candidate(0, f"py:{path}#{qualname}", kind, path, 1, 2, name, qualname, 0, 0, base)


def test_rare_words_are_more_of_a_question_than_common_ones() -> None:
    words = weights({"split": 2, "option": 90, "nowhere": 0}, 100)
    assert sum(words.values()) == pytest.approx(1.0)
    assert words["split"] > 10 * words["option"]
    assert "nowhere" not in words
    assert weights({}, 100) == {}


def test_a_name_holds_words_whatever_their_endings() -> None:
    stems = {stem("parsing"): 0.75, stem("headers"): 0.25}
    assert name_share("parse_header", stems) == 1.0
    assert name_share("Reader", stems) == 0.0


def test_a_name_that_says_more_than_the_question_counts_less() -> None:
    stems = {stem("parsing"): 0.75, stem("headers"): 0.25}
    assert name_share("parseLine", stems) == pytest.approx(0.75 / 2**0.5)
    assert name_share("parse_header", stems) > name_share("Reader.parse_header", stems) > name_share("parse", stems)


def test_a_file_is_named_by_its_stem_and_its_folder() -> None:
    words = {"format": 0.5, "logging": 0.25, "src": 0.25}
    assert path_share("src/logging/formatter.py", words) == 0.75
    assert path_share("src/logging/deep/other.py", words) == 0.0


def test_the_name_decides_between_rows_that_match_alike() -> None:
    def rows() -> list[Candidate]:
        return [row("a.py", "Reader.close", 0.9), row("b.py", "parse_header", 0.9)]

    pool = rows()
    rate(pool, {"parse": 0.5, "header": 0.5}, usage=False, about_tests=False)
    assert [c.qualname for c in sorted(pool, key=order)] == ["parse_header", "Reader.close"]
    pool = rows()
    rate(pool, {"parse": 0.5, "header": 0.5}, usage=False, about_tests=False, without=("name",))
    assert [c.score for c in pool] == [0.9, 0.9]


def test_a_module_is_named_by_its_path_alone() -> None:
    pool = [row("src/parse.py", "parse", 1.0, "module")]
    rate(pool, {"parse": 1.0}, usage=False, about_tests=False)
    assert set(pool[0].features) == {"match", "path"}


def test_a_page_is_one_of_files() -> None:
    pool = [row("a.py", f"f{n}", 0.9 - n / 100) for n in range(3)] + [row("b.py", "g", 0.6)]
    rate(pool, {}, usage=False, about_tests=False)
    spread(pool)
    assert [c.qualname for c in sorted(pool, key=order)][:2] == ["f0", "g"]
    assert pool[0].features["coherence"] > pool[3].features["coherence"]
    assert pool[2].features["decay"] == pool[1].features["decay"] ** 2


def test_a_change_lifts_the_file_that_holds_its_words() -> None:
    pool = [row("cart.py", "total", 0.7), row("tests/store.py", "s", 0.5), row("store.py", "s", 0.4)]
    rate(pool, {}, usage=False, about_tests=False, doubt=0.5)
    tell(pool, {"store.py": 1.0, "tests/store.py": 1.0, "cart.py": 0.2})
    cart, test, store = pool
    assert store.score == pytest.approx(0.4 + store.features["file"])
    assert cart.features["file"] == pytest.approx(0.2 * store.features["file"])
    assert test.features["file"] == pytest.approx(test.features["test"] * store.features["file"])
    assert [c.path for c in sorted(pool, key=order)] == ["store.py", "cart.py", "tests/store.py"]


@pytest.mark.parametrize(
    ("path", "kind", "found"),
    [
        ("tests/test_a.py", "function", ("test",)),
        ("docs_src/a.py", "function", ("aside",)),
        ("example-app/main.py", "variable", ("aside",)),
        ("docs/a.md", "section", ("section",)),
        ("documents/a.py", "function", ()),
        ("dist/esm/a.js", "function", ("copy",)),
        ("types/a.d.ts", "interface", ("copy",)),
        ("distribution/a.js", "function", ()),
    ],
)
def test_places_that_count_against_a_row(path: str, kind: str, found: tuple[str, ...]) -> None:
    assert doubts(kind, path) == found


@pytest.mark.parametrize(
    ("question", "about"),
    [
        ("where are the unit tests of the parser", True),
        ("how is the parser tested", True),
        ("bad input under test", True),
        ("how does the test client call the application", False),
        ("invoke a command in a test and capture what it prints", False),
    ],
)
def test_a_question_that_mentions_testing_is_seldom_about_the_tests(question: str, about: bool) -> None:
    assert asks_tests(question) is about
