"""How a stage speaks while it works: progress, notes and warnings, all on stderr. Data goes to stdout, never through here.

A Console is passed as an argument and is never global, so a test or a library caller can silence or record it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console as RichConsole
    from rich.progress import Progress


class Task:
    """One unit of long work: `advance` by items done, `describe` what is being done now."""

    def advance(self, count: float = 1) -> None:
        """Count `count` more items as done."""

    def describe(self, text: str) -> None:
        """Replace the text beside the bar."""


class Console:
    """Progress bars when stderr is a terminal, one line per stage when it is not, nothing but warnings when quiet."""

    def __init__(self, *, quiet: bool = False, verbose: bool = False) -> None:
        self.quiet = quiet
        self.verbose = verbose

    @property
    def _rich(self) -> RichConsole:
        # Imported late: rich costs more than the whole of `nanodex --help` may.
        from rich.console import Console as RichConsole

        return RichConsole(stderr=True, highlight=False, soft_wrap=True)

    def note(self, text: str) -> None:
        """Something worth knowing; hidden by -q."""
        if not self.quiet:
            self._rich.print(text, markup=False)

    def debug(self, text: str) -> None:
        """Detail that only -v asks for."""
        if self.verbose and not self.quiet:
            self._rich.print(text, markup=False, style="dim")

    def warn(self, text: str) -> None:
        """Something the user may have to act on; always shown."""
        self._rich.print(f"warning: {text}", markup=False, style="yellow")

    @contextmanager
    def progress(self, label: str, total: float | None = None, unit: str = "") -> Iterator[Task]:
        """A bar from 0 to `total` items (unknown total: a spinner). Rate is shown as `unit`/s."""
        if self.quiet or not sys.stderr.isatty():
            self.note(f"{label} …")
            yield Task()
            return
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeRemainingColumn,
        )

        columns = [
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(elapsed_when_finished=True),
        ]
        with Progress(*columns, console=self._rich, transient=False) as bars:
            yield _RichTask(bars, label, total, unit)


class _RichTask(Task):
    def __init__(self, bars: Progress, label: str, total: float | None, unit: str) -> None:
        self._bars = bars
        self._unit = unit
        self._id = bars.add_task(label, total=total, rate="")

    def advance(self, count: float = 1) -> None:
        self._bars.advance(self._id, count)
        speed = self._bars.tasks[self._id].speed
        if speed and self._unit:
            self._bars.update(self._id, rate=f"{speed:,.0f} {self._unit}/s")

    def describe(self, text: str) -> None:
        self._bars.update(self._id, description=text)


def plural(count: int, noun: str, many: str = "") -> str:
    """`1 file`, `1,024 files`, `2 classes` (pass the irregular plural as `many`)."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"
