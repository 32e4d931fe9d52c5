"""The XML parts of an .xlsx to facts about its sheets: true extent, hidden parts, merges, formulas, comments."""

from __future__ import annotations

import re
from html import unescape
from posixpath import dirname, join, normpath
from typing import Any

from pipelines.extract.child.parts import CELL, REF, Archive, Refused, Sheet, column_number, tag_attributes
from pipelines.extract.child.strays import measure_extent


def _relations(archive: Archive, part: str) -> dict[str, tuple[str, str, bool]]:
    """Relationship id -> (kind, target, external) of a part."""
    folder, name = dirname(part), part.rsplit("/", 1)[-1]
    out = {}
    for tag in re.findall(r"<(?:\w+:)?Relationship\s[^>]*>", archive.text(join(folder, "_rels", name + ".rels"))):
        a = tag_attributes(tag)
        target = a.get("Target", "")
        external = a.get("TargetMode") == "External"
        if not external:
            target = target.lstrip("/") if target.startswith("/") else normpath(join(folder, target))
        out[a.get("Id", "")] = (a.get("Type", "").rsplit("/", 1)[-1], target, external)
    return out


def read_book(archive: Archive) -> tuple[list[Sheet], list[dict[str, Any]]]:
    """The sheets of an .xlsx in order, and facts about the file as {code, value} (authors, paths, links, macros)."""
    part = next((n for n in archive.names if re.fullmatch(r"(?i)xl/workbook[0-9]*\.xml", n)), None)
    if part is None:
        raise Refused("workbook-damaged", "xl/workbook.xml")
    book = archive.text(part)
    relations = _relations(archive, part)
    sheets = []
    for tag in re.findall(r"<(?:\w+:)?sheet\s[^>]*>", book):
        a = tag_attributes(tag)
        rid = next((v for k, v in a.items() if k.endswith(":id")), "")
        kind, target, _ = relations.get(rid, ("worksheet", "", False))
        if kind == "worksheet" and target in archive.names:
            sheets.append(Sheet(a.get("name", ""), target, a.get("state", "visible") != "visible"))
    return sheets, _file_facts(archive, book, relations)


_PROGRAMS = re.compile(
    r"(?:openpyxl|xlsx?writer|xlwt|apache[ _-]?poi|libre ?office|open ?office(?:\.org)?"
    r"|microsoft(?: office)?(?: (?:excel|corporation|user))?|excel|pandas|exceljs|sheetjs|js-xlsx|phpexcel|phpspreadsheet"
    r"|epplus|closedxml|npoi|aspose(?:\.cells)?|jxls|crystal reports|google(?: sheets)?|wps(?: office)?"
    r"|user|administrator|admin|owner|unknown|pc|hp|dell|fujitsu|nec|toshiba)(?:[ /-]v?[0-9][0-9.]*)?(?: user)?",
    re.IGNORECASE,
)


def is_program(name: str) -> bool:
    """True if the author of a workbook is the program that wrote it, or the name that a computer came with."""
    return _PROGRAMS.fullmatch(name.strip()) is not None


def _file_facts(archive: Archive, book: str, relations: dict[str, tuple[str, str, bool]]) -> list[dict[str, Any]]:
    facts: list[dict[str, Any]] = []
    core = archive.text("docProps/core.xml")
    people = [unescape(t).strip() for t in re.findall(r"<(?:dc:creator|cp:lastModifiedBy)[^>]*>([^<]*)<", core)]
    facts += [{"code": "document-author", "value": p} for p in dict.fromkeys(people) if p and not is_program(p)]
    app = archive.text("docProps/app.xml")
    facts += [{"code": "document-author", "value": unescape(t).strip()}
              for t in re.findall(r"<(?:Company|Manager)>([^<]+)<", app) if t.strip() and not is_program(unescape(t))]
    facts += [{"code": "document-path", "value": unescape(t)} for t in re.findall(r'absPath[^>]*\surl="([^"]*)"', book)]
    for name in sorted(archive.names):
        if name.startswith("xl/externalLinks/_rels/"):
            for tag in re.findall(r"<Relationship\s[^>]*>", archive.text(name)):
                facts.append({"code": "document-external-link", "value": tag_attributes(tag).get("Target", "")})
        elif name.endswith("vbaProject.bin"):
            facts.append({"code": "document-macro", "value": name})
        elif name == "xl/connections.xml":
            facts.append({"code": "document-external-link", "value": name})
    return facts


def _zero_formats(archive: Archive) -> dict[bytes, int]:
    """Style number -> width for number formats such as 000000, with which Excel shows leading zeros."""
    styles = archive.text("xl/styles.xml")
    widths = {}
    for tag in re.findall(r"<(?:\w+:)?numFmt\s[^>]*>", styles):
        a = tag_attributes(tag)
        if re.fullmatch(r"0{2,15}(;.*)?", a.get("formatCode", "")):
            widths[a.get("numFmtId", "")] = len(a["formatCode"].split(";")[0])
    block = re.search(r"<(?:\w+:)?cellXfs.*?</(?:\w+:)?cellXfs>", styles, re.DOTALL)
    out = {}
    if widths and block:
        for i, tag in enumerate(re.findall(r"<(?:\w+:)?xf\s[^>]*>", block[0])):
            width = widths.get(tag_attributes(tag).get("numFmtId", ""))
            if width:
                out[str(i).encode()] = width
    return out


def _struck_formats(archive: Archive) -> frozenset[bytes]:
    """Style numbers whose font is struck out."""
    styles = archive.text("xl/styles.xml")
    fonts = re.search(r"<(?:\w+:)?fonts\b.*?</(?:\w+:)?fonts>", styles, re.DOTALL)
    block = re.search(r"<(?:\w+:)?cellXfs.*?</(?:\w+:)?cellXfs>", styles, re.DOTALL)
    if fonts is None or block is None or "strike" not in fonts[0]:
        return frozenset()
    found = re.findall(r"<(?:\w+:)?font(?:\s[^>]*)?(?:/>|>(.*?)</(?:\w+:)?font>)", fonts[0], re.DOTALL)
    struck = {str(i) for i, body in enumerate(found) if re.search(r"<(?:\w+:)?strike(?:\s+val=\"(?:1|true)\")?\s*/>", body)}
    cells = re.findall(r"<(?:\w+:)?xf\s[^>]*>", block[0])
    return frozenset(str(i).encode() for i, tag in enumerate(cells) if tag_attributes(tag).get("fontId") in struck)


_ROW_NUMBER = re.compile(rb'\br="([0-9]+)"')


def scan_sheets(archive: Archive, sheets: list[Sheet], max_columns: int) -> None:
    """Fill in the facts of every sheet by streaming its XML once."""
    padding, struck = _zero_formats(archive), _struck_formats(archive)
    for sheet in sheets:
        _scan(archive, sheet, padding, struck)
        if sheet.columns > max_columns and sheet.cut is None:
            sheet.cut = (sheet.rows, max_columns)
        for kind, target, _ in _relations(archive, sheet.part).values():
            if kind == "comments" and target in archive.names:
                sheet.comments = _comments(archive.text(target))
            elif kind == "drawing":
                sheet.objects += 1


_COMMENT = re.compile(r'<(?:\w+:)?comment\s[^>]*?ref="([A-Z0-9]+)"[^>]*>(.*?)</(?:\w+:)?comment>', re.DOTALL)


def _comments(xml: str) -> list[tuple[str, str]]:
    out = []
    for ref, body in _COMMENT.findall(xml):
        out.append((ref, unescape("".join(re.findall(r"<(?:\w+:)?t(?:\s[^>]*)?>([^<]*)<", body))).strip()))
    return out


def _scan(archive: Archive, sheet: Sheet, padding: dict[bytes, int], struck: frozenset[bytes]) -> None:
    extents: list[tuple[int, int]] = []
    rest = prefix = b""
    started = False
    end, formula = b"</row>", b"<f"
    styles = [b's="' + s + b'"' for s in {*padding, *struck}]
    for chunk in archive.stream(sheet.part):
        data = rest + chunk
        if not started:
            at = data.find(b"sheetData")
            if at < 0:
                rest = data[-65536:] if len(data) > 1 << 22 else data
                continue
            _head(data[:at], sheet)
            named = re.search(rb"<(\w+:)sheetData", data[: at + 10])
            prefix = named[1] if named else b""
            end, formula = b"</" + prefix + b"row>", b"<" + prefix + b"f"
            started = True
            data = data[at:]
        pieces = data.split(end)
        rest = pieces.pop()
        odd = formula in data or b't="e"' in data or bool(styles)
        for piece in pieces:
            number = _row_number(piece, prefix, sheet)
            column = _last_column(piece, prefix)
            if column:
                extents.append((number or (extents[-1][0] + 1 if extents else 1), column))
            if odd and (formula in piece or b't="e"' in piece or any(style in piece for style in styles)):
                _odd_cells(piece, sheet, padding, struck)
        if len(rest) > 1 << 26:
            raise Refused("zip-bomb", sheet.part)
    if not started:
        _head(rest, sheet)
    for tag in re.findall(rb"<(?:\w+:)?mergeCell\s[^>]*>", rest):
        sheet.merges.append(tag_attributes(tag.decode("ascii", "replace")).get("ref", ""))
    _row_number(rest.split(b"/sheetData")[0], prefix, sheet)
    measure_extent(sheet, extents)


def _head(data: bytes, sheet: Sheet) -> None:
    for tag in re.findall(rb"<(?:\w+:)?col\s[^>]*>", data):
        a = tag_attributes(tag.decode("utf-8", "replace"))
        if a.get("hidden") in ("1", "true") and a.get("min", "").isdigit() and a.get("max", "").isdigit():
            sheet.hidden_columns.append((int(a["min"]), int(a["max"])))


def _row_number(piece: bytes, prefix: bytes, sheet: Sheet) -> int:
    """The number of the last row that begins in a piece; hidden rows (also empty ones) are noted on the way."""
    tag = b"<" + prefix + b"row"
    number = 0
    at = piece.find(tag)
    while at >= 0:
        attributes = piece[at : piece.find(b">", at)]
        found = _ROW_NUMBER.search(attributes)
        number = int(found[1]) if found else 0
        if b"hidden=" in attributes and (b'hidden="1"' in attributes or b'hidden="true"' in attributes):
            sheet.hidden_rows.append(number)
        at = piece.find(tag, at + 4)
    return number


def _last_column(piece: bytes, prefix: bytes) -> int:
    """The column of the last cell with content in a row, 0 if all its cells are only formatted."""
    at = piece.rfind(b"</" + prefix + b"c>")
    if at < 0:
        return 0
    tag = b"<" + prefix + b"c "
    found = REF.search(piece, max(piece.rfind(tag, 0, at), 0), at)
    return column_number(found[1].decode()) if found else piece.count(tag)


def _odd_cells(piece: bytes, sheet: Sheet, padding: dict[bytes, int], struck: frozenset[bytes]) -> None:
    for attributes, body in CELL.findall(piece):
        found = REF.search(attributes)
        if not found:
            continue
        ref = (found[1] + found[2]).decode()
        formula = re.search(rb"<(?:\w+:)?f\b[^>]*?(?:/>|>(.*?)</)", body, re.DOTALL)
        value = re.search(rb"<(?:\w+:)?v[^>]*>(.*?)</", body, re.DOTALL)
        if formula:
            sheet.formula_count += 1
            if len(sheet.formulas) < 100_000:
                text = unescape((formula[1] or b"").decode("utf-8", "replace"))
                sheet.formulas.append((ref, "=" + text, value is not None and value[1] != b""))
        if b't="e"' in attributes and value:
            sheet.errors.append((ref, unescape(value[1].decode("utf-8", "replace"))))
        style = re.search(rb'\bs="([0-9]+)"', attributes)
        if style and style[1] in padding and value and (b't="' not in attributes or b't="n"' in attributes):
            sheet.padded.append((ref, padding[style[1]]))
        if style and style[1] in struck and (value or b"<is" in body):
            sheet.struck.append(ref)
