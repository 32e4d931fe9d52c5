"""One cell of a standard's column to what is wrong with it beyond its type: codes, phones, kana, weekdays, web."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

import polars as pl

from pipelines.model import Municipality
from pipelines.validate.addresses import ADDRESS_RULES, fine_lot, fine_place, fine_town, judge_lot, judge_place, judge_town
from pipelines.validate.contacts import fine_phone, fine_url, judge_phone, judge_url
from pipelines.validate.fine import whole
from pipelines.validate.plausible import fine_altitude, fine_amount, fine_date, judge_altitude, judge_amount, judge_date
from pipelines.validate.problems import Problem, params_json
from pipelines.validate.remedies import nearest
from pipelines.validate.vocabulary import (
    fine_city,
    fine_extension,
    fine_list,
    judge_city,
    judge_epsg,
    judge_extension,
    judge_language,
    judge_licence,
    judge_list,
)
from pipelines.values.choices import weekdays
from pipelines.values.codes import (
    complete_lgcode,
    has_exponent,
    is_corporate_number,
    is_lgcode,
    narrow,
    official_prefecture,
    plain_code,
    prefectures,
)
from pipelines.values.patterns import late_pattern
from pipelines.values.text import katakana, widen_kana

Judge = Callable[[str], tuple[Problem, ...]]
NOTHING: tuple[Problem, ...] = ()
_SHORT = 5_000
_ROMAJI = late_pattern(r"(?:(?:[KSTNHMYRWGZDBPFJC]|SH|CH|TS|[KGNHMRBPJ]Y)?[AIUEO]N?[\s-]?){3,}")


@dataclass(frozen=True)
class CellRule:
    """`fine`: True for cells that surely keep the rule (None: look at every distinct cell); `judge`: the rest."""

    fine: Callable[[pl.Expr], pl.Expr]
    judge: Judge


def _matches(pattern: str) -> Callable[[pl.Expr], pl.Expr]:
    return lambda column: column.str.contains(whole(pattern))


def _lost_digits(value: str) -> tuple[Problem, ...]:
    """Excel turned a code into 1.31E+11: its digits are lost (seen: 宇部市 events, 茅野市 法人番号)."""
    return (Problem("digits-lost"),) if has_exponent(value) else NOTHING


def _exponent_degrees(value: str) -> tuple[Problem, ...]:
    """A latitude that Excel shows as 3.41666E+01: which number it is can be told, not whether decimals were lost."""
    return (Problem("coordinate-exponent", "{}", format(Decimal(narrow(value)), "f")),) if has_exponent(value) else NOTHING


def judge_lgcode(value: str) -> tuple[Problem, ...]:
    """全国地方公共団体コード: six digits with the check digit (総務省 全国地方公共団体コード仕様)."""
    if not re.fullmatch("[0-9]{6}", value):
        return NOTHING
    if value[:2] not in prefectures():
        return (Problem("lgcode-unknown"),)
    if is_lgcode(value):
        return NOTHING
    exists = value[2] != "0" or value[2:5] == "000"  # 17002: no municipality, but a column that was dragged down
    return (Problem("lgcode-check-digit", "{}", complete_lgcode(value[:5]) if exists else None),)


def judge_corporate(value: str) -> tuple[Problem, ...]:
    """法人番号: thirteen digits, the first is a check digit (法人番号の指定等に関する省令 第二条)."""
    if not re.fullmatch("[0-9]{13}", value) or is_corporate_number(value):
        return NOTHING
    return (Problem("corporate-number-check-digit"),)


def judge_kana(value: str) -> tuple[Problem, ...]:
    """カナ columns hold full-width katakana (GIF 442/443; half-width kana, hiragana and kanji are seen).

    Digits, letters and signs inside a name are let through.
    """
    if re.search("[ｦ-ﾟ]", value):
        return (Problem("kana-half-width", "{}", widen_kana(value)),)
    if re.search("[ぁ-ゖ]", value) and not re.search(r"[一-龯々〆ヵヶ]", re.sub("[ヵヶ]", "", value)):
        return (Problem("kana-hiragana", "{}", katakana(value)),)
    if re.search(r"[一-龯々]", value):
        return (Problem("kana-kanji"),)
    letters = narrow(value)
    if not re.search("[ァ-ヶ]", letters) and len(letters) > 4 and (
        re.search("[a-z]{3}", letters) or _ROMAJI.fullmatch(letters)
    ):
        return (Problem("kana-letters"),)
    return NOTHING


def judge_weekdays(value: str) -> tuple[Problem, ...]:
    """利用可能曜日: 月火水木金 in Monday order without separators (GIF 441, Code for Japan OpenDataTools).

    GIF's digits (12345) and repeat codes (0We, 13Mo) are right too. Holidays and words belong to the note column.
    """
    if re.fullmatch("月?火?水?木?金?土?日?|[1-7]+|(?:[0-9r]*(?:Mo|Tu|We|Th|Fr|Sa|Su))+", value):
        return NOTHING
    remedy = weekdays(value)
    return (Problem("weekday-form", "{}", remedy),) if remedy else (Problem("weekday-words"),)


def judge_english(value: str) -> tuple[Problem, ...]:
    """英字 columns hold half-width letters: kana and kanji do not belong there (GIF 442)."""
    return (Problem("english-japanese"),) if re.search(r"[ぁ-ヶ一-龯]", value) else NOTHING


def judge_id(value: str) -> tuple[Problem, ...]:
    """ID and NO: half-width letters and digits (自治体標準オープンデータセット ID); digits that Excel lost cannot be guessed.

    A word (欠番, 廃止) marks a row that is no record any more: a warning.
    """
    lost = _lost_digits(value)
    if lost:
        return lost
    if value.isascii() and not re.search(r"\s", value):
        return NOTHING
    plain = re.sub(r"\s", "", plain_code(value) or value)
    if plain.isascii():
        return (Problem("id-width", "{}", plain),)
    return (Problem("id-words"),) if re.search("[ぁ-ヶ一-龯]", plain) else NOTHING


def judge_prefecture(value: str) -> tuple[Problem, ...]:
    """都道府県: the official name with its suffix (JIS X 0401)."""
    names = list(prefectures().values())
    if value in names:
        return NOTHING
    return (Problem("prefecture-unknown", "{}", official_prefecture(value) or nearest(value, names)),)


def _digits(column: pl.Expr, count: int) -> list[pl.Expr]:
    """The digits of whole numbers of `count` digits, from the last to the first; null for other cells."""
    number = pl.when(column.str.contains(whole(f"[0-9]{{{count}}}"))).then(column).cast(pl.Int64, strict=False)
    return [number // 10**place % 10 for place in range(count)]


def _by_distinct(judge: Judge, digits: int, fine: Callable[[pl.Expr], pl.Expr]) -> Callable[[pl.Expr], pl.Expr]:
    """`fine` for long columns; in a short one each distinct value is judged once, which costs less than its arithmetic."""

    def look(cells: pl.Series) -> pl.Series:
        if len(cells) > _SHORT:
            return cells.to_frame("cell").select(fine(pl.col("cell"))).to_series()
        texts = cells.to_list()
        right = {text: text is not None and len(text) == digits and text.isdigit() and text.isascii() and not judge(text)
                 for text in set(texts)}
        return pl.Series([right[text] for text in texts], dtype=pl.Boolean)

    return lambda column: column.map_batches(look, return_dtype=pl.Boolean, is_elementwise=True)


def fine_lgcode(column: pl.Expr) -> pl.Expr:
    """`judge_lgcode` for whole columns: weights 6, 5, 4, 3, 2 and the last digit of 11 minus the rest by 11."""
    check, *digits = _digits(column, 6)
    weighed = pl.sum_horizontal([d * w for d, w in zip(digits, (2, 3, 4, 5, 6), strict=True)], ignore_nulls=False)
    known = column.str.slice(0, 2).is_in(list(prefectures()))
    return ((11 - weighed % 11) % 10 == check) & known


def fine_corporate(column: pl.Expr) -> pl.Expr:
    """`judge_corporate` for whole columns: weights 1, 2, 1, 2 ... from the right, 9 minus the rest by 9."""
    *digits, check = _digits(column, 13)
    weighed = pl.sum_horizontal([d * (1 + i % 2) for i, d in enumerate(digits)], ignore_nulls=False)
    return 9 - weighed % 9 == check


@lru_cache(maxsize=1)
def _rules_by_name() -> Mapping[str, CellRule]:
    kana = CellRule(lambda column: ~column.str.contains("[ｦ-ﾟぁ-ゖ一-龯々]|[A-Za-zＡ-Ｚａ-ｚ]{3}"), judge_kana)
    anything = CellRule(lambda column: column.str.contains("[0-9]").not_(), _lost_digits)
    return {
        "lgcode6": CellRule(_by_distinct(judge_lgcode, 6, fine_lgcode), judge_lgcode),
        "corp": CellRule(_by_distinct(judge_corporate, 13, fine_corporate), judge_corporate),
        "tel": CellRule(fine_phone, judge_phone),
        "kana": kana,
        "dow": CellRule(_matches("月火水木金|月火水木金土日"), judge_weekdays),
        "url": CellRule(fine_url, judge_url),
        "en": CellRule(_matches("[ -~]*"), judge_english),
        "id": CellRule(_matches("[A-Z]{0,4}[0-9]{1,20}"), judge_id),
        "no": CellRule(_matches("[0-9]{1,20}"), judge_id),
        "pref": CellRule(lambda column: column.is_in(list(prefectures().values())), judge_prefecture),
        **dict.fromkeys(ADDRESS_RULES, CellRule(fine_place, judge_place)),
        **dict.fromkeys(("lat", "lon"), CellRule(lambda column: ~column.str.contains("[eEｅＥ]"), _exponent_degrees)),
        **dict.fromkeys(("yen", "mm"), CellRule(lambda column: ~column.str.contains("[eEｅＥ]"), _lost_digits)),
        "num": CellRule(fine_amount, judge_amount),
        "alt": CellRule(fine_altitude, judge_altitude),
        "date": CellRule(fine_date, judge_date),
        "city": CellRule(fine_city, judge_city),
        "list": CellRule(fine_list, judge_list),
        "lic": CellRule(lambda column: column == "CC BY 4.0", judge_licence),
        "lang": CellRule(lambda column: column == "ja", judge_language),
        "epsg": CellRule(lambda column: column == "6668", judge_epsg),
        "ext": CellRule(fine_extension, judge_extension),
        "banchi": CellRule(fine_lot, judge_lot),
        "town": CellRule(fine_town, judge_town),
        "poi": anything,
        "town_id": anything,
        "post": anything,
    }


def poi_rule(known: Mapping[str, str]) -> CellRule:
    """POIコード: four digits of the list (GIF POI code list)."""

    def judge(value: str) -> tuple[Problem, ...]:
        return (Problem("poi-unknown"),) if re.fullmatch("[0-9]{4}", value) and value not in known else NOTHING

    return CellRule(lambda column: column.is_in(list(known)), judge)


def publisher_rule(body: Municipality) -> CellRule:
    """Column 1 names the publisher: the body's own code (自治体標準オープンデータセット 項目 1).

    A prefecture also publishes for its municipalities: then their codes are right too.
    """
    whole_prefecture = body.code[2:5] == "000"

    def judge(value: str) -> tuple[Problem, ...]:
        own = value == body.code or (whole_prefecture and value[:2] == body.code[:2])
        if own or not is_lgcode(value):
            return NOTHING
        return (Problem("code-not-body", params_json(body=body.full_name, code=body.code)),)

    return CellRule(lambda column: column == body.code, judge)


def rule_for(rule: str | None, codes: Mapping[str, Mapping[str, str]]) -> tuple[CellRule, ...]:
    """The rules for a column by its value rule (`fmt` of the standard)."""
    found = [r for r in (_rules_by_name().get(rule or ""),) if r is not None]
    if rule == "poi" and codes.get("poi"):
        found.append(poi_rule(codes["poi"]))
    return tuple(found)
