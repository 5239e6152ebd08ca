"""A model's words as they come: whole sentences out of chunks, and checked sentences on to the reader with their marks.

Nothing is shown before it is checked, and nothing at all before one sentence has named something real: an answer whose main claim
fails is never begun. What has been shown is exactly the text that is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from brain.text import clean, sentences
from extractor.schema import Node
from inference.marks import Marks
from inference.wording import here


def arriving(chunks: Iterable[str]) -> Iterator[str]:
    """The sentences of a text that comes in pieces, each as soon as the next one begins. A new line leads with its break."""
    pending, begun = "", False
    for chunk in chunks:
        pending += chunk
        *lines, pending = pending.split("\n")
        for line in lines:
            for text in _of_line(line, begun):
                begun = True
                yield text
        done = _of_line(pending, begun)[:-1]
        if done and _ends_at(pending, done) < len(pending):
            at = _ends_at(pending, done)
            # The rest of the line goes on; its first sentence has already broken the line.
            for text in done:
                begun = True
                yield text
            rest = pending[at:]
            pending = f"{_SAME}{rest.lstrip()}"
    yield from _of_line(pending, begun)


_SAME = "\x00"  # stands where a line was begun already; clean text never holds it


def _of_line(line: str, begun: bool) -> list[str]:
    same = line.startswith(_SAME)
    said = clean(line.removeprefix(_SAME)).rstrip()
    found = sentences(said) if said.strip() else []
    if found and begun and not same:
        found[0] = "\n" + found[0]
    return found


def _ends_at(line: str, done: Sequence[str]) -> int:
    """Where in `line` its finished sentences end; its length when that cannot be told."""
    at = 0
    for text in done:
        found = line.find(text.strip("\n"), at)
        if found < 0:
            return len(line)
        at = found + len(text.strip("\n"))
    return at


class Speaker:
    """Puts marks on checked sentences and hands them on. `text` is what has been said, `shown` whether any was handed on."""

    def __init__(self, marks: Marks, stream: Callable[[str], None] | None) -> None:
        self.marks = marks
        self.text = ""
        self.shown = False
        self._stream = stream
        self._held = ""
        self._failed = False

    def say(self, text: str, nodes: Sequence[Node], verdict: str) -> None:
        """One checked sentence."""
        put = self.marks.put(text, [span for node in nodes[:3] for span in here(node)])
        piece = put.lstrip() if not self.text else put if put.startswith("\n") else f" {put}"
        self._failed = self._failed or (not self.text and verdict == "flagged")
        self.text += piece
        self._held += piece
        if self._stream is not None and not self._failed and (self.shown or verdict == "ok"):
            self.flush()

    def flush(self, more: str = "") -> None:
        """Hand on what is still held, and `more`."""
        self.text += more
        if self._stream is not None and self._held + more:
            self._stream(self._held + more)
            self.shown = True
        self._held = ""


class Told:
    """What a reader has been shown of a text that is still being made."""

    def __init__(self, stream: Callable[[str], None]) -> None:
        self._stream = stream
        self._sent = ""

    def upto(self, text: str) -> None:
        """Show what of `text`, which begins with all that was shown, is still to come."""
        rest = text.removeprefix(self._sent)
        if rest:
            self._stream(rest)
            self._sent += rest

    def after(self, heading: Callable[[], str]) -> Callable[[str], None]:
        """A stream of what stands below a heading; the heading is shown with its first words."""
        begun = False

        def stream(text: str) -> None:
            nonlocal begun
            self.upto(self._sent + ("" if begun else heading()) + text)
            begun = True

        return stream


def shifted(text: str, by: int) -> str:
    """`text` with every mark `[n]` outside code raised by `by`."""
    parts = re.split(r"(```.*?```)", text, flags=re.DOTALL)
    return "".join(
        p if p.startswith("```") else re.sub(r"\[(\d+)\]", lambda m: f"[{int(m[1]) + by}]", p) for p in parts
    )
