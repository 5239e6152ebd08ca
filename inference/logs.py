"""A pasted log -> the frames it went through and the error it ended in. Text in, a Trace out; what the frames mean in a repository
is told by `traces.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from brain.asking import SOURCE
from inference.grammar import ASK

# The shapes in which programs print the frames of a call stack, by how a line is built.
_QUOTED = re.compile(
    r'^\s*(?:[|+]\s*)*File "(?P<path>[^"]+)", line (?P<line>\d+)(?:, in (?P<name>[^\n]+))?', re.MULTILINE
)
_BRACKETED = re.compile(
    r"^\s*at (?:[\w.$@/-]+/)?(?P<name>[\w.$<>]+)\((?P<path>[\w$]+\.\w+):(?P<line>\d+)\)", re.MULTILINE
)
_WORDED = re.compile(
    r"^\s*at (?P<name>[\w.<>`\[\],+]+)\([^)\n]*\) in (?P<path>[^\n]+):line (?P<line>\d+)", re.MULTILINE
)
_TWO_LINED = re.compile(
    r"^\s*\d+:\s+(?:0x[0-9a-f]+ - )?(?P<name>[\w:<>{}]+)[^\n]*\n\s+at (?P<path>[^\s:]+\.\w+):(?P<line>\d+)",
    re.MULTILINE,
)
_COLUMNED = re.compile(
    r"^\s*at (?:async )?(?:(?P<name>[\w.$<>\[\] ]+?) )?\(?(?:file://)?(?P<path>(?:[A-Za-z]:)?[^\s():]+\.\w+):(?P<line>\d+):\d+\)?",
    re.MULTILINE,
)
_INDENTED = re.compile(r"^(?P<name>[\w./*()]+)\([^\n]*\)\n\s+(?P<path>[^\s:]+\.\w+):(?P<line>\d+)", re.MULTILINE)
_PANICKED = re.compile(r"panicked at (?:'[^']*', )?(?P<path>[\w./-]+\.\w+):(?P<line>\d+)", re.MULTILINE)
_NUMBERED = re.compile(
    r"^\s*#\d+\s+(?:0x[0-9a-f]+ )?in (?P<name>[^\s(]+)[^\n]*? (?P<path>[\w./+-]+\.\w+):(?P<line>\d+)", re.MULTILINE
)
_SHORT = re.compile(
    rf"^(?P<path>[\w./-]+\.(?:{SOURCE})):(?P<line>\d+): (?:in (?P<name>\w+)|(?=[A-Z]\w+(?:Error|Exception|Warning)?))",
    re.MULTILINE,
)
_SHAPES: Final = (_QUOTED, _BRACKETED, _WORDED, _TWO_LINED, _COLUMNED, _INDENTED, _PANICKED, _NUMBERED, _SHORT)
_NEWEST_FIRST: Final = (_BRACKETED, _WORDED, _TWO_LINED, _COLUMNED, _INDENTED, _NUMBERED)
_ERROR = re.compile(
    r"^(?:E\s+|Caused by: |Unhandled exception[.:] |Exception in thread \"[^\"]*\" |Uncaught )?(?P<class>(?:[\w$]+\.)*\$?[A-Z][\w$]*)"
    r"(?:: (?P<message>[^\n]*))?$",
    re.MULTILINE,
)
# What a program says when it dies without an exception's own line.
_DEATH = re.compile(
    r"^panic: (?P<panic>[^\n]+?)(?: \[recovered\])?$"
    r"|^terminate called after throwing an instance of '(?P<class>[^'\n]+)'(?:\n\s*what\(\):\s*(?P<what>[^\n]*))?"
    r"|^thread '[^'\n]*' (?:\(\d+\) )?panicked at (?:'(?P<old>[^'\n]*)'|[\w./-]+\.\w+:[\d:]+\n(?P<said>[^\n]+))",
    re.MULTILINE,
)
_MARKS: Final = (
    "Traceback (most recent call last)",
    "Caused by:",
    "goroutine ",
    "panicked at",
    "Exception in thread",
    "Unhandled exception",
    "AddressSanitizer",
)
_INSTALLED: Final = ("site-packages/", "dist-packages/", "node_modules/")
_QUESTION = re.compile(rf"\s*(?:and\s+|in\s+)?{ASK}\b[^\n]*\?\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Frame:
    path: str
    line: int
    name: str


@dataclass(frozen=True, slots=True)
class Trace:
    """`frames` outermost first; `error` the class as written; `chain` the errors before it, oldest first."""

    frames: tuple[Frame, ...]
    error: str = ""
    message: str = ""
    chain: tuple[str, ...] = ()


def parse(text: str, is_error: Callable[[str], bool] = lambda name: False) -> Trace | None:
    """The trace in `text`; None when there is none. A single line such as `ValueError: bad size` is one without frames;
    `is_error` knows error classes whose names do not say so."""
    frames: list[tuple[int, Frame]] = []
    newest_first = False
    for pattern in _SHAPES:
        for match in pattern.finditer(text):
            groups = match.groupdict()
            frames.append(
                (match.start(), Frame(groups["path"], int(groups["line"]), (groups.get("name") or "").strip()))
            )
            newest_first = newest_first or pattern in _NEWEST_FIRST
        if frames:
            break
    marked = any(mark in text for mark in _MARKS)
    errors = [m for m in _ERROR.finditer(text) if frames or marked or _alone(m, text, is_error)]
    death = _DEATH.search(text)
    if not frames and not errors and death is None:
        return None
    ordered = [frame for _, frame in frames]
    if newest_first:
        ordered.reverse()
    if death is not None:
        said = next((m for m in (death[g] for g in ("panic", "what", "old", "said")) if m), "")
        return Trace(tuple(ordered), death["class"] or "panic", said.strip())
    named = [m for m in errors if m.group("message") is not None or m.group("class")[-1:] != "."]
    last = (
        (named[0] if newest_first and not any("Caused by" in m.group(0) for m in named) else named[-1])
        if named
        else None
    )
    chain = tuple(dict.fromkeys(m.group("class") for m in named if m is not last))
    return Trace(
        tuple(ordered),
        last.group("class") if last else "",
        (last.group("message") or "").strip() if last else "",
        chain,
    )


def _alone(match: re.Match[str], text: str, is_error: Callable[[str], bool]) -> bool:
    """An error line counts without a trace around it when it is all there is and looks like one."""
    name = match.group("class").rpartition(".")[2]
    # "UsageError: who raises it?" asks; no program said so.
    if _QUESTION.match(match.group("message") or ""):
        return False
    looks = name.endswith(("Error", "Exception", "Warning", "Exit", "Abort"))
    return (looks or is_error(name)) and bool(match.group("message")) and len(text.strip().splitlines()) <= 3


def installed(path: str) -> str:
    """A file's path below the folder that packages are installed in; "" when it is in none."""
    path = path.replace("\\", "/")
    marks = [path.rfind(mark) + len(mark) for mark in _INSTALLED if mark in path]
    return path[max(marks) :] if marks else ""
