"""What C and C++ register for other languages: registration facts and the C++ engine in, binding nodes and their edges out.

Each registration is a node `cpp:<path>#<module>.<name>` of type `binding`; a `calls` edge leads from it to what it runs. Covers
pybind11, nanobind, Boost.Python, TORCH_LIBRARY with its fragments and implementations, and tables of PyMethodDef.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from extractor.bindings_build import Extension, extensions
from extractor.parse.collect import bare
from extractor.parse.cpp_text import plain_type
from extractor.resolve.chains import split_top
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


_PROPERTIES: Final = frozenset(
    ("def_property", "def_property_static", "def_prop_rw", "def_prop_rw_static", "add_property")
)

_READ_ONLY: Final = frozenset(
    ("def_property_readonly", "def_property_readonly_static", "def_prop_ro", "def_prop_ro_static")
)


class Module(NamedTuple):
    """A native module under construction: how it is registered, its name and the full names that build files give it, a dispatch
    key, who makes it, and the submodule that a function fills."""

    kind: str
    name: str
    key: str
    owner: Symbol
    qualified: tuple[str, ...] = ()
    prefix: str = ""


def emit_bindings(engine: CppEngine, emitter: Emitter, configs: Mapping[str, str]) -> None:
    """Add a node for every registration of every file, and the edges from it."""
    from extractor.resolve.cpp_node import emit_node_addons  # it reads this module's Registrar

    built = extensions(configs)
    modules = _modules(engine, built)
    registrar = Registrar(engine, emitter)
    emit_node_addons(engine, registrar, built)
    extension_of = _extensions(engine, built)
    tables = _tables(engine)
    for file in engine.files:
        rows = (file.facts.extra or {}).get("registrations", ())
        classes: dict[tuple[int, str], str] = {}
        makers = _makers(file)
        for scope, macro, args, line in sorted(rows, key=lambda r: (r[3], r[1], r[2])):
            module = modules.get((file.number, scope))
            if macro == "class_" and module is not None:
                held = args[0].partition(",")[0]
                name = classes[scope, held] = _inside(module, file, scope, args[2], line, args[1])
                made = [f"{held}{kind}" for kind in makers.get((scope, held), ("",))]
                kinds = [bare(t).rpartition("::")[2] for t in split_top(args[0], ",")]
                about = {"holds": kinds[0], "bases": kinds[1:]}
                registrar.add(file, scope, line, module, name, made, args[1], about)
            elif macro.startswith(".") and module is not None:
                held = _held(file, scope, args[0])
                if args[1] == "__init__" and held and args[2:3] and args[2].startswith("@"):
                    args = [*args[:2], f"{held}{args[2]}"]
                if held and args[2:3] and args[2].startswith("%"):
                    args = [*args[:2], args[2].replace("self", f"<{held}>")]
                known = classes.get((scope, held), held.rpartition("::")[2])
                name = (
                    f"{known}.{_bare(args[1])}" if held else _inside(module, file, scope, args[0], line, _bare(args[1]))
                )
                targets = [
                    t for t in (args[2:] if macro != ".impl" or len(args) < 4 or args[2] == "" else args[-1:]) if t
                ]
                accessor = macro[1:] in _PROPERTIES or macro[1:] in _READ_ONLY
                targets = targets if macro[1:] in _PROPERTIES else targets[:1]
                about = {"accessor": "property" if macro[1:] in _PROPERTIES else "getter"} if accessor else {}
                registrar.add(file, scope, line, module, name, targets, args[1], about)
            elif ("PyMethodDef" in macro or "PyGetSetDef" in macro) and len(args) > 1:
                extension = extension_of[file.number]
                if extension is not None:
                    owner = tables.get((file.number, macro.rpartition(" ")[2]), "")
                    targets = args[1:3] if "PyGetSetDef" in macro else args[1:2]
                    registrar.add(file, scope, line, extension, f"{owner}{args[0]}", [t for t in targets if t], args[0])
            elif macro.startswith(("PyTypeObject ", "PyType_Spec ")) and args[0]:
                extension = extension_of[file.number]
                if extension is not None:
                    _native_type(registrar, file, scope, line, extension, slots_of(file, args))


def _modules(engine: CppEngine, built: Sequence[Extension]) -> dict[tuple[int, int], Module]:
    """The functions that fill a module, by (file, scope): those a macro defines, and those that are handed the module."""
    found: dict[tuple[int, int], Module] = {}
    for file in engine.files:
        for scope, macro, args, _ in (file.facts.extra or {}).get("registrations", ()):
            if macro in _KINDS and args:
                key = args[1] if macro == "TORCH_LIBRARY_IMPL" and len(args) > 2 else ""
                name, qualified = (args[0], ()) if _KINDS[macro] == "torch" else named(args[0], file, built)
                found[file.number, scope] = Module(_KINDS[macro], name, key, file.symbols[scope], qualified)
    pending = sorted(found)
    while pending:
        number, scope = pending.pop()
        module, file = found[number, scope], engine.files[number]
        for index, call in enumerate(file.facts.calls):
            handed = file.args[index] if index < len(file.args) else []
            if (
                call.scope != scope
                or not handed
                or not re.fullmatch(r"\w+", handed[0])
                or call.kind not in ("call", "scoped")
            ):
                continue
            name = f"{call.receiver}::{call.name}" if call.receiver else call.name
            for value in engine.evaluate(name, Context(file, scope, call.line)):
                for symbol in value.symbol if value.kind == "func" else ():
                    made = engine.definition_of(symbol)
                    takes = made.d.params and re.search(r"odule|\bLibrary\b", made.d.params[0].annotation)
                    if takes and (made.file.number, made.index) not in found:
                        prefix = _prefix(module, file, scope, handed[0], call.line)
                        found[made.file.number, made.index] = module._replace(prefix=prefix)
                        pending.append((made.file.number, made.index))
    return found


def named(written: str, file: File, built: Sequence[Extension]) -> tuple[str, tuple[str, ...]]:
    """(name, full names) of the module that a macro's argument names: itself, what a macro says, or what the build says."""
    for symbol in file.symbols:
        if symbol.d.name == written and "macro" in symbol.d.flags and symbol.d.value:
            written = symbol.d.value.strip('"')
    own = tuple(dict.fromkeys(e.name for e in built if e.builds(file.facts.path)))
    same = tuple(dict.fromkeys(e.name for e in built if e.name.rpartition(".")[2] == written))
    if not same and written.isupper() and len(written.strip("_")) > 2:
        named = own or tuple(dict.fromkeys(e.name for e in built if len(built) == 1))
        if named:
            return named[0].rpartition(".")[2], named
    return written, tuple(name for name in own if name in same) or same


def _prefix(module: Module, file: File, scope: int, variable: str, line: int) -> str:
    """The submodule that a variable holds, or that a chain made: `ops` after `auto sub = m.def_submodule("ops")`."""
    rows = (file.facts.extra or {}).get("registrations", ())
    made = [r for r in rows if r[0] == scope and r[1] == ".def_submodule" and r[3] <= line]
    texts = {b.line: b.text for b in file.binds.get((scope, variable), ()) if ".def_submodule()" in b.text}
    if ".def_submodule()" in variable:  # a chain: the submodule made last before this place
        made = [r for r in made if variable.startswith(f"{r[2][0]}.def_submodule()")][-1:]
    else:
        made = [r for r in made if texts.get(r[3], "").startswith(f"{r[2][0]}.def_submodule()")][-1:]
    if not made:
        return module.prefix
    outer = _prefix(module, file, scope, made[0][2][0], made[0][3]) if made[0][2][0] != variable else module.prefix
    return f"{outer}.{made[0][2][1]}" if outer else str(made[0][2][1])


def _inside(module: Module, file: File, scope: int, holder: str, line: int, name: str) -> str:
    """A name under the submodule it is put in."""
    prefix = _prefix(module, file, scope, holder, line)
    return f"{prefix}.{name}" if prefix else name


_DUNDER: Final = {
    "call": "__call__", "repr": "__repr__", "str": "__str__", "iter": "__iter__", "iternext": "__next__", "hash": "__hash__",
}  # fmt: skip


def slots_of(file: File, args: Sequence[str]) -> list[str]:
    """[name, slot=target…] of a type, those of a spec's table of slots included."""
    out = list(args)
    for row in args[1:]:
        slot, _, target = row.partition("=")
        if slot == "slots":
            for _, macro, held, _ in (file.facts.extra or {}).get("registrations", ()):
                if macro == f"PyType_Slot {target}":
                    out += held[1:]
    return out


def _tables(engine: CppEngine) -> dict[tuple[int, str], str]:
    """`Class.` in front of what a table of methods or properties holds, by (file, the table's name)."""
    found: dict[tuple[int, str], str] = {}
    for file in engine.files:
        for _, macro, args, _ in (file.facts.extra or {}).get("registrations", ()):
            if macro.startswith(("PyTypeObject ", "PyType_Spec ")) and args[0]:
                for row in slots_of(file, args)[1:]:
                    slot, _, target = row.partition("=")
                    if slot in ("methods", "getset"):
                        found[file.number, target] = f"{args[0].rpartition('.')[2]}."
    return found


def _native_type(
    registrar: Registrar, file: File, scope: int, line: int, extension: Module, args: Sequence[str]
) -> None:
    """A class of the C API: making one runs its `tp_new` and `tp_init`, and some slots are methods of Python."""
    name = args[0].rpartition(".")[2]
    held = dict(row.partition("=")[::2] for row in args[1:])
    makers = [held[slot] for slot in ("new", "init") if held.get(slot)]
    registrar.add(file, scope, line, extension, name, makers, args[0])
    for slot, method in _DUNDER.items():
        if held.get(slot):
            registrar.add(file, scope, line, extension, f"{name}.{method}", [held[slot]], args[0])


def _extensions(engine: CppEngine, built: Sequence[Extension]) -> list[Module | None]:
    """The extension module that each file belongs to: its own, else the one that a build file builds of it."""
    own = [_extension(file, built) for file in engine.files]
    by_name = {m.qualified: m for m in own if m is not None and m.qualified}
    out = []
    for file, module in zip(engine.files, own, strict=True):
        named = tuple(dict.fromkeys(e.name for e in built if e.builds(file.facts.path)))
        out.append(module or by_name.get(named))
    return out


def _extension(file: File, built: Sequence[Extension]) -> Module | None:
    """The extension module of a file, by its `PyInit_name`."""
    for symbol in file.symbols:
        if symbol.d.name.startswith("PyInit_"):
            name, qualified = named(symbol.d.name.removeprefix("PyInit_"), file, built)
            return Module("cpython", name, "", symbol, qualified)
    return None


def _root(receiver: str) -> str:
    return re.split(r"\(\)|\.", receiver, maxsplit=1)[0]


def _bare(written: str) -> str:
    """`op` of `ns::op(Tensor a) -> Tensor`."""
    return written.partition("(")[0].rpartition("::")[2].strip()


def _held(file: File, scope: int, receiver: str) -> str:
    """The C++ class that a receiver binds: a chain from `class_<A>(…)`, or a variable that holds one; empty where it is none."""
    root = _root(receiver)
    texts = [root, *(b.text.removesuffix("()") for b in file.binds.get((scope, root), ()))]
    found = next((m for text in texts if (m := _CLASS_ROOT.match(text))), None)
    return found[1].partition(",")[0] if found is not None else ""


class Registrar:
    """Adds binding nodes and their edges to what an emitter has found."""

    def __init__(self, engine: CppEngine, emitter: Emitter) -> None:
        self.engine = engine
        self.emitter = emitter
        self._counts: dict[tuple[str, str], int] = {}

    def add(
        self, file: File, scope: int, line: int, module: Module, name: str, targets: list[str], written: str,
        about: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        """A node for one registration: `name` is what it exposes, `targets` the chains of what it runs, `about` what else is known."""
        qualname = f"{module.name}.{name}" if module.name else name
        # A registration is told from a function of its name: `int f` of namespace ns and the operator ns.f are two things.
        taken = sum(1 for s in file.symbols if s.d.qualname == qualname)
        place = (file.facts.path, qualname)
        ordinal = self._counts[place] = self._counts.get(place, taken) + 1
        node_id = symbol_id("cpp", file.facts.path, qualname, ordinal)
        meta: dict[str, Any] = {
            "start_line": line, "end_line": line, "signature": written, "exposed": name, "module": module.name, "owner": module.owner.id,
            "binding": module.kind, "visibility": "public",
        }  # fmt: skip
        meta |= {key: value for key, value in about.items() if value}
        if module.qualified:
            meta["qualified"] = list(module.qualified)
        if module.key:
            meta["dispatch_key"] = module.key
        if "->" in written:
            meta["schema"] = written
        for target in targets:
            for reached in _targets(self.engine, self.emitter, file, scope, target, line):
                meta["target"] = reached
                self.emitter.edge(node_id, reached, "calls", line, f"binding:{module.kind}")
        node = Node(node_id, "binding", name.rpartition(".")[2], file.facts.path, file.facts.lang, meta)
        self.emitter.links.nodes.append(node)
        self.emitter.links.edges.append(Edge(node_id, module.owner.id, "defined_in", line, 1.0, "syntax"))


def _makers(file: File) -> dict[tuple[int, str], list[str]]:
    """The constructors that `init<…>()` exposes of each class a function binds, by (scope, class)."""
    found: dict[tuple[int, str], list[str]] = {}
    for scope, macro, args, _ in (file.facts.extra or {}).get("registrations", ()):
        if macro == ".def" and args[1] == "__init__" and args[2:3] and args[2].startswith("@"):
            found.setdefault((scope, _held(file, scope, args[0])), []).append(args[2])
    return found


def _picked(overloads: list[Symbol], kind: str) -> list[Symbol]:
    """Of a function's overloads those with the parameters that a cast names, as `(double,int)const`."""
    if not kind or len(overloads) < 2:
        return overloads
    inside, _, constant = kind.removeprefix("(").rpartition(")")
    wanted = [plain_type(p) for p in split_top(inside, ",")] if inside.strip() not in ("", "void") else []
    fitting = [s for s in overloads if [plain_type(p.annotation) for p in s.d.params] == wanted]
    fitting = fitting or [s for s in overloads if len(s.d.params) == len(wanted)] or overloads
    return [s for s in fitting if ("const" in s.d.flags) == bool(constant)] or fitting


def _targets(engine: CppEngine, emitter: Emitter, file: File, scope: int, target: str, line: int) -> list[str]:
    """Ids of what a registration runs: a function, a class's constructor or itself, or what a lambda calls."""
    if target.startswith("=>"):
        first, _, last = target[2:].partition("-")
        inside = range(int(first), int(last) + 1)
        owner = file.owner_id(scope)
        return [dst for dst, at in emitter.calls_from(owner) if at in inside]
    if target.startswith("%"):  # an operator between two sides
        sign, left, right = target[1:].split(" ", 2)
        context = Context(file, scope, line)
        chosen = engine.operators().functions(f"operator{sign}", left, [right] if right else [], context)
        return sorted({engine.definition_of(s).id for s in chosen})
    found = []
    target, _, picked = target.partition("@")
    for value in engine.evaluate(target, Context(file, scope, line)):
        if value.kind == "func":
            overloads = engine.select(value.symbol, None, Context(file, scope, line))
            found += [engine.definition_of(s).id for s in _picked(overloads, picked)]
        elif value.kind == "class":
            makers = [engine.definition_of(s).id for s in _picked(engine.constructors(value.symbol), picked)]
            found += makers or [value.symbol.id]
    return found
