"""The points of a dataset before and after, and the outline of its municipality, to places in a square of one by one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.geocode.areas import N03
from pipelines.model import Package
from publish.plan import Change
from publish.site.drawing import Area, read_area, read_outline

Point = tuple[float, float]
MOST_POINTS = 400
INNER = 0.92  # of the square's side; the rest is margin
FINE = 0.004
"""Outlines are drawn on a raster of this many sides: a finer corner is not to be seen on paper, and N03 has thousands."""


@dataclass(frozen=True)
class Outline:
    """A municipality's boundary, and the words that say where it comes from."""

    area: Area
    words: str


def own_outline(folder: Path) -> Outline | None:
    """`area.geojson` of a body's folder; None if it has none."""
    area = read_area(folder)
    return Outline(area, "輪郭はおおよその形です(見本)" if area.rough else "輪郭は area.geojson") if area else None


def stored_outline(path: Path) -> Outline | None:
    """A boundary of N03 that `kokai gazetteer add` took, with the credit that its terms ask for."""
    area = read_outline(path)
    return Outline(area, N03) if area else None


def map_facts(
    change: Change, after: Package | None, before: Package | None, outline: Outline | None
) -> dict[str, Any] | None:
    """Title, words, rings and points of a dataset's map; None without a point before or after. 1 is the square's side.

    A withdrawal shows the points that go.
    """
    new, now = _points(after if change.action != "withdraw" else None)
    old, then = _points(before)
    if not new and not old:
        return None
    rings = outline.area.rings if outline else ()
    place = _placed([*new, *old, *(p for ring in rings for p in ring)])
    words = f"{now:,}点(新規)" if not old else f"前{then:,}点 → 後{now:,}点"
    thinned = "。間引いて描いています" if len(new) < now or len(old) < then else ""
    return {
        "title": change.title, "before": [place(p) for p in old], "after": [place(p) for p in new],
        "rings": [r for r in (_thinned([place(p) for p in ring]) for ring in rings) if len(r) > 2],
        "words": words + ("(取下げ)" if change.action == "withdraw" else "") + thinned, "outline": outline.words if outline else "",
    }


def _placed(points: Sequence[Point]) -> Any:
    """A function from degrees to the square: north is up, a kilometre is as long eastward as northward."""
    west, east = min(p[0] for p in points), max(p[0] for p in points)
    south, north = min(p[1] for p in points), max(p[1] for p in points)
    shrink = math.cos(math.radians((south + north) / 2))
    span = max((east - west) * shrink, north - south, 0.005)

    def place(p: Point) -> Point:
        x = 0.5 + (p[0] - (west + east) / 2) * shrink / span * INNER
        return round(x, 4), round(0.5 - (p[1] - (south + north) / 2) / span * INNER, 4)

    return place


def _thinned(ring: Sequence[Point]) -> list[Point]:
    made: list[Point] = []
    for x, y in ring:
        corner = (round(round(x / FINE) * FINE, 4), round(round(y / FINE) * FINE, 4))
        if not made or made[-1] != corner:
            made.append(corner)
    return made


def _points(package: Package | None) -> tuple[list[Point], int]:
    """(longitude, latitude) in degrees of the newest table, at most 400 of them, and how many there are."""
    if package is None:
        return [], 0
    tables = [r for r in package.descriptor["resources"] if r["format"] == "csv"]
    newest = max(tables, key=lambda r: str(r["as_of"]), default=None)
    if newest is None:
        return [], 0
    names = {f.get("rule"): f["name"] for f in reversed(newest["schema"]["fields"])}
    if "lat" not in names or "lon" not in names:
        return [], 0
    folder = package.public if package.public.is_dir() else package.folder  # a released dataset has its files side by side
    frame = pl.read_csv(folder / newest["path"], infer_schema=False)
    made = frame.select(pl.col(names["lon"]).cast(pl.Float64, strict=False).alias("x"),
                        pl.col(names["lat"]).cast(pl.Float64, strict=False).alias("y")).drop_nulls()
    shown = made.gather_every(max(1, math.ceil(made.height / MOST_POINTS))) if made.height else made
    return [(float(x), float(y)) for x, y in shown.iter_rows()], made.height
