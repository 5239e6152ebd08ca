"""What C and C++ register for other languages: registration facts and the C++ engine in, binding nodes and their edges out.

Each registration is a node `cpp:<path>#<module>.<name>` of type `binding`; a `calls` edge leads from it to what it runs. Covers
pybind11, nanobind, Boost.Python, TORCH_LIBRARY with its fragments and implementations, and tables of PyMethodDef.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from extractor.resolve.cpp import CppEngine
from extractor.resolve.emit import Emitter
from extractor.resolve.model import Context, File, Symbol
from extractor.schema import Edge, Node, symbol_id

_KINDS: Final = {
    "PYBIND11_MODULE": "pybind11",
    "PYBIND11_EMBEDDED_MODULE": "pybind11",
    "NB_MODULE": "nanobind",
    "BOOST_PYTHON_MODULE": "boost",
    "TORCH_LIBRARY": "torch",
    "TORCH_LIBRARY_FRAGMENT": "torch",
    "TORCH_LIBRARY_IMPL": "torch",
}
_CLASS_ROOT = re.compile(r"^(?:\w+::)*class_<(.*)>$")


class Module(NamedTuple):
    """A native module under construction: how it is registered, its name, a dispatch key, and who makes it."""

    kind: str
    name: str
    key: str
    owner: Symbol


def emit_bindings(engine: CppEngine, emitter: Emitter) -> None:
    """Add a node for every registration of every file, and the edges from it."""
    modules = _modules(engine)
    counts: dict[tuple[str, str], int] = {}
    for file in engine.files:
        rows = (file.facts.extra or {}).get("registrations", ())
        classes = {(scope, args[0].partition(",")[0]): args[1] for scope, macro, args, _ in rows if macro == "class_"}
        for scope, macro, args, line in sorted(rows, key=lambda r: (r[3], r[1], r[2])):
            module = modules.get((file.number, scope))
            if macro.startswith(".") and module is not None:
                made = _CLASS_ROOT.match(re.split(r"\(\)|\.", args[0], maxsplit=1)[0])
                if args[1] == "__init__" and made is not None:
                    args = [*args, made[1].partition(",")[0]]
                name = _exposed(file, scope, macro, args, classes)
                targets = args[2:] if macro != ".impl" or len(args) < 4 or args[2] == "" else args[-1:]
                _add(engine, emitter, counts, file, scope, line, module, name, [t for t in targets if t][:1], args[1])
            elif macro == "class_" and module is not None:
                target = [args[0].partition(",")[0]]
                _add(engine, emitter, counts, file, scope, line, module, args[1], target, args[1])
            elif "PyMethodDef" in macro and len(args) > 1:
                extension = _extension(file)
                if extension is not None:
                    _add(engine, emitter, counts, file, scope, line, extension, args[0], args[1:2], args[0])


def _modules(engine: CppEngine) -> dict[tuple[int, int], Module]:
    """The functions that fill a module, by (file, scope): those a macro defines, and those that are handed the module."""
    found: dict[tuple[int, int], Module] = {}
    for file in engine.files:
        for scope, macro, args, _ in (file.facts.extra or {}).get("registrations", ()):
            if macro in _KINDS and args:
                key = args[1] if macro == "TORCH_LIBRARY_IMPL" and len(args) > 2 else ""
                found[file.number, scope] = Module(_KINDS[macro], args[0], key, file.symbols[scope])
    pending = sorted(found)
    while pending:
        number, scope = pending.pop()
        module, file = found[number, scope], engine.files[number]
        for index, call in enumerate(file.facts.calls):
            handed = file.args[index] if index < len(file.args) else []
            if call.scope != scope or not handed or not re.fullmatch(r"\w+", handed[0]) or call.kind != "call":
                continue
            name = f"{call.receiver}::{call.name}" if call.receiver else call.name
            for value in engine.evaluate(name, Context(file, scope, call.line)):
                for symbol in value.symbol if value.kind == "func" else ():
                    made = engine.definition_of(symbol)
                    takes = made.d.params and "odule" in made.d.params[0].annotation
                    if takes and (made.file.number, made.index) not in found:
                        found[made.file.number, made.index] = module
                        pending.append((made.file.number, made.index))
    return found


def _extension(file: File) -> Module | None:
    """The extension module of a file, by its `PyInit_name`."""
    for symbol in file.symbols:
        if symbol.d.name.startswith("PyInit_"):
            return Module("cpython", symbol.d.name.removeprefix("PyInit_"), "", symbol)
    return None


def _exposed(file: File, scope: int, macro: str, args: list[str], classes: dict[tuple[int, str], str]) -> str:
    """The name a registration gives, inside its class where it is a member's."""
    name = args[1].partition("(")[0].rpartition("::")[2].strip()
    root = re.split(r"\(\)|\.", args[0], maxsplit=1)[0]
    held = _CLASS_ROOT.match(root)
    if held is None:
        declared = file.binds.get((scope, root), ())
        held = next((m for b in declared if (m := _CLASS_ROOT.match(b.text.removesuffix("()")))), None)
    if held is None:
        return name
    made = held[1].partition(",")[0]
    return f"{classes.get((scope, made), made.rpartition('::')[2])}.{name}"


def _add(
    engine: CppEngine, emitter: Emitter, counts: dict[tuple[str, str], int], file: File, scope: int, line: int,
    module: Module, name: str, targets: list[str], written: str,
) -> None:  # fmt: skip
    qualname = f"{module.name}.{name}"
    # A registration is told from a function of its name: `int f` of namespace ns and the operator ns.f are two things.
    taken = sum(1 for s in file.symbols if s.d.qualname == qualname)
    ordinal = counts[file.facts.path, qualname] = counts.get((file.facts.path, qualname), taken) + 1
    node_id = symbol_id("cpp", file.facts.path, qualname, ordinal)
    meta: dict[str, Any] = {
        "start_line": line, "end_line": line, "signature": written, "exposed": name, "module": module.name, "owner": module.owner.id,
        "binding": module.kind, "visibility": "public",
    }  # fmt: skip
    if module.key:
        meta["dispatch_key"] = module.key
    if "->" in written:
        meta["schema"] = written
    via = f"binding:{module.kind}"
    for target in targets:
        for reached in _targets(engine, emitter, file, scope, target, line):
            meta["target"] = reached
            emitter.edge(node_id, reached, "calls", line, via)
    emitter.links.nodes.append(
        Node(node_id, "binding", name.rpartition(".")[2], file.facts.path, file.facts.lang, meta)
    )
    emitter.links.edges.append(Edge(node_id, module.owner.id, "defined_in", line, 1.0, "syntax"))


def _targets(engine: CppEngine, emitter: Emitter, file: File, scope: int, target: str, line: int) -> list[str]:
    """Ids of what a registration runs: a function, a class's constructor or itself, or what a lambda calls."""
    if target.startswith("=>"):
        first, _, last = target[2:].partition("-")
        inside = range(int(first), int(last) + 1)
        owner = file.owner_id(scope)
        return [dst for dst, at in emitter.calls_from(owner) if at in inside]
    found = []
    for value in engine.evaluate(target, Context(file, scope, line)):
        if value.kind == "func":
            found += [engine.definition_of(s).id for s in engine.select(value.symbol, None, Context(file, scope, line))]
        elif value.kind == "class":
            makers = [engine.definition_of(s).id for s in engine.constructors(value.symbol)]
            found += makers or [value.symbol.id]
    return found
