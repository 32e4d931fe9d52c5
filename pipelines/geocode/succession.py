"""Municipal history to heirs: which municipality of today holds the area of one that is gone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Heir:
    """A former municipality and one municipality of today (`place`: its row) that holds its area."""

    code: str  # code of the former one, 5 digits
    pref: str
    county: str  # "" where the source does not say
    name: str
    ended: str
    place: int


def heirs_of(cities: pl.DataFrame, history: pl.DataFrame) -> Iterator[Heir]:
    """Follow 継承先 from each former name to the living; a city that became wards has all its wards as heirs."""
    if history.height == 0:
        return
    places: dict[str, int] = {}
    wards: dict[tuple[str, str], list[int]] = {}
    for i, (lg, city, ward, ended) in enumerate(cities.select("lg", "city", "ward", "ended").iter_rows()):
        if not ended:
            places[lg[:5]] = i
            if ward:
                wards.setdefault((lg[:2], city), []).append(i)
    names = {lg[:5]: name for lg, name in cities.select("lg", "name").iter_rows()}
    city_of = {lg[:5]: city for lg, city in cities.select("lg", "city").iter_rows()}
    next_code: dict[str, list[str]] = {}
    rows = history.to_dicts()
    for r in rows:
        if r["ended"] and r["heir"]:
            next_code.setdefault(r["code"], []).extend(h for h in re.findall("[0-9]{5}", r["heir"]))
    for r in rows:
        name = (r["city"] or "") + (r["ward"] or "")
        if not name or (not r["ended"]) or names.get(r["code"]) == name:
            continue
        targets = re.findall("[0-9]{5}", r["heir"] or "") or [r["code"]]
        for code in _living(targets, next_code, places):
            whole = wards.get((code[:2], city_of.get(code, "")), []) if names.get(code) == city_of.get(code) else []
            for place in whole or [places[code]]:
                yield Heir(r["code"], r["pref"], r["county"] or "", name, r["ended"], place)


def _living(codes: list[str], next_code: dict[str, list[str]], places: dict[str, int]) -> list[str]:
    found: dict[str, None] = {}
    waiting, seen = list(codes), set()
    while waiting:
        code = waiting.pop(0)[:5]
        if code in seen:
            continue
        seen.add(code)
        if code in places:
            found[code] = None
        else:
            waiting += next_code.get(code, [])
    return list(found)
