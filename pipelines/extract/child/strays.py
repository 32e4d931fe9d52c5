"""Cells far outside the table: where the table really ends, and the workbook cut to that."""

from __future__ import annotations

import io
import re
import zipfile

from pipelines.extract.child.parts import CELL, REF, Archive, Sheet, column_letters, column_number


def measure_extent(sheet: Sheet, extents: list[tuple[int, int]]) -> None:
    """Set rows and columns of a sheet from (row, last column with content) of its rows, and the cut if cells stray."""
    extents.sort()
    sheet.rows = extents[-1][0] if extents else 0
    sheet.columns = max((e[1] for e in extents), default=0)
    if sheet.rows * sheet.columns <= 2_000_000 and sheet.columns <= 1024:
        return
    last_row, gap_ok = 0, 1000
    kept: list[tuple[int, int]] = []
    for i, extent in enumerate(extents):
        if kept and extent[0] - last_row > gap_ok and (len(extents) - i) * 10 <= max(len(kept), 10):
            break
        kept.append(extent)
        last_row = extent[0]
    widths = sorted(e[1] for e in kept)
    last_column = widths[-1] if widths else 0
    allowed = max(3, len(widths) // 100)
    for i in range(len(widths) - 1, max(0, len(widths) - allowed - 1), -1):
        if widths[i] - widths[i - 1] > 200:
            last_column = widths[i - 1]
    if len(kept) == 1 and last_column > 1024:
        last_column = 1024
    sheet.strays = [f"{column_letters(e[1])}{e[0]}" for e in extents if e[0] > last_row or e[1] > last_column]
    if sheet.strays:
        sheet.cut = (last_row, last_column)
        sheet.rows, sheet.columns = last_row, last_column


def without_strays(archive: Archive, sheets: list[Sheet]) -> bytes:
    """The workbook again as a zip in memory, its sheets cut to `cut`, so that the fast reader can be trusted."""
    cuts = {s.part: s.cut for s in sheets if s.cut}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as target:
        for name in archive.names:
            if not name.endswith((".xml", ".rels")):
                continue
            cut = cuts.get(name)
            data = b"".join(archive.stream(name))
            target.writestr(name, _cut(data, *cut) if cut else data)
    return out.getvalue()


def _cut(data: bytes, last_row: int, last_column: int) -> bytes:
    def keep_row(found: re.Match[bytes]) -> bytes:
        number = re.search(rb'^[^>]*?\br="([0-9]+)"', found[0])
        if number and int(number[1]) > last_row:
            return b""
        return CELL.sub(keep_cell, found[0])

    def keep_cell(found: re.Match[bytes]) -> bytes:
        ref = REF.search(found[1])
        return b"" if ref and column_number(ref[1].decode()) > last_column else found[0]

    data = re.sub(rb"<(?:\w+:)?dimension\b[^>]*>", b"", data)
    return re.sub(rb"<(?:\w+:)?row\b[^>]*/>|<(?:\w+:)?row\b.*?</(?:\w+:)?row>", keep_row, data, flags=re.DOTALL)


_ODS_ROW = re.compile(rb"<table:table-row\b[^>]*/>|<table:table-row\b.*?</table:table-row>", re.DOTALL)
_ODS_BLANK = re.compile(rb'<table:(?:covered-)?table-cell\b(?:[^>]*?)number-columns-repeated="([0-9]+)"[^>]*/>')
_ODS_BLANK_ROWS = re.compile(rb'^<table:table-row\b[^>]*number-rows-repeated="([0-9]+)"')


def ods_without_strays(archive: Archive) -> tuple[bytes | None, int]:
    """(an .ods again without what stands behind 1000 or more blank cells or rows, how many values that were).

    None and 0 if there is nothing such.
    """
    data = b"".join(archive.stream("content.xml"))
    counts = [int(n) for n in re.findall(rb'number-(?:rows|columns)-repeated="([0-9]+)"', data)]
    if not counts or max(counts) < 1000:
        return None, 0
    tables = re.split(rb"(?=<table:table[ >])", data)
    changed = b"".join(_cut_ods_table(part) for part in tables)
    strays = data.count(b"<text:p") - changed.count(b"<text:p")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as target:
        target.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        for name in archive.names:
            if name == "content.xml":
                target.writestr(name, changed)
            elif name != "mimetype" and name.endswith(".xml"):
                target.writestr(name, b"".join(archive.stream(name)))
    return out.getvalue(), strays


def _cut_ods_table(part: bytes) -> bytes:
    ended = False

    def keep(found: re.Match[bytes]) -> bytes:
        nonlocal ended
        row = found[0]
        if ended:
            return b""
        filled = b"<text:p" in row or b"office:value" in row
        repeated = _ODS_BLANK_ROWS.search(row)
        if not filled and repeated and int(repeated[1]) >= 1000:
            ended = True
            return b""
        for blank in _ODS_BLANK.finditer(row):
            if int(blank[1]) >= 1000:
                return row[: blank.start()] + b"</table:table-row>"
        return row

    return _ODS_ROW.sub(keep, part)
