"""Edges between languages: one path from a Python function to the kernel, each hop with its place; and what is no binding."""

from __future__ import annotations

import pytest
from labelled import link_fixture

from extractor.languages import spec_for
from extractor.parse import parse_file
from extractor.resolve import Links, link

PY = "py:torchlike/__init__.py"
BOUND = "cpp:csrc/bindings.cpp"
OPS = "cpp:csrc/ops.cu"
KERNELS = "cpp:csrc/kernels.cuh"


@pytest.fixture(scope="module")
def links() -> Links:
    return link_fixture("cuda_torchlike")[1]


def linked(files: dict[str, str]) -> Links:
    return link([parse_file(p, t.encode(), spec) for p, t in files.items() if (spec := spec_for(p, t.encode()))], {})


def test_binding_and_launch_edges_are_these_and_no_others(links: Links) -> None:
    found = {
        (e.src, e.dst, e.line, e.via)
        for e in links.edges
        if e.kind == "calls" and e.via.startswith(("binding", "launch"))
    }
    assert found == {
        (f"{PY}#matmul", f"{BOUND}#_C.matmul", 15, "binding:pybind11"),
        (f"{BOUND}#_C.matmul", f"{OPS}#torchlike.matmul", 12, "binding:pybind11"),
        (f"{OPS}#torchlike.launch_matmul", f"{KERNELS}#matmul_kernel", 14, "launch"),
        (f"{PY}#scale", f"{BOUND}#_C.scale", 19, "binding:pybind11"),
        (f"{BOUND}#_C.scale", f"{OPS}#torchlike.scale", 12, "binding:pybind11"),
        (f"{OPS}#torchlike.scale.run", f"{KERNELS}#scale_kernel", 20, "launch"),
        (f"{PY}#norm", f"{BOUND}#torchlike.norm", 23, "binding:torch"),
        (f"{PY}#norm", f"{BOUND}#torchlike.norm@2", 23, "binding:torch"),
        (f"{PY}#norm", f"{BOUND}#torchlike.norm@3", 23, "binding:torch"),
        (f"{BOUND}#torchlike.norm@2", f"{OPS}#torchlike.norm_cuda", 27, "binding:torch"),
        (f"{BOUND}#torchlike.norm@3", f"{OPS}#torchlike.norm_cpu", 31, "binding:torch"),
        (f"{OPS}#torchlike.norm_cuda", f"{KERNELS}#norm_kernel", 27, "launch"),
        (f"{PY}#tensor", f"{BOUND}#_C.Tensor", 31, "binding:pybind11"),
        (f"{BOUND}#_C.Tensor", f"{OPS}#torchlike.Tensor.Tensor", 15, "binding:pybind11"),
        (f"{BOUND}#_C.Tensor.__init__", f"{OPS}#torchlike.Tensor.Tensor", 16, "binding:pybind11"),
        (f"{BOUND}#_C.Tensor.size", f"{OPS}#torchlike.Tensor.size", 17, "binding:pybind11"),
        (f"{BOUND}#_C.Tensor.fill", f"{OPS}#torchlike.Tensor.fill", 18, "binding:pybind11"),
        (f"{OPS}#torchlike.Tensor.fill", f"{KERNELS}#fill_kernel", 10, "launch"),
        (f"{BOUND}#_C.relu", f"{OPS}#torchlike.relu", 7, "binding:pybind11"),
        (f"{PY}#checksum", "cpp:csrc/fast.cpp#fast_checksum", 27, "binding:ctypes"),
        (f"{PY}#legacy", "cpp:csrc/legacy.c#_legacy.add", 38, "binding:cpython"),
        ("cpp:csrc/legacy.c#_legacy.add", "cpp:csrc/legacy.c#legacy_add", 6, "binding:cpython"),
        ("cpp:csrc/legacy.c#_legacy.sub", "cpp:csrc/legacy.c#legacy_add", 7, "binding:cpython"),
        (
            "java:java/org/lib/Fast_Lib.java#Fast_Lib.sum",
            "cpp:csrc/fast.cpp#Java_org_lib_Fast_1Lib_sum",
            4,
            "binding:jni",
        ),
    }


def test_python_runs_native_classes_without_naming_what_it_runs() -> None:
    native = """#include <pybind11/pybind11.h>
struct Base { int size() const { return 1; } void open() {} void close() {} };
struct Vec : Base { double x() const { return 1; } void set_x(double v) {} Vec operator-() const; bool operator<(const Vec& o) const; };
Vec operator*(double k, const Vec& v) { return v; }
PYBIND11_MODULE(_v, m) {
  py::class_<Base>(m, "Base").def("__len__", &Base::size).def("__enter__", &Base::open).def("__exit__", &Base::close);
  py::class_<Vec, Base>(m, "Vec")
      .def(py::init<>())
      .def_property("x", &Vec::x, &Vec::set_x)
      .def_property_readonly("y", &Vec::x)
      .def_readwrite("z", &Vec::z)
      .def(-py::self)
      .def(double() * py::self)
      .def(py::self < py::self);
}
"""
    use = """from _v import Vec
from typing import Optional

def take(a: Vec, many: list[Vec], maybe: Optional["Vec"], other):
    a.x = a.y
    a.z = a.z + 1
    maybe.y = 2
    b = 2.0 * a
    with b as held:
        len(held)
    for v in many:
        print(-v, v > a)
    return other.x + len(other)

class Plan:
    def first(self) -> Vec:
        return unknown()

    def go(self):
        return self.first().x
"""
    links = linked({"v.cpp": native, "use.py": use})
    found = {
        (e.line, e.dst.partition("#")[2])
        for e in links.edges
        if e.src == "py:use.py#take" and e.via == "binding:pybind11"
    }
    assert found == {
        (5, "_v.Vec.x"), (5, "_v.Vec.y"), (8, "_v.Vec.__rmul__"), (9, "_v.Base.__enter__"), (9, "_v.Base.__exit__"),
        (10, "_v.Base.__len__"), (12, "_v.Vec.__neg__"), (12, "_v.Vec.__lt__"),
    }  # fmt: skip
    assert [e.line for e in links.edges if (e.src, e.dst) == ("py:use.py#Plan.go", "cpp:v.cpp#_v.Vec.x")] == [20]
    runs = {(e.src.partition("#")[2], e.dst.partition("#")[2]) for e in links.edges if e.src.startswith("cpp:v.cpp#_v.Vec.")
            and e.kind == "calls"}  # fmt: skip
    assert {("_v.Vec.x", "Vec.x"), ("_v.Vec.x", "Vec.set_x"), ("_v.Vec.__rmul__", "operator*")} <= runs
    assert ("_v.Vec.__neg__", "Vec.operator-") in runs


def test_binding_nodes_say_what_they_expose(links: Links) -> None:
    nodes = {n.id: n for n in links.nodes if n.type == "binding"}
    assert nodes[f"{BOUND}#_C.matmul"].meta["exposed"] == "matmul"
    assert nodes[f"{BOUND}#_C.matmul"].lines == (12, 12)
    assert nodes[f"{BOUND}#torchlike.norm"].meta["schema"] == "norm(Tensor a) -> Tensor"
    assert nodes[f"{BOUND}#torchlike.norm@2"].meta["dispatch_key"] == "CUDA"


def test_a_native_module_is_not_a_missing_one(links: Links) -> None:
    imports = {(e.src, e.dst) for e in links.edges if e.kind == "imports"}
    assert (PY, f"{BOUND}#_C") in imports
    assert not [u for u in links.unresolved if u.kind == "imports"]


def test_names_of_other_modules_are_not_bound() -> None:
    links = linked(
        {
            "a.py": "from other import add\nimport lib\ndef f():\n    add(1)\n    lib.add(2)\n",
            "m.cpp": 'int add(int a) { return a; }\nPYBIND11_MODULE(_C, m) { m.def("add", &add); }\n',
        }
    )
    assert [e for e in links.edges if e.src == "py:a.py#f" and e.dst.startswith("cpp:")] == []


def test_a_name_that_two_c_files_define_is_no_ctypes_target() -> None:
    source = "int fn(int a) { return a; }\n"
    python = "import ctypes\nlib = ctypes.CDLL('x.so')\ndef f():\n    return lib.fn(1)\n"
    assert not [e for e in linked({"a.py": python, "a.c": source, "b.c": source}).edges if e.dst.startswith("cpp:")]
    assert [e.dst for e in linked({"a.py": python, "a.c": source}).edges if e.via == "binding:ctypes"] == ["cpp:a.c#fn"]


def test_nanobind_boost_and_any_variable_name() -> None:
    links = linked(
        {
            "n.cpp": 'int f(int a) { return a; }\nNB_MODULE(fast, whatever) { whatever.def("f", &f); }\n',
            "b.cpp": 'int g(int a) { return a; }\nBOOST_PYTHON_MODULE(slow) { def("g", g); }\n',
        }
    )
    found = {(e.src, e.dst, e.via) for e in links.edges if e.via.startswith("binding")}
    assert found == {
        ("cpp:n.cpp#fast.f", "cpp:n.cpp#f", "binding:nanobind"),
        ("cpp:b.cpp#slow.g", "cpp:b.cpp#g", "binding:boost"),
    }
