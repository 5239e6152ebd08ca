"""Programs that tools of this kind stumble over: cycles, impossible hierarchies, deep nesting, many files of one name."""

from __future__ import annotations

import pytest
from test_resolve_python import calls, link_text

from extractor.resolve.python_summaries import Invocation
from extractor.resolve.python_values import Values
from extractor.schema import SURE


def test_import_cycles_end() -> None:
    links = link_text(
        {
            "a.py": "from b import *\nfrom b import g\ndef f(): g()\n",
            "b.py": "from a import *\nimport a\ndef g(): a.f()\n",
        }
    )
    assert calls(links) == {("a.py#f", "b.py#g"), ("b.py#g", "a.py#f")}


def test_a_hierarchy_that_c3_refuses_still_resolves() -> None:
    source = "class A:\n def m(self): pass\nclass B(A): pass\nclass C(A, B): pass\nC().m()\n"
    assert ("x.py", "x.py#A.m") in calls(link_text({"x.py": source}))


def test_a_class_that_is_its_own_ancestor() -> None:
    links = link_text({"x.py": "class A(B):\n def m(self): self.n()\nclass B(A):\n def n(self): pass\nB().m()\n"})
    assert ("x.py", "x.py#A.m") in calls(links)


@pytest.mark.parametrize(
    "source",
    [
        "x = " + "f(" * 110 + ")" * 110,
        "x = a" + ".b()" * 110,
        "x = " + "[" * 110 + "]" * 110,
        "x = " + "lambda: (" * 50 + "1" + ")" * 50,
        "".join(" " * i + "if a:\n" for i in range(90)) + " " * 90 + "f()\n",
        "x = " + " or ".join("f()" for _ in range(2000)),
        "\n".join(f"def f{i}(g): return f{i + 1}(g)" for i in range(600)) + "\ndef f600(g): g()\n",
        "def f(g): return f(lambda: g)\nf(f)()()()\n",
        "x = []\nx.append(x)\nfor y in x: y[0](y)\n",
        "class A:\n def __call__(self): return self()\nA()()\n",
        "class A:\n def __getattr__(self, n): return getattr(self, n)\nA().x.y()\n",
    ],
    ids=lambda s: s[:24].replace("\n", " "),
)
def test_depth_and_recursion_are_bounded(source: str) -> None:
    link_text({"x.py": source})


def test_wrappers_that_may_hold_each_other_are_gone_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    results = 0
    result = Invocation.result

    def counted(self: Invocation, values: Values) -> Values:
        nonlocal results
        results += 1
        return result(self, values)

    monkeypatch.setattr(Invocation, "result", counted)
    plugins = "".join(
        f"class P{i}:\n def apply(self, f):\n  def inner{i}(*args): return f(*args)\n  return inner{i}\n"
        for i in range(20)
    )
    text = (
        f"class Cat:\n def meow(self): pass\ndef show(cat): cat.meow()\n{plugins}"
        f"class App:\n def __init__(self): self.plugins = [{', '.join(f'P{i}()' for i in range(20))}]\n"
        " def wrapped(self, view):\n  for plugin in self.plugins: view = plugin.apply(view)\n  return view\n"
        "App().wrapped(show)(Cat())\n"
    )
    assert ("x.py#show", "x.py#Cat.meow") in calls(link_text({"x.py": text}))
    assert results < 20_000  # in every order they would be millions


def test_more_functions_registered_than_are_followed() -> None:
    registered = "".join(f"@show.register(C{i})\ndef show{i}(x): pass\n" for i in range(40))
    text = "import functools\n" + "".join(f"class C{i}: pass\n" for i in range(40))
    text += f"@functools.singledispatch\ndef show(x): pass\n{registered}show(C1())\n"
    assert ("x.py", "x.py#show") in calls(link_text({"x.py": text}))


def test_bases_that_lead_round_in_circles_are_ordered_once_each() -> None:
    """A decorator that gives back any of the classes it was put on makes each class a base of all."""
    text = "def kept(*classes):\n    def keep(c): return c\n    return keep(*classes)\nclass C0: pass\n"
    text += "".join(f"@kept\nclass C{i}(C{i - 1}):\n def m{i}(self): pass\n" for i in range(1, 24))
    assert ("x.py", "x.py#C23.m23") in calls(link_text({"x.py": text + "C23().m23()\n"}))


def test_many_files_of_one_name() -> None:
    sources = {f"p{i}/util.py": "def run(): help()\ndef help(): pass\n" for i in range(200)}
    assert len(calls(link_text(sources))) == 200


def test_instances_stay_known_among_too_many_functions() -> None:
    functions = "".join(f"def f{i}(): pass\n" for i in range(40))
    uses = "".join(f"apply(f{i})\n" for i in range(40))
    text = f"class Tool:\n    def go(self): pass\n{functions}def apply(x):\n    x.go()\n{uses}apply(Tool())\n"
    assert ("x.py#apply", "x.py#Tool.go") in calls(link_text({"x.py": text}))


def test_too_many_targets_are_an_overflow_and_no_guess() -> None:
    functions = "\n".join(f"def f{i}(): pass" for i in range(40))
    source = f"{functions}\ndef apply(f): f()\n" + "\n".join(f"apply(f{i})" for i in range(40))
    links = link_text({"x.py": source})
    assert not [e for e in links.edges if e.src == "py:x.py#apply"]
    assert [u.reason for u in links.unresolved if u.src == "py:x.py#apply"] == ["overflow"]


def test_broken_files_link_what_is_whole() -> None:
    links = link_text({"x.py": "def f(): g()\ndef g(): pass\ndef broken(:\n  g(\n"})
    assert ("x.py#f", "x.py#g") in calls(links)


def test_a_callback_to_unknown_code_stays_below_the_sure() -> None:
    links = link_text({"x.py": "import lib\ndef f(): pass\nlib.on(f)\n"})
    edge = next(e for e in links.edges if e.dst == "py:x.py#f")
    assert (edge.via, edge.confidence) == ("callback", 0.5)
    assert edge.confidence < SURE


def test_externals_are_edges_and_unknown_receivers_keep_candidates() -> None:
    source = "import os.path\nclass C:\n def close(self): pass\ndef f(x):\n os.path.join(x)\n x.close()\n"
    links = link_text({"x.py": source})
    assert [e.dst for e in links.edges if e.kind == "calls"] == ["ext:os#path.join"]
    row = next(u for u in links.unresolved if u.name == "x.close")
    assert (row.reason, row.candidates) == ("unknown_receiver", ("py:x.py#C.close",))


def test_what_raised_and_caught_names_mean() -> None:
    source = "class E(Exception): pass\ndef f():\n try:\n  raise E()\n except (E, KeyError) as e:\n  x = e\n  raise x\n"
    names = link_text({"x.py": source}).names
    assert names[("x.py", 1, "E")] == ("py:x.py#E",)
    assert names[("x.py", 1, "KeyError")] == ("ext:builtins#KeyError",)
    assert "py:x.py#E" in names[("x.py", 1, "x")]


def test_source_roots_from_build_files() -> None:
    sources = {"python/pkg/__init__.py": "def f(): pass\n", "tests/t.py": "import pkg\npkg.f()\n"}
    assert ("tests/t.py", "python/pkg/__init__.py#f") in calls(link_text(sources))
    nested = {"code/mod.py": "def f(): pass\n", "t/t.py": "import mod\nmod.f()\n"}
    assert calls(link_text(nested)) == set()
    configured = link_text(nested, {"pyproject.toml": '[tool.setuptools.packages.find]\nwhere = ["code"]\n'})
    assert ("t/t.py", "code/mod.py#f") in calls(configured)


def test_a_named_tuple_taken_apart_into_more_names_than_it_has() -> None:
    source = (
        "from typing import NamedTuple\n"
        "def run(): pass\n"
        "class Pair(NamedTuple):\n    first: object\n    second: object\n"
        "def apart(pair):\n    a, b, c = pair\n    a()\n"
        "apart(Pair(run, None))\napart((run, None, None))\n"
    )
    assert ("x.py#apart", "x.py#run") in calls(link_text({"x.py": source}))
