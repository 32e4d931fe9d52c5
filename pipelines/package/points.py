"""From a table with latitude and longitude to typed points, and to GeoJSON, GeoParquet and FlatGeobuf."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from pipelines.model import ROW, Standard, Table

NUMBER = r"^[+-]?[0-9]{1,15}(\.[0-9]+)?$"
INTEGER = r"^[+-]?[0-9]{1,15}$"
FILLED_BY = "geocode-"
LISTED_RECORDS = 4000
"""As many points as the catalogue's map draws; beyond that only the counts are told."""
CRS_JGD2011 = "EPSG:6668"
"""The standard's coordinates are JGD2011 (GIF 444)."""


class ResourceTable(Protocol):
    """What of a resource is needed here: its table."""

    @property
    def table(self) -> Table: ...


@dataclass(frozen=True)
class Points:
    """The rows that have a point: their cells (typed where the whole column is numbers) and degrees."""

    frame: pl.DataFrame
    lat_deg: pl.Series
    lon_deg: pl.Series

    @property
    def rows(self) -> int:
        return self.frame.height

    @property
    def bounds_deg(self) -> tuple[float, float, float, float]:
        """west, south, east, north."""
        lon, lat = self.lon_deg.to_list(), self.lat_deg.to_list()
        return (min(lon), min(lat), max(lon), max(lat))


def point_columns(columns: tuple[str, ...], standard: Standard) -> tuple[str, str] | None:
    """The first latitude and the first longitude column of the standard that the table has."""
    found = []
    for rule in ("lat", "lon"):
        names = [f.name for f in standard.with_rule(rule) if f.name in columns]
        if not names:
            return None
        found.append(names[0])
    return found[0], found[1]


def find_points(table: Table, standard: Standard) -> Points | None:
    """The rows with both coordinates as plain decimal degrees; None if there is no such row.

    Rows without a point stay in the CSV only. Codes stay text (leading zeros); a number or integer
    column becomes numbers when every filled cell is one, else it stays text as a whole.
    """
    names = point_columns(table.columns, standard)
    if names is None:
        return None
    lat, lon = (_degrees(name, limit) for name, limit in zip(names, (90.0, 180.0), strict=True))
    located = table.frame.drop(ROW, strict=False).filter(lat.is_not_null() & lon.is_not_null())
    if located.is_empty():
        return None
    degrees = located.select(lat.alias("lat"), lon.alias("lon"))
    return Points(typed(located, standard), degrees["lat"], degrees["lon"])


def filled_points(resources: Sequence[ResourceTable], fixes: pl.DataFrame) -> list[dict[str, Any]]:
    """How many points were found from the address, by precision, and which records of the CSV they are (1 = the first).

    `fixes` is a frame of model.FIXES whose rules `geocode-<precision>` name the filled rows of the source. With
    more than one table, rows of two sources can bear the same number: then only the counts are given.
    """
    filled = fixes.filter(pl.col("applied") & pl.col("rule").str.starts_with(FILLED_BY)).select(
        "row", precision=pl.col("rule").str.strip_prefix(FILLED_BY))
    if filled.is_empty():
        return []
    single = resources[0].table.frame if len(resources) == 1 else None
    made = []
    for (precision,), group in sorted(filled.group_by("precision"), key=lambda g: str(g[0][0])):
        count = group.height // 2  # latitude and longitude
        records: list[int] = []
        if single is not None and count <= LISTED_RECORDS:
            rows = group["row"].unique()
            records = (single[ROW].is_in(rows.implode()).arg_true() + 1).to_list()
        made.append({"precision": str(precision), "count": count, "records": records})
    return made


def _degrees(name: str, limit: float) -> pl.Expr:
    number = pl.when(pl.col(name).str.contains(NUMBER)).then(pl.col(name)).cast(pl.Float64, strict=False)
    return pl.when(number.is_between(-limit, limit)).then(number)


def typed(frame: pl.DataFrame, standard: Standard) -> pl.DataFrame:
    """Text cells to numbers, for each number or integer column whose filled cells all are such numbers."""
    casts = []
    for name in frame.columns:
        field = standard.get(name)
        wanted = {"integer": (INTEGER, pl.Int64), "number": (NUMBER, pl.Float64)}.get(field.type if field else "")
        if wanted is None:
            continue
        pattern, dtype = wanted
        if bool(frame[name].drop_nulls().str.contains(pattern).all()):
            casts.append(pl.col(name).cast(dtype))
    return frame.with_columns(casts)


def write_geojson(path: Path, points: Points) -> None:
    """GeoJSON by RFC 7946: longitude first, one feature a line, no BOM. JGD2011 stands for WGS 84 (under 2 m)."""
    names = points.frame.columns
    with path.open("w", encoding="utf-8", newline="\n") as out:
        out.write('{"type":"FeatureCollection","features":[\n')
        rows = zip(points.frame.iter_rows(), points.lon_deg, points.lat_deg, strict=True)
        for number, (row, lon, lat) in enumerate(rows):
            feature: dict[str, Any] = {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [lon, lat]},
                "properties": dict(zip(names, row, strict=True)),
            }
            out.write(",\n" if number else "")
            out.write(json.dumps(feature, ensure_ascii=False, separators=(",", ":"), allow_nan=False))
        out.write("\n]}\n")


def write_geoparquet(path: Path, frame: Any) -> None:
    """GeoParquet 1.x from a GeoDataFrame; texts stay text, blank cells are null."""
    frame.to_parquet(path, index=False)


def write_flatgeobuf(path: Path, frame: Any) -> None:
    """FlatGeobuf with a spatial index from a GeoDataFrame, for web maps and GIS."""
    frame.to_file(path, driver="FlatGeobuf", engine="pyogrio", layer=path.stem, use_arrow=True)


def geo_frame(points: Points) -> Any:
    """The points as a geopandas.GeoDataFrame with CRS EPSG:6668 and Arrow columns (integers stay integers)."""
    import geopandas

    return geopandas.GeoDataFrame(
        points.frame.to_pandas(use_pyarrow_extension_array=True),
        geometry=geopandas.points_from_xy(points.lon_deg.to_numpy(), points.lat_deg.to_numpy()),
        crs=CRS_JGD2011,
    )
