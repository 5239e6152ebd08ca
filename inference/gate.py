"""What is said instead of an answer: no such name, or no good evidence. Deterministic, before any model runs, with the nearest
real names and the passages that came closest.
"""

from __future__ import annotations

from typing import Final

from brain.text import one_line
from inference.citations import Span
from inference.kinds import Intent
from inference.link import Missing
from inference.retrieve import Evidence, Retriever
from inference.wording import Claim, Section, here, join, name_of, places_of

_NEAR: Final = 4


def refuse(missing: Missing) -> Section:
    """What is said of a name that is not there: what it might be instead, and the names nearest to it."""
    name = missing.mention.name
    claims: list[Claim] = []
    if missing.external:
        claims.append(
            Claim(
                f"{name} belongs to {missing.external}, which lies outside this repository; the index holds only its own code."
            )
        )
    elif missing.container is not None:
        owner = missing.container
        member = name.replace("::", ".").rpartition(".")[2]
        claims.append(Claim(f"There is no {name}: {name_of(owner)} has no member {member}.", here(owner)))
    elif missing.mention.shape == "path":
        claims.append(Claim(f"The index holds no file {name}."))
    else:
        claims.append(Claim(f"There is no {name} in this index."))
    if missing.elsewhere:
        places = [f"{name_of(n)} in {n.path}" for n in missing.elsewhere[:_NEAR]]
        claims.append(Claim(f"The name stands elsewhere: {join(places)}.", places_of(missing.elsewhere[:_NEAR])))
    near = [n for n in missing.near if n != name]
    if near:
        claims.append(Claim(f"Nearest: {join(near[:_NEAR], 'or')}."))
    return Section("gate", tuple(claims), "missing", 0.0, (("exists", 0.0),))


def in_text(missing: Missing, retriever: Retriever | None) -> Section | None:
    """A name that is no symbol but stands in the code or its documentation all the same: a column, a key, a file it writes.
    None for a member that a class does not have, and for what only tests mention."""
    name = missing.mention.name
    container = missing.container
    if retriever is None or len(name) < 4 or (container is not None and container.type in ("class", "interface")):
        return None
    places = retriever.lines_with(name, 5, documents=True)
    if not places:
        return None
    claims = [Claim(f"{name} is no symbol of this repository, but the word stands in:")]
    for path, line in places:
        written = one_line(retriever.lookup.text(path, line, line))[:120]
        claims.append(Claim(f"{path}: {written}", (Span(path, line, line, "", "text"),), item=True))
    like = [n for n in missing.near if name.lower() in n.lower()]
    if like:
        claims.append(Claim(f"Called like it: {join(like[:_NEAR])}."))
    return Section("text", tuple(claims), "yes", 0.6, (("text", float(len(places))),))


def abstain(intent: Intent, evidence: Evidence) -> Section:
    """What is said instead of an answer from weak evidence: the words found nowhere, and the nearest places."""
    claims = [Claim(f"There is no good evidence in the index for: {intent.text.strip(' ?!.')}.")]
    if evidence.unseen:
        claims.append(Claim(f"These words occur nowhere in the index: {join(evidence.unseen[:6])}."))
    elif evidence.apart:
        claims.append(
            Claim(f"No name and no documentation was found that speaks of {join(evidence.apart[:6])} together.")
        )
    weak = [h for h in evidence.hits if h.start][:3]
    if weak:
        claims.append(Claim("Nearest, but not enough to answer from:"))
        claims += [
            Claim(
                f"{h.name or h.path} in {h.path}",
                (Span(h.path, h.start, h.end, h.node_id, "search", h.score),),
                item=True,
            )
            for h in weak
        ]
    return Section("gate", tuple(claims), "missing", evidence.confidence, evidence.features)
