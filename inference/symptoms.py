"""What goes wrong and why, asked in plain words: "what happens when a redirect loops", "why do I get working outside of …". In: the
question. Out: the errors whose names, messages and guards hold its words, with who raises them, when, and what to check.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Final

from brain.text import one_line, stem
from brain.view import is_aside, is_test
from extractor.schema import Node
from inference.citations import Span
from inference.compose import Composer
from inference.lines import innermost
from inference.retrieve import Retriever, akin, content_words, stems
from inference.wording import Claim, Section, advice, at, few, here, kind_of, name_of, purpose, raised, unique

_ASKS = re.compile(
    r"^\W*(?:what\s+(?:happens|would\s+happen|will\s+happen|goes\s+wrong)\b|what\s+if\b"
    r"|(?:what|which)\s+(?:error|exception)s?\b.*\b(?:if|when|get|see)\b"
    r"|why\s+(?:do|does|did|am|is|are|can't|cannot|won't)\b.*\b(?:get|getting|see|seeing|fail|fails|failing|error|errors|raise|crash|crashes|wrong|complain|complains|not)\b"
    r"|(?:i|we)\s+(?:get|got|see|keep\s+getting)\b)",
    re.IGNORECASE,
)
_ENOUGH: Final = 0.4  # the share of the telling words that an error must hold
_NEAR: Final = 3  # lines between a raise and its message
_RUN: Final = 4  # words in a row that make a message
_WRITTEN_IN: Final = ("function", "method", "class", "variable")
_FAILS = re.compile(r"\b(?:errors?|exceptions?|fail\w*|raise[sd]?|throws?|crash\w*|wrong)\b", re.IGNORECASE)
_ASIDE = re.compile(
    r"\b(?:do|did|does|will|am|is)?\s*(?:i|we|you|it)\s+(?:keep\s+)?(?:get|gets|getting|got|see|seeing)\b",
    re.IGNORECASE,
)
_NOT: Final = re.compile(r"\b(?:no|not|never|without|n't|cannot|un\w+|missing)\b", re.IGNORECASE)


def asks_why(text: str) -> bool:
    """Whether the question describes something that goes wrong."""
    return _ASKS.search(text.strip()) is not None


def symptom(composer: Composer, retriever: Retriever, text: str) -> Section | None:
    """The error that a described failure is, None when none holds enough of the words."""
    told = _message(composer, retriever, text)
    rows = _errors(composer, retriever, text)
    if told is None and (not rows or rows[0][0] < _ENOUGH):
        return None
    claims = list(told or ())
    shown: list[Node] = []
    if told is None:
        best = rows[0][1]
        claims += _about(composer, best)
        shown = [n for fit, n in rows[1:5] if fit >= max(_ENOUGH, 0.8 * rows[0][0])]
    else:
        shown = [n for fit, n in rows[:3] if fit >= _ENOUGH]
    if shown:
        claims.append(Claim("Other errors that fit:" if told is None else "Errors that fit:"))
        claims += [Claim(_line(n), here(n), item=True) for n in shown]
    fit = rows[0][0] if rows else 1.0
    score = 0.85 if told else min(0.8, 0.35 + 0.45 * fit)
    return Section("diagnostics", tuple(claims), "yes", round(score, 3), (("fit", round(fit, 3)),))


def _message(composer: Composer, retriever: Retriever, text: str) -> list[Claim] | None:
    """The place whose text holds a run of the question's words as a message: that is what the program says."""
    words = re.findall(r"[\w'-]+", text)
    for size in range(min(len(words), 14), _RUN - 1, -1):
        for start in range(len(words) - size + 1):
            run = words[start : start + size]
            if len(content_words(" ".join(run))) < 3:
                continue
            place = _written(composer, retriever, run)
            if place is None:
                continue
            path, line = place
            node = innermost(composer.graph, path, line, _WRITTEN_IN)
            thrown = (
                [r for r in composer.relations.forward((node,), "throws") if abs(r.site[1] - line) < _NEAR]
                if node
                else []
            )
            if node is not None and thrown:
                error, site = thrown[0].node, replace(thrown[0], node=node)
                return [Claim(f"{name_of(error)} is raised by {raised(site)}.", at(site)), *_said(composer, error)]
            where = f"{name_of(node)}, in {path}" if node is not None else path
            span = (Span(path, line, line, node.id if node else "", "message"),)
            said = one_line(retriever.lookup.text(path, line, line)).strip("\"'` ,;()[]+")[:160]
            claims = [Claim(f"That is what {where}, says: “{said}”.", span)]
            users = [r for r in composer.relations.backward((node,), "calls", "imports") if r.site[1]] if node else []
            product = unique([r for r in users if not is_test(r.node)])
            if product:
                names = few([name_of(r.node) for r in product])
                claims.append(Claim(f"It is used by {names}.", tuple(s for r in product[:5] for s in at(r))))
            return claims
    return None


def _written(composer: Composer, retriever: Retriever, run: list[str]) -> tuple[str, int] | None:
    """(path, line) of product code that holds these words in a row, as text the program has."""
    phrase = re.compile(r"[\W_]+".join(map(re.escape, run)), re.IGNORECASE)
    for path, start, end in retriever.in_a_row(run):
        row = retriever.lookup.graph.file(path)
        if is_test(path) or is_aside(path) or row is None or row.status not in ("ok", "partial"):
            continue
        text = retriever.lookup.text(path, start, end)
        for match in phrase.finditer(text):
            line = text[: match.start()].count("\n")
            written = text.split("\n")[line]
            node = innermost(composer.graph, path, start + line, _WRITTEN_IN)
            documented = node is not None and phrase.search(str(node.meta.get("doc", "")))
            # What a comment or a docstring says, the program never says.
            if not documented and not re.match(r"\s*(?:#|//|/?\*)", written):
                return path, start + line
    return None


def _errors(composer: Composer, retriever: Retriever, text: str) -> list[tuple[float, Node]]:
    """Error classes of the product by the share of the telling words they hold, in name, documentation, guards or messages."""
    words = [w for w in content_words(_ASIDE.sub(" ", text)) if not _FAILS.fullmatch(w)]
    # A rare word tells more, but one that no error holds must not outweigh all that one does hold.
    known = {w: math.sqrt(v) if retriever.frequency(w) else v for w, v in retriever.weights(words).items()}
    everything = sum(known.values()) or 1.0
    if not known or (len(known) < 2 and not _FAILS.search(text)):
        return []
    denied = bool(_NOT.search(text))
    rows = []
    for node in composer.graph.nodes(["class"]):
        if node.origin != "extractor" or is_test(node) or is_aside(node.path) or not composer.errors.is_error(node):
            continue
        said = purpose(node)
        sites = [r for r in composer.relations.raisers((node,))[0] if not is_test(r.node)]
        guards = " ".join(
            f"{r.edge.meta.get('guard') or ''} {r.edge.meta.get('message') or ''}" for r in sites if r.edge
        )
        name = stems(node.name)
        near = [
            (name, 1.0),
            (stems(said), 1.0),
            (stems(guards), 0.8),
            (stems(" ".join(r.node.name for r in sites)), 0.7),
        ]
        fit = sum(
            weight * max((worth for held, worth in near if any(akin(stem(w), h) for h in held)), default=0.0)
            for w, weight in known.items()
        )
        agrees = denied == bool(_NOT.search(f"{said} {guards}"))
        rows.append((-round(fit / everything, 3), not agrees, not sites, len(said), node.id, node))
    return [(min(1.0, -r[0]), r[-1]) for r in sorted(rows, key=lambda r: r[:-1]) if r[0]]


def _about(composer: Composer, node: Node) -> list[Claim]:
    """Who raises an error and when, what it is said to be, what to check."""
    said = purpose(node)
    direct, _ = composer.relations.raisers((node,))
    product = [r for r in direct if not is_test(r.node)]
    if not product:
        opening = f"{name_of(node)}, {kind_of(node)} in {node.path}"
        return [Claim(f"{opening}: {said}" if said else f"{opening}, fits.", here(node))]
    first = product[0]
    claims = [Claim(f"{name_of(node)} is raised by {raised(first)}.", at(first)), *_said(composer, node)]
    more = unique([r for r in product[1:] if r.node.id != first.node.id])
    if more:
        names = few(list(dict.fromkeys(name_of(r.node) for r in more)))
        claims.append(Claim(f"It is also raised by {names}.", tuple(s for r in more[:5] for s in at(r))))
    return claims


def _said(composer: Composer, node: Node) -> list[Claim]:
    said = purpose(node)
    claims = [Claim(f"Its documentation says: {said}", here(node))] if said and node.type != "external" else []
    fixes = [
        one_line(str(fix.get("text", "")))
        for error in composer.graph.nodes(["error"], path=node.path)
        if node.id in error.meta.get("evidence", ())
        for fix in error.meta.get("fixes", ())
    ]
    return [*claims, *[Claim(advice(text)) for text in dict.fromkeys(fixes) if text][:2]]


def _line(node: Node) -> str:
    said = purpose(node, 25)
    return f"{name_of(node)} in {node.path}" + (f" — {said}" if said else "")
