"""Points outside their municipality or far from their address to findings: where they lie, and what was meant."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from pipelines.geo.area import METRES_PER_DEGREE, Area
from pipelines.geo.likely import likely_cells
from pipelines.model import FINDINGS, ROW

FAR_M = 3_000.0
FAR_TIMES = 6.0  # a 大字 reaches far beyond the middle that stands for it


def points_outside(
    points: pl.DataFrame, headings: tuple[str, str], area: Area, town_points: pl.DataFrame | None
) -> list[pl.DataFrame]:
    """Findings `coordinate-outside-municipality`: how far outside, where they lie instead, and the likely value.

    `points`: ROW, a and o (latitude and longitude as typed), lat and lon (degrees), place (code of the row's own
    municipality or null). `headings`: those of latitude and longitude. `town_points`: row, lat, lon, error_m.
    """
    here = pl.col("place").is_null() | (pl.col("place").str.slice(0, 5) == area.code[:5])
    rows = points.filter(pl.col("lat").is_not_null() & (here | pl.lit(area.code[2:5] == "000")))
    if not rows.height:
        return []
    away = area.distance_m(rows["lat"].to_numpy(), rows["lon"].to_numpy())
    rows = rows.with_columns(away=pl.Series(away)).filter(pl.col("away") > area.tolerance_m)
    if not rows.height:
        return []
    there = area.elsewhere(rows["lat"].to_numpy(), rows["lon"].to_numpy())
    rows = rows.with_columns(pl.Series("where_ja", [ja for ja, _ in there], dtype=pl.String),
                             pl.Series("where_en", [en for _, en in there], dtype=pl.String))
    rows = rows.join(_towns(town_points), on=ROW, how="left", maintain_order="left")
    params = [pl.col("where_ja"), pl.col("where_en"), pl.lit(area.rough).alias("rough")]
    return [_told(rows, "coordinate-outside-municipality", headings, area, params)]


def points_far(
    points: pl.DataFrame, headings: tuple[str, str], area: Area | None, town_points: pl.DataFrame
) -> list[pl.DataFrame]:
    """Findings `coordinate-far-from-address`; arguments as for `points_outside`."""
    rows = points.filter(pl.col("lat").is_not_null()).join(
        _towns(town_points).drop_nulls(), on=ROW, how="inner", maintain_order="left")
    d_lat = pl.col("lat") - pl.col("t_lat")
    d_lon = (pl.col("lon") - pl.col("t_lon")) * pl.col("t_lat").radians().cos()
    rows = rows.with_columns(away=(d_lat**2 + d_lon**2).sqrt() * METRES_PER_DEGREE).filter(
        pl.col("away") > pl.max_horizontal(pl.lit(FAR_M), pl.col("e") * FAR_TIMES))
    if not rows.height:
        return []
    return [_told(rows, "coordinate-far-from-address", headings, area, [pl.col("e").round(0).alias("error_m")])]


def _told(rows: pl.DataFrame, code: str, headings: tuple[str, str], area: Area | None, params: Sequence[pl.Expr],
          ) -> pl.DataFrame:
    """Findings at the cell that is probably wrong (the latitude where that cannot be told)."""
    told = rows.join(likely_cells(rows, area), on=ROW, how="left", maintain_order="left")
    east = pl.col("axis").fill_null("lat") == "lon"
    return told.select(
        code=pl.lit(code), row=pl.col(ROW),
        field=pl.when(east).then(pl.lit(headings[1])).otherwise(pl.lit(headings[0])),
        value=pl.when(east).then("o").otherwise("a"),
        params=pl.struct(*params, lat_text="a", lon_text="o", km=(pl.col("away") / 1000).round(1)).struct.json_encode(),
        remedy=pl.col("likely"),
    ).cast(pl.Schema(FINDINGS))


def _towns(town_points: pl.DataFrame | None) -> pl.DataFrame:
    """ROW, t_lat, t_lon and e (metres): where the addresses are."""
    if town_points is None:
        return pl.DataFrame(schema={ROW: pl.Int64, "t_lat": pl.Float64, "t_lon": pl.Float64, "e": pl.Float64})
    return town_points.select(pl.col("row").cast(pl.Int64).alias(ROW), t_lat=pl.col("lat"), t_lon=pl.col("lon"),
                              e=pl.col("error_m").cast(pl.Float64))
