"""Municipalities of today and their history to every way to write them, each with its candidates."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from pipelines.geocode.fold import fold
from pipelines.geocode.keys import KeyTable, roll_one, roll_rows, seed_of
from pipelines.geocode.places import block_of, county_blocks, fold_hashes
from pipelines.geocode.succession import Heir, heirs_of

Array = np.ndarray[Any, np.dtype[Any]]
LIVING, WARD, FORMER, PREFECTURE, PARENT, BODY, FORMER_LOOSE = range(7)
"""How a candidate came about: today's name, a ward by itself, a former name, a prefecture alone, a city with wards,
the municipality that the caller gave, a former name whose 郡 the history does not tell."""
BARE = "bare-city"
"""The seed of the names of cities without their 市, with the prefecture in front (三重県四日市)."""
_SHORT_CITY = 2  # 津, 萩 and the like are too short to be known without their 市


@dataclass(frozen=True)
class CityIndex:
    """Municipality keys: `table` values are groups; group g holds candidates offsets[g]:offsets[g+1]."""

    table: KeyTable
    offsets: Array
    city: Array  # row of the municipality table, -1 for a prefecture alone
    state: Array  # where the town's hash begins (seed of the municipality and a kept former name)
    kind: Array
    pref: Array  # prefecture number 1-47

    @cached_property
    def plain(self) -> Array:
        """For each key its one candidate, -1 where it has several or names no municipality; the last for no key."""
        group = self.table.values
        spot = self.offsets.take(group)
        lone = (self.offsets.take(group + 1) == spot + 1) & (self.kind.take(spot, mode="clip") != PREFECTURE)
        return np.append(np.where(lone, spot, -1), -1)


@dataclass(frozen=True)
class _Candidate:
    name: str
    city: int
    state: np.uint64
    kind: int
    pref: int
    seed: str = "city"


def city_index(cities: pl.DataFrame, history: pl.DataFrame, towns: KeyTable, held: Collection[str]) -> CityIndex:
    """Every way to write a municipality, today's and former, to its candidates, likeliest first.

    `towns`: the towns' keys; `held`: codes of the municipalities that have towns.
    """
    hidden = _stood_in_for(cities, held)
    rows = [r for r in cities.with_row_index("place").to_dicts() if r["place"] not in hidden]
    found: list[_Candidate] = []
    for code, pref in {r["lg"][:2]: r["pref"] for r in rows}.items():
        found.append(_Candidate(pref, -1, seed_of("pref" + code), PREFECTURE, int(code)))
    parents = {(r["lg"][:2], r["city"]) for r in rows if r["ward"]}
    older = _towns_of_older_wards(rows, held)
    for r in rows:
        seed, number = seed_of(r["lg"]), int(r["lg"][:2])
        parent = not r["ward"] and (r["lg"][:2], r["city"]) in parents
        names = _spellings(r["pref"], r["county"], r["name"])
        if not parent and not r["ward"] and r["name"].endswith("市") and len(r["name"]) > _SHORT_CITY:
            found.append(_Candidate(r["pref"] + r["name"][:-1], r["place"], seed, LIVING, number, BARE))
        found += [_Candidate(n, r["place"], seed, PARENT if parent else LIVING, number) for n in names]
        found += [_Candidate(n, r["place"], seed_of(code), LIVING, number) for n in names
                  for code in older.get(r["place"], ())]
        if r["ward"]:
            names = _spellings(r["pref"], "", r["city"])
            found += [_Candidate(n, r["place"], seed, PARENT, number) for n in names]
            found.append(_Candidate(r["ward"], r["place"], seed, WARD, number))
    found += _former(cities, history, towns)
    return _pack(_without_misspelt(found))


def _stood_in_for(cities: pl.DataFrame, held: Collection[str]) -> set[int]:
    """Rows of living municipalities whose name another row has too: files of different years give a ward that was
    founded anew two codes (浜松市天竜区 22137 and 22140). The one with towns stays, of several the newest."""
    named: dict[tuple[str, str, str], list[tuple[bool, str, int]]] = {}
    for place, (code, pref, county, name, ended) in enumerate(
            cities.select("lg", "pref", "county", "name", "ended").iter_rows()):
        if not ended:
            named.setdefault((pref, county, name), []).append((code in held, code, place))
    return {place for same in named.values() for *_, place in sorted(same)[:-1]}


def _towns_of_older_wards(rows: list[dict[str, Any]], held: Collection[str]) -> dict[int, list[str]]:
    """Row of a ward of which the files know no towns yet (浜松市中央区, 2024) -> codes of the city's wards that they
    know: its towns are still listed under one of those."""
    known: dict[tuple[str, str], list[str]] = {}
    bare = []
    for r in rows:
        if r["ward"] and r["lg"] in held:
            known.setdefault((r["lg"][:2], r["city"]), []).append(r["lg"])
        elif r["ward"]:
            bare.append(r)
    return {r["place"]: known.get((r["lg"][:2], r["city"]), []) for r in bare}


def _former(cities: pl.DataFrame, history: pl.DataFrame, towns: KeyTable) -> list[_Candidate]:
    blocks: Mapping[str, str] = county_blocks(cities)
    codes, names = cities["lg"].to_list(), cities["name"].to_list()
    heirs = list(heirs_of(cities, history))
    kept = _kept_states(heirs, codes, towns)
    found = []
    for heir, states in zip(heirs, kept, strict=True):
        county = heir.county or blocks.get(block_of(heir.code), "")
        city = names[heir.place]
        if county and city.endswith("市"):  # 北葛城郡香芝市: the 郡 that its towns left for the city
            found += [_Candidate(before + county + city, heir.place, seed_of(codes[heir.place]), LIVING,
                                 int(codes[heir.place][:2])) for before in (heir.pref, "")]
        loose = not county and heir.name[-1:] in ("町", "村")
        for name in _spellings(heir.pref, county, heir.name):
            found += [_Candidate(name, heir.place, state, FORMER_LOOSE if loose else FORMER, int(codes[heir.place][:2]))
                      for state in states]
    return found


def _spellings(pref: str, county: str, name: str) -> list[str]:
    """With and without prefecture and 郡; the prefecture also without 都府県 (千葉市川市, 福島石川郡石川町)."""
    stem = pref if pref == "北海道" else pref[:-1]
    return list(dict.fromkeys([pref + county + name, pref + name, county + name, name, stem + county + name]))


def _kept_states(heirs: list[Heir], codes: list[str], towns: KeyTable) -> list[list[np.uint64]]:
    """For each heir where its towns' hashes may begin: with what they kept of the former name, then bare."""
    made = []
    for heir in heirs:
        seed = seed_of(codes[heir.place])
        stem = heir.name[:-1] if heir.name[-1:] in "市町村" else heir.name
        kept = [k for k in dict.fromkeys([heir.name, stem, stem + "町"]) if k]
        folded = fold(pl.Series(kept))
        states = [roll_one(seed, tuple(int(t) for t in folded.token[a:b]))
                  for a, b in zip(folded.start, folded.end, strict=True)]
        made.append([*(s for s in states if towns.begins_with(s)), seed])
    return made


def _without_misspelt(found: list[_Candidate]) -> list[_Candidate]:
    """Without the former names that fold to another name of today: 本庄市 is no 本荘市 (秋田県本荘市 stays)."""
    keys = fold_hashes(pl.Series([c.name for c in found], dtype=pl.String)).to_list()
    written: dict[int, set[str]] = {}
    for candidate, key in zip(found, keys, strict=True):
        if candidate.kind in (LIVING, PARENT):
            written.setdefault(key, set()).add(candidate.name)
    return [c for c, key in zip(found, keys, strict=True)
            if c.kind not in (FORMER, FORMER_LOOSE) or c.name in written.get(key, (c.name,))]


def _pack(found: list[_Candidate]) -> CityIndex:
    folded = fold(pl.Series([c.name for c in found], dtype=pl.String))
    hashes, prefixes = roll_rows(folded.token, folded.start, folded.end, np.array([seed_of(c.seed) for c in found], np.uint64))
    order = np.argsort(hashes, kind="stable")
    hashes = hashes[order]
    city = np.array([c.city for c in found], np.int32)[order]
    state = np.array([c.state for c in found], np.uint64)[order]
    kind = np.array([c.kind for c in found], np.uint8)[order]
    pref = np.array([c.pref for c in found], np.uint8)[order]
    first = np.ones(len(hashes), bool)
    first[1:] = hashes[1:] != hashes[:-1]
    group = np.cumsum(first) - 1
    _, once = np.unique(np.stack([group, city.astype(np.int64), state.view(np.int64)]), axis=1, return_index=True)
    once = np.sort(once)
    offsets = np.searchsorted(group[once], np.arange((group[-1] + 1 if len(group) else 0) + 1)).astype(np.int64)
    keys = hashes[first]
    zero = np.zeros(len(keys), np.int64)
    table = KeyTable.make(keys, np.arange(len(keys)), zero.astype(np.uint8), zero, prefixes)
    return CityIndex(table, offsets, city[once], state[once], kind[once], pref[once])
