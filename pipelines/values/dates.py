"""Turns dates as typed (和暦, slashes, serial numbers of spreadsheets) into YYYY-MM-DD."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

from pipelines.values.codes import narrow
from pipelines.values.patterns import late_pattern

_ISO = late_pattern(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_WEEKDAY = late_pattern(r"[(\[]?([月火水木金土日])(?:曜日?)?[)\]]$")
_BARE_WEEKDAY = late_pattern(r"([月火水木金土日])曜日?$")
_KANJI_YEAR = late_pattern(r"[〇零一二三四五六七八九]{4}(?=年)")
_KANJI_NUMBER = late_pattern(r"[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九]")
_KANJI_DIGITS = {sign: str(i) for i, sign in enumerate("〇一二三四五六七八九")} | {"零": "0"}
_ABOUT = late_pattern(r"(.*[0-9日])(?:頃|ごろ|ころ|付け?|より|から|[~〜～-])?[(\[]?(?:予定|見込み?|仮)?[)\]]?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ENGLISH = late_pattern(r"(?:([A-Z][a-z]{2})[a-z]*\.?\s+([0-9]{1,2}),?\s+([0-9]{4})"
                        r"|([0-9]{1,2})[-\s]([A-Z][a-z]{2})[a-z]*[-\s]([0-9]{4}))")
_YEAR_FIRST = late_pattern(r"([0-9]{4})(?:[-/.,]|年)([0-9]{1,2})(?:[-/.,]|月)([0-9]{1,2})日?")
_COMPACT = late_pattern(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_MIDNIGHT = late_pattern(r"(.*[0-9日])(?:T|\s+)0{1,2}:00(?::00(?:\.0+)?)?(?:Z|\+09:?00)?", re.IGNORECASE)
_CLOCK_BEHIND = late_pattern(r"(.*[0-9日])(?:T|\s+)[0-2]?[0-9]:[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?(?:Z|\+09:?00)?",
                             re.IGNORECASE)
_SERIAL = late_pattern(r"([1-5][0-9]{4})(?:\.[0-9]+)?")
_EPOCH = date(1899, 12, 30)  # day 0 of spreadsheets in the 1900 system, after their false 29 February 1900
_WEEKDAYS = "月火水木金土日"
_LAST_YEAR = 2100
_YEARS_PAST_ERA = 20
_SOLAR_FROM = date(1873, 1, 1)  # before 明治6年 the old lunar calendar was in use: a date cannot be carried over


@dataclass(frozen=True)
class Era:
    """One Japanese era with its first and last day (last None = still running)."""

    name: str
    short: str
    letter: str
    first: date
    last: date | None


@lru_cache(maxsize=1)
def eras() -> tuple[Era, ...]:
    """The eras since 明治 from eras.json."""
    loaded = json.loads(Path(__file__).with_name("eras.json").read_text(encoding="utf-8"))
    return tuple(
        Era(e["name"], e["short"], e["letter"], date.fromisoformat(e["first"]),
            date.fromisoformat(e["last"]) if e["last"] else None)
        for e in loaded["eras"]
    )


@lru_cache(maxsize=1)
def _era_pattern() -> re.Pattern[str]:
    names = "|".join(f"{e.name}|{e.short}|{e.letter}" for e in eras())
    return re.compile(
        rf"({names})\.?([0-9]{{1,2}}|元)(?:年|[-/.,])([0-9]{{1,2}})(?:月|[-/.,])([0-9]{{1,2}})日?", re.IGNORECASE
    )


def is_iso_date(text: str) -> bool:
    """True for an existing day as YYYY-MM-DD in half-width digits; "2001-4-1" and full-width digits are not."""
    match = _ISO.fullmatch(text) if text.isascii() else None
    return match is not None and _day(*match.groups()) is not None


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _without_weekday(text: str) -> tuple[str, str | None]:
    match = _WEEKDAY.search(text) if text.endswith((")", "]")) else _BARE_WEEKDAY.search(text)
    # "1日" ends in a day character that is no weekday: only a bracket or 曜 makes it one.
    if match is None or (not text.endswith((")", "]")) and "曜" not in match.group()):
        return text, None
    return text[: match.start()], match.group(1)


def _written(found: date | None, weekday: str | None, text: str) -> str | None:
    if found is None or found.year < 1000 or (weekday and _WEEKDAYS[found.weekday()] != weekday):
        return None
    return found.isoformat() if found.isoformat() != text else None


def date_from_era(text: str) -> str | None:
    """YYYY-MM-DD for a date of a Japanese era, None if it is none or the day lies outside that era.

    Seen: "令和5年4月1日", "R5.4.1", "令和元年５月１日", "S56/4/1", "昭和28年11月14日（土）". "平成32年4月1日" stays.
    """
    rest, weekday = _without_weekday(re.sub(r"\s", "", narrow(text)))
    era, found = _day_of_era(rest)
    if era is None or found is None or (era.last and found > era.last) or found.year > _LAST_YEAR:
        return None
    return _written(found, weekday, text)


def date_past_era(text: str) -> str | None:
    """YYYY-MM-DD for a date that counts on in an era which had ended ("平成31年5月1日", "昭和64年1月8日"), else None.

    Papers printed before the change of an era hold such dates, and slips of the pen look the same: only to propose.
    """
    rest, weekday = _without_weekday(re.sub(r"\s", "", narrow(text)))
    era, found = _day_of_era(rest)
    if era is None or found is None or era.last is None or not era.last < found:
        return None
    return _written(found, weekday, text) if found.year - era.last.year <= _YEARS_PAST_ERA else None


def _day_of_era(text: str) -> tuple[Era | None, date | None]:
    match = _era_pattern().fullmatch(_kanji_read(text))
    if match is None:
        return None, None
    sign = match.group(1)
    era = next(e for e in eras() if sign.upper() in (e.name, e.short, e.letter))
    number = 1 if match.group(2) == "元" else int(match.group(2))
    found = _day(str(era.first.year + number - 1), match.group(3), match.group(4)) if number else None
    return era, found if found is not None and found >= max(era.first, _SOLAR_FROM) else None


def date_from_parts(text: str) -> str | None:
    """YYYY-MM-DD for a western date with year, month and day in another notation; None if not certain.

    Seen: "2001/4/1", "2021.1.1", "2001年4月1日", "20010401", "2001-4-1", "２００１－０４－０１", "二〇〇一年四月一日",
    "Apr 1, 2001". Days that do not exist, two-digit years, and year and month alone stay as they are.
    """
    rest, weekday = _without_weekday(re.sub(r"\s", "", narrow(text)))
    rest = _kanji_read(re.sub("^西暦", "", re.sub("[‐‑‒–—―−─ー]", "-", rest)))
    match = _YEAR_FIRST.fullmatch(rest) or _COMPACT.fullmatch(rest) or re.fullmatch(
        "([0-9]{4}) ([0-9]{1,2}) ([0-9]{1,2})", narrow(text))
    if match:
        return _written(_day(*match.groups()), weekday, text)
    english = _ENGLISH.fullmatch(narrow(text))
    if english is None:
        return None
    month, day, year = (english[1], english[2], english[3]) if english[1] else (english[5], english[4], english[6])
    number = _MONTHS.index(month.lower()) + 1 if month.lower() in _MONTHS else 0
    return _written(_day(year, str(number), day), None, text)


def _kanji_read(text: str) -> str:
    """The text with the numbers of a date written in kanji as digits (令和八年四月十日 -> 令和8年4月10日)."""
    if not text.endswith("日") or not re.search("[一二三四五六七八九十]", text):
        return text
    text = _KANJI_YEAR.sub(lambda m: "".join(_KANJI_DIGITS[c] for c in m.group()), text)
    return _KANJI_NUMBER.sub(lambda m: str(_kanji_number(m.group())), text)


def _kanji_number(text: str) -> int:
    tens, ten, ones = text.rpartition("十")
    return (int(_KANJI_DIGITS[tens]) if tens else 1) * 10 * bool(ten) + (int(_KANJI_DIGITS[ones]) if ones else 0)


def date_without_about(text: str) -> str | None:
    """YYYY-MM-DD for a date with a word behind that says "about", "from" or "planned" (頃, より, （予定）), else None.

    What the word said is lost, so this is only ever proposed.
    """
    match = _ABOUT.fullmatch(narrow(text))
    if match is None or match[1] == narrow(text):
        return None
    return match[1] if is_iso_date(match[1]) else date_from_parts(match[1]) or date_from_era(match[1])


def date_without_midnight(text: str) -> str | None:
    """YYYY-MM-DD for a date followed by midnight ("1955-02-15T00:00:00", "2021/1/1 0:00"), else None."""
    match = _MIDNIGHT.fullmatch(narrow(text))
    if match is None:
        return None
    return match.group(1) if is_iso_date(match.group(1)) else date_from_parts(match.group(1))


def date_without_clock(text: str) -> str | None:
    """YYYY-MM-DD for a date followed by a time of day ("2021/03/26 09:03:39", 長門市), else None.

    The time is lost, so this is only ever proposed.
    """
    match = _CLOCK_BEHIND.fullmatch(narrow(text))
    if match is None:
        return None
    return match.group(1) if is_iso_date(match.group(1)) else date_from_parts(match.group(1)) or date_from_era(
        match.group(1))


def date_from_serial(text: str) -> str | None:
    """YYYY-MM-DD for the serial number of a spreadsheet (45017 -> 2023-04-01), 1927 to 2064, else None.

    A fraction is a time of day and falls away.
    """
    match = _SERIAL.fullmatch(narrow(text))
    return (_EPOCH + timedelta(days=int(match.group(1)))).isoformat() if match else None


def iso_date(text: str) -> str | None:
    """YYYY-MM-DD for any notation that this module reads, None if it is that already or is not certain."""
    for read in (date_from_parts, date_from_era, date_without_midnight, date_from_serial):
        found = read(text)
        if found is not None:
            return found
    return None
