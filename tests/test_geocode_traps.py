"""Addresses that read like another place: a repeated city, an unread municipality, a post code before 三重県."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.geocode import Gazetteer, build_gazetteer, parse_addresses
from tests.geocode_places import write_layout

TOWNS = """
01 北海道 01103 札幌市東区 011030115001 本町一条一丁目 43.0802 141.3799
01 北海道 01202 函館市 012020010000 本町 41.7900 140.7500
03 岩手県 03202 宮古市 032020001000 宮古 39.6400 141.9500
03 岩手県 03202 宮古市 032020002000 鍬ヶ崎下町 39.6500 141.9700
12 千葉県 12207 松戸市 122070001000 千駄堀 35.8100 139.9400
13 東京都 13208 調布市 132080010000 本町 35.6500 139.5400
17 石川県 17384 羽咋郡志賀町 173840001000 稲敷 37.0500 136.7800
24 三重県 24201 津市 242010001000 長岡町 34.7300 136.4900
24 三重県 24202 四日市市 242020001000 三重 34.9800 136.5700
27 大阪府 27208 貝塚市 272080001000 吉野町 34.4300 135.3600
35 山口県 35208 岩国市 352080100000 玖珂町 34.0900 132.0700
35 山口県 35208 岩国市 352080110000 錦町広瀬 34.2700 131.9500
40 福岡県 40217 筑紫野市 402170001000 大字筑紫 33.4700 130.5300
"""


@pytest.fixture(scope="module")
def gazetteer(tmp_path_factory: pytest.TempPathFactory) -> Gazetteer:
    folder = tmp_path_factory.mktemp("traps")
    build_gazetteer([write_layout(folder / "towns.csv", TOWNS)], folder / "store")
    return Gazetteer.open(folder / "store")


def read(gazetteer: Gazetteer, address: str) -> tuple[str, str, int]:
    row = parse_addresses(pl.Series([address]), gazetteer).row(0, named=True)
    return row["city"], row["town"], row["level"]


@pytest.mark.parametrize(("address", "city", "town"), [
    ("岩手県宮古市宮古市鍬ヶ崎下町110-28", "宮古市", "鍬ヶ崎下町"),  # 宮古 is a town of 宮古市
    ("岩手県宮古市岩手県宮古市鍬ヶ崎下町1", "宮古市", "鍬ヶ崎下町"),
    ("岩手県宮古市宮古1", "宮古市", "宮古"),
    ("三重県三重県津市長岡町2205-15", "津市", "長岡町"),  # 三重 is a town of 四日市市
    ("三重県四日市市三重1", "四日市市", "三重")])
def test_a_name_that_stands_twice_is_read_once(gazetteer: Gazetteer, address: str, city: str, town: str) -> None:
    assert read(gazetteer, address)[:2] == (city, town)


@pytest.mark.parametrize("address", [
    "石川県稲敷市月出里2387-23", "福岡県筑紫郡太宰府町大字太宰府1", "石川県稲敷郡美浦村受領1515", "稲敷市月出里1",
    "石川県稲敷原市新田1"])
def test_a_municipality_that_is_not_known_is_no_town_of_another(gazetteer: Gazetteer, address: str) -> None:
    assert read(gazetteer, address)[1:] in {("", 0), ("", 1)}


def test_a_town_that_several_have_is_not_read_as_a_longer_one_with_its_number(gazetteer: Gazetteer) -> None:
    assert read(gazetteer, "本町1-1") == ("", "", 0)
    assert read(gazetteer, "札幌市東区本町1-1")[1] == "本町一条一丁目"


@pytest.mark.parametrize("code", ["〒514-0001", "〒514-0001 ", "514-0001", "5140001 ", "〒５１４－０００１　", "(〒514-0001)",
                                  "郵便番号514-0001 ", "〒514-0001\n", "〒"])
@pytest.mark.parametrize(("address", "city", "town"), [
    ("三重県津市長岡町1-1", "津市", "長岡町"), ("千葉県松戸市千駄堀1-1", "松戸市", "千駄堀")])
def test_a_post_code_does_not_join_a_name_that_begins_with_a_numeral(
        gazetteer: Gazetteer, code: str, address: str, city: str, town: str) -> None:
    assert read(gazetteer, code + address)[:2] == (city, town)


@pytest.mark.parametrize(("address", "town"), [
    ("玖珂郡玖珂町4961-3", "玖珂町"), ("山口県玖珂郡玖珂町", "玖珂町"), ("玖珂郡錦町広瀬1", "錦町広瀬"), ("玖珂郡錦町1", "")])
def test_a_former_municipality_that_is_a_town_today_is_that_town(gazetteer: Gazetteer, address: str, town: str) -> None:
    assert read(gazetteer, address)[:2] == ("岩国市", town)


@pytest.mark.parametrize("address", ["貝塚市𠮷野町1", "貝塚市吉埜町1"])
def test_old_forms_of_signs_beyond_the_first_plane_fold_too(gazetteer: Gazetteer, address: str) -> None:
    assert read(gazetteer, address)[1] == "吉野町"
