"""Town keys found by a shortened name or by one that ends in a number to the names that the text means.

A number behind a town may be a 丁目, a 小字 that is a number (字十二, 12字) or a 番地; what is written around it tells.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pipelines.geocode.keys import AT_NUMBER, SHORT
from pipelines.geocode.places import CHOME, KOAZA, OAZA, ORPHAN_KOAZA
from pipelines.geocode.store import Gazetteer
from pipelines.geocode.tokens import HYPHEN, NUMBER, SPACE, Tokens

Array = np.ndarray[Any, np.dtype[Any]]
_NUMERAL = r"^(大字|小字|字)?[0-9０-９〇一二三四五六七八九十百千壱弐参]+(字|号|番|区)?$"
"""A 小字 that is nothing but a number."""


def second_look(tokens: Tokens, begin: Array, state: Array, key: Array, after: Array, gazetteer: Gazetteer) -> None:
    """Change, in place, the keys (and the tokens after them) that the text around them speaks against.

    `begin`, `state`: where each town's text and hash begin; `key`, `after`: as `KeyTable.longest` gave them.
    """
    names = gazetteer.names
    if not len(names.flags):
        return
    rows = np.flatnonzero((key >= 0) & ((names.flags.take(key, mode="clip") & (AT_NUMBER | SHORT)) > 0))
    if not len(rows):
        return
    _take_numbered_aza(tokens, rows, key, after, gazetteer)
    flag, stop = names.flags.take(key[rows]), after[rows]
    town = names.values.take(key[rows])
    numbered = tokens.token.take(stop - 1) >= NUMBER
    aza = numbered & ((flag & AT_NUMBER) > 0) & np.isin(gazetteer.town.kind.take(town), (KOAZA, ORPHAN_KOAZA))
    refused = tokens.aza_between(begin[rows] + 1, stop) | tokens.in_words(stop - 1)
    refused[aza] = False
    longest, reached = names.longest(tokens.token, begin[rows], state[rows], exact=True)
    own = np.flatnonzero(aza)
    refused[own] = ~_is_numbered_aza(tokens, own, (flag, stop, town, reached), gazetteer)
    refused |= _says_oaza(tokens, begin[rows], flag, town, names.values.take(longest, mode="clip"), longest, gazetteer)
    rows, chosen = rows[refused], np.flatnonzero(refused)
    key[rows], after[rows] = longest[chosen], reached[chosen]


def doubtful(tokens: Tokens, begin: Array, stop: Array, flag: Array) -> Array:
    """True where `second_look` may find another answer for a key with one of its flags."""
    numbered = tokens.token.take(stop - 1) >= NUMBER
    return np.asarray(tokens.aza_between(begin + 1, stop) | tokens.in_words(stop - 1) | tokens.oaza_before(begin)
                      | (numbered & (((flag & AT_NUMBER) > 0) | tokens.aza_before(stop))))


def _take_numbered_aza(tokens: Tokens, rows: Array, key: Array, after: Array, gazetteer: Gazetteer) -> None:
    """水落町2字 is the 小字 ２字 and not 水落町二丁目, whose shortened name has the same signs."""
    names = gazetteer.names
    stop = after[rows]
    said = rows[(tokens.token.take(stop - 1) >= NUMBER) & tokens.aza_before(stop)]
    for row in said.tolist():
        place, wanted = int(key[row]), names.hashes[key[row]]
        while place < len(names.hashes) and names.hashes[place] == wanted:
            if gazetteer.town.kind[names.values[place]] == KOAZA and not names.flags[place] & SHORT:
                key[row] = place
                break
            place += 1


def _is_numbered_aza(tokens: Tokens, own: Array, found: tuple[Array, ...], gazetteer: Gazetteer) -> Array:
    """True where a key that ends in the number of a 小字 is what the text means.

    A 字 beside the number says so, or that the number is written in kanji and no hyphen follows (字汐入二 10). A 小字
    that has its number only by a shortened name (一号) counts at the end of the text alone.
    """
    flag, stop, town, reached = (value[own] for value in found)
    assert tokens.raw is not None
    written = tokens.raw.take(tokens.char.take(stop - 1))
    kanji = (written > 0x3000) & (written < 0xFF00)
    following = tokens.token.take(stop)
    ends = (following == 0) | (following == SPACE) | (following == ord("("))
    further = tokens.token.take(np.minimum(stop + 1, len(tokens.token) - 1))
    number_follows = (following >= NUMBER) | ((following == SPACE) & (further >= NUMBER))
    beside = tokens.aza_before(stop) | tokens.aza_before(stop - 1)
    name = gazetteer.town.pick(("koaza",), town.astype(np.int64))["koaza"]
    bare = name.str.contains(_NUMERAL).to_numpy()
    good = np.where(bare, beside | (kanji & (ends | number_follows)),
                    kanji | ends | (following != HYPHEN) | (reached < stop - 1))
    return np.asarray(np.where((flag & SHORT) > 0, ends, good), dtype=bool)


def _says_oaza(tokens: Tokens, begin: Array, flag: Array, town: Array, other: Array, longest: Array,
               gazetteer: Gazetteer) -> Array:
    """True where the text says 大字 (大字厚狭1) and a 大字 of that name is there beside the 丁目 without 大字 (厚狭一丁目)."""
    told = tokens.oaza_before(begin) & ((flag & SHORT) > 0) & (longest >= 0)
    rows = np.flatnonzero(told)
    if len(rows):
        kind = gazetteer.town.kind
        pair = [gazetteer.town.pick(("oaza",), value[rows].astype(np.int64))["oaza"] for value in (town, other)]
        told[rows] = ((kind.take(town[rows]) == CHOME) & (kind.take(other[rows]) == OAZA)
                      & ~pair[0].str.starts_with("大字").to_numpy() & pair[1].str.starts_with("大字").to_numpy())
    return told


def miswritten(tokens: Tokens, begin: Array, end: Array, city: Array, row: Array, gazetteer: Gazetteer) -> Array:
    """True for the candidates that are not written as the text writes them, where another of the same row is.

    鹿嶋市 (茨城県) and 鹿島市 (佐賀県) fold to one name. `begin`, `end`: the tokens of the municipality's text;
    `city`: its row, -1 for a candidate that is not looked at; `row`: the address that it belongs to.
    """
    odd = np.zeros(len(city), bool)
    alike = gazetteer.written_alike
    rows = np.flatnonzero(np.isin(city, list(alike)))
    if not len(rows):
        return odd
    exact: set[int] = set()
    for i in rows.tolist():
        text = tokens.written(int(tokens.char[begin[i]]), int(tokens.char[end[i]]))
        odd[i] = alike[int(city[i])] not in text
        if not odd[i]:
            exact.add(int(row[i]))
    odd[rows] &= np.isin(row[rows], list(exact))
    return odd


def ends_a_town_of(body: int, town: Array, gazetteer: Gazetteer) -> Array:
    """True for the towns whose name ends a longer one of the body that the list belongs to: 別府 in a list of 美祢市 may be
    秋芳町別府, and is not to be sought in 田布施町."""
    if not len(town):
        return np.zeros(0, bool)
    own = gazetteer.town.pick(("oaza",), np.flatnonzero(gazetteer.town.city_row == body))["oaza"].unique()
    names = gazetteer.town.pick(("oaza",), town)["oaza"].str.strip_prefix("大字")
    told = {name for name in names.unique().to_list() if name and own.str.ends_with(name).any()}
    return names.is_in(list(told)).to_numpy()


__all__ = ["doubtful", "ends_a_town_of", "miswritten", "second_look"]
