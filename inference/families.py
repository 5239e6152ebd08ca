"""Which things of a kind there are: "what exceptions does click define", "which middleware comes with it". In: the question. Out: a
section that counts and lists the classes the noun means, by their names and what they extend; None when no class bears it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from brain.text import split_identifier, stem
from brain.view import hidden, is_aside, is_direct, is_public, is_test, is_test_id
from config.console import plural
from extractor.schema import Edge, Node
from inference.citations import Span
from inference.compose import Composer
from inference.retrieve import akin
from inference.wording import Claim, Section, at_most, here, join, kind_of, name_of, purpose

_SHOWN: Final = 20
_FEWEST: Final = 2  # of one thing there is no list
_OTHERS: Final = 8  # errors of others' making that are named
_NOUN = r"(?P<noun>[a-z][\w-]*(?:\s+(?!(?:are|is|do|does|can|come|comes|ship|ships|exist|has|have)\b)[a-z][\w-]*){0,2})"
_THERE = (
    r"(?:(?:are|is)\s+(?:there|available|supported|built[\s-]?in|included|provided|defined|offered|possible|implemented|known)"
    r"|exists?\b|(?:comes?|ships?)\s+with|can\s+(?:be\s+(?:used|set|chosen|picked|applied|combined|enabled|passed|added|created)|(?:i|we|one|you)\s+(?:use|choose|pick|set|select))"
    r"|do(?:es)?\s+(?:it|they|this(?:\s+\w+)?|the\s+\w+|{project})\s+(?:\w+\s+)?"
    r"(?:define|have|provide|offer|support|ship|come|include|know|contain|implement|raise|throw)s?\b"
    r"|do\s+(?:i|we|you)\s+have)"
)
_KINDS = r"(?:(?:kinds?|sorts?|types?|varieties|classes|implementations?)\s+of\s+)?"
_ERROR_LIKE: Final = re.compile(r"^[A-Z]|err|panic")  # what is thrown by way of a function is named by that function
_ERRORS: Final = frozenset({"error", "exception", "errors", "exceptions"})
# Words of a class name that say how it is built, not what it is.
_FORM: Final = frozenset({"base", "abstract", "mixin", "interface", "i", "default", "class"})


def family(composer: Composer, text: str, project: str) -> Section | None:
    """The classes that a question of the form "which Xs are there" asks for."""
    noun = _noun(text, project)
    if not noun:
        return None
    words = noun.split()
    wanted = [stem(w) for w in words]
    classes = [n for n in composer.graph.nodes(["class", "interface"]) if n.origin == "extractor" and _counts(n)]
    if words[-1] in _ERRORS:
        found = [n for n in classes if composer.errors.is_error(n) and _has(n, wanted[:-1])]
    else:
        roots = [n for n in classes if _is(n, wanted)]
        below = [d for root in roots for d in composer.relations.descendants(root) if _counts(d)]
        found = list({n.id: n for n in (*roots, *below)}.values())
    public = [n for n in found if not any(hidden(part) for part in n.qualname.split("."))] or found
    if len(public) < _FEWEST:
        return None
    return _listed(composer, public, noun)


def failures(composer: Composer, text: str) -> Section:
    """Which errors the product has of its own, and which of others' making it raises, how often."""
    raised: dict[str, list[Edge]] = {}
    for edge in composer.graph.edges(["throws"]):
        if is_direct(edge) and not is_test_id(edge.src):
            raised.setdefault(edge.dst, []).append(edge)
    thrown = [n for n in map(composer.graph.node, sorted(raised)) if n is not None]
    classes = [n for n in composer.graph.nodes(["class", "interface"]) if composer.errors.is_error(n)]
    roots = [n for n in (*classes, *thrown) if n.origin == "extractor" and n.type != "external"]
    every = {n.id: n for root in roots for n in (root, *composer.relations.descendants(root))}
    own = sorted((n for n in every.values() if _counts(n) and is_public(n)), key=lambda n: (n.path, n.lines, n.id))
    noun = "exceptions" if "exception" in text.lower() else "errors"
    claims = _listed(composer, own, noun).claims if len(own) >= _FEWEST else _cases(composer, own)
    others = [n for n in thrown if n.type == "external" and _ERROR_LIKE.search(n.name)]
    often = sorted(others, key=lambda n: (-len(raised[n.id]), n.id))[:_OTHERS]
    if often:
        told = join([f"{name_of(n)} ({plural(len(raised[n.id]), 'place')})" for n in often])
        lead = "Besides these, it raises" if own else "It has no error class of its own; it raises"
        sites = [raised[n.id][0] for n in often]
        spans = [
            Span(n.path, e.line, e.line, n.id, "throws") for e in sites if (n := composer.graph.node(e.src)) is not None
        ]
        claims += (Claim(f"{lead} {told}.", tuple(spans)),)
    if not claims:
        claims = (Claim("The index knows no error that it raises."),)
    return Section(
        "discovery", claims, "yes" if own or often else "no", 0.85, targets=tuple(n.id for n in own[:_SHOWN])
    )


def _cases(composer: Composer, own: list[Node]) -> tuple[Claim, ...]:
    """The one error class there is, with what it tells apart."""
    claims: list[Claim] = []
    for node in own:
        cases = [m for m in composer.relations.members(node) if m.type == "variable" and is_public(m) and purpose(m)]
        said = f" — {tell.rstrip('.')}" if (tell := purpose(node, 25)) else ""
        claims.append(
            Claim(f"Its own errors are all {name_of(node)} in {node.path}{said}{':' if cases else '.'}", here(node))
        )
        claims += [Claim(f"{name_of(c)} — {purpose(c, 25)}", here(c), item=True) for c in cases[:_SHOWN]]
    return tuple(claims)


def _noun(text: str, project: str) -> str:
    there = _THERE.replace("{project}", re.escape(project.lower()) or "it")
    for pattern in (
        rf"^\W*(?:which|what)\s+(?:other\s+|different\s+)?{_KINDS}{_NOUN}\s+{there}",
        rf"\b(?:(?:class|inheritance|type)\s+)?(?:hierarchy|tree)\s+of\s+(?:the\s+|all\s+(?:the\s+)?)?{_NOUN}\s*[?.!]*$",
        rf"^\W*(?:list|show|name|enumerate)\s+(?:me\s+)?(?:all\s+)?(?:of\s+)?(?:the\s+)?(?:available\s+|supported\s+)?{_KINDS}{_NOUN}\s*(?:{there}.*)?[?.!]*$",
    ):
        match = re.search(pattern, text.strip().lower())
        if match:
            noun = re.sub(r"\s+", " ", match["noun"])
            # "Which key types are there" asks for keys.
            return re.sub(r"\s+(?:types?|kinds?|sorts?|variants?|classes|implementations?)$", "", noun)
    return ""


def _counts(node: Node) -> bool:
    return node.type != "external" and not is_test(node) and not is_aside(node.path)


def _parts(node: Node) -> list[str]:
    parts = [p.lower() for p in split_identifier(node.name)]
    return [stem(p) for p in parts if p not in _FORM] or [stem(p) for p in parts]


def _is(node: Node, wanted: list[str]) -> bool:
    """Whether the class is named a `wanted`: its last words are those, shortened or not."""
    parts = _parts(node)
    tail = parts[-len(wanted) :]
    return len(tail) == len(wanted) and all(akin(word, part) for word, part in zip(wanted, tail, strict=True))


def _has(node: Node, wanted: Iterable[str]) -> bool:
    parts = _parts(node)
    return all(any(akin(word, part) for part in parts) for word in wanted)


def _listed(composer: Composer, found: list[Node], noun: str) -> Section:
    ids = {n.id for n in found}
    heirs = {n.id: [d for d in composer.relations.descendants(n) if d.id in ids] for n in found}
    ordered = sorted(found, key=lambda n: (-len(heirs[n.id]), n.path, n.lines, n.id))
    root = ordered[0] if heirs[ordered[0].id] else None
    countable = noun.endswith("s") and not noun.endswith("ss")
    lead = f"There are {len(ordered)} {noun if countable else f'kinds of {noun}'} here"
    if root is not None:
        many = len(heirs[root.id])
        lead += f", {'all the others' if many == len(ordered) - 1 else f'{many} of them'} built on {name_of(root)}"
    items = []
    for node in ordered:
        said = purpose(node, 25)
        bases = [name_of(r.node) for r in composer.relations.bases(node) if root is None or r.node.id != root.id]
        text = f"{name_of(node)} in {node.path}"
        if said:
            text += f" — {said}"
        elif bases:
            text += f", {kind_of(node)} that extends {join(bases)}"
        items.append(Claim(text, here(node), item=True))
    claims = (Claim(f"{lead}:", here(root) if root else ()), *at_most(_SHOWN, items))
    targets = tuple(n.id for n in ordered[:_SHOWN])
    return Section("discovery", claims, "yes", 0.85, (("family", float(len(ordered))),), targets)
