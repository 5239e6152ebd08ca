"""TypeScript and JavaScript parsing: what one file's facts hold."""

from __future__ import annotations

from extractor.facts import FileFacts
from extractor.languages import BY_NAME
from extractor.parse import parse_file
from extractor.parse.typescript_lines import prepare_typescript

TEXT = """/** The shop. */

import base, { a as b } from "./base";
import * as ns from "ns";

/**
 * Sells things.
 */
@sealed
export class Shop<T> extends base.Thing<T> implements Open {
  private items: T[] = [];
  static count = 0;
  constructor(readonly name: string, opts?: Options) {
    super(name);
  }
  get first(): T { return this.items[0]; }
  sell = async (item: T, ...rest: T[]): Promise<void> => {
    try {
      await ns.pay(item);
    } catch (error) {
      console.error(error);
    }
    if (!item) throw new TypeError(`no item ${this.name} of ${rest.length + 1}`);
  };
}

export interface Open extends ns.Base { hours(day: string): number; sign?: string }
export type Id = string | number;
export enum Kind { Small = 1, Big }
export const MAX = 3, helper = (x: number) => x * 2;
const api = { get() {}, post: async () => api.get() };
export default function main(argv: string[]) {}
export { api as client };
"""


def facts(text: str = TEXT, lang: str = "typescript") -> FileFacts:
    return parse_file("src/shop.ts", text.encode(), BY_NAME[lang])


def test_definitions() -> None:
    found = facts()
    assert [(d.kind, d.qualname) for d in found.defs] == [
        ("class", "Shop"),
        ("variable", "Shop.items"),
        ("variable", "Shop.count"),
        ("method", "Shop.constructor"),
        ("variable", "Shop.name"),
        ("method", "Shop.first"),
        ("method", "Shop.sell"),
        ("interface", "Open"),
        ("method", "Open.hours"),
        ("variable", "Open.sign"),
        ("variable", "Id"),
        ("class", "Kind"),
        ("variable", "Kind.Small"),
        ("variable", "Kind.Big"),
        ("variable", "MAX"),
        ("function", "helper"),
        ("variable", "api"),
        ("function", "api.get"),
        ("function", "api.post"),
        ("function", "main"),
    ]
    by_name = {d.qualname: d for d in found.defs}
    assert found.doc == "The shop."
    assert by_name["Shop"].doc == "Sells things."
    assert by_name["Shop"].decorators == ("@sealed",)
    assert "exported" in by_name["Shop"].flags
    assert by_name["Shop.items"].visibility == "private"
    sell = by_name["Shop.sell"]
    assert [(p.name, p.annotation, p.kind) for p in sell.params] == [("item", "T", ""), ("rest", "T[]", "*")]
    assert (sell.returns, sell.signature) == ("Promise<void>", "sell = async (item: T, ...rest: T[]): Promise<void>")
    assert {"async", "arrow"} <= set(sell.flags)
    assert found.exports == ("Id", "Kind", "MAX", "Open", "Shop", "client", "default", "helper")


def test_relations() -> None:
    found = facts()
    assert [(i.module, i.name, i.alias) for i in found.imports] == [
        ("./base", "default", "base"),
        ("./base", "a", "b"),
        ("ns", "", "ns"),
    ]
    assert [(b.name, b.kind) for b in found.bases] == [
        ("base.Thing", "extends"),
        ("Open", "implements"),
        ("ns.Base", "extends"),
    ]
    assert ("ns", "pay") in {(c.receiver, c.name) for c in found.calls}
    assert [(r.name, r.message, r.guard) for r in found.raises] == [("TypeError", "no item {this.name} of {}", "!item")]
    assert [(h.names, h.action) for h in found.handlers] == [((), "log")]


def test_overload_signatures_are_folded() -> None:
    found = facts("function f(a: string): void;\nfunction f(a: number): void;\nfunction f(a: any) {\n  return 1;\n}")
    assert [(d.qualname, d.ordinal, d.start_line, d.end_line) for d in found.defs] == [("f", 1, 3, 5)]
    assert "overload" in found.defs[0].flags


def test_functions_keep_their_names_however_they_are_bound() -> None:
    text = """
    module.exports = { f, g: function () {}, h() {} };
    exports.k = () => 1;
    A.prototype.m = function () {};
    function A() { this.n = function () {}; }
    const wrapped = debounce(() => tick(), 10);
    items.forEach(function each(item) { visit(item); });
    """
    found = facts(text, "javascript")
    names = {d.qualname: d.kind for d in found.defs}
    assert names == {
        "g": "function",
        "h": "function",
        "k": "function",
        "A": "function",
        "A.n": "method",
        "wrapped": "function",
        "each": "function",
    }


def test_offsets_are_bytes() -> None:
    found = facts('const s = "ünïcödé 🎉";\nfunction f() { return g("é"); }')
    assert [d.signature for d in found.defs] == ["const s", "function f()"]
    assert [(c.name, c.line) for c in found.calls] == [("g", 2)]


def test_jsx_elements_are_calls() -> None:
    found = facts("const A = () => <div><Foo.Bar x={f()} /><b>text</b></div>;", "tsx")
    assert [(c.receiver, c.name, c.kind) for c in found.calls] == [("Foo", "Bar", "jsx"), ("", "f", "call")]


def test_what_is_declared_without_a_body_is_not_abstract() -> None:
    text = "export declare class Status { dirty(): void; }\nabstract class Base { abstract run(): void; }\ninterface Runs { run(): void }\n"
    facts = parse_file("a.d.ts", text.encode(), BY_NAME["typescript"])
    found = {d.qualname: d.flags for d in facts.defs if d.kind == "method"}
    assert [name for name, flags in found.items() if "abstract" in flags] == ["Base.run", "Runs.run"]
    assert "Status.dirty" in found


def test_call_signatures_that_line_ends_part_and_variance_are_read() -> None:
    text = """
export interface Producer {
  /** one */
  <R extends AnyFunc>(
    recipe: R
  ): Infer<R, false>

  /** two */
  <S, A extends any[]>(recipe: (state: Draft<S>, ...args: A) => Valid<S>): (state?: S) => S // three
  (plain: number): ReturnType<Selector>
  (again: {
    a: number
  }): Foo<Bar>
  named<T>(x: T): Foo<T>
  field: Foo<Bar>
  <K>(x: K): void
  new (made: { inner: number }): Foo
  last(): void
}
export interface Module<
  // what is asked
  in out Base extends Fn, in Q, out R
> { a: Base }
export function whole(out: unknown): void {
  use(1, out as Fn)
  call(
    <T>(x: T) => x,
    (z) => z
  )
}
"""
    for lang in ("typescript", "tsx"):
        found = facts(text, lang)
        assert (found.status, found.reason) == ("ok", "")
        assert [d.name for d in found.defs if d.qualname.startswith("Producer.")] == ["named", "field", "last"]
        assert [c.name for c in found.calls] == ["use", "call"]
    plain = b"const y = foo\n  < bar\nconst f =\n  <T>(x: T): T => x\nf(\n  (a: A): B => a\n)\nreturn\n  (a): b\n"
    assert prepare_typescript(plain) == plain


def test_a_function_that_is_returned_throws_by_its_own_name_or_not_here() -> None:
    found = facts("""
export function build() {
  return function made(options) {
    if (!options.name) throw new Error("no name");
  };
}
export function other() { return () => { throw new Error("later") } }
""")
    assert [(found.defs[r.scope].qualname, r.message, r.guard) for r in found.raises] == [
        ("build.made", "no name", "!options.name")
    ]


def test_reserved_words_may_name_what_is_exported() -> None:
    text = """const _null = 1, f = 2;
export { _null as null, f as function };
import { null as nothing, a as b } from "./y";
function g(x) { return [x, null, { in: this }] }
"""
    for lang in ("javascript", "typescript"):
        found = facts(text, lang)
        assert (found.status, found.reason) == ("ok", "")
        assert found.extra["exports"] == {"null": "_null", "function": "f"}
        assert [(i.name, i.alias) for i in found.imports] == [("null", "nothing"), ("a", "b")]
