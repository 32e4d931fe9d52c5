"""Rows seen so far to those whose key was there before: `unique` and `primaryKey` over a whole file in blocks.

State: one 64-bit hash and one 32-bit row number, 12 bytes a row per key, in sorted runs that are merged as they
grow, up to half a million rows (each row is merged about log2(blocks) times), and a bitmap of about a byte a row
that spares most look-ups.
Two different keys among ten million rows share a hash with a probability of 3 in a million.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from pipelines.model import ROW

if TYPE_CHECKING:  # a file of some ten thousand rows, the usual one, needs no numpy (0.1 s to import)
    import numpy as np
    import numpy.typing as npt

_SEED = 20170131
_FIRST_BYTES = 1 << 17
_FEW_IN_PYTHON = 5_000
_REPEATED = {"index": pl.UInt32, "first_row": pl.Int64}
_FEW_ROWS = 1 << 17
_MERGED_ROWS = 1 << 19  # a longer run stays as it is: merging takes some 40 bytes a row for a moment


class RepeatedKeys:
    """One key over the blocks of a file."""

    def __init__(self) -> None:
        self._first: tuple[pl.Series, pl.Series] | None = None  # keys and row numbers of a small first block
        self._few = pl.DataFrame(schema={"key": pl.UInt64, ROW: pl.Int64})
        self._seen: SeenHashes | None = None
        self._begun = False

    def repeated(self, frame: pl.DataFrame, key: pl.Expr) -> pl.DataFrame:
        """Rows whose key stood in an earlier row: columns `index` (in the block) and `first_row`.

        `key` gives one value a row (a struct for several columns), null = takes no part.
        """
        keys = frame.select(key.alias("key"))["key"]
        if not self._begun and frame.height <= _FEW_IN_PYTHON and keys.dtype == pl.String:
            self._begun = True
            self._first = (keys, frame[ROW])
            return _in_one_block(keys, frame[ROW])
        if self._first is not None:
            self._few = _hashed(*self._first).drop("index")
            self._first = None
        self._begun = True
        taken = _hashed(keys, frame[ROW])
        if self._seen is None and self._few.height + taken.height <= _FEW_ROWS:
            return self._among_few(taken)
        if self._seen is None:
            self._seen = SeenHashes()
            self._seen.add(self._few["key"].to_numpy(), self._few[ROW].to_numpy())
            self._few = self._few.clear()
        rows = taken[ROW].to_numpy()
        first = self._seen.add(taken["key"].to_numpy(), rows)
        later = first != rows
        return pl.DataFrame({"index": taken["index"].to_numpy()[later], "first_row": first[later]})

    def _among_few(self, taken: pl.DataFrame) -> pl.DataFrame:
        """The same while the rows are few: polars alone is quicker than loading numpy."""
        self._few = pl.concat([self._few, taken[["key", ROW]]])
        if self._few["key"].n_unique() == self._few.height:
            return pl.DataFrame(schema=_REPEATED)
        first = self._few.select(pl.col(ROW).first().over("key")).to_series().tail(taken.height)
        return pl.DataFrame([taken["index"], first.alias("first_row")]).filter(first != taken[ROW])


def _hashed(keys: pl.Series, rows: pl.Series) -> pl.DataFrame:
    """The keys that take part: `index` in the block, 64-bit hash as `key`, row number."""
    own = pl.col("key")
    taken = pl.DataFrame([keys, rows]).select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("index"), own.hash(_SEED), pl.col(ROW)
    )
    return taken.filter(keys.is_not_null()) if keys.null_count() else taken


def _in_one_block(keys: pl.Series, rows: pl.Series) -> pl.DataFrame:
    """The same for one small block, the usual file: without hashes, which a second block may ask for later."""
    again: dict[str, list[int]] = {"index": [], "first_row": []}
    if keys.n_unique() < len(keys):
        stood: dict[str, int] = {}
        for i, (key, row) in enumerate(zip(keys.to_list(), rows.to_list(), strict=True)):
            first = row if key is None else stood.setdefault(key, row)
            if first != row:
                again["index"].append(i)
                again["first_row"].append(first)
    return pl.DataFrame(again, schema=_REPEATED)


class SeenHashes:
    """The hashes of the rows so far, each with the row where it stood first."""

    def __init__(self) -> None:
        import numpy as np

        self._runs: list[tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint32]]] = []
        self._count = 0
        self._bits = np.zeros(_FIRST_BYTES, dtype=np.uint8)

    def add(self, hashes: npt.NDArray[np.uint64], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The row where each key stood first: its own row number for a key that is new. Adds the new ones."""
        import numpy as np

        if not len(hashes):
            return rows
        order = np.argsort(hashes, kind="stable")
        sorted_hashes, sorted_rows = hashes[order], rows[order]
        starts = np.concatenate(([True], sorted_hashes[1:] != sorted_hashes[:-1]))
        distinct, first_here = sorted_hashes[starts], sorted_rows[starts]
        known = self._look_up(distinct)
        first = np.where(known >= 0, known, first_here)
        out: npt.NDArray[np.int64] = np.empty(len(hashes), dtype=np.int64)
        out[order] = first[np.cumsum(starts) - 1]
        new = known < 0
        self._remember(distinct[new], first_here[new].astype(np.uint32))
        return out

    def _places(self, hashes: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
        import numpy as np

        bits = (hashes & np.uint64(len(self._bits) * 8 - 1)).astype(np.int64)
        return bits >> 3, np.left_shift(np.uint8(1), (bits & 7).astype(np.uint8))

    def _look_up(self, hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
        """First rows of known keys, -1 for unknown ones; `hashes` are sorted."""
        import numpy as np

        found: npt.NDArray[np.int64] = np.full(len(hashes), -1, dtype=np.int64)
        place, bit = self._places(hashes)
        maybe = np.nonzero(self._bits[place] & bit)[0]
        wanted = hashes[maybe]
        for run_hashes, run_rows in self._runs if len(wanted) else ():
            at = np.searchsorted(run_hashes, wanted)
            at[at == len(run_hashes)] = 0
            hit = run_hashes[at] == wanted
            found[maybe[hit]] = run_rows[at[hit]]
        return found

    def _remember(self, hashes: npt.NDArray[np.uint64], rows: npt.NDArray[np.uint32]) -> None:
        import numpy as np

        if not len(hashes):
            return
        self._runs.append((hashes, rows))
        while len(self._runs) > 1 and len(self._runs[-2][0]) <= min(2 * len(self._runs[-1][0]), _MERGED_ROWS):
            self._merge_last_two()
        self._count += len(hashes)
        if self._count <= len(self._bits) * 2:
            self._set(hashes)
            return
        size = len(self._bits)
        while self._count > size * 2:  # more than one row in four bits
            size *= 2
        self._bits = np.zeros(size, dtype=np.uint8)
        for run_hashes, _ in self._runs:
            self._set(run_hashes)

    def _set(self, hashes: npt.NDArray[np.uint64]) -> None:
        import numpy as np

        place, bit = self._places(hashes)
        np.bitwise_or.at(self._bits, place, bit)

    def _merge_last_two(self) -> None:
        import numpy as np

        (a_hashes, a_rows), (b_hashes, b_rows) = self._runs[-2:]
        hashes = np.concatenate((a_hashes, b_hashes))
        order = np.argsort(hashes, kind="stable")
        self._runs[-2:] = [(hashes[order], np.concatenate((a_rows, b_rows))[order])]
