"""Go linking: types without a name, generic code, what the library gives, interfaces and values of function types."""

from __future__ import annotations

from test_resolve_go import by_line, calls, linked

from extractor.languages import BY_NAME
from extractor.parse import parse_file


def test_types_without_a_name_and_types_named_like_words_of_the_language() -> None:
    text = """package a
type funcObject struct{}
func (f *funcObject) run() { f.stop() }
func (f *funcObject) stop() {}
type mapper struct{}
func (mapper) go_() {}
func f(held interface {
	first() *funcObject // says more
	second(n int) mapper
}) {
	var x struct {
		a, b *funcObject `json:"a"`
		m mapper
	}
	x.b.run()
	x.m.go_()
	held.second(1).go_()
	h, _ := any(x).(interface{ first() *funcObject })
	h.first().stop()
	h.second().go_()
}
var state struct {
	n int
	m mapper
}
func g() { state.m.go_(); state.n.go_() }
"""
    links = linked(a=text)
    assert by_line(links) == [
        (3, "funcObject.stop"), (15, "funcObject.run"), (16, "mapper.go_"), (17, "mapper.go_"), (19, "funcObject.stop"),
        (26, "mapper.go_"),
    ]  # fmt: skip
    assert "h.second().go_" in [u.name for u in links.unresolved]


def test_what_generic_functions_of_the_library_give() -> None:
    text = """package a
import ("errors"; "maps"; "slices"; "sync"; "sync/atomic")
type T struct{}
func (T) Go() {}
type Ts []T
type held struct{ at atomic.Pointer[T]; all map[string]T }
func (h *held) run(err error, ts Ts) {
	h.at.Load().Go()
	for _, t := range slices.Collect(maps.Values(h.all)) { t.Go() }
	for k := range maps.Keys(h.all) { k.Go() }
	if e, ok := errors.AsType[T](err); ok { e.Go() }
	slices.Max(ts).Go()
	slices.Clone(ts)[0].Go()
	sync.OnceValue(made)().Go()
	first[*T](ts, 1).Go()
	pick(ts).Go()
	slices.Max(unknown).Go()
}
func made() T { return T{} }
func first[E any](xs any, n int) E { panic(0) }
func pick[S ~[]E, E any](s S) E { return s[0] }
"""
    found = [line for line, name in by_line(linked(a=text)) if name == "T.Go"]
    assert found == [8, 9, 11, 12, 13, 14, 15, 16]


def test_new_of_a_value() -> None:
    text = """package a
type T struct{ n *int }
func (T) Go() {}
func one() T { return T{} }
func f() {
	x := new(T{n: new(1)})
	x.Go()
	new(one()).Go()
	new(T).Go()
	s := new([]T{one()})
	(*s)[0].Go()
}
"""
    assert parse_file("a.go", text.encode(), BY_NAME["go"]).status == "ok"
    found = by_line(linked(a=text))
    assert found == [(7, "T.Go"), (8, "T.Go"), (8, "one"), (9, "T.Go"), (10, "one"), (11, "T.Go")]


def test_numbers_channels_and_interfaces_that_embed() -> None:
    text = """package a
import "time"
type Days int
func (Days) Go() {}
type T struct{}
func (T) Run() {}
type Runner interface{ Run() }
type packet struct{ inner interface {
	Runner
	Size() T
} }
func open() (<-chan T, chan<- *T, <-chan Days, error) { return nil, nil, nil, nil }
func f(n Days, p packet) {
	for d := range 2 * n { d.Go() }
	for i := range 3 { i.Go() }
	some, _, days, err := open()
	for t := range some { t.Run() }
	(<-days).Go()
	err.Go()
	p.inner.Run()
	p.inner.Size().Run()
	(5 * time.Second).Go()
}
"""
    assert by_line(linked(a=text)) == [
        (14, "Days.Go"), (16, "open"), (17, "T.Run"), (18, "Days.Go"), (20, "Runner.Run"), (20, "T.Run"), (21, "T.Run"),
    ]  # fmt: skip


def test_of_many_variants_the_one_of_a_plain_build_is_called_and_what_they_give_is_of_it() -> None:
    given = {
        f"name_{system}": "package a\ntype N struct{}\nfunc (N) Go() {}\nfunc name() N { return N{} }\n"
        for system in ("aix", "darwin", "freebsd", "linux", "netbsd", "openbsd", "plan9", "solaris", "windows")
    }
    links = linked(a="package a\nfunc f() { name() }\nfunc g() { name().Go() }\nfunc (N) All() { f() }\n", **given)
    found = {(e.src[3:], e.dst[3:]) for e in links.edges if e.kind == "calls"}
    assert found == {
        ("a.go#f", "name_linux.go#name"), ("a.go#g", "name_linux.go#name"), ("a.go#g", "name_linux.go#N.Go"),
        ("a.go#N.All", "a.go#f"),
    }  # fmt: skip


def test_a_name_that_nothing_declares_is_of_the_one_dot_import() -> None:
    text = (
        'package a\nimport (. "gopkg.in/check.v1"; "os")\nfunc f(c *C) { c.Assert(1, Equals, 2); Suite(1); gone() }\n'
    )
    assert calls(linked(a=text)) == {("f", "ext:gopkg.in/check.v1#C.Assert"), ("f", "ext:gopkg.in/check.v1#Suite")}
    two = text.replace('; "os"', '; . "other.org/x"')
    assert calls(linked(a=two)) == set()


def test_embedded_interfaces_of_the_library_lend_their_methods() -> None:
    text = """package a
import "net/http"
type Counted interface { http.ResponseWriter; Count() int }
type counter struct { http.ResponseWriter; n int }
func (c *counter) Count() int { return c.n }
type less struct { http.ResponseWriter }
type other struct { n int }
func (o other) Count() int { return 0 }
func f(c Counted) { c.Count() }
"""
    links = linked(a=text)
    found = {(e.src[8:], e.dst[8:]) for e in links.edges if e.kind == "implements" and not e.dst.startswith("ext:")}
    assert found == {("counter", "Counted")}
    assert ("f", "go:a.go#counter.Count") in calls(links)


def test_a_function_put_somewhere_by_way_of_a_parameter_is_called_from_there() -> None:
    text = """package a
type server struct { handle func(int); hooks []func(); other func(int) }
func New(handle func(int)) *server { return &server{handle: handle} }
func (s *server) OnStop(first int, f func()) { s.hooks = append(s.hooks, f) }
func (s *server) Set(other func(int)) { s.other = other }
func (s *server) run() {
	s.handle(1)
	for _, h := range s.hooks { h() }
	s.other(1)
}
func serve(int) {}
func stop() {}
func more() {}
func elsewhere(int) {}
type apart struct{}
func (apart) Set(f func(int)) {}
var show func(int) = serve
type shower func(int)
var named shower = serve
func main() {
	s := New(serve)
	s.OnStop(1, stop)
	s.hooks = append(s.hooks, more)
	apart{}.Set(elsewhere)
	show(1)
	named(1)
}
"""
    found = by_line(linked(a=text))
    assert [row for row in found if row[0] in (7, 8, 9)] == [(7, "serve"), (8, "more"), (8, "stop")]
    assert [row for row in found if row[0] > 24] == [(25, "serve"), (26, "serve")]
    assert "elsewhere" not in [name for _, name in found]


def test_an_interface_without_a_name_is_satisfied_as_one_with_a_name() -> None:
    text = """package a
type T struct{}
func (T) Timeout() bool { return true }
func (T) Wait(n int) *T { return nil }
type U struct{}
func (U) Timeout() bool { return true }
func (U) Wait(s string) *T { return nil }
type V struct{}
func (V) Timeout() int { return 1 }
func f(err error, all []any) {
	if t, ok := err.(interface{ Timeout() bool }); ok { t.Timeout() }
	for _, x := range all {
		x.(interface {
			Timeout() bool
			Wait(n int) *T
		}).Wait(1).Timeout()
		x.(interface{ Gone() }).Gone()
	}
}
"""
    links = linked(a=text)
    assert by_line(links) == [(11, "T.Timeout"), (11, "U.Timeout"), (16, "T.Timeout"), (16, "T.Wait")]
    assert {e.via for e in links.edges if e.kind == "calls" and e.line == 11} == {"override"}
    assert [(u.name, u.reason) for u in links.unresolved if u.kind == "calls"][-1][1] == "dynamic"


def test_a_value_of_a_named_function_type_is_what_was_converted_to_it() -> None:
    text = """package a
type Handler interface{ Serve(int) }
type HandlerFunc func(int)
func (f HandlerFunc) Serve(n int) { f(n) }
type Other func(int)
func (f Other) Serve(n int) { f(n) }
func one(int) {}
func two(int) {}
type T struct{}
func (T) three(int) {}
func run(h Handler) { h.Serve(1) }
func main() {
	run(HandlerFunc(one))
	run(HandlerFunc(T{}.three))
	two(1)
}
"""
    found = by_line(linked(a=text))
    assert [row for row in found if row[0] in (4, 6)] == [(4, "T.three"), (4, "one")]
