"""Two editions of one table to what changed in it: rows added, changed and removed by key, points that moved."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

EXAMPLES = 20
EARTH_M = 6_371_008.8
MOVED_M = 1.0


@dataclass(frozen=True)
class RowDifference:
    """Counts, and up to 20 examples: (what, key, field, before, after)."""

    before: int
    after: int
    added: int
    changed: int
    removed: int
    moved: int
    moved_max_m: float
    columns_added: tuple[str, ...]
    columns_removed: tuple[str, ...]
    examples: tuple[tuple[str, str, str, str, str], ...]

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        return {
            "before": self.before, "after": self.after, "added": self.added, "changed": self.changed,
            "removed": self.removed, "moved": self.moved, "moved_max_m": round(self.moved_max_m, 1),
            "columns_added": list(self.columns_added), "columns_removed": list(self.columns_removed),
            "examples": [list(e) for e in self.examples],
        }


def compare_rows(old: bytes, new: bytes, *, key: Sequence[str] = (), lat: str = "", lon: str = "") -> RowDifference:
    """Compare two CSVs (UTF-8, with or without BOM) by `key`; without a usable key by whole rows.

    A key that is blank or repeated on either side is not usable. `lat` and `lon` are headings in decimal
    degrees; a point counts as moved from 1 m on (great circle).
    """
    a, b = _read(old), _read(new)
    added_columns = tuple(c for c in b.columns if c not in a.columns)
    gone_columns = tuple(c for c in a.columns if c not in b.columns)
    shared = [c for c in b.columns if c in a.columns]
    used = list(key) if key and _usable(a, key) and _usable(b, key) else []
    if not used:
        return _by_whole_rows(a, b, shared, added_columns, gone_columns)
    joined = a.select(shared).join(b.select(shared), on=used, how="inner", suffix="\x00new")
    values = [c for c in shared if c not in used]
    differs = [(pl.col(c).fill_null("") != pl.col(c + "\x00new").fill_null("")).alias(c) for c in values]
    marks = joined.select(differs) if values else pl.DataFrame()
    changed = joined.filter(marks.select(pl.any_horizontal(pl.all())).to_series()) if values else joined.head(0)
    added, removed = b.join(a, on=used, how="anti"), a.join(b, on=used, how="anti")
    examples = _examples(changed, used, values)
    examples += [("追加", _key(r, used), "", "", "") for r in added.head(EXAMPLES).iter_rows(named=True)]
    examples += [("削除", _key(r, used), "", "", "") for r in removed.head(EXAMPLES).iter_rows(named=True)]
    metres = _metres(changed, lat, lon) if lat in values and lon in values else []
    moved = [m for m in metres if m >= MOVED_M]
    return RowDifference(a.height, b.height, added.height, changed.height, removed.height, len(moved),
                         max(moved, default=0.0), added_columns, gone_columns, tuple(examples[:EXAMPLES]))


def _read(data: bytes) -> pl.DataFrame:
    if not data.strip():
        return pl.DataFrame()
    return pl.read_csv(io.BytesIO(data.removeprefix(b"\xef\xbb\xbf")), infer_schema=False, truncate_ragged_lines=True)


def _usable(frame: pl.DataFrame, key: Sequence[str]) -> bool:
    if not set(key) <= set(frame.columns):
        return False
    part = frame.select(key)
    blank = part.select(pl.any_horizontal(pl.all().is_null()).any()).item() if part.height else False
    return not blank and part.is_unique().all()


def _by_whole_rows(
    a: pl.DataFrame, b: pl.DataFrame, shared: list[str], added: tuple[str, ...], gone: tuple[str, ...]
) -> RowDifference:
    if not shared:
        return RowDifference(a.height, b.height, b.height, 0, a.height, 0, 0.0, added, gone, ())
    old = a.select(shared).group_by(shared).len("old")
    new = b.select(shared).group_by(shared).len("new")
    both = old.join(new, on=shared, how="full", coalesce=True, nulls_equal=True).with_columns(
        pl.col("old", "new").fill_null(0).cast(pl.Int64)
    )
    more = int(both.select((pl.col("new") - pl.col("old")).clip(lower_bound=0).sum()).item() or 0)
    less = int(both.select((pl.col("old") - pl.col("new")).clip(lower_bound=0).sum()).item() or 0)
    return RowDifference(a.height, b.height, more, 0, less, 0, 0.0, added, gone, ())


def _examples(changed: pl.DataFrame, key: list[str], values: list[str]) -> list[tuple[str, str, str, str, str]]:
    made = []
    for row in changed.head(EXAMPLES).iter_rows(named=True):
        for c in values:
            before, after = row[c] or "", row[c + "\x00new"] or ""
            if before != after:
                made.append(("変更", _key(row, key), c, before, after))
    return made


def _key(row: dict[str, Any], key: list[str]) -> str:
    return " ".join(str(row[k]) for k in key)


def _metres(changed: pl.DataFrame, lat: str, lon: str) -> list[float]:
    names = [lat, lon, lat + "\x00new", lon + "\x00new"]
    points = changed.select(pl.col(n).cast(pl.Float64, strict=False) for n in names).drop_nulls()
    return [_distance_m(*row) for row in points.iter_rows()]


def _distance_m(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    f1, f2 = math.radians(lat1), math.radians(lat2)
    h = math.sin((f2 - f1) / 2) ** 2 + math.cos(f1) * math.cos(f2) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_M * math.asin(min(1.0, math.sqrt(h)))
