"""One cell of a small vocabulary to what is wrong with it: licence, language, CRS code, extension, list, municipality."""

from __future__ import annotations

import re

import polars as pl

from pipelines.validate.fine import whole
from pipelines.validate.problems import Problem, params_json
from pipelines.values.choices import spaced_list
from pipelines.values.codes import language_code, narrow, plain_epsg, prefectures
from pipelines.values.patterns import late_pattern
from pipelines.values.phones import extension_list, plain_extension

_LICENCES = {
    "ccby": "CC BY", "ccby21": "CC BY 2.1 JP", "ccby21jp": "CC BY 2.1 JP", "ccby30": "CC BY 3.0", "ccby40": "CC BY 4.0",
    "ccby40intl": "CC BY 4.0", "ccby40国際": "CC BY 4.0", "ccbysa": "CC BY-SA", "ccbysa40": "CC BY-SA 4.0",
    "ccbync": "CC BY-NC", "ccbync40": "CC BY-NC 4.0", "ccbynd": "CC BY-ND", "ccbynd40": "CC BY-ND 4.0", "cc0": "CC0",
    "cc010": "CC0 1.0", "pdl10": "PDL1.0", "pdl": "PDL1.0", "odbl": "ODbL",
}
_LICENCE_WORDS = late_pattern(
    "クリエイティブ|表示(?:4|（|[(]|[-－]|.{0,3}国際)|政府標準利用規約|公共データ利用規約|利用規約|パブリックドメイン|Public Domain|https?://"
)
_NO_LICENCE = late_pattern(
    r"^(?:表示|©.*|\(c\).*|cc|by|cc.{0,4}by.{1,2}|不明|未定|なし|有|無|可|○|オープンデータ)$|無断|禁止|All rights", re.IGNORECASE
)
_EPSG = late_pattern("(?:4301|4326|4612|4019|6668|6697|3857|24(?:4[3-9]|5[0-9]|6[01])|66(?:69|7[0-9]|8[0-7])|301(?:6[1-9]|7[0-9]))")
_PREFECTURE = late_pattern(r"(?:東京都|北海道|(?:大阪|京都)府|.{2,3}県)(?=.+[市区町村]$)")


def judge_licence(value: str) -> tuple[Problem, ...]:
    """ライセンス: the name of a licence that a reader can look up (CC BY 4.0 of the standard's example, PDL1.0, CC0 …).

    Other spellings of these are told with the usual one; 「©美祢市」 or 「表示」 leaves the reader in doubt.
    """
    if value in _LICENCES.values() or _LICENCE_WORDS.search(value):
        return ()
    known = _LICENCES.get(re.sub(r"[\s._\-‐－ー]", "", narrow(value).lower()))
    doubtful = known is not None or _NO_LICENCE.search(value) is not None
    return (Problem("licence-unknown", "{}", known),) if doubtful else ()


def judge_language(value: str) -> tuple[Problem, ...]:
    """言語: two letters (ISO 639-1), several joined by ";"."""
    parts = value.split(";")
    known = all(re.fullmatch("[a-z]{2}", part) for part in parts) and "jp" not in parts
    return () if known else (Problem("language-unknown", "{}", language_code(value)),)


def judge_epsg(value: str) -> tuple[Problem, ...]:
    """座標参照系コード: an EPSG code that is in use in Japan (EPSG registry: JGD2011 6668, its planes 6669-6687 …)."""
    return () if _EPSG.fullmatch(value) else (Problem("epsg-unknown", "{}", plain_epsg(value)),)


def judge_extension(value: str) -> tuple[Problem, ...]:
    """内線番号: digits alone, several joined by " / " (GIF 445; seen: 「2442・2421」 in 狛江市)."""
    if all(re.fullmatch("[0-9]{1,6}", part) for part in value.split(" / ")):
        return ()
    return (Problem("extension-form", "{}", plain_extension(value) or extension_list(value)),)


def judge_list(value: str) -> tuple[Problem, ...]:
    """Several values in a column of many: joined by half-width ";" (both editions), not by ・, ｜ or spaces."""
    found = spaced_list(value)
    return (Problem("list-separator", "{}", found),) if found is not None else ()


def judge_city(value: str) -> tuple[Problem, ...]:
    """市区町村: the municipality with its 郡; the prefecture has its own column beside it (both editions)."""
    found = _PREFECTURE.match(value)
    if found is None or found[0] not in prefectures().values():
        return ()
    return (Problem("city-with-prefecture", params_json(name=found[0]), value[found.end():].strip()),)


def fine_list(column: pl.Expr) -> pl.Expr:
    """True for lists that need no second look."""
    return ~column.str.contains(r"[・\s｜|]")


def fine_city(column: pl.Expr) -> pl.Expr:
    """True for municipalities that need no second look."""
    return ~column.str.contains(r"\A(?:東京都|北海道|大阪府|京都府|.{2,3}県)")


def fine_extension(column: pl.Expr) -> pl.Expr:
    """True for one extension of digits."""
    return column.str.contains(whole("[0-9]{1,6}"))
