"""What Rust exposes to Python through PyO3: facts of Rust files in, binding nodes and the edges from them out.

`#[pyfunction]`, `#[pyclass]` and the methods of a `#[pymethods]` block belong to the `#[pymodule]` of their file, else to the only one
of their crate. Functions that are put in a submodule are listed under the module itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from extractor.bindings_build import Extension
from extractor.facts import Definition, FileFacts
from extractor.resolve import definition_ids
from extractor.schema import Edge, Node, symbol_id

CONFIDENCE: Final = 0.9
_NAME: Final = re.compile(r'\bname\s*=\s*"(\w+)"')
_ACCESSOR: Final = re.compile(r"(?:pyo3::)?(getter|setter)(?:\((\w+)\))?$")
_EXTENDS: Final = re.compile(r"\bextends\s*=\s*(?:\w+::)*(\w+)")


class _Module(NamedTuple):
    name: str
    owner: str
    path: str


def pyo3(
    files: Sequence[FileFacts], configs: Mapping[str, str], built: Iterable[Extension]
) -> tuple[list[Node], list[Edge]]:
    """A node for every exposed function, class and method."""
    crates = sorted(p.rpartition("/")[0] for p in configs if p.rpartition("/")[2] == "Cargo.toml")
    names = tuple(e.name for e in built)
    modules: dict[str, list[_Module]] = {}
    for facts in files:
        for d, node_id in zip(facts.defs, definition_ids(facts), strict=True):
            if d.kind == "function" and _has(d, "pymodule"):
                made = _Module(_given(d) or d.name, node_id, facts.path)
                modules.setdefault(_crate(facts.path, crates), []).append(made)
    nodes: list[Node] = []
    edges: list[Edge] = []
    for facts in files:
        known = modules.get(_crate(facts.path, crates), [])
        known = [m for m in known if m.path == facts.path] or known
        if len(known) == 1:
            _expose(facts, known[0], names, nodes, edges)
    return nodes, edges


def _expose(facts: FileFacts, module: _Module, names: Sequence[str], nodes: list[Node], edges: list[Edge]) -> None:
    ids = definition_ids(facts)
    classes = {i: _given(d) or d.name for i, d in enumerate(facts.defs) if d.kind == "class" and _has(d, "pyclass")}
    bound = [(first, last) for first, last in (facts.extra or {}).get("pymethods", ())]
    counts: dict[str, int] = {}
    for index, d in enumerate(facts.defs):
        exposed = ""
        if d.kind == "function" and _has(d, "pyfunction"):
            exposed = _given(d) or d.name
        elif d.kind == "method" and any(a <= d.start_line <= b for a, b in bound):
            holder = classes.get(d.scope) or next(
                (n for i, n in classes.items() if facts.defs[i].name == _owner(d)), ""
            )
            exposed = f"{holder}.{_member(d)}" if holder else ""
            exposed = holder if _has(d, "new") else exposed
        elif index in classes and not any(_has(m, "new") and _owner(m) == d.name for m in facts.defs):
            exposed = classes[index]
        if not exposed:
            continue
        qualname = f"{module.name}.{exposed}"
        counts[qualname] = counts.get(qualname, sum(1 for o in facts.defs if o.qualname == qualname)) + 1
        node_id = symbol_id(facts.prefix, facts.path, qualname, counts[qualname])
        meta: dict[str, Any] = {
            "start_line": d.start_line, "end_line": d.start_line, "signature": d.signature, "exposed": exposed, "module": module.name,
            "owner": module.owner, "binding": "pyo3", "visibility": "public", "target": ids[index],
        }  # fmt: skip
        accessor = next((m for a in d.decorators if (m := _ACCESSOR.match(a))), None)
        meta |= {"accessor": accessor[1]} if accessor is not None and d.kind == "method" else {}
        if index in classes or _has(d, "new"):
            made = next(i for i in classes if classes[i] == exposed)
            meta |= {"holds": facts.defs[made].name}
            bases = [m[1] for a in facts.defs[made].decorators if (m := _EXTENDS.search(a))]
            meta |= {"bases": bases} if bases else {}
        qualified = [n for n in names if n.rpartition(".")[2] == module.name]
        meta |= {"qualified": qualified} if qualified else {}
        nodes.append(Node(node_id, "binding", exposed.rpartition(".")[2], facts.path, facts.lang, meta))
        edges.append(Edge(node_id, ids[index], "calls", d.start_line, CONFIDENCE, "binding:pyo3"))
        edges.append(Edge(node_id, module.owner, "defined_in", d.start_line, 1.0, "syntax"))


def _has(d: Definition, attribute: str) -> bool:
    """Whether an attribute of this name stands above a definition, with or without arguments."""
    return any(re.match(rf"(?:pyo3::(?:prelude::)?)?{attribute}\b(?!\s*=)", a) for a in d.decorators)


def _given(d: Definition) -> str:
    """The name that an attribute gives instead of the definition's own."""
    return next((m[1] for a in d.decorators if a.startswith("py") and (m := _NAME.search(a))), "")


def _member(d: Definition) -> str:
    accessor = next((m for a in d.decorators if (m := _ACCESSOR.match(a))), None)
    plain = d.name.removeprefix("get_").removeprefix("set_") if accessor else d.name
    return _given(d) or (accessor[2] if accessor and accessor[2] else plain)


def _owner(d: Definition) -> str:
    """The type that a method is written for."""
    return d.qualname.rpartition(".")[0].rpartition(".")[2]


def _crate(path: str, crates: Sequence[str]) -> str:
    """The folder of the crate that a file belongs to: the nearest one with a Cargo.toml, else what holds its `src`."""
    inside = [c for c in crates if not c or path.startswith(c + "/")]
    return max(inside, key=len) if inside else f"/{path}".partition("/src/")[0]
