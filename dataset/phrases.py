"""The wording of questions: families of askings per aspect in three disjoint sets, read from `questions.txt` beside this file.

Train families teach, valid families stop training early, T1 families measure: no family stands in two sets.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

SETS = ("train", "valid", "T1")


@dataclass(frozen=True, slots=True)
class Family:
    """One way of asking. `name` is "<aspect>.<letter>"; the template of a row is "<name>/<index of the variant>".

    `lead` opens the answer where the question wants a yes or no.
    """

    name: str
    variants: tuple[str, ...]
    lead: str = ""


@cache
def phrases() -> dict[str, dict[str, tuple[str, ...]]]:
    """The lines of each set by aspect, as the file has them."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    aspect = which = ""
    for raw in Path(__file__).with_name("questions.txt").read_text(encoding="utf-8").splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            aspect, which = line.strip("[]"), ""
            found[aspect] = dict.fromkeys(SETS, ())
        elif line in SETS:
            which = line
        else:
            found[aspect][which] += (line.partition(" => ")[0],)
    return found


@cache
def leads() -> dict[tuple[str, str], str]:
    """What opens the answers to a family, by aspect and line."""
    found, aspect = {}, ""
    for raw in Path(__file__).with_name("questions.txt").read_text(encoding="utf-8").splitlines():
        line, _, lead = raw.strip().partition(" => ")
        aspect = line.strip("[]") if line.startswith("[") else aspect
        if lead and not line.startswith("#"):
            found[aspect, line] = lead
    return found


@cache
def families(aspect: str, which: str = "train") -> tuple[Family, ...]:
    """The families of an aspect in one set. Letters run on from train to valid to T1, so names never repeat."""
    lines = phrases()[aspect]
    first = sum(len(lines[name]) for name in SETS[: SETS.index(which)])
    return tuple(
        Family(
            f"{aspect}.{_letters(first + i)}",
            tuple(variant.strip() for variant in line.split(" | ")),
            leads().get((aspect, line), ""),
        )
        for i, line in enumerate(lines[which])
    )


def _letters(number: int) -> str:
    return chr(97 + number) if number < 26 else _letters(number // 26 - 1) + chr(97 + number % 26)


# Where a train question may be set in; T1 and valid questions stand alone.
OPENERS = (
    "In this project: ",
    "Quick question: ",
    "I am new to this code. ",
    "Reading the source: ",
    "For a review: ",
    "Hi! ",
    "I keep getting lost here. ",
    "From the code base: ",
)
CLOSERS = (" Thanks.", " Keep it short.", " Please.", " One or two sentences will do.", " A short answer is fine.")

# What a statement's prompt calls its aspect ("Notes on X (path): errors").
ASPECT_WORDS = {
    "purpose": "purpose",
    "returns": "return value",
    "declared": "type",
    "calls": "calls it makes",
    "called_by": "callers",
    "extends": "base classes",
    "subclasses": "subclasses",
    "implementers": "implementers",
    "role": "purpose",
    "implements": "interfaces",
    "overrides": "what it overrides",
    "imports": "imports",
    "imported_by": "importers",
    "depends": "outside packages",
    "decorator": "decorators",
    "members": "members",
    "contents": "contents",
    "raises": "errors",
    "may_raise": "indirect errors",
    "raised_by": "raisers",
    "caught_by": "handlers",
    "catches": "errors it handles",
    "parameters": "parameters",
    "construct": "constructor",
    "tests": "tests",
    "value": "value",
    "used_by": "users",
    "register": "{o}",
    "fields": "fields",
    "constants": "constants",
    "extend": "how to extend it",
    "default": "default of {o}",
    "overview": "overview",
}

PHRASES = phrases()
