"""Addons of Node.js: what C and C++ export through N-API and node-addon-api, and who calls it."""

from __future__ import annotations

from test_bindings_python import bound, linked

ADDON = """#include <napi.h>
Napi::Value Add(const Napi::CallbackInfo& info) { return info.Env().Null(); }
static napi_value CAdd(napi_env env, napi_callback_info info) { return nullptr; }
class Counter : public Napi::ObjectWrap<Counter> {
 public:
  static Napi::Object Init(Napi::Env env, Napi::Object exports) {
    Napi::Function func = DefineClass(env, "Counter", {
        InstanceMethod("increment", &Counter::Increment),
        StaticMethod<&Counter::Make>("make")});
    exports.Set("Counter", func);
    return exports;
  }
  Counter(const Napi::CallbackInfo& info) {}
  Napi::Value Increment(const Napi::CallbackInfo& info) { return info.This(); }
  static Napi::Value Make(const Napi::CallbackInfo& info) { return info.This(); }
};
Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("add", Napi::Function::New(env, Add));
  exports.Set(Napi::String::New(env, "add2"), Napi::Function::New<Add>(env));
  exports["add3"] = Napi::Function::New(env, Add, "add3");
  exports.Set("version", Napi::String::New(env, "1.0"));
  return Counter::Init(env, exports);
}
NODE_API_MODULE(NODE_GYP_MODULE_NAME, Init)
"""
PLAIN = """#include <node_api.h>
static napi_value Hello(napi_env env, napi_callback_info info) { return 0; }
static napi_value Init(napi_env env, napi_value exports) {
  napi_value fn;
  napi_create_function(env, NULL, 0, Hello, NULL, &fn);
  napi_set_named_property(env, exports, "created", fn);
  napi_property_descriptor desc[] = {{"hello", 0, Hello, 0, 0, 0, napi_default, 0}, DECLARE_NAPI_METHOD("echo", Hello)};
  napi_define_properties(env, exports, 2, desc);
  return exports;
}
NAPI_MODULE(plain, Init)
"""
GYP = "{'targets': [{'target_name': 'addon', 'sources': ['src/a.cc']}]}"


def test_what_an_addon_exports() -> None:
    found = bound(linked({"src/a.cc": ADDON}, {"binding.gyp": GYP}))
    a = "cpp:src/a.cc#"
    assert {(s.removeprefix(a), d.removeprefix(a), line) for s, d, line, _ in found} == {
        ("addon.Counter", "Counter.Counter", 7), ("addon.Counter.increment", "Counter.Increment", 8),
        ("addon.Counter.make", "Counter.Make", 9), ("addon.add", "Add", 18), ("addon.add2", "Add", 19), ("addon.add3", "Add", 20),
    }  # fmt: skip
    found = bound(linked({"p.c": PLAIN}))
    assert {(s, d, line) for s, d, line, _ in found} == {
        ("cpp:p.c#plain.created", "cpp:p.c#Hello", 5),
        ("cpp:p.c#plain.hello", "cpp:p.c#Hello", 7),
        ("cpp:p.c#plain.echo", "cpp:p.c#Hello", 7),
    }


def test_who_calls_an_addon() -> None:
    files = {
        "src/a.cc": ADDON, "p.c": PLAIN,
        "a.js": "const addon = require('../build/Release/addon.node');\nconst { hello } = require('./plain.node');\n"
        "function run(a) {\n  hello();\n  return addon.add(a) + addon.missing(a);\n}\n"
        "class K {\n  constructor() { this.c = new addon.Counter(1); }\n  inc() { return this.c.increment(); }\n}\n"
        "module.exports = { run };\n",
        "lib/native.js": "module.exports = require('../build/Release/addon.node');\n",
        "lib/use.ts": "import native from './native';\nimport other from './other';\n"
        "export const go = () => native.add2(1);\nexport function no() { return other.add(1); }\n",
        "lib/other.ts": "export default { add(x: number) { return x; } };\n",
    }  # fmt: skip
    links = linked(files, {"binding.gyp": GYP})
    assert {f for f in bound(links) if not f[0].startswith("cpp:")} == {
        ("js:a.js#run", "cpp:p.c#plain.hello", 4, "napi"),
        ("js:a.js#run", "cpp:src/a.cc#addon.add", 5, "napi"),
        ("js:a.js#K.constructor", "cpp:src/a.cc#addon.Counter", 8, "napi"),
        ("js:a.js#K.inc", "cpp:src/a.cc#addon.Counter.increment", 9, "napi"),
        ("ts:lib/use.ts#go", "cpp:src/a.cc#addon.add2", 3, "napi"),
    }
    loaded = {(e.src, e.line) for e in links.edges if e.kind == "imports" and e.via == "binding:napi"}
    assert loaded == {("js:a.js", 1), ("js:a.js", 2), ("js:lib/native.js", 1)}
    assert [u for u in links.unresolved if u.kind == "imports" and u.name.endswith(".node")] == []


def test_the_one_addon_is_what_a_loader_loads_and_of_two_neither() -> None:
    use = "const addon = require('bindings')('addon');\nfunction run(a) {\n  return addon.add(a);\n}\n"
    one = bound(linked({"src/a.cc": ADDON, "a.js": use}, {"binding.gyp": GYP}))
    assert ("js:a.js#run", "cpp:src/a.cc#addon.add", 3, "napi") in one
    two = bound(linked({"src/a.cc": ADDON, "p.c": PLAIN, "a.js": use}, {"binding.gyp": GYP}))
    assert not [f for f in two if f[0].startswith("js:")]
