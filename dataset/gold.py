"""What an answer adds to its question: the objects of its facts that stand in the one and not in the other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from brain.facts import Fact
from dataset.names import parts_of
from dataset.score import holds


@lru_cache(maxsize=100_000)
def fact_id(fact: Fact) -> str:
    """The fact's id, remembered: it is a digest, and every row asks for some."""
    return fact.id


def new_objects(prompt: str, response: str, facts: Sequence[Fact], aspect: str) -> int:
    """How many of the facts' objects stand in the response and not in the prompt."""
    return sum(1 for shown in {_shown(f) for f in facts} if _in(response, shown) and not _in(prompt, shown)) + sum(
        1 for value in {f.qualifier("default") for f in facts if aspect == "default"} - {""} if _in(response, value)
    )


def _shown(fact: Fact) -> str:
    if fact.object_is_node:
        path, name = parts_of(fact.object)
        return (name.rpartition(".")[2] if fact.relation == "member" else name) or path
    return fact.object.strip("\"'")


def _in(text: str, shown: str) -> bool:
    if " " not in shown:
        return holds(text, shown)
    # Verbs of a doc sentence may have been inflected, so prose is compared by the beginnings of its words.
    return shown in text or _stems(shown) <= _stems(text)


def _stems(text: str) -> set[str]:
    return {word[:4] for word in re.findall(r"\w{4,}", text.lower())}
