"""FileFacts in, the nodes that syntax alone decides out: packages, modules and symbols, each `defined_in` its container."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any, Final

from extractor.facts import MODULE, Definition, FileFacts, Param
from extractor.schema import Edge, Node, module_id, package_id, symbol_id

# Files that stand for their directory: the module is called by the directory's name.
_FRONTS: Final = frozenset({"__init__", "index", "package-info", "mod"})


def nodes_of(facts: FileFacts) -> list[Node]:
    """The module of one file, then its symbols in source order."""
    module = Node(
        module_id(facts.prefix, facts.path),
        "module",
        module_name(facts.path),
        facts.path,
        facts.lang,
        _module_meta(facts),
    )
    ids = _ids(facts)
    symbols = [
        Node(node_id, d.kind, d.name, facts.path, facts.lang, symbol_meta(d) | _used_by(d, ids))
        for node_id, d in zip(ids, facts.defs, strict=True)
    ]
    for index, said in reversed((facts.extra or {}).get("says", ())):  # what a class gives its base to say
        symbols[index].meta["says"] = said
    return [module, *symbols]


def containment(facts: FileFacts) -> list[Edge]:
    """`defined_in` from each symbol to the symbol or module around it, and from the module to its package."""
    module = module_id(facts.prefix, facts.path)
    ids = _ids(facts)
    edges = [
        Edge(node_id, module if d.scope == MODULE else ids[d.scope], "defined_in", d.start_line, 1.0, "syntax")
        for node_id, d in zip(ids, facts.defs, strict=True)
    ]
    return [*edges, Edge(module, package_id(facts.prefix, parent_of(facts.path)), "defined_in", 0, 1.0, "path")]


def packages(files: Iterable[FileFacts]) -> tuple[list[Node], list[Edge]]:
    """A package node for every directory that holds parsed files, directly or below, and the edges that nest them."""
    found: dict[tuple[str, str], str] = {}
    docs: dict[tuple[str, str], str] = {}
    for facts in files:
        directory = parent_of(facts.path)
        stated = PurePosixPath(facts.path).stem in _FRONTS or facts.doc.startswith(f"Package {facts.namespace} ")
        if stated and facts.doc:
            docs.setdefault((facts.prefix, directory), facts.doc)
        while (facts.prefix, directory) not in found:
            found[facts.prefix, directory] = facts.lang
            if not directory:
                break
            directory = parent_of(directory)
    nodes, edges = [], []
    for (prefix, directory), lang in sorted(found.items()):
        node_id = package_id(prefix, directory)
        meta = {"doc": docs.get((prefix, directory), "")}
        nodes.append(Node(node_id, "package", PurePosixPath(directory).name or "/", directory, lang, meta))
        if directory:
            edges.append(Edge(node_id, package_id(prefix, parent_of(directory)), "defined_in", 0, 1.0, "path"))
    return nodes, edges


def symbol_meta(d: Definition) -> dict[str, Any]:
    """What `Node.meta` holds of a symbol. What is empty is left out where only some symbols have it."""
    meta: dict[str, Any] = {
        "start_line": d.start_line,
        "end_line": d.end_line,
        "signature": d.signature,
        "doc": d.doc,
        "visibility": d.visibility,
        "content_hash": d.content_hash,
    }
    if d.kind in ("function", "method"):
        meta["params"] = [_param(p) for p in d.params]
    rest: dict[str, Any] = {
        "returns": d.returns,
        "decorators": list(d.decorators),
        "flags": list(d.flags),
        "value": d.value,
        "trait": d.trait,
    }
    if d.table:
        rest["table"] = dict(zip(("kind", "entries", "first"), d.table, strict=True))
    return meta | {key: value for key, value in rest.items() if value}


def _ids(facts: FileFacts) -> list[str]:
    return [symbol_id(facts.prefix, facts.path, d.qualname, d.ordinal) for d in facts.defs]


def _used_by(d: Definition, ids: list[str]) -> dict[str, Any]:
    return {"used_by": [ids[reader] for reader in d.readers]} if d.readers else {}


def _param(p: Param) -> dict[str, str]:
    given = {"annotation": p.annotation, "default": p.default, "kind": p.kind}
    return {"name": p.name} | {key: value for key, value in given.items() if value}


def module_name(path: str) -> str:
    """`core` of `click/core.py`, `click` of `click/__init__.py`."""
    pure = PurePosixPath(path)
    stem = pure.name.partition(".")[0] or pure.name
    return pure.parent.name if stem in _FRONTS and pure.parent.name else stem


def parent_of(path: str) -> str:
    """The directory of a path, "" at the root."""
    return path.rpartition("/")[0]


def _module_meta(facts: FileFacts) -> dict[str, Any]:
    meta: dict[str, Any] = {"start_line": 1, "end_line": max(facts.loc, 1), "doc": facts.doc, "loc": facts.loc}
    if facts.exports is not None:
        meta["exports"] = list(facts.exports)
    if facts.namespace:
        meta["namespace"] = facts.namespace
    if PurePosixPath(facts.path).name == "__main__.py":
        meta["entry_point"] = ["python -m " + parent_of(facts.path).rpartition("/")[2]]
    elif program := _program(facts):
        meta["entry_point"] = [program]
    if facts.status == "partial":
        meta["partial"] = facts.reason
    return meta


def _program(facts: FileFacts) -> str:
    """The name of the program that a file's `main` starts, by the customs of go and cargo; empty when it starts none."""
    if not any(d.name == "main" and d.scope == MODULE and d.kind == "function" for d in facts.defs):
        return ""
    *folders, name = facts.path.split("/")
    if facts.namespace == "main" and facts.prefix == "go":
        return folders[-1] if folders else "go run ."
    if facts.prefix == "rs" and (name == "main.rs" or folders[-1:] == ["bin"]):
        home = [f for f in folders if f != "src"]
        return (home[-1] if home else "cargo run") if name == "main.rs" else name.removesuffix(".rs")
    return ""
