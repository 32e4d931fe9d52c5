"""Turns times of day as typed (9時, 午後1時, day fractions) into hh:mm of 24 hours."""

from __future__ import annotations

import re

from pipelines.values.codes import narrow
from pipelines.values.patterns import late_pattern

_HHMM = late_pattern(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_CLOCK = late_pattern(r"([0-9]{1,2})[:;]([0-9]{2})(?::00(?:\.0+)?)?")
_KANJI = late_pattern(r"([0-9]{1,2})時(?:([0-9]{1,2})分|(半))?")
_COMPACT = late_pattern(r"([0-9]{1,2})([0-9]{2})")
_DIGITS = "〇一二三四五六七八九"
_KANJI_NUMBER = late_pattern(r"[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九]")
_HALF_BEFORE = late_pattern(r"(午前|午後|AM|PM|A\.M\.|P\.M\.)(.+)", re.IGNORECASE)
_HALF_AFTER = late_pattern(r"(.+?)(AM|PM|A\.M\.|P\.M\.)", re.IGNORECASE)
_DAY_ZERO = late_pattern(r"(?:1899-12-3[01]|1900-01-0[01])[ T]([0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)")
_CLOSING = ("終了", "閉所", "閉館", "閉店", "閉場", "診療終")
_MIDNIGHT = late_pattern(r"2400|24[:;]00(?::00)?|24時(?:0{1,2}分)?|深夜0時|夜中の?0時")
_SECONDS = late_pattern(r"([0-9]{1,2}[:;][0-9]{2})[:;][0-5][0-9](?:\.[0-9]+)?")
_WORDS = late_pattern(
    r"[~〜～-]?(?:(?:毎日|平日|開館|開始|終了)[:\s]?)?(.*[0-9時分半])(?:頃|ごろ|ころ|から|より|まで|開始|終了|[~〜～-])?"
)
_FRACTION = late_pattern(r"0?\.[0-9]+")


def is_hhmm(text: str) -> bool:
    """True for hh:mm from 00:00 to 23:59 in half-width digits with leading zeros; "9:00" and "25:00" are not."""
    return bool(_HHMM.fullmatch(text))


def _written(hour: int, minute: int, text: str) -> str | None:
    if not (0 <= hour <= 23 and 0 <= minute <= 59):
        return None
    found = f"{hour:02}:{minute:02}"
    return found if found != text else None


def _colon(match: re.Match[str]) -> str:
    return f"{match[1] or match[3]}:{match[2] or match[4]}"


def _kanji_number(text: str) -> int:
    tens, ten, ones = text.rpartition("十")
    return (_DIGITS.index(tens) if tens else 1) * 10 * bool(ten) + (_DIGITS.index(ones) if ones else 0)


def time_from_clock(text: str) -> str | None:
    """hh:mm for a time in another notation; None if it is hh:mm already or not certain.

    Seen: "9:00", "9時", "8時30分", "午後1時", "09:00:00", "９：００", "1900-01-00 09:00:00", "900",
    "9.30", "十七時". "25:00", "24時間",
    "7:00～9:00" and seconds other than zero stay.
    """
    rest = re.sub("[\ua789∶ː]", ":", narrow(text))
    day_zero = _DAY_ZERO.fullmatch(rest)
    rest = re.sub(r"\s", "", day_zero.group(1) if day_zero else rest)
    # 0.25 is a fraction of a day, and 9-17 runs from nine to five.
    rest = re.sub(r"^([1-9]|1[0-9]|2[0-3])[.,]([0-5][0-9])$|^([0-9]{1,2})-(00|[3-5][0-9])$", _colon, rest)
    rest = _KANJI_NUMBER.sub(lambda m: str(_kanji_number(m.group())), rest) if "時" in rest else rest
    if rest == "正午":
        return "12:00"
    half = ""
    before, after = _HALF_BEFORE.fullmatch(rest), _HALF_AFTER.fullmatch(rest)
    if before:
        half, rest = before.group(1), before.group(2)
    elif after:
        rest, half = after.group(1), after.group(2)
    match = _CLOCK.fullmatch(rest) or _KANJI.fullmatch(rest) or (None if half else _COMPACT.fullmatch(rest))
    if match is None:
        return None
    hour = int(match.group(1))
    minute = 30 if match.lastindex == 3 else int(match.group(2) or 0)
    if half:
        if hour > 12:
            return None
        afternoon = half in ("午後",) or half.upper().startswith("P")
        hour = hour % 12 + 12 if afternoon else hour % 12
    return _written(hour, minute, text)


def time_without_words(text: str) -> str | None:
    """hh:mm for a time with a word that its column says already ("9時から", "～17:00", "17時まで") or "about" (頃), else None.

    Whether the other half of a range was lost is not known here: only to propose.
    """
    rest = re.sub(r"\s", "", re.sub("[\ua789∶ː]", ":", narrow(text)))
    match = _WORDS.fullmatch(rest)
    if match is None or match[1] == rest:
        return None
    return match[1] if is_hhmm(match[1]) else time_from_clock(match[1])


def is_closing(heading: str) -> bool:
    """True for the heading of a column with closing times (終了時間 and the like)."""
    return any(word in heading for word in _CLOSING)


def minute_before_midnight(text: str) -> str | None:
    """23:59 for a closing time at midnight ("24:00", "24時", "２４：００"), which hh:mm cannot write; else None.

    One minute is lost, so this is only ever proposed.
    """
    rest = re.sub("[\ua789∶ː]", ":", re.sub(r"\s", "", narrow(text)))
    return "23:59" if _MIDNIGHT.fullmatch(rest) else None


def time_without_seconds(text: str) -> str | None:
    """hh:mm for a time with seconds ("23:59:59", 宇部市), else None. Seconds are lost: only to propose."""
    match = _SECONDS.fullmatch(re.sub("[\ua789∶ː]", ":", re.sub(r"\s", "", narrow(text))))
    if match is None:
        return None
    return match.group(1) if is_hhmm(match.group(1)) else time_from_clock(match.group(1))


def time_from_fraction(text: str) -> str | None:
    """hh:mm for the day fraction of a spreadsheet (0.375 -> 09:00); None unless it is a whole minute."""
    rest = narrow(text)
    if not _FRACTION.fullmatch(rest):
        return None
    minutes = float(rest) * 1440
    whole = round(minutes)
    # 0.354166667 is 8:30 cut to nine places, so a second of rounding is allowed for.
    return _written(whole // 60, whole % 60, text) if abs(minutes - whole) < 0.02 and whole < 1440 else None
