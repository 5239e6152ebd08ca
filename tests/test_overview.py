"""A repository as a whole, and what its users run into: how it is laid out, how people type, traces of an installed copy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from asking import expert, index, write

from inference.answer import Expert
from inference.kinds import read
from inference.logs import installed
from inference.spelling import as_meant, in_one_word

FILES = {
    "README.md": "# mill\n\nSee the [manual](manual.md) before you call anybody about it.\n\nMill is a small library that grinds grain.\n",
    "mill/__init__.py": '"""Grinding."""\n\nfrom mill.stones import Stone, grind\n',
    "mill/stones.py": '''"""The stones that turn."""


class StoneBroken(Exception):
    """A stone has cracked."""


class Stone:
    """One stone."""

    def __init__(self, weight):
        self.weight = weight

    def turn(self, speed):
        if speed > 9:
            raise StoneBroken(f"too fast: {speed}")
        if speed < 0:
            raise StoneBroken(f"backwards: {speed}")
        return speed


def grind(grain):
    """Grind grain into flour.

    >>> grind("rye")
    'rye flour'
    """
    Stone(3).turn(2)
    return grain + " flour"
''',
    "mill/sails.py": '''"""The sails that catch the wind."""

from mill.stones import Stone


def set_sails(wind):
    return Stone(wind)
''',
    "demo/mill.py": "from mill import grind\n\n\ndef main():\n    grind('oats')\n\n\nmain()\n",
    "tests/test_mill.py": "from mill import grind\n\n\ndef test_grind():\n    assert grind('rye') == 'rye flour'\n",
}
INSTALLED = """Traceback (most recent call last):
  File "mill.py", line 5, in main
    go(99)
  File "/venv/lib/python3.12/site-packages/mill/stones.py", line 16, in turn
    raise StoneBroken(f"too fast: {speed}")
mill.stones.StoneBroken: too fast: 99
"""


@pytest.fixture(scope="module")
def mill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Expert]:
    folder = tmp_path_factory.mktemp("mill")
    repo = write(FILES, folder / "mill")
    (repo / "MANUAL.md").symlink_to("README.md")
    with expert(index(repo, folder / "brain")) as opened:
        yield opened


@pytest.mark.parametrize(
    "question",
    [
        "how is the code organised?",
        "how is mill structured",
        "what's the architecture?",
        "what are the main parts of this library?",
        "which modules do what",
        "where should I start reading?",
    ],
)
def test_the_layout_names_the_parts_what_they_are_for_and_hold(mill: Expert, question: str) -> None:
    answer = mill.ask(question)
    assert answer.text.startswith("mill is ")
    assert "- mill/stones.py (29 lines) — The stones that turn; holds " in answer.text
    assert all(name in answer.text for name in ("Stone", "StoneBroken", "grind"))
    assert "- mill/sails.py (7 lines) — The sails that catch the wind; holds set_sails" in answer.text
    assert "tests/" not in answer.text
    assert "demo/" not in answer.text
    assert answer.exit_code == 0


def test_the_structure_of_one_thing_is_not_the_layout(mill: Expert) -> None:
    assert read("what is the structure of the flour?", "mill").intents[0].kind != "layout"
    assert read("what are the main parts of a stone?", "mill").intents[0].kind != "layout"


def test_an_overview_opens_with_what_the_readme_says_the_project_is(mill: Expert) -> None:
    answer = mill.ask("What is mill?")
    assert answer.text.startswith("Mill is a small library that grinds grain [1].")
    assert "left out" not in answer.text


def test_a_link_is_no_document_of_its_own(mill: Expert) -> None:
    assert mill.retriever is not None
    assert mill.retriever.lookup.text("README.md", 1, 3)
    assert not mill.retriever.lookup.text("MANUAL.md", 1, 3)


def test_a_class_raises_what_its_methods_raise(mill: Expert) -> None:
    answer = mill.ask("What does Stone raise?")
    assert answer.text.startswith(
        "Stone raises nothing when it is made; its methods do:\n- Stone.turn: StoneBroken when speed > 9"
    )
    assert mill.ask("Does Stone raise StoneBroken?").text.startswith("Yes: Stone.turn raises StoneBroken")


def test_documentation_that_shows_how_is_shown(mill: Expert) -> None:
    answer = mill.ask("how do I grind grain?")
    assert answer.text.startswith("grind, a function in mill/stones.py: Grind grain into flour")
    assert "```\n>>> grind(\"rye\")\n'rye flour'\n```" in answer.text


def test_in_a_trace_of_an_installed_copy_the_users_file_is_not_taken_for_an_example(mill: Expert) -> None:
    answer = mill.ask(INSTALLED)
    assert answer.text.startswith(
        "mill.stones.StoneBroken: too fast: 99 comes out of Stone.turn, at line 16 of mill/stones.py"
    )
    assert "demo/" not in answer.text
    assert "(“" not in answer.text
    assert "when speed > 9" in answer.text


def test_of_several_raises_the_one_on_the_traces_line_is_told(mill: Expert) -> None:
    answer = mill.ask(INSTALLED.replace("line 16", "line 18").replace("too fast: 99", "something new"))
    assert "Stone.turn raises it when speed < 0" in answer.text
    assert "when speed > 9" not in answer.text


def test_a_trace_of_another_version_goes_by_names(mill: Expert) -> None:
    answer = mill.ask(INSTALLED.replace("line 16", "line 3"))
    assert "in mill/stones.py" in answer.text
    assert "another version" in answer.text
    assert "at line 3" not in answer.text
    assert "left out" not in answer.text.split("\n")[-1]


@pytest.mark.parametrize(
    ("path", "below"),
    [
        ("/venv/lib/python3.12/site-packages/mill/stones.py", "mill/stones.py"),
        ("/usr/lib/python3/dist-packages/mill/stones.py", "mill/stones.py"),
        ("C:\\app\\node_modules\\a\\node_modules\\mill\\index.js", "mill/index.js"),
        ("/home/me/mill/stones.py", ""),
    ],
)
def test_a_package_is_found_below_where_it_is_installed(path: str, below: str) -> None:
    assert installed(path) == below


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("whats thrown when a key is there", "what is thrown when a key is there"),
        ("how 2 stop it", "how to stop it"),
        ("hw do i send it 2 the server w a key", "how do i send it to the server with a key"),
        ("diff between sails n stones", "difference between sails and stones"),
        ("what is n in sample", "what is n in sample"),
        ("the default of n when empty", "the default of n when empty"),
        ("scale by 2 and add w", "scale by 2 and add w"),
        ("how do i turn of colors", "how do i turn off colors"),
        ("waht does X retrun", "what does X return"),
        ("which lines are these", "which lines are these"),
        ("who clals `clals`", "who calls `clals`"),
        ("What are the subclasses of X?", "What are the subclasses of X?"),
        ("which values are hold by map.calld", "which values are hold by map.calld"),
    ],
)
def test_slips_in_the_words_that_ask_are_mended_names_are_not(typed: str, meant: str) -> None:
    assert as_meant(typed, lambda word: word == "hold") == meant


def test_a_word_the_index_knows_is_never_mended() -> None:
    assert as_meant("where is the retrun key", lambda word: word == "retrun") == "where is the retrun key"


def test_what_is_done_in_two_words_is_searched_in_one() -> None:
    assert in_one_word("how do I turn the colours off?") == "how do I disable the colours?"
    assert in_one_word("how do I switch on debugging") == "how do I enable debugging"


def test_a_slip_in_what_is_asked_for_is_searched_as_the_word_it_is(mill: Expert) -> None:
    assert mill.retriever is not None
    assert mill.retriever.as_spelt_here("how do I grnid grian") == "how do I grind grain"
    assert mill.retriever.as_spelt_here("does it speak kafka") == "does it speak kafka"


def test_a_word_that_only_begins_a_sentence_is_no_name(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "words.py").write_text(
        "class Name:\n    pass\n\n\nclass When:\n    pass\n\n\nclass Order:\n    pass\n"
    )
    with expert(index(tmp_path / "code", tmp_path / "brain")) as opened:
        for question in (
            "Name the result type that `wharf_digest` declares.",
            "When `oyster_bash` runs, which helpers are called?",
        ):
            refused = opened.ask(question)
            assert refused.exit_code == 1
            assert refused.text.startswith("There is no ")
        assert opened.ask("What is Name?").text.startswith("Name is a class")
        assert opened.ask("Order: where is it?").text.startswith("Order is a class")


@pytest.mark.parametrize(
    "question",
    ["It can grind grain. How?", "I was told that it can grind grain, how", "told the library can grind grain. How?"],
)
def test_a_bare_question_word_belongs_to_what_was_said_before(mill: Expert, question: str) -> None:
    answer = mill.ask(question)
    assert answer.exit_code == 0
    assert answer.text.startswith("grind, a function in mill/stones.py")


def test_what_stands_in_a_namespace_is_at_the_top_of_its_file(tmp_path: Path) -> None:
    files = {
        "src/store.h": "namespace depot {\nclass Store {\n public:\n  int put(int n);\n  int packing = 0;\n};\nint weigh(int n);\n}\n",
        "src/store.cc": '#include "store.h"\nnamespace depot {\nint Store::put(int n) { return weigh(n); }\n'
        "int weigh(int n) { return n; }\n// Starts the packing of one box.\nint pack_box(int n) { return n; }\n}\n",
        "src/use.cc": '#include "store.h"\nint use(depot::Store& s) { return s.put(depot::weigh(1)); }\n',
    }
    with expert(index(write(files, tmp_path / "depot"), tmp_path / "brain")) as opened:
        told = opened.ask("What is the architecture of this library?").text
        assert "src/store.h (8 lines); holds Store" in told
        assert "Central to it:\n- depot::Store, a class in src/store.h" in told
        # An attribute that bears the word is not how something works.
        assert "pack_box" in opened.ask("How does packing work?").text
