"""Municipal history to heirs: which municipality of today holds the area and the towns of one that is gone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.geocode.layouts import HISTORY, read_history


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


def shipped_history() -> pl.DataFrame:
    """The history that ships (columns of `HISTORY`; several heirs with a blank between), so that old addresses work
    without more files: mergers_yamaguchi.csv, the former municipalities of 山口県, and wards_changed.csv."""
    wards = _changed_wards().select(HISTORY).group_by(
        [c for c in HISTORY if c != "heir"], maintain_order=True).agg(pl.col("heir").str.join(" "))
    return pl.concat([_shipped("mergers_yamaguchi.csv").select(HISTORY), wards.select(HISTORY)])


def _shipped(name: str) -> pl.DataFrame:
    frame = pl.read_csv(Path(__file__).with_name(name), infer_schema=False, comment_prefix="#").with_columns(
        pl.all().fill_null(""))
    return frame.hstack(read_history(frame))


def _changed_wards() -> pl.DataFrame:
    return _shipped("wards_changed.csv")


def follow_heirs(rows: pl.DataFrame, listed: pl.DataFrame, histories: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Towns of a file that is older than a change of its municipality go to the only heir (那珂川町 -> 那珂川市, 2018): where
    the history says when it ended, and the list of municipalities has the heir and no longer the old one.

    `rows`: towns with lg, county, city, oaza, mid; `listed`: lg, county and city (with ward) of the municipalities of
    today; `histories`: frames with the columns of `HISTORY`. The towns of a ward that was split go where
    wards_changed.csv says. Where several became one, their 町字ID are not its own and are left blank.
    """
    today = listed.select(code=pl.col("lg").str.slice(0, 5), heir_lg="lg", heir_county="county", heir_city="city").unique(
        "code", keep="first", maintain_order=True)
    ended = pl.concat([shipped_history(), *histories]).filter(
        (pl.col("ended") != "") & pl.col("heir").str.contains(r"^[0-9]{5}$")).select("code", "heir")
    towns = _changed_wards().select("code", "heir", town=pl.col("町").str.split(" ")).explode("town")
    split = towns.filter((pl.col("town") != "") | (pl.col("heir").n_unique().over("code") > 1))
    moved = pl.concat([ended.unique().unique("code", keep="none").with_columns(town=pl.lit("")), split]).join(
        today, on="code", how="anti").join(today, left_on="heir", right_on="code", how="inner")
    codes = rows["lg"].str.slice(0, 5)
    gone = moved.filter(pl.col("code").is_in(codes.unique().implode()))
    if not gone.height:
        return rows
    shared = pl.col("code").n_unique().over("heir") + pl.col("heir").n_unique().over("code") > 2
    gone = gone.with_columns(several=shared).drop("heir")
    joined = rows.with_columns(code=codes)
    for named, keys in ((gone.filter(pl.col("town") != ""), (["code", "oaza"], ["code", "town"])),
                        (gone.filter(pl.col("town") == "").drop("town"), (["code"], ["code"]))):
        joined = joined.join(named, left_on=keys[0], right_on=keys[1], how="left", maintain_order="left")
        joined = joined.with_columns(
            lg=pl.coalesce("heir_lg", "lg"), county=pl.coalesce("heir_county", "county"),
            city=pl.coalesce("heir_city", "city"), mid=pl.when(pl.col("several")).then(pl.lit("")).otherwise("mid"),
            code=pl.when(pl.col("heir_lg").is_null()).then("code")).select(*rows.columns, "code")
    return joined.select(rows.columns)
