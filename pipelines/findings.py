"""Frames of findings and fixes to one frame: joined, sorted, counted by level, given the remedies that fixes know."""

from __future__ import annotations

from collections import Counter
from typing import Any

import polars as pl

from pipelines.messages import level_of
from pipelines.model import FINDINGS, Standard


def join_findings(parts: list[pl.DataFrame], schema: dict[str, Any]) -> pl.DataFrame:
    """Frames of findings (or fixes) under one another; an empty frame of `schema` for none."""
    kept = [
        p if p.schema == schema else p.select(pl.col(n).cast(t) for n, t in schema.items()) for p in parts if p.height
    ]
    if len(kept) == 1:
        return kept[0]
    return pl.concat(kept) if kept else pl.DataFrame(schema=schema)


def sort_findings(findings: pl.DataFrame) -> pl.DataFrame:
    """In the order of the file: about the file first, then row by row."""
    return findings.sort("row", nulls_last=False, maintain_order=True) if findings.height > 1 else findings


def with_remedies(findings: pl.DataFrame, fixes: pl.DataFrame, left: pl.DataFrame) -> pl.DataFrame:
    """Findings as the file came, each with the value that its fix writes; a fixed cell without one gets one.

    `left` are the findings after the fixes: where a cell has one still, its fix is no cure, and only a proposal that
    waits for a yes is a remedy. The added findings have the code `form-fixable` and the rule in their params.
    """
    here = ["row", "field"]
    in_rows = fixes.filter(pl.col("row").is_not_null())
    done = in_rows.filter("applied").group_by(here, maintain_order=True).agg(
        pl.col("after").last().fill_null("").alias("_after"), pl.col("before").first().alias("_before"),
        pl.col("rule").first().alias("_rule"),
    )
    cure = done.join(left.select(here).unique(), on=here, how="anti", maintain_order="left").select(*here, "_after")
    proposed = in_rows.filter(~pl.col("applied")).group_by(here, maintain_order=True).agg(
        pl.col("after").last().fill_null("").alias("_proposed")
    )
    joined = findings.join(cure, on=here, how="left", maintain_order="left").join(
        proposed, on=here, how="left", maintain_order="left"
    )
    written = pl.when(pl.col("_proposed").is_null()).then("_after")
    known = pl.coalesce(written, "remedy", "_proposed", "_after")
    joined = joined.with_columns(
        pl.when(pl.col("value").is_not_null()).then(known).otherwise(pl.col("remedy")).alias("remedy")
    ).select(list(FINDINGS))
    silent = done.filter(pl.col("_before").is_not_null()).join(
        findings.select(here).unique(), on=here, how="anti", maintain_order="left"
    )
    added = silent.select(
        pl.lit("form-fixable").alias("code"), *here, pl.col("_before").alias("value"),
        pl.concat_str(pl.lit('{"rule": "'), pl.col("_rule"), pl.lit('"}')).alias("params"),
        pl.col("_after").alias("remedy"),
    )
    return join_findings([joined, added], FINDINGS)


def count_levels(findings: pl.DataFrame, standard: Standard) -> dict[str, int]:
    """How many errors, warnings and infos the findings hold, by the edition's own levels."""
    counts = {"error": 0, "warning": 0, "info": 0}
    for code, n in Counter(findings["code"].to_list()).items():
        counts[level_of(code, standard)] += n
    return counts
