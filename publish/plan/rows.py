"""Two editions of one table to what changed in it: rows added, changed and removed by key, points that moved."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

EXAMPLES = 20
EARTH_M = 6_371_008.8
MOVED_M = 1.0
NAMING = re.compile(r"^(?:ID|NO)$|(?:ID|コード|番号|名称|名)$")
"""Headings that can tell one row from the others. The standards' own schemas declare no key, and a table's ID or NO may
have been given anew while the facilities stayed the same."""
MOST_KEYS = 4


@dataclass(frozen=True)
class RowDifference:
    """Counts, up to 20 examples (what, key, field, before, after), and the headings by which rows were matched."""

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
    key: tuple[str, ...] = ()  # () = by whole rows

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        return {
            "before": self.before, "after": self.after, "added": self.added, "changed": self.changed,
            "removed": self.removed, "moved": self.moved, "moved_max_m": round(self.moved_max_m, 1),
            "columns_added": list(self.columns_added), "columns_removed": list(self.columns_removed),
            "examples": [list(e) for e in self.examples], "key": list(self.key),
        }


def compare_rows(old: bytes, new: bytes, *, key: Sequence[str] = (), lat: str = "", lon: str = "") -> RowDifference:
    """Compare two CSVs (UTF-8, with or without BOM) by `key` or by the heading that explains the change with fewest rows.

    A key that is blank or repeated on either side is not usable; without any usable one whole rows are compared.
    `lat` and `lon` are headings in decimal degrees; a point counts as moved from 1 m on (great circle).
    """
    a, b = _read(old), _read(new)
    added_columns = tuple(c for c in b.columns if c not in a.columns)
    gone_columns = tuple(c for c in a.columns if c not in b.columns)
    shared = [c for c in b.columns if c in a.columns]
    named = [(c,) for c in shared if NAMING.search(c)]
    usable = [k for k in dict.fromkeys([tuple(key), *named]) if k and _usable(a, k) and _usable(b, k)][:MOST_KEYS]
    if not usable:
        return _by_whole_rows(a, b, shared, added_columns, gone_columns)
    matched = [_matched(a, b, shared, k) for k in usable]
    best = min(range(len(usable)), key=lambda n: (matched[n].changed.height - 2 * matched[n].rows, matched[n].cells, n))
    used, changed = usable[best], matched[best].changed
    values = [c for c in shared if c not in used]
    added, removed = b.join(a, on=used, how="anti"), a.join(b, on=used, how="anti")
    examples = _examples(changed, used, values)
    examples += [("追加", _key(r, used), "", "", "") for r in added.head(EXAMPLES).iter_rows(named=True)]
    examples += [("削除", _key(r, used), "", "", "") for r in removed.head(EXAMPLES).iter_rows(named=True)]
    metres = _metres(changed, lat, lon) if lat in values and lon in values else []
    moved = [m for m in metres if m >= MOVED_M]
    return RowDifference(a.height, b.height, added.height, changed.height, removed.height, len(moved),
                         max(moved, default=0.0), added_columns, gone_columns, tuple(examples[:EXAMPLES]), used)


@dataclass(frozen=True)
class _Matched:
    """Two tables matched by one key: rows on both sides; those that differ (new values end in "\\x00new"); cells that differ."""

    rows: int
    changed: pl.DataFrame
    cells: int


def _matched(a: pl.DataFrame, b: pl.DataFrame, shared: list[str], key: Sequence[str]) -> _Matched:
    joined = a.select(shared).join(b.select(shared), on=list(key), how="inner", suffix="\x00new")
    values = [c for c in shared if c not in key]
    if not values:
        return _Matched(joined.height, joined.head(0), 0)
    marks = joined.select((pl.col(c).fill_null("") != pl.col(c + "\x00new").fill_null("")).alias(c) for c in values)
    cells = int(marks.select(pl.sum_horizontal(pl.all().sum())).item() or 0)
    return _Matched(joined.height, joined.filter(marks.select(pl.any_horizontal(pl.all())).to_series()), cells)


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
    come, left = both.filter(pl.col("new") > pl.col("old")), both.filter(pl.col("old") > pl.col("new"))
    examples = [(what, _start(r, shared), "", "", "") for what, frame in (("追加", come), ("削除", left))
                for r in frame.sort(shared).head(EXAMPLES // 2).iter_rows(named=True)]
    return RowDifference(a.height, b.height, more, 0, less, 0, 0.0, added, gone, tuple(examples))


def _start(row: dict[str, Any], columns: Sequence[str]) -> str:
    """The first cells of a row that has no key."""
    return " ".join([str(row[c]) for c in columns if row[c]][:4])


def _examples(changed: pl.DataFrame, key: Sequence[str], values: list[str]) -> list[tuple[str, str, str, str, str]]:
    made = []
    for row in changed.head(EXAMPLES).iter_rows(named=True):
        for c in values:
            before, after = row[c] or "", row[c + "\x00new"] or ""
            if before != after:
                made.append(("変更", _key(row, key), c, before, after))
    return made


def _key(row: dict[str, Any], key: Sequence[str]) -> str:
    return " ".join(str(row[k]) for k in key)


def _metres(changed: pl.DataFrame, lat: str, lon: str) -> list[float]:
    names = [lat, lon, lat + "\x00new", lon + "\x00new"]
    points = changed.select(pl.col(n).cast(pl.Float64, strict=False) for n in names).drop_nulls()
    return [_distance_m(*row) for row in points.iter_rows()]


def _distance_m(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    f1, f2 = math.radians(lat1), math.radians(lat2)
    h = math.sin((f2 - f1) / 2) ** 2 + math.cos(f1) * math.cos(f2) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_M * math.asin(min(1.0, math.sqrt(h)))
