"""Rust parsing: what one file's facts hold."""

from __future__ import annotations

from extractor.facts import FileFacts
from extractor.languages import BY_NAME
from extractor.parse import parse_file

TEXT = """//! Keeps things.

use std::{fmt, collections::{HashMap as Map, *}};
pub use self::inner::Kept;

mod inner;

/// One keeper.
#[derive(Debug, Clone)]
pub struct Keeper<'a, T: Clone> where T: fmt::Debug {
    /// In order.
    pub items: Vec<T>,
    name: &'a str,
}

/// What may go wrong.
pub enum Trouble { Full, Odd(u32) }

impl<'a, T> Keeper<'a, T> {
    /// Adds one.
    pub fn add(&mut self, thing: T, count: usize) -> Result<usize, Trouble> {
        if self.items.len() > 10 {
            return Err(Trouble::Full);
        }
        let there = self.find(&thing)?;
        println!("{} of {}", self.name, describe(there));
        if count == 0 {
            panic!("no {} of {count}", self.name);
        }
        self.check(count)
    }
}

pub mod deep {
    pub(crate) fn reach() {}
}
"""


def facts() -> FileFacts:
    return parse_file("src/lib.rs", TEXT.encode(), BY_NAME["rust"])


def test_definitions() -> None:
    found = facts()
    assert (found.status, found.doc) == ("ok", "Keeps things.")
    shown = {d.qualname: (d.kind, d.visibility, d.doc) for d in found.defs}
    assert shown["Keeper"] == ("class", "public", "One keeper.")
    assert shown["Keeper.items"] == ("variable", "public", "In order.")
    assert shown["Keeper.add"] == ("method", "public", "Adds one.")
    assert shown["Trouble.Odd"][0] == "variable"
    assert shown["deep.reach"] == ("function", "internal", "")
    assert next(d for d in found.defs if d.name == "Keeper").decorators == ("derive(Debug, Clone)",)


def test_use_trees_are_spread_out() -> None:
    rows = [(i.module, i.name, i.alias, i.kind) for i in facts().imports]
    assert rows == [
        ("std", "fmt", "fmt", ""),
        ("std::collections", "HashMap", "Map", ""),
        ("std::collections", "*", "*", ""),
        ("self::inner", "Kept", "Kept", "reexport"),
    ]


def test_arguments_of_known_macros_are_read() -> None:
    names = [c.name for c in facts().calls]
    assert "println!" in names
    assert "describe" in names


def test_errors() -> None:
    found = facts()
    assert [(r.name, r.message, r.guard) for r in found.raises] == [
        ("Trouble::Full", "", "self.items.len() > 10"),
        ("panic", "no {self.name} of {count}", "count == 0"),
    ]
    add = next(i for i, d in enumerate(found.defs) if d.name == "add")
    assert found.extra["carried"] == [[add, 25], [add, 30]]


def test_an_inner_doc_comment_is_not_the_next_items() -> None:
    text = "mod a {\n    //! Of a.\n\n    /// Of f.\n    pub fn f() {\n        //! Of f, too.\n        fn g() {}\n    }\n}\n"
    text += "mod b {\n    /*! Of b. */\n    struct S;\n}\n"
    found = parse_file("src/lib.rs", text.encode(), BY_NAME["rust"])
    assert [(d.qualname, d.doc) for d in found.defs] == [("a.f", "Of f."), ("a.f.g", ""), ("b.S", "")]


def test_an_error_that_is_only_looked_at_is_not_raised() -> None:
    text = """fn f() -> Result<(), E> {
    assert_eq!(g(), Err(E::Bad), "text");
    assert!(g() == Err(E::Odd));
    println!("{:?}", Err(E::Shown));
    if g() == Err(E::Same) {
        return Err(E::Real);
    }
    assert!(run(|| Err(E::Inner)).is_ok());
    dbg!(Err(E::Tail))
}
"""
    found = parse_file("src/lib.rs", text.encode(), BY_NAME["rust"])
    assert [r.name for r in found.raises] == ["E::Real", "E::Inner", "E::Tail"]


ABOVE = """/// A user.
#[derive(Debug)]
pub struct User {
    /// How it is called.
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    /// In years.
    pub age: u8,
    plain: u8,
}

/// A distance.
pub struct Metres(
    #[serde(skip)] pub f64, // behind
    u8,
);

pub enum Kind {
    /// The first.
    #[serde(rename = "f")]
    First,
    Second { a: u8 /* odd */ },
}

#[doc = "Said by an attribute."]
pub fn told() {}

const NAMES: &[(&str, u8)] = &[
    ("alpha", 1),
    ("beta", 2),
    ("gamma", 3),
    ("delta", 4),
];
const LEAST: u64 = 1 <<
    10;
"""


def test_what_stands_above_an_attribute_reaches_the_item() -> None:
    found = {d.qualname: d for d in parse_file("a.rs", ABOVE.encode(), BY_NAME["rust"]).defs}
    docs = {name: d.doc for name, d in found.items() if d.doc}
    assert docs == {
        "User": "A user.", "User.name": "How it is called.", "User.age": "In years.", "Metres": "A distance.",
        "Kind.First": "The first.", "told": "Said by an attribute.",
    }  # fmt: skip
    assert found["User.name"].decorators == found["User.age"].decorators == ("serde(default)",)
    assert found["User.plain"].decorators == ()
    assert found["Metres"].signature == "pub struct Metres( pub f64, u8, )"
    assert found["Kind.Second"].signature == "Second { a: u8 }"


def test_values_over_several_lines() -> None:
    found = {d.name: d for d in parse_file("a.rs", ABOVE.encode(), BY_NAME["rust"]).defs}
    assert found["LEAST"].value == "1 << 10"
    assert found["NAMES"].table == ("list", "4", '("alpha", 1), ("beta", 2), ("gamma", 3)')


def test_errors_that_macros_make_are_handed_on() -> None:
    text = """use anyhow::{anyhow, bail, Result};
fn few(n: u32) -> Result<u32> { if n > 1 { return Err(anyhow!("too many: {}", n)); } Ok(n) }
fn none(n: u32) -> Result<u32> { if n > 1 { bail!("too many") } Ok(n) }
fn given(n: Option<u32>) -> Result<u32> { n.ok_or_else(|| anyhow!("nothing given")) }
fn told(n: u32) -> Result<u32, String> { Err(format!("bad {}", n)) }
"""
    found = parse_file("a.rs", text.encode(), BY_NAME["rust"])
    assert [(found.defs[r.scope].name, r.name, r.message, r.guard) for r in found.raises] == [
        ("few", "anyhow", "too many: {n}", "n > 1"),
        ("none", "anyhow", "too many", "n > 1"),
        ("given", "anyhow", "nothing given", ""),
    ]


def test_a_condition_of_the_build_calls_nothing() -> None:
    text = "fn f() { if !cfg!(any(unix, windows)) { go(); } stringify!(run(1)); assert!(matches!(look(), Some(_))); }\n"
    found = parse_file("a.rs", text.encode(), BY_NAME["rust"])
    assert [c.name for c in found.calls if not c.name.endswith("!")] == ["go", "look"]
