"""The rows of the last release against the rows of now: which keys stayed, and how far their points moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from pipelines.expect.checks import Check, numbers_of, share_below
from pipelines.model import ROW, Standard, Table

MIN_KEPT_SHARE = 0.8
MAX_MOVED_SHARE = 0.1
MOVED_M = 100.0
_EARTH_RADIUS_M = 6_371_008.8


def change_checks(table: Table, last: Table, standard: Standard, expect: Mapping[str, Any]) -> list[Check]:
    checks = []
    keys = key_columns(table, last, standard, expect)
    if keys:
        share = float((expect.get("keys") or {}).get("min_kept_share", MIN_KEPT_SHARE))
        share = min(share, 1 - 1 / last.rows) if last.rows else share  # one row may always go
        checks.append(Check("kept", "ExpectColumnValuesToBeInSet",
                             {"column": "kept", "value_set": ["yes"], "mostly": share_below(share)},
                             "release-keys-lost", "・".join(keys), {"least": round(share * 100, 1)}))
    if point_columns(table, last, standard) is not None and match_columns(table, last, keys):
        points = expect.get("points") or {}
        share, far = float(points.get("max_moved_share", MAX_MOVED_SHARE)), float(points.get("moved_m", MOVED_M))
        checks.append(Check("moves", "ExpectColumnValuesToBeBetween",
                             {"column": "moved_m", "max_value": far, "mostly": share_below(1 - share)},
                             "release-points-moved", None, {"most": round(share * 100, 1), "metres": int(far)}))
    return checks


def key_columns(table: Table, last: Table, standard: Standard, expect: Mapping[str, Any]) -> tuple[str, ...]:
    declared = (expect.get("keys") or {}).get("columns")
    primary = standard.schema.get("primaryKey") or ()
    primary = (primary,) if isinstance(primary, str) else tuple(primary)
    for keys in ((tuple(declared),) if declared else (primary, ("ID",), ("NO",))):
        there = keys and all(k in table.columns and k in last.columns for k in keys)
        if there and (declared or _unique(last, keys)):
            return keys
    return ()


def _unique(table: Table, columns: Sequence[str]) -> bool:
    part = table.frame.select(columns)
    return part.height > 0 and part.null_count().sum_horizontal()[0] == 0 and part.n_unique() == part.height


def match_columns(table: Table, last: Table, keys: Sequence[str]) -> tuple[str, ...]:
    """What tells that two rows are the same facility: its name where that is unique, else the key.

    NO is often renumbered from 1 after a row was put in: by it every later point would seem to move.
    """
    for columns in (("名称",), ("名称", *keys), tuple(keys)):
        there = columns and all(c in table.columns and c in last.columns for c in columns)
        if there and _unique(table, columns) and _unique(last, columns):
            return columns
    return ()


def point_columns(table: Table, last: Table, standard: Standard) -> tuple[str, str] | None:
    lats, lons = standard.with_rule("lat"), standard.with_rule("lon")
    if not lats or not lons:
        return None
    pair = (lats[0].name, lons[0].name)
    return pair if all(c in t.columns for c in pair for t in (table, last)) else None


def _kept(table: Table, last: Table, keys: Sequence[str]) -> pl.DataFrame:
    now = table.frame.select(keys).unique().with_columns(kept=pl.lit("yes"))
    return last.frame.select(keys).join(now, on=list(keys), how="left", nulls_equal=True).select(
        pl.col("kept").fill_null("no"))


def _moves(table: Table, last: Table, standard: Standard, expect: Mapping[str, Any]) -> pl.DataFrame:
    pair = point_columns(table, last, standard)
    on = list(match_columns(table, last, key_columns(table, last, standard, expect)))
    if pair is None or not on:
        return pl.DataFrame({"moved_m": []}, schema={"moved_m": pl.Float64})
    number = [pl.col(c).cast(pl.Float64, strict=False).radians().alias(a)
              for c, a in zip(pair, ("__lat", "__lon"), strict=True)]
    before, now = (t.frame.select(*on, *number).drop_nulls() for t in (last, table))
    both = before.join(now, on=on, how="inner", suffix="_now")
    d_lat = pl.col("__lat_now") - pl.col("__lat")
    d_lon = (pl.col("__lon_now") - pl.col("__lon")) * ((pl.col("__lat_now") + pl.col("__lat")) / 2).cos()
    return both.select(moved_m=(d_lat**2 + d_lon**2).sqrt() * _EARTH_RADIUS_M)


def look_frames(table: Table, last: Table | None, standard: Standard, expect: Mapping[str, Any],
            checks: Sequence[Check]) -> dict[str, pl.DataFrame]:
    wanted = {c.frame for c in checks}
    frames: dict[str, pl.DataFrame] = {}
    if "rows" in wanted:
        frames["rows"] = table.frame.drop(ROW)
    if "numbers" in wanted:
        names = dict.fromkeys(str(c.kwargs["column"]) for c in checks if c.frame == "numbers")
        frames["numbers"] = pl.DataFrame({n: numbers_of(table, n) for n in names})
    if "headings" in wanted:
        frames["headings"] = pl.DataFrame({"heading": list(table.columns)})
    if last is not None and "kept" in wanted:
        frames["kept"] = _kept(table, last, key_columns(table, last, standard, expect))
    if last is not None and "moves" in wanted:
        frames["moves"] = _moves(table, last, standard, expect)
    return frames
