"""The cells of a table to findings about personal data: numbers, mail, birth dates, names, home addresses."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence

import polars as pl

from pipelines.guard.headings import personal_kind
from pipelines.guard.texts import (
    birth_date_in,
    first_look,
    home_address_in,
    home_phone_in,
    internal_note_in,
    mobile_in,
    my_number_in,
    person_in,
    personal_mail_in,
    suspect_patterns,
    twelve_digits_in,
)
from pipelines.model import FINDINGS, ROW, Allowance, Finding, Standard, Table, findings_frame

_NOT_TEXT = frozenset((
    "lat", "lon", "int", "num", "yen", "mm", "alt", "date", "time", "dow", "lgcode6", "pref", "city", "lgname",
    "flag1", "yesno", "kahi", "poi", "post", "corp", "town_id", "h_type", "h_val", "url", "lic", "fmtname", "enum",
))
_NAMES_OF_THINGS = frozenset(("id", "no", "code"))
_TESTS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("guard-mobile-phone", mobile_in),
    ("guard-home-phone", home_phone_in),
    ("guard-home-address", home_address_in),
    ("guard-internal-note", internal_note_in),
    ("guard-personal-mail", personal_mail_in),
    ("guard-birth-date", birth_date_in),
    ("guard-person-name", person_in),
)
_RANDOM_PASS = 1 / 11  # the share of random 12-digit numbers whose last digit fits
_CHANCE = 0.01


def check_personal(
    table: Table, standard: Standard, *, allowances: Sequence[Allowance] = ()
) -> pl.DataFrame:
    """Findings about personal data in `table` (standard headings, text cells), one per cell and code.

    Codes that stop: guard-my-number, guard-mobile-phone, guard-home-phone, guard-personal-mail,
    guard-birth-date, guard-person-name, guard-home-address. `guard-my-number-maybe` and `guard-internal-note` only tell. A
    column's allowance turns its stops into one guard-allowed with the reason. Land lines of facilities
    are not personal data. The findings hold the cells' values: mask them before they are written.
    """
    parts: list[pl.DataFrame] = []
    cells = {n: table.frame[[ROW, n]][places] for n, places in _suspects(table, standard).items() if places}
    columns = {name: pl.DataFrame([found[ROW], found[name].alias("text")]) for name, found in cells.items()}
    caught = _caught([column["text"] for column in columns.values()])
    for name in table.columns:
        parts += _check_heading(table.frame, name, standard)
        if name in columns:
            parts += _check_column(columns[name], name, standard, caught)
    parts = [part for part in parts if part.height]
    if not parts:
        return findings_frame()
    found = pl.concat(parts).unique(["code", "row", "field"], keep="first", maintain_order=True)
    return _allow(found, allowances).sort("row", nulls_last=False, maintain_order=True)


def _suspects(table: Table, standard: Standard) -> dict[str, list[int]]:
    """Per column of text, the places of the cells that some test has to look at: one pass over the block."""
    names = [n for n in table.columns if _is_text(n, standard)]
    if not names or not table.rows:
        return {}
    # First the rows with such a cell, then their cells one below the other: two queries whatever the columns are.
    named = {n for n in names if (known := standard.get(n)) is not None and known.rule in _NAMES_OF_THINGS}
    cells = [pl.when(pl.col(n).str.contains("[@＠]")).then(n) if n in named else pl.col(n) for n in names]
    whole = pl.concat_str(cells, separator="\n", ignore_nulls=True)
    places = table.frame.select(whole.str.contains(first_look()).arg_true()).to_series().to_list()
    if not places:
        return {}
    rows = table.frame[names][places]
    marks = pl.concat(rows.get_columns()).to_frame("text").select(pl.col("text").str.contains(first_look()))
    marked = marks.to_series().to_list()
    found: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        here = marked[i * len(places) : (i + 1) * len(places)]
        found[name] = [place for place, mark in zip(places, here, strict=True) if mark]
    return found


def _is_text(name: str, standard: Standard) -> bool:
    known = standard.get(name)
    return known is None or (known.rule not in _NOT_TEXT and known.type in ("string", "any", "list"))


def _check_heading(frame: pl.DataFrame, name: str, standard: Standard) -> list[pl.DataFrame]:
    """Every cell of a column whose heading announces personal data."""
    known = standard.get(name)
    announced = personal_kind(name)
    if announced is None or not (known is None or known.requirement.basis == "declared" or standard.local):
        return []
    column = frame.select(ROW, text=pl.col(name)).filter(pl.col("text").is_not_null())
    return [_cells(column, announced, name, "heading")]


def _caught(texts: Sequence[pl.Series]) -> dict[str, set[str]]:
    """Code -> the texts that its pattern catches; every distinct text is looked at once."""
    values = list(dict.fromkeys(v for column in texts for v in column.to_list()))
    marks = pl.DataFrame({"text": pl.Series(values, dtype=pl.String)}).select(
        pl.col("text").str.contains(pattern).arg_true().implode().alias(code) for code, pattern in suspect_patterns().items()
    )
    return {code: {values[i] for i in places} for code, places in zip(marks.columns, marks.row(0), strict=True)}


def _check_column(
    column: pl.DataFrame, name: str, standard: Standard, caught: Mapping[str, Collection[str]]
) -> list[pl.DataFrame]:
    """The suspect cells of one column of text (columns `ROW` and text)."""
    known = standard.get(name)
    rule = known.rule if known is not None else None
    parts: list[pl.DataFrame] = []
    values = list(dict.fromkeys(column["text"].to_list()))
    for code, test in _TESTS:
        if rule in _NAMES_OF_THINGS and code != "guard-personal-mail":
            continue
        hits = [v for v in values if v in caught[code] and test(v)]
        if hits:
            parts.append(_cells(column.filter(pl.col("text").is_in(hits)), code, name, "text"))
    if rule not in _NAMES_OF_THINGS:
        parts += _my_numbers(column, name, [v for v in values if v in caught["guard-my-number"]])
    return parts


def _my_numbers(column: pl.DataFrame, name: str, suspects: Sequence[str]) -> list[pl.DataFrame]:
    """12-digit numbers with the right check digit: a stop when there are more than chance would make."""
    twelve = [v for v in suspects if twelve_digits_in(v)]
    passing = [v for v in twelve if my_number_in(v)]
    if not passing:
        return []
    named = [v for v in passing if "マイナンバ" in v or "個人番号" in v]
    more_than_chance = len(passing) > 1 and _at_least(len(passing), len(twelve)) < _CHANCE
    stopped = passing if more_than_chance else named
    parts = [_cells(column.filter(pl.col("text").is_in(stopped)), "guard-my-number", name, "text")] if stopped else []
    rest = [v for v in passing if v not in set(stopped)]
    if rest and len(twelve) == 1:
        parts.append(_cells(column.filter(pl.col("text").is_in(rest)), "guard-my-number-maybe", name, "text"))
    return parts


def _at_least(hits: int, of: int) -> float:
    """Chance that `hits` or more of `of` random 12-digit numbers pass the check digit."""
    return sum(math.comb(of, k) * _RANDOM_PASS**k * (1 - _RANDOM_PASS) ** (of - k) for k in range(hits, of + 1))


def _cells(rows: pl.DataFrame, code: str, name: str, because: str) -> pl.DataFrame:
    return rows.select(
        code=pl.lit(code), row=pl.col(ROW), field=pl.lit(name), value=pl.col("text"),
        params=pl.lit(f'{{"because": "{because}"}}'), remedy=pl.lit(None, dtype=pl.String),
    ).cast(pl.Schema(FINDINGS))


def _allow(found: pl.DataFrame, allowances: Sequence[Allowance]) -> pl.DataFrame:
    for allowance in allowances:
        here = (pl.col("field") == allowance.field) & (pl.col("code") == allowance.code)
        count = found.filter(here).height
        if not count:
            continue
        told = Finding("guard-allowed", None, allowance.field, None,
                       {"count": count, "reason": allowance.reason, "stop": allowance.code})
        found = pl.concat([found.filter(~here), findings_frame([told])])
    return found
