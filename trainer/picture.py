"""The loss curve as a small SVG: no plotting library, the same bytes for the same run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

WIDTH: Final = 640
HEIGHT: Final = 320
EDGE: Final = 44
Curve = Sequence[tuple[int, float]]


def loss_picture(losses: Curve, evaluations: Curve, title: str) -> str:
    """Training loss as a line, the loss on unseen wordings as dots, over optimiser steps."""
    points = [*losses, *evaluations]
    last = max((step for step, _ in points), default=1) or 1
    top = max((value for _, value in points), default=1.0) or 1.0

    def place(step: int, value: float) -> tuple[float, float]:
        return EDGE + (WIDTH - 2 * EDGE) * step / last, HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * value / top

    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in losses))
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="#c2410c"/>'
        for x, y in (place(*point) for point in evaluations)
    )
    ticks = "".join(
        f'<text x="{EDGE - 6}" y="{place(0, top * part / 4)[1] + 4:.1f}" text-anchor="end">{top * part / 4:.2f}</text>'
        f'<line x1="{EDGE}" x2="{WIDTH - EDGE}" y1="{place(0, top * part / 4)[1]:.1f}" y2="{place(0, top * part / 4)[1]:.1f}" '
        'stroke="#ddd"/>'
        for part in range(5)
    )
    steps = "".join(
        f'<text x="{place(last * part // 4, 0)[0]:.1f}" y="{HEIGHT - EDGE + 18}" text-anchor="middle">{last * part // 4}</text>'
        for part in range(5)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="11">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>{ticks}{steps}'
        f'<polyline points="{line}" fill="none" stroke="#1d4ed8" stroke-width="1.5"/>{dots}'
        f'<text x="{WIDTH / 2}" y="20" text-anchor="middle" font-size="13">{_escape(title)}</text>'
        f'<text x="{WIDTH - EDGE}" y="36" text-anchor="end" fill="#1d4ed8">training loss</text>'
        f'<text x="{WIDTH - EDGE}" y="50" text-anchor="end" fill="#c2410c">loss on unseen wordings</text></svg>\n'
    )


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
