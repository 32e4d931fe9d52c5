"""From points and a body's outline to a small map as SVG, without tiles and without a network."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import polars as pl

WIDTH, MARGIN = 720.0, 28.0
MAX_HEIGHT = 520.0
MAX_POINTS = 4000
KM_PER_DEGREE = 111.32
Ring = list[tuple[float, float]]


@dataclass(frozen=True)
class Area:
    """A body's outline in degrees, and what the file says about its accuracy."""

    rings: Sequence[Ring]
    rough: bool


@dataclass(frozen=True)
class Drawing:
    svg: str
    note: str


def read_area(folder: Path) -> Area | None:
    """`area.geojson` of a body's folder as rings (longitude, latitude); None if there is none."""
    path = folder / "area.geojson"
    return read_outline(path) if folder != Path() and path.is_file() else None


def read_outline(path: Path) -> Area | None:
    """The rings of a boundary file (a body's own, or one of N03 that the address data holds); None if it has none."""
    found = json.loads(path.read_text(encoding="utf-8"))
    features = found["features"] if found.get("type") == "FeatureCollection" else [found]
    rings = [ring for f in features for ring in _rings(f.get("geometry", f))]
    rough = any(bool((f.get("properties") or {}).get("rough", False)) for f in features)
    return Area(rings, rough) if rings else None


def _rings(geometry: Mapping[str, Any]) -> Iterator[Ring]:
    polygons = {"Polygon": [geometry["coordinates"]], "MultiPolygon": geometry["coordinates"]}.get(geometry["type"], [])
    for polygon in polygons:
        for ring in polygon:
            yield [(float(p[0]), float(p[1])) for p in ring]


def draw_map(
    frame: pl.DataFrame,
    fields: Sequence[Mapping[str, Any]],
    area: Area | None,
    *,
    filled: Mapping[int, str] | None = None,
) -> Drawing | None:
    """The points of a table over the outline; None without a point. Coordinates: decimal degrees, JGD2011.

    `filled` names the records (1 = the first) whose point was found from the address and how exact it is:
    they have a hollow mark.
    """
    filled = filled or {}
    points = _points(frame, fields)
    if not points:
        return None
    shown = points[:: max(1, math.ceil(len(points) / MAX_POINTS))]
    view = _View.around(shown, area)
    radius = 5.0 if len(shown) <= 300 else 3.2 if len(shown) <= 1500 else 2.2
    parts = [
        f'<svg class="map" viewBox="0 0 {WIDTH:.0f} {view.height:.0f}" role="img" '
        f'aria-label="{len(points)}件の位置の地図" xmlns="http://www.w3.org/2000/svg">',
        f'<rect class="map-sea" width="{WIDTH:.0f}" height="{view.height:.0f}"/>',
    ]
    if area:
        parts.append(f'<path class="map-area" fill-rule="evenodd" d="{_path(area, view)}"/>')
    parts.append('<g class="map-points">' if len(shown) <= 300 else '<g class="map-points many">')
    for lon, lat, label, record in sorted(shown, key=lambda p: p[3] in filled, reverse=True):
        x, y = view.place(lon, lat)
        found = filled.get(record)
        told = f"{label}（{found}）" if found else label
        mark = ' class="filled"' if found else ""
        parts.append(f'<circle{mark} cx="{x:.1f}" cy="{y:.1f}" r="{radius}"><title>{escape(told)}</title></circle>')
    parts += ["</g>", view.scale_bar(), "</svg>"]
    return Drawing("".join(parts), _note(len(points), len(shown), frame.height, area))


def _note(points: int, shown: int, rows: int, area: Area | None) -> str:
    words = [f"{points:,}件の位置を示しています。"]
    if shown < points:
        words.append(f"見やすさのため{shown:,}点に間引いています。")
    if rows > points:
        words.append(f"位置が空欄の{rows - points:,}件は地図にありません。")
    if area:
        words.append("市町の輪郭はおおよその形です。" if area.rough else "市町の輪郭を重ねています。")
    return "".join(words)


def _points(frame: pl.DataFrame, fields: Sequence[Mapping[str, Any]]) -> list[tuple[float, float, str, int]]:
    """Longitude, latitude, name and record number of each row that has a point."""
    names: dict[str, str] = {}
    for field in fields:
        rule = field.get("rule")
        if rule in ("lat", "lon"):
            names.setdefault(rule, field["name"])
    if len(names) < 2:
        return []
    label = next((f["name"] for f in fields if f["name"] in ("名称", "施設名称", "名前", "施設名")), None)
    chosen = frame.select(
        pl.col(names["lon"]).cast(pl.Float64, strict=False).alias("lon"),
        pl.col(names["lat"]).cast(pl.Float64, strict=False).alias("lat"),
        (pl.col(label) if label else pl.lit("")).fill_null("").alias("label"),
        pl.int_range(1, pl.len() + 1).alias("record"),
    )
    inside = chosen.filter(pl.col("lon").is_between(-180, 180) & pl.col("lat").is_between(-90, 90))
    return list(inside.iter_rows())


@dataclass(frozen=True)
class _View:
    """Degrees to drawing units: equal scale east and north at the middle latitude."""

    west: float
    north: float
    unit_per_lon: float
    unit_per_lat: float
    left: float
    height: float

    @classmethod
    def around(cls, points: Sequence[tuple[float, float, str, int]], area: Area | None) -> _View:
        lons = [p[0] for p in points] + [x for r in (area.rings if area else ()) for x, _ in r]
        lats = [p[1] for p in points] + [y for r in (area.rings if area else ()) for _, y in r]
        west, east, south, north = min(lons), max(lons), min(lats), max(lats)
        shrink = math.cos(math.radians((south + north) / 2))
        wide, high = max((east - west) * shrink, 0.01), max(north - south, 0.01)
        middle_lon, middle_lat = (west + east) / 2, (south + north) / 2
        inner = WIDTH - 2 * MARGIN
        unit = min(inner / wide, (MAX_HEIGHT - 2 * MARGIN) / high)
        height = max(high * unit + 2 * MARGIN, 260.0)
        half_lon, half_lat = wide / shrink / 2, high / 2
        left = (WIDTH - wide * unit) / 2
        top = (height - high * unit) / 2
        return cls(middle_lon - half_lon, middle_lat + half_lat + top / unit, unit * shrink, unit, left, height)

    def place(self, lon: float, lat: float) -> tuple[float, float]:
        return self.left + (lon - self.west) * self.unit_per_lon, (self.north - lat) * self.unit_per_lat

    def scale_bar(self) -> str:
        """A bar of a round number of kilometres, about a fifth of the width."""
        units_per_km = self.unit_per_lat / KM_PER_DEGREE
        aim = WIDTH / 5 / units_per_km
        power = 10 ** math.floor(math.log10(aim))
        km = next((n * power for n in (5, 2, 1) if n * power <= aim), power)
        length, y = km * units_per_km, self.height - 16
        x = WIDTH - 20 - length
        text = f"{km:g} km" if km >= 1 else f"{km * 1000:g} m"
        return (
            f'<g class="map-scale"><path d="M{x:.1f} {y - 4:.1f}v4h{length:.1f}v-4"/>'
            f'<text x="{x + length / 2:.1f}" y="{y - 8:.1f}" text-anchor="middle">{text}</text></g>'
        )


def _path(area: Area, view: _View) -> str:
    parts = []
    for ring in area.rings:
        places = [view.place(x, y) for x, y in ring]
        parts.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places) + "Z")
    return "".join(parts)
