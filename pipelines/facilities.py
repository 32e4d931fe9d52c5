"""A built table to the columns that the facility register takes: others find their points there."""

from __future__ import annotations

import polars as pl

from pipelines.model import Standard, Table


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
