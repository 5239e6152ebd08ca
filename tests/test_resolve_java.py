"""Java linking: a labelled program, line by line, and what must not be linked."""

from __future__ import annotations

from labelled import link_fixture

from extractor.languages import BY_NAME, spec_for
from extractor.parse import parse_file
from extractor.resolve import Links, link

ROOT = "src/main/java/depot"


def linked(**files: str) -> Links:
    spec = BY_NAME["java"]
    return link([parse_file(f"{name}.java", text.encode(), spec) for name, text in files.items()], {})


def calls(links: Links) -> set[tuple[str, str]]:
    return {(e.src.partition("#")[2], e.dst) for e in links.edges if e.kind == "calls"}


def test_what_runs_without_a_name_or_may_be_overridden() -> None:
    text = """import java.util.*;
class Base { void run() { step(); } void step() { } void step(int n) { } private void own() { } static void still() { } }
class Sub extends Base { void step() { } void step(String s) { } void own() { } static void still() { } }
interface Door extends AutoCloseable { }
class Gate implements Door, Iterable<Gate> { public void close() { } public Iterator<Gate> iterator() { return null; } }
class Use {
    void all(Base b, Gate g, Door d) {
        b.step(); b.step(1); Base.still();
        new Base().step();
        Base made = new Base(); made.step();
        try (Gate in = g; Gate other = new Gate()) { for (Gate x : g) { } }
        try (Door open = d) { }
    }
}
"""
    found = linked(A=text).edges
    mine = {(e.src.partition("#")[2], e.dst.partition("#")[2], e.line, e.via) for e in found if e.kind == "calls"}
    assert {("Base.run", "Base.step", 2, "self"), ("Base.run", "Sub.step", 2, "override")} <= mine
    assert {m[1:] for m in mine if m[0] == "Use.all" and not m[1].startswith("Auto")} == {
        ("Base.step", 8, "type"), ("Sub.step", 8, "override"), ("Base.step@2", 8, "type"), ("Base.still", 8, "type"),
        ("Base.step", 9, "type"), ("Base", 9, "scope"), ("Base.step", 10, "type"), ("Base", 10, "scope"),
        ("Gate", 11, "scope"), ("Gate.close", 11, "with"), ("Gate.iterator", 11, "iteration"), ("Gate.close", 12, "override"),
    }  # fmt: skip


def test_hierarchy_and_imports() -> None:
    _, links = link_fixture("java_depot")
    edges = {(e.src, e.dst, e.kind) for e in links.edges}
    assert (f"java:{ROOT}/model/Item.java#Item", f"java:{ROOT}/model/Priced.java#Priced", "implements") in edges
    assert (f"java:{ROOT}/store/FileStore.java#FileStore", f"java:{ROOT}/store/Store.java#Store", "extends") in edges
    assert (f"java:{ROOT}/model/TooHeavy.java#TooHeavy", "ext:java.lang#RuntimeException", "extends") in edges
    assert (f"java:{ROOT}/store/Store.java", f"java:{ROOT}/model/Item.java", "imports") in edges
    assert (f"java:{ROOT}/store/Store.java", f"java:{ROOT}/model/Item.java#Item", "imports") in edges
    assert (f"java:{ROOT}/model/Crate.java", "ext:java.util", "depends_on") in edges


def test_names_of_errors_reach_their_classes() -> None:
    _, links = link_fixture("java_depot")
    names = {(path, name): ids for (path, _, name), ids in links.names.items()}
    assert names[f"{ROOT}/model/Item.java", "TooHeavy"] == (f"java:{ROOT}/model/TooHeavy.java#TooHeavy",)
    assert names[f"{ROOT}/store/FileStore.java", "IOException"] == ("ext:java.io#IOException",)


def test_unknown_receivers_stay_unknown() -> None:
    links = linked(
        A="class A { void run(Thing t) { t.go(); } void go() {} }",
        B="class B { void go() {} }",
    )
    assert calls(links) == set()
    assert [(u.name, u.reason) for u in links.unresolved] == [("t.go", "unknown_receiver")]


def test_an_imported_name_is_never_a_local_one() -> None:
    links = linked(
        A="package a; import other.Helper; class A { void run() { Helper.go(); } }",
        B="package b; class Helper { static void go() {} }",
    )
    assert calls(links) == {("A.run", "ext:other#Helper.go")}


def test_a_call_through_a_field_is_not_a_call_of_oneself() -> None:
    links = linked(A="class A { B f; void m() { this.f.m(); } } class B { void m() {} }")
    assert calls(links) == {("A.m", "java:A.java#B.m")}


def test_overloads_are_told_apart_by_number_then_by_type() -> None:
    text = """class A {
      void f(int n) {} void f(String s) {} void f(int n, int m) {} void f(Object... rest) {}
      void run(String s) { f(1); f(s); f(1, 2); f(1, 2, 3); f("a" + 1); }
    }"""
    found = [e.dst.partition("#")[2] for e in linked(A=text).edges if e.kind == "calls"]
    assert sorted(found) == ["A.f", "A.f@2", "A.f@3", "A.f@4"]


def test_cycles_of_inheritance_end() -> None:
    links = linked(A="class A extends B { void f() { g(); } }", B="class B extends A { void h() { f(); } }")
    assert ("B.h", "java:A.java#A.f") in calls(links)


def test_order_of_files_does_not_matter() -> None:
    spec = BY_NAME["java"]
    texts = {"B": "class B { void g() {} }", "A": "class A { B b; void f() { b.g(); } }"}
    one = link([parse_file(f"{n}.java", t.encode(), spec) for n, t in texts.items()], {})
    two = link([parse_file(f"{n}.java", t.encode(), spec) for n, t in reversed(texts.items())], {})
    assert one == two


def test_a_method_keeps_its_plain_name_beside_a_field_of_that_name() -> None:
    text = "class Item {\n  private int size;\n  int size() { return size; }\n  int twice() { return size() * 2; }\n}\n"
    spec = spec_for("Item.java", text.encode())
    assert spec is not None
    facts = parse_file("Item.java", text.encode(), spec)
    assert {(d.kind, d.qualname, d.ordinal) for d in facts.defs if d.name == "size"} == {
        ("variable", "Item.size", 2),
        ("method", "Item.size", 1),
    }
    calls = [(e.src, e.dst) for e in link([facts], {}).edges if e.kind == "calls"]
    assert calls == [("java:Item.java#Item.twice", "java:Item.java#Item.size")]


def test_constants_and_anonymous_classes_call_only_constructors_that_are_written() -> None:
    text = (
        "interface Job { void run(); }\nenum Plain { A, B { int x() { return 1; } }; int x() { return 0; } }\n"
        "enum Rich { A(1), B(2); Rich(int n) { } }\nclass Use {\n  Job job = new Job() { public void run() { } };\n}\n"
    )
    spec = spec_for("Use.java", text.encode())
    assert spec is not None
    found = {
        (e.dst.partition("#")[2], e.line)
        for e in link([parse_file("Use.java", text.encode(), spec)], {}).edges
        if e.kind == "calls"
    }
    assert found == {("Rich.Rich", 3)}


def test_of_overloads_named_by_a_reference_those_that_take_what_is_passed() -> None:
    text = """
import java.util.*;
class Calc {
  double eval(String text) { return 1; }
  double eval(Integer n) { return 2; }
  void run(List<String> lines) { lines.stream().map(this::eval); }
}
"""
    found = {
        (e.dst.partition("#")[2], e.confidence >= 0.85)
        for e in linked(a=text).edges
        if e.kind == "calls" and "#Calc.eval" in e.dst
    }
    assert found == {("Calc.eval", True)}


def test_a_static_star_brings_nested_types_too() -> None:
    links = linked(
        A="package a; public class A { public static class Torn extends RuntimeException { Torn(String s) { } } }",
        B='package b; import static a.A.*; class B { void tear() { throw new Torn("torn"); } }',
    )
    assert ("B.tear", "java:A.java#A.Torn.Torn") in calls(links)


def test_other_packages_of_the_same_organisation_are_elsewhere() -> None:
    links = linked(
        A="package org.some.csv; import org.some.io.Files; import org.some.csv.made.Row; class A { }",
        B="package org.some.csv.perf; class B { }",
    )
    assert [(u.name, u.reason) for u in links.unresolved] == [("org.some.csv.made.Row", "missing_module")]
    assert [e.dst for e in links.edges if e.kind == "imports"] == ["ext:org.some.io#Files"]
