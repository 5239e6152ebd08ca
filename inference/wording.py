"""How answers are worded: names, kinds, lists and counts. In: nodes and rows. Out: Claims, each a sentence with the spans of
source it rests on. No sentence here is written without a graph fact under it.
"""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from brain.markup import indent_of
from brain.text import clean, first_sentence, is_licence, one_line, paragraph, sentences, when
from brain.view import noun
from dataset.names import firsts
from extractor.graph import Graph
from extractor.schema import SURE, Node
from extractor.spelling import joint_of, owner_of, spelled
from inference.citations import Span
from inference.relations import Absence, Handler, Row

SHOWN: Final = 40  # items of one list; the rest is counted
INLINE: Final = 3
_QUOTED: Final = 300  # characters of a document in one answer
SELF: Final = frozenset({"self", "cls", "this"})
_KIND: Final = {"external": "name from outside the repository", "variable": "variable"}
_SECTION = re.compile(
    r"^\s*(?::(?:returns?|rtype)\s*:\s*(?P<sphinx>.+)|@returns?\s+(?:\{[^}]*\}\s*)?(?P<tagged>.+)|Returns?:?\s*$)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Claim:
    """`text` is one sentence, a list item when `item`, lines of code when `code`; `spans` are what it rests on."""

    text: str
    spans: tuple[Span, ...] = ()
    item: bool = False
    code: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """The answer to one intent. `value`: yes (found), no (searched everywhere, none), unknown, missing (no such name).
    `score` is how sure, by what it rests on; `features` says why; `about` is the symbol that leads, for the next question."""

    kind: str
    claims: tuple[Claim, ...]
    value: str = "yes"
    score: float = 1.0
    features: tuple[tuple[str, float], ...] = ()
    targets: tuple[str, ...] = ()
    about: str = ""


def advice(fix: str) -> str:
    """A fix the index knows, as a sentence."""
    return f"To check: {fix}" if fix.endswith(".") else f"To check: {fix}."


def by_class(pairs: Iterable[tuple[Node, Row]]) -> list[str]:
    """Each class once, with who raises it."""
    raisers: dict[str, list[str]] = {}
    for node, row in pairs:
        raisers.setdefault(name_of(node), []).append(name_of(row.node))
    return [f"{name} (by {few(list(dict.fromkeys(names)), 3)})" for name, names in raisers.items()]


def name_of(node: Node) -> str:
    """As a person would write it in code: the qualified name, a module's path, a package's directory."""
    if node.type == "external":
        package, _, symbol = node.id.removeprefix("ext:").partition("#")
        if not symbol:
            return clean(package)
        led = "" if package in ("builtins", "") else f"{package}{joint_of(node)}"
        return clean(f"{led}{spelled(node)}") or clean(package)
    if node.type in ("module", "package"):
        return clean(node.path or node.name)
    return clean(spelled(node))


def names_of(nodes: Sequence[Node], besides: Sequence[Node] = ()) -> list[str]:
    """The names of `nodes`; where two would read alike, each with its module before it."""
    every = list({n.id: n for n in (*nodes, *besides)}.values())
    shared = Counter(name_of(n) for n in every)
    named = [name_of(n) if shared[name_of(n)] == 1 or "#" not in n.id else f"{_stem(n)}.{name_of(n)}" for n in nodes]
    return list(dict.fromkeys(named))


def _stem(node: Node) -> str:
    """`core` of src/click/core.py, `click` of src/click/__init__.py."""
    *folders, name = node.path.split("/")
    stem = name.partition(".")[0]
    return folders[-1] if stem in ("__init__", "index") and folders else stem


def kind_of(node: Node) -> str:
    """`a method of the class Context`, `an async function`, `a module`."""
    flags = set(node.meta.get("flags", ()))
    owner = owner_of(node)
    if node.type == "method":
        word = "a static method" if "static" in flags or "staticmethod" in flags else "a method"
        if "classmethod" in flags:
            word = "a class method"
        if "property" in flags:
            word = "a property"
        if "constructor" in flags or node.name in ("__init__", "constructor"):
            word = "the constructor"
        elif "abstract" in flags:
            word = "an abstract method"
        elif "async" in flags:
            word = "an async method"
        return f"{word} of {owner}" if owner else word
    if node.type == "variable":
        constant = node.name.isupper() or "const" in flags
        if owner and flags & {"variant", "enum_constant"}:
            return f"a variant of {owner}" if "variant" in flags else f"a constant of the enum {owner}"
        if owner:
            return f"{'a constant' if constant else 'an attribute'} of {owner}"
        return "a module-level constant" if constant else "a module-level variable"
    if node.type == "function":
        word = "an async function" if "async" in flags else "a function"
        inside = (
            "nested in" if flags & {"nested", "lambda"} else "of"
        )  # a namespace or an object is not what runs around it
        return f"{word} {inside} {owner}" if owner else word
    for flag in ("enum", "struct", "dataclass"):
        if flag in flags and node.type == "class":
            return f"{'an' if flag == 'enum' else 'a'} {flag}"
    word = _KIND.get(node.type, noun(node))
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def here(node: Node, via: str = "definition") -> tuple[Span, ...]:
    """The span that defines `node`; none for what has no place in a file."""
    start, end = node.lines
    return (Span(node.path, start, end, node.id, via),) if start and node.path else ()


def header(node: Node) -> tuple[Span, ...]:
    """The first lines of a module: enough to see what it is."""
    start, end = node.lines
    return (Span(node.path, start, min(end, start + 11), node.id, "module"),) if start and node.path else ()


def opening(node: Node) -> tuple[Span, ...]:
    """Where a symbol is defined; of a file its first lines."""
    return here(node) if "#" in node.id else header(node)


def at(row: Row) -> tuple[Span, ...]:
    """The line where a relation stands, else the definition of its source."""
    path, line = row.site
    return (
        (Span(path, line, line, row.site_node, row.edge.kind if row.edge else "site"),)
        if line and path
        else here(row.node)
    )


def sites_of(rows: Iterable[Row]) -> tuple[Span, ...]:
    """Where relations stand, row by row."""
    return tuple(span for row in rows for span in at(row))


def places_of(nodes: Iterable[Node]) -> tuple[Span, ...]:
    """Where nodes are defined, one after the other."""
    return tuple(span for node in nodes for span in here(node))


def row_names(rows: Iterable[Row | Handler]) -> list[str]:
    """The names of related nodes, row by row."""
    return [name_of(row.node) for row in rows]


def caught_at(handler: Handler) -> tuple[Span, ...]:
    """The line of a catch clause."""
    node, line = handler.node, handler.line
    return (Span(node.path, line, line, node.id, "catches"),) if line else here(node)


def join(words: Iterable[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    listed = list(words)
    return f"{', '.join(listed[:-1])} {last} {listed[-1]}" if len(listed) > 1 else "".join(listed)


def built_on(rows: Sequence[Row]) -> str:
    """What those who build on a type do to it."""
    return "implemented" if rows and all(r.edge and r.edge.kind == "implements" for r in rows) else "extended"


def unique(rows: Sequence[Row]) -> list[Row]:
    """One row per related node, the first."""
    return firsts(rows, lambda row: row.node.id)


def signature(node: Node) -> str:
    """The signature as written, on one line; "" when there is none."""
    return one_line(str(node.meta.get("signature", "")))


def parameters(node: Node) -> list[dict[str, Any]]:
    """Parameters as declared, the receiver left out."""
    return [p for p in node.meta.get("params", ()) if p.get("name", "").lstrip("*&") not in SELF]


def parameter(param: dict[str, Any]) -> str:
    """`err: bool = False`, `*args`."""
    star = param.get("kind", "") if param.get("kind", "") in ("*", "**") else ""
    name = one_line(str(param["name"]))
    text = name if name.startswith("*") else star + name
    if param.get("annotation"):
        text += f": {one_line(str(param['annotation']))}"
    if param.get("default"):
        text += (
            f" = {one_line(str(param['default']))}"
            if param.get("annotation")
            else f"={one_line(str(param['default']))}"
        )
    return text


def brief(param: dict[str, Any]) -> str:
    """`err=False`: name and default only."""
    star = param.get("kind", "") if param.get("kind", "") in ("*", "**") and not param["name"].startswith("*") else ""
    default = one_line(str(param.get("default") or ""))
    return f"{star}{one_line(str(param['name']))}" + (f"={default}" if default else "")


def purpose(node: Node, limit: int = 60) -> str:
    """What its documentation says first: whole sentences of the first paragraph while they fit in `limit` words."""
    doc = str(node.meta.get("doc", ""))
    lead = first_sentence(doc, name=node.name)
    if not doc or (node.type in ("module", "package") and is_licence(doc)):
        return ""
    kept: list[str] = []
    for sentence in sentences(paragraph(doc)):
        if sum(len(k.split()) for k in [*kept, sentence]) > limit or sentence.rstrip().endswith(":"):
            break
        kept.append(sentence.strip())
    text = " ".join(kept)
    chosen = text if len(text) > len(lead) and text[:1].isalnum() else lead
    return chosen if not chosen or chosen[-1] in ".!?…:”)" else f"{chosen}."


def documented_return(node: Node) -> str:
    """The sentence of the documentation that says what comes back, "" when there is none."""
    doc = inspect.cleandoc(clean(str(node.meta.get("doc", ""))))
    for match in _SECTION.finditer(doc):
        text = match.group("sphinx") or match.group("tagged")
        if not text:
            rest = [line.strip() for line in doc[match.end() :].splitlines() if line.strip(" -=")]
            text = rest[0] if rest else ""
        if text:
            return one_line(text).rstrip(".")
    return ""


def documented_parameter(node: Node, name: str) -> str:
    """What the documentation says of one parameter, in any of the five usual forms; "" when nothing."""
    doc = inspect.cleandoc(clean(str(node.meta.get("doc", ""))))
    word = re.escape(name.lstrip("*&"))
    lines = doc.split("\n")
    for number, line in enumerate(lines):
        found = re.match(
            rf"\s*(?::param(?:eter)?\s+(?:[\w.\[\]| ]+\s+)?\*{{0,2}}{word}\s*:|@param\s+{word}\s)\s*(.*)", line
        ) or re.match(rf"\s+\*{{0,2}}{word}\s*(?:\([^)]*\))?:\s*(.*)", line)
        listed = re.match(
            rf"\s*[-*+]\s+(?:\*\*|``?){word}(?:\*\*|``?)\s*(?:\([^)]*\))?\s*[-–:]\s*(?:\*?\(optional\)\*?\s*)?(.*)",
            line,
        )
        # `@param {Number} [options.limit=10] how many`, as scripts document what stands in an object that is passed.
        tagged = re.match(rf"\s*@param\s+\{{[^}}]*\}}\s+\[?(?:\w+\.)*{word}(?:=[^\]]*)?\]?(?![\w.])\s*-?\s*(.*)", line)
        found = found or listed or tagged
        numpy = re.match(rf"{word}\s*:\s*\S.*$|{word}$", line)
        if found is None and (numpy is None or number + 1 >= len(lines) or not lines[number + 1].startswith(" ")):
            continue
        said = [found.group(1)] if found else []
        indent = indent_of(line)
        for more in lines[number + 1 :]:
            outside = indent_of(more) <= indent and (listed is None or re.match(r"\s*[-*+]\s", more))
            outside = bool(re.match(r"\s*@\w", more)) if tagged else outside
            if not more.strip() or outside:
                break
            said.append(more.strip())
        return paragraph(" ".join(s for s in said if s)).rstrip(".")
    return ""


def anchor_of(graph: Graph, node: Node) -> Node | None:
    """The symbol that an ontology node stands on: the first of its evidence."""
    return graph.node(str((node.meta.get("evidence") or [""])[0]))


def title_of(graph: Graph, node: Node) -> str:
    """What an ontology node is called: the symbol it stands on, an error by its message, else its own title."""
    anchor = anchor_of(graph, node) if node.type in ("capability", "concept") else None
    return name_of(anchor) if anchor else one_line(str(node.meta.get("title", "") or node.name))


def quote(text: str) -> str:
    """What a document says, on one line and not too much of it: whole sentences while they fit."""
    said = one_line(text)
    if len(said) <= _QUOTED:
        return said
    kept = ""
    for sentence in sentences(said):
        longer = f"{kept} {sentence.strip()}".strip()
        if len(longer) > _QUOTED:
            break
        kept = longer
    return kept or said[: _QUOTED - 3].rpartition(" ")[0] + " …"


def hedge(row: Row) -> str:
    """A word for edges that are not certain."""
    return "" if row.confidence > SURE + 0.1 or row.via == "decorated" else "probably "


def few(names: Sequence[str], limit: int = 5) -> str:
    told, counted = each_once(names), list(Counter(names).values())
    if len(told) <= limit + 1:
        return join(told)
    return f"{', '.join(told[:limit])} and {sum(counted[limit:])} more"


def each_once(names: Sequence[str]) -> list[str]:
    """Names in order; one that several things bear stands once, with how many they are."""
    return [name if n == 1 else f"{name} ({n} of that name)" for name, n in Counter(names).items()]


def raised(row: Row) -> str:
    """Who or what an error edge names, with its guard and message."""
    meta = row.edge.meta if row.edge else {}
    text, message = name_of(row.node) + when(str(meta.get("guard") or ""), 20), one_line(str(meta.get("message") or ""))
    return text + (f" (“{message}”)" if _tells(message) else "")


def at_most(most: int, items: Sequence[Claim]) -> list[Claim]:
    """The first of a list's items, and how many are left out."""
    left = len(items) - most
    return [*items[:most], *([Claim(f"{left} more are not shown.")] if left > 0 else ())]


def listing(kind: str, lead: str, rows: Sequence[Row], say: Callable[[Row], str]) -> Section:
    """A lead sentence and its rows: in the sentence when few and short, as a list when many. Rows that read alike are one."""
    spans: dict[str, tuple[Span, ...]] = {}
    for row in rows:
        text = say(row)
        spans[text] = (*spans.get(text, ()), *at(row))
    if len(spans) == 1 or (len(spans) <= INLINE and all(len(text) < 70 for text in spans)):
        return Section(kind, (Claim(f"{lead} {join(spans)}.", tuple(s for own in spans.values() for s in own)),))
    items = [Claim(text, own, item=True) for text, own in spans.items()]
    return Section(kind, (Claim(f"{lead}:"), *at_most(SHOWN, items)))


def none(kind: str, node: Node, said: str, absence: Absence) -> Section:
    """`said` completes "… <said>": "calls nothing in the repository"."""
    spans = opening(node)
    if absence.certain:
        return Section(kind, (Claim(f"None found: {name_of(node)} {said}.", spans),), "no", 0.9)
    text = f"As far as is known {name_of(node)} {said}, but {absence.reason}."
    return Section(kind, (Claim(text, spans),), "unknown", 0.6)


def _tells(message: str) -> bool:
    """Whether an error template holds words of its own, not only holes."""
    return bool(re.search(r"[A-Za-z]{2}", re.sub(r"\{[^{}]*\}", "", message))) and len(message) <= 160
