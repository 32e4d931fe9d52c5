"""Slips that clerks make in spreadsheets, one a row of an otherwise clean file: told at the cell, with the value to type."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import openpyxl
import pytest
from openpyxl.styles import Font

from pipelines.check import CheckOptions, CheckResult, check_file
from pipelines.extract.child.scan import is_program
from pipelines.guard.texts import home_address_in, internal_note_in, person_in
from pipelines.standards import load_standard
from pipelines.validate.vocabulary import judge_epsg, judge_language, judge_licence
from pipelines.values import dates, phones, times, web
from pipelines.values.choices import spaced_list, weekdays
from pipelines.values.codes import corporate_number_of_registry, post_code_areas
from pipelines.values.headings import without_note
from pipelines.values.text import close_address, compose, digits_for_letters, drop_markup

HEADINGS = (
    "全国地方公共団体コード", "ID", "地方公共団体名", "名称", "名称_カナ", "所在地_全国地方公共団体コード",
    "所在地_連結表記", "所在地_都道府県", "所在地_市区町村", "所在地_町字", "所在地_番地以下", "緯度", "経度",
    "電話番号", "内線番号", "連絡先メールアドレス", "郵便番号", "法人番号", "利用可能曜日", "開始時間", "終了時間",
    "URL", "説明",
)


_ABOUT_COLUMNS = ("column-missing", "heading-order")


def row(i: int) -> list[str]:
    return [
        "353442", f"353442{i:06d}", "山口県熊毛郡平生町", f"平生第{i}公民館", "ヒラオコウミンカン", "353442",
        f"山口県熊毛郡平生町大字曽根{i + 1}-{i + 2}", "山口県", "熊毛郡平生町", "大字曽根", f"{i + 1}-{i + 2}",
        f"{33.938 + i * 0.000131:.6f}", f"{132.07 + i * 0.000171:.6f}", f"0820-56-{1000 + i * 7}", "123",
        "info@town.hirao.lg.jp", "7421102", "1000020353442", "月火水木金", "09:00", "17:00",
        f"https://www.town.hirao.lg.jp/soshiki/{i}.html", "どなたでも使えます。",
    ]


def checked(path: Path, rows: list[list[str]], encoding: str = "utf-8", separator: str = ",") -> CheckResult:
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\r\n").writerows([HEADINGS, *rows])
    path.write_bytes(text.getvalue().encode(encoding))
    return check_file(path, CheckOptions(kind="public_facility", edition="municipal-standard-v3"))


def told(result: CheckResult) -> list[tuple[str, int | None, str | None, str | None]]:
    found = result.findings.select("code", "row", "field", "remedy").rows()
    return [f for f in found if not f[0].startswith(_ABOUT_COLUMNS)]


def test_the_file_that_the_slips_stand_in_is_clean(tmp_path: Path) -> None:
    assert told(checked(tmp_path / "a.csv", [row(i) for i in range(40)])) == []


SLIPS = [
    ("所在地_連結表記", "大字曽根20-21", "address-without-prefecture", "山口県熊毛郡平生町大字曽根20-21"),
    ("所在地_連結表記", "山口熊毛郡平生町大字曽根20-21", "address-prefecture-misspelt", "山口県熊毛郡平生町大字曽根20-21"),
    ("所在地_連結表記", "山口懸熊毛郡平生町大字曽根20-21", "address-prefecture-misspelt", "山口県熊毛郡平生町大字曽根20-21"),
    ("所在地_連結表記", "742-1102山口県熊毛郡平生町大字曽根20-21", "address-postal-code", "山口県熊毛郡平生町大字曽根20-21"),
    ("所在地_連結表記", "山口県熊毛郡平生町大字曽根20-21 TEL0820-56-7111", "address-telephone", "山口県熊毛郡平生町大字曽根20-21"),
    ("所在地_連結表記", "山口県 熊毛郡平生町大字曽根20-21", "form-fixable", "山口県熊毛郡平生町大字曽根20-21"),
    ("所在地_連結表記", "山口県熊毛郡平尾町大字曽根20-21", "address-other-city", "山口県熊毛郡平生町大字曽根20-21"),
    ("所在地_番地以下", "Jan-33", "address-date", "1-33"),  # 石川県 AED
    ("所在地_番地以下", "44939", "address-date", "1-13"),  # 石川県 AED
    ("所在地_町字", "大字曽根96番地", "town-with-number", "大字曽根"),  # 野々市市
    ("所在地_市区町村", "山口県熊毛郡平生町", "city-with-prefecture", "熊毛郡平生町"),
    ("電話番号", "082-056-1147", "phone-area-code", "0820-56-1147"),
    ("電話番号", "1147", "phone-digits", None),
    ("電話番号", "O82O-56-1147", "phone-form", "0820-56-1147"),
    ("電話番号", "（ 0820 ） 56 - 1147", "phone-form", "(0820)56-1147"),
    ("郵便番号", "1000001", "post-code-elsewhere", None),
    ("郵便番号", "0000000", "post-code-elsewhere", None),
    ("法人番号", "000020353442", "pattern-shape", "1000020353442"),
    ("内線番号", "2442・2421", "extension-form", "2442 / 2421"),  # 狛江市
    ("連絡先メールアドレス", "info(at)town.hirao.lg.jp", "form-email", "info@town.hirao.lg.jp"),
    ("URL", "https://www。town.hirao.lg.jp/", "url-form", "https://www.town.hirao.lg.jp/"),
    ("URL", "https://www.town.hirao.lg.jp/a。", "url-form", "https://www.town.hirao.lg.jp/a"),
    ("URL", "https://https://www.town.hirao.lg.jp/", "url-form", "https://www.town.hirao.lg.jp/"),
    ("URL", "http://192.168.1.10/a", "url-inside", None),
    ("URL", r"\\sv01\share\a.jpg", "url-inside", None),
    ("ID", "欠番", "id-words", None),
    ("名称", "○○公民館", "placeholder-text", None),
    ("名称", "（同上）", "same-as-above", "平生第18公民館"),
    ("名称", "平生公⺠館", "form-fixable", "平生公民館"),  # a radical from a PDF; seen in 宇部市 events
    ("名称_カナ", "KOUMINKAN", "kana-letters", None),
    ("終了時間", "17.15", "type-time", "17:15"),
    ("終了時間", "～17:15", "type-time", "17:15"),
    ("終了時間", "十七時十五分", "type-time", "17:15"),
    ("利用可能曜日", "Mon-Fri", "weekday-form", "月火水木金"),
    ("緯度", "33°56.28'", "type-number", "33.938000"),
    ("緯度", "33・938200", "two-values", "33.938200"),
    ("緯度", "34.938200", "coordinate-far-from-others", None),
    ("説明", "※公開しないこと", "guard-internal-note", None),
    ("説明", "管理人　田中花子（78歳）", "guard-person-name", None),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value", "code", "remedy"), SLIPS)
def test_each_slip_is_told_at_its_cell_and_nowhere_else(
    tmp_path: Path, field: str, value: str, code: str, remedy: str | None
) -> None:
    rows = [row(i) for i in range(40)]
    rows[19][HEADINGS.index(field)] = value
    found = told(checked(tmp_path / "a.csv", rows))
    assert (code, 21, field, remedy) in found
    assert {(r, f) for _, r, f, _ in found} == {(21, field)}


def test_a_column_of_post_codes_that_was_dragged_down_is_told_once(tmp_path: Path) -> None:
    rows = [row(i) for i in range(40)]
    for i in range(10, 22):
        rows[i][HEADINGS.index("郵便番号")] = str(7421102 + i - 10)
    assert [f[:3] for f in told(checked(tmp_path / "a.csv", rows))] == [("series-dragged", 18, "郵便番号")]


def test_one_facility_in_two_spellings_is_told(tmp_path: Path) -> None:
    rows = [row(i) for i in range(40)]
    rows[30] = [*rows[5][:1], rows[30][1], *rows[5][2:]]
    rows[30][HEADINGS.index("名称")] = "平生 第５公民館"
    rows[30][HEADINGS.index("所在地_連結表記")] = "山口県熊毛郡平生町曽根6番地7"
    assert ("facility-duplicate", 32, "名称", None) in told(checked(tmp_path / "a.csv", rows))


@pytest.mark.parametrize(("encoding", "separator", "sign"), [
    ("iso2022_jp", ",", None), ("utf-8", ";", ";"), ("cp932", "\t", "TAB"), ("utf-8", "|", "|"),
])
def test_mail_encoding_is_read_and_other_separators_are_named(
    tmp_path: Path, encoding: str, separator: str, sign: str | None
) -> None:
    result = checked(tmp_path / "a.csv", [row(i) for i in range(40)], encoding, separator)
    assert (result.encoding, result.rows) == (encoding, 40)
    found = [f for f in result.findings.select("code", "params").rows() if not f[0].startswith(_ABOUT_COLUMNS)]
    assert found == ([] if sign is None else [("separator-not-comma", f'{{"separator": "{sign}"}}')])


def test_a_struck_out_cell_is_told_and_a_program_is_no_author(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for cells in [HEADINGS, *[row(i) for i in range(20)]]:
        book.active.append(cells)
    book.active["D6"].font = Font(strike=True)
    book.save(tmp_path / "a.xlsx")
    result = check_file(tmp_path / "a.xlsx", CheckOptions(kind="public_facility", edition="municipal-standard-v3"))
    assert told(result) == [("cell-struck-out", 6, "名称", None)]
    assert all(map(is_program, ("openpyxl", "Apache POI", "LibreOffice/7.3", "Microsoft Office User", "XlsxWriter")))
    assert not any(map(is_program, ("飯田　浩幸", "Microsoft 太郎", "yamada", "PC210015")))


def test_households_are_never_more_than_people(tmp_path: Path) -> None:
    standard = load_standard("population", "municipal-standard-v3")
    ages = [n for n in standard.names if n.endswith(("歳の男性", "歳の女性", "歳以上の男性", "歳以上の女性"))]
    path = tmp_path / "a.csv"
    lines = [["地域名", "総人口", "男性", "女性", "世帯数", *ages]]
    lines += [[f"第{i}区", "200", "100", "100", "90", *["" for _ in ages]] for i in range(12)]
    lines[4][4] = "900"
    path.write_text("\n".join(",".join(line) for line in lines), encoding="utf-8")
    found = check_file(path, CheckOptions(kind="population", edition="municipal-standard-v3")).findings
    assert ("households-too-many", 5) in found.select("code", "row").rows()
    assert found["code"].to_list().count("households-too-many") == 1


@pytest.mark.parametrize(("typed", "wanted"), [
    ("平成二十四年五月十三日", "2012-05-13"), ("二〇〇七年12月8日", "2007-12-08"), ("Apr 28, 2011", "2011-04-28"),
    ("28-Apr-2011", "2011-04-28"), ("2016 04 05", "2016-04-05"), ("28-Apr-11", None), ("平成二十四年度", None),
])
def test_dates_in_kanji_and_english(typed: str, wanted: str | None) -> None:
    assert dates.iso_date(typed) == wanted


def test_what_could_be_a_range_or_a_fraction_is_no_time() -> None:
    assert [times.time_from_clock(t) for t in ("9-17", "0.25", "0.50", "9.5", "1.2.3")] == [None] * 5
    assert [times.time_from_clock(t) for t in ("10-30", "9.30", "8,15")] == ["10:30", "09:30", "08:15"]
    assert times.time_without_words("9:00～17:00") is None and times.time_without_words("17時まで") == "17:00"


def test_a_year_of_another_millennium_is_told_and_no_end_is_not(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    lines = ["イベント名,開始日,終了日", *[f"祭り{i},2026-05-{i + 1:02d},2026-05-{i + 1:02d}" for i in range(12)]]
    lines[3] = "祭り2,2206-05-03,2206-05-03"
    lines[4] = "祭り3,2026-05-03,9999-12-31"
    path.write_text("\n".join(lines), encoding="utf-8")
    found = check_file(path, CheckOptions(kind="event", edition="municipal-standard-v3")).findings
    assert [f for f in found.select("code", "row", "field").rows() if f[0] == "date-unusual"] == [
        ("date-unusual", 4, "開始日"), ("date-unusual", 4, "終了日")]


def test_area_codes_are_those_of_the_tables() -> None:
    assert phones.recut_phone("0471-23-5911") == "04-7123-5911"  # 千葉県 hospitals
    assert phones.recut_phone("(0992)24-1686") == "099-224-1686"
    fine = ("0820-56-1147", "03-3463-2211", "(0837)52-1110", "0120-123456", "090-1234-5678", "0837-65-2111")
    assert [phones.recut_phone(number) for number in fine] == [None] * len(fine)


def test_post_codes_at_a_border_belong_to_both_sides() -> None:
    areas = post_code_areas()
    assert areas["74"] == ("35",) and set(areas["498"]) == {"23", "24"} and areas["000"] == ()
    assert {code for codes in areas.values() for code in codes} == {f"{i:02d}" for i in range(1, 48)}


def test_lists_are_split_where_nothing_else_is_meant() -> None:
    assert spaced_list("内・外・小") == "内;外;小" and spaced_list("内科 外科") == "内科;外科"
    assert [spaced_list(v) for v in ("国   宝", "内科;盲導犬・介助犬", "トイレ(男・女)", "内科")] == [None] * 4


def test_small_vocabularies_are_told_with_the_usual_spelling() -> None:
    assert [p.remedy for p in judge_licence("ccby") + judge_language("日本語") + judge_epsg("JGD2011")] == ["CC BY", "ja", "6668"]
    right = (judge_licence("CC BY 4.0"), judge_licence("クリエイティブ・コモンズ 表示（CC BY）"), judge_licence("市の規約による"),
             judge_language("ja;en"), judge_epsg("6671"))
    assert set(right) == {()}


def test_words_for_colleagues_and_homes_and_what_only_looks_like_them() -> None:
    assert all(map(internal_note_in, ("部外秘", "確認済み", "Wi-Fiパスワード：abcd1234", "普通 1234567", r"\\sv01\share\a.xlsx")))
    assert not any(map(internal_note_in, ("非公開区域あり", "パスワード不要", "料金は要確認", "普通自動車10台")))
    assert home_address_in("自宅：美祢市大嶺町1-2") and not home_address_in("自宅から徒歩10分")
    assert person_in("田中花子(78歳)") and not person_in("対象（65歳以上）")


def test_menders_of_characters_change_what_they_name_and_nothing_else() -> None:
    assert compose("5⽉31⽇") == "5月31日"
    assert drop_markup("北館\\n南館") == "北館 南館" and drop_markup("C:\\new") is None and drop_markup("\\u516c民館") == "公民館"
    assert digits_for_letters("2O16-12-l6") == "2016-12-16" and digits_for_letters("IC前") is None
    assert close_address("山口県 熊毛郡平生町 大字曽根1") == "山口県熊毛郡平生町大字曽根1"
    assert close_address("山口県美祢市大嶺町1-2 見本ビル") is None and close_address("下松市　市役所") is None
    assert corporate_number_of_registry("000020352136") == "4000020352136"
    assert without_note("名称（必須）") == "名称" and without_note("名称（カナ）") == "名称（カナ）"
    assert weekdays("Sat, Sun") == "土日" and weekdays("Holiday") is None
    assert web.plain_mail("町役場 <info@town.hirao.lg.jp>") == "info@town.hirao.lg.jp"
    assert web.plain_url("https://ja.wikipedia.org/wiki/A_(B)") is None
