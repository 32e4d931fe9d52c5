"""One date or number to what cannot be meant: a year of another millennium, a count below nothing, a summit above Fuji."""

from __future__ import annotations

import re

import polars as pl

from pipelines.validate.problems import Problem, params_json
from pipelines.values.codes import has_exponent
from pipelines.values.patterns import late_pattern

_FIRST_YEAR, _LAST_YEAR = 1000, 2100
_OPEN_END = ("9999-12-31", "2999-12-31", "2099-12-31")
_HIGHEST_M, _LOWEST_M = 3776, -200  # 富士山, and below the deepest open pit (八戸)
_NEGATIVE = late_pattern(r"-[0-9.]*[1-9][0-9.]*")


def judge_date(value: str) -> tuple[Problem, ...]:
    """A whole date whose year has a slip of a digit: before 1000 or after 2100.

    9999-12-31 and its like stand for "no end" in registers and say what they mean.
    """
    year = int(value[:4]) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value) else _FIRST_YEAR
    if _FIRST_YEAR <= year <= _LAST_YEAR or value in _OPEN_END:
        return ()
    return (Problem("date-unusual", params_json(year=str(year))),)


def judge_amount(value: str) -> tuple[Problem, ...]:
    """A measured amount (員数, 面積, 栄養量) is never below nothing; a power of ten has lost its digits."""
    if has_exponent(value):
        return (Problem("digits-lost"),)
    return (Problem("number-negative", "{}", value[1:]),) if _NEGATIVE.fullmatch(value) else ()


def judge_altitude(value: str) -> tuple[Problem, ...]:
    """標高 in metres: nothing in Japan lies above 富士山 (3776 m, 国土地理院)."""
    if has_exponent(value):
        return (Problem("digits-lost"),)
    try:
        metres = float(value)
    except ValueError:
        return ()
    return () if _LOWEST_M <= metres <= _HIGHEST_M else (Problem("altitude-unusual"),)


def fine_date(column: pl.Expr) -> pl.Expr:
    """True for dates that need no second look."""
    return column.str.contains(r"\A(?:1[0-9]|20)")


def fine_amount(column: pl.Expr) -> pl.Expr:
    """True for amounts that need no second look."""
    return column.str.contains(r"\A[0-9.]+\z")


def fine_altitude(column: pl.Expr) -> pl.Expr:
    """True for heights that need no second look."""
    return column.str.contains(r"\A[0-9]{1,3}(?:\.[0-9]+)?\z")
