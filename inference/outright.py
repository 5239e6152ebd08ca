"""What a question without a name in it asks outright: which things of a kind there are, what a failure is, what may go wrong in doing
something. In: the question. Out: a section, or None for what only search can answer.
"""

from __future__ import annotations

import re
from typing import Final

from brain.asking import STOP_WORDS
from inference.compose import Composer
from inference.families import family
from inference.finds import Finds
from inference.howto import Guide
from inference.kinds import Intent
from inference.link import Mention, Target
from inference.retrieve import Retriever
from inference.symptoms import asks_why, symptom
from inference.verbs import base_form
from inference.wording import Claim, Section, here, kind_of, name_of, purpose

_RISK = re.compile(
    r"^\W*(?:(?:what|which)\s+(?:can|could|may|might|will|would|does|do)\s+(?:go\s+wrong|fail|break|be\s+(?:raised|thrown))"
    r"|(?:what|which)\s+(?:\w+\s+)?(?:errors?|exceptions?|failures?)\b[^,;?]*?)"
    r"\s+(?:when|while|if|on|upon|during|by|in)\s+(?:i\s+|we\s+|you\s+|one\s+|it\s+)?(?P<verb>\w+)\s+(?P<what>[^?;]+)",
    re.IGNORECASE,
)
_SURE: Final = 0.75  # the share of the deed that a function must be about
_K: Final = 8


def risks(composer: Composer, retriever: Retriever, text: str) -> Section | None:
    """What the function raises that does what the question speaks of: "what can go wrong when building a walker"."""
    asked = _RISK.match(text)
    if asked is None or asked["verb"].lower() in STOP_WORDS:
        return None
    finds = Finds(composer, retriever, Guide(composer, retriever))
    fit, node = finds.doing(f"how do I {base_form(asked['verb'])} {asked['what']}", _K)
    if node is None or fit < _SURE:
        return None
    told = composer.answer("raises", Target(Mention(node.name, 0, 0, "tick"), node, (node,), ()))
    if told is None or told.value != "yes":
        return None
    said = purpose(node)
    lead = Claim(
        f"{name_of(node)}, {kind_of(node)} in {node.path}, does that{f': {said}' if said else '.'}", here(node)
    )
    return Section("raises", (lead, *told.claims), told.value, min(told.score, fit, 0.8), told.features, told.targets)


def described(composer: Composer, retriever: Retriever | None, intent: Intent, project: str) -> Section | None:
    """What a question without a name in it asks outright: the classes of a kind, or the error that a failure is. None for
    what only search can answer."""
    if intent.carried or (intent.x is not None and intent.x.shape not in ("plain", "capital")):
        return None
    section = risks(composer, retriever, intent.text) if retriever is not None else None
    if section is not None:
        return section
    section = family(composer, intent.text, project)
    if (
        section is None
        and retriever is not None
        and intent.kind in ("search", "discovery", "diagnose")
        and asks_why(intent.text)
    ):
        section = symptom(composer, retriever, intent.text)
    return section
