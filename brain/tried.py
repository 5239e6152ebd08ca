"""What tests show to work beside what they show to fail: a call that must raise, and the same function called in another way.

Read off the graph and the text of the tests, in any language: a line that expects an error protects itself and the lines
indented below it; a call of the same function elsewhere in that test goes through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from brain.index import Files
from brain.markup import indent_of
from brain.text import one_line, tokens
from brain.view import View, is_test
from extractor.schema import Node

_EXPECTS: Final = re.compile(r"\w*(?:[Rr]aise|[Tt]hrow|RAISE|THROW)\w*\b")
_SAID: Final = re.compile(r"([\"'])((?:\\.|(?!\1).)+)\1")
_WORD: Final = re.compile(r"[^\W\d_]{3,}")
LONGEST: Final = 24  # tokens of a fix


@dataclass(frozen=True, slots=True)
class Tried:
    """`expected` is the line that expects the error, `said` the message it wants, `callee` the function that both calls name,
    `call` the one that passes, as written at `place`."""

    expected: str
    said: str
    callee: str
    call: str
    test: str
    place: str

    def fix(self) -> dict[str, str]:
        return {"text": f"Call {self.call} instead, as {self.test} does.", "evidence": self.place}


def tried(view: View, texts: Files) -> list[Tried]:
    """Every pair of a failing and a passing call that one test holds, in order of the test's id and line."""
    cut: dict[str, list[str]] = {}
    found: list[Tried] = []
    for node in view.of_type("function", "method"):
        if is_test(node) and node.path in texts:
            if node.path not in cut:
                cut[node.path] = texts[node.path].lines()
            found += _pairs(view, node, cut[node.path])
    return found


def advice(
    all_tried: Sequence[Tried], name: str, raiser: str, ways: Sequence[str], message: str, *, only: bool
) -> list[dict[str, str]]:
    """The first passing call a test shows for this error, of the raiser itself or of a way to it; empty without one. The
    test must want this message, unless it is the `only` one with which the raiser raises this error."""
    whole = re.compile(rf"\b{re.escape(name)}\b")
    wanted = set(_WORD.findall(message.lower()))
    callees = {raiser, raiser.rpartition(".")[0], *ways}  # calling a class calls what constructs it
    for t in all_tried:
        said = set(_WORD.findall(re.sub(r"\\.", " ", t.said).lower()))
        fits = said <= wanted if said else only and t.callee in callees - set(ways)
        if fits and t.callee in callees and whole.search(t.expected):
            return [t.fix()]
    return []


def _pairs(view: View, test: Node, lines: Sequence[str]) -> Iterator[Tried]:
    start, end = test.lines
    blocks = [(n, _last(lines, n, end)) for n in range(start, end + 1) if _EXPECTS.search(lines[n - 1])]
    if not blocks:
        return
    calls = sorted((e.line, e.dst) for e in view.out(test.id, "calls") if start <= e.line <= end)
    inside = {line for first, last in blocks for line in range(first, last + 1)}
    for first, last in blocks:
        failing = {callee: _call(view, callee, lines[line - 1]) for line, callee in calls if first <= line <= last}
        said = _SAID.search(lines[first - 1])
        for line, callee in calls:
            call = _call(view, callee, lines[line - 1]) if callee in failing and line not in inside else ""
            if call and call != failing[callee] and len(tokens(call)) <= LONGEST:
                place = f"{test.path}:{line}-{line}"
                yield Tried(lines[first - 1], said.group(2) if said else "", callee, call, test.name, place)


def _last(lines: Sequence[str], first: int, end: int) -> int:
    """The last line of a block that begins on line `first`: those below it that stand further right."""
    depth = indent_of(lines[first - 1])
    last = first
    for number in range(first + 1, end + 1):
        if lines[number - 1].strip():
            if indent_of(lines[number - 1]) <= depth:
                break
            last = number
    return last


def _call(view: View, callee: str, line: str) -> str:
    """The call of a node as it is written on a line, empty when it does not end there."""
    node = view.node(callee)
    if node is None or node.type == "external":
        return ""
    names = "|".join(re.escape(part) for part in node.qualname.split(".")[-2:])
    match = re.search(rf"[\w.]*\b(?:{names})\(", line)
    depth = 0
    for place in range(match.end() - 1, len(line)) if match else ():
        depth += (line[place] in "([{") - (line[place] in ")]}")
        if not depth:
            return one_line(line[match.start() : place + 1]) if match else ""
    return ""
