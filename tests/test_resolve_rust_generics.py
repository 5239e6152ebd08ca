"""Rust linking: traits for types from elsewhere, variables of one name, generic code, and code that is only written down."""

from __future__ import annotations

from test_resolve_rust import calls, linked


def test_a_trait_for_a_type_from_elsewhere_says_nothing_of_other_types() -> None:
    text = """
    trait Width { fn width(&self) -> usize; fn len(&self) -> usize; }
    trait Depth { fn both(&self) {} } trait Breadth { fn both(&self) {} }
    trait Tail { fn tail(&self) {} } trait Sink { fn push(&mut self, n: u8); fn sink(&self) {} }
    impl Sink for Vec<u8> { fn push(&mut self, n: u8) {} }
    impl Width for str { fn width(&self) -> usize { 0 } fn len(&self) -> usize { 1 } }
    impl Depth for String {} impl Breadth for String {}
    impl<I: Iterator> Tail for I {}
    fn own(s: &str, v: &mut Vec<u8>) { s.len(); v.push(1); }
    fn other(n: u8, m: Missing, v: Vec<u8>) { n.width(); m.width(); v.tail(); }
    fn unsure(s: String) { s.both(); }
    fn right(s: &str, v: Vec<u8>) { s.width(); v.iter().map(|n| n + 1).tail(); v.sink(); }
    """
    assert calls(linked(src__lib=text)) == {
        ("right", "rs:src/lib.rs#Sink.sink"),
        ("right", "rs:src/lib.rs#str.width"),
        ("right", "rs:src/lib.rs#Tail.tail"),
    }


def test_each_variable_of_a_name_is_of_its_own_type() -> None:
    text = """
    struct A; struct B;
    impl A { fn b(self) -> B { B } fn go(&self) {} }
    impl B { fn a(self) -> A { A } fn go(&self) {} }
    fn run(x: A, made: fn() -> B) {
        let x = x.b(); x.go();
        let y = { let x = x.a(); x.go(); made() };
        let held = |x: A| x.go();
        if let Some(x) = Some(x.a()) { x.go() } else { x.go() }
    }
    fn go(go: B) { let go = go.a().b(); go.go(); }
    """
    links = linked(src__lib=text)
    edges = [e for e in links.edges if e.kind == "calls" and e.dst.startswith("rs:")]
    assert sorted((e.line, e.dst.partition("#")[2]) for e in edges) == [
        (6, "A.b"), (6, "B.go"), (7, "A.go"), (7, "B.a"), (8, "A.go"), (9, "A.go"), (9, "B.a"), (9, "B.go"),
        (11, "A.b"), (11, "B.a"), (11, "B.go"),
    ]  # fmt: skip
    assert not any("'" in u.name for u in links.unresolved)


def test_associated_types_where_clauses_and_impls_say_what_generic_code_holds() -> None:
    text = """
    trait Node { type Id: Key; type Edge; fn id(&self) -> Self::Id; fn edges(&self) -> Vec<Self::Edge>; fn new() -> Self; }
    trait Key { fn key(&self) {} } trait Weight { fn weight(&self) {} }
    struct One; struct Two(u8);
    impl Two { fn only(&self) {} }
    impl Node for Two {
        type Id = One; type Edge = Two;
        fn id(&self) -> One { One } fn edges(&self) -> Vec<Two> { vec![] } fn new() -> Self { Two(1) }
    }
    impl One { fn one(&self) {} }
    struct Held<S> { inner: S }
    impl<T> Held<T> where T: Node, T::Edge: Weight { fn run(&self) { for e in self.inner.edges() { e.weight(); } self.inner.id().key(); } }
    fn known(t: &Two) { t.id().one(); for e in t.edges() { e.only(); } }
    fn made() { Two::new().only(); <Two as Node>::new().only(); }
    fn apart<N>(n: &N) where for<'a> &'a N: Node, N::Id: Weight { n.id().weight(); n.edges()[0].weight(); }
    """
    found = {
        (e.src.partition("#")[2], e.dst.partition("#")[2])
        for e in linked(a=text).edges
        if e.kind == "calls" and e.confidence >= 0.8
    }
    assert {d for s, d in found if s == "Held.run"} == {"Node.edges", "Weight.weight", "Node.id", "Key.key"}
    assert {d for s, d in found if s == "known"} == {"Two.id", "One.one", "Two.edges", "Two.only"}
    assert {d for s, d in found if s == "made"} >= {"Two.new", "Two.only"}
    assert {d for s, d in found if s == "apart"} == {"Node.id", "Weight.weight", "Node.edges"}


def test_code_that_a_macro_only_writes_down_is_not_run_here() -> None:
    text = """
    fn one() {} fn two() {} fn three() {}
    macro_rules! one { () => {} }
    fn make() { let tokens = quote! { fn made() { one(); } }; parse_quote!(two()); one(); one!(); info!(id = %three(), "x"); }
    """
    assert calls(linked(src__lib=text)) == {
        ("make", "rs:src/lib.rs#one"), ("make", "rs:src/lib.rs#one@2"), ("make", "rs:src/lib.rs#three"),
    }  # fmt: skip
