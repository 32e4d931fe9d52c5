"""Token rows to the municipality and the town they name, never outside a stated prefecture, 郡 or municipality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pipelines.geocode.bodies import BODY, FORMER, FORMER_LOOSE, LIVING, PARENT, PREFECTURE, WARD
from pipelines.geocode.doubts import ends_a_town_of, miswritten, second_look
from pipelines.geocode.keys import AT_NUMBER, ORPHAN, SHARED, SHORT, KeyTable, seed_of
from pipelines.geocode.store import Gazetteer
from pipelines.geocode.tokens import HYPHEN, NUMBER, SPACE, Tokens

Array = np.ndarray[Any, np.dtype[Any]]
REASONS = ("", "no-address", "prefecture-only", "municipality-only", "town-not-found", "municipality-ambiguous",
           "town-ambiguous", "chome-not-found", "municipality-not-found", "town-unsure")
(OK, NO_ADDRESS, PREF_ONLY, CITY_ONLY, TOWN_NOT_FOUND, CITY_AMBIGUOUS, TOWN_AMBIGUOUS, CHOME_NOT_FOUND,
 CITY_NOT_FOUND, TOWN_UNSURE) = range(10)
_OPENING, _CLOSING = tuple(ord(c) for c in "(【[「〔"), tuple(ord(c) for c in ")】]」〕")


_BULLETS = np.isin(np.arange(0x10000), [ord(c) for c in "\"'=・●○◎■□◆◇▲△★☆※*:;,、。>→"])
_OPENS = np.isin(np.arange(0x10000), _OPENING)
CLOSED = np.isin(np.arange(0x10000), [0, HYPHEN, SPACE, ord("(")])
"""True at what may end a town's name beside a number."""
_IN_UNREAD = np.isin(np.arange(0x10000), [ord(c) for c in "市郡区町村県都府"])


def is_one_of(token: Array, table: Array) -> Array:
    """True where the token is one of those marked in `table`."""
    return np.asarray(table.take(token, mode="clip"))


@dataclass
class Places:
    """For each row: municipality row and town row (-1 none), prefecture number (0 none), the token after what was
    read, the reason where no town was found, and whether the municipality was named by a former name."""

    city: Array
    town: Array
    pref: Array
    after: Array
    reason: Array
    former: Array
    key: Array  # place in the key table, -1

    @classmethod
    def blank(cls, begin: Array) -> Places:
        rows = len(begin)
        return cls(np.full(rows, -1, np.int64), np.full(rows, -1, np.int64), np.zeros(rows, np.int64),
                   begin.astype(np.int64).copy(), np.full(rows, NO_ADDRESS, np.int8), np.zeros(rows, bool),
                   np.full(rows, -1, np.int64))

    def take(self, rows: Array, other: Places, chosen: Array) -> None:
        """Put `other`'s chosen rows in the place of our `rows`."""
        for name in ("city", "town", "pref", "after", "reason", "former", "key"):
            getattr(self, name)[rows] = getattr(other, name)[chosen]


@dataclass(frozen=True)
class _Pairs:
    """Candidates laid end to end: a row with a municipality and where its town's text begins."""

    row: Array
    city: Array
    state: Array
    kind: Array
    pref: Array
    begin: Array

    def only(self, keep: Array) -> _Pairs:
        return _Pairs(self.row[keep], self.city[keep], self.state[keep], self.kind[keep], self.pref[keep],
                      self.begin[keep])


def after_postcode(tokens: Tokens) -> Array:
    """Skip a mark of a list (●, =, "), a remark in brackets, 〒 and the post code."""
    token, begin = tokens.token, tokens.start.astype(np.int64).copy()
    if not len(begin):
        return begin
    for _ in range(3):
        begin += is_one_of(token[begin], _BULLETS)
    opened = np.flatnonzero(is_one_of(token[begin], _OPENS))
    for row in opened:
        inside = np.flatnonzero(np.isin(token[begin[row]:tokens.end[row]], _CLOSING))
        if len(inside):
            begin[row] += inside[0] + 1
    marked = token[begin] == ord("〒")
    begin[marked] += 1
    stop = tokens.end
    first = token[begin] >= NUMBER
    second = first & (token[np.minimum(begin + 1, stop)] == ord("-")) & (token[np.minimum(begin + 2, stop)] >= NUMBER)
    third = token[np.minimum(begin + 3, stop)]
    coded = second & (marked | ((third != 0) & (third < NUMBER) & (third != ord("-"))))
    begin[coded] += 3
    begin[marked & first & ~second] += 1
    return begin


def read_places(tokens: Tokens, begin: Array, gazetteer: Gazetteer, body: int, *,
                loose_in: Array | None = None) -> Places:
    """The place that each row names from token `begin` on; `body`: the municipality that the list belongs to, -1 for none.

    `loose_in`: look only for former names whose 郡 no source tells, in the prefecture (its number) of each row.
    """
    token, index = tokens.token, gazetteer.city
    places = Places.blank(begin)
    if not len(begin):
        return places
    key, after = index.table.longest(token, begin, np.full(len(begin), seed_of("city")))
    named = key >= 0
    group = np.where(named, index.table.values[np.maximum(key, 0)], 0) if len(index.table.values) else key * 0
    count = key * 0
    if named.any():
        count = np.where(named, index.offsets[group + 1] - index.offsets[group], 0)
    row = np.repeat(np.arange(len(begin)), count)
    spot = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(
        index.offsets[group] if named.any() else count, count)
    pairs = _Pairs(row, index.city[spot].astype(np.int64), index.state[spot], index.kind[spot].astype(np.int64),
                   index.pref[spot].astype(np.int64), after[row])
    if loose_in is not None:
        pairs = pairs.only((pairs.kind == FORMER_LOOSE) & (pairs.pref == loose_in.take(pairs.row)))
        _choose(tokens, places, pairs, _towns(tokens, pairs, gazetteer), gazetteer, body)
        return places
    pairs = _with_body(tokens, pairs, begin, named, gazetteer, body)
    found = _towns(tokens, pairs, gazetteer)
    _choose(tokens, places, pairs, found, gazetteer, body)
    _wide(tokens, places, begin, gazetteer, body)
    return places


def _with_body(tokens: Tokens, pairs: _Pairs, begin: Array, named: Array, gazetteer: Gazetteer, body: int) -> _Pairs:
    """The given municipality is one more candidate for a row that states no prefecture."""
    if body < 0:
        return pairs
    stated = np.zeros(len(begin), bool)
    if named.any():
        pref_key, _ = gazetteer.city.table.longest(tokens.token, begin, np.full(len(begin), seed_of("city")),
                                                      deepest=4)
        group = gazetteer.city.table.values[np.maximum(pref_key, 0)]
        first = gazetteer.city.kind[gazetteer.city.offsets[group]]
        stated = (pref_key >= 0) & (first == PREFECTURE)
    rows = np.flatnonzero(~stated)
    code = gazetteer.cities["lg"][body]
    more = len(rows)
    return _Pairs(np.concatenate([pairs.row, rows]), np.concatenate([pairs.city, np.full(more, body)]),
                  np.concatenate([pairs.state, np.full(more, seed_of(code))]),
                  np.concatenate([pairs.kind, np.full(more, BODY)]),
                  np.concatenate([pairs.pref, np.full(more, int(code[:2]))]),
                  np.concatenate([pairs.begin, begin[rows]]))


@dataclass(frozen=True)
class _Found:
    key: Array
    town: Array
    after: Array


def _towns(tokens: Tokens, pairs: _Pairs, gazetteer: Gazetteer) -> _Found:
    """The longest town each pair reads in its municipality; a shortened name does not reach over a 字."""
    names = gazetteer.names
    key, after = names.longest(tokens.token, pairs.begin, pairs.state)
    second_look(tokens, pairs.begin, pairs.state, key, after, gazetteer)
    town = values_of(names, key)
    return _Found(key, town, after)


def values_of(table: KeyTable, key: Array) -> Array:
    if not len(table.values):
        return np.full(len(key), -1, np.int64)
    value = table.values.take(key, mode="clip").astype(np.int64)
    value[key < 0] = -1
    return value


def _choose(tokens: Tokens, places: Places, pairs: _Pairs, found: _Found, gazetteer: Gazetteer, body: int) -> None:
    """Of each row's candidates the one whose town reaches furthest; equal ones in two municipalities are refused."""
    if not len(pairs.row):
        return
    has = (found.town >= 0) & (pairs.kind != PREFECTURE)
    weight = np.array([0, 2, 3, 9, 1, 0, 3], np.int64)[pairs.kind]
    home = 0
    if body >= 0:
        home = int(gazetteer.cities["lg"][body][:2])
        weight = weight + np.where(pairs.city == body, 0, np.where(pairs.pref == home, 10, 20))
    flag = np.where(has, gazetteer.names.flags[np.maximum(found.key, 0)], 0) if len(gazetteer.names.flags) else has * 0
    shortened = ((flag & AT_NUMBER) > 0) & ~((flag & SHORT == 0) & (tokens.token.take(found.after - 1) >= NUMBER))
    orphan = (flag & ORPHAN) // ORPHAN + 2 * shortened
    useless = ~has & (pairs.kind == BODY)
    lone = np.bincount(pairs.row).take(pairs.row) == 1
    best, contested = np.flatnonzero(lone), np.zeros(0, bool)
    many = np.flatnonzero(~lone)
    if len(many):
        useless |= _behind_the_body(tokens, pairs, has, found.after, home) | _behind_a_living(pairs, has, found.after) | miswritten(
            tokens, places.after.take(pairs.row), pairs.begin, np.where(pairs.kind == LIVING, pairs.city, -1), pairs.row,
            gazetteer)
        clash, contested = _best_of(many, pairs, (has, useless, weight, orphan, np.where(has, found.after, 0)))
        best = np.concatenate([clash, best])
    contested = np.concatenate([contested, np.zeros(len(best) - len(contested), bool)])
    rows = pairs.row[best]
    kind, with_town = pairs.kind[best], has[best]
    void = useless[best]
    places.pref[rows] = np.where(void, 0, pairs.pref[best])
    places.city[rows] = np.where(void | (kind == PREFECTURE), -1, pairs.city[best])
    places.town[rows] = np.where(with_town, found.town[best], -1)
    places.key[rows] = np.where(with_town, found.key[best], -1)
    places.after[rows] = np.where(void, places.after[rows], found.after[best])
    places.former[rows] = np.isin(kind, (FORMER, FORMER_LOOSE)) & ~void
    places.reason[rows] = np.select(
        [void, with_town, kind == PREFECTURE], [NO_ADDRESS, OK, PREF_ONLY], TOWN_NOT_FOUND)
    _refuse(places, rows[contested], with_town[contested], kind[contested], pairs, gazetteer)


def _behind_the_body(tokens: Tokens, pairs: _Pairs, has: Array, after: Array, home: int) -> Array:
    """True for a former municipality, a ward, or one of another prefecture, where the body that the list belongs to
    has a town of that name and a number, a blank or nothing follows it: 松山町3 in a list of 福島市."""
    here = tokens.token.take(after)
    closed = (here >= NUMBER) | is_one_of(here, CLOSED)
    own = np.zeros(int(pairs.row.max()) + 1, bool)
    own[pairs.row[has & closed & (pairs.kind == BODY)]] = True
    stranger = (pairs.pref != home) | (pairs.kind == FORMER) | (pairs.kind == FORMER_LOOSE) | (pairs.kind == WARD)
    return np.asarray(stranger & (pairs.kind != BODY) & own.take(pairs.row))


def _behind_a_living(pairs: _Pairs, has: Array, after: Array) -> Array:
    """True for a former municipality where one of today, written alike, has a town that reaches as far."""
    reach = np.zeros(int(pairs.row.max()) + 1, np.int64)
    living = has & (pairs.kind == LIVING)
    np.maximum.at(reach, pairs.row[living], after[living])
    return np.asarray(((pairs.kind == FORMER) | (pairs.kind == FORMER_LOOSE)) & has & (after <= reach.take(pairs.row)))


def _best_of(many: Array, pairs: _Pairs, qualities: tuple[Array, ...]) -> tuple[Array, Array]:
    """Of each row's candidates among `many` the best, and whether one of another municipality is as good."""
    has, useless, weight, orphan, after = (q[many] for q in qualities)
    order = np.lexsort((weight, -after, orphan, ~has, useless, pairs.row[many]))
    row, city = pairs.row[many][order], pairs.city[many][order]
    first = np.ones(len(row), bool)
    first[1:] = row[1:] != row[:-1]
    heads = np.flatnonzero(first)
    rank = np.cumsum(first) - 1
    rival = (city != city[heads][rank]) & ~useless[order]
    for quality in (has, weight, orphan, after):
        value = quality[order]
        rival &= value == value[heads][rank]
    return many[order[heads]], np.bincount(rank, weights=rival, minlength=len(heads)) > 0


def _refuse(places: Places, rows: Array, with_town: Array, kind: Array, pairs: _Pairs, gazetteer: Gazetteer) -> None:
    """Rows that fit two municipalities equally well: a city with wards stays the city, others name none."""
    if not len(rows):
        return
    parent = kind == PARENT
    owner = np.array([gazetteer.parent_city(int(places.city[r])) for r in rows], np.int64)
    places.reason[rows] = np.where(with_town, TOWN_AMBIGUOUS, np.where(parent, TOWN_NOT_FOUND, CITY_AMBIGUOUS))
    places.city[rows] = np.where(parent, owner, -1)
    places.town[rows] = -1
    places.key[rows] = -1
    prefs = np.zeros(len(places.pref), np.int64)
    low = np.full(len(places.pref), 99, np.int64)
    np.maximum.at(prefs, pairs.row, pairs.pref)
    np.minimum.at(low, pairs.row, pairs.pref)
    places.pref[rows] = np.where(prefs[rows] == low[rows], prefs[rows], 0)


def _runs_into_body(tokens: Tokens, after: Array) -> Array:
    """True where a 市, 郡, 町 ... stands right behind, or a 市 or 郡 among the next signs before a number."""
    found = is_one_of(tokens.token[after], _IN_UNREAD)
    going = np.ones(len(after), bool)
    for step in range(5):
        here = tokens.token[np.minimum(after + step, len(tokens.token) - 1)]
        going &= (here != 0) & (here < NUMBER)
        found |= going & ((here == ord("市")) | (here == ord("郡")))
    return found


def _stem_is_shared(tokens: Tokens, begin: Array, after: Array, seeds: Array, gazetteer: Gazetteer) -> Array:
    """True where a shortened name is a whole one of several municipalities and numbers: 本町1-1 may be any 本町, and
    is not 札幌市東区本町一条一丁目."""
    key, stop = gazetteer.wide.longest(tokens.token, begin, seeds, exact=True)
    shared = (key >= 0) & ((gazetteer.wide.flags[np.maximum(key, 0)] & SHARED) > 0)
    for step in range(8):
        here = np.minimum(stop + step, len(tokens.token) - 1)
        shared &= (here >= after) | (tokens.token[here] >= NUMBER) | (tokens.token[here] == HYPHEN)
    return np.asarray(shared)


def _wide(tokens: Tokens, places: Places, begin: Array, gazetteer: Gazetteer, body: int) -> None:
    """Rows that state no municipality: a town name that stands once in the stated prefecture, or in the nation.

    A name that runs on into 市, 郡, 町 ... is part of a municipality that was not read (筑紫郡, 稲敷市), no town.
    """
    rows = np.flatnonzero((places.city < 0) & np.isin(places.reason, (NO_ADDRESS, PREF_ONLY)))
    if not len(rows) or not len(gazetteer.wide.hashes):
        return
    numbers = places.pref[rows].copy()
    stated = numbers > 0
    if body >= 0:
        numbers[numbers == 0] = int(gazetteer.cities["lg"][body][:2])
    seeds = np.array([seed_of("nation"), *(seed_of(f"pref{n:02d}") for n in range(1, 48))], np.uint64)
    place = places.after[rows]
    key, after = gazetteer.wide.longest(tokens.token, place, seeds[numbers])
    found = (key >= 0) & ~_runs_into_body(tokens, after)
    flags = gazetteer.wide.flags[np.maximum(key, 0)]
    loose = np.flatnonzero(found & ((flags & (SHORT | AT_NUMBER)) > 0))
    unsure = np.zeros(len(rows), bool)
    unsure[loose] = _stem_is_shared(tokens, place[loose], after[loose], seeds[numbers[loose]], gazetteer)
    shared = found & (((flags & SHARED) > 0) | unsure)
    single = found & ~shared
    town = values_of(gazetteer.wide, key)
    if body >= 0:
        own = np.flatnonzero(found & single & ~stated)
        own = own[ends_a_town_of(body, town[own], gazetteer)]
        places.city[rows[own]], places.reason[rows[own]] = body, TOWN_NOT_FOUND
        places.pref[rows[own]] = numbers[own]
        found[own] = False
    rows, town, after, single, shared = rows[found], town[found], after[found], single[found], shared[found]
    city = gazetteer.town.city_row[np.maximum(town, 0)].astype(np.int64)
    good = rows[single]
    places.city[good], places.town[good] = city[single], town[single]
    places.after[good] = after[single]
    places.pref[good] = gazetteer.city_pref[city[single]]
    places.reason[good] = OK
    places.reason[rows[shared]] = TOWN_AMBIGUOUS
