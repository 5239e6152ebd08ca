"""The wording of questions: families of askings per aspect in three disjoint sets, read from `questions.txt` beside this file.

Train families teach, valid families stop training early, T1 families measure: no family stands in two sets.
"""

from __future__ import annotations

from dataclasses import dataclass
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


def families(aspect: str, which: str = "train") -> tuple[Family, ...]:
    """The families of an aspect in one set. Letters run on from train to valid to T1, so names never repeat."""
    return PHRASES[aspect][which]


def _read() -> dict[str, dict[str, tuple[Family, ...]]]:
    """The families of each set by aspect: a line each, its variants between bars, its lead behind an arrow."""
    found: dict[str, dict[str, tuple[Family, ...]]] = {}
    aspect = which = ""
    number = 0
    for raw in Path(__file__).with_name("questions.txt").read_text(encoding="utf-8").splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            aspect, which, number = line.strip("[]"), "", 0
            found[aspect] = dict.fromkeys(SETS, ())
        elif line in SETS:
            which = line
        else:
            said, _, lead = line.partition(" => ")
            variants = tuple(variant.strip() for variant in said.split(" | "))
            found[aspect][which] += (Family(f"{aspect}.{_letters(number)}", variants, lead),)
            number += 1
    return found


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

PHRASES = _read()
