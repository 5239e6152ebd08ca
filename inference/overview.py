"""The repository as a whole: what it is, and how it is laid out. In: the graph and its README. Out: sections that open with what
the documentation says of it, then what the graph counts: its most used capabilities, its parts and what stands in each.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Final

from brain.text import one_line
from brain.view import is_aside, is_public, is_test
from config.console import plural
from extractor.graph import Graph
from extractor.schema import Node
from inference.citations import Span
from inference.compose import Composer
from inference.families import failures
from inference.kinds import Intent
from inference.retrieve import Retriever
from inference.wording import (
    Claim,
    Section,
    few,
    header,
    here,
    join,
    kind_of,
    name_of,
    places_of,
    purpose,
    quote,
    title_of,
)

_PARTS: Final = 14  # parts that one list names; more of them are taken together by folder
_MOST: Final = 0.6  # the share of the code that makes a part the bulk of it
_NAMES: Final = 4  # of what stands in one part
_CENTRAL: Final = 6


def whole(composer: Composer, project: str, retriever: Retriever | None, intent: Intent) -> Section | None:
    """The section for a question about the repository itself, None when it is about something in it."""
    graph = composer.graph
    if intent.kind == "failures":
        return failures(composer, intent.text)
    if intent.kind == "layout":
        return layout(graph, project)
    # "What does KeePass do" asks of the project, though some resource of it bears its name as well.
    plain = (
        intent.x is not None
        and intent.x.shape in ("plain", "capital", "camel")
        and intent.x.name.lower() == project.lower()
    )
    return (
        overview(graph, project, retriever)
        if intent.kind == "overview" or (intent.kind == "explain" and plain)
        else None
    )


def overview(graph: Graph, project: str, retriever: Retriever | None) -> Section:
    """What the repository is: how its README or front package opens, its counts, its most used capabilities."""
    claims: list[Claim] = []
    said, path, line = retriever.opening(project) if retriever is not None else ("", "", 0)
    spans: tuple[Span, ...] = (Span(path, line, line, "", "document"),) if said else ()
    if not said:
        said, spans = _front(graph, project)
    if said:
        claims.append(Claim(quote(said), spans))
    types, languages = graph.count("nodes", "type"), graph.count("nodes", "lang")
    kinds = [t for t in ("module", "class", "interface", "function", "method") if types.get(t)]
    counted = [plural(types[t], t, "classes" if t == "class" else "") for t in kinds]
    used = [
        lang
        for lang in sorted(languages, key=lambda name: -languages[name])
        if lang and lang not in ("text", "markdown")
    ]
    holds = f"{project or 'The repository'} holds {join(counted)} (tests included)"
    claims.append(Claim(f"{holds}, in {join(used[:4]) or 'no language known here'}.", spans))
    able = [n for n in graph.nodes(["capability"]) if n.meta.get("purpose") and not is_test(n) and not is_aside(n.path)]
    anchors = {n.id: str((n.meta.get("evidence") or [""])[0]) for n in able}
    # What is used from many places and long tells more of the whole than a helper of a few lines.
    use = {n.id: sum(1 for _ in graph.edges(["calls", "imports", "extends"], dst=anchors[n.id])) for n in able}
    weight = {n.id: use[n.id] * math.log2(2 + n.lines[1] - n.lines[0]) for n in able}
    shown = sorted(able, key=lambda n: (-weight[n.id], n.id))[:8]
    if shown:
        claims.append(Claim("Its most used capabilities:"))
        for node in shown:
            claims.append(
                Claim(f"{title_of(graph, node)} — {one_line(str(node.meta['purpose']))}", here(node), item=True)
            )
    return Section("overview", tuple(claims), "yes" if claims else "unknown")


def _front(graph: Graph, project: str) -> tuple[str, tuple[Span, ...]]:
    """What the front package's or module's documentation says."""
    fronts = [
        n for n in graph.nodes(["package", "module"]) if n.meta.get("doc") and not is_test(n) and not is_aside(n.path)
    ]
    fronts.sort(key=lambda n: (n.name != project, n.path.count("/"), n.type != "package", n.id))
    if not fronts:
        return "", ()
    front, said = fronts[0], purpose(fronts[0])
    if front.type == "package":
        inner = [n for n in graph.nodes(["module"]) if n.path.rpartition("/")[0] == front.path and n.name == front.name]
        front = inner[0] if inner else front
    return said, header(front)


def layout(graph: Graph, project: str) -> Section:
    """How the code is laid out: its parts, the largest use first, what each is for and holds, and what is used most across them."""
    modules = [n for n in graph.nodes(["module"], origin="extractor") if not is_test(n) and not is_aside(n.path)]
    if not modules:
        return Section("layout", (Claim("The index holds no source files besides tests and examples."),), "no", 0.9)
    symbols = _symbols(graph, modules)
    use = _use(graph, symbols)
    parts = _parts(modules)
    lines = sum(_loc(m) for m in modules)
    name = project or "The repository"
    folders = len({m.path.rpartition("/")[0] for m in modules})
    where = f" across {plural(folders, 'folder')}" if folders > 1 else ""
    claims = [
        Claim(
            f"{name} is {plural(lines, 'line')} in {plural(len(modules), 'module')}{where}, tests and examples left out:"
        )
    ]
    weighed = {part: sum(use[n.id] for m in own for n in symbols[m.path]) for part, own in parts.items()}
    for part in sorted(parts, key=lambda p: (-weighed[p], -sum(_loc(m) for m in parts[p]), p))[:_PARTS]:
        claims.append(_part(graph, part, parts[part], symbols, use))
    if len(parts) > _PARTS:
        claims.append(Claim(f"{plural(len(parts) - _PARTS, 'smaller part')} more are not shown."))
    classes = [n for own in symbols.values() for n in own if n.type in ("class", "interface")]
    # What everything raises is used everywhere and says little; what is central is used and large.
    weight = {n.id: use[n.id] * math.log2(1 + n.lines[1] - n.lines[0]) for n in classes}
    central = [n for n in sorted(classes, key=lambda n: (-weight[n.id], n.id)) if weight[n.id]][:_CENTRAL]
    if central:
        claims.append(Claim("Central to it:"))
        for node in central:
            said = purpose(node, 25)
            opening = f"{name_of(node)}, {kind_of(node)} in {node.path}"
            claims.append(Claim(f"{opening} — {said}" if said else opening, here(node), item=True))
    return Section("layout", tuple(claims), targets=tuple(n.id for n in central))


def _symbols(graph: Graph, modules: list[Node]) -> dict[str, list[Node]]:
    """Path -> the public classes and functions that stand at the top of that file."""
    found: dict[str, list[Node]] = {m.path: [] for m in modules}
    tops = {e.src for e in graph.edges(["defined_in"]) if "#" not in e.dst}  # a namespace is no node
    for node in graph.nodes(["class", "interface", "function"], origin="extractor"):
        if node.path in found and node.id in tops and is_public(node):
            found[node.path].append(node)
    return found


def _use(graph: Graph, symbols: dict[str, list[Node]]) -> Counter[str]:
    """Node id -> from how many other product files it, or a member of it, is called, extended or imported."""
    tops = {n.id for own in symbols.values() for n in own}
    around = {e.src: e.dst for e in graph.edges(["defined_in"])}
    users: dict[str, set[str]] = {}
    for edge in graph.edges(["calls", "extends", "implements", "imports"]):
        top, user = edge.dst, edge.src.partition("#")[0]
        while top not in tops and top in around:  # a member is used as what holds it
            top = around[top]
        if (
            top in tops
            and user != top.partition("#")[0]
            and not is_test(user.partition(":")[2])
            and not is_aside(user.partition(":")[2])
        ):
            users.setdefault(top, set()).add(user)
    return Counter({node_id: len(found) for node_id, found in users.items()})


def _parts(modules: list[Node]) -> dict[str, list[Node]]:
    """The parts to tell of: files while they are few, else folders, the largest opened up while the list stays short."""
    if len(modules) <= _PARTS:
        return {m.path: [m] for m in modules}
    parts, lines = {"": modules}, sum(_loc(m) for m in modules)
    while True:
        opened = [(-sum(_loc(m) for m in own), part, _below(part, own)) for part, own in parts.items() if len(own) > 1]
        opened = [(weight, part, below) for weight, part, below in opened if below.keys() != {part}]
        fitting = [row for row in opened if len(parts) - 1 + len(row[2]) <= _PARTS]
        # What holds most of the code is opened however long the list grows.
        chosen = min(
            fitting or [row for row in opened if row[0] < -_MOST * lines], default=None, key=lambda row: row[:2]
        )
        if chosen is None:
            return parts
        del parts[chosen[1]]
        parts.update(chosen[2])


def _below(part: str, modules: list[Node]) -> dict[str, list[Node]]:
    """What stands directly in a folder: its files, and the folders in it."""
    found: dict[str, list[Node]] = {}
    for module in modules:
        first, slash, _ = module.path.removeprefix(part).partition("/")
        found.setdefault(f"{part}{first}{slash}", []).append(module)
    return found


def _part(graph: Graph, part: str, modules: list[Node], symbols: dict[str, list[Node]], use: Counter[str]) -> Claim:
    inside = [n for m in modules for n in symbols[m.path]]
    # What a package keeps to itself comes after what it offers.
    ranked = sorted(
        inside,
        key=lambda n: (
            n.meta.get("visibility", "public") != "public",
            -use[n.id],
            n.type == "function",
            n.path,
            n.lines,
            n.id,
        ),
    )
    said = _said(graph, part, modules)
    size = plural(sum(_loc(m) for m in modules), "line")
    size += f" in {plural(len(modules), 'module')}" if len(modules) > 1 else ""
    text = f"{part or './'} ({size})" + (f" — {said.rstrip('.')}" if said else "")
    names = list(dict.fromkeys(n.name for n in ranked))
    text += f"; holds {few(names, _NAMES)}" if names else ""
    front = modules[0] if len(modules) == 1 else None
    spans = header(front) if front is not None and not ranked else places_of(ranked[:2])
    return Claim(text, spans, item=True)


def _said(graph: Graph, part: str, modules: list[Node]) -> str:
    """What the documentation of a file, or of a folder's front file or package, says it is for."""
    if not part.endswith("/"):
        return purpose(modules[0], 20)
    folder = part.rstrip("/")
    fronts = [m for m in modules if m.path.rpartition("/")[0] == folder and m.meta.get("doc")]
    packages = [n for n in graph.nodes(["package"], path=folder) if n.meta.get("doc")]
    fronts = [m for m in fronts if m.name in (folder.rpartition("/")[2], "__init__", "index", "mod", "lib")]
    return next((purpose(n, 20) for n in (*packages, *fronts)), "")


def _loc(module: Node) -> int:
    return int(module.meta.get("loc", 0))
