"""Rows of many sources to one table of towns and one of municipalities, each place once, with the best point known."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.geocode.fold import fold
from pipelines.geocode.keys import roll_rows, seed_of
from pipelines.geocode.layouts import CITY, HISTORY, TOWN, SourceRows, split_chome
from pipelines.geocode.succession import follow_heirs

OAZA, CHOME, KOAZA, ORPHAN_KOAZA, GROUP = 0, 1, 2, 3, 4
"""Kinds of town: 大字・町, 丁目, 小字 below a 大字, 小字 that names none, and a 町 known only by its 丁目."""
ERROR_M = {"building": 20, "block": 50, "parcel": 30, "chome": 200, "koaza": 300, "oaza": 770, "city": 5000}
"""Expected distance of a filled point from the true place: medians of 2,068 shelters of 山口県 (大字) and 338 of
和歌山市 (住居番号, 地番); 丁目 and 小字 from the spacing of neighbouring points."""
PRECISIONS = ("", "block", "building", "parcel", "chome", "koaza", "oaza", "city")
"""Names of a point's precision by number; the first four are also the kinds of lots."""
SOURCES = ("", "mlit", "abr", "geolonia", "post")
_PUBLISHERS = ("abr", "mlit", "geolonia", "post")


@lru_cache(maxsize=4)
def table_file(name: str) -> tuple[dict[str, str], ...]:
    """The rows of one of this room's small knowledge tables (lines with # say source and date)."""
    path = Path(__file__).with_name(name)
    lines = [ln for ln in path.read_text(encoding="utf-8").splitlines() if not ln.startswith("#")]
    return tuple(csv.DictReader(lines))


def gather(sources: Sequence[SourceRows], layout: str) -> list[SourceRows]:
    """The sources of one layout, best publisher first, newer first."""
    order = {name: i for i, name in enumerate(_PUBLISHERS)}
    chosen = [s for s in sources if s.layout == layout]
    return sorted(chosen, key=lambda s: (order.get(s.publisher, 9), _reverse(s.date), s.slot))


def _reverse(date: str) -> str:
    return "".join(chr(0x7E - ord(c) + 0x20) if c.isascii() else c for c in date) or "~"


def join_towns(sources: Sequence[SourceRows]) -> pl.DataFrame:
    """One row a place: lg, pref, county, city, oaza, chome, koaza, mid, kind, lat, lon, precision, source, error_m.

    Coordinates JGD2011 degrees. Places are one when the folded name in the municipality is one.
    """
    parts = []
    for rank, source in enumerate(gather(sources, "town")):
        parts.append(source.frame.select(TOWN).with_columns(rank=pl.lit(rank), publisher=pl.lit(source.publisher)))
    if not parts:
        return _empty_towns()
    rows = pl.concat(parts, how="vertical_relaxed").filter(
        (pl.col("oaza") + pl.col("chome") + pl.col("koaza")).str.strip_chars() != "")
    listed = [s.frame.select(lg="lg", county="county", city=pl.col("city") + pl.col("ward"))
              for s in gather(sources, "city")]
    if listed:
        histories = [s.frame.select(HISTORY) for s in gather(sources, "history")]
        rows = follow_heirs(_repair_codes(rows, sources), pl.concat(listed), histories)
    else:
        rows = _repair_codes(rows, sources)
    rows = _resplit(rows)
    rows = rows.with_columns(
        kind=pl.when((pl.col("koaza") != "") & (pl.col("oaza") == "")).then(ORPHAN_KOAZA)
        .when(pl.col("koaza") != "").then(KOAZA).when(pl.col("chome") != "").then(CHOME).otherwise(OAZA))
    rows = rows.with_columns(group=fold_hashes(rows["oaza"] + rows["chome"] + rows["koaza"]),
                             level=pl.col("kind").replace({CHOME: OAZA}))
    points = [s.frame.select("lg", "mid", plat="lat", plon="lon").drop_nulls() for s in gather(sources, "town-point")]
    if points:
        known = pl.concat(points).unique(["lg", "mid"], keep="first", maintain_order=True)
        rows = rows.join(known, on=["lg", "mid"], how="left", maintain_order="left").with_columns(
            publisher=pl.when(pl.col("lat").is_null() & pl.col("plat").is_not_null()).then(pl.lit("abr"))
            .otherwise("publisher"),
            lat=pl.coalesce("lat", "plat"), lon=pl.coalesce("lon", "plon"))
    rows = rows.sort("rank", maintain_order=True)
    keys = ["lg", "group", "level"]
    rows = rows.with_columns(twin=pl.col("mid").rank("dense").over(["rank", *keys]))
    has_point = pl.col("lat").is_not_null() & pl.col("lon").is_not_null()
    first = {c: pl.col(c).first() for c in ("pref", "county", "city", "oaza", "chome", "koaza", "kind")}
    towns = rows.group_by([*keys, "twin"], maintain_order=True).agg(
        **first, mid=pl.col("mid").filter(pl.col("mid") != "").first().fill_null(""),
        lat=pl.col("lat").filter(has_point).first(), lon=pl.col("lon").filter(has_point).first(),
        source=pl.col("publisher").filter(has_point).first().fill_null(""),
        rsdt=(pl.col("rsdt") == "1").any())
    towns = _without_renamed(towns)
    towns = pl.concat([towns, _groups(towns)], how="diagonal_relaxed")
    towns = _precision(_inherit(towns.sort("lg", "kind", "oaza", "chome", "koaza", "mid")))
    level = pl.col("kind").replace_strict({OAZA: 3, GROUP: 3}, default=4, return_dtype=pl.Int8)
    return towns.select(
        "lg", "pref", "county", "city", "oaza", "chome", "koaza", pl.col("mid").replace({"": None}), "kind", "lat",
        "lon", "precision", "source", "error_m", "rsdt", "parent", level=level,
        name=pl.col("oaza") + pl.col("chome") + pl.col("koaza"),
        precision_no=pl.col("precision").replace_strict(
            {p: i for i, p in enumerate(PRECISIONS)}, default=0, return_dtype=pl.UInt8),
        source_no=pl.col("source").replace_strict(
            {p: i for i, p in enumerate(SOURCES)}, default=0, return_dtype=pl.UInt8))


def with_blank(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows and one more: blank text, null elsewhere; row number -1 then means none."""
    blank = {c: "" if t == pl.String and c != "mid" else None for c, t in rows.schema.items()}
    return pl.concat([rows, pl.DataFrame([blank], schema=rows.schema)])


def _empty_towns() -> pl.DataFrame:
    text = dict.fromkeys(("lg", "pref", "county", "city", "oaza", "chome", "koaza", "mid"), pl.String)
    return pl.DataFrame(schema={**text, "kind": pl.Int32, "lat": pl.Float64, "lon": pl.Float64,
                                "precision": pl.String, "source": pl.String, "error_m": pl.Int64, "rsdt": pl.Boolean,
                                "parent": pl.Int64, "level": pl.Int8, "name": pl.String,
                                "precision_no": pl.UInt8, "source_no": pl.UInt8})


def _repair_codes(rows: pl.DataFrame, sources: Sequence[SourceRows]) -> pl.DataFrame:
    """Rows with a blank municipality code take it from the other rows of the same prefecture and (folded) name."""
    good = pl.col("lg").str.contains(r"^(0[1-9]|[1-3][0-9]|4[0-7])[0-9]{4}$")
    if rows.select(good.all()).item():
        return rows
    bad = rows.filter(~good)
    named = rows.filter(good).select("lg", "pref", "city").unique(maintain_order=True)
    listed = [s.frame.select("lg", "pref", city=pl.col("city") + pl.col("ward")) for s in gather(sources, "city")]
    named = pl.concat([named, *listed]).unique(["pref", "city"], keep="first", maintain_order=True)
    named = named.with_columns(fold_hashes(named["pref"] + named["city"]).alias("whose")).unique(
        "whose", keep="first").select("whose", right="lg")
    mended = bad.with_columns(fold_hashes(bad["pref"] + bad["city"]).alias("whose")).join(
        named, on="whose", how="inner", maintain_order="left").with_columns(lg="right").drop("whose", "right")
    return pl.concat([rows.filter(good), mended])


def fold_hashes(names: pl.Series) -> pl.Series:
    """One number for each name, equal for names that fold to the same tokens."""
    folded = fold(names)
    return pl.Series("hash", roll_rows(folded.token, folded.start, folded.end,
                                       np.full(names.len(), seed_of("name")))[0])


def _resplit(rows: pl.DataFrame) -> pl.DataFrame:
    """A 丁目 or 字 that stands inside oaza moves to its own column, whatever the publisher's layout."""
    oaza, chome = split_chome(pl.col("oaza"))
    alone = (pl.col("chome") == "") & (pl.col("koaza") == "")
    rows = rows.with_columns(oaza=pl.when(alone).then(oaza).otherwise("oaza"),
                             chome=pl.when(alone).then(chome).otherwise("chome"))
    below = alone & (pl.col("chome") == "") & pl.col("oaza").str.contains(r"^大字[^字]+字.+$")
    return rows.with_columns(
        oaza=pl.when(below).then(pl.col("oaza").str.extract(r"^(大字[^字]+)字")).otherwise("oaza"),
        koaza=pl.when(below).then(pl.col("oaza").str.extract(r"^大字[^字]+(字.+)$")).otherwise("koaza"))


def _without_renamed(towns: pl.DataFrame) -> pl.DataFrame:
    """A town under its former name goes where the new name is there too (renamed_towns.csv)."""
    for change in table_file("renamed_towns.csv"):
        here = (pl.col("pref") == change["pref"]) & (pl.col("city") == change["city"])
        if towns.filter(here & (pl.col("oaza") == change["new"])).height:
            towns = towns.filter(~(here & (pl.col("oaza") == change["old"])))
    return towns


def _groups(towns: pl.DataFrame) -> pl.DataFrame:
    """A 町 that the sources know only through its 丁目: the mean of their points."""
    whole = towns.filter(pl.col("kind") == OAZA).select("lg", "oaza").unique()
    return (
        towns.filter(pl.col("kind") == CHOME).join(whole, on=["lg", "oaza"], how="anti")
        .group_by("lg", "oaza", maintain_order=True)
        .agg(pl.col("pref", "county", "city").first(), mid=pl.col("mid").filter(pl.col("mid") != "").first(),
             lat=pl.col("lat").mean(), lon=pl.col("lon").mean(), source=pl.col("source").max(),
             rsdt=pl.col("rsdt").any())
        .with_columns(kind=pl.lit(GROUP, pl.Int32), chome=pl.lit(""), koaza=pl.lit(""),
                      mid=(pl.col("mid").str.slice(0, 4) + "000").fill_null(""),
                      source=pl.when(pl.col("lat").is_null()).then(pl.lit("")).otherwise("source"))
    )


def _inherit(towns: pl.DataFrame) -> pl.DataFrame:
    """A 小字 without a point of its own takes its 大字's, and says so in its precision; `parent` is that row."""
    towns = towns.with_row_index("place").with_columns(pl.col("place").cast(pl.Int64))
    above = towns.filter(pl.col("kind").is_in([OAZA, GROUP, CHOME])).select(
        "lg", "oaza", up_chome="chome", parent="place", up_lat="lat", up_lon="lon", up_source="source").unique(
        ["lg", "oaza", "up_chome"], keep="first", maintain_order=True)
    joined = towns.join(above, left_on=["lg", "oaza", "chome"], right_on=["lg", "oaza", "up_chome"], how="left",
                        maintain_order="left")
    koaza = pl.col("kind") == KOAZA
    lacks = koaza & pl.col("lat").is_null()
    return joined.with_columns(
        parent=pl.when(koaza).then("parent").otherwise(None), borrowed=lacks & pl.col("up_lat").is_not_null(),
        lat=pl.when(lacks).then("up_lat").otherwise("lat"), lon=pl.when(lacks).then("up_lon").otherwise("lon"),
        source=pl.when(lacks).then(pl.col("up_source").fill_null("")).otherwise("source"))


def _precision(towns: pl.DataFrame) -> pl.DataFrame:
    exact = pl.col("kind").replace_strict(
        {OAZA: "oaza", CHOME: "chome", KOAZA: "koaza", ORPHAN_KOAZA: "koaza", GROUP: "oaza"}, return_dtype=pl.String)
    below = pl.when(pl.col("chome") != "").then(pl.lit("chome")).otherwise(pl.lit("oaza"))
    named = pl.when(pl.col("lat").is_null()).then(pl.lit("")).when("borrowed").then(below).otherwise(exact)
    return towns.with_columns(precision=named).with_columns(
        error_m=pl.col("precision").replace_strict(ERROR_M, default=None, return_dtype=pl.Int64),
        kind=pl.col("kind").cast(pl.Int32), place=None)


def join_cities(sources: Sequence[SourceRows], towns: pl.DataFrame) -> pl.DataFrame:
    """One row a municipality or ward: lg, pref, county, city (without ward), ward, name, ended, lat, lon."""
    parts = [s.frame.select(CITY) for s in gather(sources, "city")]
    named = towns.select("lg", "pref", "county", "city").unique("lg", keep="first", maintain_order=True)
    ward = pl.col("city").str.extract(r"^.+?市(.+区)$", 1).fill_null("")
    named = named.with_columns(ward=ward, ended=pl.lit("")).with_columns(
        city=pl.when(pl.col("ward") != "").then(pl.col("city").str.extract(r"^(.+?市).+区$", 1)).otherwise("city"))
    cities = pl.concat([*parts, named.select(CITY)]).filter(pl.col("lg").str.len_chars() == 6)
    cities = cities.unique("lg", keep="first", maintain_order=True)
    points = [s.frame for s in gather(sources, "city-point")]
    if points:
        known = pl.concat([p.select("lg", "lat", "lon") for p in points]).unique("lg", keep="first")
        cities = cities.join(known, on="lg", how="left")
    else:
        cities = cities.with_columns(lat=pl.lit(None, pl.Float64), lon=pl.lit(None, pl.Float64))
    return cities.with_columns(name=pl.col("city") + pl.col("ward")).sort("lg")


def county_blocks(cities: pl.DataFrame) -> Mapping[str, str]:
    """JIS X 0402 gives each 郡 a block of 20 codes: first four digits and block number -> 郡 of today's members."""
    blocks: dict[str, set[str]] = {}
    for code, county in cities.filter(pl.col("county") != "").select("lg", "county").iter_rows():
        blocks.setdefault(block_of(code), set()).add(county)
    return {block: next(iter(names)) for block, names in blocks.items() if len(names) == 1}


def block_of(code: str) -> str:
    """The 郡 block of a municipality code (5 or 6 digits); "" for cities."""
    if len(code) < 5 or not code[:5].isascii() or not code[:5].isdigit() or int(code[2:5]) <= 300:
        return ""
    return f"{code[:2]}-{(int(code[2:5]) - 301) // 20}"
