"""Bindings that Python code itself states: operators of torch.library, kernels of Triton and Numba, functions of C libraries.

An operator's registration is a node `py:<path>#<namespace>.<operator>` of type `binding` as one in C++ is. A kernel is called as
`kernel[grid](…)`; a C library's function as an attribute of what ctypes or cffi loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from extractor.bindings_flow import Flow, PythonFile, Site, kind_of
from extractor.bindings_names import Meaning, Names, constant, last_name
from extractor.facts import FileFacts
from extractor.resolve import definition_ids
from extractor.schema import Edge, Node, symbol_id

CONFIDENCE: Final = 0.9
_KERNELS: Final = {
    "triton.jit": "triton", "triton.runtime.jit": "triton", "triton.runtime.jit.jit": "triton", "triton.experimental.gluon.jit": "triton",
    "numba.cuda.jit": "numba", "cupyx.jit.rawkernel": "cupy",
}  # fmt: skip
_C_FUNCTION: Final = re.compile(r"\b(CDLL|PyDLL|WinDLL|OleDLL|LoadLibrary|load_library|dlopen|verify)\(\)\.(\w+)$")
_C_ATTRIBUTE: Final = re.compile(r"^ctypes\.(?:cdll|windll|pydll|oledll)\.[^()]+\.(\w+)$")
_LIBRARY: Final = re.compile(r"^torch\.library\.Library\(\)#(\w+)\.(define|impl|_register_fake)$")
# Functions of torch.library that name an operator first, and the dispatch key they register for.
_REGISTRARS: Final = {
    "custom_op": "", "triton_op": "", "define": "", "impl": "", "register_kernel": "", "register_fake": "Meta", "impl_abstract": "Meta",
    "register_autograd": "Autograd", "register_vmap": "Vmap", "register_torch_dispatch": "TorchDispatch",
}  # fmt: skip


class Found(NamedTuple):
    """An edge of a call, and the names under which others may have listed the same call."""

    edge: Edge
    names: tuple[str, ...]


def call_edge(file: PythonFile, site: Site, target: str, kind: str, path: str = "") -> Found:
    """The edge of one call across languages."""
    names = tuple(sorted({last_name(site.function), re.split(r"[.#]", path)[-1]} - {""}))
    src = file.owner(site.scope)
    return Found(Edge(src, target, "calls", site.line, CONFIDENCE, f"binding:{kind}"), names)


# ---------------------------------------------------------------------- kernels
def kernels(names: Names) -> list[Found]:
    """`kernel[grid](…)` runs the function that a decorator made a kernel."""
    found = []
    for file in names.files.values():
        for site in file.sites:
            if kind_of(site.function) == "I":
                for m in names.meanings(file, site.scope, site.function[1]):
                    kind = _kernel(names, m)
                    if kind and m.facts is not None:
                        found.append(call_edge(file, site, definition_ids(m.facts)[m.number], kind))
    return found


def _kernel(names: Names, m: Meaning) -> str:
    if m.facts is None:
        return ""
    owner = names.files[m.facts.path]
    for decorator, _ in owner.decorators.get(m.number, ()):
        for path in names.paths(owner, m.facts.defs[m.number].scope, decorator):
            if path.removesuffix("()") in _KERNELS:
                return _KERNELS[path.removesuffix("()")]
    return ""


# ---------------------------------------------------------------------- torch.autograd
def autograd(names: Names) -> list[Found]:
    """`F.apply(…)` of a torch.autograd.Function runs its `forward`."""
    found = []
    for file in names.files.values():
        for site in file.sites:
            if last_name(site.function) == "apply" and isinstance(site.function, (list, tuple)):
                for m in names.meanings(file, site.scope, site.function[1]):
                    for target in _forward(names, m):
                        found.append(call_edge(file, site, target, "autograd"))
    return found


def _forward(names: Names, m: Meaning) -> list[str]:
    if m.facts is None or m.facts.defs[m.number].kind != "class":
        return []
    owner = names.files[m.facts.path]
    outside: set[str] = set()
    for base in m.facts.bases:
        if base.scope == m.number:
            flow: Flow = base.name.partition(".")[0]
            for part in base.name.split(".")[1:]:
                flow = ["A", flow, part, base.line]
            outside.update(names.paths(owner, m.facts.defs[m.number].scope, flow))
    if not outside & {"torch.autograd.Function", "torch.autograd.function.Function"}:
        return []
    return [owner.ids[i] for i in owner.defined.get((m.number, "forward"), ())]


# ---------------------------------------------------------------------- Cython
def cython(names: Names, native: Sequence[FileFacts]) -> list[Found]:
    """A call of what `cdef extern` declares, here or in a .pxd that is cimported, is the C function of that name."""
    declared = {p: (f.facts.extra or {}).get("externs", ()) for p, f in names.files.items()}
    if not any(declared.values()):
        return []
    functions, inline = c_functions(native), _in_headers(native)
    shared: dict[str, dict[str, tuple[str, str]]] = {}  # by the stem of the .pxd
    for path, rows in declared.items():
        if path.endswith(".pxd"):
            shared[path.rpartition("/")[2][:-4]] = {own: (name, header) for own, name, header in rows}
    found = []
    for path, file in names.files.items():
        if file.facts.lang != "cython":
            continue
        visible = {own: (name, header) for own, name, header in declared[path]}
        visible |= shared.get(path.rpartition("/")[2].rpartition(".")[0], {})
        for site in file.sites:
            given = [visible.get(site.function)] if isinstance(site.function, str) else []
            for outside in names.paths(file, site.scope, site.function):
                module, _, own = outside.rpartition(".")
                given.append(shared.get(module.rpartition(".")[2], {}).get(own))
            for name, header in {g for g in given if g is not None}:
                targets = functions.get(name, ())
                targets = targets if len(targets) == 1 else inline.get((header.rpartition("/")[2], name), ())
                if len(targets) == 1:
                    found.append(call_edge(file, site, targets[0], "cython", name))
    return found


def _in_headers(native: Sequence[FileFacts]) -> dict[tuple[str, str], list[str]]:
    """Functions by (file name, name): those that a header defines for whoever includes it."""
    found: dict[tuple[str, str], list[str]] = {}
    for facts in native:
        for d, node_id in zip(facts.defs, definition_ids(facts), strict=True):
            if d.kind == "function" and "declaration" not in d.flags:
                found.setdefault((facts.path.rpartition("/")[2], d.name), []).append(node_id)
    return found


# ---------------------------------------------------------------------- C libraries
def libraries(names: Names, native: Sequence[FileFacts]) -> list[Found]:
    """A call through what ctypes or cffi loaded is the C function of that name, when the repository has exactly one."""
    functions = c_functions(native)
    made = {m for file in names.files.values() for m in _cffi_modules(names, file)}
    found = []
    for file in names.files.values() if functions else ():
        for site in file.sites:
            for path in names.paths(file, site.scope, site.function):
                kind, name = _c_function(path, made)
                targets = functions.get(name, ())
                if name and len(targets) == 1:
                    found.append(call_edge(file, site, targets[0], kind, path))
    return found


def c_functions(native: Sequence[FileFacts]) -> dict[str, list[str]]:
    """Functions that a library can export, by name."""
    functions: dict[str, list[str]] = {}
    for facts in native:
        for d, node_id in zip(facts.defs, definition_ids(facts), strict=True):
            if d.kind == "function" and not {"declaration", "static", "macro", "macro_defined", "kernel"} & set(
                d.flags
            ):
                functions.setdefault(d.name, []).append(node_id)
    return functions


def _cffi_modules(names: Names, file: PythonFile) -> Iterator[str]:
    """The modules that `ffi.set_source("pkg._native", …)` makes."""
    for site in file.sites:
        name = constant(site.args[0]) if site.args and last_name(site.function) == "set_source" else ""
        if name and any(p.endswith("FFI().set_source") for p in names.paths(file, site.scope, site.function)):
            yield name


def _c_function(path: str, made: set[str]) -> tuple[str, str]:
    """(kind, function) when a path leads into a C library."""
    loaded = _C_FUNCTION.search(path)
    if loaded:
        return "cffi" if loaded[1] in ("dlopen", "verify") else "ctypes", loaded[2]
    if attribute := _C_ATTRIBUTE.match(path):
        return "ctypes", attribute[1]
    module, _, name = path.rpartition(".lib.")
    module = module.lstrip(".")
    if module and name.isidentifier() and any(module == m or f".{module}".endswith(f".{m}") for m in made):
        return "cffi", name
    return "", ""


def loaded(names: Names) -> list[tuple[str, frozenset[str]]]:
    """(name, file names of the sources) of what `torch.utils.cpp_extension.load(name=…, sources=…)` builds."""
    found = []
    for file in names.files.values():
        for site in file.sites:
            if last_name(site.function) == "load":
                for path in names.paths(file, site.scope, site.function):
                    if path == "torch.utils.cpp_extension.load":
                        given = {k[0]: k[1] for k in site.flow[4]}
                        name = constant(given.get("name", site.args[0] if site.args else None))
                        rest = given.get("sources", site.args[1] if len(site.args) > 1 else None)
                        found.append((name, frozenset(s.rpartition("/")[2] for s in _texts(rest))))
    return sorted((row for row in found if row[0]), key=lambda row: (row[0], sorted(row[1])))


def _texts(flow: Flow) -> Iterator[str]:
    """Every constant text inside an expression."""
    if constant(flow):
        yield constant(flow)
    elif isinstance(flow, (list, tuple)):
        for part in flow:
            yield from _texts(part)


# ---------------------------------------------------------------------- torch.library
class _Registration(NamedTuple):
    file: PythonFile
    operator: str  # ns.op
    key: str
    target: str  # the node that runs, or empty
    line: int
    scope: int
    written: str


def operators(names: Names) -> tuple[list[Node], list[Edge]]:
    """A node for every operator that Python registers, and the edge from it to the function that runs."""
    rows = _registrations(names)
    nodes: list[Node] = []
    edges: list[Edge] = []
    counts: dict[str, int] = {}
    for row in sorted(rows, key=lambda r: (r.file.facts.path, r.line, r.operator, r.key, r.target)):
        facts = row.file.facts
        taken = sum(1 for d in facts.defs if d.qualname == row.operator)
        place = f"{facts.path}#{row.operator}"
        counts[place] = counts.get(place, taken) + 1
        node_id = symbol_id(facts.prefix, facts.path, row.operator, counts[place])
        namespace, _, name = row.operator.partition(".")
        owner = row.file.owner(row.scope)
        meta: dict[str, Any] = {
            "start_line": row.line, "end_line": row.line, "signature": row.written, "exposed": name, "module": namespace, "owner": owner,
            "binding": "torch", "visibility": "public",
        }  # fmt: skip
        meta |= {"dispatch_key": row.key} if row.key else {}
        meta |= {"schema": row.written} if "->" in row.written else {}
        meta |= {"target": row.target} if row.target else {}
        nodes.append(Node(node_id, "binding", name, facts.path, facts.lang, meta))
        edges.append(Edge(node_id, owner, "defined_in", row.line, 1.0, "syntax"))
        if row.target:
            edges.append(Edge(node_id, row.target, "calls", row.line, CONFIDENCE, "binding:torch"))
    return nodes, edges


def _registrations(names: Names) -> list[_Registration]:
    found: list[_Registration] = []
    made: dict[str, str] = {}  # node of a function that custom_op made an operator -> ns.op
    for file in names.files.values():
        for number, decorators in file.decorators.items():
            for flow, line in decorators:
                for row in _stated(names, file, file.facts.defs[number].scope, flow, line):
                    found.append(row._replace(target=row.target or file.ids[number]))
                    if "custom" in row.written or "triton_op" in row.written:
                        made[file.ids[number]] = row.operator
        above = {id(flow) for rows in file.decorators.values() for flow, _ in rows}
        for site in file.sites:
            if id(site.flow) in above:
                continue
            rows = _stated(names, file, site.scope, site.flow, site.line)
            found += [row for row in rows if row.target or row.written not in _REGISTRARS]
            if site.args and not isinstance(site.function, str):  # custom_op("ns::op", …)(function)
                target = _function(names, file, site.scope, site.args[0])
                inner = _stated(names, file, site.scope, site.function, site.line) if target else []
                found += [row._replace(target=target) for row in inner if not row.target]
    for file in names.files.values():
        found += _on_operators(names, file, made)
    return list(dict.fromkeys(found))


def _stated(names: Names, file: PythonFile, scope: int, flow: Flow, line: int) -> list[_Registration]:
    """What one call registers; `target` is empty when the function stands below it as a decorated one."""
    if kind_of(flow) != "C":
        return []
    args = flow[3]
    found = []
    for path in names.paths(file, scope, flow[2]):
        verb = path.removeprefix("torch.library.").removeprefix("_")
        library = _LIBRARY.match(path)
        if library is not None and args and (name := constant(args[0])):
            target = _function(names, file, scope, args[1]) if len(args) > 1 else ""
            key = constant(args[2]) if len(args) > 2 else "Meta" if "fake" in path else ""
            operator = f"{library[1]}.{_operator(name)}"
            found.append(_Registration(file, operator, key, target, line, scope, name))
        elif path.startswith("torch.library.") and verb in _REGISTRARS and args:
            name, rest = constant(args[0]), list(args[1:])
            owner = [m[1] for p in names.paths(file, scope, args[0]) if (m := _OWNER.match(p))]
            if owner and rest and constant(rest[0]):
                name, rest = f"{owner[0]}::{constant(rest[0])}", rest[1:]
            namespace, _, bare = name.partition("::")
            if not bare:
                continue
            key = _REGISTRARS[verb]
            if verb in ("impl", "register_kernel") and rest:
                key, rest = constant(rest[0]), rest[1:]
            function = rest[0] if rest and verb != "define" else None
            function = {k[0]: k[1] for k in flow[4]}.get("func", function)
            target = _function(names, file, scope, function) if function is not None else ""
            schema = constant(rest[0]) if verb == "define" and rest else ""
            written = f"{bare}{schema}" if schema else verb
            found.append(_Registration(file, f"{namespace}.{_operator(bare)}", key, target, line, scope, written))
    return found


_OWNER: Final = re.compile(r"^torch\.library\.Library\(\)#(\w+)$")


def _operator(name: str) -> str:
    """`op` of `ns::op.overload(Tensor x) -> Tensor`."""
    return name.partition("(")[0].rpartition("::")[2].partition(".")[0].strip()


def _function(names: Names, file: PythonFile, scope: int, flow: Flow) -> str:
    """The one function here that an expression is, else empty."""
    found = [m for m in names.meanings(file, scope, flow) if m.facts is not None]
    found = [m for m in found if m.facts is not None and m.facts.defs[m.number].kind in ("function", "method")]
    return definition_ids(found[0].facts)[found[0].number] if len(found) == 1 and found[0].facts is not None else ""


def _on_operators(names: Names, file: PythonFile, made: Mapping[str, str]) -> Iterator[_Registration]:
    """`@op.register_fake`, `@op.register_kernel("cuda")` and `op.register_autograd(backward)` of an operator `op`."""
    for number, decorators in file.decorators.items():
        for flow, line in decorators:
            called = kind_of(flow) == "C"
            function, args = (flow[2], flow[3]) if called else (flow, [])
            yield from _method(names, file, file.facts.defs[number].scope, function, args, line, made, file.ids[number])
    for site in file.sites:
        if site.args:
            yield from _method(names, file, site.scope, site.function, site.args, site.line, made, "")


def _method(
    names: Names, file: PythonFile, scope: int, function: Flow, args: Sequence[Flow], line: int, made: Mapping[str, str], below: str
) -> Iterator[_Registration]:  # fmt: skip
    verb = last_name(function)
    if verb not in _REGISTRARS or not isinstance(function, (list, tuple)) or function[0] != "A":
        return
    for m in names.meanings(file, scope, function[1]):
        operator = made.get(definition_ids(m.facts)[m.number], "") if m.facts is not None and m.number >= 0 else ""
        key = constant(args[0]) if verb == "register_kernel" and args else _REGISTRARS[verb]
        target = below or (
            _function(names, file, scope, args[-1] if verb == "register_kernel" else args[0]) if args else ""
        )
        if operator and target:
            yield _Registration(file, operator, key, target, line, scope, verb)
