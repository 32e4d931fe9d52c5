"""One conversion under way: the new columns, where each old value went, and what there is to report."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from pipelines.model import FINDINGS, FIXES, ROW, Standard

PREF, CITY, PUBLISHER = "都道府県名", "市区町村名", "地方公共団体名"
PUBLISHER_CODE, CITY_CODE, PLACE_CODE = "全国地方公共団体コード", "市区町村コード", "所在地_全国地方公共団体コード"
HEIGHT, HEIGHT_TYPE, HEIGHT_VALUE = "標高", "高度の種別", "高度の値"


@dataclass
class Work:
    """What one conversion has so far: the new columns, which old ones have found a place, and what to report."""

    frame: pl.DataFrame
    source: Standard
    target: Standard
    columns: dict[str, pl.Series] = field(default_factory=dict)
    carried: dict[str, str] = field(default_factory=dict)  # target name -> source name
    kept: dict[str, pl.Series] = field(default_factory=dict)  # source name -> true where its value lives on
    findings: list[pl.DataFrame] = field(default_factory=list)
    fixes: list[pl.DataFrame] = field(default_factory=list)

    def get(self, name: str) -> pl.Series:
        """A source column, blank when the table does not have it."""
        return (
            self.frame[name] if name in self.frame.columns else pl.Series(name, [None] * self.frame.height, pl.String)
        )

    def new(self, name: str) -> pl.Series:
        """A target column as it stands now, blank when nothing filled it."""
        return self.columns.get(name, pl.Series(name, [None] * self.frame.height, pl.String))

    def wants(self, name: str) -> bool:
        """The target has this column and no source column was carried into it."""
        return self.target.get(name) is not None and name not in self.carried

    def fill(self, name: str, value: pl.Series, rule: str) -> None:
        """Fill the blank cells of a target column; each filled cell is a fix."""
        before = self.new(name)
        filled = pl.DataFrame({ROW: self.frame[ROW], "before": before, "after": value.replace({"": None})}).filter(
            pl.col("before").is_null() & pl.col("after").is_not_null()
        )
        self.columns[name] = before.fill_null(value.replace({"": None})).alias(name)
        self.fix(filled, name, rule)

    def fix(self, changed: pl.DataFrame, name: str, rule: str) -> None:
        """Fixes from a frame with ROW, before, after."""
        self.fixes.append(
            changed.select(
                pl.col(ROW).alias("row"),
                pl.lit(name).alias("field"),
                "before",
                "after",
                pl.lit(rule).alias("rule"),
                pl.lit(True).alias("applied"),
            ).cast(FIXES)  # type: ignore[arg-type]
        )

    def keep(self, name: str, where: pl.Series | None = None) -> None:
        """The values of a source column live on in the target: everywhere, or where the mask is true."""
        if name in self.frame.columns:
            every = pl.Series([True] * self.frame.height, dtype=pl.Boolean)
            self.kept[name] = self.kept.get(name, ~every) | (every if where is None else where.fill_null(False))


def row_findings(rows: pl.DataFrame, code: str, name: str) -> pl.DataFrame:
    return rows.select(
        pl.lit(code).alias("code"),
        pl.col(ROW).alias("row"),
        pl.lit(name).alias("field"),
        "value",
        pl.lit("{}").alias("params"),
        pl.lit(None, pl.String).alias("remedy"),
    ).cast(FINDINGS)  # type: ignore[arg-type]


def constant(work: Work, value: str) -> pl.Series:
    return pl.Series([value] * work.frame.height, dtype=pl.String)
