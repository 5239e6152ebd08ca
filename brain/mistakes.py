"""Errors as knowledge: one node per exception class of the repository and one per message a raise site gives.

From `throws` edges come raisers, message, guard and the public ways in; from handlers who catches it; from the words of the
message what to do about it. No evidence, no fix.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from brain.text import first_sentence, one_line, sentences, split_identifier, tokens
from brain.view import View, is_aside, is_public, is_test
from extractor.schema import Edge, Node

if TYPE_CHECKING:
    from brain.ontology import Draft

MOST: Final = 12
_HOLE: Final = re.compile(r"\{[^{}]*\}")
_ADVICE: Final = re.compile(
    r"\b(?:use|pass|set|install|specify|provide|call|add|remove|try|check|ensure|make sure|enable|choose|must be|must not"
    r"|should be|should not|expected|required|did you (?:mean|forget)|instead)\b",
    re.I,
)


def errors(view: View, census: Counter[str]) -> Iterator[Draft]:
    """Drafts for classes, then for raise sites with a message of their own."""
    from brain.ontology import Draft, error_classes, slug

    sites: dict[str, list[Edge]] = defaultdict(list)
    for node in view.of_type("function", "method", "module"):
        if is_test(node.path) or is_aside(node.path):
            continue
        for edge in view.out(node.id, "throws"):
            sites[edge.dst].append(edge)
    classes = sorted(i for i in error_classes(view) if not is_test(view.nodes[i].path))
    for class_id in classes:
        node = view.nodes[class_id]
        direct = [e for e in sites[class_id] if is_direct(e)]
        yield Draft(
            "error",
            slug(node.qualname),
            node,
            "exception class",
            title=node.name,
            purpose=first_sentence(str(node.meta.get("doc", ""))),
            evidence=tuple(sorted({class_id, *(e.src for e in direct)})),
            links=(("about", class_id, ()), *_links(view, direct, sites[class_id], class_id)),
        )
    for class_id in sorted(sites):
        for (source, message), edges in sorted(_by_message(sites[class_id]).items()):
            if not telling(message):
                census["refused: raise site without a message of its own"] += 1
                continue
            raiser = view.nodes[source]
            class_name = class_id.rpartition("#")[2].rpartition(".")[2] or class_id
            start = min(e.line for e in edges)
            guard = next((one_line(str(e.meta.get("guard") or "")) for e in edges if e.meta.get("guard")), "")
            more: tuple[tuple[str, Any], ...] = (("message", message), ("guard", guard), ("pattern", pattern(message)))
            yield Draft(
                "error",
                f"{slug(class_name)}-{slug(raiser.qualname)}",
                raiser,
                "message of a raise site",
                title=f"{class_name}: {message}",
                purpose="",
                evidence=tuple(f"{raiser.path}:{line}-{line}" for line in sorted({e.line for e in edges})),
                links=(
                    ("about", class_id, ()),
                    *_links(view, edges, [e for e in sites[class_id] if _comes_from(e, source)], class_id),
                ),
                more=(*more, ("fixes", fixes(message, f"{raiser.path}:{start}-{start}"))),
                path=raiser.path,
                lines=(start, start),
            )


def is_direct(edge: Edge) -> bool:
    return bool(edge.meta.get("how", "direct") == "direct")


def telling(message: str) -> bool:
    """Whether a template says enough to be recognised: two words or twelve letters that are not holes."""
    literal = _HOLE.sub(" ", message)
    return len(re.findall(r"[^\W\d_]{2,}", literal)) >= 2 or len(re.sub(r"\s", "", literal)) >= 12


def pattern(message: str) -> str:
    """A regular expression for what the template prints: literal pieces escaped, `.+?` for holes."""
    pieces = _HOLE.split(message)
    return ".+?".join(re.escape(piece) for piece in pieces)


def fixes(message: str, evidence: str) -> list[dict[str, str]]:
    """What the message itself tells its reader to do: its sentences that advise or demand something."""
    said = [s for s in sentences(one_line(message)) if _ADVICE.search(_HOLE.sub(" ", s)) and len(tokens(s)) <= 25]
    return [{"text": s, "evidence": evidence} for s in said]


def _by_message(edges: list[Edge]) -> dict[tuple[str, str], list[Edge]]:
    groups: dict[tuple[str, str], list[Edge]] = defaultdict(list)
    for edge in edges:
        if is_direct(edge):
            groups[edge.src, one_line(str(edge.meta.get("message") or ""))].append(edge)
    return groups


def _comes_from(edge: Edge, source: str) -> bool:
    return not is_direct(edge) and edge.meta.get("callee") == source


def _links(
    view: View, direct: list[Edge], every: list[Edge], class_id: str
) -> tuple[tuple[str, str, tuple[tuple[str, Any], ...]], ...]:
    raisers = dict.fromkeys(e.src for e in sorted(direct, key=lambda e: (e.src, e.line)))
    reached = {e.src: str(e.meta.get("callee", "")) for e in every if not is_direct(e) and _public(view, e.src)}
    links: list[tuple[str, str, tuple[tuple[str, Any], ...]]] = [
        ("raiser", source, ()) for source in list(raisers)[:MOST]
    ]
    links += [("reaches", source, (("callee", reached[source]),)) for source in sorted(reached)[:MOST]]
    links += [("handler", source, (("action", action),)) for source, action in view.catchers(class_id)[:MOST]]
    return tuple(links)


def _public(view: View, node_id: str) -> bool:
    node: Node | None = view.node(node_id)
    return node is not None and is_public(node) and not any(p.startswith("_") for p in split_identifier(node.name))
