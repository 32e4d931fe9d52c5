"""Rows whose reading leaves a doubt to the reason for it: 成田国際空港 is not in the town 成田."""

from __future__ import annotations

import re

import numpy as np
import polars as pl

from pipelines.geocode.match import CITY_NOT_FOUND, NO_ADDRESS, OK, TOWN_UNSURE, Places
from pipelines.geocode.places import CHOME
from pipelines.geocode.store import Gazetteer
from pipelines.geocode.tokens import HYPHEN, NO, NUMBER, SPACE, Tokens

_CLOSES = np.isin(np.arange(0x10000), [0, HYPHEN, SPACE, NO, ord("("), ord(","), ord("、")])
_PLAIN_TAIL = re.compile(
    r"[字(（\[【「『〔<＜\-－ー−‐―のノ之第番地・。,、]"
    r"|[甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥東西南北ァ-ヶｦ-ﾝぁ-ん]?"
    r"(?:[0-9０-９]|[〇一二三四五六七八九十百千]+(?:[番地号のノ之\-－ー−]|$))"
    r"|先(?:$|[\s(（])|付近|周辺|近く|近辺|一帯|一円|全域|外(?:$|[\s0-9０-９一二三四五六七八九十])|他(?:$|\s)|ほか|その他"
    r"|及び|および|並びに|から|[~〜～]|内(?:$|[\s(（])|(?:隣|向かい|裏|横|前)(?:$|[\s(（])|一部")
"""What may follow a town: 字, a bracket, a number, one letter of a series before a number (甲123, ロ45), or a word that
says that the place is only near (付近, 外3筆)."""
_STREET = re.compile(r"通|[上下東西]\s*(?:入|[るル])")
_NAMES_PLACE = re.compile(r"\W*\w{1,6}?郡\w+?[市町村]|\W*\w{1,7}?[市区町村]\w+?(?:[0-9０-９]|[一二三四五六七八九十]番)")
"""Text that names a 郡 with a member, or a municipality with a town and a number."""
_BLANKS = (" ", "\u3000", "\t", "\n", "\r", "、", ",", "字")
_KYOTO = 26
_CLOSED_NAME = r"[町村丁通条号]$"
_LONG_NAME = 3
_NAME_GOES_ON = r"^[町村市区郡郷駅港]"


def mark_unsure(tokens: Tokens, places: Places, gazetteer: Gazetteer) -> None:
    """Give the reason `town-unsure` to the rows whose town, read without a number, blank or 字 behind it, runs on into
    other words: 中央公民館 and 中尾777 read like the towns 中央 and 中. Not behind a 丁目, nor behind 大字, where what
    follows is a 小字, nor behind the 通り名 of 京都."""
    here = tokens.token.take(places.after)
    rows = np.flatnonzero((places.town >= 0) & (places.reason == OK) & ~_CLOSES.take(here, mode="clip"))
    rows = rows[(here.take(rows) < NUMBER) | tokens.in_words(places.after.take(rows))]
    rows = rows[gazetteer.town.kind.take(places.town.take(rows)) != CHOME]
    for row in rows.tolist():
        cut, stop = int(tokens.char[places.after[row]]), int(tokens.char[tokens.end[row]])
        head, tail = tokens.written(int(tokens.row_char[row]), cut), tokens.written(cut, stop)
        street = places.pref[row] == _KYOTO and _STREET.search(tail)
        if not (street or "大字" in head or head.endswith(_BLANKS) or _PLAIN_TAIL.match(tail)):
            places.reason[row] = TOWN_UNSURE


def likely_whole() -> pl.Expr:
    """Of the rows that are `town-unsure`, those whose town is most likely the one that was meant (columns town, rest and
    building of an answer): its name ends in 町, 村 ... or is long, or it has two signs and a number follows the words (a 小字:
    仙崎祇園町1342); but not where the words go on like the name (本郷町, 市郷)."""
    name = pl.col("town").str.strip_prefix("大字")
    size, numbered = name.str.len_chars(), pl.col("rest").str.contains("[0-9０-９]")
    whole = name.str.contains(_CLOSED_NAME) | (size >= _LONG_NAME) | ((size == _LONG_NAME - 1) & numbered)
    return whole & ~(pl.col("rest") + pl.col("building")).str.contains(_NAME_GOES_ON)


def tell_unread(tokens: Tokens, places: Places) -> None:
    """Rows of which nothing was read, and which yet name a municipality (大島郡柳井市阿月): it is not found, in place."""
    for row in np.flatnonzero((places.reason == NO_ADDRESS) & (tokens.end > tokens.start)).tolist():
        if _NAMES_PLACE.match(tokens.written(int(tokens.row_char[row]), int(tokens.char[tokens.end[row]]))):
            places.reason[row] = CITY_NOT_FOUND


__all__ = ["likely_whole", "mark_unsure", "tell_unread"]
