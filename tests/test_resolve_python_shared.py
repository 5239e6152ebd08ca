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


def test_objects_of_too_many_classes_are_what_is_declared() -> None:
    classes = "class Node:\n    def run(self): return 0\n"
    classes += "".join(f"class N{i}(Node):\n    def run(self): return {i}\n" for i in range(40))
    uses = """
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
    started = "".join(f"declared(N{i}())\nundeclared(N{i}())\nHolder(N{i}())\n" for i in range(40))
    edges = link_text({"m.py": classes + uses + started}).edges
    assert {(e.src, e.dst) for e in edges if e.dst.endswith(".run")} == {
        ("py:m.py#Holder.go", "py:m.py#Node.run"),
        ("py:m.py#declared", "py:m.py#Node.run"),
    }
