"""The released files of a body to the points that are public, thinned for a map."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.model import Municipality

MOST_POINTS = 1500
Ring = list[tuple[float, float]]


@dataclass(frozen=True)
class Places:
    """Points (longitude, latitude in degrees, title of the dataset) and the outline of a body."""

    points: tuple[tuple[float, float, str], ...]
    total: int
    rings: tuple[Ring, ...]


def read_places(released: Path | None, body: Municipality) -> Places:
    """Points of every released CSV of a body that has a latitude and a longitude, and the outline in its folder."""
    found: list[tuple[float, float, str]] = []
    for folder in sorted((released / "datasets").glob(f"{body.code}_*")) if released else []:
        descriptor = folder / "datapackage.json"
        if descriptor.is_file():
            found += _points(folder, json.loads(descriptor.read_text(encoding="utf-8")))
    step = max(1, math.ceil(len(found) / MOST_POINTS))
    return Places(tuple(found[::step]), len(found), tuple(_outline(body.folder / "area.geojson")))


def _points(folder: Path, descriptor: Mapping[str, Any]) -> list[tuple[float, float, str]]:
    for resource in descriptor.get("resources", ()):
        if not str(resource["path"]).endswith(".csv"):
            continue
        names: dict[str | None, str] = {}
        for field in resource.get("schema", {}).get("fields", ()):
            names.setdefault(field.get("rule"), field["name"])
        path = folder / resource["path"]
        if "lat" not in names or "lon" not in names or not path.is_file():
            continue
        frame = pl.read_csv(path, infer_schema=False, columns=[names["lon"], names["lat"]])
        cast = frame.select(pl.col(names["lon"]).cast(pl.Float64, strict=False),
                            pl.col(names["lat"]).cast(pl.Float64, strict=False)).drop_nulls()
        title = str(descriptor.get("title", folder.name)).removeprefix("【見本】")
        return [(lon, lat, title) for lon, lat in cast.iter_rows() if abs(lon) <= 180 and abs(lat) <= 90]
    return []


def _outline(path: Path) -> Sequence[Ring]:
    if not path.is_file():
        return ()
    read = json.loads(path.read_text(encoding="utf-8"))
    features = read["features"] if read.get("type") == "FeatureCollection" else [read]
    rings: list[Ring] = []
    for feature in features:
        geometry = feature.get("geometry", feature)
        polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
        rings += [[(float(p[0]), float(p[1])) for p in ring] for polygon in polygons for ring in polygon]
    return rings
