"""Small readings of flow expressions as text."""

from __future__ import annotations

from typing import Any


def dotted(flow: Any) -> str:
    """A callee as a dotted name, as far as it is one."""
    if flow.__class__ is str:
        return str(flow)
    if flow and flow.__class__ is tuple:
        if flow[0] == "A":
            return f"{dotted(flow[1]) or '()'}.{flow[2]}"
        if flow[0] == "C":
            return f"{dotted(flow[2])}()"
        if flow[0] == "I":
            return f"{dotted(flow[1])}[]"
    return ""


def place_number(flow: tuple[Any, ...]) -> int:
    """A number for a place that has none of its own, the same in every run."""
    text = repr(flow)
    number = 0
    for character in text[:80]:
        number = (number * 31 + ord(character)) % 1_000_003
    return 1000 + number
