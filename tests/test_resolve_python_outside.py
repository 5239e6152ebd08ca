"""What lies outside a Python repository: no callee is invented there, and following it comes to an end."""

from __future__ import annotations

import importlib

from test_resolve_python import facts_of, link_text

from extractor.resolve.python_analysis import analyse
from extractor.resolve.python_outside import ATTRIBUTES, is_error
from extractor.resolve.python_program import Program

LENGTH = """
import io
def length(o):
    if isinstance(o, str):
        o = o.encode("utf-8")
    return len(o)

length({"a": 1})
length(open("f"))
length("text")
length(io.StringIO("x"))
"""
CLIMB = """
from tree import Node

def top(node: Node):
    while node.parent is not None:
        node = node.parent.owner or node.children[0] or node.left
    return node.close()
"""


def external_callees(source: str) -> set[str]:
    return {e.dst for e in link_text({"m.py": source}).edges if e.kind == "calls" and e.dst.startswith("ext:")}


def test_a_builtin_type_has_no_method_it_does_not_have() -> None:
    assert external_callees(LENGTH) == {
        "ext:builtins#isinstance",
        "ext:builtins#len",
        "ext:builtins#open",
        "ext:builtins#str.encode",
        "ext:io#StringIO",
    }


def test_a_builtin_type_keeps_the_methods_it_has() -> None:
    source = "d = {}\nd.get(1)\nd.encode()\n[].append(1)\nwith open('f') as f:\n    f.read()\n    f.encode()\n(1).bit_length()\n"
    assert external_callees(source) == {
        "ext:builtins#dict.get",
        "ext:builtins#list.append",
        "ext:builtins#open",
        "ext:builtins#open.read",
        "ext:builtins#int.bit_length",
    }


def test_a_subclass_of_a_builtin_type_inherits_what_that_type_has() -> None:
    source = "class D(dict):\n    def f(self):\n        self.items()\n        self.encode()\n        super().encode()\nD().f()\n"
    assert external_callees(source) == {"ext:builtins#dict.items", "ext:builtins#super"}


def test_the_table_holds_what_this_interpreter_has() -> None:
    made = {"builtins.generator": type(_ for _ in ""), "builtins.NoneType": type(None), "builtins.ellipsis": type(...)}
    for path, known in ATTRIBUTES.items():
        package, _, name = path.rpartition(".")
        if path == "builtins.open":
            continue
        kind = made.get(path) or getattr(importlib.import_module(package), name)
        assert {a for a in dir(kind) if not a.startswith("_")} <= known, path


def test_a_callee_that_no_type_has_is_told_as_unresolved() -> None:
    missed = link_text({"m.py": "{}.encode()\n"}).unresolved
    assert [(u.kind, u.line, u.reason) for u in missed] == [("calls", 1, "external")]


def test_climbing_an_external_tree_comes_to_an_end() -> None:
    files = facts_of({"m.py": CLIMB})
    program = Program(files, {})
    analyse(program, files)
    assert max(block.runs for block in program.blocks_of["m.py"] if block is not None) <= 4
    assert all(target.count(".") <= 4 for target in external_callees(CLIMB))


def test_an_external_path_is_followed_to_the_method_called() -> None:
    source = "import requests\ns = requests.Session()\ns.headers.update({})\nimport os.path\nos.path.join('a')\n"
    assert external_callees(source) == {
        "ext:requests#Session",
        "ext:requests#Session.headers.update",
        "ext:os#path.join",
    }


def test_which_external_names_may_be_errors() -> None:
    assert all(map(is_error, ("socket.timeout", "struct.error", "click.Abort", "m._Stop", "socket.gaierror")))
    assert not any(map(is_error, ("m.make_error", "werkzeug.abort", "builtins.open")))


def test_not_implemented_is_no_value_of_an_operator() -> None:
    methods = "def __add__(self, other): return NotImplemented\n def __eq__(self, other): return NotImplemented\n"
    source = f"class Money:\n {methods}(Money() + 1).show()\n(Money() == 1).show()\n"
    assert external_callees(source) == set()
