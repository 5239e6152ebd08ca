"""The state of evaluating one place: the frame it stands in, what a call passes, what it reaches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from extractor.resolve.python_values import NONE, Block, Values


@dataclass(slots=True)
class Arguments:
    """`star` holds what unknown positions may get, `double` what unknown keywords may get."""

    positional: list[Values] = field(default_factory=list)
    keywords: dict[str, Values] = field(default_factory=dict)
    star: Values = NONE
    double: Values = NONE

    def after(self, *first: Values) -> Arguments:
        return Arguments([*first, *self.positional], self.keywords, self.star, self.double)


@dataclass(slots=True)
class Hits:
    """The targets of one call site: (node id, how it was reached), and reasons where something had none."""

    targets: dict[str, str] = field(default_factory=dict)
    callbacks: dict[str, str] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    instantiates: dict[str, str] = field(default_factory=dict)


class Frame:
    """One evaluation of a block: what its names, and the slots of containers it made, hold at this point.

    `log` keeps what was there before, so that a branch can be undone and joined with its siblings.
    """

    __slots__ = ("block", "env", "log", "outer")

    def __init__(self, block: Block, outer: Frame | None = None) -> None:
        self.block = block
        self.outer = outer  # of a class body: the frame it is evaluated in
        self.env: dict[Any, Values] = {}
        self.log: dict[Any, Values | None] | None = None

    def set(self, key: Any, values: Values | None) -> None:
        """None: the name is unbound."""
        if self.log is not None and key not in self.log:
            self.log[key] = self.env.get(key)
        if values is None:
            self.env.pop(key, None)
        else:
            self.env[key] = values
