"""What tells two like things apart: two methods of one class, two functions of one file, two classes on one base. Facts in, a topic
out, whose answer states what each is for and what only one of them takes or gives."""

from __future__ import annotations

from collections.abc import Iterator

from brain.facts import Fact
from brain.text import split_identifier
from dataset.aspects import NOTHING, purpose
from dataset.names import Subject, listing
from dataset.topics import CALLABLE, TYPES, Ask, Topic, constructs, hidden, last, public, short_code

MOST = 4  # parameters that only one of them takes; with more, they have little in common
HALF = 0.5  # of the words of two names, that they have in common
CROWD = 200  # on one base or in one file: of more, each would look at all the others
LONGEST = 12  # tokens of a type that an answer names


def contrast(ask: Ask) -> Topic | None:
    """The subject beside the next of its like."""
    s = ask.subject
    other = _next(ask)
    if other is None:
        return None
    pair = (ask, other)
    told = [purpose(one) for one in pair]
    said = [t.answers[0].removesuffix(one.place) for t, one in zip(told, pair, strict=True) if t is not None]
    if len(said) < 2 or said[0].replace(s.label, "") == said[1].replace(other.subject.label, ""):
        return None
    taken, more = _taken(*pair), [*_given(*pair), *_bases(*pair)]
    sentences = [*said, *(text for text, _ in (*taken, *more))]
    used = [fact for t in told if t is not None for fact in t.facts]
    used += [fact for _, facts in (*taken, *more) for fact in facts]
    named = f"`{other.subject.label}`"
    return ask.topic("contrast", "explain", "API choice", (" ".join(map(_ended, sentences)),), used, "two_hop", o=named)


def _next(ask: Ask) -> Ask | None:
    """The likest of the subject's like behind it in the order of ids, so that no pair is told twice."""
    s = ask.subject
    if s.type in TYPES:
        bases = ask.all("extends") or ask.all("implements")
        found = [f for base in bases[:1] for f in ask.facts.listed(base.object, "subclass")]
    elif s.type in CALLABLE:
        owner = ask.one("container")
        found = list(ask.facts.listed(owner.object, "member")) if owner is not None else []
    else:
        return None
    if len(found) > CROWD:
        return None
    if s.type in CALLABLE:
        found = [f for f in found if public(ask, f) and _alike(s.name, last(f.object)) >= HALF]
    every = [ask.facts.names.subject(f.object) for f in found if f.object > s.id]
    every = [o for o in every if o.type == s.type and o.name != s.name and all(_plain(ask, x) for x in (s, o))]
    best = min(every, key=lambda o: (-_alike(s.name, o.name), o.id), default=None)
    return Ask(best, ask.facts) if best is not None else None


def _alike(name: str, other: str) -> float:
    """The share of words that two names have in common: `from_file` and `from_text`, `read_all` and `read_all_lines`."""
    mine, theirs = set(split_identifier(name)), set(split_identifier(other))
    return len(mine & theirs) / max(len(mine), len(theirs), 1)


def _plain(ask: Ask, subject: Subject) -> bool:
    """Whether a name says which thing is meant, and its parameters are all there is to say of how it is called."""
    alone = ask.facts.names.same_place(subject.id) <= 1
    return alone and not (subject.in_path or hidden(subject.id) or constructs(subject.id))


def _taken(mine: Ask, theirs: Ask) -> list[tuple[str, list[Fact]]]:
    """The parameters that only one of two functions takes."""
    if mine.subject.type not in CALLABLE or not mine.one("signature") or not theirs.one("signature"):
        return []
    found = []
    for one, other in ((mine, theirs), (theirs, mine)):
        both = {f.object for f in other.all("parameter")}
        only = [f for f in one.all("parameter") if f.object not in both]
        if len(only) > MOST:
            return []
        if only:
            found.append((f"Only {one.subject.said()} takes {listing([f'`{f.object}`' for f in only])}.", only))
    return found


def _given(mine: Ask, theirs: Ask) -> Iterator[tuple[str, list[Fact]]]:
    """The types that two functions are declared to return, where they differ."""
    facts = [f for one in (mine, theirs) if one.subject.type in CALLABLE and (f := one.one("returns")) is not None]
    types = [f.object.strip("\"'") for f in facts]
    said = all(short_code(t, LONGEST) and t not in NOTHING for t in types)
    if len(facts) == 2 and types[0] != types[1] and said:
        yield (
            f"{mine.subject.said()} is declared to return `{types[0]}`, {theirs.subject.said()} `{types[1]}`.",
            facts,
        )


def _bases(mine: Ask, theirs: Ask) -> Iterator[tuple[str, list[Fact]]]:
    """The base that two classes are built on."""
    for relation in ("extends", "implements"):
        of_theirs = {f.object: f for f in theirs.all(relation)}
        shared = [(f, of_theirs[f.object]) for f in mine.all(relation) if f.object in of_theirs]
        if mine.subject.type in TYPES and shared:
            verb = "extend" if relation == "extends" else "implement"
            yield f"Both {verb} {mine.said(shared[0][0].object)}.", list(shared[0])
            return


def _ended(sentence: str) -> str:
    return sentence if sentence[-1] in ".!?”" else f"{sentence}."
