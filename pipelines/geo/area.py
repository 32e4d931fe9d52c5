"""A boundary file (official N03 GeoJSON, or our rough outline) to the area of one municipality."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.errors import SourceError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Bools = npt.NDArray[np.bool_]

METRES_PER_DEGREE = 111_195.0
OFFICIAL_TOLERANCE_M = 100.0  # piers, coast lines, rounding
ROUGH_TOLERANCE_M = 2_000.0
_FEATURE = re.compile(rb'\{\s*"type"\s*:\s*"Feature"\s*,')
_WARD_BLOCKS = (130, 140, 150, 200)  # codes of wards run from xx101 up to the next of these


@dataclass(frozen=True)
class Area:
    """The area of one body; the file is read when the first point is asked for.

    `code` is the municipality code (5 or 6 digits). A prefecture's code (xx000) takes all its
    municipalities, a designated city's code its wards. Degrees are JGD2011 (EPSG:6668).
    """

    path: Path
    code: str

    @cached_property
    def _read(self) -> tuple[Any, bool, float, float, float]:
        """Geometry in metres around its centre, rough, tolerance in metres, centre lat and lon in degrees."""
        import numpy as np
        import shapely
        from shapely.geometry import shape

        features = _read_features(self.path, self.code[:5])
        if not features:
            raise SourceError(
                "area-not-in-file",
                f"境界データに市区町村コード {self.code} がありません。",
                f"The boundary file has no municipality {self.code}.",
                todo_ja="国土数値情報の行政区域データ（N03）の、この都道府県の GeoJSON を指定してください。",
                todo_en="Give the N03 GeoJSON (administrative areas) of this prefecture.",
                where=self.path.name,
            )
        rough = any(bool((f.get("properties") or {}).get("rough")) for f in features)
        given = [float(p["tolerance_m"]) for f in features if "tolerance_m" in (p := f.get("properties") or {})]
        tolerance_m = max(given, default=ROUGH_TOLERANCE_M if rough else OFFICIAL_TOLERANCE_M)
        shapes = [shape(f["geometry"]) for f in features if f.get("geometry")]
        merged = shapely.unary_union(shapely.make_valid(np.array(shapes, dtype=object)))
        west, south, east, north = merged.bounds
        lat0, lon0 = (south + north) / 2, (west + east) / 2
        scale = np.array([METRES_PER_DEGREE * math.cos(math.radians(lat0)), METRES_PER_DEGREE])
        metric = shapely.transform(merged, lambda xy: (xy - np.array([lon0, lat0])) * scale)
        shapely.prepare(metric)
        return metric, rough, tolerance_m, lat0, lon0

    @property
    def rough(self) -> bool:
        """True for an outline drawn by hand: it says so in its own properties."""
        return self._read[1]

    @property
    def tolerance_m(self) -> float:
        """How far outside the line a point still counts as inside, in metres."""
        return self._read[2]

    def _metric(self, lat_deg: Floats, lon_deg: Floats) -> tuple[Floats, Floats]:
        _, _, _, lat0, lon0 = self._read
        x = (lon_deg - lon0) * (METRES_PER_DEGREE * math.cos(math.radians(lat0)))
        return x, (lat_deg - lat0) * METRES_PER_DEGREE

    def distance_m(self, lat_deg: Floats, lon_deg: Floats) -> Floats:
        """Distance of each point from the area in metres, 0 inside; NaN stays NaN."""
        import numpy as np
        import shapely

        geometry = self._read[0]
        x, y = self._metric(np.asarray(lat_deg, dtype=np.float64), np.asarray(lon_deg, dtype=np.float64))
        out = np.full(x.shape, np.nan)
        known = np.isfinite(x) & np.isfinite(y)
        west, south, east, north = geometry.bounds
        near = known & (x >= west) & (x <= east) & (y >= south) & (y <= north)
        inside = np.zeros(x.shape, dtype=bool)
        inside[near] = shapely.contains_xy(geometry, x[near], y[near])
        out[inside] = 0.0
        rest = known & ~inside
        if rest.any():
            out[rest] = shapely.distance(geometry, shapely.points(x[rest], y[rest]))
        return out

    def holds(self, lat_deg: Floats, lon_deg: Floats) -> Bools:
        """True where a point lies inside the line itself, without any tolerance."""
        import numpy as np
        import shapely

        x, y = self._metric(np.asarray(lat_deg, dtype=np.float64), np.asarray(lon_deg, dtype=np.float64))
        return np.asarray(shapely.contains_xy(self._read[0], x, y), dtype=np.bool_)

    def elsewhere(self, lat_deg: Floats, lon_deg: Floats) -> list[tuple[str, str]]:
        """Where points outside lie, in words (Japanese, English): a municipality of the prefecture, or none of it.

        Told from the prefecture's boundaries beside this file, as `kokai gazetteer add` keeps them; blank words
        where there are none, and for a rough outline.
        """
        around = self.path.with_name(f"{self.code[:2]}000.geojson")
        if self.rough or self.path == around or not around.is_file():
            return [("", "")] * len(lat_deg)
        names = _names_at(around, lat_deg, lon_deg)
        return [_place_words(name) for name in names]

    def contains(self, lat_deg: Floats, lon_deg: Floats) -> Bools:
        """True where a point lies inside the area or within the tolerance of its line; False for NaN."""
        import numpy as np

        with np.errstate(invalid="ignore"):
            return np.asarray(self.distance_m(lat_deg, lon_deg) <= self.tolerance_m, dtype=np.bool_)


def load_area(path: Path, code: str) -> Area:
    """The area of municipality `code` (5 or 6 digits) from a boundary GeoJSON, opened when first used.

    Reads 国土数値情報 行政区域 (N03, property N03_007 = 5-digit code) and outlines without codes,
    which are taken whole. SourceError `area-file-missing` when there is no such file.
    """
    if not path.is_file():
        raise SourceError(
            "area-file-missing",
            "境界データのファイルがありません。",
            "The boundary file does not exist.",
            todo_ja="ファイルの場所を確認してください。",
            todo_en="Check the path of the file.",
            where=path.name,
        )
    return Area(path, code)


def _names_at(path: Path, lat_deg: Floats, lon_deg: Floats) -> list[str]:
    """For each point the name (郡, 市区町村) of the municipality that holds it, "" for none."""
    import shapely
    from shapely.geometry import shape

    features = _read_features(path, path.name[:2] + "000")
    tree = shapely.STRtree([shape(f["geometry"]) for f in features])
    point, polygon = tree.query(shapely.points(lon_deg, lat_deg), predicate="intersects")
    names = [""] * len(lat_deg)
    for i, j in zip(point.tolist(), polygon.tolist(), strict=True):
        told = features[j].get("properties") or {}
        names[i] = "".join(str(told[k]) for k in ("N03_003", "N03_004", "N03_005") if told.get(k))
    return names


def _place_words(name: str) -> tuple[str, str]:
    if name:
        return f"そこは{name}です。", f"It lies in {name}. "
    return ("そこはこの県のどの市区町村でもなく、海の上か県の外です。",
            "It lies in no municipality of the prefecture: at sea or outside the prefecture. ")


def _wanted(code: str, wanted: str) -> bool:
    if not code or code == wanted:
        return True
    if wanted.endswith("000"):
        return code[:2] == wanted[:2]
    block = int(wanted[2:])
    if not 100 <= block < 200 or block not in (100, 130, 140, 150):
        return False
    upper = min(b for b in _WARD_BLOCKS if b > block)
    return code[:2] == wanted[:2] and block < int(code[2:5]) < upper


def _read_features(path: Path, wanted: str) -> list[dict[str, Any]]:
    raw = path.read_bytes()
    try:
        features = [f for f in _scan(raw, wanted) if _wanted(_code_of(f), wanted)]
        if not features:
            features = [f for f in _whole(raw) if _wanted(_code_of(f), wanted)]
    except (ValueError, KeyError, TypeError) as e:
        raise SourceError(
            "area-unreadable",
            "境界データを GeoJSON として読めません。",
            "The boundary file cannot be read as GeoJSON.",
            todo_ja="GeoJSON 形式のファイルを指定してください。",
            todo_en="Give a GeoJSON file.",
            where=path.name,
        ) from e
    return [f for f in features if f.get("geometry")]


def _code_of(feature: dict[str, Any]) -> str:
    properties = feature.get("properties") or {}
    return str(properties.get("N03_007") or "")[:5] if "N03_007" in properties else ""


def _scan(raw: bytes, wanted: str) -> Iterator[dict[str, Any]]:
    """Only the features that name a wanted code are parsed: a prefecture's file holds megabytes of others."""
    starts = [m.start() for m in _FEATURE.finditer(raw)]
    decoder = json.JSONDecoder()
    coded = b'"N03_007"' in raw
    for start, end in zip(starts, [*starts[1:], len(raw)], strict=True):
        chunk = raw[start:end]
        if coded:
            told = re.search(rb'"N03_007"\s*:\s*"([0-9]{5})', chunk)
            if told is None or not _wanted(told.group(1).decode("ascii"), wanted):
                continue
        yield decoder.raw_decode(chunk.decode("utf-8"))[0]


def _whole(raw: bytes) -> list[dict[str, Any]]:
    loaded = json.loads(raw.decode("utf-8-sig"))
    if isinstance(loaded, dict) and loaded.get("type") == "FeatureCollection":
        return list(loaded["features"])
    if isinstance(loaded, dict) and loaded.get("type") == "Feature":
        return [loaded]
    return [{"type": "Feature", "properties": {}, "geometry": loaded}]
