"""A frame with an address column to the same frame with the parts and points beside it, and answers to accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from pipelines.errors import SourceError
from pipelines.geocode.fold import fold
from pipelines.geocode.keys import roll_rows, seed_of
from pipelines.geocode.parse import parse_addresses
from pipelines.geocode.propose import propose
from pipelines.geocode.store import Gazetteer
from pipelines.geocode.unsure import likely_whole

ADDED = ("pref", "city", "town", "rest", "building", "level", "lat", "lon", "precision", "error_m", "source",
         "city_code", "town_id", "flags", "reason", "candidates")
_ESCAPE = r"_x00[01][0-9A-Fa-f]_\r?\n?"
"""How a workbook writes a line break or another control character into a cell (_x000D_)."""


def geocode_frame(frame: pl.DataFrame, column: str, gazetteer: Gazetteer, *, body_code: str | None = None,
                  ) -> pl.DataFrame:
    """`frame` with the columns of `ADDED` after its own (a name it has already gets `geocode_` in front).

    city is with 郡. A town that runs on into other words (reason town-unsure) stands among the candidates, and gives its point
    only where it is most likely the right one (`likely_whole`). SourceError when `column` is not there.
    """
    if column not in frame.columns:
        raise SourceError("column-missing", f"「{column}」という列がありません。", f"There is no column {column}.",
                          todo_ja="--column で住所の列を指定してください。",
                          todo_en="Name the address column with --column.", where=", ".join(frame.columns))
    asked = frame[column].cast(pl.String).str.replace_all(_ESCAPE, " ")
    parsed = parse_addresses(asked, gazetteer, body_code=body_code)
    parsed = _without_unsure(parsed.with_columns(candidates=propose(asked, parsed, gazetteer),
                                                 city=pl.col("county") + pl.col("city"))).select(ADDED)
    return frame.hstack(parsed.rename({c: f"geocode_{c}" for c in ADDED if c in frame.columns}))


def _without_unsure(parsed: pl.DataFrame) -> pl.DataFrame:
    told = pl.col("reason") == "town-unsure"
    if not parsed.select(told.any()).item():
        return parsed
    open_name = told & ~likely_whole()
    return parsed.with_columns(
        candidates=pl.when(told).then(pl.col("city") + pl.col("town")).otherwise("candidates"),
        **{c: pl.when(~open_name).then(c) for c in ("lat", "lon", "error_m")},
        **{c: pl.when(open_name).then(pl.lit("")).otherwise(c) for c in ("precision", "source")})


def evaluate(cases: pl.DataFrame, gazetteer: Gazetteer) -> pl.DataFrame:
    """Accuracy on a table of text with answers (columns input, and any of pref, city, town, lat, lon, lg_code).

    One row a measure: measure, cases, right, percent. Names are compared after folding (大字, widths, numerals,
    variants); lat and lon give the median distance in metres and the share within 1 km.
    """
    cases = cases.with_columns(pl.all().fill_null(""))
    if "input" not in cases.columns:
        raise SourceError("column-missing", "「input」という列がありません。", "There is no column input.",
                          todo_ja="住所の列の名前を input にしてください。", todo_en="Name the address column input.",
                          where=", ".join(cases.columns))
    verdicts = judge(cases, parse_addresses(cases["input"], gazetteer))
    rows: list[tuple[str, int, float, float]] = []
    for name in ("pref", "city", "town", "lg_code"):
        if name in verdicts.columns:
            told = verdicts[name].drop_nulls()
            rows.append((name, told.len(), float(told.sum()), 100 * float(told.sum()) / max(told.len(), 1)))
    if "distance_m" in verdicts.columns:
        metres = verdicts["distance_m"].drop_nulls()
        rows.append(("median_m", metres.len(), float(np.median(metres.to_numpy())) if metres.len() else 0.0, 0.0))
        near = int((metres <= 1000).sum())
        rows.append(("within_1km", metres.len(), float(near), 100 * near / max(metres.len(), 1)))
    return pl.DataFrame(rows, schema={"measure": pl.String, "cases": pl.Int64, "right": pl.Float64,
                                      "percent": pl.Float64}, orient="row")


def judge(cases: pl.DataFrame, parsed: pl.DataFrame) -> pl.DataFrame:
    """Per case true, false or null (no answer given): pref, city, town, lg_code; and distance_m."""
    made: dict[str, pl.Series] = {}
    columns: Mapping[str, pl.Series] = {
        "pref": parsed["pref"], "city": parsed["county"] + parsed["city"],
        "town": parsed["oaza"] + parsed["chome"]}
    for name, got in columns.items():
        if name in cases.columns:
            made[name] = _same(cases[name], got)
    if "city" in made:
        made["city"] = made["city"] | _same(cases["city"], parsed["city"])
    if {"town", "city"} <= set(made):
        whole = _same(cases["town"], parsed["town"])
        made["town"] = (made["town"] | whole) & made["city"].fill_null(True)
    if "lg_code" in cases.columns:
        code = cases["lg_code"].str.slice(0, 5)
        made["lg_code"] = pl.select(pl.when(code != "").then(parsed["city_code"].str.slice(0, 5) == code)).to_series()
    out = pl.DataFrame({k: v.alias(k) for k, v in made.items()}) if made else pl.DataFrame()
    if {"lat", "lon"} <= set(cases.columns):
        out = out.with_columns(distance_m(cases, parsed).alias("distance_m"))
    return out


def _same(wanted: pl.Series, got: pl.Series) -> pl.Series:
    """Equal after folding; null where nothing is wanted."""
    def key(text: pl.Series) -> Any:
        folded = fold(text)
        return roll_rows(folded.token, folded.start, folded.end, np.full(text.len(), seed_of("same")))[0]
    return pl.select(pl.when(wanted.fill_null("") != "").then(pl.Series(key(wanted) == key(got)))).to_series()


def distance_m(cases: pl.DataFrame, parsed: pl.DataFrame) -> pl.Series:
    """Metres on the sphere between wanted and got; null where either is missing."""
    lat, lon = (cases[c].cast(pl.Float64, strict=False).to_numpy() for c in ("lat", "lon"))
    lat2, lon2 = (parsed[c].to_numpy() for c in ("lat", "lon"))
    a, b = np.radians(lat), np.radians(lat2)
    half = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(np.radians(lon2 - lon) / 2) ** 2
    return pl.Series(2 * 6_371_000 * np.arcsin(np.sqrt(np.clip(half, 0, 1)))).fill_nan(None)
