"""Turns codes as typed (municipality, corporate number, post code, POI, town) into the standard's form."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from pipelines.values.patterns import late_pattern

_POST_CODES_FROM_ZERO = ("01", "02", "03", "05")
_SIX = late_pattern(r"[0-9]{6}")
_HYPHENS = late_pattern(r"[-‐‑‒–—―−─ーｰ－﹣~〜～]")
_SPACES = late_pattern(r"\s+")
_DECIMAL_TAIL = late_pattern(r"([0-9]+)\.0+")
_GROUPED = late_pattern(r"[0-9]{1,3}(?:,[0-9]{3})+")
_EXPONENT = late_pattern(r"[0-9]+(?:\.[0-9]+)?[eE]\+?[0-9]+")


@lru_cache(maxsize=1)
def prefectures() -> Mapping[str, str]:
    """Two-digit prefecture code -> official name (prefectures.json: JIS X 0401, 47 rows)."""
    loaded = json.loads(Path(__file__).with_name("prefectures.json").read_text(encoding="utf-8"))
    names: Mapping[str, str] = loaded["prefectures"]
    return names


def narrow(text: str) -> str:
    """NFKC and no space at the ends: full-width letters and digits become half-width."""
    return unicodedata.normalize("NFKC", text).strip()


def check_digit_lgcode(five: str) -> str | None:
    """Check digit of a 全国地方公共団体コード from its first five digits; None if they are not five digits.

    Weights 6, 5, 4, 3, 2; the last digit of 11 minus the sum modulo 11 (総務省 全国地方公共団体コード仕様).
    """
    if not re.fullmatch(r"[0-9]{5}", five):
        return None
    total = sum(int(d) * w for d, w in zip(five, (6, 5, 4, 3, 2), strict=True))
    return str((11 - total % 11) % 10)


def is_lgcode(text: str) -> bool:
    """True for six half-width digits of an existing prefecture with the right check digit."""
    return bool(_SIX.fullmatch(text)) and text[:2] in prefectures() and check_digit_lgcode(text[:5]) == text[5]


def is_corporate_number(text: str) -> bool:
    """True for a 法人番号: 13 half-width digits whose first is the check digit.

    Check digit = 9 minus (sum of P x Q modulo 9), P the twelve digits counted from the right, Q 1 for odd
    and 2 for even positions (法人番号の指定等に関する省令 第二条).
    """
    if not re.fullmatch(r"[0-9]{13}", text):
        return False
    total = sum(int(d) * (1 if i % 2 == 0 else 2) for i, d in enumerate(reversed(text[1:])))
    return int(text[0]) == 9 - total % 9


def is_my_number(text: str) -> bool:
    """True for 12 half-width digits whose last is the check digit of a 個人番号 (マイナンバー).

    Check digit = 11 minus (sum of P x Q modulo 11), 0 when that remainder is 0 or 1; P the eleven digits from
    the right, Q = n + 1 for the first six and n - 5 after them (個人番号の指定等に関する省令 第五条).
    About one in eleven random numbers passes.
    """
    if not re.fullmatch(r"[0-9]{12}", text):
        return False
    total = sum(int(d) * (n + 1 if n <= 6 else n - 5) for n, d in enumerate(reversed(text[:11]), start=1))
    remainder = total % 11
    return int(text[11]) == (0 if remainder <= 1 else 11 - remainder)


def complete_lgcode(text: str, own_code: str | None = None) -> str | None:
    """Six-digit 全国地方公共団体コード for a code that lost its leading zero or has no check digit.

    None when it is right already, or when it cannot be told which code was meant. Five digits can be both
    (a code without its check digit, or one that lost its zero): the body's own code decides, then its prefecture
    (`own_code` may be the two digits of the prefecture alone), then whether only one reading is possible. Seen: 92011
    for 092011, 13101 for 131016, 35213 for 352136.
    """
    digits = _DECIMAL_TAIL.sub(r"\1", _HYPHENS.sub("", _SPACES.sub("", _ungrouped(narrow(text)))))
    if not digits.isascii() or not digits.isdigit():
        return None
    readings: set[str] = set()
    if len(digits) == 6:
        readings = {digits} if is_lgcode(digits) else set()
    if len(digits) == 5:
        if is_lgcode("0" + digits):
            readings.add("0" + digits)
        with_check = digits + (check_digit_lgcode(digits) or "")
        if is_lgcode(with_check):
            readings.add(with_check)
    if len(digits) == 4:
        with_check = "0" + digits + (check_digit_lgcode("0" + digits) or "")
        if is_lgcode(with_check):
            readings.add(with_check)
    if own_code is not None and own_code in readings:
        readings = {own_code}
    elif own_code is not None and len(readings) > 1:
        same_prefecture = {r for r in readings if r[:2] == own_code[:2]}
        readings = same_prefecture or readings
    if len(readings) != 1:
        return None
    found = readings.pop()
    return None if found == text else found


def _ungrouped(text: str) -> str:
    """A code that a spreadsheet showed as an amount ("352,136") without the commas."""
    return text.replace(",", "") if _GROUPED.fullmatch(text) else text


def plain_code(text: str) -> str | None:
    """A code without what a spreadsheet added: full-width, spaces, a trailing ".0"; None if nothing changes.

    Seen: "101.0" for ID 101, "２３" for NO 23, "352,136" from a column shown as amounts. Exponents
    ("1.31025E+11") have lost digits and are left alone.
    """
    cleaned = _ungrouped(narrow(text))
    if _EXPONENT.fullmatch(cleaned):
        return None
    cleaned = _DECIMAL_TAIL.sub(r"\1", cleaned) if _DECIMAL_TAIL.fullmatch(cleaned) else cleaned
    return cleaned if cleaned and cleaned != text else None


def has_exponent(text: str) -> bool:
    """True for a number in exponent form: its digits are lost ("1.31025E+11", "1234E+12")."""
    return bool(_EXPONENT.fullmatch(narrow(text)))


def _padded_digits(text: str, length: int, lost_zeros: int) -> str | None:
    digits = _HYPHENS.sub("", _SPACES.sub("", _ungrouped(narrow(text))))
    digits = _DECIMAL_TAIL.sub(r"\1", digits) if _DECIMAL_TAIL.fullmatch(digits) else digits
    if not digits.isascii() or not digits.isdigit() or not length - lost_zeros <= len(digits) <= length:
        return None
    padded = digits.zfill(length)
    return padded if padded != text else None


def plain_post_code(text: str, prefecture: str | None = None) -> str | None:
    """Seven digits of a post code typed with 〒, hyphen or full-width, or without its first zero; None if no change.

    GIF 443: 7 digits without hyphen. Seen: "〒759-2292", "７５９－２２１２", "0600001" as 600001. Post codes begin with 0
    in 北海道, 青森県, 岩手県 and 秋田県 only: in any other `prefecture` (two digits), or when it is not known, six digits
    may lack any one, and stay.
    """
    found = _padded_digits(narrow(text).lstrip("〒"), 7, 1 if prefecture in _POST_CODES_FROM_ZERO else 0)
    return found if found != text else None


@lru_cache(maxsize=1)
def post_code_areas() -> Mapping[str, tuple[str, ...]]:
    """First digits of a post code (two, or three at a border) -> the codes of the prefectures that it may belong to."""
    loaded = json.loads(Path(__file__).with_name("post_prefixes.json").read_text(encoding="utf-8"))
    two: Mapping[str, str] = loaded["prefixes"]
    areas = {digits: (area,) for digits, area in two.items()}
    areas.update({digits: (two[digits[:2]], *others) for digits, others in loaded["also"].items()})
    return {**areas, "000": ()}  # no place has 000-…


def plain_corporate_number(text: str) -> str | None:
    """Thirteen digits of a 法人番号 typed with hyphens, spaces or full-width; None if not certain or no change.

    The registration number of an invoice issuer that is a corporation is T and its 法人番号 (国税庁): the T goes.
    """
    plain = narrow(text)
    if plain[:1] in "Tt" and is_corporate_number(_HYPHENS.sub("", plain[1:])):
        return _HYPHENS.sub("", plain[1:])
    return _padded_digits(text, 13, 0)


def corporate_number_of_registry(text: str) -> str | None:
    """The 法人番号 for the twelve digits of the register of companies (会社法人等番号): its check digit goes in front.

    法人番号の指定等に関する省令 第二条. Twelve digits may also be thirteen with one lost: only to propose.
    """
    digits = _HYPHENS.sub("", _SPACES.sub("", narrow(text)))
    if not re.fullmatch("[0-9]{12}", digits):
        return None
    return next((f"{check}{digits}" for check in "123456789" if is_corporate_number(f"{check}{digits}")), None)


def poi_without_note(text: str) -> str | None:
    """The four digits of a POI code with a letter or its name behind ("1503a" in 茅野市, "1503小学校"), else None.

    What stood behind is lost: only to propose.
    """
    found = re.fullmatch(r"([0-9]{4})\s*[:：(（]?[^0-9]+", narrow(text))
    return found[1] if found else None


_EPSG = {
    "jgd2011": "6668", "jgd2000": "4612", "wgs84": "4326", "wgs 84": "4326", "tokyo": "4301", "日本測地系2011": "6668",
    "日本測地系2000": "4612", "日本測地系": "4301", "旧日本測地系": "4301",
}


def plain_epsg(text: str) -> str | None:
    """The EPSG code in "EPSG:6668" or of a datum's name ("JGD2011" -> 6668, EPSG registry), else None."""
    plain = narrow(text)
    found = re.fullmatch(r"(?:EPSG)[\s:：]*([0-9]{4,5})", plain, re.IGNORECASE)
    return found[1] if found else _EPSG.get(plain.lower())


_LANGUAGES = {
    "日本語": "ja", "にほんご": "ja", "日": "ja", "jpn": "ja", "jp": "ja", "japanese": "ja", "ja-jp": "ja", "英語": "en",
    "eng": "en", "english": "en", "中国語": "zh", "zho": "zh", "chi": "zh", "韓国語": "ko", "kor": "ko",
}


def language_code(text: str) -> str | None:
    """The two letters of a language (ISO 639-1) for its name or another code ("日本語", "jpn", "JA"), else None."""
    plain = narrow(text).lower()
    found = _LANGUAGES.get(plain, plain if re.fullmatch("[a-z]{2}", plain) else None)
    return found if found != text else None


def plain_poi(text: str) -> str | None:
    """Four digits of a POI code that lost its zeros or is full-width ("101" for 0101 山); None if no change."""
    return _padded_digits(text, 4, 1)


def plain_town_id(text: str) -> str | None:
    """Seven digits of a 町字ID typed with a hyphen or without zeros ("0008-001", "8001"); None if no change."""
    return _padded_digits(text, 7, 4)


def official_prefecture(text: str) -> str | None:
    """The official prefecture name for one without its suffix or with another 県 ("山口", "山口懸"), else None."""
    cleaned = re.sub("[縣懸]$", "県", _SPACES.sub("", narrow(text)))
    names = set(prefectures().values())
    if cleaned in names:
        return cleaned if cleaned != text else None
    found = [name for name in names if name[:-1] == cleaned]
    return found[0] if len(found) == 1 else None
