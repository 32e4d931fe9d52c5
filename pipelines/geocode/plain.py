"""Plain addresses to what they name, in few steps; a row that a closer look could read otherwise is left to it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from pipelines.geocode.bodies import FORMER, FORMER_LOOSE, PREFECTURE
from pipelines.geocode.doubts import doubtful
from pipelines.geocode.fold import HYPHEN, NO, NUMBER, Tokens, spread
from pipelines.geocode.keys import AT_NUMBER, SHORT, seed_of
from pipelines.geocode.match import OK, Places, is_one_of
from pipelines.geocode.residue import Residue, follow_numbers
from pipelines.geocode.retry import IN_STREET
from pipelines.geocode.store import Gazetteer

Array = np.ndarray[Any, np.dtype[Any]]
_KYOTO = 26
_CITY_SEED = seed_of("city")


@dataclass(frozen=True)
class Reading:
    """For each row: municipality, town and lot row (-1 none), prefecture number (0 none), the number of the reason,
    whether a former municipality was named, whether the lot lacks the branch number, and the characters at which
    the numbers begin and end."""

    city: Array
    town: Array
    pref: Array
    reason: Array
    former: Array
    lot: Array
    partial: Array
    begin: Array
    stop: Array

    @classmethod
    def blank(cls, rows: int) -> Reading:
        return cls(np.full(rows, -1, np.int64), np.full(rows, -1, np.int64), np.zeros(rows, np.int64),
                   np.full(rows, OK, np.int8), np.zeros(rows, bool), np.full(rows, -1, np.int64),
                   np.zeros(rows, bool), np.zeros(rows, np.int64), np.zeros(rows, np.int64))

    def part(self, begin: int, stop: int) -> Reading:
        """The rows from `begin` to before `stop`."""
        return Reading(*(getattr(self, f.name)[begin:stop] for f in fields(self)))

    def put(self, rows: Array, places: Places, residue: Residue, begin: Array, stop: Array) -> None:
        """Note what was read of some rows."""
        self.city[rows], self.town[rows], self.pref[rows] = places.city, places.town, places.pref
        self.reason[rows], self.former[rows] = places.reason, places.former
        self.lot[rows], self.partial[rows] = residue.lot, residue.partial
        self.begin[rows], self.stop[rows] = begin, stop


def read_plain(tokens: Tokens, gazetteer: Gazetteer, body: int) -> tuple[Array, Places, Residue]:
    """The rows that name one municipality, one of its towns and then at most a number, and what they say.

    For these rows the answer is the one of `find_places` and `read_numbers`; all others are left out.
    """
    rows, spot, after = _cities(tokens, gazetteer, body)
    chosen, key, after = _towns(tokens, gazetteer, spot, after)
    rows, spot = rows.take(chosen), spot.take(chosen)
    clear, place = _numbers_follow(tokens, after)
    kyoto = (gazetteer.city.pref.take(spot.take(clear)) == _KYOTO).nonzero()[0]
    if len(kyoto):
        streets = _names_streets(tokens, after.take(clear.take(kyoto)), tokens.end.take(rows.take(clear.take(kyoto))))
        clear = np.delete(clear, kyoto[streets])
    rows, spot, key, after, place = (a.take(clear) for a in (rows, spot, key, after, place))
    index, town = gazetteer.city, gazetteer.names.values.take(key).astype(np.int64)
    kind = index.kind.take(spot)
    places = Places(index.city.take(spot), town, index.pref.take(spot), after, np.full(len(rows), OK, np.int8),
                    (kind == FORMER) | (kind == FORMER_LOOSE), key)
    parent = None
    if gazetteer.has_lots:
        parent = gazetteer.town.parent.take(town).astype(np.int64)
    return rows, places, follow_numbers(tokens, after, place, None, town, parent, gazetteer.lots)


def _cities(tokens: Tokens, gazetteer: Gazetteer, body: int) -> tuple[Array, Array, Array]:
    """(rows that begin with one municipality, its candidate, the token after it)."""
    index, begin = gazetteer.city, tokens.start
    if not len(index.table.hashes) or not len(gazetteer.names.hashes):
        return begin[:0], begin[:0], begin[:0]
    seeds = np.full(len(begin), _CITY_SEED)
    key, after = index.table.reach(tokens.token, begin, seeds, tokens.until_city(begin))
    spot = index.plain.take(key)
    good = spot >= 0
    if body >= 0:
        stated, _ = index.table.longest(tokens.token, begin, seeds, deepest=4)
        first = index.kind.take(index.offsets.take(index.table.values.take(stated)))
        good &= (stated >= 0) & (first == PREFECTURE)
    rows = good.nonzero()[0]
    return rows, spot.take(rows), after.take(rows)


def _towns(tokens: Tokens, gazetteer: Gazetteer, spot: Array, begin: Array) -> tuple[Array, Array, Array]:
    """(places of the rows with a town that needs no second look, its key, the token after it)."""
    names = gazetteer.names
    key, after = names.reach(tokens.token, begin, gazetteer.city.state.take(spot), tokens.until_number(begin))
    rows = (key >= 0).nonzero()[0]
    key, after = key.take(rows), after.take(rows)
    loose = (names.flags.take(key) & (AT_NUMBER | SHORT)).nonzero()[0]
    if len(loose):
        odd = doubtful(tokens, begin.take(rows.take(loose)), after.take(loose), names.flags.take(key.take(loose)))
        if odd.any():
            keep = np.ones(len(rows), bool)
            keep[loose[odd]] = False
            rows, key, after = rows[keep], key[keep], after[keep]
    return rows, key, after


def _numbers_follow(tokens: Tokens, after: Array) -> tuple[Array, Array]:
    """(places of the rows where a number or nothing follows, for all rows where that number stands)."""
    token = tokens.token
    place = after + (token.take(after) == HYPHEN)
    there = token.take(place)
    clear = (there >= NUMBER) | (there == 0)
    words = tokens.in_words(place)
    if words.any():
        clear &= ~words
    return clear.nonzero()[0], place


def _names_streets(tokens: Tokens, after: Array, end: Array) -> Array:
    """True where a word of Kyoto's 通り名 stands from the town's last token on."""
    where, last = spread(after - 1, end)
    return np.asarray(np.logical_or.reduceat(is_one_of(tokens.token.take(where), IN_STREET), last - (end - after + 1)))


def number_span(tokens: Tokens, places: Places, residue: Residue, row_char: Array) -> tuple[Array, Array]:
    """The characters at which the numbers (with an unknown 小字 before them) begin and end."""
    raw = tokens.raw
    assert raw is not None
    here = tokens.token.take(places.after)
    opens = places.after + ((places.town >= 0) & ((here == HYPHEN) | (here == NO)))
    begin = tokens.char.take(opens)
    named = tokens.token.take(np.maximum(opens - 1, 0)) >= NUMBER  # the 字 of 12字 belongs to the name
    dropped = ((raw.take(begin - 1) == ord("字")) & (begin > row_char) & ~named).nonzero()[0]
    if len(dropped):
        gap = tokens.char[np.maximum(opens[dropped] - 1, 0)] != begin[dropped] - 1
        begin[dropped[gap]] -= 1
    return begin, np.where(residue.numbered, tokens.char.take(residue.last), begin)


__all__ = ["Reading", "number_span", "read_plain"]
