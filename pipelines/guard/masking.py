"""Stopped cells to a fixed mark, in the table and everywhere else where their text could stand."""

from __future__ import annotations

import polars as pl

from pipelines.model import FINDINGS, FIXES, ROW, Table

MASK = "■■■"
_MASKED = (
    "guard-my-number",
    "guard-mobile-phone",
    "guard-home-phone",
    "guard-personal-mail",
    "guard-birth-date",
    "guard-person-name",
    "guard-home-address",
)
_MASKED_SET = frozenset(_MASKED)
_STOPS = frozenset((*_MASKED, "guard-personal-column-mapped", "formula-injection"))


def is_stop(code: str) -> bool:
    """True if a finding of this code holds the dataset back whatever the declaration says about errors."""
    return code in _STOPS


def _stopped(findings: pl.DataFrame) -> pl.DataFrame:
    """row, field, value of the cells to be masked (guard's own stops; marked formulas stay readable)."""
    cells = findings.filter(pl.col("code").is_in(_MASKED) & pl.col("row").is_not_null())
    return cells.select("row", "field", "value").unique(maintain_order=True)


def mask(table: Table, findings: pl.DataFrame) -> Table:
    """`table` with every cell that guard stopped replaced by 「■■■」; other cells as they were."""
    stopped = _stopped(findings)
    frame = table.frame
    for name in stopped["field"].drop_nulls().unique().to_list():
        if name not in frame.columns:
            continue
        rows = stopped.filter(pl.col("field") == name)["row"].unique()
        frame = frame.with_columns(
            pl.when(pl.col(ROW).is_in(rows.implode())).then(pl.lit(MASK)).otherwise(pl.col(name)).alias(name))
    return Table(frame)


def mask_findings(findings: pl.DataFrame) -> pl.DataFrame:
    """`findings` without the text of stopped cells: value, remedy and params, in all findings of those cells
    and wherever else the same row, or a finding about the whole file, repeats it."""
    if findings.schema == FINDINGS and not _MASKED_SET.intersection(findings["code"].to_list()):
        return findings
    return _mask_texts(findings, _stopped(findings), ("value", "remedy", "params")).cast(pl.Schema(FINDINGS))


def mask_fixes(fixes: pl.DataFrame, findings: pl.DataFrame) -> pl.DataFrame:
    """`fixes` without the text of the cells that `findings` (not yet masked) stop."""
    return _mask_texts(fixes, _stopped(findings), ("before", "after")).cast(pl.Schema(FIXES))


def _mask_texts(frame: pl.DataFrame, stopped: pl.DataFrame, texts: tuple[str, ...]) -> pl.DataFrame:
    if not stopped.height or not frame.height:
        return frame
    numbered = frame.with_row_index("__i")
    same_cell = numbered.join(stopped.select("row", "field").unique(), on=["row", "field"], how="semi")["__i"]
    words = stopped.select("row", word="value").drop_nulls().unique()
    in_row = numbered.select("__i", "row", *texts).join(words, on="row", how="inner")
    about_all = numbered.filter(pl.col("row").is_null()).select("__i", "row", *texts)
    if about_all.height:
        repeated = about_all.join(words.select("word").unique(), how="cross")
        in_row = pl.concat([in_row, repeated.select(in_row.columns)])
    says = pl.any_horizontal(
        pl.col(t).fill_null("").str.contains(pl.col("word"), literal=True) for t in texts)
    repeats = in_row.filter(says)["__i"]
    hit = pl.col("__i").is_in(pl.concat([same_cell, repeats]).unique().implode())
    masked = [
        pl.when(hit & pl.col(t).is_not_null()).then(pl.lit("{}" if t == "params" else MASK))
        .otherwise(pl.col(t)).alias(t) for t in texts
    ]
    return numbered.with_columns(masked).drop("__i")
