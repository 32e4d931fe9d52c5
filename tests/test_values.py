"""Values of one cell: tables of what people typed, where it was seen, and what it becomes."""

from __future__ import annotations

from functools import partial

import pytest

from pipelines.values import choices, codes, coordinates, dates, headings, numbers, phones, text, times, web

NO_CHANGE = None


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("1.名称", "名称"),  # numbered headings, several cities
        ("１．名称", "名称"),
        ("(1)名称", "名称"),
        ("①名称", "名称"),
        ("名　称", "名称"),  # 下松市, 千葉労働局 (padded with 全角 spaces)
        ("緯 度", "緯度"),
        ("名称_ｶﾅ", "名称_カナ"),
        ("建物名等（方書）", "建物名等(方書)"),
        ("料金〔基本〕", "料金(基本)"),
        ("\ufeff都道府県コード又は市区町村コード", "都道府県コード又は市区町村コード"),
        ("電話番号\n", "電話番号"),
        ("ファイル＿タイトル", "ファイル_タイトル"),
        ("URL", "url"),
        ("電話番号※", "電話番号"),
        ("0-4歳の男性", "0-4歳の男性"),  # no numbering: a digit range
        ("0～4歳の男性", "0-4歳の男性"),
    ],
)
def test_headings_that_differ_only_in_form_fold_to_one_key(typed: str, wanted: str) -> None:
    assert headings.fold_heading(typed) == headings.fold_heading(wanted)


def test_headings_that_mean_other_columns_keep_other_keys() -> None:
    pairs = [("緯度", "経度"), ("24時間", "時間"), ("画像1", "画像2"), ("名称", "名称_カナ"), ("12月", "月")]
    assert all(headings.fold_heading(a) != headings.fold_heading(b) for a, b in pairs)


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("令和5年4月1日", "2023-04-01"),
        ("R5.4.1", "2023-04-01"),
        ("令和元年５月１日", "2019-05-01"),
        ("㋿5年4月1日", "2023-04-01"),
        ("H31.4.30", "2019-04-30"),
        ("平成31年4月30日", "2019-04-30"),
        ("昭和64年1月7日", "1989-01-07"),
        ("S56/4/1", "1981-04-01"),
        ("昭和28年11月14日（土）", "1953-11-14"),
        ("大正15年12月25日", "1926-12-25"),
        ("明治45年7月30日", "1912-07-30"),
        ("令5.4.1", "2023-04-01"),
        ("平成 元 年 1 月 8 日", "1989-01-08"),
        ("平成32年4月1日", NO_CHANGE),  # outside the era
        ("昭和64年1月8日", NO_CHANGE),
        ("令和0年5月1日", NO_CHANGE),
        ("明治5年12月3日", NO_CHANGE),  # the lunar calendar
        ("2001/4/1", "2001-04-01"),
        ("2025/03/31", "2025-03-31"),  # 山陽小野田市
        ("2021.1.1", "2021-01-01"),  # 山口県
        ("2001-4-1", "2001-04-01"),
        ("２００１－０４－０１", "2001-04-01"),
        ("2001年4月1日", "2001-04-01"),
        ("2001年4月1日(日)", "2001-04-01"),
        ("2001年4月1日(月)", NO_CHANGE),  # that day was a Sunday: one of the two is wrong
        ("20010401", "2001-04-01"),
        ("2001-02-30", NO_CHANGE),
        ("2001年2月30日", NO_CHANGE),
        ("2001年4月", NO_CHANGE),
        ("2001", NO_CHANGE),
        ("01/4/1", NO_CHANGE),
        ("4/1/2001", NO_CHANGE),
        ("2月2日(日)", NO_CHANGE),  # 下松市: no year
        ("10月中旬", NO_CHANGE),  # 下松市
        ("1955-02-15T00:00:00", "1955-02-15"),  # 周南市
        ("2021/1/1 0:00", "2021-01-01"),
        ("2021-01-01 09:30:00", NO_CHANGE),
        ("45017", "2023-04-01"),
        ("45017.0", "2023-04-01"),
        ("45017.375", "2023-04-01"),
        ("99999", NO_CHANGE),
        ("2023-04-01", NO_CHANGE),
    ],
)
def test_dates_become_iso_days_or_stay(typed: str, wanted: str | None) -> None:
    assert dates.iso_date(typed) == wanted


def test_only_existing_days_in_plain_iso_form_are_iso_dates() -> None:
    assert dates.is_iso_date("2024-02-29")
    for wrong in ("2023-02-29", "2001-4-1", "２００１-04-01", "20010401", "2001-04-01 ", "", "2001-04-01T00:00:00"):
        assert not dates.is_iso_date(wrong)


def test_eras_follow_each_other_and_name_their_source() -> None:
    known = dates.eras()
    assert [e.letter for e in known] == ["M", "T", "S", "H", "R"]
    for before, after in zip(known, known[1:], strict=False):
        assert before.last is not None and (after.first - before.last).days in (0, 1)
    assert known[-1].last is None


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("9:00", "09:00"),  # most files of 山口県
        ("９：００", "09:00"),
        ("10:00:00", "10:00"),  # 美祢市
        ("9時", "09:00"),  # 宇部市
        ("8時30分", "08:30"),  # 宇部市
        ("9時半", "09:30"),
        ("午後1時", "13:00"),
        ("午前0時", "00:00"),
        ("午後12時30分", "12:30"),
        ("1:00 PM", "13:00"),
        ("正午", "12:00"),
        ("0900", "09:00"),
        ("1900-01-00 09:00:00", "09:00"),
        ("25:00", NO_CHANGE),
        ("24:00", NO_CHANGE),
        ("9:60", NO_CHANGE),
        ("24時間", NO_CHANGE),  # 宇部市
        ("7:00～9:00", NO_CHANGE),  # 山口県
        ("始発30分前", NO_CHANGE),  # 周南市
        ("14：30迄（預かり保育17：30迄）", NO_CHANGE),  # 山口県
        ("09:00:30", NO_CHANGE),
        ("午後13時", NO_CHANGE),
        ("09:00", NO_CHANGE),
    ],
)
def test_times_become_hhmm_or_stay(typed: str, wanted: str | None) -> None:
    assert times.time_from_clock(typed) == wanted


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [("0.375", "09:00"), ("0.354166667", "08:30"), (".5", "12:00"), ("0.3333", NO_CHANGE), ("1.5", NO_CHANGE),
     ("0.99999999", NO_CHANGE)],
)
def test_day_fractions_become_times_only_on_a_whole_minute(typed: str, wanted: str | None) -> None:
    assert times.time_from_fraction(typed) == wanted


def test_hhmm_is_strict() -> None:
    assert times.is_hhmm("00:00") and times.is_hhmm("23:59")
    assert not any(times.is_hhmm(t) for t in ("9:00", "24:00", "25:00", "09:60", "０９:00", "09:00:00", ""))


CODES = ["352136", "352128", "352012", "353442", "350001", "131016", "431001", "132128", "262021", "011002", "092011"]


def test_municipality_codes_have_their_official_check_digit() -> None:
    for code in CODES:
        assert codes.is_lgcode(code)
        assert codes.check_digit_lgcode(code[:5]) == code[5]
    assert not any(codes.is_lgcode(c) for c in ("352137", "35213", "992011", "３５２１３６", "", "352136 ", "480001"))
    assert codes.check_digit_lgcode("3521") is None


def test_corporate_numbers_have_their_check_digit_in_front() -> None:
    # README of a public number tool, 東京都, and the municipal rule check + 000020 + code for 美祢市
    for number in ("1180301018771", "8000020130001", "4000020352136"):
        assert codes.is_corporate_number(number)
    assert not any(codes.is_corporate_number(n) for n in ("2180301018771", "118030101877", "1234E+12", ""))


def test_my_numbers_have_their_check_digit_last() -> None:
    assert codes.is_my_number("123456789018")
    assert not any(codes.is_my_number(n) for n in ("123456789012", "12345678901", "１２３４５６７８９０１８", ""))


@pytest.mark.parametrize(
    ("typed", "own", "wanted"),
    [
        ("92011", None, "092011"),  # 宇都宮市, the lost zero
        ("13101", None, "131016"),  # 千代田区 without its check digit
        ("35213", "352136", "352136"),
        ("35343", "353434", "353434"),  # 田布施町
        ("35343", "35", "353434"),  # only the prefecture is known
        ("37201", None, "372013"),  # 高松市
        ("35000.0", None, "350001"),  # 山口県
        ("352071.0", None, "352071"),  # 下松市
        ("３５２１３６", None, "352136"),
        ("352137", "352136", NO_CHANGE),  # a wrong check digit is not certain
        ("3.00002E+12", None, NO_CHANGE),  # 宇部市
        ("1100", None, "011002"),  # 札幌市, both lost
        ("352136", None, NO_CHANGE),
        ("", None, NO_CHANGE),
    ],
)
def test_short_municipality_codes_are_completed_when_one_reading_fits(
    typed: str, own: str | None, wanted: str | None
) -> None:
    assert codes.complete_lgcode(typed, own) == wanted


def test_five_digits_with_two_readings_are_left_to_the_own_code() -> None:
    both = [
        f"{n:05}" for n in range(10000, 47999)
        if codes.is_lgcode(f"0{n:05}") and codes.is_lgcode(f"{n:05}{codes.check_digit_lgcode(f'{n:05}')}")
    ]
    assert both
    assert codes.complete_lgcode(both[0]) is None
    assert codes.complete_lgcode(both[0], "0" + both[0]) == "0" + both[0]


@pytest.mark.parametrize(
    ("read", "typed", "wanted"),
    [
        (codes.plain_post_code, "921-8845", "9218845"),  # 野々市市
        (codes.plain_post_code, "〒759－2292", "7592292"),
        (partial(codes.plain_post_code, prefecture="01"), "600001", "0600001"),
        (partial(codes.plain_post_code, prefecture="35"), "759229", NO_CHANGE),  # which of the seven is missing?
        (codes.plain_post_code, "600001", NO_CHANGE),
        (codes.plain_code, "352,136", "352136"),
        (codes.complete_lgcode, "352,136", "352136"),
        (codes.plain_corporate_number, "T4000020352136", "4000020352136"),
        (codes.plain_corporate_number, "T1234567890123", NO_CHANGE),
        (codes.plain_post_code, "7541101", NO_CHANGE),
        (codes.plain_post_code, "-", NO_CHANGE),
        (codes.plain_corporate_number, "4000-0203-52136", "4000020352136"),
        (codes.plain_corporate_number, "4000020352136.0", "4000020352136"),
        (codes.plain_corporate_number, "1234E+12", NO_CHANGE),
        (codes.plain_poi, "101", "0101"),
        (codes.plain_poi, "１５０３", "1503"),
        (codes.plain_poi, "1503a", NO_CHANGE),  # 茅野市
        (codes.plain_town_id, "0008-001", "0008001"),
        (codes.plain_town_id, "15000", "0015000"),  # 山口市
        (codes.plain_town_id, "724", "0000724"),  # 山口市
        (codes.plain_code, "10.0", "10"),  # 下関市, 宇部市: workbooks
        (codes.plain_code, "２３", "23"),
        (codes.plain_code, "1.31025E+11", NO_CHANGE),
        (codes.official_prefecture, "山口", "山口県"),
        (codes.official_prefecture, "京都", "京都府"),
        (codes.official_prefecture, "山口懸", "山口県"),
        (codes.official_prefecture, "山 口 県", "山口県"),
        (codes.official_prefecture, "山口県", NO_CHANGE),
        (codes.official_prefecture, "長州", NO_CHANGE),
        (numbers.drop_thousands, "1,300", "1300"),  # 防府市
        (numbers.drop_thousands, "1,234,567.5", "1234567.5"),
        (numbers.drop_thousands, "1,30", NO_CHANGE),
        (numbers.minus_sign, "△5", "-5"),
        (numbers.minus_sign, "▲ 5", "-5"),
        (numbers.minus_sign, "－5", "-5"),
        (numbers.plain_number, "１２０", "120"),
        (numbers.plain_number, "+5", "5"),
        (numbers.plain_number, ".5", "0.5"),
        (numbers.plain_number, "120人", NO_CHANGE),
        (numbers.drop_zero_decimals, "273.0", "273"),  # 下関市
        (numbers.drop_zero_decimals, "1399.00", "1399"),  # 山陽小野田市
        (numbers.drop_zero_decimals, "120.5", NO_CHANGE),
        (numbers.number_in_words, "約120名", "120"),
        (numbers.number_in_words, "30(3.3㎡あたり1人)", "30"),  # 周防大島町
        (numbers.number_in_words, "30人（先着順）", "30"),  # 宇部市
        (numbers.number_in_words, "16組（32人）", NO_CHANGE),  # 宇部市: which of the two?
        (numbers.number_in_words, "10～20人", NO_CHANGE),
        (numbers.number_in_words, "5千人", NO_CHANGE),
        (numbers.floor_number, "地下1階", "-1"),
        (numbers.floor_number, "B2F", "-2"),
        (numbers.zero_yen, "無料", "0"),  # 防府市
        (text.drop_escapes, "山口_x000D_\n市", "山口\n市"),
        (text.drop_escapes, "山口市", NO_CHANGE),
        (text.drop_controls, "山\u200b口\u0007", "山口"),
        (text.compose, "カ\u3099", "ガ"),
        (text.compose, "\ufa1b", NO_CHANGE),  # NFC would make another ideograph of U+FA1B
        (text.compose, "髙﨑", NO_CHANGE),
        (text.widen_kana, "医療法人ｸﾘﾆｯｸ", "医療法人クリニック"),  # 千葉労働局
        (text.join_lines, "シモノセキシ\r\nケイボウカ", "シモノセキシ ケイボウカ"),
        (text.trim, "　私立幼稚園 ", "私立幼稚園"),  # 山口県
        (text.squeeze_spaces, "社会福祉法人\u3000 クリニック", "社会福祉法人\u3000クリニック"),
        (text.narrow_ascii, "ＡＥＤ　１", "AED 1"),
        (text.narrow_digits, "大嶺町東分３２６－１", "大嶺町東分326-1"),
        (text.narrow_digits, "サン－プレイス", NO_CHANGE),
        (text.narrow_digits, "稲毛海岸ビル１Ｆ101号室", "稲毛海岸ビル1F101号室"),  # 千葉県
        (text.narrow_digits, "Ｋビルディング（２Ｆ）", "Kビルディング（2F）"),
        (text.plain_hyphens, "A‐01", "A-01"),
        (text.katakana, "やまぐちしさいこうてい", "ヤマグチシサイコウテイ"),  # 山口県
        (text.long_marks, "ミヤイチフクシセンタ－マエコウエン", "ミヤイチフクシセンターマエコウエン"),  # 防府市
        (text.long_marks, "ヤマグチ－シモノセキ", NO_CHANGE),
        (text.blank_for_dash, "－", ""),
        (text.blank_for_dash, "月-金", NO_CHANGE),
        (text.blank_for_none, "電話なし", ""),  # 岩国市
        (text.blank_for_none, "なしの木公園", NO_CHANGE),
        (web.plain_mail, "info＠city.mine.lg.jp", "info@city.mine.lg.jp"),
        (web.plain_mail, "info@city. mine.lg.jp", "info@city.mine.lg.jp"),
        (web.plain_mail, "なし", NO_CHANGE),
        (web.plain_url, "ｈｔｔｐｓ：／／www.city.mine.lg.jp/", "https://www.city.mine.lg.jp/"),
        (web.plain_url, "http：//www.asahiyochien.jp", "http://www.asahiyochien.jp"),  # 山口県
        (web.plain_url, "ttp://www.example.jp/", "http://www.example.jp/"),
        (web.plain_url, "htto://nisida.example.org/", "http://nisida.example.org/"),  # 石川県
        (web.plain_url, "htt://www.example.com/", "http://www.example.com/"),  # 山口県
        (web.plain_url, "http//www.example.com/", "http://www.example.com/"),
        (web.plain_url, "https:/www.example.jp/", "https://www.example.jp/"),
        (web.plain_url, "なし", NO_CHANGE),
        (web.url_with_scheme, "www.fureai-cloud.jp/kohan", "https://www.fureai-cloud.jp/kohan"),  # 山口県
        (web.url_with_scheme, "https://www.city.mine.lg.jp", NO_CHANGE),
        (choices.semicolon_list, "内、皮、小", "内;皮;小"),  # 千葉労働局
        (choices.semicolon_list, "内科(小児、老人)、外科", "内科(小児、老人);外科"),
        (choices.semicolon_list, "内科\n外科", "内科;外科"),
        (choices.semicolon_list, "https://a.example.jp/b", NO_CHANGE),
        (choices.semicolon_list, "内科;外科", NO_CHANGE),
        (choices.semicolon_list, "内科/外科", "内科;外科"),
        (choices.semicolon_list, "TCP/IP、2021/4/1", "TCP/IP;2021/4/1"),
        (codes.official_prefecture, "東京", "東京都"),
    ],
)
def test_single_values_become_the_standards_form_or_stay(read: object, typed: str, wanted: str | None) -> None:
    assert callable(read)
    assert read(typed) == wanted


@pytest.mark.parametrize(
    ("typed", "rule", "wanted"),
    [("30人", "int", "30"), ("２台", "int", "2"), ("22組", "int", "22"), ("￥1,000", "yen", "1000"),
     ("1,000円", "yen", "1000"),
     ("1,200㎡", "num", "1200"), ("5.3ｍ", "alt", "5.3"), ("千円", "yen", NO_CHANGE), ("5千円", "yen", NO_CHANGE),
     ("3ha", "num", NO_CHANGE), ("120", "int", NO_CHANGE), ("30人", "text", NO_CHANGE), ("1,2人", "int", NO_CHANGE)],
)
def test_units_that_the_column_has_anyway_fall_away(typed: str, rule: str, wanted: str | None) -> None:
    assert numbers.drop_unit(typed, rule) == wanted


@pytest.mark.parametrize(
    ("typed", "axis", "wanted"),
    [
        ("34°03'40.9\"N", "lat", "34.061361"),  # 防府市
        ("131°38'37.1\"E", "lon", "131.643639"),  # 防府市
        ("34°10′15.5″", "lat", "34.170972"),
        ("34度10分15秒", "lat", "34.170833"),
        ("北緯34度10分15.5秒", "lat", "34.170972"),
        ("３４度１０分１５秒", "lat", "34.170833"),
        ("34.10.15.5", "lat", "34.170972"),
        ("34-10-15.5", "lat", "34.170972"),
        ("34:10:15", "lat", "34.170833"),
        ("341015.5", "lat", "34.170972"),
        ("1311230.25", "lon", "131.208403"),
        ("34°10′15.512″", "lat", "34.1709756"),
        ("34º10´15˝", "lat", NO_CHANGE),
        ("34°61′15″", "lat", NO_CHANGE),
        ("131°10′15″", "lat", NO_CHANGE),  # the longitude's value
        ("34.170972", "lat", NO_CHANGE),
        ("0", "lat", NO_CHANGE),
    ],
)
def test_degrees_minutes_and_seconds_become_decimal_degrees(typed: str, axis: str, wanted: str | None) -> None:
    assert coordinates.degrees_from_dms(typed, axis) == wanted


@pytest.mark.parametrize(
    ("typed", "axis", "wanted"),
    [("３４．１７", "lat", "34.17"), ("34.17度", "lat", "34.17"), ("N34.17", "lat", "34.17"),
     ("東経131.2°", "lon", "131.2"), ("34,1712", "lat", "34.1712"), (" 33.9651959200127 ", "lat", "33.9651959200127"),
     ("33.9651959200127", "lat", NO_CHANGE), ("34.17、131.2", "lat", NO_CHANGE)],
)
def test_decimal_degrees_lose_what_was_typed_around_them_and_no_decimals(
    typed: str, axis: str, wanted: str | None
) -> None:
    assert coordinates.plain_degrees(typed, axis) == wanted


@pytest.mark.parametrize(
    ("read", "typed", "wanted"),
    [
        (phones.plain_phone, "０８３７－５２－１１１０", "0837-52-1110"),
        (phones.plain_phone, "（0837）52-1110", "(0837)52-1110"),
        (phones.plain_phone, "(083)-928-8656", "(083)928-8656"),  # 山口市
        (phones.plain_phone, "083-222―6735", "083-222-6735"),  # 山口県
        (phones.plain_phone, "0836‐31‐1732", "0836-31-1732"),  # 宇部市
        (phones.plain_phone, "0837(52)1110", "0837-52-1110"),
        (phones.plain_phone, "0837.52.1110", "0837-52-1110"),
        (phones.plain_phone, "0837 52 1110", "0837-52-1110"),
        (phones.plain_phone, "TEL 0820-22-2111", "0820-22-2111"),
        (phones.plain_phone, "0820-22-2111", NO_CHANGE),
        (phones.plain_phone, "67-1277", NO_CHANGE),  # 宇部市: no area code
        (phones.plain_phone, "0836-54-551", NO_CHANGE),  # 山口県: a digit is missing
        (phones.plain_phone, "0820-22-2111（内線123）", NO_CHANGE),
        (phones.hyphenated_phone, "0837521110", "0837-52-1110"),
        (phones.hyphenated_phone, "837521110", "0837-52-1110"),
        (phones.hyphenated_phone, "0839396511", "083-939-6511"),
        (phones.hyphenated_phone, "0839650301", "08396-5-0301"),  # 秋芳町 has an area code of five digits
        (phones.hyphenated_phone, "0837661234", NO_CHANGE),  # 083-766 and 0837-66 share their digits
        (phones.hyphenated_phone, "0120123456", "0120-123456"),
        (phones.hyphenated_phone, "09012345678", "090-1234-5678"),
        (phones.hyphenated_phone, "0158421110", "0158-42-1110"),  # 遠軽町
        (phones.hyphenated_phone, "442001111", "044-200-1111"),  # 川崎市, its 0 lost
        (phones.hyphenated_phone, "0422511111", "0422-51-1111"),  # 武蔵野市, between two areas of 042
        (phones.hyphenated_phone, "0998821234", "099-882-1234"),
        (phones.hyphenated_phone, "0267421111", "0267-42-1111"),
        (phones.hyphenated_phone, "0126712345", "01267-1-2345"),
        (phones.hyphenated_phone, "0201234567", NO_CHANGE),  # 020 is no area
        (phones.plain_extension, "内線123", "123"),
        (phones.plain_extension, "(内)204", "204"),
        (phones.plain_extension, "123(総務課)", NO_CHANGE),
        (phones.phone_without_note, "0820-22-2111（代表）", "0820-22-2111"),
        (phones.phone_without_note, "代表 0820-22-2111", "0820-22-2111"),
        (phones.phone_without_note, "0820-22-2111", NO_CHANGE),
        (phones.phone_list, "0836-\n21-9504", "0836-21-9504"),  # 山口県: a line break inside the number
        (phones.phone_list, "0837-52-1110、0837-52-1111", "0837-52-1110 / 0837-52-1111"),
        (phones.phone_list, "0820-22-2111\n0820-22-2112", "0820-22-2111 / 0820-22-2112"),
        (phones.phone_list, "0820-22-2111（代表） 0820-22-2112", "0820-22-2111 / 0820-22-2112"),
        (phones.phone_list, "0837-52-1110・52-1111", NO_CHANGE),  # the second has no area code
        (phones.phone_list, "080-4856-8523\n(土、日のみ）", NO_CHANGE),  # 山口県
    ],
)
def test_phone_numbers_take_an_accepted_form_or_stay(read: object, typed: str, wanted: str | None) -> None:
    assert callable(read)
    assert read(typed) == wanted


def test_both_official_and_usual_phone_forms_are_accepted() -> None:
    for right in ("(0837)52-1110", "0820-22-2111", "090-1234-5678", "0120-999999", "0120-123-456", "+81 (03)5253-5111"):
        assert phones.is_phone(right)
    for wrong in ("0837521110", "０８３７-52-1110", "0837-52-11100", "(0837)-52-1110", "なし", "", "0836-54-551"):
        assert not phones.is_phone(wrong)
    assert phones.is_phone_list("0837-52-1110 / 0837-52-1111")


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("月～金", "月火水木金"),  # 山口県
        ("火～日", "火水木金土日"),  # 山口市
        ("月・火・水・木・金・土", "月火水木金土"),  # 山口市
        ("月～金曜日", "月火水木金"),  # 美祢市
        ("月-日", "月火水木金土日"),  # 宇部市
        ("毎日", "月火水木金土日"),
        ("平日", "月火水木金"),
        ("月曜日から金曜日", "月火水木金"),
        ("土日月", "月土日"),
        ("土～月", "月土日"),
        ("月火水木金", NO_CHANGE),
        ("土日祝", NO_CHANGE),
        ("月火水木金と第1・3土のAM", NO_CHANGE),  # 山口県
        ("全日・全時間帯使用可", NO_CHANGE),  # 狛江市
        ("不定休", NO_CHANGE),
    ],
)
def test_weekdays_become_monday_order_or_stay(typed: str, wanted: str | None) -> None:
    assert choices.weekdays(typed) == wanted


def test_notes_beside_weekdays_are_only_taken_off_as_a_proposal() -> None:
    assert choices.weekdays_without_note("土日祝") == "土日"
    assert choices.weekdays_without_note("月-日　※12月29日～1月3日を除く") == "月火水木金土日"  # 宇部市
    assert choices.weekdays_without_note("月火水木金") is None


@pytest.mark.parametrize(
    ("typed", "rule", "wanted"),
    [("○", "yesno", "有"), ("〇", "kahi", "可"), ("×", "yesno", "無"), ("有り", "yesno", "有"), ("なし", "yesno", "無"),
     ("○", "flag1", "1"), ("1.0", "flag1", "1"), ("×", "flag1", ""), ("0", "flag1", ""), ("TRUE", "flag1", "1"),
     ("１", "yesno", "有"), ("有", "yesno", NO_CHANGE), ("1", "flag1", NO_CHANGE), ("△", "flag1", NO_CHANGE),
     ("○(グ)", "flag1", NO_CHANGE), ("不可", "kahi", "否")],
)
def test_signs_for_yes_and_no_become_the_columns_words(typed: str, rule: str, wanted: str | None) -> None:
    assert choices.choice(typed, rule) == wanted


def test_a_note_beside_yes_is_only_taken_off_as_a_proposal() -> None:
    assert choices.choice_with_note("○（２階）", "flag1") == "1"  # 下関市
    assert choices.choice_with_note("有（要相談）", "yesno") == "有"  # 山口県
    assert choices.choice_with_note("有", "yesno") is None


def test_code_list_words_are_told_by_form_alias_or_one_letter() -> None:
    kinds = ("防火水そう", "認定こども園（保育所型）", "図書館", "博物館")
    known = choices.known_aliases()
    assert choices.official_choice("認定こども園(保育所型)", kinds, known) == "認定こども園（保育所型）"
    assert choices.official_choice("防火水槽", kinds, known) == "防火水そう"
    assert choices.official_choice("認定こども園（保育所）", kinds, known) == "認定こども園（保育所型）"  # 山口県
    assert choices.official_choice("図書館", kinds, known) is None
    assert choices.near_choice("図書舘", kinds) == "図書館"
    assert choices.near_choice("図書室館", ("図書館", "図書室")) is None  # two are near
    assert choices.near_choice("第1種", ("第2種",)) is None  # a digit is no typo


def test_ditto_marks_are_told_from_words() -> None:
    assert text.is_ditto("〃") and text.is_ditto(" 同上 ")
    assert not text.is_ditto("同上公園") and not text.is_ditto("")


def test_knowledge_tables_name_source_and_date() -> None:
    import json
    from pathlib import Path

    folder = Path(codes.__file__).parent
    tables = sorted(folder.glob("*.json"))
    assert {t.name for t in tables} == {
        "area_codes.json", "choices.json", "eras.json", "post_prefixes.json", "prefectures.json",
    }
    for table in tables:
        loaded = json.loads(table.read_text(encoding="utf-8"))
        assert loaded["source"] and loaded["date"]
    assert len(codes.prefectures()) == 47
    assert codes.prefectures()["35"] == "山口県"
