"""Rules beyond types: each table of cells says what is right and what is wrong, and where it was seen."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.check import check_file
from pipelines.checked import CheckOptions
from pipelines.messages import load_messages
from pipelines.model import Contact, Field, Licence, Municipality, Requirement, Standard, Table
from pipelines.validate import Validator
from pipelines.validate.cellrules import fine_corporate, fine_lgcode
from pipelines.validate.signs import judge_injection, judge_signs
from pipelines.values.codes import is_corporate_number, is_lgcode

SPECS: dict[str, dict[str, Any]] = {
    "lgcode6": {"type": "string", "constraints": {"pattern": "^[0-9]{6}$"}},
    "corp": {"type": "string", "constraints": {"pattern": "^[0-9]{13}$"}},
    "post": {"type": "string", "constraints": {"pattern": "^[0-9]{7}$"}},
    "poi": {"type": "string", "constraints": {"pattern": "^[0-9]{4}$"}},
    "lat": {"type": "number", "constraints": {"minimum": 20, "maximum": 46}},
    "int": {"type": "integer", "constraints": {"minimum": 0}},
    "date": {"type": "date"},
    "time": {"type": "time", "format": "%H:%M"},
    "url": {"type": "string", "format": "uri"},
    "mail": {"type": "string", "format": "email"},
    "h_val": {"type": "number"},
    "flag1": {"type": "string", "constraints": {"enum": ["1"], "required": True}},
}
MINE = Municipality(
    "352136", "美祢市", "ミネシ", "Mine City", "山口県", "4000020352136", "mine", Licence("CC-BY-4.0", "", ""),
    Contact("総務課"), "EPSG:6668", (), True, Path()
)  # fmt: skip


def standard(*columns: tuple[str, str], mark: str = "optional", basis: str = "read") -> Standard:
    fields = []
    for name, rule in columns:
        spec = {"name": name, **SPECS.get(rule, {"type": "string"})}
        kind = str(spec["type"])
        fields.append(Field(name, kind, spec.get("format"), rule, Requirement(mark, basis), (), spec))
    schema = {"fields": [f.spec for f in fields]}
    return Standard("aed", "v", "", "", "", "aed", False, "exact", tuple(fields), schema)


def check(columns: list[tuple[str, str]], *rows: tuple[str | None, ...], body: Municipality | None = None) -> Any:
    known = standard(*columns)
    validator = Validator(known, body=body, codes={"poi": {"1503": "小学校"}})
    return validator.check(Table.from_rows([c for c, _ in columns], rows)).to_dicts()


RIGHT = [
    ("lgcode6", ["352136", "350001", "131016", "011002"]),
    ("corp", ["4000020352136", "1180301018771", "8000020130001"]),
    ("tel", ["0820-22-2111", "(0837)52-1110", "0120-444-113", "0120-999999", "090-1234-5678", "+81 (03)5253-5111",
             "083-933-2111 / 083-933-2112", "110", "119", "#7119"]),
    ("kana", ["ミネシヤクショ", "アキヨシダイ・カガクハクブツカン", "ＪＲミネエキ", "ダイ2シツ", "（ミネ）"]),
    ("dow", ["月火水木金", "月火水木金土日", "土日", "水", "12345", "0We", "13Mo"]),
    ("url", ["https://www.city.mine.lg.jp/", "http://www.city.mine.lg.jp/秋吉台?x=1#a", "HTTPS://www.example.lg.jp"]),
    ("mail", ["koho@city.example.lg.jp"]),
    ("poi", ["1503"]),
    ("pref", ["山口県", "北海道", "東京都"]),
    ("id", ["352136-001", "A12", "0000000001"]),
    ("time", ["00:00", "23:59"]),
    ("date", ["2024-02-29"]),
    ("text", ["繧繝彩色", "ご存じですか?秋吉台です", "-", "―", "A=B", "5-3", "-5度", "+81-3-5253-5111",
              "質問?", "#7119", "髙﨑"]),
    ("addr_full", ["山口県美祢市大嶺町東分326-1"]),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "values"), RIGHT)
def test_right_cells_are_not_flagged(rule: str, values: list[str]) -> None:
    assert check([("x", rule)], *[(v,) for v in values]) == []


WRONG = [
    ("lgcode6", "352137", "lgcode-check-digit", "352136"),
    ("lgcode6", "990001", "lgcode-unknown", None),
    ("lgcode6", "35213", "pattern-shape", None),
    ("lgcode6", "3.00002E+12", "digits-lost", None),  # 宇部市 events
    ("corp", "4000020352137", "corporate-number-check-digit", None),
    ("corp", "4.00E+12", "digits-lost", None),  # 茅野市 public facilities
    ("tel", "0820222111", "phone-form", "0820-22-2111"),
    ("tel", "０８２０－２２－２１１１", "phone-form", "0820-22-2111"),
    ("tel", "0820-62-360", "phone-digits", None),  # 山口県 tourism
    ("tel", "0837-52-1110（代表）", "phone-note", "0837-52-1110"),
    ("tel", "0827-41-1477（錦川鉄道㈱）", "phone-note", None),  # 岩国市 AED
    ("tel", "41-4355(会長)", "phone-digits", None),  # 下松市 events
    ("tel", "なし", "phone-none", None),  # 柳井市 shelters
    ("tel", "電話なし", "phone-none", None),  # 岩国市 AED
    ("tel", "不明", "phone-words", None),
    ("tel", "(0833)72[sanitize]1448", "phone-form", "(0833)72-1448"),
    ("tel", "083(代表)922-4111", "phone-form", "083-922-4111"),
    ("tel", "0837-52-1110[内線]123", "phone-note", None),
    ("kana", "ﾐﾈｼﾔｸｼｮ", "kana-half-width", "ミネシヤクショ"),
    ("kana", "ひがしみちうえ", "kana-hiragana", "ヒガシミチウエ"),
    ("kana", "ヤナイショウ学校", "kana-kanji", None),  # 山口県 AED
    ("dow", "月～金", "weekday-form", "月火水木金"),
    ("dow", "月火木金土日祝", "weekday-words", None),  # 石川県 AED
    ("url", "www.city.mine.lg.jp", "form-uri", "https://www.city.mine.lg.jp"),
    ("url", "https://a.example.jp/ https://b.example.jp/", "two-values", "https://a.example.jp/"),  # 山口市 AED
    ("url", "https://a.example.jp/\nhttps://b.example.jp/", "two-values", "https://a.example.jp/"),
    ("mail", "koho＠example.lg.jp", "form-email", "koho@example.lg.jp"),
    ("poi", "9999", "poi-unknown", None),
    ("poi", "1503a", "pattern-shape", None),  # 茅野市 public facilities
    ("pref", "山口", "prefecture-unknown", "山口県"),
    ("pref", "山口懸", "prefecture-unknown", "山口県"),
    ("id", "1.31025E+11", "digits-lost", None),
    ("id", "Ａ－１２", "id-width", "A-12"),
    ("date", "2013-09-26、2020-10-09", "two-values", None),  # cultural properties of 高松市
    ("time", "14:00～15:00", "two-values", None),  # 山口県 childcare
    ("time", "24:00", "time-midnight", None),  # closing times of tourist sights
    ("int", "30人", "type-integer", "30"),
    ("int", "1,300", "type-integer", "1300"),  # 防府市 population
    ("addr_full", "山口県柳井市神代4144?9", "character-lost", None),  # 山口県 AED, − lost in CP932
    ("town", "幸町12?1", "character-lost", None),  # 石川県 AED
    ("text", "#REF!", "spreadsheet-error", None),
    ("text", "〃", "same-as-above", None),
    ("text", "同上", "same-as-above", None),
    ("text", "秋吉\ufffd台", "mojibake", None),
    ("text", "繝ｻ繝ｼ繧ｿ", "mojibake", None),
    ("text", "一行目\n二行目", "line-break-in-cell", None),
    ("text", "面積①", "platform-character", "面積(1)"),
    ("text", "\ue000田", "character-private", None),
    ("text", "=1+1", "formula-injection", None),
    ("text", "@example", "formula-injection", None),
    ("text", "+cmd|' /C calc'!A0", "formula-injection", None),
    ("url", "=HYPERLINK(\"http://x\")", "formula-injection", None),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "value", "code", "remedy"), WRONG)
def test_wrong_cells_get_their_code_and_the_value_to_type(rule: str, value: str, code: str, remedy: str | None) -> None:
    found = check([("x", rule)], (value,))
    assert [(f["code"], f["remedy"], f["value"]) for f in found] == [(code, remedy, value)]


@pytest.mark.parametrize("sign", ["=", "@", "\t", "\r", "\x00", "+", "-"])
def test_every_sign_that_starts_a_formula_is_marked(sign: str) -> None:
    assert judge_injection(sign + "SUM(A1)")
    assert bool(judge_injection(sign + "5")) == (sign not in "+-")


def test_a_question_mark_is_lost_only_inside_a_japanese_word() -> None:
    assert judge_signs("松野?生家", in_name=True)[0].code == "character-lost"
    assert judge_signs("秋吉台を知っていますか?ぜひお越しください", in_name=False) == ()
    assert judge_signs("https://www.example.jp/?a=字", in_name=True) == ()


def test_publisher_code_is_the_bodys_own() -> None:
    columns = [("全国地方公共団体コード", "lgcode6")]
    found = check(columns, ("352128",), ("352136",), body=MINE)
    assert [(f["row"], f["code"]) for f in found] == [(2, "code-not-body")]


def test_names_agree_with_codes() -> None:
    columns = [("都道府県コード又は市区町村コード", "lgcode6"), ("都道府県名", "pref"), ("市区町村名", "city")]
    rows = [("352136", "山口県", "美祢市"), ("352136", "広島県", "美祢市"), ("352136", "山口県", "柳井市")]
    found = check(columns, *rows, body=MINE)
    assert [(f["row"], f["code"], f["field"]) for f in found] == [
        (3, "prefecture-not-code", "都道府県名"),
        (4, "city-not-code", "市区町村名"),
    ]


def test_start_comes_before_end_and_night_ends_in_the_morning() -> None:
    columns = [("開始日", "date"), ("終了日", "date"), ("開始時間", "time"), ("終了時間", "time")]
    found = check(
        columns,
        ("2026-04-02", "2026-04-01", None, None),
        ("2026-04-01", "2026-04-01", "17:00", "09:00"),
        ("2026-04-01", "2026-04-02", "17:00", "09:00"),
        ("2026-04-01", None, "18:00", "02:00"),
        ("2026-04-01", None, "09:00", "17:00"),
    )
    assert [(f["row"], f["code"]) for f in found] == [(2, "date-order"), (3, "time-order")]


def test_height_needs_its_kind() -> None:
    columns = [("高度の種別", "h_type"), ("高度の値", "h_val")]
    found = check(columns, ("階数", "1"), (None, "3"), ("標高", None), (None, None))
    assert [(f["row"], f["field"]) for f in found] == [(3, "高度の種別"), (4, "高度の値")]


def test_the_same_facility_twice_is_a_warning_unless_something_tells_them_apart() -> None:
    columns = [("ID", "id"), ("名称", "text"), ("所在地_連結表記", "addr_full"), ("設置位置", "text"), ("備考", "text")]
    found = check(
        columns,
        ("1", "秋芳洞", "山口県美祢市秋芳町秋吉", "入口", None),
        ("2", "秋芳洞", "山口県美祢市秋芳町秋吉", "出口", None),
        ("3", "秋芳　洞", "山口県美祢市秋芳町秋吉", "入口", "追加"),
    )
    assert [(f["row"], f["code"]) for f in found] == [(4, "facility-duplicate")]


def test_an_id_is_unique_within_its_publisher() -> None:
    columns = [("全国地方公共団体コード", "lgcode6"), ("ID", "id")]
    found = check(columns, ("352136", "1"), ("352128", "1"), ("352136", "1"), ("352136", None), ("352136", None))
    assert [(f["row"], f["code"], f["params"]) for f in found] == [(4, "id-duplicate", '{"first_row": 2}')]


def test_only_a_mark_that_was_read_makes_a_blank_an_error() -> None:
    inferred = standard(("名称", "text"), mark="required", basis="inferred")
    unknown = standard(("名称", "text"), mark="unknown", basis="unknown")
    table = Table.from_rows(["名称"], [(None,), ("秋芳洞",)])
    assert Validator(inferred).check(table)["code"].to_list() == ["required-missing-inferred"]
    assert Validator(unknown).check(table).height == 0
    assert load_messages()["findings"]["required-missing-inferred"]["level"] == "warning"


def test_a_cell_of_spaces_is_a_blank() -> None:
    known = standard(("名称", "text"), mark="required", basis="inferred")
    found = Validator(known).check(Table.from_rows(["名称"], [("　 ",), ("秋芳洞",)]))
    assert found.select("row", "code").rows() == [(2, "required-missing-inferred")]


def test_a_blank_flag_says_that_it_does_not_apply() -> None:
    assert check([("災害種別_洪水", "flag1")], (None,), ("1",)) == []


@pytest.mark.parametrize("dash", ["-", "－", "ー", "―", " — "])
@pytest.mark.parametrize("rule", ["text", "addr_full", "kana", "tel", "url", "id", "dow"])
def test_a_cell_of_a_dash_is_a_blank(rule: str, dash: str) -> None:
    known = standard(("x", rule), mark="required", basis="inferred")
    found = Validator(known).check(Table.from_rows(["x"], [(dash,)]))
    assert found["code"].to_list() == ["required-missing-inferred"]
    assert check([("x", rule)], (dash,)) == []


def test_an_honest_none_is_a_warning_even_where_a_number_is_required() -> None:
    field = Field("電話番号", "string", None, "tel", Requirement("required", "read"), (),
                  {"name": "電話番号", "type": "string", "constraints": {"required": True}})
    known = replace(standard(("x", "tel")), fields=(field,), schema={"fields": [field.spec]})
    found = Validator(known).check(Table.from_rows(["電話番号"], [("なし",), (None,)]))
    assert found["code"].to_list() == ["phone-none", "required-missing"]
    assert load_messages()["findings"]["phone-none"]["level"] == "warning"


def test_nearly_full_columns_are_not_told() -> None:
    for blanks, told in ((1, 0), (2, 1)):
        validator = Validator(standard(("名称_カナ", "kana"), mark="recommended"))
        validator.check(Table.from_rows(["名称_カナ"], [("ア",)] * (10 - blanks) + [(None,)] * blanks))
        assert validator.finish().height == told


def test_a_whole_column_that_disagrees_with_the_code_is_told_once() -> None:
    columns = [("全国地方公共団体コード", "lgcode6"), ("市区町村名", "city")]  # 岩国市 shelters: the address stands there
    rows = [("352136", f"美祢市大嶺町{i}") for i in range(6)]
    found = check(columns, *rows, body=MINE)
    assert [(f["code"], f["row"], f["value"]) for f in found] == [("city-not-code-column", None, "美祢市大嶺町0")]
    assert json.loads(found[0]["params"])["count"] == "6"
    some = check(columns, *rows, ("352136", "美祢市"), body=MINE)
    assert [f["code"] for f in some] == ["city-not-code"] * 6


def test_two_rows_of_one_address_without_anything_else_are_the_same_facility() -> None:
    columns = [("名称", "text"), ("所在地_連結表記", "addr_full"), ("緯度", "lat"), ("経度", "lon")]
    school = ("豊田前小学校", "山口県美祢市豊田前町麻生下809")  # 美祢市 school districts: one address, two points
    found = check(columns, (*school, "34.18708", "131.12163"), (*school, "34.19614", "131.14759"))
    assert [(f["row"], f["code"]) for f in found] == [(3, "facility-duplicate")]


def test_recommended_columns_are_told_once_with_their_fill_rate() -> None:
    validator = Validator(standard(("名称_カナ", "kana"), mark="recommended"))
    for _ in range(2):
        assert validator.check(Table.from_rows(["名称_カナ"], [("ア",), (None,), (None,)])).height == 0
    found = validator.finish().to_dicts()
    assert [(f["code"], f["params"]) for f in found] == [
        ("recommended-sparse", '{"filled": 2, "percent": "33", "rows": 6}')
    ]


def test_a_row_left_half_way_is_a_warning() -> None:
    columns = [(f"c{i}", "text") for i in range(8)]
    full = [tuple("あ" for _ in columns) for _ in range(20)]
    found = check(columns, *full, ("い", *[None] * 7))
    assert [(f["row"], f["code"], f["field"]) for f in found] == [(22, "row-half-filled", None)]


def test_bounds_of_latitude_are_left_to_the_map_but_not_its_type() -> None:
    found = check([("緯度", "lat")], ("131.5",), ("34.1度",))
    assert [(f["row"], f["code"]) for f in found] == [(3, "type-number")]


def test_total_population_is_the_sum_of_men_and_women() -> None:
    columns = [("総人口", "int"), ("男性", "int"), ("女性", "int")]
    found = check(columns, ("10", "4", "6"), ("10", "4", "5"))
    assert [(f["row"], f["code"]) for f in found] == [(3, "sum-not-equal")]


def test_every_code_of_the_rules_has_words_in_both_languages() -> None:
    codes = {code for _, _, code, _ in WRONG}
    known = load_messages()["findings"]
    for code in codes:
        assert {"level", "ja", "en"} <= set(known[code])


def test_check_digits_of_whole_columns_agree_with_those_of_single_cells() -> None:
    dice = random.Random(20260401)
    codes = [f"{dice.randrange(10**6):06d}" for _ in range(2000)] + ["352136", "３５２１３６", "35213", "990001", "x"]
    numbers = [f"{dice.randrange(10**13):013d}" for _ in range(2000)] + ["7000020352136", "1234E+12", "x"]
    frame = pl.DataFrame({"code": codes}).select(fine_lgcode(pl.col("code")).fill_null(value=False).alias("n"))
    assert frame["n"].to_list() == [is_lgcode(c) for c in codes]
    frame = pl.DataFrame({"number": numbers}).select(fine_corporate(pl.col("number")).fill_null(value=False).alias("n"))
    assert frame["n"].to_list() == [is_corporate_number(n) for n in numbers]


def test_a_table_against_a_given_schema_has_its_blank_short_and_long_rows_as_errors(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n\n3\n4,5,6\n,\n7,8\n", encoding="utf-8")
    fields = [{"name": "a", "type": "integer"}, {"name": "b", "type": "integer"}]
    (tmp_path / "s.json").write_text(json.dumps({"fields": fields}), encoding="utf-8")
    found = check_file(tmp_path / "t.csv", CheckOptions(schema=tmp_path / "s.json"))
    assert sorted(found.findings.select("row", "code").rows()) == [
        (3, "blank-rows"), (4, "row-short"), (5, "row-width"), (6, "blank-rows"),
    ]
    assert found.errors == 4
