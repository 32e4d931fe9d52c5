"""Ledger entries to what came, changed and went in a span of days: the 異動 of a report."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date

import polars as pl

from publish.ledger.entries import PUBLIC_EVENTS

CHANGE_WORDS = {"new": "新規", "again": "再公開", "updated": "更新", "withdrawn": "取下げ", "added": "掲載先の追加",
                "dropped": "掲載先の取下げ"}
"""A second catalogue makes nothing new, and a 種類 is withdrawn when its last catalogue lets go of it."""


def changes_between(
    entries: pl.DataFrame, body: str, first: date, last: date, *, catalogues: Collection[str]
) -> pl.DataFrame:
    """Every publication, update and withdrawal from `first` to `last` (both days included), in order of time.

    Columns: at, change (a key of CHANGE_WORDS), dataset, title, section, catalogue, rows, files, url, sha256, by,
    reason, sample, imported.
    """
    seen = entries.filter(
        (pl.col("body") == body) & pl.col("catalogue").is_in(sorted(catalogues))
        & pl.col("event").is_in([*PUBLIC_EVENTS, "withdrawn"])
    ).sort("at", "seq", maintain_order=True)
    told = seen.with_columns(
        pl.Series("change", _changes(seen.select("dataset", "catalogue", "event").rows()), dtype=pl.String),
        pl.col("recorded").is_not_null().alias("imported"),
        *(pl.col(c).forward_fill().over("dataset", "catalogue") for c in ("title", "section", "url", "rows", "files")),
    )
    day = pl.col("at").str.slice(0, 10)
    return told.filter((day >= first.isoformat()) & (day <= last.isoformat())).select(
        "at", "change", "dataset", "title", "section", "catalogue", "rows", "files", "url", "sha256", "by", "reason",
        "sample", "imported")


def _changes(events: Iterable[tuple[str, str, str]]) -> list[str]:
    """What each event (dataset, catalogue, event; in order of time) means for the dataset in all its catalogues."""
    public: dict[str, set[str]] = {}
    told = []
    for dataset, catalogue, event in events:
        known = dataset in public
        places = public.setdefault(dataset, set())
        if event == "withdrawn":
            places.discard(catalogue)
            told.append("dropped" if places else "withdrawn")
            continue
        told.append("updated" if catalogue in places else "added" if places else "again" if known else "new")
        places.add(catalogue)
    return told
