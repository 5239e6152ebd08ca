"""Errors as knowledge: one node per exception class of the repository and one per message a raise site gives.

From `throws` edges come raisers, message, guard and the public ways in; from handlers who catches it; from the words of the
message, and of documents and tests, what to do about it. No evidence, no fix; a handler is none: it mends nothing.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final

from brain.corpus import is_document
from brain.drafts import Draft, Link, error_classes, slug
from brain.index import Files
from brain.text import first_sentence, one_line, sentences, split_identifier, tokens
from brain.tried import Tried, advice, tried
from brain.view import View, is_aside, is_direct, is_history, is_public, is_test
from extractor.schema import Edge, Node

MOST: Final = 12
_HOLE: Final = re.compile(r"\{[^{}]*\}")
_VERB = (
    r"(?:us(?:e|ing)|pass(?:ing)?|set(?:ting)?|install(?:ing)?|specify(?:ing)?|provid(?:e|ing)|call(?:ing)?|add(?:ing)?"
    r"|remov(?:e|ing)|check(?:ing)?|ensure|make sure|enabl(?:e|ing)|choos(?:e|ing)|increas(?:e|ing)|reduc(?:e|ing)|run|see)"
)
_ADVICE: Final = re.compile(
    rf"(?:^|[,;:(—–-]\s*|\b(?:please|try|or|and|then)\s+){_VERB}\s+\S|\b(?:must|should|needs? to|has to|have to)\s+(?:be|have|not|\w+)\b"
    r"|^expected\b|\bexpected\s+(?:an?|the|to)\b|\brequires?\b|\bis required\b",
    re.I,
)
_NEGATED: Final = {"<": ">=", ">": "<=", "<=": ">", ">=": "<", "==": "!=", "!=": "==", "is": "is not", "is not": "is"}
_COMPARE: Final = re.compile(r"^([\w.\[\]()]+)\s+(<=|>=|==|!=|<|>|is not|is)\s+([\w.'\"-]+)$")
_REACH: Final = 2000  # callers followed upwards from a raise site


def errors(view: View, texts: Files, census: Counter[str]) -> Iterator[Draft]:
    """Drafts for classes, then for raise sites with a message of their own. `texts` may be empty: then only the graph speaks."""
    sites: dict[str, list[Edge]] = defaultdict(list)
    for node in view.of_type("function", "method", "module"):
        if is_test(node) or is_aside(node.path):
            continue
        for edge in view.out(node.id, "throws"):
            sites[edge.dst].append(edge)
    for class_id in sorted(i for i in error_classes(view) if not is_test(view.nodes[i])):
        yield _of_class(view, texts, view.nodes[class_id], sites[class_id])
    attempts = tried(view, texts)
    for class_id in sorted(sites):
        yield from _of_messages(view, texts, census, class_id, sites[class_id], attempts)


def _of_class(view: View, texts: Files, node: Node, thrown: list[Edge]) -> Draft:
    direct = [e for e in thrown if is_direct(e)]
    message = class_message(node)
    said = [*fixes(message, f"{node.path}:{node.lines[0]}-{node.lines[1]}"), *documented(node.name, texts)]
    more: list[tuple[str, Any]] = [("fixes", said)]
    if message:
        more += [("message", message), ("pattern", pattern(message))]
    return Draft(
        "error",
        slug(node.qualname),
        node,
        "exception class",
        title=node.name,
        purpose=first_sentence(str(node.meta.get("doc", ""))),
        evidence=tuple(sorted({node.id, *(e.src for e in direct)})),
        links=(("about", node.id, ()), *_links(view, direct, thrown, view.catchers(node.id))),
        more=tuple(more),
    )


def _of_messages(
    view: View, texts: Files, census: Counter[str], class_id: str, thrown: list[Edge], attempts: Sequence[Tried]
) -> Iterator[Draft]:
    """One draft per function and message with which it raises this class."""
    class_name = class_id.rpartition("#")[2].rpartition(".")[2] or class_id
    through: dict[str, list[Edge]] = defaultdict(list)
    for edge in thrown:
        if not is_direct(edge):
            through[str(edge.meta.get("callee", ""))].append(edge)
    raised = view.node(class_id)
    own = class_message(raised) if raised is not None else ""
    by_message = _by_message(thrown)
    messages = Counter(source for source, _ in by_message)
    for (source, message), edges in sorted(by_message.items()):
        if not telling(message) or message == own:
            census["refused: raise site without a message of its own"] += 1
            continue
        raiser, onward = view.nodes[source], through.get(source, [])
        start = min(e.line for e in edges)
        guard = next((one_line(str(e.meta.get("guard") or "")) for e in edges if e.meta.get("guard")), "")
        place = f"{raiser.path}:{start}-{start}"
        ways = [e.src for e in onward]
        shown = advice(attempts, class_name, source, ways, message, only=messages[source] == 1)
        said = [*fixes(message, place), *_opposite(guard, raiser, place, _above(edges, raiser, texts)), *shown]
        yield Draft(
            "error",
            f"{slug(class_name)}-{slug(raiser.qualname)}",
            raiser,
            "message of a raise site",
            title=f"{class_name}: {message}",
            purpose="",
            evidence=tuple(f"{raiser.path}:{line}-{line}" for line in sorted({e.line for e in edges})),
            links=(("about", class_id, ()), *_links(view, edges, onward, _around(view, source, class_id))),
            more=(("message", message), ("guard", guard), ("pattern", pattern(message)), ("fixes", said)),
            path=raiser.path,
            lines=(start, start),
        )


def telling(message: str) -> bool:
    """Whether a template says enough to be recognised: two words or twelve letters that are not holes."""
    literal = _HOLE.sub(" ", message)
    return len(re.findall(r"[^\W\d_]{2,}", literal)) >= 2 or len(re.sub(r"\s", "", literal)) >= 12


def pattern(message: str) -> str:
    """A regular expression for what the template prints: literal pieces escaped, `.+?` for holes."""
    if message.endswith("…"):  # which stands for what was too long to keep
        message = f"{message.removesuffix('…')}{{}}"
    pieces = _HOLE.split(message)
    return ".+?".join(re.escape(piece) for piece in pieces)


def fixes(message: str, evidence: str) -> list[dict[str, str]]:
    """What the message itself tells its reader to do: its sentences that advise or demand something."""
    said = [s for s in sentences(one_line(message)) if _ADVICE.search(_HOLE.sub("X", s)) and len(tokens(s)) <= 25]
    return [{"text": s, "evidence": evidence} for s in said]


def documented(name: str, texts: Files) -> list[dict[str, str]]:
    """The first advice a document of the repository gives in a sentence that names the class."""
    whole = re.compile(rf"\b{re.escape(name)}\b")
    for path, (_, text) in sorted(texts.items()):
        if not is_document(path) or not whole.search(text) or is_history(path):
            continue
        lines = text.split("\n")
        for number, line in enumerate(lines, 1):
            if not whole.search(line):
                continue
            said = " ".join(part.strip() for part in lines[number - 1 : number + 2]).replace("`", "")
            for sentence in sentences(one_line(said)):
                if (
                    whole.search(sentence)
                    and _ADVICE.search(sentence)
                    and 4 <= len(tokens(sentence)) <= 25
                    and sentence[-1] in ".!"
                ):
                    return [{"text": sentence, "evidence": f"{path}:{number}-{min(number + 2, len(lines))}"}]
    return []


def class_message(node: Node) -> str:
    """The template an exception class gives its base in its constructor, empty when it passes on what it was given."""
    said = str(node.meta.get("says", ""))
    return one_line(said) if telling(said) else ""


def _opposite(guard: str, raiser: Node, evidence: str, above: str) -> list[dict[str, str]]:
    """The plain opposite of a one-comparison guard over a parameter of the raiser. `above` is the code that leads to the raise:
    where something else stands between the two, that decides as well, and the opposite mends nothing."""
    match = _COMPARE.match(guard)
    names = {str(p.get("name", "")).lstrip("*") for p in raiser.meta.get("params", ())} - {"self", "cls", "this"}
    if match is None or match.group(1).partition(".")[0].partition("[")[0] not in names:
        return []
    left, sign, right = match.groups()
    if not all(part in above for part in (left, right)):
        return []
    return [{"text": f"Ensure that {left} {_NEGATED[sign]} {right}.", "evidence": evidence}]


def _above(edges: Sequence[Edge], raiser: Node, texts: Files) -> str:
    """The line of the first raise with the nearest one above it that holds code; empty without the text."""
    lines = texts[raiser.path].lines()[: min(e.line for e in edges)] if raiser.path in texts else []
    return " ".join([line for line in lines if re.search(r"\w", line)][-2:])


def _around(view: View, raiser: str, class_id: str) -> list[tuple[str, str]]:
    """The handlers of this class that a raise in `raiser` reaches, near ones first: what comes out of a function, its own have
    not caught, and neither has a caller that lets it through."""
    catchers = dict(view.catchers(class_id))
    seen, queue, found = {raiser}, [raiser] if catchers else [], []
    while queue and len(seen) < _REACH:
        current = queue.pop(0)
        for caller in sorted({edge.src for edge in view.into(current, "calls")} - seen):
            seen.add(caller)
            passed = [e for e in view.out(caller, "throws") if e.dst == class_id and not is_direct(e)]
            if caller in catchers and all(e.meta.get("callee") != current for e in passed):
                found.append((caller, catchers[caller]))
            if passed:
                queue.append(caller)
    return found


def _by_message(edges: list[Edge]) -> dict[tuple[str, str], list[Edge]]:
    groups: dict[tuple[str, str], list[Edge]] = defaultdict(list)
    for edge in edges:
        if is_direct(edge):
            groups[edge.src, one_line(str(edge.meta.get("message") or ""))].append(edge)
    return groups


def _links(view: View, direct: list[Edge], every: list[Edge], handlers: Sequence[tuple[str, str]]) -> tuple[Link, ...]:
    raisers = dict.fromkeys(e.src for e in sorted(direct, key=lambda e: (e.src, e.line)))
    reached = {e.src: str(e.meta.get("callee", "")) for e in every if not is_direct(e) and _public(view, e.src)}
    links: list[Link] = [("raiser", source, ()) for source in list(raisers)[:MOST]]
    links += [("reaches", source, (("callee", reached[source]),)) for source in sorted(reached)[:MOST]]
    links += [("handler", source, (("action", action),)) for source, action in handlers[:MOST]]
    return tuple(links)


def _public(view: View, node_id: str) -> bool:
    node: Node | None = view.node(node_id)
    return node is not None and is_public(node) and not any(p.startswith("_") for p in split_identifier(node.name))
