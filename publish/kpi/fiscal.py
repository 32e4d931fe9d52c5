"""Days to fiscal years and their Japanese names: 令和N年度 runs from April 1 of 2018+N to March 31 of 2019+N."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from pipelines.values.dates import eras

_WESTERN = re.compile(r"([0-9]{4})(?:年度?)?")
_ERA = re.compile(r"(令和|平成|昭和|R|H|S)([0-9]{1,2}|元)(?:年度?)?", re.IGNORECASE)


def fiscal_year_of(day: date) -> int:
    """The western year in which the fiscal year of `day` began."""
    return day.year if day.month >= 4 else day.year - 1


def fiscal_year_start(year: int) -> date:
    return date(year, 4, 1)


def fiscal_year_end(year: int) -> date:
    return date(year + 1, 3, 31)


def _era_year(day: date) -> tuple[str, str]:
    era = next((e for e in reversed(eras()) if e.first <= day), None)
    if era is None:
        return "", str(day.year)
    number = day.year - era.first.year + 1
    return era.name, "元" if number == 1 else str(number)


def year_name(year: int) -> str:
    """令和7年度 for 2025; 2019 is 令和元年度 throughout, as the state's offices write it."""
    return "令和元年度" if year == 2019 else "".join(_era_year(date(year, 4, 1))) + "年度"


def year_short(year: int) -> str:
    """R7 for 2025, for the axis of a chart."""
    name = year_name(year)
    return {"令和": "R", "平成": "H", "昭和": "S"}.get(name[:2], "") + name[2:-2]


def day_name(day: date) -> str:
    """令和8年3月31日 for 2026-03-31."""
    return f"{''.join(_era_year(day))}年{day.month}月{day.day}日"


def parse_fiscal_year(text: str) -> int | None:
    """2025 for 令和7, 令和7年度, R7, 2025 or 2025年度 (full-width too); None for anything else or outside the era."""
    plain = unicodedata.normalize("NFKC", text).strip().replace(" ", "")
    western = _WESTERN.fullmatch(plain)
    if western:
        return int(western.group(1))
    named = _ERA.fullmatch(plain)
    if named is None:
        return None
    era = next(e for e in eras() if named.group(1).upper() in (e.name, e.letter))
    number = 1 if named.group(2) == "元" else int(named.group(2))
    year = era.first.year + number - 1
    if number < 1 or (era.last is not None and date(year, 4, 1) > era.last):
        return None
    return year
