"""Aspects of errors: who raises what and when, what it says, who catches it, how far it reaches, what helps. Facts in, topics out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from brain.facts import Fact
from dataset.names import listing, plural_verb, token_count, unique
from dataset.relations import relation_aspect
from dataset.topics import RUNS, TYPES, VERBATIM, Ask, Topic, short_code

caught_by = relation_aspect(
    "caught_by", "caught_by", "diag", "error handling", (*TYPES, "external"),
    "{s} is caught in {o}.", "{o} {v} {s}.", "reverse", verbs=("catches", "catch"),
)  # fmt: skip
catches = relation_aspect(
    "catches", "catches", "diag", "error handling", RUNS, "{s} catches {o}.", "{o} {v} caught in {s}."
)  # fmt: skip


def raises(ask: Ask) -> Topic | None:
    s, found = ask.subject, ask.all("raises")
    if s.type not in RUNS or not found:
        return None
    errors = unique(ask.said(f.object) for f in found)
    shown, verb = listing(errors), plural_verb(len(errors), "is", "are")
    guarded = next((f for f in found[:6] if short_code(f.qualifier("guard"), 14)), None)
    when = ""
    if guarded is not None:  # the nearest condition is needed, other lines may need more: so "in the branch", not "if"
        which = f"; {ask.said(guarded.object)}" if len(errors) > 1 else ""
        when = f"{which} in the branch where `{guarded.qualifier('guard')}` holds"
    answers = (
        f"{s.said()} raises {shown}{when}.{ask.home if when else ask.place}",
        f"{shown} {verb} raised by {s.said()}{when}.{ask.home}",
    )
    return ask.topic("raises", "diag", "error cause", answers, [*found[:6], ask.one("path")])


def may_raise(ask: Ask) -> Topic | None:
    s, found = ask.subject, ask.all("may_raise")
    if s.type not in RUNS or not found:
        return None
    shown = listing(unique(ask.said(f.object) for f in found))
    through = next((f for f in found if f.qualifier("callee")), None)
    detail = ""
    if through is not None and through.qualifier("callee") != s.id and ":" in through.qualifier("callee"):
        detail = f" {ask.said(through.object)} comes through {ask.said(through.qualifier('callee'))}."
    answers: tuple[str, ...] = (
        f"{s.said()} may raise {shown} through the code it calls.{detail}{ask.home if detail else ask.place}",
        f"{shown} may come out of {s.said()} through the code it calls.{detail}{ask.home}",
    )
    return ask.topic("may_raise", "diag", "error cause", answers, [*found[:6], ask.one("path")])


def raised_by(ask: Ask) -> Topic | None:
    s, found = ask.subject, ask.all("raised_by")
    if s.type not in (*TYPES, "external") or not found:
        return None
    shown = listing(unique(ask.said(f.object) for f in found))
    guarded = next((f for f in found[:6] if short_code(f.qualifier("guard"), 14)), None)
    detail = f" In {ask.said(guarded.object)}, check `{guarded.qualifier('guard')}`." if guarded is not None else ""
    answers = (
        f"{s.said()} is raised by {shown}.{detail}{ask.home}",
        f"{shown} {plural_verb(len(found), 'raises', 'raise')} {s.said()}.{detail}{ask.home}",
    )
    path = ask.one("path") if s.path else None
    return ask.topic("raised_by", "diag", "error cause", answers, [*found[:6], path], "reverse")


def messages(ask: Ask) -> Iterator[Topic]:
    """One topic per error message of the subject: from the text back to the raiser."""
    s = ask.subject
    for fact in ask.all("raises"):
        text = seen(fact.qualifier("message"))
        if s.type not in RUNS or not tellable(text):
            continue
        guard = fact.qualifier("guard")
        under = f" in the branch where `{guard}` holds" if short_code(guard, 14) else ""
        error = ask.said(fact.object)
        answers: tuple[str, ...] = (
            f"{s.said()} raises {error} with this message{under}.{ask.home}",
            f"It is the message of {error}, raised by {s.said()}{under}.{ask.home}",
        )
        yield ask.topic("message", "diag", "error cause", answers, [fact, ask.one("path")], "reverse", o=text)


def reaches(ask: Ask) -> Iterator[Topic]:
    """From an error message up to the public functions it may come out of."""
    for error in ask.facts.speaking(ask.subject.id, "raiser"):
        fact, found = ask.facts.first(error, "message"), ask.facts.listed(error, "reached_from")
        found = [f for f in found if f.object != ask.subject.id]
        text = seen(fact.object) if fact is not None else ""
        if not text or not found or not tellable(text):
            continue
        shown = listing(unique(ask.said(f.object) for f in found))
        answers = (
            f"{ask.subject.said()} raises it, and it may come out of {shown}.{ask.home}",
            f"It may come out of {shown}; {ask.subject.said()} raises it.{ask.home}",
        )
        yield ask.topic("reach", "diag", "error cause", answers, [*found[:6], ask.one("path")], "reverse", o=text)


def fix(ask: Ask) -> Topic | None:
    """What the messages of an error class advise, with the function that says so."""
    s = ask.subject
    if s.type not in TYPES:
        return None
    used: list[Fact] = []
    advice: list[str] = []
    for error in ask.facts.speaking(s.id, "about"):
        raiser = next(iter(ask.facts.listed(error, "raised_by")), None)
        for fact in ask.facts.about(error, "fix")[:1]:
            if raiser is not None and len(advice) < 3 and _advises(fact.object):
                advice.append(f"{ask.said(raiser.object)} says “{seen(fact.object)}”")
                used += [fact, raiser]
    if not advice:
        return None
    answers = (f"Follow its message: {listing(advice)}.",)
    return ask.topic("fix", "diag", "fix", answers, used)


def seen(message: str) -> str:
    """A message as the reader of a log sees it: what an expression would fill in is left open."""
    return re.sub(r"\{[^{}]*\}", "…", message)


def tellable(message: str) -> bool:
    """Whether a message can stand in a question: a few words of its own, not too long, no quotes of the kind around it."""
    words = re.findall(r"[A-Za-z]{2,}", message)
    return '"' not in message and "`" not in message and len(words) >= 2 and token_count(message) <= VERBATIM


def _advises(text: str) -> bool:
    """Whether a fix is a whole sentence that tells what to do."""
    return text[:1].isupper() and text[-1:] in ".?!" and not text.endswith("etc.") and token_count(text) <= VERBATIM
