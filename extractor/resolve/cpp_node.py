"""What C and C++ register for Node.js: the rows of `parse/cpp_node.py` and the C++ engine in, binding nodes and their edges out.

Covers N-API functions and property tables, node-addon-api's `exports.Set` and `DefineClass`, and NAN. An addon bears the name of its
module macro, or the one that binding.gyp gives the target that builds the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from extractor.bindings_build import Extension
from extractor.facts import MODULE
from extractor.parse.cpp_node import MODULES
from extractor.resolve.cpp import CppEngine
from extractor.resolve.cpp_bindings import Module, Registrar, named
from extractor.resolve.model import Context, File

_MEMBERS: Final = frozenset(
    (
        "InstanceMethod",
        "StaticMethod",
        "InstanceAccessor",
        "StaticAccessor",
        "SetPrototypeMethod",
        "NODE_SET_PROTOTYPE_METHOD",
    )
)
_PLACEHOLDER: Final = "NODE_GYP_MODULE_NAME"


class _Row(NamedTuple):
    scope: int
    verb: str
    args: list[str]
    line: int


def emit_node_addons(engine: CppEngine, registrar: Registrar, built: Sequence[Extension]) -> None:
    """Add a node for everything that the addons' files register."""
    rows = {file.number: _rows(file) for file in engine.files}
    names = _addons(engine, rows, built)
    known = sorted({n for n in names.values() if n})
    for file in engine.files:
        classes = {r.scope: _text(r.args) for r in rows[file.number] if r.verb in ("DefineClass", "napi_define_class")}
        for row in rows[file.number]:
            if row.scope == MODULE:
                continue
            name = names.get(file.number) or (known[0] if len(known) == 1 else "")
            module = Module("napi", name, "", file.symbols[row.scope])
            exposed, targets = _registered(file, row, rows[file.number], classes)
            sound = [t for t in targets if _callable(engine, file, row, t)]
            if exposed and sound:
                about = {"accessor": "property"} if row.verb.endswith("Accessor") else {}
                registrar.add(file, row.scope, row.line, module, exposed, sound, exposed, about)


def _rows(file: File) -> list[_Row]:
    found = []
    for scope, macro, args, line in (file.facts.extra or {}).get("registrations", ()):
        if macro.startswith("node:"):
            found.append(_Row(scope, macro[5:], args, line))
        elif "napi_property_descriptor" in macro:
            found.append(_Row(scope, "property", [f'"{args[0]}', *args[1:5]], line))
    return sorted(found, key=lambda r: (r.line, r.verb, r.args))


def _addons(engine: CppEngine, rows: dict[int, list[_Row]], built: Sequence[Extension]) -> dict[int, str]:
    """The addon that each file belongs to, as far as its macro or the build says."""
    names = {}
    for file in engine.files:
        stated = next((r.args[1] for r in rows[file.number] if r.verb in MODULES and len(r.args) > 1), "")
        name, _ = named(stated or _PLACEHOLDER, file, built)
        if name != _PLACEHOLDER and (stated or any(e.builds(file.facts.path) for e in built)):
            names[file.number] = name
    return names


def _registered(file: File, row: _Row, rows: Sequence[_Row], classes: dict[int, str]) -> tuple[str, list[str]]:
    """(exposed name, what runs) of one row."""
    template, *args = row.args
    exposed = _text(args)
    after = [a for a in args[args.index(f'"{exposed}') + 1 :] if a and not a.startswith('"')] if exposed else []
    if row.verb in MODULES:
        return "", []
    if row.verb == "napi_create_function":
        result = args[-1] if args else ""
        later = [r for r in rows if r.verb == "napi_set_named_property" and r.scope == row.scope and r.line >= row.line]
        given = next((_text(r.args) for r in later if result and r.args[-1] == result), "")
        return given or exposed, [a for a in args[2:4] if a and not a.startswith('"')]
    if row.verb == "property":
        return row.args[0][1:], [a for a in row.args[1:] if a]
    if row.verb == "napi_set_named_property":
        return "", []
    if row.verb == "DefineClass":
        owner = file.enclosing_class(row.scope)
        return exposed, [owner.d.name] if owner is not None else []
    if row.verb in _MEMBERS:
        outer = classes.get(row.scope, "")
        return f"{outer}.{exposed}" if outer and exposed else exposed, [template] if template else after
    return exposed, ([template] if template and row.verb != "Set" else []) or after[:1]


def _text(args: Sequence[str]) -> str:
    """The first text among arguments."""
    return next((a[1:] for a in args if a.startswith('"')), "")


def _callable(engine: CppEngine, file: File, row: _Row, target: str) -> bool:
    if target.startswith("=>"):
        return True
    return any(v.kind in ("func", "class") for v in engine.evaluate(target, Context(file, row.scope, row.line)))
