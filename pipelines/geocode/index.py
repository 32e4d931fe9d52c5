"""Towns to the keys under which they are found: the official name and the ways in which people shorten it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from pipelines.geocode.fold import fold
from pipelines.geocode.keys import AT_NUMBER, ORPHAN, PLAIN, SHARED, SHORT, KeyTable, roll_rows, seed_of
from pipelines.geocode.places import CHOME, GROUP, KOAZA, OAZA, ORPHAN_KOAZA, table_file
from pipelines.geocode.tokens import BREAK, HYPHEN, NUMBER, Tokens

Array = np.ndarray[Any, np.dtype[Any]]
_COUNTERS = tuple(ord(c) for c in "丁条線区号番組軒町")


@dataclass(frozen=True)
class Form:
    """One way to write some towns: token row at[i] writes town town[i], with a rank and a flag of keys.py."""

    tokens: Tokens
    at: Array
    town: Array
    rank: Array
    flag: Array


def town_keys(towns: pl.DataFrame) -> tuple[KeyTable, KeyTable]:
    """(keys within a municipality, keys within a prefecture and within the nation)."""
    kind, lg = towns["kind"].to_numpy(), towns["lg"]
    by_city, by_pref = seeds_of(lg, ""), seeds_of(lg.str.slice(0, 2), "pref")
    base = np.select([kind == OAZA, kind == CHOME, kind == GROUP, kind == KOAZA], [0, 0, 1, 3], 4)
    own = np.where(kind == ORPHAN_KOAZA, ORPHAN, PLAIN).astype(np.uint8)
    parted = fold(pl.select(pl.concat_str([towns[c] for c in ("oaza", "chome", "koaza")], separator=BREAK)).to_series())
    own = _ends_in_number(parted, kind, own)
    forms = _forms(parted, np.arange(towns.height), base, own)
    joined_name = towns["oaza"] + towns["chome"] + towns["koaza"]
    joined = fold(joined_name)
    differs = (joined.end - joined.start) != (parted.end - parted.start)
    rows = np.flatnonzero(differs)
    forms += _forms(fold(joined_name.gather(rows)), rows, base[rows], own[rows])
    for names, where in _aliases(towns, joined_name):
        forms += _forms(fold(names), where, base[where] + 1, own[where])
    narrow = _table(forms, by_city)
    wide = _wide_table(forms, by_pref, kind, towns)
    return narrow, wide


def seeds_of(codes: pl.Series, prefix: str) -> Array:
    """The seed of each row's code."""
    names, place = np.unique(codes.to_numpy().astype(str), return_inverse=True)
    seeds = np.array([seed_of(prefix + str(name)) for name in names], np.uint64)
    return np.asarray(seeds[place] if len(names) else seeds)


def _ends_in_number(names: Tokens, kind: Array, own: Array) -> Array:
    """A 小字 that ends in a bare number (四十八) counts only where the name ends there too."""
    filled = names.end > names.start
    last = np.where(filled, names.token[np.maximum(names.end - 1, 0)], 0)
    bare = (last >= NUMBER) & np.isin(kind, (KOAZA, ORPHAN_KOAZA))
    return np.asarray(np.where(bare, own | AT_NUMBER, own), dtype=np.uint8)


def _aliases(towns: pl.DataFrame, names: pl.Series) -> list[tuple[pl.Series, Array]]:
    """Other names of towns: 外字 written in kana and the reverse (kana_aliases.csv), and former names."""
    made = []
    for pair in table_file("kana_aliases.csv"):
        for old, new in ((pair["kanji"], pair["kana"]), (pair["kana"], pair["kanji"])):
            rows = np.flatnonzero(names.str.contains(old, literal=True).to_numpy())
            if len(rows):
                made.append((names.gather(rows).str.replace(old, new, literal=True), rows))
    for change in table_file("renamed_towns.csv"):
        here = (towns["pref"] == change["pref"]) & (towns["city"] == change["city"]) & (
            (towns["oaza"] + towns["koaza"]) == change["new"])
        rows = np.flatnonzero(here.to_numpy())
        if len(rows):
            made.append((pl.Series([change["old"]] * len(rows)) + towns["chome"].gather(rows), rows))
    return made


def _forms(names: Tokens, town: Array, base: Array, own: Array) -> list[Form]:
    """The name itself and its shortened forms."""
    whole = np.flatnonzero(names.end > names.start)
    made = [Form(names, whole, town[whole], base[whole], own[whole])]

    def add(tokens: Tokens, changed: Array, rank: int, flag: int) -> None:
        at = np.flatnonzero(changed & (tokens.end > tokens.start))
        if len(at):
            made.append(Form(tokens, at, town[at], base[at] + rank, own[at] | np.uint8(flag)))

    if not len(names.start):
        return made
    _chome_forms(names, add)
    _town_forms(names, add)
    _counter_forms(names, add)
    return made


def _select(names: Tokens, keep: Array) -> tuple[Tokens, Array]:
    """Names with some tokens left out; second: True for the rows that lost one."""
    row = np.repeat(np.arange(len(names.start)), names.end - names.start + 1)
    changed = np.zeros(len(names.start), bool)
    changed[row[~keep]] = True
    token = names.token[keep]
    end = np.flatnonzero(token == 0)
    start = np.concatenate([[0], end[:-1] + 1]) if len(end) else end
    return Tokens(token, start, end, names.char[keep], names.row_char), changed


def _near(token: Array) -> tuple[Array, Array, Array]:
    """(the token before is a number, the token after, the token after that)."""
    before, after, two = np.zeros(len(token), bool), np.zeros_like(token), np.zeros_like(token)
    before[1:], after[:-1], two[:-2] = token[:-1] >= NUMBER, token[1:], token[2:]
    return before, after, two


def _chome_forms(names: Tokens, add: Any) -> None:
    """三丁目 -> 3; 六条通九丁目 -> 六条九丁目; 北三条西一丁目 -> 北3西1 and 北3条西1; 拓北六条二丁目 -> 拓北6-2."""
    token = names.token
    before, after, _ = _near(token)
    chome_end = (token == ord("丁")) & before & (after == 0)
    street = (token == ord("条")) & before
    add(*_select(names, ~chome_end), 1, SHORT)
    between = np.zeros(len(token), bool)
    between[1:] = street[:-1] & (token[1:] == ord("通"))
    add(*_select(names, ~(between & (after >= NUMBER))), 4, PLAIN)
    add(*_select(names, ~(street & (after < NUMBER))), 2, SHORT)
    add(*_select(names, ~(chome_end | (street & (after < NUMBER) & (after != 0)))), 2, SHORT)
    linked = Tokens(np.where(street & (after >= NUMBER), np.uint32(HYPHEN), token), names.start, names.end, names.char,
                    names.row_char)
    short, _ = _select(linked, ~chome_end)
    row = np.repeat(np.arange(len(names.start)), names.end - names.start + 1)
    add(short, np.bincount(row[street & (after >= NUMBER)], minlength=len(names.start)) > 0, 3, SHORT)


def _town_forms(names: Tokens, add: Any) -> None:
    """町 left out at the end or before 丁目 (only where a number or nothing follows), or inside a longer name."""
    token = names.token
    before, after, two = _near(token)
    chome_end = (token == ord("丁")) & before & (after == 0)
    town = (token == ord("町")) & ~before
    town_end = town & ((after == 0) | ((after >= NUMBER) & (two == ord("丁"))))
    add(*_select(names, ~town_end), 5, AT_NUMBER)
    short, changed = _select(names, ~(town_end | chome_end))
    add(short, changed & _lost(names, town_end), 5, SHORT)
    place = np.arange(len(token)) - np.repeat(names.start, names.end - names.start + 1)
    inside = town & (after != 0) & (after < NUMBER) & (place >= 2)
    add(*_select(names, ~inside), 6, PLAIN)
    short, changed = _select(names, ~(inside | chome_end))
    add(short, changed & _lost(names, inside), 6, SHORT)


def _lost(names: Tokens, dropped: Array) -> Array:
    row = np.repeat(np.arange(len(names.start)), names.end - names.start + 1)
    return np.bincount(row[dropped], minlength=len(names.start)) > 0


def _counter_forms(names: Tokens, add: Any) -> None:
    """番丁, 番町, 号 ... left out after a last number; 番丁 and 番町 for each other; 24-2-2 for 二十四軒二条二丁目."""
    token = names.token
    before, after, two = _near(token)
    counter = np.isin(token, _COUNTERS)
    tail = counter & before & (after == 0)
    pair = (token == ord("番")) & before & np.isin(after, (ord("丁"), ord("町"))) & (two == 0)
    pair_end = np.zeros(len(token), bool)
    pair_end[1:] = pair[:-1]
    swapped = np.where(pair_end, np.where(token == ord("丁"), np.uint32(ord("町")), np.uint32(ord("丁"))), token)
    add(Tokens(swapped, names.start, names.end, names.char, names.row_char), _lost(names, pair), 6, PLAIN)
    short, changed = _select(names, ~(tail | pair | pair_end))
    paired = _lost(names, pair)
    add(short, changed & (paired | (short.end - short.start >= 2)), 7, SHORT | AT_NUMBER)
    lead = np.zeros(len(names.start), bool)
    live = names.start < names.end
    lead[live] = token[names.start[live]] >= NUMBER
    between = counter & before & (after >= NUMBER)
    dashed = Tokens(np.where(between, np.uint32(HYPHEN), token), names.start, names.end, names.char, names.row_char)
    short, _ = _select(dashed, ~(counter & before & (after == 0)))
    add(short, lead & _lost(names, between), 7, SHORT)


Parts = tuple[list[Array], list[Array], list[Array], list[Array], list[Array]]


def _rolled(forms: Sequence[Form], seeds: Array) -> Parts:
    hashes, values, flags, ranks, prefixes = [], [], [], [], []
    for form in forms:
        if not len(form.at):
            continue
        found, seen = roll_rows(form.tokens.token, form.tokens.start[form.at], form.tokens.end[form.at],
                                seeds[form.town])
        hashes.append(found)
        values.append(form.town)
        flags.append(form.flag)
        ranks.append(form.rank)
        prefixes.append(seen)
    return hashes, values, flags, ranks, prefixes


def _table(forms: Sequence[Form], seeds: Array) -> KeyTable:
    parts = _rolled(forms, seeds)
    if not parts[0]:
        empty = np.zeros(0, np.uint64)
        return KeyTable.make(empty, np.zeros(0, np.int64), np.zeros(0, np.uint8), np.zeros(0, np.int64), empty)
    hashes, values, flags, ranks, prefixes = (np.concatenate(p) for p in parts)
    return KeyTable.make(hashes, values, flags, ranks, np.unique(prefixes))


def _wide_table(forms: Sequence[Form], by_pref: Array, kind: Array, towns: pl.DataFrame) -> KeyTable:
    """Names of 大字 and 丁目 that say the municipality by themselves; one that stands in several is marked SHARED."""
    nation = np.full(len(kind), seed_of("nation"))
    chosen = []
    for form in forms:
        good = np.isin(kind[form.town], (OAZA, CHOME, GROUP)) & (form.rank <= 3)
        good &= (form.tokens.end - form.tokens.start)[form.at] >= 2
        chosen.append(Form(form.tokens, form.at[good], form.town[good], form.rank[good], form.flag[good]))
    near, far = _rolled(chosen, by_pref), _rolled(chosen, nation)
    if not near[0]:
        return _table([], nation)
    key, value, flag, rank, prefix = (np.concatenate(a + b) for a, b in zip(near, far, strict=True))
    order = np.lexsort((value, rank, key))
    key, value, flag, rank = key[order], value[order], flag[order], rank[order]
    first = np.ones(len(key), bool)
    first[1:] = key[1:] != key[:-1]
    group = np.cumsum(first) - 1
    _, owner = np.unique(towns["lg"].to_numpy().astype(str), return_inverse=True)
    other = owner[value] != owner[value][np.flatnonzero(first)][group]
    shared = np.zeros(group[-1] + 1, bool)
    shared[group[other]] = True
    flag = np.where(shared[group], flag | SHARED, flag).astype(np.uint8)
    return KeyTable.make(key[first], value[first], flag[first], rank[first], np.unique(prefix))
