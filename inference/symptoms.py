"""What goes wrong and why, asked in plain words: "what happens when a redirect loops", "why do I get working outside of …". In: the
question. Out: the errors whose names, messages and guards hold its words, with who raises them, when, and what to check.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from brain.text import clean, one_line, stem
from brain.view import is_aside, is_test
from extractor.schema import Node
from inference.citations import Span
from inference.compose import Composer
from inference.grammar import ASK
from inference.lines import innermost
from inference.relations import Row
from inference.retrieve import Retriever, akin, content_words, stems
from inference.wording import (
    Claim,
    Section,
    advice,
    at,
    few,
    here,
    kind_of,
    name_of,
    purpose,
    quote,
    raised,
    row_names,
    sites_of,
    unique,
)

_ASKS = re.compile(
    r"^\W*(?:what\s+(?:happens|would\s+happen|will\s+happen|goes\s+wrong)\b|what\s+if\b"
    r"|(?:what|which)\s+(?:error|exception)s?\b.*\b(?:if|when|get|see)\b"
    r"|why\s+(?:do|does|did|am|is|are|can't|cannot|won't)\b.*\b(?:get|getting|see|seeing|fail|fails|failing|error|errors|raise|crash|crashes|wrong|complain|complains|not)\b"
    r"|(?:i|we)\s+(?:get|got|see|keep\s+getting)\b)",
    re.IGNORECASE,
)
_ENOUGH: Final = 0.4  # the share of the telling words that an error must hold
_SURE: Final = 0.8
_NEAR: Final = 3  # lines between a raise and its message
_RUN: Final = 4  # words in a row that make a message
_WRITTEN_IN: Final = ("function", "method", "class", "variable")
_SHORTEST: Final = 2  # of a message that stands in quotes
_QUOTED: Final = re.compile(r"[\"“`]([^\"“”`\n]{6,300})[\"”`]|(?<!\w)'([^'\n]{6,300})'(?!\w)")
# What is filled in when a message is made: the words around it are what the program has.
_HOLES: Final = re.compile(r"[\"'“”‘’`<>{}\[\]()]+|\.\.\.|…|%\w|\b\d+\b")
_GAP: Final = r"[^\n]{0,60}?"
_FILLED: Final = r"(?=[^\w\n]{0,3}?[\"'`{%$<])"  # where a text ends, or what is filled in begins
_MARKS: Final = frozenset("\"'`")
_COMMENT: Final = re.compile(r"\s*(?:#|//|/\*|\*+(?:[\s/]|$))")  # `*out = "…"` is none
_ASKED: Final = re.compile(rf"^\W*(?:{ASK}|i|we|please)\b|\bhow\b|\?\s*$", re.IGNORECASE)
_BEFORE: Final = 6  # lines of code shown before the one that raised
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
    if told:
        return _with_errors(composer, told, rows, text)
    unsaid = _messages(text)
    # A class whose documentation begins with the message is it: some programs print that.
    rows.sort(key=lambda row: not any(purpose(row[1]).lower().startswith(said.lower()) for said in unsaid))
    if unsaid and (not rows or rows[0][0] < _SURE):
        return _nowhere(unsaid[0], rows)
    if not rows or rows[0][0] < _ENOUGH:
        return None
    best, fit = rows[0][1], rows[0][0]
    claims = _about(composer, best, text)
    shown = [n for other, n in rows[1:5] if other >= max(_ENOUGH, 0.8 * fit)]
    if shown:
        claims.append(Claim("Other errors that fit:"))
        claims += [Claim(_line(n), here(n), item=True) for n in shown]
    score = min(0.8, 0.35 + 0.45 * fit)
    return Section("diagnostics", tuple(claims), "yes", round(score, 3), (("fit", round(fit, 3)),))


def _nowhere(message: str, rows: list[tuple[float, Node]]) -> Section:
    """What is said of a quoted message that no text of the program is: an error that shares a word with it is not its cause."""
    claims = [
        Claim(f"No code of this index says “{quote(message)}”: it comes from outside, or is put together of parts.")
    ]
    near = [node for fit, node in rows[:3] if fit >= _ENOUGH]
    if near:
        claims.append(Claim("Errors that share words with it, but not enough to answer from:"))
        claims += [Claim(_line(node), here(node), item=True) for node in near]
    return Section("gate", tuple(claims), "missing", 0.0, (("said", 0.0),))


def _with_errors(composer: Composer, told: list[Claim], rows: list[tuple[float, Node]], text: str) -> Section:
    """Where a message is said, and the errors whose words it has."""
    known = {s.node_id for c in told for s in c.spans}
    if rows and rows[0][0] >= _SURE and not any(s.via == "throws" for c in told for s in c.spans):
        # A message that only stands somewhere is given with the error that has all of its words.
        told = [*told, *_about(composer, rows[0][1], text)]
        known.add(rows[0][1].id)
    shown = [n for fit, n in rows[:3] if fit >= _ENOUGH and n.id not in known]
    claims = [*told, *([Claim("Errors that fit:")] if shown else ())]
    claims += [Claim(_line(n), here(n), item=True) for n in shown]
    return Section("diagnostics", tuple(claims), "yes", 0.85, (("fit", round(rows[0][0] if rows else 1.0, 3)),))


def pasted(composer: Composer, retriever: Retriever, text: str) -> Section | None:
    """A message of the program that a question quotes, or that is all that was typed; None when the program has no such text."""
    claims = next((c for c in (_told(composer, retriever, run) for run in _quotes(text)) if c), None)
    # Of a message with something filled in that no sign marks, the longest part that the program has.
    parts = (_message(composer, retriever, m.group(1) or m.group(2)) for m in _QUOTED.finditer(text))
    claims = claims or next((part for part in parts if part), None)
    claims = claims or next(
        (part for part in (_begun(composer, retriever, said) for said in _messages(text)) if part), None
    )
    words = text.split()
    if claims is None and len(words) >= _RUN and not _ASKED.search(text):
        claims = _told(composer, retriever, _pieces(text))
    return _with_errors(composer, claims, _errors(composer, retriever, text), text) if claims else None


def _message(composer: Composer, retriever: Retriever, text: str) -> list[Claim] | None:
    """The place whose text holds a run of the question's words as a message: that is what the program says."""
    words = re.findall(r"[\w'-]+", text)
    for size in range(min(len(words), 14), _RUN - 1, -1):
        for start in range(len(words) - size + 1):
            run = words[start : start + size]
            if len(content_words(" ".join(run))) < 3:
                continue
            claims = _told(composer, retriever, [run])
            if claims:
                return claims
    return None


def _begun(composer: Composer, retriever: Retriever, message: str) -> list[Claim]:
    """The place whose text begins as a quoted message does: what is filled in at its end bears no sign of it."""
    words = re.findall(r"[\w'-]+", message)
    for size in range(len(words) - 1, _SHORTEST, -1):
        if len(content_words(" ".join(words[:size]))) >= _SHORTEST:
            claims = _told(composer, retriever, [words[:size]], message)
            if claims:
                return claims
    return []


def _messages(text: str) -> list[str]:
    """What stands in quotes and is several words: what a program said, not a name."""
    said = (m.group(1) or m.group(2) for m in _QUOTED.finditer(text))
    return [message for message in said if len(re.findall(r"[\w'-]+\s", f"{message} ")) >= _SHORTEST]


def _quotes(text: str) -> list[list[list[str]]]:
    """What stands in quotes in `text` and is no name, each as its pieces of words; a quote inside one may be escaped."""
    spoken = re.sub(r"\\+[\"'].*?\\+[\"']", " … ", text)
    said = [m.group(1) or m.group(2) for m in _QUOTED.finditer(spoken)]
    # What stands in quotes of its own is filled in, most often; what stands before a colon may be put there for every message.
    said = [form for text in said for form in dict.fromkeys((text, re.sub(r"(?<!\w)'[^'\n]*'(?!\w)", " … ", text)))]
    parts = [part for text in said for part in dict.fromkeys((text, *reversed(re.split(r":\s+", text))))]
    found = [_pieces(part) for part in parts if len(part.split()) >= _SHORTEST]
    return [pieces for pieces in found if sum(map(len, pieces)) >= _SHORTEST]


def _pieces(message: str) -> list[list[str]]:
    """The words of a message in runs, cut where something is filled in when it is made."""
    runs = [re.findall(r"[\w'-]+", piece) for piece in _HOLES.split(message)]
    return [run for run in runs if run]


def _told(composer: Composer, retriever: Retriever, pieces: list[list[str]], message: str = "") -> list[Claim]:
    """Who says these words and when: the error they are raised with, else the code that leads there. Empty when nobody does."""
    places = _written(composer, retriever, pieces, message) if pieces else []
    if not places:
        return []
    first, *others = places
    told = _says(composer, retriever, *first)
    nodes = {n.id: n for n in (innermost(composer.graph, *place, _WRITTEN_IN) for place in (first, *others)) if n}
    if len(nodes) > 1:
        rest = list(nodes.values())[1 : 1 + _NEAR]
        told.append(
            Claim(f"The same is said in {few([name_of(n) for n in rest])}.", tuple(s for n in rest for s in here(n)))
        )
    return told


def _says(composer: Composer, retriever: Retriever, path: str, line: int) -> list[Claim]:
    node = innermost(composer.graph, path, line, _WRITTEN_IN)
    thrown = [r for r in composer.relations.forward((node,), "throws") if abs(r.site[1] - line) < _NEAR] if node else []
    if node is not None and thrown:
        near = min(thrown, key=lambda r: abs(r.site[1] - line))
        error, site = near.node, replace(near, node=node)
        callee = composer.graph.node(str(near.edge.meta.get("callee", ""))) if near.edge else None
        by = raised(site) if callee is None else f"{name_of(callee)}, which {name_of(node)} calls there"
        return [Claim(f"{name_of(error)} is raised by {by}.", at(site)), *_said(composer, error)]
    where = f"{name_of(node)}, in {node.path}" if node is not None else path
    span = (Span(path, line, line, node.id if node else "", "message"),)
    said = one_line(retriever.lookup.text(path, line, line)).strip(" ,;+")[:160]
    claims = [Claim(f"That is what {where}, says: “{said}”.", span)]
    owner = composer.relations.node(node.id.rpartition(".")[0]) if node is not None else None
    if owner is not None and owner.type == "class" and composer.relations.raisers((owner,))[0]:
        return [*claims, *_about(composer, owner, "")]
    if node is not None and node.type in ("function", "method"):
        return [*claims, *lines_before(retriever, node, line)]
    users = [r for r in composer.relations.backward((node,), "calls", "imports") if r.site[1]] if node else []
    product = unique([r for r in users if not is_test(r.node)])
    if product:
        names = few(row_names(product))
        claims.append(Claim(f"It is used by {names}.", sites_of(product[:5])))
    return claims


def _written(
    composer: Composer, retriever: Retriever, pieces: list[list[str]], message: str = ""
) -> list[tuple[str, int]]:
    """(path, line) of each place of product code that holds these runs of words one after the other, as text the program has, the
    likeliest first; with `message` those that begin with its words, what has most of the others first."""
    written_so = _GAP.join(r"[\W_]+".join(map(re.escape, run)) for run in pieces)
    phrase, more = re.compile(written_so + (_FILLED if message else ""), re.IGNORECASE), stems(message)
    found = []
    for path, start, end in retriever.in_a_row(max(pieces, key=len)):
        row = retriever.lookup.graph.file(path)
        if is_test(path) or is_aside(path) or row is None or row.status not in ("ok", "partial"):
            continue
        text = retriever.lookup.text(path, start, end)
        for match in phrase.finditer(text):
            line = text[: match.start()].count("\n")
            written = text.split("\n")[line]
            node = innermost(composer.graph, path, start + line, _WRITTEN_IN)
            documented = node is not None and phrase.search(str(node.meta.get("doc", "")))
            # What a comment or a docstring says, the program never says; and few words in a row may be a name or a call.
            spoken = len(max(pieces, key=len)) >= _RUN or re.search(r"[\"'`]", written[: _column(text, match.start())])
            begun = match.start() > 0 and text[match.start() - 1] in _MARKS
            if spoken and not documented and (begun or not message) and not _COMMENT.match(written):
                whole = begun and text[match.end() : match.end() + 1] in _MARKS
                found.append((not whole, -len(more & stems(written)), path, start + line))
    best = min(found)[:2] if found else None
    return [(path, line) for *rank, path, line in sorted(found) if tuple(rank) == best]


def _column(text: str, at: int) -> int:
    return at - (text.rfind("\n", 0, at) + 1)


def lines_before(retriever: Retriever, node: Node, line: int) -> list[Claim]:
    """The code that leads to the line an error came from, where no condition of the graph tells it."""
    first = max(node.lines[0], line - _BEFORE)
    written = retriever.lookup.text(node.path, first, line).split("\n")
    shown = textwrap.dedent("\n".join(clean(line) for line in written)).strip("\n")
    if not shown.strip() or "```" in shown:
        return []
    span = (Span(node.path, first, line, node.id, "frame"),)
    return [Claim("The code up to there:", span), Claim(shown, code=True)]


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
        name = stems(node.name)
        known_of = [(name, 1.0), (stems(said), 1.0)]
        # What two places say together, neither says.
        fit = max(
            (_share(known, [*known_of, (_site(r), 0.8), (stems(r.node.name), 0.7)]) for r in sites),
            default=_share(known, known_of),
        )
        guards = " ".join(
            f"{r.edge.meta.get('guard') or ''} {r.edge.meta.get('message') or ''}" for r in sites if r.edge
        )
        agrees = denied == bool(_NOT.search(f"{said} {guards}"))
        rows.append((-round(fit / everything, 3), not agrees, not sites, len(said), node.id, node))
    return [(min(1.0, -r[0]), r[-1]) for r in sorted(rows, key=lambda r: r[:-1]) if r[0]]


def _share(known: Mapping[str, float], near: Sequence[tuple[set[str], float]]) -> float:
    """How much of the weighted words stands in what is near an error, each where it counts most."""
    return sum(
        weight * max((worth for held, worth in near if any(akin(stem(w), h) for h in held)), default=0.0)
        for w, weight in known.items()
    )


def _about(composer: Composer, node: Node, text: str) -> list[Claim]:
    """Who raises an error and when, what it is said to be, what to check; first the place that has most of the words of `text`."""
    said = purpose(node)
    direct, _ = composer.relations.raisers((node,))
    words = {stem(w) for w in content_words(text)}
    product = sorted(
        (r for r in direct if not is_test(r.node)), key=lambda r: -len(words & (_site(r) | stems(r.node.name)))
    )
    if not product:
        opening = f"{name_of(node)}, {kind_of(node)} in {node.path}"
        return [Claim(f"{opening}: {said}" if said else f"{opening}, fits.", here(node))]
    first = product[0]
    claims = [Claim(f"{name_of(node)} is raised by {raised(first)}.", at(first)), *_said(composer, node)]
    more = unique([r for r in product[1:] if r.node.id != first.node.id])
    if more:
        names = few(list(dict.fromkeys(row_names(more))))
        claims.append(Claim(f"It is also raised by {names}.", sites_of(more[:5])))
    return claims


def _site(row: Row) -> set[str]:
    """The words of the condition and the message of one raise."""
    meta = row.edge.meta if row.edge else {}
    return stems(f"{meta.get('guard') or ''} {meta.get('message') or ''}")


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
