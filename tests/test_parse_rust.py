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
