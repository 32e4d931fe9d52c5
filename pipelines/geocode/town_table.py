"""The towns on disk: text columns as a memory-mapped Arrow file, numbers as memory-mapped arrays, a blank row last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.geocode.keys import map_array
from pipelines.geocode.places import CHOME, KOAZA, ORPHAN_KOAZA, with_blank

Array = np.ndarray[Any, np.dtype[Any]]
_TEXT = ("lg", "pref", "county", "city", "oaza", "chome", "koaza", "mid", "name", "precision", "source")
_MANY = 4096  # from so many rows on, turning the mapped columns into views pays
_NUMBERS = ("lat", "lon", "kind", "precision_no", "source_no", "error_m", "level", "parent", "city_row")


@dataclass(frozen=True)
class TownTable:
    """Columns as in `places.join_towns`; a row number of `blank` means none. lat and lon are NaN where not known."""

    text: Any = field(repr=False)  # pyarrow.Table over the mapped file
    lat: Array
    lon: Array
    kind: Array
    precision_no: Array
    source_no: Array
    error_m: Array
    level: Array
    parent: Array  # row of the 大字 above a 小字, -1 none
    city_row: Array  # row of the municipality, -1 none

    @property
    def blank(self) -> int:
        return len(self.kind) - 1

    @classmethod
    def save(cls, folder: Path, towns: pl.DataFrame, cities: pl.DataFrame) -> None:
        """Write the files of `towns` into `folder`."""
        import pyarrow as pa

        order = cities.select("lg", city_row=pl.int_range(pl.len(), dtype=pl.Int32))
        rows = with_blank(towns.join(order, on="lg", how="left", maintain_order="left"))
        text = rows.select(_TEXT).rechunk().to_arrow(compat_level=pl.CompatLevel.oldest()).combine_chunks()
        with pa.OSFile(str(folder / "towns.arrow"), "wb") as sink, pa.ipc.new_file(sink, text.schema) as writer:
            writer.write_table(text)
        numbers = rows.select(
            pl.col("lat", "lon").fill_null(float("nan")), pl.col("kind").fill_null(-1).cast(pl.Int8),
            pl.col("precision_no", "source_no", "level").fill_null(0), pl.col("error_m").fill_null(-1).cast(pl.Int32),
            pl.col("parent").fill_null(-1).cast(pl.Int32), pl.col("city_row").fill_null(-1).cast(pl.Int32))
        for name in _NUMBERS:
            np.save(folder / f"town-{name}.npy", numbers[name].to_numpy())

    @classmethod
    def open(cls, folder: Path) -> TownTable:
        """Map the files of `folder`. ValueError or OSError when they are damaged."""
        import pyarrow as pa

        text = pa.ipc.open_file(pa.memory_map(str(folder / "towns.arrow"))).read_all()
        return cls(text, *(map_array(folder / f"town-{name}.npy") for name in _NUMBERS))

    def pick(self, columns: Sequence[str], rows: Array) -> pl.DataFrame:
        """Some text columns at these rows."""
        if len(rows) >= _MANY:
            return self._names.select(columns)[pl.Series(rows.astype(np.uint32))]
        import pyarrow as pa

        found = pl.from_arrow(self.text.select(list(columns)).take(pa.array(rows.astype(np.uint32))))
        assert isinstance(found, pl.DataFrame)
        return found

    def named(self, rows: Array) -> pl.DataFrame:
        """name, oaza, chome, koaza and mid at these rows; chome and koaza only where the row is such a town."""
        names = ("name", "oaza", "chome", "koaza", "mid")
        if len(rows) >= _MANY:
            return self._told[pl.Series(rows.astype(np.uint32))]
        return _only_own(self.pick(names, rows), self.kind.take(rows))

    @cached_property
    def _told(self) -> pl.DataFrame:
        return _only_own(self._names, self.kind)

    @cached_property
    def _names(self) -> pl.DataFrame:
        """The columns that every answer shows, as views that are quick to gather (some 60 MB for the nation)."""
        names = pl.from_arrow(self.text.select(["name", "oaza", "chome", "koaza", "mid"]))
        assert isinstance(names, pl.DataFrame)
        return names

    def frame(self) -> pl.DataFrame:
        """All towns as a frame, without the blank row."""
        whole = pl.from_arrow(self.text)
        assert isinstance(whole, pl.DataFrame)
        numbers = [pl.Series(n, getattr(self, n)) for n in _NUMBERS]
        rows = whole.hstack(numbers).head(self.blank)
        return rows.with_columns(
            pl.col("lat", "lon").fill_nan(None),
            *(pl.when(pl.col(c) >= 0).then(pl.col(c)).alias(c) for c in ("parent", "error_m", "city_row")))


def _only_own(names: pl.DataFrame, kind: Array) -> pl.DataFrame:
    """Without the 丁目 and 小字 of towns that are no such place."""
    kinds = pl.Series(kind)
    return names.with_columns(
        pl.when(kinds.is_in([CHOME, KOAZA])).then(pl.col("chome")).otherwise(pl.lit("")),
        pl.when(kinds.is_in([KOAZA, ORPHAN_KOAZA])).then(pl.col("koaza")).otherwise(pl.lit(""))).select(names.columns)
