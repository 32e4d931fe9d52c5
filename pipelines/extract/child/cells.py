"""The values that the workbook reader gives to text as Excel shows it: ISO dates, HH:MM, plain numbers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any


def number_text(value: float) -> str:
    """Whole numbers without .0, others with at most the 15 digits that Excel keeps, never an exponent."""
    if value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    text = format(value, ".15g")
    if "e" in text or "E" in text:
        text = format(Decimal(text), "f")
    return text


def time_text(value: dt.time) -> str:
    """HH:MM, with seconds only when there are any."""
    return value.strftime("%H:%M:%S" if value.second or value.microsecond else "%H:%M")


def datetime_text(value: dt.datetime) -> str:
    """YYYY-MM-DD, with the time when it is not midnight."""
    date = f"{value.year:04d}-{value.month:02d}-{value.day:02d}"
    return date if value.time() == dt.time() else f"{date} {time_text(value.time())}"


def duration_text(value: dt.timedelta) -> str:
    """Hours and minutes, also beyond 24 hours: 26:00."""
    seconds = round(value.total_seconds())
    sign = "-" if seconds < 0 else ""
    hours, rest = divmod(abs(seconds), 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{sign}{hours:02d}:{minutes:02d}" + (f":{seconds:02d}" if seconds else "")


_TEXT: dict[type, Callable[[Any], str | None]] = {
    str: lambda v: v or None,
    float: number_text,
    int: str,
    bool: lambda v: "TRUE" if v else "FALSE",
    dt.datetime: datetime_text,
    dt.date: lambda v: f"{v.year:04d}-{v.month:02d}-{v.day:02d}",
    dt.time: time_text,
    dt.timedelta: duration_text,
    type(None): lambda v: None,
}


def text_rows(rows: list[list[Any]]) -> list[list[str | None]]:
    """Rows of cell values as rows of text; blank cells are None."""
    table = _TEXT
    return [[cell or None if type(cell) is str else table[type(cell)](cell) for cell in row] for row in rows]
