"""Rust linking: a labelled workspace, line by line, what must not be linked, and what functions hand on as errors."""

from __future__ import annotations

from labelled import link_fixture, read

from extractor.languages import BY_NAME, spec_for
from extractor.parse import parse_file
from extractor.raises import throws
from extractor.resolve import Links, link


def linked(**files: str) -> Links:
    spec = BY_NAME["rust"]
    return link([parse_file(f"{n.replace('__', '/')}.rs", t.encode(), spec) for n, t in files.items()], {})


def calls(links: Links) -> set[tuple[str, str]]:
    return {(e.src.partition("#")[2], e.dst) for e in links.edges if e.kind == "calls" and not e.dst.startswith("ext:")}


def test_operators_bounds_of_implementations_and_methods_behind_deref() -> None:
    text = """use std::ops::{Add, Deref, Neg};
#[derive(Clone, Copy)]
pub struct P { x: i32 }
impl Add for P { type Output = P; fn add(self, o: P) -> P { P { x: self.x + o.x } } }
impl Neg for P { type Output = P; fn neg(self) -> P { P { x: -self.x } } }
pub trait Area { fn area(&self) -> i32; }
pub struct Scaled<S> { inner: S }
impl<S: Area> Scaled<S> { fn twice(&self) -> i32 { self.inner.area() * 2 } }
pub struct Queue { stats: i32 }
impl Queue { fn stats(&self) -> i32 { self.stats } }
pub struct Guard<'a>(&'a Queue);
impl Deref for Guard<'_> { type Target = Queue; fn deref(&self) -> &Queue { self.0 } }
fn upper(w: &str) -> String { w.to_uppercase() }
fn all(a: P, b: P, g: Guard<'_>, s: &str) {
    let c = a + -b;
    g.stats();
    s.split(' ').map(upper).count();
}
"""
    found = calls(linked(a=text))
    assert ("Scaled.twice", "rs:a.rs#Area.area") in found
    assert {d for s, d in found if s == "all"} == {
        f"rs:a.rs#{name}" for name in ("P.add", "P.neg", "Queue.stats", "upper")
    }


def test_what_macros_are_given_and_what_they_write_is_read() -> None:
    text = """macro_rules! log { ($($arg:tt)*) => { $crate::note(&render($($arg)*)) }; }
macro_rules! rule { ($name:ident, $test:expr) => {
    impl Rule for $name { fn apply(&self, token: &Token) -> bool { $test(token.text()) } }
}; }
macro_rules! odd { (=> $x:ident) => { fn of $x $crate::note(1) }; }
pub fn note(s: &str) {}
fn render(s: &str) -> &str { s }
pub struct Token;
impl Token { fn text(&self) -> &str { "" } }
fn one() -> u8 { 1 }
fn two() -> u8 { 2 }
fn use_all(t: Token) {
    log!("x", t.text(), one());
    check![two(), t.text()];
    if matches!(one(), two()) {}
    dsl!(a => one());
}
rule!(Token, |t| one());
"""
    spec = BY_NAME["rust"]
    edges = link([parse_file("src/lib.rs", text.encode(), spec)], {"Cargo.toml": '[package]\nname = "m"\n'}).edges
    found = {(e.src.partition("#")[2], e.dst.partition("#")[2], e.line) for e in edges
             if e.kind == "calls" and not e.dst.startswith("ext:")}  # fmt: skip
    assert found == {
        ("log", "note", 1), ("log", "render", 1), ("rule", "Token.text", 3), ("use_all", "log", 13), ("use_all", "Token.text", 13),
        ("use_all", "one", 13), ("use_all", "two", 14), ("use_all", "Token.text", 14), ("use_all", "one", 15), ("use_all", "one", 16),
        ("", "rule", 18), ("", "one", 18),
    }  # fmt: skip


def test_modules_crates_and_traits() -> None:
    _, links = link_fixture("rust_depot")
    edges = {(e.src, e.dst, e.kind) for e in links.edges}
    assert ("rs:src/store/memory.rs#Memory", "rs:src/store/mod.rs#Store", "implements") in edges
    assert ("rs:core/src/shape.rs#Circle", "rs:core/src/shape.rs#Shape", "implements") in edges
    assert ("rs:src/error.rs#DepotError", "ext:std::fmt#Display", "implements") in edges
    assert ("rs:src/lib.rs", "rs:src/item.rs", "imports") in edges
    assert ("rs:src/main.rs", "rs:src/store/memory.rs#Memory", "imports") in edges  # through two `pub use`
    assert ("rs:src/item.rs", "rs:core/src/shape.rs#Circle", "imports") in edges  # another crate of the workspace
    assert ("rs:src/error.rs", "ext:std", "depends_on") in edges


def test_a_method_of_another_type_of_that_name_is_not_called() -> None:
    text = """
    struct A; struct B;
    impl A { fn go(&self) {} }
    impl B { fn go(&self) {} fn run(&self, x: Unknown) { self.go(); x.go(); } }
    """
    assert calls(linked(src__lib=text)) == {("B.run", "rs:src/lib.rs#B.go")}


def test_a_cycle_of_globs_ends() -> None:
    links = linked(
        src__lib="mod a; mod b; pub use a::*; fn run() { both(); }",
        src__a="pub use crate::b::*;",
        src__b="pub use crate::a::*; pub fn both() {}",
    )
    assert calls(links) == {("run", "rs:src/b.rs#both")}


def test_path_attributes_and_inline_modules() -> None:
    links = linked(
        src__main='#[path = "odd/place.rs"] mod placed; mod inner { pub fn f() { super::g(); } } fn g() { inner::f(); placed::h(); }',
        src__odd__place="pub fn h() { crate::inner::f(); }",
    )
    assert calls(links) == {
        ("inner.f", "rs:src/main.rs#g"),
        ("g", "rs:src/main.rs#inner.f"),
        ("g", "rs:src/odd/place.rs#h"),
        ("h", "rs:src/main.rs#inner.f"),
    }


def test_aliases_of_result_keep_their_arguments() -> None:
    text = """
    struct Trouble; struct Thing;
    type Result<T> = std::result::Result<T, Trouble>;
    impl Thing { fn make() -> Result<Thing> { Ok(Thing) } fn go(&self) {} fn all() -> Result<Vec<Self>> { Ok(vec![]) } }
    fn run() -> Result<()> { Thing::make()?.go(); for t in Thing::all()? { t.go(); } Ok(()) }
    """
    found = [e.dst.partition("#")[2] for e in linked(src__lib=text).edges if e.kind == "calls" and "#run" in e.src]
    assert sorted(n for n in found if n.startswith("Thing")) == ["Thing.all", "Thing.go", "Thing.make"]


def test_errors_travel_by_question_mark() -> None:
    sources, _ = read("rust_depot")
    _, links = link_fixture("rust_depot")
    files = [parse_file(p, d, spec) for p, d in sources.items() if (spec := spec_for(p, d)) is not None]
    found = {(e.src.partition("#")[2], e.dst.partition("#")[2]) for e in throws(files, links).edges}
    assert {
        ("Item.named", "DepotError"),
        ("open", "DepotError"),
        ("run", "DepotError"),
        ("parse", "DepotError"),
    } <= found
    assert ("Store.must", "panic") in found
    assert ("main", "DepotError") not in found
    assert ("sample", "DepotError") not in found  # unwrapped


def test_order_of_files_does_not_matter() -> None:
    sources, configs = read("rust_depot")
    files = [parse_file(p, d, spec) for p, d in sources.items() if (spec := spec_for(p, d)) is not None]
    assert link(files, configs) == link(files[::-1], configs)


def test_a_field_and_a_method_of_one_name_are_told_apart() -> None:
    text = """
    use std::collections::HashMap;
    struct Account { balance: u64 }
    impl Account { fn balance(&self) -> u64 { self.balance } }
    struct Bank { accounts: HashMap<String, Account> }
    impl Bank {
        fn accounts(&self) -> Vec<&Account> { self.accounts.values().collect() }
        fn total(&self) -> u64 { self.accounts.values().map(|a| a.balance()).sum() }
        fn first(&self) -> u64 { self.accounts()[0].balance() }
    }
    """
    assert calls(linked(src__lib=text)) == {
        ("Bank.total", "rs:src/lib.rs#Account.balance"),
        ("Bank.first", "rs:src/lib.rs#Account.balance"),
        ("Bank.first", "rs:src/lib.rs#Bank.accounts"),
    }


def test_a_default_method_may_be_given_anew() -> None:
    text = """
    trait Animal { fn speak(&self) {} }
    struct Dog; struct Cat;
    impl Animal for Dog {}
    impl Animal for Cat { fn speak(&self) {} }
    fn any(a: &dyn Animal) { a.speak(); }
    fn dog(d: Dog) { d.speak(); }
    """
    assert calls(linked(src__lib=text)) == {
        ("any", "rs:src/lib.rs#Animal.speak"),
        ("any", "rs:src/lib.rs#Cat.speak"),
        ("dog", "rs:src/lib.rs#Animal.speak"),
    }


def test_shared_cells_indexes_tuples_and_names_that_shadow_themselves() -> None:
    text = """
    use std::cell::RefCell;
    use std::ops::Index;
    use std::rc::{Rc, Weak};
    struct Task; struct Grid { cells: Vec<Rc<RefCell<Task>>>, top: Weak<RefCell<Task>> }
    enum Tree { Pair(u8, Box<Tree>, Box<Tree>), Leaf }
    impl Task { fn cost(&self) -> u32 { 1 } fn rename(&mut self) {} }
    impl Index<usize> for Grid {
        type Output = Rc<RefCell<Task>>;
        fn index(&self, i: usize) -> &Self::Output { &self.cells[i] }
    }
    impl Grid {
        fn first(&self) -> u32 { self[0].borrow().cost() }
        fn top(&self) { self.top.upgrade().unwrap().borrow_mut().rename(); }
    }
    impl Tree {
        fn cut(self) -> Tree {
            match self {
                Tree::Pair(_, a, b) => {
                    let (a, b) = (a.cut(), b.cut());
                    a.seen();
                    b
                }
                Tree::Leaf => self,
            }
        }
        fn seen(&self) {}
    }
    fn made() {
        let one = Rc::new(RefCell::new(Task));
        one.borrow_mut().rename();
        let worker = {
            let one = Rc::clone(&one);
            one.borrow().cost()
        };
    }
    """
    assert calls(linked(src__lib=text)) == {
        ("Grid.first", "rs:src/lib.rs#Grid.index"),
        ("Grid.first", "rs:src/lib.rs#Task.cost"),
        ("Grid.top", "rs:src/lib.rs#Task.rename"),
        ("Tree.cut", "rs:src/lib.rs#Tree.cut"),
        ("Tree.cut", "rs:src/lib.rs#Tree.seen"),
        ("made", "rs:src/lib.rs#Task.rename"),
        ("made", "rs:src/lib.rs#Task.cost"),
    }


def test_what_closures_and_functions_are_given_by_a_callee_here() -> None:
    text = """
    struct Item; struct Low; struct High; enum Bad { L, H } struct Shop;
    trait Named { fn key(&self) -> u8; } trait Shown { fn show(&self); }
    impl Item { fn cost(&self) -> u8 { 1 } }
    impl From<Low> for Bad { fn from(e: Low) -> Self { Bad::L } }
    impl From<High> for Bad { fn from(e: High) -> Self { Bad::H } }
    impl<T: Named> Shown for T { fn show(&self) { self.key(); } }
    impl Shop {
        fn each<F>(&self, f: F) where F: Fn(&Item) -> u8 + 'static { f(&Item); }
        fn take_while(&self, keep: impl Fn(u8) -> bool) { keep(1); }
    }
    fn even(n: u8) -> bool { true }
    fn high() -> Result<u8, High> { Ok(1) }
    fn run(s: &Shop) -> Result<u8, Bad> { s.each(|i| i.cost()); s.take_while(even); high().map_err(Bad::from) }
    fn shown<T: Named>(all: &[T]) { all.first().map(|t| t.show()); }
    """
    found = calls(linked(src__lib=text))
    assert {d.partition("#")[2] for s, d in found if s == "run"} == {
        "Bad.from@2", "Item.cost", "Shop.each", "Shop.take_while", "high",
    }  # fmt: skip
    assert ("Shop.take_while", "rs:src/lib.rs#even") in found
    assert ("shown", "rs:src/lib.rs#T.show") in found


def test_an_associated_type_of_one_implementation_is_no_name_of_the_module() -> None:
    text = """
    pub struct Item; pub struct Pair { value: Item } pub struct All;
    impl Item { fn go(&self) {} }
    impl<'a> IntoIterator for &'a All { type Item = (u8, u8); fn into_iter(self) -> u8 { 0 } }
    fn run(p: &Pair) { p.value.go(); }
    """
    assert calls(linked(src__lib=text)) == {("run", "rs:src/lib.rs#Item.go")}


def test_functions_kept_in_fields_tables_and_constants() -> None:
    text = """
    use std::collections::HashMap;
    type Func = fn(u8) -> u8;
    struct Filter { op: Func }
    struct Registry { handlers: HashMap<String, Box<dyn Fn(u8) -> u8>> }
    static TABLE: &[(&str, Func)] = &[("one", one), ("two", two)];
    fn one(n: u8) -> u8 { n }
    fn two(n: u8) -> u8 { n }
    fn three(n: u8) -> u8 { n }
    impl Filter {
        fn new(name: &str) -> Filter { let op = match name { "one" => one, _ => two }; Filter { op } }
        fn run(&self) -> u8 { (self.op)(1) }
    }
    impl Registry {
        fn add<F>(&mut self, name: &str, f: F) where F: Fn(u8) -> u8 + 'static { self.handlers.insert(name.into(), Box::new(f)); }
        fn run(&self, name: &str) -> Option<u8> { let handler = self.handlers.get(name)?; Some(handler(1)) }
    }
    fn fill(r: &mut Registry) { r.add("three", three); }
    fn all() { for (name, f) in TABLE { f(1); } }
    """
    found = calls(linked(src__lib=text))
    assert {d.partition("#")[2] for s, d in found if s in ("Filter.run", "all")} == {"one", "two"}
    assert {d.partition("#")[2] for s, d in found if s == "Registry.run"} == {"three"}
    assert {s for s, d in found if d.endswith("#three")} == {"Registry.run"}


def test_a_types_own_method_hides_that_of_a_trait() -> None:
    text = """
    struct Table; trait Like { fn get(&self) -> u8; fn len(&self) -> u8; }
    impl Like for Table { fn get(&self) -> u8 { 2 } fn len(&self) -> u8 { 3 } }
    impl Table { fn get(&self) -> u8 { 1 } }
    fn run(t: &Table) { t.get(); t.len(); }
    """
    assert {d for s, d in calls(linked(src__lib=text)) if s == "run"} == {
        "rs:src/lib.rs#Table.get@2",
        "rs:src/lib.rs#Table.len",
    }


def test_what_a_derived_function_makes_is_of_the_type_though_less_sure() -> None:
    text = """use clap::Parser;
#[derive(Parser, Debug)]
pub struct Opts { pub depth: u32 }
impl Opts { pub fn run(&self) -> u32 { self.depth } }
#[derive(Clone)]
pub struct Plain;
impl Plain { pub fn run(&self) {} }
fn parsed() { let opts = Opts::parse(); opts.run(); }
fn tried() { if let Ok(opts) = Opts::try_parse() { opts.run(); } }
fn other() { Opts::command().print(); }
fn open() { Plain::conjured().run(); }
"""
    links = linked(a=text)
    sure = {e.src.partition("#")[2]: (e.dst, e.confidence, e.via) for e in links.edges if e.kind == "calls"}
    assert sure == dict.fromkeys(("parsed", "tried"), ("rs:a.rs#Opts.run", 0.85, "flow"))
    assert {u.name for u in links.unresolved if u.src == "rs:a.rs#open"} == {"Plain::conjured", "Plain::conjured().run"}


def test_a_module_and_the_function_it_exports_may_share_a_name() -> None:
    links = linked(
        src__main="mod exec;\nuse crate::exec;\nfn main() { exec::job(); exec::job::other(); run(exec::job); }\nfn run(f: fn()) {}\n",
        src__exec__mod="mod job;\npub use self::job::job;\n",
        src__exec__job="pub fn job() {}\npub fn other() {}\n",
    )
    assert calls(links) >= {("main", f"rs:src/exec/job.rs#{name}") for name in ("job", "other")}
    assert not [u for u in links.unresolved if u.reason != "external"]


def test_a_variant_has_the_methods_of_its_type() -> None:
    text = """enum Code { Done, Failed(u32), Both { n: Inner } }
struct Inner;
impl Inner { fn go(&self) {} }
impl Code { fn exit(self) {} }
fn done() { Code::Done.exit(); }
fn failed() { Code::Failed(1).exit(); }
fn held(c: Code) { if let Code::Both { n } = c { n.go(); } }
"""
    links = linked(a=text)
    assert calls(links) == {
        ("done", "rs:a.rs#Code.exit"),
        ("failed", "rs:a.rs#Code.exit"),
        ("held", "rs:a.rs#Inner.go"),
    }


def test_functions_of_other_crates_are_told_by_where_they_are() -> None:
    text = """use crossbeam_channel::{bounded, Receiver};
use regex::escape as esc;
use std::thread;
fn all() { bounded(3); esc("x"); thread::spawn(|| 1); crossbeam_channel::unbounded(); }
"""
    links = linked(a=text)
    assert {e.dst for e in links.edges if e.kind == "calls"} == {
        f"ext:{name}"
        for name in ("crossbeam_channel#bounded", "regex#escape", "std::thread#spawn", "crossbeam_channel#unbounded")
    }
    assert links.unresolved == []
