"""What many places ask alike is found once for all of them, or large programs take time that grows with the square."""

from __future__ import annotations

from typing import Any

import pytest
from test_resolve_python import calls, link_text

from extractor.resolve.python_calls import Calls

MANY = range(24)


def counted(monkeypatch: pytest.MonkeyPatch, name: str) -> list[None]:
    """Grows by one each time this method of `Calls` is called."""
    times: list[None] = []
    method = getattr(Calls, name)

    def counting(*args: Any, **kwargs: Any) -> Any:
        times.append(None)
        return method(*args, **kwargs)

    monkeypatch.setattr(Calls, name, counting)
    return times


def test_many_containers_are_put_into_many_through_one(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = counted(monkeypatch, "_slot")
    text = "".join(f"def f{i}(): pass\ndef empty{i}(): return {{}}\n" for i in MANY)
    for i in MANY:
        items = ", ".join(f"'k{k}': f{i}" for k in range(20))
        text += f"def filled{i}(): return {{{items}}}\n"
    text += f"def targets(): return [{', '.join(f'empty{i}()' for i in MANY)}]\n"
    text += f"def sources(): return [{', '.join(f'filled{i}()' for i in MANY)}]\n"
    text += "def merge():\n    for target in targets():\n        for source in sources(): target.update(source)\n"
    text += "merge()\nempty3()['k7']()\n"
    assert {("x.py", f"x.py#f{i}") for i in MANY} <= calls(link_text({"x.py": text}))
    assert len(stored) < 4_000  # each into each would be 24 * 24 * 20 at every evaluation


def test_operands_that_are_many_answer_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = counted(monkeypatch, "protocol")
    text = "".join(f"class N{i}:\n    def __mul__(self, other): return other\n" for i in MANY)
    text += f"ALL = [{', '.join(f'N{i}()' for i in MANY)}]\n"
    text += "".join(f"def times{i}():\n    for a in ALL:\n        for b in ALL: a * b\n" for i in range(40))
    assert {(f"x.py#times{k}", f"x.py#N{i}.__mul__") for k in range(40) for i in MANY} <= calls(
        link_text({"x.py": text})
    )
    assert len(asked) < 5 * len(MANY)  # at every place anew they would be 40 times as many


def test_a_wrapper_is_gone_through_once_for_all_who_pass_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    bound = counted(monkeypatch, "_invoke")
    text = (
        "def traced(f):\n    def inner(*args): return f(*args)\n    return inner\n"
        "class Cat:\n    def meow(self): pass\n"
        "@traced\ndef show(cat): return cat\n"
    )
    text += "".join(f"def use{i}(): show(Cat()).meow()\n" for i in range(100))
    found = calls(link_text({"x.py": text}))
    assert {(f"x.py#use{i}", "x.py#Cat.meow") for i in range(100)} <= found
    assert len(bound) < 250  # at each call anew they would be 400


def test_what_stands_in_a_container_is_gathered_once_for_all_who_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    gathered = counted(monkeypatch, "_held")
    text = "".join(f"def f{i}(): pass\n" for i in MANY)
    items = ", ".join(f"'k{i}': f{i}" for i in MANY)
    text += f"TABLE = {{{items}}}\n"
    text += "".join(f"def use{i}(name): TABLE[name]()\n" for i in range(50))
    assert ("x.py#use49", "x.py#f7") in calls(link_text({"x.py": text}))
    assert len(gathered) < 10


USES = """
class Holder:
    def __init__(self, node: Node):
        self.node = node
    def go(self):
        return self.node.run()
def declared(node: Node):
    return node.run()
def undeclared(node):
    return node.run()
"""


def runs(classes: str, count: int) -> dict[str, set[str]]:
    """Who calls which `run`, where objects of all the classes N0, N1 … are passed."""
    started = "".join(f"declared(N{i}())\nundeclared(N{i}())\nHolder(N{i}())\n" for i in range(count))
    found: dict[str, set[str]] = {}
    for caller, callee in calls(
        link_text({"m.py": "class Node:\n    def run(self): return 0\n" + classes + USES + started})
    ):
        if callee.endswith(".run"):
            found.setdefault(caller.partition("#")[2], set()).add(callee.partition("#")[2])
    return found


def test_of_a_large_family_each_override_is_called() -> None:
    classes = "".join(f"class N{i}(Node):\n    def run(self): return {i}\n" for i in range(40))
    overrides = {f"N{i}.run" for i in range(40)}
    assert runs(classes, 40) == {"Holder.go": overrides, "declared": overrides, "undeclared": overrides}


def test_of_a_family_too_large_what_its_base_says_is_called() -> None:
    classes = "".join(f"class N{i}(Node):\n    def run(self): return {i}\n" for i in range(60))
    found = runs(classes, 60)
    assert found["Holder.go"] == found["declared"] == {"Node.run"}
    assert "Node.run" in found["undeclared"]


def test_objects_of_too_many_unrelated_classes_are_what_is_declared() -> None:
    classes = "".join(f"class N{i}:\n    def run(self): return {i}\n" for i in range(40))
    assert "undeclared" not in runs(classes, 40)


def test_a_method_of_a_family_runs_for_those_below_where_it_is_defined() -> None:
    classes = "class Left(Node):\n    def run(self): return self.step()\n    def step(self): return 1\n"
    classes += "class Right(Node):\n    def run(self): return self.step()\n    def step(self): return 2\n"
    for i in range(20):
        classes += f"class N{i}({'Left' if i % 2 else 'Right'}):\n    def step(self): return {i}\n"
    started = "def go(node): return node.run()\n" + "".join(f"go(N{i}())\n" for i in range(20))
    found = calls(link_text({"m.py": "class Node: pass\n" + classes + started}))
    assert {c for a, c in found if a == "m.py#go"} == {"m.py#Left.run", "m.py#Right.run"}
    for side, odd in (("Left", 1), ("Right", 0)):
        steps = {c for a, c in found if a == f"m.py#{side}.run"}
        assert steps == {f"m.py#N{i}.step" for i in range(20) if i % 2 == odd}


def test_a_test_of_the_class_narrows_a_family() -> None:
    classes = "class Text(Node):\n    def text(self): return 0\n"
    classes += "".join(f"class T{i}(Text):\n    def text(self): return {i}\n" for i in range(6))
    classes += "".join(f"class N{i}(Node):\n    def text(self): return {i}\n" for i in range(20))
    text = "class Node: pass\n" + classes
    text += "def go(node):\n    if isinstance(node, Text):\n        node.text()\n"
    text += "".join(f"go(T{i}())\n" for i in range(6)) + "".join(f"go(N{i}())\n" for i in range(20))
    found = calls(link_text({"m.py": text}))
    assert {c for a, c in found if a == "m.py#go"} == {f"m.py#T{i}.text" for i in range(6)}


def test_classes_of_a_family_are_made_whichever_it_is() -> None:
    classes = "".join(f"class N{i}(Node):\n    def __init__(self): pass\n    def run(self): pass\n" for i in range(20))
    text = "class Node: pass\n" + classes + "def make(kind): return kind()\ndef use(kind): make(kind).run()\n"
    text += "".join(f"use(N{i})\n" for i in range(20))
    links = link_text({"m.py": text})
    made = {(e.dst, e.meta["instantiates"]) for e in links.edges if e.dst.endswith(".__init__")}
    assert made == {(f"py:m.py#N{i}.__init__", f"py:m.py#N{i}") for i in range(20)}
    found = calls(links)
    assert {("m.py#make", f"m.py#N{i}.__init__") for i in range(20)} <= found
    assert {("m.py#use", f"m.py#N{i}.run") for i in range(20)} <= found
