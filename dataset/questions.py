"""The grammar of questions: topics and their wordings in, drafts of rows out.

They work from plain values, a subject and facts about it: invented facts about nodes of no graph do as well as real ones.
Everything made is true if the facts are, and the same for the same input.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from zlib import crc32

from brain.facts import Fact
from dataset.aspects import MANY, SIMPLE
from dataset.contrasts import contrast
from dataset.gold import new_objects
from dataset.names import Subject
from dataset.paths import TWO_HOP
from dataset.phrases import ASPECT_WORDS, CLOSERS, OPENERS, Family, families
from dataset.topics import Ask, Facts, Topic

STATEMENT_KINDS = ("explain", "howto")


@dataclass(frozen=True, slots=True)
class Draft:
    """A row before the gates. `fake` is the invented name of a refusal, `twin` the id its near-identical question is about."""

    kind: str
    form: str
    intent: str
    aspect: str
    template: str
    prompt: str
    response: str
    subject: Subject
    facts: tuple[Fact, ...]
    refs: tuple[str, ...]
    answerable: bool = True
    fake: str = ""
    twin: str = ""


def topics(subject: Subject, facts: Facts) -> Iterator[Topic]:
    """Everything that can be asked about `subject`, single facts before paths of two edges."""
    ask = Ask(subject, facts)
    for aspect in (*SIMPLE, *TWO_HOP, contrast):
        topic = aspect(ask)
        if topic is not None:
            yield topic
    for many in MANY:
        yield from many(ask)


def draft(topic: Topic, family: Family, number: int, *, wrap: bool = False) -> Draft:
    """`topic` asked in one variant of a family; `wrap` sets some of the formal ones in an opening or closing phrase."""
    variant = family.variants[number]
    prompt = _fill(variant, topic)
    if wrap and not _casual(variant):
        prompt = _wrapped(prompt)
    return Draft(
        topic.kind,
        topic.form,
        topic.intent,
        topic.aspect,
        f"{family.name}/{number}",
        prompt,
        _led(family.lead, topic.answers[_pick(prompt, len(topic.answers))]),
        topic.subject,
        topic.facts,
        topic.refs,
    )


def statements(topic: Topic) -> Iterator[Draft]:
    """`topic` as statement rows: the prompt names subject and aspect, the response states it."""
    if topic.kind not in STATEMENT_KINDS or topic.form in ("two_hop", "correction") or topic.aspect not in ASPECT_WORDS:
        return
    words = ASPECT_WORDS[topic.aspect].format(**{"o": topic.fills.get("o", "")})
    for family in families("statement", "train"):
        for number in range(len(family.variants)):
            made = draft(replace(topic, form="statement", fills={**topic.fills, "a": words}), family, number)
            # Where the path is all that an answer adds, the prompt must not say it.
            if (
                "{p}" in family.variants[number]
                and new_objects(made.prompt, made.response, made.facts, topic.aspect) < 2
            ):
                continue
            yield replace(made, template=f"{family.name}/{number}")


def _fill(variant: str, topic: Topic) -> str:
    """The variant with its names put in. One path in a prompt is enough, so statements name the path themselves."""
    s = topic.subject
    said = f"`{s.label}`" if "{p}" in variant else s.said()
    text = variant.format(
        **{"o": "", "a": "", **topic.fills, "s": said, "k": s.noun, "c": s.owner, "p": s.path or "outside the project"}
    )
    text = re.sub(r"\ba (`?)(?=[AEIOUaeio])", r"an \1", text)
    if f"{s.noun} `{s.label}`" in text and s.type in ("module", "package") and f"the file {said}" in variant:
        text = text.replace(f"the {s.noun} ", "")
    return text.replace("`", "") if _casual(variant) else text


def _led(lead: str, answer: str) -> str:
    """The answer behind a yes or no."""
    return f"{lead}: {answer[0].lower()}{answer[1:]}" if lead else answer


def _casual(variant: str) -> bool:
    return variant[-1] not in ".?!)" and not variant.endswith("{a}")


def _wrapped(prompt: str) -> str:
    """One prompt in five gets an opening, one in ten a closing: chosen by the prompt itself, so it never changes."""
    roll = _pick("wrap" + prompt, 20)
    if roll < 4:
        return OPENERS[_pick("open" + prompt, len(OPENERS))] + prompt
    if roll < 6:
        return prompt + CLOSERS[_pick("close" + prompt, len(CLOSERS))]
    return prompt


def _pick(text: str, sides: int) -> int:
    return crc32(text.encode()) % sides
