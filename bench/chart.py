"""Measured points to a small SVG: rows against CPU seconds, both axes logarithmic, one line a tool."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 720, 420, 70, 50, 30, 190
_COLOURS = ("#0b6e4f", "#c8553d", "#3d5a80", "#8d6a9f", "#b08900", "#555555")


def line_chart(title: str, lines: Mapping[str, Sequence[tuple[float, float]]], x_title: str, y_title: str) -> str:
    """An SVG of the lines (name -> points with x, y > 0), with decades as grid."""
    points = [p for line in lines.values() for p in line]
    x_low, x_high = _decades([x for x, _ in points])
    y_low, y_high = _decades([y for _, y in points])

    def place(x: float, y: float) -> tuple[float, float]:
        across = (math.log10(x) - x_low) / (x_high - x_low)
        up = (math.log10(y) - y_low) / (y_high - y_low)
        return (_LEFT + across * (_WIDTH - _LEFT - _RIGHT), _HEIGHT - _BOTTOM - up * (_HEIGHT - _BOTTOM - _TOP))

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
           f'font-size="12"><title>{title}</title><rect width="100%" height="100%" fill="#fff"/>',
           f'<text x="{_LEFT}" y="18" font-size="14">{title}</text>']
    for decade in range(x_low, x_high + 1):
        x, y = place(10**decade, 10**y_low)
        out.append(f'<path d="M{x:.1f} {_TOP}V{y:.1f}" stroke="#ddd"/>'
                   f'<text x="{x:.1f}" y="{y + 16:.1f}" text-anchor="middle">{10**decade:,}</text>')
    for decade in range(y_low, y_high + 1):
        x, y = place(10**x_low, 10**decade)
        out.append(f'<path d="M{x:.1f} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#ddd"/>'
                   f'<text x="{x - 6:.1f}" y="{y + 4:.1f}" text-anchor="end">{10**decade:g}</text>')
    for i, (name, line) in enumerate(lines.items()):
        colour = _COLOURS[i % len(_COLOURS)]
        at = [place(x, y) for x, y in line]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in at]
        y = _TOP + 16 + 20 * i
        out.append(f'<text x="{_WIDTH - _RIGHT + 12}" y="{y}" fill="{colour}">{name}</text>')
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    out.append(f'<text x="{middle:.0f}" y="{_HEIGHT - 10}" text-anchor="middle">{x_title}</text>'
               f'<text transform="translate(16 {_HEIGHT / 2:.0f}) rotate(-90)" text-anchor="middle">{y_title}</text></svg>')
    return "\n".join(out) + "\n"


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)
