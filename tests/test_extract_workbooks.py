"""Workbooks: values as Excel shows them, what is hidden is said, and what is hostile is refused quickly."""

from __future__ import annotations

import datetime as dt
import io
import resource
import time
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from openpyxl.comments import Comment

from pipelines.errors import SourceError
from pipelines.extract import Limits, open_source
from pipelines.model import ROW

ROWS = [
    ["ID", "名称", "住所", "定員"], ["0001", "市役所", "大嶺町東分326-1", 120], ["0002", "支所", "美東町大田5936", 30]
]


def book(rows: list[list[Any]] = ROWS, title: str = "一覧") -> openpyxl.Workbook:
    made = openpyxl.Workbook()
    made.active.title = title
    for row in rows:
        made.active.append(row)
    return made


def opened(tmp_path: Path, made: openpyxl.Workbook, name: str = "a.xlsx", **options: Any) -> Any:
    path = tmp_path / name
    made.save(path)
    return open_source(path, **options)


def only(source: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    blocks = list(source.blocks())
    return pl.concat([t.frame for t, _ in blocks]), pl.concat([f for _, f in blocks])


def codes(source: Any) -> list[str]:
    return [*source.findings["code"], *only(source)[1]["code"]]


def rewrite(data: bytes, **parts: bytes) -> bytes:
    """The workbook with some parts replaced or added (names with / written as keyword arguments)."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            if info.filename not in parts:
                new.writestr(info.filename, old.read(info.filename))
        for name, content in parts.items():
            new.writestr(name, content)
    return out.getvalue()


def test_values_are_text_as_excel_shows_them(tmp_path: Path) -> None:
    made = book([["見出し", "値"]])
    sheet = made.active
    cells: list[tuple[Any, str | None]] = [
        (352136, "352136"), (34.166373, "34.166373"), (131.2414934999999, "131.2414935"), (0.00001, "0.00001"),
        (True, "TRUE"), (dt.date(2024, 4, 1), "2024-04-01"), (dt.datetime(2024, 4, 1, 9, 30), "2024-04-01 09:30"),
        (dt.time(8, 30), "08:30"), (dt.time(8, 30, 15), "08:30:15"), (dt.timedelta(hours=26), "26:00"),
        ("  前後の空白 ", "  前後の空白 "), ("'0001", "'0001"), (None, None), (8000020130001, "8000020130001"),
    ]
    for i, (value, _) in enumerate(cells):
        sheet.append([f"r{i}", value])
    sheet.append(["zero", 30306])
    sheet.cell(sheet.max_row, 2).number_format = "000000"
    frame, _ = only(opened(tmp_path, made))
    assert frame["値"].to_list() == [wanted for _, wanted in cells] + ["030306"]


@pytest.mark.parametrize("name", ["a.xlsx", "a.csv", "a.xls", "a.xlsm", "名簿"])
def test_the_format_is_told_by_content_not_by_the_name(tmp_path: Path, name: str) -> None:
    made = book()
    path = tmp_path / "x.xlsx"
    made.save(path)
    target = tmp_path / name
    target.write_bytes(path.read_bytes())
    assert open_source(target).format == "xlsx"


def test_xls_and_ods_are_read(tmp_path: Path) -> None:
    import xlwt
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableRow
    from odf.text import P

    old = xlwt.Workbook()
    sheet = old.add_sheet("一覧")
    doc = OpenDocumentSpreadsheet()
    table = Table(name="一覧")
    for r, row in enumerate(ROWS):
        line = TableRow()
        for c, value in enumerate(row):
            sheet.write(r, c, value)
            cell = TableCell(valuetype="string")
            cell.addElement(P(text=str(value)))
            line.addElement(cell)
        table.addElement(line)
    doc.spreadsheet.addElement(table)
    old.save(str(tmp_path / "a.xls"))
    doc.save(str(tmp_path / "a.ods"))
    for name in ("xls", "ods"):
        source = open_source(tmp_path / f"a.{name}")
        assert (source.format, source.header_row, source.sheet) == (name, 1, "一覧")
        assert only(source)[0].rows()[0] == (2, "0001", "市役所", "大嶺町東分326-1", "120")


def test_everything_hidden_is_named(tmp_path: Path) -> None:
    made = book()
    sheet = made.active
    sheet["B2"].comment = Comment("担当者へ確認", "見本 太郎")
    sheet["D2"] = "=60*2"
    sheet.row_dimensions[3].hidden = True
    sheet.column_dimensions["C"].hidden = True
    secret = made.create_sheet("内部用")
    secret.append(["氏名", "携帯"])
    secret.sheet_state = "hidden"
    made.create_sheet("作成例").append(["ID"])
    made.properties.creator = "見本 花子"
    source = opened(tmp_path, made)
    found = {c: source.findings.filter(pl.col("code") == c) for c in source.findings["code"].unique()}
    assert found["sheet-hidden"]["value"].to_list() == ["内部用"]
    assert found["sheet-extra"]["value"].to_list() == ["作成例"]
    assert found["row-hidden"]["row"].to_list() == [3]
    assert found["column-hidden"]["field"].to_list() == ["住所"]
    assert found["cell-comment"]["field"].to_list() == ["名称"]
    assert found["formula-without-value"]["row"].to_list() == [2]
    assert found["document-author"]["value"].to_list() == ["見本 花子"]
    assert only(source)[0].height == 2
    assert [s.hidden for s in source.sheets] == [False, True, False]


def test_error_values_are_kept_as_text_with_a_finding(tmp_path: Path) -> None:
    made = book()
    made.active["D3"] = "#REF!"
    made.active["D3"].data_type = "e"
    source = opened(tmp_path, made)
    assert only(source)[0]["定員"].to_list() == ["120", "#REF!"]
    error = source.findings.filter(pl.col("code") == "cell-error")
    assert error.select("row", "field", "value").rows() == [(3, "定員", "#REF!")]


def test_the_header_is_found_under_merged_titles_and_notes_are_left_out(tmp_path: Path) -> None:
    made = book([["公共施設一覧（令和6年4月1日現在）"], [], *ROWS, ["", "合計", "", 150], ["※定員は概数です。"]])
    made.active.merge_cells("A1:D1")
    source = opened(tmp_path, made)
    frame, _ = only(source)
    assert source.header_row == 3
    assert frame[ROW].to_list() == [4, 5]
    assert {"title-rows", "cells-merged", "header-row-not-first", "total-row-left-out", "note-row-left-out"} <= set(
        codes(source)
    )


def test_two_header_rows_are_joined(tmp_path: Path) -> None:
    made = book([["名称", "位置", "", "定員"], ["", "緯度", "経度", ""],
                 ["市役所", 34.1, 131.2, 10], ["支所", 34.2, 131.3, 5]])
    made.active.merge_cells("B1:C1")
    made.active.merge_cells("A1:A2")
    made.active.merge_cells("D1:D2")
    source = opened(tmp_path, made)
    assert source.columns == ("名称", "位置_緯度", "位置_経度", "定員")
    assert only(source)[0][ROW].to_list() == [3, 4]


def test_the_sheet_that_holds_the_table_is_chosen_and_can_be_named(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    made.active.title = "はじめに"
    made.active.append(["このブックについて"])
    for name in ("一覧", "作成例"):
        sheet = made.create_sheet(name)
        for row in ROWS:
            sheet.append(row)
    assert opened(tmp_path, made).sheet == "一覧"
    assert opened(tmp_path, made, sheet="作成例").sheet == "作成例"
    with pytest.raises(SourceError) as stopped:
        opened(tmp_path, made, sheet="ない")
    assert stopped.value.code == "sheet-missing"


@pytest.mark.parametrize("cell", ["XFD200000", "XFD3", "B900000", "XFD1048576"])
def test_a_stray_cell_far_away_costs_no_more_than_about_a_second(tmp_path: Path, cell: str) -> None:
    made = book()
    made.active[cell] = " "
    start = time.monotonic()
    source = opened(tmp_path, made)
    frame, _ = only(source)
    assert time.monotonic() - start < 3.0
    assert frame.height == 2
    assert source.columns == ("ID", "名称", "住所", "定員")
    assert "stray-cell" in source.findings["code"].to_list()


def test_a_zip_bomb_is_refused_quickly(tmp_path: Path) -> None:
    made = book()
    path = tmp_path / "bomb.xlsx"
    made.save(path)
    head = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    bomb = head + b'<row r="1"><c r="A1" t="inlineStr"><is><t>x</t></is></c></row>' * 1_500_000
    path.write_bytes(rewrite(path.read_bytes(), **{"xl/worksheets/sheet1.xml": bomb}))
    start = time.monotonic()
    with pytest.raises(SourceError) as stopped:
        open_source(path)
    assert stopped.value.code == "zip-bomb"
    assert time.monotonic() - start < 3.0


def test_xml_entities_are_refused(tmp_path: Path) -> None:
    made = book()
    path = tmp_path / "lol.xlsx"
    made.save(path)
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    evil = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + sheet
    path.write_bytes(rewrite(path.read_bytes(), **{"xl/worksheets/sheet1.xml": evil}))
    with pytest.raises(SourceError) as stopped:
        open_source(path)
    assert stopped.value.code == "xml-entities"


def test_caps_and_foreign_formats_stop_with_words(tmp_path: Path) -> None:
    made = book()
    path = tmp_path / "a.xlsx"
    made.save(path)
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    cases: list[tuple[str, bytes | None, Limits]] = [
        ("file-too-large", None, Limits(workbook_bytes=100)), ("file-too-large", None, Limits(max_bytes=100)),
        ("file-empty", b"", Limits()), ("file-empty", b"\xef\xbb\xbf\r\n", Limits()),
        ("format-unknown", b"%PDF-1.7 ...", Limits()), ("format-unknown", b"<html><table>", Limits()),
        ("format-unknown", b'{"a": [1, 2]}', Limits()), ("zip-damaged", path.read_bytes()[:2000], Limits()),
        ("json-damaged", b'{"type": "FeatureCollection", "features": [', Limits()),
        ("workbook-encrypted", ole + "EncryptedPackage".encode("utf-16-le"), Limits()),
        ("workbook-damaged", ole + b"x" * 600 + "Workbook".encode("utf-16-le"), Limits()),
    ]
    for i, (code, data, limits) in enumerate(cases):
        target = path if data is None else tmp_path / f"{i}.dat"
        if data is not None:
            target.write_bytes(data)
        with pytest.raises(SourceError) as stopped:
            open_source(target, limits=limits)
        assert stopped.value.code == code, (i, stopped.value)
        assert stopped.value.todo_ja
    with pytest.raises(SourceError) as missing:
        open_source(tmp_path / "ない.csv")
    assert missing.value.code == "file-missing"


def test_a_reading_process_that_takes_too_much_memory_is_a_source_error(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book().save(path)
    with pytest.raises(SourceError):
        open_source(path, limits=Limits(memory_bytes=1 << 20))


def test_an_ods_that_repeats_filled_cells_endlessly_is_refused(tmp_path: Path) -> None:
    content = (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
        '<table:table table:name="a"><table:table-row table:number-rows-repeated="1048576">'
        '<table:table-cell table:number-columns-repeated="1024" office:value-type="string"><text:p>x</text:p>'
        "</table:table-cell></table:table-row></table:table></office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    path = tmp_path / "bomb.ods"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
    start = time.monotonic()
    with pytest.raises(SourceError) as stopped:
        open_source(path)
    assert stopped.value.code == "zip-bomb"
    assert time.monotonic() - start < 3.0


def test_a_stray_cell_in_an_ods_is_left_out_with_a_finding(tmp_path: Path) -> None:
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableRow
    from odf.text import P

    def cell(value: str) -> TableCell:
        made = TableCell(valuetype="string")
        made.addElement(P(text=value))
        return made

    doc = OpenDocumentSpreadsheet()
    table = Table(name="一覧")
    gap = TableRow(numberrowsrepeated=1_048_000)
    gap.addElement(TableCell(numbercolumnsrepeated=16_384))
    stray = TableRow()
    stray.addElement(TableCell(numbercolumnsrepeated=16_383))
    stray.addElement(cell("x"))
    for row in ROWS:
        line = TableRow()
        for value in row:
            line.addElement(cell(str(value)))
        table.addElement(line)
    table.addElement(gap)
    table.addElement(stray)
    doc.spreadsheet.addElement(table)
    doc.save(str(tmp_path / "a.ods"))
    source = open_source(tmp_path / "a.ods")
    assert only(source)[0].height == 2
    assert "stray-cell" in source.findings["code"].to_list()


@pytest.mark.parametrize("content", [
    b"\x00\x01\x02\x03" * 50, b"\xd0\xcf\x11\xe0broken", bytes(range(256)) * 20, bytes((i * 89) % 251 for i in range(9000)),
    b"\x00" * 40 + b"abc", b"\x7fELF\x02\x01\x01\x00" + bytes(range(30)),
])
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError) as refused:
        open_source(path)
    assert refused.value.code == "format-unknown"


@pytest.mark.parametrize(("row", "column"), [(65_535, 255), (60_000, 200)])
def test_a_stray_cell_in_an_xls_is_left_out_within_about_a_second(tmp_path: Path, row: int, column: int) -> None:
    xlwt = pytest.importorskip("xlwt")
    book = xlwt.Workbook()
    sheet = book.add_sheet("公共施設")
    for i in range(300):
        for j, text in enumerate(("名称", "住所", "緯度") if i == 0 else (f"見本{i}", "山口県美祢市1", "34.1")):
            sheet.write(i, j, text)
    sheet.write(row, column, "x")
    sheet.row(5).hidden = True
    sheet.col(1).hidden = True
    book.save(str(tmp_path / "a.xls"))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    source = open_source(tmp_path / "a.xls")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert source.columns == ("名称", "住所", "緯度")
    assert sum(table.rows for table, _ in source.blocks()) == 299
    assert {"stray-cell", "row-hidden", "column-hidden"} <= set(source.findings["code"])
    assert after.ru_utime - before.ru_utime < 2
