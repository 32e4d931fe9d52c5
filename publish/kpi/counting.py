"""Ledger entries to the four numbers on a day, for one body and plan or for thousands at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
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
    public_kinds: frozenset[str] = frozenset()  # kinds public by the body itself, generated lists too: the coverage
    since: date | None = None  # the first day that the ledger knows of in these catalogues, on whichever day is counted

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
    history, places = _history(entries), _places(asked)
    states = _states(entries, history, places)
    standing = states.filter(pl.col("live") & pl.col("hosted").fill_null(True))
    kinds = dict(standing.group_by("r").agg(pl.col("kind").drop_nulls().unique()).iter_rows())
    since = _since(history, places)
    summed = _sums(_fold(_filtered(states, asked)), asked)
    counts = {q: replace(c, since=since.get(r), public_kinds=frozenset(kinds.get(r, ())))
              for r, (q, c) in enumerate(zip(asked, summed, strict=True))}
    return [counts[request] for request in requests]


def _history(entries: pl.DataFrame) -> pl.DataFrame:
    """The states that each dataset went through in each catalogue, in order of time, one group after the other.

    Columns: body, catalogue (categorical), at, o (place in order of body and time), group (number), and three rows of
    `entries`: i (this line), now (the last publication up to it), begin (the first one); without the lines before
    a first publication. History that was imported later takes its place in time.
    """
    slim = entries.select("body", "dataset", "catalogue", "event", "at", "seq").with_row_index("i").filter(
        pl.col("event").is_in([*PUBLIC_EVENTS, "withdrawn"]))
    before = (pl.col("at") < pl.col("at").shift(1)) & (pl.col("body") == pl.col("body").shift(1))
    if slim.height and bool(slim.select(before.any()).item()):
        slim = slim.sort("body", "at", "seq", maintain_order=True)
    words = slim.with_row_index("o").select(
        "o", "i", "at", pl.col("body", "dataset", "catalogue").cast(pl.Categorical),
        (pl.col("event") != "withdrawn").alias("public"))
    body, dataset, catalogue = (pl.col(c).to_physical().cast(pl.UInt64) for c in ("body", "dataset", "catalogue"))
    key = (body * (dataset.max() + 1) + dataset) * (catalogue.max() + 1) + catalogue
    grouped = words.with_columns(key.alias("key")).drop("dataset").sort("key", maintain_order=True)
    starts, row = pl.col("key") != pl.col("key").shift(1, fill_value=2**64 - 1), pl.int_range(pl.len(), dtype=pl.UInt32)
    own = grouped.with_columns(
        starts.cum_sum().alias("group"), pl.when(starts).then(row).forward_fill().alias("start"),
        pl.when("public").then(row).forward_fill().alias("last"),
    ).filter((pl.col("last") >= pl.col("start")).fill_null(False))
    first = pl.col("group") != pl.col("group").shift(1, fill_value=0)
    return own.select(
        "body", "catalogue", "at", "o", "group", "i", pl.when("public").then("i").forward_fill().alias("now"),
        pl.when(first).then("i").forward_fill().alias("begin"))


def _frame(requests: Sequence[Request]) -> pl.DataFrame:
    return pl.DataFrame(
        [(r, q.body, q.day, q.counting.withdrawn, q.counting.linked_only, q.counting.generated_lists,
          q.counting.stale == "skip") for r, q in enumerate(requests)],
        schema={"r": pl.UInt32, "body": pl.String, "asked": pl.Date, "take_withdrawn": pl.Boolean,
                "take_linked": pl.Boolean, "take_generated": pl.Boolean, "skip_stale": pl.Boolean}, orient="row")


def _places(requests: Sequence[Request]) -> pl.DataFrame:
    """Which catalogues of which body to look at, and until when: r (request), body, catalogue, until."""
    return pl.DataFrame(
        [(r, q.body, c, f"{q.day.isoformat()}T23:59:59+09:00") for r, q in enumerate(requests) for c in sorted(q.catalogues)],
        schema={"r": pl.UInt32, "body": pl.Categorical, "catalogue": pl.Categorical, "until": pl.String}, orient="row")


def _since(history: pl.DataFrame, places: pl.DataFrame) -> dict[int, date]:
    """The day of the first publication that the ledger knows of, by request."""
    begins = history.filter(pl.col("i") == pl.col("begin")).group_by("body", "catalogue").agg(pl.col("at").min())
    found = places.join(begins, on=["body", "catalogue"], how="inner").group_by("r").agg(pl.col("at").min())
    return {r: date.fromisoformat(at[:10]) for r, at in found.iter_rows()}


def _states(entries: pl.DataFrame, history: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """One row a request, dataset and catalogue: the last state on that day (r, end, first, last, carried columns).

    The history is grouped once; each day of the requests then takes the last line of every group up to it.
    """
    found = [pl.DataFrame(schema={"r": pl.UInt32, **dict.fromkeys(("o", "i", "now", "begin"), pl.UInt32)})]
    for (until,), asked in places.partition_by("until", as_dict=True, maintain_order=True).items():
        so_far = history.filter(pl.col("at") <= until)
        ends = so_far.filter(pl.col("group") != pl.col("group").shift(-1, fill_value=0))
        found.append(asked.join(ends, on=["body", "catalogue"], how="inner").select(found[0].columns))
    ends = pl.concat(found)
    last = entries.select("event", "at")[ends["i"]]
    carried = entries.select("dataset", "catalogue", *_CARRIED)[ends["now"]]
    first = entries.select("at", "recorded")[ends["begin"]]
    return pl.DataFrame({
        "r": ends["r"], "end": ends["o"], "dataset": carried["dataset"], "catalogue": carried["catalogue"],
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
    order = live.select("r", "dataset", "last", "end").with_row_index("row").sort("r", "dataset", "last", "end")["row"]
    # Sorting a list in each group takes ten times as long as one more sort of the whole.
    places = live.select("r", "dataset", "catalogue").sort("r", "dataset", "catalogue").group_by(
        "r", "dataset", maintain_order=True).agg("catalogue")
    return live[order].group_by("r", "dataset", maintain_order=True).agg(
        *(pl.col(c).last() for c in latest), pl.col("first").min(), pl.col("last").last(), pl.col("rows").max(),
        pl.col("files").max(), pl.col("periods").max(), pl.col("formats").max(),
        pl.len().alias("catalogue_count"), pl.col("stale").all(), pl.col("imported").any(), pl.col("live").any(),
    ).with_columns(places["catalogue"].alias("catalogues"))


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
