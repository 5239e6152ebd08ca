"""What an extract reports: counts, seconds and reasons, for a person or as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from config.console import plural

_SHOWN: Final = 12  # kinds of anything that one line names


@dataclass(frozen=True, slots=True)
class ExtractReport:
    """`moved` are the files in which nothing but lines changed, when that was all; `resolution` is kind -> language ->
    (resolved, unresolved first-party, external); `slowest` are (path, seconds)."""

    graph: Path
    up_to_date: bool = False
    moved: tuple[str, ...] = ()
    files: int = 0
    parsed: int = 0
    loc: int = 0
    seconds: float = 0.0
    nodes: dict[str, int] = field(default_factory=dict)
    edges: dict[str, int] = field(default_factory=dict)
    resolution: dict[str, dict[str, tuple[int, int, int]]] = field(default_factory=dict)
    unresolved: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    partial: int = 0
    failed: int = 0
    via: dict[str, int] = field(default_factory=dict)
    slowest: tuple[tuple[str, float], ...] = ()
    phases: dict[str, float] = field(default_factory=dict)
    commit: str = ""
    dirty: int = 0
    notes: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """The short report a person reads."""
        if self.up_to_date:
            return [
                f"{self.graph} is up to date: {plural(self.files, 'file')} checked in {self.seconds:.2f} s",
                *self.notes,
            ]
        if self.moved:
            said = f"{plural(len(self.moved), 'file')} changed in nothing but comments, documentation or blank lines"
            return [f"{self.graph}: {said}, so nothing was linked anew; {self.seconds:.2f} s", *self.notes]
        rate = self.loc / self.seconds if self.seconds else 0
        lines = [
            f"{self.graph}: {plural(sum(self.nodes.values()), 'node')}, {plural(sum(self.edges.values()), 'edge')}",
            f"  {plural(self.files, 'file')} of source, {plural(self.loc, 'line')}, {self.parsed:,} parsed now, "
            f"{self.seconds:.2f} s, {rate:,.0f} lines/s",
        ]
        for kind, languages in self.resolution.items():
            shares = [
                f"{resolved / (resolved + missed):.1%} of {resolved + missed:,} in {lang}"
                for lang, (resolved, missed, _) in languages.items()
                if resolved + missed
            ]
            external = sum(outside for _, _, outside in languages.values())
            lines.append(f"  {kind} resolved: {', '.join(shares) or 'none first-party'}; {external:,} external")
        if self.unresolved:
            lines.append(f"  unresolved: {listed(self.unresolved)}")
        if self.partial or self.failed:
            lines.append(f"  partly parsed {self.partial}, failed {self.failed} (nodes hold what could be read)")
        if self.skipped:
            lines.append(f"  skipped: {listed(self.skipped)}")
        if self.slowest:
            lines.append("  slowest: " + ", ".join(f"{path} {seconds:.2f} s" for path, seconds in self.slowest))
        return lines + [f"  {note}" for note in self.notes]

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "graph": str(self.graph)}


def listed(counts: Mapping[str, int]) -> str:
    """`document 43, binary 8, and 30 more of 9 kinds`: the first of them, and how many are left."""
    shown = [f"{name} {count:,}" for name, count in list(counts.items())[:_SHOWN]]
    rest = list(counts.values())[_SHOWN:]
    return ", ".join(shown + [f"and {sum(rest):,} more of {plural(len(rest), 'kind')}"] * bool(rest))


def counted(values: Iterable[str] | Mapping[str, int]) -> dict[str, int]:
    """How often each value occurs, most often first, then by name; counts that are there already, in that order."""
    return dict(sorted(Counter(values).items(), key=lambda item: (-item[1], item[0])))
