"""Folded rows laid end to end, to where their numbers, 市区町村 and 字 stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
NUMBER = np.uint32(0x200000)
"""Tokens from here on are numbers: NUMBER + value (values above 2**29 are cut)."""
BREAK = "\x1f"
"""Between the parts of a gazetteer name: numbers do not join over it (助七 + 一丁目)."""
HYPHEN, SPACE, NO = ord("-"), ord(" "), ord("ノ")
_AFTER_NUMBER = tuple(ord(c) for c in "番地号丁条線区階棟室外他先内付近ノホ及カイロハニ甲乙丙、。（）")
_IN_WORD = np.arange(0x10000) >= 0x3041
_IN_WORD[[*_AFTER_NUMBER, 0xFFFF]] = False


def _nowhere() -> Array:
    return np.zeros(0, np.int64)


@dataclass(frozen=True)
class Tokens:
    """Folded rows, laid end to end: row i is token[start[i]:end[i]], and token[end[i]] is 0.

    char[k] is the place of token k's first character, counted over all rows' characters plus one
    end mark a row; row i's own characters begin at row_char[i]. `stops` (numbers and row ends) and `cities`
    (市, 区, 町, 村) are places of tokens; those of row i begin at stop_from[i] and city_from[i].
    """

    token: Array
    start: Array
    end: Array
    char: Array
    row_char: Array
    raw: Array | None = None
    stops: Array = field(default_factory=_nowhere)
    stop_from: Array = field(default_factory=_nowhere)
    cities: Array = field(default_factory=_nowhere)
    city_from: Array = field(default_factory=_nowhere)

    @cached_property
    def _azas(self) -> Array:
        """The characters 字 without 大 before them."""
        assert self.raw is not None
        aza = np.flatnonzero(self.raw == ord("字"))
        return np.asarray(aza[self.raw.take(np.maximum(aza - 1, 0)) != ord("大")])

    def number_from(self, rows: Array, begin: Array) -> Array:
        """The first number of each of these rows from token `begin` on, or the row's end."""
        return _first_from(self.stops, self.stop_from.take(rows), begin)

    def city_end(self, rows: Array, after: Array) -> Array:
        """The token behind the first 市, 区, 町 or 村 of each of these rows from token `after` on (maybe of a later
        row; the number of all tokens where there is none)."""
        there = _first_from(self.cities, self.city_from.take(rows), after)
        return np.asarray(np.minimum(there + 1, len(self.token)))

    def aza_between(self, begin: Array, end: Array) -> Array:
        """True where a 字 (not 大字) stands in the text from token `begin` to the last before `end`."""
        if self.raw is None or not len(self._azas):
            return np.zeros(len(begin), bool)
        a, b = self.char.take(begin - 1), self.char.take(end - 1)
        return np.asarray(np.searchsorted(self._azas, a + 1) < np.searchsorted(self._azas, b))

    def aza_before(self, at: Array) -> Array:
        """True where a 字 stands before the first character of token `at`, maybe with a blank between."""
        assert self.raw is not None
        char = self.char.take(at)
        before = self.raw.take(np.maximum(char - 1, 0))
        blank = (before == SPACE) | (before == ord("\u3000"))
        return np.asarray((before == ord("字")) | (blank & (self.raw.take(np.maximum(char - 2, 0)) == ord("字"))))

    def oaza_before(self, at: Array) -> Array:
        """True where 大字 stands right before the first character of token `at`."""
        assert self.raw is not None
        char = self.char.take(at)
        return np.asarray((self.raw.take(np.maximum(char - 1, 0)) == ord("字"))
                          & (self.raw.take(np.maximum(char - 2, 0)) == ord("大")))

    def written(self, begin: int, stop: int) -> str:
        """The text as it was written from character `begin` to before `stop`."""
        assert self.raw is not None
        return self.raw[begin:stop].astype("<u4").tobytes().decode("utf-32-le", "replace")

    def in_words(self, at: Array) -> Array:
        """True where token `at` is a kanji numeral that begins or is part of a word (一の山, 七本松), no number."""
        found = np.zeros(len(at), bool)
        if self.raw is None:
            return found
        written = self.raw.take(self.char.take(at))
        kanji = ((written > 0x3000) & (written < 0xFF00)).nonzero()[0]
        spot = at.take(kanji)
        number = self.token.take(spot) >= NUMBER
        after = self.token.take(np.minimum(spot + 1, len(self.token) - 1))
        found[kanji] = number & _IN_WORD.take(np.minimum(after, 0xFFFF))
        return found


def _first_from(places: Array, at: Array, begin: Array) -> Array:
    """For each row the first of `places` (sorted) from `begin` on; at[i] is where row i's own begin. Changes `at`."""
    there = places.take(at)
    left = (there < begin).nonzero()[0]
    while len(left):
        at[left] += 1
        there[left] = places.take(at.take(left))
        left = left.take((there.take(left) < begin.take(left)).nonzero()[0])
    return there
