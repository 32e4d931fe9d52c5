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
_LIMIT = np.uint64(1 << 29)
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
        numbers = np.flatnonzero(self.token[at] >= NUMBER)
        if self.raw is None or not len(numbers):
            return found
        spot = at[numbers]
        after = self.token[np.minimum(spot + 1, len(self.token) - 1)]
        written = self.raw[self.char[spot]]
        found[numbers] = _IN_WORD[np.minimum(after, 0xFFFF)] & (written > 0x3000) & (written < 0xFF00)
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
_TENS = np.array([10**i for i in range(16)], np.uint64)


@lru_cache(maxsize=1)
def _classes() -> tuple[Array, Array]:
    """For every raw code point its class (0 plain, 1-3 digits and units, then the special ones) and its value."""
    table = fold_table()
    by_code, value = np.zeros(0x110000, np.uint8), np.zeros(0x10000, np.uint16)
    for char, (number_kind, number) in _CLASS.items():
        by_code[ord(char)], value[ord(char)] = number_kind, number
    for chars, special in (("字", _AZA), ("ノ " + BREAK, _FILLER), ("目", _EYE), ("リ", _STREET), ("-", _HYPHEN_CLASS)):
        for char in chars:
            by_code[ord(char)] = special
    known = table != _DROP
    kind = np.full(0x110000, _GONE, np.uint8)
    kind[known] = by_code[table[known]]
    return kind, value


def characters(text: pl.Series) -> tuple[Array, Array]:
    """All characters of all rows as code points, each row closed by 0; and where each row begins."""
    filled = text.cast(pl.String).fill_null("")
    if filled.len() == 0:
        return np.zeros(0, np.uint32), np.zeros(1, np.int64)
    joined = filled.str.join("\x00").item() + "\x00"
    if joined.count("\x00") != filled.len():
        joined = filled.str.replace_all("\x00", " ", literal=True).str.join("\x00").item() + "\x00"
    chars = np.frombuffer(joined.encode("utf-32-le"), dtype="<u4").astype(np.uint32, copy=False)
    first = np.zeros(filled.len() + 1, np.int64)
    first[1:] = np.flatnonzero(chars == 0) + 1
    return chars, first


def fold(text: pl.Series) -> Tokens:
    """Rows of text to tokens. Never fails; null is an empty row."""
    chars, first = characters(text)
    kinds, values = _classes()
    kind, code, place = kinds[chars], fold_table()[chars], None
    gone = kind == _GONE
    if gone.any():
        place = np.flatnonzero(~gone)
        kind, code = kind[place], code[place]
    keep = np.ones(len(code), bool)
    spot = np.flatnonzero(kind)
    if len(spot):
        special = kind[spot]
        digits = special <= 3
        _join_numbers(spot[digits], special[digits], code, keep, values, kind)
        _drop_fillers(spot[~digits], special[~digits], code, keep, kind)
    kept = np.flatnonzero(keep)
    code = code[kept]
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
    group = np.minimum(kind, 2)
    opens = np.ones(len(spot), bool)
    opens[1:] = (np.diff(spot) != 1) | (group[1:] != group[:-1])
    first = np.flatnonzero(opens)
    length = np.diff(np.append(first, len(spot)))
    number = values[code[spot]].astype(np.uint64)
    power = np.repeat(first + length, length) - np.arange(1, len(spot) + 1)
    share = number * _TENS[np.minimum(power, 9)]
    if (kind == 3).any():
        _weigh_units(share, number, kind, opens, first, length)
    total = np.minimum(np.add.reduceat(share, first), _LIMIT).astype(np.uint32)
    head = spot[first]
    dash = np.asarray((length == 1) & (code[head] == ord("一")))
    if bool(dash.any()):
        left, right = kinds[np.maximum(head - 1, 0)], kinds[np.minimum(head + 1, len(kinds) - 1)]
        dash &= (left == 1) & (right == 1) & (head > 0)
    code[head] = np.where(dash, HYPHEN, NUMBER + total)
    keep[spot[~opens]] = False


def _weigh_units(share: Array, number: Array, kind: Array, opens: Array, first: Array, length: Array) -> None:
    """The shares of numbers with 十, 百, 千: 二十四 is 2 x 10 + 4. (A lone 一 between Arabic digits is a hyphen.)"""
    inside = np.flatnonzero(np.repeat(np.maximum.reduceat(kind, first) == 3, length))
    number, kind, opens = number[inside], kind[inside], opens[inside]
    follows = np.zeros(len(kind), np.uint64)
    follows[:-1] = np.where((kind[1:] == 3) & ~opens[1:], number[1:], 0)
    led = np.zeros(len(kind), bool)
    led[1:] = (kind[:-1] == 2) & ~opens[1:]
    share[inside] = np.where(kind == 2, number * np.maximum(follows, 1), np.where(led, 0, number))


def _drop_fillers(spot: Array, special: Array, code: Array, keep: Array, kinds: Array) -> None:
    """What says nothing that a match needs goes, in place.

    大字, 小字 and 字 (but 文字 stays: 十文字, 大文字町); ノ and blanks unless between numbers; 目 after 丁 (or 町)
    and a number; り after 通; the second of two hyphens.
    """
    before, after = np.maximum(spot - 1, 0), np.minimum(spot + 1, len(code) - 1)
    left = np.where(spot > 0, code[before], 0)
    aza = spot[(special == _AZA) & (left != ord("文"))]
    keep[aza] = False
    lead = aza[(aza > 0)] - 1
    keep[lead[np.isin(code[lead], (ord("大"), ord("小")))]] = False
    numbered = (kinds[before] >= 1) & (kinds[before] <= 3) & (kinds[after] >= 1) & (kinds[after] <= 3)
    keep[spot[(special == _FILLER) & (~numbered | (code[spot] == ord(BREAK)))]] = False
    ahead = kinds[np.maximum(spot - 2, 0)]
    eye = (special == _EYE) & ((left == ord("丁")) | (left == ord("町"))) & (ahead >= 1) & (ahead <= 3)
    keep[spot[eye]] = False
    code[spot[eye] - 1] = ord("丁")
    keep[spot[(special == _STREET) & (left == ord("通"))]] = False
    keep[spot[(special == _HYPHEN_CLASS) & (left == HYPHEN)]] = False


def fold_text(text: str) -> tuple[int, ...]:
    """One text's tokens, without the end mark."""
    folded = fold(pl.Series([text]))
    return tuple(int(t) for t in folded.token[:-1])
