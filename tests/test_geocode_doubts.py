"""Numbers that are names, regions before municipalities, names that fold alike: what the text around them tells."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.geocode import Gazetteer, build_gazetteer, parse_address, parse_addresses

TOWN_HEAD = "lg_code,machiaza_id,machiaza_type,pref,county,city,ward,oaza_cho,chome,koaza,rsdt_addr_flg,ablt_date\n"
CITY_HEAD = ("lg_code,pref,pref_kana,pref_roma,county,county_kana,county_roma,city,city_kana,city_roma,ward,ward_kana,"
             "ward_roma,efct_date,ablt_date,remarks\n")
HISTORY_HEAD = "市区町村コード,表記,都道府県,郡,市区町村,区,施行,廃止,継承先市区町村コード\n"
# code, 都道府県, 郡, 市区町村, 区, 大字・町, 丁目, 小字 (names and codes of アドレス・ベース・レジストリ)
TOWNS = """
262013 京都府 - 福知山市 - 駅南町 三丁目 -
262013 京都府 - 福知山市 - - - 字十二
261041 京都府 - 京都市 中京区 上本能寺前町 - -
261041 京都府 - 京都市 中京区 弁慶石町 - -
261041 京都府 - 京都市 中京区 大黒町 - -
182095 福井県 - 越前市 - 小松 二丁目 -
182095 福井県 - 越前市 - 小松二丁目 - １２字
182079 福井県 - 鯖江市 - 水落町 二丁目 -
182079 福井県 - 鯖江市 - 水落町 - ２字
042111 宮城県 - 岩沼市 - 下野郷 - -
042111 宮城県 - 岩沼市 - 下野郷 - 字汐入二
042111 宮城県 - 岩沼市 - 下野郷 - 字新田
042111 宮城県 - 岩沼市 - 下野郷 - 字新田一
174611 石川県 鳳珠郡 穴水町 - 字新崎 - 壱弐
432024 熊本県 - 八代市 - 本町 四丁目 -
432024 熊本県 - 八代市 - 本町 - 四丁目壱弐号
352161 山口県 - 山陽小野田市 - 厚狭 一丁目 -
352161 山口県 - 山陽小野田市 - 大字厚狭 - -
022021 青森県 - 弘前市 - 大字大開 二丁目 -
133817 東京都 - 三宅村 - 阿古 - -
134015 東京都 - 八丈町 - 三根 - -
133612 東京都 - 大島町 - 元町 一丁目 -
131083 東京都 - 江東区 - 大島 一丁目 -
472018 沖縄県 - 那覇市 - 久米 一丁目 -
473618 沖縄県 島尻郡 久米島町 - 字比嘉 - -
465054 鹿児島県 熊毛郡 屋久島町 - 小瀬田 - -
122378 千葉県 - 山武市 - 殿台 - -
082228 茨城県 - 鹿嶋市 - 大字平井 - -
412074 佐賀県 - 鹿島市 - 大字中村 - -
082228 茨城県 - 鹿嶋市 - - - 中村
112119 埼玉県 - 本庄市 - - - 宮内
112119 埼玉県 - 本庄市 - 中央 一丁目 -
052108 秋田県 - 由利本荘市 - 宮内 - -
052108 秋田県 - 由利本荘市 - 石脇 - -
172022 石川県 - 七尾市 - 中島町豊田 - 参八
152021 新潟県 - 長岡市 - 豊 - -
072010 福島県 - 福島市 - 松山町 - -
042153 宮城県 - 大崎市 - 三丁目 - -
043214 宮城県 柴田郡 村田町 - 大字村田 - 町
043214 宮城県 柴田郡 村田町 - 大字関場 - -
403059 福岡県 - 那珂川町 - 大字西隈 - -
232203 愛知県 - 稲沢市 - 祖父江町祖父江 - -
233617 愛知県 丹羽郡 大口町 - 余野 - -
221317 静岡県 - 浜松市 中区 元城町 - -
012041 北海道 - 旭川市 - 六条通 九丁目 -
352080 山口県 - 岩国市 - 下 - -
352080 山口県 - 岩国市 - - - 下長野
"""
CITIES = """
221309 静岡県 - 浜松市 -
221384 静岡県 - 浜松市 中央区
402311 福岡県 - 那珂川市 -
"""
HISTORY = """05205 秋田県本荘市 秋田県 - 本荘市 - 1970-04-01 2005-03-22 05210
15301 新潟県中之島町 新潟県 - 中之島町 - 1986-01-01 2005-04-01 15202
04501 宮城県松山町 宮城県 - 松山町 - 1970-04-01 2006-03-31 04215
40305 福岡県那珂川町 福岡県 - 那珂川町 - 1970-04-01 2018-10-01 40231
23401 愛知県祖父江町 愛知県 - 祖父江町 - 1970-04-01 2005-04-01 23220"""


def _rows(text: str, kept: int) -> list[list[str]]:
    return [["" if word == "-" else word for word in line.split()][:kept] for line in text.strip().splitlines()]


@pytest.fixture(scope="module")
def gazetteer(tmp_path_factory: pytest.TempPathFactory) -> Gazetteer:
    folder = tmp_path_factory.mktemp("doubts")
    towns = [f"{lg},{i:07d},2,{pref},{county},{city},{ward},{oaza},{chome},{koaza},0,"
             for i, (lg, pref, county, city, ward, oaza, chome, koaza) in enumerate(_rows(TOWNS, 8), 1)]
    cities = [f"{lg},{pref},,,{county},,,{city},,,{ward},,,,," for lg, pref, county, city, ward in _rows(CITIES, 5)]
    history = [",".join(row) for row in _rows(HISTORY, 9)]
    for name, head, lines in (("mt_town_all", TOWN_HEAD, towns), ("mt_city_all", CITY_HEAD, cities),
                              ("sac_history", HISTORY_HEAD, history)):
        (folder / f"{name}.csv").write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    build_gazetteer(sorted(folder.glob("*.csv")), folder / "store")
    return Gazetteer.open(folder / "store")


def read(gazetteer: Gazetteer, address: str, body: str | None = None) -> str:
    row = parse_addresses(pl.Series([address]), gazetteer, body_code=body).row(0, named=True)
    assert parse_address(address, gazetteer, body_code=body) == row
    return "/".join([row["city"], row["oaza"], row["chome"], row["koaza"], row["rest"]])


NUMBERS = [  # address, 市区町村/大字・町/丁目/小字/番地
    ("京都府福知山市駅南町三丁目12-3", "福知山市/駅南町/三丁目//12-3"),  # seen: answered 字十二
    ("京都府福知山市字十二3", "福知山市///字十二/3"),
    ("福井県越前市小松二丁目12-3", "越前市/小松/二丁目//12-3"),
    ("福井県越前市小松二丁目12字3", "越前市/小松二丁目//１２字/3"),
    ("福井県鯖江市水落町2-3", "鯖江市/水落町/二丁目//3"),
    ("福井県鯖江市水落町２字", "鯖江市/水落町//２字/"),
    ("福井県鯖江市水落町２字 5-6", "鯖江市/水落町//２字/5-6"),
    ("宮城県岩沼市下野郷字汐入二", "岩沼市/下野郷//字汐入二/"),
    ("宮城県岩沼市下野郷字汐入二10", "岩沼市/下野郷//字汐入二/10"),
    ("宮城県岩沼市下野郷汐入2-10", "岩沼市/下野郷//字汐入二/10"),
    ("宮城県岩沼市下野郷字新田一5", "岩沼市/下野郷//字新田一/5"),
    ("宮城県岩沼市下野郷字新田1-5", "岩沼市/下野郷//字新田/1-5"),
    ("石川県鳳珠郡穴水町字新崎壱弐 7の8", "穴水町/字新崎//壱弐/7の8"),
    ("熊本県八代市本町四丁目12-3", "八代市/本町/四丁目//12-3"),
    ("熊本県八代市本町四丁目壱弐号3", "八代市/本町//四丁目壱弐号/3"),
    ("山陽小野田市大字厚狭1", "山陽小野田市/大字厚狭///1"),
    ("山陽小野田市厚狭1-2", "山陽小野田市/厚狭/一丁目//2"),
    ("山陽小野田市大字厚狭1丁目2", "山陽小野田市/厚狭/一丁目//2"),  # 丁目 is said
    ("青森県弘前市大開2-5-1", "弘前市/大字大開/二丁目//5-1"),
    ("青森県弘前市大字大開2-5-1", "弘前市/大字大開/二丁目//5-1"),  # the official 丁目 itself is a 大字
    ("旭川市6条9丁目46", "旭川市/六条通/九丁目//46"),
]


@pytest.mark.parametrize(("address", "wanted"), NUMBERS)
def test_a_number_behind_a_town_is_what_is_written_around_it(gazetteer: Gazetteer, address: str, wanted: str) -> None:
    assert read(gazetteer, address) == wanted


REGIONS = [
    ("東京都三宅島三宅村阿古497", "三宅村/阿古///497"),
    ("東京都八丈島八丈町三根", "八丈町/三根///"),
    ("八丈島八丈町三根1", "八丈町/三根///1"),
    ("東京都八丈支庁八丈町三根1", "八丈町/三根///1"),
    ("東京都大島大島町元町1-1", "大島町/元町/一丁目//1"),  # seen: answered 江東区大島
    ("東京都江東区大島1-2-1", "江東区/大島/一丁目//2-1"),
    ("沖縄県久米島久米島町字比嘉2870", "久米島町/字比嘉///2870"),  # seen: answered 那覇市久米
    ("鹿児島県屋久島屋久島町小瀬田849", "屋久島町/小瀬田///849"),
    ("千葉県山武郡山武市殿台296", "山武市/殿台///296"),
    ("宮城県柴田郡村田町村田町大字関場1", "村田町/大字関場///1"),
    ("宮城県柴田郡村田町大字村田字町1", "村田町/大字村田//町/1"),
    ("静岡県浜松市中央区元城町103-2", "浜松市中央区/元城町///103-2"),  # a ward newer than the town files
    ("京都市中京区寺町通御池上る上本能寺前町488", "京都市中京区/上本能寺前町///488"),
    ("京都市中京区弁慶石町48 三条通大黒町ビル", "京都市中京区/弁慶石町///48"),  # a building is no town
]


@pytest.mark.parametrize(("address", "wanted"), REGIONS)
def test_what_stands_before_the_municipality_does_not_make_it_another(
        gazetteer: Gazetteer, address: str, wanted: str) -> None:
    assert read(gazetteer, address) == wanted


@pytest.mark.parametrize(("address", "wanted"), [
    ("鹿嶋市中村12-3", "鹿嶋市///中村/12-3"),  # seen: answered 佐賀県鹿島市
    ("鹿島市中村12-3", "鹿島市/大字中村///12-3"),
    ("本庄市宮内12-3", "本庄市///宮内/12-3"),  # seen: answered 秋田県由利本荘市, once 本荘市
    ("秋田県本荘市石脇1", "由利本荘市/石脇///1"),
    ("秋田県本庄市石脇1", "由利本荘市/石脇///1"),
    ("愛知県丹羽郡祖父江町祖父江1", "////丹羽郡祖父江町祖父江1"),  # 丹羽郡 lives, and 祖父江町 never was in it
    ("福岡県筑紫郡那珂川町大字西隈1", "那珂川市/大字西隈///1"),  # the town files are older than the city
    ("福岡県那珂川市西隈1", "那珂川市/大字西隈///1"),
    ("愛知県中島郡祖父江町祖父江1", "稲沢市/祖父江町祖父江///1")])
def test_a_name_that_only_folds_alike_is_no_other_municipality(gazetteer: Gazetteer, address: str, wanted: str) -> None:
    assert read(gazetteer, address) == wanted


@pytest.mark.parametrize(("address", "body", "wanted"), [
    ("中島町豊田参八3", "172022", "七尾市/中島町豊田//参八/3"),  # seen: answered 長岡市, for 中之島町
    ("松山町3", "072010", "福島市/松山町///3"),  # seen: answered 大崎市, for 松山町
    ("松山町3", None, "大崎市/三丁目///"),
    ("鹿島市中村1", "072010", "鹿島市/大字中村///1")])
def test_the_body_stands_before_strangers_of_the_same_name(
        gazetteer: Gazetteer, address: str, body: str | None, wanted: str) -> None:
    assert read(gazetteer, address, body) == wanted


def test_an_orphan_koaza_never_beats_an_oaza(gazetteer: Gazetteer) -> None:
    assert read(gazetteer, "山口県岩国市下長野1") == "岩国市/下///長野1"


CITIES_OF = sorted({(row[1], row[2], row[3] + row[4]) for row in _rows(TOWNS, 8)})
NAMES = sorted({"".join(row[5:]) for row in _rows(TOWNS, 8)})
NOW = {("福岡県", "那珂川町"): "那珂川市", ("静岡県", "浜松市中区"): "浜松市中央区"}  # since 2018 and 2024; the town file is older


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(CITIES_OF), st.sampled_from(CITIES_OF), st.sampled_from(NAMES),
       st.sampled_from(["", "1", "12-3", "3丁目4", "甲5", "島", "大島"]), st.sampled_from(["", "大島", "郡", "島"]))
def test_a_stated_prefecture_or_municipality_is_never_left(
        gazetteer: Gazetteer, here: tuple[str, str, str], there: tuple[str, str, str], name: str, number: str,
        between: str) -> None:
    pref, county, city = here
    other = "".join(there[1:])
    rows = parse_addresses(pl.Series([pref + county + city + name + number, pref + between + other + name + number]),
                           gazetteer)
    assert rows["pref"][1] in ("", pref)
    same = rows["pref"][0] == pref and rows["city"][0] in (city, NOW.get((pref, city)))
    assert same or rows["town"][0] == ""
