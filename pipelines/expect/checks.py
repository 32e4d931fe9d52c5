"""A table, its last release and the declared bounds to the list of what great_expectations is asked."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipelines.model import Finding, Standard, Table

MAX_DROP_PERCENT = 20.0
MAX_GROWTH_PERCENT = 100.0
GROWTH_ROWS = 10  # a list of three may become thirteen without a question
MAX_FILL_DROP_POINTS = 20.0
MAX_MEAN_SHIFT_PERCENT = 50.0
MEAN_NEEDS_VALUES = 10  # a mean of fewer values swings by itself
_NUMBER_TYPES = ("integer", "number")


@dataclass(frozen=True)
class Check:
    """One expectation, the frame it looks at, and the finding that its failure becomes."""

    frame: str  # rows, numbers, headings, kept, moves
    type: str  # class name in great_expectations.expectations
    kwargs: Mapping[str, Any]
    code: str
    field: str | None = None
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def share_below(share: float) -> float:
    """`share` cut, not rounded, to six decimals: 2 of 3 must satisfy two thirds."""
    return math.floor(share * 1_000_000) / 1_000_000


def row_checks(table: Table, last: Table | None, expect: Mapping[str, Any]) -> list[Check]:
    rows = expect.get("rows") or {}
    low, high = rows.get("min"), rows.get("max")
    if last is not None and last.rows:
        drop = float(rows.get("max_drop_percent", MAX_DROP_PERCENT))
        growth = float(rows.get("max_growth_percent", MAX_GROWTH_PERCENT))
        kept = max(1, math.floor(last.rows * (100 - drop) / 100))
        most = math.ceil(last.rows * (100 + growth) / 100)
        if "max_growth_percent" not in rows:
            most = max(most, last.rows + GROWTH_ROWS)
        low = kept if low is None else max(int(low), kept)
        high = most if high is None else min(int(high), most)
        high = max(high, low)
    if low is None and high is None:
        return []
    kwargs = {"min_value": low, "max_value": high}
    return [Check("rows", "ExpectTableRowCountToBeBetween", kwargs, "release-row-count")]


def _fill_rate(table: Table, name: str) -> float:
    return 1.0 - table.frame[name].null_count() / table.rows if table.rows else 0.0


def fill_checks(table: Table, last: Table | None, expect: Mapping[str, Any]) -> list[Check]:
    declared: Mapping[str, float] = expect.get("fill") or {}
    allowed = float(expect.get("max_fill_drop_points", MAX_FILL_DROP_POINTS)) / 100
    checks = []
    for name in table.columns:
        if name in declared:
            share = float(declared[name])
            checks.append(Check("rows", "ExpectColumnValuesToNotBeNull", {"column": name, "mostly": share},
                                 "release-fill-low", name, {"least": round(share * 100, 1)}))
        if last is not None and last.rows and name in last.columns:
            before = _fill_rate(last, name)
            least = before - max(allowed, 1 / table.rows)  # one blank cell of three rows is no drop
            if least > 0:
                checks.append(Check("rows", "ExpectColumnValuesToNotBeNull",
                                     {"column": name, "mostly": share_below(least)},
                                     "release-fill-dropped", name, {"last": round(before * 100, 1)}))
    return checks


def numbers_of(table: Table, name: str) -> pl.Series:
    return table.frame[name].cast(pl.Float64, strict=False)


def mean_checks(table: Table, last: Table | None, standard: Standard, expect: Mapping[str, Any]) -> list[Check]:
    declared: Mapping[str, Mapping[str, Any]] = expect.get("mean") or {}
    default = float(expect.get("max_mean_shift_percent", MAX_MEAN_SHIFT_PERCENT))
    checks = []
    for name in table.columns:
        column = standard.get(name)
        number = column is not None and column.type in _NUMBER_TYPES and column.rule not in ("lat", "lon")
        if not number and name not in declared:
            continue
        bounds = declared.get(name, {})
        if "min" in bounds or "max" in bounds:
            kwargs = {"column": name, "min_value": bounds.get("min"), "max_value": bounds.get("max")}
            checks.append(Check("numbers", "ExpectColumnMeanToBeBetween", kwargs, "release-mean-outside", name,
                                 {"min": bounds.get("min", ""), "max": bounds.get("max", "")}))
        if last is None or name not in last.columns:
            continue
        before, now = numbers_of(last, name).drop_nulls(), numbers_of(table, name).drop_nulls()
        if len(before) < MEAN_NEEDS_VALUES or len(now) < MEAN_NEEDS_VALUES:
            continue
        mean = float(before.mean())  # type: ignore[arg-type]
        room = abs(mean) * float(bounds.get("max_shift_percent", default)) / 100
        if room > 0:
            kwargs = {"column": name, "min_value": mean - room, "max_value": mean + room}
            checks.append(Check("numbers", "ExpectColumnMeanToBeBetween", kwargs, "release-mean-shifted", name,
                                 {"last": round(mean, 4)}))
    return checks


def column_checks(table: Table, last: Table, expect: Mapping[str, Any]) -> list[Check]:
    rules = expect.get("columns") or {}
    checks = []
    if not rules.get("allow_lost", False):
        lost = [c for c in last.columns if c not in table.columns]
        checks.append(Check("rows", "ExpectTableColumnsToMatchSet",
                             {"column_set": list(last.columns), "exact_match": False},
                             "release-column-lost", None, {"columns": "、".join(lost)}))
    if not rules.get("allow_new", True):
        new = [c for c in table.columns if c not in last.columns]
        checks.append(Check("headings", "ExpectColumnValuesToBeInSet",
                             {"column": "heading", "value_set": list(last.columns)},
                             "release-column-new", None, {"columns": "、".join(new)}))
    return checks


def new_columns(table: Table, last: Table | None, expect: Mapping[str, Any]) -> list[Finding]:
    if last is None or not (expect.get("columns") or {}).get("allow_new", True):
        return []
    new = [c for c in table.columns if c not in last.columns]
    return [Finding("release-column-added", None, None, None, {"columns": "、".join(new)})] if new else []
