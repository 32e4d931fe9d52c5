"""Addresses to parts and points: every way of writing that was seen in municipal files meets the same town."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.geocode import COLUMNS, Gazetteer, geocode_frame, parse_address, parse_addresses, split_addresses
from pipelines.geocode.parse import BLOCK, CHUNK
from pipelines.geocode.plain import read_plain
from pipelines.geocode.residue import FLAGS, TELLING, flags_of
from tests.geocode_places import small_gazetteer


@pytest.fixture(scope="module")
def gazetteer(tmp_path_factory: pytest.TempPathFactory) -> Gazetteer:
    return small_gazetteer(tmp_path_factory.mktemp("gazetteer"))


def parse(gazetteer: Gazetteer, address: str | None, body: str | None = None) -> dict[str, object]:
    return parse_addresses(pl.Series([address], dtype=pl.String), gazetteer, body_code=body).row(0, named=True)


WRITTEN = [  # address, municipality, town, rest; the class of writing and where it is common
    ("山口県下関市綾羅木本町三丁目1番20号", "下関市", "綾羅木本町三丁目", "1番20号"),
    ("山口県下関市綾羅木本町３丁目１番２０号", "下関市", "綾羅木本町三丁目", "１番２０号"),  # full width: Excel
    ("山口県下関市綾羅木本町3-1-20", "下関市", "綾羅木本町三丁目", "1-20"),
    ("山口県下関市綾羅木本町３−１―２０", "下関市", "綾羅木本町三丁目", "１―２０"),  # U+2212, U+2015
    ("山口県下関市綾羅木本町3の1の20", "下関市", "綾羅木本町三丁目", "1の20"),
    ("下関市綾羅木本町31-2", "下関市", "綾羅木本町", "31-2"),  # 31 is no 三丁目
    ("山口県美祢市大嶺町東分326番地の1", "美祢市", "大嶺町東分", "326番地の1"),
    ("山口県美祢市大嶺町東分326番1", "美祢市", "大嶺町東分", "326番1"),
    ("山口県美祢市大嶺町東分三百二十六番地", "美祢市", "大嶺町東分", "三百二十六番地"),
    ("山口県平生町平生村241-2", "平生町", "大字平生村", "241-2"),  # 郡 and 大字 left out
    ("熊毛郡平生町大字平生村241-2", "平生町", "大字平生村", "241-2"),
    ("山口県柳井市大字阿月1234", "柳井市", "阿月", "1234"),  # 大字 too many
    ("山口県下関市菊川町大字下岡枝字西所光508-1", "下関市", "菊川町大字下岡枝", "字西所光508-1"),
    ("山口県下関市筋が浜町1-1", "下関市", "筋ケ浜町", "1-1"),
    ("山口県下関市一ノ宮町1-3-1", "下関市", "一の宮町一丁目", "3-1"),
    ("山口県岩国市錦町中の瀬10", "岩国市", "錦町中ノ瀬", "10"),
    ("山口縣下關市大字彦嶋1", "下関市", "大字彦島", "1"),  # 旧字体
    ("山口県下関市観音﨑町1-1", "下関市", "観音崎町", "1-1"),
    ("〒753-8501 山口県山口市滝町1-1", "山口市", "滝町", "1-1"),
    ("(山口県庁) 山口県山口市滝町1-1", "山口市", "滝町", "1-1"),
    ("山口県山口市\n滝町1-1", "山口市", "滝町", "1-1"),  # line break in a cell
    ("山口県山口市山口市滝町1-1", "山口市", "滝町", "1-1"),
    ("山口県山口県山口市滝町1-1", "山口市", "滝町", "1-1"),
    ("山口山口市滝町1-1", "山口市", "滝町", "1-1"),  # 県 left out
    ("秋芳町別府1234", "美祢市", "秋芳町別府", "1234"),  # municipality left out, the name stands once
    ("札幌市中央区北3西1-7", "札幌市中央区", "北三条西一丁目", "7"),
    ("札幌市西区24-2-2-3-3", "札幌市西区", "二十四軒二条二丁目", "3-3"),
    ("中京区寺町通御池上る上本能寺前町488番地", "京都市中京区", "上本能寺前町", "488番地"),  # 通り名
    ("京都市中京区錦小路通大宮東入七軒町466", "京都市中京区", "七軒町", "466"),
    ("愛知県清須市助七１", "清須市", "助七一丁目", ""),
]
MERGED = [  # 合併前の住所 -> today (標準地域コード, e-Stat)
    ("山口県美祢郡秋芳町別府1234", "美祢市", "秋芳町別府"),
    ("豊浦郡豊北町大字滝部3140-1", "下関市", "豊北町大字滝部"),
    ("山口県玖珂郡大畠町神代1234", "柳井市", "神代"),
    ("山口県大島郡久賀町大字久賀4316", "周防大島町", "大字久賀"),
    ("吉敷郡小郡町大字下郷1", "山口市", "小郡下郷"),
    ("山口県玖珂郡本郷村大字西黒沢1", "岩国市", "本郷町西黒沢"),
    ("山口県徳山市大字久米3000", "周南市", "大字久米"),
]


@pytest.mark.parametrize(("address", "city", "town", "rest"), WRITTEN)
def test_every_way_of_writing_meets_the_same_town(
    gazetteer: Gazetteer, address: str, city: str, town: str, rest: str
) -> None:
    got = parse(gazetteer, address)
    assert (got["city"], got["town"], got["rest"]) == (city, town, rest)
    assert got["lat"] is not None


@pytest.mark.parametrize(("address", "city", "town"), MERGED)
def test_an_address_from_before_a_merger_becomes_todays(
    gazetteer: Gazetteer, address: str, city: str, town: str
) -> None:
    got = parse(gazetteer, address)
    assert (got["city"], got["town"]) == (city, town)
    assert "旧" in str(got["flags"])


def test_a_town_never_leaves_the_stated_prefecture(gazetteer: Gazetteer) -> None:
    for address in ("東京都美祢市大嶺町東分1", "広島県秋芳町別府1", "広島県大嶺町東分1"):
        assert parse(gazetteer, address)["level"] in (0, 1)


def test_a_town_never_leaves_the_stated_county(gazetteer: Gazetteer) -> None:
    assert parse(gazetteer, "山口県阿武郡平生町大字平生村1")["level"] == 1
    assert parse(gazetteer, "山口県熊毛郡秋芳町別府1")["level"] == 1


def test_a_name_that_two_municipalities_share_is_refused_with_a_reason(gazetteer: Gazetteer) -> None:
    assert parse(gazetteer, "府中市")["reason"] == "municipality-ambiguous"
    assert parse(gazetteer, "府中市宮西町1-2")["city_code"] == "132063"
    assert parse(gazetteer, "府中市府川町315")["city_code"] == "342084"


def test_the_bodys_code_stands_in_for_a_left_out_municipality(gazetteer: Gazetteer) -> None:
    got = parse(gazetteer, "大嶺町東分326-1", "352136")
    assert (got["pref"], got["city"], got["town_id"]) == ("山口県", "美祢市", "0008000")
    assert parse(gazetteer, "神代12", "352128")["town"] == "神代"
    assert parse(gazetteer, "神代12", "352136")["level"] != 3 or parse(gazetteer, "神代12", "352136")["city"] == "柳井市"


@pytest.mark.parametrize(("address", "flag"), [
    ("山口県山口市滝町1-1外", "外"), ("美祢市秋芳町別府1234ほか", "外"), ("美祢市美東町真名地内", "地内"),
    ("下関市細江町1-2～5", "範囲"), ("山口市滝町1-1地先", "地先"), ("山口市滝町1-1、1-2", "列挙")])
def test_what_makes_a_point_only_near_is_flagged(gazetteer: Gazetteer, address: str, flag: str) -> None:
    got = parse(gazetteer, address)
    assert flag in str(got["flags"]).split()
    assert got["level"] in (3, 4)


@pytest.mark.parametrize("address", ["不明", "同上", "オンライン開催", "", None, "山口県", "アメリカ合衆国", "東京県世田谷区"])
def test_what_is_no_address_gets_no_town(gazetteer: Gazetteer, address: str | None) -> None:
    got = parse(gazetteer, address)
    assert got["level"] in (0, 1) and got["lat"] is None


def test_a_building_is_told_from_the_number(gazetteer: Gazetteer) -> None:
    got = parse(gazetteer, "山口県山口市滝町1-1 山口県庁本館棟3階")
    assert (got["rest"], got["building"]) == ("1-1", "山口県庁本館棟3階")
    got = parse(gazetteer, "山口県山口市滝町 山口県庁3階")
    assert (got["rest"], got["building"]) == ("", "山口県庁3階")


def test_a_chome_that_is_not_there_is_said(gazetteer: Gazetteer) -> None:
    got = parse(gazetteer, "下関市綾羅木本町九丁目1")
    assert (got["town"], got["level"], got["reason"]) == ("綾羅木本町", 3, "chome-not-found")


def test_the_frame_has_the_promised_columns_and_one_row_an_address(gazetteer: Gazetteer) -> None:
    for rows in ([], ["山口市滝町1"], ["山口市滝町1", None, ""]):
        out = parse_addresses(pl.Series(rows, dtype=pl.String), gazetteer)
        assert dict(out.schema) == COLUMNS and out.height == len(rows)


def test_rows_do_not_depend_on_their_neighbours(gazetteer: Gazetteer) -> None:
    addresses = pl.Series([row[0] for row in WRITTEN] + [row[0] for row in MERGED])
    together = parse_addresses(addresses, gazetteer)
    alone = pl.concat([parse_addresses(addresses.slice(i, 1), gazetteer) for i in range(addresses.len())])
    assert together.equals(alone)


def test_rows_do_not_depend_on_where_their_block_begins(gazetteer: Gazetteer) -> None:
    some = [row[0] for row in WRITTEN] + [None, "不明", "山口県𠮷敷郡小郡町大字下郷1"]
    addresses = pl.Series((some * (CHUNK // len(some) + 2))[:CHUNK + BLOCK + 7])
    once = parse_addresses(pl.Series(some), gazetteer)
    whole = parse_addresses(addresses, gazetteer)
    assert whole.equals(once[[i % len(some) for i in range(addresses.len())]])


def test_plain_rows_are_told_from_odd_ones_and_read_alike(gazetteer: Gazetteer) -> None:
    from pipelines.geocode.fold import fold
    from pipelines.geocode.residue import read_numbers
    from pipelines.geocode.retry import find_places

    tokens = fold(pl.Series([row[0] for row in WRITTEN + MERGED]))
    plain, quick, numbers = read_plain(tokens, gazetteer, -1)
    rows = plain.nonzero()[0]
    assert len(tokens.start) > len(rows) >= len(tokens.start) // 3
    slow = find_places(tokens, gazetteer)
    parent = gazetteer.town.parent.take(slow.town.clip(0)).astype("int64")
    slow_numbers = read_numbers(tokens, slow.after, slow.town, parent, gazetteer.lots)
    for name in ("city", "town", "pref", "after", "reason", "former"):
        assert (getattr(quick, name)[rows] == getattr(slow, name)[rows]).all(), name
    for name in ("last", "lot", "numbered", "partial"):
        assert (getattr(numbers, name)[rows] == getattr(slow_numbers, name)[rows]).all(), name


def test_a_key_that_is_sure_is_the_longest_one(gazetteer: Gazetteer) -> None:
    import numpy as np

    from pipelines.geocode.fold import fold

    names, towns = gazetteer.names, gazetteer.towns
    tokens = fold(towns["oaza"] + towns["chome"] + towns["koaza"] + "12番3号")
    begin, state = tokens.start, gazetteer.city_seed[towns["city_row"].to_numpy()]
    longest, after = names.longest(tokens.token, begin, state)
    seen = np.zeros(len(begin), bool)
    for size in range(1, 8):
        key, sure = names.at(tokens.token, begin, state, np.full(len(begin), size))
        assert (key[sure] == longest[sure]).all() and (after[sure] == begin[sure] + size).all()
        seen |= sure
    assert len(seen) // 3 < seen.sum() < len(seen)


@pytest.mark.parametrize("text", [
    "外", "3筆", "地先", "先 ", "地内", "の付近", "周辺", "近く", "隣", "向かい", "裏", "横", "前", "~5", "〜5", "～5", "から5",
    "、2", ",2", "・2", "／2", "/2", "及び2", "および2", "並びに2", "と2", "一部", "ほか", "他", "その他"])
def test_what_earns_a_flag_has_a_telling_character(text: str) -> None:
    assert pl.select(flags_of(pl.lit(text))).item() != ""
    assert any(TELLING[ord(char)] for char in text)


@pytest.mark.parametrize(("address", "rest", "building", "flags"), [
    ("山口県美祢市大嶺町東分1番1の一部", "1番1", "の一部", "一部"),
    ("山口県美祢市大嶺町東分外3筆", "", "外3筆", "外"),
    ("山口県美祢市大嶺町東分他2筆", "", "他2筆", "外"),
    ("山口県美祢市大嶺町東分1番1の二", "1番1の二", "", ""),
    ("山口県美祢市大嶺町東分外山3", "外山3", "", ""),
])
def test_a_part_and_further_plots_are_words_and_no_numbers(
        gazetteer: Gazetteer, address: str, rest: str, building: str, flags: str) -> None:
    for found in (parse(gazetteer, address), parse_address(address, gazetteer)):
        assert (found["town"], found["rest"], found["building"], found["flags"]) == ("大嶺町東分", rest, building, flags)


def test_a_row_reads_the_same_alone_and_behind_others(gazetteer: Gazetteer) -> None:
    text = "の字５ほ"
    column = parse_addresses(pl.Series(["不明", text]), gazetteer).row(1, named=True)
    assert column == parse(gazetteer, text)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8", max_codepoint=0xFFFF), max_size=12))
def test_text_without_a_telling_character_earns_no_flag(text: str) -> None:
    plain = "".join(char for char in text if not TELLING[ord(char)])
    assert pl.select(flags_of(pl.lit(plain))).item() == "" and len(FLAGS) == 7


@pytest.mark.parametrize("address", [row[0] for row in WRITTEN] + [row[0] for row in MERGED] + [None, "", "不明", "a\x00b"])
def test_one_address_by_itself_is_answered_like_a_column(gazetteer: Gazetteer, address: str | None) -> None:
    for body in (None, "352136"):
        assert parse_address(address, gazetteer, body_code=body) == parse(gazetteer, address, body)
        assert list(parse_address(address, gazetteer, body_code=body)) == list(COLUMNS)


def test_geocode_frame_keeps_the_columns_of_the_file(gazetteer: Gazetteer) -> None:
    frame = pl.DataFrame({"住所": ["美祢市大嶺町東分326-1"], "level": ["a"]})
    out = geocode_frame(frame, "住所", gazetteer, body_code="352136")
    assert out.columns[:2] == ["住所", "level"] and out["geocode_level"][0] == 3


SPLIT = [  # address, (pref, city, town, rest, building) without a gazetteer
    ("美祢市大嶺町西分902", ("山口県", "美祢市", "大嶺町西分", "902", None)),
    ("山口県柳井市伊陸１０５－１", ("山口県", "柳井市", "伊陸", "１０５－１", None)),
    ("平生町大字平生村241番地2", ("山口県", "熊毛郡平生町", "大字平生村", "241番地2", None)),
    ("山口県下関市綾羅木本町3丁目1番20号 綾羅木ビル", ("山口県", "下関市", "綾羅木本町三丁目", "1番20号", "綾羅木ビル")),
    ("大嶺町東分326-1", ("山口県", "美祢市", "大嶺町東分", "326-1", None)),
    ("東京都千代田区霞が関2-1-3", ("東京都", "千代田区", "霞が関", "2-1-3", None)),
    ("不明", (None, None, None, None, None)),
    (None, (None, None, None, None, None)),
]


@pytest.mark.parametrize(("address", "parts"), SPLIT)
def test_an_address_splits_by_its_form_without_a_gazetteer(address: str | None, parts: tuple[str | None, ...]) -> None:
    row = split_addresses(pl.Series([address], dtype=pl.String), None, body_code="352136").row(0, named=True)
    assert tuple(row[c] for c in ("pref", "city", "town", "rest", "building")) == parts


def test_an_address_splits_into_official_names_with_a_gazetteer(gazetteer: Gazetteer) -> None:
    row = split_addresses(pl.Series(["平生町平生村241番地2"]), gazetteer, body_code="353442").row(0, named=True)
    assert row["town"] == "大字平生村" and row["city"] == "熊毛郡平生町" and row["town_id"] == "0001000"
    assert row["code"] == row["city_code"] == "353442"


PIECES = st.sampled_from([
    "山口県", "美祢市", "秋芳町", "別府", "大字", "字", "三丁目", "１", "2", "-", "－", "番地", "号", "の", "ノ", " ", "　", "〒",
    "753-8501", "(", ")", "、", "～", "十", "百千", "京都市中京区", "通", "上る", "七軒町", "\U000e0100", "\x00", "𠮷", "甲", "外",
    "郡", "札幌市中央区", "北", "西", "条", "ﾞ", "ｶ", "\n", "\ufeff", "99999999999999999999"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.none(), st.text(max_size=40), st.lists(PIECES, max_size=12).map("".join)), max_size=6))
def test_no_input_raises_and_every_row_comes_back(gazetteer: Gazetteer, rows: list[str | None]) -> None:
    series = pl.Series([r.encode("utf-8", "ignore").decode() if r else r for r in rows], dtype=pl.String)
    for body in (None, "352136"):
        out = parse_addresses(series, gazetteer, body_code=body)
        assert out.height == len(rows)
        assert out["level"].is_between(0, 8).all()
        split = split_addresses(series, gazetteer, body_code=body)
        assert split.height == len(rows)
    assert split_addresses(series, None, body_code="352136").height == len(rows)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([row[0] for row in WRITTEN] + [row[0] for row in MERGED] + [""]),
       st.lists(st.one_of(PIECES, st.text(max_size=3)), max_size=5).map("".join), st.integers(0, 30))
def test_one_generated_address_is_answered_like_a_column(gazetteer: Gazetteer, address: str, more: str, at: int) -> None:
    made = (address[:at] + more + address[at:]).encode("utf-8", "ignore").decode()
    for body in (None, "352136"):
        assert parse_address(made, gazetteer, body_code=body) == parse(gazetteer, made, body)


def test_a_part_of_the_name_is_not_cut_back_to_the_rest(gazetteer: Gazetteer) -> None:
    assert parse(gazetteer, "山口市滝町字114")["rest"] == "字114"
    assert parse(gazetteer, "山口市滝町大字114")["rest"].endswith("114")  # type: ignore[union-attr]


def test_a_refused_address_gets_proposals_that_are_never_filled(gazetteer: Gazetteer) -> None:
    frame = pl.DataFrame({"住所": ["美祢市大嶺町東文326", "府中市", "美祢市大嶺町東分1"]})
    out = geocode_frame(frame, "住所", gazetteer)
    assert "大嶺町東分" in out["candidates"][0] and out["lat"][0] is None
    assert "東京都府中市" in out["candidates"][1] and "広島県府中市" in out["candidates"][1]
    assert out["candidates"][2] == ""
