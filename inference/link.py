"""The words of a question -> the symbols it names. In: text and a graph. Out: mentions (what looks like code, and where),
and for each the node it means, its homonyms, or the fact that nothing in the index bears that name, with the nearest that do.

Existence is decided here, by the index, before any model or search runs. A name counts as found when it is a node id, a path,
a qualified suffix, a plain name, an inherited member, or a name re-exported by the package written before it.
"""

from __future__ import annotations

import builtins
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from brain.view import hidden, is_aside, is_test
from extractor.graph import Graph
from extractor.languages import SOURCE_SUFFIXES, SPECS
from extractor.schema import SYMBOL_TYPES, Node
from extractor.spelling import joint_of
from inference.relations import Relations

_SOURCE: Final = "|".join(sorted(re.escape(s[1:]) for s in SOURCE_SUFFIXES if s[1:].isalnum()))
_SUFFIXES: Final = rf"{_SOURCE}|rst|md|toml|cfg|ini|ya?ml|json|txt"
_PREFIXES: Final = "|".join(sorted({spec.prefix for spec in SPECS}))
_CODE = re.compile(
    rf"""`(?P<tick>[^`\n]{{1,200}})`
    | (?P<id>\b(?:{_PREFIXES}|ext|capability|concept|error|recipe):(?!/)[\w./\#@+-]*[\w/])
    | (?P<path>(?<![\w/])(?:(?:[\w.@+-]+/)+[\w.@+-]*\w|[\w-]+\.(?:{_SUFFIXES})\b)(?::\d+(?:-\d+)?)?)
    | (?P<flag>(?<![\w-])--[a-zA-Z][\w-]*)
    | (?P<name>(?<![\w$])[A-Za-z_$][\w$]*(?:(?:\.|::|\#)~?[A-Za-z_$][\w$]*)*)(?P<call>\([^()\n]{{0,80}}\))?""",
    re.VERBOSE,
)
# Abbreviations and dotted words of prose that no one means as code.
_PROSE: Final = frozenset({"e.g", "i.e", "a.k.a", "etc", "and/or", "either/or", "input/output", "read/write", "yes/no"})
_NEAR: Final = 3  # names that are suggested
STRICT: Final = frozenset({"tick", "id", "path", "dotted", "call", "snake", "camel"})
_TYPE_ORDER: Final = {
    name: place
    for place, name in enumerate(("class", "interface", "function", "method", "module", "package", "variable"))
}


@dataclass(frozen=True, slots=True)
class Mention:
    """`shape` ∈ tick id path flag dotted call snake camel capital plain; the STRICT ones are surely meant as code."""

    name: str
    start: int
    end: int
    shape: str


@dataclass(frozen=True, slots=True)
class Target:
    """`node` is what the mention means; `group` its definitions (overloads, redefinitions) in one file, node included;
    `others` the homonyms elsewhere; `note` says what was assumed to get here."""

    mention: Mention
    node: Node
    group: tuple[Node, ...]
    others: tuple[Node, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """No such name. `container` is the class or module it was looked for in; `external` the outside package it belongs to."""

    mention: Mention
    near: tuple[str, ...]
    container: Node | None = None
    external: str = ""
    elsewhere: tuple[Node, ...] = ()


def mentions(text: str) -> list[Mention]:
    """Every word of `text` that may be a name, in order; which of them are, only the graph can tell."""
    found = []
    for match in _CODE.finditer(text):
        shape = match.lastgroup or "plain"
        raw = match.group("tick") or match.group("name") or match.group(0)
        if shape == "call" or (shape == "name" and match.group("call")):
            shape = "call"
        elif shape == "name":
            shape = _shape(raw)
        if shape == "tick":
            raw = re.sub(r"\(.*\)$", "", raw.strip()).strip()
            if raw.startswith("--"):
                shape = "flag"
        if raw.lower() in _PROSE or not raw:
            continue
        if shape == "path":
            raw = re.sub(r":\d+(-\d+)?$", "", raw)
        found.append(Mention(raw.removeprefix("@") if shape == "tick" else raw, match.start(), match.end(), shape))
    return found


def _shape(name: str) -> str:
    if re.search(r"\.|::|#", name):
        return "dotted"
    if "_" in name.strip("_") or name.startswith("_"):
        return "snake"
    if re.search(r"[a-z0-9][A-Z]|[A-Z]{2,}[a-z]{2,}", name):
        return "camel"
    return "capital" if name[0].isupper() and name[1:].lower() == name[1:] and len(name) > 1 else "plain"


class Linker:
    """Resolves mentions against one graph; what it reads more than once it keeps."""

    def __init__(self, graph: Graph, project: str = "", near: Callable[[str, int], list[str]] | None = None) -> None:
        """`near` finds similar names in a search index; without it every name of the graph is compared."""
        self.graph = graph
        self.relations = Relations(graph)
        self.project = project
        self._near = near

    def link(self, mention: Mention, hints: tuple[str, ...] = ()) -> Target | Missing:
        """The node `mention` means. `hints` are other names of the question: one that contains the node settles homonyms."""
        # A method put on a prototype is a member of what the prototype belongs to.
        name = mention.name.strip().rstrip(".").replace(".prototype.", ".")
        if mention.shape == "path" or (
            mention.shape == "tick" and ("/" in name or re.search(rf"\.({_SUFFIXES})$", name))
        ):
            nodes = self._by_path(name)
            if nodes:
                return self._target(mention, nodes, hints)
            if mention.shape == "path" and "/" in name:
                return Missing(mention, self._near_paths(name))
        # Case is meaning: `Group` is not `group`. Ignoring it is the last resort, which find() leaves to plain names.
        nodes = [n for n in self.graph.find(name) if n.origin == "extractor" or n.id == name]
        if nodes:
            return self._target(mention, nodes, hints)
        dotted = name.replace("::", ".").replace("#", ".")
        prefix, _, member = dotted.rpartition(".")
        if not prefix:
            return self._missing(mention, dotted)
        return self._member(mention, prefix, member, hints)

    def _member(self, mention: Mention, prefix: str, member: str, hints: tuple[str, ...]) -> Target | Missing:
        containers = self._rank(self.graph.find(prefix), hints)
        for container in containers:
            if container.type in ("class", "interface"):
                for owner in (container, *self.relations.ancestors(container)):
                    nodes = [m for m in self.relations.members(owner) if m.name == member]
                    if nodes:
                        note = f"{container.name} inherits {member} from {owner.name}"
                        return self._target(mention, nodes, hints, note)
        scopes = [n for n in containers if n.type in ("package", "module")]
        homonyms = self._rank([n for n in self.graph.find(member) if n.type in SYMBOL_TYPES], hints)
        if scopes or prefix.partition(".")[0].lower() == self.project.lower():
            exported = [n for n in homonyms if self._exports(scopes, n)]
            if exported:
                return self._target(mention, exported, hints)
        if not containers and mention.shape == "path":
            return Missing(mention, self._near_paths(mention.name))
        if containers:
            own = containers[0]
            product = tuple(n for n in homonyms if not is_test(n))
            inside = self.member_names(own)
            # With nothing alike, what the container does have is the next best help.
            names = self.near(member, inside) or tuple(n for n in inside if not n.startswith("_"))[:3]
            owned = own.type in ("class", "interface")
            close = [f"{own.name}{joint_of(own)}{n}" if n in inside and owned else n for n in names]
            return Missing(mention, tuple(close), own, "", product[:5])
        outside = self._outside(mention)
        if outside is not None:
            return outside
        # `app.route`: a variable the index cannot know. Its member may still be unmistakable.
        if homonyms and prefix.isidentifier() and prefix.islower():
            return self._target(mention, homonyms, hints, f"taking {prefix} as an object that has {member}")
        elsewhere = tuple(homonyms[:5])
        return Missing(mention, self.near(prefix, ()) or self.near(member, ()), None, "", elsewhere)

    def _missing(self, mention: Mention, name: str) -> Target | Missing:
        return self._outside(mention) or Missing(mention, self.near(name, ()))

    def _outside(self, mention: Mention) -> Target | Missing | None:
        """What lies outside the repository: a package or name that its code uses, else one that the interpreter itself has."""
        name = mention.name.replace("::", ".").replace("#", ".")
        # A plain word of prose is an outside name only when it is the whole of one.
        loose = mention.shape in STRICT or mention.shape == "capital"
        names = {i: _full_name(i) for i in self._external_ids}
        found = [i for i, full in names.items() if full == name or (loose and full.endswith("." + name))]
        if found:
            best = min(found, key=lambda i: (_full_name(i) != name, len(i), i))
            node = self.graph.node(best) or Node(best, "external", name.rpartition(".")[2], "", "")
            return Target(mention, node, (node,))
        first = name.partition(".")[0]
        if hasattr(builtins, name):
            return Missing(mention, (), None, "the language itself")
        if first in sys.stdlib_module_names and (first != name or mention.shape in STRICT):
            return Missing(mention, (), None, first)
        return None

    def member_names(self, owner: Node) -> tuple[str, ...]:
        """Names of what `owner` defines or inherits."""
        above = self.relations.ancestors(owner) if owner.type in ("class", "interface") else []
        return tuple(sorted({node.name for each in (owner, *above) for node in self.relations.members(each)}))

    def near(self, name: str, preferred: tuple[str, ...]) -> tuple[str, ...]:
        """Real names most like `name`: those of its container first, then any; written as a person would ask for them."""
        close = _closest(name, preferred, _NEAR, 0.4)
        if len(close) < _NEAR:
            last = name.rpartition(".")[2]
            wide = self._near(last, 4 * _NEAR) if self._near else _closest(last, self._names, _NEAR)
            wide = [n for n in wide if any(not is_test(f) for f in self.graph.find(n))]
            wide = [n for n in wide if n not in close and re.split(r"::|\.", n)[-1] not in close]
            close += wide[: _NEAR - len(close)]
        return tuple(close)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(sorted({n.name for n in self.graph.nodes(SYMBOL_TYPES) if not is_test(n)}))

    @cached_property
    def _paths(self) -> tuple[str, ...]:
        return tuple(row.path for row in self.graph.files())

    def _by_path(self, path: str) -> list[Node]:
        wanted = path.strip("/").removeprefix("./")
        hits = [p for p in self._paths if p == wanted or p.endswith("/" + wanted)]
        nodes = [n for p in hits for n in self.graph.nodes(["module"], path=p)]
        if not nodes:
            nodes = [
                n
                for n in self.graph.nodes(["package"])
                if (n.id.partition(":")[2].strip("/") + "/").endswith("/" + wanted + "/")
                or n.id.partition(":")[2].strip("/") == wanted
            ]
        return nodes

    def _near_paths(self, path: str) -> tuple[str, ...]:
        tail = path.rpartition("/")[2]
        names = {p.rpartition("/")[2]: p for p in reversed(self._paths)}
        return tuple(names[n] for n in _closest(tail, tuple(sorted(names)), 3))

    def _exports(self, scopes: list[Node], node: Node) -> bool:
        """Whether one of `scopes` (packages, modules; none: the project) holds or re-exports `node` as its own name."""
        if "." in node.qualname:
            return False
        if not scopes:
            return not is_test(node)
        importers = {edge.src for edge in self.graph.edges(["imports"], dst=node.id)}
        for scope in scopes:
            place = scope.id.partition(":")[2]
            if scope.id in importers or node.path == scope.path:
                return True
            if scope.type == "package" and node.path.startswith(place.lstrip("/")):
                return True
        return False

    @cached_property
    def _external_ids(self) -> tuple[str, ...]:
        """Ids of everything outside that the graph knows of: called, imported, extended, raised or caught."""
        caught = (c for n in self.graph.having("catches") for c in n.meta["catches"])
        errors = {e for c in caught for e in c.get("errors", ()) if e.startswith("ext:")}
        return tuple(sorted({n.id for n in self.graph.nodes(["external"])} | errors))

    def _rank(self, nodes: list[Node], hints: tuple[str, ...]) -> list[Node]:
        def key(node: Node) -> tuple[object, ...]:
            hinted = any(
                h and h in (node.qualname, node.path, *node.qualname.split("."), *node.path.split("/")) for h in hints
            )
            overload = "overload" in node.meta.get("flags", ()) or "declaration" in node.meta.get("flags", ())
            return (
                not hinted,
                is_test(node),
                is_aside(node.path),
                any(hidden(part) for part in node.qualname.split(".")),
                _TYPE_ORDER.get(node.type, 9),
                overload,
                node.qualname.count("."),
                node.path.count("/"),
                node.id,
            )

        return sorted(nodes, key=key)

    def _target(self, mention: Mention, nodes: list[Node], hints: tuple[str, ...], note: str = "") -> Target:
        ranked = self._rank(nodes, tuple(h for h in hints if h != mention.name))
        node = ranked[0]
        group = tuple(n for n in ranked if _same_name(n, node))
        # Of several definitions the last body wins at run time; stubs of overloads have none.
        full = [n for n in group if "overload" not in n.meta.get("flags", ())] or list(group)
        node = max(full, key=lambda n: (n.lines[1] - n.lines[0], n.lines))
        # A module called like the symbol it holds is no rival to it.
        rivals = [n for n in ranked if ("#" in n.id) == ("#" in node.id)]
        # Nor is the constructor that bears its class's name.
        own = tuple(f"{n.id}." for n in group)
        rivals = [n for n in rivals if not (node.type == "class" and n.id.startswith(own))]
        # A declaration elsewhere of what is defined here is the same thing.
        rivals = [n for n in rivals if n.qualname != node.qualname or "declaration" not in n.meta.get("flags", ())]
        others = tuple(n for n in rivals if not _same_name(n, node))
        return Target(mention, node, group, others, note)


def _full_name(external: str) -> str:
    """`werkzeug.routing.BuildError` of `ext:werkzeug#routing.BuildError`; a builtin has its bare name."""
    package, _, symbol = external.removeprefix("ext:").partition("#")
    return symbol if package == "builtins" else f"{package}.{symbol}" if symbol else package


def _same_name(a: Node, b: Node) -> bool:
    """Whether two nodes are definitions of one name: same file, same qualified name, symbols both."""
    return a.id == b.id or ((a.path, a.qualname, "#" in a.id) == (b.path, b.qualname, "#" in b.id) and "#" in a.id)


def _closest(name: str, names: tuple[str, ...], count: int, least: float = 0.5) -> list[str]:
    """The names most like `name`, best first: edit similarity, or one containing the other. Deterministic."""
    import difflib

    wanted = name.lower()
    grams = {wanted[i : i + 2] for i in range(len(wanted) - 1)} or {wanted}
    scored = []
    for each in names:
        low = each.lower()
        # A cheap filter: without a shared pair of letters the ratio cannot reach the threshold.
        if abs(len(low) - len(wanted)) > max(6, len(wanted)) or not any(g in low for g in grams):
            continue
        matcher = difflib.SequenceMatcher(None, wanted, low, autojunk=False)
        if matcher.real_quick_ratio() < least or matcher.quick_ratio() < least:
            continue
        ratio = matcher.ratio() + (0.1 if wanted in low or low in wanted else 0.0)
        if ratio >= least:
            scored.append((-ratio, len(each), each))
    return [each for _, _, each in sorted(scored)[:count]]
