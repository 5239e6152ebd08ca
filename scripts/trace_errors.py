"""The tracer of `bench_throws`, loaded by pytest: every error whose `raise` stands in the source, where it passed and where it ended.

An error is noted for each function it leaves and for each that stops it, with the function it came from. What C code swallows
between two functions, what tests throw themselves and what is thrown into a generator at its `yield` is left out.
"""

from __future__ import annotations

import dis
import json
import linecache
import os
import sys
import threading
import traceback
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any, Final, NamedTuple

VARIABLES: Final = "NANODEX_TRACE_REPO", "NANODEX_TRACE_SOURCE", "NANODEX_TRACE_OUT"
REPO, SOURCE, OUT = (os.environ.get(name, "") for name in VARIABLES)  # tests may clear the environment
TESTS: Final = {"test", "tests"}  # folders
RAISE: Final = dis.opmap["RAISE_VARARGS"]
YIELD: Final = dis.opmap["YIELD_VALUE"]
# `return` in one version of Python or another; a frame that ends on anything else is left by an error.
RETURNS: Final = {dis.opmap.get(name) for name in ("RETURN_VALUE", "RETURN_CONST", "RETURN_GENERATOR")}
INLINE: Final = ("<listcomp", "<setcomp", "<dictcomp", "<genexpr")  # frames that are no functions of the graph
MAX_TEXTS: Final = 8

Place = tuple[str, int, str]  # path, first line, qualified name


class Seen(NamedTuple):
    """An error in a function: where it arose there, the function it came from (none: raised here), its class and its raise."""

    function: Place
    line: int
    callee: Place | None
    outside: bool  # code from elsewhere stands between the function and the callee
    error: tuple[str, str]  # path of its class, "" outside; qualified name
    raised: tuple[str, int]


_left: dict[Seen, set[str]] = {}
_stopped: dict[Seen, set[str]] = {}
_bytes: dict[CodeType, tuple[bool | None, bytes]] = {}
_unwound = (
    threading.local()
)  # the frame that was left while several errors were in it, and these: its caller knows which


def _code(code: CodeType) -> tuple[bool | None, bytes]:
    """Whether it is of the source, None where it is the repository's otherwise, and its bytes."""
    known = _bytes.get(code)
    if known is None:
        root, path = REPO + os.sep, code.co_filename
        tested = path.startswith(root + SOURCE) and TESTS.isdisjoint(Path(path[len(root) :]).parts)
        known = _bytes[code] = tested or (None if path.startswith(root) else False), code.co_code
    return known


def _place(code: CodeType) -> Place:
    return os.path.relpath(code.co_filename, REPO), code.co_firstlineno, code.co_qualname


def _note(found: dict[Seen, set[str]], error: BaseException, trace: TracebackType) -> None:
    """`trace` begins in the function that the error left, or that stopped it, and ends where it was raised."""
    chain = [trace]
    while chain[-1].tb_next is not None:
        chain.append(chain[-1].tb_next)
    here, origin = trace.tb_frame, chain[-1]
    code = origin.tb_frame.f_code
    inside, text = _code(code)
    if not inside or text[origin.tb_lasti] != RAISE or any(_code(t.tb_frame.f_code)[0] is None for t in chain):
        return
    if _code(here.f_code)[1][trace.tb_lasti] in (
        YIELD,
        dis.opmap["RESUME"],
    ):  # thrown in, by who ran the body of a `with`
        return
    if linecache.getline(code.co_filename, origin.tb_lineno).lstrip().startswith("assert"):
        return
    below = [t for t in chain if t.tb_frame is not here and not t.tb_frame.f_code.co_name.startswith(INLINE)]
    inner = [t for t in below if _code(t.tb_frame.f_code)[0]]
    file = getattr(sys.modules.get(type(error).__module__), "__file__", None) or ""
    path = os.path.relpath(file, REPO) if file.startswith(REPO + os.sep) else ""
    seen = Seen(
        _place(here.f_code),
        trace.tb_lineno,
        _place(inner[0].tb_frame.f_code) if inner else None,
        bool(inner) and inner[0] is not below[0],
        (path, type(error).__qualname__),
        (_place(code)[0], origin.tb_lineno),
    )
    texts = found.setdefault(seen, set())
    if not inner and len(texts) < MAX_TEXTS:
        texts.update(a for a in error.args if isinstance(a, str) and a)
        texts.add("".join(traceback.format_exception_only(error)).strip())


class _Watch:
    """Of one frame: the errors that arose in it. What is left of them when it ends was stopped there."""

    def __init__(self) -> None:
        self.errors: list[tuple[BaseException, TracebackType]] = []

    def __call__(self, frame: FrameType, event: str, argument: Any) -> _Watch:
        inside, code = _code(frame.f_code)
        if event == "exception":
            _, error, trace = argument
            if trace is None:  # the end of an iterator
                return self
            last, _unwound.last = getattr(_unwound, "last", None), None
            if last is not None and trace.tb_next is not None and trace.tb_next.tb_frame is last[0]:
                for other, below in last[1]:
                    _note(_left if other is error else _stopped, other, below)
            if inside and all(known is not error for known, _ in self.errors):
                self.errors.append((error, trace))
        elif event == "return" and self.errors:
            errors, ended = self.errors, argument is not None or code[frame.f_lasti] in RETURNS
            if code[frame.f_lasti] == YIELD:
                return self
            self.errors = []
            if not ended and len(errors) > 1:
                _unwound.last = frame, errors
            else:
                for error, trace in errors:
                    _note(_stopped if ended else _left, error, trace)
        return self


def _start(frame: FrameType, event: str, argument: object) -> Any:
    if not _code(frame.f_code)[0]:
        return None
    for watched in (frame, frame.f_back):
        if watched is not None and not isinstance(watched.f_trace, _Watch):
            watched.f_trace, watched.f_trace_lines = _Watch(), False
    return frame.f_trace


def pytest_configure(config: object) -> None:
    sys.settrace(_start)
    threading.settrace(_start)


def pytest_unconfigure(config: object) -> None:
    sys.settrace(None)
    rows = [[[*seen, sorted(texts)] for seen, texts in found.items()] for found in (_left, _stopped)]
    with open(OUT, "w", encoding="utf-8") as file:  # noqa: PTH123 - os.environ gives text
        json.dump([sorted(part, key=repr) for part in rows], file)
