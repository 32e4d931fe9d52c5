"""A GeoJSON FeatureCollection to a table: properties as columns, the points as 緯度 and 経度."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.extract.child.cells import number_text
from pipelines.extract.columns import name_columns
from pipelines.extract.encoding import guess_encoding, public_name
from pipelines.extract.source import OpenedSource
from pipelines.extract.stops import stop
from pipelines.model import ROW, Finding, Table, findings_frame

LAT, LON = "緯度", "経度"
_LAT_NAMES = {"緯度", "lat", "latitude", "y"}
_LON_NAMES = {"経度", "lon", "lng", "long", "longitude", "x"}


def open_geojson(path: Path, size: int) -> OpenedSource:
    """The Source for a GeoJSON file. Row n is feature n (1-based); there is no header row.

    Point coordinates (degrees, longitude first in the file) become the columns 緯度 and 経度 unless the
    properties hold them already; other geometries are findings, their cells stay blank.
    """
    raw = path.read_bytes()
    encoding = guess_encoding(raw)
    try:
        text = raw.decode(encoding, errors="replace").lstrip("\ufeff")
        data = json.loads(text, parse_float=_Number, parse_int=_Number)
    except (ValueError, RecursionError) as error:
        raise stop("json-damaged", path, detail=str(error)[:200]) from error
    features = _features(data)
    if features is None:
        raise stop("format-unknown", path, detail="JSON")
    findings: list[Finding] = []
    columns: dict[str, list[str | None]] = {}
    points: list[tuple[str | None, str | None]] = []
    kinds: Counter[str] = Counter()
    for i, feature in enumerate(features):
        feature = feature if isinstance(feature, dict) else {}
        properties = feature.get("properties")
        for key, value in (properties if isinstance(properties, dict) else {}).items():
            column = columns.setdefault(str(key), [])
            column.extend([None] * (i - len(column)))
            column.append(_text(value))
        geometry = feature.get("geometry")
        points.append(_point(geometry))
        kind = geometry.get("type") if isinstance(geometry, dict) else None
        kinds[str(kind)] += 1
        if kind != "Point":
            findings.append(Finding("geometry-not-point", i + 1, None, str(kind or ""), {}))
    for column in columns.values():
        column.extend([None] * (len(features) - len(column)))
    _add_points(columns, points, kinds, findings)
    names, kept, named = name_columns(list(columns), [True] * len(columns), None)
    frame = pl.DataFrame({
        ROW: pl.Series(ROW, range(1, len(features) + 1), dtype=pl.Int64),
        **{n: pl.Series(n, c, dtype=pl.String) for n, c in zip(names, columns.values(), strict=True)},
    })
    table, none = Table(frame), findings_frame()

    def read() -> Iterator[tuple[Table, pl.DataFrame]]:
        yield table, none

    return OpenedSource(path, "geojson", public_name(encoding), None, None, names, tuple(columns),
                        findings_frame([*findings, *named]), (), size, read, _crs(data))


class _Number(str):
    """A JSON number as it is written: 131.28570, 350001."""


def _features(data: Any) -> list[Any] | None:
    if isinstance(data, dict):
        if isinstance(data.get("features"), list):
            return list(data["features"])
        if data.get("type") == "Feature":
            return [data]
    return None


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, _Number):
        return _number(value)
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(v, str) for v in value):
        return ";".join(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _number(value: str) -> str:
    if "e" in value.lower():
        return number_text(float(value))
    return value[:-2] if value.endswith(".0") else str(value)


def _point(geometry: Any) -> tuple[str | None, str | None]:
    if isinstance(geometry, dict) and geometry.get("type") == "Point":
        at = geometry.get("coordinates")
        if isinstance(at, list) and len(at) >= 2 and all(isinstance(v, _Number) for v in at[:2]):
            return _number(at[1]), _number(at[0])
    return None, None


def _add_points(columns: dict[str, list[str | None]], points: list[tuple[str | None, str | None]],
                kinds: Mapping[str, int], findings: list[Finding]) -> None:
    folded = {name.strip().lower() for name in columns}
    if not kinds.get("Point") or (folded & _LAT_NAMES and folded & _LON_NAMES):
        return
    for name, at in ((LAT, 0), (LON, 1)):
        columns.pop(name, None)
        columns[name] = [p[at] for p in points]
    findings.append(Finding("geometry-as-columns", None, None, None, {"count": kinds["Point"]}))


def _crs(data: Any) -> str | None:
    crs = data.get("crs") if isinstance(data, dict) else None
    if isinstance(crs, dict):
        properties = crs.get("properties")
        if isinstance(properties, dict) and isinstance(properties.get("name"), str):
            return str(properties["name"])
    return None
