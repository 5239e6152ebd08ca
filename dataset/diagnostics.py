"""Aspects of errors: who raises what and when, what it says, who catches it, how far it reaches, what helps. Facts in, topics out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from brain.facts import Fact
from dataset.names import listing, plural_verb, token_count, unique
from dataset.topics import RUNS, TYPES, VERBATIM, Ask, Topic, short_code
from dataset.wording import third_person

_OUTCOMES = {
    "reraise": ("raises {} again", "raise {} again"),
    "pass on": ("passes {} on", "pass {} on"),
    "convert": ("turns {} into another error", "turn {} into another error"),
    "log": ("logs {}", "log {}"),
}


def caught_by(ask: Ask) -> Topic | None:
    """The handlers that name an error, and what they do with it."""
    s, found = ask.subject, ask.all("caught_by")
    if s.type not in (*TYPES, "external") or not found:
        return None
    ends = _ends((_outcome(ask, f.object, f.qualifier("action"), s.id), ask.said(f.object)) for f in found)
    handlers = unique(ask.said(f.object) for f in found)
    shown, alone = listing(handlers), _alone(ends, handlers)
    done = (
        "" if alone else "".join(f" {listing(who)} {_OUTCOMES[end][len(who) > 1].format('it')}." for end, who in ends)
    )
    answers = (
        f"{s.said()} is caught in {shown}{f', which {alone}' if alone else ''}.{done}{ask.home}",
        f"{shown} {plural_verb(len(handlers), 'catches', 'catch')} {s.said()}{f' and {alone}' if alone else ''}.{done}{ask.home}",
    )
    path = ask.one("path") if s.path else None
    return ask.topic("caught_by", "diag", "error handling", answers, [*found[:6], path], "reverse")


def catches(ask: Ask) -> Topic | None:
    """The errors that a function's handlers name, and what they do with them."""
    s, found = ask.subject, ask.all("catches")
    if s.type not in RUNS or not found:
        return None
    ends = _ends((_outcome(ask, s.id, f.qualifier("action"), f.object), ask.said(f.object)) for f in found)
    errors = unique(ask.said(f.object) for f in found)
    shown, alone = listing(errors), _alone(ends, errors)
    done = "" if alone else "".join(f" It {_OUTCOMES[end][0].format(listing(whom))}." for end, whom in ends)
    tail = ask.home if alone or done else ask.place
    answers = (
        f"{s.said()} catches {shown}{f' and {alone}' if alone else ''}.{done}{tail}",
        f"{shown} {plural_verb(len(errors), 'is', 'are')} caught in {s.said()}{f', which {alone}' if alone else ''}.{done}{ask.home}",
    )
    return ask.topic("catches", "diag", "error handling", answers, [*found[:6], ask.one("path")])


def _ends(outcomes: Iterable[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    """Each outcome that is told with the names it holds for, of the first six."""
    ends: dict[str, list[str]] = {}
    for end, name in islice(outcomes, 6):
        if end and name not in ends.setdefault(end, []):
            ends[end].append(name)
    return list(ends.items())


def _alone(ends: Sequence[tuple[str, list[str]]], names: Sequence[str]) -> str:
    """What becomes of one error in one handler, to stand behind "and" or "which"; empty for several."""
    return _OUTCOMES[ends[0][0]][0].format("it") if ends and len(names) == 1 else ""


def _outcome(ask: Ask, handler: str, action: str, error: str) -> str:
    """What a handler does with an error, as a key of the outcomes; empty where it simply goes on, or where that is not sure."""
    raised = {f.object for f in ask.facts.about(handler, "raises")}
    if action == "convert" and error in raised:
        return "pass on"  # itself, or another of its class
    return action if action in _OUTCOMES and (action != "convert" or raised) else ""


_DEMANDS = re.compile(r"\b(?:must|should|needs? to|ha(?:s|ve) to|please|try|ensure|make sure|instead)\b", re.I)


def raises(ask: Ask) -> Topic | None:
    s, found = ask.subject, ask.all("raises")
    if s.type in RUNS and not found:
        return _declared(ask)
    if s.type not in RUNS:
        return None
    errors = unique(ask.said(f.object) for f in found)
    shown, verb = listing(errors), plural_verb(len(errors), "is", "are")
    guarded = next((f for f in found[:6] if _plain(f.qualifier("guard"))), None)
    when = ""
    if guarded is not None:  # the nearest condition is needed, other lines may need more: so "in the branch", not "if"
        which = f"; {ask.said(guarded.object)}" if len(errors) > 1 else ""
        some = ", for one" if ask.facts.sites(s.id, guarded.object) > 1 else ""
        when = f"{which}{some} in the branch where `{guarded.qualifier('guard')}` holds"
    answers = (
        f"{s.said()} raises {shown}{when}.{ask.home if when else ask.place}",
        f"{shown} {verb} raised by {s.said()}{when}.{ask.home}",
    )
    return ask.topic("raises", "diag", "error cause", answers, [*found[:6], ask.one("path")])


def _declared(ask: Ask) -> Topic | None:
    """The errors that a signature or a documentation names where no code that raises them is seen."""
    s, found = ask.subject, [f for f in ask.all("may_raise") if f.qualifier("how") == "declared"]
    if not found:
        return None
    shown = listing(unique(ask.said(f.object) for f in found))
    answer = f"{s.said()} is declared, in its signature or its documentation, to raise {shown}.{ask.home}"
    return ask.topic("raises", "diag", "error cause", (answer,), [*found[:6], ask.one("path")])


def may_raise(ask: Ask) -> Topic | None:
    s, found = ask.subject, [f for f in ask.all("may_raise") if f.qualifier("how") != "declared"]
    if s.type not in RUNS or not found:
        return None
    shown = listing(unique(ask.said(f.object) for f in found))
    through = next((f for f in found if f.qualifier("callee")), None)
    detail = ""
    if through is not None and ":" in (way := through.qualifier("callee")) and ask.said(way) != s.said():
        detail = f" {ask.said(through.object)} comes through {ask.said(way)}."
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
    guarded = next((f for f in found[:6] if _plain(f.qualifier("guard"))), None)
    if guarded is not None and guarded.qualifier("cause"):
        guarded = None  # what went wrong is in the error it was made of
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
        under = f" in the branch where `{guard}` holds" if _plain(guard) else ""
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
    """What helps against an error class: what its messages and the documentation say to do, what a guard asks for.

    A handler elsewhere shows how the project lives with the error; that is no advice on how to be rid of it.
    """
    s = ask.subject
    if s.type not in TYPES:
        return None
    used: list[Fact] = []
    advice: list[str] = []
    for error in ask.facts.speaking(s.id, "about"):
        raiser = next(iter(ask.facts.listed(error, "raised_by")), None)
        title, message = ask.facts.first(error, "title"), ask.facts.first(error, "message")
        if title is not None and title.object == s.name:
            raiser = None  # a message that the class itself gives
        for fact in ask.facts.about(error, "fix"):
            who = _adviser(ask, fact, raiser, message)
            if who and len(advice) < 3 and _advises(fact.object):
                advice.append(f"{who} says “{seen(fact.object).rstrip('.')}”")
                used += [fact, *([raiser] if raiser is not None else [])]
                break
    if not advice:
        return None
    told = listing(advice)
    return ask.topic("fix", "diag", "fix", (f"{told[0].upper()}{told[1:]}.",), used)


def _adviser(ask: Ask, fact: Fact, raiser: Fact | None, message: Fact | None) -> str:
    """Who gives the advice: the message of a raiser, a document. Empty where it is a handler or a guess of ours."""
    path, _, lines = fact.qualifier("evidence").rpartition(":")
    if not re.fullmatch(r"\d+-\d+", lines):
        return ""
    if message is not None and fact.object in message.object:
        return f"the message of {ask.said(raiser.object) if raiser is not None else ask.subject.said()}"
    own = ask.facts.first(ask.subject.id, "path")
    return "" if own is not None and own.object == path else f"`{path}`"


def seen(message: str) -> str:
    """A message as the reader of a log sees it: what an expression would fill in is left open."""
    return re.sub(r"\{[^{}]*\}", "…", message)


def tellable(message: str) -> bool:
    """Whether a message can stand in a question: a few words of its own, not too long, no quotes of the kind around it."""
    words = re.findall(r"[A-Za-z]{2,}", message)
    whole = message.rstrip()[-1:] not in (",", "(", ":", "")  # else the rest of it is not in the graph
    return whole and '"' not in message and "`" not in message and len(words) >= 2 and token_count(message) <= VERBATIM


def _plain(guard: str) -> bool:
    """Whether a condition is short and not the negation of a whole other one."""
    return short_code(guard, 14) and not guard.startswith(("!(", "not ("))


def _advises(text: str) -> bool:
    """Whether a fix is a whole sentence that tells its reader what to do."""
    whole = text[:1].isupper() and text[-1:] in ".?!" and not text.endswith("etc.") and token_count(text) <= VERBATIM
    return whole and bool(_DEMANDS.search(text) or third_person(text.partition(" ")[0]))
