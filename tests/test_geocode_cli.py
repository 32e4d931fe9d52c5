"""`kokai geocode` and `kokai gazetteer` as a person calls them: files, a pipe, answers, boundaries, clear stops."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pipelines.errors import SourceError
from pipelines.geocode import Gazetteer, area_files, build_gazetteer, default_gazetteer_folder, gazetteer_status
from pipelines.model import Finding, findings_frame
from publish.cli import main
from publish.commands.geocode import _tell_left_out
from publish.run import Place, open_gazetteer, open_workspace, surroundings
from tests.geocode_places import write_layout

ROOT = Path(__file__).parents[1]
ADDRESSES = "名称,住所\n市役所,山口県美祢市大嶺町東分326-1\n公民館,綾羅木本町3-1-20\n不明,\n"


def square(code: str, city: str, west: float) -> dict[str, object]:
    """A made-up outline in the layout of N03."""
    ring = [[west, 34.0], [west + 0.3, 34.0], [west + 0.3, 34.4], [west, 34.4], [west, 34.0]]
    return {"type": "Feature", "properties": {"N03_001": "山口県", "N03_003": None, "N03_004": city, "N03_007": code},
            "geometry": {"type": "Polygon", "coordinates": [ring]}}


def n03_text() -> str:
    return json.dumps({"type": "FeatureCollection", "name": "N03-20240101_35", "features": [
        square("35213", "美祢市", 131.1), square("35203", "山口市", 131.4), square("40131", "福岡市", 130.5),
        {"type": "Feature", "properties": {"N03_001": "山口県", "N03_004": "所属未定地", "N03_007": None},
         "geometry": None}]}, ensure_ascii=False)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gazetteer")
    build_gazetteer([write_layout(folder / "towns.csv")], folder / "store")
    return folder / "store"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "list.csv"
    path.write_text(ADDRESSES, encoding="utf-8")
    return path


def test_geocode_adds_parts_and_points_to_standard_output(
        store: Path, table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["geocode", str(table), "--gazetteer", str(store), "--body", "352012"]) == 0
    rows = pl.read_csv(io.StringIO(capsys.readouterr().out), infer_schema=False)
    assert rows["town"].to_list() == ["大嶺町東分", "綾羅木本町三丁目", ""]
    assert rows["lat"][0].startswith("34.1814")
    assert rows["reason"][2] == "no-address"


def test_out_writes_a_csv_for_excel(store: Path, table: Path, tmp_path: Path) -> None:
    out = tmp_path / "points.csv"
    assert main(["geocode", str(table), "--gazetteer", str(store), "--out", str(out)]) == 0
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    assert pl.read_csv(out, infer_schema=False)["level"].to_list() == ["3", "4", "0"]


def test_a_dash_reads_a_pipe(store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(ADDRESSES.encode()), encoding="utf-8"))
    assert main(["geocode", "-", "--gazetteer", str(store)]) == 0
    assert "大嶺町東分" in capsys.readouterr().out


def test_rows_that_are_left_out_are_told(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "list.csv"
    path.write_text("番号,名称,住所\n1,市役所,山口県美祢市大嶺町東分326-1\n2,公民館,綾羅木本町3-1-20\n,,\n合計,2,\n"
                    "※令和5年4月現在\n", encoding="utf-8")
    assert main(["geocode", str(path), "--gazetteer", str(store)]) == 0
    told = capsys.readouterr()
    assert pl.read_csv(io.StringIO(told.out), infer_schema=False).height == 2
    assert "total-row-left-out" in told.err and "note-row-left-out" in told.err and "合計 2" in told.err
    assert main(["geocode", str(path), "--gazetteer", str(store), "--quiet"]) == 0
    assert capsys.readouterr().err == ""


def test_many_rows_of_one_kind_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    _tell_left_out(findings_frame([Finding("total-row-left-out", i, None, "計", {"rule": "L1-04"}) for i in range(12)]))
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 11 and told[-1].startswith("ほかに2件")


def test_escaped_line_breaks_of_a_workbook_are_no_part_of_the_address(
        store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "list.csv"
    path.write_text('名称,住所\n会館,"美祢市大嶺町東分326-1_x000D_\n市役所裏"\n支所,美祢市_x000D_大嶺町東分1\n', encoding="utf-8")
    assert main(["geocode", str(path), "--gazetteer", str(store)]) == 0
    rows = pl.read_csv(io.StringIO(capsys.readouterr().out), infer_schema=False)
    assert rows["building"].to_list() == ["市役所裏", ""] and rows["rest"].to_list() == ["326-1", "1"]
    assert rows["住所"][0] == "美祢市大嶺町東分326-1_x000D_\n市役所裏"  # the file's own column stays


def test_json_is_one_object_a_line(store: Path, table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["geocode", str(table), "--gazetteer", str(store), "--format", "json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[0]["city"] == "美祢市" and lines[0]["precision"] == "oaza"


def test_a_missing_column_says_which_columns_there_are(
        store: Path, table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["geocode", str(table), "--gazetteer", str(store), "--column", "所在地"]) == 2
    assert "名称, 住所" in capsys.readouterr().err


def test_evaluate_prints_accuracy(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = tmp_path / "cases.csv"
    cases.write_text("input,city,town,lat,lon\n美祢市大嶺町東分326-1,美祢市,大嶺町東分,34.18,131.21\n", encoding="utf-8")
    assert main(["geocode", str(cases), "--gazetteer", str(store), "--evaluate", "--format", "json"]) == 0
    told = {row["measure"]: row for row in json.loads(capsys.readouterr().out)}
    assert told["town"]["percent"] == 100 and told["within_1km"]["right"] == 1
    assert main(["geocode", str(cases), "--gazetteer", str(store), "--evaluate"]) == 0
    assert "median_m" in capsys.readouterr().out


def test_without_address_data_the_stop_says_what_to_add(
        table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["geocode", str(table), "--gazetteer", str(tmp_path / "none")]) == 2
    err = capsys.readouterr().err
    assert "gazetteer-missing" in err and "kokai gazetteer add" in err


def test_a_store_of_another_version_is_told_and_can_be_made_again(
        store: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = tmp_path / "old"
    shutil.copytree(store, old)
    index = old / json.loads((old / "store.json").read_text())["index"]
    (index / "town-lat.npy").unlink()
    assert not Gazetteer.exists(old) and Gazetteer.outdated(old)
    assert main(["geocode", str(table), "--gazetteer", str(old)]) == 2
    assert "gazetteer-outdated" in capsys.readouterr().err
    assert main(["gazetteer", "status", "--gazetteer", str(old)]) == 0
    assert "追加し直して" in capsys.readouterr().out
    build_gazetteer([], old)
    assert Gazetteer.exists(old) and Gazetteer.open(old).towns.height == Gazetteer.open(store).towns.height
    state = json.loads((old / "store.json").read_text()) | {"format": 0}
    (old / "store.json").write_text(json.dumps(state), encoding="utf-8")
    with pytest.raises(SourceError, match="gazetteer-outdated"):
        open_gazetteer(Place(tmp_path), None, old)


def test_the_sample_gazetteer_of_a_workspace_is_made_again_when_its_store_is_old(tmp_path: Path) -> None:
    (tmp_path / "datasets").mkdir()
    write_layout(tmp_path / "datasets" / "sample_gazetteer.csv")
    place = Place(tmp_path)
    first = open_gazetteer(place, None, tmp_path / "none")
    assert first is not None
    towns = first.towns.height
    (first.folder / str(first.provenance["index"]) / "towns.arrow").unlink()
    again = open_gazetteer(place, None, tmp_path / "none")
    assert again is not None and again.towns.height == towns


def test_add_and_status_through_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    towns, folder = write_layout(tmp_path / "towns.csv"), tmp_path / "store"
    assert main(["gazetteer", "status", "--gazetteer", str(folder)]) == 0
    assert "まだありません" in capsys.readouterr().out
    assert main(["gazetteer", "add", str(towns), "--gazetteer", str(folder)]) == 0
    assert "位置参照情報" in capsys.readouterr().out
    assert main(["gazetteer", "status", "--gazetteer", str(folder), "--format", "json"]) == 0
    status = json.loads(capsys.readouterr().out)
    assert status["present"] and status["sources"][0]["layout"] == "town"


def test_the_default_store_stands_under_xdg_data_home(
        tmp_path: Path, table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert main(["gazetteer", "add", str(write_layout(tmp_path / "towns.csv"))]) == 0
    assert Gazetteer.exists(default_gazetteer_folder({"XDG_DATA_HOME": str(tmp_path / "data")}))
    capsys.readouterr()
    assert main(["geocode", str(table)]) == 0
    assert "大嶺町東分" in capsys.readouterr().out


@pytest.mark.parametrize("zipped", [False, True])
def test_official_boundaries_are_kept_beside_the_addresses(
        zipped: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, path = tmp_path / "store", tmp_path / "N03-20240101_35.geojson"
    path.write_text(n03_text(), encoding="utf-8")
    if zipped:
        with zipfile.ZipFile(tmp_path / "N03-20240101_35_GML.zip", "w") as archive:
            archive.write(path, path.name)
            archive.writestr("N03-20240101_35.shp", b"")
        path = tmp_path / "N03-20240101_35_GML.zip"
    assert main(["gazetteer", "add", str(path), "--gazetteer", str(folder)]) == 0
    assert "行政区域データ" in capsys.readouterr().out
    assert not Gazetteer.exists(folder)
    files = area_files(folder, ["352136", "401307", "350001", "011002"])
    assert {c: p.name for c, p in files.items()} == {
        "352136": "35213.geojson", "401307": "40130.geojson", "350001": "35000.geojson"}
    build_gazetteer([write_layout(tmp_path / "towns.csv")], folder)
    assert {s["layout"] for s in gazetteer_status(folder)["sources"]} == {"area", "town"}
    assert Gazetteer.open(folder).credits == ("「位置参照情報」（国土交通省）を加工して作成",)


def test_a_broken_boundary_file_is_told_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "N03_35.geojson"
    path.write_text(n03_text()[:-40], encoding="utf-8")
    assert main(["gazetteer", "add", str(path), "--gazetteer", str(tmp_path / "store")]) == 2
    err = capsys.readouterr().err
    assert "area-file-broken" in err and "N03_35.geojson" in err


def test_the_line_takes_the_official_boundary_before_the_rough_outline(tmp_path: Path) -> None:
    path = tmp_path / "N03_35.geojson"
    path.write_text(n03_text(), encoding="utf-8")
    build_gazetteer([path], tmp_path / "store")
    workspace, place = open_workspace(ROOT), Place(ROOT)
    rough = surroundings(workspace, place, gazetteer=None).areas["352136"]
    official = surroundings(workspace, place, gazetteer=None, boundaries=tmp_path / "store").areas["352136"]
    assert rough.name == "area.geojson" and official == tmp_path / "store" / "areas" / "35213.geojson"


def test_a_point_outside_the_official_boundary_is_found(tmp_path: Path) -> None:
    from pipelines.geo import load_area

    path = tmp_path / "N03_35.geojson"
    path.write_text(n03_text(), encoding="utf-8")
    build_gazetteer([path], tmp_path / "store")
    area = load_area(area_files(tmp_path / "store", ["352136"])["352136"], "352136")
    assert area.contains(np.array([34.2, 34.2]), np.array([131.2, 132.0])).tolist() == [True, False]


def piped(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))


def test_a_pipe_may_bring_cp932_as_a_file_may(
        store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    piped(monkeypatch, ADDRESSES.replace("住所", "所在地").encode("cp932"))  # and the address column is found
    assert main(["geocode", "-", "--gazetteer", str(store)]) == 0
    told = capsys.readouterr()
    assert "大嶺町東分" in told.out
    assert "位置参照情報" in told.err and "3件のうち" in told.err


@pytest.mark.parametrize(("data", "code"), [(b"", "file-empty"), (bytes(range(256)) * 4, "format-unknown")])
def test_a_pipe_without_a_table_stops_with_words(
        store: Path, data: bytes, code: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    piped(monkeypatch, data)
    assert main(["geocode", "-", "--gazetteer", str(store)]) == 2
    assert code in capsys.readouterr().err


@pytest.mark.parametrize(("more", "code"), [
    (["--body", "999999"], "body-unknown"), (["--evaluate"], "column-missing"), (["--column", "番地"], "column-missing")])
def test_what_cannot_be_done_is_told_and_is_no_bug(
        store: Path, table: Path, more: list[str], code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["geocode", str(table), "--gazetteer", str(store), *more]) == 2
    assert code in capsys.readouterr().err
    assert main(["geocode", "none.csv", "--gazetteer", str(store), *more]) == 2
    assert "file-missing" in capsys.readouterr().err


def test_a_datum_grid_is_told_from_address_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "TKY2JGD.tif"
    path.write_bytes(b"II*\x00" + bytes(100))
    assert main(["gazetteer", "add", str(path), "--gazetteer", str(tmp_path / "store")]) == 2
    assert "grid-unreadable" in capsys.readouterr().err
    assert main(["gazetteer", "status", "--gazetteer", str(tmp_path / "store"), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["datum_grid"] is None
