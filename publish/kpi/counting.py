"""Ledger entries to the four numbers on a day, for one body and plan or for thousands at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from pipelines.declare import Counting
from publish.kpi.freshness import stale_expression
from publish.ledger.entries import PUBLIC_EVENTS

UNITS = ("種類", "packages", "files", "records")
UNIT_WORDS = {"種類": "種類", "packages": "データセット", "files": "ファイル", "records": "件"}
_CARRIED = ("name", "kind", "title", "section", "rows", "files", "periods", "formats", "as_of", "frequency", "licence",
            "url", "sha256", "hosted", "generated", "sample", "recorded")


@dataclass(frozen=True)
class Request:
    """What to count: one body on one day (to 23:59:59 JST) in the catalogues `counts_in`, by these settings."""

    body: str
    day: date
    unit: str = "種類"
    counts_in: tuple[str, ...] = ()
    counting: Counting = field(default_factory=Counting)
    listed: frozenset[str] = frozenset()  # datasets that the plan names one by one: they count even when generated
    sample_workspace: bool = False

    @property
    def catalogues(self) -> frozenset[str]:
        """The embedded catalogue counts only in a sample workspace."""
        named = frozenset(self.counts_in) - {"embedded"}
        return named | {"embedded"} if self.sample_workspace else named


@dataclass(frozen=True)
class Count:
    """The four numbers on one day, the one that the plan names, and what they rest on.

    `evidence` has one row a 種類: dataset, name, kind, title, section, first (first publication),
    last (last change), as_of, rows, files, catalogues, url, sha256, frequency, stale, sample,
    imported (the first publication lies before Kokai), live (False = withdrawn).
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


def count(
    entries: pl.DataFrame, body: str, day: date, *, unit: str = "種類", counts_in: Collection[str] = (),
    counting: Counting = Counting(), listed: Collection[str] = (), sample_workspace: bool = False,  # noqa: B008
) -> Count:
    """Count what was public on `day` (to 23:59:59 JST) in the catalogues `counts_in`; see `count_all`."""
    request = Request(body, day, unit, tuple(counts_in), counting, frozenset(listed), sample_workspace)
    return count_all(entries, [request])[0]


def count_all(entries: pl.DataFrame, requests: Sequence[Request]) -> list[Count]:
    """One Count a request, in their order. `entries` has the columns of publish.ledger.ENTRIES.

    A 種類 (register entry) counts when at least one of its catalogues has it public on that day.
    """
    for request in requests:
        if request.unit not in UNITS:
            raise ValueError(f"unit must be one of {UNITS}")
    asked = list(dict.fromkeys(requests))  # a deadline is often the end of a fiscal year: count it once
    live = _filtered(_states(entries, asked), asked)
    counts = dict(zip(asked, _sums(_fold(live), asked), strict=True))
    return [counts[request] for request in requests]


def _in_order(entries: pl.DataFrame) -> pl.DataFrame:
    """What decides a state, by body and time: o (order), i (row of `entries`), body, dataset, catalogue, at, public.

    History that was imported later takes its place in time.
    """
    words = pl.col("body", "dataset", "catalogue").cast(pl.Categorical)
    slim = entries.select("body", "dataset", "catalogue", "event", "at", "seq").with_row_index("i").filter(
        pl.col("event").is_in([*PUBLIC_EVENTS, "withdrawn"]))
    before = (pl.col("at") < pl.col("at").shift(1)) & (pl.col("body") == pl.col("body").shift(1))
    if slim.height and bool(slim.select(before.any()).item()):
        slim = slim.sort("body", "at", "seq", maintain_order=True)
    return slim.with_row_index("o").select("o", "i", words, "at", (pl.col("event") != "withdrawn").alias("public"))


def _frame(requests: Sequence[Request]) -> pl.DataFrame:
    return pl.DataFrame(
        [(r, q.body, q.day, q.counting.withdrawn, q.counting.linked_only, q.counting.generated_lists,
          q.counting.stale == "skip") for r, q in enumerate(requests)],
        schema={"r": pl.UInt32, "body": pl.String, "asked": pl.Date, "take_withdrawn": pl.Boolean,
                "take_linked": pl.Boolean, "take_generated": pl.Boolean, "skip_stale": pl.Boolean}, orient="row")


def _states(entries: pl.DataFrame, requests: Sequence[Request]) -> pl.DataFrame:
    """One row a request, dataset and catalogue: the last state on that day (r, event, first, last, carried columns)."""
    slim = _in_order(entries)
    places = pl.DataFrame(
        [(r, q.body, c, f"{q.day.isoformat()}T23:59:59+09:00") for r, q in enumerate(requests) for c in sorted(q.catalogues)],
        schema={"r": pl.UInt32, "body": pl.Categorical, "catalogue": pl.Categorical, "until": pl.String}, orient="row")
    found = places.join(slim, on=["body", "catalogue"], how="inner").filter(pl.col("at") <= pl.col("until"))
    ends = found.group_by("r", "dataset", "catalogue").agg(
        pl.col("o").max().alias("end"), pl.col("o").filter("public").max().alias("now"),
        pl.col("o").filter("public").min().alias("begin"),
    ).drop_nulls("now").sort("r", "now")
    rows = slim["i"]
    end, now, begin = (rows[ends[c]] for c in ("end", "now", "begin"))
    last, carried, first = entries[end], entries[now], entries[begin]
    return pl.DataFrame({
        "r": ends["r"], "end": ends["end"], "dataset": carried["dataset"], "catalogue": carried["catalogue"],
        "live": last["event"] != "withdrawn", "first": first["at"], "last": last["at"],
        "imported": first["recorded"].is_not_null(), **{c: carried[c] for c in _CARRIED},
    }).with_columns(pl.col("last").str.slice(0, 10).str.to_date("%Y-%m-%d").alias("last_day"))


def _filtered(states: pl.DataFrame, requests: Sequence[Request]) -> pl.DataFrame:
    """The states that the settings of their request let count, each with `stale`."""
    named = pl.DataFrame([(r, d, True) for r, q in enumerate(requests) for d in sorted(q.listed)],
                         schema={"r": pl.UInt32, "dataset": pl.String, "named": pl.Boolean}, orient="row")
    joined = states.join(_frame(requests).drop("body"), on="r", how="left", maintain_order="left")
    if named.height:
        joined = joined.join(named, on=["r", "dataset"], how="left", maintain_order="left")
    else:
        joined = joined.with_columns(pl.lit(None, dtype=pl.Boolean).alias("named"))
    joined = joined.with_columns(
        stale_expression(pl.col("last_day"), pl.col("frequency"), pl.col("asked")).alias("stale"))
    return joined.filter(
        (pl.col("live") | pl.col("take_withdrawn")) & (pl.col("hosted").fill_null(True) | pl.col("take_linked"))
        & (~pl.col("generated").fill_null(False) | pl.col("take_generated") | pl.col("named").fill_null(False))
        & ~(pl.col("stale") & pl.col("skip_stale"))
    )


def _fold(live: pl.DataFrame) -> pl.DataFrame:
    """One row a request and register entry: the widest of its catalogues, words from the latest."""
    latest = ("name", "kind", "title", "section", "as_of", "url", "sha256", "frequency", "licence", "sample",
              "generated", "hosted")
    return live.sort("r", "dataset", "last", "end", maintain_order=True).group_by("r", "dataset", maintain_order=True).agg(
        *(pl.col(c).last() for c in latest), pl.col("first").min(), pl.col("last").max(), pl.col("rows").max(),
        pl.col("files").max(), pl.col("periods").max(), pl.col("formats").max(),
        pl.col("catalogue").sort().alias("catalogues"), pl.col("catalogue").len().alias("catalogue_count"),
        pl.col("stale").all(), pl.col("imported").any(), pl.col("live").any(),
    )


def _sums(evidence: pl.DataFrame, requests: Sequence[Request]) -> list[Count]:
    folds = pl.DataFrame(
        [(r, q.counting.fold_editions, q.counting.fold_formats, q.counting.fold_catalogues)
         for r, q in enumerate(requests)],
        schema={"r": pl.UInt32, "editions": pl.Boolean, "formats_": pl.Boolean, "catalogues_": pl.Boolean}, orient="row")
    weight = pl.lit(1, dtype=pl.Int64)
    for fold, column in (("editions", "periods"), ("formats_", "formats"), ("catalogues_", "catalogue_count")):
        weight = weight * pl.when(fold).then(1).otherwise(pl.col(column).cast(pl.Int64).fill_null(1))
    sums = evidence.join(folds, on="r", how="left", maintain_order="left").group_by("r", maintain_order=True).agg(
        weight.sum().alias("kinds"), pl.col("name").n_unique().cast(pl.Int64).alias("packages"),
        pl.col("files").sum(), pl.col("rows").sum(), pl.col("sample").fill_null(False).any(), pl.len().alias("height"))
    told = {row[0]: row for row in sums.iter_rows()}
    bare = evidence.drop("r")
    counts, offset = [], 0
    for r, request in enumerate(requests):
        _, kinds, packages, files, records, sample, height = told.get(r, (r, 0, 0, 0, 0, False, 0))
        counts.append(Count(request.day, request.unit, kinds, packages, files, records,
                            bool(sample) or request.sample_workspace, bare.slice(offset, height)))
        offset += height
    return counts
