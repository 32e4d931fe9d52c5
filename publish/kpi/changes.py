"""Ledger entries to what came, changed and went in a span of days: the 異動 of a report."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import polars as pl

from publish.ledger.entries import PUBLIC_EVENTS

CHANGE_WORDS = {"new": "新規", "again": "再公開", "updated": "更新", "withdrawn": "取下げ"}


def changes_between(
    entries: pl.DataFrame, body: str, first: date, last: date, *, catalogues: Collection[str]
) -> pl.DataFrame:
    """Every publication, update and withdrawal from `first` to `last` (both days included), in order of time.

    Columns: at, change (new, again, updated, withdrawn), dataset, title, section, catalogue, rows, files,
    url, sha256, by, reason, sample, imported.
    """
    seen = entries.filter(
        (pl.col("body") == body) & pl.col("catalogue").is_in(sorted(catalogues))
        & pl.col("event").is_in([*PUBLIC_EVENTS, "withdrawn"])
    ).sort("at", "seq", maintain_order=True)
    before = pl.col("event").shift(1).over("dataset", "catalogue")
    told = seen.with_columns(
        pl.when(pl.col("event") == "withdrawn").then(pl.lit("withdrawn"))
        .when(before.is_null()).then(pl.lit("new"))
        .when(before == "withdrawn").then(pl.lit("again")).otherwise(pl.lit("updated")).alias("change"),
        pl.col("recorded").is_not_null().alias("imported"),
        *(pl.col(c).forward_fill().over("dataset", "catalogue") for c in ("title", "section", "url", "rows", "files")),
    )
    day = pl.col("at").str.slice(0, 10)
    return told.filter((day >= first.isoformat()) & (day <= last.isoformat())).select(
        "at", "change", "dataset", "title", "section", "catalogue", "rows", "files", "url", "sha256", "by", "reason",
        "sample", "imported")
