"""A scorecard to one body's workbook: progress sheet, native chart, evidence, gaps, changes, terms, how it counts."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime
from typing import Any

from publish.kpi import day_name, year_name
from publish.report.cells import Sheet
from publish.report.filled import FIELDS, KEY_SHEET, field_name
from publish.report.lists_sheets import add_changes, add_counting, add_evidence, add_gaps, add_terms
from publish.report.progress_sheet import Fields, add_charts, add_progress, add_results
from publish.report.scorecard import BodyCard, Scorecard


def workbook_bytes(score: Scorecard, card: BodyCard) -> bytes:
    """The workbook of one body. Deterministic for the same scorecard (its `made` is the only time in it)."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    fields: Fields = []
    under = f"{card.body.full_name}  {day_name(score.as_of)}時点  作成 {day_name(score.made.date())}"
    sample = score.sample

    def sheet(name: str) -> Sheet:
        return Sheet(book.create_sheet(name), sample=sample)

    add_progress(sheet("進捗管理シート"), score, card, under, fields)
    add_charts(sheet("グラフ"), score, card, under)
    add_evidence(sheet("公開データ一覧"), score, card, under)
    add_gaps(sheet("未公開と下書き"), score, card, under)
    add_changes(sheet("異動"), score, card, under)
    add_terms(sheet("更新予定"), card, under)
    add_results(sheet("実績・評価"), score, card, under, fields)
    add_counting(sheet("数え方"), score, card, under)
    _add_keys(book, fields)
    book.properties.title = f"KPI進捗 {year_name(score.fiscal_year)} {card.body.name}"
    book.properties.creator = "Kokai"
    held = io.BytesIO()
    book.save(held)
    return fixed_times(held.getvalue(), score.made)


def _add_keys(book: Any, fields: Fields) -> None:
    """Where each field of a person stands: a hidden list, and a defined name that moves with the cell."""
    from openpyxl.workbook.defined_name import DefinedName

    keys = book.create_sheet(KEY_SHEET)
    keys.sheet_state = "hidden"
    keys.append(["計画|年度", "欄", "シート", "セル", "欄の名前"])
    for key, name, sheet, cell in fields:
        keys.append([key, name, sheet, cell, FIELDS[name]])
        told = field_name(f"{key}|{name}")
        column, row = re.fullmatch(r"([A-Z]+)([0-9]+)", cell).groups()  # type: ignore[union-attr]
        book.defined_names[told] = DefinedName(told, attr_text=f"'{sheet}'!${column}${row}")


def fixed_times(data: bytes, made: datetime) -> bytes:
    """The same workbook with the report's own time instead of the machine's, so that equal input gives equal bytes."""
    stamp = max((made.year, made.month, made.day, made.hour, made.minute, made.second), (1980, 1, 1, 0, 0, 0))
    iso = f"{made:%Y-%m-%dT%H:%M:%S}Z".encode()
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            content = old.read(info)
            if info.filename == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:(created|modified)[^>]*>)[^<]*", rb"\g<1>" + iso, content)
            fresh = zipfile.ZipInfo(info.filename, stamp)
            fresh.compress_type = zipfile.ZIP_DEFLATED
            fresh.external_attr = 0o644 << 16
            new.writestr(fresh, content)
    return out.getvalue()
