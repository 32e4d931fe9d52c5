"""The release gate: one whole table and the last release of it to a verdict, through great_expectations.

Keys that a declaration's `expect:` may hold (all optional; a share is 0..1, a percent 0..100):

    expect:
      rows:                       # row-count band
        min: 10                   # whole number, absolute lower bound
        max: 500                  # whole number, absolute upper bound
        max_drop_percent: 20      # against the last release (default 20)
        max_growth_percent: 100   # against the last release (default 100)
      fill:                       # column heading -> least share of filled cells
        緯度: 0.9
      max_fill_drop_points: 20    # fill rate against the last release, in points (default 20)
      keys:
        columns: [ID]             # default: the schema's primaryKey, else ID or NO
        min_kept_share: 0.8       # share of the last release's keys that must still be there (default 0.8)
      points:
        max_moved_share: 0.1      # share of matched rows whose point may move (default 0.1)
        moved_m: 100              # a point has moved when it lies farther than this, metres (default 100)
      columns:
        allow_new: true           # a column that the last release had not (default true: told, not stopped)
        allow_lost: false         # a column that the last release had and this one has not (default false)
      mean:                       # column heading -> bounds of the mean of its numbers
        総人口: {min: 1, max: 100000, max_shift_percent: 30}
      max_mean_shift_percent: 50  # every number column against the last release (default 50)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipelines.expect.asking import ask_great_expectations
from pipelines.expect.checks import Check, column_checks, fill_checks, mean_checks, new_columns, row_checks
from pipelines.expect.compared import change_checks, look_frames
from pipelines.model import Finding, Standard, Table, findings_frame


@dataclass(frozen=True)
class ReleaseVerdict:
    """What the gate says: findings about the whole table, passed or held, and great_expectations' own result."""

    findings: pl.DataFrame
    passed: bool
    result: Mapping[str, Any]


def check_release(
    table: Table,
    last: Table | None,
    *,
    standard: Standard,
    expect: Mapping[str, Any],
    dataset_name: str,
) -> ReleaseVerdict:
    """Compare one whole table with the last release and with the declaration's bounds.

    `table` and `last` hold the standard's columns as text. The verdict comes from the result of
    great_expectations; without a last release and without `expect:` nothing is asked and the
    library is not loaded. Findings name a column or nothing, never a row.
    """
    checks = row_checks(table, last, expect)
    if table.rows:
        checks += fill_checks(table, last, expect)
        checks += mean_checks(table, last, standard, expect)
        if last is not None:
            checks += column_checks(table, last, expect)
            checks += change_checks(table, last, standard, expect)
    told = new_columns(table, last, expect)
    if not checks:
        return ReleaseVerdict(findings_frame(told), True, {})
    result = ask_great_expectations(checks, look_frames(table, last, standard, expect, checks), dataset_name)
    failed = [
        _finding(check, answer, table, last)
        for check, answer in zip(checks, result["results"], strict=True)
        if not answer["success"]
    ]
    return ReleaseVerdict(findings_frame(failed + told), bool(result["success"]), result)


def _finding(check: Check, answer: Mapping[str, Any], table: Table, last: Table | None) -> Finding:
    code, params = check.code, dict(check.params)
    observed = answer.get("observed")
    if check.code == "release-row-count":
        low = check.kwargs.get("min_value")
        if observed == 0:
            code = "release-emptied"
        elif low is not None and observed < low:
            code = "release-too-few" if last is None else "release-shrank"
        else:
            code = "release-too-many" if last is None else "release-grew"
        params |= {"now": observed, "min": low, "max": check.kwargs.get("max_value")}
        params["last"] = last.rows if last is not None else None
    elif isinstance(observed, float):
        params["now"] = round(observed, 4)
    if check.code in ("release-fill-low", "release-fill-dropped", "release-keys-lost", "release-points-moved"):
        share = float(answer["unexpected_percent"])
        params["percent"] = round(100 - share if "fill" in check.code else share, 1)
    return Finding(code, None, check.field, None, params)
