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


def test_the_library_itself_is_a_module_without_a_name() -> None:
    sources = {
        "src/net/url/u.go": "package url\nfunc Parse() {}\n",
        "src/net/n.go": 'package net\nimport ("net/url"; "net/far")\nfunc f() { url.Parse(); far.Parse() }\n',
    }
    files = [parse_file(p, t.encode(), BY_NAME["go"]) for p, t in sources.items()]
    library = link(files, {"src/go.mod": "module std\n"})
    assert calls(library) == {("f", "go:src/net/url/u.go#Parse"), ("f", "ext:net/far#Parse")}
    assert calls(link(files, {"src/go.mod": "module other\n"})) == {
        ("f", "ext:net/url#Parse"),
        ("f", "ext:net/far#Parse"),
    }


def test_packages_of_one_name_are_kept_apart() -> None:
    links = linked(
        one__util__u="package util\nfunc Do() {}\n",
        two__util__u="package util\nfunc Do() {}\n",
        main='package main\nimport "./two/util"\nfunc main() { util.Do() }\n',
    )
    assert calls(links) == {("main", "go:two/util/u.go#Do")}


def test_a_broken_file_does_not_take_the_name_of_its_package_away() -> None:
    links = linked(
        far__a="}}} (((\n",
        far__b="package far\nfunc Go() {}\n",
        main='package main\nimport "./far"\nfunc main() { far.Go() }\n',
    )
    assert calls(links) == {("main", "go:far/b.go#Go")}


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


def by_line(links: Links) -> list[tuple[int, str]]:
    found = {
        (e.line, e.dst.partition("#")[2]) for e in links.edges if e.kind == "calls" and not e.dst.startswith("ext:")
    }
    return sorted(found)


def test_what_a_declaration_begins_with_is_named_by_what_stood_before() -> None:
    text = """package a
type T struct{ next *T }
func (t *T) Next() *U { return nil }
type U struct{}
func (u *U) Next() *T { return nil }
func (u *U) Done() bool { return true }
func size(n int) *T { return nil }
func f(x *T, xs []*T) {
	size := size(1)
	size.Next()
	if x := x.Next(); x.Done() {
		x := x.Next()
		x.Next().Done()
	}
	x.Next().Done()
	for _, xs := range xs[0].Next().Next().list() { xs.Done() }
	x.each(1, func(x *U) { x.Done() })
	y := func(x *T) *U { return x.Next() }(x)
	y.Done()
}
func (t *T) list() []*U { return nil }
func (t *T) each(n int, f func(*U)) {}
"""
    assert by_line(linked(a=text)) == [
        (9, "size"), (10, "T.Next"), (11, "T.Next"), (11, "U.Done"), (12, "U.Next"), (13, "T.Next"), (13, "U.Done"),
        (15, "T.Next"), (15, "U.Done"), (16, "T.Next"), (16, "T.list"), (16, "U.Done"), (16, "U.Next"),
        (17, "T.each"), (17, "U.Done"), (18, "T.Next"), (19, "U.Done"),
    ]  # fmt: skip
    links = linked(a="package a\nfunc f() { gone := gone(1); gone.Run() }\n")
    assert [(u.name, u.reason) for u in links.unresolved] == [("gone", "dynamic"), ("gone.Run", "unknown_receiver")]


def test_a_method_whose_type_stands_in_another_file_has_no_bare_name() -> None:
    text = "package a\nfunc (t *T) Run() { Run(t) }\nfunc (t *T) Only() { Only() }\nfunc Run(t *T) {}\n"
    links = linked(a="package a\ntype T struct{}\n", b=text)
    assert calls(links) == {("T.Run", "go:b.go#Run")}
    assert [u.name for u in links.unresolved] == ["Only"]


def test_files_that_no_build_takes_together_do_not_call_each_other() -> None:
    links = linked(
        a="package a\ntype C = int\nfunc main() { lock(); open() }\n",
        lock_linux="package a\nfunc lock() { wait() }\nfunc wait() {}\n",
        lock_windows="package a\nfunc lock() { wait() }\n",
        wait_windows="package a\nfunc wait() {}\n",
        wait_plan9="//go:build !cgo\n\npackage a\nfunc wait() {}\n",
        open="//go:build go1.20\n\npackage a\ntype F struct{}\nfunc (F) Do() {}\nfunc open() { F{}.Do() }\n",
        open_old="// +build !go1.20\n\npackage a\ntype F struct{}\nfunc (F) Do() {}\nfunc open() { F{}.Do() }\n",
        gen="//go:build ignore\n\npackage a\nfunc wait() {}\nfunc main() { wait() }\n",
        use="package a\nfunc use(f F) { f.Do() }\n",
    )
    found = {(e.src[3:], e.dst[3:]) for e in links.edges if e.kind == "calls"}
    assert found == {
        ("a.go#main", "lock_linux.go#lock"), ("a.go#main", "lock_windows.go#lock"), ("a.go#main", "open.go#open"),
        ("a.go#main", "open_old.go#open"), ("lock_linux.go#lock", "lock_linux.go#wait"),
        ("lock_windows.go#lock", "wait_windows.go#wait"),
        ("gen.go#main", "gen.go#wait"),
        ("open.go#open", "open.go#F.Do"), ("open_old.go#open", "open_old.go#F.Do"), ("use.go#use", "open.go#F.Do"),
    }  # fmt: skip


def test_function_literals_of_a_package_keep_their_names_to_themselves() -> None:
    text = """package a
type T struct{}
func (T) Run() {}
type U struct{}
func (U) Run() {}
var all = []func(){
	func() { var x T
		x.Run()
	},
	func() { var x U
		x.Run()
	},
}
func f() { x.Run() }
"""
    links = linked(a=text)
    assert by_line(links) == [(8, "T.Run"), (11, "U.Run")]
    assert [u.name for u in links.unresolved] == ["x.Run"]
    assert not [d for d in parse_file("a.go", text.encode(), BY_NAME["go"]).defs if d.name == "x"]
