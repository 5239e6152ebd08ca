"""Native modules of Python: which source makes which module, submodules, classes, and names that several could answer."""

from __future__ import annotations

from test_bindings_python import bound, linked

from extractor.bindings_build import extensions

CORE = """#include <pybind11/pybind11.h>
namespace py = pybind11;
struct Vec { Vec(int n); int dot(const Vec& o) const; int get() const; void set(int v); };
int Vec::dot(const Vec& o) const { return 1; }
Vec::Vec(int n) {}
int Vec::get() const { return 0; }
void Vec::set(int v) {}
int add(int a, int b) { return a + b; }
int deep(int a) { return a; }
void init_deep(py::module_ m) { m.def("deep", &deep); }
PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {
  m.def("add", &add);
  auto sub = m.def_submodule("ops", "Operators.");
  sub.def("plus", &add);
  auto inner = sub.def_submodule("inner");
  init_deep(inner);
  py::class_<Vec> cls(sub, "Vec");
  cls.def(py::init<int>()).def("dot", &Vec::dot).def_property("value", &Vec::get, &Vec::set);
  m.def_submodule("chained").def("again", &add);
}
"""
SETUP = (
    "from torch.utils.cpp_extension import CppExtension\nsetup(ext_modules=[CppExtension('pkg._C', ['csrc/b.cpp'])])\n"
)


def test_the_build_names_the_module_and_submodules_hold_names() -> None:
    use = (
        "from pkg import add, _C\nfrom pkg._C import ops\nfrom pkg._C.ops import plus\nimport pkg\n\n"
        "def a():\n    return add(1, 2) + pkg.add(1, 2)\n\ndef b():\n    return _C.ops.inner.deep(2) + plus(1, 2)\n\n"
        "def c():\n    v = ops.Vec(3)\n    return v.dot(v)\n\ndef d():\n    return _C.chained.again(1, 2)\n"
    )
    elsewhere = "from other import _C\n\ndef z():\n    return _C.add(1, 2)\n"
    files = {
        "csrc/b.cpp": CORE, "pkg/__init__.py": "from ._C import *\nfrom ._C import add\nfrom . import _C\n", "pkg/use.py": use,
        "other/__init__.py": "", "other/x.py": elsewhere,
    }  # fmt: skip
    found = bound(linked(files, {"setup.py": SETUP}))
    cpp = "cpp:csrc/b.cpp#"
    assert {f for f in found if f[0].startswith("py:")} == {
        ("py:pkg/use.py#a", f"{cpp}_C.add", 7, "pybind11"),
        ("py:pkg/use.py#b", f"{cpp}_C.ops.inner.deep", 10, "pybind11"),
        ("py:pkg/use.py#b", f"{cpp}_C.ops.plus", 10, "pybind11"),
        ("py:pkg/use.py#c", f"{cpp}_C.ops.Vec", 13, "pybind11"),
        ("py:pkg/use.py#c", f"{cpp}_C.ops.Vec.dot", 14, "pybind11"),
        ("py:pkg/use.py#d", f"{cpp}_C.chained.again", 17, "pybind11"),
    }
    assert {(s.removeprefix(cpp), d.removeprefix(cpp)) for s, d, _, _ in found if s.startswith(cpp)} == {
        ("_C.add", "add"), ("_C.ops.plus", "add"), ("_C.ops.inner.deep", "deep"), ("_C.chained.again", "add"), ("_C.ops.Vec", "Vec.Vec"),
        ("_C.ops.Vec.__init__", "Vec.Vec"), ("_C.ops.Vec.dot", "Vec.dot"), ("_C.ops.Vec.value", "Vec.get"),
        ("_C.ops.Vec.value", "Vec.set"),
    }  # fmt: skip


def test_two_packages_with_a_module_of_one_name_keep_their_own() -> None:
    made = 'int {0}(int a) {{ return a; }}\nPYBIND11_MODULE(_C, m) {{ m.def("f", &{0}); }}\n'
    python = "from . import _C\n\ndef use():\n    return _C.f(1)\n"
    files = {
        "a/c.cpp": made.format("fa"), "b/c.cpp": made.format("fb"), "a/__init__.py": "", "b/__init__.py": "", "a/x.py": python,
        "b/x.py": python,
    }  # fmt: skip
    setup = "setup(ext_modules=[Extension('a._C', ['a/c.cpp']), Extension('b._C', ['b/c.cpp'])])\n"
    found = {(s, d) for s, d, _, _ in bound(linked(files, {"setup.py": setup})) if s.startswith("py:")}
    assert found == {("py:a/x.py#use", "cpp:a/c.cpp#_C.f"), ("py:b/x.py#use", "cpp:b/c.cpp#_C.f")}
    # Without a word from the build either could be meant.
    assert {s for s, *_ in bound(linked(files)) if s.startswith("py:")} == set()


def test_a_python_module_of_the_name_comes_first() -> None:
    native = 'int f(int a) { return a; }\nPYBIND11_MODULE(core, m) { m.def("f", &f); }\n'
    files = {
        "p/__init__.py": "",
        "p/core.py": "def f(a):\n    return a\n",
        "p/x.py": "from .core import f\n\ndef use():\n    return f(1)\n",
    }
    assert {s for s, *_ in bound(linked({**files, "c.cpp": native})) if s.startswith("py:")} == set()


def test_an_extension_that_torch_builds_when_it_is_loaded() -> None:
    native = 'int f(int a) { return a; }\nPYBIND11_MODULE(TORCH_EXTENSION_NAME, m) { m.def("f", &f); }\n'
    python = "from torch.utils.cpp_extension import load\n\next = load(name='fast', sources=['csrc/f.cpp'])\n"
    python += "\ndef use():\n    return ext.f(1)\n"
    found = bound(linked({"csrc/f.cpp": native, "csrc/g.cpp": native, "a.py": python}))
    assert [(s, d) for s, d, *_ in found if s.startswith("py:")] == [
        ("py:a.py#use", "cpp:csrc/f.cpp#TORCH_EXTENSION_NAME.f")
    ]


def test_boost_python_classes() -> None:
    native = (
        "struct World { World(int n) {} int greet() { return 1; } int get() { return 2; } };\nint hello(int x) { return x; }\n"
        'BOOST_PYTHON_MODULE(ext) {\n  def("hello", hello);\n'
        '  class_<World>("World", init<int>()).def("greet", &World::greet).add_property("v", &World::get);\n}\n'
    )
    python = "import ext\n\ndef use():\n    w = ext.World(1)\n    w.greet()\n    return ext.hello(1)\n"
    assert bound(linked({"b.cpp": native, "a.py": python})) == {
        ("cpp:b.cpp#ext.hello", "cpp:b.cpp#hello", 4, "boost"),
        ("cpp:b.cpp#ext.World", "cpp:b.cpp#World.World", 5, "boost"),
        ("cpp:b.cpp#ext.World.greet", "cpp:b.cpp#World.greet", 5, "boost"),
        ("cpp:b.cpp#ext.World.v", "cpp:b.cpp#World.get", 5, "boost"),
        ("py:a.py#use", "cpp:b.cpp#ext.World", 4, "boost"),
        ("py:a.py#use", "cpp:b.cpp#ext.World.greet", 5, "boost"),
        ("py:a.py#use", "cpp:b.cpp#ext.hello", 6, "boost"),
    }


def test_a_stub_stands_for_its_native_module() -> None:
    native = 'int f(int a) { return a; }\nPYBIND11_MODULE(_C, m) { m.def("f", &f); }\n'
    files = {
        "p/__init__.py": "",
        "p/_C.pyi": "def f(a: int) -> int: ...\n",
        "p/x.py": "from ._C import f\n\ndef use():\n    return f(1)\n",
    }
    links = linked({**files, "c.cpp": native})
    assert ("py:p/_C.pyi#f", "cpp:c.cpp#_C.f", 1, "pybind11") in bound(links)
    assert [e.dst for e in links.edges if e.kind == "calls" and e.src == "py:p/x.py#use"] == ["py:p/_C.pyi#f"]


def test_build_files_are_read_and_broken_ones_state_nothing() -> None:
    setup = (
        "import os, glob\nname = 'torchlike'\nsources = [os.path.join('csrc', f) for f in ['a.cpp', 'b.cu']]\n"
        "sources += glob.glob('csrc/extra/*.cpp')\nhere = os.path.dirname(os.path.abspath(__file__))\n"
        "setup(ext_modules=[CUDAExtension(name=f'{name}._C', sources=sources), Extension('fast', ['fast.c'])])\n"
    )
    cmake = (
        "project(x)\nset(SRC a.cpp b.cpp) # pybind11_add_module(no no.cpp)\npybind11_add_module(_core MODULE ${SRC})\n"
        'Python_add_library(_two MODULE WITH_SOABI "src/two.cpp")\n'
        "nanobind_add_module(three STABLE_ABI ${CMAKE_CURRENT_SOURCE_DIR}/three.cpp)\nadd_library(four SHARED four.cpp)\n"
        'set_target_properties(four PROPERTIES PREFIX "" OUTPUT_NAME "_four")\n'
    )
    pyproject = "[tool.setuptools]\next-modules=[{name='q.w', sources=['q.c']}]\n[tool.maturin]\nmodule-name='r._r'\n"
    gyp = "{'targets': [{'target_name': 'addon', 'sources': ['src/a.cc']}]} # comment\n"
    found = extensions({"setup.py": setup, "n/CMakeLists.txt": cmake, "pyproject.toml": pyproject, "binding.gyp": gyp})
    assert {(e.name, e.sources) for e in found} == {
        ("torchlike._C", ("csrc/a.cpp", "csrc/b.cu", "csrc/extra/*.cpp")), ("fast", ("fast.c",)), ("_core", ("n/a.cpp", "n/b.cpp")),
        ("_two", ("n/src/two.cpp",)), ("three", ("n/three.cpp",)), ("_four", ("n/four.cpp",)), ("q.w", ("q.c",)),
        ("r._r", ("src/**/*.rs", "src/*.rs")), ("addon", ("src/a.cc",)),
    }  # fmt: skip
    assert next(e for e in found if e.name == "torchlike._C").builds("csrc/extra/z.cpp")
    broken = {
        "setup.py": "setup(",
        "a/CMakeLists.txt": "pybind11_add_module(",
        "pyproject.toml": "[",
        "binding.gyp": "{",
    }
    assert extensions(broken) == []
