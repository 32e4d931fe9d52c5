"""Cells that hold a small structure of their own (GeoJSON, geopoint, WKT) to a value, or None."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from pipelines.values.patterns import late_pattern

_DEPTHS = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
_WKT_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_WKT = late_pattern(
    r"(?:SRID\s*=\s*[0-9]+\s*;\s*)?(POINT|LINESTRING|POLYGON|MULTIPOINT|MULTILINESTRING|MULTIPOLYGON|"
    r"GEOMETRYCOLLECTION)\s*(?:Z|M|ZM)?\s*(EMPTY|\(.*\))",
    re.DOTALL | re.IGNORECASE,
)


def read_geopoint(spec: Mapping[str, Any]) -> Callable[[str], Any]:
    """`lon,lat` (default), `[lon, lat]` (array) or `{"lon":, "lat":}` (object), in degrees."""
    form = spec.get("format", "default")

    def read(cell: str) -> tuple[Decimal, Decimal] | None:
        try:
            if form == "array":
                lon, lat = json.loads(cell)
            elif form == "object":
                found = json.loads(cell)
                if len(found) != 2:
                    return None
                lon, lat = found["lon"], found["lat"]
            else:
                lon, lat = (part.strip() for part in cell.split(","))
            if not (str(lon).isascii() and str(lat).isascii()) or "_" in f"{lon}{lat}":
                return None
            point = Decimal(lon), Decimal(lat)
            inside = -180 <= point[0] <= 180 and -90 <= point[1] <= 90
        except (ValueError, TypeError, KeyError, InvalidOperation, RecursionError):
            return None
        return point if inside else None

    return read


def _position(found: Any) -> bool:
    return isinstance(found, list) and len(found) >= 2 and all(_is_number(n) for n in found)


def _is_number(found: Any) -> bool:
    return isinstance(found, int | float) and not isinstance(found, bool)


def _nested(found: Any, depth: int) -> bool:
    if depth == 0:
        return _position(found)
    return isinstance(found, list) and all(_nested(part, depth - 1) for part in found)


def _is_geometry(found: Any) -> bool:
    if not isinstance(found, dict):
        return False
    kind = found.get("type")
    if kind == "GeometryCollection":
        parts = found.get("geometries")
        return isinstance(parts, list) and all(_is_geometry(part) for part in parts)
    return kind in _DEPTHS and _nested(found.get("coordinates"), _DEPTHS[kind])


def _is_feature(found: Any) -> bool:
    return (
        isinstance(found, dict)
        and found.get("type") == "Feature"
        and "geometry" in found
        and (found["geometry"] is None or _is_geometry(found["geometry"]))
        and "properties" in found
        and isinstance(found["properties"], dict | None)
    )


def _is_geojson(found: Any) -> bool:
    if isinstance(found, dict) and found.get("type") == "FeatureCollection":
        features = found.get("features")
        return isinstance(features, list) and all(_is_feature(part) for part in features)
    return _is_feature(found) or _is_geometry(found)


def read_geojson(spec: Mapping[str, Any]) -> Callable[[str], Any]:
    """A GeoJSON object (RFC 7946), or with format `topojson` a TopoJSON topology."""
    topology = spec.get("format", "default") == "topojson"

    def read(cell: str) -> dict[str, Any] | None:
        try:
            found = json.loads(cell)
        except (ValueError, RecursionError):
            return None
        if not isinstance(found, dict):
            return None
        good = (
            found.get("type") == "Topology" and isinstance(found.get("objects"), dict) and "arcs" in found
            if topology
            else _is_geojson(found)
        )
        return found if good else None

    return read


def read_wkt(cell: str) -> bool:
    """True for well-known text: a geometry name, brackets that close, numbers between them."""
    found = _WKT.fullmatch(cell.strip())
    if not found:
        return False
    if found[2].upper() == "EMPTY":
        return True
    inside = found[2]
    if found[1].upper() == "GEOMETRYCOLLECTION":
        parts = _split_top(inside[1:-1])
        return parts is not None and all(read_wkt(part) for part in parts)
    flat = re.sub(_WKT_NUMBER, "0", inside)
    while True:
        shorter = re.sub(r"\(\s*(?:0(?:\s+0)+|P)(?:\s*,\s*(?:0(?:\s+0)+|P))*\s*\)", "P", flat)
        if shorter == flat:
            return flat.strip() == "P"
        flat = shorter


def _split_top(text: str) -> list[str] | None:
    parts, depth, start = [], 0, 0
    for i, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if depth < 0:
            return None
        if c == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    return [*parts, text[start:]] if depth == 0 else None
