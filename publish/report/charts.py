"""Numbers by fiscal year and public points to small drawings as inline SVG, without scripts and without a network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from publish.kpi import Year, year_short
from publish.report.points import Places, Ring

PALETTE = ("#12506b", "#c8553d", "#5a7d2a", "#8a5a9e", "#a3701b", "#37776f")


def years_chart(years: Sequence[Year], *, unit: str, sample: bool, label: str) -> str:
    """Bars of actual numbers and, where there is a target, its line; every bar has its number and a title."""
    width, height, left, right, top, bottom = 640.0, 300.0, 44.0, 620.0, 26.0, 246.0
    values = [v for y in years for v in (y.value, y.line) if v is not None]
    most = axis_top(max([*values, 1]))
    step = (right - left) / max(len(years), 1)
    bar = min(46.0, step * 0.52)
    mark = "見本 " if sample else ""

    def px(i: int) -> float:
        return left + step * (i + 0.5)

    def py(value: float) -> float:
        return bottom - (bottom - top) * value / most

    parts = [f'<svg class="chart" viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{escape(label)}">']
    for k in range(6):
        y = py(most * k / 5)
        parts.append(f'<path class="grid" d="M{left:.0f} {y:.1f}H{right:.0f}"/>'
                     f'<text class="tick" x="{left - 6:.0f}" y="{y + 4:.1f}" text-anchor="end">{most * k / 5:g}</text>')
    for i, year in enumerate(years):
        parts.append(f'<text class="axis" x="{px(i):.1f}" y="{bottom + 19:.0f}" text-anchor="middle">'
                     f"{year_short(year.year)}</text>")
        if year.value is None:
            told = "記録なし" if year.state == "unrecorded" else "これから"
            parts.append(f'<text class="tick" x="{px(i):.1f}" y="{bottom - 7:.0f}" text-anchor="middle">{told}</text>')
            continue
        kind = "bar" if year.state == "done" else "bar running"
        parts.append(
            f'<rect class="{kind}" x="{px(i) - bar / 2:.1f}" y="{py(year.value):.1f}" width="{bar:.1f}" '
            f'height="{bottom - py(year.value):.1f}" rx="2"><title>{year.name} {mark}{year.value}{unit}</title></rect>')
    line = [(px(i), py(y.line)) for i, y in enumerate(years) if y.line is not None]
    if line:
        d = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in line)
        parts.append(f'<path class="target" d="{d}"/>')
        parts += [f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in line]
        last = next(y for y in reversed(years) if y.line is not None)
        parts.append(f'<text class="goal" x="{line[-1][0]:.1f}" y="{line[-1][1] - 9:.1f}" text-anchor="middle">'
                     f"{last.line:g}</text>")
    for i, year in enumerate(years):
        if year.value is not None:
            y = py(year.value)
            inside = year.line is not None and abs(py(year.line) - (y - 8)) < 12 and bottom - y > 26
            css = "value in" if inside else "value"
            parts.append(f'<text class="{css}" x="{px(i):.1f}" y="{y + 16 if inside else y - 6:.1f}" text-anchor="middle">'
                         f"{mark}{year.value}</text>")
    legend = [f'<rect class="bar" x="{left:.0f}" y="{height - 17:.0f}" width="12" height="10" rx="2"/>'
              f'<text class="tick" x="{left + 17:.0f}" y="{height - 8:.0f}">実績(薄い色は途中の年度)</text>']
    if line:
        legend.append(f'<path class="target" d="M{left + 250:.0f} {height - 12:.0f}h26"/>'
                      f'<text class="tick" x="{left + 281:.0f}" y="{height - 8:.0f}">目標線(目安)</text>')
    return "".join([*parts, *legend, "</svg>"])


def axis_top(value: float) -> float:
    """The top of an axis: a round number a little above the largest value."""
    for step in (5, 10, 20, 25, 50, 75, 100, 150, 200, 250, 500, 1000, 2500, 5000):
        if value * 1.12 <= step:
            return float(step)
    return float(math.ceil(value * 1.12 / 5000) * 5000)


def points_map(places: Sequence[tuple[str, Places]]) -> str:
    """The public points of several bodies over their outlines, one colour a body. Degrees, JGD2011."""
    rings = [(i, ring) for i, (_, p) in enumerate(places) for ring in p.rings]
    points = [(i, x, y, t) for i, (_, p) in enumerate(places) for x, y, t in p.points]
    xs = [x for _, ring in rings for x, _ in ring] + [x for _, x, _, _ in points]
    ys = [y for _, ring in rings for _, y in ring] + [y for _, _, y, _ in points]
    if not xs:
        return ""
    shrink = math.cos(math.radians((min(ys) + max(ys)) / 2))
    wide, high = max((max(xs) - min(xs)) * shrink, 0.01), max(max(ys) - min(ys), 0.01)
    scale = min(860 / wide, 560 / high)
    width, height = wide * scale + 40, high * scale + 64  # room for the name above the northernmost outline

    def place(x: float, y: float) -> str:
        return f"{20 + (x - min(xs)) * shrink * scale:.1f} {44 + (max(ys) - y) * scale:.1f}"

    parts = [f'<svg class="map" viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="公開している{len(points)}点の地図">']
    parts += [f'<path class="land" d="M{"L".join(place(x, y) for x, y in ring)}Z"/>' for _, ring in rings]
    for i, (name, own) in enumerate(places):
        color = PALETTE[i % len(PALETTE)]
        parts.append(f'<g fill="{color}">')
        for x, y, title in own.points:
            cx, cy = place(x, y).split()
            parts.append(f'<circle cx="{cx}" cy="{cy}" r="4"><title>{escape(f"{name} {title}")}</title></circle>')
        parts.append("</g>")
    parts += [_label(max(own.rings, key=len), place, name) for name, own in places if own.rings]
    return "".join([*parts, "</svg>"])


def _label(ring: Ring, place: object, name: str) -> str:
    assert callable(place)
    x = (min(p[0] for p in ring) + max(p[0] for p in ring)) / 2
    y = max(p[1] for p in ring)
    cx, cy = place(x, y).split()
    return f'<text class="place" x="{cx}" y="{float(cy) - 4:.1f}" text-anchor="middle">{escape(name)}</text>'
