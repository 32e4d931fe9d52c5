"""Addresses that say less or other than they seem: wards that are gone, a city without 市, a town that runs on into words."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from pipelines.geocode import Gazetteer, build_gazetteer, geocode_frame, parse_addresses, split_addresses
from tests.geocode_places import TOWNS, write_layout

WARDS = """
22 静岡県 22131 浜松市中区 221310095000 元城町 34.7108 137.7261
22 静岡県 22133 浜松市西区 221330034001 雄踏一丁目 34.6900 137.6500
22 静岡県 22135 浜松市北区 221350034000 細江町気賀 34.8100 137.6500
22 静岡県 22135 浜松市北区 221350090000 初生町 34.7600 137.7100
24 三重県 24202 四日市市 242020147000 諏訪町 34.9650 136.6240
24 三重県 24202 四日市市 242020288000 大字四日市 34.9600 136.6200
12 千葉県 12211 成田市 122110113000 成田 35.7860 140.3180
12 千葉県 12237 山武市 122370032000 殿台 35.6000 140.4100
35 山口県 35502 阿武郡阿武町 355020005000 大字奈古 34.5000 131.4700
35 山口県 35204 萩市 352040008000 大字江向 34.4080 131.4000
12 千葉県 12403 山武郡九十九里町 124030001000 片貝 35.5300 140.4400
34 広島県 34213 廿日市市 342130038001 下平良一丁目 34.3560 132.3300
34 広島県 34213 廿日市市 342130050000 廿日市 34.3500 132.3300
35 山口県 35343 熊毛郡田布施町 353430010000 大字別府 33.9500 132.0400
"""
_CITIES = """lg_code,pref,county,city,ward,ablt_date
221309,静岡県,,浜松市,,
221384,静岡県,,浜松市,中央区,
221392,静岡県,,浜松市,浜名区,
221406,静岡県,,浜松市,天竜区,
342131,広島県,,廿日市市,,
"""
_HISTORY = """市区町村コード,表記,都道府県,市区町村,区,施行,廃止,継承先市区町村コード
22131,静岡県浜松市中区,静岡県,浜松市,中区,2007-04-01,,
34304,広島県大野町,広島県,大野町,,1970-04-01,2005-11-03,34213
21403,岐阜県大野町,岐阜県,大野町,,1970-04-01,2005-11-03,35213
"""


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Gazetteer:
    folder = tmp_path_factory.mktemp("later")
    (folder / "cities.csv").write_text(_CITIES, encoding="utf-8")
    (folder / "history.csv").write_text(_HISTORY, encoding="utf-8")
    files = [write_layout(folder / "towns.csv", TOWNS + WARDS), folder / "cities.csv", folder / "history.csv"]
    build_gazetteer(files, folder / "store")
    return Gazetteer.open(folder / "store")


def read(gazetteer: Gazetteer, address: str, body: str | None = None) -> dict[str, object]:
    return parse_addresses(pl.Series([address]), gazetteer, body_code=body).row(0, named=True)


@pytest.mark.parametrize(("address", "city", "town", "former"), [
    ("静岡県浜松市中区元城町103-2", "浜松市中央区", "元城町", True),
    ("浜松市西区雄踏1-31-1", "浜松市中央区", "雄踏一丁目", True),
    ("浜松市北区細江町気賀305", "浜松市浜名区", "細江町気賀", True),
    ("静岡県浜松市北区初生町1", "浜松市中央区", "初生町", True),  # the part of 北区 that went elsewhere
    ("静岡県浜松市中央区元城町103-2", "浜松市中央区", "元城町", False),
    ("浜松市元城町103-2", "浜松市中央区", "元城町", False)])
def test_a_ward_that_is_gone_becomes_the_ward_of_today(
        later: Gazetteer, address: str, city: str, town: str, former: bool) -> None:
    row = read(later, address)
    assert (row["city"], row["town"], row["flags"]) == (city, town, "旧" if former else "")
    assert row["lat"] is not None and row["town_id"] is None  # the 町字ID of another ward is none of its own


def test_a_ward_stays_while_the_list_of_municipalities_does_not_know_its_heir(tmp_path: Path) -> None:
    build_gazetteer([write_layout(tmp_path / "towns.csv", WARDS)], tmp_path / "store")
    row = read(Gazetteer.open(tmp_path / "store"), "浜松市中区元城町103-2")
    assert (row["city"], row["town_id"]) == ("浜松市中区", "0095000")


@pytest.mark.parametrize(("address", "city", "town"), [
    ("三重県四日市諏訪町1-5", "四日市市", "諏訪町"), ("広島県廿日市下平良1-11-1", "廿日市市", "下平良一丁目"),
    ("三重県四日市市四日市1", "四日市市", "大字四日市"), ("山口県下関綾羅木本町3-1-20", "下関市", "綾羅木本町三丁目")])
def test_a_city_that_lacks_its_ending_behind_the_prefecture_is_read(
        later: Gazetteer, address: str, city: str, town: str) -> None:
    row = read(later, address)
    assert (row["city"], row["town"], row["reason"]) == (city, town, "")


@pytest.mark.parametrize("address", ["山口県山口公民館", "山口県下関", "山口県下関滝町1", "千葉県成田国際空港内"])
def test_a_city_without_its_ending_needs_one_of_its_towns(later: Gazetteer, address: str) -> None:
    assert read(later, address)["town"] == "" or read(later, address)["reason"] == "town-unsure"


@pytest.mark.parametrize("address", [
    "千葉県成田市成田国際空港内", "千葉県成田市成田町1-2", "千葉県成田市成田七本松", "三重県四日市市四日市港"])
def test_a_town_that_runs_on_into_other_words_is_unsure(later: Gazetteer, address: str) -> None:
    row = read(later, address)
    assert row["reason"] == "town-unsure"
    given = geocode_frame(pl.DataFrame({"住所": [address]}), "住所", later).row(0, named=True)
    assert (given["lat"], given["lon"], given["precision"], given["error_m"]) == (None, None, "", None)
    assert given["candidates"] == str(row["city"]) + str(row["town"])


@pytest.mark.parametrize(("address", "town", "lat"), [
    ("三重県四日市市諏訪町中央プラザ", "四日市市諏訪町", 34.965), ("美祢市秋芳町別府公民館", "美祢市秋芳町別府", 34.26),
    ("美祢市大嶺町東分平城326-1", "美祢市大嶺町東分", 34.181474), ("千葉県成田市成田平城5", "成田市成田", 35.786)])
def test_an_unsure_town_that_is_most_likely_right_keeps_its_point_and_says_so(
        later: Gazetteer, address: str, town: str, lat: float) -> None:
    row = geocode_frame(pl.DataFrame({"住所": [address]}), "住所", later).row(0, named=True)
    assert (row["reason"], row["candidates"], row["lat"]) == ("town-unsure", town, lat)


@pytest.mark.parametrize("address", [
    "千葉県成田市成田1-2", "千葉県成田市成田 空港内", "千葉県成田市成田（空港内）", "千葉県成田市成田字谷5",
    "千葉県成田市大字成田谷5", "千葉県成田市成田付近", "千葉県成田市成田地内", "千葉県成田市成田甲12", "千葉県成田市成田十二番地",
    "千葉県成田市成田西5番地", "山口県下関市綾羅木本町三丁目公民館"])
def test_what_follows_a_town_without_doubt_leaves_it_sure(later: Gazetteer, address: str) -> None:
    row = read(later, address)
    assert (row["reason"], row["lat"] is None) == ("", False)


def test_an_unsure_town_splits_into_the_words_that_were_written(later: Gazetteer) -> None:
    parts = split_addresses(pl.Series(["千葉県成田市成田国際空港内", "美祢市大嶺町東分字平城326-1外2筆"]), later, body_code=None)
    assert parts.select("city", "town", "rest", "building", "town_id").rows() == [
        ("成田市", "成田国際空港内", None, None, None), ("美祢市", "大嶺町東分字平城", "326-1", "外2筆", "0008000")]


def test_a_former_town_of_another_prefecture_does_not_contest_the_stated_one(later: Gazetteer) -> None:
    assert read(later, "広島県佐伯郡大野町")["city"] == "廿日市市"


def test_a_name_that_ends_a_town_of_the_body_is_not_sought_elsewhere(later: Gazetteer) -> None:
    row = read(later, "別府1234", "352136")
    assert (row["city"], row["town"], row["reason"]) == ("美祢市", "", "town-not-found")
    assert geocode_frame(pl.DataFrame({"住所": ["別府1234"]}), "住所", later, body_code="352136")["candidates"][0] == "秋芳町別府"
    assert read(later, "別府1234")["city"] == "田布施町"


@pytest.mark.parametrize(("address", "city"), [
    ("千葉県山武郡山武市殿台296", "山武市"), ("山口県阿武郡萩市江向510", "萩市"),  # the city bears its name; its towns went there
    ("山口県美祢郡美祢市大嶺町東分1", "美祢市"), ("山口県阿武郡美祢市大嶺町東分1", ""), ("阿武郡美祢市大嶺町東分1", "")])
def test_a_county_before_a_city_must_be_one_that_its_towns_left(later: Gazetteer, address: str, city: str) -> None:
    row = read(later, address)
    assert row["city"] == city and (city or row["reason"] == "municipality-not-found")


@pytest.mark.parametrize("mark", ['"', "=", "●", "・", "※ ", "□"])
def test_a_mark_of_a_list_before_the_address_is_skipped(later: Gazetteer, mark: str) -> None:
    assert read(later, f"{mark}山口県山口市滝町1-1")["town"] == "滝町"


@pytest.mark.parametrize(("address", "reason"), [
    ("熊毛郡架空町大字奈古1", "municipality-not-found"), ("架空市架空1-1", "municipality-not-found"),
    ("市民会館1階", "no-address"), ("各公民館", "no-address"), ("区役所3階", "no-address"), ("不明", "no-address")])
def test_what_names_a_municipality_is_no_missing_address(later: Gazetteer, address: str, reason: str) -> None:
    assert read(later, address)["reason"] == reason
