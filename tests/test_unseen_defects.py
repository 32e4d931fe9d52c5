"""Ugly values that the first seeded files did not have: each is told at its cell, with the value to type."""

from __future__ import annotations

import csv
from pathlib import Path

import polars as pl
import pytest

from pipelines.check import check_file
from pipelines.checked import CheckResult
from pipelines.facilities import points_elsewhere
from pipelines.guard.texts import home_phone_in, person_in
from pipelines.model import Table
from pipelines.standards import load_standard
from pipelines.values import dates, text
from pipelines.values.text import close_up, drop_markup, drop_quotes, plain_signs, undo_mojibake

HEADINGS = (
    "全国地方公共団体コード", "ID", "地方公共団体名", "名称", "名称_カナ", "所在地_全国地方公共団体コード",
    "所在地_連結表記", "所在地_都道府県", "所在地_市区町村", "所在地_町字", "所在地_番地以下", "緯度", "経度",
    "電話番号", "郵便番号", "法人番号", "利用可能曜日", "開始時間", "終了時間", "説明",
)


def row(i: int) -> list[str]:
    return [
        "352136", f"352136{i:06d}", "山口県美祢市", f"見本{i}公民館", "ミホンコウミンカン", "352136",
        f"山口県美祢市大嶺町東分{i + 1}-{i + 2}", "山口県", "美祢市", "大嶺町東分", f"{i + 1}-{i + 2}",
        f"{34.16 + i * 0.000131:.6f}", f"{131.20 + i * 0.000171:.6f}",
        f"0837-52-{1000 + i}", "7592292", "4000020352136", "月火水木金", "09:00", "17:00", "地域の施設です。",
    ]


def checked(folder: Path, rows: list[list[str]]) -> CheckResult:
    path = folder / "352136_public_facility.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([HEADINGS, *rows])
    return check_file(path)


def found(folder: Path, **changed: str) -> list[tuple[str, str | None, str | None]]:
    """(code, field, remedy) in the row with `changed` cells, row 21 of a file of 40 rows that is clean otherwise."""
    rows = [row(i) for i in range(40)]
    for name, value in changed.items():
        rows[19][HEADINGS.index(name)] = value
    findings = checked(folder, rows).findings.filter(~pl_missing())
    assert findings["row"].drop_nulls().unique().to_list() in ([21], [])
    return [(f["code"], f["field"], f["remedy"]) for f in findings.rows(named=True)]


def pl_missing() -> pl.Expr:
    return pl.col("code").str.starts_with("column-missing") | pl.col("code").eq("heading-order")


def test_the_file_that_the_values_stand_in_is_clean(tmp_path: Path) -> None:
    assert found(tmp_path) == []


CASES = [
    ("所在地_番地以下", "5月3日", "address-date", "5-3"),  # 石川県 AED
    ("所在地_番地以下", "2003/10/10", "address-date", "10-10"),  # 石川県 AED
    ("所在地_連結表記", "〒759-2292 山口県美祢市大嶺町東分20-21", "address-postal-code",
     "山口県美祢市大嶺町東分20-21"),  # 宇部市 events
    ("所在地_連結表記", "山口県山口県美祢市大嶺町東分20-21", "address-prefecture-twice", "山口県美祢市大嶺町東分20-21"),
    ("所在地_連結表記", "美祢市大嶺町東分20-21", "address-without-prefecture", "山口県美祢市大嶺町東分20-21"),
    ("所在地_連結表記", "大嶺町東分20-21", "address-without-prefecture", "山口県美祢市大嶺町東分20-21"),
    ("所在地_連結表記", "広島県美祢市大嶺町東分20-21", "address-other-prefecture", None),
    ("所在地_連結表記", "山口県長門市大嶺町東分20-21", "address-other-city", None),
    ("所在地_町字", "西分", "address-part-apart", None),
    ("所在地_市区町村", "美弥市", "name-not-usual", "美祢市"),
    ("所在地_市区町村", "美祢", "name-not-usual", "美祢市"),
    ("地方公共団体名", "美祢市", "name-not-usual", "山口県美祢市"),
    ("全国地方公共団体コード", "352128", "code-not-usual", "352136"),
    ("全国地方公共団体コード", "352,136", "pattern-shape", "352136"),
    ("ID", "", "identity-blank", None),
    ("名称", "未定", "placeholder-text", None),
    ("名称", "NULL", "placeholder-text", None),
    ("名称", "########", "spreadsheet-error", None),
    ("名称", "-2+3+cmd|' /C calc'!A0", "formula-injection", None),
    ("名称", "市　民　会　館", "spaced-letters", "市民会館"),
    ("名称", "見本公民館<br>別館", "markup-in-text", "見本公民館 別館"),
    ("名称", "㈱見本ホール", "platform-character", "(株)見本ホール"),
    ("名称", "公民館" * 50, "name-too-long", None),
    ("名称", "見本セン〓ー", "character-lost", None),
    ("名称_カナ", "kouminkan", "kana-letters", None),
    ("名称_カナ", "ミホンセンタ-", "form-fixable", "ミホンセンター"),
    ("名称", "公民館".encode().decode("latin-1"), "form-fixable", "公民館"),
    ("名称", '"見本公民館"', "form-fixable", "見本公民館"),
    ("法人番号", "T4000020352136", "pattern-shape", "4000020352136"),
    ("郵便番号", "759229", "pattern-shape", None),  # any digit may be missing: in 山口県 no code begins with 0
    ("開始時間", "900", "type-time", "09:00"),
    ("緯度", "3.4166E+01", "coordinate-exponent", "34.166"),
    ("緯度", "34.1", "coordinate-few-decimals", None),
    ("緯度", "36.162489", "coordinate-far-from-others", None),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value", "code", "remedy"), CASES)
def test_each_value_is_told_at_its_cell_and_nowhere_else(
    tmp_path: Path, field: str, value: str, code: str, remedy: str | None
) -> None:
    told = found(tmp_path, **{field: value})
    assert (code, field, remedy) in told
    assert {name for _, name, _ in told} == {field}


def test_headings_again_and_marks_below_the_headings_are_no_records(tmp_path: Path) -> None:
    marks = ["（必須）", "（任意）"] * (len(HEADINGS) // 2)
    lone = ["【東部地区】", *[""] * (len(HEADINGS) - 1)]
    rows = [marks, *[row(i) for i in range(20)], lone, list(HEADINGS), *[row(i) for i in range(20, 40)]]
    result = checked(tmp_path, rows)
    told = result.findings.filter(~pl_missing()).select("code", "row").rows()
    assert told == [("preface-row", 2), ("note-row-left-out", 23), ("header-row-repeated", 24)]
    assert result.rows == 41  # the repeated headings stand in the table and count


def test_a_file_of_headings_alone_says_so(tmp_path: Path) -> None:
    assert "table-empty" in checked(tmp_path, []).findings["code"].to_list()


@pytest.mark.parametrize(("typed", "wanted"), [
    ("平成31年5月1日", "2019-05-01"), ("昭和64年1月8日", "1989-01-08"), ("平成32年4月1日", "2020-04-01"),
    ("平成30年5月1日", None), ("平成52年4月1日", None), ("令和元年5月1日", None),
])
def test_a_date_that_counts_on_in_an_ended_era_is_proposed(typed: str, wanted: str | None) -> None:
    assert dates.date_past_era(typed) == wanted


def test_text_of_a_wrong_encoding_is_read_back_and_foreign_words_stay() -> None:
    word = "さくら公民館"
    for wrong in (word.encode().decode("latin-1"), word.encode("cp932").decode("latin-1"), "蛹礼ｬｬ7菴楢ご鬢ｨ"):
        assert undo_mojibake(wrong) in (word, "北第7体育館")
    assert [undo_mojibake(w) for w in ("Crème brûlée", "München", "café", "公民館", "123")] == [None] * 5


def test_small_menders_change_what_they_name_and_nothing_else() -> None:
    assert drop_markup("北<br/>南 &amp; 東") == "北 南 & 東" and drop_markup("A&B <3") is None
    assert drop_quotes("'0837-52-1110") == "0837-52-1110"
    assert drop_quotes("'24夏祭り") is None and drop_quotes('"a" "b"') is None
    assert close_up("豊　田　眼　科") == "豊田眼科" and close_up("く わ え 皮 膚 科") == "くわえ皮膚科"
    assert close_up("刀 銘 則國") is None
    assert plain_signs("①㈱Ⅱ㎡㍿") == "(1)(株)IIm2株式会社" and plain_signs("髙﨑") is None
    assert text.long_marks("センタ－") == "センター"


@pytest.mark.parametrize(("words", "is_person"), [
    ("申込は山田翔さんまで", True), ("伊藤 花子様方", True), ("佐藤花子（会長）", True), ("所有者：西村一郎", True),
    ("施設長：藤井花子", True),
    ("管理人の鈴木一郎氏に連絡", True), ("担当：髙橋健", True), ("所有者：山口市", False), ("山田町（会長宅前）", False),
    ("大内氏の館跡", False), ("担当：山　田　太　郎", True), ("山 田 太 郎様", True), ("市 民 会 館", False),
])
def test_names_of_persons_in_free_text(words: str, is_person: bool) -> None:
    assert person_in(words) is is_person


def test_the_number_of_a_home_is_personal_and_that_of_a_hall_is_not() -> None:
    assert home_phone_in("自宅 0837-52-1234") and home_phone_in("自宅電話：０８３７（５２）１２３４")
    assert not home_phone_in("公民館 0837-52-1234") and not home_phone_in("自宅から徒歩10分")


def test_a_point_that_differs_from_another_dataset_is_told_with_both_points() -> None:
    standard = load_standard("aed", "municipal-standard-v3")
    table = Table.from_rows(["名称", "所在地_連結表記", "緯度", "経度"], [
        ["市役所", "山口県美祢市大嶺町東分326-1", "34.166600", "131.205600"],
        ["図書館", "山口県美祢市大嶺町東分1", "34.17", "131.20"],
    ])
    located = pl.DataFrame({
        "lat": ["34.176600", None], "lon": ["131.205600", None], "label": ["公共施設一覧", None],
        "status": ["match", "none"], "candidates": ["", ""],
    })
    told = points_elsewhere(standard, table, located).rows(named=True)
    assert [(t["code"], t["field"], t["value"]) for t in told] == [("coordinate-differs-elsewhere", "緯度", "34.166600")]
    assert '"metres": 1110' in told[0]["params"] and "公共施設一覧" in told[0]["params"]
