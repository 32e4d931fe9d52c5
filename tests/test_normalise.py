"""Normalise: headings and values of a table become the standard's, every change is a line, twice is once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.messages import load_messages, message
from pipelines.model import ROW, Contact, Field, Licence, Municipality, Requirement, Standard, Table
from pipelines.normalise import ColumnMap, apply_map, map_columns, normalise
from pipelines.normalise.cells import _FEW
from pipelines.normalise.steps import steps_for
from pipelines.standards import list_standards, load_standard

MINE = Municipality(
    code="352136", name="美祢市", name_kana="ミネシ", name_en="Mine City", prefecture="山口県",
    corporate_number="4000020352136", organization_id="352136", licence=Licence("CC-BY-4.0", "", ""),
    contact=Contact("デジタル推進課"), crs="EPSG:6668", catalogues=(), sample=True, folder=Path("."),
)


def a_field(name: str, rule: str, mark: str = "optional", basis: str = "read", **spec: Any) -> Field:
    enum = tuple(spec.get("constraints", {}).get("enum", ()))
    return Field(name, "string", None, rule, Requirement(mark, basis), enum, spec)


def a_standard(*fields: Field) -> Standard:
    return Standard("test", "v1", "試験", "test", "", "test", False, "declared", fields, {})


def one_cell(
    rule: str, value: str | None, body: Municipality | None = None, **more: Any
) -> tuple[Any, list[dict[str, Any]]]:
    """The cell after normalising, and the lines of the fixes."""
    spec = more.pop("spec", {})
    table, findings, fixes = normalise(
        Table.from_rows(["列"], [[value]]), a_standard(a_field("列", rule, **spec)), body=body, **more
    )
    assert findings.height == 0
    return table.frame["列"][0], fixes.to_dicts()


@pytest.mark.parametrize(
    ("rule", "typed", "wanted", "fix"),
    [
        # the seeded defects of facts/validation-peers.md that have one certain right value
        ("lgcode6", "35213", "352136", "lgcode"),
        ("kana", "ひがしコウエン", "ヒガシコウエン", "kana"),
        ("tel", "0837521110", "0837-52-1110", "tel-hyphen"),
        ("tel", "０８３７－５２－１１１０", "0837-52-1110", "width"),
        ("post", "759-2292", "7592292", "post-code"),
        ("mail", "info＠city.mine.lg.jp", "info@city.mine.lg.jp", "width"),
        ("pref", "山口懸", "山口県", "prefecture-name"),
        ("yesno", "○", "有", "choice"),
        ("date", "2001/4/1", "2001-04-01", "date-notation"),
        ("date", "令和5年4月1日", "2023-04-01", "date-era"),
        ("date", "2001-4-1", "2001-04-01", "date-notation"),
        ("date", "２００１－０４－０１", "2001-04-01", "width"),
        ("date", "1955-02-15T00:00:00", "1955-02-15", "date-midnight"),
        ("date", "45017", "2023-04-01", "date-serial"),
        ("time", "9時", "09:00", "time-notation"),
        ("time", "9:00", "09:00", "time-notation"),
        ("time", "0.375", "09:00", "time-fraction"),
        ("lat", "34.17度", "34.17", "coordinate-notation"),
        ("lat", "34°10′15.5″", "34.170972", "coordinate-dms"),
        ("lon", "１３９.７６", "139.76", "width"),
        ("int", "１２０", "120", "width"),
        ("int", "1,300", "1300", "thousands"),
        ("int", "120.0", "120", "integer-point"),
        ("int", "30人", "30", "unit"),
        ("int", "△5", "-5", "minus-sign"),
        ("h_val", "地下1階", "-1", "floor"),
        ("h_val", "1階", "1", "unit"),
        ("text", "山口_x000D_\n市", "山口 市", "line-break"),
        ("text", "　山口市　", "山口市", "trim"),
        ("text", "ｸﾘﾆｯｸ", "クリニック", "half-width-kana"),
        ("text", "か\u3099", "が", "unicode-form"),
        ("text", "   ", None, "trim"),
        ("addr_old", "大嶺町東分３２６－１", "大嶺町東分326-1", "address-width"),
        ("banchi", "３２６－１", "326-1", "width"),
        ("dow", "月～金", "月火水木金", "weekdays"),
        ("flag1", "○", "1", "choice"),
        ("flag1", "×", None, "choice"),
        ("list", "内、皮、小", "内;皮;小", "list-separator"),
        ("list", "内科\n外科", "内科;外科", "list-separator"),
        ("tel", "0836-\n21-9504", "0836-21-9504", "tel-list"),
        ("tel", "－", None, "dash-blank"),
        ("fmtname", "csv", "CSV", "format-name"),
        ("no", "10.0", "10", "number-text"),
    ],
)
def test_a_change_of_form_is_applied_and_listed(rule: str, typed: str, wanted: str | None, fix: str) -> None:
    after, fixes = one_cell(rule, typed, MINE)
    assert after == wanted
    assert fixes == [{"row": 2, "field": "列", "before": typed, "after": wanted, "rule": fix, "applied": True}]


@pytest.mark.parametrize(
    ("rule", "typed", "wanted", "fix"),
    [
        ("int", "約120名", "120", "number-in-words"),
        ("url", "www.city.mine.lg.jp/", "https://www.city.mine.lg.jp/", "url-scheme"),
        ("yen", "無料", "0", "free-of-charge"),
        ("flag1", "○（２階）", "1", "choice-note"),
        ("dow", "土日祝", "土日", "weekdays-note"),
        ("tel", "不明", None, "none-blank"),
        ("tel", "(0833)72[sanitize]1448", "(0833)72-1448", "tel-word"),  # 光市
        ("date", "2021/03/26 09:03:39", "2021-03-26", "date-clock"),
        ("date", "令和3年3月26日 9:03", "2021-03-26", "date-clock"),
        ("time", "23:59:59", "23:59", "time-seconds"),
        ("time", "9:30:15", "09:30", "time-seconds"),
        ("url", "https://a.example.jp/1\nhttps://a.example.jp/2", "https://a.example.jp/1", "url-first"),
        ("url", "https://a.example.jp/1、http://b.example.jp/", "https://a.example.jp/1", "url-first"),
    ],
)
def test_a_change_of_meaning_waits_until_it_is_accepted(rule: str, typed: str, wanted: str | None, fix: str) -> None:
    after, fixes = one_cell(rule, typed)
    assert len(fixes) == 1 and not fixes[0]["applied"] and fixes[0]["rule"] == fix and fixes[0]["after"] == wanted
    assert fixes[0]["before"] == after  # nothing but form has changed so far
    accepted, lines = one_cell(rule, typed, accept={fix})
    assert accepted == wanted
    assert [(f["rule"], f["applied"]) for f in lines] == [(fix, True)]


DASHES = ("-", "－", "ー", "―", "‐", "—", "−", "ｰ", " - ", "---")  # 下関市, 宇部市, 周南市: "nothing here" in any column
DASH_RULES = (
    "text", "addr_full", "addr_old", "banchi", "bldg", "kana", "en", "tel", "url", "mail", "date", "time", "int", "num",
    "yen", "lat", "lon", "id", "no", "lgcode6", "dow", "yesno", "flag1", "list", "pref", "city", "h_val",
)


@pytest.mark.parametrize("rule", DASH_RULES)
def test_a_dash_alone_is_a_blank_in_every_column_and_is_listed(rule: str) -> None:
    for dash in DASHES:
        after, fixes = one_cell(rule, dash, MINE)
        assert after is None, (rule, dash)
        assert [(f["before"], f["after"], f["applied"]) for f in fixes] == [(dash, None, True)]
        assert fixes[0]["rule"] in ("dash-blank", "choice", "half-width-kana", "trim", "width")


@pytest.mark.parametrize(("rule", "value"), [("text", "A-1"), ("text", "－1"), ("text", "*"), ("id", "A-1"), ("int", "-1")])
def test_a_dash_beside_something_is_no_blank(rule: str, value: str) -> None:
    assert one_cell(rule, value, MINE) == (value, [])


NO_NUMBER = ("なし", "無し", "無", "電話なし", "（なし）", "FAX無し", "電話番号なし", "該当なし", "ありません")  # 岩国市, 柳井市


@pytest.mark.parametrize("typed", NO_NUMBER)
def test_no_number_is_a_blank_unless_a_number_is_required(typed: str) -> None:
    after, fixes = one_cell("tel", typed)
    assert after is None and [(f["before"], f["rule"], f["applied"]) for f in fixes] == [(typed, "tel-none", True)]
    required = a_standard(a_field("電話番号", "tel", "required", constraints={"required": True}))
    table, _, fixes_of_required = normalise(Table.from_rows(["電話番号"], [[typed]]), required, accept={"none-blank"})
    assert not fixes_of_required.filter(pl.col("after").is_null()).height and table.frame["電話番号"][0]


@pytest.mark.parametrize(
    ("rule", "typed", "wanted"),
    [("text", "10:20ｰ19:00", "10:20-19:00"), ("addr_full", "美祢市大嶺町東分326ｰ1", "美祢市大嶺町東分326-1"),
     ("text", "ｾﾝﾀｰ", "センター"), ("kana", "ｶｰ2ｰ1", "カー2-1")],
)
def test_a_half_width_long_mark_between_digits_is_a_hyphen(rule: str, typed: str, wanted: str) -> None:
    assert one_cell(rule, typed)[0] == wanted


@pytest.mark.parametrize(
    ("rule", "value"),
    [("date", "2001-02-30"), ("date", "平成52年4月1日"), ("date", "令和99年4月1日"), ("date", "2001年4月"),
     ("time", "25:00"), ("corp", "1234E+12"),
     ("int", "1000000"), ("int", "12.5"), ("lat", "131.2"), ("lat", "0"), ("tel", "67-1277"), ("lgcode6", "352137"),
     ("text", "髙﨑①㈱"), ("text", ""), ("poi", "150a"), ("no", "1.31025E+11"), ("text", "\ufa1b山")],
)
def test_what_is_not_certain_stays_as_it_is(rule: str, value: str) -> None:
    assert one_cell(rule, value, MINE) == (value, [])


@pytest.mark.parametrize("typed", ["24:00", "24時", "２４：００", "24:00:00"])
def test_closing_at_midnight_is_proposed_as_the_last_minute_and_opening_is_not(typed: str) -> None:
    for name, proposals in (("終了時間", [("23:59", "midnight-closing", False)]), ("開始時間", [])):
        table, _, fixes = normalise(Table.from_rows([name], [[typed]]), a_standard(a_field(name, "time")))
        assert table.frame[name][0] == typed
        assert [(f["after"], f["rule"], f["applied"]) for f in fixes.to_dicts()] == proposals


def test_a_blank_cell_gets_no_fix() -> None:
    for rule in ("text", "date", "lgcode6", "flag1", "lat"):
        assert one_cell(rule, None) == (None, [])


def test_a_refused_rule_is_not_applied_and_the_others_are() -> None:
    assert one_cell("date", "令和5年4月1日", refuse={"date-era"}) == ("令和5年4月1日", [])
    after, fixes = one_cell("date", " 令和5年4月1日 ", refuse={"date-era"})
    assert after == "令和5年4月1日" and fixes[0]["rule"] == "trim"


def test_code_lists_take_the_official_spelling_and_propose_for_one_letter() -> None:
    spec = {"spec": {"constraints": {"enum": ["図書館", "防火水そう", "認定こども園（保育所型）"]}}}
    assert one_cell("enum", "防火水槽", **spec)[0] == "防火水そう"
    assert one_cell("enum", "認定こども園(保育所型)", **spec)[0] == "認定こども園（保育所型）"
    after, fixes = one_cell("enum", "図書舘", **spec)
    assert after == "図書舘" and fixes[0]["after"] == "図書館" and not fixes[0]["applied"]
    assert one_cell("enum", "図書館", **spec) == ("図書館", [])


def test_the_bodys_own_name_is_completed() -> None:
    assert one_cell("lgname", "美祢市", MINE)[0] == "山口県美祢市"
    assert one_cell("city", "山口県美祢市", MINE)[0] == "美祢市"
    assert one_cell("city", "柳井市", MINE) == ("柳井市", [])
    assert one_cell("pref", "京都")[0] == "京都府"


def test_the_prefecture_of_the_rows_decides_between_two_readings_of_a_code() -> None:
    standard = a_standard(a_field("市区町村コード", "lgcode6"), a_field("都道府県名", "pref"))
    after, _, _ = normalise(Table.from_rows(standard.names, [["35343", "山口県"], ["35343", "山口"]]), standard)
    assert after.frame["市区町村コード"].to_list() == ["353434", "353434"]
    unknown, _, _ = normalise(Table.from_rows(standard.names, [["35343", "山口県"], ["35343", "岩手県"]]), standard)
    assert unknown.frame["市区町村コード"].to_list() == ["35343", "35343"]


def test_lookups_replace_declared_wrong_values_before_the_rules() -> None:
    lookups = {"列": {"別館": "図書館別館", "H元年": "1989-01-08"}}
    assert one_cell("text", "別館", lookups=lookups)[1][0]["rule"] == "lookup"
    assert one_cell("text", "別館", lookups=lookups)[0] == "図書館別館"
    assert one_cell("date", "H元年", lookups=lookups)[0] == "1989-01-08"
    assert one_cell("text", " 別館 ", lookups=lookups)[0] == "図書館別館"
    around = {"列": {"甲": "乙", "乙": "甲"}}
    assert one_cell("text", "甲", lookups=around)[0] == one_cell("text", "乙", lookups=around)[0]


def test_constants_fill_blank_cells_and_add_the_column() -> None:
    standard = a_standard(a_field("名称", "text"), a_field("市区町村名", "city"), a_field("都道府県名", "pref"))
    table = Table.from_rows(["名称", "市区町村名"], [["甲", None], ["乙", "柳井市"]])
    after, _, fixes = normalise(table, standard, constants={"市区町村名": "美祢市", "都道府県名": "山口県"})
    assert after.frame["市区町村名"].to_list() == ["美祢市", "柳井市"]
    assert after.frame["都道府県名"].to_list() == ["山口県", "山口県"]
    assert fixes.filter(pl.col("rule") == "constant").select("row", "field", "before", "after").rows() == [
        (2, "市区町村名", None, "美祢市"), (2, "都道府県名", None, "山口県"), (3, "都道府県名", None, "山口県"),
    ]
    assert normalise(after, standard, constants={"市区町村名": "美祢市", "都道府県名": "山口県"})[2].height == 0


def test_same_as_above_is_proposed_with_the_value_above() -> None:
    standard = a_standard(a_field("所管", "text"))
    table = Table.from_rows(["所管"], [["〃"], ["総務課"], ["〃"], ["同上"], [None], ["〃"]])
    after, _, fixes = normalise(table, standard)
    assert after.frame.equals(table.frame)
    assert fixes.select("row", "before", "after", "rule", "applied").rows() == [
        (4, "〃", "総務課", "same-as-above", False), (5, "同上", "総務課", "same-as-above", False),
    ]
    accepted, _, _ = normalise(table, standard, accept={"same-as-above"})
    assert accepted.frame["所管"].to_list() == ["〃", "総務課", "総務課", "総務課", None, "〃"]


def test_columns_outside_the_standard_are_not_touched() -> None:
    table = Table.from_rows(["名称", "メモ"], [["　甲　", "　乙　"]])
    after, _, fixes = normalise(table, a_standard(a_field("名称", "text")))
    assert after.frame["メモ"].to_list() == ["　乙　"]
    assert fixes["field"].to_list() == ["名称"]


def test_the_given_table_is_not_written_into() -> None:
    table = Table.from_rows(["列"], [["9:00"], ["10:00"]])
    before = table.frame.clone()
    normalise(table, a_standard(a_field("列", "time")))
    assert table.frame.equals(before)


def test_many_odd_cells_give_the_same_as_few() -> None:
    standard = a_standard(a_field("日", "date"), a_field("数", "int"))
    cells = [[f"{1950 + i % 60}/{i % 12 + 1}/{i % 28 + 1}", "約5名" if i % 3 else f"{i}人"] for i in range(_FEW + 2000)]
    whole, _, fixes = normalise(Table.from_rows(["日", "数"], cells), standard)
    starts = range(0, len(cells), 1000)
    parts = [normalise(Table.from_rows(["日", "数"], cells[i : i + 1000], 2 + i), standard) for i in starts]
    assert whole.frame.equals(pl.concat([p[0].frame for p in parts]))
    order = ["row", "field", "applied"]
    assert fixes.sort(order).equals(pl.concat([p[2] for p in parts]).sort(order))
    assert normalise(whole, standard)[2].filter("applied").height == 0


RULES = sorted({f.rule for info in list_standards() for f in load_standard(info.kind, info.edition).fields if f.rule})
LETTERS = "0123456789０１２９.,-－ー～/：:（）年月日時分度°'\"′″令和RH円人名約△○×有無〃、・;　 \n_x000D_ﾊﾞｶﾞはが゙@＠htps"


@pytest.mark.parametrize("rule", RULES)
@given(cells=st.lists(st.one_of(st.text(max_size=15), st.text(alphabet=LETTERS, max_size=12), st.none()), max_size=8))
@settings(max_examples=20, deadline=None)
def test_every_rule_changes_nothing_the_second_time(rule: str, cells: list[str | None]) -> None:
    enum = {"enum": ["有", "無"]} if rule in ("yesno", "h_type", "enum") else {}
    standard = a_standard(a_field("列", rule, constraints=enum))
    table = Table.from_rows(["列"], [[c] for c in cells])
    once, _, fixes = normalise(table, standard, body=MINE)
    twice, _, again = normalise(once, standard, body=MINE)
    assert once.frame.equals(twice.frame)
    assert again.filter("applied").height == 0
    meant = {name for name, words in load_messages()["rules"].items() if words["meaning"]}
    accepted = normalise(table, standard, body=MINE, accept=meant)[0]
    assert normalise(accepted, standard, body=MINE, accept=meant)[2].height == 0
    changed = {r: (b, a) for r, b, a in fixes.filter("applied").select("row", "before", "after").iter_rows()}
    for row, before, after in zip(table.frame[ROW], table.frame["列"], once.frame["列"], strict=True):
        assert (before, after) == changed.get(row, (before, before))  # no change without its line


def test_every_rule_that_a_step_names_has_its_words() -> None:
    rules = load_messages()["rules"]
    for rule in RULES:
        for step in steps_for(a_field("列", rule, constraints={"enum": ["有"]}), MINE):
            assert step.rule in rules


def _names(given: ColumnMap) -> list[str | None]:
    return [name for _, name in given.pairs]


def test_headings_are_told_by_form_alias_other_edition_and_typo() -> None:
    standard = a_standard(
        a_field("ID", "id", counterpart="NO", aliases=["NO", "番号"]),
        a_field("名称", "text", mark="required", aliases=["施設名"]),
        a_field("所在地_連結表記", "addr_full", aliases=["所在地_連結標記"]),
        a_field("建物名等(方書)", "bldg"),
        a_field("利用可能日時特記事項", "text"),
        a_field("電話番号", "tel"),
    )
    headings = ["NO", "1.施設名", "所在地_連結標記", "建物名等（方書）", "利用可能日時特記事頂", "電話番号", "備考"]
    given, findings = map_columns(headings, headings, standard)
    assert _names(given) == [*standard.names, None]
    assert dict(findings.select("value", "code").rows()) | {None: ""} == {
        "NO": "heading-other-edition", "1.施設名": "heading-changed", "所在地_連結標記": "heading-changed",
        "建物名等（方書）": "heading-changed", "利用可能日時特記事頂": "heading-near", None: "",
    }
    assert findings.filter(pl.col("code") == "column-unknown")["field"].to_list() == ["備考"]
    assert given.findings.equals(findings) and given.unmapped == ("備考",)


def test_columns_that_differ_in_a_telling_letter_are_never_taken_for_a_typo() -> None:
    names = ("女性トイレ総数", "5-9歳の女性", "利用開始時間")
    standard = a_standard(*(a_field(name, "int") for name in names))
    headings = ["男性トイレ総数", "5-9歳の男性", "利用終了時間", "5-8歳の女性"]
    assert _names(map_columns(headings, headings, standard)[0]) == [None] * 4


def test_two_near_headings_give_no_guess() -> None:
    standard = a_standard(a_field("関係機関連絡先", "text"), a_field("関係機関連絡帳", "text"))
    assert _names(map_columns(["関係機関連絡簿"], ["関係機関連絡簿"], standard)[0]) == [None]


def test_of_two_columns_for_one_heading_the_exact_one_is_kept_and_the_other_reported() -> None:
    standard = a_standard(a_field("名称", "text", aliases=["施設名"]))
    given, findings = map_columns(["施設名", "名称"], ["施設名", "名称"], standard)
    assert _names(given) == [None, "名称"]
    second = findings.filter(pl.col("code") == "column-second").to_dicts()
    assert second[0]["field"] == "施設名" and json.loads(second[0]["params"])["kept"] == "名称"


def test_the_declaration_decides_before_the_spelling() -> None:
    standard = a_standard(a_field("名称", "text"), a_field("名称_通称", "text"))
    headings = ["名称", "正式名"]
    declared = {"正式名": "名称", "名称": "名称_通称", "別名": "名称_通称"}
    given, findings = map_columns(headings, headings, standard, declared=declared)
    assert _names(given) == ["名称_通称", "名称"]
    assert findings.filter(pl.col("code") == "declared-column-absent")["value"].to_list() == ["別名"]


def test_ignored_columns_and_those_of_a_catalogue_are_listed_and_left_out() -> None:
    standard = a_standard(a_field("名称", "text"))
    headings = ["_id", "名称", "担当者", "整理用"]
    ignore = {"担当者": "個人の名前です。"}
    given, findings = map_columns(headings, headings, standard, ignore=ignore, header_ignore={"整理用"})
    assert _names(given) == [None, "名称", None, None]
    assert findings["code"].to_list() == ["column-ignored"] * 3
    assert "個人の名前です。" in findings["params"][1]


def test_missing_columns_are_an_error_only_for_a_mark_that_was_read() -> None:
    standard = a_standard(
        a_field("名称", "text", mark="required"), a_field("住所", "addr_old", mark="required", basis="inferred"),
        a_field("緯度", "lat", mark="recommended"), a_field("備考", "text"), a_field("画像", "url"),
    )
    _, findings = map_columns([], [], standard)
    levels = {c: load_messages()["findings"][c]["level"] for c in findings["code"]}
    assert levels == {
        "column-missing": "error", "column-missing-inferred": "warning", "column-missing-recommended": "info",
        "column-missing-optional": "info",
    }
    assert json.loads(findings["params"][-1]) == {"names": "備考、画像", "count": 2}


def test_another_order_is_said_once() -> None:
    standard = a_standard(a_field("甲", "text"), a_field("乙", "text"), a_field("丙", "text"))
    _, findings = map_columns(["丙", "乙", "甲"], ["丙", "乙", "甲"], standard)
    assert findings["code"].to_list() == ["heading-order"]


def test_headings_are_matched_by_their_text_and_columns_keep_their_unique_names() -> None:
    standard = a_standard(a_field("電話番号", "tel"))
    given, _ = map_columns(["電話番号", "電話番号_2"], ["電話番号", "電話番号"], standard)
    assert given.pairs == (("電話番号", "電話番号"), ("電話番号_2", None))


def test_a_name_that_the_reader_gave_a_column_counts_beside_its_heading() -> None:
    standard = a_standard(a_field("緯度", "lat"))
    heading = "http://www.w3.org/2003/01/geo/wgs84_pos#lat"  # LinkData, 宇部市
    assert map_columns(["緯度"], [heading], standard)[0].pairs == (("緯度", "緯度"),)


def test_applying_the_map_renames_and_keeps_order_and_unmapped_columns() -> None:
    table = Table.from_rows(["正式名", "名称", "メモ"], [["甲", "乙", "丙"]])
    given = ColumnMap((("正式名", "名称"), ("名称", None), ("メモ", None)))
    after = apply_map(table, given)
    assert after.columns == ("名称", "名称（元の列）", "メモ")
    assert after.frame.row(0) == (2, "甲", "乙", "丙")


def test_every_heading_of_every_edition_maps_to_itself_and_raises_nothing() -> None:
    for info in list_standards():
        standard = load_standard(info.kind, info.edition)
        given, findings = map_columns(standard.names, standard.names, standard)
        assert _names(given) == list(standard.names)
        assert findings.height == 0


def test_heading_words_name_the_heading_and_what_to_type() -> None:
    standard = a_standard(a_field("名称", "text", aliases=["施設名"]))
    _, findings = map_columns(["施設名"], ["施設名"], standard)
    row = findings.row(0, named=True)
    words = message(row.pop("code"), "ja", **{k: row[k] for k in ("field", "value", "params", "remedy")})
    assert "施設名" in words and "名称" in words


def test_a_column_kept_in_parts_is_filled_with_their_sum_and_listed_cell_by_cell() -> None:
    standard = a_standard(a_field("85歳以上の男性", "int", mark="required"), a_field("世帯数", "int"))
    split = {"85歳以上の男性": ["85-89歳の男性", "90歳以上の男性"]}
    columns = ["85～89歳の男性", "90歳以上の男性", "世帯数"]
    given, findings = map_columns(columns, columns, standard, split=split)
    assert findings["code"].to_list() == ["column-part", "column-part"]
    table = apply_map(Table.from_rows(columns, [["1,200", "３", "9"], ["1", None, "9"], ["-", "2", "9"]]), given)
    out, _, fixes = normalise(table, standard, split=split)
    assert out.frame["85歳以上の男性"].to_list() == ["1203", None, None]
    assert [(f["row"], f["before"], f["after"], f["rule"], f["applied"]) for f in fixes.to_dicts()] == [
        (2, None, "1203", "sum-of-parts", True)
    ]
    again, _, more = normalise(out, standard, split=split)
    assert more.height == 0 and again.frame.equals(out.frame)


def test_parts_are_not_added_up_when_one_is_missing_or_the_column_itself_is_there() -> None:
    standard = a_standard(a_field("85歳以上の男性", "int", mark="required"))
    split = {"85歳以上の男性": ["85-89歳の男性", "90歳以上の男性"]}
    for columns in (["85-89歳の男性"], ["85歳以上の男性", "85-89歳の男性", "90歳以上の男性"]):
        given, findings = map_columns(columns, columns, standard, split=split)
        assert "column-part" not in findings["code"].to_list()
        table = Table.from_rows(columns, [["1"] * len(columns)])
        out, _, fixes = normalise(apply_map(table, given), standard, split=split)
        assert fixes.height == 0 and out.columns == tuple(columns)
