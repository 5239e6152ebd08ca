"""The folder, module or file that a question keeps to: "which errors can run raise in trainer" means the `run` of that folder.
In: the text, the index's files and what a name was linked to. Out: the text without its "in …", the files meant, the definitions
that stand there.

A place chooses among the things a name may mean, or among what is listed about it; it is never a thing the question relates.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from config.console import plural
from inference.citations import Span
from inference.compose import Composer
from inference.link import Missing, Target
from inference.wording import Claim, Section, at, caught_at, few, name_of

_IN = re.compile(
    r"\s+(?:anywhere\s+)?(?:in|inside|within|under)\s+(?:the\s+)?(?:(?:module|file|package|folder|directory)\s+)?"
    r"`?(?P<place>[\w.@+-]+(?:/[\w.@+-]+)*/?)`?(?:\s+(?:module|file|package|folder|directory))?(?=\s*(?:[?!,;.]|$)|\s+(?!\w+['’]))",
    re.IGNORECASE,
)

_HOMONYMS: Final = 3  # definitions of one name in one place that are each answered for


@dataclass(frozen=True, slots=True)
class Scope:
    """`place` as written, `paths` the files it means, `rest` the question without it."""

    place: str
    paths: frozenset[str]
    rest: str


def scope_of(text: str, paths: Sequence[str], is_symbol: Callable[[str], bool]) -> Scope | None:
    """The folder, module or file that `text` confines itself to; None without one. A class or function is no such
    place, unless a folder bears its name."""
    for match in _IN.finditer(text):
        place = match["place"].strip(".")
        name = place.strip("/")
        folder = any(f"/{name}/" in f"/{p}" for p in paths)
        # `dataset` the folder holds more than `dataset` the function; a file called like its function may be either.
        if is_symbol(place) and not (folder and place.islower()):
            continue
        found = _files(name, paths)
        if found:
            return Scope(place, found, text[: match.start()] + text[match.end() :])
    return None


def _files(place: str, paths: Sequence[str]) -> frozenset[str]:
    whole = [p for p in paths if f"/{p}".endswith(f"/{place}") or f"/{place}/" in f"/{p}"]
    if whole or "/" in place:
        return frozenset(whole)
    dotted = place.replace(".", "/")
    stems = [p for p in paths if f"/{p.rpartition('.')[0]}".endswith(f"/{dotted}") or f"/{dotted}/" in f"/{p}"]
    return frozenset(stems)


def names_symbol(found: Target | Missing) -> bool:
    """Whether a name was linked to something that is defined in a file, so that a place can choose among its homonyms."""
    return isinstance(found, Target) and found.node.type not in ("module", "package", "external")


def answer_in(
    composer: Composer, kind: str, target: Target, scope: Scope | None, about: Callable[[Target], Section | None]
) -> Section | None:
    """`about` each definition of the name within the scope; the one elsewhere, as seen from there, when it has none."""
    if scope is None:
        return about(target)
    there = inside(target, scope)
    if not there:
        section = about(target)
        return told(composer, kind, target, scope, section) if section else None
    shown = 3 * _HOMONYMS if kind == "locate" else _HOMONYMS
    sections = [s for s in map(about, there[:shown]) if s is not None]
    if not sections:
        return None
    claims = [claim for section in sections for claim in section.claims]
    if len(there) > shown:
        more = [f"{name_of(t.node)} ({t.node.path})" for t in there[shown:]]
        claims.append(Claim(f"The name also means {few(more, 4)} there."))
    values = [section.value for section in sections]
    best = next((v for v in ("yes", "unknown") if v in values), values[0])
    return replace(sections[0], claims=tuple(claims), value=best, score=min(s.score for s in sections))


def inside(target: Target, scope: Scope) -> list[Target]:
    """What the name means within `scope`: one target for each definition there, none when it has none there."""
    found: dict[tuple[str, str], Target] = {}
    for node in (target.node, *target.others):
        if node.path in scope.paths:
            key = (node.path, node.qualname)
            # Redefinitions of one name in one file stay together.
            if key not in found:
                group = target.group if node.id == target.node.id else (node,)
                found[key] = replace(target, node=node, group=group, others=())
    return list(found.values())


def told(composer: Composer, kind: str, target: Target, scope: Scope, section: Section) -> Section:
    """`section` for a name that is defined elsewhere: led by what of it stands in the scope, when the relation points here."""
    rows = _there(composer, kind, target, scope)
    name = name_of(target.node)
    if rows is None:
        lead = Claim(f"No {target.node.name} was found in {scope.place}; this is about {name} in {target.node.path}.")
        return replace(section, claims=(lead, *section.claims), score=section.score * 0.7)
    verb = _RELATION[kind]
    if not rows:
        lead = Claim(f"Nothing in {scope.place} was found that {verb} {name}. In the whole repository:")
        return replace(section, claims=(lead, *section.claims), score=section.score * 0.8)
    names = list(dict.fromkeys(said for said, _ in rows))
    number = f"{plural(len(names), 'place')} {_PLURAL.get(verb, verb.removesuffix('s')) if len(names) > 1 else verb}"
    lead = Claim(f"In {scope.place}, {number} {name}: {few(names, 20)}.", tuple(s for _, spans in rows for s in spans))
    return replace(section, claims=(lead,))


_RELATION = {
    "callers": "calls", "raisers": "raises", "handlers": "catches", "subclasses": "extends", "importers": "imports", "tests": "calls"
}  # fmt: skip
_PLURAL = {"catches": "catch"}


def _there(composer: Composer, kind: str, target: Target, scope: Scope) -> list[tuple[str, tuple[Span, ...]]] | None:
    """What stands in the scope and has the relation to `target`; None for relations that say nothing of other places."""
    relations = composer.relations
    if kind not in _RELATION:
        return None
    if kind == "handlers":
        if target.node.type in ("function", "method"):
            return None
        return [
            (name_of(h.node), caught_at(h)) for h in composer.errors.catching(target.node) if h.node.path in scope.paths
        ]
    rows = {
        "callers": lambda: relations.callers(target.group),
        "tests": lambda: relations.callers(target.group),
        "raisers": lambda: relations.raisers(target.group)[0],
        "subclasses": lambda: relations.subclasses(target.group),
        "importers": lambda: relations.backward(target.group, "imports", "depends_on"),
    }[kind]()
    return [(name_of(r.node), at(r)) for r in rows if r.node.path in scope.paths]
