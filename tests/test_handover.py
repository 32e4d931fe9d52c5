"""Points to a Shapefile in CP932 for a web GIS: nothing cut or replaced without a remark, the same bytes every time."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import CatalogueError
from pipelines.package import ResourceData, shapefile_of
from pipelines.package.shapefile import MAX_COLUMNS, short_names
from publish.cli import main
from publish.handover import read_handover, write_handover
from tests.fake_packages import AED_ROWS, make_package, make_table

WEIRD = "𠮷野家〜髙橋①"
LONG = "あ" * 126 + "b" + "い" * 10


def collection(rows: list[dict[str, Any]]) -> bytes:
    features = [{"type": "Feature", "geometry": {"type": "Point", "coordinates": [131.2 + n / 100, 34.1]}, "properties": r}
                for n, r in enumerate(rows)]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def read_dbf(data: bytes) -> list[dict[str, str]]:
    """A .dbf by its own description, with no library: names, types, texts in CP932."""
    count, head, size = struct.unpack("<IHH", data[4:12])
    fields = []
    for at in range(32, head - 1, 32):
        name, kind, length = data[at : at + 11].split(b"\0")[0].decode("cp932"), chr(data[at + 11]), data[at + 16]
        fields.append((name, kind, length))
    made = []
    for n in range(count):
        at, row = head + n * size + 1, {}
        for name, kind, length in fields:
            row[f"{name}:{kind}"] = data[at : at + length].decode("cp932").strip()
            at += length
        made.append(row)
    return made


def test_a_shapefile_holds_texts_in_cp932_and_numbers_as_numbers() -> None:
    made = shapefile_of(collection([
        {"ID": "0001", "名称": "髙橋①㈱", "台数": 2, "面積": 1.5, "空": None},
        {"ID": "0002", "名称": "秋芳洞「広場」", "台数": None, "面積": 2, "空": None},
    ]), "352136_aed", as_of="2025-04-01")
    assert sorted(made.members) == [f"352136_aed.{e}" for e in ("cpg", "dbf", "prj", "shp", "shx")]
    assert made.members["352136_aed.cpg"] == b"CP932"
    assert b"JGD_2011" in made.members["352136_aed.prj"]
    rows = read_dbf(made.members["352136_aed.dbf"])
    assert [(r["ID:C"], r["名称:C"], r["台数:N"], float(r["面積:N"]), r["空:C"]) for r in rows] == [
        ("0001", "髙橋①㈱", "2", 1.5, ""), ("0002", "秋芳洞「広場」", "*", 2.0, "")]  # a star is dBASE for a blank number
    assert made.remarks == () and made.points == 2
    assert struct.unpack("<2d", made.members["352136_aed.shp"][112:128]) == (131.2, 34.1)
    assert made.members["352136_aed.dbf"][1:4] == bytes([125, 4, 1])  # the data's date, not the clock's


def test_every_text_that_a_dbf_cannot_hold_is_a_remark_with_the_whole_value() -> None:
    made = shapefile_of(collection([{"名称": WEIRD, "説明": LONG, "円": "¥100"}, {"名称": "a\0b", "説明": "短い", "円": "1円"}]),
                        "x", as_of="2025-04-01")
    told = {(r.record, r.column, r.reason): (r.value, r.written) for r in made.remarks}
    cut = "あ" * 126 + "b"
    assert told == {
        (1, "名称", "character"): (WEIRD, "〓野家～髙橋①"), (1, "説明", "long"): (LONG, cut),
        (1, "円", "character"): ("¥100", "￥100"), (2, "名称", "character"): ("a\0b", "a〓b"),
    }
    assert [list(r.values()) for r in read_dbf(made.members["x.dbf"])] == [
        ["〓野家～髙橋①", cut, "￥100"], ["a〓b", "短い", "1円"]]


def test_short_names_have_ten_bytes_and_are_never_the_same() -> None:
    names = ["名称", "所在地_連結表記", "所在地_都道府県", "ID", "id", "所在地_02", "𠮷", "", "a" * 40, "電話番号あ"]
    made = short_names(names)
    shorts = [c.short for c in made]
    assert [c.name for c in made] == names
    assert shorts[0] == "名称" and shorts[3] == "ID" and shorts[9] == "電話番号あ"
    assert shorts[2] == "所在地_03" and shorts[1] != "所在地_02"
    assert len({s.upper() for s in shorts}) == len(names)
    assert all(0 < len(s.encode("cp932")) <= 10 for s in shorts)
    many = short_names([f"列{n}" for n in range(MAX_COLUMNS + 2)])
    assert [c.name for c in many if not c.short] == [f"列{MAX_COLUMNS}", f"列{MAX_COLUMNS + 1}"]


def test_every_sign_of_cp932_arrives_as_it_is() -> None:
    signs = []
    for number in range(0x20, 0x10000):
        raw = bytes([number]) if number < 256 else number.to_bytes(2, "big")
        try:
            text = raw.decode("cp932")
        except UnicodeDecodeError:
            continue
        if len(text) == 1 and text.isprintable():
            signs.append(text)
    assert len(signs) > 7000
    texts = ["x" + "".join(signs[n : n + 100]) + "x" for n in range(0, len(signs), 100)]
    made = shapefile_of(collection([{"名称": t} for t in texts]), "x", as_of="2025-04-01")
    assert made.remarks == ()
    assert [r["名称:C"] for r in read_dbf(made.members["x.dbf"])] == texts


def test_the_zip_has_a_shapefile_its_columns_and_remarks_and_the_sheet_says_so(tmp_path: Path) -> None:
    rows = [list(r) for r in AED_ROWS]
    rows[1][2], rows[1][7] = "𠮷野公民館", "=" + LONG
    package = make_package(tmp_path / "p", resources=[ResourceData(None, make_table(rows), "2025-04-01")])
    write_handover(tmp_path / "a.zip", [package], title="しものせき情報マップ")
    write_handover(tmp_path / "b.zip", [package], title="しものせき情報マップ")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as zipped:
        parts = {n: zipped.read(n) for n in zipped.namelist()}
    with zipfile.ZipFile(io.BytesIO(parts["gis/352136_aed.zip"])) as inner:
        found = read_dbf(inner.read("352136_aed.dbf"))
    assert [r["名称:C"] for r in found] == ["美祢市役所", "〓野公民館"]  # the third row has no point
    columns = list(csv.reader(io.StringIO(parts["gis/352136_aed_columns.csv"].decode("utf-8-sig"))))
    assert ["全国地方01", "全国地方公共団体コード"] in columns and ["名称", "名称"] in columns
    remarks = list(csv.reader(io.StringIO(parts["gis/352136_aed_remarks.csv"].decode("utf-8-sig"))))
    assert [r[:2] for r in remarks[1:]] == [["2", "名称"], ["2", "備考"]]
    assert remarks[2][3] == "'=" + LONG  # whole, and no formula
    sheet = parts["登録項目.csv"].decode("utf-8-sig")
    for words in ("ESRI Shapefile(zip)", "JGD2011 緯度・経度(EPSG:6668)", "列名 全国地方01", "2件目の「名称」", "2件目の「備考」"):
        assert words in sheet and words in parts["登録項目.html"].decode()
    for line in parts["SHA256SUMS"].decode().splitlines():
        sha, name = line.split("  ")
        assert hashlib.sha256(parts[name]).hexdigest() == sha
    assert [p.name for p in read_handover(tmp_path / "a.zip", tmp_path / "in")] == ["352136_aed"]


@pytest.mark.parametrize("file", ["gis/352136_aed.zip", "gis/352136_aed_columns.csv"])
def test_a_changed_shapefile_is_refused_like_any_other_file(tmp_path: Path, file: str) -> None:
    write_handover(tmp_path / "a.zip", [make_package(tmp_path / "p")], title="x")
    with zipfile.ZipFile(tmp_path / "a.zip") as old, zipfile.ZipFile(tmp_path / "b.zip", "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name) + (b"x" if name == file else b""))
    with pytest.raises(CatalogueError) as stop:
        read_handover(tmp_path / "b.zip", tmp_path / "in")
    assert stop.value.code == "handover-damaged"


def test_a_dataset_without_points_has_no_shapefile(tmp_path: Path) -> None:
    rows = [[*r[:4], None, None, *r[6:]] for r in AED_ROWS]
    package = make_package(tmp_path / "p", resources=[ResourceData(None, make_table(rows), "2025-04-01")])
    write_handover(tmp_path / "a.zip", [package], title="x")
    assert not [n for n in zipfile.ZipFile(tmp_path / "a.zip").namelist() if n.startswith("gis/")]


def test_a_handover_is_for_the_bodies_that_name_the_catalogue_or_for_what_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = Path(__file__).parents[1] / "datasets"
    for body in ("352136_mine", "353442_hirao"):
        shutil.copytree(root / body, tmp_path / "datasets" / body)
    shutil.copy(root / "catalogues.yml", tmp_path / "datasets")
    place = ["--workspace", str(tmp_path)]
    words = ["handover", "--catalogue", "shimonoseki_map", "-o", str(tmp_path / "x.zip"), *place]
    assert main(["build", "aed", "--quiet", *place]) == 0
    assert main(words) == 0 and "に2件を入れました" in capsys.readouterr().out  # nobody names it: all
    file = tmp_path / "datasets" / "352136_mine" / "municipality.yml"
    told = file.read_text(encoding="utf-8")
    file.write_text(told.replace("catalogues: [embedded, ckan]", "catalogues: [embedded, ckan, shimonoseki_map]"), encoding="utf-8")
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "に1件を入れました" in out and "公開先ではない 山口県平生町" in out
    assert main([*words, "353442_aed"]) == 0 and "に1件を入れました" in capsys.readouterr().out
