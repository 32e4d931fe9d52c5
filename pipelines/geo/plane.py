"""Metres in columns of degrees to what they are: plane rectangular coordinates, their likely zone and column order."""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import polars as pl

from pipelines.geo.area import METRES_PER_DEGREE, Area

PLANE_LIMIT_M = 2_500_000  # no place of Japan is farther from the origin of any of the nineteen systems
LEAST_M = 1_000  # a value below may be degrees with a slip
_LAT, _LON = (20.0, 46.0), (122.0, 154.0)
_FIRST_EPSG = 6669  # 第I系, JGD2011
_ROMAN = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV", "XV", "XVI", "XVII",
          "XVIII", "XIX")
_LOOKED_AT = 200
_NEAR_M = 20_000.0  # of where the addresses say; a wrong zone or order is more than 100 km off


class Plane(NamedTuple):
    """The likely zone (1-19, None if it cannot be told), and whether X and Y stand in each other's column."""

    zone: int | None
    swapped: bool

    @property
    def crs(self) -> str:
        return "" if self.zone is None else f"EPSG:{_FIRST_EPSG + self.zone - 1}"

    @property
    def name(self) -> str:
        """第III系."""
        return "" if self.zone is None else f"第{_ROMAN[self.zone]}系"


@lru_cache(maxsize=1)
def zones_of_prefectures() -> dict[str, tuple[int, ...]]:
    """plane_zones.csv: prefecture number ("35") -> its zones, the mainland's first."""
    path = Path(__file__).with_name("plane_zones.csv")
    lines = [ln for ln in path.read_text(encoding="utf-8").splitlines() if not ln.startswith("#")]
    return {row["pref"]: tuple(int(z) for z in row["zones"].split()) for row in csv.DictReader(lines)}


def is_plane(north: pl.Expr, east: pl.Expr) -> pl.Expr:
    """True where both values are metres from an origin rather than degrees."""
    far = pl.max_horizontal(north.abs(), east.abs())
    near = pl.min_horizontal(north.abs(), east.abs())  # near an axis of the zone it is small, yet seldom like degrees
    degrees = near.is_between(*_LAT) | near.is_between(*_LON) | (near == 0)
    return (far >= LEAST_M) & (far <= PLANE_LIMIT_M) & ((near >= LEAST_M) | ~degrees)


def likely_plane(rows: pl.DataFrame, codes: pl.Series, area: Area | None, town_points: pl.DataFrame | None) -> Plane:
    """The zone whose points lie in the body's area, or near where the addresses say; else the prefecture's first.

    `rows`: row, lat and lon (the numbers as they stand in the two columns, metres); `codes`: municipality codes of
    the rows (null where not known); `town_points`: row, lat, lon in degrees.
    """
    known = codes.cast(pl.String).drop_nulls().str.slice(0, 2)
    pref = area.code[:2] if area is not None else (str(known.mode().sort()[0]) if known.len() else "")
    zones = zones_of_prefectures().get(pref, ())
    if not zones:
        return Plane(None, False)
    tried = rows.head(_LOOKED_AT)
    best = (0.5, Plane(zones[0], False))  # more than half of the points must fit before another order is said
    for zone in zones:
        for swapped in (False, True):
            share = _share(tried, zone, swapped, area, town_points)
            if share > best[0]:
                best = (share, Plane(zone, swapped))
    return best[1]


def plane_words(likely: Plane, lat: str, lon: str) -> dict[str, str]:
    """likely_ja, likely_en and crs, for the finding `coordinate-plane` in the columns `lat` and `lon`."""
    if likely.zone is None:
        return {"crs": "EPSG:6669〜6687", "likely_ja": "系の番号は元の資料で確かめてください。",
                "likely_en": "Look the zone up in the source."}
    ja, en = f"おそらく{likely.name}です。", f"Probably zone {_ROMAN[likely.zone]}. "
    if likely.swapped:
        ja += f"XとYが逆で、{lat}の列にY（東西）、{lon}の列にX（南北）が入っています。"
        ja += "登録ファイルの columns で列を入れ替えてください。"
        en += f"X and Y stand in each other's place: exchange the columns of {lat} and {lon} in the declaration. "
    return {"crs": likely.crs, "likely_ja": ja, "likely_en": en}


def _share(rows: pl.DataFrame, zone: int, swapped: bool, area: Area | None, towns: pl.DataFrame | None) -> float:
    """The share of points that this reading puts where they belong; 0 where nothing tells."""
    import numpy as np
    from pyproj import Transformer

    north, east = (rows[c].to_numpy() for c in (("lon", "lat") if swapped else ("lat", "lon")))
    lon, lat = Transformer.from_crs(_FIRST_EPSG + zone - 1, 6668, always_xy=True).transform(east, north)
    if area is not None:
        return float(np.mean(area.holds(lat, lon)))
    if towns is None or not towns.height:
        return 0.0
    told = rows.select("row").with_columns(y=pl.Series(lat), x=pl.Series(lon)).join(
        towns.select(pl.col("row").cast(pl.Int64), t_lat="lat", t_lon="lon").drop_nulls(), on="row")
    if not told.height:
        return 0.0
    y, x, t_lat, t_lon = (told[c].to_numpy() for c in ("y", "x", "t_lat", "t_lon"))
    away = np.hypot(y - t_lat, (x - t_lon) * np.cos(np.radians(t_lat))) * METRES_PER_DEGREE
    return float(np.mean(away < _NEAR_M))
