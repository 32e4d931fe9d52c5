"""A table's points to what its addresses and the body's other datasets say of them, before they are checked and filled."""

from __future__ import annotations

import polars as pl

from pipelines.facilities import facility_columns, has_points, points_elsewhere
from pipelines.geo import detect_datum
from pipelines.geocode import Gazetteer, Register, parse_addresses
from pipelines.model import ROW, Finding, Standard, Table, findings_frame

_DATUM_CODES = {"yes": "datum-suspected", "no": "datum-fits", "cannot-tell": "datum-unknown"}


def points_apart(table: Table, standard: Standard, register: Register | None) -> pl.DataFrame:
    """Facilities whose point differs from the one that another dataset of the body gives for the same name and address."""
    if register is None or not has_points(standard, table):
        return findings_frame()
    _, names, addresses, _, _ = facility_columns("", standard, table)
    return points_elsewhere(standard, table, register.locate(names, addresses))


def town_points(table: Table, standard: Standard, gazetteer: Gazetteer | None, body_code: str) -> pl.DataFrame | None:
    """Where the addresses say that the rows are (row, lat, lon, error_m), to 大字 or better; None without addresses."""
    names = [f.name for rule in ("addr_full", "addr_old") for f in standard.with_rule(rule) if f.name in table.columns]
    if gazetteer is None or not names or not has_points(standard, table):
        return None
    parsed = parse_addresses(table.frame[names[0]], gazetteer, body_code=body_code)
    places = parsed.select("level", "reason", "lat", "lon", "error_m").insert_column(0, table.frame[ROW].alias("row"))
    return places.filter((pl.col("level") >= 3) & (pl.col("reason") != "town-unsure")).drop("level", "reason")


def suspected_datum(table: Table, standard: Standard, town: pl.DataFrame) -> pl.DataFrame:
    """Whether the points look like 日本測地系 beside `town` (see `town_points`), in one finding: `datum-suspected` (yes),
    `datum-fits` (no) or `datum-unknown` (cannot tell); none for a table without points. Nothing is converted."""
    lat, lon = (next(f.name for f in standard.with_rule(r) if f.name in table.columns) for r in ("lat", "lon"))
    degrees = [pl.col(c).cast(pl.Float64, strict=False) for c in (lat, lon)]
    points = table.frame.select(pl.col(ROW).alias("row"), degrees[0].alias("lat"), degrees[1].alias("lon"))
    if not points.drop_nulls().height:
        return findings_frame()
    verdict = detect_datum(points, town)
    params = {"reason_ja": verdict.reason_ja, "reason_en": verdict.reason_en, "rows": verdict.rows}
    return findings_frame([Finding(_DATUM_CODES[verdict.answer], None, lat, None, params)])


def unresolved(findings: pl.DataFrame, fixes: pl.DataFrame, rows: int) -> pl.DataFrame:
    """The findings without those on cells that an applied fix has mended; the fix itself tells of them."""
    mended = fixes.filter("applied").select("row", "field").unique()
    left = findings.join(mended, on=["row", "field"], how="anti", maintain_order="left")
    if rows and mended["row"].n_unique() == rows:
        left = left.filter(pl.col("code") != "coordinate-column-empty")
    return left
