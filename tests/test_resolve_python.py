"""Labelled programs under fixtures/py_cases: every line says which first-party functions and classes its calls reach.

`# -> a b.C.m` at a line's end is the whole truth about that line at confidence 0.7 and above; a line without it reaches
nothing. `x @<lambda1>` says that the call leaves a lambda, `path#name` names another file, and `|` separates callers.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest

from extractor.facts import FileFacts
from extractor.languages import BY_NAME
from extractor.parse import parse_file
from extractor.resolve import Links
from extractor.resolve.python import link
from extractor.schema import SURE

CASES = Path(__file__).parent / "fixtures" / "py_cases"
LABEL = re.compile(r"# -> (.*)$")


def facts_of(sources: Mapping[str, str]) -> list[FileFacts]:
    return [parse_file(path, text.encode(), BY_NAME["python"]) for path, text in sorted(sources.items())]


def link_text(sources: Mapping[str, str], configs: Mapping[str, str] | None = None) -> Links:
    return link(facts_of(sources), configs or {})


def calls(links: Links, confidence: float = SURE) -> set[tuple[str, str]]:
    """(caller, callee) of first-party calls, ids without their prefix."""
    return {
        (e.src[3:], e.dst[3:])
        for e in links.edges
        if e.kind == "calls" and e.confidence >= confidence and not e.dst.startswith("ext:")
    }


def expected(path: str, text: str) -> dict[tuple[str, int], set[str]]:
    """What the labels say: (path, line) -> targets as `path#name`."""
    found: dict[tuple[str, int], set[str]] = defaultdict(set)
    for number, line in enumerate(text.splitlines(), 1):
        label = LABEL.search(line)
        for word in label[1].split() if label else ():
            if not word.startswith("@") and word != "|":
                found[(path, number)].add(word if "#" in word else f"{path}#{word}")
    return found


def actual(links: Links) -> dict[tuple[str, int], set[str]]:
    found: dict[tuple[str, int], set[str]] = defaultdict(set)
    for e in links.edges:
        if e.kind == "calls" and e.confidence >= SURE and not e.dst.startswith("ext:"):
            found[(e.src[3:].partition("#")[0], e.line)].add(e.dst[3:])
    return found


def report(sources: Mapping[str, str], links: Links) -> list[str]:
    """A line per difference between the labels and the links."""
    want: dict[tuple[str, int], set[str]] = {}
    for path, text in sources.items():
        want.update(expected(path, text))
    got = actual(links)
    lines = []
    for path, number in sorted({*want, *got}):
        missing = want.get((path, number), set()) - got.get((path, number), set())
        extra = got.get((path, number), set()) - want.get((path, number), set())
        if missing or extra:
            source = sources[path].splitlines()[number - 1].strip() if number else ""
            lines.append(f"{path}:{number}: {source}  missing {sorted(missing)} extra {sorted(extra)}")
    return lines


@pytest.mark.parametrize("name", sorted(p.name for p in CASES.glob("*.py")))
def test_every_labelled_call_of_a_file_and_no_other(name: str) -> None:
    sources = {name: (CASES / name).read_text()}
    assert report(sources, link_text(sources)) == []


@pytest.mark.parametrize("folder", ["imports", "fixtures", "plugins"])
def test_every_labelled_call_across_modules_and_no_other(folder: str) -> None:
    root = CASES / folder
    sources = {p.relative_to(root).as_posix(): p.read_text() for p in sorted(root.rglob("*.py"))}
    assert report(sources, link_text(sources)) == []


def test_there_are_many_labelled_cases() -> None:
    count = sum(p.read_text().count("# case: ") for p in CASES.rglob("*.py"))
    assert count >= 140


WRAPPED = """
def memo(function):
    def wrapper(*args):
        return function(*args)
    return wrapper

def limit(most):
    def decorator(function):
        def inner(*args):
            return function(*args)
        return inner
    return decorator

def name_of(function):
    def held():
        return function.__name__
    return held

class Shop:
    @memo
    def one(self):
        return 1

    @limit(3)
    @memo
    def two(self):
        return self.one()

def main():
    Shop().two()
    name_of(main)()
"""


def test_a_call_of_a_wrapper_names_what_it_wraps_if_that_is_called() -> None:
    edges = {(e.src, e.dst, e.meta["through"]) for e in link_text({"m.py": WRAPPED}).edges if e.via == "decorated"}
    assert edges == {
        ("py:m.py#Shop.two", "py:m.py#Shop.one", "py:m.py#memo.wrapper"),
        ("py:m.py#main", "py:m.py#Shop.two", "py:m.py#memo.wrapper"),
        ("py:m.py#main", "py:m.py#memo.wrapper", "py:m.py#limit.decorator.inner"),
        ("py:m.py#limit.decorator.inner", "py:m.py#Shop.two", "py:m.py#memo.wrapper"),
    }


PLUGIN = """
class Tables:
    def extend(self):
        pass


class Unlisted:
    def extend(self):
        pass


def main():
    pass
"""
LOADING = """
from importlib.metadata import entry_points


def load():
    for entry in entry_points(group="host.plugins"):
        entry.load()().extend()
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "pyproject.toml",
            '[project.scripts]\nhost = "host.plugin:main"\n[project.entry-points."host.plugins"]\ntables = "host.plugin:Tables"\n',
        ),
        (
            "setup.cfg",
            "[options.entry_points]\nconsole_scripts =\n  host = host.plugin:main\nhost.plugins =\n  tables = host.plugin:Tables\n",
        ),
    ],
)
def test_what_a_project_offers_as_plugins_is_what_its_own_code_loads(name: str, text: str) -> None:
    sources = {"host/__init__.py": "", "host/plugin.py": PLUGIN, "host/load.py": LOADING}
    assert calls(link_text(sources, {name: text})) == {
        ("host/load.py#load", "host/plugin.py#Tables"),
        ("host/load.py#load", "host/plugin.py#Tables.extend"),
    }
    assert calls(link_text(sources)) == set()
