"""Blank coordinates are filled from the body's own facilities and from the gazetteer, and say how exact they are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.geocode import Gazetteer, Register, fill_points
from pipelines.messages import is_meaning, message
from pipelines.model import FINDINGS, FIXES, Table
from pipelines.standards import load_standard
from tests.geocode_places import small_gazetteer

STANDARD = load_standard("public_facility", "municipal-standard-v3", None)
COLUMNS = ("名称", "所在地_連結表記", "緯度", "経度")


@dataclass
class Body:
    code: str = "352136"


@pytest.fixture(scope="module")
def gazetteer(tmp_path_factory: pytest.TempPathFactory) -> Gazetteer:
    return small_gazetteer(tmp_path_factory.mktemp("gazetteer"))


REGISTER = Register.from_tables([(
    "352136_public_facility",
    pl.Series(["美祢市役所", "見本公民館", "見本公民館", "見本体育館"]),
    pl.Series(["山口県美祢市大嶺町東分３２６番地１", "美祢市大嶺町西分902", "美祢市大嶺町西分902", None]),
    pl.Series(["34.166600", "34.17", "34.27", "34.1"]), pl.Series(["131.205000", "131.19", "131.19", "131.2"]),
)])


def fill(rows: list[list[str | None]], gazetteer: Gazetteer | None, *, register: Register | None = None,
         coarsest: str = "oaza", body: Any = None) -> tuple[Table, pl.DataFrame, pl.DataFrame]:
    return fill_points(Table.from_rows(COLUMNS, rows), STANDARD, gazetteer=gazetteer, register=register,
                       coarsest=coarsest, body=body or Body())


def params(findings: pl.DataFrame, row: int = 0) -> dict[str, Any]:
    return dict(json.loads(findings["params"][row]))


def test_a_facility_with_the_same_name_and_address_gives_its_point(gazetteer: Gazetteer) -> None:
    table, findings, fixes = fill([["美祢市役所 ", "大嶺町東分326-1", None, ""]], gazetteer, register=REGISTER)
    assert table.frame.select("緯度", "経度").row(0) == ("34.166600", "131.205000")
    assert params(findings)["source"] == "facility:352136_public_facility"
    assert fixes["rule"].unique().to_list() == ["geocode-facility"] and fixes["row"].to_list() == [2, 2]


def test_same_name_at_another_address_is_not_the_facility(gazetteer: Gazetteer) -> None:
    _, findings, _ = fill([["美祢市役所", "美祢市大嶺町東分327-1", None, None]], gazetteer, register=REGISTER)
    assert params(findings)["precision"] == "oaza"


@pytest.mark.parametrize("coarsest", ["facility", "parcel"])
def test_two_facilities_that_agree_at_two_places_are_a_finding(gazetteer: Gazetteer, coarsest: str) -> None:
    table, findings, fixes = fill([["見本公民館", "美祢市大嶺町西分902", None, None]], gazetteer, register=REGISTER,
                                  coarsest=coarsest)
    assert params(findings)["reason"] == "facility-tie" and fixes.height == 0
    assert "34.27" in params(findings)["candidates"]
    assert table.frame["緯度"][0] is None


def test_a_tie_of_facilities_falls_back_to_the_town_and_is_named(gazetteer: Gazetteer) -> None:
    _, findings, fixes = fill([["見本公民館", "美祢市大嶺町西分902", None, None]], gazetteer, register=REGISTER)
    said = params(findings)
    assert findings["code"].to_list() == ["point-filled"] and fixes["rule"].unique().to_list() == ["geocode-oaza"]
    for lang in ("ja", "en"):
        assert "34.27" in message("point-filled", lang, field="緯度", value="x", params=said)


@pytest.mark.parametrize("dash", ["-", "－", "ー", "―", " - "])
def test_a_dash_is_a_blank_point_and_no_address(gazetteer: Gazetteer, dash: str) -> None:
    table, findings, _ = fill([["甲", "美祢市大嶺町東分1", dash, dash], ["乙", dash, None, None]], gazetteer)
    assert table.frame["緯度"].to_list() == ["34.181474", None]
    assert findings.select("row", "code").rows() == [(2, "point-filled")]


def test_the_words_name_the_publisher_and_the_bodys_own_list(gazetteer: Gazetteer) -> None:
    rows: list[list[str | None]] = [
        ["甲", "美祢市大嶺町東分1", None, None], ["美祢市役所", "大嶺町東分326-1", None, None]]
    _, findings, _ = fill(rows, gazetteer, register=REGISTER)
    town, facility = (message("point-filled", "ja", field="緯度", value="x", params=params(findings, i)) for i in (0, 1))
    assert "出典は位置参照情報（国土交通省）です" in town
    assert "出典は同じ団体の「352136_public_facility」です" in facility


def test_the_gazetteers_point_says_source_precision_and_error(gazetteer: Gazetteer) -> None:
    table, findings, fixes = fill([["甲", "美祢市大嶺町東分1", None, None]], gazetteer)
    said = params(findings)
    assert (said["source"], said["precision"], said["error_m"]) == ("mlit", "oaza", 770)
    assert "国土交通省" in said["credit"]
    assert table.frame["緯度"][0] == "34.181474" and fixes["applied"].all()
    assert not is_meaning("geocode-oaza")
    for lang in ("ja", "en"):
        assert "{" not in message("point-filled", lang, field="緯度", value="x", params=said)


def test_a_given_coordinate_is_never_touched(gazetteer: Gazetteer) -> None:
    rows = [["甲", "美祢市大嶺町東分1", "34.1", "131.2"], ["乙", "美祢市大嶺町東分1", "34.1", None]]
    table, findings, fixes = fill(rows, gazetteer)
    assert table.frame["緯度"].to_list() == ["34.1", "34.1"] and table.frame["経度"].to_list() == ["131.2", None]
    assert findings.height == 0 and fixes.height == 0


@pytest.mark.parametrize(("coarsest", "filled"), [("none", 0), ("facility", 0), ("parcel", 0), ("chome", 0), ("oaza", 1)])
def test_nothing_coarser_than_the_declaration_allows(gazetteer: Gazetteer, coarsest: str, filled: int) -> None:
    _, findings, fixes = fill([["甲", "美祢市大嶺町東分1", None, None]], gazetteer, coarsest=coarsest)
    assert fixes.height == 2 * filled
    if coarsest not in ("none", "oaza"):
        assert params(findings)["reason"] == "too-coarse"


@pytest.mark.parametrize(("address", "reason"), [
    ("柳井市阿月1", "outside-body"), ("美祢市架空町1", "town-not-found"), ("美祢市", "municipality-only"),
    ("不明", "no-address"), ("山口県", "prefecture-only"),
    ("美祢市秋芳町別府公民館", "town-unsure"),
    ("美祢市秋芳町別府谷123-4", "town-unsure")])  # another town, or a 小字 that nobody marked as one
def test_a_refusal_says_why(gazetteer: Gazetteer, address: str, reason: str) -> None:
    table, findings, fixes = fill([["甲", address, None, None]], gazetteer)
    assert params(findings)["reason"] == reason and fixes.height == 0 and table.frame["緯度"][0] is None
    for lang in ("ja", "en"):
        assert address in message("point-not-found", lang, field="緯度", value=address, params=findings["params"][0])


@pytest.mark.parametrize("address", [
    "美祢市秋芳町別府字谷123", "美祢市秋芳町別府 谷123", "美祢市秋芳町大字別府谷123", "美祢市秋芳町別府甲123",
    "美祢市秋芳町別府第123", "美祢市秋芳町別府十二番地の3", "美祢市秋芳町別府123谷口アパート"])
def test_what_follows_a_town_without_doubt_does_not_stop_the_fill(gazetteer: Gazetteer, address: str) -> None:
    table, _, _ = fill([["甲", address, None, None]], gazetteer)
    assert table.frame["緯度"][0] == "34.260000"


def test_a_refusal_names_the_towns_that_may_be_meant(gazetteer: Gazetteer) -> None:
    _, findings, _ = fill([["甲", "美祢市大嶺町東文1", None, None], ["乙", "美祢市", None, None]], gazetteer)
    told = [message("point-not-found", "ja", field="緯度", value="", params=p) for p in findings["params"]]
    assert "候補: " in told[0] and "大嶺町東分" in told[0]
    assert "候補" not in told[1]


def test_parts_of_an_address_stand_in_for_a_blank_whole(gazetteer: Gazetteer) -> None:
    columns = (*COLUMNS, "所在地_都道府県", "所在地_市区町村", "所在地_町字", "所在地_番地以下")
    table = Table.from_rows(columns, [["甲", None, None, None, "山口県", "美祢市", "秋芳町別府", "12"]])
    table, findings, _ = fill_points(table, STANDARD, gazetteer=gazetteer, register=None, coarsest="oaza", body=None)
    assert table.frame["緯度"][0] == "34.260000"


def test_without_address_columns_or_rows_nothing_happens(gazetteer: Gazetteer) -> None:
    for table in (Table.from_rows(("名称", "緯度", "経度"), [["a", None, None]]), Table.from_rows(COLUMNS, []),
                  Table.from_rows(("名称",), [["a"]]), Table.from_rows(COLUMNS, [["a", None, None, None]])):
        out, findings, fixes = fill_points(table, STANDARD, gazetteer=gazetteer, register=None, coarsest="oaza",
                                           body=None)
        assert out.frame.equals(table.frame)
        assert dict(findings.schema) == FINDINGS and dict(fixes.schema) == FIXES and findings.height == 0


def test_without_a_gazetteer_the_finding_says_so(tmp_path: Path) -> None:
    _, findings, _ = fill([["甲", "美祢市大嶺町東分1", None, None]], None)
    assert params(findings)["reason"] == "no-gazetteer"


SAME = [
    ("美祢市大嶺町東分326-1", "〒759-2212 山口県美祢市大嶺町東分326番地1"),
    ("美祢市大嶺町東分326-1", "美祢市大嶺町東分３２６－１ 2階"),
    ("美祢市大嶺町東分326-1", "大嶺町東分326番1号2階"),
    ("美祢市大嶺町東分326-1", "美祢市大嶺町東分三百二十六番地の一"),
    ("下関市綾羅木本町3-1-20", "山口県下関市綾羅木本町三丁目1番20号"),
    ("長門市三隅下380", "山口県長門市三隅下380番地"),
    ("下関市一の宮住吉1-1", "下関市一の宮住吉一丁目1番"),
]
APART = [
    ("長門市三隅下380", "長門市三隅中100"),  # 三 of 三隅 is no number
    ("千葉市中央区本町1-1", "千葉市中央区本町1-2"), ("下関市一の宮住吉1-1", "下関市一の宮町1-1"),
    ("美祢市大嶺町東分326-1", "美祢市大嶺町東分326-12"), ("四日市市諏訪町1", "四日市市本町2"),
]


@pytest.mark.parametrize(("held", "asked", "status"), [
    *((a, b, "match") for a, b in SAME), *((a, b, "address-differs") for a, b in APART)])
def test_the_address_of_a_facility_agrees_however_it_is_written(held: str, asked: str, status: str) -> None:
    name = pl.Series(["見本公民館"])
    register = Register.from_tables([("公共施設一覧", name, pl.Series([held]), pl.Series(["34.1"]), pl.Series(["131.1"]))])
    assert register.locate(name, pl.Series([asked]))["status"].to_list() == [status]
