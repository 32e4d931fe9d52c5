"""Official files to the store: layouts, several prefectures, provenance, download from a loopback server."""

from __future__ import annotations

import gzip
import http.server
import io
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import SourceError
from pipelines.geocode import (
    Gazetteer,
    build_gazetteer,
    default_gazetteer_folder,
    download,
    gazetteer_status,
    official_names,
    parse_addresses,
)
from tests.geocode_places import TOWNS, write_layout

# ABR layouts (headings of the downloads of 2024-2026), rows written for the test.
CITY = "lg_code,pref,pref_kana,pref_roma,county,county_kana,county_roma,city,city_kana,city_roma,ward,ward_kana," \
    "ward_roma,efct_date,ablt_date,remarks\n302015,和歌山県,,,,,,和歌山市,,,,,,1947-04-17,,\n"
CITY_POS = "lg_code,rep_lon,rep_lat,rep_srid\n302015,135.1708,34.2305,EPSG:6668\n"
TOWN = "lg_code,machiaza_id,machiaza_type,pref,county,city,ward,oaza_cho,chome,koaza,rsdt_addr_flg,ablt_date\n" \
    "302015,0001000,1,和歌山県,,和歌山市,,葵町,,,1,\n302015,0009000,1,和歌山県,,和歌山市,,加太,,,0,\n" \
    "302015,0009101,3,和歌山県,,和歌山市,,加太,,深山,0,\n"
TOWN_POS = "lg_code,machiaza_id,rsdt_addr_flg,rep_lon,rep_lat\n302015,0001000,1,135.163085,34.21348\n" \
    "302015,0009000,0,135.07,34.27\n"
RSDT = "lg_code,machiaza_id,blk_id,rsdt_id,rsdt2_id,city,ward,oaza_cho,chome,koaza,machiaza_dist,blk_num,rsdt_num," \
    "rsdt_num2,ablt_date\n302015,0001000,001,001,,和歌山市,,葵町,,,,1,1,,\n302015,0001000,001,002,,和歌山市,,葵町,,,,1,2,,\n"
RSDT_POS = "lg_code,machiaza_id,blk_id,rsdt_id,rsdt2_id,rep_lon,rep_lat\n" \
    "302015,0001000,001,001,,135.165196745,34.214456043\n302015,0001000,001,002,,135.165204936,34.214374032\n"
PARCEL = "lg_code,machiaza_id,prc_id,city,ward,oaza_cho,chome,koaza,prc_num1,prc_num2,prc_num3,ablt_date\n" \
    "302015,0009101,000120000300000,和歌山市,,加太,,深山,12,3,,\n"
PARCEL_POS = "lg_code,machiaza_id,prc_id,rep_lon,rep_lat\n302015,0009101,000120000300000,135.06,34.28\n"
BLOCKS = "都道府県名,市区町村名,大字・丁目名,小字・通称名,街区符号・地番,座標系番号,Ｘ座標,Ｙ座標,緯度,経度,住居表示フラグ," \
    "代表フラグ,更新前履歴フラグ,更新後履歴フラグ\n山口県,下関市,綾羅木本町三丁目,,1,3,0,0,34.0031,130.9201,1,1,0,0\n" \
    "山口県,美祢市,大嶺町東分,,326,3,0,0,34.1700,131.2000,0,1,0,0\n"


def zipped(name: str, text: str, encoding: str = "utf-8") -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name, (2024, 3, 12, 0, 0, 0)), text.encode(encoding))
    return held.getvalue()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    for name, text in (("mt_city_all", CITY), ("mt_city_pos_all", CITY_POS), ("mt_town_pref30", TOWN),
                       ("mt_town_pos_pref30", TOWN_POS), ("mt_rsdtdsp_rsdt_pref30", RSDT),
                       ("mt_rsdtdsp_rsdt_pos_pref30", RSDT_POS), ("mt_parcel_city302015", PARCEL),
                       ("mt_parcel_pos_city302015", PARCEL_POS)):
        (folder / f"{name}.csv.zip").write_bytes(zipped(f"{name}.csv", text))
    wakayama = "30 和歌山県 30201 和歌山市 302010001000 葵町 34.213480 135.163085"
    path = write_layout(folder / "30_2023.csv", wakayama)
    (folder / "30000-17.0b.zip").write_bytes(zipped("30000-17.0b/30_2023.csv", path.read_bytes().decode("cp932"),
                                                    "cp932"))
    (folder / "blocks.csv").write_bytes(BLOCKS.encode("cp932"))
    return folder


def one(gazetteer: Gazetteer, address: str) -> dict[str, object]:
    return parse_addresses(pl.Series([address]), gazetteer).row(0, named=True)


def test_the_official_zips_give_buildings_blocks_and_parcels(files: Path, tmp_path: Path) -> None:
    build_gazetteer(sorted(files.glob("*.zip")), tmp_path)
    gazetteer = Gazetteer.open(tmp_path)
    house = one(gazetteer, "和歌山県和歌山市葵町1番2号")
    assert (house["precision"], house["level"], house["lat"]) == ("building", 8, 34.214374)
    assert one(gazetteer, "和歌山市葵町1-9")["precision"] == "block"
    parcel = one(gazetteer, "和歌山市加太字深山12番地3")
    assert (parcel["precision"], parcel["town"], parcel["lat"]) == ("parcel", "加太深山", 34.28)
    assert one(gazetteer, "和歌山市加太12-3")["precision"] == "parcel"  # the 小字 left out, the number stands once
    assert one(gazetteer, "和歌山市加太字深山")["precision"] == "oaza"  # a 小字 without a point says so
    assert one(gazetteer, "和歌山市葵町")["town_id"] == "0001000"
    assert len(gazetteer.credits) == 2 and all("加工" in c for c in gazetteer.credits)


def test_street_blocks_of_the_ministry_join_their_towns(files: Path, tmp_path: Path) -> None:
    build_gazetteer([write_layout(tmp_path / "t.csv"), files / "blocks.csv"], tmp_path / "store")
    gazetteer = Gazetteer.open(tmp_path / "store")
    assert one(gazetteer, "下関市綾羅木本町3-1-20")["precision"] == "block"
    branch = one(gazetteer, "美祢市大嶺町東分326-1")
    assert (branch["precision"], branch["flags"]) == ("parcel", "枝番")  # only 326 is known
    assert one(gazetteer, "美祢市大嶺町東分326番地")["flags"] == ""
    assert one(gazetteer, "美祢市大嶺町東分327")["precision"] == "oaza"


def test_files_add_up_and_a_newer_one_of_the_same_area_replaces(files: Path, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    build_gazetteer([write_layout(tmp_path / "a.csv")], folder)
    build_gazetteer([files / "30000-17.0b.zip"], folder)
    gazetteer = Gazetteer.open(folder)
    assert one(gazetteer, "和歌山市葵町1")["level"] == 3 and one(gazetteer, "美祢市大嶺町東分1")["level"] == 3
    assert len(gazetteer_status(folder)["sources"]) == 2
    build_gazetteer([files / "30000-17.0b.zip"], folder)
    assert len(gazetteer_status(folder)["sources"]) == 2
    assert len(list(folder.glob("index-*"))) == 1


def test_points_of_the_prefectures_do_not_take_the_place_of_the_municipalities(tmp_path: Path) -> None:
    head = "lg_code,rep_lon,rep_lat,rep_srid\n"
    files = {"towns.csv": "", "mt_city_pos_all.csv": "352136,131.2056,34.1666,EPSG:6668\n372013,134.05,34.34,EPSG:6668\n",
             "mt_pref_pos_all.csv": "350001,131.4714,34.1861,EPSG:6668\n370002,134.04,34.34,EPSG:6668\n"}
    write_layout(tmp_path / "towns.csv")
    for name in list(files)[1:]:
        (tmp_path / name).write_text(head + files[name], encoding="utf-8")
    build_gazetteer([tmp_path / name for name in files], tmp_path / "store")
    row = one(Gazetteer.open(tmp_path / "store"), "山口県美祢市")
    assert (row["precision"], row["lat"]) == ("city", 34.1666)


def test_street_blocks_of_two_towns_of_one_prefecture_stand_side_by_side(files: Path, tmp_path: Path) -> None:
    head, *rows = (files / "blocks.csv").read_bytes().decode("cp932").splitlines()
    added = [write_layout(tmp_path / "towns.csv")]
    for city in ("下関市", "美祢市"):
        own = [row for row in rows if city in row]
        assert own
        added.append(tmp_path / f"{city}.csv")
        added[-1].write_bytes(("\r\n".join([head, *own]) + "\r\n").encode("cp932"))
    for path in added:
        build_gazetteer([path], tmp_path / "store")
    gazetteer = Gazetteer.open(tmp_path / "store")
    assert one(gazetteer, "下関市綾羅木本町3-1-20")["precision"] == "block"
    assert one(gazetteer, "美祢市大嶺町東分326番地")["precision"] == "parcel"


def test_gz_and_parquet_are_read_too(tmp_path: Path) -> None:
    plain = write_layout(tmp_path / "a.csv")
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
    pl.read_csv(plain.read_bytes().decode("cp932").encode(), infer_schema=False).write_parquet(tmp_path / "a.parquet")
    for name in ("a.csv.gz", "a.parquet"):
        build_gazetteer([tmp_path / name], tmp_path / name.replace(".", "-"))
        assert Gazetteer.open(tmp_path / name.replace(".", "-")).towns.height > len(TOWNS.strip().splitlines()) - 1


def test_the_same_files_give_the_same_store(tmp_path: Path) -> None:
    source = write_layout(tmp_path / "a.csv")
    for name in ("one", "two"):
        build_gazetteer([source], tmp_path / name)
    first = {p.relative_to(tmp_path / "one"): p.read_bytes() for p in (tmp_path / "one").rglob("*") if p.is_file()}
    second = {p.relative_to(tmp_path / "two"): p.read_bytes() for p in (tmp_path / "two").rglob("*") if p.is_file()}
    assert first == second


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"PK\x03\x04broken", b"\x1f\x8bbroken", b"PAR1broken",
                                     b"\x81\xff\x00"])
def test_a_file_of_another_kind_is_refused_and_the_store_stays(tmp_path: Path, content: bytes) -> None:
    build_gazetteer([write_layout(tmp_path / "a.csv")], tmp_path / "store")
    (tmp_path / "b.csv").write_bytes(content)
    with pytest.raises(SourceError):
        build_gazetteer([tmp_path / "b.csv"], tmp_path / "store")
    assert Gazetteer.open(tmp_path / "store").towns.height > 0


def test_a_folder_that_takes_no_files_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    for make in (lambda: build_gazetteer([write_layout(tmp_path / "a.csv")], tmp_path / "file"),
                 lambda: download("35", tmp_path / "file", base_url="http://127.0.0.1:9")):
        with pytest.raises(SourceError) as stop:
            make()
        assert stop.value.code == "gazetteer-unwritable"


@pytest.mark.parametrize("part", ["names-hashes.npy", "cities.arrow", "town-lat.npy"])
def test_a_store_with_an_empty_part_is_told_as_damaged(tmp_path: Path, part: str) -> None:
    source = write_layout(tmp_path / "a.csv")
    build_gazetteer([source], tmp_path / "store")
    (index,) = (tmp_path / "store").glob("index-*")
    (index / part).write_bytes(b"")
    with pytest.raises(SourceError) as stop:
        Gazetteer.open(tmp_path / "store")
    assert stop.value.code == "gazetteer-broken"
    build_gazetteer([source], tmp_path / "store")
    assert one(Gazetteer.open(tmp_path / "store"), "美祢市大嶺町東分1")["level"] == 3


def test_kept_rows_that_are_gone_are_named_and_can_be_added_again(files: Path, tmp_path: Path) -> None:
    source, folder = write_layout(tmp_path / "a.csv"), tmp_path / "store"
    build_gazetteer([source], folder)
    (kept,) = (folder / "sources").glob("*.parquet")
    kept.unlink()
    with pytest.raises(SourceError) as stop:
        build_gazetteer([files / "30000-17.0b.zip"], folder)
    assert stop.value.code == "gazetteer-broken" and "a.csv" in stop.value.todo_ja
    build_gazetteer([source], folder)
    assert one(Gazetteer.open(folder), "美祢市大嶺町東分1")["level"] == 3


@pytest.mark.parametrize("content", ["", "[]", "{bad", "3"])
def test_a_damaged_store_file_is_no_store(tmp_path: Path, content: str) -> None:
    (tmp_path / "store.json").write_text(content, encoding="utf-8")
    assert not Gazetteer.exists(tmp_path) and not gazetteer_status(tmp_path)["present"]


def test_no_store_is_said_clearly(tmp_path: Path) -> None:
    assert not Gazetteer.exists(tmp_path)
    with pytest.raises(SourceError) as problem:
        Gazetteer.open(tmp_path)
    assert problem.value.code == "gazetteer-missing"
    assert gazetteer_status(tmp_path)["present"] is False


def test_the_default_folder_follows_xdg() -> None:
    assert default_gazetteer_folder({"XDG_DATA_HOME": "/x"}) == Path("/x/kokai/gazetteer")
    assert default_gazetteer_folder({"HOME": "/h"}) == Path("/h/.local/share/kokai/gazetteer")


@pytest.fixture
def server(files: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(files))  # type: ignore[arg-type]

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()


@pytest.mark.parametrize("name", ["和歌山県", "和歌山", "30"])
def test_download_fetches_the_official_names_and_builds(server: str, tmp_path: Path, name: str) -> None:
    report = download(name, tmp_path, base_url=server)
    assert report.towns >= 3 and not (tmp_path / "download").exists()
    assert one(Gazetteer.open(tmp_path), "和歌山市葵町1-1")["precision"] == "building"


def test_download_of_a_missing_file_stops_and_leaves_nothing(server: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as problem:
        download("35", tmp_path, base_url=server)
    assert problem.value.code == "gazetteer-download-failed"
    assert not Gazetteer.exists(tmp_path) and not (tmp_path / "download").exists()
    with pytest.raises(SourceError):
        download("架空県", tmp_path, base_url=server)


def test_the_official_names_are_the_publishers() -> None:
    mlit, abr = official_names("35")
    assert mlit == ("17.0b/35000-17.0b.zip",) and "mt_town_pos_pref35.csv.zip" in abr
