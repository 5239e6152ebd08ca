"""Cython: read as Python of equal length; Python calls it, and it calls C."""

from __future__ import annotations

import ast

import pytest
from test_bindings_python import bound, linked

from extractor.languages import spec_for
from extractor.parse import parse_file
from extractor.parse.python_cython import externs, prepare_cython

SOURCE = '''# cython: language_level=3
"""Sums. cdef int no(int)."""
cimport cython
from libc.stdlib cimport malloc, free
from .decl cimport c_norm
from pkg.util import helper

cdef extern from "fast.h":
    int fast_add(int a, int b) nogil
    double c_scale "fast_scale"(double x)
    ctypedef struct Point:
        int x
        int (*cb)(int)
    cdef cppclass Foo:
        int bar(int)

ctypedef double (*fn_t)(double)
DEF SIZE = 10

cdef inline double square(double x) nogil except? -1:
    return x * c_scale(x)

cpdef int total(int[:] values, Vec v not None, object o=None, *args):
    cdef int i, n = len(values), s = 0
    cdef double *p = <double*>malloc(n * sizeof(double))
    for i in range(n):
        s += fast_add(s, <int>values[i])
    fill(&s)
    helper(p)
    return s + <int>square(2)

def plain(a, int b=3, c: int = 4):
    cdef:
        int k = square(b)
        double q
    return total(a, None) + c_norm(a) if a < b else k > 2

@cython.final
cdef class Box(Base):
    cdef public int size
    def __cinit__(self, int size):
        self.size = total(size, None)
    cdef int inner(self, int x):
        return self.grow(x)
    cpdef int grow(self, int x):
        with nogil:
            x = fast_add(x, 1)
        return x
'''
FAST = "int fast_add(int a, int b) { return a + b; }\ndouble fast_scale(double x) { return x; }\nint norm2(int a) { return a; }\n"


def test_it_becomes_python_of_equal_length() -> None:
    prepared = prepare_cython(SOURCE.encode())
    assert len(prepared) == len(SOURCE.encode())
    assert prepared.count(b"\n") == SOURCE.count("\n")
    tree = ast.parse(prepared)
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    assert {n.name: [a.arg for a in n.args.args] for n in functions} == {
        "square": ["x"], "total": ["values", "v", "o"], "plain": ["a", "b", "c"], "__cinit__": ["self", "size"], "inner": ["self", "x"],
        "grow": ["self", "x"],
    }  # fmt: skip
    assert externs(SOURCE.encode()) == [["fast_add", "fast_add", "fast.h"], ["c_scale", "fast_scale", "fast.h"]]


def test_signatures_are_shown_as_they_are_written() -> None:
    spec = spec_for("a.pyx", SOURCE.encode())
    assert spec is not None
    facts = parse_file("a.pyx", SOURCE.encode(), spec)
    assert facts.status == "ok"
    total = next(d for d in facts.defs if d.name == "total")
    assert (total.start_line, total.end_line) == (23, 30)
    assert [p.name for p in total.params] == ["values", "v", "o", "args"]


def test_python_calls_cython_which_calls_c() -> None:
    decl = 'cdef extern from "fast.h":\n    int c_norm "norm2"(int a)\n'
    python = "from pkg.core import plain, Box\n\ndef use():\n    Box(3).grow(1)\n    return plain(1)\n"
    files = {
        "pkg/__init__.py": "", "pkg/core.pyx": SOURCE, "pkg/decl.pxd": decl, "pkg/util.py": "def helper(p):\n    return p\n",
        "pkg/use.py": python, "src/fast.c": FAST,
    }  # fmt: skip
    links = linked(files)
    core = "py:pkg/core.pyx#"
    assert bound(links) == {
        (f"{core}square", "cpp:src/fast.c#fast_scale", 21, "cython"),
        (f"{core}total", "cpp:src/fast.c#fast_add", 27, "cython"),
        (f"{core}Box.grow", "cpp:src/fast.c#fast_add", 47, "cython"),
        (f"{core}plain", "cpp:src/fast.c#norm2", 36, "cython"),
        ("py:pkg/use.py#use", f"{core}Box.grow", 4, "cython"),
        ("py:pkg/use.py#use", f"{core}Box.__cinit__", 4, "cython"),
        ("py:pkg/use.py#use", f"{core}plain", 5, "cython"),
    }
    inside = {
        (e.src, e.dst, e.line) for e in links.edges if e.kind == "calls" and e.via not in ("binding:cython", "external")
    }
    assert {i for i in inside if not i[1].startswith("ext:")} == {
        (f"{core}total", "py:pkg/util.py#helper", 29),
        (f"{core}total", f"{core}square", 30),
        (f"{core}plain", f"{core}square", 34),
        (f"{core}plain", f"{core}total", 36),
        (f"{core}Box.__cinit__", f"{core}total", 42),
        (f"{core}Box.inner", f"{core}Box.grow", 44),
    }


@pytest.mark.parametrize(
    "text",
    [
        "cdef",
        "cdef int",
        "cdef extern from",
        "cdef int f(",
        "cdef:\n",
        'cdef extern from "x.h":\n    int (',
        "cdef int f(int a:\n  x\n",
        '"""cdef',
    ],
)
def test_broken_text_keeps_its_length(text: str) -> None:
    assert len(prepare_cython(text.encode())) == len(text)
    externs(text.encode())


def test_plain_python_is_left_as_it_is() -> None:
    text = "def f(a: int, b=3, *args, c: str = 'x', **kw) -> int:\n    if a < b > 2:\n        return {a: b, 'k': f(a)}\n    x = a<b>(c)\n"
    assert prepare_cython(text.encode()) == text.encode()
