"""Bindings that Python code states: torch.library, Triton kernels, ctypes and cffi; and what only looks like one."""

from __future__ import annotations

from extractor.languages import spec_for
from extractor.parse import parse_file
from extractor.resolve import Links, link


def linked(files: dict[str, str], configs: dict[str, str] | None = None) -> Links:
    return link(
        [parse_file(p, t.encode(), spec) for p, t in files.items() if (spec := spec_for(p, t.encode()))], configs or {}
    )


def bound(links: Links) -> set[tuple[str, str, int, str]]:
    return {
        (e.src, e.dst, e.line, e.via.removeprefix("binding:"))
        for e in links.edges
        if e.kind == "calls" and e.via.startswith("binding:")
    }


def test_a_launched_kernel_is_called_wherever_it_comes_from() -> None:
    kernels = (
        "import triton\n\n@triton.jit\ndef add(x, n):\n    helper(x)\n\n@triton.jit\ndef helper(x):\n    return x\n"
        "\n@triton.autotune(configs=[], key=[])\n@triton.jit\ndef tuned(x):\n    pass\n\ndef plain(x):\n    pass\n"
    )
    use = (
        "import triton\nfrom . import kernels\nfrom .kernels import add as fast, plain\n\n"
        "def run(x, which):\n    grid = (1,)\n    fast[grid](x, 3)\n    kernels.tuned[lambda meta: (1,)](x)\n"
        "    kernel = fast if which else kernels.tuned\n    kernel[grid](x)\n    table = {'a': plain}\n    table['a'](x)\n"
        "    plain[grid](x)\n"
    )
    found = linked({"pkg/__init__.py": "", "pkg/kernels.py": kernels, "pkg/use.py": use})
    assert bound(found) == {
        ("py:pkg/use.py#run", "py:pkg/kernels.py#add", 7, "triton"),
        ("py:pkg/use.py#run", "py:pkg/kernels.py#tuned", 8, "triton"),
        ("py:pkg/use.py#run", "py:pkg/kernels.py#add", 10, "triton"),
        ("py:pkg/use.py#run", "py:pkg/kernels.py#tuned", 10, "triton"),
    }
    assert [u.line for u in found.unresolved if u.src == "py:pkg/use.py#run" and u.name.endswith("[]")] == [13]


def test_operators_of_torch_library() -> None:
    ops = (
        "import torch\nfrom torch.library import Library, custom_op, impl, register_fake\n\n"
        "@custom_op('my::scale', mutates_args=())\ndef scale(x, f):\n    return x * f\n\n"
        "@scale.register_fake\ndef _(x, f):\n    return x\n\n"
        "@scale.register_kernel('cuda')\ndef scale_cuda(x, f):\n    return x\n\n"
        "def backward(ctx, g):\n    return g\n\nscale.register_autograd(backward)\n\n"
        "lib = Library('my', 'FRAGMENT')\nlib.define('norm(Tensor x) -> Tensor')\n\n"
        "def norm_cpu(x):\n    return x\n\nlib.impl('norm', norm_cpu, 'CPU')\n\n"
        "@impl(lib, 'norm', 'CUDA')\ndef norm_cuda(x):\n    return x\n\n"
        "@register_fake('my::norm')\ndef norm_fake(x):\n    return x\n\n"
        "def twice(x):\n    return x\n\ndoubled = torch.library.custom_op('my::twice', mutates_args=())(twice)\n"
    )
    use = (
        "import torch\n\ndef use(x):\n    ns = torch.ops.my\n    return ns.norm.default(x) + torch.ops.my.scale(x, 2)\n"
    )
    found = linked({"ops.py": ops, "use.py": use})
    nodes = {n.id: n for n in found.nodes if n.type == "binding"}
    runs = {
        (nodes[s].meta.get("dispatch_key", ""), nodes[s].meta["exposed"], d, line)
        for s, d, line, _ in bound(found)
        if s in nodes
    }
    assert runs == {
        ("", "scale", "py:ops.py#scale", 4),
        ("Meta", "scale", "py:ops.py#_", 8),
        ("cuda", "scale", "py:ops.py#scale_cuda", 12),
        ("Autograd", "scale", "py:ops.py#backward", 19),
        ("CPU", "norm", "py:ops.py#norm_cpu", 27),
        ("CUDA", "norm", "py:ops.py#norm_cuda", 29),
        ("Meta", "norm", "py:ops.py#norm_fake", 33),
        ("", "twice", "py:ops.py#twice", 40),
    }
    called = {d for s, d, _, _ in bound(found) if s == "py:use.py#use"}
    assert called == {i for i, n in nodes.items() if n.meta["exposed"] in ("norm", "scale")}
    assert next(n for n in nodes.values() if n.meta.get("schema")).meta["schema"] == "norm(Tensor x) -> Tensor"


def test_operators_registered_in_both_languages_are_one() -> None:
    native = 'int f_cpu(int a) { return a; }\nTORCH_LIBRARY_IMPL(my, CPU, m) { m.impl("f", &f_cpu); }\n'
    python = (
        "import torch\n\n@torch.library.register_fake('my::f')\ndef fake(x):\n    return x\n\n"
        "def use(x):\n    return torch.ops.my.f(x)\n"
    )
    found = bound(linked({"f.cpp": native, "f.py": python}))
    assert {d for s, d, _, _ in found if s == "py:f.py#use"} == {"cpp:f.cpp#my.f", "py:f.py#my.f"}


def test_apply_of_an_autograd_function_runs_its_forward() -> None:
    text = (
        "import torch\nfrom torch.autograd import Function\n\nclass Mul(Function):\n    @staticmethod\n    def forward(ctx, x):\n"
        "        return x\n\nclass Other:\n    def forward(self):\n        pass\n\ndef use(x, rows):\n    rows.apply(Other)\n"
        "    return Mul.apply(x)\n"
    )
    assert bound(linked({"a.py": text})) == {("py:a.py#use", "py:a.py#Mul.forward", 15, "autograd")}


C_SOURCE = "int total(int a) { return a; }\nstatic int hidden(int a) { return a; }\nint other(int a) { return a; }\n"


def test_functions_of_c_libraries_through_ctypes() -> None:
    load = (
        "import ctypes\n\nlib = ctypes.cdll.LoadLibrary('libx.so')\n\ndef get():\n    return ctypes.CDLL('libx.so')\n"
    )
    use = (
        "import ctypes\nfrom load import get, lib\n\nclass Api:\n    def __init__(self):\n        self._lib = ctypes.CDLL('x')\n\n"
        "    def total(self, a):\n        return self._lib.total(a)\n\ndef use(a):\n    fn = lib.total\n    fn.restype = ctypes.c_int\n"
        "    fn(a)\n    lib['other'](a)\n    get().total(a)\n    return lib.hidden(a)\n"
    )
    found = bound(linked({"load.py": load, "use.py": use, "x.c": C_SOURCE}))
    assert found == {
        ("py:use.py#Api.total", "cpp:x.c#total", 9, "ctypes"),
        ("py:use.py#use", "cpp:x.c#total", 14, "ctypes"),
        ("py:use.py#use", "cpp:x.c#other", 15, "ctypes"),
        ("py:use.py#use", "cpp:x.c#total", 16, "ctypes"),
    }


def test_functions_of_c_libraries_through_cffi() -> None:
    build = (
        "from cffi import FFI\nffibuilder = FFI()\nffibuilder.cdef('int total(int a);')\n"
        "ffibuilder.set_source('pkg._native', '#include \"x.h\"')\n"
    )
    api = "from ._native import ffi, lib\nfrom . import _native\n\ndef use(a):\n    _native.lib.other(a)\n    return lib.total(a)\n"
    abi = "import cffi\nffi = cffi.FFI()\nffi.cdef('int other(int);')\nC = ffi.dlopen(None)\n\ndef use(a):\n    return C.other(a)\n"
    files = {"pkg/__init__.py": "", "pkg/build.py": build, "pkg/api.py": api, "pkg/abi.py": abi, "csrc/x.c": C_SOURCE}
    assert bound(linked(files)) == {
        ("py:pkg/api.py#use", "cpp:csrc/x.c#other", 5, "cffi"),
        ("py:pkg/api.py#use", "cpp:csrc/x.c#total", 6, "cffi"),
        ("py:pkg/abi.py#use", "cpp:csrc/x.c#other", 7, "cffi"),
    }


def test_a_parameter_or_an_object_of_the_same_name_is_no_library() -> None:
    text = (
        "import ctypes\nlib = ctypes.CDLL('x')\n\ndef use(lib, a):\n    return lib.total(a)\n\n"
        "class Box:\n    def total(self, a):\n        return a\n\ndef other(a):\n    lib = Box()\n    return lib.total(a)\n"
    )
    assert bound(linked({"a.py": text, "x.c": C_SOURCE})) == set()


def test_the_test_of_a_comprehension_is_no_statement() -> None:
    use = "import ctypes\n\nlib = ctypes.CDLL('x')\n\ndef use(many):\n    return [lib.total(d) for d in many if isinstance(d, int)]\n"
    found = bound(linked({"use.py": use, "x.c": C_SOURCE}))
    assert found == {("py:use.py#use", "cpp:x.c#total", 6, "ctypes")}
