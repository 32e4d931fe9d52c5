"""One cell of a standard's column to what is wrong with it beyond its type: codes, phones, kana, weekdays, web."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from pipelines.model import Municipality
from pipelines.validate.addresses import ADDRESS_RULES, fine_lot, fine_place, judge_address, judge_place
from pipelines.validate.fine import whole
from pipelines.validate.problems import Problem, params_json
from pipelines.validate.remedies import nearest
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
from pipelines.values.phones import (
    blank_for_no_number,
    hyphenated_phone,
    is_phone_list,
    phone_list,
    phone_without_note,
    phone_without_word,
    plain_phone,
)
from pipelines.values.text import katakana, widen_kana
from pipelines.values.web import first_url, plain_url, url_with_scheme

Judge = Callable[[str], tuple[Problem, ...]]
NOTHING: tuple[Problem, ...] = ()


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


def judge_phone(value: str) -> tuple[Problem, ...]:
    """Telephone (GIF 445): half-width, area code in brackets or with hyphens, several joined by " / ".

    Emergency and short numbers (110, 119, #7119) are numbers too. A note in the cell is a warning: GIF wants
    it elsewhere, and a reader still gets the number. 「なし」 is an honest answer: a warning too, also where a number
    is required, so that whoever says it is not worse off than with a blank.
    """
    if is_phone_list(value) or re.fullmatch("#?[0-9]{3,4}", value):
        return NOTHING
    if blank_for_no_number(value) is not None:
        return (Problem("phone-none"),)
    remedy = plain_phone(value) or hyphenated_phone(value) or phone_list(value) or phone_without_word(value)
    if remedy is not None:
        return (Problem("phone-form", "{}", remedy),)
    told = phone_without_note(value)
    if told is not None:
        return (Problem("phone-note", "{}", told),)
    text = narrow(value)
    digits = len(re.sub("[^0-9]", "", text))
    if re.fullmatch(r"[0-9()+\s-]+", text):
        wrong_count = digits not in (10, 11)
        return (Problem("phone-digits", params_json(digits=digits)),) if wrong_count else (Problem("phone-form"),)
    if digits < 9 and re.match(r"[0-9]{1,4}-[0-9]{3,4}(?![0-9-])", text):  # 41-4355(会長): no area code (下松市 events)
        return (Problem("phone-digits", params_json(digits=digits)),)
    return (Problem("phone-note"),) if digits >= 9 else (Problem("phone-words"),)


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
    if not re.search("[ァ-ヶ]", value) and re.search("[a-z]{3}", value) and len(value) > 4:
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


def judge_url(value: str) -> tuple[Problem, ...]:
    """URL: absolute, http or https, with a host, without spaces (WHATWG URL; Japanese in the path is let through)."""
    if re.fullmatch(r"https?://[^\s/?#]+(?:[/?#]\S*)?", value, re.IGNORECASE):
        return NOTHING
    first = first_url(value)
    if first is not None:  # L1-07: one value per cell
        return (Problem("two-values", params_json(rule_no="L1-07"), first),)
    return (Problem("url-form", "{}", plain_url(value) or url_with_scheme(value)),)


def judge_english(value: str) -> tuple[Problem, ...]:
    """英字 columns hold half-width letters: kana and kanji do not belong there (GIF 442)."""
    return (Problem("english-japanese"),) if re.search(r"[ぁ-ヶ一-龯]", value) else NOTHING


def judge_id(value: str) -> tuple[Problem, ...]:
    """ID and NO: half-width (自治体標準オープンデータセット ID); digits that Excel lost cannot be guessed."""
    lost = _lost_digits(value)
    if lost:
        return lost
    plain = plain_code(value) if not value.isascii() else None
    return (Problem("id-width", "{}", plain),) if plain and plain.isascii() else NOTHING


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
    kana = CellRule(lambda column: ~column.str.contains("[ｦ-ﾟぁ-ゖ一-龯々]|[a-z]{3}"), judge_kana)
    anything = CellRule(lambda column: column.str.contains("[0-9]").not_(), _lost_digits)
    return {
        "lgcode6": CellRule(fine_lgcode, judge_lgcode),
        "corp": CellRule(fine_corporate, judge_corporate),
        "tel": CellRule(_matches(r"0[0-9]{3}-[0-9]{2}-[0-9]{4}|0[0-9]{2}-[0-9]{3}-[0-9]{4}"), judge_phone),
        "kana": kana,
        "dow": CellRule(_matches("月火水木金|月火水木金土日"), judge_weekdays),
        "url": CellRule(_matches(r"https?://[!-.0-~]+(?:/[!-~]*)?"), judge_url),
        "en": CellRule(_matches("[ -~]*"), judge_english),
        "id": CellRule(_matches("[A-Z]{0,4}[0-9]{1,20}"), judge_id),
        "no": CellRule(_matches("[0-9]{1,20}"), judge_id),
        "pref": CellRule(lambda column: column.is_in(list(prefectures().values())), judge_prefecture),
        **dict.fromkeys(ADDRESS_RULES, CellRule(fine_place, judge_place)),
        **dict.fromkeys(("lat", "lon", "num", "alt"), CellRule(lambda column: ~column.str.contains("[eEｅＥ]"), _lost_digits)),
        "banchi": CellRule(fine_lot, judge_address),
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
