"""Rows that leave out the 市 of their city behind the prefecture to the town they name (三重県四日市諏訪町 is in 四日市市)."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipelines.geocode.bodies import BARE
from pipelines.geocode.keys import seed_of
from pipelines.geocode.match import CLOSED, OK, Places, is_one_of, values_of
from pipelines.geocode.store import Gazetteer
from pipelines.geocode.tokens import NUMBER, Tokens

Array = np.ndarray[Any, np.dtype[Any]]
_SEED = seed_of(BARE)
_LEAST = 2  # signs of a town that is believed without its city


def read_bare_cities(tokens: Tokens, places: Places, begin: Array, gazetteer: Gazetteer) -> None:
    """Read again, in place, the rows with a prefecture that found no municipality, or a town that runs on into other
    words: as a city without its 市 and one of its towns with a number, a blank or nothing behind it. `begin`: the token
    at which each row's address begins."""
    index, token = gazetteer.city, tokens.token
    left = (places.pref > 0) & ((places.city < 0) | ((places.town >= 0) & ~_closed(tokens, places.after)))
    rows = np.flatnonzero(left)
    if not len(rows) or not len(index.table.hashes):
        return
    key, start = index.table.longest(token, begin[rows], np.full(len(rows), _SEED))
    rows, key, start = rows[key >= 0], key[key >= 0], start[key >= 0]
    if not len(rows):
        return
    spot = index.offsets.take(index.table.values.take(key))
    town_key, after = gazetteer.names.longest(token, start, index.state.take(spot))
    good = np.flatnonzero((town_key >= 0) & _closed(tokens, after) & (after - start >= _LEAST)
                          & (after > places.after[rows]))
    rows, spot, town_key = rows[good], spot[good], town_key[good]
    places.city[rows], places.pref[rows] = index.city.take(spot), index.pref.take(spot)
    places.town[rows], places.key[rows] = values_of(gazetteer.names, town_key), town_key
    places.after[rows], places.reason[rows], places.former[rows] = after[good], OK, False


def _closed(tokens: Tokens, at: Array) -> Array:
    """True where a number, a hyphen, a blank, a bracket or the end stands at token `at`."""
    here = tokens.token.take(at)
    number = (here >= NUMBER) & ~tokens.in_words(at)
    return np.asarray(number | is_one_of(here, CLOSED))


__all__ = ["read_bare_cities"]
