"""Text tables: where the header stands, which rows are records, and that no row or cell goes without a word."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import SourceError
from pipelines.extract import Limits, open_source
from pipelines.extract.stream import last_record_end, record_blocks
from pipelines.messages import load_messages
from pipelines.model import ROW
from pipelines.values.headings import fold_heading

STREAM = Limits(whole_bytes=0, block_bytes=300)


def opened(folder: Path, text: str, **options: Any) -> Any:
    path = folder / "a.csv"
    path.write_bytes(text.encode())
    return open_source(path, **options)


def only(source: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    blocks = list(source.blocks())
    return pl.concat([t.frame for t, _ in blocks]), pl.concat([f for _, f in blocks])


def codes(source: Any) -> list[str]:
    return [*source.findings["code"], *only(source)[1]["code"]]


RECORDS = "ID,名称,緯度,経度\n1,市役所,34.1,131.2\n2,支所,34.2,131.3\n3,公民館,34.3,131.1\n"


@pytest.mark.parametrize(("above", "header"), [
    ("", 1), ("公共施設一覧\n", 2), ("公共施設一覧,,,\n令和6年4月1日現在,,,\n\n", 4),
    (",,,\n\n", 3), ("ver.1.0,,,\n", 2),
    ("作成,,,企画課\n", 2), ("出典：美祢市,,,\n※注意,,,\n", 3),
])
def test_the_header_is_found_under_what_stands_above_it(tmp_path: Path, above: str, header: int) -> None:
    source = opened(tmp_path, above + RECORDS)
    assert source.header_row == header
    assert source.columns == ("ID", "名称", "緯度", "経度")
    assert only(source)[0][ROW].to_list() == [header + 1, header + 2, header + 3]


@pytest.mark.parametrize("text", [
    "1,山口県,美祢市,34.16\n2,山口県,萩市,34.40\n3,山口県,長門市,34.37\n",
    "352136,市役所,山口県美祢市大嶺町東分326-1,0837-52-1110\n352136,支所,山口県美祢市美東町大田5936,08396-2-0555\n",
])
def test_a_file_without_header_gets_numbered_columns_and_a_finding(tmp_path: Path, text: str) -> None:
    source = opened(tmp_path, text)
    assert source.header_row is None
    assert source.columns == ("列1", "列2", "列3", "列4")
    assert only(source)[0][ROW].to_list()[0] == 1
    assert "header-missing" in codes(source)


@pytest.mark.parametrize("text", [
    "名称,住所\n", "行政区,世帯数,男,女\n通１区,50,42,46\n通２区,18,18,19\n", "年,人口\n2020,100\n2021,101\n",
    "項目,0歳,1歳,2歳\n総数,5,6,7\n男,1,2,3\n", "名称\n市役所\n支所\n", "地区,2020年,2021年\n大嶺,1,2\n美東,3,4\n",
    "名称,住所,備考\n市役所,大嶺町,\n支所,美東町,\n", "No,曜日,品目\n1,月,びん\n2,火,かん\n",
])
def test_a_header_in_row_one_is_a_header(tmp_path: Path, text: str) -> None:
    assert opened(tmp_path, text).header_row == 1


def test_known_headings_tell_the_header(tmp_path: Path) -> None:
    known = {fold_heading(h) for h in ("名称", "所在地", "種別")}
    source = opened(tmp_path, "市民課,保管,用紙\n名称,所在地,種別\n甲,乙,丙\n", known_headings=known)
    assert source.header_row == 2


def test_a_named_header_row_overrules_the_search(tmp_path: Path) -> None:
    assert opened(tmp_path, "a,b\nc,d\n1,2\n", header_row=2).columns == ("c", "d")
    with pytest.raises(SourceError) as stopped:
        opened(tmp_path, "a,b\n1,2\n", header_row=9)
    assert stopped.value.code == "header-row-missing"


@pytest.mark.parametrize("limits", [Limits(), STREAM])
def test_notes_totals_and_blank_rows_are_left_out_with_a_finding_each(tmp_path: Path, limits: Limits) -> None:
    text = RECORDS.replace("2,支所", ",,,\n\n2,支所") + ",合計,3,\n※緯度経度は概数です。,,,\n出典：美祢市,,,\n"
    source = opened(tmp_path, text, limits=limits)
    frame, findings = only(source)
    assert frame[ROW].to_list() == [2, 5, 6]
    assert findings.sort("row", "code").select("code", "row").rows() == [
        ("blank-rows", 3), ("total-row-left-out", 7), ("note-row-left-out", 8), ("note-row-left-out", 9)
    ]


def test_totals_that_are_records_stay(tmp_path: Path) -> None:
    text = "地域名,総人口,男,女\n総数,30,14,16\n大嶺,10,4,6\n美東,20,10,10\n"
    source = opened(tmp_path, text)
    assert only(source)[0].height == 3
    assert "total-row-kept" in codes(source)


def test_a_last_record_with_only_a_name_is_no_note(tmp_path: Path) -> None:
    text = "名称,住所,電話,備考\n市役所,大嶺町,1,a\n支所,美東町,2,b\n美祢市立大嶺中学校体育館前の広場,,,\n"
    assert only(opened(tmp_path, text))[0].height == 3


def test_headings_blank_repeated_and_empty_columns_are_named_and_said(tmp_path: Path) -> None:
    source = opened(tmp_path, "名称,備考,,備考,,\n市役所,a,値,b,,\n支所,c,,d,,\n")
    assert source.columns == ("名称", "備考", "列3", "備考_2")
    assert source.headings == ("名称", "備考", "", "備考")
    assert set(codes(source)) == {"heading-blank", "heading-repeated", "blank-columns"}


@pytest.mark.parametrize("limits", [Limits(), STREAM])
def test_rows_with_more_or_fewer_cells_are_findings_and_stay(tmp_path: Path, limits: Limits) -> None:
    text = "ID,名称,住所\n" + "1,市役所,大嶺町\n" * 40 + "2,支所\n3,公民館,美東町,余り\n" + "4,館,町\n" * 40
    frame, findings = only(opened(tmp_path, text, limits=limits))
    assert findings.filter(pl.col("code") == "row-short")["row"].to_list() == [42]
    assert findings.filter(pl.col("code") == "row-width")["row"].to_list() == [43]
    assert frame.filter(pl.col(ROW) == 42).row(0)[:4] == (42, "2", "支所", None)
    assert frame.height == 82
    said = [*frame.columns[1:], *findings["code"]]
    assert "列4" in said or "cell-outside-table" in said


@pytest.mark.parametrize(("text", "kind"), [
    ("a\tb\n1\t2\n3\t4\n", "tsv"), ("a;b\n1;2\n3;4\n", "csv"), ("a,b\r1,2\r3,4\r", "csv"),
    ('"a","b"\n"1","2"\n"3","4"\n', "csv"),
    ("a,b\n1,2\n3,4\x1a", "csv"), ("a,b\n1,\0002\n3,4\n", "csv"),
])
def test_separators_and_line_ends_are_found(tmp_path: Path, text: str, kind: str) -> None:
    source = opened(tmp_path, text)
    assert (source.format, source.columns) == (kind, ("a", "b"))
    assert only(source)[0].rows() == [(2, "1", "2"), (3, "3", "4")]


def test_a_quote_that_is_never_closed_does_not_swallow_the_file(tmp_path: Path) -> None:
    text = "ID,名称\n1,市役所\n2,\"支所\n" + "".join(f"{i},館{i}\n" for i in range(3, 60))
    source = opened(tmp_path, text)
    assert only(source)[0].height == 59
    assert source.findings.filter(pl.col("code") == "quote-unbalanced")["row"].to_list() == [3]


def test_a_cell_with_line_breaks_is_one_row(tmp_path: Path) -> None:
    text = 'ID,備考\n1,"一行目\n二行目\n三行目"\n2,"あり, ""なし"""\n'
    for limits in (Limits(), Limits(whole_bytes=0, block_bytes=16)):
        frame, _ = only(opened(tmp_path, text, limits=limits))
        assert frame.rows() == [(2, "1", "一行目\n二行目\n三行目"), (3, "2", 'あり, "なし"')]


CELLS = st.text(st.sampled_from("ab1 ,\"\n市役所－〜"), max_size=6)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=40), st.integers(20, 400))
def test_streaming_in_blocks_gives_what_reading_whole_gives(
    tmp_path_factory: Any, rows: list[list[str]], block: int
) -> None:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([["ID", "名称", "備考"], *[[f"x{i}", *r] for i, r in enumerate([r[:2] for r in rows])]])
    folder = tmp_path_factory.mktemp("s")
    whole, _ = only(opened(folder, out.getvalue(), header_row=1))
    parts, _ = only(opened(folder, out.getvalue(), header_row=1, limits=Limits(whole_bytes=0, block_bytes=block)))
    assert parts.rows() == whole.rows()
    assert [r[1:] for r in whole.rows()] == [(f"x{i}", r[0] or None, r[1] or None) for i, r in enumerate(rows)]


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "cp932", "euc_jp", "utf-16"])
def test_a_large_file_streams_in_every_encoding(tmp_path: Path, codec: str) -> None:
    text = "ID,名称,備考\r\n" + "".join(f"{i},施設その{i},\"一行目\n二行目\"\r\n" for i in range(500))
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(codec))
    source = open_source(path, limits=Limits(whole_bytes=0, block_bytes=1000))
    blocks = list(source.blocks())
    frame = pl.concat([t.frame for t, _ in blocks])
    assert source.encoding == codec
    assert len(blocks) > 5
    assert frame[ROW].to_list() == list(range(2, 502))
    assert frame["備考"].unique().to_list() == ["一行目\n二行目"]
    assert frame.row(499) == (501, "499", "施設その499", "一行目\n二行目")
    assert list(source.blocks())[0][0].frame.equals(blocks[0][0].frame)


def test_records_are_cut_only_outside_quotes() -> None:
    assert last_record_end(b'a,"b\nc') == 0
    assert last_record_end(b'a\nb,"c\nd') == 2
    data = b'1,"x\ny"\n2,z\n' * 10
    blocks = [b for b, _, _ in record_blocks(iter([data[i : i + 7] for i in range(0, len(data), 7)]))]
    assert b"".join(blocks) == data
    assert all(b.endswith(b"\n") for b in blocks)


def test_geojson_becomes_a_table_with_latitude_and_longitude(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    features = [
        {"type": "Feature", "properties": {"名称": "市役所", "数": 3},
         "geometry": {"type": "Point", "coordinates": [131.20, 34.1]}},
        {"type": "Feature", "properties": {"名称": None}, "geometry": {"type": "LineString", "coordinates": []}},
    ]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::6668"}}
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}), encoding="utf-8")
    source = open_source(path)
    frame, _ = only(source)
    assert (source.format, source.header_row, source.crs_hint) == ("geojson", None, "urn:ogc:def:crs:EPSG::6668")
    assert frame.rows() == [(1, "市役所", "3", "34.1", "131.2"), (2, None, None, None, None)]
    assert frame.columns == [ROW, "名称", "数", "緯度", "経度"]
    assert {"geometry-as-columns", "geometry-not-point"} <= set(codes(source))


def test_a_zip_with_one_table_is_that_table(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("一覧.csv", RECORDS.encode("cp932"))
        archive.writestr("readme.txt", "説明")
    source = open_source(path)
    assert (source.format, source.sheet, source.encoding) == ("zip", "一覧.csv", "cp932")
    assert only(source)[0].height == 3


def test_linkdata_templates_are_read_by_their_property_row(tmp_path: Path) -> None:
    text = (
        "#LINK,,\n#lang,ja,\n#property,http://www.w3.org/2000/01/rdf-schema#label,address\n"
        "#object_type_xsd,string:ja,string:ja\n1,市役所,大嶺町\n2,支所,美東町\n"
    )
    source = opened(tmp_path, text)
    assert (source.header_row, source.columns) == (3, ("ID", "名称", "address"))
    assert only(source)[0][ROW].to_list() == [5, 6]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_give_a_table_or_a_source_error(tmp_path_factory: Any, data: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "x.csv"
    path.write_bytes(data)
    for limits in (Limits(seconds=20), Limits(whole_bytes=0, block_bytes=64, seconds=20)):
        try:
            source = open_source(path, limits=limits)
            for table, findings in source.blocks():
                assert table.columns == source.columns
                assert set(findings["code"]) <= set(load_messages()["findings"])
        except SourceError as error:
            assert error.ja
            assert error.en


def test_reading_does_not_need_heavy_libraries() -> None:
    import subprocess
    import sys

    script = (
        "import sys, pathlib, tempfile\n"
        "from pipelines.extract import open_source\n"
        "p = pathlib.Path(tempfile.mkdtemp()) / 'a.csv'\n"
        "p.write_text('a,b\\n1,2\\n')\n"
        "list(open_source(p).blocks())\n"
        "print([m for m in ('pandas', 'pyarrow', 'openpyxl', 'python_calamine') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
