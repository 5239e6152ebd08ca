"""What expressions of Python code name outside of it: facts of Python files in, for an expression the functions it may be, and paths.

A path says how something outside was reached: `torch.ops.ns.op`, `ctypes.CDLL().fn` for an attribute of what a call returned.
One that begins with a dot was looked for in a package of this repository and is not there: `.pkg._C.add` is what a native module
may answer. Names are followed through assignments, `self` attributes, imports, re-exports and what functions return.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from extractor.bindings_flow import Flow, PythonFile, dotted, kind_of
from extractor.facts import MODULE, FileFacts, Import
from extractor.resolve.python_modules import Module, Modules

MAX_DEPTH: Final = 12
MAX_MEANINGS: Final = 8


class Meaning(NamedTuple):
    """A definition (`facts` and `number`), a module of the repository, or the `path` of something outside."""

    facts: FileFacts | None = None
    number: int = MODULE
    path: str = ""
    module: Module | None = None


class Names:
    """The Python files of a repository, and what their expressions mean."""

    def __init__(self, files: Sequence[FileFacts], configs: Mapping[str, str]) -> None:
        self.modules = Modules(files, configs)
        self.files = {facts.path: PythonFile(facts) for facts in files}
        self._memo: dict[tuple[str, int, str], tuple[Meaning, ...]] = {}
        self._returned: dict[tuple[str, int], tuple[Meaning, ...]] = {}

    def meanings(self, file: PythonFile, scope: int, flow: Flow, depth: int = 0) -> tuple[Meaning, ...]:
        """What an expression may be; nothing when that is unknown or too much."""
        if depth > MAX_DEPTH:
            return ()
        if isinstance(flow, str):
            return self._name(file, scope, flow, depth)
        if not isinstance(flow, (list, tuple)) or not flow:
            return ()
        kind = flow[0]
        if kind == "A":
            whole = dotted(flow)
            if whole.startswith("self.") and (owner := file.class_of(scope)) != MODULE:
                held = file.assigned.get((owner, whole), ())
                if held:
                    return _few(m for at, value in held for m in self.meanings(file, at, value, depth + 1))
                methods = file.defined.get((owner, whole[5:]), ())
                if methods:
                    return tuple(Meaning(file.facts, number) for number in methods)
            return _few(
                m for v in self.meanings(file, scope, flow[1], depth + 1) for m in self._member(v, flow[2], depth)
            )
        if kind == "C":
            if flow[2] == "getattr" and len(flow[3]) > 1 and (named := constant(flow[3][1])):
                owners = self.meanings(file, scope, flow[3][0], depth + 1)
                return _few(m for v in owners for m in self._member(v, named, depth))
            called = self.meanings(file, scope, flow[2], depth + 1)
            return _few(m for v in called for m in self._result(v, file, scope, flow, depth))
        if (
            kind == "I"
            and isinstance(flow[2], (list, tuple))
            and flow[2]
            and flow[2][0] == "K"
            and isinstance(flow[2][1], str)
        ):
            outside = self.meanings(file, scope, flow[1], depth + 1)
            return tuple(Meaning(path=f"{m.path}.{flow[2][1]}") for m in outside if m.path)
        if kind == "typed":
            return self._instances(file, scope, flow[1], depth + 1)
        if kind in ("each", "I"):  # one of several, by turns or by its place
            several = self.meanings(file, scope, flow[1], depth + 1)
            name = "__next__" if kind == "each" else "__getitem__"
            return _few(Meaning(path=p[:-2] if p.endswith("[]") else f"{p}.{name}()") for p in _outside(several))
        if kind == "L":
            return self.meanings(file, scope, flow[1], depth + 1)
        if kind == "O" and len(flow) == 5:
            sides = [(flow[2], flow[1][0]), (flow[3], flow[1][1])]
            reached = [
                (p, name) for side, name in sides if name for p in _outside(self.meanings(file, scope, side, depth + 1))
            ]
            return _few(Meaning(path=f"{p}.{name}()") for p, name in reached)
        if kind in ("U", "J"):
            return _few(
                m
                for part in (flow[1] if kind == "U" else flow[2:4])
                for m in self.meanings(file, scope, part, depth + 1)
            )
        return ()

    def paths(self, file: PythonFile, scope: int, flow: Flow) -> list[str]:
        """The paths among the meanings of an expression."""
        return [m.path for m in self.meanings(file, scope, flow) if m.path]

    def imported(self, file: PythonFile, row: Import) -> tuple[Meaning, ...]:
        """What an import row binds: a module or a name of it."""
        return self._imported(file.facts, row, 0)

    def _instances(self, file: PythonFile, scope: int, kind: Flow, depth: int) -> tuple[Meaning, ...]:
        """What a type as written says is held: of a class outside the path `Class()`, and that with `[]` of several."""
        if depth > MAX_DEPTH or kind is None:
            return ()
        if kind_of(kind) == "U":
            return _few(m for part in kind[1] for m in self._instances(file, scope, part, depth + 1))
        if kind_of(kind) == "P":
            inner = _few(m for part in kind[2][-1:] for m in self._instances(file, scope, part, depth + 1))
            if last_name(kind[1]) in ("Optional", "Annotated", "Final", "ClassVar"):
                return _few(m for m in self._instances(file, scope, kind[2][0], depth + 1))
            if last_name(kind[1]) == "Union":
                return _few(m for part in kind[2] for m in self._instances(file, scope, part, depth + 1))
            return tuple(Meaning(path=f"{p}[]") for p in _outside(inner))
        return tuple(Meaning(path=f"{p}()") for p in _outside(self.meanings(file, scope, kind, depth + 1)))

    # ------------------------------------------------------------------ steps
    def _name(self, file: PythonFile, scope: int, name: str, depth: int) -> tuple[Meaning, ...]:
        key = (file.facts.path, scope, name)
        if key in self._memo:
            return self._memo[key]
        self._memo[key] = ()  # a name that is assigned from itself means what else it is assigned
        here = scope
        found: list[Meaning] = []
        while True:
            if here in (scope, MODULE) or file.facts.defs[here].kind != "class":
                found += [Meaning(file.facts, i) for i in file.defined.get((here, name), ())]
                for at, value in file.assigned.get((here, name), ()):
                    found += self.meanings(file, at, value, depth + 1)
                for row in file.imports.get((here, name), ()):
                    found += self._imported(file.facts, row, depth + 1)
                if (here, name) in file.typed:
                    found += self._instances(file, file.facts.defs[here].scope, file.typed[here, name], depth + 1)
                if found or name in file.bound.get(here, ()):
                    break
            if here == MODULE:
                found += self._starred(file, name)
                break
            here = file.facts.defs[here].scope
        self._memo[key] = _few(found)
        return self._memo[key]

    def _starred(self, file: PythonFile, name: str) -> list[Meaning]:
        rows = file.imports.get((MODULE, "*"), ()) if not name.startswith("_") else ()
        return [m for row in rows if row.name == "*" for m in self._imported(file.facts, row._replace(name=name), 1)]

    def _imported(self, facts: FileFacts, row: Import, depth: int) -> tuple[Meaning, ...]:
        if not row.name:
            # `import a.b` binds a, `import a.b as c` binds a.b.
            whole = row.module if row.alias != row.module.partition(".")[0] else row.alias
            return self._dotted(whole, facts.path)
        other = self.modules.imported(row, facts.path)
        if other is None:
            if not row.level:
                return self._attributes(self._dotted(row.module, facts.path), (row.name,), depth)
            above = self.modules.imported(row._replace(module=""), facts.path)
            base = _place(above) if above is not None else ""
            return (Meaning(path=f"{base}.{row.module}.{row.name}"),) if base else ()
        if (
            other.path == facts.path
        ):  # `from . import x` in a package's own __init__ asks for what is not bound there yet
            inner = self.modules.submodule(other, row.name)
            return (Meaning(module=inner) if inner is not None else Meaning(path=f"{_place(other)}.{row.name}"),)
        return self._member(Meaning(module=other), row.name, depth)

    def _dotted(self, name: str, origin: str) -> tuple[Meaning, ...]:
        """The longest part of a dotted name that is a module here, the rest as a path below it."""
        parts = name.split(".")
        for end in range(len(parts), 0, -1):
            module = self.modules.absolute(".".join(parts[:end]), origin)
            if module is not None and end == len(parts):
                return (Meaning(module=module),)
            if module is not None and module.facts is not None:
                return (Meaning(path=".".join([_place(module), *parts[end:]])),)
        return (Meaning(path=name),)

    def _attributes(self, values: tuple[Meaning, ...], names: Sequence[str], depth: int) -> tuple[Meaning, ...]:
        for name in names:
            values = _few(m for v in values for m in self._member(v, name, depth + 1))
        return values

    def _member(self, value: Meaning, name: str, depth: int) -> tuple[Meaning, ...]:
        if value.path:
            return (Meaning(path=f"{value.path}.{name}"),)
        module = value.module
        if module is None or depth > MAX_DEPTH:
            return ()
        if module.facts is not None:
            found = self._name(self.files[module.path], MODULE, name, depth + 1)
            if found or name in self.files[module.path].bound.get(MODULE, ()):
                return found
        inner = self.modules.submodule(module, name)
        return (Meaning(module=inner),) if inner is not None else (Meaning(path=f"{_place(module)}.{name}"),)

    def _result(self, called: Meaning, file: PythonFile, scope: int, flow: Flow, depth: int) -> tuple[Meaning, ...]:
        if called.path:
            named = _named_result(called.path, flow)
            return (Meaning(path=named or f"{called.path}()"),)
        if called.facts is None or called.number == MODULE:
            return ()
        key = (called.facts.path, called.number)
        if key not in self._returned:
            self._returned[key] = ()  # what a function gives back that calls itself is what else it gives back
            owner = self.files[called.facts.path]
            returned = owner.returns.get(called.number, ())
            found = _few(m for value in returned for m in self.meanings(owner, called.number, value, depth + 1))
            declared = owner.result.get(called.number) if not found else None
            if declared:
                found = self._instances(owner, called.facts.defs[called.number].scope, declared, depth + 1)
            self._returned[key] = found
        return self._returned[key]


def _named_result(path: str, flow: Flow) -> str:
    """What a call makes whose constants matter: `load(name="ext", sources=…)` and `import_module("pkg._C")` are that module,
    `Library("ns", "IMPL")` is a library of that namespace."""
    args, keywords = flow[3], {k[0]: k[1] for k in flow[4] if isinstance(k[0], str)}
    if path in ("torch.utils.cpp_extension.load", "torch.utils.cpp_extension.load_inline"):
        return constant(keywords.get("name", args[0] if args else None))
    if path == "torch.library.Library":
        return f"{path}()#{constant(args[0] if args else None)}"
    if path in ("importlib.import_module", "builtins.__import__"):
        return constant(args[0] if args else None).lstrip(".")
    return ""


def _outside(values: Sequence[Meaning]) -> list[str]:
    return [m.path for m in values if m.path]


def constant(flow: Flow) -> str:
    """The text of a constant string, else empty."""
    known = isinstance(flow, (list, tuple)) and len(flow) == 2 and flow[0] == "K" and isinstance(flow[1], str)
    return flow[1] if known else ""


def last_name(flow: Flow) -> str:
    """The name right before the parenthesis of a call: `f` of `a.b.f(…)`, `k[]` of `k[grid](…)`."""
    if isinstance(flow, (list, tuple)) and flow and flow[0] == "I":
        return last_name(flow[1]) + "[]"
    if isinstance(flow, (list, tuple)) and len(flow) > 2 and flow[0] == "A":
        return str(flow[2])
    return flow if isinstance(flow, str) else ""


def _place(module: Module) -> str:
    """The path of a module of the repository: a dot, then its folders and name."""
    path = (
        module.directory
        if module.directory not in ("", ".")
        else module.path.rpartition(".")[0]
        if module.facts
        else ""
    )
    return "." + path.strip("/").replace("/", ".") if path else "."


def _few(found: Iterator[Meaning] | Sequence[Meaning] | Any) -> tuple[Meaning, ...]:
    """Each meaning once, in order; too many are nothing known."""
    unique: dict[tuple[str, int, str, str], Meaning] = {}
    for m in found:
        place = m.facts.path if m.facts is not None else ""
        unique.setdefault((place, m.number, m.path, m.module.path if m.module is not None else ""), m)
    return tuple(unique.values()) if len(unique) <= MAX_MEANINGS else ()
