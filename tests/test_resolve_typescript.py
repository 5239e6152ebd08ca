"""TypeScript and JavaScript linking: labelled programs, line by line, module resolution, and what must not be linked."""

from __future__ import annotations

import pytest
from labelled import link_fixture

from extractor.languages import BY_NAME, spec_for
from extractor.parse import parse_file
from extractor.resolve import Links, link
from extractor.resolve.typescript_modules import Modules, load_json
from extractor.schema import SURE


def linked(**files: str) -> Links:
    """Files by path, a double underscore standing for the dot."""
    sources = {name.replace("__", "."): text.encode() for name, text in files.items()}
    return link([parse_file(p, d, spec) for p, d in sources.items() if (spec := spec_for(p, d))], {})


def calls(links: Links) -> set[tuple[str, str]]:
    return {(e.src.partition(":")[2], e.dst.partition(":")[2]) for e in links.edges if e.kind == "calls"}


def test_a_name_that_every_array_has_means_no_computed_member() -> None:
    text = """
    const table = {};
    for (const verb of ['get', 'put']) table[verb] = function () {};
    function run(x) { x.get(); x.filter(Boolean); }
    run(table); run([1]);
    """
    assert {c[1] for c in calls(linked(a__js=text)) if c[0] == "a.js#run"} == {"a.js#table.[verb]", "js#Array.filter"}


def test_of_many_computed_members_none_is_meant() -> None:
    rows = "".join(f"keys.forEach((k{n}) => {{ table[k{n}] = function () {{}}; }});" for n in range(3))
    links = linked(a__js=f"const keys = read(), table = {{}};{rows}\ntable.go();")
    assert [e.dst for e in links.edges if e.kind == "calls" and e.dst.startswith("js:a.js#table")] == []


def test_a_method_of_an_object_without_a_name_is_no_name_of_its_scope() -> None:
    links = linked(
        a__js="export const { add } = make({ add(x) { return x; } }); function make(o) { return o; } add(1);"
    )
    assert ("a.js", "a.js#add") in calls(links)  # what make gives back, by value and not by name
    links = linked(a__js="use({ add(x) {} }); add(1); function use(o) {}")
    assert ("a.js", "a.js#add") not in calls(links)


def test_events_of_one_name_reach_the_listeners_of_that_emitter() -> None:
    text = """
    const { EventEmitter } = require('events');
    class A extends EventEmitter { go() { this.emit('done', 1); } }
    class B extends EventEmitter { go() { this.emit('done', 2); } }
    function first(n) {} function other(n) {} function second(n) {}
    const a = new A(), b = new B();
    a.on('done', first).on('begun', other);
    b.on('done', second);
    """
    found = calls(linked(a__js=text))
    assert {c for c in found if c[0].endswith(".go") and c[1].startswith("a.js#")} == {
        ("a.js#A.go", "a.js#first"), ("a.js#B.go", "a.js#second")
    }  # fmt: skip


def test_what_goes_in_a_circle_is_still_found() -> None:
    text = """
    const grow = (make) => (state) => { const store = make(state); return { ...store, size: () => store.read() }; };
    function create(state, grown) {
      if (grown) return grown(create)(state);
      function read() { return state; }
      return { read };
    }
    create(1, grow).size();
    """
    assert ("a.js#grow", "a.js#create.read") in calls(linked(a__js=text))


def test_a_key_that_only_a_run_tells_takes_any_part_of_what_is_taken_apart() -> None:
    text = "function f(k) { const table = { go: g }; const { [k]: held, ...rest } = table; held(); } function g() {} f('go');"
    assert ("a.js#f", "a.js#g") in calls(linked(a__js=text))
    links = linked(a__js="function f(k) { let obj = {}; const { [k]: held, ...rest } = obj; held(); } f('go');")
    assert (links.problems, [e.dst for e in links.edges if e.kind == "calls"]) == ([], ["js:a.js#f"])


def test_a_type_given_in_a_comment_between_parentheses_hides_no_value() -> None:
    text = """
    class Job { next() { return new Job(); } }
    const job = (/** @type {Job} */ (new Job()));
    const later = (/** the one after */ job.next());
    later.next();
    const made = (/** @type {any} */ (function () {}));
    made();
    """
    assert {c[1] for c in calls(linked(a__js=text)) if c[0] == "a.js"} >= {"a.js#Job", "a.js#Job.next", "a.js#made"}


def test_what_tests_hand_in_is_not_what_the_product_calls() -> None:
    links = linked(
        lib__js="exports.each = (xs, f) => { for (const x of xs) f(x); };",
        **{
            "tests/a__js": "const { each } = require('../lib'); each([1], show); function show() {}",
            "b__js": "const { each } = require('./lib'); each([1], print); function print() {}",
        },
    )
    assert {c for c in calls(links) if c[0] == "lib.js#each"} == {("lib.js#each", "b.js#print")}


def test_more_values_than_can_be_told_apart_are_none() -> None:
    names = [f"f{n}" for n in range(40)]
    text = "const held = [];\n" + "".join(f"function {n}() {{}}\nheld.push({n});\n" for n in names) + "held[0]();\n"
    assert [e.dst for e in linked(a__js=text).edges if e.confidence >= SURE and e.dst.startswith("js:a.js#")] == []


def test_a_container_of_ones_own_is_no_array() -> None:
    text = "class Bag { add(x) {} go() {} } class No { go() {} } const bag = new Bag(); bag.add(new No()); bag[0].go(); bag.go();"
    assert {c for c in calls(linked(a__js=text)) if "go" in c[1]} == {("a.js", "a.js#Bag.go")}


def test_binding_a_function_does_not_call_it() -> None:
    links = linked(a__js="function f() {} function g() { return f.bind(null); } g()();")
    assert {c for c in calls(links) if c[1].startswith("a.js")} == {("a.js", "a.js#g"), ("a.js", "a.js#f")}


def test_imports_go_through_barrels_to_the_definition() -> None:
    _, links = link_fixture("ts_desk")
    edges = {(e.src, e.dst, e.kind) for e in links.edges}
    assert ("ts:src/api/service.ts", "ts:src/models/ticket.ts#Ticket", "imports") in edges
    assert ("ts:src/api/service.ts", "ts:packages/kit/src/colors.ts#paint", "imports") in edges
    assert ("ts:src/models/ticket.ts", "ext:events", "depends_on") in edges
    assert ("ts:src/models/ticket.ts#Bug", "ts:src/models/ticket.ts#Ticket", "extends") in edges
    assert ("ts:src/models/ticket.ts#Base", "ts:src/models/ticket.ts#Closable", "implements") in edges
    assert ("js:legacy/queue.js#Queue", "js:legacy/log.js#Log", "extends") in edges


def test_a_missing_relative_module_is_said() -> None:
    links = linked(a__ts="import { f } from './gone'; f();")
    assert [(u.kind, u.name, u.reason) for u in links.unresolved if u.kind == "imports"] == [
        ("imports", "./gone", "missing_module")
    ]


def test_a_parameter_or_local_hides_the_module_name() -> None:
    links = linked(
        a__ts="function f() {} function g(f: any) { f(); } function h({ f }: any) { f(); } [1].map(f => f());"
    )
    assert calls(links) - {("a.ts", "js#Array.map")} == set()


def test_same_names_elsewhere_are_not_linked() -> None:
    links = linked(a__ts="import { run } from 'lib'; run(); other.run();", b__ts="export function run() {}")
    assert calls(links) == {("a.ts", "lib#run")}


def test_import_cycles_and_self_exports_end() -> None:
    links = linked(
        a__ts="export * from './b'; export { x } from './b'; x();",
        b__ts="export * from './a'; export { x } from './a';",
    )
    assert calls(links) == set()


def test_destructured_require_and_module_exports() -> None:
    links = linked(
        a__js="const { f: g } = require('./b'); const b = require('./b'); g(); b.h(); require('./b').f();",
        b__js="function f() {} module.exports = { f, h() { f(); } };",
    )
    assert calls(links) == {("a.js", "b.js#f"), ("a.js", "b.js#h"), ("b.js#h", "b.js#f")}


def test_jsdoc_types_type_receivers() -> None:
    links = linked(a__js="class A { m() {} }\n/** @param {A} a\n @returns {A} */\nfunction f(a) { a.m(); }\nf(1).m();")
    assert {("a.js#f", "a.js#A.m"), ("a.js", "a.js#A.m")} <= calls(links)


def test_tsconfig_with_comments_cycles_and_nonsense() -> None:
    assert load_json('{ // c\n "a": "http://x", /* b */ "c": [1, 2,], }') == {"a": "http://x", "c": [1, 2]}
    assert load_json("{ not json") == {}
    configs = {
        "tsconfig.json": '{"extends": "./base", "compilerOptions": {"paths": {"~/*": ["src/*"]}}}',
        "base.json": '{"extends": "./tsconfig.json", "compilerOptions": {"baseUrl": 3}}',
    }
    modules = Modules(["src/a.ts", "src/b/index.ts", "src/c.ts"], configs)
    assert modules.resolve("src/a.ts", "~/b") == ("src/b/index.ts", "")
    assert modules.resolve("src/a.ts", "./c.js") == ("src/c.ts", "")
    assert modules.resolve("src/a.ts", "@scope/pkg/deep") == ("", "@scope/pkg")
    assert modules.resolve("src/a.ts", "../../outside") == ("", "")


def test_a_workspace_package_is_found_by_its_name() -> None:
    configs = {
        "packages/a/package.json": '{"name": "@x/a", "exports": {"./*": {"import": "./dist/*.js"}, ".": "./src/main.ts"}}',
        "packages/b/package.json": '{"name": "b", "main": "lib/b.js"}',
    }
    modules = Modules(["packages/a/src/main.ts", "packages/a/src/sub.ts", "packages/b/lib/b.js"], configs)
    assert modules.resolve("app.ts", "@x/a")[0] == "packages/a/src/main.ts"
    assert modules.resolve("app.ts", "@x/a/sub")[0] == "packages/a/src/sub.ts"
    assert modules.resolve("app.ts", "b")[0] == "packages/b/lib/b.js"


@pytest.mark.parametrize(
    "text",
    [
        "function a0() {}\n" + "".join(f"const a{i} = a{i - 1};\n" for i in range(1, 600)) + "a599();",
        "function f0() { return f0 }\n" + "".join(f"function f{i}() {{ return f{i - 1}(); }}\n" for i in range(1, 600)),
        "function f(x) {} f(" + " || ".join(f"a{i}" for i in range(3000)) + ");",
        "function f(x) {} f(" + "".join(f"a{i} ? b{i} : " for i in range(3000)) + "c);",
        "function f(x) {} f(" + "[" * 1500 + "]" * 1500 + ");",
        "const a = b; const b = a; const o = { ...o, p: o }; o.p.p(); Object.assign(o, o); class K extends K {} a(a);",
    ],
    ids=["names", "results", "either", "branches", "arrays", "circles"],
)
def test_what_is_deep_or_goes_in_circles_ends_and_costs_nobody_else(text: str) -> None:
    links = linked(a__js=text, b__js="function g() {} g();")
    assert links.problems == []
    assert ("b.js", "b.js#g") in calls(links)


def test_names_in_modules_rests_of_requires_and_methods_under_computed_names() -> None:
    found = calls(
        linked(
            **{
                "lib/index.js": "class App { use(f) { return this; } }\nmodule.exports = { App, plugins: require('../plugins') };",
                "lib/tools.js": "exports.one = function () {};\nexports.show = (e) => e;",
                "plugins/index.js": "module.exports = { timer: require('./timer') };",
                "plugins/timer.js": "module.exports = function timer(app) { app.use(1); };",
                "main.js": "const http = require('./lib');\nconst { one, ...tools } = require('./lib/tools');\n"
                "function Router() {}\nRouter.prototype.add = function () {};\n"
                "Router.prototype[verb] = function (p) { return this.add(p); };\n"
                "function pair(p) {}\n"
                "function run(text, name) {\n  new http.App().use();\n  tools.show(1);\n  text.split('&').map(pair);\n"
                "  const install = http.plugins[name];\n  install(new http.App());\n}\n",
            }
        )
    )
    assert {f for f in found if not f[1].startswith("js#")} == {
        ("main.js#run", "lib/index.js#App"),
        ("main.js#run", "lib/index.js#App.use"),
        ("main.js#run", "lib/tools.js#show"),
        ("main.js#run", "main.js#pair"),
        ("main.js#run", "plugins/timer.js#timer"),
        ("plugins/timer.js#timer", "lib/index.js#App.use"),
        ("main.js#Router.[verb]", "main.js#Router.add"),
    }


def test_what_loops_and_guards_tell_of_elements() -> None:
    text = """
export abstract class Entity {}
export class Task extends Entity { finish() {} get label() { return ""; } }
class Board {
  private held = new Map<string, Task>();
  *[Symbol.iterator]() { for (const [, task] of this.held) yield task; }
}
function isTask(e: Entity): e is Task { return true; }
function run(board: Board, all: Entity[]) {
  for (const task of board) task.finish();
  all.filter(isTask).map((t) => t.label);
}
function Hook() {
  const remove = useCallback((id: string) => done(id), []);
  remove("x");
}
function done(id: string) {}
"""
    found = calls(linked(**{"a.ts": text}))
    assert found >= {
        ("a.ts#run", "a.ts#Task.finish"),
        ("a.ts#run", "a.ts#Task.label"),
        ("a.ts#run", "a.ts#isTask"),
        ("a.ts#Hook", "a.ts#Hook.remove"),
        ("a.ts#Hook.remove", "a.ts#done"),
    }


def test_tables_filled_by_a_helper_and_what_call_says_of_this() -> None:
    found = calls(
        linked(
            nodes__js="class Num { eval() { return 1; } }\nObject.assign(exports, { Num });",
            parser__js="const nodes = require('./nodes');\nconst prefix = {};\n"
            "function rule(table, keys, fn) { for (const k of keys) table[k] = fn; }\n"
            "class Parser {\n  next() { return 1; }\n  start(t) { return prefix[t](this, t).eval(); }\n"
            "  statement(t) { const handler = statements[t]; return handler.call(this, t); }\n}\n"
            "const statements = { let() { this.next(); } };\n"
            "rule(prefix, ['n'], (p, t) => made(p.next()));\nrule(prefix, ['-'], negate);\n"
            "function made(t) { return new nodes.Num(t); }\nfunction negate(p) { return new nodes.Num(p.next()); }\n"
            "function run({ onError = report } = {}) { onError(1); }\nfunction report(e) {}\n",
        )
    )
    assert found >= {
        ("parser.js#Parser.start", "parser.js#negate"),
        ("parser.js#Parser.start", "nodes.js#Num.eval"),
        ("parser.js#Parser.statement", "parser.js#statements.let"),
        ("parser.js#statements.let", "parser.js#Parser.next"),
        ("parser.js", "parser.js#Parser.next"),
        ("parser.js#negate", "parser.js#Parser.next"),
        ("parser.js#made", "nodes.js#Num"),
        ("parser.js#run", "parser.js#report"),
    }


def test_emitters_that_give_themselves_back_and_objects_that_hold_classes() -> None:
    found = calls(
        linked(
            shapes__js="const S = (function () {\n  class Shape { area() { return 0; } }\n"
            "  return { Shape: Shape };\n})();\nmodule.exports = S;",
            main__js="const EventEmitter = require('events');\nconst G = require('./shapes');\n"
            "class Queue extends EventEmitter { push() { return this; } }\n"
            "const q = new Queue().on('drain', () => 1);\n"
            "function run() { q.push(); new G.Shape().area(); }\n",
        )
    )
    assert found >= {("main.js#run", "main.js#Queue.push"), ("main.js#run", "shapes.js#Shape.area")}


def test_of_a_type_and_a_constant_of_one_name_the_type_is_thrown() -> None:
    text = """export interface Refused extends Error { readonly why: string }
export interface RefusedMaker { new (why: string): Refused }
export const Refused: RefusedMaker = make();
declare function make(): any;
export function fails() { throw new Refused('no'); }
"""
    spec = spec_for("a.ts", b"")
    assert spec is not None
    facts = parse_file("a.ts", text.encode(), spec)
    assert set(link([facts], {}).names.values()) == {("ts:a.ts#Refused",)}


def test_the_condition_of_a_package_that_leads_to_its_source_is_taken() -> None:
    exports = '{"name": "z", "exports": {".": {"z-source": "./src/index.ts", "types": "./index.d.ts", "import": "./index.js"}}}'
    links = link(
        [
            parse_file(path, text.encode(), BY_NAME[lang])
            for path, lang, text in (
                ("index.d.ts", "typescript", "export declare const parse: (x: string) => number;"),
                ("index.js", "javascript", "export const parse = (x) => 1;"),
                ("src/index.ts", "typescript", "export const parse = (x: string): number => 1;"),
                ("test/a.ts", "typescript", 'import * as z from "z";\nfunction t() { z.parse("1"); }'),
            )
        ],
        {"package.json": exports},
    )
    assert {e.dst for e in links.edges if e.kind == "calls" and e.src.endswith("#t")} == {"ts:src/index.ts#parse"}


def test_a_parameter_hides_the_class_of_its_name() -> None:
    text = "class Box { go() {} }\nfunction open(Box) { new Box().go() }\nfunction made(Kind) { new Kind().go() }\nmade(Box)\n"
    assert [call for call in sorted(calls(linked(a__js=text))) if call[1].endswith(".go")] == [
        ("a.js#made", "a.js#Box.go")
    ]
