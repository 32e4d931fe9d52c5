"""Plain addresses to what they name, in few steps; a row that a closer look could read otherwise is left to it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from pipelines.geocode.bodies import FORMER, FORMER_LOOSE, PREFECTURE
from pipelines.geocode.doubts import doubtful
from pipelines.geocode.fold import spread
from pipelines.geocode.keys import AT_NUMBER, SHORT, seed_of
from pipelines.geocode.match import OK, Places, is_one_of
from pipelines.geocode.residue import Residue, follow_numbers
from pipelines.geocode.retry import IN_STREET
from pipelines.geocode.store import Gazetteer
from pipelines.geocode.tokens import HYPHEN, NO, NUMBER, Tokens

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

    def put(self, rows: Array | slice, places: Places, residue: Residue, begin: Array, stop: Array) -> None:
        """Note what was read of some rows."""
        self.city[rows], self.town[rows], self.pref[rows] = places.city, places.town, places.pref
        self.reason[rows], self.former[rows] = places.reason, places.former
        self.lot[rows], self.partial[rows] = residue.lot, residue.partial
        self.begin[rows], self.stop[rows] = begin, stop


def read_plain(tokens: Tokens, gazetteer: Gazetteer, body: int) -> tuple[Array, Places, Residue]:
    """(True for the rows that name one municipality, one of its towns and then at most a number, what all rows say).

    For these rows the answer is the one of `find_places` and `read_numbers`; for all others it means nothing.
    """
    index, names = gazetteer.city, gazetteer.names
    if not len(index.table.hashes) or not len(names.hashes):
        places = Places.blank(tokens.start)
        return np.zeros(len(tokens.start), bool), places, Residue(places.after, places.town, places.former, places.former)
    spot, after = _cities(tokens, gazetteer, body)
    plain = spot >= 0
    key, after = _towns(tokens, gazetteer, spot, after, plain)
    token = tokens.token
    place = after + (token.take(after) == HYPHEN)
    there = token.take(place)
    plain &= (there >= NUMBER) | (there == 0)
    plain &= ~tokens.in_words(place)
    pref = index.pref.take(spot)
    kyoto = ((pref == _KYOTO) & plain).nonzero()[0]
    if len(kyoto):
        plain[kyoto[_names_streets(tokens, after.take(kyoto), tokens.end.take(kyoto))]] = False
    town, kind = names.values.take(key).astype(np.int64), index.kind.take(spot)
    places = Places(index.city.take(spot), town, pref, after, np.full(len(town), OK, np.int8),
                    (kind == FORMER) | (kind == FORMER_LOOSE), key)
    parent = None
    if gazetteer.has_lots:
        parent = gazetteer.town.parent.take(town).astype(np.int64)
    return plain, places, follow_numbers(tokens, after, place, None, town, parent, gazetteer.lots)


def _cities(tokens: Tokens, gazetteer: Gazetteer, body: int) -> tuple[Array, Array]:
    """(for the rows that begin with one municipality its candidate, for others -1, the token after it)."""
    index, token, begin = gazetteer.city, tokens.token, tokens.start
    seeds = np.full(len(begin), _CITY_SEED)
    lead = tokens.city_end(np.arange(len(begin)), begin + 1) - begin
    key, sure = index.table.at(token, begin, seeds, lead)
    after = begin + lead
    left = (~sure).nonzero()[0]
    if len(left):  # a city with wards, or a name with 市, 区, 町 or 村 inside: the next such place
        first = begin.take(left)
        further = tokens.city_end(left, after.take(left)) - first
        key[left], sure = index.table.at(token, first, seeds[left], further)
        after[left] = first + further
        left = left.take((~sure).nonzero()[0])
        key[left], after[left] = index.table.reach(token, begin.take(left), seeds[left], lead.take(left))
    spot = index.plain.take(key)
    if body >= 0:
        stated, _ = index.table.longest(token, begin, seeds, deepest=4)
        first = index.kind.take(index.offsets.take(index.table.values.take(stated)))
        spot[(stated < 0) | (first != PREFECTURE)] = -1
    return spot, after


def _towns(tokens: Tokens, gazetteer: Gazetteer, spot: Array, begin: Array, plain: Array) -> tuple[Array, Array]:
    """(each row's town key, the token after it); rows without a town that needs no second look leave `plain`."""
    names, token = gazetteer.names, tokens.token
    lost = (~plain).nonzero()[0]
    begin[lost] = tokens.start.take(lost)
    state = gazetteer.city.state.take(spot)
    stop = tokens.number_from(np.arange(len(begin)), begin)
    chome = (token.take(stop + 1, mode="clip") == ord("丁")) & (token.take(stop) >= NUMBER)
    after = stop + 2 * chome
    key, sure = names.at(token, begin, state, after - begin)
    left = (plain & ~sure).nonzero()[0]
    if len(left):
        first = begin.take(left)
        key[left], after[left] = names.reach(token, first, state.take(left), stop.take(left) - first)
    plain &= key >= 0
    loose = (plain & ((names.flags.take(key) & (AT_NUMBER | SHORT)) > 0)).nonzero()[0]
    if len(loose):
        plain[loose[doubtful(tokens, begin.take(loose), after.take(loose), names.flags.take(key.take(loose)))]] = False
    return key, after


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
    dropped = (raw.take(begin - 1) == ord("字")).nonzero()[0]
    if len(dropped):  # the 字 of 12字 belongs to the name
        named = (opens.take(dropped) > 0) & (tokens.token.take(np.maximum(opens.take(dropped) - 1, 0)) >= NUMBER)
        dropped = dropped.take(((begin.take(dropped) > row_char.take(dropped)) & ~named).nonzero()[0])
    if len(dropped):
        gap = tokens.char[np.maximum(opens[dropped] - 1, 0)] != begin[dropped] - 1
        begin[dropped[gap]] -= 1
    return begin, np.where(residue.numbered, tokens.char.take(residue.last), begin)


__all__ = ["Reading", "number_span", "read_plain"]
