"""Which of several a binding means: the overload that a cast picks, the class that a native function returns, the slots of a type."""

from __future__ import annotations

from test_bindings_python import bound, linked

BOX = """#include <pybind11/pybind11.h>
namespace py = pybind11;
class Box {
 public:
  Box(int n) {}
  Box(const Box& other) {}
  void grow(int n) {}
  void grow(double n) {}
  int size() const { return 1; }
  int size() { return 2; }
};
Box make(int n) { return Box(n); }
int area(int v) { return v; }
int area(double v) { return 0; }
PYBIND11_MODULE(_box, m) {
  py::class_<Box>(m, "Crate")
      .def(py::init<int>())
      .def("grow", py::overload_cast<double>(&Box::grow))
      .def("size", py::overload_cast<>(&Box::size, py::const_));
  m.def("area", static_cast<int (*)(int)>(&area));
  m.def("make", &make);
}
"""


def test_a_cast_picks_the_overload_and_a_result_its_class() -> None:
    use = "import _box\n\ndef run():\n    _box.make(3).grow(1.0)\n    return _box.Crate(2).size()\n"
    found = bound(linked({"box.cpp": BOX, "use.py": use}))
    native = {(s.partition("#_box.")[2], d.partition("#")[2]) for s, d, _, _ in found if s.startswith("cpp:")}
    assert native == {
        ("Crate", "Box.Box"), ("Crate.__init__", "Box.Box"), ("Crate.grow", "Box.grow@2"), ("Crate.size", "Box.size"),
        ("area", "area"), ("make", "make"),
    }  # fmt: skip
    python = {(d.partition("#_box.")[2], line) for s, d, line, _ in found if s == "py:use.py#run"}
    assert python == {("make", 4), ("Crate.grow", 4), ("Crate", 5), ("Crate.size", 5)}


TYPE = """#include <Python.h>
typedef struct { PyObject_HEAD int n; } Counter;
static int counter_init(Counter *self, PyObject *args, PyObject *kw) { return 0; }
static PyObject *counter_add(Counter *self, PyObject *arg) { return arg; }
static PyObject *counter_call(Counter *self, PyObject *args, PyObject *kw) { return args; }
static PyMethodDef counter_methods[] = {{"add", (PyCFunction)counter_add, METH_O, "add"}, {NULL}};
static PyTypeObject CounterType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "_count.Counter",
    .tp_methods = counter_methods,
    .tp_call = (ternaryfunc)counter_call,
    .tp_init = (initproc)counter_init,
};
PyMODINIT_FUNC PyInit__count(void) { return NULL; }
"""


def test_the_slots_of_a_native_type() -> None:
    use = "import _count\n\ndef run():\n    c = _count.Counter()\n    c.add(1)\n"
    found = {(s.partition("#")[2], d.partition("#")[2]) for s, d, _, _ in bound(linked({"c.c": TYPE, "use.py": use}))}
    assert found == {
        ("_count.Counter", "counter_init"), ("_count.Counter.add", "counter_add"),
        ("_count.Counter.__call__", "counter_call"), ("run", "_count.Counter"), ("run", "_count.Counter.add"),
    }  # fmt: skip


def test_kernels_handed_to_a_launcher_and_functions_named_by_a_text() -> None:
    cuda = (
        "__global__ void fill(float* x) {}\ntemplate <int N> __global__ void copy(float* x) {}\n"
        "void run(float* x) {\n  void* args[] = {&x};\n  cudaLaunchKernel((const void*)fill, dim3(1), dim3(1), args, 0, 0);\n"
        "  hipLaunchKernelGGL(HIP_KERNEL_NAME(copy<2>), dim3(1), dim3(1), 0, 0, x);\n}\n"
    )
    links = linked({"k.cu": cuda})
    assert {(e.dst.partition("#")[2], e.line) for e in links.edges if e.via == "launch"} == {("fill", 5), ("copy", 6)}
    use = 'import ctypes\nlib = ctypes.CDLL("v.so")\n\ndef run():\n    getattr(lib, "dot")(1)\n'
    assert bound(linked({"v.c": "int dot(int a) { return a; }\n", "use.py": use})) == {
        ("py:use.py#run", "cpp:v.c#dot", 5, "ctypes")
    }


def test_a_declaration_file_beside_the_cython_source() -> None:
    files = {
        "fast/q.pxd": "cdef class Queue:\n    cdef int n\n    cpdef int pop(self)\n",
        "fast/q.pyx": "cdef class Queue:\n    cpdef int pop(self):\n        return self.n\n\ndef drain(Queue q):\n    return q.pop()\n",
        "fast/__init__.py": "from .q import Queue, drain\n\ndef run():\n    return drain(Queue())\n",
    }
    edges = {(e.src, e.dst) for e in linked(files).edges if e.kind == "calls"}
    assert edges == {
        ("py:fast/__init__.py#run", "py:fast/q.pyx#Queue"),
        ("py:fast/__init__.py#run", "py:fast/q.pyx#drain"),
        ("py:fast/q.pyx#drain", "py:fast/q.pyx#Queue.pop"),
    }


def test_functions_that_csharp_imports_from_a_library() -> None:
    files = {
        "v.c": "int plus_one(int n) { return n + 1; }\ndouble ratio(double a) { return a; }\nstatic int hidden(int n) { return n; }\n",
        "Native.cs": "using System.Runtime.InteropServices;\npublic static class Native {\n"
        '    [DllImport("v", EntryPoint = "plus_one")]\n    static extern int PlusOne(int n);\n'
        '    [LibraryImport("v")]\n    static partial double ratio(double a);\n'
        '    [DllImport("v")]\n    static extern int hidden(int n);\n}\n',
    }
    assert bound(linked(files)) == {
        ("cs:Native.cs#Native.PlusOne", "cpp:v.c#plus_one", 3, "pinvoke"),
        ("cs:Native.cs#Native.ratio", "cpp:v.c#ratio", 5, "pinvoke"),
    }


def test_a_kernel_registered_with_its_dispatch_key() -> None:
    text = 'int meta(int x) { return x; }\nTORCH_LIBRARY(ops, m) {\n  m.impl("f", torch::dispatch(c10::DispatchKey::Meta, meta));\n}\n'
    assert ("cpp:o.cpp#ops.f", "cpp:o.cpp#meta", 3, "torch") in bound(linked({"o.cpp": text}))
