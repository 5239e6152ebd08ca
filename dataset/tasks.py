"""Aspects of the ontology: the steps of a documented example, the symbols that serve a capability. Facts in, topics out."""

from __future__ import annotations

import re

from dataset.names import listing, unique
from dataset.topics import VERBATIM, Ask, Topic, last, short_code
from dataset.wording import own_sentence, verb_phrase

MOST_STEPS = 7


def steps(ask: Ask) -> Topic | None:
    """What a documented example calls, in order of first use."""
    s, title, found = (
        ask.subject,
        ask.one("title"),
        sorted(ask.all("step"), key=lambda f: int(f.qualifier("order") or 0)),
    )
    if s.type != "recipe" or title is None or not 2 <= len(found) <= MOST_STEPS or len(title.object.split()) < 2:
        return None
    if '"' in title.object or "`" in title.object:
        return None
    calls = []
    for fact in found:
        given = fact.qualifier("arguments")
        names = [f"`{name.strip()}`" for name in given.split(",") if re.fullmatch(r"\s*\w+\s*", name)]
        calls.append(
            ask.said(fact.object) + (f" with {listing(names)}" if names and short_code(given, VERBATIM) else "")
        )
    told = f"First {calls[0]}, then {', then '.join(calls[1:])}."
    where = f" The example stands in `{s.path}`." if s.path else ""
    answers = (told + where, f"In this order: {', '.join(calls)}.{where}")
    return ask.topic("steps", "howto", "usage", answers, [*found, ask.one("path")], o=title.object)


def capability(ask: Ask) -> Topic | None:
    """The symbols that serve one purpose."""
    s, doc, found = ask.subject, ask.one("purpose"), ask.all("serves")
    if s.type != "capability" or not found or doc is None:
        return None
    anchor = found[0]
    task = verb_phrase(own_sentence(doc.object, last(anchor.object)))
    if not task or task.startswith("use "):
        return None
    own = ask.facts.first(anchor.object, "purpose")
    if own is None or own.object != doc.object:
        return None  # the purpose is another node's: only the anchor is known to serve it
    others = listing(unique(ask.said(f.object) for f in found[1:]))
    where = f" in `{s.path}`" if s.path and not ask.facts.names.subject(anchor.object).in_path else ""
    beside = f" Beside it: {others}." if others else ""
    answers = (f"{ask.said(anchor.object)}{where}.{beside}", f"Use {ask.said(anchor.object)}{where}.{beside}")
    return ask.topic("capability", "discovery", "API choice", answers, [*found[:7], ask.one("path")], o=task)
