"""Call sequences of tests and examples in languages whose snippets are not parsed here, read off the graph: the calls of a test, in
source order.

What stands in an assertion is what the test checks, not a step. A test that is a block passed to a call has no name in the
graph, so the text of its file says where each begins and what it is about.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from brain.index import Files
from brain.snippets import MOST_STEPS, Snippet, Step
from brain.text import one_line, split_identifier
from brain.view import IMPLIED, View, is_aside, is_public, is_test, readable
from extractor.schema import Node

_MARK: Final = re.compile(r"\btest|^\W*(?:fact|theory)\b", re.I)  # @Test, #[test], [TestMethod], [Fact]
_BLOCK: Final = re.compile(r"^\s*(?:it|test)(?:\.\w+)?\s*\(\s*([\"'`])(.+?)\1")
_NO_TITLE: Final = frozenset(("test", "tests"))  # words of a test's name that do not say what it shows
_CHECK: Final = re.compile(
    r"\b(?:assert\w*|expect|should|verify|(?:EXPECT|ASSERT|CHECK|REQUIRE)(?:_\w+)?)\b|\bAssert\."
)


def traced(view: View, texts: Files) -> Iterator[tuple[Snippet, list[Step]]]:
    """(snippet, steps) of each test and example that makes two different calls of the repository's own, in order of file."""
    inside: dict[str, list[Node]] = defaultdict(list)
    for node in view.of_type("module", "function", "method"):
        if not readable(node) and node.path in texts and (is_test(node) or is_aside(node.path)):
            inside[node.path].append(node)
    for path in sorted(inside):
        lines = texts[path].lines()
        for node in sorted(inside[path], key=lambda n: (n.lines, n.id)):
            if not is_test(path) and any(edge.src != node.id for edge in view.into(node.id, "calls")):
                continue  # what others call is a part of something, no example
            for title, start, end in _stretches(node, lines):
                steps = _steps(view, node, lines, start, end)
                if len({_called(view, step.node_id) for step in steps}) > 1:
                    source = "test" if is_test(path) else "example"
                    yield Snippet(path, start, "\n".join(lines[start - 1 : end]), title, source), steps


def _stretches(node: Node, lines: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """(title, first line, last line) of each piece of a file that shows one thing."""
    start, end = node.lines
    if node.type != "module":
        marks = " ".join(map(str, node.meta.get("decorators", ())))
        if not is_test(node) or node.name.lower().startswith("test") or _MARK.search(marks):
            words = split_identifier(node.name)
            yield " ".join([word for word in words if word not in _NO_TITLE] or words), start, end
        return
    if not is_test(node):
        yield " ".join(split_identifier(node.path.rpartition("/")[2].partition(".")[0])), 1, len(lines)
        return
    begun = [(n, m.group(2)) for n, line in enumerate(lines, 1) if (m := _BLOCK.match(line))]
    for (first, title), (following, _) in zip(begun, [*begun[1:], (len(lines) + 1, "")], strict=False):
        yield one_line(title), first, following - 1


def _steps(view: View, node: Node, lines: Sequence[str], start: int, end: int) -> list[Step]:
    found = []
    for edge in view.out(node.id, "calls"):
        target = view.node(edge.dst)
        if target is None or target.type not in ("function", "method", "class") or not is_public(target):
            continue
        if edge.via in IMPLIED or edge.via == "override" or "destructor" in target.meta.get("flags", ()):
            continue  # nobody who follows the recipe writes it, or it only may stand in for what is written
        line = lines[edge.line - 1] if edge.line <= len(lines) else ""
        if start <= edge.line <= end and not _CHECK.search(line):
            place = re.search(rf"(?<!\w){re.escape(target.name)}(?!\w)", line)
            found.append((edge.line, place.start() if place else -1, target.id))
    steps: list[Step] = []
    for number, _, called in sorted(found):
        # What may be one of several is one step, and so is one that is taken again.
        if not steps or _called(view, called) != _called(view, steps[-1].node_id):
            steps.append(Step(called, (), number))
    return steps[:MOST_STEPS]


def _called(view: View, node_id: str) -> str:
    """What a step calls, by name: overloads, and one function written for several platforms, read alike."""
    return view.nodes[node_id].qualname
