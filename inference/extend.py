"""Making one's own: "how do I write a custom validator". In: the question. Out: the class to extend, what those do that extend it here,
and the shortest of them as written; nothing where no class that others build on is called so.
"""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from typing import Final

from brain.text import clean, split_identifier, stem
from brain.view import is_aside, is_public, is_test
from config.console import plural
from extractor.schema import Node
from inference.citations import Span
from inference.compose import Composer
from inference.retrieve import Retriever, akin, content_words
from inference.wording import Claim, few, here, join, kind_of, name_of, places_of, purpose

_OWN = re.compile(
    r"\b(?:custom|customi[sz]ed|(?:my|our|your|one's)\s+own|(?:sub-?class|extend|implement)(?:ing)?)\b", re.IGNORECASE
)
_BEHIND: Final = r"[?.!,;:]|\b(?:for|from|in|into|on|with|without|that|which|when|so|by|instead|using|to|and|or)\b"
_FORM: Final = frozenset({"base", "abstract", "i", "interface", "mixin", "abc"})  # how a class is built, not what it is
_MANY: Final = 4  # methods that are named
_LINES: Final = 16  # of the class that is shown


def one_of_ones_own(composer: Composer, retriever: Retriever, text: str) -> list[Claim]:
    """How to write another class of a kind, as the ones here are written."""
    marked = _OWN.search(text)
    if marked is None:
        return []
    kind = re.split(_BEHIND, text[marked.end() :])[0]
    spelt = " ".join(part for word in re.findall(r"\w+", kind) for part in split_identifier(word))
    words = [stem(word) for word in content_words(spelt)]
    # "My own authentication scheme": where nothing is called a scheme, it is one for authentication.
    chosen = _extended(composer, words) or (_extended(composer, words[:-1]) if len(words) > 1 else None)
    return _told(composer, retriever, *chosen) if chosen else []


def _extended(composer: Composer, words: list[str]) -> tuple[Node, list[Node]] | None:
    """The class called so that others build on, with those that do."""
    if not words:
        return None
    found = []
    for node in composer.graph.nodes(["class", "interface"]):
        parts = [stem(part) for part in split_identifier(node.name) if part not in _FORM]
        if not parts or not is_public(node) or is_aside(node.path):
            continue
        # "A custom type of parameter" is a type, "converting to my own type" makes no converter.
        if not all(any(akin(part, word) for word in words) for part in parts) or not akin(parts[-1], words[-1]):
            continue
        below = [n for n in composer.relations.descendants(node) if not is_test(n) and not is_aside(n.path)]
        if below:
            plain = len(split_identifier(node.name)) == len(parts)
            found.append((-len(parts), not plain, -len(below), node.id, node, below))
    *_, base, below = min(found, key=lambda f: f[:4], default=(None, []))
    return (base, below) if base is not None else None


def _told(composer: Composer, retriever: Retriever, base: Node, below: list[Node]) -> list[Claim]:
    said, verb = purpose(base), "implement" if base.type == "interface" else "extend"
    claims = [
        Claim(
            f"{verb.capitalize()} {name_of(base)}, {kind_of(base)} in {base.path}{f': {said}' if said else '.'}",
            here(base),
        )
    ]
    of_base = {m.name: m for m in composer.relations.methods((base,))}
    own = {n.id: [m for m in composer.relations.methods((n,)) if m.name in of_base] for n in below}
    names, does = few([name_of(n) for n in below]), verb if len(below) > 1 else f"{verb}s"
    spans = places_of(below[:5])
    claims.append(Claim(f"{plural(len(below), 'class', 'classes')} here {does} it: {names}.", spans))
    written = Counter(m.name for methods in own.values() for m in methods)
    if written:
        most = sorted(written, key=lambda name: (-written[name], of_base[name].lines))[:_MANY]
        claims.append(Claim(f"What they write anew: {join(most)}.", places_of(of_base[name] for name in most)))
    whole = [n for n in below if any(m.lines[1] <= n.lines[1] for m in own[n.id] if m.path == n.path)]
    shown = min(whole, key=lambda n: (n.lines[1] - n.lines[0], n.id), default=None)
    if shown is None or shown.lines[1] - shown.lines[0] >= _LINES:
        return claims
    code = textwrap.dedent(clean(retriever.lookup.text(shown.path, *shown.lines)).rstrip())
    if not code or "```" in code or re.search(r"\[\d+\]", code):
        return claims
    span = (Span(shown.path, *shown.lines, shown.id, "definition"),)
    return [*claims, Claim(f"The shortest of them, {name_of(shown)}, in {shown.path}:", span), Claim(code, code=True)]
