"""Rows that one reading left open, read again: repeated names, an unknown 郡, Kyoto's street names, lettered lots."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipelines.geocode.bare import read_bare_cities
from pipelines.geocode.bodies import LIVING, PARENT, PREFECTURE
from pipelines.geocode.keys import ASKS, PLAIN, roll, roll_one, roll_rows, seed_of
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
from pipelines.geocode.tokens import HYPHEN, NUMBER, Tokens
from pipelines.geocode.unsure import mark_unsure, tell_unread

Array = np.ndarray[Any, np.dtype[Any]]
_STREET = tuple(ord(c) for c in "通ル入筋丁")
_SERIES = tuple(ord(c) for c in "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"
                "イロハニホヘトチリヌルワヨタレソツネナラム")
_IN_SERIES = np.isin(np.arange(0x10000), _SERIES)
_BODY_ENDS = frozenset(ord(c) for c in "市区町村県都府道郡")
_COUNTY_ENDS = frozenset(ord(c) for c in "郡県都府道")
_TWICE = tuple(ord(c) for c in "市県都府")
_IN_BODY = np.isin(np.arange(0x10000), list(_BODY_ENDS))
_KYOTO = 26
_MIXED_BLOCKS = (1, 47)  # prefectures where one block of municipality codes holds several 郡
_IN_REGION = np.isin(np.arange(0x10000), [ord(c) for c in "島庁局郡"])
_REGION_LENGTH = 10
IN_STREET = np.isin(np.arange(0x10000), _STREET)


def find_places(tokens: Tokens, gazetteer: Gazetteer, body: int = -1) -> Places:
    """The place each row names; `body` is the row of the municipality that the addresses belong to, -1 for none."""
    begin = after_postcode(tokens)
    places = read_places(tokens, begin, gazetteer, body)
    _retry_regions(tokens, places, begin, gazetteer, body)
    _retry_twice(tokens, places, begin, gazetteer)
    _retry_doubled(tokens, places, begin, gazetteer)
    _retry_former(tokens, places, begin, gazetteer)
    _retry_repeated(tokens, places, gazetteer, body)
    _retry_county(tokens, places, gazetteer)
    _retry_streets(tokens, places, gazetteer)
    _retry_series(tokens, places, gazetteer)
    read_bare_cities(tokens, places, begin, gazetteer)
    mark_unsure(tokens, places, gazetteer)
    tell_unread(tokens, places)
    return places


def _retry_regions(tokens: Tokens, places: Places, begin: Array, gazetteer: Gazetteer, body: int) -> None:
    """東京都三宅島三宅村, 沖縄県久米島久米島町, 東京都八丈支庁八丈町: an island or a branch office of the prefecture stands
    before the municipality, also where its name begins with the town of another one (東京都大島大島町 is no 江東区大島).

    Also 山武郡山武市: a 郡 that its towns left for the city behind it, but not 阿武郡美祢市, where the two contradict.
    """
    index = gazetteer.city
    ends = np.flatnonzero(_IN_REGION.take(tokens.token, mode="clip"))
    if not len(ends) or not len(index.table.hashes):
        return
    row = np.searchsorted(tokens.end, ends)
    key, start = index.table.longest(tokens.token, begin[row], np.full(len(row), seed_of("city")))
    first = index.kind.take(index.offsets.take(index.table.values.take(key, mode="clip")))
    unnamed = ((key < 0) | (first == PREFECTURE)) & (ends > start) & (ends - start < _REGION_LENGTH)
    unnamed &= (places.town[row] < 0) | (places.city[row] != body)
    row, ends, start, stated = row[unnamed], ends[unnamed], start[unnamed], (key >= 0)[unnamed]
    named = _names_city(tokens, ends + 1, gazetteer)
    row, ends, stated = row[named], ends[named], stated[named]
    if not len(row):
        return
    again = read_places(tokens, ends + 1, gazetteer, -1)
    good = (again.city >= 0) & ~again.former & (~stated | (again.pref == places.pref[row]))
    whole = gazetteer.city_rows["city"].gather(np.maximum(again.city, 0)).str.ends_with("市").to_numpy()
    county = tokens.token[ends] == ord("郡")
    good &= (whole & _left_by_its_city(tokens, start[named], ends, again.pref, gazetteer)) | ~county
    chosen = np.flatnonzero(good)
    chosen = chosen[np.unique(row[chosen], return_index=True)[1]]
    places.take(row[chosen], again, chosen)


def _left_by_its_city(tokens: Tokens, start: Array, ends: Array, pref: Array, gazetteer: Gazetteer) -> Array:
    """True where the 郡 from `start` to `ends` has no members any more, or the city behind it bears its name."""
    seeds = np.array([seed_of(f"{number:02d}") for number in pref.tolist()], np.uint64)
    stated, _ = roll_rows(tokens.token, start, ends + 1, seeds)
    same, last = ends > start, len(tokens.token) - 1
    for step in range(_REGION_LENGTH):
        inside = start + step < ends
        same &= ~inside | (tokens.token.take(np.minimum(start + step, last))
                           == tokens.token.take(np.minimum(ends + 1 + step, last)))
    return np.asarray(same | ~np.isin(stated, gazetteer.county_keys))


def _names_city(tokens: Tokens, at: Array, gazetteer: Gazetteer) -> Array:
    """True where a municipality of today stands at token `at`, with its 市, 町 ..."""
    index = gazetteer.city
    key, _ = index.table.longest(tokens.token, at, np.full(len(at), seed_of("city")))
    first = index.offsets.take(index.table.values.take(key, mode="clip"))
    last = index.offsets.take(index.table.values.take(key, mode="clip") + 1)
    found = np.zeros(len(at), bool)
    for step in range(int((last - first).max(initial=0))):
        kind = index.kind.take(np.minimum(first + step, last - 1))
        found |= (kind == LIVING) | (kind == PARENT)
    return np.asarray(found & (key >= 0))


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


def _retry_twice(tokens: Tokens, places: Places, begin: Array, gazetteer: Gazetteer) -> None:
    """村田町村田町大字関場: the municipality stands once more right behind, and is no town of its own (大字村田) where
    words follow that the reading leaves over."""
    here = tokens.token[places.after]
    rows = np.flatnonzero((places.city >= 0) & ((places.town < 0) | ((here != 0) & (here < NUMBER) & (here != HYPHEN))))
    if not len(rows) or not len(gazetteer.city.table.hashes):
        return
    key, start = gazetteer.city.table.longest(tokens.token, begin[rows], np.full(len(rows), seed_of("city")))
    same = np.zeros(len(rows), bool)
    last = len(tokens.token) - 1
    for size in range(2, _REGION_LENGTH):
        equal = (key >= 0) & (start - size >= begin[rows])
        for step in range(size):
            equal &= (tokens.token.take(np.maximum(start - size + step, 0))
                      == tokens.token.take(np.minimum(start + step, last)))
        same |= equal
    rows, start = rows[same], start[same]
    if not len(rows):
        return
    again = read_places(tokens, start, gazetteer, -1)
    good = np.flatnonzero((again.city == places.city[rows]) & (again.town >= 0))
    places.take(rows[good], again, good)


def _retry_doubled(tokens: Tokens, places: Places, begin: Array, gazetteer: Gazetteer) -> None:
    """宮古市宮古市鍬ヶ崎, 三重県三重県津市: what was read as a town is the same prefecture or city once more."""
    suspect = is_one_of(tokens.token[places.after], _IN_BODY) & (places.reason != PREF_ONLY)
    for end in _TWICE:
        suspect |= np.bincount(np.searchsorted(tokens.end, np.flatnonzero(tokens.token == end)),
                               minlength=len(begin))[:len(begin)] > 1
    here = tokens.token[places.after]
    suspect &= (places.town < 0) | ((here != 0) & (here < NUMBER) & (here != HYPHEN))  # 養父市養父市場41-55 is read well
    for row in np.flatnonzero(suspect).tolist():
        text = tokens.token[begin[row]:tokens.end[row]].tolist()
        spot = _doubled(text)
        if spot is None:
            continue
        first, second = spot
        again = read_places(tokens, begin[row:row + 1] + second, gazetteer, -1)
        if again.city[0] >= 0 and (first == 0 or again.city[0] == places.city[row]):
            places.take(np.array([row]), again, np.array([0]))


def _doubled(text: list[int]) -> tuple[int, int] | None:
    """Where a run of signs that ends in 市, 県 ... begins, and where it begins once more right behind."""
    for first in range(min(len(text), 12)):
        for second in range(first + 2, min(first + 16, (len(text) + first) // 2 + 1)):
            if text[second - 1] in _BODY_ENDS and text[first:second] == text[second:2 * second - first]:
                return first, second
    return None


def _retry_former(tokens: Tokens, places: Places, begin: Array, gazetteer: Gazetteer) -> None:
    """玖珂郡玖珂町4961: the former municipality is a town of its heir today, and nothing but a number follows."""
    after = tokens.token[places.after]
    rows = np.flatnonzero(places.former & (places.town < 0) & (places.city >= 0) & ((after == 0) | (after >= NUMBER)))
    for row in rows.tolist():
        text = tokens.token[begin[row]:places.after[row]].tolist()
        state, found = gazetteer.city_seed[places.city[row]], -1
        starts = [i for i in range(len(text)) if i == 0 or text[i - 1] in _COUNTY_ENDS]
        for start in starts:
            for stop in (len(text), len(text) - 1):
                key = int(gazetteer.names.find(np.array([roll_one(state, tuple(text[start:stop]))]))[0])
                if found < 0 and stop - start >= 2 and key >= 0 and gazetteer.names.flags[key] & ASKS == PLAIN:
                    found = key
        if found >= 0:
            places.town[row], places.key[row] = gazetteer.names.values[found], found
            places.reason[row] = OK


def _retry_county(tokens: Tokens, places: Places, gazetteer: Gazetteer) -> None:
    """A former 町 or 村 behind a 郡 that no history table names: inside the stated prefecture only.

    The 郡 of such a former one is gone itself (else its block of codes would tell it, but for 北海道 and 沖縄県), so that
    behind a 郡 of today the name is another one's.
    """
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
    pref = places.pref[rows]
    seeds = np.array([seed_of(f"{number:02d}") for number in pref.tolist()], np.uint64)
    stated, _ = roll_rows(tokens.token, places.after[rows], begin, seeds)
    kept = ~np.isin(stated, gazetteer.county_keys) | np.isin(pref, _MIXED_BLOCKS)
    rows, begin = rows[kept], begin[kept]
    again = read_places(tokens, begin, gazetteer, -1, loose_in=pref[kept])
    good = again.city >= 0
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
    hit = (key >= 0) & (held | (gazetteer.names.flags[np.maximum(key, 0)] & ASKS == PLAIN))
    rows, key, spot = rows[hit], key[hit], spot[hit]
    places.town[rows], places.key[rows] = gazetteer.names.values[key], key
    places.after[rows] = spot
    places.reason[rows] = OK


def _worded(tokens: Tokens, places: Places, first: Array) -> Array:
    rows = np.flatnonzero((places.city >= 0) & (first >= NUMBER))
    return rows[tokens.in_words(places.after[rows])]


def _retry_streets(tokens: Tokens, places: Places, gazetteer: Gazetteer) -> None:
    """京都の通り名: after 上る, 下る, 東入 and 通 the town itself begins; only inside the ward that was read."""
    here = tokens.token[places.after]
    rows = np.flatnonzero((places.pref == _KYOTO) & (places.city >= 0)
                          & ((places.town < 0) | ((here < NUMBER) & (here != HYPHEN))))
    rows = rows[gazetteer.in_kyoto.take(places.city[rows])] if len(rows) else rows
    if not len(rows):
        return
    length = tokens.end[rows] - places.after[rows]
    row = np.repeat(rows, length)
    begin = np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length) + np.repeat(places.after[rows], length)
    before, here = tokens.token[np.maximum(begin - 1, 0)], tokens.token[begin]
    street = is_one_of(before, IN_STREET) & ~((before == ord("丁")) & (here >= NUMBER))  # 三丁目12 is no 字十二
    row, begin = row[street], begin[street]
    if not len(row):
        return
    state = gazetteer.city_seed[places.city[row]]
    key, after = gazetteer.names.longest(tokens.token, begin, state)
    town = values_of(gazetteer.names, key)
    hit = town >= 0
    if not hit.any():
        return
    row, used, after, town, key = row[hit], (after - begin)[hit], after[hit], town[hit], key[hit]
    order = np.lexsort((-used, row))
    row, after, town, key = row[order], after[order], town[order], key[order]
    first = np.ones(len(row), bool)
    first[1:] = row[1:] != row[:-1]
    row = row[first]
    places.town[row], places.key[row] = town[first], key[first]
    places.after[row] = after[first]
    places.reason[row] = OK
