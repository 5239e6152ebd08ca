"""The state of evaluating one place: the frame it stands in, what a call passes, what it reaches."""

from __future__ import annotations

from typing import Any

from extractor.resolve.python_values import NONE, STAND_INS, Block, Value, Values


class Arguments:
    """`star` holds what unknown positions may get, `double` what unknown keywords may get. `rest`, `more`: behind them come the `*args`
    and the `**kwargs` of the block `handed`, whose callers bind them, and whatever else stands for a parameter of it or of a block
    around it. `pool`: a container that holds what is in all the containers passed, once somebody needed it."""

    __slots__ = ("double", "handed", "keywords", "more", "pool", "positional", "rest", "star")

    def __init__(
        self,
        positional: list[Values] | None = None,
        keywords: dict[str, Values] | None = None,
        star: Values = NONE,
        double: Values = NONE,
        handed: Block | None = None,
    ) -> None:
        self.positional = [] if positional is None else positional
        self.keywords = {} if keywords is None else keywords
        self.star = star
        self.double = double
        self.handed = handed
        self.rest = self.more = False
        self.pool: Value | None = None

    def after(self, *first: Values) -> Arguments:
        return Arguments([*first, *self.positional], self.keywords, self.star, self.double, self.handed)

    def key(self) -> tuple[Any, ...]:
        """Equal for two that pass the same."""
        return (*self.positional, frozenset(self.keywords.items()), self.star, self.double)

    def is_known(self) -> bool:
        """Whether nothing that is passed stands for something else."""
        if self.handed is not None:
            return False
        passed = (*self.positional, *self.keywords.values(), self.star, self.double)
        return not any(value.kind in STAND_INS for values in passed for value in values)


class Hits:
    """The targets of one call site: (node id, how it was reached), and reasons where something had none. `wrapped`: what those
    targets hold that are wrappers, with the wrapper."""

    __slots__ = ("callbacks", "instantiates", "reasons", "targets", "wrapped")

    def __init__(self) -> None:
        self.targets: dict[str, str] = {}
        self.callbacks: dict[str, str] = {}
        self.reasons: list[str] = []
        self.instantiates: dict[str, str] = {}
        self.wrapped: dict[str, str] = {}


class Frame:
    """One evaluation of a block: what its names, and the slots of containers it made, hold at this point.

    `log` keeps what was there before, so that a branch can be undone and joined with its siblings. `reads` are what the statement
    being run found under the names it did not set before, None where there was nothing; `writes` the names it set.
    """

    __slots__ = ("block", "by_rows", "env", "log", "outer", "reads", "writes")

    def __init__(self, block: Block, outer: Frame | None = None) -> None:
        self.block = block
        self.outer = outer  # of a class body: the frame it is evaluated in
        self.env: dict[Any, Values] = {}
        self.log: dict[Any, Values | None] | None = None
        self.reads: dict[Any, Values | None] = {}
        self.writes: dict[Any, None] = {}
        self.by_rows = 0  # see python_rows

    def get(self, key: Any) -> Values | None:
        """What the key holds, noted as read."""
        values = self.env.get(key)
        if key not in self.writes and key not in self.reads:
            self.reads[key] = values
        return values

    def hand_back(self, outer: dict[Any, Values | None] | None, log: dict[Any, Values | None]) -> None:
        """Go on with the log around, to which all belongs that was noted apart from it."""
        self.log = outer
        if outer is not None:
            for key, old in log.items():
                outer.setdefault(key, old)

    def undo(self, outer: dict[Any, Values | None] | None) -> dict[Any, Values | None]:
        """Leave a branch: what it changed, all put back as it was. `outer` is the log of what is around it."""
        log, env, writes = self.log or {}, self.env, self.writes
        self.log = outer
        changes: dict[Any, Values | None] = {}
        for key, values in log.items():
            changes[key] = env.get(key)
            writes[key] = None
            if values is None:
                env.pop(key, None)
            else:
                env[key] = values
        return changes

    def set(self, key: Any, values: Values | None) -> None:
        """None: the name is unbound."""
        self.writes[key] = None
        if self.log is not None and key not in self.log:
            self.log[key] = self.env.get(key)
        if values is None:
            self.env.pop(key, None)
        else:
            self.env[key] = values
