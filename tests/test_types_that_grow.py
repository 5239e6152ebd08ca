"""A type that a recursion nests anew at each turn is kept to a size: linking ends soon, and knows what it knew."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from test_resolve_typescript import calls, linked

from extractor.languages import BY_NAME, spec_for
from extractor.parse import parse_file
from extractor.resolve import link, oo_types
from extractor.resolve.model import MAX_NESTED, NOTHING, Value, Values, compact, join

# What a reader of settings does: lists of maps of lists of what it reads below.
READER = """
export class Leaf { stop() { return 1; } }
export function tree(raw: unknown): unknown {
  if (Array.isArray(raw)) return raw.map(v => tree(v));
  const result: {[key: string]: unknown} = {};
  for (const [key, sub] of Object.entries(raw)) result[key] = tree(sub);
  return result;
}
function value(raw: unknown, kind: Kind) {
  if (!Array.isArray(raw)) return String(raw).split(/,/).map(part => single(part, kind));
  else if (kind.list) return raw.map(sub => single(sub, kind));
  return single(raw, kind);
}
function single(raw: unknown, kind: Kind) {
  switch (kind.type) {
    case 1: return tree(raw);
    case 2: return shape(raw, kind);
    case 3: return table(raw, kind);
    case 4: return [shape(raw, kind)];
    case 5: return { held: table(raw, kind) };
  }
  const interpret = () => {
    if (kind.type === 4) return new Leaf();
    return parseInt(raw);
  };
  const found = interpret();
  if (kind.all) return [found];
  return found;
}
function shape(raw: unknown, kind: Kind) {
  const result: Map<string, any> = initial(kind);
  if (raw === null) return result;
  for (const [key, sub] of Object.entries(raw)) result.set(key, value(sub, kind.of[key]));
  return result;
}
function table(raw: unknown, kind: Kind) {
  const result = new Map<string, any>();
  for (const [key, sub] of Object.entries(raw)) result.set(key, value(sub, kind));
  return result;
}
function initial(kind: Kind) {
  switch (kind.type) {
    case 1: {
      if (kind.list) return [];
      const result = new Map<string, any>();
      for (const [key, sub] of Object.entries(kind.of)) result.set(key, initial(sub));
      return result;
    }
    case 2: return new Map<string, any>();
    case 3: {
      if (Array.isArray(kind.normal)) return kind.normal.map((entry: string) => new Leaf());
      return new Leaf();
    }
    default: return kind.normal;
  }
}
class Settings {
  values: Map<string, any> = new Map();
  use(raw: unknown, kind: Kind) {
    let parsed: any;
    parsed = value(raw, kind);
    if (kind.type === 3) {
      const before = this.values.get("a") as Map<string, any>;
      this.values.set("a", new Map([...before, ...parsed]));
    } else this.values.set("a", parsed);
  }
  show(kind: Kind) { return flat(this.values.get("a"), kind); }
}
function flat(raw: unknown, kind: Kind): any {
  if (Array.isArray(raw)) return raw.map(one => flat(one, kind));
  if (raw instanceof Map) {
    const out = new Map<string, unknown>();
    for (const [key, one] of raw.entries()) out.set(key, flat(one, kind));
    return out;
  }
  return raw;
}
"""


def nested(depth: int, width: int) -> Values:
    inner = NOTHING if depth == 0 else nested(depth - 1, width)
    return tuple(Value("ext", None, (inner,) if inner else (), f"js#Box{n}") for n in range(width))


def size(values: Values) -> int:
    return sum(1 + sum(size(group) for group in value.args) for value in values)


def test_types_that_grow_in_a_recursion_are_linked_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    joins: list[int] = []

    def counted(groups: Iterable[Values]) -> Values:
        joins.append(1)
        return join(groups)

    monkeypatch.setattr(oo_types, "join", counted)
    found = calls(linked(reader__ts=READER))
    assert ("reader.ts#shape", "reader.ts#value") in found
    assert ("reader.ts#Settings.show", "reader.ts#flat") in found
    assert len(joins) < 5_000  # without a bound each turn multiplies them: 68,000


def test_the_innermost_arguments_go_first() -> None:
    small, large = nested(2, 3), nested(5, 3)
    assert compact(small) == small
    assert size(compact(large)) <= MAX_NESTED + 3 < size(large)
    assert compact(large)[0].args[0][0].name == "js#Box0"


DEEP = {
    "A.java": "class A { void go() { stop(); } void stop() {} void deep(%s x) { x.get(); } }",
    "a.ts": "function go() { stop(); } function stop() {} function deep(x: %s) { x.get(); }",
    "a.cs": "class A { void Go() { Stop(); } void Stop() {} void Deep(%s x) { x.Get(); } }",
    "a.cpp": "void stop() {} void go() { stop(); } void deep(%s x) { x.get(); }",
    "a.rs": "fn go() { stop(); } fn stop() {} fn deep(x: %s) { x.get(); }",
}


@pytest.mark.parametrize("path", sorted(DEEP))
def test_a_type_nested_deeper_than_anybody_writes_one_leaves_the_rest_linked(path: str) -> None:
    data = (DEEP[path] % ("Box<" * 2000 + "A" + ">" * 2000)).encode()
    spec = spec_for(path, data)
    assert spec is not None
    links = link([parse_file(path, data, spec)], {})
    assert links.problems == []
    assert ("go", "stop") in {(a.lower().rpartition("#")[2][-2:], b.lower()[-4:]) for a, b in calls(links)}


def test_dimensions_of_go_slices_are_types_in_one_another_too() -> None:
    data = ("package a\nfunc stop() {}\nfunc deep(x " + "[]" * 2000 + "A) { x.get(); stop() }\n").encode()
    links = link([parse_file("a.go", data, BY_NAME["go"])], {})
    assert links.problems == []
    assert ("a.go#deep", "a.go#stop") in calls(links)
