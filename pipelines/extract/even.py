"""A small, even CSV (header in line 1, every record as wide) to its table in one read; None for any other text.

What the careful way (`delimited`, `grid`) would say about such a file is nothing, and its table is the same.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection
from functools import lru_cache
from itertools import islice

import polars as pl

from pipelines.extract.columns import clean_heading, name_columns
from pipelines.extract.grid import GridTable, note_totals
from pipelines.extract.header import HEAD_ROWS, Layout, filled, find_table, find_tail, side_by_side, surely_header
from pipelines.model import ROW, Finding, Table

_QUOTED = re.compile('"[^"]*(?:""[^"]*)*"')
_LINKDATA_ROWS = 12
_TOTAL_WORDS = ("計", "総数", "全体")


def read_even(text: str, separator: str, known: Collection[str]) -> GridTable | None:
    """The table of a text whose records all have one width and none of which needs a finding.

    None when a quote, a line end, a width, a blank row, a heading, a note or a total asks for the careful way.
    """
    lines = _record_lines(text, separator)
    if lines is None:
        return None
    width = lines[0].count(separator) + 1
    if width < 2 or len(lines) < 2 or {line.count(separator) for line in lines} != {width - 1}:
        return None
    names = _first_record(text, separator)
    if len(names) != width or not all(map(clean_heading, names)) or side_by_side(names):
        return None
    layout = Layout(0, 1, tuple(names))
    linked = any(line.startswith(("#", "q")) for line in lines[:_LINKDATA_ROWS])
    if (linked or not surely_header(names, known)) and find_table(_head(text, separator), known) != layout:
        return None
    frame = _frame(text, separator, width, len(lines))
    if frame is None or _ends_oddly(frame) or (_maybe_blank(lines, separator) and _blank_row(frame)):
        return None
    columns, places, named = name_columns(names, [True] * width, 1)
    frame.columns = list(columns)
    frame.insert_column(0, pl.Series(ROW, range(2, frame.height + 2), dtype=pl.Int64))
    totals: list[Finding] = []
    if any(word in text for word in _TOTAL_WORDS):
        note_totals(frame, totals)
    return GridTable(1, columns, tuple(names), places, tuple(named), Table(frame), tuple(totals), layout)


def _head(text: str, separator: str) -> list[list[str]]:
    return list(islice(csv.reader(io.StringIO(text, newline=""), delimiter=separator), HEAD_ROWS))


def _first_record(text: str, separator: str) -> list[str]:
    line = text[: text.index("\n")].removesuffix("\r")
    return _head(text, separator)[0] if '"' in line else line.split(separator)


def _record_lines(text: str, separator: str) -> list[str] | None:
    """The records with `q` in place of every quoted cell, None when a quote or a line end is out of order."""
    returns = text.count("\r")
    if "\n" not in text or (returns and returns != text.count("\r\n")):
        return None
    if '"' in text:
        outside = _QUOTED.split(text)
        opens = all(part.endswith((separator, "\n")) for part in outside[:-1] if part)
        closes = all(part.startswith((separator, "\r\n", "\n")) for part in outside[1:] if part)
        if not (opens and closes) or any('"' in part for part in outside):
            return None
        text = "q".join(outside)
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return lines


@lru_cache(maxsize=32)
def _text_columns(width: int) -> dict[str, type[pl.DataType]]:
    return {f"c{i}": pl.String for i in range(width)}


def _frame(text: str, separator: str, width: int, records: int) -> pl.DataFrame | None:
    """The cells without the header, blank = null."""
    try:
        frame = pl.read_csv(text.encode(), has_header=False, schema=_text_columns(width), separator=separator)
    except pl.exceptions.PolarsError:
        return None
    if frame.shape != (records, width):
        return None
    if '""' in text:
        frame = frame.with_columns(pl.when(pl.all() != "").then(pl.all()))
    return frame.slice(1)


def _ends_oddly(frame: pl.DataFrame) -> bool:
    """True if the last row may be a note or a total."""
    last = frame.row(-1)
    return len(filled(last)) <= 2 or bool(find_tail([last], frame.width, frame.height))


def _maybe_blank(lines: list[str], separator: str) -> bool:
    """True if a record may hold nothing but blank and quoted cells."""
    starts = (separator, "q")
    odd = [line for line in lines if line.startswith(starts) or line[0].isspace()]
    return any(not line.replace(separator, "").replace("q", "").strip() for line in odd)


def _blank_row(frame: pl.DataFrame) -> bool:
    """True if there is a row without a cell that says something."""
    return bool(frame.select((~pl.any_horizontal(pl.all().str.contains(r"\S").fill_null(False))).any()).item())
