"""Which calls a summary names, and how the summary of a test reads by them. Facts in, sentences out, as in `brain/render.py`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from brain.clauses import Sentence, join_clauses
from brain.derive import FactTable
from brain.facts import Fact
from brain.text import split_identifier
from brain.view import IMPLIED, is_test, unsaid
from extractor.schema import Node

if TYPE_CHECKING:
    from brain.render import Renderer

_TEST_NAME: Final = re.compile(r"[Tt]ests?(?:_|(?![a-z]))")
_TEST_MARK: Final = re.compile(r"(?<![A-Za-z])(?:[A-Z]\w*)?(?:[Tt]est|TEST|Fact|Theory)(?![a-z])")


def is_trial(r: Renderer, node: Node, table: FactTable) -> bool:
    """Whether a function is a test: neither what only helps the tests, nor what one of them defines in its body."""
    marks = " ".join(map(str, node.meta.get("decorators", ())))
    owner = table.about(node.id, "container")
    local = bool(owner) and r.type_of(owner[0].object) in ("function", "method")
    named = _TEST_NAME.match(node.name) and "fixture" not in marks and not local
    return is_test(node) and bool(named or _TEST_MARK.search(marks)) and not table.about(node.id, "called_by")


def trial(r: Renderer, node: Node, table: FactTable, purpose: Sentence | None) -> Iterator[Sentence]:
    """Of a test: what of the product it calls, else what else it calls."""
    calls = table.about(node.id, "calls")
    text, ids, refs = r.names(r.best(written(r, [f for f in calls if r.is_product(f.object)])))
    said = " ".join(split_identifier(_TEST_NAME.sub("", node.name, count=1) or node.name))
    owner = () if ids else table.about(node.id, "container")[:1]
    lead = f"A test of {text}" if text else "A test"
    yield purpose or Sentence(f'{lead}: "{said}".', (*ids, *(f.id for f in owner)), refs)
    if purpose and text:
        yield join_clauses(Sentence(f"tests {text}", ids, refs))
    if not text:
        yield join_clauses(r.clause("calls", r.best(inside(r, node, calls))))


def inside(r: Renderer, node: Node, facts: Sequence[Fact]) -> list[Fact]:
    """Callees in the repository; where there are none those outside it that are worth telling."""
    within = written(r, [f for f in facts if r.type_of(f.object) not in ("external", "")])
    return within or [f for f in facts if not unsaid(node, f.object)]


def written(r: Renderer, facts: Sequence[Fact]) -> list[Fact]:
    """Calls that somebody wrote; those that only happen where there are no others."""
    ends = {f.object for f in facts if (n := r.node(f.object)) is not None and "destructor" in n.meta.get("flags", ())}
    return [f for f in facts if f.qualifier("via") not in IMPLIED and f.object not in ends] or list(facts)
