"""Who sets and who reads fields and variables, language by language. Each label behind a variable says it all: `set: A.grow` and
`read: A.get`; a variable without one is used by nobody that is known."""

from __future__ import annotations

import re

import pytest

from extractor.assemble import assemble
from extractor.languages import spec_for
from extractor.parse import parse_file
from extractor.resolve import link
from extractor.schema import Node

JAVA = {
    "p/Base.java": """package p;
class Base {
    protected int kept;                 // set: Shelf.grow, read: Shelf.grow
}
""",
    "p/Limits.java": """package p;
final class Limits {
    static final int MOST = 9;          // read: Shelf.grow
    static int count;                   // set: Shelf.grow
}
""",
    "p/Shelf.java": """package p;
class Shelf extends Base {
    private int size;                   // set: Shelf.Shelf Shelf.grow, read: Shelf.Inner.deep Shelf.get
    private int other = 3;              // set: Shelf.later
    private Node head;                  // set: Shelf.Shelf, read: Shelf.grow
    Shelf(int size) { this.size = size; head = new Node(); }
    int get() { return size; }
    int hides(int other) { int size = 3; return size + other; }
    void grow() { size++; Limits.count = Limits.MOST; head.next = null; kept = kept + 1; }
    void takes(Node given, Object odd) { given.next = odd.next; for (Node one : given.all()) { one.value = 2; } }
    void later() { Runnable r = () -> { other = 4; }; }
    class Inner { int deep() { return Shelf.this.size + size; } }
    static class Node {
        Node next;                      // set: Shelf.grow Shelf.takes
        int value;                      // set: Shelf.takes
        Node[] all() { return null; }
    }
    void size() { this.size(); }
}
""",
}
CPP = {
    "shelf.h": """#pragma once
namespace n {
class Shelf {
 public:
  explicit Shelf(int s) : size_(s), head_{nullptr} {}
  int size() const { return size_; }
  void grow();
 private:
  struct Node {
    Node* next;                         // set: n.Shelf.grow
    int value;                          // set: n.fill
  };
  int size_ = 0;                        // set: n.Shelf.Shelf n.Shelf.grow, read: n.Shelf.size n.fill
  Node* head_;                          // set: n.Shelf.Shelf, read: n.Shelf.grow
  static const int kMost = 4;           // read: n.Shelf.grow
};
}
""",
    "shelf.cc": """#include "shelf.h"
namespace n {
int g_count = 0;                        // set: n.Shelf.grow n.fill
void Shelf::grow() { size_ += kMost; head_->next = nullptr; g_count++; }
static void fill(const Shelf& shelf, Shelf::Node* node, int size_) { g_count = shelf.size_ + size_; node->value = 1; }
}
""",
}
GO = {
    "a.go": """package p

type Shelf struct {
	size int                            // set: NewShelf Shelf.Set, read: Shelf.Get
	head *Node                          // set: NewShelf, read: Shelf.Set
}

type Node struct {
	next *Node                          // set: Shelf.Set
	value int                           // set: fill, read: fill
}

const Most = 4                          // read: Shelf.Get

func NewShelf(s int) *Shelf { return &Shelf{size: s, head: nil} }
func (s *Shelf) Get() int   { count++; return s.size + Most }
""",
    "b.go": """package p

var count = 3                           // set: Shelf.Get, read: fill

func (s *Shelf) Set(v int) { s.size = v; s.head.next = nil }
func fill(n *Node, all []Node) int {
	size := n.value
	for _, one := range all { one.value = 1 }
	var k Node
	k.value = 3
	return size + count
}
func shades(count int) int { return count }
""",
}
RUST = {
    "src/lib.rs": """const MOST: u8 = 3;                     // read: Shelf.new Shelf.set
pub struct Shelf {
    size: u8,                           // set: Shelf.new Shelf.set, read: Shelf.get
    head: Node,                         // set: Shelf.new, read: Shelf.set
}
struct Node {
    next: u8,                           // set: Shelf.new Shelf.set, read: Shelf.fill
    value: u8,                          // set: Shelf.fill Shelf.new
}
pub enum Kind {
    First,                              // read: kind
    Second,
}
impl Shelf {
    fn new(size: u8) -> Self { Self { size, head: Node { next: MOST, value: 2 } } }
    fn get(&self) -> u8 { odd!(self.size) }
    fn set(&mut self, v: u8) { self.size = v + MOST; self.head.next += 1; }
    fn fill(&self, n: &mut Node) { n.value = 3; let size = n.next; drop(size); }
}
fn kind(k: Kind) -> bool { k == Kind::First }
""",
}
CSHARP = {
    "Shelf.cs": """namespace N {
class Shelf {
    int size;                           // set: Shelf.Grow Shelf.Shelf, read: Shelf.Get Shelf.Twice
    static readonly int Most = 4;       // read: Shelf.Fill
    public int Twice => size * 2;
    public Shelf(int size) { this.size = size; }
    int Get() { return size; }
    int Hides(int size) { return size; }
    void Grow() { size++; var one = new Node { next = null, value = 2 }; }
    void Fill(Node node) { node.value = Most; }
}
class Node {
    public Node next;                   // set: Shelf.Grow
    public int value;                   // set: Shelf.Fill Shelf.Grow
}
}
""",
}
TYPESCRIPT = {
    "limits.ts": "export const MOST = 4;                   // read: Shelf.get\n",
    "shelf.ts": """import { MOST } from './limits';
const count = 3;                        // read: Shelf.get
export class Shelf {
  size: number;                         // set: Shelf.constructor Shelf.set, read: Shelf.get
  private head?: Shelf = undefined;     // set: Shelf.set.later
  #secret = 1;                          // set: Shelf.constructor
  constructor(
    private kept: number,               // set: Shelf.constructor, read: Shelf.get
    size: number,
  ) { this.size = size; this.#secret++; }
  get() { return this.size + count + MOST + this.kept; }
  set(v: number) { this.size = v; const later = () => { this.head = undefined; }; later(); }
  shades(count: number) { return count; }
}
""",
}
LABEL = re.compile(r"//(?: set: (?P<set>[\w. ]+))?,?(?: read: (?P<read>[\w. ]+))?$")


def nodes_of(sources: dict[str, str]) -> list[Node]:
    specs = {path: spec_for(path, text.encode()) for path, text in sources.items()}
    facts = [parse_file(path, text.encode(), spec) for path, text in sources.items() if (spec := specs[path])]
    assert len(facts) == len(sources)
    return assemble(facts, link(facts, {}))[0]


def said(node: Node, key: str) -> list[str]:
    return sorted(str(user).partition("#")[2] for user in node.meta.get(key, ()))


@pytest.mark.parametrize("sources", [JAVA, CPP, GO, RUST, CSHARP, TYPESCRIPT], ids=lambda s: next(iter(s)))
def test_who_sets_and_reads_what(sources: dict[str, str]) -> None:
    wanted, found = {}, {}
    for path, text in sources.items():
        for number, line in enumerate(text.splitlines(), 1):
            if match := LABEL.search(line):
                wanted[path, number] = tuple(sorted((match[g] or "").split()) for g in ("set", "read"))
    for node in nodes_of(sources):
        if node.type == "variable" and (node.meta.get("set_by") or node.meta.get("used_by")):
            found[node.path, node.lines[0]] = said(node, "set_by"), said(node, "used_by")
    assert wanted
    assert found == wanted


def test_what_may_be_of_two_classes_says_nothing() -> None:
    first = {"a/x.go": "package a\n\ntype T struct { v int }\n\nfunc f(t *T) { t.v = 1 }\n"}
    apart = first | {"b/x.go": "package b\n\ntype T struct { v int }\n"}
    for sources in (first, apart):
        assert [n.path for n in nodes_of(sources) if n.meta.get("set_by")] == ["a/x.go"]
    stranger = {"a/x.go": "package a\n\nfunc f(t *T) { t.v = 1 }\n", "b/x.go": apart["b/x.go"]}
    assert not [n for n in nodes_of(stranger) if n.meta.get("set_by")]
