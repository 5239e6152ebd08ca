"""A Check is one verdict about one thing: ok, warn or fail, with the reason and the command that mends it.

The preflight, the probe of a running server and `nanodex doctor` all answer in Checks; a Verdict is their list, printable as
text or JSON and convertible to an exit code.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from config.cli import typed_here

Status = Literal["ok", "warn", "fail"]
INCOMPATIBLE = 3
UNREACHABLE = 5


@dataclass(frozen=True, slots=True)
class Check:
    """`exit_code` is what a failure means: 3 for something incompatible or missing, 5 for a server that cannot be reached;
    `absent` says that the thing has not been made yet."""

    name: str
    status: Status
    reason: str
    fix: str = ""
    exit_code: int = INCOMPATIBLE
    absent: bool = False

    def as_json(self) -> dict[str, Any]:
        row = {"name": self.name, "status": self.status, "reason": typed_here(self.reason), "fix": typed_here(self.fix)}
        return {**row, "exit_code": self.exit_code}

    def lines(self) -> list[str]:
        """`fail: shapes: lora_A of … (fix below)`; an ok check takes one line."""
        head = f"{self.status + ':':<5} {self.name}: {typed_here(self.reason)}"
        return [head, f"      fix: {typed_here(self.fix)}"] if self.fix and self.status != "ok" else [head]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Checks in the order in which they were made."""

    checks: tuple[Check, ...]

    @property
    def failed(self) -> list[Check]:
        return [check for check in self.checks if check.status == "fail"]

    @property
    def exit_code(self) -> int:
        """0 when nothing failed; 3 before 5, since a server that cannot load the adapter is not worth reaching."""
        return min((check.exit_code for check in self.failed), default=0)

    def lines(self) -> list[str]:
        counts = {status: sum(check.status == status for check in self.checks) for status in ("ok", "warn", "fail")}
        body = [line for check in self.checks for line in check.lines()]
        return [*body, f"{counts['ok']} ok, {counts['warn']} to know, {counts['fail']} failed"]

    def as_json(self) -> dict[str, Any]:
        return {
            "checks": [check.as_json() for check in self.checks],
            "failed": len(self.failed),
            "code": self.exit_code,
        }


def ok(name: str, reason: str) -> Check:
    return Check(name, "ok", reason)


def warn(name: str, reason: str, fix: str = "") -> Check:
    return Check(name, "warn", reason, fix)


def absent(name: str, reason: str, fix: str) -> Check:
    """What has not been made yet is nothing wrong."""
    return Check(name, "warn", reason, fix, absent=True)


def fail(name: str, reason: str, fix: str, exit_code: int = INCOMPATIBLE) -> Check:
    return Check(name, "fail", reason, fix, exit_code)


def verdict(*groups: Iterable[Check]) -> Verdict:
    return Verdict(tuple(check for group in groups for check in group))
