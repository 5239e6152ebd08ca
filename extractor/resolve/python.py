"""All Python files' facts in, Links out: calls by value flow (see `python_analysis`), imports, bases, external packages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from extractor.facts import FileFacts, Import
from extractor.parse.python_annotation import annotation
from extractor.resolve import Links, definition_ids
from extractor.resolve.common import CONFIDENCE, MAX_CANDIDATES, external_node
from extractor.resolve.python_analysis import analyse
from extractor.resolve.python_inheritance import ancestry, is_protocol
from extractor.resolve.python_members import attribute
from extractor.resolve.python_modules import Module
from extractor.resolve.python_outside import is_error
from extractor.resolve.python_program import Program
from extractor.resolve.python_traces import Noted, gather
from extractor.resolve.python_types import named
from extractor.resolve.python_values import (
    CLASS,
    EXTERNAL,
    FUNCTION,
    INSTANCE,
    MODULE,
    NONE,
    RESULT,
    STAND_INS,
    Block,
    Values,
)  # fmt: skip
from extractor.schema import Edge, Node, Unresolved, external_id, module_id

MAX_HANDED_IN: Final = 4
# Modules of the standard library whose classes people extend, none of them an error.
NEVER_RAISED: Final = frozenset(("abc", "collections", "dataclasses", "enum", "types", "typing"))


def link(files: Sequence[FileFacts], configs: Mapping[str, str]) -> Links:
    """Edges between the symbols of these files, and what could not be linked. `files` come in order of path."""
    program = Program(files, configs)
    analyse(program, files)
    links = Links()
    externals: dict[str, Node] = {}
    methods = _methods_by_name(files)
    for facts in files:
        for block in program.blocks_of[facts.path]:
            if block is not None and block.owner is block:
                noted = gather(block)
                _calls(block, noted, methods, links, externals)
                _names(program, block, noted, links)
        _imports(program, facts, links, externals)
        _bases(program, facts, links, externals)
    links.edges[:] = _run_through(links)
    _overrides(program, links)
    program.dismantle()
    links.nodes.extend(externals[key] for key in sorted(externals))
    links.edges[:] = _best(links.edges)
    links.unresolved[:] = sorted({(u.src, u.kind, u.name, u.line): u for u in links.unresolved}.values())
    return links


# Output


def _external(target: str, externals: dict[str, Node]) -> str:
    """The id of `ext <dotted path>`, its node made when it is first met."""
    package, _, name = target.removeprefix("ext ").partition(".")
    node_id = external_id(package, name)
    if node_id not in externals:
        externals[node_id] = external_node(package, name, "python")
    return node_id


def _calls(
    block: Block, noted: Noted, methods: dict[str, tuple[str, ...]], links: Links, externals: dict[str, Node]
) -> None:
    for (target, line), (confidence, via, column, count, made) in noted.edges.items():
        outside = target.startswith("ext ")
        meta: dict[str, Any] = {"col": column}
        if count > 1 and not outside:
            meta["n_candidates"] = count
        if made:
            meta["through" if via == "decorated" else "instantiates"] = made
        dst = _external(target, externals) if outside else target
        links.edges.append(Edge(block.id, dst, "calls", line, confidence, via, meta))
    for (name, line), reason in noted.missed.items():
        known = (
            methods.get(name.rpartition(".")[2], ())
            if reason in ("unknown_receiver", "dynamic") and "." in name
            else ()
        )
        links.unresolved.append(Unresolved(block.id, "calls", name or "()", line, reason, known))


def _methods_by_name(files: Sequence[FileFacts]) -> dict[str, tuple[str, ...]]:
    """Methods of the repository by bare name: what an unknown receiver might have meant, never linked by it."""
    found: dict[str, list[str]] = {}
    for facts in files:
        for definition, node_id in zip(facts.defs, definition_ids(facts), strict=True):
            if definition.kind == "method":
                found.setdefault(definition.name, []).append(node_id)
    return {name: tuple(sorted(ids)[:MAX_CANDIDATES]) for name, ids in found.items()}


def _target_ids(values: Values) -> list[str]:
    """Node ids of classes (or of the classes of instances), functions and modules; externals as `ext …`."""
    found: list[str] = []
    for value in sorted(values):
        if value.kind in (CLASS, INSTANCE, FUNCTION):
            found.append(value.a.id)
        elif value.kind in (EXTERNAL, RESULT):
            found.append(f"ext {value.a}")
    return list(dict.fromkeys(found))


def _names(program: Program, block: Block, noted: Noted, links: Links) -> None:
    """What the class names of raises and handlers in this block mean."""
    facts = block.facts
    inner = program.blocks_of[facts.path][1:]
    scopes = {block.index} | {i for i, b in enumerate(inner) if b is not None and b.owner is block}
    wanted: dict[str, list[int]] = {}  # name -> the lines that raise it, none where it is only caught
    spoken = {fact.name for fact in facts.raises if fact.declared}  # by documentation, which knows no local names
    for fact in facts.raises:
        if fact.scope in scopes and fact.name:
            spoken.difference_update(() if fact.declared else (fact.name,))
            wanted.setdefault(fact.name, []).append(fact.line)
    for handler in facts.handlers:
        if handler.scope in scopes:
            spoken.difference_update(handler.names)
            for name in handler.names:
                wanted.setdefault(name, [])
    for name, lines in sorted(wanted.items()):
        targets = (
            _errors(program, block, noted, name, lines) if name not in spoken else _spoken(program, block, noted, name)
        )
        meant = [(name, targets)]
        if (
            len(targets) != 1 and len(lines) > 1 and name not in spoken
        ):  # a name of more errors: each line raises its own
            meant += [(f"{name}:{line}", _errors(program, block, noted, name, [line])) for line in lines]
        for key, found in meant:
            if found or key != name:
                ids = tuple(external_id(*_split(t)) if t.startswith("ext ") else t for t in found)
                links.names.update(((facts.path, scope, key), ids) for scope in sorted(scopes))


def _errors(program: Program, block: Block, noted: Noted, name: str, lines: Sequence[int]) -> list[str]:
    """The classes this name stands for; of a function that makes an error, those of what it gives back where it is raised."""
    values = _meaning(program, block, noted, name)
    given = frozenset().union(*(noted.raised.get(line, NONE) for line in lines))
    raised = program.concrete(given, block)
    if name in noted.found and raised and all(v.kind in (CLASS, INSTANCE) for v in raised):
        values = raised  # what the variable holds where it is raised, not what it ever holds
    if not values or any(v.kind not in (CLASS, INSTANCE) for v in values):
        values = frozenset(v for v in values if v.kind in (CLASS, INSTANCE, EXTERNAL, RESULT))
        values |= frozenset(v for v in raised if v.kind in (CLASS, INSTANCE, RESULT))
    values = _raisable(program, values, block)
    targets = [t for t in _target_ids(values) if not t.startswith("ext ") or is_error(t)]
    # A table of errors says which there are; what callers hand in, beyond a few, says nothing about any of them.
    handed_in = any(value.kind in STAND_INS for value in given)
    return targets if len(targets) <= MAX_HANDED_IN or not handed_in else []


def _spoken(program: Program, block: Block, noted: Noted, name: str) -> list[str]:
    """The classes that documentation names: by their module's own path, else as the module around the function knows them."""
    path, _, last = name.rpartition(".")
    module = program.modules.absolute(path, block.facts.path) if path else None
    if module is not None:
        values = attribute(program, next(iter(program.one(MODULE, module))), last, block)[0]
    elif name.partition(".")[0] not in noted.found:
        return _errors(program, block, noted, name, ())
    else:
        top = program.blocks_of[block.facts.path][0]
        values = named(program, annotation(name), top, block) if top is not None else NONE
    return [t for t in _target_ids(_raisable(program, values, block)) if not t.startswith("ext ") or is_error(t)]


def _raisable(program: Program, values: Values, block: Block) -> Values:
    """Without the classes of the repository that are no errors; what extends something unknown counts where nothing surer is there."""
    sure, open_ = set(), set()
    for value in values:
        outside = ancestry(program, value.a, block)[1] if value.kind in (CLASS, INSTANCE) else ["Exception"]
        if any(is_error(path) and path.partition(".")[0] not in NEVER_RAISED for path in outside):
            sure.add(value)
        elif "" in outside:
            open_.add(value)
    return frozenset(sure or open_)


def _meaning(program: Program, block: Block, noted: Noted, name: str) -> Values:
    written = annotation(name)
    head = name.partition(".")[0].partition("(")[0]
    if name in noted.found:
        return program.concrete(frozenset(noted.found[name]), block)
    local = noted.found.get(head)
    if local is None:
        return named(program, written, block, block)
    values: Values = program.concrete(frozenset(local), block)
    for part in name.split(".")[1:]:
        values = frozenset(v for owner in values for v in attribute(program, owner, part, block)[0])
    return values


def _split(target: str) -> tuple[str, str]:
    package, _, name = target.removeprefix("ext ").partition(".")
    return package, name


def _imports(program: Program, facts: FileFacts, links: Links, externals: dict[str, Node]) -> None:
    """`imports` to modules and to the symbols named, `depends_on` to packages outside."""
    modules = program.modules
    src = module_id(facts.prefix, facts.path)
    module = modules.by_path[facts.path]
    for row in facts.imports:
        other = modules.imported(row, facts.path)
        meta = {"kind": row.kind} if row.kind else {}
        if other is None:
            if row.level:
                name = "." * row.level + row.module
                links.unresolved.append(Unresolved(src, "imports", name, row.line, "missing_module"))
                continue
            dotted = f"{row.module}.{row.name}" if row.name and row.name != "*" else row.module
            links.edges.append(Edge(src, _external(dotted, externals), "imports", row.line, 0.95, "import", meta))
            package = _external(row.module.partition(".")[0], externals)
            links.edges.append(Edge(src, package, "depends_on", row.line, 0.95, "import", meta))
            continue
        for target in _imported(program, module, other, row):
            if target != src:
                links.edges.append(Edge(src, target, "imports", row.line, 0.95, "import", meta))
        if row.name and row.name != "*" and not _known(program, other, row.name):
            name = "." * row.level + row.module + "." + row.name
            links.unresolved.append(Unresolved(src, "imports", name, row.line, "missing_module"))


def _imported(program: Program, module: Module, other: Module, row: Import) -> list[str]:
    modules = program.modules
    found: list[str] = []
    if row.name and row.name != "*":
        for owner, index in modules.definition(other, row.name):
            if owner.facts is not None:
                found.append(definition_ids(owner.facts)[index])
        inner = modules.submodule(other, row.name) if not found else None
        if inner is not None and inner.facts is not None:
            found.append(module_id(inner.facts.prefix, inner.path))
    if other.facts is not None:
        found.append(module_id(other.facts.prefix, other.path))
    return found


def _known(program: Program, module: Module, name: str) -> bool:
    block = program.block_of(module)
    if block is None or name in block.bound or program.modules.definition(module, name):
        return True
    if program.modules.submodule(module, name) is not None or "__getattr__" in module.symbols or name.startswith("__"):
        return True
    # A star import from outside may bring any name.
    return any(program.modules.imported(row, module.path) is None for row in module.imports.get("*", ()))


def _bases(program: Program, facts: FileFacts, links: Links, externals: dict[str, Node]) -> None:
    blocks = program.blocks_of[facts.path]
    for base in facts.bases:
        block = blocks[base.scope + 1]
        if block is None or block.class_ is None:
            continue
        values = _base_values(program, block, base.position, base.name)
        targets = _target_ids(frozenset(v for v in values if v.kind in (CLASS, EXTERNAL, RESULT)))
        if not targets and any(
            value.kind == INSTANCE for value in named(program, annotation(base.name), block.parent or block, block)
        ):
            # Made by a class statement, but no class: an object of another one.
            found = program.modules.definition(program.modules.by_path[facts.path], base.name)
            classes = [(m.facts, i) for m, i in found if m.facts is not None and m.facts.defs[i].kind == "class"]
            targets = [definition_ids(known)[index] for known, index in classes]
        meta = {"position": base.position}
        for target in targets:
            dst = _external(target, externals) if target.startswith("ext ") else target
            if dst != block.id:
                links.edges.append(Edge(block.id, dst, "extends", base.line, CONFIDENCE["syntax"], "syntax", meta))
        if not targets:
            links.unresolved.append(Unresolved(block.id, "extends", base.name, base.line, "dynamic"))


def _base_values(program: Program, block: Block, position: int, name: str) -> Values:
    cls = block.class_
    if cls is not None and position < len(cls.bases) and cls.bases[position].values:
        return frozenset(cls.bases[position].values)
    return named(program, annotation(name), block.parent or block, block)


def _only_raises(block: Block) -> bool:
    """Whether a method does nothing but raise: what overrides it is meant, whatever it raises."""
    return (
        len(block.flow) == 1
        and block.flow[0][0] == "!"
        and block.definition is not None
        and not block.has_flag("lambda")
    )


def _only_declared(block: Block) -> bool:
    """Whether a method of a protocol has no body of its own."""
    return not block.flow and block.class_ is not None and is_protocol(block.class_)


def _overrides(program: Program, links: Links) -> None:
    """A call of an abstract method may reach every override of it, with less confidence."""
    abstract: dict[str, tuple[Any, str]] = {}
    raising: set[str] = set()  # methods that only raise: abstract if something overrides them
    for blocks in program.blocks_of.values():
        for block in blocks:
            if (
                block is not None
                and block.kind == "function"
                and block.class_ is not None
                and (block.has_flag("abstract") or _only_raises(block) or _only_declared(block))
            ):
                assert block.definition is not None
                abstract[block.id] = (block.class_, block.definition.name)
                if not block.has_flag("abstract") and block.flow:
                    raising.add(block.id)
    if not abstract:
        return
    overrides: dict[str, list[str]] = {}
    for node_id, (cls, name) in abstract.items():
        found: list[str] = []
        pending = list(cls.subclasses)
        seen = set(pending)
        while pending:
            sub = pending.pop(0)
            cell = sub.own.get(name)
            found += (
                [v.a.id for v in sorted(cell.values) if v.kind == FUNCTION and not v.a.has_flag("abstract")]
                if cell
                else []
            )
            for further in sub.subclasses:
                if further not in seen:
                    seen.add(further)
                    pending.append(further)
        overrides[node_id] = sorted(dict.fromkeys(found))[:32]
    abstract = {node_id: known for node_id, known in abstract.items() if overrides[node_id] or node_id not in raising}
    added = [
        Edge(
            edge.src,
            target,
            "calls",
            edge.line,
            CONFIDENCE["override" if len(targets) <= MAX_CANDIDATES else "ambiguous"],
            "override",
            {**edge.meta, "n_candidates": len(targets)},
        )
        for edge in links.edges
        if edge.kind == "calls" and (targets := overrides.get(edge.dst))
        for target in targets
    ]
    links.edges[:] = [*_without_abstract(links.edges, abstract), *added]


def _without_abstract(edges: list[Edge], abstract: Mapping[str, tuple[Any, str]]) -> list[Edge]:
    """Where methods are known that implement an abstract one, it is not what is called."""
    declared = {(e.src, e.line, abstract[e.dst][1]) for e in edges if e.kind == "calls" and e.dst in abstract}
    real: set[tuple[str, int, str]] = set()
    for edge in edges:
        if edge.kind == "calls" and edge.dst not in abstract:
            place = (edge.src, edge.line, edge.dst.rpartition(".")[2].partition("@")[0])
            if place in declared:
                real.add(place)
    return [
        e
        for e in edges
        if e.kind != "calls" or e.dst not in abstract or (e.src, e.line, abstract[e.dst][1]) not in real
    ]


def _run_through(links: Links) -> list[Edge]:
    """Without what a wrapper holds but does not call; one that wraps too many to tell them apart calls them all."""
    called = {(edge.src, edge.dst) for edge in links.edges if edge.kind == "calls" and edge.via != "decorated"}
    every = {row.src for row in links.unresolved if row.reason == "overflow"}
    return [
        e
        for e in links.edges
        if e.via != "decorated" or e.meta["through"] in every or (e.meta["through"], e.dst) in called
    ]


def _best(edges: list[Edge]) -> list[Edge]:
    """One edge per (source, target, kind, line): the surest."""
    best: dict[tuple[str, str, str, int], Edge] = {}
    for edge in edges:
        key = (edge.src, edge.dst, edge.kind, edge.line)
        known = best.get(key)
        if known is None or known.confidence < edge.confidence:
            best[key] = edge
    return [best[key] for key in sorted(best)]
