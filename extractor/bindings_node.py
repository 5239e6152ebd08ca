"""Calls of native addons from JavaScript and TypeScript: facts of those files and the addons' binding nodes in, edges out.

An addon is what `require("./x.node")`, `bindings("x")` or node-gyp-build returns, and what a file hands on that exports one whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from posixpath import join, normpath
from typing import Final

from extractor.bindings_python import CONFIDENCE, Found
from extractor.facts import MODULE, Call, FileFacts
from extractor.resolve import definition_ids
from extractor.schema import Edge, Node, module_id

_LOADERS: Final = frozenset(
    ("bindings", "node-gyp-build", "@mapbox/node-pre-gyp", "node-bindings", "pkg-prebuilds", "@node-rs/helper")
)
_SUFFIXES: Final = (
    "",
    ".js",
    ".ts",
    ".cjs",
    ".mjs",
    ".cts",
    ".mts",
    "/index.js",
    "/index.ts",
    "/index.cjs",
    "/index.mjs",
)
Addon = dict[str, list[Node]]  # exposed name -> bindings
Held = dict[tuple[int, str], tuple[Addon, str]]  # (scope, name) -> the addon, and the part of it


def node_addons(files: Sequence[FileFacts], bindings: Iterable[Node]) -> tuple[list[Found], list[Edge]]:
    """The edges from every call of an addon's function, class or method; and from files that load one to what fills it."""
    addons: dict[str, Addon] = {}
    for node in bindings:
        if node.meta["binding"] == "napi":
            addons.setdefault(str(node.meta["module"]), {}).setdefault(str(node.meta["exposed"]), []).append(node)
    if not addons:
        return [], []
    whole: dict[str, Addon] = {}
    held: dict[str, Held] = {}
    for _ in range(3):  # an addon may be handed on by a file that another file hands on
        for facts in files:
            held[facts.path] = _held(facts, addons, whole)
            exported = _export(facts, held[facts.path])
            if exported is not None:
                whole[facts.path] = exported
    found = [
        f
        for facts in files
        if held[facts.path]
        for f in (*_calls(facts, held[facts.path]), *_read(facts, held[facts.path]))
    ]
    return found, [edge for facts in files for edge in _loads(facts, addons)]


def _loads(facts: FileFacts, addons: Mapping[str, Addon]) -> Iterator[Edge]:
    for row in facts.imports:
        addon = _addon(row.module, facts.path, addons, {})
        if addon is not None:
            owner = min(str(node.meta["owner"]) for nodes in addon.values() for node in nodes)
            yield Edge(module_id(facts.prefix, facts.path), owner, "imports", row.line, CONFIDENCE, "binding:napi")


def _held(facts: FileFacts, addons: Mapping[str, Addon], whole: Mapping[str, Addon]) -> Held:
    """What each name of a file holds of an addon."""
    held: Held = {}
    for row in facts.imports:
        addon = _addon(row.module, facts.path, addons, whole)
        if addon is not None:
            part = row.name if row.name not in ("default", "*") else ""
            held[row.scope, row.alias or row.name] = (addon, part)
            # `require("bindings")("x")` and `require("./x").f()`: the call has no name of its own.
            plain = row.module.replace(".", "\x01").replace("#", "\x02").replace("-", "\x03")  # as chains spell it
            held[row.scope, f"require:{plain}"] = (addon, part)
    for _ in range(3):
        for b in facts.bindings:
            found = _look_up(held, facts, b.scope, b.text)
            if found is not None:
                field = b.scope != MODULE and facts.defs[b.scope].kind == "class" and not b.name.startswith("self.")
                name = f"self.{b.name}" if field else b.name
                held.setdefault((_class_of(facts, b.scope) if name.startswith("self.") else b.scope, name), found)
    return held


def _addon(module: str, path: str, addons: Mapping[str, Addon], whole: Mapping[str, Addon]) -> Addon | None:
    if module.endswith(".node"):
        named = addons.get(module.rpartition("/")[2].removesuffix(".node"))
        return named or (next(iter(addons.values())) if len(addons) == 1 else None)
    if module in _LOADERS:
        return next(iter(addons.values())) if len(addons) == 1 else None
    if module.startswith("."):
        place = normpath(join(path.rpartition("/")[0], module))
        return next((whole[place + s] for s in _SUFFIXES if place + s in whole), None)
    return None


def _export(facts: FileFacts, held: Held) -> Addon | None:
    """The addon that `module.exports = …` or `export default …` hands on whole."""
    exports = (facts.extra or {}).get("exports", {})
    for key in ("=", "default"):
        text = exports.get(key) if isinstance(exports, dict) else None
        found = _look_up(held, facts, MODULE, text) if isinstance(text, str) else None
        if found is not None and not found[1]:
            return found[0]
    return None


def _look_up(held: Held, facts: FileFacts, scope: int, text: str) -> tuple[Addon, str] | None:
    """The addon and the part of it that a chain means, as `addon.Counter` or `new addon.Counter()`."""
    made = text.startswith("new ")
    head, _, rest = text.removeprefix("new ").partition(".")
    if head.startswith("require:"):
        head = head.replace("()", "")
    parts = [head, *([rest.removesuffix("()") if made else rest] if rest else [])]
    if "(" in ".".join(parts):
        return None  # what a function of an addon returns is not known
    if parts[0] in ("this", "self") and len(parts) > 1:
        field, _, rest = parts[1].partition(".")
        parts = [f"self.{field}", *([rest] if rest else [])]
    here = scope
    while True:
        place = _class_of(facts, here) if parts[0].startswith("self.") else here
        found = held.get((place, parts[0]))
        if found is not None:
            return found[0], ".".join([p for p in (found[1], *parts[1:]) if p])
        if here == MODULE:
            return None
        here = facts.defs[here].scope


def _calls(facts: FileFacts, held: Held) -> Iterator[Found]:
    ids = definition_ids(facts)
    for call in facts.calls:
        meant = _look_up(held, facts, call.scope, _written(call))
        for node in meant[0].get(meant[1], ()) if meant is not None else ():
            edge = Edge(_owner(facts, ids, call.scope), node.id, "calls", call.line, CONFIDENCE, "binding:napi")
            yield Found(edge, tuple(sorted({call.name, call.name.rpartition(".")[2]})))


def _read(facts: FileFacts, held: Held) -> Iterator[Found]:
    """Properties whose accessors are native, where they are read or written."""
    extra, ids = facts.extra or {}, definition_ids(facts)
    for scope, receiver, name, line in (*extra.get("reads", ()), *extra.get("writes", ())):
        meant = _look_up(held, facts, scope, f"{receiver}.{name}")
        for node in meant[0].get(meant[1], ()) if meant is not None else ():
            if "accessor" in node.meta:
                yield Found(
                    Edge(_owner(facts, ids, scope), node.id, "calls", line, CONFIDENCE, "binding:napi"), (name,)
                )


def _owner(facts: FileFacts, ids: Sequence[str], scope: int) -> str:
    while scope != MODULE and facts.defs[scope].kind == "variable":
        scope = facts.defs[scope].scope
    return ids[scope] if scope != MODULE else module_id(facts.prefix, facts.path)


def _written(call: Call) -> str:
    return f"{call.receiver}.{call.name}" if call.receiver else call.name


def _class_of(facts: FileFacts, scope: int) -> int:
    while scope != MODULE and facts.defs[scope].kind != "class":
        scope = facts.defs[scope].scope
    return scope
