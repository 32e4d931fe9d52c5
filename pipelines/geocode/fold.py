"""Address text to folded tokens: one symbol a character or a whole number, so that all spellings of a place meet.

Width, 旧字体/異体字, kana, hyphens and the words 大字・字 fold away; a number in any notation
(二十四, ２４, 24) becomes one symbol, so a 丁目 never matches the first digit of a longer number.
"""

from __future__ import annotations

import csv
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

NUMBER = np.uint32(0x200000)
"""Tokens from here on are numbers: NUMBER + value (values above 2**29 are cut)."""
_DROP = np.uint32(0xFFFFFFFF)
_LIMIT = 1 << 29
BREAK = "\x1f"
"""Between the parts of a gazetteer name: numbers do not join over it (助七 + 一丁目)."""
HYPHEN, SPACE, NO = ord("-"), ord(" "), ord("ノ")
_HYPHENS = "-‐‑‒–—―−─━﹣－ーｰ⁃⁻₋╌╍┄┅╴╶⎯⏤➖˗"
_WAVES = "~〜～∼∿"
_CLASS: dict[str, tuple[int, int]] = {  # character -> (1 digit, 2 kanji digit, 3 kanji unit; value)
    **{str(i): (1, i) for i in range(10)},
    **{c: (2, i) for i, c in enumerate("〇一二三四五六七八九")},
    "零": (2, 0), "十": (3, 10), "百": (3, 100), "千": (3, 1000),
}
Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Tokens:
    """Folded rows, laid end to end: row i is token[start[i]:end[i]], and token[end[i]] is 0.

    char[k] is the place of token k's first character, counted over all rows' characters plus one
    end mark a row; row i's own characters begin at row_char[i].
    """

    token: Array
    start: Array
    end: Array
    char: Array
    row_char: Array
    raw: Array | None = None

    def aza_between(self, begin: Array, end: Array) -> Array:
        """True where a 字 (not 大字) stands in the text from token `begin` to the last before `end`."""
        if self.raw is None:
            return np.zeros(len(begin), bool)
        found = []
        for a, b in zip(self.char[begin - 1], self.char[end - 1], strict=True):
            text = self.raw[a + 1:b]
            aza = np.flatnonzero(text == ord("字"))
            found.append(any(self.raw[a + i] != ord("大") for i in aza))
        return np.array(found, bool)

    def in_words(self, at: Array) -> Array:
        """True where token `at` is a kanji numeral that begins or is part of a word (一の山, 七本松), no number."""
        found = np.zeros(len(at), bool)
        if self.raw is None:
            return found
        written = self.raw.take(self.char.take(at))
        kanji = np.flatnonzero((written > 0x3000) & (written < 0xFF00))
        spot = at.take(kanji)
        number = self.token.take(spot) >= NUMBER
        after = self.token.take(np.minimum(spot + 1, len(self.token) - 1))
        found[kanji] = number & _IN_WORD.take(np.minimum(after, 0xFFFF))
        return found


_AFTER_NUMBER = tuple(ord(c) for c in "番地号丁条線区階棟室外他先内付近ノホ及カイロハニ甲乙丙、。（）")
_IN_WORD = np.arange(0x10000) >= 0x3041
_IN_WORD[[*_AFTER_NUMBER, 0xFFFF]] = False


@lru_cache(maxsize=1)
def variants() -> dict[str, str]:
    """variants.csv: variant character -> common form."""
    path = Path(__file__).with_name("variants.csv")
    lines = [ln for ln in path.read_text(encoding="utf-8").splitlines() if not ln.startswith("#")]
    return {row["variant"]: row["common"] for row in csv.DictReader(lines)}


def _fold_kana(char: str) -> str:
    """Katakana without small letters and voicing marks; カ and ケ (ヶ, が, ヵ) are one class."""
    code = ord(char)
    if 0x3041 <= code <= 0x3096:
        char = chr(code + 0x60)
    base = unicodedata.normalize("NFD", char)[0]
    return {"ァ": "ア", "ィ": "イ", "ゥ": "ウ", "ェ": "エ", "ォ": "オ", "ッ": "ツ", "ャ": "ヤ", "ュ": "ユ", "ョ": "ヨ",
            "ヮ": "ワ", "ヵ": "ケ", "ヶ": "ケ", "カ": "ケ", "ヰ": "イ", "ヱ": "エ", "ヲ": "オ"}.get(base, base)


@lru_cache(maxsize=1)
def fold_table() -> Array:
    """For every code point its folded code point; dropped ones are 0xFFFFFFFF. 4.5 MB, built in some milliseconds."""
    table = np.arange(0x110000, dtype=np.uint32)
    table[1:0x1F] = _DROP
    table[0x7F:0xA0] = _DROP
    for low, high in ((0xA0, 0x100), (0x2000, 0x2070), (0x2070, 0x20A0), (0x2100, 0x2190), (0x2460, 0x2500),
                      (0x2E80, 0x2FE0), (0x3000, 0x3400), (0xF900, 0xFB00), (0xFE00, 0x10000), (0x2F800, 0x2FA20)):
        for code in range(low, high):
            plain = unicodedata.normalize("NFKC", chr(code))
            if len(plain) == 1:
                table[code] = ord(plain)
    for low, high in ((0x200B, 0x2010), (0x2028, 0x202F), (0x2060, 0x2065), (0xFE00, 0xFE10), (0xE0100, 0xE01F0)):
        table[low:high] = _DROP
    table[[0xFEFF, 0x3099, 0x309A, 0xFF9E, 0xFF9F, 0x309B, 0x309C, 0xAD]] = _DROP
    second = np.arange(0x10000, dtype=np.uint32)
    for code in range(ord("a"), ord("z") + 1):
        second[code] = code - 32
    for code in (*range(0x3041, 0x3097), *range(0x30A1, 0x30FB)):
        second[code] = NO if chr(code) in "のノ" else ord(_fold_kana(chr(code)))
    plane = table < 0x10000
    table[plane] = second[table[plane]]
    for source, target in variants().items():
        table[ord(source)] = ord(target)
    for group, target in ((_HYPHENS, "-"), (_WAVES, "~"), ("之乃", "ノ"), ("　\u00a0\u2002\u2003\u2009\t\n\r", " ")):
        for char in group:
            table[ord(char)] = ord(target)
    table[0] = 0
    return table


_AZA, _FILLER, _EYE, _STREET, _HYPHEN_CLASS, _GONE = 4, 5, 6, 7, 8, 9


@lru_cache(maxsize=1)
def _classes() -> tuple[Array, Array]:
    """For every raw code point its class (0 plain, 1-3 digits and units, then the special ones) and its value."""
    table = fold_table()
    by_code, value = np.zeros(0x110000, np.uint8), np.zeros(0x10000, np.int64)
    for char, (number_kind, number) in _CLASS.items():
        by_code[ord(char)], value[ord(char)] = number_kind, number
    for chars, special in (("字", _AZA), ("ノ " + BREAK, _FILLER), ("目", _EYE), ("リ", _STREET), ("-", _HYPHEN_CLASS)):
        for char in chars:
            by_code[ord(char)] = special
    known = table != _DROP
    kind = np.full(0x110000, _GONE, np.uint8)
    kind[known] = by_code[table[known]]
    return kind, value


@lru_cache(maxsize=1)
def _first_plane() -> tuple[Array, Array]:
    """Classes and folded code points of the first plane alone: small enough to stay in the cache."""
    return _classes()[0][:0x10000].copy(), fold_table()[:0x10000].copy()


def characters(text: pl.Series) -> tuple[Array, Array]:
    """All characters of all rows as code points (16 bits where that is enough), each row closed by 0; row starts."""
    filled = text.cast(pl.String).fill_null("")
    if filled.len() == 0:
        return np.zeros(0, np.uint32), np.zeros(1, np.int64)
    joined = filled.str.join("\x00").item() + "\x00"
    if joined.count("\x00") != filled.len():
        joined = filled.str.replace_all("\x00", " ", literal=True).str.join("\x00").item() + "\x00"
    small = joined.encode("utf-16-le")
    if len(small) == 2 * len(joined):
        chars: Array = np.frombuffer(small, dtype="<u2").astype(np.uint16, copy=False)
    else:
        chars = np.frombuffer(joined.encode("utf-32-le"), dtype="<u4").astype(np.uint32, copy=False)
    first = np.zeros(filled.len() + 1, np.int64)
    first[1:] = np.flatnonzero(chars == 0) + 1
    return chars, first


def fold(text: pl.Series) -> Tokens:
    """Rows of text to tokens. Never fails; null is an empty row."""
    chars, first = characters(text)
    kinds, values = _classes()
    kind_table, code_table = _first_plane() if chars.dtype == np.uint16 else (kinds, fold_table())
    at = chars.astype(np.intp)
    kind, code, place = kind_table.take(at), code_table.take(at), None
    gone = kind == _GONE
    if gone.any():
        place = np.flatnonzero(~gone)
        kind, code = kind[place], code[place]
    keep = np.ones(len(code), bool)
    spot = np.flatnonzero(kind != 0)
    if len(spot):
        special = kind.take(spot)
        digit = special <= 3
        digits, others = np.flatnonzero(digit), np.flatnonzero(~digit)
        _join_numbers(spot.take(digits), special.take(digits), code, keep, values, kind)
        _drop_fillers(spot.take(others), special.take(others), code, keep, kind)
    kept = np.flatnonzero(keep)
    code = code.take(kept)
    end = np.flatnonzero(code == 0)
    start = np.empty_like(end)
    if len(end):
        start[0] = 0
        start[1:] = end[:-1] + 1
    return Tokens(code, start, end, kept if place is None else place[kept], first[:-1], chars)


def _join_numbers(spot: Array, kind: Array, code: Array, keep: Array, values: Array, kinds: Array) -> None:
    """Each run of digits, or of kanji numerals, becomes the token NUMBER + value, in place."""
    if not len(spot):
        return
    kanji = kind != 1
    opens = np.ones(len(spot), bool)
    np.not_equal(spot[1:], spot[:-1] + 1, out=opens[1:])
    opens[1:] |= kanji[1:] != kanji[:-1]
    first = np.flatnonzero(opens)
    length = np.diff(first, append=len(spot))
    number = values.take(code.take(spot))
    total = number.take(first)
    longer, depth = np.flatnonzero(length > 1), 1
    while len(longer):
        more = number.take(first.take(longer) + depth)
        total[longer] = np.minimum(total.take(longer) * 10 + more, _LIMIT)
        depth += 1
        longer = longer.take(np.flatnonzero(length.take(longer) > depth))
    if (kind == 3).any():
        _weigh_units(total, number, kind, opens, first, length)
    head = spot.take(first)
    dash = np.flatnonzero((length == 1) & (code.take(head) == ord("一")))
    code[head] = NUMBER + total.astype(np.uint32)
    if len(dash):
        lone = head[dash]
        left, right = kinds[np.maximum(lone - 1, 0)], kinds[np.minimum(lone + 1, len(kinds) - 1)]
        code[lone[(left == 1) & (right == 1) & (lone > 0)]] = HYPHEN
    keep[spot.take(np.flatnonzero(~opens))] = False


def _weigh_units(total: Array, number: Array, kind: Array, opens: Array, first: Array, length: Array) -> None:
    """The values of numbers with 十, 百, 千, in place: 二十四 is 2 x 10 + 4. (A lone 一 between digits is a hyphen.)"""
    runs = np.flatnonzero(np.bincount(np.cumsum(opens) - 1, weights=kind == 3, minlength=len(first)) > 0)
    sizes = length[runs]
    begin = np.cumsum(sizes) - sizes
    inside = np.arange(int(sizes.sum())) + np.repeat(first[runs] - begin, sizes)
    number, kind, opens = number[inside], kind[inside], opens[inside]
    follows = np.zeros(len(kind), np.int64)
    follows[:-1] = np.where((kind[1:] == 3) & ~opens[1:], number[1:], 0)
    led = np.zeros(len(kind), bool)
    led[1:] = (kind[:-1] == 2) & ~opens[1:]
    share = np.where(kind == 2, number * np.maximum(follows, 1), np.where(led, 0, number))
    total[runs] = np.minimum(np.add.reduceat(share, begin), _LIMIT)


def _drop_fillers(spot: Array, special: Array, code: Array, keep: Array, kinds: Array) -> None:
    """What says nothing that a match needs goes, in place.

    大字, 小字 and 字 (but 文字 stays: 十文字, 大文字町); ノ and blanks unless between numbers; 目 after 丁 (or 町)
    and a number; り after 通; the second of two hyphens.
    """
    def of(kind: int) -> tuple[Array, Array]:
        """The places of one kind, and the code before each."""
        here = spot.take(np.flatnonzero(special == kind))
        return here, np.where(here > 0, code.take(np.maximum(here - 1, 0)), 0)

    def number_at(place: Array) -> Array:
        beside = kinds.take(np.clip(place, 0, len(kinds) - 1))
        return np.asarray((beside >= 1) & (beside <= 3))

    aza, left = of(_AZA)
    aza = aza[left != ord("文")]
    lead = aza[aza > 0] - 1
    fillers, _ = of(_FILLER)
    numbered = number_at(fillers - 1) & number_at(fillers + 1) & (code.take(fillers) != ord(BREAK))
    eyes, left = of(_EYE)
    eyes = eyes[((left == ord("丁")) | (left == ord("町"))) & number_at(eyes - 2)]
    streets, left = of(_STREET)
    streets = streets[left == ord("通")]
    hyphens, left = of(_HYPHEN_CLASS)
    hyphens = hyphens[left == HYPHEN]
    keep[lead[np.isin(code[lead], (ord("大"), ord("小")))]] = False
    code[eyes - 1] = ord("丁")
    for gone in (aza, fillers[~numbered], eyes, streets, hyphens):
        keep[gone] = False


def fold_text(text: str) -> tuple[int, ...]:
    """One text's tokens, without the end mark."""
    folded = fold(pl.Series([text]))
    return tuple(int(t) for t in folded.token[:-1])
