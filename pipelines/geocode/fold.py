"""Address text to folded tokens: one symbol a character or a whole number, so that all spellings of a place meet.

Width, 旧字体/異体字, kana, hyphens and the words 大字・字 fold away; a number in any notation
(二十四, ２４, 24) becomes one symbol, so a 丁目 never matches the first digit of a longer number.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import polars as pl

from pipelines.geocode.signs import DROP, fold_table
from pipelines.geocode.tokens import BREAK, HYPHEN, NUMBER, Array, Tokens

_LIMIT = 1 << 29
_SAFE_DIGITS = 8  # so many digits stay below the limit
_CLASS: dict[str, tuple[int, int]] = {  # character -> (1 digit, 2 kanji digit, 3 kanji unit; value)
    **{str(i): (1, i) for i in range(10)},
    **{c: (2, i) for i, c in enumerate("〇一二三四五六七八九")},
    "零": (2, 0), "十": (3, 10), "百": (3, 100), "千": (3, 1000),
}


_AZA, _FILLER, _EYE, _STREET, _HYPHEN_CLASS, _GONE = range(0x84, 0x8A)
_KIND = 24  # a folded character carries its class from this bit on: 0 plain, 1-3 digits and units, then the above
_CODE = np.uint32((1 << _KIND) - 1)
_MARK = np.uint32(1 << 30)  # on numbers, row ends and 市区町村
_TOKEN = _MARK - np.uint32(1)
_BLOCK = 32_768  # characters looked up at once, so that the indices stay in the cache


def _bits(kind: int) -> np.uint32:
    return np.uint32(kind << _KIND)


@lru_cache(maxsize=1)
def _classed() -> Array:
    """For every raw code point its folded code point (of a digit: its value) with its class above it."""
    table = fold_table()
    known = table != DROP
    by_code = np.arange(0x110000, dtype=np.uint32)
    for char, (number_kind, number) in _CLASS.items():
        by_code[ord(char)] = _bits(number_kind) | np.uint32(number)
    for chars, special in (("字", _AZA), ("ノ " + BREAK, _FILLER), ("目", _EYE), ("リ", _STREET), ("-", _HYPHEN_CLASS)):
        for char in chars:
            by_code[ord(char)] |= _bits(special)
    for char in "\0市区町村":
        by_code[ord(char)] |= _MARK
    packed = np.full(0x110000, _bits(_GONE), np.uint32)
    packed[known] = by_code[table[known]]
    return packed


@lru_cache(maxsize=1)
def _first_plane() -> Array:
    """`_classed` for the first plane alone: small enough to stay in the cache."""
    return _classed()[:0x10000].copy()


def characters(text: pl.Series) -> tuple[pl.Series, Array, Array]:
    """(the rows as text without null and NUL, all their characters as code points, 16 bits where that is enough, each
    row closed by 0, where each row begins)."""
    text = text.cast(pl.String).fill_null("")
    if text.len() == 0:
        return text, np.zeros(0, np.uint32), np.zeros(1, np.int64)
    chars = code_points(text.str.join("\x00").item() + "\x00")
    closed = (chars == 0).nonzero()[0]
    if len(closed) != text.len():
        return characters(text.str.replace_all("\x00", " ", literal=True))
    first = np.zeros(text.len() + 1, np.int64)
    np.add(closed, 1, out=first[1:])
    return text, chars, first


def code_points(closed: str) -> Array:
    """The characters of a text as 16-bit numbers, or as 32-bit ones where one of them needs that."""
    small = closed.encode("utf-16-le")
    if len(small) == 2 * len(closed):
        return np.frombuffer(small, dtype="<u2").astype(np.uint16, copy=False)
    return np.frombuffer(closed.encode("utf-32-le"), dtype="<u4").astype(np.uint32, copy=False)


def spread(begin: Array, stop: Array) -> tuple[Array, Array]:
    """The places begin ... stop - 1 of all spans, end to end, and where each span ends there."""
    size = stop - begin
    last = np.cumsum(size)
    return np.arange(last[-1]) + np.repeat(begin - (last - size), size), last


def fold(text: pl.Series) -> Tokens:
    """Rows of text to tokens. Never fails; null is an empty row."""
    _, chars, first = characters(text)
    return tokens_of(chars, first[:-1])


def tokens_of(chars: Array, row_char: Array) -> Tokens:
    """Characters as `characters` gives them to tokens; row i begins at character row_char[i]."""
    table = _first_plane() if chars.dtype == np.uint16 else _classed()
    code = np.empty(len(chars), np.uint32)
    for at in range(0, len(chars), _BLOCK):
        table.take(chars[at:at + _BLOCK], out=code[at:at + _BLOCK], mode="clip")
    place = None
    others = (code >= _bits(_AZA)).nonzero()[0]
    special = code.take(others)
    if len(others) and special.max() >= _bits(_GONE):
        place = (code != _bits(_GONE)).nonzero()[0]
        code = code.take(place)
        others = (code >= _bits(_AZA)).nonzero()[0]
        special = code.take(others)
    keep = np.ones(len(code), bool)
    digits = (code - _bits(1) < _bits(3)).nonzero()[0]
    if len(others):
        _drop_fillers(others, special, code, keep)
    if len(digits):
        _join_numbers(digits, code.take(digits), code, keep)
    kept = keep.nonzero()[0]
    token = code.take(kept)
    marks = (token >= _MARK).nonzero()[0]
    marked = token.take(marks)
    token &= _TOKEN
    city = marked - (_MARK + np.uint32(1)) < NUMBER
    stop = (~city).nonzero()[0]
    stops, cities = marks.take(stop), marks.take(city.nonzero()[0])
    last = (marked.take(stop) == _MARK).nonzero()[0]
    end = stops.take(last)
    return Tokens(token, _shifted(end), end, kept if place is None else place.take(kept), row_char, chars, stops,
                  _shifted(last), np.append(cities, len(token)), _shifted(stop.take(last) - last - 1))


def _shifted(last: Array) -> Array:
    """Where each row begins in a list in which its last place is `last`."""
    first = np.empty_like(last)
    first[:1] = 0
    np.add(last[:-1], 1, out=first[1:])
    return first


def _join_numbers(spot: Array, digit: Array, code: Array, keep: Array) -> None:
    """Each run of digits, or of kanji numerals, becomes the token NUMBER + value, in place."""
    kanji = digit >= _bits(2)
    opens = np.ones(len(spot), bool)
    np.not_equal(spot[1:] - spot[:-1], 1, out=opens[1:])
    opens[1:] |= kanji[1:] != kanji[:-1]
    first = opens.nonzero()[0]
    length = np.empty_like(first)
    np.subtract(first[1:], first[:-1], out=length[:-1])
    length[-1] = len(spot) - first[-1]
    number = digit & _CODE
    total = _decimals(number, first, length)
    unit = digit >= _bits(3)
    if unit.any():
        _weigh_units(total, number, unit, kanji, opens, first, length)
    head = spot.take(first)
    ones = (total == 1).nonzero()[0]
    lone = head.take(ones[(digit.take(first.take(ones)) == _bits(2) | 1) & (length.take(ones) == 1)])
    last = len(code) - 1
    dash = lone[_is_figure(code.take(np.maximum(lone - 1, 0))) & _is_figure(code.take(np.minimum(lone + 1, last)))
                & (lone > 0)] if len(lone) else lone
    total += NUMBER | _MARK
    code[head] = total
    if len(dash):
        code[dash] = HYPHEN
    keep[spot] = opens


def _decimals(number: Array, first: Array, length: Array) -> Array:
    """The value of each run of figures; the first three of all runs are read at once."""
    size = len(number)
    read = np.empty(3 * size, np.uint32)
    read[:size] = number
    for depth in (1, 2):
        so_far, here = read[(depth - 1) * size:depth * size], read[depth * size:(depth + 1) * size]
        np.multiply(so_far, np.uint32(10), out=here)
        here[:size - depth] += number[depth:]
    total: Array = read.take(first + (np.minimum(length, 3) - 1) * size)
    longer, depth = (length > 3).nonzero()[0], 3
    while len(longer):
        so_far = total.take(longer)
        if depth >= _SAFE_DIGITS:
            np.minimum(so_far, _LIMIT // 10 * 8, out=so_far)
        so_far *= np.uint32(10)
        so_far += number.take(first.take(longer) + depth)
        total[longer] = np.minimum(so_far, np.uint32(_LIMIT)) if depth >= _SAFE_DIGITS else so_far
        depth += 1
        longer = longer.take((length.take(longer) > depth).nonzero()[0])
    return total


def _is_figure(code: Array) -> Array:
    """True for the figures 0-9, not yet joined."""
    return np.asarray((code >> _KIND) == 1)


def _weigh_units(total: Array, number: Array, unit: Array, kanji: Array, opens: Array, first: Array,
                 length: Array) -> None:
    """The values of numbers with 十, 百, 千, in place: 二十四 is 2 x 10 + 4. (A lone 一 between digits is a hyphen.)"""
    runs = np.searchsorted(first, unit.nonzero()[0], "right") - 1
    runs = runs[np.diff(runs, prepend=-1) > 0]
    sizes = length[runs]
    begin = np.cumsum(sizes) - sizes
    inside = np.arange(int(sizes.sum())) + np.repeat(first[runs] - begin, sizes)
    number, unit, kanji, opens = number[inside].astype(np.int64), unit[inside], kanji[inside], opens[inside]
    digit = kanji & ~unit
    follows = np.zeros(len(number), np.int64)
    follows[:-1] = np.where(unit[1:] & ~opens[1:], number[1:], 0)
    led = np.zeros(len(number), bool)
    led[1:] = digit[:-1] & ~opens[1:]
    share = np.where(digit, number * np.maximum(follows, 1), np.where(led, 0, number))
    total[runs] = np.minimum(np.add.reduceat(share, begin), _LIMIT)


def _drop_fillers(spot: Array, special: Array, code: Array, keep: Array) -> None:
    """What says nothing that a match needs goes, in place.

    大字, 小字 and 字 (but 文字 stays: 十文字, 大文字町); ノ and blanks unless between numbers; 目 after 丁 (or 町)
    and a number; り after 通; the second of two hyphens.
    """
    plain = special & _CODE
    code[spot] = plain
    kind = special >> _KIND
    left = code.take(np.maximum(spot - 1, 0))
    left[spot == 0] = 0

    def of(wanted: int) -> Array:
        return np.flatnonzero(kind == wanted)

    def number_at(place: Array) -> Array:
        beside = code.take(place, mode="clip")
        return np.asarray(beside - _bits(1) < _bits(3))

    aza, fillers, eyes = of(_AZA), of(_FILLER), of(_EYE)
    if len(aza):
        aza = aza[left[aza] != ord("文")]
        lead = spot[aza[spot[aza] > 0]] - 1
        large = code.take(lead)
        keep[lead[(large == ord("大")) | (large == ord("小"))]] = False
        keep[spot[aza]] = False
    if len(fillers):
        numbered = number_at(spot[fillers] - 1) & number_at(spot[fillers] + 1) & (plain[fillers] != ord(BREAK))
        keep[spot[fillers[~numbered]]] = False
    if len(eyes):
        eyes = eyes[((left[eyes] == ord("丁")) | (left[eyes] == _MARK | ord("町"))) & number_at(spot[eyes] - 2)]
        code[spot[eyes] - 1] = ord("丁")
        keep[spot[eyes]] = False
    for kind_of, before in ((_STREET, ord("通")), (_HYPHEN_CLASS, HYPHEN)):
        gone = of(kind_of)
        keep[spot[gone[left[gone] == before]]] = False


def fold_text(text: str) -> tuple[int, ...]:
    """One text's tokens, without the end mark."""
    folded = fold(pl.Series([text]))
    return tuple(int(t) for t in folded.token[:-1])
