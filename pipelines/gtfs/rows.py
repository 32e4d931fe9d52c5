"""One file of a feed to findings at its rows: which columns are there, times as seconds, rows that break a rule."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from pipelines.model import FINDINGS, ROW, Table


def mark(table: Table, wrong: pl.Expr, code: str, name: str, column: str) -> pl.DataFrame:
    """One finding for each row where `wrong` is true."""
    params = pl.lit('{"file": "' + name + '"}')
    return table.frame.filter(wrong.fill_null(False)).select(
        code=pl.lit(code), row=pl.col(ROW), field=pl.lit(column), value=pl.col(column), params=params,
        remedy=pl.lit(None, pl.String),
    ).cast(pl.Schema(FINDINGS))


def has(tables: Mapping[str, Table], name: str, *columns: str) -> bool:
    """True if the feed has the file with all these columns."""
    return name in tables and all(c in tables[name].columns for c in columns)


def seconds(column: str) -> pl.Expr:
    """H:MM:SS as seconds since the start of the service day; null for what is no time."""
    parts = pl.col(column).str.strip_chars().str.extract_groups(r"^([0-9]{1,2}):([0-5][0-9]):([0-5][0-9])$")
    number = [parts.struct.field(str(i)).cast(pl.Int64, strict=False) for i in (1, 2, 3)]
    return number[0] * 3600 + number[1] * 60 + number[2]
