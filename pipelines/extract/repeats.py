"""A block of a table to its records: headings that stand again among them and rows that explain the columns left out."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from pipelines.model import ROW, Finding, Table, findings_frame
from pipelines.values.patterns import late_pattern

_SAME = 0.8
_LEAST = 3
_EXPLAINED = 5
_EXPLAINS = late_pattern(
    r"\s*[（(【［\[]?\s*(?:必須|任意|推奨|必須項目|任意項目|基本|◎|○|〇|△|文字列|文字|テキスト|整数|数値|数字|小数|日付|時刻|"
    r"コード|URL|半角.{0,8}|全角.{0,8}|記入例|入力例|例|string|text|number|integer|date|time|-|－)\s*[)）】］\]]?\s*"
)


def only_records(table: Table, headings: Sequence[str], at_start: bool) -> tuple[Table, pl.DataFrame]:
    """The rows of a block that are records, and a finding for each that is none.

    The row of headings again (a second table below the first, a page printed twice) with the lone title above it;
    as the first rows of the file, marks such as 必須 or 文字列 under the headings (デジタル庁 L1-02, L1-04).
    """
    frame = table.frame
    names = table.columns
    own = dict(zip(names, (heading.strip() for heading in headings), strict=False))
    wanted = [n for n in names if own.get(n)]
    if not frame.height or len(wanted) < _LEAST:
        return table, findings_frame()
    found = _headings_again(frame, own, wanted)
    found += _explanations(frame, names) if at_start else []
    if not found:
        return table, findings_frame()
    left = [f.row for f in found]
    return Table(frame.filter(~pl.col(ROW).is_in(left))), findings_frame(sorted(found, key=lambda f: f.row or 0))


def _headings_again(frame: pl.DataFrame, own: dict[str, str], wanted: Sequence[str]) -> list[Finding]:
    few = wanted[:_LEAST]
    if not frame.select(pl.any_horizontal((pl.col(n) == own[n]).any() for n in few)).item():
        return []
    same = pl.sum_horizontal(pl.col(n).str.strip_chars() == own[n] for n in wanted)
    full = pl.sum_horizontal(pl.col(n).is_not_null() for n in wanted)
    marked = frame.select(ROW, again=(same >= _LEAST) & (same >= _SAME * full), full=full, text=pl.coalesce(wanted))
    found = []
    above: tuple[int, int, str] | None = None
    for row, again, count, text in marked.iter_rows():
        if again:
            found.append(Finding("header-row-repeated", row, None, text, {"rule": "L1-02"}))
            if above is not None and above[1] == 1:
                found.append(Finding("note-row-left-out", above[0], None, above[2], {"rule": "L1-04"}))
        above = None if again else (row, count, text)
    return found


def _explanations(frame: pl.DataFrame, names: Sequence[str]) -> list[Finding]:
    found = []
    for row, *cells in frame.head(_LEAST).select(ROW, *names).iter_rows():
        told = [cell for cell in cells if cell is not None and cell.strip()]
        if len(told) < _EXPLAINED or not all(_EXPLAINS.fullmatch(cell) for cell in told):
            break
        found.append(Finding("preface-row", row, None, " ".join(told)[:200], {"rule": "L1-04"}))
    return found
