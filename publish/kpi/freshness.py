"""Declared frequency and last update to how late an update is: up to date, due, overdue, delinquent.

The thresholds follow the Humanitarian Data Exchange (monthly: due after 30 days, overdue after 44,
delinquent after 60; weekly 7/14/21); the frequencies between follow the same pattern.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

THRESHOLDS_DAYS: dict[str, tuple[int, int, int]] = {
    "daily": (1, 2, 3), "weekly": (7, 14, 21), "monthly": (30, 44, 60), "quarterly": (90, 120, 150),
    "semiannual": (180, 210, 240), "annual": (365, 425, 455),
}
"""Days since the last update after which data is due, overdue, delinquent; other frequencies are never late."""
FRESHNESS_WORDS = {
    "fresh": "期限内", "due": "更新の時期", "overdue": "遅れ", "delinquent": "長く遅れ", "none": "定めなし",
}


def due_day(last: date, frequency: str | None) -> date | None:
    """The day on which the next update is due; None for frequencies without a term."""
    term = THRESHOLDS_DAYS.get(frequency or "")
    return last + timedelta(days=term[0]) if term else None


def freshness(last: date, frequency: str | None, day: date) -> str:
    """fresh, due, overdue, delinquent, or none (as-needed, irregular, never, not declared)."""
    term = THRESHOLDS_DAYS.get(frequency or "")
    if term is None:
        return "none"
    passed = (day - last).days
    return "delinquent" if passed > term[2] else "overdue" if passed > term[1] else "due" if passed > term[0] else "fresh"


def is_stale(last: date, frequency: str | None, day: date) -> bool:
    """True when the declared frequency and its grace have passed since the last update: overdue or later."""
    return freshness(last, frequency, day) in ("overdue", "delinquent")


def stale_expression(last: pl.Expr, frequency: pl.Expr, day: pl.Expr) -> pl.Expr:
    """`is_stale` for whole columns (`last` and `day` as dates)."""
    grace = frequency.replace_strict({k: v[1] for k, v in THRESHOLDS_DAYS.items()}, default=None, return_dtype=pl.Int64)
    return ((day - last).dt.total_days() > grace).fill_null(False)
