"""Reading the flow of a Python file for what its names mean."""

from __future__ import annotations

from extractor.bindings_flow import PythonFile
from extractor.languages import BY_NAME
from extractor.parse import parse_file

SOURCE = b"""
def f(d, r, c):
    if d is None:
        return r
    try:
        d()
    except d:
        pass
    except (r, c):
        raise

@d
def g(): ...

class A(B, d=1, r=2, c=3): ...

def h(t, c):
    kept = t if isinstance(t, A) else c
    return isinstance(t, A) and t.go() or (kept if isinstance(c, B) else g(J, t, c))
"""


def test_names_that_look_like_statements_of_the_flow_language_are_names() -> None:
    file = PythonFile(parse_file("m.py", SOURCE, BY_NAME["python"]))
    assert list(file.decorators.values()) == [[], [("d", 12)], []]
    assert next(iter(file.returns.values())) == ["r"]
    called = [site.flow[2] for site in file.sites if site.flow[2] != "isinstance"]
    assert called == ["d", ("A", "t", "go", 19), "g"]
