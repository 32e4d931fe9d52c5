"""The sheets of a workbook to the one that holds the table, by what stands in them."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence

from pipelines.extract.child.read import Book
from pipelines.extract.header import find_table
from pipelines.values.headings import fold_heading

_ASIDE = re.compile(
    "作成例|記入例|入力例|記載例|見本|選択肢|リスト|マスタ|コード表|凡例|説明|要領|定義|使い方|注意|readme|list|master",
    re.IGNORECASE,
)


def best_sheet(book: Book, known: Collection[str], wanted: str | None) -> str | None:
    """The name of the sheet with the best table; `wanted` when it is named; None if no sheet holds a table."""
    if wanted is not None:
        return wanted if wanted in book.rows else None
    best: tuple[float, str] | None = None
    for sheet in book.sheets:
        score = sheet_score(book.rows.get(sheet.name, []), known)
        if score <= 0:
            continue
        if sheet.hidden:
            score *= 0.05
        if _ASIDE.search(sheet.name):
            score *= 0.2
        if best is None or score > best[0] * 1.5:
            best = (score, sheet.name)
    return best[1] if best else None


def sheet_score(rows: Sequence[Sequence[str | None]], known: Collection[str]) -> float:
    """How much of a table a sheet holds: filled cells below a header, more when the headings are known ones."""
    layout = find_table(rows, known)
    if layout is None:
        return 0.0
    body = rows[layout.first : layout.first + 2000]
    cells = sum(1 for row in body for cell in row if cell)
    names = [n for n in layout.names if n.strip()]
    hits = sum(1 for n in names if fold_heading(n) in known) if known else 0
    score = math.sqrt(min(cells, 20_000)) + 1
    if layout.header is None:
        score *= 0.3
    return score * (1 + 4 * hits / max(len(names), 1))
