"""A findings frame to the same frame with level, message_ja and message_en, many rows at a time."""

from __future__ import annotations

from functools import lru_cache

import polars as pl

from pipelines.messages import level_of, message
from pipelines.model import Standard

RENDERED = {"level": pl.String, "message_ja": pl.String, "message_en": pl.String}
"""The columns that `render_frame` adds."""
_VALUE, _REMEDY = "\U0010fffe", "\U0010ffff"  # noncharacters: no cell can hold them
_FEW = 500
_KEY = ("code", "field", "params", "told")


@lru_cache(maxsize=4096)
def _templates(code: str, field: str | None, params: str | None, told: str | None) -> tuple[str, str]:
    """The two sentences of one kind of finding, with a mark where the value and the remedy go."""
    ja, en = (
        message(code, lang, field=field, value=_VALUE, params=params or "{}", remedy=told)
        for lang in ("ja", "en")
    )
    return ja, en


def _render_few(findings: pl.DataFrame, standard: Standard | None) -> pl.DataFrame:
    """`render_frame` row by row: for some hundred rows it is done before a query has begun."""
    levels, japanese, english = [], [], []
    names = ("code", "field", "value", "params", "remedy")
    for code, field, value, params, remedy in zip(*(findings[n].to_list() for n in names), strict=True):
        ja, en = _templates(code, field, params, _REMEDY if remedy else remedy)
        levels.append(level_of(code, standard))
        japanese.append(ja.replace(_REMEDY, remedy or "").replace(_VALUE, value or ""))
        english.append(en.replace(_REMEDY, remedy or "").replace(_VALUE, value or ""))
    told = (levels, japanese, english)
    return findings.hstack([pl.Series(n, texts, dtype=pl.String) for n, texts in zip(RENDERED, told, strict=True)])


def render_frame(findings: pl.DataFrame, standard: Standard | None = None) -> pl.DataFrame:
    """The findings in the same order with `level`, `message_ja`, `message_en`.

    The words are those of `messages.message`, and the level that of `messages.level_of`, for every row: each kind
    of finding is worded once, then values and remedies are put in for all rows at once.
    """
    if findings.height <= _FEW:
        return _render_few(findings, standard)
    blank = pl.when(pl.col("remedy") == "").then(pl.col("remedy"))  # "leave it blank" has words of its own
    known = pl.when(pl.col("remedy").is_not_null()).then(pl.lit(_REMEDY))
    marked = findings.with_columns(pl.coalesce(blank, known).alias("told"))
    kinds = marked.select(_KEY).unique(maintain_order=True)
    worded = [_templates(*key) for key in kinds.iter_rows()]
    levels = {code: level_of(code, standard) for code in kinds["code"].unique()}
    kinds = kinds.with_columns(
        pl.col("code").replace_strict(levels, return_dtype=pl.String).alias("level"),
        pl.Series("message_ja", [ja for ja, _ in worded], dtype=pl.String),
        pl.Series("message_en", [en for _, en in worded], dtype=pl.String),
    )
    joined = marked.join(kinds, on=_KEY, how="left", nulls_equal=True, maintain_order="left")
    remedy, value = pl.col("remedy").fill_null(""), pl.col("value").fill_null("")
    return joined.with_columns(
        pl.col(name).str.replace_all(_REMEDY, remedy, literal=True).str.replace_all(_VALUE, value, literal=True)
        for name in ("message_ja", "message_en")
    ).drop("told")
