"""(ledger, plan, date, unit) to numbers with their evidence: pure, so that the same date gives the same number."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

from pipelines.declare import Counting, Plan

UNITS = ("種類", "packages", "files", "records")
PUBLIC_EVENTS = ("published", "updated", "adopted", "imported")
FREQUENCY_DAYS = {"daily": 1, "weekly": 7, "monthly": 30, "quarterly": 91, "semiannual": 183, "annual": 365}
"""Days between updates; as-needed, irregular and never are never overdue (HDX's freshness classes)."""
GRACE_DAYS = {"daily": 1, "weekly": 7, "monthly": 14, "quarterly": 30, "semiannual": 60, "annual": 60}


@dataclass(frozen=True)
class Count:
    """The four numbers on one day, the one that the plan names, and what they rest on.

    `evidence` has one row a 種類: body, dataset, name, kind, first (first publication), last (last
    change), as_of, rows, files, catalogues, url, sha256, stale, sample.
    """

    day: date
    unit: str
    kinds: int
    packages: int
    files: int
    records: int
    sample: bool
    evidence: pl.DataFrame

    @property
    def value(self) -> int:
        """The number in the plan's unit."""
        return {"種類": self.kinds, "packages": self.packages, "files": self.files, "records": self.records}[self.unit]


@dataclass(frozen=True)
class Progress:
    """One plan on one day: the count now and at the deadline, and what is missing toward the target."""

    plan: Plan
    now: Count
    at_deadline: Count | None  # None while the deadline lies ahead
    missing: int | None  # None where the plan gives no number
    rate: float | None  # percent of the target
    basic_done: tuple[str, ...]
    basic_missing: tuple[str, ...]


def is_stale(last: date, frequency: str | None, day: date) -> bool:
    """True when the declared frequency and its grace have passed since the last update."""
    if frequency not in FREQUENCY_DAYS:
        return False
    return day > last + timedelta(days=FREQUENCY_DAYS[frequency] + GRACE_DAYS[frequency])


def count(
    entries: pl.DataFrame, body: str, day: date, *, unit: str = "種類", counts_in: Collection[str] = (),
    counting: Counting = Counting(), listed: Collection[str] = (), sample_workspace: bool = False,  # noqa: B008
) -> Count:
    """Count what was public on `day` (to 23:59:59 JST) in the catalogues `counts_in`.

    `entries` has the columns of publish.ledger.ENTRIES. The embedded catalogue counts only in a
    sample workspace. Datasets in `listed` (named by the plan one by one) count even when generated.
    """
    if unit not in UNITS:
        raise ValueError(f"unit must be one of {UNITS}")
    catalogues = set(counts_in) - {"embedded"} | ({"embedded"} if sample_workspace else set())
    until = f"{day.isoformat()}T23:59:59+09:00"
    seen = entries.filter(
        (pl.col("body") == body) & (pl.col("at") <= until) & pl.col("catalogue").is_in(sorted(catalogues))
        & pl.col("event").is_in([*PUBLIC_EVENTS, "withdrawn"])
    ).sort("at", "seq", maintain_order=True)
    last = seen.group_by("dataset", "catalogue", maintain_order=True).agg(
        pl.col("event").last(), pl.col("at").filter(pl.col("event") != "withdrawn").first().alias("first"),
        pl.col("at").last().alias("last"),
        *(pl.col(c).filter(pl.col("event") != "withdrawn").last()
          for c in ("name", "kind", "rows", "files", "periods", "formats", "as_of", "frequency", "url", "sha256",
                    "hosted", "generated", "sample")),
    )
    live = last if counting.withdrawn else last.filter(pl.col("event") != "withdrawn")
    if not counting.linked_only:
        live = live.filter(pl.col("hosted").fill_null(True))
    if not counting.generated_lists:
        live = live.filter(~pl.col("generated").fill_null(False) | pl.col("dataset").is_in(sorted(listed)))
    live = live.with_columns(pl.Series("stale", [
        is_stale(date.fromisoformat(at[:10]), freq, day) for at, freq in live.select("last", "frequency").iter_rows()
    ], dtype=pl.Boolean))
    if counting.stale == "skip":
        live = live.filter(~pl.col("stale"))
    evidence = _fold(live)
    weights = pl.lit(1)
    for folds, column in ((counting.fold_editions, "periods"), (counting.fold_formats, "formats"),
                          (counting.fold_catalogues, "catalogue_count")):
        weights = weights if folds else weights * pl.col(column).fill_null(1)
    kinds = int(evidence.select(weights.cast(pl.Int64).sum()).item() if evidence.height and not _folds_all(counting)
                else evidence.height)
    return Count(
        day, unit, kinds, evidence["name"].n_unique(), int(evidence["files"].sum() or 0),
        int(evidence["rows"].sum() or 0), bool(evidence["sample"].fill_null(False).any()), evidence,
    )


def _folds_all(counting: Counting) -> bool:
    return counting.fold_editions and counting.fold_formats and counting.fold_catalogues


def _fold(live: pl.DataFrame) -> pl.DataFrame:
    """One row a register entry: the widest of its catalogues."""
    return live.sort("last", maintain_order=True).group_by("dataset", maintain_order=True).agg(
        pl.col("name").last(), pl.col("kind").last(), pl.col("first").min(), pl.col("last").max(),
        pl.col("as_of").last(), pl.col("rows").max(), pl.col("files").max(), pl.col("periods").max(),
        pl.col("formats").max(), pl.col("catalogue").unique(maintain_order=True).alias("catalogues"),
        pl.col("catalogue").n_unique().alias("catalogue_count"), pl.col("url").last(), pl.col("sha256").last(),
        pl.col("stale").all(), pl.col("sample").last(),
    ).sort("dataset")


def measure_plan(
    entries: pl.DataFrame, plan: Plan, day: date, *, basic_kinds: Sequence[str], sample_workspace: bool = False
) -> Progress:
    """One plan on `day`: count, the count at its deadline if that has passed, and what is missing."""
    listed = {item.dataset for named in plan.lists for item in named.items if item.dataset}

    def on(when: date) -> Count:
        return count(entries, plan.body, when, unit=plan.unit, counts_in=plan.counts_in, counting=plan.counting,
                     listed=listed, sample_workspace=sample_workspace)

    now = on(day)
    deadline = date.fromisoformat(plan.deadline)
    target = plan.target.value if plan.target else None
    done = [k for k in basic_kinds if k in set(now.evidence["kind"].to_list())]
    return Progress(
        plan, now, on(deadline) if day > deadline else None,
        max(target - now.value, 0) if target is not None else None,
        round(100 * now.value / target, 1) if target else None,
        tuple(done), tuple(k for k in basic_kinds if k not in done),
    )


def progress_dict(progress: Progress) -> dict[str, Any]:
    """A plan's progress as JSON: the four numbers, baseline, target, deadline, what is missing, how it was counted."""
    plan, now = progress.plan, progress.now
    return {
        "body": plan.body,
        "plan": plan.id,
        "title": plan.title,
        "as_of": now.day.isoformat(),
        "sample": now.sample,
        "unit": plan.unit,
        "value": now.value,
        "kinds": now.kinds,
        "packages": now.packages,
        "files": now.files,
        "records": now.records,
        "at_deadline": progress.at_deadline.value if progress.at_deadline else None,
        "baseline": plan.baseline.value if plan.baseline else None,
        "baseline_unit": plan.baseline.unit if plan.baseline else None,
        "target": plan.target.value if plan.target else None,
        "deadline": plan.deadline,
        "missing": progress.missing,
        "rate_percent": progress.rate,
        "basic_done": list(progress.basic_done),
        "basic_missing": list(progress.basic_missing),
        "counts_in": list(plan.counts_in),
        "counting": [{"setting": s, "ja": ja, "en": en} for s, ja, en in plan.counting.words()],
        "evidence": now.evidence.to_dicts(),
    }
