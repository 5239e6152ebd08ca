"""C, C++ and CUDA linking: labelled programs, line by line, declarations joined with definitions, and what must not be linked."""

from __future__ import annotations

import pytest
from labelled import link_fixture, read

from extractor.assemble import assemble
from extractor.languages import spec_for
from extractor.parse import parse_file
from extractor.resolve import Links, link


def parsed(files: dict[str, str]) -> list:  # type: ignore[type-arg]
    return [parse_file(p, t.encode(), spec) for p, t in files.items() if (spec := spec_for(p, t.encode()))]


def linked(files: dict[str, str]) -> Links:
    return link(parsed(files), {})


def calls(links: Links) -> set[tuple[str, str]]:
    return {(e.src.partition(":")[2], e.dst.partition(":")[2]) for e in links.edges if e.kind == "calls"}


def linked_calls(text: str) -> set[tuple[str, str, str]]:
    found = linked({"a.cpp": text}).edges
    return {(e.src.partition("#")[2], e.dst.partition("#")[2], e.via) for e in found if e.kind == "calls"}


VIRTUAL = """struct Shape { virtual int area() const { return 0; } virtual ~Shape(); int twice() const { return 2 * area(); } };
Shape::~Shape() {}
struct Round : Shape { int area() const override { return 3; } ~Round() override {} };
struct Flat final : Shape { Flat() { area(); } int area(int n) const { return n; } };
"""


def test_a_virtual_method_with_a_body_may_be_an_override_unless_the_object_is_known() -> None:
    found = linked_calls(VIRTUAL + """
int through(const Shape& s, Shape* p) { return s.area() + p->area(); }
int known() { Shape s; Round r; return s.area() + r.area() + (new Shape)->area(); }
""")  # fmt: skip
    assert {("through", "Shape.area", "type"), ("through", "Round.area", "override")} <= found
    assert {("Shape.twice", "Shape.area", "self"), ("Shape.twice", "Round.area", "override")} <= found
    assert ("known", "Round.area", "override") not in found
    assert {f for f in found if f[0] == "Flat.Flat"} == {
        ("Flat.Flat", "Shape.area", "self")
    }  # not while it is being made


def test_objects_are_destroyed_where_their_block_ends_and_by_delete() -> None:
    found = linked_calls(VIRTUAL + """
struct Guard { Guard(int n) {} ~Guard() {} };
struct Plain {};
Guard handed() { Guard g(1); return g; }
void scope() { Guard g(1); static Guard kept(2); Plain p; }
void gone(Shape* s, Plain* p) { delete s; delete p; }
void freed(int n) { Shape** all = new Shape*[n]; delete[] all; }
void one(Guard** all) { delete all[0]; }
""")  # fmt: skip
    ends = {(s, d, v) for s, d, v in found if "~" in d}
    assert ends == {
        ("scope", "Guard.~Guard", "destructor"), ("gone", "Shape.~Shape", "destructor"), ("gone", "Round.~Round", "override"),
        ("Round.~Round", "Shape.~Shape", "destructor"), ("one", "Guard.~Guard", "destructor"),
    }  # fmt: skip


def test_inherited_constructors_conversions_and_arguments_that_look_like_parameters() -> None:
    found = linked_calls("""struct Base { Base(int n) {} };
struct Mine : Base { using Base::Base; };
struct Ratio { explicit operator double() const { return 1; } };
struct Text { Text(int n) {} };
int length(int n) { return n; }
void use(Ratio r, int n) { Mine m(n); double d = static_cast<double>(r); Text t(length(n)); }
""")
    assert found == {
        ("use", "Base.Base", "scope"), ("use", "Ratio.operator double", "operator"), ("use", "Text.Text", "scope"),
        ("use", "length", "scope"),
    }  # fmt: skip


def test_functions_that_constructors_keep_are_called_through_their_fields() -> None:
    found = linked_calls("""struct Timer {
  using Callback = void (*)(int);
  Timer(int n, Callback f = &Timer::quiet) : count_(n), f_(f) {}
  void fire() { f_(count_); }
  static void quiet(int n) {}
  int count_;
  Callback f_;
};
struct Pair { int n; void (*f)(int); };
static void ring(int n) {}
static void other(int n) {}
void use(int n) { Timer a(n, ring); Timer b{n}; Pair p{n, other}; }
void more() { auto* t = new Timer(2, &ring); t->fire(); }
""")
    assert {d for s, d, _ in found if s == "Timer.fire"} == {"Timer.quiet", "ring"}


def test_namespaces_opened_by_macros_are_those_written_elsewhere() -> None:
    links = linked({
        "core.h": "#define LIB_BEGIN namespace detail {\n#define LIB_END }\nLIB_BEGIN\nint grow(int n);\nLIB_END\n",
        "use.cpp": '#include "core.h"\nnamespace detail { int grow(int n) { return n; } }\nint use() { return detail::grow(1); }\n',
    })  # fmt: skip
    assert ("use.cpp#use", "use.cpp#detail.grow") in calls(links)
    assert links.merged == {"cpp:core.h#grow": "cpp:use.cpp#detail.grow"}


def test_a_comment_inside_a_macro_does_not_end_it() -> None:
    text = "void fail(int n);\n#define CHECK(x) \\\n  ((x) /* call() it */ \\\n   ? (void)0 : fail(1))\n"
    assert {(s, d) for s, d, _ in linked_calls(text)} == {("CHECK", "fail")}


def test_operators_are_calls_where_a_class_here_overloads_them() -> None:
    text = """struct V { int x; V operator+(const V& o) const { return o; } V& operator+=(const V& o) { return *this; } };
struct S { char c; };
bool operator==(const V& a, const V& b) { return a.x == b.x; }
bool operator<(const S& a, int b) { return true; }
void use(V a, V b, S s, int n) {
  V c = a + b;
  a += b;
  bool same = a == b;
  bool less = s < n;
  int m = n + n;
  m += n;
  bool no = n == m || n < m;
}
"""
    spec = spec_for("a.cpp", text.encode())
    assert spec is not None
    links = link([parse_file("a.cpp", text.encode(), spec)], {})
    found = {(e.dst.partition("#")[2], e.line) for e in links.edges if e.kind == "calls" and e.src.endswith("#use")}
    assert found == {("V.operator+", 6), ("V.operator+=", 7), ("operator==", 8), ("operator<", 9)}
    assert [u for u in links.unresolved if "operator" in u.name] == []


def test_an_error_of_the_standard_library_under_using_namespace_std() -> None:
    text = '#include <stdexcept>\nusing namespace std;\nint f(int x) {\n  if (x > 1) throw out_of_range("too big");\n  return x;\n}\n'
    spec = spec_for("a.cpp", text.encode())
    assert spec is not None
    links = link([parse_file("a.cpp", text.encode(), spec)], {})
    assert set(links.names.values()) == {("ext:std#out_of_range",)}


def test_a_declaration_and_its_definition_are_one_node() -> None:
    sources, links = link_fixture("cpp_engine")
    files = parsed({p: d.decode() for p, d in sources.items()})
    nodes, edges, _ = assemble(files, links)
    by_id = {n.id: n for n in nodes}
    assert "cpp:include/engine/shape.h#engine.Circle.area" not in by_id
    area = by_id["cpp:src/shape.cc#engine.Circle.area"]
    assert area.meta["declared"] == [{"path": "include/engine/shape.h", "line": 34}]
    held = {(e.src, e.dst) for e in edges if e.kind == "defined_in"}
    assert (area.id, "cpp:include/engine/shape.h#engine.Circle") in held


def test_includes_and_bases() -> None:
    _, links = link_fixture("cpp_engine")
    edges = {(e.src, e.dst, e.kind) for e in links.edges}
    assert ("cpp:src/scene.cc", "cpp:src/scene.h", "imports") in edges
    assert ("cpp:src/shape.cc", "cpp:include/engine/shape.h", "imports") in edges
    assert ("cpp:src/shape.cc", "ext:std", "depends_on") in edges
    assert ("cpp:src/main.cpp#Printer", "cpp:src/scene.h#engine.scene.Visitor", "extends") in edges


@pytest.mark.parametrize(
    ("headers", "meant", "candidates"),
    [
        (("src/android/conf.h",), [], ["src/android/conf.h"]),  # the build makes one for this platform
        (("src/android/conf.h", "more/deep/conf.h"), ["more/deep/conf.h"], []),
        (("src/net/conf.h", "tools/conf.h"), ["src/net/conf.h"], []),
        (("a/conf.h", "b/conf.h", "b/c/conf.h"), [], ["a/conf.h", "b/conf.h"]),
        (("src/core/conf.h", "android/conf.h", "include/conf.h"), ["src/core/conf.h"], []),
        (("src/core/win32/in/conf.h",), [], ["src/core/win32/in/conf.h"]),
    ],
)
def test_an_include_means_the_nearest_file_or_is_left_open(
    headers: tuple[str, ...], meant: list[str], candidates: list[str]
) -> None:
    links = linked({**dict.fromkeys(headers, "int f(void);\n"), "src/core/a.c": '#include "conf.h"\n'})
    assert [e.dst for e in links.edges if e.kind == "imports"] == [f"cpp:{p}" for p in meant]
    assert [c for u in links.unresolved for c in u.candidates] == [f"cpp:{p}" for p in candidates]


def test_a_platforms_own_files_include_each_other() -> None:
    links = linked({"port/win32/inc/conf.h": "int f(void);\n", "port/win32/src/a.c": '#include "conf.h"\n'})
    assert [e.dst for e in links.edges if e.kind == "imports"] == ["cpp:port/win32/inc/conf.h"]


def test_static_functions_of_other_files_are_not_linked() -> None:
    links = linked({"a.c": "static int f(void) { return 1; }", "b.c": "int g(void) { return f(); }"})
    assert calls(links) == set()
    assert [(u.name, u.reason) for u in links.unresolved] == [("f", "missing_module")]


def test_a_name_that_is_not_included_is_not_linked() -> None:
    links = linked({"a.cc": "int helper() { return 1; }", "b.cc": "int g() { return helper(); }"})
    assert calls(links) == set()


def test_calls_belong_to_their_function_not_to_the_file() -> None:
    links = linked({"a.cc": "int f();\nstruct A { int m() { return f(); } };\nint f() { return A().m(); }\n"})
    assert calls(links) == {("a.cc#A.m", "a.cc#f"), ("a.cc#f", "a.cc#A.m"), ("a.cc#f", "a.cc#A")}


def test_kernels_are_found_across_files() -> None:
    links = linked(
        {
            "k.cu": "__global__ void scale(float* x) {}\ntemplate <typename T> __global__ void fill(T* x) {}",
            "run.cu": "void scale_all(float* p) { scale<<<1, 32>>>(p); fill<float><<<1, 32>>>(p); }",
        }
    )
    launches = {(e.src, e.dst) for e in links.edges if e.via == "launch"}
    assert launches == {("cpp:run.cu#scale_all", "cpp:k.cu#scale"), ("cpp:run.cu#scale_all", "cpp:k.cu#fill")}


def test_broken_compile_commands_are_no_reason_to_stop() -> None:
    files = parsed(
        {
            "inc/x.h": "int f();",
            "a.cc": '#include "x.h"\nint g() { return f(); }',
            "x.cc": '#include "x.h"\nint f() { return 1; }',
        }
    )
    for text in ("nonsense", '{"a": 1}', '[{"command": "cc -Iinc a.cc", "directory": "/b"}]'):
        assert ("a.cc#g", "x.cc#f") in calls(link(files, {"compile_commands.json": text}))


def test_order_of_files_does_not_matter() -> None:
    sources, _ = read("cpp_engine")
    files = parsed({p: d.decode() for p, d in sources.items()})
    assert link(files, {}) == link(list(reversed(files)), {})


def test_names_from_used_namespaces_and_functions_that_values_hold() -> None:
    text = """#include <memory>
namespace net { namespace util { void Log(const char* s) {} } struct P { int x; }; }
using namespace net;
using util::Log;
struct Arrow { P* operator->() { return nullptr; } };
struct Base { virtual void on(int n) = 0; virtual void on(const char* s) = 0; };
struct Sub : Base { void on(int n) override {} void on(const char* s) override {} };
struct Copied { Copied(int a, int b) {} };
template <typename T> std::unique_ptr<T> twin(const T& t) { return std::make_unique<T>(t); }
constexpr auto square = [](int x) { return x * x; };
template <Shape T> void draw(T& t) { t.on(1); }
void use(Arrow a, Base& b, Copied c, Sub s) {
  Log("a");
  a->x;
  b.on(1);
  twin<Copied>(c);
  square(2);
  draw(s);
}
"""
    found = {
        (e.src.partition("#")[2], e.dst.partition("#")[2]) for e in linked({"a.cpp": text}).edges if e.kind == "calls"
    }
    assert {d for s, d in found if s == "use"} == {"net.util.Log", "Base.on", "Sub.on", "twin", "square", "draw"}
    assert ("draw", "Sub.on") in found
    assert not any(d == "Copied.Copied" for _, d in found)


def test_a_type_inside_a_test_is_known_there() -> None:
    found = linked_calls("""
struct Cond { void Wait(); };
class Fixture { public: int* env_; };
TEST_F(Fixture, One) {
  struct State { Cond cond; void go() { cond.Wait(); } };
  State state;
  state.go();
  state.cond.Wait();
}
""")
    assert {(s, d) for s, d, _ in found} == {
        ("Fixture_One", "Fixture_One.State.go"), ("Fixture_One", "Cond.Wait"), ("Fixture_One.State.go", "Cond.Wait"),
    }  # fmt: skip
