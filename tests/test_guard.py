"""What must not leave does not leave: columns, hidden parts, personal data; and what is public is let through."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.guard import (
    MASK,
    check_personal,
    is_stop,
    mask,
    mask_findings,
    mask_fixes,
    review_source,
    select_columns,
)
from pipelines.guard.headings import personal_kind
from pipelines.guard.texts import birth_date_in, mobile_in, person_in, personal_mail_in
from pipelines.messages import level_of, load_messages
from pipelines.model import (
    Allowance,
    Contact,
    Dataset,
    Field,
    Finding,
    Fix,
    Licence,
    Municipality,
    Requirement,
    SheetInfo,
    Standard,
    Table,
    findings_frame,
    fixes_frame,
)

STOPS = (
    "guard-my-number", "guard-mobile-phone", "guard-home-phone", "guard-personal-mail", "guard-birth-date",
    "guard-person-name", "guard-home-address",
)


def _field(name: str, type_: str = "string", rule: str | None = None, basis: str = "read") -> Field:
    return Field(name, type_, None, rule, Requirement("optional", basis), (), {})


STANDARD = Standard(
    "public_facility", "recommended-v1", "公共施設一覧", "Public facilities", "02", "public_facility", False, "exact",
    (_field("NO", "string", "no"), _field("名称", "string", "text"), _field("緯度", "number", "lat"),
     _field("電話番号", "string", "tel"), _field("メール", "string", "mail"), _field("URL", "string", "url"),
     _field("備考", "string", "text")), {},
)


def _check(column: str, *values: str | None) -> list[str]:
    found = check_personal(Table.from_rows([column], [[v] for v in values]), STANDARD)
    return found["code"].to_list()


PERSONS = [  # (text, names a person of today, where it was seen)
    ("担当：山田太郎", True),
    ("担当 山田　太郎", True),
    ("申し込み先 有機ネット 担当:森國", True),
    ("代表者：佐藤一郎", True),
    ("会長 藤井 健", True),
    ("山本花子さん", True),
    ("園長：中村", True),
    ("担当：山口市役所", False),
    ("担当：福祉課", False),
    ("連絡先：上田公民館", False),
    ("問い合わせ：山口県庁", False),
    ("大内氏の館跡", False),  # a clan of history
    ("毛利氏", False),
    ("大正10年に山本政一氏により発見された洞", False),  # 350001_tourism.csv
    ("大正10年に山本政一氏により発見。構造は2層で、案内の機器（携帯用）があります", False),
    ("東京都健康長寿医療センター 副院長 岩田 淳 先生", False),  # 宇部市 events
    ("講師 茂木 健一郎（脳科学者）", False),  # 宇部市 events: a speaker is made known
    ("参加希望は山本政一氏(0837-52-1110)へ", True),
    ("吉田松陰の生誕地", False),
    ("高橋さん家", False),
    ("防長バス山口駅", False),
    ("松本橋", False),
    ("原田様式", False),
]


@pytest.mark.parametrize(("text", "wanted"), PERSONS)
def test_free_text_that_names_a_person_of_today_is_told_from_clans_places_and_offices(text: str, wanted: bool) -> None:
    assert person_in(text) is wanted


@pytest.mark.parametrize(("text", "wanted"), [
    ("090-1234-5678", True), ("０９０ー１２３４ー５６７８", True), ("08012345678", True), ("(070)1234-5678", True),
    ("+81 90-1234-5678", True), ("問い合わせ 090 1234 5678 まで", True),
    ("0837-52-1110", False), ("(0837)52-1110", False), ("0120-080-901", False), ("1234090123456789", False),
    ("080-0000-0000", False),  # a placeholder: 宇部市 イベント
    ("5180001080901", False), ("050-3333-4444", False),
])
def test_mobile_numbers_are_told_from_land_lines_and_other_digits(text: str, wanted: bool) -> None:
    assert mobile_in(text) is wanted


@pytest.mark.parametrize(("text", "wanted"), [
    ("yamadataro@gmail.com", True), ("hana@docomo.ne.jp", True), ("ｈａｎａ＠ｙａｈｏｏ．ｃｏ．ｊｐ", True),
    ("t.yamada@city.mine.lg.jp", True), ("tanaka-hiroshi@example.jp", True),
    ("koho@city.mine.lg.jp", False), ("kosodate-shien@city.yanai.lg.jp", False), ("info@example.or.jp", False),
    ("yamaguchi-k@example.jp", False),  # a prefecture
])
def test_personal_mail_is_told_from_addresses_of_sections(text: str, wanted: bool) -> None:
    assert personal_mail_in(text) is wanted


@pytest.mark.parametrize(("text", "wanted"), [
    ("昭和30年5月1日生", True), ("1955/5/1 生まれ", True), ("生年月日：S30.5.1", True),
    ("平成２年３月４日生まれ", True),
    ("昭和30年5月1日指定", False), ("2021年4月1日生涯学習課発足", False), ("天保元年生まれ", False), ("1年生", False),
])
def test_birth_dates_are_told_from_other_dates(text: str, wanted: bool) -> None:
    assert birth_date_in(text) is wanted


@pytest.mark.parametrize(("heading", "wanted"), [
    ("氏名", "guard-person-name"), ("担当者名", "guard-person-name"), ("代表者 氏名", "guard-person-name"),
    ("保護者名", "guard-person-name"), ("世帯主", "guard-person-name"), ("生年月日", "guard-birth-date"),
    ("自宅住所", "guard-home-address"), ("携帯電話", "guard-home-phone"), ("個人番号", "guard-my-number"),
    ("名称", None), ("名称_カナ", None), ("連絡先名称", None), ("設置者名称", None), ("管理者", None),
    ("契約担当官", None), ("電話番号", None), ("住所", None), ("認可等年月日", None), ("地名", None), ("学校名", None),
])
def test_headings_that_announce_personal_data(heading: str, wanted: str | None) -> None:
    assert personal_kind(heading) == wanted


def test_two_numbers_with_the_check_digit_of_my_number_stop_and_chance_does_not() -> None:
    assert _check("備考", "123456789018", "2345 6789 0121") == ["guard-my-number"] * 2
    assert _check("備考", "123456789018") == ["guard-my-number-maybe"]
    assert _check("備考", "マイナンバー 123456789018") == ["guard-my-number"]
    serial = [str(120000000000 + 7 * i) for i in range(200)]  # one in eleven passes by chance
    assert _check("備考", *serial) == []
    assert _check("NO", "123456789018", "234567890121") == []  # an identifier of the standard
    assert _check("備考", "4000020352136") == []  # 法人番号 has 13


def test_personal_data_is_looked_for_in_text_columns_only() -> None:
    assert _check("電話番号", "090-1234-5678", "0837-52-1110") == ["guard-mobile-phone"]
    assert _check("緯度", "090.12345678") == []
    assert _check("URL", "https://example.jp/09012345678") == []
    assert _check("名称", None, "") == []


def test_a_column_of_a_local_schema_that_announces_personal_data_stops_every_cell() -> None:
    local = Standard("x", "v1", "x", "x", "", "x", False, "declared",
                     (_field("氏名", basis="declared"), _field("名称")), {}, local=True)
    table = Table.from_rows(["氏名", "名称"], [["やまだ", "公園"], [None, "池"]])
    assert check_personal(table, local).select("code", "row", "field").rows() == [("guard-person-name", 2, "氏名")]


def test_an_allowance_turns_a_stop_into_a_note_with_its_reason() -> None:
    table = Table.from_rows(["電話番号", "備考"], [["090-1234-5678", "担当：山田太郎"]])
    allowed = [Allowance("電話番号", "guard-mobile-phone", "集会所の代表番号（公表済み）")]
    found = check_personal(table, STANDARD, allowances=allowed)
    assert found.select("code", "field").rows() == [("guard-allowed", "電話番号"), ("guard-person-name", "備考")]
    assert "公表済み" in found["params"][0] and "090" not in "".join(v or "" for v in found["value"][:1])
    assert not is_stop("guard-allowed")


def test_every_stop_is_an_error_with_words() -> None:
    words = load_messages()["findings"]
    for code in STOPS:
        assert is_stop(code) and level_of(code) == "error" and words[code]["ja"] and words[code]["en"]
    for code in ("guard-allowed", "guard-my-number-maybe", "guard-column-left-out", "guard-personal-heading",
                 "guard-hidden-column-mapped"):
        assert not is_stop(code) and words[code]["ja"] and words[code]["en"]


def test_only_columns_of_the_standard_or_declared_ones_leave() -> None:
    table = Table.from_rows(["内部メモ", "備考", "名称", "担当者名"], [["x", "y", "z", "w"], [None, "y", "z", "w"]])
    chosen, findings = select_columns(table, STANDARD, declared_extra=["内部メモ"])
    assert chosen.columns == ("名称", "備考", "内部メモ")
    assert findings.select("code", "field", "value").rows() == [("guard-column-left-out", "担当者名", None)]
    assert json.loads(findings["params"][0]) == {"filled": 2, "rows": 2}


def test_masked_cells_are_masked_in_table_findings_and_fixes() -> None:
    table = Table.from_rows(["名称", "電話番号", "備考"],
                            [["集会所", "090-1234-5678", "電話は090-1234-5678"], ["公園", "0837-52-1110", None]])
    personal = check_personal(table, STANDARD)
    others = findings_frame([
        Finding("form-tel", 2, "電話番号", "０９０－１２３４－５６７８", {"was": "０９０"}, "090-1234-5678"),
        Finding("row-twice", 2, "名称", "集会所", {"same": "090-1234-5678"}),
        Finding("row-twice", 3, "名称", "公園", {"same": "公園"}),
        Finding("file-note", None, None, "見出しの上に 090-1234-5678"),
    ])
    fixes = fixes_frame([Fix(2, "電話番号", "０９０－１２３４－５６７８", "090-1234-5678", "width"),
                         Fix(3, "電話番号", "0837(52)1110", "0837-52-1110", "tel-form")])
    masked = mask(table, personal)
    assert masked.frame.rows()[0][1:] == ("集会所", MASK, MASK)
    assert masked.frame.rows()[1] == table.frame.rows()[1]
    everything = pl.concat([personal, others])
    out, out_fixes = mask_findings(everything), mask_fixes(fixes, everything)
    text = out.write_json() + out_fixes.write_json() + masked.frame.write_json()
    for secret in ("090-1234-5678", "１２３４", "5678"):
        assert secret not in text
    assert "0837(52)1110" in text and out.height == everything.height
    assert out.filter(pl.col("row") == 3).equals(everything.filter(pl.col("row") == 3))
    assert set(STOPS) >= set(personal["code"])


def test_masking_without_stops_changes_nothing() -> None:
    table = Table.from_rows(["名称"], [["公園"]])
    told = findings_frame([Finding("required-missing", 2, "名称")])
    assert mask(table, told).frame.equals(table.frame)
    assert mask_findings(told).equals(told)


@dataclass
class _Opened:
    """A source as extract gives it, without a file."""

    headings: tuple[str, ...]
    findings: pl.DataFrame = field(default_factory=findings_frame)
    path: Path = Path("x.xlsx")
    format: str = "xlsx"
    encoding: str | None = None
    sheet: str | None = "一覧"
    header_row: int | None = 1
    sheets: tuple[SheetInfo, ...] = ()
    crs_hint: str | None = None
    size_bytes: int = 0
    sha256: str = hashlib.sha256(b"").hexdigest()

    @property
    def columns(self) -> tuple[str, ...]:
        return self.headings

    def blocks(self) -> Iterator[tuple[Table, pl.DataFrame]]:
        return iter(())


def _dataset(columns: dict[str, str], ignore: Sequence[str] = (), allowances: Sequence[Allowance] = ()) -> Dataset:
    body = Municipality("352136", "美祢市", "ミネシ", "Mine City", "山口県", "4000020352136", "352136",
                        Licence("CC-BY-4.0", "", ""), Contact("x"), "EPSG:6668", (), True, Path("."))
    return Dataset("x", "public_facility", "recommended-v1", body, "t", "d", "s", "annual", "2026-04-01",
                   Path("x.yml"), columns=columns, ignore=dict.fromkeys(ignore, "公開しない"),
                   allowances=tuple(allowances))


def test_headings_that_announce_personal_data_are_told_before_anything_is_read() -> None:
    source = _Opened(("名称", "担当者氏名", "生年月日"))
    assert review_source(source, None).select("code", "field").rows() == [
        ("guard-personal-heading", "担当者氏名"), ("guard-personal-heading", "生年月日")]
    assert review_source(source, _dataset({}, ignore=["担当者氏名", "生年月日"])).is_empty()


def test_a_personal_column_that_is_declared_under_another_name_is_stopped() -> None:
    source = _Opened(("担当者氏名",))
    found = review_source(source, _dataset({"担当者氏名": "備考"}))
    assert found["code"].to_list() == ["guard-personal-column-mapped"] and is_stop(found["code"][0])
    allowed = _dataset({"担当者氏名": "備考"}, allowances=[Allowance("備考", "guard-person-name", "公表済み")])
    assert review_source(source, allowed).is_empty()


def test_a_hidden_column_that_would_be_published_is_asked_about() -> None:
    source = _Opened(("名称", "内部"), findings_frame([Finding("column-hidden", None, "名称")]))
    found = review_source(source, _dataset({"名称": "名称"}))
    assert found.select("code", "field").rows() == [("guard-hidden-column-mapped", "名称")]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=30), st.from_regex(r"0[789]0[- ]?[0-9]{4}[- ]?[0-9]{4}",
                                                                          fullmatch=True)), max_size=5))
def test_no_text_raises_and_stopped_text_never_survives_the_mask(values: list[str | None]) -> None:
    table = Table.from_rows(["備考"], [[v] for v in values])
    found = check_personal(table, STANDARD)
    masked = mask(table, found)
    for row, value in found.filter(pl.col("code").is_in(STOPS)).select("row", "value").rows():
        assert masked.frame["備考"][row - 2] == MASK
        assert value is not None
    hidden = mask_findings(found)
    assert set(hidden.filter(pl.col("code").is_in(STOPS))["value"].to_list()) <= {MASK}
    assert check_personal(masked, STANDARD).filter(pl.col("code").is_in(STOPS)).is_empty()


def test_the_columnar_look_catches_whatever_the_cell_by_cell_test_stops() -> None:
    texts = [t for t, wanted in PERSONS if wanted] + [
        "０９０ー１２３４ー５６７８", "+81 90-1234-5678", "＋８１ ９０ １２３４ ５６７８", "Hana@DoCoMo.ne.jp",
        "ｈａｎａ＠ｙａｈｏｏ．ｃｏ．ｊｐ",
        "T.Yamada@city.mine.lg.jp", "tanaka-hiroshi2@example.jp", "平成２年３月４日生まれ", "S30.5.1 生"]
    for text in texts:
        stops = [c for c in _check("備考", text) if is_stop(c)]
        assert len(stops) == 1, (text, stops)
