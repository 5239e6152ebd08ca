"""Go linking: a labelled program, line by line, what must not be linked, and what functions hand back as errors."""

from __future__ import annotations

from labelled import link_fixture, read

from extractor.languages import BY_NAME, spec_for
from extractor.parse import parse_file
from extractor.raises import throws
from extractor.resolve import Links, link


def linked(**files: str) -> Links:
    spec = BY_NAME["go"]
    return link([parse_file(f"{n.replace('__', '/')}.go", t.encode(), spec) for n, t in files.items()], {})


def calls(links: Links) -> set[tuple[str, str]]:
    return {(e.src.partition("#")[2], e.dst) for e in links.edges if e.kind == "calls"}


def test_a_bare_name_is_never_a_method_and_default_keeps_the_type() -> None:
    text = """package a
type L struct{ xs []int }
func (l *L) append(x int) { l.xs = append(l.xs, x) }
func (l *L) show() string { return show(l) }
func show(l *L) string { return "" }
type N interface{ Name() string }
type A struct{}
type B struct{}
func (A) Name() string { return "" }
func (B) Name() string { return "" }
func f(n N) string {
	switch n := n.(type) {
	case A:
		return n.Name()
	default:
		return n.Name()
	}
}
"""
    edges = {(e.src, e.dst, e.line) for e in linked(a=text).edges if e.kind == "calls" and e.via != "override"}
    named = {(s.partition("#")[2], d.partition("#")[2], line) for s, d, line in edges if not d.startswith("ext:")}
    assert named == {("L.show", "show", 4), ("f", "A.Name", 14), ("f", "N.Name", 16)}


def test_imports_embedding_and_interfaces() -> None:
    _, links = link_fixture("go_depot")
    edges = {(e.src, e.dst, e.kind) for e in links.edges}
    assert ("go:model/item.go#Item", "go:model/item.go#Base", "extends") in edges
    assert ("go:store/store.go#Memory", "go:store/store.go#Store", "implements") in edges
    assert ("go:model/item.go#TooHeavy", "ext:builtin#error", "implements") in edges
    assert ("go:store/store.go#Counted", "go:store/store.go#Store", "implements") in edges
    assert ("go:cmd/depot/main.go", "go:store/", "imports") in edges
    assert ("go:cmd/depot/main.go", "go:store/store.go", "imports") in edges
    assert ("go:tools/gen/main.go", "go:model/item.go#New", "imports") in edges
    assert ("go:cmd/depot/main.go", "ext:github.com/spf13/pflag", "depends_on") in edges


def test_a_type_with_too_few_methods_implements_nothing() -> None:
    text = """package a
    type Pair interface { One(); Two(n int) error }
    type Half struct{}
    func (Half) One() {}
    type Other struct{}
    func (Other) One() {}
    func (Other) Two(n string) error { return nil }
    func run(p Pair) { p.One() }
    """
    links = linked(a=text)
    assert not [e for e in links.edges if e.kind == "implements"]
    assert calls(links) == {("run", "go:a.go#Pair.One")}


def test_unknown_receivers_stay_unknown() -> None:
    links = linked(
        a="package a\nfunc run(t Thing) { t.Go() }\n", b__b="package b\ntype Thing int\nfunc (Thing) Go() {}\n"
    )
    assert calls(links) == set()
    assert [(u.name, u.reason) for u in links.unresolved] == [("t.Go", "unknown_receiver")]


def test_packages_of_one_name_are_kept_apart() -> None:
    links = linked(
        one__util__u="package util\nfunc Do() {}\n",
        two__util__u="package util\nfunc Do() {}\n",
        main='package main\nimport "./two/util"\nfunc main() { util.Do() }\n',
    )
    assert calls(links) == {("main", "go:two/util/u.go#Do")}


def test_a_local_name_hides_a_package_only_in_its_block() -> None:
    text = """package a
    type T struct{}
    func (T) Run() {}
    type U struct{}
    func (U) Run() {}
    func f(x T) {
        if true {
            x := U{}
            x.Run()
        }
        x.Run()
    }
    """
    found = sorted((e.line, e.dst) for e in linked(a=text).edges if e.kind == "calls")
    assert found == [(9, "go:a.go#U.Run"), (11, "go:a.go#T.Run")]


def test_conversions_are_no_calls() -> None:
    links = linked(a="package a\ntype Celsius float64\nfunc f(x float64) Celsius { return Celsius(x) }\n")
    assert calls(links) == set()
    assert links.unresolved == []


def test_errors_travel_only_where_they_are_handed_back() -> None:
    sources, _ = read("go_depot")
    _, links = link_fixture("go_depot")
    files = [parse_file(p, d, spec) for p, d in sources.items() if (spec := spec_for(p, d)) is not None]
    found = {(e.src.partition("#")[2], e.dst.partition("#")[2]) for e in throws(files, links).edges}
    assert {("Memory.Find", "ErrNotFound"), ("Item.Check", "ErrEmptyName"), ("Item.Check", "TooHeavy")} <= found
    assert ("Memory.Put", "TooHeavy") in found  # handed on
    assert ("find", "ErrNotFound") in found  # handed on after a test
    assert ("Must", "panic") in found
    assert ("Must", "ErrNotFound") not in found  # looked at, then a panic
    assert ("TestFind", "ErrNotFound") not in found
    assert ("Labels", "ErrEmptyName") not in found  # the result of Check is dropped


def test_order_of_files_does_not_matter() -> None:
    sources, configs = read("go_depot")
    files = [parse_file(p, d, spec) for p, d in sources.items() if (spec := spec_for(p, d)) is not None]
    assert link(files, configs) == link(files[::-1], configs)


def test_functions_kept_in_tables_fields_and_results_are_called() -> None:
    text = """package a
    type command struct { name string; run func(n int) error }
    var commands = []command{{"add", add}, {name: "del", run: del}}
    func add(n int) error { return nil }
    func del(n int) error { return nil }
    func one() int { return 1 }
    func pick() (func() int, error) { return one, nil }
    func main() {
        for _, c := range commands { c.run(1) }
        f, _ := pick()
        f()
        cases := []struct { n string; fn func() int }{{"x", one}}
        for _, tt := range cases { tt.fn() }
    }
    """
    found = sorted((e.line, e.dst.partition("#")[2]) for e in linked(a=text).edges if e.kind == "calls")
    assert found == [(9, "add"), (9, "del"), (10, "pick"), (11, "one"), (13, "one")]


def test_generic_types_keep_their_arguments() -> None:
    text = """package a
    type T struct{}
    func (T) Go() {}
    type stack[E any] struct{ items []E }
    func (s *stack[V]) peek() (v V, err error) { return s.items[0], nil }
    func make2[E any](xs ...E) *stack[E] { return &stack[E]{items: xs} }
    func run() {
        x, _ := make2(T{}).peek()
        x.Go()
        y, _ := make2[T]().peek()
        y.Go()
    }
    """
    found = [e.dst.partition("#")[2] for e in linked(a=text).edges if e.kind == "calls"]
    assert sorted(found) == ["T.Go", "T.Go", "make2", "make2", "stack.peek", "stack.peek"]
