"""The cells of a table to findings about personal data: numbers, mail, birth dates, names, home addresses."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import polars as pl

from pipelines.guard.headings import personal_kind
from pipelines.guard.texts import (
    birth_date_in,
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
    guard-birth-date, guard-person-name, guard-home-address. `guard-my-number-maybe` only tells. A
    column's allowance turns its stops into one guard-allowed with the reason. Land lines of facilities
    are not personal data. The findings hold the cells' values: mask them before they are written.
    """
    parts = [findings_frame()]
    for name in table.columns:
        parts += _check_column(table.frame.select(ROW, text=pl.col(name)), name, standard)
    found = pl.concat(parts).unique(["code", "row", "field"], keep="first", maintain_order=True)
    return _allow(found, allowances).sort("row", nulls_last=False, maintain_order=True)


def _check_column(column: pl.DataFrame, name: str, standard: Standard) -> list[pl.DataFrame]:
    known = standard.get(name)
    rule = known.rule if known is not None else None
    parts: list[pl.DataFrame] = []
    announced = personal_kind(name)
    if announced is not None and (known is None or known.requirement.basis == "declared" or standard.local):
        parts.append(_cells(column.filter(pl.col("text").is_not_null()), announced, name, "heading"))
    if rule in _NOT_TEXT or (known is not None and known.type not in ("string", "any", "list")):
        return parts
    values = column["text"].drop_nulls().unique(maintain_order=True)
    patterns = suspect_patterns()
    for code, test in _TESTS:
        if rule in _NAMES_OF_THINGS and code != "guard-personal-mail":
            continue
        hits = [v for v in values.filter(values.str.contains(patterns[code])).to_list() if test(v)]
        if hits:
            parts.append(_cells(column.filter(pl.col("text").is_in(hits)), code, name, "text"))
    if rule not in _NAMES_OF_THINGS:
        twelve = values.filter(values.str.contains(patterns["guard-my-number"]))
        parts += _my_numbers(column, name, twelve.to_list())
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
