"""Address data files to one compact local store, and the store to memory-mapped tables.

Layout of the folder: `sources/` keeps the rows of each file that was added, `areas/` the boundaries, `index-<digest>/`
the tables that the matcher maps into memory, `store.json` names the index in use and where everything came from.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.errors import SourceError
from pipelines.geocode import places
from pipelines.geocode.areas import add_areas, area_bytes
from pipelines.geocode.bodies import CityIndex, city_index
from pipelines.geocode.fold import fold
from pipelines.geocode.index import seeds_of, town_keys
from pipelines.geocode.keys import KeyTable, map_array, roll_rows, seed_of
from pipelines.geocode.layouts import HISTORY, SourceRows, read_source
from pipelines.geocode.lots import LotTable, build_lots
from pipelines.geocode.state import FORMAT, kept_rows, read_state, unwritable, write_state
from pipelines.geocode.succession import shipped_history
from pipelines.geocode.town_table import TownTable

Array = np.ndarray[Any, np.dtype[Any]]
_PARTS = ("towns.arrow", "town-city_row.npy", "town-lat.npy", "cities.arrow", "names-ends.npy", "wide-ends.npy",
          "bodies-ends.npy", "city-pref.npy", "lots-publisher.npy")
_CITY_ARRAYS = ("offsets", "city", "state", "kind", "pref")


@dataclass(frozen=True)
class Report:
    """What `build_gazetteer` did: files read (name, layout, rows), and the rows of the store now."""

    folder: Path
    added: tuple[Mapping[str, Any], ...]
    towns: int
    cities: int
    lots: int
    size_bytes: int
    credits: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gazetteer:
    """An opened store. All tables are memory-mapped; nothing is read before it is needed."""

    folder: Path
    provenance: Mapping[str, Any]
    town: TownTable = field(repr=False)
    city_rows: pl.DataFrame = field(repr=False)  # the municipalities and, last, a blank row for "none"
    names: KeyTable = field(repr=False)
    wide: KeyTable = field(repr=False)
    city: CityIndex = field(repr=False)
    lots: LotTable = field(repr=False)

    @classmethod
    def open(cls, folder: Path) -> Gazetteer:
        """Open the store in `folder`. SourceError `gazetteer-missing` when there is none."""
        if Gazetteer.outdated(folder):
            raise _outdated(folder)
        state = read_state(folder)
        if not state.get("index"):
            raise _missing(folder)
        index = folder / state["index"]
        try:
            arrays = [map_array(index / f"city-{name}.npy") for name in _CITY_ARRAYS]
            return cls(folder, state, TownTable.open(index),
                       pl.read_ipc(index / "cities.arrow"), KeyTable.open(index, "names"),
                       KeyTable.open(index, "wide"), CityIndex(KeyTable.open(index, "bodies"), *arrays),
                       LotTable.open(index))
        except (OSError, ValueError, EOFError, pl.exceptions.PolarsError) as problem:
            raise SourceError("gazetteer-broken", "住所データの保存場所が壊れています。",
                              "The address data store is damaged.",
                              todo_ja="kokai gazetteer add でもう一度作ってください。",
                              todo_en="Make it again with kokai gazetteer add.", where=str(folder)) from problem

    @cached_property
    def towns(self) -> pl.DataFrame:
        """One row a town, as `places.join_towns` makes them."""
        return self.town.frame()

    @cached_property
    def cities(self) -> pl.DataFrame:
        """One row a municipality or ward, as `places.join_cities` makes them."""
        return self.city_rows.head(self.city_rows.height - 1)

    @staticmethod
    def exists(folder: Path) -> bool:
        """True if there is a store in `folder` that this version can open."""
        state = read_state(folder)
        return bool(state.get("index")) and _has_parts(folder, state)

    @staticmethod
    def outdated(folder: Path) -> bool:
        """True if the store in `folder` was made by another version, so that it must be made again."""
        try:
            raw = json.loads((folder / "store.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        return isinstance(raw, dict) and bool(raw.get("index")) and (
            raw.get("format") != FORMAT or not _has_parts(folder, raw))

    def same_body(self, code: str, body: str) -> bool:
        """True if `code` is the body's own code or one of its wards."""
        if code[:5] == body[:5]:
            return True
        ward, whole = self.city_row(code), self.city_row(body)
        return ward >= 0 and self.parent_city(ward) == whole >= 0

    @property
    def credits(self) -> tuple[str, ...]:
        """The credit lines that go with anything made from this store's points."""
        return tuple(sorted({str(s["credit"]) for s in self.provenance["sources"] if s["layout"] != "area"}))

    def credit_of(self, source: str) -> str:
        """The credit line of one source label as it stands in a point's `source` (mlit, abr, geolonia)."""
        for entry in self.provenance["sources"]:
            if str(entry["publisher"]).split("-")[0] == source:
                return str(entry["credit"])
        return ""

    @cached_property
    def has_lots(self) -> bool:
        """True if the store knows points of 街区, 住居番号 or 地番."""
        return len(self.lots.table.hashes) > 0

    @cached_property
    def city_point(self) -> tuple[Array, Array]:
        """lat and lon (NaN for none) of each municipality row; the last row is blank."""
        return self.city_rows["lat"].to_numpy(), self.city_rows["lon"].to_numpy()

    @cached_property
    def place_names(self) -> pl.DataFrame:
        """Names of the municipalities, then a blank row for "none", then the prefectures 1-47 alone."""
        bodies = self.city_rows.select("pref", "county", city="name", city_code="lg")
        blank = bodies.tail(1)
        alone = [blank.with_columns(pref=pl.lit(self.pref_names.get(i, ""))) for i in range(1, 48)]
        return pl.concat([bodies, *alone]).rechunk()

    @cached_property
    def city_pref(self) -> Array:
        """For each municipality its prefecture number."""
        return self.cities["lg"].str.slice(0, 2).cast(pl.Int64).to_numpy()

    @cached_property
    def city_seed(self) -> Array:
        """For each municipality where its towns' hashes begin."""
        return np.array([seed_of(code) for code in self.cities["lg"].to_list()], np.uint64)

    @cached_property
    def pref_names(self) -> Mapping[int, str]:
        """Prefecture number -> name."""
        rows = self.cities.select("lg", "pref").unique("pref", maintain_order=True).iter_rows()
        return {int(lg[:2]): pref for lg, pref in rows}

    @cached_property
    def in_kyoto(self) -> Array:
        """For each municipality whether it is 京都市 or one of its wards."""
        return self.cities["lg"].str.starts_with("261").to_numpy()

    @cached_property
    def county_keys(self) -> Array:
        """Hashes of the 郡 that have members today, each from the seed of its prefecture's number ("35")."""
        living = self.cities.filter((pl.col("county") != "") & (pl.col("ended").fill_null("") == ""))
        named = living.select("county", pref=pl.col("lg").str.slice(0, 2)).unique(maintain_order=True)
        told = fold(named["county"])
        return roll_rows(told.token, told.start, told.end, seeds_of(named["pref"], ""))[0]

    @cached_property
    def written_alike(self) -> Mapping[int, str]:
        """Row -> name of the municipalities whose name folds to that of another one (鹿嶋市, 鹿島市)."""
        rows = self.cities.select("name", place=pl.int_range(pl.len()), key=places.fold_hashes(self.cities["name"]))
        same = rows.filter(pl.col("name").n_unique().over("key") > 1)
        return dict(same.select("place", "name").iter_rows())

    def parent_city(self, place: int) -> int:
        """The row of the city that a ward belongs to, -1 when the store has none."""
        return self._parents.get(place, -1)

    @cached_property
    def _parents(self) -> Mapping[int, int]:
        rows = self.cities.select("lg", "city", "ward").rows()
        whole = {(lg[:2], city): i for i, (lg, city, ward) in enumerate(rows) if not ward}
        return {i: whole.get((lg[:2], city), -1) for i, (lg, city, ward) in enumerate(rows)}

    def city_row(self, code: str | None) -> int:
        """The row of a municipality code (6 digits, or 5), -1 when it is not here."""
        if not code:
            return -1
        return self._city_places.get(code[:5], -1)

    @cached_property
    def _city_places(self) -> Mapping[str, int]:
        return {lg[:5]: i for i, lg in enumerate(self.cities["lg"].to_list())}


def default_gazetteer_folder(environ: Mapping[str, str]) -> Path:
    """$XDG_DATA_HOME/kokai/gazetteer, else ~/.local/share/kokai/gazetteer."""
    given = environ.get("XDG_DATA_HOME", "")
    if given.startswith("/"):
        return Path(given) / "kokai" / "gazetteer"
    return Path(environ.get("HOME", "/")) / ".local" / "share" / "kokai" / "gazetteer"


def _missing(folder: Path) -> SourceError:
    return SourceError("gazetteer-missing", "住所データがまだありません。", "There is no address data yet.",
                       todo_ja="kokai gazetteer add ファイル… で、位置参照情報などの配布ファイルを追加してください。",
                       todo_en="Add downloaded files of 位置参照情報 etc. with kokai gazetteer add FILE…",
                       where=str(folder))


def _outdated(folder: Path) -> SourceError:
    return SourceError("gazetteer-outdated", "住所データの保存形式が今の版と違うか、一部のファイルがありません。",
                       "The address data store was made by another version, or files of it are missing.",
                       todo_ja="kokai gazetteer add ファイル… で、配布ファイルをもう一度追加してください。",
                       todo_en="Add the downloaded files again with kokai gazetteer add FILE….", where=str(folder))


def _has_parts(folder: Path, state: Mapping[str, Any]) -> bool:
    return all((folder / str(state["index"]) / part).is_file() for part in _PARTS)


def build_gazetteer(files: Sequence[Path], folder: Path) -> Report:
    """Read official files and add them to the store in `folder`; a newer file of the same kind and area replaces.

    Boundaries (N03) go to `folder/areas`, all else into the index of addresses.

    SourceError when a file is none of the known layouts (the store then stays as it was), or the folder takes no files.
    """
    try:
        return _build(files, folder)
    except OSError as problem:
        raise unwritable(folder, problem) from problem


def _build(files: Sequence[Path], folder: Path) -> Report:
    outlines = {path: data for path in files if (data := area_bytes(path)) is not None}
    read = [rows for path in files if path not in outlines for rows in read_source(path)]
    state = read_state(folder)
    kept = {entry["slot"]: entry for entry in state["sources"]}
    (folder / "sources").mkdir(parents=True, exist_ok=True)
    added = [entry for path, data in outlines.items() for entry in add_areas(path, data, folder)]
    kept.update({entry["slot"]: entry for entry in added})
    for rows in read:
        entry = {"slot": rows.slot, "layout": rows.layout, "publisher": rows.publisher, "credit": rows.credit,
                 "area": rows.area, "date": rows.date, "file": rows.name, "sha256": rows.sha256,
                 "rows": rows.frame.height}
        rows.frame.write_parquet(folder / "sources" / f"{rows.slot}.parquet")
        kept[rows.slot] = entry
        added.append(entry)
    sources = [kept[slot] for slot in sorted(kept)]
    if read or (any(e["layout"] != "area" for e in sources) and not Gazetteer.exists(folder)):
        return _write_index(folder, sources, tuple(added), str(state.get("index", "")))
    state = {**dict.fromkeys(("towns", "cities", "lots", "size_bytes"), 0), **state, "sources": sources}
    write_state(folder, state)
    return Report(folder, tuple(added), state["towns"], state["cities"], state["lots"], state["size_bytes"],
                  tuple(sorted({str(e["credit"]) for e in sources})))


def _write_index(folder: Path, everything: list[dict[str, Any]], added: tuple[Mapping[str, Any], ...],
                 old: str) -> Report:
    sources = [e for e in everything if e["layout"] != "area"]
    digest = hashlib.sha256(json.dumps([FORMAT, sources], sort_keys=True).encode()).hexdigest()[:12]
    rows = [SourceRows(e["layout"], e["publisher"], e["credit"], e["area"], e["date"], e["file"], e["sha256"],
                       kept_rows(folder, e)) for e in sources]
    towns = places.join_towns(rows)
    cities = places.join_cities(rows, towns)
    history = pl.concat([shipped_history(), *(s.frame.select(HISTORY) for s in places.gather(rows, "history"))])
    history = history.unique(["code", "city", "ward"], keep="first", maintain_order=True)
    names, wide = town_keys(towns)
    city = city_index(cities, history, names, set(towns["lg"].unique()))
    lots = build_lots(rows, towns, cities)
    target = folder / f"index-{digest}"
    scratch = folder / f"index-{digest}.part"
    for leftover in (scratch, target):
        if leftover.exists():
            shutil.rmtree(leftover)
    scratch.mkdir(parents=True)
    TownTable.save(scratch, towns, cities)
    places.with_blank(cities).write_ipc(scratch / "cities.arrow", compression="uncompressed")
    names.save(scratch, "names")
    wide.save(scratch, "wide")
    city.table.save(scratch, "bodies")
    for part in _CITY_ARRAYS:
        np.save(scratch / f"city-{part}.npy", getattr(city, part))
    lots.save(scratch)
    os.replace(scratch, target)
    size = sum(p.stat().st_size for p in target.iterdir())
    state = {"format": FORMAT, "index": target.name, "sources": everything, "towns": towns.height,
             "cities": cities.height, "lots": len(lots.table.hashes), "size_bytes": size}
    write_state(folder, state)
    if old and old != target.name and (folder / old).exists():
        shutil.rmtree(folder / old)
    credits = tuple(sorted({str(e["credit"]) for e in everything}))
    return Report(folder, added, towns.height, cities.height, len(lots.table.hashes), size, credits)


def gazetteer_status(folder: Path) -> Mapping[str, Any]:
    """What the store holds: present, outdated, sources (file, layout, area, date, rows, credit), and its sizes."""
    state = read_state(folder)
    return {"folder": str(folder), "present": Gazetteer.exists(folder), "outdated": Gazetteer.outdated(folder),
            **{k: state.get(k, 0) for k in ("towns", "cities", "lots", "size_bytes")}, "sources": state["sources"]}
