"""Old edition to new and back: values kept, derived cells listed as fixes, losses said."""

from __future__ import annotations

import json
import random
from pathlib import Path

import polars as pl
import pytest

from pipelines.edition import carried_names, convert_edition
from pipelines.edition.building import is_building
from pipelines.messages import load_messages
from pipelines.model import FINDINGS, FIXES, Contact, Field, Licence, Municipality, Standard, Table
from pipelines.standards import list_kinds, load_standard

OLD, NEW = "recommended-v1", "municipal-standard-v3"
BASIC = [k.id for k in list_kinds() if k.basic]
MINE = Municipality(
    code="352136", name="美祢市", name_kana="ミネシ", name_en="Mine City", prefecture="山口県",
    corporate_number="4000020352136", organization_id="352136", licence=Licence("CC-BY-4.0", "", ""),
    contact=Contact("デジタル推進課"), crs="EPSG:6668", catalogues=(), sample=True, folder=Path(),
)  # fmt: skip


def split(addresses: pl.Series) -> pl.DataFrame:
    """A plain address parser for the tests: 県, 市町, town, number, building behind a blank."""
    pattern = r"^(?<pref>[^県]+県)(?<city>[^市町]+[市町])(?<town>[^0-9 ]+)(?<rest>[0-9-]+)[ 　]*(?<building>.*)$"
    found = addresses.str.extract_groups(pattern).struct.unnest()
    return found.with_columns(pl.lit(None, pl.String).alias("town_id"))


Told = tuple[dict[str, list[str | None]], list[dict[str, object]], list[dict[str, object]]]


def convert(rows: dict[str, list[str | None]], kind: str, old: str, new: str) -> Told:
    count = len(next(iter(rows.values())))
    table = Table.from_rows(list(rows), [[column[i] for column in rows.values()] for i in range(count)])
    standards = load_standard(kind, old), load_standard(kind, new)
    out, findings, fixes = convert_edition(table, *standards, body=MINE, split=split)
    assert dict(findings.schema) == FINDINGS and dict(fixes.schema) == FIXES
    assert out.columns == load_standard(kind, new).names
    words = load_messages()
    assert set(findings["code"]) <= set(words["findings"]) and set(fixes["rule"]) <= set(words["rules"])
    return out.frame.drop("__row__").to_dict(as_series=False), findings.to_dicts(), fixes.to_dicts()


def test_prefecture_and_municipality_become_one_name() -> None:
    rows = {"都道府県名": ["山口県", "山口県"], "市区町村名": ["美祢市", None], "名称": ["市役所", "県庁"]}
    out, _, fixes = convert(rows, "public_facility", OLD, NEW)
    assert out["地方公共団体名"] == ["山口県美祢市", "山口県"]
    assert [(f["row"], f["before"], f["after"], f["rule"]) for f in fixes if f["field"] == "地方公共団体名"] == [
        (2, None, "山口県美祢市", "edition-publisher-joined"),
        (3, None, "山口県", "edition-publisher-joined"),
    ]


def test_a_number_in_the_municipality_column_is_not_joined_but_reported() -> None:
    # 山口県 AED一覧 of 2021-05 holds 0001, 0002 … there.
    out, findings, _ = convert({"都道府県名": ["山口県"], "市区町村名": ["0001"]}, "aed", OLD, NEW)
    assert out["地方公共団体名"] == ["山口県"]
    lost = [f for f in findings if f["code"] == "edition-column-lost"]
    assert [(f["field"], json.loads(str(f["params"]))["count"]) for f in lost] == [("市区町村名", 1)]


@pytest.mark.parametrize(
    ("name", "pref", "city"),
    [
        ("山口県美祢市", "山口県", "美祢市"),
        ("山口県", "山口県", None),
        ("美祢市", "山口県", "美祢市"),
        ("北海道札幌市", "北海道", "札幌市"),
        ("京都府京都市", "京都府", "京都市"),
        ("神奈川県横浜市", "神奈川県", "横浜市"),
        (None, "山口県", "美祢市"),
    ],
)
def test_one_name_becomes_prefecture_and_municipality(name: str | None, pref: str, city: str | None) -> None:
    out, findings, _ = convert({"地方公共団体名": [name], "名称": ["x"]}, "aed", NEW, OLD)
    assert (out["都道府県名"], out["市区町村名"]) == ([pref], [city])
    assert not [f for f in findings if f["code"] == "edition-column-lost"]


def test_one_address_becomes_the_address_block() -> None:
    rows = {
        "都道府県コード又は市区町村コード": ["352136", "352136", "352136"],
        "都道府県名": ["山口県"] * 3,
        "市区町村名": ["美祢市"] * 3,
        "住所": ["山口県美祢市大嶺町東分326-1", "山口県下関市南部町1-1", "字なし"],
        "方書": ["市役所2階", None, None],
    }
    out, findings, fixes = convert(rows, "aed", OLD, NEW)
    assert out["所在地_連結表記"] == rows["住所"] and out["建物名等(方書)"] == rows["方書"]
    assert out["所在地_都道府県"] == ["山口県", "山口県", None]
    assert out["所在地_市区町村"] == ["美祢市", "下関市", None]
    assert out["所在地_町字"] == ["大嶺町東分", "南部町", None]
    assert out["所在地_番地以下"] == ["326-1", "1-1", None]
    # The place's code is the publisher's only inside the publisher's own area.
    assert out["所在地_全国地方公共団体コード"] == ["352136", None, None]
    assert out["全国地方公共団体コード"] == ["352136"] * 3
    assert [(f["row"], f["value"]) for f in findings if f["code"] == "edition-address-unsplit"] == [(4, "字なし")]
    assert all(f["before"] is None for f in fixes if f["rule"] == "edition-address-split")


def test_a_building_at_the_end_of_the_address_moves_to_its_column() -> None:
    rows = {"住所": ["山口県美祢市大嶺町東分326-1 市民会館2階"], "方書": [None]}
    out, _, fixes = convert(rows, "aed", OLD, NEW)
    assert out["所在地_連結表記"] == ["山口県美祢市大嶺町東分326-1"] and out["建物名等(方書)"] == ["市民会館2階"]
    moved = {f["field"]: (f["before"], f["after"]) for f in fixes if f["rule"] == "edition-building-moved"}
    assert moved["所在地_連結表記"] == (rows["住所"][0], "山口県美祢市大嶺町東分326-1")
    assert moved["建物名等(方書)"] == (None, "市民会館2階")


NO_BUILDINGS = [  # address, what the parser left behind the number, 番地以下 (下関市, 宇部市, 防府市, 岩国市, 田布施町 ...)
    ("山口県熊毛郡田布施町麻郷1512?1", "麻郷", "1512", "?1", "1512?1"),
    ("山口県下関市豊北町大字角島字夢崎2343番地1、2", "豊北町大字角島", "字夢崎2343番地1", "、2", "字夢崎2343番地1、2"),
    ("山口県下関市大字六連島字船着654番地ほか", "大字六連島", "字船着654番地", "ほか", "字船着654番地ほか"),
    ("山口県下関市梶栗町四丁目他", "梶栗町四丁目", "", "他", "他"),
    ("山口県下関市大字小野字上方", "大字小野", "", "字上方", "字上方"),
    ("山口県下関市大字綾羅木字若宮", "大字綾羅木", "", "字若宮", "字若宮"),
    ("山口県下関市大字内日上の後", "大字内日上", "", "後", "の後"),
    ("山口県柳井市伊保庄黒島", "伊保庄", "", "黒島", "黒島"),
    ("山口県下関市長府宮の内町1番18号 山口県下関市一の宮住吉一丁目11番1号他", "長府宮の内町", "1番18号",
     "山口県下関市一の宮住吉一丁目11番1号他", "1番18号 山口県下関市一の宮住吉一丁目11番1号他"),
    ("山口県下関市長府川端一丁目2番3号、長府安養寺三丁目3番8号", "長府川端一丁目", "2番3号",
     "、長府安養寺三丁目3番8号", "2番3号、長府安養寺三丁目3番8号"),
    ("山口県宇部市大字西岐波2467番地 他", "大字西岐波", "2467番地", "他", "2467番地 他"),
    ("山口県防府市大字田島無番地", "大字田島", "", "無番地", "無番地"),
    ("山口県防府市戎町一丁目1-1外", "戎町一丁目", "1-1", "外", "1-1外"),
    ("山口県岩国市横山二丁目地内", "横山二丁目", "", "地内", "地内"),
    ("山口県柳井市日積261地先", "日積", "261地", "先", "261地先"),
    ("山口県柳井市日積261地先", "日積", "261", "地先", "261地先"),
    ("山口県柳井市日積261番地付近", "日積", "261番地", "付近", "261番地付近"),
    ("山口県美祢市大嶺町東分326-1 （旧小学校跡）付近", "大嶺町東分", "326-1", "（旧小学校跡）付近",
     "326-1 （旧小学校跡）付近"),
]
BUILDINGS = [  # head, residue
    ("山口県美祢市大嶺町東分326-1 ", "市民会館2階"), ("山口県下関市竹崎町四丁目4番8号", "シーモール下関2F"),
    ("山口県山口市小郡下郷1294番地", "小郡総合支所"), ("山口県宇部市常盤町一丁目7番1号　", "本庁舎"),
    ("山口県岩国市今津町1-14-51", "岩国市役所内"), ("山口県周南市岐山通1-1 ", "A棟"), ("山口県光市中央6-1-1 ", "203号室"),
    ("山口県防府市寿町7-1", "Ｋ＆Ｋビル"), ("東京都千代田区霞が関1-2 ", "合同庁舎3号館"),
]


@pytest.mark.parametrize(("address", "town", "rest", "residue", "wanted"), NO_BUILDINGS)
def test_what_is_no_building_stays_in_the_address_and_goes_into_its_number(
    address: str, town: str, rest: str, residue: str, wanted: str
) -> None:
    def told(addresses: pl.Series) -> pl.DataFrame:
        parts = {"pref": "山口県", "city": "美祢市", "town": town, "rest": rest, "building": residue, "town_id": None}
        return pl.DataFrame({n: pl.Series(n, [v] * addresses.len(), dtype=pl.String) for n, v in parts.items()})

    table = Table.from_rows(["住所", "方書"], [[address, None]])
    out, _, fixes = convert_edition(table, load_standard("aed", OLD), load_standard("aed", NEW), body=MINE, split=told)
    row = out.frame.row(0, named=True)
    assert (row["所在地_連結表記"], row["所在地_番地以下"], row["建物名等(方書)"]) == (address, wanted, None)
    assert "edition-building-moved" not in fixes["rule"].to_list()


@pytest.mark.parametrize(("head", "residue"), BUILDINGS)
def test_a_building_follows_a_lot_number_behind_a_space_or_has_a_word_of_buildings(head: str, residue: str) -> None:
    assert is_building(head, residue)
    assert not is_building(head.rstrip("　 0123456789-番地号丁目一二三四"), residue)  # without a number it is a place


def test_without_address_data_the_parts_stay_blank_and_that_is_said_once() -> None:
    table = Table.from_rows(["住所"], [["山口県美祢市大嶺町東分326-1"], ["山口県美祢市於福町上"]])
    out, findings, _ = convert_edition(table, load_standard("aed", OLD), load_standard("aed", NEW))
    assert out.frame["所在地_町字"].null_count() == 2
    said = findings.filter(pl.col("code") == "edition-address-not-split")
    assert said.height == 1 and json.loads(said["params"][0]) == {"count": 2}


def test_the_parts_become_one_address_where_the_full_one_is_blank() -> None:
    rows: dict[str, list[str | None]] = {
        "所在地_連結表記": [None, "山口県美祢市大嶺町東分326-1", None],
        "所在地_都道府県": ["山口県", "山口県", "山口県"],
        "所在地_市区町村": ["美祢市", "下関市", None],
        "所在地_町字": ["於福町上", "大嶺町東分", None],
        "所在地_番地以下": ["12", "326-1", None],
        "町字ID": ["0001000", None, None],
    }
    out, findings, fixes = convert(rows, "aed", NEW, OLD)
    assert out["住所"] == ["山口県美祢市於福町上12", "山口県美祢市大嶺町東分326-1", None]
    assert [f["row"] for f in fixes if f["rule"] == "edition-address-joined"] == [2]
    lost = {f["field"]: json.loads(str(f["params"]))["count"] for f in findings if f["code"] == "edition-column-lost"}
    # 下関市 contradicts its own full address; the town ID has no place in the old edition.
    assert lost == {"所在地_市区町村": 1, "町字ID": 1}


def test_a_filled_column_without_a_place_is_never_dropped_silently() -> None:
    rows = {"名称": ["a", "b", "c"], "バリアフリー情報": ["スロープ有", None, "段差あり"], "よそ": [None, None, "x"]}
    _, findings, _ = convert(rows, "public_facility", OLD, NEW)
    lost = {f["field"]: json.loads(str(f["params"]))["count"] for f in findings if f["code"] == "edition-column-lost"}
    assert lost == {"バリアフリー情報": 2, "よそ": 1}


def test_new_and_empty_columns_are_named_for_information() -> None:
    _, findings, _ = convert({"名称": ["a"], "バリアフリー情報": [None]}, "public_facility", OLD, NEW)
    by_code: dict[str, set[str]] = {}
    for f in findings:
        by_code.setdefault(str(f["code"]), set()).add(str(f["field"]))
    assert "車椅子可" in by_code["edition-column-new"] and by_code["edition-column-unused"] == {"バリアフリー情報"}
    assert {load_messages()["findings"][c]["level"] for c in by_code} == {"info"}


def test_the_shelters_publisher_code_comes_from_the_municipality_code() -> None:
    out, _, _ = convert({"NO": ["1"], "市区町村コード": ["352128"]}, "shelter", OLD, NEW)
    assert (out["全国地方公共団体コード"], out["市区町村コード"], out["ID"]) == (["352128"], ["352128"], ["1"])
    rows: dict[str, list[str | None]] = {"全国地方公共団体コード": ["352128"], "市区町村コード": ["352128"]}
    out, findings, _ = convert(rows, "shelter", NEW, OLD)
    assert out["市区町村コード"] == ["352128"]
    assert not [f for f in findings if f["code"] == "edition-column-lost"]


def _sheet(*names: str) -> Standard:
    from pipelines.model import Requirement

    fields = tuple(Field(n, "string", None, None, Requirement("optional", "read"), (), {"name": n}) for n in names)
    return Standard("x", "x", "", "", "", "x", False, "declared", fields, {})


def test_elevation_and_height_are_the_same_quantity() -> None:
    table = Table.from_rows(["標高"], [["12.5"], [None]])
    out, _, _ = convert_edition(table, _sheet("標高"), _sheet("高度の種別", "高度の値"))
    assert out.frame["高度の種別"].to_list() == ["標高", None] and out.frame["高度の値"].to_list() == ["12.5", None]
    table = Table.from_rows(["高度の種別", "高度の値"], [["標高", "12.5"], ["階数", "2"]])
    out, findings, _ = convert_edition(table, _sheet("高度の種別", "高度の値"), _sheet("標高"))
    assert out.frame["標高"].to_list() == ["12.5", None]
    assert findings.filter(pl.col("code") == "edition-column-lost")["field"].to_list() == ["高度の種別", "高度の値"]


@pytest.mark.parametrize("kind", BASIC)
def test_every_column_of_the_old_edition_has_a_place_or_is_named_here(kind: str) -> None:
    old, new = load_standard(kind, OLD), load_standard(kind, NEW)
    placed = set(carried_names(old, new).values()) | {"都道府県名", "市区町村名"}
    without = {"public_facility": {"バリアフリー情報"}, "tourism": {"バリアフリー情報"}}
    assert set(old.names) - placed == without.get(kind, set())


def _cells(chance: random.Random) -> str | None:
    """A blank, or text as clerks type it."""
    text = "".join(chance.choices("あいう亜ABC0123456789-;・ ", k=chance.randint(0, 8))).strip()
    return text or None


@pytest.mark.parametrize("kind", BASIC)
@pytest.mark.parametrize("seed", range(4))
def test_old_to_new_and_back_keeps_every_value(kind: str, seed: int) -> None:
    old, new, chance = load_standard(kind, OLD), load_standard(kind, NEW), random.Random(f"{kind}-{seed}")
    names = [n for n in old.names if n != "バリアフリー情報"]
    rows = [[_cells(chance) for _ in names] for _ in range(5)]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    fixed = {"都道府県名": "山口県", "市区町村名": "美祢市", "住所": "山口県美祢市大嶺町東分326-1"}
    frame = frame.with_columns([pl.lit(v).alias(n) for n, v in fixed.items() if n in names])
    table = Table(frame.select(pl.int_range(2, pl.len() + 2, dtype=pl.Int64).alias("__row__"), *names))
    there, lost, _ = convert_edition(table, old, new, body=MINE, split=split)
    back, lost_back, _ = convert_edition(there, new, old, body=MINE, split=split)
    assert not lost.filter(pl.col("code") == "edition-column-lost").height
    assert not lost_back.filter(pl.col("code") == "edition-column-lost").height
    for name in names:
        if name == "市区町村コード" and kind == "shelter":  # a blank one is filled with the body's own code
            assert back.frame[name].to_list() == table.frame[name].fill_null(MINE.code).to_list()
        else:
            assert back.frame[name].to_list() == table.frame[name].to_list(), name


@pytest.mark.parametrize("kind", BASIC)
def test_an_empty_table_converts_to_an_empty_table(kind: str) -> None:
    old, new = load_standard(kind, OLD), load_standard(kind, NEW)
    for source, target in ((old, new), (new, old)):
        out, findings, fixes = convert_edition(Table.from_rows(source.names, []), source, target, split=split)
        assert (out.rows, out.columns, fixes.height) == (0, target.names, 0)
        assert "edition-column-lost" not in findings["code"].to_list()
