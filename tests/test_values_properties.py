"""Values of one cell: rules that hold for every text (never raises, twice is once, the result is in form)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.values import choices, codes, coordinates, dates, headings, numbers, phones, text, times, web

Read = Callable[[str], str | None]
READERS: dict[str, Read] = {
    "drop_escapes": text.drop_escapes,
    "drop_controls": text.drop_controls,
    "compose": text.compose,
    "widen_kana": text.widen_kana,
    "join_lines": text.join_lines,
    "trim": text.trim,
    "squeeze_spaces": text.squeeze_spaces,
    "narrow_ascii": text.narrow_ascii,
    "narrow_digits": text.narrow_digits,
    "plain_hyphens": text.plain_hyphens,
    "katakana": text.katakana,
    "long_marks": text.long_marks,
    "iso_date": dates.iso_date,
    "date_from_era": dates.date_from_era,
    "date_without_midnight": dates.date_without_midnight,
    "time_from_clock": times.time_from_clock,
    "time_from_fraction": times.time_from_fraction,
    "complete_lgcode": codes.complete_lgcode,
    "plain_code": codes.plain_code,
    "plain_post_code": codes.plain_post_code,
    "plain_corporate_number": codes.plain_corporate_number,
    "plain_poi": codes.plain_poi,
    "plain_town_id": codes.plain_town_id,
    "official_prefecture": codes.official_prefecture,
    "drop_thousands": numbers.drop_thousands,
    "drop_unit": partial(numbers.drop_unit, rule="int"),
    "minus_sign": numbers.minus_sign,
    "plain_number": numbers.plain_number,
    "drop_zero_decimals": numbers.drop_zero_decimals,
    "number_in_words": numbers.number_in_words,
    "floor_number": numbers.floor_number,
    "plain_degrees": partial(coordinates.plain_degrees, axis="lat"),
    "degrees_from_dms": partial(coordinates.degrees_from_dms, axis="lon"),
    "plain_phone": phones.plain_phone,
    "hyphenated_phone": phones.hyphenated_phone,
    "phone_without_note": phones.phone_without_note,
    "phone_list": phones.phone_list,
    "weekdays": choices.weekdays,
    "weekdays_without_note": choices.weekdays_without_note,
    "choice": partial(choices.choice, rule="flag1"),
    "choice_with_note": partial(choices.choice_with_note, rule="yesno"),
    "semicolon_list": choices.semicolon_list,
    "plain_url": web.plain_url,
    "url_with_scheme": web.url_with_scheme,
    "plain_mail": web.plain_mail,
}
# Letters that municipal cells hold, so that random texts come near to real ones.
LETTERS = (
    "0123456789０１２３４５６７８９.,-－ー―~～/:：;()（）年月日時分秒度元昭和平成令HRSTM円人名約△○×有無〃・、　 \n\t"
    "_x000D゙ﾊﾟｶﾞ@＠htps°'\"′″+代表"
)
CELLS = st.one_of(st.text(max_size=30), st.text(alphabet=LETTERS, max_size=20))


@pytest.mark.parametrize("name", sorted(READERS))
@given(cell=CELLS)
@settings(max_examples=60, deadline=None)
def test_a_value_rule_never_raises_and_changes_nothing_the_second_time(name: str, cell: str) -> None:
    read = READERS[name]
    found = read(cell)
    assert found != cell
    if found:
        again = read(found)
        assert again is None or read(again) is None, (cell, found, again)


@given(cell=CELLS)
@settings(max_examples=150, deadline=None)
def test_what_a_rule_returns_is_in_the_form_it_promises(cell: str) -> None:
    for found, right in (
        (dates.iso_date(cell), dates.is_iso_date),
        (times.time_from_clock(cell), times.is_hhmm),
        (codes.complete_lgcode(cell), codes.is_lgcode),
        (phones.plain_phone(cell), phones.is_phone),
        (phones.hyphenated_phone(cell), phones.is_phone),
        (phones.phone_list(cell), phones.is_phone_list),
        (web.plain_mail(cell), web.is_mail),
    ):
        assert found is None or right(found)


@given(day=st.dates(min_value=dates.eras()[0].first.replace(year=1873, month=1, day=1)))
@settings(max_examples=200, deadline=None)
def test_every_day_since_1873_comes_back_from_its_japanese_era(day: object) -> None:
    from datetime import date

    assert isinstance(day, date)
    era = [e for e in dates.eras() if e.first <= day][-1]
    year = day.year - era.first.year + 1
    if year > 99 or day.year > 2100:  # 令和99年 is a slip of the pen, no date to come
        return
    typed = f"{era.name}{'元' if year == 1 else year}年{day.month}月{day.day}日"
    assert dates.date_from_era(typed) == day.isoformat()


@given(seconds=st.integers(min_value=20 * 3600 * 10, max_value=46 * 3600 * 10 - 1))
@settings(max_examples=200, deadline=None)
def test_degrees_minutes_seconds_are_within_half_a_millionth_degree(seconds: int) -> None:
    tenths = seconds % 10
    degrees, minutes, whole = seconds // 36000, seconds // 600 % 60, seconds // 10 % 60
    found = coordinates.degrees_from_dms(f"{degrees}°{minutes}′{whole}.{tenths}″", "lat")
    assert found is not None
    assert abs(float(found) - seconds / 36000) <= 0.5e-6 + 1e-12


@given(text_=CELLS)
@settings(max_examples=150, deadline=None)
def test_folding_a_heading_never_raises_and_is_stable_for_width(text_: str) -> None:
    import unicodedata

    folded = headings.fold_heading(text_)
    assert isinstance(folded, str)
    assert headings.fold_heading("　" + text_) == folded
    assert headings.fold_heading(unicodedata.normalize("NFC", text_)) == headings.fold_heading(
        unicodedata.normalize("NFD", text_)
    )


@given(five=st.integers(min_value=0, max_value=99999))
@settings(max_examples=200, deadline=None)
def test_one_wrong_digit_in_a_municipality_code_is_noticed(five: int) -> None:
    base = f"{five:05}"
    right = codes.check_digit_lgcode(base)
    assert right is not None
    assert not any(codes.is_lgcode(base + d) for d in "0123456789" if d != right)
