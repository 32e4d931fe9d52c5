"""A built table to the columns that the facility register takes, and the register's points to findings where they differ."""

from __future__ import annotations

import polars as pl

from pipelines.model import ROW, Finding, Standard, Table, findings_frame


def has_points(standard: Standard, table: Table) -> bool:
    """True when the table has latitude and longitude."""
    return all(any(f.name in table.columns for f in standard.with_rule(r)) for r in ("lat", "lon"))


def facility_columns(
    name: str, standard: Standard, table: Table
) -> tuple[str, pl.Series, pl.Series, pl.Series, pl.Series]:
    """label, name, address, lat, lon of a built table, for the facility register."""
    blank = pl.Series([None] * table.rows, dtype=pl.String)

    def column(*names: str) -> pl.Series:
        return next((table.frame[n] for n in names if n in table.columns), blank)

    lat = column(*(f.name for f in standard.with_rule("lat")))
    lon = column(*(f.name for f in standard.with_rule("lon")))
    return name, column("名称"), column("所在地_連結表記", "住所"), lat, lon


_APART_M = 300.0
"""Two points of one facility may lie at its gate and at its middle; more is a slip in one of the two."""
_M_LAT, _M_LON = 111_000.0, 91_000.0  # metres of one degree in the middle of Japan


def points_elsewhere(standard: Standard, table: Table, located: pl.DataFrame) -> pl.DataFrame:
    """Findings at rows whose facility has another point in a dataset of the same body that was built before.

    `located` is the register's answer for each row of the table: lat, lon, label, status, candidates. Name and address
    agree (status match, or tie among themselves); the row's own point lies more than 300 m away.
    """
    _, _, _, lat, lon = facility_columns("", standard, table)
    field = next((f.name for f in standard.with_rule("lat") if f.name in table.columns), None)
    if field is None:
        return findings_frame()
    degrees = [pl.col(n).cast(pl.Float64, strict=False) for n in ("lat", "lon", "own_lat", "own_lon")]
    away = (((degrees[0] - degrees[2]) * _M_LAT) ** 2 + ((degrees[1] - degrees[3]) * _M_LON) ** 2).sqrt()
    rows = located.select("lat", "lon", "label", "status").with_columns(
        table.frame[ROW].alias("row"), lat.alias("own_lat"), lon.alias("own_lon")
    ).with_columns(away=away).filter((pl.col("status") == "match") & (pl.col("away") > _APART_M))
    return findings_frame([
        Finding("coordinate-differs-elsewhere", r["row"], field, r["own_lat"],
                {"dataset": r["label"], "lat": r["lat"], "lon": r["lon"], "other": r["own_lon"], "metres": round(r["away"])})
        for r in rows.iter_rows(named=True)
    ])
