"""A dot plot as SVG, written by hand: for every problem the time of each arm over that of `np`, on a log scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from benchmarks.speed.table import ratio

COLOURS = {
    "cf": "#c1272d",
    "cf_comp": "#e8a0a3",
    "jax": "#0b5394",
    "cf_jax": "#6fa8dc",
    "torch": "#38761d",
    "cf_torch": "#93c47d",
    "tg": "#8e7cc3",
}
LEFT, RIGHT, TOP, LINE, WIDTH = 170, 30, 50, 22, 860


def dots(rows: Sequence[dict[str, Any]], title: str) -> str:
    """One line per row; the bar at 1 is the hand-written code."""
    found = [{arm: value for arm in COLOURS if (value := ratio(arm, "np")(row)) is not None} for row in rows]
    values = [v for line in found for v in line.values()] or [1.0]
    low = min(-1, math.floor(math.log10(min(values))))
    high = max(1, math.ceil(math.log10(max(values))))
    place = lambda v: LEFT + (math.log10(v) - low) / (high - low) * (WIDTH - LEFT - RIGHT)
    height = TOP + LINE * (len(rows) + 2)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif"'
        ' font-size="12">',
        f"<title>{title}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        *legend(),
        *[axis(place(10.0**power), power, height) for power in range(low, high + 1)],
    ]
    for i, (row, line) in enumerate(zip(rows, found, strict=True)):
        y = TOP + LINE * (i + 1)
        parts.append(f'<text x="{LEFT - 10}" y="{y + 4}" text-anchor="end">{row["problem"]}</text>')
        parts += [
            f'<circle cx="{place(v):.1f}" cy="{y}" r="5" fill="{COLOURS[arm]}"><title>{arm} {v:.3g}</title></circle>'
            for arm, v in line.items()
        ]
    return "\n".join([*parts, "</svg>", ""])


def legend() -> list[str]:
    places = [LEFT + 90 * i for i in range(len(COLOURS))]
    return [
        f'<circle cx="{x}" cy="16" r="5" fill="{colour}"/><text x="{x + 10}" y="20">{arm}</text>'
        for x, (arm, colour) in zip(places, COLOURS.items(), strict=True)
    ]


def axis(x: float, power: int, height: int) -> str:
    colour = "#333333" if power == 0 else "#dddddd"
    label = f"{10**power:g}" if power >= 0 else f"1/{10**-power}"
    return (
        f'<line x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{height - LINE}" stroke="{colour}"/>'
        f'<text x="{x:.1f}" y="{height - 6}" text-anchor="middle">{label}</text>'
    )
