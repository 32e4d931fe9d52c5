"""Rows that one reading left open, read again: repeated names, an unknown 郡, Kyoto's street names, lettered lots."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipelines.geocode.fold import NUMBER, Tokens
from pipelines.geocode.keys import roll
from pipelines.geocode.match import (
    OK,
    PREF_ONLY,
    TOWN_AMBIGUOUS,
    Places,
    after_postcode,
    is_one_of,
    read_places,
    values_of,
)
from pipelines.geocode.store import Gazetteer

Array = np.ndarray[Any, np.dtype[Any]]
_STREET = tuple(ord(c) for c in "通ル入筋丁")
_SERIES = tuple(ord(c) for c in "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"
                "イロハニホヘトチリヌルワヨタレソツネナラム")
_IN_SERIES = np.isin(np.arange(0x10000), _SERIES)
_IN_STREET = np.isin(np.arange(0x10000), _STREET)


def find_places(tokens: Tokens, gazetteer: Gazetteer, body: int = -1) -> Places:
    """The place each row names; `body` is the row of the municipality that the addresses belong to, -1 for none."""
    begin = after_postcode(tokens)
    places = read_places(tokens, begin, gazetteer, body)
    _retry_repeated(tokens, places, gazetteer, body)
    _retry_county(tokens, places, gazetteer)
    _retry_streets(tokens, places, gazetteer)
    _retry_series(tokens, places, gazetteer)
    return places


def _retry_repeated(tokens: Tokens, places: Places, gazetteer: Gazetteer, body: int) -> None:
    """山口市山口市滝町, 山口県山口県山口市: what was read once may stand once more."""
    for _ in range(2):
        stuck = np.flatnonzero((places.town < 0) & (places.pref > 0) & (tokens.token[places.after] != 0))
        if not len(stuck):
            return
        again = read_places(tokens, places.after[stuck], gazetteer, -1)
        city, pref = places.city[stuck], places.pref[stuck]
        same = np.where(city >= 0, again.city == city, again.pref == pref)
        same &= (again.after > places.after[stuck]) & (again.pref > 0) & (again.reason != TOWN_AMBIGUOUS)
        same &= ~((again.town >= 0) & (city < 0) & (again.city < 0))
        if not same.any():
            return
        places.take(stuck[same], again, np.flatnonzero(same))


def _retry_county(tokens: Tokens, places: Places, gazetteer: Gazetteer) -> None:
    """A former 町 or 村 behind a 郡 that no history table names: inside the stated prefecture only."""
    rows = np.flatnonzero((places.city < 0) & (places.reason == PREF_ONLY))
    if not len(rows):
        return
    place = places.after[rows].copy()
    begin = np.full(len(rows), -1, np.int64)
    for _ in range(5):
        here = tokens.token[place]
        begin = np.where((begin < 0) & (here == ord("郡")), place + 1, begin)
        place = np.minimum(place + 1, tokens.end[rows])
    found = begin >= 0
    rows, begin = rows[found], begin[found]
    if not len(rows):
        return
    again = read_places(tokens, begin, gazetteer, -1, loose=True)
    good = (again.city >= 0) & (again.pref == places.pref[rows])
    places.take(rows[good], again, np.flatnonzero(good))


def _retry_series(tokens: Tokens, places: Places, gazetteer: Gazetteer) -> None:
    """八街字七本松ろ97: the letter before the number belongs to the town (八街ろ), the 小字 between is left out."""
    first = tokens.token[places.after]
    rows = np.flatnonzero((places.city >= 0) & (first != 0) & (first != ord("-")) & (first < NUMBER))
    rows = np.concatenate([rows, _worded(tokens, places, first)])
    if not len(rows):
        return
    place = places.after[rows].copy()
    spot = np.full(len(rows), -1, np.int64)
    for _ in range(14):
        number = (tokens.token[place] >= NUMBER) & ~tokens.in_words(place)
        spot = np.where((spot < 0) & number, place, spot)
        place = np.minimum(place + 1, tokens.end[rows])
    letter = tokens.token[np.maximum(spot - 1, 0)]
    good = (spot > places.after[rows]) & is_one_of(letter, _IN_SERIES)
    rows, spot, letter = rows[good], spot[good], letter[good]
    if not len(rows) or not len(gazetteer.names.hashes):
        return
    held = places.town[rows] >= 0
    state = np.where(held, gazetteer.names.hashes[np.maximum(places.key[rows], 0)],
                     gazetteer.city_seed[places.city[rows]])
    key = gazetteer.names.find(roll(state, letter))
    hit = (key >= 0) & (held | (gazetteer.names.flags[np.maximum(key, 0)] == 0))
    rows, key, spot = rows[hit], key[hit], spot[hit]
    places.town[rows], places.key[rows] = gazetteer.names.values[key], key
    places.after[rows] = spot
    places.reason[rows] = OK


def _worded(tokens: Tokens, places: Places, first: Array) -> Array:
    rows = np.flatnonzero((places.city >= 0) & (first >= NUMBER))
    return rows[tokens.in_words(places.after[rows])]


def _retry_streets(tokens: Tokens, places: Places, gazetteer: Gazetteer) -> None:
    """京都の通り名: after 上る, 下る, 東入 and 通 the town itself begins; only inside the ward that was read."""
    rows = np.flatnonzero((places.pref == 26) & (places.city >= 0))
    if not len(rows):
        return
    length = tokens.end[rows] - places.after[rows]
    row = np.repeat(rows, length)
    begin = np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length) + np.repeat(places.after[rows], length)
    street = is_one_of(tokens.token[np.maximum(begin - 1, 0)], _IN_STREET)
    row, begin = row[street], begin[street]
    if not len(row):
        return
    state = gazetteer.city_seed[places.city[row]]
    key, used, _ = gazetteer.names.longest(tokens.token, begin, state)
    town = values_of(gazetteer.names, key)
    hit = town >= 0
    if not hit.any():
        return
    row, begin, used, town, key = row[hit], begin[hit], used[hit], town[hit], key[hit]
    order = np.lexsort((-used, row))
    row, begin, used, town, key = row[order], begin[order], used[order], town[order], key[order]
    first = np.ones(len(row), bool)
    first[1:] = row[1:] != row[:-1]
    row = row[first]
    places.town[row], places.key[row] = town[first], key[first]
    places.after[row] = begin[first] + used[first]
    places.reason[row] = OK
