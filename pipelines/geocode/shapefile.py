"""A shapefile of polygons (.shp with its .dbf, as 国土数値情報 ships them) to the bytes of a GeoJSON."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
_MAGIC = 9994
_POLYGONS = (5, 15, 25)  # Polygon, PolygonZ, PolygonM: what follows the points is not read
_TEXT_ENDS = b" \x00"


def shapefile_geojson(shp: bytes, dbf: bytes) -> bytes:
    """One Feature a record, its properties the columns of the .dbf as text (blank = null); degrees as they stand.

    Text is UTF-8 where all of it is, else CP932 (国土数値情報 before 2021). Records without a shape keep a null
    geometry. ValueError when it is no whole shapefile of polygons. Source: ESRI Shapefile Technical Description.
    """
    shapes, rows = _shapes(shp), _rows(dbf)
    if len(shapes) != len(rows):
        raise ValueError(f"{len(shapes)} shapes and {len(rows)} records")
    features = [{"type": "Feature", "properties": row, "geometry": shape}
                for shape, row in zip(shapes, rows, strict=True)]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False,
                      separators=(",", ":")).encode("utf-8")


def _shapes(shp: bytes) -> list[dict[str, Any] | None]:
    if len(shp) < 100 or struct.unpack_from(">i", shp, 0)[0] != _MAGIC:
        raise ValueError("no .shp")
    found: list[dict[str, Any] | None] = []
    at = 100
    while at + 12 <= len(shp):
        size = struct.unpack_from(">i", shp, at + 4)[0] * 2
        kind = struct.unpack_from("<i", shp, at + 8)[0]
        if size < 4 or at + 8 + size > len(shp) or kind not in (0, *_POLYGONS):
            raise ValueError("a record that is cut off, or no polygon")
        found.append(_polygon(shp[at + 8:at + 8 + size]) if kind else None)
        at += 8 + size
    return found


def _polygon(record: bytes) -> dict[str, Any] | None:
    if len(record) < 44:
        raise ValueError("a record that is cut off")
    parts, points = struct.unpack_from("<2i", record, 36)
    if parts < 0 or points < 0 or 44 + 4 * parts + 16 * points > len(record):
        raise ValueError("a record that is cut off")
    starts = np.frombuffer(record, "<i4", parts, 44)
    xy = np.frombuffer(record, "<f8", 2 * points, 44 + 4 * parts).reshape(-1, 2)
    rings = [ring for ring in np.split(xy, starts[1:]) if len(ring) >= 4] if parts else []
    outer = [ring for ring in rings if _turn(ring) < 0]  # clockwise
    holes = [ring for ring in rings if _turn(ring) > 0] if outer else []
    if not outer:
        outer = rings
    if not outer:
        return None
    polygons = [[ring] for ring in outer]
    for hole in holes:
        around = [p for p in polygons if len(polygons) == 1 or _holds(p[0], hole[0])]
        min(around or polygons[:1], key=lambda p: abs(_turn(p[0]))).append(hole)
    return {"type": "MultiPolygon", "coordinates": [[ring.tolist() for ring in p] for p in polygons]}


def _turn(ring: Floats) -> float:
    """Twice the signed area: negative for a clockwise ring."""
    x, y = ring[:, 0] - ring[0, 0], ring[:, 1] - ring[0, 1]
    return float(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1]))


def _holds(ring: Floats, point: Floats) -> bool:
    """True when the point lies inside the ring (crossings of a ray to the east)."""
    x1, y1, x2, y2 = ring[:-1, 0], ring[:-1, 1], ring[1:, 0], ring[1:, 1]
    across = (y1 > point[1]) != (y2 > point[1])
    slope = (x2[across] - x1[across]) / (y2[across] - y1[across])
    return bool(np.count_nonzero(x1[across] + slope * (point[1] - y1[across]) > point[0]) % 2)


def _rows(dbf: bytes) -> list[dict[str, str | None]]:
    if len(dbf) < 33:
        raise ValueError("no .dbf")
    count, head, size = struct.unpack_from("<IHH", dbf, 4)
    if head + count * size > len(dbf) + 1 or head < 33:
        raise ValueError("a .dbf that is cut off")
    columns: list[tuple[str, int, int]] = []
    place = 1  # the first byte of a record marks deleted ones
    for at in range(32, head - 1, 32):
        if dbf[at] == 0x0D:
            break
        width = dbf[at + 16]
        columns.append((dbf[at:at + 11].split(b"\0")[0].decode("ascii", "replace"), place, place + width))
        place += width
    body = dbf[head:head + count * size]
    encoding = _encoding(body)
    rows = []
    for start in range(0, count * size, size):
        record = body[start:start + size]
        rows.append({name: record[a:b].strip(_TEXT_ENDS).decode(encoding, "replace") or None for name, a, b in columns})
    return rows


def _encoding(body: bytes) -> str:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return "cp932"
    return "utf-8"
