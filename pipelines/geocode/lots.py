"""街区, 住居番号 and 地番 with points to one hashed table: (town, numbers) -> point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.geocode.fold import fold
from pipelines.geocode.keys import KeyTable, map_array, roll_rows, seed_of
from pipelines.geocode.layouts import SourceRows

Array = np.ndarray[Any, np.dtype[Any]]
BLOCK, BUILDING, PARCEL = 1, 2, 3
_SCALE = 1e7


@dataclass(frozen=True)
class LotTable:
    """`table` values are rows of the other arrays: kind (BLOCK, BUILDING, PARCEL), lat and lon in 1e-7 degrees."""

    table: KeyTable
    kind: Array
    lat: Array
    lon: Array
    publisher: Array  # 1 mlit, 2 abr: places of `places.SOURCES`

    def save(self, folder: Path) -> None:
        self.table.save(folder, "lots")
        for part in ("kind", "lat", "lon", "publisher"):
            np.save(folder / f"lots-{part}.npy", getattr(self, part))

    @classmethod
    def open(cls, folder: Path) -> LotTable:
        return cls(KeyTable.open(folder, "lots"), *(map_array(folder / f"lots-{part}.npy")
                                                    for part in ("kind", "lat", "lon", "publisher")))


def town_seeds(town: Array) -> Array:
    """The start of a lot's hash for each town row."""
    seed = np.uint64(seed_of("lot"))
    mixed = (town.astype(np.uint64) + np.uint64(1)) * np.uint64(0xD6E8FEB86659FD93) ^ seed
    mixed ^= mixed >> np.uint64(29)
    return mixed


def build_lots(sources: Sequence[SourceRows], towns: pl.DataFrame, cities: pl.DataFrame) -> LotTable:
    """All lots with a point; a 地番 of a 小字 is also known under its 大字 where it stands there once."""
    place = towns.select("lg", "mid", town=pl.int_range(pl.len(), dtype=pl.Int64), up="parent").filter(
        pl.col("mid").is_not_null()).unique(["lg", "mid"], keep="first", maintain_order=True)
    frames = [*_official(sources, place), *_street_blocks(sources, towns, cities)]
    frames = [f for f in frames if f.height]
    if not frames:
        return _make(pl.DataFrame(schema={"town": pl.Int64, "number": pl.String, "kind": pl.Int64, "lat": pl.Float64,
                                          "lon": pl.Float64, "publisher": pl.Int64}))
    lots = pl.concat([f.select("town", "number", "kind", "lat", "lon", "publisher") for f in frames])
    above = pl.concat([f.filter(pl.col("up").is_not_null() & (pl.col("kind") == PARCEL)).select(
        pl.col("up").alias("town"), "number", "kind", "lat", "lon", "publisher") for f in frames])
    once = above.filter(pl.len().over("town", "number") == 1)
    lots = pl.concat([lots, once.join(lots, on=["town", "number", "kind"], how="anti")])
    return _make(lots)


def _official(sources: Sequence[SourceRows], place: pl.DataFrame) -> list[pl.DataFrame]:
    """ABR 住居表示 and 地番 rows, joined with their points (the numbers are in the ids where the list is not given)."""
    made = []
    for kind in ("rsdt", "parcel"):
        points = [s.frame for s in sources if s.layout == "lot-point" and s.publisher == f"abr-{kind}"]
        lists = [s.frame for s in sources if s.layout == "lot" and s.publisher == f"abr-{kind}"]
        if not points:
            continue
        point = pl.concat(points).drop_nulls(["lat", "lon"]).unique(["lg", "mid", "id"], keep="first",
                                                                    maintain_order=True)
        if lists:
            listed = pl.concat(lists).drop("kind").unique(["lg", "mid", "id"], keep="first", maintain_order=True)
            point = point.join(listed, on=["lg", "mid", "id"], how="left", maintain_order="left")
        else:
            point = point.with_columns(n1=None, n2=None, n3=None)
        point = point.with_columns(_id_numbers(kind)).join(place, on=["lg", "mid"], how="inner", maintain_order="left")
        numbers = pl.concat_str([pl.col(n).fill_null("") for n in ("n1", "n2", "n3")],
                                separator="-").str.strip_chars("-")
        whole = point.with_columns(number=numbers, kind=pl.lit(BUILDING if kind == "rsdt" else PARCEL, pl.Int64),
                                   publisher=pl.lit(2, pl.Int64))
        made.append(whole)
        if kind == "rsdt":
            made.append(whole.group_by("town", "n1", maintain_order=True).agg(pl.col("lat", "lon").mean(), pl.col(
                "up").first()).with_columns(number=pl.col("n1"), kind=pl.lit(BLOCK, pl.Int64),
                                            publisher=pl.lit(2, pl.Int64)))
    return made


def _id_numbers(kind: str) -> list[pl.Expr]:
    ids = pl.col("id")
    if kind == "rsdt":
        parts = [ids.str.split("/").list.get(i, null_on_oob=True).str.strip_chars_start("0") for i in range(3)]
    else:
        parts = [ids.str.slice(5 * i, 5).str.strip_chars_start("0") for i in range(3)]
    return [pl.coalesce(f"n{i + 1}", part).fill_null("").alias(f"n{i + 1}") for i, part in enumerate(parts)]


def _street_blocks(sources: Sequence[SourceRows], towns: pl.DataFrame, cities: pl.DataFrame) -> list[pl.DataFrame]:
    """MLIT 街区レベル rows, matched to towns by name."""
    blocks = [s.frame for s in sources if s.layout == "block"]
    if not blocks or towns.height == 0:
        return []
    rows = pl.concat(blocks).drop_nulls(["lat", "lon"])
    code = pl.concat([cities.select("lg", pref="pref", city="name"),
                      cities.select("lg", pref="pref", city=pl.col("county") + pl.col("name"))]).unique(
        ["pref", "city"], keep="first", maintain_order=True)
    rows = rows.join(code, on=["pref", "city"], how="inner", maintain_order="left")
    full = towns.select("lg", "koaza", full=pl.col("oaza") + pl.col("chome"),
                        town=pl.int_range(pl.len(), dtype=pl.Int64), up="parent")
    wanted = rows.select("lg", "town", "koaza").unique(maintain_order=True)
    exact = _match_names(wanted, full)
    rows = rows.rename({"town": "full"}).join(exact, on=["lg", "full", "koaza"], how="inner", maintain_order="left")
    kind = pl.when(pl.col("rsdt") == "1").then(BLOCK).otherwise(PARCEL).cast(pl.Int64)
    return [rows.with_columns(number=pl.col("n1"), kind=kind, publisher=pl.lit(1, pl.Int64)).unique(
        ["town", "number", "kind"], keep="first", maintain_order=True)]


def _match_names(wanted: pl.DataFrame, full: pl.DataFrame) -> pl.DataFrame:
    """(lg, full, koaza) as a block file writes them -> town row, by folded names; an unknown 小字 is its 大字."""
    def keyed(frame: pl.DataFrame, name: pl.Expr) -> pl.Series:
        folded = fold(frame.select(name).to_series())
        seeds = np.full(frame.height, seed_of("name"))
        return pl.Series("key", roll_rows(folded.token, folded.start, folded.end, seeds)[0])
    known = full.with_columns(keyed(full, pl.col("full") + pl.col("koaza"))).unique(
        ["lg", "key"], keep="first", maintain_order=True).select("lg", "key", "town", "up")
    wanted = wanted.rename({"town": "full"})
    long = wanted.with_columns(keyed(wanted, pl.col("full") + pl.col("koaza"))).join(
        known, on=["lg", "key"], how="left")
    short = wanted.with_columns(keyed(wanted, pl.col("full"))).join(known, on=["lg", "key"], how="left")
    return long.with_columns(town=pl.coalesce("town", short["town"])).drop_nulls("town").select(
        "lg", "full", "koaza", "town", "up")


def _make(lots: pl.DataFrame) -> LotTable:
    folded = fold(lots["number"])
    kinds = lots["kind"].to_numpy()
    hashes, prefixes = roll_rows(folded.token, folded.start, folded.end, town_seeds(lots["town"].to_numpy()))
    useful = folded.end > folded.start
    rows = np.flatnonzero(useful)
    ranks = np.select([kinds == BUILDING, kinds == BLOCK], [0, 1], 2)
    table = KeyTable.make(hashes[rows], rows, np.zeros(len(rows), np.uint8), ranks[rows], prefixes)
    scaled = {c: np.round(lots[c].to_numpy() * _SCALE).astype(np.int32) for c in ("lat", "lon")}
    return LotTable(table, kinds.astype(np.uint8), scaled["lat"], scaled["lon"],
                    lots["publisher"].to_numpy().astype(np.uint8))
