"""Go parsing: what one file's facts hold."""

from __future__ import annotations

from extractor.facts import FileFacts
from extractor.languages import BY_NAME
from extractor.parse import parse_file

TEXT = """// Copyright somebody.

//go:build linux

// Package keep keeps things.
package keep

import (
	"errors"
	str "strings"
	. "fmt"
	_ "embed"
)

// ErrFull says that nothing fits any more.
var ErrFull = errors.New("keeper is full")

// Limit of a keeper.
const Limit, Least = 10, 1

// Keeper keeps things.
type Keeper[T any] struct {
	base
	// Items in order.
	Items []T
	run   func(T) (int, error) // Runs one.
}

type Sized interface {
	Size() int
}

func init() { println("start") }
func init() {}

// Add puts a thing in.
func (k *Keeper[T]) Add(thing T, rest ...T) (n int, err error) {
	if len(k.Items) > Limit {
		return 0, ErrFull
	}
	if n, err = k.run(thing); err != nil {
		return n, Errorf("add %v to %s: %w", thing, str.ToUpper("k"), err)
	}
	other, _ := k.run(thing)
	if other < 0 {
		panic("negative count")
	}
	return other, nil
}
"""


def facts() -> FileFacts:
    return parse_file("keep/keep.go", TEXT.encode(), BY_NAME["go"])


def test_definitions() -> None:
    found = facts()
    assert (found.status, found.namespace, found.doc) == ("ok", "keep", "Package keep keeps things.")
    shown = {d.qualname: (d.kind, d.visibility, d.doc) for d in found.defs if d.ordinal == 1}
    assert shown["Keeper"] == ("class", "public", "Keeper keeps things.")
    assert shown["Keeper.Items"] == ("variable", "public", "Items in order.")
    assert shown["Keeper.run"] == ("variable", "package", "Runs one.")
    assert shown["Keeper.Add"] == ("method", "public", "Add puts a thing in.")
    assert shown["Sized"] == ("interface", "public", "")
    assert shown["Sized.Size"] == ("method", "public", "")
    assert shown["Least"] == ("variable", "public", "Limit of a keeper.")
    assert [d.ordinal for d in found.defs if d.name == "init"] == [1, 2]


def test_signatures_show_go() -> None:
    add = next(d for d in facts().defs if d.name == "Add")
    assert add.signature == "func (k *Keeper[T]) Add(thing T, rest ...T) (n int, err error)"
    assert [(p.name, p.annotation, p.kind) for p in add.params] == [("thing", "T", ""), ("rest", "T", "*")]
    assert add.returns == "(int, error)"


def test_imports_keep_aliases() -> None:
    rows = [(i.module, i.alias) for i in facts().imports]
    assert rows == [("errors", ""), ("strings", "str"), ("fmt", "*"), ("embed", "_")]


def test_errors_are_values_and_panics_are_not() -> None:
    found = facts()
    raised = [(r.name, r.message, r.guard) for r in found.raises]
    assert ("ErrFull", "", "len(k.Items) > Limit") in raised
    assert ("panic", "negative count", "other < 0") in raised
    assert "error_value" in next(d for d in found.defs if d.name == "ErrFull").flags


def test_a_message_keeps_all_that_is_added_up() -> None:
    text = """package a

func f(x T) error {
	if x.bad {
		return errors.New("no " + x.name + " in " + list(x))
	}
	if x.late {
		return fmt.Errorf("a "+
			"%d b"+x.y(), n)
	}
	panic(prefix + "end")
}
"""
    found = parse_file("a/a.go", text.encode(), BY_NAME["go"])
    assert [r.message for r in found.raises] == ["no {x.name} in {}", "a {n} b{}", "{prefix}end"]


def test_the_comment_of_a_group_is_not_that_of_each_name_in_it() -> None:
    text = "package a\n\n// Colours.\nconst (\n\tRed = 1\n\t// The sky's.\n\tBlue = 2\n)\n\n// How many.\nconst (\n\tCount = 3\n)\n"
    found = parse_file("a/a.go", text.encode(), BY_NAME["go"])
    assert {d.name: d.doc for d in found.defs} == {"Red": "", "Blue": "The sky's.", "Count": "How many."}


def test_a_field_that_is_no_message_gives_none() -> None:
    text = 'package a\nfunc f() error { return &ParseError{Type: "IP address", Text: s} }\n'
    text += 'func g() error { return &ParseError{Line: "1", Msg: "bad line"} }\n'
    found = parse_file("a/a.go", text.encode(), BY_NAME["go"])
    assert [r.message for r in found.raises] == ["", "bad line"]
