"""Every question about a subject that given facts answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from brain.facts import Fact
from dataset.names import Names, Subject
from dataset.phrases import families
from dataset.questions import Draft, draft, statements, topics
from dataset.topics import Facts


def render(
    subject: Subject,
    facts: Sequence[Fact] | Facts,
    *,
    names: Names | None = None,
    which: str = "train",
    forms: Sequence[str] = ("forward", "reverse", "two_hop", "statement"),
) -> Iterator[Draft]:
    """Every question of one set ("train", "valid", "T1") about `subject` that the facts answer, in a fixed order.

    `facts` may hold facts of other subjects: two-edge questions need them. Statements have train wordings only.
    """
    known = facts if isinstance(facts, Facts) else Facts(facts, names or Names())
    for topic in topics(subject, known):
        if topic.form in forms and topic.form != "statement":
            for family in families(topic.aspect, which):
                for number in range(len(family.variants)):
                    yield draft(topic, family, number, wrap=which == "train")
        if "statement" in forms and which == "train":
            yield from statements(topic)
