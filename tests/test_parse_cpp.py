"""C, C++ and CUDA parsing: what one file's facts hold, macros that break the grammar included."""

from __future__ import annotations

import time

import pytest

from extractor.facts import FileFacts
from extractor.languages import spec_for
from extractor.parse import parse_file
from extractor.parse.cpp import prepare


def facts(text: str, path: str = "src/a.cc") -> FileFacts:
    spec = spec_for(path, text.encode())
    assert spec is not None
    return parse_file(path, text.encode(), spec)


def names(found: FileFacts) -> list[tuple[str, str]]:
    return [(d.kind, d.qualname) for d in found.defs]


def test_namespaces_classes_and_members() -> None:
    found = facts("""
namespace a::b {
/// A box.
template <typename T>
class Box : public Base<T>, private c::Other {
 public:
  explicit Box(int size = 1) : size_(size) {}
  virtual T get(const T& other) const = 0;
  static int count();
 private:
  int size_;
};
enum class Kind { kA, kB = 2 };
}
int a::b::Thing::run(int x) { return helper(x); }
""")
    assert names(found) == [
        ("class", "a.b.Box"),
        ("method", "a.b.Box.Box"),
        ("method", "a.b.Box.get"),
        ("method", "a.b.Box.count"),
        ("variable", "a.b.Box.size_"),
        ("class", "a.b.Kind"),
        ("variable", "a.b.Kind.kA"),
        ("variable", "a.b.Kind.kB"),
        ("method", "a.b.Thing.run"),
    ]
    box, made, got, count, size = found.defs[:5]
    assert box.doc == "A box."
    assert [(b.name, b.position) for b in found.bases] == [("Base", 0), ("c::Other", 1)]
    assert ("constructor" in made.flags, made.params[0].default) == (True, "1")
    assert {"abstract", "virtual", "const"} <= set(got.flags)
    assert {"declaration", "static"} <= set(count.flags)
    assert (size.visibility, size.returns) == ("private", "int")


def test_a_declaration_and_its_definition_in_one_file_are_one() -> None:
    found = facts(
        "static int f(int a);\nclass A { int m(); };\nint A::m() {\n  return f(1);\n}\nstatic int f(int a) { return a; }\n"
    )
    assert [(d.qualname, d.ordinal, d.start_line) for d in found.defs] == [("f", 1, 6), ("A", 1, 2), ("A.m", 1, 3)]
    assert all("declaration" not in d.flags for d in found.defs)


def test_attribute_macros_do_not_break_the_tree() -> None:
    text = """
class LIB_API Foo : public Bar {
  void go() EXCLUSIVE_LOCKS_REQUIRED(mu_);
  int n_ GUARDED_BY(mu_);
};
LIB_EXPORT int f(int x) { return g(x); }
JNIEXPORT jint JNICALL Java_a_B_c(JNIEnv* env) { return 1; }
static void h(void) __attribute__((noreturn));
#define LIB_API __declspec(dllexport)
"""
    found = facts(text)
    assert found.status == "ok"
    assert [d.qualname for d in found.defs] == ["Foo", "Foo.go", "Foo.n_", "f", "Java_a_B_c", "h", "LIB_API"]
    assert len(prepare(text.encode())) == len(text.encode())
    assert b"#define LIB_API __declspec(dllexport)" in prepare(text.encode())


@pytest.mark.parametrize(
    "head",
    [
        "class LIB_API OTHER Box : private Base<int>",
        "class mylib_export Box",
        "struct __packed Box",
        "class MyLib_API Box sealed",
        'class LIB_CAPABILITY("mutex") LIB_ALIGN(8) Box',
        "class Box LIB_FINAL : public Base",
        "template <typename T>\nclass lib_export Box<T*>",
        "class Box final",
        "class LIB_API Box\n#if A\n  : public B\n#else\n  : public C\n#endif\n",
        "struct\n#ifdef A\n  LIB_API\n#endif\n  Box : B",
    ],
)
def test_macro_words_in_a_class_head_leave_the_class_its_members(head: str) -> None:
    found = facts(f"namespace n {{\n{head} {{\n#if X\n  int get();\n#endif\n  class In {{ int k; }};\n}};\n}}\n")
    assert [q for _, q in names(found)] == ["n.Box", "n.Box.get", "n.Box.In", "n.Box.In.k"]


@pytest.mark.parametrize(
    "text",
    ["struct point p{1, 2};", "struct point p{};", "struct foo make() const { a; }", "class Box final { int a; };"],
)
def test_a_name_in_a_head_is_no_macro(text: str) -> None:
    assert prepare(text.encode()) == text.encode()


def test_kernels_and_launches() -> None:
    found = facts(
        "__global__ void k(float* x) { helper(x); }\nvoid run() { k<<<1, 2>>>(p); t<int><<<g, b>>>(q); }", "a.cu"
    )
    assert found.lang == "cuda"
    assert found.defs[0].flags == ("kernel",)
    assert [(c.name, c.kind) for c in found.calls] == [("helper", "call"), ("k", "launch"), ("t", "launch")]


def test_macros_and_branches() -> None:
    found = facts(
        "#define TWICE(x) twice(x)\n#if A\nint f() { return 1; }\n#else\nint f() { return 2; }\n#endif\n#define N 3\n",
        "a.c",
    )
    assert [(d.qualname, d.ordinal, d.kind) for d in found.defs] == [
        ("TWICE", 1, "function"),
        ("f", 1, "function"),
        ("f", 2, "function"),
        ("N", 1, "variable"),
    ]
    assert [(c.scope, c.name) for c in found.calls] == [(0, "twice")]
    assert found.defs[3].value == "3"


def test_includes_throws_and_handlers() -> None:
    found = facts("""#include "a/b.h"
#include <vector>
void f(int n) {
  try { if (n < 0) throw std::runtime_error("bad " + name); }
  catch (const std::exception& e) { throw; }
  catch (...) { }
  TORCH_CHECK(n > 0, "n must be positive");
}
""")
    assert [(i.module, i.level, i.kind) for i in found.imports] == [("a/b.h", 0, "include"), ("vector", 1, "include")]
    assert [(r.name, r.message, r.guard) for r in found.raises] == [
        ("std::runtime_error", "bad {name}", "n < 0"),
        ("", "", ""),
        ("c10::Error", "n must be positive", "!(n > 0)"),
    ]
    assert [(h.names, h.action) for h in found.handlers] == [(("std::exception",), "reraise"), ((), "pass")]


def test_headers_are_c_or_cpp_by_their_own_text() -> None:
    assert facts("struct a { int b; };\n", "a.h").lang == "c"
    assert facts("namespace x { class A; }\n", "a.h").lang == "cpp"


def test_structures_their_fields_and_typedefs_are_defined_in_order() -> None:
    found = facts(
        "struct S { int a; void f(); };\ntypedef struct { int b; } T;\nstatic T t = { 1 };\nint (*fp)(int) = f;\n"
    )
    assert names(found)[:4] == [("class", "S"), ("variable", "S.a"), ("method", "S.f"), ("class", "T")]


def test_conditions_among_initialisers_leave_the_class_its_members() -> None:
    text = """class A {
 public:
  A(int n)
#ifdef X
      : a_(n)
#else
      : a_(2), b_(f())
#endif
  {
    g();
  }
  A() : a_(1)
#if Y
        , b_(2)
#endif
        , c_(3) { g(); }
  void h() { g(); }
};
"""
    found = facts(text)
    assert found.status == "ok"
    assert [d.qualname for d in found.defs] == ["A", "A.A", "A.A", "A.h"]
    assert [c.line for c in found.calls if c.name == "g"] == [10, 16, 17]


@pytest.mark.parametrize("row", ["FOO(1) ", "FOO(1)\n", "X_ATTR(1) ", "#if X\n a(1),", "template <class T> "])
def test_a_row_of_macros_costs_no_more_than_its_length(row: str) -> None:
    times = []
    for count in (1000, 8000):
        data = (row * count).encode()
        started = time.process_time()
        prepare(data)
        times.append(time.process_time() - started)
    assert times[1] < 24 * max(times[0], 0.002), times


def test_what_the_grammar_does_not_know_takes_nothing_else_along() -> None:
    found = facts("""
struct R { R(); int n; };
struct Tab {
  Tab() : list_(new R*[8]), len_(0) {}
  void grow(int n) {
    R** fresh = new R*[size(n)];
    const char** names = new const char*[n];
    fill(fresh, n);
  }
  __suppress_ubsan__("alignment") bool check(int a, R r = {}) { return size(a) > 0; }
  BAR_CONSTEXPR_CPP11 Tab(int n) : len_(n) {}
  int size(int n);
  void fill(R** p, int n);
};
__suppress_ubsan__("alignment")
int outside(const R comment = {}) { Tab t; return t.size(1); }
template<typename T> __suppress_ubsan__("alignment") void write(void *p, T t) { put(t); }
#if __has_include(<span>) && (defined(A) || 1)
  #include <span>
#endif
bool both(int a) {
  return a > 0
#ifdef TRACK
         && size(a)
#else
         && other(a)
#endif
      ;
}
void log(const char* format, ...)
#if defined(__GNUC__)
    __attribute__((__format__(__printf__, 1, 2)))
#endif
    ;
""")
    assert (found.status, found.reason) == ("ok", "")
    callers = {d.qualname: number for number, d in enumerate(found.defs)}
    written = [c for c in found.calls if not c.name.startswith("operator")]
    called = {name: [c.name for c in written if c.scope == number] for name, number in callers.items()}
    assert (called["Tab.grow"], called["Tab.check"], called["both"]) == (["size", "fill"], ["size"], ["size"])
    assert ({"outside", "write", "log"} <= set(called), called["write"]) == (True, ["put"])
    check = next(d for d in found.defs if d.name == "check")
    assert [(p.name, p.default) for p in check.params] == [("a", ""), ("r", "{}")]


def test_a_macro_calls_nothing_of_what_it_says_to_the_compiler() -> None:
    found = facts("""
#define ALIGNED(n) __pragma(pack(1)) struct __declspec(align(n))
#define PACKED(n, x) _Pragma("pack(1)") struct __attribute__((packed, aligned(n))) begin(x)
""")
    assert [c.name for c in found.calls] == ["begin"]
