"""Refusal rows: questions about things that do not exist, each beside a near-identical question about something that does.

The twin is a real row's own question; the refusal asks the same of an invented name in the same place. So nothing but the name
tells the two apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random
from zlib import crc32

from dataset.names import Subject
from dataset.negatives import Parts, fake_like, refusal, scope_refusal
from dataset.phrases import families
from dataset.questions import Draft, draft
from dataset.topics import RUNS, SYMBOLS, Topic, constructs

_ASKED = """location purpose role returns calls called_by extends subclasses members decorator parameters construct tests value
extend raises may_raise catches"""
ASPECTS = frozenset(_ASKED.split())
# These stand in the graph under their own names only, so a fake of theirs is a whole other question.
DIAG = frozenset({"raises", "may_raise", "catches", "raised_by", "caught_by"})


def kind_of(aspect: str) -> str:
    """Which kind a refusal of this aspect counts in."""
    return "diag" if aspect in DIAG else "discovery"


def refuse(real: Draft, topic: Topic, parts: Parts, seed: int, words: Sequence[str] = ()) -> Draft | None:
    """The draft's question asked of an invented name, refused. None where no name could be invented.

    `words` make the names of the test set; the kept wording is the draft's own.
    """
    subject = topic.subject
    if (
        subject.name.startswith("__")
        or subject.in_path
        or not subject.label.endswith(subject.spelled)
        or subject.type not in SYMBOLS
        or (subject.type in RUNS and constructs(subject.id))
    ):
        return None  # a homonym, a file, a constructor: the invented name would not be the only difference
    rng = Random(crc32(f"{seed}\0{real.prompt}".encode()))
    fake = fake_like(rng, subject.spelled, parts, words)
    label = f"`{subject.label}`"
    if not fake:
        return None
    fake = subject.label.removesuffix(subject.spelled) + fake
    if label in real.prompt:
        prompt = real.prompt.replace(label, f"`{fake}`")
    elif subject.label in real.prompt:
        prompt = real.prompt.replace(subject.label, fake)
    else:
        return None
    return replace(
        real,
        kind=kind_of(topic.aspect),
        form="refusal",
        intent="existence",
        prompt=prompt,
        response=refusal(fake, prompt),
        facts=(),
        refs=(),
        answerable=False,
        fake=fake,
        twin=subject.id,
    )


def scope_refusals(capabilities: Sequence[str], which: str) -> Iterator[Draft]:
    """Questions for capabilities that the repository has nothing to do with."""
    nobody = Subject("", "capability", "", "", "")
    for family in families("out_of_scope", which):
        for number in range(len(family.variants)):
            for what in capabilities:
                topic = Topic("out_of_scope", "discovery", "existence", "refusal", nobody, ("",), (), (), {"o": what})
                made = draft(topic, family, number)
                yield replace(made, response=scope_refusal(what, made.prompt), answerable=False, refs=(), fake=what)
