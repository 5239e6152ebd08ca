"""Small readings of flow expressions as text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final


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


# Text that names something: words between dots, `package.module:name` as in entry points.
NAMING: Final = re.compile(r"[^\W\d]\w*([.:][^\W\d]\w*)+")
DIVIDING: Final = frozenset(("split", "rsplit", "partition", "rpartition"))
CASES: Final = frozenset(("lower", "upper", "casefold"))
READ: Final = DIVIDING | CASES | {"format"}  # the methods of texts whose results are known
_HOLE: Final = re.compile(r"\{[^{}]*\}")


def halves(text: str, method: str, given: Sequence[object]) -> Sequence[str]:
    """The two parts into which a method divides a text, one before and one after; nothing where it does something else."""
    if not given or not isinstance(given[0], str) or given[0] not in text:
        return ()
    if method.endswith("split") and (len(given) != 2 or given[1] != 1):
        return ()
    return getattr(text, method)(*given)  # type: ignore[no-any-return]


def around_hole(template: str) -> Sequence[str]:
    """What a template has before and after its one hole, where both together may be a part of a name; else nothing."""
    parts = _HOLE.split(template)
    return parts if len(parts) == 2 and any(parts) and f"_{''.join(parts)}".isidentifier() else ()
