"""What the embedded base reads before any adapter: questions and true answers about invented repositories, endless and seeded.

Facts are derived from invented graphs by the brain and asked by the dataset's own grammar (train wordings only), and besides
in the many plain ways of askings.txt: so the base learns what is asked and how answers read, and no fact of any repository.
"""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from brain.derive import facts_about
from brain.view import View
from dataset.names import Names
from dataset.phrases import PHRASES, Family, families
from dataset.questions import draft, statements, topics
from dataset.topics import Facts, Topic
from trainer.invent import invent, sections, sentences, words
from trainer.rows import slip

# How a question is worded: by the dataset's train families, else by the base's own askings.
OF_FAMILIES: Final = 0.4


class Pair(NamedTuple):
    prompt: str
    response: str


def known_topics(seed: int, modules: int = 16) -> list[Topic]:
    """Everything that can be asked about one invented repository."""
    repository = invent(seed, modules)
    view = View(repository.nodes, repository.edges)
    found = [fact for node in view.nodes.values() for fact in facts_about(view, node)]
    names = Names({node.id: node.type for node in repository.nodes})
    facts = Facts(found, names)
    subjects = sorted({fact.subject for fact in found})
    return [topic for node_id in subjects for topic in topics(names.subject(node_id), facts)]


def pairs(seed: int, pool: int, fresh: float) -> Iterator[Pair]:
    """Endless pairs: from `pool` repositories that come back again and again, and a share `fresh` from ever new ones.

    What comes back is learnt by heart, whatever the wording: that is the skill an adapter builds on. What is new can only be
    answered in form: that is copying a name, and knowing which kind of answer is asked for.
    """
    rng = random.Random(f"pairs {seed}")
    known = [topic for number in range(pool) for topic in known_topics(number)]
    unseen: list[Topic] = []
    number = pool
    while True:
        if known and rng.random() >= fresh:
            topic = rng.choice(known)
        else:
            if not unseen:
                unseen = known_topics(number)
                number += 1
                rng.shuffle(unseen)
            topic = unseen.pop()
        yield ask(topic, rng)


def ask(topic: Topic, rng: random.Random) -> Pair:
    """One wording of a topic, with the slips of people in half of them."""
    stated = list(statements(topic)) if topic.aspect not in PHRASES or rng.random() < 0.08 else []
    if stated:
        made = rng.choice(stated)
        return Pair(made.prompt, made.response)
    own = askings(topic.aspect)
    if own and rng.random() >= OF_FAMILIES:
        made = draft(topic, own, rng.randrange(len(own.variants)))
    else:
        family = rng.choice(families(topic.aspect, "train"))
        made = draft(topic, family, rng.randrange(len(family.variants)), wrap=True)
    return Pair(slip(made.prompt, rng), rng.choice(topic.answers))


@functools.cache
def _written() -> dict[str, list[str]]:
    return sections("askings.txt", lambda line: [part.strip() for part in line.split(" | ")])


@functools.cache
def askings(aspect: str) -> Family | None:
    """The base's own wordings of an aspect: every phrase of askings.txt in every frame that suits it."""
    written = _written()
    phrases = written.get(aspect)
    if not phrases:
        return None
    plain = [frame for frame in written["frames"] if "{s}" not in frame or "{s}" in phrases[0]]
    made = []
    for phrase in phrases:
        for frame in plain:
            text = frame.replace("{x}", phrase)
            made.append(text[0].upper() + text[1:] if frame[-1] in ".?" else text)
    held = _held_out()
    return Family(f"{aspect}.base", tuple(text for text in dict.fromkeys(made) if not grams(text) & held))


def grams(text: str) -> set[tuple[str, ...]]:
    """Runs of five words, names as their placeholders."""
    found = re.findall(r"[a-z]+|\{\w\}", text.lower())
    return {tuple(found[i : i + 5]) for i in range(len(found) - 4)}


@functools.cache
def _held_out() -> frozenset[tuple[str, ...]]:
    # Whatever wordings the dataset holds out, now or later, the base must not have read.
    kept = (family for aspect in PHRASES for which in ("valid", "T1") for family in families(aspect, which))
    return frozenset(gram for family in kept for variant in family.variants for gram in grams(variant))


def vocabulary(seed: int, size: int) -> Iterator[str]:
    """The text the tokenizer is fitted on: words as people and programs write them, documentation, questions and answers.

    Six of these per token of the vocabulary are enough to find its pieces.
    """
    for found in words().values():
        yield " ".join(found)
        yield "_".join(found)
        yield "".join(word.capitalize() for word in found)
        yield "/".join(found)
    yield from sentences(seed, size)
    stream = pairs(seed, 12, 0.5)
    for _ in range(6 * size):
        yield from next(stream)
