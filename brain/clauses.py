"""Sentence: one statement of a summary with the facts and nodes behind it, and how names and clauses become one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sentence:
    text: str
    facts: tuple[str, ...]
    refs: tuple[str, ...]


def enumeration(names: Sequence[str], more: int = 0) -> str:
    """`a`, `a and b`, `a, b and c`, `a, b and 3 more`."""
    parts = [*names, f"{more:,} more"] if more else list(names)
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def join_clauses(*clauses: Sentence | None, glue: str = "; ") -> Sentence:
    """Clauses as one sentence, the first capitalised and the last closed; empty when all are missing."""
    present = [clause for clause in clauses if clause is not None and clause.text]
    text = glue.join(clause.text for clause in present)
    if text:
        text = text[0].upper() + text[1:] + ("" if text[-1] in ".!?" else ".")
    return Sentence(text, tuple(i for c in present for i in c.facts), tuple(r for c in present for r in c.refs))
