"""Edges that cross languages: all facts and the families' links in, the same links with those edges out.

A Python call of a native module's function leads to its binding node, `torch.ops.ns.op` to every registration of the operator,
a call through a ctypes or cffi library to the C function of that name, a Java `native` method to its JNI function, a method that
C# imports from a library to the C function, a call of an addon of Node.js to what it exports. Which source makes which module is
read from the build files; a name that more than one module could answer is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final, NamedTuple

from extractor.bindings_build import extensions
from extractor.bindings_names import Names
from extractor.bindings_node import node_addons
from extractor.bindings_python import (
    CONFIDENCE,
    Found,
    autograd,
    c_functions,
    call_edge,
    cython,
    kernels,
    libraries,
    loaded,
    operators,
)
from extractor.bindings_results import Results
from extractor.bindings_rust import pyo3
from extractor.bindings_uses import implied
from extractor.facts import FileFacts
from extractor.resolve import Links, definition_ids
from extractor.schema import Edge, Node, module_id

# Packages whose use alone makes edges of this kind, and those whose use needs C functions here.
_BRIDGES: Final = frozenset(("triton", "numba", "cupyx", "torch"))
_LIBRARIES: Final = frozenset(("ctypes", "cffi", "_ctypes"))


def join_languages(
    files: Sequence[FileFacts], links: Links, configs: Mapping[str, str] = MappingProxyType({})
) -> Links:
    """Add the edges between languages, and take away the dead ends that they replace."""
    python = [f for f in files if f.prefix == "py"]
    native = [f for f in files if f.prefix == "cpp"]
    rust = [f for f in files if f.prefix == "rs"]
    nodes, further = pyo3(rust, configs, extensions(configs)) if python and rust else ([], [])
    bindings = [*(n for n in links.nodes if n.type == "binding"), *nodes]
    found = _jni([f for f in files if f.prefix == "java"], native)
    found += _pinvoke([f for f in files if f.prefix == "cs"], native)
    calls, loads = node_addons([f for f in files if f.prefix in ("ts", "js")], bindings)
    found += calls
    further += loads
    compiled = {module_id(f.prefix, f.path) for f in python if f.lang == "cython"}
    bridges = _BRIDGES | _LIBRARIES if native else _BRIDGES
    used = any(row.module.partition(".")[0] in bridges for f in python for row in f.imports)
    if python and (bindings or compiled or used):
        names = Names(python, configs)
        registered, stated = operators(names)
        nodes += registered
        further += stated
        bindings = [*bindings, *registered]
        modules = native_modules(bindings, names)
        found += [
            *_calls(names, modules, bindings, results := Results(bindings, [*native, *rust])),
            *implied(names, lambda path: reached(path, modules), results, _members(modules)),
            *kernels(names),
            *autograd(names),
            *libraries(names, native),
            *cython(names, native),
        ]
        further += [*_imported(names, modules), *_stubs(python, modules)]
    if not found and not further and not compiled:
        return links
    sites = {(f.edge.src, f.edge.line, name) for f in found for name in f.names}
    imports = {(e.src, e.line) for e in further if e.kind == "imports"}
    edges = [
        replace(e, via="binding:cython") if compiled and _enters(e, compiled) else e
        for e in links.edges
        if not (e.kind == "calls" and e.dst.startswith("ext:") and _replaced(e, sites))
    ]
    unresolved = [
        u
        for u in links.unresolved
        if not (u.kind == "calls" and (u.src, u.line, u.name.rpartition(".")[2].removesuffix("()")) in sites)
        and not (u.kind == "imports" and (u.src, u.line) in imports)
    ]
    added = {(e.src, e.dst, e.kind, e.line): e for e in (*(f.edge for f in found), *further)}
    edges += [added[key] for key in sorted(added)]
    return replace(links, edges=edges, unresolved=unresolved, nodes=[*links.nodes, *nodes])


def _replaced(edge: Edge, sites: set[tuple[str, int, str]]) -> bool:
    return (edge.src, edge.line, re.split(r"[.#]", edge.dst)[-1]) in sites


def _enters(edge: Edge, compiled: set[str]) -> bool:
    """Whether Python calls a function of a Cython module."""
    src, dst = edge.src.partition("#")[0], edge.dst.partition("#")[0]
    return edge.kind == "calls" and edge.via != "callback" and dst in compiled and src not in compiled


# ---------------------------------------------------------------------- native modules of Python
class NativeModule(NamedTuple):
    """What fills one module: `qualified` are the full names that build files give it, `placed` when the package of one is here,
    `exposed` its names."""

    qualified: tuple[str, ...]
    placed: bool
    owner: str
    kind: str
    exposed: dict[str, list[Node]]


def native_modules(bindings: Iterable[Node], names: Names) -> dict[str, list[NativeModule]]:
    """The native modules by their last name."""
    found: dict[tuple[str, str], NativeModule] = {}
    loads = loaded(names)
    for node in bindings:
        meta = node.meta
        if meta["binding"] in ("torch", "napi"):
            continue
        own: tuple[str, ...] = (str(meta["module"]),)
        qualified = tuple(meta.get("qualified", ()))
        if own[0] == "TORCH_EXTENSION_NAME":
            base = node.path.rpartition("/")[2]
            built = [name for name, sources in loads if base in sources or (not sources and len(loads) == 1)]
            own = tuple(dict.fromkeys(built)) or own
        for name in own:
            placed = any("." in q and names.modules.absolute(q.rpartition(".")[0], "") is not None for q in qualified)
            made = NativeModule(qualified, placed, str(meta["owner"]), str(meta["binding"]), {})
            known = found.setdefault((name, made.owner), made)
            known.exposed.setdefault(str(meta["exposed"]), []).append(node)
    modules: dict[str, list[NativeModule]] = {}
    for key in sorted(found):
        modules.setdefault(key[0], []).append(found[key])
    return modules


def _members(modules: Mapping[str, list[NativeModule]]) -> set[str]:
    """What the classes of native modules call their members."""
    exposed = (name for known in modules.values() for module in known for name in module.exposed)
    return {name.rpartition(".")[2] for name in exposed if "." in name}


def reached(path: str, modules: Mapping[str, list[NativeModule]]) -> tuple[NativeModule, str] | None:
    """The native module that a path leads into, and the path in it; None when there is none, or more than one."""
    inside = path.startswith(".")
    parts = path.lstrip(".").split(".")
    for position, part in enumerate(parts):
        known = modules.get(part, ())
        if not known:
            continue
        whole = ".".join(parts[: position + 1])
        exact = [m for m in known if any(whole == q or whole.endswith(f".{q}") for q in m.qualified)]
        likely = exact or [m for m in known if not m.placed and (inside or position == 0)]
        if len(likely) == 1:
            return likely[0], ".".join(parts[position + 1 :])
        if likely:
            return None
    return None


def _calls(
    names: Names, modules: Mapping[str, list[NativeModule]], bindings: Sequence[Node], results: Results
) -> list[Found]:
    """`_C.add(…)`, `add(…)` after `from ._C import add`, and `torch.ops.ns.op(…)`, which runs whatever is registered for it."""
    registered: dict[str, list[Node]] = {}
    for node in bindings:
        if node.meta["binding"] == "torch":
            registered.setdefault(f"{node.meta['module']}.{node.meta['exposed']}", []).append(node)
    found = []
    for file in names.files.values():
        for site in file.sites:
            for path in names.paths(file, site.scope, site.function):
                if path.startswith("torch.ops."):
                    for node in registered.get(".".join(path.split(".")[2:4]), ()):
                        found.append(call_edge(file, site, node.id, "torch", path))
                elif modules and (native := reached(path, modules)) is not None:
                    for node in native[0].exposed.get(results.within(native[1], native[0].exposed), ()):
                        found.append(call_edge(file, site, node.id, native[0].kind, path))
    return found


def _imported(names: Names, modules: Mapping[str, list[NativeModule]]) -> list[Edge]:
    """`from . import _C` imports what makes the module: the function that registers its names."""
    found = []
    for file in names.files.values() if modules else ():
        for row in file.facts.imports:
            for m in names.imported(file, row):
                native = reached(m.path, modules) if m.path else None
                if native is not None:
                    src = module_id(file.facts.prefix, file.facts.path)
                    via = f"binding:{native[0].kind}"
                    found.append(Edge(src, native[0].owner, "imports", row.line, CONFIDENCE, via))
    return found


def _stubs(python: Iterable[FileFacts], modules: Mapping[str, list[NativeModule]]) -> list[Edge]:
    """A stub file describes a native module: each of its functions is the binding of that name."""
    found = []
    for facts in python if modules else ():
        if facts.path.endswith(".pyi"):
            path = "." + facts.path.removesuffix(".pyi").removesuffix("/__init__").replace("/", ".")
            native = reached(path, modules)
            if native is not None and not native[1]:
                for d, node_id in zip(facts.defs, definition_ids(facts), strict=True):
                    for node in native[0].exposed.get(d.qualname, ()) if d.kind != "variable" else ():
                        via = f"binding:{native[0].kind}"
                        found.append(Edge(node_id, node.id, "calls", d.start_line, CONFIDENCE, via))
    return found


# ---------------------------------------------------------------------- Java
def _jni(java: Iterable[FileFacts], native: Sequence[FileFacts]) -> list[Found]:
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
                    edge = Edge(node_id, target, "calls", d.start_line, CONFIDENCE, "binding:jni")
                    found.append(Found(edge, (d.name,)))
    return found


# ---------------------------------------------------------------------- C#
_IMPORTED: Final = re.compile(r"(?:\w+\.)*(?:DllImport|LibraryImport)(?:Attribute)?\b")
_ENTRY: Final = re.compile(r"\bEntryPoint\s*=\s*\"(\w+)\"")


def _pinvoke(csharp: Iterable[FileFacts], native: Sequence[FileFacts]) -> list[Found]:
    """`[DllImport("lib", EntryPoint = "f")] static extern int F(int n)` is the C function f, when the repository has exactly one."""
    found = []
    functions: dict[str, list[str]] | None = None
    for facts in csharp if native else ():
        for d, node_id in zip(facts.defs, definition_ids(facts), strict=True):
            written = next((a for a in d.decorators if _IMPORTED.match(a)), "") if d.kind == "method" else ""
            if written:
                functions = c_functions(native) if functions is None else functions
                entry = _ENTRY.search(written)
                targets = functions.get(entry[1] if entry else d.name, ())
                if len(targets) == 1:
                    edge = Edge(node_id, targets[0], "calls", d.start_line, CONFIDENCE, "binding:pinvoke")
                    found.append(Found(edge, (d.name,)))
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
