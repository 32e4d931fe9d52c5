"""One field's check, as the runner wants it: a vector expression for what is surely right, Python for the rest."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import polars as pl

from pipelines.model import ROW

CACHE_LIMIT = 8_192
"""Distinct suspect values whose verdict is kept per field; the cache is emptied beyond it (flat memory)."""


class Problem(NamedTuple):
    """What is wrong with one value: finding code, params as JSON text, and the value that we would write."""

    code: str
    params: str = "{}"
    remedy: str | None = None


def params_json(**params: Any) -> str:
    """Params of a finding as the JSON text that `findings_frame` would write."""
    return json.dumps(params, ensure_ascii=False, sort_keys=True) if params else "{}"


def as_findings(
    rows: pl.DataFrame,
    code: str,
    field: str | None,
    value: pl.Expr,
    params: pl.Expr | None = None,
    remedy: pl.Expr | None = None,
) -> pl.DataFrame:
    """One finding for each row (column `ROW`) of a frame, with the columns of `FINDINGS`."""
    nothing = pl.lit(None, pl.String)
    return rows.select(
        pl.lit(code).alias("code"),
        pl.col(ROW).cast(pl.Int64).alias("row"),
        pl.lit(field, pl.String).alias("field"),
        value.cast(pl.String).alias("value"),
        (pl.lit("{}") if params is None else params).alias("params"),
        (nothing if remedy is None else remedy).alias("remedy"),
    )


Explain = Callable[[str | None], tuple[Problem, ...]]


@dataclass
class FieldCheck:
    """`fine` is True only for cells that need no second look; `explain` judges every other distinct value."""

    name: str
    fine: pl.Expr
    explain: Explain
    always: bool = False  # True if every cell is fine: then nobody needs to look
    wrong: pl.Expr | None = None  # a shorter way to say ~fine, null = fine

    @property
    def suspect(self) -> pl.Expr:
        """True for the cells that need a second look (False or null for the others)."""
        return ~self.fine if self.wrong is None else self.wrong
    verdicts: dict[str | None, tuple[Problem, ...]] = field(default_factory=dict)

    def judge(self, value: str | None) -> tuple[Problem, ...]:
        """The problems of one value, remembered for the next cell with the same value."""
        known = self.verdicts.get(value)
        if known is None:
            if len(self.verdicts) >= CACHE_LIMIT:
                self.verdicts.clear()
            known = self.verdicts[value] = self.explain(value)
        return known
