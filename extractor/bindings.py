"""Edges that cross languages: all facts and the families' links in, the same links with those edges out.

A Python call of a native module's function leads to its binding node, `torch.ops.ns.op` to every registration of the operator,
a call through a ctypes or cffi library to the C function of that name, a Java `native` method to its JNI function.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from extractor.facts import MODULE, FileFacts
from extractor.resolve import Links, definition_ids
from extractor.schema import Edge, Node, module_id

CONFIDENCE: Final = 0.9
_LOADERS: Final = frozenset(("CDLL", "PyDLL", "WinDLL", "LoadLibrary", "load_library", "dlopen"))


def join_languages(files: Sequence[FileFacts], links: Links) -> Links:
    """Add the edges between languages, and take away the dead ends that they replace."""
    bindings = [n for n in links.nodes if n.type == "binding"]
    python = [f for f in files if f.prefix == "py"]
    native = [f for f in files if f.prefix == "cpp"]
    found = [*_native_modules(python, bindings), *_operators(python, bindings), *_libraries(python, native)]
    found += _jni([f for f in files if f.prefix == "java"], native)
    imported = _imported(python, bindings)
    if not found and not imported:
        return links
    sites = {(edge.src, edge.line, edge.meta.get("name", "")) for edge in found}
    edges = [e for e in links.edges if not (e.kind == "calls" and e.dst.startswith("ext:") and _replaced(e, sites))]
    unresolved = [
        u
        for u in links.unresolved
        if not (u.kind == "calls" and (u.src, u.line, u.name.rpartition(".")[2]) in sites)
        and not (u.kind == "imports" and (u.src, u.line) in {(e.src, e.line) for e in imported})
    ]
    added = {(e.src, e.dst, e.kind, e.line): e for e in (*found, *imported)}
    return replace(links, edges=[*edges, *(added[key] for key in sorted(added))], unresolved=unresolved)


def _replaced(edge: Edge, sites: set[tuple[str, int, str]]) -> bool:
    return (edge.src, edge.line, re.split(r"[.#]", edge.dst)[-1]) in sites


def _edge(src: str, dst: str, line: int, kind: str, name: str) -> Edge:
    return Edge(src, dst, "calls", line, CONFIDENCE, f"binding:{kind}", {"name": name})


def _native_modules(files: Iterable[FileFacts], bindings: Iterable[Node]) -> list[Edge]:
    """`_C.add(…)` and `add(…)` after `from ._C import add`."""
    exposed: dict[tuple[str, str], list[Node]] = {}
    modules = set()
    for node in bindings:
        if node.meta["binding"] != "torch":
            modules.add(node.meta["module"])
            exposed.setdefault((node.meta["module"], node.meta["exposed"]), []).append(node)
    found = []
    for facts in files if modules else ():
        whole, single = _imports(facts, modules)
        for call in facts.calls:
            src = _owner(facts, call.scope)
            if call.receiver:
                head, _, rest = call.receiver.partition(".")
                module = whole.get(call.receiver) or whole.get(head, "")
                inner = rest if whole.get(head) and call.receiver != head and call.receiver not in whole else ""
                name = f"{inner}.{call.name}" if inner else call.name
            else:
                module, name = single.get(call.name, ("", ""))
            for node in exposed.get((module, name), ()) if module else ():
                found.append(_edge(src, node.id, call.line, str(node.meta["binding"]), call.name))
    return found


def _imported(files: Iterable[FileFacts], bindings: Iterable[Node]) -> list[Edge]:
    """`from . import _C` imports what makes the module: the function that registers its names."""
    makers = {n.meta["module"]: (n.meta["owner"], n.meta["binding"]) for n in bindings if n.meta["binding"] != "torch"}
    found = []
    for facts in files if makers else ():
        src = module_id(facts.prefix, facts.path)
        for row in facts.imports:
            names = (row.name, row.module.rpartition(".")[2])
            module = next((name for name in names if name in makers), "")
            if module:
                owner, kind = makers[module]
                found.append(Edge(src, owner, "imports", row.line, CONFIDENCE, f"binding:{kind}"))
    return found


def _imports(facts: FileFacts, modules: set[str]) -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """(local name -> native module, local name -> (native module, exposed name))."""
    whole: dict[str, str] = {}
    single: dict[str, tuple[str, str]] = {}
    for row in facts.imports:
        last = row.module.rpartition(".")[2]
        if row.name and row.name in modules:
            whole[row.alias or row.name] = row.name
        elif not row.name and last in modules:
            whole[row.alias if row.alias != row.module.partition(".")[0] else row.module] = last
            whole[row.module] = last
        elif row.name not in ("", "*") and last in modules:
            single[row.alias or row.name] = (last, row.name)
    return whole, single


def _operators(files: Iterable[FileFacts], bindings: Iterable[Node]) -> list[Edge]:
    """`torch.ops.ns.op(…)` runs whichever implementation is registered for the tensors' device: all are possible."""
    operators: dict[str, list[Node]] = {}
    for node in bindings:
        if node.meta["binding"] == "torch":
            operators.setdefault(f"{node.meta['module']}.{node.meta['exposed']}", []).append(node)
    found = []
    for facts in files if operators else ():
        held = {name: text for name, text in _assigned(facts) if text.partition(".")[2].startswith("ops")}
        for call in facts.calls:
            text = f"{call.receiver}.{call.name}" if call.receiver else held.get(call.name, "")
            head, dot, rest = text.partition(".")
            text = f"{held[head]}.{rest}" if dot and head in held else text
            _, marker, operator = text.partition("ops.")
            if marker and (text.startswith(("torch.ops.", "ops."))):
                for node in operators.get(".".join(operator.split(".")[:2]), ()):
                    found.append(_edge(_owner(facts, call.scope), node.id, call.line, "torch", call.name))
    return found


def _libraries(files: Iterable[FileFacts], native: Sequence[FileFacts]) -> list[Edge]:
    """`lib = ctypes.CDLL(…); lib.fn(…)` calls the C function fn, when the repository has exactly one."""
    functions: dict[str, list[str]] = {}
    for facts in native:
        for d, node_id in zip(facts.defs, definition_ids(facts), strict=True):
            if d.kind == "function" and not {"declaration", "static", "macro"} & set(d.flags):
                functions.setdefault(d.name, []).append(node_id)
    found = []
    for facts in files if functions else ():
        libraries = {
            name for name, text in _assigned(facts) if text.endswith("()") and text[:-2].rpartition(".")[2] in _LOADERS
        }
        for call in facts.calls if libraries else ():
            if call.receiver in libraries and len(functions.get(call.name, ())) == 1:
                found.append(_edge(_owner(facts, call.scope), functions[call.name][0], call.line, "ctypes", call.name))
    return found


def _assigned(facts: FileFacts) -> list[tuple[str, str]]:
    """(dotted name, what it is assigned) of a Python file's assignments of dotted names and of calls of them (`f()`)."""
    found = []
    stack: list[Any] = [(facts.extra or {}).get("scopes", [])]
    while stack:
        row = stack.pop()
        if len(row) >= 3 and row[0] == "=":
            name, value = _dotted(row[1]), row[2]
            called = isinstance(value, (list, tuple)) and len(value) > 2 and value[0] == "C"
            text = f"{_dotted(value[2])}()" if called else _dotted(value)
            if name and text not in ("", "()"):
                found.append((name, text))
        stack.extend(part for part in row if isinstance(part, (list, tuple)))
    return sorted(found)


def _dotted(expression: Any) -> str:
    """`a.b.c` of a name or of attributes of one, else empty."""
    names: list[str] = []
    while isinstance(expression, (list, tuple)) and len(expression) > 2 and expression[0] == "A":
        names.append(str(expression[2]))
        expression = expression[1]
    return ".".join([expression, *reversed(names)]) if isinstance(expression, str) else ""


def _jni(java: Iterable[FileFacts], native: Sequence[FileFacts]) -> list[Edge]:
    """`native int add(int a)` of a.b.C is `Java_a_b_C_add`, or that and `__` with the signature."""
    functions: dict[str, list[str]] = {}
    for facts in native:
        for d, node_id in zip(facts.defs, definition_ids(facts), strict=True):
            if d.name.startswith("Java_") and "declaration" not in d.flags:
                functions.setdefault(d.name.partition("__")[0], []).append(node_id)
    found = []
    for facts in java if functions else ():
        for d, node_id in zip(facts.defs, definition_ids(facts), strict=True):
            if d.kind == "method" and "native" in d.flags:
                owner = ".".join(p for p in (facts.namespace, d.qualname.rpartition(".")[0].replace(".", "$")) if p)
                for target in functions.get(f"Java_{_mangled(owner)}_{_mangled(d.name)}", ()):
                    found.append(_edge(node_id, target, d.start_line, "jni", d.name))
    return found


def _mangled(name: str) -> str:
    """JNI's spelling: `_` is `_1`, a dot an underscore, anything else its code."""
    out = []
    for char in name:
        if char == ".":
            out.append("_")
        elif char == "_":
            out.append("_1")
        elif char.isascii() and char.isalnum():
            out.append(char)
        else:
            out.append(f"_0{ord(char):04x}")
    return "".join(out)


def _owner(facts: FileFacts, scope: int) -> str:
    """The function that code in a scope belongs to, else the module."""
    while scope != MODULE and facts.defs[scope].kind not in ("function", "method"):
        scope = facts.defs[scope].scope
    return definition_ids(facts)[scope] if scope != MODULE else module_id(facts.prefix, facts.path)
