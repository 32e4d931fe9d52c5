"""A workbook on disk to text rows per sheet, through python-calamine, after its true extent was looked at."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.extract.child.cells import text_rows
from pipelines.extract.child.parts import Archive, Refused, Sheet, split_cell
from pipelines.extract.child.scan import is_program, read_book, scan_sheets
from pipelines.extract.child.strays import measure_extent, ods_without_strays, without_strays


@dataclass
class Book:
    """A workbook as text: facts about the file, facts about each sheet, and the rows of each sheet by name."""

    facts: list[dict[str, Any]] = field(default_factory=list)
    sheets: list[Sheet] = field(default_factory=list)
    rows: dict[str, list[list[str | None]]] = field(default_factory=dict)


def read_workbook(path: str, kind: str, limits: dict[str, Any], wanted: str | None) -> Book:
    """Read an xlsx, xls or ods within `limits`; raises Refused for what must not or cannot be read."""
    book = Book()
    data: bytes | None = None
    if kind == "xlsx":
        archive = Archive(path, limits["unpacked_bytes"], limits["ratio"])
        book.sheets, book.facts = read_book(archive)
        for name in archive.names:
            if name.endswith((".xml", ".rels")) and name not in {s.part for s in book.sheets}:
                for _ in archive.stream(name):
                    pass
        scan_sheets(archive, book.sheets, limits["columns"])
        if any(s.cut for s in book.sheets):
            data = without_strays(archive, book.sheets)
    elif kind == "ods":
        archive = Archive(path, limits["unpacked_bytes"], limits["ratio"])
        _scan_ods(archive, book, limits)
        data, strays = ods_without_strays(archive)
        if strays:
            book.facts.append({"code": "stray-cell", "value": "—", "params": {"count": strays, "rule": "L1-04"}})
    elif kind == "xls":
        from pipelines.extract.child.biff import scan_xls

        raw = Path(path).read_bytes()
        changed, book.sheets = scan_xls(raw)
        data = changed or raw
    _read_cells(path, data, book, limits)
    return book


def _read_cells(path: str, data: bytes | None, book: Book, limits: dict[str, Any]) -> None:
    import python_calamine as calamine

    try:
        raw = data if data is not None else Path(path).read_bytes()
        workbook = calamine.CalamineWorkbook.from_filelike(io.BytesIO(raw))
        known = _by_name(book, [meta.name for meta in workbook.sheets_metadata])
        for meta in workbook.sheets_metadata:
            if str(meta.typ).rsplit(".", 1)[-1] != "WorkSheet":
                continue
            sheet = known.get(meta.name)
            if sheet is None:
                sheet = Sheet(meta.name, "", str(meta.visible).rsplit(".", 1)[-1] != "Visible")
                book.sheets.append(sheet)
            rows = _sheet_rows(workbook.get_sheet_by_name(meta.name), sheet)
            _overlay(rows, sheet)
            book.rows[meta.name] = _trim(rows)
            if not sheet.rows:
                sheet.rows = len(book.rows[meta.name])
                sheet.columns = max((len(r) for r in book.rows[meta.name]), default=0)
    except (calamine.CalamineError, ValueError, OSError, KeyError) as error:
        if "assword" in str(error):
            raise Refused("workbook-encrypted") from error
        raise Refused("workbook-damaged", str(error)[:200]) from error


def _by_name(book: Book, names: list[str]) -> dict[str, Sheet]:
    """The sheets that were scanned, by name; those of an .xls have their names from the reader, in the same order."""
    if book.sheets and not book.sheets[0].name:
        if len(book.sheets) != len(names):
            book.sheets = []
        for sheet, name in zip(book.sheets, names, strict=False):
            sheet.name = name
    return {s.name: s for s in book.sheets}


def _sheet_rows(cells: Any, sheet: Sheet) -> list[list[str | None]]:
    """The rows of a sheet from A1 on; of a very large extent only what stands in the table, strays are noted."""
    end = cells.end or (0, 0)
    if (end[0] + 1) * (end[1] + 1) <= 2_000_000:
        return text_rows(cells.to_python(skip_empty_area=False))
    rows: list[list[str | None]] = []
    left: list[str | None] = [None] * (cells.start or (0, 0))[1]  # rows begin at the first filled column
    for number, row in enumerate(cells.iter_rows()):
        width = len(row)
        while width and row[width - 1] == "":
            width -= 1
        if width:
            rows += [[]] * (number - len(rows))
            rows.append(left + text_rows([row[:width]])[0])
    if sheet.cut is None:
        measure_extent(sheet, [(i, len(row)) for i, row in enumerate(rows, 1) if row])
    if sheet.cut is not None:
        rows = [row[: sheet.cut[1]] for row in rows[: sheet.cut[0]]]
    width = max((len(row) for row in rows), default=0)
    return [row + [None] * (width - len(row)) for row in rows]


def _overlay(rows: list[list[str | None]], sheet: Sheet) -> None:
    """Put back what the reader leaves out: error values, and zeros that only the number format shows."""
    for ref, value in sheet.errors:
        at = split_cell(ref)
        if 0 < at[0] <= len(rows) and 0 < at[1] <= len(rows[at[0] - 1]):
            rows[at[0] - 1][at[1] - 1] = value
    for ref, width in sheet.padded:
        at = split_cell(ref)
        if 0 < at[0] <= len(rows) and 0 < at[1] <= len(rows[at[0] - 1]):
            text = rows[at[0] - 1][at[1] - 1]
            if text and text.isdigit():
                rows[at[0] - 1][at[1] - 1] = text.zfill(width)


def _trim(rows: list[list[str | None]]) -> list[list[str | None]]:
    while rows and not any(rows[-1]):
        rows.pop()
    width = 0
    for row in rows:
        for i in range(len(row) - 1, width - 1, -1):
            if row[i]:
                width = i + 1
                break
    return [row[:width] for row in rows] if rows and width < len(rows[0]) else rows


_REPEAT = re.compile(rb"number-(rows|columns)-repeated=\"([0-9]+)\"")


def _scan_ods(archive: Archive, book: Book, limits: dict[str, Any]) -> None:
    """Refuse an .ods whose filled cells are repeated far too often; note hidden tables, rows and columns."""
    if "META-INF/manifest.xml" in archive.names and "encryption-data" in archive.text("META-INF/manifest.xml"):
        raise Refused("workbook-encrypted")
    meta = archive.text("meta.xml")
    people = re.findall(r"<(?:dc:creator|meta:initial-creator)>([^<]+)<", meta)
    book.facts += [{"code": "document-author", "value": p} for p in dict.fromkeys(people) if not is_program(p)]
    total = 0
    rest = b""
    for chunk in archive.stream("content.xml"):
        pieces = (rest + chunk).split(b"</table:table-row>")
        rest = pieces.pop()
        for piece in pieces:
            at = piece.rfind(b"<table:table-row")
            row = piece[at:] if at >= 0 else piece
            if b"<text:p" not in row and b"office:value" not in row:
                continue
            times = 1
            for what, count in _REPEAT.findall(row):
                if what == b"rows":
                    times = max(times, int(count))
            cells = 0
            for cell in row.split(b"<table:table-cell")[1:]:
                repeat = _REPEAT.search(cell.split(b">", 1)[0])
                if b"<text:p" in cell or b"office:value" in cell:
                    cells += int(repeat[2]) if repeat else 1
            total += cells * times
            if total > 50_000_000 or cells > 16 * limits["columns"]:
                raise Refused("zip-bomb", f"content.xml: {total} cells")
        if len(rest) > 1 << 26:
            raise Refused("zip-bomb", "content.xml")
